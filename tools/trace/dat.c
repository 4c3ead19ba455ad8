// SPDX-License-Identifier: GPL-2.0
/*
 * dat: reads a trace.dat of trace-cmd, of version 6, and of version 7 if it is not
 * compressed; trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5) describe them.
 *
 * Version 6 is one part behind the other, version 7 is sections, to each of which an
 * option points.  Both hold the same files of tracefs.
 */
#include <string.h>

#include "ring.h"

#define DAT_MAGIC	"\x17\x08\x44tracing"
#define DAT_MAGIC_BYTES	10

/* What else is the kernel's page size anywhere. */
#define MIN_PAGE	1024
#define MAX_PAGE	(1 << 20)

enum {
	OPTION_DONE = 0,
	OPTION_BUFFER = 3,
	OPTION_TRACECLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_HEADER_INFO = 16,
	OPTION_EVENT_FORMATS = 18,
};

#define SECTION_COMPRESSED	1

/* A walk over the file; a failure is noted in @r and ends it. */
struct dat {
	struct recording *r;
	const u8 *bytes;
	u64 at;
	u64 end;
	struct ring ring;
	/* Version 7: where there are sections; 0: none. */
	u64 buffer_at;
	u64 header_at;
	u64 formats_at;
};

static bool fail(struct dat *d, const char *error)
{
	return record_fail(d->r, d->at, error);
}

/* ---- pieces ---------------------------------------------------------------------------- */

static bool take(struct dat *d, u64 size, const u8 **bytes)
{
	if (size > d->end - d->at)
		return record_fail(d->r, d->end, "truncated");
	*bytes = d->bytes + d->at;
	d->at += size;
	return true;
}

static bool take_number(struct dat *d, u64 size, u64 *number)
{
	const u8 *bytes;

	if (!take(d, size, &bytes))
		return false;
	*number = ring_number(bytes, size);
	return true;
}

/* Up to a byte of zero. */
static bool take_string(struct dat *d, struct part *string)
{
	const u8 *start = d->bytes + d->at, *end = memchr(start, 0, d->end - d->at);

	if (!end)
		return record_fail(d->r, d->end, "truncated");
	*string = (struct part) { (const char *)start, end - start, d->at };
	d->at += string->size + 1;
	return true;
}

static bool is(const struct part *string, const char *what)
{
	return string->size == strlen(what) && !memcmp(string->text, what, string->size);
}

/* A size of @bytes bytes, and as many. */
static bool take_part(struct dat *d, u64 bytes, struct part *part)
{
	const u8 *text;
	u64 size;

	if (!take_number(d, bytes, &size) || !take(d, size, &text))
		return false;
	*part = (struct part) { (const char *)text, size, d->at - size };
	return true;
}

static bool go_to(struct dat *d, u64 at)
{
	if (at > d->end)
		return fail(d, "offset beyond the end of the file");
	d->at = at;
	return true;
}

/* ---- what both versions have ----------------------------------------------------------- */

static bool read_header(struct dat *d)
{
	struct part name, part;

	if (!take_string(d, &name))
		return false;
	if (!is(&name, "header_page"))
		return record_fail(d->r, name.at, "no header_page");
	if (!take_part(d, 8, &part) || !ring_header(d->r, &d->ring, &part))
		return false;
	if (d->ring.data.offset > d->ring.page_size ||
	    d->ring.commit.offset + d->ring.commit.size > d->ring.page_size)
		return record_fail(d->r, part.at, "header_page describes more than a page");
	if (!take_string(d, &name) || !take_part(d, 8, &part))
		return false;
	return is(&name, "header_event") || record_fail(d->r, name.at, "no header_event");
}

/* All systems; only kmem matters. */
static bool read_formats(struct dat *d)
{
	struct part system, part;
	u64 systems, events;

	if (!take_number(d, 4, &systems))
		return false;
	while (systems--) {
		if (!take_string(d, &system) || !take_number(d, 4, &events))
			return false;
		while (events--)
			if (!take_part(d, 8, &part) ||
			    (is(&system, "kmem") && !ring_format(d->r, &d->ring, &part)))
				return false;
	}
	return d->ring.nr_events || fail(d, "no kmem events in it");
}

