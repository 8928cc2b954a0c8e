// For tests: a user's repository, its mirror, and what a worker needs to work on them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "git/test_repository.h"
#include "port/clock.h"
#include "worker/command_executor.h"
#include "worker/tree_verifier.h"

namespace vitana::worker::test {

namespace fs = std::filesystem;
using git::test::must;

class FixedClock : public port::Clock {
 public:
  Instant now() override { return Instant(std::chrono::seconds(1'769'331'600)); }
};

class KnownBases : public GreenBases {
 public:
  bool contains(const std::string&, const std::string& commit, const Digest&) override {
    return commits.contains(commit);
  }
  void add(const std::string&, const std::string& commit, const Digest&) override { commits.insert(commit); }
  std::set<std::string> commits;
};

struct Workshop {
  git::TempDir temp = git::test::temp_dir();
  git::test::UserRepository user{temp.path() / "user"};
  RepositoryRules rules;
  std::function<RepositoryRules(const std::string& commit)> rules_at;  ///< empty: `rules`, everywhere
  Sandbox sandbox{{.masked = {temp.path() / "data"}}};
  KnownBases bases;
  FixedClock clock;
  AgentConfig agent;
  std::map<std::string, std::string> secrets;  ///< by "agent/NAME"

  Workshop() {
    user.write("src/sidebar.css", "color: red;\n");
    user.write("tools/check.sh", "grep -q color src/sidebar.css\n");
    user.commit();
    rules.mirror = must(git::Mirror::open(temp.path() / "data/mirrors/hub", {}));
    rules.source = user.source();
    rules.protected_globs = {"vitana.toml", ".github/**"};
    rules.command_timeout = std::chrono::seconds(20);
    fetch();
    agent.name = "fixer";
    agent.timeout = std::chrono::seconds(20);
  }

  std::string fetch() { return must(rules.mirror->fetch(user.source(), "main")); }
  fs::path workspaces() const { return temp.path() / "workspaces"; }

  RuleSource rule_source() {
    return
        [this](const std::string&, const std::string& commit) -> Result<RepositoryRules> {
          return rules_at ? rules_at(commit) : rules;
        };
  }

  AgentSource agent_source() {
    return [this](const std::string& name) { return name == "fixer" ? std::optional(agent) : std::nullopt; };
  }
  SecretSource secret_source() {
    return [this](const std::string& of, const std::string& name) -> std::optional<std::string> {
      const auto found = secrets.find(of + "/" + name);
      return found == secrets.end() ? std::nullopt : std::optional(found->second);
    };
  }

  port::Assignment assignment(domain::Step step) {
    port::Assignment result{.run = {.id = {Vtid(1213), 2}, .spec_digest = Digest::of("spec")}};
    result.step = step;
    result.run.repo = "hub";
    result.run.agent = "fixer";
    result.run.base_commit = must(git::remote_tip(rules.mirror->git(), user.source(), "main"));
    result.run.created_at = clock.now();
    result.run.fence = 7;
    result.run.lease = domain::Lease{"worker", 7, {}, {}};
    result.title = "Navy sidebar!";
    result.spec_text = "# VTID-01213: Navy sidebar\n";
    result.target_ref = "refs/heads/main";
    return result;
  }

  CommandExecutor executor() {
    return {sandbox,
            {.agent = agent_source(),
             .rules = rule_source(),
             .secret = secret_source(),
             .green_bases = &bases,
             .workspaces = workspaces(),
             .logs = temp.path() / "data/logs"}};
  }

  Result<domain::Executed> execute(const std::string& script, std::stop_token stop = {}) {
    agent.command = {"/bin/sh", "-e", "-c", script};
    return executor().execute(assignment(domain::Step::execute), stop);
  }

  TreeVerifier verifier() {
    return {sandbox,
            clock,
            {.rules = rule_source(),
             .agent = agent_source(),
             .secret = secret_source(),
             .green_bases = &bases,
             .workspaces = workspaces()}};
  }

  std::string log() const {
    return git::test::read_all(temp.path() / "data/logs/VTID-01213.2.log");
  }
  fs::path tree() const { return workspaces() / "VTID-01213.2-f7/tree"; }
};

/// A loud skip where no sandbox can be made; the message names the reason.
class WorkshopTest : public ::testing::Test, public Workshop {
 protected:
  void SetUp() override {
    if (!sandbox.active()) {
      GTEST_SKIP() << "NO SANDBOX HERE, NOT TESTED: " << sandbox.probe().reason;
    }
  }
};

/// A verify step of what a command changed.
class JudgedTest : public WorkshopTest {
 protected:
  void SetUp() override {
    WorkshopTest::SetUp();
    if (IsSkipped()) return;
    next = assignment(domain::Step::verify);
  }
  void change(const std::string& script) {
    next.run.base_commit = fetch();
    const auto executed = execute(script);
    ASSERT_TRUE(executed) << to_string(executed.error());
    next.run.result_commit = executed->result_commit;
  }

  port::Assignment next{.run = {.id = {Vtid(1213), 2}}};
};

}  // namespace vitana::worker::test
