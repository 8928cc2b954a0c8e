// The one file that knows the TOML library.
#include "config/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "config/nesting.h"

#include <toml++/toml.h>

namespace vitana::config {
namespace {

constexpr std::size_t text_bytes_max = std::size_t{1} << 20;
constexpr std::size_t refusals_max = 200;
constexpr std::string_view prefix = "VITANA_";

Value convert(const toml::node& node) {
  Value value;
  value.line = static_cast<int>(std::max<toml::source_index>(node.source().begin.line, 1));
  value.column = static_cast<int>(std::max<toml::source_index>(node.source().begin.column, 1));
  if (const auto* table = node.as_table()) {
    for (const auto& [key, child] : *table) {
      Value converted = convert(child);
      converted.line = static_cast<int>(std::max<toml::source_index>(key.source().begin.line, 1));
      converted.column =
          static_cast<int>(std::max<toml::source_index>(key.source().begin.column, 1));
      value.table.emplace(std::string(key.str()), std::move(converted));
    }
  } else if (const auto* array = node.as_array()) {
    value.kind = Value::Kind::array;
    for (const auto& child : *array) value.array.push_back(convert(child));
  } else if (const auto* text = node.as_string()) {
    value.kind = Value::Kind::text;
    value.text = text->get();
  } else if (const auto* number = node.as_integer()) {
    value.kind = Value::Kind::number;
    value.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.kind = Value::Kind::boolean;
    value.boolean = boolean->get();
  } else {
    value.kind = Value::Kind::other;
  }
  return value;
}

domain::Diagnostic finding(std::string rule, std::string message, const std::string& file,
                           std::string hint) {
  return {std::move(rule), domain::Severity::error, std::move(message), file, 1, 1,
          std::move(hint)};
}

/// "[worker]" of a line that opens a table; empty for any other line.
std::string table_header(std::string_view line) {
  const auto end = line.find(']');
  if (line.find_first_not_of(" \t") != line.find('[') || end == line.npos) return {};
  std::string header(line.substr(0, end + 1));
  std::erase_if(header, [](char c) { return c == ' ' || c == '\t'; });
  return header;
}

/// What the library calls a redefinition: a table or a key that stands twice, mostly since a block of a
/// manual was put beside what was there already.
void explain_second(std::string_view text, domain::Diagnostic& found) {
  if (found.message.find("cannot redefine") == found.message.npos) return;
  found.hint = "it stands before in this table; leave one of the two";
  std::map<std::string, int> first;
  int number = 0;
  while (!text.empty() && number < found.line) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto header = table_header(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (header.empty()) continue;
    const auto [at, is_new] = first.emplace(header, number);
    if (is_new || number != found.line) continue;
    found.message = fmt::format("the table {} stands twice; the first is at line {}", header, at->second);
    found.hint = fmt::format("put these keys into the table at line {}, and take this header away", at->second);
  }
}

/// "SERVER__LISTEN" → {"server", "listen"}; empty when a part is.
std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> parts;
  for (std::size_t from = 0;;) {
    const auto end = name.find("__", from);
    std::string part(name.substr(from, end == name.npos ? name.npos : end - from));
    if (part.empty()) return {};
    for (char& c : part) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    parts.push_back(std::move(part));
    if (end == name.npos) return parts;
    from = end + 2;
  }
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

/// An agent may be called "Fixer" and a code is upper case: a key that is there already wins.
std::string key_in(const Value& table, const std::vector<std::string>& parts, std::size_t i) {
  for (const auto& [key, value] : table.table) {
    if (same_but_for_case(key, parts[i])) return key;
  }
  const bool code = i == 1 && parts[0] == "retry" && parts.size() == 3;
  std::string key = parts[i];
  if (code) {
    for (char& c : key) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return key;
}

Value from_variable(const std::string& name, const std::string& text) {
  Value value;
  value.kind = Value::Kind::text;
  value.variable = name;
  value.text = text;
  if (!text.starts_with('[') || nesting_fault(text)) return value;
  try {
    const toml::table parsed = toml::parse("v = " + text);
    const auto* array = parsed.get_as<toml::array>("v");
    if (array == nullptr || parsed.size() != 1) return value;
    value = convert(*array);
    value.variable = name;
    for (Value& item : value.array) item.variable = name;
  } catch (const toml::parse_error&) {
    // Not a list after all: the text as it is.
  }
  return value;
}

}  // namespace

const Value* Value::find(const std::string& key) const {
  const auto it = table.find(key);
  return it == table.end() ? nullptr : &it->second;
}

std::string_view words_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::text:
      return "a text";
    case Value::Kind::number:
      return "a whole number";
    case Value::Kind::boolean:
      return "true or false";
    case Value::Kind::array:
      return "a list";
    case Value::Kind::table:
      return "a table";
    case Value::Kind::other:
      return "a fraction or a date";
  }
  return "";
}

