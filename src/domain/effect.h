// Effects: what has to be done outside the database, kept in the outbox until it is settled.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/vtid.h"

namespace vitana::domain {

enum class EffectKind {
  dispatch,            ///< send a run to a worker's address
  push,                ///< put a run's deliverable on its ref; done under the deliver lease
  notify,              ///< tell a person
  resolve_dependents,  ///< a task ended; those that wait for it must learn of it
  check_branch,        ///< judge the specs of a branch that registers none
  commit_status,       ///< tell a forge what became of a commit's specs
};

enum class EffectOutcome { done, void_, failed };

std::string_view name_of(EffectKind kind);
std::optional<EffectKind> effect_kind(std::string_view name);
std::string_view name_of(EffectOutcome outcome);

/// `key` is unique for ever: the same effect is recorded once however often it is decided.
struct Effect {
  EffectKind kind;
  std::string key;
  std::optional<Vtid> vtid;
  std::optional<RunId> run;
  std::string payload = "{}";  ///< a JSON object as text
  Instant due{};               ///< not before

  bool operator==(const Effect&) const = default;
};

struct EffectSettlement {
  std::string key;
  EffectOutcome outcome = EffectOutcome::done;

  bool operator==(const EffectSettlement&) const = default;
};

}  // namespace vitana::domain
