// A request and its answer as values: no socket, no library.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace vitana::gateway {

enum class Method { get, post, put, delete_ };

std::string_view name_of(Method method);

struct Request {
  Method method = Method::get;
  std::string target;                          ///< path and query as they were sent
  std::map<std::string, std::string> headers;  ///< names in lower case; the last of a name counts
  std::string body;
  std::string peer;    ///< the other end's address
  std::string origin;  ///< whom limits count as one: the address, of IPv6 its network; empty: this process itself
  bool encrypted = false;  ///< between the other end and us
  bool again = false;      ///< it was answered with Response::ask_again before

  /// Empty where there is none. `name` in lower case.
  std::string_view header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string_view() : std::string_view(found->second);
  }
};

/// An answer that goes on. Asked on a handler's thread, once at a time, for as long as the other end
/// takes what it is given.
class Stream {
 public:
  virtual ~Stream() = default;
  /// What is written next; empty: nothing yet, asked again after a commit of the store. An error ends it.
  virtual Result<std::string> next() = 0;
  /// What next() gave last was all that there was: it need not be asked again before the next commit.
  virtual bool caught_up() const { return false; }
  /// It was all: what next() gave last is the end.
  virtual bool ended() const { return false; }
  /// Written where nothing else was for a while, so that both ends know that the other is there.
  virtual std::string_view heartbeat() const = 0;
};

/// How much may be taken of a body that was not read yet.
struct BodyBound {
  std::size_t bytes_max = 0;  ///< 0: no more than of anybody
  bool let_in = false;        ///< who sends it is known
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::shared_ptr<Stream> stream = {};  ///< in place of a body
  /// There is nothing yet: the same request is answered anew after a commit of the store, until so long after it
  /// came; then this answer is sent. No thread waits meanwhile.
  std::optional<Duration> ask_again = {};
  /// With it: which line it waits in. Who waits in another waits for something else.
  std::size_t line = 0;
  static constexpr std::size_t lines = 2;
  /// With it: nobody else who waits in that line would get anything of what there is now.
  bool for_nobody = false;
  std::string_view route = {};          ///< told in the log: the path of the table's row; lives as long as the program
  std::string actor = {};               ///< told in the log: who asked, as far as that is known
};

/// A request that was answered, for those who count and tell. Of a stream: that it began.
struct Served {
  std::string_view method;  ///< in lower case; empty: what came was no request
  std::string path;         ///< as it was sent, without the query
  std::string_view route;   ///< empty: none
  int status = 0;
  Duration took{};          ///< from the whole request to the whole answer
  std::size_t bytes = 0;    ///< of the body
  std::string actor;
  std::string peer;
  std::string trace;        ///< see Trace::id
};

/// Answers one request; may wait for the disk. Called on several threads at a time; does not throw.
using Handler = std::function<Response(const Request&)>;

}  // namespace vitana::gateway
