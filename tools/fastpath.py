#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""fastpath.py GALLOC_KO [PREFIX]: the instructions that the two fast paths execute.

Follows galloc_class() and gfree() through the disassembly of a module as objdump
prints it: no conditional jump is taken, but those around preempt_schedule(), since gcc has
laid the likely way out straight;
static branches are taken as the kernel patches them with init_on_alloc=0 and
init_on_free=0.  Prints a listing, and "galloc_class N" and "gfree N" on stderr, and for
x86-64 a line for each of COUNTED.  PREFIX is that of another architecture's tools,
aarch64-linux-gnu-.

On x86-64 fails if the accesses of a path come in another order than its barrier()s, which
are no instructions, have to bring about: see ORDER.
"""

import re
import subprocess
import sys

# The pair has its listing in the page.
FUNCTIONS = (("galloc_class_abi2", "galloc_class"), ("gfree", "gfree"))
# These are only counted, on x86-64, each with a jump that is taken: of small sizes.
COUNTED = {"galloc_owns": None, "galloc_from": "jbe", "galloc_cache_alloc": None,
           "galloc_cache_free": None}
MOST = 200
PREFIX = sys.argv[2] if len(sys.argv) > 2 else ""

# Pair 11 of locking.rst, as the instructions of x86-64: an interrupt on this CPU must find
# the stack busy, or complete.
BEGIN = (("preemption is off", r"incl .*__preempt_count"),
         ("the stacks are not busy", r"cmpb .*galloc_mcache"),
         ("they are now", r"movb +\$0x1,.*galloc_mcache"))
END = (("the stacks are free again", r"movb +\$0x0,.*galloc_mcache"),
       ("preemption is on", r"decl .*__preempt_count"))
POP = (("the top goes down", r"subq +\$0x8,\(%r"), ("the object is read", r"mov +-0x8\(%r"))
PUSH = (("the object is stored", r"mov +%r\w+,\(%r"), ("the top goes up", r"addq +\$0x8,\(%r"))
ORDER = {"galloc_class_abi2": POP, "gfree": PUSH, "galloc_cache_alloc": POP,
         "galloc_cache_free": PUSH}


def objdump(*args):
    return subprocess.run((PREFIX + "objdump",) + args, check=True, capture_output=True,
                          text=True).stdout


def static_branches(module):
    """Where the kernel writes a jump: address -> (target, in the code as compiled)."""
    found, code, target = {}, None, None
    for line in objdump("-r", "-j", "__jump_table", module).splitlines():
        m = re.match(r"([0-9a-f]+) R_\S+\s+(\S+?)([+-]0x[0-9a-f]+)?$", line)
        if not m:
            continue
        at, symbol, addend = int(m[1], 16), m[2], int(m[3] or "0", 16)
        if at % 16 == 0:
            code = addend if symbol == ".text" else None
        elif at % 16 == 4:
            target = addend if symbol == ".text" else None
        elif symbol.startswith("init_on_") and code is not None:
            # Of a key that is not enabled: a jump if its branch bit is set.
            found[code] = target if addend & 1 else None
    return found


def instructions(module):
    """All of a module as (address, text, relocation), and where each function begins."""
    listing, begins = [], {}
    for line in objdump("-dr", "--no-show-raw-insn", "-j", ".text", module).splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:$", line)
        code = re.match(r"\s+([0-9a-f]+):\t(.*?)(?:\s+(?:#\s|//).*)?$", line)
        reloc = re.match(r"\s+[0-9a-f]+: (R_\S+)\t(\S+)", line)
        if head:
            begins[head[1]] = len(listing)
        elif reloc and listing:
            address, text, _ = listing[-1]
            listing[-1] = (address, text, re.sub(r"[-+]0x[0-9a-f]+$", "", reloc[2]))
        elif code:
            listing.append((int(code[1], 16), code[2].strip(), None))
    return listing, begins


def executed(code, i, branches, taken=None):
    """The instructions from @i to the return; the first conditional jump @taken is."""
    index = {address: at for at, (address, _, _) in enumerate(code)}
    path = []
    while len(path) < MOST:
        address, text, reloc = code[i]
        if address in branches:
            goal = branches[address]
            path.append("jmp" if goal else "nop" + " " * 20 + "# init_on_*")
            i = index[goal] if goal else i + 1
            continue
        op = text.split()[0]
        if reloc == "__fentry__":
            path.append("nop" + " " * 20 + "# __fentry__")
        elif op == "ret" or reloc == "__x86_return_thunk":
            return path + ["ret"]
        elif re.match(r"j(?!mp)|b\.|cbn?z|tbn?z", op):
            operands, goal = re.match(r"(.*?)([0-9a-f]+) <", text).groups()
            # Around the call, which gcc has in between on arm64.
            on = code[i + 1][2] == "preempt_schedule"
            if op == taken:
                on, taken = True, None
            path.append(re.sub(r"\s+", "\t", operands + ("on" if on else "slow"),
                               count=1).expandtabs(8))
            i = index[int(goal, 16)] if on else i + 1
            continue
        else:
            path.append(re.sub(r"\s+", " ", text).replace(" ", "\t", 1).expandtabs(8) +
                        (f"    # {reloc}" if reloc else ""))
        if op in ("jmp", "b"):
            i = index[int(text.split()[1], 16)]
        else:
            i += 1
    sys.exit("fastpath.py: no way out after %d instructions" % MOST)


def check_order(name, path):
    """The steps of a path come once, and in order; the stack is touched while it is busy."""
    at, found = -1, {}
    for step, pattern in BEGIN + ORDER[name] + END:
        places = [i for i, text in enumerate(path) if re.match(pattern, text)]
        if len(places) != 1 or places[0] < at:
            sys.exit(f"fastpath.py: {name}(): '{step}' is in {len(places)} places, or too early")
        at = found[step] = places[0]
    busy = range(found["they are now"], found["the stacks are free again"])
    for i, text in enumerate(path):
        if i not in busy and re.search(r"\(%r(?!ip|sp|di)", text) and not text.startswith("lea"):
            sys.exit(f"fastpath.py: {name}(): '{text}' while the stacks may be another's")


def main():
    module = sys.argv[1]
    branches = static_branches(module)
    code, begins = instructions(module)
    if not PREFIX:
        for symbol in ORDER:
            check_order(symbol, executed(code, begins[symbol], branches))
    for symbol, name in FUNCTIONS:
        path = executed(code, begins[symbol], branches)
        print(f"{name}()\n{'=' * (len(name) + 2)}\n\n::\n")
        for n, text in enumerate(path, 1):
            print(f"\t{n:3}  {text}".rstrip())
        print()
        print(name, len(path), file=sys.stderr)
    for name, taken in COUNTED.items() if not PREFIX else ():
        print(name, len(executed(code, begins[name], branches, taken)), file=sys.stderr)


main()
