// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * helpers: functions shared by the suites; see helpers.h.
 */
#include "helpers.h"

#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "observe/allocinfo.h"

/* Tries until the totals are exact: pending work completes. */
#define REST_TRIES		20

static atomic_long_t ops_done;

/* ---- expected reports ---------------------------------------------------- */

#define REPORTS		"galloc-reports"

/* Mark the current end of the kernel's log. */
static void log_mark(struct kmsg_dump_iter *log)
{
	kmsg_dump_rewind(log);
	log->cur_seq = log->next_seq;
}

/* Lines since the mark that contain @text, except announcements. */
static unsigned int log_count(const struct kmsg_dump_iter *mark, const char *text)
{
	struct kmsg_dump_iter log = *mark;
	unsigned int n = 0;
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(&log, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += strstr(line, text) && !strstr(line, "galloc-kunit: ");
	}
	return n;
}

/* A warning panics, unless a case expects one. */
static bool warnings_panic;

/* Announces the end even if the case is aborted. */
static void announced_free(struct kunit_resource *res)
{
	printk(KERN_INFO "galloc-kunit: expect end\n");
	gk_panic_on_warn(warnings_panic);
}

static void announce(struct kunit *test, const char *text,
		     enum galloc_fault fault, unsigned int n)
{
	struct gk *gk = test->priv;
	struct gk_report *r;

	KUNIT_ASSERT_LT(test, gk->nr_reports, GK_MAX_REPORTS);
	if (!gk->nr_reports) {
		log_mark(&gk->begin);
		if (gk_panic_on_warn(false))
			warnings_panic = true;
		KUNIT_ASSERT_EQ(test, 0,
				kunit_add_named_resource(test, NULL,
							 announced_free,
							 &gk->announced,
							 REPORTS, gk));
	}
	printk(KERN_INFO "galloc-kunit: expect %s\n", text);
	r = &gk->report[gk->nr_reports++];
	strscpy(r->text, text, sizeof(r->text));
	r->fault = fault;
	r->n = n;
}

/* Announce reports of @fault; gk_expect_faults() then states how many. */
void gk_expect_reports(struct kunit *test, enum galloc_fault fault)
{
	char text[GK_REPORT_TEXT];

	snprintf(text, sizeof(text), "galloc: %s: ", report_fault_name(fault));
	announce(test, text, fault, 0);
}

/* Expect @n reports of @fault, and no others, since the last call. */
void gk_expect_faults(struct kunit *test, enum galloc_fault fault, long n)
{
	struct gk *gk = test->priv;
	int i;

	for (i = 0; i < NR_GALLOC_FAULTS; i++) {
		long now = gk_faults(i);

		KUNIT_EXPECT_EQ_MSG(test, now - gk->faults[i],
				    i == fault ? n : 0, "reports of %s",
				    report_fault_name(i));
		gk->faults[i] = now;
	}
}

/* Expect @n reports, of any kind, since the last call. */
void gk_expect_any_faults(struct kunit *test, long n)
{
	struct gk *gk = test->priv;
	long now, sum = 0;
	int i;

	for (i = 0; i < NR_GALLOC_FAULTS; i++) {
		now = gk_faults(i);
		sum += now - gk->faults[i];
		gk->faults[i] = now;
	}
	KUNIT_EXPECT_EQ_MSG(test, sum, n, "reports of any kind");
}

/*
 * Announce a warning with @text, if it is the first since galloc was loaded:
 * galloc warns once about each kind of call.
 */
void gk_expect_warning(struct kunit *test, const char *text)
{
	static const char *warned[GK_MAX_REPORTS];
	unsigned int i;

	for (i = 0; i < GK_MAX_REPORTS && warned[i]; i++) {
		if (!strcmp(warned[i], text)) {
			announce(test, text, NR_GALLOC_FAULTS, 0);
			return;
		}
	}
	KUNIT_ASSERT_LT(test, i, GK_MAX_REPORTS);
	warned[i] = text;
	announce(test, text, NR_GALLOC_FAULTS, 1);
}

/* From here on reports are printed as well as counted; gk_heard() finds them. */
void gk_listen(struct kunit *test)
{
	struct gk *gk = test->priv;

	ratelimit_state_init(&galloc_report_limit, 5 * HZ, GALLOC_REPORT_BURST);
	log_mark(&gk->listen);
}

/* Lines of the kernel's log with @text since gk_listen(). */
unsigned int gk_heard(struct kunit *test, const char *text)
{
	const struct gk *gk = test->priv;

	return log_count(&gk->listen, text);
}

