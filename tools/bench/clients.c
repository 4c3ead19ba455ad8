// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * clients: what typed caches and private heaps cost apart from their objects.
 *
 * "release" takes back a heap of 64-byte objects, in one sweep and object by object, and
 * one that has nothing but the stacks of a class.
 * "create" has many caches or heaps alive, none of them used.
 */
#include "allocators.h"

#include <linux/delay.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/* A repetition takes long; its median hardly moves. */
#define FEW_REPS	3U

/* Objects in a call. */
#define BATCH		64U

/* ---- release ------------------------------------------------------------------ */

static bool heap_fill(struct galloc_heap *heap, void **p, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i += BATCH, cond_resched())
		if (!galloc_from_bulk(heap, 64, GFP_KERNEL, min(BATCH, n - i), p + i))
			return false;
	return true;
}

/* Fill a heap, and take all of it back; that is timed.  What fails takes no time. */
static u64 release_once(enum allocator a, void **p, unsigned int n)
{
	struct galloc_heap *heap = galloc_heap_create("bench", NULL);
	u64 start, ns = 0;
	unsigned int i;

	if (!heap)
		return 0;
	if (heap_fill(heap, p, n)) {
		cond_resched();
		start = bench_clock();
		if (a == SWEEP) {
			galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
			return bench_clock() - start;
		}
		for (i = 0; i < n; i++) {
			gfree(p[i]);
			if (i % 1024 == 0)
				cond_resched();
		}
		ns = bench_clock() - start;
	}
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	return ns;
}

static int add_figure(const struct bench_case *c, const char *what, s64 n)
{
	const struct figure figure = { n * 1000, n * 1000, n * 1000 };

	return result_add(c, GALLOC, 1, what, &figure);
}

/* Use one object, so often that the worker gives the class stacks when it comes to that. */
static void heap_use(struct galloc_heap *heap)
{
	unsigned int i;

	for (i = 0; i < 100000; i++) {
		gfree(galloc_from(heap, 64, GFP_KERNEL));
		if (i % 1024 == 0)
			cond_resched();
	}
}

/* The time that a release waits for grace periods: these take nearly all of this one. */
static u64 take_back_once(void)
{
	struct galloc_heap *heap = galloc_heap_create("bench", NULL);
	u64 start;

	if (!heap)
		return 0;
	heap_use(heap);
	ssleep(1);
	heap_use(heap);
	start = bench_clock();
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	return bench_clock() - start;
}

static int measure_taking_back(const struct bench_case *c)
{
	u64 ns[FEW_REPS];
	unsigned int rep;

	for (rep = 0; rep < FEW_REPS; rep++)
		ns[rep] = take_back_once();
	return add_figure(c, "taking_back_ns", median_of(ns, FEW_REPS));
}

static int measure_release(const struct bench_case *c)
{
	static const enum allocator who[] = { SWEEP, GFREE };
	void **p = vmalloc(array_size(c->ops, sizeof(*p)));
	struct figure figure;
	unsigned int i, rep;
	int err = 0;
	u64 *ns;

	if (!p)
		return -ENOMEM;
	for (rep = 0; rep < FEW_REPS; rep++)
		for (i = 0; i < ARRAY_SIZE(who); i++)
			took[who[i]][rep] = release_once(who[i], p, c->ops);
	vfree(p);
	for (i = 0; i < ARRAY_SIZE(who) && !err; i++) {
		ns = took[who[i]];
		figure.value = div_u64(median_of(ns, FEW_REPS) * 1000, c->ops);
		figure.min = div_u64(ns[0] * 1000, c->ops);
		figure.max = div_u64(ns[FEW_REPS - 1] * 1000, c->ops);
		if (!ns[0])
			return not_judged(c, -ENOMEM, "no memory for a heap");
		err = result_add(c, who[i], 1, metric, &figure);
	}
	return err ?: measure_taking_back(c);
}

/* ---- create -------------------------------------------------------------------- */

#define MEMINFO	"sed -n 's/^Percpu: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo >" BENCH_SYSTEM

#define CLASSES	"wc -l </sys/kernel/debug/galloc/classes >" BENCH_SYSTEM

/* What galloc holds, and what all CPUs together have of their own, in bytes. */
static int read_held(s64 *held, s64 *percpu)
{
	int err = give_back(GALLOC) ?: read_galloc_system();

	*held = galloc_system;
	err = err ?: bench_shell(MEMINFO);
	*percpu = galloc_system << 10;
	return err;
}

/* @c->size: is it heaps? */
static void *one_create(const struct bench_case *c)
{
	return c->size ? (void *)galloc_heap_create("bench", NULL) :
			 (void *)galloc_cache_create("bench", 200, NULL);
}

static void one_destroy(const struct bench_case *c, void *it)
{
	if (c->size)
		galloc_heap_destroy(it);
	else
		galloc_cache_destroy(it);
}

/* The time for each that was made. */
static u64 create_all(const struct bench_case *c, void **it, unsigned int *n)
{
	u64 start = bench_clock();

	for (*n = 0; *n < c->ops; ++*n) {
		it[*n] = one_create(c);
		if (!it[*n])
			break;
		cond_resched();
	}
	return div_u64(bench_clock() - start, max(*n, 1U));
}

static u64 destroy_all(const struct bench_case *c, void **it, unsigned int n)
{
	unsigned int i;
	u64 start = bench_clock();

	for (i = n; i--; cond_resched())
		one_destroy(c, it[i]);
	return div_u64(bench_clock() - start, max(n, 1U));
}

/* Heaps have a table of their own, and its lines are not counted here. */
static int see_all(const struct bench_case *c, unsigned int n)
{
	int err = c->size ? 0 : bench_shell(CLASSES);

	if (!err && !c->size && galloc_system < n)
		err = not_judged(c, -EIO, "debugfs has lines for %lld", galloc_system);
	return err;
}

static int measure_create(const struct bench_case *c)
{
	void **it = vmalloc(array_size(c->ops, sizeof(*it)));
	s64 held, percpu, held_before, percpu_before;
	unsigned int n = 0;
	u64 ns, gone_ns;
	int err;

	if (!it)
		return -ENOMEM;
	err = read_held(&held_before, &percpu_before);
	if (!err) {
		ns = create_all(c, it, &n);
		err = read_held(&held, &percpu) ?: see_all(c, n);
	}
	if (!err && n < c->ops)
		err = not_judged(c, -ENOMEM, "no memory for all of them");
	gone_ns = destroy_all(c, it, n);
	vfree(it);
	err = err ?: add_figure(c, "held_bytes", held - held_before);
	err = err ?: add_figure(c, "percpu_bytes", percpu - percpu_before);
	err = err ?: add_figure(c, "create_ns", ns);
	return err ?: add_figure(c, "destroy_ns", gone_ns);
}

const struct bench_case client_cases[] = {
	{ "release", "1000000", measure_release, .ops = 1000000 },
	{ "create", "cache10000", measure_create, .ops = 10000 },
	{ "create", "heap1000", measure_create, .ops = 1000, .size = 1 },
	{}
};
