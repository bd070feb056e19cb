#!/usr/bin/env python3
"""Looks at the pictures of the pages: well-formed SVG with a title, text as text, readable in light and dark, and nothing
that is loaded from elsewhere.

usage: pictures.py FOLDER
"""

import pathlib
import sys
import xml.etree.ElementTree as tree

SVG = "{http://www.w3.org/2000/svg}"


def faults(path):
    text = path.read_text(encoding="utf-8")
    root = tree.fromstring(text)
    title = root.findtext(f"{SVG}title", "").strip()
    if root.get("role") != "img" or not title:
        yield "has no role img with a title"
    if not root.findall(f".//{SVG}text"):
        yield "has no text"
    # A picture with a ground of its own is readable on any page.
    if "prefers-color-scheme: dark" not in text and root.find(f"{SVG}rect") is None:
        yield "says nothing for a dark page"
    for element in root.iter():
        if element.tag in (f"{SVG}image", f"{SVG}script", f"{SVG}foreignObject"):
            yield f"holds {element.tag.removeprefix(SVG)}"
        for name, value in element.attrib.items():
            if name.endswith("href") and not value.startswith("#"):
                yield f"refers to {value}"
    if "@import" in text or "url(http" in text:
        yield "loads a style"


found = [f"{path.name} {fault}" for path in sorted(pathlib.Path(sys.argv[1]).glob("*.svg")) for fault in faults(path)]
if found or not any(pathlib.Path(sys.argv[1]).glob("*.svg")):
    sys.exit("\n".join(found) or "there is no picture")
