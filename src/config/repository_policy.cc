#include "config/repository_policy.h"

#include <algorithm>

#include "config/parse.h"
#include "config/render.h"
#include "config/sections.h"

namespace vitana::config {
namespace {

void add_missing(std::vector<std::string>& into, const std::vector<std::string>& more) {
  for (const auto& text : more) {
    if (std::find(into.begin(), into.end(), text) == into.end()) into.push_back(text);
  }
}

// The enumerators stand in order of strictness.
static_assert(domain::UnverifiedMode::attest < domain::UnverifiedMode::judge &&
              domain::UnverifiedMode::judge < domain::UnverifiedMode::human);

/// A repository cannot make a judge out of what the operator did not configure.
void settle_judge(Config& config) {
  auto& verify = config.verify;
  if (config.agent(verify.judge) == nullptr || verify.judge == config.worker.agent) {
    verify.judge.clear();
  }
  if (verify.unverified == domain::UnverifiedMode::judge && verify.judge.empty()) {
    verify.unverified = domain::UnverifiedMode::human;
  }
}

}  // namespace

RepositoryPolicyReading parse_repository_policy(std::string_view text, std::string file) {
  RepositoryPolicyReading reading;
  const Value root = read_document(text, file, reading.diagnostics);
  Findings findings(std::move(file), reading.diagnostics);
  Section verify(root.find("verify"), "[verify]", findings);
  read_verify(verify, reading.policy.verify);
  reading.policy.verify.slots = Verify{}.slots;
  verify.finish();
  Section policy(root.find("policy"), "[policy]", findings);
  read_policy(policy, reading.policy.rules);
  policy.finish();
  domain::keep_inside(reading.diagnostics, text);
  return reading;
}

Config tightened(const Config& operator_config, const RepositoryPolicy& repository) {
  Config config = operator_config;
  add_missing(config.verify.commands, repository.verify.commands);
  config.verify.unverified = std::max(config.verify.unverified, repository.verify.unverified);
  if (config.verify.judge.empty()) config.verify.judge = repository.verify.judge;
  settle_judge(config);
  auto& rules = config.policy_rules;
  rules.specs = stricter(rules.specs, repository.rules.specs);
  add_missing(rules.protect, repository.rules.protect);
  return config;
}

Config committed(const Config& operator_config, const RepositoryPolicy& repository,
                 const std::map<std::string, std::string>& environment) {
  Config config = operator_config;
  config.verify = repository.verify;
  config.verify.slots = operator_config.verify.slots;
  config.policy_rules = repository.rules;
  settle_judge(config);
  std::map<std::string, std::string> of_these;
  for (const auto& [name, value] : environment) {
    if (name.starts_with("VITANA_VERIFY__") || name.starts_with("VITANA_POLICY__")) {
      of_these.emplace(name, value);
    }
  }
  if (of_these.empty()) return config;
  auto reading = parse_config(render(config), {.environment = std::move(of_these)});
  return reading.valid() ? std::move(reading.config) : operator_config;
}

}  // namespace vitana::config
