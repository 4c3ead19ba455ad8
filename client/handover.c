// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * handover: objects of overridden modules that core code frees, see galloc-override.h.
 *
 * Core code frees by the kernel's kfree().  Where a call hands it an object of galloc's,
 * the object is replaced by one of the kernel's just before; where it calls back to free
 * one, galloc's function is called instead.  Exported to clients; calls api.c and those
 * parts of the kernel, if it has them.  Owns fs_mutex.  Overview: galloc_mod.c.
 */
#include "galloc_internal.h"

#include <linux/fs_context.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/posix_acl.h>
#include <linux/slab.h>
#include <linux/string.h>

#if IS_BUILTIN(CONFIG_CRYPTO_HASH2)
#include <crypto/internal/hash.h>
#endif
#ifdef CONFIG_KEYS
#include <keys/user-type.h>
#include <linux/key-type.h>
#endif
#ifdef CONFIG_NETPOLL
#include <linux/netpoll.h>
#include <linux/rtnetlink.h>
#endif
#if defined(CONFIG_NET_CLS_ACT) || defined(CONFIG_NET_EMATCH)
#include <net/pkt_cls.h>
#endif
#ifdef CONFIG_XFRM
#include <net/xfrm.h>
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
	if (!api_alloc_ok(gfp))
		return NULL;
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

/* ---- file systems --------------------------------------------------------------------- */

/*
 * A file system whose functions stand before the module's own.  Of what the module writes
 * into a context the kernel frees the source, right after it has called ->free(), and that
 * must then be the kernel's.
 *
 * @ours is a copy of @ops, which are those that the module's first context had; one with
 * others is left alone.
 */
struct handed_fs {
	struct list_head list;
	struct file_system_type *type;
	int (*init)(struct fs_context *fc);
	const struct fs_context_operations *ops;
	struct fs_context_operations ours;
};

static DEFINE_MUTEX(fs_mutex);
static LIST_HEAD(fs_list);

static struct handed_fs *handed_fs(struct file_system_type *type)
{
	struct handed_fs *pos, *fs = NULL;

	mutex_lock(&fs_mutex);
	list_for_each_entry(pos, &fs_list, list) {
		if (pos->type == type)
			fs = pos;
	}
	mutex_unlock(&fs_mutex);
	return fs;
}

/*
 * Its type may be another one by now: a mount of nfs becomes one of nfs4, and one of gfs2meta
 * becomes one of gfs2.  The operations tell what it began as.  They belong to a module that
 * stays: one that changes the type of a context does so within itself.
 */
static void free_fs_context(struct fs_context *fc)
{
	const struct handed_fs *fs = container_of(fc->ops, struct handed_fs, ours);

	if (fs->ops->free)
		fs->ops->free(fc);
	if (galloc_owns(fc->source)) {
		gfree(fc->source);
		fc->source = NULL;
	}
}

static int init_fs_context(struct fs_context *fc)
{
	struct handed_fs *fs = handed_fs(fc->fs_type);
	int err = fs->init(fc);

	if (err)
		return err;
	mutex_lock(&fs_mutex);
	if (!fs->ops) {
		fs->ours = *fc->ops;
		fs->ours.free = free_fs_context;
		fs->ops = fc->ops;
	}
	if (fc->ops == fs->ops)
		fc->ops = &fs->ours;
	mutex_unlock(&fs_mutex);
	return 0;
}

static void forget_fs(struct handed_fs *fs)
{
	mutex_lock(&fs_mutex);
	list_del(&fs->list);
	mutex_unlock(&fs_mutex);
	fs->type->init_fs_context = fs->init;
	gfree(fs);
}

/**
 * galloc_register_filesystem() - register_filesystem() of an overridden module
 * @type: the file system; until it is unregistered, its contexts have functions of galloc's
 *
 * Context: Process.  Sleeps.
 * Return: As register_filesystem(), or -ENOMEM.
 */
