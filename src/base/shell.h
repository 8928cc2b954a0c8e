// Words for the shell.
#pragma once

#include <string>
#include <string_view>

namespace vitana {

/// `text` as one word of a POSIX shell's command line: in single quotes, whatever it holds.
std::string shell_quoted(std::string_view text);

/// The same, in quotes only where it needs them.
std::string shell_word(std::string_view text);

}  // namespace vitana
