// Reading a repository's specs: cold, and when there is nothing new. Real git, real store on disk.
//   sync_bench [SPECS] [REPEATS]
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app/git_repository.h"
#include "app/system.h"
#include "engine/registry.h"
#include "git/temp_dir.h"
#include "process/run.h"
#include "specimens.h"

namespace vitana::bench {
namespace {

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  return std::move(*result);
}

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

long peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Processor time of this process and of the git processes it waited for.
double processor_seconds() {
  double seconds = 0;
  for (const auto who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(who, &usage);
    for (const auto& part : {usage.ru_utime, usage.ru_stime}) {
      seconds += static_cast<double>(part.tv_sec) + static_cast<double>(part.tv_usec) / 1e6;
    }
  }
  return seconds;
}

/// A user's repository whose specs came with many commits and merges.
class History {
 public:
  History(std::filesystem::path folder, unsigned specs) : folder_(std::move(folder)) {
    git({"init", "--quiet", "--initial-branch=main", folder_.string()});
    const unsigned per_commit = std::max(1U, specs / 200);
    commit({}, {}, [](std::string& out) { file(out, "readme.md", "first\n"); });
    for (unsigned i = 1; i <= specs; i += per_commit) {
      const auto last = std::min(specs, i + per_commit - 1);
      const auto before = mark_;
      commit(before, {}, [&](std::string& out) {
        for (auto n = i; n <= last; ++n) file(out, specimen_path(n), specimen(n));
      });
      const auto specs_mark = mark_;
      commit(before, {}, [&](std::string& out) { file(out, fmt::format("src/{}.ts", i), "x\n"); });
      commit(mark_, specs_mark, [&](std::string& out) {
        for (auto n = i; n <= last; ++n) file(out, specimen_path(n), specimen(n));
      });
    }
    flush();
  }

  /// A commit that touches no spec.
  void work() {
    commit(0, {}, [this](std::string& out) {
      file(out, fmt::format("src/later{}.ts", mark_), "y\n");
    });
    flush();
  }

  /// A commit that changes one spec.
  void change(unsigned number) {
    commit(0, {}, [&](std::string& out) {
      file(out, specimen_path(number), specimen(number) + fmt::format("\nOnce more: {}.\n", mark_));
    });
    flush();
  }

 private:
  static void file(std::string& out, const std::string& path, const std::string& text) {
    out += fmt::format("M 100644 inline {}\ndata {}\n{}\n", path, text.size(), text);
  }

  template <typename Files>
  void commit(unsigned from, unsigned merged, Files files) {
    ++mark_;
    stream_ += fmt::format(
        "commit refs/heads/main\nmark :{}\ncommitter Ada <ada@example.org> {} +0000\ndata 4\nwork\n",
        mark_, 1'769'000'000 + mark_);
    if (from != 0) stream_ += fmt::format("from :{}\n", from);
    else if (mark_ > 1) stream_ += "from refs/heads/main^0\n";
    if (merged != 0) stream_ += fmt::format("merge :{}\n", merged);
    files(stream_);
    stream_ += '\n';
  }

  void flush() {
    git({"-C", folder_.string(), "fast-import", "--quiet", "--force"}, std::exchange(stream_, {}));
  }

  static void git(std::vector<std::string> arguments, std::string input = {}) {
    arguments.insert(arguments.begin(), "git");
    const auto output = must(process::run({.argv = std::move(arguments),
                                           .environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}},
                                           .input = std::move(input),
                                           .deadline = std::chrono::minutes(10)}));
    if (!output.ok()) throw std::runtime_error("git: " + output.err.text);
  }

  const std::filesystem::path folder_;
  std::string stream_;
  unsigned mark_ = 0;
};

void measure(unsigned specs, int repeats) {
  const auto temp = must(git::TempDir::create(std::filesystem::temp_directory_path()));
  History history(temp.path() / "user", specs);
  app::SystemClock clock;
  app::SystemEntropy entropy;
  const auto store = must(store::Store::open({.path = (temp.path() / "vitana.db").string()}, clock, entropy));
  store->start_committer();
  engine::Setup setup;
  setup.repos.push_back({"hub",
                         std::make_shared<app::GitRepository>(
                             temp.path() / "mirror", git::Source::at_path(temp.path() / "user"),
                             "main", git::Options{}),
                         "main",
                         {"docs/specs/**/*.md"},
                         true,
                         false,
                         ""});
  engine::Registry registry(*store, entropy, setup);
  const auto sync = [&](std::size_t files) {
    const auto report = must(registry.sync(setup.repos.front()));
    if (report.files.size() != files) throw std::runtime_error("another number of files was read");
  };

  const auto commits_before = store->commits();
  const auto processor_before = processor_seconds();
  const auto cold = milliseconds([&] { sync(specs); });
  const auto processor = processor_seconds() - processor_before;
  const auto commits = store->commits() - commits_before;
  std::vector<double> same;
  std::vector<double> beside;
  std::vector<double> one;
  for (int i = 0; i < repeats; ++i) {
    same.push_back(milliseconds([&] { sync(0); }));
    history.work();
    beside.push_back(milliseconds([&] { sync(0); }));
    history.change(1 + static_cast<unsigned>(i) % specs);
    one.push_back(milliseconds([&] { sync(1); }));
  }
  fmt::print("{:6} specs: cold {:8.0f} ms ({:6.3f} ms and {:6.3f} ms of processor a spec, {} commits, "
             "peak {} MB), nothing new {:6.1f} ms, other files changed {:6.1f} ms, one spec changed "
             "{:6.1f} ms\n",
             specs, cold, cold / specs, 1000 * processor / specs, commits, peak_megabytes(), median(same), median(beside),
             median(one));
}

}  // namespace
}  // namespace vitana::bench

int main(int argc, char** argv) try {
  const int specs = argc > 1 ? std::atoi(argv[1]) : 10'000;
  const int repeats = argc > 2 ? std::atoi(argv[2]) : 21;
  if (specs < 1 || repeats < 1) return 2;
  vitana::bench::measure(std::max(1U, static_cast<unsigned>(specs) / 100), repeats);
  vitana::bench::measure(static_cast<unsigned>(specs), repeats);
} catch (const std::exception& fault) {
  fmt::print(stderr, "sync_bench: {}\n", fault.what());
  return 1;
}
