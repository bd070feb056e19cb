#!/usr/bin/env python3
"""Keeps the prose of pages in lines of at most 120 characters, so that a change shows as the lines that changed.

usage: prose.py            rewrites paragraphs that are wider
       prose.py --check    only names them; exit 1 if there are any

Tables, code, headings and whatever cannot be broken stay as they are. A span of code is never broken.
"""

import re
import subprocess
import sys
from pathlib import Path

WIDTH = 120
ROOT = Path(__file__).resolve().parent.parent
ITEM = re.compile(r"^(\s*)([-*+]|\d+\.)(\s+)")
FENCE = re.compile(r"^\s*(```|~~~)")
LEFT_ALONE = re.compile(r"^\s*(\||#|>|<|\[[^\]]+\]:|!\[|---|===)")


def words(text):
    """Words, a span of code counting as one."""
    return re.findall(r"(?:`[^`]*`|[^\s`])+|`", text)


def fill(text, first, rest):
    lines, line = [], first
    for word in words(text):
        wide = len(line) + len(word) + (line.strip() != "" and not line.endswith(" ")) > WIDTH
        # A line that begins like a list, a heading or a table would be read as one.
        if wide and line.strip() and not re.match(r"([-*+#>|]|\d+\.)", word):
            lines.append(line.rstrip())
            line = rest
        glue = "" if not line.strip() or line == first or line == rest else " "
        line += glue + word
    return [*lines, line.rstrip()]


def paragraph(lines):
    if all(len(line) <= WIDTH for line in lines):
        return lines
    item = ITEM.match(lines[0])
    first = item.group(0) if item else re.match(r"\s*", lines[0]).group(0)
    rest = " " * len(first)
    text = " ".join([lines[0][len(first) :], *(line.strip() for line in lines[1:])])
    return fill(text, first, rest)


def reflowed(text):
    out, block, fenced = [], [], False

    def end():
        if block:
            out.extend(paragraph(block))
            block.clear()

    for line in text.split("\n"):
        if FENCE.match(line):
            fenced = not fenced
            end()
            out.append(line)
        elif fenced or not line.strip() or LEFT_ALONE.match(line):
            end()
            out.append(line)
        elif line.startswith("    ") and not block:
            out.append(line)
        else:
            if ITEM.match(line):
                end()
            block.append(line)
    end()
    return "\n".join(out)


def pages():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    generated = {"charts/yubikey-shipment-operator/README.md"}
    return [ROOT / name for name in listed.stdout.split() if name not in generated and (ROOT / name).exists()]


def main(arguments):
    wide = []
    for page in pages():
        before = page.read_text()
        after = reflowed(before)
        if after != before:
            wide.append(page.relative_to(ROOT))
            if arguments != ["--check"]:
                page.write_text(after)
    if arguments == ["--check"]:
        for page in wide:
            print(f"{page}: a paragraph is wider than {WIDTH}; hack/prose.py breaks its lines")
        return 1 if wide else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
