// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * bench_traces DIR: small.trace, a good trace, and others with something wrong, for
 * bench_here.sh.  Prints, of each of those, its name and what the kernel has to say:
 *
 *	NAME byte N: why
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../trace/trace.h"

#define EVENTS	3000	/* some windows of the replay */
#define LIVE	64
#define CPUS	3	/* more than the guest has */

struct written {
	u8 bytes[TRACE_HEADER_BYTES + 3 * TRACE_KIND_BYTES + (2 * EVENTS + 8) * TRACE_EVENT_BYTES];
	u64 size;
};

static const char *dir;

static void save(const struct written *w, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.trace", dir, name);
	file = fopen(path, "wb");
	if (!file || fwrite(w->bytes, 1, w->size, file) != w->size || fclose(file)) {
		perror(path);
		exit(1);
	}
}

/* The data after the header matches the header. */
static void seal(struct written *w, struct trace_header *h)
{
	h->bytes = w->size;
	h->checksum = trace_checksum(0, w->bytes + TRACE_HEADER_BYTES,
				     w->size - TRACE_HEADER_BYTES);
	trace_put_header(w->bytes, h);
}

/* LIVE objects at a time, each freed by the CPU after the one that allocated it. */
static void write_small(struct written *w, struct trace_header *h)
{
	static const struct trace_kind kinds[] = {
		{ 100, 112, 0 }, { 2000, 2048, TRACE_ZERO }, { 40, 64, TRACE_ATOMIC },
	};
	u8 *to = w->bytes + TRACE_HEADER_BYTES;
	u32 i;

	*h = (struct trace_header) {
		.cpus = CPUS, .kinds = 3, .events = EVENTS, .peak_objects = LIVE,
		.peak_asked = 2000 * LIVE, .name = "small",
	};
	for (i = 0; i < 3; i++)
		to = trace_put_kind(to, &kinds[i]);
	for (i = 0; i < EVENTS; i++) {
		if (i % 16 == 0)
			to = trace_put_event(to, TRACE_CPU, i / 16 % CPUS);
		if (i >= LIVE && i % 2 == 0)
			to = trace_put_event(to, TRACE_FREE, LIVE - 1);
		else
			to = trace_put_event(to, TRACE_ALLOC, h->allocs++ % 3);
	}
	w->size = to - w->bytes;
	seal(w, h);
}

int main(int argc, char **argv)
{
	static struct written small, w;
	struct trace_header good, h;
	struct trace_kind large = { TRACE_MAX_SIZE + 1, TRACE_MAX_SIZE + 1, 0 };

	if (argc != 2)
		return 2;
	dir = argv[1];
	write_small(&small, &good);
	save(&small, "small");

	w = small;
	w.size -= 3;
	save(&w, "truncated");
	printf("truncated byte %llu: truncated\n", (unsigned long long)w.size);

	w = small;
	memcpy(w.bytes, "#!/bin/sh", 9);
	save(&w, "foreign");
	printf("foreign byte 0: not a trace\n");

	/* Only the final check covers the sizes given. */
	w = small;
	w.bytes[TRACE_HEADER_BYTES + 4]++;
	save(&w, "corrupt");
	printf("corrupt byte 20: checksum is wrong\n");

	w = small;
	h = good;
	trace_put_kind(w.bytes + TRACE_HEADER_BYTES, &large);
	seal(&w, &h);
	save(&w, "large");
	printf("large byte %d: size beyond the limits\n", TRACE_HEADER_BYTES);

	w = small;
	h = good;
	printf("unknown byte %llu: free of an unknown object\n", (unsigned long long)w.size);
	w.size = trace_put_event(w.bytes + w.size, TRACE_FREE, h.allocs) - w.bytes;
	h.events++;
	seal(&w, &h);
	save(&w, "unknown");
	return 0;
}
