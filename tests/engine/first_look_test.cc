// A store that has not read its repository yet: new, or after its data directory was lost.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/world.h"

namespace vitana::testing {
namespace {

using domain::BlockReason;
using domain::TaskStatus;

const std::string path = "docs/specs/00001-menu.md";

engine::Submission manual(std::optional<Vtid> vtid, const std::string& text) {
  return {.vtid = vtid, .text = text,
          .provenance = {.source = domain::SpecSource::manual, .author = "op", .reason = "by hand"}};
}

/// A world on the repository of another one: its own store knows nothing of it.
WorldOptions beside(World& other) {
  WorldOptions options;
  options.repository = [&](const auto&) {
    return std::shared_ptr<port::Repository>(std::shared_ptr<void>(), &other.repository());
  };
  return options;
}

TEST(FirstLook, ATypedTaskGetsNoNumberThatWasDelivered) {
  World lost;
  ASSERT_TRUE(lost.engine().registry.create_task({{}, "Footer", sample_spec("Footer")}, "op"));
  lost.settle();
  ASSERT_EQ(lost.repository().deliveries_of("VTID-00001"), 1);
  World world(beside(lost));
  const auto made = world.engine().registry.create_task({{}, "Footer", sample_spec("Other")}, "op");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->vtid, Vtid(2));
}

TEST(FirstLook, ATypedTaskGetsNoNumberOfACommittedFile) {
  World world;
  world.repository().commit({{path, sample_spec("The committed one")}});
  const auto made = world.engine().registry.create_task({{}, "Typed", sample_spec("Typed")}, "op");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->vtid, Vtid(2));
  world.scan();
  EXPECT_EQ(world.task(Vtid(1)).title, "The committed one");
  EXPECT_EQ(world.task(Vtid(2)).title, "Typed");
}

TEST(FirstLook, ATypedTaskGetsNoNumberOfAFileThatWasCommittedSinceTheLastScan) {
  World world;
  world.scan();
  world.repository().commit({{path, sample_spec("The committed one")}});
  const auto made = world.engine().registry.create_task({{}, "Typed", sample_spec("Typed")}, "op");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->vtid, Vtid(2));
}

TEST(FirstLook, ARepositoryOnAnotherMachineIsNotWaitedForOnceItWasRead) {
  World lost;
  WorldOptions options = beside(lost);
  options.elsewhere = true;
  lost.repository().commit({{path, sample_spec("The first")}});
  World world(options);
  ASSERT_EQ(world.engine().registry.create_task({{}, "A", sample_spec("A")}, "op")->vtid, Vtid(2));
  lost.repository().commit({{"docs/specs/00003-x.md", sample_spec("Not read yet")}});
  EXPECT_EQ(world.engine().registry.create_task({{}, "B", sample_spec("B")}, "op")->vtid, Vtid(3));
}

TEST(FirstLook, ARegisteredTextThatWasDeliveredIsCompletedAndRunsNoSecondTime) {
  World lost;
  ASSERT_TRUE(lost.engine().registry.submit(manual(Vtid(7), sample_spec()), "op"));
  lost.settle();
  ASSERT_EQ(lost.repository().deliveries_of("VTID-00007"), 1);
  World world(beside(lost));
  ASSERT_TRUE(world.engine().registry.submit(manual(Vtid(7), sample_spec()), "op"));
  world.settle();
  EXPECT_EQ(world.task(Vtid(7)).status, TaskStatus::completed);
  EXPECT_TRUE(world.runs(Vtid(7)).empty());
}

TEST(FirstLook, ANumberThatWasDeliveredTakesNoOtherTextUnlessAPersonInsists) {
  World lost;
  ASSERT_TRUE(lost.engine().registry.submit(manual(Vtid(7), sample_spec()), "op"));
  lost.settle();
  World world(beside(lost));
  auto other = manual(Vtid(7), sample_spec("Another text"));
  const auto refused = world.engine().registry.submit(other, "op");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::SPEC_CONFLICT);
  EXPECT_FALSE(world.engine().registry.create_task({Vtid(7), "Seven", ""}, "op"));
  other.resolve = true;
  EXPECT_TRUE(world.engine().registry.submit(other, "op"));
}

