#!/bin/sh
# shellcheck shell=dash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# guest.sh: /main of the guest of demo.sh. Loads each set of /port/plan as the kernel's
# and as galloc's, has it work, and prints what it took:
#
#	@@ phase NAME VARIANT PHASE KILO_INSTRUCTIONS SLAB_KB GALLOC_KB
#	@@ check NAME VARIANT ok|WHY WHAT

G=/sys/kernel/debug/galloc
FILES=/tmp/tree.tar
# MB of a block device, and of a file system's.
MB='' IMAGE_MB=''
# shellcheck source=/dev/null
. /port/settings
# shellcheck source=tools/port/net.sh
. /port/net.sh

# Instructions so far, in thousands, of the processor's clock, which counts one a ns and
# stands still for nobody; without those in which it had nothing to do.
busy()
{
	awk '
		/^now at / { now = $3 / 1000 }
		/^ +\.(idle|iowait)_sleeptime *:/ { idle += $NF == "msecs" ? $(NF - 1) * 1000 : $(NF - 1) / 1000 }
		END { printf "%.0f\n", now - idle }' /proc/timer_list
}

slab_kb()
{
	awk '$1 == "Slab:" { print $2 }' /proc/meminfo
}

galloc_kb()
{
	awk '$1 == "system_bytes" { n = $2 } END { print int(n / 1024) }' $G/stats 2>/dev/null || echo 0
}

# What that consists of.
galloc_parts()
{
	awk '/^(in_use|cached|central|tail|lost|deferred|free|meta)_bytes / {
		printf "%s %d, ", substr($1, 1, length($1) - 6), $2 / 1024 }' $G/stats
}

# phase NAME COMMAND...: what it costs, and what is held then.
phase()
{
	local what=$1 start end

	shift
	start=$(busy)
	"$@" || failed "$what"
	end=$(busy)
	echo "@@ phase $set $variant $what $((end - start)) $(($(slab_kb) - slab)) $(galloc_kb)"
	[ "$variant" = kernel ] || echo "@@ held $set $what $(galloc_parts)"
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
	if has_links; then
		tar -xf $FILES -C /mnt
	else
		tar -xf $FILES -C /mnt --exclude 'tree/s*'
	fi && sync
}

has_links()
{
	case $set in
	exfat | vfat) return 1 ;;
	esac
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
	! has_links || find /mnt/tree -type f | awk 'NR % 16 == 0' | while read -r file; do
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

# Attributes and access control lists, also those that new files inherit.
has_attributes()
{
	case $set in
	ext4 | xfs | btrfs | f2fs | jfs) ;;
	*) return 1 ;;
	esac
}

attribute()
{
	find /mnt/tree -type f | awk 'NR % 8 == 0' | tr '\n' '\0' | xargs -0 -n 50 setfattr -n user.short -v "a value"
	find /mnt/tree -type f | awk 'NR % 40 == 0' |
		tr '\n' '\0' | xargs -0 -n 50 setfattr -n user.long -v "$(head -c 1500 $FILES | md5sum | sed 's/.*/&&&&&&&&&&&&/; s/-//g')"
	find /mnt/tree -type d | tr '\n' '\0' | xargs -0 setfacl -m u:7:rwx,d:u:7:rx,d:g:8:r
	find /mnt/tree -type f | awk 'NR % 16 == 0' | tr '\n' '\0' | xargs -0 -n 50 setfacl -m u:9:r
	find /mnt/tree -type d | awk 'NR % 3 == 0' | while read -r dir; do
		echo inherited >"$dir/inherited"
		mkdir "$dir/below" && chmod 750 "$dir/below"
		setfacl -b "$dir"
	done
	sync
}

attributes()
{
	(cd /mnt && find tree | sort | tr '\n' '\0' | xargs -0 getfattr -d -m - -e hex 2>/dev/null
		find tree ! -type l | sort | tr '\n' '\0' | xargs -0 getfacl -n) | md5sum
}

attributes_agree()
{
	attributes | cmp - /tmp/attributes
}

# A picture of the tree before it changes, which must stay as it is.
snapshot()
{
	case $set in
	btrfs) btrfs subvolume snapshot -r /mnt /mnt/snapshot ;;
	nilfs2) mkcp -s /dev/loop0 ;;
	*) return 1 ;;
	esac >/dev/null
}

snapshot_agrees()
{
	local cp

	case $set in
	btrfs) (cd /mnt/snapshot && md5sum -c /tmp/tree.md5) ;;
	nilfs2)
		cp=$(lscp -s /dev/loop0 | awk 'NR > 1 { print $1 }' | tail -n 1)
		mkdir -p /snapshot && mount -t nilfs2 -o "ro,cp=$cp" /dev/loop0 /snapshot || return 1
		(cd /snapshot && md5sum -c /tmp/tree.md5) && umount /snapshot
		;;
	esac >/tmp/bad 2>&1 || { grep -v ': OK$' /tmp/bad | head -n 3; return 1; }
}

