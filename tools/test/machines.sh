# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# machines.sh: what the scripts make of machines that are set up otherwise than a developer's.
# run.sh sources it.
#
# shellcheck disable=SC2154 # top and work are run.sh's

# The PATH of a user of Debian 12, which has no /sbin.
user_path=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games

# Each script for a host that runs one of these has them in its PATH, and so have make's recipes.
programs_of_root_are_found()
{
	local names='modinfo|depmod|insmod|modprobe|lsmod|losetup|mke2fs|mkfs[.a-z0-9]*|mksquashfs|blkid|sysctl|debootstrap|chroot|dkms|ip'
	local script n=0

	while read -r script; do
		head -n 1 "$top/tools/$script" | grep -qx '#!/bin/bash' || continue
		n=$((n + 1))
		# shellcheck disable=SC2016 # theirs
		grep -qE '^\. "\$(top|here)/(tools/)?(lib|kernel|clang)\.sh"$' "$top/tools/$script" && continue
		echo "error: $script has no such PATH"
		return 1
	done < <(cd "$top/tools" && grep -lE "(^|[;&|(]|PROGRESS_NAME=\"[^\"]*\" progress|exec)[[:space:]]*($names) " -r --include='*.sh' .)
	[ "$n" -ge 3 ] || { echo "error: only $n scripts have such programs"; return 1; }
	! grep -nE "^	@?($names) " "$top/Makefile" || { echo "error: make has no such PATH"; return 1; }
	# shellcheck disable=SC2016 # the inner bash expands it
	[ "$(PATH=$user_path bash -c '. "$1/tools/lib.sh"; echo "$PATH"' - "$top")" = "$user_path:/usr/sbin:/sbin" ] || return 1
	[ ! -x /sbin/modinfo ] || PATH=$user_path bash -c '. "$1/tools/lib.sh"; modinfo --version' - "$top"
}

# ends FAILED STATUS: the last two lines of a test that ends with that status, in one.
ends()
{
	# shellcheck disable=SC2016 # the inner bash expands them
	bash -c 'top=$1; . "$top/tools/lib.sh"; test_dir ends; failed=$2; (exit $3)' ends "$top" "$@" | tail -n 2 | tr '\n' ';'
}

early_ends_are_failures()
{
	[ "$(ends 0 3)" = "not ok - ends: it ended early (status 3);0 passed, 1 failed, 0 skipped;" ] &&
		[ "$(ends 1 1)$(ends 0 0)" = "0 passed, 1 failed, 0 skipped;0 passed, 0 failed, 0 skipped;" ] && return
	echo "error: $(ends 0 3)"
	return 1
}

check "scripts: programs of /sbin are found with a user's PATH" programs_of_root_are_found
check "scripts: a test that ends early has failed" early_ends_are_failures

# with_mounts COMMAND...: as root of mounts of our own, where that is allowed.
with_mounts()
{
	if [ "$(id -u)" -eq 0 ]; then
		unshare -m "$@"
	else
		unshare -rm "$@"
	fi
}

# Where nothing in /tmp can be run, and then the tree is read-only, too.
# shellcheck disable=SC2016 # the inner bash expands it
work_is_where_programs_run()
{
	with_mounts env -u TMPDIR bash -euc '
		mount -t tmpfs -o noexec none /tmp
		top=$1
		. "$top/tools/lib.sh"
		(work_dir test; [[ $work == "$top"/build/galloc-test.* ]] || { echo "error: it is $work"; exit 1; })
		mount --bind "$top" "$top"
		mount -o remount,bind,ro "$top"
		(work_dir test; [[ $work == /var/tmp/galloc-test.* ]] || { echo "error: it is $work"; exit 1; })
		mount -t tmpfs -o noexec none /var/tmp
		said=$(scratch test 2>&1) && { echo "error: there is none"; exit 1; }
		[[ $said == *": set TMPDIR to a directory with room where they can" ]] || { echo "error: it says $said"; exit 1; }
		[ -z "$(ls /tmp /var/tmp | grep galloc)" ] || { echo "error: something is left"; exit 1; }
		' - "$top"
}

