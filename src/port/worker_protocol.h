// How a worker on another machine and its gateway speak with each other: the bounds that both hold to, and what both
// pass on as it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/vtid.h"
#include "domain/run.h"
#include "port/run_source.h"

namespace vitana::port {

/// A worker that speaks an older one than the least is refused. What is added to a body can be left out, and is passed
/// over by who does not know it: that needs no new number.
inline constexpr int worker_protocol = 1;
inline constexpr int worker_protocol_least = 1;

inline constexpr int claim_steps_max = 16;                         ///< of one claim
inline constexpr auto claim_wait_max = std::chrono::seconds(30);   ///< at the gateway, where there is nothing to do
inline constexpr std::size_t held_runs_max = 256;                  ///< of one heartbeat
inline constexpr int worker_slots_max = 256;
inline constexpr std::size_t log_piece_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t base_bundle_bytes_max = std::size_t{512} << 20;
inline constexpr std::size_t result_bundle_bytes_max = std::size_t{64} << 20;
inline constexpr std::size_t evidence_max = 1'000;                        ///< entries of one report
inline constexpr std::size_t evidence_output_bytes_max = 32 << 10;        ///< of each
inline constexpr std::size_t evidence_bytes_max = std::size_t{2} << 20;   ///< of all outputs together
inline constexpr std::size_t verdict_bytes_max = std::size_t{8} << 20;    ///< of a whole report
inline constexpr std::size_t callback_url_bytes_max = 1'000;
inline constexpr std::size_t callback_secret_bytes_min = 24;
inline constexpr std::size_t callback_secret_bytes_max = 256;
inline constexpr auto callback_deadline = std::chrono::seconds(10);  ///< of one telling

/// What a worker says of itself.
struct WorkerIntroduction {
  std::string name;  ///< the same name, said with the same token's name, is the same worker
  std::vector<std::string> labels = {};
  int slots = 1;
  int protocol = worker_protocol;
  std::string callback_url = {};     ///< where it is told of runs; empty: it asks
  std::string callback_secret = {};  ///< signs what it is told; there is one exactly where there is an address
};

/// A run that a worker believes it holds.
struct HeldRun {
  RunId run{Vtid(1)};
  domain::Fence fence = 0;
};

/// What a heartbeat is answered with.
struct Pulse {
  std::vector<Directive> directives;  ///< one for each run that was named, in its order; none is `drain`
  bool drain = false;                 ///< the worker is to take nothing new
};

}  // namespace vitana::port
