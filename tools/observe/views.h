/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * views: the forms in which gallocstat prints a snapshot.
 */
#ifndef _GALLOC_OBSERVE_VIEWS_H
#define _GALLOC_OBSERVE_VIEWS_H

struct history;
struct profile;
struct snapshot;

/* views.c */
void view_summary(const struct snapshot *s);
void view_json(const struct snapshot *s);
void view_diff(const struct snapshot *old, const struct snapshot *s);

/* map.c */
void view_map(const struct snapshot *s);
void view_svg(const struct snapshot *s);

/* flame.c */
void view_flame(const struct profile *p);

/* history.c */
void view_history(const struct history *h);

#endif /* _GALLOC_OBSERVE_VIEWS_H */
