// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * mcentral: the spans of one row, that is of one size class, or of one set of rows made
 * at run time, on one node or in the emergency reserve.
 *
 * Called by mcache.c for whole spans, and for single objects where no stack can be
 * used; calls mheap.c for fresh spans.  Owns mcentral->lock and every span in state
 * PARTIAL or FULL.
 *
 * The span protocol is Go's (mcentral.cacheSpan, uncacheSpan), adapted to
 * explicit free; tools/model/mspan.pml is its model.  The rules:
 *
 *  1. The bitmap is the only truth.  Freers set bits without a lock; "all free"
 *     and "none free" are derived from the words, under the lock.
 *  2. Only the owner clears bits: the CPU whose stack holds the span, with busy
 *     set; the code that detached it; the holder of the lock while it is PARTIAL.
 *  3. Uncache: store the state, full barrier, then rescan the words.  The freer
 *     does the opposite: set the bit, full barrier, then read the state.  One
 *     of the two sees the other, so no free object is lost in a FULL span
 *     and no empty span stays PARTIAL.
 *  4. A freer stays in one RCU read section from the bit to the unlock, and
 *     checks row and state again, in one load, once it has the lock: the span
 *     may have been emptied, returned and cut for another row meanwhile.
 *  5. If a span was installed meanwhile, the latecomer uncaches its own.
 *
 * Where a span has one object only (@whole), its state says whether that is free, and none
 * of these is needed: see mspan_detach().
 *
 * Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "gather.h"

/* Spans examined before partial_pop() takes one unconditionally. */
#define POP_LOOK		4

/* Spans of the emergency reserve examined in each bucket for one of a node. */
#define POP_LOOK_NODE		16

struct mcentral **mcentral_rows;
unsigned int nr_rows;
unsigned int nr_stacks;

/* ---- lists of spans ------------------------------------------ */

/* Occupancy bucket: 0 holds the fullest, the last those at most a quarter full. */
static unsigned int span_bucket(const struct mspan *s)
{
	unsigned int used = s->objects - mspan_count_free(s);

	return MCENTRAL_BUCKETS - 1 - min_t(unsigned int, MCENTRAL_BUCKETS - 1,
					    used * MCENTRAL_BUCKETS / s->objects);
}

/*
 * A span of a set that changes lists gets the number of now: whoever walks the lists, to
 * do that for all, may miss it.
 */
static void span_list(struct mcentral *c, struct mspan *s, struct list_head *head)
{
	lockdep_assert_held(&c->lock);

	mspan_relabel(s, mcentral_stack(c));
	list_add(&s->list, head);
}

static void partial_add(struct mcentral *c, struct mspan *s)
{
	lockdep_assert_held(&c->lock);

	s->bucket = span_bucket(s);
	if (unlikely(c->set))
		mspan_relabel(s, mcentral_stack(c));
	/* Short ones last, so that they become empty and are returned. */
	if (likely(s->npages == c->sc->span_pages))
		list_add(&s->list, &c->partial[s->bucket]);
	else
		list_add_tail(&s->list, &c->partial[s->bucket]);
}

/* The list of a number below MCENTRAL_LISTS. */
struct list_head *mcentral_list(struct mcentral *c, unsigned int nr)
{
	return nr < MCENTRAL_BUCKETS ? &c->partial[nr] :
	       nr == MCENTRAL_BUCKETS ? &c->cached : &c->full;
}

/* The first span of a list, without the marks of walks, which have no pages; or NULL. */
struct mspan *mcentral_first(struct list_head *head)
{
	struct mspan *s;

	list_for_each_entry(s, head, list)
		if (likely(s->npages))
			return s;
	return NULL;
}

/*
 * Remove and return the first PARTIAL span of the fullest bucket.  Freers do not
 * move spans between buckets; a span that has emptied since is moved now, and the
 * next one examined, POP_LOOK times at most.
 */
static struct mspan *partial_pop(struct mcentral *c)
{
	unsigned int look = POP_LOOK;
	unsigned int b;

	lockdep_assert_held(&c->lock);

	c->changes++;
	for (b = 0; b < MCENTRAL_BUCKETS; b++) {
		struct mspan *s;

		while ((s = mcentral_first(&c->partial[b]))) {
			list_del_init(&s->list);
			if (!look || span_bucket(s) <= b)
				return s;
			look--;
			partial_add(c, s);
		}
	}
	return NULL;
}

