// The PostgreSQL driver's connection.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sql/connection.h"
#include "sql/postgres_session.h"

namespace vitana::sql::postgres {

class PostgresConnection final : public Connection {
 public:
  /// Connects. Throws Fault.
  explicit PostgresConnection(const PostgresOptions& options);
  ~PostgresConnection() override;

  const Traits& traits() const override;

 private:
  void do_query(std::string_view sql, Params params, const Sink& sink) override;
  void do_each(std::string_view sql, Params params, const Sink& sink) override;
  std::int64_t do_execute(std::string_view sql, Params params) override;
  void do_script(std::string_view sql) override;
  bool do_has_table(std::string_view name) override;
  void do_begin_write() override;
  void do_begin_read() override;
  void do_commit() override;
  bool do_rollback() noexcept override;
  bool do_changed_since_last_call() override;
  Checkpoint do_checkpoint(std::int64_t pages_min) override;
  void do_backup_to(const std::string& path) override;

  ResultHandle run(std::string_view sql, Params params);
  ResultHandle read_alone(std::string_view sql, Params params);
  template <typename Work>
  auto in_own_write(Work&& work);
  /// Again on a new session when the old one turns out to be gone.
  template <typename Work>
  auto twice(Work&& work);
  void fetch_all(std::string_view sql, const Sink& sink);
  void check_transaction(const PGresult* result, std::string_view sql, bool expected);
  void write_commit();
  void settle_lost_commit(const Fault& lost);

  Session session_;
  std::string transaction_id_;  ///< of the open write transaction
  std::uint64_t generation_seen_ = 0;
};

}  // namespace vitana::sql::postgres
