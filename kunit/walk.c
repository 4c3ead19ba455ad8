// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * walk: sequences of every call, checked against the naive twin.
 *
 * Random numbers, or the bytes of an input, decide which call comes next and what it is
 * given.
 */
#include "walk.h"
#include "helpers.h"

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "client/cache.h"
#include "client/heap.h"

/* Live objects that the twin searches through at each operation. */
#define MAX_LIVE	200
#define MAX_LIVE_BYTES	(6UL << 20)

/* Objects that wait for a grace period before they are waited for. */
#define MAX_IN_RCU	500

/* ---- every call --------------------------------------------------------- */

/* A number below @n, which decides what is done.  Behind the end of the input they are 0. */
u32 walk_below(struct walk *w, u32 n)
{
	u32 x = 0, most;

	if (!w->in)
		return gk_below(&w->rng, n);
	for (most = n - 1; most; most >>= 8)
		x = x << 8 | (w->in < w->in_end ? *w->in++ : 0);
	return x % n;
}

static size_t random_size(struct walk *w)
{
	u64 rng = w->in ? walk_below(w, 1 << 16) : 0;

	return gk_random_size(w->in ? &rng : &w->rng);
}

size_t walk_size(struct walk *w)
{
	switch (walk_below(w, 2000)) {
	case 0:
		return 1 + walk_below(w, 5 << 20) % (4 << 20);
	case 1 ... 20:
		return 1 + walk_below(w, 300000);
	default:
		return random_size(w);
	}
}

/* Flags that a task may use; see walk_got() for which of them may be refused. */
gfp_t walk_gfp(struct walk *w)
{
	static const gfp_t flags[] = {
		GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_KERNEL, GFP_NOFS,
		GFP_NOIO, GFP_KERNEL_ACCOUNT, GFP_USER,
		GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
		GFP_ATOMIC | __GFP_NOWARN, GFP_NOWAIT | __GFP_NOWARN,
	};

	return flags[walk_below(w, ARRAY_SIZE(flags))];
}

void walk_expect(struct walk *w, const char *wrong)
{
	if (wrong && !w->wrong)
		w->wrong = wrong;
}

size_t walk_natural(size_t size)
{
	return max_t(size_t, 8, size & -size);
}

/* Record galloc's result in the twin, or check that it may fail. */
void walk_got(struct walk *w, void *p, size_t size, size_t align, gfp_t gfp,
	      bool sized)
{
	unsigned int order = get_order(max(size, align));

	if (p) {
		walk_expect(w, twin_add(&w->twin, p, size, align, sized));
		return;
	}
	w->refused++;
	if (w->hungry || !gfpflags_allow_blocking(gfp) || gfp & __GFP_NORETRY || order > w->order)
		return;
	/* Without __GFP_IO the system makes no long piece of shorter ones, without __GFP_FS few. */
	if (order > PAGE_ALLOC_COSTLY_ORDER && (gfp & GFP_KERNEL) != GFP_KERNEL &&
	    !gk_system_has(order, gfp))
		return;
	walk_expect(w, "refused");
}

struct twin_object *walk_object(struct walk *w)
{
	if (!w->twin.nr)
		return NULL;
	return &w->twin.objects[walk_below(w, w->twin.nr)];
}

static void do_galloc(struct walk *w)
{
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);

	walk_got(w, galloc(size, gfp), size, walk_natural(size), gfp, true);
}

static void do_galloc_constant(struct walk *w)
{
	static const size_t sizes[] = { 8, 24, 100, 1024, 2560, 5000, 32768, 50000 };
	unsigned int which = walk_below(w, ARRAY_SIZE(sizes));
	gfp_t gfp = walk_gfp(w);
	void *p;

	switch (which) {
	case 0:
		p = galloc(8, gfp);
		break;
	case 1:
		p = galloc(24, gfp);
		break;
	case 2:
		p = galloc(100, gfp);
		break;
	case 3:
		p = galloc(1024, gfp);
		break;
	case 4:
		p = galloc(2560, gfp);
		break;
	case 5:
		p = galloc(5000, gfp);
		break;
	case 6:
		p = galloc(32768, gfp);
		break;
	default:
		p = galloc(50000, gfp);
		break;
	}
	walk_got(w, p, sizes[which], walk_natural(sizes[which]), gfp, true);
}

void walk_expect_zero(struct walk *w, const void *p)
{
	if (p && !twin_all_zero(p, gsize(p)))
		walk_expect(w, "not zero");
}

