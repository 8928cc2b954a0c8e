// `**Status:** Draft | **Owner**: x` and the other forms in which people head a text with facts.
#pragma once

#include <cmark-gfm.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitana::spec {

struct MetadataEntry {
  std::string key;  ///< as heading_words: "depends on"
  std::string value;
  int line = 1;     ///< in the Markdown
};

/// Reads one block above the first section: bold keys (several on a line by `|`), a list of them,
/// a table of two columns, or plain lines with keys that are known. False, and nothing added, when
/// the block is something else.
bool read_metadata(cmark_node* block, std::vector<MetadataEntry>& entries);

/// `# Status: Draft`; nothing when the key is not a known one.
std::optional<MetadataEntry> metadata_of_title(std::string_view title, int line);

}  // namespace vitana::spec
