// What a browser needs: a page to log in at, a session in a cookie, and that other pages cannot use it.
#pragma once

#include <string_view>

#include "gateway/route.h"

namespace vitana::gateway {

/// The session's text in the request's cookie; empty where there is none.
std::string_view session_of(const Request& request);

/// Does a page of this gateway ask, as far as the browser says? Judged for what changes something with a cookie: a
/// browser sends the cookie along whoever asks. `url`: how others reach the gateway, whose own Host a proxy may have
/// changed. Errors: NOT_ALLOWED.
Result<void> require_same_origin(const Request& request, std::string_view url);

Result<Response> login_page(Exchange& exchange);
/// Takes a form with `code`: what a link was made with, or a token.
Result<Response> log_in(Exchange& exchange);
Result<Response> log_out(Exchange& exchange);
Result<Response> create_link(Exchange& exchange);

}  // namespace vitana::gateway
