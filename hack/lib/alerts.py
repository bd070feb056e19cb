"""What promtool does not look at in alerts, their tests, runbooks and the dashboard.

    alerts.py split TESTS DIR            one test file a test, and DIR/names: file, tab, name
    alerts.py dashboard-rules DASHBOARD  the dashboard's expressions as rules, for promtool
    alerts.py text-form METRICS          a scraped OpenMetrics page in the older text form
    alerts.py check ROOT                 lines `ok` and `not ok`; exit code 1 after a `not ok`

The files are ours and written in one form, so lines are enough to read them: no library is needed.
"""

import json
import pathlib
import re
import sys

CHART = "charts/yubikey-shipment-operator/files"
PREFIX = "yubikey_shipment_operator_"
RUNBOOK = "https://github.com/yubikey-shipment-operator/yubikey-shipment-operator/blob/main/docs/runbooks/{}.md"
SECTIONS = ["## What it means", "## Who is affected", "## Look", "## Do", "## Escalate"]


def tests_of(text):
    """Head of the file, and (name, text) of each test."""
    head, *groups = re.split(r"(?m)^  - name: ", text)
    return head, [(group.split("\n", 1)[0].strip(), "  - name: " + group) for group in groups]


def split(tests, directory):
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    head, groups = tests_of(pathlib.Path(tests).read_text())
    names = []
    for number, (name, text) in enumerate(groups):
        (directory / f"{number}.yaml").write_text(head + text)
        names.append(f"{number}.yaml\t{name}\n")
    (directory / "names").write_text("".join(names))


