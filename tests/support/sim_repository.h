// A git repository in memory, with commits, one branch that people push to, and the races that
// real ones have. For tests on one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "port/repository.h"

namespace vitana::testing {

class SimRepository : public port::Repository {
 public:
  using Tree = std::map<std::string, std::string>;  ///< path → content

  struct Commit {
    std::string parent;
    Tree tree;
    std::string vtid;    ///< trailers, when it is a delivery
    std::string digest;
  };

  SimRepository();

  /// A person commits to the branch; an empty content removes the file. Returns the commit.
  std::string commit(const Tree& changes, const std::string& branch = "main");
  /// Makes a commit object that is on no branch: what a verifier builds.
  std::string make_commit(const std::string& parent, const Tree& changes, const std::string& vtid,
                          const std::string& digest);
  std::string tip(const std::string& branch = "main") const;
  /// Removes the branch; the answer is where it was.
  std::string take_away(const std::string& branch);
  void put_back(const std::string& branch, const std::string& commit);
  const Commit& at(const std::string& commit) const { return commits_.at(commit); }
  bool is_ancestor(const std::string& ancestor, std::string commit) const;
  /// How many commits of the branch carry this VTID's trailer.
  int deliveries_of(const std::string& vtid, const std::string& branch = "main") const;

  /// The next pushes answer like a checked-out branch with changes in its working tree.
  bool dirty = false;
  /// Every call fails with REPO_UNAVAILABLE.
  bool unavailable = false;
  int pushes = 0;  ///< that moved a ref

  std::string default_branch() const override { return "main"; }
  Result<std::optional<std::string>> branch_tip() override;
  Result<std::string> fetch() override;
  Result<std::vector<port::TreeChange>> changes(const std::string& from, const std::string& to,
                                                const std::vector<std::string>& globs) override;
  Result<std::map<std::string, std::string>> renames(const std::string& from,
                                                     const std::string& to) override;
  Result<std::string> read_blob(const std::string& blob, std::size_t bytes_max) override;
  Result<std::optional<std::string>> read_file(const std::string& commit, const std::string& path,
                                               std::size_t bytes_max) override;
  Result<std::vector<port::PathCommit>> last_commits(const std::string& tip, const std::string& since,
                                                     const std::vector<std::string>& paths) override;
  Result<std::vector<port::DeliveryTrailer>> deliveries(const std::string& from,
                                                        const std::string& to) override;
  Result<bool> holds(const std::string& ref, const std::string& ancestor) override;
  Result<std::optional<std::string>> ref_commit(const std::string& ref) override;
  Result<port::PushAnswer> push(const domain::Deliverable& deliverable,
                                const port::MayBegin& may_begin) override;
  Result<std::optional<port::BranchBeside>> fetch_beside(const std::string& ref) override;
  Result<void> forget_beside() override;
  Result<bool> withdraw(const domain::Deliverable& deliverable) override;
  Result<void> remove(const std::string& ref, const std::string& commit) override;

 private:
  std::string store(Commit commit);

  std::map<std::string, Commit> commits_;
  std::map<std::string, std::string> refs_;   ///< full name → commit
  std::map<std::string, std::string> blobs_;  ///< id → content
};

}  // namespace vitana::testing
