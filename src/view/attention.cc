#include "view/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/enum_names.h"
#include "engine/breaker.h"
#include "engine/conduct.h"

namespace vitana::view {
namespace {

using domain::NextKind;
using domain::TaskStatus;

constexpr auto kind_names = enum_names<AttentionKind>({{AttentionKind::paused, "paused"},
                                                       {AttentionKind::breaker, "breaker"},
                                                       {AttentionKind::failed, "failed"},
                                                       {AttentionKind::blocked, "blocked"},
                                                       {AttentionKind::spec, "spec"},
                                                       {AttentionKind::webhook, "webhook"},
                                                       {AttentionKind::adoption, "adoption"}});

/// A catalogue's hint speaks of a VTID.
std::string hint_for(FailureCode code, std::string_view vtid) {
  std::string hint(failure_info(code).hint);
  for (auto at = hint.find("VTID "); at != std::string::npos; at = hint.find("VTID ", at + 1)) hint.replace(at, 4, vtid);
  if (hint.ends_with(" VTID")) hint.replace(hint.size() - 4, 4, vtid);
  return hint;
}

AttentionItem item_of(const domain::Task& task, AttentionKind kind) {
  AttentionItem item{.kind = kind, .vtid = task.vtid, .title = task.title, .repo = task.repo, .since = task.updated_at};
  item.detail = task.next.what;
  if (task.failure) {
    item.code = task.failure->code;
    item.detail = task.failure->message;
    item.next = hint_for(task.failure->code, task.vtid.to_string());
  }
  if (item.next.empty()) item.next = task.next.what;
  return item;
}

}  // namespace

std::vector<store::BreakerRow> reached(std::vector<store::BreakerRow> breakers, const domain::Caller& caller) {
  const auto of_repos = engine::breaker_key(domain::BreakerScope::repository, "");
  std::erase_if(breakers, [&](const store::BreakerRow& row) {
    return row.key.starts_with(of_repos) && !caller.reaches(row.key.substr(of_repos.size()));
  });
  return breakers;
}

namespace {

void add_switches(store::Reader& reader, const domain::Caller& caller, AttentionList& list) {
  const auto control = reader.control(engine::execution_control);
  if (!domain::is_on(control, reader.now())) {
    list.items.push_back({.kind = AttentionKind::paused,
                          .code = FailureCode::EXECUTION_PAUSED,
                          .detail = control ? control->reason : "the switch cannot be read",
                          .since = control ? control->at : reader.now(),
                          .next = std::string(failure_info(FailureCode::EXECUTION_PAUSED).hint)});
  }
  for (const auto& row : reached(reader.breakers(), caller)) {
    if (!row.breaker.open) continue;
    list.items.push_back({.kind = AttentionKind::breaker,
                          .title = row.key,
                          .code = row.breaker.code,
                          .detail = row.breaker.detail,
                          .since = row.breaker.since,
                          .next = std::string(failure_info(row.breaker.code).hint)});
  }
}

/// Of whom they are is nobody's who sees a part alone.
void add_webhooks(store::Reader& reader, const domain::Caller& caller, AttentionList& list) {
  if (!caller.repos.empty()) return;
  for (const auto& row : reader.webhook_cursors()) {
    if (row.passed_over == 0 || !row.failing_since) continue;
    list.items.push_back({.kind = AttentionKind::webhook,
                          .title = row.name,
                          .code = FailureCode::PEER_REFUSED,
                          .detail = fmt::format("{} events were passed over; {}", row.passed_over, row.last_error),
                          .since = *row.failing_since,
                          .next = std::string(failure_info(FailureCode::PEER_REFUSED).hint)});
  }
}

}  // namespace

AttentionList load_attention(store::Reader& reader, const domain::Caller& caller) {
  AttentionList list;
  add_switches(reader, caller, list);
  const auto add = [&](AttentionKind kind, store::TaskFilter filter) {
    filter.repos = caller.repos;
    filter.limit = attention_max + 1;
    auto tasks = reader.tasks(filter);
    list.more |= tasks.size() > attention_max;
    if (tasks.size() > attention_max) tasks.pop_back();
    for (const auto& task : tasks) list.items.push_back(item_of(task, kind));
  };
  add(AttentionKind::failed, {.status = TaskStatus::failed});
  add(AttentionKind::blocked,
      {.status = TaskStatus::blocked, .next = NextKind::person, .but = domain::BlockReason::not_adopted});
  for (const auto& task : reader.newer_unapproved(attention_max, caller.repos)) {
    auto item = item_of(task, AttentionKind::blocked);
    item.code = FailureCode::SPEC_NOT_APPROVED;
    item.detail = "a newer text waits for approval";
    item.next = hint_for(FailureCode::SPEC_NOT_APPROVED, task.vtid.to_string());
    list.items.push_back(std::move(item));
  }
  add(AttentionKind::spec, {.status = TaskStatus::draft});
  add_webhooks(reader, caller, list);
  for (const auto& [repo, found] : reader.unadopted(caller.repos)) {
    list.items.push_back({.kind = AttentionKind::adoption,
                          .repo = repo,
                          .code = FailureCode::NOT_ADOPTED,
                          .detail = fmt::format("{} specs were there before", found.first),
                          .since = found.second,
                          .next = std::string(failure_info(FailureCode::NOT_ADOPTED).hint)});
  }
  return list;
}

wire::Json attention_json(const AttentionList& list) {
  auto items = wire::Json::array();
  for (const auto& item : list.items) {
    items.push_back({{"kind", kind_names.name(item.kind)},
                     {"vtid", item.vtid ? wire::Json(item.vtid->to_string()) : wire::Json()},
                     {"title", item.title},
                     {"repo", item.repo},
                     {"code", item.code ? wire::Json(name_of(*item.code)) : wire::Json()},
                     {"detail", item.detail},
                     {"since", to_rfc3339(item.since)},
                     {"next", item.next}});
  }
  return {{"items", std::move(items)}, {"more", list.more}};
}

}  // namespace vitana::view
