// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * gate: lets others watch single allocations and frees, at no cost while nobody does.
 *
 * Two fields of a stack, which the fast paths test anyway, are its gate: without credit
 * each allocation takes the slow path, and with a mask of all ones each free does.  The
 * slow paths work as ever, and call the watchers as well.
 *
 * Sampling is different: its credit is the distance to the next sample, its mask stays
 * open, and profile.c sees what was sampled, see sample.c.
 *
 * gate_close() records a reason and has each CPU close its own stacks.  It is complete
 * when all have, by a work item; an isolated CPU follows in its next slow path.  A CPU
 * that comes up has no stacks yet: it closes those that it makes, see
 * capacity_give_stacks().
 *
 * Called by api.c, mcache.c, capacity.c, stash.c, drain.c and worker.c; calls drain.c.
 * gate_mutex protects the reasons and the watchers.  No lock for the stacks: see
 * mcache.h.  Overview: galloc_mod.c.
 */
#include "debug/guard.h"
#include "debug/table.h"
#include "mcache.h"
#include "observe/allocinfo.h"
#include "observe/profile.h"

#include <linux/cpu.h>
#include <linux/mutex.h>

/* Stacks that one section closes or opens. */
#define GATE_TURN		64

/* Reasons that hold for all rows; those of a single one are in its mcentral. */
u8 gate_all;

/* Reasons to watch objects of whole pages, but those of heaps. */
u8 gate_large;

/* Reasons that have a watcher. */
u8 gate_watched;

/* Incremented when reasons have changed. */
atomic_t gate_gen = ATOMIC_INIT(0);

static const struct gate_watcher __rcu *gate_watchers[NR_GATE_REASONS];

/* Not held while CPUs are waited for: a hotplug callback takes it. */
static DEFINE_MUTEX(gate_mutex);

static DEFINE_PER_CPU(struct work_struct, gate_works);

/* ---- stacks ------------------------------------------------------------------------- */

/*
 * The next stacks of this CPU follow the reasons.  False if none is left.  A change in
 * between begins anew.
 */
static bool gate_turn(void)
{
	int gen = atomic_read_acquire(&gate_gen);
	struct mcache *m = mcache_enter();
	unsigned int end;
	bool more = false;

	if (!m)
		return false;
	if (m->stacks == empty_stacks) {
		/* They begin with the reasons of then. */
		m->gates_gen = gen;
	} else if (m->gates_gen != gen) {
		if (m->gates_from != gen)
			m->gates_row = 0;
		m->gates_from = gen;
		end = min(m->gates_row + GATE_TURN, nr_stacks);
		for (; m->gates_row < end; m->gates_row++)
			if (likely(!stack_is_taken(stack_k(m->gates_row))))
				capacity_set_gates(m->stacks, m->gates_row);
		more = end < nr_stacks;
		if (!more) {
			m->gates_gen = gen;
			m->gates_row = 0;
		}
	}
	mcache_leave(m);
	return more;
}

/**
 * gate_follow() - do a turn, if this CPU has not followed the reasons yet
 *
 * Context: Any but NMI, no galloc lock held.
 */
void gate_follow(void)
{
	/* data_race(): an old value costs a turn that finds nothing to do. */
	if (unlikely(data_race(raw_cpu_ptr(&galloc_mcache)->gates_gen) !=
		     atomic_read(&gate_gen)))
		gate_turn();
}

static void gate_work_fn(struct work_struct *work)
{
	while (gate_turn())
		cond_resched();
}

/* Ask all CPUs to follow; the hotplug lock is held. */
static void gate_ask(void)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (drain_may_ask(cpu))
			queue_work_on(cpu, galloc_wq, &per_cpu(gate_works, cpu));
}

/* Wait until those that were asked have followed, and drop the hotplug lock. */
static void gate_complete(void)
{
	struct row_walk w = { };
	struct mcentral *c;
	int cpu;

	for_each_online_cpu(cpu)
		flush_work(&per_cpu(gate_works, cpu));
	cpus_read_unlock();
	/* What is on a stack or in transfer is free, but not in its bitmap. */
	while ((c = stacks_next(&w))) {
		if (gate_bypasses(c->row)) {
			drain_cpus();
			break;
		}
	}
	rows_walk_end(&w);
}

/**
 * gate_async() - have all CPUs follow, without waiting
 *
 * Context: The worker.
 * Return: False if a CPU is coming up or going down: try again.
 */
