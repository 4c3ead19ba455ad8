// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * run: the lists of a node's free runs, by length and by how full their blocks are,
 * how runs are cut and joined, and the descriptors that this takes.
 *
 * Called by mheap.c and release.c, mostly with mheap->lock held.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/rbtree.h>

/* Entries of a list examined for the one in the fullest block. */
#define LOOK			4

/* Entries of all lists examined for one that can be aligned. */
#define LOOK_ALIGNED		32

/* Spans of a block, or pages without one, examined at a time for a new density. */
#define RELIST_TURN		16

/* A slot has one run of so many pages, or none: with two there would be none between. */
static_assert(2 * MHEAP_LISTS >= ARENA_PAGES);

/* Unused descriptors that one turn takes from the stock under the lock. */
#define SPARES_TURN		32

/* ---- unused descriptors ----------------------------------------------------- */

/* A kind that an operation may need and that there is too little of; -1 if none. */
static int spares_lacking(const struct mheap *h, const struct want *w)
{
	unsigned int kind;

	lockdep_assert_held(&h->lock);

	if (h->nr_spare[0] < SPARES_NEEDED + (w ? w->nr_more : 0))
		return 0;
	/* A shorter span has fewer objects. */
	for (kind = w ? run_want_kind(w, w->npages) : 0;
	     kind && kind >= run_want_kind(w, w->least); kind--)
		if (!h->nr_spare[kind])
			return kind;
	return -1;
}

/* Descriptors of the smallest kind that are allocated at a time. */
#define SPARES_BATCH		16

/* Add a descriptor of a kind to the stock; several at once if that is possible here. */
static bool spares_get(struct mheap *h, unsigned int kind, gfp_t gfp)
{
	struct mspan *s[SPARES_BATCH] __uninitialized;
	unsigned long flags;
	unsigned int n = SPARES_BATCH;

	if (!may_grow())
		return false;
	if (kind || !may_call_system() || !mspan_new_many(s, n, gfp)) {
		s[0] = mspan_new(kind, gfp);
		if (!s[0])
			return false;
		n = 1;
	}
	galloc_lock(&h->lock, flags);
	while (n)
		run_spare_push(h, s[--n]);
	galloc_unlock(&h->lock, flags);
	return true;
}

/*
 * Allocate the descriptors that an operation may need, without @w to publish a chunk,
 * and take the lock.  They are allocated before it; surplus ones stay for the next
 * caller.
 */
bool run_lock_with_spares(struct mheap *h, const struct want *w, gfp_t gfp,
			  unsigned long *flags)
{
	gfp = meta_gfp(gfp, w ? w->least : 0);

	for (;;) {
		int kind;

		galloc_lock(&h->lock, *flags);
		kind = spares_lacking(h, w);
		if (likely(kind < 0)) {
			/* For sparse: the callers release it, see mheap.h. */
			__release(&h->lock);
			return true;
		}
		galloc_unlock(&h->lock, *flags);

		if (!spares_get(h, kind, gfp)) {
			worker_kick(WORKER_NOW);
			return false;
		}
	}
}

/* Stock some descriptors for callers that cannot allocate them.  False if there is no memory. */
bool run_fill_spares(struct mheap *h, gfp_t gfp)
{
	unsigned long flags;
	struct mspan *s;
	unsigned int kind;

	for (kind = 0; kind < MSPAN_KINDS; kind++) {
		/* A stale count makes one too many or too few: harmless. */
		while (data_race(h->nr_spare[kind]) < SPARES_NEEDED * 2) {
			s = mspan_new(kind, gfp);
			if (!s)
				return false;
			galloc_lock(&h->lock, flags);
			run_spare_push(h, s);
			galloc_unlock(&h->lock, flags);
		}
	}
	return true;
}

/* Move up to a turn's worth of unused descriptors above @keep to @surplus. */
static bool spares_take(struct mheap *h, unsigned int kind, unsigned int keep,
			struct list_head *surplus)
{
	unsigned int turn = SPARES_TURN;
	unsigned long flags;

	galloc_lock(&h->lock, flags);
	for (; turn && h->nr_spare[kind] > keep; turn--)
		list_add(&run_spare_pop(h, kind)->list, surplus);
	galloc_unlock(&h->lock, flags);
	return !turn;
}

/*
 * Free the descriptors of each kind above @bytes, or what an operation needs; all if it is
 * 0; but none that the atomic reserve lacks.  Process context.
 */
