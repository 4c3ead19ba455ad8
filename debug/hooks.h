/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hooks: what a test build hooks in: pause points and fail points, both in
 * inject.c.  Nothing of it is in others.
 *
 * Included by galloc_internal.h, which has the list of pause points.
 */
#ifndef _GALLOC_HOOKS_H
#define _GALLOC_HOOKS_H

#ifdef CONFIG_GALLOC_KUNIT
extern void (*galloc_pause_hook)(enum galloc_pause point, const void *what);
static inline void galloc_pause(enum galloc_pause point, const void *what)
{
	void (*hook)(enum galloc_pause point, const void *what) =
		READ_ONCE(galloc_pause_hook);

	if (unlikely(hook))
		hook(point, what);
}
#else
static inline void galloc_pause(enum galloc_pause point, const void *what) { }
#endif

/*
 * Fail points: each request for memory that galloc makes of the kernel asks first
 * whether it is to fail; only a test build ever says so.
 */
#ifdef CONFIG_GALLOC_KUNIT
extern bool (*galloc_fail_hook)(unsigned int order);
bool galloc_fail(unsigned int order);
void galloc_fail_begin(void);
void galloc_fail_end(void);
#else
static inline bool galloc_fail(unsigned int order) { return false; }
static inline void galloc_fail_begin(void) { }
static inline void galloc_fail_end(void) { }
#endif

#endif /* _GALLOC_HOOKS_H */
