// SPDX-License-Identifier: GPL-2.0
/*
 * mheap: the free page runs of a node, and objects of whole pages.
 *
 * Called by mcentral.c for spans and by galloc_mod.c for objects above 32 KiB;
 * calls arena.c for more memory.  Owns mheap->lock, every span in state FREE,
 * LARGE or ASIDE, and the worker that gives memory back.
 * Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/mempolicy.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

/* Entries looked at on a list, for the one in the fullest block. */
#define LOOK			4

/*
 * Descriptors one operation may need under the lock: for a chunk, and for what
 * is left of a run in front of and behind the part taken.
 */
#define SPARES_NEEDED		3
#define SPARES_KEPT		64

/* A run is freed for good only if free memory stays too much this long. */
#define RELEASE_DELAY		HZ

/* free[n][SPARSE], free[n][DENSE] */
enum { SPARSE, DENSE };

static struct mheap **mheaps;

static void mheap_work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(mheap_work, mheap_work_fn);
static bool mheap_stopped;

struct mheap *mheap_of(int nid)
{
	return mheaps[nid];
}

/* The worker is wanted, in @delay jiffies at the latest. */
static void mheap_kick(unsigned long delay)
{
	if (READ_ONCE(mheap_stopped))
		return;
	if (delay)
		queue_delayed_work(galloc_wq, &mheap_work, delay);
	else
		mod_delayed_work(galloc_wq, &mheap_work, 0);
}

/* ---- unused descriptors ----------------------------------------------------- */

static struct mspan *spare_pop(struct mheap *h, bool big)
{
	struct mspan *s;

	lockdep_assert_held(&h->lock);

	s = list_first_entry(&h->spare[big], struct mspan, list);
	list_del(&s->list);
	h->nr_spare[big]--;
	return s;
}

static void spare_push(struct mheap *h, struct mspan *s)
{
	bool big = mspan_is_big(s);

	lockdep_assert_held(&h->lock);

	mspan_set(s, 0, MSPAN_TRANSIT);
	list_add(&s->list, &h->spare[big]);
	h->nr_spare[big]++;
}

/*
 * Have the descriptors an operation may need, and take the lock.  They are
 * allocated before it; one too many stays for the next caller.
 */
static bool lock_with_spares(struct mheap *h, bool big, gfp_t gfp,
			     unsigned long *flags)
{
	gfp = meta_gfp(gfp);

	for (;;) {
		struct mspan *s;
		bool lack_small, lack_big;

		galloc_lock(&h->lock, *flags);
		lack_small = h->nr_spare[0] < SPARES_NEEDED;
		lack_big = big && !h->nr_spare[1];
		if (likely(!lack_small && !lack_big))
			return true;
		galloc_unlock(&h->lock, *flags);

		if (!may_grow())
			return false;
		s = mspan_new(lack_big, gfp);
		if (!s)
			return false;
		galloc_lock(&h->lock, *flags);
		spare_push(h, s);
		galloc_unlock(&h->lock, *flags);
	}
}

static void spares_trim(struct mheap *h, unsigned int keep)
{
	unsigned long flags;
	LIST_HEAD(surplus);
	struct mspan *s, *next;
	int big;

	galloc_lock(&h->lock, flags);
	for (big = 0; big < 2; big++) {
		while (h->nr_spare[big] > keep) {
			s = spare_pop(h, big);
			list_add(&s->list, &surplus);
		}
	}
	galloc_unlock(&h->lock, flags);

	list_for_each_entry_safe(s, next, &surplus, list)
		mspan_delete(s);
}

/* ---- lists of free runs ------------------------------------------------------ */

static bool run_less(struct rb_node *a, const struct rb_node *b)
{
	const struct mspan *x = rb_entry(a, struct mspan, node);
	const struct mspan *y = rb_entry(b, struct mspan, node);

	if (x->npages != y->npages)
		return x->npages < y->npages;
	return x->start < y->start;
}

/* Put a FREE run on the list of its length and its block's density. */
static void run_link(struct mheap *h, struct mspan *s)
{
	unsigned int n = s->npages;

	lockdep_assert_held(&h->lock);

	if (n >= MHEAP_LISTS) {
		rb_add(&s->node, &h->large_runs, run_less);
		n = 0;
	} else {
		s->dense = s->arena->dense;
		list_add(&s->list, &h->free[n][s->dense]);
	}
	__set_bit(n, h->nonempty);
}

