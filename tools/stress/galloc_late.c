// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_late: a client that is gone before its objects are freed.
 *
 * Its exit hands all of them to gfree_rcu(), some on each CPU, and does not wait:
 * that galloc's own exit does.
 */
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include <galloc.h>

#include "param.h"

PARAM(uint, nr, 10000, "objects");
PARAM(uint, size, 0, "of each object; 0: drawn");

PARAM(bool, early, false, "the first one begins a grace period that the others are too late for");

PARAM(ulong, seed, 0, "of the random numbers; 0: draw one");

struct thing {
	char data[8];
	struct rcu_head rcu;
};

static struct thing **things;
static atomic_t next;

/* Mostly small, and some of each kind of whole pages. */
static size_t draw_size(struct rnd_state *rnd)
{
	u32 dice = prandom_u32_state(rnd) % 256;

	if (size)
		return max_t(size_t, size, sizeof(struct thing));
	if (dice == 0)
		return SZ_32K + prandom_u32_state(rnd) % SZ_128K;
	if (dice < 8)
		return sizeof(struct thing) + prandom_u32_state(rnd) % SZ_16K;
	return sizeof(struct thing) + prandom_u32_state(rnd) % 500;
}

/* In an interrupt on each CPU: as they come, until none is left. */
static void free_some(void *unused)
{
	unsigned int i;

	while ((i = atomic_inc_return(&next) - 1) < nr)
		gfree_rcu(things[i], rcu);
}

static int __init late_init(void)
{
	struct rnd_state rnd;
	unsigned int i;

	if (!seed)
		seed = get_random_u32();
	prandom_seed_state(&rnd, seed);
	things = kvcalloc(nr, sizeof(*things), GFP_KERNEL);
	if (!things)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		things[i] = galloc(draw_size(&rnd), GFP_KERNEL | __GFP_NOWARN);
		if (!things[i])
			break;
		if (i % 64 == 0)
			cond_resched();
	}
	if (i == nr)
		return 0;
	while (i--)
		gfree(things[i]);
	kvfree(things);
	return -ENOMEM;
}

static void __exit late_exit(void)
{
	if (early)
		gfree_rcu(things[atomic_inc_return(&next) - 1], rcu);
	on_each_cpu(free_some, NULL, 1);
	kvfree(things);
}

module_init(late_init);
module_exit(late_exit);

MODULE_DESCRIPTION("Frees by RCU and goes, to test galloc");
MODULE_LICENSE("GPL");
