#include "worker/candidate.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "git/commit.h"
#include "git/links.h"
#include "git/source.h"
#include "git/tree.h"
#include "worker/paths.h"

namespace vitana::worker {
namespace {

constexpr std::size_t paths_shown_max = 50;

class Making {
 public:
  Making(const RuleSource& rule_source, const port::Assignment& assignment, RepositoryRules rules)
      : rule_source_(rule_source), assignment_(assignment) {
    made_.rules = std::move(rules);
  }

  Result<Candidate> make() {
    for (auto part : {&Making::make_deliverable, &Making::check_paths, &Making::make_commit}) {
      if (auto done = (this->*part)(); !done) return failure(std::move(done.error()));
      if (made_.error) break;
    }
    return std::move(made_);
  }

  Result<Candidate> find() {
    auto commit = mirror().kept_commit(deliverable_kept(run().id));
    if (!commit) return failure(std::move(commit.error()));
    made_.nothing_to_deliver = !*commit;
    if (!*commit) commit = mirror().kept_commit(undelivered_kept(run().id));
    if (!commit) return failure(std::move(commit.error()));
    if (!*commit) {
      return failure(FailureCode::COMMIT_MISSING, fmt::format("nothing was made for {} to be judged", run().id.to_string()));
    }
    deliverable().new_commit = **commit;
    auto tree = git::tree_of(mirror(), **commit);
    if (!tree) return failure(std::move(tree.error()));
    deliverable().tree = std::move(*tree);
    made_.tip = **commit;
    if (!made_.nothing_to_deliver) {
      auto parent = git::parent_of(mirror(), **commit);
      if (!parent) return failure(std::move(parent.error()));
      made_.tip = std::move(*parent);
    }
    auto rules = rule_source_(run().repo, made_.tip);
    if (!rules) return failure(std::move(rules.error()));
    made_.rules = std::move(*rules);
    if (auto placed = place(); !placed) return failure(std::move(placed.error()));
    return std::move(made_);
  }

 private:
  const domain::Run& run() const { return assignment_.run; }
  domain::Deliverable& deliverable() { return made_.deliverable; }
  const git::Mirror& mirror() const { return *made_.rules.mirror; }
  void end(Error error) { made_.error = std::move(error); }

  Result<void> make_deliverable() {
    const std::string prefix = "refs/heads/";
    if (!assignment_.target_ref.starts_with(prefix)) {
      return failure(FailureCode::BRANCH_MISSING, "the target is no branch");
    }
    auto tip = made_.rules.mirror->fetch(made_.rules.source, assignment_.target_ref.substr(prefix.size()));
    if (!tip) return failure(std::move(tip.error()));
    made_.tip = std::move(*tip);
    if (made_.tip != run().base_commit) {
      // What the branch asks for by now is what its next commit is held to.
      auto rules = rule_source_(run().repo, made_.tip);
      if (!rules) return failure(std::move(rules.error()));
      made_.rules = std::move(*rules);
    }
    auto tree = git::merge_trees(mirror(), run().base_commit, made_.tip, run().result_commit);
    if (!tree && tree.error().code == FailureCode::MERGE_CONFLICT) {
      end(std::move(tree.error()).with("tip", made_.tip));
      return {};
    }
    if (!tree) return failure(std::move(tree.error()));
    deliverable().tree = std::move(*tree);
    return place();
  }

  /// Where it is delivered, and what is there by now.
  Result<void> place() {
    if (run().delivery == domain::DeliveryMode::merge) {
      deliverable().ref = assignment_.target_ref;
      deliverable().old_commit = made_.tip;
      return {};
    }
    deliverable().ref = domain::delivery_branch(run().id.vtid, assignment_.title);
    auto old = git::remote_ref(mirror().git(), made_.rules.source, deliverable().ref);
    if (!old) return failure(std::move(old.error()));
    deliverable().old_commit = old->value_or("");
    if (!*old) return {};
    if (std::ranges::find(assignment_.delivered, **old) == assignment_.delivered.end()) {
      end(Error{FailureCode::DELIVERY_REFUSED,
                fmt::format("{} is at {}, which no run that is known here has delivered; rename that branch or delete it",
                            deliverable().ref, (*old)->substr(0, 12))}
              .with("ref", deliverable().ref));
    }
    return {};
  }

