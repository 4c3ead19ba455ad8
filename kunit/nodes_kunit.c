// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: several nodes, and CPU hotplug.
 *
 * Omitted if the kernel has only one node, as user-mode Linux.  Objects of a node must
 * return to it, and must not be served from a stack of another node's CPU.
 */
#include "helpers.h"

#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include <linux/shrinker.h>
#include <linux/topology.h>

/* Nothing larger can grow below this limit, small metadata can. */
#define LITTLE		(16 * 1024)

/* A class whose objects are larger than that: it cannot be served from less. */
#define LONG_SPAN_SIZE	20480

/* A node with memory that this CPU, to which we stay, does not allocate from. */
static int other_nid(struct kunit *test)
{
	int nid;

	gk_pin(gk_cpu(0));
	for_each_node_state(nid, N_MEMORY)
		if (nid != gk_nid())
			return nid;
	kunit_skip(test, "one node");
	return NUMA_NO_NODE;
}

static bool is_stacked(const struct mcache_stack *stack, const void *p)
{
	void **q;

	for (q = stack->base; q < stack->top; q++)
		if (*q == p)
			return true;
	return false;
}

static void an_object_of_another_node_goes_back_there(struct kunit *test)
{
	int nid = other_nid(test);
	unsigned int class;

	for_each_class(class) {
		size_t size = sizeclasses[class].size;
		void *p;

		/* So that there is a stack with room. */
		gfree(galloc(size, GFP_KERNEL));
		p = galloc_node(size, GFP_KERNEL | __GFP_THISNODE, nid);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_EQ(test, gk_row_at(p), mcentral_row(nid, class));
		gfree(p);
		KUNIT_EXPECT_FALSE(test, is_stacked(gk_stack(class), p));
		/* It was the only one of its span. */
		KUNIT_EXPECT_EQ(test, gk_row_at(p), 0);
	}
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

/* A CPU of another node that has memory than @nid. */
static int cpu_elsewhere(struct kunit *test, int nid)
{
	int cpu;

	for_each_online_cpu(cpu)
		if (cpu_to_mem(cpu) != nid)
			return cpu;
	kunit_skip(test, "all CPUs are of one node");
	return 0;
}

static struct task_struct *hopper;
static int hop_to;

/* A migration at the worst moment. */
static void hop(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_NODE_CHOSEN && current == hopper)
		gk_pin(hop_to);
}

static void expect_on_node(struct kunit *test, void *p, int nid, size_t size)
{
	KUNIT_ASSERT_NOT_NULL_MSG(test, p, "%zu bytes", size);
	KUNIT_EXPECT_EQ_MSG(test, page_to_nid(virt_to_page(p)), nid,
			    "%zu bytes", size);
	gfree(p);
}

static void a_migrating_task_gets_the_requested_node(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE;
	int cpus[2] = { gk_cpu(0), cpu_elsewhere(test, gk_nid()) };
	unsigned int class, i;

	hopper = current;
	for_each_class(class) {
		size_t size = sizeclasses[class].size;

		/* The last one, too. */
		if (gk_slow() && (GALLOC_NR_CLASSES - 1 - class) % 4)
			continue;
		for (i = 0; i < 4; i++) {
			int nid = cpu_to_mem(cpus[i % 2]);

			/* With something on the stack there, and without. */
			gk_pin(cpus[(i + 1) % 2]);
			if (i < 2)
				gfree(galloc(size, GFP_KERNEL));
			gk_pin(cpus[i % 2]);
			hop_to = cpus[(i + 1) % 2];
			WRITE_ONCE(galloc_pause_hook, hop);
			expect_on_node(test, galloc_node(size, gfp, nid), nid, size);
			gk_pin(cpus[i % 2]);
			expect_on_node(test, galloc_node(size, gfp | __GFP_ZERO, nid),
				       nid, size);
			gk_pin(cpus[i % 2]);
			expect_on_node(test, galloc_node(100000, gfp, nid), nid,
				       100000);
			WRITE_ONCE(galloc_pause_hook, NULL);
			drain_cpus();
		}
	}
	gk_pin(gk_cpu(0));
}

static unsigned long ask_shrinker(int nid, bool scan)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nid = nid, .nr_to_scan = 128 };

	return (scan ? galloc_shrinker->scan_objects : galloc_shrinker->count_objects)
	       (galloc_shrinker, &sc);
}

