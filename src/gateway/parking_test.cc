#include "gateway/parking.h"

#include <gmock/gmock.h>

#include <deque>
#include <memory>
#include <vector>

namespace vitana::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ParkingTest : public ::testing::Test {
 protected:
  /// Comes, was asked once, and rests.
  void park(int who) {
    places_.resize(std::max(places_.size(), static_cast<std::size_t>(who) + 1));
    auto& place = places_[static_cast<std::size_t>(who)];
    place = std::make_unique<Parking::Place>(parking_, [this, who] { asked_.push_back(who); });
    rest(who, parking_.news());
  }
  void rest(int who, Parking::News seen) { places_[static_cast<std::size_t>(who)]->rest(seen); }
  void leave(int who) { places_[static_cast<std::size_t>(who)].reset(); }
  std::vector<int> asked() { return std::exchange(asked_, {}); }

  Parking parking_{2};
  std::vector<int> asked_;
  std::deque<std::unique_ptr<Parking::Place>> places_;
};

TEST_F(ParkingTest, AsksAFewInTheOrderInWhichTheyCame) {
  for (int who = 0; who < 5; ++who) park(who);
  EXPECT_THAT(asked(), IsEmpty());
  parking_.add_news();
  EXPECT_THAT(asked(), ElementsAre(0, 1));
  leave(0);  // got something
  EXPECT_THAT(asked(), ElementsAre(2));
}

TEST_F(ParkingTest, LetsTheOthersRestWhenThereIsNothingForAnybody) {
  for (int who = 0; who < 5; ++who) park(who);
  parking_.add_news();
  asked();
  const auto seen = parking_.news();
  parking_.settle(seen);
  rest(0, seen);
  rest(1, seen);
  EXPECT_THAT(asked(), IsEmpty());
  parking_.add_news();
  EXPECT_THAT(asked(), ElementsAre(0, 1)) << "who came first is still first";
}

TEST_F(ParkingTest, AsksTheNextWhereThereWasNothingForThisOneAlone) {
  for (int who = 0; who < 4; ++who) park(who);
  parking_.add_news();
  asked();
  rest(0, parking_.news());
  EXPECT_THAT(asked(), ElementsAre(2));
  rest(1, parking_.news());
  EXPECT_THAT(asked(), ElementsAre(3));
  rest(2, parking_.news());
  rest(3, parking_.news());
  EXPECT_THAT(asked(), IsEmpty()) << "all were asked for it";
}

TEST_F(ParkingTest, NewsThatComeFasterThanAnybodyIsAskedKeepNobodyWaiting) {
  for (int who = 0; who < 4; ++who) park(who);
  parking_.add_news();
  EXPECT_THAT(asked(), ElementsAre(0, 1));
  for (const int who : {0, 1}) {
    const auto seen = parking_.news();
    parking_.add_news();
    rest(who, seen);
  }
  EXPECT_THAT(asked(), ElementsAre(2, 3)) << "for one who has gone without long";
}

TEST_F(ParkingTest, WhatComesWhileSomebodyIsAskedIsNotSleptThrough) {
  park(0);
  park(1);
  parking_.add_news();
  EXPECT_THAT(asked(), ElementsAre(0, 1));
  const auto seen = parking_.news();
  parking_.add_news();
  parking_.settle(seen);  // nothing, before the news
  rest(0, seen);
  EXPECT_THAT(asked(), ElementsAre(0));
}

TEST_F(ParkingTest, WhoWasAskedBeforeTheNewsAndRestsAfterThemIsAskedAtOnce) {
  const auto seen = parking_.news();
  parking_.add_news();
  Parking::Place late(parking_, [this] { asked_.push_back(7); });
  late.rest(seen);
  EXPECT_THAT(asked(), ElementsAre(7));
  EXPECT_TRUE(late.asking());
}

TEST_F(ParkingTest, TheTurnOfWhoLeavesIsTheNextOnes) {
  for (int who = 0; who < 3; ++who) park(who);
  parking_.add_news();
  asked();
  leave(1);
  EXPECT_THAT(asked(), ElementsAre(2));
  leave(0);
  leave(2);
  park(3);
  parking_.add_news();
  EXPECT_THAT(asked(), ElementsAre(3));
}

TEST_F(ParkingTest, AllGetTheirTurnAtTheEnd) {
  for (int who = 0; who < 4; ++who) park(who);
  parking_.close();
  EXPECT_THAT(asked(), ElementsAre(0, 1, 2, 3));
}

}  // namespace
}  // namespace vitana::gateway
