/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * body: the calls, for whoever includes it: OURS says whose objects they return, CALLS
 * names their table.  Every object that is not freed shows as a leak at the end.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/fs.h>
#include <linux/generic-radix-tree.h>
#include <linux/kernel.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/parser.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/textsearch.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <asm/io.h>
#ifdef CONFIG_NET_CLS_ACT
#include <net/pkt_cls.h>
#endif

#include "calls.h"

#define QUIET	(GFP_KERNEL | __GFP_NOWARN)

static const size_t sizes[] = {
	0, 1, 8, 24, 64, 96, 100, 160, 192, 288, 512, 1000, 4096, 5000, 8192, 8193, 32768, 40000,
	131072,
};

/* Bytes that all may be used, aligned as promised, and zero where asked for. */
static void object(struct seen *s, void *p, size_t size, bool zero)
{
	owner(s, p, OURS);
	if (ZERO_OR_NULL_PTR(p)) {
		note(s, "%s ", p ? "zero-size" : "NULL");
		return;
	}
	if (zero && memchr_inv(p, 0, size))
		note(s, "dirty ");
	if (!IS_ALIGNED((unsigned long)p, is_power_of_2(size) ? min(size, PAGE_SIZE) : 8))
		note(s, "unaligned ");
	if (ksize(p) < size)
		note(s, "short ");
	memset(p, 0xa5, size);
	note(s, "%zu ", size);
}

#define EACH_SIZE(s, zero, call)					\
do {									\
	size_t n;							\
	unsigned int i;							\
									\
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {			\
		void *p;						\
									\
		n = sizes[i];						\
		p = call;						\
		object(s, p, n, zero);					\
		apart(s, p, n, ksize(p));				\
		kfree(p);						\
	}								\
} while (0)

/* What is allocated after it finds what it wrote. */
static void run_kmalloc(struct seen *s)
{
	EACH_SIZE(s, false, kmalloc(n, GFP_KERNEL));
	EACH_SIZE(s, true, kzalloc(n, GFP_KERNEL));
	EACH_SIZE(s, false, kmalloc(n, GFP_ATOMIC));
	/* Of more than two pages the kernel warns. */
	EACH_SIZE(s, false, kmalloc(n = min_t(size_t, n, 2 * PAGE_SIZE),
				    GFP_KERNEL | __GFP_NOFAIL));
	EACH_SIZE(s, false, kmalloc(n, GFP_KERNEL_ACCOUNT));
	EACH_SIZE(s, false, kmalloc_track_caller(n, GFP_KERNEL));
	EACH_SIZE(s, false, kmalloc(kmalloc_size_roundup(n), GFP_KERNEL));
}

static void run_kmalloc_const(struct seen *s)
{
	void *p[7] = {
		kmalloc(0, GFP_KERNEL), kmalloc(8, GFP_KERNEL), kzalloc(100, GFP_NOWAIT),
		kmalloc(4096, GFP_KERNEL), kzalloc(3 * PAGE_SIZE, GFP_KERNEL),
		kmalloc(1 << 20, GFP_KERNEL), kmalloc(288, GFP_KERNEL),
	};

	object(s, p[0], 0, false);
	object(s, p[1], 8, false);
	object(s, p[2], 100, true);
	object(s, p[3], 4096, false);
	object(s, p[4], 3 * PAGE_SIZE, true);
	object(s, p[5], 1 << 20, false);
	object(s, p[6], 288, false);
	apart(s, p[1], 8, ksize(p[1]));
	apart(s, p[2], 100, ksize(p[2]));
	apart(s, p[6], 288, ksize(p[6]));
	kfree_bulk(6, p + 1);
}

static void run_node(struct seen *s)
{
	int nid = numa_mem_id();

	EACH_SIZE(s, false, kmalloc_node(n, GFP_KERNEL, nid));
	EACH_SIZE(s, true, kzalloc_node(n, GFP_KERNEL, NUMA_NO_NODE));
	EACH_SIZE(s, false, kmalloc_node(n, GFP_KERNEL | __GFP_THISNODE, nid));
	EACH_SIZE(s, false, kmalloc_array_node(n, 1, GFP_KERNEL, nid));
	EACH_SIZE(s, true, kcalloc_node(1, n, GFP_KERNEL, nid));
	EACH_SIZE(s, false, kmalloc_node_track_caller(n, GFP_KERNEL, nid));
}

