// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * validate: consistency checks within and between the layers.
 *
 * Walks everything and prints violations, while others allocate and free.  Data that one
 * lock protects, or one CPU owns, is checked under that lock, or on that CPU, a turn at
 * a time: a violation there is certain.  Comparisons across turns count only if nothing
 * has changed in between, by the layers' change counters; otherwise the walk starts
 * again, a few times.
 */
#include "look.h"
#include "mcache.h"
#include "table.h"
#include "validate.h"

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

/* Walks until one sees no change, and the pause between two. */
#define TRIES		5
#define PAUSE_MS	20

/* Entries of a list examined in one turn. */
#define LIST_TURN	64

/* Unowned pages examined in one turn, and pages of a run. */
#define PAGE_TURN	64
#define RUN_TURN	64U

/* ---- change counters ----------------------------------------------------------- */

static void changes_read(struct changes *x)
{
	struct row_walk w = { };
	struct mcentral *mc;
	unsigned long flags;
	int nid, cpu;

	memset(x, 0, sizeof(*x));
	while ((mc = rows_next(&w))) {
		galloc_lock(&mc->lock, flags);
		x->rows += mc->changes;
		galloc_unlock(&mc->lock, flags);
		x->spans += atomic_long_read(&mc->nr_spans);
		cond_resched();
	}
	for_each_node(nid) {
		struct mheap *h = mheap_of(nid);

		galloc_lock(&h->lock, flags);
		x->heaps += h->changes;
		galloc_unlock(&h->lock, flags);
	}
	x->arenas = map_changes();
	for_each_possible_cpu(cpu)
		/* Acquire: pairs with the release in stash_changed(). */
		x->runs += smp_load_acquire(&per_cpu(galloc_mcache, cpu).runs_changes);
}

/*
 * Has nothing changed since the walk began, and is no change half done?  Code that has
 * set a bit but not yet checked the span's state, or is about to cut a span, is in a
 * read section, and increments a counter before it ends.
 */
static bool nothing_changed(const struct check *c)
{
	struct changes now;

	synchronize_rcu();
	changes_read(&now);
	return !memcmp(&now, &c->before, sizeof(now));
}

/* Are there pages that are charged but not owned by an mheap: arriving or leaving? */
static bool pages_on_their_way(const struct check *c)
{
	long meta = arena_meta_bytes();
	long held = arena_held_bytes();

	if (meta != arena_meta_bytes())
		return true;
	return (held - meta) >> PAGE_SHIFT !=
	       (long)c->owned + arena_lost_pages();
}

/* ---- spans and slots -------------------------------------------------------- */

/* A waiting object is allocated in its span: it stops waiting before it is freed. */
static void check_waiting(struct findings *maybe, const struct mspan *s,
			  unsigned int size)
{
	unsigned int first = arena_page(s->arena, s->start), page = first;

	for_each_set_bit_from(page, s->arena->waiting, first + s->npages) {
		unsigned long offset = (unsigned long)(page - first) << PAGE_SHIFT;
		unsigned int index = DIV_ROUND_UP(offset, size);

		check_that(maybe, size > PAGE_SIZE && index < s->objects);
		if (test_bit(index, s->free)) {
			/* Pairs with the full order of mspan_release_bits(). */
			smp_rmb();
			check_that(maybe, !test_bit(page, s->arena->waiting));
		}
	}
}

/* The stack number of a page.  Those of sets may be old, but not another's. */
static void check_label(struct findings *maybe, const struct mcentral *mc, unsigned int label)
{
	/* The page of a sampled object, perhaps. */
	if (label == STACK_WATCHED && gate_has_watchers())
		return;
	if (mc->set && !mcentral_is_reserve(mc) && label != STACK_WITHOUT)
		check_that(maybe, label >= STACK_FIRST && stack_central(label) == mc);
	else
		check_eq(maybe, label, mc->stack);
}

static void check_cut(struct check *c, const struct mspan *s, unsigned int row,
		      enum mspan_state state)
{
	const struct arena *arena = s->arena;
	unsigned int first = arena_page(arena, s->start);
	struct findings *maybe = &c->maybe;
	const struct mcentral *mc = mcentral_of(row);
	const struct sizeclass *sc;
	unsigned int i;

