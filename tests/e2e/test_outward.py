"""What the engine tells others: events to webhooks, the specs of other branches, statuses to forges."""

import base64
import collections
import hashlib
import hmac
import http.server
import json
import re
import signal
import socket
import threading
import time

from harness import SOURCE, Repo, spec_text, wait_until
from serving import Serving
from test_webhook import Webhooks

WHSEC = "whsec_" + base64.b64encode(b"a key of this test, long enough").decode()


class Receiver:
    """An endpoint on this machine. `answer(request)` gives the status, or none to say nothing."""

    Request = collections.namedtuple("Request", "path headers body")

    def __init__(self, test, port=0):
        self.requests, self.answer = [], lambda request: 200
        self.released = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = Receiver.Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                receiver.requests.append(request)
                status = receiver.answer(request)
                if status is None:
                    receiver.released.wait(60)
                    self.close_connection = True
                    return
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "2")
                self.send_header("Connection", "close")  # so that one that is closed answers nobody
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        test.addCleanup(self.close)

    def close(self):
        self.released.set()
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def events(self):
        return [json.loads(request.body) for request in self.requests]

    def wait_for(self, count):
        wait_until(lambda: f"{count} requests: {[(r.path, r.body) for r in self.requests]}",
                   lambda: len(self.requests) >= count)


