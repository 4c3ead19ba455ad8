// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * stash: per CPU, a few runs of pages of freed large objects.
 *
 * A freed object of whole pages stays with the CPU, as small ones do on its stacks,
 * and serves the next request for as many pages.  Without the stash each would join its
 * neighbours in the free runs of the node, and be cut out of them again, under the
 * node's lock.  The number and the bytes of the runs are limited, and count towards the
 * CPU's budget.
 *
 * Called by api.c and mcache.c; drained by drain.c.  A run in the stash is a span in
 * state CACHED without a row.  No lock: the CPU's busy byte, as for its stacks.
 * Overview: galloc_mod.c.
 */
#include "mcache.h"

/*
 * The longest run that is kept, 1 MiB, since a longer one is rarely asked for again, and one
 * above a block is no run; and the part of a CPU's budget for all of them.
 */
#define STASH_MAX_PAGES		(ARENA_PAGES / 2)
#define STASH_MAX_PART		2

/* Runs that one more pushes out at a time. */
#define STASH_OUT		2

/* So many misses in a row are a reason to get one run more; and the most at a time. */
#define MISSES_FOR_ONE		4U
#define REFILL_RUNS		8U

/* Call last, when tag and runs have their new values. */
static void stash_changed(struct mcache *m)
{
	/* Release: pairs with changes_read() of validate. */
	smp_store_release(&m->runs_changes, m->runs_changes + 1);
}

/* Remove the run at index @i. */
static struct mspan *run_take(struct mcache *m, unsigned int i)
{
	struct mspan *s = m->runs[i];

	m->nr_runs--;
	memmove(&m->runs[i], &m->runs[i + 1],
		(m->nr_runs - i) * sizeof(m->runs[0]));
	m->runs_bytes -= span_bytes(s);
	m->held -= span_bytes(s);
	mspan_set(s, 0, MSPAN_TRANSIT);
	stash_changed(m);
	return s;
}

/**
 * stash_take() - take any run from a stash, to be returned to the mheap
 * @m: the mcache, entered, or of a dead CPU
 *
 * Return: A span in TRANSIT, or NULL if there is none.
 */
struct mspan *stash_take(struct mcache *m)
{
	return m->nr_runs ? run_take(m, 0) : NULL;
}

/* Note that there was no run of so many pages. */
static void run_missed(struct mcache *m, unsigned int npages)
{
	if (m->missed_pages != npages) {
		m->missed_pages = npages;
		m->missed = 0;
	}
	m->missed += m->missed < U8_MAX;
}

/**
 * stash_alloc() - get an object of whole pages from this CPU's stash
 * @npages: number of pages
 * @align: alignment in pages, a power of two
 * @nid: node wanted
 *
 * Context: Any but NMI.
 * Return: A span in TRANSIT, or NULL.
 */
struct mspan *stash_alloc(unsigned int npages, unsigned int align, int nid)
{
	struct mspan *s = NULL;
	struct mcache *m;
	unsigned int i;

	if (npages > STASH_MAX_PAGES || gate_bypasses(0))
		return NULL;
	m = mcache_enter();
	if (!m)
		return NULL;
	if (m->nid != nid)
		goto out;
	/* Newest first: its pages are cache-warm. */
	for (i = m->nr_runs; i--; ) {
		struct mspan *run = m->runs[i];

		if (run->npages != npages ||
		    !IS_ALIGNED(run->start >> PAGE_SHIFT, align))
			continue;
		s = run_take(m, i);
		m->runs_used = true;
		break;
	}
	if (!s)
		run_missed(m, npages);
out:
	mcache_leave(m);
	return s;
}

/* The most bytes of runs. */
static size_t stash_max_bytes(void)
{
	return galloc_cpu_cache_bytes / STASH_MAX_PART;
}

/* Is there room for a run, in number and in bytes? */
static bool run_fits(const struct mcache *m, const struct mspan *s)
{
	return m->nr_runs < STASH_RUNS &&
	       m->runs_bytes + span_bytes(s) <= stash_max_bytes();
}

