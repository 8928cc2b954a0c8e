"""A backup made under load, more deliveries, a restore: nothing twice, no number again."""

import os
import shutil
import signal
import sqlite3
import unittest

from harness import World, spec_text


class Restore(World):
    def prepare(self):
        self.repo.commit("a page", {"vitana.toml": self.config(rest="[caps]\nconcurrent = 2\n")})

    def add(self, number):
        vtid = f"VTID-{number:05}"
        self.agent(vtid, f"mkdir -p out; echo {vtid} > out/{vtid}")
        self.repo.commit(f"spec {vtid}", {
            f"docs/specs/{vtid}-file.md": spec_text(vtid, check=f"test -s out/{vtid}")})
        return vtid

    def test_nothing_is_delivered_twice_and_no_number_is_given_again(self):
        engine = self.start_synced()
        before = [self.add(number) for number in range(1, 4)]
        self.wait_for_run(before[0], "executing", "verifying", "delivering", "completed")
        backup = self.root / "backup.db"
        self.vitana("backup", backup, code=0)
        after = [self.add(number) for number in range(4, 9)]
        for vtid in before + after:
            self.wait_for_status(vtid, "completed")
        tokens = self.query("SELECT max(fence) AS top FROM autopilot_runs")[0]["top"]
        self.assertEqual(engine.stop(), 0)

        restored = self.vitana("restore", backup, "--json", code=0)
        self.assertGreater(os.path.getsize(restored.json["kept"]), backup.stat().st_size)
        self.assertHealthy()
        commits = self.repo.count()
        self.until_idle()
        self.assertEqual(self.repo.count(), commits, "a restored store is paused")

        self.vitana("controls", "set", "execution", "on", "--reason", "restored", code=0)
        late = self.add(20)
        self.until_idle()
        for vtid in before + after + [late]:
            self.assertStatus(vtid, "completed")
            self.assertEqual(self.repo.trailers("VTID").count(vtid), 1, vtid)
        fence = self.query("SELECT fence FROM autopilot_runs WHERE vtid = ?", late)[0]["fence"]
        self.assertGreater(fence, tokens, "tokens of the new epoch are above all earlier ones")
        fresh = self.vitana("task", "create", "--title", "One more", "--json", code=0).json["vtid"]
        self.assertNotIn(fresh, before + after + [late])
        self.assertHealthy()

    def test_what_a_task_delivered_in_its_own_way_counts_as_that(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "a look", code=0)
        for vtid, way in (("VTID-00031", "branch"), ("VTID-00032", "merge")):
            self.agent(vtid)
            file = self.root / f"{vtid}.md"
            file.write_text(spec_text(vtid))
            self.vitana("spec", "register", file, "--delivery", way, "--reason", "by hand", code=0)
        backup = self.root / "backup.db"
        self.vitana("backup", backup, code=0)
        self.vitana("controls", "set", "execution", "on", "--reason", "go on", code=0)
        self.until_idle()
        delivered = self.repo.count("--all")
        self.assertIn("VTID-00031", self.repo.trailers("VTID", "--all"))
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00032"])

        self.vitana("restore", backup, code=0)
        self.vitana("controls", "set", "execution", "on", "--reason", "restored", code=0)
        self.until_idle()
        for vtid in ("VTID-00031", "VTID-00032"):
            self.assertStatus(vtid, "completed")
            self.assertEqual(self.runs(vtid), 0)
        self.assertEqual(self.repo.count("--all"), delivered)
        self.assertHealthy()

    def test_a_damaged_backup_is_refused_and_nothing_is_touched(self):
        self.until_idle()
        self.add(1)
        self.until_idle()
        backup = self.root / "backup.db"
        self.vitana("backup", backup, code=0)
        content = bytearray(backup.read_bytes())
        place = content.find(b"The page is as it should be")
        self.assertGreater(place, 0)
        content[place] ^= 1
        backup.write_bytes(content)
        answer = self.vitana("restore", backup, "--json")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertEqual(answer.error_code, "STORE_DAMAGED", answer)
        self.assertStatus("VTID-00001", "completed")
        self.assertHealthy()


class AnotherStore(World):
    def test_its_backup_is_refused_unless_the_data_directory_is_empty(self):
        self.until_idle()
        backup = self.root / "backup.db"
        self.vitana("backup", backup, code=0)
        [[other]] = [row.values() for row in self.query("SELECT value FROM meta WHERE key = 'store_id'")]
        self.data.rename(self.root / "away")
        self.add_spec("VTID-00041")
        self.vitana("spec", "sync", code=0)
        [[this]] = [row.values() for row in self.query("SELECT value FROM meta WHERE key = 'store_id'")]

        answer = self.vitana("restore", backup, "--json", code=4)
        self.assertEqual(answer.error_code, "STATE_REFUSED", answer)
        error = answer.json["error"]
        self.assertIn(other, error["message"])
        self.assertIn(this, error["message"])
        self.assertIn(f"move {self.data} away", error["hint"])
        self.assertEqual([file for file in self.data.iterdir() if "restor" in file.name], [], "left of the try")
        self.assertEqual(self.status("VTID-00041"), "blocked:not_adopted")

        shutil.rmtree(self.data)
        self.vitana("restore", backup, code=0)
        self.assertHealthy()


