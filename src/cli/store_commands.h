// vitana audit, backup, restore, migrate, doctor, config, init, version: the house itself.
#pragma once

#include <string>

#include "cli/call.h"

namespace vitana::cli {

/// 0 when nothing is damaged. `expect`: "SEQ:HASH", an anchor that was kept elsewhere.
Answer audit(Call& call, const std::string& expect);
Answer backup(Call& call, const std::string& file);
Answer restore(Call& call, const std::string& file);
Answer migrate(Call& call);
/// 0 when nothing is wrong.
Answer doctor(Call& call);

/// 0 when the configuration is valid.
Answer config_check(Call& call);
/// The configuration that is in force, as the text of a vitana.toml.
Answer config_show(Call& call);

/// Writes vitana.toml and a first spec into the repository of the folder; overwrites nothing.
Answer init(Call& call);
Answer version(Call& call);

}  // namespace vitana::cli
