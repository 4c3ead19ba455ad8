// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the batches of gfree_rcu().
 *
 * No grace period ends within the read sections of a case, so that it is known what waits.
 * Background work is off unless a case says otherwise; then only galloc_rcu_barrier()
 * frees batches of more than a few objects.
 */
#include "helpers.h"

#include "debug/table.h"
#include "debug/watch.h"
#include "galloc_override_calls.h"

#define MOST	4000

/* Two waits in vain are not to stop the guest. */
#define PATIENCE_MS	(GK_PATIENCE_MS / 3)

struct late {
	u8 data[40];
	struct rcu_head rcu;
};

static struct late *objects[MOST];

static unsigned long waiting(void)
{
	unsigned long n, bytes;

	rcu_batches_waiting(&n, &bytes);
	return n;
}

static unsigned long waiting_bytes(void)
{
	unsigned long n, bytes;

	rcu_batches_waiting(&n, &bytes);
	return bytes;
}

static unsigned int get_objects(struct kunit *test, size_t size)
{
	unsigned int n = gk_slow() ? MOST / 8 : MOST;

	KUNIT_ASSERT_EQ(test, galloc_bulk(size, GFP_KERNEL, n, (void **)objects), n);
	return n;
}

/* No array is to be had, nor any other memory. */
static bool none(unsigned int order)
{
	return true;
}

static void fail(bool on)
{
	WRITE_ONCE(galloc_fail_hook, on ? none : NULL);
}

static int suite_init(struct kunit *test)
{
	int err = gk_init(test);

	/* Neither an array that an earlier case has left. */
	galloc_rcu_barrier();
	return err;
}

static void suite_exit(struct kunit *test)
{
	fail(false);
	WRITE_ONCE(galloc_pause_hook, NULL);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, waiting(), 0);
	KUNIT_EXPECT_EQ(test, waiting_bytes(), 0);
	gk_exit(test);
}

/* All of them are queued and counted, and free after the barrier. */
static void queue_all(struct kunit *test, unsigned int n, size_t size, bool irqs_off)
{
	unsigned long peak = 0, peak_bytes = 0, flags;
	unsigned int i;

	rcu_read_lock();
	if (irqs_off)
		local_irq_save(flags);
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	if (irqs_off)
		local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, waiting(), n);
	KUNIT_EXPECT_EQ(test, waiting_bytes(), n * galloc_size_roundup(size));
	rcu_read_unlock();
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, waiting(), 0);
	rcu_batches_peak(&peak, &peak_bytes);
	KUNIT_EXPECT_GE(test, peak, n);
	KUNIT_EXPECT_GE(test, peak_bytes, n * size);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_grace_period_takes_a_callback(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late));
	long batches = gk_events(EVENT_RCU_BATCH), heads = gk_events(EVENT_RCU_HEAD);

	queue_all(test, n, sizeof(struct late), false);
	/* The first object does not wait for others. */
	KUNIT_EXPECT_LE(test, gk_events(EVENT_RCU_BATCH) - batches, 2);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RCU_HEAD), heads);
}

static void without_an_array_the_head_is_used(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late));
	long batches = gk_events(EVENT_RCU_BATCH), heads = gk_events(EVENT_RCU_HEAD);

	fail(true);
	queue_all(test, n, sizeof(struct late), false);
	KUNIT_EXPECT_LE(test, gk_events(EVENT_RCU_BATCH) - batches, 2);
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RCU_HEAD) - heads, n);
}

