# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# traces.sh: the traces that are replayed. Source it after lib.sh, with $top set to
# the top of the tree.
#
#	traces_prepare DIR	DIR/default.trace and, of TRACE=FILE, DIR/NAME.trace;
#				each has been read from end to end. Sets traces, the
#				list of the names.
#	traces_mb DIR		the memory that the largest of them may need, MB
#
# FILE is a trace, or input that galloc-trace converts, optionally compressed by xz. It
# is checked here, so that errors show within a second; the kernel checks it again.

# shellcheck disable=SC2154 # top is set by the script that sources this

traces=()

# trace_tool ARG...: galloc-trace; what it has to say is for people.
trace_tool()
{
	"$top/build/trace/galloc-trace" "$@" >&2
}

# trace_unpack FILE OUT
trace_unpack()
{
	if [ "$(head -c 6 "$1" | od -An -tx1 | tr -d ' ')" = fd377a585a00 ]; then
		xz -dc "$1" >"$2" 2>"$2.err" || die "$1: $(head -n 1 "$2.err")"
		rm -f "$2.err"
	else
		cp "$1" "$2"
	fi
}

# trace_add NAME FILE DIR
trace_add()
{
	local name=$1 file=$2 out=$3/$1.trace

	trace_unpack "$file" "$out.in"
	if [ "$(head -c 8 "$out.in" | od -An -tx1 | tr -d ' ')" = 4754524143450d0a ]; then
		mv "$out.in" "$out"
	else
		trace_tool convert "$out.in" "$out" ||
			die "$file is not a trace and cannot be converted, see above"
		rm -f "$out.in"
	fi
	trace_tool check "$out" || die "$file is not a valid trace, see above"
	traces+=("$name")
}

# The name that FILE has in the results.
trace_name()
{
	local name=${1##*/}

	name=${name%.xz}
	[[ $name != ?*.* ]] || name=${name%.*}
	name=$(printf '%s' "$name" | LC_ALL=C tr -c 'A-Za-z0-9._-' '-' | cut -c 1-31)
	[ "$name" != default ] || name=default-too
	printf '%s\n' "$name"
}

traces_prepare()
{
	local dir=$1

	if [ -n "${TRACE:-}" ] && ! { [ -f "$TRACE" ] && [ -r "$TRACE" ]; }; then
		die "cannot read the file TRACE=$TRACE"
	fi
	need_for modules programs traces
	mkdir -p "$dir" "$top/build/trace"
	progress make -C "$top/tools/trace" ||
		die "galloc-trace does not build, see above"
	trace_add default "$top/tools/trace/default.trace.xz" "$dir"
	[ -z "${TRACE:-}" ] || trace_add "$(trace_name "$TRACE")" "$TRACE" "$dir"
}

# The file, its copy, and the plan: 8 bytes for an event, which takes one or two; and
# what is live at its peak, which the header says, as each allocator rounds it up.
traces_mb()
{
	local file peak mb most=0

	for file in "$1"/*.trace; do
		peak=$(od -An -tu8 -j64 -N8 "$file" | tr -d ' ')
		mb=$((($(stat -c %s "$file") * 32 + peak * 4) >> 20))
		[ "$mb" -le "$most" ] || most=$mb
	done
	echo "$most"
}
