// Which task a text and its file's name say they are about.
#pragma once

#include <string_view>
#include <vector>

#include "domain/spec.h"
#include "spec/front_matter.h"
#include "spec/markdown.h"
#include "spec/metadata.h"
#include "spec/rules.h"

namespace vitana::spec {

/// "VTID-01213: Sidebar", "Specification: Sidebar", "Sidebar (VTID-01213)" → "Sidebar".
std::string title_without_id(std::string_view title);

/// The words of a Markdown file's name without an id or a number; of its folder's, where the file is
/// called as all of its kind: "openspec/changes/add-login/proposal.md" → "Add login". May be empty.
std::string title_of_path(std::string_view path);

struct IdentityInput {
  const FrontMatter& matter;
  const std::vector<Markdown::Title>& titles;
  const std::vector<MetadataEntry>& metadata;
  int first_line;         ///< line of the file on which the Markdown begins
  std::string_view file;  ///< as it was named; its last component may claim an id
};

/// Sets vtid and title. What speaks first counts: front matter, metadata, title; one that names
/// another id later, or a file name that does, is SPEC_VTID_MISMATCH.
void read_identity(const IdentityInput& input, domain::ParsedSpec& spec, Findings& findings);

/// The part of a path behind the last `/`.
std::string_view file_name(std::string_view path);

}  // namespace vitana::spec
