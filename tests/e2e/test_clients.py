"""Programs of others speak with the gateway: what they take for granted holds.

They come from npm by name and version (tests/clients), into a folder of the build.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import SOURCE
from serving import Serving
from test_webhook import SECRET, Webhooks

CLIENTS = SOURCE / "tests/clients"
INSTALL_SECONDS = 600


def install():
    """The folder with all of them; made once for what package-lock.json says."""
    folder = pathlib.Path(os.environ.get("VITANA_CLIENTS") or tempfile.gettempdir()) / "vitana-clients"
    lock = (CLIENTS / "package-lock.json").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder / "installed"
    if not mark.exists() or mark.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(CLIENTS / name, folder / name)
        try:
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder, check=True,
                           stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise unittest.SkipTest(f"SKIPPED: npm could not fetch the clients of others: {error}") from None
        mark.write_bytes(lock)
    for script in CLIENTS.glob("*.mjs"):
        shutil.copy(script, folder / script.name)
    return folder


@unittest.skipUnless(shutil.which("npm"), "SKIPPED: npm is not there, so no client of others was tried")
class Clients(Serving):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = install()

    def node(self, *words, environment=None, background=False, ok=True):
        """What one of them prints. It runs on the Node that came with it."""
        command = [self.folder / "node_modules/node/bin/node", *words]
        surroundings = {**os.environ, **(environment or {})}
        if background:
            return subprocess.Popen(command, cwd=self.folder, env=surroundings, text=True, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        done = subprocess.run(command, cwd=self.folder, env=surroundings, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS)
        if ok:
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout


class OfWebhooks(Clients, Webhooks):
    def test_each_example_of_octokit_is_taken_and_only_with_its_signature(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        examples = [json.loads(line) for line in self.node("sign.mjs", environment={"HOOK_SECRET": SECRET}).splitlines()]
        self.assertGreater(len(examples), 300)
        seen = set()
        for number, example in enumerate(examples):
            body = example["body"].encode()
            headers = {"X-GitHub-Event": example["event"], "X-GitHub-Delivery": f"example-{number}",
                       "X-Hub-Signature-256": example["signature"]}
            [outcome] = self.outcome(self.push(headers=headers, body=body))
            ref = json.loads(body).get("ref")
            wanted = "ignored" if example["event"] != "push" else "looking" if ref == "refs/heads/main" else "other_branch"
            self.assertEqual(outcome, wanted, example["event"])
            seen.add(outcome)
            if number % 20 == 0:  # fewer than would be too many failures
                self.assertEqual(self.push(headers=headers, body=body[:-1] + b" }").status, 401)
        self.assertLessEqual({"ignored", "other_branch"}, seen)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()


class OfEvents(Clients):
    def test_eventsource_reads_cloudevents_and_goes_on_after_the_gateway_was_away(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        port = self.address.port
        reader = self.node("read_stream.mjs", f"{self.place['url']}/api/v1/events/stream", "vtid.lifecycle.completed",
                           environment={"VITANA_TOKEN": self.token}, background=True)
        self.addCleanup(reader.kill)
        self.assertEqual(reader.stderr.readline(), "open\n")
        first = [int(reader.stdout.readline())]
        while first[-1] < self.newest():
            first.append(int(reader.stdout.readline()))
        self.assertEqual(engine.stop(), 0)
        engine = self.serve(listen=f"127.0.0.1:{port}")
        self.wait_for_sync(engine)
        self.add_spec("VTID-00811")
        out, err = reader.communicate(timeout=INSTALL_SECONDS)
        self.assertEqual(reader.returncode, 0, err)
        ids = first + [int(line) for line in out.splitlines()]
        self.assertEqual(ids, list(range(1, len(ids) + 1)), "nothing is lost and nothing told twice")
        self.assertEqual(self.status("VTID-00811"), "completed")
        self.assertEqual(engine.stop(), 0)

    def newest(self):
        return self.query("SELECT max(seq) AS seq FROM oasis_events")[0]["seq"]


class OfTheDocument(Clients):
    def document(self):
        engine = self.serve("--paused")
        file = self.root / "openapi.json"
        file.write_text(self.get("/openapi.json", token="").text)
        self.assertEqual(engine.stop(), 0)
        return file

    def test_a_linter_finds_nothing(self):
        config = self.root / "redocly.yaml"
        # A probe fails in no way of its own.
        config.write_text("extends: [recommended]\nrules:\n  operation-4xx-response: off\n")
        said = self.node("node_modules/@redocly/cli/bin/cli.js", "lint", "--config", config, "--format", "json",
                         self.document(), ok=False)
        problems = json.loads(said[said.index("{"):])
        found = [(p["ruleId"], p["message"], p["location"][0].get("pointer")) for p in problems["problems"]]
        self.assertEqual(found, [])
        self.assertEqual(problems["totals"], {"errors": 0, "warnings": 0, "ignored": 0})

    def test_types_are_made_from_it_and_compile(self):
        types = self.root / "api.ts"
        self.node("node_modules/openapi-typescript/bin/cli.js", self.document(), "--output", types)
        use = self.root / "use.ts"
        use.write_text('import type { operations } from "./api";\n'
                       'type Task = operations["getTask"]["responses"][200]["content"]["application/json"];\n'
                       'export const title = (task: Task): string => `${task.vtid} ${task.title}`;\n')
        self.node("node_modules/typescript/bin/tsc", "--strict", "--noEmit", "--target", "es2022", use)
        use.write_text(use.read_text().replace("task.title", "task.titel"))
        self.assertIn("titel", self.node("node_modules/typescript/bin/tsc", "--strict", "--noEmit", "--target", "es2022",
                                         use, ok=False))


del Clients, Webhooks, Serving  # their tests run elsewhere