	if (!mc) {
		complain(&c->sure, "no such row", row, nr_rows);
		return;
	}
	if (row >= c->nr_rows) {
		/* Made since the check began. */
		c->missed = true;
		return;
	}
	if (state == MSPAN_TRANSIT) {
		/* Empty, and not in the mheap yet. */
		c->nr_transit[row]++;
		return;
	}
	sc = mc->sc;
	check_eq(maybe, s->reserve, mcentral_is_reserve(mc));
	if (!s->reserve)
		check_eq(maybe, mc->nid, arena->nid);
	/* The whole order of one object may be longer. */
	check_that(maybe, s->npages <= sc->span_pages || s->objects == 1);
	check_that(maybe, s->objects);
	check_eq(maybe, s->objects, sizeclass_objects(sc, s->npages));
	check_eq(maybe, first % sc->align_pages, 0);
	check_that(maybe, s->objects <= s->nwords * BITS_PER_LONG);
	if (arena->lone)
		check_eq(maybe, arena_stack_of((void *)s->start), mc->stack);
	for (i = 0; !arena->lone && i < s->npages && first + i < ARENA_PAGES; i++) {
		check_label(maybe, mc, arena->stack[first + i]);
		check_that(maybe, arena_span(arena, first + i) == s);
	}
	if (s->objects % BITS_PER_LONG)
		check_eq(maybe, s->free[s->objects / BITS_PER_LONG] >>
			 s->objects % BITS_PER_LONG, 0);
	if (!arena->lone)
		check_waiting(maybe, s, sc->size);
	c->nr_spans[row]++;
	switch (state) {
	case MSPAN_PARTIAL:
		check_that(maybe, mspan_has_free(s) && !mspan_all_free(s));
		c->nr_partial[row]++;
		break;
	case MSPAN_FULL:
		check_that(maybe, !mspan_has_free(s));
		break;
	default:
		check_eq(maybe, state, MSPAN_CACHED);
	}
}

/* A span of a row of whole pages. */
static void count_in_row(struct check *c, unsigned int row)
{
	if (row < c->nr_rows)
		c->nr_spans[row]++;
	else
		c->missed = true;
}

/* Do @n pages from @page on have this stack number?  A run may fill its slot. */
static bool all_have(const struct arena *arena, unsigned int page, unsigned int n,
		     unsigned int stack)
{
	const u16 *at = arena->stack + page;

	/* data_race(): a run that is cut meanwhile is no finding. */
	return data_race(*at) == stack &&
		/* data_race(): the same; each number is compared with the one before. */
		!data_race(memcmp(at + 1, at, (n - 1) * sizeof(*at)));
}

/* Have the pages from @page up to @end no span? */
static bool have_no_span(const struct arena *arena, unsigned int page, unsigned int end)
{
	if (likely(arena->span))
		return page >= end || !memchr_inv(&arena->span[page], 0,
						  (end - page) * sizeof(arena->span[0]));
	/* In pieces: they are short. */
	while (page < end && !arena_span(arena, page))
		page++;
	return page >= end;
}

/* A turn of pages of a run: no spans but at its ends. */
static void check_part(struct check *c, const struct run_part *r)
{
	unsigned int from = r->from, to = min(from + RUN_TURN, r->end);
	const struct arena *arena = r->s->arena;
	enum mspan_state state = r->tag & 0xff;
	/* A run in another state may be cut concurrently. */
	struct findings *f = state == MSPAN_FREE ? &c->sure : &c->maybe;

	if (state != MSPAN_TRANSIT)
		check_that(f, all_have(arena, from, to - from, tag_is_large(r->tag) ?
				       STACK_LARGE : STACK_NONE));
	check_that(f, have_no_span(arena, from + (from == r->first), to - (to == r->end)));
}

static void check_run(struct check *c, const struct mspan *s, unsigned int page, u32 tag)
{
	const struct arena *arena = s->arena;
	unsigned int end = min(page + s->npages, ARENA_PAGES);
	enum mspan_state state = tag & 0xff;
	struct findings *f = state == MSPAN_FREE ? &c->sure : &c->maybe;
	const struct run_part r = { s, tag, page, end, page };

	if (page < end)
		check_part(c, &r);
	/* The rest of a long one in turns of their own. */
	if (page + RUN_TURN < end && c->nr_rest < ARRAY_SIZE(c->rest))
		c->rest[c->nr_rest++] = r;
	if (s->huge)
		return;
	check_that(f, arena_span(arena, end - 1) == s);
	if (state != MSPAN_FREE || end == ARENA_PAGES ||
	    !test_bit(end, arena->owned))
		return;
	check_that(f, !arena_span(arena, end) ||
		   mspan_state(arena_span(arena, end)) != MSPAN_FREE);
}

