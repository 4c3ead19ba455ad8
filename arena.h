/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * arena: chunks of pages, the slots that they lie in, and the address map.
 *
 * Included by galloc_internal.h, after struct mspan.  Overview: galloc_mod.c.
 */
#ifndef _GALLOC_ARENA_H
#define _GALLOC_ARENA_H

#include <linux/cpuset.h>
#include <linux/kmemleak.h>
#include <linux/prefetch.h>
#include <linux/sizes.h>

/**
 * struct arena - one 2 MiB slot of the address map
 * @stack: stack number of each page, see enum stack; apart from @span, because this is
 *	all that gfree() reads
 * @span: the span each page belongs to, see the invariant of struct mspan; NULL in a bare
 *	slot, see arena_bare_span().  Read and written by arena_span() and arena_span_set()
 * @owned: pages that belong to galloc (mheap->lock of @nid); a slot is a range of
 *	addresses, and may hold several chunks with holes between them
 * @waiting: pages in which an object above a page begins that was freed while
 *	others referred to its pages; atomic, see waiting_add()
 * @look: pages at which gfree_nolock() has left something to be done; atomic
 * @start: address of the slot
 * @nid: node of all its pages, fixed: a chunk of another node is not accepted
 * @refs: pages added and not yet removed (arena_map_lock); the slot leaves the map
 *	with the last
 * @nr_owned: bits set in @owned (mheap->lock)
 * @nr_used: owned pages that are in no FREE run, all those of a huge object too
 *	(mheap->lock)
 * @whole: it is one block that can be returned in one piece (mheap->lock)
 * @lone: it stands for all slots of its node that have lone pages only, see map.c; has
 *	stack numbers, but neither spans nor pages
 * @gone: in a bare slot, incremented when pages have left (mheap->lock)
 * @relist: its free runs before this page are on the lists of its density, later ones
 *	may still be on the others (mheap->lock)
 * @nr_runs: its free runs on lists by density (mheap->lock)
 * @misplaced: of these, how many are on those of the other one (mheap->lock)
 * @dense: its free runs belong on the dense lists (mheap->lock)
 * @long_run: its only FREE run of 256 pages and more, linked by @node (mheap->lock)
 * @node: see @long_run
 * @rcu: freed after a grace period, gfree() looks without a lock
 */
struct arena {
	u16 stack[ARENA_PAGES];
	struct mspan **span;
	DECLARE_BITMAP(owned, ARENA_PAGES);
	DECLARE_BITMAP(waiting, ARENA_PAGES);
	DECLARE_BITMAP(look, ARENA_PAGES);
	unsigned long start;
	int nid;
	unsigned int refs;
	unsigned int nr_owned;
	unsigned int nr_used;
	u32 gone;
	u16 relist;
	u16 nr_runs;
	u16 misplaced;
	bool lone;
	bool whole;
	bool dense;
	struct mspan *long_run;
	struct rb_node node;
	struct rcu_head rcu;
};

/*
 * Where no blocks of this order are left, memory is in pieces, and a slot that begins with
 * fewer pages than these may do without.
 */
#define ARENA_PIECE_ORDER	min(8, ARENA_ORDER)
#define BARE_PAGES		(1U << ARENA_PIECE_ORDER)

/* arena->span[], allocated separately, so that neither part exceeds a page. */
#define ARENA_SPAN_BYTES	(ARENA_PAGES * sizeof(struct mspan *))

/**
 * struct arena_map - address to arena
 * @base: address of slot 0, where the machine's memory begins
 * @nr: number of slots
 * @pages: descriptor of the page at @base, see arena_map_page()
 * @stacks: for each slot, the address of arena->stack[], less the entries of all
 *	earlier pages of the map, so that the number of a page is at @stacks[nr] + 2 * page.
 *	Slots that are not ours have that of arena_none
 *
 * So gfree() indexes by the number of the page in the map, and need not compute
 * that in the slot.  A larger map replaces this one, which is freed a grace period
 * later.
 */
