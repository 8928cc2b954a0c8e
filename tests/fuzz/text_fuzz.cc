// The small parsers of base: times, durations, path patterns, UTF-8.
#include <optional>
#include <string>
#include <string_view>

#include "base/glob.h"
#include "base/time.h"
#include "fuzz/input.h"

namespace {

using namespace vitana;

void check_times(std::string_view text) {
  if (const auto instant = from_rfc3339(text)) {
    const auto written = to_rfc3339(*instant);
    // An offset may lead out of the four-digit years, which are all that is read.
    if (written.size() == 27) CHECK(from_rfc3339(written) == instant);
  }
  if (const auto duration = parse_duration(text)) {
    CHECK(*duration >= Duration::zero() && *duration <= std::chrono::days(365));
    CHECK(parse_duration(to_string(*duration)) == duration);
    CHECK(!to_words(*duration).empty());
  }
}

void check_bytes(std::string_view text) {
  const auto clean = utf8_clean(text);
  CHECK(!utf8_fault(clean) && clean.find('\0') == clean.npos);
  CHECK(utf8_clean(clean) == clean);
  if (!utf8_fault(text) && text.find('\0') == text.npos) CHECK(clean == text);
  const auto shown = printable(text);
  CHECK(!utf8_fault(shown) && printable(shown) == shown);
  for (const char c : shown) {
    CHECK(static_cast<unsigned char>(c) >= ' ' || c == '\n' || c == '\t');
    CHECK(c != '\x7f');
  }
  for (const std::size_t length : {std::size_t{0}, std::size_t{3}, clean.size() / 2, clean.size()}) {
    const auto head = utf8_prefix(clean, length);
    CHECK(head.size() <= length && length - head.size() < 4);
    CHECK(clean.starts_with(head) && !utf8_fault(head));
  }
}

/// The meaning of `*`, `?` and `**`, said again by trying everything; sets are left out.
bool matches(std::string_view pattern, std::string_view path, bool part_begins) {
  if (pattern.empty()) return path.empty();
  if (part_begins && pattern.starts_with("**/")) {
    for (std::size_t at = 0;;) {
      if (matches(pattern.substr(3), path.substr(at), true)) return true;
      const auto slash = path.find('/', at);
      if (slash == path.npos) return false;
      at = slash + 1;
    }
  }
  if (part_begins && pattern == "**") return !path.empty();
  if (pattern.front() == '*') {
    if (matches(pattern.substr(1), path, false)) return true;
    return !path.empty() && path.front() != '/' && matches(pattern, path.substr(1), false);
  }
  if (path.empty()) return false;
  const bool same = pattern.front() == path.front() || (pattern.front() == '?' && path.front() != '/');
  return same && matches(pattern.substr(1), path.substr(1), path.front() == '/');
}

void check_glob(fuzz::Input& input) {
  const auto pattern = input.until('\n');
  const auto path = input.rest();
  const bool answer = glob_match(pattern, path);
  // Only what the second saying covers and can try in time.
  const bool plain = pattern.find_first_of("[]") == pattern.npos && !pattern.ends_with('/') &&
                     !path.ends_with('/') && path.find("//") == path.npos &&
                     !path.starts_with('/') && pattern.find("//") == pattern.npos;
  const bool quick = std::count(pattern.begin(), pattern.end(), '*') <= 4 && pattern.size() <= 20 &&
                     path.size() <= 40;
  if (plain && quick) CHECK(answer == matches(pattern, path, true));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  check_times(input.rest());
  check_bytes(input.rest());
  check_glob(input);
  return 0;
}
