// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * validate_cpus: the part of validate.c that looks at stacks and transfers.
 */
#include "look.h"
#include "mcache.h"
#include "validate.h"

#include <linux/cpu.h>
#include <linux/slab.h>

static void check_stacked(struct findings *sure, const void *p, unsigned int row,
			  const char *where)
{
	struct object o;

	rcu_read_lock();
	if (mspan_resolve(p, &o) != FOUND_OBJECT) {
		complain(sure, where, row, (unsigned long)p);
	} else {
		check_eq(sure, o.row, row);
		check_that(sure, !test_bit(o.index, o.span->free));
	}
	rcu_read_unlock();
}

void validate_cpus_transfer(struct check *c, struct mcentral *mc)
{
	const struct transfer *t = &mc->transfer;
	unsigned int i = 0, turn;
	unsigned long flags;

	do {
		galloc_lock(&mc->lock, flags);
		for (turn = STACK_TURN; turn && i < t->n; turn--, i++)
			check_stacked(&c->sure, t->stack[i], mc->row,
				      "no object in transfer");
		galloc_unlock(&mc->lock, flags);
		cond_resched();
	} while (!turn);
}

/* A check of a CPU's stacks. */
struct cpu_check {
	struct look look;	/* first: freed through it */
	struct findings sure;
	bool missed;
	unsigned long stashed_pages;
};

static void check_stash(struct findings *sure, const struct mcache *m)
{
	unsigned long bytes = 0;
	unsigned int i;

	check_that(sure, m->nr_runs <= STASH_RUNS);
	for (i = 0; i < min_t(unsigned int, m->nr_runs, STASH_RUNS); i++) {
		const struct mspan *s = m->runs[i];

		check_eq(sure, s->tag, MSPAN_TAG(0, MSPAN_CACHED));
		check_eq(sure, s->arena->nid, m->nid);
		bytes += (unsigned long)s->npages << PAGE_SHIFT;
	}
	check_eq(sure, bytes, m->runs_bytes);
}

static void check_stack_of(struct findings *sure, const struct mcache_stack *stack,
			   const struct mcentral *c)
{
	if (!c || (c->set && !stack->base)) {
		/* Whoever has the number next does not rely on what its last owner left. */
		check_that(sure, !stack->base && !stack->span && stack->top == stack->end);
		return;
	}
	check_that(sure, stack->base <= stack->top && stack->top <= stack->end);
	check_eq(sure, stack->mask == ULONG_MAX, !!stack->gates);
	check_that(sure, stack->samples ||
		   !stack->credit == !!(stack->gates & GATE_REASONS));
	check_that(sure, stack->credit >= 0);
	if (stack->span)
		check_eq(sure, stack->span->tag, MSPAN_TAG(c->row, MSPAN_CACHED));
}

/* The bytes that a stack of @k may hold, if there is one. */
static unsigned long stack_holds(const struct mcache_stack *stack, unsigned int k)
{
	unsigned long held = 0;

	if (!stack)
		return 0;
	if (stack->base)
		held = (stack->end - stack->base) * stack_size(k);
	return stack->span ? held + span_bytes(stack->span) : held;
}

/*
 * The sum over the stacks and the stash, in one section, so there is little for each; what
 * else is to be checked of a stack comes later.
 */
static void check_stacks_of(struct findings *sure, struct mcache *m)
{
	unsigned long held = m->runs_bytes;
	unsigned int k;

	for (k = 1; k < READ_ONCE(stack_end); k++) {
		held += stack_holds(k_stack(m, k, false), k);
		held += stack_holds(k_stack(m, k, true), k);
	}
	check_stash(sure, m);
	check_eq(sure, held + atomic_long_read(&m->unheld), m->held);
	check_that(sure, m->held <= max(galloc_cpu_cache_bytes, galloc_cpu_cache_most));
}

/* A turn of a stack.  False if that was the last. */
static bool check_stack(struct cpu_check *cc, unsigned int k, bool away,
			unsigned int *from)
{
	struct mcache *m = mcache_enter();
	const struct mcache_stack *stack;
	const struct mcentral *c;
	long n, end;

	if (!m) {
		cc->missed = true;
		return false;
	}
	stack = k_stack(m, k, away);
	c = stack ? mcache_central(m, stack) : NULL;
	if (stack && !*from)
		check_stack_of(&cc->sure, stack, c);
	n = c ? min(stack->top, stack->end) - stack->base : 0;
	end = min(n, (long)*from + STACK_TURN);
	for (; *from < end; ++*from)
		check_stacked(&cc->sure, stack->base[*from], c->row,
			      "no object on a stack");
	mcache_leave(m);
	return end < n;
}

static void check_this_cpu(struct look *look)
{
	struct cpu_check *cc = container_of(look, struct cpu_check, look);
	struct mcache *m = mcache_enter();
	unsigned int k, from;
	bool setup;

	if (!m) {
		cc->missed = true;
		return;
	}
	setup = m->stacks != empty_stacks;
	if (setup)
		check_stacks_of(&cc->sure, m);
	cc->stashed_pages = m->runs_bytes >> PAGE_SHIFT;
	mcache_leave(m);
	for (k = 1; setup && k < READ_ONCE(stack_end); k++) {
		from = 0;
		while (check_stack(cc, k, false, &from))
			cond_resched();
		from = 0;
		while (check_stack(cc, k, true, &from))
			cond_resched();
		cond_resched();
	}
}

static void cpu_checked(struct check *c, struct look *look, bool done)
{
	struct cpu_check *cc = container_of(look, struct cpu_check, look);

	if (!done || cc->missed) {
		c->cpus_missed++;
		return;
	}
	findings_move(&c->sure, &cc->sure);
	c->stashed_pages -= cc->stashed_pages;
}

/* Each CPU checks its own.  CPUs that do not respond in time are counted as missed. */
void validate_cpus_all(struct check *c)
{
	struct look **looks;
	unsigned long end;
	int cpu;

	looks = galloc_fail(0) ? NULL : kvcalloc(nr_cpu_ids, sizeof(*looks), GFP_KERNEL);
	if (!looks) {
		c->missed = true;
		return;
	}
	cpus_read_lock();
	for_each_online_cpu(cpu) {
		if (!mcache_is_setup(cpu))
			continue;
		if (!drain_may_ask(cpu)) {
			c->cpus_missed++;
			continue;
		}
		looks[cpu] = look_new(sizeof(struct cpu_check));
		if (looks[cpu])
			look_start(looks[cpu], cpu, check_this_cpu);
		else
			c->cpus_missed++;
	}
	end = jiffies + LOOK_TIMEOUT;
	for_each_online_cpu(cpu) {
		if (!looks[cpu])
			continue;
		cpu_checked(c, looks[cpu], look_wait(looks[cpu], end));
		look_put(looks[cpu]);
	}
	cpus_read_unlock();
	kvfree(looks);
	if (!c->cpus_missed)
		check_eq(&c->maybe, c->stashed_pages, 0);
}
