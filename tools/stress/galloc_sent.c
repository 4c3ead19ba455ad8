// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * galloc_sent: objects that are freed as soon as they have been sent.
 *
 * They go over loopback by reference where the kernel takes their pages, and are
 * freed while the receiver has read nothing.  Then others take memory and write to
 * it.  The received data must equal the sent data.  kmalloc() is the control.
 */
#include <linux/bvec.h>
#include <linux/in.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <net/sock.h>

#include <galloc.h>

/* Room for all of an object on its way. */
#define BUFFER_BYTES	(8 << 20)

/* What others take meanwhile: pages, and objects of the same size. */
#define NR_PAGES	2048
#define NR_OBJECTS	64
#define SECRET		0xee

static const size_t sizes[] = {
	SZ_8K, 10 * SZ_1K, SZ_16K, SZ_32K, SZ_64K, SZ_1M, 3 * SZ_1M,
};

/**
 * struct allocator - whose objects are sent
 * @name: for the report
 * @alloc: as kmalloc()
 * @free: as kfree()
 */
struct allocator {
	const char *name;
	void *(*alloc)(size_t size);
	void (*free)(const void *p);
};

static void *alloc_galloc(size_t size)
{
	return galloc(size, GFP_KERNEL);
}

static void *alloc_kmalloc(size_t size)
{
	return kmalloc(size, GFP_KERNEL);
}

static const struct allocator allocators[] = {
	{ "galloc", alloc_galloc, gfree },
	{ "kmalloc", alloc_kmalloc, kfree },
};

static u8 byte_at(size_t i)
{
	return i * 7 + (i >> 12);
}

/* ---- the connection ------------------------------------------------------ */

/* Three sockets: one that listens, the sender, the receiver. */
struct connection {
	struct socket *listener;
	struct socket *from;
	struct socket *to;
};

static void disconnect(struct connection *c)
{
	if (c->to)
		sock_release(c->to);
	if (c->from)
		sock_release(c->from);
	if (c->listener)
		sock_release(c->listener);
}

static int connect_to_ourselves(struct connection *c)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct sockaddr *a = (void *)&addr;
	int err;

	err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP,
			       &c->listener) ?:
	      sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_TCP,
			       &c->from) ?:
	      kernel_bind(c->listener, a, sizeof(addr)) ?:
	      kernel_listen(c->listener, 1);
	if (err)
		return err;
	/* The port that was chosen. */
	err = kernel_getsockname(c->listener, a);
	if (err < 0)
		return err;
	err = kernel_connect(c->from, a, sizeof(addr), 0) ?:
	      kernel_accept(c->listener, &c->to, 0);
	if (err)
		return err;
	c->from->sk->sk_sndbuf = BUFFER_BYTES;
	c->to->sk->sk_rcvbuf = BUFFER_BYTES;
	return 0;
}

/* By reference if the kernel takes the page, and copied if not. */
static int send_part(struct socket *sock, u8 *p, size_t n)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };
	struct kvec vec = { .iov_base = p, .iov_len = n };

	if (sendpage_ok(virt_to_page(p)))
		return sock_splice_page(sock, virt_to_page(p), offset_in_page(p), n,
					MSG_DONTWAIT);
	return kernel_sendmsg(sock, &msg, &vec, 1, n);
}

/* All of it, @step bytes at a time.  Returns how many went. */
static size_t send_object(struct socket *sock, u8 *p, size_t size, size_t step)
{
	size_t sent = 0;
	int n;

	while (sent < size) {
		n = send_part(sock, p + sent, min(step, size - sent));
		if (n <= 0)
			break;
		sent += n;
	}
	return sent;
}

/* Returns how many of @size bytes are not what was sent. */
static size_t receive_object(struct socket *sock, u8 *buffer, size_t size)
{
	size_t got = 0, wrong = 0, i;
	int n;

	while (got < size) {
		struct kvec vec = { .iov_base = buffer + got, .iov_len = size - got };
		struct msghdr msg = { };

		n = kernel_recvmsg(sock, &msg, &vec, 1, size - got, 0);
		if (n <= 0)
			break;
		got += n;
	}
	for (i = 0; i < got; i++)
		wrong += buffer[i] != byte_at(i);
	return wrong + size - got;
}

/* ---- others -------------------------------------------------------------- */

static void *pages[NR_PAGES];
static void *objects[NR_OBJECTS];

static void others_take(const struct allocator *a, size_t size)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++) {
		pages[i] = (void *)__get_free_page(GFP_KERNEL | __GFP_NOWARN);
		if (pages[i])
			memset(pages[i], SECRET, PAGE_SIZE);
	}
	for (i = 0; i < NR_OBJECTS && i * size < SZ_16M; i++) {
		objects[i] = a->alloc(size);
		if (objects[i])
			memset(objects[i], SECRET, size);
	}
}

static void others_give(const struct allocator *a)
{
	unsigned int i;

	for (i = 0; i < NR_PAGES; i++)
		free_page((unsigned long)pages[i]);
	for (i = 0; i < NR_OBJECTS; i++) {
		a->free(objects[i]);
		objects[i] = NULL;
	}
}

/* ---- the test ------------------------------------------------------------ */

/* Wrong bytes of one object; all of them if it could not be tried. */
static size_t try_object(const struct allocator *a, u8 *buffer, size_t size,
			 size_t step)
{
	struct connection c = { };
	size_t wrong = size, sent, i;
	u8 *p = a->alloc(size);

	if (!p || connect_to_ourselves(&c))
		goto out;
	for (i = 0; i < size; i++)
		p[i] = byte_at(i);
	sent = send_object(c.from, p, size, step);
	a->free(p);
	p = NULL;
	others_take(a, size);
	if (sent == size)
		wrong = receive_object(c.to, buffer, size);
	others_give(a);
out:
	disconnect(&c);
	a->free(p);
	return wrong;
}

static int __init sent_init(void)
{
	u8 *buffer = vmalloc(sizes[ARRAY_SIZE(sizes) - 1]);
	unsigned int i, j;

	if (!buffer)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(allocators); i++) {
		size_t wrong = 0, all = 0;

		for (j = 0; j < ARRAY_SIZE(sizes); j++) {
			wrong += try_object(&allocators[i], buffer, sizes[j],
					    PAGE_SIZE);
			wrong += try_object(&allocators[i], buffer, sizes[j],
					    sizes[j]);
			all += 2 * sizes[j];
			cond_resched();
		}
		pr_info("galloc_sent: %s: %zu of %zu bytes wrong\n",
			allocators[i].name, wrong, all);
	}
	vfree(buffer);
	return 0;
}

static void __exit sent_exit(void)
{
}

module_init(sent_init);
module_exit(sent_exit);

MODULE_DESCRIPTION("Frees what is being sent, to test galloc");
MODULE_LICENSE("GPL");
