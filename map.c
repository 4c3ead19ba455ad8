// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * map: from an address to its slot and its span.
 *
 * The address map, updated by arena.c when it gets and returns pages, and read by all
 * layers.  Owns arena_map_lock.  Also walks spans, one slot of the map at a time, also those
 * on no list, for stats.c, validate.c, report.c, and at unload.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/kmemleak.h>
#include <linux/memory.h>
#include <linux/pfn.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

static_assert(sizeof(struct arena) <= PAGE_SIZE);
static_assert(ARENA_SPAN_BYTES <= PAGE_SIZE);

/* Bytes that it takes, if the slab allocator gets its pages one by one. */
#define ARENA_TAKES	(PAGE_SIZE / (PAGE_SIZE / sizeof(struct arena)))

/* Slots that one turn copies under the lock when the map grows. */
#define MAP_COPY_TURN		128

/* Addresses outside galloc map to this: no numbers, no spans. */
static struct mspan *no_spans[ARENA_PAGES];
struct arena arena_none = { .span = no_spans };

/* The base of all maps: the slot in which memory begins at the start. */
static unsigned long map_base;

/* The table that map_grow() is filling, or NULL. */
static struct arena_map *arena_map_next;

/* Address that the map should cover but could not, 0 if there is none. */
static unsigned long map_wanted;

/* Protects the slots of both maps and arena->refs.  Raw, irq-safe, held with no other. */
static DEFINE_RAW_SPINLOCK(arena_map_lock);

/* Incremented when arena->refs change (arena_map_lock); for validate. */
static unsigned long map_nr_changes;

/* Serialises map_grow(). */
static DEFINE_MUTEX(arena_map_mutex);

static struct kmem_cache *arena_cache;

/* ---- slots ---------------------------------------------------------------- */

static unsigned long slot_nr(const struct arena_map *map, unsigned long addr)
{
	return (addr - map->base) >> ARENA_SHIFT;
}

unsigned long map_nr_slots(void)
{
	unsigned long nr;

	rcu_read_lock();
	nr = READ_ONCE(arena_map)->nr;
	rcu_read_unlock();
	return nr;
}

/* Changes when map slots, or references to them, do. */
unsigned long map_changes(void)
{
	unsigned long flags, changes;

	galloc_lock(&arena_map_lock, flags);
	changes = map_nr_changes;
	galloc_unlock(&arena_map_lock, flags);
	return changes;
}

/* The arena of slot @nr, in an RCU read section. */
struct arena *map_slot(unsigned long nr)
{
	const struct arena_map *map = READ_ONCE(arena_map);

	return nr < map->nr ? arena_from_stacks(READ_ONCE(map->stacks[nr]), nr) :
			      &arena_none;
}

/* Store to the map, and to the one that is about to replace it. */
static void map_slot_set(unsigned long nr, struct arena *arena)
{
	unsigned long stacks = arena_to_stacks(arena, nr);

	lockdep_assert_held(&arena_map_lock);

	/* Release: arena_of() must see the arena's fields. */
	smp_store_release(&arena_map->stacks[nr], stacks);
	if (arena_map_next)
		arena_map_next->stacks[nr] = stacks;
}

static size_t map_size(unsigned long nr)
{
	return struct_size(arena_map, stacks, nr);
}

static long map_takes(const struct arena_map *map)
{
	return arena_meta_takes(map, map_size(map->nr));
}

/* A map without any slot of ours.  The caller charges it. */
static struct arena_map *map_new(unsigned long nr)
{
	struct arena_map *map;
	unsigned long i;

	map = galloc_fail(0) ? NULL : kvmalloc(map_size(nr), GFP_KERNEL);
	if (!map)
		return NULL;
	map->base = map_base;
	map->nr = nr;
	map->pages = virt_to_page((void *)map_base);
	for (i = 0; i < nr; i++)
		map->stacks[i] = arena_to_stacks(&arena_none, i);
	return map;
}

/**
 * map_grow() - replace the map by one that also covers @addr
 * @addr: address of memory that is about to go online
 *
 * Slots may change while it is copied, a turn at a time: map_slot_set() then
 * writes to both.  Not subject to the limit, since the machine grows.  It does not grow
 * downwards: galloc does without memory that comes before the first.
 *
 * Context: Process.  Sleeps.
 * Return: 0, -ENOMEM, or -ERANGE before the map.
 */
