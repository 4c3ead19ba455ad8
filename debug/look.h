/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * look: results of a check of a CPU's own stacks.
 */
#ifndef _GALLOC_LOOK_H
#define _GALLOC_LOOK_H

#include <linux/completion.h>
#include <linux/refcount.h>
#include <linux/workqueue.h>

#include "mcache.h"

/**
 * struct look - a check of a CPU's own stacks
 * @work: runs on that CPU
 * @done: it has run
 * @refs: of the waiting caller, and of @work
 * @fn: called there, in a task
 */
struct look {
	struct work_struct work;
	struct completion done;
	refcount_t refs;
	void (*fn)(struct look *look);
};

/**
 * struct look_stacks - the objects on a CPU's stacks
 * @look: the check; first, because it is freed through it
 * @max: length of @object
 * @n: objects found, those of a k together
 * @in_k: number of those of each k
 * @row: of each k
 * @missed: not all were checked
 * @object: the objects; invalid pointers are left out
 */
struct look_stacks {
	struct look look;
	unsigned int max;
	unsigned int n;
	unsigned int in_k[STACK_KS];
	unsigned int row[STACK_KS];
	bool missed;
	const void *object[];
};

/* Entries of a stack checked in one turn. */
#define STACK_TURN	32

/* Time that a CPU has to check its stacks. */
#define LOOK_TIMEOUT	(10 * HZ)

struct look *look_new(size_t size);
void look_start(struct look *look, int cpu, void (*fn)(struct look *look));
bool look_wait(struct look *look, unsigned long end);
void look_put(struct look *look);
void look_at_stacks(struct look *look);

#endif /* _GALLOC_LOOK_H */
