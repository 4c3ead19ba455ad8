// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * burst: the cases in which very many objects are out at once, from cold.
 *
 * "held" has 64 MiB of them out, "burst" ten thousand; each repetition begins with
 * both allocators having returned what they can, so that getting memory from the
 * system, and what that leaves to be done when it is freed, are in it.  "rcu" frees two
 * thousand by gfree_rcu() and kfree_rcu(), and by gfree(): what that costs the caller.
 */
#include "allocators.h"

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define HELD_BYTES	(64U << 20)
#define BURST_OUT	10000

/* A repetition takes long; its median hardly moves. */
#define FEW_REPS	9U

/* Halves of a repetition, and the whole. */
enum half { ALLOC, FREE, BOTH, NR_HALVES };

static u64 half_took[NR_HALVES][NR_ALLOCATORS][FEW_REPS];

/* @run->ops objects, one after the other. */
static __always_inline void take(struct run *run, alloc_fn *alloc, free_fn *free)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++)
		run->slot[i] = get_object(run, alloc, run->size, GFP_KERNEL, false);
}

/* In the order in which they came. */
static __always_inline void put(struct run *run, alloc_fn *alloc, free_fn *free)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++)
		if (likely(run->slot[i]))
			free(run, run->slot[i]);
}

DEFINE_LOOP_SIZES(takes, take);
DEFINE_LOOP_SIZES(puts, put);

static int rep(struct run *run, enum allocator a, unsigned int i)
{
	u64 start, between, end;

	if (give_back(GALLOC) || give_back(KMALLOC))
		return -EIO;
	/* What one of them has left to RCU must not be done at the other's cost. */
	rcu_barrier();
	cond_resched();
	start = bench_clock();
	takes.by[a](run);
	between = bench_clock();
	puts.by[a](run);
	end = bench_clock();
	half_took[ALLOC][a][i] = between - start;
	half_took[FREE][a][i] = end - between;
	half_took[BOTH][a][i] = end - start;
	return 0;
}

/* "burst" tells its halves apart, in variants of their own. */
static int report_halves(const struct bench_case *c, unsigned int ops, unsigned int n)
{
	static const char * const names[] = { [ALLOC] = "/alloc", [FREE] = "/free", [BOTH] = "" };
	bool all = !strcmp(c->name, "burst");
	struct bench_case part = *c;
	char variant[32];
	enum half h;
	int err = 0;

	part.fns = &takes;
	part.variant = variant;
	for (h = all ? ALLOC : BOTH; h < NR_HALVES && !err; h++) {
		unsigned int a;

		snprintf(variant, sizeof(variant), "%s%s", c->variant, names[h]);
		for (a = 0; a < NR_ALLOCATORS; a++)
			memcpy(took[a], half_took[h][a], n * sizeof(took[a][0]));
		err = report_times(&part, 1, ops, n);
	}
	return err;
}

static int measure_burst(const struct bench_case *c)
{
	unsigned int n = min(reps, FEW_REPS);
	struct run run = { .ops = c->ops, .size = c->size };
	unsigned int a;
	int i, err = 0;

	run.slot = vzalloc(array_size(run.ops, sizeof(*run.slot)));
	if (!run.slot)
		return -ENOMEM;
	/* The first is not counted. */
	for (i = -1; i < (int)n && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS && !err; a++) {
			if (!takes.by[a])
				continue;
			err = rep(&run, a, max(i, 0));
			if (run.failed)
				err = not_judged(c, -ENOMEM, "%s gave no memory",
						 allocator_names[a]);
		}
	}
	vfree(run.slot);
	return err ?: report_halves(c, run.ops, n);
}

/* ---- free after a grace period ------------------------------------------------ */

struct late {
	long data;
	struct rcu_head rcu;
};

static __always_inline void galloc_free_late(struct run *run, struct late *p)
{
	gfree_rcu(p, rcu);
}

static __always_inline void kmalloc_free_late(struct run *run, struct late *p)
{
	kfree_rcu(p, rcu);
}

