// The store's schema: made from src/store/schema/*.sql at build time.
#pragma once

#include <span>
#include <string_view>

#include "sql/migrations.h"

namespace vitana::store {

/// Every migration of this program, numbered 1, 2, 3, …; the same ones for each dialect.
std::span<const sql::Migration> migrations(sql::Dialect dialect);
std::span<const sql::Migration> migrations_sqlite();
std::span<const sql::Migration> migrations_postgres();

/// Every table of the present schema.
std::span<const std::string_view> table_names();

}  // namespace vitana::store
