// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: gfree_rcu() on all CPUs at once.
 *
 * rcu_kunit.c has the cases of a CPU or two, and says how it is known what waits.
 */
#include "helpers.h"

#include <linux/cpumask.h>

struct late {
	struct late *next;
	u8 data[24];
	struct rcu_head rcu;
};

/* What a CPU has to free. */
struct chain {
	struct late *first;
	struct gk_thread *thread;
};

/* 250,000 from each of four CPUs, with all operations. */
static unsigned int chain_fill(struct chain *c)
{
	unsigned int most = gk_slow() ? 500 : clamp(gk_times(250000), 4000UL, 250000UL), n;

	for (n = 0; n < most; n++) {
		struct late *p = galloc(sizeof(*p), GFP_KERNEL | __GFP_NOWARN);

		if (!p)
			break;
		p->next = c->first;
		c->first = p;
		if (n % 1024 == 0)
			cond_resched();
	}
	return n;
}

/* No grace period ends that begins in here. */
static void chain_free(void *arg)
{
	struct late *p = arg, *next;

	rcu_read_lock();
	for (; p; p = next) {
		next = p->next;
		gfree_rcu(p, rcu);
	}
	rcu_read_unlock();
}

static void a_batch_takes_one_callback_on_each_cpu(struct kunit *test)
{
	struct chain *chains = kunit_kcalloc(test, nr_cpu_ids, sizeof(*chains), GFP_KERNEL);
	long batches = gk_events(EVENT_RCU_BATCH);
	unsigned int cpu, n = 0, cpus = 0;

	KUNIT_ASSERT_NOT_NULL(test, chains);
	for_each_online_cpu(cpu)
		n += chain_fill(&chains[cpu]);
	KUNIT_EXPECT_GE(test, n, 100);
	for_each_online_cpu(cpu) {
		chains[cpu].thread = gk_start(test, cpu, chain_free, chains[cpu].first);
		cpus++;
	}
	for_each_possible_cpu(cpu)
		if (chains[cpu].thread)
			gk_join(test, chains[cpu].thread);
	galloc_rcu_barrier();
	/* The first object of a CPU does not wait for others. */
	KUNIT_EXPECT_LE_MSG(test, gk_events(EVENT_RCU_BATCH) - batches, 2L * cpus,
			    "%u objects", n);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static int suite_init(struct kunit *test)
{
	int err = gk_init(test);

	galloc_rcu_barrier();
	return err;
}

static void suite_exit(struct kunit *test)
{
	galloc_rcu_barrier();
	gk_exit(test);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_batch_takes_one_callback_on_each_cpu),
	{}
};

GK_SUITE(batches, suite_init, suite_exit);