struct arena_map {
	unsigned long base;
	unsigned long nr;
	const struct page *pages;
	unsigned long stacks[];
};

/*
 * The direct mapping may begin long before the memory: arm64 moves that to a random place
 * in it, and a kernel for 52-bit addresses leaves all but a 16th of it empty on a machine
 * with 48.
 */
static inline unsigned long arena_first_slot(void)
{
	unsigned long first = ULONG_MAX;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		first = min(first, NODE_DATA(nid)->node_start_pfn);
	first = (unsigned long)__va((phys_addr_t)first << PAGE_SHIFT) - PAGE_OFFSET;
	return PAGE_OFFSET + (first & ~(ARENA_SIZE - 1));
}

/*
 * Can galloc have pages of a node?  One whose memory is all movable has N_MEMORY, too, but
 * nothing for the kernel.
 */
static inline bool node_has_pages(int nid)
{
	return node_state(nid, N_NORMAL_MEMORY);
}

unsigned long nodes_movable_pages(void);	/* nodes.c */

/* virt_to_page() at offset @off from the base, in fewer instructions. */
static inline const struct page *arena_map_page(const struct arena_map *map,
						unsigned long off)
{
	if (IS_ENABLED(CONFIG_SPARSEMEM) && !IS_ENABLED(CONFIG_SPARSEMEM_VMEMMAP))
		return virt_to_page((void *)(map->base + off));
	return map->pages + (off >> PAGE_SHIFT);
}

/* The entry of an arena in slot @nr of a map, and back. */
static inline unsigned long arena_to_stacks(const struct arena *arena,
					    unsigned long nr)
{
	return (unsigned long)arena->stack - (nr << ARENA_ORDER) * sizeof(u16);
}

static __always_inline struct arena *arena_from_stacks(unsigned long stacks,
						       unsigned long nr)
{
	return container_of((u16 *)stacks + (nr << ARENA_ORDER), struct arena,
			    stack[0]);
}

extern struct arena_map *arena_map;
extern struct arena arena_none;

/* An address without KASAN's tag. */
static __always_inline unsigned long addr_of(const void *p)
{
	return (unsigned long)untag(p);
}

/* arena.c */

struct kmem_cache;
struct notifier_block;

/**
 * struct chunk - pages from the page allocator, before they enter an mheap
 * @page: first page
 * @npages: number of pages, 1 << @order
 * @order: order it was allocated with
 * @nid: its node, which need not be the requested one
 * @zeroed: the page allocator cleared it
 * @reserve: from the emergency reserve
 * @lone: a lone page, which is not in the map yet, see map_lone_add()
 *
 * Its map slots are installed and hold a reference for each page.
 */
struct chunk {
	struct page *page;
	unsigned int npages;
	unsigned int order;
	int nid;
	bool zeroed;
	bool reserve;
	bool lone;
};

/*
 * The number of references that galloc holds on each page.  A page has more if others,
 * such as a network buffer, refer to it.  It has fewer if it was passed to kfree() or
 * put_page() by mistake, one for each such call.  The number is large, so that the
 * page is not freed under its neighbours however often that happens, until the worker
 * restores them.
 *
 * Every page of a chunk carries them, the tails of a high-order chunk too, so
 * each can be returned alone, even while others of the chunk are in use.  A chunk above
 * a block is a compound page, whose first page carries them for all.
 */
#define ARENA_PAGE_REFS		(1 << 20)

/*
 * A page with fewer has lost nearly all, or all, and may have another owner by now: it is
 * neither mended nor used any more.
 */
#define ARENA_PAGE_LOST		(ARENA_PAGE_REFS / 16)

/* Finds of which the pages are kept. */
#define ARENA_MENDED	8

/**
 * struct arena_mended - pages that lacked references of galloc's
 * @page: their addresses
 * @missing: how many each lacked; ARENA_PAGE_REFS: all, so the page is lost
 * @n: length of both
 * @more: references that further pages lacked
 *
 * For a layer above, which reports them: arena.c knows nothing of reports.
 */
