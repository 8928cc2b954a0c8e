// Labels choose which workers are granted what.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/labels.h"
#include "support/world.h"

namespace vitana::testing {
namespace {

using namespace std::chrono_literals;
using domain::RunState;
using domain::Step;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const domain::Caller builder{.actor = "builder", .role = domain::Role::worker};

/// One run of "fixer", and one of "other".
struct Labels : ::testing::Test {
  WorldOptions options;
  std::unique_ptr<World> made;
  int requests = 0;

  World& world() {
    if (made) return *made;
    made = std::make_unique<World>(options);
    made->repository().commit({{"docs/specs/00001-x.md", sample_spec("One")}});
    made->scan();
    engine::Submission other{.vtid = Vtid(2), .text = sample_spec("Two"), .agent = "other"};
    other.provenance.source = domain::SpecSource::manual;
    EXPECT_TRUE(made->engine().registry.submit(other, "op"));
    made->conduct();
    return *made;
  }
  /// The tasks whose runs a worker with these labels is granted.
  std::vector<std::uint32_t> granted(const std::vector<std::string>& labels) {
    auto& workers = world().engine().workers;
    const auto worker = workers.enter({.name = "hand", .labels = labels}, builder);
    EXPECT_TRUE(worker) << to_string(worker.error());
    std::vector<std::uint32_t> vtids;
    const auto claimed = workers.claim(worker->id, builder, std::to_string(++requests), 2);
    EXPECT_TRUE(claimed);
    for (const auto& one : claimed->assignments) vtids.push_back(one.run.id.vtid.number());
    return vtids;
  }
};

TEST_F(Labels, WithoutAnyEveryWorkerTakesAll) { EXPECT_THAT(granted({}), ElementsAre(1, 2)); }

TEST_F(Labels, WhoLacksThemSpeaksForNobodyElse) {
  options.repo_labels = {"site:home"};
  auto& workers = world().engine().workers;
  const auto claimed_by = [&](const std::string& name, const std::vector<std::string>& labels) {
    const auto worker = workers.enter({.name = name, .labels = labels}, builder);
    EXPECT_TRUE(worker);
    return *workers.claim(worker->id, builder, std::to_string(++requests), 2);
  };
  EXPECT_FALSE(claimed_by("plain", {}).for_nobody);
  EXPECT_THAT(claimed_by("home", {"site:home"}).assignments, ::testing::SizeIs(2));
  EXPECT_TRUE(claimed_by("home", {"site:home"}).for_nobody);
}

TEST_F(Labels, ThatAnAgentNeedsAreNeededForItsRunsAlone) {
  options.agent_labels = {{"fixer", {"gpu", "os:linux"}}};
  EXPECT_THAT(granted({"gpu"}), ElementsAre(2));
  EXPECT_THAT(granted({"gpu"}), IsEmpty());
  EXPECT_THAT(granted({"big", "os:linux", "gpu"}), ElementsAre(1));
}

TEST_F(Labels, ThatARepositoryNeedsAreNeededForAllOfIts) {
  options.repo_labels = {"site:home"};
  EXPECT_THAT(granted({"gpu"}), IsEmpty());
  EXPECT_THAT(granted({"site:home"}), ElementsAre(1, 2));
}

TEST_F(Labels, AreNeededTogether) {
  options.repo_labels = {"site:home", "gpu"};
  options.agent_labels = {{"other", {"gpu", "big"}}};
  EXPECT_THAT(engine::needed_labels(world().engine().setup(), "other", "hub"), ElementsAre("gpu", "big", "site:home"));
  EXPECT_THAT(engine::needed_labels(world().engine().setup(), "nobody", "nowhere"), IsEmpty());
  EXPECT_THAT(granted({"site:home", "gpu"}), ElementsAre(1));
}

TEST_F(Labels, HoldForTheEnginesOwnWorkersToo) {
  options.labels = {"gpu"};
  options.agent_labels = {{"other", {"big"}}};
  EXPECT_TRUE(world().work_one({Step::execute}));
  EXPECT_FALSE(world().work_one({Step::execute}));
  EXPECT_EQ(world().runs(Vtid(2)).back().state, RunState::pending_pickup);
  EXPECT_TRUE(world().work_one({Step::verify})) << "judging needs none";
}

TEST_F(Labels, ARunThatTheEnginesOwnWorkersCannotTakeWaitsUntilItsDeadline) {
  options.own_workers = true;
  options.agent_labels = {{"other", {"big"}}};
  world();
  for (int i = 0; i < 4; ++i) {
    world().clock().advance(10min);
    world().conduct();
  }
  EXPECT_EQ(world().runs(Vtid(1)).back().state, RunState::pending_pickup) << "it waits for a slot here";
  const auto failed = world().runs(Vtid(2)).front().failure;
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->code, FailureCode::PICKUP_TIMEOUT);
}

}  // namespace
}  // namespace vitana::testing
