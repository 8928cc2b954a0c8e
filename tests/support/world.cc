#include "support/world.h"

#include <fmt/format.h>

#include "base/check.h"
#include "engine/delivery.h"

namespace vitana::testing {

using domain::Step;

World::World(WorldOptions options)
    : options_(std::move(options)), entropy_(options_.seed),
      repository_(std::make_shared<SimRepository>()), seen_repository_(repository_) {
  if (options_.repository) seen_repository_ = options_.repository(repository_);
  open_store();
  engine_ = std::make_unique<engine::Engine>(*store_, clock_, entropy_, setup(), options_.notifier);
}

void World::open_store() {
  auto opened = store::Store::open({.path = options_.store_path,
                                    .mode = store::OpenMode::engine,
                                    .around_commit = options_.around_commit,
                                    .prepared = options_.prepared},
                                   clock_, entropy_);
  CHECK(opened.has_value());
  store_ = std::move(*opened);
}

engine::Setup World::setup() const {
  engine::Setup setup;
  setup.repos.push_back({"hub", seen_repository_, "main", options_.specs, options_.adopt_all,
                         options_.local_ids, options_.elsewhere ? "" : "/hub", options_.spec_rules, options_.repo_labels});
  setup.agents = options_.agents;
  setup.agent = options_.agents.front();
  setup.policy = options_.policy;
  setup.config_text = "simulated";
  setup.config_digest = Digest::of(setup.config_text);
  setup.rules = options_.rules;
  setup.dispatcher = options_.dispatcher;
  setup.own_workers = options_.own_workers;
  setup.labels = options_.labels;
  setup.agent_labels = options_.agent_labels;
  setup.only = options_.only;
  return setup;
}

std::string World::local_worker(const std::string& name) const {
  return engine::local_worker(std::to_string(incarnation_), name);
}

void World::reopen() {
  engine_.reset();
  store_.reset();
  open_store();
  restart();
}

void World::restart() {
  engine_ = std::make_unique<engine::Engine>(*store_, clock_, entropy_, setup(), options_.notifier);
  ++incarnation_;
  CHECK(engine_->autopilot.take_over(std::to_string(incarnation_)).has_value());
}

void World::scan() { (void)engine_->autopilot.scan(engine_->setup().repos.front()).has_value(); }

void World::conduct() {
  CHECK(engine_->autopilot.round().has_value());
  // As their own threads do it beside the rounds; what fails is due later.
  for (int i = 0; i < 64; ++i) {
    const auto routed = engine_->conductor.route();
    CHECK(routed.has_value());
    if (*routed == 0) break;
  }
  for (int i = 0; i < 64; ++i) {
    const auto told = engine_->conductor.tell();
    CHECK(told.has_value());
    if (*told == 0) break;
  }
}

bool World::work_one(const std::vector<Step>& steps) {
  auto granted = engine_->runs.claim({local_worker("sim"), "", steps, 1});
  CHECK(granted.has_value());
  if (granted->empty()) return false;
  const auto& assignment = granted->front();
  std::vector<domain::Evidence> evidence;
  auto report = do_step(assignment, evidence);
  (void)engine_->runs.report(assignment.run.id, report, std::move(evidence)).has_value();
  return true;
}

port::StepReport World::do_step(const port::Assignment& assignment,
                                std::vector<domain::Evidence>& evidence) {
  const auto fence = assignment.lease().fence;
  const auto& run = assignment.run;
  const SimAgent agent = options_.agent ? options_.agent(assignment) : SimAgent{};
  switch (assignment.step) {
    case Step::execute: {
      if (agent.error) return domain::StepFailed{fence, *agent.error};
      const std::string result = repository_->make_commit(run.base_commit, agent.change, "", "");
      return domain::Executed{fence, result, result, !agent.change.empty(),
                              assignment.spec.no_change, false, agent.question, run.id.to_string()};
    }
    case Step::verify: {
      evidence.push_back({"AC-1", "it is so", domain::CriterionClass::command,
                          agent.verdict ? domain::EvidenceVerdict::failed : domain::EvidenceVerdict::passed,
                          "true", 0, 1, "", run.result_tree, clock_.now()});
      if (agent.verdict) return domain::StepFailed{fence, *agent.verdict};
      domain::Verified verified{fence};
      verified.passed = agent.passed;
      verified.open_sign_offs = std::max(0, agent.open_sign_offs - static_cast<int>(assignment.signed_off.size()));
      verified.signed_off = static_cast<int>(assignment.signed_off.size());
      const std::string tip = repository_->tip();
      verified.deliverable = {assignment.target_ref, tip,
                              repository_->make_commit(tip, agent.change, run.id.vtid.to_string(),
                                                       run.spec_digest.to_string()),
                              "tree"};
      return verified;
    }
    case Step::deliver: return engine::deliver(engine_->setup(), assignment, engine_->runs);
  }
  CHECK(false);
}

void World::settle(int rounds_max) {
  for (int i = 0; i < rounds_max; ++i) {
    scan();
    conduct();
    bool worked = false;
    while (work_one()) worked = true;
    if (!worked) {
      conduct();
      if (!work_one()) return;
    }
  }
}

std::optional<domain::Task> World::find(Vtid vtid) {
  std::optional<domain::Task> found;
  CHECK(store_->read([&](store::Reader& reader) -> Result<void> {
                 found = reader.task(vtid);
                 return {};
               }).has_value());
  return found;
}

domain::Task World::task(Vtid vtid) {
  auto found = find(vtid);
  CHECK(found.has_value());
  return std::move(*found);
}

std::vector<domain::Run> World::runs(Vtid vtid) {
  std::vector<domain::Run> runs;
  CHECK(store_->read([&](store::Reader& reader) -> Result<void> {
                 runs = reader.runs(vtid);
                 return {};
               }).has_value());
  return runs;
}

std::vector<std::string> World::event_types(std::optional<Vtid> vtid) {
  std::vector<std::string> types;
  CHECK(store_->read([&](store::Reader& reader) -> Result<void> {
                 store::EventFilter filter{.vtid = vtid};
                 for (const auto& event : reader.events(filter)) types.push_back(event.type);
                 return {};
               }).has_value());
  return types;
}

std::map<std::string, std::int64_t> World::row_counts() {
  std::map<std::string, std::int64_t> counts;
  CHECK(store_->read([&](store::Reader& reader) -> Result<void> {
                 counts = reader.row_counts();
                 return {};
               }).has_value());
  return counts;
}

std::string sample_spec(const std::string& title) {
  return fmt::format(
      "# {}\n\n## Summary\n\nThe operator entry of the sidebar is shown in the wrong colour.\n\n"
      "## Current Behavior\n\nIt is red.\n\n## Testing Criteria\n\n- The entry is blue\n\n"
      "  ```check\n  grep -q blue page.html\n  ```\n",
      title);
}

}  // namespace vitana::testing
