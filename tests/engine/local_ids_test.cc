// Repositories whose specs carry no VTID: a file's path stands for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "support/world.h"

namespace vitana::testing {
namespace {

using domain::TaskStatus;

class LocalIds : public ::testing::Test {
 protected:
  static WorldOptions options() {
    WorldOptions options;
    options.local_ids = true;
    return options;
  }
  std::optional<Vtid> id_of(const std::string& path) {
    std::optional<Vtid> vtid;
    const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
      for (const auto& file : reader.repo_files("hub")) {
        if (file.path == path) vtid = file.vtid;
      }
      return {};
    });
    EXPECT_TRUE(read);
    return vtid;
  }

  /// As it is recorded; empty: it is not.
  std::string file_of(const std::string& path) {
    std::string outcome;
    const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
      for (const auto& file : reader.repo_files("hub")) {
        if (file.path == path) outcome = file.outcome;
      }
      return {};
    });
    EXPECT_TRUE(read);
    return outcome;
  }

  World world_{options()};
};

TEST_F(LocalIds, EachFileGetsANumberOfItsOwnAndIsCarriedOut) {
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The menu")},
                              {"docs/specs/colour.md", sample_spec("The colour")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/colour.md"), Vtid(1));
  EXPECT_EQ(id_of("docs/specs/menu.md"), Vtid(2));
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::completed);
  EXPECT_EQ(world_.task(Vtid(2)).status, TaskStatus::completed);
}

TEST_F(LocalIds, AnEditedFileIsANewVersionOfItsTask) {
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The menu")}});
  world_.scan();
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The whole menu")}});
  world_.scan();
  EXPECT_EQ(id_of("docs/specs/menu.md"), Vtid(1));
  EXPECT_EQ(world_.task(Vtid(1)).spec->version, 2);
  EXPECT_FALSE(world_.find(Vtid(2)));
}

