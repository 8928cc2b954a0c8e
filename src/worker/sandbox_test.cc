#include "worker/sandbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace vitana::worker {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

class SandboxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/var/tmp/vitana-sandbox-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    root_ = name;
    for (const auto* folder : {"work", "data", "data/mirror/objects", "tools", "scratch"}) {
      fs::create_directories(root_ / folder);
    }
    std::ofstream(root_ / "data/secret") << "hidden";
    std::ofstream(root_ / "data/mirror/objects/pack") << "object";
    const auto probe = Sandbox({}).probe();
    if (!probe.available) GTEST_SKIP() << "NO SANDBOX HERE, NOT TESTED: " << probe.reason;
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string output_of(std::string script, Confinement confinement = {}) {
    confinement.argv = {"/bin/sh", "-c", std::move(script)};
    return output_of(std::move(confinement));
  }
  std::string output_of(Confinement confinement) {
    confinement.workspace = root_ / "work";
    confinement.limits.wall = 20s;
    const Sandbox sandbox({.masked = {root_ / "data"}});
    const auto command = sandbox.prepare(confinement);
    if (!command) return to_string(command.error());
    std::string output;
    const auto exit = supervise(*command, {}, [&](std::string_view text) { output += text; });
    if (!exit) return to_string(exit.error());
    return output + "exit " + std::to_string(exit->exit_code);
  }

  fs::path root_;
};

TEST_F(SandboxTest, WorkspaceIsWritable) {
  EXPECT_EQ(output_of("pwd; echo x > made; cat made"), "/workspace\nx\nexit 0");
  EXPECT_TRUE(fs::exists(root_ / "work/made"));
}

TEST_F(SandboxTest, KernelHoldsToTheNumberOfProcesses) {
  Confinement confinement;
  confinement.limits.processes = 100;
  EXPECT_THAT(output_of("grep 'Max processes' /proc/self/limits", confinement),
              ::testing::ContainsRegex("Max processes +264 +264"));
}

TEST_F(SandboxTest, NothingElseIsWritable) {
  for (const auto* path : {"/x", "/usr/x", "/etc/x", "/dev/x", "/run/x"}) {
    EXPECT_THAT(output_of(std::string("touch ") + path), Not(HasSubstr("exit 0"))) << path;
  }
}

// Each value is written as it is: the machine stays as it was where this fails.
constexpr const char* write_settings =
    "for f in $(find /proc -path '/proc/[0-9]*' -prune -o -type f -writable -print 2>/dev/null); do"
    " echo \"writable $f\"; done;"
    " for f in /proc/sys/vm/swappiness /proc/sys/kernel/core_pattern; do"
    " v=$(cat $f) && (echo \"$v\" > $f) 2>/dev/null && echo \"wrote $f\"; done; true";

TEST_F(SandboxTest, KernelSettingsCannotBeWritten) {
  EXPECT_EQ(output_of(write_settings), "exit 0");
  Confinement with_network;
  with_network.network = true;
  EXPECT_EQ(output_of(write_settings, with_network), "exit 0");
}

TEST_F(SandboxTest, KernelSettingsCannotBeWrittenByAnEngineOfAnotherUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
  Confinement confinement;
  confinement.workspace = root_ / "work";
  confinement.argv = {"/bin/sh", "-c", write_settings};
  fs::permissions(root_, fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
  auto command = Sandbox({}).prepare(confinement);
  ASSERT_TRUE(command);
  const std::vector<std::string> as_nobody{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                           "--clear-groups"};
  command->argv.insert(command->argv.begin(), as_nobody.begin(), as_nobody.end());
  std::string output;
  const auto exit = supervise(*command, {}, [&](std::string_view text) { output += text; });
  ASSERT_TRUE(exit);
  EXPECT_EQ(output + "exit " + std::to_string(exit->exit_code), "exit 0");
}

TEST_F(SandboxTest, ProbeRefusesASandboxThatLeavesKernelSettingsOpen) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's programs could write them";
  const auto fake = root_ / "tools/bwrap";
  std::ofstream(fake) << "#!/bin/bash\n"
                         "a=(); while (($#)); do"
                         " if [[ $1 == --ro-bind-try && $2 == /proc/sys ]]; then shift 3;"
                         " else a+=(\"$1\"); shift; fi; done; exec bwrap \"${a[@]}\"\n";
  fs::permissions(fake, fs::perms::owner_all);
  const auto probe = probe_sandbox({.bubblewrap = fake.string()});
  EXPECT_FALSE(probe.available);
  EXPECT_THAT(probe.reason, HasSubstr("could write /proc/sys/"));
}

