"""What the pages tell people to type, and which numbers they tell.

    pages.py ROOT    lines `ok` and `not ok`; exit code 1 after a `not ok`

Looks at every page, at the chart's alerts and at its notes.
"""

import pathlib
import re
import sys

RELEASE = "yubikey-shipment-operator"
# `kubectl logs` with a selector shows ten lines of each pod unless it is told otherwise.
FEW_LINES = re.compile(r"kubectl logs (?=[^\n|`]* -l )(?![^\n|`]*--tail)[^\n|`]*")
# The definitions' chart is a release of its own.
OTHER_RELEASE = re.compile(
    rf"helm (?:install|upgrade|uninstall|test) (?!{RELEASE}[ \\]|yubikey-crds |RELEASE|--|and |also |\{{\{{)[a-z][a-z-]* "
    r"(?=charts/|--namespace|[A-Z-]*CHART)[^\n]*"
)
ACCOUNT = re.compile(rf"--as[= ]system:serviceaccount:(?:\S|\{{\{{[^}}]*\}}\}})*:{RELEASE}\b")
# `grep` for a word of the header finds the header.
HEADER = re.compile(r"get y[a-z]+ [^|\n`]*\| grep (?:-\w+ )?(?:REASON|PHASE|READY|MESSAGE|NAME)\b")
# How many tests there are today, and how long they take, is for `make test` to say.
COUNTS = re.compile(r"\b\d+ (?:passed|tests)\b|\babout (?:ten|\d+) minutes\b|\btwenty-\w+ (?:checks|conditions|more)\b", re.I)


def pages(root):
    yield root / "README.md"
    yield root / "CONTRIBUTING.md"
    for folder in ("docs", "charts", "examples", "sandbox", "model", "image", "tools", "control-plane", "tests"):
        yield from sorted((root / folder).rglob("*.md"))
    yield root / "charts/yubikey-shipment-operator/files/alerts.yaml"
    yield from sorted((root / "charts").rglob("NOTES.txt"))


def main(root):
    root = pathlib.Path(root)
    texts = [(page.relative_to(root), page.read_text(encoding="utf-8")) for page in pages(root)]
    rules = {
        "a search in the logs of several pods reads all of them": FEW_LINES,
        "the release has one name": OTHER_RELEASE,
        "a question about rights fits any release's name": ACCOUNT,
        "no search finds the header": HEADER,
        "no page counts tests, or tells how long they take": COUNTS,
    }
    failed = False
    for rule, pattern in rules.items():
        faults = []
        for page, text in texts:
            joined = text.replace("\\\n", "  ")
            faults += [f"{page}: {found[0].strip()[:140]}" for found in pattern.finditer(joined)]
        for fault in faults:
            print(f"  | {fault}")
        print(f"{'not ok' if faults else 'ok'} {rule}")
        failed |= bool(faults)
    sys.exit(1 if failed else 0)


main(sys.argv[1])
