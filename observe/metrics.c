// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * metrics: the numbers of stats, events and classes, and most of heaps, in Prometheus' text
 * form.
 *
 * For a collector that reads files, such as node_exporter's.  Called by debugfs; the
 * numbers are those of stats.c and heaps.c.  Documentation/stats.rst describes them.
 */
#include "client/heap.h"
#include "observe/heaps.h"
#include "observe/metrics.h"
#include "observe/profile.h"
#include "observe/sample.h"
#include "observe/shown.h"
#include "observe/sums.h"

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sort.h>

/* More than they take without heaps and caches. */
#define METRICS_BYTES	(64 * 1024)

static void metric(struct seq_file *m, const char *name, const char *type, const char *help)
{
	seq_printf(m, "# HELP galloc_%s %s\n# TYPE galloc_%s %s\n", name, help, name, type);
}

/* A metric that is one number. */
static void metric_one(struct seq_file *m, const char *name, const char *help,
		       unsigned long value)
{
	metric(m, name, "gauge", help);
	seq_printf(m, "galloc_%s %lu\n", name, value);
}

/* One of those that differ in a label, whose value may be any string. */
static void metric_of(struct seq_file *m, const char *name, const char *label,
		      const char *which, unsigned long value)
{
	seq_printf(m, "galloc_%s{%s=\"", name, label);
	for (; *which; which++)
		if (*which == '\n')
			seq_puts(m, "\\n");
		else if (*which == '"' || *which == '\\')
			seq_printf(m, "\\%c", *which);
		else
			seq_putc(m, *which);
	seq_printf(m, "\"} %lu\n", value);
}

static void metrics_memory(struct seq_file *m, const struct galloc_totals *t)
{
	metric_one(m, "held_bytes", "Memory that galloc holds.", t->system);
	metric(m, "memory_bytes", "gauge", "Its parts; at rest their sum is galloc_held_bytes.");
#define X(name) metric_of(m, "memory_bytes", "part", #name, t->name);
	GALLOC_TOTALS(X)
#undef X
	metric_one(m, "exact", "Whether that is so in these numbers.", totals_exact(t));
	metric_one(m, "short_spans", "Spans shorter than others of their class.",
		   t->short_spans);
}

static void metrics_settings(struct seq_file *m)
{
	metric_one(m, "limit_bytes", "The most to hold; 0 means no limit.", galloc_limit_bytes);
	metric_one(m, "reserve_bytes", "What is kept in any case.",
		   galloc_reserve_pages << PAGE_SHIFT);
	metric_one(m, "free_max_bytes", "Free memory above which some is returned.",
		   release_free_max() << PAGE_SHIFT);
	metric_one(m, "cpu_cache_bytes", "The most that a CPU may cache.",
		   galloc_cpu_cache_bytes);
	metric_one(m, "sample_bytes", "Mean distance of the samples of the heap profile.",
		   READ_ONCE(sample_mean));
	metric_one(m, "debug", "Whether objects bypass the stacks.", galloc_debug);
}

static void metrics_counters(struct seq_file *m)
{
	unsigned int i;

	metric(m, "events_total", "counter", "Rare events since galloc was loaded.");
	for (i = 0; i < NR_GALLOC_EVENTS; i++)
		metric_of(m, "events_total", "event", stats_event_name(i), stats_events(i));
	metric(m, "faults_total", "counter", "Mistakes of clients.");
	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		metric_of(m, "faults_total", "kind", report_fault_name(i),
			  atomic_long_read(&galloc_faults[i]));
}

static void metrics_profile(struct seq_file *m)
{
	struct profile_totals t;

	profile_totals(&t);
	metric(m, "samples_total", "counter", "Objects that the heap profile has sampled.");
	seq_printf(m, "galloc_samples_total %lu\n", t.allocs);
	metric(m, "samples_lost_total", "counter", "Those for which there was no memory.");
	seq_printf(m, "galloc_samples_lost_total %lu\n", t.lost);
}

static void metrics_rcu(struct seq_file *m)
{
	unsigned long n, bytes;

	rcu_batches_waiting(&n, &bytes);
	metric_one(m, "rcu_waiting_objects", "Objects that wait for a grace period.", n);
	metric_one(m, "rcu_waiting_bytes", "Their bytes.", bytes);
	rcu_batches_peak(&n, &bytes);
	metric_one(m, "rcu_peak_objects", "The most objects that have waited.", n);
	metric_one(m, "rcu_peak_bytes", "The most bytes.", bytes);
}

