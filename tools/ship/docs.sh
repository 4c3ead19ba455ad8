#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# docs.sh [html|latexpdf|linkcheck|...]: the pages of Documentation/ by Sphinx, into
# build/docs; `make docs`. A warning is an error.
#
#	KERNEL_DOC=file	the kernel's script; default that of the newest headers here

set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"

format=${1:-html}
if [ "$format" = latexpdf ]; then
	need_for docs pdf
else
	need_for docs
fi
if [ -z "${KERNEL_DOC:-}" ]; then
	KERNEL_DOC=$(printf '%s\n' /usr/src/linux-headers-*-common*/scripts/kernel-doc | sort -V | tail -n 1)
	if [ ! -x "$KERNEL_DOC" ]; then
		use_kernel stock
		KERNEL_DOC=$(sed -n 's/^include \(.*\)\/Makefile$/\1/p' "$KDIR/Makefile")/scripts/kernel-doc
	fi
fi
export KERNEL_DOC LC_ALL=C.UTF-8
out=$top/build/docs
mkdir -p "$out"
PROGRESS_NAME="documents" progress sphinx-build -M "$format" "$top/Documentation" "$out" -q -E -W --keep-going ||
	die "the documents have mistakes, see above"
# What is left from the pages of before would be published.
find "$out" -name .buildinfo -delete
[ "$format" != latexpdf ] || mv "$out/latex/galloc.pdf" "$out/"
say "the pages are in $out/$([ "$format" = latexpdf ] && echo galloc.pdf || echo "$format")"
