"""Where specs come from: drafts, three questions, a description, a file by hand, git in all its ways."""

import hashlib
import shutil

from harness import Repo, World, spec_text


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class ADraftIsWrittenAndApproved(World):
    mode = "merge"

    def setUp(self):
        super().setUp()
        self.until_idle()

    def test_create_edit_validate_approve_and_it_runs(self):
        made = self.vitana("spec", "draft", "create", "-", "--title", "Make the page blue", "--json",
                           input="not yet a spec\n", code=0).json
        number = made["id"]
        found = self.vitana("spec", "draft", "validate", number, "--json", code=1).json
        self.assertFalse(found["valid"])
        self.assertTrue(found["diagnostics"])
        text = spec_text("VTID-00901")
        self.vitana("spec", "draft", "edit", number, "-", input=text, code=0)
        self.assertTrue(self.vitana("spec", "draft", "validate", number, "--json", code=0).json["valid"])
        self.assertEqual(self.count("vtid_ledger"), 0)
        self.agent("VTID-00901")
        self.vitana("spec", "draft", "approve", number, code=0)
        self.until_idle()
        task = self.assertStatus("VTID-00901", "completed")
        self.assertEqual(task["spec"]["source"], "oasis")
        self.assertEqual(self.vitana("spec", "show", "VTID-00901", "--raw", code=0).out, text)
        self.assertEqual(task["spec"]["digest"], digest(text))

    def test_an_invalid_draft_is_not_approved_and_leaves_no_task(self):
        number = self.vitana("spec", "draft", "create", "-", "--title", "Nothing", "--json", input="TBD\n", code=0).json["id"]
        answer = self.vitana("spec", "draft", "approve", number, "--json")
        self.assertIn(answer.code, (1, 4), answer)
        self.assertIn(answer.error_code, ("SPEC_INVALID", "STATE_REFUSED"))
        self.assertEqual(self.count("vtid_ledger"), 0)
        self.assertEqual(self.count("vtid_specs"), 0)

    def test_a_draft_without_a_number_is_given_one(self):
        text = spec_text("VTID-00901").replace("# VTID-00901: ", "# ")
        number = self.vitana("spec", "draft", "create", "-", "--title", "Blue", "--json", input=text, code=0).json["id"]
        self.vitana("spec", "draft", "validate", number, code=0)
        self.vitana("spec", "draft", "approve", number, code=0)
        rows = self.query("SELECT vtid, status FROM vtid_ledger")
        self.assertEqual([row["status"] for row in rows], ["scheduled"])

    def test_a_draft_that_is_not_there(self):
        self.assertEqual(self.vitana("spec", "draft", "approve", 77, "--json", code=1).error_code, "NOT_FOUND")


class ThreeQuestionsThroughAPipe(World):
    mode = "merge"
    title = "Make the page blue\n"
    description = "The page shall have the colour that was agreed.\n.\n"

    def setUp(self):
        super().setUp()
        self.until_idle()

    def test_a_line_makes_a_criterion_executable(self):
        self.carried_out("The page is blue\ncheck: grep -q blue page.txt\n.\n")

    def test_so_does_a_block_as_in_a_spec(self):
        self.carried_out("- The page is blue\n\n  ```check\n  if grep -q blue page.txt; then\n    exit 0\n"
                         "  fi\n  exit 1\n  ```\n.\n")

    def carried_out(self, criteria):
        made = self.vitana("task", "create", "--intake", "--json", input=self.title + self.description + criteria,
                           code=0).json
        vtid = made["vtid"]
        self.agent(vtid)
        self.until_idle()
        task = self.assertStatus(vtid, "completed")
        self.assertEqual(task["spec"]["source"], "intake")
        self.assertEqual(task["title"], "Make the page blue")
        text = self.vitana("spec", "show", vtid, "--raw", code=0).out
        self.assertEqual(task["spec"]["digest"], digest(text))
        verdicts = [e["verdict"] for e in task["runs"][-1]["evidence"]]
        self.assertEqual(verdicts, ["passed"])

    def test_half_an_answer_leaves_nothing(self):
        self.vitana("task", "create", "--intake", input="Make the page blue\n", code=2)
        self.assertEqual(self.count("vtid_ledger"), 0)
        self.assertEqual(self.count("vtid_specs"), 0)

    def test_an_answer_without_content_leaves_nothing(self):
        answer = self.vitana("task", "create", "--intake", "--json", input="Blue\nTBD\n.\nTBD\n.\n")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertEqual(self.count("vtid_ledger"), 0)


