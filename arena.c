// SPDX-License-Identifier: GPL-2.0
/*
 * arena: memory from alloc_pages().
 *
 * The lowest layer, called by mheap.c to take chunks of pages and to give them
 * back; calls map.c, so that their addresses are found.  Owns the limit, and the
 * references galloc holds on its pages.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/kmemleak.h>
#include <linux/page_ref.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

/* Taken from the system at a time: this part of what is held, and at least so much. */
#define GROWTH_PART		128
#define GROWTH_MIN		(256UL << 10)

/* The largest order that the page allocator serves without fail. */
#define NOFAIL_ORDER		1

/* For so long an order that was not to be had is not asked for again without need. */
#define SCARCE_DELAY		(HZ / 10)

struct arena_scarce *arena_scarce;

/* Bytes of pages and metadata, against the limit; of these, metadata. */
static atomic_long_t held_bytes;
static atomic_long_t meta_bytes;

/* What the map has grown by since: the limit does not concern it. */
static atomic_long_t map_growth_bytes;

/*
 * Pages less those about to go back: what galloc_reserve_pages is compared
 * with, before anything leaves.
 */
static atomic_long_t settled_pages;

/* Pages that can never go back: somebody else freed them under us. */
static atomic_long_t lost_pages;

/* ---- accounting ------------------------------------------------------- */

/*
 * Reserve first, undo if it was too much: two racing callers may both be
 * refused near the limit, but never both be let in beyond it.
 */
bool arena_charge(long bytes)
{
	long held = atomic_long_add_return(bytes, &held_bytes);

	held -= atomic_long_read(&map_growth_bytes);
	if (unlikely(galloc_limit_bytes && held > galloc_limit_bytes)) {
		atomic_long_sub(bytes, &held_bytes);
		count_event(EVENT_LIMIT_HIT);
		return false;
	}
	return true;
}

void arena_uncharge(long bytes)
{
	atomic_long_sub(bytes, &held_bytes);
}

/* The same for a request that may have no choice: what must not fail is let in. */
static bool charge_for(long bytes, gfp_t gfp)
{
	long held;

	if (likely(!(gfp & __GFP_NOFAIL)))
		return arena_charge(bytes);
	held = atomic_long_add_return(bytes, &held_bytes);
	if (unlikely(galloc_limit_bytes && held > galloc_limit_bytes))
		count_event(EVENT_OVER_LIMIT);
	return true;
}

/* What a request needs of descriptors; @gfp is that of the request. */
bool arena_charge_meta_for(long bytes, gfp_t gfp)
{
	if (!charge_for(bytes, gfp))
		return false;
	atomic_long_add(bytes, &meta_bytes);
	return true;
}

bool arena_charge_meta(long bytes)
{
	if (!arena_charge(bytes))
		return false;
	atomic_long_add(bytes, &meta_bytes);
	return true;
}

void arena_uncharge_meta(long bytes)
{
	atomic_long_sub(bytes, &meta_bytes);
	arena_uncharge(bytes);
}

/* A map that grows does so with the machine's memory, whatever the limit is. */
void arena_charge_map_growth(long bytes)
{
	atomic_long_add(bytes, &map_growth_bytes);
	atomic_long_add(bytes, &meta_bytes);
	atomic_long_add(bytes, &held_bytes);
}

/* What the limit is compared with. */
long arena_limited_bytes(void)
{
	return atomic_long_read(&held_bytes) - atomic_long_read(&map_growth_bytes);
}

/*
 * May @npages leave, or would that break into the reserve?  Taken off first and
 * put back if it was too much, as the limit is.
 */
bool arena_may_leave(unsigned int npages)
{
	long left = atomic_long_sub_return(npages, &settled_pages);

	if (left >= (long)READ_ONCE(galloc_reserve_pages))
		return true;
	atomic_long_add(npages, &settled_pages);
	return false;
}

/* Pages above the reserve; racy. */
unsigned long arena_spare_pages(void)
{
	long pages = atomic_long_read(&settled_pages) -
		     (long)READ_ONCE(galloc_reserve_pages);

	return max(pages, 0L);
}

long arena_held_bytes(void)
{
	return atomic_long_read(&held_bytes);
}

long arena_meta_bytes(void)
{
	return atomic_long_read(&meta_bytes);
}

