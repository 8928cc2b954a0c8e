#include "engine/announcer.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "base/glob.h"
#include "base/stop.h"
#include "domain/event.h"
#include "domain/retry.h"
#include "engine/conduct.h"

namespace vitana::engine {

using store::Sequence;
using store::WebhookCursorRow;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

namespace {

constexpr Duration look_every = 1s;   ///< what is due by the clock
constexpr Duration fault_pause = 1s;  ///< after a database fault
constexpr std::string_view own_events = "webhook.";
constexpr std::string_view events_member = "webhook";

/// A member of an event's data.
Json member_of(const std::string& data, std::string_view name) {
  const auto json = Json::parse(data, nullptr, false);
  if (!json.is_object()) return {};
  const auto at = json.find(name);
  return at == json.end() ? Json() : *at;
}

bool calls_for_a_person(const store::StoredEvent& event) {
  // Most do not even hold the word.
  return event.data.find(domain::for_person) != std::string::npos &&
         member_of(event.data, domain::for_person).is_object();
}

}  // namespace

std::string announcement_id(const Announcement& announcement) {
  return fmt::format("{}-{}-{}", announcement.store_id, announcement.event.seq,
                     announcement.event.hash.hex().substr(0, 8));
}

bool is_for(const Endpoint& endpoint, const store::StoredEvent& event) {
  const bool of_a_webhook = std::string_view(event.type).starts_with(own_events);
  if (of_a_webhook && member_of(event.data, events_member) == endpoint.name) return false;
  if (endpoint.events.empty()) return calls_for_a_person(event);
  return std::any_of(endpoint.events.begin(), endpoint.events.end(),
                     [&](const std::string& glob) { return glob_match(glob, event.type); });
}

Announcer::Announcer(store::Store& store, port::Clock& clock, port::Entropy& entropy, const Setup& setup,
                     Announce announce)
    : store_(store), clock_(clock), entropy_(entropy), setup_(setup), announce_(std::move(announce)) {}

Announcer::~Announcer() {
  request_stop();
  join();
}

Result<void> Announcer::start(std::function<void(const Error&)> fault) {
  fault_ = std::move(fault);
  if (auto begun = begin(); !begun) return begun;
  if (lines_.empty() || !announce_) return {};
  for (auto& line : lines_) {
    line->thread = std::jthread([this, &line = *line](std::stop_token stop) { tell_loop(line, stop); });
  }
  watcher_ = std::jthread([this](std::stop_token stop) { watch_loop(stop); });
  return {};
}

void Announcer::request_stop() {
  watcher_.request_stop();
  for (auto& line : lines_) line->thread.request_stop();
}

void Announcer::join() {
  if (watcher_.joinable()) watcher_.join();
  for (auto& line : lines_) {
    if (line->thread.joinable()) line->thread.join();
  }
}

bool Announcer::told(Sequence head) const {
  const std::lock_guard lock(mutex_);
  return told_all(head);
}

bool Announcer::told_all(Sequence head) const {
  if (!watcher_.joinable()) return true;
  return seen_ >= head && std::all_of(lines_.begin(), lines_.end(),
                                      [](const auto& line) { return line->failing || !line->news; });
}

void Announcer::finish(Duration most) {
  if (!watcher_.joinable()) return;
  const auto until = std::chrono::steady_clock::now() + most;
  Sequence head = 0;
  const auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    head = reader.head().seq;
    return {};
  });
  if (!read) return;
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, watcher_.get_stop_token(), until, [&] { return told_all(head); });
}

Sequence Announcer::position(const std::string& endpoint) const {
  const std::lock_guard lock(mutex_);
  for (const auto& line : lines_) {
    if (line->endpoint->name == endpoint) return line->position;
  }
  return 0;
}

Result<void> Announcer::begin() {
  Sequence head = 0;
  std::map<std::string, WebhookCursorRow> known;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    head = reader.head().seq;
    for (auto& row : reader.webhook_cursors()) known[row.name] = std::move(row);
    return {};
  });
  if (!read) return read;
  const auto add = [&](const WebhookCursorRow& row) {
    const auto* endpoint = setup_.endpoint(row.name);
    CHECK(endpoint != nullptr);
    lines_.push_back(std::make_unique<Line>(Line{.endpoint = endpoint, .position = row.seq}));
  };
  seen_ = head;
  const bool complete = std::all_of(setup_.endpoints.begin(), setup_.endpoints.end(), [&](const Endpoint& endpoint) {
    const auto row = known.find(endpoint.name);
    return row != known.end() && row->second.seq <= head;
  });
  if (complete && known.size() == setup_.endpoints.size()) {
    for (const auto& [_, row] : known) add(row);
    return {};
  }
  std::vector<WebhookCursorRow> rows;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    rows.clear();
    const auto end = ledger.head();  // others may have told more than was there before this unit
    for (const auto& row : ledger.webhook_cursors()) {
      if (setup_.endpoint(row.name) != nullptr) continue;
      // Another engine of a shared store may have a webhook that this one does not.
      const bool others = store_.shared_by_hosts() && row.holder != setup_.home;
      if (!others || row.held_until + cursor_kept < ledger.now()) ledger.forget(row);
    }
    for (const auto& endpoint : setup_.endpoints) {
      auto row = ledger.webhook_cursor(endpoint.name);
      if (!row) {
        row = WebhookCursorRow{.name = endpoint.name, .seq = end, .holder = setup_.home, .held_until = ledger.now()};
        ledger.put(*row);
      } else if (row->seq > end) {  // a store that was restored ends before what was told
        row->seq = end;
        ledger.put(*row);
      }
      rows.push_back(std::move(*row));
    }
    return {};
  });
  if (!done) return done;
  for (const auto& row : rows) add(row);
  return {};
}

