// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc: a Go/tcmalloc-style memory allocator for kernel modules.
 *
 * The layers, each calling only those below (checked by lint; Documentation/design.rst
 * has the diagram, with two exceptions):
 *
 *	include/galloc.h   what clients see; constant sizes pick their class here
 *	client/            what they get beyond kmalloc()'s calls
 *	api.c              the exported functions
 *	large.c            objects of whole pages
 *	mcache.[hc]        per CPU: a stack of free objects per class; no lock;
 *	                   capacity.c: its size; drain.c: emptying it;
 *	                   stash.c: a few runs of pages for large objects
 *	waiting.c          objects freed while others refer to their pages
 *	transfer.c         per class and node: batches from one stack to another
 *	mcentral.c         per class and node ("row"): spans with free objects;
 *	                   grow.c: new spans;
 *	                   rows.c: rows made at run time, for objects of other sizes
 *	mheap.c            per node: free page runs; run.c: their lists;
 *	                   release.c: returning memory to the system
 *	nodes.c            fallback order of the nodes
 *	mspan.c            a run of pages cut into objects: bitmap, arithmetic
 *	arena.c            blocks from alloc_pages()
 *	map.c              from an address to its slot, row and span
 *
 * client/absent.c has what callers find before init, and after one that failed.
 * Beside them, worker.c: all background work, requested in any context; gate.c: who
 * watches single allocations and frees, such as the tracepoints of trace.c; sample.c and
 * profile.c: the heap profile; and in
 * client/ what a client gets beyond the calls of kmalloc(): rcu.c has gfree_rcu(),
 * nolock.c the calls for any context, stacks.c the stacks of caches and heaps.
 *
 * This file has the parameters, and init and exit of all layers.
 *
 * An allocation of up to 32 KiB:
 *
 *  1. The size picks one of 67 classes: at compile time if it is constant, by a table
 *     otherwise (sizeclass.h).
 *  2. mcache_pop(): disable preemption, set the CPU's busy byte, pop from the class's
 *     stack.  Nearly always that is all.
 *  3. serve(): the stack is empty, or the request has special flags.  Check context
 *     and flags, then try the steps below without a report.
 *  4. mcache_alloc_slow(): refill the stack from the CPU's CACHED span, a bitmap word
 *     at a time.
 *  5. transfer_get(): that span is exhausted.  Fetch a batch that overflowed on
 *     another CPU.  mcentral_cache_span(): there is none.  Replace the span by the
 *     row's fullest PARTIAL one.
 *  6. mheap_alloc(): there is none.  Make a span of the best fitting free run.  If the
 *     node is used up, galloc's memory on other nodes comes before step 7.
 *  7. arena_get_chunk(): there is no run.  Ask alloc_pages() for a part of what galloc
 *     holds already, up to a block of 2 MiB.  If only single pages are available the
 *     span is short.
 *  8. relief_for(): there is no memory.  Drain this CPU's stacks, return free runs to the
 *     system, ask the other CPUs to drain; then repeat steps 4 to 7 once, with a
 *     report; with __GFP_NOFAIL until they succeed.
 *
 * Larger objects are whole pages: steps 3 and 8 are the same; between them comes
 * the CPU's stash, then step 6.
 *
 * A free:
 *
 *  1. arena_of(): the address picks the map slot and the page's row.
 *  2. mcache_push(): push the object on this CPU's stack of that row.  A row of
 *     another node has no capacity, so no test is needed for it.
 *  3. mcache_free_slow(): the stack is full.  Move a batch to the transfer,
 *     transfer_put(); if that is full, move the objects to their spans.
 *  4. mcentral_free(): set the bit, without a lock.  If that changes the state of the
 *     span (FULL to PARTIAL, PARTIAL to empty) take its row's lock.
 *  5. mheap_free(): merge an empty span's run with its free neighbours.
 *  6. release_runs(): a worker, the shrinker or debugfs return runs to the system when
 *     there are too many.
 *
 * Locks, all raw and taken with interrupts off, none ever held with another,
 * and nothing calls the page allocator under one:
 *
 *	mcentral->lock     the lists of a row, the states of its spans, its transfer
 *	mheap->lock        the runs of a node and the page accounting of its arenas
 *	arena_map_lock     the slots of the address map and their references
 *	depot_lock         the pages of stored call stacks, see observe/stackdepot.c
 *	profile_lock       the counters of the heap profile, see observe/profile.c
 *
 * The stacks have no lock: see the busy byte in mcache.h.  Bitmaps, rows and
 * the map are read without one: see the rules in mcentral.c and arena_of().
 */
