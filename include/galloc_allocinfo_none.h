/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_allocinfo_none: from here to the end of a header, or of a file, the kernel's calls
 * are not wrapped: what they allocate counts for whoever calls the function they are in.
 *
 * Not guarded: a header includes it between push_macro("alloc_hooks") and pop_macro().
 */
#ifdef GALLOC_ALLOCINFO
#undef alloc_hooks
#define alloc_hooks(call)	(call)
#endif