void run_trim_spares(struct mheap *h, unsigned int bytes)
{
	unsigned int kind;
	bool more;

	standby_keep(h);
	for (kind = 0; kind < MSPAN_KINDS; kind++) {
		unsigned int size = sizeof(struct mspan) + (sizeof(long) << kind);
		unsigned int keep = bytes ? max(bytes / size, SPARES_NEEDED) : 0;

		do {
			LIST_HEAD(surplus);

			more = spares_take(h, kind, keep, &surplus);
			mspan_delete_list(&surplus);
			cond_resched();
		} while (more);
	}
}

/* ---- lists ------------------------------------------------------------------ */

static bool run_less(struct rb_node *a, const struct rb_node *b)
{
	const struct mspan *x = rb_entry(a, struct arena, node)->long_run;
	const struct mspan *y = rb_entry(b, struct arena, node)->long_run;

	if (x->npages != y->npages)
		return x->npages < y->npages;
	return x->start < y->start;
}

/* Put a FREE run on the list of its length and its block's density. */
void run_link(struct mheap *h, struct mspan *s)
{
	unsigned int n = s->npages;

	lockdep_assert_held(&h->lock);

	if (n >= MHEAP_LISTS) {
		s->arena->long_run = s;
		rb_add(&s->arena->node, &h->large_runs, run_less);
		n = 0;
	} else {
		s->dense = s->arena->dense;
		list_add(&s->list, &h->free[n][s->dense]);
		s->arena->nr_runs++;
	}
	__set_bit(n, h->nonempty);
	h->changes++;
}

/* A run is no longer on a list of the other density. */
static void run_placed(struct arena *arena)
{
	if (!--arena->misplaced)
		arena->relist = ARENA_PAGES;
}

void run_unlink(struct mheap *h, struct mspan *s)
{
	unsigned int n = s->npages;

	lockdep_assert_held(&h->lock);

	h->changes++;
	if (n >= MHEAP_LISTS) {
		rb_erase(&s->arena->node, &h->large_runs);
		s->arena->long_run = NULL;
		if (RB_EMPTY_ROOT(&h->large_runs))
			__clear_bit(0, h->nonempty);
		return;
	}
	list_del(&s->list);
	s->arena->nr_runs--;
	if (unlikely(s->dense != s->arena->dense))
		run_placed(s->arena);
	if (list_empty(&h->free[n][SPARSE]) && list_empty(&h->free[n][DENSE]))
		__clear_bit(n, h->nonempty);
}

/* Move a few more runs of a block to the lists of its density. */
static void run_relist(struct mheap *h, struct arena *arena)
{
	unsigned int page = arena->relist;
	unsigned int turn = RELIST_TURN;

	h->changes++;
	for (; turn && page < ARENA_PAGES; turn--) {
		struct mspan *s = arena_span(arena, page);

		if (!s) {
			/* Of what galloc does not own there may be much. */
			page = find_next_bit(arena->owned, ARENA_PAGES, page + 1);
			continue;
		}
		if (mspan_state(s) == MSPAN_FREE && !s->huge &&
		    s->npages < MHEAP_LISTS && s->dense != arena->dense) {
			s->dense = arena->dense;
			list_move(&s->list, &h->free[s->npages][s->dense]);
			run_placed(arena);
			/* That was the last one. */
			if (!arena->misplaced)
				return;
		}
		page = arena_page(arena, s->start) + s->npages;
	}
	arena->relist = min(page, ARENA_PAGES);
}

/* A block becomes dense at 3/4 and sparse below 1/2. */
void run_set_density(struct mheap *h, struct arena *arena)
{
	bool dense = arena->dense;

	lockdep_assert_held(&h->lock);

	if (arena->nr_used * 4 >= arena->nr_owned * 3)
		dense = true;
	else if (arena->nr_used * 2 < arena->nr_owned)
		dense = false;
	if (dense != arena->dense) {
		arena->dense = dense;
		arena->misplaced = arena->nr_runs - arena->misplaced;
		arena->relist = arena->misplaced ? 0 : ARENA_PAGES;
	}
}

/*
 * The same, and move runs to the lists of the new density, a few each time the block is
 * touched: a run on the wrong list is only found later, and moving all at once would hold
 * the lock too long.
 */
void run_update_density(struct mheap *h, struct arena *arena)
{
	run_set_density(h, arena);
	if (unlikely(arena->relist < ARENA_PAGES))
		run_relist(h, arena);
}

/* Pages to skip at the start of run @s for an aligned part, -1 if none fits. */
int run_fit(const struct mspan *s, unsigned int npages, unsigned int align)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int skip = ALIGN(first, align) - first;

	return skip + npages <= s->npages ? skip : -1;
}

/*
 * Of the first few runs on a list that fit, the one in the fullest block.  Each one
 * that does not fit decrements *@looks, and when that is 0 none is looked at any more.
 */
