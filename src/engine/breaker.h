// Breakers in the store: what the ends of steps say of agents and repositories.
#pragma once

#include <string>

#include "base/result.h"
#include "domain/breaker.h"
#include "domain/run.h"
#include "store/ledger.h"

namespace vitana::engine {

/// Key of the row: "agent:NAME" or "repo:NAME".
std::string breaker_key(domain::BreakerScope scope, const std::string& name);

/// A step of `run` failed. A fault of the surroundings counts against what caused it, and may pause
/// it with one event and one notification; an agent's own failure shows that it can work.
void note_failed(store::Ledger& ledger, const domain::Policy& policy, const domain::Run& run, const Error& error);

/// An agent worked on a green base: what was paused for them goes on.
void note_executed(store::Ledger& ledger, const domain::Run& run);

/// A result was judged: setup and the base's checks went well.
void note_verified(store::Ledger& ledger, const domain::Run& run);

/// `run` is about to execute: where its agent or repository is paused, it is the one that tries.
void note_granted(store::Ledger& ledger, const domain::Run& run);

/// What paused `repo` may be mended: a commit came, or it answers again. Where it is paused, one run tries
/// at once. An empty name: whatever is paused, agents too.
void try_at_once(store::Ledger& ledger, const std::string& repo = {});

}  // namespace vitana::engine
