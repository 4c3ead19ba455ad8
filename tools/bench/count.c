// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * count: what a build of galloc.ko with GALLOC_COUNT=y has counted, see count.h.
 *
 * A part of galloc.ko, not of galloc_bench.ko, which asks for it.
 */
#include <linux/cpumask.h>
#include <linux/export.h>
#include <linux/percpu.h>

DEFINE_PER_CPU(unsigned long, galloc_contended);

/* Locks acquired and atomic read-modify-writes so far, of all CPUs. */
unsigned long galloc_count_contended(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu(galloc_contended, cpu);
	return sum;
}
EXPORT_SYMBOL_GPL(galloc_count_contended);
