"""Texts, names and trees that nobody meant: each is told by a code at its place, and nothing else stops."""

import os
import pathlib
import subprocess

from harness import BINARY, Deadline, World, spec_text

MEBI = 1 << 20


def outcomes(report):
    return {file["path"]: file for file in report["repos"][0]["files"]}


def text_bytes(vtid, old="", new="", **options):
    return spec_text(vtid, **options).replace(old, new).encode()


# name: (bytes, valid, what is said). All carry VTID-00100.
TEXTS = {
    "random bytes": (bytes(range(256)) * 20, False, "SPEC_NOT_UTF8"),
    "a program": (pathlib.Path("/bin/true").read_bytes(), False, "SPEC_NOT_UTF8"),
    "latin-1": (spec_text("VTID-00100").replace("agreed", "agr\xe9ed").encode("latin-1"), False, ":5:44: error"),
    "utf-16": (spec_text("VTID-00100").encode("utf-16"), False, "SPEC_NOT_UTF8"),
    "utf-32": (spec_text("VTID-00100").encode("utf-32"), False, "SPEC_NOT_UTF8"),
    "a NUL": (text_bytes("VTID-00100", "agreed", "agr\0eed"), False, "NUL"),
    "an over-long slash": (text_bytes("VTID-00100") + b"\xc0\xaf", False, ":18:1: error"),
    "a surrogate": (text_bytes("VTID-00100") + b"\xed\xa0\x80", False, "SPEC_NOT_UTF8"),
    "nothing": (b"", False, "SPEC_SHAPE"),
    "blanks": (b" \n\t\n", False, "SPEC_SHAPE"),
    "CRLF": (text_bytes("VTID-00100", "\n", "\r\n"), True, "1 with a check"),
    "CR": (text_bytes("VTID-00100", "\n", "\r"), True, "1 with a check"),
    "a byte order mark": (b"\xef\xbb\xbf" + text_bytes("VTID-00100", front="priority: 1"), True, "1 with a check"),
    "a fence of tildes": (text_bytes("VTID-00100", "```", "~~~"), True, "1 with a check"),
    "a fence in a longer fence": (
        text_bytes("VTID-00100", "  ```check\n  grep -q blue page.txt\n  ```",
                   "  ````check\n  cat > /dev/null <<END\n  ```\n  ```\n  END\n  ````"), True, "1 with a check"),
    "a fence of tildes around back-ticks": (
        text_bytes("VTID-00100", "  ```check\n  grep -q blue page.txt\n  ```",
                   "  ~~~check\n  : '```'\n  ```\n  ~~~"), True, "1 with a check"),
    "an unclosed check": (text_bytes("VTID-00100").rstrip()[:-3], False, "SPEC_CHECK_UNCLOSED"),
    "an unclosed fence": (text_bytes("VTID-00100", check=None) + b"\n```\nto the end\n", True, "SPEC_FENCE_UNCLOSED"),
    "a check indented into plain code": (
        text_bytes("VTID-00100", check=None) + b"\n      ```check\n      false\n      ```\n", True,
        "SPEC_CHECK_INDENTED"),
    "headings inside a fence": (
        text_bytes("VTID-00100", "## Acceptance Criteria", "```\n## Acceptance Criteria\n```", check=None), False,
        "SPEC_CRITERIA_MISSING"),
    "a heading that is misspelt": (
        text_bytes("VTID-00100", "Acceptance Criteria", "Acceptence Critera"), False,
        'is "Acceptence Critera" meant for it?'),
    "front matter that is no YAML": (text_bytes("VTID-00100", front="a: [1\nb: }"), False, "SPEC_FRONT_MATTER_INVALID"),
    "front matter that multiplies": (
        text_bytes("VTID-00100", front="a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"), False, "anchors are not read"),
    "quotes 20,000 deep": (text_bytes("VTID-00100") + b">" * 20_000 + b"x\n", True, "valid"),
    "100,000 brackets": (text_bytes("VTID-00100") + b"[" * 100_000, False, "SPEC_TOO_COMPLEX"),
    "2 MB": (text_bytes("VTID-00100") + b"and more\n" * 240_000, False, "SPEC_TOO_LARGE"),
}