static void run_array(struct seen *s)
{
	void *p = kmalloc(10, GFP_KERNEL);
	size_t huge = SIZE_MAX;

	EACH_SIZE(s, false, kmalloc_array(n, 1, GFP_KERNEL));
	EACH_SIZE(s, true, kcalloc(n, 1, GFP_KERNEL));
	note(s, "%d%d%d%d", !kmalloc_array(huge, 2, QUIET), !kcalloc(huge / 2, 3, QUIET),
	     !kmalloc_array_node(huge, 3, QUIET, NUMA_NO_NODE),
	     !kcalloc_node(2, huge, QUIET, NUMA_NO_NODE));
	note(s, "%d%d%d", !kvmalloc_array(huge, 2, QUIET), !kvcalloc(huge, 2, QUIET),
	     !krealloc_array(p, huge, 2, QUIET));
	note(s, "%d%d", !kmalloc(2 * KMALLOC_MAX_SIZE, QUIET), !kmalloc(huge, QUIET));
	kfree(p);
}

/* Memory that only the kernel has: nobody's object is galloc's. */
static void run_zones(struct seen *s)
{
	static const gfp_t zones[] = { GFP_DMA, GFP_DMA32 };
	unsigned int i;
	void *p, *q;

	for (i = 0; i < ARRAY_SIZE(zones); i++) {
		p = kmalloc(100, GFP_KERNEL | zones[i]);
		owner(s, p, false);
		note(s, "%d ", p && virt_to_phys(p) < (i ? 1ULL << 32 : 1 << 24));
		kfree(p);
		p = kvmalloc(1000, GFP_KERNEL | GFP_DMA);
		owner(s, p, false);
		kvfree(p);
		p = kmemdup("abc", 4, GFP_KERNEL | GFP_DMA);
		owner(s, p, false);
		note(s, "%s ", (char *)p);
		q = krealloc(p, 300, GFP_KERNEL | GFP_DMA);
		owner(s, q, false);
		kfree(q);
		/* One that is galloc's moves there. */
		p = kstrdup("xyz", GFP_KERNEL);
		owner(s, p, OURS);
		q = krealloc(p, 3000, GFP_KERNEL | GFP_DMA);
		owner(s, q, false);
		note(s, "%s %d ", (char *)q, q && virt_to_phys(q) < 1 << 24);
		kfree(q);
	}
}

