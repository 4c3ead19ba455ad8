// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: inputs of random bytes, each of which is a sequence of calls, see walk.c.
 *
 * An input that fails is made as short as it can be and still fail, and printed: with
 * fuzz= it runs again, and nothing else does.  tools/fuzz runs many of them.
 */
#include "helpers.h"

#include <linux/string.h>

#include "debug/table.h"
#include "debug/watch.h"
#include "walk.h"

#define INPUT_MAX	16384

/* So that one input is not all there is of a small budget. */
#define INPUT_MIN	64

/* Inputs that are tried to find a shorter one. */
#define MAX_TRIALS	4000

/* Bytes in a line of what is printed. */
#define LINE_BYTES	64

/* ---- shorter ones ------------------------------------------------------------------ */

/**
 * struct input - bytes, and how to see whether they fail
 * @at: the bytes
 * @n: their number
 * @fails: with these bytes?
 * @arg: for @fails
 * @trial: room for as many bytes
 * @trials: how often @fails was called
 */
struct input {
	u8 *at;
	size_t n;
	bool (*fails)(const u8 *at, size_t n, void *arg);
	void *arg;
	u8 *trial;
	unsigned int trials;
};

/* Leave out @n bytes if the others fail. */
static bool fails_without(struct input *in, size_t from, size_t n)
{
	memcpy(in->trial, in->at, from);
	memcpy(in->trial + from, in->at + from + n, in->n - from - n);
	in->trials++;
	if (!in->fails(in->trial, in->n - n, in->arg))
		return false;
	in->n -= n;
	swap(in->at, in->trial);
	return true;
}

/* Leave out what is not needed, long pieces first, until no single byte can go. */
static void shrink(struct input *in)
{
	size_t piece = in->n / 2, from;
	bool shorter = false;

	while (piece && in->trials < MAX_TRIALS) {
		for (from = 0; from + piece <= in->n && in->trials < MAX_TRIALS;) {
			if (fails_without(in, from, piece))
				shorter = true;
			else
				from += piece;
			cond_resched();
		}
		if (piece > 1 || !shorter)
			piece /= 2;
		shorter = false;
	}
}

static bool input_init(struct kunit *test, struct input *in)
{
	in->at = kunit_kzalloc(test, INPUT_MAX, GFP_KERNEL);
	in->trial = kunit_kzalloc(test, INPUT_MAX, GFP_KERNEL);
	in->trials = 0;
	return in->at && in->trial;
}

/* Two bytes in order, which need not be neighbours. */
static bool has_both(const u8 *at, size_t n, void *arg)
{
	const u8 *first = memchr(at, 0x17, n);

	return first && memchr(first, 0x99, at + n - first);
}

static void what_is_not_needed_is_left_out(struct kunit *test)
{
	struct input in = { .n = 3000, .fails = has_both };
	u64 rng = gk_seed(test);
	unsigned int i;

	KUNIT_ASSERT_TRUE(test, input_init(test, &in));
	for (i = 0; i < in.n; i++)
		in.at[i] = gk_below(&rng, 0x17);
	in.at[gk_below(&rng, 1500)] = 0x17;
	in.at[1500 + gk_below(&rng, 1500)] = 0x99;
	shrink(&in);
	KUNIT_ASSERT_EQ(test, in.n, 2);
	KUNIT_EXPECT_EQ(test, in.at[0], 0x17);
	KUNIT_EXPECT_EQ(test, in.at[1], 0x99);
	KUNIT_EXPECT_LT(test, in.trials, MAX_TRIALS);
}

/* ---- against the twin ---------------------------------------------------------------- */

/* Are all objects watched, and freed ones kept for a while? */
static bool watched;

static void watch(bool on)
{
	char text[8];

	if (!watched)
		return;
	strscpy(text, on ? "all on" : "all off", sizeof(text));
	quarantine_kb = on ? 64 : 0;
	WARN_ON_ONCE(watch_command(text));
	/* Cases that come later free where these objects were. */
	if (!on)
		table_forget();
}

