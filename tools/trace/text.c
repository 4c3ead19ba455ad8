// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * text: reads the text that tracefs' `trace` shows and `trace-cmd report` prints:
 *
 *	bash-123   [001] d..2.   12.345678: kmalloc: call_site=... ptr=... bytes_req=...
 *
 * The name of a task may hold anything, so the CPU is looked for until what follows
 * is a time.  Fields are found by their names: which there are, and in which order,
 * differs between kernels.  galloc's own events are called alloc and free.
 */
#include <string.h>

#include "recording.h"

/* The rest of a line. */
struct text {
	const char *at;
	const char *end;
};

static bool starts(const struct text *t, const char *with)
{
	size_t length = strlen(with);

	return (size_t)(t->end - t->at) >= length && !memcmp(t->at, with, length);
}

/* Take it, if that is what comes next. */
static bool take(struct text *t, const char *what)
{
	if (!starts(t, what))
		return false;
	t->at += strlen(what);
	return true;
}

static void take_blanks(struct text *t)
{
	while (t->at < t->end && *t->at == ' ')
		t->at++;
}

static int digit(char c, int base)
{
	int value = base;

	if (c >= '0' && c <= '9')
		value = c - '0';
	else if (c >= 'a' && c <= 'f')
		value = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		value = c - 'A' + 10;
	return value < base ? value : -1;
}

/* One digit at least, and no more than 64 bits of them. */
static bool take_number(struct text *t, int base, u64 *number)
{
	const char *start = t->at;

	for (*number = 0; t->at < t->end && digit(*t->at, base) >= 0; t->at++) {
		if (*number > (UINT64_MAX - 15) / base)
			return false;
		*number = *number * base + digit(*t->at, base);
	}
	return t->at > start;
}

/* Seconds with a fraction of 6 or 9 digits, and a colon. */
static bool take_time(struct text *t, u64 *ns)
{
	u64 seconds, fraction;
	const char *point;

	if (!take_number(t, 10, &seconds) || !take(t, "."))
		return false;
	point = t->at;
	if (!take_number(t, 10, &fraction) || seconds > 1ULL << 32)
		return false;
	if (t->at - point == 6)
		fraction *= 1000;
	else if (t->at - point != 9)
		return false;
	*ns = seconds * 1000000000 + fraction;
	return take(t, ":");
}

/*
 * "[001] d..2.   12.345678:"; trace-cmd leaves the second part out if told so, and from
 * 3.3 on has a number there, "[001]-0x12   12.345678:".
 */
static bool take_cpu_and_time(struct text *t, u64 *cpu, u64 *ns)
{
	struct text flags;

	if (!take(t, "[") || !take_number(t, 10, cpu) || !take(t, "]") ||
	    (!starts(t, " ") && !starts(t, "-0x")))
		return false;
	while (t->at < t->end && *t->at != ' ')
		t->at++;
	take_blanks(t);
	flags = *t;
	if (take_time(t, ns))
		return true;
	*t = flags;
	while (t->at < t->end && *t->at != ' ')
		t->at++;
	take_blanks(t);
	return take_time(t, ns);
}

/* The part of an event in front of its name. */
static bool take_head(struct text *t, u64 *cpu, u64 *ns)
{
	struct text try = *t;

	while (try.at < try.end) {
		try.at = memchr(try.at, '[', try.end - try.at);
		if (!try.at)
			return false;
		*t = try;
		if (take_cpu_and_time(t, cpu, ns))
			return true;
		try.at++;
	}
	return false;
}

/* " NAME=", or false. */
static bool find_field(const struct text *line, const char *field, struct text *value)
{
	*value = *line;
	while (value->at < value->end) {
		value->at = memchr(value->at, ' ', value->end - value->at);
		if (!value->at)
			return false;
		if (take(value, field))
			return true;
		value->at++;
	}
	return false;
}

static bool ends(const struct text *t)
{
	return t->at == t->end || *t->at == ' ';
}

