"""The gateway on a socket: who is let in, live events, and what is no request."""

import json
import os
import re
import socket
import stat
import threading

from serving import Serving


class TheGateway(Serving):
    def test_carries_a_commit_to_its_end_and_tells_it_live(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        live = self.stream()
        self.add_spec("VTID-00701")
        told = self.read_until(live, "vtid.lifecycle.completed")
        self.assertEqual([int(event["id"]) for event in told], list(range(1, len(told) + 1)))
        task = json.loads(self.get("/api/v1/tasks/VTID-00701").text)
        self.assertEqual(task["status"], "completed")
        self.assertEqual(task, self.show("VTID-00701"))
        resumed = self.read_until(self.stream(last=told[10]["id"]), "vtid.lifecycle.completed")
        self.assertEqual([event["id"] for event in resumed], [event["id"] for event in told[11:]])
        for path, part in (("log", ""), ("diff", "+colour: blue"), ("evidence", "passed"), ("why", "verdicts"),
                           ("runs", "VTID-00701.1"), ("events", "autopilot.state.executing")):
            answer = self.get(f"/api/v1/tasks/VTID-00701/{path}")
            self.assertEqual(answer.status, 200, answer.text)
            self.assertIn(part, answer.text)
        raw = self.get("/api/v1/specs/VTID-00701/versions/1/raw").text
        self.assertEqual(raw, self.repo.show("docs/specs/VTID-00701-page.md") + "\n")
        self.assertEqual(engine.stop(), 0)
        self.assertFalse((self.data / "server.json").exists())
        live.read()  # a stream ends with the gateway
        self.assertHealthy()

    def test_lets_in_who_has_a_token_that_holds(self):
        engine = self.serve()
        self.assertEqual(stat.S_IMODE((self.data / "token").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE((self.data / "server.json").stat().st_mode), 0o600)
        for path in ("/healthz", "/readyz", "/openapi.json"):
            self.assertEqual(self.get(path, token="").status, 200, path)
        answer = self.get("/api/v1/tasks", token="")
        self.assertEqual((answer.status, answer.getheader("WWW-Authenticate")), (401, "Bearer"))
        self.assertEqual(json.loads(answer.text)["code"], "UNAUTHENTICATED")
        made = self.vitana("tokens", "create", "--role", "worker", "--name", "builder", "--json", code=0).json
        self.assertEqual(self.get("/api/v1/tasks", token=made["token"]).status, 403)
        made = self.vitana("tokens", "create", "--role", "viewer", "--repo", "shop", "--json", code=0).json
        self.assertEqual(self.get("/api/v1/tasks", token=made["token"]).status, 200)
        self.vitana("tokens", "revoke", made["id"], code=0)
        self.assertEqual(self.get("/api/v1/tasks", token=made["token"]).status, 401)
        listed = self.vitana("tokens", "list", "--json", code=0).json["tokens"]
        self.assertEqual([(t["role"], t["valid"]) for t in listed],
                         [("admin", True), ("worker", True), ("viewer", False)])
        database = (self.data / "vitana.db").read_bytes() + (self.data / "vitana.db-wal").read_bytes()
        self.assertNotIn(made["token"].encode(), database)
        self.assertEqual(engine.stop(), 0)
        first = self.token
        engine = self.serve()
        self.assertEqual(self.token, first, "the token of this machine stays")
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_a_token_that_the_log_does_not_know_is_found(self):
        self.until_idle()
        self.vitana("tokens", "create", "--role", "viewer", code=0)
        self.damage("UPDATE access_tokens SET role = 'admin'")
        answer = self.vitana("audit", code=1)
        self.assertIn("tok_", answer.out + answer.err)

    def damage(self, sql):
        import sqlite3
        with sqlite3.connect(self.data / "vitana.db") as database:
            database.execute(sql)
        database.close()

    def test_paused_registers_and_runs_nothing(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        self.add_spec("VTID-00702")
        self.wait_for_status("VTID-00702", "scheduled")
        self.assertFalse(json.loads(self.get("/api/v1/pipeline/summary").text)["execution"])
        self.assertEqual(self.runs("VTID-00702"), 0)
        self.assertEqual(engine.stop(), 0)

    def test_an_address_that_cannot_be_is_refused(self):
        engine = self.serve()
        taken = self.place["url"].removeprefix("http://")
        self.assertEqual(engine.stop(), 0)
        with socket.create_server((self.address.hostname, self.address.port)):
            answer = self.vitana("serve", "--listen", taken, "--json", code=3)
            self.assertEqual(answer.error_code, "LISTEN_FAILED", answer)
        answer = self.vitana("serve", "--listen", "0.0.0.0:0", "--json", code=4)
        self.assertEqual(answer.error_code, "NOT_ALLOWED", answer)


class WhatIsNoRequest(Serving):
    """Hostile bytes: an answer with a code, or none, and the gateway stays up."""

    def setUp(self):
        super().setUp()
        self.engine = self.serve()

    def tearDown(self):
        self.assertEqual(self.get("/healthz", token="").status, 200)
        self.assertEqual(self.engine.stop(), 0)

    def statuses(self, data):
        return [int(code) for code in re.findall(r"HTTP/1\.[01] (\d+)", self.raw(data))]

    def test_shapes_that_hide_a_second_request_are_refused(self):
        inner = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        head = f"POST /api/v1/specs/validate HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n".encode()
        for name, data in {
            "both lengths": head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
            "two lengths": head + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + inner,
            "a list of lengths": head + b"Content-Length: 4, 5\r\n\r\nabcd" + inner,
            "a negative length": head + b"Content-Length: -4\r\n\r\nabcd" + inner,
            "a length with a sign": head + b"Content-Length: +4\r\n\r\nabcd" + inner,
            "a space before the colon": head + b"Content-Length : 4\r\n\r\nabcd" + inner,
            "a folded header": head + b"X: a\r\n b: c\r\nContent-Length\r\n : 4\r\n\r\nabcd" + inner,
            "a bad chunk": head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabcd\r\n0\r\n\r\n" + inner,
            "a chunk too large for any number": head + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + inner,
            **{f"Transfer-Encoding: {coding}": head + f"Transfer-Encoding: {coding}\r\n\r\n".encode() + inner
               for coding in ("identity", "xchunked", "gzip", "chunked, gzip", "gzip, chunked", "chunked, chunked",
                              '"chunked"', "", "chunked\r\nTransfer-Encoding: chunked")},
            "another coding beside a length": head + b"Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n\r\nabcd" + inner,
            "no method": b"/healthz HTTP/1.1\r\nHost: x\r\n\r\n" + inner,
            "no version": b"GET /healthz\r\n\r\n" + inner,
            "another version": b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n" + inner,
            "bare line feeds": b"POST /healthz HTTP/1.1\nHost: x\nContent-Length: 4\n\nabcd" + inner,
        }.items():
            with self.subTest(name):
                self.assertEqual(self.statuses(data), [400])

    def test_one_after_another_on_one_connection_is_answered_in_order(self):
        data = (b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
                + b"HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n" + b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(self.statuses(data), [200, 404, 200, 200])
        self.assertTrue(self.raw(b"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").endswith("\r\n\r\n"))

    def test_what_is_too_large_is_refused_before_it_is_read(self):
        self.assertEqual(self.statuses(b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n"), [413])
        self.assertEqual(self.statuses(b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n"), [413])
        head = b"POST /api/v1/specs/validate HTTP/1.1\r\nHost: x\r\n"
        known = head + f"Authorization: Bearer {self.token}\r\n".encode()
        self.assertEqual(self.statuses(known + b"Content-Length: 99999999999\r\n\r\n"), [413])
        # Of those who are not let in, nothing is read of a body of more than 64 KiB, or of one that may be.
        self.assertEqual(self.statuses(head + b"Content-Length: 70000\r\n\r\n"), [401])
        self.assertEqual(self.statuses(head + b"Transfer-Encoding: chunked\r\n\r\n"), [401])
        self.assertEqual(self.statuses(b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n"), [413])
        signed = b"POST /api/v1/specs/sync HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=00\r\n"
        self.assertEqual(self.statuses(signed + b"Content-Length: 5000000\r\n\r\n"), [413])
        deep = b"[" * 100_000
        answer = self.request("POST", "/api/v1/specs/validate", body=deep, headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 400)

    def test_methods_that_nobody_uses(self):
        for method in ("TRACE", "CONNECT", "PATCH", "BREW"):
            self.assertEqual(self.statuses(f"{method} /healthz HTTP/1.1\r\nHost: x\r\n\r\n".encode()), [405])
        self.assertEqual(self.request("OPTIONS", "/api/v1/tasks").status, 405)

    def test_paths_lead_nowhere_else(self):
        for path in ("/../../etc/passwd", "/api/v1/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                     "/api/v1/tasks/..%2f..%2fvitana.db", "/api/v1/tasks/VTID-00001%00", "//etc/passwd", "/.vitana/token"):
            answer = self.get(path)
            self.assertIn(answer.status, (400, 404, 422), path)
            self.assertNotIn("root:", answer.text)

    def test_who_sends_nothing_does_not_keep_others_waiting(self):
        silent = [socket.create_connection((self.address.hostname, self.address.port)) for _ in range(200)]
        for connection in silent:
            self.addCleanup(connection.close)
            connection.sendall(b"GET /healthz HT")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.get("/api/v1/tasks").status)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * 20)

    def test_random_bytes(self):
        import random
        dice = random.Random(7)
        for _ in range(200):
            self.raw(bytes(dice.randrange(256) for _ in range(dice.randrange(1, 400))))
        self.assertTrue(self.engine.alive(), self.engine.said())
        self.assertLess(len(os.listdir(f"/proc/{self.engine.pid}/fd")), 100)
