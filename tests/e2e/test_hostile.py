"""Agents and checks that mean harm. Each has its code or its harmless end; the machine, the user's repository and
the store are as they were, and no process is left.

docs/security.md has the table of these attacks; each line names its test here.
"""

import hashlib
import os
import pty
import secrets
import signal
import subprocess

from harness import BINARY, DONE, World, descendants, process_table, spec_text, wait_until

# For a shell that does not heed who asks it to end.
DEAF = "trap '' TERM INT HUP QUIT; "


def python(text):
    return f"python3 - <<'END_OF_PYTHON'\n{text.strip()}\nEND_OF_PYTHON\n"


def split(word):
    """A shell word that is `word`, in a text that does not hold it."""
    return f'"{word[:5]}""{word[5:]}"'


class Hostile(World):
    """A sandbox is required, one run per task, and everything around the run is photographed."""

    mode = "branch"
    limits = 'timeout = "60s"'

    def prepare(self):
        self.mark = "canary" + secrets.token_hex(8)
        self.outside = self.root / "outside"
        self.outside.mkdir()
        self.repo.commit("a page", {"page.txt": "colour: red\n", "vitana.toml": self.hostile_config()})
        self.repo.git("tag", "v1")
        self.photograph()

    def hostile_config(self, rest="", worker=""):
        text = self.config(repos='path = "."\nbranch = "main"\nadopt = "all"', agent=self.limits, worker=worker,
                           rest="runs = 1\n" + rest)
        return text.replace('sandbox = "prefer"', 'sandbox = "require"')

    # What must stay as it is

    @property
    def mirror(self):
        return next((self.data / "mirrors").iterdir())

    def facts(self):
        """Files of the host beside the repository, and all of the repository that is not an object."""
        git = self.repo.folder / ".git"
        files = [git / "config", git / "HEAD", *(git / "hooks").rglob("*"), *(git / "info").rglob("*")]
        for place in ("home", "outside", "bin"):
            files += (self.root / place).rglob("*")
        if self.data.exists():
            files += [self.mirror / "config", *(self.mirror / "hooks").rglob("*"), *(self.mirror / "info").rglob("*")]
        result = {"tree": self.repo.fingerprint(), "status": self.repo.status()}
        for file in files:
            kind = "link" if file.is_symlink() else hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "-"
            result[str(file)] = kind
        for line in self.repo.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines():
            name, commit = line.split()
            if not name.startswith("refs/heads/vtid/"):  # where a result is delivered to
                result[name] = commit
        return result

    def photograph(self):
        self.before = self.facts()

    def assertUntouched(self):
        after = self.facts()
        self.assertEqual({name: after.get(name) for name in self.before}, self.before)
        new = set(after) - set(self.before)
        self.assertEqual({name for name in new if not name.startswith(str(self.data))}, set())
        self.repo.git("fsck", "--connectivity-only")
        self.assertNoProcess()
        self.assertHealthy()

    def attack(self, script, vtid="VTID-00701", code=None, status=None, **spec):
        """One task with such an agent, to its end. Without a code it must complete."""
        self.add(vtid, script, **spec)
        self.photograph()
        self.until_idle()
        return self.ended(vtid, code, status)

    def add(self, vtid, script, **spec):
        self.add_spec(vtid, text=spec_text(vtid, **spec), script=script)

    def ended(self, vtid="VTID-00701", code=None, status=None):
        task = self.assertStatus(vtid, status or ("failed" if code else "completed"), code)
        self.assertEqual(len(task["runs"]), 1, task)
        self.assertUntouched()
        if code:
            self.assertEqual(self.repo.branches(), ["main"])
        return task

    def log(self, vtid="VTID-00701"):
        return (self.data / f"logs/{vtid}.1.log").read_text(errors="replace")

    def result(self, vtid="VTID-00701"):
        """The delivered commit; it changed nothing but what is said."""
        branch = next(name for name in self.repo.branches() if name.startswith(f"vtid/{vtid[5:]}"))
        return self.repo.head(branch)

    def changed(self, vtid="VTID-00701"):
        return self.repo.git("diff", "--name-only", "main", self.result(vtid)).split()


class ItWritesOutside(Hostile):
    def test_by_every_path_that_leads_out(self):
        places = [self.outside, self.repo.folder, self.root / "home", self.root / "cache", self.root, "/etc", "/usr",
                  "/usr/local/bin", "/root", "/var", "/proc/self/root" + str(self.outside), "/proc/1/root/etc",
                  "/proc/self/cwd/../..", "..", "../..", "../../../../../.." + str(self.outside), "/sys", "/"]
        words = " ".join(f"'{place}'" for place in places)
        name = self.mark
        self.attack(f"""
            set +e
            for place in {words} $scripts; do
              for command in "touch $place/{name}" "mkdir -p $place/{name}" "ln -s /etc $place/{name}"; do
                $command 2>/dev/null && echo "wrote $place"
              done
            done
            mount -o remount,rw / 2>/dev/null && echo WROTE mount
            mount --bind /tmp /usr 2>/dev/null && echo WROTE bind
            echo x > /dev/sda 2>/dev/null && echo WROTE device
            for setting in vm/swappiness kernel/core_pattern kernel/hostname; do
              value=$(cat /proc/sys/$setting) && echo "$value" > /proc/sys/$setting && echo WROTE $setting
            done 2>/dev/null
            echo h > /proc/sysrq-trigger 2>/dev/null && echo WROTE sysrq
            for private in /tmp /dev/shm /var/tmp "$HOME"; do touch $private/{name}; done
            {DONE}""")
        # What it can write to are its workspace and its own /tmp, whatever they are called.
        wrote = {line.removeprefix("wrote ") for line in self.log().splitlines() if line.startswith("wrote ")}
        private = (str(self.root), "/proc/self/root/tmp/", "/proc/self/cwd/../../tmp/", "../../../../../../tmp/")
        self.assertEqual([place for place in wrote if not place.startswith(private)], [])
        self.assertNotIn("WROTE", self.log())
        self.assertEqual(self.changed(), ["page.txt"])
        found = [p for p in self.root.rglob(f"*{name}*") if self.root / "cache" not in p.parents]
        self.assertEqual(found, [])
        for place in ("/tmp", "/dev/shm", "/var/tmp", "/etc", "/usr", "/"):
            self.assertFalse(os.path.lexists(f"{place}/{name}"), place)