static void run_unlink(struct mheap *h, struct mspan *s)
{
	unsigned int n = s->npages;

	lockdep_assert_held(&h->lock);

	if (n >= MHEAP_LISTS) {
		rb_erase(&s->node, &h->large_runs);
		if (RB_EMPTY_ROOT(&h->large_runs))
			__clear_bit(0, h->nonempty);
		return;
	}
	list_del(&s->list);
	if (list_empty(&h->free[n][SPARSE]) && list_empty(&h->free[n][DENSE]))
		__clear_bit(n, h->nonempty);
}

/* The next span of a slot from @page on; *@page becomes its first page. */
static struct mspan *next_span(const struct arena *arena, unsigned int *page)
{
	for (;;) {
		struct mspan *s;

		*page = find_next_bit(arena->owned, ARENA_PAGES, *page);
		if (*page >= ARENA_PAGES)
			return NULL;
		s = READ_ONCE(arena->span[*page]);
		if (s)
			return s;
		++*page;	/* the rest of a huge object from another slot */
	}
}

#define for_each_span(s, page, arena)					\
	for ((page) = 0; ((s) = next_span(arena, &(page)));		\
	     (page) += (s)->npages)

/*
 * A block becomes dense at 3/4 and sparse below 1/2: its runs then move to the
 * other lists.  At most ARENA_PAGES steps, and at least ARENA_PAGES / 4 pages
 * change hands between two moves of a full block.
 */
static void arena_update_density(struct mheap *h, struct arena *arena)
{
	bool dense = arena->dense;
	unsigned int page;
	struct mspan *s;

	lockdep_assert_held(&h->lock);

	if (arena->nr_used * 4 >= arena->nr_owned * 3)
		dense = true;
	else if (arena->nr_used * 2 < arena->nr_owned)
		dense = false;
	if (dense == arena->dense)
		return;

	arena->dense = dense;
	for_each_span(s, page, arena) {
		if (mspan_state(s) != MSPAN_FREE || s->npages >= MHEAP_LISTS)
			continue;
		s->dense = dense;
		list_move(&s->list, &h->free[s->npages][dense]);
	}
}

/* Pages to skip at the start of run @s for an aligned part, -1 if none fits. */
static int run_fit(const struct mspan *s, unsigned int npages,
		   unsigned int align)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int skip = ALIGN(first, align) - first;

	return skip + npages <= s->npages ? skip : -1;
}

/* Of the first few runs on a list that fit, the one in the fullest block. */
static struct mspan *list_fit(struct list_head *head, unsigned int npages,
			      unsigned int align)
{
	struct mspan *s, *best = NULL;
	unsigned int look = LOOK;

	list_for_each_entry(s, head, list) {
		if (!look--)
			break;
		if (run_fit(s, npages, align) < 0)
			continue;
		if (!best || s->arena->nr_used > best->arena->nr_used)
			best = s;
	}
	return best;
}

/* The shortest run of 256 pages and more that has at least @npages. */
static struct mspan *tree_find(struct mheap *h, unsigned int npages)
{
	struct rb_node *node = h->large_runs.rb_node;
	struct mspan *best = NULL;

	while (node) {
		struct mspan *s = rb_entry(node, struct mspan, node);

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
	unsigned int look = LOOK;

	while (s && look--) {
		struct rb_node *next;

		if (run_fit(s, npages, align) >= 0)
			return s;
		next = rb_next(&s->node);
		s = next ? rb_entry(next, struct mspan, node) : NULL;
	}
	return tree_find(h, npages + align - 1);
}

/*
 * Best fit, dense blocks first.  Without alignment the first list that is not
 * empty has it; with, a run of npages + align - 1 always fits, so at most
 * 2 * LOOK entries of each of align - 1 lists are looked at in vain.
 */
static struct mspan *run_find(struct mheap *h, unsigned int npages,
			      unsigned int align)
{
	unsigned int n = npages;

	lockdep_assert_held(&h->lock);

	while (n < MHEAP_LISTS) {
		struct mspan *s;

		n = find_next_bit(h->nonempty, MHEAP_LISTS, n);
		if (n >= MHEAP_LISTS)
			break;
		s = list_fit(&h->free[n][DENSE], npages, align);
		if (!s)
			s = list_fit(&h->free[n][SPARSE], npages, align);
		if (s)
			return s;
		n++;
	}
	return tree_fit(h, npages, align);
}

/* ---- taking and giving runs --------------------------------------------------- */

/* Have the map find a run by its first and its last page. */
static void run_map(struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);