  Result<void> check_paths() {
    const auto changes = git::diff_trees(mirror(), made_.tip, deliverable().tree);
    if (!changes) return failure(changes.error());
    made_.nothing_to_deliver = changes->empty();
    PathRules path_rules{made_.rules.protected_globs, {}, assignment_.spec.paths, made_.rules.own_folders,
                         made_.rules.configured_programs, made_.rules.configured_folders};
    if (auto files = started_files(); !files) {
      return failure(std::move(files.error()));
    } else {
      path_rules.protected_files = std::move(*files);
    }
    std::vector<std::string> causes;
    std::string first;
    for (const auto& change : *changes) {
      // A program that is new cannot have been what the check was written against.
      if (change.kind == git::ChangeKind::added) path_rules.protected_files.erase(change.path);
      const auto why = forbidden(path_rules, change.path);
      if (!why) continue;
      if (first.empty()) first = change.path;
      if (causes.size() < paths_shown_max) {
        causes.push_back(fmt::format("{}: {}", git::shown_path(change.path), *why));
      }
    }
    if (!first.empty()) {
      end(Error{FailureCode::PATH_FORBIDDEN,
                fmt::format("the change touches {}, which it may not", git::shown_path(first)),
                std::move(causes),
                {{"path", git::shown_path(first)}}});
    }
    return {};
  }

  /// What checks start, by the name that they call it and where links lead: a link or the file behind it
  /// in another's hands is another program.
  Result<std::set<std::string>> started_files() const {
    std::set<std::string> files;
    const auto programs = started();
    if (programs.empty()) return files;
    const auto links = git::links_of(mirror(), made_.tip);
    if (!links) return failure(links.error());
    for (const auto& program : programs) {
      files.insert(program);
      for (auto& path : git::follow(*links, program).met) files.insert(std::move(path));
    }
    return files;
  }

  std::vector<std::string> started() const {
    std::vector<std::string> result;
    const auto add = [&](std::string_view script) {
      for (auto& program : started_programs(script)) result.push_back(std::move(program));
    };
    for (const auto& command : made_.rules.commands) add(command);
    for (const auto& command : made_.rules.setup) add(command);
    for (const auto& criterion : assignment_.spec.criteria) {
      for (const auto& check : criterion.checks) add(check.script);
    }
    return result;
  }

  Result<void> make_commit() {
    if (made_.nothing_to_deliver) {
      deliverable().new_commit = made_.tip;
      if (auto forgotten = made_.rules.mirror->forget(deliverable_kept(run().id)); !forgotten) return forgotten;
      return made_.rules.mirror->keep(undelivered_kept(run().id), made_.tip);
    }
    const git::Signature signature{made_.rules.author, run().created_at};
    const std::vector<git::Oid> parents{made_.tip};
    const auto message = git::commit_message(assignment_.title, {},
                                             {{git::vtid_trailer, run().id.vtid.to_string()},
                                              {git::spec_digest_trailer, run().spec_digest.to_string()},
                                              {"Run", run().id.to_string()}});
    auto commit =
        git::commit_tree(mirror(), deliverable().tree, parents, message, signature, signature);
    if (!commit) return failure(std::move(commit.error()));
    deliverable().new_commit = std::move(*commit);
    if (auto forgotten = made_.rules.mirror->forget(undelivered_kept(run().id)); !forgotten) return forgotten;
    return made_.rules.mirror->keep(deliverable_kept(run().id), deliverable().new_commit);
  }

  const RuleSource& rule_source_;
  const port::Assignment& assignment_;
  Candidate made_;
};

}  // namespace

std::string deliverable_kept(const RunId& run) { return "deliverables/" + run.to_string(); }
std::string undelivered_kept(const RunId& run) { return "undelivered/" + run.to_string(); }

Result<Candidate> make_candidate(const RuleSource& rules, const port::Assignment& assignment) {
  auto at_base = rules(assignment.run.repo, assignment.run.base_commit);
  if (!at_base) return failure(std::move(at_base.error()));
  return Making(rules, assignment, std::move(*at_base)).make();
}

Result<Candidate> kept_candidate(const RuleSource& rules, const port::Assignment& assignment) {
  auto at_base = rules(assignment.run.repo, assignment.run.base_commit);
  if (!at_base) return failure(std::move(at_base.error()));
  return Making(rules, assignment, std::move(*at_base)).find();
}

}  // namespace vitana::worker
