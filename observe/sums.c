// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * sums: what stats.c shows, computed by walking.
 *
 * The address map for spans, the CPUs' stacks for objects on them.  The layers' counters are read
 * without a lock, data_race(), since they are stale as soon as they are printed.
 */
#include "debug/look.h"
#include "observe/sums.h"

#include <linux/cpu.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/slab.h>

/* ---- walking ------------------------------------------------------------------- */

/* Of a row made at run time. */
static struct class_sums *sums_made(struct sums *sums, unsigned int row)
{
	unsigned int made = row - nr_rows;

	sums->unsure |= row && made >= sums->nr_made;
	return made < sums->nr_made ? &sums->made[made] : &sums->late;
}

static struct class_sums *sums_of_row(struct sums *sums, const struct mcentral *c)
{
	struct class_sums *cs;

	if (!c->set)
		return &sums->class[c->class];
	cs = sums_made(sums, c->row);
	if (cs == &sums->late)
		return cs;
	/* The number was that of a set which has gone since the walk began. */
	if (cs->set_nr && cs->set_nr != c->set->nr) {
		sums->unsure = true;
		return &sums->late;
	}
	cs->set_nr = c->set->nr;
	cs->size = c->sc->size;
	return cs;
}

static void sum_span(struct mspan *s, void *arg)
{
	bool has_objects = mspan_has_objects(s);
	struct sums *sums = arg;
	const struct mcentral *c;
	struct class_sums *cs;
	unsigned int free;

	if (mspan_state(s) == MSPAN_FREE) {
		sums->free_pages += s->npages;
	} else if (mspan_state(s) == MSPAN_DEFERRED) {
		sums->deferred_pages += s->npages;
	} else if (mspan_state(s) == MSPAN_LARGE) {
		cs = &sums->class[0];
		cs->spans++;
		cs->pages += s->npages;
		cs->taken++;
		cs->dropped += s->dropped;
	} else if (!has_objects && mspan_state(s) == MSPAN_CACHED) {
		sums->stashed_pages += s->npages;
	} else if (!has_objects) {
		sums->transit_pages += s->npages;
	} else {
		c = mcentral_of(mspan_row(s));
		cs = sums_of_row(sums, c);
		free = mspan_count_free(s);
		cs->spans++;
		cs->pages += s->npages;
		cs->shorts += s->npages < c->sc->span_pages;
		cs->free += free;
		cs->waiting += waiting_in(s);
		cs->taken += s->objects - free;
		cs->dropped += s->dropped;
	}
}

static unsigned long places_of(int cpu)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	unsigned long n = 0;
	unsigned int number;

	for (number = STACK_FIRST; number < nr_stacks; number++)
		n += stack_places(READ_ONCE(m->stacks) + number);
	return n;
}

static void sum_cpu(struct sums *sums, int cpu)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	unsigned int number;

	/* Including rows of other nodes, which the CPU may have adopted. */
	for (number = STACK_FIRST; number < nr_stacks; number++) {
		const struct mcache_stack *stacks = READ_ONCE(m->stacks);
		const struct mcache_stack *stack = stacks + number;
		const struct mcentral *c;
		struct class_sums *cs;

		/* For the rows of sets. */
		rcu_read_lock();
		c = stack_central(number);
		if (c) {
			cs = sums_of_row(sums, c);
			cs->stacked += stack_places(stack);
			cs->out += mcache_racy(stack->moved);
			cs->allocs += mcache_allocs(stacks, number);
		}
		rcu_read_unlock();
	}
}

/* ---- objects on the stacks ---------------------------------------------------------- */

/**
 * struct seen - objects found on stacks and in transfer
 * @bits: binary logarithm of the size of @slot
 * @n: their number
 * @slot: the objects, by their hash; NULL: free
 */
struct seen {
	unsigned int bits;
	unsigned long n;
	const void *slot[];
};

static struct seen *seen_new(unsigned long n)
{
	unsigned int bits = ilog2(n + 64) + 2;
	struct seen *seen;

	seen = galloc_fail(0) ? NULL :
	       kvzalloc(struct_size(seen, slot, 1UL << bits),
			GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY);
	if (seen)
		seen->bits = bits;
	return seen;
}

/* Count an object, unless it was counted before. */
static void sum_object(struct sums *sums, struct class_sums *cs, const void *p)
{
	struct seen *seen = sums->seen;
	unsigned long mask, i;

	if (!seen || seen->n >> (seen->bits - 1)) {
		sums->unsure = true;
		return;
	}
	mask = (1UL << seen->bits) - 1;
	for (i = hash_ptr(p, seen->bits); seen->slot[i]; i = (i + 1) & mask)
		if (seen->slot[i] == p)
			return;
	seen->slot[i] = p;
	seen->n++;
	cs->cached++;
}

/* Count the objects on a CPU's stacks, by a work item there, until @end. */
static void sum_stacks_of(struct sums *sums, int cpu, unsigned long end)
{
	unsigned int max = places_of(cpu) + STACK_TURN;
	unsigned int k, i, at = 0;
	struct class_sums *cs;
	struct look *look;
	struct look_stacks *st;

	look = look_new(struct_size(st, object, max));
	if (!look) {
		sums->unsure = true;
		sums->failed = true;
		return;
	}
	st = container_of(look, struct look_stacks, look);
	st->max = max;
	look_start(look, cpu, look_at_stacks);
	if (!look_wait(look, end) || st->missed)
		sums->unsure = true;
	else
		for (k = 1; k < STACK_KS; k++) {
			cs = k < GALLOC_NR_CLASSES ? &sums->class[k] :
			     sums_made(sums, st->row[k]);
			for (i = 0; i < st->in_k[k]; i++)
				sum_object(sums, cs, st->object[at++]);
		}
	look_put(look);
}

