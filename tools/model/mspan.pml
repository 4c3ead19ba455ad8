/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * mspan.pml: the life of a span, for spin.
 *
 * Tasks, one interrupt and remote freers pass a few spans around between
 * mheap, a CPU's slot and mcentral, in every possible order. What is modelled,
 * what is not, and how to read a counterexample: README.rst beside this file.
 * run.sh builds and runs it: as given and without what is not needed (-D V_...),
 * which must hold; with one rule broken at a time (-D M_...), which must fail.
 *
 * One Promela step is one access that another CPU can see. Steps that touch
 * only what the process owns, or what the lock it holds protects, are joined
 * with the access before or after them: it changes nothing that others can
 * see and keeps the search small. printf() speaks in a replay only.
 */

/* The size of the world. */
#ifndef NS
#define NS	2		/* spans: descriptors, a page each; never freed */
#endif
#ifndef BITS
#define BITS	1		/* objects in a word of the bitmap */
#endif
#ifndef NR
#define NR	2		/* rows: 1 and 2; 0 is "not cut" */
#endif
#ifndef NCPU
#define NCPU	1
#endif
#ifndef TASKS
#define TASKS	1		/* tasks, which migrate freely */
#endif
#ifndef TOPS
#define TOPS	2		/* refills, drains, single objects by each task */
#endif
#ifndef IRQS
#define IRQS	1		/* interrupts, one after the other, on any CPU */
#endif
#ifndef FREERS
#define FREERS	2
#endif
#ifndef SHORT
#define SHORT	1		/* spans of row 1 may be short */
#endif
#ifndef FOPS
#define FOPS	2		/* frees by each freer, at most */
#endif

/*
 * AWAY: row 2 is the row of another node, which stands in for row 1 where that has
 * no span and its node no pages to spare. A CPU has slots for it only while it has
 * adopted that node.
 */

/*
 * A bitmap has two words. Row 2 has larger objects: its spans use the first
 * word only, and so do spans of row 1 that are short. A span that changes its row
 * changes its geometry, too, and may change it without.
 */
#define ALL		((1 << BITS) - 1)
#define ROW_MASK(r, i)	(((r) == 1 || (i) == 0) -> ALL : 0)
#define MASK(r, i)	(((i) == 0 || ((r) == 1 && !stub[s])) -> ALL : 0)
#define W(s, i)		((s) * 2 + (i))

/* enum mspan_state */
mtype = {
	TRANSIT,		/* whoever detached it, on its way */
	FULL,			/* mcentral's, on no list */
	PARTIAL,		/* mcentral's, on the row's list */
	CACHED,			/* in a slot, or between a slot and mcentral */
	FREE			/* mheap's */
};

/* MSPAN_TAG(), mspan_row(), mspan_state() */
#define TAG(r, state)	((r) << 3 | (state))
#define ROW(t)		((t) >> 3)
#define STATE(t)	((t) & 7)

/* What a user does next. */
#define DONE	0
#define CLAIM	1		/* refill_locally(): take from the slot's span */
#define FILL	2		/* refill_centrally(): get a span, install it */
#define DRAIN	3		/* drain_visit(): give the slot's span back */
#define TAKE	4		/* mcentral_alloc(): one object */
#define GROW	5		/* the same, from a new span */
#define ADOPT	6		/* away_adopt(): go on with the row that stands in */
#define END	7		/* away_end(): let its node go */

/* Who is a user. */
#define TASK	0
#define IRQ	1
#define UNLOAD	2

#define NONE	NS		/* no span */
#define SLOT(cpu, r)	((cpu) * NR + (r) - 1)

/* Requests are for the CPU's own row; when its node is used up, that is seen by chance. */
#ifdef AWAY
#define OWN_ROW	r = 1;
#define USED_UP	if :: r == 1 -> s = NONE :: true fi;
#else
#define OWN_ROW
#define USED_UP
#endif

/* struct mspan */
byte bitmap[4];			/* free[]; 1: free. The only truth. */
byte tag[NS];			/* row and state, always one load or store */
bit stub[NS];			/* npages and objects are less than the class's */

/* struct arena: row[]. Page s is span s for ever, so span[] is not needed. */
byte map_row[NS];

