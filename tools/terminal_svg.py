#!/usr/bin/env python3
"""Draws terminal text from standard input as an SVG: tools/terminal_svg.py TITLE < text > picture.svg"""
import html
import sys

title = sys.argv[1] if len(sys.argv) > 1 else ""
lines = sys.stdin.read().rstrip("\n").split("\n")
advance, leading, margin, top = 8.4, 20, 20, 48
width = int(max(len(line) for line in lines) * advance + 2 * margin)
height = len(lines) * leading + top + margin


def colour(line):
    if "✗" in line or "failed" in line:
        return "#fca5a5"
    if "✓" in line or "completed" in line:
        return "#86efac"
    return "#e2e8f0"


print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" role="img" '
      f'aria-label="{html.escape(title)}">')
print(f'<rect width="{width}" height="{height}" rx="8" fill="#0f172a"/>')
for i, dot in enumerate(("#f87171", "#fbbf24", "#34d399")):
    print(f'<circle cx="{margin + 4 + 18 * i}" cy="22" r="5" fill="{dot}"/>')
print(f'<text x="{width / 2}" y="27" fill="#94a3b8" text-anchor="middle" font-family="monospace" '
      f'font-size="13">{html.escape(title)}</text>')
print('<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">')
for i, line in enumerate(lines):
    print(f'<text x="{margin}" y="{top + (i + 1) * leading - 6}" fill="{colour(line)}">{html.escape(line)}</text>')
print("</g></svg>")
