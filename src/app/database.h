// Which database a command works on.
#pragma once

#include <string>

#include "app/data_folder.h"
#include "base/result.h"
#include "cli/session.h"
#include "config/config.h"

namespace vitana::app {

struct Database {
  std::string name;        ///< for store::Store::open(); an address may hold a password
  std::string shown;       ///< as it may be told
  bool on_server = false;  ///< an address
  bool usual = false;      ///< the file in the data directory
};

/// --database, else [server] database, else the file in the data directory. Errors: CONFIG_INVALID: the secret that
/// is to hold the address is not there or holds none; USAGE: an address with a password as an argument, which every
/// user of the machine can read.
Result<Database> database_of(const cli::OpenOptions& options, const config::Config& config, const DataFolder& data);

}  // namespace vitana::app
