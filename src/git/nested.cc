#include "git/nested.h"

#include <algorithm>
#include <vector>

#include "git/listing.h"

namespace vitana::git {
namespace {

// What a folder has, and what of it changed.
constexpr unsigned has_head = 1;
constexpr unsigned has_objects = 2;
constexpr unsigned has_refs = 4;
constexpr unsigned has_commondir = 8;
constexpr unsigned touched = 16;

struct Part {
  std::string_view name;
  unsigned has;
};
constexpr Part parts[] = {{"head", has_head},           {"objects", has_objects},
                          {"refs", has_refs},           {"commondir", has_commondir},
                          {"config", 0},                {"config.worktree", 0},
                          {"hooks", 0}};

const Part* part_named(std::string_view folded) {
  const auto* part = std::ranges::find(parts, folded, &Part::name);
  return part == std::end(parts) ? nullptr : part;
}

bool is_repository(unsigned bits) {
  constexpr auto both = has_objects | has_refs;
  return (bits & has_head) != 0 && ((bits & has_commondir) != 0 || (bits & both) == both);
}

std::string folded(std::string_view path) {
  std::string text(path);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

/// Gives `visit` each component below a folder: where it begins, where it ends.
template <typename Visit>
void each_component(std::string_view path, Visit visit) {
  auto slash = path.find('/');
  while (slash != std::string_view::npos) {
    const auto begin = slash + 1;
    slash = path.find('/', begin);
    visit(begin, std::min(slash, path.size()));
  }
}

/// A path up to the last component that matters.
struct Trace {
  std::string folded;
  std::string_view path;
  bool change = false;
};

std::size_t end_of_parts(std::string_view folded, bool change) {
  std::size_t end = 0;
  each_component(folded, [&](std::size_t from, std::size_t to) {
    const auto* part = part_named(folded.substr(from, to - from));
    if (!part || (!change && part->has == 0)) return;
    if (!change && part->has == has_head && to != folded.size()) return;
    end = to;
  });
  return end;
}

void add_trace(std::vector<Trace>& traces, std::string_view path, bool change) {
  auto text = folded(path);
  const auto end = end_of_parts(text, change);
  if (end == 0) return;
  text.resize(end);
  // What lies in one folder of objects follows one another.
  if (!traces.empty() && traces.back().change == change && traces.back().folded == text) return;
  traces.push_back({std::move(text), path.substr(0, end), change});
}

/// The folders that a path leads through, innermost last.
class Folders {
 public:
  /// Goes on to the next path; the order is that of the bytes, so that what lies in a folder comes together.
  /// Returns a folder that was left, and is a repository that was touched.
  std::optional<std::string> go(const Trace& next) {
    const auto [one, _] = std::ranges::mismatch(last_.folded, next.folded);
    if (auto found = leave(static_cast<std::size_t>(one - last_.folded.begin()))) return found;
    each_component(next.folded, [&](std::size_t from, std::size_t) {
      if (open_.empty() || open_.back().end < from) open_.push_back({from, 0});
    });
    auto folder = open_.begin();
    each_component(next.folded, [&](std::size_t from, std::size_t to) { note(next, from, to, (folder++)->bits); });
    last_ = next;
    return {};
  }

  /// Leaves every folder that is longer than `common`.
  std::optional<std::string> leave(std::size_t common) {
    for (; !open_.empty() && open_.back().end > common; open_.pop_back()) {
      const auto& [end, bits] = open_.back();
      if ((bits & touched) != 0 && is_repository(bits)) return std::string(last_.path.substr(0, end - 1));
    }
    return {};
  }

 private:
  struct Folder {
    std::size_t end = 0;  ///< behind its slash
    unsigned bits = 0;
  };

  static void note(const Trace& trace, std::size_t from, std::size_t to, unsigned& bits) {
    const std::string_view text = trace.folded;
    const auto* part = part_named(text.substr(from, to - from));
    if (!part) return;
    if (trace.change) {
      bits |= touched;
    } else if (part->has != has_head || to == text.size()) {
      bits |= part->has;
    }
  }

  Trace last_;
  std::vector<Folder> open_;
};

}  // namespace

bool is_repository_folder(std::string_view name) {
  const auto* part = part_named(folded(name));
  return part && (part->has == has_objects || part->has == has_refs);
}

bool may_touch_repository(std::span<const Change> changes) {
  const auto may = [](const Change& change) { return end_of_parts(folded(change.path), true) != 0; };
  return std::ranges::any_of(changes, may);
}

std::optional<std::string> repository_touched(std::span<const Change> changes, std::string_view paths) {
  std::vector<Trace> traces;
  for (const auto& change : changes) add_trace(traces, change.path, true);
  if (traces.empty()) return {};
  while (!paths.empty()) add_trace(traces, take_field(paths), false);
  std::ranges::sort(traces, {}, &Trace::folded);
  Folders folders;
  for (const auto& trace : traces) {
    if (auto found = folders.go(trace)) return found;
  }
  return folders.leave(0);
}

}  // namespace vitana::git
