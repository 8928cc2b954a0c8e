"""Completion, asked as the shells ask for it: of bash by its function, of zsh by a key in a terminal."""

import os
import pty
import select
import shlex
import shutil
import subprocess
import tempfile
import time
import unittest

from harness import BINARY


def script_of(shell):
    return subprocess.run([BINARY, "completion", shell], capture_output=True, text=True, check=True).stdout


class Completion(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text=""):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class InBash(Completion):
    def offered(self, *words):
        script = self.write("script", script_of("bash"))
        ask = (f"source {script}; COMP_WORDS=({shlex.join(('vitana', *words))}); COMP_CWORD={len(words)}; _vitana; "
               'printf "%s\\n" "${COMPREPLY[@]}"')
        return subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True).stdout.split()

    def test_a_command_of_a_group(self):
        self.assertEqual(self.offered("--data", "task", "task", "wa"), ["watch"])

    def test_the_values_of_a_flag(self):
        self.assertEqual(self.offered("run", "--delivery", ""), ["branch", "merge"])
        self.assertEqual(self.offered("task", "list", "--status", "=", "comp"), ["completed"])
        self.assertEqual(self.offered("task", "list", "--code", "AGENT_LOG"), ["AGENT_LOGIN"])

    def test_after_a_flag_and_its_value_the_command_goes_on(self):
        self.assertEqual(self.offered("task", "list", "--status", "failed", "--co"), ["--config", "--code"])

    def test_the_words_of_an_argument(self):
        self.assertEqual(self.offered("completion", "z"), ["zsh"])

    def test_a_file_is_left_to_the_shell_which_knows_how_to_quote_it(self):
        self.write("two words.md")
        self.assertEqual(self.offered("spec", "validate", "two"), [])
        self.assertIn("complete -o default ", script_of("bash"))


@unittest.skipUnless(shutil.which("zsh"), "COMPLETION IN ZSH IS NOT TESTED: there is no zsh here")
class InZsh(Completion):
    def completed(self, line, expected):
        """Types the line and a tab; what stands there then, as far as `expected`."""
        script = self.write("script", script_of("zsh"))
        self.write(".zshrc", f"autoload -Uz compinit; compinit -u -D\nsource {script}\n"
                             f"unsetopt BEEP\nPS1='READY> '\ncd {self.folder}\n")
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(ZDOTDIR=self.folder, TERM="dumb", COLUMNS="200")
            os.execvp("zsh", ["zsh", "-i"])

        def shown_until(text):
            shown, until = "", time.monotonic() + 30
            while text not in shown and time.monotonic() < until:
                if select.select([terminal], [], [], 1)[0]:
                    shown += os.read(terminal, 4096).decode()
            return shown

        try:
            shown_until("READY> ")
            os.write(terminal, line.encode() + b"\t")
            return shown_until(expected)
        finally:
            os.close(terminal)
            os.waitpid(pid, 0)

    def test_commands_values_and_files(self):
        self.write("two words.md")
        for line, whole in [("vitana task wa", "vitana task watch "),
                            ("vitana task list --status comp", "--status completed "),
                            ("vitana completion z", "vitana completion zsh "),
                            ("vitana run two", "vitana run two\\ words.md ")]:
            with self.subTest(line):
                self.assertIn(whole, self.completed(line, whole))


if __name__ == "__main__":
    unittest.main()
