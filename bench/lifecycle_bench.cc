// Whole lives of tasks that do nothing, through the shipped engine and a store on disk that waits
// for it (synchronous=FULL): registered, allocated, claimed, executed, verified, delivered.
//   lifecycle_bench [--seconds N] [--batches 1,8,64,256] [--past 1000,100000] [--audit]
// A batch is the number of tasks that live side by side.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "git/temp_dir.h"
#include "past.h"
#include "store/store.h"

namespace vitana::bench {
namespace {

using domain::Step;
using Seconds = std::chrono::duration<double>;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class Clock : public port::Clock {
 public:
  explicit Clock(Duration behind = {}) : behind_(behind) {}
  Instant now() override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()) - behind_;
  }

 private:
  Duration behind_;
};

class Dice : public port::Entropy {
 public:
  double roll() override { return 0.5; }
  std::uint64_t bits() override { return ++last_; }

 private:
  std::atomic<std::uint64_t> last_ = 0;
};

constexpr const char* spec_text =
    "# Nothing\n\n## Summary\n\nA task that changes nothing and is done at once.\n\n"
    "## Problem\n\nNone.\n\n## Acceptance Criteria\n\n- It is done\n\n"
    "  ```check\n  true\n  ```\n";

const std::string commit_id(40, 'c');

/// A branch with one commit and nothing in it, to which nothing is ever pushed.
class StillRepository : public port::Repository {
 public:
  std::string default_branch() const override { return "main"; }
  Result<std::optional<std::string>> branch_tip() override { return commit_id; }
  Result<std::string> fetch() override { return commit_id; }
  Result<std::vector<port::TreeChange>> changes(const std::string&, const std::string&,
                                                const std::vector<std::string>&) override {
    return std::vector<port::TreeChange>{};
  }
  Result<std::map<std::string, std::string>> renames(const std::string&, const std::string&) override {
    return std::map<std::string, std::string>{};
  }
  Result<std::string> read_blob(const std::string&, std::size_t) override { return std::string(); }
  Result<std::optional<std::string>> read_file(const std::string&, const std::string&, std::size_t) override {
    return std::nullopt;
  }
  Result<std::vector<port::PathCommit>> last_commits(const std::string&, const std::string&,
                                                     const std::vector<std::string>&) override {
    return std::vector<port::PathCommit>{};
  }
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string&, const std::string&) override {
    return std::vector<port::DeliveryTrailer>{};
  }
  Result<bool> holds(const std::string&, const std::string&) override { return false; }
  Result<std::optional<std::string>> ref_commit(const std::string&) override { return commit_id; }
  Result<port::PushAnswer> push(const domain::Deliverable&, const port::MayBegin&) override { return port::PushAnswer{}; }
  Result<bool> withdraw(const domain::Deliverable&) override { return false; }
  Result<void> remove(const std::string&, const std::string&) override { return {}; }
};

engine::Setup setup_without_caps() {
  engine::Setup setup;
  setup.repos.push_back({"hub", std::make_shared<StillRepository>(), "main", {}, true, false, ""});
  setup.agents = {"instant"};
  setup.agent = "instant";
  setup.policy.caps = {.runs_per_task = 0, .runs_per_repo_day = 0, .concurrent = 0};
  setup.config_digest = Digest::of("bench");
  setup.config_text = "bench";
  return setup;
}

/// The engine on one store, and workers that are done at once.
class House {
 public:
  House(const std::string& path, port::Clock& clock)
      : store_(must(store::Store::open({.path = path}, clock, dice_))),
        engine_(*store_, clock, dice_, setup_without_caps()) {
    store_->start_committer();
    must(engine_.registry.sync(engine_.setup().repos.front()));
  }

  store::Store& store() { return *store_; }

  /// So many tasks from the cradle to the end, side by side. Returns the first.
  Vtid live(int count) {
    std::vector<Vtid> made(static_cast<std::size_t>(count), Vtid(1));
    side_by_side(count, [&](std::size_t i) {
      // One text under two numbers would ask a person which one it is.
      const auto text = fmt::format("{}\n## Notes\n\nNumber {}.\n", spec_text, ++texts_);
      made[i] = must(engine_.registry.create_task({{}, "nothing", text, "hub"}, "bench")).vtid;
    });
    for (const auto step : {Step::execute, Step::verify, Step::deliver}) {
      conduct();
      const auto granted = must(engine_.runs.claim({.worker = engine::local_worker("bench", "w"),
                                                    .request_id = "",
                                                    .steps = {step},
                                                    .max = count}));
      if (granted.size() != made.size()) throw std::runtime_error("a task was not granted");
      side_by_side(count, [&](std::size_t i) {
        std::vector<domain::Evidence> evidence;
        const auto report = do_step(granted[i], evidence);
        must(engine_.runs.report(granted[i].run.id, report, std::move(evidence)));
      });
    }
    conduct();
    return *std::min_element(made.begin(), made.end());
  }

