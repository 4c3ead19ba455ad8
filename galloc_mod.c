// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc: a Go/tcmalloc-style memory allocator for kernel modules.
 *
 * The layers, each calling only those below (lint looks; Documentation/design.rst has
 * the picture, and the two arrows up):
 *
 *	include/galloc.h   what clients see; constant sizes pick their class here
 *	api.c              the exported functions
 *	large.c            objects of whole pages
 *	mcache.[hc]        per CPU: a stack of free objects a class; no lock;
 *	                   capacity.c: its size; drain.c: the way out of it;
 *	                   stash.c: a few runs of pages for large objects
 *	waiting.c          objects that were freed while others refer to their pages
 *	transfer.c         per class and node: batches from one stack to another
 *	mcentral.c         per class and node ("row"): spans with room
 *	mheap.c            per node: free page runs; run.c: their lists;
 *	                   release.c: the way back to the system
 *	nodes.c            which node stands in for one that is used up
 *	mspan.c            a run of pages cut into objects: bitmap, arithmetic
 *	arena.c            blocks from alloc_pages()
 *	map.c              from an address to its slot, row and span
 *
 * Beside them worker.c: all that runs by itself, behind one gate.
 *
 * Here are the parameters, and init and exit of them all.
 *
 * An allocation of up to 32 KiB:
 *
 *  1. The size picks one of 67 classes: compiled in where it is constant, a
 *     table look-up otherwise (sizeclass.h).
 *  2. mcache_pop(): preemption off, the CPU's busy byte set, the class's stack
 *     popped.  This is all, nearly always.
 *  3. serve(): the stack is empty, or the request is not a plain one.  The context
 *     and the flags are checked; the steps below are tried without a report.
 *  4. mcache_alloc_slow(): the CPU's CACHED span refills the stack, a bitmap word
 *     at a time.
 *  5. transfer_get(): that span is used up.  A batch that overflowed on another
 *     CPU is fetched.  mcentral_cache_span(): there is none.  The row's fullest
 *     PARTIAL span takes the place of the other.
 *  6. mheap_alloc(): there is none.  The best fitting free run becomes a span.
 *     Where the node is used up what galloc has on others comes before step 7.
 *  7. arena_get_chunk(): nor is there a run.  A part of what there is already, up
 *     to a block of 2 MiB, is asked of alloc_pages().  Where that has only single
 *     pages the span is short.
 *  8. relieve(): there is no memory.  This CPU's stacks are drained, free runs go
 *     back to the system, the other CPUs are asked to drain; then steps 4 to 7
 *     once more, with a report; with __GFP_NOFAIL again and again.
 *
 * Larger objects are whole pages: steps 3 and 8 are the same, between them comes
 * the CPU's stash, then step 6.
 *
 * A free:
 *
 *  1. arena_of(): the address picks the map slot and the page's row.
 *  2. mcache_push(): the object goes on this CPU's stack of that row.  A row of
 *     another node has no capacity, so no test is needed for it.
 *  3. mcache_free_slow(): the stack is full.  A batch of it goes to other CPUs,
 *     transfer_put(); when they have enough, object by object into its span.
 *  4. mcentral_free(): the bit is set, without a lock.  If that changes what the
 *     span is (FULL to PARTIAL, PARTIAL to empty) its row's lock is taken.
 *  5. mheap_free(): an empty span's run joins its free neighbours.
 *  6. release_runs(): a worker, the shrinker or debugfs give runs back to the
 *     system when there are too many.
 *
 * Locks, all raw and taken with interrupts off, none ever held with another,
 * and nothing calls the page allocator under one:
 *
 *	mcentral->lock     the lists of a row, the states of its spans, its transfer
 *	mheap->lock        the runs of a node and its arenas' page books
 *	arena_map_lock     the slots of the address map and their references
 *
 * The stacks have no lock: see the busy byte in mcache.h.  Bitmaps, rows and
 * the map are read without one: see the rules in mcentral.c and arena_of().
 */
#include "mcache.h"

#include <linux/module.h>
#include <linux/string.h>

/* ---- parameters; those that run a test are in selftest.c and inject.c ----------- */

static bool debug;
module_param(debug, bool, 0444);
MODULE_PARM_DESC(debug, "no stacks: every double or interior free is reported at once");

static unsigned long limit_mb;
module_param(limit_mb, ulong, 0444);
MODULE_PARM_DESC(limit_mb, "most memory to hold, metadata included, in MiB; 0: no limit");

static unsigned long reserve_mb;
module_param(reserve_mb, ulong, 0444);
MODULE_PARM_DESC(reserve_mb, "memory to take at load and never give back, in MiB");

static long free_max_mb = -1;
module_param(free_max_mb, long, 0444);
MODULE_PARM_DESC(free_max_mb, "free memory above which runs return to the system, in MiB; -1: a small part of all");

static unsigned long cpu_cache_kb = 2048;
module_param(cpu_cache_kb, ulong, 0444);
MODULE_PARM_DESC(cpu_cache_kb, "most memory a CPU may cache, in KiB; 64 to 65536");

static char *fault = "report";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "what a bad free leads to: report or panic");

bool galloc_debug;
unsigned long galloc_limit_bytes;
unsigned long galloc_reserve_pages;
unsigned long galloc_free_max_pages;
unsigned long galloc_cpu_cache_bytes;

#define MB_MAX	(ULONG_MAX >> 20)