/* What the side table sees, if there is one, is wrong, too. */
static unsigned long all_faults(void)
{
	unsigned long n = 0;
	int i;

	for (i = 0; i < NR_GALLOC_FAULTS; i++)
		n += gk_faults(i);
	return n;
}

static void walk_input(struct walk *w)
{
	if (!walk_open(w)) {
		w->wrong = "no memory for a heap and caches";
		return;
	}
	walk_some(w, ULONG_MAX);
	walk_expect(w, twin_check_all(&w->twin));
	if (!walk_close(w))
		walk_expect(w, "objects of the heap are lost");
}

static bool walk_fails(const u8 *at, size_t n, void *arg)
{
	unsigned long faults = all_faults();
	struct walk *w = arg;

	w->wrong = NULL;
	w->op = 0;
	w->in = at;
	w->in_end = at + n;
	watch(true);
	walk_input(w);
	watch(false);
	if (all_faults() != faults)
		walk_expect(w, "a report");
	return w->wrong;
}

static void print_input(struct kunit *test, const struct input *in)
{
	size_t i;

	for (i = 0; i < in->n; i += LINE_BYTES)
		kunit_err(test, "fuzz=%*phN\n", (int)min_t(size_t, LINE_BYTES, in->n - i),
			  in->at + i);
}

/* It fails: say why, and the same of the shortest that does. */
static void fail_shortest(struct kunit *test, struct input *in)
{
	const struct walk *w = in->arg;

	kunit_err(test, "%zu bytes fail, %s: operation %lu, %s: %s\n", in->n,
		  watched ? "watched" : "not watched", w->op, w->name, w->wrong);
	shrink(in);
	in->fails(in->at, in->n, in->arg);
	print_input(test, in);
	KUNIT_FAIL(test, "%zu bytes, operation %lu, %s: %s", in->n, w->op, w->name,
		   w->wrong ?: "not the second time");
}

/* The input of the parameter. */
static void run_given(struct kunit *test, struct input *in)
{
	size_t i;

	in->n = strlen(gk_fuzz) / 2;
	KUNIT_ASSERT_LE(test, in->n, INPUT_MAX);
	for (i = 0; i < in->n; i++)
		KUNIT_ASSERT_EQ_MSG(test, sscanf(gk_fuzz + 2 * i, "%2hhx", &in->at[i]), 1,
				    "fuzz= is not in hex");
	for (i = 0; i < 2; i++) {
		watched = i;
		if (in->fails(in->at, in->n, in->arg)) {
			fail_shortest(test, in);
			break;
		}
	}
}

static void any_input_agrees_with_the_twin(struct kunit *test)
{
	struct walk *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	struct input in = { .fails = walk_fails, .arg = w };
	unsigned long ops = gk_fuzz_ops ?: gk_times(20000), done = 0;
	unsigned int inputs = 0;
	u64 rng = gk_seed(test);
	size_t i;

	KUNIT_ASSERT_NOT_NULL(test, w);
	KUNIT_ASSERT_TRUE(test, input_init(test, &in));
	KUNIT_ASSERT_TRUE(test, walk_init(test, w, rng));
	walk_end(test, w);
	watched = false;
	if (gk_fuzz) {
		run_given(test, &in);
		return;
	}
	while (done < ops) {
		in.n = INPUT_MIN + gk_below(&rng, INPUT_MAX - INPUT_MIN);
		for (i = 0; i < in.n; i++)
			in.at[i] = gk_below(&rng, 256);
		/* Every other one, as watching takes time. */
		watched = inputs % 2;
		if (in.fails(in.at, in.n, in.arg)) {
			fail_shortest(test, &in);
			break;
		}
		done += w->op;
		inputs++;
	}
	kunit_info(test, "%u inputs, %lu operations\n", inputs, done);
	gk_count_ops(done);
	KUNIT_EXPECT_EQ(test, gk_in_use(test), 0);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(what_is_not_needed_is_left_out),
	KUNIT_CASE(any_input_agrees_with_the_twin),
	{}
};

GK_SUITE(fuzz, gk_init_alive, gk_exit);
