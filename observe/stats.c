// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * stats: memory usage in debugfs, and leaks at unload.
 *
 * Most numbers are computed by walking: the address map for spans, the CPUs' stacks
 * for stacks.  The layers count only rare events.  Their counters are read without a
 * lock, data_race(), since they are stale as soon as they are printed.
 * Documentation/stats.rst defines columns and keys; their version is
 * GALLOC_STATS_VERSION.
 */
#include "debug/watch.h"
#include "heaps.h"
#include "mcache.h"
#include "observe/metrics.h"
#include "observe/profile.h"
#include "observe/sample.h"
#include "observe/shown.h"
#include "observe/sums.h"

#include <linux/cpu.h>
#include <linux/debugfs.h>
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nodemask.h>
#include <linux/proc_fs.h>
#include <linux/slab.h>

#define GALLOC_STATS_VERSION	2

/* Blocks by fullness are counted in tenths. */
#define FULLNESS_STEPS		10

/* More than a line of mheap takes. */
#define MHEAP_LINE_BYTES	32

DEFINE_PER_CPU(unsigned long [NR_GALLOC_EVENTS], galloc_events);

#define X(id, name) name,
static const char * const event_names[] = { GALLOC_EVENTS(X) };
#undef X

static_assert(ARRAY_SIZE(event_names) == NR_GALLOC_EVENTS);

const char *stats_event_name(unsigned int event)
{
	return event_names[event];
}

/* Add objects of @size. */
static void totals_add(struct galloc_totals *t, const struct class_sums *cs,
		       unsigned long size)
{
	/* Negative: an object is on a stack twice, or we raced. */
	t->unsure |= sums_in_use_or_less(cs) < 0;
	t->in_use += sums_in_use(cs) * size;
	t->deferred += cs->waiting * size;
	t->cached += cs->cached * size;
	t->central += cs->free * size;
	t->tail += sums_tail(cs, size);
	t->short_spans += cs->shorts;
}

/* Fill in the totals of a walk. */
void stats_totals_of(const struct sums *sums, struct galloc_totals *t)
{
	unsigned long reserve, standby = standby_pages();
	unsigned int class, i;

	memset(t, 0, sizeof(*t));
	t->unsure = sums->unsure;
	t->system = arena_held_bytes();
	t->meta = arena_meta_bytes();
	t->free = sums->free_pages << PAGE_SHIFT;
	/* Its runs are in TRANSIT; some may have come since the walk. */
	reserve = min(standby, sums->transit_pages);
	t->unsure |= reserve != standby;
	t->atomic_reserve = reserve << PAGE_SHIFT;
	t->deferred = (sums->deferred_pages + sums->transit_pages - reserve) << PAGE_SHIFT;
	t->lost = arena_lost_pages() << PAGE_SHIFT;
	t->in_use = sums->class[0].pages << PAGE_SHIFT;
	t->cached = sums->stashed_pages << PAGE_SHIFT;
	for (class = 1; class < GALLOC_NR_CLASSES; class++)
		totals_add(t, &sums->class[class], class_size(class));
	for (i = 0; i < sums->nr_made; i++)
		totals_add(t, &sums->made[i], sums->made[i].size);
}

/* The same of now; false, and all zero, if there is no memory to count. */
bool stats_totals(struct galloc_totals *t)
{
	struct sums *sums = sums_collect();

	memset(t, 0, sizeof(*t));
	if (!sums)
		return false;
	stats_totals_of(sums, t);
	sums_free(sums);
	return true;
}

/* ---- debugfs: stats and events ----------------------------------------------------- */

/* A key, padded so that the values begin in one column. */
#define LINE		"%-20s "
#define FAULT_LINE	"fault_%-14s "

/* Events that stats has; events has the others. */
#define X(id, name) + 1
enum { NR_STATS_EVENTS = 0 GALLOC_EVENTS_STATS(X) };
#undef X

/* How often something happened so far, on all CPUs; racy. */
unsigned long stats_events(unsigned int event)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += READ_ONCE(per_cpu(galloc_events[event], cpu));
	return n;
}

static void events_print(struct seq_file *m, unsigned int from, unsigned int end)
{
	for (; from < end; from++)
		seq_printf(m, LINE "%lu\n", event_names[from], stats_events(from));
}

