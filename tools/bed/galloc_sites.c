// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_sites: an overridden module whose lines are in /proc/allocinfo.
 *
 * Built with galloc-override.h, for a kernel with CONFIG_MEM_ALLOC_PROFILING, where that is
 * on.  Each call is in a function of its own; insmod fails unless the tag of its line, and
 * no other one, counts what it has allocated, until that is freed.  With late=1 rmmod leaves
 * objects that galloc frees after a grace period, when the module may have gone.
 */
#include <linux/alloc_tag.h>
#include <linux/delay.h>
#include <linux/mempool.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

static bool late;
module_param(late, bool, 0444);
MODULE_PARM_DESC(late, "leave objects to be freed after rmmod");

#ifdef CONFIG_MEM_ALLOC_PROFILING

/* All tags of this module. */
extern struct alloc_tag __start_alloc_tags[], __stop_alloc_tags[];

static struct kmem_cache *cache;
static mempool_t *pool;

#define SITE(name, call)						\
	static noinline void *site_##name(void) { return call; }

SITE(kmalloc, kmalloc(60, GFP_KERNEL))
SITE(kzalloc, kzalloc(60, GFP_KERNEL))
SITE(kmalloc_dma, kmalloc(60, GFP_KERNEL | GFP_DMA))
SITE(kmalloc_array, kmalloc_array(3, 20, GFP_KERNEL))
SITE(kcalloc, kcalloc(3, 20, GFP_KERNEL))
SITE(kmalloc_node, kmalloc_node(60, GFP_KERNEL, NUMA_NO_NODE))
SITE(kzalloc_node, kzalloc_node(60, GFP_KERNEL, NUMA_NO_NODE))
SITE(krealloc, krealloc(NULL, 60, GFP_KERNEL))
SITE(kvmalloc, kvmalloc(60, GFP_KERNEL))
SITE(kvzalloc, kvzalloc(60, GFP_KERNEL))
SITE(kvmalloc_array, kvmalloc_array(3, 20, GFP_KERNEL))
SITE(kvcalloc, kvcalloc(3, 20, GFP_KERNEL))
SITE(kmemdup, kmemdup("0123456", 60 / 8, GFP_KERNEL))
SITE(kstrdup, kstrdup("0123456", GFP_KERNEL))
SITE(kstrndup, kstrndup("0123456", 7, GFP_KERNEL))
SITE(kasprintf, kasprintf(GFP_KERNEL, "%07d", late))
SITE(kmalloc_of_type, kmalloc_obj(struct list_head))
SITE(cache, kmem_cache_alloc(cache, GFP_KERNEL))
SITE(cache_zeroed, kmem_cache_zalloc(cache, GFP_KERNEL))
SITE(cache_node, kmem_cache_alloc_node(cache, GFP_KERNEL, NUMA_NO_NODE))
SITE(not_here, galloc_not_here(kmalloc)(60, GFP_KERNEL))
SITE(pool, mempool_alloc(pool, GFP_KERNEL))

static const struct site {
	const char *name;
	void *(*call)(void);
	bool kernels;
} sites[] = {
#define S(name, ...)	{ "site_" #name, site_##name, __VA_ARGS__ }
	S(kmalloc), S(kzalloc), S(kmalloc_dma, true), S(kmalloc_array), S(kcalloc),
	S(kmalloc_node), S(kzalloc_node), S(krealloc), S(kvmalloc), S(kvzalloc),
	S(kvmalloc_array), S(kvcalloc), S(kmemdup), S(kstrdup), S(kstrndup), S(kasprintf),
	S(kmalloc_of_type), S(cache), S(cache_zeroed), S(cache_node), S(not_here, true),
	S(pool),
#undef S
};

/* The line of a function; NULL if there is none, or more than one. */
static struct alloc_tag *tag_of(const char *function)
{
	struct alloc_tag *t, *found = NULL;

	for (t = __start_alloc_tags; t < __stop_alloc_tags; t++) {
		if (strcmp(t->ct.function, function))
			continue;
		if (found)
			return NULL;
		found = t;
	}
	return found;
}

