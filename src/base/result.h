// Result<T>: a value, or an Error from the closed catalogue. Neither may be dropped silently.
#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "base/failure.h"

namespace vitana {

/// What went wrong: always a code, a sentence for a person, and where it is known, the chain of
/// causes below it (nearest first) and named values (paths, ids, exit codes).
struct Error {
  FailureCode code;
  std::string message;
  std::vector<std::string> causes = {};
  std::map<std::string, std::string> context = {};

  /// The same error one level up: `message` in front, the old message among the causes.
  Error under(std::string outer) &&;
  Error with(std::string key, std::string value) &&;
};

/// "CODE: message (cause; cause)", on one line.
std::string to_string(const Error& error);

/// tl::expected with a warning when it is dropped.
template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
  Result(tl::expected<T, Error>&& other) : tl::expected<T, Error>(std::move(other)) {}
};

/// `return failure(FailureCode::SPEC_NOT_FOUND, "...")` in a function that returns a Result.
inline tl::unexpected<Error> failure(FailureCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}
inline tl::unexpected<Error> failure(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace vitana
