#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# faults.sh setup			make the kernel's fault injection apply everywhere
# faults.sh load PARAMETERS	load galloc.ko with the n-th allocation failing,
#				n = 1, 2, ..., until a load succeeds
# faults.sh first PARAMETERS	only what comes before that
#
# kunit-init.sh runs it in the guest. The suites and galloc's parameters choose what
# fails. First those that galloc makes (fail_nth=), also while it tests
# itself, then those that the kernel can have fail (fail_kernel_nth=), where it is built so. The last
# of the first kind once more, while galloc's workers run, reclaim asks, and a CPU goes.
# Before that: a self-test that fails halfway, a parameter that is written while galloc loads,
# and what a client has forgotten.
#
# A load that fails must say ENOMEM and leave nothing behind; one that succeeds all
# the same must unload as if nothing had been. Says in the log
#
#	galloc-kunit: loading, fail_nth: 79 points, 75 of them make it fail
#
# and fails with one line about what was wrong.

do=$1
shift
params=$*
max=5000
# Free memory swings by 2 MB here; what is smaller kmemleak sees on its bed.
MOST_LOST_KB=2560
# Requests that come last.
LAST=6
# Where a load takes a second, and in a short run, not each N is tried, nor of the hundreds
# of the self-test: from 12 on some, each larger than the last by a part of it, one in so many.
all=1000000
part=$all
! grep -qw galloc_quick /proc/cmdline || part=6
[ ! -e /sys/kernel/debug/kmemleak ] || part=2
[ "$(uname -m)" = x86_64 ] || part=2

note()
{
	echo "galloc-kunit: $*" >/dev/kmsg
}

die()
{
	note "failed: loading: $*"
	exit 1
}

# On a kernel without one or the other, or without both, there is less to fail.
setup()
{
	local d

	for d in /sys/kernel/debug/failslab /sys/kernel/debug/fail_page_alloc; do
		[ -d "$d" ] || continue
		echo 0 >"$d/verbose"
		echo 0 >"$d/ignore-gfp-wait"
		[ ! -e "$d/min-order" ] || echo 0 >"$d/min-order"
	done
}

kernel_can_fail()
{
	[ -d /sys/kernel/debug/failslab ] || [ -d /sys/kernel/debug/fail_page_alloc ]
}

# The size of a page, from two figures that may differ by a little.
page_kb()
{
	awk '$1 == "MemFree:" { kb = $2 } $1 == "nr_free_pages" { n = $2 }
		END { for (size = 4; size * 2 * n < kb * 1.4; size *= 2); print size }' \
		/proc/meminfo /proc/vmstat
}

# In the zones, and on the lists that each CPU has of free pages, which in a guest with
# four CPUs and two nodes hold megabytes. Nothing where KASAN keeps much of it for long;
# there kmemleak looks, at the end.
free_kb()
{
	[ ! -e /sys/kernel/debug/kmemleak ] || return 0
	echo 3 >/proc/sys/vm/drop_caches
	echo 1 >/proc/sys/vm/stat_refresh
	awk -v "kb=$(page_kb)" '/nr_free_pages/ || / count:/ { n += $2 } END { print n * kb }' \
		/proc/zoneinfo
}

# lost_kb BEFORE: set $lost. What was freed by workers, or lies on lists of the
# CPUs, is back after a while.
lost_kb()
{
	local try=0

	lost=0
	[ -n "$1" ] || return 0
	while [ $try -lt 60 ]; do
		lost=$(($1 - $(free_kb)))
		[ "$lost" -ge $MOST_LOST_KB ] || return 0
		sleep 1
		try=$((try + 1))
	done
}

