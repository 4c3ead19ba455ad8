// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: what is left of watching when it has ended.
 */
#include "helpers.h"

#include <linux/string.h>

#include "debug/watch.h"

static void watch(const char *what)
{
	char text[40];

	strscpy(text, what, sizeof(text));
	WARN_ON_ONCE(watch_command(text));
}

/* The same for the class of a size. */
static void watch_class(size_t size, const char *how)
{
	char text[40];

	snprintf(text, sizeof(text), "class=%u %s", sizeclass_of(size), how);
	watch(text);
}

static int init_case(struct kunit *test)
{
	return gk_init(test);
}

static void exit_case(struct kunit *test)
{
	quarantine_kb = 0;
	quarantine_flush(true);
	gk_exit(test);
}

/* ---- reports -------------------------------------------------------------------------------- */

/* Where another object is now, nobody is blamed for what was there before. */
static void a_report_is_about_who_is_there(struct kunit *test)
{
	const size_t size = 1000, had = 4096;
	unsigned int i;
	u8 *p, *q = NULL;

	gk_expect_reports(test, FAULT_INTERIOR);
	watch_class(had, "on");
	p = galloc_any(had, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gfree(p);
	watch_class(had, "off");
	worker_settle();
	/* Its pages are in use again. */
	for (i = 0; i < 4096 && addr_of(q) - addr_of(p) >= had - size; i++) {
		void **next = galloc_any(size, GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, next);
		*next = q;
		q = (u8 *)next;
	}
	KUNIT_EXPECT_LT(test, i, 4096);
	gk_listen(test);
	gfree(q + 8);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by task"), 0);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "freed by task"), 0);
	while (q) {
		p = q;
		q = *(void **)q;
		gfree(p);
	}
}

/* ---- quarantine ------------------------------------------------------------------------------ */

/* With a lower limit what is beyond it goes, also if nothing more is kept. */
static void a_lower_limit_empties_it(struct kunit *test)
{
	unsigned int i;

	watch("all on");
	quarantine_kb = 64;
	for (i = 0; i < 100; i++)
		gfree(galloc_any(1000, GFP_KERNEL));
	KUNIT_EXPECT_GT(test, quarantine_bytes(), 32768);
	quarantine_kb = 4;
	for (i = 0; i < 100; i++)
		gfree(galloc_any(8192, GFP_KERNEL));
	KUNIT_EXPECT_LE(test, quarantine_bytes(), 4096);
	quarantine_kb = 0;
	gfree(galloc_any(1000, GFP_KERNEL));
	gfree(galloc_any(1000, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, quarantine_bytes(), 0);
	watch("all off");
}

static struct kunit_case cases[] = {
	KUNIT_CASE(a_report_is_about_who_is_there),
	KUNIT_CASE(a_lower_limit_empties_it),
	{}
};

GK_SUITE(watch, init_case, exit_case);