/* For objects without room for a head, as overridden modules free them on new kernels. */
static void without_an_array_a_word_is_used(struct kunit *test)
{
	unsigned int n = get_objects(test, 128), i;
	void *large = galloc(1 << 20, GFP_KERNEL);

	fail(true);
	for (i = 0; i < n; i++)
		galloc_override_queue_rcu(objects[i], (void *)objects[i] + i % 16 * 8);
	galloc_override_queue_rcu(large, large);
	fail(false);
	/* The barrier would free it itself. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!galloc_owns(large), PATIENCE_MS));
	galloc_override_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_word_is_queued_in_any_context(struct kunit *test)
{
	unsigned int n = get_objects(test, 128), i;
	void *large = galloc(1 << 20, GFP_KERNEL);
	unsigned long flags;

	local_irq_save(flags);
	__preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	for (i = 0; i < n; i++)
		galloc_override_queue_rcu_nolock(objects[i], (void *)objects[i] + i % 16 * 8);
	galloc_override_queue_rcu_nolock(large, large);
	__preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!galloc_owns(large), PATIENCE_MS));
	galloc_override_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void objects_are_queued_with_interrupts_off(struct kunit *test)
{
	long batches = gk_events(EVENT_RCU_BATCH);
	unsigned int n = get_objects(test, sizeof(struct late));

	queue_all(test, n, sizeof(struct late), true);
	KUNIT_EXPECT_LE(test, gk_events(EVENT_RCU_BATCH) - batches, 1);
}

static void large_objects_are_counted(struct kunit *test)
{
	static const size_t sizes[] = { 8000, 50000, 3 << 20 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		objects[0] = galloc(sizes[i], GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[0]);
		queue_all(test, 1, sizes[i], false);
	}
}

/* Nobody asks for a barrier. */
static void the_worker_frees_them(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late)), i;
	unsigned long flags;

	gk_background();
	for (i = 0; i < n; i++) {
		fail(i % 512 < 100);
		if (i % 8 == 0)
			local_irq_save(flags);
		gfree_rcu(objects[i], rcu);
		if (i % 8 == 0)
			local_irq_restore(flags);
	}
	fail(false);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting(), PATIENCE_MS));
	/* The last ones with interrupts off. */
	get_objects(test, sizeof(struct late));
	local_irq_save(flags);
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	local_irq_restore(flags);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting(), PATIENCE_MS));
	gk_quiet();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* The gate was closed when their grace period ended. */
static void the_worker_catches_up(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late)), i;

	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	rcu_barrier();
	rcu_barrier();
	KUNIT_EXPECT_GT(test, waiting(), 0);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting(), PATIENCE_MS));
	gk_quiet();
}

static void queued_twice_is_reported(struct kunit *test)
{
	/* So that its span stays, and the second free finds an object. */
	void *other = galloc(sizeof(struct late), GFP_KERNEL);
	unsigned int i;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	/* First both in an array, then both by their heads, then one of each. */
	for (i = 0; i < 3; i++) {
		struct late *p = galloc(sizeof(*p), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		rcu_read_lock();
		fail(i);
		gfree_rcu(p, rcu);
		fail(i == 1);
		gfree_rcu(p, rcu);
		fail(false);
		rcu_read_unlock();
		galloc_rcu_barrier();
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	}
	gfree(other);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static unsigned int stage;

static void read_until_told(void *unused)
{
	rcu_read_lock();
	WRITE_ONCE(stage, 1);
	gk_spin_for(READ_ONCE(stage) == 2, GK_PATIENCE_MS);
	rcu_read_unlock();
}

static void the_worker_frees_no_batch_that_flies(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late)), i;
	struct gk_thread *t;

	/* Otherwise a batch may land that is so small that its callback frees it. */
	rcu_read_lock();
	for (i = 1; i < n; i++)
		gfree_rcu(objects[i], rcu);
	rcu_read_unlock();
	/* The first one is free then, the others have landed. */
	rcu_barrier();
	rcu_barrier();
	if (!gk_smp()) {
		gfree(objects[0]);
		kunit_skip(test, "one CPU");
	}
	stage = 0;
	t = gk_start(test, gk_cpu(1), read_until_told, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(stage) == 1, PATIENCE_MS));
	gfree_rcu(objects[0], rcu);
	KUNIT_EXPECT_EQ(test, waiting(), n - 1);
	gk_background();
	KUNIT_EXPECT_TRUE(test, gk_wait_for(waiting() <= 1, PATIENCE_MS));
	msleep(5);
	KUNIT_EXPECT_EQ(test, waiting(), 1);
	WRITE_ONCE(stage, 2);
	gk_join(test, t);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting(), PATIENCE_MS));
	gk_quiet();
}

