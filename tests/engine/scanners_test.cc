// The threads that read repositories: one that does not answer holds up no other.
#include <gtest/gtest.h>

#include <future>

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

}  // namespace
}  // namespace vitana::testing
