// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * copies: what galloc-override.h puts in the place of the kernel's calls that allocate and
 * copy, or print.
 *
 * Exported to clients; calls override.c.  Owns no lock.
 */
#include "galloc_internal.h"

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "galloc_override_calls.h"

/* What is the kernel's counts for the caller. */
#include "galloc_allocinfo_none.h"

/* ---- copies ------------------------------------------------------------------------- */

/**
 * galloc_override_memdup() - kmemdup() of an overridden module
 * @heap: the module's heap, or NULL
 * @src: what to copy
 * @len: bytes of it
 * @gfp: any flags of kmalloc()
 *
 * Context: As kmalloc().
 * Return: As kmemdup().
 */
void *galloc_override_memdup(struct galloc_heap *heap, const void *src, size_t len,
			     gfp_t gfp)
{
	void *p = galloc_override_alloc(heap, len, gfp, NUMA_NO_NODE);

	return p && len ? memcpy(p, src, len) : p;
}
EXPORT_SYMBOL_GPL(galloc_override_memdup);

/**
 * galloc_override_memdup_nul() - kmemdup_nul() of an overridden module
 * @heap: the module's heap, or NULL
 * @s: characters that need not end in NUL; or NULL
 * @len: their number
 * @gfp: any flags of kmalloc()
 *
 * Context: As kmalloc().
 * Return: As kmemdup_nul().
 */
char *galloc_override_memdup_nul(struct galloc_heap *heap, const char *s, size_t len,
				 gfp_t gfp)
{
	char *p;

	if (!s)
		return NULL;
	p = galloc_override_alloc(heap, size_add(len, 1), gfp, NUMA_NO_NODE);
	if (!p)
		return NULL;
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}
EXPORT_SYMBOL_GPL(galloc_override_memdup_nul);

/**
 * galloc_override_vmemdup() - kvmemdup() of an overridden module
 * @heap: the module's heap, or NULL
 * @src: what to copy
 * @len: bytes of it
 * @gfp: any flags of kvmalloc()
 *
 * Context: As kvmalloc().
 * Return: As kvmemdup().
 */
void *galloc_override_vmemdup(struct galloc_heap *heap, const void *src, size_t len,
			      gfp_t gfp)
{
	void *p = galloc_override_valloc(heap, len, 1, gfp, NUMA_NO_NODE);

	return p && len ? memcpy(p, src, len) : p;
}
EXPORT_SYMBOL_GPL(galloc_override_vmemdup);

/**
 * galloc_override_vasprintf() - kvasprintf() of an overridden module
 * @heap: the module's heap, or NULL
 * @gfp: any flags of kmalloc()
 * @fmt: format
 * @args: its arguments
 *
 * Context: As kmalloc().
 * Return: As kvasprintf().
 */
char *galloc_override_vasprintf(struct galloc_heap *heap, gfp_t gfp, const char *fmt,
				va_list args)
{
	unsigned int len, printed;
	va_list again;
	char *p;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	p = galloc_override_alloc(heap, (size_t)len + 1, gfp, NUMA_NO_NODE);
	if (!p)
		return NULL;
	printed = vsnprintf(p, (size_t)len + 1, fmt, args);
	WARN(printed != len, "galloc: an argument of '%s' changed: %u characters, then %u\n",
	     fmt, len, printed);
	return p;
}
EXPORT_SYMBOL_GPL(galloc_override_vasprintf);

/* ---- copies from user space ---------------------------------------------------------- */

/* What a copy from user space ended with: the memory, or an error. */
static void *copied_from_user(void *p, const void __user *src, size_t len)
{
	if (!p)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(p, src, len))
		return p;
	galloc_kvfree(p);
	return ERR_PTR(-EFAULT);
}

/**
 * galloc_override_memdup_user() - memdup_user() of an overridden module
 * @heap: the module's heap, or NULL
 * @src: address in user space
 * @len: bytes
 *
 * Context: Process.  Sleeps.
 * Return: The copy, or ERR_PTR(-ENOMEM) or ERR_PTR(-EFAULT).
 */
void *galloc_override_memdup_user(struct galloc_heap *heap, const void __user *src,
				  size_t len)
{
	return copied_from_user(galloc_override_alloc(heap, len, GFP_USER | __GFP_NOWARN,
						      NUMA_NO_NODE), src, len);
}
EXPORT_SYMBOL_GPL(galloc_override_memdup_user);

/**
 * galloc_override_vmemdup_user() - vmemdup_user() of an overridden module
 * @heap: the module's heap, or NULL
 * @src: address in user space
 * @len: bytes
 *
 * Context: Process.  Sleeps.
 * Return: As galloc_override_memdup_user(), to be freed by kvfree().
 */
void *galloc_override_vmemdup_user(struct galloc_heap *heap, const void __user *src,
				   size_t len)
{
	return copied_from_user(galloc_override_valloc(heap, len, 1, GFP_USER,
						       NUMA_NO_NODE), src, len);
}
EXPORT_SYMBOL_GPL(galloc_override_vmemdup_user);

/**
 * galloc_override_memdup_user_nul() - memdup_user_nul() of an overridden module
 * @heap: the module's heap, or NULL
 * @src: address in user space
 * @len: bytes
 *
 * Context: Process.  Sleeps.
 * Return: As galloc_override_memdup_user(), with a NUL behind it.
 */
void *galloc_override_memdup_user_nul(struct galloc_heap *heap, const void __user *src,
				      size_t len)
{
	char *p = galloc_override_alloc(heap, size_add(len, 1), GFP_USER | __GFP_NOWARN,
					NUMA_NO_NODE);

	p = copied_from_user(p, src, len);
	if (!IS_ERR(p))
		p[len] = '\0';
	return p;
}
EXPORT_SYMBOL_GPL(galloc_override_memdup_user_nul);

/**
 * galloc_override_strndup_user() - strndup_user() of an overridden module
 * @heap: the module's heap, or NULL
 * @s: string in user space
 * @max: most bytes, with its NUL
 *
 * Context: Process.  Sleeps.
 * Return: The copy, or ERR_PTR(): -EFAULT, -EINVAL if it is longer, -ENOMEM.
 */
char *galloc_override_strndup_user(struct galloc_heap *heap, const char __user *s, long max)
{
	long len = strnlen_user(s, max);
	char *p;

	if (!len)
		return ERR_PTR(-EFAULT);
	if (len > max)
		return ERR_PTR(-EINVAL);
	p = galloc_override_memdup_user(heap, s, len);
	/* Also if somebody has made it longer since. */
	if (!IS_ERR(p))
		p[len - 1] = '\0';
	return p;
}
EXPORT_SYMBOL_GPL(galloc_override_strndup_user);
