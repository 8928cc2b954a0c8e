"""What the end-to-end tests share: a folder per test, a repository, the real binary, and waiting.

Nothing here knows how vitana is built. It is run as a person would run it; what it says, what git
sees, the rows of its database and the processes of this machine are all that is looked at.
"""

import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("VITANA", SOURCE / "build/release/vitana")).resolve()

# A machine may be loaded with many builds; a deadline only says when waiting is given up.
COMMAND_SECONDS = 120
WAIT_SECONDS = 120

PR_SET_CHILD_SUBREAPER = 36


class Deadline(AssertionError):
    """Something did not happen in time."""


def wait_until(what, condition, seconds=WAIT_SECONDS):
    """Polls until `condition()` is true and returns its value. The only place that sleeps."""
    until = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= until:
            raise Deadline(f"not within {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.05)


# Processes


def be_subreaper():
    """Orphans of what a test starts become its own children, so that none can hide."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def process_table():
    """pid -> (parent, state, command line)"""
    table = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text(errors="replace")
            line = pathlib.Path("/proc", entry, "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile
        state, parent = stat[stat.rindex(")") + 2:].split()[:2]
        table[int(entry)] = (int(parent), state, line.replace(b"\0", b" ").decode(errors="replace").strip())
    return table


def descendants(pid):
    """The living descendants of a process: pid -> command line."""
    table = process_table()
    found, todo = {}, [pid]
    while todo:
        parent = todo.pop()
        for child, (its_parent, state, line) in table.items():
            if its_parent == parent and child not in found:
                todo.append(child)
                if state not in "ZX":
                    found[child] = line
    return found


# Answers


class Answer:
    """What a finished command said."""

    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error_code(self):
        return self.json["error"]["code"]

    def __str__(self):
        return f"$ {' '.join(map(str, self.words))}\nexit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


# Repositories


class Repo:
    """A git repository in a folder, with the configuration that tests need and no other."""

    def __init__(self, folder, environment, bare=False):
        self.folder = pathlib.Path(folder)
        self.environment = environment
        self.folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", *(["--bare"] if bare else []))
        if not bare:
            self.git("config", "user.name", "Shop Owner")
            self.git("config", "user.email", "owner@shop.example")

    def git(self, *words, check=True, text=True):
        done = subprocess.run(["git", *words], cwd=self.folder, env=self.environment, capture_output=True,
                              text=text, timeout=COMMAND_SECONDS)
        if check and done.returncode != 0:
            raise AssertionError(f"git {' '.join(words)}: {done.stderr}")
        return done.stdout.rstrip("\n") if text else done.stdout

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(text, bytes):
            file.write_bytes(text)
        else:
            file.write_text(text)
        return file

    def commit(self, message, files=None):
        for path, text in (files or {}).items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def head(self, branch="main"):
        return self.git("rev-parse", "--verify", "-q", f"refs/heads/{branch}", check=False)

    def branches(self):
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def count(self, revisions="main"):
        return int(self.git("rev-list", "--count", revisions))

    def show(self, path, commit="main"):
        return self.git("show", f"{commit}:{path}")

    def status(self):
        return self.git("status", "--porcelain", "--untracked-files=all")

    def trailers(self, name, revisions="main"):
        text = self.git("log", f"--format=%(trailers:key={name},valueonly)", revisions)
        return [line for line in text.splitlines() if line]

    def fingerprint(self):
        """Every byte and mode of the working tree, and the index itself."""
        digest = hashlib.sha256()
        files = [p for p in sorted(self.folder.rglob("*"))
                 if p.relative_to(self.folder).parts[0] not in (".git", ".vitana")]
        for file in [*files, self.folder / ".git/index"]:
            facts = file.lstat()
            digest.update(f"{file.relative_to(self.folder)} {facts.st_mode:o}\0".encode())
            if file.is_symlink():
                digest.update(os.readlink(file).encode())
            elif file.is_file():
                digest.update(file.read_bytes())
        return digest.hexdigest()


# The engine in the background


class Engine:
    """An autopilot in the background; its words go to files."""

    def __init__(self, words, folder, environment, log, program=BINARY):
        self.log = pathlib.Path(log)
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([program, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=subprocess.STDOUT)

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def end(self, seconds=COMMAND_SECONDS):
        """Waits for its end; its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Deadline(f"the engine has not ended within {seconds} s\n{self.said()}") from None

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.end()


# Texts


def spec_text(vtid, title="Make the page blue", check="grep -q blue page.txt", summary=None, extra="", front=""):
    """A valid spec; without a check its one criterion is a plain sentence."""
    block = f"\n  ```check\n  {check}\n  ```\n" if check else ""
    head = f"---\n{front.strip()}\n---\n" if front else ""
    return (f"{head}# {vtid}: {title}\n\n## Summary\n\n{summary or 'The page shall have the colour that was agreed.'}\n"
            f"\n## Problem\n\nIt has another colour.\n{extra}\n## Acceptance Criteria\n\n- The page is as it should be\n{block}")


DONE = "printf 'colour: blue\\n' > page.txt"


class World(unittest.TestCase):
    """One folder, one repository, one data directory, one cache; all gone afterwards.

    The agent is a shell that runs the script which the test wrote for the task: `self.agent(...)`.
    """

    maxDiff = None
    mode = "merge"

    @classmethod
    def setUpClass(cls):
        be_subreaper()
        if not os.access(BINARY, os.X_OK):
            raise AssertionError(f"{BINARY} is not there; name the binary in VITANA")

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="vitana-e2e."))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)
        self.addCleanup(self._end_processes)
        for name in ("bin", "home", "cache", "scripts", "logs"):
            (self.root / name).mkdir()
        (self.root / "bin/vitana").symlink_to(BINARY)
        self.environment = {
            "PATH": f"{self.root}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "HOME": str(self.root / "home"), "XDG_CACHE_HOME": str(self.root / "cache"),
            "LANG": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "TERM": "dumb", "VITANA_ACTOR": "tester",
        }
        self.repo = Repo(self.root / "shop", self.environment)
        self.engines = []
        self.prepare()

    def prepare(self):
        """What stands in the repository before the test; other subjects have another."""
        self.repo.commit("a page", {"page.txt": "colour: red\n", "vitana.toml": self.config()})

    def config(self, mode=None, repos="", agent="", worker="", rest=""):
        scripts = self.root / "scripts"
        repos = repos or 'path = "."\nbranch = "main"'
        return f"""
[[repos]]
name = "shop"
{repos}
specs = ["docs/specs/**/*.md"]
scan_seconds = 1

[agents.fixer]
kind = "command"
command = ["/bin/sh", "-e", "-c", "cat > /dev/null; . {scripts}/$VITANA_VTID.sh"]
read = ["{scripts}"]
{agent or 'timeout = "5m"'}

[worker]
agent = "fixer"
slots = 2
sandbox = "prefer"
{worker}

[delivery]
mode = "{mode or self.mode}"

[retry]
delay = "1s"
{rest}
"""

    def agent(self, vtid, script=DONE):
        """What the agent does for a task. `$scripts` is a folder that it can read, the test's own."""
        (self.root / "scripts" / f"{vtid}.sh").write_text(f"scripts='{self.root}/scripts'\n{script}\n")

    def tell_agent(self, word):
        """The agent sees a file of that name in its folder."""
        (self.root / "scripts" / word).touch()

    def add_spec(self, vtid, text=None, name=None, script=DONE):
        """Commits one spec, and says what the agent does for it."""
        if script is not None:
            self.agent(vtid, script)
        path = f"docs/specs/{name or vtid + '-page.md'}"
        self.repo.commit(f"spec: {path}", {path: spec_text(vtid) if text is None else text})
        return path

    # The binary

    def vitana(self, *words, code=None, input="", folder=None, seconds=COMMAND_SECONDS, environment=None):
        words = [str(word) for word in words]
        try:
            done = subprocess.run([BINARY, *words], cwd=folder or self.repo.folder, input=input, text=True,
                                  errors="replace", capture_output=True, timeout=seconds,
                                  env=environment or self.environment)
        except subprocess.TimeoutExpired:
            raise Deadline(f"vitana {' '.join(words)} has not ended within {seconds} s") from None
        answer = Answer(["vitana", *words], done.returncode, done.stdout, done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, answer)
        return answer

    def start(self, *words, folder=None, environment=None, program=BINARY):
        """An engine in the background; by default an autopilot that has read the repository once."""
        words = words or ("autopilot",)
        engine = Engine(words, folder or self.repo.folder, environment or self.environment,
                        self.root / "logs" / f"engine-{len(self.engines)}.log", program)
        self.engines.append(engine)
        return engine

    def start_synced(self):
        """An autopilot that has seen the present commit of main."""
        engine = self.start()
        self.wait_for_sync(engine)
        return engine

    def wait_for_sync(self, engine=None, commit=None):
        commit = commit or self.repo.head()

        def synced():
            if engine and not engine.alive():
                raise AssertionError(f"the engine has ended\n{engine.said()}")
            return commit in [row["synced_commit"] for row in self.query("SELECT synced_commit FROM repos")]

        wait_until(lambda: f"a sync of {commit}\n{engine.said() if engine else ''}", synced)

    def until_idle(self, code=0, **options):
        return self.vitana("autopilot", "--until-idle", code=code, **options)

    def show(self, vtid):
        return self.vitana("task", "show", vtid, "--json", code=0).json

    def status(self, vtid):
        """status, or status:reason, as the database has it; none without a row."""
        rows = self.query("SELECT status, blocked_reason FROM vtid_ledger WHERE vtid = ?", vtid)
        if not rows:
            return None
        return ":".join(filter(None, (rows[0]["status"], rows[0]["blocked_reason"])))

    def run_state(self, vtid):
        rows = self.query("SELECT state FROM autopilot_runs WHERE vtid = ? ORDER BY attempt DESC", vtid)
        return rows[0]["state"] if rows else None

    def wait_for_status(self, vtid, *wanted, seconds=WAIT_SECONDS):
        wait_until(lambda: f"{vtid} is {' or '.join(wanted)}; it is {self.status(vtid)}, run {self.run_state(vtid)}\n"
                           + "".join(engine.said() for engine in self.engines),
                   lambda: self.status(vtid) in wanted, seconds)

    def wait_for_run(self, vtid, *wanted):
        wait_until(lambda: f"the run of {vtid} is {' or '.join(wanted)}; it is {self.run_state(vtid)}\n"
                           + "".join(engine.said() for engine in self.engines),
                   lambda: self.run_state(vtid) in wanted)

    def assertStatus(self, vtid, wanted, code=None):
        task = self.show(vtid)
        status = ":".join(filter(None, (task["status"], task["blocked_reason"])))
        self.assertEqual(status, wanted, task)
        self.assertEqual((task["failure"] or {}).get("code"), code, task)
        return task

    def assertHealthy(self):
        """The store passes its own audit."""
        self.vitana("audit", code=0)

    # The database

    @property
    def data(self):
        return self.repo.folder / ".vitana"

    def query(self, sql, *values):
        """Rows as dictionaries; none while there is no database or table yet."""
        file = self.data / "vitana.db"
        if not file.exists():
            return []
        try:
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as database:
                database.row_factory = sqlite3.Row
                rows = [dict(row) for row in database.execute(sql, values)]
            database.close()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return []
            raise
        return rows

    def count(self, table, where="1", *values):
        self.assertTrue((self.data / "vitana.db").exists(), "there is no database")
        return self.query(f"SELECT count(*) AS n FROM {table} WHERE {where}", *values)[0]["n"]

    def runs(self, vtid):
        return self.count("autopilot_runs", "vtid = ?", vtid)

    def workspaces(self):
        """The folders in which runs work or worked."""
        return sorted(p.name for p in (self.root / "cache").glob("vitana/*/VTID-*"))

    # Processes

    def processes(self):
        """What this test started and what that started, as far as it lives."""
        self._reap()
        mine = descendants(os.getpid())
        return {pid: line for pid, line in mine.items()}

    def assertNoProcess(self, seconds=10):
        """All that was started is gone, or soon is."""
        wait_until(lambda: f"processes are left: {self.processes()}", lambda: not self.processes(), seconds)

    def _reap(self):
        for engine in self.engines:
            engine.process.poll()
        known = {engine.pid for engine in self.engines}
        for pid, (parent, state, _) in process_table().items():
            if parent == os.getpid() and state == "Z" and pid not in known:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass

    def _end_processes(self):
        for engine in self.engines:
            if engine.alive():
                engine.process.kill()
            engine.process.wait(30)
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
