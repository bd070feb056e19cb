#!/usr/bin/env python3
"""Draws what `make bench` measured: one small picture a member, over the number of shipments.

    hack/docs/curves.py OVER MEMBER,MEMBER… LINES.json PICTURE.svg

LINES.json has a line of the bench each; OVER is `shipments` or `resting`. Lines of one number are one point, their
median. Both axes begin at 0, so that what grows faster than the number of shipments bends upwards. Where the lines tell
of peers (`PEERS=… make bench`), theirs are drawn beside ours, in the panels that have such a member.
"""

import json
import statistics
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 300, 200, 52, 36, 28

# What a peer's line calls the same.
PEERS = {"cpu_ms_a_shipment": "cpu_ms_an_object", "road_mib": "mib", "road_seconds": "seconds"}

OURS = "this operator"
COLOURS = {OURS: "#3f51b5", "external-secrets": "#e65100", "cert-manager": "#2e7d32"}


def medians(pairs):
    """The median of each number of shipments, in order."""
    found = {}
    for number, value in pairs:
        found.setdefault(number, []).append(value)
    return [(number, statistics.median(values)) for number, values in sorted(found.items())]


def series(lines, over, member):
    """What is drawn in one panel, by name."""
    drawn = {OURS: [(line[over], line[member]) for line in lines]}
    for peer in (peer for line in lines for peer in line.get("peers", []) if member in PEERS):
        drawn.setdefault(peer["name"], []).append((peer["objects"], peer[PEERS[member]]))
    return {name: medians(pairs) for name, pairs in drawn.items()}


def panel(number, over, member, drawn):
    most_x = max(x for measured in drawn.values() for x, _ in measured) or 1
    most_y = max(y for measured in drawn.values() for _, y in measured) or 1
    wide, high = WIDTH - LEFT - 16, HEIGHT - BOTTOM - TOP

    def at(x, y):
        return f"{LEFT + wide * x / most_x:.1f},{TOP + high * (1 - y / most_y):.1f}"

    parts = [
        f'<g transform="translate({number * WIDTH},0)">',
        f'<text x="{LEFT}" y="16" font-weight="bold">{member}</text>',
        f'<path d="M{at(0, most_y)} L{at(0, 0)} L{at(most_x, 0)}" fill="none" stroke="#888"/>',
        f'<text x="{LEFT - 6}" y="{TOP + 4}" text-anchor="end">{most_y:g}</text>',
        f'<text x="{LEFT - 6}" y="{TOP + high + 4}" text-anchor="end">0</text>',
        f'<text x="{LEFT + wide}" y="{TOP + high + 16}" text-anchor="end">{most_x:,} {over}</text>',
    ]
    for name, measured in drawn.items():
        colour = COLOURS.get(name, "#555")
        line = " ".join(at(x, y) for x, y in measured)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}"/>')
        for x, y in measured:
            place_x, place_y = at(x, y).split(",")
            title = f"<title>{name}, {x:,} {over}: {y:g}</title>"
            parts.append(f'<circle cx="{place_x}" cy="{place_y}" r="3" fill="{colour}">{title}</circle>')
    return parts + ["</g>"]


def legend(names):
    """Names and colours, below; nothing where we are alone."""
    if names == [OURS]:
        return []
    return [
        f'<text x="{LEFT + place * 150}" y="{HEIGHT - 4}" fill="{COLOURS.get(name, "#555")}">{name}</text>'
        for place, name in enumerate(names)
    ]


def main(over, members, source, picture):
    with open(source, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file if line.strip()]
    members = members.split(",")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(members)} {HEIGHT}" '
        'font-family="sans-serif" font-size="11" role="img">',
        f"<title>What the operator uses over the number of {'shipments' if over == 'shipments' else 'shipments at rest'}</title>",
        f'<rect width="{WIDTH * len(members)}" height="{HEIGHT}" fill="#fff"/>',
    ]
    names = []
    for number, member in enumerate(members):
        drawn = series(lines, over, member)
        names += [name for name in drawn if name not in names]
        parts += panel(number, over, member, drawn)
    parts += legend(names)
    with open(picture, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>"]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
