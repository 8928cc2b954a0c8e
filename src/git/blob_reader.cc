#include "git/blob_reader.h"

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/stop.h"
#include "git/output.h"

namespace vitana::git {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t line_bytes_max = 512;
constexpr auto stop_check = std::chrono::milliseconds(200);

auto broken(std::string_view what) {
  return failure(FailureCode::GIT_FAILED, fmt::format("git cat-file {}", what));
}

}  // namespace

BlobReader::BlobReader(const Git& git, std::filesystem::path git_dir)
    : git_(git), git_dir_(std::move(git_dir)) {}

Result<std::optional<ObjectInfo>> BlobReader::info(const Oid& oid) {
  const std::lock_guard lock(mutex_);
  return info_locked(oid);
}

Result<std::string> BlobReader::read(const Oid& oid, std::size_t bytes_max) {
  const std::lock_guard lock(mutex_);
  auto info = info_locked(oid);
  if (!info) return failure(std::move(info.error()));
  if (!*info || (*info)->type != "blob") {
    return failure(FailureCode::COMMIT_MISSING, fmt::format("there is no file content {}", oid));
  }
  const auto size = (*info)->size;
  if (size > bytes_max) {
    return failure(FailureCode::FILE_TOO_LARGE,
                   fmt::format("{} bytes, more than the {} that are read", size, bytes_max));
  }
  const auto until = deadline();
  auto header = ask(fmt::format("contents {}\n", oid), until);
  if (!header) return failure(std::move(header.error()));
  auto content = take(size + 1, until);
  if (!content || !content->ends_with('\n') || !header->ends_with(fmt::format(" {}", size))) {
    child_.reset();
    if (!content) return failure(std::move(content.error()));
    return broken("answered out of step");
  }
  content->pop_back();
  return content;
}

Result<std::optional<ObjectInfo>> BlobReader::info_locked(const Oid& oid) {
  if (!is_oid(oid)) {
    return failure(FailureCode::COMMIT_MISSING, fmt::format("{} is no object id", oid));
  }
  auto line = ask(fmt::format("info {}\n", oid), deadline());
  if (!line) return failure(std::move(line.error()));
  auto info = parse_object_info(*line, oid);
  if (!info) child_.reset();  // out of step: nothing that it says from now on can be trusted
  return info;
}

Result<std::optional<Oid>> BlobReader::commit_of(std::string_view ref) {
  return peeled(fmt::format("{}^{{commit}}", ref));
}

Result<std::optional<Oid>> BlobReader::tree_of(const Oid& commit_or_tree) {
  if (!is_oid(commit_or_tree)) return std::optional<Oid>();
  return peeled(commit_or_tree + "^{tree}");
}

Result<std::optional<Oid>> BlobReader::peeled(const std::string& expression) {
  const std::lock_guard lock(mutex_);
  auto line = ask(fmt::format("info {}\n", expression), deadline());
  if (!line) return failure(std::move(line.error()));
  auto oid = parse_peeled(*line);
  if (!oid) child_.reset();
  return oid;
}

// A process that died since the last request is no failure: the request is asked again once.
Result<std::string> BlobReader::ask(const std::string& command, Deadline until) {
  const bool fresh = !child_;
  auto line = ask_once(command, until);
  if (line || fresh || steady_clock::now() >= until || StopScope::current().stop_requested()) {
    return line;
  }
  return ask_once(command, until);
}

Result<std::string> BlobReader::ask_once(const std::string& command, Deadline until) {
  if (!child_) {
    const Call call{.args = {"cat-file", "--batch-command"}, .git_dir = git_dir_};
    auto started = process::Child::start({.argv = git_.arguments(call),
                                          .cwd = "/",
                                          .environment = git_.environment(call),
                                          .input = process::Input::connected,
                                          .input_text = {}});
    if (!started) return failure(std::move(started.error()));
    child_.emplace(std::move(*started));
    buffer_.clear();
  }
  if (!child_->write(command, until)) {
    child_.reset();
    return broken("does not read its input");
  }
  auto line = take_line(until);
  if (!line) child_.reset();
  return line;
}

Result<std::string> BlobReader::take_line(Deadline until) {
  std::size_t end = 0;
  while ((end = buffer_.find('\n')) == buffer_.npos) {
    if (buffer_.size() > line_bytes_max) return broken("answered out of step");
    if (auto more = fill(until); !more) return failure(std::move(more.error()));
  }
  auto line = buffer_.substr(0, end);
  buffer_.erase(0, end + 1);
  return line;
}

Result<std::string> BlobReader::take(std::size_t count, Deadline until) {
  while (buffer_.size() < count) {
    if (auto more = fill(until); !more) return failure(std::move(more.error()));
  }
  auto result = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return result;
}

Result<void> BlobReader::fill(Deadline until) {
  std::array<char, 64 * 1024> chunk{};
  while (true) {
    if (StopScope::current().stop_requested()) {
      return failure(FailureCode::CANCELLED, "git cat-file was stopped");
    }
    const auto now = steady_clock::now();
    if (now >= until) return broken("did not answer in time");
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now);
    std::array<pollfd, 2> fds{{{child_->out().get(), POLLIN, 0}, {child_->err().get(), POLLIN, 0}}};
    ::poll(fds.data(), fds.size(),
           static_cast<int>(std::min<std::chrono::milliseconds>(left, stop_check).count()));
    // What it complains about is read only so that it never waits for a reader.
    if (fds[1].revents != 0 && ::read(fds[1].fd, chunk.data(), chunk.size()) == 0) {
      child_->err().reset();
    }
    if (fds[0].revents == 0) continue;
    const auto count = ::read(fds[0].fd, chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (count <= 0) return broken("ended");
    buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    return {};
  }
}

BlobReader::Deadline BlobReader::deadline() const {
  return steady_clock::now() + git_.options().deadline;
}

}  // namespace vitana::git
