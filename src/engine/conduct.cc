#include "engine/conduct.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/breaker.h"

namespace vitana::engine {

using namespace std::chrono_literals;

const RepoSetup* Setup::repo(const std::string& name) const {
  const auto it = std::find_if(repos.begin(), repos.end(),
                               [&](const RepoSetup& r) { return r.name == name; });
  return it == repos.end() ? nullptr : &*it;
}

const Endpoint* Setup::endpoint(const std::string& name) const {
  const auto it = std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& e) { return e.name == name; });
  return it == endpoints.end() ? nullptr : &*it;
}

void tell_a_person(store::Ledger& ledger, const domain::Policy& policy, const std::string& key, std::string told) {
  if (!policy.tells) return;
  ledger.put(domain::Effect{
      domain::EffectKind::notify, key, std::nullopt, std::nullopt, std::move(told), ledger.now()});
}

bool Setup::has_agent(const std::string& name) const {
  return std::find(agents.begin(), agents.end(), name) != agents.end();
}

store::WorkFilter Setup::work() const { return {.only = only, .default_agent = agent}; }

const std::string& Setup::agent_of(const domain::Task& task) const {
  return task.agent.empty() ? agent : task.agent;
}

domain::SpecRules Setup::spec_rules(store::Ledger& ledger, const std::string& repo) const {
  const auto row = ledger.repo(repo);
  if (!row || !row->rules) return policy.specs;
  // Until the next sync has looked with other rules of the operator's, nobody's are loosened.
  return row->rules_beside == policy.specs ? *row->rules : stricter(*row->rules, policy.specs);
}

domain::DeliveryMode Setup::delivery_of(const domain::Task& task) const {
  return task.delivery.value_or(policy.delivery);
}

Result<domain::Decision> conduct(store::Ledger& ledger, const Setup& setup, port::Entropy& entropy,
                                 Vtid vtid, const domain::Command& command,
                                 const std::string& actor) {
  const auto task = ledger.task(vtid);
  if (!task) {
    return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
  }
  const domain::Subject subject = ledger.subject(vtid);
  auto decision = setup.rules.transition(subject, command, actor, ledger.now(), setup.policy,
                                         {entropy.roll()});
  if (!decision) {
    const auto& error = decision.error();
    const auto fence = domain::fence_of(command);
    const auto run = subject.run ? std::optional(subject.run->id) : std::nullopt;
    const std::string name(name_of(domain::kind_of(command)));
    const nlohmann::ordered_json data{{"command", name},
                                      {"code", name_of(error.code)},
                                      {"message", error.message},
                                      {"fence", fence}};
    ledger.refuse(fmt::format("{}:{}:{}", run ? run->to_string() : vtid.to_string(), fence, name),
                  {domain::EventType::command_refused, vtid, run, actor, data.dump()});
    return decision;
  }
  ledger.put(*decision);
  return decision;
}