class ADescriptionInTheLedger(World):
    mode = "merge"

    def setUp(self):
        super().setUp()
        self.until_idle()

    def test_a_description_that_is_a_spec_is_enough(self):
        text = spec_text("VTID-00911").split("\n", 1)[1]
        self.vitana("task", "create", "--vtid", "VTID-00911", "--title", "Make the page blue", "--description", "-",
                    input=text, code=0)
        self.agent("VTID-00911")
        self.until_idle()
        task = self.assertStatus("VTID-00911", "completed")
        self.assertEqual(task["spec"]["source"], "ledger")

    def test_a_bare_wish_is_no_spec(self):
        answer = self.vitana("task", "create", "--title", "Blue", "--description", "-", "--json", input="please\n")
        vtid = answer.json.get("vtid") if answer.code == 0 else None
        self.until_idle()
        if vtid:
            self.assertEqual(self.show(vtid)["status"], "draft")
            self.assertIn(self.show(vtid)["failure"]["code"], ("SPEC_INVALID", "SPEC_NOT_FOUND"))
        self.assertEqual(self.count("autopilot_runs"), 0)

    def test_the_description_gives_way_to_a_file(self):
        """A fallback, never a rival."""
        self.vitana("controls", "set", "execution", "off", "--reason", "first the texts", code=0)
        text = spec_text("VTID-00912").split("\n", 1)[1]
        self.vitana("task", "create", "--vtid", "VTID-00912", "--title", "Make the page blue", "--description", "-",
                    input=text, code=0)
        self.add_spec("VTID-00912", spec_text("VTID-00912", "The file has the word"))
        self.until_idle()
        task = self.assertStatus("VTID-00912", "scheduled")
        self.assertEqual(task["spec"]["source"], "git")
        self.assertIn("The file has the word", self.vitana("spec", "show", "VTID-00912", "--raw", code=0).out)

    def test_numbers_are_given_in_order_and_never_again(self):
        first = self.vitana("task", "create", "--title", "One", "--json", code=0).json["vtid"]
        second = self.vitana("task", "create", "--title", "Two", "--json", code=0).json["vtid"]
        self.assertEqual(int(second[5:]), int(first[5:]) + 1)
        self.vitana("task", "cancel", second, code=0)
        self.vitana("task", "create", "--vtid", "VTID-00500", "--title", "Far", code=0)
        third = self.vitana("task", "create", "--title", "Three", "--json", code=0).json["vtid"]
        self.assertEqual(third, "VTID-00501")
        self.vitana("task", "create", "--vtid", "VTID-00501", "--title", "Again", code=4)


