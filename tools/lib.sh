# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# lib.sh: functions shared by the scripts in tools/. Source it, do not run it:
#
#	. "$(dirname "$0")/lib.sh"
#
# Scripts print results on stdout and messages on stderr, so that other scripts can
# use the results. An error is one line that ends in the remedy.

# shellcheck source=tools/ktap.sh
. "${BASH_SOURCE[0]%/*}/ktap.sh"

# A failing command inside $(...) ends the script like any other one.
shopt -s inherit_errexit

# Of each script what is at its top says how to use it.
if [ "${1:-}" = --help ] && [ -f "$0" ]; then
	awk 'NR == 1 { next } !/^#/ { exit } /SPDX-License|# Copyright/ { next }
		{ sub(/^# ?/, "") } !said && $0 == "" { next } { said = 1; print }' "$0"
	exit
fi

# modinfo and depmod are only there up to Debian 13, which is not in the PATH of its users.
PATH=$PATH:/usr/sbin:/sbin

# The kernel's make is not a part of the one that called us: neither its flags
# nor variables from its command line are meant for it.  Nor is what the environment says
# of a kernel of the user's own: with its KBUILD_OUTPUT ours would be configured there.
unset MAKEFLAGS MFLAGS MAKELEVEL
unset KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_EXTRA_SYMBOLS KCONFIG_CONFIG KCFLAGS LLVM CROSS_COMPILE

# One progress line for a person; stdout stays free for results.
say()
{
	printf -- '-- %s\n' "$*" >&2
}

# Print one line with the error and the remedy, and exit.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# runs_programs DIR: can what lies there be run? Not where it is mounted noexec.
runs_programs()
{
	local file rc=0

	file=$(mktemp "$1/galloc-exec.XXXXXX" 2>/dev/null) || return 1
	# Where the disk is full it stays empty, and would run all the same.
	printf '#!/bin/sh\n' >"$file" 2>/dev/null && chmod +x "$file" && "$file" 2>/dev/null || rc=1
	rm -f "$file"
	return $rc
}

# scratch_dir: where files are kept while a script runs, programs among them: TMPDIR, build,
# or, where the tree cannot be written or kbuild cannot build in it, /tmp.
scratch_dir()
{
	local dir

	for dir in "${TMPDIR:-}" "${top:+$top/build}" /tmp /var/tmp; do
		if [ -n "$dir" ] && plain_path "$dir" && mkdir -p "$dir" 2>/dev/null && runs_programs "$dir"; then
			printf '%s\n' "$dir"
			return
		fi
	done
	die "programs can be run from neither ${top:+$top/build nor }/tmp: set TMPDIR to a directory with room where they can"
}

# scratch NAME: make a folder there, and print its path.
scratch()
{
	local dir

	dir=$(scratch_dir) || exit
	mktemp -d "$dir/galloc-$1.XXXXXX" 2>/dev/null || die "no room in $dir: free some, or set TMPDIR"
}

# work_dir NAME: make the folder $work, which goes when the script ends, however it does.
work_dir()
{
	work=$(scratch "$1")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' INT TERM HUP
}

# test_dir NAME: the same, and the last line of a test comes at the end in any case.
test_dir()
{
	work_dir "$1"
	trap end_test EXIT
}

end_test()
{
	local rc=${1:-$?}

	rm -rf "$work"
	[ "$rc" -eq 0 ] || [ "$failed" -gt 0 ] || not_ok "${0##*/}" "it ended early (status $rc)"
	sum || rc=1
	exit "$rc"
}

# use_kernel ARG...: set what kernel.sh prints.
use_kernel()
{
	local kernel

	# shellcheck disable=SC2034 # for the script
	KREL='' KDIR='' VMLINUZ='' MODDIR='' KARCH='' CROSS='' BUSYBOX=''
	kernel=$("${BASH_SOURCE[0]%/*}/kernel.sh" "$@") || return
	eval "$kernel"
}

# fill_page PAGE NAME: standard input becomes what a document has between its lines
# ".. begin NAME" and ".. end NAME".
fill_page()
{
	[ "$(grep -cxE "\.\. (begin|end) $2" "$1")" -eq 2 ] || die "$1 has no place for $2"
	awk -v "name=$2" '
		NR == FNR { text = text $0 "\n"; next }
		$0 == ".. end " name { skip = 0 }
		!skip { print }
		$0 == ".. begin " name { skip = 1; printf "\n%s\n", text }' - "$1" >"$1.tmp"
	mv "$1.tmp" "$1"
}

# The folder where kernels and packages are kept, outside the tree so that
# they outlive `make clean` and are shared by all checkouts.
cache_dir()
{
	local dir=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}

	[ -n "$dir" ] || die "there is no HOME: set XDG_CACHE_HOME to a writable directory"
	dir+=/galloc
	plain_path "$dir" || die "kbuild cannot build in '$dir': set XDG_CACHE_HOME to a path without spaces and colons"
	mkdir -p "$dir" 2>/dev/null || die "cannot create $dir: set XDG_CACHE_HOME to a writable directory"
	refuse_others "$dir" -maxdepth 2
	printf '%s\n' "$dir"
}

# plain_path PATH: one that kbuild and the command lines of guests take.
plain_path()
{
	[[ $1 != *[[:space:]:]* ]]
}

# refuse_others DIR [ARG...]: of find. Root, by sudo, may have left there what we cannot change.
refuse_others()
{
	local found

	[ "$(id -u)" -ne 0 ] || return 0
	found=$(find "$@" ! -user "$(id -u)" ! -writable -print -quit 2>/dev/null) || true
	[ -z "$found" ] ||
		die "$found belongs to $(stat -c %U "$found"); type: sudo chown -R $(id -un) $(printf %q "$1")"
}

# need_tree: one that we can build in.
# shellcheck disable=SC2154 # top is the script's
need_tree()
{
	plain_path "$top" || die "kbuild cannot build in '$top': move the tree to a path without spaces and colons"
	[ ! -d "$top/build" ] || refuse_others "$top/build"
	{ mkdir -p "$top/build" && [ -w "$top/build" ]; } 2>/dev/null ||
		die "cannot write into $top/build: copy the tree to a writable directory"
}

# need_places: that, and others to keep kernels in and to start guests from. Said before packages
# are installed and kernels fetched.
need_places()
{
	need_tree
	plain_path "${TMPDIR:-}" || die "kbuild cannot build in '$TMPDIR': set TMPDIR to a path without spaces and colons"
	cache_dir >/dev/null
}

# need_disk MB: the cache's file system must have that much room, said before
# the work begins and not after ten minutes of it.
need_disk()
{
	local dir have

	dir=$(cache_dir)
	have=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	[ "$have" -ge "$1" ] ||
		die "$dir needs $1 MB of free disk space, but has $have MB: free some, or set XDG_CACHE_HOME to another disk"
}

# memory_mb: how much a container, or else the machine, has to spare.
memory_mb()
{
	local group=${CGROUP:-/sys/fs/cgroup} meminfo=${MEMINFO:-/proc/meminfo} have limit

	have=$(awk '/^(MemAvailable|SwapFree):/ { kb += $2 } END { print int(kb / 1024) }' "$meminfo")
	limit=$(cat "$group/memory.max" 2>/dev/null) || true
	if [[ $limit =~ ^[0-9]+$ ]]; then
		# What is cached can be had, except what is in a tmpfs.
		limit=$(awk -v "limit=$limit" 'NR == 1 { limit -= $1; next }
			$1 == "file" { limit += $2 }
			$1 == "shmem" { limit -= $2 }
			END { print int(limit / 1048576) }' "$group/memory.current" "$group/memory.stat")
		[ "$limit" -ge "$have" ] || have=$limit
	fi
	echo "$have"
}

# need_memory MB REMEDY: so much must be free, or guests would be killed in the middle.
need_memory()
{
	local have

	have=$(memory_mb)
	[ "$have" -ge "$1" ] || die "needs $1 MB of free memory, but there are $have MB: $2"
}

# Only a processor that virtualises gives a KVM that works: on some machines
# /dev/kvm is there, makes a VM, and then hangs it for ever. GALLOC_KVM=0 or 1
# overrides.
have_kvm()
{
	case ${GALLOC_KVM:-} in
	0) return 1 ;;
	1) return 0 ;;
	esac
	grep -qwE 'vmx|svm' /proc/cpuinfo && [ -w /dev/kvm ]
}

