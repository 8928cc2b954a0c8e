"""Workers that have nothing of the gateway's disk: another data directory, and what the API gives them."""

import contextlib
import itertools
import json
import os
import queue
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading

from harness import WAIT_SECONDS, Engine, spec_text, wait_until
from serving import Serving

BLUE = "printf 'colour: blue\\n' > page.txt"


class Elsewhere(Serving):
    """A gateway without agents of its own, and workers beside it. What the agent does for a task stands in its spec's
    summary: on a worker it can read nothing else of the test's."""

    def config(self, **options):
        text = super().config(**options)
        command = 'command = ["/bin/sh", "-e", "-c", "cat > /dev/null; sed -n \'s/^do: //p\' $VITANA_SPEC_FILE > /tmp/do.sh; . /tmp/do.sh"]'
        lines = [command if line.startswith("command =") else line for line in text.splitlines()
                 if not line.startswith("read =")]
        return "\n".join(lines) + "\n"

    def serve_alone(self):
        engine = self.serve("--slots", "0")
        self.wait_for_sync(engine)
        return engine

    def add_task(self, vtid, *commands, check="grep -q blue page.txt"):
        todo = "\n\n".join(f"do: {command}" for command in (commands or (BLUE,)))
        self.add_spec(vtid, text=spec_text(vtid, check=check,
                                           summary=f"The page shall have the colour that was agreed.\n\n{todo}"))

    def add_own_task(self, vtid):
        """One that no other of its kind fulfils."""
        self.add_task(vtid, f"echo {vtid} > {vtid}.txt", check=f"grep -q {vtid} {vtid}.txt")

    def token_for(self, role="worker", *words):
        return self.vitana("tokens", "create", "--role", role, *words, "--json", code=0).json["token"]

    def worker(self, name="builder", *words, token=None, config=None):
        if config is None:
            config = self.root / "worker.toml"
            config.write_text('[worker]\nsandbox = "prefer"\n')
        environment = dict(self.environment, VITANA_TOKEN=token or self.token_for("worker", "--name", "builder"))
        worker = Engine(["worker", "--server", self.place["url"], "--data", str(self.root / f"data-{name}"), "--name",
                         name, "--config", str(config), *words], self.root, environment,
                        self.root / "logs" / f"worker-{name}-{len(self.engines)}.log")
        self.engines.append(worker)
        return worker

    def told(self, kind):
        return self.query("SELECT * FROM oasis_events WHERE type = ? ORDER BY seq", kind)

    def call(self, method, path, body=None, token=None):
        answer = self.request(method, path, body=None if body is None else json.dumps(body), token=token,
                              headers={} if body is None else {"Content-Type": "application/json"})
        return answer.status, json.loads(answer.text)