static void run_krealloc(struct seen *s)
{
	char *p, *q;
	size_t n;

	note(s, "%d ", krealloc(NULL, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	p = krealloc(ZERO_SIZE_PTR, 5, GFP_KERNEL);
	owner(s, p, OURS);
	strscpy(p, "four", 5);
	for (n = 8; n <= SZ_1M; n *= 3) {
		q = krealloc(p, n, GFP_KERNEL);
		owner(s, q, OURS);
		note(s, "%s ", q);
		apart(s, q, n, ksize(q));
		p = q;
	}
	p = krealloc(p, 6, GFP_KERNEL);
	note(s, "%s ", p);
	note(s, "%d ", krealloc(p, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	p = krealloc_array(NULL, 3, 5, GFP_KERNEL | __GFP_ZERO);
	object(s, p, 15, true);
	kfree(p);
}

static void run_kvmalloc(struct seen *s)
{
	size_t n = SZ_8M;
	void *p;

	EACH_SIZE(s, false, kvmalloc(n, GFP_KERNEL));
	EACH_SIZE(s, true, kvzalloc(n, GFP_KERNEL));
	EACH_SIZE(s, false, kvmalloc_node(n, GFP_KERNEL, NUMA_NO_NODE));
	EACH_SIZE(s, true, kvzalloc_node(n, GFP_KERNEL, numa_mem_id()));
	EACH_SIZE(s, false, kvmalloc_array(1, n, GFP_KERNEL));
	EACH_SIZE(s, true, kvcalloc(1, n, GFP_KERNEL));
	EACH_SIZE(s, false, kvmalloc(n, GFP_NOFS | __GFP_NOFAIL));
	p = kvmalloc(n, GFP_KERNEL | __GFP_NOFAIL);
	note(s, "%d ", is_vmalloc_addr(p));
	kvfree(p);
	p = kvzalloc(n, GFP_KERNEL);
	note(s, "%d %d ", is_vmalloc_addr(p), !memchr_inv(p, 0, n));
	kvfree_sensitive(p, n);
	/* On this node; and from where one cannot sleep, which not all kernels serve. */
	p = kvmalloc_node(n, GFP_KERNEL | __GFP_THISNODE, numa_mem_id());
	note(s, "%d ", is_vmalloc_addr(p));
	kvfree(p);
	p = kvmalloc(n, GFP_NOWAIT);
	note(s, "%d ", is_vmalloc_addr(p));
	kvfree(p);
	n = (size_t)INT_MAX + 1;
	note(s, "%d ", !kvmalloc(n, QUIET));
	kvfree_sensitive(kvmalloc(100, GFP_KERNEL), 100);
	kvfree(NULL);
	kvfree(kvmalloc(0, GFP_KERNEL));
}

#ifdef CACHE_ARGS
#define GROW(p, old, size)	((void)(old), kvrealloc(p, size, GFP_KERNEL))
#else
#define GROW(p, old, size)	kvrealloc(p, old, size, GFP_KERNEL)
#endif

static void run_kvrealloc(struct seen *s)
{
	static const size_t steps[] = { 100, 5000, 100000, SZ_8M };
	char *p = kvmalloc(10, GFP_KERNEL);
	size_t old = 10;
	unsigned int i;

	strscpy(p, "nine chr", 10);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		p = GROW(p, old, steps[i]);
		old = steps[i];
		note(s, "%s ", p);
	}
	kvfree(p);
	p = GROW(NULL, 0, 20);
	owner(s, p, OURS);
	kvfree(p);
}

static void text(struct seen *s, char *p)
{
	owner(s, p, OURS);
	note(s, "%s; ", p);
	kfree(p);
}

static __printf(2, 3) void format(struct seen *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text(s, kvasprintf(GFP_KERNEL, fmt, args));
	va_end(args);
}

static void run_copies(struct seen *s)
{
	substring_t part = { "parted", strchr("parted", 'e') };
	const char *c = kstrdup_const("constant", GFP_KERNEL);

	text(s, kstrdup("abc", GFP_KERNEL));
	text(s, kstrdup("", GFP_KERNEL));
	text(s, kstrndup("abcdef", 3, GFP_KERNEL));
	text(s, kstrndup("abc", 100, GFP_KERNEL));
	text(s, kmemdup_nul("abcdef", 2, GFP_ATOMIC));
	text(s, kmemdup("abc", 4, GFP_KERNEL));
	text(s, kasprintf(GFP_KERNEL, "%s-%d", "x", 3));
	format(s, "%05u", 42);
	note(s, "%d%d%d ", !kstrdup(NULL, GFP_KERNEL), !kstrndup(NULL, 3, GFP_KERNEL),
	     kmemdup(s, 0, GFP_KERNEL) == ZERO_SIZE_PTR);
	note(s, "%s ", c);
	kfree_const(c);
	kfree_const(kstrdup("x", GFP_KERNEL));
	/* Core code allocates this one. */
	c = match_strdup(&part);
	owner(s, c, false);
	note(s, "%.*s ", (int)(part.to - part.from), c);
	kfree(c);
}

static void user_text(struct seen *s, char *p)
{
	if (IS_ERR(p))
		note(s, "%ld; ", PTR_ERR(p));
	else
		text(s, p);
}

/* The name of the process that inserts this module is in its memory. */
static void run_user(struct seen *s)
{
	const char __user *name = (void __user *)current->mm->arg_start;
	const char __user *nowhere = (void __user *)8;
	void *p;

	user_text(s, strndup_user(name, 100));
	user_text(s, strndup_user(name, 2));
	user_text(s, strndup_user(nowhere, 100));
	user_text(s, memdup_user_nul(name, 3));
	user_text(s, memdup_user_nul(nowhere, 3));
	user_text(s, memdup_user(nowhere, 3));
	user_text(s, vmemdup_user(nowhere, 3));
	user_text(s, memdup_array_user(name, SIZE_MAX, 3));
	user_text(s, vmemdup_array_user(name, SIZE_MAX, 3));
	p = memdup_user(name, 3);
	owner(s, p, OURS);
	note(s, "%.3s ", (char *)p);
	kfree(p);
	p = vmemdup_array_user(name, 3, 1);
	owner(s, p, OURS);
	note(s, "%.3s ", (char *)p);
	kvfree(p);
	note(s, "%d ", memdup_user(name, 0) == ZERO_SIZE_PTR);
}

/* ---- caches ------------------------------------------------------------------------ */

struct thing {
	u64 key;
	struct rcu_head rcu;
	char text[48];
};

static unsigned int constructed;

static void construct(void *p)
{
	struct thing *t = p;

	memset(t, 0, sizeof(*t));
	t->key = 0x1234567890ULL;
	constructed++;
}

static void run_cache(struct seen *s)
{
	struct kmem_cache *c = KMEM_CACHE(thing, SLAB_HWCACHE_ALIGN | SLAB_PANIC | SLAB_ACCOUNT);
	struct thing *t = kmem_cache_zalloc(c, GFP_KERNEL);
	void *p[20];
	unsigned int i;

	object(s, t, sizeof(*t), true);
	/* The kernel may have merged it with one of larger objects. */
	note(s, "%d ", kmem_cache_size(c) >= sizeof(*t));
	kmem_cache_free(c, t);
	t = kmem_cache_alloc_node(c, GFP_KERNEL, numa_mem_id());
	object(s, t, sizeof(*t), false);
	kfree(t);
	t = kmem_cache_alloc_lru(c, NULL, GFP_NOFS | __GFP_NOFAIL);
	object(s, t, sizeof(*t), false);
	kmem_cache_free(c, t);
	note(s, "%d ", (int)kmem_cache_alloc_bulk(c, GFP_KERNEL | __GFP_ZERO, 20, p) != 0);
	for (i = 0; i < 20; i++) {
		object(s, p[i], sizeof(*t), true);
		/* Of 72 bytes, so that without the flag most are not. */
		note(s, "%d ", IS_ALIGNED((unsigned long)p[i], 64));
	}
	kmem_cache_free_bulk(c, 10, p);
	kmem_cache_free_bulk(NULL, 10, p + 10);
	note(s, "%d ", kmem_cache_shrink(c) >= 0);
	kmem_cache_destroy(c);
	kmem_cache_destroy(NULL);
}

/* A constructor runs before an object is first used, and what it wrote outlives a free. */
static void run_ctor(struct seen *s)
{
	struct kmem_cache *c = kmem_cache_create("things", sizeof(struct thing), 0,
						 SLAB_TYPESAFE_BY_RCU, construct);
	struct thing *t;
	unsigned int i;

	constructed = 0;
	t = kmem_cache_alloc(c, GFP_KERNEL);
	for (i = 0; i < 5; i++) {
		owner(s, t, OURS);
		note(s, "%d", t->key == 0x1234567890ULL && !t->text[0]);
		kmem_cache_free(c, t);
		t = kmem_cache_alloc(c, GFP_ATOMIC);
	}
	kmem_cache_free(c, t);
	/* With init_on_alloc the kernel does not clear what was constructed, else it does. */
	t = kmem_cache_zalloc(c, GFP_KERNEL);
	note(s, "%d %d", !OURS || !memchr_inv(t, 0, sizeof(*t)), constructed > 0);
	construct(t);
	kmem_cache_free(c, t);
	kmem_cache_destroy(c);
}

/* Whatever galloc has no cache for is one of the kernel's, and all calls know. */
static void run_foreign_caches(struct seen *s)
{
	struct kmem_cache *c[4] = {
		kmem_cache_create("dma", 100, 0, SLAB_CACHE_DMA, NULL),
		kmem_cache_create("big", 70000, 0, 0, NULL),
		kmem_cache_create("far", 8192, 8192, 0, NULL),
		kmem_cache_create("dma32", 64, 0, SLAB_CACHE_DMA32, NULL),
	};
	void *p, *q[3];
	char *name;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(c); i++) {
		p = kmem_cache_alloc(c[i], GFP_KERNEL);
		owner(s, p, false);
		note(s, "%d %u ", !!p, kmem_cache_size(c[i]));
		kmem_cache_free(c[i], p);
		p = kmem_cache_zalloc(c[i], GFP_KERNEL);
		kfree(p);
		if (kmem_cache_alloc_bulk(c[i], GFP_KERNEL, 3, q))
			kmem_cache_free_bulk(c[i], 3, q);
		kmem_cache_destroy(c[i]);
	}
	/* On some kernels a cache that the VFS has made. */
	name = __getname();
	note(s, "%d", !!name);
	__putname(name);
}

static void run_usercopy(struct seen *s)
{
	struct kmem_cache *c = kmem_cache_create_usercopy("user", 100, 16, 0, 8, 32, NULL);
	void *p = kmem_cache_alloc(c, GFP_KERNEL);
#ifdef CACHE_ARGS
	struct kmem_cache_args args = { .align = 32, .ctor = construct };
#endif

	owner(s, p, OURS);
	note(s, "%u %d ", kmem_cache_size(c), IS_ALIGNED((unsigned long)p, 16));
	kmem_cache_free(c, p);
	kmem_cache_destroy(c);
#ifdef CACHE_ARGS
	c = kmem_cache_create("args", 100, &args, 0);
	p = kmem_cache_alloc(c, GFP_KERNEL);
	owner(s, p, OURS);
	note(s, "%d ", IS_ALIGNED((unsigned long)p, 32));
	kmem_cache_free(c, p);
	kmem_cache_destroy(c);
	c = kmem_cache_create("none", 100, NULL, 0);
	p = kmem_cache_alloc(c, GFP_KERNEL);
	owner(s, p, OURS);
	kmem_cache_free(c, p);
	kmem_cache_destroy(c);
#endif
}

static void pool(struct seen *s, mempool_t *pool, size_t size)
{
	void *p[8];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		p[i] = mempool_alloc(pool, GFP_NOIO);
		object(s, p[i], size, false);
	}
	while (i)
		mempool_free(p[--i], pool);
}

static void run_pools(struct seen *s)
{
	struct kmem_cache *c = KMEM_CACHE(thing, 0);
	mempool_t *made[] = {
		mempool_create_slab_pool(3, c),
		mempool_create(3, mempool_alloc_slab, mempool_free_slab, c),
		mempool_create_kmalloc_pool(3, sizeof(struct thing)),
		mempool_create(3, mempool_kmalloc, mempool_kfree, (void *)sizeof(struct thing)),
	};
	mempool_t in[2];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(made); i++) {
		pool(s, made[i], sizeof(struct thing));
		note(s, "%d ", mempool_resize(made[i], 10));
		mempool_destroy(made[i]);
	}
	note(s, "%d %d ", mempool_init_slab_pool(&in[0], 2, c),
	     mempool_init_kmalloc_pool(&in[1], 2, 300));
	pool(s, &in[0], sizeof(struct thing));
	pool(s, &in[1], 300);
	mempool_exit(&in[0]);
	mempool_exit(&in[1]);
	kmem_cache_destroy(c);
}

