/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * stacks.pml: rows that come and go, and a stack number that goes from one to another, for
 * spin.  README.rst says what is modelled.  As given it must hold; with one rule broken
 * (-D M_...) it must fail.
 */

/* A process in a read section; a grace period waits for each in turn. */
#define PROCS		3
bit reading[PROCS];

#define ENTER(p)	reading[p] = 1
#define LEAVE(p)	reading[p] = 0
#define GRACE		byte g;						\
			for (g : 0 .. PROCS - 1) { (!reading[g]) }

#ifdef ROWS
/* ---- resolve, and the number of a row ---------------------------------------------- */

#define R	1		/* a row's number */
#define Q	2		/* that of a third row */

byte table = 1;			/* the row that has number R: its life, 0: none */
byte tag = R;			/* of the span: a row's number, 0: in TRANSIT */
byte geometry = 1;		/* of the span: of the life, or row, that it was cut for */

/* A late free: mspan_resolve(), and free_recheck() with the lock of what it found. */
active proctype late()
{
	byte row, size;

	ENTER(0);
	if
	:: tag == R ->
		row = table;
		if
		:: row ->
			size = geometry;
#ifndef M_RESOLVE_ONE_READ
			if
			:: tag == R -> assert(size == row)
			:: else
			fi
#else
			assert(size == row)
#endif
		:: else
		fi
	:: else
	fi;
	LEAVE(0)
}

/* The span's row is destroyed: rows_reap(); or the span alone leaves it. */
active proctype owner()
{
	tag = 0;
	if
	:: geometry = 3; tag = Q
	:: table = 0;
#ifndef M_ROW_NUMBER_REUSED
		{ GRACE }
#endif
		table = 2;
		geometry = 2;
		tag = R
	fi
}

#elif defined(APART)
/* ---- the stack of an isolated CPU, which another one empties ------------------------- */

bit published = 1;		/* set->k */
bit label = 1;			/* of a page: has it the number? */
bit taken;			/* stacks_taken */
bit given;			/* another set has the number */
bit emptying;			/* the other CPU works on the stack, without any lock */
byte objects = 1;		/* on the stack */

#define USE	assert(!emptying && !given)

/* A free there: mcache_push(). */
active proctype push()
{
	ENTER(0);
	if
	:: label -> USE; objects++; USE
	:: else
	fi;
	LEAVE(0)
}

/* An allocation there that grows the stack, or a cutter. */
active proctype grow()
{
	ENTER(1);
	if
	:: published -> USE; objects++; USE
	:: else
	fi;
	LEAVE(1)
}

/* What passes all stacks of the CPU: a drain, who looks for capacity, a gate. */
active proctype pass()
{
	ENTER(2);
#ifndef M_APART_PASSERS_LOOK_AT_ALL
	if
	:: taken -> skip
	:: else ->
#endif
		if
		:: objects && !given -> USE; objects--; USE
		:: else
		fi
#ifndef M_APART_PASSERS_LOOK_AT_ALL
	fi
#endif
	;
	LEAVE(2)
}

active proctype taker()
{
	published = 0;
	{ GRACE }
	label = 0;
#ifndef M_APART_MARKED_LAST
	taken = 1;
#endif
#ifndef M_APART_NO_GRACE
	{ GRACE }
#endif
#ifdef M_APART_MARKED_LAST
	taken = 1;
#endif
	emptying = 1;
	objects = 0;
	emptying = 0;
	taken = 0;
	given = 1;
	assert(objects == 0)
}

#else
/* ---- a stack number, from row A to row B ------------------------------------------- */

#define A		0
#define B		1
#define NONE		2
#define WITHOUT		2	/* no stack */
#define N		3	/* the number */

#define SPANS		2	/* of one object each */
#ifndef RECUTS
#define RECUTS		1
#endif
#ifndef OPS_A
#define OPS_A		2
#endif
#ifndef OPS_B
#define OPS_B		2
#endif
#define IN_SPAN		0	/* where an object is: free in its span, */
#define IN_USE		1
#define IN_NONE		9	/* its span is in TRANSIT */
#define ON_STACK(cpu)	(2 + (cpu))	/* on the CPU's stack with number N */

byte number[2];			/* mcentral->stack */
bit lock[2];			/* mcentral->lock */
byte row[SPANS];		/* mspan->tag: its row, while it is cut */
byte label[SPANS];		/* arena->stack[] */
byte place[SPANS];

