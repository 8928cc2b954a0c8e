#include "house.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

#include "past.h"

namespace vitana::bench {
namespace {

using domain::Step;

constexpr const char* spec_text =
    "# Nothing\n\n## Summary\n\nA task that changes nothing and is done at once.\n\n"
    "## Problem\n\nNone.\n\n## Acceptance Criteria\n\n- It is done\n\n"
    "  ```check\n  true\n  ```\n";

const std::string commit_id(40, 'c');

std::atomic<int> texts = 0;  ///< of all houses on one store

/// Each call on a thread of its own: what waits together is committed together.
template <typename Work>
void side_by_side(int count, Work work) {
  std::vector<std::jthread> threads;
  for (int i = 1; i < count; ++i) threads.emplace_back(work, static_cast<std::size_t>(i));
  work(0);
}

}  // namespace

Result<std::optional<std::string>> StillRepository::branch_tip() { return commit_id; }
Result<std::string> StillRepository::fetch() { return commit_id; }
Result<std::optional<std::string>> StillRepository::ref_commit(const std::string&) { return commit_id; }

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

port::StepReport done_at_once(const port::Assignment& assignment, std::vector<domain::Evidence>& evidence) {
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

House::House(const std::string& path, port::Clock& clock)
    : store_(must(store::Store::open({.path = path}, clock, dice_))),
      engine_(*store_, clock, dice_, setup_without_caps()) {
  store_->start_committer();
  must(engine_.registry.sync(engine_.setup().repos.front()));
}

Vtid House::live(int count) {
  std::vector<Vtid> made(static_cast<std::size_t>(count), Vtid(1));
  side_by_side(count, [&](std::size_t i) {
    // One text under two numbers would ask a person which one it is.
    const auto text = fmt::format("{}\n## Notes\n\nNumber {}.\n", spec_text, ++texts);
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
      const auto report = done_at_once(granted[i], evidence);
      must(engine_.runs.report(granted[i].run.id, report, std::move(evidence)));
    });
  }
  conduct();
  return *std::min_element(made.begin(), made.end());
}

void House::conduct() {
  while (must(engine_.autopilot.round()) > 0) {
  }
}

void make_past(const std::string& path, unsigned tasks) {
  Vtid pattern(1);
  {
    Clock clock(std::chrono::hours(24 * 40));
    House house(path, clock);
    pattern = house.live(1);
  }
  if (tasks > 1) repeat_task(path, pattern, tasks - 1);
}

double processor_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace vitana::bench
