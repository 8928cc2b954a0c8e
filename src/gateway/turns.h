// So many at a time, in the order in which they ask. Not for use outside the gateway's network; one thread.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

namespace vitana::gateway {

class Turns {
 public:
  explicit Turns(std::size_t at_once) : free_(at_once) {}
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;

  /// Ends with it.
  class Turn {
   public:
    explicit Turn(Turns& turns) : turns_(&turns) {}
    Turn(Turn&& other) noexcept : turns_(std::exchange(other.turns_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end();
    }

   private:
    Turns* turns_;
  };

  /// Waits for one. All that wait get theirs, for each turn ends.
  boost::asio::awaitable<Turn> take();
  std::size_t waiting() const { return waiting_.size(); }

 private:
  void end();

  std::size_t free_;
  std::deque<boost::asio::steady_timer*> waiting_;
};

}  // namespace vitana::gateway