void Announcer::watch_loop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    const auto commits = store_.commits();
    const auto before = seen_;  // changed by this thread alone
    auto looked = watch();
    if (!looked && fault_) fault_(looked.error());
    if (!looked) {
      store_.wait_for_commit(store_.commits(), fault_pause);
    } else if (seen_ == before) {
      store_.wait_for_commit(commits, look_every);
    }
  }
}

Result<void> Announcer::watch() {
  std::vector<store::StoredEvent> events;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    events = reader.events({.after = seen_, .limit = announce_page});
    return {};
  });
  if (!read) return read;
  if (events.empty()) return {};
  {
    const std::lock_guard lock(mutex_);
    seen_ = events.back().seq;
    for (auto& line : lines_) {
      if (line->news) continue;  // it looks for itself
      line->news = std::any_of(events.begin(), events.end(), [&](const store::StoredEvent& event) {
        return event.seq > line->position && is_for(*line->endpoint, event);
      });
      if (!line->news) line->position = std::max(line->position, seen_);
    }
  }
  wake_.notify_all();
  return {};
}

void Announcer::tell_loop(Line& line, std::stop_token stop) {
  const StopScope cut(stop);
  std::unique_lock lock(mutex_);
  // Where the log goes on for long without anything for it, that is written down from time to time.
  Sequence written = line.position;
  while (!stop.stop_requested()) {
    wake_.wait(lock, stop, [&] { return line.news || line.position - written >= unwritten_max; });
    if (stop.stop_requested()) break;
    const bool news = line.news;
    const bool far = line.position - written >= unwritten_max;
    if (far) written = line.position;
    lock.unlock();
    auto step = news ? advance(line) : Result<Step>(Step{});
    if (step && far) {
      if (auto noted = write_position(line); !noted) step = failure(std::move(noted.error()));
    }
    if (!step && fault_ && !stop.stop_requested()) fault_(step.error());
    lock.lock();
    Duration pause{};
    if (!step) pause = fault_pause;
    // Another clock than the store's may pass meanwhile: it is looked at again.
    if (step && step->not_before) {
      pause = std::clamp<Duration>(*step->not_before - clock_.now(), 1ms, announce_delay_max);
    }
    line.failing = pause > Duration{};
    wake_.notify_all();  // finish()
    if (line.failing) wake_.wait_for(lock, stop, pause, [] { return false; });
  }
  lock.unlock();
  (void)write_position(line, true).has_value();  // else a part of the log is looked at once more
}

void Announcer::reached(Line& line, Sequence position) {
  const std::lock_guard lock(mutex_);
  line.position = std::max(line.position, position);
  line.news = line.position < seen_;
}

bool Announcer::holds_for_others(const WebhookCursorRow& cursor, Instant now) const {
  return store_.shared_by_hosts() && cursor.holder != setup_.home && cursor.held_until > now;
}

Result<Announcer::Step> Announcer::advance(Line& line) {
  const auto& endpoint = *line.endpoint;
  std::optional<WebhookCursorRow> cursor;
  std::optional<Announcement> next;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    cursor = reader.webhook_cursor(endpoint.name);
    // Another engine may have told some.
    const auto from = std::max(position(endpoint.name), cursor ? cursor->seq : 0);
    std::erase_if(line.waiting, [&](const store::StoredEvent& event) { return event.seq <= from; });
    if (line.waiting.empty()) {
      line.read_to = from;
      for (auto& event : reader.events({.after = from, .limit = announce_page})) {
        line.read_to = event.seq;
        if (is_for(endpoint, event)) line.waiting.push_back(std::move(event));
      }
    }
    if (line.waiting.empty()) return {};
    const auto& event = line.waiting.front();
    next = Announcement{event, reader.store_id(), "", reader.now()};
    const auto task = event.vtid ? reader.task(*event.vtid) : std::nullopt;
    if (task) next->title = task->title;
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  if (!next) {
    reached(line, line.read_to);
    return Step{};
  }
  if (cursor && cursor->next_at > next->now) return Step{false, cursor->next_at};
  auto row = cursor.value_or(WebhookCursorRow{.name = endpoint.name, .seq = position(endpoint.name)});
  auto mine = hold(endpoint, row);
  if (!mine) return failure(std::move(mine.error()));
  if (!*mine) return Step{false, row.next_at > next->now ? row.next_at : row.held_until};

  const auto begun = clock_.now();
  const auto told = announce_(endpoint, *next);
  if (!told && told.error().code == FailureCode::CANCELLED) return Step{};  // one that was cut is no try
  if (!told) {
    auto again = note_failed(endpoint, *next, begun, told.error());
    if (!again) return failure(std::move(again.error()));
    line.waiting.clear();  // it may be passed over
    return Step{true, *again};
  }
  if (auto noted = note_told(endpoint, *next); !noted) return failure(std::move(noted.error()));
  line.waiting.pop_front();
  reached(line, line.waiting.empty() ? line.read_to : next->event.seq);
  return Step{true};
}

