// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * gen-sizeclasses: derive galloc's size classes and print them as C or as a
 * table.
 *
 *	gen-sizeclasses --source		sizeclass.c
 *	gen-sizeclasses --header		include/galloc_sizeclass.h
 *	gen-sizeclasses --table PAGE_SIZE	one line a class, tab-separated
 *
 * Three steps, each independent of what is printed:
 *
 * 1. derive_sizes(): the 67 object sizes, by the rules that Go publishes for
 *    its 8 KiB page.  They are the same on every kernel, because they are
 *    compiled into client modules.
 * 2. derive_map(): which class serves a request.  The smallest that holds it
 *    and keeps kmalloc's promise: an object is aligned to the largest power of
 *    two that divides the requested size.
 * 3. derive_layout(): for each page size, how long a span of the class is, how
 *    it must be aligned, and the reciprocal that turns an offset in it into an
 *    object index.  Every offset of every class is tried before the reciprocal
 *    is believed.
 *
 * tools/sizeclasses.sh builds and runs this; tools/test/run.sh checks that the
 * files in the tree are what it prints.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SMALL	32768u	/* largest size that has a class */
#define NR_SIZES	67u	/* what the rules must come to */
#define MAX_CLASSES	256u	/* a class is a u8 in the lookup tables */
#define ABSENT		0u

/* Up to FINE_MAX the lookup goes by 8 bytes, above by GRAIN. */
#define FINE_MAX	1024u
#define GRAIN		128u

/*
 * An object's index is offset * recip >> RECIP_SHIFT.  With 32 the class of
 * 20480 goes wrong in a span of five 64 KiB pages; 34 is the most that leaves
 * the reciprocal of 8 in 32 bits, and exact for all.
 */
#define RECIP_SHIFT	34

/* The page that the rules for the sizes are applied at. */
#define RULES_PAGE	8192u

/*
 * Span lengths.  The shortest span whose tail is within TAIL_AIM is taken; if
 * there is none within the longest span allowed, the one with the least tail.  A
 * page alone may have more of a tail: it has fewer objects, the last of which keeps
 * it from going back.  Of tiny objects it has so many that one always stays, and
 * there it would only cost twice as many descriptors.
 */
#define TAIL_AIM_PERCENT	2u
#define TAIL_AIM_PERCENT_PAGE	4u	/* where the span is SHORT_SPAN or less */
#define SHORT_SPAN		4096u
#define TAIL_LIMIT(span)	((span) / 8)	/* 12.5 % */
#define SPAN_PAGES_MAX		8u
#define SPAN_PAGES_MAX_BIG	16u	/* for objects above BIG_OBJECT */
#define BIG_OBJECT		4096u
#define TINY_OBJECT		128u	/* below this, a span is ... */
#define TINY_SPAN		8192u	/* ... at least so long */

struct layout {
	uint32_t span_pages;
	uint32_t span;		/* bytes */
	uint32_t objects;
	uint32_t tail;		/* bytes behind the last object */
	uint32_t align_pages;
	uint32_t recip;
	uint32_t max_waste;	/* bytes of a span, at the worst request size */
};

static uint32_t sizes[MAX_CLASSES];	/* [1 .. nr_classes - 1], row 0 unused */
static uint32_t nr_classes;		/* with row 0 */
static uint8_t class_of[MAX_SMALL + 1];
static uint32_t least_request[MAX_CLASSES]; /* smallest size served by a class */

static const uint32_t page_sizes[] = { 4096, 16384, 65536 };
#define NR_PAGE_SIZES (sizeof(page_sizes) / sizeof(page_sizes[0]))

