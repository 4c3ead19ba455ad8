// SPDX-License-Identifier: GPL-2.0
/*
 * params: what galloc is told when it is loaded.
 *
 * Called first by galloc_init().  The parameters that run a test have their place
 * with it, in selftest.c and inject.c.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/module.h>
#include <linux/string.h>

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
int __init params_take(void)
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