int stats_show(struct seq_file *m, void *v)
{
	unsigned long n, bytes;
	struct galloc_totals t;
	unsigned int i;

	if (!stats_totals(&t))
		return -ENOMEM;
	seq_printf(m, LINE "%d\n", "version", GALLOC_STATS_VERSION);
	seq_printf(m, LINE "%s\n", "state", totals_exact(&t) ? "exact" : "racy");
	seq_printf(m, LINE "%ld\n", "system_bytes", t.system);
#define X(name) seq_printf(m, LINE "%ld\n", #name "_bytes", t.name);
	GALLOC_TOTALS(X)
#undef X
	seq_printf(m, LINE "%lu\n", "limit_bytes", galloc_limit_bytes);
	seq_printf(m, LINE "%lu\n", "reserve_bytes",
		   galloc_reserve_pages << PAGE_SHIFT);
	seq_printf(m, LINE "%lu\n", "free_max_bytes",
		   release_free_max() << PAGE_SHIFT);
	seq_printf(m, LINE "%lu\n", "cpu_cache_bytes", galloc_cpu_cache_bytes);
	seq_printf(m, LINE "%lu\n", "sample_bytes", READ_ONCE(sample_mean));
	seq_printf(m, LINE "%lu\n", "page_bytes", PAGE_SIZE);
	seq_printf(m, LINE "%d\n", "debug", galloc_debug);
	seq_printf(m, LINE "%ld\n", "short_spans", t.short_spans);
	events_print(m, 0, NR_STATS_EVENTS);
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		seq_printf(m, FAULT_LINE "%ld\n", report_fault_name(i),
			   atomic_long_read(&galloc_faults[i]));
	rcu_batches_waiting(&n, &bytes);
	seq_printf(m, LINE "%lu\n" LINE "%lu\n", "rcu_waiting_objects", n,
		   "rcu_waiting_bytes", bytes);
	rcu_batches_peak(&n, &bytes);
	seq_printf(m, LINE "%lu\n" LINE "%lu\n", "rcu_peak_objects", n,
		   "rcu_peak_bytes", bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int events_show(struct seq_file *m, void *v)
{
	events_print(m, NR_STATS_EVENTS, NR_GALLOC_EVENTS);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(events);

/* ---- debugfs: classes -------------------------------------------------------------- */

static void class_line(struct seq_file *m, const struct class_sums *cs,
		       unsigned long size)
{
	seq_printf(m, " %10lu %14lu %14lu %15lu %6lu %6lu %10lu %10lu\n", size,
		   sums_in_use(cs), cs->cached, cs->free, cs->spans, cs->pages, cs->allocs,
		   sums_tail(cs, size));
}

int stats_classes_show(struct seq_file *m, void *v)
{
	struct sums *sums = sums_collect();
	struct rowset *set = NULL;
	struct class_sums sum;
	unsigned int class;

	if (!sums)
		return -ENOMEM;
	seq_puts(m, "class size_bytes in_use_objects cached_objects central_objects  spans  pages     allocs tail_bytes\n");
	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		seq_printf(m, "%-5u", class);
		class_line(m, &sums->class[class], class_size(class));
	}
	seq_printf(m, "large %10u %14lu %14u %15u %6lu %6lu %10lu %10u\n", 0,
		   sums->class[0].taken, 0, 0, sums->class[0].spans,
		   sums->class[0].pages, sums->class[0].allocs, 0);
	/* Those with a class belong to something that has a table of its own. */
	while ((set = rows_next_set(set))) {
		if (set->args.class || !set->args.sc.size)
			continue;
		sums_of_set(sums, set, &sum);
		shown_print(m, set->args.name, 0);
		class_line(m, &sum, set->args.sc.size);
	}
	sums_free(sums);
	return 0;
}
/* At the first try: with many sets, a walk for each time that the buffer grows. */
SUMS_SHOW_SIZED(stats_classes, (GALLOC_NR_CLASSES + 2 + READ_ONCE(rows_nr_sets)) *
	      SUMS_LINE_BYTES);

/* ---- debugfs: mheap ------------------------------------------------------------------ */

/* One node. */
struct node_sums {
	unsigned long runs[ARENA_PAGES + 1];	/* FREE runs by length */
	unsigned long blocks[FULLNESS_STEPS + 1];
	unsigned long whole;
	unsigned long slots;
	unsigned int used;			/* of the slot being walked */
	unsigned int free;
	int nid;
};

static void sum_run(struct mspan *s, void *arg)
{
	struct node_sums *ns = arg;

	ns->nid = s->arena->nid;
	if (mspan_state(s) == MSPAN_FREE) {
		ns->runs[min_t(unsigned int, s->npages, ARENA_PAGES)]++;
		ns->free += s->npages;
	} else {
		ns->used += min_t(unsigned int, s->npages, ARENA_PAGES);
	}
	if (s->arena->whole && s->start == s->arena->start)
		ns->whole++;
}

static void sum_slot(struct node_sums *all, unsigned long nr)
{
	struct node_sums *ns = &all[nr_node_ids];
	struct node_sums *node;
	unsigned int i;

	memset(ns, 0, sizeof(*ns));
	if (!map_walk_slot(nr, sum_run, ns) || !(ns->used + ns->free))
		return;
	node = &all[ns->nid];
	node->slots++;
	node->whole += ns->whole;
	node->blocks[ns->used * FULLNESS_STEPS / (ns->used + ns->free)]++;
	for (i = 1; i <= ARENA_PAGES; i++)
		node->runs[i] += ns->runs[i];
}

int stats_mheap_show(struct seq_file *m, void *v)
{
	struct node_sums *all;
	unsigned long nr;
	unsigned int i;
	int nid;

	all = galloc_fail(get_order(sizeof(*all))) ? NULL :
	      kvcalloc(nr_node_ids + 1, sizeof(*all), GFP_KERNEL);
	if (!all)
		return -ENOMEM;
	for (nr = 0; nr < map_nr_slots(); nr++) {
		sum_slot(all, nr);
		if (nr % 64 == 0)
			cond_resched();
	}
	seq_puts(m, "node what key count\n");
	for_each_node(nid) {
		const struct mheap *h = mheap_of(nid);

		seq_printf(m, "%d pages free %lu\n", nid,
			   data_race(h->free_pages));
		seq_printf(m, "%d pages used %lu\n", nid,
			   data_race(h->used_pages));
		seq_printf(m, "%d pages deferred %lu\n", nid,
			   data_race(h->deferred_pages));
		seq_printf(m, "%d blocks all %lu\n", nid, all[nid].slots);
		seq_printf(m, "%d blocks whole %lu\n", nid, all[nid].whole);
		for (i = 0; i <= FULLNESS_STEPS; i++)
			seq_printf(m, "%d fullness %u%% %lu\n", nid,
				   i * 100 / FULLNESS_STEPS, all[nid].blocks[i]);
		for (i = 1; i <= ARENA_PAGES; i++)
			if (all[nid].runs[i])
				seq_printf(m, "%d run %u %lu\n", nid, i,
					   all[nid].runs[i]);
	}
	kvfree(all);
	return 0;
}
/* Most of it is a line for each length of runs. */
SUMS_SHOW_SIZED(stats_mheap, nr_node_ids * (ARENA_PAGES + 2 * FULLNESS_STEPS) * MHEAP_LINE_BYTES);

/* ---- debugfs: mcache ------------------------------------------------------------------- */

static void mcache_show_cpu(struct seq_file *m, int cpu)
{
	const struct mcache *c = per_cpu_ptr(&galloc_mcache, cpu);
	unsigned long bytes = 0, capacity = 0, hits = 0, misses = 0, overflows = 0;
	unsigned long spans = 0;
	unsigned int number;

	for (number = STACK_FIRST; number < nr_stacks; number++) {
		const struct mcache_stack *stacks = READ_ONCE(c->stacks);
		const struct mcache_stack *stack = stacks + number;
		unsigned int size = stack_size(stack_k(number));
		long room = mcache_racy(stack->end) - mcache_racy(stack->base);

		room = max(room, 0L);
		bytes += stack_places(stack) * size;
		capacity += room * size;
		hits += mcache_allocs(stacks, number);
		misses += mcache_racy(stack->misses);
		overflows += mcache_racy(stack->overflows);
		spans += !!mcache_racy(stack->span);
	}
	seq_printf(m, "%-3d %4d %12lu %14lu %5lu %10lu %10lu %10lu %10lu\n", cpu, c->nid,
		   bytes, capacity, spans, data_race(c->held), hits, misses, overflows);
}

static int mcache_show(struct seq_file *m, void *v)
{
	int cpu;

	seq_puts(m, "cpu node cached_bytes capacity_bytes spans held_bytes       hits     misses  overflows\n");
	cpus_read_lock();
	for_each_online_cpu(cpu)
		mcache_show_cpu(m, cpu);
	cpus_read_unlock();
	return 0;
}
SUMS_SHOW_SIZED(mcache, (num_online_cpus() + 1) * SUMS_LINE_BYTES);

/* ---- debugfs: spans ---------------------------------------------------------------------- */

/* A line of spans; filled in under the lock, printed without it. */
struct span_line {
	unsigned long start;
	unsigned int npages;
	unsigned int class;
	unsigned int size;
	unsigned int state;
	unsigned int objects;
	unsigned int free;
	unsigned int dropped;
	unsigned int page;
	int nid;
};

/* The spans of a slot; the file is read slot by slot. */
struct span_page {
	unsigned long nr;
	unsigned int n;
	struct span_line line[ARENA_PAGES];
};

static void gather_span(struct mspan *s, void *arg)
{
	struct span_page *page = arg;
	struct span_line *line = &page->line[page->n++];
	const struct mcentral *c = mspan_has_objects(s) ? mcentral_of(mspan_row(s)) : NULL;

	line->start = s->start;
	line->npages = s->npages;
	line->class = c ? c->class : 0;
	line->size = c ? c->sc->size : 0;
	line->state = mspan_state(s);
	line->objects = c ? s->objects : 0;
	line->free = c ? mspan_count_free(s) : 0;
	line->dropped = s->dropped;
	line->page = arena_page(s->arena, s->start);
	line->nid = s->arena->nid;
}

/* Find the next slot from @nr on that has spans; *pos is its number plus one. */
static void *spans_find(struct span_page *page, unsigned long nr, loff_t *pos)
{
	for (; nr < map_nr_slots(); nr++) {
		page->n = 0;
		page->nr = nr;
		mend_slot(nr);
		if (map_walk_slot(nr, gather_span, page) && page->n) {
			*pos = nr + 1;
			return page;
		}
		if (nr % 64 == 0)
			cond_resched();
	}
	*pos = nr + 1;
	return NULL;
}

static void *spans_start(struct seq_file *m, loff_t *pos)
{
	if (*pos < 0 || *pos > LONG_MAX)
		return NULL;
	return *pos ? spans_find(m->private, *pos - 1, pos) : SEQ_START_TOKEN;
}

static void *spans_next(struct seq_file *m, void *v, loff_t *pos)
{
	return spans_find(m->private, *pos, pos);
}

static void spans_stop(struct seq_file *m, void *v)
{
}

static int spans_line(struct seq_file *m, void *v)
{
	const struct span_page *page = v;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "address          node pages state    class size_bytes objects free_objects dropped_refs  block page\n");
		return 0;
	}
	for (i = 0; i < page->n; i++) {
		const struct span_line *line = &page->line[i];

		seq_printf(m, "%p %4d %5u %-8s %5u %10u %7u %12u %12u %6lu %4u\n",
			   (void *)line->start, line->nid, line->npages,
			   mspan_state_name(line->state), line->class, line->size,
			   line->objects, line->free, line->dropped, page->nr,
			   line->page);
	}
	return 0;
}

