"""A newcomer's first minutes: an empty repository, an agent in PATH, and a delivered branch."""

import pathlib
import signal
import subprocess
import tomllib

from harness import SOURCE, Engine, World, spec_text, wait_until

AGENTS = SOURCE / "examples/agents"

# Records how it was started inside the tree, the only place that it may write to, and does its work.
RECORDER = """#!/bin/sh -e
mkdir -p seen docs
cat > seen/stdin
for word in "$@"; do printf '%s\\n' "$word"; done > seen/argv
env | cut -d= -f1 | sort > seen/environment
cp "$VITANA_SPEC_FILE" seen/spec
cp "$VITANA_PROMPT_FILE" seen/prompt
printf '%s %s\\n' "$VITANA_VTID" "$VITANA_RUN_ID" > seen/ids
echo 'Vitana was here' > docs/vitana-first-task.md
"""


class NewcomerWorld(World):
    def prepare(self):
        self.repo.commit("a page", {"page.txt": "colour: red\n"})

    def program(self, name, text=RECORDER):
        file = self.root / "bin" / name
        file.write_text(text)
        file.chmod(0o755)

    def delivered_branch(self, vtid="VTID-00001"):
        prefix = f"vtid/{vtid[5:]}-"
        found = [branch for branch in self.repo.branches() if branch.startswith(prefix)]
        self.assertEqual(len(found), 1, self.repo.branches())
        return found[0]


class FromNothingToADeliveredBranch(NewcomerWorld):
    def test_three_commands_in_a_fresh_repository(self):
        self.program("claude")
        tip = self.repo.head()
        self.vitana("init", code=0)
        self.assertIn("1 repository, 1 agent", self.vitana("doctor", code=0).out)
        answer = self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        self.assertIn("2 of 2 verified", answer.out)
        branch = self.delivered_branch()
        self.assertIn(branch, answer.out + answer.err)
        self.assertEqual(self.repo.show("docs/vitana-first-task.md", branch), "Vitana was here")
        self.assertEqual(self.repo.count(f"main..{branch}"), 1)
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(sorted(self.repo.status().splitlines()),
                         ["?? docs/specs/00001-first-task.md", "?? vitana.toml"])
        self.assertNoProcess()

    def test_what_init_writes_is_valid(self):
        self.program("claude")
        self.vitana("init", code=0)
        self.vitana("config", "check", code=0)
        self.vitana("spec", "validate", "docs/specs/00001-first-task.md", code=0)
        # A second time nothing is overwritten.
        before = (self.repo.folder / "vitana.toml").read_bytes()
        self.vitana("init", code=4)
        self.assertEqual((self.repo.folder / "vitana.toml").read_bytes(), before)

    def test_without_an_agent_it_says_so(self):
        answer = self.vitana("init", code=0)
        self.assertIn("no agent was found", answer.err)
        self.vitana("config", "check", code=0)
        self.assertEqual(self.vitana("doctor").code, 1)
        told = self.vitana("run", "docs/specs/00001-first-task.md", "--json", seconds=120)
        self.assertNotEqual(told.code, 0)
        self.assertIn("agent", (told.out + told.err).lower())
        self.assertNoProcess()

    def test_outside_a_repository_it_says_what_to_do(self):
        place = self.root / "elsewhere"
        place.mkdir()
        answer = self.vitana("init", folder=place, code=3)
        self.assertIn("git init", answer.err)

    def test_run_prints_the_task_as_json(self):
        self.program("claude")
        self.vitana("init", code=0)
        task = self.vitana("run", "docs/specs/00001-first-task.md", "--json", code=0).json
        self.assertEqual((task["vtid"], task["status"]), ("VTID-00001", "completed"))
        self.assertEqual(task, self.show("VTID-00001"))

    def test_run_again_does_not_do_it_twice(self):
        self.program("claude")
        self.vitana("init", code=0)
        self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        again = self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        self.assertIn("completed before", again.err)
        self.assertEqual(self.runs("VTID-00001"), 1)

    def test_a_text_that_was_changed_since_it_was_done_is_not_taken_for_done(self):
        self.program("claude")
        self.vitana("init", code=0)
        file = "docs/specs/00001-first-task.md"
        self.vitana("run", file, code=0)
        self.repo.write(file, (self.repo.folder / file).read_text() + "\nOne more sentence.\n")
        again = self.vitana("run", file, code=4)
        self.assertIn("STATE_REFUSED", again.err)
        self.assertIn("vitana task retry VTID-00001", again.err)
        self.vitana("task", "retry", "VTID-00001", "--reason", "the new text", code=0)
        self.vitana("run", file, code=0)
        self.assertEqual(self.runs("VTID-00001"), 2)

    def test_no_other_task_is_worked_on(self):
        self.program("claude")
        self.vitana("init", code=0)
        self.repo.write("docs/specs/00002-other.md", (self.repo.folder / "docs/specs/00001-first-task.md")
                        .read_text().replace("VTID-00001", "VTID-00002"))
        self.vitana("spec", "register", "docs/specs/00002-other.md", "--reason", "later", code=0)
        self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        self.assertEqual(self.runs("VTID-00001"), 1)
        self.assertEqual(self.runs("VTID-00002"), 0)
        self.assertStatus("VTID-00002", "scheduled")

    def test_the_first_spec_has_a_number_of_its_own(self):
        self.program("claude")
        self.repo.write("docs/specs/00001-other.md", "# VTID-00001: Something else\n")
        self.vitana("init", code=0)
        self.vitana("run", "docs/specs/00002-first-task.md", code=0)
        (self.repo.folder / "vitana.toml").unlink()
        again = self.vitana("init", code=0)
        self.assertIn("docs/specs/00002-first-task.md", again.out)

    def test_a_run_that_fails_exits_with_1_and_the_code(self):
        self.program("claude", "#!/bin/sh\ncat > /dev/null\n")
        self.vitana("init", code=0)
        config = self.repo.folder / "vitana.toml"
        config.write_text(config.read_text() + '\n[retry]\nruns = 1\n')
        answer = self.vitana("run", "docs/specs/00001-first-task.md", code=1)
        self.assertIn("[AGENT_NO_CHANGE]", answer.err)
        self.assertIn("vitana task log VTID-00001", answer.err)


