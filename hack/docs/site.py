"""Hooks of mkdocs: what the site needs beyond the pages under docs/.

Pages keep links that work in the repository. Here a link that leaves docs/ leads to the page of the site that was made
of that file, or else to the file in the repository; a link to a file that is not there fails. The reference of the four
kinds is written from the definitions each time, so that it cannot differ from them.
"""

import logging
import pathlib
import posixpath
import re

import yaml
from mkdocs.structure.files import File

log = logging.getLogger("mkdocs.hooks.site")
ROOT = pathlib.Path(__file__).resolve().parents[2]

# Files of the repository that are pages of the site.
PAGES = {
    "README.md": "overview.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "charts/yubikey-shipment-operator/README.md": "reference/chart.md",
    "charts/yubikey-shipment-operator-crds/README.md": "reference/chart-crds.md",
    "crates/sandbox/README.md": "reference/sandbox.md",
    "crates/kube-test/README.md": "reference/kube-test.md",
    "crates/model/README.md": "reference/model.md",
    "examples/README.md": "reference/examples.md",
    "examples/gitops/README.md": "reference/examples-gitops.md",
    "tests/README.md": "reference/tests.md",
}
# What mkdocs reads as a link of a page: [text](target) and [text](target "title"), not images of other hosts.
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)\s]+)(?=[)\s])")
FENCE = re.compile(r"^(```|~~~)", re.M)


def on_files(files, config):
    """Adds the pages that live outside docs/, and the generated reference."""
    for source, target in PAGES.items():
        if (ROOT / source).is_file():
            files.append(File.generated(config, target, abs_src_path=str(ROOT / source)))
        else:
            log.warning("%s is a page of the site, and is not there", source)
    files.append(File.generated(config, "reference/api.md", content=reference()))
    return files


def on_page_markdown(markdown, page, config, files):
    """Leads links to where their targets are on the site, or in the repository."""
    uri = page.file.src_uri
    source = next((name for name, target in PAGES.items() if target == uri), f"docs/{uri}")
    if uri == "reference/api.md":
        return markdown
    parts = re.split(r"(^(?:```|~~~).*?^(?:```|~~~)[ ]*$)", markdown, flags=re.M | re.S)
    return "".join(part if FENCE.match(part) else LINK.sub(lambda m: led(m[1], source, uri, config), part) for part in parts)


def led(link, source, uri, config):
    """Where a link of this file leads to from this page."""
    path, _, anchor = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
    anchor = f"#{anchor}" if anchor else ""
    if target in PAGES:
        page = PAGES[target]
    elif target.startswith("docs/") and posixpath.splitext(target)[1] in (".md", ".png", ".svg"):
        page = target.removeprefix("docs/")
    else:
        if not (ROOT / target).exists():
            log.warning("%s: the link %s leads to %s, which is not there", source, link, target)
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"{config.repo_url.rstrip('/')}/{kind}/main/{target}{anchor}"
    return posixpath.relpath(page, posixpath.dirname(uri) or ".") + anchor


def reference():
    """Every field of spec and status of every kind, as `kubectl explain` knows them."""
    lines = [
        "# The four kinds, field by field",
        "",
        "Written from the definitions in `crds/`. A field in **bold** must be given. What a field may hold is said after "
        "its type; whatever else is refused by the API server.",
        "",
    ]
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        for definition in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            if not definition or definition.get("kind") != "CustomResourceDefinition":
                continue
            names = definition["spec"]["names"]
            for version in definition["spec"]["versions"]:
                schema = version["schema"]["openAPIV3Schema"]
                short = ", ".join(names.get("shortNames", []))
                lines += [f"## {names['kind']} {version['name']}", "", f"Short name: `{short}`.", ""]
                lines += text(schema.get("description", "")) + [""]
                for part in ("spec", "status"):
                    if part in schema.get("properties", {}):
                        lines += table(names["kind"], part, schema["properties"][part])
    return "\n".join(lines) + "\n"


def table(kind, part, schema):
    """The rows of one part: a path, its type with its limits, its words."""
    lines = [f"### {kind}: {part}", "", "| field | type | meaning |", "|---|---|---|"]
    lines += list(rows(part, schema, part == "spec"))
    rules = list(all_rules(part, schema))
    if rules:
        lines += ["", "Rules across fields:", ""]
        lines += [f"- `{path}`: {cell(message)}" for path, message in rules]
    return lines + [""]


def rows(path, schema, required):
    name = f"**`{path}`**" if required else f"`{path}`"
    yield f"| {name} | {kind_of(schema)} | {cell(schema.get('description', ''))} |"
    inner, suffix = schema, ""
    while inner.get("type") == "array":
        inner, suffix = inner["items"], suffix + "[]"
    needed = set(inner.get("required", []))
    for key, child in sorted(inner.get("properties", {}).items()):
        yield from rows(f"{path}{suffix}.{key}", child, key in needed)
    extra = inner.get("additionalProperties")
    if isinstance(extra, dict) and extra.get("properties"):
        for key, child in sorted(extra["properties"].items()):
            yield from rows(f"{path}{suffix}.*.{key}", child, key in extra.get("required", []))


def all_rules(path, schema):
    for rule in schema.get("x-kubernetes-validations", []):
        yield path, rule.get("message") or rule["rule"]
    for key, child in sorted(schema.get("properties", {}).items()):
        yield from all_rules(f"{path}.{key}", child)
    if schema.get("type") == "array":
        yield from all_rules(f"{path}[]", schema["items"])


def kind_of(schema):
    words = [schema.get("type", "any")]
    if schema.get("type") == "array":
        words = [f"list of {schema['items'].get('type', 'any')}"]
    if "enum" in schema:
        words.append("one of " + ", ".join(f"`{value}`" for value in schema["enum"] if value is not None))
    for key, word in (("minimum", "at least"), ("maximum", "at most"), ("minLength", "at least"), ("maxLength", "at most"),
                      ("minItems", "at least"), ("maxItems", "at most")):
        if key in schema:
            unit = {"L": " characters", "I": " items"}.get(key[3], "")
            words.append(f"{word} {schema[key]}{unit}")
    if "default" in schema:
        words.append(f"default `{yaml.safe_dump(schema['default'], default_flow_style=True).splitlines()[0]}`")
    return cell(", ".join(words))


def cell(words):
    """One line, and nothing that would end the cell or be taken for a tag."""
    plain = " ".join(str(words).split()).replace("|", "\\|")
    return re.sub(r"<(?=[a-zA-Z/])", "&lt;", plain)


def text(words):
    return [re.sub(r"<(?=[a-zA-Z/])", "&lt;", line) for line in words.splitlines()]
