// What `git log -1 -- PATH` answers, for many paths at once. It follows, from commit to commit, the
// first parent that has the same file; the commit where no parent has it is the answer. So each
// path is at one commit at a time. Commits are taken children first, each with the paths that have
// come to it, and every path goes on to one parent or stays.
#include "git/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "git/listing.h"

namespace vitana::git {
namespace {

constexpr std::size_t commits_max = 200'000;  ///< held at a time
constexpr std::size_t comparisons_first = 32;
constexpr std::size_t comparisons_max = 4'096;
constexpr std::size_t places_max = 50;

struct Commit {
  Oid id;
  Oid tree;
  std::vector<Oid> parents;
};

/// Children before parents. A parent outside the range is named, but not in the list.
Result<std::vector<Commit>> commits_of(const Mirror& mirror, const std::vector<Oid>& from,
                                       const std::optional<Oid>& since) {
  std::string revisions;
  for (const auto& commit : from) revisions += commit + "\n";
  if (since) revisions += "^" + *since + "\n";
  auto listed = mirror.git().run({.args = {"log", "-z", "--topo-order", "--no-show-signature",
                                           fmt::format("--max-count={}", commits_max),
                                           "--format=%H%x00%T%x00%P", "--stdin"},
                                  .git_dir = mirror.path(),
                                  .input = std::move(revisions),
                                  .bytes_max = listing_bytes_max});
  if (!listed) return failure(std::move(listed.error()));
  std::vector<Commit> commits;
  for (std::string_view rest = *listed; !rest.empty();) {
    Commit commit{Oid(take_field(rest)), Oid(take_field(rest)), {}};
    for (auto parents = take_field(rest); !parents.empty();) {
      commit.parents.emplace_back(take_word(parents));
    }
    if (!is_oid(commit.id) || !is_oid(commit.tree)) return garbled("log");
    commits.push_back(std::move(commit));
  }
  return commits;
}

class Walk {
 public:
  Walk(const Mirror& mirror, std::span<const std::string> paths)
      : mirror_(mirror), paths_(paths), answers_(paths.size()) {
    for (std::size_t i = 0; i < paths.size(); ++i) index_.emplace(paths[i], i);
    find_places();
  }

  void begin_at(const Oid& tip) {
    auto& all = at_[tip];
    for (const auto& [path, index] : index_) all.push_back(index);
  }

  /// Moves all paths as far as the commits after `since` reach.
  Result<void> go(const std::optional<Oid>& since) {
    std::vector<Oid> from;
    for (const auto& [commit, paths] : at_) from.push_back(commit);
    if (from.empty()) return {};
    auto commits = commits_of(mirror_, from, since);
    if (!commits) return failure(std::move(commits.error()));
    if (commits->empty() && !since) return garbled("log");
    if (auto known = learn_trees(*commits); !known) return known;
    std::size_t batch = comparisons_first;
    for (std::size_t next = 0; next < commits->size() && !at_.empty();) {
      std::size_t end = next;
      std::vector<Comparison> comparisons;
      while (end < commits->size() && comparisons.size() < batch) add(comparisons, (*commits)[end++]);
      batch = std::min(batch * 4, comparisons_max);
      if (auto done = compare(comparisons); !done) return done;
      for (; next < end; ++next) pass((*commits)[next]);
    }
    return {};
  }

  bool done() const { return at_.empty(); }
  const std::vector<Oid>& answers() const { return answers_; }

 private:
  /// Two trees: of a parent (or the empty one), and of its child.
  using Comparison = std::pair<Oid, Oid>;
  using Indexes = std::vector<std::size_t>;

  /// Where the paths lie: git reads no other folders.
  void find_places() {
    std::set<std::string> places;
    for (const auto& path : paths_) {
      places.insert(path.substr(0, path.rfind('/') == path.npos ? path.npos : path.rfind('/') + 1));
    }
    if (places.size() <= places_max) {
      places_.assign(places.begin(), places.end());
      return;
    }
    // In their order the first and the last have in common what all have.
    const auto& first = *places.begin();
    const auto& last = *places.rbegin();
    const auto common = std::mismatch(first.begin(), first.end(), last.begin(), last.end()).first;
    const std::string shared(first.begin(), common);
    if (const auto slash = shared.rfind('/'); slash != shared.npos) {
      places_.push_back(shared.substr(0, slash + 1));
    }
  }

  /// Trees of parents beyond the range.
  Result<void> learn_trees(const std::vector<Commit>& commits) {
    for (const auto& commit : commits) trees_[commit.id] = commit.tree;
    for (const auto& commit : commits) {
      for (const auto& parent : commit.parents) {
        auto& tree = trees_[parent];
        if (!tree.empty()) continue;
        auto found = tree_of(mirror_, parent);
        if (!found) return failure(std::move(found.error()));
        tree = std::move(*found);
      }
    }
    return {};
  }

