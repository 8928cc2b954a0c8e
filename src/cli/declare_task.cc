// The words and flags of vitana task.
#include "cli/command_tree.h"
#include "cli/task_commands.h"
#include "view/task_view.h"

namespace vitana::cli {
namespace {

struct Reasoned {
  std::string vtid;
  std::string reason;
};

std::vector<std::string> status_names() {
  std::vector<std::string> names;
  for (const auto status : domain::task_statuses) names.emplace_back(name_of(status));
  return names;
}

std::vector<std::string> order_names() {
  std::vector<std::string> names;
  for (const auto order : view::task_orders) names.emplace_back(view::name_of(order));
  return names;
}

std::vector<std::string> code_names() {
  std::vector<std::string> names;
  for (const auto& info : failure_catalogue()) names.emplace_back(info.name);
  return names;
}

const CLI::Validator known_code(
    [](const std::string& text) {
      return failure_code(text) ? std::string() : text + " is no failure code";
    },
    "CODE");

void declare_lists(CommandTree& tree, CLI::App& task) {
  auto list = std::make_shared<ListOptions>();
  auto& lister = tree.look(task, "list", "the tasks, newest first",
                              [list](Call& call) { return task_list(call, *list); });
  tree.choice(*lister.add_option("--status", list->status, "only these"), status_names());
  tree.offer(*lister.add_option("--code", list->code, "that failed with this code")->check(known_code),
             code_names());
  lister.add_option("--repo", list->repo, "of this repository")->type_name("NAME");
  tree.choice(*lister.add_option("--sort", list->sort, "newest, oldest, or what changed last"), order_names());
  lister.add_option("--limit", list->limit, "at most so many")->check(CLI::Range(1, 1000));
  lister.add_option("--after", list->after, "those after this one: next_cursor")->type_name("CURSOR");

  auto shown = std::make_shared<std::string>();
  tree.look(task, "show", "all about one task",
               [shown](Call& call) { return task_show(call, *shown); })
      .add_option("VTID", *shown, "of the task")
      ->required();
  auto why = std::make_shared<std::string>();
  tree.look(task, "why", "why a task is where it is, and what happens next",
               [why](Call& call) { return task_why(call, *why); })
      .add_option("VTID", *why, "of the task")
      ->required();
  auto watched = std::make_shared<std::string>();
  tree.command(task, "watch", "its events until it has ended or waits for a person",
               [watched](Call& call) { return task_watch(call, *watched); })
      .add_option("VTID", *watched, "of the task")
      ->required();
}

void declare_decisions(CommandTree& tree, CLI::App& task) {
  auto created = std::make_shared<CreateOptions>();
  auto& create =
      tree.command(task, "create", "a new task: a title and a description, or three questions",
                   [created](Call& call) { return task_create(call, *created); });
  create.add_flag("--intake", created->intake,
                  "ask three questions; a longer answer ends with a line \".\"");
  create.add_option("--title", created->title, "in one line");
  create.add_option("--description", created->description, "a file with the text; - is stdin")
      ->type_name("FILE");
  create.add_option("--vtid", created->vtid, "the id it shall get; else one is allocated")
      ->type_name("VTID");
  create.add_flag("--allow-jump", created->allow_jump, "an id far beyond the last one is meant");
  create.add_option("--repo", created->repo, "where its work is delivered")->type_name("NAME");

  auto approved = std::make_shared<std::string>();
  tree.command(task, "approve", "permit execution",
               [approved](Call& call) { return task_approve(call, *approved); })
      .add_option("VTID", *approved, "of the task")
      ->required();

  auto retried = std::make_shared<Reasoned>();
  auto& retry = tree.command(
      task, "retry", "run a task again that has ended or is stuck",
      [retried](Call& call) { return task_retry(call, retried->vtid, retried->reason); });
  retry.add_option("VTID", retried->vtid, "of the task")->required();
  retry.add_option("--reason", retried->reason, "kept in the log")->check(not_blank());

  auto cancelled = std::make_shared<Reasoned>();
  auto& cancel = tree.command(
      task, "cancel", "end a task without a result",
      [cancelled](Call& call) { return task_cancel(call, cancelled->vtid, cancelled->reason); });
  cancel.add_option("VTID", cancelled->vtid, "of the task")->required();
  cancel.add_option("--reason", cancelled->reason, "kept in the log")->check(not_blank());

  auto answered = std::make_shared<Reasoned>();
  auto& answer = tree.command(
      task, "answer", "answer the agent's question",
      [answered](Call& call) { return task_answer(call, answered->vtid, answered->reason); });
  answer.add_option("VTID", answered->vtid, "of the task")->required();
  answer.add_option("TEXT", answered->reason, "- is stdin")->required();

  struct SignOff {
    SignOffOptions options;
    bool met = false;
    bool not_met = false;
  };
  auto judged = std::make_shared<SignOff>();
  auto& sign_off = tree.command(
      task, "sign-off", "judge what only a person can judge", [judged](Call& call) -> Answer {
        if (judged->met == judged->not_met) {
          return usage("vitana task sign-off needs one of --met and --not-met",
                       "vitana task sign-off VTID [CRITERION] --met");
        }
        // What was wrong is all that the next run's agent can go by.
        if (judged->not_met && judged->options.reason.empty()) {
          return usage("vitana task sign-off --not-met needs --reason TEXT: what is not as it should be",
                       "vitana task sign-off VTID [CRITERION] --not-met --reason TEXT");
        }
        judged->options.met = judged->met;
        return task_sign_off(call, judged->options);
      });
  sign_off.add_option("VTID", judged->options.vtid, "of the task")->required();
  sign_off.add_option("CRITERION", judged->options.criterion, "AC-2; else all that are open");
  sign_off.add_flag("--met", judged->met, "it is met");
  sign_off.add_flag("--not-met", judged->not_met, "it is not met; needs --reason");
  sign_off.add_option("--reason", judged->options.reason, "kept with the evidence; needed for --not-met")->check(not_blank());
}

void declare_results(CommandTree& tree, CLI::App& task) {
  const auto of_run = [](CLI::App& app, OfRun& of) {
    app.add_option("VTID", of.vtid, "of the task")->required();
    app.add_option("--run", of.attempt, "another than the newest")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
  };
  struct Log {
    OfRun of;
    bool follow = false;
  };
  auto log = std::make_shared<Log>();
  auto& logger = tree.look(task, "log", "what the agent printed",
                              [log](Call& call) { return task_log(call, log->of, log->follow); });
  of_run(logger, log->of);
  logger.add_flag("--follow,-f", log->follow, "until the agent has ended");
  auto diff = std::make_shared<OfRun>();
  of_run(tree.look(task, "diff", "the change of a run",
                      [diff](Call& call) { return task_diff(call, *diff); }),
         *diff);
  auto evidence = std::make_shared<OfRun>();
  of_run(tree.look(task, "evidence", "what the verifier saw",
                      [evidence](Call& call) { return task_evidence(call, *evidence); }),
         *evidence);
}

}  // namespace

void declare_task_commands(CommandTree& tree) {
  auto& task = tree.group(tree.root(), "task", "what becomes of specs, and what persons decide");
  declare_lists(tree, task);
  declare_decisions(tree, task);
  declare_results(tree, task);
}

}  // namespace vitana::cli