class TheAgentsThatInitKnows(NewcomerWorld):
    """Each has a stand-in of its name; the prompt comes on standard input and holds the spec."""

    def check(self, name):
        self.program(name)
        self.vitana("init", code=0)
        self.assertIn(f'agent = "{name}"', (self.repo.folder / "vitana.toml").read_text())
        self.vitana("doctor", code=0)
        self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        seen = self.repo.show("seen/stdin", self.delivered_branch())
        self.assertIn("docs/vitana-first-task.md", seen)

    def test_claude(self):
        self.check("claude")

    def test_codex(self):
        self.check("codex")

    def test_gemini(self):
        self.check("gemini")

    def test_opencode(self):
        self.check("opencode")


class TheReadyMadeAgentTables(NewcomerWorld):
    """examples/agents/*.toml, each with a program of that name that records how it is started."""

    secrets = {"ANTHROPIC_API_KEY": "key-of-a", "CODEX_API_KEY": "key-of-c", "OPENAI_API_KEY": "key-of-o",
               "GEMINI_API_KEY": "key-of-g"}

    def test_each_gets_the_spec_on_standard_input_and_its_own_secret_only(self):
        files = sorted(AGENTS.glob("*.toml"))
        self.assertGreaterEqual(len(files), 2)
        for number, file in enumerate(files, start=101):
            with self.subTest(file.name):
                self.run_with(file, f"VTID-{number:05}")

    def run_with(self, file, vtid):
        table = tomllib.loads(file.read_text())
        agent = table["agents"][table["worker"]["agent"]]
        self.program(pathlib.Path(agent["command"][0]).name)
        self.repo.write("vitana.toml", '[[repos]]\nname = "shop"\npath = "."\nbranch = "main"\n\n' + file.read_text())
        text = spec_text(vtid, f"Work of {file.stem}", check="test -s docs/vitana-first-task.md")
        spec = self.repo.write(f"docs/specs/{vtid}-x.md", text)
        environment = {**self.environment, **self.secrets}
        self.vitana("config", "check", code=0, environment=environment)
        self.vitana("run", spec, code=0, environment=environment)
        branch = self.delivered_branch(vtid)
        self.assertIn("The page is as it should be", self.repo.show("seen/stdin", branch))
        self.assertEqual(self.repo.show("seen/stdin", branch), self.repo.show("seen/prompt", branch))
        self.assertEqual(self.repo.show("seen/spec", branch), text.rstrip("\n"))
        self.assertEqual(self.repo.show("seen/argv", branch).splitlines(), agent["command"][1:])
        self.assertEqual(self.repo.show("seen/ids", branch), f"{vtid} {vtid}.1")
        names = set(self.repo.show("seen/environment", branch).split())
        granted = {secret.removeprefix("env:") for secret in agent.get("secrets", [])}
        self.assertEqual(names & set(self.secrets), granted)
        log = self.vitana("task", "log", vtid, code=0).out
        for value in self.secrets.values():
            self.assertNotIn(value, log)


