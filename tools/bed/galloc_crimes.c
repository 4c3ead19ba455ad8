// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_crimes: commits crimes against galloc's objects, and looks for their reports.
 *
 * insmod commits them one by one, with galloc loaded as debug=all quarantine_kb=256, and
 * prints "galloc-crimes: ok - NAME" or "galloc-crimes: not ok - NAME: WHY" for each.  On a
 * kernel with KASAN and kasan_multi_shot each access has to be reported by that, with what
 * galloc knows of the object; elsewhere those are committed that galloc finds at once.
 * insmod fails if a report is missing, or one is too many.
 */
#define pr_fmt(fmt) "galloc-crimes: " fmt

#include <linux/kmsg_dump.h>
#include <linux/module.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#include <galloc.h>

#define WITH_KASAN	IS_ENABLED(CONFIG_KASAN_GENERIC)

static struct galloc_cache *cache;
static struct galloc_heap *heap;
static struct galloc_prefill *prefill;
static struct kmsg_dump_iter mark;
static bool wrong;

/* ---- victims ------------------------------------------------------------------------ */

static void *small_alloc(size_t size)
{
	return galloc_any(size, GFP_KERNEL);
}

static void *constant_alloc(size_t size)
{
	return galloc(60, GFP_KERNEL);
}

static void *cache_alloc(size_t size)
{
	return galloc_cache_alloc(cache, GFP_KERNEL);
}

static void *heap_alloc(size_t size)
{
	return galloc_from(heap, size, GFP_KERNEL);
}

static void *prefill_alloc(size_t size)
{
	return galloc_prefill_alloc(prefill);
}

static void *nolock_alloc(size_t size)
{
	return galloc_nolock(size, 0) ?: galloc_any(size, GFP_KERNEL);
}

static void *grown_alloc(size_t size)
{
	return grealloc(galloc_any(size - 5, GFP_KERNEL), size, GFP_KERNEL);
}

static void *shrunk_alloc(size_t size)
{
	return grealloc(galloc_any(size + 5, GFP_KERNEL), size, GFP_KERNEL);
}

static void *moved_alloc(size_t size)
{
	return grealloc(galloc_any(8, GFP_KERNEL), size, GFP_KERNEL);
}

static void rcu_free(void *p)
{
	gfree_rcu_mightsleep(p);
	galloc_rcu_barrier();
}

static void any_free(void *p)
{
	gfree(p);
}

static void cache_free(void *p)
{
	galloc_cache_free(cache, p);
}

static void nolock_free(void *p)
{
	gfree_nolock(p);
}

/* It goes where there is more room. */
static void move_away(void *p)
{
	gfree(grealloc(p, 700, GFP_KERNEL));
}

/* ---- crimes --------------------------------------------------------------------------- */

enum deed { READ_BEYOND, WRITE_BEYOND, READ_AFTER, WRITE_AFTER, FREE_AGAIN, FREE_INSIDE,
	    WRONG_SIZE };

static const struct crime {
	const char *name;
	void *(*alloc)(size_t size);
	void (*free)(void *p);
	size_t size;
	enum deed deed;
} crimes[] = {
	{ "a byte behind a small object is read", small_alloc, any_free, 60, READ_BEYOND },
	{ "behind the last one of eight", small_alloc, any_free, 56, READ_BEYOND },
	{ "it is written to", small_alloc, any_free, 61, WRITE_BEYOND },
	{ "behind an object of constant size", constant_alloc, any_free, 60, READ_BEYOND },
	{ "behind whole pages", small_alloc, any_free, 70001, WRITE_BEYOND },
	{ "behind an object of a cache", cache_alloc, cache_free, 99, READ_BEYOND },
	{ "behind an object of a heap", heap_alloc, any_free, 61, WRITE_BEYOND },
	{ "behind whole pages of a heap", heap_alloc, any_free, 70001, READ_BEYOND },
	{ "behind a prefilled object", prefill_alloc, any_free, 100, READ_BEYOND },
	{ "behind an object of galloc_nolock()", nolock_alloc, any_free, 300, READ_BEYOND },
	{ "behind an object that has grown", grown_alloc, any_free, 60, WRITE_BEYOND },
	{ "behind one that has shrunk", shrunk_alloc, any_free, 50, READ_BEYOND },
	{ "behind one that has moved", moved_alloc, any_free, 700, WRITE_BEYOND },
	{ "a freed object is read", small_alloc, any_free, 60, READ_AFTER },
	{ "a freed object is written to", small_alloc, any_free, 500, WRITE_AFTER },
	{ "freed whole pages", small_alloc, any_free, 70000, READ_AFTER },
	{ "a freed object of a cache", cache_alloc, cache_free, 99, WRITE_AFTER },
	{ "a freed object of a heap", heap_alloc, any_free, 60, READ_AFTER },
	{ "a freed prefilled object", prefill_alloc, any_free, 100, READ_AFTER },
	{ "one that was freed without a lock", small_alloc, nolock_free, 60, READ_AFTER },
	{ "one that was freed by RCU", small_alloc, rcu_free, 60, READ_AFTER },
	{ "where an object was until it moved", small_alloc, move_away, 60, READ_AFTER },
	{ "an object is freed twice", small_alloc, any_free, 60, FREE_AGAIN },
	{ "an object of a cache is freed twice", cache_alloc, cache_free, 99, FREE_AGAIN },
	{ "one is freed by RCU, and again", small_alloc, rcu_free, 200, FREE_AGAIN },
	{ "an address in an object is freed", small_alloc, any_free, 60, FREE_INSIDE },
	{ "an object is freed as a smaller one", small_alloc, any_free, 60, WRONG_SIZE },
};

