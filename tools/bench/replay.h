/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * replay: the plan of a replay, which plan.c makes of a trace and replay.c follows.
 */
#ifndef _GALLOC_BENCH_REPLAY_H
#define _GALLOC_BENCH_REPLAY_H

#include <linux/types.h>

/* With "/touch" behind it, a variant. */
#define TRACE_NAME_LEN	32

/*
 * Events of the trace among which those of one CPU go before those of the next.  A
 * hand-over takes a microsecond or two, and what a thousand events take is some
 * tens: so waiting is rare, while no object lives much longer than it did.
 */
#define WINDOW		1024

/* Of replay_event.what: 0 is a free, other values are allocations. */
#define EVENT_SIZE	GENMASK(22, 0)	/* up to TRACE_MAX_SIZE */
#define EVENT_ATOMIC	BIT(30)
#define EVENT_ZERO	BIT(31)

/* An allocation into a slot, which is empty, or a free of what is there. */
struct replay_event {
	u32 slot;
	u32 what;
};

/**
 * struct segment - what one CPU does before it is another's turn
 * @first: of its events
 * @events: how many, at most WINDOW
 * @cpu: which
 * @ms: when the trace had come to the end of this window
 */
struct segment {
	u32 first;
	u32 events;
	u32 cpu;
	u32 ms;
};

/**
 * struct plan - what replay.c does
 * @name: of the trace's file, without its suffix
 * @cpus: that take part, 0 and upwards
 * @events: length of @event
 * @segments: length of @segment
 * @slots: length of @slot, the most objects that are live at a time
 * @peak_asked: the most requested bytes that are live at a time
 * @event: all of them, segment by segment
 * @segment: in their order
 * @slot: the live objects; all NULL between replays
 */
struct plan {
	char name[TRACE_NAME_LEN];
	unsigned int cpus;
	u32 events;
	u32 segments;
	u32 slots;
	u64 peak_asked;
	struct replay_event *event;
	struct segment *segment;
	void **slot;
};

struct plan *plan_make(const char *path, unsigned int cpus);
void plan_free(struct plan *plan);

#endif /* _GALLOC_BENCH_REPLAY_H */