/* struct mcentral, one a row, and struct mheap */
byte onlist[NS];		/* the row on whose list the span is; 0: none */
bit lock[3];			/* by row; [0]: mheap's */

/* struct mcache, one a CPU */
byte slot[NCPU * NR];		/* the CACHED span */
bit busy[NCPU];			/* set with preemption off */
bit inirq[NCPU];		/* what runs there now is the interrupt */
#ifdef AWAY
bit away[NCPU];			/* mcache->away: it has slots for row 2 */
#endif

/* Ghosts: not in the program, only for what is asserted. */
byte live[4];			/* handed out, the RMW of its free is to come */
byte pool[4];			/* handed out, nobody frees it yet */
byte life[NS];			/* changes when the span does, M_FREER_WRITES */

/*
 * The variables of a proctype that the inlines below work on:
 *	s, r	the span in hand, or NONE, and the row
 *	k, b	word and bit of the object that is freed
 *	n	for a moment: what was just looked at
 *	held	a lock is held
 *	buffer	state in the store buffer, 0 if none
 */

/* ------------------------------------------------------------------- locks */

/*
 * No process holds two locks. Acquiring commutes with what others do later,
 * releasing with what they did before, so both may share a step with the
 * access beside them.
 */
#define ACQUIRE(r)	lock[r] == 0; assert(!held); lock[r] = 1; held = 1
#define RELEASE(r)	FLUSH lock[r] = 0; held = 0

#include "rules.pml"

/* ------------------------------------------------------------------- mspan */

/* Objects become allocated: nobody else may have them. */
#define HAND_OUT(k, bits)						\
	assert(map_row[s] == r);					\
	assert((live[k] & (bits)) == 0);				\
	printf("%d: span %d: claims bits %d of word %d\n", _pid, s, bits, (k) % 2); \
	bitmap[k] = bitmap[k] & ~(bits);				\
	live[k] = live[k] | (bits);					\
	pool[k] = pool[k] | (bits)

#define CLAIM_1(k, bits)						\
	:: (bitmap[k] & (bits)) == (bits) -> HAND_OUT(k, bits); n = 1
#if BITS > 1
#define CLAIM_WORD(k)	CLAIM_1(k, 1) CLAIM_1(k, 2) CLAIM_1(k, 3)
#else
#define CLAIM_WORD(k)	CLAIM_1(k, 1)
#endif

/*
 * mspan_claim(): part of one word, n is 1 then; or nothing if there is nothing.
 * One step, although in C a load of each word and an andnot: while nobody else
 * clears bits, a word that is empty was so before; and what freers set between
 * load and andnot is left alone, one of the parts that may be taken here.
 */
#define MSPAN_CLAIM							\
	if								\
	CLAIM_WORD(W(s, 0))						\
	CLAIM_WORD(W(s, 1))						\
	:: !(bitmap[W(s, 0)] | bitmap[W(s, 1)])				\
	fi

/* mspan_claim() as the owner of a CACHED span. */
#define CLAIM_CACHED	assert(tag[s] == TAG(r, CACHED)); MSPAN_CLAIM

#ifdef M_CLAIM_BY_STORE
/* The word becomes what was read without what was taken: nothing, here. */
#define CLAIM_LOAD							\
	atomic { ON_CPU -> n = (s != NONE -> bitmap[W(s, 0)] : 0) };
#define CLAIM_SLOT							\
	if								\
	:: n -> HAND_OUT(W(s, 0), n); bitmap[W(s, 0)] = 0; n = 1	\
	:: else								\
	fi
#else
#define CLAIM_LOAD
#define CLAIM_SLOT	CLAIM_CACHED
#endif

/* ------------------------------------------------------------------- mheap */

/*
 * span_retire(), mheap_free(), span_uncut(): a span in TRANSIT becomes a free
 * run. Only frees of live objects look at the map, and there are none: so its
 * store and that of the tag are one step.
 */