class ItReadsWhatIsNotItsOwn(Hostile):
    def hostile_config(self, rest="", worker=""):
        other = '[agents.other]\ncommand = ["/bin/true"]\nsecrets = ["env:API_KEY", "env:OTHER_KEY"]\n'
        return super().hostile_config(rest + other, worker)

    def test_no_canary_is_found(self):
        """The search itself is shown to work: it finds the bait that it may see."""
        self.environment.update(HOST_TOKEN=self.mark + "-environment", OTHER_KEY=self.mark + "-secret",
                                API_KEY=self.mark + "-key")
        bait = "bait" + secrets.token_hex(8)
        (self.root / "scripts/bait.txt").write_text(bait)
        for place in ("home/.ssh/id_ed25519", "home/.netrc", "outside/letter.txt"):
            file = self.root / place
            file.parent.mkdir(exist_ok=True)
            file.write_text(self.mark)
        self.repo.commit("ignore", {".gitignore": ".env\n"})
        self.repo.write(".env", self.mark)
        engine = self.start_synced()
        # In the database, in the data directory, in the mirror beside the objects, in another's workspace.
        self.vitana("controls", "set", "execution", "on", "--reason", self.mark, code=0)
        (self.data / "note.txt").write_text(self.mark)
        (self.mirror / "description").write_text(self.mark)
        self.add("VTID-00702", f"echo {split(self.mark)} > mine.txt\n"
                               "until [ -e \"$scripts/go\" ]; do sleep 0.1; done\nexit 1")
        wait_until("another's workspace", lambda: list((self.root / "cache").glob("vitana/*/VTID-00702*/tree/mine.txt")))
        tops = [self.root, self.data, self.mirror, self.repo.folder, "/root", "/home"]
        self.add("VTID-00701", f"""
            mark={split(self.mark)} bait={split(bait)}
            look() {{ grep -rsa --exclude-dir=proc --exclude=loot.txt -e "$mark" -e "$bait" "$@" >> loot.txt || true; }}
            look {' '.join(map(str, tops))} "$scripts" /run /etc /var /tmp /srv /opt /mnt /media
            look /proc/self/root{self.root} /proc/1/root{self.root} ../..{self.root} /proc/self/cwd/../..{self.root}
            cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline > "$TMPDIR/seen" 2>/dev/null || true
            grep -ao "$mark" "$TMPDIR/seen" >> loot.txt || true
            ls -l /proc/[0-9]*/fd 2>/dev/null | grep -a '{self.root}/shop' >> loot.txt || true
            env | grep -a "$mark" >> loot.txt || true
            cat loot.txt
            {python('import json, os; json.dump({"summary": open("loot.txt").read()}, open(os.environ["VITANA_REPORT_FILE"], "w"))')}
            {DONE}""")
        self.wait_for_status("VTID-00701", "completed")
        self.tell_agent("go")
        self.wait_for_status("VTID-00702", "failed")
        self.assertEqual(engine.stop(), 0)
        self.assertIn(bait, self.log())
        self.assertIn(bait, self.repo.show("loot.txt", self.result()))
        self.assertNotIn(self.mark, self.log())
        self.assertNotIn(self.mark, self.repo.show("loot.txt", self.result()))
        self.assertNotIn(self.mark, self.vitana("task", "show", "VTID-00701", "--json", code=0).out)
        self.assertNotIn(self.mark, self.vitana("events", "--json", "--vtid", "VTID-00701", code=0).out)
        self.assertNoProcess()
        self.assertHealthy()


class ItHasSecrets(Hostile):
    limits = 'timeout = "60s"\nsecrets = ["env:API_KEY"]'

    def hostile_config(self, rest="", worker=""):
        other = '[agents.a_first]\ncommand = ["/bin/true"]\nsecrets = ["file:/nowhere/api_key"]\n'
        return super().hostile_config(rest + other, worker)

    def test_its_own_is_not_in_the_log_and_anothers_of_the_same_name_is_not_given(self):
        self.environment["API_KEY"] = self.mark
        self.attack(f"""echo "the key is $API_KEY"
            printf '{{"summary": "%s", "question": ""}}' "$API_KEY" > "$VITANA_REPORT_FILE"
            [ "$API_KEY" = {split(self.mark)} ]
            {DONE}""")
        self.assertIn("the key is [secret]", self.log())
        self.assertNotIn(self.mark, self.log())
        self.assertNotIn(self.mark, self.vitana("task", "show", "VTID-00701", "--json", code=0).out)

    def test_one_that_is_missing_is_said_before_it_starts(self):
        engine = self.start_synced()
        self.add("VTID-00701", f"touch {self.outside}/ran\n{DONE}")

        def told():
            rows = self.query("SELECT error_code FROM vtid_ledger WHERE vtid = 'VTID-00701'")
            return rows and rows[0]["error_code"] == "SECRET_MISSING"
        wait_until(lambda: f"SECRET_MISSING\n{engine.said()}", told)
        self.assertEqual(engine.stop(), 0)
        self.assertIn("API_KEY", self.show("VTID-00701")["failure"]["message"])
        self.assertFalse((self.data / "logs/VTID-00701.1.log").exists())
        self.assertEqual(self.workspaces(), [])
        self.assertHealthy()


