// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * Host tests of the generated size classes, built once per PAGE_SHIFT.
 *
 *	sizeclass_test		check the tables; "ok - name", "not ok - name: why"
 *	sizeclass_test --table	the table, from what was compiled in
 *	sizeclass_test --folds	a C program that links only when the compiler
 *				folds galloc_size_class_const() to our answers
 *
 * Nothing here is taken from the generator: the sizes are typed in, the class
 * of a size is searched for.
 */
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_shim.h"

#define NR_SIZES	67
#define MAX_SIZE	32768u
#define HELD_SIZES	8192u	/* held over asked is for sizes 1 .. this */
#define HELD_LIMIT	1.08
#define NR_EXCEPTIONS	26

/* Go's size classes. */
static const u32 known_sizes[NR_SIZES] = {
	8, 16, 24, 32, 48, 64, 80, 96, 112, 128,
	144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
	352, 384, 416, 448, 480, 512, 576, 640, 704, 768,
	896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688,
	3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912,
	8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432,
	19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

static int failures;

/* Print the result of a check; @why is used only if it failed. */
__attribute__((format(printf, 3, 4)))
static void result(bool ok, const char *name, const char *why, ...)
{
	va_list ap;

	printf("%s - sizeclass, %lu KiB pages: %s", ok ? "ok" : "not ok",
	       PAGE_SIZE / 1024, name);
	if (!ok) {
		failures++;
		printf(": ");
		va_start(ap, why);
		vprintf(why, ap);
		va_end(ap);
	}
	putchar('\n');
}

static u32 natural_align(u32 n)
{
	return n & -n;
}

static u32 span_bytes(const struct sizeclass *c)
{
	return c->span_pages * (u32)PAGE_SIZE;
}

static u32 tail_bytes(const struct sizeclass *c)
{
	return span_bytes(c) - c->objects * c->size;
}

/* Is every object of a span of @class aligned, wherever the span lies? */
static bool keeps_align(u32 class, u32 align)
{
	const struct sizeclass *c = &sizeclasses[class];
	u64 unit = (u64)c->align_pages * PAGE_SIZE, start;
	u32 i;

	for (start = unit; start <= 3 * unit; start += unit)
		for (i = 0; i < c->objects; i++)
			if ((start + (u64)i * c->size) % align)
				return false;
	return true;
}

/*
 * The smallest class that is big enough and whose size is a multiple of what
 * the request must be aligned to, by the sizes above.
 */
static u32 naive_class(u32 size)
{
	u32 i;

	for (i = 0; size && i < NR_SIZES; i++)
		if (known_sizes[i] >= size && !(known_sizes[i] % natural_align(size)))
			return i + 1;
	return 0;
}

/* Is there a smaller class that would hold @size? */
static bool is_exception(u32 size)
{
	u32 class = naive_class(size);

	return class > 1 && known_sizes[class - 2] >= size;
}

static void test_sizes(void)
{
	u32 i, bad = 0;

	result(GALLOC_NR_CLASSES == NR_SIZES + 1, "67 classes and row 0",
	       "%d rows", GALLOC_NR_CLASSES);
	for (i = 0; i < NR_SIZES; i++)
		if (sizeclasses[i + 1].size != known_sizes[i])
			bad = i + 1;
	result(!bad, "the sizes are Go's", "class %u is %u", bad,
	       sizeclasses[bad].size);
	result(!sizeclasses[0].size && !sizeclasses[0].objects &&
	       !sizeclasses[0].span_pages, "row 0 is empty", "it is not");
}

static void test_lookup(void)
{
	u32 size, bad = 0, bad_const = 0, exceptions = 0;

	for (size = MAX_SIZE; size > 0; size--) {
		if (sizeclass_of(size) != naive_class(size))
			bad = size;
		if (galloc_size_class_const(size) != naive_class(size))
			bad_const = size;
		exceptions += is_exception(size);
	}
	result(!bad, "each size looks up the smallest class that fits and aligns",
	       "%u: class %u, not %u", bad, sizeclass_of(bad), naive_class(bad));
	result(!bad_const, "each size has the same class in the public header",
	       "%u: class %u, not %u", bad_const,
	       galloc_size_class_const(bad_const), naive_class(bad_const));
	for (size = 0, bad = 0; size <= GALLOC_NR_CLASSES; size++)
		if (galloc_class_size_const(size) !=
		    (size < GALLOC_NR_CLASSES ? sizeclasses[size].size : 0))
			bad = size + 1;
	result(!bad, "each class has the same size in the public header",
	       "class %u", bad - 1);
	result(exceptions == NR_EXCEPTIONS, "26 sizes need more than their length",
	       "%u", exceptions);
	result(!sizeclass_of(0) && !galloc_size_class_const(0) &&
	       !sizeclass_of(MAX_SIZE + 1) &&
	       !galloc_size_class_const(MAX_SIZE + 1) &&
	       !sizeclass_of(SIZE_MAX) && !galloc_size_class_const(SIZE_MAX),
	       "0 and what is too large have no class", "they have");
}

static void test_alignment(void)
{
	u32 need[GALLOC_NR_CLASSES] = { 0 }, size, class, bad = 0, pow2 = 0;

	for (size = 1; size <= MAX_SIZE; size++) {
		class = sizeclass_of(size);
		if (need[class] < natural_align(size))
			need[class] = natural_align(size);
	}
	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		if (!keeps_align(class, need[class]))
			bad = class;
		size = sizeclasses[class].align_pages;
		if (!size || size & (size - 1) ||
		    (size > 1 && size * PAGE_SIZE > sizeclasses[class].size))
			pow2 = class;
	}
	result(!bad, "each object is aligned for every size it may serve",
	       "class %u misses %u", bad, need[bad]);
	result(!pow2, "the alignment of a span is a power of two up to its size",
	       "class %u: %u", pow2, sizeclasses[pow2].align_pages);
}

