# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""bench/page.py: the results as a page of the documentation, with charts."""

import os

from chart import chart
from goals import MET, MISSED, UNJUDGED, verdicts

HEAD = """.. SPDX-License-Identifier: GPL-2.0
.. Copyright (C) 2026 The galloc authors
.. Written by make bench; make bench-doc copies it here.

===========
Performance
===========

For administrators and authors of clients who decide by figures. The cost of an
allocation in galloc, and in the allocators of the same kernel in the same
run: ``kmalloc()``, a ``kmem_cache`` and, for whole pages, the page allocator. ``make
bench`` measures it, prints the results, and writes this page and figures.rst, which has
every figure.

Method
======

1. One module, ``tools/bench``, runs the same loops with each allocator's calls
   compiled in. galloc.ko is the module that ``make run`` loads, with default parameters.
2. A figure is the median of the repetitions, for a pair of alloc and free (in
   ``bulk`` and ``remote`` for an object), less that of the same loop without
   allocator. The allocators alternate, repetition by repetition. In the charts a line
   across the end of a bar goes from the lowest to the highest repetition.
3. ``icount``: QEMU executes one instruction per nanosecond, one CPU at a time,
   ``-cpu qemu64,+rdrand``; its clock counts instructions, and each run gives the same
   result. The guest needs rdrand, or the kernel's random numbers are not ready: SLUB
   takes one for each slab (``SLAB_FREELIST_RANDOM``), some 10,000 instructions then.
4. ``uml-up`` and ``uml``: user-mode Linux runs at the speed of the machine. Its per-CPU
   and interrupt operations are C, not x86 instructions, and SLUB has no 128-bit cmpxchg
   there, so its remote free takes a lock: compare with ``icount``. ``uml-up`` is built
   without SMP: there a word of this CPU's is one instruction, as on hardware, for all
   allocators; times on one CPU are judged there. ``uml`` has what needs two CPUs. ``native``
   is the machine of whoever types ``make bench-here``.
5. Kernels run with ``init_on_alloc=0``, because clearing dominates; variants
   with ``init1`` run with ``init_on_alloc=1``, those with ``touch`` write the
   first 64 bytes of each object. The empty loop does not.
6. ``remote`` hands over batches of 64 pointers; the cost of the ring is subtracted.
   Under ``icount`` the CPUs alternate: one fills the ring, the other empties it.
7. ``replay`` repeats the recorded allocations and frees of a kernel, event by event on
   the CPUs of the recording, as far as the bed has them; traces.rst describes the
   recording and the replay. Only the events are timed, not the handover between CPUs.
   Held memory comes from a replay at the recorded pace; its mean is over time.
8. Held memory is the decrease of the system's free pages, including those on the CPUs'
   lists. galloc's own ``system_bytes`` must agree to 1 %.
9. ``locks_per_kop``: locks and atomic read-modify-writes per thousand pairs, counted by
   a build of galloc.ko in which each increments a counter, by what it is for: a stack that
   ran empty (``refill``) or full (``flush``), an object that is marked free in its span
   (``bit``), a span that comes (``grow``) or goes (``release``). ``acquired`` are the locks
   among them; a lock ``waited`` for is one that another CPU had.
10. ``latency``: a build of galloc.ko measures the time from each lock it takes, and each
    entry to a CPU's stacks, to the end of that section, and keeps the longest. The kernel
    is booted for 512 CPUs and 8 nodes, of which 2 CPUs run. The lower of two results
    counts, since an interrupt can only increase it. ``call`` times whole calls, of an
    ordinary galloc.ko and on one CPU.
11. Kernels with KASAN, lockdep or slab debugging are refused. Instruction counts are not
    judged on a kernel where kmalloc's own pair is not 165 (7.3) or 237 (6.1), give or
    take 5.
12. A case is not judged if its figure is below a third of what was subtracted, or if its
    guest was interrupted. It is listed with the reason below the goals, and does not
    affect other cases. If the ring costs more than a tenth of kmalloc's figure,
    ``remote`` is judged only if the verdict is the same with nothing subtracted.

Cases
=====

========= ===================== ===================================================
case      variant               what
========= ===================== ===================================================
floor     pair                  no allocator: preemption off, two writes to a word
                                of this CPU, preemption on, twice
pair      64c; 8v .. 4096v      allocate, free; a constant or a variable size
batch     N/order               N objects of 64 bytes out, then freed in that order
mixed     N/distribution        N out: the oldest goes, one of another size comes;
                                sizes of 1 .. 8192, log-uniform, or 1 .. 2048
bulk      N                     N objects of 64 bytes by the calls for many
remote    pipe, all             one CPU allocates, another frees; or each frees
                                what its neighbour has allocated
larson    default               replaces random ones of 1000 objects; survivors go
                                to a thread on another CPU
scale     pair, mixed           on one CPU and on all, in millions a second
replay    default, a trace      the recorded allocations and frees of a kernel; per
                                event
irq       softirq, hrtimer      pair in interrupts
latency   refill .. sweep       galloc's longest section with preemption or
                                interrupts off, under a load that has many
call      alloc, free, drain    the longest of many calls with interrupts off; drain:
                                while all CPUs are asked to drain
cpus      remote, replay        32 CPUs in 4 nodes at once: each other CPU frees what its
                                neighbour allocates (``/node``: one of another node);
                                16 replays of the first quarter of the trace
large     bytes                 pair of whole pages
huge      bytes                 the same above one of galloc's blocks
held      bytes                 allocates 64 MiB in objects of that size, then frees
                                them, from cold; per object
burst     bytes                 allocates 10,000, then frees them, from cold; both
                                halves separately
share     bytes                 cache lines with objects of two CPUs, after each has
                                freed the objects of the other
node      bytes                 40,000 objects on a CPU whose node is at its low
                                watermark
rcu       bytes                 2048 objects freed after a grace period, in a row: what the
                                caller pays for each; ``gfree``: by a plain gfree(), a few at
                                a time
release   objects               of 64 bytes of a heap: taken back by a sweep, or freed one by
                                one; and what a sweep waits for grace periods
create    cache10000, heap1000  caches or heaps that are alive, and unused
growth    objects               half pair, half batch, with that many live objects
memory    loguniform            64 MiB of 1 .. 8192 bytes; /churn: each replaced
spike     peak, 90, 100         four times 64 MiB of different sizes; frees 90 %,
                                then the rest, and shrinks each time
empty     setup, idle           memory of a CPU that has called galloc, or has not
========= ===================== ===================================================

"""

