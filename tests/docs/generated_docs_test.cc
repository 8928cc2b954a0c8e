// Pages that are made from tables of the code. VITANA_ACCEPT=1 rewrites them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/failure.h"
#include "domain/access.h"
#include "domain/event.h"
#include "domain/transition.h"
#include "gateway/route.h"
#include "spec/rules.h"

namespace vitana {
namespace {

const std::string docs = VITANA_SOURCE_DIR "/docs/";

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_page(const std::string& name, const std::string& text) {
  const std::string path = docs + name;
  if (std::getenv("VITANA_ACCEPT") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(read(path), text) << "make it again: VITANA_ACCEPT=1 docs_test";
}

/// `text` between the markers `<!-- NAME -->` and `<!-- /NAME -->` of a page.
void expect_part(const std::string& page, const std::string& name, const std::string& text) {
  const std::string open = fmt::format("<!-- {} -->\n", name);
  const std::string close = fmt::format("<!-- /{} -->", name);
  std::string whole = read(docs + page);
  const auto begin = whole.find(open);
  const auto end = whole.find(close);
  ASSERT_NE(begin, std::string::npos) << page << " has no marker " << open;
  ASSERT_NE(end, std::string::npos) << page << " has no marker " << close;
  const auto from = begin + open.size();
  if (std::getenv("VITANA_ACCEPT") != nullptr) {
    whole.replace(from, end - from, text);
    std::ofstream(docs + page) << whole;
  } else {
    EXPECT_EQ(whole.substr(from, end - from), text) << "make it again: VITANA_ACCEPT=1 docs_test";
  }
}

TEST(GeneratedDocs, errors_md_is_the_failure_catalogue) {
  std::string text =
      "# Failure codes\n\nMade from the catalogue in `src/base/failure.h`. Every failure of Vitana "
      "carries one of these; there is no other.\n\n"
      "*Retried*: a new run, or another try, follows without a person, as far as its budget goes.\n";
  std::string_view cls;
  for (const auto& info : failure_catalogue()) {
    if (name_of(info.cls) != cls) {
      cls = name_of(info.cls);
      text += fmt::format("\n## {}\n\n| code | retried | who acts | HTTP | what to do |\n|---|---|---|---|---|\n", cls);
    }
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, info.retryable ? "yes" : "no",
                        name_of(info.actor), info.http_status, info.hint);
  }
  expect_page("errors.md", text);
}

TEST(GeneratedDocs, events_md_is_the_event_catalogue) {
  std::string text =
      "# Events\n\nMade from the catalogue in `src/domain/event.h`. `vitana events` prints them; "
      "with `--json` as CloudEvents 1.0, one a line.\n\n| type | status | meaning |\n|---|---|---|\n";
  for (const auto& info : domain::event_catalogue()) {
    text += fmt::format("| `{}` | {} | {} |\n", info.name, domain::name_of(info.status), info.meaning);
  }
  expect_page("events.md", text);
}

TEST(GeneratedDocs, concepts_md_carries_the_moves) {
  expect_part("concepts.md", "moves", domain::moves_diagram());
}

TEST(GeneratedDocs, specs_md_carries_the_rules) {
  std::string text = "| rule | severity | meaning |\n|---|---|---|\n";
  for (const auto& rule : spec::rule_table()) {
    text += fmt::format("| `{}` | {} | {} |\n", rule.name, domain::name_of(rule.severity), rule.meaning);
  }
  expect_part("specs.md", "rules", text);
}

TEST(GeneratedDocs, api_md_has_the_roles_and_the_routes) {
  std::string roles = "| role | may |\n|---|---|\n";
  for (const auto role : domain::all_roles) {
    std::string rights;
    for (const auto right : domain::all_rights) {
      if (domain::may(role, right)) rights += fmt::format("{}{}", rights.empty() ? "" : ", ", name_of(right));
    }
    roles += fmt::format("| `{}` | {} |\n", name_of(role), rights);
  }
  expect_part("api.md", "roles", roles);
  std::string routes = "| route | needs | what |\n|---|---|---|\n";
  for (const auto& route : gateway::routes()) {
    std::string method(name_of(route.method));
    for (auto& c : method) c = static_cast<char>(c - 'a' + 'A');
    routes += fmt::format("| `{} {}` | {} | {} |\n", method, route.path, route.right ? name_of(*route.right) : "nothing",
                          route.what);
  }
  expect_part("api.md", "routes", routes);
}

}  // namespace
}  // namespace vitana
