// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * selftest: a test of galloc on this machine, at load.
 *
 * Runs with selftest=1, when everything works and no client can call galloc yet.  The
 * first failure is printed in one line, and galloc does not load.  Needs no KUnit, so it
 * runs on any kernel.  Its code is freed once galloc is loaded.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/string.h>

static bool selftest;
module_param(selftest, bool, 0444);
MODULE_PARM_DESC(selftest, "run the self-test at load; refuse to load if it fails");

/* Enough to need a second span of each class. */
#define MAX_OBJECTS	(SIZECLASS_MAX_OBJECTS + 1)

/* What a check has allocated, for whoever ends it: keep(), and drop_all(). */
static void *objects[MAX_OBJECTS] __initdata;
static unsigned int nr_objects __initdata;

/* Objects that one CPU allocates and another frees. */
#define NR_REMOTE	300

static bool __init complain(const char *check, const char *what,
			    unsigned long at)
{
	pr_err("selftest: %s: check failed: %s (%lu)\n", check, what, at);
	return true;
}

/* If @cond does not hold, print the check, the condition, and the size or number @at. */
#define wrong(cond, at)							\
	(unlikely(!(cond) || inject_check_fails(__func__)) &&		\
	 complain(__func__, #cond, (unsigned long)(at)))

static void *__init keep(void *p)
{
	objects[nr_objects++] = p;
	return p;
}

static void __init drop_all(void)
{
	gfree_bulk(nr_objects, objects);
	nr_objects = 0;
}

/* ---- the tables --------------------------------------------------------- */

/* An object is aligned to the largest power of two that divides its size. */
static size_t __init natural_align(size_t size)
{
	return size & -size;
}

static int __init check_sizes(void)
{
	unsigned int first = 1, class;
	size_t size;

	for (size = 1; size <= GALLOC_MAX_SMALL; size++) {
		if (sizeclasses[first].size < size)
			first++;
		class = first;
		while (class < GALLOC_NR_CLASSES - 1 &&
		       sizeclasses[class].size % natural_align(size))
			class++;
		if (wrong(sizeclass_of(size) == class, size) ||
		    wrong(galloc_size_roundup(size) == sizeclasses[class].size,
			  size))
			return -EIO;
	}
	if (wrong(!sizeclass_of(0), 0) ||
	    wrong(!sizeclass_of(GALLOC_MAX_SMALL + 1), GALLOC_MAX_SMALL + 1))
		return -EIO;
	return 0;
}

static int __init check_reciprocals(void)
{
	unsigned int class, i;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		const struct sizeclass *sc = &sizeclasses[class];

		for (i = 0; i < sc->objects; i++)
			if (wrong(sizeclass_index(sc, i * sc->size) == i,
				  sc->size) ||
			    wrong(sizeclass_index(sc, (i + 1) * sc->size - 1) == i,
				  sc->size))
				return -EIO;
	}
	return 0;
}

/* ---- objects ------------------------------------------------------------ */

/* Fill an object with a pattern that differs from its neighbours'. */
static void __init mark(void *p, size_t size, unsigned int i)
{
	memset(p, 1 + i % 255, size);
}

static bool __init is_marked(const void *p, size_t size, unsigned int i)
{
	return !memchr_inv(p, 1 + i % 255, size);
}

/* Allocate one object more than a span holds, check that all differ, and free them. */
static int __init check_class(unsigned int class)
{
	unsigned int n = sizeclasses[class].objects + 1, i;
	size_t size = sizeclasses[class].size;

	for (i = 0; i < n; i++) {
		if (wrong(keep(galloc(size, GFP_KERNEL)), size) ||
		    wrong(gsize(objects[i]) == size, size) ||
		    wrong(IS_ALIGNED((unsigned long)objects[i],
				     natural_align(size)), size))
			return -EIO;
		mark(objects[i], size, i);
	}
	for (i = 0; i < n; i++)
		if (wrong(is_marked(objects[i], size, i), size))
			return -EIO;
	drop_all();
	return 0;
}

static int __init check_classes(void)
{
	unsigned int class;
	int err;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		err = check_class(class);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int __init check_zeroing(void)
{
	unsigned int class;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		size_t size = sizeclasses[class].size;
		void *p = galloc(size, GFP_KERNEL);

		if (wrong(keep(p), size))
			return -EIO;
		mark(p, size, class);
		nr_objects = 0;
		gfree_sized(p, size);
		p = keep(gzalloc(size, GFP_KERNEL));
		if (wrong(p, size) || wrong(!memchr_inv(p, 0, size), size))
			return -EIO;
		drop_all();
	}
	return 0;
}

/* Whole pages.  The largest may not be available if memory is fragmented. */
static int __init check_large(void)
{
	static const size_t sizes[] __initconst = {
		GALLOC_MAX_SMALL + 1, 50000, 1 << 20, ARENA_SIZE + 1
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i];
		void *p;

		if (size > (size_t)GALLOC_MAX_PAGES << PAGE_SHIFT)
			continue;
		p = gzalloc(size, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
		if (!p && size >= 1 << 20)
			continue;
		keep(p);
		if (wrong(p, size) || wrong(!memchr_inv(p, 0, size), size) ||
		    wrong(gsize(p) == galloc_size_roundup(size), size))
			return -EIO;
		mark(p, gsize(p), i);
		drop_all();
	}
	return 0;
}

static int __init check_bulk(void)
{
	const size_t size = 48, n = min(MAX_OBJECTS, 500U);
	unsigned int i;

	nr_objects = galloc_bulk(size, GFP_KERNEL, n, objects);
	if (wrong(nr_objects == n, n))
		return -EIO;
	for (i = 0; i < n; i++)
		mark(objects[i], size, i);
	for (i = 0; i < n; i++)
		if (wrong(is_marked(objects[i], size, i), i))
			return -EIO;
	drop_all();
	return 0;
}

static int __init check_realloc(void)
{
	static const size_t sizes[] __initconst = {
		8, 100, 60, 1000, 5000, 40000, 3000
	};
	void *p = NULL, *new;
	size_t had = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		new = grealloc(p, sizes[i], GFP_KERNEL);
		objects[0] = new ?: p;
		nr_objects = 1;
		if (wrong(new, sizes[i]) || wrong(gsize(new) >= sizes[i], sizes[i]) ||
		    wrong(is_marked(new, min(had, sizes[i]), i - 1), sizes[i]))
			return -EIO;
		had = sizes[i];
		mark(new, had, i);
		p = new;
	}
	nr_objects = 0;
	return wrong(grealloc(p, 0, GFP_KERNEL) == ZERO_SIZE_PTR, had) ? -EIO : 0;
}

