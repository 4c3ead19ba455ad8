/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* calls: what main.c compares. */
#ifndef _TOOLS_OVERRIDE_CALLS_H
#define _TOOLS_OVERRIDE_CALLS_H

#include <linux/types.h>

/* What was observed of some calls, as text; and how often an object had a wrong owner. */
struct seen {
	char text[1024];
	size_t len;
	unsigned int strangers;
};

struct call {
	const char *name;
	void (*run)(struct seen *seen);
};

void note(struct seen *seen, const char *fmt, ...) __printf(2, 3);
/* @p is galloc's, or is not. */
void owner(struct seen *seen, const void *p, bool ours);

extern const struct call calls_of_kernel[], calls_of_galloc[];

/* A device may write to @p, of @size bytes that were asked for, if it may to kmalloc()'s. */
void apart(struct seen *seen, const void *p, size_t size, size_t have);

/* opted_out.c */
void *opted_out_alloc(size_t size);
void *opted_out_realloc(void *p, size_t size);
void opted_out_free(void *p);

#endif /* _TOOLS_OVERRIDE_CALLS_H */