	WRITE_ONCE(s->arena->span[first], s);
	WRITE_ONCE(s->arena->span[first + s->npages - 1], s);
}

/* Make a FREE run of what is left in front of or behind a part taken. */
static void run_add_rest(struct mheap *h, const struct mspan *of,
			 unsigned long start, unsigned int npages)
{
	struct mspan *s;

	if (!npages)
		return;
	s = spare_pop(h, false);
	s->arena = of->arena;
	s->start = start;
	s->npages = npages;
	s->zeroed = of->zeroed;
	mspan_set(s, 0, MSPAN_FREE);
	run_map(s);
	run_link(h, s);
}

/*
 * Take @npages aligned pages out of FREE run @s.  @s becomes the part taken,
 * in TRANSIT.
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
	run_add_rest(h, s, s->start, front);
	run_add_rest(h, s, end, back);
	s->start = start;
	s->npages = npages;
	run_map(s);
	h->free_pages -= npages;
	h->used_pages += npages;
	s->arena->nr_used += npages;
	arena_update_density(h, s->arena);
}

/* Give the span a descriptor with room for many objects. */
static struct mspan *run_enlarge(struct mheap *h, struct mspan *s)
{
	struct mspan *b = spare_pop(h, true);

	b->arena = s->arena;
	b->start = s->start;
	b->npages = s->npages;
	b->zeroed = s->zeroed;
	run_map(b);
	spare_push(h, s);
	return b;
}

/* Take the run beside @s, if it is FREE, into @s. */
static void run_absorb(struct mheap *h, struct mspan *s, unsigned int page,
		       bool left)
{
	unsigned int edge = arena_page(s->arena, s->start);
	struct mspan *t;

	if (page >= ARENA_PAGES || !test_bit(page, s->arena->owned))
		return;
	t = s->arena->span[page];
	if (!t || mspan_state(t) != MSPAN_FREE)
		return;

	run_unlink(h, t);
	/* The seam is inside the run now, where the map has no entries. */
	WRITE_ONCE(s->arena->span[page], NULL);
	WRITE_ONCE(s->arena->span[left ? edge : page - 1], NULL);
	if (left)
		s->start = t->start;
	s->npages += t->npages;
	s->zeroed = s->zeroed && t->zeroed;
	spare_push(h, t);
}

/* @s, owned and in no list, becomes a FREE run or part of one. */
static struct mspan *run_insert(struct mheap *h, struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);

	lockdep_assert_held(&h->lock);

	run_absorb(h, s, first + s->npages, false);
	run_absorb(h, s, first - 1, true);
	mspan_set(s, 0, MSPAN_FREE);
	run_map(s);
	run_link(h, s);
	return s;
}

/* Let the map and the books take in @npages pages from @start. */
static void pages_own(struct mheap *h, unsigned long start, unsigned int npages)
{
	lockdep_assert_held(&h->lock);

	h->used_pages += npages;
	while (npages) {
		unsigned int page, n;
		struct arena *arena = arena_of((void *)start, &page);

		n = min(npages, ARENA_PAGES - page);
		bitmap_set(arena->owned, page, n);
		arena->nr_owned += n;
		arena->nr_used += n;
		start += (unsigned long)n << PAGE_SHIFT;
		npages -= n;
	}
}

/* The reverse: the pages are about to leave, and in no FREE run. */
static void pages_disown(struct mheap *h, unsigned long start,
			 unsigned int npages)
{
	lockdep_assert_held(&h->lock);

	h->used_pages -= npages;
	while (npages) {
		unsigned int page, n;
		struct arena *arena = arena_of((void *)start, &page);

		n = min(npages, ARENA_PAGES - page);
		WRITE_ONCE(arena->span[page], NULL);
		WRITE_ONCE(arena->span[page + n - 1], NULL);
		bitmap_clear(arena->owned, page, n);
		arena->nr_owned -= n;
		arena->nr_used -= n;
		arena->whole = false;
		arena_update_density(h, arena);
		start += (unsigned long)n << PAGE_SHIFT;
		npages -= n;
	}
}

/* A descriptor for a chunk, in TRANSIT. */
static struct mspan *chunk_own(struct mheap *h, const struct chunk *chunk)
{
	unsigned long start = (unsigned long)page_address(chunk->page);
	struct mspan *s = spare_pop(h, false);
	unsigned int page;

	lockdep_assert_held(&h->lock);

	s->arena = arena_of((void *)start, &page);
	s->start = start;
	s->npages = chunk->npages;
	s->zeroed = chunk->zeroed;
	s->reserve = chunk->reserve;
	pages_own(h, start, chunk->npages);
	return s;
}

