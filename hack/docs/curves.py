#!/usr/bin/env python3
"""Draws what `make bench` measured: one small picture a member, over the number of shipments.

    hack/docs/curves.py OVER MEMBER,MEMBER… LINES.json PICTURE.svg

LINES.json has a line of the bench each; OVER is `shipments` or `resting`. Lines of one number are one point, their
median. Both axes begin at 0, so that what grows faster than the number of shipments bends upwards.
"""

import json
import statistics
import sys

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 300, 200, 52, 36, 28


def points(lines, over, member):
    """The median of each number of shipments, in order."""
    found = {}
    for line in lines:
        found.setdefault(line[over], []).append(line[member])
    return [(number, statistics.median(values)) for number, values in sorted(found.items())]


def panel(number, over, member, measured):
    most_x = max(x for x, _ in measured) or 1
    most_y = max(y for _, y in measured) or 1
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
        f'<polyline points="{" ".join(at(x, y) for x, y in measured)}" fill="none" stroke="#3f51b5"/>',
    ]
    for x, y in measured:
        place_x, place_y = at(x, y).split(",")
        title = f"<title>{x:,} {over}: {y:g}</title>"
        parts.append(f'<circle cx="{place_x}" cy="{place_y}" r="3" fill="#3f51b5">{title}</circle>')
    return parts + ["</g>"]


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
    for number, member in enumerate(members):
        parts += panel(number, over, member, points(lines, over, member))
    with open(picture, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + ["</svg>"]) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
