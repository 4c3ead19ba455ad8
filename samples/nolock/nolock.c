// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * nolock: allocation in any context, an example of a galloc client.
 *
 *	insmod nolock.ko records=100
 *
 * A recorder that may be called anywhere: from a task, under a raw spinlock with
 * interrupts off, from an interrupt, and as well from an NMI or a probe.  It may not find
 * memory, and counts what it loses.  Shows galloc_nolock() and gfree_nolock().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/spinlock.h>

#include <galloc.h>

static unsigned int records = 100;
module_param(records, uint, 0444);
MODULE_PARM_DESC(records, "records of each kind");

struct record {
	struct llist_node node;
	const char *from;
	u64 data[4];
};

static LLIST_HEAD(recorded);
static atomic_t nr_lost = ATOMIC_INIT(0);

/* In any context. */
static void record(const char *from)
{
	struct record *r = galloc_nolock(sizeof(*r), 0);

	if (!r) {
		atomic_inc(&nr_lost);
		return;
	}
	r->from = from;
	llist_add(&r->node, &recorded);
}

static void record_in_irq(struct irq_work *work)
{
	record("an interrupt");
}

static struct irq_work interrupt = IRQ_WORK_INIT_HARD(record_in_irq);
static DEFINE_RAW_SPINLOCK(lock);

static void record_under_lock(void)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&lock, flags);
	record("a raw spinlock");
	raw_spin_unlock_irqrestore(&lock, flags);
}

static int __init nolock_init(void)
{
	struct record *r;
	size_t bytes = 0;
	unsigned int i, n = 0;

	/* galloc_nolock() takes what CPUs have at hand: let there be some. */
	gfree(galloc(sizeof(*r), GFP_KERNEL));
	for (i = 0; i < records; i++) {
		record("a task");
		record_under_lock();
		irq_work_queue(&interrupt);
		irq_work_sync(&interrupt);
	}
	llist_for_each_entry(r, recorded.first, node) {
		bytes += gsize(r);
		n++;
	}
	pr_info("%u recorded, %d lost\n", n, atomic_read(&nr_lost));
	/* What galloc counts as in use. */
	pr_info("%zu bytes held\n", bytes);
	return 0;
}

static void __exit nolock_exit(void)
{
	struct record *r, *next;

	llist_for_each_entry_safe(r, next, llist_del_all(&recorded), node)
		gfree_nolock(r);
}

module_init(nolock_init);
module_exit(nolock_exit);

MODULE_DESCRIPTION("Sample client of galloc: allocation in any context");
MODULE_LICENSE("GPL");
