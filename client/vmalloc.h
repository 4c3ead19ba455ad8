/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* vmalloc: what vmalloc.c does for override.c and rcu.c. */
#ifndef _GALLOC_CLIENT_VMALLOC_H
#define _GALLOC_CLIENT_VMALLOC_H

#include "galloc_internal.h"

bool vmalloc_serves(size_t size, gfp_t gfp);
gfp_t vmalloc_first_gfp(size_t size, gfp_t gfp);
void *vmalloc_instead(size_t size, gfp_t gfp, int nid);
bool vmalloc_has(const void *p);
bool vmalloc_begins(const void *p);
void vmalloc_queue_rcu(const void *p, struct rcu_head *head);
void vmalloc_settle_rcu(void);
size_t vmalloc_bytes(const void *p);

#endif /* _GALLOC_CLIENT_VMALLOC_H */
