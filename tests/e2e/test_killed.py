"""A gateway that is killed again and again under twenty workers: every run ends, and nothing is taken twice.

Moments come by a seed, VITANA_KILL_SEED, which a failure names: an event of the log, or a request of a worker's that is
about to be heard, is under way, or was done and is not answered yet.
"""

import collections
import contextlib
import dataclasses
import json
import os
import random
import re
import signal
import socket
import threading
import typing

from harness import WAIT_SECONDS, spec_text, wait_until
from test_postgres import OnServer
from test_worker import Elsewhere

SEED = int(os.environ.get("VITANA_KILL_SEED", "1"))
WORKERS = 20
FIRST_TASKS = 20
TASKS_A_KILL = 2

TOLD = ["autopilot.state.executing", "verification.evidence.recorded", "autopilot.state.delivering",
        "vtid.lifecycle.completed"]
# A claim's answer that is lost holds its run until the lease ends: these come first, so that others work meanwhile.
ASKED_FIRST = [("claim", "answered"), ("base.bundle", "asking")]
ASKED = [("result.bundle", "asked"), ("result.bundle", "asking"), ("complete", "asking"), ("complete", "answered"),
         ("heartbeat", "asking")]


@dataclasses.dataclass
class Moment:
    """The `count`th time that something is seen, of what comes after it is armed."""
    what: str
    at: str
    count: int
    strike: typing.Callable[[], None]
    reached: threading.Event = dataclasses.field(default_factory=threading.Event)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def seen(self):
        """Was this one it?"""
        with self.lock:
            self.count -= 1
            if self.count != 0:
                return self.reached.is_set()
            self.strike()
            self.reached.set()
            return True

    def __str__(self):
        return f"{self.what} {self.at}"


class Front:
    """Stands between workers and the gateway, passes on what they say, and sees where the armed moment is in it."""

    def __init__(self, behind):
        self.behind = behind
        self.armed = None
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def is_at(self, asked, at):
        armed = self.armed
        return armed is not None and armed.at == at and asked == armed.what and armed.seen()

    def serve(self, here):
        with here, contextlib.suppress(OSError), socket.create_connection(self.behind) as there:
            asked = [""]
            threading.Thread(target=self.answers, args=(there, here, asked), daemon=True).start()
            while part := here.recv(1 << 16):
                head = re.match(rb"(?:GET|POST|PUT) /api/v1/\S*?/([a-z.]+)[? ]", part)
                asked[0] = head.group(1).decode() if head else asked[0]
                if head and self.is_at(asked[0], "asked"):
                    break
                there.sendall(part)
                if head and self.is_at(asked[0], "asking"):
                    break
            with contextlib.suppress(OSError):
                there.shutdown(socket.SHUT_RDWR)

    def answers(self, there, here, asked):
        with contextlib.suppress(OSError):
            while part := there.recv(1 << 16):
                granted = asked[0] != "claim" or b'"assignments":[{' in part
                if granted and self.is_at(asked[0], "answered"):
                    break
                here.sendall(part)
        with contextlib.suppress(OSError):
            here.shutdown(socket.SHUT_RDWR)


