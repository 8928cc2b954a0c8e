// What `vitana init` finds in a folder and on its machine.
#pragma once

#include <string>

#include "base/result.h"
#include "config/starter.h"

namespace vitana::app {

/// Branch, checks, setup and cache of the repository in `folder`; the globs of other
/// tools' specs; agents' programs in PATH; the sandbox.
/// Errors: those of finding the repository's branch.
Result<config::StarterFacts> starter_facts(const std::string& folder);

}  // namespace vitana::app
