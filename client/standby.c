// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * standby: the atomic reserve, pages that only callers that cannot sleep may have; and
 * the reserve of reserve_mb, which is allocated at load.
 *
 * Called by mheap.c when a node has no free run and the system no pages; where
 * PREEMPT_RT does not let the page allocator be called, these are the only ones left.
 * The worker fills it again.  Its runs are in TRANSIT, so nothing merges with them, and
 * protected by mheap->lock.  Overview: galloc_mod.c.
 */
#include "mheap.h"

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/nodemask.h>

/* Runs of a node that a request examines. */
#define LOOK			32

/*
 * Each span needs a descriptor, which cannot be allocated then.  One kind serves
 * all: with room for the most objects that a page can have.
 */
#define STANDBY_KIND		(const_ilog2(BITS_TO_LONGS(PAGE_SIZE / 8)))

static_assert(STANDBY_KIND < MSPAN_KINDS);

/**
 * struct standby - the share of a node
 * @runs: spans in TRANSIT, long ones before short ones, if added in that order
 * @nr_runs: their number
 * @pages: their pages
 * @want: how many there should be
 * @spare: descriptors of STANDBY_KIND for the spans that they become
 * @nr_spares: their number; @want if complete
 */
struct standby {
	struct list_head runs;
	unsigned long nr_runs;
	unsigned long pages;
	unsigned long want;
	struct list_head spare;
	unsigned long nr_spares;
};

/* ---- taking ------------------------------------------------------------------- */

/* Pages that a request can use of run @s; 0: none. */
static unsigned int run_use(const struct mspan *s, const struct want *w)
{
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int n = s->npages;

	if (w->align > 1)
		n -= min(n, ALIGN(first, w->align) - first);
	if (n >= w->npages)
		n = w->npages;
	else if (n < w->least || !w->sc)
		return 0;
	/* Short spans hold whole objects, and no more than the descriptor has bits for. */
	n = n == w->npages ? n : sizeclass_pages(w->sc, n);
	while (n > w->least && run_want_kind(w, n) > STANDBY_KIND)
		n = sizeclass_pages(w->sc, n - 1);
	return n >= w->least ? n : 0;
}

/* The shortest of the first runs with full length; else the longest. */
static struct mspan *find_run(struct standby *sb, const struct want *w)
{
	unsigned int best_use = 0, look = LOOK;
	struct mspan *s, *best = NULL;

	list_for_each_entry(s, &sb->runs, list) {
		unsigned int use = run_use(s, w);

		if (!look--)
			break;
		if (use > best_use ||
		    (use && use == best_use && s->npages < best->npages)) {
			best_use = use;
			best = s;
		}
	}
	return best;
}

static void run_add(struct standby *sb, struct mspan *s)
{
	list_add_tail(&s->list, &sb->runs);
	sb->nr_runs++;
	sb->pages += s->npages;
}

/* Cut @s at @page; what is before stays @s, the rest becomes @t. */
static void run_split(struct mspan *s, struct mspan *t, unsigned int page)
{
	t->arena = s->arena;
	t->start = s->start + ((unsigned long)page << PAGE_SHIFT);
	t->npages = s->npages - page;
	t->zeroed = s->zeroed;
	s->npages = page;
	mheap_run_map(t);
	if (page)
		mheap_run_map(s);
}

static struct mspan *spare_pop(struct standby *sb)
{
	struct mspan *t = list_first_entry(&sb->spare, struct mspan, list);

	list_del(&t->list);
	sb->nr_spares--;
	return t;
}

/*
 * Take a part of a run: its end, so that mostly nothing remains behind it.  With an
 * alignment something may, which is a run of its own then.  That has a descriptor with room
 * for any span, and will not need another.  So a request uses up one descriptor, in the end,
 * and one page at least: there are never more pages than descriptors, with those of such
 * runs, and what a request needs is there.
 */
static struct mspan *take_part(struct mheap *h, struct mspan *s, const struct want *w)
{
	struct standby *sb = h->standby;
	unsigned int use = run_use(s, w);
	unsigned int first = arena_page(s->arena, s->start);
	unsigned int skip = ALIGN_DOWN(first + s->npages - use, w->align) - first;
	bool more = s->npages > skip + use;
	bool fits = !skip && mspan_kind(s) == STANDBY_KIND;
	struct mspan *t = s, *rest;

