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

void *gmemdup(const void *src, size_t len, gfp_t gfp) __realloc_size(2);
char *gmemdup_nul(const char *s, size_t len, gfp_t gfp);
char *gstrdup(const char *s, gfp_t gfp) __malloc;
char *gstrndup(const char *s, size_t max, gfp_t gfp);
char *gvasprintf(gfp_t gfp, const char *fmt, va_list args) __printf(2, 0);
char *gasprintf(gfp_t gfp, const char *fmt, ...) __printf(2, 3);

#endif /* _GALLOC_STRING_H */
