"""Workers that gave an address and are told of runs: real small servers, that accept, refuse, or do not answer."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time

from harness import wait_until
from test_worker import BLUE, Elsewhere

SECRET = "a secret of 24 bytes or more"


class Callback:
    """What a worker listens with. Each call is answered with the next status of `statuses`, then with the last one."""

    def __init__(self, *statuses):
        self.calls = []
        self.statuses = list(statuses) or [204]
        self.called = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with outer.called:
                    status = outer.statuses[min(len(outer.calls), len(outer.statuses) - 1)]
                    outer.calls.append((self.path, dict(self.headers.items()), body))
                    outer.called.notify_all()
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:1/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/offers"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count=1, seconds=60):
        with self.called:
            assert self.called.wait_for(lambda: len(self.calls) >= count, seconds), f"{len(self.calls)} of {count} calls"
            return self.calls[count - 1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TellsWorkers(Elsewhere):
    retries = 2
    pickup = "15m"

    def config(self, **options):
        rest = (f'runs = 1\ndelay_max = "200ms"\n\n[dispatch]\nroute_retries = {self.retries}\n'
                f'pickup_deadline = "{self.pickup}"\n')
        return super().config(rest=rest, **options).replace('delay = "1s"', 'delay = "100ms"')

    def enter(self, callback, name="called", labels=(), slots=1, status=200):
        self.hands = self.token_for("worker", "--name", "hands")
        body = {"name": name, "slots": slots, "protocol": 1, "labels": list(labels), "callback_url": callback,
                "callback_secret": SECRET}
        answered, answer = self.call("POST", "/api/v1/workers", body, self.hands)
        self.assertEqual(answered, status, answer)
        return answer.get("id")

    def listen(self, *statuses):
        callback = Callback(*statuses)
        self.addCleanup(callback.close)
        return callback

    def claim(self, worker, request="1", wait=30):
        status, answer = self.call("POST", f"/api/v1/workers/{worker}/claim",
                                   {"request_id": request, "max": 1, "wait_seconds": wait}, self.hands)
        self.assertEqual(status, 200, answer)
        return answer["assignments"]

    def data_of(self, kind):
        return [json.loads(event["data"]) for event in self.told(kind)]


class IsTaken(TellsWorkers):
    def test_a_worker_is_told_and_claims(self):
        engine = self.serve_alone()
        callback = self.listen(204)
        worker = self.enter(callback.url, labels=["gpu"])
        self.add_task("VTID-00701")
        path, headers, body = callback.wait()
        self.assertEqual(path, "/offers")
        offer = json.loads(body)
        self.assertEqual(offer, {"type": "run.offered", "run": "VTID-00701.1", "vtid": "VTID-00701", "worker": worker,
                                 "agent": "fixer", "repo": "shop", "labels": []})
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        expected = "v1," + base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        self.assertEqual(headers["webhook-signature"], expected)
        self.assertEqual(headers["webhook-id"], "dispatch:VTID-00701.1:0")
        self.assertLess(abs(time.time() - int(headers["webhook-timestamp"])), 60)
        granted = self.claim(worker)
        self.assertEqual([one["run"]["id"] for one in granted], ["VTID-00701.1"])
        self.assertEqual(len(self.told("worker.dispatch.accepted")), 1)
        self.assertEqual(self.data_of("autopilot.state.dispatching")[0]["url"], callback.url)
        # It has no slot left: it is told of the next run once it has one again.
        self.add_own_task("VTID-00702")
        self.wait_for_run("VTID-00702", "pending_pickup")
        self.assertEqual(len(callback.calls), 1)
        fence = granted[0]["run"]["fence"]
        status, answer = self.call("POST", "/api/v1/runs/VTID-00701.1/fail",
                                   {"fence": fence, "code": "AGENT_FAILED", "message": "no"}, self.hands)
        self.assertLess(status, 300, answer)
        _, headers, body = callback.wait(2)
        self.assertEqual(json.loads(body)["run"], "VTID-00702.1")
        self.assertNotEqual(headers["webhook-id"], "dispatch:VTID-00701.1:0")
        listed = self.call("GET", "/api/v1/workers")[1]["workers"][0]
        self.assertEqual(listed["callback_url"], callback.url)
        self.assertNotIn(SECRET, json.dumps(listed))
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_one_that_registers_later_is_told_of_what_waits(self):
        engine = self.serve_alone()
        self.add_task("VTID-00704")
        self.wait_for_run("VTID-00704", "pending_pickup")
        callback = self.listen(204)
        worker = self.enter(callback.url)
        _, _, body = callback.wait()
        self.assertEqual(json.loads(body)["run"], "VTID-00704.1")
        self.assertEqual(len(self.claim(worker)), 1)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_what_it_is_told_survives_a_start_of_the_gateway(self):
        engine = self.serve_alone()
        callback = self.listen(204)
        worker = self.enter(callback.url)
        self.assertEqual(engine.stop(), 0)
        engine = self.serve_alone()
        self.add_task("VTID-00703")
        _, headers, body = callback.wait()
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
        self.assertTrue(headers["webhook-signature"].endswith(
            base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()))
        self.assertEqual(len(self.claim(worker)), 1)
        self.assertEqual(engine.stop(), 0)

    def test_what_is_no_address_for_it_is_refused(self):
        engine = self.serve_alone()
        for url in ("ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://worker.example.org/", "http://127.0.0.1/?a=b",
                    "https://x/" + "y" * 1000, ""):
            self.enter(url, status=400)
        self.enter("https://worker.example.org/offers")
        body = {"name": "x", "slots": 1, "protocol": 1, "callback_url": "http://127.0.0.1:1/"}
        for secret in ({}, {"callback_secret": "too short"}):
            self.assertEqual(self.call("POST", "/api/v1/workers", dict(body, **secret), self.hands)[0], 400)
        self.assertEqual(engine.stop(), 0)


class IsRefused(TellsWorkers):
    def test_it_is_tried_again_and_then_waits_for_whoever_claims(self):
        engine = self.serve_alone()
        callback = self.listen(500, 302, 404)
        self.enter(callback.url)
        self.add_task("VTID-00711")
        callback.wait(1 + self.retries)
        self.wait_for_run("VTID-00711", "pending_pickup")
        failed = self.data_of("worker.dispatch.route_failed")
        self.assertEqual([(one["dispatched"], one["pending_pickup"], one["code"]) for one in failed],
                         [(False, False, "ROUTE_FAILED"), (False, False, "ROUTE_FAILED"), (False, True, "ROUTE_FAILED")])
        self.assertTrue(all("retry_at" in one for one in failed[:2]), failed)
        self.assertEqual([call[1]["webhook-id"] for call in callback.calls[:3]],
                         [f"dispatch:VTID-00711.1:{i}" for i in range(3)])
        worker = self.worker("plain", "--slots", "1")
        self.wait_for_status("VTID-00711", "completed")
        self.assertEqual(self.runs("VTID-00711"), 1)
        self.assertEqual(worker.stop(), 0)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_another_worker_is_told_next(self):
        engine = self.serve_alone()
        deaf = self.listen(503)
        good = self.listen(200)
        self.enter(deaf.url, name="deaf", slots=9)
        self.enter(good.url, name="good", slots=1)
        self.add_task("VTID-00712")
        deaf.wait()
        good.wait()
        self.wait_for_run("VTID-00712", "pending_pickup")
        self.assertEqual((len(deaf.calls), len(good.calls)), (1, 1))
        self.assertEqual(len(self.told("worker.dispatch.accepted")), 1)
        self.assertEqual(engine.stop(), 0)


class NeedsLabels(TellsWorkers):
    def config(self, **options):
        return super().config(agent='labels = ["gpu"]', **options)

    def test_who_lacks_one_is_not_told(self):
        engine = self.serve_alone()
        callback = self.listen(204)
        plain = self.enter(callback.url)
        self.add_task("VTID-00713", BLUE)
        self.wait_for_run("VTID-00713", "pending_pickup")
        self.assertEqual(callback.calls, [])
        self.assertEqual(self.claim(plain, wait=0), [])
        strong = self.enter("https://127.0.0.1:1/", name="strong", labels=["gpu"])
        self.assertEqual(len(self.claim(strong)), 1)
        self.assertEqual(engine.stop(), 0)


class NobodyComes(TellsWorkers):
    retries = 0
    pickup = "3s"

    def test_the_deadline_ends_it_with_its_code(self):
        engine = self.serve_alone()
        callback = self.listen(204)
        self.enter(callback.url)
        self.add_task("VTID-00721")
        callback.wait()
        self.wait_for_status("VTID-00721", "failed")
        failure = self.show("VTID-00721")["failure"]
        self.assertEqual((failure["code"], failure["from_state"]), ("PICKUP_TIMEOUT", "pending_pickup"))
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()


class WithLabels(Elsewhere):
    def config(self, **options):
        return super().config(agent='labels = ["gpu"]', **options)

    def test_a_run_that_no_worker_here_may_take_is_taken_by_one_that_may(self):
        engine = self.serve("--slots", "1")
        self.wait_for_sync(engine)
        self.add_task("VTID-00731")
        self.wait_for_run("VTID-00731", "pending_pickup")
        weak = self.worker("weak", "--slots", "1")
        wait_until(lambda: weak.said(), lambda: self.told("worker.registered"))
        strong = self.worker("strong", "--slots", "1", "--label", "gpu")
        self.wait_for_status("VTID-00731", "completed")
        run = self.show("VTID-00731")["runs"][0]
        listed = {w["id"]: w["name"] for w in self.call("GET", "/api/v1/workers")[1]["workers"]}
        self.assertEqual(listed[run["worker"]], "strong")
        for one in (weak, strong, engine):
            self.assertEqual(one.stop(), 0)
        self.assertHealthy()
