// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * report: reports of bad frees.
 *
 * Called by every layer, with no galloc lock held.  Repairs and frees nothing: the
 * object stays as it is, and the system continues, unless the module was loaded with
 * fault=panic.
 */
#include "galloc_internal.h"
#include "debug/guard.h"
#include "debug/table.h"
#include "observe/stackdepot.h"
#include "observe/tracepoints.h"

#include <linux/kernel.h>
#include <linux/panic.h>
#include <linux/poison.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>

#ifdef CONFIG_KASAN_GENERIC
#include <trace/events/error_report.h>
#endif

atomic_long_t galloc_faults[NR_GALLOC_FAULTS];
enum report_then galloc_fault_then;

/* The suites reset it, so that they see the reports that they provoke. */
DEFINE_RATELIMIT_STATE(galloc_report_limit, 5 * HZ, GALLOC_REPORT_BURST);

#define X(id, name, text) name,
static const char * const fault_names[] = { GALLOC_FAULTS(X) };
#undef X

#define X(id, name, text) text,
static const char * const fault_texts[] = { GALLOC_FAULTS(X) };
#undef X

static_assert(ARRAY_SIZE(fault_names) == NR_GALLOC_FAULTS);

const char *report_fault_name(unsigned int fault)
{
	return fault_names[fault];
}

static void print_span(const void *p)
{
	const struct mcentral *c;
	unsigned long offset;
	char what[32];
	struct mspan s;

	if (guard_print(p))
		return;
	if (!map_span_around(p, &s)) {
		pr_err("  no span: the page does not belong to galloc\n");
		return;
	}
	offset = addr_of(p) - s.start;
	rcu_read_lock();
	c = mspan_has_objects(&s) ? mcentral_of(mspan_row(&s)) : NULL;
	if (!c || !c->sc->size) {
		pr_err("  span of %u pages at %p, %s, offset %lu\n", s.npages,
		       (void *)s.start, mspan_state_name(mspan_state(&s)), offset);
	} else {
		if (c->set)
			strscpy(what, c->set->args.name, sizeof(what));
		else
			snprintf(what, sizeof(what), "class %u", c->class);
		pr_err("  %s of %u bytes, span of %u pages at %p, %s, object %u + %lu\n",
		       what, c->sc->size, s.npages, (void *)s.start,
		       mspan_state_name(mspan_state(&s)),
		       sizeclass_index(c->sc, offset), offset % c->sc->size);
	}
	rcu_read_unlock();
}

/* Print a stack that was saved. */
void report_stack(u32 stack)
{
	const unsigned long *at;
	unsigned int i, n = stackdepot_fetch(stack, &at);

	for (i = 0; i < n; i++)
		pr_err("    %pS\n", (void *)at[i]);
	if (!n)
		pr_err("    (no stack)\n");
}

/* What is recorded of the object that an address is in. */
static bool find_record(const void *p, struct found_record *found)
{
	struct mspan s;

	if (map_span_around(p, &s) && tag_is_large(s.tag))
		p = (void *)s.start;
	return table_find(p, found);
}

/* What is known of the object at an address: whose it is, or was. */
static void print_record(const void *p)
{
	struct found_record found;
	const struct record *r = &found.r;

	if (!find_record(p, &found))
		return;
	/* Not by the task: the idle one, which an interrupt may have been over, has number 0. */
	if (r->since) {
		pr_err("  allocated by task %d, %lu s ago, %u of %u bytes:\n",
		       r->task[RECORD_ALLOC], jiffies / HZ - r->since,
		       r->asked ?: found.size, found.size);
		report_stack(r->stack[RECORD_ALLOC]);
	}
	if (r->state >= RECORD_FREED) {
		pr_err("  freed by task %d:\n", r->task[RECORD_FREE]);
		report_stack(r->stack[RECORD_FREE]);
	}
}

