#include "worker/run_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/utf8.h"

namespace vitana::worker {
namespace {

constexpr std::size_t secret_bytes_min = 4;
constexpr std::size_t tail_bytes = 4 * 1024;
constexpr std::string_view redacted = "[secret]";

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_, [](const auto& secret) { return secret.size() < secret_bytes_min; });
  // The longest first, so that one that holds another is hidden whole.
  std::ranges::sort(secrets_, std::ranges::greater{}, &std::string::size);
}

std::string Redactor::all(std::string_view text) const {
  std::string result(text);
  for (const auto& secret : secrets_) {
    for (auto at = result.find(secret); at != result.npos; at = result.find(secret, at)) {
      result.replace(at, secret.size(), redacted);
      at += redacted.size();
    }
  }
  return result;
}

std::string Redactor::pass(std::string_view text) {
  held_ = all(held_ + std::string(text));
  std::size_t keep = 0;
  for (const auto& secret : secrets_) {
    for (auto size = std::min(secret.size() - 1, held_.size()); size > keep; --size) {
      if (held_.ends_with(std::string_view(secret).substr(0, size))) keep = size;
    }
  }
  std::string result = held_.substr(0, held_.size() - keep);
  held_.erase(0, result.size());
  return result;
}

std::string Redactor::finish() { return std::exchange(held_, {}); }

RunLog::RunLog(const std::filesystem::path& file, Redactor redactor, std::uint64_t bytes_max)
    : redactor_(std::move(redactor)), bytes_max_(bytes_max) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  file_ = process::Fd(
      ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat info{};
  if (file_.open() && ::fstat(file_.get(), &info) == 0) {
    written_ = static_cast<std::uint64_t>(info.st_size);
  }
}

void RunLog::write(std::string_view text) {
  if (!file_.open() || full_) return;
  if (written_ + text.size() > bytes_max_) {
    full_ = true;
    text = "\nvitana: the log is full; what follows is not kept\n";
  }
  written_ += text.size();
  while (!text.empty()) {
    const auto size = ::write(file_.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
}

void RunLog::output(std::string_view text) {
  const auto shown = redactor_.pass(text);
  if (shown.empty()) return;
  write(shown);
  line_open_ = shown.back() != '\n';
  tail_ += shown;
  if (tail_.size() > 2 * tail_bytes) tail_.erase(0, tail_.size() - tail_bytes);
}

void RunLog::note(std::string_view line) {
  write((line_open_ ? "\nvitana: " : "vitana: ") + redactor_.all(line) + "\n");
  line_open_ = false;
}

void RunLog::finish() {
  const auto rest = redactor_.finish();
  write(rest);
  tail_ += rest;
  if (!rest.empty()) line_open_ = rest.back() != '\n';
}

std::string RunLog::tail() const {
  std::string_view text = tail_;
  if (text.size() > tail_bytes) text.remove_prefix(text.size() - tail_bytes);
  return printable(text);
}

}  // namespace vitana::worker
