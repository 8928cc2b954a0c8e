#include "store/schema.h"

#include <array>

#include "store/maps.h"

namespace vitana::store {

std::span<const sql::Migration> migrations(sql::Dialect dialect) {
  return dialect == sql::Dialect::postgres ? migrations_postgres() : migrations_sqlite();
}

std::span<const std::string_view> table_names() {
  static constexpr auto names = std::to_array<std::string_view>(
      {TaskMap::table,     RunMap::table,        SpecMap::table,     CandidateMap::table,
       ApprovalMap::table, DependencyMap::table, EffectMap::table,   EvidenceMap::table,
       RepoMap::table,     RepoFileMap::table,   LocalIdMap::table, DeliveryMap::table, GreenBaseMap::table,
       ControlMap::table,  BreakerMap::table,    DraftMap::table,    IntakeMap::table,     TokenMap::table,
       RequestMap::table, WebhookMap::table, WebhookCursorMap::table, WorkerMap::table,
       CounterMap::table,  RefusalMap::table,    MetaMap::table,     ConfigMap::table,
       EventMap::table});
  return names;
}

}  // namespace vitana::store
