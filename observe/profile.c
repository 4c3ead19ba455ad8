// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * profile: who holds memory, and who has asked for it, by samples.
 *
 * An object that sample.c chooses gets a record, in a hash table by its page, which counts
 * in an entry: that of its stack, size and mean distance.  Its page is marked with
 * STACK_WATCHED, so that its free, by whatever way, takes a slow path and comes here; the
 * other objects of the page take one, too, and go on to their stacks from there.  An object
 * of whole pages has its mark in its descriptor, which its free reads anyway: the records are
 * searched only for what has a mark.
 *
 * A free takes the record by cmpxchg() and leaves it on a list, which whoever may take the
 * lock settles: it works in any context.  Records and entries stay until galloc is
 * unloaded, and are found without a lock; records are used again in their bucket.
 *
 * Called by api.c, gate.c and nolock.c; calls stackdepot.c and mspan.c.  profile_lock
 * protects all counters and the lists of unused records.  Overview: galloc_mod.c.
 */
#include "observe/profile.h"
#include "galloc_internal.h"
#include "observe/sample.h"
#include "observe/stackdepot.h"

#include <linux/hash.h>
#include <linux/llist.h>

#define BUCKET_BITS	10

/* Freed records that a sample settles. */
#define SETTLE_TURN	8

/* Where more than ever seem to be in use it settles so many times that. */
#define SETTLE_TURNS	8

/* More are not made: buckets are searched with a lock held. */
#define MAX_ENTRIES	65536
#define MAX_RECORDS	512	/* in a bucket */

/* A bit of a record's address. */
#define RECORD_FREE	1UL

/**
 * struct profile_entry - sampled objects of one stack, size and mean distance
 * @next: in its bucket; does not change
 * @all: the next of all, newer
 * @line: what is known of them; @peak is as of @gen
 * @bytes: that a sample stands for
 * @gen: if this is not peak_gen, then as many were in use at the peak as are now
 */
struct profile_entry {
	struct profile_entry *next;
	struct profile_entry *all;
	struct profile_line line;
	u64 bytes;
	unsigned long gen;
};

/**
 * struct profile_record - a sampled object
 * @addr: its address; with RECORD_FREE the object was freed, or the record is unused
 * @next: in its bucket; does not change
 * @entry: where it counts
 * @freed: on that list
 * @unused: link of an unused record
 */
struct profile_record {
	unsigned long addr;
	struct profile_record *next;
	struct profile_entry *entry;
	union {
		struct llist_node freed;
		struct profile_record *unused;
	};
};

/* Records by page: all, and those that may be used again. */
struct profile_bucket {
	struct profile_record *records;
	struct profile_record *unused;
	unsigned int nr;
};

static DEFINE_RAW_SPINLOCK(profile_lock);
static struct profile_bucket buckets[1 << BUCKET_BITS];
static struct profile_entry *entry_buckets[1 << BUCKET_BITS];
static struct profile_entry *entries, **entries_end = &entries;
static unsigned int nr_entries;
static struct profile_totals totals;
static atomic_long_t nr_lost;

/* Incremented when more bytes are in use than ever. */
static unsigned long peak_gen;

/* Records whose objects were freed. */
static LLIST_HEAD(freed_records);

static struct profile_bucket *bucket_of(unsigned long addr)
{
	return &buckets[hash_long(addr >> PAGE_SHIFT, BUCKET_BITS)];
}

/* With @any nobody waits: this CPU may have been interrupted with any lock held. */
static bool lock_or_try(raw_spinlock_t *lock, bool any, unsigned long *flags)
{
	if (unlikely(any))
		return galloc_trylock(lock, *flags);
	galloc_lock(lock, *flags);
	return true;
}

/* ---- counting ----------------------------------------------------------------------------- */

/* Before @live changes: remember it if it is that of the peak. */
static void entry_touch(struct profile_entry *e)
{
	lockdep_assert_held(&profile_lock);

	if (e->gen != peak_gen) {
		e->line.peak = e->line.live;
		e->gen = peak_gen;
	}
}

/* Take up to @turn freed objects off the counters.  False if none is left. */
static bool settle(unsigned int turn)
{
	struct profile_bucket *b;
	struct profile_record *r;
	struct llist_node *node;

	lockdep_assert_held(&profile_lock);

	while (turn--) {
		node = llist_del_first(&freed_records);
		if (!node)
			return false;
		r = llist_entry(node, struct profile_record, freed);
		entry_touch(r->entry);
		r->entry->line.live--;
		totals.samples--;
		totals.live_bytes -= r->entry->bytes;
		b = bucket_of(r->addr);
		r->unused = b->unused;
		b->unused = r;
	}
	return true;
}