class AFileIsRegisteredByHand(World):
    mode = "merge"

    def setUp(self):
        super().setUp()
        self.until_idle()

    def register(self, text, *more, code=0):
        return self.vitana("spec", "register", "-", "--reason", "asked for", *more, "--json", input=text, code=code)

    def test_the_same_text_again_is_the_same_version(self):
        text = spec_text("VTID-00921")
        self.register(text)
        self.register(text)
        self.assertEqual(self.count("vtid_specs", "vtid = 'VTID-00921'"), 1)

    def test_an_invalid_text_leaves_no_task(self):
        answer = self.vitana("spec", "register", "-", "--reason", "x", "--json", input="# VTID-00922: No\n\nnothing\n")
        self.assertEqual((answer.code, answer.error_code), (1, "SPEC_INVALID"), answer)
        self.assertEqual(self.status("VTID-00922"), None)

    def test_without_a_reason_it_is_refused(self):
        self.vitana("spec", "register", "-", input=spec_text("VTID-00922"), code=2)

    def test_a_differing_file_in_git_changes_nothing_and_is_reported_as_a_conflict(self):
        """Who came first keeps the number: never the last one wins."""
        self.vitana("controls", "set", "execution", "off", "--reason", "first the texts", code=0)
        manual = spec_text("VTID-00923", "As it was asked for")
        self.register(manual)
        path = self.add_spec("VTID-00923", spec_text("VTID-00923", "As it was committed"))
        self.until_idle()
        task = self.assertStatus("VTID-00923", "scheduled")
        self.assertEqual(task["spec"]["digest"], digest(manual))
        files = self.vitana("spec", "sync", "--json", code=0).json["repos"][0]["files"]
        self.assertEqual([file["outcome"] for file in files if file["path"] == path], ["conflict"])
        events = self.vitana("events", "--json", "--vtid", "VTID-00923", "--type", "vtid.spec.conflict.*", code=0).out
        for candidate in ("manual", path):
            self.assertIn(candidate, events)

    def test_the_other_way_round_a_person_must_say_that_it_is_meant(self):
        self.vitana("controls", "set", "execution", "off", "--reason", "first the texts", code=0)
        committed, manual = (spec_text("VTID-00924", f"As it was {how}") for how in ("committed", "asked for"))
        self.add_spec("VTID-00924", committed)
        self.until_idle()
        answer = self.vitana("spec", "register", "-", "--reason", "better", "--json", input=manual, code=1)
        self.assertEqual(answer.error_code, "SPEC_CONFLICT")
        self.assertIn("docs/specs/VTID-00924-page.md", answer.out)
        self.assertEqual(self.show("VTID-00924")["spec"]["digest"], digest(committed))
        self.register(manual, "--resolve")
        self.vitana("controls", "set", "execution", "on", "--reason", "go", code=0)
        self.until_idle()
        self.assertEqual(self.assertStatus("VTID-00924", "completed")["spec"]["digest"], digest(manual))

    def test_a_draft_and_a_file_that_differ_are_a_conflict_and_a_person_chooses(self):
        """Nobody owns the number: the file is not valid, and the draft says something else."""
        committed = "# VTID-00926: As it was committed\n\n## Summary\n\nThe page shall be blue all over.\n"
        self.add_spec("VTID-00926", committed)
        self.until_idle()
        self.assertStatus("VTID-00926", "draft", "SPEC_INVALID")
        drafted = spec_text("VTID-00926", "As it was drafted")
        number = self.vitana("spec", "draft", "create", "-", "--title", "Blue", "--json", input=drafted, code=0).json["id"]
        self.vitana("spec", "draft", "validate", number, code=0)
        answer = self.vitana("spec", "draft", "approve", number, "--json", code=1)
        self.assertEqual(answer.error_code, "SPEC_CONFLICT")
        self.until_idle()
        self.assertEqual(self.count("autopilot_runs"), 0)
        self.register(drafted, "--resolve")
        self.until_idle()
        self.assertStatus("VTID-00926", "completed")

    def test_equal_texts_from_two_sources_are_one_version(self):
        text = spec_text("VTID-00925")
        self.register(text)
        self.add_spec("VTID-00925", text)
        self.until_idle()
        self.assertStatus("VTID-00925", "completed")
        self.assertEqual(self.count("vtid_specs", "vtid = 'VTID-00925'"), 1)

    def test_a_number_far_away_needs_a_person(self):
        answer = self.register(spec_text("VTID-900000"), code=1)
        self.assertEqual(answer.error_code, "VTID_JUMP")
        self.register(spec_text("VTID-900000"), "--allow-jump")
        self.assertEqual(self.status("VTID-900000"), "scheduled")


class WorkForAnotherRepository(World):
    mode = "merge"

    def prepare(self):
        self.other = Repo(self.root / "other", self.environment)
        self.other.commit("a page", {"page.txt": "colour: red\n"})
        repos = f'path = "."\nbranch = "main"\n[[repos]]\nname = "other"\npath = "{self.other.folder}"\nbranch = "main"'
        # The keys behind go to the last table; the first one keeps its defaults.
        self.repo.commit("two", {"vitana.toml": self.config(repos=repos)})

    def test_a_file_of_one_is_registered_for_the_other(self):
        self.until_idle()
        self.agent("VTID-00961")
        file = self.repo.write("note.md", spec_text("VTID-00961"))
        self.vitana("spec", "register", file, "--repo", "other", "--reason", "it is theirs", code=0)
        self.until_idle()
        self.assertStatus("VTID-00961", "completed")
        self.assertEqual(self.other.trailers("VTID"), ["VTID-00961"])
        self.assertEqual(self.repo.trailers("VTID"), [])