inline mheap_free()
{
	atomic {
		ACQUIRE(0);
		printf("%d: span %d goes back to mheap\n", _pid, s);
		assert(STATE(tag[s]) == TRANSIT);
		assert(onlist[s] == 0);
		assert(live[W(s, 0)] == 0 && live[W(s, 1)] == 0);
		map_row[s] = 0;
		tag[s] = TAG(0, FREE);
#ifdef M_FREER_WRITES
		life[s]++;
#endif
		lock[0] = 0;
		held = 0;
		s = NONE;
		n = 0
	}
}

/*
 * mcentral_grow(), mheap_alloc_span(), mspan_cut(): s becomes a new span, short or
 * not, or NONE.
 */
inline mcentral_grow()
{
	atomic {
		ACQUIRE(0);
		s = 0;
		do
		:: s < NS && STATE(tag[s]) != FREE -> s++
		:: else -> break
		od;
		USED_UP
		if
		:: s != NONE -> tag[s] = TAG(0, TRANSIT)
		:: else
		fi;
		lock[0] = 0;
		held = 0
	}
	if
	:: atomic { s != NONE ->
		if
		:: stub[s] = 0
		:: r == 1 && SHORT -> stub[s] = 1
		fi;
		bitmap[W(s, 0)] = MASK(r, 0);
		bitmap[W(s, 1)] = MASK(r, 1)
	   }
	   d_step {
		printf("%d: span %d: cut for row %d, CACHED\n", _pid, s, r);
		tag[s] = TAG(r, CACHED);
		map_row[s] = r
	   }
	:: else
	fi
}

/* ---------------------------------------------------------------- mcentral */

/* partial_pop(): any span of the list, so that no order of it is relied on. */
#define PARTIAL_POP							\
	if								\
	:: onlist[0] == r -> s = 0					\
	:: onlist[NS - 1] == r -> s = NS - 1				\
	:: else -> s = NONE						\
	fi;								\
	if								\
	:: s != NONE ->							\
		assert(tag[s] == TAG(r, PARTIAL));			\
		onlist[s] = 0						\
	:: else								\
	fi

/*
 * span_place(), with the lock of row r: s goes where its words say. The state
 * is stored before the words are read, freers set a bit before they read the
 * state: one of the two sees the other. Unlocks, and retires the span if it is
 * empty; s is NONE afterwards.
 *
 * Labels belong to the proctype: this is expanded once in each, and ends
 * either here or at "placed" in the proctype.
 */
inline span_place()
{
	SCAN_EARLY
	atomic {
		assert(onlist[s] == 0);
		/* What lies under the lock of a row is the row's. */
		assert(ROW(tag[s]) == r);
		printf("%d: span %d: span_place()\n", _pid, s);
		STORE_FULL
	}
	MAY_FLUSH
	if					/* mspan_has_free() */
	:: bitmap[W(s, 0)] -> goto has_room
	:: else
	fi;
	MAY_FLUSH
	if
	:: bitmap[W(s, 1)] -> goto has_room
	:: atomic { else ->
		printf("%d: span %d: none free, stays FULL\n", _pid, s);
		STAY_FULL
		RELEASE(r);
		s = NONE;
		goto placed
	   }
	fi;
has_room:
	atomic {
		printf("%d: span %d: some free, PARTIAL\n", _pid, s);
		STORE_PARTIAL
	}
	MAY_FLUSH
	if					/* mspan_all_free() */
	:: ALL_FREE(0)
	:: atomic { else -> goto keep }
	fi;
	MAY_FLUSH
	if
	:: ALL_FREE(1) -> goto retire
	:: atomic { else -> goto keep }
	fi;
keep:
	atomic {
		printf("%d: span %d: on the list of row %d\n", _pid, s, r);
		onlist[s] = r;
		RELEASE(r);
		s = NONE;
		goto placed
	}
retire:
	DETACH;
	mheap_free()
}

/*
 * mcentral_free(): object b of word k in span s, one RCU read section. It keeps
 * the descriptor a descriptor, but not the span: after the RMW that may be
 * emptied, returned and cut again for another row.
 *
 * mspan_resolve() reads the row from the map, the span, the span's row and its
 * measures: as long as the object is live none of them changes, so that the reads
 * may share a step with the RMW.
 */
#define RESOLVE		r = map_row[s]; assert(r && r == ROW(tag[s]));	\
			assert(MASK(r, k % 2) & b)

