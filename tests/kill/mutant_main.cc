// The program with one guard removed: delivery does not look whether its commit is there already,
// but puts one on the branch's tip, each time it is asked. The kill campaign has to find that out;
// if it does not, it proves nothing.
#include <string_view>

#include "app/application.h"
#include "app/git_repository.h"
#include "git/commit.h"
#include "git/push.h"
#include "worker/supervisor.h"

namespace {

using namespace vitana;

Result<void> put_on_tip(app::GitRepository& repository, const domain::Deliverable& goods) {
  auto mirror = repository.mirror();
  if (!mirror) return failure(mirror.error());
  auto tip = repository.fetch();
  if (!tip) return failure(tip.error());
  auto message = (*mirror)->run({"log", "-1", "--format=%B", goods.new_commit});
  if (!message) return failure(message.error());
  const git::Signature who{{"Mutant", "mutant@example.org"}, Instant{}};
  const git::Oid parents[] = {*tip};
  auto commit = git::commit_tree(**mirror, goods.tree, parents, *message, who, who);
  if (!commit) return failure(commit.error());
  return git::push(**mirror, {repository.source(), *commit, goods.ref, *tip});
}

port::StepReport deliver_without_looking(const engine::Setup& setup, const port::Assignment& assignment,
                                         port::RunSource&) {
  const auto fence = assignment.lease().fence;
  auto& repository =
      dynamic_cast<app::GitRepository&>(*setup.repo(assignment.run.repo)->repository);
  auto put = put_on_tip(repository, *assignment.run.deliverable);
  for (int again = 0; again < 50 && !put && put.error().code == FailureCode::DELIVERY_RACE; ++again) {
    put = put_on_tip(repository, *assignment.run.deliverable);
  }
  if (!put) return domain::StepFailed{fence, put.error()};
  return domain::Delivered{fence};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "__supervise") {
    return worker::supervise_main(argc, argv);
  }
  app::Parts parts;
  parts.rules.deliver = &deliver_without_looking;
  app::VitanaApplication application(parts);
  return cli::run_command_line(argc, argv, application);
}
