// VTID: a task's identity. One parser for every form that people write.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vitana {

/// `VTID-` and 5 to 9 digits, zero padded to five: VTID-01213. The number 0 is no id.
class Vtid {
 public:
  /// REQUIRES: 0 < number <= number_max.
  explicit Vtid(std::uint32_t number);

  static constexpr std::uint32_t number_max = 999'999'999;

  /// Reads `VTID-1213`, `VTID-01213`, `vtid-0518`: the prefix and 1 to 9 digits, nothing else.
  /// Errors: VTID_LEGACY_FORM for suffixed and family forms (VTID-0526-D, DEV-CICDL-0035,
  /// VTID-2025-0001, VTID-B95E9); VTID_INVALID for the rest.
  static Result<Vtid> parse(std::string_view text);

  std::uint32_t number() const { return number_; }
  std::string to_string() const;

  auto operator<=>(const Vtid&) const = default;

 private:
  std::uint32_t number_;
};

/// The id that a file's name (no folders) claims: `VTID-01213-slug.md`, `VTID-01213.md`, or a bare
/// number of exactly five digits before a dash, `01213-slug.md`. Nothing when the name claims none
/// (`0007-x.md`, `2025-01-03-x.md`, `notes.md`). Errors as Vtid::parse.
std::optional<Result<Vtid>> vtid_of_file_name(std::string_view name);

/// The first id in running text such as a title or a metadata value; placeholders
/// (`VTID: TBD`, `VTID-PENDING`, `VTID-012XX`) count as none. Errors: VTID_LEGACY_FORM.
std::optional<Result<Vtid>> vtid_in_text(std::string_view text);

/// One attempt at a task, written `VTID-01213.2`.
struct RunId {
  Vtid vtid;
  int attempt = 1;

  static std::optional<RunId> parse(std::string_view text);
  std::string to_string() const;

  auto operator<=>(const RunId&) const = default;
};

}  // namespace vitana