# progress PROGRAM ARG...: run a program (not a shell function) that takes
# long. Its output goes to $PROGRESS_LOG (default: a file without a name, which becomes
# build/log/failed-NAME.log if it fails), a person sees what runs ($PROGRESS_NAME) and for
# how long, and the last lines of the log if it fails. Returns the program's exit status.
progress()
{
	local name=${PROGRESS_NAME:-$1} log=${PROGRESS_LOG:-} fd='' start=$SECONDS rc=0

	[ -n "$log" ] || open_log
	watched "$name" "$@" >"$log" || rc=$?
	if [ "$rc" -ne 0 ]; then
		say "$name: failed after $((SECONDS - start)) s; the end of $(kept_log "$name" "$log"):"
		tail -n "${PROGRESS_TAIL:-15}" "$log" | sed 's/^/   | /' >&2
	elif [ $((SECONDS - start)) -ge 3 ]; then
		say "$name: $((SECONDS - start)) s"
	fi
	[ -z "$fd" ] || exec {fd}>&-
	return "$rc"
}

# open_log: set $log to the path of a file without a name, of the descriptor $fd, of which
# nothing is left whoever is killed.
open_log()
{
	log=$(mktemp -t galloc-log.XXXXXX)
	exec {fd}<>"$log"
	rm -f "$log"
	log=/proc/$BASHPID/fd/$fd
}