static int __init check_alignment(void)
{
	static const size_t sizes[] __initconst = { 8, 100, 3000, 40000 };
	size_t align;
	int i;

	for (align = 1; align <= 4 * PAGE_SIZE; align *= 2) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			void *p = galloc_aligned(sizes[i], align, GFP_KERNEL);

			if (wrong(keep(p), align) || wrong(gsize(p) >= sizes[i], align) ||
			    wrong(IS_ALIGNED((unsigned long)p, align), align))
				return -EIO;
			drop_all();
		}
	}
	return 0;
}

static int __init check_nodes(void)
{
	static const size_t sizes[] __initconst = { 64, 40000 };
	int nid, i;

	for_each_node_state(nid, N_MEMORY) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			void *p = keep(galloc_node(sizes[i], GFP_KERNEL, nid));

			if (wrong(p, nid))
				return -EIO;
			drop_all();
			/* NULL is fine if the node has no page left. */
			p = keep(galloc_node(sizes[i], GFP_KERNEL | __GFP_NOWARN |
					     __GFP_NORETRY | __GFP_THISNODE, nid));
			if (p && wrong(page_to_nid(virt_to_page(p)) == nid, nid))
				return -EIO;
			drop_all();
		}
	}
	return 0;
}

/* ---- frees on other CPUs ------------------------------------------------- */

