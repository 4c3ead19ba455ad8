/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * galloc_obj: allocation by type, in the manner of kmalloc_obj() of Linux 7.
 *
 *	struct item *item = galloc_obj(*item);			one, GFP_KERNEL
 *	struct item *items = gzalloc_objs(*items, n, GFP_NOWAIT);	an array
 *	struct table *t = galloc_flex(*t, row, n);		and a flexible array
 *
 * The first argument is a type, or an expression of that type, which is not evaluated.
 * The result has the type of a pointer to it, so that a mistaken one is a warning.  A
 * size that overflows returns NULL.  Without flags at the end they are GFP_KERNEL.
 * Included by galloc.h.
 */
#ifndef _GALLOC_OBJ_H
#define _GALLOC_OBJ_H

#define __galloc_second(a, b, ...)	b
#define __galloc_gfp(...)		__galloc_second(, ##__VA_ARGS__, GFP_KERNEL)

/* galloc() with a size of SIZE_MAX, as computations that overflow return, is NULL. */
#define __galloc_sized(ALLOC, SIZE, GFP)				\
({									\
	const size_t __galloc_bytes = (SIZE);				\
									\
	__galloc_bytes == SIZE_MAX ? NULL : ALLOC(__galloc_bytes, GFP);	\
})

#define __galloc_objs(ALLOC, GFP, TYPE, COUNT)				\
	((TYPE *)__galloc_sized(ALLOC, size_mul(sizeof(TYPE), COUNT), GFP))

/*
 * A compiler that knows __counted_by() has the member that counts the elements, which
 * must be set before the first element is used.
 */
#if defined(__has_builtin)
#if __has_builtin(__builtin_counted_by_ref)
#define __galloc_counter(FAM)						\
	_Generic(__builtin_counted_by_ref(FAM),				\
		 void *: &(size_t){ 0 },				\
		 default: __builtin_counted_by_ref(FAM))
#endif
#endif
#ifndef __galloc_counter
#define __galloc_counter(FAM)	(&(size_t){ 0 })
#endif

#define __galloc_flex(ALLOC, GFP, TYPE, FAM, COUNT)			\
({									\
	const size_t __galloc_n = (COUNT);				\
	TYPE *__galloc_p = NULL;					\
									\
	/* A counter that cannot hold the number: NULL, too. */		\
	if ((typeof(*__galloc_counter(__galloc_p->FAM)))__galloc_n == __galloc_n) \
		__galloc_p = __galloc_sized(ALLOC, size_add(sizeof(TYPE),	\
			size_mul(sizeof(*__galloc_p->FAM) +	\
				 __must_be_array(__galloc_p->FAM), __galloc_n)), GFP); \
	if (__galloc_p)							\
		*__galloc_counter(__galloc_p->FAM) = __galloc_n;	\
	__galloc_p;							\
})

/**
 * galloc_obj() - allocate an object of a type
 * @VAR_OR_TYPE: a type, or an expression of that type
 * @...: allocation flags; GFP_KERNEL if omitted
 *
 * gzalloc_obj() zeroes it; gvmalloc_obj() and gvzalloc_obj() take it from gvmalloc().
 *
 * Context: As galloc().
 * Return: The object, or NULL.
 */
#define galloc_obj(VAR_OR_TYPE, ...) \
	__galloc_objs(galloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), 1)
#define gzalloc_obj(VAR_OR_TYPE, ...) \
	__galloc_objs(gzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), 1)
#define gvmalloc_obj(VAR_OR_TYPE, ...) \
	__galloc_objs(gvmalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), 1)
#define gvzalloc_obj(VAR_OR_TYPE, ...) \
	__galloc_objs(gvzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), 1)

/**
 * galloc_objs() - allocate an array of a type
 * @VAR_OR_TYPE: a type, or an expression of that type
 * @COUNT: number of elements
 * @...: allocation flags; GFP_KERNEL if omitted
 *
 * gzalloc_objs(), gvmalloc_objs() and gvzalloc_objs() as for galloc_obj().
 *
 * Context: As galloc().
 * Return: The first element, ZERO_SIZE_PTR for none, or NULL.
 */
#define galloc_objs(VAR_OR_TYPE, COUNT, ...) \
	__galloc_objs(galloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), COUNT)
#define gzalloc_objs(VAR_OR_TYPE, COUNT, ...) \
	__galloc_objs(gzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), COUNT)
#define gvmalloc_objs(VAR_OR_TYPE, COUNT, ...) \
	__galloc_objs(gvmalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), COUNT)
#define gvzalloc_objs(VAR_OR_TYPE, COUNT, ...) \
	__galloc_objs(gvzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), COUNT)

/**
 * galloc_flex() - allocate a structure that ends in a flexible array
 * @VAR_OR_TYPE: its type, or an expression of that type
 * @FAM: the name of the array
 * @COUNT: number of its elements
 * @...: allocation flags; GFP_KERNEL if omitted
 *
 * If the array is declared with __counted_by() and the compiler knows that, sets the
 * member that counts the elements.  Set it yourself as well: others do not.
 *
 * gzalloc_flex(), gvmalloc_flex() and gvzalloc_flex() as for galloc_obj().
 *
 * Context: As galloc().
 * Return: The structure, or NULL.
 */
#define galloc_flex(VAR_OR_TYPE, FAM, COUNT, ...) \
	__galloc_flex(galloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), FAM, COUNT)
#define gzalloc_flex(VAR_OR_TYPE, FAM, COUNT, ...) \
	__galloc_flex(gzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), FAM, COUNT)
#define gvmalloc_flex(VAR_OR_TYPE, FAM, COUNT, ...) \
	__galloc_flex(gvmalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), FAM, COUNT)
#define gvzalloc_flex(VAR_OR_TYPE, FAM, COUNT, ...) \
	__galloc_flex(gvzalloc, __galloc_gfp(__VA_ARGS__), typeof(VAR_OR_TYPE), FAM, COUNT)

#ifdef DEFINE_FREE
/* struct item *item __free(gfree) = galloc_obj(*item); and the same with gvfree. */
DEFINE_FREE(gfree, void *, if (!IS_ERR_OR_NULL(_T)) gfree(_T))
DEFINE_FREE(gfree_sensitive, void *, if (!IS_ERR_OR_NULL(_T)) gfree_sensitive(_T))
DEFINE_FREE(gvfree, void *, if (!IS_ERR_OR_NULL(_T)) gvfree(_T))
#endif

#endif /* _GALLOC_OBJ_H */
