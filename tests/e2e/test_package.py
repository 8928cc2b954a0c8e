"""What is shipped: the package's contents, its scripts and unit, and that what it holds runs."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest

from harness import BINARY, SOURCE


class ThePackage(unittest.TestCase):
    folder = None  # for all of this file

    @classmethod
    def setUpClass(cls):
        for program in ("dpkg-deb", "dpkg-shlibdeps", "strip"):
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{program} is not installed: nothing was packed")
        if cls.folder is not None:
            return
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitana-package-test."))
        unittest.addModuleCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.deb, cls.tarball = cls.pack("first")
        cls.tree = cls.folder / "tree"
        subprocess.run(["dpkg-deb", "-x", cls.deb, cls.tree], check=True)
        cls.control = cls.folder / "control"
        subprocess.run(["dpkg-deb", "-e", cls.deb, cls.control], check=True)

    @classmethod
    def pack(cls, name):
        done = subprocess.run([SOURCE / "script/package", cls.folder / name], text=True, capture_output=True,
                              env={**os.environ, "VITANA_BINARY": str(BINARY), "SOURCE_DATE_EPOCH": "1790000000"})
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return [pathlib.Path(line) for line in done.stdout.splitlines()]

    def listed(self):
        """path -> (mode, owner)"""
        out = subprocess.run(["dpkg-deb", "-c", self.deb], check=True, text=True, capture_output=True).stdout
        return {line.split()[5]: tuple(line.split()[:2]) for line in out.splitlines()}

    def test_holds_what_a_service_needs(self):
        listed = self.listed()
        for path, mode in {"./usr/bin/vitana": "-rwxr-xr-x", "./lib/systemd/system/vitana.service": "-rw-r--r--",
                           "./etc/vitana/vitana.toml": "-rw-r-----", "./etc/vitana/tls/": "drwxr-x---",
                           "./usr/share/doc/vitana/operating.md": "-rw-r--r--",
                           "./usr/share/doc/vitana/copyright": "-rw-r--r--",
                           "./usr/share/bash-completion/completions/vitana": "-rw-r--r--"}.items():
            self.assertEqual(listed.get(path, (None,))[0], mode, path)
        self.assertEqual({owner for _, owner in listed.values()}, {"root/root"})
        self.assertFalse([path for path in listed if path.startswith(("./var", "./tmp", "./home"))])
        self.assertEqual((self.control / "conffiles").read_text(), "/etc/vitana/vitana.toml\n")

    def test_says_what_it_is_and_needs(self):
        fields = dict(re.findall(r"^(\S+): (.*)$", (self.control / "control").read_text(), re.M))
        version = re.search(r"project\(vitana VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
        self.assertEqual((fields["Package"], fields["Version"]), ("vitana", version))
        needs = {part.split()[0].split(":")[0] for part in fields["Depends"].split(", ")}
        self.assertLessEqual({"git", "bubblewrap", "adduser", "libc6", "libssl3", "libsqlite3-0"}, needs)
        self.assertNotIn("", needs)
        done = subprocess.run(["md5sum", "-c", "--quiet", self.control / "md5sums"], cwd=self.tree, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_its_scripts_are_shell_and_do_nothing_where_they_are_not_asked(self):
        for name in ("postinst", "prerm", "postrm"):
            script = self.control / name
            self.assertTrue(os.access(script, os.X_OK))
            self.assertEqual(subprocess.run(["sh", "-n", script]).returncode, 0, name)
        for words in (["postinst", "abort-upgrade", "0.0.1"], ["prerm", "upgrade", "0.0.2"]):
            done = subprocess.run(["sh", "-eu", self.control / words[0], *words[1:]], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), words)

    def test_its_program_and_configuration_fit_each_other(self):
        program = self.tree / "usr/bin/vitana"
        done = subprocess.run([program, "config", "check", "--config", self.tree / "etc/vitana/vitana.toml"],
                              text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # What is written down as examples holds, too.
        text = (self.tree / "etc/vitana/vitana.toml").read_text()
        file = self.folder / "examples.toml"
        examples = re.sub(r"^# (?=[a-z_]+ = |\[)", "", text, flags=re.M).replace('listen = "127.0.0.1:8080"\n', "")
        file.write_text(examples)
        self.assertIn("\n[[repos]]\n", examples)
        self.assertIn("\ntls_key = ", examples)
        done = subprocess.run([program, "config", "check", "--config", file], text=True, capture_output=True)
        self.assertNotIn("CONFIG_", done.stdout + done.stderr)

    def test_its_unit_is_one(self):
        unit = (self.tree / "lib/systemd/system/vitana.service").read_text()
        for line in ("Type=notify", "User=vitana", "KillMode=mixed"):
            self.assertIn(f"\n{line}\n", unit)
        words = re.search(r"^ExecStart=/usr/bin/vitana (.+)$", unit, re.M).group(1).split()
        self.assertEqual(words, ["serve", "--config", "/etc/vitana/vitana.toml"])
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed: the unit was judged by this test alone")
        here = self.folder / "vitana.service"
        here.write_text(unit.replace("/usr/bin/vitana", str(self.tree / "usr/bin/vitana")))
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", here],
                              text=True, capture_output=True)
        self.assertEqual((done.returncode, [line for line in (done.stdout + done.stderr).splitlines() if "vitana" in line]),
                         (0, []), done.stderr)

    def test_the_tarball_holds_the_same_program(self):
        with tarfile.open(self.tarball) as tar:
            names = tar.getnames()
            top = names[0]
            self.assertTrue(all(name == top or name.startswith(f"{top}/") for name in names))
            self.assertLessEqual({f"{top}/bin/vitana", f"{top}/LICENSE", f"{top}/share/vitana.service",
                                  f"{top}/share/doc/operating.md"}, set(names))
            self.assertEqual(tar.extractfile(f"{top}/bin/vitana").read(), (self.tree / "usr/bin/vitana").read_bytes())

    def test_the_same_sources_make_the_same_bytes(self):
        deb, tarball = self.pack("second")
        self.assertEqual(deb.read_bytes(), self.deb.read_bytes())
        self.assertEqual(tarball.read_bytes(), self.tarball.read_bytes())


OVERLAY = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --bind /dev "$1/root/dev"
mount -t tmpfs none "$1/root/run"
echo ready
exec cat
"""

