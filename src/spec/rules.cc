#include "spec/rules.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/check.h"
#include "base/utf8.h"

namespace vitana::spec {
namespace {

constexpr auto table = std::to_array<RuleInfo>({
#define X(name, severity, meaning, hint) \
  {Rule::name, "SPEC_" #name, domain::Severity::severity, meaning, hint},
    VITANA_SPEC_RULES(X)
#undef X
});

}  // namespace

std::span<const RuleInfo> rule_table() { return table; }

const RuleInfo& rule_info(Rule rule) {
  const auto index = static_cast<std::size_t>(rule);
  CHECK(index < table.size());
  return table[index];
}

void Findings::add(Rule rule, int line, int column, std::string message) {
  add(rule, rule_info(rule).severity, line, column, std::move(message));
}

void Findings::add(Rule rule, domain::Severity severity, int line, int column,
                   std::string message) {
  const auto& info = rule_info(rule);
  if (found_.size() >= findings_max) {
    if (severity != domain::Severity::error) return;
    const auto weaker = std::find_if(found_.rbegin(), found_.rend(), [](const auto& d) {
      return d.severity != domain::Severity::error;
    });
    if (weaker == found_.rend()) return;
    found_.erase(std::next(weaker).base());
  }
  if (message.empty()) message = info.meaning;
  found_.push_back({std::string(info.name), severity, printable_line(message), file_,
                    std::max(line, 1), std::max(column, 1), std::string(info.hint)});
}

std::vector<domain::Diagnostic> Findings::take(std::string_view text) {
  domain::keep_inside(found_, text);
  std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(found_);
}

}  // namespace vitana::spec
