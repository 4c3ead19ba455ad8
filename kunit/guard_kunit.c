// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * KUnit: objects on pages of their own, which galloc's calls treat as any others.
 *
 * An access beyond one of them would end the guest: what an oops calls is called here.
 */
#include "helpers.h"

#include <linux/kdebug.h>
#include <linux/ptrace.h>
#include <linux/vmalloc.h>

#include "client/heap.h"
#include "debug/guard.h"
#include "galloc_cache.h"
#include "galloc_heap.h"
#include "galloc_nolock.h"
#include "galloc_rcu.h"

static struct galloc_heap *heap;
static struct galloc_cache *cache;

/* Is the page of a guarded object mapped? */
static bool is_mapped(const void *p)
{
	return vmalloc_to_page(p);
}

static void *guarded(size_t size)
{
	return galloc_from(heap, size, GFP_KERNEL);
}

static unsigned int fail_skip;

static bool fail_later(unsigned int order)
{
	return !fail_skip--;
}

/* A call of each kind knows what it is. */
static void calls_treat_it_as_any_object(struct kunit *test)
{
	u8 *p = guarded(60), *q;

	KUNIT_ASSERT_TRUE(test, p && is_vmalloc_addr(p));
	KUNIT_EXPECT_TRUE(test, galloc_owns(p));
	KUNIT_EXPECT_EQ(test, gsize(p), 60);
	KUNIT_EXPECT_TRUE(test, IS_ALIGNED((unsigned long)p, 64));
	memset(p, 7, 60);
	/* It stays, and then moves, in its heap. */
	KUNIT_EXPECT_PTR_EQ(test, grealloc(p, 50, GFP_KERNEL), (void *)p);
	q = grealloc(p, 500, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, q);
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 7, 60));
	KUNIT_EXPECT_TRUE(test, heap_has(heap, q));
	gfree(q);
	p = guarded(100);
	gfree_sized(p, 100);
	gfree_sensitive(guarded(100));
	gvfree(guarded(100));
	KUNIT_EXPECT_TRUE(test, gfree_try(guarded(100)));
	gfree_nolock(guarded(100));
	gfree_rcu_mightsleep(guarded(100));
	galloc_rcu_barrier();
	p = galloc_cache_alloc(cache, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, p && is_vmalloc_addr(p));
	galloc_cache_free(cache, p);
	gk_expect_any_faults(test, 0);
}

/* Its page is where the address does not say. */
static void its_node_is_that_of_its_page(struct kunit *test)
{
	u8 *p = guarded(60), *q;

	KUNIT_ASSERT_TRUE(test, p && is_vmalloc_addr(p));
	memset(p, 7, 60);
	q = grealloc_node_aligned(p, 50, 1, GFP_KERNEL | __GFP_THISNODE,
				  page_to_nid(vmalloc_to_page(p)));
	KUNIT_EXPECT_PTR_EQ(test, q, p);
	KUNIT_EXPECT_NULL(test, memchr_inv(q, 7, 50));
	gfree(q);
}

/* One behind whose end nothing is mapped, and one before whose start nothing is. */
static void nothing_is_mapped_beside_it(struct kunit *test)
{
	unsigned int i, at_end = 0;
	void *p[8];

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = guarded(64);
		KUNIT_ASSERT_TRUE(test, p[i] && is_mapped(p[i]));
		at_end += offset_in_page(p[i]) == PAGE_SIZE - 64;
		KUNIT_EXPECT_TRUE(test, !offset_in_page(p[i]) ||
				  offset_in_page(p[i]) == PAGE_SIZE - 64);
		KUNIT_EXPECT_FALSE(test, is_mapped(p[i] + PAGE_SIZE));
		KUNIT_EXPECT_FALSE(test, is_mapped(p[i] - PAGE_SIZE));
	}
	KUNIT_EXPECT_EQ(test, at_end, ARRAY_SIZE(p) / 2);
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		gfree(p[i]);
		KUNIT_EXPECT_FALSE(test, galloc_owns(p[i]));
	}
	guard_settle();
	for (i = 0; i < ARRAY_SIZE(p); i++)
		KUNIT_EXPECT_FALSE(test, is_mapped(p[i]));
}