static struct mspan *list_fit(struct list_head *head, unsigned int npages,
			      unsigned int align, unsigned int *looks)
{
	struct mspan *s, *best = NULL;
	unsigned int look = LOOK;

	list_for_each_entry(s, head, list) {
		if (run_fit(s, npages, align) < 0) {
			if (!*looks)
				break;
			--*looks;
			continue;
		}
		if (!best || s->arena->nr_used > best->arena->nr_used)
			best = s;
		if (!--look)
			break;
	}
	return best;
}

/* The shortest run of at least 256 pages that has at least @npages. */
static struct mspan *tree_find(struct mheap *h, unsigned int npages)
{
	struct rb_node *node = h->large_runs.rb_node;
	struct mspan *best = NULL;

	while (node) {
		struct mspan *s = rb_entry(node, struct arena, node)->long_run;

		if (s->npages >= npages) {
			best = s;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

static struct mspan *tree_fit(struct mheap *h, unsigned int npages,
			      unsigned int align)
{
	struct mspan *s = tree_find(h, npages);
	unsigned int look = LOOK_ALIGNED;

	while (s && look--) {
		struct rb_node *next;

		if (run_fit(s, npages, align) >= 0)
			return s;
		next = rb_next(&s->arena->node);
		s = next ? rb_entry(next, struct arena, node)->long_run : NULL;
	}
	return tree_find(h, npages + align - 1);
}

/*
 * Best fit, dense blocks first.  Without alignment the first non-empty list has it.
 * With alignment a run of npages + align - 1 always fits: search those after
 * LOOK_ALIGNED shorter ones did not fit.
 */
struct mspan *run_find(struct mheap *h, unsigned int npages, unsigned int align)
{
	unsigned int looks = LOOK_ALIGNED;
	unsigned int n = npages;

	lockdep_assert_held(&h->lock);

	while (n < MHEAP_LISTS) {
		struct mspan *s;

		n = find_next_bit(h->nonempty, MHEAP_LISTS, n);
		if (n >= MHEAP_LISTS)
			break;
		s = list_fit(&h->free[n][DENSE], npages, align, &looks);
		if (!s)
			s = list_fit(&h->free[n][SPARSE], npages, align, &looks);
		if (s)
			return s;
		n = looks ? n + 1 : max(n + 1, npages + align - 1);
	}
	return tree_fit(h, npages, align);
}

struct want run_want_span(const struct sizeclass *sc)
{
	return (struct want) {
		.npages = sc->span_pages,
		.least = DIV_ROUND_UP(sc->size, PAGE_SIZE),
		.align = sc->align_pages, .sc = sc,
	};
}

/* The kind of descriptor that a run of @npages needs. */
unsigned int run_want_kind(const struct want *w, unsigned int npages)
{
	unsigned int nbits = w->nbits;

	if (w->sc)
		nbits = likely(npages == w->sc->span_pages) ?
			w->sc->objects : sizeclass_objects(w->sc, npages);
	return nbits > BITS_PER_LONG ? order_base_2(BITS_TO_LONGS(nbits)) : 0;
}

/* How much of run @s to take: what is wanted, or as many objects as it has room for. */
unsigned int run_share(const struct mspan *s, const struct want *w)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int skip = ALIGN(first, w->align) - first;

	if (skip + w->npages <= s->npages)
		return w->npages;
	return sizeclass_pages(w->sc, s->npages - skip);
}

/* The longest run with room for at least one object; none has the full length. */
struct mspan *run_find_short(struct mheap *h, const struct want *w)
{
	unsigned int looks = LOOK_ALIGNED;
	unsigned int n;

	lockdep_assert_held(&h->lock);

	for (n = min(w->npages, MHEAP_LISTS) - 1; n >= w->least; n--) {
		struct mspan *s;

		if (!test_bit(n, h->nonempty))
			continue;
		s = list_fit(&h->free[n][DENSE], n, w->align, &looks);
		if (!s)
			s = list_fit(&h->free[n][SPARSE], n, w->align, &looks);
		if (s)
			return s;
	}
	return NULL;
}

/* ---- cutting and joining -------------------------------------------------------- */

/* Make a FREE run of the rest before or after a carved part. */
static void run_add_rest(struct mheap *h, const struct mspan *of,
			 unsigned long start, unsigned int npages)
{
	struct mspan *s;

	if (!npages)
		return;
	s = run_spare_pop(h, 0);
	s->arena = of->arena;
	s->start = start;
	s->npages = npages;
	s->zeroed = of->zeroed;
	mspan_set(s, 0, MSPAN_FREE);
	mheap_run_map(s);
	run_link(h, s);
}

/*
 * Take @npages aligned pages from FREE run @s.  @s becomes the part taken, in TRANSIT.
 */
static void run_carve(struct mheap *h, struct mspan *s, unsigned int npages,
		      unsigned int align)
{
	unsigned int front = run_fit(s, npages, align);
	unsigned int back = s->npages - front - npages;
	unsigned long start = s->start + ((unsigned long)front << PAGE_SHIFT);
	unsigned long end = start + ((unsigned long)npages << PAGE_SHIFT);

	lockdep_assert_held(&h->lock);

	run_unlink(h, s);
	mspan_set(s, 0, MSPAN_TRANSIT);
	/* Before the rest is linked: that is on the list of the new density then. */
	s->arena->nr_used += npages;
	run_set_density(h, s->arena);
	run_add_rest(h, s, s->start, front);
	run_add_rest(h, s, end, back);
	s->start = start;
	s->npages = npages;
	mheap_run_map(s);
	mheap_count_free(h, -(long)npages);
	run_update_density(h, s->arena);
}

/*
 * Give the span a descriptor of the kind that it needs.  It keeps one with more room
 * if there is no other: that costs some bytes.
 */
struct mspan *run_fit_descriptor(struct mheap *h, struct mspan *s, unsigned int kind)
{
	struct mspan *t;

	if (likely(mspan_kind(s) == kind) ||
	    (mspan_kind(s) > kind && !h->nr_spare[kind]))
		return s;
	t = run_spare_pop(h, kind);
	t->arena = s->arena;
	t->start = s->start;
	t->npages = s->npages;
	t->zeroed = s->zeroed;
	t->reserve = s->reserve;
	s->reserve = false;
	mheap_run_map(t);
	run_spare_push(h, s);
	return t;
}

/* Merge the run beside @s into @s, if it is FREE. */
static void run_absorb(struct mheap *h, struct mspan *s, unsigned int page,
		       bool left)
{
	unsigned int edge = arena_page(s->arena, s->start);
	struct mspan *t;

	if (page >= ARENA_PAGES || !test_bit(page, s->arena->owned))
		return;
	t = arena_span(s->arena, page);
	if (!t || mspan_state(t) != MSPAN_FREE)
		return;

	run_unlink(h, t);
	/* The boundary is inside the run now, where the map has no entries. */
	arena_span_set(s->arena, page, NULL);
	arena_span_set(s->arena, left ? edge : page - 1, NULL);
	if (left)
		s->start = t->start;
	s->npages += t->npages;
	s->zeroed = s->zeroed && t->zeroed;
	run_spare_push(h, t);
}

/* Make @s, owned and on no list, a FREE run or part of one. */
struct mspan *run_insert(struct mheap *h, struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);

	lockdep_assert_held(&h->lock);

	run_absorb(h, s, first + s->npages, false);
	run_absorb(h, s, first - 1, true);
	mspan_set(s, 0, MSPAN_FREE);
	mheap_run_map(s);
	run_link(h, s);
	return s;
}

/* By address, so that neighbours meet.  They are few, and mostly in order, or in reverse. */
void run_sort(struct mspan **spans, unsigned int n)
{
	unsigned int i, j;

	if (n > 1 && spans[0]->start > spans[n - 1]->start)
		for (i = 0; i < n / 2; i++)
			swap(spans[i], spans[n - 1 - i]);
	for (i = 1; i < n; i++) {
		struct mspan *s = spans[i];

		if (likely(spans[i - 1]->start < s->start))
			continue;
		for (j = i; j && spans[j - 1]->start > s->start; j--)
			spans[j] = spans[j - 1];
		spans[j] = s;
	}
}

/* How many more than one of those wanted run @s has; for @nr_more there are descriptors. */
static unsigned int run_more(const struct mspan *s, const struct want *w)
{
	unsigned int left = s->npages - run_fit(s, w->npages, w->align);

	return min(w->nr_more, left / w->npages - 1);
}

/* @s is as long as several of those wanted: it becomes the first, with links to the rest. */
static void run_divide(struct mheap *h, struct mspan *s, const struct want *w)
{
	unsigned int left = s->npages - w->npages;
	struct arena *arena = s->arena;
	unsigned long start = s->start;
	unsigned int page = arena_page(arena, start);
	struct mspan *last = s;

	lockdep_assert_held(&h->lock);

	s->npages = w->npages;
	mheap_run_map(s);
	for (; left; left -= w->npages) {
		struct mspan *t = run_spare_pop(h, 0);

		start += (unsigned long)w->npages << PAGE_SHIFT;
		page += w->npages;
		t->arena = arena;
		t->start = start;
		t->npages = w->npages;
		t->zeroed = s->zeroed;
		/* As mheap_run_map(), which asks more. */
		arena_span_set(arena, page, t);
		if (w->npages > 1)
			arena_span_set(arena, page + w->npages - 1, t);
		last->next = t;
		last = t;
	}
	last->next = NULL;
}

/* Take what is wanted from FREE run @s, as much of it as there is. */
struct mspan *run_serve(struct mheap *h, struct mspan *s,
			const struct want *w)
{
	unsigned int npages = run_share(s, w);

	if (w->nr_more && npages == w->npages) {
		run_carve(h, s, npages * (1 + run_more(s, w)), w->align);
		run_divide(h, s, w);
		return s;
	}
	run_carve(h, s, npages, w->align);
	return run_fit_descriptor(h, s, run_want_kind(w, npages));
}

/* ---- becoming free ------------------------------------------------------------ */

/* Remove a run from the map. */
static void run_unmap(struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);

