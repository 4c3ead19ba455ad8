/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * weak.pml: the pairs of barriers on processors that reorder accesses, for spin.
 *
 * The other models take steps in the order of the code.  Here a CPU may take them in any
 * order that its barriers and dependencies allow: each step has a mask of those that must
 * come before.  With a rule broken, one such order is left out, and the pair must fail.
 * Memory itself has one order for all, as on arm64; for processors where it has not, the
 * litmus tests in Documentation/litmus have the same pairs.
 */
#ifndef PAIR
#define PAIR	1
#endif

#define AFTER(n)	(1 << (n))

/* Step @n of a CPU, which comes after those in @needs. */
#define STEP(n, needs, what) \
	:: d_step { !(done & AFTER(n)) && (done & (needs)) == (needs) -> \
		what; done = done | AFTER(n) }
#define END(n)	:: done == AFTER(n) - 1 -> break

byte ended;

#if PAIR == 1
/* Barrier 4, bit+state: the freer's fetch_or() is the barrier. */
#ifdef M_WEAK_FREER
#define FREER	0
#else
#define FREER	AFTER(0)
#endif
#ifdef M_WEAK_STATE
#define STATE	0
#else
#define STATE	AFTER(0)
#endif
bit bitmap, given_up, saw_state, saw_bit;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, bitmap = 1)
	STEP(1, FREER, saw_state = given_up)
	END(2)
	od;
	ended++
}
proctype cpu1()
{
	byte done;
	do
	STEP(0, 0, given_up = 1)
	STEP(1, STATE, saw_bit = bitmap)
	END(2)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1()
#define NR	2
#define BAD	(!saw_state && !saw_bit)

#elif PAIR == 2
/* Barrier 5, bit+object. */
#ifdef M_WEAK_RELEASE_OF_THE_BIT
#define BIT_SET	0
#else
#define BIT_SET	AFTER(0)
#endif
#ifdef M_WEAK_CLAIM
#define CLAIMED	0
#else
#define CLAIMED	AFTER(0)
#endif
bit bitmap, claimed;
byte object;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, object = 1)
	STEP(1, BIT_SET, bitmap = 1)
	END(2)
	od;
	ended++
}
/* A store does not become visible before a branch that it depends on is decided. */
proctype cpu1()
{
	byte done;
	do
	STEP(0, 0, claimed = bitmap)
	STEP(1, CLAIMED, object = 2)
	END(2)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1()
#define NR	2
#define BAD	(claimed && object != 2)

#elif PAIR == 3
/* Barrier 3, span+tag, span+cut, span+gone: a span leaves its row, and its descriptor becomes
   that of other pages.  The tag is 1, then 0, then 2; the start 1, then 2. */
#ifdef M_WEAK_TAG
#define TAG	0
#else
#define TAG	AFTER(1)
#endif
#ifdef M_WEAK_GONE
#define GONE	0
#else
#define GONE	AFTER(0)
#endif
#ifdef M_WEAK_START
#define START	0
#else
#define START	AFTER(0)
#endif
#ifdef M_WEAK_SECOND_TAG
#define SECOND	0
#else
#define SECOND	AFTER(1)
#endif
byte mtag = 1, start = 1, tag1, found, tag2;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, mtag = 0)
	STEP(1, GONE, start = 2)
	/* One variable: its own stores stay in order. */
	STEP(2, AFTER(0) | TAG, mtag = 2)
	END(3)
	od;
	ended++
}
proctype cpu1()
{
	byte done;
	do
	STEP(0, 0, tag1 = mtag)
	STEP(1, START, found = start)
	STEP(2, AFTER(0) | SECOND, tag2 = mtag)
	END(3)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1()
#define NR	2
#define BAD	(tag1 && tag1 == tag2 && found != tag1)

#elif PAIR == 4
/* Barriers 1, 17 and 18, map+slot, stack+set: something is published, a second CPU
   finds it and publishes a number, and a third one finds that and looks it up. */
#ifdef M_WEAK_PUBLISH
#define PUBLISH	0
#else
#define PUBLISH	AFTER(0)
#endif
#ifdef M_WEAK_PASS_ON
#define PASS_ON	0
#else
#define PASS_ON	AFTER(0)
#endif
#ifdef M_WEAK_LOOK_UP
#define LOOK_UP	0
#else
#define LOOK_UP	AFTER(0)
#endif
bit set, k, had, page, number, found;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, set = 1)
	STEP(1, PUBLISH, k = 1)
	END(2)
	od;
	ended++
}
/* What it stores is what it has read; without the order it guesses right. */
proctype cpu1()
{
	byte done;
	do
	STEP(0, 0, had = k)
#ifdef M_WEAK_PASS_ON
	STEP(1, PASS_ON, page = 1)
#else
	STEP(1, PASS_ON, page = had)
#endif
	END(2)
	od;
	ended++
}
proctype cpu2()
{
	byte done;
	do
	STEP(0, 0, number = page)
	STEP(1, LOOK_UP, found = set)
	END(2)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1(); run cpu2()
#define NR	3
/* A guess that was wrong is not kept. */
#define BAD	(had == page && number && !found)

#elif PAIR == 5
/* Barrier 16, page+came, page+left: another owner's value is 7, galloc's is 0. */
#ifdef M_WEAK_CLEAR
#define CLEAR	0
#else
#define CLEAR	AFTER(0)
#endif
#ifdef M_WEAK_LEFT
#define LEFT	0
#else
#define LEFT	AFTER(2)
#endif
#ifdef M_WEAK_OWNED
#define OWNED	0
#else
#define OWNED	AFTER(1)
#endif
#ifdef M_WEAK_COUNT
#define COUNT	0
#else
#define COUNT	AFTER(2)
#endif
byte private = 7, value;
bit owned, gone, gone1, gone2, is_owned;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, private = 0)
	STEP(1, CLEAR, owned = 1)
	/* One variable. */
	STEP(2, AFTER(1), owned = 0)
	STEP(3, LEFT, gone = 1)
	/* The page allocator's lock. */
	STEP(4, AFTER(0) | AFTER(1) | AFTER(2) | AFTER(3), private = 7)
	END(5)
	od;
	ended++
}
proctype cpu1()
{
	byte done;
	do
	STEP(0, 0, gone1 = gone)
	STEP(1, AFTER(0), is_owned = owned)
	STEP(2, OWNED, value = private)
	STEP(3, AFTER(0) | AFTER(1) | COUNT, gone2 = gone)
	END(4)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1()
#define NR	2
#define BAD	(is_owned && value == 7 && gone1 == gone2)

#else
/* Barriers 8 and 19, work+kick, haul+stack. */
#ifdef M_WEAK_KICK
#define KICK	0
#else
#define KICK	AFTER(0)
#endif
#ifdef M_WEAK_HAUL
#define HAUL	0
#else
#define HAUL	AFTER(2)
#endif
#ifdef M_WEAK_EMPTY
#define EMPTY	0
#else
#define EMPTY	AFTER(2)
#endif
bit asked, pending = 1, saw_pending, saw_asked;
bit hauls, stack = 1, saw_stack, saw_hauls;
proctype cpu0()
{
	byte done;
	do
	STEP(0, 0, asked = 1)
	STEP(1, KICK, saw_pending = pending)
	STEP(2, 0, hauls = 1)
	STEP(3, HAUL, stack = 0)
	END(4)
	od;
	ended++
}
proctype cpu1()
{
	byte done;
	do
	/* The workqueue's. */
	STEP(0, 0, pending = 0)
	STEP(1, AFTER(0), saw_asked = asked)
	STEP(2, 0, saw_stack = stack)
	STEP(3, EMPTY, saw_hauls = hauls)
	END(4)
	od;
	ended++
}
#define CPUS	run cpu0(); run cpu1()
#define NR	2
#define BAD	((saw_pending && !saw_asked) || (!saw_stack && !saw_hauls))
#endif

init
{
	atomic { CPUS };
	(ended == NR);
	assert(!BAD)
}