__attribute__((noreturn, format(printf, 2, 3)))
static void die(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("gen-sizeclasses: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static bool is_power_of_two(uint32_t n)
{
	return n && !(n & (n - 1));
}

/* The largest power of two that divides @n. */
static uint32_t natural_align(uint32_t n)
{
	return n & -n;
}

static double percent(uint32_t part, uint32_t whole)
{
	return 100.0 * part / whole;
}

/* The step from candidate size @size to the next; powers of two change it. */
static uint32_t next_step(uint32_t size, uint32_t step)
{
	if (!is_power_of_two(size))
		return step;
	if (size >= 2048)
		return 256;
	if (size >= 128)
		return size / 8;
	if (size >= 32)
		return 16;
	return 8;
}

/* Fewest pages of RULES_PAGE that hold @size within the tail limit. */
static uint32_t rules_pages(uint32_t size)
{
	uint32_t pages = 1;

	while (pages * RULES_PAGE % size > TAIL_LIMIT(pages * RULES_PAGE))
		pages++;
	return pages;
}

/*
 * Walk the candidate sizes.  Neighbours that need equally long spans and get
 * equally many objects out of them are one class, the larger.  Then let each
 * class grow into its tail, by multiples of GRAIN so that the lookup holds.
 */
static void derive_sizes(void)
{
	uint32_t size, pages, objects, step = 8, last_pages = 0, last_objects = 0;
	uint32_t class, grown;

	nr_classes = 1;
	for (size = 8; size <= MAX_SMALL; size += step) {
		step = next_step(size, step);
		pages = rules_pages(size);
		objects = pages * RULES_PAGE / size;
		if (pages != last_pages || objects != last_objects)
			nr_classes++;
		if (nr_classes > NR_SIZES + 1)
			die(1, "more than %u size classes", NR_SIZES);
		sizes[nr_classes - 1] = size;
		last_pages = pages;
		last_objects = objects;
	}

	for (class = 1; class < nr_classes; class++) {
		size = sizes[class];
		pages = rules_pages(size);
		objects = pages * RULES_PAGE / size;
		grown = pages * RULES_PAGE / objects / GRAIN * GRAIN;
		if (grown > size)
			sizes[class] = grown;
		if (sizes[class] <= sizes[class - 1])
			die(1, "class %u does not grow", class);
	}

	if (nr_classes != NR_SIZES + 1)
		die(1, "%u size classes, not %u", nr_classes - 1, NR_SIZES);
	if (sizes[nr_classes - 1] != MAX_SMALL)
		die(1, "the last class is not %u", MAX_SMALL);
}

/* The smallest class that holds @size, regardless of alignment. */
static uint32_t class_by_size(uint32_t size)
{
	uint32_t class = 1;

	while (sizes[class] < size)
		class++;
	return class;
}

/*
 * The smallest class that holds @size and aligns it.  Objects lie one after
 * the other, so the object size must be a multiple of the alignment; the
 * span's start is seen to by align_pages.
 */
static uint32_t class_by_align(uint32_t size)
{
	uint32_t class = class_by_size(size);

	while (sizes[class] % natural_align(size))
		class++;
	return class;
}

static void derive_map(void)
{
	uint32_t size, class;

	for (size = MAX_SMALL; size > 0; size--) {
		class = class_by_align(size);
		class_of[size] = class;
		least_request[class] = size;
	}
	class_of[0] = ABSENT;

	for (class = 1; class < nr_classes; class++)
		if (!least_request[class])
			die(1, "nothing maps to class %u", class);
}

/* Does the class of @size differ from the one its length alone asks for? */
static bool is_exception(uint32_t size)
{
	return class_of[size] != class_by_size(size);
}

static uint32_t choose_span_pages(uint32_t size, uint32_t page)
{
	uint32_t max = size > BIG_OBJECT ? SPAN_PAGES_MAX_BIG : SPAN_PAGES_MAX;
	uint32_t pages, span, tail, aim, best = 0, best_tail = 0;

	for (pages = 1; pages <= max; pages++) {
		span = pages * page;
		if (span < size || (size < TINY_OBJECT && span < TINY_SPAN))
			continue;
		tail = span % size;
		aim = span <= SHORT_SPAN ? TAIL_AIM_PERCENT_PAGE : TAIL_AIM_PERCENT;
		if (tail * 100 <= span * aim)
			return pages;
		/* tail / span < best_tail / best */
		if (!best || (uint64_t)tail * best < (uint64_t)best_tail * pages) {
			best = pages;
			best_tail = tail;
		}
	}
	return best;
}

/* Is offset * recip >> RECIP_SHIFT the object index at every offset? */
static bool recip_is_exact(uint32_t recip, uint32_t size, uint32_t span)
{
	uint32_t offset;

	for (offset = 0; offset < span; offset++)
		if ((uint64_t)offset * recip >> RECIP_SHIFT != offset / size)
			return false;
	return true;
}

static void derive_layout(uint32_t class, uint32_t page, struct layout *l)
{
	uint32_t size = sizes[class], align = natural_align(size);

	l->span_pages = choose_span_pages(size, page);
	l->span = l->span_pages * page;
	l->align_pages = align > page ? align / page : 1;
	if (!l->span || l->span % size > TAIL_LIMIT(l->span))
		die(1, "no span for class %u at %u", class, page);

	l->objects = l->span / size;
	l->tail = l->span % size;
	l->recip = ((1ull << RECIP_SHIFT) + size - 1) / size;
	l->max_waste = (size - least_request[class]) * l->objects + l->tail;

	/* The fields of struct sizeclass are 32 and 16 bits wide. */
	if (!recip_is_exact(l->recip, size, l->span))
		die(1, "class %u at %u needs a wider reciprocal", class, page);
	if (l->objects > UINT16_MAX)
		die(1, "class %u at %u: %u objects", class, page, l->objects);
}

static unsigned int page_shift(uint32_t page)
{
	return (unsigned int)__builtin_ctz(page);
}

static uint32_t most_objects(uint32_t page)
{
	struct layout l;
	uint32_t class, most = 0;

	for (class = 1; class < nr_classes; class++) {
		derive_layout(class, page, &l);
		if (l.objects > most)
			most = l.objects;
	}
	return most;
}

static void print_layouts(uint32_t page)
{
	struct layout l;
	uint32_t class;

	printf("static_assert(SIZECLASS_MAX_OBJECTS == %u);\n\n", most_objects(page));
	printf("const struct sizeclass sizeclasses[GALLOC_NR_CLASSES] = {\n");
	printf("\t/* size       recip  objects  pages  align    class     tail  max waste */\n");
	printf("\t{     0,          0,       0,     0,     0 },  /*     0                       */\n");
	for (class = 1; class < nr_classes; class++) {
		derive_layout(class, page, &l);
		printf("\t{ %5u, %10u, %7u, %5u, %5u },  /*    %2u   %5.2f %%    %5.2f %% */\n",
		       sizes[class], l.recip, l.objects, l.span_pages,
		       l.align_pages, class, percent(l.tail, l.span),
		       percent(l.max_waste, l.span));
	}
	printf("};\n");
}

static void print_u8(uint32_t index, uint32_t value)
{
	printf("%s%2u,", index % 16 ? " " : index ? "\n\t" : "\t", value);
}

/* The class of every stretch of 8 bytes: all sizes in one have the same. */
static void print_fine_map(void)
{
	uint32_t i, size;

	printf("const u8 sizeclass_8[SIZECLASS_NR_8] = {\n");
	print_u8(0, ABSENT);
	for (i = 1; i <= FINE_MAX / 8; i++) {
		for (size = 8 * i - 7; size < 8 * i; size++)
			if (class_of[size] != class_of[8 * i])
				die(1, "%u and %u differ", size, 8 * i);
		print_u8(i, class_of[8 * i]);
	}
	printf("\n};\n");
}

/*
 * Above FINE_MAX two entries for each GRAIN: one for the sizes strictly
 * between two multiples, one for the multiple itself.
 */
static void print_coarse_map(void)
{
	uint32_t i = 0, size, end;

	printf("const u8 sizeclass_128[SIZECLASS_NR_128] = {\n");
	for (end = FINE_MAX + GRAIN; end <= MAX_SMALL; end += GRAIN) {
		for (size = end - GRAIN + 1; size < end - 1; size++)
			if (class_of[size] != class_of[end - 1])
				die(1, "%u and %u differ", size, end - 1);
		print_u8(i++, class_of[end - 1]);
		print_u8(i++, class_of[end]);
	}
	printf("\n};\n");
}

static void print_source(void)
{
	size_t i;

	fputs("// SPDX-License-Identifier: GPL-2.0\n"
	      "// Copyright (C) 2026 The galloc authors\n"
	      "/*\n"
	      " * sizeclass: the size classes, and which of them serves a request.\n"
	      " *\n"
	      " * Constant tables, read by every layer without a lock; sizeclass.h says how.\n"
	      " * Overview: galloc_mod.c.\n"
	      " *\n"
	      " * Generated by tools/gen-sizeclasses, do not edit.\n"
	      " */\n"
	      "#ifdef GALLOC_HOST_TEST\n"
	      "#include \"host_shim.h\"\n"
	      "#else\n"
	      "#include <linux/build_bug.h>\n"
	      "#include \"galloc_internal.h\"\n"
	      "#endif\n"
	      "\n", stdout);
	printf("static_assert(GALLOC_NR_CLASSES == %u);\n"
	       "static_assert(GALLOC_MAX_SMALL == %u);\n"
	       "static_assert(SIZECLASS_RECIP_SHIFT == %u);\n\n",
	       nr_classes, MAX_SMALL, RECIP_SHIFT);
	fputs("/* clang-format off */\n"
	      "\n"
	      "/*\n"
	      " * One row per class, row 0 for sizes without a class.  The columns are the fields of\n"
	      " * struct sizeclass; in the comment: the class, the part of a span after its last\n"
	      " * object, and the unrequested part of a full span when every request is the\n"
	      " * smallest that this class serves.\n"
	      " *\n"
	      " * A span is the shortest whose tail is at most 2 % (4 % of 4 KiB), or has the\n"
	      " * least tail of all up to 8 pages (16 for objects above 4 KiB).  The reciprocal\n"
	      " * has been checked at every offset of every span.\n"
	      " */\n", stdout);
	for (i = 0; i < NR_PAGE_SIZES; i++) {
		printf("#%s PAGE_SHIFT == %u\n\n", i ? "elif" : "if",
		       page_shift(page_sizes[i]));
		print_layouts(page_sizes[i]);
		putchar('\n');
	}
	fputs("#else\n"
	      "#error \"galloc knows pages of 4, 16 and 64 KiB\"\n"
	      "#endif\n"
	      "\n"
	      "/* Up to 1024 bytes: the class by the size in units of 8 bytes, rounded up. */\n",
	      stdout);
	print_fine_map();
	fputs("\n"
	      "/*\n"
	      " * Above 1024 bytes, in pairs: the class of the sizes strictly between two\n"
	      " * multiples of 128, then that of the upper multiple itself.  The two differ\n"
	      " * where the multiple must be aligned better than its neighbours: 2559 bytes\n"
	      " * fit class 2688, but 2560 needs an alignment of 512, which 3072 has.\n"
	      " */\n", stdout);
	print_coarse_map();
	fputs("\n/* clang-format on */\n", stdout);
}

/* The exceptions, those that share a class under one return. */
static void print_exceptions(void)
{
	uint32_t size, next;

	for (size = 1; size <= MAX_SMALL; size++) {
		if (!is_exception(size))
			continue;
		if (size <= FINE_MAX || size % GRAIN)
			die(1, "%u: the lookup has no room for it", size);
		printf("\tcase %u:\n", size);
		for (next = size + 1; !is_exception(next) && next < MAX_SMALL;)
			next++;
		if (!is_exception(next) || class_of[next] != class_of[size])
			printf("\t\treturn %u;\n", class_of[size]);
	}
}

static void print_header(void)
{
	uint32_t class;

	fputs("/* SPDX-License-Identifier: GPL-2.0 */\n"
	      "/* Copyright (C) 2026 The galloc authors */\n"
	      "/*\n"
	      " * The size class of a constant size, for include/galloc.h.\n"
	      " *\n"
	      " * Class numbers are compiled into the modules that use galloc: a change here\n"
	      " * is a change of the ABI.\n"
	      " *\n"
	      " * Generated by tools/gen-sizeclasses, do not edit.\n"
	      " */\n"
	      "#ifndef _GALLOC_SIZECLASS_H\n"
	      "#define _GALLOC_SIZECLASS_H\n"
	      "\n"
	      "#include <linux/types.h>\n"
	      "\n", stdout);
	printf("#define GALLOC_NR_CLASSES\t%u\t/* with row 0: not small */\n",
	       nr_classes);
	printf("#define GALLOC_MAX_SMALL\t%u\t/* bytes */\n\n", MAX_SMALL);
	fputs("/*\n"
	      " * The smallest class that holds @size and aligns it to the largest power of two\n"
	      " * that divides it; 0 for 0 and for more than GALLOC_MAX_SMALL.  For a size that\n"
	      " * the compiler knows: all of this folds into a number.\n"
	      " */\n"
	      "static __always_inline unsigned int galloc_size_class_const(size_t size)\n"
	      "{\n"
	      "\t/* These fit a smaller class, which would not align them. */\n"
	      "\tswitch (size) {\n"
	      "\tcase 0:\n"
	      "\t\treturn 0;\n", stdout);
	print_exceptions();
	printf("\t}\n\n");
	for (class = 1; class < nr_classes; class++)
		printf("\tif (size <= %u)\n\t\treturn %u;\n", sizes[class], class);
	fputs("\treturn 0;\n"
	      "}\n"
	      "\n"
	      "/* The bytes of an object of a class, 0 if there is no such class; likewise. */\n"
	      "static __always_inline size_t galloc_class_size_const(unsigned int class)\n"
	      "{\n"
	      "\tswitch (class) {\n", stdout);
	for (class = 1; class < nr_classes; class++)
		printf("\tcase %u:\n\t\treturn %u;\n", class, sizes[class]);
	fputs("\t}\n"
	      "\treturn 0;\n"
	      "}\n"
	      "\n"
	      "#endif /* _GALLOC_SIZECLASS_H */\n", stdout);
}

static void print_table(const char *arg)
{
	unsigned long page;
	struct layout l;
	uint32_t class;
	char *end;
	size_t i;

	page = strtoul(arg, &end, 10);
	for (i = 0; i < NR_PAGE_SIZES; i++)
		if (page == page_sizes[i])
			break;
	if (i == NR_PAGE_SIZES || *end)
		die(2, "PAGE_SIZE '%s' is not one of 4096, 16384, 65536", arg);

	printf("class\tsize\tspan_pages\tobjects\ttail_percent\tmax_waste_percent\n");
	for (class = 1; class < nr_classes; class++) {
		derive_layout(class, page_sizes[i], &l);
		printf("%u\t%u\t%u\t%u\t%.2f\t%.2f\n", class, sizes[class],
		       l.span_pages, l.objects, percent(l.tail, l.span),
		       percent(l.max_waste, l.span));
	}
}

int main(int argc, char **argv)
{
	derive_sizes();
	derive_map();

	if (argc == 2 && !strcmp(argv[1], "--source"))
		print_source();
	else if (argc == 2 && !strcmp(argv[1], "--header"))
		print_header();
	else if (argc == 3 && !strcmp(argv[1], "--table"))
		print_table(argv[2]);
	else
		die(2, "usage: gen-sizeclasses --source | --header | --table PAGE_SIZE");

	if (fflush(stdout) || ferror(stdout))
		die(1, "cannot write");
	return 0;
}