static void entry_count(struct profile_entry *e)
{
	unsigned int turns = SETTLE_TURNS;

	/* What was freed is in no peak: one that comes before it is settled is not taken yet. */
	while (totals.live_bytes + e->bytes > totals.peak_bytes && turns-- && settle(SETTLE_TURN))
		;
	entry_touch(e);
	e->line.live++;
	e->line.allocs++;
	totals.samples++;
	totals.allocs++;
	totals.live_bytes += e->bytes;
	if (totals.live_bytes > totals.peak_bytes && llist_empty(&freed_records)) {
		totals.peak_bytes = totals.live_bytes;
		peak_gen++;
	}
}

/* ---- entries ------------------------------------------------------------------------------ */

/* Search a bucket up to what has been searched before. */
static struct profile_entry *entry_find(struct profile_entry *from,
					const struct profile_entry *to,
					const struct profile_line *line)
{
	for (; from != to; from = from->next)
		if (from->line.stack == line->stack && from->line.size == line->size &&
		    from->line.mean == line->mean)
			return from;
	return NULL;
}

static void entry_link(struct profile_entry *e, struct profile_entry **bucket)
{
	lockdep_assert_held(&profile_lock);

	e->bytes = sample_weight(e->line.size, e->line.mean) * e->line.size >> SAMPLE_SHIFT;
	e->gen = peak_gen;
	e->next = *bucket;
	/* Release: whoever finds it finds it complete. */
	smp_store_release(bucket, e);
	/* Release: the same for who walks all of them. */
	smp_store_release(entries_end, e);
	entries_end = &e->all;
	nr_entries++;
}

/* The entry of a line, which is new perhaps; NULL: there is no memory. */
static struct profile_entry *entry_get(const struct profile_line *line, bool any)
{
	u64 hash = ((u64)line->stack << 32 | (u32)line->size) + line->mean;
	struct profile_entry **bucket = &entry_buckets[hash_64(hash, BUCKET_BITS)];
	struct profile_entry *seen, *e, *new;
	unsigned long flags;

	/* Acquire: pairs with entry_link(). */
	seen = smp_load_acquire(bucket);
	e = entry_find(seen, NULL, line);
	/* data_race(): some more or less. */
	if (likely(e) || data_race(nr_entries) >= MAX_ENTRIES)
		return e;
	new = stackdepot_alloc(sizeof(*new), any);
	if (!new || !lock_or_try(&profile_lock, any, &flags))
		return NULL;
	e = entry_find(*bucket, seen, line);
	if (!e) {
		new->line = *line;
		entry_link(new, bucket);
		e = new;
	}
	galloc_unlock(&profile_lock, flags);
	return e;
}

/* ---- records ------------------------------------------------------------------------------ */

/* A record more for a bucket, unused. */
static void record_link(struct profile_bucket *b, struct profile_record *r)
{
	lockdep_assert_held(&profile_lock);

	r->addr = RECORD_FREE;
	r->next = b->records;
	r->unused = b->unused;
	b->unused = r;
	b->nr++;
	/* Release: whoever finds it finds its link. */
	smp_store_release(&b->records, r);
}

/* Record an object of an entry. */
static bool record_add(struct profile_entry *e, unsigned long addr, bool any)
{
	struct profile_bucket *b = bucket_of(addr);
	struct profile_record *r, *new = NULL;
	unsigned long flags;

	/* data_race(): a record more than are needed, or a sample that is lost. */
	if (!data_race(b->unused) && data_race(b->nr) < MAX_RECORDS)
		new = stackdepot_alloc(sizeof(*new), any);
	if (!lock_or_try(&profile_lock, any, &flags))
		return false;
	settle(SETTLE_TURN);
	if (new)
		record_link(b, new);
	r = b->unused;
	if (r) {
		b->unused = r->unused;
		r->entry = e;
		/* Release: whoever finds the address finds its entry. */
		smp_store_release(&r->addr, addr);
		entry_count(e);
	}
	galloc_unlock(&profile_lock, flags);
	return r;
}

/* Take the record of an object that is being freed off the counters, later. */
static bool record_take(struct profile_record *r, unsigned long addr)
{
	/* Full order, acquire of all that record_add() has written. */
	if (cmpxchg(&r->addr, addr, addr | RECORD_FREE) != addr)
		return false;
	llist_add(&r->freed, &freed_records);
	return true;
}

/*
 * Unless somebody else is counting: so the list is short when a peak is looked for.  A single
 * one is left to the next sample.
 */
