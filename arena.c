// SPDX-License-Identifier: GPL-2.0
/*
 * arena: memory from alloc_pages(), and the map from an address to it.
 *
 * The lowest layer, called by mheap.c to take chunks of pages and to give them
 * back, and by everybody to find an address.  Owns arena_map_lock, the limit,
 * and the references galloc holds on its pages.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/kmemleak.h>
#include <linux/memory.h>
#include <linux/page_ref.h>
#include <linux/pfn.h>
#include <linux/sched/mm.h>

/*
 * galloc holds two references on each page.  A client that hands a page to the
 * network gets the third; a kfree() of our pointer by mistake takes the second
 * away and so leaks a page instead of freeing it under its neighbours.
 *
 * Every page of a chunk carries them, the tails of a high-order chunk too:
 * that is all split_page() would do for a chunk that is not charged, so each
 * page can leave alone later, even while others of the chunk are in use.
 */
#define ARENA_PAGE_REFS		2

/* Taken from the system at a time: this part of what is held, and at least so much. */
#define GROWTH_PART		128
#define GROWTH_MIN		(256UL << 10)

/* Slots copied under the lock in one turn when the map grows. */
#define MAP_COPY_TURN		512

/* What addresses outside galloc map to: no rows, no spans. */
struct arena arena_none;

struct arena_map *arena_map;

/* The table being filled by arena_map_grow(), or NULL. */
static struct arena_map *arena_map_next;

/*
 * Protects the slots of both maps and arena->refs.  Raw, irq-safe, leaf: no
 * other galloc lock is taken under it, and it is taken under none.
 */
static DEFINE_RAW_SPINLOCK(arena_map_lock);

/* Serialises arena_map_grow(). */
static DEFINE_MUTEX(arena_map_mutex);

static struct kmem_cache *arena_cache;

/* Bytes of pages and metadata, against the limit; of these, metadata. */
static atomic_long_t held_bytes;
static atomic_long_t meta_bytes;

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

/* ---- the address map --------------------------------------------------- */

static unsigned long slot_nr(const struct arena_map *map, unsigned long addr)
{
	return (addr - map->base) >> ARENA_SHIFT;
}

unsigned long arena_nr_slots(void)
{
	unsigned long nr;

	rcu_read_lock();
	nr = READ_ONCE(arena_map)->nr;
	rcu_read_unlock();
	return nr;
}

/* The arena of slot @nr, in an RCU read section. */
struct arena *arena_slot(unsigned long nr)
{
	const struct arena_map *map = READ_ONCE(arena_map);

	return nr < map->nr ? arena_from_rows(READ_ONCE(map->rows[nr]), nr) :
			      &arena_none;
}

/* Store to the map, and to the one that is about to replace it. */
static void arena_slot_set(unsigned long nr, struct arena *arena)
{
	unsigned long rows = arena_to_rows(arena, nr);

	lockdep_assert_held(&arena_map_lock);

	/* Release: arena_of() must see the arena's fields. */
	smp_store_release(&arena_map->rows[nr], rows);
	if (arena_map_next)
		arena_map_next->rows[nr] = rows;
}

static struct arena_map *arena_map_new(unsigned long nr)
{
	struct arena_map *map;
	unsigned long i;

	if (!arena_charge_meta(struct_size(map, rows, nr)))
		return NULL;
	map = galloc_fail(0) ? NULL :
	      kvmalloc(struct_size(map, rows, nr), GFP_KERNEL);
	if (!map) {
		arena_uncharge_meta(struct_size(map, rows, nr));
		return NULL;
	}
	map->base = PAGE_OFFSET;
	map->nr = nr;
	for (i = 0; i < nr; i++)
		map->rows[i] = arena_to_rows(&arena_none, i);
	return map;
}

static void arena_map_delete(struct arena_map *map)
{
	arena_uncharge_meta(struct_size(map, rows, map->nr));
	kvfree(map);
}

/**
 * arena_map_grow() - replace the map by one that covers @addr, too
 * @addr: address of memory that is about to be there
 *
 * Slots change while it is being copied, a turn at a time: arena_slot_set() then
 * writes to both.
 *
 * Context: Process.  Sleeps.
 * Return: 0 or -ENOMEM.
 */
