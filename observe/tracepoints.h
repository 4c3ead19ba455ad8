/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * tracepoints: the events of the trace system "galloc", see Documentation/observing.rst.
 *
 * alloc and free hang on the gates: while one of them is enabled, each call takes a slow
 * path.  The others are in slow paths anyway, where a disabled one is a jump that is not
 * taken.  Fields that kmem:kmalloc has too have its names.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM galloc

#if !defined(_GALLOC_TRACEPOINTS_H) || defined(TRACE_HEADER_MULTI_READ)
#define _GALLOC_TRACEPOINTS_H

#include <linux/tracepoint.h>
#include <trace/events/mmflags.h>

#include "galloc_internal.h"

/* trace.c */
int trace_gates_reg(void);
void trace_gates_unreg(void);
unsigned long trace_caller(void);
void trace_count_release(struct page *page, unsigned int npages, bool whole);
const char *trace_owner(const struct rowset *set);

#ifndef _GALLOC_TRACE_REFILL
#define _GALLOC_TRACE_REFILL
/* Where a stack was refilled from. */
enum trace_refill {
	TRACE_REFILL_CACHED,	/* the CPU's own span */
	TRACE_REFILL_TRANSFER,	/* a batch that overflowed on another CPU */
	TRACE_REFILL_SPAN,	/* a span of the row, or a new one */
	TRACE_REFILL_RUNS,	/* several new spans */
};
#endif

TRACE_DEFINE_ENUM(TRACE_REFILL_CACHED);
TRACE_DEFINE_ENUM(TRACE_REFILL_TRANSFER);
TRACE_DEFINE_ENUM(TRACE_REFILL_SPAN);
TRACE_DEFINE_ENUM(TRACE_REFILL_RUNS);

TRACE_EVENT_FN(alloc,

	TP_PROTO(const struct gate_object *o, unsigned long caller),

	TP_ARGS(o, caller),

	TP_STRUCT__entry(
		__field(unsigned long,	call_site)
		__field(const void *,	ptr)
		__field(size_t,		bytes_req)
		__field(size_t,		bytes_alloc)
		__field(unsigned long,	gfp_flags)
		__field(int,		node)
		__field(unsigned int,	class)
		__string(owner,		trace_owner(o->set))
	),

	TP_fast_assign(
		__entry->call_site	= caller;
		__entry->ptr		= o->p;
		__entry->bytes_req	= o->asked;
		__entry->bytes_alloc	= o->size;
		__entry->gfp_flags	= (__force unsigned long)o->gfp;
		__entry->node		= o->nid;
		__entry->class		= o->class;
		galloc_assign_str(owner, trace_owner(o->set));
	),

	TP_printk("call_site=%pS ptr=%p bytes_req=%zu bytes_alloc=%zu gfp_flags=%s node=%d class=%u owner=%s",
		  (void *)__entry->call_site, __entry->ptr, __entry->bytes_req,
		  __entry->bytes_alloc, show_gfp_flags(__entry->gfp_flags),
		  __entry->node, __entry->class, __get_str(owner)),

	trace_gates_reg, trace_gates_unreg
);

TRACE_EVENT_FN(free,

	TP_PROTO(const struct gate_object *o, unsigned long caller),

	TP_ARGS(o, caller),

	TP_STRUCT__entry(
		__field(unsigned long,	call_site)
		__field(const void *,	ptr)
		__field(size_t,		bytes_alloc)
		__field(int,		node)
		__field(unsigned int,	class)
		__string(owner,		trace_owner(o->set))
	),

	TP_fast_assign(
		__entry->call_site	= caller;
		__entry->ptr		= o->p;
		__entry->bytes_alloc	= o->size;
		__entry->node		= o->nid;
		__entry->class		= o->class;
		galloc_assign_str(owner, trace_owner(o->set));
	),

	TP_printk("call_site=%pS ptr=%p bytes_alloc=%zu node=%d class=%u owner=%s",
		  (void *)__entry->call_site, __entry->ptr, __entry->bytes_alloc,
		  __entry->node, __entry->class, __get_str(owner)),

	trace_gates_reg, trace_gates_unreg
);

