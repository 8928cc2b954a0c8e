// What the conformance suite needs of a driver. Every test of the suite runs on each of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sql/connection.h"

namespace vitana::sql::testing {

/// A folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// One empty database.
class TestDatabase {
 public:
  virtual ~TestDatabase() = default;
  virtual std::unique_ptr<Connection> connect(std::chrono::milliseconds busy_timeout) = 0;
};

struct Driver {
  std::string name;
  std::function<std::unique_ptr<TestDatabase>()> make;
};

std::vector<Driver> drivers();

class Conformance : public ::testing::TestWithParam<Driver> {
 protected:
  std::unique_ptr<Connection> connect(
      std::chrono::milliseconds busy_timeout = std::chrono::milliseconds(20)) {
    return database_->connect(busy_timeout);
  }

 private:
  std::unique_ptr<TestDatabase> database_ = GetParam().make();
};

inline std::string driver_name(const ::testing::TestParamInfo<Driver>& info) {
  return info.param.name;
}

/// The fault that `work` throws; fails the test when it throws none.
template <typename Work>
Fault fault_from(Work&& work) {
  try {
    work();
  } catch (const Fault& fault) {
    return fault;
  }
  ADD_FAILURE() << "no fault was thrown";
  return Fault({FailureCode::INVARIANT_BROKEN, "no fault was thrown"});
}

inline std::vector<std::int64_t> first_column(const Rows& rows) {
  std::vector<std::int64_t> numbers;
  for (const auto& row : rows) numbers.push_back(row.int64(0));
  return numbers;
}

}  // namespace vitana::sql::testing
