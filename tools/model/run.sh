#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# The models of the span protocol, of the gate, of drains, of rows and stacks, and of
# weak memory, searched by spin.
#
#	tools/model/run.sh		as given, then with one rule broken at a time
#	tools/model/run.sh --long	larger worlds: minutes, and 3 GB of memory
#	tools/model/run.sh NAME...	only these, as they are named in the results
#
# One line per world, "ok - " or "not ok - "; the last line counts them; exit 1
# if one failed. The output of a search, such as a counterexample, is in
# build/model/NAME. How to read it: README.rst beside this file.
set -euo pipefail

usage="usage: tools/model/run.sh [--long] [NAME...]"
top=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tools/lib.sh
. "$top/tools/lib.sh"
model=$top/tools/model
build=$top/build/model
cc=${HOSTCC:-gcc}

# A search that takes longer has gone wrong, on any machine.
limit=900

# KIND NAME DEFINE...: the worlds. The search must end, and find nothing (holds,
# long) or something (broken). Those that take longest come first. "covers" is
# "holds" for the world in which each step of a task and the interrupt must
# have been taken at least once: a step never taken is a step never checked.
worlds="
holds migration -DTASKS=2 -DNCPU=2 -DTOPS=1 -DNS=1 -DNR=1 -DSHORT=0
holds two-bits -DBITS=2 -DNS=1
holds one-span -DTOPS=3 -DNS=1
holds two-freers
holds no-interrupt -DTOPS=3 -DIRQS=0
holds other-node -DAWAY -DFREERS=1
holds other-node-migration -DAWAY -DTASKS=2 -DNCPU=2 -DTOPS=1 -DNS=1 -DIRQS=0 -DFREERS=1
covers interrupt -DTOPS=3 -DFREERS=1
holds gate -DGATE
holds drain -DDRAIN
holds drain-isolated -DDRAIN -DISOLATED
holds stacks -DSTACKS -DOPS_B=1
holds rows -DSTACKS -DROWS
holds weak-bit-state -DPAIR=1
holds weak-bit-object -DPAIR=2
holds weak-span -DPAIR=3
holds weak-number -DPAIR=4
holds weak-page -DPAIR=5
holds weak-kick -DPAIR=6
holds stacks-isolated -DSTACKS -DAPART

long long-interrupt -DTOPS=3 -DSHORT=0
long long-migration-rows -DTASKS=2 -DNCPU=2 -DTOPS=1 -DNS=1 -DSHORT=0
long long-migration-spans -DTASKS=2 -DNCPU=2 -DTOPS=1 -DFREERS=1 -DSHORT=0
long long-tasks -DTASKS=2 -DNCPU=2 -DNS=1 -DNR=1 -DFREERS=1 -DSHORT=0
long V_ONE_BARRIER -DV_ONE_BARRIER -DSHORT=0
long V_SAME_STATE -DV_SAME_STATE -DSHORT=0

