// A Markdown text as the tree that cmark-gfm makes of it, cut into sections.
//
// Sections are what stands between two headings at the top level. Headings in code, in comments
// and in quotes are none, because the tree says so.
#pragma once

#include <cmark-gfm.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/headings.h"
#include "spec/tree_memory.h"

namespace vitana::spec {

/// Why a text is not given to the parser: on a few shapes its time or memory grows with the square
/// of the input. The line where the shape begins (from 1), or nothing.
std::optional<int> complexity_fault(std::string_view text);

/// What stands below one heading, up to the next.
struct SectionBody {
  Section section = Section::none;  ///< a sub-heading without a meaning has its parent's
  Strength strength = Strength::weak;
  bool inherited = false;           ///< the meaning is the parent's
  std::string heading;              ///< plain text; empty for what precedes the first heading
  int level = 0;                    ///< 1 to 6; 7 for a bold line that stands as a heading
  int line = 1;                     ///< of the heading, in the Markdown
  std::vector<cmark_node*> blocks;
};

/// For one thread: the one that made it.
class Markdown {
 public:
  /// REQUIRES: `text` is UTF-8 without NUL and has no complexity_fault; it outlives this object.
  explicit Markdown(std::string_view text);

  /// The first is what precedes the first heading that is no title. Headings of level 1 there are
  /// in `titles`.
  const std::vector<SectionBody>& sections() const { return sections_; }

  struct Title {
    std::string text;
    int line = 1;
  };
  const std::vector<Title>& titles() const { return titles_; }

  /// The source between two lines (from 1; `to` is exclusive), without the blank ends.
  std::string_view lines(int from, int to) const;
  std::string_view line(int number) const { return lines(number, number + 1); }

 private:
  void cut();
  bool is_title(std::string_view text) const;
  void open_section(std::string heading, int level, int line);

  std::string_view text_;
  TreeMemory memory_;
  cmark_node* root_;  ///< goes with `memory_`
  std::vector<std::size_t> line_starts_;
  std::vector<SectionBody> sections_;
  std::vector<Title> titles_;
  /// The headings that are open, outermost first.
  struct Open {
    int level;
    Section section;
    Strength strength;
  };
  std::vector<Open> open_;
};

/// Visits a subtree without recursion (nesting is the author's choice). `visit(event, node)`.
template <typename Visit>
void walk(cmark_node* node, Visit visit) {
  struct FreeIter {
    void operator()(cmark_iter* iter) const { cmark_iter_free(iter); }
  };
  const std::unique_ptr<cmark_iter, FreeIter> iter(cmark_iter_new(node));
  for (auto event = cmark_iter_next(iter.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iter.get())) {
    visit(event, cmark_iter_get_node(iter.get()));
  }
}

std::string_view literal_of(cmark_node* node);
/// The info string of a fence, or empty.
std::string_view fence_info(cmark_node* node);
bool is_row(cmark_node* node);
bool is_cell(cmark_node* node);

/// The words of a block or an inline: emphasis and links dissolved, HTML left out (a
/// placeholder_tag is none), code spans as they are, line ends as spaces, lines between blocks.
/// Code blocks are left out.
std::string plain_text(cmark_node* node);

/// Appends `text` without the `~~` around what is struck out.
void append_without_strikes(std::string& out, std::string_view text);

/// What Markdown takes for HTML and an author meant as `<words to be replaced>`, or empty.
std::string_view placeholder_tag(cmark_node* node);

/// Removes white space at both ends.
std::string_view trimmed(std::string_view text);

}  // namespace vitana::spec