static void misuse_is_reported(struct kunit *test)
{
	u8 *p;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	gk_expect_reports(test, FAULT_INTERIOR);
	gk_expect_reports(test, FAULT_OVERRUN);
	p = guarded(60);
	KUNIT_ASSERT_NOT_NULL(test, p);
	gk_listen(test);
	gfree(p + 8);
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	KUNIT_EXPECT_GE(test, gk_heard(test, "a guarded object, offset 8"), 1);
	gfree_nolock(p + 8);
	worker_settle();
	gk_expect_faults(test, FAULT_INTERIOR, 1);
	p[61] = 1;
	gfree(p);
	gk_expect_faults(test, FAULT_OVERRUN, 1);
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	KUNIT_EXPECT_GE(test, gk_heard(test, "freed by task"), 1);
	guard_settle();
	gfree(p);
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
	/* In any context the report comes later. */
	gfree_nolock(p);
	worker_settle();
	gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
}

/* An object at the end of a page at @place, or NULL; its place may have been another's. */
static u8 *guarded_at(unsigned long place, size_t size)
{
	u8 *p = guarded(size);

	if (p && ((unsigned long)p & PAGE_MASK) == place && offset_in_page(p))
		return p;
	gfree(p);
	guard_settle();
	/* Else the place is not given out again soon. */
	vm_unmap_aliases();
	return NULL;
}

/* A place that was another's: what is one byte behind the object was in that. */
static void an_oops_is_about_the_later_object(struct kunit *test)
{
	static struct pt_regs regs;
	struct die_args args = { .regs = &regs };
	unsigned int tries = 200;
	unsigned long place;
	u8 *p;

	do {
		p = guarded(64);
		KUNIT_ASSERT_NOT_NULL(test, p);
		place = offset_in_page(p) ? (unsigned long)p & PAGE_MASK : 0;
		gfree(p);
	} while (!place);
	guard_settle();
	vm_unmap_aliases();
	do
		p = guarded_at(place, 60);
	while (!p && --tries);
	/* Others may have it now. */
	if (!p)
		kunit_skip(test, "the place was not given out again");
	((unsigned long *)&regs)[3] = (unsigned long)p + 60;
	guard_die(NULL, DIE_OOPS, &args);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "access 0 bytes behind an object"), 1);
	gfree(p);
}

/* The registers are enough, where the address of the fault is not known. */
static void an_oops_is_explained(struct kunit *test)
{
	u8 *p = guarded(60), *q = guarded(60);
	unsigned int i;
	const struct {
		long at;
		const char *text;
	} cases[] = {
		{ 60, "access 0 bytes behind an object" },
		{ 70, "access 10 bytes behind an object" },
		{ -1, "access 1 bytes before an object" },
		{ 8, "a register points 8 bytes into an object" },
	};
	static struct pt_regs regs;
	struct die_args args = { .regs = &regs };

	KUNIT_ASSERT_TRUE(test, p && q);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		gk_listen(test);
		/* Before it comes one that may be used, and one that is far from all. */
		memset(&regs, 0, sizeof(regs));
		if (cases[i].at != 8) {
			((unsigned long *)&regs)[1] = (unsigned long)q & PAGE_MASK;
			((unsigned long *)&regs)[1] += PAGE_SIZE / 2;
			((unsigned long *)&regs)[2] = (unsigned long)q;
		}
		((unsigned long *)&regs)[3] = (unsigned long)p + cases[i].at;
		guard_die(NULL, DIE_OOPS, &args);
		KUNIT_EXPECT_EQ_MSG(test, gk_heard(test, cases[i].text), 1, "%u", i);
		KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by task"), 1);
	}
	gfree(p);
	gk_listen(test);
	guard_die(NULL, DIE_OOPS, &args);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "use after free, 8 bytes"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "freed by task"), 1);
	gfree(q);
	/* One about something else. */
	memset(&regs, 0, sizeof(regs));
	gk_listen(test);
	guard_die(NULL, DIE_OOPS, &args);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "galloc: guard: "), 0);
}