/* @objects: those on the stack by then, and the one that was asked for. */
TRACE_EVENT(refill,

	TP_PROTO(unsigned int class, int nid, unsigned int objects, unsigned int from),

	TP_ARGS(class, nid, objects, from),

	TP_STRUCT__entry(
		__field(unsigned int,	class)
		__field(int,		node)
		__field(unsigned int,	objects)
		__field(unsigned int,	from)
	),

	TP_fast_assign(
		__entry->class		= class;
		__entry->node		= nid;
		__entry->objects	= objects;
		__entry->from		= from;
	),

	TP_printk("class=%u node=%d objects=%u from=%s",
		  __entry->class, __entry->node, __entry->objects,
		  __print_symbolic(__entry->from,
				   { TRACE_REFILL_CACHED, "cached" },
				   { TRACE_REFILL_TRANSFER, "transfer" },
				   { TRACE_REFILL_SPAN, "span" },
				   { TRACE_REFILL_RUNS, "runs" }))
);

/* @transferred: how many of @objects went to the transfer; the others, to their spans. */
TRACE_EVENT(flush,

	TP_PROTO(unsigned int class, int nid, unsigned int objects, unsigned int transferred),

	TP_ARGS(class, nid, objects, transferred),

	TP_STRUCT__entry(
		__field(unsigned int,	class)
		__field(int,		node)
		__field(unsigned int,	objects)
		__field(unsigned int,	transferred)
	),

	TP_fast_assign(
		__entry->class		= class;
		__entry->node		= nid;
		__entry->objects	= objects;
		__entry->transferred	= transferred;
	),

	TP_printk("class=%u node=%d objects=%u transferred=%u",
		  __entry->class, __entry->node, __entry->objects, __entry->transferred)
);

TRACE_EVENT(grow,

	TP_PROTO(int nid, unsigned long pfn, unsigned int pages, gfp_t gfp),

	TP_ARGS(nid, pfn, pages, gfp),

	TP_STRUCT__entry(
		__field(int,		node)
		__field(unsigned long,	pfn)
		__field(unsigned int,	pages)
		__field(unsigned long,	gfp_flags)
	),

	TP_fast_assign(
		__entry->node		= nid;
		__entry->pfn		= pfn;
		__entry->pages		= pages;
		__entry->gfp_flags	= (__force unsigned long)gfp;
	),

	TP_printk("node=%d pfn=0x%lx pages=%u gfp_flags=%s", __entry->node, __entry->pfn,
		  __entry->pages, show_gfp_flags(__entry->gfp_flags))
);

TRACE_EVENT(release,

	TP_PROTO(int nid, unsigned long pfn, unsigned int pages, bool whole),

	TP_ARGS(nid, pfn, pages, whole),

	TP_STRUCT__entry(
		__field(int,		node)
		__field(unsigned long,	pfn)
		__field(unsigned int,	pages)
		__field(bool,		whole)
	),

	TP_fast_assign(
		__entry->node		= nid;
		__entry->pfn		= pfn;
		__entry->pages		= pages;
		__entry->whole		= whole;
	),

	TP_printk("node=%d pfn=0x%lx pages=%u whole=%u", __entry->node, __entry->pfn,
		  __entry->pages, __entry->whole)
);

/* @faults: that it counts as; more than one only for references of a page. */
TRACE_EVENT(report,

	TP_PROTO(const char *kind, const void *p, unsigned int faults, unsigned long caller),

	TP_ARGS(kind, p, faults, caller),

	TP_STRUCT__entry(
		__field(unsigned long,	call_site)
		__field(const void *,	ptr)
		__field(unsigned int,	faults)
		__string(kind,		kind)
	),

	TP_fast_assign(
		__entry->call_site	= caller;
		__entry->ptr		= p;
		__entry->faults		= faults;
		galloc_assign_str(kind, kind);
	),

	TP_printk("call_site=%pS ptr=%p faults=%u kind=%s", (void *)__entry->call_site,
		  __entry->ptr, __entry->faults, __get_str(kind))
);

TRACE_EVENT(heap_limit,

	TP_PROTO(const struct rowset *set, const struct row_account *account, size_t asked,
		 unsigned long caller),

	TP_ARGS(set, account, asked, caller),

	TP_STRUCT__entry(
		__field(unsigned long,	call_site)
		__field(size_t,		bytes_req)
		__field(long,		held)
		__field(long,		limit)
		__string(owner,		trace_owner(set))
	),

	TP_fast_assign(
		__entry->call_site	= caller;
		__entry->bytes_req	= asked;
		__entry->held		= atomic_long_read(&account->bytes);
		__entry->limit		= account->limit;
		galloc_assign_str(owner, trace_owner(set));
	),

	TP_printk("call_site=%pS owner=%s bytes_req=%zu held=%ld limit=%ld",
		  (void *)__entry->call_site, __get_str(owner), __entry->bytes_req,
		  __entry->held, __entry->limit)
);

#endif /* _GALLOC_TRACEPOINTS_H */

/* Kbuild has the tree in the include path. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH observe
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoints
#include <trace/define_trace.h>