broken M_STATE_THEN_ROW -DTOPS=3 -DNS=1 -DIRQS=0
broken M_IRQ_IGNORES_BUSY -DNS=1
broken M_CLAIM_BY_STORE -DBITS=2 -DNS=1 -DIRQS=0
broken M_CLAIM_WITHOUT_BUSY -DNS=1
broken M_INSTALL_OVERWRITES -DIRQS=0 -DFREERS=1
broken M_INSTALL_ANYWHERE -DAWAY -DTASKS=2 -DNCPU=2 -DTOPS=1 -DNS=1 -DIRQS=0 -DFREERS=1
broken M_END_UNSEEN -DAWAY -DTOPS=3 -DFREERS=1
broken M_FULL_MEANS_ROOM -DTOPS=3 -DNS=1 -DIRQS=0
broken V_ONE_BARRIER+V_SAME_STATE -DNS=1 -DIRQS=0
broken M_NO_FREER_BARRIER -DNS=1 -DIRQS=0
broken M_NO_RESCAN_EMPTY -DNS=1 -DIRQS=0
broken M_NO_RESCAN_FULL -DNS=1 -DIRQS=0
broken M_NO_BARRIER -DNS=1 -DIRQS=0
broken M_FREER_SKIPS_PARTIAL -DNS=1 -DIRQS=0
broken M_HINT_DECIDES -DNS=1 -DIRQS=0
broken M_ROW_THEN_STATE -DTOPS=3 -DNS=1 -DIRQS=0
broken M_CLASS_GEOMETRY -DNS=1 -DIRQS=0
broken M_RECHECK_NO_ROW -DTOPS=3 -DNS=1 -DIRQS=0
broken M_NO_RECHECK -DNS=1 -DIRQS=0
broken M_NO_TRANSIT -DNS=1 -DIRQS=0
broken M_FREER_WRITES -DNS=1 -DIRQS=0
broken M_TWO_LOCKS -DNS=1 -DIRQS=0
broken M_EXIT_WITHOUT_BARRIER -DGATE -DCALLBACKS=1
broken M_EXIT_WITHOUT_HOTPLUG -DGATE -DCALLBACKS=1
broken M_GATE_CLOSED_LAST -DGATE -DCALLBACKS=1
broken M_GATE_WITHOUT_GRACE -DGATE -DCALLBACKS=1
broken M_GATE_WITHOUT_IRQ_SYNC -DGATE -DCALLBACKS=1
broken M_GATE_WITHOUT_CANCEL -DGATE -DCALLBACKS=1
broken M_DRAIN_QUEUED_FIRST -DDRAIN
broken M_DRAIN_GEN_AT_THE_END -DDRAIN
broken M_DRAIN_TURNS_TAKE_THE_LAST -DDRAIN -DISOLATED
broken M_RESOLVE_ONE_READ -DSTACKS -DROWS
broken M_ROW_NUMBER_REUSED -DSTACKS -DROWS
broken M_TAKE_KEEPS_PUBLISHED -DSTACKS -DOPS_B=1
broken M_TAKE_NO_FIRST_GRACE -DSTACKS -DOPS_B=1
broken M_TAKE_NO_RELABEL -DSTACKS -DOPS_B=1 -DRECUTS=0
broken M_TAKE_NO_SECOND_GRACE -DSTACKS -DOPS_B=1 -DRECUTS=0
broken M_TAKE_NO_DRAIN -DSTACKS -DOPS_B=1 -DRECUTS=0
broken M_TAKE_FORGETS_A_CPU -DSTACKS -DOPS_B=1 -DRECUTS=0
broken M_CUT_SLEEPS -DSTACKS -DOPS_B=1
broken M_NUMBER_OUTLIVES_SECTION -DSTACKS -DOPS_B=1 -DRECUTS=0
broken M_RELABEL_WITHOUT_LOCK -DSTACKS -DOPS_B=1
broken M_WEAK_FREER -DPAIR=1
broken M_WEAK_STATE -DPAIR=1
broken M_WEAK_RELEASE_OF_THE_BIT -DPAIR=2
broken M_WEAK_CLAIM -DPAIR=2
broken M_WEAK_TAG -DPAIR=3
broken M_WEAK_GONE -DPAIR=3
broken M_WEAK_START -DPAIR=3
broken M_WEAK_SECOND_TAG -DPAIR=3
broken M_WEAK_PUBLISH -DPAIR=4
broken M_WEAK_PASS_ON -DPAIR=4
broken M_WEAK_LOOK_UP -DPAIR=4
broken M_WEAK_CLEAR -DPAIR=5
broken M_WEAK_LEFT -DPAIR=5
broken M_WEAK_OWNED -DPAIR=5
broken M_WEAK_COUNT -DPAIR=5
broken M_WEAK_KICK -DPAIR=6
broken M_WEAK_HAUL -DPAIR=6
broken M_WEAK_EMPTY -DPAIR=6
broken M_APART_PASSERS_LOOK_AT_ALL -DSTACKS -DAPART
broken M_APART_MARKED_LAST -DSTACKS -DAPART
broken M_APART_NO_GRACE -DSTACKS -DAPART
"

# Which model: mspan.pml, unless a world says otherwise.
file_of()
{
	case " $* " in
	*" -DGATE "*) echo gate.pml ;;
	*" -DDRAIN "*) echo drain.pml ;;
	*" -DSTACKS "*) echo stacks.pml ;;
	*" -DPAIR="*) echo weak.pml ;;
	*) echo mspan.pml ;;
	esac
}


# compile KIND: pan, out of $file and the caller's defines. Nothing is used
# that forgets states: neither bitstate nor hash-compact. Breadth first finds the
# shortest counterexample. A small world takes less than its compiler.
compile()
{
	local flags

	case $1,$file in
	long,*) flags="-O2 -DCOLLAPSE -DMEMLIM=1800" ;;
	broken,stacks.pml) flags="-O1 -DBFS -DMEMLIM=1000" ;;
	broken,*) flags="-O0 -DBFS -DMEMLIM=1000" ;;
	*,weak.pml | *,drain.pml) flags="-O0 -DMEMLIM=1000" ;;
	*) flags="-O1 -DMEMLIM=1000" ;;
	esac
	# shellcheck disable=SC2086 # options, in HOSTCC too
	spin -a "${defines[@]}" "$file" && $cc -w -DSAFETY $flags -o pan pan.c
}

# passed NAME LOG START; failed NAME WHY
passed()
{
	local states

	states=$(awk '/states, stored/ { print $1; exit }' "$2")
	printf 'ok - model: %s (%d states, %d s)\n' "$1" "$states" \
		$((SECONDS - $3))
	touch "$build/$1/passed"
}

failed()
{
	printf 'not ok - model: %s: %s\n' "$1" "$2"
	touch "$build/$1/failed"
}

