// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * prefill: objects for code that cannot do without, an example of a galloc client.
 *
 *	insmod prefill.ko events=100
 *
 * An interrupt (an irq_work stands in for that of a device) records events.  It has
 * nobody to tell that there is no memory, so a task has allocated their objects before.
 * A work item makes a message of each event, from a mempool, which waits for one to come
 * back rather than fail.  The events are in a heap, the messages are not: mempools have
 * objects of galloc().  Shows galloc_prefill_from_heap(), galloc_prefill_alloc(),
 * galloc_prefill_release() and mempool_create_galloc().
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include <galloc.h>

static unsigned int events = 100;
module_param(events, uint, 0444);
MODULE_PARM_DESC(events, "events to record");

/* More than there will be: how many is not known before. */
#define SPARE_EVENTS	20

/* Messages that there are at all times. */
#define MESSAGES	4

struct event {
	struct llist_node node;
	u64 ns;
};

struct message {
	char text[48];
};

static struct galloc_heap *heap;
static struct galloc_prefill *ahead;
static mempool_t *messages;
static LLIST_HEAD(recorded);

/* In a hard interrupt. */
static void record(struct irq_work *work)
{
	struct event *e = galloc_prefill_alloc(ahead);

	/* Only if there are more events than were foreseen. */
	if (!e)
		return;
	e->ns = ktime_get_ns();
	llist_add(&e->node, &recorded);
}

static struct irq_work interrupt = IRQ_WORK_INIT_HARD(record);

/* In a task. */
static void tell(struct work_struct *work)
{
	struct event *e;
	size_t bytes = MESSAGES * galloc_size_roundup(sizeof(struct message));
	unsigned int n = 0;

	llist_for_each_entry(e, recorded.first, node) {
		struct message *m = mempool_alloc(messages, GFP_KERNEL);

		snprintf(m->text, sizeof(m->text), "an event at %llu ns", e->ns);
		pr_debug("%s\n", m->text);
		mempool_free(m, messages);
		bytes += gsize(e);
		n++;
	}
	pr_info("%u events recorded\n", n);
	/* What galloc counts as in use. */
	pr_info("%zu bytes held\n", bytes);
}

static DECLARE_WORK(tell_work, tell);

static int prepare(void)
{
	messages = mempool_create_galloc(MESSAGES, sizeof(struct message));
	heap = galloc_heap_create("prefill", NULL);
	if (messages && heap)
		ahead = galloc_prefill_from_heap(heap, sizeof(struct event),
						 events + SPARE_EVENTS, GFP_KERNEL);
	if (ahead)
		return 0;
	galloc_heap_destroy(heap);
	mempool_destroy(messages);
	return -ENOMEM;
}

static int __init prefill_init(void)
{
	unsigned int i;
	int err = prepare();

	if (err)
		return err;
	for (i = 0; i < events; i++) {
		irq_work_queue(&interrupt);
		irq_work_sync(&interrupt);
	}
	/* No interrupt comes any more: return what none has taken. */
	galloc_prefill_release(ahead);
	schedule_work(&tell_work);
	flush_work(&tell_work);
	return 0;
}

static void __exit prefill_exit(void)
{
	struct event *e, *next;

	llist_for_each_entry_safe(e, next, llist_del_all(&recorded), node)
		gfree(e);
	galloc_heap_destroy(heap);
	mempool_destroy(messages);
}

module_init(prefill_init);
module_exit(prefill_exit);

MODULE_DESCRIPTION("Sample client of galloc: allocations that cannot fail");
MODULE_LICENSE("GPL");