def panels(dashboard):
    """All panels, those in closed rows too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def expressions(dashboard):
    found = [target["expr"] for panel in panels(dashboard) for target in panel.get("targets", [])]
    for variable in dashboard["templating"]["list"]:
        query = variable.get("query")
        if isinstance(query, dict) and query.get("query", "").startswith("label_values("):
            found.append(query["query"].removeprefix("label_values(").rsplit(",", 1)[0])
    return found


def dashboard_rules(path):
    print("groups:\n- name: dashboard\n  rules:")
    for number, expression in enumerate(expressions(json.loads(pathlib.Path(path).read_text()))):
        # Grafana's variables, as one of their values.
        for variable, value in {"$__rate_interval": "5m", "$__range": "7d"}.items():
            expression = expression.replace(variable, value)
        print(f"  - record: panel:{number}\n    expr: {json.dumps(expression)}")


def alerts_of(text):
    """(name, its lines) of each rule."""
    return [(part.split("\n", 1)[0].strip(), part) for part in re.split(r"(?m)^ +- alert: ", text)[1:]]


def metrics_in(text):
    """The families that are named, without what a counter or histogram adds."""
    names = set(re.findall(PREFIX + r"\w+", text))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def documented(text):
    """Families of the table in docs/metrics.md: the first cell of a row, in backticks, with or without the prefix."""
    names = re.findall(r"(?m)^\| *`(?:" + PREFIX + r")?(\w+)", text)
    return {PREFIX + name for name in names}


def text_form(path):
    """The two forms differ in the names that HELP and TYPE give, and in the type info."""
    kinds = {}
    text = pathlib.Path(path).read_text()
    for family, kind in re.findall(r"(?m)^# TYPE (\S+) (\S+)$", text):
        kinds[family] = kind
    suffix = {"counter": "_total", "info": "_info"}
    for line in text.splitlines():
        words = line.split(" ", 3)
        if line.startswith(("# UNIT ", "# EOF")):
            continue
        if line.startswith(("# HELP ", "# TYPE ")):
            kind = kinds.get(words[2], "")
            if not words[2].endswith(suffix.get(kind, "")):
                words[2] += suffix[kind]
            if words[1] == "TYPE":
                words[3] = {"info": "gauge", "unknown": "untyped"}.get(kind, kind)
        print(" ".join(words))


class Checks:
    def __init__(self):
        self.failed = False

    def say(self, what, faults):
        for fault in faults:
            print(f"  | {fault}")
        print(f"{'not ok' if faults else 'ok'} {what}")
        self.failed |= bool(faults)


def check_alerts(checks, root, alerts):
    names = {name for name, _ in alerts}
    faults = []
    for name, text in alerts:
        for annotation in ("summary:", "description:", f"runbook_url: {RUNBOOK.format(name)}\n"):
            if annotation not in text:
                faults.append(f"{name} has no {annotation.strip()}")
        if not re.search(r"severity: (critical|warning)\n", text):
            faults.append(f"{name} is neither critical nor warning")
        if "Next:" not in text:
            faults.append(f"the description of {name} names no next command")
    checks.say("every alert has a severity, a summary, a next command and its runbook's address", faults)

    folder = root / "docs/runbooks"
    pages = {page.stem for page in folder.glob("*.md")} - {"README"}
    faults = [f"{name} has no page docs/runbooks/{name}.md" for name in sorted(names - pages)]
    faults += [f"docs/runbooks/{page}.md belongs to no alert" for page in sorted(pages - names)]
    index = (folder / "README.md").read_text()
    for page in sorted(pages):
        text = (folder / f"{page}.md").read_text()
        faults += [f"docs/runbooks/{page}.md has no section {s!r}" for s in SECTIONS if s not in text]
        if f"({page}.md)" not in index:
            faults.append(f"docs/runbooks/README.md does not list {page}")
    checks.say("every alert has a runbook, and every runbook an alert", faults)


def check_tests(checks, alerts, tests):
    faults = []
    for name in sorted({name for name, _ in alerts}):
        # An expectation that another alert fires, or none, is no test of this one.
        fires = [t for n, t in tests if n.startswith(f"{name} fires ") and f'ALERTS{{alertname="{name}"' in t]
        quiet = [t for n, t in tests if n.startswith(f"{name} stays quiet ") and "exp_samples: []" in t]
        if not fires:
            faults.append(f"no test lets {name} fire")
        if not quiet:
            faults.append(f"no test lets {name} stay quiet")
        used = set().union(*(metrics_in(text) for n, text in alerts if n == name))
        faults += [f"a quiet test of {name} has none of its series" for t in quiet if not used & metrics_in(t)]
    checks.say("every alert is tested to fire and to stay quiet", faults)


def check_dashboard(checks, dashboard):
    faults = [f"it has no {key}" for key in ("title", "uid", "schemaVersion", "templating", "panels") if key not in dashboard]
    if not any(v["type"] == "datasource" and v["name"] == "datasource" for v in dashboard["templating"]["list"]):
        faults.append("it has no variable for the data source")
    numbers = [panel["id"] for panel in panels(dashboard)]
    if len(numbers) != len(set(numbers)):
        faults.append("two panels have one id")
    for panel in panels(dashboard):
        if panel["type"] == "row":
            continue
        if panel.get("datasource", {}).get("uid") != "${datasource}":
            faults.append(f"the panel {panel['title']} does not use the variable")
        if not panel.get("targets") or not panel.get("description"):
            faults.append(f"the panel {panel['title']} has no query or no description")
    checks.say("the dashboard has a title, a uid, a variable for the data source, and panels that use it", faults)


def check_metrics(checks, root, used):
    what = "every metric of alerts and dashboard is documented"
    table = root / "docs/metrics.md"
    if not table.exists():
        print(f"ok {what} # SKIP there is no docs/metrics.md")
        return
    known = documented(table.read_text())
    checks.say(what, [f"{name} is not in the table of docs/metrics.md" for name in sorted(used - known)])


def check(root):
    root = pathlib.Path(root)
    rules = (root / CHART / "alerts.yaml").read_text()
    dashboard = json.loads((root / CHART / "dashboard.json").read_text())
    _, tests = tests_of((root / "tests/alerts/alerts_test.yaml").read_text())
    alerts = alerts_of(rules)
    checks = Checks()
    check_alerts(checks, root, alerts)
    check_tests(checks, alerts, tests)
    check_dashboard(checks, dashboard)
    check_metrics(checks, root, metrics_in(rules) | metrics_in("\n".join(expressions(dashboard))))
    return checks.failed


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "split":
        split(*rest)
    elif command == "dashboard-rules":
        dashboard_rules(*rest)
    elif command == "text-form":
        text_form(*rest)
    elif command == "check":
        sys.exit(check(*rest))
    else:
        sys.exit(__doc__)
