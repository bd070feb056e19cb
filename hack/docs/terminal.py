#!/usr/bin/env python3
"""Draws the terminal of the README from what the programs really print.

    hack/docs/terminal.py record     runs docs/tutorial.md up to the question about Ann's order, and writes
                                     docs/pictures/terminal.svg of what `kubectl yubikey` then shows
    hack/docs/terminal.py draw       the picture of a text on stdin, with colours as a terminal has them, on stdout

`make build` comes first. Nothing is edited: what the picture shows is the output of its commands.
"""

import html
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
PICTURE = ROOT / "docs/pictures/terminal.svg"
SHOWN = ["kubectl yubikey status --namespace onboarding"]
# The page's command after which the question stands there.
UNTIL = "kubectl yubikey holds"
WIDTH = 108
LETTER, LINE, EDGE = 8.43, 19, 16
COLOURS = {"31": "bad", "32": "good", "33": "warn", "1": "strong", "2": "faint"}


def commands():
    """The commands of the tutorial, each with its further lines, until the question is there."""
    found, inside = [], False
    for line in (ROOT / "docs/tutorial.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            if line[2:].startswith(UNTIL):
                break
            found.append(line[2:])
        elif inside:
            found[-1] += "\n" + line
    return [command for command in found if command != "make build"]


def record():
    with tempfile.TemporaryDirectory() as folder:
        state = f"{folder}/tutorial"
        script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT", "exec 3>&1 >/dev/null"]
        script += [c.replace("$PWD/.state/tutorial", state).replace(".state/tutorial", state) for c in commands()]
        for command in SHOWN:
            script += [f"printf '\\n\\033[1m$ %s\\033[0m\\n' '{command}' >&3", f"{command} --color always >&3"]
        environment = {name: value for name, value in os.environ.items() if name != "KUBECONFIG"}
        made = subprocess.run(["bash", "-c", "\n".join(script)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    PICTURE.write_text(draw(made.stdout.decode()), encoding="utf-8")


def wrapped(line):
    """A long line as a terminal of this width shows it, but broken between words, below its beginning."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    if len(plain) <= WIDTH:
        return [line]
    indent = re.match(r"[ │├└─]*", plain)[0]
    below = re.sub("[├└]", lambda m: "│" if m[0] == "├" else " ", indent).replace("─", " ")
    return textwrap.wrap(line, WIDTH, subsequent_indent=below, drop_whitespace=True, break_long_words=False)


def spans(line):
    """Pieces of a line, each with the classes of its colours."""
    classes, at = [], 0
    for code in re.finditer(r"\x1b\[([0-9;]*)m", line):
        if line[at:code.start()]:
            yield line[at:code.start()], classes
        for number in code[1].split(";"):
            classes = [] if number in ("", "0") else classes + [COLOURS[number]] if number in COLOURS else classes
        at = code.end()
    if line[at:]:
        yield line[at:], classes


def draw(text):
    lines = [part for line in text.strip("\n").splitlines() for part in wrapped(line)]
    longest = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width, height = round(longest * LETTER + 2 * EDGE), len(lines) * LINE + 2 * EDGE
    told = html.escape("; ".join(SHOWN))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-labelledby="title">',
        f'  <title id="title">Output of: {told}</title>',
        "  <style>",
        '    text { font: 14px ui-monospace, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre; }',
        "    rect { fill: #0d1117; }",
        "    .good { fill: #3fb950; } .bad { fill: #ff7b72; } .warn { fill: #d29922; } .faint { fill: #9da7b3; }",
        "    .strong { font-weight: 700; }",
        "  </style>",
        f'  <rect width="{width}" height="{height}" rx="8"/>',
    ]
    for number, line in enumerate(lines):
        y = EDGE + LINE * number + 14
        parts = "".join(
            f'<tspan class="{" ".join(classes)}">{html.escape(piece)}</tspan>' if classes else html.escape(piece)
            for piece, classes in spans(line)
        )
        if parts:
            out.append(f'  <text x="{EDGE}" y="{y}" xml:space="preserve">{parts}</text>')
    return "\n".join(out) + "\n</svg>\n"


match sys.argv[1:]:
    case ["record"]:
        record()
    case ["draw"]:
        sys.stdout.write(draw(sys.stdin.read()))
    case _:
        sys.exit(__doc__)
