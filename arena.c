// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * arena: memory from alloc_pages().
 *
 * The lowest layer.  mheap.c calls it to get chunks of pages and to return them; it
 * calls map.c, so that their addresses are found.  Owns the limit, and galloc's
 * references to its pages.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"
#include "observe/tracepoints.h"

#include <linux/kmemleak.h>
#include <linux/page_ref.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

/* Size of a chunk: this part of what galloc holds, and at least so much. */
#define GROWTH_PART		128
#define GROWTH_MIN		(256UL << 10)

/* Pages that one request may skip because they are in no slot of their node. */
#define STRAY_PAGES		(2 * ARENA_PAGES)

struct arena_scarce *arena_scarce;
bool arena_short_lacked __read_mostly;
unsigned long arena_short_until __read_mostly;

/* Bytes of pages, and of metadata: the limit is for both together. */
static atomic_long_t page_bytes;
static atomic_long_t meta_bytes;

/* Growth of the map since load, which the limit does not cover. */
static atomic_long_t map_growth_bytes;

/*
 * Pages that are in free runs or will be, except those about to be returned: compared with
 * galloc_reserve_pages before anything is returned.  Not those that leave when they are
 * freed: of objects above a block, and of the emergency reserve.
 */
static atomic_long_t settled_pages;

/* Pages that can never be returned: others dropped all references to them. */
static atomic_long_t lost_pages;

/* ---- accounting ------------------------------------------------------- */

/*
 * Charge first, uncharge if that exceeded the limit: near the limit two racing callers
 * may both be refused, but never both be admitted beyond it.
 */
static bool charge(atomic_long_t *what, long bytes)
{
	/* Once: it may change at any time. */
	unsigned long limit = READ_ONCE(galloc_limit_bytes);

	/* Full barrier: of one who charges pages and one who charges metadata, one sees both. */
	atomic_long_add_return(bytes, what);
	if (unlikely(limit && arena_limited_bytes() > limit)) {
		atomic_long_sub(bytes, what);
		count_event(EVENT_LIMIT_HIT);
		return false;
	}
	return true;
}

bool arena_charge(long bytes)
{
	return charge(&page_bytes, bytes);
}

void arena_uncharge(long bytes)
{
	atomic_long_sub(bytes, &page_bytes);
}

/* The same for a request, which exceeds the limit if it must not fail. */
static bool charge_for(atomic_long_t *what, long bytes, gfp_t gfp)
{
	unsigned long limit = READ_ONCE(galloc_limit_bytes);

	if (likely(!(gfp & __GFP_NOFAIL)))
		return charge(what, bytes);
	atomic_long_add(bytes, what);
	if (unlikely(limit && arena_limited_bytes() > limit))
		count_event(EVENT_OVER_LIMIT);
	return true;
}

/* Charge the descriptors of a request; @gfp is that of the request. */
bool arena_charge_meta_for(long bytes, gfp_t gfp)
{
	return charge_for(&meta_bytes, bytes, gfp);
}

bool arena_charge_meta(long bytes)
{
	return charge(&meta_bytes, bytes);
}

void arena_uncharge_meta(long bytes)
{
	atomic_long_sub(bytes, &meta_bytes);
}

/* A map grows because the machine's memory does, whatever the limit is. */
void arena_charge_map_growth(long bytes)
{
	atomic_long_add(bytes, &map_growth_bytes);
	atomic_long_add(bytes, &meta_bytes);
}

/* The bytes that the limit applies to. */
long arena_limited_bytes(void)
{
	return arena_held_bytes() - atomic_long_read(&map_growth_bytes);
}

/*
 * May @npages be returned, or would that break into the reserve?  Subtracted first
 * and added back if it was too much, as for the limit.
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
	return atomic_long_read(&page_bytes) + arena_meta_bytes();
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

/*
 * The pages of a chunk above a block are never returned separately.  It is a compound page,
 * as kmalloc()'s are: the first page has all references, and none is touched but that.
 */
static bool order_is_compound(int order)
{
	return order > (int)ARENA_ORDER;
}

