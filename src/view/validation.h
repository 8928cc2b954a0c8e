// A text that is checked without being registered.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "domain/criterion.h"
#include "domain/spec.h"
#include "wire/diagnostic_json.h"

namespace vitana::view {

struct Validated {
  wire::ValidatedFile file;
  std::vector<domain::Criterion> criteria;
};

/// `path`: named in the findings; its last part may claim a VTID.
Validated validate(const std::string& path, std::string_view text, domain::SpecProfile profile);

}  // namespace vitana::view