#include "debug/guard.h"
#include "debug/table.h"
#include "debug/watch.h"
#include "mcache.h"
#include "observe/allocinfo.h"
#include "observe/stackdepot.h"
#include "observe/trace.h"

#include <linux/module.h>
#include <linux/string.h>

/* ---- parameters; also in knobs.c, and for tests in selftest.c and inject.c ------- */

static char *debug = "0";
module_param(debug, charp, 0444);
MODULE_PARM_DESC(debug, "what to watch for bugs of clients, with commas between: all, large, class=N, cache=NAME, heap=NAME; or 1: objects only bypass the per-CPU stacks");

static unsigned long reserve_mb;
module_param(reserve_mb, ulong, 0444);
MODULE_PARM_DESC(reserve_mb, "memory to allocate at load and keep until unload, in MiB");

static long atomic_reserve_kb = -1;
module_param(atomic_reserve_kb, long, 0444);
MODULE_PARM_DESC(atomic_reserve_kb, "memory kept for callers that cannot sleep, in KiB; 0 to 65536; -1: with PREEMPT_RT 1024, else 0");

static char *fault = "report";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "response to a bad free: report, oops or panic");

bool galloc_debug;
unsigned long galloc_reserve_pages;
unsigned long galloc_standby_pages;

/*
 * What is wrong was said.  A module is not loaded then; built in, galloc has clients that are
 * there anyway, and the default.
 */
static bool __init params_may_be(bool wrong)
{
	return !wrong || inject_built_in();
}

/* See standby_check(). */
static bool __init atomic_reserve_take(void)
{
	unsigned long limit = galloc_limit_bytes >> 20;

	if (!standby_check(atomic_reserve_kb, limit))
		return true;
	atomic_reserve_kb = -1;
	return params_may_be(true) && !standby_check(-1, limit);
}

static bool __init fault_take(void)
{
	static const char * const thens[] __initconst = {
		[REPORT_ONLY] = "report", [REPORT_PANIC] = "panic", [REPORT_OOPS] = "oops",
	};
	int then = match_string(thens, ARRAY_SIZE(thens), fault);

	if (then < 0)
		pr_err("fault=%s is unknown: report, oops or panic\n", fault);
	else
		galloc_fault_then = then;
	return params_may_be(then < 0);
}

/**
 * params_take() - check the parameters and convert them
 *
 * Rejects invalid values; nothing is clamped.
 *
 * Return: 0, or -EINVAL after a line with the parameter and its range; -ENOMEM.
 */
static int __init params_take(void)
{
	int err;

	if (knobs_take(&reserve_mb))
		return -EINVAL;
	if (!atomic_reserve_take() || !fault_take())
		return -EINVAL;
	galloc_reserve_pages = reserve_mb << (20 - PAGE_SHIFT);
	err = watch_check(debug);
	return err == -EINVAL && params_may_be(true) ? 0 : err;
}

/* ---- load and unload ---------------------------------------------------------- */

/* If it fails: standby_exit(), as after a success. */
static int __init reserves_init(void)
{
	int err = standby_reserve();

	if (err)
		pr_err("reserve_mb=%lu: not enough memory\n",
		       galloc_reserve_pages >> (20 - PAGE_SHIFT));
	return err ?: standby_init();
}

/* What users see of galloc that works.  Cannot fail. */
static void __init show_init(void)
{
	stats_init();
	trace_gates_init();
	knobs_live(true);
}

/* Who may watch allocations, and what they see; before any CPU has stacks. */
static void __init watchers_init(void)
{
	sample_init();
	gate_init();
	stacks_init();
}

/* What is known of single objects. */
static void __init tables_start(void)
{
	watch_start();
	allocinfo_follow();
}

static void tables_end(void)
{
	allocinfo_exit();
	table_exit();
}

/*
 * Nobody allocates or frees any more, and the CPUs hold nothing.  Return all pages, then what
 * describes them.  Returns the pages that had to be kept.
 */
static unsigned long pages_exit(void)
{
	unsigned long kept;

	WRITE_ONCE(galloc_ready, false);
	transfer_exit();
	capacity_exit();
	waiting_settle();
	standby_exit();
	kept = mheap_exit();
	guard_exit();
	tables_end();
	rows_exit();
	heap_exit();
	return kept + arena_lost_pages();
}