/* Check that announced reports were printed, within the rate limit. */
static void check_reports(struct kunit *test)
{
	struct kunit_resource *res = kunit_find_named_resource(test, REPORTS);
	struct gk *gk = test->priv;
	unsigned int i, said;
	long n, total = 0;

	if (!res)
		return;
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		total += gk_faults(i) - gk->first[i];
	for (i = 0; i < gk->nr_reports; i++) {
		const struct gk_report *r = &gk->report[i];

		n = r->n;
		if (r->fault < NR_GALLOC_FAULTS)
			n = gk_faults(r->fault) - gk->first[r->fault];
		said = log_count(&gk->begin, r->text);
		if (r->fault == NR_GALLOC_FAULTS || total <= GALLOC_REPORT_BURST)
			KUNIT_EXPECT_EQ_MSG(test, said, n, "reports \"%s\"",
					    r->text);
		else
			KUNIT_EXPECT_LE_MSG(test, said, n, "reports \"%s\"",
					    r->text);
	}
	kunit_put_resource(res);
	kunit_destroy_named_resource(test, REPORTS);
	gk->nr_reports = 0;
}

/* ---- around each case --------------------------------------------------- */

static void settings_save(struct gk *gk)
{
	gk->limit_bytes = galloc_limit_bytes;
	gk->reserve_pages = galloc_reserve_pages;
	gk->free_max_pages = galloc_free_max_pages;
	gk->cpu_cache_bytes = galloc_cpu_cache_bytes;
}

static void settings_restore(const struct gk *gk)
{
	WRITE_ONCE(galloc_pause_hook, NULL);
	WRITE_ONCE(galloc_limit_bytes, gk->limit_bytes);
	WRITE_ONCE(galloc_reserve_pages, gk->reserve_pages);
	WRITE_ONCE(galloc_free_max_pages, gk->free_max_pages);
	WRITE_ONCE(galloc_cpu_cache_bytes, gk->cpu_cache_bytes);
	gk_whole();
}

static bool quiet;

/* Complete galloc's background work, and allow none from here on. */
void gk_quiet(void)
{
	if (!quiet)
		worker_stop();
	quiet = true;
}

/* Allow the tick, drains and the release worker again. */
void gk_background(void)
{
	if (quiet)
		worker_start();
	quiet = false;
}

#ifdef CALLERS_HAVE_TAGS
static bool tags_were_on;
#endif

/* Whether nothing has happened since the last case, and what it has left. */
static struct galloc_totals left;
static bool at_rest;

/* What was not to be had a moment ago says nothing of what is now. */
static void forget_refusals(void)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		WRITE_ONCE(arena_scarce[nid].order, MAX_PAGE_ORDER);
		WRITE_ONCE(arena_scarce[nid].looked, (u32)jiffies - 1);
	}
	WRITE_ONCE(arena_short_until, jiffies - 1);
	for_each_node_state(nid, N_MEMORY)
		WRITE_ONCE(mheap_of(nid)->spent_pages, UINT_MAX);
}

/*
 * Until gk_background() or the end of the suite galloc does nothing by itself: what a case
 * has arranged must not be tidied up between two lines of it.
 */
int gk_init(struct kunit *test)
{
	struct gk *gk = kunit_kzalloc(test, sizeof(*gk), GFP_KERNEL);
	int i;

	if (!gk)
		return -ENOMEM;
	settings_save(gk);
	gk_quiet();
	/* A case that counts slow paths, or pages, does not count samples. */
	if (sample_is_on())
		sample_set(0);
	WRITE_ONCE(drain_ask_isolated, true);
	/* A case that migrated to another node would check the accounting of this one. */
	gk_pin(gk_cpu(0));
	/* Free memory is returned when the case does so, not by the worker. */
	WRITE_ONCE(galloc_free_max_pages, ULONG_MAX / 8);
	/* Nor does one wait the less for what the last one had no memory for. */
	relief_forget();
	if (!at_rest && !gk_rest(&left)) {
		settings_restore(gk);
		gk_background();
		return -EBUSY;
	}
	at_rest = false;
	gk->in_use = left.in_use;
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		gk->faults[i] = gk_faults(i);
	memcpy(gk->first, gk->faults, sizeof(gk->first));
	test->priv = gk;
	gk_listen(test);
	return 0;
}

/* As gk_init(), with background work enabled. */
int gk_init_alive(struct kunit *test)
{
	int err = gk_init(test);

	if (!err)
		gk_background();
	return err;
}

