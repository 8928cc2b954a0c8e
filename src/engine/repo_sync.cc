// Specs from git: what differs between the last synced tree and the branch's tip.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "engine/breaker.h"
#include "engine/commit_statuses.h"
#include "engine/conduct.h"
#include "engine/registry.h"
#include "engine/unification.h"
#include "spec/parse.h"

namespace vitana::engine {

using Kind = port::TreeChange::Kind;
using Json = nlohmann::ordered_json;

namespace {

/// What `synced_commit` speaks of: the branch and the patterns that were read.
std::string scope_of(const RepoSetup& repo) {
  std::string scope = repo.branch_name();
  for (const auto& glob : repo.specs) scope += " " + glob;
  return scope;
}

void remember_deliveries(store::Ledger& ledger, const std::string& repo,
                         const std::vector<port::DeliveryTrailer>& trailers) {
  for (const auto& trailer : trailers) {
    const auto vtid = Vtid::parse(trailer.vtid);
    if (vtid && Digest::parse(trailer.spec_digest)) {
      ledger.put(store::DeliveryRow{repo, *vtid, trailer.spec_digest, trailer.commit,
                                    trailer.beside});
      // A number that was delivered once is never given out again, even by a store that lost it.
      if (!is_far(ledger, *vtid)) ledger.note_vtid(*vtid);
    }
  }
}

/// The branch stands registered at `tip`; counted from the parts of the report.
void finish_sync(store::Ledger& ledger, const RepoSetup& repo, const std::string& tip,
                 std::initializer_list<const RepoSync*> parts) {
  std::map<std::string, int> counts;
  for (const auto* part : parts) {
    for (const auto& file : part->files) ++counts[file.outcome];
  }
  auto row = ledger.repo(repo.name).value_or(store::RepoRow{.name = repo.name});
  const bool moved = row.synced_commit != tip;
  row.synced_commit = tip;
  row.reading_commit.clear();
  row.reading_branch.clear();
  row.branch = scope_of(repo);
  row.synced_at = ledger.now();
  ledger.put(row);
  if (moved) try_at_once(ledger, repo.name);
  if (counts.empty()) return;
  ledger.append({domain::EventType::repo_synced, std::nullopt, std::nullopt, sync_actor,
                 Json{{"repo", repo.name}, {"commit", tip}, {"outcomes", counts}}.dump()});
  std::vector<FileOutcome> files;
  for (const auto* part : parts) files.insert(files.end(), part->files.begin(), part->files.end());
  put_status(ledger, repo, tip, files);
}

}  // namespace

Result<std::vector<Registry::File>> Registry::read_files(const RepoSetup& repo,
                                                         const std::string& from,
                                                         const std::string& to,
                                                         domain::SpecProfile profile) {
  auto changes = repo.repository->changes(from, to, repo.specs);
  if (!changes) return failure(std::move(changes.error()));
  auto files = parse_files(repo, std::move(*changes), profile);
  if (!files) return files;
  if (auto done = read_authors(repo, from, to, *files); !done) return failure(std::move(done.error()));
  return files;
}

Result<std::vector<Registry::File>> Registry::parse_files(const RepoSetup& repo, std::vector<port::TreeChange> changes,
                                                          domain::SpecProfile profile) {
  std::vector<File> files;
  files.reserve(changes.size());
  for (auto& change : changes) {
    File file{.change = std::move(change)};
    if (file.change.kind == Kind::removed) {
      files.push_back(std::move(file));
      continue;
    }
    if (!file.change.file.regular || !file.change.file.nameable) {
      file.is_spec = false;
      file.reading.not_a_spec = file.change.file.regular
                                    ? "no file can have this name"
                                    : "a symbolic link or a submodule, not a file";
      files.push_back(std::move(file));
      continue;
    }
    auto text = repo.repository->read_blob(file.change.file.blob, spec_bytes_max);
    if (text) {
      file.text = std::move(*text);
      file.reading = spec::parse_spec(file.text, {.file = file.change.file.path, .profile = profile});
    } else if (text.error().code == FailureCode::FILE_TOO_LARGE) {
      file.reading = spec::reading_of_too_large(file.change.file.path);
    } else {
      return failure(std::move(text.error()));
    }
    file.is_spec = file.reading.not_a_spec.empty();
    if (!repo.local_ids) {
      auto vtid = spec::resolve_vtid(file.reading, file.change.file.path);
      if (vtid) {
        file.vtid = *vtid;
      } else if (file.is_spec) {
        file.refused = file.text.empty() && !file.reading.valid()
                           ? first_error(file.reading.diagnostics)
                           : fmt::format("{}: {}", name_of(vtid.error().code), vtid.error().message);
      }
    }
    files.push_back(std::move(file));
  }
  return files;
}

Result<void> Registry::read_authors(const RepoSetup& repo, const std::string& from,
                                    const std::string& to, std::vector<File>& files) {
  std::vector<File*> specs;
  std::vector<std::string> paths;
  for (auto& file : files) {
    if (!file.is_spec || file.refused || file.change.kind == Kind::removed) continue;
    specs.push_back(&file);
    paths.push_back(file.change.file.path);
  }
  if (specs.empty()) return {};
  auto found = repo.repository->last_commits(to, from, paths);
  if (!found) return failure(std::move(found.error()));
  CHECK(found->size() == specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    auto& who = (*found)[i];
    specs[i]->author = std::move(who.author);
    specs[i]->commit = std::move(who.commit);
    specs[i]->at = who.at;
  }
  return {};
}

Result<store::RepoRow> Registry::known(const RepoSetup& repo) {
  store::RepoRow row{.name = repo.name};
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    row = reader.repo(repo.name).value_or(row);
    return {};
  });
  if (!read) return failure(std::move(read.error()));
  return row;
}

