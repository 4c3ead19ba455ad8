// SPDX-License-Identifier: GPL-2.0
// Copyright (C) 2026 The galloc authors
/*
 * symbols: galloc's internal symbols for the KUnit suites.
 *
 * Linked in only by GALLOC_KUNIT=y.  The suites are a module of their own, which tests
 * the sources that ship, plus hooks.  The symbols that they need beyond the public API
 * are exported here, in KUnit's namespace, and nowhere else.
 */
#include "client/geometry.h"
#include "client/heap.h"
#include "debug/look.h"
#include "debug/table.h"
#include "debug/watch.h"
#include "mcache.h"
#include "observe/heaps.h"
#include "observe/metrics.h"
#include "observe/profile.h"
#include "observe/sample.h"
#include "observe/stackdepot.h"

#include <linux/export.h>

#include <kunit/visibility.h>

#if !IS_ENABLED(CONFIG_KUNIT)
#error "GALLOC_KUNIT=y needs a kernel with CONFIG_KUNIT"
#endif

/* gate.c */
EXPORT_SYMBOL_IF_KUNIT(capacity_setup);
EXPORT_SYMBOL_IF_KUNIT(capacity_beyond);
EXPORT_SYMBOL_IF_KUNIT(gate_all);
EXPORT_SYMBOL_IF_KUNIT(gate_gen);
EXPORT_SYMBOL_IF_KUNIT(gate_watched);
EXPORT_SYMBOL_IF_KUNIT(gate_close);
EXPORT_SYMBOL_IF_KUNIT(gate_open);
EXPORT_SYMBOL_IF_KUNIT(gate_wait);

#ifdef CALLERS_HAVE_TAGS
/* observe/allocinfo.c */
#include "observe/allocinfo.h"
EXPORT_SYMBOL_IF_KUNIT(allocinfo_on);
EXPORT_SYMBOL_IF_KUNIT(allocinfo_follow);
EXPORT_SYMBOL_IF_KUNIT(allocinfo_reap);
#endif

/* debug/watch.c */
EXPORT_SYMBOL_IF_KUNIT(watch_cache);
EXPORT_SYMBOL_IF_KUNIT(watch_command);
EXPORT_SYMBOL_IF_KUNIT(watch_show);
EXPORT_SYMBOL_IF_KUNIT(leaks_print);
EXPORT_SYMBOL_IF_KUNIT(leaks_show);

#ifdef CONFIG_KASAN_GENERIC
/* debug/bytes.c */
#include "debug/table.h"
EXPORT_SYMBOL_IF_KUNIT(bytes_marked);
EXPORT_SYMBOL_IF_KUNIT(bytes_mark_of);
#endif

/* debug/guard.c */
#include "debug/guard.h"
EXPORT_SYMBOL_IF_KUNIT(guard_heap_of);
EXPORT_SYMBOL_IF_KUNIT(guard_is_of);
EXPORT_SYMBOL_IF_KUNIT(guard_settle);
EXPORT_SYMBOL_IF_KUNIT(guard_die);

/* debug/quarantine.c */
EXPORT_SYMBOL_IF_KUNIT(quarantine_kb);
EXPORT_SYMBOL_IF_KUNIT(quarantine_flush);
EXPORT_SYMBOL_IF_KUNIT(quarantine_bytes);
EXPORT_SYMBOL_IF_KUNIT(table_forget);
EXPORT_SYMBOL_IF_KUNIT(table_reap);
EXPORT_SYMBOL_IF_KUNIT(table_walk);

/* observe/ */
#include "observe/sums.h"
EXPORT_SYMBOL_IF_KUNIT(sums_collect);
EXPORT_SYMBOL_IF_KUNIT(sums_free);
EXPORT_SYMBOL_IF_KUNIT(stats_totals_of);

