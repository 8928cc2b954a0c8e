"""Ways in which work must not get through: each has its code, and nothing of it is delivered."""

import shutil

from harness import SOURCE, World, spec_text, wait_until

SHOP = SOURCE / "examples/shop"
SPECS = SOURCE / "examples/shop-specs"

TASK_KEYS = {"vtid", "title", "status", "stage", "blocked_reason", "failure", "next", "spec", "runs"}
FAILURE_KEYS = {"code", "class", "message", "retryable", "from_state"}
NEXT_KEYS = {"what", "due_at"}
SPEC_KEYS = {"version", "digest", "source", "provenance"}
RUN_KEYS = {"id", "attempt", "state", "started_at", "ended_at", "worker", "agent", "failure", "spec_digest",
            "base_commit", "result_commit", "evidence"}
EVIDENCE_KEYS = {"criterion", "text", "class", "verdict", "exit_code"}


class ShopWorld(World):
    """The shop of script/demo, with clocks that a loaded machine can keep."""

    timeout = "60s"

    def prepare(self):
        shutil.copytree(SHOP, self.repo.folder, dirs_exist_ok=True)
        config = (SHOP / "vitana.toml").read_text()
        self.assertIn('timeout = "3s"', config)
        self.repo.commit("a shop page", {"vitana.toml": config.replace('timeout = "3s"', f'timeout = "{self.timeout}"')})
        self.until_idle()

    def add(self, name):
        path = f"docs/specs/{name}.md"
        self.repo.commit(f"spec: {name}", {path: (SPECS / f"{name}.md").read_text()})
        return self.repo.head()

    def assertShape(self, task):
        """The keys that are promised; others may be there."""
        self.assertLessEqual(TASK_KEYS, set(task), task)
        self.assertLessEqual(NEXT_KEYS, set(task["next"]), task)
        if task["failure"]:
            self.assertLessEqual(FAILURE_KEYS, set(task["failure"]), task)
        if task["spec"]:
            self.assertLessEqual(SPEC_KEYS, set(task["spec"]), task)
        for run in task["runs"]:
            self.assertLessEqual(RUN_KEYS, set(run), run)
            if run["failure"]:
                self.assertLessEqual(FAILURE_KEYS, set(run["failure"]), run)
            for evidence in run["evidence"]:
                self.assertLessEqual(EVIDENCE_KEYS, set(evidence), evidence)

    def assertNothingDelivered(self, tip):
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(self.repo.branches(), ["main"])
        self.assertEqual(self.repo.status(), "")
        self.assertNoProcess()
        self.assertEqual(self.count("autopilot_runs", "lease_fence IS NOT NULL OR wants IS NOT NULL"), 0)
        self.assertHealthy()


