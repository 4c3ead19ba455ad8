// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * latency: for how long galloc keeps others off.
 *
 * Each variant brings about what makes one of galloc's longer sections as long as
 * it can be, and asks a galloc.ko that measures them (sections.h) for the longest
 * of all.  Whole calls are timed from outside, with interrupts off, on any galloc.ko
 * and on one CPU: another one's instructions would count, too.
 */
#include "allocators.h"

#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "sections.h"

/* Objects out, and those of whole pages. */
#define SMALL		10000
#define LARGE		400

/* What is soon not to be had, and calls made while everybody is asked to drain. */
#define MOST		(4UL << 20)
#define DRAINING	3000

/* A repetition moves tens of megabytes. */
#define MAX_TRIES	2

static void (*sections_clear)(void);
static u64 (*sections_longest)(const char **func);
static void (*sections_print)(void);

static void **small, **large;
static struct rnd_state rnd;

/* ---- what is out ---------------------------------------------------------------------- */

static void fill_small(void)
{
	unsigned int i;

	for (i = 0; i < SMALL; i++) {
		if (!small[i])
			small[i] = galloc(draw_log8192(&rnd), GFP_KERNEL);
		if (i % 256 == 0)
			cond_resched();
	}
}

/* Runs of 9 .. 100 pages. */
static void fill_large(void)
{
	unsigned int i;

	for (i = 0; i < LARGE; i++) {
		if (!large[i])
			large[i] = galloc(draw_uniform(&rnd, 9, 100) << PAGE_SHIFT,
					  GFP_KERNEL | __GFP_NOWARN);
		if (i % 256 == 0)
			cond_resched();
	}
}

static void drop(void **p, unsigned int n, unsigned int each)
{
	unsigned int i;

	for (i = 0; i < n; i += each) {
		gfree(p[i]);
		p[i] = NULL;
		if (i % 256 == 0)
			cond_resched();
	}
}

static void drop_all(void)
{
	drop(small, SMALL, 1);
	drop(large, LARGE, 1);
	give_back(GALLOC);
}

/* ---- the variants ---------------------------------------------------------------------- */

/* From spans with little room, spread over all that a word of a bitmap can be. */
static void refill(void)
{
	fill_small();
	drop(small, SMALL, 3);
	give_back(GALLOC);
	sections_clear();
	fill_small();
}

static void flush(void)
{
	fill_small();
	sections_clear();
	drop(small, SMALL, 2);
	drop(small, SMALL, 1);
}

/* One page in two of each block is free, and runs that begin nowhere in particular. */
static void make_holes(void)
{
	unsigned int i;

	for (i = 0; i < SMALL / 2; i++)
		small[i] = galloc(4096, GFP_KERNEL);
	fill_large();
	drop(small, SMALL / 2, 2);
	drop(large, LARGE, 2);
}

static void grow(void)
{
	unsigned int i;

	sections_clear();
	make_holes();
	/* A run at a multiple of a block, or of much of it. */
	for (i = 0; i < LARGE; i += 2)
		large[i] = galloc_aligned(draw_uniform(&rnd, 9, 100) << PAGE_SHIFT,
					  256UL << (10 + i / 2 % 4),
					  GFP_KERNEL | __GFP_NOWARN);
	for (i = 0; i < SMALL / 2; i += 2)
		small[i] = galloc(4096, GFP_KERNEL);
	drop(large, LARGE, 2);
}

/* More is freed than may stay free: the worker returns it. */
static void release(void)
{
	make_holes();
	sections_clear();
	drop(small, SMALL, 1);
	drop(large, LARGE, 1);
	msleep(2000);
}

/* The stacks are full, and unused for some ticks. */
static void drain(void)
{
	fill_small();
	drop(small, SMALL, 1);
	sections_clear();
	msleep(5000);
}

static void shrink(void)
{
	make_holes();
	drop(small, SMALL, 1);
	drop(large, LARGE, 1);
	sections_clear();
	give_back(GALLOC);
	make_holes();
	bench_shell("echo 3 >/proc/sys/vm/drop_caches");
}

static void walk(void)
{
	make_holes();
	fill_small();
	sections_clear();
	bench_shell("cd /sys/kernel/debug/galloc; echo 1 >validate; "
		    "cat stats events classes mheap mcache spans >/dev/null");
}