class Told(Serving):
    endpoints = '[[webhooks]]\nname = "chat"\nurl = "env:CHAT_URL"\nsecret = "env:CHAT_SECRET"\nevents = ["vtid.lifecycle.*"]\n'

    def config(self, **options):
        options["rest"] = options.get("rest", "") + "\n" + self.endpoints
        return super().config(**options)

    def setUp(self):
        super().setUp()
        self.chat = Receiver(self)
        self.environment["CHAT_URL"] = f"http://127.0.0.1:{self.chat.port}/hooks/a-secret-path"
        self.environment["CHAT_SECRET"] = WHSEC

    def assertSigned(self, request):
        """As whoever receives it checks, by the specification alone."""
        moment = request.headers["webhook-timestamp"]
        content = f"{request.headers['webhook-id']}.{moment}.".encode() + request.body
        key = base64.b64decode(WHSEC.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        self.assertEqual(request.headers["webhook-signature"], expected)
        self.assertLess(abs(time.time() - int(moment)), 300)

    def logged(self, prefix="vtid.lifecycle."):
        """The sequences of what the endpoint is to be told."""
        return [int(row["seq"]) for row in
                self.query("SELECT seq FROM oasis_events WHERE type LIKE ? ORDER BY seq", prefix + "%")]

    def told(self):
        """The sequences that came, each once, in the order of their first coming."""
        return list(dict.fromkeys(int(event["sequence"]) for event in self.chat.events()))

    def wait_until_all_is_told(self):
        wait_until(lambda: f"all is told: {self.logged()}, and {self.told()} came", lambda: self.told() == self.logged())

    def webhook(self, name="chat"):
        listed = json.loads(self.get("/api/v1/webhooks").text)["webhooks"]
        return next(one for one in listed if one["name"] == name)


class AnEvent(Told):
    def test_comes_signed_in_the_logs_order_with_a_sentence(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00901")
        self.wait_for_status("VTID-00901", "completed")
        self.wait_until_all_is_told()
        for request in self.chat.requests:
            self.assertSigned(request)
            self.assertEqual(request.headers["content-type"], "application/json")
        last = self.chat.events()[-1]
        self.assertEqual((last["specversion"], last["type"], last["subject"]), ("1.0", "vtid.lifecycle.completed", "VTID-00901"))
        self.assertEqual(last["text"], "VTID-00901 (Make the page blue): the task is done")
        said = [json.loads(line) for line in self.vitana("events", "--json", code=0).out.splitlines()]
        self.assertIn({key: value for key, value in last.items() if key != "text"}, said)
        listed = self.get("/api/v1/webhooks").text
        self.assertNotIn("a-secret-path", listed)
        self.assertEqual(self.webhook()["host"], f"127.0.0.1:{self.chat.port}")
        self.assertEqual(self.webhook()["error"], "")
        self.assertEqual(engine.stop(), 0)
        self.assertNotIn("a-secret-path", engine.said())
        self.assertHealthy()

    def test_that_is_not_taken_comes_again_with_its_id(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        answers = iter([500, 503])
        self.chat.answer = lambda request: next(answers, 200)
        self.add_spec("VTID-00902")
        self.wait_for_status("VTID-00902", "scheduled")
        self.wait_until_all_is_told()
        first = [request.headers["webhook-id"] for request in self.chat.requests[:3]]
        self.assertEqual(len(set(first)), 1)
        self.assertEqual(len({request.headers["webhook-id"] for request in self.chat.requests}), len(self.logged()))

        port = self.chat.port
        self.chat.close()
        self.add_spec("VTID-00903")
        wait_until(lambda: f"a failed try: {self.webhook()}", lambda: self.webhook()["attempts"] > 0)
        self.assertNotIn("a-secret-path", self.webhook()["error"])
        self.chat = Receiver(self, port)
        self.wait_for_status("VTID-00903", "scheduled")
        behind = self.logged()[-1]
        wait_until(lambda: f"{behind} is told: {self.webhook()}", lambda: behind in self.told())
        for request in self.chat.requests:
            self.assertSigned(request)
        self.assertEqual(engine.stop(), 0)

    def test_is_not_lost_by_an_engine_that_is_killed(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        held = threading.Event()
        self.chat.answer = lambda request: None if not held.is_set() else 200
        self.add_spec("VTID-00904")
        self.add_spec("VTID-00905")
        self.chat.wait_for(1)
        self.wait_for_status("VTID-00905", "scheduled")
        engine.signal(signal.SIGKILL)
        engine.end()
        held.set()
        engine = self.serve("--paused")
        self.wait_until_all_is_told()
        ids = [request.headers["webhook-id"] for request in self.chat.requests]
        self.assertEqual(ids[0], ids[1])
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_is_not_sent_where_an_answer_leads(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        self.chat.answer = lambda request: 302
        self.add_spec("VTID-00906")
        wait_until(lambda: f"a failed try: {self.webhook()}", lambda: "302" in self.webhook()["error"])
        self.assertEqual({request.path for request in self.chat.requests}, {"/hooks/a-secret-path"})
        self.assertEqual(engine.stop(), 0)


class ARunThatAPersonWaitsFor(Told):
    def test_has_told_its_end_when_the_command_ends(self):
        path = self.add_spec("VTID-00909")
        self.vitana("run", path, code=0)
        self.assertStatus("VTID-00909", "completed")
        self.assertEqual(self.told()[-1], self.logged()[-1])  # it begins where the engine does
        self.assertEqual(self.chat.events()[-1]["type"], "vtid.lifecycle.completed")
        self.assertHealthy()


class ACommandThatTells(Serving):
    def config(self, **options):
        return super().config(rest=f'\n[notify]\ncommand = ["{self.root}/tell.sh"]\n', **options)

    def prepare(self):
        super().prepare()
        self.said = self.root / "said"
        tell = self.root / "tell.sh"
        tell.write_text(f"#!/bin/sh\ncat >> {self.said}\n")
        tell.chmod(0o755)

    def test_has_been_told_of_a_failure_when_the_run_ends(self):
        path = self.add_spec("VTID-00910", script="exit 3")
        self.repo.commit("once", {"vitana.toml": self.config().replace('delay = "1s"', 'delay = "1s"\nruns = 1')})
        self.vitana("run", path, code=1)
        self.assertEqual(json.loads(self.said.read_text())["code"], "AGENT_FAILED")

    def test_what_waits_for_a_person_is_in_the_summary(self):
        self.until_idle()
        self.add_spec("VTID-00911", text=spec_text("VTID-00911", check="") + "- [human] A person finds it beautiful\n")
        self.until_idle()
        answer = self.vitana("autopilot", "--until-idle", code=0)
        self.assertRegex(answer.out, r"VTID-00911 +blocked.*vitana task")


class ADeadEndpoint(Told):
    endpoints = Told.endpoints + '[[webhooks]]\nname = "dead"\nurl = "env:DEAD_URL"\nevents = ["*"]\n'

    def test_delays_nobody_else_and_no_stop(self):
        silent = self.enterContext(socket.create_server(("127.0.0.1", 0)))
        self.environment["DEAD_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00907")
        self.wait_for_status("VTID-00907", "completed")
        self.wait_until_all_is_told()
        self.assertIsNone(self.webhook("dead")["told_at"])
        self.assertGreater(self.webhook("dead")["behind"], 0)
        begun = time.monotonic()
        self.assertEqual(engine.stop(), 0)
        self.assertLess(time.monotonic() - begun, 8)


class WhatNeedsAPerson(Told):
    endpoints = '[[webhooks]]\nname = "chat"\nurl = "env:CHAT_URL"\nformat = "chat"\n'

    def test_is_told_by_default_and_a_chat_tool_gets_a_sentence(self):
        self.add_spec("VTID-00908", text=spec_text("VTID-00908", "Tell <!channel> and @all"), script="exit 3")
        self.repo.commit("once", {"vitana.toml": self.config().replace('delay = "1s"', 'delay = "1s"\nruns = 1')})
        self.vitana("spec", "sync", code=0)
        self.vitana("spec", "adopt", "docs/**", "--run", code=0)
        self.until_idle()
        self.assertStatus("VTID-00908", "failed", "AGENT_FAILED")
        self.assertEqual(len(self.chat.requests), 1)
        told = self.chat.events()[0]
        self.assertEqual(set(told), {"text"})
        self.assertIn("VTID-00908 (Tell", told["text"])
        self.assertIn("AGENT_FAILED", told["text"])
        self.assertIn("vitana task retry VTID-00908", told["text"])
        self.assertNotIn("<", told["text"])
        self.assertNotIn("@all", told["text"])


class Origin(Webhooks):
    """A bare repository, its forge's webhook, and its forge's API."""

    forge = "github"

    def config(self, **options):
        options["repos"] = (f'url = "file://{self.root}/origin.git"\nbranch = "main"\nwebhook_secret = "env:HOOK_SECRET"\n'
                            f'forge = "{self.forge}"\nforge_url = "http://127.0.0.1:{self.api.port}"\n'
                            'forge_project = "team/shop"\nstatus_token = "env:FORGE_TOKEN"')
        return super().config(**options)

    def prepare(self):
        self.api = Receiver(self)
        self.api.answer = lambda request: 201
        self.origin = Repo(self.root / "origin.git", self.environment, bare=True)
        super().prepare()
        self.repo.git("remote", "add", "origin", str(self.origin.folder))
        self.repo.git("push", "-q", "origin", "main")

    def setUp(self):
        super().setUp()
        self.environment["FORGE_TOKEN"] = "a token of this test"

    def statuses(self):
        """commit, state, description of each that was taken"""
        told = []
        for request in self.api.requests:
            body = json.loads(request.body)
            self.assertEqual(request.headers["authorization"], "Bearer a token of this test")
            self.assertEqual(body["context"], "vitana/specs")
            self.assertTrue(request.path.startswith("/repos/team/shop/statuses/"), request.path)
            told.append((request.path.rsplit("/", 1)[1], body["state"], body["description"]))
        return told

    def checks(self):
        return [json.loads(row["data"]) for row in
                self.query("SELECT data FROM oasis_events WHERE type = 'repo.branch.checked' ORDER BY seq")]

    def commit_to(self, branch, files):
        """Commits and pushes; the forge tells of it."""
        exists = branch in self.repo.branches()
        self.repo.git("checkout", "-q", *([] if exists else ["-b"]), branch)
        self.repo.commit(f"to {branch}", files)
        self.repo.git("push", "-q", "-f", "origin", branch)
        return self.repo.head(branch)

    def wait_for_checks(self, count):
        wait_until(lambda: f"{count} checks: {self.checks()}\n{self.engines[-1].said()}", lambda: len(self.checks()) >= count)

    def wait_for_statuses(self, *wanted):
        wait_until(lambda: f"statuses {wanted}: {self.statuses()}\n{self.engines[-1].said()}",
                   lambda: [(c, s) for c, s, _ in self.statuses()] == list(wanted))


class OtherBranches(Origin):
    def test_are_judged_and_told_and_register_nothing(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        bad = spec_text("VTID-00911", summary="TBD")
        first = self.commit_to("topic", {"docs/specs/VTID-00911-page.md": bad})
        self.assertEqual(self.outcome(self.push("refs/heads/topic")), ["other_branch"])
        self.wait_for_checks(1)
        check = self.checks()[0]
        self.assertEqual((check["repo"], check["ref"], check["commit"]), ("shop", "refs/heads/topic", first))
        self.assertEqual(check["base"], self.repo.head("main"))
        [file] = check["files"]
        self.assertEqual((file["path"], file["vtid"], file["outcome"]),
                         ("docs/specs/VTID-00911-page.md", "VTID-00911", "invalid"))
        self.assertTrue(file["diagnostics"])
        documented = json.loads(re.search(r"```json branch\n(.*?)```", (SOURCE / "docs/api.md").read_text(), re.DOTALL)[1])
        self.assertEqual(set(check), set(documented))
        self.assertEqual(set(file), set(documented["files"][0]))
        self.assertEqual(set(file["diagnostics"][0]), set(documented["files"][0]["diagnostics"][0]))
        self.wait_for_statuses((first, "failure"))
        self.assertIn("docs/specs/VTID-00911-page.md:", self.statuses()[0][2])

        second = self.commit_to("topic", {"docs/specs/VTID-00911-page.md": spec_text("VTID-00911"),
                                          "docs/specs/VTID-00912-page.md": spec_text("VTID-00912")})
        self.outcome(self.push("refs/heads/topic"))
        self.wait_for_statuses((first, "failure"), (second, "success"))
        self.assertEqual(self.statuses()[1][2], "2 specs valid")
        self.assertEqual({file["outcome"] for file in self.checks()[1]["files"]}, {"valid"})

        for table in ("vtid_ledger", "vtid_specs", "spec_candidates", "repo_files"):
            self.assertEqual(self.count(table), 0, table)
        self.assertEqual(self.count("counters", "name = 'vtid' AND value > 0"), 0)
        [mirror] = (self.data / "mirrors").glob("shop*")
        self.assertEqual(self.repo.git("--git-dir", str(mirror), "for-each-ref", "refs/vitana/beside"), "")
        page = json.loads(self.get("/api/v1/events?type=repo.branch.checked").text)
        self.assertEqual(len(page["events"]), 2)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_without_a_spec_a_tag_and_one_that_is_gone_say_nothing(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        self.commit_to("plain", {"page.txt": "colour: green\n"})
        self.repo.git("tag", "v1")
        self.repo.git("push", "-q", "origin", "v1")
        for ref in ("refs/heads/plain", "refs/tags/v1", "refs/heads/gone", "refs/heads/..", "refs/heads/--upload-pack=x"):
            self.assertEqual(self.outcome(self.push(ref)), ["other_branch"])
        self.commit_to("topic", {"docs/specs/VTID-00913-page.md": spec_text("VTID-00913")})
        self.outcome(self.push("refs/heads/topic"))
        self.wait_for_checks(1)
        wait_until("all effects are settled", lambda: self.count("outbox", "state = 'pending'") == 0)
        self.assertEqual([check["ref"] for check in self.checks()], ["refs/heads/topic"])
        self.assertEqual(self.count("outbox", "state = 'failed'"), 0)
        self.assertEqual(engine.stop(), 0)

    def test_are_judged_against_what_is_registered(self):
        main = self.commit_to("main", {"docs/specs/VTID-00914-page.md": spec_text("VTID-00914")})
        engine = self.serve("--paused")
        self.wait_for_sync(engine, main)
        depends = "\n## Dependencies\n\n- {}\n"
        head = self.commit_to("topic", {
            "docs/specs/VTID-00914-other.md": spec_text("VTID-00914", "Another text"),
            "docs/specs/VTID-00915-a.md": spec_text("VTID-00915", extra=depends.format("VTID-00916")),
            "docs/specs/VTID-00916-b.md": spec_text("VTID-00916", extra=depends.format("VTID-00915")),
            "docs/specs/VTID-00917-c.md": spec_text("VTID-00917")})
        before = self.query("SELECT * FROM vtid_ledger")
        self.outcome(self.push("refs/heads/topic"))
        self.wait_for_checks(1)
        outcomes = {file["path"].split("/")[-1]: file["outcome"] for file in self.checks()[0]["files"]}
        self.assertEqual(outcomes["VTID-00914-other.md"], "conflict")
        self.assertIn("invalid", (outcomes["VTID-00915-a.md"], outcomes["VTID-00916-b.md"]))
        self.assertEqual(outcomes["VTID-00917-c.md"], "valid")
        self.assertEqual(self.query("SELECT * FROM vtid_ledger"), before)
        self.wait_for_statuses((main, "success"), (head, "failure"))
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_of_a_forge_that_is_away_are_told_later_and_once(self):
        away = [True]
        self.api.answer = lambda request: 503 if away[0] else 201
        main = self.commit_to("main", {"docs/specs/VTID-00918-page.md": spec_text("VTID-00918")})
        engine = self.serve("--paused")
        self.wait_for_sync(engine, main)
        self.api.wait_for(2)
        engine.signal(signal.SIGKILL)
        engine.end()
        away[0] = False
        tries = len(self.api.requests)
        engine = self.serve("--paused")
        wait_until("it is told", lambda: self.count("outbox", "kind = 'commit_status' AND state = 'done'") == 1)
        self.assertEqual(len(self.api.requests), tries + 1)
        self.assertEqual(set(self.statuses()), {(main, "success", "1 spec valid")})
        self.assertEqual(engine.stop(), 0)


class OtherForges(Origin):
    def test_are_told_in_their_own_way(self):
        tokens = {"gitlab": ("private-token", "a token of this test", "/api/v4/projects/team%2Fshop/statuses/", "name"),
                  "gitea": ("authorization", "token a token of this test", "/api/v1/repos/team/shop/statuses/", "context"),
                  "forgejo": ("authorization", "token a token of this test", "/api/v1/repos/team/shop/statuses/", "context")}
        for number, (forge, (header, value, path, named)) in enumerate(tokens.items(), 921):
            with self.subTest(forge):
                self.forge = forge
                commit = self.commit_to("main", {"vitana.toml": self.config(),
                                                 f"docs/specs/VTID-00{number}-page.md": spec_text(f"VTID-00{number}", summary="TBD")})
                self.until_idle()
                request = self.api.requests.pop()
                self.assertEqual(request.path, path + commit)
                self.assertEqual(request.headers[header], value)
                body = json.loads(request.body)
                self.assertEqual((body["state"], body[named]), ("failed" if forge == "gitlab" else "failure", "vitana/specs"))
                self.assertEqual(self.api.requests, [])