class NothingIsSpentWithoutASpec(ShopWorld):
    """No run, no workspace, no process, no lease, no effect."""

    def assertNothingSpent(self, vtid, tip):
        self.assertEqual(self.runs(vtid), 0)
        self.assertEqual(self.count("outbox", "vtid = ?", vtid), 0)
        self.assertEqual(self.count("evidence", "vtid = ?", vtid), 0)
        self.assertEqual(self.count("vtid_specs", "vtid = ?", vtid), 0)
        self.assertEqual(self.workspaces(), [])
        self.assertNothingDelivered(tip)

    def assertWhy(self, vtid, status, code, gate):
        """Status, stage, code, and the verdicts of the gate in its order."""
        why = self.vitana("task", "why", vtid, "--json", code=0).json
        gates = [verdict["gate"] for verdict in why["verdicts"]]
        self.assertIn((gate, code), [(v["gate"], v["code"]) for v in why["verdicts"] if not v["pass"]], why)
        text = self.vitana("task", "why", vtid, code=0).out
        lines = [line.strip() for line in text.splitlines()]
        self.assertIn(f"status: {status}: {code}", lines)
        self.assertIn(f"stage:  {why['stage']}", lines)
        lines = lines[next(i for i, line in enumerate(lines) if line.startswith("the gate at")):]
        self.assertIn(f"[{code}]", next(line for line in lines if f" {gate}: " in line))
        places = [next(i for i, line in enumerate(lines) if f" {name}: " in f" {line}") for name in gates]
        self.assertEqual(places, sorted(places), text)

    def test_a_spec_without_criteria(self):
        tip = self.add("01301-no-criteria")
        self.until_idle()
        task = self.assertStatus("VTID-01301", "draft", "SPEC_INVALID")
        self.assertShape(task)
        self.assertEqual(task["runs"], [])
        self.assertEqual(task["stage"], "spec")
        self.assertEqual(task["failure"]["class"], "spec")
        self.assertFalse(task["failure"]["retryable"])
        self.assertIn("docs/specs/01301-no-criteria.md:1:1", task["failure"]["message"])
        self.assertWhy("VTID-01301", "draft", "SPEC_INVALID", "spec")
        self.assertNothingSpent("VTID-01301", tip)

    def test_a_task_with_no_spec_anywhere(self):
        tip = self.repo.head()
        self.vitana("task", "create", "--vtid", "VTID-01302", "--title", "Footer says the year", code=0)
        self.until_idle()
        task = self.assertStatus("VTID-01302", "draft", "SPEC_NOT_FOUND")
        self.assertShape(task)
        self.assertEqual(task["title"], "Footer says the year")
        for place in ("docs/specs/**/*.md", "draft", "intake", "manual", "ledger"):
            self.assertIn(place, task["failure"]["message"])
        self.assertWhy("VTID-01302", "draft", "SPEC_NOT_FOUND", "spec")
        self.assertNothingSpent("VTID-01302", tip)

    def test_its_spec_arrives_and_it_goes_on_by_itself(self):
        engine = self.start_synced()
        self.vitana("task", "create", "--vtid", "VTID-01302", "--title", "Footer says the year", code=0)
        self.wait_for_status("VTID-01302", "draft")
        self.vitana("spec", "register", SPECS / "01302-footer-year.md", "--reason", "asked for by the owner", code=0)
        self.wait_for_status("VTID-01302", "completed")
        self.assertEqual(engine.stop(), 0)
        task = self.assertStatus("VTID-01302", "completed")
        self.assertEqual(task["spec"]["source"], "manual")
        self.assertIn("Shop, 2026", self.repo.show("index.html"))
        self.assertEqual(len(task["runs"]), 1)

    def test_an_invalid_spec_is_mended_and_goes_on_by_itself(self):
        self.add("01301-no-criteria")
        engine = self.start_synced()
        self.wait_for_status("VTID-01301", "draft")
        self.repo.write("tools/fixer.sh", "#!/bin/sh\ncat > /dev/null\nsed -i 's/64748b/111111/' style.css\n")
        text = (SPECS / "01301-no-criteria.md").read_text()
        self.repo.commit("mended", {"docs/specs/01301-no-criteria.md": text +
                                    "\n## Acceptance Criteria\n\n- It is dark\n\n  ```check\n  grep -q 111111 style.css\n  ```\n"})
        self.wait_for_status("VTID-01301", "completed")
        self.assertEqual(engine.stop(), 0)

    def test_two_texts_for_one_number(self):
        one = (SPECS / "01302-footer-year.md").read_text()
        self.repo.commit("two plans", {"docs/specs/01302-footer-year.md": one,
                                       "docs/specs/VTID-01302-other.md": one.replace("the year", "this year")})
        tip = self.repo.head()
        self.until_idle()
        task = self.assertStatus("VTID-01302", "blocked:spec_conflict", "SPEC_CONFLICT")
        self.assertShape(task)
        for name in ("01302-footer-year.md", "VTID-01302-other.md"):
            self.assertIn(name, task["failure"]["message"])
        self.assertWhy("VTID-01302", "blocked: spec_conflict", "SPEC_CONFLICT", "conflict")
        self.assertEqual(self.runs("VTID-01302"), 0)
        self.assertEqual(self.workspaces(), [])
        self.assertNothingDelivered(tip)


