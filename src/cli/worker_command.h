// vitana worker: this machine works for a gateway elsewhere.
#pragma once

#include <string>

#include "cli/call.h"

namespace vitana::cli {

struct WorkerCommandOptions {
  WorkerOptions worker;
  std::string token_file;   ///< empty: VITANA_TOKEN
  std::string role = "worker";  ///< or verifier
  bool once = false;        ///< one step, and no more
  bool until_idle = false;  ///< ends where the gateway has nothing to do
};

/// Until it is told to stop, or the gateway drains it. What runs then is given back. 0 in all these cases, whatever
/// became of the steps. Errors: those of Application::work; FILE_UNREADABLE - the file of the token.
Answer work(Call& call, WorkerCommandOptions options);

}  // namespace vitana::cli
