/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_internal: the types that the layers share, and the functions each offers.
 *
 * A map: first struct mspan and struct arena, then a block for each file with its types
 * and functions.  arena.h has struct arena and the address map.  mcache.h and mheap.h have
 * more for the files around them; events, totals, locks and the hooks of tests have
 * headers of their own, included here.
 * Nothing of this is for clients.  Overview: galloc_mod.c.
 */
#ifndef _GALLOC_INTERNAL_H
#define _GALLOC_INTERNAL_H

#undef pr_fmt
#define pr_fmt(fmt) "galloc: " fmt

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/seqlock.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "debug/tags.h"
#include "galloc.h"
#include "sizeclass.h"

/* A block is the preferred size of a chunk from alloc_pages(). */
#define ARENA_SHIFT		21
#define ARENA_SIZE		(1UL << ARENA_SHIFT)
#define ARENA_ORDER		(ARENA_SHIFT - PAGE_SHIFT)
#define ARENA_PAGES		(1U << ARENA_ORDER)

static_assert(ARENA_ORDER <= MAX_PAGE_ORDER);

/* The largest request, in pages. */
#define GALLOC_MAX_PAGES	(1U << MAX_PAGE_ORDER)
#define GALLOC_MAX_BYTES	((size_t)GALLOC_MAX_PAGES << PAGE_SHIFT)

/* The length of a span has 16 bits. */
static_assert(GALLOC_MAX_PAGES <= U16_MAX);

/* Pages that galloc returns one by one before it reschedules. */
#define RELEASE_TURN		64

/* Pointers that a drain or a flush takes from a stack in one turn. */
#define DRAIN_TURN		64

/* Zone flags, which a shared cache of objects cannot honour. */
#define GALLOC_GFP_ZONES	(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

/* Flags the fast path leaves to alloc_flagged(). */
#define GALLOC_GFP_RARE		(GALLOC_GFP_ZONES | __GFP_ZERO | __GFP_NOFAIL)

/* No flag of the kernel's: try once, count no refusal.  See serve(), resize.c and vmalloc.c. */
#define GALLOC_GFP_ONCE		((__force gfp_t)(1U << 31))

/**
 * enum mspan_state - who owns a span
 * @MSPAN_FREE: the mheap; a run of free pages on one of its lists, or a huge chunk
 * @MSPAN_TRANSIT: the code that detached it; on no list, nothing merges with it
 * @MSPAN_CACHED: one CPU's stack; without a row: its stash
 * @MSPAN_PARTIAL: the mcentral; has free objects
 * @MSPAN_FULL: the mcentral; has none
 * @MSPAN_LARGE: the caller of galloc(); one object of whole pages
 * @MSPAN_DEFERRED: the mheap, on its deferred list; its pages are returned as soon
 *	as others no longer refer to any of them and the worker can return them, and
 *	are not reused before
 * @MSPAN_DROPPED: nobody: LARGE, until gfree_nolock(); whoever makes it TRANSIT owns it
 * @NR_MSPAN_STATES: number of states
 */
enum mspan_state {
	MSPAN_FREE,
	MSPAN_TRANSIT,
	MSPAN_CACHED,
	MSPAN_PARTIAL,
	MSPAN_FULL,
	MSPAN_LARGE,
	MSPAN_DEFERRED,
	MSPAN_DROPPED,
	NR_MSPAN_STATES,
};

/* Descriptors of kind k have bitmaps of 1 << k words.  Those of pages should be small. */
#define MSPAN_MAX_WORDS		BITS_TO_LONGS(SIZECLASS_MAX_OBJECTS)
#define MSPAN_KINDS		(const_ilog2(MSPAN_MAX_WORDS) + 1)

