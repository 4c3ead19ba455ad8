#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""galloc.py: what galloc holds, read from a live kernel or a dump of its memory.

    galloc.py [-c VMCORE] [-m galloc.ko] what ADDRESS...
    galloc.py [-c VMCORE] [-m galloc.ko] classes | caches | heaps | spans | leaks

Without -c it is the running kernel, as root.  A VMCORE comes from kdump, makedumpfile, or
QEMU's dump-guest-memory with `-device vmcoreinfo`.

All types are those of galloc.ko, which must be the one that was loaded, with debug
information as kbuild leaves it; the kernel's own is not needed.  What of the kernel is
needed, its symbols, it has in memory itself.  In drgn's shell:

    >>> import galloc
    >>> g = galloc.Galloc(prog, "galloc.ko")		# of a dump its path, too
    >>> print(g.what(0xffff888004a1c040))
"""

import argparse
import bisect
import collections
import functools
import os
import struct
import sys

import drgn

# Of a slot of the address map, whatever the pages.
ARENA_SHIFT = 21
# Fewer references: the page may have another owner, as in arena_bare_span().
PAGE_LOST = (1 << 20) // 16
MODULE_KO = "updates/galloc.ko"


class Trouble(Exception):
    """One line for whoever typed the command."""


# ---- symbols ------------------------------------------------------------------------


def elf_symbols(path):
    """The symbols of an object file: (name, section's number, value, size, is a function)."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:6] != b"\x7fELF\x02\x01":
        raise Trouble(f"{path} is no module of a 64-bit kernel: give galloc.ko by -m")
    offset, = struct.unpack_from("<Q", data, 0x28)
    size, number = struct.unpack_from("<HH", data, 0x3A)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size)
                for i in range(number)]
    for section in sections:
        if section[1] != 2:
            continue
        strings = sections[section[6]][4]
        for at in range(section[4], section[4] + section[5], 24):
            name, info, _, index, value, length = struct.unpack_from("<IBBHQQ", data, at)
            end = data.index(b"\0", strings + name)
            if 0 < index < number:
                yield data[strings + name:end].decode(), index, value, length, info & 15 == 2


class LiveSymbols:
    """Those of the running kernel."""

    def __init__(self):
        self.kernel, self.modules, self.text = {}, {}, []
        try:
            with open("/proc/kallsyms", encoding="ascii") as file:
                for line in file:
                    self.add(*line.split())
        except OSError as error:
            raise Trouble(f"/proc/kallsyms: {error.strerror}") from error
        if not any(self.kernel.values()):
            raise Trouble("/proc/kallsyms hides addresses: run as root")

    def add(self, address, kind, name, module=None):
        """A line of the file."""
        address = int(address, 16)
        if module is None:
            self.kernel.setdefault(name, address)
        else:
            self.modules.setdefault(module[1:-1], []).append((name, address))
        if kind in "tTwW":
            self.text.append((address, f"{name} {module or ''}"))


class PhysicalMemory:
    """Memory of an x86-64 kernel whose dump knows physical addresses only, as QEMU's does."""

    def __init__(self, prog, info):
        self.prog = prog
        # Where the kernel's image is mapped.
        self.root = int(info["SYMBOL(swapper_pg_dir)"], 16) - 0xFFFFFFFF80000000 + \
            int(info["NUMBER(phys_base)"])
        self.levels = 5 if info.get("NUMBER(pgtable_l5_enabled)") == "1" else 4
        self.translate = functools.lru_cache(1 << 16)(self.translate_page)

    def translate_page(self, page):
        """The physical address of a page."""
        table = self.root
        for shift in range(12 + 9 * (self.levels - 1), 3, -9):
            at = table + 8 * (page >> shift & 511)
            entry, = struct.unpack("<Q", self.prog.read(at, 8, True))
            if not entry & 1:
                raise drgn.FaultError("not mapped", page)
            table = entry & 0x000FFFFFFFFFF000
            if shift == 12 or entry & 0x80:
                size = 1 << shift
                return (table & -size) | (page & (size - 1))
        return None

    def read(self, address, size, physical=False):
        """As prog.read()."""
        if physical:
            return self.prog.read(address, size, True)
        found = b""
        while len(found) < size:
            at = address + len(found)
            part = min(size - len(found), 4096 - at % 4096)
            found += self.prog.read(self.translate(at & -4096) + at % 4096, part, True)
        return found