/* Where several objects have been one after the other, an oops is about the last. */
static void an_oops_is_about_the_last_object(struct kunit *test)
{
	static struct pt_regs regs;
	struct die_args args = { .regs = &regs };
	char size[16];
	u8 *p[3] = {};
	unsigned int i;

	/* Every other one is at the same end of its page. */
	for (i = 0; i < 200 && (i < 3 || p[2] != p[0]); i++) {
		/* So that addresses are used again. */
		vm_unmap_aliases();
		p[0] = p[1];
		p[1] = p[2];
		p[2] = guarded(57 + i % 4);
		gfree(p[2]);
		guard_settle();
	}
	KUNIT_ASSERT_TRUE(test, p[2] && p[2] == p[0]);
	sprintf(size, ", %u bytes:", 57 + (i - 1) % 4);
	*(unsigned long *)&regs = (unsigned long)p[2];
	gk_listen(test);
	guard_die(NULL, DIE_OOPS, &args);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "use after free, 0 bytes"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, size), 1);
}

static u8 *page_seen;
static unsigned int times_seen, claim_at;
static void *claimed[256];

/* Give all slots that are not in use to others, as a lookup comes to one of that page. */
static void claim_all(enum galloc_pause point, const void *p)
{
	unsigned int i;

	if (point != PAUSE_GUARD_LOOK || p != page_seen || ++times_seen != claim_at)
		return;
	for (i = 0; i < ARRAY_SIZE(claimed); i++)
		claimed[i] = guarded(64);
}

/* Where others have been before, a lookup finds the one that lives there. */
static void find_the_live_one(struct kunit *test, unsigned int nth)
{
	static unsigned long pages[200];
	unsigned int i, before;
	void *p = NULL;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		/* So that addresses are used again. */
		vm_unmap_aliases();
		p = guarded(57);
		KUNIT_ASSERT_NOT_NULL(test, p);
		pages[i] = (unsigned long)p & PAGE_MASK;
		for (before = 0; pages[before] != pages[i]; before++)
			;
		if (before < i)
			break;
		gfree(p);
		guard_settle();
	}
	KUNIT_EXPECT_LT(test, i, ARRAY_SIZE(pages));
	memset(claimed, 0, sizeof(claimed));
	page_seen = (void *)((unsigned long)p & PAGE_MASK);
	times_seen = 0;
	claim_at = nth;
	WRITE_ONCE(galloc_pause_hook, claim_all);
	KUNIT_EXPECT_EQ(test, gsize(p), 57);
	WRITE_ONCE(galloc_pause_hook, NULL);
	gfree(p);
	KUNIT_EXPECT_FALSE(test, galloc_owns(p));
	gfree_bulk(ARRAY_SIZE(claimed), claimed);
	guard_settle();
	gk_expect_any_faults(test, 0);
}

/* Whichever slot of that page the lookup has come to when others change hands. */
static void the_live_one_is_found(struct kunit *test)
{
	unsigned int nth;

	for (nth = 1; nth <= 6; nth++)
		find_the_live_one(test, nth);
}

/* One in so many. */
static void only_some_are_guarded(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(10) };
	struct galloc_heap *h = galloc_heap_create("tenth", &args);
	unsigned int i, n = 0;
	void *p;

	KUNIT_ASSERT_NOT_NULL(test, h);
	for (i = 0; i < 100; i++) {
		p = galloc_from(h, 64, GFP_KERNEL);
		n += is_vmalloc_addr(p);
		gfree(p);
	}
	KUNIT_EXPECT_EQ(test, n, 10);
	/* What is not for it. */
	for (i = 0; i < 20; i++) {
		p = galloc_from(h, i % 2 ? 64 : 8192, i % 2 ? GFP_ATOMIC : GFP_KERNEL);
		KUNIT_EXPECT_FALSE(test, is_vmalloc_addr(p));
		gfree(p);
	}
	galloc_heap_destroy(h);
}