/* Or kswapd would never give up a node for which nothing can be done. */
static void reclaim_of_a_node_leaves_the_others(struct kunit *test)
{
	int nid = other_nid(test);
	struct mheap *h = mheap_of(gk_nid());
	unsigned long free, count;
	struct mspan *s;

	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_give_back();
	s = mheap_alloc(gk_nid(), 64, 1, 0, GFP_KERNEL | __GFP_THISNODE);
	KUNIT_ASSERT_NOT_NULL(test, s);
	mheap_free(s);
	free = h->free_pages;
	KUNIT_EXPECT_GE(test, free, 64);
	/* The last drain answers for a tenth of a second. */
	msleep(150);
	gfree(galloc(64, GFP_KERNEL));
	KUNIT_EXPECT_FALSE(test, drain_is_behind());
	free = h->free_pages;
	count = ask_shrinker(nid, false);
	KUNIT_EXPECT_TRUE(test, count == SHRINK_EMPTY || count < free);
	ask_shrinker(nid, true);
	KUNIT_EXPECT_EQ(test, h->free_pages, free);
	if (count == SHRINK_EMPTY)
		KUNIT_EXPECT_FALSE(test, drain_is_behind());
	count = ask_shrinker(gk_nid(), false);
	KUNIT_EXPECT_TRUE(test, count != SHRINK_EMPTY && count >= free);
	KUNIT_EXPECT_GT(test, ask_shrinker(gk_nid(), true), 0);
	KUNIT_EXPECT_LT(test, h->free_pages, free);
}

static void pages_of_another_node_are_not_kept(struct kunit *test)
{
	int nid = other_nid(test);
	void *p = galloc_node(100000, GFP_KERNEL | __GFP_THISNODE, nid);

	KUNIT_ASSERT_NOT_NULL(test, p);
	gfree(p);
	KUNIT_EXPECT_EQ(test, raw_cpu_read(galloc_mcache.nr_runs), 0);
	/* Nor is that node served with those of this one. */
	gfree(galloc(100000, GFP_KERNEL));
	p = galloc_node(100000, GFP_KERNEL | __GFP_THISNODE, nid);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
	gfree(p);
}

static void a_node_falls_back_to_another(struct kunit *test)
{
	int nid = other_nid(test);
	unsigned int class = sizeclass_of(LONG_SPAN_SIZE);
	void *far, *p, **q;

	/* The other node has free pages, this one has none and gets none. */
	far = galloc_node(PAGE_SIZE * 64, GFP_KERNEL | __GFP_THISNODE, nid);
	KUNIT_ASSERT_NOT_NULL(test, far);
	gk_take_free_runs(test);
	gfree(far);
	gk_limit_to(LITTLE);
	KUNIT_ASSERT_GT(test, LONG_SPAN_SIZE, LITTLE);

	p = galloc(LONG_SPAN_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
	/* The row is that of the pages, and no stack of this node has any. */
	KUNIT_EXPECT_EQ(test, gk_row_at(p), mcentral_row(nid, class));
	for (q = gk_stack(class)->base; q < gk_stack(class)->top; q++)
		KUNIT_EXPECT_EQ(test, gk_row_at(*q), mcentral_row(gk_nid(), class));
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* __GFP_THISNODE gets nothing. */
	KUNIT_EXPECT_NULL(test, mheap_alloc(gk_nid(), 16, 1, 0,
					    GFP_NOWAIT | __GFP_NOWARN | __GFP_THISNODE));
	/* An object of whole pages. */
	q = galloc(PAGE_SIZE * 16, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(q)), nid);
	gfree(q);
	gfree(p);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static bool fail_all(unsigned int order)
{
	return true;
}

/* Where all others get what they ask for from another node. */
static void a_strict_cache_serves_one_node_at_a_time(struct kunit *test)
{
	static const struct galloc_cache_args strictly = { .flags = GALLOC_CACHE_NODE_STRICT };
	int nid = other_nid(test);
	struct galloc_cache *strict, *other;
	void *far, *p, *q;

	strict = galloc_cache_create("kunit", LONG_SPAN_SIZE, &strictly);
	other = galloc_cache_create("kunit", LONG_SPAN_SIZE, NULL);
	KUNIT_ASSERT_TRUE(test, strict && other);
	p = galloc_cache_alloc_node(strict, GFP_KERNEL, nid);
	q = galloc_cache_alloc(strict, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && q);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(q)), gk_nid());
	gfree(p);
	gfree(q);
	/* A row there, too. */
	gfree(galloc_cache_alloc_node(other, GFP_KERNEL, nid));
	/* As above: the other node has free pages, this one gets none. */
	far = galloc_node(PAGE_SIZE * 64, GFP_KERNEL | __GFP_THISNODE, nid);
	KUNIT_ASSERT_NOT_NULL(test, far);
	gk_take_free_runs(test);
	gfree(far);
	gk_in_pieces(2);
	p = galloc_cache_alloc(other, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p);
	q = galloc_cache_alloc(strict, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_EXPECT_NULL(test, q);
	gk_whole();
	gfree(q);
	gfree(p);
	galloc_cache_destroy(strict);
	galloc_cache_destroy(other);
}

