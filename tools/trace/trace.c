// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * trace: the reader of traces, for the kernel and for galloc-trace; see trace.h.
 *
 * No memory is allocated here, and nothing is called but memcpy() and its like.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "trace.h"

/* Where each field of the header is. */
enum {
	AT_MAGIC = 0,
	AT_VERSION = 8,
	AT_CPUS = 12,
	AT_KINDS = 16,
	AT_CHECKSUM = 20,
	AT_BYTES = 24,
	AT_EVENTS = 32,
	AT_ALLOCS = 40,
	AT_US = 48,
	AT_PEAK_OBJECTS = 56,
	AT_TOO_LARGE = 60,
	AT_PEAK_ASKED = 64,
	AT_LOST = 72,
	AT_UNKNOWN_FREES = 80,
	AT_MISSED_FREES = 88,
	AT_NEVER_FREED = 96,
	AT_NAME = 104,
};

static u64 get(const u8 *from, unsigned int bytes)
{
	u64 value = 0;

	while (bytes--)
		value = value << 8 | from[bytes];
	return value;
}

static void put(u8 *to, u64 value, unsigned int bytes)
{
	for (; bytes--; value >>= 8)
		*to++ = value;
}

static bool fail(struct trace_reader *r, u64 at, const char *error)
{
	r->error = error;
	r->error_at = at;
	return false;
}

