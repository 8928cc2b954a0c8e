"""What script/demo does with its folder and its binary; that the story holds is its own exit code."""

import subprocess

from harness import COMMAND_SECONDS, SOURCE, World

# It ends at once: the demo then tells what its autopilot said, and gives up.
STAND_IN = """#!/bin/sh
echo "called as a stand-in: $*"
"""


class PlacesOfTheDemo(World):
    def prepare(self):
        (self.root / "bin/stand-in").write_text(STAND_IN)
        (self.root / "bin/stand-in").chmod(0o755)

    def demo(self, *words, binary="bin/stand-in"):
        return subprocess.run([SOURCE / "script/demo", *words], cwd=self.root, text=True, capture_output=True,
                              env={**self.environment, "VITANA_BINARY": binary}, timeout=COMMAND_SECONDS)

    def test_a_relative_folder_and_a_relative_binary_work(self):
        done = self.demo("places/demo")
        self.assertIn("called as a stand-in: autopilot", done.stderr)
        self.assertTrue((self.root / "places/demo/shop/.git").is_dir(), done.stderr)

    def test_a_binary_of_the_path_works(self):
        self.assertIn("called as a stand-in: autopilot", self.demo("demo", binary="stand-in").stderr)

    def test_nothing_is_inked_in_a_pipe(self):
        self.assertNotIn("\x1b", self.demo("demo").stdout)

    def test_a_folder_that_was_used_is_refused_before_anything_is_done(self):
        self.demo("demo")
        before = sorted((self.root / "demo/shop").rglob("*"))
        again = self.demo("demo")
        self.assertEqual(again.returncode, 2, again.stderr)
        self.assertIn("demo/shop is there already", again.stderr)
        self.assertEqual(sorted((self.root / "demo/shop").rglob("*")), before)
