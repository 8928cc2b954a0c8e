#include "cli/look_commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/event_line.h"
#include "cli/follow.h"
#include "engine/conduct.h"
#include "view/json.h"
#include "wire/json.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;
using wire::Json;

constexpr Duration look_every = 200ms;
constexpr int workers_shown_max = 1'000;

/// Prints a table, or a sentence on stderr where it has no rows.
void print_table(Call& call, const Table& table, std::string_view otherwise) {
  if (table.empty()) {
    call.console.say(otherwise);
  } else {
    call.console.print(table.text(call.console.terminal()));
  }
}

Json time_or_null(const std::optional<Instant>& at) { return at ? Json(to_rfc3339(*at)) : Json(); }

}  // namespace

Answer events(Call& call, const EventsOptions& options) {
  store::EventFilter filter{.after = options.after, .type_glob = options.type};
  if (!options.vtid.empty()) {
    auto vtid = vtid_argument(call, options.vtid);
    if (!vtid) return failure(std::move(vtid.error()));
    filter.vtid = *vtid;
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::string store_id;
  auto told = read(**session, [&](store::Reader& reader) -> Result<void> {
    store_id = reader.store_id();
    return {};
  });
  if (!told) return failure(std::move(told.error()));

  Signals signals;
  EventTail tail(**session, filter);
  int left = options.limit;
  for (;;) {
    auto some = tail.next(options.follow ? look_every : Duration::zero());
    if (!some) return failure(std::move(some.error()));
    for (const auto& event : *some) {
      if (!options.follow && left-- <= 0) {
        call.console.say(fmt::format("more: vitana events --after {}", event.seq - 1), Ink::dim);
        return exit_yes;
      }
      if (call.json)
        call.print_json(view::event_json(event, store_id));
      else
        call.console.print(fmt::format("{:>6}  {}", event.seq, event_line(event, true)));
    }
    if (!options.follow) {
      if (some->empty() || signals.asked()) return exit_yes;
    } else if (signals.asked() || !call.console.still_read()) {
      return exit_yes;
    }
  }
}

Answer stats(Call& call, const std::string& by, const std::string& since) {
  const auto span = parse_duration(since);
  if (!span) return usage(fmt::format("'{}' is no duration", since), "vitana stats --since 24h");
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<store::StatRow> rows;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    rows = reader.stats(by, reader.now() - *span);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::stats_json(by, since, rows));
    return exit_yes;
  }
  std::string head = by;
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return static_cast<char>(c - 'a' + 'A'); });
  Table table({head, "COMPLETED", "FAILED", "CANCELLED"});
  for (const auto& row : rows) {
    table.add({row.key.empty() ? "-" : row.key, std::to_string(row.completed),
               std::to_string(row.failed), std::to_string(row.cancelled)});
  }
  print_table(call, table,
              fmt::format("no run ended in the last {}", since));
  return exit_yes;
}

Answer workers(Call& call) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<domain::Run> held;
  std::vector<store::WorkerRow> known;
  Instant now{};
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    known = reader.workers(workers_shown_max);
    now = reader.now();
    store::TaskFilter filter{.status = domain::TaskStatus::in_progress, .limit = 1000};
    for (const auto& task : reader.tasks(filter)) {
      auto run = reader.run({task.vtid, task.attempt});
      if (run && run->lease) held.push_back(std::move(*run));
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  const auto pid = (*session)->engine_pid();
  if (call.json) {
    Json list = Json::array();
    for (const auto& run : held) {
      list.push_back({{"worker", run.lease->worker},
                      {"run", run.id.to_string()},
                      {"state", name_of(run.state)},
                      {"fence", run.lease->fence},
                      {"granted_at", to_rfc3339(run.lease->granted_at)},
                      {"agent", run.agent}});
    }
    Json registered = Json::array();
    for (const auto& row : known) {
      registered.push_back({{"id", row.id},
                            {"name", row.name},
                            {"token", row.actor},
                            {"labels", row.labels},
                            {"slots", row.slots},
                            {"draining", row.draining},
                            {"seen_at", to_rfc3339(row.seen_at)}});
    }
    call.print_json({{"engine_pid", pid ? Json(*pid) : Json()}, {"leases", list}, {"registered", registered}});
    return exit_yes;
  }
  call.console.say(pid ? fmt::format("engine: process {}", *pid) : std::string("no engine runs"));
  Table table({"RUN", "STATE", "HELD FOR", "AGENT", "WORKER"});
  for (const auto& run : held) {
    table.add({run.id.to_string(), std::string(name_of(run.state)),
               to_words(now - run.lease->granted_at), run.agent, run.lease->worker});
  }
  print_table(call, table, "no step is leased");
  if (known.empty()) return exit_yes;
  Table registered({"WORKER", "NAME", "TOKEN", "SLOTS", "SEEN", "LABELS"});
  for (const auto& row : known) {
    registered.add({row.id, row.name, row.actor, row.draining ? "drained" : std::to_string(row.slots),
                    relative(row.seen_at, now), fmt::format("{}", fmt::join(row.labels, " "))});
  }
  print_table(call, registered, "");
  return exit_yes;
}