TEST_F(SandboxTest, HomeAndOtherFoldersOfTheHostAreNotThere) {
  EXPECT_THAT(output_of("ls -A /root /home " + root_.string() + " 2>&1; ls -A $HOME"),
              Not(HasSubstr("secret")));
  EXPECT_THAT(output_of("cat " + (root_ / "data/secret").string()), Not(HasSubstr("hidden")));
}

TEST_F(SandboxTest, TemporaryFilesAndHomeArePrivate) {
  EXPECT_EQ(output_of("touch /tmp/vitana-private ~/file && ls ~"), "file\nexit 0");
  EXPECT_FALSE(fs::exists("/tmp/vitana-private"));
}

TEST_F(SandboxTest, MaskBeatsRead) {
  Confinement confinement;
  confinement.read = {root_, root_ / "data"};
  const auto output =
      output_of("ls " + root_.string() + "; cat " + (root_ / "data/secret").string(), confinement);
  EXPECT_THAT(output, HasSubstr("tools"));
  EXPECT_THAT(output, Not(HasSubstr("hidden")));
}

TEST_F(SandboxTest, LinkIntoTheMaskIsNoWayIn) {
  fs::create_directory_symlink(root_ / "data", root_ / "tools/way");
  Confinement confinement;
  confinement.read = {root_ / "tools/way"};
  EXPECT_THAT(output_of("cat " + (root_ / "tools/way/secret").string(), confinement),
              Not(HasSubstr("hidden")));
}

TEST_F(SandboxTest, MaskHoldsBehindALinkToAFolderAboveIt) {
  fs::create_directory_symlink(root_, root_ / "tools/up");
  Confinement confinement;
  confinement.read = {root_ / "tools/up"};
  const auto output = output_of(
      "ls " + (root_ / "tools/up").string() + "; cat " + (root_ / "tools/up/data/secret").string(),
      confinement);
  EXPECT_THAT(output, HasSubstr("tools"));
  EXPECT_THAT(output, Not(HasSubstr("hidden")));
}

TEST_F(SandboxTest, BorrowedObjectsAreReadableInsideTheMask) {
  Confinement confinement;
  confinement.objects = root_ / "data/mirror/objects";
  const auto pack = (root_ / "data/mirror/objects/pack").string();
  EXPECT_THAT(output_of("cat " + pack, confinement), HasSubstr("object"));
  EXPECT_THAT(output_of("echo > " + pack, confinement), HasSubstr("Read-only"));
}

TEST_F(SandboxTest, KeysAndPasswordsOfTheSystemAreNotThere) {
  const auto output = output_of(
      "for p in /etc/ssl/private /etc/shadow /etc/ssh /etc/sudoers /var/lib /sys; do"
      " test ! -e $p || echo $p; done");
  EXPECT_EQ(output, "exit 0");
}

TEST_F(SandboxTest, EnvironmentIsClean) {
  ::setenv("VITANA_TEST_LEAK", "leaked", 1);
  EXPECT_THAT(output_of("env; cat /proc/*/environ"), Not(HasSubstr("leaked")));
  ::unsetenv("VITANA_TEST_LEAK");
}

TEST_F(SandboxTest, NoNetworkButLoopback) {
  EXPECT_EQ(output_of("cat /proc/net/dev | grep -c :"), "1\nexit 0");
}

TEST_F(SandboxTest, NoCapabilitiesAreLeft) {
  EXPECT_THAT(output_of("grep CapBnd /proc/self/status"), HasSubstr("0000000000000000"));
}

TEST_F(SandboxTest, ProgramOutsideTheSystemIsReadableUnnamed) {
  std::ofstream(root_ / "tools/agent")
      << "#!/bin/sh\necho \"agent $1\"; ls " << root_.string() << "/tools\n";
  std::ofstream(root_ / "tools/other") << "";
  fs::permissions(root_ / "tools/agent", fs::perms::owner_all);
  Confinement confinement;
  confinement.argv = {(root_ / "tools/agent").string(), "one"};
  EXPECT_EQ(output_of(confinement), "agent one\nagent\nexit 0");
}