/**
 * struct mspan - a run of pages in one block
 * @list: links of a FREE run below 256 pages, or @huge (mheap->lock), of a span that is
 *	cut, in one of its row's lists by state (mcentral->lock), of a DEFERRED span
 *	(mheap->lock)
 * @next: link of an unused descriptor (mheap->lock), or of runs that were taken together
 * @rcu: of a descriptor that is being freed
 * @later: of a TRANSIT span whose pages leave after a grace period, see rows.c
 * @arena: its map slot; a run never crosses slots (but see @huge)
 * @rest: of a descriptor that is being freed: others, linked by @next, that are freed with it
 * @start: address of the first page
 * @tag: row and state in one word, see MSPAN_TAG()
 * @npages: length in pages, in a short span less than that of its class
 * @life: incremented before objects of a span, or of whole pages, can be freed
 * @word: the three above, see mspan_exchange()
 * @objects: objects it is cut into, at most 64 * @nwords
 * @bucket: index of the mcentral list a PARTIAL span is on
 * @hint: the word where a claim starts; of a LARGE object, is it sampled?  The owner's
 * @nwords: capacity of @free in words, fixed for the descriptor's whole life
 * @zeroed: all bytes are known to be zero (FREE runs fresh from the system)
 * @dense: a FREE run is on the dense list of its length
 * @huge: a LARGE object above a block, or its kept chunk, which is never part
 *	of a run: FREE, on mheap->kept, or DEFERRED
 * @reserve: made of emergency reserve pages; they leave when it is freed, or
 *	empty
 * @chunk_order: @huge: order in which it is returned
 * @dropped: references of its pages that others dropped and galloc restored, up to the
 *	maximum of the field (the mheap's lock)
 * @free: one bit per object, 1 = free.  The only truth about the objects: set
 *	by freers with a full-order RMW and no lock, cleared by the owner only.
 *
 * Descriptors are freed a grace period after their last use: a late double free may
 * still read one within its RCU section and finds an mspan, perhaps another one.
 *
 * Invariant: FREE, LARGE, DEFERRED => arena->span[first] == arena->span[last] ==
 * this, NULL between.  Cut into objects => every arena->span[] in it is this.
 */
struct mspan {
	union {
		struct list_head list;
		struct mspan *next;
		struct rcu_head rcu;
		struct llist_node later;
	};
	union {
		struct arena *arena;
		struct mspan *rest;
	};
	unsigned long start;
	union {
		struct {
			u32 tag;
			u16 npages;
			u16 life;
		};
		u64 word;
	};
	u16 objects;
	u8 bucket;
	u8 hint;
	u8 nwords;
	bool zeroed : 1;
	bool dense : 1;
	bool huge : 1;
	bool reserve : 1;
	s8 chunk_order;
	u8 dropped;
	unsigned long free[];
};

/*
 * The row of a span's objects, 0 if it is not cut into any, and its state.  The
 * owner, the old or the new, writes both at once: if the holder of a row's lock
 * reads (that row, FULL or PARTIAL) in one load, the span belongs to the row and
 * stays so.  Two loads could return values from two lives of the span, which would
 * then be put on the list of a row that is not its own.
 */
#define MSPAN_TAG(row, state)	((u32)(row) << 8 | (state))

static inline unsigned int mspan_row(const struct mspan *s)
{
	return READ_ONCE(s->tag) >> 8;
}

/* Is a span with this tag cut into objects of @row? */
static inline bool mspan_tag_is_cut(u32 tag, unsigned int row)
{
	const unsigned int cut = BIT(MSPAN_CACHED) | BIT(MSPAN_PARTIAL) | BIT(MSPAN_FULL);

	return tag >> 8 == row && (cut >> (tag & 0xff) & 1);
}

static inline enum mspan_state mspan_state(const struct mspan *s)
{
	return READ_ONCE(s->tag) & 0xff;
}

static inline void mspan_set(struct mspan *s, unsigned int row,
			     enum mspan_state state)
{
	WRITE_ONCE(s->tag, MSPAN_TAG(row, state));
}

/* Where the tag is in its word. */
#define MSPAN_TAG_SHIFT		(IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? 32 : 0)

/**
 * mspan_exchange() - change the tag of a span that somebody else may change, too
 * @s: the span
 * @word: its word, read before anything else about it
 * @tag: the new tag
 *
 * A late double free may have found a descriptor that is of other pages by now, of the
 * same row and in the same state.  Their tag must not change, even for a moment: just
 * then their owner may free them, and would find nothing to free.  So the length, and how
 * often the descriptor has been used, are compared with the tag.
 *
 * Return: False, and nothing changed, if any of this has changed.
 */
static inline bool mspan_exchange(struct mspan *s, u64 word, u32 tag)
{
	u64 new = (word & ~((u64)U32_MAX << MSPAN_TAG_SHIFT)) | (u64)tag << MSPAN_TAG_SHIFT;

	return cmpxchg(&s->word, word, new) == word;
}

/* The tag that a word has. */
static inline u32 mspan_word_tag(u64 word)
{
	return word >> MSPAN_TAG_SHIFT;
}