/* Hold ARENA_PAGE_REFS on each page of a fresh chunk, or on the compound page it is. */
static void chunk_hold_pages(struct page *page, unsigned int order)
{
	unsigned int i = 1, n = order_is_compound(order) ? 1 : 1U << order;

	/* Whoever walks all page frames may refer to the first already. */
	page_ref_add(page, ARENA_PAGE_REFS - 1);
	if (n > 1 && split_is_recorded())
		split_page(page, order);
	/* To the others nobody refers, as their count is 0. */
	for (; !split_is_recorded() && i + 3 <= n; i += 3) {
		set_page_count(page + i, ARENA_PAGE_REFS);
		set_page_count(page + i + 1, ARENA_PAGE_REFS);
		set_page_count(page + i + 2, ARENA_PAGE_REFS);
	}
	for (; i < n; i++)
		page_ref_add(page + i, ARENA_PAGE_REFS - split_is_recorded());
}

/**
 * arena_mend_page() - restore the references to a page that others dropped
 * @page: a page of galloc's that cannot be returned meanwhile.  Of a compound page the
 *	first has all references: the others, without any, lack none
 *
 * Finds only those that references of others do not hide; the rest is missing when
 * these are dropped.
 *
 * Context: Any.  Reports nothing: a layer above does.
 * Return: The number of missing references.
 */
unsigned int arena_mend_page(struct page *page)
{
	int refs = page_ref_count(page);

	/* No addition: if two find them, only one restores them. */
	while (unlikely(refs >= ARENA_PAGE_LOST && refs < ARENA_PAGE_REFS))
		if (atomic_try_cmpxchg(&page->_refcount, &refs, ARENA_PAGE_REFS))
			break;
	if (likely(refs < ARENA_PAGE_LOST || refs >= ARENA_PAGE_REFS))
		return 0;
	/* What the kernel subtracted as for an object of the slab allocator. */
	if (KFREE_UNCOUNTS_ANY_PAGE)
		mod_node_page_state(page_pgdat(page), NR_SLAB_UNRECLAIMABLE_B,
				    (long)(ARENA_PAGE_REFS - refs) <<
				    (PAGE_SHIFT + compound_order(page)));
	return ARENA_PAGE_REFS - refs;
}

void arena_mended_add(struct arena_mended *m, struct page *page,
		      unsigned int missing)
{
	if (m->n == ARENA_MENDED) {
		m->more += missing;
		return;
	}
	m->page[m->n] = page_address(page);
	m->missing[m->n++] = missing;
}

/*
 * Return one page, or a compound one.  If others still hold a reference (such as a
 * network buffer that the object was spliced into), their put_page() frees it.
 */
static void page_let_go(struct page *page, unsigned int order,
			struct arena_mended *mended)
{
	unsigned int missing = arena_mend_page(page);

	if (unlikely(missing))
		arena_mended_add(mended, page, missing);
	if (unlikely(page_count(page) < ARENA_PAGE_REFS)) {
		/* No reference is left: we may neither use the page nor free it. */
		atomic_long_add(1L << order, &lost_pages);
		atomic_long_add(PAGE_SIZE << order, &page_bytes);
		arena_mended_add(mended, page, ARENA_PAGE_REFS);
		return;
	}
	page_ref_sub(page, ARENA_PAGE_REFS - 1);
	__free_pages(page, order);
}

/*
 * Restore the state of a chunk after alloc_pages(): one reference on the head, none
 * on the tails.  Fails and changes nothing if others hold a page.
 */
static bool chunk_freeze(struct page *page, unsigned int order)
{
	unsigned int i, n = 1U << order;

	for (i = 0; i < n; i++) {
		/* What follows an atomic operation waits for it, and so for each cache miss. */
		prefetchw(page + i + 16);
		if (page_ref_freeze(page + i, ARENA_PAGE_REFS))
			continue;
		while (i--)
			page_ref_unfreeze(page + i, ARENA_PAGE_REFS);
		return false;
	}
	set_page_count(page, 1);
	return true;
}

/*
 * Tell kmemleak: grey, so never a leak itself, but scanned for pointers to
 * other memory.  Page by page, because they may be returned that way.  Unless it follows
 * single objects, see debug/scan.c.
 */
static void pages_announce(struct page *page, unsigned int npages, gfp_t gfp)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || scan_on)
		return;
	for (i = 0; i < npages; i++)
		kmemleak_alloc(page_address(page + i), PAGE_SIZE, 0, gfp);
}

