// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * transfer: free objects that move from one CPU's stack to another's.
 *
 * A row's transfer is a stack that all CPUs share.  Objects that overflow a CPU's
 * stack go there in whole batches, and an empty stack is filled from it: one lock and
 * one copy per batch, where the spans take an atomic operation per object.  So freeing
 * an object on another CPU than it was allocated on costs as little as other frees;
 * the idea is tcmalloc's transfer cache.
 *
 * Called by mcache.c and drain.c.  In its span an object in the transfer is still
 * allocated, as on any stack.  Protected by mcentral->lock.  Overview: galloc_mod.c.
 */
#include "mcache.h"
#include "observe/tracepoints.h"

#include <linux/nodemask.h>

/* Most bytes of objects, for each row. */
#define TRANSFER_BYTES		(128UL << 10)
#define TRANSFER_MAX		2048
#define TRANSFER_MIN		2

static unsigned int transfer_max(const struct mcentral *c)
{
	return clamp_t(unsigned long, TRANSFER_BYTES / c->sc->size,
		       TRANSFER_MIN, TRANSFER_MAX);
}

/*
 * Nobody would look at the transfer of a set without stacks; and what one has with a tight
 * limit should serve any request.
 */
static bool transfer_is_used(const struct mcentral *c)
{
	return likely(!c->set) || (READ_ONCE(c->set->k) && !row_is_tight(c));
}

/*
 * Allocate a stack, or a page of it if no more is available.  The first overflow
 * requests it.
 */
static bool transfer_setup(struct mcentral *c)
{
	unsigned int max = transfer_max(c);
	unsigned long flags;
	void **stack;

	if (!may_call_system())
		return false;
	stack = arena_meta_alloc(max * sizeof(void *), c->nid);
	if (!stack && max * sizeof(void *) > PAGE_SIZE) {
		max = PAGE_SIZE / sizeof(void *);
		stack = arena_meta_alloc(max * sizeof(void *), c->nid);
	}
	if (!stack)
		return false;
	scan_hide(stack);

	galloc_lock(&c->lock, flags);
	if (!c->transfer.stack && transfer_is_used(c)) {
		c->transfer.max = max;
		WRITE_ONCE(c->transfer.stack, stack);
		stack = NULL;
	}
	galloc_unlock(&c->lock, flags);
	if (stack)
		arena_meta_free(stack, max * sizeof(void *));
	return true;
}

/* Allocate a stack for the next overflow: the last one could not. */
void transfer_prepare(unsigned int row)
{
	struct mcentral *c = mcentral_of(row);

	if (!READ_ONCE(c->transfer.stack))
		transfer_setup(c);
}

/* Would a row's transfer accept @n objects?  Lockless, so only a hint. */
bool transfer_has_room(unsigned int row, unsigned int n)
{
	const struct transfer *t = &mcentral_of(row)->transfer;

	return READ_ONCE(t->stack) && READ_ONCE(t->n) + n <= READ_ONCE(t->max);
}

/**
 * transfer_put() - accept free objects from a CPU
 * @row: their row
 * @batch: the objects
 * @n: their number
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: The number accepted: the first ones.
 */
unsigned int transfer_put(unsigned int row, void **batch, unsigned int n)
{
	struct mcentral *c = mcentral_of(row);
	struct transfer *t = &c->transfer;
	unsigned long flags;

	if (unlikely(!transfer_is_used(c)) || (!READ_ONCE(t->stack) && !transfer_setup(c)))
		return 0;
	/* Lockless check: in a burst of frees it is full. */
	if (READ_ONCE(t->n) >= READ_ONCE(t->max))
		return 0;
	galloc_pause(PAUSE_TRANSFER_PUT, c);
	galloc_lock(&c->lock, flags);
	/* Here again: transfer_drain_row() has the lock after the last one that used it. */
	if (unlikely(!t->stack) || unlikely(!transfer_is_used(c))) {
		/* transfer_give_up() came first. */
		galloc_unlock(&c->lock, flags);
		return 0;
	}
	n = min(n, t->max - t->n);
	memcpy(t->stack + t->n, batch, n * sizeof(*batch));
	WRITE_ONCE(t->n, t->n + n);
	t->used = true;
	galloc_unlock(&c->lock, flags);
	return n;
}

/**
 * transfer_get() - fetch free objects for a CPU
 * @row: their row
 * @batch: filled with them
 * @max: the most objects to fetch
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: Their number, 0 if there are none.
 */
unsigned int transfer_get(unsigned int row, void **batch, unsigned int max)
{
	struct mcentral *c = mcentral_of(row);
	struct transfer *t = &c->transfer;
	unsigned long flags;
	unsigned int n;

	if (!transfer_holds(row))
		return 0;
	galloc_lock(&c->lock, flags);
	n = min(max, t->n);
	WRITE_ONCE(t->n, t->n - n);
	t->low = min(t->low, t->n);
	memcpy(batch, t->stack + t->n, n * sizeof(*batch));
	galloc_unlock(&c->lock, flags);
	return n;
}

/**
 * transfer_from_stack() - accept a large batch, for which the caller has no array
 * @stack: a stack of this CPU, with busy set, that has as many objects
 * @c: its row
 * @n: the number of objects
 *
 * Return: False if there is no room: then nothing has moved.
 */
bool transfer_from_stack(struct mcache_stack *stack, const struct mcentral *c,
			 unsigned int n)
{
	void **batch = stack->top - n;
	unsigned int put;

	if (!transfer_has_room(c->row, n))
		return false;
	put = transfer_put(c->row, batch, n);
	/* Others may have been faster. */
	memmove(batch, batch + put, (n - put) * sizeof(*batch));
	stack->top -= put;
	stack->moved -= put;
	if (trace_flush_enabled())
		trace_flush(c->class, c->nid, put, put);
	return put;
}