/* Publish a chunk as free memory.  Returns the run it is now part of. */
static struct mspan *chunk_publish(struct mheap *h, const struct chunk *chunk)
{
	struct mspan *s = chunk_own(h, chunk);

	if (s->npages == ARENA_PAGES)
		s->arena->whole = true;
	h->used_pages -= s->npages;
	h->free_pages += s->npages;
	s->arena->nr_used -= s->npages;
	s = run_insert(h, s);
	arena_update_density(h, s->arena);
	return s;
}

static void chunk_put(const struct chunk *chunk)
{
	arena_leave(chunk->npages);
	arena_put_pages((unsigned long)page_address(chunk->page), chunk->npages,
			chunk->npages == 1U << chunk->order ? chunk->order : -1);
}

/* A run from the lists of @h, or NULL. */
static struct mspan *mheap_take(struct mheap *h, unsigned int npages,
				unsigned int align, bool big, gfp_t gfp)
{
	unsigned long flags;
	struct mspan *s;

	/* A glance without the lock saves descriptors and a lock trip. */
	if (data_race(h->free_pages) < npages)
		return NULL;
	if (!lock_with_spares(h, big, gfp, &flags))
		return NULL;
	s = run_find(h, npages, align);
	if (s) {
		run_carve(h, s, npages, align);
		if (big && !mspan_is_big(s))
			s = run_enlarge(h, s);
	}
	galloc_unlock(&h->lock, flags);
	return s;
}

/* Get a chunk, take the wanted run out of it, publish the rest. */
static struct mspan *mheap_grow(int nid, unsigned int npages,
				unsigned int align, bool big, gfp_t gfp)
{
	struct chunk chunk;
	unsigned long flags;
	struct mheap *h;
	struct mspan *s;

	if (!may_grow())
		return NULL;
	if (!arena_get_chunk(&chunk, nid, max(npages, align), gfp)) {
		count_event(EVENT_GROW_FAILED);
		return NULL;
	}
	galloc_pause(PAUSE_GROW_CHUNK, &chunk);
	h = mheaps[chunk.nid];
	if (chunk.nid != nid)
		count_event(EVENT_GROW_OTHER_NODE);
	if (!gfpflags_allow_blocking(gfp) && chunk.order < ARENA_ORDER) {
		WRITE_ONCE(mheaps[nid]->want_block, true);
		mheap_kick(0);
	}

	if (!lock_with_spares(h, big, gfp, &flags)) {
		chunk_put(&chunk);
		return NULL;
	}
	if (unlikely(chunk.reserve)) {
		/* For this request alone: nothing of it is published. */
		s = chunk_own(h, &chunk);
		run_map(s);
	} else {
		s = chunk_publish(h, &chunk);
		run_carve(h, s, npages, align);
		if (big && !mspan_is_big(s))
			s = run_enlarge(h, s);
	}
	galloc_unlock(&h->lock, flags);
	return s;
}

/**
 * mheap_alloc() - take a run of pages
 * @nid: node wanted
 * @npages: number of pages, at most ARENA_PAGES
 * @align: alignment in pages, a power of two
 * @nbits: objects the descriptor must have room for
 * @gfp: flags for memory that may be needed
 *
 * Looks at the node's lists, then asks the system, then at the lists once more
 * (somebody may have freed meanwhile), then at other nodes, unless @gfp says
 * __GFP_THISNODE.  The run may lie on another node than asked.
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: A span in TRANSIT, or NULL.  If its @reserve is set it must be handed
 * out whole, see mheap_hand_out_reserve().
 */
struct mspan *mheap_alloc(int nid, unsigned int npages, unsigned int align,
			  unsigned int nbits, gfp_t gfp)
{
	bool big = nbits > MSPAN_SMALL_BITS;
	struct mspan *s;
	int other;

	s = mheap_take(mheaps[nid], npages, align, big, gfp);
	if (s)
		return s;
	s = mheap_grow(nid, npages, align, big, gfp);
	if (s)
		return s;
	s = mheap_take(mheaps[nid], npages, align, big, gfp);
	if (s || (gfp & __GFP_THISNODE))
		return s;
	for_each_node(other) {
		if (other == nid)
			continue;
		s = mheap_take(mheaps[other], npages, align, big, gfp);
		if (s)
			return s;
	}
	return NULL;
}

