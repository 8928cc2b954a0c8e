// The lines of a text, as Markdown and editors count them: LF, CRLF and a lone CR end one.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace vitana {

/// The offset of the first byte of each line. A text has at least one; behind a last line end
/// there is an empty one.
std::vector<std::size_t> line_starts(std::string_view text);

}  // namespace vitana
