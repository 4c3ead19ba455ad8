// SPDX-License-Identifier: GPL-2.0
/*
 * validate: do the books of all layers agree?  Also what a debug build and a
 * test build hook in.
 *
 * Walks everything and prints what does not fit.  For tests and for people who
 * suspect us: it sees the truth only while nobody allocates or frees.
 */
#include "mcache.h"

#include <linux/cpu.h>
#include <linux/nodemask.h>
#include <linux/slab.h>

#ifdef CONFIG_GALLOC_KUNIT
void (*galloc_pause_hook)(enum galloc_pause point, const void *what);
#endif

#ifdef CONFIG_GALLOC_DEBUG
static DEFINE_PER_CPU(int, lock_depth);

void galloc_lock_acquired(void)
{
	WARN_ONCE(__this_cpu_inc_return(lock_depth) > 1,
		  "galloc: two locks held together\n");
}

void galloc_lock_released(void)
{
	__this_cpu_dec(lock_depth);
}
#endif

/* What a walk has seen so far. */
struct check {
	unsigned int errors;
	unsigned long *free_pages;	/* by node */
	unsigned long *used_pages;	/* by node */
	unsigned long *nr_spans;	/* by row */
	unsigned long *nr_partial;	/* by row */
	unsigned long stashed_pages;	/* in spans, less in stashes */
};

static void complain(struct check *c, const char *what, unsigned long a,
		     unsigned long b)
{
	if (c->errors++ < 20)
		pr_err("validate: %s: %lu, %lu\n", what, a, b);
}

