/* SPDX-License-Identifier: GPL-2.0 */
/* Copyright (C) 2026 The galloc authors */
/*
 * rules.pml: the rules of the span protocol, and how to break them; a part of
 * mspan.pml. Without any define each macro is the rule. -D M_... breaks one, and
 * then the search must find an error; -D V_... leaves out what is not needed.
 */

/*
 * state_store() is a store and smp_mb(). Without the barrier the store waits
 * in the CPU's store buffer, which empties itself before any later load or
 * not, and with the release of the lock for sure.
 */
#define STORE(state)	tag[s] = TAG(r, state)
#define EMPTY_BUFFER	buffer -> STORE(buffer); buffer = 0
#if defined(M_NO_BARRIER) || defined(V_ONE_BARRIER)
#define FLUSH		if :: EMPTY_BUFFER :: else fi;
#define MAY_FLUSH	if :: atomic { EMPTY_BUFFER } :: skip fi;
#define STORE_LATE(state)	FLUSH buffer = state
#else
#define FLUSH
#define MAY_FLUSH
#endif

#ifdef M_NO_BARRIER
#define STORE_FULL	STORE_LATE(FULL)
#elif defined(M_NO_RESCAN_FULL)
#define STORE_FULL
#else
#define STORE_FULL	STORE(FULL)
#endif

/* V_ONE_BARRIER: freers may see FULL instead, and take the lock for nothing. */
#if defined(M_NO_BARRIER) || defined(V_ONE_BARRIER)
#define STORE_PARTIAL	STORE_LATE(PARTIAL)
#else
#define STORE_PARTIAL	STORE(PARTIAL)
#endif

/* "None free" is judged before the state says that freers are to look. */
#ifdef M_NO_RESCAN_FULL
#define STAY_FULL	STORE(FULL);
#else
#define STAY_FULL
#endif

/* "All free" is judged before, or by what the spans of the row have. */
#ifdef M_CLASS_GEOMETRY
#define SCAN_EARLY
#define ALL_FREE(i)	bitmap[W(s, i)] == ROW_MASK(r, i)
#elif defined(M_NO_RESCAN_EMPTY)
#define SCAN_EARLY	d_step { n = (bitmap[W(s, 0)] == MASK(r, 0)) };	\
			d_step { n = n && (bitmap[W(s, 1)] == MASK(r, 1)) };
#define ALL_FREE(i)	n
#else
#define SCAN_EARLY
#define ALL_FREE(i)	bitmap[W(s, i)] == MASK(r, i)
#endif

/* The span leaves the lock's protection: it is nobody's but ours. */
#ifdef M_NO_TRANSIT
#define DETACH		atomic { RELEASE(r) }; STORE(TRANSIT)
#elif defined(M_TWO_LOCKS)
#define DETACH		atomic { FLUSH STORE(TRANSIT) }
#else
#define DETACH		atomic { FLUSH STORE(TRANSIT); RELEASE(r) }
#endif

/* atomic_long_fetch_or(): the freer's last write, and a full barrier. */
#define RMW								\
	printf("%d: span %d: frees bits %d of word %d\n", _pid, s, b, k % 2); \
	assert(live[k] & b);						\
	assert(!(bitmap[k] & b));					\
	live[k] = live[k] & ~b;						\
	bitmap[k] = bitmap[k] | b;					\
	b = stub[s]
#define LOAD_STATE							\
	n = STATE(tag[s]);						\
	printf("%d: span %d: freer sees %e\n", _pid, s, n);		\
	k = (n == LOOK_AT -> k : 0)
#ifdef M_NO_FREER_BARRIER
#define RMW_AND_LOOK							\
	if								\
	:: d_step { RESOLVE; RMW }; d_step { LOAD_STATE }		\
	:: d_step { RESOLVE; n = STATE(tag[s]) }; d_step { RMW }	\
	fi
#elif defined(M_FREER_WRITES)
/* A hint, a counter, a summary bit: anything in the descriptor. */
#define RMW_AND_LOOK							\
	d_step { RESOLVE; RMW; n = life[s] };				\
	d_step { assert(life[s] == n) };				\
	d_step { LOAD_STATE }
#else
#define RMW_AND_LOOK							\
	d_step { RESOLVE; RMW };					\
	d_step { LOAD_STATE }
#endif

#ifdef M_FREER_SKIPS_PARTIAL
#define LOOK_AT		FULL
#else
#define LOOK_AT		PARTIAL
#endif

/* What free_recheck() learns, with the lock just taken. */
#if defined(M_ROW_THEN_STATE)
#define RECHECK		n = TAG(ROW(tag[s]), 0) };			\
			atomic { n = n | STATE(tag[s]);
#elif defined(M_STATE_THEN_ROW)
#define RECHECK		n = STATE(tag[s]) };				\
			atomic { n = n | TAG(ROW(tag[s]), 0);
#elif defined(M_NO_RECHECK)
#define RECHECK		n = TAG(r, n);
#elif defined(M_RECHECK_NO_ROW)
#define RECHECK		n = TAG(r, STATE(tag[s]));
#elif defined(V_SAME_STATE)
/* "Still FULL", "still PARTIAL": the other one is somebody else's affair. */
#define RECHECK		n = (tag[s] == TAG(r, n) -> tag[s] : 0);
#else
#define RECHECK		n = tag[s];
#endif

/* The unlocked look at the words said that all are free. Still? */
#ifdef M_HINT_DECIDES
#define STILL_FREE(i)	true
#else
#define STILL_FREE(i)	bitmap[W(s, i)] == MASK(r, i)
#endif

/* The span was FULL, an object was freed: so it has room. Still? */
#ifdef M_FULL_MEANS_ROOM
#define PLACE_FULL	goto has_room
#else
#define PLACE_FULL	goto place
#endif

/* refill_locally() reads the slot's span when it has set busy. */
#define AT_CLAIM	s == NONE && ph == CLAIM
#ifdef M_CLAIM_WITHOUT_BUSY
#define ENTER_CLAIM							\
	atomic { AT_CLAIM && ON_CPU -> s = slot[SLOT(cpu, r)] };	\
	atomic { MIGRATE ENTER }
#else
#define ENTER_CLAIM							\
	atomic { AT_CLAIM -> MIGRATE ENTER; s = slot[SLOT(cpu, r)] }
#endif

#ifdef M_IRQ_IGNORES_BUSY
#define FOUND_BUSY	false
#else
#define FOUND_BUSY	busy[cpu]
#endif

#ifdef M_INSTALL_OVERWRITES
#define MAY_INSTALL	true
#elif defined(AWAY) && !defined(M_INSTALL_ANYWHERE)
#define MAY_INSTALL	slot[SLOT(cpu, r)] == NONE && (r == 1 || away[cpu])
#else
#define MAY_INSTALL	slot[SLOT(cpu, r)] == NONE
#endif

/* The CPU lets the other node go when it has nothing of it, looked at with busy. */
#ifdef M_END_UNSEEN
#define MAY_END		true
#else
#define MAY_END		slot[SLOT(cpu, 2)] == NONE
#endif