/* Is a span with this tag one object of whole pages, freed or not? */
static inline bool tag_is_large(u32 tag)
{
	return (tag & 0xff) == MSPAN_LARGE || (tag & 0xff) == MSPAN_DROPPED;
}

/* Is a span with this tag cut into objects?  One that is a single one may carry a row, too. */
static inline bool tag_has_objects(u32 tag)
{
	return tag >> 8 && !tag_is_large(tag);
}

static inline bool mspan_has_objects(const struct mspan *s)
{
	return tag_has_objects(READ_ONCE(s->tag));
}

/* The owner changes the state and keeps the row. */
static inline void mspan_set_state(struct mspan *s, enum mspan_state state)
{
	mspan_set(s, mspan_row(s), state);
}

#include "arena.h"

/* nodes.c */
int nodes_init(void);
void nodes_exit(void);
int nodes_near(int nid, unsigned int i);
int nodes_with_memory(int nid);
int capacity_node(void);	/* capacity.c */
unsigned long nodes_free_pages(int nid);
extern bool nodes_seem_used_up;
bool nodes_is_used_up(int nid);

/* The other nodes, nearest first: the fallback order of @nid. */
#define for_each_near(i, other, nid)					\
	for ((i) = 0; ((other) = nodes_near(nid, i)) != NUMA_NO_NODE; (i)++)

/* mheap.c */

#define MHEAP_LISTS	256	/* [n]: runs of n pages; [0]: 256 and more */

/**
 * struct mheap - the free page runs of one node
 * @lock: protects everything here, and the page accounting of the node's
 *	arenas.  Raw, irq-safe; no other galloc lock is taken under it
 * @free: FREE runs below 256 pages by length, those in sparse blocks [][0]
 *	apart from those in dense blocks [][1]
 * @large_runs: arenas that have a FREE run of 256 pages and more, by (length, address)
 * @nonempty: bit n: a list of free[n] has an entry; bit 0: @large_runs has
 * @nid: the node
 * @free_pages: pages in FREE runs, and of @kept
 * @used_pages: all other owned pages, those of huge objects too
 * @kept: chunks of huge objects that were freed a moment ago, FREE
 * @kept_pages: their pages
 * @kept_used: one has come or gone since release_age_kept() last looked
 * @deferred: spans that must not be reused, see MSPAN_DEFERRED
 * @deferred_pages: their pages
 * @nr_deferred: their number
 * @spare: unused descriptors, by kind
 * @nr_spare: their number
 * @spare_bytes: bytes of all of them
 * @changes: incremented when a list, or the owned pages, change; for validate
 * @standby: the node's part of the atomic reserve, see client/standby.c; or NULL
 * @told_pages: the part of @free_pages that the kernel counts as reclaimable
 * @told_runs: that without @kept_pages, as far as the reserve lets them go
 * @want_chunk: a caller that could not sleep got only a small chunk
 * @spent_tick: in jiffies, when the node last had no pages at no cost
 * @spent_pages: the number requested then
 */
struct mheap {
	raw_spinlock_t lock;
	struct list_head free[MHEAP_LISTS][2];
	struct rb_root large_runs;
	DECLARE_BITMAP(nonempty, MHEAP_LISTS);
	int nid;
	unsigned long free_pages;
	unsigned long used_pages;
	long told_pages;
	long told_runs;
	struct standby *standby;
	struct list_head kept;
	unsigned long kept_pages;
	bool kept_used;
	struct list_head deferred;
	unsigned long deferred_pages;
	unsigned long nr_deferred;
	struct mspan *spare[MSPAN_KINDS];
	unsigned int nr_spare[MSPAN_KINDS];
	unsigned int spare_bytes;
	unsigned long changes;
	bool want_chunk;
	u32 spent_tick;
	unsigned int spent_pages;
} ____cacheline_aligned_in_smp;

int mheap_init(void);
bool release_turn(void);
unsigned long mheap_exit(void);
struct mspan *mheap_alloc(int nid, unsigned int npages, unsigned int align,
			  unsigned int nbits, gfp_t gfp);
struct mspan *mheap_alloc_span(int nid, const struct sizeclass *sc, gfp_t gfp);
struct mspan *mheap_alloc_span_ordinary(int nid, const struct sizeclass *sc, gfp_t gfp);
struct mspan *mheap_alloc_span_near(int nid, const struct sizeclass *sc, bool grow,
				    gfp_t gfp);
