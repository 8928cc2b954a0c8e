#include "worker/prompt.h"

#include <fmt/format.h>

#include <iterator>

#include "base/utf8.h"

namespace vitana::worker {
namespace {

constexpr std::size_t shown_bytes_max = 8 * 1024;  // of an earlier output

void add_list(std::string& out, const std::vector<std::string>& items) {
  for (const auto& item : items) fmt::format_to(std::back_inserter(out), "- `{}`\n", item);
}

void add_criteria(std::string& out, const domain::ParsedSpec& spec) {
  for (const auto& criterion : spec.criteria) {
    fmt::format_to(std::back_inserter(out), "- {}: {}", criterion.id, criterion.text);
    if (!criterion.checks.empty()) {
      out += criterion.checks.front().keeps ? " (a check runs; it must stay green)"
                                            : " (a check runs; it must turn green)";
    }
    out += '\n';
  }
}

void add_previous(std::string& out, const domain::Failure& failure) {
  fmt::format_to(std::back_inserter(out), "\n## The attempt before\n\nIt ended with {}: {}\n",
                 name_of(failure.code), failure.message);
  for (const auto& cause : failure.causes) {
    fmt::format_to(std::back_inserter(out), "- {}\n", utf8_prefix(cause, shown_bytes_max));
  }
  const auto output = failure.context.find("output");
  if (output != failure.context.end() && !output->second.empty()) {
    fmt::format_to(std::back_inserter(out), "\nThe last of its output:\n\n~~~~\n{}\n~~~~\n",
                   utf8_prefix(output->second, shown_bytes_max));
  }
  out += "\nIts changes are not in the workspace: you start from the base again.\n";
}

}  // namespace

std::string build_prompt(const port::Assignment& assignment, const PromptFacts& facts) {
  std::string out;
  const auto& run = assignment.run;
  fmt::format_to(std::back_inserter(out),
                 "# {}: {}\n\n"
                 "You work alone, in a clone of the repository at {}. Nobody can answer while you "
                 "work. Change the files there until the specification below is met, then end with "
                 "exit code 0. You need not commit: the files as you leave them are the result. "
                 "Files that .gitignore names are not part of it.\n",
                 run.id.vtid.to_string(), assignment.title, facts.workspace);

  out += "\n## How the result is judged\n\n";
  if (assignment.spec.no_change) {
    out += "The specification allows that nothing is changed.\n";
  } else {
    out += "A result without a change is a failure.\n";
  }
  if (!facts.repository_checks.empty()) {
    out += "These commands must be green on the result; they are green without your change:\n";
    add_list(out, facts.repository_checks);
  }
  if (!assignment.spec.criteria.empty()) {
    out += "Each acceptance criterion is judged on the result, in a checkout of its own:\n";
    add_criteria(out, assignment.spec);
  }

  out += "\n## Rules\n\n";
  if (!assignment.spec.paths.empty()) {
    out += "Only paths that match these patterns may be changed:\n";
    add_list(out, assignment.spec.paths);
  }
  if (!facts.protected_globs.empty()) {
    out += "Paths that match these patterns may not be changed";
    out += assignment.spec.paths.empty() ? ":\n" : ", unless a pattern above names them:\n";
    add_list(out, facts.protected_globs);
  }
  fmt::format_to(
      std::back_inserter(out),
      "You may leave a report at {}, a JSON object; every key is optional:\n"
      "{{\"summary\": \"...\", \"criteria\": [{{\"id\": \"AC-1\", \"note\": \"...\"}}], "
      "\"usage\": {{\"input_tokens\": 0, \"output_tokens\": 0, \"cost_usd\": 0, \"turns\": 0}}, "
      "\"question\": \"...\"}}\n"
      "Set \"question\" only if the work cannot go on without a person's answer.\n",
      facts.report_file);

  if (!assignment.answer.empty()) {
    fmt::format_to(std::back_inserter(out), "\n## What a person says\n\n{}\n",
                   assignment.answer);
  }
  if (assignment.previous) add_previous(out, *assignment.previous);
  fmt::format_to(std::back_inserter(out), "\n## The specification\n\n{}", assignment.spec_text);
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

}  // namespace vitana::worker