TEST(FirstLook, WithoutItNoNumberIsGivenOutAndNothingRuns) {
  World world;
  world.repository().unavailable = true;
  const auto refused = world.engine().registry.create_task({{}, "Typed", sample_spec()}, "op");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::REPO_UNAVAILABLE);
  const auto asked = world.engine().registry.create_task({Vtid(7), "Typed", sample_spec()}, "op");
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().code, FailureCode::REPO_UNAVAILABLE);
  const auto draft = world.engine().drafts.create("Typed", sample_spec(), Vtid(7), "op");
  ASSERT_TRUE(draft);
  EXPECT_EQ(world.engine().drafts.approve(draft->id, "op").error().code, FailureCode::REPO_UNAVAILABLE);
  const auto numbered = world.engine().registry.submit(manual(Vtid(7), sample_spec()), "op");
  ASSERT_FALSE(numbered);
  EXPECT_EQ(numbered.error().code, FailureCode::REPO_UNAVAILABLE);
  world.repository().unavailable = false;
  ASSERT_TRUE(world.engine().registry.submit(manual(Vtid(7), sample_spec()), "op"));
  world.settle();
  EXPECT_EQ(world.task(Vtid(7)).status, TaskStatus::completed);
}

TEST(FirstLook, ARepositoryThatWasReadBeforeMayBeOutOfReach) {
  World world;
  world.scan();
  world.repository().unavailable = true;
  EXPECT_TRUE(world.engine().registry.create_task({{}, "Typed", sample_spec()}, "op"));
}

// What was there at the first look is held, whatever its state then was.

class ThereBefore : public ::testing::Test {
 protected:
  static WorldOptions options() {
    WorldOptions options;
    options.adopt_all = false;
    return options;
  }
  void expect_held_until_adopted() {
    world_.settle();
    EXPECT_EQ(world_.task(Vtid(1)).blocked, BlockReason::not_adopted);
    ASSERT_TRUE(world_.engine().desk.adopt("VTID-00001", engine::Adoption::run, "op"));
    world_.settle();
    EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::completed);
  }

  World world_{options()};
};