static void settle_some(void)
{
	const struct llist_node *first = READ_ONCE(freed_records.first);
	unsigned long flags;

	/* data_race(): it may be settled, and be used again; records stay. */
	if (!first || !data_race(first->next))
		return;
	if (galloc_trylock(&profile_lock, flags)) {
		settle(SETTLE_TURN);
		galloc_unlock(&profile_lock, flags);
	}
}

/* The next record of a page, or the first one. */
static struct profile_record *record_next(struct profile_record *r, unsigned long addr)
{
	/* Acquire: pairs with record_link(). */
	r = r ? r->next : smp_load_acquire(&bucket_of(addr)->records);
	for (; r; r = r->next) {
		unsigned long at = READ_ONCE(r->addr);

		if (at >> PAGE_SHIFT == addr >> PAGE_SHIFT && !(at & RECORD_FREE))
			break;
	}
	return r;
}

/* Take the record of an object, if it has one. */
static bool record_take_at(unsigned long addr)
{
	struct profile_record *r = NULL;

	while ((r = record_next(r, addr)))
		if (READ_ONCE(r->addr) == addr && record_take(r, addr))
			return true;
	return false;
}

/* The span of an object of whole pages, or NULL.  In an RCU read section. */
static struct mspan *large_span(const void *p)
{
	const struct arena *arena;
	unsigned int page;

	if (arena_stack_of(p) != STACK_LARGE)
		return NULL;
	arena = arena_of(p, &page);
	return arena_span(arena, page);
}

/* Has an object a mark, or its page? */
static bool is_watched(const void *p)
{
	const struct arena *arena;
	unsigned int page, number;
	const struct mspan *s;
	bool watched;

	rcu_read_lock();
	arena = arena_of(p, &page);
	/* data_race(): as arena_stack_at(). */
	number = data_race(arena->stack[page]);
	watched = number == STACK_WATCHED;
	if (number == STACK_LARGE) {
		s = arena_span(arena, page);
		watched = s && READ_ONCE(s->hint);
	}
	rcu_read_unlock();
	return watched;
}

/*
 * Take the mark of a page away if no other object there is sampled.  Our own is still in use,
 * so its span stays.  Without a lock: whoever records an object does that before he marks its
 * page, so one whose mark we take has a record that we see when we look again.  If that one is
 * freed before we do, nobody takes its record; the mark that we then set says so until another
 * object is recorded there, or the span leaves its row.
 */
static void page_unwatch(const struct mcentral *c, struct mspan *s, const void *p)
{
	bool marked;

	if (record_next(NULL, addr_of(p)))
		return;
	galloc_pause(PAUSE_UNWATCH, p);
	/* Full barrier, if there was a mark: pairs with the ones of those who set it. */
	marked = mspan_unwatch(c, s, p);
	galloc_pause(PAUSE_UNWATCHED, p);
	if (marked && record_next(NULL, addr_of(p)))
		mspan_watch(c, s, p, false);
}

/*
 * Mark a page whose number says all, as nearly all do: that of a row without a set, which it
 * has while any object there is in use.  In an RCU read section, as the next two.
 */
static bool page_mark(const void *p)
{
	const struct mcentral *c;
	struct arena *arena;
	unsigned int page, number;

	arena = arena_of(p, &page);
	number = READ_ONCE(arena->stack[page]);
	c = number < STACK_FIRST ? NULL : stack_central(number);
	if (!c || c->set)
		return false;
	/* Full barrier: the record is there, now the mark, see page_unwatch(). */
	smp_mb();
	WRITE_ONCE(arena->stack[page], STACK_WATCHED);
	return true;
}

/* Take the mark away of a page that has one, and a row without a set. */
static bool page_unmark(const void *p)
{
	const struct mcentral *c;
	struct arena *arena;
	unsigned int page;
	struct mspan *s;

	arena = arena_of(p, &page);
	s = READ_ONCE(arena->stack[page]) == STACK_WATCHED ? arena_span(arena, page) : NULL;
	c = s && mspan_row(s) ? mcentral_of(mspan_row(s)) : NULL;
	if (!c || c->set)
		return false;
	page_unwatch(c, s, p);
	return true;
}

/*
 * The same for any object.  In rows of sets pages get other numbers, too, under the row's lock.
 * False if that was taken.  An object of whole pages keeps its mark until another one begins
 * there: its second free would find a run by then.
 */
static bool object_watch(const void *p, bool watch, bool any)
{
	bool locked = true, set = false;
	unsigned long flags;
	struct object o;
	struct mspan *s;

	s = large_span(p);
	if (s) {
		if (watch)
			WRITE_ONCE(s->hint, 1);
	} else if (mspan_resolve(p, &o) == FOUND_OBJECT) {
		set = o.c->set;
		if (set)
			locked = lock_or_try(&o.c->lock, any, &flags);
		/* Full barrier: the record is there, now the mark, see page_unwatch(). */
		smp_mb();
		if (locked && watch)
			mspan_watch(o.c, o.span, p, true);
		else if (locked)
			page_unwatch(o.c, o.span, p);
		if (locked && set)
			galloc_unlock(&o.c->lock, flags);
	}
	return locked;
}