bool gate_async(void)
{
	if (!cpus_read_trylock())
		return false;
	gate_ask();
	cpus_read_unlock();
	drain_kick();
	return true;
}

/**
 * gate_wait() - wait until the last gate_close() or gate_open() is complete
 *
 * Context: Process, not in a hotplug callback.  Sleeps.
 */
void gate_wait(void)
{
	cpus_read_lock();
	gate_ask();
	gate_complete();
}

/* ---- reasons ------------------------------------------------------------------------ */

/* Reasons have changed.  Returns what gate_close() does. */
static int gate_changed(void)
{
	/* Full barrier: orders the reasons before it, for whoever follows. */
	atomic_inc_return(&gate_gen);
	/* A hotplug callback must not wait for what waits for it. */
	if (!cpus_read_trylock()) {
		worker_kick(WORKER_GATES);
		return -EINPROGRESS;
	}
	gate_ask();
	gate_complete();
	return 0;
}

static void set_reason(u8 *word, enum gate_reason why, bool set)
{
	u8 had = *word;

	lockdep_assert_held(&gate_mutex);
	WRITE_ONCE(*word, set ? had | BIT(why) : had & ~BIT(why));
}

/**
 * gate_watch() - begin or end a reason that has no watcher, for some rows
 * @match: true for these: rows of a set, those of a class, or, with neither, those of
 *	whole pages; NULL: all rows
 * @arg: for @match
 * @why: the reason
 * @on: begin; or end
 *
 * Rows that a set makes later have the reason, too.
 *
 * Context: Process.  Sleeps.
 * Return: As gate_close(); then gate_wait() waits.
 */
int gate_watch(bool (*match)(const struct rowset *set, unsigned int class, const void *arg),
	       const void *arg, enum gate_reason why, bool on)
{
	struct rowset *set = NULL;
	unsigned int row;

	mutex_lock(&gate_mutex);
	if (!match) {
		set_reason(&gate_all, why, on);
	} else {
		if (match(NULL, 0, arg))
			set_reason(&gate_large, why, on);
		for (row = 0; row < nr_rows; row++)
			if (mcentral_rows[row] && match(NULL, mcentral_rows[row]->class, arg))
				set_reason(&mcentral_rows[row]->gates, why, on);
		while ((set = rows_next_set(set)))
			if (match(set, 0, arg))
				rows_set_gates(set, BIT(why), on);
	}
	mutex_unlock(&gate_mutex);
	/* Pairs with the read sections of gate_see(). */
	if (!on)
		synchronize_rcu();
	return gate_changed();
}

/*
 * Objects are recorded after this: whoever changes one looks for its table.  Others that watch
 * call gate_see() meanwhile, and that records by a row's reasons alone; so before any row has
 * this one.  Process context.
 */
void gate_tables_begin(void)
{
	mutex_lock(&gate_mutex);
	set_reason(&gate_watched, GATE_TABLE, true);
	mutex_unlock(&gate_mutex);
}

/* All tables are gone, and nothing is recorded any more.  Process context. */
void gate_tables_end(void)
{
	mutex_lock(&gate_mutex);
	set_reason(&gate_watched, GATE_TABLE, false);
	mutex_unlock(&gate_mutex);
}

/*
 * Objects are guarded, or sampled, after this: frees of them are looked for.  Whoever begins
 * that says so by a release.  Process context.
 */
void gate_look_for_frees(enum gate_reason why)
{
	mutex_lock(&gate_mutex);
	set_reason(&gate_watched, why, true);
	mutex_unlock(&gate_mutex);
}

/**
 * gate_close() - have all allocations and frees watched
 * @why: the reason
 * @watcher: what to call, or NULL; must stay until gate_open() has returned
 * @row: for which objects, or GATE_ALL_ROWS.  A call per row adds that row; all of a
 *	reason have the same watcher
 *
 * Each allocation and free that begins after the return is watched, on isolated CPUs
 * after their next slow path.  With GATE_DEBUG the objects bypass the stacks.
 *
 * Context: Process.  Sleeps.
 * Return: 0; -EINPROGRESS if a CPU is coming up or going down, by this very task
 * perhaps: the worker completes it, and gate_wait() waits for that.
 */