# What a machine with systemd would be told; of the program that is there at that time.
SYSTEMCTL = """#!/bin/sh
echo "$* $(md5sum </usr/bin/vitana | cut -c1-32)" >>/systemctl.log
[ "$1" != try-restart ]
"""


class OnAMachine(unittest.TestCase):
    """Installed, upgraded and removed by dpkg itself, over this machine's files and without changing any of them."""

    @classmethod
    def setUpClass(cls):
        ThePackage.setUpClass()

    def setUp(self):
        self.place = tempfile.mkdtemp(prefix="vitana-machine.")
        self.addCleanup(os.rmdir, self.place)
        self.holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", OVERLAY, "sh", self.place], text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.holder.communicate)
        if self.holder.stdout.readline() != "ready\n":
            self.skipTest("NO OVERLAY OF THIS MACHINE can be made here (it needs root): the package was not installed")
        self.on("sh", "-c", "cat >/usr/bin/systemctl.new && chmod 755 /usr/bin/systemctl.new && "
                "mv /usr/bin/systemctl.new /usr/bin/systemctl", input=SYSTEMCTL)
        self.on("mkdir", "-p", "/run/systemd/system")

    def on(self, *words, code=0, **options):
        done = subprocess.run(["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "chroot", f"{self.place}/root", *words],
                              text=True, capture_output=True, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def dpkg(self, *words):
        return self.on("dpkg", "--force-depends", *map(str, words))

    def told(self):
        """What systemctl was told since the last look, and whether the program was the newer one."""
        newer = hashlib.md5((self.newer / "usr/bin/vitana").read_bytes()).hexdigest()
        lines = self.on("sh", "-c", "cat /systemctl.log 2>/dev/null; rm -f /systemctl.log").splitlines()
        return [(line[:-33], line[-32:] == newer) for line in lines]

    def modes(self, *paths):
        return [line.split(" ", 1)[1] for line in self.on("stat", "-c", "%n %U:%G:%a", *paths).splitlines()]

    def next_version(self):
        """The same package a version later, with another program."""
        self.newer = pathlib.Path(tempfile.mkdtemp(prefix="vitana-newer."))
        self.addCleanup(shutil.rmtree, self.newer)
        subprocess.run(["dpkg-deb", "-R", ThePackage.deb, self.newer], check=True)
        control = self.newer / "DEBIAN/control"
        control.write_text(re.sub(r"(?m)^Version: .*", "Version: 999.0", control.read_text()))
        with open(self.newer / "usr/bin/vitana", "ab") as program:
            program.write(b"newer")
        deb = ThePackage.folder / "newer.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", self.newer, deb], check=True,
                       capture_output=True)
        return deb

    def test_from_the_first_installation_to_the_last_trace(self):
        newer = self.next_version()
        places = ("/var/lib/vitana", "/etc/vitana", "/etc/vitana/tls", "/etc/vitana/vitana.toml")
        modes = ["vitana:vitana:700", "root:vitana:750", "root:vitana:750", "root:vitana:640"]

        said = self.dpkg("--install", ThePackage.deb)
        self.assertIn("systemctl enable --now vitana", said)
        self.assertEqual(self.told(), [("daemon-reload", False)], "it is not started: nothing is configured yet")
        self.assertEqual(self.modes(*places), modes)
        self.on("runuser", "-u", "vitana", "--", "vitana", "config", "check", "--config", "/etc/vitana/vitana.toml")
        self.on("runuser", "-u", "vitana", "--", "sh", "-c", "echo kept >/var/lib/vitana/store")
        self.on("sh", "-c", "echo '# ours' >>/etc/vitana/vitana.toml; echo key >/etc/vitana/tls/key.pem")

        self.dpkg("--install", newer)
        self.assertEqual(self.told(), [("daemon-reload", True)] * 2 + [("try-restart vitana.service", True)],
                         "it was not stopped before, and began anew with the new program; that this failed fails nothing")
        self.assertEqual(self.modes(*places), modes)
        self.assertIn("# ours", self.on("cat", "/etc/vitana/vitana.toml"))

        said = self.dpkg("--remove", "vitana")
        self.assertEqual(self.told()[:2], [("stop vitana.service", True), ("disable --quiet vitana.service", True)])
        self.on("test", "-e", "/usr/bin/vitana", code=1)
        self.assertIn("# ours", self.on("cat", "/etc/vitana/vitana.toml"))

        said = self.dpkg("--purge", "vitana")
        self.assertIn("/var/lib/vitana is kept", said)
        self.assertEqual(self.on("cat", "/var/lib/vitana/store"), "kept\n")
        self.on("id", "vitana")
        self.on("test", "-e", "/etc/vitana/vitana.toml", code=1)
        self.on("test", "-e", "/etc/vitana/tls/key.pem")

    def test_where_no_systemd_is_nothing_is_told(self):
        newer = self.next_version()
        self.on("rmdir", "/run/systemd/system")
        for words in (("--install", ThePackage.deb), ("--install", newer), ("--remove", "vitana"), ("--purge", "vitana")):
            self.dpkg(*words)
        self.assertEqual(self.told(), [])
