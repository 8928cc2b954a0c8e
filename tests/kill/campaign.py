#!/usr/bin/env python3
"""Kills the engine at moments chosen by a seed and looks what became of the work.

  campaign.py BINARY [BINARY...] --kills N [--seed S] [--tasks 50] [--die-at LIBRARY] [--cover]
              [--expect-damage]

A repository with one branch, merge delivery, one spec a task, an agent that writes one file. Of ten
tasks one never does what its criterion asks, and two wait for another. `autopilot` (of one of the
binaries) is started and killed with SIGKILL, again and again, N times in all; whenever all tasks have
ended, as many new ones are committed. The moment of a kill is, by the seed,

  a time;  or when a state of a run, or a pending effect of a kind, is seen in the store;
  or when the branch has just moved, which the store does not know yet;
  or, with --die-at, within a write to the database's log or before a wait for the disk.

At the end it runs until it is idle, and then holds:

  every task has ended, as completed, or failed by its criterion where it must; a person was told of
  each that failed; the branch carries exactly one delivery for each that completed and none of
  another; no process of a dead run is left; `vitana audit` is clean.

The moments that came, and the states and effects that were open at each kill, are counted and printed.
--cover: each of them has to have been hit. (`allocated` never rests: it is written in one commit with the state behind it. What
dies there dies within the write.) Exit 0: all held (with --expect-damage: something did not hold, as it
must with the mutant).
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
parser.add_argument("binaries", nargs="+")
parser.add_argument("--kills", type=int, default=300)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--tasks", type=int, default=50)
parser.add_argument("--expect-damage", action="store_true")
parser.add_argument("--die-at", default="", help="the library that kills from within")
parser.add_argument("--cover", action="store_true", help="every state and effect has to be hit")
parser.add_argument("--keep", action="store_true", help="leave the folder for a look")
parser.add_argument("--longest", type=float, default=1.6, help="seconds that an engine may live")
options = parser.parse_args()

binaries = [str(pathlib.Path(binary).resolve()) for binary in options.binaries]
die_at = str(pathlib.Path(options.die_at).resolve()) if options.die_at else ""
dice = random.Random(options.seed)
place = pathlib.Path(tempfile.mkdtemp(prefix="vitana-kill."))
repo = place / "repo"
environment = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"), HOME=str(place))

# What rests in the store between two commits. `dispatching` and the effect `dispatch` need a binary
# that has a worker's address.
STATES = ["dispatching", "pending_pickup", "executing", "verifying", "delivering"]
EFFECTS = ["dispatch", "push", "notify", "resolve_dependents"]
MOMENTS = ["time", "seen", "moved"] + (["write", "sync"] if die_at else [])

CONFIG = f"""
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
[notify]
command = ["{place}/tell.sh"]
"""

AGENT = """#!/bin/sh
cat > /dev/null
mkdir -p out
case "$VITANA_VTID" in
  *0) echo "$VITANA_ATTEMPT" > out/another ;;
  *) echo "$VITANA_VTID" > "out/$VITANA_VTID" ;;
