// Load on a gateway, and how long its answers take. One thread, kept connections, HTTP/1.1 without encryption.
//   load_driver ask     --target PATH [--tasks N] --connections C --seconds S [--rate R]
//   load_driver create  --count N [--batch B] [--first I] --connections C [--rate R]
//   load_driver work    --count N --slots S
//   load_driver claims  --count N --waiting W [--rate R] --out FILE
//   load_driver start   --count N
//   load_driver streams --readers N --singles S --burst B --out FILE
// with --url URL --token TOKEN, of an administrator. Prints one line of JSON; times are milliseconds.
//
// Without --rate the loop is closed: each connection asks as soon as it is answered. With it the loop is open: request
// k is due at its own time whatever became of the others, and its latency counts from there, so that a server that
// stands still is charged for all that it kept from being asked.
//
// `{vtid}` in a target is one of the tasks 1 to N, another one each time. `claims` parks W claims and lets tasks be
// granted, all at once (the switch of execution is turned on) or R made a second; FILE gets a line "TASK MICROSECONDS"
// for each grant in a worker's hand. `streams` gives FILE a line "SEQUENCE MICROSECONDS" for each event that a reader
// got; it says {"stage": …} before and after its readers are there, and goes on with the next line of its input.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = net::ip::tcp;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using Json = nlohmann::ordered_json;
using Verb = http::verb;

constexpr std::size_t spec_bytes = 1024;
constexpr auto answer_deadline = std::chrono::seconds(60);

struct Options {
  std::map<std::string, std::string> words;

  const std::string& text(const std::string& name) const {
    const auto found = words.find(name);
    if (found == words.end()) throw std::runtime_error("--" + name + " is missing");
    return found->second;
  }
  long number(const std::string& name) const {
    const auto& word = text(name);
    std::size_t end = 0;
    const long value = std::stol(word, &end);
    if (end != word.size() || value < 0) throw std::runtime_error("bad number: " + word);
    return value;
  }
  long number(const std::string& name, long otherwise) const { return words.contains(name) ? number(name) : otherwise; }
};

std::int64_t microseconds_now() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Latencies, and what is told of them.
class Latencies {
 public:
  void add(Clock::duration took) { all_.push_back(Seconds(took).count() * 1000); }
  std::size_t size() const { return all_.size(); }
  Json summary() {
    if (all_.empty()) return Json();
    std::sort(all_.begin(), all_.end());
    double sum = 0;
    for (const double one : all_) sum += one;
    return {{"p50", at(0.5)},    {"p90", at(0.9)},     {"p99", at(0.99)},
            {"p999", at(0.999)}, {"max", all_.back()}, {"mean", sum / static_cast<double>(all_.size())}};
  }

 private:
  double at(double share) const {
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(all_.size())));
    return all_[std::max<std::size_t>(rank, 1) - 1];
  }
  std::vector<double> all_;
};

/// Where the gateway is, and what all connections share.
struct Place {
  net::io_context network{1};
  tcp::endpoint endpoint;
  std::string authority;
  std::string token;

  explicit Place(const Options& options) : token(options.text("token")) {
    const auto& url = options.text("url");
    const std::string scheme = "http://";
    const auto colon = url.rfind(':');
    if (!url.starts_with(scheme) || colon < scheme.size()) throw std::runtime_error("--url is http://ADDRESS:PORT");
    authority = url.substr(scheme.size());
    endpoint = {net::ip::make_address(url.substr(scheme.size(), colon - scheme.size())),
                static_cast<unsigned short>(std::stoi(url.substr(colon + 1)))};
  }

  /// Runs what was spawned to its end. Throws what any of it threw.
  void run() {
    network.restart();
    network.run();
    if (fault) std::rethrow_exception(std::exchange(fault, nullptr));
  }
  void spawn(net::awaitable<void> work) {
    net::co_spawn(network, std::move(work), [this](const std::exception_ptr& thrown) {
      if (thrown && !over) fault = thrown;
      if (thrown) network.stop();
    });
  }
  /// All that was to be seen was seen: what still waits is left.
  void end() {
    over = true;
    network.stop();
  }

  std::exception_ptr fault;
  bool over = false;
};

/// One kept connection.
class Client {
 public:
  explicit Client(Place& place) : place_(place), stream_(place.network) {}

