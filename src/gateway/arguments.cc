#include "gateway/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr std::size_t text_bytes_max = 1'000;

tl::unexpected<Error> refused(std::string_view name, std::string message) {
  return failure(Error{FailureCode::REQUEST_INVALID, std::move(message)}.with("parameter", std::string(name)));
}

std::string list_of(const std::vector<std::string_view>& words) {
  std::string text;
  for (const auto word : words) text += fmt::format("{}{}", text.empty() ? "" : ", ", word);
  return text;
}

Result<Arguments::Value> read_text(const Parameter& parameter, const std::string& text) {
  if (text.size() > text_bytes_max) {
    return refused(parameter.name, fmt::format("{} is longer than {} bytes", parameter.name, text_bytes_max));
  }
  const auto& words = parameter.words;
  if (!words.empty() && std::find(words.begin(), words.end(), text) == words.end()) {
    return refused(parameter.name, fmt::format("{} is one of: {}", parameter.name, list_of(words)));
  }
  return Arguments::Value(text);
}

Result<Arguments::Value> read_integer(const Parameter& parameter, const std::string& text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || at != end || number < parameter.least || number > parameter.most) {
    return refused(parameter.name, parameter.most == INT64_MAX
                                       ? fmt::format("{} is a whole number from {}", parameter.name, parameter.least)
                                       : fmt::format("{} is a whole number from {} to {}", parameter.name,
                                                     parameter.least, parameter.most));
  }
  return Arguments::Value(number);
}

Result<Arguments::Value> read_value(const Parameter& parameter, const std::string& text) {
  switch (parameter.kind) {
    case Kind::text: return read_text(parameter, text);
    case Kind::integer: return read_integer(parameter, text);
    case Kind::flag:
      if (text == "true" || text == "false") return Arguments::Value(text == "true");
      return refused(parameter.name, fmt::format("{} is true or false", parameter.name));
    case Kind::vtid: {
      auto vtid = Vtid::parse(text);
      if (!vtid) return failure(std::move(vtid.error()).with("parameter", std::string(parameter.name)));
      return Arguments::Value(*vtid);
    }
    case Kind::run: {
      const auto run = RunId::parse(text);
      if (!run) return refused(parameter.name, fmt::format("{} is a run's id, such as VTID-01213.2", parameter.name));
      return Arguments::Value(*run);
    }
  }
  return refused(parameter.name, "no such kind");
}

Json schema_of(const Parameter& parameter) {
  switch (parameter.kind) {
    case Kind::text: {
      Json schema{{"type", "string"}};
      if (parameter.words.empty()) {
        schema["maxLength"] = text_bytes_max;
      } else {
        schema["enum"] = parameter.words;
      }
      return schema;
    }
    case Kind::integer: {
      Json schema{{"type", "integer"}, {"format", "int64"}, {"minimum", parameter.least}};
      if (parameter.most != INT64_MAX) schema["maximum"] = parameter.most;
      if (parameter.otherwise) schema["default"] = *parameter.otherwise;
      return schema;
    }
    case Kind::flag: return {{"type", "boolean"}, {"default", false}};
    case Kind::vtid: return {{"type", "string"}, {"pattern", "^VTID-[0-9]{1,9}$"}, {"examples", {"VTID-01213"}}};
    case Kind::run: return {{"type", "string"}, {"pattern", "^VTID-[0-9]{5,9}\\.[0-9]+$"}, {"examples", {"VTID-01213.2"}}};
  }
  return {};
}

}  // namespace

Json parameter_json(const Parameter& parameter) {
  return {{"name", parameter.name},
          {"in", parameter.in == In::path ? "path" : "query"},
          {"description", parameter.what},
          {"required", parameter.in == In::path || parameter.required},
          {"schema", schema_of(parameter)}};
}

bool Arguments::flag(const std::string& name) const {
  const auto found = values_.find(name);
  return found != values_.end() && std::get<bool>(found->second);
}

std::string Arguments::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : std::get<std::string>(found->second);
}

std::optional<Vtid> Arguments::vtid_if(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(std::get<Vtid>(found->second));
}

Result<Arguments> read_arguments(const std::vector<Parameter>& parameters,
                                 const std::map<std::string, std::string>& in_path,
                                 const std::vector<std::pair<std::string, std::string>>& in_query) {
  Arguments arguments;
  for (const auto& [name, text] : in_query) {
    const auto known = std::any_of(parameters.begin(), parameters.end(), [&, &asked = name](const Parameter& p) {
      return p.in == In::query && p.name == asked;
    });
    if (!known) return refused(name, fmt::format("there is no parameter '{}'", name.substr(0, 40)));
    if (arguments.all().contains(name)) return refused(name, fmt::format("{} stands there twice", name));
    arguments.set(name, text);
  }
  for (const auto& parameter : parameters) {
    const std::string name(parameter.name);
    std::optional<std::string> text;
    if (parameter.in == In::path) {
      text = in_path.at(name);
    } else if (const auto given = arguments.all().find(name); given != arguments.all().end()) {
      text = std::get<std::string>(given->second);
    }
    if (!text) {
      if (parameter.required) return refused(parameter.name, fmt::format("{} is missing: {}", name, parameter.what));
      if (parameter.otherwise) arguments.set(name, *parameter.otherwise);
      continue;
    }
    auto value = read_value(parameter, *text);
    if (!value) return failure(std::move(value.error()));
    arguments.set(name, std::move(*value));
  }
  return arguments;
}

}  // namespace vitana::gateway
