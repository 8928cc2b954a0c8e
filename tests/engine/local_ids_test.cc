// Repositories whose specs carry no VTID: a file's path stands for one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vitana::testing
