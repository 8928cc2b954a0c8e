#include "wire/stored_json.h"

#include <nlohmann/json.hpp>

#include "wire/diagnostic_json.h"
#include "wire/fields.h"
#include "wire/hostile.h"
#include "wire/values.h"

namespace vitana::wire {
namespace {

Result<Json> stored(std::string_view text, const char* what) {
  auto json = parse_hostile(text);
  if (json) return std::move(*json);
  return failure(FailureCode::STORE_DAMAGED,
                 std::string("the stored text of ") + what + " is no JSON");
}

std::optional<domain::Severity> severity(std::string_view name) {
  using domain::Severity;
  for (const auto value : {Severity::error, Severity::warning, Severity::info}) {
    if (name_of(value) == name) return value;
  }
  return std::nullopt;
}

}  // namespace

std::string to_stored(const domain::Failure& failure) {
  Json json{{"code", name_of(failure.code)},
            {"message", failure.message},
            {"from_state", failure.from_state}};
  if (!failure.causes.empty()) json["causes"] = failure.causes;
  if (!failure.context.empty()) json["context"] = failure.context;
  return to_text(json);
}

Result<domain::Failure> failure_from_stored(std::string_view text) {
  auto json = stored(text, "a failure");
  if (!json) return failure(std::move(json.error()));
  domain::Failure value{FailureCode::INVARIANT_BROKEN, "", ""};
  Fields fields(*json, "a failure");
  fields.require("code");
  fields.named("code", value.code, failure_code);
  fields.text("message", value.message);
  fields.text("from_state", value.from_state);
  fields.texts("causes", value.causes);
  fields.texts("context", value.context);
  return fields.done(std::move(value));
}

std::string to_stored(const domain::Waits& w) {
  Json json = Json::object();
  const std::pair<const char*, bool> flags[] = {{"adoption", w.adoption},
                                                {"conflict", w.conflict},
                                                {"renumbered", w.renumbered},
                                                {"spec_held", w.spec_held},
                                                {"spec_approval", w.spec_approval},
                                                {"approval", w.approval},
                                                {"dependency_unknown", w.dependency_unknown},
                                                {"dependency_failed", w.dependency_failed}};
  for (const auto& [key, set] : flags) {
    if (set) json[key] = true;
  }
  if (w.dependencies_open != 0) json["dependencies_open"] = w.dependencies_open;
  return to_text(json);
}

Result<domain::Waits> waits_from_stored(std::string_view text) {
  const auto json = stored(text, "a task's waits");
  if (!json) return failure(json.error());
  domain::Waits w;
  Fields fields(*json, "a task's waits");
  fields.boolean("adoption", w.adoption);
  fields.boolean("conflict", w.conflict);
  fields.boolean("renumbered", w.renumbered);
  fields.boolean("spec_held", w.spec_held);
  fields.boolean("spec_approval", w.spec_approval);
  fields.boolean("approval", w.approval);
  fields.boolean("dependency_unknown", w.dependency_unknown);
  fields.boolean("dependency_failed", w.dependency_failed);
  fields.number("dependencies_open", w.dependencies_open);
  return fields.done(w);
}

std::string to_stored(const domain::Spent& spent) {
  Json json{{"runs", spent.runs},
            {"transient", spent.transient},
            {"worker_losses", spent.worker_losses},
            {"engine_losses", spent.engine_losses}};
  for (const auto& [code, count] : spent.by_code)
    json["by_code"][std::string(name_of(code))] = count;
  return to_text(json);
}

Result<domain::Spent> spent_from_stored(std::string_view text) {
  const auto json = stored(text, "a task's budgets");
  if (!json) return failure(json.error());
  domain::Spent spent;
  Fields fields(*json, "a task's budgets");
  fields.number("runs", spent.runs);
  fields.number("transient", spent.transient);
  fields.number("worker_losses", spent.worker_losses);
  fields.number("engine_losses", spent.engine_losses);
  std::map<std::string, int> by_code;
  fields.numbers("by_code", by_code);
  for (const auto& [name, count] : by_code) {
    if (const auto code = failure_code(name)) {
      spent.by_code.emplace(*code, count);
    } else {
      fields.fault("by_code");
    }
  }
  return fields.done(std::move(spent));
}

std::string to_stored(const domain::Next& next) {
  Json json{{"kind", name_of(next.kind)}, {"what", next.what}};
  if (next.due) json["due"] = to_rfc3339(*next.due);
  return to_text(json);
}

Result<domain::Next> next_from_stored(std::string_view text) {
  const auto json = stored(text, "a task's next step");
  if (!json) return failure(json.error());
  domain::Next next;
  Fields fields(*json, "a task's next step");
  fields.require("kind");
  fields.named("kind", next.kind, domain::next_kind);
  fields.text("what", next.what);
  fields.instant("due", next.due);
  return fields.done(std::move(next));
}

std::string to_stored(const domain::Deliverable& d) {
  return to_text(
      Json{{"ref", d.ref}, {"old", d.old_commit}, {"new", d.new_commit}, {"tree", d.tree}});
}

Result<domain::Deliverable> deliverable_from_stored(std::string_view text) {
  const auto json = stored(text, "a deliverable");
  if (!json) return failure(json.error());
  domain::Deliverable d;
  Fields fields(*json, "a deliverable");
  for (const char* key : {"ref", "new"}) fields.require(key);
  fields.text("ref", d.ref);
  fields.text("old", d.old_commit);
  fields.text("new", d.new_commit);
  fields.text("tree", d.tree);
  return fields.done(std::move(d));
}

std::string to_stored(const domain::Provenance& p) {
  Json json{{"source", name_of(p.source)}, {"author", p.author}, {"at", to_rfc3339(p.at)}};
  const std::pair<const char*, const std::string*> others[] = {
      {"repo", &p.repo}, {"path", &p.path},           {"commit", &p.commit},
      {"blob", &p.blob}, {"reference", &p.reference}, {"reason", &p.reason}};
  for (const auto& [key, text] : others) {
    if (!text->empty()) json[key] = *text;
  }
  return to_text(json);
}

Result<domain::Provenance> provenance_from_stored(std::string_view text) {
  const auto json = stored(text, "a spec's provenance");
  if (!json) return failure(json.error());
  domain::Provenance p;
  Fields fields(*json, "a spec's provenance");
  fields.require("source");
  fields.named("source", p.source, domain::spec_source);
  fields.text("author", p.author);
  fields.instant("at", p.at);
  fields.text("repo", p.repo);
  fields.text("path", p.path);
  fields.text("commit", p.commit);
  fields.text("blob", p.blob);
  fields.text("reference", p.reference);
  fields.text("reason", p.reason);
  return fields.done(std::move(p));
}

std::string to_stored(const domain::Lease& lease) {
  return to_text(Json{{"worker", lease.worker},
                      {"fence", lease.fence},
                      {"granted_at", to_rfc3339(lease.granted_at)},
                      {"until", to_rfc3339(lease.until)}});
}

Result<domain::Lease> lease_from_stored(std::string_view text) {
  const auto json = stored(text, "a lease");
  if (!json) return failure(json.error());
  domain::Lease lease;
  Fields fields(*json, "a lease");
  fields.require("fence");
  fields.text("worker", lease.worker);
  fields.number("fence", lease.fence);
  fields.instant("granted_at", lease.granted_at);
  fields.instant("until", lease.until);
  return fields.done(std::move(lease));
}

std::string to_stored(const domain::NewerSpec& newer) {
  return to_text(Json{{"version", newer.spec.version},
                      {"digest", newer.spec.digest.to_string()},
                      {"needs_approval", newer.needs_approval}});
}

Result<domain::NewerSpec> newer_from_stored(std::string_view text) {
  const auto json = stored(text, "a newer spec");
  if (!json) return failure(json.error());
  domain::NewerSpec newer;
  Fields fields(*json, "a newer spec");
  for (const char* key : {"version", "digest"}) fields.require(key);
  fields.number("version", newer.spec.version);
  fields.digest("digest", newer.spec.digest);
  fields.boolean("needs_approval", newer.needs_approval);
  return fields.done(newer);
}

std::string to_stored(const std::vector<domain::Diagnostic>& diagnostics) {
  return to_text(diagnostics_json(diagnostics));
}

Result<std::vector<domain::Diagnostic>> diagnostics_from_stored(std::string_view text) {
  const auto json = stored(text, "a list of findings");
  if (!json) return failure(json.error());
  if (!json->is_array()) {
    return failure(FailureCode::STORE_DAMAGED, "the stored text of a list of findings is no list");
  }
  std::vector<domain::Diagnostic> all;
  for (const auto& item : *json) {
    domain::Diagnostic d;
    Fields fields(item, "a finding");
    fields.require("rule");
    fields.text("rule", d.rule);
    fields.named("severity", d.severity, severity);
    fields.text("message", d.message);
    fields.text("file", d.file);
    fields.number("line", d.line);
    fields.number("column", d.column);
    fields.text("hint", d.hint);
    auto read = fields.done(std::move(d));
    if (!read) return failure(std::move(read.error()));
    all.push_back(std::move(*read));
  }
  return all;
}

}  // namespace vitana::wire
