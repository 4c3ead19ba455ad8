// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * quarantine: freed objects of watched rows that are kept for a while.
 *
 * An object with a span of its own takes that along when it is freed, and others are soon
 * used again: a late write would then damage somebody, and be found nowhere.  So up to
 * quarantine_kb of them wait here, oldest first, filled like all free objects, and are
 * compared when they go.  Their bitmaps do not know yet that they are free; their records do.
 *
 * Called by table.c for each free, and emptied when memory is short, when a cache or heap is
 * destroyed, and when watching ends.  quarantine_lock is one of galloc's locks, a leaf.
 * Overview: galloc_mod.c.
 */
#include "table.h"

#include <linux/moduleparam.h>
#include <linux/sched.h>

/* The most objects, a power of two. */
#define QUARANTINE_MAX		2048

/* Objects that one call frees: it may be made in a section of its caller's. */
#define QUARANTINE_TURN		4

unsigned int quarantine_kb;
module_param(quarantine_kb, uint, 0644);
MODULE_PARM_DESC(quarantine_kb, "freed objects of watched rows that are kept to find late writes, in KiB; 0: none");

/**
 * struct parked - a freed object
 * @p: its address
 * @size: its bytes
 */
struct parked {
	const void *p;
	size_t size;
};

static struct parked *parked;
static unsigned int parked_first, parked_n;
static size_t parked_bytes;
/* How many have ever been kept. */
static unsigned long parked_all;
static DEFINE_RAW_SPINLOCK(quarantine_lock);

static size_t quarantine_max(void)
{
	return (size_t)READ_ONCE(quarantine_kb) << 10;
}

/**
 * quarantine_add() - keep an object that is about to be freed
 * @p: the object; its record says that it is free
 * @size: its bytes
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if it cannot be kept: it is to be freed now.
 */
bool quarantine_add(const void *p, size_t size)
{
	unsigned long flags;
	bool added = false;

	if (likely(!quarantine_max()) || size > quarantine_max())
		return false;
	galloc_lock(&quarantine_lock, flags);
	if (parked && parked_n < QUARANTINE_MAX) {
		parked[(parked_first + parked_n++) % QUARANTINE_MAX] =
			(struct parked) { p, size };
		parked_bytes += size;
		WRITE_ONCE(parked_all, parked_all + 1);
		added = true;
	}
	galloc_unlock(&quarantine_lock, flags);
	return added;
}

/*
 * The oldest of the first @end that were ever kept, if there are more than @max bytes, or no
 * place is left; NULL: none.
 */
static const void *quarantine_take(size_t max, unsigned long end)
{
	const void *p = NULL;
	unsigned long flags;

	galloc_lock(&quarantine_lock, flags);
	if (parked_n && (long)(end - (parked_all - parked_n)) > 0 &&
	    (parked_bytes > max || !max || parked_n == QUARANTINE_MAX)) {
		p = parked[parked_first].p;
		parked_bytes -= parked[parked_first].size;
		parked_first = (parked_first + 1) % QUARANTINE_MAX;
		parked_n--;
	}
	galloc_unlock(&quarantine_lock, flags);
	return p;
}

/* Free what was taken, in the same read section: see quarantine_settle(). */
static void unpark(const void *p)
{
	int own = report_own_begin();

	galloc_pause(PAUSE_UNPARKED, p);
	api_free_parked(p);
	report_own_end(own);
}

/* Free what is beyond the limit, some at a time.  Any context but NMI, no galloc lock held. */
void quarantine_turn(void)
{
	unsigned int turn;
	const void *p;

	if (likely(!READ_ONCE(parked_n)))
		return;
	for (turn = 0; turn < QUARANTINE_TURN; turn++) {
		rcu_read_lock();
		p = quarantine_take(quarantine_max(), READ_ONCE(parked_all));
		if (p)
			unpark(p);
		rcu_read_unlock();
		if (!p)
			break;
	}
}

/*
 * Free all that are kept now, or, where the caller may not sleep, a turn of them.  What comes
 * meanwhile may come without end.  Any context but NMI, no galloc lock held.  True if there
 * were any.
 */
bool quarantine_flush(bool may_sleep)
{
	unsigned long end = READ_ONCE(parked_all);
	unsigned int n;
	const void *p;

	for (n = 0; may_sleep || n < DRAIN_TURN; n++) {
		rcu_read_lock();
		p = READ_ONCE(parked_n) ? quarantine_take(0, end) : NULL;
		if (p)
			unpark(p);
		rcu_read_unlock();
		if (!p)
			break;
		if (may_sleep)
			cond_resched();
	}
	return n;
}

/*
 * Free all, and wait for those that other tasks have taken and are about to free: their
 * owner goes.  Sleeps.
 */
void quarantine_settle(void)
{
	quarantine_flush(true);
	/* Pairs with the read sections from quarantine_take() to the free. */
	if (parked)
		synchronize_rcu();
}

/* Bytes of what is kept. */
size_t quarantine_bytes(void)
{
	return READ_ONCE(parked_bytes);
}

/* Without memory for it nothing is kept. */
void quarantine_init(void)
{
	if (!parked)
		parked = arena_meta_zalloc(QUARANTINE_MAX * sizeof(*parked), NUMA_NO_NODE,
					   GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
}

/* Nothing is kept any more. */
void quarantine_exit(void)
{
	arena_meta_free(parked, QUARANTINE_MAX * sizeof(*parked));
	parked = NULL;
}