#define check_eq(c, a, b)						\
do {									\
	unsigned long __a = (a), __b = (b);				\
									\
	if (__a != __b)							\
		complain(c, #a " is not " #b, __a, __b);		\
} while (0)

#define check_that(c, cond)						\
do {									\
	if (!(cond))							\
		complain(c, "not so: " #cond, 0, 0);			\
} while (0)

/* ---- spans and slots -------------------------------------------------------- */

static void check_cut(struct check *c, const struct mspan *s)
{
	const struct arena *arena = s->arena;
	unsigned int first = arena_page(arena, s->start);
	unsigned int row = mspan_row(s);
	const struct sizeclass *sc;
	unsigned int i;

	if (row >= nr_rows || !mcentral_rows[row]) {
		complain(c, "no such row", row, nr_rows);
		return;
	}
	sc = mcentral_rows[row]->sc;
	check_eq(c, s->reserve, row_is_reserve(row));
	if (!s->reserve)
		check_eq(c, mcentral_rows[row]->nid, arena->nid);
	check_eq(c, s->npages, sc->span_pages);
	check_eq(c, s->objects, sc->objects);
	check_eq(c, first % sc->align_pages, 0);
	check_that(c, s->objects <= s->nwords * BITS_PER_LONG);
	for (i = 0; i < s->npages; i++) {
		check_eq(c, arena->row[first + i], row_slot(row));
		check_that(c, arena->span[first + i] == s);
	}
	if (s->objects % BITS_PER_LONG)
		check_eq(c, s->free[s->objects / BITS_PER_LONG] >>
			 s->objects % BITS_PER_LONG, 0);
	c->nr_spans[row]++;
	switch (mspan_state(s)) {
	case MSPAN_PARTIAL:
		check_that(c, mspan_has_free(s) && !mspan_all_free(s));
		c->nr_partial[row]++;
		break;
	case MSPAN_FULL:
		check_that(c, !mspan_has_free(s));
		break;
	default:
		check_eq(c, mspan_state(s), MSPAN_CACHED);
	}
}

static void check_run(struct check *c, const struct mspan *s, unsigned int page)
{
	const struct arena *arena = s->arena;
	unsigned int end = min(page + s->npages, ARENA_PAGES);
	unsigned int i;

	for (i = page; i < end; i++)
		check_eq(c, arena->row[i], 0);
	for (i = page + 1; i + 1 < end; i++)
		check_that(c, !arena->span[i]);
	if (s->huge)
		return;
	check_that(c, arena->span[end - 1] == s);
	if (mspan_state(s) != MSPAN_FREE || end == ARENA_PAGES ||
	    !test_bit(end, arena->owned))
		return;
	check_that(c, !arena->span[end] ||
		   mspan_state(arena->span[end]) != MSPAN_FREE);
}

static void check_span(struct mspan *s, void *arg)
{
	unsigned int page = arena_page(s->arena, s->start);
	int nid = s->arena->nid;
	struct check *c = arg;

	check_that(c, s->npages && s->start >= s->arena->start);
	if (mspan_row(s))
		check_cut(c, s);
	else
		check_run(c, s, page);
	if (s->tag == MSPAN_TAG(0, MSPAN_CACHED))
		c->stashed_pages += s->npages;
	if (mspan_state(s) == MSPAN_FREE)
		c->free_pages[nid] += s->npages;
	else
		c->used_pages[nid] += s->npages;
}

static void check_slot(struct check *c, unsigned long nr)
{
	const struct arena *arena;
	unsigned int page;

	rcu_read_lock();
	arena = arena_slot(nr);
	if (arena != &arena_none) {
		check_eq(c, arena->nr_owned,
			 bitmap_weight(arena->owned, ARENA_PAGES));
		check_eq(c, arena->refs, arena->nr_owned);
		check_that(c, arena->nr_used <= arena->nr_owned);
		for_each_clear_bit(page, arena->owned, ARENA_PAGES) {
			check_eq(c, arena->row[page], 0);
			check_that(c, !arena->span[page]);
		}
	}
	rcu_read_unlock();
}

/* ---- lists --------------------------------------------------------------------- */

static void check_heap(struct check *c, struct mheap *h)
{
	unsigned long flags, listed = 0;
	struct rb_node *node;
	struct mspan *s;
	int n, d;

	galloc_lock(&h->lock, flags);
	for (n = 1; n < MHEAP_LISTS; n++) {
		for (d = 0; d < 2; d++) {
			list_for_each_entry(s, &h->free[n][d], list) {
				check_eq(c, s->npages, n);
				check_eq(c, s->dense, d);
				check_that(c, d == s->arena->dense ||
					   arena_page(s->arena, s->start) >=
					   s->arena->relist);
				check_eq(c, s->tag, MSPAN_TAG(0, MSPAN_FREE));
				listed += s->npages;
			}
		}
		check_eq(c, test_bit(n, h->nonempty),
			 !list_empty(&h->free[n][0]) ||
			 !list_empty(&h->free[n][1]));
	}
	for (node = rb_first(&h->large_runs); node; node = rb_next(node)) {
		s = rb_entry(node, struct mspan, node);
		check_that(c, s->npages >= MHEAP_LISTS);
		check_eq(c, s->tag, MSPAN_TAG(0, MSPAN_FREE));
		listed += s->npages;
	}
	check_eq(c, listed, h->free_pages);
	galloc_unlock(&h->lock, flags);
	check_eq(c, h->free_pages, c->free_pages[h->nid]);
	check_eq(c, h->used_pages, c->used_pages[h->nid]);
}

static void check_row(struct check *c, struct mcentral *mc)
{
	unsigned long flags, listed = 0;
	struct mspan *s;
	int b;

	galloc_lock(&mc->lock, flags);
	for (b = 0; b < MCENTRAL_BUCKETS; b++) {
		list_for_each_entry(s, &mc->partial[b], list) {
			check_eq(c, s->tag, MSPAN_TAG(mc->row, MSPAN_PARTIAL));
			check_eq(c, s->bucket, b);
			listed++;
		}
	}
	galloc_unlock(&mc->lock, flags);
	check_eq(c, listed, c->nr_partial[mc->row]);
	check_eq(c, atomic_long_read(&mc->nr_spans), c->nr_spans[mc->row]);
}

/* ---- in transfer ----------------------------------------------------------------- */

static void check_transfer(struct check *c, struct mcentral *mc)
{
	const struct transfer *t = &mc->transfer;
	unsigned long flags;
	unsigned int i;

	galloc_lock(&mc->lock, flags);
	for (i = 0; i < t->n; i++) {
		struct object o;

		if (mspan_resolve(t->stack[i], &o) != FOUND_OBJECT) {
			complain(c, "no object in transfer", mc->class, i);
			continue;
		}
		check_eq(c, o.row, mc->row);
		check_that(c, !test_bit(o.index, o.span->free));
	}
	galloc_unlock(&mc->lock, flags);
}

/* ---- stacks ---------------------------------------------------------------------- */

static void check_slot_of(struct check *c, const struct mcache *m,
			  unsigned int class, unsigned long *held)
{
	const struct mcache_slot *slot = &m->local[class];
	const struct sizeclass *sc = &sizeclasses[class];
	void **p;

	check_that(c, slot->base <= slot->top && slot->top <= slot->end);
	*held += (slot->end - slot->base) * sc->size;
	if (slot->span) {
		*held += (unsigned long)sc->span_pages << PAGE_SHIFT;
		check_eq(c, slot->span->tag,
			 MSPAN_TAG(mcentral_row(m->nid, class), MSPAN_CACHED));
	}
	for (p = slot->base; p < slot->top; p++) {
		struct object o;

		if (mspan_resolve(*p, &o) != FOUND_OBJECT) {
			complain(c, "no object on a stack", class, p - slot->base);
			continue;
		}
		check_eq(c, o.row, mcentral_row(m->nid, class));
		check_that(c, !test_bit(o.index, o.span->free));
	}
}

static void check_stash(struct check *c, const struct mcache *m)
{
	unsigned long bytes = 0;
	unsigned int i;

	check_that(c, m->nr_runs <= STASH_RUNS);
	for (i = 0; i < min_t(unsigned int, m->nr_runs, STASH_RUNS); i++) {
		const struct mspan *s = m->runs[i];

		check_eq(c, s->tag, MSPAN_TAG(0, MSPAN_CACHED));
		check_eq(c, s->arena->nid, m->nid);
		bytes += (unsigned long)s->npages << PAGE_SHIFT;
	}
	check_eq(c, bytes, m->runs_bytes);
	c->stashed_pages -= bytes >> PAGE_SHIFT;
}

static void check_cpu(struct check *c, int cpu)
{
	const struct mcache *m = per_cpu_ptr(&galloc_mcache, cpu);
	unsigned long held = m->runs_bytes;
	unsigned int class;

	if (!mcache_is_setup(cpu))
		return;
	rcu_read_lock();
	for (class = 1; class < GALLOC_NR_CLASSES; class++)
		check_slot_of(c, m, class, &held);
	rcu_read_unlock();
	check_stash(c, m);
	check_eq(c, held, m->held);
	check_that(c, m->held <= galloc_cpu_cache_bytes);
}

/**
 * galloc_validate() - check the invariants of all layers
 *
 * Context: Process.  Exact only while nobody allocates or frees.
 * Return: Number of errors found; each of the first ones is printed.
 */
unsigned int galloc_validate(void)
{
	struct check c = { };
	unsigned long nr;
	unsigned int row;
	int nid, cpu;

	c.free_pages = kcalloc(2 * nr_node_ids, sizeof(long), GFP_KERNEL);
	c.nr_spans = kvcalloc(2 * nr_rows, sizeof(long), GFP_KERNEL);
	if (!c.free_pages || !c.nr_spans) {
		complain(&c, "no memory to check with", 0, 0);
		goto out;
	}
	c.used_pages = c.free_pages + nr_node_ids;
	c.nr_partial = c.nr_spans + nr_rows;

	for (nr = 0; nr < arena_nr_slots(); nr++) {
		check_slot(&c, nr);
		mheap_walk_slot(nr, check_span, &c);
		if (nr % 64 == 0)
			cond_resched();
	}
	for_each_node(nid)
		check_heap(&c, mheap_of(nid));
	for (row = 0; row < nr_rows; row++)
		if (mcentral_rows[row]) {
			check_row(&c, mcentral_rows[row]);
			check_transfer(&c, mcentral_rows[row]);
		}
	cpus_read_lock();
	for_each_online_cpu(cpu)
		check_cpu(&c, cpu);
	cpus_read_unlock();
	check_eq(&c, c.stashed_pages, 0);
out:
	kfree(c.free_pages);
	kvfree(c.nr_spans);
	return c.errors;
}