/*
 * What freers look at without the lock is a hint. In another life of the span
 * it may be anything, s->objects is not read together with the words. b is what the
 * span's geometry was at the RMW.
 */
#define OTHER_LIFE	(ROW(tag[s]) != r || stub[s] != b)
#define LOOKS_FREE(k)							\
	if								\
	:: bitmap[k] == MASK(r, (k) % 2) || OTHER_LIFE			\
	:: bitmap[k] != MASK(r, (k) % 2) || OTHER_LIFE -> goto placed	\
	fi

inline mcentral_free()
{
	RMW_AND_LOOK;
	if
	:: n == FULL -> goto recheck
	:: n == LOOK_AT
	:: else -> goto placed
	fi;
	LOOKS_FREE(k);
	LOOKS_FREE(W(s, 0));
	LOOKS_FREE(W(s, 1));
recheck:
	atomic {
		ACQUIRE(r);
		k = 0;
		RECHECK
		printf("%d: span %d: freer has lock of row %d, finds row %d, %e\n",
		       _pid, s, r, ROW(n), STATE(n));
		if
		:: n == TAG(r, FULL) -> PLACE_FULL
		:: n == TAG(r, PARTIAL)
		:: else -> RELEASE(r); goto placed
		fi
	}
	if					/* mspan_all_free() */
	:: STILL_FREE(0)
	:: atomic { else -> RELEASE(r); goto placed }
	fi;
	if
	:: atomic { STILL_FREE(1) ->
		assert(onlist[s] == r);
		onlist[s] = 0;
		goto retire
	   }
	:: atomic { else -> RELEASE(r); goto placed }
	fi;
place:
	span_place();
placed:
	atomic { s = NONE; r = 0; n = 0; k = 0; b = 0 }
}

/* ------------------------------------------------------------------ mcache */

/* A task does not run while the interrupt does on its CPU. */
#define ON_CPU	(who == IRQ || !inirq[cpu])

/* mcache_enter(): a task that gets to run finds busy clear. */
#define ENTER	(who == IRQ || (!inirq[cpu] && !busy[cpu])) -> busy[cpu] = 1
/* mcache_leave() */
#define LEAVE	busy[cpu] = 0

/* A task is somewhere else whenever preemption was on. */
#if NCPU > 1
#define MIGRATE	if :: who == TASK -> cpu = 0 :: who == TASK -> cpu = 1	\
		   :: else fi;
#define ANY_CPU	if :: cpu = 0 :: cpu = 1 fi;
#else
#define MIGRATE
#define ANY_CPU
#endif
#if NR > 1
#define ANY_ROW	if :: r = 1 :: r = 2 fi
#else
#define ANY_ROW	r = 1
#endif

/* What comes when there is no span for the row wanted, and behind a drain. */
#ifdef AWAY
#define STANDS_IN(next)	if :: r == 1 -> r = 2; ph = next :: else fi
#define AFTER_DRAIN	(r == 2 -> END : DONE)
#else
#define STANDS_IN(next)	skip
#define AFTER_DRAIN	DONE
#endif

