#include "worker/supervisor_wire.h"

#include <charconv>

namespace vitana::worker::wire {
namespace {

// Fields one after the other, each as "<length>:<bytes>". Bytes are never interpreted, so a path or
// an argument may hold anything.
class Writer {
 public:
  void text(std::string_view value) {
    out_ += std::to_string(value.size());
    out_ += ':';
    out_ += value;
  }
  template <typename Number>
  void number(Number value) {
    text(std::to_string(value));
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::string text() {
    const auto colon = in_.find(':');
    std::size_t size = 0;
    if (colon == in_.npos || !parse(in_.substr(0, colon), size) || size > in_.size() - colon - 1) {
      good_ = false;
      return {};
    }
    std::string value(in_.substr(colon + 1, size));
    in_.remove_prefix(colon + 1 + size);
    return value;
  }

  template <typename Number>
  Number number() {
    Number value{};
    if (!parse(text(), value)) good_ = false;
    return value;
  }

  bool finished() const { return good_ && in_.empty(); }
  bool good() const { return good_; }

 private:
  template <typename Number>
  static bool parse(std::string_view digits, Number& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
  }

  std::string_view in_;
  bool good_ = true;
};

}  // namespace

std::string frame(FrameKind kind, std::string_view payload) {
  std::string result(1, static_cast<char>(kind));
  const auto size = static_cast<std::uint32_t>(payload.size());
  for (int shift = 0; shift < 32; shift += 8) {
    result.push_back(static_cast<char>((size >> shift) & 0xffU));
  }
  result += payload;
  return result;
}

Result<std::optional<Frame>> take_frame(std::string& buffer) {
  if (buffer.size() < frame_header) return std::optional<Frame>();
  const char kind = buffer[0];
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    size |= static_cast<std::size_t>(static_cast<unsigned char>(buffer[i + 1])) << (8 * i);
  }
  if ((kind != 'R' && kind != 'O' && kind != 'X' && kind != 'F') || size > frame_max) {
    return failure(FailureCode::INVARIANT_BROKEN, "the supervisor does not speak its protocol");
  }
  if (buffer.size() < frame_header + size) return std::optional<Frame>();
  Frame result{static_cast<FrameKind>(kind), buffer.substr(frame_header, size)};
  buffer.erase(0, frame_header + size);
  return std::optional<Frame>(std::move(result));
}

std::string pack(const SupervisedCommand& command) {
  Writer out;
  out.number(command.argv.size());
  for (const auto& argument : command.argv) out.text(argument);
  out.text(command.cwd.string());
  out.number(command.environment.size());
  for (const auto& [name, value] : command.environment) {
    out.text(name);
    out.text(value);
  }
  out.text(command.input);
  out.number(command.wrapped ? 1 : 0);
  const auto& limits = command.limits;
  out.number(limits.wall.count());
  out.number(limits.silence.count());
  out.number(limits.output_bytes);
  out.number(limits.memory_bytes);
  out.number(limits.processes);
  out.number(limits.disk_bytes);
  out.text(limits.disk_root.string());
  out.number(limits.private_mounts.size());
  for (const auto& mount : limits.private_mounts) out.text(mount);
  out.number(limits.grace.count());
  return out.take();
}

std::optional<SupervisedCommand> unpack_command(std::string_view payload) {
  Reader in(payload);
  SupervisedCommand result;
  const auto arguments = in.number<std::size_t>();
  for (std::size_t i = 0; i < arguments && in.good(); ++i) result.argv.push_back(in.text());
  result.cwd = in.text();
  const auto variables = in.number<std::size_t>();
  for (std::size_t i = 0; i < variables && in.good(); ++i) {
    auto name = in.text();
    result.environment[std::move(name)] = in.text();
  }
  result.input = in.text();
  result.wrapped = in.number<int>() != 0;
  auto& limits = result.limits;
  limits.wall = Duration(in.number<std::int64_t>());
  limits.silence = Duration(in.number<std::int64_t>());
  limits.output_bytes = in.number<std::uint64_t>();
  limits.memory_bytes = in.number<std::uint64_t>();
  limits.processes = in.number<int>();
  limits.disk_bytes = in.number<std::uint64_t>();
  limits.disk_root = in.text();
  const auto mounts = in.number<std::size_t>();
  for (std::size_t i = 0; i < mounts && in.good(); ++i) limits.private_mounts.push_back(in.text());
  limits.grace = Duration(in.number<std::int64_t>());
  if (!in.finished() || result.argv.empty()) return std::nullopt;
  return result;
}

std::string pack(const SupervisedExit& exit) {
  Writer out;
  out.number(static_cast<int>(exit.cause));
  out.number(exit.exit_code);
  out.number(exit.signal);
  out.number(exit.output_bytes);
  out.number(exit.memory_peak);
  out.number(exit.disk_peak);
  out.number(exit.duration.count());
  return out.take();
}

std::optional<SupervisedExit> unpack_exit(std::string_view payload) {
  Reader in(payload);
  SupervisedExit result;
  const int cause = in.number<int>();
  result.exit_code = in.number<int>();
  result.signal = in.number<int>();
  result.output_bytes = in.number<std::uint64_t>();
  result.memory_peak = in.number<std::uint64_t>();
  result.disk_peak = in.number<std::uint64_t>();
  result.duration = Duration(in.number<std::int64_t>());
  if (!in.finished() || cause < 0 || cause > static_cast<int>(EndCause::engine_gone)) {
    return std::nullopt;
  }
  result.cause = static_cast<EndCause>(cause);
  return result;
}

}  // namespace vitana::worker::wire
