/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* stackdepot: see stackdepot.c. */
#ifndef _GALLOC_STACKDEPOT_H
#define _GALLOC_STACKDEPOT_H

#include <linux/types.h>

struct seq_file;

/* Addresses that are kept of a stack. */
#define STACKDEPOT_DEPTH	24

void *stackdepot_alloc(size_t bytes, bool any);
u32 stackdepot_save(const unsigned long *at, unsigned int n, bool any);
u32 stackdepot_save_here(bool any);
unsigned int stackdepot_fetch(u32 handle, const unsigned long **at);
void stackdepot_print(struct seq_file *m, u32 handle);
void stackdepot_exit(void);

#endif /* _GALLOC_STACKDEPOT_H */