# judge KIND NAME STATUS START: what a search in the current folder has found.
judge()
{
	local kind=$1 name=$2 error unfinished

	error=$(sed -n 's/^pan:1: //p' pan.log)
	unfinished=$(grep -m1 -E 'not completed|too small|MEMLIM|memory$|truncat' \
		pan.log) || true
	case $error in
	"assertion violated"* | "invalid end state"*)
		spin -T -t "${defines[@]}" "$file" >trace 2>&1 || true
		;;
	esac

	if [ "$kind" = broken ]; then
		if [ -s trace ]; then
			passed "$name" pan.log "$4"
		else
			failed "$name" "no counterexample: ${error:-${unfinished:-exit $3, see $PWD/pan.log}}"
		fi
	elif [ -n "$error" ]; then
		failed "$name" "$error, see $PWD/trace"
	elif [ "$3" != 0 ] || [ -n "$unfinished" ] ||
	     ! grep -q 'errors: 0$' pan.log; then
		failed "$name" "no complete search: ${unfinished:-exit $3, see $PWD/pan.log}"
	elif [ "$kind" = covers ] &&
	     ! sed -n '/^unreached in proctype user/,/states)/p' pan.log |
	       grep -q '(0 of [0-9]* states)'; then
		failed "$name" "steps that are never taken, see the end of $PWD/pan.log"
	else
		passed "$name" pan.log "$4"
	fi
}

# search KIND NAME DEFINE...: one world, from the model to its line.
search()
{
	local kind=$1 name=$2 start=$SECONDS status=0 part file
	local -a defines=("${@:3}")

	file=$(file_of "${defines[@]}")

	for part in ${name//+/ }; do
		[[ $part != [MV]_* ]] || defines+=("-D$part")
	done
	rm -rf "${build:?}/$name"
	mkdir -p "$build/$name"
	cd "$build/$name"
	# spin leaves its files where it runs, and the trail beside the model.
	cp "$model"/*.pml .
	if ! compile "$kind" >build.log 2>&1; then
		failed "$name" "does not build: $(grep -m1 -i error build.log)"
		return
	fi
	timeout --foreground "$limit" ./pan -m20000 >pan.log 2>&1 </dev/null ||
		status=$?
	judge "$kind" "$name" "$status" "$start"
}

# Every rule that the model can break is broken by a world, and no other.
check_names()
{
	local known

	known=$(sed '/^\/\*/d' "$model"/*.pml | grep -oE '\<[MV]_[A-Z_]+\>' | sort -u)
	diff <(echo "$known") \
	     <(grep -oE '\<[MV]_[A-Z_]+\>' <<<"$worlds" | sort -u) >&2 ||
		die "the names in $model/*.pml and of the worlds here differ as shown"
}

# wanted KIND NAME: is this world to be searched?
wanted()
{
	local is_long=0

	[ "$1" != long ] || is_long=1
	case " $names " in
	"  ") [ "$is_long" = "$long" ] ;;
	*" $2 "*) true ;;
	*) false ;;
	esac
}

long=0
names=
for arg; do
	case $arg in
	--long) long=1 ;;
	-*) echo "$usage" >&2; exit 2 ;;
	*)
		if ! grep -qF " $arg " <<<"${worlds//$'\n'/ $'\n'}"; then
			echo "$usage; no world is called $arg" >&2
			exit 2
		fi
		names+=" $arg"
		;;
	esac
done

need_for model programs
check_names
mkdir -p "$build"

todo=()
while read -r line; do
	# shellcheck disable=SC2086 # KIND NAME DEFINE...
	[ -z "$line" ] || ! wanted $line || todo+=("$line")
done <<<"$worlds"

# Each search is a process group, so that it ends with us.
set -m
stop()
{
	local pid

	for pid in $(jobs -p); do
		kill -- "-$pid" 2>/dev/null || true
	done
}
trap stop EXIT
trap 'exit 130' INT TERM HUP

# Two at a time: memory, and no more processors are counted on.
next=0
beat=10
while :; do
	mapfile -t running < <(jobs -pr)
	if [ "$next" -lt "${#todo[@]}" ] && [ "${#running[@]}" -lt 2 ]; then
		# shellcheck disable=SC2086 # KIND NAME DEFINE...
		search ${todo[next]} &
		next=$((next + 1))
		continue
	fi
	[ "${#running[@]}" -gt 0 ] || break
	if [ "$SECONDS" -ge "$beat" ]; then
		say "model: $((next - ${#running[@]})) of ${#todo[@]} searches done, $SECONDS s so far"
		beat=$((SECONDS + 10))
	fi
	sleep 0.1
done

failures=0
for line in "${todo[@]}"; do
	read -r _ name _ <<<"$line"
	[ -e "$build/$name/passed" ] || [ -e "$build/$name/failed" ] ||
		failed "$name" "the search ended without a result"
	[ -e "$build/$name/passed" ] || failures=$((failures + 1))
done
echo "$((${#todo[@]} - failures)) passed, $failures failed, 0 skipped"
[ "$failures" = 0 ]