/* All of galloc has gone. */
static void say_unaccounted(void)
{
	long bytes = arena_held_bytes() - (arena_lost_pages() << PAGE_SHIFT);

	if (bytes)
		pr_err("%ld bytes are not accounted for\n", bytes);
}

static void __init say_not_loaded(int err, unsigned long kept)
{
	say_unaccounted();
	pr_err("not loaded, error %d%s\n", err,
	       err == -ENOMEM && galloc_limit_bytes ?
	       "; limit_mb may be too small for the metadata alone" : "");
	if (kept)
		pr_err("%lu pages held\n", kept);
	galloc_check_absent("after");
}

/* All of galloc is there. */
static void __init show_all(void)
{
	galloc_fail_end();
	show_init();
	inject_forget();
	pr_info("loaded: version " GALLOC_VERSION_STRING ", %u classes, %u nodes, %lu kB held%s\n",
		GALLOC_NR_CLASSES - 1, nr_online_nodes,
		arena_held_bytes() >> 10, galloc_debug ? ", debug" : "");
}

/* Built in it may be used by others from here on: last, but for the self-test. */
static int __init be_there(void)
{
	int err;

	err = shrinker_init();
	if (err)
		return err;
	WRITE_ONCE(galloc_ready, true);
	err = selftest_run();
	if (err)
		shrinker_exit();
	return err;
}

static int __init galloc_init(void)
{
	unsigned long kept = 0;
	int err;

	absent_begin();
	err = params_take();
	if (err)
		return err;
	galloc_check_absent("before");
	galloc_fail_begin();
	err = worker_init();
	if (err)
		return err;
	err = arena_init();
	if (err)
		goto err_wq;
	err = map_init();
	if (err)
		goto err_arena;
	err = mspan_init();
	if (err)
		goto err_map;
	err = nodes_init();
	if (err)
		goto err_mspan;
	err = mheap_init();
	if (err)
		goto err_nodes;
	err = rows_init();
	if (err)
		goto err_mheap;
	watchers_init();
	err = capacity_init();
	if (err)
		goto err_rows;
	tables_start();
	err = reserves_init();
	if (err)
		goto err_reserves;
	worker_start();
	err = mcache_start();
	if (err)
		goto err_worker;
	err = be_there();
	if (err)
		goto err_start;
	show_all();
	return 0;

err_start:
	mcache_stop();
err_worker:
	worker_stop();
err_reserves:
	/* As in galloc_exit(): the self-test has left what a client leaves. */
	quarantine_flush(true);
	drain_everything();
	kept = pages_exit();
	goto err_nodes;
err_rows:
	tables_end();
	rows_exit();
err_mheap:
	mheap_exit();
err_nodes:
	nodes_exit();
err_mspan:
	mspan_exit();
err_map:
	map_exit();
err_arena:
	stackdepot_exit();
	arena_exit();
err_wq:
	worker_exit();
	say_not_loaded(err, kept);
	return err;
}

/*
 * No client is left.  First remove debugfs and the shrinker; then free the batches
 * of gfree_rcu(), while everything they may request still works; then stop draining
 * dead CPUs; then close the gate of the worker, after which no background work can run.
 * Return everything that the CPUs hold; what is still allocated then has leaked.
 */
static void __exit galloc_exit(void)
{
	unsigned long kept;

	knobs_live(false);
	stats_exit();
	shrinker_exit();
	override_settle();
	rcu_batches_exit();
	trace_gates_exit();
	mcache_stop();
	worker_stop();
	nolock_settle();
	quarantine_flush(true);
	drain_everything();
	stacks_exit();
	while (rows_reap())
		;
	stats_report_leaks();
	kept = pages_exit();
	nodes_exit();
	mspan_exit();
	map_exit();
	stackdepot_exit();
	arena_exit();
	worker_exit();
	say_unaccounted();
	pr_info("unloaded, %lu pages held\n", kept);
}

/* In a module the same as module_init(); built in, before its clients'. */
subsys_initcall(galloc_init);
module_exit(galloc_exit);

MODULE_DESCRIPTION("A Go/tcmalloc-style memory allocator for kernel modules");
MODULE_VERSION(GALLOC_VERSION_STRING);
MODULE_LICENSE("GPL");