/* arena.c */
EXPORT_SYMBOL_IF_KUNIT(arena_map);
EXPORT_SYMBOL_IF_KUNIT(arena_none);
EXPORT_SYMBOL_IF_KUNIT(arena_scarce);
EXPORT_SYMBOL_IF_KUNIT(arena_short_lacked);
EXPORT_SYMBOL_IF_KUNIT(arena_short_until);
EXPORT_SYMBOL_IF_KUNIT(arena_meta_takes);
EXPORT_SYMBOL_IF_KUNIT(arena_meta_alloc);
EXPORT_SYMBOL_IF_KUNIT(arena_meta_zalloc);
EXPORT_SYMBOL_IF_KUNIT(arena_meta_free);
EXPORT_SYMBOL_IF_KUNIT(arena_get_chunk);
EXPORT_SYMBOL_IF_KUNIT(arena_get_spare_chunk);
EXPORT_SYMBOL_IF_KUNIT(arena_growth_order);
EXPORT_SYMBOL_IF_KUNIT(arena_likely_order);
EXPORT_SYMBOL_IF_KUNIT(arena_mend_page);
EXPORT_SYMBOL_IF_KUNIT(arena_charge);
EXPORT_SYMBOL_IF_KUNIT(arena_uncharge);
EXPORT_SYMBOL_IF_KUNIT(arena_charge_meta);
EXPORT_SYMBOL_IF_KUNIT(arena_uncharge_meta);
EXPORT_SYMBOL_IF_KUNIT(arena_held_bytes);
EXPORT_SYMBOL_IF_KUNIT(arena_settle);
EXPORT_SYMBOL_IF_KUNIT(arena_spare_pages);
EXPORT_SYMBOL_IF_KUNIT(arena_meta_bytes);
EXPORT_SYMBOL_IF_KUNIT(map_grow);
EXPORT_SYMBOL_IF_KUNIT(map_covers);
EXPORT_SYMBOL_IF_KUNIT(map_catch_up);
EXPORT_SYMBOL_IF_KUNIT(map_memory_callback);
EXPORT_SYMBOL_IF_KUNIT(arena_limited_bytes);
EXPORT_SYMBOL_IF_KUNIT(map_nr_slots);
EXPORT_SYMBOL_IF_KUNIT(map_get_range);
EXPORT_SYMBOL_IF_KUNIT(map_put_range);
EXPORT_SYMBOL_IF_KUNIT(map_slot);

/* client/nolock.c */
EXPORT_PER_CPU_SYMBOL_GPL(galloc_lock_held);
EXPORT_SYMBOL_IF_KUNIT(nolock_settle);

/* client/rcu.c */
EXPORT_SYMBOL_IF_KUNIT(rcu_batches_waiting);
EXPORT_SYMBOL_IF_KUNIT(rcu_batches_peak);
EXPORT_SYMBOL_IF_KUNIT(rcu_batches_relieve);
EXPORT_SYMBOL_IF_KUNIT(rcu_batches_end);

/* client/relief.c */
EXPORT_SYMBOL_IF_KUNIT(relief_forget);
EXPORT_SYMBOL_IF_KUNIT(relief_over);

/* mheap.c */
EXPORT_SYMBOL_IF_KUNIT(mheap_alloc);
EXPORT_SYMBOL_IF_KUNIT(mheap_alloc_span);
EXPORT_SYMBOL_IF_KUNIT(mheap_free);
EXPORT_SYMBOL_IF_KUNIT(large_hand_out);
EXPORT_SYMBOL_IF_KUNIT(large_drop);
EXPORT_SYMBOL_IF_KUNIT(release_runs);
EXPORT_SYMBOL_IF_KUNIT(relief_return);
EXPORT_SYMBOL_IF_KUNIT(standby_reserve);
EXPORT_SYMBOL_IF_KUNIT(release_free_max);
EXPORT_SYMBOL_IF_KUNIT(mheap_free_pages);
EXPORT_SYMBOL_IF_KUNIT(mend_all);
EXPORT_SYMBOL_IF_KUNIT(mend_slot);
EXPORT_SYMBOL_IF_KUNIT(release_pages_unshared);
EXPORT_SYMBOL_IF_KUNIT(release_put_pages);
EXPORT_SYMBOL_IF_KUNIT(release_unused);
EXPORT_SYMBOL_IF_KUNIT(release_turn);
EXPORT_SYMBOL_IF_KUNIT(mheap_of);
EXPORT_SYMBOL_IF_KUNIT(mheap_alloc_spans);
EXPORT_SYMBOL_IF_KUNIT(mheap_free_spans);
EXPORT_SYMBOL_IF_KUNIT(mheap_tell);
EXPORT_SYMBOL_IF_KUNIT(mheap_trim);
EXPORT_SYMBOL_IF_KUNIT(map_walk_slot);
EXPORT_SYMBOL_IF_KUNIT(map_span_around);