static const struct seq_operations spans_sops = {
	.start = spans_start,
	.next = spans_next,
	.stop = spans_stop,
	.show = spans_line,
};

static int spans_open(struct inode *inode, struct file *file)
{
	struct span_page *page = galloc_fail(get_order(sizeof(*page))) ? NULL :
				 kvmalloc(sizeof(*page), GFP_KERNEL);
	int err;

	if (!page)
		return -ENOMEM;
	err = seq_open(file, &spans_sops);
	if (err) {
		kvfree(page);
		return err;
	}
	((struct seq_file *)file->private_data)->private = page;
	return 0;
}

static int spans_release(struct inode *inode, struct file *file)
{
	kvfree(((struct seq_file *)file->private_data)->private);
	return seq_release(inode, file);
}

const struct file_operations stats_spans_fops = {
	.owner = THIS_MODULE,
	.open = spans_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = spans_release,
};

/* ---- debugfs: shrink ----------------------------------------------------------------------- */

/* Any write: free what waits for RCU, drain all CPUs, return all free memory; waits. */
static ssize_t shrink_write(struct file *file, const char __user *buf,
			    size_t len, loff_t *pos)
{
	galloc_rcu_barrier();
	quarantine_flush(true);
	drain_cpus();
	worker_settle();
	release_runs(ULONG_MAX, true);
	return len;
}

