// What the store's tests share: a folder, a clock that is set, a store in a file.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "sql/open.h"
#include "sql/test_server.h"
#include "store/store.h"

namespace vitana::store::testing {

class SetClock : public port::Clock {
 public:
  Instant now() override { return time; }
  Instant time = from_us(1'769'331'600'000'000);  // 2026-01-25T09:00:00Z
};

class FixedEntropy : public port::Entropy {
 public:
  double roll() override { return 0.5; }
  std::uint64_t bits() override { return 0x0123456789abcdef; }
};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    std::string name = (std::filesystem::temp_directory_path() / "vitana-store-XXXXXX").string();
    if (!::mkdtemp(name.data())) std::abort();
    folder_ = name;
    path_ = on_server() ? sql::testing::fresh_schema() : (folder_ / "vitana.db").string();
    open();
  }
  ~StoreTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// VITANA_TEST_DRIVER=postgres: all that is not about a file is tested on a server.
  static bool on_server() {
    const char* driver = std::getenv("VITANA_TEST_DRIVER");
    return driver != nullptr && std::string_view(driver) == "postgres";
  }

  void open(std::function<void(bool)> around_commit = {}) {
    store_.reset();
    auto opened =
        Store::open({.path = path_, .around_commit = std::move(around_commit)}, clock_, entropy_);
    ASSERT_TRUE(opened) << to_string(opened.error());
    store_ = std::move(*opened);
  }

  Result<void> try_commit(const Unit& unit) { return store_->commit(unit); }

  /// A unit that cannot fail by itself.
  void commit(const std::function<void(Ledger&)>& work) {
    const auto done = store_->commit([&](Ledger& ledger) -> Result<void> {
      work(ledger);
      return {};
    });
    EXPECT_TRUE(done) << to_string(done.error());
  }

  void read(const std::function<void(Reader&)>& ask) {
    const auto done = store_->read([&](Reader& reader) -> Result<void> {
      ask(reader);
      return {};
    });
    EXPECT_TRUE(done) << to_string(done.error());
  }

  /// Another connection, as somebody with sqlite3 or psql in hand has one.
  std::unique_ptr<sql::Connection> raw() {
    auto connection = sql::open({.database = path_, .mode = sql::OpenMode::read_write});
    EXPECT_TRUE(connection);
    return std::move(*connection);
  }

  std::vector<StoredEvent> events() {
    std::vector<StoredEvent> out;
    read([&](Reader& reader) { out = reader.events({}); });
    return out;
  }

  std::vector<std::string> event_types() {
    std::vector<std::string> out;
    for (const auto& event : events()) out.push_back(event.type);
    return out;
  }

  std::filesystem::path folder_;
  std::string path_;
  SetClock clock_;
  FixedEntropy entropy_;
  std::unique_ptr<Store> store_;
};

/// Leaves a test that is about SQLite or its file.
#define SKIP_ON_SERVER() \
  if (on_server()) GTEST_SKIP() << "of the store in a file"

inline domain::Task task_of(std::uint32_t number,
                            domain::TaskStatus status = domain::TaskStatus::draft) {
  domain::Task task{.vtid = Vtid(number), .title = "A task"};
  task.status = status;
  if (domain::is_terminal(status)) task.next.kind = domain::NextKind::none;
  return task;
}

inline domain::Run run_of(std::uint32_t number, int attempt = 1,
                          domain::RunState state = domain::RunState::pending_pickup) {
  domain::Run run{.id = {Vtid(number), attempt}};
  run.state = state;
  return run;
}

inline domain::SpecVersion spec_of(std::uint32_t number, int version, std::string text) {
  domain::SpecVersion spec{.vtid = Vtid(number), .version = version};
  spec.digest = Digest::of(text);
  spec.text = std::move(text);
  spec.provenance = {
      .source = domain::SpecSource::git, .author = "ada", .repo = "hub", .path = "a.md"};
  return spec;
}

inline domain::Event event_of(domain::EventType type, std::optional<Vtid> vtid = {},
                              std::string data = "{}") {
  return {type, vtid, std::nullopt, "test", std::move(data)};
}

}  // namespace vitana::store::testing
