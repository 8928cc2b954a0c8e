// What the engine's side and the supervisor process say to each other. Private to the layer.
//
// To the supervisor, on its stdin: one request frame, then nothing; a further byte asks it to end
// the program, the end of the stream means that the engine is gone. From the supervisor, on its
// stdout: output frames, then one exit or refusal frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "worker/supervisor.h"

namespace vitana::worker::wire {

enum class FrameKind : char { request = 'R', output = 'O', exit = 'X', refusal = 'F' };

inline constexpr std::size_t frame_max = 64 << 20;
inline constexpr std::size_t frame_header = 5;

struct Frame {
  FrameKind kind = FrameKind::output;
  std::string payload;
};

std::string frame(FrameKind kind, std::string_view payload);

/// Takes the first whole frame out of `buffer`; nothing while it is incomplete.
/// Errors: INVARIANT_BROKEN - it is none.
Result<std::optional<Frame>> take_frame(std::string& buffer);

std::string pack(const SupervisedCommand& command);
std::optional<SupervisedCommand> unpack_command(std::string_view payload);

std::string pack(const SupervisedExit& exit);
std::optional<SupervisedExit> unpack_exit(std::string_view payload);

}  // namespace vitana::worker::wire
