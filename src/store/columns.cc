#include "store/columns.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace vitana::store {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Reads one object column; every miss is a damage of that column.
class Object {
 public:
  Object(std::string_view column, std::string_view text)
      : column_(column), text_(text), json_(Json::parse(text, nullptr, false)) {
    if (!json_.is_object()) damaged(column_, text_);
  }
  Object(std::string_view column, std::string_view text, Json json)
      : column_(column), text_(text), json_(std::move(json)) {
    if (!json_.is_object()) damaged(column_, text_);
  }

  bool flag(const char* name) const { return get<bool>(name, false, &Json::is_boolean); }
  std::string text(const char* name) const { return get<std::string>(name, "", &Json::is_string); }
  int number(const char* name, int otherwise = 0) const {
    const auto at = json_.find(name);
    return at == json_.end() ? otherwise : narrow(*at);
  }
  Digest digest(const char* name) const {
    const auto value = Digest::parse(text(name));
    if (!value) damaged(column_, text_);
    return *value;
  }
  FailureCode code(const std::string& name) const {
    const auto value = failure_code(name);
    if (!value) damaged(column_, text_);
    return *value;
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    for (const auto& item : get<Json>(name, Json::array(), &Json::is_array)) {
      if (!item.is_string()) damaged(column_, text_);
      out.push_back(item.get<std::string>());
    }
    return out;
  }
  std::map<std::string, std::string> words(const char* name) const {
    std::map<std::string, std::string> out;
    const auto values = get<Json>(name, Json::object(), &Json::is_object);
    for (const auto& [key, value] : values.items()) {
      if (!value.is_string()) damaged(column_, text_);
      out[key] = value.get<std::string>();
    }
    return out;
  }
  std::map<FailureCode, int> counts(const char* name) const {
    std::map<FailureCode, int> out;
    const auto values = get<Json>(name, Json::object(), &Json::is_object);
    for (const auto& [key, value] : values.items()) out[code(key)] = narrow(value);
    return out;
  }

 private:
  template <typename T>
  T get(const char* name, T otherwise, bool (Json::*fits)() const noexcept) const {
    const auto at = json_.find(name);
    if (at == json_.end()) return otherwise;
    if (!((*at).*fits)()) damaged(column_, text_);
    return at->get<T>();
  }

  int narrow(const Json& value) const {
    if (!value.is_number_integer()) damaged(column_, text_);
    if (value.is_number_unsigned() &&
        value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<int>::max()}) {
      damaged(column_, text_);
    }
    const auto wide = value.get<std::int64_t>();
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      damaged(column_, text_);
    }
    return static_cast<int>(wide);
  }

  std::string_view column_;
  std::string_view text_;
  Json json_;
};

}  // namespace

void damaged(std::string_view column, std::string_view text) {
  throw sql::Fault({FailureCode::STORE_DAMAGED,
                    fmt::format("the column {} holds what vitana did not write", column),
                    {},
                    {{"text", utf8_clean(utf8_prefix(text, 200))}}});
}

std::string waits_column(const domain::Waits& w) {
  if (w == domain::Waits{}) return "{}";
  Json json = Json::object();
  const auto flag = [&](const char* name, bool value) {
    if (value) json[name] = true;
  };
  flag("adoption", w.adoption);
  flag("conflict", w.conflict);
  flag("renumbered", w.renumbered);
  flag("spec_held", w.spec_held);
  flag("spec_approval", w.spec_approval);
  flag("approval", w.approval);
  flag("dependency_unknown", w.dependency_unknown);
  flag("dependency_failed", w.dependency_failed);
  if (w.dependencies_open != 0) json["dependencies_open"] = w.dependencies_open;
  return text_of(json);
}

domain::Waits waits_of(std::string_view text) {
  if (text == "{}") return {};
  const Object json("waits", text);
  return {.adoption = json.flag("adoption"),
          .conflict = json.flag("conflict"),
          .renumbered = json.flag("renumbered"),
          .spec_held = json.flag("spec_held"),
          .spec_approval = json.flag("spec_approval"),
          .approval = json.flag("approval"),
          .dependency_unknown = json.flag("dependency_unknown"),
          .dependency_failed = json.flag("dependency_failed"),
          .dependencies_open = json.number("dependencies_open")};
}

std::string spent_column(const domain::Spent& spent) {
  if (spent == domain::Spent{}) return "{}";
  Json json{{"runs", spent.runs},
            {"transient", spent.transient},
            {"worker_losses", spent.worker_losses},
            {"engine_losses", spent.engine_losses}};
  for (const auto& [code, count] : spent.by_code)
    json["by_code"][std::string(name_of(code))] = count;
  return text_of(json);
}

domain::Spent spent_of(std::string_view text) {
  if (text == "{}") return {};
  const Object json("spent", text);
  return {.runs = json.number("runs"),
          .transient = json.number("transient"),
          .worker_losses = json.number("worker_losses"),
          .engine_losses = json.number("engine_losses"),
          .by_code = json.counts("by_code")};
}

std::string failure_column(const domain::Failure& failure) {
  Json json{{"code", name_of(failure.code)},
            {"message", failure.message},
            {"from_state", failure.from_state}};
  if (!failure.causes.empty()) json["causes"] = failure.causes;
  if (!failure.context.empty()) json["context"] = failure.context;
  return text_of(json);
}

