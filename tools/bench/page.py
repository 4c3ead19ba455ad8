# SPDX-License-Identifier: GPL-2.0
"""bench/page.py: the results as a page of the documentation, with charts."""

import os
import subprocess

from goals import MET, MISSED, UNJUDGED, verdicts

HEAD = """.. SPDX-License-Identifier: GPL-2.0
.. Written by make bench; make bench-doc copies it here.

===========
Performance
===========

What an allocation costs in galloc, and in the allocators of the same kernel in
the same run: ``kmalloc()``, a ``kmem_cache`` and, for whole pages, the page
allocator. ``make bench`` measures it, prints it, and writes this page;
``build/bench/results.tsv`` has every figure.

Method
======

1. One module, ``tools/bench``, runs the same loops with each allocator's calls
   compiled in. galloc.ko is what ``make run`` loads, with default parameters.
2. A figure is the median of the repetitions, for a pair of alloc and free (in
   ``bulk`` and ``remote`` for an object), less that of the same loop without
   allocator. The allocators take turns, repetition by repetition.
3. ``icount``: QEMU executes one instruction a nanosecond, one CPU at a time,
   ``-cpu qemu64``; its clock counts instructions, and each run gives the same.
4. ``uml``: user-mode Linux runs at the speed of the machine. Its per-CPU and
   interrupt operations are C, not x86 instructions, and SLUB has no 128-bit
   cmpxchg there, so that its remote free takes a lock: compare both beds.
5. Kernels run with ``init_on_alloc=0``, since clearing hides the rest; variants
   with ``init1`` run with ``init_on_alloc=1``, those with ``touch`` write the
   first 64 bytes of each object. The empty loop does not.
6. ``remote`` hands over batches of 64 pointers; the ring alone is subtracted.
   Under ``icount`` the CPUs take turns: one fills the ring, the other empties it.
7. ``replay`` does again what a kernel was recorded to allocate and free, event by
   event on the CPUs that did it, as far as the bed has them; traces.rst says what was
   recorded, and how it is replayed. Only the events are timed, not the way from one
   CPU to the other. Held memory is of a replay at the recorded pace; its mean is
   over time.
8. Held memory is by how much the system's free pages become fewer, those on the
   CPUs' lists taken as free. galloc's own ``system`` must agree to 1 %.
9. ``locks_per_kop``: locks acquired and atomic read-modify-writes for a thousand
   pairs, counted by a build of galloc.ko in which each raises a counter.
10. ``latency``: a build of galloc.ko stops the time from each lock it takes, and each
   entry to a CPU's stacks, to the end of that section, and keeps the longest. The kernel
   is booted for 512 CPUs and 8 nodes, of which 2 CPUs run. Of two tries the least
   counts, since an interrupt can only make it longer.
11. A kernel with KASAN, lockdep or slab debugging is refused; the instructions of one
   where kmalloc's own pair is not 165 (7.3) or 237 (6.1), give or take 5, are not judged.
12. Nor is a case with a figure below a third of what was subtracted, or one whose guest
   broke off. Each is listed with the reason below the goals, and costs no other case its
   result. Where the ring costs over a tenth of kmalloc's, ``remote`` is judged if it comes
   to the same with nothing subtracted for the ring.

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
larson    default               random ones of 1000 objects are replaced; who
                                survives goes to a thread on another CPU
scale     pair, mixed           on one CPU and on all, in millions a second
replay    default, a trace      what a kernel was seen to allocate and free, all of
                                it; for an event
irq       softirq, hrtimer      pair in interrupts
latency   refill .. hotplug     galloc's longest section with preemption or
                                interrupts off, where much of that is done
latency   call/alloc, call/free a whole call with interrupts off that asks the
                                kernel for no page
large     bytes                 pair of whole pages
huge      bytes                 the same above a block of galloc's
held      bytes                 64 MiB out in objects of that size, then freed, from
                                cold; for an object
burst     bytes                 10,000 out, then freed, from cold; the halves apart
share     bytes                 cache lines with objects of two CPUs, after they have
                                freed what the other one had allocated
node      bytes                 40,000 objects on a CPU whose node is at its low
                                watermark
growth    objects               half pair, half batch, beside so many live objects
memory    loguniform            64 MiB of 1 .. 8192 bytes; /churn: each replaced
spike     peak, 90, 100         four times 64 MiB of different sizes; 90 % are
                                freed, then the rest, each time shrunk
empty     setup, idle           what a CPU takes that has called galloc, or not
========= ===================== ===================================================

"""