/* "local [mono] x86-tsc", or just the name: of some clocks nobody knows the unit. */
static bool check_clock(struct dat *d, const struct part *part)
{
	static const char known[][12] = {
		"local", "global", "mono", "mono_raw", "boot", "tai", "perf",
	};
	const char *open = memchr(part->text, '[', part->size), *end = part->text + part->size;
	struct part clock = *part;
	size_t i;

	if (open) {
		clock.text = open + 1;
		end = memchr(clock.text, ']', end - clock.text);
		if (!end)
			return record_fail(d->r, part->at, "no clock");
		clock.size = end - clock.text;
	}
	while (clock.size && (!clock.text[clock.size - 1] || clock.text[clock.size - 1] == '\n'))
		clock.size--;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (is(&clock, known[i]))
			return true;
	return !clock.size ||
	       record_fail(d->r, part->at, "clock does not count nanoseconds: record with -C mono");
}

/* "Linux HOST RELEASE MACHINE": the host's name is nobody's business. */
static void read_uname(struct dat *d, const struct part *part)
{
	const char *at = part->text, *end = at + part->size;
	int blanks;

	for (blanks = 0; blanks < 2; blanks++) {
		at = memchr(at, ' ', end - at);
		if (!at++)
			return;
	}
	if (!d->r->name[0])
		record_name(d->r, at, end - at);
}

static bool read_cpus(struct dat *d, u64 cpus, bool numbered)
{
	u64 i, cpu, at, size, sum = 0;

	for (i = 0; i < cpus; i++) {
		cpu = i;
		if ((numbered && !take_number(d, 4, &cpu)) || !take_number(d, 8, &at) ||
		    !take_number(d, 8, &size))
			return false;
		if (at > d->end || size > d->end - at)
			return fail(d, "truncated: the events of a CPU are beyond the end");
		/* Or a small file would be read again and again. */
		sum += size;
		if (sum > d->end)
			return fail(d, "more events of CPUs than the file has");
		if (!ring_read(d->r, &d->ring, cpu, at, size))
			return false;
	}
	return true;
}

/* ---- version 6 ------------------------------------------------------------------------- */

static bool read_options_6(struct dat *d)
{
	struct part part;
	u64 id;

	while (true) {
		if (!take_number(d, 2, &id))
			return false;
		if (id == OPTION_DONE)
			return true;
		if (!take_part(d, 4, &part))
			return false;
		if (id == OPTION_TRACECLOCK && !check_clock(d, &part))
			return false;
		if (id == OPTION_UNAME)
			read_uname(d, &part);
	}
}

static bool read_6(struct dat *d)
{
	struct part part;
	u64 files, cpus;

	if (!read_header(d) || !take_number(d, 4, &files))
		return false;
	while (files--)
		if (!take_part(d, 8, &part))
			return false;
	/* The formats; kallsyms, formats of printk, names of tasks; CPUs. */
	if (!read_formats(d) || !take_part(d, 4, &part) || !take_part(d, 4, &part) ||
	    !take_part(d, 8, &part) || !take_number(d, 4, &cpus) || !take_string(d, &part))
		return false;
	if (is(&part, "options  ") && (!read_options_6(d) || !take_string(d, &part)))
		return false;
	if (is(&part, "latency  "))
		return record_fail(d->r, part.at, "text: convert what trace-cmd report prints");
	if (!is(&part, "flyrecord"))
		return record_fail(d->r, part.at, "no flyrecord");
	return read_cpus(d, cpus, false);
}

/* ---- version 7 ------------------------------------------------------------------------- */

/* Of this kind, at this place; leaves the walk behind its header. */
static bool open_section(struct dat *d, u64 at, u64 id)
{
	u64 got, flags, size;
	const u8 *ignored;

	if (!go_to(d, at) || !take_number(d, 2, &got) || !take_number(d, 2, &flags) ||
	    !take(d, 4, &ignored) || !take_number(d, 8, &size))
		return false;
	if (got != id)
		return record_fail(d->r, at, "not the section that should be here");
	if (flags & SECTION_COMPRESSED)
		return record_fail(d->r, at, "compressed: record with --compression none");
	return true;
}

static bool take_option_7(struct dat *d, u64 *id, struct part *part)
{
	return take_number(d, 2, id) && take_part(d, 4, part);
}

