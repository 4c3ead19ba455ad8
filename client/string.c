// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * string: copies of memory and strings, and formatted strings, in objects of galloc().
 *
 * Above api.c, whose calls it uses; owns nothing.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

/**
 * gmemdup() - copy memory into a new object
 * @src: what to copy
 * @len: bytes of it
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: The object, ZERO_SIZE_PTR for 0 bytes, or NULL.
 */
void *gmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = galloc_any(len, gfp);

	return p && len ? memcpy(p, src, len) : p;
}
EXPORT_SYMBOL_GPL(gmemdup);

/**
 * gmemdup_nul() - make a string of characters that need not end in NUL
 * @s: the characters; NULL: the result is NULL
 * @len: their number
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: Their copy and a NUL, or NULL.
 */
char *gmemdup_nul(const char *s, size_t len, gfp_t gfp)
{
	size_t bytes;
	char *p;

	if (!s || check_add_overflow(len, (size_t)1, &bytes))
		return NULL;
	p = galloc_any(bytes, gfp);
	if (!p)
		return NULL;
	memcpy(p, s, len);
	/* Also if somebody has made the string longer since it was measured. */
	p[len] = '\0';
	return p;
}
EXPORT_SYMBOL_GPL(gmemdup_nul);

/**
 * gstrdup() - copy a string
 * @s: the string; NULL: the result is NULL
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: The copy, or NULL.
 */
char *gstrdup(const char *s, gfp_t gfp)
{
	return s ? gmemdup_nul(s, strlen(s), gfp) : NULL;
}
EXPORT_SYMBOL_GPL(gstrdup);

/**
 * gstrndup() - copy the beginning of a string
 * @s: the string; NULL: the result is NULL
 * @max: most characters to copy; no more are read
 * @gfp: allocation flags
 *
 * Context: As galloc().
 * Return: The copy, which ends in NUL, or NULL.
 */
char *gstrndup(const char *s, size_t max, gfp_t gfp)
{
	return s ? gmemdup_nul(s, strnlen(s, max), gfp) : NULL;
}
EXPORT_SYMBOL_GPL(gstrndup);

/**
 * gvasprintf() - format a string into a new object
 * @gfp: allocation flags
 * @fmt: format, as for printk()
 * @args: its arguments
 *
 * Context: As galloc().
 * Return: The string, or NULL.
 */
char *gvasprintf(gfp_t gfp, const char *fmt, va_list args)
{
	unsigned int len, printed;
	va_list again;
	char *p;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	p = galloc_any((size_t)len + 1, gfp);
	if (!p)
		return NULL;
	printed = vsnprintf(p, (size_t)len + 1, fmt, args);
	WARN_ONCE(printed != len,
		  "galloc: an argument of '%s' changed: %u characters, then %u\n",
		  fmt, len, printed);
	return p;
}
EXPORT_SYMBOL_GPL(gvasprintf);

/**
 * gasprintf() - format a string into a new object
 * @gfp: allocation flags
 * @fmt: format, as for printk()
 *
 * Context: As galloc().
 * Return: The string, or NULL.
 */
char *gasprintf(gfp_t gfp, const char *fmt, ...)
{
	va_list args;
	char *p;

	va_start(args, fmt);
	p = gvasprintf(gfp, fmt, args);
	va_end(args);
	return p;
}
EXPORT_SYMBOL_GPL(gasprintf);
