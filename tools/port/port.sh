#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# port.sh [--reverse] DIR: convert a module's source to galloc's own names, in place.
#
# Applies galloc.cocci, with Coccinelle (Debian's package coccinelle), to all .c and .h files
# below DIR, which keeps their formatting, and includes <galloc_port.h> where names of it are
# used. Then lists the places that a person must look at: what may be handed to core code
# that frees it, and calls that Coccinelle could not see. A second time does nothing;
# --reverse restores the source as it was.
#
# Prints one line "FILE:LINE: WHY: TEXT" for each such place, and last "N files converted, N
# places to look at". Documentation/porting.rst says what to do about them.

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

include='#include <galloc_port.h>'

# What core code frees or resizes by the kernel's own functions, see porting.rst.
ESCAPES='kfree|\bfc->source = |s_subtype = |seq_release_private|vfs_getxattr_alloc|build_skb|kmem_cachep = |bind2?_bucket_cachep|\.slab = '
ESCAPES+='|xfrm_state_walk_init|dev_coredumpsg|free_on_exit|pinctrl_utils_free_map|user_destroy|user_revoke|__netpoll_free'
ESCAPES+='|URB_FREE_BUFFER|platform_data = |driver_override|drmm_add_final_kfree|input_ff_create'
ESCAPES+='|kobj\.name = |debugfs_create_str|xfrm_state_alloc|dma_fence_array_create|dma_fence_init'
ESCAPES+='|serio_register_port|public_key_subtype'
ESCAPES+='|\b(seq|m)->buf = |nf_queue_entry_free|link_topo = |devlink_dpipe_value'
ESCAPES+='|VM_MAP_PUT_PAGES|xlate_extended|fldrv_priv = |mtd_blktrans_dev\('
ESCAPES+='|iscsi_bus_flash|request_pool|\blc_create|drm_event_reserve_init|drm_(gem_fb|plane_helper)_destroy'
ESCAPES+='|gem_create_object|get_sg_table|v4l2_fh_release'
ESCAPES+='|devnode\b|pstore_record|get_resv_regions|xfrm_translator|async_alloc|tsm_report|get_device_ram'
ESCAPES+='|kunit_alloc(_and_get)?_resource|clkdev_add|tty_port_init|asymmetric_key_ids|public_key_signature'
ESCAPES+='|iommu_hw_info|fw_rpc|ata_host_init|get_(in|out)put_bus_fmts|\bget_edid\b|of_(add|update)_property'
ESCAPES+='|\bdrm_atomic_helper_[a-z]+_destroy_state|drm_gem_destroy_shadow_plane_state|drm_mode_(destroy|probed_add)\b'

# Calls without a rule, those that free or resize apart; and names of such in the rules.
NO_RULE='kvmalloc_node_align|kvmalloc_array_node|kvcalloc_node|kvmemdup|kmemdup_array|kv[mz]alloc_(obj|objs|flex)'
NO_RULE+='|kmalloc_node_track_caller|__kmalloc|__kmalloc_node|KMEM_CACHE_USERCOPY|__kmem_cache_create_args'
NO_RULE_TAKES='kv?free_call_rcu|kfree_call_rcu_nolock|kvfree_rcu_arg_[12]|kvfree_rcu_barrier_on_cache|dma_fence_free|__ksize'
TAKES='free|realloc|ksize|destroy|shrink'

