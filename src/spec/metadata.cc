#include "spec/metadata.h"

#include <algorithm>
#include <array>

#include "spec/headings.h"
#include "spec/markdown.h"

namespace vitana::spec {
namespace {

constexpr std::size_t key_max = 40;
constexpr std::size_t entries_max = 100;

bool is_known_key(std::string_view key) {
  static constexpr auto keys = std::to_array<std::string_view>(
      {"author", "blocked by", "created", "creativity", "date", "dependencies", "depends on",
       "environment", "labels", "layer", "module", "owner", "parent vtid", "prerequisites",
       "priority", "scope", "status", "tags", "task", "ticket", "title", "type", "updated",
       "validator", "version", "vtid"});
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// "Key: value" with a known key.
std::optional<MetadataEntry> plain_pair(std::string_view text, int line) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon > key_max) return std::nullopt;
  auto key = heading_words(text.substr(0, colon));
  if (!is_known_key(key)) return std::nullopt;
  return MetadataEntry{std::move(key), std::string(trimmed(text.substr(colon + 1))), line};
}

/// Reads the pairs of one paragraph. A pair begins at a line's start or after a `|`.
class PairReader {
 public:
  explicit PairReader(cmark_node* paragraph) : line_(cmark_node_get_start_line(paragraph)) {
    for (auto* node = cmark_node_first_child(paragraph); node != nullptr;
         node = cmark_node_next(node)) {
      read(node);
    }
    close();
  }

  /// Empty unless every line begins with a pair.
  std::vector<MetadataEntry> take() {
    if (!regular_) pairs_.clear();
    return std::move(pairs_);
  }

 private:
  void read(cmark_node* node) {
    const auto type = cmark_node_get_type(node);
    if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK) {
      close();
      ++line_;
    } else if (type == CMARK_NODE_TEXT) {
      read_text(literal_of(node));
    } else if (type == CMARK_NODE_STRONG && (open_ || trimmed(plain_).empty())) {
      open(plain_text(node), cmark_node_next(node));
    } else {
      (open_ ? value_ : plain_) += plain_text(node);
    }
  }

  void read_text(std::string_view text) {
    if (colon_due_ && !trimmed(text).empty()) {
      text = trimmed(text);
      text.remove_prefix(1);
      colon_due_ = false;
    }
    for (auto bar = text.find('|'); open_ && bar != text.npos; bar = text.find('|')) {
      value_ += text.substr(0, bar);
      close();
      text.remove_prefix(bar + 1);
    }
    (open_ ? value_ : plain_) += text;
  }

  void open(std::string key, cmark_node* next) {
    const bool inside = key.ends_with(':');
    const bool outside = next != nullptr && cmark_node_get_type(next) == CMARK_NODE_TEXT &&
                         trimmed(literal_of(next)).starts_with(':');
    if ((!inside && !outside) || key.size() > key_max) {
      (open_ ? value_ : plain_) += key;
      return;
    }
    close();
    key_ = heading_words(key);
    open_ = !key_.empty();
    colon_due_ = open_ && !inside;
  }

  void close() {
    if (open_) {
      if (pairs_.size() < entries_max) {
        pairs_.push_back({std::move(key_), std::string(trimmed(value_)), line_});
      }
    } else if (!trimmed(plain_).empty()) {
      // A line of other words: part of the last value's sentence, or a text that has no pairs.
      if (auto pair = plain_pair(plain_, line_)) {
        if (pairs_.size() < entries_max) pairs_.push_back(std::move(*pair));
      } else if (pairs_.empty()) {
        regular_ = false;
      } else {
        pairs_.back().value += " " + std::string(trimmed(plain_));
      }
    }
    open_ = colon_due_ = false;
    value_.clear();
    plain_.clear();
  }

  std::vector<MetadataEntry> pairs_;
  std::string key_;
  std::string value_;
  std::string plain_;
  int line_;
  bool open_ = false;
  bool colon_due_ = false;
  bool regular_ = true;
};

std::vector<MetadataEntry> pairs_of_list(cmark_node* list) {
  std::vector<MetadataEntry> all;
  for (auto* item = cmark_node_first_child(list); item != nullptr; item = cmark_node_next(item)) {
    auto* const paragraph = cmark_node_first_child(item);
    if (paragraph == nullptr || cmark_node_get_type(paragraph) != CMARK_NODE_PARAGRAPH) return {};
    auto pairs = PairReader(paragraph).take();
    if (pairs.empty() || all.size() > entries_max) return {};
    std::move(pairs.begin(), pairs.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<MetadataEntry> pairs_of_table(cmark_node* table) {
  std::vector<MetadataEntry> all;
  for (auto* row = cmark_node_first_child(table); row != nullptr; row = cmark_node_next(row)) {
    auto* const key = cmark_node_first_child(row);
    auto* const value = key == nullptr ? nullptr : cmark_node_next(key);
    if (value == nullptr || cmark_node_next(value) != nullptr) return {};
    if (all.size() > entries_max) return {};
    all.push_back({heading_words(plain_text(key)), plain_text(value),
                   cmark_node_get_start_line(row)});
  }
  const bool known = std::any_of(all.begin(), all.end(),
                                 [](const MetadataEntry& e) { return is_known_key(e.key); });
  if (!known) all.clear();
  return all;
}

}  // namespace

bool read_metadata(cmark_node* block, std::vector<MetadataEntry>& entries) {
  std::vector<MetadataEntry> found;
  const auto type = cmark_node_get_type(block);
  if (type == CMARK_NODE_PARAGRAPH) {
    found = PairReader(block).take();
  } else if (type == CMARK_NODE_LIST) {
    found = pairs_of_list(block);
  } else if (auto* const row = cmark_node_first_child(block); row != nullptr && is_row(row)) {
    found = pairs_of_table(block);
  } else if (type == CMARK_NODE_BLOCK_QUOTE) {
    for (auto* child = cmark_node_first_child(block); child != nullptr;
         child = cmark_node_next(child)) {
      if (cmark_node_get_type(child) != CMARK_NODE_PARAGRAPH) return false;
      auto pairs = PairReader(child).take();
      if (pairs.empty()) return false;
      std::move(pairs.begin(), pairs.end(), std::back_inserter(found));
    }
  }
  if (found.empty()) return false;
  std::move(found.begin(), found.end(), std::back_inserter(entries));
  return true;
}

std::optional<MetadataEntry> metadata_of_title(std::string_view title, int line) {
  return plain_pair(title, line);
}

}  // namespace vitana::spec