int gate_close(enum gate_reason why, const struct gate_watcher *watcher,
	       unsigned int row)
{
	mutex_lock(&gate_mutex);
	rcu_assign_pointer(gate_watchers[why], watcher);
	set_reason(&gate_watched, why, watcher || why == GATE_SAMPLE);
	set_reason(row == GATE_ALL_ROWS ? &gate_all : &mcentral_of(row)->gates,
		   why, true);
	mutex_unlock(&gate_mutex);
	return gate_changed();
}

/**
 * gate_open() - end a reason, for all rows
 * @why: the reason
 *
 * The watcher is not called any more after the return, whatever that is.
 *
 * Context: Process.  Sleeps.
 * Return: As gate_close().  Stacks that the worker has yet to open cost a slow path.
 */
int gate_open(enum gate_reason why)
{
	struct row_walk w = { };
	struct mcentral *c;

	mutex_lock(&gate_mutex);
	/* What was sampled is seen to its end. */
	if (why != GATE_SAMPLE)
		set_reason(&gate_watched, why, false);
	RCU_INIT_POINTER(gate_watchers[why], NULL);
	set_reason(&gate_all, why, false);
	while ((c = rows_next(&w)))
		set_reason(&c->gates, why, false);
	mutex_unlock(&gate_mutex);
	/* Pairs with the read sections of gate_see(). */
	synchronize_rcu();
	return gate_changed();
}

/* ---- seeing ------------------------------------------------------------------------- */

/* The size class of a row's objects, 0: of a typed cache. */
static unsigned int gate_class(const struct mcentral *c)
{
	return c->set ? c->set->args.class : c->class;
}

/* Call the watchers of these reasons.  RCU read section. */
static void gate_tell(const struct gate_object *o, bool freed, u8 why)
{
	const struct gate_watcher *w;
	unsigned int i;

	for (i = 0; i < NR_GATE_REASONS; i++) {
		w = why & BIT(i) ? rcu_dereference(gate_watchers[i]) : NULL;
		if (w && freed)
			w->free(o);
		else if (w)
			w->alloc(o);
	}
}

/* An object of whole pages, without a lock, as large_drop() finds it. */
static bool gate_look_large(struct gate_object *o, u8 *why)
{
	const struct arena *arena;
	const struct mspan *s;
	unsigned int page;
	u32 tag;

	arena = arena_of(o->p, &page);
	s = arena_span(arena, page);
	if (!s)
		return false;
	/* Acquire: pairs with large_hand_out(). */
	tag = smp_load_acquire(&s->tag);
	if ((tag & 0xff) != MSPAN_LARGE || READ_ONCE(s->start) != addr_of(o->p))
		return false;
	o->size = (size_t)READ_ONCE(s->npages) << PAGE_SHIFT;
	o->nid = arena->nid;
	o->row = tag >> 8;
	o->set = o->row ? rows_of_row(o->row) : NULL;
	o->span = READ_ONCE(s->start);
	o->objects = 1;
	*why = gate_reasons(o->row);
	return true;
}

/* What a small object is. */
static void gate_describe(struct gate_object *o, const struct object *at)
{
	o->size = at->sc->size;
	o->class = gate_class(at->c);
	o->nid = at->c->nid;
	o->set = at->c->set;
	o->row = at->row;
	o->index = at->index;
	o->span = addr_of(o->p) - at->within - (unsigned long)at->index * at->sc->size;
	o->objects = READ_ONCE(at->span->objects);
}

/**
 * gate_find() - what is at an address, in use or not
 * @o: @p: the address; the rest is filled in
 *
 * Context: Any, in an RCU read section.
 * Return: False if there is no object.
 */
bool gate_find(struct gate_object *o)
{
	enum mspan_found found;
	struct object at;
	u8 why;

	found = mspan_resolve(o->p, &at);
	if (found != FOUND_OBJECT && found != FOUND_INTERIOR)
		return gate_look_large(o, &why);
	gate_describe(o, &at);
	return true;
}

/*
 * Fill in the object in use at @o->p, and the reasons to watch it.  False if there is none,
 * or it would be freed twice.  RCU read section.
 */
static bool gate_look(struct gate_object *o, bool freed, u8 *why)
{
	const struct arena *arena;
	unsigned int page;
	struct object at;

	if (mspan_resolve(o->p, &at) != FOUND_OBJECT)
		return gate_look_large(o, why);
	arena = arena_of(o->p, &page);
	if (test_bit(at.index, at.span->free) ||
	    (freed && (test_bit(page, arena->waiting) || mcache_is_top(o->p, at.row))))
		return false;
	gate_describe(o, &at);
	*why = gate_reasons(at.row);
	return true;
}

