#include "app/database.h"

#include <fmt/format.h>

#include "app/secrets.h"
#include "store/store.h"

namespace vitana::app {
namespace {

Database server(std::string address) {
  auto shown = store::shown_path(address);
  return {std::move(address), std::move(shown), true, false};
}

}  // namespace

Result<Database> database_of(const cli::OpenOptions& options, const config::Config& config, const DataFolder& data) {
  if (!options.database.empty()) {
    if (!store::is_on_server(options.database)) return Database{options.database, options.database, false, false};
    if (!store::holds_password(options.database)) return server(options.database);
    return failure(Error{FailureCode::USAGE, "--database holds a password, and arguments are seen by every user"}.with(
        "hint", "put it into a password file (~/.pgpass), or the whole address behind [server] database = \"env:NAME\""));
  }
  const auto& configured = config.server.database;
  if (configured.empty()) {
    const auto file = data.database().string();
    return Database{file, file, false, true};
  }
  if (store::is_on_server(configured)) return server(configured);
  auto secret = secret_value({configured});
  if (secret && store::is_on_server(*secret)) return server(std::move(*secret));
  return failure(FailureCode::CONFIG_INVALID,
                 secret ? fmt::format("[server] database: {} holds no PostgreSQL address", configured)
                        : fmt::format("[server] database: {} is not there", configured));
}

}  // namespace vitana::app
