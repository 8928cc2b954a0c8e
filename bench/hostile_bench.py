#!/usr/bin/env python3
"""How long others wait while somebody misuses the gateway: real binary, real sockets.

  hostile_bench.py VITANA [--seconds N] [--only NAME] [--smoke]

One client, with a connection and a process of its own, asks for one task again and again; it is told what it waited:
first of an idle gateway, then while others do what a row is called. `refused` are answers with another status than
200, `lost` connections that ended without one. --smoke: a moment each and fewer clients, only that it runs.
"""
import argparse
import asyncio
import atexit
import contextlib
import http.client
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

CONFIG = """
[server]
requests_per_minute = 0

[[repos]]
name = "shop"
path = "."
branch = "main"
scan_seconds = 3600

[policy]
approval = "required"
"""

SPEC = """# {vtid}: A page

## Summary

The page shall have the colour that was agreed.

## Problem

It has another colour.

## Acceptance Criteria

- The page is blue
"""

BODY_BYTES = 4 << 20

# Shapes that hide a second request, or are none.
MALFORMED = [
    b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
    b"POST /api/v1/tasks HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    b"GET /api/v1/tasks HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /healthz\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    b"\x16\x03\x01\xff\xff" + b"\0" * 100,
    b"POST /api/v1/specs/validate HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
    bytes(range(256)) * 4,
]