struct mspan *mheap_alloc_spans(int nid, const struct sizeclass *sc,
				unsigned int max, gfp_t gfp);
void mheap_free(struct mspan *s);
void mheap_free_spans(struct mspan **spans, unsigned int n);
void mheap_free_runs(struct mspan **spans, unsigned int n);
void mheap_free_unshared(struct mspan *s);
struct mspan *mheap_alloc_runs(int nid, unsigned int npages, unsigned int align,
			       unsigned int max, gfp_t gfp);
void mheap_free_shared(struct mspan *s);
struct rowset;
void *large_alloc(struct rowset *set, size_t size, size_t align, int nid, gfp_t gfp);
void *large_hand_out(struct mspan *s, unsigned int row, gfp_t gfp);
size_t large_takes(size_t size, size_t align);
bool large_free(const void *p, bool shared);
bool large_drop(const void *p);
bool large_claim_dropped(struct mspan *s, unsigned int *row);
void large_free_dropped(struct mspan *s, unsigned int row);

unsigned long release_runs(unsigned long pages, bool may_sleep);
unsigned long release_runs_of(const nodemask_t *nodes, unsigned long pages, bool may_sleep);
unsigned long release_stays(int nid);
void release_surplus(struct mspan *s, unsigned int npages);
unsigned long release_free_max(void);
unsigned long release_unused(unsigned long before, unsigned long now);
unsigned long mheap_free_pages(void);
void mheap_trim(void);
void mheap_tell(void);
unsigned long release_unshared(bool all);
bool release_pages_untouched(unsigned long start, unsigned int npages);
bool release_pages_unshared(unsigned long start, unsigned int npages);
void release_put_pages(unsigned long start, unsigned int npages, int order,
		       bool may_sleep);
unsigned long release_shared_pages(void);
struct mheap *mheap_of(int nid);

/* observe/knobs.c */
int knobs_take(unsigned long *reserve_mb);
void knobs_live(bool live);

/* client/standby.c */
extern unsigned long galloc_standby_pages;

int standby_check(long given, unsigned long limit_mb);
int standby_reserve(void);
int standby_init(void);
void standby_exit(void);
unsigned long standby_pages(void);
unsigned long standby_runs(void);

/* Rows are node-major, so that a CPU's own rows are contiguous. */
static inline unsigned int mcentral_row(int nid, unsigned int class)
{
	return nid * GALLOC_NR_CLASSES + class;
}

/*
 * The stack number of a page: what gfree() learns of an address.  From STACK_FIRST on it
 * is that of a stack, node * STACK_STRIDE + STACK_WATCHED + class.  The others have a
 * place in the CPUs' arrays, too, which never has room.
 */
enum stack {
	STACK_NONE,		/* not ours, or not handed out */
	STACK_LARGE,		/* an object of whole pages */
	STACK_WITHOUT,		/* small objects of a row that has no stack */
	STACK_WATCHED,		/* small objects of which each free is looked at */
	STACK_FIRST,
};

/*
 * Numbers of a node, so that the low byte says which of them; and the places that a node
 * has in the CPUs' arrays, which follow each other, so that the last node needs no more.
 */
#define STACK_STRIDE		256
#define STACK_PLACES		204
#define STACK_NODES		((U16_MAX + 1) / STACK_STRIDE)

static_assert(STACK_STRIDE == U8_MAX + 1);
static_assert(STACK_WATCHED + GALLOC_NR_CLASSES <= STACK_PLACES);

extern unsigned int nr_stacks;

static inline unsigned int stack_number(int nid, unsigned int class)
{
	return nid * STACK_STRIDE + STACK_WATCHED + class;
}

/* The class that has a stack number, 0 if none has. */
static inline unsigned int stack_class(unsigned int number)
{
	unsigned int class = number % STACK_STRIDE - STACK_WATCHED;

	return class < GALLOC_NR_CLASSES ? class : 0;
}

/* Its row; the number must be that of a class. */
static inline unsigned int stack_row(unsigned int number)
{
	return mcentral_row(number / STACK_STRIDE, stack_class(number));
}

/* mspan.c */

/**
 * struct object - a small object, resolved from its address
 * @span: its span
 * @c: row of the span
 * @sc: size of the objects of that row
 * @row: number of the row
 * @index: index in the span
 * @within: offset of the address in the object
 */
