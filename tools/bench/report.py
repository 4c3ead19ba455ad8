#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""bench/report.py: from what the guests of `make bench` printed to its results.

	report.py [--part | --here] FOLDER WORK

WORK has, of each guest, NAME.raw: a line "@ bed kernel qualifier [locks]", then what
galloc_bench printed; and, of each kernel, KREL/options.  FOLDER/results.tsv is
written, and a table printed, with the goals, and performance.rst.  A part of the
cases gives FOLDER/part.tsv and no page; a machine of somebody's, no page.

A case that cannot be judged gets no row, and costs no other one its own: its guest
broke off, there was no memory, its loop hides its figures, or the instrument of that
bed and kernel is out of order.  It is listed with the reason, and a goal that is
about it is neither met nor missed.  The last line counts all three; the exit status
is 1 if something was not judged.
"""

import glob
import os
import sys
from fnmatch import fnmatchcase

from goals import MET, MISSED, UNJUDGED, verdicts
from page import write_page

COLUMNS = "bed kernel case variant allocator cpus metric value min max".split()
NUMBERS = ("value", "min", "max")

# kmalloc's own pair of 64 bytes, in instructions; another figure means that not
# the allocator was measured but something else.
PEER_PAIR = {"7.3": 165, "6.1": 237}
PEER_PAIR_OFF = 5

# A guest that counts locks is of the same bed as one that does not: patterns of metrics.
LOCKS, NO_LOCKS = "locks_*", "[!l]*"

# Figures required to judge those of a bed.
REMARKS = {
    "uml": " (SLUB has no 128-bit cmpxchg here: its remote free takes a lock)",
    "uml-up": " (without SMP: a word of this CPU's is one instruction, as on hardware)",
}


class Refused(Exception):
    """What the guests printed is not what they print."""


def series(row):
    """Of a kernel: 6.1, 7.3."""
    return ".".join(row["kernel"].split(".")[:2])


def read_raw(path):
    """The rows of one guest, and the cases that it has no result of."""
    rows, unjudged = [], []
    with open(path, encoding="ascii", errors="replace") as lines:
        _, bed, kernel, qualifier, *locks = next(lines).rstrip("\n").split("\t")
        where = dict(bed=bed, kernel=kernel, metric=LOCKS if locks else NO_LOCKS)
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "!" and len(fields) == 4:
                unjudged.append(Unjudged(fields[3], case=fields[1],
                                         variant=qualified(fields[2], qualifier), **where))
                continue
            if len(fields) + 2 != len(COLUMNS):
                raise Refused(f"a guest printed {line!r}")
            row = dict(zip(COLUMNS, [bed, kernel] + fields))
            for name in NUMBERS:
                row[name] = float(row[name])
            row["variant"] = qualified(row["variant"], qualifier)
            rows.append(row)
    return rows, unjudged


def qualified(variant, qualifier):
    """A variant as it is called in the results."""
    return f"{variant}/{qualifier}" if qualifier else variant


class Unjudged:
    """What has no result, and why: the rows in which these columns are these patterns."""

    def __init__(self, why, **columns):
        self.why = why
        self.columns = columns

    def __str__(self):
        known = [self.columns[name].rstrip("*") for name in COLUMNS if name in self.columns]
        return " ".join(part for part in known if part and part[0] != "[") + ": " + self.why

    def concerns(self, columns):
        """Could it be a row in which these columns have these values?"""
        return all(fnmatchcase(columns[name], pattern)
                   for name, pattern in self.columns.items() if name in columns)


def plain(number):
    """As short as it goes, never with an exponent."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


