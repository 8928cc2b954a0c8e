#include "base/lines.h"

namespace vitana {

std::vector<std::size_t> line_starts(std::string_view text) {
  std::vector<std::size_t> starts = {0};
  for (auto at = text.find_first_of("\r\n"); at != text.npos; at = text.find_first_of("\r\n", at)) {
    at += text.substr(at, 2) == "\r\n" ? std::size_t{2} : std::size_t{1};
    starts.push_back(at);
  }
  return starts;
}

}  // namespace vitana