class ItMovesRefs(Hostile):
    def test_of_the_repository_of_the_mirror_and_of_its_clone(self):
        origin = self.repo.folder
        self.until_idle()
        mirror = self.mirror
        self.attack(f"""
            exec 2>&1; set +e
            git commit -q --allow-empty -m evil
            for place in {origin} {origin}/.git {mirror} file://{origin}; do
              git push -q --force "$place" HEAD:refs/heads/main HEAD:refs/heads/evil && echo MOVED "$place"
              git -C "$place" update-ref refs/heads/main HEAD && echo MOVED "$place"
              rm -rf "$place/refs" 2>/dev/null; echo "$(git rev-parse HEAD)" > "$place/refs/heads/main" && echo MOVED "$place"
            done
            objects=$(cat .git/objects/info/alternates)
            rm -rf "$objects"/* ; echo x > "$objects/info/x" && echo MOVED objects
            git update-ref refs/heads/main HEAD~1; git update-ref -d refs/heads/evil; git tag -f v1
            echo "$(git rev-parse HEAD) refs/heads/main" > .git/packed-refs
            printf '%s\\n' {origin}/.git/objects "$objects" > .git/objects/info/alternates
            echo 'ref: refs/heads/nowhere' > .git/HEAD
            {DONE}""")
        self.assertNotIn("MOVED", self.log())
        self.assertEqual(self.changed(), ["page.txt"])
        self.assertEqual(self.repo.count(self.result()), self.repo.count("main") + 1)
        subprocess.run(["git", "fsck", "--connectivity-only"], cwd=mirror, env=self.environment, check=True,
                       capture_output=True)
        # The branch that it wanted to move is still the one that new work starts from.
        self.attack(DONE, vtid="VTID-00702")


class ItPlantsPrograms(Hostile):
    """Whatever git would start is set in its clone; outside the sandbox each would leave a file."""

    mode = "merge"

    def test_in_the_configuration_and_hooks_of_its_clone(self):
        flag = self.outside / "ran"
        program = f"sh -c 'echo $0 >> {flag}; cat' "
        keys = ["core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "core.gitProxy", "core.askPass",
                "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge",
                "filter.evil.process", "merge.evil.driver", "credential.helper", "gpg.program", "uploadpack.packObjectsHook",
                "remote.origin.uploadpack", "remote.origin.receivepack", "sequence.editor", "alias.status", "alias.add"]
        hooks = ["pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "pre-push",
                 "pre-receive", "update", "post-receive", "post-update", "push-to-checkout", "fsmonitor-watchman", "post-merge"]
        sets = "\n".join(f"git config {key} {split('!' + program) if key.startswith('alias') else chr(34) + program + chr(34)}"
                         for key in keys)
        self.repo.write("clean.txt", "x\n")
        self.add("VTID-00701", f"""
            {sets}
            mkdir -p .git/hooks .git/info evil-hooks
            for hook in {' '.join(hooks)}; do
              printf '#!/bin/sh\\necho hook >> {flag}\\n' > .git/hooks/$hook
              cp .git/hooks/$hook evil-hooks/$hook; chmod +x .git/hooks/$hook evil-hooks/$hook
            done
            git config core.hooksPath evil-hooks
            printf '[filter "evil"]\\n\\tclean = echo more >> {flag}\\n' > .git/more
            git config include.path more; git config filter.evil.required true
            git config core.attributesFile attributes; git config core.worktree {self.repo.folder}
            git config extensions.worktreeConfig true
            printf '[core]\\n\\tfsmonitor = echo worktree >> {flag}\\n' > .git/config.worktree
            echo '* filter=evil diff=evil merge=evil' | tee .gitattributes attributes > .git/info/attributes
            cp .git/config .gitconfig; cp .git/config "$HOME/.gitconfig"
            {DONE}""")
        engine = self.start()
        self.wait_for_status("VTID-00701", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertFalse(flag.exists(), flag.exists() and flag.read_text())
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.git("config", "--get-regexp", "evil|hook|fsmonitor", check=False), "")
        self.assertEqual([h.name for h in (self.repo.folder / ".git/hooks").iterdir() if h.suffix != ".sample"], [])
        self.assertNoProcess()
        self.assertHealthy()


class ItForksAway(Hostile):
    ESCAPES = DEAF + python("""
import os, signal, sys, time
def escape(name):
    if os.fork(): return
    os.setsid()
    if os.fork(): os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(number, signal.SIG_IGN)
    os.chdir("/")
    os.closerange(0, 3)
    os.execvp("sleep", ["sleep", name])
for i in range(5): escape(f"760{i}")
""") + 'nohup setsid sleep 7605 > /dev/null 2>&1 &\n(setsid sleep 7606 & ) &\n'

    def test_and_nothing_is_left_after_the_run(self):
        engine = self.start_synced()
        self.add("VTID-00701", self.ESCAPES + "until [ -e \"$scripts/go\" ]; do sleep 0.1; done\n" + DONE)
        self.photograph()

        def escaped():
            return [line for line in descendants(engine.pid).values() if line.startswith("sleep 760")]
        wait_until(lambda: f"they run: {escaped()}", lambda: len(escaped()) == 7)
        self.tell_agent("go")
        self.wait_for_status("VTID-00701", "completed")
        self.assertEqual(escaped(), [])
        self.assertEqual([line for _, _, line in process_table().values() if line.startswith("sleep 760")],
                         [])
        self.assertEqual(engine.stop(), 0)
        self.assertUntouched()


