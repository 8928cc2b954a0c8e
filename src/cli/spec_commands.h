// vitana spec …: texts that define tasks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/call.h"
#include "engine/authoring.h"

namespace vitana::cli {

struct ValidateOptions {
  std::vector<std::string> files;  ///< "-" is stdin
  std::string format = "text";     ///< text, github
  bool strict = false;
};
/// Needs neither a repository nor a store. 0 when all are valid.
Answer spec_validate(Call& call, const ValidateOptions& options);

struct RegisterOptions {
  std::string file;
  std::string reason;
  std::string vtid;
  std::string repo;
  std::string agent;
  std::string delivery;
  bool resolve = false;
  bool allow_jump = false;
};
Answer spec_register(Call& call, const RegisterOptions& options);

/// `repo` empty: all that are configured.
Answer spec_sync(Call& call, const std::string& repo);
Answer spec_list(Call& call, int limit, const std::string& after);

struct ShowSpecOptions {
  std::string vtid;
  int version = 0;  ///< 0: the newest
  bool raw = false;
};
Answer spec_show(Call& call, const ShowSpecOptions& options);
Answer spec_history(Call& call, const std::string& vtid);
/// 0 for a version means: the newest (`to`), the one before `to` (`from`).
Answer spec_diff(Call& call, const std::string& vtid, int from, int to);
Answer spec_adopt(Call& call, const std::string& glob, engine::Adoption how);
Answer spec_approve(Call& call, const std::string& vtid);
Answer spec_template_print(Call& call, const std::string& vtid);

Answer draft_create(Call& call, const std::string& title, const std::string& file,
                    const std::string& vtid);
Answer draft_edit(Call& call, std::int64_t id, const std::string& file);
Answer draft_validate(Call& call, std::int64_t id);
Answer draft_approve(Call& call, std::int64_t id);
Answer draft_list(Call& call);

/// Findings as a compiler prints them, each with its hint below it.
std::string findings_text(const std::vector<domain::Diagnostic>& diagnostics);
/// Findings as annotations of a GitHub workflow.
std::string findings_github(const std::vector<domain::Diagnostic>& diagnostics);

/// The sentence and the JSON for a text that was registered.
void print_registered(Call& call, const engine::Registered& registered);

}  // namespace vitana::cli
