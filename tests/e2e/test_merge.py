"""Delivery: one commit on the tip, into a branch that somebody has checked out, or not."""

import unittest

from harness import DONE, Repo, World, spec_text, wait_until

# The agent has the base before it and goes on when the test says so.
WAIT_FOR_GO = 'until [ -e "$scripts/go" ]; do sleep 0.1; done; '


class DeliveryIntoTheCheckedOutBranch(World):
    """`[delivery] mode = "merge"`, and a person has the branch in a working tree."""

    mode = "merge"

    def test_a_clean_tree_follows(self):
        self.until_idle()
        self.add_spec("VTID-00101")
        base = self.repo.head()
        self.until_idle()
        task = self.assertStatus("VTID-00101", "completed")
        run = task["runs"][-1]
        self.assertEqual(self.repo.head(), run["delivered_commit"])
        self.assertEqual(self.repo.git("rev-parse", "main^"), base)
        self.assertEqual(self.repo.count(f"{base}..main"), 1)
        self.assertEqual(self.repo.status(), "")
        self.assertEqual((self.repo.folder / "page.txt").read_text(), "colour: blue\n")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00101"])
        self.assertEqual(self.repo.trailers("Spec-Digest"), [task["spec"]["digest"]])
        self.assertEqual(self.repo.git("log", "-1", "--format=%an <%ae>"), "Shop Owner <owner@shop.example>")
        self.assertEqual(self.repo.git("diff", "--name-only", "main^", "main"), "page.txt")
        self.assertHealthy()

    def test_files_that_git_does_not_know_are_left_alone(self):
        self.until_idle()
        self.repo.write("notes.tmp", "mine\n")
        self.add_spec_without("notes.tmp", "VTID-00101")
        self.until_idle()
        self.assertStatus("VTID-00101", "completed")
        self.assertEqual(self.repo.status(), "?? notes.tmp")
        self.assertEqual((self.repo.folder / "notes.tmp").read_text(), "mine\n")

    def add_spec_without(self, left, vtid):
        """Commits the spec and nothing else of what lies about."""
        self.agent(vtid)
        self.repo.write(f"docs/specs/{vtid}-page.md", spec_text(vtid))
        self.repo.git("add", "docs")
        self.repo.git("commit", "-qm", "a spec")

    def dirty(self, vtid="VTID-00102"):
        """A change that is not committed, in the very file that the agent changes; and a staged one."""
        self.until_idle()
        self.add_spec(vtid)
        self.repo.write("page.txt", "colour: red\nhalf a thought\n")
        self.repo.write("new.txt", "staged\n")
        self.repo.git("add", "new.txt")
        self.repo.git("status")  # settles the index's own times
        return self.repo.fingerprint()

    def test_a_dirty_tree_is_not_touched(self):
        before, tip = self.dirty(), self.repo.head()
        self.until_idle()
        task = self.assertStatus("VTID-00102", "blocked:delivery_target_dirty", "DELIVERY_TARGET_DIRTY")
        self.assertEqual(self.repo.fingerprint(), before)
        self.assertEqual(self.repo.head(), tip)
        self.assertIn("page.txt", task["failure"]["message"])
        self.assertNotIn("DELIVERY_TARGET_DIRTY", task["failure"]["message"])
        self.assertIn("+colour: blue", self.vitana("task", "diff", "VTID-00102", code=0).out)

    def test_the_result_is_kept_on_a_branch_meanwhile(self):
        self.dirty()
        self.until_idle()
        kept = [b for b in self.repo.branches() if b.startswith("vtid/00102-")]
        self.assertEqual(len(kept), 1, self.repo.branches())
        self.assertEqual(self.repo.show("page.txt", kept[0]), "colour: blue")

    def test_after_a_stash_it_goes_on_by_itself(self):
        self.dirty()
        engine = self.start()
        self.wait_for_status("VTID-00102", "blocked:delivery_target_dirty")
        self.repo.git("stash", "-q", "--include-untracked")
        self.wait_for_status("VTID-00102", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(self.repo.status(), "")
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.branches(), ["main"])
        self.assertEqual(self.runs("VTID-00102"), 1)

    def test_after_a_commit_elsewhere_in_the_tree_it_goes_on_by_itself(self):
        self.until_idle()
        self.add_spec("VTID-00103")
        self.repo.write("vitana.toml", self.config() + "\n# half a thought\n")
        engine = self.start()
        self.wait_for_status("VTID-00103", "blocked:delivery_target_dirty")
        self.repo.git("commit", "-qam", "a whole thought")
        self.wait_for_status("VTID-00103", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(self.repo.status(), "")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00103"])
        self.assertEqual(self.repo.git("log", "-1", "--format=%s", "main^"), "a whole thought")

    def test_a_file_in_the_way_is_not_overwritten(self):
        self.until_idle()
        self.repo.write("extra.txt", "not known to git\n")
        self.agent("VTID-00104", "echo from-the-agent > extra.txt")
        self.repo.write("docs/specs/VTID-00104-extra.md", spec_text("VTID-00104", check="test -s extra.txt"))
        self.repo.git("add", "docs")
        self.repo.git("commit", "-qm", "a spec")
        self.until_idle()
        self.assertStatus("VTID-00104", "blocked:delivery_target_dirty", "DELIVERY_TARGET_DIRTY")
        self.assertEqual((self.repo.folder / "extra.txt").read_text(), "not known to git\n")

    def test_several_at_once_leave_a_clean_tree(self):
        self.repo.commit("room for four", {"vitana.toml": self.config(worker="", rest="[caps]\nconcurrent = 4\n")})
        self.until_idle()
        self.add_spec("VTID-00200")  # until a run has worked, three at a time are started
        self.until_idle()
        names = [f"VTID-0020{n}" for n in range(1, 5)]
        for name in names:
            self.agent(name, WAIT_FOR_GO + f"echo blue > {name}.txt")
            self.repo.write(f"docs/specs/{name}-page.md", spec_text(name, f"Write {name}", check=f"test -s {name}.txt"))
        base = self.repo.commit("four specs")
        engine = self.start("autopilot", "--slots", "4")
        for name in names:
            self.wait_for_run(name, "executing")
        self.tell_agent("go")
        for name in names:
            self.wait_for_status(name, "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(self.repo.status(), "")
        self.assertEqual(sorted(self.repo.trailers("VTID", f"{base}..main")), names)
        self.assertEqual(self.repo.count(f"{base}..main"), 4)
        self.assertEqual(self.repo.git("log", "--merges", "--format=%h", f"{base}..main"), "")
        self.assertHealthy()


class TheBranchIsGoneForAWhile(World):
    mode = "merge"

    def test_the_result_waits_for_it_and_is_delivered(self):
        engine = self.start_synced()
        self.add_spec("VTID-00105", script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00105", "executing")
        self.repo.git("branch", "-m", "main", "elsewhere")
        self.tell_agent("go")
        wait_until("the branch is missed",
                   lambda: "BRANCH_MISSING" in self.vitana("events", "--json", "--vtid", "VTID-00105", code=0).out)
        self.repo.git("branch", "-m", "elsewhere", "main")
        self.assertEqual(engine.stop(), 0)
        self.until_idle()  # whose start tries at once
        task = self.assertStatus("VTID-00105", "completed")
        self.assertEqual(len(task["runs"]), 1)
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00105"])


class TwoTasksTouchOneLine(World):
    def prepare(self):
        config = self.config().replace("scan_seconds = 1", "scan_seconds = 3600")
        self.repo.commit("seldom", {"vitana.toml": config})

    def test_the_second_begins_anew_on_what_the_first_left(self):
        self.until_idle()
        self.agent("VTID-00301", WAIT_FOR_GO + "echo blue one > page.txt")
        self.agent("VTID-00302", WAIT_FOR_GO + "echo blue two >> page.txt")
        for vtid, word in (("VTID-00301", "one"), ("VTID-00302", "two")):
            self.repo.write(f"docs/specs/{vtid}-page.md",
                            spec_text(vtid, f"Write {vtid}", check=f"grep -q {word} page.txt"))
        self.repo.commit("two specs")
        engine = self.start("autopilot", "--slots", "2")
        for vtid in ("VTID-00301", "VTID-00302"):
            self.wait_for_run(vtid, "executing")
        self.tell_agent("go")
        for vtid in ("VTID-00301", "VTID-00302"):
            self.wait_for_status(vtid, "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(min(self.runs("VTID-00301"), self.runs("VTID-00302")), 1)
        self.assertHealthy()


class TheBaseMovesWhileTheAgentWorks(World):
    """Somebody commits to main between a run's start and its delivery."""

    mode = "merge"

    def test_the_result_is_merged_verified_again_and_delivered_once(self):
        engine = self.start_synced()
        self.add_spec("VTID-00301", script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00301", "executing")
        other = self.repo.commit("meanwhile", {"other.txt": "from a person\n"})
        self.tell_agent("go")
        self.wait_for_status("VTID-00301", "completed")
        self.assertEqual(engine.stop(), 0)
        run = self.show("VTID-00301")["runs"][-1]
        self.assertNotEqual(run["base_commit"], other)
        self.assertEqual(self.repo.git("rev-parse", "main^"), other)
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.show("other.txt"), "from a person")
        self.assertEqual(self.runs("VTID-00301"), 1)
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00301"])
        self.assertEqual(self.repo.status(), "")
        # What was judged is the tree that was delivered, not the one that the agent left.
        trees = {row["tree"] for row in self.query("SELECT tree FROM evidence WHERE vtid = 'VTID-00301'")}
        self.assertIn(self.repo.git("rev-parse", "main^{tree}"), trees)

    def test_a_person_broke_the_criterion_meanwhile(self):
        """Red on the merged tree is red, though it was green on the agent's."""
        engine = self.start_synced()
        self.add_spec("VTID-00302", spec_text("VTID-00302", check="grep -q blue page.txt && ! test -e veto.txt"),
                      script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00302", "executing")
        veto = self.repo.commit("a veto", {"veto.txt": "no\n"})
        self.tell_agent("go")
        self.wait_for_status("VTID-00302", "failed")
        self.assertEqual(engine.stop(), 0)
        self.assertStatus("VTID-00302", "failed", "VERIFICATION_FAILED")
        self.assertEqual(self.repo.head(), veto)

    def test_a_conflict_starts_a_new_run_on_the_new_base(self):
        engine = self.start_synced()
        self.add_spec("VTID-00303", script=WAIT_FOR_GO + "sed -i 's/colour:.*/colour: blue/' page.txt")
        self.wait_for_run("VTID-00303", "executing")
        tip = self.repo.commit("meanwhile", {"page.txt": "colour: yellow\n"})
        self.tell_agent("go")
        self.wait_for_status("VTID-00303", "completed")
        self.assertEqual(engine.stop(), 0)
        first, second = self.show("VTID-00303")["runs"]
        self.assertEqual((first["state"], first["failure"]["code"]), ("failed", "MERGE_CONFLICT"))
        self.assertIn("page.txt", str(first["failure"]))
        self.assertEqual((second["state"], second["base_commit"]), ("completed", tip))
        self.assertEqual(self.repo.count(f"{tip}..main"), 1)
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.status(), "")

    def test_conflicts_end_at_the_cap_of_runs(self):
        """The agent's every attempt meets a new commit in its way."""
        self.repo.commit("two runs", {"vitana.toml": self.config(rest="runs = 5\n[caps]\nruns_per_task = 2\n")})
        engine = self.start_synced()
        script = ('until [ -e "$scripts/go-$VITANA_RUN_ID" ]; do sleep 0.1; done; '
                  "sed -i 's/colour:.*/colour: blue/' page.txt")
        self.add_spec("VTID-00304", script=script)
        for attempt, colour in ((1, "yellow"), (2, "green")):
            self.wait_for_attempt("VTID-00304", attempt)
            tip = self.repo.commit("meanwhile", {"page.txt": f"colour: {colour}\n"})
            self.tell_agent(f"go-VTID-00304.{attempt}")
        self.wait_for_status("VTID-00304", "failed", "blocked:budget")
        self.assertEqual(engine.stop(), 0)
        task = self.show("VTID-00304")
        self.assertEqual([run["failure"]["code"] for run in task["runs"]], ["MERGE_CONFLICT"] * 2)
        self.assertIn(task["failure"]["code"], ("MERGE_CONFLICT", "BUDGET_RUNS"))
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(self.repo.status(), "")

    def wait_for_attempt(self, vtid, attempt):
        def there():
            rows = self.query("SELECT state FROM autopilot_runs WHERE vtid = ? AND attempt = ?", vtid, attempt)
            return rows and rows[0]["state"] == "executing"
        wait_until(lambda: f"{vtid}.{attempt} executes\n{self.engines[-1].said()}", there)


class ABareRepositoryIsTheTarget(World):
    """The configuration lies apart; nobody has the branch in a working tree."""

    mode = "merge"

    def prepare(self):
        self.bare = Repo(self.root / "hub.git", self.environment, bare=True)
        self.repo.commit("a page", {"page.txt": "colour: red\n"})
        self.repo.git("remote", "add", "origin", str(self.bare.folder))
        self.repo.git("push", "-q", "origin", "main")
        self.desk = self.root / "desk"
        self.desk.mkdir()
        (self.desk / "vitana.toml").write_text(self.config(repos=f'path = "{self.bare.folder}"\nbranch = "main"'))

    @property
    def data(self):
        return self.desk / ".vitana"

    def vitana(self, *words, **options):
        return super().vitana(*words, **{"folder": self.desk, **options})

    def test_a_push_is_worked_on_and_merged(self):
        self.until_idle()
        self.add_spec("VTID-00401")
        self.repo.git("push", "-q", "origin", "main")
        tip = self.repo.head()
        self.until_idle()
        self.assertStatus("VTID-00401", "completed")
        self.assertEqual(self.bare.git("rev-parse", "main^"), tip)
        self.assertEqual(self.bare.show("page.txt"), "colour: blue")
        self.assertEqual(self.bare.trailers("VTID"), ["VTID-00401"])
        self.assertEqual(self.repo.head(), tip)  # a clone of it is nobody's target
        self.repo.git("pull", "-q", "--ff-only", "origin", "main")
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")

    def test_a_refusing_hook_is_told_in_its_own_words(self):
        hook = self.bare.folder / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        self.until_idle()
        self.add_spec("VTID-00402")
        self.repo.git("push", "-q", "origin", "main")
        hook.write_text("#!/bin/sh\necho 'the shop is closed' >&2\nexit 1\n")
        hook.chmod(0o755)
        tip = self.bare.head()
        self.until_idle()
        task = self.show("VTID-00402")
        self.assertEqual(task["failure"]["code"], "DELIVERY_REFUSED", task)
        self.assertIn("the shop is closed", self.vitana("task", "show", "VTID-00402", code=0).out)
        self.assertEqual(self.bare.head(), tip)


class DeliveryOnABranchOfItsOwn(World):
    """`mode = "branch"`: main stays as it is."""

    mode = "branch"

    def test_one_commit_on_the_tip_and_nothing_on_main(self):
        self.until_idle()
        self.add_spec("VTID-00501", spec_text("VTID-00501", "Make the Page blue!"))
        tip, files = self.repo.head(), self.repo.fingerprint()
        self.until_idle()
        task = self.assertStatus("VTID-00501", "completed")
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(self.repo.fingerprint(), files)
        self.assertEqual(self.repo.branches(), ["main", "vtid/00501-make-the-page-blue"])
        branch = self.repo.branches()[1]
        self.assertEqual(self.repo.git("rev-parse", f"{branch}^"), tip)
        self.assertEqual(self.repo.count(f"main..{branch}"), 1)
        self.assertEqual(self.repo.head(branch), task["runs"][-1]["delivered_commit"])
        self.assertEqual(self.repo.show("page.txt", branch), "colour: blue")

    def test_the_agents_own_commits_are_not_delivered(self):
        self.until_idle()
        self.add_spec("VTID-00502", script=(
            "git config user.name Agent; git config user.email agent@x.example; echo a > a.txt; git add -A; "
            "git commit -qm one; " + DONE + "; git add -A; git commit -qm two"))
        self.until_idle()
        self.assertStatus("VTID-00502", "completed")
        branch = next(b for b in self.repo.branches() if b.startswith("vtid/00502-"))
        self.assertEqual(self.repo.count(f"main..{branch}"), 1)
        self.assertEqual(self.repo.git("diff", "--name-only", "main", branch).split(), ["a.txt", "page.txt"])
        self.assertEqual(self.repo.git("log", "-1", "--format=%an", branch), "Shop Owner")

    def test_a_dirty_tree_does_not_matter(self):
        self.until_idle()
        self.add_spec("VTID-00503")
        self.repo.write("page.txt", "half a thought\n")
        self.until_idle()
        self.assertStatus("VTID-00503", "completed")
        self.assertEqual((self.repo.folder / "page.txt").read_text(), "half a thought\n")

    def test_without_a_proof_a_merge_is_refused_but_a_branch_is_not(self):
        self.repo.commit("both", {"vitana.toml": self.config(mode="branch")})
        self.until_idle()
        self.add_spec("VTID-00504", spec_text("VTID-00504", check=""))
        self.until_idle()
        task = self.assertStatus("VTID-00504", "completed")
        self.assertEqual([e["verdict"] for e in task["runs"][-1]["evidence"]], ["attested"])

        self.repo.commit("merge", {"vitana.toml": self.config(mode="merge")})
        tip = self.add_spec("VTID-00505", spec_text("VTID-00505", "The page in red", check=""),
                            script="echo more >> page.txt") and self.repo.head()
        self.until_idle()
        self.assertEqual(self.show("VTID-00505")["failure"]["code"], "EVIDENCE_LACKING")
        self.assertEqual(self.repo.head(), tip)
