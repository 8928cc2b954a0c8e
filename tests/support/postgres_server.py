#!/usr/bin/env python3
"""A PostgreSQL server of one's own, for tests: it lives as long as its standard input.

    postgres_server.py            serves; says its address, then ends with its input
    postgres_server.py --probe    only says where the server's programs are; exit 3 when nowhere

In a folder of its own, on a socket in it, with nothing written through to the disk. The server refuses
to be root's: then it is the user `postgres`'s. Its order of text is not that of bytes, so that a column
which needs that one must say so. VITANA_POSTGRES_BIN names the folder of the programs.
"""

import glob
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

NO_SERVER = 3
OLDEST = 15
START_SECONDS = 60
ROOM_BYTES = 4 << 30

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "logging_collector": "off",
}


def programs():
    """The folder of the newest server that is new enough, or None."""
    named = os.environ.get("VITANA_POSTGRES_BIN")
    if named:
        return pathlib.Path(named) if pathlib.Path(named, "initdb").exists() else None
    found = []
    for folder in glob.glob("/usr/lib/postgresql/*/bin"):
        version = re.search(r"/(\d+)/bin$", folder)
        if version and int(version[1]) >= OLDEST and pathlib.Path(folder, "initdb").exists():
            found.append((int(version[1]), folder))
    return pathlib.Path(max(found)[1]) if found else None


def parent_folder():
    """In memory where there is room; never far down: the path of a socket is short."""
    memory = "/dev/shm"
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES:
        return memory
    return "/tmp"


class Server:
    """Started by entering it; `address()` is of its first database. `settings`, and where it lies, are those of tests
    where they are not given."""

    def __init__(self, settings=None, parent=None):
        self.bin = programs()
        self.settings = SETTINGS if settings is None else settings
        self.parent = parent
        self.folder = None
        self.process = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitana-pg-", dir=self.parent or parent_folder()))
        self.prefix = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        try:
            self.run("initdb", "-D", self.folder / "data", "-U", "vitana", "-A", "trust", "-E", "UTF8", "--no-sync",
                     "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process:
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        settings = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        # pg_ctl waits until connections are taken.
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-t", str(START_SECONDS),
                 "-o", " ".join([f"-k {self.folder}"] + [f"{a} {b!r}" for a, b in zip(settings[::2], settings[1::2])]),
                 "start")
        self.process = int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def stop(self):
        """At once: nothing of it is needed any more."""
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop", check=False)
        self.process = None

    def run(self, program, *words, check=True):
        done = subprocess.run([*self.prefix, self.bin / program, *map(str, words)], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}, timeout=2 * START_SECONDS)
        if check and done.returncode != 0:
            log = self.folder / "log"
            said = log.read_text() if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stdout}\n{said}")
        return done

    def address(self, database="postgres"):
        return f"postgresql://vitana@/{database}?host={urllib.parse.quote(str(self.folder), safe='')}"


def main():
    if programs() is None:
        print("there is no PostgreSQL server to test with: install postgresql-15", file=sys.stderr)
        return NO_SERVER
    if "--probe" in sys.argv[1:]:
        print(programs())
        return 0
    # Whoever is at the terminal ends the tests, and they end this.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with Server() as server:
        print(server.address(), flush=True)
        sys.stdin.buffer.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