reverse=
[ "${1:-}" != --reverse ] || { reverse=1; shift; }
[ $# -eq 1 ] || die "type: port.sh [--reverse] DIR"
dir=$1
[ -d "$dir" ] || die "there is no folder $dir; type: port.sh [--reverse] DIR"
# To find and others a name with a dash is an option.
[[ $dir != -* ]] || dir=./$dir
need_for cocci
work_dir cocci

# The same rules, read the other way round.
rules=$top/tools/port/galloc.cocci
if [ -n "$reverse" ]; then
	sed -E 's/^-/=/; s/^\+/-/; s/^=/+/' "$rules" >"$work/rules.cocci"
	rules=$work/rules.cocci
fi

sources()
{
	find -H "$dir" -type f \( -name '*.c' -o -name '*.h' \) ! -name '*.mod.c' | LC_ALL=C sort
}

# The names on lines of a sign.
names()
{
	sed -nE "s/^[$1] *([A-Za-z_]+)\$/\\1/p" "$top/tools/port/galloc.cocci" | sort -u
}

# A line, without comments and texts.
code()
{
	sed -E 's!"([^"\\]|\\.)*"!""!g; s!/\*([^*]|\*+[^*/])*\*+/!!g; s!/\*.*!!; s!//.*!!; /^[^:]*:[0-9]*:[ \t]*\*([ \t/]|$)/d'
}

names - >"$work/old"
names + >"$work/new"

# What each name becomes, for rename.awk.
awk -v reverse="$reverse" '
	/^- *[A-Za-z_]+$/ { old = $2 }
	/^\+ *[A-Za-z_]+$/ { print (old == "kmem_cache" ? "struct " : "") (reverse ? $2 " " old : old " " $2) }
' "$top/tools/port/galloc.cocci" >"$work/pairs"

# Only the files that have a name of the kernel's, or of ours.
if [ -n "$reverse" ]; then
	from=new free_from=galloc_ free_to=''
else
	from=old free_from='' free_to=galloc_
fi
mapfile -t files < <(sources | tr '\n' '\0' | xargs -0 -r grep -lwF -f "$work/$from" || true)
n=0
# In a path that spatch can give to a shell, and that it leaves as it was if it fails.
for file in "${files[@]}"; do
	copy=$work/file.${file##*.}
	cp "$file" "$copy"
	# Coccinelle takes __free() for an attribute.
	sed -Ei "s/\\b__free\\($free_from(kv?free|kfree_sensitive|kvfree_atomic)\\)/__free($free_to\\1)/g" "$copy"
	# Includes are for headers of the kernel: not followed.
	spatch --very-quiet --no-includes --sp-file "$rules" --in-place "$copy" >"$work/said" 2>&1 ||
		die "spatch fails for $file: $(tail -n 1 "$work/said")"
	# It indents the lines behind a name as it likes.
	if [ "$(grep -c '' "$file")" -eq "$(grep -c '' "$copy")" ]; then
		awk '
			{ match($0, /^[ \t]*/); indent = substr($0, 1, RLENGTH) }
			NR == FNR { was[FNR] = indent; next }
			{ print was[FNR] substr($0, RLENGTH + 1) }
		' "$file" "$copy" >"$work/indented"
		mv "$work/indented" "$copy"
	fi
	if grep -qwF -f "$work/$from" "$copy"; then
		awk -v 'value=free|pool' -f "$top/tools/port/rename.awk" "$work/pairs" "$copy" >"$work/renamed"
		mv "$work/renamed" "$copy"
	fi
	if [ -n "$reverse" ]; then
		# In a comment a name may remain.
		grep -nwF -f "$work/new" <"$copy" | sed 's/^/-:/' | code | grep -wF -f "$work/new" >/dev/null ||
			sed -i "\\|^$include\$|d" "$copy"
	elif ! cmp -s "$file" "$copy" && ! grep -qxF "$include" "$file"; then
		awk -v "line=$include" -v "dir=$(dirname "$file")" -v "names=(^|[^A-Za-z0-9_])($(paste -sd '|' "$work/new"))([^A-Za-z0-9_]|\$)" \
			-f "$top/tools/port/include.awk" "$copy" "$copy" >"$work/included"
		mv "$work/included" "$copy"
	fi
	# All of them end the last line.
	[ -z "$(tail -c 1 "$file")" ] || [ -n "$(tail -c 1 "$copy")" ] || truncate -s -1 "$copy"
	cmp -s "$file" "$copy" && continue
	{ cat "$copy" >"$file"; } 2>/dev/null || die "cannot write $file: make it writable"
	n=$((n + 1))
done

# ---- what a person must look at -------------------------------------------------------------

look_at()
{
	local why=$1 pattern=$2

	sources | tr '\n' '\0' | xargs -0 -r grep -nE "$pattern" /dev/null | code |
		grep -E "^[^:]*:[0-9]*:.*($pattern)" | sed -E "s/^([^:]*:[0-9]*):[ \t]*/\\1: $why: /" || true
}

if [ -z "$reverse" ]; then
	{
		look_at "not converted, and takes objects of the kernel only" "\\b($(grep -E "$TAKES" "$work/old" | paste -sd '|')|$NO_RULE_TAKES)\\b"
		look_at "not converted" "\\b($(grep -vE "$TAKES" "$work/old" | paste -sd '|')|$NO_RULE)\\b"
		look_at "core code may free it" "${ESCAPES#kfree|}"
		look_at "memory of a zone" "\\bgalloc[a-z_]*\\(.*GFP_DMA"
		look_at "the VFS, or who calls it, frees by this function" "galloc_kfree(_link)?[,;)]"
	} >"$work/places"
else
	look_at "not converted back" "\\b($(comm -13 "$work/old" "$work/new" | paste -sd '|'))\\b" >"$work/places"
fi
cat "$work/places"
echo "$n files converted, $(wc -l <"$work/places") places to look at"
