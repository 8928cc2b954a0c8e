// Whole lives of tasks that do nothing, through the shipped engine and a store on disk that waits
// for it (synchronous=FULL): registered, allocated, claimed, executed, verified, delivered.
//   lifecycle_bench [--seconds N] [--batches 1,8,64,256] [--past 1000,100000] [--audit]
// A batch is the number of tasks that live side by side.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "git/temp_dir.h"
#include "house.h"

namespace vitana::bench {
namespace {

using Seconds = std::chrono::duration<double>;

double megabytes(const std::string& path) {
  return static_cast<double>(std::filesystem::file_size(path)) / 1e6;
}

void measure(const std::filesystem::path& folder, unsigned past, const std::vector<int>& batches,
             Seconds length, bool audit) {
  const auto path = (folder / fmt::format("past-{}.db", past)).string();
  const auto start = std::chrono::steady_clock::now();
  make_past(path, past);
  const Seconds taken = std::chrono::steady_clock::now() - start;
  fmt::print("{} finished tasks, {:.0f} MB, made in {:.0f} s\n", past, megabytes(path), taken.count());
  Clock clock;
  House house(path, clock);
  for (const int batch : batches) {
    house.live(batch);
    const auto commits = house.store().commits();
    const auto processor = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    double lives = 0;
    Seconds clock_time{};
    for (; clock_time < length; clock_time = std::chrono::steady_clock::now() - begin) {
      house.live(batch);
      lives += batch;
    }
    const auto made = static_cast<double>(house.store().commits() - commits);
    fmt::print("  {:4} at a time: {:8.1f} lives/s, {:6.2f} commits and {:6.3f} ms of processor a life\n",
               batch, lives / clock_time.count(), made / lives,
               1000 * (processor_seconds() - processor) / lives);
    std::fflush(stdout);
  }
  if (!audit) return;
  const auto damage = must(house.store().audit({}));
  if (!damage.empty()) throw std::runtime_error(damage.front().where + ": " + damage.front().what);
  fmt::print("  audit: clean\n");
}

template <typename Number>
std::vector<Number> numbers(const std::string& text) {
  std::vector<Number> all;
  for (const char* at = text.c_str(); *at != '\0'; at += *at == ',' ? 1 : 0) {
    char* end = nullptr;
    const long value = std::strtol(at, &end, 10);
    if (end == at || value < 1 || value > 10'000'000) throw std::runtime_error("bad number: " + text);
    all.push_back(static_cast<Number>(value));
    at = end;
  }
  return all;
}

}  // namespace
}  // namespace vitana::bench

int main(int argc, char** argv) try {
  using namespace vitana::bench;
  Seconds length(5);
  std::vector<int> batches{1, 8, 64, 256};
  std::vector<unsigned> pasts{1'000, 100'000};
  bool audit = false;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::string value = i + 1 < argc ? argv[i + 1] : "";
    if (word == "--audit") audit = true;
    else if (word == "--seconds") length = Seconds(numbers<int>(value).at(0)), ++i;
    else if (word == "--batches") batches = numbers<int>(value), ++i;
    else if (word == "--past") pasts = numbers<unsigned>(value), ++i;
    else throw std::runtime_error("unknown option " + word);
  }
  const auto temp = must(vitana::git::TempDir::create(std::filesystem::temp_directory_path()));
  for (const auto past : pasts) measure(temp.path(), past, batches, length, audit);
} catch (const std::exception& fault) {
  fmt::print(stderr, "lifecycle_bench: {}\n", fault.what());
  return 1;
}