/* Count the entries of the stacks of an isolated CPU unchecked. */
static void sum_places_of(struct sums *sums, int cpu)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	unsigned int number;

	rcu_read_lock();
	for (number = STACK_FIRST; number < nr_stacks; number++) {
		const struct mcentral *c = stack_central(number);

		if (c)
			sums_of_row(sums, c)->cached +=
				stack_places(READ_ONCE(m->stacks) + number);
	}
	rcu_read_unlock();
}

static void sum_transfer(struct sums *sums, struct mcentral *c)
{
	unsigned int i = 0, turn;
	unsigned long flags;

	do {
		galloc_lock(&c->lock, flags);
		for (turn = STACK_TURN; turn && i < c->transfer.n; turn--, i++)
			if (mspan_is_taken(c->transfer.stack[i], c->row))
				sum_object(sums, sums_of_row(sums, c),
					   c->transfer.stack[i]);
		galloc_unlock(&c->lock, flags);
	} while (!turn);
}

static void sum_row(struct sums *sums, const struct mcentral *c)
{
	struct class_sums *cs = sums_of_row(sums, c);
	unsigned int n = READ_ONCE(c->transfer.n);

	cs->stacked += n;
	cs->transfer += n;
	/* Counters of other CPUs: a sum is of about now. */
	cs->out += data_race(c->singles) + data_race(c->gone) -
		   atomic_read(&c->back);
	cs->allocs += data_race(c->singles) + data_race(c->fast);
}

/* First the entries, then the objects that they point to. */
static void sum_stacks(struct sums *sums)
{
	struct row_walk rows = { }, transfers = { };
	unsigned long end, n = 0;
	struct mcentral *c;
	unsigned int class, made;
	int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		sum_cpu(sums, cpu);
	while ((c = rows_next(&rows))) {
		sum_row(sums, c);
		cond_resched();
	}
	for (class = 1; class < GALLOC_NR_CLASSES; class++)
		n += sums->class[class].stacked;
	for (made = 0; made < sums->nr_made; made++)
		n += sums->made[made].stacked;
	sums->seen = seen_new(n);
	sums->failed |= !sums->seen;
	while ((c = rows_next(&transfers)))
		if (READ_ONCE(c->transfer.n))
			sum_transfer(sums, c);
	end = jiffies + LOOK_TIMEOUT;
	for_each_online_cpu(cpu) {
		if (drain_may_ask(cpu))
			sum_stacks_of(sums, cpu, end);
		else
			sum_places_of(sums, cpu);
	}
	cpus_read_unlock();
	kvfree(sums->seen);
	sums->seen = NULL;
}

/*
 * Walk everything, even if there is no memory for all of it: then @failed.  NULL: there is
 * none at all.  Process context: takes the hotplug lock for the stacks.
 */
struct sums *sums_collect_some(void)
{
	struct sums *sums = galloc_fail(0) ? NULL : kzalloc(sizeof(*sums), GFP_KERNEL);
	unsigned long nr;

	if (!sums)
		return NULL;
	sums->nr_made = rows_end() - nr_rows;
	sums->made = galloc_fail(0) ? NULL :
		     kvcalloc(sums->nr_made, sizeof(*sums->made), GFP_KERNEL);
	if (!sums->made) {
		sums->nr_made = 0;
		sums->failed = true;
	}
	sum_stacks(sums);
	galloc_pause(PAUSE_SUMS_WALK, NULL);
	for (nr = 0; nr < map_nr_slots(); nr++)
		if (map_walk_slot(nr, sum_span, sums))
			cond_resched();
	sums->class[0].allocs = stats_events(EVENT_LARGE_ALLOC);
	return sums;
}

/* The same, all or nothing: NULL if there was not enough memory. */
struct sums *sums_collect(void)
{
	struct sums *sums = sums_collect_some();

	if (!sums || !sums->failed)
		return sums;
	sums_free(sums);
	return NULL;
}

void sums_free(struct sums *sums)
{
	kvfree(sums->made);
	kfree(sums);
}

/*
 * Objects in use: those that moved from their spans to stacks and callers, by the
 * layers' counters, modulo 2^32, less those on a stack.
 */
long sums_in_use_or_less(const struct class_sums *cs)
{
	long lost = (s32)((u32)cs->taken - cs->transfer - cs->out);

	return (long)cs->taken - (long)cs->stacked - (long)cs->waiting - lost;
}

unsigned long sums_in_use(const struct class_sums *cs)
{
	return max(sums_in_use_or_less(cs), 0L);
}

unsigned long sums_tail(const struct class_sums *cs, unsigned long size)
{
	return (cs->pages << PAGE_SHIFT) - (cs->taken + cs->free) * size;
}

/* All nodes' rows of a set. */
void sums_of_set(const struct sums *sums, const struct rowset *set,
		 struct class_sums *sum)
{
	int nid;

	memset(sum, 0, sizeof(*sum));
	for (nid = 0; nid <= nr_node_ids; nid++) {
		const struct mcentral *c = READ_ONCE(set->row[nid]);
		const struct class_sums *cs;

		if (!c || c->row - nr_rows >= sums->nr_made)
			continue;
		cs = &sums->made[c->row - nr_rows];
		if (cs->set_nr != set->nr)
			continue;
		sum->spans += cs->spans;
		sum->pages += cs->pages;
		sum->taken += cs->taken;
		sum->free += cs->free;
		sum->waiting += cs->waiting;
		sum->stacked += cs->stacked;
		sum->out += cs->out;
		sum->transfer += cs->transfer;
		sum->cached += cs->cached;
		sum->dropped += cs->dropped;
		sum->allocs += cs->allocs;
	}
}
