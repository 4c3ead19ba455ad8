// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * stacks: stacks for rows made at run time.
 *
 * Each CPU has places for STACK_KS stacks of a node: those of the size classes, and some
 * more.  A set of rows begins without: the slow path serves its objects.  One that is used
 * often gets a k, as long as there is one.  From then on its pages carry the number of that
 * k and the node, those of spans that it has already, too, and the fast paths find its
 * stacks.  Until a page is relabelled its objects are freed into their spans, as before.
 *
 * A k may be taken back at any time, in five steps:
 *
 *  1. set->k and set->place become 0: the number is no longer given to pages, nor stacks.
 *  2. A grace period: whoever cuts a span, grows a stack or pops with what it read before
 *     has ended the section in which it did.
 *  3. The pages of the set get STACK_WITHOUT.  A span that changes lists meanwhile is
 *     relabelled by whoever moves it, with the lock of its row, so none is missed.
 *  4. A grace period: frees that have read the old number of a page have pushed, and no
 *     CPU looks at its stack of that k for another reason, see stack_is_taken().
 *  5. Each CPU empties its stacks of that k, and adds what they have counted to the rows; a
 *     dead one was emptied when it went, and for an isolated one the caller does it.  Then
 *     the transfers, and what others are just moving to its spans, see haul_begin().
 *
 * Only then may another set have it.  All of that is done for a set that is destroyed or
 * swept, and for the least used one when another is used more.  tools/model/stacks.pml is
 * the model.
 *
 * stacks_mutex is held throughout.  Nothing waits for CPU hotplug with it, since a hotplug
 * callback may destroy a set.  Called by rows.c, heap.c and the worker.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

#include <linux/mutex.h>
#include <linux/sched.h>

/* Allocations without a stack after which a set wants one. */
#define STACKS_USES		64

/* CPUs are waited for that long; the worker tries again after that. */
#define STACKS_PATIENCE		(HZ / 2 + 2)

/* The same for a request at a limit, which fails after that. */
#define RELIEF_PATIENCE		(HZ / 20 + 1)

/*
 * What CPUs keep of a set counts against its limits, and a request that cannot wait for
 * other CPUs cannot have it.  So all of them together keep no more than this part of a limit
 * of one set, and no more than that of all; and their spans and transfers as much again.
 */
#define LIMIT_PART_ONE		64
#define LIMIT_PART_ALL		16

struct rowset *stack_sets[STACK_STRIDE];
u32 stack_sizes[STACK_STRIDE + STACK_WATCHED];
u16 stack_places_most[STACK_STRIDE + STACK_WATCHED];
unsigned int stack_end = GALLOC_NR_CLASSES;

/* Protects who has which k. */
static DEFINE_MUTEX(stacks_mutex);

/* Those of which steps 1 to 3 are done (stacks_mutex; read by each CPU for its own). */
DECLARE_BITMAP(stacks_taken, STACK_STRIDE);

/* Sets that want one. */
static LLIST_HEAD(stacks_wanted);

/* When the clock may pass again, in jiffies. */
static unsigned long clock_next;

/* ---- asking for one ----------------------------------------------------------------- */

/* Of how many objects may a CPU have a stack, as far as limits go?  0: none. */
static unsigned int set_most(const struct rowset *set)
{
	unsigned long size = set->args.sc.size, most = CAPACITY_MAX;
	const struct row_account *a;

	for (a = set->args.account; a && size; a = a->parent)
		if (a->limit)
			most = min(most, a->limit / LIMIT_PART_ONE / num_possible_cpus() / size);
	return size && most >= CAPACITY_MIN ? most : 0;
}

static bool set_may_have(const struct rowset *set)
{
	return !READ_ONCE(set->dead) && set_most(set);
}

/* Does a limit hold for a set? */
static bool set_counts_in(const struct rowset *set, const struct row_account *limit)
{
	const struct row_account *a;

	for (a = set->args.account; a && a != limit; a = a->parent)
		;
	return a;
}

/* Bytes that all CPUs may keep of a set, if each has a stack of @most. */
static unsigned long set_keeps(const struct rowset *set, unsigned int most)
{
	unsigned long size = set->args.sc.size;

	return min(most, capacity_max(size)) * size * num_possible_cpus();
}