/* What another CPU has is taken from it when it is gone. */
static void hotplug(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(1));
	fill_small();
	drop(small, SMALL, 1);
	fill_large();
	drop(large, LARGE, 1);
	set_cpus_allowed_ptr(current, cpumask_of(0));
	sections_clear();
	remove_cpu(1);
	add_cpu(1);
}

/* A heap goes with what is in it: its rows are swept, spans of many objects and of few. */
static void sweep(void)
{
	struct galloc_heap *heap = galloc_heap_create("latency", NULL);
	unsigned int i;

	if (!heap)
		return;
	for (i = 0; i < SMALL; i++)
		small[i] = galloc_from(heap, draw_log8192(&rnd), GFP_KERNEL);
	for (i = 0; i < LARGE; i++)
		large[i] = galloc_from(heap, draw_uniform(&rnd, 9, 100) << PAGE_SHIFT,
				       GFP_KERNEL | __GFP_NOWARN);
	drop(small, SMALL, 3);
	drop(large, LARGE, 3);
	sections_clear();
	galloc_heap_destroy(heap, GALLOC_HEAP_RELEASE);
	memset(small, 0, SMALL * sizeof(*small));
	memset(large, 0, LARGE * sizeof(*large));
}

/* ---- whole calls -------------------------------------------------------------------------- */

/* The longest so far, in what it was, and of what size. */
static struct {
	u64 ns;
	const char *what;
	size_t size;
} worst;

static void note_call(u64 ns, const char *what, size_t size)
{
	if (ns <= worst.ns)
		return;
	worst.ns = ns;
	worst.what = what;
	worst.size = size;
}

static void *timed_alloc(size_t size)
{
	u64 start = ktime_get_ns();
	void *p = galloc(size, GFP_NOWAIT | __GFP_NOWARN);

	note_call(ktime_get_ns() - start, "alloc", size);
	return p;
}

static void timed_free(void *p)
{
	size_t size = gsize(p);
	u64 start = ktime_get_ns();

	gfree(p);
	note_call(ktime_get_ns() - start, "free", size);
}

/*
 * What cannot be had, without what the page allocator takes, which is asked twice: that
 * is nearly all that kmalloc() does.
 */
static void timed_in_vain(size_t size)
{
	u64 start = ktime_get_ns(), ours, theirs;
	void *p = galloc(size, GFP_NOWAIT | __GFP_NOWARN), *q;

	ours = ktime_get_ns() - start;
	start = ktime_get_ns();
	q = kmalloc(size, __GFP_NOWARN);
	theirs = ktime_get_ns() - start;
	pr_info("%zu bytes are refused in %llu, by kmalloc in %llu\n", size, ours, theirs);
	if (!p && !q)
		note_call(ours - min(ours, 2 * theirs), "alloc in vain", size);
	gfree(p);
	kfree(q);
}

static void call_alloc(void)
{
	unsigned long flags;
	unsigned int i;

	fill_small();
	make_holes();
	drop(small, SMALL, 1);
	drop(large, LARGE, 1);
	memset(&worst, 0, sizeof(worst));
	for (i = 0; i < SMALL; i++) {
		local_irq_save(flags);
		small[i] = timed_alloc(draw_log8192(&rnd));
		local_irq_restore(flags);
	}
}

static void call_free(void)
{
	unsigned long flags;
	unsigned int i;

	fill_small();
	fill_large();
	memset(&worst, 0, sizeof(worst));
	for (i = 0; i < SMALL + LARGE; i++) {
		void **p = i < SMALL ? &small[i] : &large[i - SMALL];

		local_irq_save(flags);
		timed_free(*p);
		local_irq_restore(flags);
		*p = NULL;
	}
}

/*
 * Requests that are not to be had ask everybody to drain; nobody else comes to do it
 * until all these calls are made, each of which does a turn.
 */
static void call_drain(void)
{
	unsigned long flags;
	unsigned int i;

	fill_small();
	drop(small, SMALL, 1);
	for (i = 0; i < LARGE; i++) {
		large[i] = galloc(MOST, GFP_NOWAIT | __GFP_NOWARN);
		if (!large[i])
			break;
	}
	/* That one has asked, and the next is not heard for a while. */
	msleep(500);
	fill_small();
	drop(small, SMALL, 1);
	memset(&worst, 0, sizeof(worst));
	local_irq_save(flags);
	timed_in_vain(MOST);
	for (i = 0; i < DRAINING; i++)
		small[i] = timed_alloc(draw_log8192(&rnd));
	for (i = 0; i < DRAINING; i++)
		timed_free(small[i]);
	local_irq_restore(flags);
	memset(small, 0, DRAINING * sizeof(*small));
}