class AWorker(Elsewhere):
    def test_sends_a_result_that_is_larger_than_other_requests_may_be(self):
        self.serve_alone()
        self.worker()
        self.add_task("VTID-00929", BLUE, "head -c 6000000 /dev/urandom > noise.bin")
        self.wait_for_status("VTID-00929", "completed")
        self.assertEqual(len(self.repo.git("show", "main:noise.bin", text=False)), 6000000)

    def test_executes_what_the_gateway_verifies_and_delivers(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1", "--label", "gpu")
        self.add_task("VTID-00801", "echo here I am", BLUE)
        self.wait_for_status("VTID-00801", "completed")
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        log = self.get("/api/v1/tasks/VTID-00801/log").text
        self.assertIn("here I am", log)
        self.assertIn("agent fixer starts", log)
        self.assertIn("+colour: blue", self.get("/api/v1/tasks/VTID-00801/diff").text)
        status, listed = self.call("GET", "/api/v1/workers")
        self.assertEqual(status, 200)
        self.assertEqual([(w["name"], w["labels"], w["slots"], w["holds"]) for w in listed["workers"]],
                         [("builder", ["gpu"], 1, [])])
        run = self.show("VTID-00801")["runs"][0]
        self.assertEqual(run["worker"], listed["workers"][0]["id"])
        self.assertFalse((self.root / "data-builder/vitana.db").exists())
        self.assertEqual(len(self.told("worker.registered")), 1)
        for folder in ("workspaces", "logs"):
            self.assertEqual(os.listdir(self.root / "data-builder" / folder), [])
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_fetches_only_what_is_new(self):
        engine = self.serve_alone()
        self.repo.commit("a large file", {"large.bin": "".join(f"{i * 7919 % 104729}\n" for i in range(200_000))})
        worker = self.worker("builder", "--slots", "1")
        packed = []
        for vtid in ("VTID-00802", "VTID-00803"):
            self.add_own_task(vtid)
            self.wait_for_status(vtid, "completed")
            packs = (self.root / "data-builder/mirrors").glob("*.git/objects/pack/*.pack")
            packed.append(sum(pack.stat().st_size for pack in packs))
        self.assertEqual(self.repo.show("VTID-00803.txt"), "VTID-00803")
        self.assertGreater(packed[0], 300_000)
        self.assertLess(packed[1] - packed[0], 20_000)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)

    def test_speaks_to_a_gateway_behind_tls_if_it_trusts_it(self):
        engine = self.serve_alone()
        front = Encrypted(self.root, self.address.hostname, self.address.port)
        self.addCleanup(front.close)
        config = self.root / "w.toml"
        config.write_text('[worker]\nsandbox = "prefer"\n')
        token = self.token_for()
        words = ("worker", "--server", front.url, "--data", self.root / "far", "--config", config, "--until-idle", "--json")
        answer = self.vitana(*words, environment=dict(self.environment, VITANA_TOKEN=token))
        self.assertEqual(answer.error_code, "NETWORK_UNREACHABLE", answer)
        self.assertNotIn(token, answer.out + answer.err)
        self.add_task("VTID-00810")
        self.wait_for_run("VTID-00810", "pending_pickup")
        answer = self.vitana(*words, "--ca-file", front.certificate, code=0,
                             environment=dict(self.environment, VITANA_TOKEN=token))
        self.assertEqual(answer.json, {"granted": 1})
        self.wait_for_status("VTID-00810", "completed")
        self.assertEqual(engine.stop(), 0)

    def test_says_why_it_could_not(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1")
        self.add_task("VTID-00804", "echo out of ideas; exit 3")
        wait_until(lambda: worker.said(), lambda: self.count("oasis_events", "type = 'autopilot.state.failed'") > 0)
        failure = self.show("VTID-00804")["runs"][0]["failure"]
        self.assertEqual((failure["code"], failure["context"]["exit_code"]), ("AGENT_FAILED", "3"))
        self.assertIn("out of ideas", failure["context"]["output"])
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)

    def test_gives_back_what_runs_when_it_is_stopped(self):
        engine = self.serve_alone()
        worker = self.worker("one", "--slots", "1")
        self.add_task("VTID-00805", "test -e .. ; sleep 600", BLUE)
        self.wait_for_run("VTID-00805", "executing")
        wait_until(lambda: worker.said(), lambda: "agent fixer starts" in self.get("/api/v1/tasks/VTID-00805/log").text)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(len(self.told("worker.lease.released")), 1, self.query("SELECT type FROM oasis_events"))
        self.assertEqual(self.query("SELECT lease_fence FROM autopilot_runs")[0]["lease_fence"], None)
        self.vitana("task", "cancel", "VTID-00805", "--reason", "enough", code=0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_obeys_a_cancel(self):
        engine = self.serve_alone()
        worker = self.worker("one", "--slots", "1")
        self.add_task("VTID-00806", "sleep 600")
        wait_until(lambda: worker.said(), lambda: self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        self.vitana("task", "cancel", "VTID-00806", "--reason", "enough", code=0)
        self.add_task("VTID-00807", BLUE)
        self.wait_for_status("VTID-00807", "completed")
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)

    def test_once_and_until_idle_end_by_themselves(self):
        engine = self.serve_alone()
        for vtid in ("VTID-00808", "VTID-00809"):
            self.add_own_task(vtid)
        self.wait_for_run("VTID-00809", "pending_pickup")
        self.assertEqual(self.worker("one", "--once").end(), 0)
        done = [vtid for vtid in ("VTID-00808", "VTID-00809") if self.run_state(vtid) != "pending_pickup"]
        self.assertEqual(done, ["VTID-00808"])
        self.assertEqual(self.worker("two", "--until-idle").end(), 0)
        self.wait_for_status("VTID-00809", "completed")
        self.assertEqual(engine.stop(), 0)


class Encrypted:
    """What stands before a gateway and encrypts: bytes from its own port to the gateway's, and back."""

    def __init__(self, folder, host, port):
        self.certificate = folder / "certificate.pem"
        key = folder / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-keyout", key, "-out", self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://localhost:{self.listener.getsockname()[1]}"
        self.behind = (host, port)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, plain):
        with contextlib.suppress(OSError), self.context.wrap_socket(plain, server_side=True) as here, \
                socket.create_connection(self.behind) as there:
            back = threading.Thread(target=self.carry, args=(there, here), daemon=True)
            back.start()
            self.carry(here, there)
            back.join()

    @staticmethod
    def carry(source, target):
        with contextlib.suppress(OSError):
            while part := source.recv(65536):
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.listener.close()


