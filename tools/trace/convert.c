// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * convert: makes a trace of a recording; see convert() in recording.h.
 *
 * First each free finds its allocation, by the address.  What has no partner is
 * dropped, and so is each object that lived while some CPU lost events: it may have
 * been freed then and another one made at its address, of which the free that was
 * seen would be.  Then the kinds are numbered, the most frequent ones first, and the
 * objects that are left are written.
 */
#include <stdlib.h>
#include <string.h>

#include "recording.h"

#define NOBODY		UINT32_MAX
#define US_PER_MS	1000
/* What TRACE_TIME can carry, in whole milliseconds. */
#define MAX_MS		((1ULL << 33) / US_PER_MS - 1)

/**
 * struct pairs - frees and their allocations
 * @partner: of each event the other one, or NOBODY if it is dropped
 * @bucket: of live objects, by address: index of the latest allocation
 * @next: allocation in the same bucket
 * @bits: of the number of buckets
 * @header: where things are counted
 */
struct pairs {
	u32 *partner;
	u32 *bucket;
	u32 *next;
	unsigned int bits;
	struct trace_header *header;
};

/* ---- pairs ----------------------------------------------------------------------------- */

static u32 *bucket_of(struct pairs *p, u64 address)
{
	return &p->bucket[address * 0x9e3779b97f4a7c15ULL >> (64 - p->bits)];
}

/* Take the live object at this address out of the table: its allocation, or NOBODY. */
static u32 take_live(const struct recording *r, struct pairs *p, u64 address)
{
	u32 *link = bucket_of(p, address);
	u32 found;

	while (*link != NOBODY && r->events[*link].address != address)
		link = &p->next[*link];
	found = *link;
	if (found != NOBODY)
		*link = p->next[found];
	return found;
}

static void put_live(const struct recording *r, struct pairs *p, u32 i)
{
	u32 *link = bucket_of(p, r->events[i].address);

	p->next[i] = *link;
	*link = i;
}

static bool is_too_large(const struct recorded *e)
{
	return e->asked > TRACE_MAX_SIZE || e->given > 2 * TRACE_MAX_SIZE;
}