	arena_span_set(s->arena, first, NULL);
	arena_span_set(s->arena, first + s->npages - 1, NULL);
}

/* The same for a span cut into objects: all pages, so that a late free finds no object. */
void run_uncut(struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int i, n = s->npages;

	arena_set_stack(s->arena, first, n, STACK_NONE);
	for (i = 0; i < n; i++)
		arena_span_set(s->arena, first + i, NULL);
	mspan_set(s, 0, MSPAN_TRANSIT);
}

/*
 * Runs that become free in one turn, how many pages of them may have to leave the map one by
 * one, and how many runs may be apart from each other: more would be too long under the
 * lock.  For the same reason only the last block has some of its runs moved to lists of a
 * new density.
 */
#define FREE_TURN		16U
#define FREE_PAGES		128U
#define FREE_APART		4U

/* Runs side by side, as one, become a free run.  Returns its block. */
static struct arena *run_put(struct mheap *h, struct mspan *s, bool cut)
{
	lockdep_assert_held(&h->lock);

	/* All pages of them at once. */
	if (cut)
		run_uncut(s);
	s->zeroed = false;
	s->dropped = 0;
	s->arena->nr_used -= s->npages;
	/* Before it is linked: that is on the list of the new density then. */
	run_set_density(h, s->arena);
	return run_insert(h, s)->arena;
}

