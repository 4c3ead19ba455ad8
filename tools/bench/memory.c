// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * memory: the cases that ask how many bytes an allocator holds.
 *
 * "Held" is by how much the system's free pages have become fewer, those on the
 * lists of each CPU counted as free: the same code for every allocator, which
 * inspects none of them.  galloc's own statistics are only compared with it.
 */
#include "allocators.h"

#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/gcd.h>
#include <linux/kmod.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include <linux/umh.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#define PHASE_BYTES	(64UL << 20)
#define MAX_LIVE	1000000

/* Looks at what is held, until the system and galloc say the same. */
#define HELD_LOOKS	3

#define GALLOC_STATS	"/sys/kernel/debug/galloc/stats"
#define GALLOC_SHRINK	"/sys/kernel/debug/galloc/shrink"

/* ---- held --------------------------------------------------------------------------- */

/* Free pages of the system, in bytes, as if the CPUs' lists had been drained. */
s64 free_bytes(void)
{
	s64 pages = 0;
	int nid, i, cpu;

	for_each_online_node(nid) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			struct zone *zone = &NODE_DATA(nid)->node_zones[i];

			if (!populated_zone(zone))
				continue;
			pages += zone_page_state_snapshot(zone, NR_FREE_PAGES);
			for_each_possible_cpu(cpu)
				pages += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset,
							       cpu)->count);
		}
	}
	return pages << PAGE_SHIFT;
}

/* What waits for a grace period or a worker has had its chance. */
void settle(void)
{
	rcu_barrier();
	msleep(50);
}

/* ---- the shell's help ---------------------------------------------------------------- */

/* The bytes that galloc reports, written to debugfs "system" by the shell. */
s64 galloc_system;

int bench_shell(char *command)
{
	char *argv[] = { "/bin/sh", "-c", command, NULL };
	char *envp[] = { "PATH=/bin:/usr/bin:/sbin:/usr/sbin", NULL };

	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC) ? -EIO : 0;
}

/* galloc has no symbol that tells, only a file. */
int read_galloc_system(void)
{
	return bench_shell("sed -n 's/^system_bytes *//p' " GALLOC_STATS " >" BENCH_SYSTEM);
}

/* Make an allocator return what it can. */
int give_back(enum allocator a)
{
	unsigned int type, i;

	if (a == GALLOC)
		return bench_shell("echo 1 >" GALLOC_SHRINK);
	for (type = 0; type < NR_KMALLOC_TYPES; type++)
		for (i = 0; i <= KMALLOC_SHIFT_HIGH; i++)
			if (kmalloc_caches[type][i])
				kmem_cache_shrink(kmalloc_caches[type][i]);
	return 0;
}

/* ---- a set of live objects ------------------------------------------------------------ */

struct object {
	void *p;
	u32 size;
};

static struct live {
	enum allocator a;
	struct object *object;
	unsigned int n;
	u32 size;		/* of each, where they have one */
	u64 asked;		/* bytes, of those that are live */
	s64 free_before;
	s64 system_before;	/* galloc's own word */
	struct rnd_state rnd;
} live;

/* A size that is drawn. */
typedef u32 (draw_fn)(struct rnd_state *rnd);

static u32 draw_8_256(struct rnd_state *rnd)
{
	return draw_uniform(rnd, 8, 256);
}

static u32 draw_256_2048(struct rnd_state *rnd)
{
	return draw_uniform(rnd, 256, 2048);
}

static u32 draw_4k_64k(struct rnd_state *rnd)
{
	return draw_uniform(rnd, 4 << 10, 64 << 10);
}

static int live_begin(enum allocator a)
{
	live = (struct live) { .a = a };
	live.object = vzalloc(MAX_LIVE * sizeof(*live.object));
	if (!live.object)
		return -ENOMEM;
	prandom_seed_state(&live.rnd, SEED);
	/* Neither may be served from leftovers of others. */
	if (give_back(GALLOC) || give_back(KMALLOC) || read_galloc_system())
		return -EIO;
	live.system_before = galloc_system;
	settle();
	live.free_before = free_bytes();
	return 0;
}

static s64 live_held(void)
{
	settle();
	return live.free_before - free_bytes();
}

