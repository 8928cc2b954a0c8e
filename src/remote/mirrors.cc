#include "remote/mirrors.h"

#include <vector>

#include "base/digest.h"
#include "git/bundle.h"
#include "remote/again.h"

namespace vitana::remote {
namespace {

constexpr std::size_t have_max = 20;

}  // namespace

Result<std::shared_ptr<Mirrors::Place>> Mirrors::place_of(const std::string& repo) {
  const std::lock_guard lock(mutex_);
  auto& place = places_[repo];
  if (place) return place;
  // What a repository is called elsewhere is no path here.
  const auto folder = folder_ / (Digest::of(repo).hex().substr(0, 16) + ".git");
  auto mirror = git::Mirror::open(folder, git_);
  if (!mirror) {
    places_.erase(repo);
    return failure(std::move(mirror.error()));
  }
  place = std::make_shared<Place>();
  place->mirror = std::move(*mirror);
  return place;
}

Result<std::shared_ptr<git::Mirror>> Mirrors::with(const port::Assignment& assignment, const git::Oid& commit,
                                                   const std::stop_token& stop) {
  const auto found = place_of(assignment.run.repo);
  if (!found) return failure(found.error());
  auto& place = **found;
  const auto turn = place.fetching.take("another fetch");
  if (!turn) return failure(turn.error());
  auto& mirror = *place.mirror;
  const auto there = mirror.exists(commit);
  if (!there) return failure(there.error());
  if (!*there) {
    const auto names = mirror.kept(Instant::max());
    if (!names) return failure(names.error());
    std::vector<std::string> have;
    for (const auto& kept : *names) {
      if (kept.starts_with(bases_kept) && have.size() < have_max) have.push_back(kept.substr(bases_kept.size()));
    }
    const auto bundle = until_taken(stop, [&] {
      return gateway_.base_bundle(assignment.run.id, assignment.lease().fence, have, stop);
    });
    if (!bundle) return failure(bundle.error());
    const auto tip = git::take_bundle(mirror, *bundle, git::BundleTrust::hashes);
    if (!tip) return failure(tip.error());
    if (tip->commit != commit) return failure(FailureCode::COMMIT_MISSING, "the bundle holds another commit");
  }
  if (auto kept = mirror.keep(std::string(bases_kept) + commit, commit); !kept) return failure(std::move(kept.error()));
  return place.mirror;
}

}  // namespace vitana::remote