class Gateway:
    """Serves until its end; in a folder of its own."""

    def __init__(self, vitana):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitana-hostile."))
        self.environment = {**os.environ, "HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder / "cache"),
                            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@shop.example",
                            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@shop.example"}
        (self.folder / "vitana.toml").write_text(CONFIG)
        for words in (("init", "-q", "-b", "main"), ("add", "vitana.toml"), ("commit", "-qm", "a shop")):
            subprocess.run(["git", *words], cwd=self.folder, env=self.environment, check=True)
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([vitana, "serve", "--listen", "127.0.0.1:0", "--slots", "0"], cwd=self.folder,
                                        env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        place = self.folder / ".vitana/server.json"
        atexit.register(self.end)  # also where this script fails
        until = time.monotonic() + 60
        while not place.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise SystemExit((self.folder / "log").read_text())
            time.sleep(0.02)
        self.host, port = json.loads(place.read_text())["url"].removeprefix("http://").rsplit(":", 1)
        self.port = int(port)
        self.token = (self.folder / ".vitana/token").read_text().strip()
        made = subprocess.run([vitana, "tokens", "create", "--role", "worker", "--name", "w"], cwd=self.folder, text=True,
                              env=self.environment, check=True, capture_output=True)
        self.worker_token = made.stdout.strip()

    def ask(self, method, path, body=None, token=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body),
                               headers={"Authorization": f"Bearer {token or self.token}", "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
        return 0

    def end(self):
        atexit.unregister(self.end)
        self.process.terminate()
        try:
            code = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "none"
        if code != 0:
            print((self.folder / "log").read_text()[-2000:], file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code


def head(gateway, method, path, token="", *lines):
    text = f"{method} {path} HTTP/1.1\r\nHost: x\r\n" + "".join(f"{line}\r\n" for line in lines)
    return (text + (f"Authorization: Bearer {token}\r\n" if token else "") + "\r\n").encode()


def watch(host, port, token, seconds, results):
    """The others: one client that means well."""
    waits, refused, lost = [], 0, 0
    until = time.monotonic() + seconds
    connection = http.client.HTTPConnection(host, port, timeout=60)
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            connection.request("GET", "/api/v1/tasks/VTID-00001", headers={"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            answer.read()
            refused += answer.status != 200
        except (OSError, http.client.HTTPException):
            lost += 1
            connection.close()
        waits.append(time.monotonic() - began)
        time.sleep(0.002)
    connection.close()
    waits.sort()
    results.put((waits, refused, lost))


# What the others do; each is one of `clients` coroutines until it is cancelled.


async def connected(gateway):
    return await asyncio.open_connection(gateway.host, gateway.port, limit=1 << 16)


async def read_head(reader):
    size = 0
    status = (await reader.readline()).split()
    while (line := (await reader.readline()).lower()) not in (b"\r\n", b""):
        if line.startswith(b"content-length:"):
            size = int(line.split(b":")[1])
    return (int(status[1]) if len(status) > 1 else 0), size


async def again(one):
    """Whoever is thrown out comes again."""
    while True:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            await one()
        await asyncio.sleep(0.01)


def slow(gateway, number):
    async def one():
        _, writer = await connected(gateway)
        try:
            for byte in head(gateway, "GET", "/api/v1/tasks", gateway.token, "X-Filler: " + "a" * 500):
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        finally:
            writer.close()
    return one


def large(gateway, number):
    text = json.dumps({"files": [{"path": "docs/specs/00009-x.md", "text": "x"}]}).encode()
    body = text + b" " * (BODY_BYTES - len(text))

    async def one():
        reader, writer = await connected(gateway)
        try:
            while True:
                writer.write(head(gateway, "POST", "/api/v1/specs/validate", gateway.token, "Content-Type: application/json",
                                  f"Content-Length: {len(body)}"))
                writer.write(body)
                await writer.drain()
                _, size = await read_head(reader)
                await reader.readexactly(size)
        finally:
            writer.close()
    return one


def malformed(gateway, number):
    async def one():
        for data in MALFORMED:
            reader, writer = await connected(gateway)
            try:
                writer.write(data)
                writer.write_eof()
                await writer.drain()
                await reader.read()
            finally:
                writer.close()
    return one


def bad_tokens(gateway, number):
    async def one():
        reader, writer = await connected(gateway)
        try:
            while True:
                begun = time.monotonic()
                writer.write(head(gateway, "GET", "/api/v1/tasks", f"vt_{number}_{begun}"))
                _, size = await read_head(reader)
                await reader.readexactly(size)
                await asyncio.sleep(max(0, 0.1 - (time.monotonic() - begun)))
        finally:
            writer.close()
    return one


def claims(gateway, number):
    worker = gateway.ask("POST", "/api/v1/workers", {"name": f"w{number}", "slots": 1, "protocol": 1}, gateway.worker_token)["id"]

    async def one():
        reader, writer = await connected(gateway)
        try:
            for turn in range(1_000_000):
                body = json.dumps({"request_id": f"{number}.{turn}", "max": 1, "wait_seconds": 30}).encode()
                writer.write(head(gateway, "POST", f"/api/v1/workers/{worker}/claim", gateway.worker_token,
                                  "Content-Type: application/json", f"Content-Length: {len(body)}") + body)
                status, size = await read_head(reader)
                await reader.readexactly(size)
                if status != 200:
                    await asyncio.sleep(1)
        finally:
            writer.close()
    return one


def readers(gateway, number):
    async def one():
        _, writer = await connected(gateway)
        try:
            writer.write(head(gateway, "GET", "/api/v1/events/stream", gateway.token))
            await writer.drain()
            await asyncio.sleep(3600)  # and reads nothing, beyond what a socket takes by itself
        finally:
            writer.close()
    return one


async def committing(gateway):
    """Somebody who makes tasks, one after the other."""
    async def one():
        reader, writer = await connected(gateway)
        try:
            while True:
                body = json.dumps({"title": "One more"}).encode()
                writer.write(head(gateway, "POST", "/api/v1/tasks", gateway.token, "Content-Type: application/json",
                                  f"Content-Length: {len(body)}") + body)
                _, size = await read_head(reader)
                await reader.readexactly(size)
        finally:
            writer.close()
    await again(one)


def flood(gateway, clients, seconds):
    """As many requests as the gateway answers, by wrk."""
    return subprocess.Popen(["wrk", "-t1", f"-c{clients}", f"-d{int(seconds) + 5}s", "-H", f"Authorization: Bearer {gateway.token}",
                             f"http://{gateway.host}:{gateway.port}/api/v1/tasks/VTID-00001"], stdout=subprocess.DEVNULL)


# name -> (what one of them does, how many, whether tasks are made meanwhile)
DEEDS = {
    "500 that send a byte a second": (slow, 500, False),
    "100 that post 4 MiB": (large, 100, False),
    "20 that send what is no request": (malformed, 20, False),
    "300 bad tokens a second": (bad_tokens, 30, False),
    "64 that ask as fast as they are answered": (flood, 64, False),
    "tasks made, one after the other": (None, 0, True),
    "200 claims that wait, and tasks made": (claims, 200, True),
    "900 claims that wait, and tasks made": (claims, 900, True),
    "200 streams that nobody reads, and tasks made": (readers, 200, True),
}


def misuse(gateway, deed, clients, commits, ready, over):
    """In a process of its own, until `over`."""
    async def all_of_them():
        todo = [asyncio.ensure_future(again(deed(gateway, number))) for number in range(clients)]
        if commits:
            todo.append(asyncio.ensure_future(committing(gateway)))
        await asyncio.sleep(min(3, clients / 100))
        ready.set()
        while not over.is_set():
            await asyncio.sleep(0.1)
        for task in todo:
            task.cancel()
        await asyncio.gather(*todo, return_exceptions=True)
    asyncio.run(all_of_them())


def measured(gateway, seconds, results):
    watcher = multiprocessing.Process(target=watch, args=(gateway.host, gateway.port, gateway.token, seconds, results))
    watcher.start()
    answer = results.get(timeout=seconds + 120)
    watcher.join()
    return answer


def row(name, answer, gateway):
    waits, refused, lost = answer
    at = lambda part: waits[min(len(waits) - 1, int(len(waits) * part))] * 1000
    print(f"| {name} | {len(waits)} | {at(0.5):.1f} | {at(0.99):.1f} | {waits[-1] * 1000:.1f} | {refused} | {lost} | "
          f"{gateway.resident_mib()} |", flush=True)
    return lost


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("vitana")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    seconds = 1 if options.smoke else options.seconds
    vitana = str(pathlib.Path(options.vitana).resolve())
    results = multiprocessing.Queue()
    bad = 0
    print("| meanwhile | asked | p50 ms | p99 ms | max ms | refused | lost | peak MiB |\n|---|---|---|---|---|---|---|---|")
    for name, (deed, clients, commits) in {"nothing": (None, 0, False), **DEEDS}.items():
        if options.only and name != "nothing" and options.only not in name:
            continue
        gateway = Gateway(vitana)
        gateway.ask("POST", "/api/v1/specs", {"text": SPEC.format(vtid="VTID-00001"), "repo": "shop", "reason": "to ask for"})
        if options.smoke:
            clients = min(clients, 10)
        ready, over = multiprocessing.Event(), multiprocessing.Event()
        other = multiprocessing.Process(target=misuse, args=(gateway, deed, clients, commits, ready, over))
        if deed is flood:
            if shutil.which("wrk") is None:
                print(f"{name}: LEFT OUT, wrk is not installed", file=sys.stderr)
                gateway.end()
                continue
            other = flood(gateway, clients, seconds)
            ready.set()
        else:
            other.start()
        if not ready.wait(120):
            raise SystemExit(f"{name}: it did not begin")
        bad += row(name, measured(gateway, seconds, results), gateway)
        over.set()
        if deed is flood:
            other.wait(60)
        else:
            other.join(60)
        code = gateway.end()
        if code != 0:
            print(f"{name}: the gateway ended with {code}", file=sys.stderr)
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