class ItFloods(Hostile):
    limits = 'timeout = "60s"\noutput = "1M"'

    def test_its_output_has_a_limit(self):
        self.attack("yes 'all work and no play'", code="AGENT_OUTPUT_LIMIT")
        self.assertLess((self.data / "logs/VTID-00701.1.log").stat().st_size, (1 << 20) + 4096)


class ItFillsTheLog(Hostile):
    limits = 'timeout = "60s"\noutput = "64M"'

    def test_the_log_is_bounded_on_disk(self):
        self.attack("head -c 40000000 /dev/zero | tr '\\0' 'x'\n" + DONE)
        self.assertLessEqual((self.data / "logs/VTID-00701.1.log").stat().st_size, (16 << 20) + 4096)
        self.assertIn("the log is full", self.log())


class ItEatsMemory(Hostile):
    limits = 'timeout = "60s"\nmemory = "100M"'

    def test_in_one_process(self):
        self.attack(python("import time; x = bytearray(b'x') * (300 << 20); time.sleep(60)"), code="AGENT_MEMORY_LIMIT")

    def test_in_many_processes(self):
        self.attack("for i in 1 2 3 4 5 6; do head -c 40000000 /dev/zero | tail -c 39000000 | sleep 60 & done; wait",
                    code="AGENT_MEMORY_LIMIT")

    def test_in_files_that_nobody_maps(self):
        self.attack(python("import os, time\nf = os.memfd_create('x')\n"
                           "for _ in range(300): os.write(f, bytes(1 << 20))\ntime.sleep(60)"), code="AGENT_MEMORY_LIMIT")


class ItFillsTheDisk(Hostile):
    limits = 'timeout = "60s"\ndisk = "24M"'
    MANY = "import os, time\nfor i in range(9000): open(f'{FOLDER}/f{i}', 'w').close()\ntime.sleep(60)"

    def test_with_a_big_file(self):
        self.attack("head -c 60000000 /dev/zero > big; sleep 60", code="AGENT_DISK_LIMIT")

    def test_with_a_file_that_is_all_holes(self):
        task = self.attack(f"truncate -s 8T big.bin; {DONE}", code="AGENT_DISK_LIMIT")
        self.assertIn("big.bin is 8388608 MiB long", task["failure"]["message"])

    def test_with_very_many_small_files(self):
        self.attack(python(self.MANY.replace("{FOLDER}", ".")), code="AGENT_DISK_LIMIT")

    def test_with_a_big_file_in_its_tmp(self):
        self.attack("head -c 60000000 /dev/zero > /tmp/big; sleep 60", code="AGENT_DISK_LIMIT")

    def test_with_very_many_small_files_in_its_tmp(self):
        self.attack(python(self.MANY.replace("{FOLDER}", "/dev/shm")), code="AGENT_DISK_LIMIT")

    def test_with_a_deleted_file_that_stays_open(self):
        self.attack("exec 7> gone; rm gone; head -c 60000000 /dev/zero >&7; sleep 60", code="AGENT_DISK_LIMIT")

    def test_with_folders_without_a_bottom(self):
        self.attack(python("import os, time\nfor i in range(900): os.mkdir('d'); os.chdir('d')\n"
                           "open('big', 'w').write('x')\ntime.sleep(60)"), code="AGENT_DISK_LIMIT")


class ItForksABomb(Hostile):
    limits = 'timeout = "60s"\nprocesses = 100'

    def test_processes_have_a_limit(self):
        # It stops growing at four thousand by itself, should nobody stop it.
        bomb = "bomb() { [ $1 = 0 ] || { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; sleep 60; }; bomb 11"
        task = self.attack(DEAF + bomb, code="AGENT_FAILED")
        self.assertIn("processes", task["failure"]["message"])


class ItDoesNotWantToEnd(Hostile):
    limits = 'timeout = "2s"'
    STAYS = DEAF + python("""
import os, signal, time
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
os.fork()
while True: time.sleep(1)
""")

    def test_when_its_time_is_over(self):
        self.attack(self.STAYS, code="AGENT_TIMEOUT")


class ItDoesNotWantToBeCancelled(Hostile):
    def test_when_its_task_is_cancelled(self):
        engine = self.start_synced()
        self.add("VTID-00701", "echo up\n" + ItDoesNotWantToEnd.STAYS)
        log = self.data / "logs/VTID-00701.1.log"
        wait_until("it is up", lambda: log.exists() and "\nup\n" in log.read_text())
        self.photograph()
        self.vitana("task", "cancel", "VTID-00701", code=0)
        self.wait_for_status("VTID-00701", "cancelled")
        wait_until(lambda: f"it ends: {self.processes()}",
                   lambda: not [p for p in descendants(engine.pid).values() if "python3" in p], 10)
        self.assertEqual(engine.stop(), 0)
        self.ended(code="CANCELLED", status="cancelled")


