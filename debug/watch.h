/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* watch: see watch.c and leaks.c. */
#ifndef _GALLOC_WATCH_H
#define _GALLOC_WATCH_H

#include "galloc_internal.h"

struct dentry;

extern struct mutex watch_mutex;

#define WATCH_NAME	256

int watch_check(const char *text);
void watch_start(void);
void watch_init(struct dentry *parent);
int watch_command(char *text);
bool watch_cache(const char *name, bool on);
int watch_show(struct seq_file *m, void *v);

/* leaks.c */

int leaks_show(struct seq_file *m, void *v);
void leaks_print(const char *what, bool (*match)(const struct rowset *set, const void *arg),
		 const void *arg);
void leaks_init(struct dentry *parent);

#endif /* _GALLOC_WATCH_H */
