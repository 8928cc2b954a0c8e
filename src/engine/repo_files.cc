// What a repository's spec files become when they are taken in: candidates, numbers, tasks, outcomes.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/utf8.h"
#include "engine/local_ids.h"
#include "engine/registry.h"
#include "engine/unification.h"
#include "spec/parse.h"
#include "spec/rules.h"

namespace vitana::engine {

using domain::UnifyOutcome;
using Kind = port::TreeChange::Kind;
using Json = nlohmann::ordered_json;

namespace {

std::string in_words(const domain::Diagnostic& d) { return fmt::format("{}: {}", d.rule, d.message); }

void tell_unknown(domain::Candidate& candidate, const std::vector<std::string>& names) {
  const auto& rule = spec::rule_info(spec::Rule::DEPENDENCY_UNKNOWN);
  for (const auto& name : names) {
    candidate.diagnostics.push_back(
        {std::string(rule.name), rule.severity,
         fmt::format("no one spec of the repository is called \"{}\"; it does not block",
                     printable_line(name)),
         candidate.provenance.path, 1, 1, std::string(rule.hint)});
  }
}

/// What a person should know of a text that is registered.
std::string said_at_registration(const std::vector<domain::Diagnostic>& diagnostics) {
  for (const auto& d : diagnostics) {
    if (d.rule == spec::rule_info(spec::Rule::DEPENDENCY_UNKNOWN).name) return in_words(d);
  }
  return "";
}

domain::Provenance from_git(const std::string& repo, const std::string& path) {
  return {.source = domain::SpecSource::git, .repo = repo, .path = path};
}

/// It was there at first contact, and since then nobody adopted it: no task that may run has its text
/// from here. Whatever it becomes is held.
bool is_unadopted(store::Ledger& ledger, const std::optional<store::RepoFileRow>& row) {
  if (!row || !row->unadopted) return false;
  const auto task = row->vtid ? ledger.task(*row->vtid) : std::nullopt;
  if (!task || task->waits.adoption) return true;
  const auto spec = ledger.newest_spec(*row->vtid);
  if (!spec || spec->digest.to_string() == row->digest) return !spec;
  return spec->provenance.origin() != from_git(row->repo, row->path).origin();
}

/// What became of the file is another thing now.
void take_over(store::Ledger& ledger, store::RepoFileRow& file, const FileOutcome& now) {
  file.outcome = now.outcome;
  file.reason = now.reason;
  file.digest = now.digest;
  ledger.put(file);
}

}  // namespace

std::string first_error(const std::vector<domain::Diagnostic>& diagnostics) {
  for (const auto& d : diagnostics) {
    if (d.severity == domain::Severity::error) return in_words(d);
  }
  return "";
}

int first_error_line(const std::vector<domain::Diagnostic>& diagnostics) {
  for (const auto& d : diagnostics) {
    if (d.severity == domain::Severity::error) return d.line;
  }
  return 0;
}

FileOutcome Registry::outcome_of(store::Ledger& ledger, const domain::Candidate& candidate,
                                 const Registered& registered) {
  FileOutcome out{candidate.provenance.path, registered.vtid, "", "", candidate.digest.to_string()};
  const auto task = ledger.task(registered.vtid);
  const bool in_force = registered.version > 0 && registered.digest == candidate.digest;
  if (registered.outcome == UnifyOutcome::not_found) {
    out.outcome = "missing";
  } else if (in_force) {
    const bool fresh = registered.outcome == UnifyOutcome::registered;
    out.outcome = fresh ? "registered" : "unchanged";
    if (fresh) out.reason = said_at_registration(candidate.diagnostics);
  } else if (registered.outcome == UnifyOutcome::conflict) {
    out.outcome = "conflict";
    out.reason = "several files or sources claim this VTID with differing texts";
  } else if (domain::has_errors(candidate.diagnostics)) {
    out.outcome = "invalid";
    out.reason = first_error(candidate.diagnostics);
    out.line = first_error_line(candidate.diagnostics);
    if (registered.version > 0) out.reason += "; the registered version stays";
  } else {
    out.outcome = "conflict";
    out.reason = "another text is registered for this VTID; it stays in force";
  }
  if (task && (out.outcome == "registered" || out.outcome == "unchanged")) {
    if (task->waits.renumbered) {
      out.outcome = "renamed";
      out.reason = "the same text is registered under another VTID";
    } else if (task->waits.adoption) {
      out.outcome = "held";
      out.reason = "was there before vitana: vitana spec adopt";
    } else if (task->waits.spec_held) {
      out.outcome = "held";
      out.reason = held_by_author;
    } else if (task->status == domain::TaskStatus::completed && task->attempt == 0) {
      out.outcome = "completed";
      out.reason = "done before, no run";
    } else if (out.outcome == "registered" && task->newer && domain::is_terminal(task->status)) {
      out.reason = fmt::format("its task is {}: vitana task retry {} --reason TEXT runs the new text",
                               name_of(task->status), task->vtid.to_string());
    }
  }
  return out;
}

std::map<std::string, std::string> Registry::changed_places(store::Ledger& ledger, const std::string& repo,
                                                            std::span<const File> files) {
  std::map<std::string, std::string> lay;  // blob: path
  for (const auto& file : files) {
    if (file.change.kind != Kind::changed) continue;
    const auto before = ledger.repo_file(repo, file.change.file.path);
    if (before && before->vtid) lay.emplace(before->blob, before->path);
  }
  std::map<std::string, std::string> moved;  // new path: old path
  std::map<std::string, std::string> went;   // old path: new path
  for (const auto& file : files) {
    const auto& path = file.change.file.path;
    if (file.change.kind != Kind::changed || !file.is_spec || file.refused) continue;
    const auto from = lay.find(file.change.file.blob);
    if (from == lay.end() || from->second == path || !went.try_emplace(from->second, path).second) continue;
    moved.emplace(path, from->second);
  }
  // One that was edited on the way closes the circle: what nobody has lies where somebody left.
  for (const auto& [from, to] : std::map(went)) {
    if (moved.contains(from)) continue;
    auto end = to;
    while (went.contains(end)) end = went.at(end);
    moved.emplace(from, end);
  }
  return moved;
}

Result<void> Registry::number_files(store::Ledger& ledger, const RepoSetup& repo,
                                    std::span<const File> files, bool begun, SyncRange& range) {
  std::map<Vtid, std::string> brought;
  std::set<std::string> specs;
  for (const auto& file : files) {
    if (file.change.kind == Kind::removed || !file.is_spec || file.refused) continue;
    specs.insert(file.change.file.path);
    if (file.vtid && file.change.kind == Kind::added) brought.emplace(*file.vtid, file.change.file.path);
  }
  range.moved.clear();
  if (repo.local_ids) {
    range.moved = range.renames;
    range.moved.merge(changed_places(ledger, repo.name, files));
    if (!begun) move_local_ids(ledger, repo.name, range.moved);
    // All of them before one is registered: files name each other.
    for (const auto& file : files) {
      if (!specs.contains(file.change.file.path)) continue;
      auto id = local_id(ledger, setup_, repo.name, file.change.file.path, Digest::of(file.text));
      if (!id) return failure(std::move(id.error()));
    }
  } else {
    for (const auto& file : files) {
      if (file.change.kind != Kind::removed) continue;
      const auto before = ledger.repo_file(repo.name, file.change.file.path);
      const auto now = before && before->vtid ? brought.find(*before->vtid) : brought.end();
      if (now != brought.end()) range.moved.emplace(now->second, file.change.file.path);
    }
  }
  // What was moved to where it is no spec any more is gone.
  std::erase_if(range.moved, [&](const auto& move) { return !specs.contains(move.first); });
  return {};
}

void Registry::carry_unadopted(store::Ledger& ledger, const RepoSetup& repo, std::span<const File> files,
                               const SyncRange& range) {
  // All are looked at before one is put: a file may lie where another one lay.
  std::vector<store::RepoFileRow> carried;
  for (const auto& file : files) {
    const auto move = range.renames.find(file.change.file.path);
    if (move == range.renames.end()) continue;
    auto row = ledger.repo_file(repo.name, move->second);
    if (!is_unadopted(ledger, row)) continue;
    row->path = move->first;
    row->vtid.reset();  // its claim ends at the path where it lay
    carried.push_back(std::move(*row));
  }
  for (const auto& row : carried) ledger.put(row);
}

Result<void> Registry::take_in(store::Ledger& ledger, const RepoSetup& repo,
                               const SyncRange& range, std::span<const File> files,
                               RepoSync& report) {
  const auto unadopted = [&, all = range.first && !repo.adopt_all](const std::string& path) {
    const auto row = ledger.repo_file(repo.name, path);
    return row ? is_unadopted(ledger, row) : all;
  };
  const auto record = [&](FileOutcome outcome, const std::string& blob) {
    ledger.put(store::RepoFileRow{repo.name, outcome.path, blob, outcome.vtid, outcome.digest,
                                  outcome.outcome, outcome.reason, unadopted(outcome.path)});
    report.files.push_back(std::move(outcome));
  };

  std::set<std::string> left;  // for another path
  for (const auto& [after, before] : range.moved) left.insert(before);
  struct Claim {
    const File* file;
    store::CandidateRow row;
  };
  std::map<Vtid, std::vector<Claim>> touched;
  for (const auto& file : files) {
    const auto& path = file.change.file.path;
    std::optional<Vtid> vtid = file.vtid;
    if (repo.local_ids && file.is_spec && !file.refused && file.change.kind != Kind::removed) {
      auto id = local_id(ledger, setup_, repo.name, path, Digest::of(file.text));
      if (!id) return failure(std::move(id.error()));
      vtid = *id;
    }
    const auto before = ledger.repo_file(repo.name, path);
    const bool was_claim = before && before->vtid;
    const auto origin = from_git(repo.name, path);
    if (was_claim && (file.change.kind == Kind::removed || before->vtid != vtid || !file.is_spec)) {
      ledger.remove_candidate(*before->vtid, origin.origin());
      touched.try_emplace(*before->vtid);
    }
    if (file.change.kind == Kind::removed && (!was_claim || left.contains(path))) {
      ledger.remove_repo_file(repo.name, path);
    } else if (file.change.kind == Kind::removed) {
      ledger.append({domain::EventType::spec_missing, before->vtid, std::nullopt, sync_actor,
                     Json{{"path", path}, {"commit", range.tip}}.dump()});
      record({path, before->vtid, "missing", "the file is gone; what is registered stays", ""}, "");
    } else if (!file.is_spec) {
      record({path, std::nullopt, "ignored", file.reading.not_a_spec, ""}, file.change.file.blob);
    } else if (file.refused) {
      record({path, std::nullopt, "invalid", *file.refused, ""}, file.change.file.blob);
    } else if (auto near = refuse_jump(ledger, *vtid); !near) {
      record({path, vtid, "invalid", to_string(near.error()), ""}, file.change.file.blob);
    } else {
      store::CandidateRow row{*vtid, {origin, Digest::of(file.text)}, file.text};
      row.candidate.provenance.author = file.author;
      row.candidate.provenance.at = file.at;
      row.candidate.provenance.commit = file.commit;
      row.candidate.provenance.blob = file.change.file.blob;
      row.candidate.diagnostics = file.reading.diagnostics;
      row.candidate.valid = file.reading.valid();
      ledger.note_vtid(*vtid);
      touched[*vtid].push_back({&file, std::move(row)});
    }
  }

  for (auto& [vtid, claims] : touched) {
    for (auto& claim : claims) {
      // Asked here, one after the other: files of one commit may close a circle.
      const auto dependencies =
          dependencies_of(ledger, claim.row.candidate.provenance, claim.file->reading.spec);
      refuse_cycle(ledger, claim.row, dependencies.on);
      tell_unknown(claim.row.candidate, dependencies.unknown);
      ledger.put(claim.row);
    }
    const bool hold = std::any_of(claims.begin(), claims.end(), [&](const Claim& claim) {
      return unadopted(claim.file->change.file.path);
    });
    Unification how{.actor = sync_actor, .hold_for_adoption = hold};
    auto answer = unify_in(ledger, vtid, how);
    if (!answer) {
      if (answer.error().code != FailureCode::STATE_REFUSED) return failure(std::move(answer.error()));
      for (const auto& [file, row] : claims) {
        record({file->change.file.path, vtid, "invalid", answer.error().message, ""}, file->change.file.blob);
      }
      continue;
    }
    for (const auto& [file, row] : claims) {
      auto outcome = outcome_of(ledger, row.candidate, *answer);
      const auto old = range.moved.find(outcome.path);
      const bool moved_only = outcome.outcome == "unchanged" && old != range.moved.end();
      record(outcome, file->change.file.blob);
      // Told once; from now on it is where it is.
      if (moved_only) {
        report.files.back().outcome = "renamed";
        report.files.back().reason = "was " + old->second;
      }
    }
    for (auto& other : tell_neighbours(ledger, *answer)) {
      if (other.repo == repo.name) report.files.push_back(std::move(other.now));
    }
  }
  return {};
}

std::vector<Registry::Neighbour> Registry::tell_neighbours(store::Ledger& ledger, const Registered& registered) {
  std::vector<Neighbour> changed;
  for (const auto& row : ledger.candidates(registered.vtid)) {
    const auto& origin = row.candidate.provenance;
    if (origin.source != domain::SpecSource::git) continue;
    auto known = ledger.repo_file(origin.repo, origin.path);
    if (!known) continue;
    auto now = outcome_of(ledger, row.candidate, registered);
    if ((now.outcome == "conflict") == (known->outcome == "conflict")) continue;
    take_over(ledger, *known, now);
    changed.push_back({origin.repo, std::move(now)});
  }
  return changed;
}

Result<std::vector<Registry::Neighbour>> Registry::judge_circles(store::Ledger& ledger, const std::string& actor) {
  const auto rule = spec::rule_info(spec::Rule::DEPENDENCY_CYCLE).name;
  std::vector<Neighbour> freed;
  bool any = false;  // one that is registered again may open the circle of one before it
  for (auto& row : ledger.circular_candidates(circles_per_unit)) {
    auto& candidate = row.candidate;
    const auto reading = spec::parse_spec(row.text, {.file = candidate.provenance.path});
    if (dependency_cycle(ledger, row.vtid, dependencies_of(ledger, candidate.provenance, reading.spec).on)) continue;
    any = true;
    row.circular = false;
    std::erase_if(candidate.diagnostics, [&](const domain::Diagnostic& d) { return d.rule == rule; });
    candidate.valid = !domain::has_errors(candidate.diagnostics);
    ledger.put(row);
    const auto& origin = candidate.provenance;
    auto known = origin.source == domain::SpecSource::git ? ledger.repo_file(origin.repo, origin.path) : std::nullopt;
    auto answer = unify_in(ledger, row.vtid, {.actor = actor, .hold_for_adoption = is_unadopted(ledger, known)});
    if (!answer) {
      if (answer.error().code == FailureCode::STATE_REFUSED) continue;
      return failure(std::move(answer.error()));
    }
    if (known) {
      auto now = outcome_of(ledger, candidate, *answer);
      take_over(ledger, *known, now);
      freed.push_back({origin.repo, std::move(now)});
    }
    for (auto& other : tell_neighbours(ledger, *answer)) freed.push_back(std::move(other));
  }
  if (!any) return freed;
  auto more = judge_circles(ledger, actor);
  if (!more) return more;
  std::ranges::move(*more, std::back_inserter(freed));
  return freed;
}

}  // namespace vitana::engine
