// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * fuzz: damaged traces and recordings, for libFuzzer, through the code that reads them.
 *
 * What begins as a trace goes through trace.c, all else, as text, through text.c and
 * convert.c, and what comes out of that must be a trace that trace.c accepts.  Prints
 * each reason to refuse when it is given for the first time, "met: KIND: REASON", and at
 * the end how many there were of each kind, and how many of these were accepted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "recording.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(u8 *bytes, size_t size, size_t room, unsigned int seed);
size_t LLVMFuzzerMutate(u8 *bytes, size_t size, size_t room);

#define MAX_REASONS	64

static struct answers {
	const char *kind;
	u64 tried;
	u64 accepted;
	const char *refused[MAX_REASONS];
} traces = { .kind = "traces" }, texts = { .kind = "texts" };

static void show(void)
{
	printf("%s: %llu tried, %llu accepted\n", traces.kind, traces.tried, traces.accepted);
	printf("%s: %llu tried, %llu accepted\n", texts.kind, texts.tried, texts.accepted);
}

static void note(struct answers *a, const char *reason)
{
	unsigned int i = 0;

	if (!traces.tried && !texts.tried)
		atexit(show);
	a->tried++;
	if (!reason) {
		a->accepted++;
		return;
	}
	/* The same words in two places are one reason. */
	while (i < MAX_REASONS && a->refused[i] && strcmp(a->refused[i], reason))
		i++;
	if (i == MAX_REASONS)
		abort();
	if (!a->refused[i])
		printf("met: %s: %s\n", a->kind, reason);
	a->refused[i] = reason;
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

static const char *read_text(const u8 *bytes, u64 size)
{
	struct recording *r = need_zeroes(sizeof(*r));
	const char *reason;
	u8 *made = NULL;
	u64 length;

	if (text_read(r, bytes, size) && record_end(r, 1 + size % 100))
		made = convert(r, &length);
	reason = r->error;
	if (made && read_trace(made, length))
		abort();
	free(made);
	record_drop(r);
	return reason;
}

static bool is_trace(const u8 *bytes, size_t size)
{
	return size >= 8 && !memcmp(bytes, TRACE_MAGIC, 8);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
	struct trace_reader r;

	if (!is_trace(bytes, size))
		note(&texts, read_text(bytes, size));
	note(&traces, read_trace(bytes, size));
	/* A size that no memory here has: the reader must leave before it reads so far. */
	if (size < TRACE_HEADER_BYTES)
		return 0;
	if (trace_open(&r, bytes, TRACE_MAX_BYTES + size))
		abort();
	note(&traces, r.error);
	return 0;
}

/* Every second damaged trace gets its size and checksum repaired, or nothing behind the
 * checks of the header would be reached.
 */
size_t LLVMFuzzerCustomMutator(u8 *bytes, size_t size, size_t room, unsigned int seed)
{
	bool repair = is_trace(bytes, size) && seed % 2;
	u32 crc;
	unsigned int i;

	size = LLVMFuzzerMutate(bytes, size, room);
	if (!repair || size <= TRACE_HEADER_BYTES)
		return size;
	crc = trace_checksum(0, bytes + TRACE_HEADER_BYTES, size - TRACE_HEADER_BYTES);
	for (i = 0; i < 4; i++)
		bytes[20 + i] = crc >> 8 * i;
	for (i = 0; seed % 4 == 3 && i < 8; i++)
		bytes[24 + i] = (u64)size >> 8 * i;
	return size;
}
