/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_string: copies of memory and strings, and formatted strings.
 *
 * As kmemdup(), kstrdup() and kasprintf() and the like.  Included by galloc.h.
 */
#ifndef _GALLOC_STRING_H
#define _GALLOC_STRING_H

#include <linux/stdarg.h>
#include <linux/string.h>

/* Not for clients: as kmemdup(), an error or a panic if @src is known to be shorter. */
static __always_inline void __galloc_may_read(const void * const src, size_t len)
{
#if defined(CONFIG_FORTIFY_SOURCE) && defined(__struct_size) && !defined(__NO_FORTIFY)
	/* Asked here: on the way below the compiler knows how a size of run time compares. */
	const bool known = __builtin_constant_p(__struct_size(src) < len);

	if (__struct_size(src) >= len)
		return;
	/* What is not known must be compared, and is not known to be too long. */
	if (!known)
		OPTIMIZER_HIDE_VAR(len);
	/* It has the same check, and is no builtin that the compiler leaves out. */
	memchr_inv(src, 0, len);
#endif
}

#ifdef _GALLOC_COMPAT_H
void *gmemdup(const void *src, size_t len, gfp_t gfp) __realloc_size(2);
#else
void *__galloc_real_gmemdup(const void *src, size_t len, gfp_t gfp)
	__asm__("gmemdup") __realloc_size(2);

static __always_inline __realloc_size(2) void *
gmemdup(const void * const src, size_t len, gfp_t gfp)
{
	__galloc_may_read(src, len);
	return __galloc_real_gmemdup(src, len, gfp);
}
#endif

char *gmemdup_nul(const char *s, size_t len, gfp_t gfp);
char *gstrdup(const char *s, gfp_t gfp) __malloc;
char *gstrndup(const char *s, size_t max, gfp_t gfp);
char *gvasprintf(gfp_t gfp, const char *fmt, va_list args) __printf(2, 0);
char *gasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);

#endif /* _GALLOC_STRING_H */
