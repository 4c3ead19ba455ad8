// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * look: checks of a CPU's own stacks, for validate.c and observe/stats.c.
 *
 * A stack can be replaced at any moment, so no other CPU may follow its pointers.  Each
 * CPU checks its own, in a work item, and the caller waits for it, for a limited
 * time.  Overview: galloc_mod.c.
 */
#include "look.h"

#include <linux/slab.h>

static void look_fn(struct work_struct *work)
{
	struct look *look = container_of(work, struct look, work);

	look->fn(look);
	complete(&look->done);
	look_put(look);
}

/**
 * look_new() - prepare a check of a CPU's stacks
 * @size: of a structure that begins with a struct look; it is zeroed
 *
 * Return: The check, to start, wait for and put; NULL if there is no memory.
 */
struct look *look_new(size_t size)
{
	struct look *look;

	look = galloc_fail(get_order(size)) ? NULL :
	       kvzalloc(size, GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (look)
		refcount_set(&look->refs, 1);
	return look;
}

/**
 * look_start() - start a check on a CPU
 * @look: from look_new(), the rest of it filled in
 * @cpu: the CPU, which must stay online until look_wait() returns
 * @fn: called on @cpu, in a task; enters the mcache a turn at a time
 */
void look_start(struct look *look, int cpu, void (*fn)(struct look *look))
{
	INIT_WORK(&look->work, look_fn);
	init_completion(&look->done);
	look->fn = fn;
	/* For the work. */
	refcount_inc(&look->refs);
	queue_work_on(cpu, galloc_wq, &look->work);
}

/**
 * look_wait() - wait for a check, for a limited time
 * @look: the check
 * @end: when to give up, in jiffies
 *
 * Return: False if the check is not complete; its results must not be read.
 */
bool look_wait(struct look *look, unsigned long end)
{
	long left = max((long)(end - jiffies), 1L);

	if (wait_for_completion_timeout(&look->done, left))
		return true;
	/* It has not begun, and now never will. */
	if (cancel_work(&look->work))
		look_put(look);
	return false;
}

void look_put(struct look *look)
{
	if (refcount_dec_and_test(&look->refs))
		kvfree(look);
}

/* A turn of a stack.  False if that was the last. */
static bool stack_turn(struct look_stacks *st, unsigned int k, bool away,
		       unsigned int *from)
{
	struct mcache *m = mcache_enter();
	const struct mcache_stack *stack;
	const struct mcentral *c;
	long n, end;

	if (!m) {
		st->missed = true;
		return false;
	}
	stack = k_stack(m, k, away);
	c = stack ? mcache_central(m, stack) : NULL;
	n = c ? stack->top - stack->base : 0;
	/* One look: a set's k may be another's later. */
	if (n && c->set && st->row[k] != c->row) {
		st->missed |= st->row[k];
		st->row[k] = c->row;
	}
	end = min(n, (long)*from + STACK_TURN);
	for (; *from < end; ++*from) {
		if (!mspan_is_taken(stack->base[*from], c->row))
			continue;
		if (st->n == st->max) {
			st->missed = true;
			break;
		}
		st->object[st->n++] = stack->base[*from];
		st->in_k[k]++;
	}
	mcache_leave(m);
	return end < n && !st->missed;
}

/* For look_start(): fill in a struct look_stacks. */
void look_at_stacks(struct look *look)
{
	struct look_stacks *st = container_of(look, struct look_stacks, look);
	unsigned int k, from;

	for (k = 1; k < READ_ONCE(stack_end); k++) {
		from = 0;
		while (stack_turn(st, k, false, &from))
			cond_resched();
		from = 0;
		while (stack_turn(st, k, true, &from))
			cond_resched();
		cond_resched();
	}
}
