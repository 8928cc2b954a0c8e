// How many units a second the store commits, with one caller and with several.
//   store_bench [SECONDS]
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <thread>

#include "store/store.h"

namespace {

using namespace vitana;

class WallClock : public port::Clock {
 public:
  Instant now() override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

class Dice : public port::Entropy {
 public:
  double roll() override { return 0.5; }
  std::uint64_t bits() override { return std::random_device{}(); }
};

/// One unit: a task is made, with its event.
Result<void> create(store::Ledger& ledger) {
  domain::Task task{.vtid = ledger.allocate_vtid(), .title = "measured"};
  task.status = domain::TaskStatus::scheduled;
  task.created_at = task.updated_at = ledger.now();
  ledger.put(task);
  return {};
}

void measure(const std::filesystem::path& folder, int threads, std::chrono::seconds length) {
  WallClock clock;
  Dice dice;
  const auto path = (folder / fmt::format("bench-{}.db", threads)).string();
  auto store = store::Store::open({.path = path}, clock, dice);
  if (!store) {
    fmt::print(stderr, "{}\n", to_string(store.error()));
    std::exit(1);
  }
  (*store)->start_committer();
  std::atomic<bool> stop = false;
  std::atomic<long> units = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < threads; ++i) {
    callers.emplace_back([&] {
      while (!stop) {
        if ((*store)->commit(create)) ++units;
      }
    });
  }
  std::this_thread::sleep_for(length);
  stop = true;
  for (auto& caller : callers) caller.join();
  const auto per_second = static_cast<double>(units) / static_cast<double>(length.count());
  fmt::print("{:3} callers: {:8.0f} units/s, {:6.1f} units a commit\n", threads, per_second,
             static_cast<double>(units) / static_cast<double>((*store)->commits()));
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::seconds length(argc > 1 ? std::max(1, std::atoi(argv[1])) : 3);
  const auto folder =
      std::filesystem::temp_directory_path() / fmt::format("store_bench.{}", ::getpid());
  std::filesystem::create_directory(folder);
  for (const int threads : {1, 8, 32}) measure(folder, threads, length);
  std::filesystem::remove_all(folder);
}