/* As gk_init(), for cases about stacks, of which debug mode has none. */
int gk_init_stacks(struct kunit *test)
{
	int err = gk_init(test);

	if (!err && galloc_debug)
		kunit_skip(test, "no stacks");
	return err;
}

void gk_exit(struct kunit *test)
{
	struct gk *gk = test->priv;
	int i;

	if (!gk)
		return;
	settings_restore(gk);
	gk_feed();
	at_rest = gk_rest(&left);
#define FORMAT(name) ", " #name " %ld"
#define VALUE(name) , left.name
	KUNIT_EXPECT_TRUE_MSG(test, at_rest,
			      "the totals do not add up: system %ld" GALLOC_TOTALS(FORMAT),
			      left.system GALLOC_TOTALS(VALUE));
	KUNIT_EXPECT_EQ_MSG(test, left.in_use, gk->in_use, "live objects are left");
	KUNIT_EXPECT_EQ(test, left.deferred, 0);
	KUNIT_EXPECT_EQ(test, validate_all(), 0);
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		KUNIT_EXPECT_EQ_MSG(test, gk_faults(i), gk->faults[i],
				    "reports of %s", report_fault_name(i));
	check_reports(test);
	test->priv = NULL;
}

/* What the last case has stopped. */
void gk_suite_exit(struct kunit_suite *suite)
{
	at_rest = false;
	gk_background();
}

/*
 * Where the kernel profiles allocations, the gate for that is a case's own from here to
 * gk_tags_back().
 */
void gk_tags_off(void)
{
#ifdef CALLERS_HAVE_TAGS
	tags_were_on = mem_alloc_profiling_enabled();
	static_branch_disable(&mem_alloc_profiling_key);
	allocinfo_follow();
#endif
}

void gk_tags_back(void)
{
#ifdef CALLERS_HAVE_TAGS
	if (tags_were_on)
		static_branch_enable(&mem_alloc_profiling_key);
	allocinfo_follow();
#endif
}

/* ---- galloc's state ------------------------------------------------------- */

/*
 * Bring everything to rest and fill in the totals: free what waits for RCU, drain
 * stacks, free unused arrays, return deferred pages, run callbacks.  Leaves nothing that a
 * tick would free later, which would make room at a limit, and stops background work.
 * False if the totals are still not exact.
 */
bool gk_rest(struct galloc_totals *t)
{
	int i;

	gk_quiet();
	for (i = 0; i < REST_TRIES; i++) {
		galloc_rcu_barrier();
		drain_cpus();
		transfer_age();
		transfer_age();
		worker_settle();
		/* Descriptors of removed slots. */
		if (i)
			rcu_barrier();
		stats_totals(t);
		if (t->system == totals_sum(t) && !t->cached)
			return true;
	}
	return false;
}

/* Bytes of live objects, except those from before the case. */
long gk_in_use(struct kunit *test)
{
	const struct gk *gk = test->priv;
	struct galloc_totals t;

	KUNIT_EXPECT_TRUE(test, gk_rest(&t));
	return t.in_use - gk->in_use;
}

/* What the kernel counts as reclaimable of all nodes. */
long gk_told_pages(void)
{
	long pages = 0;
	int nid;

	for_each_node(nid)
		pages += mheap_of(nid)->told_pages;
	return pages;
}

/* Return all free memory to the system, except the reserve. */
void gk_give_back(void)
{
	struct galloc_totals t;

	gk_rest(&t);
	release_runs(ULONG_MAX, true);
}

/* Grow in whole blocks, as a large heap does; gk_exit() ends it. */
void gk_grow_by_blocks(void)
{
	WRITE_ONCE(galloc_reserve_pages, LONG_MAX);
}

bool gk_any_set(void)
{
	struct rowset *set = rows_next_set(NULL);

	if (set)
		rows_put(set);
	return set;
}

/* Wait until all sets of rows have gone, which takes a moment after the last object has. */
bool gk_sets_gone(void)
{
	return gk_wait_for(!gk_any_set(), GK_PATIENCE_MS);
}

/* Limit galloc to @bytes more than it holds, until gk_unlimit() or gk_exit(). */
void gk_limit_to(long bytes)
{
	/* Otherwise descriptors of removed slots would be freed later, and make room. */
	rcu_barrier();
	WRITE_ONCE(galloc_limit_bytes, arena_limited_bytes() + bytes);
}

/* Free runs that are withheld, see gk_soak(). */
#define MAX_RUNS	4096

static struct mspan *runs[MAX_RUNS];
static unsigned int nr_runs;

/* The free runs of a node, by what they have of pages; found in one walk. */
static struct {
	int nid;
	unsigned int nr;
	unsigned int npages[MAX_RUNS];
} seen;

