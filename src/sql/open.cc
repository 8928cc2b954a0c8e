#include "sql/open.h"

#include "sql/postgres.h"
#include "sql/sqlite.h"

namespace vitana::sql {

Result<std::unique_ptr<Connection>> open(const OpenOptions& options) {
  if (is_postgres_address(options.database)) {
    return open_postgres({.address = options.database, .mode = options.mode, .prepared = options.prepared});
  }
  return open_sqlite({.path = options.database, .mode = options.mode, .prepared = options.prepared});
}

}  // namespace vitana::sql
