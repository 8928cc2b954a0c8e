#include "domain/access.h"

#include <gtest/gtest.h>

#include <string>

namespace vitana::domain {
namespace {

std::string rights_of(Role role) {
  std::string text;
  for (const auto right : all_rights) {
    if (may(role, right)) text += (text.empty() ? "" : " ") + std::string(name_of(right));
  }
  return text;
}

TEST(Access, EachRoleHasItsRightsAndNoOther) {
  EXPECT_EQ(rights_of(Role::viewer), "see");
  EXPECT_EQ(rights_of(Role::operator_), "see act");
  EXPECT_EQ(rights_of(Role::worker), "work");
  EXPECT_EQ(rights_of(Role::verifier), "work judge");
  EXPECT_EQ(rights_of(Role::admin), "see act work judge administer");
}

TEST(Access, ARoleIsFoundByItsName) {
  for (const auto one : all_roles) EXPECT_EQ(role(name_of(one)), one);
  EXPECT_EQ(role("operator_"), std::nullopt);
  EXPECT_EQ(role(""), std::nullopt);
}

TEST(Access, WhoIsBoundToRepositoriesReachesNothingElse) {
  const Caller bound{"ci", Role::operator_, {"hub", "web"}};
  EXPECT_TRUE(bound.reaches("hub"));
  EXPECT_FALSE(bound.reaches("hu"));
  EXPECT_FALSE(bound.reaches(""));
  const Caller free{"ci", Role::viewer};
  EXPECT_TRUE(free.reaches("hub"));
  EXPECT_TRUE(free.reaches(""));
}

}  // namespace
}  // namespace vitana::domain
