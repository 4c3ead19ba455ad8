#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
# shellcheck shell=dash
#
# The guest's side of record.sh: /main of a stock kernel. It works while the kernel
# is recorded, and then writes the recording to the ext4 on the disk /dev/vda.
#
# It prints lines "@ key value"; "@ stage NAME" is progress. Its commands are the same
# each time, other activity of the kernel is not.

T=/sys/kernel/tracing

fail()
{
	echo "GUEST: failed: $*"
	dmesg | tail -n 20
	exit 1
}

# stage NAME COMMAND...: part of the work.
stage()
{
	echo "@ stage $1"
	shift
	"$@" >/tmp/said 2>&1 || fail "$*: $(tail -n 1 /tmp/said)"
}

# Recorded events. Which of these exist differs between kernels.
tracer()
{
	local event

	echo nop >$T/current_tracer
	echo global >$T/trace_clock
	echo 0 >$T/options/overwrite
	echo "$BUFFER_KB" >$T/buffer_size_kb
	for event in kmalloc kmalloc_node kmem_cache_alloc kmem_cache_alloc_node kfree kmem_cache_free; do
		[ "$OF" = galloc ] || [ ! -e $T/events/kmem/$event ] || echo 1 >$T/events/kmem/$event/enable
	done
	[ "$OF" != galloc ] || echo 1 | tee $T/events/galloc/alloc/enable >$T/events/galloc/free/enable
}

# How many objects galloc has allocated.
allocs()
{
	awk 'NR > 1 { n += $8 } END { print n }' /sys/kernel/debug/galloc/classes
}

# Two clients of galloc come and go, with nothing left.
clients()
{
	insmod /clients/wordfreq.ko && cat /text >/sys/kernel/debug/wordfreq/text &&
		insmod /clients/galloc_stress.ko ops="$OPS" && rmmod galloc_stress && rmmod wordfreq &&
		echo 1 >/sys/kernel/debug/galloc/shrink
}

# Of all CPUs: events that found no room.
lost()
{
	cat $T/per_cpu/cpu*/stats | awk '/^(overrun|commit overrun|dropped events):/ { n += $NF } END { print n + 0 }'
}

# tree DIR: unpacked, copied, changed, searched.
tree()
{
	mkdir "$1/a" "$1/files" &&
	tar -xf /tree.tar -C "$1/a" &&
	cp -a "$1/a" "$1/b" &&
	mv "$1/b" "$1/c" &&
	chmod -R g-r "$1/c" &&
	find "$1" -name '*.h' -exec grep -l mutex_lock {} + >/dev/null &&
	load files "$1/files" "$FILES" &&
	sync
}

processes()
{
	local i=0

	load processes "$PROCESSES" || return 1
	# And as a shell does it.
	while [ $i -lt "$PIPES" ]; do
		i=$((i + 1))
		echo "$i" | cat | tr 0-9 a-j >/dev/null || return 1
	done
}

in_parallel()
{
	local rc=0

	load tcp "$((CONNECTIONS / 2))" &
	tree /ext4 || rc=1
	wait $! || rc=1
	return $rc
}

search()
{
	find /tmpfs /ext4 /proc /sys -xdev >/dev/null 2>&1
	du -s /tmpfs /ext4
}

# And what the kernel caches of the search. The frees
# that wait for RCU come within the second.
delete()
{
	rm -r /tmpfs/a /tmpfs/c /ext4/a &&
	umount /ext4 &&
	losetup -d /dev/loop0 &&
	umount /tmpfs &&
	echo 2 >/proc/sys/vm/drop_caches &&
	sleep 1
}

chmod -R 755 /bin /lib*
while read -r module; do
	insmod "/modules/$module" || fail "$module does not load"
done </modules/order
[ "$(cat /sys/block/vda/size)" -gt 0 ] || fail "there is no disk"
ip link set lo up
mkdir /tmpfs /ext4 /disk
gunzip -c /ext4.gz >/ext4.image || fail "there is no file system"
[ "$OF" != galloc ] || insmod /clients/galloc.ko || fail "galloc does not load"
tracer || fail "the tracer cannot be set up"

echo "@ release $(uname -r)"
echo 1 >$T/tracing_on
if [ "$OF" = galloc ]; then
	had=$(allocs)
	stage clients clients
	echo "@ allocs $(($(allocs) - had))"
else
	stage tmpfs mount -t tmpfs -o size=50% none /tmpfs
	stage tmpfs tree /tmpfs
	stage loop losetup /dev/loop0 /ext4.image
	stage ext4 mount -t ext4 /dev/loop0 /ext4
	stage "ext4 and TCP" in_parallel
	stage TCP load tcp "$CONNECTIONS"
	stage processes processes
	stage search search
	stage delete delete
fi
echo 0 >$T/tracing_on

echo "@ lost $(lost)"
echo "@ stage writing"
mount -t ext4 /dev/vda /disk || fail "the disk has no file system"
# Compressing is for machines that are not emulated.
said=$(cd /disk && trace-cmd extract --compression none -o trace.dat 2>&1) || fail "$said"
umount /disk || fail "the recording is not on the disk"
echo "@ seconds $(cut -d . -f 1 /proc/uptime)"
