#include "cli/sync_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/shell.h"
#include "cli/errors.h"

namespace vitana::cli {
namespace {

/// In the order in which a person looks at them; `person`: somebody has to do something.
struct OutcomeRow {
  std::string_view name;
  bool person;
};
constexpr OutcomeRow outcomes[] = {
    {"registered", false}, {"unchanged", false}, {"completed", false},
    {"conflict", true},    {"invalid", true},    {"renamed", true},
    {"missing", true},     {"held", true},       {"ignored", false}};

std::size_t rank(const std::string& outcome) {
  const auto* it = std::find_if(std::begin(outcomes), std::end(outcomes),
                                [&](const OutcomeRow& row) { return row.name == outcome; });
  return static_cast<std::size_t>(it - std::begin(outcomes));
}

bool needs_person(const std::string& outcome) {
  const auto at = rank(outcome);
  return at < std::size(outcomes) && outcomes[at].person;
}

/// A file that was not touched is as it was, but for what persons did to its task meanwhile.
std::string outcome_now(store::Reader& reader, const store::RepoFileRow& row) {
  if (row.outcome == "registered") return "unchanged";
  const auto task = row.vtid ? reader.task(*row.vtid) : std::nullopt;
  if (!task) return row.outcome;
  const auto& waits = task->waits;
  const bool chosen = task->spec && task->spec->digest.to_string() == row.digest && !waits.conflict;
  const bool over = (row.outcome == "held" && !waits.adoption && !waits.spec_held) ||
                    (row.outcome == "renamed" && !waits.renumbered) ||
                    (row.outcome == "conflict" && chosen);
  return over ? "unchanged" : row.outcome;
}

std::string next_step(const std::map<std::string, int>& counts, const engine::RepoSync& report) {
  if (counts.contains("conflict"))
    return "leave one text for each VTID, or: vitana spec register FILE --resolve --reason TEXT";
  if (counts.contains("invalid")) {
    const auto it = std::find_if(report.files.begin(), report.files.end(),
                                 [](const auto& f) { return f.outcome == "invalid"; });
    return "vitana spec validate " + shell_word(it->path);
  }
  const auto to_adopt = [](const auto& f) { return f.outcome == "held" && f.reason != engine::held_by_author; };
  if (std::ranges::any_of(report.files, to_adopt)) return "vitana spec adopt GLOB --run, or --done";
  return "";
}

}  // namespace

engine::RepoSync with_known_files(store::Reader& reader, engine::RepoSync report) {
  std::set<std::string> touched;
  for (const auto& file : report.files) touched.insert(file.path);
  for (const auto& row : reader.repo_files(report.repo)) {
    if (touched.contains(row.path)) continue;
    auto outcome = outcome_now(reader, row);
    auto reason = outcome == "unchanged" ? std::string() : row.reason;
    report.files.push_back({row.path, row.vtid, std::move(outcome), std::move(reason), row.digest});
  }
  std::sort(report.files.begin(), report.files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return report;
}

std::string sync_text(const engine::RepoSync& report, const Terminal& terminal, std::size_t whole_max) {
  std::map<std::string, int> counts;
  std::vector<const engine::FileOutcome*> people;
  for (const auto& file : report.files) {
    ++counts[file.outcome];
    const bool warned = file.outcome == "registered" && !file.reason.empty();
    if (warned || needs_person(file.outcome)) people.push_back(&file);
  }
  std::string words;
  for (const auto& row : outcomes) {
    const auto it = counts.find(std::string(row.name));
    if (it != counts.end())
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", it->second, row.name);
  }
  if (words.empty()) words = "no file matches the spec patterns";
  std::string text =
      fmt::format("{} at {}: {}\n", report.repo,
                  report.commit.empty() ? "no commit yet" : report.commit.substr(0, 12), words);
  if (people.empty()) return text;

  std::stable_sort(people.begin(), people.end(), [](const auto* a, const auto* b) {
    return rank(a->outcome) < rank(b->outcome);
  });
  const std::size_t screen = terminal.height > 12 ? std::min<std::size_t>(terminal.height - 6, 18) : 6;
  const std::size_t lines_max = people.size() <= whole_max ? people.size() : screen;
  Table table({"OUTCOME", "VTID", "FILE", "REASON"});
  for (std::size_t i = 0; i < std::min(people.size(), lines_max); ++i) {
    const auto& file = *people[i];
    table.add({file.outcome, file.vtid ? file.vtid->to_string() : "-", file.path, file.reason});
  }
  text += table.text(terminal);
  if (people.size() > lines_max) {
    text += fmt::format("{} and {} more; all of them: vitana spec sync --json\n",
                        terminal.ellipsis(), people.size() - lines_max);
  }
  if (const auto next = next_step(counts, report); !next.empty())
    text += fmt::format("next: {}\n", next);
  return text;
}

}  // namespace vitana::cli