int map_grow(unsigned long addr)
{
	struct arena_map *old, *new;
	unsigned long flags, i, end;

	might_sleep();
	if (addr < map_base)
		return -ERANGE;
	mutex_lock(&arena_map_mutex);
	old = arena_map;
	if (slot_nr(old, addr) < old->nr)
		goto out;
	new = map_new(slot_nr(old, addr) + 1);
	if (!new) {
		mutex_unlock(&arena_map_mutex);
		return -ENOMEM;
	}

	arena_charge_map_growth(map_takes(new));
	galloc_lock(&arena_map_lock, flags);
	arena_map_next = new;
	galloc_unlock(&arena_map_lock, flags);

	for (i = 0; i < old->nr; i = end) {
		end = min(i + MAP_COPY_TURN, old->nr);
		galloc_lock(&arena_map_lock, flags);
		memcpy(&new->stacks[i], &old->stacks[i],
		       (end - i) * sizeof(new->stacks[0]));
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
	arena_charge_map_growth(-map_takes(old));
	kvfree(old);
out:
	mutex_unlock(&arena_map_mutex);
	return 0;
}

/*
 * The map could not grow to cover an address: the worker tries again.  Until then
 * pages there are returned as soon as the page allocator provides them.
 */
static void map_want(unsigned long addr)
{
	/* In a race the lower may win, and the higher is requested again. */
	if (addr >= map_base && addr > READ_ONCE(map_wanted))
		WRITE_ONCE(map_wanted, addr);
}

/* Retry a growth that failed.  Process context. */
void map_catch_up(void)
{
	unsigned long addr = READ_ONCE(map_wanted);

	if (addr && !map_grow(addr) && READ_ONCE(map_wanted) == addr)
		WRITE_ONCE(map_wanted, 0);
}

/* Memory goes online; galloc must not veto that. */
int map_memory_callback(struct notifier_block *nb, unsigned long action,
			void *arg)
{
	const struct memory_notify *mn = arg;
	unsigned long last;

	if (action != MEM_GOING_ONLINE)
		return NOTIFY_OK;
	last = (unsigned long)__va(PFN_PHYS(mn->start_pfn + mn->nr_pages - 1));
	if (map_grow(last))
		map_want(last);
	return NOTIFY_OK;
}

static struct notifier_block arena_memory_nb = {
	.notifier_call = map_memory_callback,
};

/* ---- lone pages ------------------------------------------------------------ */

/*
 * The kernel's emergency reserve is scattered over most of the memory, and the tables of
 * a slot take 1.33 pages of it, for the few pages that the slot has.  So a single page of
 * the reserve may do without: a lone page.  Its span is in a hash table, linked through
 * page->private.  All slots with nothing but such pages have the same arena, one for
 * each node, of which every stack number is STACK_WATCHED; in a slot with tables those of its
 * lone pages are.  So gfree() sends their objects to the slow path.  Written with
 * arena_map_lock, read without.
 */
#define LONE_HEADS		1024
#define LONE_GROUP		32	/* adjacent pages on one list, a power of two */
#define LONE_MOST		32	/* on one list; then slots get their tables */

static struct mspan *lone_heads[LONE_HEADS];
static struct arena *lone_arenas;

/* Incremented when a page is on no list any more, and still has its link. */
static unsigned int lone_gone;

static struct mspan **lone_head(unsigned long addr)
{
	unsigned long page = (addr - PAGE_OFFSET) >> PAGE_SHIFT;

	return &lone_heads[page / LONE_GROUP % LONE_HEADS];
}

static struct mspan *lone_next(const struct mspan *s)
{
	return (struct mspan *)READ_ONCE(virt_to_page((void *)READ_ONCE(s->start))->private);
}

/* The lone pages of the slot at @start.  @addr is the cursor, of the lists. */
#define for_each_lone(s, addr, start)						\
	for ((addr) = (start); (addr) - (start) < ARENA_SIZE;			\
	     (addr) += (unsigned long)LONE_GROUP << PAGE_SHIFT)			\
		for ((s) = *lone_head(addr); (s); (s) = lone_next(s))		\
			if ((s)->start - (start) >= ARENA_SIZE) { } else

/* What slot @nr has without other pages: the arena of its lone pages, or none. */
static struct arena *lone_or_none(unsigned long nr)
{
	unsigned long addr, start = arena_map->base + (nr << ARENA_SHIFT);
	struct mspan *s;

	lockdep_assert_held(&arena_map_lock);

	for_each_lone(s, addr, start)
		return s->arena;
	return &arena_none;
}

/* The arena of lone pages of a node. */
struct arena *map_lone_arena(int nid)
{
	return &lone_arenas[nid];
}

/**
 * map_may_be_lone() - can a page of the emergency reserve do without tables?
 * @page: a single page
 *
 * Not if its slot has tables anyway, or too many such pages are near.  A whole page must
 * be no object of its own, since these are found in the tables.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: True if it is to be a lone page.
 */
bool map_may_be_lone(struct page *page)
{
	unsigned long addr = addr_of(page_address(page));
	unsigned int near = 0;
	const struct arena *arena;
	unsigned long flags, nr;
	struct mspan *s;

	if (PAGE_SIZE >= GALLOC_MAX_SMALL)
		return false;
	galloc_lock(&arena_map_lock, flags);
	nr = slot_nr(arena_map, addr);
	arena = arena_from_stacks(arena_map->stacks[nr], nr);
	for (s = *lone_head(addr); s; s = lone_next(s))
		near++;
	galloc_unlock(&arena_map_lock, flags);
	return near < LONE_MOST && (arena == &arena_none || arena->lone ||
				    arena->nid != page_to_nid(page));
}

/* Enter a lone page into the map: its span, in TRANSIT.  No galloc lock held. */
void map_lone_add(struct mspan *s)
{
	struct mspan **head = lone_head(s->start);
	struct arena *arena;
	unsigned long flags, nr;

	galloc_lock(&arena_map_lock, flags);
	map_nr_changes++;
	set_page_private(virt_to_page((void *)s->start), (unsigned long)*head);
	/* Release: map_lone_span() finds the link. */
	smp_store_release(head, s);
	nr = slot_nr(arena_map, s->start);
	arena = arena_from_stacks(arena_map->stacks[nr], nr);
	if (arena == &arena_none)
		map_slot_set(nr, s->arena);
	else if (!arena->lone)
		WRITE_ONCE(arena->stack[arena_page(arena, s->start)], STACK_WATCHED);
	galloc_unlock(&arena_map_lock, flags);
}

/* Remove it, when no object is in use.  No galloc lock held. */
void map_lone_del(struct mspan *s)
{
	struct page *page = virt_to_page((void *)s->start);
	struct mspan **head = lone_head(s->start), *t;
	struct arena *arena;
	unsigned long flags, nr;

	galloc_lock(&arena_map_lock, flags);
	map_nr_changes++;
	if (*head == s) {
		WRITE_ONCE(*head, lone_next(s));
	} else {
		for (t = *head; lone_next(t) != s; t = lone_next(t))
			;
		WRITE_ONCE(virt_to_page((void *)t->start)->private, page_private(page));
	}
	/* Release: whoever reads the new count sees the page gone. */
	smp_store_release(&lone_gone, lone_gone + 1);
	/* Whoever reads another link sees the new count. */
	smp_wmb();
	set_page_private(page, 0);
	nr = slot_nr(arena_map, s->start);
	arena = arena_from_stacks(arena_map->stacks[nr], nr);
	if (!arena->lone)
		WRITE_ONCE(arena->stack[arena_page(arena, s->start)], 0);
	else
		map_slot_set(nr, lone_or_none(nr));
	galloc_unlock(&arena_map_lock, flags);
}

/**
 * map_lone_span() - find the span of a lone page
 * @p: an address in it, or any other
 *
 * Context: Any, NMI too; in an RCU read section, which keeps the descriptor an mspan.
 * Return: The span, or NULL.
 */
struct mspan *map_lone_span(const void *p)
{
	unsigned int gone;
	struct mspan *s;

	do {
		/* Acquire, and the barriers below: pair with map_lone_del(). */
		gone = smp_load_acquire(&lone_gone);
		s = READ_ONCE(*lone_head(addr_of(p)));
		while (s && addr_of(p) - READ_ONCE(s->start) >= PAGE_SIZE) {
			s = lone_next(s);
			/* The link of a page that has gone leads anywhere. */
			smp_rmb();
			if (READ_ONCE(lone_gone) != gone)
				break;
		}
		/* The links were read before the count is read again. */
		smp_rmb();
	} while (unlikely(READ_ONCE(lone_gone) != gone));
	return s;
}

/* Call a function for each lone page of slot @nr.  False if there is none. */
bool map_lone_walk(unsigned long nr, void (*fn)(struct mspan *s, void *arg), void *arg)
{
	unsigned long start = map_base + (nr << ARENA_SHIFT);
	unsigned long end = start + ARENA_SIZE;
	unsigned long flags;
	bool any = false;

	for (; start < end; start += (unsigned long)LONE_GROUP << PAGE_SHIFT) {
		struct mspan *s;

		/* A glance without the lock: mostly there is none. */
		if (!READ_ONCE(*lone_head(start)))
			continue;
		galloc_lock(&arena_map_lock, flags);
		for (s = *lone_head(start); s; s = lone_next(s)) {
			if (end - s->start > ARENA_SIZE)
				continue;
			fn(s, arg);
			any = true;
		}
		galloc_unlock(&arena_map_lock, flags);
	}
	return any;
}

static size_t lone_bytes(void)
{
	return nr_node_ids * sizeof(*lone_arenas);
}

static int lone_init(void)
{
	unsigned int nid;

	lone_arenas = arena_meta_zalloc(lone_bytes(), NUMA_NO_NODE, GFP_KERNEL);
	if (!lone_arenas)
		return -ENOMEM;
	for (nid = 0; nid < nr_node_ids; nid++) {
		lone_arenas[nid].nid = nid;
		lone_arenas[nid].lone = true;
		lone_arenas[nid].span = no_spans;
		arena_set_stack(&lone_arenas[nid], 0, ARENA_PAGES, STACK_WATCHED);
	}
	return 0;
}

/* ---- slots of our own --------------------------------------------------------- */

/* A slot of the map, with nothing in it, for @npages pages from @addr and others. */
static struct arena *arena_new(unsigned long addr, unsigned int npages, gfp_t gfp)
{
	struct arena *arena;

	arena = arena_meta_cache_alloc(arena_cache, ARENA_TAKES, gfp | __GFP_ZERO);
	if (!arena)
		return NULL;
	/* The map's pointer is encoded, so kmemleak does not recognise it. */
	kmemleak_not_leak(arena);
	scan_hide(arena);
	if (npages < BARE_PAGES && arena_in_pieces(virt_to_page((void *)addr)))
		return arena;
	arena->span = arena_spans_new(gfp);
	scan_hide(arena->span);
	if (arena->span || npages < BARE_PAGES)
		return arena;
	arena_meta_cache_free(arena_cache, arena, ARENA_TAKES);
	return NULL;
}

static void arena_delete(struct arena *arena)
{
	arena_spans_free(arena->span);
	arena_meta_cache_free(arena_cache, arena, ARENA_TAKES);
}

static void arena_free_rcu(struct rcu_head *head)
{
	arena_delete(container_of(head, struct arena, rcu));
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
	arena = arena_from_stacks(arena_map->stacks[nr], nr);
	arena->refs -= npages;
	map_nr_changes++;
	last = !arena->refs;
	if (last)
		map_slot_set(nr, lone_or_none(nr));
	galloc_unlock(&arena_map_lock, flags);

	if (last)
		call_rcu_hurry(&arena->rcu, arena_free_rcu);
}

/* Give a slot its own tables.  Lone pages in it keep their rows. */
static struct arena *arena_install(unsigned long nr, int nid, struct arena *arena)
{
	unsigned long start = arena_map->base + (nr << ARENA_SHIFT);
	unsigned long addr;
	struct mspan *s;

	lockdep_assert_held(&arena_map_lock);

	arena->start = start;
	arena->nid = nid;
	arena->relist = ARENA_PAGES;
	for_each_lone(s, addr, start)
		arena->stack[arena_page(arena, s->start)] = STACK_WATCHED;
	map_slot_set(nr, arena);
	return arena;
}

/*
 * Take @npages references on the slot of @addr, installing *@new if it has no tables
 * of its own.  -ENOENT if there is none to install, -EXDEV if the slot belongs to
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
	arena = arena_from_stacks(arena_map->stacks[nr], nr);
	if ((arena == &arena_none || arena->lone) && *new) {
		arena = arena_install(nr, nid, *new);
		*new = NULL;
	}
	if (arena == &arena_none || arena->lone)
		err = -ENOENT;
	else if (arena->nid != nid)
		err = -EXDEV;
	else
		arena->refs += npages;
	map_nr_changes++;
	galloc_unlock(&arena_map_lock, flags);
	return err;
}

/* Pages from @addr to the end of its slot, at most @npages. */
static unsigned int pages_in_slot(unsigned long addr, unsigned int npages)
{
	unsigned long left = ARENA_SIZE - ((addr - PAGE_OFFSET) % ARENA_SIZE);

	return min_t(unsigned long, npages, left >> PAGE_SHIFT);
}

/* Drop the map slots of @npages pages from @start. */
void map_put_range(unsigned long start, unsigned int npages)
{
	unsigned int n;

	for (; npages; npages -= n, start += (unsigned long)n << PAGE_SHIFT) {
		n = pages_in_slot(start, npages);
		arena_put(start, n);
	}
}

/*
 * Get a map slot for each of @npages pages from @start.  -EXDEV if one of them belongs to
 * another node.
 */
int map_get_range(unsigned long start, unsigned int npages, int nid,
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
			new = arena_new(addr, n, gfp);
			err = arena_get(addr, n, nid, &new);
			if (new)
				arena_delete(new);
		}
		if (err) {
			map_put_range(start, npages - left);
			return err == -EXDEV ? err : -ENOMEM;
		}
	}
	return 0;
}

