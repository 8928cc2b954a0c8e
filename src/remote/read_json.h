// Values out of JSON that somebody else wrote. Not for use outside remote/.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/json.h"

namespace vitana::remote {

/// Reads the members of one object. The first that is missing, of another kind or beyond its bounds is
/// remembered: what is read afterwards is nothing, and ok() says why. A member that nobody asks for is passed
/// over: the other side may be newer.
class Members {
 public:
  /// `what`: how it is called in the error.
  Members(const wire::Json& json, std::string what);

  std::string text(const char* key, std::size_t bytes_max);
  std::string text_or(const char* key, std::size_t bytes_max, std::string otherwise = {});
  std::int64_t integer(const char* key, std::int64_t least, std::int64_t most);
  bool flag(const char* key);
  /// Of texts.
  std::vector<std::string> list(const char* key, std::size_t count_max, std::size_t bytes_max);
  /// An object or an array; null where there is none.
  const wire::Json& at(const char* key);

  /// Takes `value`, or remembers that the member says nothing that is known.
  template <typename T>
  T known(const char* key, std::optional<T> value) {
    if (value) return std::move(*value);
    refuse(key, "is none that is known");
    return T{};
  }
  void refuse(const char* key, std::string_view why);

  bool good() const { return !error_; }
  /// Errors: REQUEST_INVALID, with the first fault.
  Result<void> ok() const;

 private:
  const wire::Json* find(const char* key);

  const wire::Json& json_;
  const std::string what_;
  std::optional<Error> error_;
};

}  // namespace vitana::remote
