#include "cli/run_registration.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/glob.h"
#include "cli/repo_place.h"
#include "spec/parse.h"

namespace vitana::cli {
namespace {

namespace fs = std::filesystem;

/// The findings of the file itself come first: nothing else matters while it is not valid.
Result<void> check_text(const RunTarget& target, domain::SpecProfile profile) {
  const auto reading = spec::parse_spec(target.text, {.file = target.file, .profile = profile});
  const auto findings = spec::diagnostics_for_validate(reading, target.file);
  if (!domain::has_errors(findings)) return {};
  Error error{FailureCode::SPEC_INVALID, fmt::format("{} is not a valid spec", target.file)};
  for (const auto& finding : findings) {
    if (finding.severity != domain::Severity::error) continue;
    error.causes.push_back(domain::to_string(finding) +
                           (finding.hint.empty() ? "" : "; " + finding.hint));
  }
  return failure(std::move(error));
}

bool same_folder(const std::string& a, const std::string& b) {
  std::error_code error;
  return !a.empty() && !b.empty() &&
         fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error);
}

const config::Repo* repo_of_tree(const config::Config& config, const std::string& tree) {
  for (const auto& repo : config.repos) {
    if (same_folder(repo.path, tree)) return &repo;
  }
  return nullptr;
}

std::string free_name(const config::Config& config, const std::string& tree) {
  const std::string base = fs::path(tree).filename().string();
  std::string name = base.empty() ? "repo" : base;
  for (int i = 2; config.repo(name) != nullptr; ++i) name = fmt::format("{}-{}", base, i);
  return name;
}

/// Makes the tree's repository known: by the configuration of the folder of the call, else by the
/// one near the tree, else as one more repository.
Result<void> know_tree(Call& call, RunTarget& target) {
  auto here = call.application.configuration(call.open);
  if (!here && here.error().code != FailureCode::NOT_FOUND) return failure(std::move(here.error()));
  if (here && !target.repo_name.empty()) return {};
  if (here && repo_of_tree(*here, target.tree) != nullptr) return {};
  if (call.open.config_file.empty()) {
    OpenOptions near = call.open;
    near.folder = target.tree;
    auto there = call.application.configuration(near);
    if (!there && there.error().code != FailureCode::NOT_FOUND)
      return failure(std::move(there.error()));
    if (there && (!here || repo_of_tree(*there, target.tree) != nullptr)) {
      call.open.folder = target.tree;
      here = std::move(there);
    }
  }
  if (here && repo_of_tree(*here, target.tree) != nullptr) return {};
  config::Repo extra;
  extra.name = here ? free_name(*here, target.tree) : free_name({}, target.tree);
  extra.path = target.tree;
  call.open.extra_repo = std::move(extra);
  return {};
}

/// The text as it stands on the branch that is registered, at the file's own path.
Result<bool> is_committed(const engine::RepoSetup& repo, const std::string& path,
                          const std::string& text) {
  if (!glob_match_any(repo.specs, path)) return false;
  auto tip = repo.repository->fetch();
  if (!tip) return failure(std::move(tip.error()));
  auto committed = repo.repository->read_file(*tip, path, engine::spec_bytes_max);
  if (!committed) return failure(std::move(committed.error()));
  return *committed && **committed == text;
}

/// The id under which git's own registration keeps the file.
Result<Vtid> registered_from_git(Session& session, const RepoPlace& place) {
  std::optional<store::RepoFileRow> row;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    for (auto& known : reader.repo_files(place.repo->name)) {
      if (known.path == place.path) row = std::move(known);
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (row && row->outcome == "conflict") {
    return failure(FailureCode::SPEC_CONFLICT, fmt::format("{}: {}", place.path, row->reason));
  }
  if (!row || !row->vtid || row->outcome == "invalid" || row->outcome == "ignored") {
    return failure(FailureCode::SPEC_INVALID,
                   fmt::format("{}: {}", place.path, row ? row->reason : "it was not registered"));
  }
  return *row->vtid;
}

/// What was asked for on the command line, for a task whose text was registered before.
Result<void> prefer(Session& session, Vtid vtid, const RunOptions& options) {
  if (options.agent.empty() && options.delivery.empty()) return {};
  auto done = session.engine().desk.prefer(
      vtid, options.agent.empty() ? std::nullopt : std::optional(options.agent),
      domain::delivery_mode(options.delivery));
  if (!done) return failure(std::move(done.error()));
  return {};
}

Result<Vtid> made_runnable(Call& call, Session& session, Vtid vtid, const RunOptions& options) {
  std::optional<domain::Task> task;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    task = reader.task(vtid);
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  if (!task)
    return failure(FailureCode::NOT_FOUND, fmt::format("there is no task {}", vtid.to_string()));
  auto& desk = session.engine().desk;
  if (task->status == domain::TaskStatus::completed && task->newer &&
      !task->newer->needs_approval) {
    return failure(Error{FailureCode::STATE_REFUSED,
                         fmt::format("{} was completed with an earlier text; nothing was done for "
                                     "version {}",
                                     vtid.to_string(), task->newer->spec.version)}
                       .with("hint", fmt::format("vitana task retry {}", vtid.to_string())));
  }
  // Before the engine may take it: options that come after its start hold for the next run only.
  if (auto set = prefer(session, vtid, options); !set) return failure(std::move(set.error()));
  if (task->waits.adoption) {
    auto adopted = desk.adopt(vtid.to_string(), engine::Adoption::run, call.asked());
    if (!adopted) return failure(std::move(adopted.error()));
  } else if (task->status == domain::TaskStatus::failed ||
             task->status == domain::TaskStatus::cancelled) {
    auto retried = desk.retry(vtid, "vitana run", call.asked());
    if (!retried) return failure(std::move(retried.error()));
  }
  return vtid;
}

/// Was an edited copy of the file registered in its place, by an earlier `run`? Git has nothing to say
/// about that when the edit is undone.
Result<bool> is_replaced(Session& session, Vtid vtid, const RepoPlace& place, const Digest& digest) {
  bool replaced = false;
  auto done = read(session, [&](store::Reader& reader) -> Result<void> {
    for (const auto& row : reader.candidates(vtid)) {
      const auto& from = row.candidate.provenance;
      replaced |= from.repo == place.repo->name && from.path == place.path &&
                  row.candidate.digest != digest;
    }
    return {};
  });
  if (!done) return failure(std::move(done.error()));
  return replaced;
}

Result<Vtid> submit_file(Call& call, Session& session, const RunOptions& options,
                         const RunTarget& target, const engine::RepoSetup& repo,
                         const std::optional<RepoPlace>& place, std::optional<Vtid> vtid) {
  engine::Submission submission{
      .vtid = vtid, .text = target.text, .file = target.file, .agent = options.agent, .repo = repo.name};
  if (!options.delivery.empty()) submission.delivery = domain::delivery_mode(options.delivery);
  submission.provenance = {
      .source = domain::SpecSource::manual, .author = call.actor, .reason = "vitana run"};
  if (place) {
    submission.provenance.repo = place->repo->name;
    submission.provenance.path = place->path;
    submission.file = place->path;
  }
  auto now = read(session, [&](store::Reader& reader) -> Result<void> {
    submission.provenance.at = reader.now();
    return {};
  });
  if (!now) return failure(std::move(now.error()));
  auto registered = session.engine().registry.submit(submission, call.asked());
  if (!registered) return failure(std::move(registered.error()));
  return registered->vtid;
}

}  // namespace

Result<RunTarget> find_run_target(Call& call, const RunOptions& options) {
  RunTarget target;
  std::error_code ignored;
  const bool is_file = fs::exists(options.spec, ignored);
  auto vtid = typed_vtid(options.spec);
  if (!is_file && vtid) {
    target.vtid = *vtid;
    call.words.vtid = vtid->to_string();
  } else {
    target.file = call.words.file = options.spec;
    auto text = read_text(call, options.spec, engine::spec_bytes_max);
    if (!text) return failure(std::move(text.error()));
    target.text = std::move(*text);
  }

  if (!options.repo.empty() && fs::is_directory(options.repo, ignored)) {
    target.tree = working_tree_of(options.repo);
    if (target.tree.empty()) {
      return usage(fmt::format("{} is not in a git repository", options.repo),
                   "vitana run SPEC --repo DIR");
    }
  } else if (!options.repo.empty()) {
    target.repo_name = options.repo;
  } else if (!target.file.empty()) {
    target.tree = working_tree_of(target.file);
    if (target.tree.empty()) target.tree = working_tree_of(call.open.folder);
    if (target.tree.empty()) {
      return usage(fmt::format("{} is in no git repository", target.file),
                   fmt::format("vitana run {} --repo DIR", target.file));
    }
  }

  auto profile = domain::SpecProfile::standard;
  if (!target.tree.empty()) {
    if (auto known = know_tree(call, target); !known) return failure(std::move(known.error()));
  }
  if (auto config = call.application.configuration(call.open)) {
    profile = config->policy_rules.specs.profile;
    if (!target.repo_name.empty() && config->repo(target.repo_name) == nullptr) {
      return failure(
          FailureCode::REPO_UNKNOWN,
          fmt::format("'{}' is neither a folder nor a configured repository", target.repo_name));
    }
  } else if (!target.repo_name.empty()) {
    return failure(std::move(config.error()));
  }
  if (!target.file.empty()) {
    if (auto valid = check_text(target, profile); !valid) return failure(std::move(valid.error()));
  }
  return target;
}

Result<Vtid> register_for_run(Call& call, Session& session, const RunOptions& options,
                              const RunTarget& target) {
  auto& engine = session.engine();
  const auto& setup = engine.setup();
  const std::string agent = options.agent.empty() ? setup.agent : options.agent;
  if (agent.empty()) {
    if (!setup.agents.empty()) {
      return failure(Error{FailureCode::AGENT_UNKNOWN, "several agents are configured, and none is chosen"}.with(
          "hint", fmt::format("--agent {}, or in vitana.toml [worker] agent", setup.agents.front())));
    }
    return failure(Error{FailureCode::AGENT_UNKNOWN, "no agent is configured"}.with(
        "hint", "name one in vitana.toml: [agents.NAME] command; where there is no such file, vitana init writes one"));
  }
  if (!setup.has_agent(agent)) {
    std::string names;
    for (const auto& name : setup.agents) names += (names.empty() ? "" : ", ") + name;
    return failure(
        Error{FailureCode::AGENT_UNKNOWN, fmt::format("no agent is called '{}'", agent)}.with(
            "configured", names.empty() ? "none" : names));
  }
  if (target.vtid) {
    return made_runnable(call, session, *target.vtid, options);
  }

  const engine::RepoSetup* repo = target.repo_name.empty() ? nullptr : setup.repo(target.repo_name);
  for (const auto& one : setup.repos) {
    if (repo == nullptr && same_folder(one.folder, target.tree)) repo = &one;
  }
  if (repo == nullptr) {
    return failure(FailureCode::REPO_UNKNOWN,
                   fmt::format("no repository stands for {}", target.tree));
  }
  if (call.open.extra_repo && session.engine_pid()) {
    return failure(Error{FailureCode::REPO_UNKNOWN,
                         fmt::format("an engine runs here and does not know {}", target.tree)}
                       .with("hint", "add [[repos]] to its vitana.toml, or: vitana stop"));
  }
  if (auto synced = engine.autopilot.scan(*repo); !synced)
    return failure(std::move(synced.error()));

  auto place = place_of(setup, target.file);
  if (place && place->repo != repo) place.reset();  // a file of one repository, work for another
  bool committed = false;
  if (place) {
    auto same = is_committed(*repo, place->path, target.text);
    if (!same) return failure(std::move(same.error()));
    committed = *same;
  }
  auto vtid = committed ? registered_from_git(session, *place)
                        : submit_file(call, session, options, target, *repo, place, {});
  if (!vtid) return vtid;
  if (committed) {
    auto stale = is_replaced(session, *vtid, *place, Digest::of(target.text));
    if (!stale) return failure(std::move(stale.error()));
    if (*stale) vtid = submit_file(call, session, options, target, *repo, place, *vtid);
    if (!vtid) return vtid;
  }
  call.words.vtid = vtid->to_string();
  return made_runnable(call, session, *vtid, options);
}

}  // namespace vitana::cli
