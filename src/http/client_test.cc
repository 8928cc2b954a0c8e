// The client against a server that says whatever the test wants, byte by byte.
#include "http/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

namespace vitana::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

/// Answers each connection on a thread of its own, until it is gone.
class Server {
 public:
  using Serve = std::function<void(int connection, const std::string& request)>;

  explicit Server(Serve serve) : serve_(std::move(serve)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~Server() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (const int connection : connections_) ::shutdown(connection, SHUT_RDWR);
    for (auto& thread : threads_) thread.join();
    for (const int connection : connections_) ::close(connection);
    ::close(listener_);
  }

  std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int accepted() const { return accepted_; }

  static void say(int connection, std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

 private:
  void accept() {
    for (;;) {
      const int connection = ::accept(listener_, nullptr, nullptr);
      if (connection < 0 || stopping_) {
        if (connection >= 0) ::close(connection);
        return;
      }
      ++accepted_;
      connections_.push_back(connection);
      threads_.emplace_back([this, connection] { talk(connection); });
    }
  }
  void talk(int connection) {
    std::string text;
    char part[4096];
    for (ssize_t size = 0; (size = ::recv(connection, part, sizeof part, 0)) > 0;) {
      text.append(part, static_cast<std::size_t>(size));
      const auto end = text.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const auto length = text.find("Content-Length: ");
      const auto body = length < end ? std::stoul(text.substr(length + 16)) : 0;
      if (text.size() < end + 4 + body) continue;
      serve_(connection, std::exchange(text, {}));
    }
  }

  const Serve serve_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::thread acceptor_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> accepted_ = 0;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;
};

Server::Serve always(std::string answer) {
  return [answer = std::move(answer)](int connection, const std::string&) { Server::say(connection, answer); };
}

FailureCode code_of(const Result<Answer>& answer) { return answer ? FailureCode::NOT_FOUND : answer.error().code; }

TEST(HttpClient, SendsWhatItIsGivenAndTellsWhatCameBack) {
  std::promise<std::string> sent;
  Server server([&](int connection, const std::string& request) {
    Server::say(connection, "HTTP/1.1 409 Conflict\r\nX-Kind:  a b \r\nContent-Length: 4\r\n\r\ngone");
    sent.set_value(request);
  });
  Client client;
  const auto answer = client.send({.method = Method::put,
                                   .url = server.url("/a?b=1"),
                                   .headers = {{"Authorization", "Bearer t"}, {"Content-Type", "text/plain"}},
                                   .body = "hello"});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 409);
  EXPECT_EQ(answer->body, "gone");
  EXPECT_EQ(answer->header("x-kind"), "a b");
  EXPECT_EQ(answer->header("none"), "");
  const auto request = sent.get_future().get();
  EXPECT_THAT(request, HasSubstr("PUT /a?b=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("Authorization: Bearer t\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Expect")));
  EXPECT_TRUE(request.ends_with("\r\n\r\nhello"));
}

TEST(HttpClient, KeepsItsConnection) {
  Server server(always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Client client;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client.send({.url = server.url()}));
  EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpClient, AnAnswerThatLeadsElsewhereIsAnAnswer) {
  Server elsewhere(always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Server server(always("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "\r\nContent-Length: 0\r\n\r\n"));
  Client client;
  const auto answer = client.send({.url = server.url(), .headers = {{"Authorization", "Bearer t"}}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 302);
  EXPECT_EQ(elsewhere.accepted(), 0);
}

TEST(HttpClient, TakesNoMoreThanItsBounds) {
  Client client;
  Server large(always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x')));
  EXPECT_EQ(code_of(client.send({.url = large.url(), .answer_bytes_max = 99})), FailureCode::FILE_TOO_LARGE);
  EXPECT_TRUE(client.send({.url = large.url(), .answer_bytes_max = 100}));
  Server headers(always("HTTP/1.1 200 OK\r\nX: " + std::string(90'000, 'x') + "\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(client.send({.url = headers.url()}));
  Server endless([](int connection, const std::string&) {
    Server::say(connection, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 10'000; ++i) Server::say(connection, "400\r\n" + std::string(1024, 'x') + "\r\n");
  });
  EXPECT_EQ(code_of(client.send({.url = endless.url(), .answer_bytes_max = 1 << 20})), FailureCode::FILE_TOO_LARGE);
}

TEST(HttpClient, WaitsNoLongerThanItsDeadline) {
  Server silent([](int, const std::string&) {});
  Client client;
  EXPECT_EQ(code_of(client.send({.url = silent.url(), .deadline = 100ms})), FailureCode::NETWORK_UNREACHABLE);
  Server slow([](int connection, const std::string&) {
    Server::say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
  });
  EXPECT_EQ(code_of(client.send({.url = slow.url(), .deadline = 100ms})), FailureCode::NETWORK_UNREACHABLE);
}

TEST(HttpClient, IsCutByAStop) {
  std::promise<void> asked;
  Server silent([&](int, const std::string&) { asked.set_value(); });
  Client client;
  std::stop_source stop;
  auto answer = std::async(std::launch::async, [&] {
    return client.send({.url = silent.url(), .deadline = 1h, .stop = stop.get_token()});
  });
  asked.get_future().wait();
  stop.request_stop();
  EXPECT_EQ(code_of(answer.get()), FailureCode::CANCELLED);
  const auto never = client.send({.url = silent.url(), .deadline = 1h, .stop = stop.get_token()});
  EXPECT_EQ(code_of(never), FailureCode::CANCELLED);
}

TEST(HttpClient, WhatIsNoHttpIsUnreachable) {
  Client client;
  EXPECT_EQ(code_of(client.send({.url = "http://127.0.0.1:1/"})), FailureCode::NETWORK_UNREACHABLE);
  Server other(always("220 mail ready\r\n\r\n"));
  EXPECT_EQ(code_of(client.send({.url = other.url(), .deadline = 2s})), FailureCode::NETWORK_UNREACHABLE);
  Server cut(always("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"));
  EXPECT_EQ(code_of(client.send({.url = cut.url(), .deadline = 200ms})), FailureCode::NETWORK_UNREACHABLE);
  // Nobody encrypts there.
  EXPECT_EQ(code_of(client.send({.url = "https" + other.url().substr(4), .deadline = 2s})),
            FailureCode::NETWORK_UNREACHABLE);
}

TEST(HttpClient, AsksNothingButHttp) {
  Client client;
  for (const auto* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "", "http://"}) {
    EXPECT_EQ(code_of(client.send({.url = url, .deadline = 1s})), FailureCode::REQUEST_INVALID) << url;
  }
  Server server(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_EQ(code_of(client.send({.url = server.url(), .headers = {{"X", "a\r\nY: b"}}})), FailureCode::REQUEST_INVALID);
  EXPECT_EQ(server.accepted(), 0);
}

TEST(Client, CallsNothingOnTheLinkAloneWhereItIsToldSo) {
  Client careful({.refuses_link_local = true});
  for (const char* near : {"http://169.254.169.254/latest/meta-data", "http://[fe80::1%251]/", "http://0.0.0.0:1/",
                           "http://[::ffff:169.254.169.254]/", "http://[::]/", "http://[fd00:ec2::254]/",
                           "http://224.0.0.1/"}) {
    const auto answer = careful.send({.url = near});
    ASSERT_FALSE(answer) << near;
    EXPECT_EQ(answer.error().code, FailureCode::NETWORK_UNREACHABLE) << near;
    EXPECT_THAT(answer.error().message, HasSubstr("not called")) << near;
  }
  Server server([](int connection, const std::string&) { Server::say(connection, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"); });
  EXPECT_TRUE(careful.send({.url = server.url()}));
  const auto port = server.url().substr(server.url().rfind(':'));
  for (const std::string here : {"http://127.0.0.1", "http://LOCALHOST", "http://localhost.", "http://2130706433",
                                 "http://0177.0.0.1", "http://[::ffff:127.0.0.1]", "http://[::1]"}) {
    const auto answer = careful.send({.url = here + port, .refuses_this_machine = true});
    ASSERT_FALSE(answer) << here;
    EXPECT_EQ(answer.error().code, FailureCode::NETWORK_UNREACHABLE) << here;
  }
  EXPECT_EQ(server.accepted(), 1);
}

}  // namespace
}  // namespace vitana::http
