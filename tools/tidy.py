#!/usr/bin/env python3
"""Checks of the house that no compiler makes. Exit 1 with one line per finding.

  tidy.py ROOT LAYERS.json     LAYERS.json: {"domain": ["base"], ...} written by CMake
"""
import json
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
needs = json.loads(pathlib.Path(sys.argv[2]).read_text())
findings = []


def closure(layer, seen=None):
    seen = seen if seen is not None else set()
    for need in needs[layer]:
        if need not in seen:
            seen.add(need)
            closure(need, seen)
    return seen


def find(path, number, text):
    findings.append(f"{path.relative_to(root)}:{number}: {text}")


include = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# word -> what to write instead
banned = {
    r"\bsleep_for\b": "wait on a condition, never sleep",
    r"\bFIXME\b": "finish it, or say in an issue what is left",
    r"\bstd::system\b|\bpopen\(": "process/run.h",
    r"\bsprintf\b": "fmt::format",
    r"\busing namespace std;": "names with std::",
}
limit_columns = 120
limit_lines = 900

for path in sorted(root.glob("src/**/*")) + sorted(root.glob("tests/**/*")):
    if path.suffix not in (".cc", ".h"):
        continue
    layer = path.relative_to(root).parts[1] if path.parts[len(root.parts)] == "src" else None
    allowed = closure(layer) | {layer} if layer in needs else None
    lines = path.read_text(encoding="utf-8").splitlines()
    if len(lines) > limit_lines:
        find(path, len(lines), f"{len(lines)} lines; at most {limit_lines}")
    if path.suffix == ".h" and "#pragma once" not in lines:
        find(path, 1, "no #pragma once")
    for number, line in enumerate(lines, 1):
        if len(line) > limit_columns and "X(" not in line and 'R"' not in line and '"' not in line:
            find(path, number, f"{len(line)} columns; at most {limit_columns}")
        match = include.match(line)
        if match:
            target = match.group(1)
            if ".." in target:
                find(path, number, 'includes start at src/, never with "../"')
            other = target.split("/")[0]
            if allowed is not None and other not in allowed:
                find(path, number, f"layer {layer} does not need {other}")
        for pattern, instead in banned.items():
            # "// polls: REASON" marks the few waits for what sends no signal.
            if re.search(pattern, line.split("//")[0]) and "// polls: " not in line:
                find(path, number, f"{pattern}: {instead}")

# Every source belongs to a target: a test that is not built must not exist.
cmake = "\n".join(p.read_text() for p in root.glob("src/*/CMakeLists.txt")) + "\n".join(
    p.read_text() for p in root.glob("tests/**/CMakeLists.txt"))
for path in sorted(root.glob("src/**/*.cc")) + sorted(root.glob("tests/**/*.cc")):
    if path.name not in cmake:
        find(path, 1, "no target builds this file")

print("\n".join(findings) if findings else "tidy: clean")
sys.exit(1 if findings else 0)