class ItForgesItsReport(Hostile):
    def test_what_it_claims_is_no_evidence(self):
        task = self.attack(python("""
import json, os
json.dump({"summary": "all green", "status": "completed", "verified": True,
           "criteria": [{"id": "AC-1", "note": "passed", "verdict": "passed", "exit_code": 0}],
           "evidence": [{"criterion": "AC-1", "verdict": "passed"}],
           "usage": {"input_tokens": -5, "output_tokens": 1e300, "cost_usd": "free", "turns": [1]}},
          open(os.environ["VITANA_REPORT_FILE"], "w"))
""") + "echo 'colour: green' > page.txt", code="VERIFICATION_FAILED")
        self.assertEqual([(e["criterion"], e["verdict"]) for e in task["runs"][0]["evidence"]], [("AC-1", "failed")])

    def test_what_is_no_report_is_no_report(self):
        """None is followed, none is waited for; the run is what it is without one."""
        host = self.root / "home/report.json"
        host.write_text('{"summary": "%s", "question": "%s"}' % (self.mark, self.mark))
        deep = '"[" * 500000'
        forms = {
            "VTID-00701": python("import os; open(os.environ['VITANA_REPORT_FILE'], 'w').write('{\"summary\": \"' + 'x' * (3 << 20) + '\"}')"),
            "VTID-00702": "echo '{\"question\": ' > $VITANA_REPORT_FILE",
            "VTID-00703": "printf '{\"question\": \"\\377\\376\\300\\200\"}' > $VITANA_REPORT_FILE",
            "VTID-00704": f"ln -s {host} $VITANA_REPORT_FILE",
            "VTID-00705": "ln -s ../../../../home/report.json $VITANA_REPORT_FILE",
            "VTID-00706": "mkfifo $VITANA_REPORT_FILE",
            "VTID-00707": "mkdir $VITANA_REPORT_FILE; echo x > $VITANA_REPORT_FILE/x",
            "VTID-00708": python(f"import os; open(os.environ['VITANA_REPORT_FILE'], 'w').write({deep})"),
            "VTID-00709": "ln -s /proc/self/environ $VITANA_REPORT_FILE",
            "VTID-00710": "chmod 0 $(dirname $VITANA_REPORT_FILE)",
        }
        for vtid, script in forms.items():
            self.add(vtid, f"{script}\n{DONE}")
        self.photograph()
        self.until_idle()
        for vtid in forms:
            self.assertStatus(vtid, "completed")
            self.assertNotIn(self.mark, self.log(vtid))
            self.assertNotIn(self.mark, self.vitana("task", "show", vtid, "--json", code=0).out)
        self.assertUntouched()

    def test_its_question_cannot_speak_to_the_terminal(self):
        task = self.attack(r"""printf '{"question": "\\u001b]0;owned\\u0007\\u001b[2J\\u009b2J which?\\u202e", "summary": "\\u001b[31mred"}' """
                           "> $VITANA_REPORT_FILE; printf '\\033[2Jlog\\033]0;x\\007\\n'\n" + DONE,
                           status="blocked:question", code="AGENT_QUESTION")
        self.assertIn("which?", task["failure"]["message"])
        for words in (("task", "show"), ("task", "why"), ("task", "log"), ("events", "--vtid")):
            said = self.on_terminal(*words, "VTID-00701")
            self.assertRegex(said, "which|log")
            for sequence in ("\x1b[2J", "\x1b]", "\x07", "\x9b", "\u202e"):
                self.assertNotIn(sequence, said, words)

    def on_terminal(self, *words):
        """What a person's terminal is sent."""
        ours, theirs = pty.openpty()
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            process = subprocess.Popen([BINARY, *words], cwd=self.repo.folder, env=self.environment, stdin=theirs,
                                       stdout=theirs, stderr=theirs)
            os.close(theirs)
            said = b""
            try:
                while chunk := terminal.read(65536):
                    said += chunk
            except OSError:
                pass  # the other side has closed it
            self.assertEqual(process.wait(60), 0)
        return said.decode(errors="replace")


class ItDeliversIntoVitanasOwnData(Hostile):
    mode = "merge"

    def test_a_merge_would_write_into_the_open_store(self):
        self.attack(f"mkdir -p .vitana; echo x > .vitana/vitana.db-journal\n{DONE}", code="PATH_FORBIDDEN")


class ItWritesSpecs(Hostile):
    NEW = "docs/specs/VTID-00799-more-power.md"
    mode = "merge"

    def script(self):
        return f"cat > {self.NEW} <<'END_OF_SPEC'\n{spec_text('VTID-00799', title='More power')}\nEND_OF_SPEC\n{DONE}"

    def test_the_folder_of_specs_is_protected(self):
        task = self.attack(self.script(), code="PATH_FORBIDDEN")
        self.assertIn(self.NEW, task["failure"]["message"])
        self.assertEqual(self.status("VTID-00799"), None)

    def test_where_a_spec_allows_it_the_new_one_still_needs_approval(self):
        self.agent("VTID-00799", f"touch {self.outside}/ran\n{DONE}")
        self.add("VTID-00701", self.script(), front='paths: ["page.txt", "docs/specs/**"]')
        self.until_idle()
        self.assertStatus("VTID-00701", "completed")
        self.assertIn("More power", self.repo.show(self.NEW))
        self.until_idle()  # it has seen what was delivered, and has had a whole further round
        status = self.status("VTID-00799")
        self.assertNotIn(status, ("scheduled", "in_progress", "completed"))
        self.assertEqual(self.runs("VTID-00799"), 0)
        self.assertIn("pproval", self.vitana("task", "why", "VTID-00799", code=0).out)
        self.assertHealthy()


