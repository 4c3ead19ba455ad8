# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
"""bench/goals.py: what galloc wants to reach, and how far it is.

Each goal is a figure that is computed from the results and the most, or the
least, that it may be.  One whose cases were not to run is left out; one whose cases
could not be judged says so.
"""

# States of a goal.
MET, MISSED, UNJUDGED = "met", "NOT MET", "NOT JUDGED"

BATCHES = [f"{n}/{order}" for n in (32, 256) for order in ("fifo", "lifo", "shuffled")]
MIXED = ("log8192", "uniform2048")
LARGE = (33792, 49152, 65536, 98304, 131072, 196608, 262144, 393216, 524288, 786432, 1048576)
HUGE = (2097152, 2202009, 2621440, 3145728, 3670016, 4194304)
HELD = (64, 256, 1024, 4096, 16384, 32768, 65536, 262144, 1048576)
BURST = (8, 64, 256, 1024, 2048, 4096, 8192, 16384, 32768)
# Objects that a thread hands to another at a time, RING_BATCH in threads.c.
HAND_OVER = 64


def goals(results):
    """Yield (what, figure, "<=" or ">=", limit), and for some another figure.

    The other one is what the figure would be if nothing was subtracted for the ring:
    where that is much, both must say the same.
    """

    def galloc(**wanted):
        return results.value(allocator="galloc", **wanted)

    def ratio(peer="kmalloc", **wanted):
        ours, theirs = galloc(**wanted), results.value(allocator=peer, **wanted)
        return ours / theirs if ours is not None and theirs else None

    def with_ring(**wanted):
        ours, theirs, ring = (results.value(allocator=name, **wanted)
                              for name in ("galloc", "kmalloc", "none"))
        if None in (ours, theirs, ring) or ring <= theirs / 10:
            return None
        return (ours + ring) / (theirs + ring)

    def instr(case, variant, kernel, **more):
        return dict(bed="icount", case=case, variant=variant, kernel=kernel, metric="instr", **more)

    # With SMP the floor of user-mode Linux, a call that asks which CPU this is, is most of
    # a pair.  Hardware has the last word where it was asked.
    alone, beside = ("native", "native") if results.has_bed("native") else ("uml-up", "uml")

    def native(case, variant, cpus="1"):
        return dict(bed=alone if cpus == "1" else beside, case=case, variant=variant,
                    cpus=cpus, metric="ns")

    def of_floor(case, variant):
        ours, floor = galloc(**native(case, variant)), results.value(
            allocator="none", **native("floor", "pair"))
        return ours / floor if ours is not None and floor else None

    def bytes_held(case, variant, metric, bed="uml"):
        return dict(bed=bed, case=case, variant=variant, metric=metric)

    for kernel, most in (("7.3", 0.36), ("6.1", 0.26)):
        yield f"pair 64c, instructions, {kernel}", galloc(**instr("pair", "64c", kernel)), "<=", 60
        yield f"pair 64c, of kmalloc, {kernel}", ratio(**instr("pair", "64c", kernel)), "<=", most
        yield (f"pair 64c init1, of kmalloc, {kernel}",
               ratio(**instr("pair", "64c/init1", kernel)), "<=", 1)
        yield (f"rcu 64, instructions, of kmalloc, {kernel}",
               ratio(**instr("rcu", "64", kernel)), "<=", 0.6)
        late, plain = (results.value(allocator=name, **instr("rcu", "64", kernel))
                       for name in ("galloc", "gfree"))
        yield (f"rcu 64, instructions above gfree(), {kernel}",
               late - plain if None not in (late, plain) else None, "<=", 20)
        for name, limit in (("gcache", 62), ("gheap", 66)):
            yield (f"pair 64c of a {name}, instructions, {kernel}",
                   results.value(allocator=name, **instr("pair", "64c", kernel)), "<=", limit)
        for name in ("galloc", "gcache"):
            yield (f"bulk 64 of a {name}, instructions, {kernel}",
                   results.value(allocator=name, **instr("bulk", "64", kernel)), "<=", 22)
        one, single = galloc(**instr("bulk", "1", kernel)), galloc(**instr("pair", "64c", kernel))
        yield (f"bulk 1, instructions, of a pair, {kernel}",
               one / single if one is not None and single else None, "<=", 1.2)
        yield f"pair 64v, instructions, {kernel}", galloc(**instr("pair", "64v", kernel)), "<=", 70
        for sizes in MIXED:
            yield (f"mixed 32/{sizes}, instructions, {kernel}",
                   galloc(**instr("mixed", f"32/{sizes}", kernel)), "<=", 75)
        for form in ("pipe", "all"):
            remote = instr("remote", form, kernel)
            yield (f"remote {form}, instructions, of kmalloc, {kernel}",
                   ratio(**remote), "<=", 0.5, with_ring(**remote))
    for sizes in MIXED:
        yield (f"mixed 32/{sizes}, instructions, of kmalloc, 7.3",
               ratio(**instr("mixed", f"32/{sizes}", "7.3")), "<=", 0.4)

    yield "pair 64c, ns, of the floor", of_floor("pair", "64c"), "<=", 1.15
    for variant in BATCHES:
        yield f"batch {variant}, ns, of the floor", of_floor("batch", variant), "<=", 1.3
    for touch, most in (("", 0.45), ("/touch", 0.5)):
        yield f"pair 64c{touch}, ns, of kmalloc", ratio(**native("pair", "64c" + touch)), "<=", most
    for touch in ("", "/touch"):
        for variant in BATCHES:
            yield (f"batch {variant}{touch}, ns, of kmalloc",
                   ratio(**native("batch", variant + touch)), "<=", 0.6)
    for touch, most in (("", 0.36), ("/touch", 0.5)):
        for variant in [f"{out}/{sizes}{touch}" for out in (32, 1024) for sizes in MIXED]:
            yield (f"mixed {variant}, ns, of kmalloc",
                   ratio(**native("mixed", variant)), "<=", most)
    sweep, one_by_one = (results.value(allocator=name, **native("release", "1000000"))
                         for name in ("sweep", "gfree"))
    yield ("release of a heap, ns, of freeing one by one",
           sweep / one_by_one if sweep is not None and one_by_one else None, "<=", 0.1)
    for bed in ("uml-up", "native"):
        yield (f"release of a heap, ns of grace periods, {bed}",
               galloc(bed=bed, case="release", variant="1000000", metric="taking_back_ns"),
               "<=", 100e6)
    for variant in ("cache10000", "heap1000"):
        yield (f"create {variant}, bytes of the CPUs'",
               galloc(**bytes_held("create", variant, "percpu_bytes", "uml-up")), "<=", 0)
    yield "bulk 64, ns, of kmem_cache", ratio("kmem_cache", **native("bulk", "64")), "<=", 0.5
    for form, most in (("pipe", 0.6), ("all", 0.5)):
        remote = native("remote", form, "2")
        yield f"remote {form}, ns, of kmalloc", ratio(**remote), "<=", most, with_ring(**remote)
    yield "larson, ns, of kmalloc", ratio(**native("larson", "default", "2")), "<=", 0.5
    for variant in ("pair", "mixed"):
        yield f"scale {variant}, of the empty loop's", scaling(results, variant), ">=", 0.95

    for variant in [f"{out}/{sizes}" for out in (32, 1024) for sizes in MIXED]:
        yield (f"locks_per_kop, mixed {variant}",
               galloc(case="mixed", variant=variant, metric="locks_per_kop"), "<=", 2)
    for case, variant, most in (("remote", "pipe", 17), ("remote", "all", 17),
                                ("larson", "default", 2000 / HAND_OVER),
                                ("replay", "default", 25)):
        yield (f"locks_per_kop, {case} {variant}",
               galloc(bed="uml", case=case, variant=variant, metric="locks_per_kop"), "<=", most)
    for variant in ("remote", "replay"):
        yield (f"locks_per_kop, {variant} on 32 CPUs",
               galloc(bed="cpus", case="cpus", variant=variant, metric="locks_per_kop"), "<=", 40)
    for size in LARGE:
        yield f"large {size}, ns, of kmalloc", ratio(**native("large", str(size))), "<=", 0.5

    for variant in ("refill", "flush", "grow", "release", "drain", "shrink", "walk", "hotplug",
                    "sweep"):
        yield (f"latency {variant}, longest section",
               galloc(bed="icount", case="latency", variant=variant), "<=", 5000)
    for variant in ("alloc", "free", "drain"):
        yield (f"call {variant}, the longest",
               galloc(bed="icount", case="call", variant=variant), "<=", 20000)
    for size in HUGE:
        for kernel in ("7.3", "6.1"):
            yield (f"huge {size}, instructions, of kmalloc, {kernel}",
                   ratio(**instr("huge", str(size), kernel)), "<=", 0.5)
        yield f"huge {size}, ns, of kmalloc", ratio(**native("huge", str(size))), "<=", 0.5
    for size in HELD:
        for kernel in ("7.3", "6.1"):
            yield (f"held {size}, instructions, of kmalloc, {kernel}",
                   ratio(**instr("held", str(size), kernel)), "<=", 0.75)
        yield f"held {size}, ns, of kmalloc", ratio(**native("held", str(size))), "<=", 0.9
    for size in BURST:
        for half, most, most_ns in (("", 0.75, 0.9), ("/alloc", 1.2, 1.2), ("/free", 1.2, 1.2)):
            for kernel in ("7.3", "6.1"):
                yield (f"burst {size}{half}, instructions, of kmalloc, {kernel}",
                       ratio(**instr("burst", f"{size}{half}", kernel)), "<=", most)
            yield (f"burst {size}{half}, ns, of kmalloc",
                   ratio(**native("burst", f"{size}{half}")), "<=", most_ns)
    for size in (8, 16, 32):
        shared = bytes_held("share", str(size), "lines")
        theirs = results.value(allocator="kmalloc", **shared)
        yield (f"share {size}, lines", galloc(**shared) if theirs is not None else None,
               "<=", 2 * (theirs or 0))
    for size in (8, 64, 1024):
        yield (f"node {size}, of kmalloc",
               ratio(bed="nodes", case="node", variant=str(size), metric="held_bytes"), "<=", 1.2)

    for kernel, most in (("7.3", 0.36), ("6.1", 0.26)):
        yield (f"replay, instructions, of kmalloc, {kernel}",
               ratio(**instr("replay", "default", kernel)), "<=", most)
    for touch in ("", "/touch"):
        yield (f"replay{touch}, ns, of kmalloc",
               ratio(bed="uml", case="replay", variant="default" + touch, metric="ns"), "<=", 0.5)
    for what, most in (("mean", 0.75), ("peak", 0.72)):
        yield (f"replay, {what} held, of kmalloc",
               ratio(**bytes_held("replay", "default", f"{what}_bytes")), "<=", most)

    for variant, most, part in (("loguniform", 1.10, 0.8), ("loguniform/churn", 1.12, 0.78)):
        held = bytes_held("memory", variant, "bytes_per_byte", "uml-up")
        yield f"memory {variant}, held for asked", galloc(**held), "<=", most
        yield f"memory {variant}, of kmalloc", ratio(**held), "<=", part
    left, peak = (galloc(**bytes_held("spike", variant, "held_bytes"))
                  for variant in ("100", "peak"))
    yield ("spike 90, of kmalloc", ratio(**bytes_held("spike", "90", "held_bytes")), "<=", 0.65)
    yield "spike 100, of the peak", left / peak if peak else None, "<=", 0.02
    yield ("empty setup, bytes", galloc(case="empty", variant="setup"), "<=", 64 << 10)
    yield ("empty idle, bytes", galloc(case="empty", variant="idle"), "<=", 8 << 10)
    small, big = (ratio(**native("growth", n)) for n in ("1000", "10000000"))
    yield ("growth, ratio to kmalloc at 10^7 to that at 10^3",
           big / small if small and big else None, "<=", 1)


