// One call of one command: what every command is given.
#pragma once

#include <memory>
#include <string>

#include "cli/errors.h"
#include "cli/session.h"
#include "cli/terminal.h"
#include "store/reader.h"
#include "wire/json.h"

namespace vitana::cli {

/// The exit code, or an error that becomes one.
using Answer = Result<int>;

struct Call {
  Application& application;
  Console& console;
  OpenOptions open = {};
  bool json = false;
  std::string actor = {};
  engine::Asked asked() const { return engine::Asked::at_this_machine(actor); }
  bool only_looks = false;  ///< it changes nothing, and so says nothing that has to be heard
  HintWords words = {};  ///< what the call is about, for hints; commands set it as they learn it

  /// On stdout, on a line of its own.
  void print_json(const wire::Json& value);

  /// Opens the store beside whatever engine there is. Errors: those of Application::open.
  Result<std::unique_ptr<Session>> session();
};

/// Says what of the configuration does not hold, each with the next command.
void say_cautions(Call& call);

/// $VITANA_ACTOR, else the login name.
std::string actor_of_process();

/// Reads in one snapshot of the session's store.
Result<void> read(Session& session, const std::function<Result<void>(store::Reader&)>& ask);

/// An id as a person types it: VTID-00007, or its digits, as they stand in a file's name. Errors:
/// VTID_INVALID, with the id that a shorter number may mean; VTID_LEGACY_FORM.
Result<Vtid> typed_vtid(const std::string& text);
/// An id of the command line, which hints then name. Errors: those of typed_vtid().
Result<Vtid> vtid_argument(Call& call, const std::string& text);

/// A whole file, or stdin for "-". Errors: FILE_UNREADABLE, FILE_TOO_LARGE.
Result<std::string> read_text(Call& call, const std::string& path, std::size_t bytes_max);

/// Writes a file that is not there yet. Errors: FILE_UNREADABLE (also when it exists).
Result<void> write_new_file(const std::string& path, std::string_view text);

inline tl::unexpected<Error> usage(std::string message, std::string hint = {}) {
  Error error{FailureCode::USAGE, std::move(message)};
  if (!hint.empty()) error.context["hint"] = std::move(hint);
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace vitana::cli