static void each_node_has_all_others_nearest_first(struct kunit *test)
{
	int nid, other, last;
	unsigned int i;

	for_each_node(nid) {
		nodemask_t seen = NODE_MASK_NONE;

		last = 0;
		for_each_near(i, other, nid) {
			KUNIT_EXPECT_NE(test, other, nid);
			KUNIT_EXPECT_FALSE(test, node_test_and_set(other, seen));
			KUNIT_EXPECT_GE(test, node_distance(nid, other), last);
			last = node_distance(nid, other);
		}
		KUNIT_EXPECT_EQ(test, (int)i, num_possible_nodes() - 1);
	}
}

/* ---- a node without memory ---------------------------------------------------------- */

static unsigned int nr_asked;

static void count_asked(enum galloc_pause point, const void *what)
{
	nr_asked += point == PAUSE_ASK_SYSTEM;
}

/* Its CPUs allocate from the nearest that has some, as those of that node do. */
static void a_cpu_without_memory_is_one_of_its_neighbour(struct kunit *test)
{
	int far = other_nid(test), nid = gk_nid();
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	struct mcache_stack *had;
	void *p, *q, *r;

	if (galloc_debug)
		kunit_skip(test, "no stacks");
	had = gk_take_stacks_away(test);
	/* As if all it has were movable; for the page allocator it still has other. */
	node_clear_state(nid, N_NORMAL_MEMORY);
	p = galloc(16 * PAGE_SIZE, GFP_KERNEL);
	gfree(p);
	nr_asked = 0;
	WRITE_ONCE(galloc_pause_hook, count_asked);
	q = galloc(16 * PAGE_SIZE, GFP_KERNEL);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gfree(q);
	r = galloc_nolock(16 * PAGE_SIZE, 0);
	KUNIT_EXPECT_EQ(test, m->nid, far);
	KUNIT_EXPECT_NULL(test, galloc_node(64, GFP_KERNEL | __GFP_THISNODE, nid));
	node_set_state(nid, N_NORMAL_MEMORY);
	KUNIT_ASSERT_TRUE(test, p && q);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), far);
	KUNIT_EXPECT_PTR_EQ(test, p, q);
	KUNIT_EXPECT_PTR_EQ(test, r, q);
	KUNIT_EXPECT_EQ(test, nr_asked, 0);
	gfree(r);
	gk_stacks_delete(had);
	/* It gets memory: that serves the CPU when it begins anew. */
	gk_stacks_delete(gk_take_stacks_away(test));
	gfree(galloc(64, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, m->nid, nid);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
}

static int gone = NUMA_NO_NODE;

/* Nothing of it is to be had any more, when the first pages are asked for. */
static void lose_node(enum galloc_pause point, const void *what)
{
	if (point == PAUSE_ASK_SYSTEM && gone != NUMA_NO_NODE)
		node_clear_state(gone, N_NORMAL_MEMORY);
}

