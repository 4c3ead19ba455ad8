# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# modules.sh: unmodified modules of the kernel, with and without galloc-override.h.
# demo.sh sources it, after lib.sh.
#
#	port_modules NAME		DIR:MODULE,... of its source, in the order of loading
#	port_programs NAME		programs that the guest needs for it
#	port_stock NAME			files of the stock kernel's modules that it needs, below
#					MODDIR, in the order of loading
#	port_build VARIANT NAME...	build them, VARIANT is kernel or galloc, in one go
#	port_files VARIANT NAME		the .ko files of one, in the order of loading
#
# KREL, KDIR, MODDIR and SOURCE are those that kernel.sh prints, BUILD has galloc.  What
# is built stays in build/port, so that a second time takes less.

# shellcheck disable=SC2154 # for the script that sources this

CRYPTO="cmac,xcbc,ccm,gcm,seqiv,echainiv,authenc,authencesn,chacha20poly1305,cts,lrw,essiv"
CRYPTO+=",ansi_cprng,rmd160,md4,michael_mic,wp512,blowfish_common,blowfish_generic,camellia_generic"
CRYPTO+=",cast_common,cast5_generic,cast6_generic,des_generic,fcrypt,serpent_generic,twofish_common"
CRYPTO+=",twofish_generic,lz4,lz4hc,adiantum,nhpoly1305,pcbc,keywrap,ecdh_generic,algif_hash,algif_skcipher"

port_modules()
{
	case $1 in
	ext4) echo fs/jbd2:jbd2 fs/ext4:ext4 ;;
	xfs | ext2 | minix | f2fs | nilfs2 | jfs | btrfs | reiserfs) echo "fs/$1:$1" ;;
	zram) echo drivers/block/zram:zram ;;
	null_blk) echo drivers/block/null_blk:null_blk ;;
	nbd) echo drivers/block:nbd ;;
	dm-crypt) echo drivers/md:dm-crypt ;;
	raid) echo drivers/md:md-mod,raid1,raid456 ;;
	wireguard) echo drivers/net/wireguard:wireguard ;;
	nf_tables) echo net/netfilter:nf_tables ;;
	bridge) echo net/bridge:bridge drivers/net:veth ;;
	sched) echo net/sched:cls_basic,cls_u32,cls_flower,cls_matchall,em_nbyte,em_text,sch_htb,sch_fq_codel,act_gact lib:ts_kmp ;;
	crypto) echo "crypto:$CRYPTO" ;;
	tests) echo lib:test_rhashtable,test_xarray,test_ida,test_user_copy ;;
	*) die "unknown module: $1" ;;
	esac
}

port_programs()
{
	case $1 in
	ext4) echo mke2fs e2fsck setfattr getfattr setfacl getfacl ;;
	ext2) echo mke2fs e2fsck ;;
	xfs) echo mkfs.xfs xfs_repair setfattr getfattr setfacl getfacl ;;
	minix) echo mkfs.minix fsck.minix ;;
	f2fs) echo mkfs.f2fs fsck.f2fs setfattr getfattr setfacl getfacl ;;
	jfs) echo jfs_mkfs jfs_fsck setfattr getfattr setfacl getfacl ;;
	nilfs2) echo mkfs.nilfs2 mkcp lscp ;;
	btrfs) echo mkfs.btrfs btrfs setfattr getfattr setfacl getfacl ;;
	nbd) echo nbd-server nbd-client ;;
	dm-crypt) echo dmsetup ;;
	raid) echo mdadm ;;
	wireguard) echo wg ip ;;
	nf_tables) echo nft ip ;;
	bridge) echo ip ;;
	sched) echo tc ip ;;
	esac
}