static bool get_address(struct recording *r, u64 at, const struct text *line, u64 *address)
{
	struct text value;

	if (!find_field(line, " ptr=", &value))
		return record_fail(r, at, "no ptr= in the event");
	*address = 0;
	if (starts(&value, "(null)") || starts(&value, "(nil)") || starts(&value, "0x(nil)"))
		return true;
	/* Before there is randomness enough, hashed pointers are all the same. */
	if (starts(&value, "(____ptrval____)"))
		return record_fail(r, at, "pointers are hidden: record later after boot");
	take(&value, "0x");
	if (!take_number(&value, 16, address) || !ends(&value))
		return record_fail(r, at, "ptr= is no address");
	return true;
}

static bool get_size(struct recording *r, u64 at, const struct text *line, const char *field,
		     u64 *size)
{
	struct text value;

	if (!find_field(line, field, &value))
		return record_fail(r, at, "no bytes_req= or bytes_alloc= in the event");
	if (!take_number(&value, 10, size) || !ends(&value))
		return record_fail(r, at, "bytes_req= or bytes_alloc= is no number");
	return true;
}

/* The bits that matter of a name of <linux/gfp_types.h>. */
static u64 gfp_of(const struct text *name)
{
	static const struct {
		char name[24];
		u64 gfp;
	} names[] = {
		{ "GFP_KERNEL", GFP_DIRECT_RECLAIM },
		{ "GFP_KERNEL_ACCOUNT", GFP_DIRECT_RECLAIM | GFP_ACCOUNT },
		{ "GFP_USER", GFP_DIRECT_RECLAIM },
		{ "GFP_NOFS", GFP_DIRECT_RECLAIM },
		{ "GFP_NOIO", GFP_DIRECT_RECLAIM },
		{ "GFP_HIGHUSER", GFP_DIRECT_RECLAIM },
		{ "GFP_HIGHUSER_MOVABLE", GFP_DIRECT_RECLAIM },
		{ "GFP_TRANSHUGE", GFP_DIRECT_RECLAIM },
		{ "GFP_DMA", GFP_DMA },
		{ "__GFP_RECLAIM", GFP_DIRECT_RECLAIM },
		{ "__GFP_DIRECT_RECLAIM", GFP_DIRECT_RECLAIM },
		{ "__GFP_ZERO", GFP_ZERO },
		{ "__GFP_ACCOUNT", GFP_ACCOUNT },
		{ "__GFP_RECLAIMABLE", GFP_RECLAIMABLE },
		{ "__GFP_DMA", GFP_DMA },
	};
	size_t length = name->end - name->at, i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i].name) == length && !memcmp(names[i].name, name->at, length))
			return names[i].gfp;
	return 0;
}

/* "GFP_KERNEL|__GFP_ZERO", numbers where the tracer had no name, or "none". */
static bool get_flags(struct recording *r, u64 at, const struct text *line, u32 *flags)
{
	struct text value, word;
	u64 number, gfp = 0;

	if (!find_field(line, " gfp_flags=", &value))
		return record_fail(r, at, "no gfp_flags= in the event");
	/* 6.1 leaves out the first string of an event when it does not hash pointers. */
	if (ends(&value))
		return record_fail(r, at, "gfp_flags= is empty: echo 1 >options/hash-ptr");
	do {
		word = value;
		while (!ends(&value) && *value.at != '|')
			value.at++;
		word.end = value.at;
		if (take(&word, "0x") ? take_number(&word, 16, &number) :
					take_number(&word, 10, &number))
			gfp |= number;
		else
			gfp |= gfp_of(&word);
	} while (take(&value, "|"));

	*flags = record_gfp(gfp);
	if (find_field(line, " accounted=", &value) &&
	    (starts(&value, "true") || starts(&value, "1")))
		*flags |= TRACE_ACCOUNT;
	return true;
}

static bool read_alloc(struct recording *r, u64 at, const struct text *line, u64 cpu, u64 ns,
		       u32 cache)
{
	u64 address, asked, given;
	u32 flags;

	return get_address(r, at, line, &address) &&
	       get_size(r, at, line, " bytes_req=", &asked) &&
	       get_size(r, at, line, " bytes_alloc=", &given) &&
	       get_flags(r, at, line, &flags) &&
	       record_alloc(r, at, cpu, ns, address, asked, given, flags | cache);
}