Result<void> Registry::look() {
  Result<void> all;
  for (const auto& repo : setup_.repos) {
    auto row = known(repo);
    if (!row) return failure(std::move(row.error()));
    // One elsewhere that was read before may take its time, or be out of reach: its next scan tells.
    if (!row->unnumbered && repo.folder.empty()) continue;
    if (setup_.waits_for_none && repo.folder.empty()) {
      if (all) {
        all = failure(Error{FailureCode::REPO_UNSETTLED, "it is read for the first time"}.with("repository", repo.name));
      }
      continue;
    }
    auto synced = sync(repo);
    if (synced) continue;
    if (row->unnumbered && all) all = failure(std::move(synced.error()).with("repository", repo.name));
  }
  return all;
}

Result<RepoSync> Registry::sync(const RepoSetup& repo, Others others) {
  if (repo.local_ids) {
    // Its files get new numbers, which the other repositories must not hold already. One that cannot be
    // read is named when a number is needed.
    for (const auto& other : setup_.repos) {
      const bool asked = others == Others::asked || !other.folder.empty();
      if (&other != &repo && asked) (void)learn_numbers(other).has_value();
    }
  }
  auto report = read_branch(repo);
  if (!report) return report;
  const auto row = known(repo);
  if (!row) return failure(row.error());
  if (!row->unsettled) return report;
  if (auto settled = settle_known_deliveries(repo.name); !settled) {
    return failure(std::move(settled.error()));
  }
  return report;
}

Result<void> Registry::note_numbers(const std::string& repo,
                                    const std::vector<port::DeliveryTrailer>& trailers,
                                    const std::vector<File>& files) {
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    remember_deliveries(ledger, repo, trailers);
    for (const auto& file : files) {
      if (file.vtid && !is_far(ledger, *file.vtid)) ledger.note_vtid(*file.vtid);
    }
    auto row = ledger.repo(repo).value_or(store::RepoRow{.name = repo});
    row.unnumbered = false;
    ledger.put(row);
    return {};
  });
}

Result<void> Registry::learn_numbers(const RepoSetup& repo) {
  const auto row = known(repo);
  if (!row) return failure(row.error());
  if (!row->unnumbered) return {};
  auto head = repo.repository->branch_tip();
  if (!head) return failure(std::move(head.error()));
  if (!*head) return note_numbers(repo.name, {}, {});
  auto tip = repo.repository->fetch();
  if (!tip) return failure(std::move(tip.error()));
  auto trailers = repo.repository->deliveries("", *tip);
  if (!trailers) return failure(std::move(trailers.error()));
  auto files = read_files(repo, "", *tip, setup_.policy.specs.profile);
  if (!files) return failure(std::move(files.error()));
  return note_numbers(repo.name, *trailers, *files);
}

