# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# modules.sh: unmodified modules of the kernel, with and without galloc-override.h.
# demo.sh and tools/stock.sh source it, after lib.sh.
#
#	port_modules NAME		the folders of its source, in the order of loading
#	port_needs NAME			modules of the stock kernel that it needs
#	port_build NAME VARIANT		build it, kernel or galloc; prints the .ko files,
#					in the order of loading
#
# KDIR and SOURCE are those that kernel.sh prints, BUILD has galloc.

# shellcheck disable=SC2154 # for the script that sources this

port_modules()
{
	case $1 in
	ext4) echo fs/jbd2 fs/ext4 ;;
	xfs) echo fs/xfs ;;
	ext2) echo fs/ext2 ;;
	minix) echo fs/minix ;;
	f2fs) echo fs/f2fs ;;
	nilfs2) echo fs/nilfs2 ;;
	jfs) echo fs/jfs ;;
	btrfs) echo fs/btrfs ;;
	zram) echo drivers/block/zram ;;
	null_blk) echo drivers/block/null_blk ;;
	*) die "unknown module: $1" ;;
	esac
}

port_needs()
{
	case $1 in
	ext4) echo crc16 mbcache crc32c_generic ;;
	ext2) echo mbcache ;;
	xfs) echo libcrc32c crc32c_generic ;;
	f2fs) echo crc32_generic lz4_compress lz4hc_compress ;;
	btrfs) echo xor raid6_pq libcrc32c crc32c_generic blake2b_generic ;;
	zram) echo zsmalloc lzo-rle ;;
	null_blk) echo configfs ;;
	esac
}

# A copy of a folder, which is as it is in the kernel; in Makefiles paths below the kernel's
# tree become those of the copy.
port_copy()
{
	local from=$SOURCE/$1 to=$2

	mkdir -p "$to"
	cp -r "$from/." "$to/"
	# shellcheck disable=SC2016 # make expands it
	find "$to" -name Makefile -exec sed -i 's|\$(srctree)/\$(src)|$(src)|g' {} +
}

# Debian has no ext2, since ext4 reads it; all the others are as Debian has them.
port_build()
{
	local name=$1 variant=$2 dir to symbols=$BUILD/Module.symvers

	for dir in $(port_modules "$name"); do
		to=$work/port/$variant/$dir
		port_copy "$dir" "$to"
		[ "$variant" = kernel ] ||
			printf 'ccflags-y += -I%s -include galloc-override.h\n' "$BUILD/include" >>"$to/Makefile"
		PROGRESS_NAME="$dir, $variant" build_make -C "$KDIR" M="$to" \
			KBUILD_EXTRA_SYMBOLS="$symbols" CONFIG_EXT2_FS=m modules >&2 ||
			die "$dir does not build, see above"
		symbols="$symbols $to/Module.symvers"
		find "$to" -name '*.ko' | sort
	done
}
