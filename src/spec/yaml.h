// A small, bounded YAML tree with line numbers. yaml-cpp parses; this keeps what a spec may hold.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vitana::spec {

struct YamlEntry;

struct YamlValue {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string scalar;
  std::vector<YamlValue> items;    ///< of a list
  std::vector<YamlEntry> entries;  ///< of a map, in order
  int line = 1;                    ///< in the YAML, from 1
  int column = 1;
};

struct YamlEntry {
  YamlValue key;
  YamlValue value;
};

struct YamlFault {
  std::string message;
  int line = 1;
  int column = 1;
};

/// One document of plain YAML. Refused: anchors and aliases, tags, nesting beyond 6, more than
/// 2,000 values, keys that are not scalars or stand twice.
std::variant<YamlValue, YamlFault> read_yaml(std::string_view text);

}  // namespace vitana::spec
