// Reading the members of one JSON object, with the first fault kept. Not for use outside wire/.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/json.h"

namespace vitana::wire {

/// Each reader leaves its target alone when the key is absent or null.
class Fields {
 public:
  /// `what` names the value in the error: "a failure".
  Fields(const Json& json, std::string_view what);

  void text(const char* key, std::string& into);
  void boolean(const char* key, bool& into);
  void number(const char* key, int& into);
  void number(const char* key, std::int64_t& into);
  void instant(const char* key, Instant& into);
  void instant(const char* key, std::optional<Instant>& into);
  void digest(const char* key, Digest& into);
  void texts(const char* key, std::vector<std::string>& into);
  void texts(const char* key, std::map<std::string, std::string>& into);
  void numbers(const char* key, std::map<std::string, int>& into);

  /// A name of a closed list; `read` is the domain's own reader of it.
  template <typename Value, typename Read>
  void named(const char* key, Value& into, Read read) {
    std::string name;
    text(key, name);
    if (name.empty()) return;
    if (const auto value = read(name)) {
      into = *value;
    } else {
      fault(key);
    }
  }

  /// For a key without which the value means nothing.
  void require(const char* key);
  void fault(const char* key);

  /// `value`, or the first fault.
  template <typename Value>
  Result<Value> done(Value value) {
    if (error_) return failure(std::move(*error_));
    return value;
  }

 private:
  const Json* member(const char* key) const;

  const Json& json_;
  std::string_view what_;
  std::optional<Error> error_;
};

}  // namespace vitana::wire
