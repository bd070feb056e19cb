#!/usr/bin/env python3
"""Judges a rendered krew manifest by what krew itself demands of one, and by the archive beside it.

usage: check.py FOLDER    with yubikey.yaml and the archive, as render.sh leaves them; needs PyYAML
"""

import hashlib
import pathlib
import re
import sys
import tarfile

import yaml


def faults(folder):
    text = (folder / "yubikey.yaml").read_text(encoding="utf-8")
    plugin = yaml.safe_load(text)
    spec = plugin["spec"]
    if re.search(r"\{[A-Z_0-9]+\}", text):
        yield "something in braces was not filled in"
    if (plugin["apiVersion"], plugin["kind"]) != ("krew.googlecontainertools.github.com/v1alpha2", "Plugin"):
        yield "apiVersion or kind is not krew's"
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", plugin["metadata"]["name"]):
        yield "the name is no krew name"
    if not re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", spec["version"]):
        yield "the version is no v1.2.3"
    short = spec["shortDescription"]
    if not short or "\n" in short or len(short) > 60 or short.endswith("."):
        yield "shortDescription is not one short line without a full stop"
    if not spec.get("description") or not spec["homepage"].startswith("https://"):
        yield "description or homepage is missing"
    if not spec["platforms"]:
        yield "there is no platform"
    for platform in spec["platforms"]:
        yield from platform_faults(folder, spec["version"], platform)


def platform_faults(folder, version, platform):
    labels = platform["selector"]["matchLabels"]
    if set(labels) != {"os", "arch"}:
        yield "a selector is not by os and arch"
    if not platform["uri"].startswith("https://") or f"/{version}/" not in platform["uri"]:
        yield "an archive's address is not that of the version"
    archive = folder / platform["uri"].rsplit("/", 1)[1]
    if not archive.is_file():
        yield f"{archive.name} was not packed"
        return
    if hashlib.sha256(archive.read_bytes()).hexdigest() != platform["sha256"]:
        yield f"the digest is not that of {archive.name}"
    with tarfile.open(archive) as packed:
        names = set(packed.getnames())
    for name in (platform["bin"], "kubectl_complete-yubikey", "LICENSE"):
        if name not in names:
            yield f"{archive.name} lacks {name}"


found = list(faults(pathlib.Path(sys.argv[1])))
if found:
    sys.exit("\n".join(found))
