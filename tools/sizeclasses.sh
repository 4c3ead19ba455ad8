#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# The size classes, derived by tools/gen-sizeclasses.c.
#
#	tools/sizeclasses.sh		the table for this machine's page size, one
#					line per class, tab-separated
#	PAGE_SIZE=65536 tools/sizeclasses.sh	the table of another
#	tools/sizeclasses.sh --update	write sizeclass.c and the header again
set -euo pipefail

usage="usage: [PAGE_SIZE=n] tools/sizeclasses.sh [--update]"
top=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
host=$top/build/host
source=$top/tools/gen-sizeclasses.c
generator=$host/gen-sizeclasses

# A partly written program or file is never seen under its name: it is made
# beside it and renamed.
scratch=
trap '[ -z "$scratch" ] || rm -f "$scratch"' EXIT

build()
{
	local cc=${HOSTCC:-gcc}

	[ "$generator" -nt "$source" ] && return
	[ -n "${HOSTCC:-}" ] || need_for programs
	mkdir -p "$host"
	scratch=$(mktemp "$generator.XXXXXX")
	# shellcheck disable=SC2086 # HOSTCC may carry options
	$cc -std=gnu11 -O2 -Wall -Wextra -o "$scratch" "$source"
	mv "$scratch" "$generator"
}

# generate MODE FILE: put what the generator prints into a file of the tree.
generate()
{
	scratch=$(mktemp "$2.XXXXXX")
	"$generator" "$1" >"$scratch"
	chmod 644 "$scratch"
	mv "$scratch" "$2"
}

case $#:${1-} in
0:)
	build
	"$generator" --table "${PAGE_SIZE:-$(getconf PAGE_SIZE)}"
	;;
1:--update)
	build
	generate --source "$top/sizeclass.c"
	generate --header "$top/include/galloc_sizeclass.h"
	;;
*)
	echo "$usage" >&2
	exit 2
	;;
esac
