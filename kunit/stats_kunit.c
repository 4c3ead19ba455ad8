// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the accounting of every byte.
 */
#include "helpers.h"

#include <linux/slab.h>

#include "debug/watch.h"
#include "galloc_heap.h"
#include "observe/heaps.h"
#include "observe/metrics.h"
#include "observe/profile.h"
#include "observe/sample.h"
#include "twin.h"

/* Objects of a case, and what they should add up to. */
static struct twin twin;

static int init_case(struct kunit *test)
{
	int err = gk_init(test);

	return err ?: twin_init(test, &twin, 2000) ? 0 : -ENOMEM;
}

static void free_objects(void)
{
	while (twin.nr) {
		gfree(twin.objects[--twin.nr].p);
		twin.bytes -= twin.objects[twin.nr].real;
	}
}

static void exit_case(struct kunit *test)
{
	free_objects();
	gk_exit(test);
}

static void add(struct kunit *test, size_t size)
{
	const char *wrong;
	void *p = galloc(size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	wrong = twin_add(&twin, p, size, 8, true);
	KUNIT_ASSERT_NULL_MSG(test, wrong, "%s", wrong ?: "");
}

static void drop(u32 which)
{
	void *p = twin.objects[which].p;

	twin_drop(&twin, &twin.objects[which]);
	gfree(p);
}

/* ---- the identity ------------------------------------------------------- */

static void at_rest_the_totals_add_up(struct kunit *test)
{
	unsigned long i, n = gk_times(100000);
	u64 rng = gk_seed(test);
	int round;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < n; i++) {
			if (twin.nr < 200 + 300 * round && gk_random(&rng) & 3)
				add(test, gk_random_size(&rng));
			else if (twin.nr)
				drop(gk_below(&rng, twin.nr));
		}
		gk_count_ops(n);
		/* gk_in_use() expects the identity to hold. */
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)twin.bytes);
		KUNIT_EXPECT_EQ(test, validate_all(), 0);
		cond_resched();
	}
	while (twin.nr > 10)
		drop(gk_below(&rng, twin.nr));
	KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)twin.bytes);
}

static void objects_of_any_kind_are_in_use(struct kunit *test)
{
	static const size_t sizes[] = {
		1, 8, 100, 1024, 5000, 32768, 32769, 1 << 20, 3 << 20, 4 << 20
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		add(test, sizes[i]);
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)twin.bytes);
	}
	while (twin.nr) {
		drop(0);
		KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)twin.bytes);
	}
}

