// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * loops: the cases in which one thread on one CPU allocates and frees.
 *
 * The allocators take turns, repetition by repetition, so that a drift of the
 * machine hits them all.
 */
#include "allocators.h"

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sched.h>

#define MAX_TRIES	8	/* for a repetition without a tick */

/* Allocate, free. */
static __always_inline void pair(struct run *run, alloc_fn *alloc, free_fn *free,
				 size_t size, bool touch)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void *p = get_object(run, alloc, size, GFP_KERNEL, touch);

		if (unlikely(!p))
			return;
		free(run, p);
	}
}

DEFINE_LOOP(pair_64c_shared, pair, 64, false);
LOOP(pair_64c, gcache, gcache_alloc, gcache_free, pair, 64, false)
LOOP(pair_64c, gheap, gheap_alloc, galloc_free, pair, 64, false)

/* The same from a typed cache, and from a private heap. */
static const struct case_fns pair_64c = {
	.by[NONE] = pair_64c_shared_none,
	.by[GALLOC] = pair_64c_shared_galloc,
	.by[KMALLOC] = pair_64c_shared_kmalloc,
	.by[KMEM_CACHE] = pair_64c_shared_kmem_cache,
	.by[GCACHE] = pair_64c_gcache,
	.by[GHEAP] = pair_64c_gheap,
};

DEFINE_LOOP(pair_64c_touch, pair, 64, true);
DEFINE_LOOP(pair_v, pair, run->size, false);
DEFINE_LOOP(pair_v_touch, pair, run->size, true);

/* @run->out objects of 64 bytes out, then freed in @run->order. */
static __always_inline void batch(struct run *run, alloc_fn *alloc, free_fn *free,
				  bool touch)
{
	unsigned int out = run->out;
	unsigned int done, i;

	for (done = 0; done < run->ops; done += out) {
		for (i = 0; i < out; i++) {
			void *p = get_object(run, alloc, 64, GFP_KERNEL, touch);

			run->slot[i] = p;
			if (unlikely(!p)) {
				run->live = i;
				return;
			}
		}
		for (i = 0; i < out; i++)
			free(run, run->slot[run->order[i]]);
	}
}

DEFINE_LOOP(batch_64, batch, false);
DEFINE_LOOP(batch_64_touch, batch, true);

/* The oldest of @run->out objects goes, one of the next size comes. */
static __always_inline void mix(struct run *run, alloc_fn *alloc, free_fn *free,
				bool touch)
{
	unsigned int mask = run->out - 1;
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		void **slot = &run->slot[i & mask];

		free(run, *slot);
		*slot = get_object(run, alloc, run->sizes[i % LIST_LEN],
				   GFP_KERNEL, touch);
		if (unlikely(!*slot))
			return;
	}
}

DEFINE_LOOP_SIZES(mixed, mix, false);
DEFINE_LOOP_SIZES(mixed_touch, mix, true);

/* @run->out objects in one call; per object. */
static void bulk_none(struct run *run)
{
	unsigned int done;

	for (done = 0; done < run->ops; done += run->out)
		OPTIMIZER_HIDE_VAR(run);
}

static void bulk_galloc(struct run *run)
{
	unsigned int done;

	for (done = 0; done < run->ops; done += run->out) {
		size_t n = galloc_bulk(64, GFP_KERNEL, run->out, run->slot);

		gfree_bulk(n, run->slot);
		if (unlikely(n != run->out)) {
			run->failed = true;
			return;
		}
	}
}

static void bulk_kmem_cache(struct run *run)
{
	unsigned int done;

	for (done = 0; done < run->ops; done += run->out) {
		if (unlikely(!kmem_cache_alloc_bulk(run->cache, GFP_KERNEL,
						    run->out, run->slot))) {
			run->failed = true;
			return;
		}
		kmem_cache_free_bulk(run->cache, run->out, run->slot);
	}
}

static void bulk_gcache(struct run *run)
{
	unsigned int done;

	for (done = 0; done < run->ops; done += run->out) {
		size_t n = galloc_cache_alloc_bulk(run->gcache, GFP_KERNEL, run->out,
						   run->slot);

		galloc_cache_free_bulk(run->gcache, n, run->slot);
		if (unlikely(n != run->out)) {
			run->failed = true;
			return;
		}
	}
}

static const struct case_fns bulk = {
	.by[NONE] = bulk_none,
	.by[GCACHE] = bulk_gcache,
	.by[GALLOC] = bulk_galloc,
	.by[KMEM_CACHE] = bulk_kmem_cache,
};

/*
 * The cost of a pair of empty per-CPU sections:
 * preemption off, a word of this CPU's there and back, preemption on, twice.  No
 * allocator with a cache a CPU can be below it, on the bed that measures it.
 */
static DEFINE_PER_CPU(unsigned long, floor_word);