/* client/standby.c */
#include "mheap.h"
EXPORT_SYMBOL_IF_KUNIT(galloc_standby_pages);
EXPORT_SYMBOL_IF_KUNIT(standby_init);
EXPORT_SYMBOL_IF_KUNIT(standby_exit);
EXPORT_SYMBOL_IF_KUNIT(standby_fill);
EXPORT_SYMBOL_IF_KUNIT(standby_take);
EXPORT_SYMBOL_IF_KUNIT(standby_pages);

/* nodes.c */
EXPORT_SYMBOL_IF_KUNIT(nodes_near);
EXPORT_SYMBOL_IF_KUNIT(nodes_free_pages);
EXPORT_SYMBOL_IF_KUNIT(nodes_seem_used_up);

/* mspan.c */
EXPORT_SYMBOL_IF_KUNIT(mspan_new);
EXPORT_SYMBOL_IF_KUNIT(mspan_new_many);
EXPORT_SYMBOL_IF_KUNIT(mspan_nr_pages);
EXPORT_SYMBOL_IF_KUNIT(mspan_delete);
EXPORT_SYMBOL_IF_KUNIT(mspan_delete_list);
EXPORT_SYMBOL_IF_KUNIT(mspan_resolve);
EXPORT_SYMBOL_IF_KUNIT(mspan_object);
EXPORT_SYMBOL_IF_KUNIT(mspan_cut);
EXPORT_SYMBOL_IF_KUNIT(mspan_detach);
EXPORT_SYMBOL_IF_KUNIT(mspan_take_only);
EXPORT_SYMBOL_IF_KUNIT(mspan_claim);
EXPORT_SYMBOL_IF_KUNIT(mspan_release_bits);
EXPORT_SYMBOL_IF_KUNIT(mspan_has_free);
EXPORT_SYMBOL_IF_KUNIT(mspan_all_free);
EXPORT_SYMBOL_IF_KUNIT(mspan_word_all_free);
EXPORT_SYMBOL_IF_KUNIT(mspan_count_free);

/* grow.c */
EXPORT_SYMBOL_IF_KUNIT(grow_has_partial);

/* mcentral.c */
EXPORT_SYMBOL_IF_KUNIT(mcentral_rows);
EXPORT_SYMBOL_IF_KUNIT(nr_rows);
EXPORT_SYMBOL_IF_KUNIT(nr_stacks);
EXPORT_SYMBOL_IF_KUNIT(mcentral_cache_span);
EXPORT_SYMBOL_IF_KUNIT(mcentral_swap);
EXPORT_SYMBOL_IF_KUNIT(mcentral_alloc);
EXPORT_SYMBOL_IF_KUNIT(mcentral_free);
EXPORT_SYMBOL_IF_KUNIT(mcentral_free_single);
EXPORT_SYMBOL_IF_KUNIT(mcentral_free_batch);
EXPORT_SYMBOL_IF_KUNIT(mcentral_free_turn);
EXPORT_SYMBOL_IF_KUNIT(mcentral_look);
EXPORT_SYMBOL_IF_KUNIT(mcentral_mark_nolock);

/* rows.c, api.c */
EXPORT_SYMBOL_IF_KUNIT(retire_pages);
EXPORT_SYMBOL_IF_KUNIT(rows_create);
EXPORT_SYMBOL_IF_KUNIT(rows_forget_numbers);
EXPORT_SYMBOL_IF_KUNIT(rows_leave);
EXPORT_SYMBOL_IF_KUNIT(rows_wait_for_ctors);
EXPORT_SYMBOL_IF_KUNIT(rows_end);
EXPORT_SYMBOL_IF_KUNIT(rows_find);
EXPORT_SYMBOL_IF_KUNIT(rows_in_use);
EXPORT_SYMBOL_IF_KUNIT(rows_next);
EXPORT_SYMBOL_IF_KUNIT(rows_next_set);
EXPORT_SYMBOL_IF_KUNIT(rows_number);
EXPORT_SYMBOL_IF_KUNIT(rows_put);
EXPORT_SYMBOL_IF_KUNIT(rows_reap);
EXPORT_SYMBOL_IF_KUNIT(rows_spans);
EXPORT_SYMBOL_IF_KUNIT(rows_sweep);
EXPORT_SYMBOL_IF_KUNIT(rows_walk);