/* False: it must not be freed, or not yet. */
static bool gate_see(struct gate_object *o, bool freed)
{
	bool may = true, known = false;
	u8 why = 0;

	rcu_read_lock();
	if (gate_look(o, freed, &why)) {
		if (why & BIT(GATE_TABLE) && freed)
			may = table_see_free(o, &known);
		else if (why & BIT(GATE_TABLE))
			table_see_alloc(o);
		if (may)
			gate_tell(o, freed, why);
		/* Without a record a second free would be kept, too, and then free another's. */
		if (may && known && !o->nolock)
			may = !quarantine_add(o->p, o->size);
	}
	rcu_read_unlock();
	/* Also if this one was not kept: the limit may have become lower. */
	if (freed && why & BIT(GATE_TABLE) && !o->nolock)
		quarantine_turn();
	return may;
}

/**
 * gate_see_taken() - the same for one that has left its span, before it is initialised
 * @p: the object
 * @nolock: the call may be in any context
 *
 * Only for tables of objects: it may have been written to since it was freed.
 *
 * Context: Any with @nolock; else any but NMI, no galloc lock held.
 */
void gate_see_taken(const void *p, bool nolock)
{
	struct gate_object o = { .p = untag(p), .nolock = nolock };
	u8 why;

	rcu_read_lock();
	/* Also if no more is recorded: KASAN's marks are there as long as its table. */
	if (gate_look(&o, false, &why))
		table_see_taken(&o);
	rcu_read_unlock();
}

/**
 * gate_see_alloc() - call the watchers for an object that was just allocated
 * @p: the object, initialised
 * @asked: bytes that the caller asked for; 0: not known
 * @gfp: the caller's flags
 *
 * Context: Any, no galloc lock held.
 */
void gate_see_alloc(const void *p, size_t asked, gfp_t gfp)
{
	struct gate_object o = { .p = untag(p), .asked = asked,
				 .gfp = gfp & ~GALLOC_GFP_ONCE };

	if (gate_is_watched())
		gate_see(&o, false);
}

/* The same for objects that came at once. */
void gate_see_alloc_bulk(void **p, size_t n, size_t asked, gfp_t gfp)
{
	while (n--)
		gate_see_alloc(*p++, asked, gfp);
}

/* The same in any context. */
void gate_see_alloc_nolock(const void *p, size_t asked, gfp_t gfp)
{
	struct gate_object o = { .p = untag(p), .asked = asked, .gfp = gfp, .nolock = true };

	if (gate_is_watched())
		gate_see(&o, false);
}

/* Call the watchers.  A function of its own, since there are none nearly always. */
static noinline bool gate_see_freed(const void *p)
{
	struct gate_object o = { .p = untag(p) };

	return gate_see(&o, true);
}

/**
 * gate_see_free() - call the watchers for an object that is about to be freed
 * @p: any pointer: nothing is called unless it is an object in use
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if it must not be freed, since it has been: reported; or if it waits in
 * quarantine.
 */
bool gate_see_free(const void *p)
{
	if (guard_any() && guard_free(untag(p), false))
		return false;
	if (READ_ONCE(gate_watched) & BIT(GATE_SAMPLE))
		profile_forget(p, in_nmi());
	return !gate_is_watched() || gate_see_freed(p);
}

/* The same in any context; the caller sees to the report. */
bool gate_see_free_nolock(const void *p)
{
	struct gate_object o = { .p = untag(p), .nolock = true };

	return !gate_is_watched() || gate_see(&o, true);
}

/* An object leaves quarantine, and is about to be freed.  Any context but NMI. */
void gate_see_parked(const void *p)
{
	struct gate_object o = { .p = untag(p) };

	rcu_read_lock();
	/* Nobody could get it meanwhile, even if no more is recorded. */
	if (gate_find(&o))
		table_see_parked(&o);
	rcu_read_unlock();
}

/* The object at an address, if what is recorded of it is still true.  RCU read section. */
static bool gate_find_recorded(struct gate_object *o)
{
	return gate_find(o) && gate_is_recorded(o->row);
}

/* Is @size what was asked for?  @known: set if that is known. */
bool gate_size_is(const void *p, size_t size, bool *known)
{
	struct gate_object o = { .p = untag(p) };
	bool is;

	rcu_read_lock();
	is = gate_find_recorded(&o) && table_size_ok(&o, size, known);
	rcu_read_unlock();
	return is;
}

