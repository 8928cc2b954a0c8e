#include "git/tree.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"

namespace vitana::git {
namespace {

using test::must;
using testing::ElementsAre;
using testing::IsEmpty;

struct TreeTest : testing::Test, test::Fixture {
  std::vector<std::string> paths(const std::vector<std::string>& globs) {
    std::vector<std::string> result;
    for (auto& entry : must(list_tree(*mirror, fetch(), globs))) result.push_back(entry.path);
    return result;
  }
};

TEST_F(TreeTest, ListsTheFilesThatMatch) {
  user.write("docs/specs/a.md", "a");
  user.write("docs/specs/deep/b.md", "b");
  user.write("docs/other.md", "c");
  user.commit();
  EXPECT_THAT(paths({}),
              ElementsAre("docs/other.md", "docs/specs/a.md", "docs/specs/deep/b.md", "readme.md"));
  EXPECT_THAT(paths({"docs/specs/**/*.md"}),
              ElementsAre("docs/specs/a.md", "docs/specs/deep/b.md"));
  EXPECT_THAT(paths({"docs/specs/*.md", "*.md"}), ElementsAre("docs/specs/a.md", "readme.md"));
  EXPECT_THAT(paths({"no/such/**"}), IsEmpty());
}

TEST_F(TreeTest, NamesOfEveryKindComeBackAsTheyAre) {
  const std::vector<std::string> names = {
      "--help", "a\nb\tc", "caf\xc3\xa9", "bad\xff", "\"q\" \\", ":(glob)x", "*"};
  for (const auto& name : names) user.write(name, name);
  user.commit();
  EXPECT_THAT(paths({}), testing::IsSupersetOf(names));
  for (const auto& name : names) {
    EXPECT_EQ(must(read_file(*mirror, user.head(), name, 100)), name);
    EXPECT_TRUE(must(last_commit_of(*mirror, user.head(), name)));
  }
}

TEST_F(TreeTest, ModesTellFilesProgramsLinksAndSubmodules) {
  test::write_program(user.path("run"), "x");
  std::filesystem::create_symlink("readme.md", user.path("link"));
  user.git({"add", "--all"});
  user.git({"update-index", "--add", "--cacheinfo", "160000," + first + ",sub"});
  user.git({"commit", "--quiet", "-m", "x"});
  std::vector<unsigned> modes;
  for (auto& entry : must(list_tree(*mirror, fetch()))) modes.push_back(entry.mode);
  EXPECT_THAT(modes, ElementsAre(mode::symlink, mode::file, mode::executable, mode::gitlink));
}

TEST_F(TreeTest, DifferencesNameKindModeAndContent) {
  user.write("gone", "1");
  user.write("kind", "1");
  const auto before = user.commit();
  std::filesystem::remove(user.path("gone"));
  std::filesystem::remove(user.path("kind"));
  std::filesystem::create_symlink("readme.md", user.path("kind"));
  user.write("new\nname", "2");
  user.write("readme.md", "changed\n");
  const auto after = user.commit();
  fetch();
  const auto changes = must(diff_trees(*mirror, before, after));
  ASSERT_EQ(changes.size(), 4U);
  EXPECT_EQ(changes[0].kind, ChangeKind::deleted);
  EXPECT_EQ(changes[0].blob, "");
  EXPECT_EQ(changes[1].kind, ChangeKind::type_changed);
  EXPECT_EQ(changes[1].mode, mode::symlink);
  EXPECT_EQ(changes[2].kind, ChangeKind::added);
  EXPECT_EQ(changes[2].path, "new\nname");
  EXPECT_EQ(changes[2].old_mode, mode::none);
  EXPECT_EQ(changes[3].kind, ChangeKind::modified);
  EXPECT_EQ(must(read_blob(*mirror, changes[3].old_blob, 100)), "hello\n");
  EXPECT_EQ(must(read_blob(*mirror, changes[3].blob, 100)), "changed\n");
}

TEST_F(TreeTest, DifferencesCanBeLimitedToPatterns) {
  user.write("docs/specs/a.md", "1");
  user.write("docs/specs/a.txt", "1");
  user.write("other.md", "1");
  const auto after = user.commit();
  fetch();
  const std::vector<std::string> globs = {"docs/specs/**/*.md"};
  const auto changes = must(diff_trees(*mirror, first, after, globs));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].path, "docs/specs/a.md");
}

TEST_F(TreeTest, AgainstNothingEverythingIsAdded) {
  const auto changes = must(diff_trees(*mirror, std::nullopt, first));
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].kind, ChangeKind::added);
}

TEST_F(TreeTest, ARenameIsADeletionAndAnAddition) {
  user.git({"mv", "readme.md", "other.md"});
  const auto after = user.commit();
  fetch();
  EXPECT_EQ(must(diff_trees(*mirror, first, after)).size(), 2U);
}