static noinline void floor_half(unsigned long val)
{
	unsigned long *word;

	preempt_disable();
	word = raw_cpu_ptr(&floor_word);
	WRITE_ONCE(*word, val);
	WRITE_ONCE(*word, 0);
	preempt_enable();
}

static void floor_none(struct run *run)
{
	unsigned int i;

	for (i = 0; i < run->ops; i++) {
		floor_half(i);
		floor_half(~i);
	}
}

static const struct case_fns floor_fns = {
	.by[NONE] = floor_none,
};

#define GROWTH_BATCH	256

/* `pair` and `batch` of 64 bytes, half of each, beside a heap of any size. */
static __always_inline void pair_and_batch(struct run *run, alloc_fn *alloc,
					   free_fn *free)
{
	unsigned int done, i;

	for (done = 0; done < run->ops; done += 2 * GROWTH_BATCH) {
		for (i = 0; i < GROWTH_BATCH; i++) {
			void *p = get_object(run, alloc, 64, GFP_KERNEL, false);

			if (unlikely(!p))
				return;
			free(run, p);
		}
		for (i = 0; i < GROWTH_BATCH; i++) {
			run->slot[i] = get_object(run, alloc, 64, GFP_KERNEL, false);
			if (unlikely(!run->slot[i])) {
				run->live = i;
				return;
			}
		}
		for (i = 0; i < GROWTH_BATCH; i++)
			free(run, run->slot[i]);
	}
}

DEFINE_LOOP_SIZES(growth, pair_and_batch);

/* Whole pages: the page allocator is the peer, too. */
LOOP(large, pages, pages_alloc, pages_free, pair, run->size, false)

static const struct case_fns large = {
	.by[NONE] = pair_v_none,
	.by[GALLOC] = pair_v_galloc,
	.by[KMALLOC] = pair_v_kmalloc,
	.by[PAGES] = large_pages,
};

/*
 * One repetition.  It begins with cond_resched(), because a pending reschedule
 * sends each preempt_enable() into its slow path, and is done again when the
 * timer tick fell into it.
 */
u64 time_loop(run_fn *fn, struct run *run)
{
	unsigned int try;
	u64 start, ns;

	for (try = 0; try < MAX_TRIES; try++) {
		unsigned long tick;

		cond_resched();
		tick = jiffies;
		start = bench_clock();
		fn(run);
		ns = bench_clock() - start;
		if (!time_after(jiffies, tick))
			break;
	}
	return ns;
}

/*
 * A cache or heap has stacks after its first use, when galloc's worker comes to that: it has
 * to take those of the last case first, and wants the CPU that the loops do not leave.
 */
static void wait_for_stacks(enum allocator a, run_fn *fn, struct run *run)
{
	if (a != GCACHE && a != GHEAP)
		return;
	fn(run);
	ssleep(1);
}

int measure_loop(const struct bench_case *c)
{
	struct run run[NR_ALLOCATORS] = {};
	unsigned int a, i;
	int err = 0;

	for (a = 0; a < NR_ALLOCATORS && !err; a++) {
		if (!c->fns->by[a])
			continue;
		err = run_prepare(&run[a], c, a);
		if (!err)
			wait_for_stacks(a, c->fns->by[a], &run[a]);
		/* Not counted: fills the slots, warms the caches. */
		for (i = 0; i < 2 && !err; i++)
			c->fns->by[a](&run[a]);
	}
	for (i = 0; i < reps && !err; i++) {
		for (a = 0; a < NR_ALLOCATORS; a++) {
			if (c->fns->by[a])
				took[a][i] = time_loop(c->fns->by[a], &run[a]);
		}
	}
	return report_runs(c, run, err);
}

/*
 * Small objects that the case before has left with a CPU share its budget with the
 * pages, until a second has passed: none of them is to be there, of any allocator.
 */
static int measure_large(const struct bench_case *c)
{
	if (give_back(GALLOC) || give_back(KMALLOC))
		return -EIO;
	return measure_loop(c);
}

static void heap_free(enum allocator a, void **list)
{
	struct run run = { .size = 64 };

	while (list) {
		void **next = *list;

		object_free(&run, a, list);
		list = next;
		cond_resched();
	}
}

/*
 * @number live objects of 64 bytes, on a list through their first words.  NULL
 * if there is no memory for them.
 */
static void **heap_grow(enum allocator a, unsigned int number)
{
	void **list = NULL;

	while (number--) {
		void **p = a == GALLOC ? galloc(64, GFP_KERNEL) :
					 kmalloc(64, GFP_KERNEL);

		if (!p) {
			heap_free(a, list);
			return NULL;
		}
		*p = list;
		list = p;
		cond_resched();
	}
	return list;
}

static int measure_growth(const struct bench_case *c)
{
	void **of_galloc, **of_kmalloc;
	unsigned int number;
	int err;

	err = kstrtouint(c->variant, 10, &number);
	if (err)
		return err;
	of_galloc = heap_grow(GALLOC, number);
	of_kmalloc = heap_grow(KMALLOC, number);
	err = of_galloc && of_kmalloc ? measure_loop(c) : -ENOMEM;
	heap_free(GALLOC, of_galloc);
	heap_free(KMALLOC, of_kmalloc);
	return err;
}

