// The deliver step: puts a run's commit on its ref, once, whatever happened before.
#pragma once

#include "engine/setup.h"

namespace vitana::engine {

/// Reads the ref first: is it what it was when the deliverable was made → push; else, holds it the
/// commit already → Delivered; else → BaseMoved. So it may be called any number of times, and
/// after a crash at any point. `source` says at the last moment whether the lease still holds. Never throws;
/// a fault is StepFailed.
port::StepReport deliver(const Setup& setup, const port::Assignment& assignment, port::RunSource& source);

}  // namespace vitana::engine
