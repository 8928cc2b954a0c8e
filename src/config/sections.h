// The tables that both an operator's and a repository's file may hold. Not for use outside config/.
#pragma once

#include "config/config.h"
#include "config/section.h"

namespace vitana::config {

void read_verify(Section& section, Verify& verify);
void read_policy(Section& section, PolicyRules& rules);

/// Of a [[repos]]: what it says of its forge; then, with all of it read, whether that is whole.
void read_forge(Section& section, Repo& repo);
void check_forge(Section& section, Repo& repo);
/// One [[webhooks]], but for places of secrets.
void read_webhook(Section& section, Webhook& webhook);

/// Globs and folders inside a repository: relative, and never out of it.
void check_inside(Section& section, const std::string& key, const std::vector<std::string>& paths);
/// Patterns of which each bracket closes.
void check_globs(Section& section, const std::string& key, const std::vector<std::string>& globs);

}  // namespace vitana::config