static int measure_worst(const struct bench_case *c, void (*fn)(void))
{
	struct figure figure;
	u64 ns[MAX_TRIES];
	unsigned int i;

	for (i = 0; i < MAX_TRIES; i++) {
		prandom_seed_state(&rnd, SEED);
		cond_resched();
		fn();
		ns[i] = worst.ns;
		pr_info("%s: %llu in %s of %zu bytes\n", c->variant, worst.ns, worst.what,
			worst.size);
		drop_all();
	}
	median_of(ns, MAX_TRIES);
	figure.value = 1000 * ns[0];
	figure.min = 1000 * ns[0];
	figure.max = 1000 * ns[MAX_TRIES - 1];
	return result_add(c, GALLOC, num_online_cpus(), metric, &figure);
}

static int measure_call(const struct bench_case *c)
{
	int err = -ENOMEM;

	small = vzalloc(SMALL * sizeof(*small));
	large = vzalloc(LARGE * sizeof(*large));
	if (small && large)
		err = measure_worst(c, !strcmp(c->variant, "alloc") ? call_alloc :
				       !strcmp(c->variant, "free") ? call_free :
								     call_drain);
	vfree(small);
	vfree(large);
	return err;
}

/* ---- sections ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(void);
} variants[] = {
	{ "refill", refill },
	{ "flush", flush },
	{ "grow", grow },
	{ "release", release },
	{ "drain", drain },
	{ "shrink", shrink },
	{ "walk", walk },
	{ "hotplug", hotplug },
	{ "sweep", sweep },
};

static int measure_variant(const struct bench_case *c)
{
	struct figure figure;
	u64 ns[MAX_TRIES];
	unsigned int i, v;

	for (v = 0; strcmp(variants[v].name, c->variant); v++)
		;
	for (i = 0; i < MAX_TRIES; i++) {
		const char *func = c->variant;

		prandom_seed_state(&rnd, SEED);
		cond_resched();
		sections_clear();
		variants[v].fn();
		ns[i] = sections_longest(&func);
		pr_info("%s: %llu in %s\n", c->variant, ns[i], func);
		drop_all();
	}
	/* For the table in Documentation/locking.rst. */
	sections_print();
	/* Any interruption increases it: the minimum is galloc's own. */
	median_of(ns, MAX_TRIES);
	figure.value = 1000 * ns[0];
	figure.min = 1000 * ns[0];
	figure.max = 1000 * ns[MAX_TRIES - 1];
	return result_add(c, GALLOC, num_online_cpus(), metric, &figure);
}

static int measure_latency(const struct bench_case *c)
{
	int err = -ENOMEM;

	if (!strcmp(c->variant, "hotplug") && num_online_cpus() < 2)
		return not_judged(c, -ENODEV, "there is no other CPU");
	sections_clear = symbol_get(galloc_sections_clear);
	sections_longest = symbol_get(galloc_sections_longest);
	sections_print = symbol_get(galloc_sections_print);
	if (!sections_clear || !sections_longest || !sections_print) {
		err = not_judged(c, -EINVAL, "this galloc.ko does not measure its sections");
		goto out;
	}
	small = vzalloc(SMALL * sizeof(*small));
	large = vzalloc(LARGE * sizeof(*large));
	if (small && large)
		err = measure_variant(c);
	vfree(small);
	vfree(large);
out:
	if (sections_clear)
		symbol_put(galloc_sections_clear);
	if (sections_longest)
		symbol_put(galloc_sections_longest);
	if (sections_print)
		symbol_put(galloc_sections_print);
	return err;
}

const struct bench_case latency_cases[] = {
	{ "latency", "refill", measure_latency },
	{ "latency", "flush", measure_latency },
	{ "latency", "grow", measure_latency },
	{ "latency", "release", measure_latency },
	{ "latency", "drain", measure_latency },
	{ "latency", "shrink", measure_latency },
	{ "latency", "walk", measure_latency },
	{ "latency", "hotplug", measure_latency },
	{ "latency", "sweep", measure_latency },
	{ "call", "alloc", measure_call },
	{ "call", "free", measure_call },
	{ "call", "drain", measure_call },
	{}
};