/* Who allocates and drains: a task, the interrupt, or mcache_exit(). */
proctype user(byte who)
{
	byte s = NONE, r, n, cpu, ph, ops;
	bit held;
	byte buffer;

	ops = (who == TASK -> TOPS : (who == IRQ -> IRQS : NCPU * NR));
	do
	:: ops == 0 -> break
	:: atomic { ops > 0 ->
		ops--;
		if
		:: who == UNLOAD ->
			cpu = ops / NR;
			r = ops % NR + 1
		:: else ->
			ANY_CPU
			ANY_ROW
		fi;
		if
		:: who == IRQ ->
			!inirq[cpu];
			inirq[cpu] = 1
		:: else
		fi;
		if
		:: who == IRQ && FOUND_BUSY -> OWN_ROW ph = TAKE
		:: who == IRQ && !FOUND_BUSY -> OWN_ROW ph = CLAIM
		:: who == TASK -> OWN_ROW ph = CLAIM
		:: who == TASK && IRQS == 0 -> OWN_ROW ph = TAKE
		:: who != IRQ -> ph = DRAIN
		fi
	   }

placed:
	   do
	   /* mcentral_uncache_span(); or the end of mcentral_take(). */
	   :: atomic { s != NONE && !held ->
		ACQUIRE(r);
		assert(tag[s] == TAG(r, CACHED));
		goto place
	   }
	   :: atomic { s != NONE && held -> goto place }
	   :: false ->
place:		span_place()

	   :: ENTER_CLAIM;
		CLAIM_LOAD
		atomic { ON_CPU ->
			if
			:: s != NONE -> CLAIM_SLOT
			:: else
			fi;
			if
			:: n ->
				ph = DONE;
				s = NONE;
				n = 0
			:: else ->
				ph = FILL
			fi;
			if
			:: s == NONE -> LEAVE
			:: else
			fi
		}
		if
		:: atomic { s != NONE && ON_CPU ->
			/* mspan_has_free(): freers may have come meanwhile. */
			if
			:: bitmap[W(s, 0)] | bitmap[W(s, 1)] -> s = NONE
			:: else ->
				printf("%d: span %d: detached\n", _pid, s);
				slot[SLOT(cpu, r)] = NONE
			fi;
			LEAVE
		   }
		:: s == NONE
		fi

	   :: atomic { s == NONE && ph == FILL ->
		/* mcentral_cache_span() */
		ACQUIRE(r);
		PARTIAL_POP;
		if
		:: s != NONE ->
			printf("%d: span %d: off the list, CACHED\n", _pid, s);
			STORE(CACHED)
		:: else
		fi;
		RELEASE(r)
	   }
		if
		:: s == NONE -> mcentral_grow()
		:: else
		fi;
		ph = DONE;
		if
		:: s != NONE ->
			/* The request itself is served from the span in hand. */
			atomic { CLAIM_CACHED; assert(n); n = 0 }
			/* mcache_install(); a CLAIM later fills the stack. */
			atomic { MIGRATE ENTER }
			atomic { ON_CPU ->
				if
				:: MAY_INSTALL ->
					printf("%d: span %d: installed on CPU %d\n",
					       _pid, s, cpu);
					slot[SLOT(cpu, r)] = s;
					s = NONE
				:: else
				fi;
				LEAVE
			}
		:: else -> STANDS_IN(ADOPT)
		fi

#ifdef AWAY
	   :: atomic { s == NONE && ph == ADOPT -> MIGRATE ENTER }
		atomic { ON_CPU ->
			away[cpu] = 1;
			printf("%d: CPU %d has slots for row 2\n", _pid, cpu);
			LEAVE;
			ph = CLAIM
		}

	   :: atomic { s == NONE && ph == END -> MIGRATE ENTER }
		atomic { ON_CPU ->
			if
			:: MAY_END ->
				away[cpu] = 0;
				printf("%d: CPU %d has none any more\n", _pid, cpu)
			:: else
			fi;
			LEAVE;
			ph = DONE
		}
#endif

	   :: atomic { s == NONE && ph == DRAIN -> MIGRATE ENTER }
		atomic { ON_CPU ->
			s = slot[SLOT(cpu, r)];
			slot[SLOT(cpu, r)] = NONE;
			if
			:: s != NONE -> printf("%d: span %d: drained\n", _pid, s)
			:: else
			fi;
			LEAVE;
			ph = AFTER_DRAIN
		}

	   :: atomic { s == NONE && ph == TAKE ->
		/* mcentral_take(): only holders of the lock clear bits. */
		ACQUIRE(r);
		PARTIAL_POP;
		if
		:: s != NONE ->
			MSPAN_CLAIM;
			assert(n);
			n = 0;
			ph = DONE
		:: else ->
			ph = GROW;
			RELEASE(r)
		fi
	   }

	   :: s == NONE && ph == GROW ->
		mcentral_grow();
		atomic {
			if
			:: s != NONE -> CLAIM_CACHED; assert(n); n = 0; ph = DONE
			:: else -> ph = DONE; STANDS_IN(TAKE)
			fi
		}

	   :: s == NONE && ph == DONE -> break
	   od;
	   atomic {
		if
		:: who == IRQ -> inirq[cpu] = 0
		:: else
		fi;
		r = 0;
		cpu = 0
	   }
	od
}

