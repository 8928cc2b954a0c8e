#include "simulation/faults.h"

namespace vitana::testing {
namespace {

tl::unexpected<Error> broken() {
  return failure(FailureCode::GIT_FAILED, "the simulated git command failed");
}

}  // namespace

void Faults::arm(std::string action, int countdown) {
  action_ = std::move(action);
  countdown_ = countdown;
}

void Faults::point(const char* where) {
  if (countdown_ == 0 || --countdown_ > 0) return;
  deaths.emplace(action_, where);
  throw Crash{where};
}

Result<std::optional<std::string>> FaultyRepository::branch_tip() {
  if (faults_.fails()) return broken();
  return inner_->branch_tip();
}

Result<std::string> FaultyRepository::fetch() {
  if (faults_.fails()) return broken();
  return inner_->fetch();
}

Result<std::vector<port::TreeChange>> FaultyRepository::changes(
    const std::string& from, const std::string& to, const std::vector<std::string>& globs) {
  if (faults_.fails()) return broken();
  return inner_->changes(from, to, globs);
}

Result<std::map<std::string, std::string>> FaultyRepository::renames(const std::string& from,
                                                                     const std::string& to) {
  if (faults_.fails()) return broken();
  return inner_->renames(from, to);
}

Result<std::string> FaultyRepository::read_blob(const std::string& blob, std::size_t bytes_max) {
  if (faults_.fails()) return broken();
  return inner_->read_blob(blob, bytes_max);
}

Result<std::optional<std::string>> FaultyRepository::read_file(const std::string& commit,
                                                               const std::string& path,
                                                               std::size_t bytes_max) {
  if (faults_.fails()) return broken();
  return inner_->read_file(commit, path, bytes_max);
}

Result<std::vector<port::PathCommit>> FaultyRepository::last_commits(
    const std::string& tip, const std::string& since, const std::vector<std::string>& paths) {
  if (faults_.fails()) return broken();
  return inner_->last_commits(tip, since, paths);
}

Result<std::vector<port::DeliveryTrailer>> FaultyRepository::deliveries(const std::string& from,
                                                                        const std::string& to) {
  if (faults_.fails()) return broken();
  return inner_->deliveries(from, to);
}

Result<std::optional<port::BranchBeside>> FaultyRepository::fetch_beside(const std::string& ref) {
  if (faults_.fails()) return broken();
  return inner_->fetch_beside(ref);
}

Result<void> FaultyRepository::forget_beside() { return inner_->forget_beside(); }

void FaultyRepository::land(double chance) {
  std::erase_if(in_flight_, [&](const domain::Deliverable& goods) {
    return faults_.chance(chance) && inner_->push(goods, {}).has_value();
  });
}

Result<bool> FaultyRepository::holds(const std::string& ref, const std::string& ancestor) {
  land(0.5);
  if (faults_.fails()) return broken();
  return inner_->holds(ref, ancestor);
}

Result<std::optional<std::string>> FaultyRepository::ref_commit(const std::string& ref) {
  land(0.5);
  if (faults_.fails()) return broken();
  return inner_->ref_commit(ref);
}

Result<port::PushAnswer> FaultyRepository::push(const domain::Deliverable& deliverable,
                                                const port::MayBegin& may_begin) {
  land(1);  // they hold the lock
  if (may_begin) {
    if (auto may = may_begin(); !may) return failure(std::move(may.error()));
  }
  try {
    faults_.point("in push");
  } catch (const Crash&) {
    in_flight_.push_back(deliverable);
    throw;
  }
  faults_.point("before push");
  if (faults_.fails()) return broken();
  auto pushed = inner_->push(deliverable, {});
  faults_.point("after push");
  if (faults_.fails()) return broken();  // the answer got lost, not the push
  return pushed;
}

Result<bool> FaultyRepository::withdraw(const domain::Deliverable& deliverable) {
  faults_.point("before withdraw");
  if (faults_.fails()) return broken();
  land(0.5);
  // What has not landed by now is ended.
  std::erase_if(in_flight_, [&](const auto& goods) { return goods.new_commit == deliverable.new_commit; });
  return inner_->withdraw(deliverable);
}

Result<void> FaultyRepository::remove(const std::string& ref, const std::string& commit) {
  faults_.point("before remove");
  if (faults_.fails()) return broken();
  return inner_->remove(ref, commit);
}

std::optional<port::CallbackWorker> FaultyDispatcher::choose(const RunId& run, const std::vector<port::CallbackWorker>&,
                                                             int) {
  const auto odd = (run.vtid.number() + static_cast<std::uint32_t>(run.attempt)) % 2 != 0;
  return odd ? std::optional(port::CallbackWorker{"wrk_1", "http://worker.example/", {}}) : std::nullopt;
}

Result<void> FaultyDispatcher::route(const port::RunOffer& offer, const port::CallbackWorker&) {
  faults_.point("before route");
  if (faults_.fails()) return failure(FailureCode::ROUTE_FAILED, "connection refused");
  watch_(offer.run);
  faults_.point("after route");
  if (faults_.fails()) return failure(FailureCode::NETWORK_UNREACHABLE, "no answer");
  return {};
}

}  // namespace vitana::testing