class WhatRunsFromTheTree(Hostile):
    """Programs of the checked-out branch, which a merge changes, are started outside the sandbox."""
    mode = "merge"

    def refused(self, script, path):
        self.add("VTID-00701", f"{script}\n{DONE}")
        head = self.repo.head()
        self.until_idle()
        task = self.assertStatus("VTID-00701", "failed", "PATH_FORBIDDEN")
        self.assertIn(path, task["failure"]["message"])
        self.assertEqual(self.repo.head(), head)
        self.assertHealthy()


class ItChangesWhatTheOperatorStarts(WhatRunsFromTheTree):
    """[notify] runs outside every sandbox."""

    def hostile_config(self, rest="", worker=""):
        rest += '[notify]\ncommand = ["./bin/tell.sh"]\n[agents.other]\ncommand = ["python3", "tools/agent.py"]\n'
        return super().hostile_config(rest, worker)

    def prepare(self):
        super().prepare()
        tools = self.repo.folder / "tools"
        tools.mkdir()
        (tools / "tell.sh").write_text(f"#!/bin/sh\ncat >> {self.outside}/told\n")
        (tools / "tell.sh").chmod(0o755)
        (self.repo.folder / "bin").symlink_to("tools")
        self.repo.commit("programs", {"tools/agent.py": "print('agent')\n"})

    def test_the_program_that_tells_of_what_happens(self):
        self.refused(f"printf '#!/bin/sh\\ntouch {self.outside}/pwned\\n' > tools/tell.sh", "tools/tell.sh")
        self.assertFalse((self.outside / "pwned").exists())

    def test_a_link_on_the_way_to_it(self):
        self.refused("mkdir -p mine; touch mine/tell.sh; ln -sfn mine bin", "bin")

    def test_its_mode(self):
        self.refused("chmod -x tools/tell.sh", "tools/tell.sh")

    def test_the_program_of_another_agent(self):
        self.refused("rm tools/agent.py", "tools/agent.py")


class ItChangesWhatSetupMakes(WhatRunsFromTheTree):
    """What setup has made is kept for other workspaces; what a run's own result makes is not."""

    def hostile_config(self, rest="", worker=""):
        return super().hostile_config(rest, worker).replace(
            'specs = ', 'setup = ["mkdir -p dep; test -e dep/a || cat source > dep/a; date +%s%N >> dep/a"]\n'
                        'cache = ["dep"]\nspecs = ', 1)

    def prepare(self):
        super().prepare()
        self.repo.commit("locked", {"package-lock.json": "1\n", "source": "good\n"})

    def test_its_own_setup_reaches_nobody_else(self):
        self.add("VTID-00701", f"test $(wc -l < dep/a) -eq 2; echo evil >> dep/a; echo evil > source; echo 2 > package-lock.json\n{DONE}")
        self.until_idle()
        self.assertStatus("VTID-00701", "completed")
        # A delivered lock file is one of the branch: its first setup is the next run's, on the branch.
        self.repo.commit("back", {"package-lock.json": "1\n", "source": "good\n", "page.txt": "colour: red\n"})
        self.add("VTID-00702", f"test $(wc -l < dep/a) -eq 3; ! grep -q evil dep/a\n{DONE}", title="Once more")
        self.until_idle()
        self.assertStatus("VTID-00702", "completed")


class ItChangesWhatChecksStart(WhatRunsFromTheTree):
    """A check that is started through a link is the file behind it."""

    def hostile_config(self, rest="", worker=""):
        return super().hostile_config(rest + '[verify]\ncommands = ["./check.sh", "sh td/other.sh"]\n', worker)

    def prepare(self):
        super().prepare()
        for name in ("s/check.sh", "tools/other.sh"):
            self.repo.write(name, "#!/bin/sh\ntest ! -f bad\n")
            (self.repo.folder / name).chmod(0o755)
        (self.repo.folder / "check.sh").symlink_to("s/check.sh")
        (self.repo.folder / "td").symlink_to("tools")
        self.repo.commit("checks")

    def test_the_file_behind_the_link(self):
        self.refused("touch bad; echo exit 0 > s/check.sh", "s/check.sh")

    def test_the_file_in_a_folder_behind_a_link(self):
        self.refused("touch bad; echo exit 0 > tools/other.sh", "tools/other.sh")

    def test_another_folder_in_the_place_of_the_link(self):
        self.refused("touch bad; rm td; mkdir td; echo exit 0 > td/other.sh", "td")


class ItChangesWhatTheUsersGitStarts(WhatRunsFromTheTree):
    """The user's git may start programs of the tree: Vitana's own next delivery would run them."""

    def prepare(self):
        super().prepare()
        for name in ("hooks/pre-receive", "tools/receive.sh", "tools/clean.sh"):
            self.repo.write(name, "#!/bin/sh\ncat\n")
            (self.repo.folder / name).chmod(0o755)
        self.repo.commit("programs", {".gitattributes": "*.txt filter=one\n", ".gitconfig": "# shared\n"})

    def evil(self, path):
        return (f"mkdir -p {os.path.dirname(path) or '.'}; "
                f"printf '#!/bin/sh\\ntouch {self.outside}/pwned\\ncat\\n' > {path}; chmod +x {path}")

    def refused(self, script, path):
        super().refused(script, path)
        # What was refused is in no work tree: a delivery that comes next starts nothing of it.
        self.add("VTID-00702", DONE)
        self.until_idle()
        self.assertStatus("VTID-00702", "completed")
        self.assertFalse((self.outside / "pwned").exists())

    def test_a_hook_of_a_folder_in_the_tree(self):
        self.repo.git("config", "core.hooksPath", str(self.repo.folder / "hooks"))
        self.refused(self.evil("hooks/pre-receive"), "hooks/pre-receive")

    def test_a_hook_that_it_adds_to_such_a_folder(self):
        self.repo.git("config", "core.hooksPath", "../hooks")
        self.refused(self.evil("hooks/post-receive"), "hooks/post-receive")

    def test_what_a_hook_of_the_git_folder_is_a_link_to(self):
        (self.repo.folder / ".git/hooks").mkdir(exist_ok=True)
        (self.repo.folder / ".git/hooks/pre-receive").symlink_to("../../tools/receive.sh")
        self.refused(self.evil("tools/receive.sh"), "tools/receive.sh")

    def test_the_program_of_a_filter(self):
        self.repo.git("config", "filter.one.smudge", "tools/clean.sh")
        self.refused(self.evil("tools/clean.sh"), "tools/clean.sh")

    def test_a_file_of_the_tree_that_the_configuration_includes(self):
        self.repo.git("config", "include.path", "../.gitconfig")
        self.refused(f"printf '[filter \"one\"]\\n\\tsmudge = touch {self.outside}/pwned; cat\\n' > .gitconfig",
                     ".gitconfig")


