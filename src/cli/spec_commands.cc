#include "cli/spec_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/glob.h"
#include "base/shell.h"
#include "base/utf8.h"
#include "cli/repo_place.h"
#include "cli/sync_report.h"
#include "cli/task_text.h"
#include "domain/policy.h"
#include "spec/parse.h"
#include "spec/template.h"
#include "view/json.h"
#include "view/validation.h"

namespace vitana::cli {
namespace {

constexpr std::size_t read_max = std::size_t{16}
                                 << 20;  // what is too large for a spec is a finding

std::vector<domain::Diagnostic> unreadable(const std::string& file, const Error& error) {
  if (error.code == FailureCode::FILE_TOO_LARGE) return spec::reading_of_too_large(file).diagnostics;
  std::string hint = "see the path and its permissions";
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) {
    auto folder = file;
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    hint = fmt::format("vitana spec validate {}/*.md", shell_word(folder));
  }
  return {{std::string(name_of(error.code)), domain::Severity::error, error.message, file, 1, 1,
           std::move(hint)}};
}

/// How many there are, and, where `whole`, each in a line.
std::string criteria_text(const std::vector<domain::Criterion>& criteria, bool whole, const Terminal& terminal) {
  constexpr std::size_t text_width_max = 90;
  const auto checked = std::count_if(criteria.begin(), criteria.end(),
                                     [](const auto& criterion) { return !criterion.checks.empty(); });
  std::string text = fmt::format("{} {}, {} with a check\n", criteria.size(),
                                 criteria.size() == 1 ? "criterion" : "criteria", checked);
  for (const auto& criterion : criteria) {
    if (!whole) break;
    text += fmt::format("  {}  {}{}\n", criterion.id, fit(printable_line(criterion.text), text_width_max, terminal),
                        criterion.cls == domain::CriterionClass::human ? "  [human]"
                        : criterion.checks.empty()                     ? ""
                                                                       : "  [check]");
  }
  return text;
}

view::Validated validate_one(Call& call, const std::string& path, domain::SpecProfile profile) {
  auto text = read_text(call, path, read_max);
  if (text) return view::validate(path, *text, profile);
  view::Validated out;
  out.file.path = path;
  out.file.diagnostics = unreadable(path, text.error());
  return out;
}

/// Property values of a workflow command end at these.
std::string escaped(std::string_view text, bool property) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '%':
        out += "%25";
        break;
      case '\r':
        out += "%0D";
        break;
      case '\n':
        out += "%0A";
        break;
      case ':':
        out += property ? "%3A" : ":";
        break;
      case ',':
        out += property ? "%2C" : ",";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string findings_text(const std::vector<domain::Diagnostic>& diagnostics) {
  std::string text;
  for (const auto& d : diagnostics) {
    text += domain::to_string(d) + "\n";
    if (!d.hint.empty()) text += fmt::format("    hint: {}\n", d.hint);
  }
  return text;
}

std::string findings_github(const std::vector<domain::Diagnostic>& diagnostics) {
  std::string text;
  for (const auto& d : diagnostics) {
    const std::string_view kind = d.severity == domain::Severity::error     ? "error"
                                  : d.severity == domain::Severity::warning ? "warning"
                                                                            : "notice";
    const std::string message = d.hint.empty() ? d.message : d.message + "; " + d.hint;
    text += fmt::format("::{} file={},line={},col={},title={}::{}\n", kind, escaped(d.file, true),
                        d.line, d.column, escaped(d.rule, true), escaped(message, false));
  }
  return text;
}

Answer spec_validate(Call& call, const ValidateOptions& options) {
  auto profile = options.strict ? domain::SpecProfile::strict : domain::SpecProfile::standard;
  // A configuration may ask for more, but a text can be checked without any.
  if (auto config = call.application.configuration(call.open)) {
    if (config->policy_rules.specs.profile == domain::SpecProfile::strict)
      profile = domain::SpecProfile::strict;
  }
  std::vector<wire::ValidatedFile> files;
  int invalid = 0;
  for (const auto& path : options.files) {
    const auto validated = validate_one(call, path, profile);
    files.push_back(validated.file);
    const auto& file = validated.file;
    invalid += file.valid ? 0 : 1;
    if (call.json) continue;
    if (options.format == "github") {
      call.console.print(findings_github(file.diagnostics));
      continue;
    }
    call.console.print(findings_text(file.diagnostics));
    if (file.valid) {
      // Of many files the counts are enough.
      call.console.print(fmt::format("{}: valid, {}, {}", path, file.vtid ? file.vtid->to_string() : "no VTID",
                                     criteria_text(validated.criteria, options.files.size() == 1,
                                                   call.console.terminal())));
    }
  }
  if (call.json) call.print_json(wire::validation_json(files));
  if (!call.json && options.format == "text" && (invalid > 0 || files.size() > 1)) {
    call.console.say(fmt::format("{} valid, {} invalid",
                                 files.size() - static_cast<std::size_t>(invalid), invalid),
                     invalid > 0 ? Ink::red : Ink::plain);
  }
  return invalid > 0 ? exit_no : exit_yes;
}

void print_registered(Call& call, const engine::Registered& registered) {
  call.words.vtid = registered.vtid.to_string();
  if (call.json) {
    call.print_json(view::registered_json(registered));
    return;
  }
  const auto& task = registered.task;
  call.console.print(fmt::format(
      "{}  version {}, {}{}: {}{}\n", registered.vtid.to_string(), registered.version,
      registered.digest.brief(),
      registered.outcome == domain::UnifyOutcome::registered ? "" : ", as it was before",
      name_of(task.status), task.blocked ? fmt::format(", {}", name_of(*task.blocked)) : ""));
  call.console.say(fmt::format("next: vitana task show {}", registered.vtid.to_string()), Ink::dim);
}

Answer spec_register(Call& call, const RegisterOptions& options) {
  if (options.reason.empty())
    return usage("spec register needs --reason TEXT: why is it not committed?");
  call.words.file = options.file;
  call.open.create = true;
  engine::Submission submission;
  if (!options.vtid.empty()) {
    auto vtid = vtid_argument(call, options.vtid);
    if (!vtid) return failure(std::move(vtid.error()));
    submission.vtid = *vtid;
  }
  if (!options.delivery.empty()) submission.delivery = domain::delivery_mode(options.delivery);
  auto text = read_text(call, options.file, engine::spec_bytes_max);
  if (!text) return failure(std::move(text.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto& engine = (*session)->engine();
  submission.text = std::move(*text);
  submission.file = options.file;
  submission.resolve = options.resolve;
  submission.allow_jump = options.allow_jump;
  submission.agent = options.agent;
  submission.repo = options.repo;
  submission.provenance = {
      .source = domain::SpecSource::manual, .author = call.actor, .reason = options.reason};
  auto now = read(**session, [&](store::Reader& reader) -> Result<void> {
    submission.provenance.at = reader.now();
    return {};
  });
  if (!now) return failure(std::move(now.error()));
  if (options.file != "-") {
    if (const auto place = place_of(engine.setup(), options.file)) {
      submission.provenance.repo = place->repo->name;
      submission.provenance.path = place->path;
    }
  }
  auto registered = engine.registry.submit(submission, call.asked());
  if (!registered) return failure(std::move(registered.error()));
  print_registered(call, *registered);
  return exit_yes;
}

Answer spec_sync(Call& call, const std::string& repo) {
  call.open.create = true;
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto& engine = (*session)->engine();
  if (!repo.empty() && engine.setup().repo(repo) == nullptr) {
    return failure(FailureCode::REPO_UNKNOWN, fmt::format("no repository is called '{}'", repo));
  }
  if (engine.setup().repos.empty()) {
    return failure(FailureCode::REPO_UNKNOWN, "no repository is configured");
  }
  std::vector<engine::RepoSync> reports;
  std::optional<Error> fault;
  for (const auto& setup : engine.setup().repos) {
    if (!repo.empty() && setup.name != repo) continue;
    auto report = engine.autopilot.scan(setup);
    if (!report) {
      // The other repositories are still read; the error is told where it is not data.
      Error error = std::move(report.error()).with("repository", setup.name);
      if (fault) call.console.say(error_text(error, call.words), Ink::red);
      if (!fault) fault = std::move(error);
      continue;
    }
    auto known = read(**session, [&](store::Reader& reader) -> Result<void> {
      *report = with_known_files(reader, std::move(*report));
      return {};
    });
    if (!known) return failure(std::move(known.error()));
    reports.push_back(std::move(*report));
  }
  if (fault && reports.empty()) return failure(std::move(*fault));
  if (call.json) {
    call.print_json(view::synced_json(reports));
  } else {
    for (const auto& report : reports)
      call.console.print(sync_text(report, call.console.terminal()));
  }
  if (!fault) return exit_yes;
  call.console.say(error_text(*fault, call.words), Ink::red);
  return exit_code(fault->code);
}

namespace {

/// Of tasks that cannot be adopted before one text of each is left.
Error conflict_of(const std::vector<domain::Task>& tasks) {
  Error error{FailureCode::SPEC_CONFLICT, "not adopted: which text counts is open for"};
  for (const auto& task : tasks) {
    error.message += (&task == &tasks.front() ? " " : ", ") + task.vtid.to_string();
    error.causes.push_back(fmt::format("{} has {}", task.vtid.to_string(),
                                       task.failure ? task.failure->message : "differing texts"));
  }
  return error;
}

}  // namespace

Answer spec_adopt(Call& call, const std::string& glob, engine::Adoption how) {
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto adopted = (*session)->engine().desk.adopt(glob, how, call.asked());
  if (!adopted) return failure(std::move(adopted.error()));
  if (adopted->tasks.empty() && !adopted->in_conflict.empty()) return failure(conflict_of(adopted->in_conflict));
  if (adopted->tasks.empty()) {
    return failure(
        Error{FailureCode::NOT_FOUND, fmt::format("no held spec matches '{}'", glob)}.with(
            "hint", "vitana task list --status blocked"));
  }
  std::vector<TaskView> views;
  for (auto& task : adopted->tasks) views.push_back({std::move(task), std::nullopt, {}, {}});
  if (!adopted->in_conflict.empty()) {
    call.console.say(error_text(conflict_of(adopted->in_conflict), call.words), Ink::yellow);
  }
  if (call.json) {
    call.print_json(view::task_list_json(views, std::nullopt));
    return exit_yes;
  }
  for (const auto& view : views) {
    call.console.print(
        fmt::format("{}  {}  {}\n", view.task.vtid.to_string(), headline(view), view.task.title));
  }
  if (how == engine::Adoption::run && !(*session)->engine_pid()) {
    call.console.say("no engine runs; next: vitana autopilot");
  }
  return exit_yes;
}

Answer spec_approve(Call& call, const std::string& text) {
  auto vtid = vtid_argument(call, text);
  if (!vtid) return failure(std::move(vtid.error()));
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto task = (*session)->engine().desk.approve_spec(*vtid, call.asked());
  if (!task) return failure(std::move(task.error()));
  auto view = view::load_task((*session)->engine(), *vtid);
  if (!view) return failure(std::move(view.error()));
  if (call.json) {
    call.print_json(view::task_json(*view));
  } else {
    call.console.print(fmt::format("{}  text approved: {}\n", vtid->to_string(), headline(*view)));
  }
  return exit_yes;
}

Answer spec_template_print(Call& call, const std::string& text) {
  std::optional<Vtid> id;
  if (!text.empty()) {
    auto vtid = vtid_argument(call, text);
    if (!vtid) return failure(std::move(vtid.error()));
    id = *vtid;
  }
  call.console.data(spec::spec_template(id));
  return exit_yes;
}

}  // namespace vitana::cli
