/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * param: a module parameter, in one line.
 */
#ifndef _GALLOC_PARAM_H
#define _GALLOC_PARAM_H

#include <linux/moduleparam.h>
#include <linux/types.h>

#define PARAM(_type, _name, _value, _what)		\
	static _type _name = _value;			\
	module_param(_name, _type, 0444);		\
	MODULE_PARM_DESC(_name, _what)

#endif /* _GALLOC_PARAM_H */