class ControlC(NewcomerWorld):
    """A person stops `vitana run`; nothing is left behind, nothing is lost."""

    def prepare(self):
        super().prepare()
        self.repo.commit("configuration", {"vitana.toml": self.config(mode="branch")})
        self.spec = self.repo.write("docs/specs/VTID-00111-x.md", spec_text("VTID-00111"))

    def interrupted(self, times):
        self.agent("VTID-00111", "sleep 600")
        run = Engine(["run", str(self.spec)], self.repo.folder, self.environment, self.root / "logs/run.log")
        self.engines.append(run)
        self.wait_for_run("VTID-00111", "executing")
        wait_until(lambda: f"the agent sleeps {self.processes()}",
                   lambda: any(line.startswith("sleep 600") for line in self.processes().values()))
        run.signal(signal.SIGINT)
        if times > 1:
            wait_until("it says that it stops", lambda: "stopping" in run.said())
            run.signal(signal.SIGINT)
        self.assertEqual(run.end(60), 3, run.said())
        self.assertNoProcess()
        self.assertIn("INTERRUPTED", run.said())
        self.assertIn("vitana run", run.said())

    def test_once_and_the_next_run_goes_on(self):
        self.interrupted(1)
        self.agent("VTID-00111")
        self.vitana("run", self.spec, code=0)
        self.assertEqual(self.repo.show("page.txt", self.delivered_branch("VTID-00111")), "colour: blue")
        self.assertEqual(self.runs("VTID-00111"), 1)

    def test_twice_is_at_once(self):
        self.interrupted(2)
        self.agent("VTID-00111")
        self.vitana("run", self.spec, code=0)
        self.assertEqual(self.runs("VTID-00111"), 1)


