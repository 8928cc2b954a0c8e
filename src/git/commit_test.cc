#include "git/commit.h"

#include <gmock/gmock.h>

#include "git/test_repository.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

using test::must;
using testing::HasSubstr;

struct CommitTest : testing::Test, test::Fixture {
  const Signature bot{{"Vitana", "bot@example.org"}, *from_rfc3339("2026-02-01T10:00:00Z")};

  Oid commit(std::string_view message, Signature author) {
    const std::vector<Oid> parents = {first};
    return must(commit_tree(*mirror, first, parents, message, author, bot));
  }
  std::string shown(const Oid& oid, const std::string& format) {
    return must(mirror->run({"log", "-1", "--format=" + format, oid}));
  }
  /// A commit on top of the first one, whatever is checked out.
  Oid variant(const std::string& name, const std::string& content) {
    user.git({"checkout", "--quiet", "-B", "vtid/" + name, first});
    const auto oid = user.commit_file(name, content);
    fetch();
    return oid;
  }
};

TEST_F(CommitTest, TheSameInputsMakeTheSameCommit) {
  auto other = must(Mirror::open(temp.path() / "other", {}));
  must(other->fetch(user.source(), "main"));
  const std::vector<Oid> parents = {first};
  EXPECT_EQ(commit("message\n", bot), must(commit_tree(*other, must(tree_of(*other, first)),
                                                       parents, "message\n", bot, bot)));
}

TEST_F(CommitTest, AuthorCommitterAndDatesAreTheOnesGiven) {
  const Signature ada{{"Ada", "ada@example.org"}, *from_rfc3339("2026-01-02T03:04:05.9Z")};
  EXPECT_EQ(shown(commit("x\n", ada), "%an|%ae|%at|%cn|%ce|%ct|%P"),
            "Ada|ada@example.org|1767323045|Vitana|bot@example.org|1769940000|" + first + "\n");
}

TEST_F(CommitTest, AHostileIdentityCannotWriteHeaders) {
  const Signature evil{{"A\nparent 0000 <x>", "a@b>\ngpgsig x"}, Instant()};
  const auto oid = commit("x\n", evil);
  const auto raw = must(mirror->run({"cat-file", "commit", oid}));
  EXPECT_THAT(raw, HasSubstr("author A parent 0000 x <a@b gpgsig x> 0 +0000\n"));
}

TEST_F(CommitTest, AnEmptyIdentityIsVitanas) {
  EXPECT_EQ(shown(commit("x\n", Signature{}), "%an <%ae>"), "Vitana <vitana@localhost>\n");
}

TEST_F(CommitTest, AMissingTreeOrParentIsNamed) {
  const std::vector<Oid> missing = {Oid(40, '1')};
  EXPECT_EQ(commit_tree(*mirror, first, missing, "x", bot, bot).error().code,
            FailureCode::COMMIT_MISSING);
  EXPECT_EQ(commit_tree(*mirror, Oid(40, '2'), {}, "x", bot, bot).error().code,
            FailureCode::COMMIT_MISSING);
}

TEST_F(CommitTest, TrailersOfTheMessageAreReadBack) {
  const auto message = commit_message("Change\nthe colour", "A body.\n\nVTID: VTID-66666\n",
                                      {{"VTID", "VTID-01213"}, {"Spec-Digest", "sha256:aa\nX: y"}});
  const auto oid = commit(message, bot);
  EXPECT_EQ(shown(oid, "%s"), "Change the colour\n");
  EXPECT_THAT(must(log_trailers(*mirror, oid)),
              testing::ElementsAre(DeliveryTrailer{oid, "VTID-01213", "sha256:aa X: y"}));
}

TEST(CommitMessage, HasItsPartsInOrder) {
  EXPECT_EQ(commit_message(" s ", "", {}), "s\n");
  EXPECT_EQ(commit_message("s", "\nb\n\n", {{"K", "v"}}), "s\n\nb\n\nK: v\n");
  EXPECT_EQ(commit_message("", "", {{"K", "v"}}), "change\n\nK: v\n");
}

TEST_F(CommitTest, ChangesInDifferentFilesMerge) {
  const auto ours = variant("a", "1");
  const auto theirs = variant("b", "2");
  const auto merged = must(merge_trees(*mirror, first, ours, theirs));
  EXPECT_EQ(must(read_file(*mirror, merged, "a", 10)), "1");
  EXPECT_EQ(must(read_file(*mirror, merged, "b", 10)), "2");
}

TEST_F(CommitTest, TheBaseIsTheOneGivenAndNotHistorys) {
  // `theirs` removes what `ours` never changed since `base`; by history it would look like ours.
  const auto base = variant("a", "1");
  user.git({"rm", "--quiet", "a"});
  const auto theirs = user.commit();
  fetch();
  const auto merged = must(merge_trees(*mirror, base, base, theirs));
  EXPECT_EQ(must(read_file(*mirror, merged, "a", 10)), std::nullopt);
}

TEST_F(CommitTest, ChangesOfTheSameLinesConflictAndArePlainlyNamed) {
  const auto ours = variant("readme.md", "ours\n");
  const auto theirs = variant("readme.md", "theirs\n");
  const auto merged = merge_trees(*mirror, first, ours, theirs);
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, FailureCode::MERGE_CONFLICT);
  EXPECT_EQ(merged.error().context.at("paths"), "readme.md");
}

TEST_F(CommitTest, MergingTwiceGivesTheSameTree) {
  const auto ours = variant("a", "1");
  const auto theirs = variant("b", "2");
  EXPECT_EQ(must(merge_trees(*mirror, first, ours, theirs)),
            must(merge_trees(*mirror, first, ours, theirs)));
}

TEST_F(CommitTest, AMergeDriverOfTheRepositoryDoesNotRun) {
  const auto mark = temp.path() / "ran";
  mirror->run({"config", "merge.evil.driver", "touch " + mark.string()}).value();
  user.write(".gitattributes", "* merge=evil\n");
  first = user.commit();
  const auto ours = variant("readme.md", "ours\n");
  const auto theirs = variant("readme.md", "theirs\n");
  EXPECT_FALSE(merge_trees(*mirror, first, ours, theirs));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

}  // namespace
}  // namespace vitana::git