# Leftovers of a module that did not clean up.
remains()
{
	local name

	[ ! -e /sys/module/galloc ] || echo "the module"
	[ ! -e /sys/kernel/debug/galloc ] || echo "files in debugfs"
	! grep -q galloc /sys/devices/system/cpu/hotplug/states 2>/dev/null || echo "a hotplug state"
	# Each workqueue has one for when memory is short.
	! grep -qsE '^(galloc|kworker/R-gallo)' /proc/[0-9]*/comm || echo "a thread"
	for name in /sys/kernel/debug/shrinker/*galloc* /sys/kernel/slab/galloc*; do
		[ ! -e "$name" ] || echo "$name"
	done
}

# Up to 6.10 a worker of the kernel's takes a slab cache away that RCU readers look
# into, some time after its module is gone; within a minute, where the host is busy.
remains_for_good()
{
	local n=0

	while [ -n "$(remains)" ] && [ "$n" -lt 1200 ]; do
		usleep 50000
		n=$((n + 1))
	done
	remains
}

# said: what galloc has since the last note that it is being loaded.  Of the end of the log:
# behind a run of the suites all of it takes awk half a minute on a debug kernel.
said()
{
	dmesg | tail -n 500 | awk '
		/galloc-kunit: loading / { said = "" }
		sub(/^.*galloc: /, "") { said = said $0 ";" }
		END { print said }'
}

# not_whole: what is odd in such lines.
not_whole()
{
	tr ';' '\n' | grep -E 'not accounted for$|[1-9][0-9]* pages held$'
}

# load_with PARAMETER...: 0 loaded, 1 did not for lack of memory.
load_with()
{
	local said

	# shellcheck disable=SC2086 # several words
	said=$(insmod /galloc.ko $params "$@" 2>&1) && return 0
	case $said in
	*"Cannot allocate memory"*) ;;
	*) die "$*: $said" ;;
	esac
	said=$(remains_for_good)
	[ -z "$said" ] || die "$*: left behind: $said"
	said=$(said | not_whole)
	[ -z "$said" ] || die "$*: $said"
	return 1
}

# fail_checks PARAMETER...: of each check of the self-test a condition fails, when it has
# allocated something.
fail_checks()
{
	local check said

	for check in check_class check_zeroing check_large check_bulk check_realloc check_alignment check_nodes check_remote_cpu; do
		note "loading with fail_check=$check $*"
		# shellcheck disable=SC2086 # several words
		! said=$(insmod /galloc.ko $params selftest=1 fail_check=$check "$@" 2>&1) ||
			die "fail_check=$check: it loads"
		case $said in
		*"Input/output error"*) ;;
		*) die "fail_check=$check: $said" ;;
		esac
		said=$(said | not_whole)
		[ -z "$said" ] || die "fail_check=$check: $said"
	done
}

# A heap and caches of a client that has gone are named, and no memory is lost.
forget()
{
	local said

	note "loading with forget=1"
	# shellcheck disable=SC2086 # several words
	insmod /galloc.ko $params forget=1 || die "forget=1: insmod"
	rmmod galloc || die "forget=1: rmmod"
	said=$(said)
	[ "$(echo "$said" | tr ';' '\n' | grep ' was not destroyed$' | tr '\n' ';')" = \
		"cache forgotten_cache was not destroyed;heap forgotten was not destroyed;" ] ||
		die "forget=1: $said"
	[ -z "$(echo "$said" | not_whole)" ] || die "forget=1: $said"
}

# In the kernel's image, a parameter that is wrong has its default.
wrong_built_in()
{
	local all=17592186044416 name value

	note "loading with built_in=1"
	insmod /galloc.ko built_in=1 limit_mb=$all reserve_mb=$all free_max_mb=-2 cpu_cache_kb=1 \
		sample_kb=$all atomic_reserve_kb=-2 fault=stop debug=maybe || die "built_in=1: insmod"
	[ "$(said | tr ';' '\n' | grep -cE '^[a-z_]*=.*( is out of range: | is unknown: |: 0, 1, all, )')" = 8 ] ||
		die "built_in=1: $(said)"
	for name in limit_mb:0 reserve_mb:0 free_max_mb:-1 cpu_cache_kb:2048 sample_kb:512 atomic_reserve_kb:-1; do
		value=$(cat "/sys/module/galloc/parameters/${name%:*}")
		[ "$value" = "${name#*:}" ] || die "built_in=1: ${name%:*} is $value"
	done
	rmmod galloc || die "built_in=1: rmmod"
	# Nor does it bound what is set later.
	insmod /galloc.ko built_in=1 reserve_mb=1000000 || die "built_in=1: insmod with a reserve"
	echo 1024 >/sys/module/galloc/parameters/limit_mb || die "built_in=1: a limit beside a reserve that is none"
	rmmod galloc || die "built_in=1: rmmod"
}

# write_early MS: write a parameter while galloc loads, which waits so long for that. 1: it
# was too late.  A load that failed insmod tries once more, and before galloc_init() begins what
# is written is stored.
write_early()
{
	local file=/sys/module/galloc/parameters/sample_kb written='' since was now

	note "loading with fail_wait_ms=$1"
	# shellcheck disable=SC2086 # several words
	insmod /galloc.ko $params fail_nth=1 fail_wait_ms="$1" >/dev/null 2>&1 &
	until said | grep -q 'fail_nth=1: waits'; do
		usleep 20000
	done
	since=$(dmesg | awk -F '[][ ]+' '
		/galloc-kunit: loading / { since = "" }
		/galloc: fail_nth=1: waits/ && !since { since = $2 }
		END { print since }')
	was=$(cat $file 2>/dev/null)
	! echo 77 2>/dev/null >$file || written=1
	now=$(cat $file 2>/dev/null)
	awk -v since="$since" -v ms="$1" '{ exit $1 - since > ms / 2000 }' /proc/uptime || now=''
	wait
	[ -n "$now" ] || return 1
	[ -z "$written" ] || die "a parameter is accepted while galloc loads"
	[ "$now" = "$was" ] || die "a parameter that was refused while galloc loads is $now, not $was"
}

write_while_loading()
{
	local ms

	for ms in 500 5000 50000; do
		! write_early $ms || return 0
	done
	die "no parameter can be written while galloc loads"
}

# none_failed NAME=N: did the last load say so?
none_failed()
{
	dmesg | awk -v what="$1" '
		index($0, "galloc-kunit: loading with ") { none = 0 }
		index($0, "galloc: " what ": none failed") { none = 1 }
		END { exit !none }'
}

# Is this the second time, for what the first seems to have lost?
again=

# fail_each NAME PARAMETER...: with NAME=1, 2, ...
fail_each()
{
	local name=$1 n=0 refused=0 before=
	shift

	while [ $n -lt $max ]; do
		n=$((n + 1 + (n > 12 ? n / part : 0)))
		# After some loads the kernel has everything that it caches.
		[ $n -gt 10 ] || before=$(free_kb)
		note "loading with $name=$n"
		if load_with "$@" "$name=$n"; then
			rmmod galloc || die "$name=$n: rmmod"
			! none_failed "$name=$n" || break
		else
			refused=$((refused + 1))
		fi
	done
	[ $n -lt $max ] || die "$name: no end before $n points"
	[ $n -gt 1 ] || die "$name: nothing failed"
	lost_kb "$before"
	# A load that loses memory loses it each time; the system takes some only once.
	if [ "$lost" -ge $MOST_LOST_KB ] && [ -z "$again" ]; then
		note "loading, $name${*:+, $*}: $lost kB less, so once more"
		again=yes
		fail_each "$name" "$@"
		again=
		return
	fi
	[ "$lost" -lt $MOST_LOST_KB ] || die "$name: $lost kB are lost"
	note "loading, $name${*:+, $*}: $((n - 1)) points, $refused of those tried make it fail, $lost kB less"
}

# Of the last load: how many requests there were.
nr_requests()
{
	dmesg | sed -n 's/.*galloc: fail_nth=[0-9]*: none failed of //p' | tail -n 1
}

# What clients get before galloc is there, and when a load has failed, at some of its requests.
absent()
{
	local last n when

	load_with fail_nth=$max || die "nothing fails, and it does not load"
	rmmod galloc
	last=$(nr_requests)
	note "expect galloc: not_ours: "
	for n in $(seq "$last" -$((last / 10 + 1)) 1); do
		note "loading with check_absent=1 fail_nth=$n"
		when=before
		if load_with check_absent=1 fail_nth="$n"; then
			rmmod galloc || die "check_absent=1 fail_nth=$n: rmmod"
		else
			when=after
		fi
		said | grep -q "absent, $when: checked;" || die "check_absent=1 fail_nth=$n: $(said)"
	done
	note "expect end"
}

# Those whom galloc has asked to be told, or to run: reclaim, and a CPU that comes and goes.
beside()
{
	local cpu=/sys/devices/system/cpu/cpu1/online

	while [ ! -e /tmp/over ]; do
		echo 2 >/proc/sys/vm/drop_caches
		[ ! -e $cpu ] || { echo 0 >$cpu && echo 1 >$cpu; } 2>/dev/null
		usleep 20000
	done
}

# fail_beside: each of the last requests, when galloc's workers are at work and all of it
# but the rest has been registered, while these have something to do.
fail_beside()
{
	local n last refused=0

	load_with fail_nth=$max || die "nothing fails, and it does not load"
	rmmod galloc
	last=$(nr_requests)
	[ "${last:-0}" -gt $LAST ] || die "too few requests: ${last:-nothing is said}"
	rm -f /tmp/over
	beside &
	for n in $(seq $((last - LAST + 1)) "$last"); do
		note "loading beside others with fail_nth=$n"
		if load_with fail_nth="$n" fail_wait_ms=300; then
			rmmod galloc || die "beside others: fail_nth=$n: rmmod"
		else
			refused=$((refused + 1))
		fi
	done
	: >/tmp/over
	wait
	[ $refused -gt 0 ] || die "beside others: nothing failed"
	note "loading beside others: $LAST points, $refused make it fail"
}

fail_all()
{
	local most=$part

	fail_each fail_nth
	fail_beside
	if [ $part -gt 2 ]; then
		part=4
		fail_each fail_nth selftest=1
		part=$most
	fi
	kernel_can_fail || return 0
	note "expect page allocation failure"
	note "expect kmem_cache_create"
	fail_each fail_kernel_nth
	note "expect end"
}

if [ "$do" = setup ]; then
	setup
	exit 0
fi
# Each load that fails waits for some grace periods.
expedited=$(cat /sys/kernel/rcu_expedited)
echo 1 >/sys/kernel/rcu_expedited
note "set begin loading"
forget
fail_checks
fail_checks debug=all quarantine_kb=1024
write_while_loading
wrong_built_in
absent
[ "$do" = first ] || fail_all
note "set end loading"
echo "$expedited" >/sys/kernel/rcu_expedited
