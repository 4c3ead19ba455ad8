/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* metrics: see metrics.c. */
#ifndef _GALLOC_METRICS_H
#define _GALLOC_METRICS_H

struct dentry;
struct seq_file;

int metrics_show(struct seq_file *m, void *v);
void metrics_init(struct dentry *parent);

#endif /* _GALLOC_METRICS_H */