/* Of galloc: what is asked of a cache is not known. */
static bool read_galloc(struct recording *r, u64 at, const struct text *line, u64 cpu, u64 ns)
{
	u64 address, asked, given;
	struct text owner;
	u32 flags;

	if (!find_field(line, " owner=", &owner))
		return record_fail(r, at, "no owner= in the event");
	return get_address(r, at, line, &address) &&
	       get_size(r, at, line, " bytes_req=", &asked) &&
	       get_size(r, at, line, " bytes_alloc=", &given) &&
	       get_flags(r, at, line, &flags) &&
	       record_alloc(r, at, cpu, ns, address, asked ? asked : given, given,
			    flags | (starts(&owner, "-") ? 0 : TRACE_CACHE));
}

static bool read_free(struct recording *r, u64 at, const struct text *line, u64 cpu, u64 ns)
{
	u64 address;

	return get_address(r, at, line, &address) && record_free(r, at, cpu, ns, address);
}

static bool read_event(struct recording *r, u64 at, struct text *line)
{
	u64 cpu, ns;

	if (!take_head(line, &cpu, &ns))
		return record_fail(r, at, "neither an event with a time in seconds nor a remark");
	take_blanks(line);
	take(line, "kmem:");
	if (take(line, "kmalloc:") || take(line, "kmalloc_node:"))
		return read_alloc(r, at, line, cpu, ns, 0);
	if (take(line, "kmem_cache_alloc:") || take(line, "kmem_cache_alloc_node:"))
		return read_alloc(r, at, line, cpu, ns, TRACE_CACHE);
	if (take(line, "kfree:") || take(line, "kmem_cache_free:"))
		return read_free(r, at, line, cpu, ns);
	take(line, "galloc:");
	if (take(line, "alloc:"))
		return read_galloc(r, at, line, cpu, ns);
	if (take(line, "free:"))
		return read_free(r, at, line, cpu, ns);
	return record_seen(r, at, cpu, ns);
}

/* "# entries-in-buffer/entries-written: 205/612   #P:2": what was written over. */
static bool read_comment(struct recording *r, u64 at, struct text *line)
{
	u64 held, written;

	if (!take(line, "# entries-in-buffer/entries-written: "))
		return true;
	if (!take_number(line, 10, &held) || !take(line, "/") ||
	    !take_number(line, 10, &written) || written < held)
		return record_fail(r, at, "number of entries is none");
	if (written > held)
		record_lost_before(r, written - held);
	return true;
}

/* "CPU:1 [LOST 12 EVENTS]" of tracefs, "CPU:1 [12 EVENTS DROPPED]" of trace-cmd. */
static bool read_loss(struct recording *r, u64 at, struct text *line)
{
	u64 cpu, events = 0;

	if (!take_number(line, 10, &cpu) || !take(line, " ["))
		return record_fail(r, at, "a loss on no CPU");
	if (take(line, "SUBBUFFER START]"))
		return true;
	take(line, "LOST ");
	if (line->at < line->end && digit(*line->at, 10) >= 0 &&
	    !(take_number(line, 10, &events) && take(line, " ")))
		return record_fail(r, at, "a loss of no number");
	if (!take(line, "EVENTS"))
		return record_fail(r, at, "a loss of no events");
	return record_lost(r, at, cpu, events);
}

static bool read_line(struct recording *r, u64 at, struct text *line)
{
	/* Messages of trace-cmd, and a stack after an event. */
	if (line->at == line->end || starts(line, "cpus=") || starts(line, "version =") ||
	    starts(line, " => ") || starts(line, "=> ") || starts(line, "CPU "))
		return true;
	if (starts(line, "#"))
		return read_comment(r, at, line);
	if (take(line, "CPU:"))
		return read_loss(r, at, line);
	return read_event(r, at, line);
}

bool text_read(struct recording *r, const u8 *bytes, u64 size)
{
	struct text line = { .end = (const char *)bytes };
	const char *end = line.end + size;
	u64 at;

	for (at = 1; line.end < end; at++) {
		line.at = line.end;
		line.end = memchr(line.at, '\n', end - line.at);
		if (!line.end)
			return record_fail(r, at, "truncated: the line has no end");
		if (!read_line(r, at, &(struct text) { line.at, line.end }))
			return false;
		line.end++;
	}
	return true;
}
