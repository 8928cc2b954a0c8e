// vitana.toml and the environment: never an exception, and what is valid is written back the same.
// An input is the text, then `NAME=value` pairs, each after a NUL.
#include <map>
#include <string>
#include <tuple>

#include "config/parse.h"
#include "config/render.h"
#include "config/repository_policy.h"
#include "fuzz/input.h"

namespace {

using namespace vitana;

void check_findings(const std::vector<domain::Diagnostic>& findings,
                    const std::vector<std::string_view>& lines) {
  static const std::vector<std::string_view> environment = {""};
  for (const auto& finding : findings) {
    CHECK(finding.rule.starts_with("CONFIG_"));
    CHECK(finding.file == "vitana.toml" || finding.file == "environment");
    fuzz::check_finding(finding, finding.file == "environment" ? environment : lines);
  }
}

constexpr std::size_t text_bytes_max = std::size_t{1} << 20;  // larger ones are not read

/// What is in force is what config show prints, wherever that is read.
void check_round_trip(const config::Config& config) {
  const auto text = config::render(config);
  if (text.size() > text_bytes_max) return;
  const auto again = config::parse_config(text);
  CHECK(again.valid());
  CHECK(again.config == config);
  CHECK(config::render(again.config) == text && config::digest(again.config) == config::digest(config));
}

void check_policy(const config::Config& config, std::string_view text,
                  const std::map<std::string, std::string>& environment,
                  const std::vector<std::string_view>& lines) {
  const auto reading = config::parse_repository_policy(text);
  check_findings(reading.diagnostics, lines);
  if (!reading.valid()) return;
  const auto both = config::tightened(config, reading.policy);
  CHECK(both.verify.unverified >= config.verify.unverified);
  CHECK(both.policy_rules.specs.approval >= config.policy_rules.specs.approval);
  CHECK(both.policy_rules.specs.profile >= config.policy_rules.specs.profile);
  CHECK(both.verify.commands.size() >= config.verify.commands.size());
  CHECK(both.policy_rules.protect.size() >= config.policy_rules.protect.size());
  CHECK(both.delivery == config.delivery && both.worker == config.worker);
  CHECK(both.agents == config.agents);
  check_round_trip(both);
  check_round_trip(config::committed(config, reading.policy, environment));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const auto text = input.until('\0');
  config::ConfigOptions options;
  while (!input.empty()) {
    const std::string pair(input.until('\0'));
    const auto equals = pair.find('=');
    if (equals == pair.npos) continue;
    options.environment.emplace(pair.substr(0, equals), pair.substr(equals + 1));
  }
  const auto lines = fuzz::lines_of(text);
  for (const auto* base : {"", "/srv/hub"}) {
    options.base = base;
    const auto reading = config::parse_config(text, options);
    check_findings(reading.diagnostics, lines);
    if (!reading.valid()) continue;
    check_round_trip(reading.config);
    check_policy(reading.config, text, options.environment, lines);
  }
  return 0;
}
