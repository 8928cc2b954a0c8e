// How one unification is to be done, and what a sync has read. Inside engine/ only.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/registry.h"

namespace vitana::engine {

inline constexpr const char* sync_actor = "git-sync";

/// Beyond what may be registered without a person. Only numbers that a person or a file names can be.
bool is_far(store::Ledger& ledger, Vtid vtid);
/// Errors: VTID_JUMP.
Result<void> refuse_jump(store::Ledger& ledger, Vtid vtid);

/// The first error in words; empty: there is none.
std::string first_error(const std::vector<domain::Diagnostic>& diagnostics);

/// Where it stands; 0: there is none.
int first_error_line(const std::vector<domain::Diagnostic>& diagnostics);

struct Registry::Unification {
  std::string actor;
  bool by_person = false;          ///< a named file or a person's own text: never held for adoption
  bool hold_for_adoption = false;  ///< there at first contact with its repository, and never adopted
  std::optional<Digest> resolve = {};
  std::string agent = {};
  std::optional<domain::DeliveryMode> delivery = {};
  std::string repo = {};

  /// What was there at first contact waits until a person adopts it, mended or not; a person's own
  /// text adopts it.
  bool holds(const domain::Task& task) const {
    return hold_for_adoption || (task.waits.adoption && !by_person);
  }
};

/// One spec file of a repository as it was read at a commit.
struct Registry::File {
  port::TreeChange change;
  std::string text;
  std::string author;
  std::string commit;
  Instant at{};
  domain::SpecReading reading;
  std::optional<Vtid> vtid;
  std::optional<std::string> refused;  ///< has no id; the code and why
  bool is_spec = true;
};

/// What one sync covers.
struct Registry::SyncRange {
  std::string tip;
  bool first = false;                          ///< first contact with the repository
  std::map<std::string, std::string> renames;  ///< new path, old path
  std::map<std::string, std::string> moved;    ///< those of specs that keep their id
};

}  // namespace vitana::engine