Answer controls_list(Call& call) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<store::ControlRow> rows;
  std::vector<store::BreakerRow> breakers;
  Instant now{};
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    rows = reader.controls();
    breakers = reader.breakers();
    now = reader.now();
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::controls_json(rows, breakers, now));
    return exit_yes;
  }
  Table table({"CONTROL", "STATE", "UNTIL", "BY", "REASON"});
  for (const auto& row : rows) {
    table.add({row.key, domain::is_on(row.control, now) ? "on" : "off",
               row.control.until ? to_seconds(*row.control.until) : "-", row.control.actor,
               row.control.reason});
  }
  for (const auto& row : breakers) {
    if (!row.breaker.open) continue;
    table.add({row.key, "paused", "tried " + relative(row.breaker.probe_at, now), "engine",
               fmt::format("{}: {}", name_of(row.breaker.code), row.breaker.detail)});
  }
  print_table(call, table, "no control is set, which counts as off");
  return exit_yes;
}

Answer controls_set(Call& call, const SetControlOptions& options) {
  if (options.key != engine::execution_control) {
    return usage(fmt::format("there is no control '{}'", options.key),
                 "vitana controls set execution on|off --reason TEXT");
  }
  auto session = call.session();
  if (!session && session.error().code == FailureCode::NOT_FOUND) {
    const std::string data = session.error().context["data"];
    call.open.create = true;  // a person may pause before the first start
    session = call.session();
    if (session) call.console.say("made the data directory " + data, Ink::dim);
  }
  if (!session) return failure(std::move(session.error()));
  std::optional<Instant> until;
  if (!options.until.empty()) {
    const auto span = parse_duration(options.until);
    until = span ? std::nullopt : from_rfc3339(options.until);
    auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
      if (span) until = reader.now() + *span;
      if (until && *until <= reader.now()) until.reset();
      return {};
    });
    if (!done) return failure(std::move(done.error()));
    if (!until) {
      return usage(fmt::format("'{}' is no time to come", options.until),
                   "--until 2h, or --until 2030-01-31T12:00:00Z");
    }
  }
  auto done = (*session)->engine().desk.set_control(options.key, options.on, options.reason, until,
                                                    call.asked());
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json({{"key", options.key},
                      {"on", options.on},
                      {"reason", options.reason},
                      {"until", time_or_null(until)}});
  } else {
    call.console.print(fmt::format("{} is {}{}\n", options.key, options.on ? "on" : "off",
                                   until ? " until " + to_seconds(*until) : ""));
  }
  return exit_yes;
}

Answer repos(Call& call) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  std::vector<view::RepoView> repos;
  Instant now{};
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    repos = view::load_repos((*session)->engine().setup(), reader);
    now = reader.now();
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (call.json) {
    call.print_json(view::repos_json(repos));
    return exit_yes;
  }
  Table table({"REPO", "BRANCH", "SYNCED", "COMMIT", "FILES", "FOLDER"});
  for (const auto& repo : repos) {
    table.add({repo.name, repo.branch.empty() ? "unknown" : repo.branch,
               repo.synced_at ? relative(*repo.synced_at, now) : "never",
               repo.synced_commit.empty() ? "-" : repo.synced_commit.substr(0, 12), std::to_string(repo.files),
               repo.folder});
  }
  print_table(call, table, "no repository is configured; next: vitana init");
  return exit_yes;
}

}  // namespace vitana::cli