TEST_F(ThereBefore, AnInvalidSpecIsHeldOnceItIsMended) {
  world_.repository().commit({{path, "# Menu\n\n## Summary\n\nThe menu has to be mended.\n"}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::draft);
  world_.repository().commit({{path, "# Menu\n\n## Summary\n\nThe menu has to be mended, or so.\n"}});
  world_.settle();
  world_.repository().commit({{path, sample_spec()}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, ASpecInConflictIsHeldOnceItsRivalIsGone) {
  world_.repository().commit({{path, sample_spec("One")}, {"docs/specs/00001-b.md", sample_spec("Two")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(1)).blocked, BlockReason::spec_conflict);
  world_.repository().commit({{"docs/specs/00001-b.md", ""}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, AHeldSpecThatIsEditedStaysHeld) {
  world_.repository().commit({{path, sample_spec("One")}});
  world_.settle();
  world_.repository().commit({{path, sample_spec("One, edited")}});
  expect_held_until_adopted();
}

// A file that claimed no task's number, or another one, when it was first seen.

std::string numbered(int number, const std::string& title = "Menu") {
  return fmt::format("---\nvtid: VTID-{:05}\n---\n", number) + sample_spec(title);
}

TEST_F(ThereBefore, AFileOfTwoNumbersIsHeldOnceItIsMended) {
  world_.repository().commit({{path, numbered(2)}});
  world_.settle();
  ASSERT_FALSE(world_.find(Vtid(1)));
  world_.repository().commit({{path, sample_spec()}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, AnEmptyFileIsHeldOnceItHasAText) {
  world_.repository().commit({{path, "\n"}});
  world_.settle();
  world_.repository().commit({{path, sample_spec()}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, AFileWithoutANumberIsHeldOnceItIsCalledByOne) {
  world_.repository().commit({{"docs/specs/menu.md", sample_spec()}});
  world_.settle();
  world_.repository().commit({{"docs/specs/menu.md", ""}, {path, sample_spec()}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, AFileThatGetsAnotherNumberWhileItIsHeldStaysHeld) {
  world_.repository().commit({{"docs/specs/menu.md", numbered(2)}});
  world_.settle();
  world_.repository().commit({{"docs/specs/menu.md", numbered(1)}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, OneOfTwoRivalsThatGetsANumberOfItsOwnIsHeld) {
  world_.repository().commit({{"docs/specs/00002-a.md", sample_spec("One")}, {"docs/specs/b.md", numbered(2)}});
  world_.settle();
  ASSERT_EQ(world_.task(Vtid(2)).blocked, BlockReason::spec_conflict);
  world_.repository().commit({{"docs/specs/b.md", numbered(1)}});
  expect_held_until_adopted();
}

TEST_F(ThereBefore, AFileThatWasAdoptedIsHeldNoMore) {
  world_.repository().commit({{"docs/specs/menu.md", numbered(1)}});
  expect_held_until_adopted();
  world_.repository().commit({{"docs/specs/menu.md", numbered(4, "Menu, once more")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(4)).status, TaskStatus::completed);
}

TEST_F(ThereBefore, AFileThatWasMovedAndThenAdoptedIsHeldNoMore) {
  world_.options().agent = [](const auto&) {
    SimAgent fails;
    fails.error = Error{FailureCode::AGENT_FAILED, "exit 1"};
    return fails;
  };
  world_.repository().commit({{path, sample_spec()}});
  world_.settle();
  world_.repository().commit({{path, ""}, {"docs/specs/00001-moved.md", sample_spec()}});
  world_.settle();
  ASSERT_TRUE(world_.engine().desk.adopt("VTID-00001", engine::Adoption::run, "op"));
  world_.settle();
  world_.repository().commit({{"docs/specs/00001-moved.md", sample_spec("Mended")}});
  world_.scan();
  EXPECT_EQ(world_.task(Vtid(1)).blocked, std::nullopt);
}

TEST_F(ThereBefore, WhatIsAddedLaterUnderTheNumberThatAnOldFileClaimedRuns) {
  world_.repository().commit({{path, numbered(2, "Old")}});
  world_.settle();
  world_.repository().commit({{"docs/specs/00002-new.md", sample_spec("New")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(2)).status, TaskStatus::completed);
}

// What is reported of a file is true now.

TEST_F(ThereBefore, WhatLiesWhereNobodyHasLookedYetIsHeld) {
  world_.repository().commit({{"rfc/00001-menu.md", sample_spec()}});
  world_.settle();
  ASSERT_FALSE(world_.find(Vtid(1)));
  world_.options().specs = {"docs/specs/**/*.md", "rfc/*.md"};
  world_.restart();
  expect_held_until_adopted();
}

TEST_F(ThereBefore, WhatIsCommittedAfterThatRuns) {
  world_.settle();
  world_.options().specs = {"docs/specs/**/*.md", "rfc/*.md"};
  world_.restart();
  world_.settle();
  world_.repository().commit({{"rfc/00001-menu.md", sample_spec()}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::completed);
}

/// More files than one unit of work takes in, and a death between two units.
class HalfRead : public ::testing::Test {
 protected:
  struct Death {};

  static SimRepository::Tree many(const std::string& folder) {
    SimRepository::Tree files;
    for (std::uint32_t i = 1; i <= engine::sync_files_per_unit + 20; ++i) {
      files[fmt::format("docs/specs/{}/{:05}-x.md", folder, i)] = sample_spec(fmt::format("Number {}", i));
    }
    return files;
  }
  static SimRepository::Tree without(SimRepository::Tree files) {
    for (auto& [name, text] : files) text.clear();
    return files;
  }
  WorldOptions options() {
    WorldOptions options;
    options.adopt_all = false;
    options.around_commit = [this](bool after) {
      if (after && commits_left_ > 0 && --commits_left_ == 0) throw Death{};
    };
    return options;
  }
  void die_between_two_units() {
    commits_left_ = 2;  // which numbers there are, and the first unit
    EXPECT_THROW(world_.scan(), Death);
    world_.restart();
  }

  int commits_left_ = 0;
  World world_{options()};
};

TEST_F(HalfRead, IsReadToItsEndBeforeWhatTheBranchHoldsByThen) {
  world_.repository().commit(many("a"));
  die_between_two_units();
  // Moved away and mended meanwhile: what was there before must not count as new.
  auto moved = without(many("a"));
  moved.merge(many("b"));
  world_.repository().commit(moved);
  world_.scan();
  for (const auto number : {1U, static_cast<unsigned>(engine::sync_files_per_unit) + 20}) {
    EXPECT_EQ(world_.task(Vtid(number)).blocked, BlockReason::not_adopted) << number;
  }
  world_.repository().commit({{"docs/specs/b/00001-x.md", sample_spec("Number 1, edited")}});
  world_.scan();
  EXPECT_EQ(world_.task(Vtid(1)).title, "Number 1, edited");
  EXPECT_EQ(world_.task(Vtid(1)).blocked, BlockReason::not_adopted);
}

TEST(SyncReport, TheEndOfAConflictIsReportedForTheFileThatIsLeft) {
  World world;
  world.repository().commit({{path, sample_spec("One")}, {"docs/specs/00001-b.md", sample_spec("Two")}});
  world.scan();
  world.repository().commit({{"docs/specs/00001-b.md", ""}});
  const auto report = world.engine().registry.sync(world.engine().setup().repos.front());
  ASSERT_TRUE(report);
  const auto left = std::find_if(report->files.begin(), report->files.end(),
                                 [](const auto& file) { return file.path == path; });
  ASSERT_NE(left, report->files.end());
  EXPECT_EQ(left->outcome, "registered");
}

TEST(SyncReport, AFileWhoseTextWasChosenIsInConflictNoMore) {
  World world;
  world.repository().commit({{path, sample_spec("One")}});
  world.scan();
  world.repository().commit({{"docs/specs/00001-b.md", sample_spec("Two")}});
  world.scan();
  engine::Submission chosen{.vtid = Vtid(1), .text = sample_spec("Two"),
                            .provenance = {.source = domain::SpecSource::manual, .author = "op"}};
  chosen.resolve = true;
  ASSERT_TRUE(world.engine().registry.submit(chosen, "op"));
  const auto read = world.store().read([&](store::Reader& reader) -> Result<void> {
    for (const auto& file : reader.repo_files("hub")) {
      EXPECT_EQ(file.outcome == "conflict", file.path == path) << file.path << " " << file.outcome;
    }
    return {};
  });
  EXPECT_TRUE(read);
}

TEST(Conflict, EndsWhenTheLedgersOwnTextIsTheOneThatIsLeft) {
  World world;
  ASSERT_TRUE(world.engine().registry.create_task({Vtid(7), "T", sample_spec("Zero")}, "op"));
  world.repository().commit({{"docs/specs/00007-a.md", sample_spec("One")}, {"docs/specs/00007-b.md", sample_spec("Two")}});
  world.scan();
  EXPECT_EQ(world.task(Vtid(7)).blocked, BlockReason::spec_conflict);
  world.repository().commit({{"docs/specs/00007-a.md", ""}, {"docs/specs/00007-b.md", ""}});
  world.settle();
  EXPECT_EQ(world.task(Vtid(7)).status, TaskStatus::completed);
}

// A circle of dependencies: one of its texts is refused, until another one leaves it.

class Circle : public ::testing::Test {
 protected:
  static std::string on(const char* title, const char* other) {
    return (*other == 0 ? std::string() : fmt::format("---\ndepends_on: [{}]\n---\n", other)) + sample_spec(title);
  }
  void expect_all_completed(std::initializer_list<std::uint32_t> numbers) {
    for (const auto number : numbers) EXPECT_EQ(world_.task(Vtid(number)).status, TaskStatus::completed) << number;
    const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
      for (const auto& file : reader.repo_files("hub")) EXPECT_NE(file.outcome, "invalid") << file.path;
      return {};
    });
    EXPECT_TRUE(read);
    EXPECT_TRUE(world_.store().audit(std::nullopt)->empty());
  }

  World world_;
};

TEST_F(Circle, WhoLeavesItLetsTheOtherGoOn) {
  world_.repository().commit({{"docs/specs/00501-a.md", on("One", "VTID-00502")},
                              {"docs/specs/00502-b.md", on("Two", "VTID-00501")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(502)).status, TaskStatus::draft);
  world_.repository().commit({{"docs/specs/00501-a.md", on("One", "")}});
  world_.settle();
  expect_all_completed({501, 502});
}

TEST_F(Circle, OfThreeIsLeftByTheOneInTheMiddle) {
  world_.repository().commit({{"docs/specs/00501-a.md", on("One", "VTID-00502")},
                              {"docs/specs/00502-b.md", on("Two", "VTID-00503")},
                              {"docs/specs/00503-c.md", on("Three", "VTID-00501")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(503)).status, TaskStatus::draft);
  world_.repository().commit({{"docs/specs/00502-b.md", on("Two", "")}});
  world_.settle();
  expect_all_completed({501, 502, 503});
}

TEST_F(Circle, ATextThatIsRefusedMakesNobodyWait) {
  world_.repository().commit({{"docs/specs/00501-a.md", on("One", "VTID-00502")},
                              {"docs/specs/00502-b.md", on("Two", "VTID-00501")}});
  world_.settle();
  // 00502 is refused: that it names 00501 closes no circle for others.
  world_.repository().commit({{"docs/specs/00503-c.md", on("Three", "VTID-00502")},
                              {"docs/specs/00502-b.md", on("Two", "")}});
  world_.settle();
  expect_all_completed({501, 502, 503});
}

TEST_F(Circle, APersonsTextOpensItToo) {
  world_.repository().commit({{"docs/specs/00502-b.md", on("Two", "")}});
  world_.scan();
  ASSERT_TRUE(world_.engine().registry.submit(manual(Vtid(501), on("One", "VTID-00502")), "op"));
  world_.repository().commit({{"docs/specs/00502-b.md", on("Two", "VTID-00501")}});
  world_.scan();
  auto mended = manual(Vtid(501), on("One", ""));
  mended.resolve = true;
  ASSERT_TRUE(world_.engine().registry.submit(mended, "op"));
  world_.settle();
  expect_all_completed({501, 502});
}

// One rule for every source.

TEST(Numbers, ATypedTaskThatJumpsFarIsAskedAbout) {
  World world;
  const auto refused = world.engine().registry.create_task({Vtid(900'000), "Far", ""}, "op");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, FailureCode::VTID_JUMP);
  EXPECT_TRUE(world.engine().registry.create_task({Vtid(900'000), "Far", "", "", true}, "op"));
}

TEST(Numbers, TheSameTextUnderASecondNumberIsBlockedFromEverySource) {
  World world;
  ASSERT_TRUE(world.engine().registry.submit(manual(Vtid(1), sample_spec()), "op"));
  ASSERT_TRUE(world.engine().registry.submit(manual(Vtid(2), sample_spec()), "op"));
  ASSERT_TRUE(world.engine().registry.create_task({Vtid(3), "Same", sample_spec()}, "op"));
  for (const int again : {2, 3}) {
    EXPECT_EQ(world.task(Vtid(static_cast<std::uint32_t>(again))).blocked, BlockReason::spec_renumbered);
  }
  ASSERT_TRUE(world.engine().desk.approve_spec(Vtid(2), "op"));
  EXPECT_EQ(world.task(Vtid(2)).status, TaskStatus::scheduled);
}

}  // namespace
}  // namespace vitana::testing