Result<domain::SpecRules> Registry::rules_at(const RepoSetup& repo, const std::string& commit,
                                             const store::RepoRow& row) const {
  if (!repo.spec_rules) return setup_.policy.specs;
  auto rules = repo.spec_rules(commit);
  if (rules || rules.error().code != FailureCode::REPO_RULES_INVALID) return rules;
  const auto last = row.rules.value_or(domain::SpecRules{.approval = domain::ApprovalMode::required});
  return stricter(last, setup_.policy.specs);
}

Result<RepoSync> Registry::read_branch(const RepoSetup& repo) {
  RepoSync report{.repo = repo.name};
  auto known_row = known(repo);
  if (!known_row) return failure(std::move(known_row.error()));
  const store::RepoRow row = std::move(*known_row);

  auto head = repo.repository->branch_tip();
  if (!head) return failure(std::move(head.error()));
  if (!*head) return report;  // an empty repository: nothing to read yet
  report.commit = **head;
  const bool same_scope = row.branch == scope_of(repo);
  const bool half = !row.reading_commit.empty() && row.reading_branch == scope_of(repo);
  // A restored store reads what was delivered since its backup in any case.
  const bool same_rules = row.rules && row.rules_beside == setup_.policy.specs;
  if (**head == row.synced_commit && same_scope && same_rules && !row.unsettled && !half) return report;

  auto tip = repo.repository->fetch();
  if (!tip) return failure(std::move(tip.error()));
  report.changed = true;
  // With other patterns, or of another branch, every file is new to us.
  const std::string from = same_scope ? row.synced_commit : "";

  std::string goal = half ? row.reading_commit : *tip;
  auto trailers = repo.repository->deliveries(from, goal);
  if (!trailers && half) {  // the commit is gone, with the mirror and the branch's old history
    goal = *tip;
    trailers = repo.repository->deliveries(from, goal);
  }
  if (!trailers) return failure(std::move(trailers.error()));
  report.commit = goal;
  auto rules = rules_at(repo, goal, row);
  if (!rules) return failure(std::move(rules.error()));
  auto files = read_files(repo, from, goal, rules->profile);
  if (!files) return failure(std::move(files.error()));

  SyncRange range{goal, from.empty(), {}};
  const bool gone = std::any_of(files->begin(), files->end(),
                                [](const File& file) { return file.change.kind == Kind::removed; });
  if (gone && !from.empty()) {
    auto renames = repo.repository->renames(from, goal);
    if (!renames) return failure(std::move(renames.error()));
    range.renames = std::move(*renames);
  }
  if (row.unnumbered) {
    if (auto noted = note_numbers(repo.name, *trailers, *files); !noted) return failure(std::move(noted.error()));
  }
  // All files of one VTID are taken in by one unit: whoever comes first must not own by chance.
  std::stable_sort(files->begin(), files->end(),
                   [](const File& a, const File& b) { return a.vtid < b.vtid; });

  for (std::size_t begin = 0; begin == 0 || begin < files->size();) {
    std::size_t end = std::min(files->size(), begin + sync_files_per_unit);
    while (end > begin && end < files->size() && (*files)[end].vtid &&
           (*files)[end].vtid == (*files)[end - 1].vtid) {
      ++end;
    }
    const std::span<const File> part(files->data() + begin, end - begin);
    RepoSync part_report;
    bool overtaken = false;
    auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      part_report = {};
      auto now = ledger.repo(repo.name).value_or(store::RepoRow{.name = repo.name});
      const auto& reading = begin == 0 ? row.reading_commit : goal;
      overtaken = now.synced_commit != row.synced_commit || now.reading_commit != reading;
      if (overtaken) return {};  // another sync has read this branch, perhaps further, or is about to
      if (begin == 0) {
        // A sync that died half-way has moved what was moved.
        const bool begun = now.reading_commit == goal;
        now.reading_commit = goal;
        now.reading_branch = scope_of(repo);
        now.rules = *rules;
        now.rules_beside = setup_.policy.specs;
        ledger.put(now);
        remember_deliveries(ledger, repo.name, *trailers);
        if (auto closed = close_delivered(ledger, *trailers); !closed) return closed;
        if (!begun) carry_unadopted(ledger, repo, *files, range);
        if (auto numbered = number_files(ledger, repo, *files, begun, range); !numbered) return numbered;
      }
      auto taken = take_in(ledger, repo, range, part, part_report);
      if (!taken) return taken;
      if (end < files->size()) return {};
      auto freed = judge_circles(ledger, sync_actor);
      if (!freed) return failure(std::move(freed.error()));
      for (auto& [of, file] : *freed) {
        if (of != repo.name) continue;
        const auto told = std::ranges::find(part_report.files, file.path, &FileOutcome::path);
        if (told == part_report.files.end()) {
          part_report.files.push_back(std::move(file));
        } else {
          *told = std::move(file);
        }
      }
      finish_sync(ledger, repo, goal, {&report, &part_report});
      return {};
    });
    if (!done) return failure(std::move(done.error()));
    if (overtaken) return report;
    std::move(part_report.files.begin(), part_report.files.end(), std::back_inserter(report.files));
    begin = std::max(end, std::size_t{1});
  }
  if (goal == *tip) return report;
  auto rest = read_branch(repo);  // the branch has moved on since
  if (!rest) return rest;
  rest->files.insert(rest->files.begin(), report.files.begin(), report.files.end());
  rest->changed = true;
  return rest;
}

