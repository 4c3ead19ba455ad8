// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_misfree: a client that gives galloc's objects to kfree().
 *
 * Of 2,000 objects of all kinds every second one.  The others must be as they were,
 * now and whenever `damaged` is read; they are freed as they should be when this
 * module goes.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include <galloc.h>

#define NR_OBJECTS	2000
#define PATTERN		0xa7

/* Most of them small: many in one page. */
static const size_t sizes[] = {
	8, 16, 32, 48, 64, 64, 64, 96, 128, 200, 256, 300, 512, 700, 1024, 2048, 3000,
	4096, 8192, 40000,
};

static u8 *objects[NR_OBJECTS];

static size_t size_of(unsigned int i)
{
	return sizes[i / 2 % ARRAY_SIZE(sizes)];
}

static int damaged_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int damaged = 0, i;

	for (i = 0; i < NR_OBJECTS; i += 2)
		damaged += !!memchr_inv(objects[i], PATTERN, size_of(i));
	return sysfs_emit(buffer, "%u\n", damaged);
}

static const struct kernel_param_ops damaged_ops = { .get = damaged_get };
module_param_cb(damaged, &damaged_ops, NULL, 0444);

/* Others take the pages that were wrongly freed, if any were. */
static void __init take_pages(void)
{
	static void *pages[NR_OBJECTS] __initdata;
	unsigned int i;

	for (i = 0; i < NR_OBJECTS; i++) {
		pages[i] = (void *)__get_free_page(GFP_KERNEL);
		if (pages[i])
			clear_page(pages[i]);
	}
	for (i = 0; i < NR_OBJECTS; i++)
		free_page((unsigned long)pages[i]);
}

static int __init misfree_init(void)
{
	unsigned int i;

	for (i = 0; i < NR_OBJECTS; i++) {
		objects[i] = galloc(size_of(i), GFP_KERNEL);
		if (!objects[i])
			goto err;
		memset(objects[i], PATTERN, size_of(i));
	}
	for (i = 1; i < NR_OBJECTS; i += 2)
		kfree(objects[i]);
	take_pages();
	return 0;
err:
	while (i--)
		gfree(objects[i]);
	return -ENOMEM;
}

static void __exit misfree_exit(void)
{
	unsigned int i;

	for (i = 0; i < NR_OBJECTS; i += 2)
		gfree(objects[i]);
}

module_init(misfree_init);
module_exit(misfree_exit);

MODULE_DESCRIPTION("Frees galloc's objects by kfree(), to test galloc");
MODULE_LICENSE("GPL");