/* More than there is room for, no memory for a page, or none to map it. */
static void without_room_it_is_an_ordinary_object(struct kunit *test)
{
	static void *p[300];
	unsigned int i, n = 0;

	/* Those that were freed before have to be unmapped first. */
	guard_settle();
	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = guarded(64);
		KUNIT_ASSERT_NOT_NULL(test, p[i]);
		n += is_vmalloc_addr(p[i]);
	}
	KUNIT_EXPECT_EQ(test, n, 256);
	gfree_bulk(ARRAY_SIZE(p), p);
	guard_settle();
	for (i = 0; i < 2; i++) {
		fail_skip = i;
		WRITE_ONCE(galloc_fail_hook, fail_later);
		p[0] = guarded(64);
		WRITE_ONCE(galloc_fail_hook, NULL);
		KUNIT_EXPECT_TRUE(test, p[0] && !is_vmalloc_addr(p[0]));
		gfree(p[0]);
	}
	p[0] = guarded(64);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p[0]));
	gfree(p[0]);
}

static struct galloc_heap *leaving;
static u8 *last_of_it;
static unsigned int looks, leave_at;

/* Destroy the heap of an object at the nth look at a slot that has, or had, its page. */
static void destroy_its_heap(enum galloc_pause point, const void *p)
{
	if (point != PAUSE_GUARD_LOOK || addr_of(last_of_it) - addr_of(p) >= PAGE_SIZE ||
	    ++looks != leave_at)
		return;
	galloc_heap_destroy(leaving);
	leaving = NULL;
}

/* Who resizes an object as its heap is destroyed gets memory, of the heap or not. */
static void its_heap_may_go_when_it_is_resized(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	unsigned int i, each;
	u8 *p;

	gk_expect_reports(test, FAULT_LIVE);
	for (i = 0; i < 2; i++) {
		leaving = galloc_heap_create("leaving", &args);
		KUNIT_ASSERT_NOT_NULL(test, leaving);
		p = galloc_from(leaving, 60, GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, p && is_vmalloc_addr(p));
		memset(p, 7, 60);
		last_of_it = p;
		looks = 0;
		leave_at = 0;
		WRITE_ONCE(galloc_pause_hook, destroy_its_heap);
		gsize(p);
		each = looks;
		/* The first lookup is for its size, the second for its heap, the third frees it. */
		looks = 0;
		leave_at = i ? 2 * each + 1 : 1;
		p = grealloc(p, 500, GFP_KERNEL);
		WRITE_ONCE(galloc_pause_hook, NULL);
		KUNIT_EXPECT_NULL(test, leaving);
		gk_expect_faults(test, FAULT_LIVE, 1);
		KUNIT_ASSERT_NOT_NULL(test, p);
		KUNIT_EXPECT_NULL(test, memchr_inv(p, 7, 60));
		gfree(p);
	}
	gk_expect_any_faults(test, 0);
}

static struct galloc_cache *others;
static void *reused[256];

/* Free the object of the heap that is being destroyed, and give all slots to others. */
static void free_and_reuse(enum galloc_pause point, const void *p)
{
	unsigned int i;

	if (point != PAUSE_GUARD_LEAVE || reused[0])
		return;
	gfree(p);
	guard_settle();
	for (i = 0; i < ARRAY_SIZE(reused); i++)
		reused[i] = galloc_cache_alloc(others, GFP_KERNEL);
}

/* An object is freed, and its slot used again, while its heap is destroyed. */
static void a_slot_of_others_is_left_alone(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	const struct galloc_cache_args cache_args = { .flags = GALLOC_CACHE_GUARD(1) };
	struct galloc_heap *h = galloc_heap_create("leaves", &args);
	unsigned int i;

	memset(reused, 0, sizeof(reused));
	others = galloc_heap_cache_create(heap, "others", 64, &cache_args);
	KUNIT_ASSERT_TRUE(test, h && others);
	KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(galloc_from(h, 64, GFP_KERNEL)));
	WRITE_ONCE(galloc_pause_hook, free_and_reuse);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h, GALLOC_HEAP_RELEASE), 0);
	WRITE_ONCE(galloc_pause_hook, NULL);
	for (i = 0; i < ARRAY_SIZE(reused); i++) {
		KUNIT_ASSERT_TRUE(test, is_vmalloc_addr(reused[i]));
		KUNIT_EXPECT_TRUE(test, guard_is_of(reused[i], others));
		KUNIT_EXPECT_PTR_EQ(test, guard_heap_of(reused[i]), heap);
		galloc_cache_free(others, reused[i]);
	}
	gk_expect_any_faults(test, 0);
	galloc_cache_destroy(others);
}

