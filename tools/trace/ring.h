/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ring: pages of the kernel's ring buffer, as a trace.dat has them.
 */
#ifndef _GALLOC_RING_H
#define _GALLOC_RING_H

#include "recording.h"

/* Where a number is. */
struct field {
	u64 offset;
	u64 size;	/* 0: there is none, 1, 2, 4, 8 */
};

enum ring_event_type { RING_ALLOC, RING_CACHE_ALLOC, RING_FREE };

/* An event that matters, as its format file describes it. */
struct ring_event {
	enum ring_event_type type;
	u64 id;
	struct field address;
	struct field asked;
	struct field given;
	struct field gfp;
	struct field accounted;
};

#define RING_EVENTS	6

/**
 * struct ring - how to read the pages of a recording
 * @bytes: of the whole file
 * @page_size: of a page of the buffer
 * @commit: how much of a page is used
 * @data: where it starts
 * @event: those that matter
 * @nr_events: how many
 */
struct ring {
	const u8 *bytes;
	u64 page_size;
	struct field commit;
	struct field data;
	struct ring_event event[RING_EVENTS];
	unsigned int nr_events;
};

/* A file of tracefs within the recording. */
struct part {
	const char *text;
	u64 size;
	u64 at;		/* in the recording */
};

/* events/header_page, events/kmem/NAME/format; false if the recording is refused. */
bool ring_header(struct recording *r, struct ring *ring, const struct part *part);
bool ring_format(struct recording *r, struct ring *ring, const struct part *part);
/* What one CPU recorded: @size bytes of pages at @at. */
bool ring_read(struct recording *r, const struct ring *ring, u64 cpu, u64 at, u64 size);

u64 ring_number(const u8 *from, u64 size);

#endif /* _GALLOC_RING_H */
