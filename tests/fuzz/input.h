// For fuzz targets: taking an input apart, and what holds for every answer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "domain/diagnostic.h"

namespace vitana::fuzz {

/// Hands out the bytes of one input; when they are used up, zeros and empty texts.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) {
    bytes_.assign(data, data + size);
    rest_ = bytes_;
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }

  /// Up to the next `end`, which is dropped.
  std::string_view until(char end) {
    const auto part = rest_.substr(0, rest_.find(end));
    rest_.remove_prefix(std::min(rest_.size(), part.size() + 1));
    return part;
  }

  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::string bytes_;
  std::string_view rest_;
};

/// The lines of a text as an editor counts them: LF, CRLF and a lone CR end one.
inline std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const auto end = text.find_first_of("\r\n");
    lines.push_back(text.substr(0, end));
    if (end == text.npos) return lines;
    text.remove_prefix(text.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
}

inline bool is_utf8(std::string_view text) { return !utf8_fault(text); }

/// A finding can be printed on a line of its own, and an editor can go to its place. `lines` are of
/// the text that it is about.
inline void check_finding(const domain::Diagnostic& finding,
                          const std::vector<std::string_view>& lines) {
  CHECK(!finding.rule.empty() && !finding.message.empty());
  CHECK(is_utf8(finding.message) && is_utf8(finding.hint));
  const auto shown = to_string(finding);
  CHECK(std::none_of(shown.begin(), shown.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  CHECK(finding.line >= 1 && static_cast<std::size_t>(finding.line) <= lines.size());
  const auto& line = lines[static_cast<std::size_t>(finding.line) - 1];
  CHECK(finding.column >= 1 && static_cast<std::size_t>(finding.column) <= line.size() + 1);
}

}  // namespace vitana::fuzz

/// What libFuzzer and replay_main.cc call. Aborts when something does not hold.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