static __always_inline void none_free_late(struct run *run, struct late *p)
{
	OPTIMIZER_HIDE_VAR(p);
}

#define LATE(a)								\
static noinline void late_frees_##a(struct run *run)				\
{									\
	unsigned int i;							\
									\
	for (i = 0; i < run->ops; i++)					\
		a##_free_late(run, run->slot[i]);			\
}

LATE(none)
LATE(galloc)
LATE(kmalloc)

static __always_inline void gfree_free_late(struct run *run, struct late *p)
{
	gfree(p);
}

LATE(gfree)

static const struct case_fns late_frees = {
	.by[NONE] = late_frees_none,
	.by[GALLOC] = late_frees_galloc,
	.by[KMALLOC] = late_frees_kmalloc,
	.by[GFREE] = late_frees_gfree,
};

/* So many objects of 64 bytes are on a stack, or have room there, from the first on. */
#define ON_STACK	32

/* The same of gfree(), a few at a time: what is done when a stack is full is not in it. */
static u64 time_plain(struct run *run)
{
	struct run few = *run;
	u64 start, between, ns = 0;
	unsigned int i;

	few.ops = ON_STACK;
	for (i = 0; i < run->ops; i += ON_STACK) {
		takes.by[GALLOC](&few);
		run->failed |= few.failed;
		if (run->failed)
			return 0;
		start = bench_clock();
		between = bench_clock();
		late_frees.by[GFREE](&few);
		ns += bench_clock() - between;
		/* What the clock takes itself. */
		ns -= min(ns, between - start);
		cond_resched();
	}
	return ns;
}

/* What the caller pays; again if the timer tick fell into it. */
static u64 time_late(struct run *run, enum allocator a)
{
	unsigned int try;
	bool ticked = true;
	u64 start, ns = 0;

	if (a == GFREE)
		return time_plain(run);
	for (try = 0; try < 8 && ticked; try++) {
		unsigned long tick;

		takes.by[a](run);
		if (run->failed)
			return 0;
		cond_resched();
		tick = jiffies;
		start = bench_clock();
		late_frees.by[a](run);
		ns = bench_clock() - start;
		ticked = time_after(jiffies, tick);
		/* Others must not pay for what is freed then. */
		galloc_rcu_barrier();
		rcu_barrier();
	}
	return ns;
}

static int measure_late(const struct bench_case *c)
{
	struct run run = { .ops = c->ops, .size = c->size };
	unsigned int n = min(reps, FEW_REPS), a;
	int i, err = 0;

	run.slot = vzalloc(array_size(run.ops, sizeof(*run.slot)));
	if (!run.slot)
		return -ENOMEM;
	/* The first is not counted. */
	for (i = -1; i < (int)n && !run.failed; i++)
		for (a = 0; a < NR_ALLOCATORS; a++)
			if (late_frees.by[a])
				took[a][max(i, 0)] = time_late(&run, a);
	if (run.failed)
		err = not_judged(c, -ENOMEM, "no memory");
	vfree(run.slot);
	return err ?: report_times(c, 1, run.ops, n);
}

#define HELD(bytes)							\
	{ "held", #bytes, measure_burst, .ops = HELD_BYTES / (bytes), .size = bytes }
#define BURST(bytes)							\
	{ "burst", #bytes, measure_burst, .ops = BURST_OUT, .size = bytes }

const struct bench_case burst_cases[] = {
	HELD(64),
	HELD(256),
	HELD(1024),
	HELD(4096),
	HELD(16384),
	HELD(32768),
	HELD(65536),
	HELD(262144),
	HELD(1048576),
	{ "rcu", "64", measure_late, &late_frees, .ops = 2048, .size = 64 },
	BURST(8),
	BURST(64),
	BURST(256),
	BURST(1024),
	BURST(2048),
	BURST(4096),
	BURST(8192),
	BURST(16384),
	BURST(32768),
	{}
};
