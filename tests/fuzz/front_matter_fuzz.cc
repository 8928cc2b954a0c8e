// The YAML at the top of a spec, alone and with its fences.
#include <chrono>
#include <set>
#include <string>
#include <variant>

#include "fuzz/input.h"
#include "spec/front_matter.h"
#include "spec/yaml.h"

namespace {

using namespace vitana;
using spec::YamlValue;

constexpr int depth_max = 6;

std::size_t check_value(const YamlValue& value, int depth) {
  using Kind = YamlValue::Kind;
  CHECK(depth <= depth_max);
  CHECK(value.line >= 1 && value.column >= 1);
  CHECK(fuzz::is_utf8(value.scalar));
  CHECK(value.kind == Kind::scalar || value.scalar.empty());
  CHECK(value.kind == Kind::list || value.items.empty());
  CHECK(value.kind == Kind::map || value.entries.empty());
  std::size_t count = 1;
  for (const auto& item : value.items) count += check_value(item, depth + 1);
  std::set<std::string> keys;
  for (const auto& [key, of_key] : value.entries) {
    CHECK(key.kind == Kind::scalar && keys.insert(key.scalar).second);
    count += check_value(key, depth + 1) + check_value(of_key, depth + 1);
  }
  return count;
}

void check_yaml(std::string_view text) {
  const auto yaml = spec::read_yaml(text);
  if (const auto* fault = std::get_if<spec::YamlFault>(&yaml)) {
    CHECK(!fault->message.empty() && fault->line >= 1 && fault->column >= 1);
  } else {
    CHECK(check_value(std::get<YamlValue>(yaml), 0) <= 2'000);
  }
}

void check_check(const spec::FrontMatterCheck& entry) {
  const auto& check = entry.check;
  const bool command = check.script.find_first_not_of(" \t\r\n") != std::string::npos;
  CHECK(command != check.file.has_value());
  CHECK(check.script.find('\0') == std::string::npos);
  CHECK(check.timeout > Duration::zero() && check.timeout <= std::chrono::hours(6));
  if (!check.file) return;
  CHECK(!check.file->path.empty() && !check.file->path.starts_with('/'));
  CHECK(check.file->path.find('\0') == std::string::npos);
  CHECK(("/" + check.file->path + "/").find("/../") == std::string::npos);
  CHECK(check.file->missing || !check.file->contains.empty() || !check.file->absent.empty());
}

void check_matter(std::string_view text) {
  spec::Findings findings("x.md");
  const auto matter = spec::read_front_matter(text, findings);
  CHECK(text.ends_with(matter.body));
  CHECK(matter.present == (matter.lines > 0));
  CHECK(matter.present || matter.body.size() == text.size());
  const auto head = text.substr(0, text.size() - matter.body.size());
  const auto head_lines = fuzz::lines_of(head);
  const auto ended = head_lines.back().empty() ? head_lines.size() - 1 : head_lines.size();
  CHECK(static_cast<std::size_t>(matter.lines) == ended || !head.ends_with('\n'));
  CHECK(!matter.priority || (*matter.priority >= 1 && *matter.priority <= 4));
  for (const auto& entry : matter.checks) check_check(entry);
  const auto lines = fuzz::lines_of(text);
  for (const auto& finding : findings.take(text)) fuzz::check_finding(finding, lines);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Input input(data, size);
  // Refused before any YAML is read.
  if (!fuzz::is_utf8(input.rest()) || input.rest().find('\0') != std::string_view::npos) return -1;
  check_yaml(input.rest());
  check_matter(input.rest());
  check_matter("---\n" + std::string(input.rest()) + "\n---\n# Title\n");
  return 0;
}