namespace {

/// What a step of this repository and agent meets; `agent_done`: it needs the agent no more.
template <typename Source>
void look_around(Source& source, const Setup& setup, const std::string& repo, const std::string& agent,
                 bool agent_done, domain::GateInput& in) {
  in.execution = source.control(execution_control);
  const auto breaker = [&](const std::string& key) -> std::optional<domain::Breaker> {
    const auto row = source.breaker(key);
    if (!row) return std::nullopt;
    auto known = row->breaker;
    const auto probe = known.probe ? source.run(*known.probe) : std::nullopt;
    // One that nobody carries on would keep all others waiting for its end.
    const bool carried = probe && setup.repo(probe->repo) != nullptr && setup.has_agent(probe->agent) &&
                         (!setup.only || *setup.only == probe->id.vtid);
    if (probe && (domain::is_terminal(probe->state) || !carried)) known.probe.reset();
    return known;
  };
  in.repo_breaker = breaker(breaker_key(domain::BreakerScope::repository, repo));
  if (!agent_done) in.agent_breaker = breaker(breaker_key(domain::BreakerScope::agent, agent));
  in.repo_settled = !source.repo(repo).value_or(store::RepoRow{}).unsettled;
  in.repo_known = setup.repo(repo) != nullptr;
  in.agent_known = agent_done || setup.has_agent(agent);
}

/// Does the gate hold these runs for what holds all of their repository or agent?
template <typename Source>
bool held_back(Source& source, const Setup& setup, const store::SlotRow& slot, Vtid vtid) {
  if (!slot.wants) return false;
  // Whose they are does not matter here: what the gate says of a task alone is not asked for.
  domain::GateInput in{.task = {.vtid = vtid, .repo = slot.repo}};
  look_around(source, setup, slot.repo, slot.agent, *slot.wants != domain::Step::execute, in);
  const auto point = *slot.wants == domain::Step::deliver ? domain::GatePoint::delivery : domain::GatePoint::claim;
  const auto answer = setup.rules.gate(point, in, setup.policy, source.now());
  return std::any_of(answer.verdicts.begin(), answer.verdicts.end(), [](const domain::GateVerdict& v) {
    return !v.pass && (v.holds == domain::Holds::repository || v.holds == domain::Holds::agent);
  });
}

template <typename Source>
domain::GateInput input_from(Source& source, const Setup& setup, const domain::Task& task,
                             const std::optional<domain::Run>& run) {
  domain::GateInput in{.task = task};
  const bool live = run && !domain::is_terminal(run->state);
  if (live) in.run = run;
  const int version = live ? run->spec_version : task.spec ? task.spec->version : 0;
  if (version > 0) {
    if (const auto spec = source.spec(task.vtid, version)) in.text_digest = Digest::of(spec->text);
  } else {
    in.spec_problem = task.failure ? task.failure->message : "no source has a spec";
  }
  const std::string agent = live ? run->agent : setup.agent_of(task);
  const std::string repo = live ? run->repo : task.repo;
  const bool agent_done = live && run->state != domain::RunState::pending_pickup &&
                          run->state != domain::RunState::executing;
  look_around(source, setup, repo, agent, agent_done, in);
  // A live run goes on whoever else does. Where one task alone is worked on, nobody carries on the runs
  // of others: to wait for them would be for ever.
  if (!live && !setup.only) {
    for (const auto& slot : source.slots()) {
      if (held_back(source, setup, slot, task.vtid)) continue;
      in.running += slot.runs;
      if (slot.agent == agent) in.agent_running += slot.runs;
    }
  }
  // Counted only where it matters: the runs of a busy day are many.
  if (setup.policy.caps.runs_per_repo_day > 0) {
    in.repo_runs_day = source.repo_runs_since(repo, source.now() - 24h);
  }
  return in;
}

}  // namespace

domain::GateInput gate_input(store::Ledger& ledger, const Setup& setup, const domain::Task& task,
                             const std::optional<domain::Run>& run) {
  return input_from(ledger, setup, task, run);
}

domain::GateInput gate_input(store::Reader& reader, const Setup& setup, const domain::Task& task,
                             const std::optional<domain::Run>& run) {
  return input_from(reader, setup, task, run);
}

domain::GatePoint point_of(const std::optional<domain::Run>& newest) {
  if (!newest || domain::is_terminal(newest->state)) return domain::GatePoint::dispatch;
  return newest->state == domain::RunState::delivering ? domain::GatePoint::delivery
                                                       : domain::GatePoint::claim;
}

std::optional<domain::GateVerdict> hold_of(store::Reader& reader, const Setup& setup,
                                           const domain::Task& task,
                                           const std::optional<domain::Run>& newest) {
  // A run is held only where a worker would have to claim it.
  const bool waits = task.status == domain::TaskStatus::in_progress && newest && newest->wants() && !newest->lease;
  if (task.status != domain::TaskStatus::scheduled && !waits) return std::nullopt;
  auto input = gate_input(reader, setup, task, newest);
  input.task.not_before = {};
  auto answer = setup.rules.gate(point_of(newest), input, setup.policy, reader.now());
  for (auto& verdict : answer.verdicts) {
    if (!verdict.pass && verdict.code != FailureCode::SLOTS_BUSY) return std::move(verdict);
  }
  return std::nullopt;
}

}  // namespace vitana::engine
