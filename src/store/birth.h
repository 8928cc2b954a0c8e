// The events by which a row comes into being. The store makes them itself, and audit() looks for
// them: a row of these kinds that has none was not written by vitana. Not for use outside store/.
#pragma once

#include "domain/event.h"
#include "store/maps.h"

namespace vitana::store::birth {

domain::Event task(const domain::Task& task);
domain::Event spec(const domain::SpecVersion& spec);
domain::Event approval(const ApprovalRow& approval);
domain::Event evidence(const StoredEvidence& evidence);
domain::Event delivery(const DeliveryRow& row);
domain::Event control(const ControlRow& control);
/// Of a token that is made, or, where `row` is revoked, that is taken back.
domain::Event token(const TokenRow& row, const std::string& actor);

/// Over all columns of the row, in their order, each framed: stands in the event of the evidence.
Digest digest_of(const StoredEvidence& evidence);
/// As the token was made: what taking it back changes does not count.
Digest digest_of(const TokenRow& row);

}  // namespace vitana::store::birth
