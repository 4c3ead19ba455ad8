// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * measure: what a case is given to work on, and what becomes of its figures.
 *
 * Lists of sizes and orders come from one seed, so that all allocators, and all
 * runs, get the same.
 */
#include "allocators.h"

#include <linux/math64.h>
#include <linux/prandom.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#define MAX_RESULTS	1024
#define VARIANT_LEN	48
#define WHY_LEN		128

const char * const allocator_names[NR_ALLOCATORS] = {
	[NONE]		= "none",
	[GALLOC]	= "galloc",
	[KMALLOC]	= "kmalloc",
	[KMEM_CACHE]	= "kmem_cache",
	[PAGES]		= "pages",
	[GCACHE]	= "gcache",
	[GHEAP]		= "gheap",
	[SWEEP]		= "sweep",
	[GFREE]		= "gfree",
};

/**
 * struct result - a figure, or why a case has none
 * @name: of the case
 * @variant: a copy, since a trace's goes with the trace
 * @what: is counted; NULL if the case could not be judged
 * @why: it could not
 * @allocator: whose figure it is
 * @cpus: that took part
 * @figure: in thousandths of @what
 */
struct result {
	const char *name;
	char variant[VARIANT_LEN];
	const char *what;
	char why[WHY_LEN];
	enum allocator allocator;
	unsigned int cpus;
	struct figure figure;
};

/* main.c lets one case run at a time. */
static struct result *results;
static unsigned int nr_results;

u64 took[NR_ALLOCATORS][MAX_REPS];
u16 sizes_log8192[LIST_LEN];
u16 sizes_uniform2048[LIST_LEN];
u16 sizes_larson[LIST_LEN];
u16 order_fifo[MAX_SLOTS];
u16 order_lifo[MAX_SLOTS];	/* its last n are those of n slots */
u16 order_larson[LIST_LEN];
static u16 order_shuffled[MAX_SLOTS];

/* ---- lists -------------------------------------------------------------------- */

/* 2^(i/16), times 2^16. */
static const u32 pow2_16th[] = {
	65536, 68438, 71468, 74632, 77936, 81386, 84990, 88752, 92682,
	96785, 101070, 105545, 110218, 115098, 120194, 125515, 131072,
};

/* A size of 1..8191, as many in each octave: 2^x for an even x in [0, 13). */
u32 draw_log8192(struct rnd_state *rnd)
{
	u32 r = prandom_u32_state(rnd);
	u32 x = ((u64)r * 13) >> 16;	/* 16 bits after the point */
	u32 lo = pow2_16th[(x >> 12) & 15];
	u32 hi = pow2_16th[((x >> 12) & 15) + 1];
	u32 frac = lo + (((hi - lo) * (x & 0xfff)) >> 12);

	return ((u64)frac << (x >> 16)) >> 16;
}

u32 draw_uniform(struct rnd_state *rnd, u32 lo, u32 hi)
{
	return lo + (((u64)prandom_u32_state(rnd) * (hi - lo + 1)) >> 32);
}

static void make_lists(void)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, SEED);
	for (i = 0; i < LIST_LEN; i++)
		sizes_log8192[i] = draw_log8192(&rnd);
	for (i = 0; i < LIST_LEN; i++)
		sizes_uniform2048[i] = draw_uniform(&rnd, 1, 2048);
	for (i = 0; i < LIST_LEN; i++)
		sizes_larson[i] = draw_uniform(&rnd, 8, 1000);
	for (i = 0; i < LIST_LEN; i++)
		order_larson[i] = draw_uniform(&rnd, 0, 999);
	for (i = 0; i < MAX_SLOTS; i++) {
		order_fifo[i] = i;
		order_lifo[i] = MAX_SLOTS - 1 - i;
	}
}

/* The slots 0 .. @out - 1 in a random order, the same each time. */
const u16 *shuffled(unsigned int out)
{
	struct rnd_state rnd;
	unsigned int i;

	prandom_seed_state(&rnd, SEED + out);
	for (i = 0; i < out; i++)
		order_shuffled[i] = i;
	for (i = out; i > 1; i--) {
		u32 j = draw_uniform(&rnd, 0, i - 1);

		swap(order_shuffled[i - 1], order_shuffled[j]);
	}
	return order_shuffled;
}

/* ---- runs ---------------------------------------------------------------------- */

int run_prepare(struct run *run, const struct bench_case *c, enum allocator a)
{
	*run = (struct run) {
		.ops = c->ops * scale,
		.out = c->out,
		.size = c->size,
		.sizes = c->sizes,
		.order = c->order ?: shuffled(c->out),
	};
	/* Between repetitions only a list of sizes leaves objects out. */
	if (c->sizes)
		run->live = c->out;
	run->slot = vzalloc(MAX_SLOTS * sizeof(*run->slot));
	if (!run->slot)
		return -ENOMEM;
	switch (a) {
	case KMEM_CACHE:
		run->cache = kmem_cache_create(KBUILD_MODNAME, c->size, 0, 0, NULL);
		return run->cache ? 0 : -ENOMEM;
	case GCACHE:
		run->gcache = galloc_cache_create(KBUILD_MODNAME, c->size, NULL);
		return run->gcache ? 0 : -ENOMEM;
	case GHEAP:
		run->gheap = galloc_heap_create(KBUILD_MODNAME, NULL);
		return run->gheap ? 0 : -ENOMEM;
	default:
		return 0;
	}
}

