// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * table: side tables of spans, for rows that are watched for their clients' bugs.
 *
 * A table has a record for each of some neighbouring objects, so that none takes more than
 * 2 KiB.  It is made when one of them is first allocated or freed, found by the address of
 * its span in a hash, and goes when the span leaves its row.  The last ones that went are
 * kept for reports.  Nothing of this exists before a row is watched, and where
 * there is no memory for a table, nothing is recorded.
 *
 * Behind the bytes that the client has asked for the object gets a red zone, and what is
 * freed is filled with a known byte, see bytes.c: both are compared when the object is
 * freed, used again, or leaves with its span, and by validate.
 *
 * Called by gate.c for each allocation and free of a watched row, and when a span leaves.
 * table_lock protects the hash and the tables that were left; it is one of galloc's locks,
 * a leaf.  Lookups take none: RCU.  Records belong to the owner of their object.
 * Overview: galloc_mod.c.
 */
#include "table.h"
#include "observe/stackdepot.h"

#include <linux/hash.h>
#include <linux/llist.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/string.h>

/* Objects of a table: so that it takes the whole of a piece of the slab allocator's. */
#define TABLE_BYTES		2048
#define TABLE_OBJECTS							\
	((unsigned int)((TABLE_BYTES - sizeof(struct table)) / sizeof(struct record)))

/* Buckets of the hash: a page of them, or many where memory is to be had. */
#define BUCKETS_FEW		(PAGE_SIZE / sizeof(struct hlist_head))
#define BUCKETS_MANY		16384U

/* The tables of spans that left last. */
#define NR_DEAD			128

/**
 * struct table - records of a span's objects
 * @node: in the hash (table_lock; RCU)
 * @gone: links those that wait for readers
 * @start: of the span
 * @row: of the span
 * @size: bytes of an object
 * @part: which TABLE_OBJECTS of the span's objects
 * @n: their number
 * @hashed: it is in the hash (table_lock)
 * @record: one for each
 */
struct table {
	struct hlist_node node;
	struct llist_node gone;
	unsigned long start;
	u32 row;
	u32 size;
	u16 part;
	u8 n;
	bool hashed;
	struct record record[];
};

static struct hlist_head *table_hash;
static unsigned int table_buckets;
static struct table *table_dead[NR_DEAD];
static unsigned int nr_left;
static LLIST_HEAD(tables_gone);
static DEFINE_RAW_SPINLOCK(table_lock);

static size_t table_bytes(unsigned int n)
{
	return sizeof(struct table) + n * sizeof(struct record);
}

/* ---- tables ------------------------------------------------------------------------- */

static struct hlist_head *bucket_of(unsigned long start, unsigned int part)
{
	return &table_hash[hash_64(start + part, 32) & (table_buckets - 1)];
}

/* In an RCU read section, or with table_lock. */
static struct table *table_at(unsigned long start, unsigned int part)
{
	struct table *t;

	hlist_for_each_entry_rcu(t, bucket_of(start, part), node, true)
		if (t->start == start && t->part == part)
			return t;
	return NULL;
}

/* Readers may still have it. */
static void table_put_later(struct table *t)
{
	llist_add(&t->gone, &tables_gone);
	worker_kick(WORKER_ROWS);
}

static void table_unhash(struct table *t)
{
	lockdep_assert_held(&table_lock);
	hlist_del_rcu(&t->node);
	t->hashed = false;
}

/* Put a new table into the hash.  Returns the one that is there for these objects. */
static struct table *table_insert(struct table *new)
{
	struct table *old;
	unsigned long flags;

	galloc_lock(&table_lock, flags);
	old = table_at(new->start, new->part);
	if (old && (old->row != new->row || old->size != new->size)) {
		/* A free that came late has made it, for a span that has gone. */
		table_unhash(old);
		hlist_add_head_rcu(&new->node, bucket_of(new->start, new->part));
		new->hashed = true;
		galloc_unlock(&table_lock, flags);
		table_put_later(old);
		return new;
	}
	if (!old) {
		hlist_add_head_rcu(&new->node, bucket_of(new->start, new->part));
		new->hashed = true;
	}
	galloc_unlock(&table_lock, flags);
	if (!old)
		return new;
	table_put_later(new);
	return old;
}

static struct table *table_new(const struct gate_object *o, unsigned int part)
{
	unsigned int n = min(o->objects - part * TABLE_OBJECTS, TABLE_OBJECTS);
	struct table *t;

