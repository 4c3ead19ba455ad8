// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: the reader of traces (tools/trace), as in galloc_bench.ko, and the replay of a
 * trace.
 *
 * It reads untrusted files.  So the cases damage a trace in many ways, and read it at
 * the very end of a buffer, where KASAN detects an overrun of one byte.
 */
#include "helpers.h"

#include <linux/slab.h>
#include <linux/string.h>

#include "tools/trace/trace.h"

/* Damage is the same in each run. */
#define SEED		20090612ULL
#define DAMAGES		20000

#define KINDS		16	/* events of one byte name them all, and one more */
#define CPUS		3
#define MAX_LIVE	256

/**
 * struct written - a trace, and what was written to it
 * @bytes: of the trace
 * @size: how many
 * @header: of the trace
 * @kind: the table
 * @event: each of @header.events
 */
struct written {
	u8 *bytes;
	size_t size;
	struct trace_header header;
	struct trace_kind kind[KINDS];
	struct trace_event *event;
};

/* ---- a trace that is good ---------------------------------------------------------- */

static struct trace_kind random_kind(u64 *rng)
{
	u32 asked = max_t(u32, gk_random_size(rng), 1);

	return (struct trace_kind) {
		.asked = asked,
		.given = asked + gk_below(rng, asked),
		.flags = gk_random(rng) & TRACE_FLAGS,
	};
}

/* Live objects while a trace is written. */
struct alive {
	u32 object[MAX_LIVE];
	u32 kind[MAX_LIVE];	/* of each */
	u32 n;
	u64 asked;
};

/* An allocation or a free, at random. */
static u8 *write_event(struct written *w, struct alive *a, u64 *rng,
		       struct trace_event *e, u8 *to)
{
	struct trace_header *h = &w->header;
	u32 i = a->n ? gk_below(rng, a->n) : 0;

	if (!a->n || (a->n < MAX_LIVE && gk_below(rng, 8) < 5)) {
		i = a->n++;
		a->kind[i] = gk_below(rng, KINDS);
		a->object[i] = h->allocs++;
		e->op = TRACE_ALLOC;
		e->object = a->object[i];
		e->kind = w->kind[a->kind[i]];
		a->asked += e->kind.asked;
		h->peak_objects = max(h->peak_objects, a->n);
		h->peak_asked = max(h->peak_asked, a->asked);
		return trace_put_event(to, TRACE_ALLOC, a->kind[i]);
	}
	e->op = TRACE_FREE;
	e->object = a->object[i];
	a->asked -= w->kind[a->kind[i]].asked;
	a->n--;
	a->object[i] = a->object[a->n];
	a->kind[i] = a->kind[a->n];
	return trace_put_event(to, TRACE_FREE, h->allocs - 1 - e->object);
}

static struct written *write_trace(struct kunit *test, u64 rng, u32 events)
{
	struct written *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct alive *a = kunit_kzalloc(test, sizeof(*a), GFP_KERNEL);
	size_t most = TRACE_HEADER_BYTES + KINDS * TRACE_KIND_BYTES +
		      3 * events * TRACE_EVENT_BYTES;
	u32 i, cpu = 0;
	u8 *to;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_NOT_NULL(test, a);
	w->bytes = kunit_kzalloc(test, most, GFP_KERNEL);
	w->event = kunit_kcalloc(test, events, sizeof(*w->event), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->bytes);
	KUNIT_ASSERT_NOT_NULL(test, w->event);
	w->header = (struct trace_header) {
		.cpus = CPUS, .kinds = KINDS, .events = events, .name = "kunit",
	};
	to = w->bytes + TRACE_HEADER_BYTES;
	for (i = 0; i < KINDS; i++) {
		w->kind[i] = random_kind(&rng);
		to = trace_put_kind(to, &w->kind[i]);
	}
	for (i = 0; i < events; i++) {
		struct trace_event *e = &w->event[i];

		if (!gk_below(&rng, 8)) {
			u32 us = gk_below(&rng, 1000000);

			cpu = gk_below(&rng, CPUS);
			w->header.us += us;
			to = trace_put_event(to, TRACE_CPU, cpu);
			to = trace_put_event(to, TRACE_TIME, us);
		}
		e->cpu = cpu;
		e->us = w->header.us;
		to = write_event(w, a, &rng, e, to);
	}
	w->size = to - w->bytes;
	w->header.bytes = w->size;
	w->header.checksum = trace_checksum(0, w->bytes + TRACE_HEADER_BYTES,
					    w->size - TRACE_HEADER_BYTES);
	trace_put_header(w->bytes, &w->header);
	return w;
}