  /// The body of a good answer; of any other throws.
  net::awaitable<std::string> ask(Verb verb, std::string target, std::string body = {}) {
    if (!connected_) {
      co_await stream_.async_connect(place_.endpoint, net::use_awaitable);
      stream_.socket().set_option(tcp::no_delay(true));
      connected_ = true;
    }
    http::request<http::string_body> request(verb, target, 11);
    request.set(http::field::host, place_.authority);
    request.set(http::field::authorization, "Bearer " + place_.token);
    if (!body.empty()) request.set(http::field::content_type, "application/json");
    request.body() = std::move(body);
    request.prepare_payload();
    stream_.expires_after(answer_deadline);
    co_await http::async_write(stream_, request, net::use_awaitable);
    http::response_parser<http::string_body> parser;
    parser.body_limit(64 << 20);
    co_await http::async_read(stream_, buffer_, parser, net::use_awaitable);
    auto answer = parser.release();
    if (answer.result_int() >= 300)
      throw std::runtime_error(fmt::format("{}: {} {}", target, answer.result_int(), answer.body()));
    if (!answer.keep_alive()) throw std::runtime_error(target + ": the connection was not kept");
    co_return std::move(answer.body());
  }

 private:
  Place& place_;
  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  bool connected_ = false;
};

net::awaitable<void> until(Place& place, Clock::time_point time) {
  net::steady_timer timer(place.network, time);
  co_await timer.async_wait(net::use_awaitable);
}

/// Which request is next, and when it is due.
class Plan {
 public:
  /// `count` 0: as many as fit into `length`; `rate` 0: each is due as soon as somebody can ask it.
  Plan(long count, Seconds length, double rate)
      : count_(count),
        rate_(rate),
        begin_(Clock::now()),
        end_(begin_ + std::chrono::duration_cast<Clock::duration>(length)) {}

  struct Due {
    long number;
    Clock::time_point time;
  };
  /// Nothing once all are given out.
  std::optional<Due> next() {
    const auto due =
        rate_ > 0 ? begin_ + std::chrono::duration_cast<Clock::duration>(Seconds(static_cast<double>(given_) / rate_))
                  : Clock::now();
    if (count_ > 0 ? given_ >= count_ : due >= end_) return std::nullopt;
    return Due{given_++, due};
  }
  bool open() const { return rate_ > 0; }
  double seconds() const { return Seconds(Clock::now() - begin_).count(); }

 private:
  const long count_;
  const double rate_;
  const Clock::time_point begin_;
  const Clock::time_point end_;
  long given_ = 0;
};

using Ask = std::function<net::awaitable<void>(Client&, long number)>;

net::awaitable<void> load(Place& place, Plan& plan, Latencies& latencies, const Ask& ask) {
  Client client(place);
  while (const auto due = plan.next()) {
    if (plan.open()) co_await until(place, due->time);
    co_await ask(client, due->number);
    latencies.add(Clock::now() - due->time);
  }
}

/// So many connections, until the plan is done.
Json carry_out(Place& place, Plan plan, long connections, const Ask& ask) {
  Latencies latencies;
  for (long i = 0; i < connections; ++i) place.spawn(load(place, plan, latencies, ask));
  place.run();
  const double seconds = plan.seconds();
  const auto done = static_cast<double>(latencies.size());
  return {{"requests", latencies.size()},
          {"seconds", seconds},
          {"per_second", done / seconds},
          {"latency", latencies.summary()}};
}

Json ask(Place& place, const Options& options) {
  const auto target = options.text("target");
  const auto hole = target.find("{vtid}");
  std::mt19937 random(1);
  std::uniform_int_distribution<long> any(1, std::max(1L, options.number("tasks", 1)));
  return carry_out(
      place,
      Plan(0, Seconds(static_cast<double>(options.number("seconds"))), static_cast<double>(options.number("rate", 0))),
      options.number("connections"), [&](Client& client, long) -> net::awaitable<void> {
        auto path = target;
        if (hole != path.npos) path.replace(hole, 6, fmt::format("VTID-{:05}", any(random)));
        co_await client.ask(Verb::get, path);
      });
}

/// A spec of a kilobyte to the byte, like no other.
Json new_task(long number) {
  auto text = fmt::format(
      "# Nothing, for the {}th time\n\n## Summary\n\nA task that changes nothing and is done at once.\n\n## "
      "Problem\n\nNone.\n\n"
      "## Acceptance Criteria\n\n- It is done\n\n  ```check\n  true\n  ```\n\n## Notes\n\n",
      number);
  constexpr std::string_view words =
      "What is written here is as long as people write, and is read as their words are. ";
  while (text.size() < spec_bytes - 1) text += words.substr(0, std::min(words.size(), spec_bytes - 1 - text.size()));
  text += '\n';
  return {{"title", "Nothing"}, {"description", std::move(text)}};
}