struct arena_mended {
	const void *page[ARENA_MENDED];
	unsigned int missing[ARENA_MENDED];
	unsigned int n;
	unsigned long more;
};

/* By node, without a lock: what it could not provide a moment ago. */
struct arena_scarce {
	unsigned long until;		/* in jiffies: end of validity of the order */
	unsigned int order;		/* orders above this */
	u32 looked;			/* in jiffies: when @pieces was found out */
	bool pieces;			/* the system has few long runs left there */
	u32 vain_until;			/* the same of the pages; 0: never yet */
	u32 vain_pages;			/* so many or more, whoever waits: see client/relief.c */
};

extern struct arena_scarce *arena_scarce;

/* An order that was not available is not tried again for this long without need. */
#define SCARCE_DELAY		(HZ / 10)

/* The largest order worth trying on a node, by its last failure. */
static inline unsigned int arena_scarce_order(int nid)
{
	const struct arena_scarce *scarce = &arena_scarce[nid];

	if (time_after(jiffies, READ_ONCE(scarce->until)))
		return MAX_PAGE_ORDER;
	return READ_ONCE(scarce->order);
}

/* Was a run of @npages not to be had from the system on a node a moment ago? */
static inline bool arena_is_scarce(int nid, unsigned int npages)
{
	return get_order((unsigned long)npages << PAGE_SHIFT) > arena_scarce_order(nid);
}

/*
 * Runs of up to so many pages are short: kmalloc() has its own from the system, and so they are
 * what others lack first.  Whether a request for one was refused a moment ago, until when; it
 * stays set until somebody looks.  Where only what costs nothing failed, as on each machine that
 * is full of page cache, none is lacking.
 */
#define ARENA_SHORT_PAGES	8
extern bool arena_short_lacked;
extern unsigned long arena_short_until;

/* A request was refused, in all that it allows: not only in what would have cost nothing. */
static inline void arena_refused(unsigned int order)
{
	if (!order || order > get_order(ARENA_SHORT_PAGES << PAGE_SHIFT))
		return;
	WRITE_ONCE(arena_short_until, jiffies + SCARCE_DELAY);
	WRITE_ONCE(arena_short_lacked, true);
}

/* Was somebody refused a short run a moment ago, and is a node one that had none? */
static inline bool arena_lacks_short(int nid)
{
	if (likely(!READ_ONCE(arena_short_lacked)))
		return false;
	if (time_after(jiffies, READ_ONCE(arena_short_until))) {
		/* A refusal of this moment may be overlooked: then a later one counts. */
		WRITE_ONCE(arena_short_lacked, false);
		return false;
	}
	return arena_is_scarce(nid, ARENA_SHORT_PAGES);
}

/* Runs of this order are long, and fewer of them than so many, or what they take, are few. */
#define ARENA_LONG_ORDER	min_t(int, get_order(SZ_256K), MAX_PAGE_ORDER)
#define ARENA_LONG_FEW		16

/* Has the system fewer long runs for a request of ours than that?  Racy. */
static inline bool arena_long_are_few(int nid)
{
	unsigned long runs = 0;
	int i, order;

	for (i = 0; i <= ZONE_NORMAL; i++) {
		const struct zone *zone = &NODE_DATA(nid)->node_zones[i];

		for (order = ARENA_LONG_ORDER; order <= MAX_PAGE_ORDER; order++)
			/* data_race(): free memory changes at any moment. */
			runs += data_race(zone->free_area[order].nr_free) <<
				(order - ARENA_LONG_ORDER);
	}
	return runs < ARENA_LONG_FEW;
}

/*
 * Is the memory of a node in pieces: are few long runs left, so that they are for those who
 * need one?  Looks once a jiffy; racy, the answer of the last one is as good.  What was not to be
 * had a moment ago says so, too.
 */
