// What the commands' tests share: an application over the real engine on a store in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/session.h"

namespace vitana::cli::testing {

class SetClock : public port::Clock {
 public:
  Instant now() override { return time; }
  Instant time = from_us(1'769'331'600'000'000);  // 2026-01-25T09:00:00Z
};

class FixedEntropy : public port::Entropy {
 public:
  double roll() override { return 0.5; }
  std::uint64_t bits() override { return 0x0123456789abcdef; }
};

/// One branch with one commit whose files are set by the test.
class OneCommit : public port::Repository {
 public:
  std::map<std::string, std::string> files;
  std::string tip = "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1";

  std::string default_branch() const override { return "main"; }
  Result<std::optional<std::string>> branch_tip() override { return std::optional(tip); }
  Result<std::string> fetch() override { return tip; }
  Result<std::vector<port::TreeChange>> changes(const std::string&, const std::string&,
                                                const std::vector<std::string>&) override {
    std::vector<port::TreeChange> all;
    for (const auto& [path, text] : files) {
      all.push_back({port::TreeChange::Kind::added, {path, Digest::of(text).hex().substr(0, 40)}});
    }
    return all;
  }
  Result<std::map<std::string, std::string>> renames(const std::string&,
                                                     const std::string&) override {
    return std::map<std::string, std::string>();
  }
  Result<std::string> read_blob(const std::string& blob, std::size_t) override {
    for (const auto& [path, text] : files) {
      if (Digest::of(text).hex().substr(0, 40) == blob) return text;
    }
    return failure(FailureCode::COMMIT_MISSING, "no such blob");
  }
  Result<std::optional<std::string>> read_file(const std::string&, const std::string& path,
                                               std::size_t) override {
    const auto it = files.find(path);
    return it == files.end() ? std::nullopt : std::optional(it->second);
  }
  Result<std::vector<port::PathCommit>> last_commits(
      const std::string&, const std::string&, const std::vector<std::string>& paths) override {
    const port::PathCommit who{tip, "Ada <ada@example.org>", from_us(1'769'000'000'000'000)};
    return std::vector<port::PathCommit>(paths.size(), who);
  }
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string&,
                                                        const std::string&) override {
    return std::vector<port::DeliveryTrailer>{};
  }
  Result<bool> holds(const std::string&, const std::string&) override { return false; }
  Result<std::optional<std::string>> ref_commit(const std::string&) override {
    return std::optional<std::string>();
  }
  Result<port::PushAnswer> push(const domain::Deliverable&, const port::MayBegin&) override {
    return port::PushAnswer{};
  }
  Result<std::optional<port::BranchBeside>> fetch_beside(const std::string&) override {
    return std::optional<port::BranchBeside>();
  }
  Result<void> forget_beside() override { return {}; }
  Result<bool> withdraw(const domain::Deliverable&) override { return false; }
  Result<void> remove(const std::string&, const std::string&) override { return {}; }
};

class FakeApplication : public Application {
 public:
  FakeApplication() {
    auto opened = store::Store::open({.path = ":memory:"}, clock, entropy);
    if (!opened) throw std::runtime_error(to_string(opened.error()));
    store = std::move(*opened);
  }

  Result<config::Config> configuration(const OpenOptions&) override {
    if (config_error) return failure(*config_error);
    return config;
  }
  Result<std::unique_ptr<Session>> open(const OpenOptions& options) override;
  Result<DataPlace> data_place(const OpenOptions&) override { return DataPlace{"/data"}; }
  std::optional<int> engine_pid(const std::string&) override { return std::nullopt; }
  std::vector<DoctorFinding> doctor(const OpenOptions&) override { return findings; }
  std::vector<DoctorFinding> cautions(const OpenOptions&) override { return {}; }
  DoctorFinding sandbox(const config::Config&) override { return {"sandbox", true, "works", ""}; }
  Result<config::StarterFacts> starter_facts(const std::string&) override {
    return config::StarterFacts{.repo_name = "hub", .branch = "main"};
  }
  Result<std::string> restore(const std::string&, const OpenOptions&) override { return ""; }
  Result<std::unique_ptr<RemoteWorker>> work(const OpenOptions&, const WorkerOptions&) override {
    return failure(FailureCode::NETWORK_UNREACHABLE, "there is no network here");
  }

  SetClock clock;
  FixedEntropy entropy;
  std::shared_ptr<OneCommit> repository = std::make_shared<OneCommit>();
  std::unique_ptr<store::Store> store;
  config::Config config;
  std::optional<Error> config_error;
  std::vector<DoctorFinding> findings;
  std::vector<std::string> agents = {"fixer"};
  std::string folder;  ///< the working tree of the repository "hub"
};

class FakeSession : public Session {
 public:
  explicit FakeSession(FakeApplication& application)
      : application_(application),
        engine_(*application.store, application.clock, application.entropy, setup_of(application)) {
  }

  engine::Engine& engine() override { return engine_; }
  const config::Config& config() override { return application_.config; }
  std::string data_folder() override { return "/data"; }
  Result<void> start(const StartOptions&) override {
    return failure(FailureCode::SANDBOX_UNAVAILABLE, "no sandbox in tests");
  }
  void ready() override {}
  void stop(bool, Duration) override {}
  std::optional<int> engine_pid() override { return std::nullopt; }
  Result<std::string> run_log(const RunId& run, std::size_t, std::size_t) override {
    return failure(FailureCode::NOT_FOUND, run.to_string() + " has no log");
  }
  Result<std::string> serve(const ServeOptions& options) override { return "http://" + options.listen; }
  std::optional<std::string> gateway_url() override { return "http://127.0.0.1:8080"; }
  Result<std::string> run_diff(const RunId& run) override {
    return failure(FailureCode::NOT_FOUND, run.to_string() + " left no change");
  }

 private:
  static engine::Setup setup_of(FakeApplication& application) {
    engine::Setup setup;
    engine::RepoSetup repo{"hub", application.repository};
    repo.specs = {"docs/specs/**/*.md"};
    repo.folder = application.folder;
    setup.repos.push_back(std::move(repo));
    setup.agents = application.agents;
    if (!setup.agents.empty()) setup.agent = setup.agents.front();
    return setup;
  }

  FakeApplication& application_;
  engine::Engine engine_;
};

inline Result<std::unique_ptr<Session>> FakeApplication::open(const OpenOptions&) {
  return std::make_unique<FakeSession>(*this);
}

/// What one command line did.
struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class CommandTest : public ::testing::Test {
 protected:
  CommandTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vitana-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    std::filesystem::create_directories(folder_ / ".git");
    application.folder = folder_.string();
    application.config.repos.push_back({.name = "hub", .path = folder_.string()});
  }
  ~CommandTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::vector<const char*> argv{"vitana"};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    std::istringstream in(input);
    auto* before = std::cin.rdbuf(in.rdbuf());
    std::cin.clear();
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.code = run_command_line(static_cast<int>(argv.size()), argv.data(), application);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    std::cin.rdbuf(before);
    return outcome;
  }

  FakeApplication application;
  std::filesystem::path folder_;
};

inline const char* const good_spec =
    "# VTID-00007: A quieter sidebar\n\n"
    "## Summary\n\nThe sidebar gets the new background colour.\n\n"
    "## Problem\n\nThe old colour has too little contrast to read.\n\n"
    "## Acceptance Criteria\n\n- The file `a.css` names the new colour.\n\n"
    "  ```check\n  grep -q '#123' a.css\n  ```\n\n"
    "- It looks calm.\n";

}  // namespace vitana::cli::testing