class GitInAllItsWays(World):
    mode = "merge"

    def sync(self):
        report = self.vitana("spec", "sync", "--json", code=0).json
        return {file["path"]: file["outcome"] for file in report["repos"][0]["files"]}

    def test_only_the_configured_branch_registers(self):
        self.until_idle()
        self.repo.git("checkout", "-q", "-b", "feature")
        self.add_spec("VTID-00931")
        self.until_idle()
        self.assertEqual(self.status("VTID-00931"), None)
        self.repo.git("checkout", "-q", "main")
        self.repo.git("merge", "-q", "--ff-only", "feature")
        self.until_idle()
        self.assertStatus("VTID-00931", "completed")

    def test_another_branch_than_main_is_read_and_merged_into(self):
        self.repo.git("branch", "stable")
        self.repo.commit("stable is ours", {"vitana.toml": self.config(repos='path = "."\nbranch = "stable"')})
        self.until_idle()
        main = self.add_spec("VTID-00932") and self.repo.head()
        self.until_idle()
        self.assertEqual(self.status("VTID-00932"), None)
        self.repo.git("branch", "-f", "stable", "main")
        self.until_idle()
        self.assertStatus("VTID-00932", "completed")
        self.assertEqual(self.repo.head(), main)
        self.assertEqual(self.repo.count("main..stable"), 1)
        self.assertEqual(self.repo.status(), "")

    def test_a_renamed_file_keeps_its_task(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "first the texts", code=0)
        old = self.add_spec("VTID-00933")
        self.until_idle()
        new = "docs/specs/deep/VTID-00933-another-name.md"
        (self.repo.folder / new).parent.mkdir()
        self.repo.git("mv", old, new)
        self.repo.commit("renamed")
        self.until_idle()
        self.assertStatus("VTID-00933", "scheduled")
        self.assertEqual(self.count("vtid_specs", "vtid = 'VTID-00933'"), 1)
        self.assertIn(new, self.sync())
        self.assertNotIn("conflict", self.sync().values())
        listed = self.vitana("spec", "list", code=0).out
        self.assertIn(new, listed)
        self.assertNotIn(old, listed)
        self.assertIn(f"now at {new}", self.vitana("task", "show", "VTID-00933", code=0).out)
        self.vitana("controls", "set", "execution", "on", "--reason", "go", code=0)
        self.until_idle()
        self.assertStatus("VTID-00933", "completed")
        self.assertEqual(self.runs("VTID-00933"), 1)

    def test_a_removed_file_leaves_its_spec_in_place(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "first the texts", code=0)
        path = self.add_spec("VTID-00934")
        self.until_idle()
        self.repo.git("rm", "-q", path)
        self.repo.commit("removed")
        self.until_idle()
        self.assertEqual(self.sync()[path], "missing")
        self.assertStatus("VTID-00934", "scheduled")
        self.assertIn("# VTID-00934", self.vitana("spec", "show", "VTID-00934", "--raw", code=0).out)

    def test_a_changed_file_of_a_completed_task_is_drift_and_runs_only_when_asked(self):
        self.until_idle()
        path = self.add_spec("VTID-00935")
        self.until_idle()
        tip = self.repo.commit("changed", {path: spec_text("VTID-00935", "Another title")})
        again = "vitana task retry VTID-00935 --reason TEXT"
        self.assertIn(again, " ".join(self.vitana("spec", "sync", code=0).out.split()))
        self.until_idle()
        self.assertIn(f"version 2 of its text has not run: {again}", self.vitana("task", "why", "VTID-00935", code=0).out)
        self.assertStatus("VTID-00935", "completed")
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(self.runs("VTID-00935"), 1)
        self.assertEqual(len(self.vitana("spec", "history", "VTID-00935", "--json", code=0).json["versions"]), 2)
        self.assertIn("+# VTID-00935: Another title", self.vitana("spec", "diff", "VTID-00935", code=0).out)

    def test_dependencies_hold_until_they_are_done(self):
        self.until_idle()
        self.agent("VTID-00936", "exit 1")
        self.agent("VTID-00937", "echo more > more.txt")
        self.repo.commit("two", {
            "docs/specs/VTID-00936-a.md": spec_text("VTID-00936"),
            "docs/specs/VTID-00937-b.md": spec_text("VTID-00937", "More of it", check="test -s more.txt",
                                                    extra="\n## Dependencies\n\nDepends on: VTID-00936\n")})
        self.vitana("controls", "set", "execution", "off", "--reason", "look first", code=0)
        self.until_idle()
        self.assertEqual(self.status("VTID-00937"), "blocked:dependency_pending")
        self.agent("VTID-00936")
        self.vitana("controls", "set", "execution", "on", "--reason", "go", code=0)
        self.until_idle()
        self.assertStatus("VTID-00936", "completed")
        self.assertStatus("VTID-00937", "completed")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00937", "VTID-00936"])

    def test_a_bare_repository_is_read(self):
        bare = Repo(self.root / "hub.git", self.environment, bare=True)
        self.add_spec("VTID-00938")
        self.repo.git("push", "-q", str(bare.folder), "main")
        desk = self.root / "desk"
        desk.mkdir()
        (desk / "vitana.toml").write_text(self.config(repos=f'path = "{bare.folder}"\nbranch = "main"\nadopt = "all"'))
        self.vitana("autopilot", "--until-idle", folder=desk, code=0)
        task = self.vitana("task", "show", "VTID-00938", "--json", folder=desk, code=0).json
        self.assertEqual(task["status"], "completed")
        self.assertEqual(bare.trailers("VTID"), ["VTID-00938"])