# A file without a name holds what a program says; one with a name, what it said before it failed.
# shellcheck disable=SC2016 # the inner bash expands it
logs_of_progress_go()
{
	local dir=$work/progress log pid
	local run='top=$1; . "$1/tools/lib.sh"; echo $$ >"$1/pid"; PROGRESS_NAME="a b" progress sh -c "$2"'

	mkdir -p "$dir/tmp"
	cp -r "$top/tools" "$dir/"
	! TMPDIR=$dir/tmp bash -c "$run" - "$dir" 'echo said; exit 3' >"$work/out" 2>&1 || return 1
	log=$dir/build/log/failed-a-b.log
	if [ "$(tail -n 1 "$work/out") $(cat "$log")" != "   | said said" ] || ! grep -q "the end of $log:" "$work/out"; then
		echo "error: $(cat "$work/out")"
		return 1
	fi
	rm "$dir/pid"
	TMPDIR=$dir/tmp bash -c "$run" - "$dir" "touch $dir/begun; sleep 100" >/dev/null 2>&1 &
	pid=$!
	until [ -e "$dir/begun" ] || ! kill -0 "$pid"; do sleep 0.1; done
	kill -KILL "$pid"
	wait "$pid" || true
	[ -e "$dir/begun" ] && [ -z "$(ls "$dir/tmp")" ] && return
	echo "error: $(ls "$dir/tmp")"
	return 1
}

# memory_of OPTIONS GUESTS [MB]: where that many of 64 MB each have it, on a machine with such a
# /dev/shm, and so much free memory.
# shellcheck disable=SC2016 # the inner bash expands it
memory_of()
{
	printf 'MemAvailable: %s kB\nSwapFree: 0 kB\n' $((${3:-10000} * 1024)) >"$work/meminfo"
	with_mounts env -u TMPDIR -u UML_MEMORY GUEST_MEM=64 CGROUP=/nonexistent MEMINFO="$work/meminfo" bash -euc '
		mount -t tmpfs -o "$2" none /dev/shm
		top=$1
		. "$top/tools/lib.sh"
		guest_uml_memory "$3"
		echo "$UML_MEMORY"' - "$top" "$1" "$2" | tr '\n' ' '
}

# As in Docker, there is a /dev/shm in which no user-mode kernel begins, or begins to be killed.
user_mode_has_memory()
{
	local got wanted="/dev/shm $top/build /dev/shm $top/build $top/build "

	mkdir -p "$top/build"
	got="$(memory_of size=64m 1)$(memory_of size=64m,noexec 1)$(memory_of size=192m 3)$(memory_of size=64m 3)$(memory_of size=192m 3 191)"
	[ "$got" = "$wanted" ] && return
	echo "error: it is in $got"
	return 1
}

# uml_ends SHELL_CODE: the status of a user-mode kernel that does this, its console in the log.
uml_ends()
{
	local rc=0

	: >"$work/uml.log"
	# shellcheck disable=SC2016 # the inner bash expands it
	bash -c '. "$1/tools/lib.sh"; bash -c "$UML_RUN" uml "$2" /tmp sh -c "$3" >"$2" 2>&1' - "$top" "$work/uml.log" "$1" 2>/dev/null || rc=$?
	echo "$rc"
}

# What it does once it has powered off says nothing of what ran in it.
user_mode_may_die_when_off()
{
	local off='echo "reboot: Power down"' lines='seq 9' got

	got="$(uml_ends "$off") $(uml_ends "$off; $lines; kill -ABRT \$\$") $(uml_ends "$lines; kill -ABRT \$\$") $(uml_ends "$lines; exit 3")"
	[ "$got" = "0 0 134 3" ] && return
	echo "error: the statuses are $got"
	return 1
}

# guest_that SHELL_CODE TIMEOUT_S: how it ended, and whether before four times the limit.
guest_that()
{
	# shellcheck disable=SC2016 # the inner bash expands it
	GUEST_QUIET=${3:-600} bash -c '. "$1/tools/lib.sh"
		guest_run "$2" "$4" "$2" sh -c "$3" && echo ok
		[ $SECONDS -lt $((4 * ${4%+})) ] || echo late' - "$top" "$work/guest.log" "$1" "$2" 2>&1 |
		sed -n 's/^-- the guest was stopped after .*last line: \(.*\)/stopped at \1/p; /^[a-z]*$/p' | tr '\n' ' '
}