long arena_lost_pages(void)
{
	return atomic_long_read(&lost_pages);
}

/* ---- pages from and to the system --------------------------------------- */

/* Hold ARENA_PAGE_REFS on each page of a fresh chunk. */
static void chunk_hold_pages(struct page *page, unsigned int order)
{
	unsigned int i;

	/* So that whoever keeps accounts of pages sees single ones from here on. */
	split_page(page, order);
	for (i = 0; i < 1U << order; i++)
		page_ref_add(page + i, ARENA_PAGE_REFS - 1);
}

/**
 * arena_mend_page() - give a page the references that somebody else dropped
 * @page: a page of galloc's that cannot leave meanwhile
 *
 * Only those are found that nobody else's make up for: when these are dropped in
 * their turn, the rest is missing then.
 *
 * Context: Any.  Reports nothing: arena_report_mended() does.
 * Return: How many there were missing.
 */
unsigned int arena_mend_page(struct page *page)
{
	int refs = page_ref_count(page);

	/* Not add: of two that find them, one gives them back. */
	while (unlikely(refs > 0 && refs < ARENA_PAGE_REFS))
		if (atomic_try_cmpxchg(&page->_refcount, &refs, ARENA_PAGE_REFS))
			return ARENA_PAGE_REFS - refs;
	return 0;
}

/**
 * arena_report_mended() - report what arena_mend_page() has given back
 * @page: the page
 * @missing: how many references
 *
 * Context: Any but NMI, no galloc lock held.
 */
void arena_report_mended(struct page *page, unsigned int missing)
{
	/* What the kernel took off for an object of the slab allocator. */
	if (KFREE_UNCOUNTS_ANY_PAGE)
		mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE_B,
				    (long)missing << PAGE_SHIFT);
	report_dropped(page_address(page), missing);
}

/*
 * Let one page go.  If somebody else still holds a reference (a network buffer
 * that the object was spliced into) the page is freed by their put_page().
 */
static void page_let_go(struct page *page)
{
	unsigned int missing = arena_mend_page(page);

	if (unlikely(missing))
		arena_report_mended(page, missing);
	if (unlikely(page_count(page) < ARENA_PAGE_REFS)) {
		/* All are gone, and so is the page: not ours to use or to free. */
		atomic_long_inc(&lost_pages);
		atomic_long_add(PAGE_SIZE, &held_bytes);
		report_dropped(page_address(page), ARENA_PAGE_REFS);
		return;
	}
	page_ref_sub(page, ARENA_PAGE_REFS - 1);
	__free_pages(page, 0);
}

/*
 * Make a chunk what alloc_pages() once gave: one reference on the head, none
 * on the tails.  Fails, with all as it was, if somebody else holds a page.
 */
static bool chunk_freeze(struct page *page, unsigned int order)
{
	unsigned int i, n = 1U << order;

	for (i = 0; i < n; i++) {
		if (page_ref_freeze(page + i, ARENA_PAGE_REFS))
			continue;
		while (i--)
			page_ref_unfreeze(page + i, ARENA_PAGE_REFS);
		return false;
	}
	set_page_count(page, 1);
	return true;
}

/**
 * arena_pages_unshared() - is nobody but galloc holding on to these pages?
 * @start: address of the first, or in it
 * @npages: number of pages
 *
 * References that somebody dropped by mistake are given back, and reported.
 *
 * Who sees true may use the pages again: the last reference of others went with a
 * full barrier, and what they read was read before.
 *
 * Context: Any but NMI, no galloc lock held; the pages cannot leave meanwhile.
 */
bool arena_pages_unshared(unsigned long start, unsigned int npages)
{
	struct page *page = virt_to_page((void *)start);
	unsigned int i, missing;

	for (i = 0; i < npages; i++, page++) {
		if (likely(page_ref_count(page) == ARENA_PAGE_REFS))
			continue;
		missing = arena_mend_page(page);
		if (!missing)
			return false;
		arena_report_mended(page, missing);
	}
	return true;
}

/*
 * Tell kmemleak: grey, so never a leak itself, but scanned for pointers to
 * others.  Page by page, because that is how they may leave.
 */
