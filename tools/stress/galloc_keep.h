/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
#ifndef _GALLOC_KEEP_H
#define _GALLOC_KEEP_H

#include <linux/types.h>

struct page;

int keep_object(void *p, size_t size);
int keep_page(struct page *page);

#endif