struct object {
	struct mspan *span;
	struct mcentral *c;
	const struct sizeclass *sc;
	unsigned int row;
	unsigned int index;
	unsigned int within;
};

/* What mspan_resolve() found. */
enum mspan_found {
	FOUND_OBJECT,		/* the start of a small object */
	FOUND_INTERIOR,		/* inside a small object */
	FOUND_TAIL,		/* after the last object of a span */
	FOUND_NO_SPAN,		/* not a small object */
};

int mspan_init(void);
void mspan_exit(void);
struct mspan *mspan_new(unsigned int kind, gfp_t gfp);
bool mspan_new_many(struct mspan **out, unsigned int n, gfp_t gfp);
void mspan_delete(struct mspan *s);
void mspan_delete_list(struct list_head *list);
extern unsigned long mspan_nr_pages;
enum mspan_found mspan_resolve(const void *p, struct object *o);
unsigned int mspan_detach(const struct mcentral *c, void **p, unsigned int n,
			  struct mspan **out, unsigned long *strange);
bool mspan_is_taken(const void *p, unsigned int row);
void *mspan_object(const struct mspan *s, unsigned int index);
void mspan_cut(struct mspan *s, unsigned int row);
void mspan_relabel(struct mspan *s, unsigned int number);
void mspan_watch(const struct mcentral *c, struct mspan *s, const void *p, bool fresh);
bool mspan_unwatch(const struct mcentral *c, struct mspan *s, const void *p);
unsigned int mspan_cut_taken(struct mspan *s, unsigned int row, void **out);
void *mspan_take_only(struct mspan *s);
unsigned int mspan_claim(struct mspan *s, void **out, unsigned int max);
unsigned long mspan_release_bits(struct mspan *s, unsigned int word,
				 unsigned long mask);
bool mspan_has_free(const struct mspan *s);
bool mspan_all_free(const struct mspan *s);
bool mspan_word_all_free(const struct mspan *s, unsigned int word);
unsigned int mspan_count_free(const struct mspan *s);
unsigned int mspan_count_waiting(const struct mspan *s);
const char *mspan_state_name(unsigned int state);

static inline unsigned int mspan_kind(const struct mspan *s)
{
	return ilog2(s->nwords);
}

/* Bytes of a descriptor. */
static inline size_t mspan_bytes(const struct mspan *s)
{
	return sizeof(*s) + s->nwords * sizeof(long);
}

/* mcentral.c */

#define MCENTRAL_BUCKETS	4	/* by occupancy, 0 = fullest */

/**
 * struct transfer - free objects that any CPU may fetch
 * @stack: the objects; NULL until the first overflow
 * @max: its capacity, less than transfer_max() if memory was fragmented
 * @n: their number
 * @low: the lowest number since the last transfer_age()
 * @used: objects were added since
 */
struct transfer {
	void **stack;
	unsigned int max;
	unsigned int n;
	unsigned int low;
	bool used;
};

/**
 * struct mcentral - a row: the spans of one size class, or of one set of rows, on one
 *	node, or of pages of the emergency reserve
 * @lock: protects the lists, @transfer, and every state change from or to
 *	PARTIAL and FULL.  Raw, irq-safe; no other galloc lock is taken under it
 * @partial: PARTIAL spans by occupancy, as of when they were added
 * @cached: in a set, CACHED spans, from the cut on
 * @full: in a set, FULL spans; if it has no objects, LARGE ones
 * @changes: incremented when a list or a span's state changes (@lock); for validate
 * @nr_spans: spans of this row in any state
 * @singles: allocated objects that bypassed the stacks: those of interrupts and in
 *	debug mode, and the first of a new span
 * @fast: objects allocated from stacks of CPUs that are offline
 * @gone: @moved of these stacks, see struct mcache_stack
 * @folds: odd while @fast and @gone take over what a stack has counted (@lock)
 * @back: freed objects that bypassed the stacks, less those on a stack that were
 *	already free: freed twice
 * @transfer: free objects between two CPUs (@lock)
 * @gates: why single objects of the row are watched, see gate.h
 * @sc: size, reciprocal and span of the class
 * @set: the set of rows made at run time that it belongs to, or NULL
 * @row: number of this row
 * @class: size class; 0 in a set
 * @stack: stack number of its pages; in a set see mcentral_stack()
 * @nid: node; nr_node_ids: the emergency reserve, whose pages may be on any node
 * @whole: a span has one object only, and its state says whether that is free, see
 *	mspan_detach(); not in a set or the emergency reserve
 */
