// Specs as people write them, made by number: the same number is the same text on every machine.
#pragma once

#include <string>

namespace vitana::bench {

/// A valid spec of one to six kilobytes: prose, nested lists, a table, fenced code, links, checks.
std::string specimen(unsigned number);

/// Its place in a repository: `docs/specs/team-07/01213-slug.md`.
std::string specimen_path(unsigned number);

}  // namespace vitana::bench