static inline bool arena_node_in_pieces(int nid)
{
	struct arena_scarce *scarce = &arena_scarce[nid];
	u32 now = jiffies;

	if (READ_ONCE(scarce->looked) != now) {
		WRITE_ONCE(scarce->pieces, arena_long_are_few(nid));
		WRITE_ONCE(scarce->looked, now);
	}
	return READ_ONCE(scarce->pieces) || arena_scarce_order(nid) < ARENA_LONG_ORDER;
}

/* May the running task have pages of a node from the system?  Its cpuset may not have it. */
static inline bool arena_may_ask(int nid)
{
	/* data_race(): the cpuset may change at any time. */
	return !in_task() || data_race(node_isset(nid, cpuset_current_mems_allowed));
}

int arena_init(void);
void arena_exit(void);
unsigned int arena_growth_order(void);
unsigned int arena_likely_order(int nid);
bool arena_get_spare_chunk(struct chunk *chunk, int nid, unsigned int npages,
			   gfp_t gfp);
bool arena_get_chunk(struct chunk *chunk, int nid, unsigned int npages,
		     gfp_t gfp);
void arena_put_pages(unsigned long start, unsigned int npages, int order,
		     bool may_sleep, struct arena_mended *mended);
void arena_put_lone(unsigned long start, struct arena_mended *mended);
void arena_abandon_pages(struct mspan *s);
bool arena_may_leave(unsigned int npages);
unsigned long arena_spare_pages(void);
void arena_settle(long npages);
unsigned int arena_leave_to_others(unsigned long start, unsigned int order,
				   struct arena_mended *mended);
unsigned int arena_mend_page(struct page *page);
void arena_mended_add(struct arena_mended *m, struct page *page, unsigned int missing);
bool arena_charge(long bytes);
void arena_uncharge(long bytes);
long arena_meta_takes(const void *p, size_t bytes);
void *arena_meta_alloc(size_t bytes, int nid);
void *arena_meta_zalloc(size_t bytes, int nid, gfp_t gfp);
void arena_meta_free(void *p, size_t bytes);
void *arena_meta_cache_alloc(struct kmem_cache *cache, size_t bytes, gfp_t gfp);
void *arena_meta_page(bool needed, gfp_t gfp);
void arena_meta_cache_free(struct kmem_cache *cache, void *p, size_t bytes);

/*
 * Room for the spans of a slot, zeroed; or NULL.  A page of its own where it is one: the slab
 * allocator has such objects in runs of eight pages, which others lack where memory is in
 * pieces, and there each run of ours is in another slot.
 */
static inline struct mspan **arena_spans_new(gfp_t gfp)
{
	struct mspan **spans;

	if (ARENA_SPAN_BYTES < PAGE_SIZE)
		return arena_meta_zalloc(ARENA_SPAN_BYTES, NUMA_NO_NODE, gfp);
	spans = arena_meta_page(true, gfp | __GFP_ZERO);
	/* To many descriptors nothing else refers. */
	if (spans)
		kmemleak_alloc(spans, PAGE_SIZE, 1, gfp);
	return spans;
}

static inline void arena_spans_free(struct mspan **spans)
{
	if (ARENA_SPAN_BYTES < PAGE_SIZE) {
		arena_meta_free(spans, ARENA_SPAN_BYTES);
	} else if (spans) {
		kmemleak_free(spans);
		arena_meta_cache_free(NULL, spans, PAGE_SIZE);
	}
}

bool arena_charge_meta(long bytes);
bool arena_charge_meta_for(long bytes, gfp_t gfp);
void arena_uncharge_meta(long bytes);
long arena_held_bytes(void);
long arena_meta_bytes(void);
long arena_lost_pages(void);

/* map.c */

int map_init(void);
void map_exit(void);
unsigned long map_changes(void);
int map_grow(unsigned long addr);
bool map_covers(struct page *page, unsigned int npages, gfp_t gfp);
int map_get_range(unsigned long start, unsigned int npages, int nid, gfp_t gfp);
void map_put_range(unsigned long start, unsigned int npages);
void map_catch_up(void);
int map_memory_callback(struct notifier_block *nb, unsigned long action,
			void *arg);