class WhatInitFinds(NewcomerWorld):
    """The file that it writes fits the repository, and what it says works where the person stands."""

    def found(self, files):
        for path, text in files.items():
            self.repo.write(path, text)
        self.said = self.vitana("init", code=0).err
        file = self.repo.folder / "vitana.toml"
        config = tomllib.loads(file.read_text())
        self.vitana("config", "check", code=0)
        file.unlink()
        for path in files:
            (self.repo.folder / path).unlink()
        return config

    def commands(self, files):
        return self.found(files)["verify"].get("commands", [])

    def test_the_test_command_of_python(self):
        install = "python3 -m venv .venv && .venv/bin/pip install --quiet pytest"
        beside = (install, [".venv"], [".venv/bin/python -m pytest -q"])
        has_one = subprocess.run(["/usr/bin/python3", "-I", "-c", "import pytest"], capture_output=True).returncode == 0
        plain = ("", [], ["python3 -m pytest -q"]) if has_one else beside
        for files, wanted in (({"pyproject.toml": "[tool.pytest.ini_options]\n"}, plain),
                              ({"tests/test_page.py": "def test(): pass\n"}, plain),
                              ({"conftest.py": "", "requirements.txt": "six\n"},
                               (install + " -r requirements.txt", *beside[1:]))):
            with self.subTest(files):
                config = self.found(files)
                repo = config["repos"][0]
                self.assertEqual(("".join(repo.get("setup", [])), repo.get("cache", []), config["verify"]["commands"]),
                                 wanted)
        self.assertEqual(self.commands({"pyproject.toml": "[tool.black]\n", "tests/helper.py": ""}), [])
        self.assertIn("no test command was found", self.said)

    def test_the_commands_of_a_package_are_those_of_its_lock_file(self):
        package = '{"scripts": {"test": "node --test"}}'
        for files, setup, tests in (({}, "npm install", "npm test"),
                                    ({"package-lock.json": "{}"}, "npm ci", "npm test"),
                                    ({"pnpm-lock.yaml": ""}, "pnpm install --frozen-lockfile", "pnpm test"),
                                    ({"yarn.lock": ""}, "yarn install --frozen-lockfile", "yarn test")):
            with self.subTest(tests):
                config = self.found({"package.json": package, **files})
                self.assertEqual((config["repos"][0]["setup"], config["verify"]["commands"]), ([setup], [tests]))

    def test_a_package_without_tests_has_no_test_command(self):
        default = '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'
        for package in (default, "{}", '{"name": "test", "keywords": ["test"]}', '{"scripts": {"test": 1}}'):
            with self.subTest(package):
                self.assertEqual(self.commands({"package.json": package}), [])
                self.assertIn("no test command was found", self.said)
        config = self.found({"package.json": '{"scripts": {"test": '})
        self.assertNotIn("setup", config["repos"][0])

    def test_the_specs_of_other_tools(self):
        config = self.found({"specs/001-albums/spec.md": "", "openspec/project.md": "",
                             ".kiro/specs/search/requirements.md": "", "backlog/tasks/task-1 - A.md": ""})
        self.assertEqual(config["repos"][0]["specs"],
                         ["docs/specs/**/*.md", "specs/*/spec.md", "openspec/changes/*/proposal.md",
                          ".kiro/specs/*/requirements.md", "backlog/tasks/*.md"])

    def test_an_agent_whose_key_is_missing_is_named_with_it(self):
        self.program("claude")
        self.vitana("init", code=0)
        self.assertIn('\n# secrets = ["env:ANTHROPIC_API_KEY"]\n', (self.repo.folder / "vitana.toml").read_text())
        (self.repo.folder / "vitana.toml").unlink()
        said = self.vitana("init", code=0).err
        self.assertIn("claude sees none of your logins: export ANTHROPIC_API_KEY", said)
        (self.repo.folder / "vitana.toml").unlink()
        with_key = self.vitana("init", code=0, environment={**self.environment, "ANTHROPIC_API_KEY": "a-key"})
        self.assertNotIn("logins", with_key.err)

    def test_in_a_subfolder_its_commands_work_there(self):
        place = self.repo.folder / "src/deep"
        place.mkdir(parents=True)
        said = self.vitana("init", folder=place, code=0).err
        [command] = [line.strip() for line in said.splitlines() if "spec validate" in line]
        self.assertEqual(command, "vitana spec validate ../../docs/specs/00001-first-task.md")
        self.vitana(*command.split()[1:], folder=place, code=0)

    def test_on_no_branch_it_says_how_to_get_on_one(self):
        self.repo.git("checkout", "--quiet", "--detach")
        said = self.vitana("init", code=3).err
        self.assertIn("next: git switch main, then: vitana init", said)
        self.repo.git("switch", "--quiet", "main")
        self.vitana("init", code=0)


