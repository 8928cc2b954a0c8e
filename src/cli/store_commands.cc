#include "cli/store_commands.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "config/render.h"
#include "wire/json.h"

#ifndef VITANA_VERSION
#define VITANA_VERSION "0.1.0"
#endif

namespace vitana::cli {
namespace {

using wire::Json;

Result<store::ChainHead> parse_anchor(const std::string& text) {
  const auto colon = text.find(':');
  store::ChainHead head;
  const char* end = text.data() + std::min(colon, text.size());
  const auto [at, error] = std::from_chars(text.data(), end, head.seq);
  const std::string hash = colon == std::string::npos ? "" : text.substr(colon + 1);
  const auto digest = Digest::parse(hash.starts_with("sha256:") ? hash : "sha256:" + hash);
  if (error != std::errc() || at != end || head.seq < 0 || !digest) {
    return usage(fmt::format("'{}' is no anchor", text),
                 "vitana audit --expect SEQ:HASH, as audit prints it");
  }
  head.hash = *digest;
  return head;
}

}  // namespace

Answer audit(Call& call, const std::string& expect) {
  std::optional<store::ChainHead> anchor;
  if (!expect.empty()) {
    auto parsed = parse_anchor(expect);
    if (!parsed) return failure(std::move(parsed.error()));
    anchor = *parsed;
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto& store = (*session)->engine().store();
  auto damage = store.audit(anchor);
  if (!damage) return failure(std::move(damage.error()));
  store::ChainHead head;
  auto done = read(**session, [&](store::Reader& reader) -> Result<void> {
    head = reader.head();
    return {};
  });
  // Without a head there is no line to keep: the damage above names it.
  if (!done && damage->empty()) return failure(std::move(done.error()));
  if (call.json) {
    Json list = Json::array();
    for (const auto& one : *damage) list.push_back({{"where", one.where}, {"what", one.what}});
    call.print_json({{"clean", damage->empty()},
                      {"head", {{"sequence", head.seq}, {"hash", head.hash.hex()}}},
                      {"damage", list}});
  } else {
    for (const auto& one : *damage)
      call.console.print(fmt::format("{}: {}\n", one.where, one.what));
    if (done) call.console.print(fmt::format("{}:{}\n", head.seq, head.hash.hex()));
    if (damage->empty()) {
      call.console.say(
          fmt::format("clean: {} events; keep the line above elsewhere for --expect", head.seq),
          Ink::green);
    } else {
      call.console.say(fmt::format("{} damaged {}; next: vitana restore FILE", damage->size(),
                                   damage->size() == 1 ? "place" : "places"),
                       Ink::red);
    }
  }
  return damage->empty() ? exit_yes : exit_no;
}

Answer backup(Call& call, const std::string& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return failure(
        Error{FailureCode::FILE_UNREADABLE, fmt::format("{} is there already", file)}.with(
            "hint", "name a file that does not exist"));
  }
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  auto done = (*session)->engine().store().backup(file);
  if (!done) return failure(std::move(done.error()));
  if (call.json)
    call.print_json({{"file", file}});
  else
    call.console.say(fmt::format("written: {}", file));
  return exit_yes;
}

Answer restore(Call& call, const std::string& file) {
  call.words.file = file;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) {
    return failure(FailureCode::FILE_UNREADABLE,
                   fmt::format("cannot read {}: there is no such file", file));
  }
  auto kept = call.application.restore(file, call.open);
  if (!kept) return failure(std::move(kept.error()));
  if (call.json) {
    call.print_json({{"restored", file}, {"execution", "off"}, {"kept", *kept}});
  } else {
    call.console.say(
        fmt::format("restored from {}; execution is paused{}\n"
                    "next: vitana spec sync, then: vitana controls set execution on --reason TEXT",
                    file, kept->empty() ? "" : "\nwhat was there before is kept: " + *kept));
  }
  return exit_yes;
}

Answer migrate(Call& call) {
  call.open.create = true;
  call.open.migrate = true;
  auto session = call.session();
  if (!session) return failure(std::move(session.error()));
  if (call.json)
    call.print_json({{"migrated", true}, {"data", (*session)->data_folder()}});
  else
    call.console.say(fmt::format("the store in {} is of this version", (*session)->data_folder()));
  return exit_yes;
}

Answer doctor(Call& call) {
  const auto findings = call.application.doctor(call.open);
  bool good = true;
  Json list = Json::array();
  for (const auto& finding : findings) {
    good &= finding.good;
    list.push_back({{"what", finding.what},
                    {"good", finding.good},
                    {"detail", finding.detail},
                    {"hint", finding.hint}});
    if (call.json) continue;
    const auto& terminal = call.console.terminal();
    call.console.print(fmt::format("{} {}: {}\n", finding.good ? terminal.tick() : terminal.cross(),
                                   finding.what, finding.detail));
    if (!finding.good && !finding.hint.empty())
      call.console.print(fmt::format("    next: {}\n", finding.hint));
  }
  if (call.json) call.print_json({{"good", good}, {"findings", list}});
  return good ? exit_yes : exit_no;
}

Answer config_check(Call& call) {
  auto config = call.application.configuration(call.open);
  if (!config) return failure(std::move(config.error()));
  if (call.json) {
    call.print_json({{"valid", true}, {"digest", config::digest(*config).to_string()}});
  } else {
    call.console.print(fmt::format("valid: {} {}, {} {}\n", config->repos.size(),
                                   config->repos.size() == 1 ? "repository" : "repositories",
                                   config->agents.size(),
                                   config->agents.size() == 1 ? "agent" : "agents"));
  }
  return exit_yes;
}

Answer config_show(Call& call) {
  auto config = call.application.configuration(call.open);
  if (!config) return failure(std::move(config.error()));
  const auto text = config::render(*config);
  if (call.json)
    call.print_json({{"digest", config::digest(*config).to_string()}, {"toml", text}});
  else
    call.console.data(text);
  return exit_yes;
}

Answer version(Call& call) {
  if (call.json)
    call.print_json({{"version", VITANA_VERSION}});
  else
    call.console.print("vitana " VITANA_VERSION "\n");
  return exit_yes;
}

}  // namespace vitana::cli
