#!/usr/bin/env python3
"""What the gateway does under load. docs/performance.md says what each figure is.

  gateway_bench.py BUILD [--only a,b,c,d,e,f] [--past 1000,1000000] [--seconds N] [--smoke] [--json FILE]

BUILD is the folder of vitana, gateway_server, load_driver. The parts:

  a  reads beside a past: a task, a page of the list, a page of the log, /healthz (wrk)
  b  claims that wait: grants a second, and from claimable to granted
  c  from the call that makes a task to the worker's hand, on an idle server
  d  readers of live events: memory of each, delay from commit to receipt
  e  tasks made and worked off, on SQLite and on PostgreSQL
  f  the same with nothing left out: `vitana serve`, `vitana worker`, git

The stores of part a are made where they are missing in --keep FOLDER; without it in a folder that goes.
"""
import argparse
import bisect
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/support"))
import postgres_server  # noqa: E402

PARTS = "abcdef"
# Every commit waits for the disk: what tests switch off is on.
DURABLE = {
    "listen_addresses": "",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "128MB",
    "max_connections": "100",
    "logging_collector": "off",
}


class Server:
    """gateway_server on a database, as long as the block that it is entered by."""

    def __init__(self, bench, database, verify_slots=2):
        self.bench = bench
        self.database = str(database)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=bench.folder))
        self.verify_slots = verify_slots

    def __enter__(self):
        self.process = subprocess.Popen(
            [self.bench.build / "gateway_server", self.database, self.folder / "data", "--verify-slots",
             str(self.verify_slots)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit("gateway_server does not start")
        place = json.loads(line)
        self.url, self.token, self.pid = place["url"], place["token"], place["pid"]
        address = urllib.parse.urlsplit(self.url)
        self.connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
        return self

    def __exit__(self, *_):
        self.connection.close()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def figures(self):
        return self.tell("figures")

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}"}
        if body is not None:
            body = json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        text = answer.read()
        # The next call may come after the server has ended a connection that asks nothing.
        self.connection.close()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def switch(self, on):
        self.call("PUT", "/api/v1/controls/execution", {"on": on, "reason": "measured"})

    def warm(self):
        """One whole life: until an agent has worked, three of its runs at most are under way at a time."""
        self.drive("create", count=1, first=4_000_000_000, connections=1)
        self.drive("work", count=1, slots=1)
        self.await_completed(1)
        return self

    def completed(self):
        return self.call("GET", "/api/v1/pipeline/summary")["tasks"]["completed"]

    def await_completed(self, count):
        until = time.monotonic() + 600
        while (done := self.completed()) < count:
            if time.monotonic() > until:
                sys.exit(f"only {done} of {count} tasks were completed")
            time.sleep(0.02)

    def drive(self, mode, **options):
        with self.driver(mode, **options) as driver:
            return json.loads(driver.stdout.readline() or "{}")

    @contextlib.contextmanager
    def driver(self, mode, **options):
        words = [self.bench.build / "load_driver", mode, "--url", self.url, "--token", self.token]
        for name, value in options.items():
            words += [f"--{name}", str(value)]
        driver = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield driver
        finally:
            driver.stdin.close()
            driver.stdout.close()
            if driver.wait(120) != 0:
                sys.exit(f"load_driver {mode} has failed")


def wrk(server, path, seconds, connections=16, script=None, environment=None):
    """Requests a second, and the milliseconds within which a half and 99 of 100 are answered."""
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency",
             "-H", f"Authorization: Bearer {server.token}"]
    if script:
        words += ["-s", str(HERE / script)]
    done = subprocess.run([*words, server.url + path], env={**os.environ, **(environment or {})}, check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        sys.exit(f"wrk {path}:\n{done}")

    def milliseconds(share):
        value, unit = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s)$", done, re.M).groups()
        return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return {"per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", done)[1]), "p50": milliseconds(50),
            "p99": milliseconds(99)}


def percentiles(values):
    """Of milliseconds."""
    ordered = sorted(values)
    at = lambda share: ordered[max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1)]  # noqa: E731
    return {"p50": at(0.5), "p99": at(0.99), "max": ordered[-1]}