 private:
  void conduct() {
    while (must(engine_.autopilot.round()) > 0) {
    }
  }

  /// Each call on a thread of its own: what waits together is committed together.
  template <typename Work>
  static void side_by_side(int count, Work work) {
    std::vector<std::jthread> threads;
    for (int i = 1; i < count; ++i) threads.emplace_back(work, static_cast<std::size_t>(i));
    work(0);
  }

  static port::StepReport do_step(const port::Assignment& assignment,
                                  std::vector<domain::Evidence>& evidence) {
    const auto fence = assignment.lease().fence;
    switch (assignment.step) {
      case Step::execute:
        return domain::Executed{fence, commit_id, commit_id, true, false, false, "", "workspace"};
      case Step::verify: {
        evidence.push_back({"AC-1", "It is done", domain::CriterionClass::command,
                            domain::EvidenceVerdict::passed, "true", 0, 1, "", commit_id, Instant{}});
        domain::Verified verified{.fence = fence};
        verified.passed = 1;
        verified.deliverable = {"refs/heads/main", commit_id, commit_id, commit_id};
        return verified;
      }
      case Step::deliver: break;
    }
    return domain::Delivered{fence};
  }

  Dice dice_;
  inline static std::atomic<int> texts_ = 0;  ///< of all houses on one store
  std::unique_ptr<store::Store> store_;
  engine::Engine engine_;
};

/// A store with so many finished tasks in it, forty days old.
void make_past(const std::string& path, unsigned tasks) {
  Vtid pattern(1);
  {
    Clock clock(std::chrono::hours(24 * 40));
    House house(path, clock);
    pattern = house.live(1);
  }
  if (tasks > 1) repeat_task(path, pattern, tasks - 1);
}

/// Processor time of this process: on a busy machine it says more than the clock.
double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double megabytes(const std::string& path) {
  return static_cast<double>(std::filesystem::file_size(path)) / 1e6;
}

void measure(const std::filesystem::path& folder, unsigned past, const std::vector<int>& batches,
             Seconds length, bool audit) {
  const auto path = (folder / fmt::format("past-{}.db", past)).string();
  const auto start = std::chrono::steady_clock::now();
  make_past(path, past);
  const Seconds taken = std::chrono::steady_clock::now() - start;
  fmt::print("{} finished tasks, {:.0f} MB, made in {:.0f} s\n", past, megabytes(path), taken.count());
  Clock clock;
  House house(path, clock);
  for (const int batch : batches) {
    house.live(batch);
    const auto commits = house.store().commits();
    const auto processor = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    double lives = 0;
    Seconds clock_time{};
    for (; clock_time < length; clock_time = std::chrono::steady_clock::now() - begin) {
      house.live(batch);
      lives += batch;
    }
    const auto made = static_cast<double>(house.store().commits() - commits);
    fmt::print("  {:4} at a time: {:8.1f} lives/s, {:6.2f} commits and {:6.3f} ms of processor a life\n",
               batch, lives / clock_time.count(), made / lives,
               1000 * (processor_seconds() - processor) / lives);
    std::fflush(stdout);
  }
  if (!audit) return;
  const auto damage = must(house.store().audit({}));
  if (!damage.empty()) throw std::runtime_error(damage.front().where + ": " + damage.front().what);
  fmt::print("  audit: clean\n");
}

template <typename Number>
std::vector<Number> numbers(const std::string& text) {
  std::vector<Number> all;
  for (const char* at = text.c_str(); *at != '\0'; at += *at == ',' ? 1 : 0) {
    char* end = nullptr;
    const long value = std::strtol(at, &end, 10);
    if (end == at || value < 1 || value > 10'000'000) throw std::runtime_error("bad number: " + text);
    all.push_back(static_cast<Number>(value));
    at = end;
  }
  return all;
}

}  // namespace
}  // namespace vitana::bench

int main(int argc, char** argv) try {
  using namespace vitana::bench;
  Seconds length(5);
  std::vector<int> batches{1, 8, 64, 256};
  std::vector<unsigned> pasts{1'000, 100'000};
  bool audit = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--audit") audit = true;
    else if (word == "--seconds") length = Seconds(numbers<int>(value).at(0)), ++i;
    else if (word == "--batches") batches = numbers<int>(value), ++i;
    else if (word == "--past") pasts = numbers<unsigned>(value), ++i;
    else throw std::runtime_error("unknown option " + word);
  }
  const auto temp = must(vitana::git::TempDir::create(std::filesystem::temp_directory_path()));
  for (const auto past : pasts) measure(temp.path(), past, batches, length, audit);
} catch (const std::exception& fault) {
  fmt::print(stderr, "lifecycle_bench: {}\n", fault.what());
  return 1;
}
