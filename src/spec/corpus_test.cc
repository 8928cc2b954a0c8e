// What is read from each file of tests/corpus/specs stands in its expected.json. After a change
// that is meant, VITANA_ACCEPT=1 writes the file again, and the difference is reviewed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "spec/parse.h"

namespace vitana::spec {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

const fs::path& corpus() {
  static const fs::path path = VITANA_CORPUS;
  return path;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<fs::path> files() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::directory_iterator(corpus())) {
    if (entry.path().extension() == ".md") all.push_back(entry.path());
  }
  std::sort(all.begin(), all.end());
  return all;
}

ordered_json summary_of(const fs::path& path) {
  const auto name = path.filename().string();
  const auto reading = parse_spec(bytes_of(path), {.file = "docs/specs/" + name});
  const auto vtid = resolve_vtid(reading, name);
  ordered_json json;
  json["valid"] = reading.valid();
  json["not_a_spec"] = reading.not_a_spec;
  json["vtid"] = vtid ? vtid->to_string() : std::string(name_of(vtid.error().code));
  json["title"] = reading.spec.title;
  json["rules"] = ordered_json::array();
  for (const auto& d : reading.diagnostics) {
    json["rules"].push_back(d.rule + ":" + std::to_string(d.line) + ":" +
                            std::to_string(d.column));
  }
  json["criteria"] = ordered_json::array();
  for (const auto& criterion : reading.spec.criteria) {
    json["criteria"].push_back(std::string(domain::name_of(criterion.cls)) + ": " +
                               criterion.text);
  }
  json["dependencies"] = ordered_json::array();
  for (const auto& vtid_named : reading.spec.dependencies) {
    json["dependencies"].push_back(vtid_named.to_string());
  }
  json["files"] = reading.spec.files;
  return json;
}

TEST(Corpus, EveryFileIsReadAsExpected) {
  ordered_json actual = ordered_json::object();
  for (const auto& path : files()) actual[path.filename().string()] = summary_of(path);
  const auto golden = corpus() / "expected.json";
  if (std::getenv("VITANA_ACCEPT") != nullptr) {
    std::ofstream(golden) << actual.dump(2) << "\n";
    GTEST_SKIP() << "expected.json was written again; review the difference";
  }
  const auto expected = ordered_json::parse(bytes_of(golden));
  for (const auto& [name, json] : actual.items()) {
    ASSERT_TRUE(expected.contains(name)) << name;
    EXPECT_EQ(json.dump(1), expected[name].dump(1)) << name;
  }
  EXPECT_EQ(actual.size(), expected.size());
}

TEST(Corpus, IsAsLargeAsARealFolderOfOldSpecs) { EXPECT_GE(files().size(), 45u); }

/// One random edit: a byte, a line twice, a piece of another file, a cut.
void mutate(std::string& text, const std::string& other, std::mt19937& random) {
  const auto below = [&](std::size_t n) {
    return n == 0 ? 0 : std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
  };
  static const std::vector<std::string> pieces{"\n```check\n",
                                               "\n## Acceptance Criteria\n",
                                               "---\n",
                                               "- [ ] ",
                                               "|",
                                               "\n|-|-|\n",
                                               "> ",
                                               "[",
                                               "<x>",
                                               "**",
                                               "\r\n",
                                               std::string(1, '\0'),
                                               "\xFF",
                                               "    "};
  const auto at = below(text.size() + 1);
  switch (below(5)) {
    case 0: text.insert(at, pieces[below(pieces.size())]); break;
    case 1: text.erase(at, below(40)); break;
    case 2: text.insert(at, other.substr(below(other.size()), below(200))); break;
    case 3: if (!text.empty()) text[below(text.size())] = static_cast<char>(below(256)); break;
    default: text.insert(at, text.substr(below(text.size()), below(100))); break;
  }
}

TEST(Corpus, MutatedFilesAreReadWithFindingsInsideTheText) {
  constexpr unsigned seed = 20260125;
  constexpr int rounds = 1'500;
  std::mt19937 random(seed);
  std::vector<std::string> texts;
  for (const auto& path : files()) texts.push_back(bytes_of(path));
  for (int round = 0; round < rounds; ++round) {
    std::uniform_int_distribution<std::size_t> pick(0, texts.size() - 1);
    auto text = texts[pick(random)];
    for (int edit = 0; edit < 1 + round % 6; ++edit) mutate(text, texts[pick(random)], random);
    const auto reading = parse_spec(text, {.file = "VTID-01213-x.md"});
    const auto lines = std::count(text.begin(), text.end(), '\n') + 1;
    for (const auto& d : reading.diagnostics) {
      ASSERT_GE(d.line, 1) << "seed " << seed << " round " << round << " " << d.rule;
      ASSERT_LE(d.line, lines) << "seed " << seed << " round " << round << " " << d.rule;
      ASSERT_GE(d.column, 1) << "seed " << seed << " round " << round << " " << d.rule;
    }
    if (reading.valid()) {
      ASSERT_FALSE(reading.spec.criteria.empty()) << "seed " << seed << " round " << round;
      ASSERT_GE(reading.spec.summary.size(), 10u) << "seed " << seed << " round " << round;
    }
  }
}

}  // namespace
}  // namespace vitana::spec