/* Do the limits have room for a set's stacks, beside those that others have already? */
static bool limits_have_room(const struct rowset *set, unsigned int most)
{
	const struct row_account *a;
	unsigned int k;

	lockdep_assert_held(&stacks_mutex);
	for (a = set->args.account; a; a = a->parent) {
		unsigned long keeps = set_keeps(set, most);

		for (k = GALLOC_NR_CLASSES; a->limit && k < STACK_KS; k++)
			if (stack_sets[k] && set_counts_in(stack_sets[k], a))
				keeps += set_keeps(stack_sets[k], stack_most(STACK_WATCHED + k));
		if (a->limit && keeps > a->limit / LIMIT_PART_ALL)
			return false;
	}
	return true;
}

/* One that nobody has, 0 if none is left.  Racy without the mutex. */
static unsigned int k_unused(void)
{
	unsigned int k;

	for (k = GALLOC_NR_CLASSES; k < STACK_KS && READ_ONCE(stack_sets[k]); k++)
		;
	return k < STACK_KS ? k : 0;
}

/* @n objects of the set were allocated without a stack.  Any context but NMI. */
void stacks_used(struct rowset *set, unsigned int n)
{
	/* Racy: a guess. */
	u32 had = READ_ONCE(set->uses), uses = had + n;

	WRITE_ONCE(set->uses, uses);
	if (unlikely(!had))
		WRITE_ONCE(set->since, jiffies);
	if (likely(uses / STACKS_USES == had / STACKS_USES) || READ_ONCE(set->had) ||
	    !set_may_have(set) ||
	    (READ_ONCE(set->not_before) && time_before(jiffies, set->not_before)) ||
	    (!k_unused() && time_before(jiffies, READ_ONCE(clock_next))) ||
	    xchg(&set->wants, true))
		return;
	/* The caller holds it, and the list does from here on. */
	atomic_long_inc(&set->refs);
	llist_add(&set->want, &stacks_wanted);
	worker_kick(WORKER_ROWS);
}

/* ---- who uses them ------------------------------------------------------------------- */

/* The stack of a row on a CPU, for its counters: in an RCU read section; NULL: none. */
static const struct mcache_stack *stacks_of(int cpu, const struct mcentral *c, unsigned int k,
					    unsigned int *number)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	/* Acquire: pairs with capacity_give_stacks(). */
	const struct mcache_stack *stacks = smp_load_acquire(&m->stacks);

	if (!k || mcentral_is_reserve(c) || stacks == empty_stacks)
		return NULL;
	*number = stack_number(c->nid, k);
	return stacks;
}

/* Of a row of a set, objects that were allocated and not freed; racy.  Process. */
u32 stacks_in_use(const struct mcentral *c)
{
	unsigned int seq, k, number;
	u32 n;
	int cpu;

	/* For the stacks of a CPU that dies. */
	rcu_read_lock();
	do {
		/* Pairs with stack_fold(). */
		seq = read_seqcount_begin(&c->folds);
		k = READ_ONCE(c->set->had);
		/* data_race(): the sum is racy. */
		n = data_race(c->singles) + data_race(c->gone) - atomic_read(&c->back);
		for_each_possible_cpu(cpu) {
			const struct mcache_stack *stacks = stacks_of(cpu, c, k, &number);

			if (stacks)
				n += mcache_racy(stacks[number].moved) -
				     stack_places(&stacks[number]);
		}
	} while (read_seqcount_retry(&c->folds, seq) || READ_ONCE(c->set->had) != k);
	rcu_read_unlock();
	return n;
}

/* Of a row of a set, all objects that were ever allocated; the same. */
unsigned long stacks_allocs(const struct mcentral *c)
{
	unsigned int seq, k, number;
	unsigned long n;
	int cpu;

	rcu_read_lock();
	do {
		/* Pairs with stack_fold(). */
		seq = read_seqcount_begin(&c->folds);
		k = READ_ONCE(c->set->had);
		/* data_race(): the sum is racy. */
		n = data_race(c->singles) + data_race(c->fast);
		for_each_possible_cpu(cpu) {
			const struct mcache_stack *stacks = stacks_of(cpu, c, k, &number);

			if (stacks)
				n += mcache_allocs(stacks, number);
		}
	} while (read_seqcount_retry(&c->folds, seq) || READ_ONCE(c->set->had) != k);
	rcu_read_unlock();
	return n;
}

