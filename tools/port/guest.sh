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

file_system()
{
	local mkfs fsck type=$set snapshot=

	case $set in
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
	truncate -s "${IMAGE_MB:-320}M" /tmp/image
	losetup /dev/loop0 /tmp/image
	# shellcheck disable=SC2086 # words
	holds mkfs $mkfs /dev/loop0
	phase mount mount -t "$type" /dev/loop0 /mnt
	grep -q " /mnt $type " /proc/mounts || { losetup -d /dev/loop0; return; }
	phase unpack unpack
	holds "files as unpacked" sums_agree /tmp/tree.md5
	! snapshot || snapshot=1
	phase change change
	long_links
	! has_attributes || phase attribute attribute
	attributes >/tmp/attributes
	remember
	phase drop drop
	holds "files after their caches were dropped" sums_agree /tmp/sums
	usleep 1000000
	phase rest true
	phase remount sh -c "umount /mnt && mount -t $type /dev/loop0 /mnt"
	phase read sums_agree /tmp/sums
	holds "files after a remount" sums_agree /tmp/sums
	holds "symbolic links" links_agree
	! has_attributes || holds "attributes and access control lists" attributes_agree
	[ -z "$snapshot" ] || holds "the snapshot" snapshot_agrees
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

	head -c 24000000 $FILES >/tmp/block
	head -c 8000000 /dev/urandom >>/tmp/block
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
		[ "$n" -lt 200 ] || return 1
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
	no_loops
}

raid()
{
	raid_level 1 2
	raid_level 5 3
}

# ---- network --------------------------------------------------------------------------------

# Not busybox's own of these names, which its shell prefers.
ip()
{
	/bin/ip "$@"
}

tc()
{
	/bin/tc "$@"
}

two_spaces()
{
	mkdir -p /var/run/netns /run/netns
	ip netns add a
	ip netns add b
	ip -n a link set lo up
	ip -n b link set lo up
}

no_spaces()
{
	ip netns del a
	ip netns del b
	usleep 500000
}

# send FROM TO ADDRESS: some MB, from one name space to another.
send()
{
	ip netns exec "$2" nc -l -p 7777 >/tmp/received &
	usleep 200000
	head -c 4000000 $FILES | ip netns exec "$1" nc "$3" 7777
	wait $!
	head -c 4000000 $FILES | cmp - /tmp/received
}

wireguard()
{
	local a b

	two_spaces
	ip link add wa netns a type wireguard
	ip link add wb netns b type wireguard
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	a=$(wg genkey) b=$(wg genkey)
	echo "$a" >/tmp/a && echo "$b" >/tmp/b
	ip netns exec a wg set wa private-key /tmp/a listen-port 1 peer "$(echo "$b" | wg pubkey)" \
		allowed-ips 10.2.0.2/32 endpoint 10.1.0.2:2 persistent-keepalive 10
	ip netns exec b wg set wb private-key /tmp/b listen-port 2 peer "$(echo "$a" | wg pubkey)" \
		allowed-ips 10.2.0.1/32 endpoint 10.1.0.1:1
	ip -n a addr add 10.2.0.1/24 dev wa && ip -n a link set wa up
	ip -n b addr add 10.2.0.2/24 dev wb && ip -n b link set wb up
	holds ping ip netns exec a ping -c 3 -W 5 10.2.0.2
	phase send-1 send a b 10.2.0.2
	holds "what was sent" send b a 10.2.0.1
	ip netns exec a wg show wa latest-handshakes >/tmp/first
	sleep 150
	holds "ping with a new key" ip netns exec a ping -c 3 -W 5 10.2.0.2
	ip netns exec a wg show wa latest-handshakes >/tmp/second
	holds "there is a new key" sh -c "! cmp -s /tmp/first /tmp/second"
	phase send-2 send a b 10.2.0.2
	# Many peers, and their tree of addresses.
	for n in $(seq 1 200); do
		echo "peer $(head -c 32 /dev/urandom | base64) allowed-ips 10.3.$n.0/24,10.4.$n.7/32"
	done | tr '\n' ' ' >/tmp/peers
	# shellcheck disable=SC2046 # words
	phase peers ip netns exec a wg set wa $(cat /tmp/peers)
	holds "peers" sh -c "[ \$(ip netns exec a wg show wa peers | wc -l) -eq 201 ]"
	no_spaces
}