# A link whose text is as long as one may be, read again and again.
long_links()
{
	local n text

	text=$(head -c 700 $FILES | md5sum | sed 's/ .*//; s/.*/&&&&&&&&&&&&&&&&&&&&/')
	for n in 20 50 100 250 600; do
		ln -s "$(echo "$text" | cut -c "1-$n")" "/mnt/tree/long$n" 2>/dev/null || true
		readlink "/mnt/tree/long$n" >/dev/null || true
	done
}

# tree COMMAND: all that is done with files, once that command has mounted them.
tree()
{
	local mounts=$1 snapshot=

	# shellcheck disable=SC2086 # words
	phase mount $mounts
	grep -q " /mnt $set " /proc/mounts || return 0
	phase unpack unpack
	holds "files as unpacked" sums_agree /tmp/tree.md5
	! snapshot || snapshot=1
	phase change change
	! has_links || long_links
	! has_attributes || phase attribute attribute
	attributes >/tmp/attributes
	remember
	phase drop drop
	holds "files after their caches were dropped" sums_agree /tmp/sums
	usleep 1000000
	phase rest true
	phase remount sh -c "umount /mnt && $mounts"
	phase read sums_agree /tmp/sums
	holds "files after a remount" sums_agree /tmp/sums
	holds "symbolic links" links_agree
	! has_attributes || holds "attributes and access control lists" attributes_agree
	[ -z "$snapshot" ] || holds "the snapshot" snapshot_agrees
	phase delete rm -rf /mnt/tree
	phase umount umount /mnt
}

# A tree of which half is on a file system below, and an image that can only be read.
overlay()
{
	mkdir -p /upper
	mount -t tmpfs none /upper
	mkdir -p /upper/lower /upper/upper /upper/work
	tar -xf $FILES -C /upper/lower
	tree "mount -t overlay -o lowerdir=/upper/lower,upperdir=/upper/upper,workdir=/upper/work none /mnt"
	umount /upper
}

# An image with the tree's content.
image()
{
	mkdir -p /mnt/tree
	losetup /dev/loop0 "/port/$set.image"
	phase mount mount -t "$set" /dev/loop0 /mnt/tree
	phase read-1 sums_agree /tmp/tree.md5
	holds "files" sums_agree /tmp/tree.md5
	phase drop drop
	phase read-2 sums_agree /tmp/tree.md5
	holds "files after their caches were dropped" sums_agree /tmp/tree.md5
	phase umount umount /mnt/tree
	losetup -d /dev/loop0
}

file_system()
{
	local mkfs fsck

	case $set in
	vfat) mkfs="mkfs.vfat -F 32" fsck="fsck.vfat -n" ;;
	exfat) mkfs="mkfs.exfat -q" fsck="fsck.exfat -n" ;;
	ext4 | ext2) mkfs="mke2fs -q -F -t $set" fsck="e2fsck -fn" ;;
	xfs) mkfs="mkfs.xfs -q -f" fsck="xfs_repair -n" ;;
	minix) mkfs="mkfs.minix -3" fsck="fsck.minix -f" ;;
	f2fs) mkfs="mkfs.f2fs -q -f" fsck="fsck.f2fs --dry-run -f" ;;
	jfs) mkfs="jfs_mkfs -q" fsck="jfs_fsck -n -f" ;;
	nilfs2) mkfs="mkfs.nilfs2 -q" fsck=true ;;
	btrfs) mkfs="mkfs.btrfs -q -f" fsck="btrfs check" ;;
	esac
	# Not busybox's own of that name.
	mkfs=/bin/$mkfs fsck=/bin/$fsck
	rm -f /tmp/image
	truncate -s "${IMAGE_MB}M" /tmp/image
	losetup /dev/loop0 /tmp/image
	# shellcheck disable=SC2086 # words
	holds mkfs $mkfs /dev/loop0
	tree "mount -t $set /dev/loop0 /mnt"
	# shellcheck disable=SC2086 # words
	holds fsck $fsck /dev/loop0
	losetup -d /dev/loop0
	rm -f /tmp/image
}

# ---- block devices ------------------------------------------------------------------------

same_as_block()
{
	[ "$(head -c "$(stat -c %s /tmp/block)" "$1" | md5sum)" = "$(md5sum </tmp/block)" ]
}

