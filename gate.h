/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * gate: who watches single allocations and frees.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_GATE_H
#define _GALLOC_GATE_H

/**
 * enum gate_reason - why single allocations and frees are watched
 * @GATE_TRACE: tracepoints are enabled
 * @GATE_SAMPLE: a part of all allocations is recorded
 * @GATE_DEBUG: objects bypass the stacks, so that the bitmaps know of each at once
 * @GATE_KMEMLEAK: the kernel looks for leaks
 * @GATE_GUARD: some objects get pages of their own
 * @GATE_TAGS: the kernel counts objects by the line that allocated them, see allocinfo.c
 * @GATE_TABLE: what is known of each object is recorded, see debug/table.c; with
 *	GATE_DEBUG, set after that and cleared before
 * @NR_GATE_REASONS: number of reasons
 */
enum gate_reason {
	GATE_TRACE,
	GATE_SAMPLE,
	GATE_DEBUG,
	GATE_KMEMLEAK,
	GATE_GUARD,
	GATE_TAGS,
	GATE_TABLE,
	NR_GATE_REASONS
};

/* A bit of stack->gates that is no reason: each free looks at the object's pages. */
#define GATE_PAGES		BIT(7)
#define GATE_REASONS		((u8)(GATE_PAGES - 1))

static_assert(BIT(NR_GATE_REASONS) <= GATE_PAGES);

/* A credit that is never used up: 146 years of an allocation each nanosecond. */
#define GATE_CREDIT		(LONG_MAX / 2)

/**
 * struct gate_object - an object that was just allocated, or is about to be freed
 * @p: its address
 * @size: its usable bytes
 * @asked: bytes that its client has asked for; 0: not known, as for a free
 * @gfp: the client's flags; 0 for a free
 * @class: its size class; 0: whole pages, or a typed cache
 * @nid: the node of its pages
 * @set: the rows of the typed cache or private heap that it is of; NULL: none
 * @span: where its span begins
 * @row: of that; 0: whole pages, of no heap
 * @objects: that the span has
 * @index: of this one
 * @nolock: the call may be in any context: no lock, no report
 */
struct gate_object {
	const void *p;
	size_t size;
	size_t asked;
	gfp_t gfp;
	unsigned int class;
	int nid;
	const struct rowset *set;
	unsigned long span;
	u32 row;
	u32 objects;
	u32 index;
	bool nolock;
};

/**
 * struct gate_watcher - the functions that a reason has called
 * @alloc: an object was allocated, and initialised
 * @free: an object is about to be freed
 *
 * Context: that of the caller of galloc, an NMI too, within an RCU read section; must
 * not call galloc.
 */
struct gate_watcher {
	void (*alloc)(const struct gate_object *o);
	void (*free)(const struct gate_object *o);
};

/*
 * Of another CPU's stacks and batches, for statistics and guesses: old values or new ones.  The
 * owner writes it without a mark, as fast as it can.
 */
#define mcache_racy(x)		data_race(READ_ONCE(x))

/* gate.c */

/* For gate_close(): all rows, and objects of whole pages. */
#define GATE_ALL_ROWS		UINT_MAX

extern u8 gate_all;
extern u8 gate_large;
extern u8 gate_watched;
extern atomic_t gate_gen;

void gate_init(void);
int gate_close(enum gate_reason why, const struct gate_watcher *watcher,
	       unsigned int row);
int gate_open(enum gate_reason why);
void gate_wait(void);
bool gate_async(void);
void gate_follow(void);
int gate_watch(bool (*match)(const struct rowset *set, unsigned int class, const void *arg),
	       const void *arg, enum gate_reason why, bool on);
bool gate_find(struct gate_object *o);
void gate_see_taken(const void *p, bool nolock);
void gate_tables_begin(void);
void gate_tables_end(void);
void gate_look_for_frees(enum gate_reason why);
void gate_see_alloc(const void *p, size_t asked, gfp_t gfp);
void gate_see_alloc_bulk(void **p, size_t n, size_t asked, gfp_t gfp);
void gate_see_alloc_nolock(const void *p, size_t asked, gfp_t gfp);
bool gate_see_free(const void *p);
bool gate_see_free_nolock(const void *p);
void gate_see_parked(const void *p);
bool gate_size_is(const void *p, size_t size, bool *known);
size_t gate_kept(const void *p, size_t have);
bool gate_is_freed(const void *p);
bool gate_see_sized(const void *p);
bool gate_see_resized(const void *p, size_t size, bool zero);
void gate_see_left(struct mspan *const *s, unsigned int n, size_t size);
void gate_see_swept(const struct mcentral *c, const struct mspan *s);
void gate_see_neighbours(const struct mcentral *c, const struct mspan *s, unsigned long mask);

/* The reasons to watch the objects of a row, 0: those of whole pages. */
static inline u8 gate_reasons(unsigned int row)
{
	const struct mcentral *c = row ? mcentral_of(row) : NULL;

	if (!row)
		return READ_ONCE(gate_all) | READ_ONCE(gate_large);
	return READ_ONCE(gate_all) | (c ? READ_ONCE(c->gates) : 0);
}

/* Do the objects of a row bypass the stacks? */
static inline bool gate_bypasses(unsigned int row)
{
	return unlikely(gate_reasons(row) & BIT(GATE_DEBUG));
}

/*
 * Are the objects of a row recorded?  Their tables are there for a while after that has
 * ended, and do not know what has become of the objects since.
 */
static inline bool gate_is_recorded(unsigned int row)
{
	return gate_reasons(row) & BIT(GATE_TABLE);
}

/* Does anybody watch anything, or was anything sampled?  In the slow paths only. */
static inline bool gate_has_watchers(void)
{
	return READ_ONCE(gate_watched);
}

/* The same, without samples. */
static inline bool gate_is_watched(void)
{
	return unlikely(READ_ONCE(gate_watched) & ~BIT(GATE_SAMPLE));
}

void profile_see_left(struct mspan *const *s, unsigned int n);

/* Is anything recorded, see debug/table.c? */
static inline bool gate_has_tables(void)
{
	return unlikely(READ_ONCE(gate_watched) & BIT(GATE_TABLE));
}

/* Are the lines counted that allocate, see observe/allocinfo.c? */
static inline bool gate_has_tags(void)
{
#ifdef CALLERS_HAVE_TAGS
	return unlikely(READ_ONCE(gate_watched) & BIT(GATE_TAGS));
#else
	return false;
#endif
}

/* scan.c */

#ifdef CONFIG_DEBUG_KMEMLEAK
extern bool scan_on;

const struct gate_watcher *scan_watcher(void);

void scan_miss(void);
void scan_left(const struct mspan *s, size_t size);
void scan_hide(const void *p);
#else
#define scan_on		false
static inline const struct gate_watcher *scan_watcher(void) { return NULL; }
static inline void scan_miss(void) { }
static inline void scan_left(const struct mspan *s, size_t size) { }
static inline void scan_hide(const void *p) { }
#endif

/* Spans in TRANSIT, of objects of @size bytes, have left their row. */
static inline void gate_spans_left(struct mspan *const *s, unsigned int n, size_t size)
{
	if (size <= GALLOC_MAX_SMALL)
		profile_see_left(s, n);
	if (gate_has_tables() || scan_on || gate_has_tags())
		gate_see_left(s, n, size);
}

#endif /* _GALLOC_GATE_H */