class Ids(World):
    """No number and no run id of the store before is given out again, though the backup knows nothing of them."""

    broken = "echo this store is gone\nexit 1"

    def prepare(self):
        self.repo.commit("a page", {"vitana.toml": self.config(rest="runs = 1\n")})

    def setUp(self):
        super().setUp()
        self.backup = self.root / "backup.db"
        self.until_idle()

    def run_again(self, vtid):
        """One more run of the task, which fails; the ids of all its runs by the names of their logs."""
        if self.status(vtid) == "failed":
            self.vitana("task", "retry", vtid, "--reason", "again", code=0)
        self.until_idle()
        self.assertStatus(vtid, "failed", "AGENT_FAILED")
        return self.logs(vtid)

    def logs(self, vtid):
        return sorted(file.stem for file in (self.data / "logs").glob(f"{vtid}.*"))

    def restore(self):
        self.vitana("restore", self.backup, code=0)
        self.vitana("spec", "sync", code=0)
        self.vitana("controls", "set", "execution", "on", "--reason", "restored", code=0)
        self.assertHealthy()

    def create(self):
        return self.vitana("task", "create", "--title", "One more", "--json", code=0).json["vtid"]

    def by_hand(self, vtid, script):
        """A task that no file in git tells of."""
        self.agent(vtid, script)
        file = self.root / "by-hand.md"
        file.write_text(spec_text(vtid))
        self.vitana("spec", "register", file, "--reason", "by hand", code=0)

    def new_ids_after(self, damage):
        self.add_spec("VTID-00100")
        self.add_spec("VTID-00102", script=self.broken)
        self.until_idle()
        self.assertStatus("VTID-00100", "completed")
        self.assertEqual(self.logs("VTID-00102"), ["VTID-00102.1"])
        self.vitana("backup", self.backup, code=0)
        self.run_again("VTID-00102")
        self.by_hand("VTID-00103", self.broken)
        self.add_spec("VTID-00104", spec_text("VTID-00104", "Back by git"), script=self.broken)
        self.until_idle()
        old = {vtid: self.logs(vtid) for vtid in ("VTID-00102", "VTID-00103", "VTID-00104")}
        self.assertEqual([len(runs) for runs in old.values()], [2, 1, 1])
        damage()

        self.restore()
        self.until_idle()
        self.assertEqual(self.create(), "VTID-00105")
        self.run_again("VTID-00102")
        self.by_hand("VTID-00103", self.broken)
        self.until_idle()
        for vtid, runs in old.items():
            attempts = [row["attempt"] for row in self.query(
                "SELECT attempt FROM autopilot_runs WHERE vtid = ? ORDER BY attempt", vtid)]
            self.assertEqual(attempts[-1], len(runs) + 1, vtid)
            self.assertEqual(self.logs(vtid), sorted({*runs, f"{vtid}.{len(runs) + 1}"}))
            said = self.vitana("task", "log", vtid, code=0).out
            self.assertEqual(said.count("this store is gone"), 1, "the log of one run")
        self.assertHealthy()

    def test_after_a_restore_ids_go_on_where_the_store_before_ended(self):
        self.new_ids_after(lambda: None)

    def test_of_a_store_that_cannot_be_read_its_logs_tell_the_ids(self):
        self.new_ids_after(lambda: (self.data / "vitana.db").write_bytes(b"rubbish" * 9000))

    def test_restoring_again_and_a_backup_of_a_restored_store_forget_nothing(self):
        self.add_spec("VTID-00100", script=self.broken)
        self.until_idle()
        self.vitana("backup", self.backup, code=0)
        self.run_again("VTID-00100")
        self.assertEqual(self.create(), "VTID-00101")
        self.restore()
        self.assertEqual(self.create(), "VTID-00102")
        second = self.root / "second.db"
        self.vitana("backup", second, code=0)
        self.restore()
        self.assertEqual(self.create(), "VTID-00103")
        # Elsewhere, what only the restored store was told of is in its backup.
        shutil.rmtree(self.data)
        self.backup = second
        self.restore()
        self.assertEqual(self.create(), "VTID-00103")
        self.assertEqual(self.run_again("VTID-00100"), ["VTID-00100.3"])


class Damage(World):
    def damage(self, sql):
        with sqlite3.connect(self.data / "vitana.db") as database:
            for (trigger,) in database.execute(
                    "SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='vtid_specs'").fetchall():
                database.execute(f"DROP TRIGGER {trigger}")
            database.execute(sql)
        database.close()

    def test_a_run_under_way_whose_spec_is_gone_ends(self):
        self.until_idle()
        self.add_spec("VTID-00001", script="exec sleep 1000")
        engine = self.start_synced()
        self.wait_for_run("VTID-00001", "executing")
        engine.signal(signal.SIGKILL)
        engine.end()
        self.damage("DELETE FROM vtid_specs")
        self.until_idle()
        self.assertEqual(self.query("SELECT state, error_code FROM autopilot_runs")[0]["error_code"], "CHECKSUM_MISMATCH")
        self.assertEqual(self.repo.trailers("VTID"), [])

    def test_a_run_that_would_use_a_changed_spec_stops(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "a look", code=0)
        self.add_spec("VTID-00001")
        self.until_idle()
        self.assertStatus("VTID-00001", "scheduled")
        self.damage("UPDATE vtid_specs SET spec_text = replace(spec_text, 'agreed', 'Agreed')")
        audit = self.vitana("audit")
        self.assertEqual(audit.code, 1, audit)
        self.assertIn("VTID-00001", audit.out + audit.err)
        self.vitana("controls", "set", "execution", "on", "--reason", "go on", code=0)
        self.until_idle()
        self.assertEqual(self.runs("VTID-00001"), 0)
        why = self.vitana("task", "why", "VTID-00001").out
        self.assertIn("CHECKSUM_MISMATCH", why)
        self.assertEqual(self.repo.trailers("VTID"), [])


if __name__ == "__main__":
    unittest.main()
