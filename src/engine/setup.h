// What the engine is built from: the configured repositories, agents and rules. Values and ports.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "domain/gate.h"
#include "domain/policy.h"
#include "domain/transition.h"
#include "port/dispatcher.h"
#include "port/entropy.h"
#include "port/repository.h"
#include "port/run_source.h"
#include "store/ledger.h"
#include "store/rows.h"

namespace vitana::engine {

struct RepoSetup {
  std::string name;
  std::shared_ptr<port::Repository> repository;
  std::string branch = "main";     ///< empty: its default one, as far as `repository` knows it
  std::vector<std::string> specs;  ///< patterns of spec files
  bool adopt_all = false;
  bool local_ids = false;          ///< a file's id is recorded here, not written in it
  std::string folder;              ///< absolute path on this machine; empty: it is elsewhere
  /// Where the repository may say something about itself: the rules that hold at a commit of its branch.
  /// Errors: REPO_RULES_INVALID, GIT_FAILED.
  std::function<Result<domain::SpecRules>(const std::string& commit)> spec_rules = {};
  std::vector<std::string> labels = {};  ///< what a worker must have that executes runs of it
  bool tells_status = false;       ///< a forge is told what became of the specs of its commits

  /// Empty: not known yet, and nothing of the repository is read before it is.
  std::string branch_name() const { return branch.empty() && repository ? repository->default_branch() : branch; }
};

/// Somebody outside who is told events: [[webhooks]].
struct Endpoint {
  std::string name;
  std::string host = {};  ///< for lists: the address itself may be a secret; empty: not known
  std::vector<std::string> events = {};  ///< patterns of their types; empty: what needs a person
};

struct Setup;

/// Puts a run's deliverable on its ref; see delivery.h.
port::StepReport deliver(const Setup& setup, const port::Assignment& assignment, port::RunSource& source);

/// The rules, as values: a test may put a mutant in their place, the product never does.
struct Rules {
  decltype(&domain::transition) transition = &domain::transition;
  decltype(&domain::gate) gate = &domain::gate;
  decltype(&engine::deliver) deliver = &engine::deliver;
};

struct Setup {
  std::vector<RepoSetup> repos;
  std::vector<std::string> agents;  ///< names that are configured
  /// What a worker must have that runs the agent of this name; see labels.h.
  std::map<std::string, std::vector<std::string>> agent_labels = {};
  std::string agent;                ///< the one used where a task names none
  domain::Policy policy;
  Digest config_digest;
  std::string config_text;          ///< the effective configuration, kept with the runs it began
  std::vector<Endpoint> endpoints = {};
  Rules rules = {};
  std::shared_ptr<port::Dispatcher> dispatcher = {};  ///< absent: runs are only claimed
  std::optional<Vtid> only = {};    ///< no other task is worked on
  std::string home = {};            ///< names this engine's data folder among those that share a store
  bool waits_for_none = false;      ///< who asks waits for no repository on another machine: scanners read them
  bool plain_callbacks = false;     ///< workers on other machines are told of runs without encryption, too
  bool own_workers = false;         ///< workers of this process claim runs as they get free
  std::vector<std::string> labels = {};  ///< what these have

  const RepoSetup* repo(const std::string& name) const;
  const Endpoint* endpoint(const std::string& name) const;
  bool has_agent(const std::string& name) const;
  /// What the engine works on.
  store::WorkFilter work() const;
  /// Its own, or the configured one.
  const std::string& agent_of(const domain::Task& task) const;
  /// What a text for this repository is held to: what its last sync found, or the operator's rules.
  domain::SpecRules spec_rules(store::Ledger& ledger, const std::string& repo) const;
  /// Where a task goes that names no repository; empty: none is meant more than another.
  std::string default_repo() const { return repos.size() == 1 ? repos.front().name : ""; }
  std::string repo_or_default(const std::string& name) const { return name.empty() ? default_repo() : name; }
  domain::DeliveryMode delivery_of(const domain::Task& task) const;
};

}  // namespace vitana::engine