# kept_log NAME LOG: what to call the log of a failure. One without a name is kept in build.
kept_log()
{
	local kept=${top:-}/build/log/failed-${1//[^A-Za-z0-9._-]/-}.log

	if [[ $2 != /proc/* ]]; then
		echo "$2"
	elif [ -n "${top:-}" ] && { mkdir -p "${kept%/*}" && cp "$2" "$kept"; } 2>/dev/null; then
		echo "$kept"
	else
		echo "its output"
	fi
}

# attempt NAME PROGRAM ARG...: like progress(), for what may well fail, such as
# whatever needs a network. Then nothing is printed but $WHY says why, for the one
# line that the caller prints.
attempt()
{
	local log='' fd='' rc=0

	open_log
	watched "$@" >"$log" || rc=$?
	WHY=$(grep '^E: ' "$log" | head -n 1 | tr -s ' ' | cut -c 4-200) || true
	[ -n "$WHY" ] || WHY=$(tail -n 1 "$log" | cut -c 1-200)
	exec {fd}>&-
	return "$rc"
}

# watched NAME PROGRAM ARG...: run a program, its stderr with its stdout, and
# tell a person on ours for how long. Returns the program's exit status.
#
# If the process that runs this is killed, by any signal, the kernel stops the
# program, and it is not left behind with the processors and the lock.  The heartbeat
# does so where only the script was killed, and not a subshell of it that runs this.
watched()
{
	local name=$1 pid beat rc=0
	shift

	setpriv --pdeathsig TERM -- "$@" 2>&1 </dev/null &
	pid=$!
	heartbeat "$name" "$pid" >/dev/null &
	beat=$!
	# Not a word of bash's own about how it ended.
	wait "$pid" 2>/dev/null || rc=$?
	kill -KILL "$beat" 2>/dev/null || true
	wait "$beat" 2>/dev/null || true
	[ ! -t 2 ] || printf '\r\033[K' >&2
	return "$rc"
}

# The other half of watched(): on a terminal one line that counts, elsewhere a
# line now and then.
heartbeat()
{
	local name=$1 pid=$2 start=$SECONDS next=10 tick

	# A signal to the whole group must not end the process that cleans up.
	trap '' INT TERM HUP
	# Reading a silent pipe is a sleep without a process, which
	# would outlive us.
	exec {tick}<> <(:)
	while true; do
		read -rt 1 -u "$tick" || true
		if ! kill -0 $$ 2>/dev/null; then
			kill "$pid" 2>/dev/null
			return
		fi
		if [ -t 2 ]; then
			printf '\r\033[K-- %s: %d s' "$name" $((SECONDS - start)) >&2
		elif [ $((SECONDS - start)) -ge "$next" ]; then
			say "$name: $((SECONDS - start)) s so far"
			next=$((next + 20))
		fi
	done
}

# cache_entry NAME BUILDER [ARG...]: print the path of the cache entry NAME
# (FAMILY/KEY, such as uml-7.3/VERSION), building it first if it is not there.
#
# BUILDER, a function, is called as `BUILDER TMP FINAL ARG...` and fills the
# folder TMP, which becomes FINAL. An entry is complete or absent: it is built
# beside its place and renamed, under a lock. Everything that the builder
# starts inherits the lock, so whoever gets it knows that no leftover of a
# killed build still writes.
#
# Call it plainly, dir=$(cache_entry ...), never behind `if` or `||`: bash would
# then ignore `set -e` in the builder, too, and keep a half-built entry.
cache_entry()
{
	local name=$1 builder=$2 final ignored
	shift 2

	ignored=$(set +e; (set -e; false; echo yes); true)
	[ -z "$ignored" ] || die "do not call cache_entry where its status is tested"
	final=$(cache_dir)/$name
	if [ ! -d "$final" ]; then
		mkdir -p "${final%/*}"
		# A subshell, so that the lock ends with it.
		(cache_build "$name" "$final" "$builder" "$@") >&2 9>"${final%/*}/.lock"
	fi
	touch "$final"
	printf '%s\n' "$final"
}

# The locked half of cache_entry(); the lock, one a family, is file descriptor 9.
cache_build()
{
	local name=$1 final=$2 builder=$3 waited=0
	shift 3

	until flock -w $((waited > 0 ? 15 : 0)) 9; do
		say "waiting for another make in ${final%/*} ($waited s)"
		waited=$((waited + 15))
	done
	[ ! -d "$final" ] || return 0
	rm -rf "${final%/*}"/*.tmp.*
	cache_forget_old "${final%/*}"
	# shellcheck disable=SC2064 # expanded now: $final is local
	trap "rm -rf '$final.tmp.$BASHPID' 2>/dev/null" EXIT
	mkdir "$final.tmp.$BASHPID"
	"$builder" "$final.tmp.$BASHPID" "$final" "$@"
	# The data before the name: a power cut must not leave a broken entry.
	sync -f "$final.tmp.$BASHPID"
	mv "$final.tmp.$BASHPID" "$final"
}

# An upgrade leaves the entry of the old version behind. When a new one is
# made, those of the same family that nobody used for a month go.
cache_forget_old()
{
	find "$1" -mindepth 1 -maxdepth 1 ! -name .lock -mtime +30 -exec rm -rf {} +
}

# The PACKAGEs of the arguments that are not installed, one a line.
missing_packages()
{
	local pkg

	# Mostly all are there, which dpkg-query can say at once.
	# shellcheck disable=SC2016 # dpkg-query expands it
	[ "$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "$@" 2>/dev/null |
		grep ' installed$' | sort -u | wc -l)" -ne $# ] || return 0
	for pkg in "$@"; do
		# shellcheck disable=SC2016 # dpkg-query expands it
		dpkg-query -W -f '${db:Status-Status}\n' "$pkg" 2>/dev/null |
			grep -qx installed || printf '%s\n' "$pkg"
	done
}

# packages_for PURPOSE...: what is needed for each of them, on one line. The parts of
# make check ask for theirs; it asks for all at once.
packages_for()
{
	local purpose

	for purpose in "$@"; do
		case $purpose in
		modules) echo make gcc binutils kmod ;;
		guests) echo busybox-static cpio gzip ;;
		qemu) echo qemu-system-x86 ;;
		arm64) echo qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
		programs) echo gcc libc6-dev ;;
		clang) echo clang libclang-rt-dev ;;
		python) echo python3 ;;
		traces) echo xz-utils trace-cmd ;;
		kernels) echo gcc make flex bison bc libelf-dev libssl-dev xz-utils python3 perl ;;
		model) echo spin ;;
		quick-lint) echo perl python3 codespell ;;
		lint) echo sparse pylint shellcheck ;;
		plots) echo gnuplot-nox ;;
		recording) echo e2fsprogs ;;
		ported) echo xz-utils util-linux iproute2 ;;
		demo) echo gcc-12 xz-utils e2fsprogs xfsprogs btrfs-progs f2fs-tools nilfs-tools jfsutils attr acl \
			nbd-server nbd-client mdadm dmsetup wireguard-tools nftables iproute2 \
			squashfs-tools erofs-utils exfatprogs dosfstools ipset ;;
		observing) echo libncurses-dev zlib1g-dev tmux ;;
		drgn) echo python3 python3-drgn ;;
		tracers) echo linux-perf bpftrace ;;
		shown) echo prometheus golang-go chromium ;;
		release) echo git gpg gpg-agent ;;
		docs) echo python3-sphinx perl ;;
		pdf) echo librsvg2-bin python3-sphinxcontrib.svg2pdfconverter latexmk texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended tex-gyre ;;
		dkms) echo dkms make gcc ;;
		packages) echo build-essential dpkg-dev debhelper dh-dkms lintian fakeroot libncurses-dev zlib1g-dev "linux-headers-$(dpkg --print-architecture)" ;;
		cocci) echo coccinelle ;;
		roots) echo debootstrap ;;
		rpm) echo rpm rpmlint xz-utils ;;
		client) echo pkgconf ;;
		# The compiler that Debian's headers of a series ask for.
		6.1) echo gcc-12 ;;
		*) die "unknown purpose of packages: $purpose" ;;
		esac
	done | tr ' ' '\n' | LC_ALL=C sort -u | tr '\n' ' '
}

# need_for PURPOSE...: have all that is missing installed, in one go.
need_for()
{
	local packages

	packages=$(packages_for "$@")
	# shellcheck disable=SC2086 # words
	need_packages $packages
}

# can_install: may we? As root, or by sudo where that asks for no password.
can_install()
{
	[ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

# need_packages PACKAGE...: have them installed. Lists of packages are only
# fetched when what we have is not known to apt or no longer on the mirror.
need_packages()
{
	local missing
	local -a apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y
		-o DPkg::Lock::Timeout=300 --no-install-recommends)

	command -v apt-get >/dev/null ||
		die "requires Debian's packages $*, but there is no apt-get"
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	can_install ||
		die "packages are missing; type: sudo apt-get install --no-install-recommends ${missing[*]}"

	say "installing ${missing[*]}"
	[ "$(id -u)" -eq 0 ] || apt=(sudo -n -- "${apt[@]}")
	if "${apt[@]}" -s install "${missing[@]}" >/dev/null 2>&1 &&
	   attempt "apt-get install" "${apt[@]}" install "${missing[@]}"; then
		return 0
	fi
	attempt "apt-get update" "${apt[@]}" -o APT::Update::Error-Mode=any update ||
		die "packages are missing and there is no network ($WHY); with network access, type: sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}"
	attempt "apt-get install" "${apt[@]}" install "${missing[@]}" ||
		die "cannot install packages ($WHY); type: sudo apt-get install --no-install-recommends ${missing[*]}"
}

# shellcheck source=tools/guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"
# shellcheck source=tools/build.sh
. "${BASH_SOURCE[0]%/*}/build.sh"
