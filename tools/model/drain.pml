/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * drain.pml: who follows a drain, and when it has, for spin.  README.rst says what is
 * modelled.  As given it must hold; with one rule broken (-D M_...) it must fail.
 */
#define ASKS	2		/* requests */
#define CALLS	6		/* slow calls of the CPU, a turn each */
#define FREES	3		/* objects that come to a stack */
#define CLASSES	2

byte drain_gen;
byte gen, from, class;		/* mcache->gen, ->drain_from, ->drain_class */
bit drain_all, queued;		/* mcache->drain_all, ->work */
bit stacked[CLASSES];		/* something is on the stack of the class */
bit older[CLASSES];		/* ghost: since before the last request */

/* Whoever has followed has nothing that it was to drain. */
#define FOLLOWED	assert(gen != drain_gen || !(older[0] || older[1]))

/* turn_next(), of two classes. */
#define NEXT		if						\
			:: class < CLASSES && !stacked[class] -> class++ \
			:: else						\
			fi;

inline slot_take(c)
{
	stacked[c] = 0;
	older[c] = 0
}

/* drain_kick(); and drain_async() in the worker, which a CPU may be left out of. */
active proctype ask()
{
	byte n;

	do
	:: n < ASKS ->
		n++;
		d_step {
			drain_gen++;
			older[0] = stacked[0];
			older[1] = stacked[1]
		}
#ifndef ISOLATED
#ifdef M_DRAIN_QUEUED_FIRST
		queued = 1; drain_all = 1
#else
		drain_all = 1; queued = 1
#endif
#endif
	:: else -> break
	od
}

/* The CPU's slow calls, and frees. Each is a section with busy set: one step. */
active proctype calls()
{
	byte n, frees;

	do
	/* mcache_push() */
	:: d_step { frees < FREES -> frees++; stacked[0] = 1 }
	:: d_step { frees < FREES -> frees++; stacked[1] = 1 }
	/* drain_turn() */
	:: atomic {
		n < CALLS ->
		n++;
		if
		:: gen != drain_gen ->
			from = (class == 0 -> drain_gen : from);
			NEXT NEXT
			if
			:: class < CLASSES -> slot_take(class); class++
			:: else ->
				class = 0;
#ifdef M_DRAIN_TURNS_TAKE_THE_LAST
				from = drain_gen;
#endif
				gen = from
			fi
		:: else
		fi;
		FOLLOWED
	   }
	:: break
	od
}

/* drain_work_fn() */
active proctype work()
{
	byte now, c;
	bit all;

	do
	:: d_step { queued -> queued = 0 };
		now = drain_gen;
		d_step { all = drain_all; drain_all = 0; c = 0 };
		do
		:: d_step { c < CLASSES && all -> slot_take(c); c++ }
		:: else -> break
		od;
		/* drain_followed() */
		atomic {
#ifdef M_DRAIN_GEN_AT_THE_END
			now = drain_gen;
#endif
			gen = (all -> now : gen);
			FOLLOWED;
			now = 0; c = 0; all = 0
		}
	/* Nobody asks any more, and nothing waits. */
	:: timeout -> break
	od;
	FOLLOWED;
	/* What was asked for was done: nobody has to call for that. */
	assert(!drain_all && !queued)
}
