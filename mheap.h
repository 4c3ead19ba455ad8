/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * mheap.h: what mheap.c, run.c, release.c and large.c share about a node's runs.
 */
#ifndef _GALLOC_MHEAP_H
#define _GALLOC_MHEAP_H

#include "galloc_internal.h"

/* free[n][SPARSE], free[n][DENSE] */
enum { SPARSE, DENSE };

extern struct mheap **mheaps;

/*
 * Descriptors that one operation may need under the lock: for a chunk, and for the rest
 * of a run before and after the part taken.
 */
#define SPARES_NEEDED		3U

/*
 * Bytes of unused ones that a node keeps of each kind; with more in all the worker trims
 * them.
 */
#define SPARES_KEPT		(7U << 10)
#define SPARES_MANY		(64U << 10)

/**
 * struct want - the requested run of pages
 * @npages: its length; that of the order of one object may exceed the class's
 * @least: the fewest pages that suffice if there is no run of that length
 * @align: alignment of its start in pages, a power of two
 * @sc: the class of its objects, or NULL: then @least is @npages
 * @nbits: without a class, objects its descriptor must have room for
 * @nr_more: the most runs of this length to take in addition, if the same free run
 *	has them; they are linked by @next
 */
struct want {
	unsigned int npages;
	unsigned int least;
	unsigned int align;
	const struct sizeclass *sc;
	unsigned int nbits;
	unsigned int nr_more;
};

/* mheap.c */

void mheap_count_free(struct mheap *h, long npages);
void mheap_run_map(struct mspan *s);
struct mspan *mheap_own_chunk(struct mheap *h, const struct chunk *chunk);
struct mspan *mheap_publish_chunk(struct mheap *h, const struct chunk *chunk);
void mheap_put_chunk(const struct chunk *chunk);
void mheap_disown(struct mheap *h, unsigned long start, unsigned int npages);

/* run.c */

/*
 * Sparse cannot express that a function returns with a lock only if it returns
 * true: afterwards the caller uses __acquire(&h->lock), which is no code.
 */
bool run_lock_with_spares(struct mheap *h, const struct want *w, gfp_t gfp,
			  unsigned long *flags);
bool run_fill_spares(struct mheap *h, gfp_t gfp);
void run_trim_spares(struct mheap *h, unsigned int bytes);
void run_link(struct mheap *h, struct mspan *s);
void run_unlink(struct mheap *h, struct mspan *s);
void run_set_density(struct mheap *h, struct arena *arena);
void run_update_density(struct mheap *h, struct arena *arena);
int run_fit(const struct mspan *s, unsigned int npages, unsigned int align);
struct mspan *run_find(struct mheap *h, unsigned int npages, unsigned int align);
struct want run_want_span(const struct sizeclass *sc);
unsigned int run_want_kind(const struct want *w, unsigned int npages);
unsigned int run_share(const struct mspan *s, const struct want *w);
struct mspan *run_find_short(struct mheap *h, const struct want *w);
struct mspan *run_fit_descriptor(struct mheap *h, struct mspan *s, unsigned int kind);
void run_sort(struct mspan **spans, unsigned int n);
struct mspan *run_insert(struct mheap *h, struct mspan *s);
void run_uncut(struct mspan *s);
unsigned int run_free(struct mspan **spans, unsigned int n);
struct mspan *run_serve(struct mheap *h, struct mspan *s, const struct want *w);

/* Here, since in a burst each object takes one, or leaves one. */

static inline struct mspan *run_spare_pop(struct mheap *h, unsigned int kind)
{
	struct mspan *s;

	lockdep_assert_held(&h->lock);

	s = h->spare[kind];
	h->spare[kind] = s->next;
	h->nr_spare[kind]--;
	h->spare_bytes -= mspan_bytes(s);
	return s;
}

static inline void run_spare_push(struct mheap *h, struct mspan *s)
{
	unsigned int kind = mspan_kind(s);

	lockdep_assert_held(&h->lock);

	mspan_set(s, 0, MSPAN_TRANSIT);
	s->dropped = 0;
	s->next = h->spare[kind];
	h->spare[kind] = s;
	h->nr_spare[kind]++;
	h->spare_bytes += mspan_bytes(s);
}

/* client/standby.c */

struct mspan *standby_take(int nid, const struct want *w, gfp_t gfp);
bool standby_fill(struct mheap *h);
void standby_keep(struct mheap *h);

/* map.c */

struct mspan *map_span_back_from(const struct arena *arena, unsigned int page);

/* release.c */

/*
 * release_pages_unshared() for a span.  One of a single page is looked at here: there are
 * very many.
 */
static inline bool release_span_unshared(const struct mspan *s)
{
	return (s->npages == 1 &&
		likely(page_ref_count(virt_to_page((void *)s->start)) == ARENA_PAGE_REFS)) ||
	       release_pages_unshared(s->start, s->npages);
}

/* Is it, or will it be, a part of a free run?  Others leave when they are freed. */
static inline bool mspan_is_settled(const struct mspan *s)
{
	return !s->huge && !s->reserve;
}

struct mspan *release_take_kept(struct mheap *h, unsigned int order);
bool release_keep(struct mspan *s);
unsigned long release_kept(struct mheap *h, bool may_sleep);
bool release_age_kept(struct mheap *h);

/**
 * struct leaving - pages that are being returned, between the two halves
 * @start: address of the first
 * @npages: number of pages
 * @order: they are a whole chunk of this order; -1: part of a chunk
 * @lone: a lone page, which has left the map
 * @settled: they were in free runs, or would have been, see arena_settle()
 */
struct leaving {
	unsigned long start;
	unsigned int npages;
	int order;
	bool lone;
	bool settled;
};

bool release_may_leave_now(unsigned int npages, int order);
void release_detach(struct mheap *h, struct mspan *s,
		    struct leaving *leaving);
void release_leave(const struct leaving *leaving, bool may_sleep);
unsigned long release_deferred(struct mheap *h, bool all);
unsigned long release_everything(void);

#endif /* _GALLOC_MHEAP_H */