TEST_F(SandboxTest, ProgramOfTheWorkspaceIsStartedThere) {
  std::ofstream(root_ / "work/run.sh") << "#!/bin/sh\necho in-tree\n";
  fs::permissions(root_ / "work/run.sh", fs::perms::owner_all);
  Confinement confinement;
  confinement.argv = {"./run.sh"};
  EXPECT_EQ(output_of(confinement), "in-tree\nexit 0");
}

TEST_F(SandboxTest, FirstLineOfAWorkspaceProgramMakesNothingReadable) {
  std::ofstream(root_ / "tools/private") << "hidden";
  fs::permissions(root_ / "tools/private", fs::perms::owner_all);
  std::ofstream(root_ / "work/run.sh") << "#!" << (root_ / "tools/private").string() << "\n";
  fs::permissions(root_ / "work/run.sh", fs::perms::owner_all);
  Confinement confinement;
  confinement.argv = {"./run.sh"};
  EXPECT_THAT(output_of(confinement), Not(HasSubstr("exit 0")));
}

TEST_F(SandboxTest, MissingProgramIsAnError) {
  Confinement confinement;
  confinement.argv = {"no-such-agent"};
  EXPECT_THAT(output_of(confinement), HasSubstr("PROGRAM_FAILED"));
}

TEST_F(SandboxTest, EscapedGrandchildIsDeadAfterwards) {
  const auto output = output_of("setsid sh -c 'sleep 4242 &' ; echo started");
  EXPECT_EQ(output, "started\nexit 0");
  for (const auto& entry : fs::directory_iterator("/proc")) {
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    std::string line;
    std::getline(in, line);
    EXPECT_NE(line, std::string("sleep\0"
                                "4242\0",
                                11));
  }
}

TEST_F(SandboxTest, TermReachesTheProgramInside) {
  Confinement confinement;
  confinement.workspace = root_ / "work";
  confinement.argv = {"/bin/sh", "-c",
                      "trap 'echo bye; exit 0' TERM; while :; do sleep 0.05; done"};
  confinement.limits.wall = 300ms;
  confinement.limits.grace = 10s;
  const auto command = Sandbox({}).prepare(confinement);
  ASSERT_TRUE(command);
  std::string output;
  const auto exit = supervise(*command, {}, [&](std::string_view text) { output += text; });
  ASSERT_TRUE(exit);
  EXPECT_THAT(output, HasSubstr("bye"));
}

TEST(SandboxModes, RequireNamesTheReason) {
  const Sandbox sandbox({.bubblewrap = "no-bwrap-here"});
  Confinement confinement;
  confinement.argv = {"/bin/true"};
  confinement.workspace = "/tmp";
  const auto command = sandbox.prepare(confinement);
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().code, FailureCode::SANDBOX_UNAVAILABLE);
  EXPECT_THAT(command.error().message, HasSubstr("no-bwrap-here is not installed"));
}

TEST(SandboxModes, PreferFallsBackToAPlainProcess) {
  char name[] = "/tmp/vitana-scratch-XXXXXX";
  ASSERT_NE(::mkdtemp(name), nullptr);
  const Sandbox sandbox({.mode = domain::SandboxMode::prefer, .bubblewrap = "no-bwrap-here"});
  Confinement confinement;
  confinement.argv = {"/bin/true"};
  confinement.workspace = "/tmp";
  confinement.scratch = name;
  const auto command = sandbox.prepare(confinement);
  ASSERT_TRUE(command);
  EXPECT_FALSE(sandbox.active());
  EXPECT_FALSE(command->wrapped);
  EXPECT_EQ(command->argv, std::vector<std::string>{"/bin/true"});
  EXPECT_EQ(command->environment.at("HOME"), std::string(name) + "/home");
  fs::remove_all(name);
}

TEST(SandboxModes, OffDoesNotProbe) {
  const Sandbox sandbox({.mode = domain::SandboxMode::off});
  EXPECT_FALSE(sandbox.active());
}

}  // namespace
}  // namespace vitana::worker