int galloc_register_filesystem(struct file_system_type *type)
{
	struct handed_fs *fs;
	int err;

	if (!type->init_fs_context)
		return register_filesystem(type);
	fs = galloc_fail(0) ? NULL : gzalloc(sizeof(*fs), GFP_KERNEL);
	if (!fs)
		return -ENOMEM;
	fs->type = type;
	fs->init = type->init_fs_context;
	mutex_lock(&fs_mutex);
	list_add(&fs->list, &fs_list);
	mutex_unlock(&fs_mutex);
	type->init_fs_context = init_fs_context;
	err = register_filesystem(type);
	if (err)
		forget_fs(fs);
	return err;
}
EXPORT_SYMBOL_GPL(galloc_register_filesystem);

/**
 * galloc_unregister_filesystem() - unregister_filesystem() of an overridden module
 * @type: the file system
 *
 * Context: Process.  Sleeps.
 * Return: As unregister_filesystem().
 */
int galloc_unregister_filesystem(struct file_system_type *type)
{
	int err = unregister_filesystem(type);
	struct handed_fs *fs = handed_fs(type);

	if (!err && fs)
		forget_fs(fs);
	return err;
}
EXPORT_SYMBOL_GPL(galloc_unregister_filesystem);

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

#ifdef CONFIG_NETPOLL
/**
 * galloc_netpoll_free() - __netpoll_free() of an overridden module
 * @np: what __netpoll_setup() has set up, of either allocator
 *
 * Context: Process, with the RTNL held.  Sleeps.
 */
void galloc_netpoll_free(struct netpoll *np)
{
	if (!galloc_owns(np)) {
		__netpoll_free(np);
		return;
	}
	ASSERT_RTNL();
	/* Who sends by it has a read section. */
	synchronize_net();
	netpoll_teardown(np);
	gfree(np);
}
EXPORT_SYMBOL_GPL(galloc_netpoll_free);
#endif

#ifdef CONFIG_XFRM
/**
 * galloc_xfrm_state_walk_init() - xfrm_state_walk_init() of an overridden module
 * @walk: a walk through the states, which xfrm_state_walk_done() ends
 * @proto: as there
 * @filter: what it is to find, of either allocator; or NULL
 *
 * Context: Any without @filter, else process.  Sleeps.
 */
void galloc_xfrm_state_walk_init(struct xfrm_state_walk *walk, u8 proto,
				 struct xfrm_address_filter *filter)
{
	if (filter)
		filter = galloc_hand_over(filter, GFP_KERNEL | __GFP_NOFAIL);
	xfrm_state_walk_init(walk, proto, filter);
}
EXPORT_SYMBOL_GPL(galloc_xfrm_state_walk_init);
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

#ifdef CONFIG_KEYS
/* ---- keys ------------------------------------------------------------------------------ */

static void destroy_payload(struct key *key)
{
	galloc_kfree_sensitive(key->payload.data[0]);
}

/* The key's semaphore is held for writing. */
static void revoke_payload(struct key *key)
{
	struct user_key_payload *payload = user_key_payload_locked(key);

	if (!galloc_owns(payload)) {
		user_revoke(key);
		return;
	}
	key_payload_reserve(key, 0);
	rcu_assign_keypointer(key, NULL);
	synchronize_rcu();
	gfree_sensitive(payload);
}

/**
 * galloc_register_key_type() - register_key_type() of an overridden module
 * @type: the type; where it has user_destroy() or user_revoke(), it gets functions that free
 *	payloads of both allocators
 *
 * Context: Process.
 * Return: As register_key_type().
 */
int galloc_register_key_type(struct key_type *type)
{
	if (type->destroy == user_destroy)
		type->destroy = destroy_payload;
	if (type->revoke == user_revoke)
		type->revoke = revoke_payload;
	return register_key_type(type);
}
EXPORT_SYMBOL_GPL(galloc_register_key_type);
#endif