long arena_limited_bytes(void);
void arena_charge_map_growth(long bytes);
unsigned long map_nr_slots(void);
struct arena *map_slot(unsigned long nr);
bool map_walk_slot(unsigned long nr, void (*fn)(struct mspan *s, void *arg),
		   void *arg);
bool map_span_around(const void *p, struct mspan *copy);
bool map_may_be_lone(struct page *page);
struct arena *map_lone_arena(int nid);
void map_lone_add(struct mspan *s);
void map_lone_del(struct mspan *s);
bool map_lone_walk(unsigned long nr, void (*fn)(struct mspan *s, void *arg), void *arg);
struct mspan *map_lone_span(const void *p);

/* Index of the page of an address in its slot. */
static inline unsigned int arena_page(const struct arena *arena,
				      unsigned long addr)
{
	return (addr - arena->start) >> PAGE_SHIFT;
}

/* That of the page at offset @off from the base of the map, see arena_of(). */
static __always_inline struct arena *arena_in(const struct arena_map *map,
					      unsigned long off, unsigned int *page)
{
	unsigned long nr = off >> ARENA_SHIFT;

	*page = (off >> PAGE_SHIFT) & (ARENA_PAGES - 1);
	if (unlikely(nr >= map->nr))
		return &arena_none;
	return arena_from_stacks(READ_ONCE(map->stacks[nr]), nr);
}

/*
 * The arena of any address, arena_none if it is not ours.  Call in an RCU read
 * section or with preemption disabled.  Pairs with the release stores in
 * map_slot_set() and map_grow().
 */
static __always_inline struct arena *arena_of(const void *p,
					      unsigned int *page)
{
	const struct arena_map *map = READ_ONCE(arena_map);

	return arena_in(map, addr_of(p) - map->base, page);
}

/*
 * The stack number of a page, counted from the base of the map, STACK_NONE if it is not
 * ours; otherwise as arena_of().
 *
 * The two loads are plain, because gcc puts no volatile access into an addressing
 * mode, which would cost two more instructions in each gfree().  The values are
 * aligned and used once; the second load depends on the first.
 */
static __always_inline unsigned int arena_stack_at(const struct arena_map *map,
						   unsigned long page)
{
	const u16 *stacks;

	if (unlikely(page / ARENA_PAGES >= map->nr))
		return 0;
	/* data_race(): a slot changes only while its pages hold no object. */
	stacks = (const u16 *)data_race(map->stacks[page / ARENA_PAGES]);
	/*
	 * data_race(): a number changes while no object of the page is in use, or to one
	 * that is as good: of a set, see client/stacks.c, or of a page with a sampled
	 * object, see mspan_watch().
	 */
	return data_race(stacks[page]);
}

/* The same for the page at offset @off. */
static __always_inline unsigned int arena_stack_in(const struct arena_map *map,
						   unsigned long off)
{
	return arena_stack_at(map, off >> PAGE_SHIFT);
}

/* Has the zone of a page only small pieces left? */
static inline bool arena_in_pieces(struct page *page)
{
	int order = ARENA_PIECE_ORDER;

	while (order <= MAX_PAGE_ORDER &&
	       /* data_race(): a guess, as free memory changes at any moment. */
	       !data_race(page_zone(page)->free_area[order].nr_free))
		order++;
	return order > MAX_PAGE_ORDER || arena_is_scarce(page_to_nid(page), BARE_PAGES);
}

static inline struct page *arena_page_at(const struct arena *arena, unsigned int page)
{
	return virt_to_page((void *)(arena->start + ((unsigned long)page << PAGE_SHIFT)));
}

/*
 * In a bare slot the spans are in page->private of the pages that it owns.  Where memory
 * is in pieces a slot has few pages, and the table for all of them would be most of what
 * galloc takes beside the objects.
 *
 * What is read must not be what another owner has stored there by now.  So a page that has
 * come has its field cleared before it is owned, and @gone is incremented after one that
 * leaves is not owned any more, and before others get it: see arena_bare_clear() and
 * arena_bare_left().
 */