static void a_head_may_be_used_again(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		/* As a rule the same object, with the marks of its last life. */
		struct late *p = galloc(sizeof(*p), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, p);
		fail(true);
		gfree_rcu(p, rcu);
		fail(false);
		galloc_rcu_barrier();
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void without_a_head_it_waits_if_it_must(struct kunit *test)
{
	unsigned int i;
	void *p;

	gfree_rcu_mightsleep(NULL);
	gfree_rcu_mightsleep(ZERO_SIZE_PTR);
	for (i = 0; i < 2; i++) {
		p = galloc(8, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		fail(i);
		gfree_rcu_mightsleep(p);
		if (i)
			KUNIT_EXPECT_EQ(test, waiting(), 0);
		fail(false);
		galloc_rcu_barrier();
	}
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static void a_failing_request_waits_for_a_grace_period(struct kunit *test)
{
	unsigned int n = get_objects(test, 4096), i;
	void *p;

	gk_starve(test);
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	/* Of their size: whether their pages are adjacent is chance. */
	p = galloc(4096, GFP_KERNEL | __GFP_NOWARN);
	KUNIT_EXPECT_NOT_NULL(test, p);
	gk_unlimit(test);
	gfree(p);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* One that may not sleep ends the batch, so that it waits no longer than the one before. */
static void a_failing_atomic_request_ends_the_batch(struct kunit *test)
{
	unsigned int n = get_objects(test, 4096), i;

	gk_starve(test);
	rcu_read_lock();
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	KUNIT_EXPECT_NULL(test, galloc(100000, GFP_ATOMIC | __GFP_NOWARN));
	i = gk_events(EVENT_RCU_BATCH);
	rcu_read_unlock();
	/* All have had their callback; the next batch is not begun before they are freed. */
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RCU_BATCH) - i, 2);
	gk_unlimit(test);
}

/* Reclaim calls it for few pages, again and again. */
static void the_shrinker_waits_for_no_reader(struct kunit *test)
{
	struct shrink_control sc = { .gfp_mask = GFP_KERNEL, .nr_to_scan = ULONG_MAX / 8 };
	unsigned int n = get_objects(test, 4096), i;

	rcu_barrier();
	local_irq_disable();
	/* They stay queued. */
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	local_irq_enable();
	/* What galloc keeps in any case may be of them. */
	KUNIT_EXPECT_GE(test, (long)galloc_shrinker->count_objects(galloc_shrinker, &sc),
			(long)(n - galloc_reserve_pages));
	galloc_shrinker->scan_objects(galloc_shrinker, &sc);
	KUNIT_EXPECT_EQ(test, waiting(), n);
	galloc_rcu_barrier();
}

static struct task_struct *looker;
static unsigned int looks;

/* Of a callback, or of the case. */
static void see_look(enum galloc_pause point, const void *what)
{
	looks += point == PAUSE_RCU_SUM && (in_interrupt() || current == looker);
}

/* There may be thousands of them. */
static void only_who_may_sleep_looks_at_all_cpus(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late)), i;
	unsigned long peak = 0, bytes = 0;

	looker = current;
	looks = 0;
	WRITE_ONCE(galloc_pause_hook, see_look);
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	rcu_batches_relieve(GFP_ATOMIC);
	/* All have had their callback. */
	rcu_barrier();
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, looks, 0);
	galloc_rcu_barrier();
	rcu_batches_peak(&peak, &bytes);
	KUNIT_EXPECT_GE(test, peak, n / 2);
	KUNIT_EXPECT_EQ(test, looks, 0);
	rcu_batches_relieve(GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, looks, 1);
	WRITE_ONCE(galloc_pause_hook, NULL);
}

static bool in_callback;

/* As an interrupt of the code that holds the lock: of a caller, or of a callback. */
static void queue_one_more(enum galloc_pause point, const void *what)
{
	struct late *p = objects[1];

	if (point != PAUSE_RCU_LOCKED || !what != in_callback || !p)
		return;
	objects[1] = NULL;
	gfree_rcu(p, rcu);
}

