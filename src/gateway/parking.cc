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

void Parking::go_on() {
  for (auto* place : places_) {
    if (!closed_ && (asking_ >= asking_max_ || settled_ >= news_)) return;
    if (!place->resting_ || (place->seen_ == news_ && !closed_)) continue;
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
