#include "http/client.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"

namespace vitana::http {
namespace {

constexpr std::size_t headers_bytes_max = 64 << 10;
constexpr int poll_ms = 1'000;

void begin_library() {
  static const auto begun = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(begun == CURLE_OK);
}

/// What comes back, while it comes.
struct Receiving {
  Answer answer;
  std::size_t bytes_max = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* target) {
  auto& receiving = *static_cast<Receiving*>(target);
  if (size > receiving.bytes_max - receiving.answer.body.size()) {
    receiving.too_large = true;
    return 0;
  }
  receiving.answer.body.append(data, size);
  return size;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto begin = std::min(text.find_first_not_of(blank), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(blank) + 1);
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* target) {
  auto& receiving = *static_cast<Receiving*>(target);
  receiving.header_bytes += size;
  if (receiving.header_bytes > headers_bytes_max) {
    receiving.too_large = true;
    return 0;
  }
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) receiving.answer.headers.clear();  // of an answer before the answer
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return size;
  std::string name(trimmed(line.substr(0, colon)));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  receiving.answer.headers.insert_or_assign(std::move(name), std::string(trimmed(line.substr(colon + 1))));
  return size;
}

/// The list that the library wants, freed with it.
class HeaderList {
 public:
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  void add(const std::string& line) {
    auto* longer = curl_slist_append(list_, line.c_str());
    CHECK(longer != nullptr);
    list_ = longer;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

bool is_refused(const in_addr& address, bool loopback_too) {
  const auto bits = ntohl(address.s_addr);
  if (bits >> 24 == 127U) return loopback_too;
  return bits >> 16 == 0xa9feU || bits >> 24 == 0U || bits >> 28 >= 0xeU;
}

bool is_refused(const in6_addr& address, bool loopback_too) {
  constexpr in6_addr told_by_a_cloud = {{{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}}};
  const auto* bytes = static_cast<const std::uint8_t*>(address.s6_addr);
  const bool of_version_4 = std::all_of(bytes, bytes + 10, [](auto byte) { return byte == 0; }) &&
                            ((bytes[10] == 0xff && bytes[11] == 0xff) || (bytes[10] == 0 && bytes[11] == 0));
  if (of_version_4 && IN6_IS_ADDR_LOOPBACK(&address)) return loopback_too;
  if (of_version_4) {
    in_addr within{};
    std::memcpy(&within, bytes + 12, sizeof within);
    return is_refused(within, loopback_too);
  }
  return IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_MULTICAST(&address) ||
         std::memcmp(&address, &told_by_a_cloud, sizeof address) == 0;
}

struct Reach {
  bool loopback_too = false;  ///< is refused
  bool refused = false;       ///< something was
};

/// Opens the socket of a connection, unless it would lead there.
curl_socket_t open_elsewhere(void* data, curlsocktype, curl_sockaddr* to) {
  auto& reach = *static_cast<Reach*>(data);
  const auto* generic = &to->addr;
  const auto is_near = [&](const auto& address) { return is_refused(address, reach.loopback_too); };
  const bool near = to->family == AF_INET    ? is_near(reinterpret_cast<const sockaddr_in*>(generic)->sin_addr)
                    : to->family == AF_INET6 ? is_near(reinterpret_cast<const sockaddr_in6*>(generic)->sin6_addr)
                                             : true;
  if (near) {
    reach.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

bool fits_a_header(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

}  // namespace

std::string_view Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

/// The library keeps the connection to the other end within `many`.
struct Client::Connection {
  CURLM* many = curl_multi_init();
  CURL* one = curl_easy_init();

  Connection() { CHECK(many != nullptr && one != nullptr); }
  ~Connection() {
    curl_easy_cleanup(one);
    curl_multi_cleanup(many);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  template <typename Value>
  void set(CURLoption option, Value value) {
    const auto done = curl_easy_setopt(one, option, value);
    CHECK(done == CURLE_OK);
  }

  /// Until it has ended or `stop` is asked for; the library's own word.
  CURLcode perform(const std::stop_token& stop) {
    curl_multi_add_handle(many, one);
    CURLcode result = CURLE_ABORTED_BY_CALLBACK;
    {
      const std::stop_callback wake(stop, [this] { curl_multi_wakeup(many); });
      for (int running = 1; running > 0 && !stop.stop_requested();) {
        if (curl_multi_perform(many, &running) != CURLM_OK) break;
        if (running > 0) curl_multi_poll(many, nullptr, 0, poll_ms, nullptr);
      }
    }
    int left = 0;
    while (const auto* message = curl_multi_info_read(many, &left)) {
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    }
    curl_multi_remove_handle(many, one);
    return result;
  }
};

Client::Client(ClientOptions options) : options_(std::move(options)) { begin_library(); }
Client::~Client() = default;

std::unique_ptr<Client::Connection> Client::take() {
  const std::lock_guard lock(mutex_);
  if (idle_.empty()) return std::make_unique<Connection>();
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Client::give_back(std::unique_ptr<Connection> connection) {
  curl_easy_reset(connection->one);
  const std::lock_guard lock(mutex_);
  if (idle_.size() < options_.connections_max) idle_.push_back(std::move(connection));
}

Result<Answer> Client::send(const Request& request) {
  const auto& shown = request.shown.empty() ? request.url : request.shown;
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("{} is no address of HTTP", shown));
  }
  HeaderList headers;
  for (const auto& [name, value] : request.headers) {
    if (!fits_a_header(name) || !fits_a_header(value)) {
      return failure(FailureCode::REQUEST_INVALID, fmt::format("the value of the header {} has a line's end", name));
    }
    headers.add(fmt::format("{}: {}", name, value));
  }
  headers.add("Expect:");  // the answer to it would cost a round trip
  auto connection = take();
  std::array<char, CURL_ERROR_SIZE> words{};
  Receiving receiving{.answer = {}, .bytes_max = request.answer_bytes_max};
  auto& c = *connection;
  c.set(CURLOPT_ERRORBUFFER, words.data());
  c.set(CURLOPT_URL, request.url.c_str());
  c.set(CURLOPT_PROTOCOLS_STR, "http,https");
  c.set(CURLOPT_NOSIGNAL, 1L);
  c.set(CURLOPT_FOLLOWLOCATION, 0L);
  c.set(CURLOPT_PROXY, "");
  c.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  c.set(CURLOPT_SSL_VERIFYPEER, 1L);
  c.set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options_.ca_file.empty()) {
    c.set(CURLOPT_CAINFO, options_.ca_file.c_str());
    c.set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  c.set(CURLOPT_USERAGENT, options_.agent.c_str());
  c.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_deadline.count()));
  c.set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<std::int64_t>(1, request.deadline.count())));
  c.set(CURLOPT_HTTPHEADER, headers.get());
  c.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (request.method != Method::get) {
    c.set(CURLOPT_POST, 1L);
    c.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    c.set(CURLOPT_POSTFIELDS, request.body.c_str());
    if (request.method == Method::put) c.set(CURLOPT_CUSTOMREQUEST, "PUT");
  }
  c.set(CURLOPT_WRITEFUNCTION, &take_body);
  c.set(CURLOPT_WRITEDATA, &receiving);
  c.set(CURLOPT_HEADERFUNCTION, &take_header);
  c.set(CURLOPT_HEADERDATA, &receiving);
  Reach reach{.loopback_too = request.refuses_this_machine};
  if (options_.refuses_link_local) {
    c.set(CURLOPT_OPENSOCKETFUNCTION, &open_elsewhere);
    c.set(CURLOPT_OPENSOCKETDATA, &reach);
    // One that is open already was judged for somebody else.
    c.set(CURLOPT_FRESH_CONNECT, request.refuses_this_machine ? 1L : 0L);
  }

  const auto result = c.perform(request.stop);
  long status = 0;
  curl_easy_getinfo(c.one, CURLINFO_RESPONSE_CODE, &status);
  give_back(std::move(connection));
  if (request.stop.stop_requested()) return failure(FailureCode::CANCELLED, "the request was stopped");
  if (receiving.too_large) {
    return failure(FailureCode::FILE_TOO_LARGE,
                   fmt::format("{}: the answer is larger than {} bytes", shown, request.answer_bytes_max));
  }
  if (reach.refused && result != CURLE_OK) {
    return failure(FailureCode::NETWORK_UNREACHABLE, fmt::format("{} leads to an address that is not called", shown));
  }
  if (result == CURLE_URL_MALFORMAT) {
    return failure(FailureCode::REQUEST_INVALID, fmt::format("{} is no address of HTTP", shown));
  }
  if (result != CURLE_OK) {
    const std::string_view said(words.data());
    return failure(FailureCode::NETWORK_UNREACHABLE,
                   fmt::format("{}: {}", shown, said.empty() ? curl_easy_strerror(result) : said));
  }
  receiving.answer.status = static_cast<int>(status);
  return std::move(receiving.answer);
}

}  // namespace vitana::http
