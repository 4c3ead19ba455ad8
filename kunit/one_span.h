/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* A row, one span of it, and all the span's objects. */
#ifndef _GALLOC_KUNIT_ONE_SPAN_H
#define _GALLOC_KUNIT_ONE_SPAN_H

#include "helpers.h"

#define MAX_OBJECTS	SIZECLASS_MAX_OBJECTS

/**
 * struct one_span - what a case works with
 * @row: the row
 * @span: its span
 * @objects: all objects of the span
 * @nr_objects: their number
 * @live: those still to be freed; at the end of a case they are
 * @is_ours: the span is CACHED, and ours to uncache
 * @single: the objects are from mcentral_alloc()
 */
struct one_span {
	struct mcentral *row;
	struct mspan *span;
	void *objects[MAX_OBJECTS];
	unsigned int nr_objects;
	DECLARE_BITMAP(live, MAX_OBJECTS);
	bool is_ours;
	bool single;
};

extern struct one_span one;

int one_init(struct kunit *test);
void one_exit(struct kunit *test);
struct mcentral *one_row_of(size_t size);
struct mspan *one_cache_and_claim(struct kunit *test, size_t size);
void one_uncache(void);
void one_free_object(unsigned int i);
void one_free_rest(unsigned int from);
unsigned int one_listed(void);
long one_spans(void);
void one_expect_state(struct kunit *test, enum mspan_state state);
void one_expect_gone_from_row(struct kunit *test);
void one_expect_gone(struct kunit *test);

#endif /* _GALLOC_KUNIT_ONE_SPAN_H */