/* Forget the objects of a span, so that a late free finds nothing. */
static void span_uncut(struct mspan *s)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int i;

	if (!mspan_row(s))
		return;
	for (i = 0; i < s->npages; i++) {
		WRITE_ONCE(s->arena->row[first + i], 0);
		WRITE_ONCE(s->arena->span[first + i], NULL);
	}
	mspan_set(s, 0, MSPAN_TRANSIT);
	run_map(s);
}

/**
 * mheap_free() - take back a run of pages
 * @s: a span in TRANSIT
 *
 * Pages that somebody else refers to, and those of the emergency reserve, are
 * not for reuse: they are set aside and leave through the worker.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void mheap_free(struct mspan *s)
{
	struct mheap *h = mheaps[s->arena->nid];
	bool aside = s->reserve || s->huge ||
		     !arena_pages_unshared(s->start, s->npages);
	unsigned long flags, free;

	galloc_lock(&h->lock, flags);
	span_uncut(s);
	s->zeroed = false;
	if (unlikely(aside)) {
		mspan_set(s, 0, MSPAN_ASIDE);
		list_add(&s->list, &h->aside);
		h->aside_pages += s->npages;
	} else {
		h->used_pages -= s->npages;
		h->free_pages += s->npages;
		s->arena->nr_used -= s->npages;
		s = run_insert(h, s);
		arena_update_density(h, s->arena);
	}
	free = h->free_pages;
	galloc_unlock(&h->lock, flags);

	if (unlikely(aside)) {
		count_event(EVENT_SET_ASIDE);
		mheap_kick(0);
	} else if (free > READ_ONCE(galloc_free_max_pages)) {
		mheap_kick(RELEASE_DELAY);
	}
}

/* ---- objects of whole pages ---------------------------------------------------- */

/* A LARGE object from one chunk of its own, above a block. */
static struct mspan *mheap_alloc_huge(int nid, unsigned int npages, gfp_t gfp)
{
	struct chunk chunk;
	unsigned long flags;
	struct mheap *h;
	struct mspan *s;

	if (!may_grow())
		return NULL;
	if (!arena_get_chunk(&chunk, nid, npages, gfp)) {
		count_event(EVENT_GROW_FAILED);
		return NULL;
	}
	h = mheaps[chunk.nid];
	if (!lock_with_spares(h, false, gfp, &flags)) {
		chunk_put(&chunk);
		return NULL;
	}
	s = chunk_own(h, &chunk);
	s->huge = true;
	s->chunk_order = npages == 1U << chunk.order ? chunk.order : -1;
	WRITE_ONCE(s->arena->span[0], s);
	galloc_unlock(&h->lock, flags);
	return s;
}

/**
 * mheap_hand_out_reserve() - make an object of a span that is not for sharing
 * @s: span in TRANSIT
 * @gfp: flags of the request, which say whether to clear it
 *
 * Return: The address of its first page, the caller's from here on.
 */
void *mheap_hand_out_reserve(struct mspan *s, gfp_t gfp)
{
	void *p = (void *)s->start;

	if (want_init_on_alloc(gfp) && !s->zeroed)
		memset(p, 0, (size_t)s->npages << PAGE_SHIFT);
	s->zeroed = false;
	/* Release: gfree() on another CPU finds a complete descriptor. */
	smp_store_release(&s->tag, MSPAN_TAG(0, MSPAN_LARGE));
	return p;
}

/**
 * mheap_alloc_large() - allocate an object of whole pages
 * @size: bytes, at most GALLOC_MAX_PAGES pages
 * @align: alignment in bytes, a power of two, at most what @size is rounded to
 * @nid: node wanted
 * @gfp: flags
 *
 * Context: As mheap_alloc().
 * Return: The object, or NULL.
 */
void *mheap_alloc_large(size_t size, size_t align, int nid, gfp_t gfp)
{
	unsigned int npages = PAGE_ALIGN(size) >> PAGE_SHIFT;
	unsigned int pages_align = max(align, PAGE_SIZE) >> PAGE_SHIFT;
	struct mspan *s;

	if (max(npages, pages_align) > ARENA_PAGES)
		s = mheap_alloc_huge(nid, max(npages, pages_align), gfp);
	else
		s = mheap_alloc(nid, npages, pages_align, 0, gfp);
	if (!s)
		return NULL;
	count_event(EVENT_LARGE_ALLOC);
	return mheap_hand_out_reserve(s, gfp);
}