static bool read_option_7(struct dat *d, u64 id, const struct part *part)
{
	u64 offset = part->size >= 8 ? ring_number((const u8 *)part->text, 8) : 0;

	switch (id) {
	case OPTION_TRACECLOCK:
		return check_clock(d, part);
	case OPTION_UNAME:
		read_uname(d, part);
		break;
	case OPTION_HEADER_INFO:
		d->header_at = offset;
		break;
	case OPTION_EVENT_FORMATS:
		d->formats_at = offset;
		break;
	case OPTION_BUFFER:
		/* The top instance has no name, and is the one that is meant. */
		if (part->size > 8 && !part->text[8])
			d->buffer_at = part->at;
		break;
	}
	return true;
}

static bool read_options_7(struct dat *d, u64 at)
{
	struct part part = { .size = 0 };
	u64 id, before;

	/* Each lies behind the one before it, or we would go round for ever. */
	while (at) {
		before = at;
		if (!open_section(d, at, 0))
			return false;
		do {
			if (!take_option_7(d, &id, &part) || !read_option_7(d, id, &part))
				return false;
		} while (id != OPTION_DONE);
		if (part.size != 8)
			return record_fail(d->r, part.at, "options have no end");
		at = ring_number((const u8 *)part.text, 8);
		if (at && at <= before)
			return record_fail(d->r, part.at, "options lead back");
	}
	return true;
}

static bool read_buffer_7(struct dat *d)
{
	struct part name, clock;
	u64 offset, page_size, cpus, at = d->buffer_at;

	if (!go_to(d, at) || !take_number(d, 8, &offset) ||
	    !open_section(d, offset, OPTION_BUFFER) || !go_to(d, at + 8) ||
	    !take_string(d, &name) || !take_string(d, &clock) || !check_clock(d, &clock) ||
	    !take_number(d, 4, &page_size) || !take_number(d, 4, &cpus))
		return false;
	if (page_size != d->ring.page_size)
		return fail(d, "pages of the buffer are not those of the machine");
	return read_cpus(d, cpus, true);
}

static bool read_7(struct dat *d)
{
	struct part compression, version;
	u64 at;

	if (!take_string(d, &compression) || !take_string(d, &version) || !take_number(d, 8, &at))
		return false;
	/* Its sections would be compressed; the first one says so in any case. */
	if (!is(&compression, "none"))
		return record_fail(d->r, compression.at,
				   "compressed: record with --compression none");
	if (!at)
		return fail(d, "no options");
	if (!read_options_7(d, at))
		return false;
	if (!d->header_at || !d->formats_at || !d->buffer_at)
		return fail(d, "a section is missing");
	return open_section(d, d->header_at, OPTION_HEADER_INFO) && read_header(d) &&
	       open_section(d, d->formats_at, OPTION_EVENT_FORMATS) && read_formats(d) &&
	       read_buffer_7(d);
}

/* ---- either ---------------------------------------------------------------------------- */

bool dat_is(const u8 *bytes, u64 size)
{
	return size && bytes[0] == (u8)DAT_MAGIC[0] &&
	       !memcmp(bytes, DAT_MAGIC, size < DAT_MAGIC_BYTES ? size : DAT_MAGIC_BYTES);
}

bool dat_read(struct recording *r, const u8 *bytes, u64 size)
{
	struct dat d = { .r = r, .bytes = bytes, .end = size, .ring = { .bytes = bytes } };
	struct part version;
	const u8 *magic;
	u64 endian, word;

	if (!take(&d, DAT_MAGIC_BYTES, &magic) || !take_string(&d, &version) ||
	    !take_number(&d, 1, &endian) || !take_number(&d, 1, &word) ||
	    !take_number(&d, 4, &d.ring.page_size))
		return false;
	if (endian)
		return record_fail(r, DAT_MAGIC_BYTES + 2, "of a big-endian machine");
	if (d.ring.page_size < MIN_PAGE || d.ring.page_size > MAX_PAGE)
		return record_fail(r, d.at - 4, "size of a page beyond the limits");
	if (is(&version, "6"))
		return read_6(&d);
	if (is(&version, "7"))
		return read_7(&d);
	return record_fail(r, version.at, "unknown version of trace.dat");
}