/* Of the first and of the last that is asked; and before that, too. */
static void the_atomic_reserve_is_of_nodes_that_have_pages(struct kunit *test)
{
	int far = other_nid(test), nids[] = { gk_nid(), far, gk_nid() }, i, err;
	unsigned long had = galloc_standby_pages;

	for (i = 0; i < ARRAY_SIZE(nids); i++) {
		gone = nids[i];
		gk_take_free_runs(test);
		if (i == 2) {
			node_clear_state(gone, N_NORMAL_MEMORY);
			KUNIT_EXPECT_NULL(test, mheap_alloc(gone, 1, 1, 0, GFP_KERNEL |
							    __GFP_NOWARN | __GFP_THISNODE));
		}
		WRITE_ONCE(galloc_standby_pages, 64);
		WRITE_ONCE(galloc_pause_hook, lose_node);
		err = standby_init();
		WRITE_ONCE(galloc_pause_hook, NULL);
		node_set_state(gone, N_NORMAL_MEMORY);
		KUNIT_EXPECT_EQ_MSG(test, err, 0, "turn %d", i);
		KUNIT_EXPECT_EQ_MSG(test, standby_pages(), 64, "turn %d", i);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		standby_exit();
		WRITE_ONCE(galloc_standby_pages, had);
		gk_feed();
	}
}

/* ---- a node that is used up ----------------------------------------------------- */

/* As much as an allocation gets that costs nothing. */
#define SPARE	(__GFP_THISNODE | __GFP_NORETRY | __GFP_NOWARN | __GFP_NOMEMALLOC)
#define QUIET	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

static LIST_HEAD(hogged);

/* Take all pages that a node has to spare, of galloc too, until give_pages(). */
static void use_up(struct kunit *test, int nid)
{
	int order;

	gk_take_free_runs(test);
	for (order = MAX_PAGE_ORDER; order >= 0; order--) {
		struct page *page;

		while ((page = alloc_pages_node(nid, SPARE, order))) {
			set_page_private(page, order);
			list_add(&page->lru, &hogged);
		}
	}
}

static void give_pages(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &hogged, lru) {
		unsigned int order = page_private(page);

		list_del(&page->lru);
		set_page_private(page, 0);
		__free_pages(page, order);
	}
}

/* Contexts that request an object of a used-up node. */
enum asker { A_TASK, WITHOUT_INTERRUPTS, WHILE_BUSY, FROM_ELSEWHERE };

static void *ask(enum asker who, size_t size, int nid)
{
	unsigned long flags;
	void *p;

	switch (who) {
	case WITHOUT_INTERRUPTS:
		local_irq_save(flags);
		p = galloc(size, GFP_ATOMIC | __GFP_NOWARN);
		local_irq_restore(flags);
		return p;
	case WHILE_BUSY:
		local_irq_save(flags);
		this_cpu_write(galloc_mcache.busy, 1);
		p = galloc(size, GFP_ATOMIC | __GFP_NOWARN);
		this_cpu_write(galloc_mcache.busy, 0);
		local_irq_restore(flags);
		return p;
	case FROM_ELSEWHERE:
		return galloc_node(size, QUIET, nid);
	default:
		return galloc(size, QUIET);
	}
}

/* Pages in spans of a class, of any row. */
struct class_pages {
	unsigned int class;
	unsigned long pages;
};

static void sum_class(struct mspan *s, void *arg)
{
	struct class_pages *sum = arg;

	if (mspan_row(s) && mspan_row(s) % GALLOC_NR_CLASSES == sum->class)
		sum->pages += s->npages;
}

static unsigned long class_pages(unsigned int class)
{
	struct class_pages sum = { .class = class };
	unsigned long nr;

	for (nr = 0; nr < map_nr_slots(); nr++)
		map_walk_slot(nr, sum_class, &sum);
	return sum.pages;
}

#define NR_ASKED	400

static void a_used_up_node_costs_no_more_memory(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, 4096, 5000, 20000, 32768 };
	void **p = kunit_kcalloc(test, NR_ASKED, sizeof(*p), GFP_KERNEL);
	int far = other_nid(test), nid = gk_nid();
	enum asker who;
	int i, j;

	KUNIT_ASSERT_NOT_NULL(test, p);
	for (who = gk_quick ? WHILE_BUSY : A_TASK; who <= FROM_ELSEWHERE; who++) {
		/* What kswapd has freed meanwhile, too. */
		use_up(test, nid);
		if (who == FROM_ELSEWHERE && !cpumask_empty(cpumask_of_node(far)))
			gk_pin(cpumask_any(cpumask_of_node(far)));
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			unsigned int class = sizeclass_of(sizes[i]), lacking = 0, strange = 0;
			const struct sizeclass *sc = &sizeclasses[class];
			unsigned long most = DIV_ROUND_UP(NR_ASKED, sc->objects) *
					     sc->span_pages * 12 / 10;

			/*
			 * kswapd is awake: single pages of the node become free again,
			 * and its own short spans come before those of other nodes.
			 * Even so kmalloc() takes no less.
			 */
			most = max(most, NR_ASKED * kmalloc_size_roundup(sizes[i]) >>
					 PAGE_SHIFT);

			for (j = 0; j < NR_ASKED; j++) {
				p[j] = ask(who, sizes[i], nid);
				lacking += !p[j];
				strange += p[j] && gk_row_at(p[j]) !=
					   mcentral_row(page_to_nid(virt_to_page(p[j])), class);
			}
			KUNIT_EXPECT_EQ(test, lacking, 0);
			/* The row is that of the pages. */
			KUNIT_EXPECT_EQ(test, strange, 0);
			KUNIT_EXPECT_LE_MSG(test, class_pages(class), most + 2 * sc->span_pages,
					    "objects of %zu, asker %d", sizes[i], who);
			KUNIT_EXPECT_EQ(test, validate_all(), 0);
			for (j = 0; j < NR_ASKED; j++)
				gfree(p[j]);
			drain_cpus();
		}
	}
	give_pages();
}

