#include "git/source.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"

namespace vitana::git {
namespace {

using test::must;

struct SourceTest : testing::Test {
  TempDir temp = test::temp_dir();
  test::UserRepository user{temp.path() / "user"};
  Git git{{}};

  Source at(const std::string& name) const { return Source::at_path(temp.path() / name); }
  Source url(const std::string& name) const {
    return Source::at_url("file://" + (temp.path() / name).string());
  }
};

TEST_F(SourceTest, TheTipIsTheSameFromAPathABareCloneALinkedWorkTreeAndAUrl) {
  const auto commit = user.commit_file("a", "1");
  user.git({"clone", "--quiet", "--bare", ".", "../bare.git"});
  user.git({"worktree", "add", "--quiet", "--detach", "../linked"});
  for (const auto& source :
       {at("user"), at("user/.git"), at("bare.git"), at("linked"), url("user"), url("bare.git")}) {
    EXPECT_EQ(must(remote_tip(git, source, "main")), commit) << source.to_string();
  }
}

TEST_F(SourceTest, PackedRefsAreFound) {
  const auto commit = user.commit_file("a", "1");
  user.git({"pack-refs", "--all"});
  EXPECT_EQ(must(remote_tip(git, user.source(), "main")), commit);
}

TEST_F(SourceTest, ABranchOfAnEmptyRepositoryIsMissing) {
  EXPECT_EQ(remote_tip(git, user.source(), "main").error().code, FailureCode::BRANCH_MISSING);
  EXPECT_EQ(remote_tip(git, url("user"), "main").error().code, FailureCode::BRANCH_MISSING);
}

TEST_F(SourceTest, ARefThatOnlyEndsLikeTheOneAskedForDoesNotCount) {
  user.commit_file("a", "1");
  user.git({"update-ref", "refs/x/refs/heads/ghost", "HEAD"});
  EXPECT_EQ(must(remote_ref(git, url("user"), "refs/heads/ghost")), std::nullopt);
}

TEST_F(SourceTest, ATagOfThatNameIsNoBranch) {
  user.commit_file("a", "1");
  user.git({"tag", "release"});
  EXPECT_EQ(must(remote_ref(git, user.source(), "refs/heads/release")), std::nullopt);
}

TEST_F(SourceTest, AGoneRepositoryIsUnavailable) {
  EXPECT_EQ(remote_tip(git, at("gone"), "main").error().code, FailureCode::REPO_UNAVAILABLE);
  EXPECT_EQ(remote_tip(git, url("gone"), "main").error().code, FailureCode::REPO_UNAVAILABLE);
}

TEST_F(SourceTest, AFolderInsideARepositoryIsNotTakenForIt) {
  user.commit_file("folder/a", "1");
  EXPECT_EQ(remote_tip(git, at("user/folder"), "main").error().code, FailureCode::REPO_UNAVAILABLE);
}

TEST_F(SourceTest, TheDefaultBranchIsWhereHeadPoints) {
  user.commit_file("a", "1");
  user.git({"checkout", "--quiet", "-b", "trunk"});
  EXPECT_EQ(must(default_branch(git, user.source())), "trunk");
  EXPECT_EQ(must(default_branch(git, url("user"))), "trunk");
}

TEST_F(SourceTest, ADetachedHeadNamesNoBranch) {
  user.commit_file("a", "1");
  user.git({"checkout", "--quiet", "--detach"});
  EXPECT_EQ(default_branch(git, user.source()).error().code, FailureCode::BRANCH_MISSING);
  EXPECT_EQ(default_branch(git, url("user")).error().code, FailureCode::BRANCH_MISSING);
}

TEST_F(SourceTest, AnOptionInPlaceOfAUrlIsNotObeyed) {
  const auto mark = temp.path() / "ran";
  const auto evil = Source::at_url("--upload-pack=touch " + mark.string());
  EXPECT_FALSE(remote_tip(git, evil, "main"));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST_F(SourceTest, AUrlCannotNameAProgram) {
  const auto mark = temp.path() / "ran";
  EXPECT_FALSE(remote_tip(git, Source::at_url("ext::touch " + mark.string()), "main"));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

TEST_F(SourceTest, TheIdentityIsTheRepositorysOwn) {
  EXPECT_EQ(must(configured_identity(git, user.source())), std::nullopt);
  user.git({"config", "user.name", "Ada L"});
  user.git({"config", "user.email", "ada@example.org"});
  EXPECT_EQ(must(configured_identity(git, user.source())), (Identity{"Ada L", "ada@example.org"}));
}

}  // namespace
}  // namespace vitana::git