class Killed(Elsewhere):
    mode = "branch"

    def setUp(self):
        super().setUp()
        self.dice = random.Random(SEED)
        self.vtids = []

    def config(self, **options):
        return super().config(**options) + "[caps]\nconcurrent = 0\nruns_per_repo_day = 0\n"

    def moments(self):
        first = [*ASKED_FIRST]
        rest = [*ASKED, *((kind, "told") for kind in TOLD)]
        self.dice.shuffle(first)
        self.dice.shuffle(rest)
        return [*first, *rest]

    def add_tasks(self, count):
        files = {}
        for number in range(len(self.vtids), len(self.vtids) + count):
            vtid = f"VTID-{number + 1:05d}"
            self.vtids.append(vtid)
            files[f"docs/specs/{vtid}-own.md"] = spec_text(
                vtid, check=f"grep -q {vtid} {vtid}.txt", summary=f"The page says its name.\n\ndo: echo {vtid} > {vtid}.txt")
        self.repo.commit(f"{count} more", files)

    def start_workers(self, front):
        token = self.token_for("worker", "--name", "builder")
        direct = self.place["url"]
        self.workers = []
        for number in range(WORKERS):
            self.place = dict(self.place, url=front.url if number % 2 else direct)
            self.workers.append(self.worker(f"w{number:02d}", "--slots", "1", token=token))

    def read_events(self, moment, after):
        """Until the moment is reached, or the gateway has gone for another reason."""
        with contextlib.suppress(OSError):
            for event in self.events(self.stream(last=after)):
                if event["type"] == moment.what and moment.seen():
                    return

    def kill_at(self, engine, front, what, at):
        moment = Moment(what, at, self.dice.randint(1, TASKS_A_KILL), lambda: engine.signal(signal.SIGKILL))
        if at == "told":
            last = self.query("SELECT max(seq) AS n FROM oasis_events")[0]["n"]
            threading.Thread(target=self.read_events, args=(moment, last), daemon=True).start()
        else:
            front.armed = moment
        self.add_tasks(TASKS_A_KILL)

        def reached():
            if not moment.reached.is_set() and not self.to_come(moment):
                self.add_tasks(TASKS_A_KILL)
            return moment.reached.wait(0.2)

        wait_until(lambda: f"seed {SEED}: {moment}\n{engine.said()[-4000:]}", reached)
        front.armed = None
        self.assertEqual(engine.end(), -signal.SIGKILL)
        print(f"killed: {moment}, with {len(self.unfinished())} of {len(self.vtids)} tasks under way", flush=True)

    def to_come(self, moment):
        """Tasks that have not passed what the moment speaks of."""
        if moment.at == "told" and moment.what != "autopilot.state.executing":
            return self.unfinished()
        rows = self.query("SELECT vtid FROM autopilot_runs WHERE state NOT IN ('allocated', 'pending_pickup', 'executing')")
        return set(self.vtids) - {row["vtid"] for row in rows}

    def unfinished(self):
        rows = self.query("SELECT vtid FROM vtid_ledger WHERE status = 'completed'")
        return set(self.vtids) - {row["vtid"] for row in rows}

    def campaign(self):
        engine = self.serve_alone()
        listen = self.place["url"].removeprefix("http://")
        front = Front((self.address.hostname, self.address.port))
        self.addCleanup(front.close)
        self.start_workers(front)
        self.add_tasks(FIRST_TASKS)
        for what, at in self.moments():
            self.kill_at(engine, front, what, at)
            engine = self.serve("--slots", "0", listen=listen)
        wait_until(lambda: f"completed: {[(vtid, self.status(vtid), self.run_state(vtid)) for vtid in self.unfinished()]}\n"
                   + engine.said()[-4000:], lambda: not self.unfinished(), 2 * WAIT_SECONDS)
        self.look_at_the_log()
        self.look_at_the_repository()
        self.look_at_the_workers()
        for worker in self.workers:
            worker.signal(signal.SIGTERM)
        self.assertEqual([worker.end() for worker in self.workers], [0] * WORKERS)
        self.assertEqual(engine.stop(), 0, engine.said())
        self.assertHealthy()
        self.assertEqual(self.workspaces(), [])
        self.look_at_what_workers_left()
        self.assertNoProcess()

    def look_at_the_log(self):
        runs = self.query("SELECT vtid, attempt, state, lease_fence FROM autopilot_runs")
        self.assertEqual(sorted((run["vtid"], run["state"]) for run in runs),
                         [(vtid, "completed") for vtid in self.vtids], "one run each")
        self.assertFalse([run for run in runs if run["lease_fence"]], "nothing is held")
        told = collections.defaultdict(list)
        for event in self.query("SELECT vtid, type, data FROM oasis_events WHERE vtid IS NOT NULL ORDER BY seq"):
            told[event["vtid"]].append((event["type"], json.loads(event["data"])))
        for vtid in self.vtids:
            kinds = collections.Counter(kind for kind, _ in told[vtid])
            once = {kind: kinds[kind] for kind in ("autopilot.state.allocated", "autopilot.state.verifying", "delivery.settled",
                                                   "autopilot.state.delivering", "autopilot.state.completed",
                                                   "vtid.lifecycle.completed")}
            self.assertEqual(set(once.values()), {1}, (vtid, once))
            self.assertEqual([kind for kind in kinds if kind in ("autopilot.state.failed", "autopilot.state.cancelled")], [])
            fences = [data["fence"] for kind, data in told[vtid] if kind == "worker.lease.granted"]
            self.assertEqual(fences, sorted(set(fences)), "a token is granted once")

    def look_at_the_repository(self):
        branches = [branch for branch in self.repo.branches() if branch != "main"]
        self.assertEqual(len(branches), len(self.vtids), branches)
        for vtid in self.vtids:
            branch, = [one for one in branches if one.startswith(f"vtid/{vtid.removeprefix('VTID-')}-")]
            self.assertEqual(self.repo.count(f"main..{branch}"), 1, branch)
            self.assertEqual(self.repo.trailers("VTID", f"main..{branch}"), [vtid])
            self.assertEqual(self.repo.show(f"{vtid}.txt", branch), vtid)

    def look_at_the_workers(self):
        self.assertEqual([worker.pid for worker in self.workers if not worker.alive()], [])
        listed = self.call("GET", "/api/v1/workers")[1]["workers"]
        self.assertEqual(len(listed), WORKERS)
        self.assertEqual([one["holds"] for one in listed], [[]] * WORKERS)

    def look_at_what_workers_left(self):
        """Nothing, but for a look: where a step was not taken, because its token held no more."""
        self.assertEqual(sorted(self.root.glob("data-*/logs/*")), [])
        taken = {}
        for event in self.query("SELECT run, type, data FROM oasis_events ORDER BY seq"):
            data = json.loads(event["data"])
            if event["type"] in ("autopilot.state.executing", "worker.lease.granted") and data.get("step") == "execute":
                taken[event["run"]] = data["fence"]
        left = [path.name.rsplit("-f", 1) for path in self.root.glob("data-*/workspaces/*")]
        self.assertEqual([(run, fence) for run, fence in left if int(fence) >= taken[run]], [], (left, taken))


class OnAFile(Killed):
    def test_every_run_ends_and_none_is_taken_twice(self):
        self.campaign()


class OnADatabase(Killed, OnServer):
    def test_every_run_ends_and_none_is_taken_twice(self):
        self.campaign()

    def processes(self):
        """Without the server's own."""
        mine = super().processes()
        return {pid: line for pid, line in mine.items() if "postgres" not in line}
