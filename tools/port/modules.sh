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
#	port_files VARIANT NAME		its .ko files, in the order of loading; VARIANT is
#					galloc, or kernel: the stock kernel's own, where it
#					has them.  Others are built, and kept in the cache
#					until something that they are made from changes
#
# KREL, KDIR, MODDIR and SOURCE are those that kernel.sh prints, BUILD has galloc.

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
	null_blk) echo "$([ -n "$MODDIR" ] || echo fs/configfs:configfs) drivers/block/null_blk:null_blk" ;;
	nbd | loop) echo "drivers/block:$1" ;;
	dm-crypt) echo drivers/md:dm-crypt ;;
	raid) echo drivers/md:md-mod,raid1,raid456 ;;
	wireguard) echo drivers/net/wireguard:wireguard ;;
	nf_tables) echo net/netfilter:nf_tables ;;
	bridge) echo net/bridge:bridge drivers/net:veth ;;
	sched) echo net/sched:cls_basic,cls_u32,cls_flower,cls_matchall,em_nbyte,em_text,sch_htb,sch_sfq,act_gact lib:ts_kmp ;;
	crypto) echo "crypto:$CRYPTO" ;;
	aead) echo crypto:seqiv,ccm,gcm,authenc,cts,chacha20poly1305,lz4 ;;
	overlay) echo fs/overlayfs:overlay ;;
	squashfs | erofs | exfat) echo "fs/$1:$1" ;;
	vfat) echo fs/fat:fat,vfat ;;
	dm-snapshot) echo drivers/md:dm-bufio,dm-snapshot ;;
	dm-thin) echo drivers/md/persistent-data:dm-persistent-data drivers/md:dm-bio-prison,dm-thin-pool ;;
	vxlan) echo drivers/net/vxlan:vxlan drivers/net:tun,macvlan ;;
	ipset) echo net/netfilter/ipset:ip_set,ip_set_hash_ip,ip_set_hash_net,ip_set_bitmap_port,ip_set_list_set ;;
	tests) echo lib:test_rhashtable,test_xarray ;;
	*) die "unknown module: $1" ;;
	esac
}

# Of what a kernel of our own has not configured: options that a set cannot do without.
port_options()
{
	[ -z "$MODDIR" ] || return 0
	case $1 in
	squashfs) echo SQUASHFS_{DECOMP_SINGLE,ZLIB,FILE_CACHE}=1 SQUASHFS_FRAGMENT_CACHE_SIZE=3 ;;
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
	exfat) echo mkfs.exfat fsck.exfat ;;
	vfat) echo mkfs.vfat fsck.vfat ;;
	dm-crypt | dm-snapshot | dm-thin) echo dmsetup ;;
	raid) echo mdadm ;;
	wireguard) echo wg ip ;;
	nf_tables) echo nft ip ;;
	bridge | vxlan) echo ip ;;
	ipset) echo ipset ;;
	sched) echo tc ip ;;
	esac
}

# What the stock module of that name depends on, unless it is named here.
port_needs()
{
	local part

	[ -n "$MODDIR" ] || return 0
	case $1 in
	ext2) echo mbcache ;;
	ext4 | btrfs) echo crc32c_generic ;;
	f2fs) echo crc32_generic lz4_compress lz4hc_compress ;;
	zram) echo lzo-rle ;;
	vfat) echo nls_cp437 nls_ascii ;;
	dm-crypt) echo dm-mod ecb xts ;;
	dm-snapshot | dm-thin) echo dm-mod ;;
	wireguard | nf_tables | sched | vxlan) echo veth ;;
	crypto | aead) echo tcrypt ctr ecb xts ghash-generic chacha_generic poly1305_generic ;;
	esac
	for part in $(port_modules "$1"); do
		# shellcheck disable=SC2046 # words
		printf '%s\n' $(tr ',' ' ' <<<"${part#*:}") | while read -r name; do
			sed -n "s|^.*/$name\.ko[^:]*: *||p" "$MODDIR/modules.dep" | tr ' ' '\n' |
				sed 's|.*/||; s|\.ko.*||' | grep . || true
		done
	done | awk '!seen[$0]++' | grep -vxF "$(port_own "$1")" || true
}

# stock_line NAME: of modules.dep.
stock_line()
{
	[ -n "$MODDIR" ] && grep -E "(^|/)${1//[-_]/[-_]}\.ko(\.[a-z]+)?:" "$MODDIR/modules.dep"
}