static void test_index(void)
{
	const struct sizeclass *c;
	u32 class, offset, bad = 0, bad_offset = 0;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		c = &sizeclasses[class];
		for (offset = 0; c->size && offset < span_bytes(c); offset++) {
			if (sizeclass_index(c, offset) == offset / c->size)
				continue;
			bad = class;
			bad_offset = offset;
			break;
		}
	}
	result(!bad, "the index is exact at every offset of every span",
	       "class %u, offset %u: %u", bad, bad_offset,
	       sizeclass_index(&sizeclasses[bad], bad_offset));
}

/* The longest span that may be spent on a small tail. */
static u32 longest_span(u32 size)
{
	return size > 4096 ? 16 : 8;
}

/* Is a tail within what the rule aims at: 2 %, and 4 % of a page of 4 KiB? */
static bool tail_is_short(u32 tail, u32 bytes)
{
	return tail * 100ull <= (bytes > 4096 ? 2 : 4) * bytes;
}

/*
 * A span's length follows the rule: no shorter one has a short tail, and if it has
 * none itself, none up to the longest has a smaller tail.
 */
static bool length_follows_rule(const struct sizeclass *c)
{
	bool aim = tail_is_short(tail_bytes(c), span_bytes(c));
	u32 pages, bytes;

	for (pages = 1; pages <= longest_span(c->size); pages++) {
		bytes = pages * PAGE_SIZE;
		if (bytes < c->size || (c->size < 128 && bytes < 8192))
			continue;
		if (tail_is_short(bytes % c->size, bytes))
			return aim && pages == c->span_pages;
		if (!aim && (u64)(bytes % c->size) * span_bytes(c) <
			    (u64)tail_bytes(c) * bytes)
			return false;
	}
	return !aim;
}

