#!/usr/bin/env python3
"""What a run costs beside its agent: real binary, real git, real sandbox, an agent that is done at once.

  run_bench.py VITANA [--runs N] [--mode branch|merge]

Specs are committed one after the other; each is awaited. The log of events says where the time went.
"""
import argparse
import json
import os
import pathlib
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

CONFIG = """
[[repos]]
name = "shop"
path = "."
branch = "main"
specs = ["docs/specs/**/*.md"]
adopt = "all"
scan_seconds = 1

[agents.instant]
kind = "command"
command = ["/bin/sh", "-e", "-c", "cat > /dev/null; echo \\"$VITANA_VTID\\" > \\"done-$VITANA_VTID.txt\\""]

[worker]
agent = "instant"
slots = 2
sandbox = "prefer"

[delivery]
mode = "{mode}"

[caps]
runs_per_repo_day = 0
"""

SPEC = """# {vtid}: Leave a note

## Summary

A file with the number of the task shall be there afterwards.

## Problem

There is none.

## Acceptance Criteria

- The file is there

  ```check
  grep -q {vtid} done-{vtid}.txt
  ```
"""

PHASES = ["scan", "allocate", "claim execute", "execute", "claim verify", "verify", "claim deliver", "deliver"]


def git(folder, environment, *words):
    subprocess.run(["git", *words], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def times_of(database, vtid):
    """Event (type, or type and step of a grant) -> the first time of it, in seconds."""
    times = {}
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
        try:
            rows = store.execute("SELECT type, data, time_us FROM oasis_events WHERE vtid = ? ORDER BY seq", (vtid,))
        except sqlite3.OperationalError:
            return times  # it is being made
        for kind, data, time_us in rows:
            if kind == "worker.lease.granted":
                kind += " " + json.loads(data).get("step", "?")
            times.setdefault(kind, time_us / 1e6)
    return times


def phases_of(times, committed):
    at = [committed, times["vtid.spec.registered"], times["autopilot.state.allocated"],
          times["autopilot.state.executing"], times["autopilot.state.verifying"],
          times["worker.lease.granted verify"], times["autopilot.state.delivering"],
          times["worker.lease.granted deliver"], times["vtid.lifecycle.completed"]]
    return dict(zip(PHASES, [later - earlier for earlier, later in zip(at, at[1:])]))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("vitana", type=pathlib.Path)
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--mode", default="branch", choices=["branch", "merge"])
    options = options.parse_args()
    binary = options.vitana.absolute()

    root = pathlib.Path(tempfile.mkdtemp(prefix="vitana-bench."))
    engine = None
    try:
        shop = root / "shop"
        (shop / "docs/specs").mkdir(parents=True)
        (root / "home").mkdir()
        environment = {"PATH": os.environ["PATH"], "HOME": str(root / "home"), "XDG_CACHE_HOME": str(root / "cache"),
                       "GIT_CONFIG_NOSYSTEM": "1"}
        git(shop, environment, "init", "-q", "-b", "main")
        git(shop, environment, "config", "user.name", "Ada")
        git(shop, environment, "config", "user.email", "ada@example.org")
        (shop / "vitana.toml").write_text(CONFIG.format(mode=options.mode))
        (shop / ".gitignore").write_text(".vitana/\n")
        git(shop, environment, "add", "-A")
        git(shop, environment, "commit", "-q", "-m", "begin")
        with open(root / "log", "wb") as log:
            engine = subprocess.Popen([binary, "autopilot"], cwd=shop, env=environment, stdout=log, stderr=log)
        database = shop / ".vitana/vitana.db"

        found = []
        for number in range(1, options.runs + 2):
            vtid = f"VTID-{number:05d}"
            (shop / f"docs/specs/{vtid}-note.md").write_text(SPEC.format(vtid=vtid))
            git(shop, environment, "add", "docs")
            git(shop, environment, "commit", "-q", "-m", f"spec {vtid}")
            committed = time.time()
            until = time.monotonic() + 120
            while True:
                times = times_of(database, vtid) if database.exists() else {}
                if "vtid.lifecycle.completed" in times:
                    break
                if time.monotonic() > until or engine.poll() is not None:
                    sys.exit(f"{vtid} was not completed; it has {sorted(times)}\n{(root / 'log').read_text()}")
                time.sleep(0.02)
            if number > 1:  # the first one waits for the engine's start
                found.append(phases_of(times, committed))
    finally:
        if engine is not None:
            engine.terminate()
            engine.wait(60)
        shutil.rmtree(root, ignore_errors=True)

    print(f"{len(found)} runs, delivery = {options.mode}, medians in ms:")
    for phase in PHASES:
        print(f"  {phase:15} {1000 * statistics.median(one[phase] for one in found):8.1f}")
    print(f"  {'all':15} {1000 * statistics.median(sum(one.values()) for one in found):8.1f}")
    rest = statistics.median(sum(one.values()) - one["scan"] for one in found)
    print(f"  {'without scan':15} {1000 * rest:8.1f}")


if __name__ == "__main__":
    main()
