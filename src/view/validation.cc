#include "view/validation.h"

#include "spec/parse.h"

namespace vitana::view {

Validated validate(const std::string& path, std::string_view text, domain::SpecProfile profile) {
  auto reading = spec::parse_spec(text, {.file = path, .profile = profile});
  Validated out;
  out.file.path = path;
  out.file.digest = Digest::of(text);
  out.file.title = reading.spec.title;
  out.file.diagnostics = spec::diagnostics_for_validate(reading, path);
  out.file.valid = !domain::has_errors(out.file.diagnostics);
  if (auto vtid = spec::resolve_vtid(reading, path)) out.file.vtid = *vtid;
  out.criteria = std::move(reading.spec.criteria);
  return out;
}

}  // namespace vitana::view
