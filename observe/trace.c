// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * trace: galloc's tracepoints, and what closes the gates for them.
 *
 * alloc and free are called by a watcher of the gates, while one of them is enabled.  The
 * kernel may enable them before galloc_init() and after galloc_exit(), for as long as the
 * module is there; so their gates are closed only in between.
 *
 * Called by the tracing core and galloc_mod.c; calls gate.c.  trace_mutex protects the
 * number of users.  Overview: galloc_mod.c.
 */
/* Before the next line: what it includes may have tracepoints. */
#include "galloc_internal.h"

#define CREATE_TRACE_POINTS
#include "observe/tracepoints.h"
#include "observe/trace.h"

#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/stacktrace.h>

/* Callers that are looked at: more than a call goes deep in galloc. */
#define TRACE_DEPTH	16

static DEFINE_MUTEX(trace_mutex);

/* Of the two events, how many are enabled. */
static unsigned int trace_users;

/* Between galloc_init() and galloc_exit(). */
static bool trace_ready;

/**
 * trace_caller() - where galloc was called
 *
 * The first address on the stack that is not in galloc: many of its functions call each
 * other, so that a return address alone would tell little.
 *
 * Context: Any.
 * Return: The address, 0 if the kernel cannot tell.
 */
unsigned long trace_caller(void)
{
#ifdef CONFIG_STACKTRACE
	unsigned long at[TRACE_DEPTH];
	unsigned int i, n = stack_trace_save(at, TRACE_DEPTH, 1);

	for (i = 0; i < n; i++)
		if (!within_galloc(at[i]))
			return at[i];
#endif
	return 0;
}

/* Pages are about to return to the system, in one piece or one by one. */
void trace_count_release(struct page *page, unsigned int npages, bool whole)
{
	if (whole)
		count_event(EVENT_RELEASE_BLOCK);
	else
		this_cpu_add(galloc_events[EVENT_RELEASE_PAGES], npages);
	trace_release(page_to_nid(page), page_to_pfn(page), npages, whole);
}

/* Whose rows they are; "-": everybody's. */
const char *trace_owner(const struct rowset *set)
{
	return set ? set->args.name : "-";
}

static void trace_see_alloc(const struct gate_object *o)
{
	if (trace_alloc_enabled())
		trace_alloc(o, trace_caller());
}

static void trace_see_free(const struct gate_object *o)
{
	if (trace_free_enabled())
		trace_free(o, trace_caller());
}

static const struct gate_watcher trace_watcher = {
	.alloc = trace_see_alloc,
	.free = trace_see_free,
};

static void trace_close(void)
{
	lockdep_assert_held(&trace_mutex);
	/* Whoever enables an event is not in a hotplug callback, and waits. */
	if (gate_close(GATE_TRACE, &trace_watcher, GATE_ALL_ROWS))
		gate_wait();
}

/* The first probe of an event is about to be added. */
int trace_gates_reg(void)
{
	mutex_lock(&trace_mutex);
	if (!trace_users++ && trace_ready)
		trace_close();
	mutex_unlock(&trace_mutex);
	return 0;
}

/* Its last one was removed. */
void trace_gates_unreg(void)
{
	mutex_lock(&trace_mutex);
	if (!--trace_users && trace_ready)
		gate_open(GATE_TRACE);
	mutex_unlock(&trace_mutex);
}

/* From here on events can be seen. */
void trace_gates_init(void)
{
	mutex_lock(&trace_mutex);
	trace_ready = true;
	if (trace_users)
		trace_close();
	mutex_unlock(&trace_mutex);
}

/* Before anything goes that the gates need. */
void trace_gates_exit(void)
{
	mutex_lock(&trace_mutex);
	trace_ready = false;
	if (trace_users)
		gate_open(GATE_TRACE);
	mutex_unlock(&trace_mutex);
}
