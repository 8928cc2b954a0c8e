// Opens a database by its name: a file, or the address of a server.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sql/connection.h"

namespace vitana::sql {

struct OpenOptions {
  std::string database;  ///< "postgresql://…", or what SqliteOptions::path may be
  OpenMode mode = OpenMode::read_write_create;
  /// Test seam: called with each text that is prepared, on the connection's thread.
  std::function<void(std::string_view sql)> prepared = {};
};

/// Errors: as open_sqlite() and open_postgres().
Result<std::unique_ptr<Connection>> open(const OpenOptions& options);

}  // namespace vitana::sql
