// The threads that read repositories: one that does not answer holds up no other.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>

#include "base/stop.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;

/// Answers nothing until it is let go.
class SilentRepository : public SimRepository {
 public:
  explicit SilentRepository(std::shared_future<void> end) : end_(std::move(end)) {}
  Result<std::optional<std::string>> branch_tip() override {
    end_.wait();
    return failure(FailureCode::REPO_UNAVAILABLE, "no answer");
  }

 private:
  std::shared_future<void> end_;
};

/// Answers nothing until its reader is stopped.
class StoppableRepository : public SimRepository {
 public:
  explicit StoppableRepository(std::promise<void>& asked) : asked_(asked) {}
  Result<std::optional<std::string>> branch_tip() override {
    Turn turn;
    const auto taken = turn.take("nobody");
    asked_.set_value();
    return failure(turn.take("an answer").error());
  }

 private:
  std::promise<void>& asked_;
};

class Scanners : public ::testing::Test {
 protected:
  void add(const std::string& name, std::shared_ptr<port::Repository> repository, const std::string& folder) {
    engine::RepoSetup repo{name, std::move(repository)};
    repo.specs = {"docs/specs/**/*.md"};
    repo.folder = folder;
    setup_.repos.push_back(std::move(repo));
  }
  void add_silent(const std::string& name) {
    add(name, std::make_shared<SilentRepository>(silent_until_), "");
  }
  /// Starts an engine and stops it as soon as `asked` says so; how many faults it saw meanwhile.
  int faults_when_stopped(std::future<void> asked) {
    auto opened = store::Store::open({":memory:", store::OpenMode::engine, {}}, clock_, entropy_);
    engine::Engine engine(**opened, clock_, entropy_, setup_);
    std::atomic<int> faults = 0;
    if (!engine.autopilot.start("1", {}, {.fault = [&](const std::string&, const Error&) { ++faults; }})) return -1;
    asked.wait();
    engine.autopilot.request_stop();
    engine.autopilot.join();
    return faults;
  }
  std::shared_ptr<SimRepository> repository() {
    auto made = std::make_shared<SimRepository>();
    made->commit({{"docs/specs/00001-menu.md", sample_spec()}});
    return made;
  }
  /// Starts an engine and waits until it has read `name`; the silent ones are let go after that.
  bool reads(const std::string& name) {
    auto opened = store::Store::open({":memory:", store::OpenMode::engine, {}}, clock_, entropy_);
    engine::Engine engine(**opened, clock_, entropy_, setup_);
    std::promise<void> done;
    engine::Autopilot::Hooks hooks;
    hooks.synced = [&](const engine::RepoSync& synced) {
      if (synced.repo == name) done.set_value();
    };
    if (!engine.autopilot.start("1", {}, hooks)) return false;
    const bool read = done.get_future().wait_for(10s) == std::future_status::ready;
    EXPECT_FALSE(engine.autopilot.scanned());
    end_.set_value();
    engine.autopilot.request_stop();
    engine.autopilot.join();
    return read;
  }

 private:
  SimClock clock_;
  SimEntropy entropy_{1};
  engine::Setup setup_;
  std::promise<void> end_;
  std::shared_future<void> silent_until_ = end_.get_future().share();
};

TEST_F(Scanners, ARepositoryOnThisMachineIsReadWhileAllOthersAreSilent) {
  for (int i = 0; i < engine::remote_scanners_max + 1; ++i) add_silent("far" + std::to_string(i));
  add("hub", repository(), "/hub");
  EXPECT_TRUE(reads("hub"));
}

TEST_F(Scanners, ARepositoryElsewhereIsReadWhileAnotherOneIsSilent) {
  add_silent("far");
  add("near", repository(), "");
  EXPECT_TRUE(reads("near"));
}

TEST_F(Scanners, AStopCutsAScanAndThatIsNoFaultOfTheRepository) {
  std::promise<void> asked;
  add("far", std::make_shared<StoppableRepository>(asked), "");
  EXPECT_EQ(faults_when_stopped(asked.get_future()), 0);
}

int told(World& world) {
  const auto types = world.event_types();
  return static_cast<int>(std::count(types.begin(), types.end(),
                                     domain::event_info(domain::EventType::repo_unavailable).name));
}

TEST(UnreadableRepository, IsToldOnceUntilItWasRead) {
  World world;
  world.scan();
  for (int outage = 1; outage <= 2; ++outage) {
    world.repository().unavailable = true;
    world.scan();
    world.scan();
    EXPECT_EQ(told(world), outage);
    world.repository().unavailable = false;
    world.scan();
  }
}

TEST(UnreadableRepository, IsNotToldAgainByTheNextEngine) {
  World world;
  world.repository().unavailable = true;
  world.scan();
  world.restart();
  world.scan();
  EXPECT_EQ(told(world), 1);
}

}  // namespace
}  // namespace vitana::testing
