#include "store/audit.h"

#include <fmt/format.h>

#include "store/chain.h"

namespace vitana::store {
namespace {

constexpr int page_rows = 500;

std::string event_name(Sequence seq) { return fmt::format("event {}", seq); }

std::string events_name(Sequence from, Sequence to) {
  return from == to ? event_name(from) : fmt::format("events {} to {}", from, to);
}

}  // namespace

void Audit::found(std::string where, std::string what) {
  if (damages_.size() + 1 == damages_max) {
    damages_.push_back({"audit", "there is more; mend this first"});
  }
  if (!full()) damages_.push_back({std::move(where), std::move(what)});
}

std::vector<Store::Damage> Audit::run() {
  check_chain();
  check_specs();
  check_approvals();
  check_tasks();
  check_runs_without_task();
  check_evidence();
  check_controls();
  check_deliveries();
  check_tokens();
  check_counter();
  return std::move(damages_);
}

void Audit::check_chain() {
  const auto id = select_by_key<MetaMap>(connection_, "store_id");
  const auto kept = select_by_key<MetaMap>(connection_, "head");
  const auto head = kept ? chain_head(kept->text) : std::nullopt;
  if (!select_by_key<MetaMap>(connection_, "epoch")) found("meta", "the epoch of the store is missing");
  if (!id || !head) {
    found("meta", "the store's id or the head of the log is missing or unreadable");
    return;
  }
  last_ = {0, genesis_of(id->text)};
  const auto text = fmt::format("{} WHERE seq > $1 ORDER BY seq LIMIT {}",
                                text_of_table<EventMap>().select, page_rows);
  for (bool more = true; more && !full();) {
    const auto rows = connection_.query(text, {last_.seq});
    for (const auto& row : rows) check_event(row);
    more = !rows.empty();
  }
  check_end(*head);
}

void Audit::check_event(const sql::Row& row) {
  const auto seq = row.int64(0);
  if (seq != last_.seq + 1) {
    found(events_name(last_.seq + 1, seq - 1), "missing: removed from the log");
    after_fault_ = true;
  }
  std::optional<StoredEvent> event;
  if (!readable(event_name(seq), [&] { event = EventMap::read(row); })) {
    last_.seq = seq;
    after_fault_ = true;
    return;
  }
  // Behind a gap the hash before is not known; from here on the chain is followed again.
  if (!after_fault_ && chain_hash(last_.hash, *event) != event->hash) {
    found(event_name(seq),
          "its hash does not follow from its content and the event before it: it was altered or "
          "put in");
  }
  if (expect_ && expect_->seq == seq && expect_->hash != event->hash) {
    found(event_name(seq), "its hash is not the expected one");
  }
  after_fault_ = false;
  last_ = {seq, event->hash};
  check_rows_of(*event);
}

void Audit::check_end(const ChainHead& head) {
  if (last_.seq < head.seq) {
    found(events_name(last_.seq + 1, head.seq), "missing: cut off the end of the log");
  } else if (last_.seq > head.seq) {
    found(events_name(head.seq + 1, last_.seq), "beyond the head of the log: put in");
  } else if (last_.hash != head.hash && !after_fault_) {
    found(event_name(last_.seq), "its hash is not the one kept as the head of the log");
  }
  if (expect_ && expect_->seq > last_.seq) {
    found(event_name(expect_->seq), "missing: expected, but the log ends before it");
  }
}

void Audit::check_rows_of(const StoredEvent& event) {
  const auto exists = [&](std::string_view text, sql::Params params) {
    return connection_.query_one(text, params).has_value();
  };
  const auto number = [&](const char* name) -> std::int64_t {
    const auto text = member(event.data, name);
    return text && text->size() < 10 &&
                   text->find_first_not_of("0123456789") == std::string::npos && !text->empty()
               ? std::stoll(*text)
               : 0;
  };
  const auto gone = [&](const std::string& where) {
    found(where, fmt::format("the row is gone that event {} speaks of", event.seq));
  };
  if (!event.vtid) return;
  const auto vtid = event.vtid->to_string();
  if (event.type == "vtid.lifecycle.allocated" &&
      !exists("SELECT 1 FROM vtid_ledger WHERE vtid = $1", {vtid})) {
    gone("task " + vtid);
  }
  if (event.type == "vtid.spec.registered") {
    const auto version = number("version");
    if (!exists("SELECT 1 FROM vtid_specs WHERE vtid = $1 AND version = $2", {vtid, version})) {
      gone(fmt::format("spec {} version {}", vtid, version));
    }
  }
  if (event.type == "vtid.spec.approved" &&
      !exists("SELECT 1 FROM spec_approvals WHERE vtid = $1 AND version = $2", {vtid, number("version")})) {
    gone(fmt::format("approval of spec {} version {}", vtid, number("version")));
  }
  if (event.type == "delivery.found" &&
      !exists("SELECT 1 FROM deliveries WHERE repo = $1 AND vtid = $2 AND checksum = $3",
              {member(event.data, "repo").value_or(""), vtid, member(event.data, "digest").value_or("")})) {
    gone("delivery of " + vtid);
  }
  if (!event.run) return;
  // Of a run with this result: a task may be closed by hand, and its delivery be none of ours.
  if (event.type == "delivery.settled" &&
      exists("SELECT 1 FROM autopilot_runs r WHERE r.vtid = $1 AND r.attempt = $2 AND r.state = 'completed' "
             "AND r.deliverable IS NOT NULL AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.repo = r.repo "
             "AND d.vtid = r.vtid AND d.checksum = r.spec_checksum)",
             {vtid, event.run->attempt})) {
    gone(fmt::format("delivery of {} by run {}", vtid, event.run->to_string()));
  }
  if (event.type == "autopilot.state.allocated" &&
      !exists("SELECT 1 FROM autopilot_runs WHERE vtid = $1 AND attempt = $2",
              {vtid, event.run->attempt})) {
    gone("run " + event.run->to_string());
  }
  if (event.type == "verification.evidence.recorded") {
    const auto ordinal = number("ordinal");
    if (!exists("SELECT 1 FROM evidence WHERE vtid = $1 AND attempt = $2 AND ordinal = $3",
                {vtid, event.run->attempt, ordinal})) {
      gone(fmt::format("evidence {} of run {}", ordinal, event.run->to_string()));
    }
  }
}

}  // namespace vitana::store