/* The same for one node, if it is among the first spans of its bucket. */
static struct mspan *partial_pop_node(struct mcentral *c, int nid)
{
	struct mspan *s;
	unsigned int b;

	lockdep_assert_held(&c->lock);

	for (b = 0; b < MCENTRAL_BUCKETS; b++) {
		unsigned int look = POP_LOOK_NODE;

		list_for_each_entry(s, &c->partial[b], list) {
			if (s->npages && s->arena->nid == nid) {
				c->changes++;
				list_del_init(&s->list);
				return s;
			}
			if (!--look)
				break;
		}
	}
	return NULL;
}

/* ---- the span protocol ------------------------------------------------------------ */

/* A freer that sees FULL or PARTIAL takes the lock; otherwise the rescan sees its bit. */
static void state_store(struct mspan *s, enum mspan_state state)
{
	mspan_set_state(s, state);
	/* Full barrier: pairs with the one in mspan_release_bits(). */
	smp_mb();
}

/* From here on it is the caller's alone, who returns it to the mheap. */
static void span_leave_row(struct mcentral *c, struct mspan *s)
{
	lockdep_assert_held(&c->lock);

	list_del_init(&s->list);
	/* No page keeps a number that another set may get. */
	if (unlikely(c->set) && !mcentral_is_reserve(c))
		mspan_relabel(s, STACK_WITHOUT);
	mspan_set_state(s, MSPAN_TRANSIT);
}

/*
 * Choose FULL, PARTIAL or empty for a span, by its words, and its list.  True if it is
 * empty: it is in TRANSIT then, and the caller must return it to the mheap.
 */
static bool span_place(struct mcentral *c, struct mspan *s)
{
	lockdep_assert_held(&c->lock);

	c->changes++;
	list_del_init(&s->list);
	state_store(s, MSPAN_FULL);
	galloc_pause(PAUSE_UNCACHE_STORED, s);
	if (!mspan_has_free(s)) {
		if (unlikely(c->set))
			span_list(c, s, &c->full);
		return false;
	}
	/*
	 * Freers that still see FULL wait for the lock and check again.  Those
	 * that see PARTIAL come only if they set the last bit.
	 */
	state_store(s, MSPAN_PARTIAL);
	if (mspan_all_free(s)) {
		span_leave_row(c, s);
		return true;
	}
	partial_add(c, s);
	return false;
}

static void span_retire(struct mcentral *c, struct mspan *s)
{
	gate_spans_left(&s, 1, c->sc->size);
	if (unlikely(c->set)) {
		retire_span(c, s);
		return;
	}
	atomic_long_dec(&c->nr_spans);
	mheap_free(s);
}

/* What was popped becomes CACHED. */
static struct mspan *partial_cache(struct mcentral *c, struct mspan *s)
{
	lockdep_assert_held(&c->lock);

	if (!s)
		return NULL;
	mspan_set_state(s, MSPAN_CACHED);
	if (unlikely(c->set))
		span_list(c, s, &c->cached);
	return s;
}

/**
 * mcentral_swap() - return a CACHED span to its row
 * @old: span, detached from the stack it was in
 * @fetch: fetch another one of the row at the same time
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: The other one, CACHED and the caller's; NULL if there is none, or without @fetch.
 */
struct mspan *mcentral_swap(struct mspan *old, bool fetch)
{
	struct mcentral *c = mcentral_of(mspan_row(old));
	unsigned long flags;
	struct mspan *s;
	bool empty;

	galloc_lock(&c->lock, flags);
	empty = span_place(c, old);
	s = partial_cache(c, fetch ? partial_pop(c) : NULL);
	galloc_unlock(&c->lock, flags);
	if (empty)
		span_retire(c, old);
	return s;
}

/*
 * A PARTIAL span of a row, which becomes CACHED; or NULL.  In a row with pages of
 * several nodes, one of @nid, unless that is NUMA_NO_NODE.
 */
struct mspan *mcentral_fetch(struct mcentral *c, int nid)
{
	unsigned long flags;
	struct mspan *s;

	/* None has an object to spare; or, as far as anybody knows, there is none. */
	if (c->whole || !grow_has_partial(c))
		return NULL;
	galloc_lock(&c->lock, flags);
	s = partial_cache(c, nid == NUMA_NO_NODE ? partial_pop(c) : partial_pop_node(c, nid));
	galloc_unlock(&c->lock, flags);
	return s;
}