static void see_free_run(struct mspan *s, void *arg)
{
	if (mspan_state(s) == MSPAN_FREE && !s->huge &&
	    s->arena->nid == seen.nid && seen.nr < MAX_RUNS)
		seen.npages[seen.nr++] = s->npages;
}

static void soak_node(struct kunit *test, int nid)
{
	while (mheap_of(nid)->free_pages > mheap_of(nid)->kept_pages) {
		unsigned long nr;
		unsigned int i;

		seen.nid = nid;
		seen.nr = 0;
		for (nr = 0; nr < map_nr_slots(); nr++)
			map_walk_slot(nr, see_free_run, NULL);
		KUNIT_ASSERT_GT(test, seen.nr, 0);
		for (i = 0; i < seen.nr; i++) {
			KUNIT_ASSERT_LT(test, nr_runs, MAX_RUNS);
			/* An exact fit leaves no rest, so it never grows. */
			runs[nr_runs] = mheap_alloc(nid, seen.npages[i], 1, 0,
						    GFP_NOWAIT | __GFP_THISNODE);
			KUNIT_ASSERT_NOT_NULL(test, runs[nr_runs]);
			nr_runs++;
		}
	}
}

/* Take all free pages, of all nodes, until gk_feed(). */
void gk_soak(struct kunit *test)
{
	int nid;

	for_each_node_state(nid, N_MEMORY)
		soak_node(test, nid);
}

/* The same including cached memory; returns everything except the reserve. */
void gk_take_free_runs(struct kunit *test)
{
	gk_give_back();
	gk_soak(test);
}

/* Lift gk_limit_to(). */
void gk_unlimit(struct kunit *test)
{
	const struct gk *gk = test->priv;

	WRITE_ONCE(galloc_limit_bytes, gk->limit_bytes);
}

/* No memory at all: no free page, no cached object, no growth. */
void gk_starve(struct kunit *test)
{
	gk_take_free_runs(test);
	gk_limit_to(0);
}

/* Free the runs taken; gk_exit() does so, too. */
void gk_feed(void)
{
	while (nr_runs)
		mheap_free(runs[--nr_runs]);
}

/* Requests for this order and larger ones fail, and are counted. */
static struct {
	unsigned int from;
	atomic_t asked;
} pieces;

static bool fail_from(unsigned int order)
{
	if (order < READ_ONCE(pieces.from))
		return false;
	atomic_inc(&pieces.asked);
	return true;
}

/* Until gk_whole(), or the end of the case: no longer runs than 1 << @order pages. */
void gk_in_pieces(unsigned int order)
{
	WRITE_ONCE(pieces.from, order + 1);
	atomic_set(&pieces.asked, 0);
	WRITE_ONCE(galloc_fail_hook, fail_from);
	forget_refusals();
}

/* Requests for more since gk_in_pieces(). */
unsigned int gk_pieces_asked(void)
{
	return atomic_read(&pieces.asked);
}

void gk_whole(void)
{
	WRITE_ONCE(galloc_fail_hook, NULL);
	forget_refusals();
}

/*
 * Have the kernel reclaim, or move pages, until it has 1 << @order: where galloc asks once, and
 * without that, it may find none although there is memory.
 */
void gk_make_room(unsigned int order)
{
	free_pages(__get_free_pages(GFP_KERNEL | __GFP_NOWARN, order), order);
	forget_refusals();
}

/*
 * Has the system so many pages in one piece, for a request of such flags in this context?  One
 * that reclaims and compacts leaves them there for those after it that may not.
 */
bool gk_system_has(unsigned int order, gfp_t gfp)
{
	struct page *page = alloc_pages(gfp | __GFP_NOWARN, order);

	if (page)
		__free_pages(page, order);
	return page;
}

/* ---- a CPU without stacks ------------------------------------------------- */

/* Take this CPU's stacks away, as if it had never called galloc.  Returns them. */
struct mcache_stack *gk_take_stacks_away(struct kunit *test)
{
	struct mcache *m = raw_cpu_ptr(&galloc_mcache);
	struct mcache_stack *had;
	struct galloc_totals t;

	gfree(galloc(64, GFP_KERNEL));
	KUNIT_ASSERT_TRUE(test, gk_rest(&t));
	m = mcache_enter();
	KUNIT_ASSERT_NOT_NULL(test, m);
	had = m->stacks;
	if (!m->held) {
		m->stacks = empty_stacks;
		m->local = empty_stacks;
	}
	mcache_leave(m);
	KUNIT_ASSERT_PTR_NE(test, had, empty_stacks);
	KUNIT_ASSERT_PTR_EQ(test, m->stacks, empty_stacks);
	return had;
}