u32 trace_checksum(u32 crc, const void *bytes, u64 size)
{
	const u8 *byte = bytes;
	unsigned int bit;

	crc = ~crc;
	while (size--) {
		crc ^= *byte++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* ---- open ---------------------------------------------------------------------------- */

static void get_header(struct trace_header *h, const u8 *from)
{
	h->cpus = get(from + AT_CPUS, 4);
	h->kinds = get(from + AT_KINDS, 4);
	h->checksum = get(from + AT_CHECKSUM, 4);
	h->bytes = get(from + AT_BYTES, 8);
	h->events = get(from + AT_EVENTS, 8);
	h->allocs = get(from + AT_ALLOCS, 8);
	h->us = get(from + AT_US, 8);
	h->peak_objects = get(from + AT_PEAK_OBJECTS, 4);
	h->too_large = get(from + AT_TOO_LARGE, 4);
	h->peak_asked = get(from + AT_PEAK_ASKED, 8);
	h->lost = get(from + AT_LOST, 8);
	h->unknown_frees = get(from + AT_UNKNOWN_FREES, 8);
	h->missed_frees = get(from + AT_MISSED_FREES, 8);
	h->never_freed = get(from + AT_NEVER_FREED, 8);
	memcpy(h->name, from + AT_NAME, TRACE_NAME_BYTES);
}

static u64 kinds_end(const struct trace_header *h)
{
	return TRACE_HEADER_BYTES + (u64)h->kinds * TRACE_KIND_BYTES;
}

static bool name_is_good(const char *name)
{
	unsigned int i, end = 0;

	while (end < TRACE_NAME_BYTES && name[end])
		end++;
	if (end == TRACE_NAME_BYTES)
		return false;
	/* For a terminal and a column of a table. */
	for (i = 0; i < end; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	for (; i < TRACE_NAME_BYTES; i++)
		if (name[i])
			return false;
	return true;
}

static bool check_header(struct trace_reader *r, u64 size)
{
	const struct trace_header *h = &r->header;

	if (!h->cpus || h->cpus > TRACE_MAX_CPUS)
		return fail(r, AT_CPUS, "number of CPUs beyond the limits");
	if (!h->kinds || h->kinds > TRACE_MAX_KINDS)
		return fail(r, AT_KINDS, "number of kinds beyond the limits");
	if (h->bytes > size)
		return fail(r, size, "truncated");
	if (h->bytes < size)
		return fail(r, AT_BYTES, "more bytes than the header says");
	if (kinds_end(h) > size)
		return fail(r, AT_KINDS, "more kinds than bytes");
	if (!h->allocs || h->allocs > TRACE_MAX_ALLOCS)
		return fail(r, AT_ALLOCS, "number of allocations beyond the limits");
	/* An event takes a byte at least. */
	if (h->events < h->allocs || h->events > 2 * h->allocs ||
	    h->events > size - kinds_end(h))
		return fail(r, AT_EVENTS, "number of events beyond the limits");
	if (!h->peak_objects || h->peak_objects > TRACE_MAX_OBJECTS)
		return fail(r, AT_PEAK_OBJECTS, "number of live objects beyond the limits");
	if (!name_is_good(h->name))
		return fail(r, AT_NAME, "name is not text");
	return true;
}

struct trace_kind trace_kind(const struct trace_reader *r, u32 i)
{
	const u8 *from = r->bytes + TRACE_HEADER_BYTES + (u64)i * TRACE_KIND_BYTES;

	return (struct trace_kind) {
		.asked = get(from, 4),
		.given = get(from + 4, 4),
		.flags = get(from + 8, 4),
	};
}

static bool check_kinds(struct trace_reader *r)
{
	u64 at = TRACE_HEADER_BYTES;
	u32 i;

	for (i = 0; i < r->header.kinds; i++, at += TRACE_KIND_BYTES) {
		struct trace_kind kind = trace_kind(r, i);

		if (!kind.asked || kind.asked > TRACE_MAX_SIZE)
			return fail(r, at, "size beyond the limits");
		if (kind.given < kind.asked || kind.given > 2 * TRACE_MAX_SIZE)
			return fail(r, at + 4, "given size beyond the limits");
		if (kind.flags & ~TRACE_FLAGS)
			return fail(r, at + 8, "unknown flag");
	}
	return true;
}

bool trace_open(struct trace_reader *r, const void *bytes, u64 size)
{
	*r = (struct trace_reader) { .bytes = bytes };
	/* A part of the magic is a truncated trace; anything else is none. */
	if (memcmp(bytes, TRACE_MAGIC, size < 8 ? size : 8))
		return fail(r, AT_MAGIC, "not a trace");
	if (size < TRACE_HEADER_BYTES)
		return fail(r, size, "truncated");
	if (get(r->bytes + AT_VERSION, 4) != TRACE_VERSION)
		return fail(r, AT_VERSION, "unknown version");
	if (size > TRACE_MAX_BYTES)
		return fail(r, AT_BYTES, "too many bytes");
	get_header(&r->header, r->bytes);
	r->at = kinds_end(&r->header);
	return check_header(r, size) && check_kinds(r);
}

u64 trace_live_bytes(const struct trace_reader *r)
{
	return (r->header.allocs + 7) / 8;
}

/* ---- read ---------------------------------------------------------------------------- */

/* A LEB128 number; false at a byte that cannot be part of one. */
static bool get_number(struct trace_reader *r, u64 *number)
{
	u64 start = r->at;
	unsigned int shift = 0;
	u8 byte;

	*number = 0;
	do {
		if (r->at == r->header.bytes)
			return fail(r, r->at, "ends within an event");
		if (r->at - start == TRACE_EVENT_BYTES)
			return fail(r, start, "event is too long");
		byte = r->bytes[r->at++];
		*number |= (u64)(byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (!byte && shift > 7)
		return fail(r, start, "event is longer than it must be");
	return true;
}

static bool read_alloc(struct trace_reader *r, struct trace_event *e, u64 kind, u64 at)
{
	if (kind >= r->header.kinds)
		return fail(r, at, "allocation of an unknown kind");
	if (r->allocs == r->header.allocs)
		return fail(r, at, "more allocations than the header says");
	if (r->allocs - r->frees == r->header.peak_objects)
		return fail(r, at, "more live objects than the header says");
	e->kind = trace_kind(r, kind);
	e->object = r->allocs++;
	r->live[e->object / 8] |= 1 << e->object % 8;
	return true;
}

static bool read_free(struct trace_reader *r, struct trace_event *e, u64 age, u64 at)
{
	u8 bit;

	if (age >= r->allocs)
		return fail(r, at, "free of an unknown object");
	e->object = r->allocs - 1 - age;
	bit = 1 << e->object % 8;
	if (!(r->live[e->object / 8] & bit))
		return fail(r, at, "second free of an object");
	r->live[e->object / 8] &= ~bit;
	r->frees++;
	return true;
}

static bool check_end(struct trace_reader *r)
{
	const struct trace_header *h = &r->header;

	if (r->allocs != h->allocs)
		return fail(r, AT_ALLOCS, "not as many allocations as the header says");
	if ((u64)r->allocs + r->frees != h->events)
		return fail(r, AT_EVENTS, "not as many events as the header says");
	if (trace_checksum(0, r->bytes + TRACE_HEADER_BYTES, h->bytes - TRACE_HEADER_BYTES) !=
	    h->checksum)
		return fail(r, AT_CHECKSUM, "checksum is wrong");
	return false;
}

bool trace_read(struct trace_reader *r, struct trace_event *e)
{
	u64 at, number;

	if (r->error)
		return false;
	while (r->at < r->header.bytes) {
		at = r->at;
		if (!get_number(r, &number))
			return false;
		e->op = number & 3;
		number >>= 2;
		e->cpu = r->cpu;
		e->us = r->us;
		switch (e->op) {
		case TRACE_ALLOC:
			return read_alloc(r, e, number, at);
		case TRACE_FREE:
			return read_free(r, e, number, at);
		case TRACE_CPU:
			if (number >= r->header.cpus)
				return fail(r, at, "unknown CPU");
			r->cpu = number;
			break;
		case TRACE_TIME:
			r->us += number;
			break;
		}
	}
	return check_end(r);
}

/* ---- write --------------------------------------------------------------------------- */

u8 *trace_put_header(u8 *to, const struct trace_header *h)
{
	memset(to, 0, TRACE_HEADER_BYTES);
	memcpy(to + AT_MAGIC, TRACE_MAGIC, 8);
	put(to + AT_VERSION, TRACE_VERSION, 4);
	put(to + AT_CPUS, h->cpus, 4);
	put(to + AT_KINDS, h->kinds, 4);
	put(to + AT_CHECKSUM, h->checksum, 4);
	put(to + AT_BYTES, h->bytes, 8);
	put(to + AT_EVENTS, h->events, 8);
	put(to + AT_ALLOCS, h->allocs, 8);
	put(to + AT_US, h->us, 8);
	put(to + AT_PEAK_OBJECTS, h->peak_objects, 4);
	put(to + AT_TOO_LARGE, h->too_large, 4);
	put(to + AT_PEAK_ASKED, h->peak_asked, 8);
	put(to + AT_LOST, h->lost, 8);
	put(to + AT_UNKNOWN_FREES, h->unknown_frees, 8);
	put(to + AT_MISSED_FREES, h->missed_frees, 8);
	put(to + AT_NEVER_FREED, h->never_freed, 8);
	memcpy(to + AT_NAME, h->name, TRACE_NAME_BYTES);
	return to + TRACE_HEADER_BYTES;
}

u8 *trace_put_kind(u8 *to, const struct trace_kind *kind)
{
	put(to, kind->asked, 4);
	put(to + 4, kind->given, 4);
	put(to + 8, kind->flags, 4);
	return to + TRACE_KIND_BYTES;
}

u8 *trace_put_event(u8 *to, enum trace_op op, u64 argument)
{
	u64 number = argument << 2 | op;

	for (; number >= 0x80; number >>= 7)
		*to++ = number | 0x80;
	*to++ = number;
	return to;
}