Result<Announcer::Step> Announcer::step(const std::string& endpoint) {
  const auto line = std::find_if(lines_.begin(), lines_.end(),
                                 [&](const auto& one) { return one->endpoint->name == endpoint; });
  CHECK(line != lines_.end());
  return advance(**line);
}

Result<bool> Announcer::hold(const Endpoint& endpoint, WebhookCursorRow& cursor) {
  if (!store_.shared_by_hosts()) return true;
  constexpr Duration margin = 2 * announce_deadline;
  if (cursor.holder == setup_.home && cursor.held_until > clock_.now() + margin) return true;
  bool mine = false;
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.webhook_cursor(endpoint.name).value_or(cursor);
    // Another one may have told it since: then what comes next is another event.
    mine = !holds_for_others(row, ledger.now()) && row.seq <= cursor.seq && row.next_at <= ledger.now();
    if (mine) {
      row.holder = setup_.home;
      row.held_until = ledger.now() + announce_hold;
      ledger.put(row);
    }
    cursor = std::move(row);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return mine;
}

Result<void> Announcer::note_told(const Endpoint& endpoint, const Announcement& announcement) {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.webhook_cursor(endpoint.name).value_or(WebhookCursorRow{.name = endpoint.name});
    if (holds_for_others(row, ledger.now()) || row.seq >= announcement.event.seq) return {};
    if (row.passed_over > 0) {
      ledger.append({domain::EventType::webhook_recovered, std::nullopt, std::nullopt, "engine",
                     Json{{events_member, endpoint.name}, {"passed_over", row.passed_over}}.dump()});
    }
    row.seq = announcement.event.seq;
    row.attempts = 0;
    row.failing_since.reset();
    row.next_at = {};
    row.passed_over = 0;
    row.last_error.clear();
    row.told_at = ledger.now();
    if (store_.shared_by_hosts()) row.held_until = ledger.now() + announce_hold;
    ledger.put(row);
    return {};
  });
}

Result<Instant> Announcer::note_failed(const Endpoint& endpoint, const Announcement& announcement, Instant since,
                                       const Error& error) {
  Instant again{};
  auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.webhook_cursor(endpoint.name).value_or(WebhookCursorRow{.name = endpoint.name});
    again = ledger.now();
    if (holds_for_others(row, ledger.now()) || row.seq >= announcement.event.seq) return {};
    ++row.attempts;
    if (!row.failing_since) row.failing_since = since;
    row.last_error = to_string(error);
    row.next_at = ledger.now() + domain::backoff(announce_delay, announce_delay_max, row.attempts, entropy_.roll());
    again = row.next_at;
    if (ledger.now() - *row.failing_since >= announce_for) {
      Json data{{events_member, endpoint.name},
                {"sequence", announcement.event.seq},
                {"type", announcement.event.type},
                {"failing_since", to_rfc3339(*row.failing_since)},
                {"message", row.last_error}};
      const std::string next = fmt::format("mend the endpoint, or [[webhooks]] \"{}\"", endpoint.name);
      // Once, until it takes events again.
      if (row.passed_over == 0) {
        data[domain::for_person] = {{"reason", "webhook"}, {"next", next}};
        tell_a_person(ledger, setup_.policy, fmt::format("notify:webhook:{}:{}", endpoint.name, announcement.event.seq),
                      Json{{"reason", "webhook"}, {"what", endpoint.name}, {"next", next}, {"message", row.last_error}}
                          .dump());
      }
      ledger.append({domain::EventType::webhook_passed_over, std::nullopt, std::nullopt, "engine", data.dump()});
      row.seq = announcement.event.seq;
      ++row.passed_over;
    }
    ledger.put(row);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return again;
}

Result<void> Announcer::write_position(const Line& line, bool leaving) {
  const auto position = this->position(line.endpoint->name);
  std::optional<WebhookCursorRow> known;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    known = reader.webhook_cursor(line.endpoint->name);
    return {};
  });
  if (!read) return read;
  const bool lets_go = leaving && known && store_.shared_by_hosts() && known->holder == setup_.home;
  if (known && known->seq >= position && !lets_go) return {};
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.webhook_cursor(line.endpoint->name)
                   .value_or(WebhookCursorRow{.name = line.endpoint->name, .holder = setup_.home});
    row.seq = std::max(row.seq, position);
    if (leaving && row.holder == setup_.home) row.held_until = std::min(row.held_until, ledger.now());
    ledger.put(row);
    return {};
  });
}

}  // namespace vitana::engine