/* ---- frees -------------------------------------------------------------------------- */

static void run_rcu(struct seen *s)
{
	struct thing *t = kmalloc(sizeof(*t), GFP_KERNEL), *none = NULL;
	struct thing *big = kvmalloc(SZ_8M, GFP_KERNEL);
	unsigned int i;
#ifdef CONFIG_DMA_SHARED_BUFFER
	struct dma_fence *fence = kzalloc(sizeof(*fence), GFP_KERNEL);
	void (*release)(struct dma_fence *fence) = dma_fence_free;
#endif
#ifdef kfree_rcu_nolock
	struct { long word; struct kvfree_rcu_head rcu; } *small;
#endif

	owner(s, t, OURS);
	kfree_rcu(t, rcu);
	kvfree_rcu(big, rcu);
	kfree_rcu(none, rcu);
#ifdef CONFIG_DMA_SHARED_BUFFER
	/* Of a driver, by the address of the function that fences without another have. */
	owner(s, fence, OURS);
	release(fence);
#endif
#ifdef kfree_rcu_nolock
	small = kmalloc(sizeof(*small), GFP_KERNEL);
	owner(s, small, OURS);
	kfree_rcu_nolock(small, rcu);
	small = NULL;
	kfree_rcu_nolock(small, rcu);
#endif
	for (i = 0; i < 2000; i++) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		kvfree_rcu(t, rcu);
	}
	kfree_rcu_mightsleep(kmalloc(100, GFP_KERNEL));
	kvfree_rcu_mightsleep(kvmalloc(SZ_8M, GFP_KERNEL));
