#include "worker/run_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

#include "base/utf8.h"

namespace vitana::worker {
namespace {

constexpr std::size_t secret_bytes_min = 4;
constexpr std::size_t secret_line_bytes_min = 8;
constexpr std::size_t tail_bytes = 4 * 1024;
constexpr std::string_view redacted = "[secret]";
constexpr std::string_view cut_end = "…";
constexpr std::string_view cut_begin = "[…]\n";

std::vector<std::string> lines_of(std::string_view secret) {
  std::vector<std::string> result;
  while (secret.find('\n') != secret.npos || !result.empty()) {
    const auto end = std::min(secret.find('\n'), secret.size());
    auto line = secret.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() >= secret_line_bytes_min) result.emplace_back(line);
    if (end == secret.size()) break;
    secret.remove_prefix(end + 1);
  }
  return result;
}

}  // namespace

Redactor redactor_for(const AgentSource& agents, const SecretSource& secrets, const std::string& agent) {
  std::vector<std::string> hidden;
  const auto config = agents ? agents(agent) : std::nullopt;
  if (config && secrets) {
    for (const auto& name : config->secrets) {
      if (auto value = secrets(config->name, name)) hidden.push_back(std::move(*value));
    }
  }
  return Redactor(std::move(hidden));
}

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  for (std::size_t i = 0, given = secrets_.size(); i < given; ++i) {
    std::ranges::move(lines_of(secrets_[i]), std::back_inserter(secrets_));
  }
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
  hide_cut(result);
  return result;
}

void Redactor::hide_cut(std::string& text) const {
  for (auto at = text.find(cut_end); at != text.npos; at = text.find(cut_end, at + cut_end.size())) {
    std::size_t size = 0;
    for (const auto& secret : secrets_) {
      for (auto part = std::min(secret.size() - 1, at); part >= std::max(size + 1, secret_bytes_min); --part) {
        if (std::string_view(text).substr(0, at).ends_with(std::string_view(secret).substr(0, part))) size = part;
      }
    }
    if (size > 0) text.replace(at - size, size, redacted);
    if (size > 0) at += redacted.size() - size;
  }
  if (!text.starts_with(cut_begin)) return;
  const auto rest = std::string_view(text).substr(cut_begin.size());
  std::size_t size = 0;
  for (const auto& secret : secrets_) {
    for (auto part = secret.size() - 1; part >= std::max(size + 1, secret_bytes_min); --part) {
      if (rest.starts_with(std::string_view(secret).substr(secret.size() - part))) size = part;
    }
  }
  if (size > 0) text.replace(cut_begin.size(), size, redacted);
}

Error Redactor::all(Error error) const {
  error.message = all(error.message);
  for (auto& cause : error.causes) cause = all(cause);
  for (auto& [_, value] : error.context) value = all(value);
  return error;
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