/* The heap and span of a LARGE object that starts at @p, locked; or NULL. */
static struct mspan *large_lock(const void *p, struct mheap **heap,
				unsigned long *flags)
{
	struct arena *arena;
	unsigned int page;
	struct mspan *s;

	rcu_read_lock();
	arena = arena_of(p, &page);
	if (arena == &arena_none)
		goto none;
	*heap = mheaps[arena->nid];
	galloc_lock(&(*heap)->lock, *flags);
	s = test_bit(page, arena->owned) ? arena->span[page] : NULL;
	/* Acquire: pairs with mheap_hand_out_reserve(). */
	if (s && smp_load_acquire(&s->tag) == MSPAN_TAG(0, MSPAN_LARGE) &&
	    s->start == (unsigned long)p) {
		rcu_read_unlock();
		return s;
	}
	galloc_unlock(&(*heap)->lock, *flags);
none:
	rcu_read_unlock();
	return NULL;
}

/* Free a LARGE object.  False if @p is not the start of one. */
bool mheap_free_large(const void *p)
{
	unsigned long flags;
	struct mheap *h;
	struct mspan *s = large_lock(p, &h, &flags);

	if (!s)
		return false;
	mspan_set(s, 0, MSPAN_TRANSIT);
	galloc_unlock(&h->lock, flags);
	count_event(EVENT_LARGE_FREE);
	mheap_free(s);
	return true;
}

/* Bytes of the LARGE object that starts at @p, 0 if there is none. */
size_t mheap_large_size(const void *p)
{
	unsigned long flags;
	struct mheap *h;
	struct mspan *s = large_lock(p, &h, &flags);
	size_t size;

	if (!s)
		return 0;
	size = (size_t)s->npages << PAGE_SHIFT;
	galloc_unlock(&h->lock, flags);
	return size;
}

/* ---- giving memory back --------------------------------------------------------- */

/* The run to give back next: empty blocks, then sparse blocks, then the rest. */
static struct mspan *release_victim(struct mheap *h, enum mheap_release how)
{
	struct rb_node *last = rb_last(&h->large_runs);
	int density;

	lockdep_assert_held(&h->lock);

	if (last) {
		struct mspan *s = rb_entry(last, struct mspan, node);

		if (how > RELEASE_BLOCKS ||
		    (s->npages == ARENA_PAGES && s->arena->whole))
			return s;
	}
	if (ARENA_PAGES < MHEAP_LISTS) {
		struct mspan *s;

		s = list_first_entry_or_null(&h->free[ARENA_PAGES % MHEAP_LISTS][SPARSE],
					     struct mspan, list);
		if (s && s->arena->whole)
			return s;
	}
	if (how == RELEASE_BLOCKS)
		return NULL;

	for (density = SPARSE; density <= DENSE; density++) {
		unsigned int n = MHEAP_LISTS - 1;

		for (; n; n--) {
			struct list_head *head = &h->free[n][density];

			if (!list_empty(head))
				return list_first_entry(head, struct mspan, list);
		}
		if (how == RELEASE_SPARSE)
			break;
	}
	return NULL;
}

/* Give back one run of @h.  Returns its pages, 0 if nothing may go. */
static unsigned long mheap_release_one(struct mheap *h, enum mheap_release how)
{
	unsigned long flags, start;
	unsigned int npages;
	struct mspan *s;
	int order = -1;

	galloc_lock(&h->lock, flags);
	s = release_victim(h, how);
	if (!s || !arena_may_leave(s->npages)) {
		galloc_unlock(&h->lock, flags);
		return 0;
	}
	start = s->start;
	npages = s->npages;
	if (npages == ARENA_PAGES && s->arena->whole)
		order = ARENA_ORDER;
	run_unlink(h, s);
	h->free_pages -= npages;
	h->used_pages += npages;
	s->arena->nr_used += npages;
	pages_disown(h, start, npages);
	spare_push(h, s);
	galloc_unlock(&h->lock, flags);

	galloc_pause(PAUSE_RELEASE_TAKEN, (void *)start);
	arena_put_pages(start, npages, order);
	return npages;
}

/**
 * mheap_release() - give free memory back to the system
 * @pages: stop when that many have gone
 * @how: what may go
 *
 * Empty blocks of every node first.  The reserve stays.
 *
 * Context: Where may_grow() says so, no galloc lock held.
 * Return: Pages given back.
 */
