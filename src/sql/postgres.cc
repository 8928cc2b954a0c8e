#include "sql/postgres.h"

#include <algorithm>

#include "sql/postgres_connection.h"

namespace vitana::sql {

bool is_postgres_address(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

std::string shown_address(std::string_view address) {
  // A password stands behind "user:" or in a parameter, and parameters say nothing that is worth showing.
  std::string shown(address.substr(0, address.find('?')));
  const auto begin = shown.find("://") + 3;
  const auto end = std::min(shown.find('/', begin), shown.size());
  const auto at = shown.rfind('@', end);
  const auto colon = shown.find(':', begin);
  if (at != std::string::npos && at > begin && colon < at) shown.erase(colon, at - colon);
  return shown;
}

bool holds_password(std::string_view address) {
  const auto whole = address.substr(0, address.find('?'));
  return shown_address(address).size() != whole.size() || address.find("password=") != std::string_view::npos;
}

Result<std::unique_ptr<Connection>> open_postgres(const PostgresOptions& options) {
  try {
    return std::make_unique<postgres::PostgresConnection>(options);
  } catch (const Fault& fault) {
    return failure(Error(fault.error()).with("database", shown_address(options.address)));
  }
}

}  // namespace vitana::sql