/* Of @have bytes of an object, those that are its client's. */
size_t gate_kept(const void *p, size_t have)
{
	struct gate_object o = { .p = untag(p) };

	rcu_read_lock();
	if (gate_find_recorded(&o))
		have = table_kept(&o, have);
	rcu_read_unlock();
	return have;
}

/* Is it known to be free, though its span has it in use? */
bool gate_is_freed(const void *p)
{
	struct gate_object o = { .p = untag(p) };
	bool freed;

	rcu_read_lock();
	freed = gate_find_recorded(&o) && table_is_freed(&o);
	rcu_read_unlock();
	return freed;
}

/* From now on the client may use all bytes.  False if it is known to be free. */
bool gate_see_sized(const void *p)
{
	struct gate_object o = { .p = untag(p) };
	bool live;

	rcu_read_lock();
	live = !gate_find_recorded(&o) || table_open(&o);
	rcu_read_unlock();
	return live;
}

/*
 * From now on @size bytes are its client's; @zero: new ones are cleared.  False if nothing is
 * known of it, so that it is left to the caller to clear what a later call may add.
 */
bool gate_see_resized(const void *p, size_t size, bool zero)
{
	struct gate_object o = { .p = untag(p) };
	bool known;

	rcu_read_lock();
	known = gate_find_recorded(&o) && table_resize(&o, size, zero);
	rcu_read_unlock();
	return known;
}

/**
 * gate_see_left() - spans, in TRANSIT, have left their row
 * @s: the spans, the caller's alone
 * @n: their number
 * @size: bytes of an object
 *
 * Only for tables of objects and of tags, which go with them, and for kmemleak.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void gate_see_left(struct mspan *const *s, unsigned int n, size_t size)
{
	while (n--) {
		table_leave(s[n], span_bytes(s[n]) / size, size);
		if (gate_has_tags())
			allocinfo_left(s[n], span_bytes(s[n]) / size, size);
		if (scan_on)
			scan_left(s[n], size);
	}
}

/**
 * gate_see_swept() - call the watchers for all objects of a span that is taken away
 * @c: its row
 * @s: the span, in TRANSIT; what is not free in its bitmap is in use
 *
 * Context: Process.
 */
void gate_see_swept(const struct mcentral *c, const struct mspan *s)
{
	struct gate_object o = { .class = gate_class(c), .nid = c->nid, .set = c->set };
	unsigned int i;

	o.size = c->sc->size;
	rcu_read_lock();
	for (i = 0; i < s->objects; i++) {
		o.p = (void *)(s->start + i * o.size);
		if (!test_bit(i, s->free))
			gate_tell(&o, true, gate_reasons(c->row));
	}
	rcu_read_unlock();
}

/**
 * gate_see_neighbours() - the same for some objects of one that stays, to be freed
 * @c: its row
 * @s: the span
 * @mask: which of its first objects; they are live
 *
 * What is recorded of them stays with the span.
 *
 * Context: Process, in an RCU read section.
 */
void gate_see_neighbours(const struct mcentral *c, const struct mspan *s, unsigned long mask)
{
	u8 why = gate_reasons(c->row);
	unsigned int i;
	bool known;

	for_each_set_bit(i, &mask, BITS_PER_LONG) {
		struct gate_object o = {
			.p = (void *)(s->start + i * (size_t)c->sc->size),
			.size = c->sc->size,
			.class = gate_class(c),
			.nid = c->nid,
			.set = c->set,
			.span = s->start,
			.row = c->row,
			.objects = s->objects,
			.index = i,
		};

		if (why & BIT(GATE_TABLE))
			table_see_free(&o, &known);
		gate_tell(&o, true, why);
	}
}

/* Before anything is allocated. */
void gate_init(void)
{
	int cpu;

	if (galloc_debug)
		gate_all = BIT(GATE_DEBUG);
	if (sample_is_on()) {
		gate_all |= BIT(GATE_SAMPLE);
		gate_watched = BIT(GATE_SAMPLE);
	}
	if (scan_on) {
		gate_all |= BIT(GATE_KMEMLEAK);
		gate_watched |= BIT(GATE_KMEMLEAK);
		rcu_assign_pointer(gate_watchers[GATE_KMEMLEAK], scan_watcher());
	}
	for_each_possible_cpu(cpu)
		INIT_WORK(&per_cpu(gate_works, cpu), gate_work_fn);
}
