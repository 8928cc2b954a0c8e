#include "domain/labels.h"

#include <algorithm>

#include "base/utf8.h"

namespace vitana::domain {

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= label_bytes_max &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; }) &&
         utf8_clean(text) == text;
}

bool covers(const std::vector<std::string>& has, const std::vector<std::string>& needed) {
  return std::all_of(needed.begin(), needed.end(),
                     [&](const auto& label) { return std::find(has.begin(), has.end(), label) != has.end(); });
}

}  // namespace vitana::domain
