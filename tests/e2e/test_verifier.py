"""Verifying on another machine: a gateway that verifies nothing, one that executes, one that judges."""

import json
import signal

from harness import wait_until
from test_worker import BLUE, Elsewhere


class JudgedElsewhere(Elsewhere):
    def config(self, **options):
        return super().config(rest="\n[verify]\nslots = 0\ncommands = [\"test -e page.txt\"]\n", **options)

    def verifier(self, name="judge", *words):
        return self.worker(name, "--role", "verifier", *words, token=self.token_for("verifier", "--name", name))

    def executed(self, vtid):
        """A run that one worker has executed, and that waits to be judged."""
        worker = self.worker("builder", "--slots", "1")
        self.add_task(vtid)
        self.wait_for_run(vtid, "verifying")
        return worker

    def claim(self, worker, token, step="verify", request="1", wait=30):
        return self.call("POST", f"/api/v1/workers/{worker}/claim",
                         {"request_id": request, "max": 1, "wait_seconds": wait, "step": step}, token)

    def enter(self, token, name="hand"):
        return self.call("POST", "/api/v1/workers", {"name": name, "slots": 1, "protocol": 1}, token)[1]["id"]


class AVerifier(JudgedElsewhere):
    def test_judges_what_another_worker_made(self):
        engine = self.serve_alone()
        worker = self.executed("VTID-00601")
        verifier = self.verifier()
        self.wait_for_status("VTID-00601", "completed")
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        run = self.show("VTID-00601")["runs"][0]
        self.assertEqual([(e["criterion"], e["verdict"], e["exit_code"]) for e in run["evidence"]],
                         [("check:1", "held", 0), ("AC-1", "passed", 0)])
        seen = self.query("SELECT actor, data FROM oasis_events WHERE type = 'verification.evidence.recorded'")
        listed = {w["id"]: w["name"] for w in self.call("GET", "/api/v1/workers")[1]["workers"]}
        self.assertEqual({listed[event["actor"]] for event in seen}, {"judge"})
        for one in (worker, verifier, engine):
            self.assertEqual(one.stop(), 0)
        self.assertHealthy()

    def test_tells_what_is_red(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1")
        verifier = self.verifier()
        self.add_task("VTID-00602", "echo green > page.txt")
        wait_until(lambda: verifier.said(), lambda: self.told("verification.failed"))
        run = self.show("VTID-00602")["runs"][0]
        self.assertEqual(run["failure"]["code"], "VERIFICATION_FAILED")
        self.assertEqual([(e["criterion"], e["verdict"]) for e in run["evidence"]], [("check:1", "held"), ("AC-1", "failed")])
        self.vitana("task", "cancel", "VTID-00602", "--reason", "enough")
        for one in (worker, verifier, engine):
            self.assertEqual(one.stop(), 0)
        self.assertHealthy()

    def test_what_touches_a_protected_path_comes_to_none(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1")
        verifier = self.verifier()
        self.add_task("VTID-00603", BLUE, "echo '# mine' >> vitana.toml")
        wait_until(lambda: verifier.said(), lambda: self.told("autopilot.state.failed"))
        self.assertEqual(self.show("VTID-00603")["runs"][0]["failure"]["code"], "PATH_FORBIDDEN")
        self.vitana("task", "cancel", "VTID-00603", "--reason", "enough")
        for one in (worker, verifier, engine):
            self.assertEqual(one.stop(), 0)

    def test_that_is_killed_in_the_middle_loses_the_step_to_another(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1")
        first = self.verifier("first")
        self.add_task("VTID-00604", check="sleep 5; grep -q blue page.txt")
        judging = "SELECT lease_fence FROM autopilot_runs WHERE state = 'verifying' AND lease_fence IS NOT NULL"
        wait_until(lambda: first.said(), lambda: self.query(judging))
        first.signal(signal.SIGKILL)
        first.end()
        second = self.verifier("second")
        self.wait_for_status("VTID-00604", "completed")
        self.assertEqual(self.runs("VTID-00604"), 1, "the run keeps its number")
        self.assertEqual(len(self.told("worker.lease.lost")), 1)
        listed = {w["id"]: w["name"] for w in self.call("GET", "/api/v1/workers")[1]["workers"]}
        seen = self.query("SELECT actor FROM oasis_events WHERE type = 'verification.evidence.recorded'")
        self.assertEqual({listed[event["actor"]] for event in seen}, {"second"})
        for one in (worker, second, engine):
            self.assertEqual(one.stop(), 0)
        self.assertHealthy()


class WhoMayJudge(JudgedElsewhere):
    def test_a_machine_whose_token_may_not_ends_at_once(self):
        engine = self.serve_alone()
        worker = self.worker("wrong", "--role", "verifier", token=self.token_for("worker", "--name", "wrong"))
        self.assertNotEqual(worker.end(), 0, worker.said())
        self.assertIn("NOT_ALLOWED", worker.said())
        self.assertEqual(engine.stop(), 0)

    def test_a_worker_may_not_and_nobody_judges_his_own(self):
        engine = self.serve_alone()
        token = self.token_for("worker", "--name", "mine")
        status, answer = self.claim(self.enter(token), token)
        self.assertEqual((status, answer["code"]), (403, "NOT_ALLOWED"), answer)
        # One that may both executes, and is granted no judgement of it: neither this worker nor another of its name.
        both = self.token_for("verifier", "--name", "both")
        hand = self.enter(both)
        self.worker("builder", "--slots", "1", token=both)
        self.add_task("VTID-00611")
        self.wait_for_run("VTID-00611", "verifying")
        self.assertEqual(self.claim(hand, both, wait=0)[1], {"assignments": []})
        other = self.token_for("verifier", "--name", "other")
        self.assertEqual(len(self.claim(self.enter(other), other)[1]["assignments"]), 1)
        self.assertEqual(engine.stop(), 0)

    def test_nonsense_is_refused(self):
        engine = self.serve_alone()
        self.executed("VTID-00612")
        token = self.token_for("verifier", "--name", "liar")
        granted = self.claim(self.enter(token), token)[1]["assignments"][0]
        self.assertEqual(granted["step"], "verify")
        run, fence = granted["run"]["id"], granted["run"]["fence"]
        commit = granted["judging"]["commit"]
        held = {"criterion": "check:1", "verdict": "held", "exit_code": 0, "output": ""}
        passed = {"criterion": "AC-1", "verdict": "passed", "exit_code": 0, "base_exit_code": 1, "output": "\u001b[31mred"}

        def report(evidence, **more):
            body = dict({"fence": fence, "commit": commit, "evidence": evidence}, **more)
            return self.call("POST", f"/api/v1/runs/{run}/verified", body, token)

        for evidence, more in (([], {}), ([held], {}), ([held, passed, passed], {}), ([held, dict(passed, criterion="AC-7")], {}),
                               ([held, dict(passed, exit_code=1)], {}), ([held, dict(passed, base_exit_code=0)], {}),
                               ([held, dict(passed, verdict="attested")], {}), ([dict(held, verdict="failed", exit_code=1), passed], {}),
                               ([held, dict(passed, output="x" * 40_000)], {}), ([held, passed], {"commit": "a" * 40})):
            status, answer = report(evidence, **more)
            self.assertEqual((status, answer["code"]), (400, "REQUEST_INVALID"), (evidence, answer))
        self.assertEqual(self.run_state("VTID-00612"), "verifying")
        self.assertEqual(report([held, passed], fence=fence + 1)[0], 409)
        self.assertEqual(report([held, passed])[0], 200)
        self.assertEqual(report([held, passed])[0], 200, "its answer may have been lost")
        self.wait_for_status("VTID-00612", "completed")
        evidence = json.loads(self.get("/api/v1/tasks/VTID-00612/evidence").text)
        self.assertNotIn("\\u001b", json.dumps(evidence))
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()