# Some MB, three quarters of text and one of noise, written and read again and again.
block_device()
{
	local dev=$1 n

	head -c $((MB * 750000)) $FILES >/tmp/block
	head -c $((MB * 250000)) /dev/urandom >>/tmp/block
	for n in 1 2 3; do
		phase "write-$n" dd if=/tmp/block of="$dev" bs=64k conv=fsync 2>/dev/null
		echo 3 >/proc/sys/vm/drop_caches
		phase "read-$n" same_as_block "$dev"
	done
	holds "what was written" same_as_block "$dev"
}

zram()
{
	echo 96M >/sys/block/zram0/disksize
	block_device /dev/zram0
	holds reset sh -c 'echo 1 >/sys/block/zram0/reset'
}

# Loop devices of this many MB.
loops()
{
	local n=0

	for mb in "$@"; do
		truncate -s "${mb}M" "/tmp/disk$n"
		losetup "/dev/loop$n" "/tmp/disk$n"
		n=$((n + 1))
	done
}

no_loops()
{
	for n in 0 1 2 3; do
		[ ! -e "/tmp/disk$n" ] || { losetup -d "/dev/loop$n"; rm "/tmp/disk$n"; }
	done
}

nbd()
{
	ip link set lo up
	truncate -s 96M /tmp/disk0
	nbd-server 127.0.0.1:10809 /tmp/disk0 -C /dev/null >/dev/null 2>&1
	holds connect wait_for nbd-client 127.0.0.1 /dev/nbd0 -C 1 -p
	block_device /dev/nbd0
	holds disconnect nbd-client -d /dev/nbd0
	killall nbd-server 2>/dev/null
	usleep 300000
	rm -f /tmp/disk0
}

wait_for()
{
	local n=0

	until "$@"; do
		n=$((n + 1))
		[ "$n" -lt 1500 ] || return 1
		usleep 100000
	done
}

dm_crypt()
{
	loops 96
	holds set-up dmsetup create secret --table \
		"0 $((96 * 2048)) crypt aes-xts-plain64 $(head -c 64 $FILES | md5sum | sed 's/ .*//; s/.*/&&&&/') 0 /dev/loop0 0"
	dmsetup mknodes
	block_device /dev/mapper/secret
	holds "nothing of it in clear" sh -c '! head -c 20000000 /tmp/disk0 | grep -aq "define"'
	holds remove dmsetup remove secret
	no_loops
}

# Two devices with the same blocks, of which one is a copy as of now of what the other
# is: the other is then written, and the copy is not.
copy_of_then()
{
	local origin=$1 copy=$2

	# Not what is there already.
	tr ' ' '_' <$FILES | dd of="$origin" bs=64k conv=fsync 2>/dev/null
	echo 3 >/proc/sys/vm/drop_caches
	holds "the copy is as it was" same_as_block "$copy"
	holds "the other has changed" sh -c "! [ \"\$(head -c 1000000 $origin | md5sum)\" = \"\$(head -c 1000000 $copy | md5sum)\" ]"
}

dm_snapshot()
{
	local sectors=$((96 * 2048))

	loops 96 96
	holds "set-up of the origin" dmsetup create origin --table "0 $sectors snapshot-origin /dev/loop0"
	dmsetup mknodes
	block_device /dev/mapper/origin
	dmsetup suspend origin
	holds "set-up of a snapshot" dmsetup create copy --table "0 $sectors snapshot /dev/loop0 /dev/loop1 P 8"
	dmsetup resume origin
	dmsetup mknodes
	phase copy copy_of_then /dev/mapper/origin /dev/mapper/copy
	holds remove dmsetup remove copy
	holds "remove the origin" dmsetup remove origin
	no_loops
}

dm_thin()
{
	local sectors=$((96 * 2048))

	loops 160 8
	holds "set-up of a pool" dmsetup create pool --table "0 $((160 * 2048)) thin-pool /dev/loop1 /dev/loop0 128 0"
	dmsetup mknodes
	dmsetup message pool 0 "create_thin 0"
	holds "set-up" dmsetup create thin --table "0 $sectors thin /dev/mapper/pool 0"
	dmsetup mknodes
	block_device /dev/mapper/thin
	dmsetup suspend thin
	dmsetup message pool 0 "create_snap 1 0"
	dmsetup resume thin
	holds "set-up of a snapshot" dmsetup create copy --table "0 $sectors thin /dev/mapper/pool 1"
	dmsetup mknodes
	phase copy copy_of_then /dev/mapper/thin /dev/mapper/copy
	for n in copy thin pool; do holds "remove $n" dmsetup remove $n; done
	no_loops
}

array_is_idle()
{
	grep -qx idle /sys/block/md0/md/sync_action
}

