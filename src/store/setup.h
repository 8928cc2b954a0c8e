// What happens to a database before the store uses it. Not for use outside store/.
#pragma once

#include <span>
#include <string>

#include "port/entropy.h"
#include "sql/migrations.h"
#include "store/store.h"

namespace vitana::store {

/// As engine: makes the store in an empty database; brings an older one up to date, after a backup
/// beside it ("PATH.v1-20260125T090000Z.backup"), or refuses to where none can be made. As migrate: brings it
/// up to date in any case. As client: only looks.
/// Throws Fault STORE_TOO_NEW, STORE_TOO_OLD (client, engine), NOT_FOUND (client: no store), STORE_*.
void prepare(sql::Connection& connection, const std::string& path, OpenMode mode,
             std::span<const sql::Migration> migrations, Instant now, port::Entropy& entropy);

}  // namespace vitana::store
