/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * absent: what callers find before galloc is there, and after it has gone.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_CLIENT_ABSENT_H
#define _GALLOC_CLIENT_ABSENT_H

extern bool galloc_ready;

void absent_begin(void);
void absent_stacks(void);
struct arena_map *absent_map(void);

/*
 * Is galloc there?  Only slow paths ask: the fast ones find no objects if it is not, and no
 * page that is galloc's.
 */
static inline bool api_is_ready(void)
{
	return likely(READ_ONCE(galloc_ready));
}

#endif /* _GALLOC_CLIENT_ABSENT_H */