static void an_interrupt_queues_while_the_cpu_does(struct kunit *test)
{
	unsigned int i;

	gk_background();
	for (i = 0; i < 2; i++) {
		long heads = gk_events(EVENT_RCU_HEAD);

		objects[0] = galloc(sizeof(struct late), GFP_KERNEL);
		objects[1] = galloc(sizeof(struct late), GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, objects[0] && objects[1]);
		in_callback = i;
		WRITE_ONCE(galloc_pause_hook, queue_one_more);
		gfree_rcu(objects[0], rcu);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(!READ_ONCE(objects[1]), PATIENCE_MS));
		/* Nobody has to queue a third. */
		KUNIT_EXPECT_TRUE(test, gk_wait_for(!waiting(), PATIENCE_MS));
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_EQ(test, gk_events(EVENT_RCU_HEAD) - heads, 1);
	}
	gk_quiet();
}

static void queue_many(void *unused)
{
	unsigned int i, n = gk_slow() ? 2000 : 30000;
	ktime_t end = gk_fight_end();
	struct late *p;

	for (i = 1; i < n && !gk_fight_over(i, end); i++) {
		p = galloc(16 + 8 * (i % 500), GFP_KERNEL);
		if (!p)
			continue;
		if (i % 16 == 0)
			gfree_rcu_mightsleep(p);
		else
			galloc_free_rcu((struct rcu_head *)p);
	}
}

static void cpus_queue_beside_barriers(struct kunit *test)
{
	struct gk_thread *a, *b;

	gk_background();
	a = gk_start(test, gk_cpu(0), queue_many, NULL);
	b = gk_start(test, gk_cpu(1), queue_many, NULL);
	galloc_rcu_barrier();
	rcu_batches_relieve(GFP_KERNEL);
	galloc_rcu_barrier();
	gk_join(test, a);
	gk_join(test, b);
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, waiting(), 0);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static bool read_on;

/* Until the timer says that it is enough. */
static void read_for_a_while(void *unused)
{
	rcu_read_lock();
	WRITE_ONCE(stage, 1);
	gk_spin_for(READ_ONCE(stage) == 2, GK_PATIENCE_MS);
	WRITE_ONCE(read_on, false);
	rcu_read_unlock();
}

static void enough(struct timer_list *unused)
{
	WRITE_ONCE(stage, 2);
}

static void free_without_an_array(void *p)
{
	fail(true);
	gfree_rcu_mightsleep(p);
	fail(false);
}

static void queue_and_relieve(void *p)
{
	gfree_rcu((struct late *)p, rcu);
	rcu_batches_relieve(GFP_KERNEL);
}

/* Whoever frees objects himself waits for those who may still read them. */
static void who_frees_at_once_waits_for_readers(struct kunit *test)
{
	static void (* const ways[])(void *p) = { free_without_an_array, queue_and_relieve };
	static struct timer_list timer;
	struct gk_thread *t;
	unsigned int i;
	void *p;

	if (!gk_smp())
		kunit_skip(test, "one CPU");
	timer_setup(&timer, enough, 0);
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		p = galloc(sizeof(struct late), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p);
		stage = 0;
		read_on = true;
		t = gk_start(test, gk_cpu(1), read_for_a_while, NULL);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(stage), GK_PATIENCE_MS));
		mod_timer(&timer, jiffies + HZ / 5);
		ways[i](p);
		KUNIT_EXPECT_FALSE_MSG(test, READ_ONCE(read_on), "way %u", i);
		KUNIT_EXPECT_EQ(test, waiting(), 0);
		gk_join(test, t);
	}
	timer_delete_sync(&timer);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

