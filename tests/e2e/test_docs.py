"""Every command, configuration and spec of the documentation is run."""

import json
import os
import re
import subprocess
import tomllib

from harness import COMMAND_SECONDS, SOURCE, World, wait_until

DOCUMENTS = [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]
EXAMPLES = sorted((SOURCE / "examples").rglob("*.toml"))

# Run by script/test and by every build, not from here.
SCRIPT = re.compile(r"script/[a-z-]+")
FENCE = re.compile(r"(`{3,})([^`]*)$")
# Pictures: nothing in them is typed or read by the program.
PICTURES = ("text", "mermaid")
STAND_IN = """#!/bin/sh -e
cat > /dev/null
mkdir -p docs
echo 'Vitana was here' > docs/vitana-first-task.md
"""


def blocks_of(text):
    """(line, info string, content) of each fenced block that stands at the margin."""
    blocks, fence, info, start, content = [], None, "", 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        match = FENCE.match(line)
        if fence is None:
            if match:
                fence, info, start, content = match[1], match[2].strip(), number, []
        elif match and len(match[1]) >= len(fence) and not match[2].strip():
            blocks.append((start, info, "\n".join(content) + "\n"))
            fence = None
        else:
            content.append(line)
    return blocks


def commands_of(block):
    """Its lines without comments, as a shell reads them one after the other."""
    joined = block.replace("\\\n", " ")
    return [line for line in (re.sub(r"\s+#.*$|^#.*$", "", line).strip() for line in joined.splitlines()) if line]


