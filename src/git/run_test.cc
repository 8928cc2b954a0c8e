#include "git/run.h"

#include <gmock/gmock.h>

#include "base/stop.h"
#include "git/test_repository.h"

namespace vitana::git {
namespace {

using testing::HasSubstr;

TEST(GitRun, SaysWhatGitSaidWhenItFails) {
  const Git git({});
  const auto output =
      git.run({.args = {"rev-parse", "--verify", "no-such-thing"}, .git_dir = "/nonexistent"});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, FailureCode::GIT_FAILED);
  EXPECT_THAT(output.error().causes, testing::Contains(HasSubstr("/nonexistent")));
}

TEST(GitRun, AMissingProgramHasItsOwnCode) {
  const Git git({.program = "no-such-git"});
  EXPECT_EQ(git.run({.args = {"version"}}).error().code, FailureCode::PROGRAM_FAILED);
}

TEST(GitRun, OutputBeyondItsBoundIsAFailureAndNotCut) {
  const Git git({});
  const auto output = git.run({.args = {"help", "-a"}, .bytes_max = 10});
  ASSERT_FALSE(output);
  EXPECT_THAT(output.error().message, HasSubstr("more than 10 bytes"));
}

TEST(GitRun, AStopEndsTheCall) {
  std::stop_source stop;
  stop.request_stop();
  const Git git({});
  {
    const StopScope scope(stop.get_token());
    EXPECT_EQ(git.run({.args = {"version"}}).error().code, FailureCode::CANCELLED);
  }
  EXPECT_TRUE(git.run({.args = {"version"}}));
}

TEST(GitRun, TheDeadlineEndsACallThatHangs) {
  const auto temp = test::temp_dir();
  test::write_program(temp.path() / "git", "#!/bin/sh\nexec sleep 60\n");
  const Git git(
      {.program = (temp.path() / "git").string(), .deadline = std::chrono::milliseconds(50)});
  const auto output = git.run({.args = {"version"}});
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code, FailureCode::GIT_FAILED);
  EXPECT_THAT(output.error().message, HasSubstr("took longer"));
}

TEST(GitRun, NetworkSettingsReachOnlyCallsToAUrl) {
  const Git git({.network_environment = {{"SSH_AUTH_SOCK", "/agent"}},
                 .network_config = {{"http.extraHeader", "Authorization: secret"}}});
  const auto near = git.environment({.args = {"status"}});
  const auto far = git.environment({.args = {"fetch"}, .network = true});
  EXPECT_FALSE(near.contains("SSH_AUTH_SOCK"));
  EXPECT_TRUE(far.contains("SSH_AUTH_SOCK"));
  EXPECT_LT(std::stoi(near.at("GIT_CONFIG_COUNT")), std::stoi(far.at("GIT_CONFIG_COUNT")));
}

TEST(GitRun, TheUsersConfigurationCountsOnlyForTheOwner) {
  const Git git({.home = "/home/ada"});
  const auto ours = git.environment({.args = {"status"}});
  const auto owners = git.environment({.args = {"status"}, .owner = true});
  EXPECT_EQ(ours.at("GIT_CONFIG_GLOBAL"), "/dev/null");
  EXPECT_EQ(owners.count("GIT_CONFIG_GLOBAL"), 0U);
  EXPECT_EQ(owners.at("HOME"), "/home/ada");
}

}  // namespace
}  // namespace vitana::git