int arena_map_grow(unsigned long addr)
{
	struct arena_map *old, *new;
	unsigned long flags, i, end;

	might_sleep();
	mutex_lock(&arena_map_mutex);
	old = arena_map;
	if (slot_nr(old, addr) < old->nr)
		goto out;
	new = arena_map_new(slot_nr(old, addr) + 1);
	if (!new) {
		mutex_unlock(&arena_map_mutex);
		return -ENOMEM;
	}

	galloc_lock(&arena_map_lock, flags);
	arena_map_next = new;
	galloc_unlock(&arena_map_lock, flags);

	for (i = 0; i < old->nr; i = end) {
		end = min(i + MAP_COPY_TURN, old->nr);
		galloc_lock(&arena_map_lock, flags);
		memcpy(&new->rows[i], &old->rows[i],
		       (end - i) * sizeof(new->rows[0]));
		galloc_unlock(&arena_map_lock, flags);
		cond_resched();
	}

	galloc_lock(&arena_map_lock, flags);
	/* Release: arena_of() must see the slots. */
	smp_store_release(&arena_map, new);
	arena_map_next = NULL;
	galloc_unlock(&arena_map_lock, flags);

	count_event(EVENT_MAP_GROWN);
	synchronize_rcu();
	arena_map_delete(old);
out:
	mutex_unlock(&arena_map_mutex);
	return 0;
}

static int arena_memory_callback(struct notifier_block *nb,
				 unsigned long action, void *arg)
{
	const struct memory_notify *mn = arg;
	unsigned long last;

	if (action != MEM_GOING_ONLINE)
		return NOTIFY_OK;
	last = (unsigned long)__va(PFN_PHYS(mn->start_pfn + mn->nr_pages - 1));
	return notifier_from_errno(arena_map_grow(last));
}

static struct notifier_block arena_memory_nb = {
	.notifier_call = arena_memory_callback,
};

static void arena_free_rcu(struct rcu_head *head)
{
	kmem_cache_free(arena_cache, container_of(head, struct arena, rcu));
	arena_uncharge_meta(sizeof(struct arena));
}

/* Drop @npages references; the slot leaves the map with the last. */
static void arena_put(unsigned long addr, unsigned int npages)
{
	struct arena *arena;
	unsigned long flags;
	unsigned long nr;
	bool last;

	galloc_lock(&arena_map_lock, flags);
	nr = slot_nr(arena_map, addr);
	arena = arena_from_rows(arena_map->rows[nr], nr);
	arena->refs -= npages;
	last = !arena->refs;
	if (last)
		arena_slot_set(nr, &arena_none);
	galloc_unlock(&arena_map_lock, flags);

	if (last)
		call_rcu(&arena->rcu, arena_free_rcu);
}

/*
 * Take @npages references on the slot of @addr, installing *@new if it is
 * empty.  -ENOENT if there is none to install, -EXDEV if the slot belongs to
 * another node.
 */
static int arena_get(unsigned long addr, unsigned int npages, int nid,
		     struct arena **new)
{
	struct arena *arena;
	unsigned long flags;
	unsigned long nr;
	int err = 0;

	galloc_lock(&arena_map_lock, flags);
	nr = slot_nr(arena_map, addr);
	arena = arena_from_rows(arena_map->rows[nr], nr);
	if (arena == &arena_none && *new) {
		arena = *new;
		*new = NULL;
		arena->start = arena_map->base + (nr << ARENA_SHIFT);
		arena->nid = nid;
		arena_slot_set(nr, arena);
	}
	if (arena == &arena_none)
		err = -ENOENT;
	else if (arena->nid != nid)
		err = -EXDEV;
	else
		arena->refs += npages;
	galloc_unlock(&arena_map_lock, flags);
	return err;
}

static struct arena *arena_new(gfp_t gfp)
{
	struct arena *arena;

	if (!arena_charge_meta(sizeof(*arena)))
		return NULL;
	arena = galloc_fail(0) ? NULL : kmem_cache_zalloc(arena_cache, gfp);
	if (!arena)
		arena_uncharge_meta(sizeof(*arena));
	/* The map has no pointer that kmemleak would know. */
	kmemleak_not_leak(arena);
	return arena;
}

static void arena_delete(struct arena *arena)
{
	if (!arena)
		return;
	kmem_cache_free(arena_cache, arena);
	arena_uncharge_meta(sizeof(*arena));
}

/* Pages from @addr to the end of its slot, at most @npages. */
static unsigned int pages_in_slot(unsigned long addr, unsigned int npages)
{
	unsigned long left = ARENA_SIZE - ((addr - PAGE_OFFSET) % ARENA_SIZE);

	return min_t(unsigned long, npages, left >> PAGE_SHIFT);
}