class Texts(World):
    def test_each_is_judged_where_it_is_named(self):
        for name, (data, valid, said) in TEXTS.items():
            with self.subTest(name):
                (self.root / "VTID-00100-x.md").write_bytes(data)
                answer = self.vitana("spec", "validate", "VTID-00100-x.md", folder=self.root,
                                     code=0 if valid else 1, seconds=30)
                self.assertIn(said, answer.out)

    def test_each_is_judged_in_a_commit_and_none_stops_the_others(self):
        self.vitana("autopilot", "--until-idle", code=0)
        files = {}
        for number, (data, _, _) in enumerate(TEXTS.values(), 100):
            vtid = f"VTID-{number:05}"
            files[f"docs/specs/{vtid}-x.md"] = data.replace(b"VTID-00100", vtid.encode())
        self.repo.commit("all of them", files)
        self.vitana("controls", "set", "execution", "off", "--reason", "only the texts", code=0)
        listed = outcomes(self.vitana("spec", "sync", "--json", code=0, seconds=60).json)
        for path, (name, (_, valid, _)) in zip(files, TEXTS.items()):
            with self.subTest(name):
                self.assertEqual(listed[path]["outcome"] == "registered", valid, listed[path])
                if not valid:
                    self.assertTrue(listed[path]["reason"], listed[path])
        self.assertEqual(self.count("autopilot_runs"), 0)
        self.assertHealthy()

    def test_line_ends_of_other_systems_do_not_reach_the_shell(self):
        self.vitana("autopilot", "--until-idle", code=0)
        for number, end in ((101, b"\r\n"), (102, b"\r")):
            vtid = f"VTID-{number:05}"
            self.add_spec(vtid, spec_text(vtid, check=f"test -s new-{number}\n  test ! -e x").encode().replace(b"\n", end),
                          script=f"echo new > new-{number}")
        self.until_idle()
        for vtid in ("VTID-00101", "VTID-00102"):
            task = self.assertStatus(vtid, "completed")
            self.assertEqual([e["verdict"] for e in task["runs"][-1]["evidence"]], ["passed"])


