/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * mix: what a trace consists of, counted in one walk over it.
 */
#ifndef _GALLOC_MIX_H
#define _GALLOC_MIX_H

#include "trace.h"

/* Sizes by the power of two that is not below them, up to TRACE_MAX_SIZE. */
#define MIX_SIZES	23
/* Lifetimes by their number of binary digits: 0, 1, 2..3, 4..7, ... */
#define MIX_AGES	28
/* Lifetimes in milliseconds, by decimal digits: below 1, 10, 100, ... and the rest. */
#define MIX_TIMES	7
/* The course of time, in equal slices. */
#define MIX_SLICES	200

struct mix_size {
	u64 allocs;
	u64 cache;	/* of them of a kmem_cache */
	u64 asked;
	u64 given;
};

struct mix_slice {
	u64 events;
	u64 peak_asked;
	u64 peak_objects;
};

/**
 * struct mix - what was counted
 * @header: of the trace
 * @size: by requested size
 * @kmalloc: all of kmalloc()
 * @cache: all of kmem_caches
 * @flag: allocations with each bit of TRACE_FLAGS
 * @age: lifetimes in allocations between an object's and its free
 * @time: lifetimes in milliseconds
 * @moved: objects freed on another CPU than their own
 * @matrix: of moves, [from * cpus + to]; with NULL if there are too many CPUs
 * @slice: the course of time
 * @asked_us: live bytes times microseconds
 * @objects_us: live objects times microseconds
 */
struct mix {
	struct trace_header header;
	struct mix_size size[MIX_SIZES];
	struct mix_size kmalloc;
	struct mix_size cache;
	u64 flag[6];
	u64 age[MIX_AGES];
	u64 time[MIX_TIMES];
	u64 moved;
	u64 *matrix;
	struct mix_slice slice[MIX_SLICES];
	double asked_us;
	double objects_us;
};

#define MIX_MATRIX_CPUS	8

/**
 * mix_count() - walk over a trace
 * @m: filled in; the caller must free() @m->matrix
 * @r: opened, at its start; with @r->error afterwards if it is a bad one
 */
void mix_count(struct mix *m, struct trace_reader *r);

/* The upper bound of entry @i of the size, age or time table. */
u64 mix_size_limit(unsigned int i);
u64 mix_age_limit(unsigned int i);

#endif /* _GALLOC_MIX_H */
