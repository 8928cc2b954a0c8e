#include "cli/worker_command.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/follow.h"

namespace vitana::cli {
namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 200ms;
constexpr std::size_t token_bytes_max = 4'096;
constexpr std::size_t faults_max = 1'000;  ///< that wait to be printed; beyond it the oldest are dropped

/// What the worker's threads tell, for the thread that prints.
class Faults {
 public:
  void add(const std::string& about, const Error& error) {
    const std::lock_guard lock(mutex_);
    if (texts_.size() >= faults_max) texts_.pop_front();
    texts_.push_back(about.empty() ? to_string(error) : fmt::format("{}: {}", about, to_string(error)));
  }
  std::deque<std::string> take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(texts_, {});
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> texts_;
};

Result<std::string> token_of(Call& call, const std::string& file) {
  if (file.empty()) {
    const char* token = std::getenv("VITANA_TOKEN");
    if (token != nullptr && *token != '\0') return std::string(token);
    return usage("a worker needs a token", "VITANA_TOKEN=… vitana worker …, or --token-file FILE; one is made on the "
                                           "gateway's machine: vitana tokens create --role worker --name NAME");
  }
  auto text = read_text(call, file, token_bytes_max);
  if (!text) return text;
  text->resize(text->find_first_of(" \t\r\n") == std::string::npos ? text->size() : text->find_first_of(" \t\r\n"));
  if (text->empty()) return usage(fmt::format("{} holds no token", file));
  return text;
}

/// Ends it; a second signal does not wait for what is given back: those leases run out.
void stop(RemoteWorker& worker, const Signals& signals) {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  std::thread stopping([&] {
    worker.stop();
    const std::lock_guard lock(mutex);
    done = true;
    ended.notify_one();
  });
  {
    std::unique_lock lock(mutex);
    // A signal handler cannot notify; it is looked at often enough for a person.
    while (!ended.wait_for(lock, 50ms, [&] { return done; })) {
      if (signals.now()) std::_Exit(exit_no);
    }
  }
  stopping.join();
}

}  // namespace

Answer work(Call& call, WorkerCommandOptions options) {
  auto token = token_of(call, options.token_file);
  if (!token) return failure(std::move(token.error()));
  options.worker.token = std::move(*token);
  options.worker.patient = !options.until_idle;
  options.worker.verifies = options.role == "verifier";
  if (options.once) options.worker.grants_max = 1;
  Faults faults;
  options.worker.fault = [&faults](const std::string& about, const Error& error) { faults.add(about, error); };

  Signals signals;
  auto begun = call.application.work(call.open, options.worker);
  if (!begun) return failure(std::move(begun.error()));
  RemoteWorker& worker = **begun;
  call.console.say(fmt::format("worker: {}", worker.introduction()));
  bool drained = false;
  while (!signals.asked()) {
    for (const auto& fault : faults.take()) call.console.say(fault, Ink::yellow);
    call.console.flush();
    const auto standing = worker.standing();
    const bool no_more = standing.told_to_drain || (options.once && standing.granted > 0);
    if (no_more && !drained) {
      if (standing.told_to_drain) call.console.say("the gateway wants nothing new to be taken here");
      worker.drain();
      drained = true;
    }
    const bool idle = options.until_idle && standing.claims_in_vain > 0;
    if (standing.busy == 0 && (drained || idle)) break;
    worker.wait(look_every);
  }
  if (signals.asked()) call.console.say("stopping: steps under way are given back; once more to end at once");
  const auto granted = worker.standing().granted;
  stop(worker, signals);
  for (const auto& fault : faults.take()) call.console.say(fault, Ink::yellow);
  if (call.json) {
    call.print_json(wire::Json{{"granted", granted}});
  } else {
    call.console.say(fmt::format("{} {} taken in all", granted, granted == 1 ? "step was" : "steps were"));
  }
  return exit_yes;
}

}  // namespace vitana::cli