/* With its heap it goes, or stays until it is freed. */
static void a_heap_goes_with_or_without_it(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	struct galloc_heap *h;
	void *p;

	gk_expect_reports(test, FAULT_LIVE);
	h = galloc_heap_create("guard", &args);
	KUNIT_ASSERT_NOT_NULL(test, h);
	p = galloc_from(h, 64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h), 1);
	gk_expect_faults(test, FAULT_LIVE, 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "live: a guarded object"), 1);
	KUNIT_EXPECT_EQ(test, gk_heard(test, "allocated by task"), 1);
	gfree(p);
	h = galloc_heap_create("guard", &args);
	KUNIT_ASSERT_NOT_NULL(test, h);
	p = galloc_from(h, 64, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h, GALLOC_HEAP_RELEASE), 1);
	KUNIT_EXPECT_FALSE(test, galloc_owns(p));
	gk_expect_any_faults(test, 0);
}

/* Of a heap's cache, too: the memory of the cache may soon be another one's. */
static void a_heap_takes_its_caches_along(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	const struct galloc_cache_args cache_args = { .flags = GALLOC_CACHE_GUARD(1) };
	struct galloc_heap *h = galloc_heap_create("guard", &args);
	struct galloc_cache *c;
	void *p;

	gk_expect_reports(test, FAULT_LIVE);
	KUNIT_ASSERT_NOT_NULL(test, h);
	c = galloc_heap_cache_create(h, "its", 64, &cache_args);
	KUNIT_ASSERT_NOT_NULL(test, c);
	p = galloc_cache_alloc(c, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, guard_is_of(p, c) && guard_is_of(p, h));
	KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h), 1);
	gk_expect_faults(test, FAULT_LIVE, 1);
	KUNIT_EXPECT_FALSE(test, guard_is_of(p, c) || guard_is_of(p, h));
	gfree(p);
	gk_expect_any_faults(test, 0);
}

/* One that went before its heap has reported its objects; the heap has them nevertheless. */
static void what_a_cache_left_is_reported_once(struct kunit *test)
{
	const struct galloc_cache_args cache_args = { .flags = GALLOC_CACHE_GUARD(1) };
	struct galloc_heap *h;
	struct galloc_cache *c;
	int release;
	void *p;

	gk_expect_reports(test, FAULT_LIVE);
	for (release = 0; release < 2; release++) {
		h = galloc_heap_create("guard", NULL);
		KUNIT_ASSERT_NOT_NULL(test, h);
		c = galloc_heap_cache_create(h, "its", 64, &cache_args);
		KUNIT_ASSERT_NOT_NULL(test, c);
		p = galloc_cache_alloc(c, GFP_KERNEL);
		KUNIT_ASSERT_TRUE(test, guard_is_of(p, c));
		galloc_cache_destroy(c);
		gk_expect_faults(test, FAULT_LIVE, 1);
		KUNIT_EXPECT_TRUE(test, guard_is_of(p, h));
		if (release) {
			KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h, GALLOC_HEAP_RELEASE), 1);
			KUNIT_EXPECT_FALSE(test, galloc_owns(p));
		} else {
			KUNIT_EXPECT_EQ(test, galloc_heap_destroy(h), 0);
			KUNIT_EXPECT_FALSE(test, guard_is_of(p, h));
			gfree(p);
		}
		gk_expect_any_faults(test, 0);
	}
}