class ThingsGoWrong(Elsewhere):
    def test_a_worker_that_is_killed_loses_its_run_to_another(self):
        engine = self.serve_alone()
        first = self.worker("first", "--slots", "1")
        self.add_task("VTID-00811", "test -e /tmp/never; sleep 600")
        wait_until(lambda: first.said(), lambda: self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        first.signal(signal.SIGKILL)
        first.end()
        wait_until(lambda: engine.said(), lambda: not self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        second = self.worker("second", "--slots", "1")
        wait_until(lambda: second.said(), lambda: self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence = 2"))
        self.assertEqual(self.runs("VTID-00811"), 1, "the run keeps its number")
        self.assertEqual(second.stop(), 0)
        self.vitana("task", "cancel", "VTID-00811", "--reason", "enough", code=0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_a_worker_that_slept_longer_than_its_lease_is_refused(self):
        engine = self.serve_alone()
        worker = self.worker("sleeper", "--slots", "1")
        self.add_task("VTID-00812", "sleep 5", BLUE)
        wait_until(lambda: worker.said(), lambda: self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        wait_until(lambda: worker.said(), lambda: "agent fixer starts" in self.get("/api/v1/tasks/VTID-00812/log").text)
        worker.signal(signal.SIGSTOP)
        wait_until(lambda: engine.said(), lambda: not self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        worker.signal(signal.SIGCONT)
        self.wait_for_status("VTID-00812", "completed")  # its step was granted again, here to the same worker
        self.assertEqual(self.runs("VTID-00812"), 1)
        self.assertEqual(len(self.told("worker.lease.lost")), 1)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_a_late_report_is_refused_and_the_refusal_is_an_event(self):
        engine = self.serve_alone()
        token = self.token_for("worker", "--name", "by-hand")
        worker = self.call("POST", "/api/v1/workers", {"name": "hand", "slots": 1, "protocol": 1}, token)[1]["id"]
        self.add_task("VTID-00813")
        claim = {"request_id": "1", "max": 1, "wait_seconds": 30}
        status, granted = self.call("POST", f"/api/v1/workers/{worker}/claim", claim, token)
        self.assertEqual(status, 200, granted)
        run = granted["assignments"][0]["run"]
        again = self.call("POST", f"/api/v1/workers/{worker}/claim", claim, token)[1]
        self.assertEqual([a["run"]["fence"] for a in again["assignments"]], [run["fence"]], "the answer was lost")
        other = dict(claim, request_id="2", wait_seconds=0)
        self.assertEqual(self.call("POST", f"/api/v1/workers/{worker}/claim", other, token)[1], {"assignments": []})
        wait_until(lambda: engine.said(), lambda: not self.query("SELECT 1 FROM autopilot_runs WHERE lease_fence IS NOT NULL"))
        late = {"fence": run["fence"], "result_commit": "a" * 40}
        status, answer = self.call("POST", f"/api/v1/runs/{run['id']}/complete", late, token)
        self.assertEqual((status, answer["code"]), (409, "LEASE_STALE"), answer)
        answer = self.request("PUT", f"/api/v1/runs/{run['id']}/result.bundle?fence={run['fence']}", body="x", token=token,
                              headers={"Content-Type": "application/x-git-bundle"})
        self.assertEqual(answer.status, 409, answer.text)
        self.assertEqual(json.loads(answer.text)["code"], "LEASE_STALE")
        refused = [json.loads(e["data"]) for e in self.told("governance.transition.refused")]
        self.assertEqual([(e["command"], e["code"], e["fence"]) for e in refused], [("executed", "LEASE_STALE", 1)])
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_the_gateway_may_be_started_anew_under_a_running_worker(self):
        engine = self.serve_alone()
        address = self.place["url"].removeprefix("http://")
        worker = self.worker("builder", "--slots", "1")
        self.add_task("VTID-00814", "sleep 8", BLUE)
        wait_until(lambda: worker.said(), lambda: "agent fixer starts" in self.get("/api/v1/tasks/VTID-00814/log").text)
        engine.signal(signal.SIGKILL)
        engine.end()
        (self.data / "server.json").unlink(missing_ok=True)
        engine = self.start("serve", "--listen", address, "--slots", "0")
        self.wait_for_status("VTID-00814", "completed")
        self.assertEqual(self.runs("VTID-00814"), 1)
        executed = [e for e in self.told("autopilot.state.executing")]
        self.assertEqual(len(executed), 1, "its step was granted once")
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_two_workers_do_nothing_twice(self):
        engine = self.serve_alone()
        workers = [self.worker(name, "--slots", "1") for name in ("left", "right")]
        vtids = [f"VTID-{number:05d}" for number in range(821, 831)]
        for vtid in vtids:
            self.add_own_task(vtid)
        for vtid in vtids:
            self.wait_for_status(vtid, "completed")
        rows = self.query("SELECT vtid, attempt, worker FROM autopilot_runs")
        self.assertEqual(len(rows), len(vtids))
        self.assertEqual(len({row["worker"] for row in rows}), 2, "both have worked")
        granted = [json.loads(e["data"])["fence"] for e in self.told("autopilot.state.executing")]
        self.assertEqual(len(granted), len(vtids), "each execute step was granted once")
        for worker in workers:
            self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()


class ManyWait(Elsewhere):
    def claim(self, name, token):
        """In a thread of its own; what it was granted, and its status, come to `answers`."""
        worker = self.call("POST", "/api/v1/workers", {"name": name, "slots": 1, "protocol": 1}, token)[1]["id"]
        for turn in itertools.count():
            body = {"request_id": str(turn), "max": 1, "wait_seconds": 30}
            status, answer = self.call("POST", f"/api/v1/workers/{worker}/claim", body, token)
            if status != 200 or answer["assignments"] or self.over.is_set():
                return self.answers.put((status, answer))

    def granted(self, count):
        """So many answers, each with a run of its own."""
        runs = []
        for _ in range(count):
            status, answer = self.answers.get(timeout=WAIT_SECONDS)
            self.assertEqual((status, len(answer["assignments"])), (200, 1), answer)
            runs.append(answer["assignments"][0]["run"]["id"])
        return runs

    def add_tasks(self, *vtids):
        self.repo.commit("more", {f"docs/specs/{vtid}-own.md": spec_text(vtid, check=f"grep -q {vtid} {vtid}.txt")
                                  for vtid in vtids})

    def test_each_gets_one_run_and_the_rest_wait_on(self):
        self.repo.commit("many at a time", {"vitana.toml": self.config() + "[caps]\nconcurrent = 0\nruns_per_repo_day = 0\n"})
        engine = self.serve_alone()
        self.answers, self.over = queue.Queue(), threading.Event()
        token = self.token_for("worker", "--name", "by-hand")
        elsewhere = WhoMayWork.bound_elsewhere(self, token)
        threads = [threading.Thread(target=self.claim, args=(f"far{number}", elsewhere)) for number in range(10)]
        threads += [threading.Thread(target=self.claim, args=(f"hand{number}", token)) for number in range(30)]
        for thread in threads:
            thread.start()

        def connections():
            return int(re.search(r"^vitana_http_connections (\d+)", self.get("/metrics").text, re.M).group(1))

        wait_until("all of them wait", lambda: connections() >= 40)
        self.add_tasks("VTID-00861", "VTID-00862", "VTID-00863", "VTID-00864", "VTID-00865", "VTID-00866")
        first = self.granted(3)  # an agent that has not worked here yet has three at a time
        self.assertEqual(len(set(first)), 3)
        self.vitana("controls", "set", "execution", "off", "--reason", "a pause", code=0)
        for run in first:
            self.call("POST", f"/api/v1/runs/{run}/fail", {"fence": 1, "code": "AGENT_FAILED", "message": "no"}, token)
        self.vitana("controls", "set", "execution", "on", "--reason", "over", code=0)
        second = self.granted(3)
        self.assertEqual(len(set(second)), 3)
        self.over.set()
        self.assertEqual(engine.stop(), 0, engine.said())
        for thread in threads:
            thread.join()
        rest = [self.answers.get_nowait() for _ in range(34)]
        self.assertEqual([answer for answer in rest if answer != (200, {"assignments": []})], [])


class WhoMayWork(Elsewhere):
    def test_a_worker_is_who_registered_it(self):
        engine = self.serve_alone()
        mine = self.token_for("worker", "--name", "mine")
        other = self.token_for("worker", "--name", "other")
        body = {"name": "hand", "slots": 1, "protocol": 1}
        viewer = self.token_for("viewer")
        self.assertEqual(self.call("POST", "/api/v1/workers", body, viewer)[0], 403)
        worker = self.call("POST", "/api/v1/workers", body, mine)[1]["id"]
        claim = {"request_id": "1", "max": 1, "wait_seconds": 0}
        self.assertEqual(self.call("POST", f"/api/v1/workers/{worker}/claim", claim, other)[0], 404)
        self.assertEqual(self.call("POST", f"/api/v1/workers/{worker}/claim", claim, viewer)[0], 403)
        status, answer = self.call("POST", "/api/v1/workers", dict(body, protocol=0), mine)
        self.assertEqual((status, answer["code"]), (426, "WORKER_TOO_OLD"))
        self.add_task("VTID-00841")
        self.wait_for_run("VTID-00841", "pending_pickup")
        elsewhere = self.bound_elsewhere(mine)
        far = self.call("POST", "/api/v1/workers", body, elsewhere)[1]["id"]
        self.assertEqual(self.call("POST", f"/api/v1/workers/{far}/claim", claim, elsewhere)[1], {"assignments": []})
        run = self.call("POST", f"/api/v1/workers/{worker}/claim", claim, mine)[1]["assignments"][0]["run"]
        for method, path, body in (("POST", "fail", {"fence": 1, "code": "AGENT_FAILED", "message": "no"}),
                                   ("POST", "release", {"fence": 1}),
                                   ("GET", "base.bundle?fence=1", None)):
            self.assertEqual(self.call(method, f"/api/v1/runs/{run['id']}/{path}", body, other)[0], 404, path)
        status, answer = self.call("POST", f"/api/v1/runs/{run['id']}/fail",
                                   {"fence": 1, "code": "STORE_DAMAGED", "message": "no"}, mine)
        self.assertEqual(status, 200, answer)
        self.assertEqual(self.show("VTID-00841")["runs"][0]["failure"]["code"], "AGENT_FAILED")
        self.assertEqual(engine.stop(), 0)

    def bound_elsewhere(self, token):
        """A token of a repository that is configured no more."""
        made = self.vitana("tokens", "create", "--role", "worker", "--name", "far", "--repo", "shop", "--json", code=0).json
        with sqlite3.connect(self.data / "vitana.db") as database:
            database.execute("UPDATE access_tokens SET repos = replace(repos, 'shop', 'far') WHERE id = ?", (made["id"],))
        database.close()
        return made["token"]

    def test_who_has_left_is_granted_nothing(self):
        engine = self.serve_alone()
        token = self.token_for("worker", "--name", "by-hand")
        worker = self.call("POST", "/api/v1/workers", {"name": "hand", "slots": 1, "protocol": 1}, token)[1]["id"]
        body = json.dumps({"request_id": "1", "max": 1, "wait_seconds": 30}).encode()
        head = (f"POST /api/v1/workers/{worker}/claim HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection((self.address.hostname, self.address.port), timeout=60) as connection:
            connection.sendall(head + body)
            seen = self.call("GET", "/api/v1/workers")[1]["workers"][0]["seen_at"]
            wait_until("the claim waits", lambda: self.call("GET", "/api/v1/workers")[1]["workers"][0]["seen_at"] >= seen)
        self.add_task("VTID-00851")
        self.wait_for_run("VTID-00851", "pending_pickup")
        granted = self.call("POST", f"/api/v1/workers/{worker}/claim",
                            {"request_id": "2", "max": 1, "wait_seconds": 30}, token)[1]["assignments"]
        self.assertEqual([one["run"]["fence"] for one in granted], [1])
        self.assertEqual(engine.stop(), 0)

    def test_a_drained_worker_ends(self):
        engine = self.serve_alone()
        worker = self.worker("builder", "--slots", "1")
        wait_until(lambda: worker.said(), lambda: self.told("worker.registered"))
        listed = self.call("GET", "/api/v1/workers")[1]["workers"]
        self.assertEqual(self.call("POST", f"/api/v1/workers/{listed[0]['id']}/drain")[0], 200)
        self.assertEqual(worker.end(), 0, worker.said())
        self.assertEqual(engine.stop(), 0)

    def test_what_cannot_begin_says_so(self):
        environment = {k: v for k, v in self.environment.items() if k != "VITANA_TOKEN"}
        answer = self.vitana("worker", "--server", "http://127.0.0.1:1", code=2, environment=environment)
        self.assertIn("VITANA_TOKEN", answer.err)
        environment["VITANA_TOKEN"] = "x"
        words = ("worker", "--data", self.root / "w", "--server")
        config = self.root / "w.toml"
        config.write_text('[worker]\nsandbox = "prefer"\n')
        for url, code in (("http://127.0.0.1:1", "NETWORK_UNREACHABLE"), ("ftp://x", "USAGE"),
                          ("http://vitana.example.org", "NOT_ALLOWED")):
            answer = self.vitana(*words, url, "--config", config, "--json", environment=environment)
            self.assertEqual(answer.error_code, code, answer)
        engine = self.serve_alone()
        answer = self.vitana(*words, self.place["url"], "--config", config, "--json", code=4, environment=environment)
        self.assertEqual(answer.error_code, "UNAUTHENTICATED")
        self.assertEqual(engine.stop(), 0)
