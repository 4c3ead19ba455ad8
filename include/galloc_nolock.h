/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_nolock: allocation and free in any context: in an NMI, under any lock, in a probe
 * of galloc's own code.
 *
 * Included by galloc.h.
 */
#ifndef _GALLOC_NOLOCK_H
#define _GALLOC_NOLOCK_H

#include <linux/types.h>

void *galloc_nolock(size_t size, gfp_t flags) __malloc __alloc_size(1);
void gfree_nolock(const void *p);

#endif /* _GALLOC_NOLOCK_H */
