/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_rcu: objects freed after an RCU grace period.
 *
 * Included by galloc.h.
 */
#ifndef _GALLOC_RCU_H
#define _GALLOC_RCU_H

#include <linux/rcupdate.h>

void galloc_queue_rcu(const void *p, struct rcu_head *head);
void galloc_free_rcu(struct rcu_head *head);
void gfree_rcu_mightsleep(const void *p);
void galloc_rcu_barrier(void);

/**
 * gfree_rcu() - free an object after a grace period
 * @ptr: the object, a pointer to a struct that galloc() or gvmalloc() allocated, or NULL
 * @member: name of the struct rcu_head inside it, anywhere
 *
 * As kfree_rcu(): all that a CPU frees during one grace period takes one callback.  The
 * rcu_head is used only if there is no memory for an array of pointers, and in memory of
 * vmalloc(), which gvmalloc() may return: a task frees that.
 *
 * Context: Any but NMI.
 */
#define gfree_rcu(ptr, member)						\
do {									\
	typeof(ptr) ___galloc_p = (ptr);				\
									\
	if (___galloc_p)						\
		galloc_queue_rcu(___galloc_p, &___galloc_p->member);	\
} while (0)

#endif /* _GALLOC_RCU_H */