/* Give up the map slots of @npages pages from @start. */
static void arena_put_range(unsigned long start, unsigned int npages)
{
	unsigned int n;

	for (; npages; npages -= n, start += (unsigned long)n << PAGE_SHIFT) {
		n = pages_in_slot(start, npages);
		arena_put(start, n);
	}
}

/* Have a map slot for each of @npages pages from @start. */
static bool arena_get_range(unsigned long start, unsigned int npages, int nid,
			    gfp_t gfp)
{
	unsigned long addr = start;
	unsigned int left = npages;
	unsigned int n;

	for (; left; left -= n, addr += (unsigned long)n << PAGE_SHIFT) {
		struct arena *new = NULL;
		int err;

		n = pages_in_slot(addr, left);
		err = arena_get(addr, n, nid, &new);
		if (err == -ENOENT) {
			new = arena_new(gfp);
			err = arena_get(addr, n, nid, &new);
			arena_delete(new);
		}
		if (err) {
			arena_put_range(start, npages - left);
			return false;
		}
	}
	return true;
}

/* ---- pages from and to the system --------------------------------------- */

/* Hold ARENA_PAGE_REFS on each page of a fresh chunk. */
static void chunk_hold_pages(struct page *page, unsigned int order)
{
	unsigned int i;

	page_ref_add(page, ARENA_PAGE_REFS - 1);
	/* Nobody can have found the tails: their count is still 0. */
	for (i = 1; i < 1U << order; i++)
		set_page_count(page + i, ARENA_PAGE_REFS);
}

/*
 * Let one page go.  If somebody else still holds a reference (a network buffer
 * that the object was spliced into) the page is freed by their put_page().
 */