# What the stock module of that name depends on, unless it is named here.
port_needs()
{
	local part

	case $1 in
	ext2) echo mbcache ;;
	xfs | btrfs) echo crc32c_generic ;;
	f2fs) echo crc32_generic lz4_compress lz4hc_compress ;;
	zram) echo lzo-rle ;;
	dm-crypt) echo dm-mod xts ;;
	bridge | sched) echo dummy ;;
	crypto) echo tcrypt ;;
	esac
	for part in $(port_modules "$1"); do
		# shellcheck disable=SC2046 # words
		printf '%s\n' $(tr ',' ' ' <<<"${part#*:}") | while read -r name; do
			sed -n "s|^.*/$name\.ko[^:]*: *||p" "$MODDIR/modules.dep" | tr ' ' '\n' |
				sed 's|.*/||; s|\.ko.*||' | grep . || true
		done
	done | awk '!seen[$0]++' | grep -vxF "$(port_own "$1")" || true
}

# The file of a module of the stock kernel and those it depends on, in the order of loading.
stock_modules()
{
	local name line

	for name in "$@"; do
		line=$(grep -E "/${name//[-_]/[-_]}\.ko(\.[a-z]+)?:" "$MODDIR/modules.dep") || continue
		tr -d ':' <<<"$line" | tr ' ' '\n' | tac
	done | grep . | awk '!seen[$0]++'
}

port_stock()
{
	# shellcheck disable=SC2046 # words
	stock_modules $(port_needs "$1") |
		grep -vE "/($(port_own "$1" | tr '_-' '..' | paste -sd '|'))\.ko" || true
}

# The modules of a set, one a line.
port_own()
{
	port_modules "$1" | tr ' ' '\n' | sed 's/.*://' | tr ',' '\n'
}

port_dir()
{
	printf '%s\n' "$top/build/port/$KREL/$1"
}

# A copy of a folder, which is as it is in the kernel, but that some of its modules are made
# and no others; in Makefiles paths below the kernel's tree become those of the copy.
port_copy()
{
	local from=$SOURCE/$1 to=$2 modules=$3

	if [ ! -e "$to/.source" ] || [ "$(cat "$to/.source")" != "$from" ]; then
		rm -rf "$to"
		mkdir -p "$to"
		cp -r "$from/." "$to/"
		# shellcheck disable=SC2016 # make expands it
		find "$to" -name 'Makefile*' -exec sed -i 's|\$(srctree)/\$(src)|$(src)|g' {} +
		[ ! -e "$to/Kbuild" ] || mv "$to/Kbuild" "$to/Makefile"
		touch "$to/Makefile"
		printf '%s\n' "$from" >"$to/.source"
	fi
	# shellcheck disable=SC2016 # make expands it
	{
		echo 'include $(src)/Makefile'
		printf '%s :=\n' obj-y lib-y always-y extra-y subdir-y subdir-m hostprogs
		echo "obj-m := ${modules//,/.o }.o"
	} >"$to/Kbuild"
}

port_build()
{
	local variant=$1 name part dir to
	shift

	to=$(port_dir "$variant")
	mkdir -p "$to"
	{
		# For trace/events/bridge.h, which names a file three folders up from its own.
		echo "subdir-ccflags-y += -idirafter $SOURCE/net/bridge/netfilter"
		[ "$variant" = kernel ] ||
			echo "subdir-ccflags-y += -I$BUILD/include -include galloc-override.h"
		for name in "$@"; do
			for part in $(port_modules "$name"); do
				dir=${part%:*}
				port_copy "$dir" "$to/$name/$dir" "${part#*:}" >&2
				echo "obj-m += $name/$dir/"
			done
		done
	} >"$to/Kbuild"
	PROGRESS_NAME="$*, $variant" build_make -C "$KDIR" M="$to" \
		KBUILD_EXTRA_SYMBOLS="$BUILD/Module.symvers" modules >&2 ||
		die "a module of $* does not build, see above"
}

port_files()
{
	local part

	for part in $(port_modules "$2"); do
		tr ',' '\n' <<<"${part#*:}" | sed "s|.*|$(port_dir "$1")/$2/${part%:*}/&.ko|"
	done
}
