/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * events: counters, totals, consistency checks and reports.
 *
 * Included by galloc_internal.h, whose types it uses.
 */
#ifndef _GALLOC_EVENTS_H
#define _GALLOC_EVENTS_H

#include <linux/percpu.h>

/* stats.c */

/*
 * Events that are rare enough to be counted with a shared atomic.  Each list makes
 * a part of the enum, the names in a file of debugfs/galloc, and the printing: stats
 * has those that concern an administrator, events has the others.
 */
#define GALLOC_EVENTS_STATS(X)						\
	X(GROW_FAILED,		"grow_failed")				\
	X(LIMIT_HIT,		"limit_hits")				\
	X(OVER_LIMIT,		"over_limit")				\
	X(ALLOC_FAILED,		"alloc_failed")				\
	X(NMI,			"nmi_refused")				\
	X(SHRINKER,		"shrinker_runs")

#define GALLOC_EVENTS_OTHER(X)						\
	X(GROW,			"grow_chunks")				\
	X(GROW_FALLBACK,	"grow_fallback_orders")			\
	X(GROW_OTHER_NODE,	"grow_other_node")			\
	X(RESERVE_SPAN,		"reserve_spans")			\
	X(STANDBY,		"atomic_reserve_runs")			\
	X(RELEASE_BLOCK,	"release_blocks")			\
	X(RELEASE_PAGES,	"release_pages")			\
	X(BUSY_ALLOC,		"busy_allocs")				\
	X(BUSY_FREE,		"busy_frees")				\
	X(BUSY_TASK,		"busy_in_task")				\
	X(BUSY_SOFTIRQ,		"busy_in_softirq")			\
	X(BUSY_HARDIRQ,		"busy_in_hardirq")			\
	X(CLAIM_RACED,		"claims_raced")				\
	X(FULL_WON,		"full_rescans_won")			\
	X(FULL_LOST,		"full_rescans_lost")			\
	X(EMPTY_WON,		"empty_rescans_won")			\
	X(EMPTY_LOST,		"empty_rescans_lost")			\
	X(ROW_CHANGED,		"row_changed")				\
	X(INSTALL_LOST,		"install_lost")				\
	X(MIGRATED,		"migrated_returns")			\
	X(DEAD_CPU,		"dead_cpus_drained")			\
	X(DEFERRED_RETURNED,	"deferrals_returned")			\
	X(DEFERRED,		"deferrals")				\
	X(DRAIN,		"drains")				\
	X(LARGE_ALLOC,		"large_allocs")				\
	X(LARGE_FREE,		"large_frees")				\
	X(MAP_GROWN,		"map_grown")				\
	X(RCU_BATCH,		"rcu_batches")				\
	X(RCU_HEAD,		"rcu_without_array")			\
	X(NOLOCK_OWED,		"nolock_owed")

#define GALLOC_EVENTS(X)						\
	GALLOC_EVENTS_STATS(X)						\
	GALLOC_EVENTS_OTHER(X)

enum galloc_event {
#define X(id, name) EVENT_##id,
	GALLOC_EVENTS(X)
#undef X
	NR_GALLOC_EVENTS
};

/* Per CPU: many at once would take a cache line from each other at each event. */
DECLARE_PER_CPU(unsigned long [NR_GALLOC_EVENTS], galloc_events);

static inline void count_event(enum galloc_event event)
{
	this_cpu_inc(galloc_events[event]);
}

void stats_init(void);
void stats_exit(void);
bool stats_totals(struct galloc_totals *t);
int stats_show(struct seq_file *m, void *v);
int stats_classes_show(struct seq_file *m, void *v);
int stats_mheap_show(struct seq_file *m, void *v);
extern const struct file_operations stats_spans_fops;
extern const struct file_operations stats_validate_fops;
unsigned long stats_report_leaks(void);
const char *stats_event_name(unsigned int event);
unsigned long stats_events(unsigned int event);

/* validate.c */

/**
 * struct galloc_verdict - result of a validation
 * @errors: violations found
 * @cpus_missed: CPUs that did not check their stacks in time
 * @racy: not everything could be compared, because of concurrent calls
 * @no_memory: nothing was compared
 */
struct galloc_verdict {
	unsigned int errors;
	unsigned int cpus_missed;
	bool racy;
	bool no_memory;
};

unsigned int validate_verdict(struct galloc_verdict *v);
unsigned int validate_all(void);

/* selftest.c */

int selftest_run(void);

/* report.c */

/* Mistakes of callers, or of other code with a wild pointer. */
#define GALLOC_FAULTS(X)						\
	X(NOT_OURS,	"not_ours",	"pointer does not belong to galloc")	\
	X(NO_OBJECT,	"no_object",	"address is in no live object")	\
	X(DOUBLE_FREE,	"double_free",	"object is already free")	\
	X(INTERIOR,	"interior",	"pointer into an object")	\
	X(WRONG_SIZE,	"wrong_size",	"object has a different size")	\
	X(WRONG_CACHE,	"wrong_cache",	"object of another cache, or of none")	\
	X(OVERRUN,	"overrun",	"bytes behind an object were written to") \
	X(LATE_WRITE,	"late_write",	"free object was written to")		\
	X(LIVE,		"live",		"destroyed with live objects")		\
	X(FOREIGN_REF,	"foreign_ref",	"page reference dropped by other code")

enum galloc_fault {
#define X(id, name, text) FAULT_##id,
	GALLOC_FAULTS(X)
#undef X
	NR_GALLOC_FAULTS
};

/* Most reports printed in five seconds; all are counted. */
#define GALLOC_REPORT_BURST	10

extern atomic_long_t galloc_faults[NR_GALLOC_FAULTS];
/* What follows a report, by the parameter fault. */
enum report_then { REPORT_ONLY, REPORT_PANIC, REPORT_OOPS };

extern enum report_then galloc_fault_then;
extern struct ratelimit_state galloc_report_limit;

void report_fault(enum galloc_fault fault, const void *p);
void report_free(const void *p, enum mspan_found found);
void report_found(const void *p, enum mspan_found found);
int report_own_begin(void);
void report_own_end(int own);
void report_damage(enum galloc_fault fault, const void *p, size_t at, u8 byte);
void report_stack(u32 stack);
void report_follow_begin(void);
void report_follow_end(void);
void report_dropped(const void *page, unsigned int missing);
bool report_live(const char *what, const char *name, unsigned long objects,
		 unsigned long spans);
const char *report_fault_name(unsigned int fault);

#endif /* _GALLOC_EVENTS_H */