static void sum_pages(struct mspan *s, void *arg)
{
	*(unsigned long *)arg += s->npages;
}

/* Of those no CPU has stacks of another node: each object comes from its row. */
static void nor_do_caches_and_heaps_there(struct kunit *test)
{
	static const size_t sizes[] = { 8, 64, 1000, 5000 };
	void **p = kunit_kcalloc(test, NR_ASKED, sizeof(*p), GFP_KERNEL);
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	int i, j;

	KUNIT_ASSERT_TRUE(test, p && heap);
	other_nid(test);
	for (i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		size_t size = sizes[i / 2];
		struct galloc_cache *cache = galloc_cache_create("kunit", size, NULL);
		unsigned long most, pages = 0, lacking = 0;
		const struct sizeclass *sc;
		struct rowset *set;

		use_up(test, gk_nid());
		for (j = 0; j < NR_ASKED; j++) {
			p[j] = i % 2 ? galloc_from(heap, size, QUIET) :
				       galloc_cache_alloc(cache, QUIET);
			lacking += !p[j];
		}
		KUNIT_ASSERT_EQ(test, lacking, 0);
		rcu_read_lock();
		set = rows_of(p[0]);
		rcu_read_unlock();
		rows_walk(set, sum_pages, &pages);
		sc = &set->args.sc;
		most = max(DIV_ROUND_UP(NR_ASKED, sc->objects) * sc->span_pages * 12UL / 10,
			   NR_ASKED * kmalloc_size_roundup(size) >> PAGE_SHIFT);
		KUNIT_EXPECT_LE_MSG(test, pages, most + 2 * sc->span_pages, "step %d", i);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		gfree_bulk(NR_ASKED, p);
		give_pages();
		galloc_cache_destroy(cache);
	}
	galloc_heap_destroy(heap, 0);
}

/* Objects of whole pages, one after another, as small ones are. */
static void whole_pages_of_another_node_are_used_again(struct kunit *test)
{
	unsigned int n, lacking = 0;
	long grown;

	/* Pinned to its CPU. */
	other_nid(test);
	use_up(test, gk_nid());
	grown = gk_events(EVENT_GROW);
	for (n = 0; n < NR_ASKED; n++) {
		void *p = galloc(16 * PAGE_SIZE, QUIET);

		lacking += !p;
		gfree(p);
	}
	/* Again when kswapd has freed some here, but not each time. */
	KUNIT_EXPECT_LT(test, gk_events(EVENT_GROW) - grown, NR_ASKED / 10);
	KUNIT_EXPECT_EQ(test, lacking, 0);
	give_pages();
}

static unsigned int nr_of_node(void **p, unsigned int n, int nid)
{
	unsigned int of = 0;

	while (n--)
		of += p[n] && page_to_nid(virt_to_page(p[n])) == nid;
	return of;
}

static void take_and_free(void **p, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		p[i] = galloc(64, QUIET);
	for (i = 0; i < n; i++)
		gfree(p[i]);
}

