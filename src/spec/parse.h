// Markdown → spec. Pure: bytes in, values and findings out; nothing throws, nothing is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/vtid.h"
#include "domain/spec.h"

namespace vitana::spec {

/// Grows with every change of what a text is read as: a cache of readings is keyed by it.
constexpr int parser_version = 2;

/// Larger texts are not parsed (SPEC_TOO_LARGE).
constexpr std::size_t text_bytes_max = std::size_t{1024} * 1024;

struct ParseOptions {
  /// Named in diagnostics; its last component may claim a VTID, its folders a dialect. May be
  /// empty.
  std::string file = {};
  domain::SpecProfile profile = domain::SpecProfile::standard;
};

/// Reads any bytes. What is wrong with them is in the reading's diagnostics; a text without the
/// shape of a spec has `not_a_spec` and no findings about sections that it never meant to have.
/// `spec.summary` and `spec.problem` are plain text, `approach` and `test_plan` Markdown.
/// Thread-safe.
domain::SpecReading parse_spec(std::string_view text, const ParseOptions& options = {});

/// What a file that is too large to be read is read as: SPEC_TOO_LARGE.
domain::SpecReading reading_of_too_large(const std::string& file);

/// The id that the file's name and the text agree on, for registration. `reading` is of the same
/// text. Errors: VTID_INVALID (none, or no id), VTID_LEGACY_FORM, VTID_MISMATCH.
Result<Vtid> resolve_vtid(const domain::SpecReading& reading, std::string_view path);

/// For a file that somebody named: one without the shape of a spec is not ignored but has the
/// error SPEC_SHAPE, in front of whatever else was found.
std::vector<domain::Diagnostic> diagnostics_for_validate(const domain::SpecReading& reading,
                                                         std::string_view file);

}  // namespace vitana::spec
