#include "cli/follow.h"

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <thread>

namespace vitana::cli {
namespace {

std::atomic<int> signals_seen{0};
std::atomic<bool> quit_seen{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

constexpr int watched[] = {SIGINT, SIGTERM, SIGQUIT};
struct sigaction before[std::size(watched)];

void count(int number) {
  signals_seen.fetch_add(1);
  if (number == SIGQUIT) quit_seen = true;
}

}  // namespace

Signals::Signals() {
  signals_seen = 0;
  quit_seen = false;
  struct sigaction action{};
  action.sa_handler = &count;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < std::size(watched); ++i) ::sigaction(watched[i], &action, &before[i]);
}

Signals::~Signals() {
  for (std::size_t i = 0; i < std::size(watched); ++i) ::sigaction(watched[i], &before[i], nullptr);
}

bool Signals::asked() const { return signals_seen > 0; }
bool Signals::now() const { return signals_seen > 1 || quit_seen; }

Result<std::vector<store::StoredEvent>> EventTail::next(Duration timeout) {
  std::vector<store::StoredEvent> events;
  const auto ask = [&] {
    return read(session_, [&](store::Reader& reader) -> Result<void> {
      events = reader.events(filter_);
      return {};
    });
  };
  auto& store = session_.engine().store();
  const auto seen = store.commits();
  auto done = ask();
  if (done && events.empty() && timeout > Duration::zero()) {
    store.wait_for_commit(seen, timeout);
    done = ask();
  }
  if (!done) return failure(std::move(done.error()));
  if (!events.empty()) filter_.after = events.back().seq;
  return events;
}

Result<store::Sequence> log_end(Session& session) {
  store::Sequence end = 0;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    end = reader.head().seq;
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return end;
}

engine::Autopilot::Hooks HookQueue::hooks() {
  return {.synced =
              [this](const engine::RepoSync& report) {
                const std::scoped_lock lock(mutex_);
                last_fault_.erase(report.repo);
                synced_.push_back(report);
                if (synced_.size() > waiting_max) synced_.pop_front();
              },
          .fault =
              [this](const std::string& repo, const Error& error) {
                const std::scoped_lock lock(mutex_);
                // Causes are a program's words, which come in another order each time.
                std::string kind = fmt::format("{} {}", name_of(error.code), error.message);
                if (last_fault_[repo] == kind) return;
                last_fault_[repo] = std::move(kind);
                faults_.push_back((repo.empty() ? std::string("engine") : repo) + ": " +
                                  to_string(error));
                if (faults_.size() > waiting_max) faults_.pop_front();
              }};
}

std::vector<engine::RepoSync> HookQueue::take_synced() {
  const std::scoped_lock lock(mutex_);
  std::vector<engine::RepoSync> taken(std::make_move_iterator(synced_.begin()),
                                      std::make_move_iterator(synced_.end()));
  synced_.clear();
  return taken;
}

std::vector<std::string> HookQueue::take_faults() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> taken(std::make_move_iterator(faults_.begin()),
                                 std::make_move_iterator(faults_.end()));
  faults_.clear();
  return taken;
}

void stop_session(Session& session, const Signals& signals, Duration grace) {
  if (signals.now()) {
    session.stop(true, Duration::zero());
    return;
  }
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  std::thread graceful([&] {
    session.stop(false, grace);
    const std::scoped_lock lock(mutex);
    done = true;
    ended.notify_one();
  });
  {
    std::unique_lock lock(mutex);
    // A signal handler cannot notify; it is looked at often enough for a person.
    while (!ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return done; })) {
      if (!signals.now()) continue;
      lock.unlock();
      session.stop(true, Duration::zero());
      lock.lock();
      break;
    }
  }
  graceful.join();
}

}  // namespace vitana::cli
