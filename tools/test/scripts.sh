# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# scripts.sh: what the scripts make of a user's environment, directories and repository.
# run.sh sources it.
#
# shellcheck disable=SC2154 # top and work are run.sh's

# What is set for a kernel of the user's own is not for ours.
kbuild_is_not_told()
{
	local found
	local -a names=(KBUILD_OUTPUT KBUILD_EXTMOD KBUILD_EXTRA_SYMBOLS KCONFIG_CONFIG KCFLAGS LLVM CROSS_COMPILE)

	mkdir -p "$work/told"
	printf '%s\n' '#!/bin/sh' 'env' 'exit 1' >"$work/told/make"
	chmod +x "$work/told/make"
	# shellcheck disable=SC2016 # the inner bash expands it
	env "${names[@]/%/=galloc-test}" PROGRESS_TAIL=1000 "PATH=$work/told:$PATH" \
		bash -c '. "$1/tools/lib.sh"; build_make' - "$top" >"$work/out" 2>&1 || true
	grep -q PATH= "$work/out" || return 1
	found=$(grep '=galloc-test' "$work/out") || return 0
	echo "error: $found"
	return 1
}

check "scripts: kbuild's variables of a user are not for our kernels" kbuild_is_not_told
