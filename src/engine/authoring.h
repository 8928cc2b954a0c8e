// Texts that are written here: drafts, and the intake in three steps. Both end in Registry.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/registry.h"
#include "store/store.h"

namespace vitana::engine {

/// The draft flow: create, edit, validate, approve. Each edit makes the draft unvalidated again;
/// approval registers exactly the bytes that were validated. What is for a repository that is not within the reach
/// of who asks is as if it were not there.
class Drafts {
 public:
  Drafts(store::Store& store, Registry& registry, const Setup& setup);

  Result<store::DraftRow> create(const std::string& title, const std::string& markdown,
                                 std::optional<Vtid> vtid, const Asked& asked, const std::string& repo = "");
  /// `seen`: see require_seen(). Errors: STATE_REFUSED (approved), CHANGED_MEANWHILE.
  Result<store::DraftRow> edit(std::int64_t id, const std::string& markdown, const Asked& asked,
                               const std::vector<std::string>& seen = {});

  Result<store::DraftRow> look(std::int64_t id, const Asked& asked);
  /// The newest first, at most `limit`, of those before `before` (0: of all); without their texts.
  Result<std::vector<store::DraftRow>> list(const Asked& asked, int limit, std::int64_t before = 0);

  struct Validation {
    store::DraftRow draft;
    std::vector<domain::Diagnostic> diagnostics;
  };
  Result<Validation> validate(std::int64_t id, const Asked& asked);

  /// Registers and schedules in one transaction; a failure leaves the draft as it was.
  /// Errors: STATE_REFUSED (not validated), SPEC_INVALID, SPEC_CONFLICT.
  Result<Registered> approve(std::int64_t id, const Asked& asked);

 private:
  /// Errors: NOT_FOUND.
  Result<store::DraftRow> find(std::optional<store::DraftRow> draft, std::int64_t id, const Asked& asked) const;

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
/// interrupted goes on where it stood. Reach as of drafts.
class Intake {
 public:
  Intake(store::Store& store, Registry& registry, const Setup& setup);

  /// `repo`: where it is delivered; empty: the only configured one. Errors: REPO_UNKNOWN.
  Result<IntakePrompt> begin(const Asked& asked, const std::string& repo = "");
  /// Errors: NOT_FOUND, SPEC_INVALID (an empty answer), STATE_REFUSED (nothing is asked).
  Result<IntakePrompt> answer(std::int64_t id, const std::string& text, const Asked& asked);
  /// Where it stands.
  Result<IntakePrompt> prompt(std::int64_t id, const Asked& asked);
  /// The text that the answers make, with a placeholder where the id will stand, and what is wrong with it.
  struct Preview {
    std::string text;
    std::vector<domain::Diagnostic> diagnostics;
  };
  Result<Preview> preview(std::int64_t id, const Asked& asked);
  /// Allocates the id, registers, locks and schedules in one transaction; or leaves no task.
  Result<Registered> complete(std::int64_t id, const Asked& asked);

 private:
  Result<store::IntakeRow> find(std::optional<store::IntakeRow> row, std::int64_t id, const Asked& asked) const;
  Result<store::IntakeRow> look(std::int64_t id, const Asked& asked);

  store::Store& store_;
  Registry& registry_;
  const Setup& setup_;
};

}  // namespace vitana::engine