FIGURES = """.. SPDX-License-Identifier: GPL-2.0
.. Copyright (C) 2026 The galloc authors
.. Written by make bench; make bench-doc copies it here.

========================
Figures of the benchmark
========================

For whoever doubts a figure: every one behind performance.rst, which describes the cases,
the method and the units.

"""

TAIL = """What limits the results
=======================

*Nanoseconds of a pair.* ``floor`` is a pair without allocator: preemption off, this CPU's
memory, preemption on, twice. Every per-CPU cache pays that, kmalloc too. With SMP
user-mode Linux calls a function to find the current CPU, six times per pair, which is
nearly all of galloc's pair there; without SMP it is one instruction. On x86 the floor,
including its loop, is two fifths of galloc's instructions, which fastpath.rst lists.
``mixed`` and ``batch`` are pairs, too.

*Samples.* One of 524,288 bytes is sampled by default, with its call stack (``sample_kb``):
some 1,200 instructions, for the free, too. On 7.3 that is 3 of the 75 instructions of
``mixed 32/log8192`` by itself, 20 of the 150 of a pair of 8 KiB, and 170 of the 1,106 of one of
33 KiB, where each call counts its bytes, measured with and without ``sample_kb=0``.

*Nanoseconds of remote and replay on uml.* On that kernel, disabling and enabling
interrupts are two system calls of the host: ``perf record -a`` during a run shows
``rt_sigprocmask``. ``icount`` has none of that. ``remote pipe`` takes a lock on each side
for every 128 objects, once a stack has run out four times in a row at the same end; with 64
it would be twice as many.

*Instructions of a replay.* An event takes 58 to 61 on either kernel, of which 19 are the
replay's own (column ``none``). If each were served by the fast path, with 28 for an allocation of
any size and 28 for a free, it would be 47.5: 0.27 of kmalloc()'s 178 on 6.1, and 0.40 of its 120
on 7.3. So the limits of 0.26 and 0.36, from the time when a guest had no entropy and SLUB paid for
that, are below what is possible; samples are 2 to 3 of the 10 to 13 above it, refills, flushes and
spans that come and go the others.

*Locks and atomics of a replay.* 1,000 events are 500 objects, of which 21 % change CPU
(traces.rst). In batches of 64, each of which is put into the transfer and fetched under its
lock, these need 3.3 locks: that is the floor, if all others are served by their own CPU and
no memory comes or goes. The trace lets 25 of 31 MB go several times, in bursts: what a
full transfer has no room for is marked free in the spans, in up to 16 words a call, which
may be made in a section of the caller's (``bit``): the objects come in an order of their
own, and of 16 in a row 4 are of the same word, of 64, 7, of 256, 10 (why/gather.rst). Spans
that come and go with these objects take a lock of the node and a counter of the row each
(``grow``, ``release``).

*The frees of a burst.* ``kfree()`` of an object in a slab with others sets a word: 210 to
270 instructions on 6.1 for 256 bytes to 4 KiB. In galloc that is 32, as long as the CPU's
stack has room. In a burst it has none, and objects are freed into their spans, up to 64 at
a time. Those that lie side by side share the look-up of their span, so that it costs 20
each, and the atomic operation that marks them. With objects of 4 KiB each span is empty
then, and joins the free runs of its node, 400 in all; with 2 KiB every second, 380. Longer
spans would be fewer, but are empty less often: with one object in a span, memory of freed
objects is free (``spike 90``).

*64 MiB held, and bursts, above 16 KiB.* There kmalloc() is the page allocator on 6.1: each
half of a pair is one call of it. galloc takes chunks from the same page allocator, splits
them, and gives each page its references, so that pages can be sent by the network, and
returned, one by one: 24 instructions a page, of which ``check_new_pages()`` has 14, which
kmalloc() pays, too. Each object is then cut from a chunk and returned to a free run under
the node's lock, some at a time: 0.65 to 0.9 of kmalloc()'s instructions in all up to 32
KiB, 1.0 to 1.25 above. The next objects of that size come from the CPU's stash or stack, without either.

*Shared lines.* Free objects move between the stacks of two CPUs in batches of up to 64
pointers, in the order of the frees. At both ends of a batch a cache line may hold objects
of either CPU. SLUB assigns whole slabs to a CPU, and its remote frees return to the slab,
which takes an atomic operation on a line of another CPU for each object (``remote``).

*Memory after filling.* Two thirds of the overhead are the rounding to 67 sizes, with
kmalloc's alignment; the rest is metadata, tails of spans, and free pages (the rest of the
last chunk). ``cat /sys/kernel/debug/galloc/stats`` shows each, with any client.

*Memory after churn.* Each object is replaced by one of another size. After that, a class
has some objects more or fewer than before, by about the square root of twice their
number. Where there are fewer, their memory stays allocated: on a CPU's stack, or in spans
with other objects. This is 2.4 of the 67 MB, ``cached_bytes`` and ``central_bytes`` in
``stats``. The CPU's budget has no influence: with ``cpu_cache_kb=768`` the figure is the
same as with 2048, only a larger part of it is ``central_bytes``.

*The spike, 90 % freed.* Survivors keep their spans in use: a span of 16 objects is empty
afterwards with a probability of 0.9^16. Shorter spans would be empty more often, but have
more tails and descriptors, which increases the previous figure.

Memory overhead
===============

galloc holds more memory than the requested objects for these reasons:

- Rounding up to a class, and the tails of the spans. galloc holds 1.076 bytes per
  requested byte for log-uniform sizes from 1 to 8192 bytes with pages of 4 KiB (``make
  hosttest`` computes it; 1.076 with 16 KiB, 1.077 with 64 KiB). ``make -s
  sizeclasses`` prints the worst case of each class.
- Metadata, with pages of 4 KiB: 5461 bytes for a block of 2 MiB, 56 for a
  span, up to 176 for one of more than 64 objects, 8 bytes for 2 MiB of the machine's
  memory, 16320 bytes on a CPU that calls galloc, 20480 more for each further node, as
  ``kmalloc()`` rounds them, and its stacks.
- Cached memory: at most ``cpu_cache_kb`` for a CPU; and free memory: a 64th of
  the total or ``free_max_mb``, a quarter of a second after it became free.

Example: 5000 objects of 100 bytes need 608560 bytes of system memory after everything
else was returned (usage.rst), 1.2 times the requested size, of which 43312 bytes are
metadata.
"""