/* Remove stacks: their rows get their counters, as for a dead CPU. */
void gk_stacks_delete(struct mcache_stack *stacks)
{
	unsigned int row;

	for (row = 0; row < nr_rows; row++) {
		struct mcentral *c = mcentral_rows[row];
		unsigned long flags;

		if (!c || mcentral_is_reserve(c))
			continue;
		galloc_lock(&c->lock, flags);
		c->fast += stack_allocs(stacks, c->stack);
		c->gone += stacks[c->stack].moved;
		galloc_unlock(&c->lock, flags);
	}
	arena_meta_free(stacks, stacks_bytes());
}

/* ---- CPUs and threads --------------------------------------------------- */

/* The n-th online CPU, the last one if there are fewer. */
int gk_cpu(unsigned int n)
{
	int cpu, last = 0;

	for_each_online_cpu(cpu) {
		last = cpu;
		if (!n--)
			break;
	}
	return last;
}

/* Pin the caller to @cpu; a case's thread ends with the case. */
void gk_pin(int cpu)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
}

static int thread_fn(void *arg)
{
	struct gk_thread *t = arg;

	t->fn(t->arg);
	complete(&t->done);
	/* Until gk_join(), so that none of our code runs after it. */
	for (;;) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

struct gk_thread *gk_start(struct kunit *test, int cpu, void (*fn)(void *arg),
			   void *arg)
{
	struct gk_thread *t = kzalloc(sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	init_completion(&t->done);
	t->fn = fn;
	t->arg = arg;
	t->task = kthread_create(thread_fn, t, "galloc-kunit/%d", cpu);
	if (IS_ERR(t->task)) {
		kfree(t);
		KUNIT_ASSERT_TRUE_MSG(test, false, "no thread");
	}
	kthread_bind(t->task, cpu);
	wake_up_process(t->task);
	return t;
}

/*
 * Wait for a thread to finish.  One that does not keeps this
 * module loaded, because it still runs its code.
 */
void gk_join(struct kunit *test, struct gk_thread *t)
{
	if (!wait_for_completion_timeout(&t->done,
					 msecs_to_jiffies(GK_PATIENCE_MS))) {
		__module_get(THIS_MODULE);
		KUNIT_ASSERT_TRUE_MSG(test, false, "a thread did not finish");
	}
	kthread_stop(t->task);
	kfree(t);
}

/* At the limit: the descriptors of the smallest kind that need no page more, linked. */
struct mspan *gk_take_descriptors(void)
{
	struct mspan *s, *all = NULL;

	while ((s = mspan_new(0, GFP_KERNEL | __GFP_NOWARN))) {
		s->next = all;
		all = s;
	}
	return all;
}

void gk_give_descriptors(struct mspan *all)
{
	while (all) {
		struct mspan *s = all;

		all = s->next;
		mspan_delete(s);
	}
}

/*
 * A barrier for threads: each increments *@count once and waits until @n have, in any
 * order.  False if the others did not arrive.
 */
bool gk_meet(atomic_t *count, int n)
{
	atomic_inc(count);
	return gk_yield_for(atomic_read(count) >= n, GK_PATIENCE_MS / 2);
}

/* ---- random numbers, number of operations -------------------------------- */

/* The row of an object's span; 0: there is no object at @p. */
unsigned int gk_row_at(const void *p)
{
	struct object o;
	unsigned int row = 0;

	rcu_read_lock();
	if (mspan_resolve(p, &o) == FOUND_OBJECT)
		row = o.row;
	rcu_read_unlock();
	return row;
}

/* Print the seed, so that seed= reproduces a failure. */
u64 gk_seed(struct kunit *test)
{
	u64 state = gk_first_seed;

	if (!state)
		state = get_random_u32() | 1;
	kunit_info(test, "seed=%llu", state);
	return state;
}

/* Scale a repetition count that is @n for a budget of 10^8 operations. */
unsigned long gk_times(unsigned long n)
{
	return max(mult_frac(n, gk_ops, 100000000UL), n / 1000 + 1);
}

void gk_count_ops(unsigned long n)
{
	atomic_long_add(n, &ops_done);
}

unsigned long gk_ops_done(void)
{
	return atomic_long_read(&ops_done);
}

MODULE_DESCRIPTION("KUnit suites of galloc");
MODULE_LICENSE("GPL");
GALLOC_IMPORT_KUNIT_NS();
