// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * handover: objects of overridden modules that core code frees, see galloc-override.h.
 *
 * Core code frees by the kernel's kfree().  Where a call hands it an object of galloc's,
 * the object is replaced by one of the kernel's just before; where it calls back to free
 * one, galloc's function is called instead.  Exported to clients; calls api.c and those
 * parts of the kernel, if it has them.  Owns no lock.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/module.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/string.h>

#if IS_BUILTIN(CONFIG_CRYPTO_HASH2)
#include <crypto/internal/hash.h>
#endif
#if defined(CONFIG_NET_CLS_ACT) || defined(CONFIG_NET_EMATCH)
#include <net/pkt_cls.h>
#endif

#include "galloc_override_calls.h"

/**
 * galloc_hand_over() - make an object one of the kernel's
 * @p: an object of either allocator, NULL or ZERO_SIZE_PTR
 * @gfp: flags of kmalloc()
 *
 * For an overridden module, where core code is to free @p.
 *
 * Context: As kmalloc() and kfree().
 * Return: @p if it is the kernel's already, else a copy of all its bytes, and @p is freed;
 * NULL if there is no memory, and @p is as it was.
 */
void *galloc_hand_over(const void *p, gfp_t gfp)
{
	void *copy;

	if (!galloc_owns(p))
		return (void *)p;
	copy = galloc_fail(0) && !(gfp & __GFP_NOFAIL) ? NULL : kmemdup(p, gsize(p), gfp);
	if (copy)
		gfree(p);
	return copy;
}
EXPORT_SYMBOL_GPL(galloc_hand_over);

#ifdef CONFIG_FS_POSIX_ACL
/**
 * galloc_set_cached_acl() - set_cached_acl() of an overridden module
 * @inode: the inode
 * @type: ACL_TYPE_ACCESS or ACL_TYPE_DEFAULT
 * @acl: what it is to cache, of either allocator; or NULL
 *
 * The VFS frees what it caches by the kernel's kfree_rcu(): it gets a copy of one of
 * galloc's.  Without memory for that, nothing is cached.
 *
 * Context: Any.
 */
void galloc_set_cached_acl(struct inode *inode, int type, struct posix_acl *acl)
{
	struct posix_acl *copy;

	if (!galloc_owns(acl)) {
		set_cached_acl(inode, type, acl);
		return;
	}
	copy = galloc_fail(0) ? NULL :
	       kmemdup(acl, struct_size(acl, a_entries, acl->a_count), GFP_ATOMIC);
	if (!copy) {
		forget_cached_acl(inode, type);
		return;
	}
	refcount_set(&copy->a_refcount, 1);
	set_cached_acl(inode, type, copy);
	posix_acl_release(copy);
}
EXPORT_SYMBOL_GPL(galloc_set_cached_acl);
#endif

#ifdef CONFIG_NET_CLS_ACT
/*
 * Until 6.2 a function of a header allocates the array, and so does it in the module; the
 * kernel always frees it.  Where it does, it may sleep.
 */
static void exts_hand_over(struct tcf_exts *exts)
{
	if (exts->actions)
		exts->actions = galloc_hand_over(exts->actions, GFP_KERNEL | __GFP_NOFAIL);
}

/**
 * galloc_tcf_exts_destroy() - tcf_exts_destroy() of an overridden module
 * @exts: actions of a filter, their array of either allocator
 *
 * Context: Process.  Sleeps.
 */
void galloc_tcf_exts_destroy(struct tcf_exts *exts)
{
	exts_hand_over(exts);
	tcf_exts_destroy(exts);
}
EXPORT_SYMBOL_GPL(galloc_tcf_exts_destroy);

/**
 * galloc_tcf_exts_change() - tcf_exts_change() of an overridden module
 * @dst: actions of a filter, which are destroyed, their array of either allocator
 * @src: what takes their place
 *
 * Context: Process.  Sleeps.
 */
void galloc_tcf_exts_change(struct tcf_exts *dst, struct tcf_exts *src)
{
	exts_hand_over(dst);
	tcf_exts_change(dst, src);
}
EXPORT_SYMBOL_GPL(galloc_tcf_exts_change);
#endif

#ifdef CONFIG_NET_EMATCH
/* What the kernel does for a match without a function of its own, to objects of both. */
static void em_destroy(struct tcf_ematch *em)
{
	if (!(em->flags & TCF_EM_SIMPLE))
		galloc_kfree((const void *)em->data);
}

/**
 * galloc_tcf_em_register() - tcf_em_register() of an overridden module
 * @ops: the match; one that leaves freeing to the kernel gets a function that does it
 *
 * Context: Process.
 * Return: As tcf_em_register().
 */
int galloc_tcf_em_register(struct tcf_ematch_ops *ops)
{
	if (!ops->destroy)
		ops->destroy = em_destroy;
	return tcf_em_register(ops);
}
EXPORT_SYMBOL_GPL(galloc_tcf_em_register);
#endif

#if IS_BUILTIN(CONFIG_CRYPTO_HASH2)
/**
 * galloc_shash_free_singlespawn_instance() - the same of an overridden module
 * @inst: an instance of a template, of either allocator
 *
 * The crypto layer calls it by its address.
 *
 * Context: Process.
 */
void galloc_shash_free_singlespawn_instance(struct shash_instance *inst)
{
	crypto_drop_spawn(shash_instance_ctx(inst));
	galloc_kfree(inst);
}
EXPORT_SYMBOL_GPL(galloc_shash_free_singlespawn_instance);

/**
 * galloc_ahash_free_singlespawn_instance() - the same of an overridden module
 * @inst: an instance of a template, of either allocator
 *
 * Context: Process.
 */
void galloc_ahash_free_singlespawn_instance(struct ahash_instance *inst)
{
	crypto_drop_spawn(ahash_instance_ctx(inst));
	galloc_kfree(inst);
}
EXPORT_SYMBOL_GPL(galloc_ahash_free_singlespawn_instance);
#endif
