"""Does ci/everything-values.yaml turn every value of the chart?

chart-turned.py    exit code 1, and a line each, if a value keeps its default there that is not among those below,
                   or if one of those is turned by no other set of ci/

Helm itself merges the values: a chart beside the real one prints what its templates would see.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

MARK = "# values: "
CHART = pathlib.Path(__file__).resolve().parent.parent / "charts" / "yubikey-shipment-operator"

# What cannot be turned together with the rest; another set has to turn each.
ELSEWHERE = {
    "image.tag": "the digest wins",
    "dashboard.image.tag": "the digest wins",
    "watchNamespaces": "Roles in place of the ClusterRole",
    "podDisruptionBudget.enabled": "there would be none",
    "serviceAccount.create": "there would be none",
    "rbac.create": "there would be no rules",
    "aggregatedRoles.create": "there would be no roles",
    "admissionPolicy.create": "there would be no policies",
    "crds.install": "there would be no definitions",
    "nameOverride": "the set is installed over others, and a Deployment keeps the labels by which it selects",
    "podDisruptionBudget.minAvailable": "maxUnavailable is turned there",
    "podSecurityContext.runAsNonRoot": "the set is installed where Pod Security is restricted",
    "podSecurityContext.seccompProfile": "the set is installed where Pod Security is restricted",
    "securityContext": "the set is installed where Pod Security is restricted",
    "sandbox": "refused beside a real connection",
}


def values(directory, name):
    """What templates see with this set, by path; lists and what has no default members are one value."""
    command = ["helm", "template", "x", directory]
    if name:
        command += ["--values", CHART / "ci" / f"{name}-values.yaml"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(next(line for line in shown.splitlines() if line.startswith(MARK)).removeprefix(MARK))


def leaves(node, path=()):
    if isinstance(node, dict) and node:
        for key, member in node.items():
            yield from leaves(member, (*path, key))
    else:
        yield path


def at(node, path):
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def turned(default, given):
    """The values that differ from their defaults."""
    return {".".join(path) for path in leaves(default) if at(default, path) != at(given, path)}


def excused(value):
    return any(value == known or value.startswith(known + ".") for known in ELSEWHERE)


def main():
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(CHART / "values.yaml", directory)
        (pathlib.Path(directory) / "Chart.yaml").write_text("{apiVersion: v2, name: x, version: 0.0.0}\n")
        (pathlib.Path(directory) / "templates").mkdir()
        (pathlib.Path(directory) / "templates" / "values.yaml").write_text(MARK + "{{ .Values | toJson }}\n")
        default = values(directory, None)
        sets = {p.name.removesuffix("-values.yaml") for p in (CHART / "ci").glob("*-values.yaml")}
        given = {name: turned(default, values(directory, name)) for name in sets}
    everything = given.pop("everything")
    others = set().union(*given.values())
    every = {".".join(path) for path in leaves(default)}
    faults = [f"ci/everything-values.yaml leaves {value} at its default" for value in every - everything if not excused(value)]
    faults += [f"no set of ci/ turns {value}" for value in every - everything - others if excused(value)]
    faults += [f"{known} is turned in ci/everything-values.yaml all the same" for known in ELSEWHERE if known in everything]
    for fault in sorted(faults):
        print(fault)
    sys.exit(1 if faults else 0)


main()
