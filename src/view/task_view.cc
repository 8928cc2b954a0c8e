#include "view/task_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/enum_names.h"
#include "base/hint.h"
#include "domain/tally.h"

namespace vitana::view {
namespace {

constexpr std::string_view state_prefix = "autopilot.state.";

constexpr auto order_names = enum_names<store::TaskOrder>({{store::TaskOrder::newest, "newest"},
                                                           {store::TaskOrder::oldest, "oldest"},
                                                           {store::TaskOrder::changed, "changed"}});

void read_stays(const std::vector<store::StoredEvent>& events, std::vector<RunView>& runs) {
  for (const auto& event : events) {
    if (!event.run || !event.type.starts_with(state_prefix)) continue;
    const auto it = std::find_if(runs.begin(), runs.end(),
                                 [&](const RunView& v) { return v.run.id == *event.run; });
    if (it == runs.end()) continue;
    auto& stays = it->stays;
    if (!stays.empty()) stays.back().to = event.time;
    stays.push_back({event.type.substr(state_prefix.size()), event.time, std::nullopt});
  }
  for (auto& view : runs) {
    // A terminal state is no stay: the run does not wait in it.
    if (!view.stays.empty() && domain::is_terminal(view.run.state)) view.stays.pop_back();
  }
}

/// Where the task's text stands: what was locked names it, or the newest reading of its repository.
std::string file_of(store::Reader& reader, const TaskView& view) {
  if (view.spec && !view.spec->provenance.path.empty()) return path_now(reader, *view.spec);
  for (const auto& repo : reader.repos()) {
    for (const auto& file : reader.repo_files(repo.name, view.task.vtid)) {
      if (file.outcome != "missing") return file.path;
    }
  }
  return {};
}

}  // namespace

std::string path_now(store::Reader& reader, const store::SpecSummary& spec) {
  const auto& locked = spec.provenance;
  if (locked.source != domain::SpecSource::git) return locked.path;
  std::vector<std::string> paths;
  for (const auto& file : reader.repo_files(locked.repo, spec.vtid)) {
    if (file.outcome != "missing") paths.push_back(file.path);
  }
  return paths.size() == 1 ? paths.front() : locked.path;
}

std::vector<store::EvidenceRow> newest_evidence(const std::vector<store::EvidenceRow>& rows) {
  std::vector<store::EvidenceRow> kept;
  for (const auto& row : rows) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const auto& k) {
      return k.evidence.criterion == row.evidence.criterion;
    });
    if (same == kept.end()) {
      kept.push_back(row);
    } else if (row.round >= same->round) {
      *same = row;
    }
  }
  // The repository's own checks are those of the tip that was judged: one of an earlier tip may be gone.
  int judged = 0;
  for (const auto& row : kept) {
    if (!domain::is_judgement(row.evidence)) judged = std::max(judged, row.round);
  }
  std::erase_if(kept, [&](const auto& row) {
    return domain::is_command_id(row.evidence.criterion) && row.round < judged;
  });
  return kept;
}

namespace {

Result<TaskView> load_task(store::Reader& reader, const engine::Desk& desk, Vtid vtid) {
  auto task = reader.task(vtid);
  if (!task)
    return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
  TaskView view{std::move(*task), std::nullopt, {}, reader.now()};
  if (view.task.spec) {
    for (auto& version : reader.spec_versions(vtid)) {
      if (version.version == view.task.spec->version) view.spec = std::move(version);
    }
  }
  for (auto& run : reader.runs(vtid)) {
    auto rows = newest_evidence(reader.evidence(run.id));
    view.runs.push_back({std::move(run), std::move(rows), {}});
  }
  for (const auto& on : reader.dependencies(vtid)) {
    const auto other = reader.task(on);
    view.dependencies.emplace_back(on, other ? std::optional(other->status) : std::nullopt);
  }
  view.file = file_of(reader, view);
  for (auto& row : reader.candidates(vtid)) {
    const bool is_rival = view.spec && row.candidate.digest != view.spec->digest &&
                          row.candidate.provenance.source != domain::SpecSource::ledger &&
                          !(view.task.newer && row.candidate.digest == view.task.newer->spec.digest);
    if (is_rival) view.rivals.push_back(std::move(row.candidate));
  }
  const auto newest = view.runs.empty() ? std::nullopt : std::optional(view.runs.back().run);
  view.held = desk.hold(reader, view.task, newest);
  store::EventFilter filter{.vtid = vtid, .type_glob = std::string(state_prefix) + "*"};
  for (int page = 0; page < 20; ++page) {  // 20,000 state changes: no task has more
    const auto events = reader.events(filter);
    read_stays(events, view.runs);
    if (events.size() < static_cast<std::size_t>(filter.limit)) break;
    filter.after = events.back().seq;
  }
  return view;
}

}  // namespace