/* client/stacks.c */
EXPORT_SYMBOL_IF_KUNIT(stack_sets);
EXPORT_SYMBOL_IF_KUNIT(stacks_give);
EXPORT_SYMBOL_IF_KUNIT(stacks_pending);
EXPORT_SYMBOL_IF_KUNIT(stacks_taken);
EXPORT_SYMBOL_IF_KUNIT(empty_none_asked);
EXPORT_SYMBOL_IF_KUNIT(empty_ask);
EXPORT_SYMBOL_IF_KUNIT(empty_flush);
EXPORT_SYMBOL_IF_KUNIT(empty_is_done);
EXPORT_SYMBOL_IF_KUNIT(empty_seen);
EXPORT_SYMBOL_IF_KUNIT(empty_wait);
EXPORT_SYMBOL_IF_KUNIT(stacks_take);
EXPORT_SYMBOL_IF_KUNIT(stacks_drain);
EXPORT_SYMBOL_IF_KUNIT(stacks_used);
EXPORT_SYMBOL_IF_KUNIT(stacks_turn);
EXPORT_SYMBOL_IF_KUNIT(drain_stack_is_clear);
EXPORT_SYMBOL_IF_KUNIT(api_alloc_set_slow);
EXPORT_SYMBOL_IF_KUNIT(api_clear_row);
EXPORT_SYMBOL_IF_KUNIT(api_alloc_row);
EXPORT_SYMBOL_IF_KUNIT(api_alloc_row_bulk);

/* mcache.c */
EXPORT_SYMBOL_IF_KUNIT(galloc_mcache);
EXPORT_SYMBOL_IF_KUNIT(mcache_pop_many);
EXPORT_SYMBOL_IF_KUNIT(capacity_steal);
EXPORT_SYMBOL_IF_KUNIT(drain_ask_isolated);
EXPORT_SYMBOL_IF_KUNIT(drain_cpus);
EXPORT_SYMBOL_IF_KUNIT(look_new);
EXPORT_SYMBOL_IF_KUNIT(look_start);
EXPORT_SYMBOL_IF_KUNIT(look_wait);
EXPORT_SYMBOL_IF_KUNIT(look_put);
EXPORT_SYMBOL_IF_KUNIT(drain_relieve);
EXPORT_SYMBOL_IF_KUNIT(drain_follow);
EXPORT_SYMBOL_IF_KUNIT(drain_is_behind);
EXPORT_SYMBOL_IF_KUNIT(drain_kick);
EXPORT_SYMBOL_IF_KUNIT(drain_tick);
EXPORT_SYMBOL_IF_KUNIT(empty_stacks);

/* shrinker.c */
EXPORT_SYMBOL_IF_KUNIT(galloc_shrinker);
EXPORT_SYMBOL_IF_KUNIT(shrinker_wake);
EXPORT_SYMBOL_IF_KUNIT(shrinker_oom);

/* transfer.c */
EXPORT_SYMBOL_IF_KUNIT(transfer_age);
EXPORT_SYMBOL_IF_KUNIT(transfer_bytes);
EXPORT_SYMBOL_IF_KUNIT(transfer_drain);
EXPORT_SYMBOL_IF_KUNIT(transfer_has_room);

/* waiting.c */
EXPORT_SYMBOL_IF_KUNIT(waiting_nr);
EXPORT_SYMBOL_IF_KUNIT(waiting_pages);
EXPORT_SYMBOL_IF_KUNIT(waiting_release);
EXPORT_SYMBOL_IF_KUNIT(waiting_release_all);
EXPORT_SYMBOL_IF_KUNIT(waiting_release_of);
EXPORT_SYMBOL_IF_KUNIT(waiting_settle);

/* sizeclass.c */
EXPORT_SYMBOL_IF_KUNIT(sizeclasses);
EXPORT_SYMBOL_IF_KUNIT(sizeclass_8);
EXPORT_SYMBOL_IF_KUNIT(sizeclass_128);

