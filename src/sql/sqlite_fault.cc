#include "sql/sqlite_fault.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

#include "base/utf8.h"

namespace vitana::sql::sqlite {
namespace {

constexpr std::size_t statement_shown_max = 300;

bool no_space(int error) { return error == ENOSPC || error == EDQUOT; }

FailureCode code_of_errno(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return FailureCode::STORE_FULL;
    case EACCES:
    case EPERM:
    case EROFS:
      return FailureCode::STORE_READ_ONLY;
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return FailureCode::FILE_UNREADABLE;
    default:
      return FailureCode::STORE_FAILED;
  }
}

Constraint constraint_of(int rc) {
  switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Constraint::unique;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return Constraint::foreign_key;
    case SQLITE_CONSTRAINT_NOTNULL:
      return Constraint::not_null;
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_DATATYPE:
      return Constraint::check;
    case SQLITE_CONSTRAINT_TRIGGER:
      return Constraint::trigger;
    default:
      return Constraint::none;
  }
}

struct Meaning {
  FailureCode code;
  std::string_view message;
};

Meaning meaning_of(int rc, int system_error) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {FailureCode::STORE_BUSY, "another connection holds the database"};
    case SQLITE_FULL:
      return {FailureCode::STORE_FULL, "there is no space left for the database"};
    case SQLITE_READONLY:
      if (rc == SQLITE_READONLY_DBMOVED) {
        return {FailureCode::STORE_FAILED, "the database file was moved or removed while in use"};
      }
      return {FailureCode::STORE_READ_ONLY, "the database cannot be written"};
    case SQLITE_PERM:
      return {FailureCode::STORE_READ_ONLY, "the database cannot be written"};
    case SQLITE_CORRUPT:
      return {FailureCode::STORE_DAMAGED, "the database file is damaged"};
    case SQLITE_NOTADB:
      return {FailureCode::STORE_DAMAGED, "the file is not a database"};
    case SQLITE_IOERR:
      if (rc == SQLITE_IOERR_CORRUPTFS) {
        return {FailureCode::STORE_DAMAGED, "the file system under the database is damaged"};
      }
      if (no_space(system_error)) {
        return {FailureCode::STORE_FULL, "there is no space left for the database"};
      }
      return {FailureCode::STORE_FAILED, "the disk did not do what the database asked"};
    case SQLITE_CANTOPEN:
      return {system_error == 0 ? FailureCode::STORE_FAILED : code_of_errno(system_error),
              "the database cannot be opened"};
    case SQLITE_CONSTRAINT:
      return {FailureCode::STORE_FAILED, "the schema refuses the row"};
    case SQLITE_INTERRUPT:
      return {FailureCode::STORE_FAILED, "the statement ran for too long"};
    case SQLITE_NOMEM:
      return {FailureCode::STORE_FAILED, "there is not enough memory"};
    default:
      return {FailureCode::STORE_FAILED, "the database refused a statement"};
  }
}

}  // namespace

Fault fault_of(sqlite3* db, int rc, std::string_view doing) {
  const int system_error = db ? sqlite3_system_errno(db) : 0;
  const auto meaning = meaning_of(rc, system_error);
  // After a failed backup or close the connection's own message may be about another call.
  const bool own_message = db && (sqlite3_extended_errcode(db) & 0xff) == (rc & 0xff);
  Error error{meaning.code, std::string(meaning.message)};
  error.causes.push_back(utf8_clean(own_message ? sqlite3_errmsg(db) : sqlite3_errstr(rc)));
  const int primary = rc & 0xff;
  if (system_error != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
    error.causes.push_back(std::generic_category().message(system_error));
  }
  error.context.emplace("sqlite_code", fmt::format("{}", rc));
  error.context.emplace("statement", std::string(utf8_prefix(doing, statement_shown_max)));
  return Fault(std::move(error), constraint_of(rc));
}

Fault fault_of_errno(int error, std::string_view doing, const std::string& path) {
  return Fault({code_of_errno(error),
                fmt::format("{} failed", doing),
                {std::generic_category().message(error)},
                {{"path", path}}});
}

}  // namespace vitana::sql::sqlite