static int init_case(struct kunit *test)
{
	const struct galloc_heap_args args = { .flags = GALLOC_HEAP_GUARD(1) };
	const struct galloc_cache_args cache_args = { .flags = GALLOC_CACHE_GUARD(1) };
	int err = gk_init(test);

	if (err)
		return err;
	/* All slots are there. */
	guard_settle();
	heap = galloc_heap_create("guarded", &args);
	cache = galloc_cache_create("guarded", 99, &cache_args);
	return heap && cache ? 0 : -ENOMEM;
}

static void exit_case(struct kunit *test)
{
	galloc_heap_destroy(heap);
	galloc_cache_destroy(cache);
	gk_exit(test);
}

/* However often there is no memory, all slots can be used afterwards. */
static void a_failure_costs_no_slot(struct kunit *test)
{
	unsigned int i;
	void *p;

	guard_settle();
	for (i = 0; i < 600; i++) {
		fail_skip = i % 2;
		WRITE_ONCE(galloc_fail_hook, fail_later);
		gfree(guarded(64));
		WRITE_ONCE(galloc_fail_hook, NULL);
	}
	p = guarded(64);
	KUNIT_EXPECT_TRUE(test, is_vmalloc_addr(p));
	gfree(p);
}

/* Freed, and not unmapped yet, it has nothing of what it held. */
static void what_is_freed_is_filled(struct kunit *test)
{
	u8 *p = guarded(64);

	KUNIT_ASSERT_NOT_NULL(test, p);
	memset(p, 7, 64);
	gfree(p);
	KUNIT_EXPECT_NULL(test, memchr(p, 7, 64));
	guard_settle();
}

/* Nor is the page, which may still be mapped, vmalloc()'s. */
static void what_is_freed_is_not_given_to_vfree(struct kunit *test)
{
	unsigned int i;
	void *p;

	gk_expect_reports(test, FAULT_DOUBLE_FREE);
	/* At the beginning of a page, and at its end. */
	for (i = 0; i < 2; i++) {
		p = guarded(64);
		KUNIT_ASSERT_NOT_NULL(test, p);
		gfree(p);
		gvfree(p);
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
		gfree_rcu_mightsleep(p);
		galloc_rcu_barrier();
		gk_expect_faults(test, FAULT_DOUBLE_FREE, 1);
		KUNIT_EXPECT_TRUE(test, is_mapped(p));
	}
	guard_settle();
}

static void the_worker_unmaps_what_is_freed(struct kunit *test)
{
	void *p = guarded(64);

	KUNIT_ASSERT_TRUE(test, p && is_mapped(p));
	gk_background();
	gfree(p);
	KUNIT_EXPECT_TRUE(test, gk_wait_for(!is_mapped(p), GK_PATIENCE_MS / 2));
	gk_quiet();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(calls_treat_it_as_any_object),
	KUNIT_CASE(its_node_is_that_of_its_page),
	KUNIT_CASE(nothing_is_mapped_beside_it),
	KUNIT_CASE(misuse_is_reported),
	KUNIT_CASE(an_oops_is_explained),
	KUNIT_CASE(an_oops_is_about_the_later_object),
	KUNIT_CASE(an_oops_is_about_the_last_object),
	KUNIT_CASE(the_live_one_is_found),
	KUNIT_CASE(only_some_are_guarded),
	KUNIT_CASE(without_room_it_is_an_ordinary_object),
	KUNIT_CASE(its_heap_may_go_when_it_is_resized),
	KUNIT_CASE(a_slot_of_others_is_left_alone),
	KUNIT_CASE(a_heap_goes_with_or_without_it),
	KUNIT_CASE(a_heap_takes_its_caches_along),
	KUNIT_CASE(what_a_cache_left_is_reported_once),
	KUNIT_CASE(a_failure_costs_no_slot),
	KUNIT_CASE(what_is_freed_is_filled),
	KUNIT_CASE(what_is_freed_is_not_given_to_vfree),
	KUNIT_CASE(the_worker_unmaps_what_is_freed),
	{}
};

GK_SUITE(guard, init_case, exit_case);
