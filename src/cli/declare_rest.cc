// The words and flags of the commands outside vitana spec and vitana task.
#include "cli/autopilot_command.h"
#include "cli/command_tree.h"
#include "cli/look_commands.h"
#include "cli/run_command.h"
#include "cli/store_commands.h"
#include "cli/token_commands.h"
#include "cli/worker_command.h"

namespace vitana::cli {

namespace {

void declare_worker_command(CommandTree& tree) {
  auto asked = std::make_shared<WorkerCommandOptions>();
  auto& working = tree.command(tree.root(), "worker", "work for a gateway on another machine",
                               [asked](Call& call) { return work(call, *asked); });
  working.add_option("--server", asked->worker.server, "its address; the token is in VITANA_TOKEN")
      ->type_name("URL")
      ->required();
  working.add_option("--token-file", asked->token_file, "the token is in this file")->type_name("FILE");
  working.add_option("--ca-file", asked->worker.ca_file, "trust these certificates instead of the system's")
      ->type_name("FILE");
  working.add_option("--slots", asked->worker.slots, "steps at a time; else [worker] slots of --config, else 2")
      ->type_name("N")
      ->check(CLI::Range(1, 256));
  working.add_option("--label", asked->worker.labels, "told with its name; may be given again")->type_name("LABEL");
  working.add_option("--name", asked->worker.name, "else the machine's")->type_name("NAME");
  tree.choice(*working.add_option("--role", asked->role, "execute, or judge what others executed"), {"worker", "verifier"});
  working.add_flag("--insecure", asked->worker.insecure, "another machine is spoken to without encryption");
  auto& once = *working.add_flag("--once", asked->once, "take one step, and end with it");
  working.add_flag("--until-idle", asked->until_idle, "end when the gateway has nothing to do")->excludes(&once);
}

}  // namespace

void declare_engine_commands(CommandTree& tree) {
  auto& root = tree.root();
  tree.command(root, "init", "write a configuration and a first spec into this repository",
               [](Call& call) { return init(call); });

  auto run = std::make_shared<RunOptions>();
  auto& runner = tree.command(root, "run", "one task from its spec to delivery",
                              [run](Call& call) { return run_task(call, *run); });
  runner.add_option("SPEC", run->spec, "a file, or the VTID of a registered spec")->required()->check(not_blank());
  runner.add_option("--repo", run->repo, "the repository: a folder, or a configured name")
      ->type_name("DIR");
  runner.add_option("--agent", run->agent, "who works on it")->type_name("NAME");
  tree.choice(*runner.add_option("--delivery", run->delivery, "how it is delivered"), {"branch", "merge"});

  auto pilot = std::make_shared<AutopilotOptions>();
  auto& piloting =
      tree.command(root, "autopilot", "scan, gate, dispatch and work, in the foreground",
                   [pilot](Call& call) { return autopilot(call, *pilot); });
  piloting.add_flag("--until-idle", pilot->until_idle, "end when there is nothing left to do");
  piloting.add_option("--slots", pilot->slots, "agents at a time; else [worker] slots")
      ->type_name("N")
      ->check(CLI::Range(1, 256));

  auto served = std::make_shared<AutopilotOptions>();
  served->serve.emplace();
  auto& serving = tree.command(root, "serve", "the same with a gateway: API and live events",
                               [served](Call& call) { return autopilot(call, *served); });
  serving.add_option("--listen", served->serve->listen, "where it is reached; else [server] listen; port 0: a free one")
      ->type_name("HOST:PORT");
  serving.add_flag("--insecure", served->serve->insecure, "reached from other machines without encryption");
  tree.choice(*serving.add_option("--log", served->serve->log, "how answered requests are told on standard error"),
              {"none", "text", "json"});
  serving.add_option("--slots", served->slots, "agents at a time; else [worker] slots; 0: all work is done elsewhere")
      ->type_name("N")
      ->check(CLI::Range(0, 256));
  serving.add_flag("--paused", served->paused, "with execution off: specs are registered, nothing runs");

  declare_worker_command(tree);

  auto now = std::make_shared<bool>(false);
  tree.command(root, "stop", "end the engine of this data directory",
               [now](Call& call) { return stop_engine(call, *now); })
      .add_flag("--now", *now, "without waiting for steps under way");
}

void declare_look_commands(CommandTree& tree) {
  auto& root = tree.root();
  auto asked = std::make_shared<EventsOptions>();
  auto& log =
      tree.look(root, "events", "the log", [asked](Call& call) { return events(call, *asked); });
  log.add_flag("--follow,-f", asked->follow, "go on as they come");
  log.add_option("--after", asked->after, "those after this one")
      ->type_name("SEQ")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 60));
  log.add_option("--vtid", asked->vtid, "of this task")->type_name("VTID");
  log.add_option("--type", asked->type, "of these types: autopilot.state.*")->type_name("GLOB");
  log.add_option("--limit", asked->limit, "at most so many, without --follow")
      ->check(CLI::Range(1, 1'000'000));

  struct Stats {
    std::string by = "code";
    std::string since = "24h";
  };
  auto span = std::make_shared<Stats>();
  auto& counted = tree.look(root, "stats", "how runs ended",
                               [span](Call& call) { return stats(call, span->by, span->since); });
  tree.choice(*counted.add_option("--by", span->by, "what they are counted by"), {"code", "agent", "repo"});
  counted.add_option("--since", span->since, "how far back: 24h")->type_name("DURATION");

  tree.command(root, "workers", "the steps that are leased now, and the workers on other machines",
               [](Call& call) { return workers(call); });
  tree.look(root, "repos", "the configured repositories",
               [](Call& call) { return repos(call); });

  auto& switches = tree.group(root, "controls", "an operator's switches",
                              [](Call& call) { return controls_list(call); });
  tree.look(switches, "list", "how they stand", [](Call& call) { return controls_list(call); });
  struct Setting {
    SetControlOptions options;
    std::string state;
  };
  auto setting = std::make_shared<Setting>();
  auto& set = tree.command(switches, "set", "turn one on or off", [setting](Call& call) {
    setting->options.on = setting->state == "on";
    return controls_set(call, setting->options);
  });
  tree.offer(*set.add_option("KEY", setting->options.key, "execution")->required(), {"execution"});
  tree.choice(*set.add_option("STATE", setting->state, "on or off")->required(), {"on", "off"});
  set.add_option("--reason", setting->options.reason, "kept in the log")->required()->check(not_blank());
  set.add_option("--until", setting->options.until, "2h, or an instant; then it falls back")
      ->type_name("TIME");
}

