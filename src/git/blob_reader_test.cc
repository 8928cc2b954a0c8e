#include "git/blob_reader.h"

#include <gmock/gmock.h>
#include <signal.h>

#include <thread>

#include "git/test_repository.h"
#include "git/tree.h"

namespace vitana::git {
namespace {

using test::must;

struct BlobReaderTest : testing::Test, test::Fixture {
  Oid blob_of(const std::string& content) {
    return must(mirror->run({"hash-object", "-w", "--stdin"}, content)).substr(0, 40);
  }
};

TEST_F(BlobReaderTest, ReadsTheBytesAsTheyAre) {
  for (const auto& content : {std::string(), std::string("a\n\0b\xff", 5), std::string("\n\n"),
                              std::string(3 << 20, 'x')}) {
    EXPECT_EQ(must(mirror->blobs().read(blob_of(content), 8 << 20)), content);
  }
}

TEST_F(BlobReaderTest, ALargeBlobIsRefusedAndTheNextOneStillReads) {
  const auto large = blob_of(std::string(100, 'x'));
  EXPECT_EQ(mirror->blobs().read(large, 99).error().code, FailureCode::FILE_TOO_LARGE);
  EXPECT_EQ(must(mirror->blobs().read(blob_of("ok"), 99)), "ok");
}

TEST_F(BlobReaderTest, AMissingObjectIsToldAndTheNextOneStillReads) {
  EXPECT_EQ(mirror->blobs().read(std::string(40, '1'), 99).error().code,
            FailureCode::COMMIT_MISSING);
  EXPECT_EQ(must(mirror->blobs().read(blob_of("ok"), 99)), "ok");
}

TEST_F(BlobReaderTest, ATreeIsNoFileContent) {
  EXPECT_FALSE(mirror->blobs().read(must(tree_of(*mirror, first)), 1000));
}

TEST_F(BlobReaderTest, ATextThatIsNoIdNeverReachesGit) {
  EXPECT_FALSE(mirror->blobs().info("HEAD\ncontents HEAD"));
}

TEST_F(BlobReaderTest, WhatIsFetchedLaterIsFound) {
  ASSERT_TRUE(must(mirror->blobs().info(first)));
  const auto second = user.commit_file("a", "1");
  user.git({"gc", "--quiet"});
  fetch();
  EXPECT_TRUE(must(mirror->blobs().info(second)));
}

TEST_F(BlobReaderTest, AProcessThatDiedIsStartedAgain) {
  const auto pid_file = temp.path() / "pid";
  test::write_program(temp.path() / "git",
                      "#!/bin/sh\necho $$ > " + pid_file.string() + "\nexec git \"$@\"\n");
  const Git git({.program = (temp.path() / "git").string()});
  BlobReader reader(git, mirror->path());
  const auto blob = blob_of("ok");
  EXPECT_EQ(must(reader.read(blob, 99)), "ok");
  ::kill(std::stoi(test::read_all(pid_file)), SIGKILL);
  EXPECT_EQ(must(reader.read(blob, 99)), "ok");
}

TEST_F(BlobReaderTest, AProcessThatDoesNotAnswerIsGivenUp) {
  test::write_program(temp.path() / "git", "#!/bin/sh\nexec sleep 60\n");
  const Git git(
      {.program = (temp.path() / "git").string(), .deadline = std::chrono::milliseconds(50)});
  BlobReader reader(git, mirror->path());
  EXPECT_EQ(reader.info(first).error().code, FailureCode::GIT_FAILED);
}

TEST_F(BlobReaderTest, SeveralThreadsGetTheirOwnAnswers) {
  std::vector<std::jthread> threads;
  std::array<int, 4> right{};
  for (std::size_t i = 0; i < right.size(); ++i) {
    threads.emplace_back(
        [&, i, content = std::string(1000 * i, 'x'), blob = blob_of(std::string(1000 * i, 'x'))] {
          for (int n = 0; n < 50; ++n) {
            right[i] += must(mirror->blobs().read(blob, 99'999)) == content ? 1 : 0;
          }
        });
  }
  threads.clear();
  EXPECT_THAT(right, testing::Each(50));
}

}  // namespace
}  // namespace vitana::git