class AResultThatIsNotGoodEnough(ShopWorld):
    """The agent ran, and what it left is refused."""

    def refused(self, name, vtid, code, state):
        tip = self.add(name)
        self.until_idle()
        task = self.assertStatus(vtid, "failed", code)
        self.assertShape(task)
        self.assertEqual(len(task["runs"]), 1)
        run = task["runs"][0]
        self.assertEqual((run["state"], run["failure"]["code"]), ("failed", code))
        self.assertEqual(run["failure"]["from_state"], state)
        self.assertEqual(task["next"]["due_at"], None)
        why = self.vitana("task", "why", vtid, code=0).out
        self.assertIn(f"failed: {code}", why)
        self.assertNothingDelivered(tip)
        return task

    def test_an_agent_that_did_nothing(self):
        self.refused("01303-agent-does-nothing", "VTID-01303", "AGENT_NO_CHANGE", "executing")
        self.assertIn("all is well", self.vitana("task", "log", "VTID-01303", code=0).out)

    def test_an_agent_with_the_wrong_colour(self):
        task = self.refused("01305-agent-wrong-colour", "VTID-01305", "VERIFICATION_FAILED", "verifying")
        verdicts = {e["criterion"]: (e["verdict"], e["exit_code"]) for e in task["runs"][0]["evidence"]}
        self.assertEqual(verdicts["AC-1"], ("failed", 1))
        self.assertIn("#16a34a", self.vitana("task", "diff", "VTID-01305", code=0).out)

    def test_an_agent_that_breaks_what_was_green(self):
        self.refused("01306-agent-breaks-checks", "VTID-01306", "CHECKS_FAILED", "verifying")
        self.assertIn("the sidebar lost its entry 'orders'", self.vitana("task", "evidence", "VTID-01306", code=0).out)

    def test_an_agent_that_edits_a_protected_path(self):
        task = self.refused("01307-agent-protected-path", "VTID-01307", "PATH_FORBIDDEN", "verifying")
        self.assertIn("vitana.toml", task["failure"]["message"])

    def test_an_agent_that_fails(self):
        """Another exit code than 0 is a failure, whatever the tree looks like."""
        self.repo.commit("spec", {
            "tools/fixer.sh": "#!/bin/sh\ncat > /dev/null\necho blue >> style.css\necho 'I give up' >&2\nexit 7\n",
            "docs/specs/VTID-01309-x.md": spec_text("VTID-01309", check="grep -q blue style.css")})
        tip = self.repo.head()
        self.until_idle()
        task = self.assertStatus("VTID-01309", "failed", "AGENT_FAILED")
        self.assertIn("7", task["failure"]["message"])
        self.assertEqual(task["runs"][0]["evidence"], [])
        self.assertIn("I give up", self.vitana("task", "log", "VTID-01309", code=0).out)
        self.assertNothingDelivered(tip)

    def test_a_base_that_is_red_spends_no_attempt(self):
        tip = self.repo.commit("the shop is broken", {"index.html": "<p>nothing</p>\n"})
        self.add("01302-footer-year")
        tip = self.repo.head()
        engine = self.start()

        def told():
            task = self.query("SELECT error_code, next_what FROM vtid_ledger WHERE vtid = 'VTID-01302'")
            return task and task[0]["error_code"] == "BASE_RED"
        wait_until(lambda: f"BASE_RED\n{engine.said()}", told)
        self.assertEqual(self.query("SELECT spent FROM vtid_ledger WHERE vtid = 'VTID-01302'")[0]["spent"]
                         .replace(" ", "").count(":1"), 0)
        self.assertEqual(self.repo.head(), tip)
        # The branch is mended, and the work goes on by itself.
        self.repo.commit("mended", {"index.html": (SHOP / "index.html").read_text()})
        self.wait_for_status("VTID-01302", "completed")
        self.assertEqual(engine.stop(), 0)


class AnAgentThatHangs(ShopWorld):
    """Its clock is short here."""

    timeout = "5s"

    def test_it_is_ended_by_its_clock(self):
        tip = self.add("01304-agent-hangs")
        self.until_idle()
        task = self.assertStatus("VTID-01304", "failed", "AGENT_TIMEOUT")
        self.assertShape(task)
        self.assertEqual(task["failure"]["class"], "timeout")
        self.assertEqual(task["runs"][0]["evidence"], [])
        self.assertNothingDelivered(tip)