static const struct file_operations shrink_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = shrink_write,
	.llseek = noop_llseek,
};

/* ---- debugfs: validate --------------------------------------------------------------------- */

/* Result of the last write. */
static struct galloc_verdict verdict = { .racy = true };
static DEFINE_MUTEX(verdict_mutex);

/*
 * Any write: -EIO if the layers are inconsistent; the log has the details.  -ENOMEM if they were
 * not compared.
 */
static ssize_t validate_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	struct galloc_verdict now;

	validate_verdict(&now);
	if (now.no_memory)
		return -ENOMEM;
	mutex_lock(&verdict_mutex);
	verdict = now;
	mutex_unlock(&verdict_mutex);
	return now.errors ? -EIO : len;
}

static int validate_show(struct seq_file *m, void *v)
{
	mutex_lock(&verdict_mutex);
	seq_printf(m, "state %s\n", verdict.errors ? "wrong" :
		   verdict.racy ? "racy" : "ok");
	seq_printf(m, "errors %u\n", verdict.errors);
	seq_printf(m, "cpus_missed %u\n", verdict.cpus_missed);
	mutex_unlock(&verdict_mutex);
	return 0;
}

static int validate_open(struct inode *inode, struct file *file)
{
	return single_open(file, validate_show, NULL);
}