static void pages_announce(struct page *page, unsigned int npages, gfp_t gfp)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	for (i = 0; i < npages; i++)
		kmemleak_alloc(page_address(page + i), PAGE_SIZE, 0, gfp);
}

static void pages_renounce(struct page *page, unsigned int npages)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	for (i = 0; i < npages; i++)
		kmemleak_free(page_address(page + i));
}

/*
 * Free a frozen chunk, a block in two halves: pages of its order, as single ones,
 * go to a list of the CPU, and from there thousands at a time, which keeps
 * interrupts off for milliseconds.
 */
static void chunk_free(struct page *page, unsigned int order)
{
	if (order == ARENA_ORDER) {
		order--;
		set_page_count(page + (1U << order), 1);
		__free_pages(page + (1U << order), order);
	}
	__free_pages(page, order);
}

/*
 * Let pages go together, as many as begin here, past those lists; or one, where
 * they are few or somebody else holds one of them.  Returns how many.
 */
static unsigned int piece_let_go(struct page *page, unsigned int npages)
{
	unsigned int order = min3(ilog2(npages), ARENA_ORDER - 1,
				  (int)__ffs(page_to_pfn(page) | ARENA_PAGES));

	if (order <= PAGE_ALLOC_COSTLY_ORDER || pages_leave_singly() ||
	    !chunk_freeze(page, order)) {
		page_let_go(page);
		return 1;
	}
	__free_pages(page, order);
	return 1U << order;
}

static void pages_free(struct page *page, unsigned int npages, int order,
		       bool may_sleep)
{
	unsigned int i, n;

	pages_renounce(page, npages);
	if (order >= 0 && !pages_leave_singly() && chunk_freeze(page, order)) {
		count_event(EVENT_RELEASE_BLOCK);
		chunk_free(page, order);
		return;
	}
	for (i = 0; i < npages; i += n) {
		n = piece_let_go(page + i, npages - i);
		if ((i + n) / RELEASE_TURN != i / RELEASE_TURN && may_sleep)
			cond_resched();
	}
	atomic_long_add(npages, &galloc_events[EVENT_RELEASE_PAGES]);
}

/**
 * arena_put_pages() - give pages back to the system
 * @start: address of the first
 * @npages: number of pages
 * @order: they are one whole chunk of this order; -1: only a part of one
 * @may_sleep: the caller may sleep, and lets others run now and then
 *
 * Nothing may refer to the pages any more: rows 0, not owned.  Comes after
 * arena_leave() or a successful arena_may_leave().
 *
 * Context: Where may_grow() says so, no galloc lock held.
 */
void arena_put_pages(unsigned long start, unsigned int npages, int order,
		     bool may_sleep)
{
	map_put_range(start, npages);
	pages_free(virt_to_page((void *)start), npages, order, may_sleep);
	arena_uncharge((long)npages << PAGE_SHIFT);
}

/* The pages leave, reserve or not: a huge object, an emergency page. */
void arena_leave(unsigned int npages)
{
	atomic_long_sub(npages, &settled_pages);
}

/* Leave a page to those that still refer to it.  False if nobody else does. */
bool arena_leave_to_others(unsigned long start)
{
	struct page *page = virt_to_page((void *)start);

	if (page_ref_count(page) <= ARENA_PAGE_REFS)
		return false;
	pages_renounce(page, 1);
	page_let_go(page);
	return true;
}

/* Forget pages that hold live objects at unload: nobody gets them again. */
void arena_abandon_pages(unsigned long start, unsigned int npages)
{
	arena_leave(npages);
	map_put_range(start, npages);
	arena_uncharge((long)npages << PAGE_SHIFT);
}

/*
 * The caller's flags, less what must not travel to alloc_pages(): COMP (the
 * pages leave one by one), ACCOUNT (would charge a block for an object), the
 * mobility flags, ZERO (the object is cleared, not the block).
 */
static gfp_t chunk_gfp(gfp_t gfp)
{
	return context_gfp(gfp) &
	       ~(__GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT | __GFP_MOVABLE |
		 __GFP_RECLAIMABLE | __GFP_HARDWALL | __GFP_WRITE |
		 GALLOC_GFP_ZONES);
}

/* An order larger than needed: not worth reclaim, reserves or another node. */
static gfp_t chunk_gfp_speculative(gfp_t gfp)
{
	gfp |= __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_THISNODE;
	return gfp & ~(__GFP_RECLAIM | __GFP_HIGH | __GFP_ATOMIC |
		       __GFP_MEMALLOC | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL);
}

