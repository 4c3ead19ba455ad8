#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""bench/report.py: from what the guests of `make bench` printed to its results.

	report.py [--part] RESULTS.tsv GUEST.raw...

A .raw file has a line "@ bed kernel qualifier", then the results of galloc_bench
as they are.  All is checked first: an instrument that is out of order gives no
results.  Then RESULTS.tsv is written, and a table printed, with the goals.
"""

import sys

COLUMNS = "bed kernel case variant allocator cpus metric value min max".split()
NUMBERS = ("value", "min", "max")

# kmalloc's own pair of 64 bytes, in instructions; another figure means that not
# the allocator was measured but something else.
PEER_PAIR = {"7.3": 165, "6.1": 237}
PEER_PAIR_OFF = 5


class Refused(Exception):
    """The figures are not to be trusted."""


def series(row):
    """Of a kernel: 6.1, 7.3."""
    return ".".join(row["kernel"].split(".")[:2])


def read_raw(path):
    """The rows of one guest."""
    rows = []
    with open(path, encoding="ascii") as lines:
        _, bed, kernel, qualifier = next(lines).rstrip("\n").split("\t")
        for line in lines:
            fields = [bed, kernel] + line.rstrip("\n").split("\t")
            if len(fields) != len(COLUMNS):
                raise Refused(f"a guest printed {line!r}")
            row = dict(zip(COLUMNS, fields))
            for name in NUMBERS:
                row[name] = float(row[name])
            if qualifier:
                row["variant"] += "/" + qualifier
            rows.append(row)
    return rows


def plain(number):
    """As short as it goes, never with an exponent."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


class Results:
    """All rows, and how to find one."""

    KEY = "bed kernel case variant allocator cpus metric".split()

    def __init__(self, rows):
        self.rows = rows
        keys = [tuple(row[name] for name in self.KEY) for row in rows]
        if len(set(keys)) != len(keys):
            raise Refused("a key was measured twice")

    def find(self, **wanted):
        """The rows in which these columns have these values."""
        kernel = wanted.pop("kernel", "")
        return [
            row
            for row in self.rows
            if row["kernel"].startswith(kernel)
            and all(row[name] == value for name, value in wanted.items())
        ]

    def value(self, **wanted):
        """Of the only row that fits; None if there is none."""
        rows = self.find(**wanted)
        return rows[0]["value"] if len(rows) == 1 else None

    def check(self):
        """What would make the figures worthless."""
        for row in self.find(bed="icount", case="pair", variant="64c", allocator="kmalloc"):
            want = PEER_PAIR.get(series(row))
            if want and abs(row["value"] - want) > PEER_PAIR_OFF:
                raise Refused(
                    f"kmalloc's own pair 64c is {plain(row['value'])} instructions on "
                    f"{row['kernel']}, not {want} +-{PEER_PAIR_OFF}"
                )
        for row in self.rows:
            if row["allocator"] == "none" or row["metric"] not in ("instr", "ns"):
                continue
            loop = self.value(**{**{k: row[k] for k in self.KEY}, "allocator": "none"})
            if loop is None:
                raise Refused(f"no empty loop for {row['case']} {row['variant']}")
            if row["value"] < loop / 3:
                raise Refused(
                    f"{row['bed']} {row['case']} {row['variant']}: of {row['allocator']} "
                    f"{plain(row['value'])} {row['metric']} are left when {plain(loop)} "
                    "of the loop are subtracted: that is no result"
                )

    def write(self, path):
        """As a table for programs."""
        with open(path, "w", encoding="ascii") as out:
            print(*COLUMNS, sep="\t", file=out)
            for row in self.rows:
                fields = [plain(row[n]) if n in NUMBERS else row[n] for n in COLUMNS]
                print(*fields, sep="\t", file=out)

    def table(self):
        """As a table for people, with ratios."""
        groups = {}
        for row in self.rows:
            key = tuple(row[n] for n in ("bed", "kernel", "case", "variant", "cpus", "metric"))
            groups.setdefault(key, {})[row["allocator"]] = row["value"]
        bed = None
        for key, by in groups.items():
            if key[:2] != bed:
                bed = key[:2]
                print(f"\n{bed[0]}, {bed[1]}\n")
                print(f"{'case':8} {'variant':26} {'cpus':4} {'metric':15} {'galloc':>9} "
                      f"{'kmalloc':>9} {'cache':>9} {'pages':>9} {'none':>7} {'ratio':>6}")
            peer = by.get("kmalloc", by.get("kmem_cache"))
            ratio = f"{by['galloc'] / peer:.2f}" if peer and "galloc" in by else "-"
            cells = [f"{by[a]:.1f}" if a in by else "-"
                     for a in ("galloc", "kmalloc", "kmem_cache", "pages", "none")]
            print(f"{key[2]:8} {key[3]:26} {key[4]:4} {key[5]:15} {cells[0]:>9} {cells[1]:>9} "
                  f"{cells[2]:>9} {cells[3]:>9} {cells[4]:>7} {ratio:>6}")


def main():
    """Check, write, show."""
    args = sys.argv[1:]
    part = args[:1] == ["--part"]
    if part:
        args = args[1:]
    try:
        results = Results([row for path in args[1:] for row in read_raw(path)])
        results.table()
        results.check()
    except Refused as why:
        sys.exit(f"report.py: {why}: these figures are not to be trusted")
    results.write(args[0])


main()
