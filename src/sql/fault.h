// A fault of the database, thrown: store code between begin and commit has no use for a result
// after each statement, since every fault has the same answer, to leave and to roll back.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace vitana::sql {

/// Which rule of the schema a statement broke.
enum class Constraint {
  none,         ///< the fault is of another kind
  unique,       ///< a primary key or a unique index
  foreign_key,  ///< also a deferred one, thrown by commit()
  not_null,
  check,    ///< a CHECK, or the strict type of a column
  trigger,  ///< a trigger refused the row, as those do that protect immutable tables
};

std::string_view name_of(Constraint constraint);

/// Thrown by Connection and Row, and only by them. The store layer is the only caller of this
/// layer; it catches faults at its edge, with attempt(), and no fault passes beyond it.
///
/// Codes: STORE_BUSY      the lock was not free within the busy timeout
///        STORE_FULL      the disk, or the file's largest allowed size; what was committed stays
///        STORE_READ_ONLY a write on a connection, a transaction or a file that allows none
///        STORE_DAMAGED   the file is no database, or contradicts itself or the statement
///        STORE_TOO_NEW   only from migrate()
///        STORE_UNAVAILABLE  the database server cannot be reached or takes no more connections, or the session was
///                        lost; from commit(), nobody can say whether it took place, and it may turn out to be there
///        STORE_FAILED    all else, a broken constraint among it
class Fault : public std::exception {
 public:
  explicit Fault(Error error, Constraint constraint = Constraint::none);

  const Error& error() const { return error_; }
  FailureCode code() const { return error_.code; }
  Constraint constraint() const { return constraint_; }
  const char* what() const noexcept override { return what_.c_str(); }

 private:
  Error error_;
  Constraint constraint_;
  std::string what_;
};

/// Runs `work` and turns a Fault into the error of a Result: the edge of the store layer.
template <typename Work>
auto attempt(Work&& work) -> Result<std::invoke_result_t<Work>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<Work>>) {
      std::forward<Work>(work)();
      return {};
    } else {
      return std::forward<Work>(work)();
    }
  } catch (const Fault& fault) {
    return failure(fault.error());
  }
}

}  // namespace vitana::sql
