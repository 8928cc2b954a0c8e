#include "gateway/entity_tag.h"

#include <algorithm>

namespace vitana::gateway {

std::vector<std::string> seen_by(const Request& request) {
  std::vector<std::string> seen;
  auto list = request.header("if-match");
  if (list == "*") return seen;
  while (!list.empty()) {
    const auto one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    // What is no tag is one that nothing ever had.
    const auto begin = one.find('"');
    const auto end = one.rfind('"');
    seen.emplace_back(begin < end ? one.substr(begin + 1, end - begin - 1) : std::string_view());
  }
  return seen;
}

}  // namespace vitana::gateway
