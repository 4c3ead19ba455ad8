/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * recording: what a kernel's tracer saw, before it becomes a trace.
 *
 * text.c reads one and tells recording.c what it finds; convert.c makes pairs of it and
 * writes the trace.  Nothing here ends the program but a lack of
 * memory: @error and @error_at describe errors of the input.
 */
#ifndef _GALLOC_RECORDING_H
#define _GALLOC_RECORDING_H

#include "trace.h"

/*
 * The relevant GFP flags: a call that may sleep may reclaim directly.  The bits have
 * been the same since 4.20.
 */
#define GFP_DMA			0x01
#define GFP_RECLAIMABLE		0x10
#define GFP_ZERO		0x100
#define GFP_DIRECT_RECLAIM	0x400
#define GFP_ACCOUNT		0x400000

/* An allocation or a free, as it was recorded. */
struct recorded {
	u64 ns;
	u64 address;
	u32 asked;	/* 0: this is a free */
	u32 given;
	u32 seq;	/* in the input; it decides between equal times */
	u16 cpu;
	u8 flags;
};

/* A time in which some CPU lost events. */
struct loss {
	u64 from;
	u64 to;
};

/**
 * struct recording - all that was recorded
 * @events: in the order of the input until record_end() sorts them by time
 * @nr_events: their number
 * @losses: by their start, and apart from each other after record_end()
 * @nr_losses: their number
 * @lost: events that the tracer reports as lost
 * @name: of the kernel
 * @last: when each CPU was last seen
 * @losing: a CPU has lost events and was not seen since
 * @lost_before: each CPU may have lost events before it was seen for the first time
 * @error: what is wrong with the input, or NULL
 * @error_at: and in which line
 */
struct recording {
	struct recorded *events;
	u64 nr_events;
	struct loss *losses;
	u64 nr_losses;
	u64 lost;
	char name[TRACE_NAME_BYTES];
	u64 last[TRACE_MAX_CPUS];
	bool losing[TRACE_MAX_CPUS];
	bool lost_before;
	const char *error;
	u64 error_at;
};

/* Refuse the input. */
static inline bool record_fail(struct recording *r, u64 at, const char *error)
{
	r->error = error;
	r->error_at = at;
	return false;
}

/* ---- recording.c ----------------------------------------------------------------------- */

/* Each returns false if the input is invalid. */
/* This CPU was there at this time, whatever it did. */
bool record_seen(struct recording *r, u64 at, u64 cpu, u64 ns);
/* Events that this CPU lost since its last one; 0: unknown number. */
bool record_lost(struct recording *r, u64 at, u64 cpu, u64 events);
/* Each CPU may have lost events before it was seen for the first time. */
void record_lost_before(struct recording *r, u64 events);
bool record_alloc(struct recording *r, u64 at, u64 cpu, u64 ns, u64 address, u64 asked,
		  u64 given, u32 flags);
bool record_free(struct recording *r, u64 at, u64 cpu, u64 ns, u64 address);
/* Sort; keep the first @limit events. */
bool record_end(struct recording *r, u64 limit);
void record_drop(struct recording *r);
/* Part of the name that a header can have. */
void record_name(struct recording *r, const char *name, u64 length);

/* The flags of a kind, of GFP flags. */
u32 record_gfp(u64 gfp);

/* Memory or the end; @bytes may be 0. */
void *need(void *old, u64 bytes);
void *need_zeroes(u64 bytes);

/* ---- text.c ---------------------------------------------------------------------------- */

bool text_read(struct recording *r, const u8 *bytes, u64 size);

/* ---- convert.c ------------------------------------------------------------------------- */

/**
 * convert() - make a trace of a recording
 * @r: after record_end()
 * @size: bytes of the trace
 *
 * Return: the trace, to be given to free(), or NULL with @r->error.
 */
u8 *convert(struct recording *r, u64 *size);

#endif /* _GALLOC_RECORDING_H */
