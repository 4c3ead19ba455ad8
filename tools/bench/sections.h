/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * sections: for a build of galloc.ko that measures how long it keeps others off.
 *
 * Included in front of each of galloc's files when Kbuild is told
 * GALLOC_SECTIONS=y: galloc_lock() and mcache_enter() start a clock, and their
 * counterparts stop it.  The longest of each function is kept, sections.c.  So
 * that an interrupt counts for nobody, there is none in a section of an mcache.
 */
#ifndef _GALLOC_BENCH_SECTIONS_H
#define _GALLOC_BENCH_SECTIONS_H

#include <linux/types.h>

#define GALLOC_SECTIONS

void galloc_section_begin(void);
void galloc_section_end(const char *func);
void galloc_section_enter(void);
void galloc_section_leave(const char *func);

/* For galloc_bench.ko. */
void galloc_sections_clear(void);
u64 galloc_sections_longest(const char **func);
void galloc_sections_print(void);

#endif /* _GALLOC_BENCH_SECTIONS_H */