# A slow guest has more time, one that is silent has not, nor has one with a limit by the user.
guests_that_say_something_go_on()
{
	local got

	got="$(guest_that 'sleep 6; echo GUEST: ok' 5+)$(guest_that 'echo said; exec sleep 600' 5+ 1)$(guest_that 'echo busy; exec sleep 600' 5)"
	[ "$got" = "ok stopped at said stopped at busy " ] && return
	echo "error: $got"
	return 1
}

# memory_here MAX CURRENT: what a container with these limits has, in MB, 10 MB of it cached.
memory_here()
{
	printf 'MemAvailable: %s kB\nSwapFree: %s kB\n' 1024000 24000 >"$work/meminfo"
	mkdir -p "$work/cgroup"
	echo "$1" >"$work/cgroup/memory.max"
	echo "$2" >"$work/cgroup/memory.current"
	printf 'anon 1\nfile %s\nslab 3\n' $((10 << 20)) >"$work/cgroup/memory.stat"
	# shellcheck disable=SC2016 # the inner bash expands it
	CGROUP=$work/cgroup MEMINFO=$work/meminfo bash -c '. "$1/tools/lib.sh"; memory_mb; need_memory 1000 rest' - "$top" 2>&1
}

memory_is_told()
{
	local got

	got=$({ memory_here max 0; memory_here $((500 << 20)) $((100 << 20)); memory_here $((5000 << 20)) 0; } | tr '\n' ' ') || true
	[ "$got" = "1023 410 -: needs 1000 MB of free memory, but there are 410 MB: rest 1023 " ] && return
	echo "error: $got"
	return 1
}

check "scripts: what a failed program said is kept, and nothing else is left" logs_of_progress_go
check "scripts: the memory of a container is not the machine's" memory_is_told
check "scripts: a user-mode kernel may abort when it has powered off" user_mode_may_die_when_off
check "scripts: a guest that has something to say has more time" guests_that_say_something_go_on
# Mounts on /tmp hide a tree that is there.
if [[ $top/ != @(/tmp|/var/tmp)/* ]] && with_mounts true 2>/dev/null; then
	check "scripts: programs are kept where they can be run" work_is_where_programs_run
	check "scripts: user-mode kernels have their memory where it can be" user_mode_has_memory
else
	skip "scripts: programs are kept where they can be run" "mounts are not allowed here, or the tree is in /tmp"
	skip "scripts: user-mode kernels have their memory where it can be" "mounts are not allowed here, or the tree is in /tmp"
fi

# Of each script, without anything that it would do; nor is an option taken for a name.
scripts_have_help()
{
	local script said

	# shellcheck disable=SC2016 # theirs
	for script in $(cd "$top" && grep -lE '^\. "\$top/tools/(lib|kernel|clang)\.sh"$' -r tools); do
		[ -x "$top/$script" ] || continue
		said=$(timeout 60 "$top/$script" --help 2>&1) && [[ $said == *[a-z]* && $said != *SPDX* ]] && continue
		echo "error: $script --help says $said"
		return 1
	done
	one_line 'takes no arguments' "$top/tools/ship/deb.sh" --all && one_line 'takes no arguments' "$top/tools/ship/rpm.sh" -x &&
		one_line 'trace: FAILED: .* an option' "$top/tools/trace/record.sh" -x &&
		one_line 'no such option' "$top/tools/port/demo.sh" --short --tabel
}

# What make hands to a script is one word, whatever is in it.
make_keeps_words()
{
	local dir=$work/words target

	mkdir -p "$dir/tools/ship"
	cp "$top/Makefile" "$dir/"
	# shellcheck disable=SC2016 # its own
	printf '%s\n' '#!/bin/sh' 'echo "$# $1"' | tee "$dir/tools/ship/patch.sh" >"$dir/tools/ship/release.sh"
	chmod +x "$dir"/tools/ship/*
	for target in "patch KSRC" "release VERSION"; do
		[ "$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$dir" --no-print-directory "${target% *}" "${target#* }=a 'b")" = "1 a 'b" ] &&
			[ "$(env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s -C "$dir" --no-print-directory "${target% *}")" = "0 " ] || return 1
	done
}

check "scripts: each has --help" scripts_have_help
check "scripts: make hands them one word each" make_keeps_words
