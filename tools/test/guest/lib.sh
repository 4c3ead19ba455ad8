# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
#
# lib.sh: what the scripts that test a loaded galloc.ko share. Source it.
#
# They run as root, in busybox's shell as well as in bash, and talk as kselftest
# wants it: KTAP on stdout, exit status 0, 1 for a failure, 4 if all was skipped.
#
#	begin N			N checks are planned; a script that runs more or
#				fewer has failed
#	ok NAME
#	not_ok NAME REASON
#	skip NAME REASON
#	same NAME GOT WANTED
#	check NAME COMMAND...	its exit status is 0
#	finish			the end: exit
#
#	MODULES=/modules	where the modules are
#	OPS=1000000		operations of the stress, all rounds together

MODULES=${MODULES:-/modules}
G=/sys/kernel/debug/galloc
W=/sys/kernel/debug/wordfreq
export G W

planned=0 ran=0 failed=0 skipped=0

begin()
{
	planned=$1
	echo "TAP version 13"
	echo "1..$planned"
}

ok()
{
	ran=$((ran + 1))
	echo "ok $ran $1"
}

not_ok()
{
	ran=$((ran + 1))
	failed=$((failed + 1))
	echo "not ok $ran $1 # $2"
}

skip()
{
	ran=$((ran + 1))
	skipped=$((skipped + 1))
	echo "ok $ran $1 # SKIP $2"
}

same()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', not '$3'"
	fi
}

# Its output becomes the reason.
check()
{
	local name=$1 said rc=0
	shift

	said=$("$@" 2>&1) || rc=$?
	if [ $rc -eq 0 ]; then
		ok "$name"
	else
		not_ok "$name" "status $rc: $(echo "$said" | tail -n 1)"
	fi
}

# at_least NAME GOT LEAST
at_least()
{
	if [ "${2:-0}" -ge "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "${2:-nothing}, less than $3"
	fi
}

# at_most NAME GOT MOST
at_most()
{
	if [ "${2:-$(($3 + 1))}" -le "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "${2:-nothing}, more than $3"
	fi
}

note()
{
	echo "# $*"
}

finish()
{
	echo "# Totals: pass:$((ran - failed - skipped)) fail:$failed xfail:0 xpass:0 skip:$skipped error:0"
	if [ "$ran" -ne "$planned" ]; then
		echo "# planned $planned checks, ran $ran"
		exit 1
	fi
	[ "$failed" -eq 0 ] || exit 1
	[ "$skipped" -ne "$ran" ] || exit 4
	exit 0
}

# ---- time --------------------------------------------------------------------------
#
# A guest may be ten times slower than another: nothing here depends on how far
# something gets within a time, but for a limit to what hangs.

PATIENCE=600	# tenths of a second

# wait_until COMMAND...: until it succeeds; 1 if it does not in a minute.
wait_until()
{
	local n=0

	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt $PATIENCE ] || return 1
		usleep 100000
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
	while [ ! -e "$2" ] && [ "$(now)" -lt "$1" ]; do usleep 20000; done
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
	awk '/^(in_use|cached|central|tail|lost|deferred|free|meta)_bytes / { n += $2 }
		/^system_bytes / { n -= $2 } END { printf "%.0f", n }' "$1"
}

# galloc's own worker may be at it while we look: that passes, a wrong book stays wrong.
books_agree()
{
	wait_until sh -c "echo 1 >$G/validate && head -n 1 $G/validate | grep -qx 'state ok'" 2>/dev/null
}

# stats_at_rest COPY: one that says it is exact.
stats_at_rest()
{
	wait_until sh -c "cat $G/stats >$1 && grep -q '^state *exact$' $1"
}

# What rmmod says is an answer only if it may fail.
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
