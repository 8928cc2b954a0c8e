// Gives each file of the named folders (or the named files) to a fuzz target, once: the committed
// corpus as an ordinary test, without a fuzzer. Any file that breaks it ends the program.
//   NAME_replay [--mutate SECONDS SEED] FILE|FOLDER...
// --mutate: and then, for so long, files that were bent or joined at random, where there is no fuzzer; each is written
// to the file NAME_replay.input before it is tried, so that what broke the target is there.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
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

bool try_one(const fs::path& path, const std::string& bytes) {
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

bool replay(const fs::path& path, std::vector<std::string>& seen) {
  std::ifstream in(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.good() && !in.eof()) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    return false;
  }
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  seen.push_back(bytes);
  return try_one(path, bytes);
}

std::string bent(const std::vector<std::string>& seen, std::mt19937& dice) {
  const auto below = [&](std::size_t end) { return end == 0 ? 0 : dice() % end; };
  auto bytes = seen[below(seen.size())];
  for (auto changes = 1 + below(6); changes > 0; --changes) {
    const auto at = below(bytes.size() + 1);
    const auto& other = seen[below(seen.size())];
    const auto there = below(other.size() + 1);
    switch (below(5)) {
      case 0: bytes.insert(at, 1, static_cast<char>(dice())); break;
      case 1: bytes.erase(at, 1 + below(4)); break;
      case 2: bytes.insert(at, other.substr(there, 1 + below(60))); break;
      case 3: bytes = bytes.substr(0, at) + other.substr(there); break;
      default:
        if (at == bytes.size()) break;
        bytes[at] = static_cast<char>(below(2) == 0 ? bytes[at] ^ 1 << below(8) : static_cast<int>(dice()));
    }
  }
  return bytes;
}

bool mutate(std::vector<std::string> seen, std::chrono::seconds time, unsigned seed, const fs::path& last) {
  std::mt19937 dice(seed);
  const auto until = std::chrono::steady_clock::now() + time;
  std::size_t tried = 0;
  for (; std::chrono::steady_clock::now() < until; ++tried) {
    const auto bytes = bent(seen, dice);
    std::ofstream(last, std::ios::binary) << bytes;
    if (!try_one(last, bytes)) return false;
  }
  std::printf("%zu mutations tried\n", tried);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  bool good = true;
  int first = 1;
  std::chrono::seconds time{0};
  unsigned seed = 0;
  if (argc > 3 && std::string_view(argv[1]) == "--mutate") {
    time = std::chrono::seconds(std::atoi(argv[2]));
    seed = static_cast<unsigned>(std::atoi(argv[3]));
    first = 4;
  }
  std::vector<std::string> seen;
  for (int i = first; i < argc; ++i) {
    for (const auto& path : files_in(argv[i])) {
      good = replay(path, seen) && good;
      ++count;
    }
  }
  std::printf("%d inputs replayed\n", count);
  if (good && count > 0 && time.count() > 0) {
    good = mutate(std::move(seen), time, seed, fs::path(argv[0]).filename().string() + ".input");
  }
  return good && count > 0 ? 0 : 1;
}
