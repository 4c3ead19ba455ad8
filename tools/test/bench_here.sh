#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench_here.sh: what `make bench-here` does to a machine, tried on a stock kernel
# in QEMU. The last line is "N passed, N failed, N skipped".

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
# shellcheck source=tools/guest.sh
. "$top/tools/guest.sh"
# shellcheck source=tools/build.sh
. "$top/tools/build.sh"

passed=0 failed=0

# check NAME PATTERN: a line of the guest's log is it.
check()
{
	if grep -qxE "$2" "$work/log"; then
		echo "ok - $1"
		passed=$((passed + 1))
	else
		echo "not ok - $1: no line of the guest is $2"
		failed=$((failed + 1))
	fi
}

work=$(mktemp -d -t galloc-here.XXXXXX)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP
need_packages make gcc qemu-system-x86 busybox-static cpio
kernel=$("$top/tools/kernel.sh" stock)
KDIR='' KREL='' VMLINUZ=''
eval "$kernel"
build_lock "$KREL"
build_galloc "$KDIR" "$KREL"
build_client "$KDIR" tools/bench
cp "$BUILD/galloc.ko" "$BUILD/tools/bench/galloc_bench.ko" "$work/"
build_unlock

printf '%s\n' "metric=ns reps=3" pair:64c remote:pipe scale:pair >"$work/plan"
cat >"$work/init" <<'INIT'
#!/bin/sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t debugfs none /sys/kernel/debug
dmesg -n 1
modules="/galloc.ko /galloc_bench.ko"
echo no | sh /cases.sh --ask /plan $modules
echo "@ no: $? $(grep -c galloc /proc/modules)"
echo yes | sh /cases.sh --ask /plan $modules
echo "@ yes: $? $(grep -c galloc /proc/modules)"
insmod /galloc.ko
echo yes | sh /cases.sh --ask /plan $modules
echo "@ loaded: $?"
echo "GUEST: ok"
poweroff -f
INIT
guest_initramfs "$work/initramfs" "$work/init" "$work/galloc.ko:/galloc.ko" \
	"$work/galloc_bench.ko:/galloc_bench.ko" "$work/plan:/plan" \
	"$top/tools/bench/cases.sh:/cases.sh"
GUEST_CPUS=2 guest_qemu "$VMLINUZ" "$work/initramfs" "$work/log" 300 ||
	tail -n 20 "$work/log" | sed 's/^/   | /' >&2

number='-?[0-9.]+'
check "without a yes nothing is done" "@ no: 3 0"
check "with a yes the modules are gone when it is over" "@ yes: 0 0"
check "pair was measured" "pair	64c	galloc	1	ns	$number	$number	$number"
check "two CPUs were" "scale	pair	galloc	2	mops	$number	$number	$number"
check "a galloc that is in use is left alone" "@ loaded: 1"
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