static int object_get(struct object *o, u32 size)
{
	/* All allocators here serve all sizes. */
	o->p = live.a == GALLOC ? galloc(size, GFP_KERNEL) :
				  kmalloc(size, GFP_KERNEL);
	if (!o->p)
		return -ENOMEM;
	o->size = size;
	live.asked += size;
	return 0;
}

static void object_put(struct object *o)
{
	if (!o->p)
		return;
	if (live.a == GALLOC)
		gfree(o->p);
	else
		kfree(o->p);
	live.asked -= o->size;
	o->p = NULL;
}

/* More objects, until @bytes more are requested. */
static int live_fill(draw_fn *draw, u64 bytes)
{
	u64 until = live.asked + bytes;

	while (live.asked < until) {
		if (live.n == MAX_LIVE)
			return -ENOSPC;
		if (object_get(&live.object[live.n], draw(&live.rnd)))
			return -ENOMEM;
		live.n++;
		cond_resched();
	}
	return 0;
}

/* Each object is replaced by one of another size, in an order without a sense. */
static int live_churn(draw_fn *draw)
{
	unsigned long step = live.n * 5 / 8 + 1, i;

	while (gcd(step, live.n) != 1)
		step++;
	for (i = 0; i < live.n; i++) {
		struct object *o = &live.object[i * step % live.n];

		object_put(o);
		if (object_get(o, draw(&live.rnd)))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* Free each object with this probability. */
static void live_free(unsigned int percent)
{
	unsigned int i;

	for (i = 0; i < live.n; i++) {
		if (draw_uniform(&live.rnd, 1, 100) <= percent)
			object_put(&live.object[i]);
		cond_resched();
	}
}

static void live_end(void)
{
	if (live.object)
		live_free(100);
	vfree(live.object);
	live.object = NULL;
	give_back(live.a);
}

/* ---- memory ----------------------------------------------------------------------------- */

static int report_held(const struct bench_case *c)
{
	struct figure figure;
	s64 held, says, milli;
	int look = 0, err;

	for (;;) {
		held = live_held();
		if (live.a != GALLOC)
			break;
		err = read_galloc_system();
		if (err)
			return err;
		says = galloc_system - live.system_before;
		if (abs(held - says) <= held / 100)
			break;
		/* galloc's worker may have given something back in between. */
		if (++look == HELD_LOOKS)
			return not_judged(c, -EIO,
					  "the system has lost %lld bytes, and galloc has %lld",
					  held, says);
	}
	milli = div64_s64(held * 1000, live.asked);
	figure = (struct figure) { milli, milli, milli };
	return result_add(c, live.a, 1, "bytes_per_byte", &figure);
}

static int measure_memory_of(const struct bench_case *c, enum allocator a)
{
	int err = live_begin(a);

	if (!err)
		err = live_fill(draw_log8192, PHASE_BYTES);
	if (!err)
		err = report_held(&c[0]);
	if (!err)
		err = live_churn(draw_log8192);
	if (!err)
		err = report_held(&c[1]);
	live_end();
	return err;
}

/* The row of the table, and the next one, loguniform/churn. */
static int measure_memory(const struct bench_case *c)
{
	int err = measure_memory_of(c, GALLOC);

	return err ?: measure_memory_of(c, KMALLOC);
}

/* Its figures were taken with those of the row in front of it, or were not. */
static int measured_already(const struct bench_case *c)
{
	if (is_judged(c - 1))
		return 0;
	return not_judged(c, -EIO, "%s was not to be had", c[-1].variant);
}

/* ---- spike -------------------------------------------------------------------------------- */

static int report_bytes(const struct bench_case *c, enum allocator a, s64 bytes)
{
	struct figure figure = { bytes * 1000, bytes * 1000, bytes * 1000 };

	return result_add(c, a, 1, "held_bytes", &figure);
}

static int measure_spike_of(const struct bench_case *c, enum allocator a)
{
	static draw_fn * const phases[] = {
		draw_8_256, draw_256_2048, draw_log8192, draw_4k_64k
	};
	unsigned int i;
	int err = live_begin(a);

	for (i = 0; i < ARRAY_SIZE(phases) && !err; i++)
		err = live_fill(phases[i], PHASE_BYTES);
	if (!err)
		err = report_bytes(&c[0], a, live_held());
	if (!err) {
		live_free(90);
		err = give_back(a);
	}
	if (!err)
		err = report_bytes(&c[1], a, live_held());
	if (!err) {
		live_free(100);
		err = give_back(a);
	}
	if (!err)
		err = report_bytes(&c[2], a, live_held());
	live_end();
	return err;
}

/* The row of the peak, and the next two, 90 and 100. */
static int measure_spike(const struct bench_case *c)
{
	int err = measure_spike_of(c, GALLOC);

	return err ?: measure_spike_of(c, KMALLOC);
}

/* ---- empty -------------------------------------------------------------------------------- */

static void pair_here(struct work_struct *work)
{
	gfree(galloc(64, GFP_KERNEL));
}

static void nothing_here(struct work_struct *work)
{
}

static void work_on(int cpu, work_func_t fn)
{
	struct work_struct work;

	INIT_WORK_ONSTACK(&work, fn);
	schedule_work_on(cpu, &work);
	flush_work(&work);
	destroy_work_on_stack(&work);
}

/*
 * The last CPU, which has not called galloc before, allocates one object and
 * frees it.  Slabs and a block of galloc's may have had room for what that takes:
 * then galloc knows it better.
 */
static int measure_setup(const struct bench_case *c)
{
	int cpu = nr_cpu_ids - 1;
	s64 before, system, held;
	int err;

	if (!cpu)
		return 0;
	gfree(galloc(64, GFP_KERNEL));
	work_on(cpu, nothing_here);
	err = read_galloc_system();
	if (err)
		return err;
	system = galloc_system;
	settle();
	before = free_bytes();
	work_on(cpu, pair_here);
	held = before - free_bytes();
	err = read_galloc_system();
	if (err)
		return err;
	return report_bytes(c, GALLOC, max(held, galloc_system - system));
}

/* ---- node --------------------------------------------------------------------------------- */

#define NODE_OUT	40000

/* Pages of a node until it is at its low watermark, where the kernel goes elsewhere. */
static void node_fill(int nid, struct list_head *pages)
{
	gfp_t gfp = (GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN) & ~__GFP_RECLAIM;
	struct page *page;

	while ((page = alloc_pages_node(nid, gfp, 0))) {
		list_add(&page->lru, pages);
		cond_resched();
	}
}

static void node_empty(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		__free_page(page);
		cond_resched();
	}
}

/* The last node, so that most of what the kernel needs itself is elsewhere. */
static int node_used_up(void)
{
	int nid, last = NUMA_NO_NODE;

	for_each_node_state(nid, N_MEMORY)
		if (!cpumask_empty(cpumask_of_node(nid)))
			last = nid;
	return last == first_online_node ? NUMA_NO_NODE : last;
}

/* On a CPU of that node; what is held then, on whichever node. */
static void node_take(struct work_struct *work)
{
	while (live.n < NODE_OUT) {
		if (object_get(&live.object[live.n], live.size))
			return;
		live.n++;
		cond_resched();
	}
}

static int measure_node_of(const struct bench_case *c, enum allocator a, int nid)
{
	LIST_HEAD(pages);
	int err = live_begin(a);
	s64 held;

	live.size = c->size;
	node_fill(nid, &pages);
	settle();
	live.free_before = free_bytes();
	if (!err)
		work_on(cpumask_first(cpumask_of_node(nid)), node_take);
	held = live_held();
	if (!err && live.n < NODE_OUT)
		err = not_judged(c, -ENOMEM, "%s gave no memory after %u objects",
				 allocator_names[a], live.n);
	err = err ?: report_bytes(c, a, held);
	node_empty(&pages);
	live_end();
	return err;
}

/* Objects from a CPU whose node has no page left for it. */
static int measure_node(const struct bench_case *c)
{
	int nid = node_used_up();

	if (nid == NUMA_NO_NODE)
		return 0;
	return measure_node_of(c, GALLOC, nid) ?: measure_node_of(c, KMALLOC, nid);
}

const struct bench_case memory_cases[] = {
	{ "node", "8", measure_node, .size = 8 },
	{ "node", "64", measure_node, .size = 64 },
	{ "node", "1024", measure_node, .size = 1024 },
	{ "empty", "setup", measure_setup },
	{ "memory", "loguniform", measure_memory },
	{ "memory", "loguniform/churn", measured_already },
	{ "spike", "peak", measure_spike },
	{ "spike", "90", measured_already },
	{ "spike", "100", measured_already },
	{}
};