/* A reader of all of it, at its beginning. */
static void open_trace(struct kunit *test, const struct written *w, struct trace_reader *r)
{
	KUNIT_ASSERT_TRUE(test, trace_open(r, w->bytes, w->size));
	r->live = kunit_kzalloc(test, trace_live_bytes(r), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, r->live);
}

static void data_written_is_read_back(struct kunit *test)
{
	struct written *w = write_trace(test, SEED, 3000);
	struct trace_reader r;
	struct trace_event e;
	u32 i;

	open_trace(test, w, &r);
	KUNIT_EXPECT_EQ(test, memcmp(&r.header, &w->header, sizeof(r.header)), 0);
	for (i = 0; trace_read(&r, &e); i++) {
		const struct trace_event *was = &w->event[i];

		KUNIT_ASSERT_LT(test, (u64)i, w->header.events);
		KUNIT_ASSERT_EQ(test, (int)e.op, (int)was->op);
		KUNIT_ASSERT_EQ(test, e.cpu, was->cpu);
		KUNIT_ASSERT_EQ(test, e.object, was->object);
		KUNIT_ASSERT_EQ(test, e.us, was->us);
		if (e.op == TRACE_ALLOC)
			KUNIT_ASSERT_EQ(test, memcmp(&e.kind, &was->kind, sizeof(e.kind)), 0);
	}
	KUNIT_EXPECT_NULL(test, r.error);
	KUNIT_EXPECT_EQ(test, (u64)i, w->header.events);
}

/* ---- traces that are damaged --------------------------------------------------------- */

/**
 * struct damage - a damaged trace and how it is read
 * @rng: what comes next
 * @room: bytes at @end's left
 * @end: of the buffer, where the trace ends
 * @live_end: of another, which has a bit for each byte of a trace
 * @size: of the damaged trace
 * @refused: traces so far
 * @accepted: traces so far
 */
struct damage {
	u64 rng;
	size_t room;
	u8 *end;
	u8 *live_end;
	size_t size;
	u32 refused;
	u32 accepted;
};

static void put_number(u8 *to, u64 value, u32 bytes)
{
	for (; bytes--; value >>= 8)
		*to++ = value;
}

/* A number that a careless reader trips over, at a random place. */
static void extreme(struct damage *d, u8 *bytes)
{
	static const u64 values[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff,
		1ULL << 32, S64_MAX, 1ULL << 63, U64_MAX, U64_MAX - 7,
	};
	u32 width = 1 << gk_below(&d->rng, 4);
	/* More often where each number means much. */
	size_t among = gk_below(&d->rng, 2) ? min_t(size_t, d->size, TRACE_HEADER_BYTES) : d->size;

	if (among < width)
		return;
	put_number(bytes + gk_below(&d->rng, among - width + 1),
		   values[gk_below(&d->rng, ARRAY_SIZE(values))], width);
}

/* The first number that each event may not have. */
static void one_too_many(struct damage *d, u8 *bytes)
{
	size_t first = TRACE_HEADER_BYTES + KINDS * TRACE_KIND_BYTES;
	size_t at = first + gk_below(&d->rng, d->size > first ? d->size - first : 1);

	if (at >= d->size)
		return;
	switch (gk_below(&d->rng, 3)) {
	case 0:
		trace_put_event(bytes + at, TRACE_ALLOC, KINDS);
		break;
	case 1:
		trace_put_event(bytes + at, TRACE_CPU, CPUS);
		break;
	default:
		/* Nothing has been allocated yet. */
		trace_put_event(bytes + first, TRACE_FREE, 0);
		break;
	}
}

/* A trace that does not lie about its size and checksum, if it has a header. */
static void repair(u8 *bytes, size_t size)
{
	if (size < TRACE_HEADER_BYTES)
		return;
	put_number(bytes + 24, size, 8);
	put_number(bytes + 20, trace_checksum(0, bytes + TRACE_HEADER_BYTES,
					      size - TRACE_HEADER_BYTES), 4);
}

/* A copy at the end of the buffer, and something wrong with it. */
static const u8 *damage(struct damage *d, const struct written *w)
{
	u32 n = 1 + gk_below(&d->rng, 4), how = gk_below(&d->rng, 9);
	u8 *bytes;

	d->size = how < 2 ? gk_below(&d->rng, w->size + 1) : w->size;
	bytes = d->end - d->size;
	memcpy(bytes, w->bytes, d->size);
	for (; how && d->size && n; n--) {
		if (how < 5)
			bytes[gk_below(&d->rng, d->size)] ^= 1 << gk_below(&d->rng, 8);
		else if (how < 8)
			extreme(d, bytes);
		else
			one_too_many(d, bytes);
	}
	if (gk_below(&d->rng, 4))
		repair(bytes, d->size);
	return bytes;
}