/* The objects on this CPU's stack of a class, at least @n. */
static struct mcache_stack *stack_of(struct kunit *test, size_t size,
				     unsigned int n)
{
	void *p[4];
	unsigned int i;

	gk_pin(gk_cpu(0));
	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = galloc(size, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		gfree(p[i]);
	if (galloc_debug)
		return NULL;
	KUNIT_ASSERT_GE(test, gk_stacked(gk_stack(sizeclass_of(size))), n);
	return gk_stack(sizeclass_of(size));
}

/* Is the state "exact", while an entry is @wrong? */
#define exact_with(entry, wrong)					\
({									\
	typeof(entry) __right = (entry);				\
	struct galloc_totals __t;					\
									\
	(entry) = (wrong);						\
	stats_totals(&__t);						\
	(entry) = __right;						\
	totals_exact(&__t);						\
})

static void a_wrong_pointer_on_a_stack_is_not_exact(struct kunit *test)
{
	struct mcache_stack *stack = stack_of(test, 96, 2);

	if (!stack)
		return;
	KUNIT_EXPECT_TRUE(test, exact_with(stack->top[-1], stack->top[-1]));
	KUNIT_EXPECT_FALSE(test, exact_with(stack->top[-1], stack->top[-1] + 8));
	KUNIT_EXPECT_FALSE(test, exact_with(stack->top[-1], (void *)test));
}

static void an_object_that_is_on_a_stack_twice_is_not_exact(struct kunit *test)
{
	struct mcache_stack *stack = stack_of(test, 96, 2);

	if (!stack)
		return;
	KUNIT_EXPECT_FALSE(test, exact_with(stack->top[-1], stack->top[-2]));
	KUNIT_EXPECT_TRUE(test, exact_with(stack->top[-1], stack->top[-1]));
}

static void a_lost_object_is_not_exact(struct kunit *test)
{
	struct mcache_stack *stack = stack_of(test, 96, 2);
	struct galloc_totals t;

	if (!stack)
		return;
	/* Taken off for its span, where it does not arrive. */
	stack->top--;
	stack->moved--;
	stats_totals(&t);
	stack->top++;
	stack->moved++;
	KUNIT_EXPECT_NE(test, t.system, totals_sum(&t));
	KUNIT_EXPECT_TRUE(test, exact_with(stack->moved, stack->moved));
	KUNIT_EXPECT_FALSE(test, exact_with(stack->moved, stack->moved + 1));
}

static void an_object_freed_twice_leaves_no_trace(struct kunit *test)
{
	struct galloc_totals t;
	void *p, *q;

	if (galloc_debug)
		return;
	gk_pin(gk_cpu(0));
	/* One that stays: of none, one less would be none, too. */
	add(test, 96);
	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	p = galloc(96, GFP_KERNEL);
	q = galloc(96, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && q);
	gfree(p);
	gfree(q);
	gfree(p);
	stats_totals(&t);
	KUNIT_EXPECT_FALSE(test, totals_exact(&t));
	drain_cpus();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	KUNIT_EXPECT_EQ(test, gk_in_use(test), (long)twin.bytes);
}

/* ---- the terms ---------------------------------------------------------- */

static void a_freed_object_is_cached_then_central_then_free(struct kunit *test)
{
	const struct sizeclass *sc = &sizeclasses[sizeclass_of(1000)];
	struct galloc_totals before, t;
	unsigned int i;

	gk_pin(gk_cpu(0));
	gk_rest(&before);
	for (i = 0; i < sc->objects + 1; i++)
		add(test, 1000);
	while (twin.nr > 1)
		drop(twin.nr - 1);
	stats_totals(&t);
	if (galloc_debug)
		KUNIT_EXPECT_EQ(test, t.cached, 0);
	else
		KUNIT_EXPECT_GT(test, t.cached, 0);
	KUNIT_EXPECT_EQ(test, t.in_use - before.in_use, (long)sc->size);
	drain_cpus();
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.cached, 0);
	KUNIT_EXPECT_EQ(test, t.in_use - before.in_use, (long)sc->size);
	/* The one that lives keeps its span, with the others free in it. */
	KUNIT_EXPECT_EQ(test, t.central - before.central,
			(long)(sc->objects - 1) * sc->size);
	KUNIT_EXPECT_EQ(test, t.tail - before.tail,
			((long)sc->span_pages << PAGE_SHIFT) -
			(long)sc->objects * sc->size);
	drop(0);
	drain_cpus();
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.in_use, before.in_use);
	KUNIT_EXPECT_EQ(test, t.central, before.central);
	KUNIT_EXPECT_EQ(test, t.tail, before.tail);
	KUNIT_EXPECT_GE(test, t.free, before.free);
}

static void returned_pages_belong_to_the_system(struct kunit *test)
{
	struct galloc_totals before, t;
	int i;

	/* That may keep a whole block for one page. */
	WRITE_ONCE(galloc_reserve_pages, 0);
	gk_take_free_runs(test);
	stats_totals(&before);
	for (i = 0; i < 100; i++)
		add(test, 20000);
	free_objects();
	gk_rest(&t);
	KUNIT_EXPECT_GT(test, t.free, before.free);
	gk_give_back();
	/* The slots of blocks that have left are charged until then. */
	rcu_barrier();
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.system, totals_sum(&t));
	KUNIT_EXPECT_EQ(test, t.free, before.free);
	KUNIT_EXPECT_LE(test, t.system, before.system + (64L << 10));
}