class ItLiesWithGit(Hostile):
    def test_an_index_that_hides_and_invents_is_not_read(self):
        self.attack(f"""
            git update-index --assume-unchanged page.txt
            blob=$(echo invented | git hash-object -w --stdin)
            git update-index --add --cacheinfo 100644,$blob,invented.txt
            git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),gitlink
            mkdir -p .git/info; printf 'page.txt\\n*\\n' > .git/info/exclude
            git config core.sparseCheckout true; echo '!/*' > .git/info/sparse-checkout
            {DONE}
            touch -d 2000-01-01 page.txt""")
        self.assertEqual(self.changed(), ["page.txt"])

    def test_replaced_objects_and_grafts_are_not_followed(self):
        self.attack(f"""
            evil=$(git commit-tree -m evil $(git hash-object -t tree -w /dev/null))
            git replace -f HEAD $evil; git replace -f HEAD^{{tree}} $(git hash-object -t tree -w /dev/null)
            mkdir -p .git/info; git rev-parse HEAD > .git/info/grafts; git rev-parse HEAD > .git/shallow
            {DONE}""")
        self.assertEqual(self.changed(), ["page.txt"])
        self.assertEqual(self.repo.count(self.result()), self.repo.count("main") + 1)

    def test_its_git_folder_may_be_anything(self):
        forms = {
            "VTID-00701": "rm -rf .git",
            "VTID-00702": f"rm -rf .git; ln -s {self.repo.folder}/.git .git",
            "VTID-00703": f"rm -rf .git; echo 'gitdir: {self.repo.folder}/.git' > .git",
            "VTID-00704": "rm -rf .git; mkfifo .git",
            "VTID-00705": "dd if=/dev/urandom of=.git/index bs=1k count=64 status=none; echo x > .git/config; echo x > .git/HEAD",
        }
        for vtid, script in forms.items():
            self.add(vtid, f"{script}\n{DONE}")
        self.photograph()
        self.until_idle()
        for vtid in forms:
            self.assertStatus(vtid, "completed")
            self.assertEqual(self.changed(vtid), ["page.txt"])
        self.assertUntouched()

    def test_what_has_no_place_in_a_tree_is_forbidden(self):
        forms = {
            "VTID-00701": ("nested", "mkdir nested; cd nested; git init -q; git -c user.name=x -c user.email=x@x commit -q --allow-empty -m x; cd .."),
            "VTID-00702": ("bare", "git init -q --bare bare"),
            "VTID-00703": ("sub", "mkdir sub; echo 'gitdir: ../.git' > sub/.git"),
            "VTID-00704": ("leak", "ln -s /etc/passwd leak"),
            "VTID-00705": ("leak", "mkdir d; ln -s ../../.. d/up; ln -s d/up leak; rm -f d/x"),
            "VTID-00706": ("inner", "ln -s .git/config inner"),
            "VTID-00707": ("pipe", "mkfifo pipe"),
            "VTID-00708": ("hole", python("import os, stat; os.mknod('hole', stat.S_IFCHR, 0)")),
            "VTID-00709": ("socket", python("import socket; socket.socket(socket.AF_UNIX).bind('socket')")),
            "VTID-00710": ("page.txt", "rm page.txt; ln -s ../outside page.txt; exit 0"),
        }
        for vtid, (_, script) in forms.items():
            self.add(vtid, f"{script}\n{DONE}" if "exit 0" not in script else script)
        self.photograph()
        self.until_idle()
        for vtid, (path, _) in forms.items():
            task = self.assertStatus(vtid, "failed", "PATH_FORBIDDEN")
            if vtid != "VTID-00705":  # either of its two links is named
                self.assertIn(path, task["failure"]["message"])
        self.assertEqual(self.repo.branches(), ["main"])
        self.assertUntouched()