static void __init remote_free(struct work_struct *work)
{
	unsigned int i;

	/* One by one, as clients do. */
	for (i = 0; i < NR_REMOTE; i++)
		gfree(objects[i]);
}

static int __init check_remote_cpu(int cpu, size_t size)
{
	struct work_struct work;
	unsigned int i;

	for (i = 0; i < NR_REMOTE; i++) {
		if (wrong(keep(galloc(size, GFP_KERNEL)), size))
			return -EIO;
		mark(objects[i], size, i);
	}
	for (i = 0; i < NR_REMOTE; i++)
		if (wrong(is_marked(objects[i], size, i), size))
			return -EIO;
	INIT_WORK_ONSTACK(&work, remote_free);
	queue_work_on(cpu, galloc_wq, &work);
	flush_work(&work);
	destroy_work_on_stack(&work);
	nr_objects = 0;
	return 0;
}

/* Each CPU frees what this one has allocated; on a large machine, only some do. */
static int __init check_remote(void)
{
	int err = 0, cpus = 0, cpu;

	static_assert(NR_REMOTE <= MAX_OBJECTS);
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		err = check_remote_cpu(cpu, cpus % 2 ? 1024 : 64);
		if (err || ++cpus == 8)
			break;
	}
	cpus_read_unlock();
	return err;
}

/* ---- accounting --------------------------------------------------------- */

/* Read the totals after draining everything and returning all free memory. */
static void __init take_stock(struct galloc_totals *t)
{
	drain_cpus();
	worker_settle();
	release_runs(ULONG_MAX, true);
	/* Descriptors of slots that have left the map. */
	rcu_barrier();
	stats_totals(t);
}

static int __init check_books(const struct galloc_totals *before)
{
	struct galloc_verdict v;
	struct galloc_totals t;
	int i;

	take_stock(&t);
	if (wrong(t.in_use == before->in_use, t.in_use) ||
	    wrong(t.cached == 0, t.cached) ||
	    wrong(t.central == before->central, t.central) ||
	    wrong(t.tail == before->tail, t.tail) ||
	    wrong(t.lost == before->lost, t.lost) ||
	    wrong(t.deferred == before->deferred, t.deferred) ||
	    wrong(t.system == totals_sum(&t), t.system))
		return -EIO;
	/* Of a reserve in several pieces, a part of one more may stay. */
	if (galloc_reserve_pages ? wrong(t.free >= before->free, t.free) :
				   wrong(t.free == before->free, t.free))
		return -EIO;
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		if (wrong(!atomic_long_read(&galloc_faults[i]), i))
			return -EIO;
	if (wrong(!validate_verdict(&v), v.errors))
		return -EIO;
	return v.no_memory ? -ENOMEM : 0;
}

/**
 * selftest_run() - run the self-test, if the parameter is set
 *
 * Called at load, before any client can allocate.
 *
 * Return: 0, -EIO if a check failed, or -ENOMEM if there was no memory for the last one.
 */
int __init selftest_run(void)
{
	static int (*const checks[])(void) __initconst = {
		check_sizes, check_reciprocals, check_classes, check_zeroing,
		check_large, check_bulk, check_realloc, check_alignment,
		check_nodes, check_remote,
	};
	struct galloc_totals before;
	ktime_t start = ktime_get();
	int i, err = 0;

	if (!selftest)
		return 0;
	/* No client uses galloc yet, so isolated CPUs are not disturbed. */
	WRITE_ONCE(drain_ask_isolated, true);
	take_stock(&before);
	for (i = 0; i < ARRAY_SIZE(checks) && !err; i++)
		err = checks[i]();
	if (!err)
		err = check_books(&before);
	/* If a check has failed. */
	drop_all();
	WRITE_ONCE(drain_ask_isolated, false);
	if (err)
		return err;
	pr_info("selftest: passed in %lld us\n",
		ktime_us_delta(ktime_get(), start));
	return 0;
}