static void test_spans(void)
{
	u32 class, objects = 0, bound = 0, small = 0, rule = 0, most = 0;
	const struct sizeclass *c;

	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		c = &sizeclasses[class];
		if (!c->objects || c->objects != span_bytes(c) / c->size)
			objects = class;
		if (tail_bytes(c) * 8ull > span_bytes(c))
			bound = class;
		if (c->size < 128 && span_bytes(c) < 8192)
			small = class;
		if (!length_follows_rule(c))
			rule = class;
		if (most < c->objects)
			most = c->objects;
	}
	result(!objects, "a span holds as many objects as fit", "class %u", objects);
	result(!bound, "no tail is over 12.5 %", "class %u", bound);
	result(!small, "objects under 128 bytes have spans of 8 KiB or more",
	       "class %u", small);
	result(!rule, "spans are the shortest with a short tail, or of the least tail",
	       "class %u: %u pages", rule, sizeclasses[rule].span_pages);
	result(most == SIZECLASS_MAX_OBJECTS, "SIZECLASS_MAX_OBJECTS is the most",
	       "%u, but a span holds %u", (u32)SIZECLASS_MAX_OBJECTS, most);
}

/*
 * Memory held, spans and tails included, over memory asked for, when the
 * logarithm of the size is spread evenly over 1 .. HELD_SIZES.
 */
static double held_over_asked(void)
{
	double held = 0, asked = 0, weight;
	const struct sizeclass *c;
	u32 size;

	for (size = 1; size <= HELD_SIZES; size++) {
		c = &sizeclasses[sizeclass_of(size)];
		weight = log((size + 0.5) / (size - 0.5));
		held += weight * span_bytes(c) / c->objects;
		asked += weight * size;
	}
	return held / asked;
}

static void test_held(void)
{
	double ratio = held_over_asked();

	printf("# held over asked, log-uniform 1..%u, %lu KiB pages: %.4f\n",
	       HELD_SIZES, PAGE_SIZE / 1024, ratio);
	result(ratio >= 1 && ratio <= HELD_LIMIT, "held over asked is at most 1.08",
	       "%.4f", ratio);
}

static void print_table(void)
{
	u32 least[GALLOC_NR_CLASSES] = { 0 }, size, class;
	const struct sizeclass *c;

	for (size = MAX_SIZE; size > 0; size--)
		least[sizeclass_of(size)] = size;

	printf("class\tsize\tspan_pages\tobjects\ttail_percent\tmax_waste_percent\n");
	for (class = 1; class < GALLOC_NR_CLASSES; class++) {
		c = &sizeclasses[class];
		printf("%u\t%u\t%u\t%u\t%.2f\t%.2f\n", class, c->size,
		       c->span_pages, c->objects,
		       100.0 * tail_bytes(c) / span_bytes(c),
		       100.0 * ((c->size - least[class]) * c->objects +
				tail_bytes(c)) / span_bytes(c));
	}
}

static void print_fold(u32 size)
{
	printf("\tif (galloc_size_class_const(%u) != %u)\n\t\tnot_folded();\n",
	       size, naive_class(size));
}

/* Each boundary of a class and each exception, with both neighbours. */
static void print_folds(void)
{
	u32 size;

	printf("#include \"host_shim.h\"\n\n"
	       "extern void not_folded(void);\n\n"
	       "int main(void)\n{\n");
	for (size = 0; size <= MAX_SIZE + 1; size++)
		if (size <= 1 || naive_class(size) != naive_class(size - 1) ||
		    naive_class(size) != naive_class(size + 1))
			print_fold(size);
	printf("\treturn 0;\n}\n");
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--table")) {
		print_table();
		return 0;
	}
	if (argc > 1 && !strcmp(argv[1], "--folds")) {
		print_folds();
		return 0;
	}
	test_sizes();
	test_lookup();
	test_alignment();
	test_index();
	test_spans();
	test_held();
	return failures ? 1 : 0;
}
