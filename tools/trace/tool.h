/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * tool: what the parts of galloc-trace share beside recordings.
 */
#ifndef _GALLOC_TRACE_TOOL_H
#define _GALLOC_TRACE_TOOL_H

#include "recording.h"

/* A file, or standard input, as a whole. */
struct input {
	const char *name;
	u8 *bytes;
	u64 size;
};

/* ---- main.c ---------------------------------------------------------------------------- */

/* Say why, for a person, and end the program. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);
/* The error of the input and its position: "FILE: byte 12: reason". */
__attribute__((noreturn)) void bad_input(const struct input *in, const char *unit, u64 at,
					 const char *reason);
/* All that there is, behind what @in has. */
void read_all(struct input *in, int fd);

/* ---- dat.c ----------------------------------------------------------------------------- */

/* Is this a trace.dat? */
bool dat_is(const struct input *in);
/* Make it text; leaves if that cannot be done. */
void dat_to_text(struct recording *r, struct input *in);

/* ---- print.c, plot.c ------------------------------------------------------------------- */

/* Each leaves if the trace is a bad one. */
void print_trace(const struct input *in);
/* One line an event. */
void print_events(const struct input *in);
/* Pictures into this folder. */
void plot_trace(const struct input *in, const char *dir);

#endif /* _GALLOC_TRACE_TOOL_H */