nf_tables()
{
	local n

	two_spaces
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	{
		echo "table ip t {"
		echo "set plain { type ipv4_addr; elements = {"
		seq 1 10000 | awk '{ printf "%s10.%d.%d.9", NR > 1 ? ", " : "", 16 + int($1 / 256), $1 % 256 }'
		echo "} }"
		echo "set ranges { type ipv4_addr; flags interval; elements = {"
		seq 1 3000 | awk '{ printf "%s11.%d.%d.0/25", NR > 1 ? ", " : "", int($1 / 256), $1 % 256 }'
		echo "} }"
		echo "set bad { type ipv4_addr . inet_service; flags interval; elements = { 10.1.0.1 . 9000-9999 } }"
		echo "chain input { type filter hook input priority 0; ip saddr @plain drop; ip saddr @ranges drop; "
		echo "ip saddr . tcp dport @bad drop; } }"
	} >/tmp/rules
	for n in 1 2 3; do
		phase "load-$n" ip netns exec b nft -f /tmp/rules
		holds "all elements" sh -c "[ \$(ip netns exec b nft list set ip t plain | grep -o '10\.' | wc -l) -eq 10000 ]"
		holds "ping" ip netns exec a ping -c 2 -W 5 10.1.0.2
		ip netns exec b nft add element ip t plain "{ 10.1.0.1 }"
		holds "no ping" sh -c "! ip netns exec a ping -c 2 -W 2 10.1.0.2"
		ip netns exec b nft delete element ip t plain "{ 10.1.0.1 }"
		phase "send-$n" send a b 10.1.0.2
		phase "flush-$n" ip netns exec b nft flush ruleset
	done
	no_spaces
}

bridge()
{
	local n round

	two_spaces
	for round in 1 2 3; do
		ip -n a link add br0 type bridge
		ip -n a link set br0 type bridge vlan_filtering 1
		ip -n a addr add 10.1.0.1/24 dev br0 && ip -n a link set br0 up
		ip link add e0 netns a type veth peer name eb netns b
		ip -n a link set e0 master br0 up
		ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
		holds "ping $round" wait_for ip netns exec b ping -c 2 -W 5 10.1.0.1
		phase "ports-$round" ports
		phase "send-$round" send b a 10.1.0.1
		phase "gone-$round" ip -n a link del br0
		ip -n a link del e0
		for n in $(seq 1 40); do ip -n a link del "p$n"; done
	done
	no_spaces
}

ports()
{
	local n

	for n in $(seq 1 40); do
		ip -n a link add "p$n" type veth peer name "q$n"
		ip -n a link set "p$n" master br0 up
		ip -n a link set "q$n" up
	done
}

sched()
{
	local n round

	two_spaces
	ip link add ea netns a type veth peer name eb netns b
	ip -n a addr add 10.1.0.1/24 dev ea && ip -n a link set ea up
	ip -n b addr add 10.1.0.2/24 dev eb && ip -n b link set eb up
	for round in 1 2; do
		phase "rules-$round" rules
		holds "rules $round" sh -c "[ \$(tc -n a filter show dev ea | grep -c fh) -ge 40 ]"
		phase "send-$round" send a b 10.1.0.2
		tc -n a qdisc del dev ea root
	done
	no_spaces
}

rules()
{
	local n

	tc -n a qdisc add dev ea root handle 1: htb default 1
	tc -n a class add dev ea parent 1: classid 1:1 htb rate 1gbit
	tc -n a qdisc add dev ea parent 1:1 fq_codel
	for n in $(seq 1 40); do
		tc -n a filter add dev ea parent 1: protocol ip prio 1 u32 match ip dst "10.9.0.$n" flowid 1:1 action pass
	done
	tc -n a filter add dev ea parent 1: protocol ip prio 2 flower dst_ip 10.9.1.0/24 action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 3 basic match 'nbyte("abcd" at 0 layer 1)' action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 4 basic match 'text(kmp "a secret" from 0 to 200)' action drop
	tc -n a filter add dev ea parent 1: protocol ip prio 5 matchall action pass
}

# ---- what tests itself -------------------------------------------------------------------------

# Loading instantiates, and tests, what is no template; tcrypt the rest.  It always fails.
crypto()
{
	local mode

	for mode in 10 28 29 33 35 43 45 105 106 107 150 151 152 153 154 155 156; do
		insmod /port/tcrypt.ko "mode=$mode" 2>/dev/null
	done
	holds "self-tests" sh -c "[ \$(grep -c 'selftest *: passed' /proc/crypto) -ge 40 ] &&
		! grep -q 'selftest *: unknown' /proc/crypto && ! dmesg | grep 'alg: .*failed'"
}

tests()
{
	holds "what the tests say" sh -c "! dmesg | grep -iE 'test_.*(fail|error)' | grep -v ' 0 fail'"
}

work()
{
	case $set in
	zram | nbd | raid | wireguard | nf_tables | bridge | sched | crypto | tests) "$set" ;;
	dm-crypt) dm_crypt ;;
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
	sed -n "s/^$set //p" /port/needs | while read -r ko; do insmod "$ko" 2>/dev/null || true; done
	for variant in $variants; do run_set; done
	rm -f /tmp/block
	sed -n "s/^$set //p" /port/needs | sed '1!G;h;$!d' | grep -v /loop.ko | while read -r ko; do
		rmmod "$(basename "$ko" .ko | tr - _)" 2>/dev/null || true
	done
done </port/plan
echo "@@ splat $(dmesg | grep -cE "$(cat /port/splats)")"
dmesg | grep -E "$(cat /port/splats)" | head -n 5