def core_info(core):
    """VMCOREINFO: a text that ends in a zero, in front of the memory.  Old drgn hides it."""
    with open(core, "rb") as file:
        head = file.read(4 << 20)
    text = head[max(head.find(b"OSRELEASE="), 0):].split(b"\0", 1)[0].decode("ascii", "ignore")
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def core_memory(prog, info):
    """What reads a dump: drgn, if it can translate addresses there."""
    try:
        prog.read(int(info["SYMBOL(_stext)"], 16), 8)
    except drgn.FaultError:
        if "NUMBER(phys_base)" in info:
            return PhysicalMemory(prog, info)
    return prog


class CoreSymbols:
    """Those of a dump: the kernel's and its modules' own tables, found by VMCOREINFO."""

    def __init__(self, prog, types, info):
        self.prog, self.types, self.info = prog, types, info
        if "SYMBOL(kallsyms_names)" not in self.info:
            raise Trouble("the dump has no table of symbols: it is of a kernel before 6.1")
        self.text = []
        self.kernel = dict(self.read_kernel())
        self.modules = dict(self.read_modules())

    def at(self, name):
        """The address of a table."""
        return int(self.info[f"SYMBOL(kallsyms_{name})"], 16)

    def tokens(self):
        """What each byte of a compressed name stands for."""
        index = struct.unpack("<256H", self.prog.read(self.at("token_index"), 512))
        table = self.prog.read(self.at("token_table"), index[255] + 64)
        return [table[i:table.index(b"\0", i)].decode() for i in index]

    def read_kernel(self):
        """kallsyms, as scripts/kallsyms.c packs it.  Of equal names the first counts."""
        number, = struct.unpack("<I", self.prog.read(self.at("num_syms"), 4))
        base, = struct.unpack("<Q", self.prog.read(self.at("relative_base"), 8))
        offsets = struct.unpack(f"<{number}i", self.prog.read(self.at("offsets"), 4 * number))
        tokens, names, at = self.tokens(), [], self.at("names")
        data = memoryview(b"")
        for _ in range(number):
            if len(data) < 1024:
                more = self.prog.read(at, min(1 << 16, self.at("num_syms") - at)
                                      if self.at("num_syms") > at else 1 << 16)
                at += len(more)
                data = memoryview(bytes(data) + more)
            length, skip = data[0], 1
            if length & 0x80:
                length, skip = (length & 0x7F) | data[1] << 7, 2
            names.append("".join(tokens[c] for c in data[skip:skip + length]))
            data = data[skip + length:]
        # Before 6.15 per-CPU symbols have their value, and all others are negative.
        absolute = offsets[names.index("T_stext")] < 0
        for name, offset in reversed(list(zip(names, offsets))):
            address = base + (offset & 0xFFFFFFFF)
            if absolute:
                address = offset if offset >= 0 else base - 1 - offset
            if name[0] in "tTwW":
                self.text.append((address, name[1:] + " "))
            yield name[1:], address

    def read_modules(self):
        """The symbols of each module that is loaded."""
        head = drgn.Object(self.types, "struct list_head", address=self.kernel["modules"])
        entry = head.next
        while entry.value_() != head.address_:
            module = drgn.container_of(entry, "struct module", "list")
            yield module.name.string_().decode(), list(self.read_module(module))
            entry = entry.next

    def read_module(self, module):
        """One module's."""
        table = module.kallsyms
        number = table.num_symtab.value_()
        if not number:
            return
        symbols = self.prog.read(table.symtab.value_(), 24 * number)
        last = struct.unpack_from("<I", symbols, 24 * (number - 1))[0]
        strings = self.prog.read(table.strtab.value_(), last + 1)
        while strings[-1]:
            strings += self.prog.read(table.strtab.value_() + len(strings), 1)
        for i in range(number):
            name, info, _, _, value, _ = struct.unpack_from("<IBBHQQ", symbols, 24 * i)
            name = strings[name:strings.index(b"\0", name)].decode()
            if info & 15 == 2:
                self.text.append((value, f"{name} [{module.name.string_().decode()}]"))
            yield name, value


