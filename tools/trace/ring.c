// SPDX-License-Identifier: GPL-2.0
/*
 * ring: reads pages of the kernel's ring buffer; see ring.h.
 *
 * A page starts with a time and the number of bytes used, of which the highest bits
 * say that events were lost in front of it.  An event starts with a word: 5 bits are
 * its length in words or its type, 27 the time since the event before it.
 * include/linux/ring_buffer.h of the kernel has the types.
 */
#include <string.h>

#include "ring.h"

#define COMMIT_MASK	((1ULL << 27) - 1)
#define MISSED_EVENTS	(1ULL << 31)
#define MISSED_STORED	(1ULL << 30)

enum {
	TYPE_LONG = 0,		/* the length is in the next word, which it counts */
	TYPE_PADDING = 29,	/* also an event that was taken back */
	TYPE_TIME_EXTEND = 30,
	TYPE_TIME_STAMP = 31,
};

u64 ring_number(const u8 *from, u64 size)
{
	u64 value = 0;

	while (size--)
		value = value << 8 | from[size];
	return value;
}

/* ---- files of tracefs ------------------------------------------------------------------ */

static const char *find(const char *text, const char *end, const char *what)
{
	return memmem(text, end - text, what, strlen(what));
}

/* The number behind "KEY:", within this line. */
static bool number_after(const char *line, const char *end, const char *key, u64 *number)
{
	const char *at = find(line, end, key);

	if (!at)
		return false;
	*number = 0;
	for (at += strlen(key); at < end && *at >= '0' && *at <= '9'; at++) {
		if (*number > 1 << 20)
			return false;
		*number = *number * 10 + *at - '0';
	}
	return true;
}

/* The field of that name: "field:const void * ptr;	offset:16;	size:8;	signed:0;". */
static bool find_field(const struct part *part, const char *name, struct field *field)
{
	const char *end = part->text + part->size, *line = part->text, *next, *stop;
	size_t length = strlen(name);

	for (; line < end; line = next) {
		stop = memchr(line, '\n', end - line);
		next = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		line = find(line, stop, "field:");
		if (!line)
			continue;
		line = memchr(line, ';', stop - line);
		if (!line || line - part->text <= (long)length ||
		    memcmp(line - length, name, length) ||
		    (line[-1 - (long)length] != ' ' && line[-1 - (long)length] != '*'))
			continue;
		return number_after(line, stop, "offset:", &field->offset) &&
		       number_after(line, stop, "size:", &field->size);
	}
	return false;
}

static bool find_number(const struct part *part, const char *name, struct field *field)
{
	return find_field(part, name, field) && field->size <= 8 && field->size &&
	       !(field->size & (field->size - 1));
}

bool ring_header(struct recording *r, struct ring *ring, const struct part *part)
{
	struct field time;

	if (!find_number(part, "timestamp", &time) || time.offset || time.size != 8 ||
	    !find_number(part, "commit", &ring->commit) || ring->commit.size < 4 ||
	    !find_field(part, "data", &ring->data))
		return record_fail(r, part->at, "header_page describes no page of a ring buffer");
	return true;
}

/* "name: kmalloc\nID: 432\n": those that do not matter are true as well. */
bool ring_format(struct recording *r, struct ring *ring, const struct part *part)
{
	static const struct {
		const char *name;
		enum ring_event_type type;
	} names[RING_EVENTS] = {
		{ "name: kmalloc\n", RING_ALLOC },
		{ "name: kmalloc_node\n", RING_ALLOC },
		{ "name: kmem_cache_alloc\n", RING_CACHE_ALLOC },
		{ "name: kmem_cache_alloc_node\n", RING_CACHE_ALLOC },
		{ "name: kfree\n", RING_FREE },
		{ "name: kmem_cache_free\n", RING_FREE },
	};
	struct ring_event *event = &ring->event[ring->nr_events];
	const char *end = part->text + part->size;
	struct field type;
	unsigned int i = 0;

	while (i < RING_EVENTS && (part->size < strlen(names[i].name) ||
				   memcmp(part->text, names[i].name, strlen(names[i].name))))
		i++;
	if (i == RING_EVENTS)
		return true;
	if (ring->nr_events == RING_EVENTS)
		return record_fail(r, part->at, "more kmem events than there are");

	*event = (struct ring_event) { .type = names[i].type };
	if (!number_after(part->text, end, "\nID: ", &event->id) ||
	    !find_number(part, "common_type", &type) || type.offset || type.size != 2 ||
	    !find_number(part, "ptr", &event->address) ||
	    (event->type != RING_FREE && (!find_number(part, "bytes_req", &event->asked) ||
					  !find_number(part, "bytes_alloc", &event->given) ||
					  !find_number(part, "gfp_flags", &event->gfp))))
		return record_fail(r, part->at, "format of a kmem event lacks a field");
	/* Of kmem_cache_alloc, since 6.1. */
	if (!find_number(part, "accounted", &event->accounted))
		event->accounted.size = 0;
	ring->nr_events++;
	return true;
}