  std::vector<Oid> trees_before(const Commit& commit) const {
    std::vector<Oid> trees;
    for (const auto& parent : commit.parents) trees.push_back(trees_.at(parent));
    if (trees.empty()) trees.push_back(empty_tree_of(commit.id));
    return trees;
  }

  void add(std::vector<Comparison>& comparisons, const Commit& commit) const {
    for (auto& before : trees_before(commit)) {
      if (before != commit.tree) comparisons.emplace_back(std::move(before), commit.tree);
    }
  }

  /// Asks git what differs, and keeps of it what belongs to our paths.
  Result<void> compare(const std::vector<Comparison>& comparisons) {
    differences_.clear();
    if (comparisons.empty()) return {};
    std::string input;
    for (const auto& [before, after] : comparisons) input += fmt::format("{} {}\n", before, after);
    std::vector<std::string> args = {"diff-tree", "--stdin",      "-r", "-z", "--raw",
                                     "--no-renames", "--no-ext-diff", "--"};
    args.insert(args.end(), places_.begin(), places_.end());
    auto listed = mirror_.git().run({.args = std::move(args),
                                     .git_dir = mirror_.path(),
                                     .input = std::move(input),
                                     .bytes_max = listing_bytes_max});
    if (!listed) return failure(std::move(listed.error()));
    Different* current = nullptr;
    for (std::string_view rest = *listed; !rest.empty();) {
      if (rest.front() != ':') {
        const auto header = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), header.size() + 1));
        current = &differences_[std::string(header)];
        continue;
      }
      take_field(rest);
      const auto known = index_.find(take_field(rest));
      if (current == nullptr) return garbled("diff-tree");
      if (known != index_.end()) current->insert(known->second);
    }
    return {};
  }

  bool differs(const Oid& before, const Oid& after, std::size_t path) const {
    const auto known = differences_.find(fmt::format("{} {}", before, after));
    return known != differences_.end() && known->second.contains(path);
  }

  /// Each path that is at `commit` goes to the first parent where it is the same, or stays.
  void pass(const Commit& commit) {
    const auto here = at_.extract(commit.id);
    if (here.empty()) return;
    const auto before = trees_before(commit);
    for (const auto path : here.mapped()) {
      const auto same = std::find_if(before.begin(), before.end(), [&](const Oid& tree) {
        return !differs(tree, commit.tree, path);
      });
      if (same == before.end()) {
        answers_[path] = commit.id;
      } else if (!commit.parents.empty()) {
        at_[commit.parents[static_cast<std::size_t>(same - before.begin())]].push_back(path);
      }
    }
  }

  using Different = std::unordered_set<std::size_t>;

  const Mirror& mirror_;
  const std::span<const std::string> paths_;
  std::vector<Oid> answers_;
  std::unordered_map<std::string_view, std::size_t> index_;
  std::vector<std::string> places_;
  std::map<Oid, Indexes> at_;
  std::unordered_map<Oid, Oid> trees_;
  std::unordered_map<std::string, Different> differences_;
};

Result<std::map<Oid, CommitInfo>> infos_of(const Mirror& mirror, const std::vector<Oid>& answers) {
  std::map<Oid, CommitInfo> infos;
  std::string input;
  for (const auto& commit : answers) {
    if (!commit.empty() && infos.try_emplace(commit).second) input += commit + "\n";
  }
  if (infos.empty()) return infos;
  auto printed = mirror.git().run(
      {.args = {"log", "-z", "--no-walk=unsorted", "--no-show-signature", "--no-mailmap",
                commit_info_format, "--stdin"},
       .git_dir = mirror.path(),
       .input = std::move(input),
       .bytes_max = listing_bytes_max});
  if (!printed) return failure(std::move(printed.error()));
  for (std::string_view rest = *printed; !rest.empty();) {
    auto info = take_commit_info(rest);
    if (!info) return failure(std::move(info.error()));
    const Oid commit = info->commit;
    infos[commit] = std::move(*info);
  }
  return infos;
}

}  // namespace

Result<std::vector<std::optional<CommitInfo>>> last_commits_of(const Mirror& mirror, const Oid& tip,
                                                               const std::optional<Oid>& since,
                                                               std::span<const std::string> paths) {
  if (auto there = require_commit(mirror, tip); !there) return failure(std::move(there.error()));
  Walk walk(mirror, paths);
  walk.begin_at(tip);
  if (since) {
    if (auto there = require_commit(mirror, *since); !there) {
      return failure(std::move(there.error()));
    }
    if (auto done = walk.go(since); !done) return failure(std::move(done.error()));
  }
  while (!walk.done()) {
    if (auto done = walk.go({}); !done) return failure(std::move(done.error()));
  }
  auto infos = infos_of(mirror, walk.answers());
  if (!infos) return failure(std::move(infos.error()));
  std::vector<std::optional<CommitInfo>> result;
  result.reserve(paths.size());
  for (const auto& commit : walk.answers()) {
    result.push_back(commit.empty() ? std::nullopt : std::optional(infos->at(commit)));
  }
  return result;
}

}  // namespace vitana::git
