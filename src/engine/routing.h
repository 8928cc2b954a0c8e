// Which workers could be told of a run: those that gave an address as they registered.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/setup.h"
#include "store/ledger.h"
#include "store/reader.h"

namespace vitana::engine {

/// One that was not heard of for so long is not called. Workers are seen to the minute, so it is some more.
inline constexpr Duration callback_silence_max = std::chrono::minutes(5);
inline constexpr int callback_workers_max = 100;  ///< looked at for one run: those that were seen last

/// How many runs each worker was told of that it has not taken yet, by its id.
using Told = std::map<std::string, int>;

/// Those that were seen lately, are not to drain, have the labels that the run needs and a slot that is free, and whose
/// token still lets them work on its repository. The one with the most free slots stands first.
std::vector<port::CallbackWorker> workers_for(store::Ledger& ledger, const Setup& setup, const domain::Run& run,
                                              const Told& told);
std::vector<port::CallbackWorker> workers_for(store::Reader& reader, const Setup& setup, const domain::Run& run,
                                              const Told& told);

}  // namespace vitana::engine
