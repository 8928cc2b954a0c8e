// Reading specs, beside cmark-gfm alone on the same bytes.
//   spec_bench FOLDER      further *.md files (tests/corpus/specs) beside the made ones
#include <benchmark/benchmark.h>
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/digest.h"
#include "spec/parse.h"
#include "specimens.h"

namespace vitana::bench {
namespace {

struct Text {
  std::string file;
  std::string bytes;
};
using Texts = std::vector<Text>;

Texts made() {
  constexpr unsigned count = 200;
  Texts texts;
  for (unsigned i = 1; i <= count; ++i) texts.push_back({specimen_path(i), specimen(i)});
  return texts;
}

Texts found(const std::filesystem::path& folder) {
  Texts texts;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".md") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    texts.push_back({entry.path().string(), std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return texts;
}

/// The tree as spec/markdown.cc asks for it; source positions are always in it.
void parse_with_cmark(const Text& text) {
  cmark_parser* const parser = cmark_parser_new(CMARK_OPT_DEFAULT);
  for (const auto* name : {"table", "tasklist"}) {
    cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser, text.bytes.data(), text.bytes.size());
  cmark_node* const root = cmark_parser_finish(parser);
  benchmark::DoNotOptimize(root);
  cmark_node_free(root);
  cmark_parser_free(parser);
}

/// As a sync does with each file: parse, validate, digest.
void read_as_spec(const Text& text) {
  auto reading = spec::parse_spec(text.bytes, {.file = text.file});
  benchmark::DoNotOptimize(reading);
  auto digest = Digest::of(text.bytes);
  benchmark::DoNotOptimize(digest);
}

void over(benchmark::State& state, const Texts& texts, void (*work)(const Text&)) {
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.bytes.size();
  for ([[maybe_unused]] auto _ : state) {
    for (const auto& text : texts) work(text);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes) * state.iterations());
}

}  // namespace
}  // namespace vitana::bench

int main(int argc, char** argv) {
  using namespace vitana::bench;
  benchmark::Initialize(&argc, argv);
  cmark_gfm_core_extensions_ensure_registered();
  const auto add = [](const std::string& name, Texts texts) {
    benchmark::RegisterBenchmark((name + "/cmark").c_str(), over, texts, parse_with_cmark);
    benchmark::RegisterBenchmark((name + "/vitana").c_str(), over, texts, read_as_spec);
  };
  Texts all = made();
  add("made", all);
  if (argc > 1) {
    const Texts corpus = found(argv[1]);
    add("corpus", corpus);
    all.insert(all.end(), corpus.begin(), corpus.end());
    add("all", all);
  }
  benchmark::RunSpecifiedBenchmarks();
}