/* Add a run, for which there is room. */
static void run_put(struct mcache *m, struct mspan *s)
{
	mspan_set(s, 0, MSPAN_CACHED);
	m->runs[m->nr_runs++] = s;
	m->runs_bytes += span_bytes(s);
	m->held += span_bytes(s);
	stash_changed(m);
}

/* How many runs to get for a request that the stash of this CPU had none for. */
static unsigned int refill_runs(unsigned int npages)
{
	/* Of whatever CPU we are on: it is a guess. */
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);

	if (mcache_racy(m->missed_pages) != npages ||
	    READ_ONCE(m->stacks) == empty_stacks)
		return 1;
	return min3(1 + mcache_racy(m->missed) / MISSES_FOR_ONE, REFILL_RUNS,
		    1 + STASH_MAX_PAGES / npages);
}

/* How many of @n more runs of so many bytes there is room for, in the budget, too. */
static unsigned int runs_room(struct mcache *m, unsigned int n, size_t bytes)
{
	size_t left = stash_max_bytes() - min(stash_max_bytes(), m->runs_bytes);

	n = min3(n, (unsigned int)(STASH_RUNS - m->nr_runs),
		 (unsigned int)(left / bytes));
	return n && capacity_steal(m, 0, n * bytes) ? n : 0;
}

/**
 * stash_refill() - get an object of whole pages, and some more for the next requests
 * @npages: number of pages
 * @align: alignment in pages, a power of two
 * @nid: node wanted
 * @gfp: the request's flags
 *
 * When as many pages were asked for several times, and none freed since: then one trip
 * to the node's free runs serves some requests.
 *
 * Context: Any but NMI, no galloc lock held.  Sleeps if @gfp allows it.
 * Return: A span in TRANSIT, or NULL: try large_alloc().
 */
struct mspan *stash_refill(unsigned int npages, unsigned int align, int nid,
			   gfp_t gfp)
{
	size_t bytes = (size_t)npages << PAGE_SHIFT;
	struct mspan *s, *first, *more;
	unsigned int max, room = 0;
	struct mcache *m;

	if (npages > STASH_MAX_PAGES || npages % align)
		return NULL;
	max = refill_runs(npages);
	if (max < 2 || !grow_may_batch(nid, max * npages, gfp))
		return NULL;
	first = mheap_alloc_runs(nid, npages, align, max, gfp);
	if (!first || !first->next)
		return first;
	more = first->next;
	m = mcache_enter();
	if (m) {
		if (m->stacks != empty_stacks && m->nid == nid)
			room = runs_room(m, max - 1, bytes);
		for (; more && room--; more = s) {
			s = more->next;
			run_put(m, more);
		}
		mcache_leave(m);
		worker_kick(WORKER_TICK);
	}
	for (; more; more = s) {
		s = more->next;
		mheap_free(more);
	}
	return first;
}

/**
 * stash_free() - keep the pages of a freed object
 * @s: its span, in TRANSIT, to which nobody else refers
 *
 * The oldest runs make room for it, at most two of them: the caller may be in a
 * section of its own.
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: False if there is no room: mheap_free_unshared().
 */
bool stash_free(struct mspan *s)
{
	struct mspan *out[STASH_OUT] __uninitialized;
	unsigned int n = 0;
	struct mcache *m;
	bool kept = false;

	/* A run that can never fit must not evict others. */
	if (s->npages > STASH_MAX_PAGES || span_bytes(s) > stash_max_bytes() ||
	    s->reserve || s->huge || gate_bypasses(0))
		return false;
	m = capacity_enter_setup(0);
	if (!m)
		return false;
	if (m->nid == s->arena->nid) {
		m->missed = 0;
		/* Two at a time, for one trip to the node's free runs. */
		if (!run_fits(m, s))
			while (n < STASH_OUT && m->nr_runs)
				out[n++] = run_take(m, 0);
		kept = run_fits(m, s) && capacity_steal(m, 0, span_bytes(s));
	}
	if (kept)
		run_put(m, s);
	mcache_leave(m);

	/* Nobody has referred to them since they were freed. */
	if (n)
		mheap_free_runs(out, n);
	if (kept)
		worker_kick(WORKER_TICK);
	return kept;
}