domain::Failure failure_of(std::string_view text) {
  const Object json("error", text);
  return {.code = json.code(json.text("code")),
          .message = json.text("message"),
          .from_state = json.text("from_state"),
          .causes = json.texts("causes"),
          .context = json.words("context")};
}

std::string newer_spec_column(const domain::NewerSpec& newer) {
  return text_of(Json{{"version", newer.spec.version},
                      {"digest", newer.spec.digest.to_string()},
                      {"needs_approval", newer.needs_approval},
                      {"title", newer.title},
                      {"repo", newer.repo},
                      {"priority", newer.priority},
                      {"renumbered", newer.waits.renumbered},
                      {"held", newer.waits.spec_held},
                      {"approval", newer.waits.approval}});
}

domain::NewerSpec newer_spec_of(std::string_view text) {
  const Object json("newer_spec", text);
  return {{json.number("version"), json.digest("digest")}, json.flag("needs_approval"),
          json.text("title"), json.text("repo"), json.number("priority"),
          {.renumbered = json.flag("renumbered"), .spec_held = json.flag("held"), .approval = json.flag("approval")}};
}

std::string deliverable_column(const domain::Deliverable& deliverable) {
  return text_of(Json{{"ref", deliverable.ref},
                      {"old_commit", deliverable.old_commit},
                      {"new_commit", deliverable.new_commit},
                      {"tree", deliverable.tree}});
}

domain::Deliverable deliverable_of(std::string_view text) {
  const Object json("deliverable", text);
  return {json.text("ref"), json.text("old_commit"), json.text("new_commit"), json.text("tree")};
}

std::string list_column(const std::vector<std::string>& texts) { return text_of(Json(texts)); }

std::vector<std::string> list_of(std::string_view text) {
  const auto list = Json::parse(text, nullptr, false);
  if (!list.is_array()) damaged("list", text);
  std::vector<std::string> out;
  for (const auto& item : list) {
    if (!item.is_string()) damaged("list", text);
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::string diagnostics_column(const std::vector<domain::Diagnostic>& diagnostics) {
  Json list = Json::array();
  for (const auto& d : diagnostics) {
    list.push_back({{"rule", d.rule},
                    {"severity", domain::name_of(d.severity)},
                    {"message", d.message},
                    {"file", d.file},
                    {"line", d.line},
                    {"column", d.column},
                    {"hint", d.hint}});
  }
  return text_of(list);
}

std::vector<domain::Diagnostic> diagnostics_of(std::string_view text) {
  constexpr std::string_view column = "diagnostics";
  auto list = Json::parse(text, nullptr, false);
  if (!list.is_array()) damaged(column, text);
  std::vector<domain::Diagnostic> out;
  for (auto& item : list) {
    const Object json(column, text, std::move(item));
    domain::Diagnostic d{.rule = json.text("rule"),
                         .message = json.text("message"),
                         .file = json.text("file"),
                         .line = json.number("line", 1),
                         .column = json.number("column", 1),
                         .hint = json.text("hint")};
    bool known = false;
    for (const auto severity :
         {domain::Severity::error, domain::Severity::warning, domain::Severity::info}) {
      if (json.text("severity") != domain::name_of(severity)) continue;
      d.severity = severity;
      known = true;
    }
    if (!known) damaged(column, text);
    out.push_back(std::move(d));
  }
  return out;
}

std::string merged(std::string_view first, std::string_view second) {
  Json json = Json::parse(first, nullptr, false);
  const Json other = Json::parse(second, nullptr, false);
  if (!other.is_object() || !json.is_object()) return std::string(first);
  for (const auto& [key, value] : other.items()) {
    if (!json.contains(key)) json[key] = value;
  }
  return text_of(json);
}

std::optional<std::string> member(std::string_view text, const std::string& name) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto at = json.find(name);
  if (at == json.end()) return std::nullopt;
  return at->is_string() ? at->get<std::string>() : text_of(*at);
}

std::string object(const Numbers& numbers, const Members& texts) {
  Json json = Json::object();
  for (const auto& [name, value] : numbers) json[name] = value;
  for (const auto& [name, value] : texts) {
    if (value) json[name] = *value;
  }
  return text_of(json);
}

Vtid vtid_of(const std::string& text) {
  auto vtid = Vtid::parse(text);
  if (!vtid || vtid->to_string() != text) damaged("vtid", text);
  return *vtid;
}

RunId run_id_of(const std::string& text) {
  const auto id = RunId::parse(text);
  if (!id) damaged("run", text);
  return *id;
}

Digest digest_of(const std::string& text) {
  const auto digest = Digest::parse(text);
  if (!digest) damaged("checksum", text);
  return *digest;
}

int int_of(std::int64_t value) {
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    damaged("a number", std::to_string(value));
  }
  return static_cast<int>(value);
}

std::optional<Instant> optional_instant(const sql::Row& row, std::size_t column) {
  const auto us = row.optional_int64(column);
  return us ? std::optional(from_us(*us)) : std::nullopt;
}

std::optional<Vtid> optional_vtid(const sql::Row& row, std::size_t column) {
  const auto text = row.optional_text(column);
  return text ? std::optional(vtid_of(*text)) : std::nullopt;
}

std::optional<RunId> optional_run(const sql::Row& row, std::size_t column) {
  const auto text = row.optional_text(column);
  return text ? std::optional(run_id_of(*text)) : std::nullopt;
}

}  // namespace vitana::store
