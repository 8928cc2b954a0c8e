#include <csignal>
#include <string_view>

#include "app/application.h"
#include "cli/session.h"
#include "worker/supervisor.h"

int main(int argc, char** argv) {
  // A reader that went away is an error of write(), not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::string_view(argv[1]) == "__supervise") {
    return vitana::worker::supervise_main(argc, argv);
  }
  vitana::app::VitanaApplication application;
  return vitana::cli::run_command_line(argc, argv, application);
}
