// Repositories within a tree: a folder of a checkout that git takes for one, with a configuration of its own.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "git/tree.h"

namespace vitana::git {

/// Has a repository a folder of this name, which may be an empty one?
bool is_repository_folder(std::string_view name);

/// Is there anything in these changes that could make a repository of a folder, or change one? Cheap: asked before
/// a tree is listed.
bool may_touch_repository(std::span<const Change> changes);

/// A folder of the result that git takes for a repository and whose HEAD, objects, refs, commondir, configuration or
/// hooks are among the changes; nothing where there is none, or only such as nobody touched. `paths` are all files of
/// the result, as `ls-tree -r -z --name-only` prints them, in any order; a folder may stand there too.
///
/// A repository is HEAD beside both objects and refs, or beside commondir, which may lead anywhere. git asks of
/// objects and refs only that they can be entered, so that a link, a submodule and a program count like a folder;
/// what HEAD says is not looked at. Case makes no difference: on some disks there is none. The top is not judged:
/// a checkout has its .git there.
std::optional<std::string> repository_touched(std::span<const Change> changes, std::string_view paths);

}  // namespace vitana::git