/* Objects that the stacks of a set have served. */
static unsigned long set_served(const struct rowset *set, unsigned int k)
{
	unsigned long n = 0;
	unsigned int number;
	int cpu, nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		const struct mcentral *c = READ_ONCE(set->row[nid]);

		if (!c)
			continue;
		/* data_race(): the sum is racy. */
		n += data_race(c->fast);
		rcu_read_lock();
		for_each_possible_cpu(cpu) {
			const struct mcache_stack *stacks = stacks_of(cpu, c, k, &number);

			if (stacks)
				n += mcache_allocs(stacks, number);
		}
		rcu_read_unlock();
		cond_resched();
	}
	return n;
}

/* How much a k was used when the clock last passed (stacks_mutex). */
static struct {
	unsigned long served;
	unsigned long since;
} clock[STACK_STRIDE];

/* ---- giving -------------------------------------------------------------------------- */

/* The fast paths find the stacks of a k, or, with 0, none. */
static void set_place(struct rowset *set, unsigned int k)
{
	static_assert(STACK_KS * sizeof(struct mcache_stack) <= U16_MAX);
	/*
	 * In any order: one alone makes a fast path a slow one.  Release: whoever finds the
	 * stacks finds them as empty_for() has left them.  The reads depend on these.
	 */
	smp_store_release(&set->place->at, k * sizeof(struct mcache_stack));
	/* Release: as above. */
	smp_store_release(&set->place->number, k ? STACK_WATCHED + k : 0);
}

/* Step 1. */
static void set_hide(struct rowset *set)
{
	WRITE_ONCE(set->k, 0);
	set_place(set, 0);
}

static void relabel_span(struct mspan *s, void *arg)
{
	mspan_relabel(s, mcentral_stack(mcentral_of(mspan_row(s))));
}

/* All spans of a set get the number that they should have now; at most a turn in a section. */
static void relabel(struct rowset *set)
{
	rows_walk(set, relabel_span, NULL);
}

/* See stacks_give(); -EBUSY: no k is left. */
static int give(struct rowset *set)
{
	unsigned int size = set->args.sc.size, most, k;
	int err = -EINVAL;

	mutex_lock(&stacks_mutex);
	if (set->had || !set_may_have(set))
		goto out;
	most = set_most(set);
	err = -ENOSPC;
	if (!limits_have_room(set, most)) {
		WRITE_ONCE(set->not_before, (jiffies + HZ) | 1);
		goto out;
	}
	k = k_unused();
	err = k ? 0 : -EBUSY;
	if (k) {
		/* Until ks_end(). */
		atomic_long_inc(&set->refs);
		clock[k].served = set_served(set, 0);
		clock[k].since = jiffies;
		WRITE_ONCE(set->had, k);
		WRITE_ONCE(set->tight, most < capacity_max(size));
		WRITE_ONCE(stack_sizes[k + STACK_WATCHED], size);
		WRITE_ONCE(stack_places_most[k + STACK_WATCHED], most);
		WRITE_ONCE(stack_sets[k], set);
		WRITE_ONCE(stack_end, max(stack_end, k + 1));
		/* Release: whoever finds the k finds whose it is. */
		smp_store_release(&set->k, k);
		set_place(set, k);
		/*
		 * The same for the number in a page.  Pairs with span_publish(), and with
		 * stacks_release().
		 */
		smp_mb();
		relabel(set);
	}
out:
	mutex_unlock(&stacks_mutex);
	return err;
}

/**
 * stacks_give() - give a set stacks
 * @set: the set, which the caller holds
 *
 * The set may have been destroyed meanwhile: call stacks_reap() after it.
 *
 * Context: Process.  Sleeps.
 * Return: False if it cannot have any, or no k is left.
 */
bool stacks_give(struct rowset *set)
{
	return !give(set);
}

/* ---- taking back --------------------------------------------------------------------- */

