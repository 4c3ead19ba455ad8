/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * trace: the format in which recorded allocations are kept, and its reader.
 *
 * A trace is a header, a table of kinds, and a stream of events in the order in
 * which they happened.  All numbers are little endian.
 *
 *	header	TRACE_HEADER_BYTES, see struct trace_header and trace_put_header()
 *	kinds	TRACE_KIND_BYTES each: u32 asked, u32 given, u32 flags (TRACE_*)
 *	events	a LEB128 number each, of at most TRACE_EVENT_BYTES and no longer
 *		than it must be; its lowest two bits say what it is, the others are
 *		its argument:
 *
 *	TRACE_ALLOC	an object of this kind.  Objects are numbered from 0 in the
 *			order of their allocation.
 *	TRACE_FREE	of the object that was allocated so many allocations ago; 0
 *			is the latest one.
 *	TRACE_CPU	what follows happened on this CPU.  At the start it is 0.
 *	TRACE_TIME	so many microseconds have passed.
 *
 * A kind has the request and the result of an allocation, so that most events take one
 * byte.  An object is named by its age since that repeats itself: the same function
 * leaves the same bytes each time, and a compressor finds them.
 *
 * The same reader is compiled into galloc_bench.ko, which takes traces from outside,
 * and into galloc-trace.  It trusts no field, and reads no byte beyond the end.
 */
#ifndef _GALLOC_TRACE_H
#define _GALLOC_TRACE_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
#endif

#define TRACE_MAGIC		"GTRACE\r\n"
#define TRACE_VERSION		1
#define TRACE_HEADER_BYTES	128
#define TRACE_KIND_BYTES	12
#define TRACE_EVENT_BYTES	5
#define TRACE_NAME_BYTES	24

/* Limits; a trace beyond one is refused. */
#define TRACE_MAX_BYTES		(1ULL << 30)
#define TRACE_MAX_ALLOCS	(1U << 27)
#define TRACE_MAX_OBJECTS	(1U << 24)	/* live at a time */
#define TRACE_MAX_KINDS		(1U << 16)
#define TRACE_MAX_CPUS		4096
#define TRACE_MAX_SIZE		(4U << 20)	/* what kmalloc() serves everywhere */

/* Flags of a kind: the relevant GFP flags, and the allocator. */
#define TRACE_ATOMIC		0x01	/* must not sleep */
#define TRACE_ZERO		0x02
#define TRACE_ACCOUNT		0x04
#define TRACE_RECLAIMABLE	0x08
#define TRACE_DMA		0x10
#define TRACE_CACHE		0x20	/* of a kmem_cache, not of kmalloc() */
#define TRACE_FLAGS		0x3f

enum trace_op { TRACE_ALLOC, TRACE_FREE, TRACE_CPU, TRACE_TIME };

/**
 * struct trace_header - the header of a trace
 * @cpus: that it names
 * @kinds: entries of the table
 * @checksum: of all that follows the header, see trace_checksum()
 * @bytes: of the whole trace
 * @events: allocations and frees
 * @allocs: allocations
 * @us: time it took to record, microseconds
 * @peak_objects: most objects that were live at a time
 * @too_large: allocations beyond TRACE_MAX_SIZE; not in the trace
 * @peak_asked: most requested bytes live at a time
 * @lost: events that the recorder lost; not in the trace
 * @unknown_frees: frees without a recorded allocation; not in the trace
 * @missed_frees: allocations whose free was not recorded: the same
 *	address was allocated again, or events were lost meanwhile; not in the trace
 * @never_freed: allocations that were live at the end; not in the trace
 * @name: of the recording: the kernel's release, padded with zeroes, the last one
 *	is one
 */
struct trace_header {
	u32 cpus;
	u32 kinds;
	u32 checksum;
	u64 bytes;
	u64 events;
	u64 allocs;
	u64 us;
	u32 peak_objects;
	u32 too_large;
	u64 peak_asked;
	u64 lost;
	u64 unknown_frees;
	u64 missed_frees;
	u64 never_freed;
	char name[TRACE_NAME_BYTES];
};

/* What an allocation asks for, and what the recorded kernel gave. */
struct trace_kind {
	u32 asked;	/* bytes, 1 .. TRACE_MAX_SIZE */
	u32 given;	/* bytes, at least as many, at most twice TRACE_MAX_SIZE */
	u32 flags;
};

/**
 * struct trace_event - an allocation or a free
 * @op: TRACE_ALLOC or TRACE_FREE
 * @cpu: on which it happened
 * @object: its number
 * @kind: of the allocation; not set for a free
 * @us: time since the start, microseconds
 */
struct trace_event {
	enum trace_op op;
	u32 cpu;
	u32 object;
	struct trace_kind kind;
	u64 us;
};

/**
 * struct trace_reader - a walk over a trace
 * @header: of the trace
 * @bytes: the trace
 * @at: where the next event starts
 * @live: a bit for each object; the caller's, see trace_read()
 * @allocs: seen so far
 * @frees: seen so far
 * @cpu: see TRACE_CPU
 * @us: see TRACE_TIME
 * @error: what is wrong with the trace, or NULL
 * @error_at: and the offset of it, bytes
 */
struct trace_reader {
	struct trace_header header;
	const u8 *bytes;
	u64 at;
	u8 *live;
	u32 allocs;
	u32 frees;
	u32 cpu;
	u64 us;
	const char *error;
	u64 error_at;
};

/**
 * trace_open() - see whether these bytes are a trace
 * @r: made ready for trace_read()
 * @bytes: of the trace; they stay the caller's and must not change
 * @size: how many
 *
 * Checks the header and the kinds.
 *
 * Return: true, or false with @r->error and @r->error_at.
 */
bool trace_open(struct trace_reader *r, const void *bytes, u64 size);

/**
 * trace_live_bytes() - what trace_read() needs
 * @r: opened
 *
 * Return: bytes of zeroes that @r->live must point to before the first
 * trace_read(); at most TRACE_MAX_ALLOCS / 8.
 */
u64 trace_live_bytes(const struct trace_reader *r);

/**
 * trace_read() - the next event
 * @r: opened, with @r->live
 * @e: the event
 *
 * A trace has been checked as a whole when the walk has come to its end: only then
 * are its checksum and what the header says of the events known to be right.
 *
 * Return: true, or false at the end of the trace, or false with @r->error and
 * @r->error_at.
 */
bool trace_read(struct trace_reader *r, struct trace_event *e);

/**
 * trace_kind() - an entry of the table
 * @r: opened
 * @i: which, less than @r->header.kinds
 *
 * Return: the entry.
 */
struct trace_kind trace_kind(const struct trace_reader *r, u32 i);

/* ---- what a writer needs; each returns the first byte behind what it wrote ---------- */

/* TRACE_HEADER_BYTES at @to. */
u8 *trace_put_header(u8 *to, const struct trace_header *header);
/* TRACE_KIND_BYTES at @to. */
u8 *trace_put_kind(u8 *to, const struct trace_kind *kind);
/* Up to TRACE_EVENT_BYTES at @to; @argument is less than 2^33. */
u8 *trace_put_event(u8 *to, enum trace_op op, u64 argument);

/**
 * trace_checksum() - CRC-32 as of zip and Ethernet
 * @crc: of what comes in front, 0 at first
 * @bytes: to go on with
 * @size: how many
 *
 * Return: the checksum of all so far.
 */
u32 trace_checksum(u32 crc, const void *bytes, u64 size);

#endif /* _GALLOC_TRACE_H */