/* Has any CPU lost events between these times? */
static bool had_loss(const struct recording *r, u64 from, u64 to)
{
	u64 low = 0, high = r->nr_losses, middle;

	/* The first one that ends behind @from. */
	while (low < high) {
		middle = (low + high) / 2;
		if (r->losses[middle].to < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->nr_losses && r->losses[low].from <= to;
}

/* An object is gone whose free was not seen: too large ones were counted before. */
static void count_gone(const struct recording *r, u64 *counter, u32 i)
{
	if (!is_too_large(&r->events[i]))
		++*counter;
}

static void pair_alloc(const struct recording *r, struct pairs *p, u32 i)
{
	u32 old = take_live(r, p, r->events[i].address);

	if (old != NOBODY)
		count_gone(r, &p->header->missed_frees, old);
	if (is_too_large(&r->events[i]))
		p->header->too_large++;
	put_live(r, p, i);
}

static void pair_free(const struct recording *r, struct pairs *p, u32 i)
{
	u32 old = take_live(r, p, r->events[i].address);

	if (old == NOBODY) {
		p->header->unknown_frees++;
	} else if (had_loss(r, r->events[old].ns, r->events[i].ns)) {
		count_gone(r, &p->header->missed_frees, old);
	} else if (!is_too_large(&r->events[old])) {
		p->partner[old] = i;
		p->partner[i] = old;
	}
}

static void find_pairs(const struct recording *r, struct pairs *p)
{
	u32 i, left;

	for (p->bits = 4; p->bits < 31 && 1ULL << p->bits < r->nr_events / 4;)
		p->bits++;
	p->partner = need(NULL, r->nr_events * sizeof(u32));
	p->next = need(NULL, r->nr_events * sizeof(u32));
	p->bucket = need(NULL, sizeof(u32) << p->bits);
	memset(p->partner, 0xff, r->nr_events * sizeof(u32));
	memset(p->bucket, 0xff, sizeof(u32) << p->bits);

	for (i = 0; i < r->nr_events; i++) {
		if (r->events[i].asked)
			pair_alloc(r, p, i);
		else
			pair_free(r, p, i);
	}
	for (i = 0; i < 1U << p->bits; i++)
		for (left = p->bucket[i]; left != NOBODY; left = p->next[left])
			count_gone(r, &p->header->never_freed, left);
}

static void drop_pairs(struct pairs *p)
{
	free(p->partner);
	free(p->next);
	free(p->bucket);
}

/* ---- kinds ----------------------------------------------------------------------------- */

/* A kind and how often it is; @number is its place in the table in the end. */
struct kind {
	struct trace_kind kind;
	u32 uses;
	u32 number;
	u32 next;
};

#define KIND_BUCKETS	4096

struct kinds {
	struct kind *kind;
	u32 nr;
	u32 bucket[KIND_BUCKETS];
};

static u32 *kind_bucket(struct kinds *k, const struct recorded *e)
{
	u64 key = e->asked * 0x9e3779b97f4a7c15ULL + e->given * 0xc2b2ae3d27d4eb4fULL + e->flags;

	return &k->bucket[key * 0x9e3779b97f4a7c15ULL >> 52];
}

static bool is_kind(const struct trace_kind *kind, const struct recorded *e)
{
	return kind->asked == e->asked && kind->given == e->given && kind->flags == e->flags;
}

/* Of an event that is kept; NULL before its first add_kind(). */
static struct kind *find_kind(struct kinds *k, const struct recorded *e)
{
	u32 i = *kind_bucket(k, e);

	while (i != NOBODY && !is_kind(&k->kind[i].kind, e))
		i = k->kind[i].next;
	return i == NOBODY ? NULL : &k->kind[i];
}

static bool add_kind(struct kinds *k, const struct recorded *e)
{
	struct kind *kind = find_kind(k, e);
	u32 *bucket = kind_bucket(k, e);

	if (kind) {
		kind->uses++;
		return true;
	}
	if (k->nr == TRACE_MAX_KINDS)
		return false;
	k->kind[k->nr] = (struct kind) {
		.kind = { .asked = e->asked, .given = e->given, .flags = e->flags },
		.uses = 1,
		.next = *bucket,
	};
	*bucket = k->nr++;
	return true;
}

static int by_uses(const void *a, const void *b)
{
	const struct kind *x = *(struct kind *const *)a, *y = *(struct kind *const *)b;

	if (x->uses != y->uses)
		return x->uses > y->uses ? -1 : 1;
	if (x->kind.asked != y->kind.asked)
		return x->kind.asked < y->kind.asked ? -1 : 1;
	if (x->kind.given != y->kind.given)
		return x->kind.given < y->kind.given ? -1 : 1;
	return x->kind.flags < y->kind.flags ? -1 : x->kind.flags > y->kind.flags;
}

/* The table, sorted, at @to: the first numbers take the fewest bytes. */
static void put_kinds(struct kinds *k, u8 *to)
{
	struct kind **sorted = need(NULL, k->nr * sizeof(*sorted));
	u32 i;

	for (i = 0; i < k->nr; i++)
		sorted[i] = &k->kind[i];
	qsort(sorted, k->nr, sizeof(*sorted), by_uses);
	for (i = 0; i < k->nr; i++) {
		sorted[i]->number = i;
		to = trace_put_kind(to, &sorted[i]->kind);
	}
	free(sorted);
}

/* ---- write ----------------------------------------------------------------------------- */

struct writer {
	u8 *bytes;
	u64 used;
	u64 room;
	u64 ms;
	u32 cpu;
};

static void put_event(struct writer *w, enum trace_op op, u64 argument)
{
	if (w->room - w->used < TRACE_EVENT_BYTES) {
		w->room *= 2;
		w->bytes = need(w->bytes, w->room);
	}
	w->used = trace_put_event(w->bytes + w->used, op, argument) - w->bytes;
}

/* Whole milliseconds: microseconds would be noise that no compressor makes small. */
static void put_time(struct writer *w, u64 ms)
{
	u64 step;

	for (; w->ms < ms; w->ms += step) {
		step = ms - w->ms < MAX_MS ? ms - w->ms : MAX_MS;
		put_event(w, TRACE_TIME, step * US_PER_MS);
	}
}

static void put_cpu(struct writer *w, u32 cpu)
{
	if (w->cpu != cpu)
		put_event(w, TRACE_CPU, cpu);
	w->cpu = cpu;
}

/* Write the objects that have a partner, and count them. */
static void put_events(const struct recording *r, const struct pairs *p, struct kinds *k,
		       struct writer *w)
{
	struct trace_header *h = p->header;
	/* Of each allocation: its number in the trace. */
	u32 *number = p->next;
	u64 asked = 0, start = 0, us = 0;
	u32 live = 0, i;

	for (i = 0; i < r->nr_events; i++) {
		const struct recorded *e = &r->events[i];
		u32 partner = p->partner[i];

		if (partner == NOBODY)
			continue;
		if (!h->events++)
			start = e->ns;
		us = (e->ns - start) / 1000;
		put_time(w, us / US_PER_MS);
		put_cpu(w, e->cpu);
		if (h->cpus <= e->cpu)
			h->cpus = e->cpu + 1;
		if (e->asked) {
			put_event(w, TRACE_ALLOC, find_kind(k, e)->number);
			number[i] = h->allocs++;
			asked += e->asked;
			if (++live > h->peak_objects)
				h->peak_objects = live;
			if (asked > h->peak_asked)
				h->peak_asked = asked;
		} else {
			put_event(w, TRACE_FREE, h->allocs - 1 - number[partner]);
			asked -= r->events[partner].asked;
			live--;
		}
	}
	h->us = us;
}

static bool collect_kinds(const struct recording *r, const struct pairs *p, struct kinds *k)
{
	u32 i;

	k->kind = need(NULL, TRACE_MAX_KINDS * sizeof(*k->kind));
	memset(k->bucket, 0xff, sizeof(k->bucket));
	for (i = 0; i < r->nr_events; i++)
		if (r->events[i].asked && p->partner[i] != NOBODY &&
		    !add_kind(k, &r->events[i]))
			return false;
	return true;
}

static const char *limits(const struct trace_header *h, u64 bytes)
{
	if (!h->allocs)
		return "no object was seen from its allocation to its free";
	if (h->allocs > TRACE_MAX_ALLOCS || bytes > TRACE_MAX_BYTES)
		return "too many events: keep the first ones with -n";
	if (h->peak_objects > TRACE_MAX_OBJECTS)
		return "too many live objects: keep the first ones with -n";
	return NULL;
}

static u8 *put_trace(struct recording *r, struct pairs *p, struct kinds *k, u64 *size)
{
	struct trace_header *h = p->header;
	struct writer w = { .used = TRACE_HEADER_BYTES + (u64)k->nr * TRACE_KIND_BYTES };

	w.room = w.used + r->nr_events + TRACE_EVENT_BYTES;
	w.bytes = need(NULL, w.room);
	put_kinds(k, w.bytes + TRACE_HEADER_BYTES);
	put_events(r, p, k, &w);
	r->error = limits(h, w.used);
	if (r->error) {
		free(w.bytes);
		return NULL;
	}

	h->kinds = k->nr;
	h->bytes = w.used;
	h->checksum = trace_checksum(0, w.bytes + TRACE_HEADER_BYTES, w.used - TRACE_HEADER_BYTES);
	trace_put_header(w.bytes, h);
	*size = w.used;
	return w.bytes;
}

u8 *convert(struct recording *r, u64 *size)
{
	struct trace_header header = { .lost = r->lost };
	struct pairs p = { .header = &header };
	struct kinds k = { .nr = 0 };
	u8 *bytes = NULL;

	if (!r->name[0])
		record_name(r, "unknown", 7);
	memcpy(header.name, r->name, sizeof(header.name));
	find_pairs(r, &p);
	if (collect_kinds(r, &p, &k))
		bytes = put_trace(r, &p, &k, size);
	else
		r->error = "too many kinds of objects: keep the first events with -n";
	free(k.kind);
	drop_pairs(&p);
	return bytes;
}
