"""Repositories that go away, disks that fill up, stores that are damaged: told by a code, and mended, all goes on."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys

from harness import BINARY, DONE, Repo, World, spec_text, wait_until

MEBI = 1 << 20


def mount(*words):
    return subprocess.run(["mount", *map(str, words)], capture_output=True, text=True)


class Place(World):
    """Configuration and data stand apart from the repository, so that the repository can go."""

    def setUp(self):
        super().setUp()
        self.desk = self.root / "desk"
        self.desk.mkdir()
        (self.desk / "vitana.toml").write_text(
            self.config(repos=f'path = "{self.repo.folder}"\nbranch = "main"\nadopt = "all"'))

    @property
    def data(self):
        return self.root / "desk/.vitana"

    def vitana(self, *words, **options):
        options.setdefault("folder", self.desk)
        return super().vitana(*words, **options)

    def start(self, *words, **options):
        options.setdefault("folder", self.desk)
        return super().start(*words, **options)

    @contextlib.contextmanager
    def mounted(self, folder, *words):
        """A file system of its own on a folder; without the right to mount the test says so and is skipped."""
        folder.mkdir(exist_ok=True)
        done = mount(*words, folder)
        if done.returncode != 0:
            print(f"\nSKIPPED {self.id()}: this test needs the right to mount: {done.stderr.strip()}", file=sys.stderr)
            self.skipTest("needs the right to mount")
        try:
            yield
        finally:
            self._end_processes()
            subprocess.run(["umount", "-l", folder], check=True)

    def full(self, folder):
        """Fills a file system to its last byte; returns what to remove."""
        filler = folder / "filler"
        with open(filler, "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 10, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        self.assertEqual(shutil.disk_usage(folder).free, 0)
        return filler


class RepositoriesThatAreGone(Place):
    def refused(self, code):
        """Sync says why; an engine says it and goes on; nothing is registered."""
        answer = self.vitana("spec", "sync", "--json", code=3)
        self.assertEqual(answer.error_code, code)
        said = self.vitana("autopilot", "--until-idle", code=0)
        self.assertIn(f"shop: {code}", said.err)
        self.assertEqual(said.err.count(f"shop: {code}"), 1, "the same fault is said once")
        self.assertEqual(self.count("vtid_ledger"), 0)
        self.assertHealthy()

    def test_no_such_folder(self):
        shutil.rmtree(self.repo.folder)
        self.refused("REPO_UNAVAILABLE")

    def test_a_file(self):
        shutil.rmtree(self.repo.folder)
        self.repo.folder.write_text("x")
        self.refused("REPO_UNAVAILABLE")

    def test_a_folder_without_git(self):
        shutil.rmtree(self.repo.folder / ".git")
        self.refused("REPO_UNAVAILABLE")

    def test_no_such_branch(self):
        self.repo.git("branch", "-m", "main", "trunk")
        self.refused("BRANCH_MISSING")

    def test_a_head_of_rubbish(self):
        (self.repo.folder / ".git/HEAD").write_text("rubbish")
        self.refused("REPO_UNAVAILABLE")

    def test_objects_of_rubbish(self):
        for file in (self.repo.folder / ".git/objects").glob("??/*"):
            file.chmod(0o644)
            file.write_bytes(b"rubbish")
        self.refused("REPO_UNAVAILABLE")

    def test_an_object_that_is_missing(self):
        self.add_spec("VTID-00301")
        blob = self.repo.git("rev-parse", "main:docs/specs/VTID-00301-page.md")
        (self.repo.folder / f".git/objects/{blob[:2]}/{blob[2:]}").unlink()
        self.refused("REPO_UNAVAILABLE")

    def test_not_readable(self):
        if os.getuid() == 0:
            # The superuser reads everything; an empty folder over it is as close as it gets.
            with self.mounted(self.repo.folder / ".git", "-t", "tmpfs", "-o", "mode=000", "none"):
                self.refused("REPO_UNAVAILABLE")
            return
        self.repo.folder.chmod(0)
        self.addCleanup(self.repo.folder.chmod, 0o755)
        self.refused("REPO_UNAVAILABLE")

    def test_without_a_commit_it_waits_for_the_first(self):
        shutil.rmtree(self.repo.folder / ".git")
        self.repo.git("init", "-q", "-b", "main")
        self.assertIn("no commit yet", self.vitana("spec", "sync", code=0).out)
        self.vitana("autopilot", "--until-idle", code=0)
        self.repo.git("config", "user.name", "Shop Owner")
        self.repo.git("config", "user.email", "owner@shop.example")
        self.add_spec("VTID-00302")
        self.until_idle()
        self.assertStatus("VTID-00302", "completed")

    def test_away_while_the_agent_works_and_back_again(self):
        engine = self.start()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00303", script="echo began\nwhile [ ! -e $scripts/go ]; do sleep 0.1; done\n" + DONE)
        self.wait_for_run("VTID-00303", "executing")
        wait_until("the agent has begun", lambda: "\nbegan" in self.vitana("task", "log", "VTID-00303").out)
        away = self.repo.folder.rename(self.root / "away")
        self.tell_agent("go")
        wait_until(lambda: f"its absence is noticed\n{engine.said()}", lambda: "REPO_UNAVAILABLE" in engine.said())
        self.assertTrue(engine.alive())
        away.rename(self.repo.folder)
        self.wait_for_status("VTID-00303", "completed")
        self.assertEqual(self.runs("VTID-00303"), 1)
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00303"])
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_a_mirror_that_somebody_removed_is_made_again(self):
        self.add_spec("VTID-00304")
        self.vitana("spec", "sync", code=0)
        shutil.rmtree(self.data / "mirrors")
        self.until_idle()
        self.assertStatus("VTID-00304", "completed")
        self.assertEqual(self.runs("VTID-00304"), 1)


class RepositoriesWhoseBranchCannotBeTold(Place):
    """One of two repositories names no branch, and its default one cannot be looked up: only what needs it fails."""

    def setUp(self):
        super().setUp()
        self.other = Repo(self.root / "other", self.environment)
        self.other.commit("a page", {"page.txt": "colour: red\n"})
        (self.desk / "vitana.toml").write_text(self.config(
            repos=f'path = "{self.repo.folder}"\nadopt = "all"',
            rest=f'[[repos]]\nname = "other"\npath = "{self.other.folder}"\nadopt = "all"\n'
                 'specs = ["docs/specs/**/*.md"]\nscan_seconds = 1\n'))

    def assertTheRestWorks(self, branch):
        backup = self.root / "a-backup.db"
        backup.unlink(missing_ok=True)
        for words in (["task", "list"], ["audit"], ["events"], ["controls", "list"], ["backup", backup],
                      ["--data", self.data, "task", "list"], ["stop"], ["--data", self.data, "stop"]):
            with self.subTest(words):
                self.vitana(*words, code=0)
        told = {repo["name"]: repo["branch"] for repo in self.vitana("repos", "--json", code=0).json["repos"]}
        self.assertEqual(told, {"shop": branch, "other": "main"})

    def assertTheOtherWorks(self, vtid):
        self.agent(vtid)
        self.other.commit("spec", {f"docs/specs/{vtid}.md": spec_text(vtid)})
        self.wait_for_status(vtid, "completed")
        self.assertEqual(self.other.trailers("VTID"), [vtid])

    def comes_back(self, code, take_away, bring_back):
        """It goes before the first sync; the engine that began without it takes it up."""
        take_away()
        answer = self.vitana("spec", "sync", code=3)
        self.assertIn(code, answer.out + answer.err)
        self.assertIn(str(self.repo.folder), answer.out + answer.err)
        self.assertIn("shop", self.vitana("doctor", code=1).out)
        self.assertTheRestWorks(None)
        engine = self.start()
        self.assertTheOtherWorks("VTID-00341")
        self.assertIn(f"shop: {code}", engine.said())
        bring_back()
        self.add_spec("VTID-00342")
        self.wait_for_status("VTID-00342", "completed")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00342"])
        self.assertEqual(engine.stop(), 0)
        self.assertTheRestWorks("main")
        self.assertEqual([row["branch"] for row in self.query("SELECT branch FROM repos WHERE name = 'shop'")],
                         ["main docs/specs/**/*.md"])
        self.assertHealthy()

    def test_a_repository_that_is_gone_before_it_was_read(self):
        away = self.root / "away"
        self.comes_back("REPO_UNAVAILABLE", lambda: self.repo.folder.rename(away),
                        lambda: away.rename(self.repo.folder))

    def test_a_detached_head(self):
        self.comes_back("BRANCH_MISSING", lambda: self.repo.git("checkout", "-q", "--detach"),
                        lambda: self.repo.git("checkout", "-q", "main"))

    def test_a_repository_that_is_gone_after_it_was_read_goes_on_with_its_branch(self):
        self.vitana("spec", "sync", code=0)
        away = self.repo.folder.rename(self.root / "away")
        self.assertTheRestWorks("main")
        engine = self.start()
        self.assertTheOtherWorks("VTID-00341")
        self.assertIn("shop: REPO_UNAVAILABLE", engine.said())
        away.rename(self.repo.folder)
        self.add_spec("VTID-00342")
        self.wait_for_status("VTID-00342", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()


class Stopping(Place):
    """What is wrong in vitana.toml does not keep an engine running."""

    def setUp(self):
        super().setUp()
        self.file = self.desk / "vitana.toml"
        self.sound = self.file.read_text()

    def ends(self, text, *options):
        """An engine that began with the sound file, once the file says `text`."""
        self.file.write_text(self.sound)
        engine = self.start()
        wait_until("the engine runs", lambda: "autopilot:" in engine.said())
        self.file.write_text(text)
        answer = self.vitana(*options, "stop", code=0)
        self.assertEqual(engine.end(), 0)
        self.assertIn(f"process {engine.pid} has ended", answer.err)
        return answer.err

    def test_with_a_typo_in_the_configuration(self):
        for fault in ("[worker\n", "[wroker]\nslots = 2\n", 'x = "\n'):
            with self.subTest(fault):
                said = self.ends(self.sound + fault)
                self.assertIn(f"{self.file} has errors", said)
                self.assertIn(str(self.data), said)

    def test_of_a_data_directory_that_is_named(self):
        self.ends("[[[\n", "--data", self.data)

    def test_of_a_data_directory_that_stands_before_the_fault(self):
        place = self.root / "elsewhere"
        named = f'[server]\ndata = "{place}"\n' + self.sound
        self.file.write_text(named)
        engine = self.start()
        wait_until("the engine runs", lambda: (place / "vitana.db").exists() and "autopilot:" in engine.said())
        self.file.write_text(named + "[worker\n")
        self.assertIn(f"taken to be {place}", self.vitana("stop", code=0).err)
        self.assertEqual(engine.end(), 0)

    def test_where_there_is_nothing_to_stop(self):
        self.assertEqual(self.vitana("stop", "--json", code=1).error_code, "NOT_FOUND")
        self.vitana("spec", "sync", code=0)
        self.assertIn("no engine runs", self.vitana("stop", code=0).err)


class FullDisks(Place):
    def test_the_store_fills_up_and_is_freed(self):
        with self.mounted(self.data, "-t", "tmpfs", "-o", "size=16m", "none"):
            engine = self.start()
            self.wait_for_sync(engine)
            self.add_spec("VTID-00311", script="while [ ! -e $scripts/go ]; do sleep 0.1; done\n" + DONE)
            self.wait_for_run("VTID-00311", "executing")
            filler = self.full(self.data)
            self.tell_agent("go")
            self.add_spec("VTID-00312", spec_text("VTID-00312", check="test -s more.txt"), script="echo x > more.txt")
            wait_until(lambda: f"it is said\n{engine.said()}", lambda: "STORE_FULL" in engine.said())
            answer = self.vitana("controls", "set", "execution", "off", "--reason", "x", "--json", code=3)
            self.assertEqual(answer.error_code, "STORE_FULL")
            self.vitana("task", "list", code=0)
            self.assertHealthy()
            self.assertTrue(engine.alive())
            filler.unlink()
            self.wait_for_status("VTID-00311", "completed")
            self.wait_for_status("VTID-00312", "completed")
            self.assertEqual(sorted(self.repo.trailers("VTID")), ["VTID-00311", "VTID-00312"])
            self.assertEqual(engine.stop(), 0)
            self.assertHealthy()

    def test_no_room_at_the_first_start(self):
        with self.mounted(self.data, "-t", "tmpfs", "-o", "size=1m", "none"):
            filler = self.full(self.data)
            for words in (["autopilot", "--until-idle"], ["spec", "sync"]):
                self.assertEqual(self.vitana(*words, "--json", code=3).error_code, "STORE_FULL")
            filler.unlink()
            mount("-o", "remount,size=32m", self.data)
            self.until_idle()
            self.assertEqual((self.data / ".gitignore").read_text(), "*\n")
            self.assertHealthy()

    def test_the_workspaces_fill_up_and_are_freed(self):
        cache = self.root / "cache"
        with self.mounted(cache, "-t", "tmpfs", "-o", "size=4m", "none"):
            engine = self.start()
            self.wait_for_sync(engine)
            filler = self.full(cache)
            self.add_spec("VTID-00313")
            wait_until(lambda: f"a run fails\n{engine.said()}",
                       lambda: self.query("SELECT 1 FROM autopilot_runs WHERE error_code = 'WORKSPACE_FAILED'"))
            runs = self.show("VTID-00313")["runs"]
            self.assertEqual(len(runs), 1, "it is no task's fault: no more runs are tried")
            self.assertIn(f"no space left on {cache}", runs[0]["failure"]["message"])
            filler.unlink()
            self.assertEqual(engine.stop(), 0)
            engine = self.start()  # which tries at once
            self.wait_for_status("VTID-00313", "completed")
            self.assertEqual(engine.stop(), 0)
            self.assertHealthy()


class ReadOnlyPlaces(Place):
    def test_a_data_directory_that_cannot_be_written(self):
        self.until_idle()
        with self.mounted(self.data, "--bind", self.data):
            self.assertEqual(mount("-o", "remount,ro,bind", self.data).returncode, 0)
            for words in (["autopilot", "--until-idle"], ["spec", "sync"], ["task", "list"], ["audit"],
                          ["controls", "set", "execution", "off", "--reason", "x"]):
                with self.subTest(words):
                    self.assertEqual(self.vitana(*words, "--json", code=3).error_code, "STORE_READ_ONLY")
            self.assertIn("data directory", self.vitana("doctor", code=1).out)
        self.until_idle()
        self.assertHealthy()

    def test_a_data_directory_that_cannot_be_made(self):
        with self.mounted(self.desk, "--bind", self.desk):
            self.assertEqual(mount("-o", "remount,ro,bind", self.desk).returncode, 0)
            self.assertEqual(self.vitana("autopilot", "--until-idle", "--json", code=3).error_code, "STORE_READ_ONLY")
            self.assertRegex(self.vitana("doctor", code=1).out, "make .*desk writable")


class Doctor(Place):
    def test_refuses_what_the_next_command_could_not_use(self):
        garbage = self.root / "garbage"
        garbage.write_bytes(os.urandom(9000))
        for option, place, said in (("--data", garbage, "is no folder"), ("--data", "/proc/x", "make /proc writable"),
                                    ("--database", garbage, "store: STORE_DAMAGED")):
            with self.subTest(f"{option} {place}"):
                self.assertIn(said, self.vitana(option, place, "doctor", code=1).out)
        self.vitana("doctor", code=0)
        self.until_idle()
        self.assertIn("store: ", self.vitana("doctor", code=0).out)

    def test_refuses_a_notify_command_that_cannot_be_started(self):
        tell = self.desk / "tell.sh"
        config = self.desk / "vitana.toml"
        config.write_text(config.read_text() + '\n[notify]\ncommand = ["./tell.sh"]\n')
        self.assertRegex(self.vitana("doctor", code=1).out, "notify: .*tell.sh")
        tell.write_text("#!/bin/sh\n")
        self.assertIn("mend [notify] command", self.vitana("doctor", code=1).out)
        tell.chmod(0o755)
        self.assertRegex(self.vitana("doctor", code=0).out, "notify: .*tell.sh")

    def test_finds_without_a_path_what_the_sandbox_finds(self):
        done = subprocess.run([BINARY, "doctor"], cwd=self.desk, env={}, capture_output=True, text=True)
        self.assertNotIn("no program", done.stdout)


class Words(Place):
    def test_init_in_a_bare_repository_says_what_it_is(self):
        bare = self.root / "bare.git"
        subprocess.run(["git", "init", "-q", "--bare", bare], check=True)
        self.assertIn("is a bare repository", self.vitana("init", folder=bare, code=3).err)

    def test_watching_says_that_no_engine_runs(self):
        self.add_spec("VTID-00332")
        self.vitana("spec", "sync", code=0)
        engineless = self.start("task", "watch", "VTID-00332")
        wait_until("the word that no engine runs", lambda: "no engine runs" in engineless.said())
        engineless.stop()


class AccountsOfServices(Place):
    def test_without_a_home_that_can_be_written_the_work_is_done_elsewhere(self):
        self.add_spec("VTID-00331")
        environment = {**self.environment, "HOME": "/dev/null"}
        del environment["XDG_CACHE_HOME"]
        self.vitana("autopilot", "--until-idle", code=0, environment=environment)
        store = self.query("SELECT value FROM meta WHERE key = 'store_id'")[0]["value"]
        self.addCleanup(shutil.rmtree, f"/var/tmp/vitana-{os.getuid()}/{store}", ignore_errors=True)
        self.assertStatus("VTID-00331", "completed")

    def test_a_folder_for_workspaces_that_cannot_be_made_is_named(self):
        (self.desk / "vitana.toml").write_text(
            self.config(repos=f'path = "{self.repo.folder}"\nbranch = "main"', worker='workspaces = "/dev/null/x"'))
        error = self.vitana("autopilot", "--until-idle", "--json", code=1).json["error"]
        self.assertEqual(error["code"], "WORKSPACE_FAILED")
        self.assertIn("/dev/null/x", error["message"])
        self.assertIn("[worker] workspaces", error["hint"])


class TwoEngines(Place):
    def test_the_second_is_refused_and_the_first_is_not_disturbed(self):
        engine = self.start()
        self.wait_for_sync(engine)
        backup = self.root / "backup.db"
        self.vitana("backup", backup, code=0)
        for words in (["autopilot"], ["autopilot", "--until-idle"], ["restore", backup]):
            answer = self.vitana(*words, "--json", code=3)
            self.assertEqual(answer.error_code, "DATA_DIR_IN_USE")
            self.assertIn(str(engine.pid), answer.json["error"]["message"])
        self.assertTrue(engine.alive())
        self.vitana("stop", code=0)
        self.assertEqual(engine.end(), 0)
        self.assertHealthy()


class DamagedStores(Place):
    def setUp(self):
        super().setUp()
        self.add_spec("VTID-00321")
        self.until_idle()
        self.database = self.data / "vitana.db"
        self.backup = self.root / "backup.db"
        self.vitana("backup", self.backup, code=0)
        self.sound = self.database.read_bytes()

    def put(self, data):
        for name in ("vitana.db", "vitana.db-wal", "vitana.db-shm"):
            (self.data / name).unlink(missing_ok=True)
        if data is not None:
            self.database.write_bytes(data)

    def test_a_clean_end_leaves_one_plain_file(self):
        self.assertFalse((self.data / "vitana.db-wal").exists())
        self.assertGreater(len(self.sound), 50_000)

    def test_each_damage_is_refused_and_nothing_is_written_over_it(self):
        middle = len(self.sound) // 2 // 4096 * 4096
        damages = {
            "gone": None, "empty": b"", "one byte": self.sound[:1], "100 bytes": self.sound[:100],
            "half": self.sound[:middle], "rubbish": os.urandom(len(self.sound)), "text": b"hello\n" * 1000,
            "no header": b"\0" * 100 + self.sound[100:],
            "its second half is rubbish": self.sound[:middle] + os.urandom(len(self.sound) - middle),
        }
        for name, data in damages.items():
            with self.subTest(name):
                self.put(data)
                for words in (["autopilot", "--until-idle"], ["audit"]):
                    answer = self.vitana(*words, "--json", seconds=60)
                    if words == ["audit"] and answer.code == 1 and "clean" in answer.json:
                        self.assertFalse(answer.json["clean"], answer)
                        continue
                    self.assertEqual(answer.code, 3, answer)
                    self.assertEqual(answer.error_code, "STORE_DAMAGED", answer)
                    self.assertIn("vitana restore", answer.json["error"]["hint"])
                self.assertEqual(self.database.read_bytes() if self.database.exists() else None, data)
                self.vitana("restore", self.backup, code=0)
                self.assertHealthy()
                self.assertStatus("VTID-00321", "completed")

    def test_a_store_of_a_newer_version_is_refused_and_left_alone(self):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute("INSERT INTO schema_version VALUES (999, 'of a later time', 0)")
            database.commit()
        before = self.database.read_bytes()
        for words in (["task", "list"], ["autopilot", "--until-idle"], ["migrate"]):
            with self.subTest(words):
                self.assertEqual(self.vitana(*words, "--json", code=3).error_code, "STORE_TOO_NEW")
        self.assertEqual(self.database.read_bytes(), before)
