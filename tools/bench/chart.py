# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""bench/chart.py: bars as SVG, to be read on a page of 740 pixels.

A row for each case, with a bar for galloc and one for the kernel's allocator; lower is
better in all of them.  The line across the end of a bar goes from the lowest to the
highest of the repetitions.
"""

from html import escape
from math import ceil, floor, log10

WIDTH = 740
LEFT, RIGHT = 170, 610		# of the bars
TOP, ROW, BAR = 62, 26, 10
OURS, THEIRS, INK = "#1f5f8b", "#c9821f", "#222"
# The longest bar beside the shortest: more, and the scale is logarithmic.
FLAT = 20


def number(value):
    """Three digits that count, and large ones in short."""
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e4, "K")):
        if abs(value) >= limit:
            return f"{value / limit * (10 if letter == 'K' else 1):.3g}{letter}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


class Scale:
    """From values to pixels, with round marks."""

    def __init__(self, values):
        low, high = min(values), max(values)
        self.log = low > 0 and high / low > FLAT
        if self.log:
            self.low, self.high = 10 ** floor(log10(low)), 10 ** ceil(log10(high))
            decades = round(log10(self.high / self.low))
            self.marks = [self.low * 10 ** i for i in range(decades + 1)]
        else:
            step = 10 ** floor(log10(high))
            step = next(step * part for part in (0.1, 0.2, 0.5, 1, 2)
                        if high / (step * part) <= 6 or part == 2)
            self.low, self.high = 0, ceil(high / step) * step
            self.marks = [step * i for i in range(round(self.high / step) + 1)]

    def x(self, value):
        """Where a value is."""
        if self.log:
            part = log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        else:
            part = value / self.high
        return LEFT + part * (RIGHT - LEFT)


def text(x, y, what, anchor="start", more=""):
    """A word or some."""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(what)}</text>'


def bar(scale, y, figure, color, what):
    """One, with its spread."""
    value, least, most = figure
    end = scale.x(value)
    out = [f'<rect class="bar" x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" '
           f'height="{BAR}" fill="{color}"><title>{escape(what)}: {number(value)}, '
           f'{number(least)} to {number(most)}</title></rect>']
    if most > least:
        a, b, middle = scale.x(least), scale.x(most), y + BAR / 2
        out.append(f'<path class="spread" d="M{a:.1f} {middle}H{b:.1f}M{a:.1f} {middle - 3}v6'
                   f'M{b:.1f} {middle - 3}v6" stroke="{INK}" fill="none"/>')
    return out


def chart(path, heading, unit, rows):
    """Write one: rows are (label, (value, min, max) of galloc, the same of its peer)."""
    scale = Scale([figure[0] for _, *both in rows for figure in both])
    bottom = TOP + ROW * len(rows)
    axis = f"{unit}{', logarithmic' if scale.log else ''}: lower is better"
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 48}" '
           f'viewBox="0 0 {WIDTH} {bottom + 48}" font-family="sans-serif" font-size="12" '
           f'fill="{INK}" role="img">',
           f"<title>{escape(heading)}</title>", f"<desc>{escape(axis)}</desc>",
           f'<rect width="{WIDTH}" height="{bottom + 48}" fill="white"/>',
           text(LEFT, 20, heading, more=' font-size="15" font-weight="bold"'),
           f'<rect x="{LEFT}" y="34" width="12" height="12" fill="{OURS}"/>',
           text(LEFT + 18, 44, "galloc"),
           f'<rect x="{LEFT + 80}" y="34" width="12" height="12" fill="{THEIRS}"/>',
           text(LEFT + 98, 44, "the kernel's allocator"),
           text(RIGHT + 8, 44, "galloc / kernel's")]
    for mark in scale.marks:
        x = scale.x(mark)
        out.append(f'<path d="M{x:.1f} {TOP - 6}V{bottom + 4}" stroke="#ccc"/>')
        out.append(text(x, bottom + 18, number(mark), "middle"))
    out.append(text((LEFT + RIGHT) / 2, bottom + 38, axis, "middle", ' class="axis"'))
    for i, (label, ours, theirs) in enumerate(rows):
        y = TOP + i * ROW
        out.append(text(LEFT - 8, y + 14, label, "end"))
        out += bar(scale, y, ours, OURS, f"{label}, galloc")
        out += bar(scale, y + BAR + 1, theirs, THEIRS, f"{label}, the kernel's")
        out.append(text(RIGHT + 8, y + 14, f"{number(ours[0])} / {number(theirs[0])}"))
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out + ["</svg>"]) + "\n")