// Bodies are made by plain functions: g++ 12 takes no braces in a coroutine's expressions.

std::string new_tasks(long first, long count) {
  if (count == 1) return new_task(first).dump();
  Json list = Json::array();
  for (long i = 0; i < count; ++i) list.push_back(new_task(first + i));
  return Json{{"tasks", std::move(list)}}.dump();
}

std::string introduction(const std::string& name) {
  return Json{{"name", name}, {"slots", 16}, {"protocol", 1}}.dump();
}

std::string claim_of(const std::string& request) {
  return Json{{"request_id", request}, {"max", 1}, {"wait_seconds", 30}}.dump();
}

std::string report_of(long fence) { return Json{{"fence", fence}, {"result_commit", std::string(40, 'c')}}.dump(); }

net::awaitable<void> create(Client& client, long first, long count) {
  co_await client.ask(Verb::post, "/api/v1/tasks", new_tasks(first, count));
}

Json create(Place& place, const Options& options) {
  const long batch = options.number("batch", 1);
  const long count = options.number("count");
  const long first = options.number("first", 1);
  auto said = carry_out(place, Plan((count + batch - 1) / batch, {}, static_cast<double>(options.number("rate", 0))),
                        options.number("connections"), [&](Client& client, long number) -> net::awaitable<void> {
                          co_await create(client, first + number * batch, std::min(batch, count - number * batch));
                        });
  said["tasks_per_second"] = static_cast<double>(count) / said["seconds"].get<double>();
  return said;
}

struct Grant {
  std::string run;
  std::string task;
  long fence;
};

Grant grant_of(const Json& run) {
  const std::string name = run.at("id");
  return {name, name.substr(0, name.find('.')), run.at("fence")};
}

/// Slots of workers, sixteen a worker, as `vitana worker` has them: each claims one step at a time.
class Slot {
 public:
  Slot(Place& place, long number) : client_(place), name_(fmt::format("worker-{}", number / 16)), number_(number) {}

  net::awaitable<void> enter() {
    const auto answer = co_await client_.ask(Verb::post, "/api/v1/workers", introduction(name_));
    id_ = Json::parse(answer).at("id");
  }
  /// Waits for as long as it takes.
  net::awaitable<Grant> claim() {
    for (;;) {
      auto wanted = claim_of(fmt::format("{}.{}", number_, ++requests_));
      const auto text = co_await client_.ask(Verb::post, "/api/v1/workers/" + id_ + "/claim", std::move(wanted));
      const auto answer = Json::parse(text);
      if (answer.at("assignments").empty()) continue;
      co_return grant_of(answer.at("assignments").front().at("run"));
    }
  }
  net::awaitable<void> complete(Grant grant) {
    co_await client_.ask(Verb::post, "/api/v1/runs/" + grant.run + "/complete", report_of(grant.fence));
  }

 private:
  Client client_;
  const std::string name_;
  const long number_;
  long requests_ = 0;
  std::string id_;
};

Json work(Place& place, const Options& options) {
  const long count = options.number("count");
  long done = 0;
  Latencies claims;
  Latencies reports;
  const auto begin = Clock::now();
  const auto toil = [&](long number) -> net::awaitable<void> {
    Slot slot(place, number);
    co_await slot.enter();
    for (;;) {
      const auto asked = Clock::now();
      const auto grant = co_await slot.claim();
      const auto granted = Clock::now();
      claims.add(granted - asked);
      co_await slot.complete(grant);
      reports.add(Clock::now() - granted);
      if (++done == count) place.end();
    }
  };
  for (long i = 0; i < options.number("slots"); ++i) place.spawn(toil(i));
  place.run();
  return {{"runs", done},
          {"seconds", Seconds(Clock::now() - begin).count()},
          {"claim", claims.summary()},
          {"complete", reports.summary()}};
}

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

File opened(const std::string& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  if (!file) throw std::runtime_error(path + " cannot be written");
  return file;
}