/* Make the map cover a chunk.  It can only come to its end. */
bool map_covers(struct page *page, unsigned int npages, gfp_t gfp)
{
	unsigned long last = addr_of(page_address(page + npages - 1));
	bool covered;

	rcu_read_lock();
	covered = slot_nr(READ_ONCE(arena_map), last) < READ_ONCE(arena_map)->nr;
	rcu_read_unlock();
	if (unlikely(addr_of(page_address(page)) < map_base))
		return false;
	if (likely(covered))
		return true;
	/* Only if a notifier failed or raced.  Whoever grows the map may be in reclaim. */
	if ((current_gfp_context(gfp) & GFP_KERNEL) == GFP_KERNEL && !map_grow(last))
		return true;
	map_want(last);
	return false;
}

/* ---- spans, found by address ---------------------------------------------- */

/*
 * Work of one turn under the lock: words of bitmaps.  A span counts as some more
 * words, so many pages, which fn() may examine one by one, as one, and a page without a
 * span as one: it is not owned, or in a run that has grown since the previous turn, or of a
 * huge object from another slot.
 */
#define WALK_TURN		28
#define WALK_SPAN		4
#define WALK_PAGES		8

/* One turn in a slot from *@page on, which becomes the start of the next turn. */
static void walk_turn(const struct arena *arena, unsigned int *page,
		      void (*fn)(struct mspan *s, void *arg), void *arg)
{
	unsigned long from = arena->start + ((unsigned long)*page << PAGE_SHIFT);
	unsigned int weight = 0;

	lockdep_assert_held(&mheaps[arena->nid]->lock);

	while (weight < WALK_TURN && *page < ARENA_PAGES) {
		struct mspan *s = arena_span(arena, *page);

		if (!s) {
			*page = find_next_bit(arena->owned, ARENA_PAGES, *page + 1);
			weight++;
			continue;
		}
		/* Skip a span that has grown over the end of the previous turn. */
		if (s->start >= from)
			fn(s, arg);
		/* Advance even if a corrupt span has no pages. */
		*page = max(*page + 1,
			    arena_page(arena, s->start) + s->npages);
		weight += WALK_SPAN + (mspan_has_objects(s) ? s->nwords : 0) +
			  s->npages / WALK_PAGES;
	}
}