	if (!may_grow())
		return NULL;
	t = arena_meta_zalloc(table_bytes(n), NUMA_NO_NODE,
			      context_gfp(GFP_NOWAIT) | __GFP_NOWARN);
	if (!t)
		return NULL;
	scan_hide(t);
	t->start = o->span;
	t->row = o->row;
	t->size = o->size;
	t->part = part;
	t->n = n;
	return table_insert(t);
}

/* The record of an object, made if @make; NULL: there is none.  RCU read section. */
static struct record *record_of(const struct gate_object *o, bool make)
{
	unsigned int part = o->index / TABLE_OBJECTS, nr = o->index % TABLE_OBJECTS;
	struct table *t;

	/* Acquire: pairs with table_enable(). */
	if (!smp_load_acquire(&table_hash))
		return NULL;
	t = table_at(o->span, part);
	if (!t || t->row != o->row || t->size != o->size)
		t = make ? table_new(o, part) : NULL;
	return t && nr < t->n ? &t->record[nr] : NULL;
}

/* ---- what is seen --------------------------------------------------------------------- */

/* From here on its bytes may change: whoever compares them looks at it again. */
static void record_change(struct record *r)
{
	WRITE_ONCE(r->seq, r->seq + 1);
	WRITE_ONCE(r->state, RECORD_CHANGING);
	/* Pairs with check_turn(). */
	smp_wmb();
}

/*
 * The owner of an object in use is about to change its record.  False if it is not recorded
 * as in use.  Not in an NMI: who clears the zone has interrupts off, and is soon done.
 */
static bool record_claim(struct record *r)
{
	u32 state = READ_ONCE(r->state);

	do {
		while (unlikely(state == RECORD_CLEARING)) {
			cpu_relax();
			state = READ_ONCE(r->state);
		}
		if (state != RECORD_LIVE)
			return false;
		/* Full order: pairs with clear_zone(). */
	} while (!try_cmpxchg(&r->state, &state, RECORD_CHANGING));
	record_change(r);
	return true;
}

static void record_done(struct record *r, enum record_state state)
{
	/* Release: pairs with check_turn(). */
	smp_store_release(&r->state, state);
}

static u32 seconds(void)
{
	return jiffies / HZ;
}

static void record_who(struct record *r, unsigned int what, bool nolock)
{
	WRITE_ONCE(r->task[what], current->pid);
	WRITE_ONCE(r->stack[what], stackdepot_save_here(nolock));
}

/**
 * table_see_taken() - an object has left its span, and is not initialised yet
 * @o: the object
 *
 * Context: As gate_see_alloc().
 */
void table_see_taken(const struct gate_object *o)
{
	struct record *r = record_of(o, false);

	if (!r)
		return;
	if (!o->nolock)
		bytes_check_free(o->p, r, o->size);
	record_change(r);
	bytes_open(o->p, o->size);
}

/**
 * table_see_alloc() - an object is about to be handed to its client
 * @o: the object, initialised
 *
 * Context: As gate_see_alloc().
 */
void table_see_alloc(const struct gate_object *o)
{
	struct record *r = record_of(o, !o->nolock);

	if (!r)
		return;
	record_change(r);
	WRITE_ONCE(r->asked, min_t(size_t, o->asked, o->size));
	r->zero = want_init_on_alloc(o->gfp);
	WRITE_ONCE(r->since, seconds());
	WRITE_ONCE(r->stack[RECORD_FREE], 0);
	record_who(r, RECORD_ALLOC, o->nolock);
	bytes_give_zone(o->p, r, o->size);
	record_done(r, RECORD_LIVE);
}

/**
 * table_see_free() - an object is about to be freed
 * @o: the object; its bitmap says that it is in use
 * @known: set if from now on its record says that it is free
 *
 * Context: As gate_see_free().
 * Return: False if it has been freed before: reported, unless @o->nolock, and to be left
 * alone.
 */
bool table_see_free(const struct gate_object *o, bool *known)
{
	struct record *r = record_of(o, !o->nolock);
	u32 state;

	*known = r;
	if (!r)
		return true;
	state = READ_ONCE(r->state);
	do {
		while (unlikely(state == RECORD_CLEARING)) {
			/* By this CPU, perhaps.  Then the worker should have got it. */
			if (o->nolock && this_cpu_read(galloc_lock_held))
				return false;
			cpu_relax();
			state = READ_ONCE(r->state);
		}
		if (unlikely(state >= RECORD_FREED)) {
			if (!o->nolock)
				bytes_touch(o->p);
			if (!o->nolock)
				report_fault(FAULT_DOUBLE_FREE, o->p);
			return false;
		}
		/* Full order: of two frees one wins, and its writes come after. */
	} while (!try_cmpxchg(&r->state, &state, RECORD_FREED));
	record_who(r, RECORD_FREE, o->nolock);
	if (state == RECORD_LIVE && !o->nolock)
		bytes_check_zone(o->p, r, o->size);
	if (bytes_fill_free(o))
		record_done(r, RECORD_POISONED);
	return true;
}

