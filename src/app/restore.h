// `vitana restore`: a backup takes the store's place.
#pragma once

#include <string>

#include "app/config_file.h"
#include "app/session.h"

namespace vitana::app {

/// Puts `backup` in the place of the store that `config` names, as a new epoch, paused, and settles the
/// deliveries that the repositories' histories know of. The answer is where the store before it is kept;
/// empty: there was none. No VTID, run id or token that the store before gave out is given out again, as
/// far as it can be read, or logs and mirrors tell of it. A crash at any moment leaves the old store or the new one.
/// Errors: DATA_DIR_IN_USE, STORE_DAMAGED (the backup), FILE_UNREADABLE, STATE_REFUSED (it is of another
/// store than the one that stands there and can be opened); a repository that could not be
/// read, once the backup is in its place: `kept` in the context.
Result<std::string> restore(const std::string& backup, OperatorConfig config, const cli::OpenOptions& options,
                            const Parts& parts);

}  // namespace vitana::app