static void check_span(struct mspan *s, void *arg)
{
	unsigned int page = arena_page(s->arena, s->start);
	int nid = s->arena->nid;
	struct check *c = arg;
	/* One load: it may change concurrently. */
	u32 tag = READ_ONCE(s->tag);
	enum mspan_state state = tag & 0xff;

	check_that(&c->sure, s->npages && s->start >= s->arena->start);
	if (s->arena->lone)
		c->owned++;
	if (tag_has_objects(tag)) {
		check_cut(c, s, tag >> 8, state);
	} else if (!s->arena->lone) {
		check_run(c, s, page, tag);
		if (tag >> 8)
			count_in_row(c, tag >> 8);
	}
	if (tag == MSPAN_TAG(0, MSPAN_CACHED))
		c->stashed_pages += s->npages;
	if (tag == MSPAN_TAG(0, MSPAN_TRANSIT))
		c->nr_moving++;
	if (state == MSPAN_FREE)
		c->free_pages[nid] += s->npages;
	else
		c->used_pages[nid] += s->npages;
}

/* A turn of pages of a slot, under the lock: unowned ones have no stack and no span. */
static void check_pages(struct check *c, const struct arena *arena,
			unsigned int from)
{
	struct findings *sure = &c->sure;
	unsigned int page, to = min(from + PAGE_TURN, ARENA_PAGES);

	for (page = from; page < to; page++) {
		if (test_bit(page, arena->owned))
			continue;
		/* A lone page may be there. */
		if (arena->stack[page] != STACK_WATCHED)
			check_eq(sure, arena->stack[page], 0);
		check_that(sure, !arena_span(arena, page));
	}
	if (from)
		return;
	check_eq(sure, arena->nr_owned,
		 bitmap_weight(arena->owned, ARENA_PAGES));
	check_that(sure, arena->nr_used <= arena->nr_owned);
	check_eq(&c->refs, READ_ONCE(arena->refs), arena->nr_owned);
	c->owned += bitmap_weight(arena->owned, ARENA_PAGES);
}

/* The tables of a slot, locked and in a read section; neither if it has none of its own. */
static struct arena *slot_lock(unsigned long nr, unsigned long *flags)
{
	struct arena *arena;

	rcu_read_lock();
	arena = map_slot(nr);
	if (arena == &arena_none || arena->lone)
		rcu_read_unlock();
	else
		galloc_lock(&mheap_of(arena->nid)->lock, *flags);
	return arena;
}

static void slot_unlock(struct arena *arena, unsigned long flags)
{
	galloc_unlock(&mheap_of(arena->nid)->lock, flags);
	rcu_read_unlock();
}

static bool check_slot(struct check *c, unsigned long nr)
{
	unsigned int from;

	for (from = 0; from < ARENA_PAGES; from += PAGE_TURN) {
		struct arena *arena;
		unsigned long flags;

		arena = slot_lock(nr, &flags);
		if (arena == &arena_none || arena->lone)
			return arena->lone;
		check_pages(c, arena, from);
		slot_unlock(arena, flags);
	}
	return true;
}

/* One more turn of a long run that check_run() found.  False if it has changed. */
static bool check_more(struct check *c, unsigned long nr, struct run_part *r)
{
	struct arena *arena;
	unsigned long flags;
	bool same;

	arena = slot_lock(nr, &flags);
	if (arena == &arena_none || arena->lone)
		return false;
	/* While the map leads to the descriptor, that is one. */
	same = arena_span(arena, r->first) == r->s && r->s->tag == r->tag &&
	       arena_page(arena, r->s->start) == r->first &&
	       r->first + r->s->npages >= r->end;
	if (same)
		check_part(c, r);
	slot_unlock(arena, flags);
	return same;
}

/* What check_run() has left of the long runs of a slot. */
static void check_rest(struct check *c, unsigned long nr)
{
	for (; c->nr_rest; c->nr_rest--) {
		struct run_part *r = &c->rest[c->nr_rest - 1];

		do
			r->from += RUN_TURN;
		while (r->from < r->end && check_more(c, nr, r));
	}
}