/* stats.c, validate.c, report.c */
EXPORT_SYMBOL_IF_KUNIT(galloc_fault_then);
EXPORT_SYMBOL_IF_KUNIT(galloc_events);
EXPORT_SYMBOL_IF_KUNIT(stats_events);
EXPORT_SYMBOL_IF_KUNIT(stats_totals);
EXPORT_SYMBOL_IF_KUNIT(stats_report_leaks);
EXPORT_SYMBOL_IF_KUNIT(mspan_state_name);
EXPORT_SYMBOL_IF_KUNIT(validate_all);
EXPORT_SYMBOL_IF_KUNIT(validate_verdict);
#ifdef CONFIG_DEBUG_KMEMLEAK
/* debug/scan.c */
EXPORT_SYMBOL_IF_KUNIT(scan_watcher);
#endif
#ifdef CONFIG_GALLOC_DEBUG
EXPORT_SYMBOL_IF_KUNIT(galloc_lock_acquired);
EXPORT_SYMBOL_IF_KUNIT(galloc_lock_released);
#endif
EXPORT_SYMBOL_IF_KUNIT(galloc_faults);
EXPORT_SYMBOL_IF_KUNIT(report_fault);
EXPORT_SYMBOL_IF_KUNIT(report_free);
EXPORT_SYMBOL_IF_KUNIT(report_fault_name);
EXPORT_SYMBOL_IF_KUNIT(galloc_report_limit);

/* worker.c */
EXPORT_SYMBOL_IF_KUNIT(galloc_wq);
EXPORT_SYMBOL_IF_KUNIT(galloc_jobs_wq);
EXPORT_SYMBOL_IF_KUNIT(worker_start);
EXPORT_SYMBOL_IF_KUNIT(worker_stop);
EXPORT_SYMBOL_IF_KUNIT(worker_settle);
EXPORT_SYMBOL_IF_KUNIT(worker_kick);
EXPORT_SYMBOL_IF_KUNIT(worker_pending);
EXPORT_SYMBOL_IF_KUNIT(worker_tick_waits);

/* client/heap.c */
EXPORT_SYMBOL_IF_KUNIT(heap_has);
EXPORT_SYMBOL_IF_KUNIT(heap_walk);

/* observe/heaps.c */
EXPORT_SYMBOL_IF_KUNIT(heaps_table_show);
EXPORT_SYMBOL_IF_KUNIT(metrics_show);
EXPORT_SYMBOL_IF_KUNIT(stats_show);
EXPORT_SYMBOL_IF_KUNIT(stats_classes_show);
EXPORT_SYMBOL_IF_KUNIT(stats_mheap_show);
EXPORT_SYMBOL_IF_KUNIT(stats_spans_fops);
EXPORT_SYMBOL_IF_KUNIT(stats_validate_fops);
EXPORT_SYMBOL_IF_KUNIT(heaps_classes_show);
EXPORT_SYMBOL_IF_KUNIT(heaps_allocs);

/* observe/profile.c, observe/sample.c */
EXPORT_SYMBOL_IF_KUNIT(profile_add);
EXPORT_SYMBOL_IF_KUNIT(profile_totals);
EXPORT_SYMBOL_IF_KUNIT(profile_next);
EXPORT_SYMBOL_IF_KUNIT(profile_read);
EXPORT_SYMBOL_IF_KUNIT(sample_mean);
EXPORT_SYMBOL_IF_KUNIT(sample_set);
EXPORT_SYMBOL_IF_KUNIT(sample_gap);
EXPORT_SYMBOL_IF_KUNIT(sample_weight);

/* observe/stackdepot.c */
EXPORT_SYMBOL_IF_KUNIT(stackdepot_alloc);
EXPORT_SYMBOL_IF_KUNIT(stackdepot_save);
EXPORT_SYMBOL_IF_KUNIT(stackdepot_save_here);
EXPORT_SYMBOL_IF_KUNIT(stackdepot_fetch);

/* client/geometry.c */
EXPORT_SYMBOL_IF_KUNIT(geometry_make);
EXPORT_SYMBOL_IF_KUNIT(geometry_is_exact);

/* galloc_mod.c, debug/inject.c */
EXPORT_SYMBOL_IF_KUNIT(galloc_debug);
EXPORT_SYMBOL_IF_KUNIT(galloc_limit_bytes);
EXPORT_SYMBOL_IF_KUNIT(galloc_reserve_pages);
EXPORT_SYMBOL_IF_KUNIT(galloc_free_max_pages);
EXPORT_SYMBOL_IF_KUNIT(galloc_cpu_cache_bytes);
EXPORT_SYMBOL_IF_KUNIT(galloc_pause_hook);
EXPORT_SYMBOL_IF_KUNIT(galloc_fail_hook);