TAIL = """What stands between
===================

*Nanoseconds of a pair on uml.* ``floor`` is a pair without allocator: preemption off,
this CPU's memory, preemption on, twice. Whoever has a cache a CPU pays that, kmalloc
too; it is nearly all of galloc's pair, and by itself more of kmalloc's than the goal
allows. With two CPUs that kernel calls a function to learn where it runs, six times a
pair; x86 knows, and there the floor, its loop included, is two fifths of galloc's
instructions, which fastpath.rst lists. ``mixed`` and ``batch`` are pairs, too.

*Nanoseconds of remote and replay on uml.* Interrupts off and on again are two system
calls of the host on that kernel: ``perf record -a`` beside a run shows
``rt_sigprocmask``. ``remote pipe`` takes a lock on either side for each 64 objects,
``uml-locks`` counts them, and 128 or 256 at a time would take 0.59 and 0.51 of
kmalloc's time instead of 0.82; but these are arrays of 1 and 2 KiB on the stack. A
``replay`` takes some 125 locks and atomics in 1,000 events, for spans that come and
go with their objects, and a third of its time is the host's. ``icount`` has none of
that.

*Memory after filling.* Of what is held beyond what was asked, two thirds are the
rounding to 67 sizes, with kmalloc's alignment; the rest is metadata, tails of spans,
and free pages (what is left of the last chunk). ``cat
/sys/kernel/debug/galloc/stats`` beside any client shows each.

*Memory after churn.* Each object gives way to one of another size. That leaves a
class with some objects more or fewer than before, by about the square root of twice
their number. Where there are fewer, their places stay: on a CPU's stack, or in spans
that other objects keep. These are 2.4 of the 67 MB, ``cached`` and ``central`` in
``stats``. The CPU's budget does not matter: with ``cpu_cache_kb=768`` the figure is
the same as with 2048, only that more of it is ``central``.

*The spike, 90 % freed.* Survivors keep their spans: one of 16 objects is empty after
that with 0.9^16. Shorter spans would be empty more often, and have more tails and
descriptors, which is the figure above.

What memory is held for
=======================

What galloc holds beside the objects that were asked for:

- What rounding up to a class leaves, and the tails of the spans. Held for asked is
  1.076 on log-uniform sizes from 1 to 8192 bytes with pages of 4 KiB (``make
  hosttest`` computes it; 1.076 with 16 KiB, 1.077 with 64 KiB). ``make -s
  sizeclasses`` prints the worst case of each class.
- Metadata, with pages of 4 KiB: 5232 bytes for a block of 2 MiB, 72 for a
  span, 184 for one of more than 128 objects, 8 bytes for 2 MiB of the machine's
  memory, 4352 bytes for each node on a CPU that calls galloc, and its stacks.
- What is cached: at most ``cpu_cache_kb`` for a CPU; and what is free, a 64th of
  all or ``free_max_mb``, a quarter of a second after it became free.

Example: 5000 objects of 100 bytes need 608560 bytes of system memory when all that
can go has gone (usage.rst), 1.2 times what was asked for, of which 43312 bytes are
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


def chart(path, heading, groups):
    """An SVG of bars: groups are (label, galloc, peer)."""
    data = "".join(f'"{label}" {ours} {theirs}\n' for label, ours, theirs in groups)
    script = f"""
set terminal svg size {200 + 60 * len(groups)},360 font "sans,11" background "white"
set output "{path}"
set title "{heading}"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set yrange [0:*]
set xtics rotate by -35 noenhanced
set key top left
$data << END
{data}END
plot $data using 2:xtic(1) title "galloc" linecolor rgb "#2a6f97", \\
     $data using 3 title "kernel" linecolor rgb "#c9a227"
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def charts(results, folder):
    """The pictures of a page: (file, heading) of those that can be drawn."""
    plans = [
        ("instructions-7.3.svg", "instructions, kernel 7.3", "icount", "7.3", "instr"),
        ("instructions-6.1.svg", "instructions, kernel 6.1", "icount", "6.1", "instr"),
        ("nanoseconds.svg", "ns, user-mode Linux 7.3", "uml", "7.3", "ns"),
        ("large.svg", "ns, whole pages", "uml", "7.3", "ns"),
        ("memory.svg", "bytes held for a byte asked", "uml", "7.3", "bytes_per_byte"),
        ("replay.svg", "bytes held in a replay", "uml", "7.3", "mean_bytes peak_bytes"),
    ]
    for name, heading, bed, kernel, metrics in plans:
        groups = []
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
                label = row["metric"] if " " in metrics else row["case"]
                groups.append((f"{label} {row['variant']}", row["value"], peer))
        if groups:
            chart(os.path.join(folder, name), heading, groups)
            yield name, heading


def peer_options(machine):
    """The lines about the kernels: what their allocators are built with."""
    rows = [("option",) + tuple(machine["options"])]
    names = next(iter(machine["options"].values()))
    for name in names:
        rows.append((name,) + tuple(options[name] for options in machine["options"].values()))
    return grid(rows)


def write_page(results, machine, folder):
    """performance.rst and its pictures, into folder."""
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
        page += "".join(f"- {str(one).replace('*', '')}\n" for one in results.unjudged) + "\n"

    page += title("Charts", "=")
    for name, heading in charts(results, folder):
        page += f".. figure:: {name}\n   :alt: {heading}\n\n   {heading}\n\n"

    page += title("All figures", "=")
    for (bed, kernel), lines in results.by_bed().items():
        page += title(f"{bed}, {kernel}", "-")
        rows = [("case", "variant", "cpus", "metric", "galloc", "kmalloc", "kmem_cache",
                 "pages", "none")]
        for key, by in lines.items():
            rows.append(key + tuple(shown(by.get(a)) for a in rows[0][4:]))
        page += grid(rows) + "\n"
    page += TAIL
    with open(os.path.join(folder, "performance.rst"), "w", encoding="ascii") as out:
        out.write(page.rstrip() + "\n")