static int __init check_mb(const char *name, unsigned long mb)
{
	if (mb <= MB_MAX)
		return 0;
	pr_err("%s=%lu is out of range: 0 to %lu\n", name, mb, MB_MAX);
	return -EINVAL;
}

/**
 * params_take() - look at the parameters, and keep what they mean
 *
 * Refuses what cannot be meant; nothing is clamped.
 *
 * Return: 0, or -EINVAL after a line that says which it is and what is allowed.
 */
static int __init params_take(void)
{
	if (check_mb("limit_mb", limit_mb) ||
	    check_mb("reserve_mb", reserve_mb))
		return -EINVAL;
	if (free_max_mb < -1 || free_max_mb > (long)MB_MAX) {
		pr_err("free_max_mb=%ld is out of range: -1 to %lu\n",
		       free_max_mb, MB_MAX);
		return -EINVAL;
	}
	if (limit_mb && reserve_mb > limit_mb) {
		pr_err("reserve_mb=%lu is more than limit_mb=%lu: at most %lu\n",
		       reserve_mb, limit_mb, limit_mb);
		return -EINVAL;
	}
	if (reserve_mb >= totalram_pages() >> (20 - PAGE_SHIFT)) {
		pr_err("reserve_mb=%lu is all the memory there is: at most %lu\n",
		       reserve_mb, (totalram_pages() >> (20 - PAGE_SHIFT)) - 1);
		return -EINVAL;
	}
	if (cpu_cache_kb < 64 || cpu_cache_kb > 65536) {
		pr_err("cpu_cache_kb=%lu is out of range: 64 to 65536\n",
		       cpu_cache_kb);
		return -EINVAL;
	}
	if (strcmp(fault, "report") && strcmp(fault, "panic")) {
		pr_err("fault=%s is unknown: report or panic\n", fault);
		return -EINVAL;
	}
	galloc_debug = debug;
	galloc_limit_bytes = limit_mb << 20;
	galloc_reserve_pages = reserve_mb << (20 - PAGE_SHIFT);
	galloc_free_max_pages = free_max_mb < 0 ? FREE_MAX_PART :
				free_max_mb << (20 - PAGE_SHIFT);
	galloc_cpu_cache_bytes = cpu_cache_kb << 10;
	galloc_fault_panic = !strcmp(fault, "panic");
	return 0;
}

/* ---- load and unload ---------------------------------------------------------- */

static int __init galloc_init(void)
{
	int err;

	err = params_take();
	if (err)
		return err;
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
	err = mcentral_init();
	if (err)
		goto err_mheap;
	err = mcache_init();
	if (err)
		goto err_mcentral;
	err = mheap_reserve();
	if (err) {
		pr_err("reserve_mb=%lu: there is not so much memory\n",
		       galloc_reserve_pages >> (20 - PAGE_SHIFT));
		goto err_mcache;
	}
	worker_start();
	err = mcache_start();
	if (err)
		goto err_worker;
	err = selftest_run();
	if (err)
		goto err_start;
	err = shrinker_init();
	if (err)
		goto err_start;
	galloc_fail_end();
	stats_init();
	pr_info("loaded: version " GALLOC_VERSION_STRING ", %u classes, %u nodes, %lu kB held%s\n",
		GALLOC_NR_CLASSES - 1, nr_online_nodes,
		arena_held_bytes() >> 10, galloc_debug ? ", debug" : "");
	return 0;

err_start:
	mcache_stop();
err_worker:
	worker_stop();
err_mcache:
	drain_everything();
	transfer_exit();
	mcache_exit();
err_mcentral:
	mcentral_exit();
err_mheap:
	mheap_exit();
err_nodes:
	nodes_exit();
err_mspan:
	mspan_exit();
err_map:
	map_exit();
err_arena:
	arena_exit();
err_wq:
	worker_exit();
	pr_err("not loaded, error %d%s\n", err,
	       err == -ENOMEM && galloc_limit_bytes ?
	       "; limit_mb may be too small for the metadata alone" : "");
	return err;
}

/*
 * Clients are gone: nobody allocates.  Debugfs and reclaim let go first; then the
 * callbacks of gfree_rcu() in flight are waited for, while all they may ask for
 * still works; then CPUs that go are no longer drained; then the gate of the worker
 * closes, behind which nothing is left that could run.  Everything the CPUs hold
 * goes back, and what is still allocated then has leaked.
 */
static void __exit galloc_exit(void)
{
	unsigned long kept;

	stats_exit();
	shrinker_exit();
	rcu_barrier();
	mcache_stop();
	worker_stop();
	drain_everything();
	stats_report_leaks();
	transfer_exit();
	mcache_exit();
	waiting_settle();
	kept = mheap_exit();
	mcentral_exit();
	nodes_exit();
	mspan_exit();
	map_exit();
	arena_exit();
	worker_exit();
	if (arena_held_bytes() != arena_lost_pages() << PAGE_SHIFT)
		pr_err("%ld bytes are not accounted for\n",
		       arena_held_bytes() - (arena_lost_pages() << PAGE_SHIFT));
	pr_info("unloaded, %lu pages held\n", kept + arena_lost_pages());
}

module_init(galloc_init);
module_exit(galloc_exit);

MODULE_DESCRIPTION("A Go/tcmalloc-style memory allocator for kernel modules");
MODULE_VERSION(GALLOC_VERSION_STRING);
MODULE_LICENSE("GPL");
