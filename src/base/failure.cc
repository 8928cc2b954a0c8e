#include "base/failure.h"

#include <array>

#include "base/check.h"

namespace vitana {
namespace {

constexpr auto catalogue = std::to_array<FailureInfo>({
#define X(code, cls, retryable, actor, http, hint) \
  {FailureCode::code, #code, FailureClass::cls, retryable, FailureActor::actor, http, hint},
    VITANA_FAILURES(X)
#undef X
});

}  // namespace

std::span<const FailureInfo> failure_catalogue() { return catalogue; }

const FailureInfo& failure_info(FailureCode code) {
  const auto index = static_cast<std::size_t>(code);
  CHECK(index < catalogue.size());
  return catalogue[index];
}

std::string_view name_of(FailureCode code) { return failure_info(code).name; }

std::string_view name_of(FailureClass cls) {
  switch (cls) {
    case FailureClass::spec: return "spec";
    case FailureClass::governance: return "governance";
    case FailureClass::dispatch: return "dispatch";
    case FailureClass::worker: return "worker";
    case FailureClass::agent: return "agent";
    case FailureClass::timeout: return "timeout";
    case FailureClass::verification: return "verification";
    case FailureClass::delivery: return "delivery";
    case FailureClass::git: return "git";
    case FailureClass::network: return "network";
    case FailureClass::storage: return "storage";
    case FailureClass::budget: return "budget";
    case FailureClass::environment: return "environment";
    case FailureClass::internal: return "internal";
  }
  CHECK(false);
}

std::string_view name_of(FailureActor actor) {
  switch (actor) {
    case FailureActor::engine: return "engine";
    case FailureActor::author: return "author";
    case FailureActor::operator_: return "operator";
    case FailureActor::agent: return "agent";
  }
  CHECK(false);
}

std::optional<FailureCode> failure_code(std::string_view name) {
  for (const auto& info : catalogue) {
    if (info.name == name) return info.code;
  }
  return std::nullopt;
}

}  // namespace vitana