static void pages_renounce(struct page *page, unsigned int npages)
{
	unsigned int i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) || scan_on)
		return;
	for (i = 0; i < npages; i++)
		kmemleak_free(page_address(page + i));
}

/*
 * Free a frozen chunk, a block in two halves: pages of a block's order, like single
 * ones, go to a list of the CPU, which the page allocator empties by the thousand, with
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
 * Return as many pages as begin an aligned piece here: short ones, too, since single pages
 * would be handed out one by one.  Or one, if others hold one of them.  Returns how many.
 */
static unsigned int piece_let_go(struct page *page, unsigned int npages,
				 struct arena_mended *mended)
{
	unsigned int order = min3(ilog2(npages), ARENA_ORDER - 1,
				  (int)__ffs(page_to_pfn(page) | ARENA_PAGES));

	if (!order || PIECES_LEAVE_SINGLY || pages_leave_singly() ||
	    !chunk_freeze(page, order)) {
		page_let_go(page, 0, mended);
		return 1;
	}
	__free_pages(page, order);
	return 1U << order;
}

static void pages_free(struct page *page, unsigned int npages, int order,
		       bool may_sleep, struct arena_mended *mended)
{
	unsigned int i, n;

	pages_renounce(page, npages);
	if (order_is_compound(order)) {
		trace_count_release(page, npages, true);
		page_let_go(page, order, mended);
		return;
	}
	if (order >= 0 && !pages_leave_singly() && chunk_freeze(page, order)) {
		trace_count_release(page, npages, true);
		chunk_free(page, order);
		return;
	}
	trace_count_release(page, npages, false);
	for (i = 0; i < npages; i += n) {
		n = piece_let_go(page + i, npages - i, mended);
		if ((i + n) / RELEASE_TURN != i / RELEASE_TURN && may_sleep)
			cond_resched();
	}
}

/**
 * arena_put_pages() - return pages to the system
 * @start: address of the first
 * @npages: number of pages
 * @order: they are one whole chunk of this order; -1: part of a chunk
 * @may_sleep: the caller may sleep; reschedules if needed
 * @mended: pages that lacked references of galloc's are added to it
 *
 * Nothing may refer to the pages any more: rows 0, not owned, not settled.
 *
 * Context: Where may_grow() says so, no galloc lock held.
 */
void arena_put_pages(unsigned long start, unsigned int npages, int order,
		     bool may_sleep, struct arena_mended *mended)
{
	map_put_range(start, npages);
	pages_free(virt_to_page((void *)start), npages, order, may_sleep, mended);
	arena_uncharge((long)npages << PAGE_SHIFT);
}

/* The same for a lone page, which has left the map already. */
void arena_put_lone(unsigned long start, struct arena_mended *mended)
{
	pages_free(virt_to_page((void *)start), 1, 0, false, mended);
	arena_uncharge(PAGE_SIZE);
}

/* Pages enter the free runs; negative: they leave, even below the reserve. */
void arena_settle(long npages)
{
	atomic_long_add(npages, &settled_pages);
}

/*
 * Leave a page, or a huge chunk of @order, to others that still refer to it.  Returns the
 * number of pages, 0 if there are no others.
 */
unsigned int arena_leave_to_others(unsigned long start, unsigned int order,
				   struct arena_mended *mended)
{
	struct page *page = virt_to_page((void *)start);

	if (page_ref_count(page) <= ARENA_PAGE_REFS)
		return 0;
	pages_renounce(page, 1U << order);
	page_let_go(page, order, mended);
	return 1U << order;
}

/*
 * Abandon a span with live objects at unload: its pages are never reused.  A lone page has
 * left the map already.
 */
void arena_abandon_pages(struct mspan *s)
{
	if (!s->arena->lone)
		map_put_range(s->start, s->npages);
	arena_uncharge((long)s->npages << PAGE_SHIFT);
}

/*
 * The caller's flags without those that must not reach alloc_pages(): COMP (galloc
 * decides), ACCOUNT (would charge a block for an object), the mobility flags, ZERO (the
 * object is cleared, not the block).
 */
