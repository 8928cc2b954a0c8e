// A TOML text as a plain tree with positions. Not for use outside config/.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "domain/diagnostic.h"

namespace vitana::config {

struct Value {
  enum class Kind { text, number, boolean, array, table, other };

  Kind kind = Kind::table;
  std::string text;
  std::int64_t number = 0;
  bool boolean = false;
  std::vector<Value> array;
  std::map<std::string, Value> table;
  int line = 1;
  int column = 1;
  std::string variable;  ///< the environment variable that it came from; then it is a text

  const Value* find(const std::string& key) const;
};

std::string_view words_of(Value::Kind kind);

/// The document's root table; with a syntax error an empty one and a diagnostic.
/// `file` is what diagnostics name.
Value read_document(std::string_view text, const std::string& file,
                    std::vector<domain::Diagnostic>& diagnostics);

/// Environment names to values; only names with the prefix and a double underscore count.
using Environment = std::map<std::string, std::string>;

/// Lays `VITANA_SERVER__LISTEN=…` and its like over the document. Names of agents and codes are
/// found whatever their case; a list is written as one item or as a TOML array.
void overlay(Value& root, const Environment& environment,
             std::vector<domain::Diagnostic>& diagnostics);

}  // namespace vitana::config
