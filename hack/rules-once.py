"""Does any role grant a right twice?

rules-once.py FILE    roles as `kubectl … -o json` prints them: exit code 1, and a line each, for a right that two
                      rules of one role give, because then a condition around one of them has no effect
"""

import collections
import itertools
import json
import sys


def documents(text):
    """One document after the other, without anything between them."""
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        document, place = decoder.raw_decode(text, place)
        yield from document.get("items", [document])
        while place < len(text) and text[place].isspace():
            place += 1


def rights(rule):
    names = rule.get("resourceNames") or [""]
    yield from itertools.product(rule.get("apiGroups", []), rule.get("resources", []), names, rule.get("verbs", []))


def main(path):
    with open(path, encoding="utf-8") as file:
        roles = [d for d in documents(file.read().strip()) if d["kind"] in ("Role", "ClusterRole")]
    if not any(role.get("rules") for role in roles):
        sys.exit("there is no role with rules: nothing was compared")
    twice = False
    for role in roles:
        given = collections.Counter(right for rule in role.get("rules") or [] for right in rights(rule))
        for (group, resource, name, verb), count in sorted(given.items()):
            if count > 1:
                print(f"{role['kind']} {role['metadata']['name']}: {verb} {group}/{resource} {name} is given {count} times")
                twice = True
    sys.exit(1 if twice else 0)


main(sys.argv[1])