static gfp_t chunk_gfp(gfp_t gfp)
{
	if (gfp & GALLOC_GFP_ONCE)
		gfp &= ~KVMALLOC_GFP_LACKS;
	return context_gfp(gfp) &
	       ~(__GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT | __GFP_MOVABLE |
		 __GFP_RECLAIMABLE | __GFP_HARDWALL | __GFP_WRITE |
		 GALLOC_GFP_ZONES | GALLOC_GFP_ONCE);
}

/* For more than is needed: not worth reclaim, reserves or another node. */
static gfp_t chunk_gfp_speculative(gfp_t gfp)
{
	gfp |= __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_THISNODE;
	return gfp & ~(__GFP_RECLAIM | __GFP_HIGH | __GFP_ATOMIC |
		       __GFP_MEMALLOC | __GFP_RETRY_MAYFAIL | __GFP_NOFAIL);
}

/*
 * Ask the system.  __GFP_NOFAIL for more than two pages, of which kernels up to 6.12 warn,
 * only if there is no other way, and never for a costly order: the caller tries again.
 */
static struct page *chunk_pages(int nid, unsigned int order, gfp_t gfp)
{
	struct page *page = NULL;

	gfp |= order_is_compound(order) ? __GFP_COMP : 0;
	if (gfp & __GFP_NOFAIL && order > 1)
		page = alloc_pages_node(nid, gfp_may_fail(gfp), order);
	if (page || (gfp & __GFP_NOFAIL && order > PAGE_ALLOC_COSTLY_ORDER))
		return page;
	return alloc_pages_node(nid, gfp, order);
}

/* Larger orders than this need not be tried for a while, unless only this task lacks them. */
static void arena_order_failed(int nid, unsigned int order)
{
	struct arena_scarce *scarce = &arena_scarce[nid];

	if (!order || !arena_may_ask(nid))
		return;
	/* That shorter ones are lacking is still known. */
	if (order > arena_scarce_order(nid))
		return;
	WRITE_ONCE(scarce->order, order - 1);
	WRITE_ONCE(scarce->until, jiffies + SCARCE_DELAY);
}

/*
 * Enter a chunk into the map, unless it is a lone page.  -EXDEV if that is impossible at
 * this address.
 */
static int chunk_map(struct page *page, unsigned int order, gfp_t gfp, bool *lone)
{
	if (!map_covers(page, 1U << order, gfp))
		return -EXDEV;
	*lone = !order && page_is_pfmemalloc(page) && map_may_be_lone(page);
	if (*lone)
		return 0;
	return map_get_range(addr_of(page_address(page)), 1U << order,
			     page_to_nid(page), meta_gfp(gfp, 1UL << order));
}

/*
 * Pages that the map covers, or NULL.  Where the memory of two nodes meets within a slot
 * of one node, the pages of the other are unusable, and so are those that the map does not
 * cover yet.  They are kept until better ones are found: if they were returned at once,
 * the page allocator would return them again and again.
 */
static struct page *chunk_alloc(int nid, unsigned int order, gfp_t gfp, bool *lone)
{
	struct page *page, *found = NULL, *next;
	unsigned int npages = 0;
	struct kswapd_hush hush;
	LIST_HEAD(passed);
	int err;

	do {
		galloc_pause(PAUSE_ASK_SYSTEM, &gfp);
		kswapd_hush(&hush);
		/* Asked for an offline node alone it would print a stack. */
		page = galloc_fail(order) || (gfp & __GFP_THISNODE && !node_has_pages(nid)) ?
		       NULL : chunk_pages(nid, order, gfp);
		kswapd_unhush(&hush);
		if (!page) {
			arena_order_failed(nid, order);
			break;
		}
		galloc_pause(PAUSE_GOT_PAGES, page);
		err = chunk_map(page, order, gfp, lone);
		if (likely(!err)) {
			found = page;
			break;
		}
		list_add(&page->lru, &passed);
		npages += 1U << order;
	} while (err == -EXDEV && npages < STRAY_PAGES);

	list_for_each_entry_safe(page, next, &passed, lru)
		__free_pages(page, order);
	return found;
}