Result<void> Registry::close_delivered(store::Ledger& ledger, const std::vector<port::DeliveryTrailer>& trailers) {
  for (const auto& trailer : trailers) {
    const auto vtid = Vtid::parse(trailer.vtid);
    const auto task = vtid ? ledger.task(*vtid) : std::nullopt;
    if (!task || task->status != domain::TaskStatus::cancelled) continue;
    const auto run = ledger.run({*vtid, task->attempt});
    if (!run || !run->deliverable || run->deliverable->new_commit != trailer.commit) continue;
    // On the branch of its task it may lie only because its target was dirty.
    if (trailer.beside && run->delivery != domain::DeliveryMode::branch) continue;
    const domain::Close close{fmt::format("its change reached the branch all the same, by commit {}", trailer.commit)};
    auto closed = conduct(ledger, setup_, entropy_, *vtid, close, sync_actor);
    if (!closed) return failure(std::move(closed.error()));
  }
  return {};
}

Result<void> Registry::settle_known_deliveries(const std::string& repo) {
  std::vector<Vtid> open;
  auto read = store_.read([&](store::Reader& reader) -> Result<void> {
    open = reader.open_deliveries(repo);
    return {};
  });
  if (!read) return read;

  for (const auto vtid : open) {
    auto done = store_.commit([&](store::Ledger& ledger) -> Result<void> {
      const auto subject = ledger.subject(vtid);
      if (domain::is_terminal(subject.task.status) || !subject.task.spec) return {};
      const bool live = subject.run && !domain::is_terminal(subject.run->state);
      const Digest& digest = live ? subject.run->spec_digest : subject.task.spec->digest;
      const auto known = ledger.delivery(repo, vtid, digest.to_string());
      const auto mode = live ? subject.run->delivery : setup_.delivery_of(subject.task);
      if (!known || !known->counts_for(mode)) return {};
      const std::string why = fmt::format("delivered before, by commit {}", known->commit);
      std::vector<domain::Command> moves;
      if (live && subject.run->lease) {
        moves.emplace_back(domain::LeaseLost{subject.run->lease->fence, true});
      }
      moves.emplace_back(domain::Cancel{why, /*delivered=*/true});
      moves.emplace_back(domain::Close{why});
      for (const auto& move : moves) {
        auto made = conduct(ledger, setup_, entropy_, vtid, move, sync_actor);
        if (!made) return failure(std::move(made.error()));
      }
      return {};
    });
    if (!done) return done;
  }
  return store_.commit([&](store::Ledger& ledger) -> Result<void> {
    auto row = ledger.repo(repo).value_or(store::RepoRow{.name = repo});
    row.unsettled = row.unnumbered = false;
    ledger.put(row);
    return {};
  });
}

}  // namespace vitana::engine
