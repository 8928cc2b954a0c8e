#include "git/bundle.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "git/commit.h"
#include "git/test_pack.h"
#include "git/test_repository.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

using test::must;

constexpr std::size_t bytes_max = 8 << 20;

struct BundleTest : testing::Test, test::Fixture {
  std::unique_ptr<Mirror> other = must(Mirror::open(temp.path() / "other", {}));

  std::string bundle_of(const Oid& commit, const std::vector<Oid>& without = {}) {
    must(mirror->keep("runs/VTID-00001.1", commit));
    return must(make_bundle(*mirror, "runs/VTID-00001.1", without, bytes_max));
  }
};

TEST_F(BundleTest, BringsACommitWithItsHistory) {
  const auto second = user.commit_file("a", "1");
  fetch();
  const auto tip = must(take_bundle(*other, bundle_of(second), BundleTrust::none));
  EXPECT_EQ(tip, (BundleTip{second, "refs/vitana/keep/runs/VTID-00001.1"}));
  EXPECT_TRUE(must(other->is_ancestor(first, second)));
  EXPECT_EQ(must(read_file(*other, second, "a", 100)), "1");
}

TEST_F(BundleTest, HowMuchACommitAddsIsCounted) {
  std::string noise;
  for (int i = 0; i < 20'000; ++i) noise += fmt::format("{}\n", i * 7919 % 104729);
  const auto second = user.commit_file("noise", noise);
  fetch();
  EXPECT_GT(must(bytes_between(*mirror, first, second)), 10'000U);
  EXPECT_EQ(must(bytes_between(*mirror, second, second)), 0U);
  EXPECT_FALSE(bytes_between(*mirror, "--all", second));
}

TEST_F(BundleTest, BringsOnlyWhatTheOtherSideHasNot) {
  user.commit_file("large", std::string(100'000, 'x') + "1");
  const auto second = user.commit_file("b", "2");
  fetch();
  must(take_bundle(*other, bundle_of(second), BundleTrust::hashes));
  const auto third = user.commit_file("c", "3");
  fetch();
  const auto unknown = std::string(40, 'a');
  const auto bundle = bundle_of(third, {second, unknown});
  EXPECT_EQ(must(take_bundle(*other, bundle, BundleTrust::none)).commit, third);
  auto empty = must(Mirror::open(temp.path() / "empty", {}));
  EXPECT_EQ(take_bundle(*empty, bundle, BundleTrust::hashes).error().code, FailureCode::GIT_FAILED);
  EXPECT_FALSE(must(empty->exists(third)));
}

TEST_F(BundleTest, WhatIsNoneIsRefused) {
  const auto whole = bundle_of(first);
  const auto pack = whole.substr(whole.find("\n\n") + 2);
  const auto named = whole.substr(whole.find('\n') + 1, 40) + " refs/heads/x\n";
  for (const auto& [name, bytes] : std::map<std::string, std::string>{
           {"nothing", ""},
           {"text", "hello\n"},
           {"no end of its header", "# v2 git bundle\n" + named},
           {"no commit", "# v2 git bundle\n\n" + pack},
           {"two commits", "# v2 git bundle\n" + named + named + "\n" + pack},
           {"a name that is none", "# v2 git bundle\n" + named.substr(0, 41) + "--upload-pack=x\n\n" + pack},
           {"a base that is not here", "# v2 git bundle\n-" + std::string(40, 'b') + " x\n" + named + "\n" + pack},
           {"a base that is none", "# v2 git bundle\n-x\n" + named + "\n" + pack},
           {"a filter", "# v3 git bundle\n@filter=blob:none\n" + named + "\n" + pack},
           {"cut off", whole.substr(0, whole.size() - 30)},
           {"a changed byte", [&] { auto text = whole; text[text.size() - 25] ^= 1; return text; }()},
           {"a very long header", "# v2 git bundle\n" + std::string(10'000, '-') + "\n" + named + "\n" + pack}}) {
    const auto taken = take_bundle(*other, bytes, BundleTrust::none);
    ASSERT_FALSE(taken) << name;
    EXPECT_EQ(taken.error().code, FailureCode::GIT_FAILED) << name;
    EXPECT_FALSE(must(other->exists(first))) << name;
  }
}

TEST_F(BundleTest, OneThatHoldsAnotherCommitThanItNamesIsRefused) {
  const auto whole = bundle_of(first);
  const auto other_commit = "# v2 git bundle\n" + std::string(40, 'b') + " refs/heads/x\n\n";
  const auto taken = take_bundle(*other, other_commit + whole.substr(whole.find("\n\n") + 2), BundleTrust::none);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, FailureCode::GIT_FAILED);
}

// A blob of 64 KiB, and one that is said to be 32,000 times that.
TEST_F(BundleTest, AFewBytesThatStandForManyAreRefused) {
  const auto whole = bundle_of(first);
  const auto bomb = test::pack_of_a_bomb(32'000);
  EXPECT_LT(bomb.size(), 400'000U);
  const auto began = std::chrono::steady_clock::now();
  const auto taken = take_bundle(*other, whole.substr(0, whole.find("\n\n") + 2) + bomb, BundleTrust::none);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, FailureCode::GIT_FAILED);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_F(BundleTest, TooLargeAOneIsNotMade) {
  must(mirror->keep("runs/VTID-00001.1", first));
  EXPECT_EQ(make_bundle(*mirror, "runs/VTID-00001.1", {}, 64).error().code, FailureCode::GIT_FAILED);
}

TEST_F(BundleTest, AForeignLinkThatLeadsAnotherAstrayIsRefused) {
  user.write("folder/file", "x");
  std::filesystem::create_symlink("folder/../readme.md", user.path("link"));
  const auto base = user.commit("a link");
  fetch();
  std::filesystem::remove_all(user.path("folder"));
  std::filesystem::create_symlink(".", user.path("folder"));
  const auto result = user.commit("its way");
  fetch();
  const auto judged = judge_foreign_commit(*mirror, base, result, 1'000);
  ASSERT_FALSE(judged);
  EXPECT_EQ(judged.error().code, FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged.error().context.at("path"), "link");
}

struct ForeignTree : BundleTest {
  /// The tree that `git mktree` makes of these lines.
  Oid tree(const std::string& lines) {
    auto made = must(mirror->run({"mktree", "--missing"}, lines));
    made.pop_back();
    return made;
  }
  Oid blob(const std::string& text) {
    auto made = must(mirror->run({"hash-object", "-w", "--stdin"}, text));
    made.pop_back();
    return made;
  }
  FailureCode judged(const std::string& lines, std::uint64_t most = 1'000) {
    const auto answer = judge_foreign_tree(*mirror, first, tree(lines), most);
    return answer ? FailureCode::NOT_FOUND : answer.error().code;
  }
};

TEST_F(ForeignTree, IsHeldToWhatASnapshotIs) {
  const auto text = blob("x");
  EXPECT_EQ(judged(fmt::format("100644 blob {}\ta\n", text)), FailureCode::NOT_FOUND);
  EXPECT_EQ(judged(fmt::format("100644 blob {}\ta\n120000 blob {}\tb\n", text, blob("a"))), FailureCode::NOT_FOUND);
  EXPECT_EQ(judged(fmt::format("120000 blob {}\tb\n", blob("../outside"))), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged(fmt::format("120000 blob {}\tb\n", blob("/etc/passwd"))), FailureCode::PATH_FORBIDDEN);
  const auto folder = tree(fmt::format("100644 blob {}\tx\n", text));
  const auto bare = tree(fmt::format("100644 blob {0}\tHEAD\n040000 tree {1}\tobjects\n040000 tree {1}\trefs\n", text, folder));
  EXPECT_EQ(judged(fmt::format("040000 tree {}\tsub\n", bare)), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged(fmt::format("160000 commit {}\tsub\n", first)), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged(fmt::format("100644 blob {}\t.git\n", text)), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged(fmt::format("100644 blob {}\ta\n", std::string(40, 'c'))), FailureCode::PATH_FORBIDDEN);
  EXPECT_EQ(judged(fmt::format("100644 blob {}\ta\n", blob(std::string(2'000, 'y')))), FailureCode::AGENT_DISK_LIMIT);
}

// The same that a snapshot refuses, one part after the other.
TEST_F(ForeignTree, ARepositoryThatComesInPartsIsRefused) {
  user.write("x/HEAD", "ref: refs/heads/main\n");
  user.write("s/objects/1", "1");
  user.write("s/refs/1", "1");
  const auto base = user.commit("the first part");
  fetch();
  namespace fs = std::filesystem;
  const auto judged_of = [&](const std::function<void()>& change) {
    user.git({"checkout", "--quiet", "--detach", base});
    change();
    user.write("x/config", "[core]\n\tbare = true\n[planted]\n\tit = true\n");
    user.write("s/config", "[planted]\n\tit = true\n");
    EXPECT_EQ(test::user_git(user.path("x"), {"config", "--bool", "planted.it"}), "true");
    const auto result = user.commit("the second part");
    user.git({"branch", "--force", "main"});
    fetch();
    return judge_foreign_commit(*mirror, base, result, 1'000);
  };
  const std::vector<std::pair<std::string, std::function<void()>>> ways = {
      {"folders",
       [&] {
         user.write("x/objects/1", "1");
         user.write("x/refs/1", "1");
       }},
      {"links",
       [&] {
         fs::create_symlink("../s/objects", user.path("x/objects"));
         fs::create_symlink("../s/refs", user.path("x/refs"));
       }},
      {"programs",
       [&] {
         test::write_program(user.path("x/objects"), "");
         test::write_program(user.path("x/refs"), "");
       }},
      {"another's", [&] { user.write("x/commondir", "../s\n"); }}};
  for (const auto& [name, change] : ways) {
    const auto judged = judged_of(change);
    ASSERT_FALSE(judged) << name;
    EXPECT_EQ(judged.error().code, FailureCode::PATH_FORBIDDEN) << name;
    EXPECT_EQ(judged.error().context.at("path"), "x") << name;
  }
}

TEST_F(ForeignTree, ARepositoryOfTheBaseStaysAsLongAsItIsNotTouched) {
  for (const auto* part : {"HEAD", "objects/1", "refs/1", "config"}) user.write(fmt::format("x/{}", part), "1");
  const auto base = user.commit("a repository");
  const auto beside = user.commit_file("a", "1");
  fetch();
  EXPECT_TRUE(judge_foreign_commit(*mirror, base, beside, 1'000));
  const auto within = user.commit_file("x/config", "2");
  fetch();
  EXPECT_EQ(judge_foreign_commit(*mirror, beside, within, 1'000).error().code, FailureCode::PATH_FORBIDDEN);
}

TEST_F(ForeignTree, AFewTreesThatStandForManyPathsAreRefusedSoon) {
  auto inner = tree(fmt::format("100644 blob {}\ta\n", blob("x")));
  for (int depth = 0; depth < 6; ++depth) {
    std::string lines;
    for (char name = 'a'; name <= 'z'; ++name) lines += fmt::format("040000 tree {}\t{}\n", inner, name);
    inner = tree(lines);
  }
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(judge_foreign_tree(*mirror, first, inner, bytes_max).error().code, FailureCode::GIT_FAILED);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
}

}  // namespace
}  // namespace vitana::git
