// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_keep: remembers leaked objects, to check them later.
 *
 * It uses nothing of galloc, so galloc can be unloaded while it is there.  The
 * parameter `damaged` reads as the number of objects whose bytes have changed:
 * their pages were reused.  Pages that it refers to are put when
 * it goes.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "galloc_keep.h"

#define MAX_KEPT	64
#define PATTERN		0xa7

struct kept {
	u8 *p;
	size_t size;
};

static DEFINE_MUTEX(keep_lock);
static struct kept kept[MAX_KEPT];	/* keep_lock */
static unsigned int nr_kept;		/* keep_lock */
static struct page *pages[MAX_KEPT];	/* keep_lock */
static unsigned int nr_pages;		/* keep_lock */

/* Fill the object and remember it.  -ENOSPC if there are too many. */
int keep_object(void *p, size_t size)
{
	int err = -ENOSPC;

	mutex_lock(&keep_lock);
	if (nr_kept < MAX_KEPT) {
		memset(p, PATTERN, size);
		kept[nr_kept++] = (struct kept){ p, size };
		err = 0;
	}
	mutex_unlock(&keep_lock);
	return err;
}
EXPORT_SYMBOL_GPL(keep_object);

/* Take a reference on a page.  -ENOSPC if there are too many. */
int keep_page(struct page *page)
{
	int err = -ENOSPC;

	mutex_lock(&keep_lock);
	if (nr_pages < MAX_KEPT) {
		get_page(page);
		pages[nr_pages++] = page;
		err = 0;
	}
	mutex_unlock(&keep_lock);
	return err;
}
EXPORT_SYMBOL_GPL(keep_page);

static int damaged_get(char *buffer, const struct kernel_param *kp)
{
	unsigned int damaged = 0;
	unsigned int i;

	mutex_lock(&keep_lock);
	for (i = 0; i < nr_kept; i++)
		damaged += !!memchr_inv(kept[i].p, PATTERN, kept[i].size);
	mutex_unlock(&keep_lock);
	return sysfs_emit(buffer, "%u\n", damaged);
}

/* Any write damages the first object: does the look see it? */
static int damaged_set(const char *val, const struct kernel_param *kp)
{
	mutex_lock(&keep_lock);
	if (nr_kept)
		kept[0].p[0] ^= 1;
	mutex_unlock(&keep_lock);
	return 0;
}

static const struct kernel_param_ops damaged_ops = {
	.get = damaged_get,
	.set = damaged_set,
};
module_param_cb(damaged, &damaged_ops, NULL, 0600);
MODULE_PARM_DESC(damaged, "objects that are not as they were left");

static int __init keep_init(void)
{
	return 0;
}

static void __exit keep_exit(void)
{
	while (nr_pages)
		put_page(pages[--nr_pages]);
}

module_init(keep_init);
module_exit(keep_exit);

MODULE_DESCRIPTION("Remembers leaked objects, to test galloc");
MODULE_LICENSE("GPL");
