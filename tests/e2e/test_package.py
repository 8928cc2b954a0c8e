"""What is shipped: the package's contents, its scripts and unit, and that what it holds runs."""

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
    @classmethod
    def setUpClass(cls):
        for program in ("dpkg-deb", "dpkg-shlibdeps", "strip"):
            if shutil.which(program) is None:
                raise unittest.SkipTest(f"{program} is not installed: nothing was packed")
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="vitana-package-test."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
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
