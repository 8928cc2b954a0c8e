#include "gateway/entity_tag.h"

#include <fmt/format.h>

#include <charconv>

namespace vitana::gateway {
namespace {

/// The number that the tag of If-Match begins with.
Result<std::optional<std::int64_t>> number_seen(const Request& request) {
  auto tag = request.header("if-match");
  if (tag.empty() || tag == "*") return std::optional<std::int64_t>();
  std::int64_t number = 0;
  if (tag.starts_with('"')) {
    tag.remove_prefix(1);
    const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), number);
    if (error == std::errc() && end != tag.data() + tag.size() && (*end == '.' || *end == '"')) {
      return std::optional(number);
    }
  }
  return failure(FailureCode::CHANGED_MEANWHILE, "If-Match names no tag that this ever had");
}

}  // namespace

std::string tag_of(const store::DraftRow& draft) { return fmt::format("\"{}.{}\"", draft.version, draft.status); }

std::string tag_of(const store::ControlRow& control) { return fmt::format("\"{}\"", to_us(control.control.at)); }

Result<std::optional<int>> seen_version(const Request& request) {
  const auto number = number_seen(request);
  if (!number) return failure(number.error());
  return *number ? std::optional(static_cast<int>(**number)) : std::nullopt;
}

Result<std::optional<Instant>> seen_control(const Request& request) {
  const auto number = number_seen(request);
  if (!number) return failure(number.error());
  return *number ? std::optional(from_us(**number)) : std::nullopt;
}

}  // namespace vitana::gateway
