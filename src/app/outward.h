// What the engine tells others over HTTP: webhooks of the configuration, and forges.
#pragma once

#include <string>

#include "config/config.h"
#include "engine/announcer.h"
#include "engine/commit_statuses.h"
#include "http/client.h"

namespace vitana::app {

/// Posts events, signed by the Standard Webhooks specification where there is a secret. Addresses and secrets are read
/// anew each time, and stand in no error. `config` and `client` outlive it.
engine::Announce announcer(const config::Config& config, http::Client& client);

/// Tells a commit's status by the API of the repository's forge. Likewise.
engine::StatusTeller status_teller(const config::Config& config, http::Client& client);

/// Endpoints as the engine knows them.
std::vector<engine::Endpoint> endpoints(const config::Config& config);

/// The name under which a forge shows the status.
inline constexpr const char* status_context = "vitana/specs";

}  // namespace vitana::app