def section_bases(symbols, loaded):
    """Where each section of a module is, by the symbols that are there once."""
    once = collections.Counter(name for name, *_ in symbols)
    address = {name: value for name, value in loaded if once[name] == 1}
    bases = {}
    for name, index, value, _, _ in symbols:
        base = address.get(name, value) - value
        if name in address and bases.setdefault(index, base) != base:
            raise Trouble("galloc.ko is not the one that was loaded: give that by -m")
    if not bases:
        raise Trouble("galloc is not loaded there")
    return bases


# ---- galloc --------------------------------------------------------------------------


def pages_of(types):
    """Pages of a slot, each of which has an entry in a table, and the shift of their size."""
    pages = types.type("struct arena").member("stack").type.length
    return pages, ARENA_SHIFT - pages.bit_length() + 1


def shown(name):
    """The name of a cache, as the files in debugfs show it."""
    return "".join(chr(c) if 32 < c < 127 and c != 92 else f"\\{c:03o}" for c in name)


Span = collections.namedtuple("Span", "at start npages state row objects free node page arena")
Found = collections.namedtuple("Found", "span start size index state")


class Galloc:
    """galloc's data, read without a lock: of a live kernel some of it may be racy."""

    def __init__(self, prog, ko=None, core=None):
        live = bool(prog.flags & drgn.ProgramFlags.IS_LIVE)
        info = {} if live else core_info(core)
        self.prog = prog = prog if live else core_memory(prog, info)
        ko = ko or f"/lib/modules/{os.uname().release}/{MODULE_KO}"
        if not os.path.exists(ko):
            raise Trouble(f"{ko} is not there: give galloc.ko by -m")
        # A program of its own, so that drgn does not look for the kernel's debug information.
        self.types = drgn.Program()
        try:
            self.types.load_debug_info([ko])
            self.types.type("struct mspan")
        except (drgn.MissingDebugInfoError, LookupError) as error:
            raise Trouble(f"{ko} has no debug information: take it before it is stripped") \
                from error
        self.types.add_memory_segment(0, 2**64 - 1, lambda at, n, _, __: prog.read(at, n), False)
        symbols = list(elf_symbols(ko))
        self.loaded = LiveSymbols() if live else CoreSymbols(prog, self.types, info)
        if "galloc" not in self.loaded.modules:
            raise Trouble("galloc is not loaded there")
        self.bases = section_bases(symbols, self.loaded.modules["galloc"])
        self.symbol = {name: self.bases[index] + value
                       for name, index, value, _, _ in symbols if index in self.bases}
        self.setup()

    def setup(self):
        """What does not change, or only with a new arena."""
        self.arena_pages, self.page_shift = pages_of(self.types)
        # A node has so many numbers of stacks, the last one fewer.
        self.nodes = self.var("nr_stacks").value_() // self.var("stack_sets").type_.length + 1
        self.states = {e.value: e.name[len("MSPAN_"):].lower()
                       for e in self.types.type("enum mspan_state").enumerators}
        self.rows = self.read_rows()
        self.cut_rows = {number for number, row in self.rows.items() if row.sc.size}
        self.caches_of = {c.set.value_(): c for c in self.all_caches()}
        self.heaps_of = {}
        for heap in self.heap_list():
            for s in heap.set:
                if s:
                    self.heaps_of[s.value_()] = heap.name.string_().decode()
        self.idle = self.idle_objects()

    # ---- reading

    def var(self, name, file=""):
        """A variable of galloc's, at its place in memory."""
        known = self.types.variable(name, file or None)
        return drgn.Object(self.types, known.type_, address=self.symbol[name])

    def obj(self, kind, address):
        """An object of a type."""
        return drgn.Object(self.types, kind, address=address)

    def words(self, address, n):
        """Words of memory."""
        return struct.unpack(f"<{n}Q", self.prog.read(address, 8 * n)) if n else ()

    def kernel(self, name):
        """Where the kernel has a variable."""
        if name not in self.loaded.kernel:
            raise Trouble(f"the kernel names no {name}: it needs CONFIG_KALLSYMS_ALL")
        return self.loaded.kernel[name]

    def list_of(self, head, kind, member):
        """The entries of a list."""
        entry = head.next
        while entry.value_() != head.address_:
            yield drgn.container_of(entry, kind, member)
            entry = entry.next

    def cpus(self):
        """Possible CPUs, with where their memory is."""
        n, = struct.unpack("<I", self.prog.read(self.kernel("nr_cpu_ids"), 4))
        mask = self.words(self.kernel("__cpu_possible_mask"), (n + 63) // 64)
        offset = self.words(self.kernel("__per_cpu_offset"), n)
        return [(cpu, offset[cpu]) for cpu in range(n) if mask[cpu // 64] >> cpu % 64 & 1]

    def heap_list(self):
        """All private heaps."""
        return self.list_of(self.var("heaps", "heap.c"), "struct galloc_heap", "link")

    def sets(self):
        """All sets of rows: typed caches, and classes of heaps."""
        return self.list_of(self.var("rows_sets"), "struct rowset", "list")

    def all_caches(self):
        """Typed caches that are not destroyed, by their sets."""
        for s in self.sets():
            owner = s.args.owner.value_()
            if s.args.sc.size and not getattr(s.args, "class") and owner:
                yield self.obj("struct galloc_cache", owner)

    def read_rows(self):
        """mcentrals by number: those of classes, then those made at run time."""
        rows = dict(enumerate(self.words(self.var("mcentral_rows").value_(),
                                         self.var("nr_rows").value_())))
        for s in self.sets():
            for row in self.words(s.row.address_, self.nodes + 1):
                if row:
                    rows[self.obj("struct mcentral", row).row.value_()] = row
        return {number: self.obj("struct mcentral", at) for number, at in rows.items() if at}

    def idle_objects(self):
        """Objects that no client has, nor a bitmap: on a CPU's stack or in a transfer."""
        idle, n = {}, self.var("nr_stacks").value_()
        empty = self.var("empty_stacks").value_()
        for cpu, offset in self.cpus():
            cache = self.obj("struct mcache", self.symbol["galloc_mcache"] + offset)
            if cache.stacks.value_() in (0, empty):
                continue
            for words in struct.iter_unpack("<8Q", self.prog.read(cache.stacks.value_(), 64 * n)):
                top, base, end = words[:3]
                if base < top <= end:
                    idle.update((p, f"on the stack of CPU {cpu}")
                                for p in self.words(base, (top - base) // 8))
        for row in self.rows.values():
            n = row.transfer.n.value_()
            idle.update((p, "in transfer between CPUs")
                        for p in self.words(row.transfer.stack.value_(), n) if n)
        return idle

    # ---- spans

    def page(self, address):
        """The struct page of an address."""
        arena_map = self.var("arena_map")
        index = (address - arena_map.base.value_()) >> self.page_shift
        return self.obj("struct page", arena_map.pages.value_() +
                        index * self.types.type("struct page").size)

    def arena(self, nr, word):
        """The slot of that number, by its word in the map; None if it is not galloc's."""
        at = (word + nr * self.arena_pages * 2) & (2**64 - 1)
        return None if at == self.symbol["arena_none"] else \
            self.obj("struct arena", at).read_()

    def arenas(self):
        """All slots of the map that are in use."""
        arena_map = self.var("arena_map")
        words = self.words(arena_map.stacks.address_, arena_map.nr.value_())
        for nr, word in enumerate(words):
            arena = self.arena(nr, word)
            if arena is not None:
                yield arena

    def arena_at(self, address):
        """The slot of an address, if it has tables."""
        arena_map = self.var("arena_map")
        nr = (address - arena_map.base.value_()) // (1 << ARENA_SHIFT)
        if not 0 <= nr < arena_map.nr.value_():
            return None
        arena = self.arena(nr, *self.words(arena_map.stacks.address_ + 8 * nr, 1))
        return None if arena is None or arena.lone else arena

    def pointers(self, arena):
        """The descriptor of each page of a slot, 0 where there is none."""
        if arena.span:
            return self.words(arena.span.value_(), self.arena_pages)
        found = [0] * self.arena_pages
        for i in range(self.arena_pages):
            if arena.owned[i // 64].value_() >> i % 64 & 1:
                page = self.page(arena.start.value_() + (i << self.page_shift))
                if page._refcount.counter.value_() >= PAGE_LOST:
                    found[i] = page.private.value_()
        return found

    def span(self, at, arena=None):
        """A descriptor."""
        s = self.obj("struct mspan", at)
        arena, s = s.arena[0].read_() if arena is None else arena, s.read_()
        tag, start = s.tag.value_(), s.start.value_()
        state = self.states.get(tag & 0xFF, "?")
        row = self.rows.get(tag >> 8) if tag >> 8 else None
        # Whole pages of a heap have a row, too, which they keep when they are not LARGE any more.
        cut = tag >> 8 in self.cut_rows and state != "large"
        free = 0
        if cut:
            bits = self.words(at + drgn.sizeof(s), s.nwords.value_())
            free = sum(bits[i] << 64 * i for i in range(len(bits)))
        return Span(at, start, s.npages.value_(), state, row, s.objects.value_() if cut else 0,
                    free, arena.nid.value_(), (start >> self.page_shift) % self.arena_pages,
                    arena.start.value_())

    def lone(self):
        """Spans of single pages of the emergency reserve."""
        for at in self.words(self.symbol["lone_heads"], self.var("lone_heads").type_.length):
            while at:
                yield self.span(at)
                at = self.page(self.obj("struct mspan", at).start.value_()).private.value_()

    def spans(self):
        """All spans, by address."""
        for arena in self.arenas():
            if arena.lone:
                continue
            pointers, i = self.pointers(arena), 0
            while i < self.arena_pages:
                if not pointers[i]:
                    i += 1
                    continue
                span = self.span(pointers[i], arena)
                if span.start >= arena.start.value_() + (i << self.page_shift):
                    yield span
                i = max(i + 1, span.page + span.npages)
        yield from self.lone()

    def span_of(self, address):
        """The span that has an address, or None."""
        base = address & ~((1 << ARENA_SHIFT) - 1)
        while True:
            arena = self.arena_at(base)
            if arena is None:
                page = address >> self.page_shift << self.page_shift
                return next((s for s in self.lone() if s.start == page), None)
            top = min(address - base, (1 << ARENA_SHIFT) - 1) >> self.page_shift
            for at in reversed(self.pointers(arena)[:top + 1]):
                if at:
                    span = self.span(at, arena)
                    end = span.start + (span.npages << self.page_shift)
                    return span if address < end else None
            # An object above a block has begun in an earlier slot.
            base -= 1 << ARENA_SHIFT

    def size_of(self, span):
        """Bytes of an object of a span."""
        if not span.objects:
            return span.npages << self.page_shift
        return span.row.sc.size.value_()

    def owner_of(self, span):
        """Whose objects they are."""
        s = span.row.set.value_() if span.row is not None else 0
        if not s:
            return "galloc()"
        if s in self.heaps_of:
            return f"heap {self.heaps_of[s]}"
        return f"cache {shown(span.row.set.args.name.string_())}"

    def class_of(self, span):
        """The size class, as in the file classes; None: whole pages or a cache."""
        if span.row is None or span.state == "large":
            return None
        s = span.row.set
        return (getattr(s.args, "class") if s else getattr(span.row, "class")).value_() or None

    def state_of(self, span, index):
        """Of one object: live, or where it is."""
        at = span.start + index * self.size_of(span)
        if span.free >> index & 1:
            return "free"
        return self.idle.get(at, "live")

    def live_objects(self):
        """(span, address, size) of all that clients have."""
        for span in self.spans():
            if span.state == "large":
                yield span, span.start, span.npages << self.page_shift
                continue
            size = self.size_of(span)
            for i in range(span.objects):
                at = span.start + i * size
                if not span.free >> i & 1 and at not in self.idle:
                    yield span, at, size

    # ---- what was recorded

    @functools.cached_property
    def names(self):
        """Addresses of all functions, sorted, and their names."""
        return sorted(self.loaded.text)

    def name(self, address):
        """As the kernel prints it by %pS."""
        i = bisect.bisect(self.names, (address, "\x7f")) - 1
        if i < 0 or address - self.names[i][0] > 1 << 13:
            return hex(address)
        at, name = self.names[i]
        name, _, module = name.partition(" ")
        return f"{name}+{address - at:#x}" + (f" {module}" if module else "")

    def stack(self, handle):
        """The names of a stack in galloc's depot."""
        if not handle:
            return []
        shift = self.page_shift - 3
        page, = self.words(self.symbol["depot_pages"] + 8 * (handle >> shift), 1)
        at = page + (handle & ((1 << shift) - 1)) * 8
        stack = self.obj("struct depot_stack", at)
        return [self.name(a) for a in self.words(stack.at.address_, stack.n.value_())]

    @functools.cached_property
    def records(self):
        """What debug= has recorded of objects, by address."""
        found = {}
        if not self.var("table_hash"):
            return found
        per = (2048 - self.types.type("struct table", "table.c").size) // \
            self.types.type("struct record").size
        for head in self.words(self.var("table_hash").value_(), self.var("table_buckets").value_()):
            while head:
                table = drgn.container_of(self.obj("struct hlist_node", head).address_of_(),
                                          self.types.type("struct table", "table.c"), "node")
                for i in range(table.n.value_()):
                    index = table.part.value_() * per + i
                    found[table.start.value_() + index * table.size.value_()] = \
                        table.record[i].read_()
                head = table.node.next.value_()
        return found

    @functools.cached_property
    def samples(self):
        """The stacks of objects that the heap profile has sampled, by address."""
        found = {}
        for bucket in self.var("buckets", "profile.c"):
            record = bucket.records
            while record:
                address = record.addr.value_()
                if address and not address & 1:
                    found[address] = record.entry.line.stack.value_()
                record = record.next
        return found

    def recorded(self, address):
        """Lines about who has allocated an object, and freed it."""
        lines = []
        record = self.records.get(address)
        for what, verb in enumerate(("allocated", "freed")):
            if record is not None and record.stack[what]:
                lines.append(f"  {verb} by task {record.task[what].value_()}:")
                lines += [f"    {line}" for line in self.stack(record.stack[what].value_())]
        if not lines and address in self.samples:
            lines.append("  allocated, as the heap profile has sampled it:")
            lines += [f"    {line}" for line in self.stack(self.samples[address])]
        return lines

    # ---- answers

    def find(self, address):
        """What an address is: a Found, or None."""
        span = self.span_of(address)
        if span is None:
            return None
        if span.state == "large":
            return Found(span, span.start, self.size_of(span), 0, "live")
        if not span.objects:
            return Found(span, span.start, self.size_of(span), None, span.state)
        size = self.size_of(span)
        index = (address - span.start) // size
        if index >= span.objects:
            return Found(span, span.start, size, None, "tail")
        return Found(span, span.start + index * size, size, index, self.state_of(span, index))

    def what(self, address):
        """The same in words."""
        found = self.find(address)
        if found is None:
            return f"{address:#x}: not galloc's"
        span = found.span
        where = f"span {span.start:#x}, {span.npages} pages, {span.state}, node {span.node}"
        if found.index is None:
            kind = "behind the last object" if found.state == "tail" else f"{found.state} pages"
            return f"{address:#x}: {kind}; {where}"
        number = self.class_of(span)
        kind = f"class {number}, " if number else ""
        of = "whole pages" if span.state == "large" else \
            f"object {found.index} of {span.objects}"
        within = address - found.start
        return "\n".join([
            f"{address:#x}: {of}, {kind}{found.size} bytes"
            f"{f', {within} bytes into it' if within else ''}: {found.state}, of "
            f"{self.owner_of(span)}; {where}"] + self.recorded(found.start))

    def classes(self):
        """Rows of the file classes: class, size, in use, on stacks, free, spans, pages."""
        rows = {number: [number, int(size.size), 0, 0, 0, 0, 0]
                for number, size in enumerate(self.var("sizeclasses")) if number}
        large = ["large", 0, 0, 0, 0, 0, 0]
        for span in self.spans():
            if span.state != "large" and not (span.objects and not span.row.set):
                continue
            row = large if span.state == "large" else rows[self.class_of(span)]
            self.count(row, span)
        return list(rows.values()) + [large]

    def count(self, row, span):
        """Add a span."""
        free = bin(span.free).count("1")
        size = self.size_of(span)
        idle = sum(span.start + i * size in self.idle for i in range(span.objects)
                   if not span.free >> i & 1)
        row[2] += 1 if span.state == "large" else span.objects - free - idle
        row[3] += idle
        row[4] += free
        row[5] += 1
        row[6] += span.npages

    def caches(self):
        """The same of typed caches, by name."""
        rows = {}
        for at, cache in self.caches_of.items():
            rows[at] = [shown(cache.set.args.name.string_()), cache.set.args.sc.size.value_(),
                        0, 0, 0, 0, 0]
        for span in self.spans():
            if span.objects and span.row.set.value_() in rows:
                self.count(rows[span.row.set.value_()], span)
        return list(rows.values())

    def heaps(self):
        """Private heaps: name, limit, held, peak, in use, refused."""
        rows = {}
        for heap in self.heap_list():
            name, account = heap.name.string_().decode(), heap.account
            rows[name] = [name, account.limit.value_(), account.bytes.counter.value_(),
                          account.peak.counter.value_(), 0, account.refused.counter.value_()]
            for cache in self.list_of(heap.caches, "struct galloc_cache", "link"):
                self.heaps_of[cache.set.value_()] = name
        for span, _, size in self.live_objects():
            owner = self.heaps_of.get(span.row.set.value_()) if span.row is not None else None
            if owner:
                rows[owner][4] += size
        return list(rows.values())

    def leaks(self):
        """Live objects by owner, size, and where that is recorded by stack, most bytes first."""
        found = collections.Counter()
        for span, at, size in self.live_objects():
            record = self.records.get(at)
            stack = record.stack[0].value_() if record is not None else self.samples.get(at, 0)
            found[self.owner_of(span), size, stack] += 1
        return sorted(((owner, size, n, self.stack(stack))
                       for (owner, size, stack), n in found.items()),
                      key=lambda leak: -leak[1] * leak[2])


# ---- the program ---------------------------------------------------------------------


def table(head, rows):
    """A table as those in debugfs."""
    print(head)
    for row in rows:
        print(*row)


def show(g, command, words):
    """One command."""
    counts = "size_bytes in_use_objects cached_objects central_objects spans pages"
    if command == "what":
        for word in words:
            print(g.what(int(word, 16)))
    elif command == "classes":
        table(f"class {counts}", g.classes())
    elif command == "caches":
        table(f"cache {counts}", g.caches())
    elif command == "heaps":
        table("name limit_bytes held_bytes peak_bytes in_use_bytes refused", g.heaps())
    elif command == "spans":
        base = g.var("arena_map").base.value_()
        table("address node pages state size_bytes objects free_objects block owner",
              ((f"{s.start:#x}", s.node, s.npages, s.state, g.size_of(s) if s.objects else 0,
                s.objects, bin(s.free).count("1"), s.start - base >> ARENA_SHIFT, g.owner_of(s))
               for s in g.spans()))
    else:
        for owner, size, n, stack in g.leaks():
            print(f"{n} objects of {size} bytes, of {owner}")
            for line in stack:
                print(f"    {line}")


def is_address(word):
    """Is it a number in hexadecimal, as the kernel prints addresses?"""
    try:
        return int(word, 16) >= 0
    except ValueError:
        return False


def open_program(core):
    """The kernel, or its dump."""
    prog = drgn.Program()
    try:
        if core:
            prog.set_core_dump(core)
        else:
            prog.set_kernel()
    except PermissionError as error:
        raise Trouble("only root can read the kernel's memory: use sudo") from error
    except (OSError, ValueError) as error:
        raise Trouble(f"{core or '/proc/kcore'}: {getattr(error, 'strerror', '') or error}") \
            from error
    if not prog.flags & drgn.ProgramFlags.IS_LINUX_KERNEL:
        raise Trouble(f"{core} is no dump of a Linux kernel: it needs a note VMCOREINFO")
    return prog


def main():
    """What was typed."""
    commands = ("what", "classes", "caches", "heaps", "spans", "leaks")
    parser = argparse.ArgumentParser(description="galloc in a live kernel or a dump of one")
    parser.add_argument("-c", metavar="VMCORE", help="a dump, instead of the running kernel")
    parser.add_argument("-m", metavar="galloc.ko", help="the module that is loaded there")
    parser.add_argument("command", choices=commands)
    parser.add_argument("address", nargs="*", help="for what: in hexadecimal")
    args = parser.parse_args()
    try:
        if (args.command == "what") != bool(args.address):
            raise Trouble("what takes addresses, the other commands none")
        for word in args.address:
            if not is_address(word):
                raise Trouble(f"{word} is no address: give it in hexadecimal, 0xffff...")
        show(Galloc(open_program(args.c), args.m, args.c), args.command, args.address)
    except Trouble as trouble:
        sys.exit(f"galloc.py: {trouble}")
    except drgn.FaultError as error:
        sys.exit(f"galloc.py: {error}: the dump lacks that page, or galloc has changed it "
                 "meanwhile: try again")
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