static void deferred_pages_are_counted(struct kunit *test)
{
	struct galloc_totals before, t;
	struct mspan *s;

	gk_rest(&before);
	s = mheap_alloc(gk_nid(), 3, 1, 0, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, s);
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.deferred - before.deferred, (long)(3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t.system, totals_sum(&t));
	/* On the list they could be gone before we have looked. */
	mspan_set(s, 0, MSPAN_DEFERRED);
	stats_totals(&t);
	mspan_set(s, 0, MSPAN_TRANSIT);
	KUNIT_EXPECT_EQ(test, t.deferred - before.deferred, (long)(3 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t.system, totals_sum(&t));
	mheap_free(s);
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.deferred, before.deferred);
}

static void metadata_counts(struct kunit *test)
{
	struct galloc_totals before, t;

	gk_rest(&before);
	/* Descriptors of slots that have left go now, and not in between. */
	rcu_barrier();
	stats_totals(&before);
	KUNIT_EXPECT_GT(test, before.meta, 0);
	KUNIT_ASSERT_TRUE(test, arena_charge_meta(1000));
	stats_totals(&t);
	KUNIT_EXPECT_EQ(test, t.meta, before.meta + 1000);
	KUNIT_EXPECT_EQ(test, t.system, before.system + 1000);
	arena_uncharge_meta(1000);
}

/* ---- while others work -------------------------------------------------- */

struct load {
	unsigned long n;
	u64 rng;
	bool done;
};

static void work_on(void *arg)
{
	struct load *load = arg;
	void *p[64] = { };
	unsigned long i;

	for (i = 0; i < load->n; i++) {
		void **one = &p[gk_below(&load->rng, 64)];

		gfree(*one);
		*one = galloc(gk_random_size(&load->rng), GFP_KERNEL);
		cond_resched();
	}
	for (i = 0; i < 64; i++)
		gfree(p[i]);
	WRITE_ONCE(load->done, true);
}

static void concurrent_statistics_are_never_negative(struct kunit *test)
{
	struct load *load = kunit_kzalloc(test, sizeof(*load), GFP_KERNEL);
	unsigned long looks = 0, wrong = 0;
	struct gk_thread *worker;
	struct galloc_totals t;

	KUNIT_ASSERT_NOT_NULL(test, load);
	load->n = gk_times(1000000);
	load->rng = gk_seed(test);
	gk_background();
	worker = gk_start(test, gk_cpu(1), work_on, load);
	do {
		stats_totals(&t);
		wrong += t.in_use < 0 || t.cached < 0 || t.central < 0 ||
			 t.tail < 0 || t.deferred < 0 || t.free < 0 ||
			 t.meta <= 0 || t.system <= 0;
		looks++;
		usleep_range(100, 500);
	} while (!READ_ONCE(load->done));
	gk_join(test, worker);
	gk_count_ops(2 * load->n);
	KUNIT_EXPECT_EQ_MSG(test, wrong, 0, "of %lu looks", looks);
}

/* ---- leaks -------------------------------------------------------------- */

static void leaks_are_counted_and_reported(struct kunit *test)
{
	unsigned long leaked;
	int i;

	for (i = 0; i < 3; i++)
		add(test, 100);
	add(test, 50000);
	drain_cpus();
	gk_listen(test);
	leaked = stats_report_leaks();
	KUNIT_EXPECT_EQ(test, leaked, 4);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "galloc: leak: 1 large objects (13 pages)"),
			PAGE_SIZE == 4096);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "galloc: leak: 3 objects of class "), 1);
	free_objects();
	drain_cpus();
	KUNIT_EXPECT_EQ(test, stats_report_leaks(), 0);
}

static void states_have_names(struct kunit *test)
{
	unsigned int i, j;

	for (i = 0; i < NR_MSPAN_STATES; i++)
		for (j = 0; j <= NR_MSPAN_STATES; j++)
			if (i != j)
				KUNIT_EXPECT_STRNEQ(test, mspan_state_name(i),
						    mspan_state_name(j));
}

