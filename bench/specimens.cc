#include "specimens.h"

#include <fmt/format.h>

#include <array>
#include <random>
#include <string_view>

namespace vitana::bench {
namespace {

constexpr auto words = std::to_array<std::string_view>(
    {"the",     "queue",   "operator", "shows",   "a",        "request", "when",   "it",
     "arrives", "and",     "`status`", "stays",   "**open**", "until",   "every",  "worker",
     "has",     "answered","which",    "takes",   "longer",   "than",    "people", "expect",
     "because", "entries", "are",      "sorted",  "twice",    "by",      "time",   "of",
     "arrival", "in",      "UTC",      "so",      "later",    "changes", "are",    "lost"});

class Author {
 public:
  explicit Author(unsigned number) : dice_(number) {}

  std::size_t between(std::size_t low, std::size_t high) {
    return low + dice_() % (high - low + 1);
  }

  std::string sentence(std::size_t length) {
    std::string text(words[between(0, 7)]);
    for (std::size_t i = 1; i < length; ++i) {
      text += i % 14 == 0 ? '\n' : ' ';
      if (between(0, 60) == 0) {
        text += fmt::format("[the notes](https://example.org/notes/{})", between(1, 900));
      } else {
        text += words[between(0, words.size() - 1)];
      }
    }
    return text + ".";
  }

  std::string paragraphs(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += sentence(between(18, 55)) + "\n\n";
    return text;
  }

 private:
  std::minstd_rand dice_;
};

std::string criteria(Author& author) {
  std::string text = "## Acceptance Criteria\n\n";
  for (std::size_t i = author.between(3, 8); i > 0; --i) {
    text += "- [ ] " + author.sentence(author.between(6, 12)) + "\n";
    if (i % 3 == 0) {
      text += fmt::format("\n  ```check\n  ./tool query --limit {} | grep -q '^ok'\n  ```\n\n", i * 10);
    }
  }
  return text + "\n";
}

std::string table(Author& author) {
  std::string text = "## Affected Files\n\n| File | Change |\n|---|---|\n";
  for (std::size_t i = author.between(2, 6); i > 0; --i) {
    text += fmt::format("| `src/service/part{}.ts` | {} |\n", i, words[i]);
  }
  return text + "\n";
}

std::string changes(Author& author) {
  std::string text = "## Technical Approach\n\n" + author.paragraphs(author.between(1, 3));
  for (std::size_t i = 1; i <= author.between(2, 4); ++i) {
    text += fmt::format("{}. {}\n   - {}\n   - {}\n", i, author.sentence(9), author.sentence(6),
                        author.sentence(7));
  }
  text += "\n```ts\n";
  for (std::size_t i = author.between(4, 20); i > 0; --i) {
    text += fmt::format("export const limit{} = Math.max({}, rows.length); // sorted once\n", i, i);
  }
  return text + "```\n\n";
}

}  // namespace

std::string specimen(unsigned number) {
  Author author(number + 1);
  std::string text;
  if (number % 4 == 0) text += "---\npriority: 2\npaths:\n  - src/**\n---\n\n";
  text += fmt::format("# VTID-{:05}: part {} answers in time\n\n", number, number % 100);
  text += "**Owner:** Ada\n**Layer:** backend\n\n";
  text += "## Summary\n\n" + author.paragraphs(author.between(1, 2));
  text += "## Problem Statement\n\n" + author.paragraphs(author.between(1, 3));
  text += changes(author) + table(author) + criteria(author);
  text += "## Out of Scope\n\n- " + author.sentence(8) + "\n- " + author.sentence(7) + "\n\n";
  text += "## Risks\n\n" + author.paragraphs(1);
  return text;
}

std::string specimen_path(unsigned number) {
  return fmt::format("docs/specs/team-{:02}/{:05}-part.md", number % 50, number);
}

}  // namespace vitana::bench