/* ---- events ---------------------------------------------------------------------------- */

struct page {
	u64 at;		/* of the next event */
	u64 end;
	u64 ns;
	u64 cpu;
};

static u64 take_word(const struct ring *ring, struct page *page)
{
	page->at += 4;
	return ring_number(ring->bytes + page->at - 4, 4);
}

/* A field of the event at @at, which has @size bytes. */
static bool get(const struct ring *ring, u64 at, u64 size, const struct field *field, u64 *value)
{
	if (field->offset + field->size > size)
		return false;
	*value = ring_number(ring->bytes + at + field->offset, field->size);
	return true;
}

static bool read_data(struct recording *r, const struct ring *ring, const struct page *page,
		      u64 at, u64 size)
{
	const struct field type = { .size = 2 };
	u64 id, address, asked, given, gfp, accounted;
	const struct ring_event *e = ring->event;
	u32 flags;

	if (!get(ring, at, size, &type, &id))
		return record_fail(r, at, "event has no type");
	while (e < ring->event + ring->nr_events && e->id != id)
		e++;
	if (e == ring->event + ring->nr_events)
		return record_seen(r, at, page->cpu, page->ns);
	if (!get(ring, at, size, &e->address, &address) ||
	    !get(ring, at, size, &e->asked, &asked) ||
	    !get(ring, at, size, &e->given, &given) || !get(ring, at, size, &e->gfp, &gfp) ||
	    !get(ring, at, size, &e->accounted, &accounted))
		return record_fail(r, at, "event is shorter than its fields");
	if (e->type == RING_FREE)
		return record_free(r, at, page->cpu, page->ns, address);

	flags = record_gfp(gfp);
	if (accounted)
		flags |= TRACE_ACCOUNT;
	if (e->type == RING_CACHE_ALLOC)
		flags |= TRACE_CACHE;
	return record_alloc(r, at, page->cpu, page->ns, address, asked, given, flags);
}

/* One event; the word in front of it is there. */
static bool read_event(struct recording *r, const struct ring *ring, struct page *page)
{
	u64 start = page->at, word = take_word(ring, page);
	u64 type = word & 31, delta = word >> 5, size;

	if (type && type < TYPE_PADDING) {
		size = type * 4;
	} else {
		/* The rest of a page that nobody could use. */
		if (type == TYPE_PADDING && !delta) {
			page->at = page->end;
			return true;
		}
		if (page->end - page->at < 4)
			return record_fail(r, start, "event is longer than its page");
		size = take_word(ring, page);
		if (type == TYPE_TIME_EXTEND) {
			page->ns += delta + (size << 27);
			return true;
		}
		if (type == TYPE_TIME_STAMP) {
			/* It has 59 bits; the page's own has them all. */
			page->ns = (page->ns >> 59 << 59) + delta + (size << 27);
			return true;
		}
		if (size < 4)
			return record_fail(r, start, "length of an event is beyond the limits");
		size = (size - 4 + 3) & ~3ULL;
	}
	page->ns += delta;
	if (size > page->end - page->at)
		return record_fail(r, start, "event is longer than its page");
	start = page->at;
	page->at += size;
	return type == TYPE_PADDING || read_data(r, ring, page, start, size);
}

static bool read_page(struct recording *r, const struct ring *ring, u64 cpu, u64 at)
{
	const u8 *bytes = ring->bytes + at;
	u64 commit = ring_number(bytes + ring->commit.offset, ring->commit.size);
	struct page page = { .cpu = cpu, .ns = ring_number(bytes, 8) };
	u64 lost = 0;

	page.at = at + ring->data.offset;
	page.end = page.at + (commit & COMMIT_MASK);
	if (page.end > at + ring->page_size)
		return record_fail(r, at + ring->commit.offset, "more bytes than a page has");
	if (commit & MISSED_EVENTS) {
		if (commit & MISSED_STORED && page.end + ring->commit.size <= at + ring->page_size)
			lost = ring_number(ring->bytes + page.end, ring->commit.size);
		if (!record_lost(r, at, cpu, lost))
			return false;
	}
	while (page.end - page.at >= 4)
		if (!read_event(r, ring, &page))
			return false;
	return true;
}

bool ring_read(struct recording *r, const struct ring *ring, u64 cpu, u64 at, u64 size)
{
	u64 end = at + size;

	for (; at < end; at += ring->page_size) {
		if (end - at < ring->page_size)
			return record_fail(r, at, "part of a page");
		if (!read_page(r, ring, cpu, at))
			return false;
	}
	return true;
}
