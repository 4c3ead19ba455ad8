#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# guest.sh: /main of the guest of demo.sh. Loads each set of /port/plan as the kernel's
# and as galloc's, has it work, and prints what it took:
#
#	@@ phase NAME VARIANT PHASE MS SLAB_KB GALLOC_KB
#	@@ check NAME VARIANT ok|WHY WHAT

G=/sys/kernel/debug/galloc
FILES=/tmp/tree.tar

now_ms()
{
	awk '{ print int($1 * 1000) }' /proc/uptime
}

slab_kb()
{
	awk '$1 == "Slab:" { print $2 }' /proc/meminfo
}

galloc_kb()
{
	awk '$1 == "system_bytes" { n = $2 } END { print int(n / 1024) }' $G/stats 2>/dev/null || echo 0
}

# phase NAME COMMAND...: how long it takes, and what is held then.
phase()
{
	local what=$1 start end

	shift
	start=$(now_ms)
	"$@" || failed "$what"
	end=$(now_ms)
	echo "@@ phase $set $variant $what $((end - start)) $(($(slab_kb) - slab)) $(galloc_kb)"
}

failed()
{
	echo "@@ check $set $variant failed $*"
}

# holds WHAT COMMAND...
holds()
{
	local what=$1

	shift
	if "$@" >/tmp/out 2>&1; then
		echo "@@ check $set $variant ok $what"
	else
		echo "@@ check $set $variant failed $what: $(tail -n 2 /tmp/out | tr '\n' ' ')"
	fi
}

# ---- file systems ---------------------------------------------------------------------

unpack()
{
	tar -xf $FILES -C /mnt && sync
}

# The sums of the files that are there, of a list that has all.
sums_agree()
{
	(cd /mnt && md5sum -c "$1" 2>&1 | grep -v ': OK$' >/tmp/bad) || true
	! grep -q . /tmp/bad || { head -n 3 /tmp/bad; return 1; }
}

drop()
{
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 1500000
}

# Rename every folder, delete every second file, write the rest of some anew.
change()
{
	(cd /mnt/tree && for dir in d*; do mv "$dir" "new-$dir"; done)
	find /mnt/tree -type f | awk 'NR % 2' | tr '\n' '\0' | xargs -0 rm -f
	find /mnt/tree -type f | awk 'NR % 8 == 0' | while read -r file; do
		cat "$file" "$file" >/mnt/x && mv /mnt/x "$file"
	done
	find /mnt/tree -type f | awk 'NR % 16 == 0' | while read -r file; do
		ln "$file" "$file.l" && ln -s "$file" "$file.s" && readlink "$file.s" >/dev/null
	done
	sync
}

links()
{
	find /mnt/tree -type l | sort | while read -r link; do
		echo "$link $(readlink "$link")"
	done
}

remember()
{
	(cd /mnt && find tree -type f | sort | tr '\n' '\0' | xargs -0 md5sum >/tmp/sums)
	links >/tmp/links
}

links_agree()
{
	links | cmp - /tmp/links
}

file_system()
{
	local mkfs fsck type=$set

	case $set in
	ext4 | ext2) mkfs="mke2fs -q -F -t $set" fsck="e2fsck -fn" ;;
	xfs) mkfs="mkfs.xfs -q -f" fsck="xfs_repair -n" ;;
	minix) mkfs="mkfs.minix -3" fsck="fsck.minix -f" ;;
	f2fs) mkfs="mkfs.f2fs -q -f" fsck="fsck.f2fs" ;;
	jfs) mkfs="jfs_mkfs -q" fsck="jfs_fsck -n -f" ;;
	nilfs2) mkfs="mkfs.nilfs2 -q" fsck=true ;;
	btrfs) mkfs="mkfs.btrfs -q -f" fsck="btrfs check" ;;
	esac
	# Not busybox's own of that name.
	mkfs=/bin/$mkfs fsck=/bin/$fsck
	rm -f /tmp/image
	truncate -s "${IMAGE_MB:-320}M" /tmp/image
	losetup /dev/loop0 /tmp/image
	# shellcheck disable=SC2086 # words
	holds mkfs $mkfs /dev/loop0
	phase mount mount -t "$type" /dev/loop0 /mnt
	phase unpack unpack
	holds "files as unpacked" sums_agree /tmp/tree.md5
	phase change change
	remember
	phase drop drop
	holds "files after their caches were dropped" sums_agree /tmp/sums
	phase remount sh -c "umount /mnt && mount -t $type /dev/loop0 /mnt"
	phase read sums_agree /tmp/sums
	holds "files after a remount" sums_agree /tmp/sums
	holds "symbolic links" links_agree
	phase delete rm -rf /mnt/tree
	phase umount umount /mnt
	# shellcheck disable=SC2086 # words
	holds fsck $fsck /dev/loop0
	losetup -d /dev/loop0
	rm -f /tmp/image
}

# ---- block devices ------------------------------------------------------------------------

same_as_block()
{
	head -c "$(stat -c %s /tmp/block)" "$1" | cmp - /tmp/block
}

# Some MB of text and of noise, written and read again and again.
block_device()
{
	local dev=$1 n

	while [ "$(stat -c %s /tmp/block 2>/dev/null || echo 0)" -lt 24000000 ]; do
		cat $FILES >>/tmp/block
	done
	head -c 8000000 /dev/urandom >>/tmp/block
	for n in 1 2 3; do
		phase "write-$n" dd if=/tmp/block of="$dev" bs=64k conv=fsync 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		phase "read-$n" same_as_block "$dev"
	done
	holds "what was written" same_as_block "$dev"
	rm -f /tmp/block
}

zram()
{
	echo 96M >/sys/block/zram0/disksize
	block_device /dev/zram0
	holds reset sh -c 'echo 1 >/sys/block/zram0/reset'
}

work()
{
	case $set in
	zram) zram ;;
	null_blk) block_device /dev/nullb0 ;;
	*) file_system ;;
	esac
}

# ---- both variants ---------------------------------------------------------------------------

load_module()
{
	case $1 in
	*/null_blk.ko) insmod "$1" memory_backed=1 gb=1 nr_devices=1 ;;
	*) insmod "$1" ;;
	esac
}

run_set()
{
	local kos module

	kos=$(sed -n "s/^$variant $set //p" /port/modules)
	[ "$variant" = kernel ] || insmod /port/galloc.ko
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 500000
	slab=$(slab_kb)
	for ko in $kos; do phase "load-${ko##*/}" load_module "$ko"; done
	work
	for ko in $(echo "$kos" | tr ' ' '\n' | sed '1!G;h;$!d'); do
		module=$(basename "$ko" .ko | tr - _)
		! grep -q "^$module " /proc/modules || phase "unload-$module" rmmod "$module"
	done
	[ "$variant" = kernel ] || {
		echo 1 >$G/shrink
		holds "no object is left" sh -c "grep -qxE 'in_use_bytes +0' $G/stats"
		holds "no fault" sh -c "! grep -hE '^fault_.* [1-9]' $G/stats $G/events"
		rmmod galloc
	}
}

chmod -R 755 /bin /lib*
mkdir -p /mnt
while read -r ko; do insmod "/port/$ko" 2>/dev/null || true; done </port/stock
while read -r set; do
	for variant in kernel galloc; do run_set; done
done </port/plan
echo "@@ splat $(dmesg | grep -cE "$(cat /port/splats)")"
dmesg | grep -E "$(cat /port/splats)" | head -n 5
