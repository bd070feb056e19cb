#!/usr/bin/env python3
"""Looks for circles of imports between the files of a crate: a reader could then understand none of them alone.

usage: import-circles.py [CRATE...]    folders with a src/; without one, all crates of the workspace

Every path in the code (not in its tests) is followed to the file that defines what it names, through re-exports. A
`mod` declaration is no import. Exit 1 if there is a circle, with its files and what leads from one to the next.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ITEM = re.compile(
    r"^(?:pub(?:\([^)]*\))? )?(?:const |async |unsafe |extern \"C\" )*"
    r"(?:fn|struct|enum|trait|type|const|static|union|macro_rules!)\s+([A-Za-z_0-9]+)",
    re.M,
)
DECLARED = re.compile(r"^\s*(?:#\[path[^\]]*\]\s*)?(?:pub(?:\([^)]*\))? )?mod ([a-z_0-9]+);", re.M)
USE = re.compile(r"^\s*((?:pub(?:\([^)]*\))? )?)use ([^;]+);", re.M)
PATH = re.compile(r"(?<![\w:.$])((?:[a-zA-Z_]\w*)(?:::[A-Za-z_]\w*)+)")


def code(text):
    text = re.sub(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)?(?:pub(?:\([^)]*\))? )?mod \w+;", "", text)
    text = re.split(r"#\[cfg\(test\)\]\s*(?:pub(?:\([^)]*\))? )?mod \w+ \{", text)[0]
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(?:\\.|[^"\\])*"', '""', text)


def split(body):
    parts, depth, part = [], 0, ""
    for letter in body:
        depth += letter == "{"
        depth -= letter == "}"
        if letter == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [part for part in [*parts, part.strip()] if part]


def leaves(tree):
    """(path, name it gets) of each leaf of a use tree."""
    tree = " ".join(tree.split())
    brace = tree.find("{")
    if brace < 0:
        path, _, alias = tree.partition(" as ")
        yield path.strip(), alias.strip() or path.strip().split("::")[-1]
        return
    prefix = tree[:brace]
    for part in split(tree[brace + 1 : tree.rindex("}")]):
        for path, name in leaves(part):
            if path == "self" or path.startswith("self as"):
                whole = prefix.removesuffix("::")
                yield whole, name if name != "self" else whole.split("::")[-1]
            else:
                yield prefix + path, name


class Crate:
    def __init__(self, source):
        self.files = {}
        for entry in ("lib.rs", "main.rs"):
            if (source / entry).exists():
                self.walk(source / entry, source, ())
                break
        self.items = {path: set(ITEM.findall(text)) for path, (_, text) in self.files.items()}
        self.uses = {}
        for module, (_, text) in self.files.items():
            self.uses[module] = [
                (path, name, bool(public.strip())) for public, tree in USE.findall(text) for path, name in leaves(tree)
            ]

    def walk(self, file, folder, module):
        text = code(file.read_text())
        self.files[module] = (file, text)
        for child in DECLARED.findall(text):
            inside = folder / child
            for candidate in (folder / f"{child}.rs", inside / "mod.rs"):
                if candidate.exists():
                    self.walk(candidate, inside, (*module, child))

    def absolute(self, path, module, names):
        """The path from the crate's root, or None where it leads elsewhere."""
        parts = path.split("::")
        at = list(module)
        if parts[0] == "crate":
            return parts[1:]
        if parts[0] == "self":
            return at + parts[1:]
        if parts[0] == "super":
            while parts and parts[0] == "super":
                at, parts = at[:-1], parts[1:]
            return at + parts
        if (*module, parts[0]) in self.files:
            return at + parts
        if names and parts[0] in names:
            whole = self.absolute(names[parts[0]], module, None)
            return whole and whole + parts[1:]
        return None

    def home(self, whole, seen=()):
        """The module that defines what the path names."""
        deepest = next(tuple(whole[:n]) for n in range(len(whole), -1, -1) if tuple(whole[:n]) in self.files)
        rest = whole[len(deepest) :]
        if not rest or rest[0] in self.items[deepest] or (deepest, rest[0]) in seen:
            return deepest
        for path, name, _ in self.uses[deepest]:
            if name == rest[0]:
                further = self.absolute(path, deepest, None)
                return self.home(further + rest[1:], (*seen, (deepest, rest[0]))) if further else None
        return deepest

    def imports(self, module):
        names = {name: path for path, name, _ in self.uses[module]}
        text = self.files[module][1]
        body = USE.sub("", text)
        wanted = [path for path, name, public in self.uses[module] if not public] + PATH.findall(body)
        wanted += [names[word] for word in set(re.findall(r"\b[A-Z]\w*\b|\b[a-z_]\w*(?=\()", body)) if word in names]
        found = {}
        for path in wanted:
            whole = self.absolute(path, module, names)
            if whole is None or (whole and whole[-1] == "*"):
                continue
            # A module that is only brought into scope is not yet what is used of it.
            if tuple(whole) in self.files and path in names.values():
                continue
            target = self.home(whole)
            if target is not None and target != module:
                found.setdefault(target, path)
        return found


def circles(edges):
    """Strongly connected parts of more than one file (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in edges[node]:
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            part = []
            while not part or part[-1] != node:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for node in edges:
        if node not in index:
            visit(node)
    return found


def main(arguments):
    sys.setrecursionlimit(10_000)
    folders = [Path(name) for name in arguments] or [ROOT, *sorted(path.parent for path in ROOT.glob("crates/*/Cargo.toml"))]
    failed = False
    for folder in folders:
        crate = Crate(folder / "src")
        edges = {module: crate.imports(module) for module in crate.files}
        for part in circles(edges):
            failed = True
            print(f"a circle of {len(part)} files in {folder.name}:")
            for module in part:
                for target, path in sorted(edges[module].items()):
                    if target in part:
                        here, there = (crate.files[at][0].relative_to(folder) for at in (module, target))
                        print(f"  {here} -> {there}  ({path})")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
