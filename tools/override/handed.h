/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * handed: the part of body.h about objects that core code frees by functions which
 * galloc-override.h replaces.
 */
#ifdef CONFIG_KEYS
#include <keys/user-type.h>
#include <linux/key-type.h>

/* The payload of the next key is the kernel's, whoever includes this. */
static bool kernels_payload;

static int instantiate(struct key *key, struct key_preparsed_payload *prep)
{
	size_t size = sizeof(struct user_key_payload) + prep->datalen;
	struct user_key_payload *payload;

	payload = kernels_payload ? opted_out_alloc(size) : kmalloc(size, GFP_KERNEL);
	if (!payload)
		return -ENOMEM;
	payload->datalen = prep->datalen;
	memcpy(payload->data, prep->data, prep->datalen);
	rcu_assign_keypointer(key, payload);
	return 0;
}

static struct key_type key_type = {
	.name = "galloc", .instantiate = instantiate, .revoke = user_revoke,
	.destroy = user_destroy,
};

static void run_keys(struct seen *s)
{
	struct key *key;
	unsigned int i;

	note(s, "%d ", register_key_type(&key_type));
	for (i = 0; i < 4; i++) {
		key = key_alloc(&key_type, "key", GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
				current_cred(), KEY_POS_ALL, KEY_ALLOC_NOT_IN_QUOTA, NULL);
		if (IS_ERR(key)) {
			note(s, "no key: %ld ", PTR_ERR(key));
			continue;
		}
		kernels_payload = i & 1;
		note(s, "%d ", key_instantiate_and_link(key, "secret", 7, NULL, NULL));
		owner(s, key->payload.data[0], OURS && !kernels_payload);
		if (i & 2)
			key_revoke(key);
		note(s, "%d ", !key->payload.data[0]);
		key_put(key);
	}
	/* All payloads are freed when it returns. */
	unregister_key_type(&key_type);
}
#else
static void run_keys(struct seen *s)
{
}
#endif

#ifdef CONFIG_NETPOLL
#include <linux/netpoll.h>
#include <linux/rtnetlink.h>

static void run_netpoll(struct seen *s)
{
	struct net_device *dev = init_net.loopback_dev;
	int err, refs = netdev_refcnt_read(dev);
	struct netpoll *np[2];
	unsigned int i;

	np[0] = kzalloc(sizeof(*np[0]), GFP_KERNEL);
	np[1] = opted_out_alloc(sizeof(*np[1]));
	memset(np[1], 0, sizeof(*np[1]));
	owner(s, np[0], OURS);
	rtnl_lock();
	for (i = 0; i < ARRAY_SIZE(np); i++) {
		np[i]->name = "galloc";
		err = __netpoll_setup(np[i], dev);
		note(s, "%d %d ", err, !!rcu_access_pointer(dev->npinfo));
		if (err)
			kfree(np[i]);
		else
			__netpoll_free(np[i]);
		note(s, "%d ", !!rcu_access_pointer(dev->npinfo));
	}
	rtnl_unlock();
	note(s, "%d ", netdev_refcnt_read(dev) == refs);
}
#else
static void run_netpoll(struct seen *s)
{
}
#endif

#ifdef CONFIG_XFRM
#include <net/xfrm.h>

static void run_xfrm(struct seen *s)
{
	struct xfrm_address_filter *filter = kzalloc(sizeof(*filter), GFP_KERNEL);
	struct xfrm_state_walk walk;

	owner(s, filter, OURS);
	filter->splen = 7;
	xfrm_state_walk_init(&walk, IPPROTO_ESP, filter);
	owner(s, walk.filter, false);
	note(s, "%d %d ", walk.proto, walk.filter->splen);
	xfrm_state_walk_done(&walk, &init_net);
	xfrm_state_walk_init(&walk, 0, NULL);
	note(s, "%d ", !walk.filter);
	xfrm_state_walk_done(&walk, &init_net);
}
#else
static void run_xfrm(struct seen *s)
{
}
#endif
