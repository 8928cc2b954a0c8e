#include "gateway/parking.h"

#include <algorithm>
#include <utility>

namespace vitana::gateway {

void Parking::add_news() {
  ++news_;
  go_on();
}

void Parking::settle(News seen) { settled_ = std::max(settled_, seen); }

void Parking::close() {
  closed_ = true;
  go_on();
}

// Who was asked longest ago is next: news that come faster than anybody is asked keep nobody waiting.
Parking::Place* Parking::next() const {
  Place* first = nullptr;
  // What is for nobody each of them has heard of.
  const auto heard = [&](const Place& place) { return std::max(place.seen_, settled_); };
  for (auto* place : places_) {
    if (!place->resting_ || (place->seen_ == news_ && !closed_)) continue;
    if (first == nullptr || heard(*place) < heard(*first)) first = place;
  }
  return first;
}

void Parking::go_on() {
  while (closed_ || (asking_ < asking_max_ && settled_ < news_)) {
    auto* place = next();
    if (place == nullptr) return;
    place->resting_ = false;
    place->asking_ = true;
    ++asking_;
    place->turn_();
  }
}

Parking::Place::Place(Parking& parking, std::function<void()> turn)
    : parking_(parking), turn_(std::move(turn)), at_(parking.places_.insert(parking.places_.end(), this)) {}

Parking::Place::~Place() {
  parking_.places_.erase(at_);
  if (!asking_) return;
  --parking_.asking_;
  parking_.go_on();
}

void Parking::Place::rest(News seen) {
  seen_ = seen;
  resting_ = true;
  if (std::exchange(asking_, false)) --parking_.asking_;
  parking_.go_on();
}

}  // namespace vitana::gateway
