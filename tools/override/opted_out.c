// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/* opted_out: a file with GALLOC_NO_OVERRIDE. */
#include <linux/slab.h>

#include "calls.h"

void *opted_out_alloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

void *opted_out_realloc(void *p, size_t size)
{
	return krealloc(p, size, GFP_KERNEL);
}

void opted_out_free(void *p)
{
	kfree(p);
}