class ACheckMeansHarm(Hostile):
    """It comes with the spec, and runs on the base and on the result."""

    def check(self, script, code=None, words="check"):
        text = spec_text("VTID-00701", check="").rstrip() + f"\n\n  ```{words}\n" + \
            "".join(f"  {line}\n" for line in script.strip().splitlines()) + "  ```\n"
        self.add_spec("VTID-00701", text=text, script=DONE)
        self.photograph()
        self.until_idle()
        return self.ended(code=code)

    def verdict(self, task):
        [evidence] = task["runs"][0]["evidence"]
        return evidence["verdict"], evidence["exit_code"]

    def test_it_writes_and_reads_outside(self):
        (self.root / "home/key").write_text(self.mark)
        places = " ".join(map(str, (self.outside, self.repo.folder, self.root / "home", self.data, "/etc", "/usr", "..")))
        task = self.check(f"""
            for place in {places}; do touch $place/x 2>/dev/null && echo WR""OTE $place; done
            cat {self.root}/home/key /proc/*/environ 2>/dev/null || true
            git update-ref refs/heads/main HEAD 2>/dev/null; git push -q {self.repo.folder} HEAD:evil 2>/dev/null && echo WR""OTE ref
            grep -q blue page.txt""")
        self.assertEqual(self.verdict(task), ("passed", 0))
        said = self.vitana("task", "evidence", "VTID-00701", code=0).out
        self.assertIn("CI=true", said)  # its own environment it sees
        wrote = [line.split()[-1] for line in said.splitlines() if "| WROTE " in line]
        self.assertEqual([place for place in wrote if not place.startswith("/tmp/")], [])  # a /tmp of its own
        self.assertFalse((self.data / "x").exists())
        self.assertNotIn(self.mark, said)

    def test_it_changes_what_it_judges(self):
        """Its tree is a throw-away copy: neither the result nor the next check sees what it did."""
        text = spec_text("VTID-00701", check="echo 'colour: blue' > page.txt; echo x > planted; git commit -qam x") + \
            "\n- Still so\n  ```check\n  test ! -e planted\n  grep -q blue page.txt\n  ```\n"
        self.add_spec("VTID-00701", text=text, script="echo 'colour: green' > page.txt")
        self.photograph()
        self.until_idle()
        task = self.ended(code="VERIFICATION_FAILED")
        self.assertEqual([e["verdict"] for e in task["runs"][0]["evidence"]], ["vacuous", "failed"])

    def test_it_leaves_a_daemon(self):
        task = self.check("(trap '' TERM HUP; setsid sleep 607 < /dev/null > /dev/null 2>&1 &) &\ngrep -q blue page.txt")
        self.assertEqual(self.verdict(task), ("passed", 0))

    def test_it_floods(self):
        task = self.check("yes", code="VERIFICATION_FAILED")
        self.assertEqual(self.verdict(task), ("failed", 124))
        self.assertLess(len(self.vitana("task", "evidence", "VTID-00701", "--json", code=0).out), 200_000)

    def test_it_sleeps_for_ever(self):
        task = self.check(DEAF + "while :; do sleep 600; done", code="VERIFICATION_FAILED", words="check timeout=1s")
        self.assertEqual(self.verdict(task), ("failed", 124))

    def test_it_leaves_folders_without_a_bottom(self):
        task = self.check("mkdir -p $(printf 'd/%.0s' $(seq 900))\ngrep -q blue page.txt")
        self.assertIn(self.verdict(task), (("passed", 0), ("failed", 124)))


class TheEngineDiesWhileTheyLive(Hostile):
    """kill -9: nobody is left to end them but their supervisors, or the kernel."""

    limits = 'timeout = "10m"\nmemory = "600M"\noutput = "1G"'
    AGENTS = {
        "VTID-00711": "sleep 611",
        "VTID-00712": DEAF + "sleep 612; sleep 612; sleep 612",
        "VTID-00713": ItForksAway.ESCAPES + "sleep 613",
        "VTID-00714": "sleep 614 & while :; do echo flood; sleep 0.01; done",
        "VTID-00715": "head -c 90000000 /dev/zero | tail -c 80000000 | sleep 615",
        "VTID-00716": "sleep 616 & while :; do head -c 9000000 /dev/zero > big; rm big; done",
        "VTID-00717": DEAF + "sleep 617 & while :; do (setsid sleep 618 &) ; sleep 0.3; done",
        "VTID-00718": DONE,  # its check sleeps
    }

    def hostile_config(self, rest="", worker=""):
        return super().hostile_config(rest + "[caps]\nconcurrent = 8\n").replace("slots = 2", "slots = 8")

    def all_alive(self):
        engine = self.start_synced()
        self.add_spec("VTID-00710")  # until a run has worked, three at a time are started
        self.wait_for_status("VTID-00710", "completed")
        for vtid, script in self.AGENTS.items():
            check = DEAF + "sleep 619; sleep 619" if vtid == "VTID-00718" else "grep -q blue page.txt"
            self.agent(vtid, script)
            self.repo.write(f"docs/specs/{vtid}-x.md", spec_text(vtid, check=check))
        self.repo.commit("all of them")
        self.photograph()
        wanted = {f"sleep {number}" for number in (*range(7600, 7607), *range(611, 620))}

        def alive():
            return wanted & set(descendants(engine.pid).values())
        wait_until(lambda: f"all live, but {wanted - alive()}\n{engine.said()}", lambda: alive() == wanted)
        return engine

    def assertAllDead(self, engine):
        engine.end()
        self.assertNoProcess(20)
        self.assertHealthy()
        after = self.facts()
        self.assertEqual({name: after.get(name) for name in self.before}, self.before)

    def test_their_supervisors_end_them(self):
        engine = self.all_alive()
        engine.process.kill()
        self.assertAllDead(engine)

    def test_even_without_their_supervisors(self):
        """The sandbox dies with whoever made it."""
        engine = self.all_alive()
        supervisors = [pid for pid, line in descendants(engine.pid).items() if "__supervise" in line]
        self.assertGreaterEqual(len(supervisors), 8)
        engine.signal(signal.SIGSTOP)
        for pid in supervisors:
            os.kill(pid, signal.SIGKILL)
        engine.process.kill()
        self.assertAllDead(engine)