unsigned long mheap_release(unsigned long pages, enum mheap_release how)
{
	enum mheap_release now;
	unsigned long n, done = 0;
	int nid;

	for (now = RELEASE_BLOCKS; now <= how; now++) {
		for_each_node(nid) {
			while (done < pages) {
				n = mheap_release_one(mheaps[nid], now);
				if (!n)
					break;
				done += n;
				if (preemptible())
					cond_resched();
			}
		}
	}
	return done;
}

/* Pages in FREE runs, all nodes; racy. */
unsigned long mheap_free_pages(void)
{
	unsigned long pages = 0;
	int nid;

	for_each_node(nid)
		pages += data_race(mheaps[nid]->free_pages);
	return pages;
}

/* Let the pages set aside go: whoever else refers to them frees them last. */
static void mheap_release_aside(struct mheap *h)
{
	for (;;) {
		unsigned long flags, start;
		unsigned int npages;
		struct mspan *s;
		int order;

		galloc_lock(&h->lock, flags);
		s = list_first_entry_or_null(&h->aside, struct mspan, list);
		if (!s) {
			galloc_unlock(&h->lock, flags);
			return;
		}
		list_del(&s->list);
		start = s->start;
		npages = s->npages;
		order = s->chunk_order;
		h->aside_pages -= npages;
		pages_disown(h, start, npages);
		s->huge = false;
		s->reserve = false;
		s->chunk_order = -1;
		spare_push(h, s);
		galloc_unlock(&h->lock, flags);

		arena_leave(npages);
		arena_put_pages(start, npages, order);
		count_event(EVENT_DEFERRED);
	}
}

/* Fetch the block a caller that could not sleep did without. */
static void mheap_fetch_block(struct mheap *h)
{
	struct chunk chunk;
	unsigned long flags;

	if (!xchg(&h->want_block, false))
		return;
	if (!arena_get_chunk(&chunk, h->nid, ARENA_PAGES,
			     GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN |
			     __GFP_THISNODE))
		return;
	if (!lock_with_spares(h, false, GFP_KERNEL, &flags)) {
		chunk_put(&chunk);
		return;
	}
	chunk_publish(h, &chunk);
	galloc_unlock(&h->lock, flags);
}

/*
 * Hysteresis: nothing goes back before free memory has been above
 * galloc_free_max_pages for RELEASE_DELAY, and then down to 3/4 of it, so that
 * a load that swings around the mark does not move pages each time.
 */
static void mheap_work_fn(struct work_struct *work)
{
	static unsigned long above_since;
	unsigned long max = READ_ONCE(galloc_free_max_pages);
	unsigned long free;
	int nid;

	for_each_node(nid) {
		mheap_release_aside(mheaps[nid]);
		mheap_fetch_block(mheaps[nid]);
		spares_trim(mheaps[nid], SPARES_KEPT);
	}

	free = mheap_free_pages();
	if (free <= max) {
		above_since = 0;
		return;
	}
	if (!above_since)
		above_since = jiffies | 1;
	if (time_before(jiffies, above_since + RELEASE_DELAY)) {
		mheap_kick(RELEASE_DELAY);
		return;
	}
	above_since = 0;
	mheap_release(free - max / 4 * 3, RELEASE_SPARSE);
}

/* Do at once what the worker would, and wait. */
void mheap_settle(void)
{
	int nid;

	flush_delayed_work(&mheap_work);
	for_each_node(nid) {
		mheap_release_aside(mheaps[nid]);
		spares_trim(mheaps[nid], SPARES_NEEDED);
	}
}

/* ---- looking ---------------------------------------------------------------------- */

/**
 * mheap_walk_slot() - call a function for each span that starts in a slot
 * @nr: slot of the address map
 * @fn: called with the mheap's lock held
 * @arg: for @fn
 *
 * Return: False if nothing of the slot is galloc's.
 */
bool mheap_walk_slot(unsigned long nr, void (*fn)(struct mspan *s, void *arg),
		     void *arg)
{
	struct arena *arena;
	unsigned long flags;
	unsigned int page;
	struct mspan *s;
	struct mheap *h;

	rcu_read_lock();
	arena = arena_slot(nr);
	if (arena == &arena_none) {
		rcu_read_unlock();
		return false;
	}
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	for_each_span(s, page, arena)
		fn(s, arg);
	galloc_unlock(&h->lock, flags);
	rcu_read_unlock();
	return true;
}