#ifdef KVFREE_GET_MACRO
	kfree_rcu(kmalloc(100, GFP_KERNEL));
	kvfree_rcu(kvmalloc(100, GFP_KERNEL));
#endif
	/* The grace period is over when the object may be allocated again. */
	rcu_barrier();
}

static void run_cleanup(struct seen *s)
{
#ifdef DEFINE_FREE
	void *p __free(kfree) = kmalloc(100, GFP_KERNEL);
	char *q __free(kfree) = kstrdup("x", GFP_KERNEL);
	void *none __free(kfree) = NULL;

	owner(s, p, OURS);
	owner(s, q, OURS);
	owner(s, none, false);
#ifdef scoped_cond_guard
	void *v __free(kvfree) = kvmalloc(SZ_8M, GFP_KERNEL);
	void *w __free(kvfree) = kvmalloc(100, GFP_KERNEL);

	owner(s, w, OURS);
	owner(s, v, false);
#endif
#ifdef __DEFINE_CLASS_IS_CONDITIONAL
	void *secret __free(kfree_sensitive) = kmalloc(100, GFP_KERNEL);

	owner(s, secret, OURS);
#endif
#endif
}

/* Whose address is taken, also by core code that calls it later. */
static void run_pointers(struct seen *s)
{
	void (*frees[])(const void *) = { kfree, kvfree, kfree_sensitive, kfree_const };
	struct delayed_call done = { };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(frees); i++) {
		frees[i](kmalloc(100, GFP_KERNEL));
		frees[i](match_strdup(&(substring_t) { "ab", strchr("ab", 'b') }));
		frees[i](NULL);
	}
	set_delayed_call(&done, kfree_link, kstrdup("a link", GFP_KERNEL));
	do_delayed_call(&done);
	note(s, "%d", i);
}