# Two disks of a mirror, or three with a parity: written while they are made equal; one
# fails, is replaced, and all is still there.
raid_level()
{
	local level=$1 n=$2 disks

	disks=$(seq 0 "$((n - 1))" | sed 's|^|/dev/loop|' | tr '\n' ' ')
	loops 64 64 64 64
	# shellcheck disable=SC2086 # words
	holds "create $level" mdadm --create /dev/md0 --run --metadata=1.2 --level="$level" \
		--raid-devices="$n" $disks
	block_device /dev/md0 40
	holds "$level is in step" wait_for array_is_idle
	holds "$level: a disk fails" mdadm /dev/md0 --fail /dev/loop0 --remove /dev/loop0
	holds "$level is still readable" same_as_block /dev/md0
	holds "$level: another takes its place" mdadm /dev/md0 --add /dev/loop3
	phase "rebuild-$level" wait_for array_is_idle
	echo check >/sys/block/md0/md/sync_action
	holds "$level is checked" wait_for array_is_idle
	holds "$level: no mismatch" grep -qx 0 /sys/block/md0/md/mismatch_cnt
	echo 3 >/proc/sys/vm/drop_caches
	holds "$level after a rebuild" same_as_block /dev/md0
	holds "stop $level" mdadm --stop /dev/md0
	rm -f /dev/md0
	no_loops
}

raid()
{
	raid_level 1 2
	raid_level 5 3
}

# ---- what tests itself -------------------------------------------------------------------------

# Algorithms of the modules of this set that have passed the kernel's own tests.
tested()
{
	awk -v RS= -v own=" $(echo "$kos" | tr ' ' '\n' | sed 's|.*/||; s|\.ko$||; s|-|_|g' | tr '\n' ' ')" '
		/selftest *: passed/ && match($0, /module *: [^\n]*/) {
			name = substr($0, RSTART, RLENGTH)
			sub(/.*: /, "", name)
			n += index(own, " " name " ") > 0
		}
		END { print n + 0 }' /proc/crypto
}

# Loading instantiates, and tests, what is no template; tcrypt the rest.  It always fails.
crypto()
{
	local mode

	for mode in 10 28 29 33 35 37 38 43 45 105 106 107 150 151 152 153 154 155 156; do
		insmod /port/tcrypt.ko "mode=$mode" 2>/dev/null
	done
	dmesg >/tmp/alg
	# -2: there is no such algorithm on this kernel.
	grep 'alg: .*failed' /tmp/alg | grep -vE '(: |rc=)-2' >/tmp/failed
	head -n 5 /tmp/failed
	holds "self-tests of $(tested) algorithms" sh -c "[ $(tested) -ge $1 ] &&
		! grep -q 'selftest *: unknown' /proc/crypto && ! [ -s /tmp/failed ]"
}

tests()
{
	dmesg >/tmp/said
	holds "xarray" grep -qE "XArray: ([0-9]+) of \\1 tests passed" /tmp/said
	holds "rhashtable" sh -c "grep -q 'Average test time' /tmp/said && ! grep -iE 'test failed|Test failed|rht.*warn' /tmp/said"
}

work()
{
	case $set in
	zram | nbd | raid | overlay | vxlan | ipset | wireguard | nf_tables | bridge | sched | tests) "$set" ;;
	squashfs | erofs) image ;;
	crypto) crypto 30 ;;
	aead) crypto 5 ;;
	dm-*) "$(echo "$set" | tr - _)" ;;
	null_blk) block_device /dev/nullb0 ;;
	*) file_system ;;
	esac
}

# ---- both variants ---------------------------------------------------------------------------

# Tests of what crypto needs are no modules that stay.
need()
{
	case $1 in
	*/tcrypt.ko) return ;;
	esac
	grep -q "^$(basename "$1" .ko | tr - _) " /proc/modules || insmod "$1" ||
		echo "@@ check $set needs failed $(basename "$1")"
}

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
	dmesg -c >>/tmp/dmesg
	[ "$variant" = kernel ] || insmod /port/galloc.ko
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 500000
	slab=$(slab_kb)
	for ko in $kos; do phase "load-$(basename "$ko" .ko)" load_module "$ko"; done
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
mkdir -p /etc && touch /etc/mdadm.conf && ln -sf /proc/mounts /etc/mtab
while read -r set variants; do
	sed -n "s/^$set //p" /port/needs | while read -r ko; do need "$ko"; done
	for variant in $variants; do run_set; done
	rm -f /tmp/block
	sed -n "s/^$set //p" /port/needs | sed '1!G;h;$!d' | grep -v /loop.ko | while read -r ko; do
		rmmod "$(basename "$ko" .ko | tr - _)" 2>/dev/null || true
	done
done </port/plan
dmesg >>/tmp/dmesg
echo "@@ splat $(grep -cE "$(cat /port/splats)" /tmp/dmesg)"
grep -E "$(cat /port/splats)" /tmp/dmesg | head -n 5
