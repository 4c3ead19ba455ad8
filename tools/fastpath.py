#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""fastpath.py GALLOC_KO: the instructions that the two fast paths execute.

Follows galloc_class() and gfree() through the disassembly of a module as objdump
prints it: no conditional jump is taken, since gcc has laid the likely way out straight;
static branches are taken as the kernel patches them with init_on_alloc=0 and
init_on_free=0.  Prints a listing, and "galloc_class N" and "gfree N" on stderr.
"""

import re
import subprocess
import sys

FUNCTIONS = (("galloc_class_abi2", "galloc_class"), ("gfree", "gfree"))
MOST = 200


def objdump(*args):
    return subprocess.run(("objdump",) + args, check=True, capture_output=True,
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


def functions(module):
    """name -> list of (address, text, relocation)."""
    listing, name = {}, None
    for line in objdump("-dr", "--no-show-raw-insn", "-j", ".text", module).splitlines():
        head = re.match(r"[0-9a-f]+ <(\w+)>:$", line)
        code = re.match(r"\s+([0-9a-f]+):\t(.*?)(?:\s+#.*)?$", line)
        reloc = re.match(r"\s+[0-9a-f]+: (R_\S+)\t(\S+)", line)
        if head:
            name = head[1]
            listing[name] = []
        elif reloc and name:
            address, text, _ = listing[name][-1]
            listing[name][-1] = (address, text, re.sub(r"[-+]0x[0-9a-f]+$", "", reloc[2]))
        elif code and name:
            listing[name].append((int(code[1], 16), code[2].strip(), None))
    return listing


def executed(code, branches):
    """The instructions from the first one to the return."""
    index = {address: i for i, (address, _, _) in enumerate(code)}
    i, path = 0, []
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
        elif re.match(r"j(?!mp)", op):
            path.append(f"{op:8}slow")
        else:
            path.append(re.sub(r"\s+", " ", text).replace(" ", "\t", 1).expandtabs(8) +
                        (f"    # {reloc}" if reloc else ""))
        if op == "jmp":
            i = index[int(text.split()[1], 16)]
        else:
            i += 1
    sys.exit("fastpath.py: no way out after %d instructions" % MOST)


def main():
    module = sys.argv[1]
    branches = static_branches(module)
    listing = functions(module)
    for symbol, name in FUNCTIONS:
        path = executed(listing[symbol], branches)
        print(f"{name}()\n{'=' * (len(name) + 2)}\n\n::\n")
        for n, text in enumerate(path, 1):
            print(f"\t{n:3}  {text}".rstrip())
        print()
        print(name, len(path), file=sys.stderr)


main()
