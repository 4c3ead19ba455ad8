// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: damaged traces and recordings, through the code that reads them.
 *
 *	fuzz TRACES INPUTS FILE...
 *
 * So many damaged traces go through trace.c, and so many damaged copies of the files,
 * which are text and trace.dat, through text.c, dat.c and convert.c.  Built with
 * -fsanitize=address,undefined, and each damaged one is alone in its memory, so that
 * the first byte read beyond its end is the end of this program.  What comes out of
 * convert() must be a trace that trace.c accepts.
 *
 * Prints how many were accepted, and how often each reason was given: "N reason".
 * The seed is always the same.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "recording.h"

/* Of a trace that is damaged: objects. */
#define OBJECTS		60

static u64 state = 0x9e3779b97f4a7c15ULL;

/* xorshift64*: not a good one, but the same everywhere. */
static u64 random_number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static u64 random_below(u64 limit)
{
	return random_number() % limit;
}

/* ---- what was answered ----------------------------------------------------------------- */

#define MAX_REASONS	128

struct answers {
	u64 accepted;
	unsigned int nr;
	struct {
		const char *reason;
		u64 times;
	} refused[MAX_REASONS];
};

static void note(struct answers *a, const char *reason)
{
	unsigned int i = 0;

	if (!reason) {
		a->accepted++;
		return;
	}
	/* The same words in two places are one reason. */
	while (i < a->nr && strcmp(a->refused[i].reason, reason))
		i++;
	if (i == MAX_REASONS)
		abort();
	if (i == a->nr)
		a->refused[a->nr++].reason = reason;
	a->refused[i].times++;
}

static void show(const char *what, u64 nr, const struct answers *a)
{
	unsigned int i;

	printf("%s: %llu damaged, %llu accepted\n", what, nr, a->accepted);
	for (i = 0; i < a->nr; i++)
		printf("%s: %llu %s\n", what, a->refused[i].times, a->refused[i].reason);
}

/* ---- damage ---------------------------------------------------------------------------- */

struct bytes {
	u8 *at;
	u64 size;
};

static struct bytes copy(const u8 *from, u64 size)
{
	struct bytes b = { need(NULL, size), size };

	memcpy(b.at, from, size);
	return b;
}

/* To exactly so many bytes. */
static void cut(struct bytes *b, u64 size)
{
	struct bytes shorter = copy(b->at, size);

	free(b->at);
	*b = shorter;
}

static void damage(struct bytes *b)
{
	static const u64 extremes[] = { 0, 1, 0x7f, 0x80, 0xff, INT32_MAX, UINT32_MAX, UINT64_MAX };
	u64 at = random_below(b->size), width = 1ULL << random_below(4), extreme, i;

	/* The rest of a page is zeroes, and says nothing. */
	for (i = 0; i < 16 && !b->at[at]; i++)
		at = random_below(b->size);
	switch (random_below(4)) {
	case 0:
		b->at[at] ^= 1 << random_below(8);
		break;
	case 1:
		b->at[at] = random_number();
		break;
	case 2:
		extreme = extremes[random_below(8)];
		for (i = 0; i < width && at + i < b->size; i++)
			b->at[at + i] = extreme >> 8 * i;
		break;
	case 3:
		/* Bytes from elsewhere. */
		for (i = 0; i < width && at + i < b->size; i++)
			b->at[at + i] = b->at[random_below(b->size)];
		break;
	}
}

/* ---- traces ---------------------------------------------------------------------------- */

/* A good one, of objects that live long and short, on some CPUs. */
static u8 *make_trace(u64 *size)
{
	struct recording *r = need_zeroes(sizeof(*r));
	u64 object[OBJECTS] = { 0 }, time = 0, i, slot;
	u8 *bytes;

	for (i = 0; i < 4 * OBJECTS; i++) {
		slot = random_below(OBJECTS);
		time += random_below(2000000);
		if (object[slot])
			record_free(r, 0, random_below(3), time, object[slot]);
		else
			record_alloc(r, 0, random_below(3), time, 0x1000 + slot, 1 + slot * 100,
				     1 + slot * 128, slot & TRACE_FLAGS);
		object[slot] = object[slot] ? 0 : 0x1000 + slot;
	}
	if (!record_end(r, UINT64_MAX))
		abort();
	bytes = convert(r, size);
	if (!bytes)
		abort();
	record_drop(r);
	return bytes;
}

/* All that is done with a trace. */
static const char *read_trace(const u8 *bytes, u64 size)
{
	struct trace_reader r;
	struct mix m;

	if (!trace_open(&r, bytes, size))
		return r.error;
	mix_count(&m, &r);
	free(m.matrix);
	return r.error;
}

