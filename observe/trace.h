/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/* trace: see trace.c; the events are in tracepoints.h. */
#ifndef _GALLOC_TRACE_H
#define _GALLOC_TRACE_H

void trace_gates_init(void);
void trace_gates_exit(void);

#endif /* _GALLOC_TRACE_H */
