// A folder for stores in files, in memory where the system has such a place; gone at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace vitana::testing {

class StoreFolder {
 public:
  StoreFolder() {
    const std::filesystem::path shared = "/dev/shm";
    const bool usable = ::access(shared.c_str(), W_OK) == 0;
    const auto parent = usable ? shared : std::filesystem::temp_directory_path();
    std::string name = (parent / "vitana-simulation-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~StoreFolder() { std::filesystem::remove_all(path_); }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  /// The path of a store that does not exist yet.
  std::string fresh() { return (path_ / (std::to_string(++count_) + ".db")).string(); }

 private:
  std::filesystem::path path_;
  int count_ = 0;
};

}  // namespace vitana::testing
