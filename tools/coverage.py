#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""coverage.py JSON TREE MISSED: a table of what `gcov --json-format` has counted, a line
for each source of the first folder and for each other folder, and into MISSED the lines
that nothing ran.

A header is in many objects: a line of it ran if it did in any, and each of its branches
is taken if it was in any.
"""

import collections
import json
import os
import sys

# Headers of the kernel and of clients, and what only tests have.
SKIPPED = ("/", "include/", "kunit/", "debug/inject.c")


def read(path, tree):
    """Of each source: {line: runs}, {(line, function, branch): taken}."""
    lines = collections.defaultdict(collections.Counter)
    branches = collections.defaultdict(collections.Counter)
    decoder = json.JSONDecoder()
    with open(path, encoding="utf-8") as file:
        text = file.read()
    at = 0
    while at < len(text):
        unit, at = decoder.raw_decode(text, at)
        while at < len(text) and text[at].isspace():
            at += 1
        for source in unit["files"]:
            name = os.path.normpath(source["file"])
            if name.startswith(SKIPPED):
                continue
            for line in source["lines"]:
                number = line["line_number"]
                lines[name][number] += line["count"]
                for i, branch in enumerate(line["branches"]):
                    branches[name][number, line.get("function_name"), i] += branch["count"]
    return lines, branches


def row(name, lines, branches):
    """A line of the table."""
    ran, taken = sum(map(bool, lines.values())), sum(map(bool, branches.values()))
    return (f"{name:<24} {len(lines):>6} {100 * ran / max(len(lines), 1):>7.1f} % "
            f"{len(branches):>8} {100 * taken / max(len(branches), 1):>7.1f} %")


def main():
    path, tree, missed = sys.argv[1:]
    lines, branches = read(path, tree)
    print(f"{'source':<24} {'lines':>6} {'run':>9} {'branches':>8} {'taken':>9}")
    tables = collections.defaultdict(lambda: ({}, {}))
    with open(missed, "w", encoding="utf-8") as out:
        for name in sorted(lines):
            folder = os.path.dirname(name)
            for title in (folder + "/",) if folder else (name, "the core"):
                tables[title][0].update({(name, key): n for key, n in lines[name].items()})
                tables[title][1].update({(name, key): n for key, n in branches[name].items()})
            with open(os.path.join(tree, name), encoding="utf-8") as file:
                text = file.read().splitlines()
            for number in sorted(n for n in lines[name] if not lines[name][n]):
                print(f"{name}:{number}:{text[number - 1]}", file=out)
    # The core first, its sum, then the folders.
    for title in sorted(tables, key=lambda t: (t.endswith("/"), t == "the core", t)):
        print(row(title, *tables[title]))


if __name__ == "__main__":
    main()