static void do_gzalloc(struct walk *w)
{
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);
	void *p = gzalloc(size, gfp);

	walk_expect_zero(w, p);
	walk_got(w, p, size, walk_natural(size), gfp, true);
}

static void do_array(struct walk *w)
{
	size_t n = 1 + walk_below(w, 100), size = 1 + walk_below(w, 200);
	bool zero = walk_below(w, 2);
	gfp_t gfp = walk_gfp(w);
	void *p = zero ? gcalloc(n, size, gfp) : galloc_array(n, size, gfp);

	if (zero)
		walk_expect_zero(w, p);
	walk_got(w, p, n * size, walk_natural(n * size), gfp, true);
}

static void do_node(struct walk *w)
{
	static const int nodes[] = { NUMA_NO_NODE, 0, 1, 12345 };
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);
	void *p = galloc_node(size, gfp, nodes[walk_below(w, ARRAY_SIZE(nodes))]);

	walk_got(w, p, size, walk_natural(size), gfp, true);
}

static void do_aligned(struct walk *w)
{
	size_t align = 1UL << walk_below(w, walk_below(w, 8) ? 13 : 19);
	size_t size = walk_size(w);
	gfp_t gfp = walk_gfp(w);
	void *p = galloc_aligned(size, align, gfp);

	walk_got(w, p, size, max(align, walk_natural(size)), gfp, false);
}

static void do_nofail(struct walk *w)
{
	size_t size = 1 + walk_below(w, GALLOC_MAX_SMALL);

	/* It would hang. */
	if (w->hungry || get_order(size) > w->order)
		return;
	walk_got(w, galloc(size, GFP_KERNEL | __GFP_NOFAIL), size, walk_natural(size),
		 GFP_KERNEL, true);
}

static void do_irqs_off(struct walk *w)
{
	size_t size = random_size(w);
	unsigned long flags;
	void *p;

	local_irq_save(flags);
	p = galloc(size, GFP_ATOMIC | __GFP_NOWARN);
	local_irq_restore(flags);
	walk_got(w, p, size, walk_natural(size), GFP_ATOMIC, true);
}

static void do_bulk(struct walk *w)
{
	size_t n = 1 + walk_below(w, WALK_MAX_BULK), size = random_size(w), i;
	gfp_t gfp = walk_gfp(w);
	void *p[WALK_MAX_BULK];

	if (galloc_bulk(size, gfp, n, p) != n) {
		walk_got(w, NULL, size, 8, gfp, true);
		return;
	}
	for (i = 0; i < n; i++)
		walk_got(w, p[i], size, walk_natural(size), gfp, true);
}

static void do_heap(struct walk *w)
{
	size_t size = walk_size(w), align = 1UL << walk_below(w, 8);
	gfp_t gfp = walk_gfp(w);

	if (walk_below(w, 4))
		walk_got(w, galloc_from(w->heap, size, gfp), size, walk_natural(size), gfp, true);
	else
		walk_got(w, galloc_from_aligned(w->heap, size, align, gfp), size,
			 max(align, walk_natural(size)), gfp, false);
}

static void do_heap_bulk(struct walk *w)
{
	size_t n = 1 + walk_below(w, WALK_MAX_BULK), size = random_size(w), i;
	gfp_t gfp = walk_gfp(w);
	void *p[WALK_MAX_BULK];

	if (galloc_from_bulk(w->heap, size, gfp, n, p) != n) {
		walk_got(w, NULL, size, 8, gfp, true);
		return;
	}
	for (i = 0; i < n; i++)
		walk_got(w, p[i], size, walk_natural(size), gfp, true);
}

static void do_cache(struct walk *w)
{
	bool second = walk_below(w, 2);
	struct galloc_cache *cache = w->cache[second];
	bool zero = !walk_below(w, 4);
	gfp_t gfp = walk_gfp(w);
	void *p = zero ? galloc_cache_zalloc(cache, gfp) : galloc_cache_alloc(cache, gfp);

	if (zero)
		walk_expect_zero(w, p);
	walk_got(w, p, galloc_cache_size(cache), second ? 64 : 8, gfp, false);
}

