// One session with a PostgreSQL server: opened, set up, and opened anew when it was lost.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sql/postgres.h"
#include "sql/postgres_result.h"

namespace vitana::sql::postgres {

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};

/// Not thread-safe. Every function throws Fault.
class Session {
 public:
  explicit Session(const PostgresOptions& options);

  /// Opens it again when it was lost; at most one try a second. REQUIRES: no transaction is open.
  void ensure();
  bool lost() const { return !connection_ || PQstatus(connection_.get()) == CONNECTION_BAD; }
  /// How many sessions there were: what one of them knew is gone with it.
  std::uint64_t generation() const { return generation_; }

  PGconn* raw() const { return connection_.get(); }
  const std::string& schema() const { return schema_; }
  const PostgresOptions& options() const { return options_; }

  /// Statements without parameters, separated by `;`; the answer of the last, in text format.
  ResultHandle simple(const std::string& sql);
  /// Through a prepared statement, made now or before.
  ResultHandle prepared(std::string_view sql, Params params);
  /// Not prepared.
  ResultHandle once(const std::string& sql, Params params);

  std::string literal(std::string_view text) const;

 private:
  struct Entry {
    std::string key;
    std::string name;
    std::size_t parameters = 0;
  };

  void open();
  void set_up();
  const Entry& statement(std::string_view sql, const Arguments& arguments);
  ResultHandle checked(PGresult* raw, std::string_view sql);

  const PostgresOptions options_;
  std::unique_ptr<PGconn, FinishConnection> connection_;
  std::string schema_;
  std::uint64_t generation_ = 0;
  std::chrono::steady_clock::time_point tried_{};
  std::list<Entry> entries_;                                                  // used last in front
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  // keys: Entry::key
  std::uint64_t names_ = 0;
};

}  // namespace vitana::sql::postgres