/**
 * map_walk_slot() - call a function for each span that starts in a slot
 * @nr: slot of the address map
 * @fn: called with the mheap's lock held, or arena_map_lock for a lone page
 * @arg: for @fn
 *
 * The lock is released between turns, so concurrent changes may be seen or not.
 * No page is in two of the spans passed to @fn.
 *
 * Context: Process, no galloc lock held.
 * Return: False if the slot has no pages of galloc.
 */
bool map_walk_slot(unsigned long nr, void (*fn)(struct mspan *s, void *arg),
		   void *arg)
{
	unsigned int page = 0;
	bool any = false;

	while (page < ARENA_PAGES) {
		struct arena *arena;
		unsigned long flags;
		struct mheap *h;

		/* Again for each turn, to keep the read section short. */
		rcu_read_lock();
		arena = map_slot(nr);
		if (arena == &arena_none || arena->lone) {
			rcu_read_unlock();
			break;
		}
		h = mheaps[arena->nid];
		galloc_lock(&h->lock, flags);
		walk_turn(arena, &page, fn, arg);
		galloc_unlock(&h->lock, flags);
		rcu_read_unlock();
		any = true;
	}
	return map_lone_walk(nr, fn, arg) || any;
}

/*
 * The last span that begins at or before a page.  A huge object may have begun in an
 * earlier slot; all of it has the same mheap.
 */
