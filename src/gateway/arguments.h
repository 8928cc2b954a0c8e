// What a route takes beside its body: its parameters, declared once for reading, refusing and the document.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/vtid.h"
#include "wire/json.h"

namespace vitana::gateway {

enum class In { path, query };
enum class Kind { text, integer, flag, vtid, run };

struct Parameter {
  std::string_view name;
  In in = In::query;
  Kind kind = Kind::text;
  std::string_view what;                        ///< a sentence of the document
  std::vector<std::string_view> words = {};     ///< of a text: the only values
  std::int64_t least = 0;                       ///< of an integer
  std::int64_t most = INT64_MAX;
  std::optional<std::int64_t> otherwise = {};   ///< of an integer that is left out
  bool required = false;                        ///< of a query; what a path names always is
};

/// As OpenAPI 3.1 says it.
wire::Json parameter_json(const Parameter& parameter);

/// The values of a route's parameters: those that were given, each of its kind.
class Arguments {
 public:
  using Value = std::variant<std::string, std::int64_t, bool, Vtid, RunId>;

  void set(std::string_view name, Value value) { values_.insert_or_assign(std::string(name), std::move(value)); }

  /// REQUIRES: the route declares a parameter of that name and kind; a path has it.
  Vtid vtid(const std::string& name) const { return std::get<Vtid>(values_.at(name)); }
  const RunId& run(const std::string& name) const { return std::get<RunId>(values_.at(name)); }
  /// REQUIRES: as above, and it is required, was given, or has a value otherwise.
  std::int64_t integer(const std::string& name) const { return std::get<std::int64_t>(values_.at(name)); }
  bool flag(const std::string& name) const;  ///< false where it is left out
  std::string text(const std::string& name) const;  ///< empty where it is left out
  std::optional<Vtid> vtid_if(const std::string& name) const;
  const std::map<std::string, Value>& all() const { return values_; }

 private:
  std::map<std::string, Value> values_;
};

/// Texts as they stand in a target → values. `in_path` and `in_query` are decoded already.
/// Errors: REQUEST_INVALID, with the parameter's name in the context `parameter`, also of a required one that is
/// missing; VTID_INVALID, VTID_LEGACY_FORM.
Result<Arguments> read_arguments(const std::vector<Parameter>& parameters,
                                 const std::map<std::string, std::string>& in_path,
                                 const std::vector<std::pair<std::string, std::string>>& in_query);

}  // namespace vitana::gateway
