"""The chart's table of values, made of the comments in values.yaml.

chart-readme.py           write it into the chart's README.md
chart-readme.py --check   exit code 1 if it differs, if a value has no comment, or
                          if values.yaml and values.schema.json name different values

Every value has a row, or is part of one: a mapping with a comment of its own whose
members have none is shown as a whole. Only the YAML of that one file is understood.
"""

import json
import pathlib
import re
import sys

chart = pathlib.Path(__file__).resolve().parent.parent / "charts" / "yubikey-shipment-operator"
begin = "<!-- Written by hack/chart-readme.py from the comments of values.yaml. -->"
end = "<!-- End of what is written. -->"


class Value:
    """A key of values.yaml: what is said of it, what it is, and what is in it."""

    def __init__(self, path, indent, comment, default):
        self.path, self.indent, self.comment, self.default = path, indent, comment, default
        self.members = []

    def tree(self):
        yield self
        for member in self.members:
            yield from member.tree()

    def said(self):
        return any(value.comment for value in self.tree())

    def shown(self):
        """The default, as it would be written in one line."""
        if not self.members:
            return self.default
        return "{" + ", ".join(f"{m.path[-1]}: {m.shown()}" for m in self.members) + "}"


def read(text):
    """The keys of the outermost level; a blank line ends a comment that is nobody's."""
    root = Value((), -1, "", "")
    above, comment = [root], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            comment = []
            continue
        if line.lstrip().startswith("#"):
            comment.append(line.lstrip().removeprefix("#").strip())
            continue
        key = re.fullmatch(r"( *)([A-Za-z0-9_./-]+):(?: (.*))?", line)
        if not key:
            sys.exit(f"values.yaml, line {number}: only `key:` and `key: value` are understood here")
        indent = len(key[1])
        while above[-1].indent >= indent:
            above.pop()
        value = Value((*above[-1].path, key[2]), indent, " ".join(comment), (key[3] or "").strip())
        above[-1].members.append(value)
        above.append(value)
        comment = []
    return root


def rows(value):
    """A row for what has a comment; what is in it is part of the row unless it speaks for itself."""
    spoken = any(member.said() for member in value.members)
    if value.comment:
        yield value, "" if spoken else value.shown()
    elif not spoken and value.path:
        sys.exit(f"values.yaml: {'.'.join(value.path)} has no comment")
    if spoken:
        for member in value.members:
            yield from rows(member)


def table(root):
    lines = ["| value | default | what |", "|---|---|---|"]
    for value, default in rows(root):
        shown = "" if default == "" else f"`{default}`"
        cells = [f"`{'.'.join(value.path)}`", shown, value.comment.replace("|", "\\|")]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def schema_paths(schema, node, path=()):
    """What the schema names, as deep as values.yaml can go: not into lists and free maps."""
    if "$ref" in node:
        node = schema["definitions"][node["$ref"].rsplit("/", 1)[1]]
    for name, member in node.get("properties", {}).items():
        yield (*path, name)
        yield from schema_paths(schema, member, (*path, name))


def compare_with_schema(root):
    schema = json.loads((chart / "values.schema.json").read_text(encoding="utf-8"))
    known = set(schema_paths(schema, schema))
    given = {value.path for value in root.tree() if value.path}
    # Set by Helm, or optional in what has no default or another one.
    helm = {"enabled", "tags", "yubikey-shipment-operator-crds"}
    free = ("resources", "affinity", "labels", "podSecurityContext", "securityContext", "strategy", "dnsConfig")
    absent = {path for path in known - given if path[0] not in helm and not any(f in path[:-1] for f in free)}
    unknown = {path for path in given - known if not any(f in path[:-1] for f in free)}
    for path in sorted(absent):
        print(f"values.schema.json has {'.'.join(path)}, values.yaml has not")
    for path in sorted(unknown):
        print(f"values.yaml has {'.'.join(path)}, values.schema.json has not")
    return not absent and not unknown


def main(arguments):
    if arguments not in ([], ["--check"]):
        sys.exit(__doc__)
    root = read((chart / "values.yaml").read_text(encoding="utf-8"))
    readme = chart / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    _, after = rest.split(end)
    wanted = f"{before}{begin}\n\n{table(root)}\n\n{end}{after}"
    fine = compare_with_schema(root)
    if arguments and wanted != text:
        print("README.md differs from the comments of values.yaml: hack/chart-readme.py writes it")
        fine = False
    if not arguments:
        readme.write_text(wanted, encoding="utf-8")
    sys.exit(0 if fine else 1)


main(sys.argv[1:])