def grid(rows):
    """A simple table of reStructuredText; the first row is its head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rule = " ".join("=" * width for width in widths)
    lines = [" ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
             for row in rows]
    return "\n".join([rule, lines[0], rule] + lines[1:] + [rule]) + "\n"


def title(text, line):
    """A heading."""
    return f"{text}\n{line * len(text)}\n\n"


def shown(number):
    """Three digits that count."""
    if number is None:
        return "-"
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def spread(row):
    """A median, and the lowest and highest of the repetitions."""
    return row["value"], row["min"], row["max"]


def charts(results, folder):
    """The pictures of a page: (file, heading) of those that can be drawn."""
    plans = [
        ("instructions-7.3.svg", "Instructions, kernel 7.3", "instructions", "icount", "7.3", "instr"),
        ("instructions-6.1.svg", "Instructions, kernel 6.1", "instructions", "icount", "6.1", "instr"),
        ("nanoseconds.svg", "Time, user-mode Linux 7.3", "ns", "uml-up", "7.3", "ns"),
        ("large.svg", "Time, whole pages", "ns", "uml-up", "7.3", "ns"),
        ("memory.svg", "Memory held", "bytes for a byte asked", "uml-up", "7.3", "bytes_per_byte"),
        ("replay.svg", "Memory held in a replay", "bytes", "uml", "7.3", "mean_bytes peak_bytes"),
    ]
    for name, heading, unit, bed, kernel, metrics in plans:
        rows = []
        for row in results.find(bed=bed, kernel=kernel, allocator="galloc"):
            if row["metric"] not in metrics.split():
                continue
            if "init1" in row["variant"] or "touch" in row["variant"]:
                continue
            if (row["case"] == "large") != (name == "large.svg"):
                continue
            peer = results.peer(row)
            if peer:
                # Mean and peak are in one picture.
                label = row["metric"].split("_")[0] if " " in metrics else row["case"]
                rows.append((f"{label} {row['variant']}", spread(row), spread(peer)))
        if rows:
            chart(os.path.join(folder, name), heading, unit, rows)
            yield name, f"{heading}, in {unit}: lower is better"


def peer_options(machine):
    """The lines about the kernels: what their allocators are built with."""
    rows = [("option",) + tuple(machine["options"])]
    names = next(iter(machine["options"].values()))
    for name in names:
        rows.append((name,) + tuple(options[name] for options in machine["options"].values()))
    return grid(rows)


def figures(results):
    """All figures, a table for each bed."""
    page = FIGURES
    for (bed, kernel), lines in results.by_bed().items():
        page += title(f"{bed}, {kernel}", "=")
        rows = [("case", "variant", "cpus", "metric", "galloc", "kmalloc", "kmem_cache",
                 "pages", "none")]
        for key, by in lines.items():
            rows.append(key + tuple(shown(by.get(a)) for a in rows[0][4:]))
        page += grid(rows) + "\n"
    return page


def floors(results):
    """The floor of each bed, and what a pair is of it."""
    rows = [("bed", "kernel", "floor", "metric", "galloc's pair", "kmalloc's pair")]
    for row in results.find(case="floor"):
        same = dict(bed=row["bed"], kernel=row["kernel"], cpus=row["cpus"], metric=row["metric"])
        pairs = (results.value(case="pair", variant="64c", allocator=a, **same)
                 for a in ("galloc", "kmalloc"))
        rows.append((row["bed"], row["kernel"], shown(row["value"]), row["metric"]) +
                    tuple(shown(pair) for pair in pairs))
    return grid(rows)


CAUSES = ("per_kop", "refill", "flush", "bit", "grow", "release", "other", "acquired",
          "waited_percent")


def causes(results):
    """What locks and atomics are for, where that was counted."""
    rows = [("bed", "case", "variant", "cpus") + CAUSES]
    for row in results.find(metric="locks_refill"):
        same = {name: row[name] for name in ("bed", "kernel", "case", "variant", "cpus")}
        rows.append((row["bed"], row["case"], row["variant"], row["cpus"]) +
                    tuple(shown(results.value(metric=f"locks_{cause}", **same))
                          for cause in CAUSES))
    return grid(rows)


def write_page(results, machine, folder):
    """performance.rst, figures.rst and the charts, into folder."""
    page = HEAD
    page += title("Where", "=")
    page += f"{machine['cpu']}, {machine['cpus']} CPUs. What the kernels' allocators are built with:\n\n"
    page += peer_options(machine) + "\n"

    page += title("Goals", "=")
    rows = [("what", "figure", "goal", "met")]
    words = {MET: "yes", MISSED: "NO", UNJUDGED: "not judged"}
    rows += [(what, shown(figure), limit, words[state])
             for what, figure, limit, state, _ in verdicts(results)]
    page += grid(rows) + "\n"
    if results.unjudged:
        page += "What could not be judged, and why:\n\n"
        page += "".join(f"- ``{str(one).replace('`', '')}``\n" for one in results.unjudged) + "\n"

    page += title("The floor of each bed", "=")
    page += "A pair without allocator, and what a pair of 64 bytes is beside it:\n\n"
    page += floors(results) + "\n"
    page += title("Locks and atomics by cause", "=")
    page += "Of galloc, in 1,000 events; the last two columns are about the locks alone:\n\n"
    page += causes(results) + "\n"

    page += title("Charts", "=")
    for name, heading in charts(results, folder):
        page += f".. figure:: {name}\n   :alt: {heading}\n\n   {heading}\n\n"

    page += TAIL
    with open(os.path.join(folder, "performance.rst"), "w", encoding="ascii") as out:
        out.write(page.rstrip() + "\n")
    with open(os.path.join(folder, "figures.rst"), "w", encoding="ascii") as out:
        out.write(figures(results).rstrip() + "\n")