const struct file_operations stats_validate_fops = {
	.owner = THIS_MODULE,
	.open = validate_open,
	.read = seq_read,
	.write = validate_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* ---- unload -------------------------------------------------------------------------------- */

/* Report what is still allocated of one size.  Returns the number of objects. */
static unsigned long report_leaks_of(const struct class_sums *cs, unsigned long size,
				     const char *what)
{
	unsigned long taken = cs->taken - min(cs->waiting, cs->taken);

	if (taken)
		pr_err("leak: %lu objects of %s (%lu bytes)\n", taken, what, size);
	return taken;
}

/* Report what is still allocated, per class and set.  Returns the number of objects. */
unsigned long stats_report_leaks(void)
{
	unsigned long leaked = 0, dropped = 0, taken;
	struct rowset *set = NULL;
	struct class_sums sum;
	unsigned int class;
	char what[16];
	struct sums *sums;

	mend_all();
	sums = sums_collect_some();
	if (!sums) {
		pr_err("not enough memory to check for leaks\n");
		return 0;
	}
	leaked = sums->class[0].taken;
	if (leaked) {
		dropped = sums->class[0].dropped;
		pr_err("leak: %lu large objects (%lu pages)\n", leaked,
		       sums->class[0].pages);
	}
	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		snprintf(what, sizeof(what), "class %u", class);
		taken = report_leaks_of(&sums->class[class], class_size(class), what);
		leaked += taken;
		dropped += taken ? sums->class[class].dropped : 0;
	}
	while ((set = rows_next_set(set))) {
		sums_of_set(sums, set, &sum);
		taken = report_leaks_of(&sum, set->args.sc.size, set->args.name);
		leaked += taken;
		dropped += taken ? sum.dropped : 0;
	}
	if (dropped)
		pr_err("leak: %lu of these may have been freed by a stray kfree()\n",
		       dropped);
	sums_free(sums);
	if (leaked)
		leaks_print("leak", NULL, NULL);
	return leaked;
}

/* ---- init and exit --------------------------------------------------------------------------- */

static struct dentry *stats_dir;

/* The totals, where debugfs is not to be had. */
static struct proc_dir_entry *stats_proc;

/* For diagnosis only: if it fails, galloc loads nevertheless. */
void stats_init(void)
{
	stats_dir = debugfs_create_dir("galloc", NULL);
	debugfs_create_file("stats", 0400, stats_dir, NULL, &stats_fops);
	debugfs_create_file("events", 0400, stats_dir, NULL, &events_fops);
	debugfs_create_file("classes", 0400, stats_dir, NULL, &stats_classes_fops);
	debugfs_create_file("mheap", 0400, stats_dir, NULL, &stats_mheap_fops);
	debugfs_create_file("mcache", 0400, stats_dir, NULL, &mcache_fops);
	debugfs_create_file("spans", 0400, stats_dir, NULL, &stats_spans_fops);
	debugfs_create_file("shrink", 0200, stats_dir, NULL, &shrink_fops);
	debugfs_create_file("validate", 0600, stats_dir, NULL, &stats_validate_fops);
	heaps_init(stats_dir);
	watch_init(stats_dir);
	leaks_init(stats_dir);
	metrics_init(stats_dir);
	profile_show_init(stats_dir);
	stats_proc = proc_create_single("galloc", 0400, NULL, stats_show);
}

void stats_exit(void)
{
	proc_remove(stats_proc);
	debugfs_remove(stats_dir);
}