	lockdep_assert_held(&h->lock);

	/* It does not come to that; a request that fails is better than a list that is empty. */
	if (unlikely(sb->nr_spares < !fits + more))
		return NULL;
	sb->pages -= s->npages - skip;
	if (!skip) {
		list_del(&s->list);
		sb->nr_runs--;
	}
	if (!fits) {
		t = spare_pop(sb);
		run_split(s, t, skip);
		if (!skip)
			run_spare_push(h, s);
	}
	if (more) {
		rest = spare_pop(sb);
		run_split(t, rest, use);
		run_add(sb, rest);
	}
	return t;
}

static struct mspan *take_from(struct mheap *h, const struct want *w)
{
	struct standby *sb = h->standby;
	struct mspan *s;
	unsigned long flags;

	/* Lockless check: there is none by default. */
	if (!sb || !data_race(sb->pages))
		return NULL;
	galloc_lock(&h->lock, flags);
	s = find_run(sb, w);
	if (s) {
		h->changes++;
		s = take_part(h, s, w);
	}
	galloc_unlock(&h->lock, flags);
	return s;
}

/**
 * standby_take() - take pages for a request that nobody else can serve
 * @nid: node wanted
 * @w: the run wanted
 * @gfp: flags of the request
 *
 * Context: Any but NMI, no galloc lock held.
 * Return: A span in TRANSIT, as mheap_alloc(); NULL if the request may sleep, or if
 * there is none.
 */
struct mspan *standby_take(int nid, const struct want *w, gfp_t gfp)
{
	struct mspan *s;
	unsigned int i;
	int other;

	if (gfpflags_allow_blocking(gfp) || !READ_ONCE(galloc_standby_pages))
		return NULL;
	s = take_from(mheaps[nid], w);
	if (!s && !(gfp & __GFP_THISNODE))
		for_each_near(i, other, nid) {
			s = take_from(mheaps[other], w);
			if (s)
				break;
		}
	if (s)
		count_event(EVENT_STANDBY);
	worker_kick(WORKER_NOW);
	return s;
}

/* ---- filling ------------------------------------------------------------------- */

static void spare_add(struct standby *sb, struct mspan *s)
{
	list_add(&s->list, &sb->spare);
	sb->nr_spares++;
}

static bool move_spare(struct mheap *h)
{
	struct standby *sb = h->standby;
	unsigned long flags;
	bool move;

	galloc_lock(&h->lock, flags);
	move = sb->nr_spares < sb->want && h->nr_spare[STANDBY_KIND] > SPARES_NEEDED;
	if (move)
		spare_add(sb, run_spare_pop(h, STANDBY_KIND));
	galloc_unlock(&h->lock, flags);
	return move;
}

/**
 * standby_keep() - take back the descriptors of the last burst
 * @h: the heap of the node
 *
 * They are in the node's stock by now.  Called before that is trimmed, too: what is freed
 * there cannot be had again at the limit.
 *
 * Context: Process.
 */
void standby_keep(struct mheap *h)
{
	while (h->standby && move_spare(h))
		cond_resched();
}

static void fill_spares(struct mheap *h)
{
	struct standby *sb = h->standby;
	unsigned long flags;
	struct mspan *s;

	standby_keep(h);
	/* A stale number makes one too many or too few: harmless. */
	while (data_race(sb->nr_spares) < sb->want) {
		s = mspan_new(STANDBY_KIND, WORKER_GFP);
		if (!s)
			return;
		galloc_lock(&h->lock, flags);
		spare_add(sb, s);
		galloc_unlock(&h->lock, flags);
	}
}

/*
 * A run of the node.  Only single pages are worth reclaim: a longer run would be made by moving
 * the memory of others, again and again while there is none.
 */
static struct mspan *get_run(struct mheap *h, unsigned int npages)
{
	if (npages > 1)
		return mheap_alloc_runs(h->nid, npages, 1, 1, WORKER_GFP & ~__GFP_KSWAPD_RECLAIM);
	return mheap_alloc(h->nid, 1, 1, 0, WORKER_GFP | __GFP_THISNODE);
}

