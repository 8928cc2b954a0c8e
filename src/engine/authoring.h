// Texts that are written here: drafts, and the intake in three steps. Both end in Registry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/registry.h"
#include "store/store.h"

namespace vitana::engine {

/// The draft flow: create, edit, validate, approve. Each edit makes the draft unvalidated again;
/// approval registers exactly the bytes that were validated.
class Drafts {
 public:
  Drafts(store::Store& store, Registry& registry, const Setup& setup);

  Result<store::DraftRow> create(const std::string& title, const std::string& markdown,
                                 std::optional<Vtid> vtid, const std::string& actor);
  Result<store::DraftRow> edit(std::int64_t id, const std::string& markdown, const std::string& actor);

  struct Validation {
    store::DraftRow draft;
    std::vector<domain::Diagnostic> diagnostics;
  };
  Result<Validation> validate(std::int64_t id, const std::string& actor);

  /// Registers and schedules in one transaction; a failure leaves the draft as it was.
  /// Errors: STATE_REFUSED (not validated), SPEC_INVALID, SPEC_CONFLICT.
  Result<Registered> approve(std::int64_t id, const std::string& actor);

 private:
  store::Store& store_;
  Registry& registry_;
  const Setup& setup_;
};

/// What an intake asks next; all answered: complete() may be called.
struct IntakePrompt {
  std::int64_t id = 0;
  std::string step;      ///< title, description, criteria, ready
  std::string question;
};

/// Title, what is wrong or wanted, and how one sees that it is done. Durable: an intake that was
/// interrupted goes on where it stood.
class Intake {
 public:
  Intake(store::Store& store, Registry& registry, const Setup& setup);

  Result<IntakePrompt> begin(const std::string& actor);
  /// Errors: NOT_FOUND, SPEC_INVALID (an empty answer), STATE_REFUSED (nothing is asked).
  Result<IntakePrompt> answer(std::int64_t id, const std::string& text);
  /// The text that the answers make, with a placeholder where the id will stand.
  Result<std::string> preview(std::int64_t id);
  /// Allocates the id, registers, locks and schedules in one transaction; or leaves no task.
  Result<Registered> complete(std::int64_t id, const std::string& actor, const std::string& repo);

 private:
  store::Store& store_;
  Registry& registry_;
  const Setup& setup_;
};

}  // namespace vitana::engine