static void do_cache_bulk(struct walk *w)
{
	size_t n = 1 + walk_below(w, WALK_MAX_BULK), i;
	gfp_t gfp = walk_gfp(w);
	void *p[WALK_MAX_BULK];

	if (galloc_cache_alloc_bulk(w->cache[0], gfp, n, p) != n) {
		walk_got(w, NULL, galloc_cache_size(w->cache[0]), 8, gfp, false);
		return;
	}
	for (i = 0; i < n; i++)
		walk_got(w, p[i], galloc_cache_size(w->cache[0]), 8, gfp, false);
}

static void do_free(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	void *p = o ? o->p : NULL;

	if (o)
		walk_expect(w, twin_drop(&w->twin, o));
	gfree(p);
}

static bool is_of(const struct galloc_cache *cache, const void *p)
{
	bool is;

	rcu_read_lock();
	is = rows_of(p) == cache->set;
	rcu_read_unlock();
	return is;
}

/* What is not of a cache of this walk is left to the other calls. */
static void do_cache_free(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	struct galloc_cache *cache = w->cache[walk_below(w, 2)];
	void *p = o ? o->p : NULL;

	if (o && !is_of(cache, p))
		return;
	if (o)
		walk_expect(w, twin_drop(&w->twin, o));
	galloc_cache_free(cache, p);
}

static void do_free_sized(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	size_t size;
	void *p;

	if (!o || !o->sized)
		return;
	p = o->p;
	size = walk_below(w, 2) ? o->size : o->real;
	walk_expect(w, twin_drop(&w->twin, o));
	gfree_sized(p, size);
}

static void do_free_sensitive(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	void *p = o ? o->p : ZERO_SIZE_PTR;

	if (o)
		walk_expect(w, twin_drop(&w->twin, o));
	gfree_sensitive(p);
}

static void do_free_by_realloc(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	void *p;

	if (!o)
		return;
	p = o->p;
	walk_expect(w, twin_drop(&w->twin, o));
	if (grealloc(p, 0, walk_gfp(w)) != ZERO_SIZE_PTR)
		walk_expect(w, "realloc to nothing gave something");
}

static void do_free_bulk(struct walk *w)
{
	unsigned int n = walk_below(w, WALK_MAX_BULK + 1), i;
	void *p[WALK_MAX_BULK];

	for (i = 0; i < n; i++) {
		struct twin_object *o = walk_object(w);

		p[i] = o ? o->p : NULL;
		if (o)
			walk_expect(w, twin_drop(&w->twin, o));
	}
	gfree_bulk(n, p);
}

static void do_free_rcu(struct walk *w)
{
	struct twin_object *o = walk_object(w);
	size_t words;
	u8 *p;

	/* Seldom: what waits for a grace period is not in the twin. */
	if (!o || o->real < sizeof(struct rcu_head) || walk_below(w, 8))
		return;
	p = o->p;
	words = (o->real - sizeof(struct rcu_head)) / 8;
	walk_expect(w, twin_drop(&w->twin, o));
	galloc_free_rcu((struct rcu_head *)(p + 8 * walk_below(w, words + 1)));
	if (++w->in_rcu < MAX_IN_RCU)
		return;
	galloc_rcu_barrier();
	w->in_rcu = 0;
}

static void do_look(struct walk *w)
{
	struct twin_object *o = walk_object(w);

	if (o && twin_find(&w->twin, o->p) != o)
		walk_expect(w, "two live objects at one address");
	if (o && gsize(o->p) != o->real)
		walk_expect(w, "changed its size");
}

static bool is_any(const struct rowset *set, const void *arg)
{
	return true;
}

/* Caches and a class of the heap get stacks, or lose them.  May be refused. */
static void do_stacks(struct walk *w)
{
	unsigned int class = 1 + walk_below(w, GALLOC_NR_CLASSES - 1);

	switch (walk_below(w, 1000)) {
	case 0:
		stacks_take(is_any, NULL);
		break;
	case 1 ... 90:
		stacks_give(w->cache[walk_below(w, 2)]->set);
		break;
	case 91 ... 200:
		if (w->heap->set[class])
			stacks_give(w->heap->set[class]);
		break;
	}
}