/* Of both allocators, by turns. */
static void run_mixed(struct seen *s)
{
	substring_t part = { "ab", strchr("ab", 'b') };
	char **strings = kasprintf_strarray(GFP_KERNEL, "s", 3), **own;
	void *p[10];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = i % 3 ? kmalloc(64, GFP_KERNEL) : match_strdup(&part);
	kfree_bulk(ARRAY_SIZE(p), p);
	note(s, "%s ", strings[2]);
	kfree_strarray(strings, 3);
	own = kcalloc(2, sizeof(*own), GFP_KERNEL);
	own[0] = kstrdup("own", GFP_KERNEL);
	own[1] = match_strdup(&part);
	kfree_strarray(own, 2);
	note(s, "%d ", ksize(own = (void *)match_strdup(&part)) >= 2);
	/* The kernel's stays the kernel's, which may be the one to free it. */
	own = krealloc(own, 500, GFP_KERNEL);
	owner(s, own, false);
	kfree_sensitive(own);
	kfree_sensitive(kstrdup("secret", GFP_KERNEL));
	note(s, "%zu%zu", ksize(NULL), ksize(ZERO_SIZE_PTR));
}

static void run_typed(struct seen *s)
{
#ifdef kmalloc_obj
	struct thing *t = kmalloc_obj(*t);
	struct thing *u = kzalloc_objs(*u, 3, GFP_NOWAIT);

	object(s, t, sizeof(*t), false);
	object(s, u, 3 * sizeof(*u), true);
	kfree(t);
	kfree(u);
	t = kvzalloc_obj(*t);
	object(s, t, sizeof(*t), true);
	kvfree(t);
#endif
}

