"""Reads an OCI image layout by the specification, with nothing of the program that wrote it.

    oci.py unpack LAYOUT DIR         what a container would see
    oci.py check LAYOUT EPOCH        lines `ok` and `not ok`: digests, configuration, files
    oci.py sbom SBOM ROOTFS PACKAGES TREE
                                     the same: is everything listed that is in the image?
    oci.py containerfile ROOT LAYOUT...
                                     the same: does the Containerfile say what the images say?
    oci.py archive FILE NAMED LAYOUT the same: does the file that clusters load hold this image under this name?
    oci.py listing DIR               every file with mode, size and hash
"""

import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile

SHELLS = {"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox", "toybox"}
failed = False


def said(what, faults):
    global failed
    faults = list(faults)
    for fault in faults[:20]:
        print(f"  | {fault}")
    print(f"{'not ok' if faults else 'ok'} {what}")
    failed = failed or bool(faults)


class Layout:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.faults = []
        if json.loads((self.path / "oci-layout").read_text()) != {"imageLayoutVersion": "1.0.0"}:
            self.faults.append("oci-layout names another version")
        (self.entry,) = json.loads((self.path / "index.json").read_text())["manifests"]
        self.manifest = json.loads(self.blob(self.entry))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [gzip.decompress(self.blob(layer)) for layer in self.manifest["layers"]]

    def blob(self, descriptor):
        algorithm, digest = descriptor["digest"].split(":")
        content = (self.path / "blobs" / algorithm / digest).read_bytes()
        if hashlib.new(algorithm, content).hexdigest() != digest or len(content) != descriptor["size"]:
            self.faults.append(f"{digest} has another digest or size")
        return content

    def archives(self):
        return [tarfile.open(fileobj=io.BytesIO(layer)) for layer in self.layers]

    def members(self):
        return [member for archive in self.archives() for member in archive]


def check(layout, epoch):
    image = Layout(layout)
    name = image.path.name
    types = [image.entry, image.manifest["config"], *image.manifest["layers"]]
    faults = list(image.faults)
    faults += [d["mediaType"] for d in types if not d["mediaType"].startswith("application/vnd.oci.image.")]
    hashes = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in image.layers]
    if image.config["rootfs"]["diff_ids"] != hashes:
        faults.append("the configuration names other layers")
    blobs = {b.name for b in (image.path / "blobs/sha256").iterdir()}
    if blobs != {d["digest"].split(":")[1] for d in types}:
        faults.append("there are blobs that nothing names")
    said(f"{name}: the layout is OCI's, and every blob has the digest it is named by", faults)
    check_config(image, name, int(epoch))
    check_files(image, name, int(epoch))


def check_config(image, name, epoch):
    config, faults = image.config["config"], []
    if config["User"] != "65532:65532":
        faults.append(f"the user is {config['User']}")
    if config["Entrypoint"] != [f"/usr/bin/{name}"] or config.get("Cmd"):
        faults.append(f"the entry point is {config['Entrypoint']} {config.get('Cmd')}")
    labels = config["Labels"]
    for label in ("title", "description", "version", "revision", "created", "source", "licenses"):
        if not labels.get(f"org.opencontainers.image.{label}"):
            faults.append(f"the label {label} is missing")
    times = {image.config["created"], labels.get("org.opencontainers.image.created")}
    times |= {entry["created"] for entry in image.config["history"]}
    wanted = subprocess.run(["date", "--utc", "--date", f"@{epoch}", "+%FT%TZ"], capture_output=True, text=True).stdout.strip()
    if times != {wanted}:
        faults.append(f"created is {times}, the last commit {wanted}")
    said(f"{name}: user, entry point, labels and time are as they should be", faults)


def check_files(image, name, epoch):
    faults = []
    for archive in image.archives():
        members = archive.getmembers()
        names = [m.name for m in members]
        if names != sorted(names, key=lambda n: n.split("/")):
            faults.append("a layer is not sorted")
        for m in members:
            if (m.uid, m.gid, m.uname, m.gname) != (0, 0, "", "") or m.mtime != epoch:
                faults.append(f"{m.name} is of {m.uid}:{m.gid} and of the time {m.mtime}")
            if m.mode & 0o6000 or (m.mode & 0o022 and not m.issym() and m.name != "tmp"):
                faults.append(f"{m.name} has the mode {m.mode:o}")
            if not (m.isfile() or m.isdir() or m.issym()):
                faults.append(f"{m.name} is no file, directory or link")
    said(f"{name}: all files are root's, none is set-uid or writable by others, all of one time", faults)
    faults = []
    for archive in image.archives():
        for m in archive:
            if os.path.basename(m.name) in SHELLS:
                faults.append(f"{m.name} is a shell")
            if m.isfile() and archive.extractfile(m).read(2) == b"#!":
                faults.append(f"{m.name} is a script")
    programs = [m.name for m in image.members() if m.isfile() and re.match(r"(usr/)?s?bin/", m.name)]
    if programs != [f"usr/bin/{name}"]:
        faults.append(f"programs: {programs}")
    said(f"{name}: there is no shell, no script and no other program", faults)


def unpack(layout, directory):
    for archive in Layout(layout).archives():
        archive.extractall(directory, filter="fully_trusted")