class EveryBlockIsRun(World):
    mode = "branch"
    url = None  # of the gateway, once one runs

    def prepare(self):
        self.repo.commit("a page", {"page.txt": "colour: red\n", "check.sh": "#!/bin/sh\ntest -s page.txt\n",
                                    "tools/fixer.sh": STAND_IN, "tools/tell.sh": "#!/bin/sh\ncat > /dev/null\n"})
        for name in ("check.sh", "tools/fixer.sh", "tools/tell.sh"):
            (self.repo.folder / name).chmod(0o755)
        self.repo.commit("programs")
        agent = self.root / "bin/claude"
        agent.write_text(STAND_IN)
        agent.chmod(0o755)
        self.environment["ANTHROPIC_API_KEY"] = "a-key-for-the-stand-in"
        self.environment["SHOP_HOOK_SECRET"] = "a-secret-for-the-forge"
        (self.root / "tmp").mkdir()

    # What is wrong with a block; nothing if it does what it says.

    def toml(self, text):
        tomllib.loads(text)  # says where
        file = self.repo.write("block.toml", text)
        answer = self.vitana("config", "check", "--config", file)
        file.unlink()
        return "" if answer.code == 0 else str(answer)

    def spec(self, text):
        """A whole spec, or a section of one."""
        if not re.search(r"(?m)^# ", text):
            text = "# VTID-00900: A title\n\n## Summary\n\nA summary that is long enough.\n\n" + text
        answer = self.vitana("spec", "validate", "-", input=text)
        return "" if answer.code == 0 else str(answer)

    def front_matter(self, text):
        return self.spec(text + "\n# VTID-01213: A title\n\n## Summary\n\nA summary that is long enough.\n\n"
                                "## Acceptance Criteria\n\n- It is there\n")

    def shell(self, block):
        for line in commands_of(block):
            wrong = self.command(line)
            if wrong:
                return wrong
        return ""

    def command(self, line):
        if SCRIPT.fullmatch(line.split()[0]):
            script = SOURCE / line.split()[0]
            return "" if os.access(script, os.X_OK) else f"{script} is no program"
        if line == "vitana autopilot":
            engine = self.start("autopilot")
            wait_until(engine.said, lambda: "autopilot:" in engine.said() or not engine.alive())
            code = engine.stop()
            return "" if code == 0 else f"{line}: exit {code}\n{engine.said()}"
        if line == "vitana serve":
            return self.serve()
        if self.url:
            line = line.replace("http://127.0.0.1:8080", self.url)
        line = line.replace("/tmp/", f"{self.root}/tmp/")
        done = subprocess.run(["sh", "-e", "-c", line], cwd=self.repo.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS)
        return "" if done.returncode == 0 else f"$ {line}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"

    def serve(self):
        """A gateway at a port of its own, for the rest of the page. Its repository has a forge's secret."""
        place = self.data / "server.json"
        config = self.repo.folder / "vitana.toml"
        config.write_text(config.read_text().replace(
            "[[repos]]", '[[repos]]\nwebhook_secret = "env:SHOP_HOOK_SECRET"', 1))
        engine = self.start("serve", "--listen", "127.0.0.1:0")
        wait_until(engine.said, lambda: place.exists() or not engine.alive())
        if not engine.alive():
            return f"vitana serve: exit {engine.end()}\n{engine.said()}"
        self.url = json.loads(place.read_text())["url"]
        self.addCleanup(engine.stop)
        return ""

    def hook(self, text):
        """A program that tells the gateway of a push."""
        script = self.root / "tmp" / "hook"
        script.write_text(text.replace("http://127.0.0.1:8080", self.url))
        done = subprocess.run(["sh", "-e", script], env=self.environment, text=True, capture_output=True,
                              timeout=COMMAND_SECONDS)
        taken = done.returncode == 0 and json.loads(done.stdout)["deliveries"][0]["outcome"] == "looking"
        return "" if taken else f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"

    @staticmethod
    def report(text):
        """The one JSON that people write: an agent's report."""
        unknown = set(json.loads(text)) - {"summary", "question", "criteria", "usage"}
        return f"an agent's report has no {unknown}" if unknown else ""

    def failure(self, text):
        """A problem document is what the gateway answers."""
        documented = json.loads(text)
        line = f"curl -s -H \"Authorization: Bearer $(cat .vitana/token)\" {self.url}/api/v1/tasks/VTID-00077"
        answered = json.loads(subprocess.run(["sh", "-c", line], cwd=self.repo.folder, env=self.environment, text=True,
                                             capture_output=True, timeout=COMMAND_SECONDS).stdout)
        return "" if documented == answered else f"it is {answered}"

    def problem(self, info, text):
        kind = info.split()[0] if info else ""
        if kind in PICTURES:
            return ""
        try:
            if kind == "toml":
                return self.toml(text)
            if info == "sh hook":
                return self.hook(text)
            if kind == "sh":
                return self.shell(text)
            if kind == "markdown":
                return self.spec(text)
            if info == "json error":
                return self.failure(text)
            if info == "json branch":
                json.loads(text)  # test_outward holds it against an event
                return ""
            if kind == "json":
                return self.report(text)
            if kind == "yaml" and text.startswith("---\n"):
                return self.front_matter(text)
        except (tomllib.TOMLDecodeError, json.JSONDecodeError, AssertionError, subprocess.TimeoutExpired) as error:
            return str(error)
        return f"nobody knows how to run a block of '{info}'; a picture says ```text"

    def check(self, name):
        document = SOURCE / name
        blocks = blocks_of(document.read_text())
        if all(info in PICTURES for _, info, _ in blocks):
            return
        sets_up = any("vitana init" in commands_of(text) for _, info, text in blocks if info == "sh")
        if not sets_up:
            self.vitana("init", code=0)
            self.vitana("run", "docs/specs/00001-first-task.md", code=0)
        for line, info, text in blocks:
            with self.subTest(f"{name}:{line}"):
                wrong = self.problem(info, text)
                self.assertFalse(wrong, f"{name}:{line}: {wrong}")
        for engine in self.engines:
            if engine.alive():
                engine.stop()
        self.assertNoProcess()

    def test_the_examples(self):
        self.assertTrue(EXAMPLES)
        for file in EXAMPLES:
            with self.subTest(str(file.relative_to(SOURCE))):
                self.assertEqual(self.toml(file.read_text()), "")

    # A gate that cannot fail is none.

    def test_a_broken_block_is_found(self):
        self.vitana("init", code=0)
        for info, text in (("toml", "[worker]\nslotz = 3\n"), ("toml", "[worker\n"), ("sh", "vitana tusk list\n"),
                           ("sh", "true\nfalse\ntrue\n"), ("sh", "script/nothing\n"), ("", "some words\n"),
                           ("markdown", "# VTID-00001: A title\n\nNothing else.\n"), ("python", "print(1)\n"), ("json", "{,}\n"), ("json", '{"sumary": ""}\n')):
            with self.subTest(text):
                self.assertNotEqual(self.problem(info, text), "")

    def test_blocks_in_blocks_are_read_as_one(self):
        text = "````markdown\n- one\n\n```check\ntrue\n```\n````\n\n```sh\nls\n```\n"
        self.assertEqual([(line, info) for line, info, _ in blocks_of(text)], [(1, "markdown"), (9, "sh")])


def document_test(name):
    return lambda self: self.check(name)


for document in DOCUMENTS:
    name = str(document.relative_to(SOURCE))
    setattr(EveryBlockIsRun, "test_" + re.sub(r"\W+", "_", name.lower()).strip("_"), document_test(name))
