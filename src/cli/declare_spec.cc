// The words and flags of vitana spec.
#include "cli/command_tree.h"
#include "cli/spec_commands.h"

namespace vitana::cli {
namespace {

const CLI::Range version_numbers(1, 1'000'000);

void declare_versions(CommandTree& tree, CLI::App& spec) {
  struct Diff {
    std::string vtid;
    int from = 0;
    int to = 0;
  };
  struct List {
    int limit = 50;
    std::string after;
  };
  auto list = std::make_shared<List>();
  auto& lister =
      tree.look(spec, "list", "the registered specs, newest first",
                   [list](Call& call) { return spec_list(call, list->limit, list->after); });
  lister.add_option("--limit", list->limit, "at most so many")->check(CLI::Range(1, 1000));
  lister.add_option("--after", list->after, "those after this one")->type_name("VTID");

  auto show = std::make_shared<ShowSpecOptions>();
  auto& shower = tree.look(spec, "show", "a spec's text",
                              [show](Call& call) { return spec_show(call, *show); });
  shower.add_option("VTID", show->vtid, "of the task")->required();
  shower.add_option("--version", show->version, "another than the newest")
      ->type_name("N")
      ->check(version_numbers);
  shower.add_flag("--raw", show->raw, "nothing but the text");

  auto history = std::make_shared<std::string>();
  tree.look(spec, "history", "the versions of a spec",
               [history](Call& call) { return spec_history(call, *history); })
      .add_option("VTID", *history, "of the task")
      ->required();

  auto diff = std::make_shared<Diff>();
  auto& differ = tree.look(spec, "diff", "what two versions differ in", [diff](Call& call) {
    return spec_diff(call, diff->vtid, diff->from, diff->to);
  });
  differ.add_option("VTID", diff->vtid, "of the task")->required();
  differ.add_option("--from", diff->from, "the older version; else the one before --to")
      ->type_name("N")
      ->check(version_numbers);
  differ.add_option("--to", diff->to, "the newer version; else the newest")
      ->type_name("N")
      ->check(version_numbers);
}

void declare_decisions(CommandTree& tree, CLI::App& spec) {
  struct Adopt {
    std::string glob;
    bool run = false;
    bool done = false;
  };
  auto adopt = std::make_shared<Adopt>();
  auto& adopter =
      tree.command(spec, "adopt", "release or close specs that were there before vitana",
                   [adopt](Call& call) -> Answer {
                     if (adopt->run == adopt->done)
                       return usage("vitana spec adopt needs one of --run and --done",
                                    "vitana spec adopt GLOB --run");
                     return spec_adopt(call, adopt->glob,
                                       adopt->run ? engine::Adoption::run : engine::Adoption::done);
                   });
  adopter.add_option("GLOB", adopt->glob, "of their paths or VTIDs")->required();
  adopter.add_flag("--run", adopt->run, "they may run");
  adopter.add_flag("--done", adopt->done, "they are done");

  auto approve = std::make_shared<std::string>();
  tree.command(spec, "approve", "approve the newest text by its digest",
               [approve](Call& call) { return spec_approve(call, *approve); })
      .add_option("VTID", *approve, "of the task")
      ->required();

  auto id = std::make_shared<std::string>();
  tree.command(spec, "template", "a text to fill in",
               [id](Call& call) { return spec_template_print(call, *id); })
      .add_option("--vtid", *id, "the id it will carry")
      ->type_name("VTID");
}

void declare_drafts(CommandTree& tree, CLI::App& spec) {
  struct Draft {
    std::int64_t id = 0;
    std::string title;
    std::string file;
    std::string vtid;
  };
  auto& draft = tree.group(spec, "draft", "texts that are written here and approved by a person");
  auto made = std::make_shared<Draft>();
  auto& create = tree.command(draft, "create", "a new draft", [made](Call& call) {
    return draft_create(call, made->title, made->file, made->vtid);
  });
  create.add_option("FILE", made->file, "the text; - is stdin")->required();
  create.add_option("--title", made->title, "in one line")->required();
  create.add_option("--vtid", made->vtid, "the id it shall get; else one is allocated")
      ->type_name("VTID");

  const CLI::Range ids(std::int64_t{1}, std::int64_t{1} << 60);
  auto edited = std::make_shared<Draft>();
  auto& edit = tree.command(draft, "edit", "a new text for a draft", [edited](Call& call) {
    return draft_edit(call, edited->id, edited->file);
  });
  edit.add_option("ID", edited->id, "of the draft")->required()->check(ids);
  edit.add_option("FILE", edited->file, "the text; - is stdin")->required();

  auto validated = std::make_shared<Draft>();
  tree.command(draft, "validate", "check a draft",
               [validated](Call& call) { return draft_validate(call, validated->id); })
      .add_option("ID", validated->id, "of the draft")
      ->required()
      ->check(ids);
  auto approved = std::make_shared<Draft>();
  tree.command(draft, "approve", "register a validated draft",
               [approved](Call& call) { return draft_approve(call, approved->id); })
      .add_option("ID", approved->id, "of the draft")
      ->required()
      ->check(ids);
  tree.look(draft, "list", "all drafts", [](Call& call) { return draft_list(call); });
}

}  // namespace

void declare_spec_commands(CommandTree& tree) {
  auto& spec = tree.group(tree.root(), "spec", "texts that define tasks");

  auto validate = std::make_shared<ValidateOptions>();
  auto& validator = tree.command(spec, "validate", "check texts; needs no repository",
                                 [validate](Call& call) { return spec_validate(call, *validate); });
  validator.add_option("FILE", validate->files, "- is stdin")->required()->check(not_blank());
  tree.choice(*validator.add_option("--format", validate->format, "how findings are printed"),
              {"text", "github"});
  validator.add_flag("--strict", validate->strict, "as with [policy] profile = \"strict\"");

  auto registered = std::make_shared<RegisterOptions>();
  auto& registrar =
      tree.command(spec, "register", "register a text that is not committed",
                   [registered](Call& call) { return spec_register(call, *registered); });
  registrar.add_option("FILE", registered->file, "- is stdin")->required()->check(not_blank());
  registrar.add_option("--reason", registered->reason, "why it is not committed")->required()->check(not_blank());
  registrar.add_option("--vtid", registered->vtid, "its id, where the text names none")
      ->type_name("VTID");
  registrar.add_option("--repo", registered->repo, "where its work is delivered")
      ->type_name("NAME");
  registrar.add_option("--agent", registered->agent, "who works on it")->type_name("NAME");
  tree.choice(*registrar.add_option("--delivery", registered->delivery, "how it is delivered"),
              {"branch", "merge"});
  registrar.add_flag("--resolve", registered->resolve, "choose this text among differing ones");
  registrar.add_flag("--allow-jump", registered->allow_jump,
                     "a number far beyond the last one is meant");

  auto repo = std::make_shared<std::string>();
  tree.command(spec, "sync", "read the repositories now",
               [repo](Call& call) { return spec_sync(call, *repo); })
      .add_option("REPO", *repo, "only this one");

  declare_versions(tree, spec);
  declare_decisions(tree, spec);
  declare_drafts(tree, spec);
}

}  // namespace vitana::cli
