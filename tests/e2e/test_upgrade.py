"""The program is exchanged under a gateway that works, as a package's upgrade does it: put in place, ended, started."""

import json
import pathlib
import shutil
import signal
import sqlite3
import unittest

from harness import BINARY, DONE, SOURCE, spec_text, wait_until
from serving import Serving
from test_worker import Elsewhere

EARLIER = SOURCE / "src/store/testdata"


class Installed(Elsewhere):
    """The program is a file of its own, started by its name."""

    def setUp(self):
        super().setUp()
        self.program = self.root / "usr/bin/vitana"
        self.program.parent.mkdir(parents=True)
        shutil.copy2(BINARY, self.program)

    def config(self, **options):
        return Serving.config(self, **options)  # agents that wait for the test's word, here and elsewhere

    def upgrade(self):
        """Another file takes the name; who runs keeps what he has."""
        beside = self.program.with_suffix(".new")
        shutil.copy2(BINARY, beside)
        with open(beside, "ab") as file:
            file.write(b"a newer version")
        beside.rename(self.program)

    def runs_the_newest(self, engine):
        exe = pathlib.Path(f"/proc/{engine.pid}/exe")
        return exe.stat().st_ino == self.program.stat().st_ino

    def begin(self, *words, listen="127.0.0.1:0"):
        engine = self.serve(*words, listen=listen, program=self.program)
        self.assertTrue(self.runs_the_newest(engine))
        return engine

    def drained(self, engine):
        """It has been told to end, and takes nothing new."""
        engine.signal(signal.SIGTERM)
        wait_until(lambda: engine.said(), lambda: not (self.data / "server.json").exists())

    def add_waiting(self, vtid):
        self.add_spec(vtid, spec_text(vtid, check=f"grep -q {vtid} {vtid}.txt"),
                      script=f"while [ ! -e $scripts/{vtid}.go ]; do sleep 0.1; done\necho {vtid} > {vtid}.txt")

    def run_of(self, vtid):
        rows = self.query("SELECT attempt, state, worker, lease_fence FROM autopilot_runs WHERE vtid = ?", vtid)
        self.assertEqual(len(rows), 1, rows)
        return rows[0]

    def two_in_flight(self, engine, worker):
        """One task that this machine executes, and one that a worker elsewhere does."""
        vtids = ("VTID-00001", "VTID-00002")
        for vtid in vtids:
            self.add_waiting(vtid)
        for vtid in vtids:
            wait_until(lambda: engine.said() + worker.said(), lambda: self.status(vtid) and self.query(
                "SELECT 1 FROM autopilot_runs WHERE vtid = ? AND lease_fence IS NOT NULL", vtid))
            wait_until(lambda: engine.said() + worker.said(),
                       lambda: "agent fixer starts" in self.get(f"/api/v1/tasks/{vtid}/log").text)
        here, there = sorted(vtids, key=lambda vtid: self.run_of(vtid)["worker"].startswith("wrk_"))
        self.assertTrue(self.run_of(here)["worker"].startswith("local:"), self.run_of(here))
        self.assertTrue(self.run_of(there)["worker"].startswith("wrk_"), self.run_of(there))
        return here, there

    def times_executing(self, vtid):
        return self.count("oasis_events", "type = 'autopilot.state.executing' AND vtid = ?", vtid)

    def both_end(self, engine, worker, here, there):
        for vtid in (here, there):
            self.wait_for_status(vtid, "completed")
            self.assertEqual(self.run_of(vtid)["attempt"], 1)
            self.assertEqual(self.repo.show(f"{vtid}.txt"), vtid)
        self.assertTrue(self.run_of(there)["worker"].startswith("wrk_"))
        self.assertEqual(self.times_executing(there), 1, "the worker elsewhere went on with what it had")
        self.assertEqual(self.told("worker.lease.lost"), [])
        self.assertEqual(worker.stop(), 0, worker.said())
        self.assertEqual(engine.stop(), 0, engine.said())
        self.assertHealthy()
        self.assertNoProcess()


