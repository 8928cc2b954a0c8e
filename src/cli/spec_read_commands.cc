// vitana spec list, show, history, diff: the texts that are registered.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/spec_commands.h"
#include "cli/task_text.h"
#include "cli/text_diff.h"
#include "view/json.h"

namespace vitana::cli {
namespace {

std::string spec_line(const store::SpecSummary& spec) {
  return fmt::format("{}{}{}", name_of(spec.provenance.source),
                     spec.provenance.path.empty() ? "" : " ", spec.provenance.path);
}

}  // namespace

Answer spec_list(Call& call, int limit, const std::string& after) {
  std::optional<Vtid> cursor;
  if (!after.empty()) {
    auto vtid = vtid_argument(call, after);
    if (!vtid) return failure(std::move(vtid.error()));
    cursor = *vtid;
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<store::SpecSummary> specs;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    specs = reader.specs(limit, cursor);
    if (call.json) return {};  // that one tells where each was locked
    for (auto& spec : specs) spec.provenance.path = view::path_now(reader, spec);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::spec_list_json(specs, "specs"));
    return exit_yes;
  }
  Table table({"VTID", "VERSION", "DIGEST", "LOCKED", "FROM"});
  for (const auto& s : specs) {
    table.add({s.vtid.to_string(), std::to_string(s.version), s.digest.brief(),
               to_seconds(s.locked_at), spec_line(s)});
  }
  if (!table.empty()) call.console.print(table.text(call.console.terminal()));
  if (table.empty()) call.console.say("no spec is registered; next: vitana spec sync");
  return exit_yes;
}

Answer spec_show(Call& call, const ShowSpecOptions& options) {
  auto vtid = vtid_argument(call, options.vtid);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::optional<domain::SpecVersion> spec;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    spec = options.version > 0 ? reader.spec(*vtid, options.version) : reader.newest_spec(*vtid);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (!spec) {
    return failure(FailureCode::SPEC_NOT_FOUND,
                   options.version > 0
                       ? fmt::format("{} has no version {}", vtid->to_string(), options.version)
                       : fmt::format("{} has no registered spec", vtid->to_string()));
  }
  if (call.json) {
    call.print_json(view::spec_json(*spec));
  } else {
    if (!options.raw) {
      call.console.say(
          fmt::format("{} version {}, {}, from {}{}{}, locked {}", vtid->to_string(), spec->version,
                      spec->digest.to_string(), name_of(spec->provenance.source),
                      spec->provenance.path.empty() ? "" : " ", spec->provenance.path,
                      to_seconds(spec->locked_at)),
          Ink::dim);
    }
    call.console.data(spec->text);
  }
  return exit_yes;
}

Answer spec_history(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<store::SpecSummary> versions;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    versions = reader.spec_versions(*vtid);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (versions.empty()) {
    return failure(FailureCode::SPEC_NOT_FOUND,
                   fmt::format("{} has no registered spec", vtid->to_string()));
  }
  if (call.json) {
    call.print_json(view::spec_list_json(versions, "versions"));
    return exit_yes;
  }
  Table table({"VERSION", "DIGEST", "LOCKED", "AUTHOR", "FROM"});
  for (const auto& v : versions) {
    table.add({std::to_string(v.version), v.digest.brief(), to_seconds(v.locked_at),
               v.provenance.author, spec_line(v)});
  }
  call.console.print(table.text(call.console.terminal()));
  return exit_yes;
}

Answer spec_diff(Call& call, const std::string& text, int from, int to) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::optional<domain::SpecVersion> before;
  std::optional<domain::SpecVersion> after;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    after = to > 0 ? reader.spec(*vtid, to) : reader.newest_spec(*vtid);
    if (after) before = reader.spec(*vtid, from > 0 ? from : after->version - 1);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (!after && to == 0) {
    return failure(FailureCode::SPEC_NOT_FOUND, fmt::format("{} has no registered spec", vtid->to_string()));
  }
  if (!before || !after) {
    return failure(Error{FailureCode::SPEC_NOT_FOUND, fmt::format("{} has no two such versions", vtid->to_string())}
                       .with("hint", "vitana spec history " + vtid->to_string()));
  }
  const auto name = [&](const domain::SpecVersion& v) {
    return fmt::format("{} version {}", vtid->to_string(), v.version);
  };
  call.console.data(unified_diff(before->text, after->text, name(*before), name(*after)));
  return exit_yes;
}

}  // namespace vitana::cli