struct mcentral {
	raw_spinlock_t lock;
	struct list_head partial[MCENTRAL_BUCKETS];
	struct list_head cached;
	struct list_head full;
	unsigned long changes;
	atomic_long_t nr_spans;
	unsigned long singles;
	unsigned long fast;
	u32 gone;
	seqcount_t folds;
	atomic_t back;
	struct transfer transfer;
	const struct sizeclass *sc;
	struct rowset *set;
	u32 row;
	u16 class;
	u16 stack;
	int nid;
	u8 gates;
	bool whole;
} ____cacheline_aligned_in_smp;

/* The rows of the classes, which stay; those after them are made at run time. */
extern struct mcentral **mcentral_rows;
extern unsigned int nr_rows;

struct mspan *mcentral_cache_span(unsigned int row, gfp_t gfp);
struct mspan *mcentral_fetch(struct mcentral *c, int nid);
struct mspan *mcentral_swap(struct mspan *old, bool fetch);
void *mcentral_alloc(unsigned int row, gfp_t gfp);
unsigned int mcentral_alloc_many(struct mcentral *c, gfp_t gfp, unsigned int max,
				 void **out);
bool mcentral_free(const void *p);
void mcentral_free_single(const void *p);
bool mcentral_mark_nolock(const struct object *o, bool *owed);
void *mcentral_take_nolock(unsigned int row);
void mcentral_look(struct mspan *s);
unsigned int mcentral_free_turn(unsigned int row, void **batch, unsigned int n);
void mcentral_free_batch(unsigned int row, void **batch, unsigned int n);
void mcentral_count_single(unsigned int row);
void mcentral_setup(struct mcentral *c, const struct sizeclass *sc, int nid);
struct list_head *mcentral_list(struct mcentral *c, unsigned int nr);
struct mspan *mcentral_first(struct list_head *head);

/* Return a CACHED span, which was detached from its stack, to its row. */
static inline void mcentral_uncache_span(struct mspan *s)
{
	mcentral_swap(s, false);
}

/* Lists of a row: those by occupancy, then the CACHED and the FULL spans. */
#define MCENTRAL_LISTS	(MCENTRAL_BUCKETS + 2)

/*
 * Spans of the emergency reserve have rows of their own, as if of one more node, and
 * STACK_WATCHED: they serve only requests that may use it, so no CPU has stacks for them.
 */
static inline unsigned int mcentral_reserve_row(unsigned int class)
{
	return mcentral_row(nr_node_ids, class);
}

static inline bool mcentral_is_reserve(const struct mcentral *c)
{
	return c->nid == nr_node_ids;
}

#include "rows.h"

/*
 * The row of a number, NULL if there is none.  Call in an RCU read section, or while the
 * row cannot go, because it is that of a class or has a span or an object of the
 * caller's.
 */
static inline struct mcentral *mcentral_of(unsigned int row)
{
	return likely(row < nr_rows) ? mcentral_rows[row] : rows_find(row);
}

#include "client/stacks.h"

/* grow.c */

/* Where grow_span() may look. */
enum grow {
	GROW_FREE,	/* free runs of the row's node */
	GROW_SPARE,	/* and pages that cost this node nothing */
	GROW_ORDINARY,	/* and all that the request's flags allow, on any node */
	GROW_ANY,	/* and the atomic reserve, if they do not allow to sleep */
};

struct mcentral *grow_row(const struct mcentral *c, int nid);
struct mcentral *grow_row_or_new(const struct mcentral *c, int nid, gfp_t gfp);
bool grow_has_reserve(gfp_t gfp);
struct mspan *grow_span(struct mcentral *c, enum grow how, gfp_t gfp);
struct mspan *grow_stray(unsigned int row, gfp_t gfp);
struct mspan *grow_any(struct mcentral *c, gfp_t gfp);
bool grow_has_partial(const struct mcentral *c);
bool grow_may_batch(int nid, unsigned int npages, gfp_t gfp);
unsigned int grow_objects(unsigned int row, void **batch, unsigned int max, gfp_t gfp);

/* transfer.c */

/* Objects that one turn moves to their spans. */
#define TRANSFER_TURN		64

void transfer_prepare(unsigned int row);
bool transfer_has_room(unsigned int row, unsigned int n);
bool transfer_flush(unsigned int row, void **batch, unsigned int n);
unsigned int transfer_put(unsigned int row, void **batch, unsigned int n);
unsigned int transfer_get(unsigned int row, void **batch, unsigned int max);