/**
 * mcentral_cache_span() - get a span with free objects of a row
 * @row: row wanted
 * @gfp: the request's flags
 *
 * If the row has none, cuts one from free pages of the node, or from pages that cost
 * it nothing.  So there is none where the node is used up.
 *
 * Return: A span in state CACHED that the caller owns, or NULL.
 */
struct mspan *mcentral_cache_span(unsigned int row, gfp_t gfp)
{
	struct mcentral *c = mcentral_of(row);

	return mcentral_fetch(c, NUMA_NO_NODE) ?: grow_span(c, GROW_SPARE, gfp);
}

/* Count an object of a row that bypassed the stacks. */
void mcentral_count_single(unsigned int row)
{
	struct mcentral *c = mcentral_of(row);
	unsigned long flags;

	galloc_lock(&c->lock, flags);
	c->singles++;
	galloc_unlock(&c->lock, flags);
}

/*
 * Take objects from a PARTIAL span, under the lock, or one from the transfer.  Returns
 * their number.
 */
static unsigned int mcentral_take(struct mcentral *c, unsigned int max, void **out)
{
	unsigned int n = 0;
	unsigned long flags;
	struct mspan *s;
	bool empty = false;

	galloc_lock(&c->lock, flags);
	s = partial_pop(c);
	if (s) {
		n = mspan_claim(s, out, max);
		empty = span_place(c, s);
		c->singles += n;
	}
	galloc_unlock(&c->lock, flags);
	/* Our claim does not empty it, but a freer may just have freed the rest. */
	if (unlikely(empty))
		span_retire(c, s);
	if (!n && READ_ONCE(c->transfer.n) && transfer_get(c->row, out, 1)) {
		mcentral_count_single(c->row);
		n = 1;
	}
	return n;
}

/* Take objects of a CACHED span, and return the span to its row. */
static unsigned int span_take(struct mspan *s, unsigned int max, void **out)
{
	struct mcentral *c = mcentral_of(mspan_row(s));
	unsigned long flags;
	unsigned int n;

	if (c->whole) {
		out[0] = mspan_take_only(s);
		mcentral_count_single(c->row);
		return 1;
	}
	n = mspan_claim(s, out, max);
	galloc_lock(&c->lock, flags);
	c->singles += n;
	galloc_unlock(&c->lock, flags);
	mcentral_uncache_span(s);
	return n;
}

/* Objects of another node than @c's, nearest first, if galloc has any. */
static unsigned int mcentral_take_stray(const struct mcentral *c, gfp_t gfp,
					unsigned int max, void **out)
{
	struct mspan *s;
	unsigned int i, n;
	int other;

	for_each_near(i, other, c->nid) {
		struct mcentral *row = grow_row_or_new(c, other, gfp);

		if (unlikely(!row))
			return 0;
		/* Lockless check, as in grow_stray(). */
		if (atomic_long_read(&row->nr_spans)) {
			n = mcentral_take(row, max, out);
			if (n)
				return n;
		}
		s = grow_span(row, GROW_FREE, gfp);
		if (s)
			return span_take(s, max, out);
	}
	return 0;
}

/**
 * mcentral_alloc_many() - allocate objects without a stack
 * @c: row wanted
 * @gfp: flags
 * @max: the most objects to allocate
 * @out: filled with them
 *
 * For an interrupt that finds its CPU's stacks busy, for another node than the
 * CPU's, and for debug mode.  If the node is used up, uses galloc's memory on other
 * nodes before new pages of theirs, unless @gfp has __GFP_THISNODE.
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: Their number: as many as one span had, 0 if there is no memory.
 */
unsigned int mcentral_alloc_many(struct mcentral *c, gfp_t gfp, unsigned int max,
				 void **out)
{
	unsigned int n = mcentral_take(c, max, out);
	struct mspan *s;

	if (n)
		return n;
	s = grow_span(c, GROW_SPARE, gfp);
	if (s)
		return span_take(s, max, out);
	if (!(gfp & __GFP_THISNODE)) {
		n = mcentral_take_stray(c, gfp, max, out);
		if (n)
			return n;
	}
	s = grow_any(c, gfp);
	return s ? span_take(s, max, out) : 0;
}

