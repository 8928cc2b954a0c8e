#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string_view>

#include "app/application.h"
#include "cli/session.h"
#include "worker/supervisor.h"

namespace {

/// A stream that the caller closed is taken by the first file that is opened: the database would
/// get what is printed. These take its place and fail as a closed stream does.
void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is this one.
    (void)::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  // A reader that went away is an error of write(), not the end of the program.
  std::signal(SIGPIPE, SIG_IGN);
  if (argc > 1 && std::string_view(argv[1]) == "__supervise") {
    return vitana::worker::supervise_main(argc, argv);
  }
  vitana::app::VitanaApplication application;
  return vitana::cli::run_command_line(argc, argv, application);
}
