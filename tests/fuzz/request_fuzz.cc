// Requests of any kind on a whole engine, without a socket: an answer that the document knows, never a defect.
// An input is the method's number, who asks, then texts that end at a NUL: the target, headers as `name: value` lines,
// and last the body. What begins with "sign" asks as a forge, with a signature that holds.
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/digest.h"
#include "fuzz/input.h"
#include "gateway/document.h"
#include "gateway/gateway.h"
#include "support/world.h"

namespace {

using namespace vitana;
using gateway::Method;

constexpr int requests_max = 500;  ///< on one engine: what they make may not grow for ever
const std::string secret = "a secret";

/// An engine with a task that is done, one that waits, a draft and an intake, and a token of each role.
struct Stage {
  testing::World world;
  gateway::Gateway gateway{
      world.engine(),
      {.log = [](const RunId&, std::size_t, std::size_t) { return Result<std::string>("said\n"); },
       .diff = [](const RunId&) { return Result<std::string>("--- a\n"); },
       .hook_secrets = [] { return std::vector<gateway::HookSecret>{{"hub", secret}}; }}};
  std::vector<std::string> tokens = {""};
  int requests = 0;

  Stage() {
    world.repository().commit({{"docs/specs/00001-page.md", testing::sample_spec()}});
    world.settle();
    auto& engine = world.engine();
    CHECK(engine.drafts.create("A draft", testing::sample_spec("Draft"), Vtid(3), "test").has_value());
    CHECK(engine.intake.begin("test").has_value());
    CHECK(engine.registry.create_task({{}, "Waits"}, "test").has_value());
    for (const auto role : domain::all_roles) tokens.push_back(engine.access.issue({"somebody", role}, "test")->token);
    tokens.push_back(engine.access.issue({"bound", domain::Role::operator_, {"hub"}}, "test")->token);
  }
};

Stage& stage() {
  static std::unique_ptr<Stage> now;
  if (!now || ++now->requests > requests_max) {
    now.reset();
    now = std::make_unique<Stage>();
  }
  return *now;
}

void read_headers(std::string_view lines, gateway::Request& request) {
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const auto colon = line.find(": ");
    if (colon == line.npos) continue;
    request.headers.insert_or_assign(std::string(line.substr(0, colon)), line.substr(colon + 2));
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  auto& on = stage();
  gateway::Request request;
  constexpr Method methods[] = {Method::get, Method::post, Method::put, Method::delete_};
  request.method = methods[input.byte() % std::size(methods)];
  const auto& token = on.tokens[input.byte() % on.tokens.size()];
  if (!token.empty()) request.headers["authorization"] = "Bearer " + token;
  request.target = input.until('\0');
  request.headers["content-type"] = "application/json";
  read_headers(input.until('\0'), request);
  request.body = input.until('\0');
  if (request.headers.contains("sign")) {
    request.headers.erase("authorization");
    request.headers["x-hub-signature-256"] = "sha256=" + Digest::keyed(secret, request.body).hex();
  }
  const auto response = on.gateway.answer(request);
  CHECK(response.status >= 200 && response.status < 500);
  if (response.stream) {
    CHECK(response.stream->next().has_value());
  } else if (response.status >= 400) {
    CHECK(response.type == "application/problem+json");
    const auto problem = wire::Json::parse(response.body);
    CHECK(gateway::fits("Problem", problem).has_value());
  } else if (response.type == "application/json" && response.status != 304) {
    CHECK(wire::Json::accept(response.body));
  }
  return 0;
}
