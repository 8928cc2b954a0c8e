// Gives each file of the named folders (or the named files) to a fuzz target, once: the committed
// corpus as an ordinary test, without a fuzzer. Any file that breaks it ends the program.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/input.h"

namespace {

namespace fs = std::filesystem;

// A committed file is small; one that takes longer than this has found something.
constexpr auto slow = std::chrono::seconds(20);

std::vector<fs::path> files_in(const fs::path& place) {
  if (!fs::is_directory(place)) return {place};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(place)) files.push_back(entry.path());
  return files;
}

bool replay(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.good() && !in.eof()) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    return false;
  }
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  const auto start = std::chrono::steady_clock::now();
  try {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: threw %s\n", path.c_str(), error.what());
    return false;
  }
  if (std::chrono::steady_clock::now() - start < slow) return true;
  std::fprintf(stderr, "%s: took too long\n", path.c_str());
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  bool good = true;
  for (int i = 1; i < argc; ++i) {
    for (const auto& path : files_in(argv[i])) {
      good = replay(path) && good;
      ++count;
    }
  }
  std::printf("%d inputs replayed\n", count);
  return good && count > 0 ? 0 : 1;
}