/* Add a span in TRANSIT, unless its pages must leave soon. */
static bool add_run(struct mspan *s)
{
	struct mheap *h = mheaps[s->arena->nid];
	unsigned long flags;

	if (s->reserve || !h->standby) {
		mheap_free(s);
		return false;
	}
	galloc_lock(&h->lock, flags);
	h->changes++;
	run_add(h->standby, s);
	galloc_unlock(&h->lock, flags);
	return true;
}

/*
 * Pages that are lacking, but none for which there is no descriptor: nobody could have it.
 * Both are read at once: a request that takes some in between would leave a page too many.
 * One that does so afterwards takes a page for each descriptor, at least.
 */
static long standby_lack(struct mheap *h, bool *complete)
{
	struct standby *sb = h->standby;
	unsigned long flags;
	long lack;

	galloc_lock(&h->lock, flags);
	lack = min(sb->want, sb->nr_spares) - sb->pages;
	*complete = sb->nr_spares >= sb->want;
	galloc_unlock(&h->lock, flags);
	return lack;
}

/**
 * standby_fill() - complete the share of a node
 * @h: the heap of the node
 *
 * From free runs first: where the limit is reached the system gives none.
 *
 * Context: The worker, or load.  Sleeps.
 * Return: False if there is not enough memory: call again later.
 */
bool standby_fill(struct mheap *h)
{
	unsigned int n = ARENA_PAGES;
	struct mspan *s;
	bool complete;
	long lack;

	if (!h->standby)
		return true;
	fill_spares(h);
	for (;;) {
		/* Runs that were free may have had them, and are part of another now. */
		standby_keep(h);
		/* A request that takes some meanwhile calls again. */
		lack = standby_lack(h, &complete);
		if (lack <= 0)
			return complete;
		n = min_t(long, n, lack);
		s = get_run(h, n);
		if (s && !add_run(s))
			return false;
		if (!s && n == 1)
			return false;
		if (!s)
			n /= 2;
		cond_resched();
	}
}

/* Pages of all nodes; racy. */
unsigned long standby_pages(void)
{
	unsigned long pages = 0;
	int nid;

	for_each_node(nid)
		if (mheaps[nid]->standby)
			/* The result is stale for the caller in any case. */
			pages += data_race(mheaps[nid]->standby->pages);
	return pages;
}

/* Runs of all nodes; racy. */
unsigned long standby_runs(void)
{
	unsigned long n = 0;
	int nid;

	for_each_node(nid)
		if (mheaps[nid]->standby)
			/* As above. */
			n += data_race(mheaps[nid]->standby->nr_runs);
	return n;
}

/* ---- load and unload ------------------------------------------------------------- */

/* A reserve may not have this part of the available memory. */
#define RESERVE_SPARED		16

/* Unless it is given: something on PREEMPT_RT, where such callers get nothing else. */
#define STANDBY_KB		(IS_ENABLED(CONFIG_PREEMPT_RT) ? 1024 : 0)
#define STANDBY_MAX_KB		65536

/**
 * standby_check() - check the parameter and convert it
 * @given: atomic_reserve_kb, -1 for a default
 * @limit_mb: the limit of all that galloc holds, 0 for none
 *
 * Return: 0, or -EINVAL after a line with the parameter and its range.
 */
int __init standby_check(long given, unsigned long limit_mb)
{
	unsigned long kb = given;

	if (given < -1 || given > STANDBY_MAX_KB) {
		pr_err("atomic_reserve_kb=%ld is out of range: -1 to %d\n", given,
		       STANDBY_MAX_KB);
		return -EINVAL;
	}
	if (given < 0) {
		kb = STANDBY_KB;
		/* A small part of a limit that is small itself. */
		if (limit_mb)
			kb = min(kb, limit_mb << 10 >> 4);
	} else if (limit_mb && kb > limit_mb << 10) {
		pr_err("atomic_reserve_kb=%lu is more than limit_mb=%lu: at most %lu\n",
		       kb, limit_mb, limit_mb << 10);
		return -EINVAL;
	}
	galloc_standby_pages = DIV_ROUND_UP(kb << 10, PAGE_SIZE);
	return 0;
}

