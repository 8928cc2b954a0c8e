#include "sql/postgres_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "sql/parameters.h"
#include "sql/postgres_fault.h"

namespace vitana::sql::postgres {
namespace {

constexpr int binary = 1;
constexpr int version_min = 150'000;
constexpr auto pause_between_tries = std::chrono::seconds(1);

void ignore_notice(void*, const PGresult*) {}

std::int64_t milliseconds_min_1(std::chrono::milliseconds time) { return std::max<std::int64_t>(time.count(), 1); }

}  // namespace

Session::Session(const PostgresOptions& options) : options_(options) { open(); }

void Session::open() {
  by_key_.clear();
  entries_.clear();
  // What stands before "dbname" the address may say otherwise; what stands behind it holds.
  constexpr std::array<const char*, 9> names = {"connect_timeout",      "keepalives_idle",  "keepalives_interval",
                                                "keepalives_count",     "tcp_user_timeout", "fallback_application_name",
                                                "dbname",               "client_encoding",  nullptr};
  const std::array<const char*, 9> values = {"10", "10", "5", "4", "30000", "vitana", options_.address.c_str(), "UTF8",
                                             nullptr};
  constexpr int expand_address = 1;
  connection_.reset(PQconnectdbParams(names.data(), values.data(), expand_address));
  if (lost()) {
    const std::string why = connection_ ? PQerrorMessage(connection_.get()) : "there is not enough memory";
    connection_.reset();
    throw Fault({FailureCode::STORE_UNAVAILABLE,
                 "there is no connection to the database server",
                 {utf8_clean(why.substr(0, why.find_last_not_of('\n') + 1))}});
  }
  PQsetNoticeReceiver(connection_.get(), &ignore_notice, nullptr);
  try {
    set_up();
  } catch (const Fault&) {
    connection_.reset();
    throw;
  }
  ++generation_;
}

void Session::set_up() {
  const auto version = PQserverVersion(connection_.get());
  if (version < version_min) {
    throw refused(fmt::format("the database server is PostgreSQL {}; 15 or newer is needed", version / 10'000),
                  "connecting");
  }
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  if (!encoding || std::string_view(encoding) != "UTF8") {
    throw refused("the database's encoding is not UTF8", "connecting");
  }
  const auto timeout = milliseconds_min_1(options_.statement_timeout);
  // Reads stand alone; what writes says so, with the writer's lock in hand.
  simple(fmt::format("SET default_transaction_read_only = on; SET statement_timeout = {}; SET lock_timeout = {}; "
                     "SET idle_in_transaction_session_timeout = {}; SET idle_session_timeout = 0; "
                     "SET standard_conforming_strings = on; "
                     "SELECT set_config('synchronous_commit', 'on', false) "
                     "WHERE current_setting('synchronous_commit') = 'off'",
                     timeout, milliseconds_min_1(options_.busy_timeout), timeout));
  const auto schema = simple("SELECT current_schema()");
  if (PQntuples(schema.get()) != 1 || PQgetisnull(schema.get(), 0, 0) != 0) {
    throw refused("no schema of the search path exists", "connecting");
  }
  schema_ = PQgetvalue(schema.get(), 0, 0);
  if (options_.mode != OpenMode::read_only) simple("LISTEN vitana_commit");
}

void Session::ensure() {
  if (!lost()) return;
  const auto now = std::chrono::steady_clock::now();
  if (tried_ != std::chrono::steady_clock::time_point{} && now - tried_ < pause_between_tries) {
    throw connection_lost("connecting");
  }
  tried_ = now;
  open();
  tried_ = {};
}

ResultHandle Session::checked(PGresult* raw, std::string_view sql) {
  ResultHandle result(raw);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return result;
  if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
    connection_.reset();  // it would wait for data
    throw refused("COPY has no place in a statement", sql);
  }
  const auto fault = fault_of(connection_.get(), result.get(), sql);
  if (is_lost(connection_.get(), result.get())) connection_.reset();
  throw fault;
}

ResultHandle Session::simple(const std::string& sql) {
  if (lost()) throw connection_lost(sql);
  return checked(PQexec(connection_.get(), sql.c_str()), sql);
}

ResultHandle Session::once(const std::string& sql, Params params) {
  if (lost()) throw connection_lost(sql);
  const Arguments arguments(params);
  return checked(PQexecParams(connection_.get(), sql.c_str(), arguments.size(), arguments.types(), arguments.values(),
                              arguments.lengths(), arguments.formats(), binary),
                 sql);
}

ResultHandle Session::prepared(std::string_view sql, Params params) {
  if (lost()) throw connection_lost(sql);
  const Arguments arguments(params);
  const auto& entry = statement(sql, arguments);
  if (entry.parameters != params.size()) {
    throw refused(fmt::format("the statement has {} parameters, {} were given", entry.parameters, params.size()), sql);
  }
  return checked(PQexecPrepared(connection_.get(), entry.name.c_str(), arguments.size(), arguments.values(),
                                arguments.lengths(), arguments.formats(), binary),
                 sql);
}

const Session::Entry& Session::statement(std::string_view sql, const Arguments& arguments) {
  std::string key(sql);
  key += '\0';
  key += arguments.signature();
  if (const auto known = by_key_.find(key); known != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, known->second);
    return entries_.front();
  }
  const auto parameters = parameter_count(sql);
  if (entries_.size() >= options_.statements_max) {
    simple("DEALLOCATE " + entries_.back().name);
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  auto name = fmt::format("vitana_{}", ++names_);
  if (options_.prepared) options_.prepared(sql);
  checked(PQprepare(connection_.get(), name.c_str(), std::string(sql).c_str(), arguments.size(), arguments.types()),
          sql);
  entries_.push_front({std::move(key), std::move(name), parameters});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

std::string Session::literal(std::string_view text) const {
  struct Free {
    void operator()(char* memory) const { PQfreemem(memory); }
  };
  const std::unique_ptr<char, Free> quoted(PQescapeLiteral(connection_.get(), text.data(), text.size()));
  if (!quoted) throw refused("a text cannot be quoted", text);
  return quoted.get();
}

}  // namespace vitana::sql::postgres
