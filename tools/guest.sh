# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# guest.sh: boot a kernel on an initramfs of ours, and get its verdict.
# lib.sh sources it.
#
#	guest_initramfs OUT SCRIPT [SRC:DST ...]
#	guest_qemu VMLINUZ INITRAMFS LOG TIMEOUT_S [QEMU_ARG ...]
#	guest_uml KERNEL INITRAMFS LOG TIMEOUT_S [KERNEL_ARG ...]
#
# The environment configures the guest:
#
#	GUEST_CPUS=2		processors; for QEMU also 4,sockets=2
#	GUEST_MEM=512		MB of memory; for QEMU also 512,slots=2,maxmem=2G
#	GUEST_NODES=1		QEMU: nodes with equal parts of both, which then must
#				be plain numbers
#	GUEST_APPEND=''		more for the kernel's command line
#	GUEST_RACES=1		a kernel with KCSAN, whose own races do not count, see races.awk
#	GUEST_CONSOLE=early	QEMU: the kernel bypasses its serial driver, see below
#
# TIMEOUT_S is a number of seconds, or N+: after N a guest goes on as long as its console has
# had something to say in the last 15 minutes, up to four times N. A busy host takes that.
#
# SCRIPT becomes /main, for busybox's shell; guest/init.sh is /init and runs it. The last
# line on the console is the verdict, after everything is unloaded and checked:
#
#	GUEST: ok		SCRIPT has ended with status 0
#	GUEST: failed: why	SCRIPT reports a failure
#
# The functions return 0 only if LOG ends in the first of them. A guest that
# crashed, hung or powered off early printed no verdict, and failed.

# On a busy host the timers of a test alone may fill a CPU for some seconds; who stands still
# does so for longer.
GUEST_PATIENT=rcupdate.rcu_cpu_stall_timeout=60

# Lines of a kernel log that begin a report of the kernel about itself.
GUEST_SPLAT='BUG: |BUG at |WARNING: |Oops[:# ]|KASAN: |KFENCE: |UBSAN: |general protection fault|'
GUEST_SPLAT+='INFO: possible |INFO: suspicious |INFO: task .* blocked|INFO: rcu|rcu: INFO|rcu:.* detected stall|'
GUEST_SPLAT+='inconsistent lock state|possible recursive locking|suspicious RCU usage|Invalid wait context|'
GUEST_SPLAT+='unreferenced object |new suspected memory leaks|Bad page state|bad page|Kernel panic|'
GUEST_SPLAT+='Call [Tt]race:|scheduling while atomic|sleeping function called|refcount_t: |list_(add|del) corruption|'
GUEST_SPLAT+='Unable to handle|unable to handle|double fault|stack-protector:|DEBUG_LOCKS_WARN|held lock freed|lock held when returning'

# guest_initramfs OUT SCRIPT [SRC:DST ...]: an initramfs with a static busybox, the
# script and the files. The same input gives the same bytes.
# It is not compressed: without hardware virtualisation, unpacking costs more
# than loading.
guest_initramfs()
{
	local out=$1 script=$2 busybox root pair
	shift 2

	# Of another architecture, see kernel.sh.
	busybox=${BUSYBOX:-$(command -v busybox)} || die "busybox is missing; type: sudo apt-get install busybox-static"
	root=$(mktemp -d "${work:-${TMPDIR:-/tmp}}/galloc-initramfs.XXXXXX")
	mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp"
	cp "$busybox" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	install -m 755 "${BASH_SOURCE[0]%/*}/guest/init.sh" "$root/init"
	install -m 644 "$script" "$root/main"
	for pair in "$@"; do
		install -D -m 644 "${pair%%:*}" "$root/${pair#*:}"
	done
	find "$root" -exec touch -h -d @1 {} +
	(cd "$root" && find . -mindepth 1 | LC_ALL=C sort |
		cpio --quiet --reproducible -o -H newc -R 0:0) >"$out"
	rm -rf "$root"
}

# QEMU's arguments for GUEST_NODES, one a line.
guest_nodes()
{
	local nodes=${GUEST_NODES:-1} cpus=${GUEST_CPUS:-2} mem=${GUEST_MEM:-512} n

	[ "$nodes" -gt 1 ] || return 0
	for ((n = 0; n < nodes; n++)); do
		printf '%s\n' -object "memory-backend-ram,id=node$n,size=$((mem / nodes))M" \
			-numa "node,nodeid=$n,memdev=node$n,cpus=$((n * cpus / nodes))-$(((n + 1) * cpus / nodes - 1))"
	done
}