void declare_store_commands(CommandTree& tree) {
  auto& root = tree.root();
  auto& config = tree.group(root, "config", "the configuration");
  tree.command(config, "check", "is it valid?", [](Call& call) { return config_check(call); });
  tree.command(config, "show", "what is in force", [](Call& call) { return config_show(call); });

  auto expect = std::make_shared<std::string>();
  tree.command(root, "audit", "check the whole store",
               [expect](Call& call) { return audit(call, *expect); })
      .add_option("--expect", *expect, "an anchor that was kept elsewhere")
      ->type_name("SEQ:HASH");
  auto to = std::make_shared<std::string>();
  tree.command(root, "backup", "a consistent copy, also while an engine runs",
               [to](Call& call) { return backup(call, *to); })
      .add_option("FILE", *to, "the new file")
      ->required()
      ->check(not_blank());
  auto from = std::make_shared<std::string>();
  tree.command(root, "restore", "start again from a backup",
               [from](Call& call) { return restore(call, *from); })
      .add_option("FILE", *from, "the backup")
      ->required()
      ->check(not_blank());
  tree.command(root, "migrate", "bring the store to this version",
               [](Call& call) { return migrate(call); });
  tree.command(root, "doctor", "what is there and what is wrong",
               [](Call& call) { return doctor(call); });
  tree.command(root, "version", "the version", [](Call& call) { return version(call); });
}

void declare_access_commands(CommandTree& tree) {
  auto& tokens = tree.group(tree.root(), "tokens", "who may ask the gateway",
                            [](Call& call) { return tokens_list(call); });
  std::vector<std::string> roles;
  for (const auto role : domain::all_roles) roles.emplace_back(name_of(role));
  const auto whose = [&](CLI::App& command, TokenOptions& options) {
    tree.choice(*command.add_option("--role", options.role, "what it allows")->required(), roles);
    command.add_option("--name", options.name, "whose it is: stands in the log")->type_name("NAME")->check(not_blank());
    command.add_option("--repo", options.repos, "of this repository alone; may be given again")->type_name("NAME");
  };
  auto made = std::make_shared<TokenOptions>();
  auto& create = tree.command(tokens, "create", "make one and print it, once",
                              [made](Call& call) { return tokens_create(call, *made); });
  whose(create, *made);
  create.add_option("--expires", made->expires, "after so long: 30d")->type_name("DURATION")->check(not_blank());
  auto linked = std::make_shared<TokenOptions>();
  whose(tree.command(tokens, "link", "print an address at which a browser logs in, once",
                     [linked](Call& call) { return tokens_link(call, *linked); }),
        *linked);
  tree.look(tokens, "list", "all that were made", [](Call& call) { return tokens_list(call); });
  auto id = std::make_shared<std::string>();
  tree.command(tokens, "revoke", "let it in no more", [id](Call& call) { return tokens_revoke(call, *id); })
      .add_option("ID", *id, "as tokens list shows it")
      ->required();
}

}  // namespace vitana::cli
