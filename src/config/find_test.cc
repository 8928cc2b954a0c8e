#include "config/find.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace vitana::config {
namespace {

class FindConfig : public ::testing::Test {
 protected:
  FileReader reader() {
    return [this](const std::string& path) -> Result<std::optional<std::string>> {
      asked.push_back(path);
      if (path == unreadable) return failure(FailureCode::CONFIG_INVALID, "no permission");
      const auto it = files.find(path);
      if (it == files.end()) return std::optional<std::string>();
      return std::optional(it->second);
    };
  }

  std::map<std::string, std::string> files;
  std::string unreadable;
  std::vector<std::string> asked;
};

TEST_F(FindConfig, TakesTheNearestUpwards) {
  files = {{"/srv/vitana.toml", "far"}, {"/srv/hub/vitana.toml", "near"}};
  const auto found = find_config("/srv/hub/src/", reader());
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->path, "/srv/hub/vitana.toml");
  EXPECT_EQ((*found)->folder, "/srv/hub");
  EXPECT_EQ((*found)->text, "near");
}

TEST_F(FindConfig, EndsAtTheRoot) {
  const auto found = find_config("/a/b", reader());
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
  EXPECT_THAT(asked, ::testing::ElementsAre("/a/b/vitana.toml", "/a/vitana.toml", "/vitana.toml"));
}

TEST_F(FindConfig, AFileThatCannotBeReadHidesThoseAbove) {
  files = {{"/srv/vitana.toml", "far"}};
  unreadable = "/srv/hub/vitana.toml";
  const auto found = find_config("/srv/hub", reader());
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, FailureCode::CONFIG_INVALID);
}

}  // namespace
}  // namespace vitana::config