# guest_program NAME: what guest_initramfs takes to have an installed program, its libraries
# and what loads them; one a line.  In the guest: chmod -R 755 /bin /lib*
guest_program()
{
	local program file

	program=$(command -v "$1") || die "$1 is missing"
	printf '%s\n' "$program:/bin/$1"
	ldd "$program" | grep -o '/[^ ]*' | while read -r file; do
		printf '%s\n' "$file:$file"
	done
}

# guest_terminals NAME...: the same for what programs know about terminals; where it is has
# changed from one Debian to the next.
guest_terminals()
{
	local name dir

	for name in "$@"; do
		for dir in /etc/terminfo /lib/terminfo /usr/share/terminfo ''; do
			[ -n "$dir" ] || die "no description of the terminal $name is here; type: sudo apt-get install ncurses-base"
			[ -e "$dir/${name:0:1}/$name" ] || continue
			printf '%s\n' "$dir/${name:0:1}/$name:$dir/${name:0:1}/$name"
			break
		done
	done
}

# guest_drgn: the same for Python, with drgn and the modules that a program of ours imports.
# They are compiled, and lie where their sources would: those have other times in a guest.
guest_drgn()
{
	guest_program /usr/bin/python3 | sed 's|:/bin//usr/bin/python3$|:/bin/python3|'
	/usr/bin/python3 - <<-'END' | sort -u
		import argparse, bisect, collections, encodings.ascii, encodings.latin_1, functools, os
		import struct, subprocess, sys, drgn
		for module in list(sys.modules.values()):
		    path = getattr(module, "__file__", None) or ""
		    compiled = getattr(module, "__cached__", None)
		    if compiled and os.path.exists(compiled):
		        print(f"{compiled}:{path[:-3]}.pyc")
		    elif path.startswith("/"):
		        print(f"{path}:{path}")
		    if path.endswith(".so"):
		        for line in subprocess.run(["ldd", path], stdout=subprocess.PIPE,
		                                   text=True).stdout.split():
		            if line.startswith("/"):
		                print(f"{line}:{line}")
	END
}

# guest_qemu VMLINUZ INITRAMFS LOG TIMEOUT_S [QEMU_ARG ...]
#
# The console is a serial line that goes to LOG and to nothing else: no terminal
# is touched. QEMU_ARGs come last and so win; with an -accel among them, none is
# chosen here. no_timer_check: on a busy machine an emulated timer may be late,
# and the kernel would panic at boot.
#
# GUEST_CONSOLE=early is for kernels with PROVE_RAW_LOCK_NESTING: up to 6.12 the
# serial console takes a lock that it must not take when something prints in an
# interrupt; lockdep reports that, and then is off. The early console takes none.
# It is no /dev/console: the init script opens /dev/ttyS0 for itself.
#
# A kernel for another architecture ($KARCH, see kernel.sh) runs on an emulated
# machine with a thread for each processor. This arm64 has pages of all sizes, atomics
# of single instructions, and none of the pointer authentication that emulates slowly.
guest_qemu()
{
	local kernel=$1 initramfs=$2 log=$3 timeout=$4 console=console=ttyS0
	local -a machine=(qemu-system-x86_64) qemu numa

	mapfile -t numa < <(guest_nodes)
	[ "${GUEST_CONSOLE:-}" != early ] ||
		console="earlyprintk=serial,ttyS0,115200,keep console=null"
	if [ "${KARCH:-}" = arm64 ]; then
		console=console=ttyAMA0
		machine=(qemu-system-aarch64 -machine "virt,gic-version=3" -cpu neoverse-n1
			-accel "tcg,thread=multi")
	fi
	qemu=("${machine[@]}" -nodefaults -no-user-config -no-reboot
		-display none -monitor none -serial "file:$log"
		-smp "${GUEST_CPUS:-2}" -m "${GUEST_MEM:-512}" "${numa[@]}"
		-kernel "$kernel" -initrd "$initramfs"
		-append "$console quiet panic=-1 no_timer_check $GUEST_PATIENT ${GUEST_APPEND:-}")
	shift 4

	# One access in ten thousand is watched, for milliseconds, since emulated processors may have
	# to take turns. The reports must fit in the buffer.
	[ -z "${GUEST_RACES:-}" ] || qemu[${#qemu[@]}-1]+=" kcsan.skip_watch=10000 kcsan.udelay_task=2000 kcsan.udelay_interrupt=50 log_buf_len=16M"
	# A small BIOS saves a second of each boot, where it is packaged.
	[ -n "${KARCH:-}" ] || [ ! -r /usr/share/qemu/qboot.rom ] || qemu+=(-bios qboot.rom)
	case " ${machine[*]} $* " in
	*" -accel "*) ;;
	*) if have_kvm; then qemu+=(-accel kvm -cpu host); else qemu+=(-accel tcg); fi ;;
	esac
	guest_run "$log" "$timeout" "$log.qemu" "${qemu[@]}" "$@"
}