static void page_let_go(struct page *page)
{
	if (unlikely(page_count(page) < ARENA_PAGE_REFS)) {
		/* Not free, not ours to use: held for good. */
		atomic_long_inc(&lost_pages);
		atomic_long_add(PAGE_SIZE, &held_bytes);
		galloc_report(FAULT_FOREIGN_REF, page_address(page));
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

/* Is nobody but galloc holding on to these pages? */
bool arena_pages_unshared(unsigned long start, unsigned int npages)
{
	struct page *page = virt_to_page((void *)start);
	unsigned int i;

	for (i = 0; i < npages; i++)
		if (unlikely(page_ref_count(page + i) != ARENA_PAGE_REFS))
			return false;
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

static void pages_free(struct page *page, unsigned int npages, int order)
{
	unsigned int i;

	pages_renounce(page, npages);
	if (order >= 0 && chunk_freeze(page, order)) {
		count_event(EVENT_RELEASE_BLOCK);
		__free_pages(page, order);
		return;
	}
	for (i = 0; i < npages; i++) {
		page_let_go(page + i);
		if ((i + 1) % RELEASE_TURN == 0 && may_resched())
			cond_resched();
	}
	atomic_long_add(npages, &galloc_events[EVENT_RELEASE_PAGES]);
}

/**
 * arena_put_pages() - give pages back to the system
 * @start: address of the first
 * @npages: number of pages
 * @order: they are one whole chunk of this order; -1: only a part of one
 *
 * Nothing may refer to the pages any more: rows 0, not owned.  Comes after
 * arena_leave() or a successful arena_may_leave().
 *
 * Context: Where may_grow() says so, no galloc lock held.
 */
void arena_put_pages(unsigned long start, unsigned int npages, int order)
{
	arena_put_range(start, npages);
	pages_free(virt_to_page((void *)start), npages, order);
	arena_uncharge((long)npages << PAGE_SHIFT);
}

/* The pages leave, reserve or not: a huge object, an emergency page. */
void arena_leave(unsigned int npages)
{
	atomic_long_sub(npages, &settled_pages);
}

/* Forget pages that hold live objects at unload: nobody gets them again. */
void arena_abandon_pages(unsigned long start, unsigned int npages)
{
	arena_leave(npages);
	arena_put_range(start, npages);
	arena_uncharge((long)npages << PAGE_SHIFT);
}

/*
 * The caller's flags, less what must not travel to alloc_pages(): COMP (the
 * pages leave one by one), ACCOUNT (would charge a block for an object), the
 * mobility flags, ZERO (the object is cleared, not the block).
 */
static gfp_t chunk_gfp(gfp_t gfp)
{
	return gfp & ~(__GFP_ZERO | __GFP_COMP | __GFP_ACCOUNT | __GFP_NOFAIL |
		       __GFP_MOVABLE | __GFP_RECLAIMABLE | __GFP_HARDWALL |
		       __GFP_WRITE | GALLOC_GFP_ZONES);
}

/* An order larger than needed: not worth reclaim, reserves or another node. */
static gfp_t chunk_gfp_speculative(gfp_t gfp)
{
	gfp |= __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC | __GFP_THISNODE;
	return gfp & ~(__GFP_RECLAIM | __GFP_HIGH | __GFP_ATOMIC |
		       __GFP_MEMALLOC | __GFP_RETRY_MAYFAIL);
}

/* Have the map cover the last page of a chunk. */
static bool chunk_map_covers(struct page *page, unsigned int npages, gfp_t gfp)
{
	unsigned long last = (unsigned long)page_address(page + npages - 1);
	bool covered;

	rcu_read_lock();
	covered = slot_nr(READ_ONCE(arena_map), last) < READ_ONCE(arena_map)->nr;
	rcu_read_unlock();
	if (likely(covered))
		return true;
	/* Only a notifier that failed or raced can have left it out. */
	if ((gfp & GFP_KERNEL) != GFP_KERNEL || !gfpflags_allow_blocking(gfp))
		return false;
	return !arena_map_grow(last);
}

static bool chunk_try(struct chunk *chunk, int nid, unsigned int npages,
		      unsigned int order, gfp_t gfp)
{
	unsigned long start;
	struct page *page;
	unsigned int i;

	if (!arena_charge((long)npages << PAGE_SHIFT))
		return false;
	page = galloc_fail(order) ? NULL : alloc_pages_node(nid, gfp, order);
	if (!page)
		goto err_uncharge;

	start = (unsigned long)page_address(page);
	if (!chunk_map_covers(page, npages, gfp))
		goto err_pages;
	if (!arena_get_range(start, npages, page_to_nid(page), meta_gfp(gfp)))
		goto err_pages;

	chunk->page = page;
	chunk->npages = npages;
	chunk->order = order;
	chunk->nid = page_to_nid(page);
	chunk->zeroed = want_init_on_alloc(gfp) || want_init_on_free();
	chunk->reserve = page_is_pfmemalloc(page);
	chunk_hold_pages(page, order);
	for (i = npages; i < 1U << order; i++)
		page_let_go(page + i);
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
 * arena_get_chunk() - take pages from the system
 * @chunk: filled on success
 * @nid: node wanted
 * @npages: least number of pages
 * @gfp: the caller's flags
 *
 * Tries arena_growth_order() first and comes down, order by order, to what is
 * needed; only that last order is tried with the caller's own flags.  A caller
 * that cannot sleep starts there: the worker fetches more for the next one.
 * Above a block there is only one order to try, and what @npages does not
 * fill of it goes back at once.
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
	unsigned int order;

	gfp = chunk_gfp(gfp);
	order = gfpflags_allow_blocking(gfp) ? wanted : least;
	for (; order > least; order--) {
		if (chunk_try(chunk, nid, 1U << order, order,
			      chunk_gfp_speculative(gfp)))
			goto taken;
	}
	if (!chunk_try(chunk, nid, least > ARENA_ORDER ? npages : 1U << least,
		       least, gfp))
		return false;
taken:
	if (chunk->order < wanted)
		count_event(EVENT_GROW_FALLBACK);
	return true;
}

/* ---- init and exit ------------------------------------------------------- */

int arena_init(void)
{
	unsigned long end = (unsigned long)high_memory - PAGE_OFFSET;
	int err;

	arena_cache = galloc_fail(0) ? NULL : KMEM_CACHE(arena, 0);
	if (!arena_cache)
		return -ENOMEM;

	arena_map = arena_map_new(DIV_ROUND_UP(end, ARENA_SIZE));
	if (!arena_map) {
		err = -ENOMEM;
		goto err_cache;
	}
	err = galloc_fail(0) ? -ENOMEM :
	      register_memory_notifier(&arena_memory_nb);
	if (err)
		goto err_map;
	return 0;

err_map:
	arena_map_delete(arena_map);
err_cache:
	kmem_cache_destroy(arena_cache);
	return err;
}

/* All pages have been put; the RCU callbacks of their arenas may still run. */
void arena_exit(void)
{
	unregister_memory_notifier(&arena_memory_nb);
	rcu_barrier();
	arena_map_delete(arena_map);
	kmem_cache_destroy(arena_cache);
}