/*
 * May the reserve take @pages more, by the system's estimate of available memory?  Not
 * all of it: the last part is only available by killing processes.  Nor what only movable
 * pages can have: the kernel would be left with nothing.
 */
static bool reserve_fits(unsigned long pages)
{
	long available = si_mem_available() - (long)nodes_movable_pages();

	return (long)pages <= available - available / RESERVE_SPARED;
}

/*
 * Allocate the reserve, a block at a time, from the nodes in turn.  Fails before it
 * allocates anything if there is not enough memory, or later if others need it.
 */
int standby_reserve(void)
{
	/* Reclaim as needed; no OOM killer, no warning, no emergency reserve. */
	gfp_t gfp = GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN | __GFP_NOMEMALLOC;
	unsigned long have = 0;
	int nid = first_node(node_states[N_NORMAL_MEMORY]);
	int failed = 0;

	while (have < galloc_reserve_pages) {
		struct chunk chunk;
		unsigned long flags;
		struct mheap *h;

		cond_resched();
		if (!reserve_fits(galloc_reserve_pages - have))
			return -ENOMEM;
		if (!arena_get_chunk(&chunk, nid, 1, gfp)) {
			if (++failed > nodes_weight(node_states[N_NORMAL_MEMORY]))
				return -ENOMEM;
		} else {
			h = mheaps[chunk.nid];
			if (!run_lock_with_spares(h, NULL, gfp, &flags)) {
				mheap_put_chunk(&chunk);
				return -ENOMEM;
			}
			__acquire(&h->lock);
			mheap_publish_chunk(h, &chunk);
			galloc_unlock(&h->lock, flags);
			have += chunk.npages;
			failed = 0;
		}
		nid = next_node_in(nid, node_states[N_NORMAL_MEMORY]);
	}
	return 0;
}

static int standby_failed(void)
{
	pr_err("atomic_reserve_kb=%lu: not enough memory\n",
	       galloc_standby_pages << (PAGE_SHIFT - 10));
	return -ENOMEM;
}

/* Let a node keep @pages more, or as many as it can give.  Returns how many these are. */
static unsigned long node_keep(int nid, unsigned long pages)
{
	struct standby *sb = mheaps[nid]->standby;
	unsigned long had;

	if (!sb) {
		sb = arena_meta_zalloc(sizeof(*sb), nid, GFP_KERNEL);
		if (!sb)
			return 0;
		INIT_LIST_HEAD(&sb->runs);
		INIT_LIST_HEAD(&sb->spare);
		mheaps[nid]->standby = sb;
	}
	had = sb->want;
	sb->want += pages;
	if (!standby_fill(mheaps[nid]))
		/* data_race(): no request takes any before galloc is there. */
		sb->want = data_race(max(had, sb->pages));
	return sb->want - had;
}

/**
 * standby_init() - allocate galloc_standby_pages, on the nodes that have memory for us
 *
 * In equal shares; what one of them cannot give the others do.
 *
 * Context: Process.
 * Return: 0, or -ENOMEM; then call standby_exit(), too.
 */
int standby_init(void)
{
	nodemask_t nodes = node_states[N_NORMAL_MEMORY];
	unsigned long left = galloc_standby_pages;
	unsigned int others = nodes_weight(nodes);
	int nid;

	for_each_node_mask(nid, nodes) {
		if (left)
			left -= node_keep(nid, DIV_ROUND_UP(left, others));
		others--;
	}
	for_each_node_mask(nid, nodes)
		if (left)
			left -= node_keep(nid, left);
	return left ? standby_failed() : 0;
}

/* Free all.  The worker has stopped, and no client is left. */
void standby_exit(void)
{
	struct mspan *s, *next;
	struct standby *sb;
	int nid;

	for_each_node(nid) {
		sb = mheaps[nid]->standby;
		if (!sb)
			continue;
		mheaps[nid]->standby = NULL;
		list_for_each_entry_safe(s, next, &sb->runs, list)
			mheap_free(s);
		list_for_each_entry_safe(s, next, &sb->spare, list)
			mspan_delete(s);
		arena_meta_free(sb, sizeof(*sb));
	}
}
