// HTTP as a client: one request, one answer, with bounds for all of it. The other end may be hostile.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace vitana::http {

struct ClientOptions {
  std::string ca_file = {};  ///< certificates that are trusted instead of the system's; empty: the system's
  std::string agent = "vitana";
  std::chrono::milliseconds connect_deadline = std::chrono::seconds(10);
  std::size_t connections_max = 16;  ///< kept open while nothing is asked
  /// No connection is made to what lies on the link alone (169.254.0.0/16, fe80::/10), where clouds keep what is
  /// theirs to tell a machine, to fd00:ec2::254, or to no one machine (0.0.0.0, ::, groups), whatever a name leads to.
  bool refuses_link_local = false;
};

enum class Method { get, post, put };

struct Request {
  Method method = Method::get;
  std::string url;  ///< http or https; anything else is refused
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::chrono::milliseconds deadline = std::chrono::seconds(30);  ///< for all of it
  std::size_t answer_bytes_max = std::size_t{4} << 20;            ///< of its body
  std::stop_token stop = {};                                      ///< cuts it at once
  /// With ClientOptions::refuses_link_local: nor is one made to this machine itself.
  bool refuses_this_machine = false;
  std::string shown = {};  ///< what errors call the address, where it is a secret; empty: the address
};

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case, the last of a name; together at most 64 KiB
  std::string body;

  /// Empty where there is none. `name` in lower case.
  std::string_view header(const std::string& name) const;
};

/// Thread-safe: calls at the same time have connections of their own, which are kept for later ones. A
/// certificate is always verified. An answer that leads elsewhere is an answer like any other. No cookie, no
/// proxy of the environment, no file of the user is read.
class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Whatever its status, an answer is an answer.
  /// Errors: NETWORK_UNREACHABLE - no connection, no trust in its certificate, cut off, too late, or no HTTP;
  /// FILE_TOO_LARGE - more than `answer_bytes_max`; CANCELLED - stopped; REQUEST_INVALID - the URL is none, or a
  /// header holds a line's end.
  Result<Answer> send(const Request& request);

 private:
  struct Connection;
  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const ClientOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace vitana::http