/* ---- files ------------------------------------------------------------------------------- */

static unsigned int fail_at, fail_asked;
static struct task_struct *fail_task;

static bool fail_one(unsigned int order)
{
	return current == fail_task && ++fail_asked == fail_at;
}

static unsigned int fail_every;

/* One of so many, the last. */
static bool fail_some(unsigned int order)
{
	return current == fail_task && ++fail_asked % fail_every == 0;
}

/* What a file shows while the @nth of its reader's allocations fails; 0: none. */
static int show(int (*fn)(struct seq_file *m, void *v), char *buf, unsigned int nth)
{
	struct seq_file m = { .size = 64 * 1024, .buf = buf };
	int err;

	mutex_init(&m.lock);
	fail_task = current;
	fail_at = nth;
	fail_asked = 0;
	WRITE_ONCE(galloc_fail_hook, fail_one);
	err = fn(&m, NULL);
	WRITE_ONCE(galloc_fail_hook, NULL);
	buf[m.count] = '\0';
	return err;
}

static struct galloc_heap *shown;

static int its_classes_show(struct seq_file *m, void *v)
{
	m->private = shown;
	return heaps_classes_show(m, v);
}

/* A check of which nothing was done is no success. */
static void validate_needs_memory(struct kunit *test)
{
	ssize_t (*write)(struct file *file, const char __user *buf, size_t len,
			 loff_t *pos) = stats_validate_fops.write;
	struct galloc_verdict v;

	fail_task = current;
	for (fail_every = 1; fail_every <= 3; fail_every++) {
		fail_asked = 0;
		WRITE_ONCE(galloc_fail_hook, fail_some);
		validate_verdict(&v);
		WRITE_ONCE(galloc_fail_hook, NULL);
		KUNIT_EXPECT_TRUE(test, v.no_memory);
	}
	fail_every = 1;
	WRITE_ONCE(galloc_fail_hook, fail_some);
	KUNIT_EXPECT_EQ(test, write(NULL, NULL, 1, NULL), -ENOMEM);
	KUNIT_EXPECT_GT(test, validate_all(), 0);
	/* It tries again. */
	fail_asked = 0;
	fail_at = 1;
	WRITE_ONCE(galloc_fail_hook, fail_one);
	KUNIT_EXPECT_EQ(test, write(NULL, NULL, 1, NULL), 1);
	WRITE_ONCE(galloc_fail_hook, NULL);
}

