/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * internal: what the files of client/ have for each other, and for init and exit.
 *
 * Included by galloc_internal.h.
 */
#ifndef _GALLOC_CLIENT_INTERNAL_H
#define _GALLOC_CLIENT_INTERNAL_H

/* client/resize.c */

size_t resize_have(const void *p);
size_t resize_kept(const void *p, size_t have);
bool resize_in_heap(const void *p, size_t size, size_t align, gfp_t gfp, int nid, void **new);
void resize_in_place(const void *p, size_t size, size_t have, gfp_t gfp);

/* client/sweep.c */

unsigned long sweep_row(struct mcentral *c);

/* client/override.c, client/nolock.c */

void override_settle(void);
void nolock_settle(void);
bool nolock_relieve(gfp_t gfp);

/* client/heap.c, client/usage.c */

void heap_settle(bool barrier);
void heap_exit(void);
unsigned long usage_live(struct rowset *set);

/* client/rcu.c */

void rcu_batches_init(void);
void rcu_batches_exit(void);
void rcu_batches_kick(void);
void rcu_batches_catch_up(void);
bool rcu_batches_end(void);
bool rcu_batches_add(const void *p);
bool rcu_batches_relieve(gfp_t gfp);
void rcu_batches_waiting(unsigned long *n, unsigned long *bytes);
void rcu_batches_peak(unsigned long *n, unsigned long *bytes);
void rcu_batches_settle(void);

#endif /* _GALLOC_CLIENT_INTERNAL_H */