static bool chunk_try(struct chunk *chunk, int nid, unsigned int order,
		      gfp_t gfp)
{
	unsigned int npages = 1U << order;
	struct page *page;

	if (!charge_for(&page_bytes, (long)npages << PAGE_SHIFT, gfp))
		return false;
	page = chunk_alloc(nid, order, gfp, &chunk->lone);
	if (!page) {
		arena_uncharge((long)npages << PAGE_SHIFT);
		return false;
	}

	chunk->page = page;
	chunk->npages = npages;
	chunk->order = order;
	chunk->nid = page_to_nid(page);
	chunk->zeroed = want_init_on_alloc(gfp) || want_init_on_free();
	chunk->reserve = page_is_pfmemalloc(page);
	chunk_hold_pages(page, order);
	pages_announce(page, npages, meta_gfp(gfp, npages));
	count_event(EVENT_GROW);
	trace_grow(chunk->nid, page_to_pfn(page), npages, gfp);
	return true;
}

/* Bytes that memory of kmalloc(), or of vmalloc() in its place, really takes. */
long arena_meta_takes(const void *p, size_t bytes)
{
	return is_vmalloc_addr(p) ? PAGE_ALIGN(bytes) : kmalloc_size_roundup(bytes);
}

/**
 * arena_meta_alloc() - allocate optional metadata, charged
 * @bytes: size
 * @nid: node wanted, not NUMA_NO_NODE
 *
 * For arrays that galloc can do without, or with smaller ones.  For more than a page it
 * neither waits nor wakes kswapd, and tries only if that order was available a
 * moment ago.
 *
 * Context: Where may_grow() says so, no galloc lock held.
 * Return: The memory, for arena_meta_free(); or NULL.
 */
void *arena_meta_alloc(size_t bytes, int nid)
{
	unsigned int order = get_order(bytes);
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	long takes = kmalloc_size_roundup(bytes);
	void *p;

	if (order)
		gfp = __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;
	if (order > arena_scarce_order(nid) || !arena_charge_meta(takes))
		return NULL;
	p = galloc_fail(order) ? NULL : kmalloc_node(bytes, gfp, nid);
	if (!p) {
		arena_order_failed(nid, order);
		arena_uncharge_meta(takes);
	}
	return p;
}

/**
 * arena_meta_zalloc() - memory that galloc cannot do without, zeroed and charged
 * @bytes: size
 * @nid: node wanted, or NUMA_NO_NODE
 * @gfp: flags; with __GFP_NOFAIL the limit does not apply
 *
 * Context: As @gfp says, no galloc lock held.
 * Return: The memory, for arena_meta_free(); or NULL.
 */
void *arena_meta_zalloc(size_t bytes, int nid, gfp_t gfp)
{
	long takes = kmalloc_size_roundup(bytes);
	struct kswapd_hush hush;
	void *p;

	if (!arena_charge_meta_for(takes, gfp))
		return NULL;
	kswapd_hush(&hush);
	p = galloc_fail(0) ? NULL : kvzalloc_node(bytes, gfp, nid);
	kswapd_unhush(&hush);
	arena_uncharge_meta(takes - (p ? arena_meta_takes(p, bytes) : 0));
	return p;
}

void arena_meta_free(void *p, size_t bytes)
{
	if (!p)
		return;
	arena_uncharge_meta(arena_meta_takes(p, bytes));
	kvfree(p);
}

/* The same from a cache of objects that take @bytes; NULL: a page. */
void *arena_meta_cache_alloc(struct kmem_cache *cache, size_t bytes, gfp_t gfp)
{
	struct kswapd_hush hush;
	void *p;

	if (!arena_charge_meta_for(bytes, gfp))
		return NULL;
	galloc_pause(PAUSE_ASK_SYSTEM, &gfp);
	kswapd_hush(&hush);
	if (galloc_fail(0))
		p = NULL;
	else
		p = cache ? kmem_cache_alloc(cache, gfp) : (void *)__get_free_page(gfp);
	kswapd_unhush(&hush);
	if (!p)
		arena_uncharge_meta(bytes);
	return p;
}

/*
 * A page for descriptors, charged as a whole, however many of them are used.  For more than
 * are @needed only where it costs nothing, neither reclaim nor reserves.
 */