static unsigned long class_in_use(const struct class_sums *cs)
{
	return sums_in_use(cs);
}

static unsigned long class_cached(const struct class_sums *cs)
{
	return cs->cached;
}

static unsigned long class_central(const struct class_sums *cs)
{
	return cs->free;
}

static unsigned long class_pages(const struct class_sums *cs)
{
	return cs->pages;
}

static unsigned long class_allocs(const struct class_sums *cs)
{
	return cs->allocs;
}

/* Of a size class, and of a cache. */
static const struct class_metric {
	const char *name;
	const char *type;
	const char *help;
	unsigned long (*of)(const struct class_sums *cs);
} class_metrics[] = {
	{ "in_use_objects", "gauge", "Objects that clients have", class_in_use },
	{ "cached_objects", "gauge", "Objects on stacks and in transfer", class_cached },
	{ "central_objects", "gauge", "Objects free in their spans", class_central },
	{ "pages", "gauge", "Pages of the spans", class_pages },
	{ "allocs_total", "counter", "Objects allocated", class_allocs },
};

#define METRIC_NAME_BYTES	32

/* Begin a family of metrics; its name is @what's. */
static void class_metric(struct seq_file *m, const struct class_metric *cm, const char *what,
			 char *name)
{
	char help[64];

	snprintf(name, METRIC_NAME_BYTES, "%s_%s", what, cm->name);
	snprintf(help, sizeof(help), "%s, by %s.", cm->help,
		 !strcmp(what, "cache") ? "their cache" : "their size");
	metric(m, name, cm->type, help);
}

static void metrics_classes(struct seq_file *m, const struct sums *sums)
{
	struct class_sums large = sums->class[0];
	const struct class_metric *cm;
	char name[METRIC_NAME_BYTES];
	unsigned int class;
	char size[12];

	/* Each is in use; none is on a stack. */
	large.out = large.taken;
	for (cm = class_metrics; cm < class_metrics + ARRAY_SIZE(class_metrics); cm++) {
		class_metric(m, cm, "class", name);
		for (class = 1; class < GALLOC_NR_CLASSES; class++) {
			snprintf(size, sizeof(size), "%lu", class_size(class));
			metric_of(m, name, "size", size, cm->of(&sums->class[class]));
		}
		metric_of(m, name, "size", "large", cm->of(&large));
	}
}

/* ---- caches ------------------------------------------------------------------------------ */

/* Caches of one name; a series that were there twice would spoil all others. */
struct cache_metrics {
	struct rowset *set;	/* one of them, held for its name */
	unsigned long n[ARRAY_SIZE(class_metrics)];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct cache_metrics *)a)->set->args.name,
		      ((const struct cache_metrics *)b)->set->args.name);
}

/* All caches, at most @room.  Returns their number. */
static unsigned long caches_find(struct cache_metrics *cache, unsigned long room,
				 const struct sums *sums)
{
	struct rowset *set = NULL;
	unsigned long nr = 0;
	struct class_sums sum;
	unsigned int i;

	while ((set = rows_next_set(set))) {
		if (nr == room) {
			rows_put(set);
			break;
		}
		/* Those with a class are of heaps. */
		if (set->args.class || !set->args.sc.size || !rows_get(set))
			continue;
		sums_of_set(sums, set, &sum);
		cache[nr].set = set;
		for (i = 0; i < ARRAY_SIZE(class_metrics); i++)
			cache[nr].n[i] = class_metrics[i].of(&sum);
		nr++;
		cond_resched();
	}
	return nr;
}

/* Add up those of one name, which are side by side.  Returns how many are left. */
static unsigned long caches_add_up(struct cache_metrics *cache, unsigned long nr)
{
	unsigned long from, to = 0;
	unsigned int i;

	for (from = 0; from < nr; from++) {
		if (!to || by_name(&cache[to - 1], &cache[from])) {
			cache[to++] = cache[from];
			continue;
		}
		for (i = 0; i < ARRAY_SIZE(class_metrics); i++)
			cache[to - 1].n[i] += cache[from].n[i];
		rows_put(cache[from].set);
	}
	return to;
}

