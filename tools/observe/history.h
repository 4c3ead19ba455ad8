/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * history: what galloc holds over some time.
 */
#ifndef _GALLOC_OBSERVE_HISTORY_H
#define _GALLOC_OBSERVE_HISTORY_H

#include <stddef.h>

struct snapshot;

struct history_point {
	double time;
	unsigned long long held;
	unsigned long long in_use;
};

struct history {
	struct history_point *point;
	size_t points;
};

struct snapshot *history_take(struct history *h, const char *dir, double seconds,
			      unsigned long count);
void history_free(struct history *h);

#endif /* _GALLOC_OBSERVE_HISTORY_H */
