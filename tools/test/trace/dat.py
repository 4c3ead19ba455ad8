#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""dat.py TEXT OUT [version=6] [compression=none] [clock=mono] [endian=0]
       [overlap=0]

The kmem events of a text of tracefs as a trace.dat of trace-cmd, to test the reader
of the one by that of the other. All ways in which a ring buffer writes times and
lengths are taken in turn.
"""

import re
import struct
import sys

PAGE = 4096
IDS = {"kmalloc": 430, "kmalloc_node": 431, "kmem_cache_alloc": 432,
       "kmem_cache_alloc_node": 433, "kfree": 434, "kmem_cache_free": 435}
OTHER = 300
BITS = {"GFP_KERNEL": 0xcc0, "GFP_ATOMIC": 0xa20, "GFP_NOWAIT": 0x800, "__GFP_ZERO": 0x100,
        "__GFP_ACCOUNT": 0x400000, "GFP_KERNEL_ACCOUNT": 0x400cc0, "__GFP_RECLAIMABLE": 0x10,
        "__GFP_NOWARN": 0x2000, "GFP_DMA": 1, "__GFP_DIRECT_RECLAIM": 0x400}
EVENT = re.compile(r"\[(\d{3})\] +(?:[^ ]+ +)?(\d+)\.(\d+): +(?:kmem:)?(\w+):(.*)")


def bits(text):
    """A word of GFP flags, as the kernel has it."""
    value = 0
    for name in text.split("|"):
        value |= BITS[name] if name in BITS else int(name, 16)
    return value


def parse(text):
    """(cpu, ns, name, fields) of each event, and (cpu, lost) of each loss."""
    for line in text.splitlines():
        lost = re.match(r"CPU:(\d+) \[LOST (\d+) EVENTS\]", line)
        if lost:
            yield int(lost[1]), None, "lost", int(lost[2])
        event = not line.startswith("#") and EVENT.search(line)
        if event:
            fields = dict(word.split("=", 1) for word in event[5].split() if "=" in word)
            yield (int(event[1]), int(event[2]) * 10 ** 9 + int(event[3].ljust(9, "0")),
                   event[4], fields)


def payload(name, fields):
    """What the kernel writes for an event, in the layout that formats() describes."""
    head = struct.pack("<HBBi", IDS.get(name, OTHER), 0, 0, 1)
    if name not in IDS:
        return head + b"whatever it is"
    pointer = fields["ptr"]
    head += struct.pack("<QQ", 0xffffffff81000000,
                        0 if pointer == "(null)" else int(pointer, 16))
    if "alloc" not in name:
        # Long enough for a length of its own.
        return head + fields.get("name", "").encode().ljust(152, b"\0")
    return head + struct.pack("<QQQi?3x", int(fields["bytes_req"]), int(fields["bytes_alloc"]),
                              bits(fields["gfp_flags"]), -1, fields.get("accounted") == "true")


class Pages:
    """The pages of one CPU."""

    def __init__(self):
        self.pages = []
        self.body = b""
        self.count = 0

    def open(self, ns, lost=0):
        """A new page that starts at this time."""
        self.close()
        self.start = self.last = ns
        self.lost = lost

    def close(self):
        """Write out what there is."""
        if not self.body:
            return
        commit = len(self.body)
        body = self.body
        if self.lost:
            commit |= 1 << 31 | 1 << 30
            body += struct.pack("<Q", self.lost)
        page = struct.pack("<QQ", self.start, commit) + body
        self.pages.append(page.ljust(PAGE, b"\0"))
        self.body = b""

    def add(self, ns, data):
        """One event, its time told in one of the ways that there are."""
        self.count += 1
        delta = ns - self.last
        if self.count % 5 == 0 or delta >= 1 << 27:
            # A time extend, or the time as it is; then no difference.
            extend = self.count % 2 or delta >= 1 << 27
            kind, value = (30, delta) if extend else (31, ns & (1 << 59) - 1)
            self.body += struct.pack("<II", kind | (value & (1 << 27) - 1) << 5, value >> 27)
            delta = 0
        if self.count % 3 == 0 and delta:
            # An event that was taken back, a nanosecond after the one before: a
            # free that must not be seen.
            gone = payload("kfree", {"ptr": "a000", "name": "xx"})
            self.body += struct.pack("<II", 29 | 1 << 5, len(gone) + 4) + gone
            delta -= 1
        data = data.ljust(-(-len(data) // 4) * 4, b"\0")
        if len(data) <= 28 * 4:
            self.body += struct.pack("<I", len(data) // 4 | delta << 5) + data
        else:
            self.body += struct.pack("<II", delta << 5, len(data) + 4) + data
        self.last = ns


def cpu_pages(events):
    """The ring buffer of each CPU."""
    cpus = [Pages(), Pages()]
    lost = [0, 0]
    for cpu, ns, name, fields in events:
        pages = cpus[cpu]
        if name == "lost":
            lost[cpu] = fields
            continue
        if not pages.body or lost[cpu] or pages.count % 8 == 0:
            pages.open(ns, lost[cpu])
            lost[cpu] = 0
        pages.add(ns, payload(name, fields))
    for pages in cpus:
        if pages.body:
            # The rest of the page is padding.
            pages.body += struct.pack("<I", 29)
        pages.close()
    return [b"".join(pages.pages) for pages in cpus]


def field(kind, name, offset, size):
    """A line of a format file."""
    return f"\tfield:{kind} {name};\toffset:{offset};\tsize:{size};\tsigned:0;\n"


def common(name, number):
    """The head of a format file."""
    return (f"name: {name}\nID: {number}\nformat:\n" + field("unsigned short", "common_type", 0, 2)
            + field("unsigned char", "common_flags", 2, 1)
            + field("unsigned char", "common_preempt_count", 3, 1)
            + field("int", "common_pid", 4, 4) + "\n")


def formats():
    """The format file of each event."""
    for name, number in IDS.items():
        text = (common(name, number) + field("unsigned long", "call_site", 8, 8)
                + field("const void *", "ptr", 16, 8))
        if "alloc" in name:
            text += (field("size_t", "bytes_req", 24, 8) + field("size_t", "bytes_alloc", 32, 8)
                     + field("unsigned long", "gfp_flags", 40, 8) + field("int", "node", 48, 4))
            if name == "kmem_cache_alloc" or name == "kmem_cache_alloc_node":
                text += field("bool", "accounted", 52, 1)
        else:
            text += field("__data_loc char[]", "name", 24, 4)
        yield (text + '\nprint fmt: "ptr=%p", REC->ptr\n').encode()


def part(data, width=8):
    """A size and so many bytes."""
    return len(data).to_bytes(width, "little") + data


def option(number, data):
    """An option of either version."""
    return struct.pack("<H", number) + part(data, 4)


HEADER_PAGE = (field("u64", "timestamp", 0, 8) + field("local_t", "commit", 8, 8)
               + field("int", "overwrite", 8, 1) + field("char", "data", 16, PAGE - 16)).encode()
UNAME = b"Linux a-host 6.1.0-test x86_64\0"


def header():
    """header_page and header_event."""
    return (b"header_page\0" + part(HEADER_PAGE) + b"header_event\0"
            + part(b"# compressed entry header\n"))


def systems():
    """The formats, beside those of another system."""
    mine = list(formats())
    # It has a name that matters, but not there.
    other = common("kmalloc", OTHER) + '\nprint fmt: "other"\n'
    return (struct.pack("<I", 2) + b"sched\0" + struct.pack("<I", 1)
            + part(other.encode()) + b"kmem\0" + struct.pack("<I", len(mine))
            + b"".join(part(text) for text in mine))


def start(version, endian):
    """What is in front in either version."""
    return (b"\x17\x08\x44tracing" + str(version).encode() + b"\0"
            + struct.pack("<BBI", endian, 8, PAGE))


def align(data):
    """To the next page."""
    return data.ljust(-(-len(data) // PAGE) * PAGE, b"\0")


def version_6(pages, clock, endian, overlap):
    """One part behind the other. With an overlap each CPU claims the pages of all."""
    out = (start(6, endian) + header() + struct.pack("<I", 1) + part(b"name: function\n")
           + systems() + part(b"kallsyms", 4) + part(b"", 4) + part(b"1 init\n")
           + struct.pack("<I", len(pages)) + b"options  \0" + option(2, b"CPU: 0\0")
           + option(4, clock) + option(5, UNAME) + struct.pack("<H", 0) + b"flyrecord\0")
    at = len(align(out + bytes(16 * len(pages))))
    for data in pages:
        out += struct.pack("<QQ", at, len(b"".join(pages)) if overlap else len(data))
        at += 0 if overlap else len(data)
    return align(out) + b"".join(pages)


def version_7(pages, clock, endian, compression):
    """Sections; two of options, of which the first leads to the second."""
    def section(number, data):
        return struct.pack("<HHIQ", number, int(compression != "none"), 0, len(data)) + data

    out = start(7, endian) + compression.encode() + b"\0" + b"1.0\0"
    first = len(out) + 8
    out += struct.pack("<Q", first)
    size = len(section(0, option(4, clock) + option(5, UNAME) + option(0, bytes(8))))
    out += section(0, option(4, clock) + option(5, UNAME)
                   + option(0, struct.pack("<Q", first + size)))
    second = len(out)
    buffer_size = 8 + 1 + len(b"mono\0") + 8 + 20 * len(pages)
    size = len(section(0, option(16, bytes(8)) + option(18, bytes(8))
                       + option(3, bytes(buffer_size)) + option(0, bytes(8))))
    parts = [section(16, header()), section(18, systems()), section(3, b"")]
    places = [second + size]
    for data in parts:
        places.append(places[-1] + len(data))
    at = len(align(bytes(places[-1])))
    buffer = struct.pack("<Q", places[2]) + b"\0" + b"mono\0" + struct.pack("<II", PAGE, len(pages))
    for cpu, data in enumerate(pages):
        buffer += struct.pack("<IQQ", cpu, at, len(data))
        at += len(data)
    out += section(0, option(16, struct.pack("<Q", places[0]))
                   + option(18, struct.pack("<Q", places[1])) + option(3, buffer)
                   + option(0, bytes(8)))
    return align(out + b"".join(parts)) + b"".join(pages)


def main():
    text, out, *words = sys.argv[1:]
    options = dict(word.split("=", 1) for word in words)
    clock = options.get("clock", "local global [mono] x86-tsc").encode() + b"\n\0"
    with open(text, encoding="ascii") as file:
        pages = cpu_pages(parse(file.read()))
    endian = int(options.get("endian", 0))
    if options.get("version", "6") == "7":
        data = version_7(pages, clock, endian, options.get("compression", "none"))
    else:
        data = version_6(pages, clock, endian, options.get("overlap") == "1")
    with open(out, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
