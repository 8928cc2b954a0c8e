#include "worker/supervisor_wire.h"

#include <gtest/gtest.h>

namespace vitana::worker::wire {
namespace {

SupervisedCommand full_command() {
  SupervisedCommand command;
  command.argv = {"/bin/sh", "-c", std::string("bytes: \xff 7:x\n")};
  command.cwd = "/a folder";
  command.environment = {{"A", "1"}, {"B", ""}};
  command.input = "prompt";
  command.wrapped = true;
  command.limits.wall = std::chrono::seconds(3);
  command.limits.silence = std::chrono::seconds(2);
  command.limits.output_bytes = 10;
  command.limits.memory_bytes = 11;
  command.limits.processes = 12;
  command.limits.disk_bytes = 13;
  command.limits.disk_root = "/disk";
  command.limits.private_mounts = {"/tmp", "/dev/shm"};
  return command;
}

TEST(SupervisorWire, CommandComesBackAsItWas) {
  const auto packed = pack(full_command());
  const auto back = unpack_command(packed);
  ASSERT_TRUE(back);
  EXPECT_EQ(pack(*back), packed);
  EXPECT_EQ(back->argv, full_command().argv);
  EXPECT_EQ(back->limits.disk_root, "/disk");
  EXPECT_EQ(back->limits.private_mounts, full_command().limits.private_mounts);
}

TEST(SupervisorWire, EveryCutOfACommandIsRefused) {
  const auto packed = pack(full_command());
  for (std::size_t i = 0; i < packed.size(); ++i) {
    EXPECT_FALSE(unpack_command(std::string_view(packed).substr(0, i))) << i;
  }
}

TEST(SupervisorWire, FramesAreTakenOneByOne) {
  std::string buffer = frame(FrameKind::output, "abc") + frame(FrameKind::exit, "");
  buffer.pop_back();
  const auto first = take_frame(buffer);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->payload, "abc");
  const auto second = take_frame(buffer);
  ASSERT_TRUE(second);
  EXPECT_FALSE(*second);
}

TEST(SupervisorWire, ForeignBytesAreNoFrame) {
  std::string buffer = "HTTP/1.1 200";
  EXPECT_FALSE(take_frame(buffer));
}

}  // namespace
}  // namespace vitana::worker::wire