/* The same for one object of a row: the object, or NULL. */
void *mcentral_alloc(unsigned int row, gfp_t gfp)
{
	void *obj;

	return mcentral_alloc_many(mcentral_of(row), gfp, 1, &obj) ? obj : NULL;
}

/*
 * Look, under the lock, at a span with one object, which gfree_nolock() has freed.  Another
 * free of it takes no lock, see mspan_detach().
 */
static bool whole_recheck(struct mcentral *c, struct mspan *s)
{
	/* Acquire: the bit is of this life. */
	u64 word = smp_load_acquire(&s->word);
	bool won = mspan_word_tag(word) == MSPAN_TAG(c->row, MSPAN_FULL) &&
		   mspan_all_free(s) &&
		   mspan_exchange(s, word, MSPAN_TAG(c->row, MSPAN_TRANSIT));

	count_event(won ? EVENT_FULL_WON : EVENT_FULL_LOST);
	return won;
}

/*
 * Check again, under the lock, a span that a freer saw in state @saw, and move it to
 * another list if necessary.  True if it became empty and the caller must retire
 * it.
 */
static bool free_recheck(struct mcentral *c, struct mspan *s, enum mspan_state saw)
{
	u32 tag;

	lockdep_assert_held(&c->lock);

	c->changes++;
	if (unlikely(c->whole))
		return whole_recheck(c, s);
	/* Acquire: pairs with mspan_cut_taken(), the bits are of that life.  Row and state, too. */
	tag = smp_load_acquire(&s->tag);
	if (tag == MSPAN_TAG(c->row, MSPAN_FULL)) {
		count_event(EVENT_FULL_WON);
		if (!mspan_all_free(s))
			return span_place(c, s);
		/* No freer is left whose bit could be missed. */
		span_leave_row(c, s);
		return true;
	}
	if (tag >> 8 != c->row) {
		count_event(EVENT_ROW_CHANGED);
	} else if (tag == MSPAN_TAG(c->row, MSPAN_PARTIAL) &&
		   mspan_all_free(s)) {
		count_event(EVENT_EMPTY_WON);
		span_leave_row(c, s);
		return true;
	} else {
		/* Another CPU saw the bit, and has moved the span. */
		count_event(saw == MSPAN_FULL ? EVENT_FULL_LOST : EVENT_EMPTY_LOST);
	}
	return false;
}

/*
 * All objects of a span are freed at once, under the lock.  Others have none of them, so the
 * span stays FULL, unless one is freed twice.  True as free_recheck().
 */
static bool free_all(struct mcentral *c, struct cover *at)
{
	struct mspan *s = at->span;

	lockdep_assert_held(&c->lock);
	at->mask = mspan_release_bits(s, 0, at->mask);
	if (unlikely(READ_ONCE(s->tag) != MSPAN_TAG(c->row, MSPAN_FULL) ||
		     READ_ONCE(s->objects) != at->objects))
		return free_recheck(c, s, MSPAN_FULL);
	c->changes++;
	count_event(EVENT_FULL_WON);
	/* That of a class is on no list. */
	if (unlikely(c->set))
		span_leave_row(c, s);
	else
		mspan_set_state(s, MSPAN_TRANSIT);
	return true;
}

/* Of these spans, how many are looked at under the lock in one. */
#define SETTLE_TURN		8U

/*
 * Mark objects of one word of a span free, which a read section keeps a span, rule 4.
 * Returns the bits of those that are free already.
 */
static unsigned long free_mark(struct mspan *s, unsigned int word, unsigned long mask,
			       struct freed *freed)
{
	unsigned long twice = mspan_release_bits(s, word, mask);
	enum mspan_state state;

	if (unlikely(twice == mask))
		return twice;
	galloc_pause(PAUSE_FREE_MARKED, s);
	state = mspan_state(s);
	galloc_pause(PAUSE_FREE_DECIDED, s);
	if (state == MSPAN_FULL ||
	    (state == MSPAN_PARTIAL && mspan_word_all_free(s, word) &&
	     mspan_all_free(s)))
		freed_add(freed, s, NULL, state);
	return twice;
}