static void check_slots(struct check *c)
{
	unsigned long nr;

	for (nr = 0; nr < map_nr_slots(); nr++) {
		if (check_slot(c, nr)) {
			map_walk_slot(nr, check_span, c);
			check_rest(c, nr);
		}
		if (nr % 64 == 0 || need_resched())
			cond_resched();
	}
	/* The atomic reserve's are in TRANSIT all the time; if any came or went, that is seen. */
	c->nr_moving -= min(c->nr_moving, standby_runs());
	galloc_pause(PAUSE_SLOTS_CHECKED, c);
}

/* ---- lists --------------------------------------------------------------------- */

/**
 * struct list_walk - a list that is walked in turns
 * @lock: protects it
 * @changes: incremented under @lock whenever an entry is added or removed
 * @head: of the list
 * @fn: called for each entry, with @lock held
 * @number: of the list, for @fn
 * @listed: pages, or spans, @fn has counted
 * @moving: spans in TRANSIT that @fn has counted
 * @seen: @changes in the previous turn
 * @at: the last entry of that turn
 */
struct list_walk {
	raw_spinlock_t *lock;
	const unsigned long *changes;
	struct list_head *head;
	void (*fn)(struct check *c, struct list_walk *w, struct mspan *s);
	unsigned int number;
	unsigned long listed;
	unsigned long moving;
	unsigned long seen;
	struct list_head *at;
};

/* One turn.  False if it was the last, or the position in the list is lost. */
static bool list_turn(struct check *c, struct list_walk *w)
{
	unsigned int turn = LIST_TURN;
	unsigned long flags;
	bool more;

	galloc_lock(w->lock, flags);
	if (w->at != w->head && *w->changes != w->seen) {
		c->missed = true;
		more = false;
	} else {
		w->seen = *w->changes;
		for (; turn && w->at->next != w->head; turn--) {
			w->at = w->at->next;
			w->fn(c, w, list_entry(w->at, struct mspan, list));
		}
		more = !turn;
	}
	galloc_unlock(w->lock, flags);
	return more;
}

static void list_check(struct check *c, struct list_walk *w)
{
	/* More turns than possible: the list does not end. */
	unsigned long turns = 2 + (c->owned + (1UL << 20)) / LIST_TURN;

	w->at = w->head;
	while (list_turn(c, w)) {
		if (!--turns) {
			complain(&c->sure, "a list does not end", w->number, 0);
			break;
		}
		cond_resched();
	}
}

static void check_listed_run(struct check *c, struct list_walk *w,
			     struct mspan *s)
{
	struct findings *sure = &c->sure;

	check_eq(sure, s->npages, w->number / 2);
	check_eq(sure, s->dense, w->number % 2);
	check_that(sure, s->dense == s->arena->dense ||
		   arena_page(s->arena, s->start) >= s->arena->relist);
	check_eq(sure, s->tag, MSPAN_TAG(0, MSPAN_FREE));
	w->listed += s->npages;
}

static void check_kept(struct check *c, struct list_walk *w, struct mspan *s)
{
	check_that(&c->sure, s->huge && !s->reserve);
	check_eq(&c->sure, s->npages, 1 << s->chunk_order);
	check_eq(&c->sure, s->tag, MSPAN_TAG(0, MSPAN_FREE));
	w->listed += s->npages;
}

/* Chunks of huge objects that are kept.  Returns their pages. */
static unsigned long check_all_kept(struct check *c, struct mheap *h)
{
	struct list_walk w = {
		.lock = &h->lock,
		.changes = &h->changes,
		.head = &h->kept,
		.fn = check_kept,
	};
	unsigned long flags;

	list_check(c, &w);
	galloc_lock(&h->lock, flags);
	check_eq(&c->maybe, w.listed, h->kept_pages);
	galloc_unlock(&h->lock, flags);
	return w.listed;
}

