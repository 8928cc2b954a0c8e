#include "simulation/coverage.h"

#include <fmt/format.h>

#include "base/check.h"

namespace vitana::testing {
namespace {

thread_local decltype(&domain::transition) recorded = nullptr;
thread_local Moves* noted = nullptr;

Result<domain::Decision> record(const domain::Subject& subject, const domain::Command& command,
                                const std::string& actor, Instant now, const domain::Policy& policy,
                                domain::Roll roll) {
  auto decision = recorded(subject, command, actor, now, policy, roll);
  if (!decision) return decision;
  const auto kind = domain::kind_of(command);
  noted->tasks.insert({kind, subject.task.status, decision->task.status});
  if (decision->run && decision->run != subject.run) {
    const bool fresh = !subject.run || subject.run->id != decision->run->id;
    noted->runs.insert({kind, fresh ? std::nullopt : std::optional(subject.run->state),
                        decision->run->state});
  }
  return decision;
}

}  // namespace

void Moves::add(const Moves& other) {
  tasks.insert(other.tasks.begin(), other.tasks.end());
  runs.insert(other.runs.begin(), other.runs.end());
}

std::vector<std::string> Moves::missing() const {
  std::vector<std::string> out;
  for (const auto& move : domain::task_moves()) {
    if (tasks.contains(move)) continue;
    out.push_back(fmt::format("task: {}: {} -> {}", name_of(move.command), name_of(move.from),
                              name_of(move.to)));
  }
  for (const auto& move : domain::run_moves()) {
    if (runs.contains(move)) continue;
    out.push_back(fmt::format("run: {}: {} -> {}", name_of(move.command),
                              move.from ? name_of(*move.from) : "nothing", name_of(move.to)));
  }
  return out;
}

Recording::Recording(engine::Rules rules, Moves& moves) : inner_(rules) {
  CHECK(noted == nullptr);
  recorded = rules.transition;
  noted = &moves;
}

Recording::~Recording() { noted = nullptr; }

engine::Rules Recording::rules() const { return {&record, inner_.gate}; }

}  // namespace vitana::testing
