# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# lib.sh: functions shared by the scripts that test a loaded galloc.ko. Source it.
#
# They run as root, in busybox's shell and in bash, and report as kselftest requires;
# begin, finish and the functions for checks are those of ktap.sh, which guests have in
# the same directory.
#
#	MODULES=/modules	where the modules are
#	OPS=1000000		operations of the stress, all rounds together
#	QUICK=1			less of what takes longest, as make check wants

MODULES=${MODULES:-/modules}
G=/sys/kernel/debug/galloc
W=/sys/kernel/debug/wordfreq
export G W

ktap=${0%/*}/ktap.sh
[ -e "$ktap" ] || ktap=${0%/*}/../../ktap.sh
# shellcheck source=tools/ktap.sh
. "$ktap"

# ---- time --------------------------------------------------------------------------
#
# A guest may be ten times slower than another: nothing here depends on how far
# something gets within a time, but for a limit to what hangs.

PATIENCE=3000	# tenths of a second

# nap SECONDS: by reading what nobody writes. A process that sleeps takes an emulated processor
# as long to make as most naps last.
nap()
{
	# shellcheck disable=SC3045 # busybox's shell and bash have it
	read -r -t "$1" _ <&8 || true
}
mkfifo "/tmp/nap.$$"
exec 8<>"/tmp/nap.$$"
rm "/tmp/nap.$$"
# shellcheck disable=SC3045 # as above; if not for parts of a second, it says so
[ -z "$(read -r -t 0.001 _ <&8 2>&1)" ] || nap() { sleep "$1"; }

# wait_until COMMAND...: until it succeeds; 1 if it does not in five minutes.
wait_until()
{
	local n=0

	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt $PATIENCE ] || return 1
		nap 0.1
	done
}

# Hundredths of a second since the boot.
now()
{
	local up

	read -r up _ </proc/uptime
	echo "${up%.*}${up#*.}"
}

# rest_until HUNDREDTHS FILE: so long, or until the file is there.
rest_until()
{
	local up

	while [ ! -e "$2" ] && read -r up _ </proc/uptime && [ "${up%.*}${up#*.}" -lt "$1" ]; do nap 0.02; done
}

# ---- galloc ------------------------------------------------------------------------

# stat_of KEY: a value of galloc/stats or galloc/events; a key in bytes without its unit.
stat_of()
{
	awk -v "key=$1" '$1 == key || $1 == key "_bytes" { print $2 }' "$G/stats" "$G/events"
}

# load_galloc [PARAMETER...]
# shellcheck disable=SC2120
load_galloc()
{
	insmod "$MODULES/galloc.ko" "$@"
}

load()
{
	local name=$1
	shift

	insmod "$MODULES/$name.ko" "$@"
}

# The sum that stats.rst gives, less `system_bytes`, of a copy of galloc/stats.
identity_of()
{
	awk '/^(in_use|cached|central|tail|lost|deferred|free|atomic_reserve|meta)_bytes / { n += $2 }
		/^system_bytes / { n -= $2 } END { printf "%.0f", n }' "$1"
}

# galloc's own worker may be at it while we look: that passes, a wrong book stays wrong.
books_agree()
{
	wait_until sh -c "echo 1 >$G/validate && head -n 1 $G/validate | grep -qx 'state ok'" 2>/dev/null
}

# stats_at_rest COPY: a copy in state exact.
stats_at_rest()
{
	wait_until sh -c "cat $G/stats >$1 && grep -q '^state *exact$' $1"
}

# Show rmmod's message only if it may fail.
unload()
{
	rmmod "$1"
}

loaded()
{
	grep -q "^$1 " /proc/modules
}

# log_mark: from here on the kernel's log is new.
log_mark()
{
	mark=$((mark + 1)) # with our process, since the log outlives us
	echo "galloc-test: mark $$.$mark" >/dev/kmsg
}
mark=0

# log_new [PATTERN]: the log's new lines, without their time stamps.
log_new()
{
	dmesg | sed 's/^<[0-9]*>//; s/^\[[^]]*\] //' |
		sed "1,/galloc-test: mark $$.$mark\$/d" | grep -e "${1:-.}" || true
}

# used_up PATTERN PARAMETER...: the number that galloc_used_up says there.
used_up()
{
	local pattern=$1
	shift

	log_mark
	load galloc_used_up "$@" || return 1
	unload galloc_used_up
	log_new "galloc_used_up: " | tail -n 1 | sed -n "s/.*$pattern.*/\1/p"
}