class ValidationNeedsNothing(World):
    """A spec is checked like a program by a compiler: in any folder, without a store."""

    def setUp(self):
        super().setUp()
        self.place = self.root / "nowhere"
        self.place.mkdir()
        shutil.rmtree(self.repo.folder)

    def test_without_a_repository(self):
        text = spec_text("VTID-00941")
        (self.place / "VTID-00941-x.md").write_text(text)
        report = self.vitana("spec", "validate", "--json", "VTID-00941-x.md", folder=self.place, code=0).json
        file = report["files"][0]
        self.assertEqual(set(file) & {"path", "valid", "vtid", "title", "digest", "diagnostics"},
                         {"path", "valid", "vtid", "title", "digest", "diagnostics"})
        self.assertEqual((file["valid"], file["vtid"], file["digest"]), (True, "VTID-00941", digest(text)))
        self.assertEqual(sorted(p.name for p in self.place.iterdir()), ["VTID-00941-x.md"])

    def test_findings_name_file_line_and_column(self):
        (self.place / "VTID-00942-x.md").write_text("# VTID-00942: A title\n\n## Summary\n\nTBD\n")
        answer = self.vitana("spec", "validate", "VTID-00942-x.md", folder=self.place, code=1)
        self.assertRegex(answer.out, r"VTID-00942-x\.md:5:1: error: ")
        annotations = self.vitana("spec", "validate", "--format", "github", "VTID-00942-x.md", folder=self.place, code=1)
        self.assertRegex(annotations.out, r"(?m)^::error file=VTID-00942-x\.md,line=5")

    def test_from_standard_input(self):
        self.vitana("spec", "validate", "-", folder=self.place, input=spec_text("VTID-00943"), code=0)
        self.vitana("spec", "validate", "-", folder=self.place, input="hello\n", code=1)

    def test_a_file_that_is_not_there(self):
        self.assertNotEqual(self.vitana("spec", "validate", "nothing.md", folder=self.place).code, 0)

    def test_the_empty_template_is_not_valid(self):
        text = self.vitana("spec", "template", "--vtid", "VTID-00944", folder=self.place, code=0).out
        self.vitana("spec", "validate", "-", folder=self.place, input=text, code=1)


class WhatChangedWhileNoEngineRan(World):
    """An engine looks at its repositories before it starts anything."""

    def test_a_text_that_its_author_holds_by_now_does_not_run(self):
        self.vitana("spec", "sync", code=0)
        self.add_spec("VTID-00701")
        self.vitana("spec", "sync", code=0)
        self.assertStatus("VTID-00701", "scheduled")
        self.add_spec("VTID-00701", text=spec_text("VTID-00701", front="status: draft"))
        self.until_idle()
        self.assertEqual(self.runs("VTID-00701"), 0)
        self.assertEqual(self.show("VTID-00701")["blocked_reason"], "spec_held")
        self.assertHealthy()


class ANumberThatASecondFileClaims(World):
    """The owner stays, and whoever asks about the task is told of the other text."""

    mode = "merge"

    def test_is_named_by_show_and_why(self):
        self.until_idle()
        self.add_spec("VTID-00931", spec_text("VTID-00931", front="status: draft"))
        self.until_idle()
        self.repo.commit("a second one", {"docs/specs/00931-other.md": spec_text("VTID-00931", title="Another text")})
        self.until_idle()
        for command in ("show", "why"):
            with self.subTest(command):
                self.assertRegex(self.vitana("task", command, "VTID-00931", code=0).out,
                                 r"does not count: another text of this number, \S+, from git:shop:docs/specs/00931-other.md")