static bool counts(struct alloc_tag *t, u64 bytes, u64 calls)
{
	struct alloc_tag_counters c = alloc_tag_read(t);

	return c.bytes == bytes && c.calls == calls;
}

static int check_site(const struct site *site)
{
	struct alloc_tag *t = tag_of(site->name);
	void *p;
	bool ok;

	if (!t) {
		pr_err("galloc_sites: %s has not one tag\n", site->name);
		return -EINVAL;
	}
	if (!counts(t, 0, 0)) {
		pr_err("galloc_sites: %s counts already\n", site->name);
		return -EINVAL;
	}
	p = site->call();
	if (IS_ERR_OR_NULL(p))
		return -ENOMEM;
	ok = galloc_owns(p) == !site->kernels && counts(t, ksize(p), 1);
	if (!ok)
		pr_err("galloc_sites: %s: %llu bytes of %zu, %llu calls, of galloc: %d\n",
		       site->name, alloc_tag_read(t).bytes, ksize(p), alloc_tag_read(t).calls,
		       galloc_owns(p));
	if (site->call == site_pool)
		mempool_free(p, pool);
	else if (!strncmp(site->name, "site_cache", 10))
		kmem_cache_free(cache, p);
	else
		kfree(p);
	if (ok && !counts(t, 0, 0)) {
		pr_err("galloc_sites: %s counts what was freed\n", site->name);
		ok = false;
	}
	return ok ? 0 : -EINVAL;
}

/* The lines are this file's, not those of galloc's headers. */
static int check_files(void)
{
	struct alloc_tag *t;
	int err = 0;

	for (t = __start_alloc_tags; t < __stop_alloc_tags; t++) {
		if (!strstr(t->ct.filename, ".h"))
			continue;
		pr_err("galloc_sites: a tag in %s:%u\n", t->ct.filename, t->ct.lineno);
		err = -EINVAL;
	}
	return err;
}

/* galloc follows a moment after its first allocation. */
static bool galloc_follows(void)
{
	struct alloc_tag *t = tag_of("site_kmalloc");
	unsigned int i;
	bool follows;
	void *p;

	for (i = 0; t && i < 500; i++) {
		p = site_kmalloc();
		follows = counts(t, 64, 1);
		kfree(p);
		if (follows)
			return true;
		msleep(20);
	}
	if (t)
		pr_err("galloc_sites: %llu bytes and %llu calls count after all is freed\n",
		       alloc_tag_read(t).bytes, alloc_tag_read(t).calls);
	return false;
}

static int check_all(void)
{
	unsigned int i;
	int err;

	err = check_files();
	for (i = 0; !err && i < ARRAY_SIZE(sites); i++)
		err = check_site(&sites[i]);
	return err;
}

static int __init sites_init(void)
{
	int err = -ENOMEM;

	if (!mem_alloc_profiling_enabled() || !galloc_follows()) {
		pr_err("galloc_sites: galloc does not follow\n");
		return -EINVAL;
	}
	cache = kmem_cache_create("galloc_sites", 100, 0, 0, NULL);
	pool = mempool_create_kmalloc_pool(3, 60);
	if (cache && pool)
		err = check_all();
	mempool_destroy(pool);
	if (err)
		kmem_cache_destroy(cache);
	return err;
}

static noinline void *site_late(void)
{
	return kmalloc(200, GFP_KERNEL);
}

static void __exit sites_exit(void)
{
	struct rcu_head *p;
	unsigned int i;

	kmem_cache_destroy(cache);
	for (i = 0; late && i < 100; i++) {
		p = site_late();
		if (p)
			galloc_queue_rcu(p, p);
	}
}
#else
static int __init sites_init(void)
{
	return -EOPNOTSUPP;
}

static void __exit sites_exit(void)
{
}
#endif

module_init(sites_init);
module_exit(sites_exit);
MODULE_DESCRIPTION("The lines of an overridden client in /proc/allocinfo");
MODULE_LICENSE("GPL");
