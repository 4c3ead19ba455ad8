// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * knobs: parameters that may be changed while galloc works.
 *
 * Called by galloc_mod.c, which has the others, and by the kernel for a write to
 * /sys/module/galloc/parameters.  Overview: galloc_mod.c.
 */
#include "mcache.h"
#include "observe/sample.h"

#include <linux/init.h>
#include <linux/moduleparam.h>

unsigned long galloc_limit_bytes;
unsigned long galloc_free_max_pages;
unsigned long galloc_cpu_cache_bytes;

/* The same, or what it was until all CPUs have followed. */
unsigned long galloc_cpu_cache_most;

static int set_live(const char *val, const struct kernel_param *kp);
static int get_live(char *buffer, const struct kernel_param *kp);

/* All are long, or unsigned long. */
static const struct kernel_param_ops live_ops = { .set = set_live, .get = get_live };

static unsigned long limit_mb;
module_param_cb(limit_mb, &live_ops, &limit_mb, 0644);
MODULE_PARM_DESC(limit_mb, "most memory to hold, including metadata, in MiB; 0: no limit");

static long free_max_mb = -1;
module_param_cb(free_max_mb, &live_ops, &free_max_mb, 0644);
MODULE_PARM_DESC(free_max_mb, "free memory above which runs return to the system, in MiB; -1: a 64th of what is held");

#define CPU_CACHE_KB	2048

static unsigned long cpu_cache_kb = CPU_CACHE_KB;
module_param_cb(cpu_cache_kb, &live_ops, &cpu_cache_kb, 0644);
MODULE_PARM_DESC(cpu_cache_kb, "most memory a CPU may cache, in KiB; 64 to 65536");

#define SAMPLE_KB	512

static unsigned long sample_kb = SAMPLE_KB;
module_param_cb(sample_kb, &live_ops, &sample_kb, 0644);
MODULE_PARM_DESC(sample_kb, "mean of bytes allocated between two samples of the heap profile, in KiB; 0: none");

/* What galloc keeps, from load on. */
static unsigned long least_mb;

#define MB_MAX	(ULONG_MAX >> 20)

static bool mb_is_wrong(const char *name, unsigned long mb)
{
	if (mb <= MB_MAX)
		return false;
	pr_err("%s=%lu is out of range: 0 to %lu\n", name, mb, MB_MAX);
	return true;
}

/* A parameter that is wrong, after a line that has its range; or NULL. */
static void *live_wrong(void)
{
	if (mb_is_wrong("limit_mb", limit_mb))
		return &limit_mb;
	if (mb_is_wrong("reserve_mb", least_mb))
		return &least_mb;
	if (free_max_mb < -1 || free_max_mb > (long)MB_MAX) {
		pr_err("free_max_mb=%ld is out of range: -1 to %lu\n",
		       free_max_mb, MB_MAX);
		return &free_max_mb;
	}
	if (cpu_cache_kb < 64 || cpu_cache_kb > 65536) {
		pr_err("cpu_cache_kb=%lu is out of range: 64 to 65536\n", cpu_cache_kb);
		return &cpu_cache_kb;
	}
	if (sample_kb > SAMPLE_MAX_KB) {
		pr_err("sample_kb=%lu is out of range: 0 to %lu\n", sample_kb, SAMPLE_MAX_KB);
		return &sample_kb;
	}
	if (limit_mb && least_mb > limit_mb) {
		pr_err("reserve_mb=%lu is more than limit_mb=%lu: at most %lu\n",
		       least_mb, limit_mb, limit_mb);
		return &least_mb;
	}
	return NULL;
}

/* Whoever reads them has them as they were or as they are. */
static void live_take(void)
{
	WRITE_ONCE(galloc_limit_bytes, limit_mb << 20);
	WRITE_ONCE(galloc_free_max_pages, free_max_mb < 0 ? FREE_MAX_PART :
		   free_max_mb << (20 - PAGE_SHIFT));
}

/* CPUs give back what they cache beyond it; isolated ones, which nobody asks, as they go. */
static void cpu_cache_take(void)
{
	unsigned long bytes = cpu_cache_kb << 10;
	bool less = bytes < galloc_cpu_cache_bytes;

	WRITE_ONCE(galloc_cpu_cache_most, max(galloc_cpu_cache_most, bytes));
	WRITE_ONCE(galloc_cpu_cache_bytes, bytes);
	if (less)
		drain_cpus();
	if (!capacity_beyond())
		WRITE_ONCE(galloc_cpu_cache_most, bytes);
}

/*
 * What a write does, under the kernel's lock of the module's parameters.  Their files are
 * there before galloc_init() begins, and after galloc_exit() has.
 */
static enum {
	KNOBS_STORED,	/* it is stored: knobs_take() checks all of them together */
	KNOBS_TAKEN,	/* it is refused: galloc is about to be there, or to go */
	KNOBS_LIVE,	/* it is checked, and in force at once */
} knobs_state;

static int set_live(const char *val, const struct kernel_param *kp)
{
	unsigned long *to = kp->arg, was = *to;
	int err;

	if (knobs_state == KNOBS_TAKEN)
		return -EBUSY;
	err = (long *)to == &free_max_mb ? param_set_long(val, kp) : param_set_ulong(val, kp);
	if (err || knobs_state == KNOBS_STORED)
		return err;
	if (live_wrong()) {
		*to = was;
		return -EINVAL;
	}
	live_take();
	/* If a CPU is coming up or going down, the worker completes it. */
	if (to == &sample_kb)
		sample_set(sample_kb);
	else if (to == &cpu_cache_kb)
		cpu_cache_take();
	else
		worker_kick(WORKER_RELEASE);
	return 0;
}

static int get_live(char *buffer, const struct kernel_param *kp)
{
	return kp->arg == &free_max_mb ? param_get_long(buffer, kp) : param_get_ulong(buffer, kp);
}

/* From now on they may be changed, or no longer. */
void knobs_live(bool live)
{
	kernel_param_lock(THIS_MODULE);
	knobs_state = live ? KNOBS_LIVE : KNOBS_TAKEN;
	kernel_param_unlock(THIS_MODULE);
}

/* At load only: memory that is removed later is no reason to refuse what is written then. */
static bool __init reserve_exceeds_memory(void)
{
	unsigned long most = (totalram_pages() >> (20 - PAGE_SHIFT)) - 1;

	if (least_mb <= most)
		return false;
	pr_err("reserve_mb=%lu exceeds system memory: at most %lu\n", least_mb, most);
	return true;
}

static void __init set_default(unsigned long *knob)
{
	if ((long *)knob == &free_max_mb)
		free_max_mb = -1;
	else
		*knob = knob == &cpu_cache_kb ? CPU_CACHE_KB : knob == &sample_kb ? SAMPLE_KB : 0;
}

/**
 * knobs_take() - check the parameters of this file, and convert them
 * @reserve_mb: the parameter
 *
 * From here on nobody can write them until knobs_live().
 *
 * Return: 0, or -EINVAL after a line with the parameter and its range; built in, that has
 * its default instead.
 */
int __init knobs_take(unsigned long *reserve_mb)
{
	unsigned long *wrong;

	knobs_live(false);
	least_mb = *reserve_mb;
	while ((wrong = live_wrong()) || reserve_exceeds_memory()) {
		if (!inject_built_in())
			return -EINVAL;
		set_default(wrong ?: &least_mb);
	}
	*reserve_mb = least_mb;
	live_take();
	sample_mean = sample_kb << 10;
	cpu_cache_take();
	return 0;
}
