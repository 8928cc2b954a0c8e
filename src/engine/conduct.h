// Load → decide → put: the glue between the pure rules and one unit of work.
#pragma once

#include <string>

#include "engine/setup.h"
#include "store/ledger.h"
#include "store/reader.h"

namespace vitana::engine {

/// Applies domain::transition to a task and its newest run and puts the decision into the ledger.
/// A refusal changes nothing and is recorded, once per (run, fence, command).
/// Errors: NOT_FOUND (no such task), and those of transition().
Result<domain::Decision> conduct(store::Ledger& ledger, const Setup& setup, port::Entropy& entropy,
                                 Vtid vtid, const domain::Command& command,
                                 const std::string& actor);

/// Everything that gate() looks at for this task, from the ledger or from a reader.
domain::GateInput gate_input(store::Ledger& ledger, const Setup& setup, const domain::Task& task,
                             const std::optional<domain::Run>& run);
domain::GateInput gate_input(store::Reader& reader, const Setup& setup, const domain::Task& task,
                             const std::optional<domain::Run>& run);

/// Where a task stands before the gate: with its live run, or for the next one.
domain::GatePoint point_of(const std::optional<domain::Run>& newest);

/// The verdict that holds the next step of a task which itself waits for nothing, or none. A delay
/// and a busy slot hold nothing: they pass by themselves.
std::optional<domain::GateVerdict> hold_of(store::Reader& reader, const Setup& setup,
                                           const domain::Task& task,
                                           const std::optional<domain::Run>& newest);

/// Decides, in this unit, that a person is told: [notify]. `told`: what the command gets, a JSON object as text.
void tell_a_person(store::Ledger& ledger, const domain::Policy& policy, const std::string& key, std::string told);

inline constexpr const char* execution_control = "execution";

}  // namespace vitana::engine
