#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""bench/report.py: from what the guests of `make bench` printed to its results.

	report.py [--part] FOLDER WORK

WORK has, of each guest, NAME.raw: a line "@ bed kernel qualifier", then what
galloc_bench printed; and, of each kernel, KREL/options.  All is checked first: an
instrument that is out of order gives no results.  Then FOLDER/results.tsv is
written, and a table printed, with the goals, and performance.rst.  A case whose
loop hides its figures gets no row, and the exit status is 1.  A part of the cases
gives FOLDER/part.tsv and no page.
"""

import glob
import os
import sys

from goals import verdicts
from page import write_page

COLUMNS = "bed kernel case variant allocator cpus metric value min max".split()
NUMBERS = ("value", "min", "max")

# kmalloc's own pair of 64 bytes, in instructions; another figure means that not
# the allocator was measured but something else.
PEER_PAIR = {"7.3": 165, "6.1": 237}
PEER_PAIR_OFF = 5

# What must be known beside the figures of a bed.
REMARKS = {"uml": " (SLUB has no 128-bit cmpxchg here: its remote free takes a lock)"}


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
        self.failures = []
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

    def peer(self, row):
        """The value beside one of galloc's: kmalloc's, or that of a kmem_cache."""
        same = {name: row[name] for name in self.KEY if name != "allocator"}
        peer = self.value(allocator="kmalloc", **same)
        return self.value(allocator="kmem_cache", **same) if peer is None else peer

    def by_bed(self):
        """{(bed, kernel): {(case, variant, cpus, metric): {allocator: value}}}"""
        beds = {}
        for row in self.rows:
            lines = beds.setdefault((row["bed"], row["kernel"]), {})
            key = tuple(row[name] for name in ("case", "variant", "cpus", "metric"))
            lines.setdefault(key, {})[row["allocator"]] = row["value"]
        return beds

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
            if row["allocator"] != "none" and row["metric"] in ("instr", "ns"):
                self.check_loop(row)

    def check_loop(self, row):
        """Take out a case of which the loop hides the figures, and remember why."""
        same = {name: row[name] for name in self.KEY if name != "allocator"}
        loop = self.value(allocator="none", **same)
        if loop is None:
            return
        what = f"{row['bed']} {row['case']} {row['variant']}"
        if row["value"] < loop / 3:
            why = f"of {row['allocator']} {plain(row['value'])} are left, {plain(loop)} subtracted"
        elif row["case"] == "remote" and row["allocator"] == "kmalloc" and loop > row["value"] / 10:
            why = f"the ring costs {plain(loop)}, over a tenth of kmalloc's {plain(row['value'])}"
        else:
            return
        self.failures.append(f"{what}: {why}")
        gone = self.find(**same)
        self.rows = [other for other in self.rows if other not in gone]

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
        for what, figure, limit, met in verdicts(self):
            print(f"{what:52} {short(figure):>9}  {limit:10} {'met' if met else 'NOT MET'}")


def short(number):
    """For the table: as many digits as mean something."""
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
            if krel.endswith("-count"):
                continue
            options[krel] = dict(line.split() for line in lines)
    return {"cpu": model, "cpus": os.cpu_count(), "options": options}


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
    part = args[:1] == ["--part"]
    folder, work = args[1:] if part else args
    where = machine(work)
    try:
        paths = sorted(glob.glob(os.path.join(work, "*.raw")))
        results = Results([row for path in paths for row in read_raw(path)])
        results.check()
        results.table()
        print_options(where["options"])
    except Refused as why:
        sys.exit(f"report.py: {why}: these figures are not to be trusted")
    results.write(os.path.join(folder, "part.tsv" if part else "results.tsv"))
    if not part:
        write_page(results, where, folder)
    if results.failures:
        # Something else ran on this machine, most likely.
        sys.exit("report.py: no result, for the instrument has failed:\n  " +
                 "\n  ".join(results.failures))


main()
