// As the shipped binary, this one becomes the supervisor when it is started as such.
#include <gtest/gtest.h>

#include "worker/supervisor.h"

int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == vitana::worker::supervise_argument) {
    return vitana::worker::supervise_main(argc, argv);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