class ACheckThatWasGreenBefore(NewcomerWorld):
    """It proves nothing, and whoever looks at the result is told so."""

    mode = "branch"
    said = "warning: AC-1 proves nothing: its check was green before the change"

    def prepare(self):
        super().prepare()
        self.repo.commit("rules", {"vitana.toml": self.config()})

    def test_run_warns(self):
        answer = self.vitana("run", self.add_spec("VTID-00115", spec_text("VTID-00115", check="test -s page.txt")), code=0)
        self.assertEqual(answer.err.count(self.said), 1, answer)

    def test_the_autopilot_warns(self):
        self.until_idle()
        self.add_spec("VTID-00115", spec_text("VTID-00115", check="test -s page.txt"))
        self.add_spec("VTID-00116")
        err = self.until_idle().err
        self.assertEqual(err.count("proves nothing"), 1, err)
        self.assertIn("VTID-00115.1: " + self.said, err)


class ARunThatWaitsForAPerson(NewcomerWorld):
    """It is no error: it says what it waits for, and after that the same command goes on."""

    def assertWaits(self, spec, what, *commands):
        answer = self.vitana("run", spec, code=1)
        self.assertRegex(answer.err, what)
        self.assertNotIn("error:", answer.err)
        self.assertNotIn("STATE_REFUSED", answer.err)
        for command in commands:
            self.assertIn(command, answer.err)

    def test_for_a_judgement(self):
        self.repo.commit("rules", {"vitana.toml": self.config()})
        spec = self.add_spec("VTID-00113", spec_text("VTID-00113", check="").replace("- The page", "- [human] The page"))
        self.assertWaits(spec, "VTID-00113 waits for a person who judges AC-1", "vitana task diff VTID-00113",
                         "vitana task sign-off VTID-00113 --met, or --not-met --reason TEXT")
        self.vitana("task", "sign-off", "VTID-00113", "--met", code=0)
        self.vitana("run", "VTID-00113", code=0)

    def test_for_permission(self):
        self.repo.commit("rules", {"vitana.toml": self.config(rest='[policy]\napproval = "required"\n')})
        self.assertWaits(self.add_spec("VTID-00113"), "waits for a person's permission",
                         "vitana task approve VTID-00113", "vitana run VTID-00113")
        self.vitana("task", "approve", "VTID-00113", code=0)
        self.vitana("run", "VTID-00113", code=0)

    def test_for_another_task(self):
        self.repo.commit("rules", {"vitana.toml": self.config()})
        self.add_spec("VTID-00114", spec_text("VTID-00114", front="status: draft"))
        self.assertWaits(self.add_spec("VTID-00113", spec_text("VTID-00113", front="depends_on: VTID-00114")),
                         "VTID-00113 waits for what it depends on: VTID-00114", "vitana task why VTID-00114")


