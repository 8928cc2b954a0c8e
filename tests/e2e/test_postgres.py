"""The store on a PostgreSQL server: the same work, several engines, and a server that goes away."""

import csv
import io
import json
import sys
import unittest
import urllib.request

from harness import DONE, SOURCE, World, spec_text, wait_until

sys.path.insert(0, str(SOURCE / "tests/support"))
import postgres_server  # noqa: E402


class OnServer(World):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if postgres_server.programs() is None:
            raise unittest.SkipTest("NO PostgreSQL SERVER: the store on one is not tested")

    def prepare(self):
        # One for each test: at its end all that descends from it is ended.
        self.server = self.enterContext(postgres_server.Server())
        self.database = self.server.address()
        super().prepare()

    def config(self, **options):
        return super().config(rest=f'\n[server]\ndatabase = "{self.database}"\n', **options)

    def query(self, sql, *values):
        for value in values:
            sql = sql.replace("?", "'" + str(value).replace("'", "''") + "'", 1)
        done = self.server.run("psql", "--csv", "-q", "-d", self.database, "-c", sql, check=False)
        if "does not exist" in done.stdout:
            return []
        self.assertEqual(done.returncode, 0, done.stdout)
        return list(csv.DictReader(io.StringIO(done.stdout)))

    def count(self, table, where="true", *values):
        return int(self.query(f"SELECT count(*) AS n FROM {table} WHERE {where}", *values)[0]["n"])


class Work(OnServer):
    def test_a_task_is_completed_as_on_a_file(self):
        self.until_idle()
        self.add_spec("VTID-00001")
        self.until_idle()
        self.assertStatus("VTID-00001", "completed")
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertHealthy()
        self.assertFalse((self.data / "vitana.db").exists())
        self.assertEqual(self.count("autopilot_runs"), 1)

    def test_the_flag_names_a_server_too(self):
        self.repo.commit("no server in the configuration", {"vitana.toml": World.config(self)})
        self.add_spec("VTID-00001")
        self.vitana("run", "docs/specs/VTID-00001-page.md", "--database", self.database, code=0)
        self.assertEqual(self.status("VTID-00001"), "completed")
        shown = self.vitana("task", "show", "VTID-00001", "--json", "--database", self.database, code=0).json
        self.assertEqual(shown["status"], "completed")
        self.vitana("audit", "--database", self.database, code=0)

    def test_a_password_on_the_command_line_is_refused(self):
        answer = self.vitana("task", "list", "--json", "--database", "postgresql://ada:secret@localhost/shop")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertNotIn("secret", answer.out + answer.err)

    def test_the_address_may_be_a_secret(self):
        self.repo.commit("the address is elsewhere",
                         {"vitana.toml": World.config(self, rest='[server]\ndatabase = "env:SHOP_DATABASE"\n')})
        answer = self.vitana("autopilot", "--until-idle")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertIn("SHOP_DATABASE", answer.err)
        self.environment["SHOP_DATABASE"] = self.database
        self.until_idle()
        self.add_spec("VTID-00001")
        self.until_idle()
        self.assertStatus("VTID-00001", "completed")

    def test_a_backup_is_the_servers_own(self):
        self.until_idle()
        answer = self.vitana("backup", self.root / "copy.db")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertIn("pg_dump", answer.err)
        answer = self.vitana("restore", self.repo.folder / "page.txt")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertIn("pg_restore", answer.err)
        self.assertFalse((self.data / "vitana.db").exists())

    def test_doctor_looks_at_the_server(self):
        self.until_idle()
        findings = self.vitana("doctor", "--json").json["findings"]
        store = [finding for finding in findings if finding["what"] == "store"]
        self.assertEqual([finding["good"] for finding in store], [True], store)

    def test_an_older_schema_waits_for_migrate(self):
        self.until_idle()
        # As if the newest migration had never been.
        self.query("DELETE FROM schema_version WHERE version > 3; DROP TABLE webhook_cursors; "
                   "DROP INDEX vtid_ledger_changed; ALTER TABLE workers "
                   "DROP COLUMN token, DROP COLUMN callback_url, DROP COLUMN callback_secret")
        answer = self.vitana("autopilot", "--until-idle", "--json")
        self.assertNotEqual(answer.code, 0, answer)
        self.assertIn("STORE_TOO_OLD", answer.out + answer.err)
        self.vitana("migrate", code=0)
        self.until_idle()

    def test_the_gateway_reads_it(self):
        self.until_idle()
        self.add_spec("VTID-00001")
        engine = self.start("serve", "--listen", "127.0.0.1:0")
        wait_until(lambda: engine.said(), lambda: (self.data / "server.json").exists())
        self.wait_for_status("VTID-00001", "completed")
        url = json.loads((self.data / "server.json").read_text())["url"]
        token = (self.data / "token").read_text().strip()
        request = urllib.request.Request(f"{url}/api/v1/tasks/VTID-00001", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            self.assertEqual(json.load(answer)["status"], "completed")
        self.assertEqual(engine.stop(), 0, engine.said())

    def test_a_server_that_was_away_is_found_again(self):
        engine = self.start_synced()
        self.add_spec("VTID-00001")
        self.wait_for_status("VTID-00001", "completed")
        self.server.stop()
        self.server.start()
        self.add_spec("VTID-00002", spec_text("VTID-00002", check="grep -q two two.txt"), script="echo two > two.txt")
        self.wait_for_status("VTID-00002", "completed")
        self.assertEqual(engine.stop(), 0, engine.said())
        self.assertHealthy()


class TwoEngines(OnServer):
    """Each with a data directory of its own, as on two machines."""

    def other(self, *words):
        return self.start(*(words or ("autopilot",)), "--data", str(self.root / "other"))

    def test_one_frees_nothing_that_the_other_holds(self):
        one = self.start_synced()
        self.add_spec("VTID-00001", script=f"while [ ! -e $scripts/go ]; do sleep 0.1; done\n{DONE}")
        self.wait_for_run("VTID-00001", "executing")
        wait_until("a lease", lambda: self.count("autopilot_runs", "lease_fence IS NOT NULL") == 1)
        two = self.other()
        wait_until(lambda: two.said(), lambda: (self.root / "other/engine.id").exists())
        self.add_spec("VTID-00002", spec_text("VTID-00002", check="grep -q two two.txt"), script="echo two > two.txt")
        self.wait_for_sync()
        self.assertEqual(self.count("oasis_events", "type = 'worker.lease.lost'"), 0)
        self.tell_agent("go")
        for vtid in ("VTID-00001", "VTID-00002"):
            self.wait_for_status(vtid, "completed")
            self.assertEqual(self.runs(vtid), 1)
        for engine in (one, two):
            self.assertEqual(engine.stop(), 0, engine.said())
        self.assertEqual(self.count("oasis_events", "type = 'worker.lease.lost'"), 0)
        self.assertHealthy()


if __name__ == "__main__":
    unittest.main()