/* An object leaves quarantine, and is the caller's alone.  RCU read section. */
void table_see_parked(const struct gate_object *o)
{
	struct record *r = record_of(o, false);

	/* It is not compared again. */
	if (r && !bytes_check_free(o->p, r, o->size))
		record_done(r, RECORD_FREED);
}

/**
 * table_size_ok() - is this what was asked for?
 * @o: the object
 * @size: bytes that gfree_sized() was given
 * @known: set if that is known
 *
 * Context: RCU read section.
 * Return: False if it is not, or not known.
 */
bool table_size_ok(const struct gate_object *o, size_t size, bool *known)
{
	const struct record *r = record_of(o, false);

	*known = r && READ_ONCE(r->state) == RECORD_LIVE && r->asked;
	return *known && (r->asked == size || (r->whole && o->size == size));
}

/* Has it been freed, as far as known?  The same. */
bool table_is_freed(const struct gate_object *o)
{
	const struct record *r = record_of(o, false);

	return r && READ_ONCE(r->state) >= RECORD_FREED;
}

/*
 * Its client was told how many bytes it has, and may use all of them.  False if it is free.
 * The same.
 */
bool table_open(const struct gate_object *o)
{
	struct record *r = record_of(o, false);

	if (r && READ_ONCE(r->state) >= RECORD_FREED)
		return false;
	if (!r || r->whole || !record_claim(r))
		return true;
	bytes_check_zone(o->p, r, o->size);
	bytes_open(o->p, o->size);
	if (r->zero && bytes_zone(r, o->size))
		memset((void *)o->p + r->asked, 0, bytes_zone(r, o->size));
	WRITE_ONCE(r->whole, true);
	record_done(r, RECORD_LIVE);
	return true;
}

/* Of @have bytes of an object, how many are its client's.  The same. */
size_t table_kept(const struct gate_object *o, size_t have)
{
	struct record *r = record_of(o, false);
	size_t kept = have;

	if (r && record_claim(r)) {
		if (bytes_zone(r, have))
			kept = r->asked;
		record_done(r, RECORD_LIVE);
	}
	return kept;
}

/**
 * table_resize() - an object is resized in place
 * @o: the object
 * @size: bytes that its client has from now on
 * @zero: those that are new are to read as zero
 *
 * Context: RCU read section.
 * Return: False if nothing is recorded of it.
 */
bool table_resize(const struct gate_object *o, size_t size, bool zero)
{
	struct record *r = record_of(o, false);
	size_t was;

	if (!r || !record_claim(r))
		return false;
	bytes_check_zone(o->p, r, o->size);
	was = bytes_zone(r, o->size) ? r->asked : o->size;
	bytes_open(o->p, o->size);
	if (zero)
		memset((void *)o->p + min(was, size), 0, o->size - min(was, size));
	WRITE_ONCE(r->asked, size);
	r->zero = zero;
	bytes_give_zone(o->p, r, o->size);
	record_done(r, RECORD_LIVE);
	return true;
}

/* ---- the end of a table ----------------------------------------------------------------- */

/* Has an object of a table been freed? */
static bool table_tells(const struct table *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (READ_ONCE(t->record[i].state) >= RECORD_FREED)
			return true;
	return false;
}

static void *table_object(const struct table *t, unsigned int i)
{
	return (void *)(t->start + ((size_t)t->part * TABLE_OBJECTS + i) * t->size);
}

/* Nobody will see to its objects any more: all of their bytes may be used. */
static void table_unmark(const struct table *t)
{
	lockdep_assert_held(&table_lock);
	bytes_open(table_object(t, 0), (size_t)t->n * t->size);
}

/* Take a table out of the hash, and keep it for reports. */
static void table_bury(struct table *t)
{
	struct table *old = t, **dead;
	unsigned long flags;

	galloc_lock(&table_lock, flags);
	if (!t->hashed) {
		galloc_unlock(&table_lock, flags);
		return;
	}
	table_unmark(t);
	table_unhash(t);
	if (table_tells(t)) {
		/* swap() evaluates what it gets twice. */
		dead = &table_dead[nr_left++ % NR_DEAD];
		swap(old, *dead);
	}
	galloc_unlock(&table_lock, flags);
	if (old)
		table_put_later(old);
}