struct mspan *map_span_back_from(const struct arena *arena, unsigned int page)
{
	for (;;) {
		while (!arena_span(arena, page) && page)
			page--;
		if (arena_span(arena, page))
			return arena_span(arena, page);
		arena = arena_of((void *)(arena->start - PAGE_SIZE), &page);
		if (arena == &arena_none || !test_bit(page, arena->owned))
			return NULL;
	}
}

/* A copy of the span that contains an address; for reports. */
bool map_span_around(const void *p, struct mspan *copy)
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
	s = READ_ONCE(arena->stack[page]) == STACK_WATCHED ? map_lone_span(p) : NULL;
	if (s) {
		*copy = *s;
		found = addr_of(p) - copy->start < PAGE_SIZE;
		goto out;
	}
	h = mheaps[arena->nid];
	galloc_lock(&h->lock, flags);
	if (test_bit(page, arena->owned)) {
		s = map_span_back_from(arena, page);
		if (s) {
			*copy = *s;
			found = addr_of(p) - s->start <
				(unsigned long)s->npages << PAGE_SHIFT;
		}
	}
	galloc_unlock(&h->lock, flags);
out:
	rcu_read_unlock();
	return found;
}

/* ---- init and exit --------------------------------------------------------- */

int map_init(void)
{
	struct arena_map *map;
	int err = -ENOMEM;

	arena_cache = galloc_fail(0) ? NULL : KMEM_CACHE(arena, 0);
	if (!arena_cache)
		return -ENOMEM;
	if (lone_init())
		goto err_cache;
	map_base = arena_first_slot();
	map = map_new(DIV_ROUND_UP((unsigned long)high_memory - map_base, ARENA_SIZE));
	if (!map)
		goto err_lone;
	if (!arena_charge_meta(map_takes(map)))
		goto err_map;
	/* Release: arena_of() must see the slots. */
	smp_store_release(&arena_map, map);
	err = galloc_fail(0) ? -ENOMEM :
	      register_memory_notifier(&arena_memory_nb);
	if (err)
		goto err_charge;
	return 0;

err_charge:
	absent_map();
	arena_uncharge_meta(map_takes(map));
err_map:
	kvfree(map);
err_lone:
	arena_meta_free(lone_arenas, lone_bytes());
err_cache:
	kmem_cache_destroy(arena_cache);
	return err;
}

/* All pages have been returned, and mspan_exit() has waited for the callbacks of their arenas. */
void map_exit(void)
{
	struct arena_map *map;

	unregister_memory_notifier(&arena_memory_nb);
	map = absent_map();
	arena_uncharge_meta(map_takes(map));
	kvfree(map);
	arena_meta_free(lone_arenas, lone_bytes());
	kmem_cache_destroy(arena_cache);
}
