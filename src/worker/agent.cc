#include "worker/agent.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "process/fd.h"

namespace vitana::worker {
namespace {

using nlohmann::json;

constexpr std::size_t report_bytes_max = 1 << 20;
constexpr std::size_t text_bytes_max = 16 * 1024;
constexpr std::size_t notes_max = 200;
constexpr int depth_max = 16;
constexpr std::int64_t count_max = std::int64_t{1} << 50;

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return std::string(utf8_prefix(printable(found->get_ref<const std::string&>()), text_bytes_max));
}

std::int64_t count_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return 0;
  const double value = found->get<double>();
  if (!(value > 0)) return 0;
  return static_cast<std::int64_t>(std::min(value, static_cast<double>(count_max)));
}

}  // namespace

std::optional<AgentReport> parse_report(std::string_view text) {
  if (text.size() > report_bytes_max) return std::nullopt;
  bool too_deep = false;
  const auto guard = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > depth_max;
    return !too_deep;
  };
  const auto root = json::parse(text, guard, /*allow_exceptions=*/false);
  if (too_deep || !root.is_object()) return std::nullopt;

  AgentReport report;
  report.summary = text_at(root, "summary");
  report.question = text_at(root, "question");
  if (const auto why = text_at(root, "failure"); why == "login") {
    report.failure = FailureCode::AGENT_LOGIN;
  } else if (why == "quota") {
    report.failure = FailureCode::AGENT_QUOTA;
  }
  if (const auto notes = root.find("criteria"); notes != root.end() && notes->is_array()) {
    for (const auto& note : *notes) {
      if (report.notes.size() == notes_max) break;
      if (note.is_object()) report.notes.emplace_back(text_at(note, "id"), text_at(note, "note"));
    }
  }
  if (const auto usage = root.find("usage"); usage != root.end() && usage->is_object()) {
    report.usage.input_tokens = count_at(*usage, "input_tokens");
    report.usage.output_tokens = count_at(*usage, "output_tokens");
    report.usage.turns = count_at(*usage, "turns");
    if (const auto cost = usage->find("cost_usd"); cost != usage->end() && cost->is_number()) {
      report.usage.cost_usd = std::clamp(cost->get<double>(), 0.0, 1e9);
    }
  }
  return report;
}

std::optional<AgentReport> read_report(const std::filesystem::path& file) {
  const process::Fd in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  if (!in.open() || ::fstat(in.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
      info.st_size > static_cast<off_t>(report_bytes_max)) {
    return std::nullopt;
  }
  std::string text(report_bytes_max + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const auto got = ::read(in.get(), text.data() + size, text.size() - size);
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return parse_report(text);
}

}  // namespace vitana::worker