#ifdef CONFIG_KASAN_GENERIC
/* The kernel has reported an access: whose object it was. */
static void follow_fn(void *data, enum error_detector detector, unsigned long addr)
{
	const void *p = (void *)addr;
	struct found_record found;
	struct mspan s;

	/* It may be galloc's own, in a section with a lock; who can be preempted has none. */
	if (in_nmi() || this_cpu_read(galloc_lock_held))
		return;
	if (!map_span_around(p, &s) && !table_find(p, &found))
		return;
	pr_err("what is at %p:\n", p);
	print_span(p);
	print_record(p);
}

/* From here to the end what is known of an object follows each report of KASAN. */
void report_follow_begin(void)
{
	if (register_trace_error_report_end(follow_fn, NULL))
		pr_warn("what KASAN reports is not explained\n");
}

void report_follow_end(void)
{
	unregister_trace_error_report_end(follow_fn, NULL);
	tracepoint_synchronize_unregister();
}
#else
void report_follow_begin(void) { }
void report_follow_end(void) { }
#endif

/* Count a fault @n times; false if nothing should be printed. */
static bool report_count(enum galloc_fault fault, const void *p, unsigned int n)
{
	atomic_long_add(n, &galloc_faults[fault]);
	if (trace_report_enabled())
		trace_report(fault_names[fault], p, n, trace_caller());
	if (galloc_fault_then == REPORT_PANIC)
		panic("galloc: %s: %p\n", fault_texts[fault], p);
	return __ratelimit(&galloc_report_limit);
}

/* Tasks that do galloc's own work; so many more have found no place here. */
#define OWN_TASKS	32

static struct task_struct *own_tasks[OWN_TASKS];
static atomic_t own_more = ATOMIC_INIT(0);

/**
 * report_own_begin() - what this task finds from here on is not its own doing
 *
 * For whatever frees, or looks at, what others have left: the task may be anybody's, and
 * hold mutexes of galloc and of the kernel.
 *
 * Context: Any.
 * Return: For report_own_end(), in the same task.
 */
int report_own_begin(void)
{
	unsigned int i;

	if (likely(galloc_fault_then != REPORT_OOPS))
		return -1;
	for (i = 0; i < OWN_TASKS; i++)
		if (!READ_ONCE(own_tasks[i]) && !cmpxchg(&own_tasks[i], NULL, current))
			return i;
	atomic_inc(&own_more);
	return i;
}

void report_own_end(int own)
{
	if (own >= OWN_TASKS)
		atomic_dec(&own_more);
	else if (own >= 0)
		WRITE_ONCE(own_tasks[own], NULL);
}

/* May this task be ended for what it has found? */
static bool may_end(void)
{
	unsigned int i;

	if (in_interrupt() || current->flags & (PF_WQ_WORKER | PF_EXITING) ||
	    atomic_read(&own_more))
		return false;
	for (i = 0; i < OWN_TASKS; i++)
		if (READ_ONCE(own_tasks[i]) == current)
			return false;
	return true;
}

/*
 * With fault=oops the caller's task ends as by any other oops.  Not where it is galloc itself,
 * or an interrupt, that has found what somebody else did.
 */
static void report_end(void)
{
	void *volatile nowhere = LIST_POISON1;
	bool ends = galloc_fault_then == REPORT_OOPS && may_end();

	galloc_pause(PAUSE_REPORT_END, &ends);
	if (ends)
		WRITE_ONCE(*(unsigned int *)nowhere, 0);
}

/* The same, and print its first line. */
static bool report_begin(enum galloc_fault fault, const void *p, unsigned int n)
{
	if (!report_count(fault, p, n))
		return false;
	pr_err("%s: %s: %p, cpu %d, %s[%d]\n", fault_names[fault],
	       fault_texts[fault], p, raw_smp_processor_id(), current->comm,
	       current->pid);
	return true;
}