esac
sleep 0.05
"""

TELL = f"""#!/bin/sh
sleep 0.05
cat >> {place}/told
echo >> {place}/told
"""


def has_to_fail(vtid):
    return vtid.endswith("0")


def waits_for(number):
    """Nothing, or the number of a task of the same batch that will be completed."""
    return number - 1 if number % 5 == 3 else None


def git(*arguments):
    return subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True,
                          text=True, env=environment).stdout


def vitana(*arguments, deadline=120):
    return subprocess.run([binaries[0], *arguments], cwd=repo, env=environment, capture_output=True,
                          text=True, timeout=deadline)


def commit_specs(first):
    for number in range(first, first + options.tasks):
        vtid = f"VTID-{number:05}"
        path = repo / "docs" / "specs" / f"{vtid}-file.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        before = waits_for(number)
        needs = f"## Dependencies\n\n- VTID-{before:05}\n" if before and before >= first else ""
        path.write_text(f"# {vtid}: One file\n\n## Summary\n\nWrite the file out/{vtid} with the id.\n\n"
                        f"## Problem\n\nIt is not there.\n\n## Acceptance Criteria\n\n- It is there\n\n"
                        f"  ```check\n  test -s out/{vtid}\n  ```\n\n{needs}")
    git("add", "docs")
    git("commit", "-qm", f"specs from {first}")


def query(sql):
    try:
        with sqlite3.connect(f"file:{repo}/.vitana/vitana.db?mode=ro", uri=True, timeout=10) as db:
            return db.execute(sql).fetchall()
    except sqlite3.Error:
        return []


def tip():
    """The branch's commit as its file says it: read often, so without a process of git's."""
    try:
        return (repo / ".git" / "refs" / "heads" / "main").read_text()
    except OSError:
        return ""


def open_now():
    return (query("SELECT DISTINCT state FROM autopilot_runs WHERE ended_at IS NULL"),
            query("SELECT DISTINCT kind FROM outbox WHERE state = 'pending'"))


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
    told = (place / "told").read_text() if (place / "told").exists() else ""
    trailers = collections.Counter(re.findall(r"^VTID: (VTID-\d+)$", git("log", "--format=%B", "main"), re.M))
    for vtid, status, code in rows:
        wanted = ("failed", "VERIFICATION_FAILED") if has_to_fail(vtid) else ("completed", None)
        if (status, code or None) != wanted:
            broken.append(f"{vtid} is {status} {code or ''}")
        if trailers[vtid] != (0 if has_to_fail(vtid) else 1):
            broken.append(f"{vtid} was delivered {trailers[vtid]} times")
        if has_to_fail(vtid) and vtid not in told:
            broken.append(f"nobody was told of {vtid}")
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


class Moment:
    """When the engine dies: chosen before it starts."""

    def __init__(self):
        self.seconds = dice.uniform(0.02, options.longest)
        self.kind = dice.choice(["time", "time", "seen", "moved", "within" if die_at else "seen"])
        self.seen = dice.choice(STATES + EFFECTS)
        self.within = dice.choice([f"write:{dice.randint(1, 600)}", f"sync:{dice.randint(1, 60)}"])
        self.binary = dice.choice(binaries)

    def environment(self):
        if self.kind != "within":
            return environment
        return dict(environment, LD_PRELOAD=die_at, VITANA_DIE_AT=self.within)

    def wait(self, engine):
        """Which moment came: the chosen one, or the end of the engine's life before it."""
        waits = {"time": 0, "seen": 2 * options.longest, "moved": 2 * options.longest, "within": options.longest}
        until = time.monotonic() + self.seconds + waits[self.kind]
        before = tip()
        while time.monotonic() < until and engine.poll() is None:
            if self.kind == "seen" and (self.seen,) in sum(open_now(), []):
                return "seen"
            if self.kind == "moved" and tip() != before:
                return "moved"
            time.sleep(0.001 if self.kind in ("seen", "moved") else 0.01)
        if engine.poll() == -signal.SIGKILL:
            return self.within.split(":")[0]
        return "time"


def kill_once(wait_for_progress):
    """Starts an engine and lets it die; the moment at which it did."""
    moment = Moment()
    engine = subprocess.Popen([moment.binary, "autopilot"], cwd=repo, env=moment.environment(),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if wait_for_progress:
        # Twenty engine deaths without any progress rightly quarantine a task: on a slow machine
        # an engine now and then lives until some task went on.
        seen = progress()
        until = time.monotonic() + 60
        while progress() == seen and time.monotonic() < until and engine.poll() is None:
            time.sleep(0.02)
    came = moment.wait(engine)
    engine.kill()
    engine.wait()
    return came


def main():
    repo.mkdir(parents=True)
    for path, text in {repo / "vitana.toml": CONFIG, repo / "agent.sh": AGENT, place / "tell.sh": TELL}.items():
        path.write_text(text)
        path.chmod(0o755)
    git("init", "-q", "-b", "main")
    git("config", "user.name", "Kill Campaign")
    git("config", "user.email", "kill@example.org")
    git("add", "-A")
    git("commit", "-qm", "a repository")
    commit_specs(1)
    made = options.tasks
    moments = collections.Counter()
    states = collections.Counter()
    effects = collections.Counter()
    for kill in range(options.kills):
        moments[kill_once(wait_for_progress=kill % 8 == 7)] += 1
        open_states, open_effects = open_now()
        states.update(state for (state,) in open_states)
        effects.update(kind for (kind,) in open_effects)
        open_tasks = query("SELECT count(*) FROM vtid_ledger WHERE status NOT IN ('completed','failed')")
        known = query("SELECT count(*) FROM vtid_ledger")
        if open_tasks and known and open_tasks[0][0] == 0 and known[0][0] == made:
            commit_specs(made + 1)
            made += options.tasks
    end = vitana("autopilot", "--until-idle", deadline=900)
    broken = failures()
    if end.returncode != 0:
        broken.append(f"the last run ended with {end.returncode}: {end.stderr[-2000:]}")
    if options.cover:
        broken += [f"no kill when {name}" for name in MOMENTS if not moments[name]]
        broken += [f"{name} was never hit" for name in STATES if not states[name]]
        broken += [f"the effect {name} was never hit" for name in EFFECTS if not effects[name]]
    print(f"seed {options.seed}: {options.kills} kills, {made} tasks")
    print("moments:", dict(moments))
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