Json claims(Place& place, const Options& options) {
  const long count = options.number("count");
  const double rate = static_cast<double>(options.number("rate", 0));
  const auto file = opened(options.text("out"));
  std::vector<std::unique_ptr<Slot>> slots;
  for (long i = 0; i < options.number("waiting"); ++i) {
    slots.push_back(std::make_unique<Slot>(place, i));
    place.spawn(slots.back()->enter());
  }
  place.run();

  long granted = 0;
  auto begin = Clock::now();
  const auto wait = [&](Slot& slot) -> net::awaitable<void> {
    for (;;) {
      const auto grant = co_await slot.claim();
      std::fputs(fmt::format("{} {}\n", grant.task, microseconds_now()).c_str(), file.get());
      if (++granted == count) place.end();
    }
  };
  Client person(place);
  const auto feed = [&]() -> net::awaitable<void> {
    // Long enough for all claims to be parked.
    co_await until(place, Clock::now() + std::chrono::milliseconds(500));
    begin = Clock::now();
    if (rate == 0) {
      co_await person.ask(Verb::put, "/api/v1/controls/execution", R"({"on":true,"reason":"measured"})");
      co_return;
    }
    Plan plan(count, {}, rate);
    while (const auto due = plan.next()) {
      co_await until(place, due->time);
      co_await create(person, 1'000'000'000 + due->number, 1);
    }
  };
  for (auto& slot : slots) place.spawn(wait(*slot));
  place.spawn(feed());
  place.run();
  const double seconds = Seconds(Clock::now() - begin).count();
  return {{"grants", granted}, {"seconds", seconds}, {"per_second", static_cast<double>(granted) / seconds}};
}

/// One waiting worker, on a server that has nothing else to do: from the call to the worker's hand.
Json start(Place& place, const Options& options) {
  constexpr auto rest = std::chrono::milliseconds(50);
  Latencies created;
  Latencies started;
  Client person(place);
  Slot slot(place, 0);
  Clock::time_point asked;
  Clock::time_point granted;
  std::string completed;
  const auto make = [&](long number) -> net::awaitable<void> {
    co_await until(place, Clock::now() + rest);  // the claim is parked by then
    asked = Clock::now();
    co_await create(person, 2'000'000'000 + number, 1);
    created.add(Clock::now() - asked);
  };
  const auto take = [&]() -> net::awaitable<void> {
    const auto grant = co_await slot.claim();
    granted = Clock::now();
    started.add(granted - asked);
    co_await slot.complete(grant);
    completed = grant.task;
  };
  const auto settle = [&]() -> net::awaitable<void> {
    for (;;) {
      const auto task = Json::parse(co_await person.ask(Verb::get, "/api/v1/tasks/" + completed));
      if (task.at("status") == "completed") co_return;
      co_await until(place, Clock::now() + std::chrono::milliseconds(5));
    }
  };
  place.spawn(slot.enter());
  place.run();
  for (long i = 0; i < options.number("count"); ++i) {
    place.spawn(take());
    place.spawn(make(i));
    place.run();
    place.spawn(settle());
    place.run();
  }
  return {{"tasks", started.size()}, {"created", created.summary()}, {"started", started.summary()}};
}

/// Reads server-sent events: only their places in the log.
class StreamReader {
 public:
  using Seen = std::function<void(std::int64_t sequence)>;
  StreamReader(Place& place, Seen seen) : place_(place), socket_(place.network), seen_(std::move(seen)) {}

  net::awaitable<void> open(std::int64_t after) {
    co_await socket_.async_connect(place_.endpoint, net::use_awaitable);
    const auto request =
        fmt::format("GET /api/v1/events/stream?after={} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
                    after, place_.authority, place_.token);
    co_await net::async_write(socket_, net::buffer(request), net::use_awaitable);
    socket_.non_blocking(true);
    // The head of the answer, which may not be followed by anything yet.
    std::string head;
    while (head.find("\r\n\r\n") == head.npos) {
      co_await socket_.async_wait(tcp::socket::wait_read, net::use_awaitable);
      head += more();
    }
    if (!head.starts_with("HTTP/1.1 200")) throw std::runtime_error(head);
    take(std::string_view(head).substr(head.find("\r\n\r\n") + 4));
  }
  net::awaitable<void> read() {
    for (;;) {
      co_await socket_.async_wait(tcp::socket::wait_read, net::use_awaitable);
      take(more());
    }
  }

 private:
  /// What is there. One buffer for all readers: it is used up before anybody else has his turn.
  std::string_view more() {
    static std::vector<char> bytes(64 << 10);
    boost::system::error_code error;
    const auto size = socket_.read_some(net::buffer(bytes), error);
    if (error && error != net::error::would_block) throw std::runtime_error("a stream has ended: " + error.message());
    return {bytes.data(), size};
  }
  void take(std::string_view text) {
    while (!text.empty()) {
      const auto end = text.find('\n');
      if (line_.size() < line_kept) line_ += text.substr(0, std::min(end, line_kept - line_.size()));
      if (end == text.npos) return;
      if (line_.starts_with("id: ")) seen_(std::stoll(line_.substr(4)));
      line_.clear();
      text.remove_prefix(end + 1);
    }
  }

  static constexpr std::size_t line_kept = 32;
  Place& place_;
  tcp::socket socket_;
  const Seen seen_;
  std::string line_;
};

void stage(const char* name) {
  std::cout << Json{{"stage", name}}.dump() << std::endl;
  std::string line;
  if (!std::getline(std::cin, line)) throw std::runtime_error("nobody says how to go on");
}

Json streams(Place& place, const Options& options) {
  const long readers = options.number("readers");
  const long singles = options.number("singles");
  const long burst = options.number("burst");
  const auto file = opened(options.text("out"));
  Client person(place);
  struct Receipt {
    std::int64_t sequence;
    std::int64_t time;
  };
  std::vector<Receipt> receipts;
  std::map<std::int64_t, long> seen_by;
  std::int64_t head = 0;

  const auto look = [&]() -> net::awaitable<void> {
    head = Json::parse(co_await person.ask(Verb::get, "/readyz")).at("sequence");
  };
  place.spawn(look());
  place.run();
  stage("ready");
  std::vector<std::unique_ptr<StreamReader>> all;
  for (long i = 0; i < readers; ++i) {
    all.push_back(std::make_unique<StreamReader>(place, [&](std::int64_t sequence) {
      receipts.push_back({sequence, microseconds_now()});
      ++seen_by[sequence];
    }));
    place.spawn(all.back()->open(head));
  }
  place.run();
  stage("connected");

  const auto everybody_has = [&](std::int64_t sequence) -> net::awaitable<void> {
    const auto deadline = Clock::now() + answer_deadline;
    while (seen_by[sequence] < readers) {
      if (Clock::now() > deadline) throw std::runtime_error("an event did not come to all readers");
      co_await until(place, Clock::now() + std::chrono::milliseconds(5));
    }
  };
  const auto rest = [&]() { return until(place, Clock::now() + std::chrono::milliseconds(100)); };
  std::int64_t burst_after = 0;
  const auto happen = [&]() -> net::awaitable<void> {
    for (long i = 0; i < singles; ++i) {
      co_await rest();
      co_await person.ask(Verb::post, "/api/v1/events", R"({"type":"bench.happened","data":{"what":"nothing"}})");
      co_await look();
      co_await everybody_has(head);
    }
    burst_after = head;
    co_await rest();
    if (burst > 0) {
      co_await create(person, 3'000'000'000, burst);
      co_await look();
      co_await everybody_has(head);
      co_await rest();
    }
    place.end();
  };
  for (auto& reader : all) place.spawn(reader->read());
  place.spawn(happen());
  place.run();
  stage("done");
  for (const auto& [sequence, time] : receipts) std::fputs(fmt::format("{} {}\n", sequence, time).c_str(), file.get());
  return {
      {"readers", readers}, {"events", seen_by.size()}, {"receipts", receipts.size()}, {"burst_after", burst_after}};
}

int run(const std::vector<std::string>& words) {
  const std::map<std::string, Json (*)(Place&, const Options&)> modes{
      {"ask", ask}, {"create", create}, {"work", work}, {"claims", claims}, {"start", start}, {"streams", streams}};
  if (words.empty() || !modes.contains(words[0]))
    throw std::runtime_error("ask, create, work, claims, start or streams?");
  Options options;
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    if (!words[i].starts_with("--")) throw std::runtime_error("no option: " + words[i]);
    options.words[words[i].substr(2)] = words[i + 1];
  }
  if (words.size() % 2 == 0) throw std::runtime_error("an option without a value: " + words.back());
  Place place(options);
  std::cout << modes.at(words[0])(place, options).dump() << std::endl;
  return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const std::exception& fault) {
  fmt::print(stderr, "load_driver: {}\n", fault.what());
  return 1;
}