/* The second look at them, with the lock, at some in a turn.  Leaves those that became empty. */
static void free_settle(struct mcentral *c, struct freed *freed)
{
	unsigned int i = 0, n = 0, end;
	unsigned long flags;

	while (i < freed->n) {
		end = min(i + SETTLE_TURN, freed->n);
		galloc_lock(&c->lock, flags);
		for (; i < end; i++)
			if (freed->all[i] ? free_all(c, freed->all[i]) :
					    free_recheck(c, freed->span[i], freed->saw[i]))
				freed->span[n++] = freed->span[i];
		galloc_unlock(&c->lock, flags);
	}
	freed->n = n;
}

/* Spans that became empty go back. */
static void free_retire(struct mcentral *c, struct freed *freed)
{
	if (!freed->n)
		return;
	gate_spans_left(freed->span, freed->n, c->sc->size);
	if (unlikely(c->set)) {
		while (freed->n)
			retire_span(c, freed->span[--freed->n]);
		return;
	}
	atomic_long_sub(freed->n, &c->nr_spans);
	/* Each free of an object above a page has checked that its pages are not shared. */
	if (c->sc->size > PAGE_SIZE && !mcentral_is_reserve(c))
		mheap_free_runs(freed->span, freed->n);
	else
		mheap_free_spans(freed->span, freed->n);
}

/*
 * Free objects that have a span of their own each: those that were free already, and those
 * that are none.
 */
static void free_detached(struct mcentral *c, void **batch, unsigned int n,
			  struct freed *freed, unsigned long *twice, unsigned long *strange)
{
	unsigned int i, at = 0;

	freed->n = mspan_detach(c, batch, n, freed->span, strange);
	for (i = 0; i < freed->n; i++, at++) {
		/* gfree_nolock() came first, and nobody has looked at it yet. */
		if (likely(!READ_ONCE(freed->span[i]->free[0])))
			continue;
		while (freed->span[i]->start != addr_of(batch[at]))
			at++;
		*twice |= BIT(at);
	}
}

/*
 * Free one object into its span; @single: count it as one that bypassed the stacks.
 * False, and reported, if it is not live.
 */
static bool free_object(const void *p, bool single)
{
	struct mcentral *c = NULL;
	struct freed freed __uninitialized;
	enum mspan_found found;
	unsigned long twice = 0, strange = 0;
	bool live = false;
	struct object o;

	freed.n = 0;
	/* One read section from the bit to the unlock, rule 4. */
	rcu_read_lock();
	found = mspan_resolve(p, &o);
	if (found == FOUND_OBJECT) {
		c = o.c;
		if (c->whole) {
			free_detached(c, (void **)&p, 1, &freed, &twice, &strange);
			live = !(twice | strange);
		} else {
			live = !free_mark(o.span, o.index / BITS_PER_LONG,
					  BIT(o.index % BITS_PER_LONG), &freed);
		}
		/* Here: a row may go with its last object, at the end of the section. */
		if (live && single)
			atomic_inc(&c->back);
		if (!c->whole)
			free_settle(c, &freed);
	}
	rcu_read_unlock();

	free_retire(c, &freed);
	if (unlikely(!live))
		(single ? report_free : report_found)(p, found);
	return live;
}

/* Mark objects free, those of a word at once; then all of those spans are looked at. */
static void free_marks(struct mcentral *c, void **batch, unsigned int n, struct freed *freed,
		       struct gathered *g)
{
	struct cover *at;

	gather_objects(c, batch, n, g);
	for (at = g->cover; at < g->cover + g->n; at++) {
		if (!cover_is_all(at)) {
			at->mask = free_mark(at->span, at->word, at->mask, freed);
			continue;
		}
		galloc_pause(PAUSE_FREE_ALL, at->span);
		freed_add(freed, at->span, at, MSPAN_FULL);
	}
	free_settle(c, freed);
	for (at = g->cover; at < g->cover + g->n; at++)
		if (unlikely(at->mask))
			g->twice |= gather_which(c, at, batch, n, at->mask);
}

/*
 * Free a turn of objects of a row: one lock for all of their spans, one for their pages.
 * Returns how many are left, the first ones then.
 */