/*
 * __GFP_NOFAIL is the page allocator's as far as it promises to keep it; above that
 * order it warns, and whoever asks tries again.
 */
static gfp_t chunk_gfp_order(gfp_t gfp, unsigned int order)
{
	return order > NOFAIL_ORDER ? gfp & ~__GFP_NOFAIL : gfp;
}

/* Larger orders than that need not be tried for a while. */
static void arena_order_failed(int nid, unsigned int order)
{
	struct arena_scarce *scarce = &arena_scarce[nid];

	if (!order)
		return;
	WRITE_ONCE(scarce->order, order - 1);
	WRITE_ONCE(scarce->until, jiffies + SCARCE_DELAY);
}

static bool chunk_try(struct chunk *chunk, int nid, unsigned int order,
		      gfp_t gfp)
{
	unsigned int npages = 1U << order;
	unsigned long start;
	struct page *page;

	if (!charge_for((long)npages << PAGE_SHIFT, gfp))
		return false;
	page = galloc_fail(order) ? NULL :
	       alloc_pages_node(nid, chunk_gfp_order(gfp, order), order);
	if (!page) {
		arena_order_failed(nid, order);
		goto err_uncharge;
	}

	start = addr_of(page_address(page));
	if (!map_covers(page, npages, gfp))
		goto err_pages;
	if (!map_get_range(start, npages, page_to_nid(page), meta_gfp(gfp)))
		goto err_pages;

	chunk->page = page;
	chunk->npages = npages;
	chunk->order = order;
	chunk->nid = page_to_nid(page);
	chunk->zeroed = want_init_on_alloc(gfp) || want_init_on_free();
	chunk->reserve = page_is_pfmemalloc(page);
	chunk_hold_pages(page, order);
	pages_announce(page, npages, meta_gfp(gfp));
	atomic_long_add(npages, &settled_pages);
	count_event(EVENT_GROW);
	return true;

err_pages:
	__free_pages(page, order);
err_uncharge:
	arena_uncharge((long)npages << PAGE_SHIFT);
	return false;
}

/* The largest order that a node may have, by what it had a moment ago. */
static unsigned int arena_scarce_order(int nid)
{
	const struct arena_scarce *scarce = &arena_scarce[nid];

	if (time_after(jiffies, READ_ONCE(scarce->until)))
		return MAX_PAGE_ORDER;
	return READ_ONCE(scarce->order);
}

/**
 * arena_meta_alloc() - memory for what makes galloc fast, charged
 * @bytes: how much
 * @nid: node wanted
 *
 * For arrays that callers can do without, or with less.  Waits for nobody and wakes
 * nobody up for more than a page, and asks for that only where there was as much a
 * moment ago.
 *
 * Context: Where may_grow() says so, no galloc lock held.
 * Return: The memory, for arena_meta_free(); or NULL.
 */
void *arena_meta_alloc(size_t bytes, int nid)
{
	unsigned int order = get_order(bytes);
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	void *p;

	if (order)
		gfp = __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
	if (order > arena_scarce_order(nid) || !arena_charge_meta(bytes))
		return NULL;
	p = galloc_fail(order) ? NULL : kmalloc_node(bytes, gfp, nid);
	if (!p) {
		arena_order_failed(nid, order);
		arena_uncharge_meta(bytes);
	}
	return p;
}

/**
 * arena_meta_wait() - the same where one may sleep, in pages if need be, and zero
 * @bytes: how much
 * @nid: node wanted
 *
 * Context: Process.  Kills nobody.
 * Return: The memory, for arena_meta_free(); or NULL.
 */
void *arena_meta_wait(size_t bytes, int nid)
{
	void *p;

	if (!arena_charge_meta(bytes))
		return NULL;
	/* RETRY_MAYFAIL: as long as it takes, but no OOM killer. */
	p = galloc_fail(0) ? NULL :
	    kvzalloc_node(bytes, GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN,
			  nid);
	if (!p)
		arena_uncharge_meta(bytes);
	return p;
}

void arena_meta_free(void *p, size_t bytes)
{
	kvfree(p);
	arena_uncharge_meta(bytes);
}

