/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * gate.pml: background work, and how unload ends it, for spin.  README.rst says what
 * is modelled.  As given it must hold; with a step left out (-D M_...) it must fail.
 */
#ifndef CALLBACKS
#define CALLBACKS	2	/* objects of gfree_rcu() in flight, at most 2 */
#endif

/* Two works: the second one is cancelled last, and asks for the first. */
#define TICK	0
#define CPU	1

bit open = 1, gone;		/* worker_open; galloc's code and data */
byte in_flight = CALLBACKS;	/* callbacks that have not ended */
byte out = CALLBACKS;		/* objects that are not free yet */
bit queued[2], busy[2];		/* works that wait, or for a timer; that run */
bit irq_queued, irq_busy;
byte asked;			/* worker_cpu->asked, as bits */
bit cpuhp = 1, dying;		/* the hotplug state; its callback runs */
byte readers;			/* RCU: who is in a read section, as bits */

/* Each step of galloc's own code. */
#define ALIVE	assert(!gone)

/* worker_kick() by process @me: the look at the gate and the queue are two steps. */
inline worker_kick(me, job)
{
	atomic { ALIVE; readers = readers | (1 << me) };
	if
	:: atomic { open -> ALIVE };
		if
		:: d_step { ALIVE; queued[job] = 1 }
		/* With interrupts off. */
		:: d_step { ALIVE; asked = asked | (1 << job); irq_queued = 1 }
		fi
	:: else
	fi;
	d_step { ALIVE; readers = readers & ~(1 << me) }
}

proctype callback(byte me)
{
	d_step { ALIVE; out-- };
	if
	:: worker_kick(me, TICK)
	:: worker_kick(me, CPU)
	fi;
	in_flight--
}

proctype cpu_dies(byte me)
{
	if
	:: atomic { cpuhp -> dying = 1 };
		worker_kick(me, TICK);
		dying = 0
	:: skip
	fi
}

proctype irq()
{
	byte what;

	do
	:: d_step { irq_queued -> irq_queued = 0; irq_busy = 1 };
		d_step { ALIVE; what = asked; asked = 0 };
		d_step {
			ALIVE;
			queued[TICK] = queued[TICK] || (what & 1);
			queued[CPU] = queued[CPU] || (what & 2);
			what = 0
		};
		irq_busy = 0
	:: gone -> break
	od
}

proctype work(byte me; bit job)
{
	bit kicked;

	do
	:: d_step { queued[job] -> queued[job] = 0; busy[job] = 1; ALIVE };
		if
		:: !kicked -> kicked = 1; worker_kick(me, TICK)
		:: skip
		fi;
		busy[job] = 0
	:: gone -> break
	od
}

/* cancel_work_sync(): nobody queues it meanwhile, but for who is past the gate. */
#define CANCEL(job)	queued[job] = 0; d_step { !busy[job] -> queued[job] = 0 }

inline worker_stop()
{
#ifdef M_GATE_CLOSED_LAST
	!irq_queued && !irq_busy;
	CANCEL(TICK);
	CANCEL(CPU);
	open = 0
#else
	open = 0;
#ifndef M_GATE_WITHOUT_GRACE
	waits = readers;		/* synchronize_rcu(): who is in a section now */
	do
	:: atomic { (waits & readers) && (waits & readers) != waits -> waits = waits & readers }
	:: atomic { !(waits & readers) -> waits = 0; break }
	od;
#endif
#ifndef M_GATE_WITHOUT_IRQ_SYNC
	!irq_queued && !irq_busy;
#endif
#ifndef M_GATE_WITHOUT_CANCEL
	CANCEL(TICK);
#endif
	CANCEL(CPU)
#endif
}

active proctype unload()
{
	byte waits;

	run irq();
	run work(0, TICK);
	run work(1, CPU);
	run cpu_dies(2);
	run callback(3);
#if CALLBACKS > 1
	run callback(4);
#endif
#ifndef M_EXIT_WITHOUT_BARRIER
	in_flight == 0;				/* rcu_barrier() */
#endif
#ifndef M_EXIT_WITHOUT_HOTPLUG
	d_step { !dying -> cpuhp = 0 };		/* cpuhp_remove_state() */
#endif
	worker_stop();
	d_step {
		assert(!queued[TICK] && !queued[CPU] && !irq_queued);
		assert(!busy[TICK] && !busy[CPU] && !irq_busy);
		assert(!dying && !readers && out == 0);
		gone = 1
	}
}