/* ----------------------------------------------------------------- freers */

/* Any object that is handed out and that nobody frees yet. */
#define PICK(word, bits)						\
	:: ops && (pool[word] & (bits)) -> k = word; b = bits
#define PICK_ANY							\
	PICK(0, 1) PICK(1, 1) PICK(2, 1) PICK(3, 1)			\
	PICK(0, 2) PICK(1, 2) PICK(2, 2) PICK(3, 2)

/* Who frees: any CPU, any context. It need not free anything before unload. */
proctype freer(byte who)
{
	byte s = NONE, r, n, k, b, ops;
	bit held;
	byte buffer;

	ops = (who == UNLOAD -> 4 * BITS : FOPS);
	do
	:: who != UNLOAD -> break
	:: who == UNLOAD && !(pool[0] | pool[1] | pool[2] | pool[3]) -> break
	:: atomic {
		if
		PICK_ANY
		fi;
		s = k / 2;
		pool[k] = pool[k] & ~b;
		ops--
	   }
	   mcentral_free()
	od;
	ops = 0
}

/* ------------------------------------------------------------- quiescence */

/* Every span is in the one place that its state names, by its own words. */
inline check_span(s)
{
	d_step {
		n = 0;
		k = 0;
		do
		:: k < NCPU * NR ->
			if
			:: slot[k] == s ->
				n++;
				assert(ROW(tag[s]) == (k % NR) + 1)
			:: else
			fi;
			k++
		:: else -> break
		od;
		assert(n == (STATE(tag[s]) == CACHED -> 1 : 0));
		assert((ROW(tag[s]) == 0) == (STATE(tag[s]) == FREE));
		assert(map_row[s] == ROW(tag[s]));
		assert(onlist[s] == (STATE(tag[s]) == PARTIAL -> ROW(tag[s]) : 0));
		assert(STATE(tag[s]) != TRANSIT);
		/* No object is lost and none is both free and allocated. */
		assert(STATE(tag[s]) == FREE ||
		       (bitmap[W(s, 0)] == (MASK(ROW(tag[s]), 0) & ~live[W(s, 0)]) &&
			bitmap[W(s, 1)] == (MASK(ROW(tag[s]), 1) & ~live[W(s, 1)])));
		assert(STATE(tag[s]) != FREE ||
		       (live[W(s, 0)] == 0 && live[W(s, 1)] == 0));
		/* Lost wakeups: room that nobody finds, pages that never go back. */
		assert(STATE(tag[s]) != FULL ||
		       (bitmap[W(s, 0)] == 0 && bitmap[W(s, 1)] == 0));
		assert(STATE(tag[s]) != PARTIAL ||
		       bitmap[W(s, 0)] || bitmap[W(s, 1)]);
		assert(STATE(tag[s]) != PARTIAL ||
		       live[W(s, 0)] || live[W(s, 1)]);
		n = 0;
		k = 0
	}
}

inline check_all()
{
#ifdef AWAY
	/* What is in a slot is found by a drain: it looks at row 2 only then. */
	assert(away[0] || slot[SLOT(0, 2)] == NONE);
#if NCPU > 1
	assert(away[1] || slot[SLOT(1, 2)] == NONE);
#endif
#endif
	check_span(0);
#if NS > 1
	check_span(1)
#endif
}

init
{
	byte n, k;

	atomic {
		do
		:: n < NCPU * NR -> slot[n] = NONE; n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < NS -> tag[n] = TAG(0, FREE); n++
		:: else -> break
		od;
		n = 0;
		do
		:: n < TASKS -> run user(TASK); n++
		:: else -> break
		od;
		if
		:: IRQS > 0 -> run user(IRQ)
		:: else
		fi;
		n = 0;
		do
		:: n < FREERS -> run freer(TASK); n++
		:: else -> break
		od;
		n = 0
	}
	_nr_pr == 1;
	check_all();

	/* Unload: drain the slots, then free what is still out. */
	run user(UNLOAD);
	_nr_pr == 1;
	check_all();
	run freer(UNLOAD);
	_nr_pr == 1;
	check_all();
	do
	:: n < NS -> assert(tag[n] == TAG(0, FREE)); n++
	:: else -> break
	od
}
