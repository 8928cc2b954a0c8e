// The configured webhooks, and how far each was told.
#pragma once

#include "engine/engine.h"
#include "store/reader.h"
#include "wire/json.h"

namespace vitana::view {

/// {"webhooks":[{"name","host","events","position","behind","attempts","failing_since","next_at","passed_over","error",
/// "told_at"}]}; for who sees a part of the repositories alone: none. Never the address, which may be a secret.
/// `behind`: lines of the log that were not looked at for it.
wire::Json webhooks_json(const engine::Engine& engine, store::Reader& reader, const domain::Caller& caller);

}  // namespace vitana::view