void object_free(struct run *run, enum allocator a, void *p)
{
	if (ZERO_OR_NULL_PTR(p))
		return;
	switch (a) {
	case GALLOC:
	case GCACHE:
	case GHEAP:
		galloc_free(run, p);
		break;
	case KMALLOC:
		kmalloc_free(run, p);
		break;
	case KMEM_CACHE:
		kmem_cache_free_one(run, p);
		break;
	case PAGES:
		pages_free(run, p);
		break;
	default:
		break;
	}
}

void run_cleanup(struct run *run, enum allocator a)
{
	unsigned int i;

	for (i = 0; run->slot && i < run->live; i++)
		object_free(run, a, run->slot[i]);
	vfree(run->slot);
	run->slot = NULL;
	kmem_cache_destroy(run->cache);
	run->cache = NULL;
	galloc_cache_destroy(run->gcache);
	run->gcache = NULL;
	galloc_heap_destroy(run->gheap);
	run->gheap = NULL;
}

/* ---- figures -------------------------------------------------------------------- */

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Sorts @values. */
u64 median_of(u64 *values, unsigned int n)
{
	sort(values, n, sizeof(*values), compare_u64, NULL);
	return values[n / 2];
}

int result_add(const struct bench_case *c, enum allocator a, unsigned int cpus,
	       const char *what, const struct figure *figure)
{
	struct result *r = &results[nr_results];

	if (nr_results == MAX_RESULTS)
		return -ENOSPC;
	*r = (struct result) {
		.name = c->name,
		.what = what,
		.allocator = a,
		.cpus = cpus,
		.figure = *figure,
	};
	if (strscpy(r->variant, c->variant, sizeof(r->variant)) < 0)
		return -E2BIG;
	nr_results++;
	return 0;
}

/**
 * not_judged() - a case has no result
 * @c: the case
 * @err: what its measure() returns
 * @fmt: why, in a few words
 *
 * Other cases are not concerned.
 *
 * Return: @err.
 */
int not_judged(const struct bench_case *c, int err, const char *fmt, ...)
{
	struct result *r = &results[nr_results];
	va_list args;

	if (nr_results == MAX_RESULTS)
		return err;
	*r = (struct result) { .name = c->name };
	strscpy(r->variant, c->variant, sizeof(r->variant));
	va_start(args, fmt);
	vscnprintf(r->why, sizeof(r->why), fmt, args);
	va_end(args);
	nr_results++;
	pr_err("%s %s: %s\n", c->name, c->variant, r->why);
	return err;
}

bool is_judged(const struct bench_case *c)
{
	const struct result *r;

	for (r = results; r < results + nr_results; r++)
		if (!r->what && !strcmp(r->name, c->name) &&
		    !strcmp(r->variant, c->variant))
			return false;
	return true;
}

static s64 milli_each(u64 ns, u64 none, unsigned int ops)
{
	s64 each = clock_counts_locks() ? 1000 * 1000 : 1000;

	return div_s64(each * (s64)(ns - none), ops);
}

/*
 * From took[][], @n times that of @ops pairs, to figures for each, less the median
 * of the empty loop.
 */
int report_times(const struct bench_case *c, unsigned int cpus,
		 unsigned int ops, unsigned int n)
{
	u64 none = median_of(took[NONE], n);
	unsigned int a;
	int err = 0;

	for (a = 0; a < NR_ALLOCATORS && !err; a++) {
		u64 off = a == NONE ? 0 : none;
		struct figure figure;

		if (!c->fns->by[a] || (clock_counts_locks() && a != GALLOC))
			continue;
		figure.value = milli_each(median_of(took[a], n), off, ops);
		figure.min = milli_each(took[a][0], off, ops);
		figure.max = milli_each(took[a][n - 1], off, ops);
		err = result_add(c, a, cpus, metric, &figure);
	}
	return err;
}

/* The end of a case on one CPU: results, unless it failed, and clean up. */
int report_runs(const struct bench_case *c, struct run *run, int err)
{
	unsigned int a;

	for (a = 0; a < NR_ALLOCATORS && !err; a++) {
		if (run[a].failed) {
			err = not_judged(c, -ENOMEM, "%s gave no memory",
					 allocator_names[a]);
		}
	}
	if (!err)
		err = report_times(c, 1, run[NONE].ops, reps);
	for (a = 0; a < NR_ALLOCATORS; a++)
		run_cleanup(&run[a], a);
	return err;
}

void results_clear(void)
{
	nr_results = 0;
}

static void show_milli(struct seq_file *m, s64 milli)
{
	u64 n = abs(milli);
	u32 rest;

	n = div_u64_rem(n, 1000, &rest);
	seq_printf(m, "\t%s%llu.%03u", milli < 0 ? "-" : "", n, rest);
}

void results_show(struct seq_file *m)
{
	const struct result *r;

	for (r = results; r < results + nr_results; r++) {
		if (!r->what) {
			seq_printf(m, "!\t%s\t%s\t%s\n", r->name, r->variant,
				   r->why);
			continue;
		}
		seq_printf(m, "%s\t%s\t%s\t%u\t%s", r->name, r->variant,
			   allocator_names[r->allocator], r->cpus, r->what);
		show_milli(m, r->figure.value);
		show_milli(m, r->figure.min);
		show_milli(m, r->figure.max);
		seq_putc(m, '\n');
	}
}

int measure_init(void)
{
	results = vzalloc(MAX_RESULTS * sizeof(*results));
	if (!results)
		return -ENOMEM;
	make_lists();
	return 0;
}

void measure_exit(void)
{
	vfree(results);
}