Value read_document(std::string_view text, const std::string& file,
                    std::vector<domain::Diagnostic>& diagnostics) {
  if (text.size() > text_bytes_max) {
    diagnostics.push_back(finding("CONFIG_TOO_LARGE", "the file is larger than 1 MiB", file,
                                  "a configuration is a few kilobytes; is this the right file?"));
    return {};
  }
  if (text.find('\0') != text.npos || utf8_fault(text)) {
    diagnostics.push_back(
        finding("CONFIG_ENCODING", "the file is not UTF-8 text", file, "save it as UTF-8"));
    return {};
  }
  if (const auto line = nesting_fault(text)) {
    diagnostics.push_back(finding("CONFIG_SYNTAX", "keys or lists are nested too deeply", file,
                                  "a configuration is tables of keys; is this the right file?"));
    diagnostics.back().line = *line;
    return {};
  }
  try {
    return convert(toml::parse(text));
  } catch (const toml::parse_error& error) {
    auto found = finding("CONFIG_SYNTAX", printable_line(error.description()), file,
                         "values are TOML: texts in \"quotes\", lists in [brackets]");
    found.line = static_cast<int>(std::max<toml::source_index>(error.source().begin.line, 1));
    found.column = static_cast<int>(std::max<toml::source_index>(error.source().begin.column, 1));
    explain_second(text, found);
    diagnostics.push_back(std::move(found));
    return {};
  }
}

void overlay(Value& root, const Environment& environment,
             std::vector<domain::Diagnostic>& diagnostics) {
  const auto refuse = [&](const std::string& name, std::string message, std::string hint) {
    if (diagnostics.size() >= refusals_max) return;
    diagnostics.push_back(finding("CONFIG_ENVIRONMENT",
                                  printable_line(fmt::format("{}: {}", name, message)),
                                  "environment", std::move(hint)));
  };
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(prefix) || name.find("__") == name.npos) continue;
    const auto parts = parts_of(std::string_view(name).substr(prefix.size()));
    if (parts.size() < 2 || parts.size() > 3) {
      refuse(name, "not the name of a key", "VITANA_SERVER__LISTEN sets [server] listen");
      continue;
    }
    if (parts[0] == "repos") {
      refuse(name, "[[repos]] cannot be set by the environment", "set it in vitana.toml");
      continue;
    }
    if (utf8_fault(text) || text.find('\0') != text.npos) {
      refuse(name, "the value is not UTF-8 text", "");
      continue;
    }
    Value* table = &root;
    bool fits = true;
    for (std::size_t i = 0; fits && i < parts.size(); ++i) {
      const std::string key = key_in(*table, parts, i);
      const bool last = i + 1 == parts.size();
      if (last) {
        table->table.insert_or_assign(key, from_variable(name, text));
      } else {
        Value& next = table->table[key];
        fits = next.kind == Value::Kind::table;
        if (next.variable.empty() && next.table.empty()) next.variable = name;
        table = &next;
      }
    }
    if (!fits)
      refuse(name, "the key it names is no table", "VITANA_SERVER__LISTEN sets [server] listen");
  }
}

}  // namespace vitana::config