def latency(one):
    return f"p50 {one['p50']:8.2f}  p99 {one['p99']:8.2f}  max {one['max']:8.2f} ms"


class Bench:
    def __init__(self, options, folder):
        self.build = options.build.resolve()
        self.folder = folder
        self.smoke = options.smoke
        self.seconds = 1 if options.smoke else options.seconds
        self.pasts = options.past
        self.kept = options.keep or folder
        self.found = {}

    def size(self, full, smoke):
        return smoke if self.smoke else full

    def database(self, name):
        return self.folder / f"{name}.db"

    # a

    def past(self, tasks):
        """A store with so many finished tasks. Serving it adds a token to it, and little else."""
        made = self.kept / f"past-{tasks}.db"
        if not made.exists():
            begin = time.monotonic()
            being_made = made.with_suffix(".new")
            subprocess.run([self.build / "gateway_server", "--make-past", being_made, str(tasks)], check=True)
            being_made.rename(made)
            seconds = time.monotonic() - begin
            print(f"  {tasks} finished tasks, {made.stat().st_size / 1e6:.0f} MB, made in {seconds:.0f} s")
        return made

    def reads(self):
        found = {}
        for tasks in self.pasts:
            made = self.past(tasks)
            with Server(self, made) as server:
                newest = server.call("GET", "/api/v1/tasks?limit=1")["tasks"][0]["vtid"]
                middle = f"VTID-{max(1, tasks // 2):05}"
                events = server.figures()["sequence"]
                questions = {
                    "/healthz": {},
                    "a task": {"path": "/api/v1/tasks/VTID-00001", "script": "any_task.lua",
                               "environment": {"TASKS": str(tasks)}},
                    "list, 50, newest": {"path": "/api/v1/tasks"},
                    "list, 50, from the middle": {"path": f"/api/v1/tasks?cursor={middle}"},
                    "list, 50, completed": {"path": "/api/v1/tasks?status=completed"},
                    "log, 50, from the middle": {"path": f"/api/v1/events?after={events // 2}"},
                    "log of a task": {"path": f"/api/v1/tasks/{newest}/events"},
                }
                for name, how in questions.items():
                    how = {"path": name, **how}
                    # What was not read yet is read once: the pages that matter are in memory.
                    if not self.smoke:
                        wrk(server, seconds=1, **how)
                    found.setdefault(name, {})[tasks] = wrk(server, seconds=self.seconds, **how)
        for name, by_past in found.items():
            for tasks, one in by_past.items():
                print(f"  {name:26} {tasks:9} tasks {one['per_second']:9.0f}/s  p50 {one['p50']:7.2f}  "
                      f"p99 {one['p99']:7.2f} ms")
            few, many = min(by_past), max(by_past)
            if few != many:
                ratio = by_past[few]["per_second"] / by_past[many]["per_second"]
                print(f"  {name:26}     ratio {ratio:15.2f}")
        return found

    # b

    def claims(self):
        found = {}
        for waiting in (1, 10, 100):
            with Server(self, self.database(f"claims-{waiting}")) as server:
                count = self.size(500 if waiting == 1 else 2000, 100)
                server.warm().switch(False)
                server.drive("create", count=count, batch=100, connections=2)
                at_once = self.grants(server, waiting, count)
            with Server(self, self.database(f"trickle-{waiting}")) as server:
                server.warm()
                by_and_by = self.grants(server, waiting, self.size(500, 20), rate=50)
            found[waiting] = {"all at once": at_once, "50 a second": by_and_by}
            for name, row in found[waiting].items():
                print(f"  {waiting:4} waiting, {name:12} {row['per_second']:8.0f} grants/s; a grant: "
                      f"{row['units']:5.2f} units of work, {row['processor_ms']:6.2f} ms of the server's processor;\n"
                      f"       from claimable to granted {latency(row['latency'])}")
        return found

    def grants(self, server, waiting, count, **options):
        """What the driver says, and from the commit by which each task became claimable to its worker's hand."""
        out = self.folder / "grants"
        before = server.figures()
        said = server.drive("claims", waiting=waiting, count=count, out=out, **options)
        after = server.figures()
        committed = server.tell("committed", before["sequence"], "autopilot.state.pending_pickup")
        claimable = {vtid: us for _, vtid, us in committed}
        # Nobody renews: where it takes as long as a lease holds, some are granted twice.
        if server.tell("committed", before["sequence"], "worker.lease.lost"):
            sys.exit("leases ran out before all was granted: the machine is too busy to measure on")
        granted = (line.split() for line in out.read_text().splitlines())
        return {**said, "latency": percentiles((int(us) - claimable[vtid]) / 1000 for vtid, us in granted),
                "units": (after["units"] - before["units"]) / count,
                "processor_ms": 1000 * (after["processor_seconds"] - before["processor_seconds"]) / count}

    # c

    def start(self):
        with Server(self, self.database("start")) as server:
            server.warm()
            said = server.drive("start", count=self.size(300, 5))
        print(f"  call answered        {latency(said['created'])}")
        print(f"  in the worker's hand {latency(said['started'])}")
        return said

    # d

    def streams(self):
        readers = self.size(1000, 50)
        out = self.folder / "receipts"
        with Server(self, self.database("streams")) as server:
            server.switch(False)
            server.drive("create", count=100, batch=100, connections=1)
            resident = {}
            begin = server.figures()["sequence"]
            with server.driver("streams", readers=readers, singles=self.size(100, 3), burst=100, out=out) as driver:
                while "stage" in (said := json.loads(driver.stdout.readline())):
                    resident[said["stage"]] = server.figures()["resident_bytes"]
                    driver.stdin.write("\n")
                    driver.stdin.flush()
            committed = {seq: us for seq, _, us in server.tell("committed", begin, "*")}
        single, burst = [], []
        for line in out.read_text().splitlines():
            seq, us = map(int, line.split())
            (burst if seq > said["burst_after"] else single).append((us - committed[seq]) / 1000)
        found = {"readers": readers,
                 "kb_each": (resident["connected"] - resident["ready"]) / readers / 1000,
                 "kb_each_after": (resident["done"] - resident["ready"]) / readers / 1000,
                 "single": percentiles(single), "burst": percentiles(burst), "burst_events": len(burst) // readers}
        print(f"  {readers} readers: {found['kb_each']:.1f} kB each, {found['kb_each_after']:.1f} kB after the burst")
        print(f"  one event    from commit to receipt {latency(found['single'])}")
        print(f"  {found['burst_events']} at once  from commit to receipt {latency(found['burst'])}")
        return found

    # e

    def burn_down(self):
        found = {"SQLite": self.burn("SQLite", self.database("burn"))}
        if postgres_server.programs() is None:
            print("  PostgreSQL is left out: there is no server to measure with, install postgresql-15")
            return found
        with postgres_server.Server(settings=DURABLE, parent=tempfile.gettempdir()) as postgres:
            found["PostgreSQL"] = self.burn("PostgreSQL", postgres.address())
        return found

    def burn(self, name, database):
        single, batched, whole = self.size(10_000, 50), self.size(10_000, 100), self.size(5_000, 50)
        found = {}

        def measured(what, tasks, work):
            before, begin = server.figures(), time.monotonic()
            said = work()
            seconds, after = time.monotonic() - begin, server.figures()
            row = {"tasks": tasks, "seconds": seconds, "per_second": tasks / seconds, "said": said}
            for figure in ("commits", "disk_waits"):
                row[figure] = (after[figure] - before[figure]) / tasks
            row["processor_ms"] = 1000 * (after["processor_seconds"] - before["processor_seconds"]) / tasks
            found[what] = row
            print(f"  {name:10} {what:26} {row['per_second']:8.0f} tasks/s; a task: {row['commits']:5.2f} commits, "
                  f"{row['disk_waits']:5.2f} waits for the disk, {row['processor_ms']:5.2f} ms of the server's "
                  "processor")
            if "latency" in said:
                print(f"  {name:10} {'':26} a call {latency(said['latency'])}")
            return said

        with Server(self, database, verify_slots=8) as server:
            found["durability"] = durability = server.tell("durability")
            wanted = {"sqlite": {"synchronous": "2", "journal_mode": "wal"},
                      "postgres": {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}}
            kind = "sqlite" if "synchronous" in durability else "postgres"
            if any(durability[key] != value for key, value in wanted[kind].items()):
                sys.exit(f"a commit may be lost: {durability}")
            print(f"  {name:10} says: " + ", ".join(f"{key} {value}" for key, value in durability.items()))
            server.warm().switch(False)
            measured("made one by one, 16 at once", single,
                     lambda: server.drive("create", count=single, connections=16))
            measured("made by hundreds, 4 at once", batched,
                     lambda: server.drive("create", count=batched, batch=100, first=single + 1, connections=4))

            def process():
                with server.driver("work", count=single + batched, slots=16) as driver:
                    server.switch(True)
                    said = json.loads(driver.stdout.readline() or "{}")
                server.await_completed(1 + single + batched)
                return said

            measured("worked off, 16 slots", single + batched, process)

            def live():
                with server.driver("work", count=whole, slots=16) as driver:
                    made = server.drive("create", count=whole, first=single + batched + 1, connections=16)
                    said = json.loads(driver.stdout.readline() or "{}")
                server.await_completed(1 + single + batched + whole)
                return {"made": made, "work": said}

            measured("whole lives, both at once", whole, live)
            if kind == "postgres":
                syncs = int(server.tell("durability")["wal_syncs"]) - int(durability["wal_syncs"])
                found["wal_syncs"] = syncs
                each = syncs / (single + batched + whole)
                print(f"  {name:10} has waited for its log {syncs} times, {each:.2f} a task")
        return found

    # f

    def nothing_left_out(self):
        import gateway_whole
        found = gateway_whole.measure(self.build / "vitana", self.folder, self.size(200, 3))
        print(f"  {found['tasks']} tasks: {found['per_second']:.1f} lives/s; made {found['made_per_second']:.0f}/s; "
              f"a life in the middle {found['life_ms']:.0f} ms, of it executing {found['execute_ms']:.0f}, verifying "
              f"{found['verify_ms']:.0f}, delivering {found['deliver_ms']:.0f}")
        return found


def parts_of(text):
    wanted = text.split(",")
    if unknown := set(wanted) - set(PARTS):
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(unknown)}")
    return [part for part in PARTS if part in wanted]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("build", type=pathlib.Path)
    options.add_argument("--only", default=list(PARTS), type=parts_of, metavar=",".join(PARTS))
    options.add_argument("--past", default=[1000, 1_000_000], type=lambda text: [int(word) for word in text.split(",")],
                         metavar="TASKS,…")
    options.add_argument("--seconds", type=int, default=8)
    options.add_argument("--smoke", action="store_true")
    options.add_argument("--keep", type=pathlib.Path)
    options.add_argument("--json", type=pathlib.Path)
    options = options.parse_args()
    if options.smoke:
        options.past = [50]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vitana-bench."))
    bench = Bench(options, folder)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    parts = {"a": ("reads", bench.reads), "b": ("claims that wait", bench.claims),
             "c": ("from the call to the worker's hand, idle", bench.start),
             "d": ("readers of live events", bench.streams),
             "e": ("made and worked off", bench.burn_down), "f": ("nothing left out", bench.nothing_left_out)}
    try:
        print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.2f}; server and load share them")
        for part in options.only:
            name, measure = parts[part]
            if part == "a" and shutil.which("wrk") is None:
                print("a  reads are left out: wrk is missing")
                continue
            print(f"{part}  {name}", flush=True)
            begin = time.monotonic()
            bench.found[part] = measure()
            print(f"   {time.monotonic() - begin:.0f} s", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        options.json.write_text(json.dumps(bench.found, indent=1) + "\n")


if __name__ == "__main__":
    main()
