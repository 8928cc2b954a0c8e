#include "domain/access.h"

#include <algorithm>

#include "base/enum_names.h"

namespace vitana::domain {
namespace {

constexpr auto right_names = enum_names<Right>({{Right::see, "see"},
                                                {Right::act, "act"},
                                                {Right::work, "work"},
                                                {Right::judge, "judge"},
                                                {Right::administer, "administer"}});

constexpr auto role_names = enum_names<Role>({{Role::viewer, "viewer"},
                                              {Role::operator_, "operator"},
                                              {Role::worker, "worker"},
                                              {Role::verifier, "verifier"},
                                              {Role::admin, "admin"}});

}  // namespace

std::string_view name_of(Right right) { return right_names.name(right); }
std::string_view name_of(Role role) { return role_names.name(role); }
std::optional<Role> role(std::string_view name) { return role_names.value(name); }

bool may(Role role, Right right) {
  switch (role) {
    case Role::viewer: return right == Right::see;
    case Role::operator_: return right == Right::see || right == Right::act;
    case Role::worker: return right == Right::work;
    case Role::verifier: return right == Right::work || right == Right::judge;
    case Role::admin: return true;
  }
  return false;
}

bool Caller::reaches(std::string_view repo) const {
  return repos.empty() || std::find(repos.begin(), repos.end(), repo) != repos.end();
}

}  // namespace vitana::domain
