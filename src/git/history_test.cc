#include "git/history.h"

#include <gmock/gmock.h>

#include <random>

#include "git/test_repository.h"

namespace vitana::git {
namespace {

using test::must;

struct HistoryTest : testing::Test, test::Fixture {
  std::vector<std::string> paths_at_tip() {
    std::vector<std::string> paths;
    for (auto& entry : must(list_tree(*mirror, fetch()))) paths.push_back(entry.path);
    return paths;
  }

  /// Asks for all paths at once and for each alone.
  void expect_the_same(const std::optional<Oid>& since = {}) {
    const auto paths = paths_at_tip();
    const auto all = must(last_commits_of(*mirror, user.head(), since, paths));
    ASSERT_EQ(all.size(), paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) {
      EXPECT_EQ(all[i], must(last_commit_of(*mirror, user.head(), paths[i]))) << paths[i];
    }
  }

  void merge(const std::string& branch, const std::string& strategy = "--strategy=ort") {
    user.git({"merge", "--quiet", "--no-ff", "-m", "merge", strategy, branch});
  }

  /// Brings in what the branch has below docs/, over what is here.
  void merge_theirs(const std::string& branch) {
    user.git({"merge", "--quiet", "--no-ff", "--no-commit", "--strategy=ours", branch});
    user.git({"checkout", "--quiet", branch, "--", "docs"});
    user.git({"commit", "--quiet", "-m", "merge"});
  }
};

TEST_F(HistoryTest, AMergeThatOnlyBringsABranchInIsNotItsAuthor) {
  user.git({"checkout", "--quiet", "-b", "side"});
  const auto made = user.commit_file("docs/a.md", "1");
  user.git({"checkout", "--quiet", "main"});
  user.commit_file("other", "1");
  merge("side");
  fetch();
  const auto found = must(last_commits_of(*mirror, user.head(), {}, std::vector<std::string>{"docs/a.md"}));
  ASSERT_TRUE(found.at(0));
  EXPECT_EQ(found[0]->commit, made);
  EXPECT_EQ(found[0]->author_name, "Ada");
}

TEST_F(HistoryTest, AMergeWithATextOfItsOwnIsTheLastCommit) {
  user.commit_file("docs/a.md", "base");
  user.git({"checkout", "--quiet", "-b", "side"});
  user.commit_file("docs/a.md", "side");
  user.git({"checkout", "--quiet", "main"});
  user.commit_file("docs/a.md", "main");
  merge("side", "--strategy=ours");
  user.write("docs/a.md", "both");
  user.git({"commit", "--quiet", "--all", "--amend", "--no-edit"});
  fetch();
  const auto found = must(last_commits_of(*mirror, user.head(), {}, std::vector<std::string>{"docs/a.md"}));
  ASSERT_TRUE(found.at(0));
  EXPECT_EQ(found[0]->commit, user.head());
}

TEST_F(HistoryTest, AnswersAsForEachPathAloneInAHistoryFullOfMerges) {
  std::minstd_rand dice(7);
  const auto any = [&](std::size_t count) { return std::to_string(dice() % count); };
  Oid middle;
  for (int i = 0; i < 60; ++i) {
    const auto path = "docs/" + any(3) + "/" + any(6) + ".md";
    switch (dice() % 4) {
      case 0:
        user.git({"checkout", "--quiet", "-B", "side" + any(3)});
        user.commit_file(path, any(4));
        user.git({"checkout", "--quiet", "main"});
        break;
      case 1:
        if (user.git({"branch", "--list", "side1"}).empty()) break;
        if (user.git({"rev-list", "main..side1"}).empty()) break;
        if (dice() % 2 == 0) merge("side1", "--strategy=ours");
        else merge_theirs("side1");
        break;
      case 2: user.git({"rm", "--quiet", "--ignore-unmatch", path}); user.commit(); break;
      default: user.commit_file(path, any(4)); break;
    }
    if (i == 30) middle = user.head();
  }
  expect_the_same();
  expect_the_same(middle);
}

TEST_F(HistoryTest, OddNamesAndTheFirstCommitAreFound) {
  for (const auto* name : {"--help", "a\nb\tc", ":(glob)x", "*", "deep/er/x"}) user.write(name, name);
  user.commit();
  expect_the_same();
}

TEST_F(HistoryTest, APathThatIsNotThereHasNone) {
  EXPECT_EQ(must(last_commits_of(*mirror, user.head(), {}, std::vector<std::string>{"no/such"})),
            std::vector<std::optional<CommitInfo>>{std::nullopt});
}

TEST_F(HistoryTest, AnEarlierCommitOfAnotherLineIsNoObstacle) {
  user.git({"checkout", "--quiet", "-b", "gone"});
  const auto rewritten = user.commit_file("docs/a.md", "1");
  user.git({"checkout", "--quiet", "main"});
  user.git({"push", "--quiet", mirror->path().string(), "gone:refs/heads/gone"});
  user.commit_file("docs/a.md", "2");
  expect_the_same(rewritten);
}

TEST_F(HistoryTest, AMissingCommitHasItsCode) {
  const Oid missing(40, 'a');
  EXPECT_EQ(last_commits_of(*mirror, missing, {}, {}).error().code, FailureCode::COMMIT_MISSING);
}

}  // namespace
}  // namespace vitana::git
