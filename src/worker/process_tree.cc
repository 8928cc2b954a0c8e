#include "worker/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "process/fd.h"

namespace vitana::worker {
namespace {

std::optional<pid_t> number(std::string_view text) {
  pid_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What one thread's stat says; of the process it belongs to, its first thread has the number.
struct Stat {
  TreeProcess process;
  std::uint64_t threads = 0;
};

// "pid (name) state ppid …": the name may hold anything, so the fields count from the last ')'.
std::optional<Stat> read_stat(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const process::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return std::nullopt;
  std::array<char, 1024> buffer{};
  const auto size = ::read(file.get(), buffer.data(), buffer.size());
  if (size <= 0) return std::nullopt;
  std::string_view text(buffer.data(), static_cast<std::size_t>(size));
  const auto name_end = text.rfind(')');
  if (name_end == text.npos || name_end + 2 >= text.size()) return std::nullopt;
  text.remove_prefix(name_end + 2);

  Stat stat;
  auto& result = stat.process;
  result.pid = result.thread = pid;
  static const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  for (int field = 3; !text.empty() && field <= 24; ++field) {
    const auto end = std::min(text.find(' '), text.size());
    const auto value = text.substr(0, end);
    std::uint64_t amount = 0;
    std::from_chars(value.data(), value.data() + value.size(), amount);
    if (field == 3) result.zombie = value == "Z" || value == "X";
    if (field == 4) result.parent = static_cast<pid_t>(amount);
    if (field == 20) stat.threads = amount;
    if (field == 22) result.started = amount;
    if (field == 24) result.memory = amount * page;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return stat;
}

// The first thread may end and leave the process to the others: it is a zombie then, without
// memory or files of its own.
std::optional<TreeProcess> read_process(pid_t pid) {
  const auto first = read_stat(pid);
  if (!first) return std::nullopt;
  auto process = first->process;
  if (!process.zombie || first->threads <= 1) return process;
  const std::string path = "/proc/" + std::to_string(pid) + "/task";
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  while (const dirent* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const auto thread = number(static_cast<const char*>(entry->d_name));
    const auto stat = thread && *thread != pid ? read_stat(*thread) : std::nullopt;
    if (!stat || stat->process.zombie) continue;
    process.thread = *thread;
    process.memory = stat->process.memory;
    process.zombie = false;
    break;
  }
  return process;
}

std::optional<std::uint64_t> kilobytes_at(std::string_view text, std::string_view label) {
  const auto at = text.find(label);
  if (at == text.npos) return std::nullopt;
  const auto digits = text.find_first_not_of(' ', at + label.size());
  std::uint64_t value = 0;
  if (digits == text.npos) return value;
  std::from_chars(text.data() + digits, text.data() + text.size(), value);
  return value;
}

}  // namespace

std::vector<TreeProcess> tree_of(pid_t root) {
  std::unordered_multimap<pid_t, TreeProcess> by_parent;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  if (!folder) return {};
  while (const dirent* entry = ::readdir(folder.get())) {
    const auto pid = number(static_cast<const char*>(entry->d_name));
    if (!pid || *pid == root) continue;
    if (auto process = read_process(*pid)) by_parent.emplace(process->parent, *process);
  }
  std::vector<TreeProcess> result;
  const auto add_children = [&](pid_t parent) {
    const auto [from, to] = by_parent.equal_range(parent);
    for (auto i = from; i != to; ++i) result.push_back(i->second);
    by_parent.erase(from, to);  // a number that was reused meanwhile cannot make this a circle
  };
  add_children(root);
  for (std::size_t i = 0; i < result.size(); ++i) add_children(result[i].pid);
  return result;
}

std::uint64_t shared_out_memory(const std::vector<TreeProcess>& processes, std::uint64_t in_files) {
  std::uint64_t sum = 0;
  std::uint64_t mapped = 0;
  for (const auto& process : processes) {
    const std::string path = "/proc/" + std::to_string(process.thread) + "/smaps_rollup";
    const process::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 2048> buffer{};
    const auto size = file.open() ? ::read(file.get(), buffer.data(), buffer.size()) : 0;
    const std::string_view text(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
    const auto all = kilobytes_at(text, "Pss:");
    if (!all) {
      const auto now = read_process(process.pid);
      if (now && !now->zombie && now->started == process.started) sum += now->memory;
      continue;
    }
    const auto shared = std::min(kilobytes_at(text, "Pss_Shmem:").value_or(0), *all);
    sum += (*all - shared) * 1024;
    mapped += shared * 1024;
  }
  // Much of what is mapped may be the files' own pages: neither is counted twice.
  return sum + std::max(mapped, in_files);
}

void signal_process(const TreeProcess& process, int signal) {
  const process::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0)));
  if (!handle.open()) return;
  const auto now = read_process(process.pid);
  if (!now || now->started != process.started) return;
  ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0);
}

}  // namespace vitana::worker
