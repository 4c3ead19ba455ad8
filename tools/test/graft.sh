#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# graft.sh: galloc in a kernel's source, `make check-graft`: tools/graft into that of 7.3, out
# again, and the KUnit suites built in, by the kernel's own kunit.py on user-mode Linux. Some
# minutes, and 2 GB below TMPDIR. Last line: N passed, N failed, N skipped.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

test_dir graft
need_for kernels guests release
ksrc=$work/linux
mkdir "$ksrc"
"$top/tools/kernel.sh" source 7.3 >/dev/null
deb=$(find "$(cache_dir)/source" -name 'linux-source-7.3_*.deb' | sort -V | tail -n 1)
# shellcheck disable=SC2016 # the inner bash expands it
PROGRESS_NAME="unpack ${deb##*/}" progress bash -c '
	set -o pipefail
	dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "./usr/src/*.tar.xz" | tar -xJ -C "$2" --strip-components=1' - "$deb" "$ksrc"

# state: of all that a graft may change.
state()
{
	(cd "$ksrc" && ls -a include mm tools/testing/selftests && cat mm/Makefile mm/Kconfig tools/testing/selftests/Makefile) | cksum
}

# grafted TREE: all that is galloc's there.
grafted()
{
	(cd "$1" && find mm/galloc include/galloc tools/testing/selftests/galloc -type f ! -name .grafted | sort |
		xargs cksum mm/Makefile mm/Kconfig tools/testing/selftests/Makefile)
}

before=$(state)
same "another folder is no kernel source" "$("$top/tools/graft" "$work" 2>&1)" \
	"graft: $work is no kernel source: it has no mm/Kconfig"
"$top/tools/graft" "$ksrc" 2>/dev/null
once=$(state)
"$top/tools/graft" "$ksrc" 2>/dev/null
same "twice is as once" "$(state)" "$once"
"$top/tools/graft" --reverse "$ksrc" 2>/dev/null
same "--reverse leaves the source as it was" "$(state)" "$before"
mkdir "$ksrc/mm/galloc"
same "what others have put there stays" "$("$top/tools/graft" "$ksrc" 2>&1)" \
	"graft: $ksrc/mm/galloc is not of this script: nothing is changed"
rmdir "$ksrc/mm/galloc"

if "$top/tools/ship/patch.sh" "$ksrc" >"$work/patch" 2>/dev/null; then
	ok "the series passes checkpatch"
else
	not_ok "the series passes checkpatch" "$(head -n 1 "$work/patch")"
fi
mkdir "$work/am"
(cd "$ksrc" && cp --parents -t "$work/am" mm/Kconfig mm/Makefile MAINTAINERS tools/testing/selftests/Makefile)
git -C "$work/am" init -q
git -C "$work/am" apply "$top"/build/patch/{000[1-9],001?}-*.patch
"$top/tools/graft" "$ksrc" 2>/dev/null
same "and is what tools/graft does" "$(grafted "$work/am")" "$(grafted "$ksrc")"

# With a modprobe that finds no galloc, whatever this machine has.
ln -s /bin/false "$work/modprobe"
same "a kselftest without galloc is skipped" "$(PATH=$work:$PATH make -s -C "$ksrc/tools/testing/selftests" TARGETS=galloc \
	KDIR=/nonexistent run_tests 2>/dev/null | grep -cE '^ok [12] selftests: galloc: [a-z]*\.sh # SKIP')" 2
cd "$ksrc"
mkdir -p "$top/build/log"
guest_uml_memory 1
PROGRESS_NAME="kunit.py" PROGRESS_LOG=$top/build/log/graft.log progress env TMPDIR="$UML_MEMORY" tools/testing/kunit/kunit.py run --kunitconfig=mm/galloc --build_dir="$work/build" \
	--jobs="$(nproc)" --kconfig_add CONFIG_MODULES=y --kconfig_add CONFIG_MODULE_UNLOAD=y \
	--kconfig_add CONFIG_HOSTFS=y --kconfig_add CONFIG_BINFMT_SCRIPT=y || true
result=$(sed -n 's/.*Testing complete. Ran [0-9]* tests: //p' "$top/build/log/graft.log")
same "kunit.py: no suite fails" "$(grep -oE '(failed|crashed|errors): [0-9]+' <<<"${result:-failed: 1}")" ""
passed=$((passed + $(grep -oE 'passed: [0-9]+' <<<"$result" | grep -oE '[0-9]+' || echo 0)))
same "it builds without a warning" "$(grep -m 3 'mm/galloc.*warning:' "$top/build/log/graft.log")" ""

# kselftest_runs: in that kernel, whose root is this machine's, read-only.
kselftest_runs()
{
	make -s -C tools/testing/selftests/galloc/test_modules KDIR="$work/build" ARCH=um
	cat >"$work/init" <<-END
		#!/bin/sh
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin
		mount -t proc none /proc
		mount -t sysfs none /sys
		mount -t debugfs none /sys/kernel/debug
		make -C $ksrc/tools/testing/selftests TARGETS=galloc KDIR=/nonexistent run_tests
		busybox poweroff -f
	END
	chmod +x "$work/init"
	PROGRESS_NAME=kselftest PROGRESS_LOG=$1 progress env TMPDIR="$UML_MEMORY" timeout -s KILL 600 "$work/build/linux" mem=512M \
		root=/dev/root rootfstype=hostfs ro init="$work/init" con=null con0=fd:0,fd:1 kunit.enable=0 quiet || true
}

log=$top/build/log/kselftest.log
kselftest_runs "$log" >/dev/null
same "kselftest: both programs are content" "$(grep -cE '^ok [12] selftests: galloc: [a-z]*\.sh' "$log")" 2
passed=$((passed + $(grep -cE '^# ok ' "$log")))
same "kselftest: no check fails" "$(grep -m 1 '^# not ok' "$log")" ""

# boots PARAMETER...: what galloc says in that kernel, with these on the command line, and
# what the kernel has to say of it.
boots()
{
	cat >"$work/init" <<-END
		#!/bin/sh
		export PATH=/usr/sbin:/usr/bin:/sbin:/bin
		mount -t proc none /proc
		dmesg | grep -E 'galloc: |WARNING:|BUG:'
		busybox poweroff -f
	END
	PROGRESS_NAME="boot" PROGRESS_LOG=$top/build/log/graft-boot.log progress timeout -s KILL 600 "$work/build/linux" \
		mem=512M root=/dev/root rootfstype=hostfs ro init="$work/init" con=null con0=fd:0,fd:1 kunit.enable=0 \
		quiet "$@" >/dev/null || true
	grep -aoE 'galloc: .*|WARNING: .*|BUG: .*' "$top/build/log/graft-boot.log" | sort -u | tr -d '\r'
}

said=$(boots galloc.check_absent=1 galloc.limit_mb=8 galloc.reserve_mb=16 galloc.cpu_cache_kb=1 galloc.fault=stop)
same "parameters that are wrong are named" "$(grep -cE '(is more than limit_mb=8|is out of range|is unknown)' <<<"$said")" 3
same "and galloc is there" "$(grep -c 'galloc: loaded: ' <<<"$said")" 1
same "who calls before has nothing" "$(grep -E 'absent, before: checked|WARNING|BUG' <<<"$said")" \
	"galloc: absent, before: checked"
said=$(boots galloc.check_absent=1 galloc.fail_nth=9)
same "so has who calls when it could not start" \
	"$(grep -E 'not loaded, error -12$|absent, after: checked|WARNING|BUG' <<<"$said" | tr '\n' ';')" \
	"galloc: absent, after: checked;galloc: not loaded, error -12;"