/* Check an event that the reader returned. */
static const char *event_wrong(const struct trace_reader *r, const struct trace_event *e)
{
	if (e->op != TRACE_ALLOC && e->op != TRACE_FREE)
		return "neither an allocation nor a free";
	if (e->cpu >= r->header.cpus)
		return "a CPU that the header does not know";
	if (e->object >= r->header.allocs)
		return "an object that the header does not know";
	if (e->op == TRACE_ALLOC && (!e->kind.asked || e->kind.asked > TRACE_MAX_SIZE))
		return "a size beyond the limits";
	return NULL;
}

/* Read it all; what was wrong with how it was read, or NULL. */
static const char *read_damaged(struct damage *d, const u8 *bytes)
{
	const char *wrong = NULL;
	struct trace_reader r;
	struct trace_event e;
	u64 live;

	if (trace_open(&r, bytes, d->size)) {
		live = trace_live_bytes(&r);
		if (live > d->room)
			return "more objects than bytes";
		r.live = d->live_end - live;
		memset(r.live, 0, live);
		while (!wrong && trace_read(&r, &e))
			wrong = event_wrong(&r, &e);
		if (!r.error)
			d->accepted++;
	} else if (!r.error) {
		wrong = "refused without a reason";
	}
	if (r.error)
		d->refused++;
	if (r.error && r.error_at > d->size)
		wrong = "the error is said to be behind the end";
	return wrong;
}

static void a_damaged_trace_is_harmless(struct kunit *test)
{
	struct written *w = write_trace(test, SEED, 80);
	struct damage d = { .rng = SEED, .room = w->size };
	u8 *buffer = kunit_kzalloc(test, d.room, GFP_KERNEL);
	u8 *live = kunit_kzalloc(test, d.room, GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_ASSERT_NOT_NULL(test, live);
	d.end = buffer + d.room;
	d.live_end = live + d.room;
	for (i = 0; i < DAMAGES; i++) {
		const char *wrong = read_damaged(&d, damage(&d, w));

		KUNIT_ASSERT_NULL_MSG(test, wrong, "damage %u: %s", i, wrong ?: "");
		if (i % 64 == 0)
			cond_resched();
	}
	kunit_info(test, "%u refused, %u accepted", d.refused, d.accepted);
	KUNIT_EXPECT_EQ(test, d.refused + d.accepted, DAMAGES);
	/* Most damage is found; a kind of another size, for one, is as good as before. */
	KUNIT_EXPECT_GT(test, d.refused, DAMAGES / 2);
	KUNIT_EXPECT_GT(test, d.accepted, DAMAGES / 200);
}

/* ---- a replay ------------------------------------------------------------------------ */

struct replayed {
	u8 *p;
	u32 size;
};

/* Each object is full of the lowest byte of its number. */
static const char *replay_event(struct replayed *o, const struct trace_event *e)
{
	gfp_t gfp = e->kind.flags & TRACE_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	const char *wrong = NULL;

	if (e->op == TRACE_FREE) {
		if (memchr_inv(o->p, (u8)e->object, o->size))
			wrong = "somebody wrote to a live object";
		gfree(o->p);
		o->p = NULL;
		return wrong;
	}
	if (e->kind.flags & TRACE_ZERO)
		gfp |= __GFP_ZERO;
	o->size = e->kind.asked;
	o->p = galloc(o->size, gfp | __GFP_NOWARN);
	if (!o->p)
		return "no memory";
	if (gfp & __GFP_ZERO && memchr_inv(o->p, 0, o->size))
		wrong = "a zeroed object is not zero";
	memset(o->p, (u8)e->object, o->size);
	return wrong;
}

static void a_replay_keeps_what_was_written(struct kunit *test)
{
	u64 seed = gk_seed(test);
	struct written *w = write_trace(test, seed, 4000);
	struct replayed *objects;
	const char *wrong = NULL;
	struct trace_reader r;
	struct trace_event e;
	u32 i;

	open_trace(test, w, &r);
	objects = kunit_kcalloc(test, r.header.allocs, sizeof(*objects), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, objects);
	for (i = 0; !wrong && trace_read(&r, &e); i++) {
		wrong = replay_event(&objects[e.object], &e);
		if (i % 64 == 0)
			cond_resched();
	}
	KUNIT_EXPECT_NULL_MSG(test, wrong, "event %u: %s", i, wrong ?: "");
	KUNIT_EXPECT_NULL(test, r.error);
	gk_count_ops(i);
	/* The trace ends with live objects. */
	for (i = 0; i < r.header.allocs; i++)
		gfree(objects[i].p);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(data_written_is_read_back),
	KUNIT_CASE(a_damaged_trace_is_harmless),
	KUNIT_CASE(a_replay_keeps_what_was_written),
	{}
};

GK_SUITE(trace, gk_init_alive, gk_exit);
