"""Writes the list of what is in an image (SPDX 2.3, JSON): Debian packages and Rust crates, with versions and licences.

    sbom.py NAME VERSION DIGEST ROOTFS CRATES CREATED

DIGEST is that of the image; CRATES a file with the lines of `cargo tree --prefix none --format '{p}|{l}'`; CREATED is in
seconds since 1970. What the files do not say is NOASSERTION, never a guess.
"""

import datetime
import json
import pathlib
import re
import sys
import urllib.parse

# Names that Debian's copyright files use for what SPDX calls otherwise.
SPDX = {"Apache-2.0": "Apache-2.0", "GPL-2": "GPL-2.0-only", "GPL-2+": "GPL-2.0-or-later", "MPL-2.0": "MPL-2.0"}


def control(text):
    """The fields of a package's control file, without continuation lines."""
    return dict(re.findall(r"(?m)^([A-Z][\w-]*): (.*)$", text))


def debian_licence(copyright_file):
    """SPDX expression, and a remark with the names in the file."""
    if not copyright_file.exists():
        return "NOASSERTION", "there is no copyright file"
    text = copyright_file.read_text(errors="replace")
    names = sorted(set(re.findall(r"(?m)^License: *(\S.*?) *$", text)))
    where = f"usr/share/doc/{copyright_file.parent.name}/copyright in the image has the licences"
    if not names:
        return "NOASSERTION", where
    known = [SPDX.get(name) for name in names]
    return " AND ".join(known) if all(known) else "NOASSERTION", f"{where}; it names: {', '.join(names)}"


def distribution(rootfs):
    fields = dict(re.findall(r'(?m)^(\w+)="?([^"\n]*)', (rootfs / "usr/lib/os-release").read_text()))
    return fields["ID"], f"{fields['ID']}-{fields['VERSION_ID']}"


def quoted(text):
    return urllib.parse.quote(text, safe="")


def debian_packages(rootfs):
    vendor, release = distribution(rootfs)
    for file in sorted((rootfs / "var/lib/dpkg/status.d").iterdir()):
        fields = control(file.read_text())
        name, version = fields["Package"], fields["Version"]
        licence, remark = debian_licence(rootfs / "usr/share/doc" / name / "copyright")
        source = fields.get("Source", name)
        yield package(
            f"Debian-{name}", name, version, f"pkg:deb/{vendor}/{quoted(name)}@{quoted(version)}?arch={fields['Architecture']}&distro={release}",
            licence, sourceInfo=f"built from the Debian source package {source}", licenseComments=remark,
            supplier="Organization: Debian",
        )


def crates(lines):
    """(name, version, licence) of each, once; our own crates have a path behind the version."""
    found = {}
    for line in lines:
        match = re.match(r"(\S+) v(\S+)(?: \((.*)\))?\|(.*?)(?: \(\*\))?$", line)
        if match:
            name, version, place, licence = match.groups()
            found[name, version] = ((place or "").startswith("/"), licence.strip().replace("/", " OR "))
    return sorted(found.items())


def crate_packages(lines, program):
    for (name, version), (ours, licence) in crates(lines):
        if name == program or ours:
            continue
        yield package(
            f"Crate-{name}-{version}", name, version, f"pkg:cargo/{quoted(name)}@{quoted(version)}", licence or "NOASSERTION",
        )


def package(identity, name, version, purl, licence, **more):
    reference = {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
    return {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", identity), "name": name, "versionInfo": version,
        "downloadLocation": "NOASSERTION", "filesAnalyzed": False, "licenseConcluded": "NOASSERTION",
        "licenseDeclared": licence, "copyrightText": "NOASSERTION", "externalRefs": [reference], **more,
    }


def document(name, version, digest, rootfs, lines, created):
    image = package("Image", name, version, f"pkg:oci/{name}@{quoted(digest)}", "NOASSERTION", primaryPackagePurpose="CONTAINER")
    program = package("Program", name, version, f"pkg:cargo/{name}@{version}", "Apache-2.0", primaryPackagePurpose="APPLICATION")
    debian, rust = list(debian_packages(rootfs)), list(crate_packages(lines, name))

    def relation(one, kind, other):
        return {"spdxElementId": one["SPDXID"], "relationshipType": kind, "relatedSpdxElement": other["SPDXID"]}

    relations = [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": image["SPDXID"]}]
    relations += [relation(image, "CONTAINS", part) for part in [program, *debian]]
    relations += [relation(program, "STATIC_LINK", crate) for crate in rust]
    time = datetime.datetime.fromtimestamp(int(created), datetime.timezone.utc)
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
        "documentNamespace": f"https://github.com/yubikey-shipment-operator/yubikey-shipment-operator/sbom/{name}/{digest}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "creators": ["Tool: yubikey-shipment-operator-hack-sbom"]},
        "packages": [image, program, *debian, *rust], "relationships": relations,
    }


if __name__ == "__main__":
    if len(sys.argv) != 7:
        sys.exit(__doc__)
    name, version, digest, rootfs, tree, created = sys.argv[1:]
    lines = pathlib.Path(tree).read_text().splitlines()
    print(json.dumps(document(name, version, digest, pathlib.Path(rootfs), lines, created), indent=1))
