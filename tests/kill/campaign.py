#!/usr/bin/env python3
"""Kills the engine at moments chosen by a seed and looks what became of the work.

  campaign.py BINARY --kills N [--seed S] [--tasks 50] [--expect-damage]

A repository with a bare remote's honesty: one branch, merge delivery, one spec a task, an agent that
writes one file. `vitana autopilot` is started and killed with SIGKILL after a random time, again and
again, N times in all; whenever all tasks have ended, as many new ones are committed. At the end it runs
until it is idle, and then holds:

  every task has ended as completed; the branch carries exactly one delivery for each;
  no process of a dead run is left; `vitana audit` is clean.

The states and effects that were open at each kill are counted and printed. Exit 0: all held (with
--expect-damage: something did not hold, as it must with the mutant).
"""
import argparse
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

parser = argparse.ArgumentParser()
parser.add_argument("binary")
parser.add_argument("--kills", type=int, default=300)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--tasks", type=int, default=50)
parser.add_argument("--expect-damage", action="store_true")
parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
parser.add_argument("--longest", type=float, default=1.6, help="seconds that an engine may live")
options = parser.parse_args()

binary = str(pathlib.Path(options.binary).resolve())
dice = random.Random(options.seed)
place = pathlib.Path(tempfile.mkdtemp(prefix="vitana-kill."))
repo = place / "repo"
environment = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"), HOME=str(place))

CONFIG = """
[[repos]]
name = "kill"
path = "."
branch = "main"
scan_seconds = 1
adopt = "all"
[agents.writer]
command = ["./agent.sh"]
timeout = "60s"
[worker]
agent = "writer"
slots = 4
sandbox = "prefer"
[verify]
slots = 4
[caps]
concurrent = 4
runs_per_repo_day = 0
[delivery]
mode = "merge"
[retry]
delay = "1s"
"""

AGENT = """#!/bin/sh
cat > /dev/null
mkdir -p out
echo "$VITANA_VTID" > "out/$VITANA_VTID"
sleep 0.05
"""


def git(*arguments):
    return subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True,
                          text=True, env=environment).stdout


def vitana(*arguments, deadline=120):
    return subprocess.run([binary, *arguments], cwd=repo, env=environment, capture_output=True,
                          text=True, timeout=deadline)


def commit_specs(first):
    for number in range(first, first + options.tasks):
        vtid = f"VTID-{number:05}"
        path = repo / "docs" / "specs" / f"{vtid}-file.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {vtid}: One file\n\n## Summary\n\nWrite the file out/{vtid} with the id.\n\n"
                        f"## Problem\n\nIt is not there.\n\n## Acceptance Criteria\n\n- It is there\n\n"
                        f"  ```check\n  test -s out/{vtid}\n  ```\n")
    git("add", "docs")
    git("commit", "-qm", f"specs from {first}")


def query(sql):
    try:
        with sqlite3.connect(f"file:{repo}/.vitana/vitana.db?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def progress():
    return query("SELECT count(*) FROM oasis_events WHERE type IN "
                 "('autopilot.state.verifying', 'autopilot.state.delivering', 'autopilot.state.completed')")


def ours():
    """Processes whose command line speaks of this campaign's folder."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(place) in words or where.startswith(str(place)):
            found.append((int(entry.name), words.strip()))
    return found


def failures():
    broken = []
    rows = query("SELECT vtid, status, error_code FROM vtid_ledger")
    for vtid, status, code in rows:
        if status != "completed":
            broken.append(f"{vtid} is {status} {code or ''}")
    trailers = collections.Counter(re.findall(r"^VTID: (VTID-\d+)$", git("log", "--format=%B", "main"), re.M))
    for vtid, _, _ in rows:
        if trailers[vtid] != 1:
            broken.append(f"{vtid} was delivered {trailers[vtid]} times")
    # The supervisors of killed engines have two seconds to end their trees.
    until = time.monotonic() + 5
    while ours() and time.monotonic() < until:
        time.sleep(0.1)
    broken += [f"process {pid} is left: {words}" for pid, words in ours()]
    audit = vitana("audit")
    if audit.returncode != 0:
        broken.append(f"audit: {audit.stdout}{audit.stderr}")
    if not rows:
        broken.append("no task was made")
    return broken


def main():
    repo.mkdir(parents=True)
    (repo / "vitana.toml").write_text(CONFIG)
    (repo / "agent.sh").write_text(AGENT)
    (repo / "agent.sh").chmod(0o755)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "Kill Campaign")
    git("config", "user.email", "kill@example.org")
    git("add", "-A")
    git("commit", "-qm", "a repository")
    commit_specs(1)
    made = options.tasks
    states = collections.Counter()
    effects = collections.Counter()
    for kill in range(options.kills):
        engine = subprocess.Popen([binary, "autopilot"], cwd=repo, env=environment,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if kill % 8 == 7:
            # Twenty engine deaths without any progress rightly quarantine a task: on a slow machine
            # an engine now and then lives until some task went on.
            seen = progress()
            until = time.monotonic() + 60
            while progress() == seen and time.monotonic() < until and engine.poll() is None:
                time.sleep(0.02)
        try:
            engine.wait(timeout=dice.uniform(0.02, options.longest))
        except subprocess.TimeoutExpired:
            pass
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        for (state,) in query("SELECT DISTINCT state FROM autopilot_runs WHERE ended_at IS NULL"):
            states[state] += 1
        for (kind,) in query("SELECT DISTINCT kind FROM outbox WHERE state = 'pending'"):
            effects[kind] += 1
        open_tasks = query("SELECT count(*) FROM vtid_ledger WHERE status NOT IN ('completed','failed')")
        known = query("SELECT count(*) FROM vtid_ledger")
        if open_tasks and known and open_tasks[0][0] == 0 and known[0][0] == made:
            commit_specs(made + 1)
            made += options.tasks
    end = vitana("autopilot", "--until-idle", deadline=900)
    broken = failures()
    if end.returncode != 0:
        broken.append(f"the last run ended with {end.returncode}: {end.stderr[-2000:]}")
    print(f"seed {options.seed}: {options.kills} kills, {made} tasks")
    print("open at the kills:", dict(states), "effects:", dict(effects))
    for line in broken[:20]:
        print("  ", line)
    print(f"{len(broken)} broken")
    return broken


result = 1
try:
    found = main()
    result = 0 if bool(found) == options.expect_damage else 1
finally:
    if options.keep:
        print(place)
    else:
        shutil.rmtree(place, ignore_errors=True)
sys.exit(result)