/* The reverse: up to @want objects, as far as there is room.  Returns their number. */
unsigned int transfer_to_stack(struct mcache_stack *stack, unsigned int row,
			       unsigned int want)
{
	unsigned int n = transfer_get(row, stack->top, min(want, stack_room(stack)));

	stack->top += n;
	stack->moved += n;
	return n;
}

/* Back to this CPU's stack, as far as there is room.  Returns how many are left over. */
static unsigned int put_back(unsigned int row, void **batch, unsigned int n)
{
	struct mcache *m = mcache_enter();
	struct mcache_stack *stack = m ? row_stack_here(m, row) : NULL;
	unsigned int fit = stack ? min(n, stack_room(stack)) : 0;

	if (fit) {
		memcpy(stack->top, batch + n - fit, fit * sizeof(*batch));
		stack->top += fit;
		stack->moved += fit;
	}
	if (m)
		mcache_leave(m);
	return n - fit;
}

/**
 * transfer_flush() - take over objects that overflowed a stack
 * @row: their row
 * @batch: the objects
 * @n: their number
 *
 * To the transfer; if that is full, a turn of them to their spans, and the others back.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: Whether any went to their spans.
 */
bool transfer_flush(unsigned int row, void **batch, unsigned int n)
{
	const struct mcentral *c = mcentral_of(row);
	unsigned int put = transfer_put(row, batch, n), left = n - put;

	if (left)
		left = mcentral_free_turn(row, batch + put, left);
	if (left)
		left = put_back(row, batch + put, left);
	if (trace_flush_enabled())
		trace_flush(c->class, c->nid, n, put);
	mcentral_free_batch(row, batch + put, left);
	return put < n;
}

/* Move up to @n objects of a row to their spans.  Sleeps. */
static void transfer_spill(struct mcentral *c, unsigned int n)
{
	struct transfer *t = &c->transfer;
	void *batch[TRANSFER_TURN];

	while (n) {
		unsigned int turn = min_t(unsigned int, n, TRANSFER_TURN);
		unsigned long flags;

		galloc_lock(&c->lock, flags);
		haul_begin(c);
		turn = min(turn, t->n);
		WRITE_ONCE(t->n, t->n - turn);
		t->low = min(t->low, t->n);
		memcpy(batch, t->stack + t->n, turn * sizeof(*batch));
		galloc_unlock(&c->lock, flags);
		n = turn ? n - turn : 0;
		mcentral_free_batch(c->row, batch, turn);
		haul_end(c->set);
		cond_resched();
	}
}

/* Free a stack that was not used since the last call, or now. */
static void transfer_give_up(struct mcentral *c, bool now)
{
	struct transfer *t = &c->transfer;
	unsigned long flags;
	void **stack = NULL;
	unsigned int max;

	galloc_lock(&c->lock, flags);
	max = t->max;
	if ((now || !t->used) && !t->n) {
		stack = t->stack;
		WRITE_ONCE(t->stack, NULL);
	}
	t->used = false;
	galloc_unlock(&c->lock, flags);
	if (stack)
		arena_meta_free(stack, max * sizeof(void *));
}

/*
 * Move what is in a row's transfer now to the spans, and free its stack.  The row must
 * stay.  Sleeps.
 */
void transfer_drain_row(struct mcentral *c)
{
	if (!c || !READ_ONCE(c->transfer.stack))
		return;
	/* What is there now: others may add more. */
	transfer_spill(c, READ_ONCE(c->transfer.n));
	transfer_give_up(c, true);
	cond_resched();
}

/**
 * transfer_drain() - move all objects in the transfers to their spans
 *
 * Memory is wanted: the stacks go, too.
 *
 * Context: Process.  Sleeps.
 */
void transfer_drain(void)
{
	struct row_walk w = { };
	struct mcentral *c;

	while ((c = stacks_next(&w)))
		transfer_drain_row(c);
}

/**
 * transfer_age() - move objects not fetched since the last call to their spans
 *
 * These are as many as remained at the lowest level.  An unused stack is freed.
 *
 * Context: Process.
 * Return: True if anything is left to age.
 */
bool transfer_age(void)
{
	struct row_walk w = { };
	struct mcentral *c;
	bool any = false;

	while ((c = stacks_next(&w))) {
		unsigned int idle;
		unsigned long flags;

		if (!READ_ONCE(c->transfer.stack))
			continue;
		galloc_lock(&c->lock, flags);
		idle = min(c->transfer.low, c->transfer.n);
		c->transfer.low = c->transfer.n - idle;
		galloc_unlock(&c->lock, flags);
		transfer_spill(c, idle);
		transfer_give_up(c, false);
		any |= !!READ_ONCE(c->transfer.stack);
		cond_resched();
	}
	return any;
}

/* Bytes in transfer of the rows of a node; racy. */
unsigned long transfer_bytes(int nid)
{
	struct row_walk w = { };
	unsigned long bytes = 0;
	struct mcentral *c;

	while ((c = stacks_next(&w)))
		if (c->nid == nid)
			bytes += READ_ONCE(c->transfer.n) * (size_t)c->sc->size;
	return bytes;
}

/* The row is no longer used. */
void transfer_free(struct mcentral *c)
{
	if (c && c->transfer.stack)
		arena_meta_free(c->transfer.stack, c->transfer.max * sizeof(void *));
}

/* The same of all classes. */
void transfer_exit(void)
{
	unsigned int row;

	for (row = 0; row < nr_rows; row++)
		transfer_free(mcentral_rows[row]);
}