TEST_F(TreeTest, AFileThatIsMovedAndEditedIsTheSameAsLongAsThreeQuartersOfItAre) {
  const auto text = [](int of_old) {
    std::string lines;
    for (int i = 0; i < 20; ++i) {
      lines += (i < of_old ? "The old line " : "All of this is new ") + std::to_string(i) + "\n";
    }
    return lines;
  };
  user.write("a.md", text(20));
  user.write("b.md", text(20) + "second\n");
  const auto before = user.commit();
  user.git({"rm", "-q", "a.md", "b.md"});
  user.write("sub/a.md", text(17));
  user.write("sub/b.md", text(12));
  const auto after = user.commit();
  fetch();
  const auto moved = must(renamed(*mirror, before, after));
  ASSERT_EQ(moved.size(), 1U);
  EXPECT_EQ(moved.begin()->first, "sub/a.md");
}

TEST_F(TreeTest, ThePatchIsForAPerson) {
  const auto after = user.commit_file("readme.md", "bye\n");
  fetch();
  EXPECT_THAT(must(patch(*mirror, first, after, 10'000)),
              testing::AllOf(testing::HasSubstr("-hello"), testing::HasSubstr("+bye")));
  EXPECT_FALSE(patch(*mirror, first, after, 10));
}

TEST_F(TreeTest, AFileThatIsNotThereIsNothingAndNotAFailure) {
  user.write("folder/a", "1");
  std::filesystem::create_symlink("readme.md", user.path("link"));
  const auto commit = user.commit();
  fetch();
  for (const auto* path : {"nope", "folder", "folder/", "", "link"}) {
    EXPECT_EQ(must(read_file(*mirror, commit, path, 100)), std::nullopt) << path;
  }
}

TEST_F(TreeTest, AMissingCommitHasItsCode) {
  const Oid missing(40, '1');
  EXPECT_EQ(list_tree(*mirror, missing).error().code, FailureCode::COMMIT_MISSING);
  EXPECT_EQ(diff_trees(*mirror, missing, first).error().code, FailureCode::COMMIT_MISSING);
  EXPECT_EQ(log_trailers(*mirror, missing).error().code, FailureCode::COMMIT_MISSING);
  EXPECT_EQ(last_commit_of(*mirror, missing, "a").error().code, FailureCode::COMMIT_MISSING);
  EXPECT_EQ(tree_of(*mirror, "HEAD").error().code, FailureCode::COMMIT_MISSING);
}

TEST_F(TreeTest, TheLastCommitOfAPathHasAuthorAndTime) {
  user.commit_file("other", "1");
  fetch();
  const auto info = must(last_commit_of(*mirror, user.head(), "readme.md"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->commit, first);
  EXPECT_EQ(info->author_name, "Ada");
  EXPECT_EQ(info->author_email, "ada@example.org");
  EXPECT_EQ(to_rfc3339(info->time), "2026-01-25T09:00:00.000000Z");
  EXPECT_EQ(must(last_commit_of(*mirror, user.head(), "nope")), std::nullopt);
}

TEST_F(TreeTest, DeliveriesAreFoundByTheirTrailers) {
  const auto one = user.commit("a\n\nVTID: VTID-00001\nSpec-Digest: sha256:aa");
  user.commit("b\n\nVTID: VTID-00002 is only mentioned here\nSpec-Digest: x\n\nThe end.");
  const auto squash = user.commit(
      "c\n\nVTID: VTID-00003\nSpec-Digest: sha256:cc\nVTID: VTID-00004\nSpec-Digest: sha256:dd");
  user.commit("d\n\nVTID: VTID-00005\nVTID: VTID-00006\nSpec-Digest: sha256:ee");
  fetch();
  EXPECT_THAT(must(log_trailers(*mirror, user.head())),
              ElementsAre(DeliveryTrailer{squash, "VTID-00003", "sha256:cc"},
                          DeliveryTrailer{squash, "VTID-00004", "sha256:dd"},
                          DeliveryTrailer{one, "VTID-00001", "sha256:aa"}));
  EXPECT_THAT(must(log_trailers(*mirror, user.head(), squash)), IsEmpty());
}

TEST_F(TreeTest, DeliveriesOnBranchesOfTheirOwnAreFoundBesideTheBranch) {
  user.git({"checkout", "--quiet", "-b", "vtid/00009-x"});
  const auto beside = user.commit("e\n\nVTID: VTID-00009\nSpec-Digest: sha256:ff");
  user.git({"checkout", "--quiet", "main"});
  fetch();
  EXPECT_THAT(must(log_trailers(*mirror, first)), IsEmpty());
  EXPECT_THAT(must(branch_trailers(*mirror, first)),
              ElementsAre(DeliveryTrailer{beside, "VTID-00009", "sha256:ff"}));
  EXPECT_THAT(must(branch_trailers(*mirror, first, beside)), IsEmpty());
  EXPECT_THAT(must(branch_trailers(*mirror, beside)), IsEmpty());
}

}  // namespace
}  // namespace vitana::git
