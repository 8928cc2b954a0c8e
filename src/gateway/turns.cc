#include "gateway/turns.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace vitana::gateway {

namespace net = boost::asio;

net::awaitable<Turns::Turn> Turns::take() {
  if (free_ > 0) {
    --free_;
    co_return Turn(*this);
  }
  net::steady_timer timer(co_await net::this_coro::executor, net::steady_timer::time_point::max());
  waiting_.push_back(&timer);
  boost::system::error_code woken;
  co_await timer.async_wait(net::redirect_error(net::use_awaitable, woken));
  co_return Turn(*this);  // whoever had it has handed it over
}

void Turns::end() {
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  auto* next = waiting_.front();
  waiting_.pop_front();
  next->cancel();
}

}  // namespace vitana::gateway