/*
 * Compare what nobody should have written to, for the last time.  What a sweep takes away is
 * still in use.
 */
static void check_last(const struct table *t, const struct mspan *s)
{
	unsigned int i, index;
	int own = report_own_begin();

	for (i = 0; i < t->n; i++) {
		const struct record *r = &t->record[i];

		index = t->part * TABLE_OBJECTS + i;
		bytes_check_free(table_object(t, i), r, t->size);
		if (READ_ONCE(r->state) == RECORD_LIVE && index < s->objects &&
		    !test_bit(index, s->free))
			bytes_check_zone(table_object(t, i), r, t->size);
	}
	report_own_end(own);
}

/**
 * table_leave() - a span leaves its row
 * @s: the span, the caller's alone
 * @objects: it had so many
 * @size: bytes of each
 *
 * Context: Any but NMI, no galloc lock held.
 */
void table_leave(const struct mspan *s, unsigned int objects, size_t size)
{
	unsigned int part;
	struct table *t;

	/* Acquire: pairs with table_enable(). */
	if (!smp_load_acquire(&table_hash))
		return;
	for (part = 0; part < DIV_ROUND_UP(objects, TABLE_OBJECTS); part++) {
		rcu_read_lock();
		t = table_at(s->start, part);
		if (t && t->size == size && gate_is_recorded(t->row))
			check_last(t, s);
		if (t)
			table_bury(t);
		rcu_read_unlock();
	}
}

/**
 * table_reap() - free tables that nobody reads any more
 *
 * Context: Process.  Sleeps.
 * Return: True if there were any.
 */
bool table_reap(void)
{
	struct llist_node *gone = llist_del_all(&tables_gone);
	struct table *t, *next;

	if (!gone)
		return false;
	/* Pairs with the read sections of record_of(). */
	synchronize_rcu();
	llist_for_each_entry_safe(t, next, gone, gone)
		arena_meta_free(t, table_bytes(t->n));
	return true;
}

/* The first table of a bucket that matches, out of the hash; NULL: none. */
static struct table *bucket_drop(unsigned int nr, bool (*match)(u32 row, const void *arg),
				 const void *arg)
{
	struct table *t, *found = NULL;
	unsigned long flags;

	rcu_read_lock();
	hlist_for_each_entry_rcu(t, &table_hash[nr], node) {
		if (!match(t->row, arg))
			continue;
		galloc_lock(&table_lock, flags);
		/* Unless its span has just left. */
		if (t->hashed) {
			table_unmark(t);
			table_unhash(t);
			found = t;
		}
		galloc_unlock(&table_lock, flags);
		if (found)
			break;
	}
	rcu_read_unlock();
	return found;
}

/**
 * table_drop() - forget the objects of some rows
 * @match: true for these, which are not watched any more
 * @arg: for @match
 *
 * Context: Process.  Sleeps.
 */
void table_drop(bool (*match)(u32 row, const void *arg), const void *arg)
{
	unsigned int nr;
	struct table *t;

	for (nr = 0; table_hash && nr < table_buckets; nr++) {
		while ((t = bucket_drop(nr, match, arg))) {
			table_put_later(t);
			cond_resched();
		}
		cond_resched();
	}
}

/* ---- looking ------------------------------------------------------------------------------ */

/* The newest record of an object of a span that has left. */
static const struct record *dead_find(unsigned long addr, struct found_record *found)
{
	unsigned int i;

	lockdep_assert_held(&table_lock);
	for (i = 1; i <= NR_DEAD; i++) {
		const struct table *t = table_dead[(nr_left - i) % NR_DEAD];
		unsigned long first = t ? (unsigned long)table_object(t, 0) : 0;

		if (!t || addr < first || addr >= first + (size_t)t->n * t->size)
			continue;
		found->size = t->size;
		found->first = !((addr - first) % t->size);
		return &t->record[(addr - first) / t->size];
	}
	return NULL;
}

/**
 * table_find() - what is recorded of an object
 * @p: an address in it
 * @found: filled in
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if nothing is.
 */
bool table_find(const void *p, struct found_record *found)
{
	struct gate_object o = { .p = p };
	const struct record *r = NULL;
	unsigned long flags;
	bool is_object;

	/* Acquire: pairs with table_enable(). */
	if (!smp_load_acquire(&table_hash))
		return false;
	rcu_read_lock();
	is_object = gate_find(&o);
	if (is_object)
		r = record_of(&o, false);
	if (r) {
		/* data_race(): its owner may be changing it; a report has what there was. */
		found->r = data_race(*r);
		found->size = o.size;
		found->first = addr_of(p) == o.span + (size_t)o.index * o.size;
	}
	rcu_read_unlock();
	/* What was there before was others', and would be blamed. */
	if (is_object)
		return r;
	galloc_lock(&table_lock, flags);
	r = dead_find(addr_of(p), found);
	if (r)
		found->r = *r;
	galloc_unlock(&table_lock, flags);
	return r;
}

