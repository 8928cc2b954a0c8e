// Who may do what: roles, the rights that they are made of, and the caller of a request.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vitana::domain {

/// What a caller may be allowed. A route of the gateway asks for one of them.
enum class Right {
  see,         ///< tasks, specs, runs, events
  act,         ///< what persons do with tasks: create, approve, retry, cancel, answer, sign off
  work,        ///< claim runs, execute, report
  judge,       ///< claim steps that verify and deliver
  administer,  ///< tokens, controls, repositories
};

/// A set of rights with a name: what a token is made for.
enum class Role { viewer, operator_, worker, verifier, admin };

inline constexpr std::array all_rights{Right::see, Right::act, Right::work, Right::judge, Right::administer};
inline constexpr std::array all_roles{Role::viewer, Role::operator_, Role::worker, Role::verifier, Role::admin};

std::string_view name_of(Right right);
std::string_view name_of(Role role);
std::optional<Role> role(std::string_view name);

/// The one answer to what a role is allowed.
bool may(Role role, Right right);

/// Who asks, as far as a token says.
struct Caller {
  std::string actor;  ///< kept in the log: the token's name
  Role role = Role::viewer;
  std::vector<std::string> repos = {};  ///< names; empty: every repository, and what belongs to none
  std::string id = {};                  ///< the token's; empty: a person at the machine itself

  bool may(Right right) const { return domain::may(role, right); }
  /// Is what belongs to `repo` (empty: to none) within this caller's reach?
  bool reaches(std::string_view repo) const;
};

}  // namespace vitana::domain
