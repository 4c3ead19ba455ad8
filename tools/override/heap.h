/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* heap: what heap_other.c does for heap.c. */
#ifndef _TOOLS_OVERRIDE_HEAP_H
#define _TOOLS_OVERRIDE_HEAP_H

#include <linux/printk.h>
#include <linux/types.h>

struct item {
	char *text;
	struct rcu_head rcu;
};

/* What is in a header uses the pr_fmt() that there is when it is included. */
static inline void say_how_many(unsigned int n)
{
	pr_debug("%u objects stay\n", n);
}

char *other_text(void);
bool other_push(size_t size);
bool other_push_nofail(size_t size);
void other_pop_all(unsigned int but);

#endif /* _TOOLS_OVERRIDE_HEAP_H */
