#include "sql/postgres_fault.h"

#include <string>

#include "base/utf8.h"

namespace vitana::sql::postgres {
namespace {

constexpr std::size_t statement_shown_max = 300;

std::string_view field(const PGresult* result, int code) {
  const char* text = result ? PQresultErrorField(result, code) : nullptr;
  return text ? text : "";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  return text;
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
Constraint constraint_of(std::string_view state) {
  if (state == "23505") return Constraint::unique;
  if (state == "23503") return Constraint::foreign_key;
  if (state == "23502") return Constraint::not_null;
  if (state == "23514") return Constraint::check;
  if (state == "P0001") return Constraint::trigger;  // RAISE EXCEPTION
  return Constraint::none;
}

struct Meaning {
  FailureCode code;
  std::string_view message;
};

Meaning meaning_of(std::string_view state) {
  if (state == "55P03" || state == "40P01" || state == "40001") {
    return {FailureCode::STORE_BUSY, "another connection holds the database"};
  }
  if (state == "53100") return {FailureCode::STORE_FULL, "there is no space left for the database"};
  if (state == "25006") return {FailureCode::STORE_READ_ONLY, "a write where the database allows none"};
  if (state == "42501") {
    return {FailureCode::STORE_READ_ONLY, "the role has no right to what was asked of the database"};
  }
  if (state.starts_with("XX00") && state != "XX000") {
    return {FailureCode::STORE_DAMAGED, "the database is damaged"};
  }
  if (state.starts_with("23") || state == "P0001") {
    return {FailureCode::STORE_FAILED, "the schema refuses the row"};
  }
  if (state == "57014") return {FailureCode::STORE_FAILED, "the statement ran for too long"};
  if (state == "53300") return {FailureCode::STORE_UNAVAILABLE, "the database server takes no more connections"};
  if (state == "53200") return {FailureCode::STORE_FAILED, "there is not enough memory"};
  return {FailureCode::STORE_FAILED, "the database refused a statement"};
}

constexpr std::string_view lost_message = "the connection to the database server was lost";

Fault of_statement(FailureCode code, std::string_view message, std::string_view statement) {
  return Fault({code, std::string(message), {}, {{"statement", std::string(utf8_prefix(statement, statement_shown_max))}}});
}

}  // namespace

bool is_lost(const PGconn* connection, const PGresult* result) {
  if (!result || PQstatus(connection) == CONNECTION_BAD) return true;
  if (PQresultStatus(result) != PGRES_FATAL_ERROR) return false;
  const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  return severity != "ERROR";
}

Fault fault_of(const PGconn* connection, const PGresult* result, std::string_view doing) {
  const auto state = field(result, PG_DIAG_SQLSTATE);
  auto meaning = meaning_of(state);
  if (is_lost(connection, result)) {
    meaning = {FailureCode::STORE_UNAVAILABLE, lost_message};
  }
  Error error{meaning.code, std::string(meaning.message)};
  auto cause = field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (cause.empty()) cause = PQerrorMessage(connection);
  error.causes.push_back(utf8_clean(trimmed(cause)));
  if (!state.empty()) error.context.emplace("sqlstate", state);
  error.context.emplace("statement", std::string(utf8_prefix(doing, statement_shown_max)));
  return Fault(std::move(error), constraint_of(state));
}

Fault refused(std::string_view message, std::string_view statement) {
  return of_statement(FailureCode::STORE_FAILED, message, statement);
}

Fault connection_lost(std::string_view statement) {
  return of_statement(FailureCode::STORE_UNAVAILABLE, lost_message, statement);
}

}  // namespace vitana::sql::postgres
