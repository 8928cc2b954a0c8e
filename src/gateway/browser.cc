#include "gateway/browser.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "gateway/body.h"
#include "gateway/target.h"
#include "view/json.h"

namespace vitana::gateway {
namespace {

using wire::Json;

constexpr std::string_view cookie = "vitana_session=";

/// A text between the tags of a page.
std::string in_html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

Response page(std::string_view title, std::string_view body, int status = 200) {
  Response response{.status = status, .type = "text/html; charset=utf-8"};
  response.body = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{0}</title></head>\n"
      "<body><main><h1>{0}</h1>\n{1}\n</main></body></html>\n",
      title, body);
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  return response;
}

/// A cookie that scripts cannot read and that no other page's request brings along.
std::string set_cookie(const Exchange& exchange, std::string_view value, Duration age) {
  const bool encrypted = exchange.request.encrypted || exchange.url.starts_with("https:");
  return fmt::format("{}{}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{}", cookie, value,
                     std::chrono::duration_cast<std::chrono::seconds>(age).count(), encrypted ? "; Secure" : "");
}

std::string_view host_of(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == origin.npos ? std::string_view() : origin.substr(scheme + 3);
}

std::string form_value(const std::string& form, std::string_view name) {
  const auto fields = parse_target("/?" + form);
  if (!fields) return {};
  for (const auto& [key, value] : fields->query) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

std::string_view session_of(const Request& request) {
  auto list = request.header("cookie");
  while (!list.empty()) {
    while (list.starts_with(' ')) list.remove_prefix(1);
    const auto one = list.substr(0, list.find(';'));
    if (one.starts_with(cookie)) return one.substr(cookie.size());
    list.remove_prefix(std::min(one.size() + 1, list.size()));
  }
  return {};
}

Result<void> require_same_origin(const Request& request, std::string_view url) {
  const auto refused = failure(FailureCode::NOT_ALLOWED, "another page asks with this browser's session");
  // What every browser of today says, and no page can make it say otherwise.
  if (const auto site = request.header("sec-fetch-site"); !site.empty()) {
    if (site == "same-origin") return {};
    return refused;
  }
  const auto origin = request.header("origin");
  const auto host = host_of(origin);
  if (host.empty() || (host != request.header("host") && origin != url)) return refused;
  return {};
}

Result<Response> login_page(Exchange& exchange) {
  // Asked for by programs that look at links before a person does: nothing is used up by looking.
  const auto code = exchange.arguments.text("code");
  const auto field = code.empty() ? std::string("<label>A link's code, or a token: <input name=\"code\" type=\"password\" "
                                                "autocomplete=\"current-password\" required autofocus></label>")
                                  : fmt::format("<input type=\"hidden\" name=\"code\" value=\"{}\">", in_html(code));
  return page("Log in to Vitana", fmt::format("<form method=\"post\" action=\"/login\">{} "
                                              "<button type=\"submit\">Log in</button></form>", field));
}

Result<Response> log_in(Exchange& exchange) {
  if (auto same = require_same_origin(exchange.request, exchange.url); !same) return failure(std::move(same.error()));
  const auto opened = exchange.engine.access.open_session(form_value(exchange.request.body, "code"));
  if (!opened) {
    if (opened.error().code != FailureCode::UNAUTHENTICATED) return failure(opened.error());
    return page("This does not let you in", "<p>No token that holds, or a link that was used: one works once, within ten "
                                            "minutes. Ask for another one, or make one: "
                                            "<code>vitana tokens link --role ROLE</code></p>", 401);
  }
  auto response = page("You are logged in", fmt::format("<p>{}, as {}: this browser may ask the API now, "
                                                        "<a href=\"/api/v1/attention\">what needs a person</a> and "
                                                        "<a href=\"/api/v1/tasks\">the tasks</a> for instance.</p>",
                                                        in_html(opened->row.name), name_of(opened->row.role)));
  response.headers.emplace_back(
      "Set-Cookie", set_cookie(exchange, opened->token, *opened->row.expires_at - opened->row.created_at));
  return response;
}

Result<Response> log_out(Exchange& exchange) {
  if (auto same = require_same_origin(exchange.request, exchange.url); !same) return failure(std::move(same.error()));
  if (auto closed = exchange.engine.access.close_session(session_of(exchange.request)); !closed) {
    return failure(std::move(closed.error()));
  }
  auto response = page("You are logged out", "<p><a href=\"/login\">Log in</a></p>");
  response.headers.emplace_back("Set-Cookie", set_cookie(exchange, "", Duration::zero()));
  return response;
}

Result<Response> create_link(Exchange& exchange) {
  const auto issued = exchange.engine.access.link(token_request_in(exchange.body), exchange.asked);
  if (!issued) return failure(issued.error());
  auto out = view::token_json(issued->row, exchange.now);
  const auto path = "/login?code=" + issued->token;
  out["path"] = path;
  out["url"] = exchange.url.empty() ? Json() : Json(std::string(exchange.url) + path);
  return json(out, 201);
}

}  // namespace vitana::gateway