#define PAIR(v, fn, bytes)						\
	{ "pair", v, measure_loop, &(fn), .ops = 2048, .size = (bytes) }
#define BATCH(v, fn, n, how)						\
	{ "batch", v, measure_loop, &(fn), .ops = (n) > 2048 ? (n) : 2048, .out = (n), \
	  .size = 64, .order = (how) }
/* All orders of one number; a NULL order is a shuffled one. */
#define BATCHES(n)							\
	BATCH(#n "/fifo", batch_64, n, order_fifo),			\
	BATCH(#n "/lifo", batch_64, n, order_lifo + MAX_SLOTS - (n)),	\
	BATCH(#n "/shuffled", batch_64, n, NULL),			\
	BATCH(#n "/fifo/touch", batch_64_touch, n, order_fifo),		\
	BATCH(#n "/lifo/touch", batch_64_touch, n, order_lifo + MAX_SLOTS - (n)), \
	BATCH(#n "/shuffled/touch", batch_64_touch, n, NULL)
#define MIXED(v, fn, n, list)						\
	{ "mixed", v, measure_loop, &(fn), .ops = LIST_LEN, .out = (n),	\
	  .sizes = (list) }
#define BULK(v, n)							\
	{ "bulk", v, measure_loop, &bulk, .ops = ((n) < 16 ? 128 : 8 * (n)), .out = (n), .size = 64 }
#define LARGE(bytes)							\
	{ "large", #bytes, measure_large, &large, .ops = 128, .size = bytes }
#define HUGE(bytes)							\
	{ "huge", #bytes, measure_large, &large, .ops = 128, .size = bytes }

#define GROWTH(number)							\
	{ "growth", #number, measure_growth, &growth, .ops = 2048, .size = 64 }

const struct bench_case loop_cases[] = {
	{ "floor", "pair", measure_loop, &floor_fns, .ops = 2048, .size = 64 },
	PAIR("64c", pair_64c, 64),
	PAIR("8v", pair_v, 8),
	PAIR("64v", pair_v, 64),
	PAIR("256v", pair_v, 256),
	PAIR("1024v", pair_v, 1024),
	PAIR("4096v", pair_v, 4096),
	PAIR("8192v", pair_v, 8192),
	PAIR("16384v", pair_v, 16384),
	PAIR("64c/touch", pair_64c_touch, 64),
	PAIR("8v/touch", pair_v_touch, 8),
	PAIR("64v/touch", pair_v_touch, 64),
	PAIR("256v/touch", pair_v_touch, 256),
	PAIR("1024v/touch", pair_v_touch, 1024),
	PAIR("4096v/touch", pair_v_touch, 4096),
	BATCHES(1),
	BATCHES(32),
	BATCHES(256),
	BATCHES(4096),
	MIXED("32/log8192", mixed, 32, sizes_log8192),
	MIXED("32/uniform2048", mixed, 32, sizes_uniform2048),
	MIXED("1024/log8192", mixed, 1024, sizes_log8192),
	MIXED("1024/uniform2048", mixed, 1024, sizes_uniform2048),
	MIXED("32/log8192/touch", mixed_touch, 32, sizes_log8192),
	MIXED("32/uniform2048/touch", mixed_touch, 32, sizes_uniform2048),
	MIXED("1024/log8192/touch", mixed_touch, 1024, sizes_log8192),
	MIXED("1024/uniform2048/touch", mixed_touch, 1024, sizes_uniform2048),
	BULK("1", 1),
	BULK("16", 16),
	BULK("64", 64),
	BULK("250", 250),
	/* 33 KiB, the smallest that is whole pages in galloc, and upwards. */
	LARGE(33792),
	LARGE(49152),
	LARGE(65536),
	LARGE(98304),
	LARGE(131072),
	LARGE(196608),
	LARGE(262144),
	LARGE(393216),
	LARGE(524288),
	LARGE(786432),
	LARGE(1048576),
	LARGE(2097152),
	LARGE(4194304),
	/* From a block of galloc's to the most that there is: 2, 2.1, 2.5, 3, 3.5, 4 MiB. */
	HUGE(2097152),
	HUGE(2202009),
	HUGE(2621440),
	HUGE(3145728),
	HUGE(3670016),
	HUGE(4194304),
	GROWTH(1000),
	GROWTH(10000),
	GROWTH(100000),
	GROWTH(1000000),
	GROWTH(10000000),
	{ "scale", "pair", measure_scale, &pair_64c_shared, .ops = 8 * 2048, .size = 64 },
	{ "scale", "mixed", measure_scale, &mixed, .ops = 8 * LIST_LEN, .out = 32,
	  .sizes = sizes_log8192 },
	{}
};