/* Step 5 for some k, without waiting.  False if something is left: ask again. */
static bool ks_empty(const unsigned long *ks, bool ask)
{
	bool empty = true;
	unsigned int k;
	int cpu, nid;

	for_each_set_bit(k, ks, STACK_STRIDE) {
		struct rowset *set = stack_sets[k];

		for_each_possible_cpu(cpu) {
			if (empty_is_clear(cpu, k) || empty_for(cpu, k))
				continue;
			if (ask)
				empty_ask(cpu, k);
			empty = false;
		}
		for (nid = 0; nid < nr_node_ids; nid++)
			transfer_drain_row(READ_ONCE(set->row[nid]));
		/* Orders what was read above before it.  Pairs with haul_begin(). */
		smp_rmb();
		if (atomic_read(&set->hauls))
			empty = false;
		cond_resched();
	}
	return empty;
}

/* Nothing carries the number any more, and nothing is on its stacks. */
static void ks_end(const unsigned long *ks)
{
	unsigned int k;

	for_each_set_bit(k, ks, STACK_STRIDE) {
		struct rowset *set = stack_sets[k];

		WRITE_ONCE(stack_sets[k], NULL);
		WRITE_ONCE(stack_sizes[k + STACK_WATCHED], 0);
		WRITE_ONCE(set->had, 0);
		clear_bit(k, stacks_taken);
		if (set->sweep_due)
			rows_sweep(set);
		rows_put(set);
	}
}

/* Wait until those that are taken are empty, for a limited time.  False if some are not. */
static bool taken_end(void)
{
	unsigned long end = jiffies + STACKS_PATIENCE;
	unsigned int seen = empty_seen();
	bool ask = true;

	lockdep_assert_held(&stacks_mutex);
	if (bitmap_empty(stacks_taken, STACK_STRIDE))
		return true;
	while (!ks_empty(stacks_taken, ask)) {
		ask = false;
		if (time_after(jiffies, end)) {
			worker_kick(WORKER_TICK);
			return false;
		}
		empty_wait(seen, 1);
		seen = empty_seen();
	}
	ks_end(stacks_taken);
	return true;
}

/* Step 2. */
static void wait_for_cutters(void)
{
	/* Pairs with the sections in which a set's k is read. */
	synchronize_rcu();
}

/* Step 4. */
static void wait_for_frees(void)
{
	/* Pairs with the sections in which the number of a page, or stacks_taken, is read. */
	synchronize_rcu();
}

/* Steps 1 to 4 for some k. */
static void ks_take(const unsigned long *ks)
{
	unsigned int k;

	lockdep_assert_held(&stacks_mutex);
	for_each_set_bit(k, ks, STACK_STRIDE)
		set_hide(stack_sets[k]);
	wait_for_cutters();
	galloc_pause(PAUSE_STACKS_HIDDEN, ks);
	for_each_set_bit(k, ks, STACK_STRIDE)
		relabel(stack_sets[k]);
	for_each_set_bit(k, ks, STACK_STRIDE)
		set_bit(k, stacks_taken);
	wait_for_frees();
	galloc_pause(PAUSE_STACKS_RELABELLED, ks);
}

/**
 * stacks_take() - take the stacks of some sets away
 * @match: which sets
 * @arg: for it
 *
 * Context: Process, a hotplug callback too.  Sleeps: two grace periods, and until each CPU
 * that has used them has run a work item.
 * Return: False if a CPU has not responded in time, or is just going down: the worker does
 * the rest.
 */
bool stacks_take(bool (*match)(const struct rowset *set, const void *arg), const void *arg)
{
	DECLARE_BITMAP(ks, STACK_STRIDE) = { };
	unsigned int k;
	bool done;

	mutex_lock(&stacks_mutex);
	for (k = GALLOC_NR_CLASSES; k < STACK_KS; k++)
		if (stack_sets[k] && !test_bit(k, stacks_taken) && match(stack_sets[k], arg))
			__set_bit(k, ks);
	if (!bitmap_empty(ks, STACK_STRIDE))
		ks_take(ks);
	done = taken_end();
	mutex_unlock(&stacks_mutex);
	return done;
}

/* A set was marked as destroyed: the worker takes its stacks, if it has any. */
void stacks_release(struct rowset *set)
{
	/*
	 * Full barrier, between the mark and this: pairs with the one in stacks_give(), after
	 * which its caller looks for marked ones, in stacks_reap().
	 */
	smp_mb();
	if (READ_ONCE(set->had))
		worker_kick(WORKER_ROWS);
}

