// Text from outside: is it UTF-8, and how is it made safe to store and to show.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vitana {

/// The byte offset of the first byte that is not valid UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF), or nothing when all is valid. NUL is valid here.
std::optional<std::size_t> utf8_fault(std::string_view text);

/// `text` with every invalid byte and every NUL replaced by U+FFFD.
std::string utf8_clean(std::string_view text);

/// At most `bytes_max` bytes of `text`, cut between characters.
std::string_view utf8_prefix(std::string_view text, std::size_t bytes_max);

/// For a terminal: as utf8_clean, and control characters other than newline and tab replaced too,
/// so that stored text cannot move the cursor, set a title, or turn the order of what is read.
std::string printable(std::string_view text);

/// The same for one line: newlines and tabs become spaces, so that nothing can pass for a line of
/// its own.
std::string printable_line(std::string_view text);

}  // namespace vitana