class AnUpgrade(Installed):
    def start_both(self):
        engine = self.begin("--slots", "1")
        self.wait_for_sync(engine)
        return engine, self.worker("far", "--slots", "1", config=self.repo.folder / "vitana.toml")

    def test_a_step_that_ends_while_the_old_program_is_drained_is_not_done_again(self):
        engine, worker = self.start_both()
        listen = self.place["url"].removeprefix("http://")
        here, there = self.two_in_flight(engine, worker)
        self.upgrade()
        self.drained(engine)
        self.tell_agent(f"{here}.go")
        self.assertEqual(engine.end(), 0, engine.said())
        self.assertEqual(self.run_of(here)["state"], "verifying")
        self.assertEqual(self.run_of(there)["state"], "executing")
        self.tell_agent(f"{there}.go")  # it ends while there is nobody to tell
        engine = self.begin("--slots", "1", listen=listen)
        self.both_end(engine, worker, here, there)
        self.assertEqual(self.times_executing(here), 1)

    def test_a_step_that_does_not_end_begins_anew_under_the_new_program(self):
        engine, worker = self.start_both()
        listen = self.place["url"].removeprefix("http://")
        here, there = self.two_in_flight(engine, worker)
        self.upgrade()
        self.drained(engine)
        engine.signal(signal.SIGTERM)  # as if its time were over
        self.assertEqual(engine.end(), 0, engine.said())
        self.assertFalse(self.run_of(here)["lease_fence"], "it was given back")
        engine = self.begin("--slots", "1", listen=listen)
        for vtid in (here, there):
            self.tell_agent(f"{vtid}.go")
        self.both_end(engine, worker, here, there)
        again = [json.loads(event["data"])["step"] for event in self.told("worker.lease.granted") if event["vtid"] == here]
        self.assertEqual(again[0], "execute")
        self.assertEqual([event["vtid"] for event in self.told("worker.lease.released")], [here])

    def test_what_runs_needs_the_old_file_no_more(self):
        engine = self.begin()
        self.upgrade()
        self.assertFalse(self.runs_the_newest(engine))
        self.wait_for_sync(engine)
        self.add_spec("VTID-00001")
        self.wait_for_status("VTID-00001", "completed")
        self.assertEqual(engine.stop(), 0, engine.said())
        self.assertHealthy()


class AStoreOfAnEarlierVersion(Installed):
    def test_is_brought_to_the_new_schema_and_goes_on(self):
        versions = sorted(int(file.stem.removeprefix("schema_")) for file in EARLIER.glob("schema_*.sql"))
        self.assertGreater(len(versions), 2)
        for version in versions:
            with self.subTest(schema=version):
                self.go_on_from(version)

    def go_on_from(self, version):
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir()
        with sqlite3.connect(self.data / "vitana.db") as database:
            database.executescript((EARLIER / f"schema_{version}.sql").read_text())
        database.close()
        before = self.count("oasis_events")
        refused = self.vitana("task", "list", "--json")
        self.assertEqual(refused.error_code, "STORE_TOO_OLD", refused)
        engine = self.begin("--slots", "0")
        self.assertEqual(len(list(self.data.glob(f"vitana.db.v{version}-*.backup"))), 1)
        self.assertEqual(self.query("SELECT type FROM oasis_events WHERE seq = ?", before + 1)[0]["type"], "store.migrated")
        self.wait_for_sync(engine)
        # A switch that was off in the earlier store is off still.
        self.vitana("controls", "set", "execution", "on", "--reason", "the new schema stands", code=0)
        worker = self.worker(f"far{version}", "--slots", "1", config=self.repo.folder / "vitana.toml")
        vtid = f"VTID-0010{version}"
        self.add_spec(vtid, spec_text(vtid, check=f"grep -q {vtid} {vtid}.txt"), script=f"echo {vtid} > {vtid}.txt")
        self.wait_for_status(vtid, "completed")
        self.assertEqual(json.loads(self.get("/api/v1/tasks/VTID-00001").text)["status"], "completed")
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0, engine.said())
        self.assertHealthy()


if __name__ == "__main__":
    unittest.main()