stock_file()
{
	stock_line "$1" | sed 's/:.*//' || true
}

# The file of a module of the stock kernel and those it depends on, in the order of loading.
stock_modules()
{
	local name line

	for name in "$@"; do
		line=$(stock_line "$name") || continue
		tr -d ':' <<<"$line" | tr ' ' '\n' | tac
	done | grep . | awk '!seen[$0]++'
}

port_stock()
{
	local needs

	needs=$(port_needs "$1" | tr '\n' ' ')
	# It asks for what counts its sums when it is loaded, and does not say so.
	[[ " $needs" != *" libcrc32c "* ]] || needs="crc32c_generic $needs"
	# shellcheck disable=SC2086 # words
	stock_modules $needs |
		grep -vE "/($(port_own "$1" | tr '_-' '..' | paste -sd '|'))\.ko" || true
}

# The modules of a set, one a line.
port_own()
{
	port_modules "$1" | tr ' ' '\n' | sed 's/.*://' | tr ',' '\n'
}

# port_copy DIR TO MODULES OPTIONS: a copy of a folder, which is as it is in the kernel, but
# that some of its modules are made and no others; in Makefiles paths below the kernel's tree become those of the copy.
port_copy()
{
	local from=$SOURCE/$1 to=$2 modules=$3 option

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
		for option in $4; do echo "CONFIG_${option%=*} := y"; done
		echo 'include $(src)/Makefile'
		for option in $4; do echo "ccflags-y += -DCONFIG_$option"; done
		printf '%s :=\n' obj-y lib-y always-y extra-y subdir-y subdir-m hostprogs
		echo "obj-m := ${modules//,/.o }.o"
	} >"$to/Kbuild"
}

# port_make VARIANT NAME: build one below build/port.
port_make()
{
	local variant=$1 name=$2 part dir to

	to=$top/build/port/$KREL/$variant
	mkdir -p "$to"
	{
		# For trace/events/bridge.h, which names a file three folders up from its own.
		echo "subdir-ccflags-y += -idirafter $SOURCE/net/bridge/netfilter"
		[ "$variant" = kernel ] ||
			echo "subdir-ccflags-y += -I$BUILD/include -include galloc-override.h"
		for part in $(port_modules "$name"); do
			dir=${part%:*}
			port_copy "$dir" "$to/$name/$dir" "${part#*:}" "$(port_options "$name")"
			echo "obj-m += $name/$dir/"
		done
	} >"$to/Kbuild"
	PROGRESS_NAME="$name, $variant" build_make -C "$KDIR" M="$to" \
		KBUILD_EXTRA_SYMBOLS="$BUILD/Module.symvers" modules ||
		die "a module of $name does not build, see above"
}

# Builder of a cache entry: the modules of a set, without what only a debugger reads.
port_keep()
{
	local tmp=$1 variant=$3 name=$4 part ko

	port_make "$variant" "$name"
	for part in $(port_modules "$name"); do
		for ko in $(tr ',' ' ' <<<"${part#*:}"); do
			ko=$top/build/port/$KREL/$variant/$name/${part%:*}/$ko.ko
			cp "$ko" "$tmp/"
			strip --strip-debug "$tmp/${ko##*/}"
		done
	done
}

# What the modules of a set are made from: a change of it makes others.
port_key()
{
	{
		port_modules "$2" && port_options "$2"
		printf '%s\n' "$(basename "${SOURCE%_*}")" "$1"
		cat "$KDIR/Module.symvers" "$KDIR/include/generated/autoconf.h"
		declare -f port_make port_keep port_copy
		[ "$1" = kernel ] || { cut -f 1,2 "$BUILD/Module.symvers" && cat "$BUILD"/include/*.h; }
	} | sha256sum | cut -c 1-16
}

# Are all modules of a set the stock kernel's, too?
port_is_stock()
{
	local name

	for name in $(port_own "$1"); do
		[ -n "$(stock_file "$name")" ] || return 1
	done
}

port_files()
{
	local variant=$1 name=$2 entry ko

	if [ "$variant" = kernel ] && port_is_stock "$name"; then
		for ko in $(port_own "$name"); do printf '%s\n' "$MODDIR/$(stock_file "$ko")"; done
		return
	fi
	entry=$(cache_entry "ported/$name/${KREL}_${variant}_$(port_key "$variant" "$name")" \
		port_keep "$variant" "$name")
	for ko in $(port_own "$name"); do printf '%s\n' "$entry/$ko.ko"; done
}
