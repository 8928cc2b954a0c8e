// The engine as one object: what commands, workers and later the gateway talk to.
#pragma once

#include "engine/access.h"
#include "engine/announcer.h"
#include "engine/authoring.h"
#include "engine/autopilot.h"
#include "engine/branch_checks.h"
#include "engine/commit_statuses.h"
#include "engine/conductor.h"
#include "engine/desk.h"
#include "engine/registry.h"
#include "engine/run_desk.h"
#include "engine/setup.h"
#include "engine/webhooks.h"
#include "engine/worker_desk.h"

namespace vitana::engine {

/// Owns nothing but its parts; the store, clock and entropy outlive it. Commands beside a running
/// engine build one too, on the same store, and never start its autopilot.
class Engine {
 public:
  Engine(store::Store& store, port::Clock& clock, port::Entropy& entropy, Setup setup,
         Notifier notifier = {}, Announce announce = {}, StatusTeller statuses_teller = {})
      : setup_(std::move(setup)),
        store_(store),
        clock_(clock),
        registry(store, entropy, setup_),
        runs(store, clock, entropy, setup_),
        desk(store, entropy, setup_, registry, runs),
        drafts(store, registry, setup_),
        intake(store, registry, setup_),
        access(store, entropy, setup_),
        workers(store, clock, setup_, runs),
        conductor(store, entropy, setup_, registry, std::move(notifier)),
        autopilot(store, clock, setup_, registry, conductor, runs),
        webhooks(store, setup_, autopilot),
        announcer(store, clock, entropy, setup_, std::move(announce)),
        branches(store, entropy, setup_, registry),
        statuses(store, clock, entropy, setup_, std::move(statuses_teller)) {
    autopilot.on_told([this](store::Sequence head) { return announcer.told(head); });
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const Setup& setup() const { return setup_; }
  /// Nothing is allocated or claimed for other tasks. Before the autopilot is started.
  void work_only_on(Vtid vtid) { setup_.only = vtid; }
  /// No worker of this process executes: see Setup::own_workers. Before the autopilot is started.
  void leave_executing_to_others() { setup_.own_workers = false; }
  /// See Setup::dispatcher. Before the autopilot is started.
  void tell_workers_by(std::shared_ptr<port::Dispatcher> dispatcher) { setup_.dispatcher = std::move(dispatcher); }
  /// See Setup::plain_callbacks. Before others ask.
  void allow_plain_callbacks() { setup_.plain_callbacks = true; }
  /// See Setup::waits_for_none. Before others ask.
  void wait_for_none() { setup_.waits_for_none = true; }
  store::Store& store() { return store_; }
  Instant now() const { return clock_.now(); }

 private:
  Setup setup_;
  store::Store& store_;
  port::Clock& clock_;

 public:
  Registry registry;
  RunDesk runs;
  Desk desk;
  Drafts drafts;
  Intake intake;
  Access access;
  WorkerDesk workers;
  Conductor conductor;
  Autopilot autopilot;
  Webhooks webhooks;
  Announcer announcer;
  BranchChecks branches;
  CommitStatuses statuses;
};

}  // namespace vitana::engine