class LargeFiles(World):
    """100 MB are refused by their size, not by reading them."""

    def peak(self, *words):
        """Exit code, both streams and the largest memory of any of its processes, in bytes."""
        with open(self.root / "said", "wb") as out:
            child = subprocess.Popen([BINARY, *words], cwd=self.repo.folder, env=self.environment, stdout=out,
                                     stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        return child.returncode, (self.root / "said").read_text(), used.ru_maxrss * 1024

    def least(self):
        """What a command needs that reads nothing; a build that looks for faults needs much more."""
        return self.peak("--version")[2]

    def large(self, path):
        with open(path, "wb") as file:
            file.write(spec_text("VTID-00110").encode())
            for _ in range(100):
                file.write(b"and so on and on\n" * (MEBI // 17))

    def test_named_on_the_command_line(self):
        name = self.root / "VTID-00110-large.md"
        self.large(name)
        for words, code, said in ((["spec", "validate", name], 1, "SPEC_TOO_LARGE"),
                                  (["spec", "register", name, "--reason", "x"], 1, "FILE_TOO_LARGE"),
                                  (["run", name], 1, "FILE_TOO_LARGE")):
            with self.subTest(words[:2]):
                exit_code, text, bytes_used = self.peak(*words)
                self.assertEqual(exit_code, code, text)
                self.assertIn(said, text)
                self.assertLess(bytes_used - self.least(), 48 * MEBI)

    def test_in_git(self):
        self.until_idle()
        (self.repo.folder / "docs/specs").mkdir(parents=True)
        self.large(self.repo.folder / "docs/specs/VTID-00110-large.md")
        self.add_spec("VTID-00111")
        # git itself maps a pack; vitana's own share is measured by the second look.
        code, text, bytes_used = self.peak("spec", "sync")
        self.assertEqual(code, 0, text)
        self.assertLess(bytes_used, 400 * MEBI)
        self.assertRegex(text, r"invalid .*VTID-00110-large.md +SPEC_TOO_LARGE")
        self.assertStatus("VTID-00110", "draft", "SPEC_INVALID")
        code, _, bytes_used = self.peak("task", "list")
        self.assertLess(bytes_used - self.least(), 48 * MEBI)
        self.until_idle()
        self.assertStatus("VTID-00111", "completed")

    def test_what_is_no_file_does_not_hold_the_command(self):
        os.mkfifo(self.root / "fifo.md")
        for name in (self.root / "fifo.md", self.root, "/dev/zero", "/dev/stdin", "/proc/self/mem"):
            with self.subTest(str(name)):
                try:
                    answer = self.vitana("spec", "validate", name, seconds=20)
                except Deadline as deadline:
                    self.fail(deadline)
                self.assertEqual(answer.code, 1, answer)


class Trees(World):
    """Trees that no working tree has: made by hand, as an enemy or a broken program makes them."""

    def put(self, kind, data):
        words = ["git", "hash-object", "-w", "--stdin", "-t", kind, *(["--literally"] if kind == "tree" else [])]
        return subprocess.run(words, cwd=self.repo.folder, env=self.environment, input=data, capture_output=True,
                              check=True).stdout.decode().strip()

    def tree(self, entries):
        return self.put("tree", b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries))

    def spec_of_its_own(self, vtid):
        """One whose task changes what no other one does."""
        self.agent(vtid, f"echo done > made-{vtid}")
        return self.put("blob", spec_text(vtid, check=f"test -s made-{vtid}").encode())

    def spec(self, vtid):
        self.agent(vtid)
        return self.put("blob", spec_text(vtid).encode())

    def commit_specs(self, entries):
        """Commits docs/specs with these entries beside what there is; the working tree stays behind."""
        config = self.put("blob", (self.repo.folder / "vitana.toml").read_bytes())
        page = self.put("blob", b"colour: red\n")
        docs = self.tree([(b"40000", b"specs", self.tree(entries))])
        root = self.tree([(b"40000", b"docs", docs), (b"100644", b"page.txt", page), (b"100644", b"vitana.toml", config)])
        commit = self.repo.git("commit-tree", "-p", "main", "-m", "by hand", root)
        self.repo.git("update-ref", "refs/heads/main", commit)
        return commit

    def sync(self):
        self.vitana("controls", "set", "execution", "off", "--reason", "only the names", code=0)
        return outcomes(self.vitana("spec", "sync", "--json", code=0).json)

    def test_names_that_no_file_can_have_register_nothing(self):
        self.until_idle()
        a = self.spec("VTID-00201")
        inner = self.tree([(b"100644", b"VTID-00201-a.md", a)])
        bad = {
            "a folder ..": (b"40000", b"..", inner), "a folder .": (b"40000", b".", inner),
            "a folder .git": (b"40000", b".git", inner), "a folder .GIT": (b"40000", b".GIT", inner),
            "an absolute name": (b"100644", b"/etc/VTID-00201-a.md", a),
            "a name with ..": (b"100644", b"x/../../VTID-00201-a.md", a),
            "4,096 letters": (b"100644", b"VTID-00201-" + b"x" * 4_082 + b".md", a),
            "no UTF-8": (b"100644", b"VTID-00201-\xff\xfe.md", a),
        }
        for name, entry in bad.items():
            with self.subTest(name):
                self.commit_specs([entry])
                files = [f for f in self.sync().values() if f["outcome"] != "missing"]
                self.assertEqual([(f["outcome"], f["reason"]) for f in files], [("ignored", "no file can have this name")])
        self.assertEqual(self.count("vtid_ledger"), 0)
        self.assertFalse((self.root / "VTID-00201-a.md").exists())
        self.assertHealthy()

    def test_odd_names_are_names(self):
        self.until_idle()
        names = [b"VTID-00210-new\nline.md", b"VTID-00211-\"quo'te.md", b"VTID-00212-\x1b[31m.md",
                 "VTID-00213-\u00fcn\u00ef.md".encode(), b"VTID-00214-\t.md", b"VTID-00215 $(touch x) `id`.md",
                 b"VTID-00216-%s%n.md", b"VTID-00217-" + b"x" * 241 + b".md"]
        self.commit_specs([(b"100644", name, self.spec_of_its_own(name[:10].decode())) for name in names])
        files = self.sync()
        self.assertEqual({f["outcome"] for f in files.values()}, {"registered"}, files)
        self.assertEqual({path.removeprefix("docs/specs/").encode() for path in files}, set(names))
        shown = self.vitana("task", "show", "VTID-00212", code=0).out
        self.assertNotIn("\x1b", shown)
        self.repo.git("reset", "-q", "--hard", "main")
        self.vitana("controls", "set", "execution", "on", "--reason", "go", code=0)
        self.until_idle()
        for name in names:
            self.assertEqual(self.status(name[:10].decode()), "completed", name)
        self.assertFalse((self.repo.folder / "x").exists())

    def test_links_and_submodules_are_never_followed(self):
        self.until_idle()
        outside = self.root / "outside"
        outside.mkdir()
        (outside / "VTID-00222-secret.md").write_text(spec_text("VTID-00222"))
        link = lambda target: self.put("blob", target.encode())
        self.commit_specs([
            (b"100644", b"VTID-00220-a.md", self.spec("VTID-00220")),
            (b"120000", b"VTID-00221-passwd.md", link("/etc/passwd")),
            (b"120000", b"VTID-00222-up.md", link(str(outside / "VTID-00222-secret.md"))),
            (b"120000", b"VTID-00223-twin.md", link("VTID-00220-a.md")),
            (b"160000", b"VTID-00224-module.md", "1" * 40),
            (b"120000", b"elsewhere", link(str(outside))),
            (b"160000", b"module", "2" * 40)])
        files = self.sync()
        self.assertEqual(files.pop("docs/specs/VTID-00220-a.md")["outcome"], "registered")
        for path, file in files.items():
            self.assertEqual((file["outcome"], file["reason"]),
                             ("ignored", "a symbolic link or a submodule, not a file"), path)
        self.assertEqual(len(files), 4)
        self.assertEqual([r["vtid"] for r in self.query("SELECT vtid FROM vtid_ledger")], ["VTID-00220"])

    def test_a_tree_that_cannot_be_checked_out_ends_in_a_code(self):
        (self.repo.folder / "vitana.toml").write_text(self.config(rest="[caps]\nruns_per_task = 1\n"))
        self.repo.commit("one run")
        self.until_idle()
        inner = self.tree([(b"100644", b"notes.txt", self.put("blob", b"x"))])
        self.commit_specs([(b"40000", b"..", inner), (b"100644", b"VTID-00230-a.md", self.spec("VTID-00230"))])
        engine = self.start()
        self.wait_for_run("VTID-00230", "failed")
        task = self.show("VTID-00230")
        self.assertEqual(task["runs"][0]["failure"]["code"], "SETUP_FAILED", task)
        self.assertTrue(engine.alive())
        # The next commit is sound, and the work goes on.
        self.commit_specs([(b"100644", b"VTID-00230-a.md", self.spec("VTID-00230"))])
        self.repo.git("reset", "-q", "--hard", "main")
        self.wait_for_status("VTID-00230", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()