def listing(directory):
    for path, directories, files in sorted(os.walk(directory)):
        for file in sorted(files + directories):
            whole = pathlib.Path(path, file)
            state = whole.lstat()
            content = hashlib.sha256(whole.read_bytes()).hexdigest() if whole.is_file() and not whole.is_symlink() else ""
            print(whole.relative_to(directory), oct(state.st_mode), state.st_size if content else "", content)


def sbom(file, rootfs, packages, tree):
    document = json.loads(pathlib.Path(file).read_text())
    name, parts = pathlib.Path(file).name.split(".")[0], document["packages"]
    identities = [part["SPDXID"] for part in parts]
    faults = [f"{i} is there twice" for i in set(identities) if identities.count(i) > 1]
    known = {"SPDXRef-DOCUMENT", *identities}
    for relation in document["relationships"]:
        faults += [f"{r} is no part" for r in (relation["spdxElementId"], relation["relatedSpdxElement"]) if r not in known]
    loose = set(identities) - {r["relatedSpdxElement"] for r in document["relationships"]}
    faults += [f"{identity} belongs to nothing" for identity in loose]
    if document["spdxVersion"] != "SPDX-2.3" or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"]):
        faults.append("it is not SPDX 2.3, or of no time")
    said(f"{name}: the list of parts is SPDX 2.3, and holds together", faults)

    listed = {(part["name"], part["versionInfo"]) for part in parts if part["SPDXID"].startswith("SPDXRef-Debian-")}
    wanted = set()
    for package in pathlib.Path(packages).glob("*.deb"):
        fields = subprocess.run(["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", package], capture_output=True, text=True)
        wanted.add(tuple(fields.stdout.split()))
    faults = [f"{package} is only in one of list and packages" for package in listed ^ wanted]
    faults += [f"{n} has no copyright file" for n, _ in wanted if not pathlib.Path(rootfs, "usr/share/doc", n, "copyright").exists()]
    said(f"{name}: the list has each Debian package with its version, and the image each copyright file", faults)

    crates = {(p["name"], p["versionInfo"]): p["licenseDeclared"] for p in parts if p["SPDXID"].startswith("SPDXRef-Crate-")}
    lines = pathlib.Path(tree).read_text().splitlines()
    linked = {tuple(re.match(r"(\S+) v(\S+)", line).groups()) for line in lines if re.match(r"\S+ v\S+( \(\*\))?$", line)}
    faults = [f"{crate} is only in one of list and cargo's tree" for crate in set(crates) ^ linked]
    faults += [f"{crate} has no licence" for crate, licence in crates.items() if licence == "NOASSERTION"]
    if not any(crate == "openssl" for crate, _ in crates):
        faults.append("openssl is not listed")
    said(f"{name}: the list has each crate that is linked, with version and licence", faults)


def containerfile(root, *layouts):
    text = pathlib.Path(root, "Containerfile").read_text()
    _, *stages = re.split(r"(?m)^FROM ", text)
    stages = {re.match(r"\S+ AS (\w+)", stage).group(1): stage for stage in stages}
    faults = []
    for layout in layouts:
        image = Layout(layout)
        config, stage = image.config["config"], stages[image.path.name.rsplit("-", 1)[1]]
        if f"ENTRYPOINT {json.dumps(config['Entrypoint'])}" not in stage or not stage.startswith("base "):
            faults.append(f"{image.path.name}: another entry point or base")
        for line in (f"USER {config['User']}", f"WORKDIR {config['WorkingDir']}", f"ENV {config['Env'][0]}"):
            if line not in stages["base"].splitlines():
                faults.append(f"the base has no {line}")
    if not re.search(r"hack/image\.sh rootfs /rootfs$", stages["build"], re.M) or "COPY --from=build /rootfs /\n" not in stages["base"]:
        faults.append("the root file system is not that of hack/image.sh")
    if not stages["base"].startswith("scratch "):
        faults.append("the base is not empty")
    said("the Containerfile makes images with the same packages, user and entry points", faults)


def archive(file, named, layout):
    image, faults = Layout(layout), []
    with tarfile.open(file) as archive:
        entries = json.loads(archive.extractfile("manifest.json").read())
        if len(entries) != 1:
            faults.append(f"it holds {len(entries)} images")
        entry = entries[0]
        if entry["RepoTags"] != [named]:
            faults.append(f"it is named {entry['RepoTags']}")
        config = archive.extractfile(entry["Config"]).read()
        if "sha256:" + hashlib.sha256(config).hexdigest() != image.manifest["config"]["digest"]:
            faults.append("its configuration is another one, so containerd shows another image id")
        layers = [archive.extractfile(layer).read() for layer in entry["Layers"]]
    # Compressed or not, as whoever loads it takes both.
    layers = [gzip.decompress(layer) if layer[:2] == b"\x1f\x8b" else layer for layer in layers]
    if layers != image.layers:
        faults.append("its layers are other ones")
    said(f"{image.path.name}: the file that kind, k3d and minikube load holds it under the name that a Pod asks for", faults)


if __name__ == "__main__":
    command, *rest = sys.argv[1:] or [""]
    commands = {f.__name__: f for f in (unpack, check, sbom, containerfile, listing, archive)}
    if command not in commands:
        sys.exit(__doc__)
    commands[command](*rest)
    sys.exit(failed)
