// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * count: what a build of galloc.ko with GALLOC_COUNT=y has counted, see count.h.
 *
 * A part of galloc.ko, not of galloc_bench.ko, which asks for it.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/string.h>

/* What the counted are for, by name; the first means that a place has none yet. */
enum { UNKNOWN, REFILL, FLUSH, BIT_OF, GROW, RELEASE, OTHER, SUM, LOCKS, WAITED, NR_COUNTS };

static const char * const names[NR_COUNTS] = {
	[REFILL]	= "locks_refill",
	[FLUSH]		= "locks_flush",
	[BIT_OF]	= "locks_bit",
	[GROW]		= "locks_grow",
	[RELEASE]	= "locks_release",
	[OTHER]		= "locks_other",
	[SUM]		= "locks_per_kop",
	[LOCKS]		= "locks_acquired",
	[WAITED]	= "locks_waited_percent",
};

/*
 * The first line that fits a place, by its file and function, says what it is for: a stack
 * that ran empty, or full; an object that is free in its span, without a lock; a span that
 * comes, or goes.  The host tests look for these functions.
 */
static const struct {
	const char *file;
	const char *func;
	u8 cause;
} causes[] = {
	{ "transfer", "transfer_get", REFILL },
	{ "transfer", NULL, FLUSH },
	{ "mspan", "mspan_claim", REFILL },
	{ "mspan", NULL, BIT_OF },
	{ "mcentral", "free_settle", FLUSH },
	{ "mcentral", "free_object", FLUSH },
	{ "mcentral", "whole_recheck", BIT_OF },
	{ "mcentral", "free_retire", RELEASE },
	{ "mcentral", "span_retire", RELEASE },
	{ "mcentral", NULL, REFILL },
	{ "grow", NULL, GROW },
	{ "large", "large_alloc_huge", GROW },
	{ "large", NULL, RELEASE },
	{ "run", "spares_take", RELEASE },
	{ "run", "run_free", RELEASE },
	{ "run", NULL, GROW },
	{ "mheap", NULL, RELEASE },
	{ "release", "release_take_kept", GROW },
	{ "release", NULL, RELEASE },
	{ "arena", "charge", GROW },
	{ "arena", "charge_for", GROW },
	{ "arena", "chunk_try", GROW },
	{ "arena", NULL, RELEASE },
	{ "map", NULL, GROW },
};

static DEFINE_PER_CPU(unsigned long [NR_COUNTS], galloc_counts);

static u8 cause_of(const char *file, const char *func)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(causes); i++)
		if (!strcmp(causes[i].file, file) &&
		    (!causes[i].func || !strcmp(causes[i].func, func)))
			return causes[i].cause;
	return OTHER;
}

/* One more, at a place that keeps its cause in *@cause. */
void galloc_count(u8 *cause, const char *file, const char *func)
{
	u8 c = READ_ONCE(*cause);

	if (!c) {
		c = cause_of(file, func);
		WRITE_ONCE(*cause, c);
	}
	this_cpu_inc(galloc_counts[c]);
}

/* A lock was acquired; had somebody else it? */
void galloc_count_lock(bool waited)
{
	this_cpu_inc(galloc_counts[LOCKS]);
	if (waited)
		this_cpu_inc(galloc_counts[WAITED]);
}

/* Locks acquired and atomic read-modify-writes so far, of all CPUs. */
unsigned long galloc_count_contended(void)
{
	unsigned long sum = 0;
	int cpu, what;

	for_each_possible_cpu(cpu)
		for (what = REFILL; what < SUM; what++)
			sum += per_cpu(galloc_counts[what], cpu);
	return sum;
}
EXPORT_SYMBOL_GPL(galloc_count_contended);

/* What has number @what, of all CPUs so far, and its name; NULL behind the last. */
const char *galloc_count_of(unsigned int what, unsigned long *n)
{
	int cpu;

	*n = 0;
	if (++what >= NR_COUNTS)
		return NULL;
	if (what == SUM)
		*n = galloc_count_contended();
	for_each_possible_cpu(cpu)
		*n += per_cpu(galloc_counts[what], cpu);
	return names[what];
}
EXPORT_SYMBOL_GPL(galloc_count_of);