class Results:
    """All rows, and how to find one."""

    KEY = "bed kernel case variant allocator cpus metric".split()

    def __init__(self, rows, unjudged):
        self.rows = rows
        self.unjudged = []
        # Why figures looked up since the last reset are missing.
        self.missed = []
        for one in unjudged:
            self.take_out(one)
        keys = [tuple(row[name] for name in self.KEY) for row in self.rows]
        if len(set(keys)) != len(keys):
            raise Refused("a key was measured twice")

    def take_out(self, unjudged):
        """No row that it concerns is a result."""
        self.unjudged.append(unjudged)
        self.rows = [row for row in self.rows if not unjudged.concerns(row)]

    def find(self, **wanted):
        """The rows in which these columns have these values."""
        kernel = wanted.pop("kernel", "")
        for one in self.unjudged:
            if one.columns["kernel"].startswith(kernel) and one.concerns(wanted):
                self.missed.append(one.why)
        return [
            row
            for row in self.rows
            if row["kernel"].startswith(kernel)
            and all(row[name] == value for name, value in wanted.items())
        ]

    def has_bed(self, bed):
        """Was anything measured there?"""
        return any(row["bed"] == bed for row in self.rows)

    def value(self, **wanted):
        """Of the only row that fits; None if there is none."""
        rows = self.find(**wanted)
        return rows[0]["value"] if len(rows) == 1 else None

    def peer(self, row):
        """The row beside one of galloc's: kmalloc's, or that of a kmem_cache."""
        same = {name: row[name] for name in self.KEY if name != "allocator"}
        rows = self.find(allocator="kmalloc", **same) or self.find(allocator="kmem_cache", **same)
        return rows[0] if len(rows) == 1 else None

    def by_bed(self):
        """{(bed, kernel): {(case, variant, cpus, metric): {allocator: value}}}"""
        beds = {}
        for row in self.rows:
            lines = beds.setdefault((row["bed"], row["kernel"]), {})
            key = tuple(row[name] for name in ("case", "variant", "cpus", "metric"))
            lines.setdefault(key, {})[row["allocator"]] = row["value"]
        return beds

    def check(self):
        """Take out what is worthless."""
        for row in self.find(bed="icount", case="pair", variant="64c", allocator="kmalloc"):
            want = PEER_PAIR.get(series(row))
            if want and abs(row["value"] - want) > PEER_PAIR_OFF:
                self.take_out(Unjudged(
                    f"kmalloc's own pair 64c is {plain(row['value'])} instructions, "
                    f"not {want} +-{PEER_PAIR_OFF}",
                    bed="icount", kernel=row["kernel"]))
        for row in list(self.rows):
            if row["allocator"] != "none" and row["metric"] in ("instr", "ns"):
                self.check_loop(row)

    def check_loop(self, row):
        """A case of which the loop hides the figures is none."""
        same = {name: row[name] for name in self.KEY if name != "allocator"}
        loop = self.value(allocator="none", **same)
        if loop is None:
            return
        if row["value"] < loop / 3:
            self.take_out(Unjudged(
                f"of {row['allocator']} {plain(row['value'])} are left, {plain(loop)} subtracted",
                **same))

    def write(self, path):
        """As a table for programs."""
        with open(path, "w", encoding="ascii") as out:
            print(*COLUMNS, sep="\t", file=out)
            for row in self.rows:
                fields = [plain(row[n]) if n in NUMBERS else row[n] for n in COLUMNS]
                print(*fields, sep="\t", file=out)

    def table(self):
        """As a table for people, with ratios, and the goals."""
        columns = "{:8} {:26} {:4} {:14} {:>10} {:>10} {:>10} {:>9} {:>7} {:>6}"
        for (bed, kernel), lines in self.by_bed().items():
            print(f"\n{bed}, {kernel}{REMARKS.get(bed, '')}\n")
            print(columns.format("case", "variant", "cpus", "metric", "galloc", "kmalloc",
                                 "kmem_cache", "pages", "none", "ratio"))
            for key, by in lines.items():
                peer = by.get("kmalloc", by.get("kmem_cache"))
                ratio = f"{by['galloc'] / peer:.2f}" if peer and "galloc" in by else "-"
                cells = [short(by[a]) if a in by else "-" for a in
                         ("galloc", "kmalloc", "kmem_cache", "pages", "none")]
                print(columns.format(*key, *cells, ratio))

        print(f"\n{'goal':52} {'figure':>9}  {'limit':10}")
        for what, figure, limit, state, why in verdicts(self):
            print(f"{what:52} {short(figure):>9}  {limit:10} {state}{why and ': ' + why}")


def short(number):
    """For the table: as many digits as mean something."""
    if number is None:
        return "-"
    if abs(number) >= 1000:
        return f"{number:.0f}"
    return f"{number:.1f}" if abs(number) >= 10 else f"{number:.3f}"


def machine(work):
    """What was measured on: the CPU, and the options of each kernel's allocator."""
    model = "unknown CPU"
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    options = {}
    for path in sorted(glob.glob(os.path.join(work, "*", "options"))):
        with open(path, encoding="ascii") as lines:
            krel = os.path.basename(os.path.dirname(path))
            if "-count-" in krel:
                continue
            options[krel] = dict(line.split() for line in lines)
    return {"cpu": model, "cpus": os.cpu_count(), "options": options}


def print_verdict(results):
    """What has no result, and a last line that counts goals.  Was all judged?"""
    if results.unjudged:
        print("\nnot judged; on a machine that does something else, try again:")
        for one in results.unjudged:
            print(f"  {one}")
    states = [state for _, _, _, state, _ in verdicts(results)]
    print(f"\n{len(states)} goals: {states.count(MET)} met, {states.count(MISSED)} not met, "
          f"{states.count(UNJUDGED)} not judged")
    return not results.unjudged and UNJUDGED not in states


def print_options(options):
    """The peer's options, a line for each kernel."""
    print()
    for krel, values in options.items():
        on = " ".join(name if value == "y" else f"{name}={value}"
                      for name, value in values.items() if value != "n")
        print(f"the kernel {krel} has: {on}")


def main():
    """Check, write, show."""
    args = sys.argv[1:]
    part = args[0] if args[0] in ("--part", "--here") else ""
    folder, work = args[-2:]
    where = machine(work)
    try:
        paths = sorted(glob.glob(os.path.join(work, "*.raw")))
        raw = [read_raw(path) for path in paths]
        results = Results([row for rows, _ in raw for row in rows],
                          [one for _, unjudged in raw for one in unjudged])
    except Refused as why:
        sys.exit(f"report.py: {why}: these figures are not to be trusted")
    results.check()
    results.table()
    print_options(where["options"])
    results.write(os.path.join(folder, "part.tsv" if part == "--part" else "results.tsv"))
    if not part:
        write_page(results, where, folder)
    sys.exit(0 if print_verdict(results) else 1)


if __name__ == "__main__":
    main()