# LOG DIR KERNEL ARG...: run a user-mode kernel, with its memory in DIR. With more than one processor it sometimes
# hangs when it has powered off, waiting for a process that it has killed, or aborts. Its verdict
# is in the log by then, so it is ended, and how it ended does not count. To read a silent pipe is
# a sleep without a process.
# shellcheck disable=SC2016 # for a shell of its own
UML_RUN='
TMPDIR=$2 setpriv --pdeathsig KILL -- "${@:3}" &
pid=$! rc=0
powered_off() { tail -n 20 "$1" | grep -aq "reboot: Power down"; }
exec {tick}<> <(:)
for ((n = 1; ; n++)); do
	read -rt 1 -u "$tick"
	kill -0 "$pid" 2>/dev/null || break
	[ $((n % 5)) -eq 0 ] && powered_off "$1" || continue
	sleep 5
	! kill -KILL "$pid" 2>/dev/null || exit 0
done
wait "$pid" 2>/dev/null || rc=$?
! powered_off "$1" || rc=0
exit "$rc"'

# guest_uml_memory GUESTS: set UML_MEMORY to where so many user-mode kernels at once have their
# memory, each in a file without a name, from which it runs programs. That is /dev/shm unless it
# is mounted noexec or small, as Docker's is: there a kernel does not begin, or it is killed by
# SIGBUS when the room is used up. On a disk it runs as well, only slower.
guest_uml_memory()
{
	local mb=$(($1 * ${GUEST_MEM:-512})) dir have

	for dir in /dev/shm "${TMPDIR:-}" "${top:+$top/build}" /tmp /var/tmp; do
		have=$(df -Pm "$dir" 2>/dev/null | awk 'NR == 2 { print $4 }') || continue
		[ "$dir" != /dev/shm ] || [ "$(memory_mb)" -ge "$mb" ] || continue
		if [ "${have:-0}" -ge "$mb" ] && runs_programs "$dir"; then
			UML_MEMORY=$dir
			return
		fi
	done
	die "user-mode Linux needs a directory with $mb MB of room where programs can be run: set TMPDIR to one"
}

# guest_uml KERNEL INITRAMFS LOG TIMEOUT_S [KERNEL_ARG ...]
#
# A kernel that is a process of ours; more than one processor takes 7.3 and
# seccomp. Who runs more than one at once calls guest_uml_memory before.
guest_uml()
{
	local kernel=$1 initramfs=$2 log=$3 timeout=$4 state rc=0
	# shellcheck disable=SC2054 # the commas are the kernel's
	local -a uml=("$kernel" mem="${GUEST_MEM:-512}M" initrd="$initramfs" rdinit=/init
		con=null con0=fd:0,fd:1 panic=-1 "$GUEST_PATIENT")
	shift 4

	# Only threads that were bound to a processor leave the first one. The kernel's
	# own get_current() reads the processor's number and then that processor's
	# task: a task preempted and migrated in between counts its preempt_disable()
	# for another one, which then is found "scheduling while atomic".
	[ "${GUEST_CPUS:-2}" -eq 1 ] ||
		uml+=(ncpus="${GUEST_CPUS:-2}" seccomp=on isolcpus="domain,1-$((${GUEST_CPUS:-2} - 1))")
	# Otherwise it leaves a folder in the user's home.  Below the script's, it goes with that.
	state=$(mktemp -d "${work:-${TMPDIR:-/tmp}}/galloc-uml.XXXXXX")
	[ -n "${UML_MEMORY:-}" ] || guest_uml_memory 1
	# shellcheck disable=SC2086 # several words
	guest_run "$log" "$timeout" "$log" bash -c "$UML_RUN" uml "$log" "$UML_MEMORY" "${uml[@]}" uml_dir="$state/" ${GUEST_APPEND:-} "$@" || rc=$?
	rm -rf "$state"
	return "$rc"
}