class ChecksThatAreNotCommitted(World):
    """The branch's [verify] counts; whoever edits the working copy's is told so."""

    mode = "branch"
    said = r"its \[verify\] differs from what is committed on main"

    def prepare(self):
        self.repo.commit("a page", {"page.txt": "colour: red\n",
                                    "vitana.toml": self.config(rest='[verify]\ncommands = ["true"]\n')})

    def test_doctor_and_every_start_say_so(self):
        self.vitana("doctor", code=0)
        self.until_idle()
        spec = self.add_spec("VTID-00112")
        self.repo.write("vitana.toml", self.config(rest='[verify]\ncommands = ["false"]\n'))
        doctor = self.vitana("doctor", code=1)
        self.assertRegex(doctor.out, self.said)
        self.assertIn(f"git -C {self.repo.folder} add vitana.toml && git -C {self.repo.folder} commit vitana.toml",
                      doctor.out)
        self.assertNotIn("check out", doctor.out)
        self.assertRegex(self.vitana("run", spec, code=0).err, self.said)
        self.assertRegex(self.until_idle().err, self.said)

    def test_a_file_that_git_does_not_know_is_committed_by_what_is_said(self):
        operators = self.root / "operator"
        operators.mkdir()
        (operators / "vitana.toml").write_text(self.config(repos=f'path = "{self.repo.folder}"\nbranch = "main"'))
        self.repo.git("rm", "--quiet", "--cached", "vitana.toml")
        self.repo.git("commit", "--quiet", "-m", "without rules")
        doctor = self.vitana("doctor", "--json", folder=operators, code=1)
        [hint] = [one["hint"] for one in doctor.json["findings"] if one["what"] == "vitana.toml of shop"]
        subprocess.run(f"{hint} --quiet -m rules", shell=True, check=True, env=self.environment)
        self.vitana("doctor", folder=operators, code=0)

    def test_another_branch_that_is_checked_out_is_not_the_one(self):
        self.repo.write("vitana.toml", self.config(rest='[verify]\ncommands = ["false"]\n'))
        self.repo.git("switch", "--quiet", "-c", "other")
        self.assertIn("check out main, then: git -C", self.vitana("doctor", code=1).out)

    def test_nothing_is_said_of_other_tables(self):
        self.repo.write("vitana.toml", self.config(rest='[verify]\ncommands = ["true"]\n[caps]\nconcurrent = 1\n'))
        self.vitana("doctor", code=0)


class ARepositoryWithRulesOfItsOwn(World):
    """The operator's file is another one: what the repository asks for is added, whatever brings the text."""

    mode = "branch"

    def prepare(self):
        self.operators = self.root / "operator"
        self.operators.mkdir()
        self.write_operators()
        self.repo.commit("a page", {"page.txt": "colour: red\n", "vitana.toml": '[policy]\napproval = "required"\n'})

    def write_operators(self, rest=""):
        (self.operators / "vitana.toml").write_text(
            self.config(repos=f'path = "{self.repo.folder}"\nbranch = "main"', rest=rest))

    def vitana(self, *words, folder=None, **options):
        return super().vitana(*words, folder=folder or self.operators, **options)

    def test_a_task_waits_for_the_permission_that_it_asks_for(self):
        self.until_idle()
        self.add_spec("VTID-00116")
        self.until_idle()
        self.assertStatus("VTID-00116", "blocked:approval_pending")
        text = self.root / "by-hand.md"
        text.write_text(spec_text("VTID-00117", title="Another page"))
        self.vitana("spec", "register", text, "--reason", "by hand", code=0)
        self.assertStatus("VTID-00117", "blocked:approval_pending")
        self.vitana("task", "approve", "VTID-00116", code=0)
        self.until_idle()
        self.assertStatus("VTID-00116", "completed")

    def test_once_it_asks_no_more_the_operators_rules_are_left(self):
        self.until_idle()
        self.repo.commit("no rules", {"vitana.toml": "[policy]\n"})
        self.add_spec("VTID-00116")
        self.until_idle()
        self.assertStatus("VTID-00116", "completed")

    def test_the_operators_own_change_counts_without_a_new_commit(self):
        self.repo.commit("no rules", {"vitana.toml": "[policy]\n"})
        self.until_idle()
        self.write_operators('[policy]\napproval = "required"\n')
        text = self.root / "by-hand.md"
        text.write_text(spec_text("VTID-00117"))
        self.vitana("spec", "register", text, "--reason", "by hand", code=0)
        self.assertStatus("VTID-00117", "blocked:approval_pending")

    def test_a_file_that_holds_no_rules_loosens_nothing(self):
        self.until_idle()
        self.repo.commit("a slip", {"vitana.toml": '[policy]\napproval = "requird"\n'})
        self.add_spec("VTID-00116")
        self.until_idle()
        self.assertStatus("VTID-00116", "blocked:approval_pending")