static void objects_of_another_node_are_used_again_here(struct kunit *test)
{
	void **p = kunit_kcalloc(test, NR_ASKED, sizeof(*p), GFP_KERNEL);
	unsigned int class = sizeclass_of(64);
	const struct mcache_stack *stack;
	int far = other_nid(test);
	const struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	unsigned long allocs;
	unsigned int n;
	void *keep;

	KUNIT_ASSERT_NOT_NULL(test, p);
	if (galloc_debug)
		kunit_skip(test, "no stacks");
	/* Others free pages of it: then it is not used up yet. */
	for (n = 0; n < 20; n++) {
		use_up(test, gk_nid());
		take_and_free(p, NR_ASKED);
		if (nr_of_node(p, NR_ASKED, far) > NR_ASKED * 9 / 10) {
			stack = &m->stacks[stack_number(far, class)];
			allocs = stack_allocs(m->stacks, stack - m->stacks);
			take_and_free(p, gk_stacked(stack));
			if (stack_allocs(m->stacks, stack - m->stacks) > allocs)
				break;
		}
		drain_cpus();
	}
	KUNIT_EXPECT_LT(test, n, 20);
	KUNIT_EXPECT_EQ(test, m->away, far);
	stack = &m->stacks[stack_number(far, class)];
	KUNIT_EXPECT_GT(test, gk_stacked(stack), 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	/* __GFP_THISNODE gets the rest of this node, and nothing else. */
	keep = galloc(64, QUIET);
	WRITE_ONCE(galloc_fail_hook, fail_all);
	for (n = 0; n < NR_ASKED - 1; n++) {
		p[n] = galloc(64, QUIET | __GFP_THISNODE);
		if (!p[n])
			break;
	}
	KUNIT_EXPECT_EQ(test, nr_of_node(p, n, far), 0);
	p[n] = galloc(64, QUIET);
	/* Beside one that is out there is another in its span. */
	if (page_to_nid(virt_to_page(keep)) == far)
		KUNIT_EXPECT_NOT_NULL(test, p[n]);
	gfree_bulk(n + 1, p);
	WRITE_ONCE(galloc_fail_hook, NULL);
	gfree(keep);

	for (n = 0; n < 20 && !gk_stacked(stack); n++) {
		drain_cpus();
		use_up(test, gk_nid());
		take_and_free(p, NR_ASKED);
	}
	KUNIT_EXPECT_GT(test, gk_stacked(stack), 0);
	/* Pages are available again: they are used in the next tick. */
	give_pages();
	schedule_timeout_uninterruptible(2);
	n = min_t(unsigned int, gk_stacked(gk_stack(class)) + 1, NR_ASKED);
	take_and_free(p, n);
	KUNIT_EXPECT_EQ(test, nr_of_node(p, n, far), 0);
	/* And the other node is released. */
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({
			take_and_free(p, NR_ASKED);
			nr_of_node(p, NR_ASKED, far) == 0; }), GK_PATIENCE_MS));
	gk_quiet();
	drain_cpus();
	KUNIT_EXPECT_EQ(test, m->away, NUMA_NO_NODE);
	KUNIT_EXPECT_EQ(test, gk_capacity(stack), 0);
}

/* Whatever the result of a case. */
static void exit_case(struct kunit *test)
{
	give_pages();
	gk_exit(test);
}

#ifdef CONFIG_HOTPLUG_CPU

#define NR_STACKED	200

static void fill_stacks(void *arg)
{
	static const size_t sizes[] = { 8, 64, 1000, 4096, 50000 };
	void **objects = arg;
	int i, j;

	for (j = 0; j < ARRAY_SIZE(sizes); j++) {
		for (i = 0; i < NR_STACKED; i++)
			objects[i] = galloc(sizes[j], GFP_KERNEL);
		for (i = 0; i < NR_STACKED; i++)
			gfree(objects[i]);
	}
}

static void the_objects_of_a_dead_cpu_are_free(struct kunit *test)
{
	void **objects = kunit_kcalloc(test, NR_STACKED, sizeof(void *), GFP_KERNEL);
	long drained = gk_events(EVENT_DEAD_CPU);
	int cpu = gk_cpu(num_possible_cpus());

	KUNIT_ASSERT_NOT_NULL(test, objects);
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	gk_pin(gk_cpu(0));
	gk_join(test, gk_start(test, cpu, fill_stacks, objects));
	KUNIT_EXPECT_EQ(test, mcache_is_setup(cpu), !galloc_debug);
	if (remove_cpu(cpu))
		kunit_skip(test, "no CPU can be taken away");
	KUNIT_EXPECT_FALSE(test, mcache_is_setup(cpu));
	KUNIT_EXPECT_EQ(test, per_cpu(galloc_mcache, cpu).held, 0);
	KUNIT_EXPECT_EQ(test, per_cpu(galloc_mcache, cpu).nr_runs, 0);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_DEAD_CPU) - drained, !galloc_debug);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	/* It begins anew. */
	gk_join(test, gk_start(test, cpu, fill_stacks, objects));
	KUNIT_EXPECT_EQ(test, mcache_is_setup(cpu), !galloc_debug);
}