/* The name is that of classes. */
static void cache_metric(struct seq_file *m, const char *name, const char *cache,
			 unsigned long value)
{
	seq_printf(m, "galloc_%s{cache=\"", name);
	for (; *cache; cache++)
		if (!shown_as_it_is(*cache))
			seq_printf(m, "\\\\%03o", (u8)*cache);
		else
			seq_printf(m, *cache == '"' ? "\\%c" : "%c", *cache);
	seq_printf(m, "\"} %lu\n", value);
}

static int metrics_caches(struct seq_file *m, const struct sums *sums)
{
	/* Of those that are made meanwhile, some. */
	unsigned long room = READ_ONCE(rows_nr_sets) + 16, nr, i;
	struct cache_metrics *cache = galloc_fail(get_order(room * sizeof(*cache))) ? NULL :
				      kvcalloc(room, sizeof(*cache), GFP_KERNEL);
	char name[METRIC_NAME_BYTES];
	unsigned int k;

	if (!cache)
		return -ENOMEM;
	nr = caches_find(cache, room, sums);
	sort(cache, nr, sizeof(*cache), by_name, NULL);
	nr = caches_add_up(cache, nr);
	for (k = 0; k < ARRAY_SIZE(class_metrics); k++) {
		class_metric(m, &class_metrics[k], "cache", name);
		for (i = 0; i < nr; i++)
			cache_metric(m, name, cache[i].set->args.name, cache[i].n[k]);
	}
	for (i = 0; i < nr; i++)
		rows_put(cache[i].set);
	kvfree(cache);
	return 0;
}

/* ---- heaps ------------------------------------------------------------------------------- */

/* Which of a heap's numbers is being printed, and where. */
struct heap_metric {
	struct seq_file *m;
	const char *name;
	size_t at;
};

static void heap_metric_print(struct galloc_heap *heap, void *arg)
{
	struct galloc_heap_usage usage;
	struct heap_metric *hm = arg;

	galloc_heap_usage(heap, &usage);
	metric_of(hm->m, hm->name, "heap", heap->name, *(size_t *)((char *)&usage + hm->at));
}

static void heap_allocs_print(struct galloc_heap *heap, void *arg)
{
	metric_of(arg, "heap_allocs_total", "heap", heap->name, heaps_allocs(heap));
}

static void metrics_heaps(struct seq_file *m)
{
	static const struct {
		const char *name;
		const char *type;
		const char *help;
		size_t at;
	} of[] = {
		{ "heap_limit_bytes", "gauge", "Limit of a private heap; 0 means none.",
		  offsetof(struct galloc_heap_usage, limit) },
		{ "heap_held_bytes", "gauge", "Bytes of its pages.",
		  offsetof(struct galloc_heap_usage, held) },
		{ "heap_in_use_bytes", "gauge", "Bytes of objects that its client has.",
		  offsetof(struct galloc_heap_usage, in_use) },
		{ "heap_refused_total", "counter", "Requests that the limit refused.",
		  offsetof(struct galloc_heap_usage, refused) },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(of); i++) {
		metric(m, of[i].name, of[i].type, of[i].help);
		heap_walk(heap_metric_print, &(struct heap_metric) {
			.m = m, .name = of[i].name, .at = of[i].at,
		});
	}
	metric(m, "heap_allocs_total", "counter",
	       "Small objects allocated, but for those of its caches.");
	heap_walk(heap_allocs_print, m);
}

int metrics_show(struct seq_file *m, void *v)
{
	struct galloc_totals totals;
	struct sums *sums;
	int err;

	sums = sums_collect();
	if (!sums)
		return -ENOMEM;
	stats_totals_of(sums, &totals);
	metrics_memory(m, &totals);
	metrics_settings(m);
	metrics_counters(m);
	metrics_rcu(m);
	metrics_profile(m);
	metrics_classes(m, sums);
	err = metrics_caches(m, sums);
	sums_free(sums);
	if (!err)
		metrics_heaps(m);
	return err;
}
SUMS_SHOW_SIZED(metrics, METRICS_BYTES + 5 * (heaps_count() + READ_ONCE(rows_nr_sets)) *
		SUMS_LINE_BYTES);

void metrics_init(struct dentry *parent)
{
	debugfs_create_file("metrics", 0400, parent, NULL, &metrics_fops);
}