# LOG LIMIT QUIET PROGRAM...: run it, and end it once the limit has passed and the log has not
# grown for so many seconds: the group that timeout has made, as that does. To read a silent pipe
# is a sleep without a process.
# shellcheck disable=SC2016 # for a shell of its own
GUEST_OVERTIME='
setpriv --pdeathsig KILL -- "${@:4}" &
pid=$! rc=0
{
	exec {tick}<> <(:)
	until [ $SECONDS -ge "$2" ] && [ $(($(date +%s) - $(stat -c %Y "$1" || echo 0))) -ge "$3" ]; do
		read -rt 1 -u "$tick"
		kill -0 $$ || exit
	done
	kill -KILL 0
} 2>/dev/null &
# Not a word of bash of its own about how it ended.
disown $!
wait "$pid" 2>/dev/null || rc=$?
kill -KILL $!
exit "$rc"'

# guest_run LOG TIMEOUT_S OUTPUT PROGRAM...: run the virtual machine and judge.
# Its own output, as opposed to the console, goes to OUTPUT.
#
# timeout makes a process group of its own, which no signal to ours reaches: it ends
# with this script (see watched()), and the machine with it.
guest_run()
{
	local log=$1 timeout=${2%+} most=$2 output=$3 rc=0 start=$SECONDS
	local -a overtime=()
	shift 3

	if [ "$most" != "$timeout" ]; then
		most=$((4 * timeout))
		overtime=(bash -c "$GUEST_OVERTIME" guest "$log" "$timeout" "${GUEST_QUIET:-900}")
	fi

	mkdir -p "${log%/*}"
	rm -f "$log" "$output"
	watched "guest" timeout -s KILL "$most" setpriv --pdeathsig KILL -- "${overtime[@]}" "$@" >"$output" || rc=$?
	[ -e "$log" ] || : >"$log"
	# A serial line ends its lines like a teletype.
	sed -i 's/\r*$//' "$log"
	if [ -n "${GUEST_RACES:-}" ]; then
		mv "$log" "$log.all"
		awk -f "${BASH_SOURCE[0]%/*}/races.awk" "$log.all" >"$log"
	fi
	guest_verdict "$log" && [ "$rc" -eq 0 ] && return 0

	if [ "$rc" -eq 137 ] && [ $((SECONDS - start)) -ge "$timeout" ]; then
		say "the guest was stopped after $((SECONDS - start)) s; last line: $(guest_last_line "$log")"
	elif [ "$rc" -ne 0 ]; then
		say "the virtual machine ended with status $rc: $(guest_last_line "$output")"
	elif ! guest_verdict "$log"; then
		say "the guest ended without 'GUEST: ok'; last line: $(guest_last_line "$log")"
	fi
	return 1
}

# Is the verdict in the log a success? Messages of the kernel on power-off may
# come after it, a report may not.
guest_verdict()
{
	awk -v splat="$GUEST_SPLAT" '
		/^GUEST: / { ok = ($0 == "GUEST: ok"); next }
		$0 ~ splat { ok = 0 }
		END { exit !ok }' "$1"
}

# guest_watched LOG: how many accesses KCSAN has watched.
guest_watched()
{
	sed -n 's/^# kcsan setup_watchpoints: //p' "$1"
}

# The last meaningful line: that of a panic, which is followed by a trace,
# or else the very last. Without what a terminal would do with it.
guest_last_line()
{
	local line

	line=$(grep -a 'Kernel panic' "$1" | head -n 1) || true
	[ -n "$line" ] || line=$(grep -av '^[[:space:]]*$' "$1" | tail -n 1) || true
	printf '%s\n' "${line:-nothing}" | tr -cd '[:print:]\n' | cut -c 1-200
}