/* The runs of 256 pages and more.  Returns their pages. */
static unsigned long check_tree(struct check *c, struct mheap *h)
{
	unsigned long flags, seen = 0, listed = 0;
	struct rb_node *at = NULL;
	unsigned int turn;

	do {
		galloc_lock(&h->lock, flags);
		if (at && h->changes != seen) {
			c->missed = true;
			turn = 1;
		} else {
			seen = h->changes;
			at = at ? rb_next(at) : rb_first(&h->large_runs);
			for (turn = LIST_TURN; at; at = rb_next(at)) {
				struct mspan *s = rb_entry(at, struct arena, node)->long_run;

				check_that(&c->sure, s->npages >= MHEAP_LISTS);
				check_eq(&c->sure, s->tag,
					 MSPAN_TAG(0, MSPAN_FREE));
				listed += s->npages;
				if (!--turn)
					break;
			}
		}
		galloc_unlock(&h->lock, flags);
		cond_resched();
	} while (!turn);
	return listed;
}

static void check_heap(struct check *c, struct mheap *h)
{
	struct findings *maybe = &c->maybe;
	unsigned long flags, listed = 0;
	unsigned int n, d;

	for (n = 1; n < MHEAP_LISTS; n++) {
		galloc_lock(&h->lock, flags);
		check_eq(&c->sure, test_bit(n, h->nonempty),
			 !list_empty(&h->free[n][0]) ||
			 !list_empty(&h->free[n][1]));
		galloc_unlock(&h->lock, flags);
		for (d = 0; d < 2; d++) {
			struct list_walk w = {
				.lock = &h->lock,
				.changes = &h->changes,
				.head = &h->free[n][d],
				.fn = check_listed_run,
				.number = 2 * n + d,
			};

			list_check(c, &w);
			listed += w.listed;
		}
	}
	listed += check_tree(c, h);
	listed += check_all_kept(c, h);
	galloc_lock(&h->lock, flags);
	check_eq(maybe, listed, h->free_pages);
	check_that(maybe, h->told_pages >= 0 &&
		   h->told_pages <= (long)h->free_pages);
	check_eq(maybe, h->free_pages, c->free_pages[h->nid]);
	check_eq(maybe, h->used_pages, c->used_pages[h->nid]);
	galloc_unlock(&h->lock, flags);
}

static void check_listed_span(struct check *c, struct list_walk *w,
			      struct mspan *s)
{
	unsigned int row = w->number / MCENTRAL_BUCKETS;

	/* The mark of a walk has no pages. */
	if (!s->npages)
		return;
	check_eq(&c->sure, s->tag, MSPAN_TAG(row, MSPAN_PARTIAL));
	check_eq(&c->sure, s->bucket, w->number % MCENTRAL_BUCKETS);
	w->listed++;
}

static void check_other_span(struct check *c, struct list_walk *w, struct mspan *s)
{
	if (!s->npages)
		return;
	check_eq(&c->sure, s->tag, w->number);
	w->listed++;
}

/*
 * An object of whole pages is on the list before it is one, until after it has been freed:
 * its owner changes the tag without the row's lock.
 */
static void check_large_span(struct check *c, struct list_walk *w, struct mspan *s)
{
	/* One load: it may change concurrently. */
	u32 tag = READ_ONCE(s->tag);

	if (!s->npages)
		return;
	if (tag == MSPAN_TAG(0, MSPAN_TRANSIT)) {
		w->moving++;
		return;
	}
	check_that(&c->sure, tag_is_large(tag) && tag >> 8 == w->number);
	w->listed++;
}

/* The spans of a row in a state other than PARTIAL.  Returns their number. */
static unsigned long check_others(struct check *c, struct mcentral *mc,
				  struct list_head *head, enum mspan_state state)
{
	struct list_walk w = {
		.lock = &mc->lock,
		.changes = &mc->changes,
		.head = head,
		.fn = check_other_span,
		.number = MSPAN_TAG(mc->row, state),
	};

	list_check(c, &w);
	return w.listed;
}

/* The spans of a row of whole pages. */
static void check_large(struct check *c, struct mcentral *mc)
{
	struct list_walk w = {
		.lock = &mc->lock,
		.changes = &mc->changes,
		.head = &mc->full,
		.fn = check_large_span,
		.number = mc->row,
	};

	list_check(c, &w);
	c->nr_moving += w.moving;
	if (w.listed == c->nr_spans[mc->row])
		return;
	/* Those that are on their way may have been found here and in the map, or not. */
	if (c->nr_moving)
		c->missed = true;
	else
		complain(&c->maybe, "listed spans are not those found", mc->row, w.listed);
}

