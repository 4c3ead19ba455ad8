// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_override: every call that galloc-override.h replaces, beside the kernel's own.
 *
 * body.h is compiled twice.  Each of its functions writes down what it sees; that must be
 * the same, and the objects must be from the allocator that they should be from.  Prints
 * "ok - NAME" or "not ok - NAME: WHY" for each.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <galloc.h>

#include "calls.h"

void note(struct seen *seen, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	seen->len += vscnprintf(seen->text + seen->len, sizeof(seen->text) - seen->len,
				fmt, args);
	va_end(args);
}

void owner(struct seen *seen, const void *p, bool ours)
{
	if (!ZERO_OR_NULL_PTR(p) && galloc_owns(p) != ours)
		seen->strangers++;
}

/*
 * With lines of a cache that are longer than a word, as on arm64, and devices that are not
 * coherent: alike on x86, where a line is one byte to DMA.
 */
void apart(struct seen *seen, const void *p, size_t size, size_t have)
{
	size_t line = dma_get_cache_alignment();

	if (ZERO_OR_NULL_PTR(p))
		return;
	if (!IS_ALIGNED((unsigned long)p, ARCH_KMALLOC_MINALIGN))
		note(seen, "below-minalign ");
	/* The rule by which the kernel's DMA layer trusts in a size. */
	if ((size >= 2 * line || IS_ALIGNED(kmalloc_size_roundup(size), line)) &&
	    !IS_ALIGNED((unsigned long)p | have, line))
		note(seen, "shares-lines ");
}

static void compare(const struct call *kernels, const struct call *ours,
		    struct seen *a, struct seen *b)
{
	kernels->run(a);
	ours->run(b);
	if (a->strangers || b->strangers)
		pr_info("galloc_override: not ok - %s: %u and %u objects are of the other allocator\n",
			ours->name, a->strangers, b->strangers);
	else if (strcmp(a->text, b->text))
		pr_info("galloc_override: not ok - %s: kernel: %s; galloc: %s\n", ours->name,
			a->text, b->text);
	else
		pr_info("galloc_override: ok - %s\n", ours->name);
}

static int __init override_init(void)
{
	struct seen *seen;
	unsigned int i;

	for (i = 0; calls_of_galloc[i].name; i++) {
		seen = kcalloc(2, sizeof(*seen), GFP_KERNEL);
		if (!seen)
			return -ENOMEM;
		compare(&calls_of_kernel[i], &calls_of_galloc[i], seen, seen + 1);
		kfree(seen);
	}
	return 0;
}

static void __exit override_exit(void)
{
}

module_init(override_init);
module_exit(override_exit);

MODULE_DESCRIPTION("The calls that galloc-override.h replaces, beside the kernel's own");
MODULE_LICENSE("GPL");