/* A drain for lack of memory: what is queued waits for no batch before it. */
static void a_drain_ends_the_batches(struct kunit *test)
{
	struct gk_thread *t;
	unsigned int i;
	long batches;

	for (i = 0; i < 2; i++) {
		objects[i] = galloc(sizeof(struct late), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
	}
	if (!gk_smp()) {
		gfree_bulk(2, (void **)objects);
		kunit_skip(test, "one CPU");
	}
	gk_background();
	stage = 0;
	t = gk_start(test, gk_cpu(1), read_until_told, NULL);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(stage), PATIENCE_MS));
	batches = gk_events(EVENT_RCU_BATCH);
	/* The first one flies. */
	for (i = 0; i < 2; i++)
		gfree_rcu(objects[i], rcu);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(drain_kick(), PATIENCE_MS));
	/* No more than that: another job may wait for the reader. */
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!worker_pending(WORKER_DRAIN), PATIENCE_MS));
	WRITE_ONCE(stage, 2);
	gk_join(test, t);
	rcu_barrier();
	KUNIT_EXPECT_EQ(test, gk_events(EVENT_RCU_BATCH) - batches, 2);
	gk_quiet();
}

static struct {
	bool taken, barrier, over;
} late;

/* Who waits for a reader does so all that time; who does not is over long before. */
#define READ_MS		1000

/* As a task that is preempted right there. */
static void take_long(enum galloc_pause point, const void *what)
{
	if (point != PAUSE_RCU_TAKEN || !what || READ_ONCE(late.taken))
		return;
	WRITE_ONCE(late.taken, true);
	gk_spin_for(READ_ONCE(late.barrier), PATIENCE_MS);
	gk_spin_for(READ_ONCE(late.over), READ_MS);
}

static void end_batches(void *unused)
{
	rcu_batches_end();
}

/* What another task has taken, and does not wait for a grace period yet. */
static void a_barrier_waits_for_what_was_taken(struct kunit *test)
{
	unsigned int n = get_objects(test, sizeof(struct late)), i;
	struct gk_thread *t;
	unsigned long flags;

	rcu_barrier();
	/* They are only queued: the worker would end the batch. */
	local_irq_save(flags);
	for (i = 0; i < n; i++)
		gfree_rcu(objects[i], rcu);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, waiting(), n);
	memset(&late, 0, sizeof(late));
	if (gk_smp()) {
		WRITE_ONCE(galloc_pause_hook, take_long);
		t = gk_start(test, gk_cpu(1), end_batches, NULL);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(late.taken), PATIENCE_MS));
		WRITE_ONCE(late.barrier, true);
	}
	galloc_rcu_barrier();
	KUNIT_EXPECT_EQ(test, waiting(), 0);
	WRITE_ONCE(late.over, true);
	if (gk_smp())
		gk_join(test, t);
	WRITE_ONCE(galloc_pause_hook, NULL);
}

/* ---- their owner goes ---------------------------------------------------------------- */

/* More than a callback frees: without the worker they wait for a barrier. */
#define NR_OWNED	20

static void queue_owned(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < NR_OWNED; i++)
		KUNIT_ASSERT_NOT_NULL(test, objects[i]);
	rcu_read_lock();
	for (i = 0; i < NR_OWNED; i++)
		gfree_rcu(objects[i], rcu);
	rcu_read_unlock();
}

/* Neither was anything live, nor does anybody free anything later. */
static void expect_gone(struct kunit *test, long live)
{
	KUNIT_EXPECT_EQ(test, waiting(), 0);
	KUNIT_EXPECT_EQ(test, gk_faults(FAULT_LIVE), live);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
	galloc_rcu_barrier();
	while (rows_reap())
		;
}

static void destroy_cache(struct kunit *test, const struct galloc_cache_args *args)
{
	struct galloc_cache *cache = galloc_cache_create("kunit", sizeof(struct late), args);
	long live = gk_faults(FAULT_LIVE);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	for (i = 0; i < NR_OWNED; i++)
		objects[i] = galloc_cache_alloc(cache, GFP_KERNEL);
	queue_owned(test);
	galloc_cache_destroy(cache);
	expect_gone(test, live);
}

static void what_a_cache_has_freed_is_waited_for(struct kunit *test)
{
	destroy_cache(test, NULL);
}

/* Guarded objects are in no span. */
static void so_is_what_is_guarded(struct kunit *test)
{
	destroy_cache(test, &(struct galloc_cache_args) { .flags = GALLOC_CACHE_GUARD(1) });
}

static void watch(const char *what)
{
	char text[40];

	strscpy(text, what, sizeof(text));
	WARN_ON_ONCE(watch_command(text));
}

