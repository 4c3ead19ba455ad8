// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_leak: a client that leaves objects behind.
 *
 * Three small ones, among a hundred that it frees, and one of 25 pages: what galloc
 * says of them at its unload is in Documentation/usage.rst.  With shared=1: some that
 * it frees while others refer to a page of each.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>

#include <galloc.h>

#include "galloc_keep.h"
#include "param.h"

#define SMALL_SIZE	200
#define NR_SMALL	3
#define NR_FREED	100
#define LARGE_SIZE	(25 * SZ_4K)

/* Allocate, and leave it to galloc_keep. */
static int leave(size_t size)
{
	void *p = galloc(size, GFP_KERNEL);

	return p ? keep_object(p, size) : -ENOMEM;
}

PARAM(bool, shared, false, "free objects that somebody else refers to");

static int __init free_shared(void)
{
	static const size_t sizes[] __initconst = { SZ_16K, SZ_64K, 3 * SZ_1M };
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++) {
		u8 *p = galloc(sizes[i], GFP_KERNEL);

		if (!p)
			return -ENOMEM;
		err = keep_object(p, sizes[i]) ?:
		      keep_page(virt_to_page(p + sizes[i] / 2));
		gfree(p);
	}
	return err;
}

static int __init leak_init(void)
{
	static void *freed[NR_FREED] __initdata;
	unsigned int i;
	int err = 0;

	if (shared)
		return free_shared();
	for (i = 0; i < NR_FREED; i++)
		freed[i] = galloc(SMALL_SIZE, GFP_KERNEL);
	for (i = 0; i < NR_SMALL && !err; i++)
		err = leave(SMALL_SIZE);
	if (!err)
		err = leave(LARGE_SIZE);
	for (i = 0; i < NR_FREED; i++)
		gfree(freed[i]);
	return err;
}

static void __exit leak_exit(void)
{
}

module_init(leak_init);
module_exit(leak_exit);

MODULE_DESCRIPTION("Leaks objects, to test galloc");
MODULE_LICENSE("GPL");