/* The same for the objects of a table.  Returns how many are damaged.  RCU read section. */
static unsigned int visit_table(const struct table *t, visit_fn fn, const void *arg)
{
	struct visited v = { .row = t->row, .size = t->size, .arg = arg };
	unsigned int i, bad = 0;
	unsigned long flags;
	int own;

	for (i = 0; i < t->n; i++) {
		v.p = table_object(t, i);
		v.r = (struct record *)&t->record[i];
		v.from = 0;
		do {
			v.at = -1;
			galloc_lock(&table_lock, flags);
			v.from = t->hashed ? fn(&v) : 0;
			galloc_unlock(&table_lock, flags);
		} while (v.from);
		if (v.at >= 0) {
			own = report_own_begin();
			report_damage(v.fault, v.p, v.at, v.byte);
			report_own_end(own);
			bad++;
		}
	}
	return bad;
}

/**
 * table_visit() - look at the bytes of all objects that are recorded
 * @fn: looks at a turn of one; with table_lock, so that its pages stay
 * @arg: for @fn
 *
 * Reports what @fn finds.
 *
 * Context: Process.  Sleeps.
 * Return: How many objects have been written to.
 */
unsigned int table_visit(visit_fn fn, const void *arg)
{
	unsigned int nr, bad = 0;
	const struct table *t;

	for (nr = 0; table_hash && nr < table_buckets; nr++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(t, &table_hash[nr], node)
			bad += visit_table(t, fn, arg);
		rcu_read_unlock();
		cond_resched();
	}
	return bad;
}

static bool record_is_live(const struct record *r)
{
	u32 state = READ_ONCE(r->state);

	return state == RECORD_LIVE || state == RECORD_CLEARING;
}

/**
 * table_walk() - call a function for each object that is recorded as in use
 * @fn: called in an RCU read section, with the object's row, its size and a record
 * @arg: for @fn
 *
 * Context: Process.  Sleeps.
 */
void table_walk(void (*fn)(u32 row, size_t size, const struct record *r, void *arg),
		void *arg)
{
	const struct table *t;
	unsigned int nr, i;

	for (nr = 0; table_hash && nr < table_buckets; nr++) {
		rcu_read_lock();
		hlist_for_each_entry_rcu(t, &table_hash[nr], node)
			for (i = 0; i < t->n; i++)
				if (record_is_live(&t->record[i]))
					fn(t->row, t->size, &t->record[i], arg);
		rcu_read_unlock();
		cond_resched();
	}
}

/* ---- init and exit -------------------------------------------------------------------------- */

/**
 * table_enable() - make the hash, before the first row is watched
 *
 * Context: Process, one at a time.
 * Return: 0 or -ENOMEM.
 */
int table_enable(void)
{
	struct hlist_head *hash;

	if (table_hash)
		return 0;
	table_buckets = BUCKETS_MANY;
	hash = arena_meta_zalloc(table_buckets * sizeof(*hash), NUMA_NO_NODE,
				 GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	if (!hash) {
		table_buckets = BUCKETS_FEW;
		hash = arena_meta_zalloc(table_buckets * sizeof(*hash), NUMA_NO_NODE,
					 GFP_KERNEL);
	}
	if (!hash)
		return -ENOMEM;
	quarantine_init();
	report_follow_begin();
	/* Release: whoever finds the hash finds it empty, and its size. */
	smp_store_release(&table_hash, hash);
	return 0;
}

static bool any_row(u32 row, const void *arg)
{
	return true;
}

/* Forget the tables of spans that have left. */
void table_forget(void)
{
	unsigned long flags;
	struct table *t;
	unsigned int i;

	for (i = 0; i < NR_DEAD; i++) {
		galloc_lock(&table_lock, flags);
		t = table_dead[i];
		table_dead[i] = NULL;
		galloc_unlock(&table_lock, flags);
		if (t)
			table_put_later(t);
	}
}

/* At unload: nobody allocates or frees any more. */
void table_exit(void)
{
	table_drop(any_row, NULL);
	table_forget();
	while (table_reap())
		;
	if (table_hash)
		report_follow_end();
	arena_meta_free(table_hash, table_buckets * sizeof(*table_hash));
	table_hash = NULL;
	quarantine_exit();
}
