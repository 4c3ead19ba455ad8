/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_override_heap: the private heap of an overridden module.
 *
 * Part of galloc-override.h, with GALLOC_OVERRIDE_HEAP=1.  The heap has the module's name
 * and the limit of its parameter galloc_heap_limit_mb.  It is made before the module's init
 * function runs and destroyed after its exit function, wherever module_init() and
 * module_exit() stand.  Until then, and in a module without them, galloc's common rows
 * serve.
 */
#ifndef _GALLOC_OVERRIDE_HEAP_H
#define _GALLOC_OVERRIDE_HEAP_H

#include <linux/module.h>

/* Weak: one for all files of the module. */
extern struct galloc_heap *__galloc_heap;
struct galloc_heap *__galloc_heap __weak;

#define GALLOC_HERE	READ_ONCE(__galloc_heap)

#undef module_init
#define module_init(initfn)						\
	static unsigned int galloc_heap_limit_mb;			\
	module_param(galloc_heap_limit_mb, uint, 0444);			\
	MODULE_PARM_DESC(galloc_heap_limit_mb,				\
			 "most MB of this module's heap; 0: no limit");	\
	int __init init_module(void)					\
	{								\
		initcall_t __galloc_init = initfn;			\
		int __galloc_err = galloc_override_begin(&__galloc_heap,	\
					KBUILD_MODNAME, galloc_heap_limit_mb);	\
									\
		if (__galloc_err)					\
			return __galloc_err;				\
		__galloc_err = __galloc_init();				\
		if (__galloc_err < 0)					\
			galloc_override_end(&__galloc_heap);		\
		return __galloc_err;					\
	}								\
	___ADDRESSABLE(init_module, __initdata);

#undef module_exit
#define module_exit(exitfn)						\
	void __exit cleanup_module(void)				\
	{								\
		exitcall_t __galloc_exit = exitfn;			\
									\
		__galloc_exit();					\
		galloc_override_end(&__galloc_heap);			\
	}								\
	___ADDRESSABLE(cleanup_module, __exitdata);

#endif /* _GALLOC_OVERRIDE_HEAP_H */