static void free_by_rcu(void *arg)
{
	void **objects = arg;
	int i;

	for (i = 0; i < NR_STACKED; i++) {
		objects[i] = galloc(64, GFP_KERNEL);
		if (objects[i])
			galloc_free_rcu(objects[i]);
	}
}

/* Nobody asks for a barrier. */
static void a_dead_cpu_leaves_no_objects_to_rcu(struct kunit *test)
{
	void **objects = kunit_kcalloc(test, NR_STACKED, sizeof(void *), GFP_KERNEL);
	int cpu = gk_cpu(num_possible_cpus());
	unsigned long n, bytes;

	KUNIT_ASSERT_NOT_NULL(test, objects);
	if (!gk_smp())
		kunit_skip(test, "one CPU");
	gk_pin(gk_cpu(0));
	gk_background();
	gk_join(test, gk_start(test, cpu, free_by_rcu, objects));
	if (remove_cpu(cpu))
		kunit_skip(test, "no CPU can be taken away");
	KUNIT_EXPECT_TRUE(test, gk_wait_for(({ rcu_batches_waiting(&n, &bytes); !n; }),
					    GK_PATIENCE_MS));
	KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
}

static void a_dead_cpu_leaves_no_objects_of_another_node(struct kunit *test)
{
	void **objects = kunit_kcalloc(test, NR_STACKED, sizeof(void *), GFP_KERNEL);
	int cpu = gk_cpu(num_possible_cpus()), i;

	KUNIT_ASSERT_NOT_NULL(test, objects);
	other_nid(test);
	if (!gk_smp() || galloc_debug)
		kunit_skip(test, "one CPU, or no stacks");
	/* Others free pages of it: then it is not used up yet. */
	for (i = 0; i < 20; i++) {
		use_up(test, cpu_to_mem(cpu));
		gk_join(test, gk_start(test, cpu, fill_stacks, objects));
		if (per_cpu(galloc_mcache, cpu).away != NUMA_NO_NODE)
			break;
	}
	KUNIT_EXPECT_LT(test, i, 20);
	if (!remove_cpu(cpu)) {
		KUNIT_EXPECT_EQ(test, per_cpu(galloc_mcache, cpu).held, 0);
		KUNIT_EXPECT_EQ(test, per_cpu(galloc_mcache, cpu).away, NUMA_NO_NODE);
		KUNIT_EXPECT_EQ(test, add_cpu(cpu), 0);
	}
	give_pages();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

#endif /* CONFIG_HOTPLUG_CPU */

static struct kunit_case cases[] = {
	KUNIT_CASE(an_object_of_another_node_goes_back_there),
	KUNIT_CASE(a_migrating_task_gets_the_requested_node),
	KUNIT_CASE(reclaim_of_a_node_leaves_the_others),
	KUNIT_CASE(pages_of_another_node_are_not_kept),
	KUNIT_CASE(a_node_falls_back_to_another),
	KUNIT_CASE(each_node_has_all_others_nearest_first),
	KUNIT_CASE(a_strict_cache_serves_one_node_at_a_time),
	KUNIT_CASE(a_cpu_without_memory_is_one_of_its_neighbour),
	KUNIT_CASE(the_atomic_reserve_is_of_nodes_that_have_pages),
	KUNIT_CASE(a_used_up_node_costs_no_more_memory),
	KUNIT_CASE(nor_do_caches_and_heaps_there),
	KUNIT_CASE(whole_pages_of_another_node_are_used_again),
	KUNIT_CASE(objects_of_another_node_are_used_again_here),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(the_objects_of_a_dead_cpu_are_free),
	KUNIT_CASE(a_dead_cpu_leaves_no_objects_to_rcu),
	KUNIT_CASE(a_dead_cpu_leaves_no_objects_of_another_node),
#endif
	{}
};

GK_SUITE(nodes, gk_init, exit_case);
