"""Output that nobody takes, environments and configurations that are wrong, terminals that are narrow."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios

from harness import BINARY, World, spec_text, wait_until

REPO = '[[repos]]\nname = "hub"\npath = "."\n'
AGENT = '[agents.fixer]\nkind = "command"\ncommand = ["x"]\n'

# configuration, line of the finding, what is said
WRONG = [
    ('[sever]\n', 1, 'did you mean "server"?'),
    ('[server]\nlisen = "x:1"\n', 2, 'did you mean "listen"?'),
    (REPO + 'brnach = "main"\n', 4, '"branch"'),
    (REPO + 'spec = ["a/*.md"]\n', 4, '"specs"'),
    (AGENT + 'timeuot = "1m"\n', 4, '"timeout"'),
    (AGENT + '[worker]\nagent = "fixr"\n', 5, 'did you mean "fixer"?'),
    (AGENT + '[worker]\nslots = "2"\n', 5, "must be a whole number"),
    ('[worker]\nslots = 2.5\n', 2, "not a fraction"),
    ('[worker]\nslots = -1\n', 2, "from 1"),
    ('[worker]\nsandbox = "docker"\n', 2, '"require", "prefer", "off"'),
    ('[worker]\nworkspaces = "~/w"\n', 2, "not expanded"),
    ('[delivery]\nmode = "merg"\n', 2, 'did you mean "merge"?'),
    ('[delivery]\nallow_attested_merge = "yes"\n', 2, "true or false"),
    ('[delivery]\nauthor = "Ann"\n', 2, "no identity"),
    ('[verify]\ncommands = "make test"\n', 2, "put it in brackets"),
    ('[verify]\ncommands = [""]\n', 2, "an empty text"),
    ('[verify]\nunverified = "judge"\n', 2, "no judge"),
    ('[policy]\napproval = "manual"\n', 2, '"auto", "required"'),
    ('[policy]\nprotect = ["a/../../b"]\n', 2, "outside"),
    ('[caps]\nwall = 60\n', 2, "must be a duration"),
    ('[caps]\nwall = "60 minutes"\n', 2, "units: ms, s, m, h, d"),
    ('[caps]\nconcurrent = -1\n', 2, "from 0"),
    ('[retry]\nruns = 0\n', 2, "from 1"),
    ('[retry]\ndelay = "1h"\n', 1, "less than delay"),
    ('[retry.AGENT_FALED]\nruns = 2\n', 1, '"AGENT_FAILED"'),
    ('[retry.PATH_FORBIDDEN]\nruns = 3\n', 2, "governance code"),
    ('[dispatch]\npickup_deadline = "30d"\n', 2, "to 7d"),
    ('[notify]\ncommand = ["-x"]\n', 2, "an option"),
    ('[agents.a]\ncommand = "a b"\n', 2, "no shell reads it"),
    ('[agents.fixer]\nnetwork = "none"\n', 1, "needs a command"),
    (AGENT + 'network = "all"\n', 4, '"loopback"'),
    (AGENT + 'memory = "4 GB"\n', 4, '"4G"'),
    (AGENT + 'secrets = ["sk-123"]\n', 4, '"file:PATH"'),
    ('[[repos]]\nname = "hub"\n', 1, "path or a url"),
    ('[repos]\nname = "x"\n', 1, "write [[repos]]"),
    (REPO + REPO, 4, 'are called "hub"'),
    (REPO + 'branch = "--all"\n', 4, "no name of a branch"),
    (REPO + 'specs = []\n', 4, "cannot be empty"),
    (REPO + 'specs = ["../**/*.md"]\n', 4, "outside the repository"),
    (REPO + 'webhook_secret = "hunter2"\n', 4, '"env:NAME"'),
    ('[[repos]]\nurl = "ext::sh -c id"\n', 2, "no address"),
    ('[[repos]]\nurl = "https://hunter2@git.example/x.git"\n', 2, "credential helper"),
    ('[server]\ndata = "a\\u0000b"\n', 2, "NUL"),
    ('[server]\ndata = "a"\ndata = "b"\n', 3, "cannot redefine"),
    ('[server\n', 1, "CONFIG_SYNTAX"),
    ('server = "x"\n', 1, "must be a table"),
    ('x = \n', 1, "CONFIG_SYNTAX"),
]

# What the file may say and this version does not do.
NOT_YET = [
    ('[delivery]\nmode = "pull_request"\n', "pull_request"),
    (AGENT + '[agents.other]\nkind = "command"\ncommand = ["y"]\n[worker]\nagent = "fixer"\n'
     '[verify]\nunverified = "judge"\njudge = "other"\n', "judge"),
    ('[agents.a]\nkind = "codex"\n', "kind"),
]

ENVIRONMENTS = [
    ("VITANA_WORKER__SLOTS", "many", "must be a whole number"), ("VITANA_WORKER__SLOTS", "", "must be a whole number"),
    ("VITANA_WORKER__SLOTS", "99999999999999999999", "must be a whole number"),
    ("VITANA_WORKER__SLOTS", "-1", "from 1"), ("VITANA_WORKER__SLOT", "1", 'did you mean "slots"?'),
    ("VITANA_WORKR__SLOTS", "1", 'did you mean "worker"?'), ("VITANA__X", "1", "not the name of a key"),
    ("VITANA_WORKER__", "1", "not the name of a key"), ("VITANA_REPOS__0__NAME", "x", "cannot be set by the environment"),
    ("VITANA_SERVER__LISTEN", "x", "HOST:PORT"), ("VITANA_DELIVERY__MODE", "merg", 'did you mean "merge"?'),
    ("VITANA_CAPS__WALL", "long", "units"), ("VITANA_WORKER__SANDBOX", b"\xff", "not UTF-8"),
]


class Configurations(World):
    def check(self, said, code, environment=None):
        """The same from a command that only looks and from one that would begin to work."""
        for words in (["config", "check"], ["autopilot", "--until-idle"]):
            answer = self.vitana(*words, code=1, environment=environment)
            self.assertIn("[CONFIG_INVALID]", answer.err)
            self.assertIn(said, answer.err)
            self.assertNotIn("hunter2", answer.err)
            self.assertNotIn("sk-123", answer.err)
        error = self.vitana("config", "check", "--json", code=1, environment=environment).json["error"]
        self.assertEqual(error["code"], code)
        self.assertTrue(error["hint"])
        self.assertFalse(self.data.exists(), "nothing is begun")

    def test_each_mistake_is_named_with_its_line(self):
        self.assertGreaterEqual(len(WRONG), 30)
        for text, line, said in WRONG:
            with self.subTest(text):
                (self.repo.folder / "vitana.toml").write_text(text)
                self.check(said, "CONFIG_INVALID")
                self.assertIn(f"vitana.toml:{line}:", self.vitana("config", "check", code=1).err)

    def test_what_this_version_does_not_do_is_refused(self):
        for text, said in NOT_YET:
            with self.subTest(text):
                (self.repo.folder / "vitana.toml").write_text(text)
                self.check(said, "CONFIG_INVALID")

    def test_files_that_are_no_configuration(self):
        file = self.repo.folder / "vitana.toml"
        for name, data in {"bytes": b"\xff\xfe\x00", "utf-16": "[server]\n".encode("utf-16"), "NUL": b"[server]\n\0",
                           "2 MB": b"# and so on\n" * 180_000}.items():
            with self.subTest(name):
                file.write_bytes(data)
                self.check("vitana.toml", "CONFIG_INVALID")
        file.unlink()
        file.mkdir()
        self.check("vitana.toml", "CONFIG_INVALID")
        file.rmdir()
        self.assertEqual(self.vitana("config", "check", "--json", code=1).error_code, "CONFIG_MISSING")
        self.assertEqual(self.vitana("--config", "nothing.toml", "config", "check", "--json", code=1).error_code,
                         "FILE_UNREADABLE")

    def test_a_named_file_that_is_none_or_is_wrong(self):
        (self.repo.folder / "folder").mkdir()
        os.mkfifo(self.repo.folder / "pipe")
        for name in ("folder", "pipe"):
            error = self.vitana("--config", name, "config", "check", "--json", code=1).json["error"]
            self.assertEqual(error["code"], "FILE_UNREADABLE")
            self.assertIn(str(self.repo.folder / name), error["message"])
        self.repo.write("wrong.toml", "x = 1\n")
        error = self.vitana("--config", "wrong.toml", "config", "check", "--json", code=1).json["error"]
        self.assertIn("vitana --config wrong.toml config check", error["hint"])
        self.vitana("--data", "", "task", "list", code=2)

    def test_execution_is_paused_before_the_first_start(self):
        self.vitana("controls", "set", "execution", "off", "--reason", "a look first", code=0)
        self.add_spec("VTID-00001")
        self.until_idle()
        self.assertEqual(self.count("autopilot_runs"), 0)

    def test_wrong_values_of_the_environment(self):
        for name, value, said in ENVIRONMENTS:
            with self.subTest(f"{name}={value}"):
                environment = {os.fsencode(k): os.fsencode(v) for k, v in {**self.environment, name: value}.items()}
                self.check(said, "CONFIG_INVALID", environment)
                err = self.vitana("config", "check", code=1, environment=environment).err
                self.assertIn(name, err)
                self.assertNotIn("vitana.toml has", err)


class Output(World):
    def setUp(self):
        super().setUp()
        self.add_spec("VTID-00401")
        (self.repo.folder / "vitana.toml").write_text(self.config(repos='path = "."\nbranch = "main"\nadopt = "all"'))
        self.repo.commit("adopt all")
        self.until_idle()

    def shell(self, line):
        done = subprocess.run(["bash", "-c", line], cwd=self.repo.folder, env=self.environment, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def test_a_full_disk_behind_stdout_is_an_error(self):
        for words in ("task list", "task list --json", "task show VTID-00401", "task show VTID-99999 --json", "events",
                      "audit", "spec show VTID-00401", "config show", "task diff VTID-00401", "repos", "--help",
                      "version", "spec template", "completion bash", "autopilot --until-idle"):
            with self.subTest(words):
                code, _, err = self.shell(f"vitana {words} > /dev/full")
                self.assertEqual(code, 3, err)
                self.assertIn("No space left on device [OUTPUT_LOST]", err)

    def test_a_closed_stdout_is_an_error_and_never_the_database(self):
        before = self.shell("vitana task list")[1]
        for words in ("task list", "audit", "autopilot --until-idle"):
            for closed in (">&-", "<&- >&-", "<&- >&- 2>&-"):
                with self.subTest(f"{words} {closed}"):
                    code, _, err = self.shell(f"vitana {words} {closed}")
                    self.assertEqual(code, 3)
                    self.assertTrue("[OUTPUT_LOST]" in err or "2>&-" in closed, err)
        self.assertHealthy()
        self.assertEqual(before.split()[:5], self.shell("vitana task list")[1].split()[:5])

    def test_what_was_decided_stays_decided(self):
        code, _, err = self.shell("vitana controls set execution off --reason night > /dev/full")
        self.assertEqual(code, 3, err)
        self.assertIn("off", self.vitana("controls", code=0).out)

    def test_a_reader_that_went_away(self):
        code, out, err = self.shell("vitana completion bash | true; echo ${PIPESTATUS[0]}")
        self.assertIn(out.strip(), ("0", "3"))  # it may have been quicker than its reader
        for words in ("task list", "events", "task show VTID-00401", "spec show VTID-00401 --raw"):
            with self.subTest(words):
                code, out, err = self.shell(f"(sleep 0.3; vitana {words}; echo $? >&2) | true")
                self.assertEqual(err.splitlines()[-1], "0", err)
                self.assertNotIn("OUTPUT_LOST", err)

    def test_what_was_changed_has_to_be_heard(self):
        code, out, err = self.shell("(sleep 0.3; vitana controls set execution off --reason x; echo $? >&2) | true")
        self.assertEqual(err.splitlines()[-1], "3", err)
        self.assertIn("Broken pipe [OUTPUT_LOST]", err)

    def test_following_ends_with_its_reader(self):
        for words in ("events --follow", "events --follow --json"):
            with self.subTest(words):
                code, out, err = self.shell(f"vitana {words} | head -1; echo ${{PIPESTATUS[0]}}")
                self.assertEqual(out.splitlines()[-1], "0", err)
                self.assertNotIn("OUTPUT_LOST", err)

    def test_a_full_disk_behind_stderr_does_not_change_the_answer(self):
        self.assertEqual(self.shell("vitana task list 2> /dev/full")[0], 0)
        self.assertEqual(self.shell("vitana task show VTID-99999 2> /dev/full")[0], 1)

    def test_log_and_diff_are_data_too(self):
        diff = self.vitana("task", "diff", "VTID-00401", "--json", code=0).json
        self.assertEqual(diff["run"], "VTID-00401.1")
        self.assertIn("+colour: blue", diff["diff"])
        lines = self.vitana("task", "log", "VTID-00401", "--json", code=0).out.splitlines()
        log = "".join(json.loads(line)["log"] for line in lines)
        self.assertEqual(log, self.vitana("task", "log", "VTID-00401", code=0).out)


class NarrowTerminals(World):
    def on_terminal(self, columns, *words):
        """What a terminal of that width shows."""
        leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        child = subprocess.Popen([BINARY, *words], cwd=self.repo.folder, stdin=subprocess.DEVNULL, stdout=follower,
                                 stderr=follower, env={**self.environment, "TERM": "dumb"})
        os.close(follower)
        shown = b""
        while True:
            try:
                data = os.read(leader, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        os.close(leader)
        child.wait(30)
        return shown.decode().replace("\r", "")

    def test_lines_break_between_words(self):
        self.until_idle()
        self.add_spec("VTID-00411", spec_text("VTID-00411", "A title that is longer than a narrow terminal is wide",
                                              extra="\n## Dependencies\n\nDepends on: VTID-00499\n"))
        self.vitana("spec", "sync", code=0)
        for words in (["task", "list"], ["task", "show", "VTID-00411"], ["task", "why", "VTID-00411"], ["run", "--help"],
                      ["task", "show", "VTID-00999"], ["spec", "validate", "page.txt"], ["repos"], ["doctor"]):
            with self.subTest(words):
                shown = self.on_terminal(40, *words)
                for line in shown.splitlines():
                    self.assertTrue(len(line) <= 40 or " " not in line.strip(), f"{line!r} of\n{shown}")
        self.assertIn("VTID-00499", self.on_terminal(40, "task", "why", "VTID-00411"))
        self.assertIn("is wide", " ".join(self.on_terminal(40, "task", "list").split()))

    def test_a_pipe_is_not_wrapped(self):
        self.until_idle()
        self.add_spec("VTID-00412", spec_text("VTID-00412", "A title that is longer than a narrow terminal is wide"))
        self.vitana("spec", "sync", code=0)
        environment = {**self.environment, "COLUMNS": "40"}
        self.assertIn("A title that is longer than a narrow terminal is wide",
                      self.vitana("task", "list", code=0, environment=environment).out)


class WhatHolds(World):
    """A person who asks is told what holds a task, by name."""

    def prepare(self):
        super().prepare()
        self.vitana("autopilot", "--until-idle", code=0)
        self.vitana("controls", "set", "execution", "off", "--reason", "release night", code=0)

    def sync(self, **files):
        self.repo.commit("specs", {f"docs/specs/VTID-{name[1:]}.md": text for name, text in files.items()})
        self.vitana("spec", "sync", code=0)

    def test_a_pause_is_seen_on_each_task_that_it_holds(self):
        self.sync(_00421=spec_text("VTID-00421"))
        self.assertIn("scheduled: EXECUTION_PAUSED", self.vitana("task", "list", code=0).out)
        shown = self.vitana("task", "show", "VTID-00421", code=0).out
        self.assertIn("held: EXECUTION_PAUSED", shown)
        self.assertIn("release night; vitana controls set execution on", shown)
        self.assertEqual(self.show("VTID-00421")["held"]["code"], "EXECUTION_PAUSED")
        self.assertEqual(self.vitana("task", "list", "--json", code=0).json["tasks"][0]["held"]["code"], "EXECUTION_PAUSED")
        self.vitana("controls", "set", "execution", "on", "--reason", "go", code=0)
        self.assertIsNone(self.show("VTID-00421")["held"])
        self.assertNotIn("EXECUTION_PAUSED", self.vitana("task", "list", code=0).out)

    def test_dependencies_are_named(self):
        self.sync(_00422=spec_text("VTID-00422"),
                  _00423=spec_text("VTID-00423", extra="\n## Dependencies\n\nDepends on: VTID-00422, VTID-00499\n"))
        for words in ("show", "why"):
            self.assertIn("VTID-00422 scheduled, VTID-00499 not there",
                          self.vitana("task", words, "VTID-00423", code=0).out)
        self.assertEqual(self.show("VTID-00423")["dependencies"],
                         [{"vtid": "VTID-00422", "status": "scheduled"}, {"vtid": "VTID-00499", "status": None}])

    def test_the_next_step_can_be_copied(self):
        self.sync(_00424="# VTID-00424: Without criteria\n\n## Summary\n\nThe page shall be blue.\n",
                  _00425=spec_text("VTID-00425", front="status: draft"))
        shown = self.vitana("task", "show", "VTID-00424", code=0)
        self.assertIn("vitana spec validate docs/specs/VTID-00424.md", shown.out)
        self.assertIn("vitana spec validate docs/specs/VTID-00424.md", self.show("VTID-00424")["next"]["what"])
        held = self.vitana("task", "why", "VTID-00425", code=0)
        self.assertIn("take `status: draft` out of the front matter of docs/specs/VTID-00425.md", held.err)
        self.assertNotIn("spec approve", held.out + held.err)

    def test_a_conflict_says_how_it_ends_and_chooses_nobody(self):
        self.repo.commit("two", {f"docs/specs/VTID-00426-{n}.md": spec_text("VTID-00426", f"By {n}") for n in "ab"})
        self.vitana("spec", "sync", code=0)
        shown = self.vitana("task", "show", "VTID-00426", code=0)
        self.assertIn("vitana spec register FILE --resolve --reason TEXT", shown.out)
        for name in ("VTID-00426-a.md", "VTID-00426-b.md"):
            self.assertIn(name, shown.out)
