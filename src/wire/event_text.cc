#include "wire/event_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/utf8.h"
#include "domain/event.h"
#include "wire/hostile.h"

namespace vitana::wire {
namespace {

constexpr std::size_t title_bytes_max = 120;
constexpr std::size_t message_bytes_max = 300;

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string brief(const std::string& text, std::size_t bytes_max) {
  const auto line = printable_line(text);
  const auto begin = utf8_prefix(line, bytes_max);
  return begin.size() == line.size() ? line : std::string(begin) + "…";
}

/// The catalogue's meaning, but for what it says of `data`.
std::string meaning_of(const std::string& type) {
  for (const auto& info : domain::event_catalogue()) {
    if (info.name == type) return std::string(info.meaning.substr(0, info.meaning.find(';')));
  }
  return type;
}

/// What chat tools read as a mention or a link looks nearly the same, and is none.
std::string harmless(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "‹"; break;
      case '>': out += "›"; break;
      case '@': out += "@\u200b"; break;
      case '(': out += out.ends_with(']') ? " (" : "("; break;
      case '`':
      case '*':
      case '~': out += '\''; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace

std::string event_text(const EventView& event, const std::string& title) {
  const auto data = parse_hostile(event.data).value_or(Json());
  std::string text;
  if (event.vtid) text = event.vtid->to_string();
  if (!title.empty()) text += fmt::format(" ({})", brief(title, title_bytes_max));
  if (!event.vtid) {
    for (const char* key : {"repo", "webhook", "what"}) {
      if (text.empty()) text = brief(text_at(data, key), title_bytes_max);
    }
  }
  text += text.empty() ? meaning_of(event.type) : ": " + meaning_of(event.type);
  const auto code = text_at(data, "code");
  const auto reason = text_at(data, "reason");
  const auto message = brief(text_at(data, "message"), message_bytes_max);
  if (!code.empty()) text += fmt::format(" – {}", code);
  if (code.empty() && !reason.empty()) text += fmt::format(" – {}", brief(reason, title_bytes_max));
  if (!message.empty()) text += ": " + message;
  if (data.is_object() && data.contains(domain::for_person)) {
    const auto next = brief(text_at(data[domain::for_person], "next"), message_bytes_max);
    if (!next.empty()) text += ". What to do: " + next;
  }
  return std::string(utf8_prefix(harmless(text), event_text_bytes_max));
}

Json announcement_json(const EventView& event, const std::string& store_id, const std::string& title) {
  auto json = event_json(event, store_id);
  json["text"] = event_text(event, title);
  return json;
}

}  // namespace vitana::wire