/* Without memory to count there is an error, never another figure. */
static void each_file_tells_the_truth_or_fails(struct kunit *test)
{
	static int (* const files[])(struct seq_file *m, void *v) = {
		stats_show, stats_classes_show, stats_mheap_show, metrics_show,
		heaps_table_show, leaks_show, its_classes_show, watch_show,
	};
	char *buf[2] = { kvmalloc(64 * 1024, GFP_KERNEL), kvmalloc(64 * 1024, GFP_KERNEL) };
	void *p[] = { galloc(64, GFP_KERNEL), galloc(70000, GFP_KERNEL),
		      galloc(5000, GFP_KERNEL) };
	static struct file file;
	unsigned int i, nth;
	bool last;
	int err;

	shown = galloc_heap_create("kunit", NULL);
	KUNIT_ASSERT_TRUE(test, buf[0] && buf[1] && shown);
	gfree(galloc_from(shown, 64, GFP_KERNEL));
	memset(&file, 0, sizeof(file));
	gfree_bulk(1, p);
	/* Descriptors of what was freed go a grace period later. */
	rcu_barrier();
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		KUNIT_EXPECT_EQ(test, show(files[i], buf[0], 0), 0);
		for (nth = 1; nth < 50; nth++) {
			err = show(files[i], buf[1], nth);
			last = fail_asked < nth;
			/* Some of it may have gone in between: the truth is that of now. */
			if (!err && strcmp(buf[0], buf[1]))
				KUNIT_EXPECT_EQ(test, show(files[i], buf[0], 0), 0);
			if (err)
				KUNIT_EXPECT_EQ(test, err, -ENOMEM);
			else
				KUNIT_EXPECT_EQ_MSG(test, strcmp(buf[0], buf[1]), 0,
						    "file %u, %u", i, nth);
			if (last)
				break;
		}
		/* Those of heaps, and what is watched, need none. */
		KUNIT_EXPECT_EQ(test, nth > 1, files[i] != heaps_table_show &&
				files[i] != its_classes_show && files[i] != watch_show);
	}
	/* That of spans allocates when it is opened, and no more. */
	fail_asked = 0;
	fail_at = 1;
	WRITE_ONCE(galloc_fail_hook, fail_one);
	KUNIT_EXPECT_EQ(test, stats_spans_fops.open(NULL, &file), -ENOMEM);
	KUNIT_EXPECT_EQ(test, stats_spans_fops.open(NULL, &file), 0);
	WRITE_ONCE(galloc_fail_hook, NULL);
	KUNIT_EXPECT_EQ(test, fail_asked, 2);
	stats_spans_fops.release(NULL, &file);
	gfree_bulk(ARRAY_SIZE(p) - 1, p + 1);
	galloc_heap_destroy(shown);
	kvfree(buf[0]);
	kvfree(buf[1]);
}

/* One that is sampled comes from the stack and is counted, as any other. */
static void what_is_sampled_is_counted_once(struct kunit *test)
{
	const unsigned int class = sizeclass_of(1024), n = 200;
	struct profile_totals before, after;
	unsigned long allocs, misses;
	struct mcache_stack *stack;
	unsigned int i;
	void *p;

	gfree(galloc(1024, GFP_KERNEL));
	stack = gk_stack(class);
	if (!gk_stacked(stack))
		kunit_skip(test, "no stacks");
	sample_set(1);
	profile_totals(&before);
	misses = stack->misses;
	allocs = mcache_allocs(raw_cpu_ptr(&galloc_mcache)->stacks, stack_number(gk_nid(), class));
	for (i = 0; i < n; i++) {
		p = galloc(1024, i % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_TRUE(test, i % 2 || !memchr_inv(p, 0, 1024));
		memset(p, 1, 1024);
		gfree(p);
	}
	profile_totals(&after);
	KUNIT_EXPECT_GT(test, after.allocs, before.allocs);
	KUNIT_EXPECT_EQ(test, stack->misses, misses);
	KUNIT_EXPECT_EQ(test, mcache_allocs(raw_cpu_ptr(&galloc_mcache)->stacks,
					    stack_number(gk_nid(), class)), allocs + n);
	sample_set(0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(at_rest_the_totals_add_up),
	KUNIT_CASE(objects_of_any_kind_are_in_use),
	KUNIT_CASE(what_is_sampled_is_counted_once),
	KUNIT_CASE(a_wrong_pointer_on_a_stack_is_not_exact),
	KUNIT_CASE(an_object_that_is_on_a_stack_twice_is_not_exact),
	KUNIT_CASE(a_lost_object_is_not_exact),
	KUNIT_CASE(an_object_freed_twice_leaves_no_trace),
	KUNIT_CASE(a_freed_object_is_cached_then_central_then_free),
	KUNIT_CASE(returned_pages_belong_to_the_system),
	KUNIT_CASE(deferred_pages_are_counted),
	KUNIT_CASE(metadata_counts),
	KUNIT_CASE(concurrent_statistics_are_never_negative),
	KUNIT_CASE(leaks_are_counted_and_reported),
	KUNIT_CASE(states_have_names),
	KUNIT_CASE(each_file_tells_the_truth_or_fails),
	KUNIT_CASE(validate_needs_memory),
	{}
};

GK_SUITE(stats, init_case, exit_case);
