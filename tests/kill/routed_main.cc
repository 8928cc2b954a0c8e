// The program with a worker's address: each run is sent there before a worker may claim it, over a
// network that refuses every second time. What an engine that has no address does with the
// runs that this one left behind is part of the kill campaign.
#include <atomic>
#include <memory>
#include <string_view>

#include "app/application.h"
#include "worker/supervisor.h"

namespace {

using namespace vitana;

class SlowRoute : public port::Dispatcher {
 public:
  std::optional<port::CallbackWorker> choose(const RunId&, const std::vector<port::CallbackWorker>&, int) override {
    return port::CallbackWorker{"wrk_1", "http://worker.example.org/", {}};
  }
  Result<void> route(const port::RunOffer&, const port::CallbackWorker&) override {
    if (++calls_ % 2 == 0) return failure(FailureCode::ROUTE_FAILED, "connection refused");
    return {};
  }

 private:
  std::atomic<int> calls_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "__supervise") {
    return worker::supervise_main(argc, argv);
  }
  app::Parts parts;
  parts.dispatcher = std::make_shared<SlowRoute>();
  app::VitanaApplication application(parts);
  return cli::run_command_line(argc, argv, application);
}
