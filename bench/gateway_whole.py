"""Whole lives with nothing left out: `vitana serve`, `vitana worker`, real git, an agent that is done at once, no
sandbox. It shows what git and processes add to what gateway_bench.py measures without them."""

import concurrent.futures
import http.client
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import pathlib
import urllib.parse

CONFIG = """
[server]
requests_per_minute = 0

[[repos]]
name = "shop"
path = "."
branch = "main"
specs = ["docs/specs/**/*.md"]

[agents.instant]
kind = "command"
command = ["/bin/sh", "-e", "-c", "echo \\"$VITANA_VTID\\" > \\"done-$VITANA_VTID.txt\\""]

[worker]
agent = "instant"
sandbox = "off"

[verify]
slots = 2

[delivery]
mode = "branch"

[caps]
runs_per_repo_day = 0
concurrent = 0
"""

SPEC = """# Leave a note, the {number}th

## Summary

A file with the number of the task shall be there afterwards.

## Problem

There is none.

## Acceptance Criteria

- The file is there

  ```check
  ls done-VTID-*.txt
  ```

## Notes

"""
SPEC_BYTES = 1024
PATIENCE = 600


def spec(number):
    text = SPEC.format(number=number)
    words = "What is written here is as long as people write, and is read as their words are. " * 20
    return text + words[:SPEC_BYTES - 1 - len(text)] + "\n"


def measure(binary, folder, tasks, slots=4):
    root = pathlib.Path(tempfile.mkdtemp(prefix="whole-", dir=folder))
    shop = root / "shop"
    (root / "home").mkdir()
    shop.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(root / "home"), "XDG_CACHE_HOME": str(root / "cache"),
                   "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words):
        subprocess.run(["git", *words], cwd=shop, env=environment, check=True, stdout=subprocess.DEVNULL)

    git("init", "-q", "-b", "main")
    git("config", "user.name", "Ada")
    git("config", "user.email", "ada@example.org")
    (shop / "vitana.toml").write_text(CONFIG)
    (root / "worker.toml").write_text('[worker]\nsandbox = "off"\n')
    (shop / ".gitignore").write_text(".vitana/\n")
    git("add", "-A")
    git("commit", "-q", "-m", "begin")
    programs = []
    try:
        with open(root / "log", "wb") as log:
            def start(*words, cwd):
                programs.append(subprocess.Popen([binary, *words], cwd=cwd, env=environment, stdout=log, stderr=log))

            def given_up(why):
                sys.exit(f"{why}\n{(root / 'log').read_text()}")

            def wait_until(what, happened):
                until = time.monotonic() + PATIENCE
                while not (found := happened()):
                    if time.monotonic() > until or any(program.poll() is not None for program in programs):
                        given_up(f"{what} did not come")
                    time.sleep(0.02)
                return found

            start("serve", "--slots", "0", "--listen", "127.0.0.1:0", cwd=shop)
            wait_until("server.json", (shop / ".vitana/server.json").exists)
            url = json.loads((shop / ".vitana/server.json").read_text())["url"]
            token = (shop / ".vitana/token").read_text().strip()
            address = urllib.parse.urlsplit(url)

            def call(method, path, body=None):
                connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
                connection.request(method, path, body=None if body is None else json.dumps(body),
                                   headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
                answer = connection.getresponse()
                text = answer.read()
                connection.close()
                if answer.status >= 300:
                    given_up(f"{method} {path}: {answer.status} {text.decode()}")
                return json.loads(text)

            def make(number):
                call("POST", "/api/v1/tasks", {"title": "A note", "description": spec(number)})

            def count(status):
                return call("GET", "/api/v1/pipeline/summary")["tasks"][status]

            start("worker", "--server", url, "--token-file", str(shop / ".vitana/token"),
                  "--data", str(root / "elsewhere"), "--name", "builder", "--slots", str(slots),
                  "--config", str(root / "worker.toml"), cwd=root)
            wait_until("the worker", lambda: call("GET", "/api/v1/workers")["workers"])
            begin = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(8) as persons:
                list(persons.map(make, range(tasks)))
            made = time.monotonic() - begin
            wait_until("the end of all tasks", lambda: count("completed") + count("failed") == tasks)
            seconds = time.monotonic() - begin
            if count("failed"):
                given_up("tasks have failed")
        lives = {}
        with sqlite3.connect(f"file:{shop / '.vitana/vitana.db'}?mode=ro", uri=True) as store:
            for vtid, kind, time_us in store.execute("SELECT vtid, type, time_us FROM oasis_events WHERE type LIKE "
                                                     "'autopilot.state.%' ORDER BY seq"):
                lives.setdefault(vtid, {}).setdefault(kind.removeprefix("autopilot.state."), time_us / 1e6)

        def middle(state, following):
            return statistics.median(1000 * (times[following] - times[state]) for times in lives.values())

        return {"tasks": tasks, "slots": slots, "seconds": seconds, "per_second": tasks / seconds,
                "made_per_second": tasks / made, "life_ms": middle("executing", "completed"),
                "execute_ms": middle("executing", "verifying"),
                "verify_ms": middle("verifying", "delivering"), "deliver_ms": middle("delivering", "completed")}
    finally:
        for program in reversed(programs):
            program.terminate()
        for program in reversed(programs):
            program.wait(60)
        shutil.rmtree(root, ignore_errors=True)
