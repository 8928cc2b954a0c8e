#include "store/transaction.h"

#include "base/check.h"
#include "store/queries.h"

namespace vitana::store {

Transaction::Transaction(sql::Connection& connection) : connection_(connection) {
  const auto head = select_by_key<MetaMap>(connection, "head");
  if (!head) damaged("meta.value", "no head");
  const auto parsed = chain_head(head->text);
  if (!parsed) damaged("meta.value", head->text);
  head_ = *parsed;
  epoch_ = queries::epoch(connection);
}

void Transaction::begin_epoch(std::int64_t epoch) {
  CHECK(epoch > epoch_);
  connection_.execute("UPDATE meta SET value = $1 WHERE key = 'epoch'", {std::to_string(epoch)});
  epoch_ = epoch;
  written_ = true;
}

void Transaction::finish(Ledger& unit, bool success) {
  if (unit.writes_->rehearsal) {
    unit.writes_->refusals.clear();
    success = false;
  }
  const auto all_tables = [&](auto&& work) {
    std::apply([&](auto&... table) { (work(table), ...); }, tables_);
  };
  if (savepoint_) {
    if (!success) connection_.execute("ROLLBACK TO SAVEPOINT unit");
    connection_.execute("RELEASE SAVEPOINT unit");
    savepoint_ = false;
    written_ |= success;
  }
  if (success) {
    for (const auto& pending : unit.writes_->events) {
      events_.push_back(stored_form(pending.event, unit.now()));
    }
    all_tables([](auto& table) { table.keep(); });
  } else {
    all_tables([](auto& table) { table.drop(); });
  }
  for (const auto& [key, event] : unit.writes_->refusals) {
    auto& refusals = table<RefusalMap>();
    const auto& known = refusals.find(connection_, key);
    const std::int64_t count = known ? known->value : 0;
    if (count == 0) events_.push_back(stored_form(event, unit.now()));
    refusals.put({key, count + 1});
    refusals.keep();
  }
}

bool Transaction::write() {
  std::apply(
      [&](auto&... table) {
        written_ |= (table.dirty() || ...);
        (table.write_known(connection_), ...);
      },
      tables_);
  if (!events_.empty()) write_events();
  return written_;
}

void Transaction::write_events() {
  Values values;
  for (auto& event : events_) {
    event.seq = ++head_.seq;
    event.hash = chain_hash(head_.hash, event);
    head_.hash = event.hash;
    EventMap::bind_row(event, values);
  }
  const auto& text = text_of_table<EventMap>();
  connection_.execute_many(text.insert, text.columns, values);
  const auto changed =
      connection_.execute("UPDATE meta SET value = $1 WHERE key = 'head'", {to_string(head_)});
  if (changed != 1) damaged("meta.value", "no head");
  events_.clear();
  written_ = true;
}

}  // namespace vitana::store