/*
 * A run in TRANSIT, without entries in the map if it is not @cut, becomes a part of the one
 * that lies before it.  False if they are apart.
 */
static bool run_join(struct mheap *h, struct mspan *run, struct mspan *s)
{
	lockdep_assert_held(&h->lock);

	if (s->start != run->start + ((unsigned long)run->npages << PAGE_SHIFT) ||
	    s->arena != run->arena)
		return false;
	run->npages += s->npages;
	run_spare_push(h, s);
	return true;
}

/*
 * Have runs of one node, in TRANSIT and by address, join the free ones, up to a turn of
 * them.  What was freed together often lies side by side: that is one run before it is put
 * on a list.
 * Returns how many.
 */
unsigned int run_free(struct mspan **spans, unsigned int n)
{
	struct mheap *h = mheaps[spans[0]->arena->nid];
	bool cut = mspan_has_objects(spans[0]);
	unsigned long pages = 0, free, max;
	unsigned int i, apart = 0;
	struct mspan *run = NULL;
	unsigned long flags;
	bool spares;

	n = min(n, FREE_TURN);
	galloc_lock(&h->lock, flags);
	h->changes++;
	for (i = 0; i < n; i++) {
		struct mspan *s = spans[i];

		if (s->arena->nid != h->nid || mspan_has_objects(s) != cut ||
		    apart == FREE_APART || (cut && i && pages + s->npages > FREE_PAGES))
			break;
		if (!cut)
			run_unmap(s);
		pages += s->npages;
		if (run && run_join(h, run, s))
			continue;
		if (run)
			run_put(h, run, cut);
		run = s;
		apart++;
	}
	run_update_density(h, run_put(h, run, cut));
	mheap_count_free(h, pages);
	free = h->free_pages;
	spares = h->spare_bytes > SPARES_MANY;
	galloc_unlock(&h->lock, flags);
	/* The mark is for all nodes: if it is exceeded, one has more than its share. */
	max = release_free_max();
	if (unlikely(spares) ||
	    (free > max / nr_online_nodes &&
	     (nr_online_nodes == 1 || mheap_free_pages() > max)))
		worker_kick(WORKER_RELEASE);
	return i;
}
