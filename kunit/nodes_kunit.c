// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: several nodes, and processors that go away.
 *
 * Left out where the kernel knows one node only, as user-mode Linux.  What
 * belongs to a node must go back there, and must not be served from a stack of
 * another node's processor.
 */
#include "helpers.h"

#include <linux/cpu.h>
#include <linux/nodemask.h>

/* Nothing larger can grow below this limit, small metadata can. */
#define LITTLE		(16 * 1024)

/* A class whose spans are larger than that, with many objects. */
#define LONG_SPAN_SIZE	1408

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

static unsigned int row_at(const void *p)
{
	struct object o;
	unsigned int row = 0;

	rcu_read_lock();
	if (mspan_resolve(p, &o) == FOUND_OBJECT)
		row = o.row;
	rcu_read_unlock();
	return row;
}

static bool is_stacked(const struct mcache_slot *slot, const void *p)
{
	void **q;

	for (q = slot->base; q < slot->top; q++)
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
		KUNIT_EXPECT_EQ(test, row_at(p), mcentral_row(nid, class));
		gfree(p);
		KUNIT_EXPECT_FALSE(test, is_stacked(gk_slot(class), p));
		/* It was the only one of its span. */
		KUNIT_EXPECT_EQ(test, row_at(p), 0);
	}
	KUNIT_EXPECT_EQ(test, galloc_validate(), 0);
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

static void who_migrates_gets_the_node_he_asked_for(struct kunit *test)
{
	gfp_t gfp = GFP_KERNEL | __GFP_THISNODE;
	int cpus[2] = { gk_cpu(0), cpu_elsewhere(test, gk_nid()) };
	unsigned int class, i;

	hopper = current;
	for_each_class(class) {
		size_t size = sizeclasses[class].size;

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
			mcache_drain();
		}
	}
	gk_pin(gk_cpu(0));
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

static void what_a_node_lacks_comes_from_another(struct kunit *test)
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
	KUNIT_ASSERT_GT(test, sizeclasses[class].span_pages * PAGE_SIZE, LITTLE);

	p = galloc(LONG_SPAN_SIZE, GFP_NOWAIT | __GFP_NOWARN);
	KUNIT_ASSERT_NOT_NULL(test, p);
	KUNIT_EXPECT_EQ(test, page_to_nid(virt_to_page(p)), nid);
	/* The row is that of the pages, and no stack of this node has any. */
	KUNIT_EXPECT_EQ(test, row_at(p), mcentral_row(nid, class));
	for (q = gk_slot(class)->base; q < gk_slot(class)->top; q++)
		KUNIT_EXPECT_EQ(test, row_at(*q), mcentral_row(gk_nid(), class));
	KUNIT_EXPECT_EQ(test, galloc_validate(), 0);
	/* Who insists on this node gets nothing. */
	KUNIT_EXPECT_NULL(test, mheap_alloc(gk_nid(), 16, 1, 0,
					    GFP_NOWAIT | __GFP_NOWARN | __GFP_THISNODE));
	gfree(p);
	KUNIT_EXPECT_EQ(test, galloc_validate(), 0);
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

#endif /* CONFIG_HOTPLUG_CPU */

static struct kunit_case cases[] = {
	KUNIT_CASE(an_object_of_another_node_goes_back_there),
	KUNIT_CASE(who_migrates_gets_the_node_he_asked_for),
	KUNIT_CASE(pages_of_another_node_are_not_kept),
	KUNIT_CASE(what_a_node_lacks_comes_from_another),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(the_objects_of_a_dead_cpu_are_free),
#endif
	{}
};

static struct kunit_suite suite = {
	.name = "galloc_nodes",
	.init = gk_init,
	.exit = gk_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);
