#include "view/attention.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/enum_names.h"
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

void add_switches(store::Reader& reader, const domain::Caller& caller, AttentionList& list) {
  const auto control = reader.control(engine::execution_control);
  if (!domain::is_on(control, reader.now())) {
    list.items.push_back({.kind = AttentionKind::paused,
                          .code = FailureCode::EXECUTION_PAUSED,
                          .detail = control ? control->reason : "the switch cannot be read",
                          .since = control ? control->at : reader.now(),
                          .next = std::string(failure_info(FailureCode::EXECUTION_PAUSED).hint)});
  }
  for (const auto& row : reader.breakers()) {
    constexpr std::string_view of_repo = "repo:";
    const auto repo = row.key.starts_with(of_repo) ? row.key.substr(of_repo.size()) : std::string();
    if (!row.breaker.open || (!repo.empty() && !caller.reaches(repo))) continue;
    list.items.push_back({.kind = AttentionKind::breaker,
                          .title = row.key,
                          .repo = repo,
                          .code = row.breaker.code,
                          .detail = row.breaker.detail,
                          .since = row.breaker.since,
                          .next = std::string(failure_info(row.breaker.code).hint)});
  }
}

}  // namespace

AttentionList load_attention(store::Reader& reader, const domain::Caller& caller) {
  AttentionList list;
  add_switches(reader, caller, list);
  std::map<std::string, std::pair<int, Instant>> unadopted;  // how many, and since when
  for (const auto status : {TaskStatus::failed, TaskStatus::blocked, TaskStatus::draft}) {
    const auto tasks = reader.tasks({.status = status, .repos = caller.repos, .limit = attention_max});
    list.more |= tasks.size() == attention_max;
    for (const auto& task : tasks) {
      if (status == TaskStatus::failed) {
        list.items.push_back(item_of(task, AttentionKind::failed));
      } else if (status == TaskStatus::draft) {
        if (task.failure) list.items.push_back(item_of(task, AttentionKind::spec));
      } else if (task.blocked == domain::BlockReason::not_adopted) {
        auto& [count, since] = unadopted.try_emplace(task.repo, 0, task.updated_at).first->second;
        ++count;
        since = std::min(since, task.updated_at);
      } else if (task.next.kind == NextKind::person) {
        list.items.push_back(item_of(task, AttentionKind::blocked));
      }
    }
  }
  for (const auto& [repo, found] : unadopted) {
    list.items.push_back({.kind = AttentionKind::adoption,
                          .repo = repo,
                          .code = FailureCode::NOT_ADOPTED,
                          .detail = fmt::format("{} specs were there before", found.first),
                          .since = found.second,
                          .next = std::string(failure_info(FailureCode::NOT_ADOPTED).hint)});
  }
  std::stable_sort(list.items.begin(), list.items.end(),
                   [](const AttentionItem& a, const AttentionItem& b) { return a.kind < b.kind; });
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