/* What galloc reports at once; NULL: nothing. */
static const char *fault_of(enum deed deed)
{
	switch (deed) {
	case WRITE_BEYOND:
		return "galloc: overrun: ";
	case FREE_AGAIN:
		return "galloc: double_free: ";
	case FREE_INSIDE:
		return "galloc: interior: ";
	case WRONG_SIZE:
		return "galloc: wrong_size: ";
	default:
		return NULL;
	}
}

/* What KASAN reports; NULL: nothing. */
static const char *title_of(enum deed deed)
{
	switch (deed) {
	case READ_BEYOND:
	case WRITE_BEYOND:
		/* The neighbour decides how KASAN calls it. */
		return " in crime_access";
	case READ_AFTER:
	case WRITE_AFTER:
		return "use-after-free in crime_access";
	case FREE_AGAIN:
		return "use-after-free in ";
	default:
		return NULL;
	}
}

static int fate;

/* After each call something is done, so that each is on the stack. */
static noinline void *crime_birth(const struct crime *c)
{
	void *p = c->alloc(c->size);

	WRITE_ONCE(fate, 1);
	return p;
}

static noinline void crime_burial(const struct crime *c, void *p)
{
	c->free(p);
	WRITE_ONCE(fate, 2);
}

static noinline void crime_access(u8 *p, bool write)
{
	if (write)
		WRITE_ONCE(*p, 1);
	else
		WRITE_ONCE(fate, READ_ONCE(*p));
	WRITE_ONCE(fate, 3);
}

static void crime_commit(const struct crime *c, u8 *p)
{
	switch (c->deed) {
	case READ_BEYOND:
	case WRITE_BEYOND:
		crime_access(p + c->size, c->deed == WRITE_BEYOND);
		crime_burial(c, p);
		break;
	case READ_AFTER:
	case WRITE_AFTER:
		crime_burial(c, p);
		crime_access(p, c->deed == WRITE_AFTER);
		break;
	case FREE_AGAIN:
		crime_burial(c, p);
		gfree(p);
		break;
	case FREE_INSIDE:
		gfree(p + 8);
		crime_burial(c, p);
		break;
	case WRONG_SIZE:
		gfree_sized(p, c->size - 20);
		crime_burial(c, p);
		break;
	}
}

/* ---- reports ------------------------------------------------------------------------------ */

static void log_mark(void)
{
	kmsg_dump_rewind(&mark);
	mark.cur_seq = mark.next_seq;
}

/* Lines of the log since the mark with both texts. */
static unsigned int log_count(const char *text, const char *more)
{
	struct kmsg_dump_iter log = mark;
	unsigned int n = 0;
	char line[256];
	size_t len;

	while (kmsg_dump_get_line(&log, false, line, sizeof(line) - 1, &len)) {
		line[len] = '\0';
		n += strstr(line, text) && strstr(line, more);
	}
	return n;
}

/* Can this kernel tell functions of saved stacks? */
static bool has_stacks(void)
{
	unsigned long at[4];

	return stack_trace_save(at, ARRAY_SIZE(at), 0);
}

/* What is missing of the reports, or too much; NULL: nothing. */
static const char *flaw_of(const struct crime *c)
{
	bool after = c->deed == READ_AFTER || c->deed == WRITE_AFTER || c->deed == FREE_AGAIN;
	const char *title = WITH_KASAN ? title_of(c->deed) : NULL;
	const char *fault = fault_of(c->deed);

	if (log_count("BUG: KASAN: ", "") != !!title)
		return "another number of reports of KASAN";
	if (title && !log_count("BUG: KASAN: ", title))
		return "another report of KASAN";
	if (fault && log_count(fault, "") != 1)
		return fault;
	if (!log_count("allocated by task ", ""))
		return "not who has allocated it";
	if (has_stacks() && c->alloc != prefill_alloc && !log_count("crime_birth", ""))
		return "not where it was allocated";
	if (after && !log_count("freed by task ", ""))
		return "not who has freed it";
	if (after && has_stacks() && c->free != rcu_free && !log_count("crime_burial", ""))
		return "not where it was freed";
	return NULL;
}

static void crime_try(const struct crime *c)
{
	/* One that keeps the span. */
	void *keep = c->alloc == prefill_alloc ? small_alloc(100) : c->alloc(c->size);
	const char *flaw = "no memory";
	void *p = crime_birth(c);

	if (p && keep) {
		log_mark();
		crime_commit(c, p);
		/* What galloc finds later others look for. */
		flaw = WITH_KASAN || fault_of(c->deed) ? flaw_of(c) : NULL;
	}
	gfree(keep);
	if (!flaw) {
		pr_info("ok - %s\n", c->name);
		return;
	}
	pr_info("not ok - %s: %s\n", c->name, flaw);
	wrong = true;
}

static int __init crimes_init(void)
{
	unsigned int i;

	cache = galloc_cache_create("crimes", 99, NULL);
	heap = galloc_heap_create("crimes", NULL);
	prefill = galloc_prefill(100, 4, GFP_KERNEL);
	if (cache && heap && prefill)
		for (i = 0; i < ARRAY_SIZE(crimes); i++)
			crime_try(&crimes[i]);
	else
		wrong = true;
	galloc_prefill_release(prefill);
	galloc_heap_destroy(heap);
	galloc_cache_destroy(cache);
	return wrong ? -EIO : 0;
}

static void __exit crimes_exit(void)
{
}

module_init(crimes_init);
module_exit(crimes_exit);

MODULE_DESCRIPTION("Misuses galloc, and looks for the reports");
MODULE_LICENSE("GPL");
