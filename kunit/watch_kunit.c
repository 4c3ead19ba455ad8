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
	KUNIT_CASE(a_lower_limit_empties_it),
	{}
};

GK_SUITE(watch, init_case, exit_case);
