// What the specs of a branch would become if it were merged now: the sync's own units, of which nothing is kept.
#include <algorithm>

#include "engine/registry.h"
#include "engine/unification.h"

namespace vitana::engine {

using Kind = port::TreeChange::Kind;

Result<BranchPreview> Registry::preview(const RepoSetup& repo, const port::BranchBeside& branch) {
  auto row = known(repo);
  if (!row) return failure(std::move(row.error()));
  auto changes = repo.repository->changes(branch.base, branch.commit, repo.specs);
  if (!changes) return failure(std::move(changes.error()));
  BranchPreview preview;
  preview.more = changes->size() > preview_files_max;
  if (preview.more) changes->resize(preview_files_max);
  auto files = parse_files(repo, std::move(*changes), row->rules.value_or(setup_.policy.specs).profile);
  if (!files) return failure(std::move(files.error()));
  if (files->empty()) return preview;

  SyncRange range{.tip = branch.commit, .first = false, .renames = {}, .moved = {}};
  const bool gone = std::any_of(files->begin(), files->end(),
                                [](const File& file) { return file.change.kind == Kind::removed; });
  if (gone && !branch.base.empty()) {
    auto renames = repo.repository->renames(branch.base, branch.commit);
    if (!renames) return failure(std::move(renames.error()));
    range.renames = std::move(*renames);
  }
  std::stable_sort(files->begin(), files->end(), [](const File& a, const File& b) { return a.vtid < b.vtid; });
  RepoSync report;
  auto rehearsed = store_.commit([&](store::Ledger& ledger) -> Result<void> {
    ledger.keep_nothing();
    report = {};
    carry_unadopted(ledger, repo, *files, range);
    if (auto numbered = number_files(ledger, repo, *files, /*begun=*/false, range); !numbered) return numbered;
    return take_in(ledger, repo, range, *files, report);
  });
  if (!rehearsed) return failure(std::move(rehearsed.error()));

  for (const auto& file : *files) {
    const auto& path = file.change.file.path;
    const auto outcome = std::find_if(report.files.rbegin(), report.files.rend(),
                                      [&](const FileOutcome& one) { return one.path == path; });
    if (outcome == report.files.rend()) continue;  // it was moved, and is told where it lies now
    PreviewedFile one{*outcome, file.reading.diagnostics};
    if (one.outcome.outcome == "registered") one.outcome.outcome = "valid";
    preview.files.push_back(std::move(one));
  }
  return preview;
}

}  // namespace vitana::engine