void *arena_meta_page(bool needed, gfp_t gfp)
{
	return arena_meta_cache_alloc(NULL, PAGE_SIZE,
				      needed ? gfp : chunk_gfp_speculative(gfp));
}

void arena_meta_cache_free(struct kmem_cache *cache, void *p, size_t bytes)
{
	if (cache)
		kmem_cache_free(cache, p);
	else
		free_page((unsigned long)p);
	arena_uncharge_meta(bytes);
}

/**
 * arena_growth_order() - preferred order of a chunk
 *
 * On average half of the last chunk is free, so it is a small part of what galloc holds.
 * The reserve is allocated in whole blocks.
 *
 * Return: The order of a chunk, at most ARENA_ORDER.
 */
unsigned int arena_growth_order(void)
{
	unsigned long part = arena_held_bytes() / GROWTH_PART;

	if (atomic_long_read(&settled_pages) <
	    (long)READ_ONCE(galloc_reserve_pages))
		return ARENA_ORDER;
	return ilog2(clamp(part, GROWTH_MIN, ARENA_SIZE)) - PAGE_SHIFT;
}

/**
 * arena_likely_order() - order of a chunk that is likely available
 * @nid: node
 *
 * Return: arena_growth_order(), or less if a node recently failed it; 0 where memory is in
 * pieces: longer ones than are needed are what others lack.
 */
unsigned int arena_likely_order(int nid)
{
	if (arena_node_in_pieces(nid))
		return 0;
	return min(arena_growth_order(), arena_scarce_order(nid));
}

static bool chunk_taken(const struct chunk *chunk, unsigned int wanted)
{
	if (chunk->order < wanted)
		count_event(EVENT_GROW_FALLBACK);
	return true;
}

/**
 * arena_get_spare_chunk() - allocate pages that cost a node nothing
 * @chunk: filled on success
 * @nid: the node
 * @npages: least number of pages
 * @gfp: the caller's flags
 *
 * As arena_get_chunk(), but tries the last order, too, without reclaim and reserves,
 * and on this node only; and not at all if that order was not available a moment
 * ago.  The last try wakes kswapd if @gfp allows it: the node may be used up.
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

	if (arena_scarce_order(nid) < least || !arena_may_ask(nid))
		return false;
	if (gfpflags_allow_blocking(gfp))
		order = max(least, arena_likely_order(nid));
	gfp = chunk_gfp(gfp);
	for (; order > least; order--)
		if (chunk_try(chunk, nid, order, chunk_gfp_speculative(gfp)))
			return chunk_taken(chunk, wanted);
	if (!chunk_try(chunk, nid, least,
		       chunk_gfp_speculative(gfp) | (gfp & __GFP_KSWAPD_RECLAIM)))
		return false;
	return chunk_taken(chunk, wanted);
}

/**
 * arena_get_chunk() - allocate pages from the system
 * @chunk: filled on success
 * @nid: node wanted
 * @npages: least number of pages
 * @gfp: the caller's flags
 *
 * Tries arena_likely_order() first and then smaller orders down to what is
 * needed; only that last order is tried with the caller's own flags.  For a caller
 * that cannot sleep it tries just that order: the worker fetches more for the next one.
 * Above a block there is only one order to try, and all of it is kept: returned
 * pieces would go to the CPUs' lists, where they keep the next object from a whole
 * order.
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
	if (gfpflags_allow_blocking(gfp) && arena_may_ask(nid))
		order = max(least, arena_likely_order(nid));
	for (; order > least; order--) {
		if (chunk_try(chunk, nid, order, chunk_gfp_speculative(gfp)))
			return chunk_taken(chunk, wanted);
	}
	if (!chunk_try(chunk, nid, least, gfp)) {
		arena_refused(least);
		return false;
	}
	return chunk_taken(chunk, wanted);
}

/* ---- init and exit ------------------------------------------------------- */

static size_t scarce_bytes(void)
{
	return nr_node_ids * sizeof(*arena_scarce);
}

int arena_init(void)
{
	int nid;

	arena_scarce = arena_meta_zalloc(scarce_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!arena_scarce)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++)
		arena_scarce[nid].order = MAX_PAGE_ORDER;
	return 0;
}

void arena_exit(void)
{
	arena_meta_free(arena_scarce, scarce_bytes());
}