static inline struct mspan *arena_bare_span(const struct arena *arena, unsigned int page)
{
	struct mspan *s;
	u32 gone;

	do {
		/* Acquire: with it come the changes to @owned before. */
		gone = smp_load_acquire(&arena->gone);
		s = NULL;
		if (test_bit(page, arena->owned)) {
			/* Pairs with arena_bare_clear(): owned, so cleared. */
			smp_rmb();
			s = (struct mspan *)READ_ONCE(arena_page_at(arena, page)->private);
		}
		/* Pairs with arena_bare_left(): another owner's comes with the new count. */
		smp_rmb();
	} while (unlikely(READ_ONCE(arena->gone) != gone));
	/* By mistake others may have freed the page, and that is another owner's. */
	if (s && unlikely(page_ref_count(arena_page_at(arena, page)) < ARENA_PAGE_LOST))
		return NULL;
	return s;
}

/* The span of a page of @arena, or NULL. */
static __always_inline struct mspan *arena_span(const struct arena *arena,
						unsigned int page)
{
	if (likely(arena->span))
		return READ_ONCE(arena->span[page]);
	return arena_bare_span(arena, page);
}

/* Its owner's store. */
static __always_inline void arena_span_set(struct arena *arena, unsigned int page,
					   struct mspan *s)
{
	if (likely(arena->span)) {
		/* Release: a reader of the map finds a complete descriptor. */
		smp_store_release(&arena->span[page], s);
		return;
	}
	/* kmemleak does not look into struct page, nor knows those in pages of mspan.c. */
	if (s && s->nwords > 1)
		kmemleak_not_leak(s);
	/* Release: as above. */
	smp_store_release(&arena_page_at(arena, page)->private, (unsigned long)s);
}

/* Before @n pages are owned (mheap->lock), or when nobody looks any more. */
static inline void arena_bare_clear(struct arena *arena, unsigned int page, unsigned int n)
{
	if (likely(arena->span))
		return;
	while (n--)
		WRITE_ONCE(arena_page_at(arena, page++)->private, 0);
	/* Pairs with arena_bare_span(). */
	smp_wmb();
}

/* When pages, without spans, are no longer owned (mheap->lock). */
static inline void arena_bare_left(struct arena *arena)
{
	if (likely(arena->span))
		return;
	/* Pairs with arena_bare_span(): before the page allocator has the page. */
	smp_wmb();
	WRITE_ONCE(arena->gone, arena->gone + 1);
}

/*
 * Give @n pages of an arena a stack number.  Four entries at a time where they are
 * aligned, and each whole: gfree() reads them meanwhile.
 */
static inline void arena_set_stack(struct arena *arena, unsigned int first,
				   unsigned int n, u16 number)
{
	const u64 four = number * 0x0001000100010001ULL;
	u16 *p = &arena->stack[first], *end = p + n;

	for (; p < end && !IS_ALIGNED((unsigned long)p, sizeof(u64)); p++)
		WRITE_ONCE(*p, number);
	/* An object of whole pages has many. */
	for (; p + 16 <= end; p += 16) {
		WRITE_ONCE(*(u64 *)p, four);
		WRITE_ONCE(*(u64 *)(p + 4), four);
		WRITE_ONCE(*(u64 *)(p + 8), four);
		WRITE_ONCE(*(u64 *)(p + 12), four);
	}
	for (; p + 4 <= end; p += 4)
		WRITE_ONCE(*(u64 *)p, four);
	for (; p < end; p++)
		WRITE_ONCE(*p, number);
}

/* The same for an address. */
static __always_inline unsigned int arena_stack_of(const void *p)
{
	const struct arena_map *map = READ_ONCE(arena_map);

	return arena_stack_in(map, addr_of(p) - map->base);
}

#endif /* _GALLOC_ARENA_H */
