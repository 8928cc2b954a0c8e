"""A repository that had specs before Vitana came: nothing runs by surprise, new work runs by itself."""

import collections
import re
import shutil

from harness import SOURCE, World, spec_text

CORPUS = SOURCE / "tests/corpus/specs"


def outcomes(report):
    return {file["path"]: file for file in report["repos"][0]["files"]}


class FirstContactWithManyOldSpecs(World):
    """A shop with a drawer full of old specs, of every shape that people write."""

    def prepare(self):
        super().prepare()
        folder = self.repo.folder / "docs/specs"
        folder.mkdir(parents=True)
        self.files = sorted(p for p in CORPUS.iterdir() if p.suffix == ".md")
        self.assertGreaterEqual(len(self.files), 43)
        for file in self.files:
            shutil.copy(file, folder / file.name)
        self.repo.commit("the drawer")

    def test_one_scan_runs_nothing_and_writes_nothing(self):
        before, files = self.repo.head(), self.repo.fingerprint()
        self.until_idle()
        self.assertEqual(self.count("autopilot_runs"), 0)
        self.assertEqual(self.repo.head(), before)
        self.assertEqual(self.repo.branches(), ["main"])
        self.assertEqual(self.repo.status(), "")
        self.assertEqual(self.repo.fingerprint(), files)
        self.assertEqual(self.workspaces(), [])
        self.assertNoProcess()
        self.assertHealthy()

    def test_one_table_tells_the_outcome_of_every_file(self):
        said = self.until_idle().out
        heads = [line for line in said.splitlines() if re.match(r"OUTCOME +VTID +FILE +REASON", line)]
        self.assertEqual(len(heads), 1, said)
        line = next(line for line in said.splitlines() if line.startswith("shop at "))
        counted = {name: int(n) for n, name in re.findall(r"(\d+) (\w+)", line.split(": ", 1)[1])}
        self.assertEqual(sum(counted.values()), len(self.files), line)
        self.assertEqual(set(counted), {"held", "invalid", "ignored", "conflict", "completed", "renamed"}, line)

        listed = self.vitana("spec", "sync", "--json", code=0).json
        files = outcomes(listed)
        self.assertEqual(len(files), len(self.files))
        self.assertEqual(dict(collections.Counter(file["outcome"] for file in files.values())), counted)
        for path, outcome in {
            "VTID-01100-retry-queue.md": "held", "01213-sidebar-operator-color.md": "held",
            "VTID-01213-chat-log.md": "ignored", "01230-payment.md": "conflict", "VTID-01230-a-plan.md": "conflict",
            "VTID-01120-no-criteria.md": "invalid", "VTID-01123-placeholders.md": "invalid",
            "VTID-01130-status-closes.md": "completed", "VTID-01129-status-holds.md": "held",
            "DEV-CICDL-0035-pipeline.md": "invalid", "VTID-0526-D-voice-bridge.md": "invalid",
            "VTID-01140-latin1.md": "invalid", "VTID-01141-nul.md": "invalid",
            "README.md": "ignored", "scratch.md": "ignored", "2025-01-03-meeting-notes.md": "ignored",
        }.items():
            self.assertEqual(files[f"docs/specs/{path}"]["outcome"], outcome, files[f"docs/specs/{path}"])
        for file in files.values():
            if file["outcome"] != "completed":
                self.assertTrue(file["reason"], file)

    def test_no_task_of_the_drawer_is_scheduled(self):
        self.until_idle()
        rows = self.query("SELECT vtid, status, blocked_reason FROM vtid_ledger")
        self.assertGreater(len(rows), 20)
        for row in rows:
            self.assertIn(row["status"], ("draft", "blocked", "completed"), row)
            if row["status"] == "blocked":
                self.assertIn(row["blocked_reason"], ("not_adopted", "spec_conflict", "spec_held", "spec_renumbered"), row)
        # A conflict that nobody owns is no task that could run, and it says who fights.
        task = self.assertStatus("VTID-01230", "blocked:spec_conflict", "SPEC_CONFLICT")
        for name in ("01230-payment.md", "VTID-01230-a-plan.md"):
            self.assertIn(name, task["failure"]["message"])

    def test_a_new_spec_runs_by_itself_while_the_old_ones_wait(self):
        engine = self.start_synced()
        self.add_spec("VTID-09001")
        self.wait_for_status("VTID-09001", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(self.query("SELECT DISTINCT vtid FROM autopilot_runs"), [{"vtid": "VTID-09001"}])
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-09001"])
        self.assertEqual(self.repo.status(), "")

    def test_a_new_spec_runs_at_the_next_start(self):
        self.until_idle()
        self.add_spec("VTID-09001")
        self.until_idle()
        self.assertStatus("VTID-09001", "completed")
        self.assertEqual(self.query("SELECT DISTINCT vtid FROM autopilot_runs"), [{"vtid": "VTID-09001"}])

    def test_adopted_for_work_they_run_and_adopted_as_done_they_do_not(self):
        self.until_idle()
        self.agent("VTID-01100")
        adopted = self.vitana("spec", "adopt", "docs/specs/VTID-01100*", "--run", "--json", code=0).json
        self.assertEqual([task["vtid"] for task in adopted["tasks"]], ["VTID-01100"])
        self.vitana("spec", "adopt", "docs/specs/VTID-010*", "--done", code=1)  # none matches
        done = self.vitana("spec", "adopt", "docs/specs/VTID-0110[2-9]*", "--done", "--json", code=0).json
        self.assertGreaterEqual(len(done["tasks"]), 5)
        self.until_idle()
        for task in done["tasks"]:
            self.assertStatus(task["vtid"], "completed")
            self.assertEqual(self.runs(task["vtid"]), 0)
        self.assertEqual(self.runs("VTID-01100"), 1)
        self.assertEqual(self.status("VTID-01113"), "blocked:not_adopted")

    def test_adoption_says_what_is_missing(self):
        self.until_idle()
        self.vitana("spec", "adopt", "docs/**", code=2)
        self.vitana("spec", "adopt", "docs/**", "--run", "--done", code=2)
        answer = self.vitana("spec", "adopt", "elsewhere/**", "--run", "--json", code=1)
        self.assertEqual(answer.error_code, "NOT_FOUND")

    def test_a_drawer_of_one_commit_is_read_once(self):
        self.until_idle()
        specs, events = self.count("vtid_specs"), self.count("oasis_events", "type LIKE 'vtid.%'")
        self.until_idle()
        self.assertEqual(self.count("vtid_specs"), specs)
        self.assertEqual(self.count("oasis_events", "type LIKE 'vtid.%'"), events)


class IdleIsNotDone(World):
    """What is left says what holds it."""

    def test_a_pause_is_named_with_the_tasks_that_it_holds(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "release night", code=0)
        for number in range(811, 823):
            self.add_spec(f"VTID-00{number}")
        said = self.until_idle().out
        self.assertIn("tasks: 12 scheduled", said)
        self.assertRegex(said, r"VTID-00822 +scheduled: EXECUTION_PAUSED +.*release night")
        self.assertEqual(len(re.findall(r"(?m)^VTID-008\d\d +scheduled", said)), 10, said)
        self.assertIn("and 2 more: vitana task list", said)
        self.assertIn("execution is off: release night\nnext: vitana controls set execution on", said)

    def test_nothing_is_said_where_nothing_is_held(self):
        self.add_spec("VTID-00811")
        self.assertTrue(self.until_idle().out.endswith("tasks: 1 blocked\n"))


class OneNumberInFourFiles(World):
    """Four people took the same number."""

    names = ["VTID-00700-a.md", "VTID-00700-b.md", "00700-c.md", "deep/VTID-00700-d.md"]

    def commit_all_four(self):
        for name in self.names:
            self.repo.write(f"docs/specs/{name}", spec_text("VTID-00700", f"The page as {name} has it"))
        self.repo.commit("four plans")

    def test_nothing_is_scheduled_and_all_four_are_named(self):
        self.until_idle()
        self.commit_all_four()
        self.agent("VTID-00700")
        self.until_idle()
        task = self.assertStatus("VTID-00700", "blocked:spec_conflict", "SPEC_CONFLICT")
        for name in self.names:
            self.assertIn(name, task["failure"]["message"])
        self.assertEqual(self.count("autopilot_runs"), 0)
        files = outcomes(self.vitana("spec", "sync", "--json", code=0).json)
        self.assertEqual([files[f"docs/specs/{name}"]["outcome"] for name in self.names], ["conflict"] * 4)

    def test_leaving_one_resolves_it_and_it_runs(self):
        self.until_idle()
        self.commit_all_four()
        self.agent("VTID-00700")
        self.until_idle()
        for name in self.names[1:]:
            (self.repo.folder / "docs/specs" / name).unlink()
        self.repo.commit("one plan")
        self.until_idle()
        self.assertStatus("VTID-00700", "completed")
        self.assertIn("as VTID-00700-a.md", self.vitana("spec", "show", "VTID-00700", "--raw", code=0).out)
        self.assertEqual(self.runs("VTID-00700"), 1)

    def test_the_same_text_twice_is_no_conflict(self):
        self.until_idle()
        self.agent("VTID-00701")
        self.repo.commit("twice", {f"docs/specs/VTID-00701-{n}.md": spec_text("VTID-00701") for n in "ab"})
        self.until_idle()
        self.assertStatus("VTID-00701", "completed")
        self.assertEqual(self.count("vtid_specs", "vtid = 'VTID-00701'"), 1)


class LosingTheDataDirectory(World):
    """What was delivered stands in the trailers of the branch."""

    def test_nothing_is_delivered_twice(self):
        self.until_idle()
        self.add_spec("VTID-00801")
        self.add_spec("VTID-00802", spec_text("VTID-00802", check="grep -q green page.txt"),
                      script="echo 'also green' >> page.txt")
        self.until_idle()
        self.assertStatus("VTID-00801", "completed")
        self.assertStatus("VTID-00802", "completed")
        before = self.repo.head()
        self.assertEqual(sorted(self.repo.trailers("VTID")), ["VTID-00801", "VTID-00802"])

        shutil.rmtree(self.data)
        self.until_idle()
        self.assertEqual(self.repo.head(), before)
        self.assertEqual(self.count("autopilot_runs"), 0)
        for vtid in ("VTID-00801", "VTID-00802"):
            self.assertStatus(vtid, "completed")
        # Nor when somebody adopts all that is there.
        self.vitana("spec", "adopt", "**", "--run")
        self.until_idle()
        self.assertEqual(self.repo.head(), before)
        self.assertEqual(self.count("autopilot_runs"), 0)
        self.assertHealthy()