/**
 * arena_growth_order() - how much to take from the system at a time
 *
 * Half of it lies free on average, so it is a small part of what there is.  The
 * reserve is taken in whole blocks.
 *
 * Return: The order of a chunk, at most ARENA_ORDER.
 */
unsigned int arena_growth_order(void)
{
	unsigned long part = atomic_long_read(&held_bytes) / GROWTH_PART;

	if (atomic_long_read(&settled_pages) <
	    (long)READ_ONCE(galloc_reserve_pages))
		return ARENA_ORDER;
	return ilog2(clamp(part, GROWTH_MIN, ARENA_SIZE)) - PAGE_SHIFT;
}

/**
 * arena_likely_order() - how much to ask the system for at a time
 * @nid: node
 *
 * Return: arena_growth_order(), or less if a node has just not had so much.
 */
unsigned int arena_likely_order(int nid)
{
	return min(arena_growth_order(), arena_scarce_order(nid));
}

static bool chunk_taken(const struct chunk *chunk, unsigned int wanted)
{
	if (chunk->order < wanted)
		count_event(EVENT_GROW_FALLBACK);
	return true;
}

/**
 * arena_get_spare_chunk() - take pages that a node has to spare
 * @chunk: filled on success
 * @nid: the node
 * @npages: least number of pages
 * @gfp: the caller's flags
 *
 * As arena_get_chunk(), but the last order, too, is tried without reclaim, without
 * reserves, and of this node only; and not at all if there was none of it a moment
 * ago.
 *
 * Context: Where may_grow() says so, no galloc lock held.
 * Return: False if the node has none, or the limit is reached.
 */
bool arena_get_spare_chunk(struct chunk *chunk, int nid, unsigned int npages,
			   gfp_t gfp)
{
	unsigned int least = get_order((unsigned long)npages << PAGE_SHIFT);
	unsigned int wanted = max(least, arena_growth_order());
	unsigned int order = least;

	if (arena_scarce_order(nid) < least)
		return false;
	if (gfpflags_allow_blocking(gfp))
		order = max(least, arena_likely_order(nid));
	gfp = chunk_gfp_speculative(chunk_gfp(gfp));
	for (; order + 1 > least; order--)
		if (chunk_try(chunk, nid, order, gfp))
			return chunk_taken(chunk, wanted);
	return false;
}

/**
 * arena_get_chunk() - take pages from the system
 * @chunk: filled on success
 * @nid: node wanted
 * @npages: least number of pages
 * @gfp: the caller's flags
 *
 * Tries arena_likely_order() first and comes down, order by order, to what is
 * needed; only that last order is tried with the caller's own flags.  A caller
 * that cannot sleep starts there: the worker fetches more for the next one.
 * Above a block there is only one order to try, and all of it is kept: a rest
 * given back in pieces lies on the lists of CPUs, where it keeps the next object
 * from a whole order.
 *
 * Context: Where may_grow() says so, no galloc lock held.  Sleeps if @gfp
 * allows it.
 * Return: False if there was no memory, or the limit is reached.
 */
bool arena_get_chunk(struct chunk *chunk, int nid, unsigned int npages,
		     gfp_t gfp)
{
	unsigned int least = get_order((unsigned long)npages << PAGE_SHIFT);
	unsigned int wanted = max(least, arena_growth_order());
	unsigned int order = least;

	gfp = chunk_gfp(gfp);
	if (gfpflags_allow_blocking(gfp))
		order = max(least, arena_likely_order(nid));
	for (; order > least; order--) {
		if (chunk_try(chunk, nid, order, chunk_gfp_speculative(gfp)))
			return chunk_taken(chunk, wanted);
	}
	if (!chunk_try(chunk, nid, least, gfp))
		return false;
	return chunk_taken(chunk, wanted);
}

/* ---- init and exit ------------------------------------------------------- */

int arena_init(void)
{
	int nid;

	arena_scarce = galloc_fail(0) ? NULL :
		       kvcalloc(nr_node_ids, sizeof(*arena_scarce), GFP_KERNEL);
	if (!arena_scarce)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++)
		arena_scarce[nid].order = MAX_PAGE_ORDER;
	return 0;
}

void arena_exit(void)
{
	kvfree(arena_scarce);
}