static unsigned int free_together(struct mcentral *c, void **batch, unsigned int n)
{
	struct freed freed __uninitialized;
	struct gathered g __uninitialized;
	unsigned int i, left = 0;

	freed.n = 0;
	/* One read section from the first bit to the unlock, rule 4. */
	rcu_read_lock();
	if (c->whole) {
		g.twice = 0;
		g.strange = 0;
		g.later = 0;
		free_detached(c, batch, n, &freed, &g.twice, &g.strange);
	} else {
		free_marks(c, batch, n, &freed, &g);
	}
	rcu_read_unlock();
	free_retire(c, &freed);

	for_each_set_bit(i, &g.twice, n)
		report_found(batch[i], FOUND_OBJECT);
	for_each_set_bit(i, &g.strange, n)
		if (!free_object(batch[i], false))
			g.twice |= BIT(i);
	/* Freed twice: as many came to the stack as were never out. */
	if (unlikely(g.twice))
		atomic_sub(hweight_long(g.twice), &c->back);
	for_each_set_bit(i, &g.later, n)
		batch[left++] = batch[i];
	return left;
}

/**
 * mcentral_free() - free an object that is neither on a stack nor in use
 * @p: its address
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if it is not a live object, which is reported.
 */
bool mcentral_free(const void *p)
{
	return free_object(p, false);
}

/**
 * mcentral_free_single() - free an object that was in use
 * @p: its address
 *
 * For every free that cannot use a stack.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void mcentral_free_single(const void *p)
{
	free_object(p, true);
}

/**
 * mcentral_mark_nolock() - free an object without a lock
 * @o: the object, in an RCU read section
 * @owed: set if its span must be looked at afterwards, by mcentral_look()
 *
 * Context: Any.
 * Return: False if it is free already.
 */
bool mcentral_mark_nolock(const struct object *o, bool *owed)
{
	struct freed freed __uninitialized;

	freed.n = 0;
	if (free_mark(o->span, o->index / BITS_PER_LONG, BIT(o->index % BITS_PER_LONG),
		      &freed))
		return false;
	atomic_inc(&o->c->back);
	*owed = freed.n;
	return true;
}

/* The look that was owed at a span, whatever has become of it.  In an RCU read section. */
void mcentral_look(struct mspan *s)
{
	struct mcentral *c = mcentral_of(mspan_row(s));
	struct freed freed __uninitialized;

	if (!c)
		return;
	freed.n = 0;
	freed_add(&freed, s, NULL, MSPAN_FULL);
	free_settle(c, &freed);
	free_retire(c, &freed);
}

/**
 * mcentral_take_nolock() - allocate an object if nobody holds the lock of the row
 * @row: the row
 *
 * Context: Any.
 * Return: The object, or NULL.
 */
void *mcentral_take_nolock(unsigned int row)
{
	struct mcentral *c = mcentral_of(row);
	unsigned long flags;
	struct mspan *s;
	void *obj = NULL;

	if (!galloc_trylock(&c->lock, flags))
		return NULL;
	s = partial_pop(c);
	if (s) {
		c->singles += mspan_claim(s, &obj, 1);
		/* It is not empty, as long as nobody frees our object. */
		WARN_ON_ONCE(span_place(c, s));
	}
	galloc_unlock(&c->lock, flags);
	return obj;
}

/**
 * mcentral_free_turn() - free some of the objects that have left a stack or the transfer
 * @row: their row
 * @batch: the objects
 * @n: their number, at least 1
 *
 * The last ones, GATHER_MOST at most, as far as they are of GATHER_WORDS words.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: How many are left: they are the first ones of @batch now.
 */
unsigned int mcentral_free_turn(unsigned int row, void **batch, unsigned int n)
{
	struct mcentral *c = mcentral_of(row);
	/* Of spans with few objects, no more than are of so many words. */
	unsigned int turn = min3(n, GATHER_MOST, FREE_TURN * c->sc->objects);

	n -= turn;
	return n + free_together(c, batch + n, turn);
}

/* The same for all of them. */
void mcentral_free_batch(unsigned int row, void **batch, unsigned int n)
{
	while (n)
		n = mcentral_free_turn(row, batch, n);
}

/* ---- init ------------------------------------------------------------------------- */

/* Fill in a row, all zero, but for its number and stack. */
void mcentral_setup(struct mcentral *c, const struct sizeclass *sc, int nid)
{
	int i;

	raw_spin_lock_init(&c->lock);
	for (i = 0; i < MCENTRAL_BUCKETS; i++)
		INIT_LIST_HEAD(&c->partial[i]);
	INIT_LIST_HEAD(&c->cached);
	INIT_LIST_HEAD(&c->full);
	seqcount_init(&c->folds);
	c->sc = sc;
	c->nid = nid;
}
