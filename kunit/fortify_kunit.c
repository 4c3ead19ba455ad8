// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what the compiler knows of the size of an object, for each call that allocates.
 *
 * FORTIFY_SOURCE compares with that.  Of the calls whose size picks a class at compile
 * time it is known only on such kernels.  tools/test/fortify.c has the errors.
 */
#include "helpers.h"

#include "fortify_calls.h"

#define SIZE	60

static const char fortify_source[SIZE];
static struct galloc_heap *fortify_heap;

#define fortify_kmalloc(n)	galloc_any(n, GFP_KERNEL)

/* A macro: the compiler must see the call. */
#define EXPECT_KNOWN(name, p, known, size)				\
	EXPECT_SIZE(name, p, known, size, IS_ENABLED(CONFIG_FORTIFY_SOURCE))

#define EXPECT_SIZE(name, p, known, size, must)				\
do {									\
	size_t __known = (known);					\
									\
	KUNIT_EXPECT_NOT_NULL(test, p);					\
	if ((must) || __known != SIZE_MAX)				\
		KUNIT_EXPECT_EQ_MSG(test, __known, size, "%s", name);	\
	nr_known += __known != SIZE_MAX;				\
} while (0)

#define EARLY(name, call)						\
{									\
	const size_t n = SIZE;						\
	void *p = call;							\
									\
	EXPECT_KNOWN(#name, p, __builtin_object_size(p, 0), SIZE);	\
	gvfree(p);							\
}

static void a_constant_size_is_known(struct kunit *test)
{
	unsigned int nr_known = 0;
	void *p;

	FORTIFY_CALLS(EARLY)
	/* All but galloc(), gzalloc(), arrays and types of constant size. */
	KUNIT_EXPECT_GE(test, nr_known, 15);
	p = galloc_obj(char [SIZE]);
	EXPECT_KNOWN("galloc_obj", p, __builtin_object_size(p, 0), SIZE);
	gfree(p);
	p = galloc_class(galloc_size_class_const(SIZE), GFP_KERNEL);
	EXPECT_KNOWN("galloc_class", p, __builtin_object_size(p, 0), 64);
	gfree(p);
	p = galloc(GALLOC_MAX_SMALL + 1, GFP_KERNEL);
	EXPECT_KNOWN("whole pages", p, __builtin_object_size(p, 0),
		     GALLOC_MAX_SMALL + 1);
	gfree(p);
	p = gmemdup(fortify_source, SIZE, GFP_KERNEL);
	p = grealloc(p, 100, GFP_KERNEL);
	EXPECT_KNOWN("grealloc in place", p, __builtin_object_size(p, 0), 100);
	gfree(p);
}

#ifdef __has_builtin
#if __has_builtin(__builtin_dynamic_object_size)
#define LATE(name, call)						\
{									\
	size_t n = SIZE;						\
	void *p;							\
									\
	OPTIMIZER_HIDE_VAR(n);						\
	p = call;							\
	EXPECT_SIZE(#name, p, __builtin_dynamic_object_size(p, 0), SIZE, false);	\
	gvfree(p);							\
}
#endif
#endif

static void a_variable_size_is_known(struct kunit *test)
{
#ifdef LATE
	unsigned int nr_known = 0;

	FORTIFY_CALLS(LATE)
	/* Not arrays: the NULL of an overflow hides it, as with kmalloc_array(). */
	KUNIT_EXPECT_GE(test, nr_known, 17);
#else
	kunit_skip(test, "the compiler knows only constants");
#endif
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_constant_size_is_known),
	KUNIT_CASE(a_variable_size_is_known),
	{}
};

static int suite_init(struct kunit *test)
{
	int err = gk_init(test);

	fortify_heap = galloc_heap_create("fortify", NULL);
	return err ?: (fortify_heap ? 0 : -ENOMEM);
}

static void suite_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(fortify_heap), 0);
	gk_exit(test);
}

GK_SUITE(fortify, suite_init, suite_exit);
