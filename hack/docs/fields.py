"""Names the fields of the definitions that a page does not show.

    fields.py CRDS PAGE    exit code 1, with their paths, if any is missing

Reads the definitions' YAML by its indentation only, so that it shares nothing with what writes the page.
"""

import html
import pathlib
import re
import sys

FIELD = re.compile(r"^( *)([A-Za-z][A-Za-z0-9]*):(?: |$)")


def main(folder, page):
    shown = set(re.findall(r"<code>([^<]+)</code>", html.unescape(pathlib.Path(page).read_text(encoding="utf-8"))))
    last = {path.rsplit(".", 1)[-1].removesuffix("[]") for path in shown}
    missing = []
    for definition in sorted(pathlib.Path(folder).glob("*.yaml")):
        for name in fields(definition.read_text(encoding="utf-8")):
            if name not in last:
                missing.append(f"{definition.name}: {name}")
    for line in missing:
        print(f"the page does not show {line}")
    return 1 if missing else 0


def fields(text):
    """Keys directly under a `properties:` line."""
    depths = []
    for line in text.splitlines():
        found = FIELD.match(line)
        if not found:
            continue
        depth, key = len(found[1]), found[2]
        while depths and depth <= depths[-1]:
            depths.pop()
        if depths and depth == depths[-1] + 2 and key not in ("apiVersion", "kind", "metadata"):
            yield key
        if key == "properties":
            depths.append(depth)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