/* A set is to be swept.  True if that has to wait for its stacks.  Process. */
bool stacks_sweep_later(struct rowset *set)
{
	bool later;

	/* ks_end() has the mutex. */
	if (likely(!READ_ONCE(set->had)))
		return false;
	mutex_lock(&stacks_mutex);
	later = set->had;
	set->sweep_due = later;
	mutex_unlock(&stacks_mutex);
	return later;
}

/* ---- the least used ------------------------------------------------------------------ */

/* In 64 jiffies. */
static unsigned long rate_of(unsigned long n, unsigned long since)
{
	return 64 * n / (jiffies - since + 1);
}

/*
 * The set of the k that is used least; NULL if even that is used half as often as @for_set,
 * or the clock has passed a moment ago.
 */
static const struct rowset *clock_pass(struct rowset *for_set)
{
	unsigned long rate = rate_of(READ_ONCE(for_set->uses), READ_ONCE(for_set->since));
	const struct rowset *least = NULL;
	unsigned int k;

	if (time_before(jiffies, READ_ONCE(clock_next)))
		return NULL;
	WRITE_ONCE(clock_next, jiffies + HZ);
	mutex_lock(&stacks_mutex);
	for (k = GALLOC_NR_CLASSES; k < STACK_KS; k++) {
		unsigned long served, used;

		if (!stack_sets[k])
			continue;
		served = set_served(stack_sets[k], k);
		used = rate_of(served - clock[k].served, clock[k].since);
		clock[k].served = served;
		clock[k].since = jiffies;
		if (2 * used < rate) {
			rate = 2 * used;
			least = stack_sets[k];
		}
	}
	mutex_unlock(&stacks_mutex);
	WRITE_ONCE(for_set->uses, 0);
	WRITE_ONCE(for_set->since, jiffies);
	return least;
}

/* ---- the worker ------------------------------------------------------------------------ */

static bool is_set(const struct rowset *set, const void *arg)
{
	return set == arg;
}

static bool is_dead(const struct rowset *set, const void *arg)
{
	return READ_ONCE(set->dead);
}

/* Give a set what it wants, if need be what another has. */
static void want_serve(struct rowset *set)
{
	const struct rowset *least;

	if (READ_ONCE(set->dead) || give(set) != -EBUSY)
		return;
	least = clock_pass(set);
	if (least && stacks_take(is_set, least))
		stacks_give(set);
}

/* Serve those that want a k; unless @give, only forget those that were destroyed. */
static void wants_serve(bool give)
{
	struct llist_node *list = llist_del_all(&stacks_wanted);
	struct rowset *set, *next;

	llist_for_each_entry_safe(set, next, list, want) {
		if (!give && !READ_ONCE(set->dead)) {
			llist_add(&set->want, &stacks_wanted);
			continue;
		}
		if (give)
			want_serve(set);
		/* Full order: it may be on the list again from here on. */
		xchg(&set->wants, false);
		rows_put(set);
	}
}

/* What the worker does for those that want stacks. */
void stacks_turn(void)
{
	wants_serve(true);
}

/* Take the stacks of sets that were destroyed.  Process.  True if there were any. */
bool stacks_reap(void)
{
	unsigned int k;

	wants_serve(false);
	for (k = GALLOC_NR_CLASSES; k < STACK_KS; k++) {
		const struct rowset *set;
		bool due;

		/* It may go in any moment. */
		rcu_read_lock();
		set = READ_ONCE(stack_sets[k]);
		due = set && (READ_ONCE(set->dead) || test_bit(k, stacks_taken));
		rcu_read_unlock();
		if (due)
			return stacks_take(is_dead, NULL);
	}
	return false;
}

/* Has a CPU not responded yet?  Lockless. */
bool stacks_pending(void)
{
	/* data_race(): a bit that is set meanwhile is seen by the next look. */
	return !data_race(bitmap_empty(stacks_taken, STACK_STRIDE));
}

/**
 * stacks_drain() - empty the stacks of a set on all CPUs
 * @set: the set
 *
 * It keeps its k, so that others may fill them again at once.  Isolated CPUs are not asked.
 *
 * Context: Process, not in a CPU hotplug callback.  Sleeps.
 */
