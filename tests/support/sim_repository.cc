#include "support/sim_repository.h"

#include "base/digest.h"
#include "base/glob.h"

namespace vitana::testing {
namespace {

std::string full_ref(const std::string& branch) { return "refs/heads/" + branch; }

tl::unexpected<Error> gone() {
  return failure(FailureCode::REPO_UNAVAILABLE, "the simulated repository is away");
}

}  // namespace

SimRepository::SimRepository() { refs_[full_ref("main")] = store({"", {{"README", "sample\n"}}, "", ""}); }

std::string SimRepository::store(Commit commit) {
  Hasher hasher;
  hasher.feed_framed(commit.parent);
  hasher.feed_framed(commit.vtid + commit.digest);
  for (const auto& [path, content] : commit.tree) {
    hasher.feed_framed(path);
    hasher.feed_framed(content);
    blobs_[Digest::of(content).hex()] = content;
  }
  const std::string id = hasher.finish().hex().substr(0, 40);
  commits_[id] = std::move(commit);
  return id;
}

std::string SimRepository::commit(const Tree& changes, const std::string& branch) {
  const std::string parent = refs_[full_ref(branch)];
  const std::string id = make_commit(parent, changes, "", "");
  refs_[full_ref(branch)] = id;
  return id;
}

std::string SimRepository::make_commit(const std::string& parent, const Tree& changes,
                                       const std::string& vtid, const std::string& digest) {
  Commit commit{parent, parent.empty() ? Tree{} : commits_.at(parent).tree, vtid, digest};
  for (const auto& [path, content] : changes) {
    if (content.empty()) {
      commit.tree.erase(path);
    } else {
      commit.tree[path] = content;
    }
  }
  return store(std::move(commit));
}

std::string SimRepository::tip(const std::string& branch) const {
  const auto it = refs_.find(full_ref(branch));
  return it == refs_.end() ? "" : it->second;
}

std::string SimRepository::take_away(const std::string& branch) {
  auto was = tip(branch);
  refs_.erase(full_ref(branch));
  return was;
}

void SimRepository::put_back(const std::string& branch, const std::string& commit) {
  refs_[full_ref(branch)] = commit;
}

bool SimRepository::is_ancestor(const std::string& ancestor, std::string commit) const {
  for (; !commit.empty(); commit = commits_.at(commit).parent) {
    if (commit == ancestor) return true;
  }
  return false;
}

int SimRepository::deliveries_of(const std::string& vtid, const std::string& branch) const {
  int count = 0;
  for (std::string id = tip(branch); !id.empty(); id = commits_.at(id).parent) {
    count += commits_.at(id).vtid == vtid ? 1 : 0;
  }
  return count;
}

Result<std::optional<std::string>> SimRepository::branch_tip() {
  if (unavailable) return gone();
  if (tip().empty()) return failure(FailureCode::BRANCH_MISSING, "there is no branch 'main'");
  return std::optional(tip());
}

Result<std::string> SimRepository::fetch() {
  if (unavailable) return gone();
  return tip();
}

Result<std::vector<port::TreeChange>> SimRepository::changes(const std::string& from,
                                                             const std::string& to,
                                                             const std::vector<std::string>& globs) {
  using Kind = port::TreeChange::Kind;
  static const Tree empty;
  const Tree& before = from.empty() ? empty : commits_.at(from).tree;
  const Tree& after = commits_.at(to).tree;
  std::vector<port::TreeChange> changes;
  const auto add = [&](Kind kind, const std::string& path, const std::string& content) {
    if (glob_match_any(globs, path)) changes.push_back({kind, {path, Digest::of(content).hex()}});
  };
  for (const auto& [path, content] : after) {
    const auto it = before.find(path);
    if (it == before.end()) {
      add(Kind::added, path, content);
    } else if (it->second != content) {
      add(Kind::changed, path, content);
    }
  }
  for (const auto& [path, content] : before) {
    if (!after.contains(path)) add(Kind::removed, path, content);
  }
  return changes;
}

Result<std::map<std::string, std::string>> SimRepository::renames(const std::string& from,
                                                                  const std::string& to) {
  // The same content only.
  const Tree& before = commits_.at(from).tree;
  const Tree& after = commits_.at(to).tree;
  std::map<std::string, std::string> renames;
  for (const auto& [path, content] : after) {
    if (before.contains(path)) continue;
    for (const auto& [old, same] : before) {
      if (same == content && !after.contains(old)) renames.emplace(path, old);
    }
  }
  return renames;
}

Result<std::string> SimRepository::read_blob(const std::string& blob, std::size_t) {
  return blobs_.at(blob);
}

Result<std::optional<std::string>> SimRepository::read_file(const std::string& commit,
                                                            const std::string& path, std::size_t) {
  const auto& tree = commits_.at(commit).tree;
  const auto it = tree.find(path);
  return it == tree.end() ? std::nullopt : std::optional(it->second);
}

Result<std::vector<port::PathCommit>> SimRepository::last_commits(
    const std::string& tip, const std::string&, const std::vector<std::string>& paths) {
  const port::PathCommit who{tip, "An Author <author@example.org>", Instant{}};
  return std::vector<port::PathCommit>(paths.size(), who);
}

Result<std::vector<port::DeliveryTrailer>> SimRepository::deliveries(const std::string& from,
                                                                     const std::string& to) {
  std::vector<port::DeliveryTrailer> found;
  for (std::string id = to; !id.empty() && id != from; id = commits_.at(id).parent) {
    const auto& commit = commits_.at(id);
    if (!commit.vtid.empty()) found.push_back({id, commit.vtid, commit.digest, false});
  }
  for (const auto& [ref, tip] : refs_) {
    if (!ref.starts_with("refs/heads/vtid/")) continue;
    for (std::string id = tip; !id.empty() && !is_ancestor(id, to); id = commits_.at(id).parent) {
      const auto& commit = commits_.at(id);
      if (!commit.vtid.empty()) found.push_back({id, commit.vtid, commit.digest, true});
    }
  }
  return found;
}

Result<bool> SimRepository::holds(const std::string& ref, const std::string& ancestor) {
  if (unavailable) return gone();
  const auto it = refs_.find(ref);
  return it != refs_.end() && is_ancestor(ancestor, it->second);
}

Result<std::optional<std::string>> SimRepository::ref_commit(const std::string& ref) {
  if (unavailable) return gone();
  const auto it = refs_.find(ref);
  return it == refs_.end() ? std::nullopt : std::optional(it->second);
}

Result<port::PushAnswer> SimRepository::push(const domain::Deliverable& deliverable,
                                             const port::MayBegin& may_begin) {
  if (unavailable) return gone();
  if (may_begin) {
    if (auto may = may_begin(); !may) return failure(std::move(may.error()));
  }
  if (dirty && deliverable.ref == "refs/heads/main") return port::PushAnswer{port::PushOutcome::dirty, "uncommitted changes"};
  auto& ref = refs_[deliverable.ref];
  if (ref != deliverable.old_commit) return port::PushAnswer{port::PushOutcome::moved, ref};
  ref = deliverable.new_commit;
  ++pushes;
  return port::PushAnswer{};
}

Result<std::optional<port::BranchBeside>> SimRepository::fetch_beside(const std::string& ref) {
  if (unavailable) return gone();
  using Found = std::optional<port::BranchBeside>;
  const auto it = refs_.find(ref);
  if (it == refs_.end()) return Found();
  port::BranchBeside found{.commit = it->second, .base = it->second};
  while (!found.base.empty() && !is_ancestor(found.base, tip())) found.base = commits_.at(found.base).parent;
  return Found(std::move(found));
}

Result<void> SimRepository::forget_beside() { return {}; }

Result<bool> SimRepository::withdraw(const domain::Deliverable& deliverable) {
  return holds(deliverable.ref, deliverable.new_commit);
}

Result<void> SimRepository::remove(const std::string& ref, const std::string& commit) {
  if (unavailable) return gone();
  const auto it = refs_.find(ref);
  if (it != refs_.end() && it->second == commit) refs_.erase(it);
  return {};
}

}  // namespace vitana::testing
