/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * table: what is recorded of single objects, beside their spans, see table.c.
 */
#ifndef _GALLOC_TABLE_H
#define _GALLOC_TABLE_H

#include "galloc_internal.h"

/**
 * enum record_state - what is known of an object
 * @RECORD_NONE: nothing: it was allocated before its row was watched
 * @RECORD_LIVE: it is in use
 * @RECORD_CHANGING: its owner changes it, or what is recorded of it
 * @RECORD_CLEARING: its red zone is being cleared: its owner waits, see bytes_clear_zones()
 * @RECORD_FREED: it was freed; nothing is known of its bytes
 * @RECORD_POISONED: it was freed, and its bytes have a known value
 */
enum record_state {
	RECORD_NONE,
	RECORD_LIVE,
	RECORD_CHANGING,
	RECORD_CLEARING,
	RECORD_FREED,
	RECORD_POISONED,
};

/* Whose call a stack and a task are of. */
enum { RECORD_ALLOC, RECORD_FREE };

/**
 * struct record - what is recorded of an object
 * @state: see enum record_state; whoever makes it FREED, by cmpxchg(), frees the object
 * @seq: incremented when a life of the object, or a size, begins
 * @asked: bytes that its client asked for; 0: not known
 * @whole: the client may use all bytes, since it has asked for gsize()
 * @zero: bytes that it has not written read as zero
 * @stack: where it was allocated and freed, see stackdepot.h
 * @task: the tasks that did so
 * @since: when it was allocated, as jiffies in seconds, never 0; 0: not known
 *
 * Written by the owner of the object, but for CLEARING; others read, and look at @seq again.
 */
struct record {
	u32 state;
	u32 seq;
	u32 asked;
	bool whole;
	bool zero;
	u32 stack[2];
	pid_t task[2];
	u32 since;
};

/**
 * struct found_record - a copy of a record
 * @r: the record
 * @size: bytes of the object
 * @first: the address is that of its first byte
 */
struct found_record {
	struct record r;
	u32 size;
	bool first;
};

/**
 * struct visited - a recorded object whose bytes are looked at
 * @row: of its span
 * @size: its bytes
 * @p: the object
 * @r: its record
 * @from: where this turn begins
 * @arg: of the caller of table_visit()
 * @fault: what is wrong with it
 * @at: offset of the first byte that is wrong; -1: none
 * @byte: what it should be
 */
struct visited {
	u32 row;
	size_t size;
	void *p;
	struct record *r;
	size_t from;
	const void *arg;
	enum galloc_fault fault;
	long at;
	u8 byte;
};

/* Looks at a turn.  Returns where the next one begins, 0: that was all. */
typedef size_t (*visit_fn)(struct visited *v);

int table_enable(void);
void table_forget(void);
void table_exit(void);
void table_drop(bool (*match)(u32 row, const void *arg), const void *arg);
bool table_reap(void);
void table_see_taken(const struct gate_object *o);
void table_see_alloc(const struct gate_object *o);
bool table_see_free(const struct gate_object *o, bool *known);
bool table_size_ok(const struct gate_object *o, size_t size, bool *known);
bool table_is_freed(const struct gate_object *o);
bool table_open(const struct gate_object *o);
size_t table_kept(const struct gate_object *o, size_t have);
bool table_resize(const struct gate_object *o, size_t size, bool zero);
void table_see_parked(const struct gate_object *o);
void table_leave(const struct mspan *s, unsigned int objects, size_t size);
bool table_find(const void *p, struct found_record *found);
unsigned int table_visit(visit_fn fn, const void *arg);
void table_walk(void (*fn)(u32 row, size_t size, const struct record *r, void *arg),
		void *arg);

/* bytes.c */

/* What is written behind the requested bytes; SLUB's value. */
#define BYTES_ZONE		0xcc

u8 bytes_of_free(void);
size_t bytes_zone(const struct record *r, size_t size);
void bytes_give_zone(const void *p, struct record *r, size_t size);
void bytes_clear_zones(bool (*match)(u32 row, const void *arg), const void *arg);
void bytes_zones_again(void);
bool bytes_zones_end(void);
bool bytes_fill_free(const struct gate_object *o);
unsigned int bytes_check(void);
void bytes_check_zone(const void *p, const struct record *r, size_t size);
bool bytes_check_free(const void *p, const struct record *r, size_t size);

#ifdef CONFIG_KASAN_GENERIC
extern bool bytes_marked;

void bytes_open(const void *p, size_t size);
void bytes_touch(const void *p);
u8 bytes_mark_of(const void *p);
#else
static inline void bytes_open(const void *p, size_t size) { }
static inline void bytes_touch(const void *p) { }
#endif

/* quarantine.c */

void quarantine_init(void);
void quarantine_exit(void);
bool quarantine_add(const void *p, size_t size);
void quarantine_turn(void);

#endif /* _GALLOC_TABLE_H */
