#include "domain/diagnostic.h"

#include <fmt/format.h>

#include "base/lines.h"
#include "base/utf8.h"

namespace vitana::domain {

void keep_inside(std::vector<Diagnostic>& diagnostics, std::string_view text) {
  const auto starts = line_starts(text);
  for (auto& d : diagnostics) {
    const auto line = std::clamp<std::size_t>(static_cast<std::size_t>(std::max(d.line, 1)), 1,
                                              starts.size());
    const auto start = starts[line - 1];
    const auto end = std::min(text.find_first_of("\r\n", start), text.size());
    d.line = static_cast<int>(line);
    d.column = std::clamp(d.column, 1, static_cast<int>(end - start) + 1);
  }
}

std::string to_string(const Diagnostic& d) {
  const auto file = d.file.empty() ? "<text>" : printable_line(d.file);
  return fmt::format("{}:{}:{}: {}: {} [{}]", file, d.line, d.column, name_of(d.severity),
                     d.message, d.rule);
}

}  // namespace vitana::domain