/* Lockless check: mostly it is empty. */
static inline bool transfer_holds(unsigned int row)
{
	return READ_ONCE(mcentral_of(row)->transfer.n);
}

void transfer_drain(void);
void transfer_drain_row(struct mcentral *c);
void transfer_free(struct mcentral *c);
bool transfer_age(void);
unsigned long transfer_bytes(int nid);
void transfer_exit(void);

/* waiting.c */

/* Does an object that is freed wait for others? */
enum waiting {
	WAITING_NOT,	/* it can be freed */
	WAITING_ADDED,
	WAITING_TWICE,	/* it has been freed before */
};

bool waiting_add(const void *p, bool shared);
enum waiting waiting_add_nolock(const void *p, bool shared);
unsigned int waiting_in(const struct mspan *s);
unsigned long waiting_of(struct rowset *set);
unsigned long waiting_nr(void);
unsigned long waiting_pages(void);
unsigned long waiting_release(void);
unsigned long waiting_release_all(void);
unsigned long waiting_release_of(int nid);
void waiting_settle(void);

/* api.c */

struct rowset *api_set_of(const void *p);
unsigned int api_aligned_class(size_t size, size_t align);
void *api_alloc_row(struct rowset *set, int nid, gfp_t gfp, size_t asked);
void *api_alloc_set_slow(struct rowset *set, gfp_t gfp, size_t asked);
void *api_clear_row(void *obj, const struct rowset *set);
void *api_alloc_large(struct rowset *set, size_t size, size_t align, int nid, gfp_t gfp);
size_t api_alloc_row_bulk(struct rowset *set, int nid, gfp_t gfp, size_t asked, size_t nr,
			  void **p);
void api_free_parked(const void *p);

#include "client/absent.h"

/* shrinker.c */
extern struct shrinker *galloc_shrinker;

int shrinker_init(void);
void shrinker_exit(void);
bool shrinker_wake(void);
unsigned long shrinker_oom(void);

/* api.c */

/**
 * struct target - the object at an address
 * @start: its first byte
 * @size: bytes it has
 * @padded: it is larger than the request needed, because its pages may not be shared
 * @kept: its contents outlive it, see ROWS_KEEP
 * @asked: of a typed cache: the size that this was made for; else 0
 */
struct target {
	void *start;
	size_t size;
	size_t asked;
	bool padded;
	bool kept;
};

enum mspan_found api_target_of(const void *p, struct target *t);
bool api_refuse_nmi(void);
bool api_align_ok(size_t align);

/*
 * Every exported function calls this before it takes a lock, since an NMI may have
 * interrupted the holder.  Only mcache_pop() and mcache_push() do without: code
 * interrupted there either has the busy byte set, so that they do not touch the stack,
 * or has not loaded a stack pointer yet, and sees the stack as the interrupt leaves
 * it.
 */
static __always_inline bool api_enter_ok(void)
{
	return likely(!in_nmi()) || api_refuse_nmi();
}

/* The same for a call that allocates, and may sleep if @gfp says so. */
static __always_inline bool api_alloc_ok(gfp_t gfp)
{
	might_alloc(gfp);
	return api_enter_ok() && api_is_ready();
}

/* debug/quarantine.c */
extern unsigned int quarantine_kb;

bool quarantine_flush(bool may_sleep);
void quarantine_settle(void);
size_t quarantine_bytes(void);

/* debug/watch.c */

void watch_set(struct rowset *set);

/* debug/mend.c */

void mend_report(const struct arena_mended *mended);
bool mend_slot(unsigned long nr);
void mend_all(void);
void mend_some(void);

/* galloc_mod.c */

extern bool galloc_debug;
extern unsigned long galloc_limit_bytes;
extern unsigned long galloc_reserve_pages;
/* The mark is no fixed number of pages, see release_free_max(). */
#define FREE_MAX_PART	ULONG_MAX
extern unsigned long galloc_free_max_pages;
extern unsigned long galloc_cpu_cache_bytes;
extern unsigned long galloc_cpu_cache_most;

#include "totals.h"
#include "events.h"
#include "worker.h"
#include "gate.h"
#include "lock.h"
#include "client/internal.h"
#include "debug/hooks.h"

#endif /* _GALLOC_INTERNAL_H */
