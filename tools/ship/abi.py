#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""abi.py [--write]: what a client has compiled in, compared with Documentation/abi.list.

Prints each line that is gone, changed or new, and what that means; the exit status is 1
if there is one. --write makes the list anew. Documentation/abi.rst has the rules.
"""

import hashlib
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LIST = TOP / "Documentation/abi.list"


def squeeze(text):
    """Text in one line, with a blank between words."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ?([(),;*\[\]]) ?", r"\1", text)


def digest(text):
    """Of what is too long for a line."""
    return hashlib.sha256(squeeze(text).encode()).hexdigest()[:16]


def statements(text):
    """The top-level declarations of a header, functions with their bodies."""
    depth, start = 0, 0
    for at, char in enumerate(text):
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
        if depth == 0 and (char == ";" or char == "}" and text[start:at].lstrip().startswith(("static", "__"))):
            yield text[start:at + 1].strip()
            start = at + 1


def interface_of(header):
    """Lines for one header."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(), flags=re.S).replace("\\\n", " ")
    for name, value in re.findall(r"^#define[ \t]+(GALLOC_\w+)[ \t]+([^\n]+)$", text, re.M):
        if not re.match(r"GALLOC_(MAJOR|MINOR|PATCH|VERSION)", name):
            yield f"constant {name} {squeeze(value)}"
    for name, args, body in re.findall(r"^#define[ \t]+(\w+)\(([^)\n]*)\)([^\n]*)", text, re.M):
        # The kernel's, or around a function of the same name, which is listed.
        if name == "alloc_hooks" or body.strip() == f"alloc_hooks({name}(__VA_ARGS__))":
            continue
        if not name.startswith("__"):
            yield f"macro {name}({squeeze(args)})"
        yield f"body {name} {digest(body)}"
    for part in statements(re.sub(r"^[ \t]*#.*$", "", text, flags=re.M)):
        head, _, body = part.partition("{")
        head = squeeze(head)
        if head.startswith("static") and body:
            yield "body " + re.search(r"\b(?!__(re)?alloc_size|__printf)(\w+)\(", head)[2] + " " + digest(body)
        # The header's own, and the kernel's, which galloc-override.h declares with a remark.
        if head.startswith("__GALLOC") or "__galloc_remark" in head or re.search(r"\b__galloc_\w+\(", head):
            continue
        if part.startswith(("struct", "enum", "union")) and "{" in part:
            yield squeeze(part)
        elif "(" in head and head.startswith("static"):
            yield "inline " + squeeze(re.sub(r"^static (__always_inline|inline) ", "", head))
        elif "(" in head:
            yield head


def interface():
    """All lines, sorted."""
    lines = set()
    for header in (TOP / "include").glob("*.h"):
        if header.name == "galloc_sizeclass.h":
            lines.add(f"sizes {digest(header.read_text().partition('*/')[2])}")
        else:
            lines.update(interface_of(header))
    sources = [file for part in (".", "client", "observe", "debug") for file in (TOP / part).glob("*.c")
               if not file.name.endswith(".mod.c")]
    for file in sources:
        for name in re.findall(r"^EXPORT_SYMBOL_GPL\((\w+)\)", file.read_text(), re.M):
            lines.add(f"symbol {name}")
    return sorted(lines)


def number_is_missing(before, now):
    """Has the table of sizes changed under the number that refuses old clients?"""
    def of(lines, word):
        return [line for line in lines if line.startswith(word)]
    return of(before, "sizes ") != of(now, "sizes ") and \
        of(before, "symbol galloc_class_abi") == of(now, "symbol galloc_class_abi")


def main():
    """Compare, or write."""
    now = interface()
    before = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    if sys.argv[1:] == ["--write"]:
        if number_is_missing(before, now):
            print("the table of sizes has changed, and old clients have it compiled in: "
                  "raise the number of galloc_class_abiN first")
            return 1
        LIST.write_text("# SPDX-License-Identifier: GPL-2.0\n# Copyright (C) 2026 The galloc authors\n"
                        "# Written by tools/ship/abi.py --write; see abi.rst.\n" + "\n".join(now) + "\n")
        return 0
    for line in sorted(set(before) - set(now)):
        print("gone or changed, which needs a major version and perhaps a new galloc_class_abiN, "
              f"or, a body, that what old clients have still works: {line}")
    for line in sorted(set(now) - set(before)):
        print(f"new, which, unless a body, needs a minor version; then type tools/ship/abi.py --write: {line}")
    return int(now != before)


if __name__ == "__main__":
    sys.exit(main())
