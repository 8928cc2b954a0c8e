// Parameters and answers in PostgreSQL's binary format.
#pragma once

#include <libpq-fe.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/value.h"

namespace vitana::sql::postgres {

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, ClearResult>;

/// The parameters of one statement as libpq takes them. Points into `params`, which must outlive it.
class Arguments {
 public:
  explicit Arguments(Params params);
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  int size() const { return static_cast<int>(types_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }
  const int* lengths() const { return lengths_.data(); }
  const int* formats() const { return formats_.data(); }
  /// One letter for each type: with the text it names a prepared statement.
  std::string signature() const;

 private:
  std::vector<Oid> types_;
  std::vector<const char*> values_;
  std::vector<int> lengths_;
  std::vector<int> formats_;
  std::vector<std::array<char, 8>> numbers_;
};

/// Row `index` of an answer in binary format. Throws Fault STORE_FAILED for a column that is no
/// integer, text or bytes: no column of the store is of another type, so it is a fraction or a truth value.
Row read_row(const PGresult* result, int index, std::string_view sql);

}  // namespace vitana::sql::postgres