static void check_row(struct check *c, struct mcentral *mc)
{
	unsigned long listed = 0, spans;
	unsigned int b;

	if (mc->row >= c->nr_rows) {
		c->missed = true;
		return;
	}
	for (b = 0; b < MCENTRAL_BUCKETS; b++) {
		struct list_walk w = {
			.lock = &mc->lock,
			.changes = &mc->changes,
			.head = &mc->partial[b],
			.fn = check_listed_span,
			.number = mc->row * MCENTRAL_BUCKETS + b,
		};

		list_check(c, &w);
		listed += w.listed;
	}
	check_eq(&c->maybe, listed, c->nr_partial[mc->row]);
	if (!mc->sc->size) {
		check_large(c, mc);
	} else if (mc->set) {
		listed += check_others(c, mc, &mc->cached, MSPAN_CACHED);
		listed += check_others(c, mc, &mc->full, MSPAN_FULL);
		check_eq(&c->maybe, listed, c->nr_spans[mc->row]);
	}
	/* Spans returning to the mheap may be counted or not. */
	spans = atomic_long_read(&mc->nr_spans) - c->nr_spans[mc->row];
	if (spans > c->nr_transit[mc->row] + (mc->sc->size ? 0 : c->nr_moving))
		complain(&c->maybe, "spans of a row are not those found",
			 mc->row, spans);
}

/* ---- the whole check --------------------------------------------------------------- */

static void check_free(struct check *c)
{
	if (!c)
		return;
	kfree(c->free_pages);
	kvfree(c->nr_spans);
	kfree(c);
}

static struct check *check_new(void)
{
	struct check *c = galloc_fail(0) ? NULL : kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->free_pages = galloc_fail(0) ? NULL :
			kcalloc(2 * nr_node_ids, sizeof(long), GFP_KERNEL);
	c->nr_rows = rows_end();
	c->nr_spans = galloc_fail(0) ? NULL :
		      kvcalloc(3 * c->nr_rows, sizeof(long), GFP_KERNEL);
	if (!c->free_pages || !c->nr_spans) {
		check_free(c);
		return NULL;
	}
	c->used_pages = c->free_pages + nr_node_ids;
	c->nr_partial = c->nr_spans + c->nr_rows;
	c->nr_transit = c->nr_partial + c->nr_rows;
	return c;
}

static void check_all(struct check *c)
{
	struct row_walk w = { };
	struct mcentral *mc;
	int nid;

	changes_read(&c->before);
	check_slots(c);
	for_each_node(nid)
		check_heap(c, mheap_of(nid));
	while ((mc = rows_next(&w))) {
		check_row(c, mc);
		validate_cpus_transfer(c, mc);
	}
	validate_cpus_all(c);
}

/* Decide which findings of a walk are errors.  False if that is undecidable. */
static bool check_judge(struct check *c)
{
	bool judged = true;

	if (c->refs.nr && pages_on_their_way(c))
		judged = false;
	else
		findings_move(&c->maybe, &c->refs);
	if (c->maybe.nr && nothing_changed(c))
		findings_move(&c->sure, &c->maybe);
	return judged && !c->maybe.nr && !c->missed && !c->cpus_missed;
}

/**
 * validate_verdict() - check the invariants of all layers
 * @v: filled with the result
 *
 * Others may allocate and free concurrently.
 *
 * Context: Process.  Sleeps; takes the hotplug lock.
 * Return: Number of errors found; each of the first ones is printed.
 */
unsigned int validate_verdict(struct galloc_verdict *v)
{
	struct check *c = NULL;
	unsigned int try;

	*v = (struct galloc_verdict) { .racy = true };
	/* Clients' errors, not galloc's: they are reported and counted, but no violation. */
	bytes_check();
	for (try = 0; try < TRIES && v->racy && !v->errors; try++) {
		if (try)
			msleep(PAUSE_MS);
		c = check_new();
		v->no_memory = !c;
		if (!c)
			continue;
		mend_all();
		check_all(c);
		v->racy = !check_judge(c);
		v->errors = c->sure.nr;
		v->cpus_missed = c->cpus_missed;
		findings_print(&c->sure);
		check_free(c);
	}
	return v->errors;
}

/* The same for callers that need only the number of errors; having no memory is one. */
unsigned int validate_all(void)
{
	struct galloc_verdict v;

	return validate_verdict(&v) ?: v.no_memory;
}