/* What is asked of the kernel by name, or from a file that is left out. */
static void run_opted_out(struct seen *s)
{
#ifdef _GALLOC_OVERRIDE_H
	void *p[] = {
		galloc_not_here(kmalloc)(100, GFP_KERNEL),
		galloc_not_here(kzalloc)(100, GFP_KERNEL),
		galloc_not_here(kmalloc_array)(3, 100, GFP_KERNEL),
		galloc_not_here(kcalloc)(3, 100, GFP_KERNEL),
		galloc_not_here(kmalloc_node)(100, GFP_KERNEL, NUMA_NO_NODE),
		galloc_not_here(kvmalloc)(100, GFP_KERNEL),
		galloc_not_here(kmemdup)("abc", 4, GFP_KERNEL),
		galloc_not_here(kstrdup)("abc", GFP_KERNEL),
		galloc_not_here(kasprintf)(GFP_KERNEL, "%d", 3),
	};
	struct kmem_cache *c = galloc_not_here(kmem_cache_create)("own", 100, 0, 0, NULL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++) {
		owner(s, p[i], false);
		kfree(p[i]);
	}
	p[0] = kmem_cache_alloc(c, GFP_KERNEL);
	owner(s, p[0], false);
	kmem_cache_free(c, p[0]);
	kmem_cache_destroy(c);
	c = galloc_not_here(KMEM_CACHE)(thing, 0);
	p[0] = kmem_cache_alloc(c, GFP_KERNEL);
	owner(s, p[0], false);
	kfree(p[0]);
	kmem_cache_destroy(c);
#ifdef kmalloc_obj
	p[0] = galloc_not_here(kmalloc_obj)(struct thing);
	p[1] = galloc_not_here(kzalloc_objs)(struct thing, 3, GFP_KERNEL);
	owner(s, p[0], false);
	owner(s, p[1], false);
	kfree(p[0]);
	kfree(p[1]);
#endif
#endif
	char *q = opted_out_alloc(100);

	owner(s, q, false);
	q = opted_out_realloc(q, 200);
	owner(s, q, false);
	kfree(q);
	q = opted_out_realloc(kstrdup("abc", GFP_KERNEL), 5000);
	owner(s, q, OURS);
	note(s, "%s", q);
	opted_out_free(q);
	opted_out_free(opted_out_realloc(NULL, 5));
}

/* What core code frees by itself. */
static void run_handed_over(struct seen *s)
{
	struct ts_config *conf = alloc_ts_config(10, GFP_KERNEL);
	char *text;

	owner(s, conf, false);
	kfree(conf);
#ifdef genradix_ptr_alloc_preallocated
	{
		struct genradix_node *node = genradix_alloc_node(GFP_KERNEL);
		GENRADIX(u64) tree;

		owner(s, node, false);
		genradix_init(&tree);
		note(s, "%d ", !!genradix_ptr_alloc_preallocated(&tree, 5, &node, GFP_KERNEL));
		note(s, "%d ", !node);
		genradix_free(&tree);
		genradix_free_node(genradix_alloc_node(GFP_KERNEL));
	}
#endif
#ifdef _GALLOC_OVERRIDE_H
	text = kstrdup("abc", GFP_KERNEL);
	owner(s, text, true);
	text = galloc_hand_over(text, GFP_KERNEL);
	owner(s, text, false);
	note(s, "%s %d %d ", text, galloc_hand_over(text, GFP_KERNEL) == text,
	     !galloc_hand_over(NULL, GFP_KERNEL));
	kfree(text);
#else
	text = "abc";
	note(s, "%s %d %d ", text, 1, 1);
#endif
#ifdef CONFIG_NET_CLS_ACT
	{
		struct tcf_exts a, b;

		note(s, "%d%d", tcf_exts_init(&a, &init_net, 1, 0),
		     tcf_exts_init(&b, &init_net, 1, 0));
		/* The array of @a is freed by the kernel, and that of @b is in its place. */
		tcf_exts_change(&a, &b);
		tcf_exts_destroy(&a);
	}
#endif
}

#include "handed.h"

const struct call CALLS[] = {
	{ "kmalloc", run_kmalloc },
	{ "kmalloc of a constant size", run_kmalloc_const },
	{ "kmalloc_node", run_node },
	{ "arrays and overflows", run_array },
	{ "memory of a zone", run_zones },
	{ "krealloc", run_krealloc },
	{ "kvmalloc", run_kvmalloc },
	{ "kvrealloc", run_kvrealloc },
	{ "copies and strings", run_copies },
	{ "copies from user space", run_user },
	{ "a cache", run_cache },
	{ "a cache with a constructor", run_ctor },
	{ "caches that are the kernel's", run_foreign_caches },
	{ "caches with more arguments", run_usercopy },
	{ "memory pools", run_pools },
	{ "kfree_rcu", run_rcu },
	{ "__free", run_cleanup },
	{ "functions by their address", run_pointers },
	{ "objects of both allocators", run_mixed },
	{ "allocation by type", run_typed },
	{ "calls that opt out", run_opted_out },
	{ "objects that core code frees", run_handed_over },
	{ "payloads of keys", run_keys },
	{ "netpoll", run_netpoll },
	{ "the filter of a walk through xfrm", run_xfrm },
	{ },
};