/**
 * report_fault() - report a fault
 * @fault: its kind
 * @p: the pointer it is about
 *
 * Counts every fault; prints at most GALLOC_REPORT_BURST in five seconds.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void report_fault(enum galloc_fault fault, const void *p)
{
	if (report_begin(fault, p, 1)) {
		print_span(p);
		print_record(p);
		dump_stack();
	}
	report_end();
}

/**
 * report_damage() - report an object that was written to where it must not
 * @fault: how
 * @p: the object
 * @at: the offset of the first byte that has changed
 * @byte: what it was
 *
 * Prints no stack: it would only show the code that detected it.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void report_damage(enum galloc_fault fault, const void *p, size_t at, u8 byte)
{
	u8 is;

	if (!report_begin(fault, p, 1))
		goto end;
	/* It may be marked, see bytes.c. */
	kasan_disable_current();
	is = READ_ONCE(((const u8 *)p)[at]);
	kasan_enable_current();
	pr_err("  first damaged byte: %zu, which is %#04x and was %#04x\n", at, is, byte);
	print_span(p);
	print_record(p);
end:
	/* It is not known who writes late. */
	if (fault != FAULT_LATE_WRITE)
		report_end();
}

/**
 * report_dropped() - report dropped references of a page
 * @page: address of the page
 * @missing: number of references, and of faults that this counts as
 *
 * Prints no stack: it would only show the code that detected it.
 *
 * Context: Any but NMI, no galloc lock held.
 */
void report_dropped(const void *page, unsigned int missing)
{
	if (!report_begin(FAULT_FOREIGN_REF, page, missing))
		return;
	pr_err("  %u of its references dropped, by a stray kfree() or put_page()\n",
	       missing);
	print_span(page);
}

/**
 * report_live() - report what is destroyed with live objects
 * @what: what it is
 * @name: its name
 * @objects: number of live objects
 * @spans: of spans that they lie in
 *
 * Context: Process.
 * Return: False if the caller should print no more.
 */
bool report_live(const char *what, const char *name, unsigned long objects,
		 unsigned long spans)
{
	if (!report_count(FAULT_LIVE, name, 1))
		return false;
	pr_err("%s: %s: %s %s, %lu objects in %lu spans, %s[%d]\n", fault_names[FAULT_LIVE],
	       fault_texts[FAULT_LIVE], what, name, objects, spans, current->comm,
	       current->pid);
	dump_stack();
	return true;
}

/* What is wrong with a free of a pointer, by what was found at it. */
static enum galloc_fault fault_of_free(const void *p, enum mspan_found found)
{
	enum galloc_fault fault;
	struct mspan s;

	if (found == FOUND_INTERIOR || found == FOUND_TAIL)
		return FAULT_INTERIOR;
	if (found == FOUND_OBJECT)
		return FAULT_DOUBLE_FREE;
	if (guard_judge(p, &fault))
		return fault;
	if (!map_span_around(p, &s))
		return FAULT_NOT_OURS;
	if (tag_is_large(s.tag) && s.start != addr_of(p))
		return FAULT_INTERIOR;
	/* The worker may not have taken apart what gfree_nolock() has freed. */
	return mspan_state(&s) == MSPAN_DROPPED ? FAULT_DOUBLE_FREE : FAULT_NO_OBJECT;
}

/* Report a pointer that could not be freed. */
void report_free(const void *p, enum mspan_found found)
{
	enum galloc_fault fault = fault_of_free(p, found);
	struct found_record last;

	/* Its span has left since it was freed. */
	if (fault == FAULT_NO_OBJECT && table_find(p, &last) && last.first &&
	    last.r.state >= RECORD_FREED)
		report_fault(FAULT_DOUBLE_FREE, p);
	else
		report_fault(fault, p);
}

/* The same where galloc has found what somebody freed before. */
void report_found(const void *p, enum mspan_found found)
{
	int own = report_own_begin();

	report_free(p, found);
	report_own_end(own);
}
