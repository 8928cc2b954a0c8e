// Requests that wait until there is something for them: which of them is asked anew, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>

namespace vitana::gateway {

/// Who was asked longest ago first, of several who came first; and so many at a time that others do not wait behind
/// them. One that got something makes way for the next; one that heard that there is nothing for anybody lets all
/// others rest until there is something new. Nobody rests while there may be something that he was not asked for.
/// One thread.
class Parking {
 public:
  /// How much is known to have come: what a request that begins to be asked now will see, and maybe more.
  using News = std::uint64_t;

  explicit Parking(std::size_t asking_max) : asking_max_(asking_max) {}
  Parking(const Parking&) = delete;
  Parking& operator=(const Parking&) = delete;

  News news() const { return news_; }
  /// There may be something new.
  void add_news();
  /// Whoever was asked from `seen` on heard that nobody gets anything of what there was.
  void settle(News seen);
  /// All get their turn at once: it ends.
  void close();

  /// One request, from when it first heard that there is nothing for it until it is done with.
  class Place {
   public:
    /// `turn` is called when it is to be asked anew; not before rest(), and once after each.
    Place(Parking& parking, std::function<void()> turn);
    ~Place();  ///< its turn is the next one's
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    /// It was asked from `seen` on, and got nothing. `turn` may be called before this returns.
    void rest(News seen);
    /// Is it its turn?
    bool asking() const { return asking_; }

   private:
    friend class Parking;
    Parking& parking_;
    const std::function<void()> turn_;
    std::list<Place*>::iterator at_;
    News seen_ = 0;
    bool resting_ = false;
    bool asking_ = false;
  };

 private:
  Place* next() const;
  void go_on();

  const std::size_t asking_max_;
  std::list<Place*> places_;  ///< who came first stands first
  std::size_t asking_ = 0;
  News news_ = 0;
  News settled_ = 0;
  bool closed_ = false;
};

}  // namespace vitana::gateway
