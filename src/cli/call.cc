#include "cli/call.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/utf8.h"

namespace vitana::cli {
namespace {

std::string system_error() { return std::strerror(errno); }

}  // namespace

void Call::print_json(const wire::Json& value) { console.data(wire::to_text(value) + "\n"); }

Result<std::unique_ptr<Session>> Call::session() {
  auto session = application.open(open);
  if (!session && session.error().code == FailureCode::NOT_FOUND &&
      !session.error().context.contains("hint")) {
    // The catalogue's hint speaks of a task that is not there; here the whole store is not.
    session.error().context["hint"] = "vitana run FILE, or: vitana autopilot";
  }
  return session;
}

std::string actor_of_process() {
  if (const char* named = std::getenv("VITANA_ACTOR"); named != nullptr && *named != '\0') {
    return std::string(utf8_prefix(printable(named), 200));
  }
  if (const passwd* entry = ::getpwuid(::geteuid()); entry != nullptr) return entry->pw_name;
  return fmt::format("uid:{}", ::geteuid());
}

void say_cautions(Call& call) {
  for (const auto& finding : call.application.cautions(call.open)) {
    call.console.say(fmt::format("{}: {}\n  next: {}", finding.what, finding.detail, finding.hint), Ink::yellow);
  }
}

Result<void> read(Session& session, const std::function<Result<void>(store::Reader&)>& ask) {
  return session.engine().store().read(ask);
}

Result<Vtid> typed_vtid(const std::string& text) {
  constexpr std::size_t digits_min = 5;
  constexpr std::size_t digits_max = 9;
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits || text.size() > digits_max) return Vtid::parse(text);
  if (text.size() >= digits_min) return Vtid::parse("VTID-" + text);
  auto meant = Vtid::parse(fmt::format("VTID-{:0>5}", text));
  Error error{FailureCode::VTID_INVALID, fmt::format("'{}' is no id", text)};
  if (meant) error.context["hint"] = "did you mean " + meant->to_string() + "?";
  return failure(std::move(error));
}

Result<Vtid> vtid_argument(Call& call, const std::string& text) {
  auto vtid = typed_vtid(text);
  if (vtid) call.words.vtid = vtid->to_string();
  return vtid;
}

Result<std::string> read_text(Call& call, const std::string& path, std::size_t bytes_max) {
  const auto too_large = [&] {
    return failure(FailureCode::FILE_TOO_LARGE,
                   fmt::format("{} has more than {} bytes", path, bytes_max));
  };
  if (path == "-") {
    auto text = call.console.read_all(bytes_max);
    if (!text) return too_large();
    return std::move(*text);
  }
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) {
    return failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot read {}: {}", path, system_error()));
  }
  // A FIFO or a device would hold the command for ever.
  if (!S_ISREG(facts.st_mode)) {
    return failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot read {}: it is not a file", path));
  }
  if (static_cast<std::uintmax_t>(facts.st_size) > bytes_max) return too_large();
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (facts.st_size > 0) text << in.rdbuf();
  if (!in)
    return failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot read {}: {}", path, system_error()));
  std::string bytes = std::move(text).str();
  if (bytes.size() > bytes_max) return too_large();
  return bytes;
}

Result<void> write_new_file(const std::string& path, std::string_view text) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (file < 0) {
    return failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot make {}: {}", path, system_error()));
  }
  Result<void> done;
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      done = failure(FailureCode::FILE_UNREADABLE,
                     fmt::format("cannot write {}: {}", path, system_error()));
      break;
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file) != 0 && done) {
    done = failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot write {}: {}", path, system_error()));
  }
  return done;
}

}  // namespace vitana::cli