/* A field of the header, as a whole, and mostly by little. */
static void damage_header(struct bytes *b)
{
	u64 at = 8 + 4 * random_below(24), value = 0;
	unsigned int i;

	for (i = 4; i--;)
		value = value << 8 | b->at[at + i];
	value += random_below(8) ? random_below(9) - 4 : random_number();
	for (i = 0; i < 4; i++)
		b->at[at + i] = value >> 8 * i;
}

/* So that what is behind the checks of the header is reached. */
static void repair(struct bytes *b, bool size_too)
{
	u32 crc = trace_checksum(0, b->at + TRACE_HEADER_BYTES, b->size - TRACE_HEADER_BYTES);
	unsigned int i;

	for (i = 0; i < 4; i++)
		b->at[20 + i] = crc >> 8 * i;
	for (i = 0; size_too && i < 8; i++)
		b->at[24 + i] = b->size >> 8 * i;
}

static const char *try_trace(const u8 *good, u64 size, u64 i)
{
	struct bytes b = copy(good, size);
	const char *reason;
	u64 times;

	if (!random_below(8))
		cut(&b, random_below(size) + 1);
	for (times = 1 + random_below(3); times--;) {
		if (b.size > TRACE_HEADER_BYTES && !random_below(3))
			damage_header(&b);
		else
			damage(&b);
	}
	/* Every second one with its checksum repaired. */
	if (i % 2 && b.size > TRACE_HEADER_BYTES)
		repair(&b, random_below(2));
	/* A size that no memory here has: the reader must leave before it reads so far. */
	reason = read_trace(b.at, random_below(1000) ? b.size : TRACE_MAX_BYTES + b.size);
	free(b.at);
	return reason;
}

/* ---- recordings ------------------------------------------------------------------------ */

static void damage_text(struct bytes *b)
{
	static const char pieces[][24] = {
		"ptr=", "[", "]", "(____ptrval____)", "bytes_alloc=99999", "bytes_req=9999999999",
		"CPU:", "LOST ", "EVENTS", "99999999999999999999", "\n", ": ", "kmalloc:", "0x",
		"[4096]", "CPU:5000 [", "gfp_flags=", " => ",
	};
	const char *piece = pieces[random_below(sizeof(pieces) / sizeof(*pieces))];
	u64 length = strlen(piece), at;

	if (length > b->size)
		return;
	at = random_below(b->size - length + 1);
	memcpy(b->at + at, piece, length);
}

static const char *try_recording(const struct bytes *good)
{
	struct recording *r = need_zeroes(sizeof(*r));
	struct bytes b = copy(good->at, good->size), made = { NULL, 0 };
	bool is_dat = dat_is(b.at, b.size);
	const char *reason;
	u64 times;

	if (!random_below(8))
		cut(&b, random_below(b.size) + 1);
	for (times = 1 + random_below(4); times--;) {
		if (!is_dat && random_below(2))
			damage_text(&b);
		else
			damage(&b);
	}
	if ((dat_is(b.at, b.size) ? dat_read(r, b.at, b.size) : text_read(r, b.at, b.size)) &&
	    record_end(r, 1 + random_below(100)))
		made.at = convert(r, &made.size);
	reason = r->error;
	if (!reason && read_trace(made.at, made.size)) {
		printf("convert() made a trace that is refused: %s\n",
		       read_trace(made.at, made.size));
		exit(1);
	}
	free(made.at);
	free(b.at);
	record_drop(r);
	return reason;
}

static struct bytes read_file(const char *name)
{
	struct bytes b = { NULL, 0 };
	FILE *file = fopen(name, "r");

	if (!file) {
		fprintf(stderr, "fuzz: %s: %s\n", name, strerror(errno));
		exit(1);
	}
	b.at = need(NULL, 1 << 20);
	b.size = fread(b.at, 1, 1 << 20, file);
	fclose(file);
	return b;
}

int main(int argc, char **argv)
{
	struct answers traces = { 0 }, inputs = { 0 };
	u64 nr_traces, nr_inputs, i, size;
	struct bytes files[8];
	u8 *good;
	int nr;

	if (argc < 4 || argc > 3 + 8) {
		fprintf(stderr, "fuzz TRACES INPUTS FILE...\n");
		return 2;
	}
	nr_traces = strtoull(argv[1], NULL, 10);
	nr_inputs = strtoull(argv[2], NULL, 10);
	for (nr = 0; nr < argc - 3; nr++)
		files[nr] = read_file(argv[nr + 3]);

	good = make_trace(&size);
	if (read_trace(good, size))
		abort();
	for (i = 0; i < nr_traces; i++)
		note(&traces, try_trace(good, size, i));
	free(good);
	for (i = 0; i < nr_inputs; i++)
		note(&inputs, try_recording(&files[i % nr]));
	show("traces", nr_traces, &traces);
	show("inputs", nr_inputs, &inputs);
	while (nr--)
		free(files[nr].at);
	return 0;
}
