#include "sql/test_server.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>

namespace vitana::sql::testing {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "the PostgreSQL server for tests: %s\n", why.c_str());
  std::abort();
}

/// The program that holds the server; it ends when its input does.
class Server {
 public:
  Server() {
    std::array<int, 2> input{};
    std::array<int, 2> output{};
    if (::pipe(input.data()) != 0 || ::pipe(output.data()) != 0) give_up("no pipe");
    const pid_t child = ::fork();
    if (child < 0) give_up("no process");
    if (child == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      for (const int descriptor : {input[0], input[1], output[0], output[1]}) ::close(descriptor);
      ::execlp("python3", "python3", VITANA_POSTGRES_SERVER, nullptr);
      ::_exit(127);
    }
    child_ = child;
    input_ = input[1];
    ::close(input[0]);
    ::close(output[1]);
    char byte = 0;
    while (::read(output[0], &byte, 1) == 1 && byte != '\n') address_ += byte;
    ::close(output[0]);
    if (address_.empty()) give_up("it does not start");
  }
  ~Server() {
    ::close(input_);
    ::waitpid(child_, nullptr, 0);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  const std::string& address() const { return address_; }

 private:
  pid_t child_ = -1;
  int input_ = -1;
  std::string address_;
};

const Server& server() {
  static const Server one;
  return one;
}

}  // namespace

bool has_server() {
  static const bool there = [] {
    const pid_t child = ::fork();
    if (child < 0) give_up("no process");
    if (child == 0) {
      const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      ::dup2(nowhere, STDOUT_FILENO);
      ::dup2(nowhere, STDERR_FILENO);
      ::execlp("python3", "python3", VITANA_POSTGRES_SERVER, "--probe", nullptr);
      ::_exit(127);
    }
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }();
  return there;
}

void on_server(const std::string& sql) {
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(server().address().c_str()));
  PGresult* result = PQexec(connection.get(), sql.c_str());
  const auto status = PQresultStatus(result);
  PQclear(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) give_up(PQerrorMessage(connection.get()));
}

std::string fresh_schema() {
  static int count = 0;
  const auto name = "schema_" + std::to_string(++count);
  on_server("CREATE SCHEMA " + name);
  return server().address() + "&options=-csearch_path%3D" + name;
}

std::string fresh_database() {
  static int count = 0;
  const auto name = "test_" + std::to_string(++count);
  on_server("CREATE DATABASE " + name + " STRATEGY file_copy");
  auto address = server().address();
  const std::string first = "/postgres?";
  address.replace(address.find(first), first.size(), "/" + name + "?");
  return address;
}

}  // namespace vitana::sql::testing