/* One of these is chosen at random, in proportion to its entries here. */
static const struct {
	const char *name;
	void (*fn)(struct walk *w);
	bool allocates;
} calls[] = {
	{ "galloc", do_galloc, true },
	{ "galloc", do_galloc, true },
	{ "galloc", do_galloc, true },
	{ "galloc, constant", do_galloc_constant, true },
	{ "gzalloc", do_gzalloc, true },
	{ "galloc_array", do_array, true },
	{ "galloc_node", do_node, true },
	{ "galloc_aligned", do_aligned, true },
	{ "galloc, nofail", do_nofail, true },
	{ "galloc, irqs off", do_irqs_off, true },
	{ "galloc_bulk", do_bulk, true },
	{ "galloc_from", do_heap, true },
	{ "galloc_from", do_heap, true },
	{ "galloc_from_bulk", do_heap_bulk, true },
	{ "galloc_cache_alloc", do_cache, true },
	{ "galloc_cache_alloc", do_cache, true },
	{ "galloc_cache_alloc_bulk", do_cache_bulk, true },
	{ "galloc_nolock", walk_nolock, true },
	{ "galloc_prefill", walk_prefill, true },
	{ "gvmalloc", walk_vmalloc, true },
	{ "gstrdup", walk_string, true },
	{ "gmemdup", walk_memdup, true },
	{ "grealloc", walk_realloc, true },
	{ "grealloc", walk_realloc, true },
	{ "grealloc_aligned", walk_realloc_aligned, true },
	{ "gvrealloc", walk_vrealloc, true },
	{ "gfree", do_free, false },
	{ "gfree", do_free, false },
	{ "gfree", do_free, false },
	{ "gfree", do_free, false },
	{ "galloc_cache_free", do_cache_free, false },
	{ "galloc_cache_free", do_cache_free, false },
	{ "stacks_give", do_stacks, false },
	{ "gfree_sized", do_free_sized, false },
	{ "gfree_sized", do_free_sized, false },
	{ "gfree_sensitive", do_free_sensitive, false },
	{ "grealloc to 0", do_free_by_realloc, false },
	{ "gfree_bulk", do_free_bulk, false },
	{ "gfree_nolock", walk_free_nolock, false },
	{ "gfree_nolock", walk_free_nolock, false },
	{ "gvfree", walk_vfree, false },
	{ "gfree_rcu", do_free_rcu, false },
	{ "gsize", do_look, false },
};

static void one_call(struct walk *w)
{
	unsigned int which;

	do {
		if (w->in && w->in == w->in_end)
			return;
		which = walk_below(w, ARRAY_SIZE(calls));
	} while (calls[which].allocates &&
		 (w->twin.nr > MAX_LIVE - WALK_MAX_BULK ||
		  w->twin.bytes > MAX_LIVE_BYTES));
	w->name = calls[which].name;
	calls[which].fn(w);
}

/* Make what objects are allocated from, for a sequence that begins. */
bool walk_open(struct walk *w)
{
	w->heap = galloc_heap_create("twin", NULL);
	w->cache[0] = galloc_cache_create("twin", 72, NULL);
	if (!w->heap || !w->cache[0])
		return false;
	w->cache[1] = galloc_heap_cache_create(w->heap, "twin", 5000,
					       &(struct galloc_cache_args) {
							.flags = GALLOC_CACHE_HWALIGN,
							.align = 64,
					       });
	return w->cache[1];
}

bool walk_init(struct kunit *test, struct walk *w, u64 rng)
{
	memset(w, 0, sizeof(*w));
	w->rng = rng;
	w->order = ARENA_ORDER;
	return walk_open(w) && twin_init(test, &w->twin, MAX_LIVE);
}

void walk_some(struct walk *w, unsigned long n)
{
	while (n-- && !w->wrong && (!w->in || w->in < w->in_end)) {
		one_call(w);
		w->op++;
		if (w->op % 64 == 0)
			cond_resched();
	}
}

/* Free everything, what is in the heap in one sweep.  False if that was not all of it. */
bool walk_close(struct walk *w)
{
	size_t n = 0;

	galloc_rcu_barrier();
	w->in_rcu = 0;
	while (w->twin.nr) {
		void *p = w->twin.objects[--w->twin.nr].p;

		if (heap_has(w->heap, p))
			n++;
		else
			gfree(p);
	}
	w->twin.bytes = 0;
	n -= galloc_heap_destroy(w->heap, GALLOC_HEAP_RELEASE);
	galloc_cache_destroy(w->cache[0]);
	return !n;
}

void walk_end(struct kunit *test, struct walk *w)
{
	KUNIT_EXPECT_TRUE(test, walk_close(w));
}

void walk_report(struct kunit *test, const struct walk *w)
{
	KUNIT_EXPECT_NULL_MSG(test, w->wrong, "operation %lu, %s: %s", w->op,
			      w->name, w->wrong ?: "");
	gk_count_ops(w->op);
}