void stacks_drain(struct rowset *set)
{
	unsigned long end = jiffies + STACKS_PATIENCE;
	unsigned int k = READ_ONCE(set->had);
	int cpu, nid;

	if (!k)
		return;
	for_each_online_cpu(cpu)
		if (drain_may_ask(cpu) && !empty_is_clear(cpu, k))
			empty_ask(cpu, k);
	empty_flush();
	for (nid = 0; nid < nr_node_ids; nid++)
		transfer_drain_row(READ_ONCE(set->row[nid]));
	/* What others have just taken off them. */
	while (atomic_read(&set->hauls) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
}

/* Ask all CPUs for what they keep of a set.  False if they keep nothing. */
static bool set_relieve(struct rowset *set, unsigned int k)
{
	bool any = false;
	int cpu, nid;

	for_each_online_cpu(cpu) {
		if (!drain_may_ask(cpu) || !empty_has_any(cpu, k))
			continue;
		empty_ask(cpu, k);
		any = true;
	}
	for (nid = 0; nid < nr_node_ids; nid++) {
		struct mcentral *c = READ_ONCE(set->row[nid]);

		if (c && READ_ONCE(c->transfer.n)) {
			transfer_drain_row(c);
			any = true;
		}
	}
	return any;
}

/**
 * stacks_relieve() - a limit refuses a request: free what CPUs keep of its sets
 * @a: the account with the limit
 * @gfp: flags of the request
 *
 * Does nothing for one that cannot sleep: what it misses is bounded, see LIMIT_PART_ALL, and
 * leaves idle stacks within a second or two.  No CPU is waited for by flush_work(): the
 * caller may hold what another work item waits for.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: Whether anything was freed, so that it makes sense to try again.
 */
bool stacks_relieve(const struct row_account *a, gfp_t gfp)
{
	unsigned long end = jiffies + RELIEF_PATIENCE;
	DECLARE_BITMAP(ks, STACK_STRIDE) = { };
	unsigned int k, seen;
	bool any;

	if (!gfpflags_allow_blocking(gfp) || !may_call_system())
		return false;
	for (k = GALLOC_NR_CLASSES; k < READ_ONCE(stack_end); k++) {
		struct rowset *set;

		rcu_read_lock();
		set = READ_ONCE(stack_sets[k]);
		if (set && (!set_counts_in(set, a) || !rows_get(set)))
			set = NULL;
		rcu_read_unlock();
		if (!set)
			continue;
		if (set_relieve(set, k))
			__set_bit(k, ks);
		rows_put(set);
	}
	any = !bitmap_empty(ks, STACK_STRIDE);
	seen = empty_seen();
	while (any && !empty_is_done(ks) && time_before(jiffies, end)) {
		empty_wait(seen, 1);
		seen = empty_seen();
	}
	/* What has become empty may still wait for readers. */
	return retire_relieve(a, gfp) || any;
}

/* The next set that has a k, held; NULL after the last. */
static struct rowset *walk_set(struct row_walk *w)
{
	struct rowset *set = NULL;

	rows_walk_end(w);
	rcu_read_lock();
	while (w->row - nr_rows < STACK_STRIDE) {
		set = READ_ONCE(stack_sets[w->row++ - nr_rows]);
		if (set && rows_get(set))
			break;
		set = NULL;
	}
	rcu_read_unlock();
	return set;
}

/* As rows_next(), but only the rows of those sets that have a k. */
struct mcentral *stacks_next(struct row_walk *w)
{
	return rows_next_by(w, walk_set);
}

/* The row is about to be freed. */
void stacks_free_row(struct mcentral *c)
{
	transfer_free(c);
}

/* ---- init and exit ----------------------------------------------------------------------- */

void stacks_init(void)
{
	unsigned int class;

	clock_next = jiffies;
	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		stack_sizes[class + STACK_WATCHED] = sizeclasses[class].size;
		stack_places_most[class + STACK_WATCHED] = CAPACITY_MAX;
	}
	empty_init();
}

/* At unload: all stacks and transfers are empty, and no CPU uses them any more. */
void stacks_exit(void)
{
	DECLARE_BITMAP(ks, STACK_STRIDE) = { };
	unsigned int k;

	wants_serve(false);
	mutex_lock(&stacks_mutex);
	for (k = GALLOC_NR_CLASSES; k < STACK_KS; k++) {
		if (!stack_sets[k])
			continue;
		set_hide(stack_sets[k]);
		__set_bit(k, ks);
	}
	ks_end(ks);
	mutex_unlock(&stacks_mutex);
}
