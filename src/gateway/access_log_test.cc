#include "gateway/access_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace vitana::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Instant now = from_us(1'790'000'000'000'000);

Served a_request() {
  return {.method = "get", .path = "/api/v1/tasks/VTID-00001", .route = "/api/v1/tasks/{vtid}", .status = 200,
          .took = std::chrono::microseconds(1500), .bytes = 42, .actor = "dash board", .peer = "192.0.2.7",
          .trace = "4bf92f3577b34da6a3ce929d0e0e4736"};
}

/// What a log wrote into a file, once it has ended.
std::string written(LogForm form, const std::function<void(AccessLog&)>& use) {
  char name[] = "/tmp/vitana-log-XXXXXX";
  const int file = ::mkstemp(name);
  {
    AccessLog log(form, file);
    use(log);
  }
  std::string text(1 << 20, '\0');
  text.resize(static_cast<std::size_t>(::pread(file, text.data(), text.size(), 0)));
  ::close(file);
  ::unlink(name);
  return text;
}

TEST(AccessLog, ALineOfText) {
  EXPECT_EQ(text_line(a_request(), now),
            to_rfc3339(now) + " GET /api/v1/tasks/VTID-00001 200 1.5ms 42B actor=dash%20board peer=192.0.2.7 "
                              "trace=4bf92f3577b34da6a3ce929d0e0e4736\n");
  auto strange = a_request();
  strange.path = "/a\n2026 GET /forged \x1b[31m\xff\"";
  strange.actor = "";
  const auto line = text_line(strange, now);
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr(" /a%0A2026%20GET%20/forged%20%1B[31m%FF%22 "));
  EXPECT_THAT(line, HasSubstr(" actor=- "));
}

TEST(AccessLog, ALineOfJson) {
  const auto line = nlohmann::json::parse(json_line(a_request(), now));
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["route"], "/api/v1/tasks/{vtid}");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["ms"], 1.5);
  EXPECT_EQ(line["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  auto strange = a_request();
  strange.path = std::string("/\xff\n\0", 4) + std::string(10'000, 'a');
  const auto text = json_line(strange, now);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_LT(text.size(), 2000U);
  EXPECT_TRUE(nlohmann::json::accept(text));
}

TEST(AccessLog, WritesWhatItIsAskedForBeforeItEnds) {
  const auto both = [](AccessLog& log) {
    for (int i = 0; i < 100; ++i) log.served(a_request(), now);
    log.note("the certificate\nis old", now);
  };
  const auto text = written(LogForm::text, both);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 101);
  EXPECT_THAT(text, HasSubstr("the certificate is old\n"));
  EXPECT_THAT(written(LogForm::json, both), HasSubstr(R"("level":"warning","message":"the certificate\nis old")"));
  const auto none = written(LogForm::none, both);
  EXPECT_EQ(none, to_rfc3339(now) + " the certificate is old\n");
}

TEST(AccessLog, AReaderThatTakesNothingHoldsUpNobodyAndIsToldWhatItLost) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::string all;
  {
    AccessLog log(LogForm::text, ends[1]);
    for (std::size_t i = 0; i < AccessLog::waiting_max + 10'000; ++i) log.served(a_request(), now);
    std::string part(1 << 16, '\0');
    while (all.find("were lost") == std::string::npos) {
      const auto read = ::read(ends[0], part.data(), part.size());
      ASSERT_GT(read, 0);
      all.append(part, 0, static_cast<std::size_t>(read));
    }
  }
  EXPECT_THAT(all, HasSubstr("lines of this log were lost"));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(AccessLog, AClosedFileHarmsNobody) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  ::signal(SIGPIPE, SIG_IGN);
  {
    AccessLog log(LogForm::text, ends[1]);
    for (int i = 0; i < 100; ++i) log.served(a_request(), now);
  }
  ::close(ends[1]);
}

}  // namespace
}  // namespace vitana::gateway