TEST_F(LocalIds, ARenamedFileKeepsItsNumberAndNothingRunsAgain) {
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The menu")}});
  world_.settle();
  world_.repository().commit({{"docs/specs/menu.md", ""},
                              {"docs/specs/done/menu.md", sample_spec("The menu")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/done/menu.md"), Vtid(1));
  EXPECT_EQ(world_.runs(Vtid(1)).size(), 1U);
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("Another menu")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/menu.md"), Vtid(2));
}

TEST_F(LocalIds, FilesThatChangePlacesKeepTheirNumbers) {
  world_.repository().commit({{"docs/specs/a.md", sample_spec("One")}, {"docs/specs/b.md", sample_spec("Two")},
                              {"docs/specs/c.md", sample_spec("Three")}});
  world_.settle();
  world_.repository().commit({{"docs/specs/a.md", sample_spec("Two")}, {"docs/specs/b.md", sample_spec("One")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/a.md"), Vtid(2));
  EXPECT_EQ(id_of("docs/specs/b.md"), Vtid(1));
  world_.repository().commit({{"docs/specs/a.md", sample_spec("One")}, {"docs/specs/b.md", sample_spec("Three")},
                              {"docs/specs/c.md", sample_spec("Two")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/a.md"), Vtid(1));
  EXPECT_EQ(id_of("docs/specs/b.md"), Vtid(3));
  EXPECT_EQ(id_of("docs/specs/c.md"), Vtid(2));
  for (const auto vtid : {Vtid(1), Vtid(2), Vtid(3)}) {
    EXPECT_EQ(world_.task(vtid).status, TaskStatus::completed);
    EXPECT_EQ(world_.task(vtid).spec->version, 1);
    EXPECT_EQ(world_.runs(vtid).size(), 1U);
  }
}

TEST_F(LocalIds, OneThatIsEditedAsItChangesPlacesIsANewVersion) {
  world_.repository().commit({{"docs/specs/a.md", sample_spec("One")}, {"docs/specs/b.md", sample_spec("Two")}});
  world_.scan();
  world_.repository().commit({{"docs/specs/a.md", sample_spec("Two")}, {"docs/specs/b.md", sample_spec("One more")}});
  world_.settle();
  EXPECT_EQ(id_of("docs/specs/a.md"), Vtid(2));
  EXPECT_EQ(id_of("docs/specs/b.md"), Vtid(1));
  EXPECT_EQ(world_.task(Vtid(1)).spec->version, 2);
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::completed);
  EXPECT_EQ(world_.task(Vtid(2)).status, TaskStatus::completed);
}

TEST_F(LocalIds, AMoveIsToldOnceAndTheOldPathIsForgotten) {
  const auto outcomes = [this] {
    std::map<std::string, std::string> all;
    const auto report = world_.engine().registry.sync(world_.engine().setup().repos.front());
    for (const auto& file : report->files) all[file.path] = file.outcome;
    return all;
  };
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The menu")}});
  world_.scan();
  world_.repository().commit({{"docs/specs/menu.md", ""}, {"docs/specs/list.md", sample_spec("The menu")}});
  EXPECT_THAT(outcomes(), ::testing::ElementsAre(::testing::Pair("docs/specs/list.md", "renamed")));
  EXPECT_EQ(file_of("docs/specs/list.md"), "unchanged");
  EXPECT_EQ(file_of("docs/specs/menu.md"), "");
}

TEST_F(LocalIds, AFileThatIsGoneIsMissing) {
  world_.repository().commit({{"docs/specs/menu.md", sample_spec("The menu")}});
  world_.scan();
  world_.repository().commit({{"docs/specs/menu.md", ""}});
  world_.scan();
  EXPECT_EQ(file_of("docs/specs/menu.md"), "missing");
  EXPECT_THAT(world_.event_types(Vtid(1)), ::testing::Contains("vtid.spec.source_missing"));
}

TEST_F(LocalIds, AnIgnoredFileThatIsGoneIsForgotten) {
  world_.repository().commit({{"docs/specs/notes.md", "Only words.\n"}});
  world_.scan();
  EXPECT_EQ(file_of("docs/specs/notes.md"), "ignored");
  world_.repository().commit({{"docs/specs/notes.md", ""}});
  world_.scan();
  EXPECT_EQ(file_of("docs/specs/notes.md"), "");
}

std::string backlog_task(const std::string& title, const std::string& needs) {
  return "---\ntitle: " + title + "\ndependencies: [" + needs + "]\n---\n\n## Description\n\nThe page needs it.\n\n" +
         "## Acceptance Criteria\n\n- [ ] #1 It is there\n";
}

TEST_F(LocalIds, ADependencyIsNamedAsTheBacklogDoes) {
  world_.repository().commit({{"docs/specs/task-1 - Menu.md", backlog_task("Menu", "TASK-2")},
                              {"docs/specs/task-2 - Colour.md", backlog_task("Colour", "")},
                              {"docs/specs/task-22 - Bar.md", backlog_task("Bar", "")}});
  world_.scan();
  EXPECT_EQ(world_.task(Vtid(1)).waits.dependencies_open, 1);
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::completed);
}

TEST_F(LocalIds, ADependencyThatNoFileIsCalledIsSaidAndDoesNotBlock) {
  world_.repository().commit({{"docs/specs/task-1 - Menu.md", backlog_task("Menu", "task-9")}});
  const auto report = world_.engine().registry.sync(world_.engine().setup().repos.front());
  EXPECT_EQ(report->files.front().outcome, "registered");
  EXPECT_THAT(report->files.front().reason, ::testing::HasSubstr("SPEC_DEPENDENCY_UNKNOWN"));
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::scheduled);
}

TEST_F(LocalIds, SpecsThatNameEachOtherDoNotRun) {
  world_.repository().commit({{"docs/specs/task-1 - Menu.md", backlog_task("Menu", "task-2")},
                              {"docs/specs/task-2 - Colour.md", backlog_task("Colour", "task-1")}});
  world_.settle();
  EXPECT_EQ(world_.task(Vtid(1)).status, TaskStatus::blocked);
  EXPECT_EQ(world_.task(Vtid(2)).status, TaskStatus::draft);
}

TEST_F(LocalIds, ALostStoreFindsWhatWasDeliveredByItsText) {
  world_.repository().commit({{"docs/specs/b.md", sample_spec("The menu")}});
  world_.settle();
  world_.repository().commit({{"docs/specs/a.md", sample_spec("The colour")}});
  world_.settle();
  auto same = options();
  same.repository = [&](const auto&) {
    return std::shared_ptr<port::Repository>(std::shared_ptr<void>(), &world_.repository());
  };
  World again{same};
  again.settle();
  EXPECT_EQ(again.runs(Vtid(1)).size(), 0U);
  EXPECT_EQ(again.runs(Vtid(2)).size(), 0U);
  EXPECT_EQ(again.task(Vtid(1)).title, "The menu");
  EXPECT_EQ(again.task(Vtid(1)).status, TaskStatus::completed);
  EXPECT_EQ(again.task(Vtid(2)).title, "The colour");
}

/// More files than one unit of work takes in, and a death between two units.
class LocalIdsHalfRead : public ::testing::Test {
 protected:
  struct Death {};

  WorldOptions options() {
    WorldOptions options;
    options.local_ids = true;
    options.around_commit = [this](bool after) {
      if (after && commits_left_ > 0 && --commits_left_ == 0) throw Death{};
    };
    return options;
  }
  static std::string path(std::size_t i) { return fmt::format("docs/specs/{:03}-x.md", i); }

  int commits_left_ = 0;
  World world_{options()};
};

TEST_F(LocalIdsHalfRead, WhatChangedPlacesIsMovedOnce) {
  constexpr auto last = engine::sync_files_per_unit + 19;
  const auto text = [](std::size_t i) { return sample_spec(fmt::format("Number {}", i)); };
  SimRepository::Tree files;
  for (std::size_t i = 0; i <= last; ++i) files[path(i)] = text(i);
  world_.repository().commit(files);
  world_.scan();
  const auto vtid_of = [&](std::size_t i) {
    std::optional<Vtid> vtid;
    const auto read = world_.store().read([&](store::Reader& reader) -> Result<void> {
      for (const auto& file : reader.repo_files("hub")) {
        if (file.path == path(i)) vtid = file.vtid;
      }
      return {};
    });
    EXPECT_TRUE(read);
    return vtid;
  };
  const auto one = vtid_of(last - 1);
  const auto other = vtid_of(last);

  for (std::size_t i = 0; i <= last; ++i) files[path(i)] = text(i) + "\nEdited.\n";
  files[path(last - 1)] = text(last);
  files[path(last)] = text(last - 1);
  world_.repository().commit(files);
  commits_left_ = 1;  // the first unit
  EXPECT_THROW(world_.scan(), Death);
  world_.restart();
  world_.scan();
  EXPECT_EQ(vtid_of(last), one);
  EXPECT_EQ(vtid_of(last - 1), other);
}

}  // namespace
}  // namespace vitana::testing