/* From the batches it comes into quarantine. */
static void so_is_what_is_watched(struct kunit *test)
{
	watch("cache=kunit on");
	quarantine_kb = 1024;
	destroy_cache(test, NULL);
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	quarantine_kb = 0;
	watch("cache=kunit off");
	/* Cases that come later free where this cache was. */
	table_forget();
}

static void destroy_heap(struct kunit *test, unsigned int flags)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	long live = gk_faults(FAULT_LIVE);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	for (i = 0; i < NR_OWNED; i++)
		objects[i] = galloc_from(heap, sizeof(struct late), GFP_KERNEL);
	queue_owned(test);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap, flags), 0);
	expect_gone(test, live);
}

static void what_a_heap_has_freed_is_waited_for(struct kunit *test)
{
	destroy_heap(test, 0);
}

static void and_is_not_swept(struct kunit *test)
{
	destroy_heap(test, GALLOC_HEAP_RELEASE);
}

static void read_for_long(void *unused)
{
	rcu_read_lock();
	WRITE_ONCE(late.taken, true);
	gk_spin_for(READ_ONCE(late.barrier), PATIENCE_MS);
	gk_spin_for(READ_ONCE(late.over), READ_MS);
	rcu_read_unlock();
}

/* An overridden module frees what another one has handed over. */
static void so_is_what_others_free_by_words(struct kunit *test)
{
	struct galloc_heap *heap = galloc_heap_create("kunit", NULL);
	long live = gk_faults(FAULT_LIVE);
	struct gk_thread *t;
	struct late *word;

	KUNIT_ASSERT_NOT_NULL(test, heap);
	word = galloc_from(heap, sizeof(*word), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, word);
	memset(&late, 0, sizeof(late));
	if (gk_smp()) {
		t = gk_start(test, gk_cpu(1), read_for_long, NULL);
		KUNIT_EXPECT_TRUE(test, gk_wait_for(READ_ONCE(late.taken), PATIENCE_MS));
	}
	galloc_override_queue_rcu_nolock(word, &word->rcu);
	WRITE_ONCE(late.barrier, true);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(heap), 0);
	WRITE_ONCE(late.over, true);
	if (gk_smp())
		gk_join(test, t);
	expect_gone(test, live);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_grace_period_takes_a_callback),
	KUNIT_CASE(without_an_array_the_head_is_used),
	KUNIT_CASE(without_an_array_a_word_is_used),
	KUNIT_CASE(a_word_is_queued_in_any_context),
	KUNIT_CASE(objects_are_queued_with_interrupts_off),
	KUNIT_CASE(large_objects_are_counted),
	KUNIT_CASE(the_worker_frees_them),
	KUNIT_CASE(the_worker_catches_up),
	KUNIT_CASE(queued_twice_is_reported),
	KUNIT_CASE(the_worker_frees_no_batch_that_flies),
	KUNIT_CASE(a_head_may_be_used_again),
	KUNIT_CASE(without_a_head_it_waits_if_it_must),
	KUNIT_CASE(a_failing_request_waits_for_a_grace_period),
	KUNIT_CASE(a_failing_atomic_request_ends_the_batch),
	KUNIT_CASE(only_who_may_sleep_looks_at_all_cpus),
	KUNIT_CASE(the_shrinker_waits_for_no_reader),
	KUNIT_CASE(an_interrupt_queues_while_the_cpu_does),
	KUNIT_CASE(cpus_queue_beside_barriers),
	KUNIT_CASE(who_frees_at_once_waits_for_readers),
	KUNIT_CASE(a_drain_ends_the_batches),
	KUNIT_CASE(a_barrier_waits_for_what_was_taken),
	KUNIT_CASE(what_a_cache_has_freed_is_waited_for),
	KUNIT_CASE(so_is_what_is_guarded),
	KUNIT_CASE(so_is_what_is_watched),
	KUNIT_CASE(what_a_heap_has_freed_is_waited_for),
	KUNIT_CASE(and_is_not_swept),
	KUNIT_CASE(so_is_what_others_free_by_words),
	{}
};

GK_SUITE(rcu, suite_init, suite_exit);