def scaling(results, variant):
    """How galloc scales to all processors, as a part of how the empty loop does."""
    mops = {}
    for row in results.find(case="scale", variant=variant, metric="mops"):
        mops.setdefault(row["allocator"], {})[int(row["cpus"])] = row["value"]
    try:
        gain = {a: by[max(by)] / by[1] for a, by in mops.items() if max(by) > 1}
        return gain["galloc"] / gain["none"]
    except (KeyError, ValueError, ZeroDivisionError):
        return None


def verdicts(results):
    """The goals of what ran: (what, figure or None, limit as a text, state, why)."""
    # A goal looks up its figures when it is evaluated.
    results.missed = []
    for what, figure, sign, limit, *other in goals(results):
        why = ", ".join(sorted(set(results.missed)))
        results.missed = []
        states = [MET if (number <= limit if sign == "<=" else number >= limit) else MISSED
                  for number in [figure] + other if number is not None]
        if len(set(states)) == 2:
            yield (what, figure, f"{sign} {limit:g}", UNJUDGED,
                   f"{other[0]:.3f} with the ring, which costs over a tenth of kmalloc's")
        elif figure is not None:
            yield what, figure, f"{sign} {limit:g}", states[0], ""
        elif why:
            yield what, None, f"{sign} {limit:g}", UNJUDGED, why