/* Mark the page of an object, or take the mark away.  False if a lock was taken. */
static bool page_watch(const void *p, bool watch, bool any)
{
	bool done;

	rcu_read_lock();
	done = (watch ? page_mark(p) : page_unmark(p)) || object_watch(p, watch, any);
	rcu_read_unlock();
	return done;
}

/* Take the record of an object, if it has one, and the mark of its page. */
static void record_drop(const void *p, bool any)
{
	/* If that is not possible now, frees in the page stay slow. */
	if (!record_take_at(addr_of(p)))
		return;
	page_watch(p, false, any);
	if (!any)
		settle_some();
}

/**
 * profile_add() - an object that was just allocated is sampled
 * @p: the object, which nobody else knows yet
 * @size: its bytes, as sample_is_due() knows them
 * @any: in an NMI, or where the caller may hold any lock
 *
 * Context: Any with @any; else no galloc lock held.
 */
void profile_add(const void *p, size_t size, bool any)
{
	struct profile_line line = { .size = size, .mean = READ_ONCE(sample_mean) };
	struct profile_entry *e;

	if (!line.mean)
		return;
	/* Pairs with sample_set(): who frees it finds that frees are looked for. */
	smp_rmb();
	line.stack = stackdepot_save_here(any);
	/* One that has been left there, see page_unwatch(). */
	record_take_at(addr_of(p));
	e = entry_get(&line, any);
	if (!e || !record_add(e, addr_of(p), any)) {
		atomic_long_inc(&nr_lost);
	} else if (!page_watch(p, true, any)) {
		record_drop(p, any);
		atomic_long_inc(&nr_lost);
	}
}

/* Objects that came at once, and from no stack. */
void profile_add_bulk(void **p, size_t n, size_t size)
{
	for (; n--; p++)
		if (sample_by_bytes(size))
			profile_add(*p, size, false);
}

/**
 * profile_forget() - an object is about to be freed
 * @p: any pointer
 * @any: in an NMI, or where the caller may hold any lock
 *
 * Context: Any with @any; else no galloc lock held.
 */
void profile_forget(const void *p, bool any)
{
	if (unlikely(is_watched(p)))
		record_drop(p, any);
}

/* All objects of these pages are gone, and soon the pages. */
void profile_forget_pages(unsigned long start, unsigned int npages)
{
	struct profile_record *r;

	for (; npages--; start += PAGE_SIZE) {
		r = NULL;
		while ((r = record_next(r, start)))
			record_take(r, READ_ONCE(r->addr) & ~RECORD_FREE);
	}
	settle_some();
}

/**
 * profile_see_left() - spans of small objects have left their row
 * @s: the spans, in TRANSIT, the caller's alone; their objects are free, or swept
 * @n: their number
 *
 * A mark is of an object that was swept, or of a record that nobody has taken, see
 * page_unwatch().
 *
 * Context: Any.
 */
void profile_see_left(struct mspan *const *s, unsigned int n)
{
	for (; n--; s++) {
		const struct arena *arena = (*s)->arena;
		unsigned int i, page = arena_page(arena, (*s)->start);

		/* Each lone page is looked at: it has no entry of its own. */
		for (i = 0; i < (*s)->npages; i++)
			if (unlikely(arena->lone || arena->stack[page + i] == STACK_WATCHED))
				profile_forget_pages((*s)->start + i * PAGE_SIZE, 1);
	}
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The profile as a whole.  What was freed before is counted. */
void profile_totals(struct profile_totals *t)
{
	unsigned long flags;
	bool more;

	do {
		galloc_lock(&profile_lock, flags);
		more = settle(SETTLE_TURN);
		*t = totals;
		galloc_unlock(&profile_lock, flags);
	} while (more);
	t->lost = atomic_long_read(&nr_lost);
}

/* The entry after this one, or the first one; NULL: there is no more.  The oldest first. */
const void *profile_next(const void *entry)
{
	const struct profile_entry *e = entry;

	/* Acquire: pairs with entry_link(). */
	return e ? smp_load_acquire(&e->all) : smp_load_acquire(&entries);
}

void profile_read(const void *entry, struct profile_line *line)
{
	struct profile_entry *e = (struct profile_entry *)entry;
	unsigned long flags;

	galloc_lock(&profile_lock, flags);
	entry_touch(e);
	*line = e->line;
	galloc_unlock(&profile_lock, flags);
}