/* A copy of the span that any address lies in; for reports. */
bool mheap_span_around(const void *p, struct mspan *copy)
{
	struct arena *arena;
	unsigned long flags;
	unsigned int page;
	struct mspan *s;
	struct mheap *h;
	bool found = false;

	rcu_read_lock();
	arena = arena_of(p, &page);
	if (arena == &arena_none)
		goto out;
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	if (test_bit(page, arena->owned)) {
		while (!arena->span[page] && page)
			page--;
		s = arena->span[page];
		if (s) {
			*copy = *s;
			found = (unsigned long)p - s->start <
				(unsigned long)s->npages << PAGE_SHIFT;
		}
	}
	galloc_unlock(&h->lock, flags);
out:
	rcu_read_unlock();
	return found;
}

/* ---- init and exit ------------------------------------------------------------------ */

static struct mheap *mheap_new(int nid)
{
	struct mheap *h;
	int i, d;

	if (!arena_charge_meta(sizeof(*h)))
		return NULL;
	h = kzalloc_node(sizeof(*h), GFP_KERNEL,
			 node_online(nid) ? nid : NUMA_NO_NODE);
	if (!h) {
		arena_uncharge_meta(sizeof(*h));
		return NULL;
	}
	raw_spin_lock_init(&h->lock);
	for (i = 0; i < MHEAP_LISTS; i++)
		for (d = SPARSE; d <= DENSE; d++)
			INIT_LIST_HEAD(&h->free[i][d]);
	INIT_LIST_HEAD(&h->aside);
	INIT_LIST_HEAD(&h->spare[0]);
	INIT_LIST_HEAD(&h->spare[1]);
	h->large_runs = RB_ROOT;
	h->nid = nid;
	return h;
}

static void mheaps_delete(void)
{
	int nid;

	for_each_node(nid) {
		if (!mheaps[nid])
			continue;
		kfree(mheaps[nid]);
		arena_uncharge_meta(sizeof(struct mheap));
	}
	kfree(mheaps);
}

int mheap_init(void)
{
	int nid;

	mheaps = kcalloc(nr_node_ids, sizeof(*mheaps), GFP_KERNEL);
	if (!mheaps)
		return -ENOMEM;
	for_each_node(nid) {
		mheaps[nid] = mheap_new(nid);
		if (!mheaps[nid]) {
			mheaps_delete();
			return -ENOMEM;
		}
	}
	WRITE_ONCE(mheap_stopped, false);
	return 0;
}

/* Take the reserve, a block at a time, from the nodes in turn. */
int mheap_reserve(void)
{
	unsigned long have = 0;
	int nid = first_node(node_states[N_MEMORY]);
	int failed = 0;

	while (have < galloc_reserve_pages) {
		struct chunk chunk;
		unsigned long flags;
		struct mheap *h;

		cond_resched();
		if (!arena_get_chunk(&chunk, nid, 1, GFP_KERNEL)) {
			if (++failed > nodes_weight(node_states[N_MEMORY]))
				return -ENOMEM;
		} else {
			h = mheaps[chunk.nid];
			if (!lock_with_spares(h, false, GFP_KERNEL, &flags)) {
				chunk_put(&chunk);
				return -ENOMEM;
			}
			chunk_publish(h, &chunk);
			galloc_unlock(&h->lock, flags);
			have += chunk.npages;
			failed = 0;
		}
		nid = next_node_in(nid, node_states[N_MEMORY]);
	}
	return 0;
}

void mheap_stop(void)
{
	WRITE_ONCE(mheap_stopped, true);
	cancel_delayed_work_sync(&mheap_work);
}

static void abandon_span(struct mspan *s, void *arg)
{
	struct list_head *left = arg;

	/* LARGE and cut spans use no link of their own by now. */
	list_add(&s->list, left);
}

/*
 * Give everything back.  What still holds live objects is kept from everybody
 * for good.  Nobody else is left to look, so the lists need no lock here.
 * Returns the pages kept.
 */
unsigned long mheap_exit(void)
{
	unsigned long nr, kept = 0;
	struct mspan *s, *next;
	LIST_HEAD(left);
	int nid;

	WRITE_ONCE(galloc_reserve_pages, 0);
	for_each_node(nid)
		mheap_release_aside(mheaps[nid]);
	mheap_release(ULONG_MAX, RELEASE_ALL);

	for (nr = 0; nr < arena_nr_slots(); nr++)
		mheap_walk_slot(nr, abandon_span, &left);
	list_for_each_entry_safe(s, next, &left, list) {
		kept += s->npages;
		arena_abandon_pages(s->start, s->npages);
		mspan_delete(s);
	}
	for_each_node(nid)
		spares_trim(mheaps[nid], 0);
	mheaps_delete();
	return kept;
}