#define LOCK(r)		atomic { !lock[r]; lock[r] = 1 }
#define UNLOCK(r)	lock[r] = 0

/* Any CPU, for one section. */
#define ON_ANY_CPU	if :: cpu = 0 :: cpu = 1 fi

/* A client of a row: allocates, and frees what it has, on any CPU. */
proctype client(byte r, p, ops)
{
	byte s, n, cpu;

	do
	:: atomic { ops ->
		ops--;
		if
		:: s = 0
		:: s = 1
		fi;
		ON_ANY_CPU;
		ENTER(p) }
		if
		/* mcache_pop(), or a claim from a span under the lock. */
		:: place[s] != IN_USE ->
			n = number[r];
			if
			:: atomic { n == N && place[s] == ON_STACK(cpu) ->
				assert(row[s] == r);
				place[s] = IN_USE }
			:: atomic { row[s] == r && place[s] == IN_SPAN && !lock[r] ->
				place[s] = IN_USE }
			:: else
			fi
		/* mcache_push(), or the slow path. */
		:: place[s] == IN_USE && row[s] == r ->
			n = label[s];
#ifdef M_NUMBER_OUTLIVES_SECTION
			LEAVE(p);
			atomic { ON_ANY_CPU; ENTER(p) }
#endif
			place[s] = (n == N -> ON_STACK(cpu) : IN_SPAN)
		:: else
		fi;
		d_step { LEAVE(p); s = 0; n = 0; cpu = 0 }
	:: else -> break
	od
}

/* A span without live objects leaves its row, and is cut for the other. */
proctype recut()
{
	byte s, r, n, turns = RECUTS;

	do
	:: atomic { turns ->
		turns--;
		if
		:: s = 0
		:: s = 1
		fi;
		r = row[s] }
		LOCK(r);
		if
		:: atomic { place[s] == IN_SPAN -> place[s] = IN_NONE; row[s] = NONE }
			UNLOCK(r);
			d_step { label[s] = 0; r = 1 - r }
			/* span_cut(): the number is read and stored in one section. */
			ENTER(2);
			n = number[r];
#ifdef M_CUT_SLEEPS
			LEAVE(2);
			ENTER(2);
#endif
			row[s] = r;
			label[s] = n;
			d_step { place[s] = IN_SPAN; LEAVE(2) }
		:: else -> UNLOCK(r)
		fi
	:: else -> break
	od
}

/* The spans of a row get the label. */
inline relabel(r, l)
{
	for (i : 0 .. SPANS - 1) {
#ifdef M_RELABEL_WITHOUT_LOCK
		if
		:: row[i] == r -> label[i] = l
		:: else
		fi
#else
		LOCK(r);
		if
		:: row[i] == r -> label[i] = l
		:: else
		fi;
		UNLOCK(r)
#endif
	}
}

/* Objects on the stacks of a CPU go back to their spans; a section there. */
inline drain(cpu)
{
	for (i : 0 .. SPANS - 1) {
		d_step {
			if
			:: place[i] == ON_STACK(cpu) -> place[i] = IN_SPAN
			:: else
			fi
		}
	}
}

/* Number N is taken back from A, in five steps, and given to B. */
proctype taker()
{
	byte i;

#ifndef M_TAKE_KEEPS_PUBLISHED
	number[A] = WITHOUT;
#endif
#ifndef M_TAKE_NO_FIRST_GRACE
	{ GRACE }
#endif
#ifndef M_TAKE_NO_RELABEL
	relabel(A, WITHOUT);
#endif
#ifndef M_TAKE_NO_SECOND_GRACE
	{ GRACE }
#endif
#ifndef M_TAKE_NO_DRAIN
	drain(0);
#ifndef M_TAKE_FORGETS_A_CPU
	drain(1);
#endif
#endif
#ifdef M_TAKE_KEEPS_PUBLISHED
	number[A] = WITHOUT;
#endif
	number[B] = N;
	relabel(B, N)
}

init
{
	d_step {
		number[A] = N;
		number[B] = WITHOUT;
		row[0] = A;
		label[0] = N;
		row[1] = B;
		label[1] = WITHOUT;
	}
	atomic {
		run client(A, 0, OPS_A);
		run client(B, 1, OPS_B);
		run recut();
		run taker()
	}
}
#endif