Result<TaskView> load_task(engine::Engine& engine, Vtid vtid) {
  std::optional<TaskView> view;
  auto done = engine.store().read([&](store::Reader& reader) -> Result<void> {
    auto loaded = load_task(reader, engine.desk, vtid);
    if (!loaded) return failure(std::move(loaded.error()));
    view = std::move(*loaded);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return std::move(*view);
}

TaskView listed(engine::Engine& engine, store::Reader& reader, domain::Task task) {
  TaskView view{std::move(task), std::nullopt, {}, reader.now()};
  if (view.task.attempt > 0) {
    if (auto run = reader.run({view.task.vtid, view.task.attempt}))
      view.runs.push_back({std::move(*run), {}, {}});
  }
  const auto newest = view.runs.empty() ? std::nullopt : std::optional(view.runs.back().run);
  view.held = engine.desk.hold(reader, view.task, newest);
  return view;
}

std::string_view name_of(store::TaskOrder order) { return order_names.name(order); }
std::optional<store::TaskOrder> task_order(std::string_view name) { return order_names.value(name); }

// "VTID-01213", in the order of changes "VTID-01213@MICROSECONDS".
Result<void> go_on(store::TaskFilter& filter, std::string_view cursor) {
  const auto at = std::min(cursor.find('@'), cursor.size());
  const auto vtid = Vtid::parse(cursor.substr(0, at));
  if (!vtid) return failure(vtid.error());
  filter.after = *vtid;
  const auto time = cursor.substr(std::min(at + 1, cursor.size()));
  std::int64_t us = 0;
  const auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), us);
  const bool timed = !time.empty() && error == std::errc() && end == time.data() + time.size();
  if (timed != (filter.order == store::TaskOrder::changed)) {
    return failure(FailureCode::VTID_INVALID, "the cursor is none of a page in this order");
  }
  filter.after_changed = from_us(us);
  return {};
}

TaskPage task_page(engine::Engine& engine, store::Reader& reader, store::TaskFilter filter) {
  const auto limit = static_cast<std::size_t>(filter.limit);
  ++filter.limit;
  auto found = reader.tasks(filter);
  TaskPage page;
  if (found.size() > limit) {
    found.pop_back();
    const auto& last = found.back();
    page.next = last.vtid.to_string();
    if (filter.order == store::TaskOrder::changed) *page.next += fmt::format("@{}", to_us(last.updated_at));
  }
  for (auto& task : found) page.tasks.push_back(listed(engine, reader, std::move(task)));
  return page;
}

Tally tally(const std::vector<store::EvidenceRow>& evidence) {
  Tally t;
  for (const auto& row : evidence) {
    if (row.evidence.criterion.starts_with("check:")) continue;
    ++t.criteria;
    switch (row.evidence.verdict) {
      case domain::EvidenceVerdict::passed:
      case domain::EvidenceVerdict::held:
        ++t.verified;
        break;
      case domain::EvidenceVerdict::attested:
        ++t.attested;
        break;
      case domain::EvidenceVerdict::vacuous:
        ++t.vacuous;
        break;
      case domain::EvidenceVerdict::failed:
        ++t.failed;
        break;
      case domain::EvidenceVerdict::skipped:
        break;
    }
  }
  return t;
}

std::string file_to_name(const TaskView& view) {
  return view.task.waits.conflict ? std::string() : view.file;
}

std::string next_words(const TaskView& view) {
  std::string what = with_words(view.task.next.what, {.file = file_to_name(view)});
  const auto open = open_dependencies(view);
  if (view.task.next.kind == domain::NextKind::task && !open.empty()) {
    what += fmt::format(" ({})", open);
  }
  return what;
}

std::string open_dependencies(const TaskView& view) {
  std::string text;
  if (domain::is_terminal(view.task.status)) return text;
  for (const auto& [vtid, status] : view.dependencies) {
    if (status == domain::TaskStatus::completed) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", vtid.to_string(),
                        status ? name_of(*status) : "not there");
  }
  return text;
}

}  // namespace vitana::view
