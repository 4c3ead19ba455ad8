# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# shown.sh: what programs of the host make of what a guest has had: of its memory drgn, of
# its metrics promtool, of its heap profile pprof, of its snapshot a browser.  stock.sh
# sources it, for the bed tools.
#
#	shown_results		a line for each check
#
# shellcheck disable=SC2154 # top, work and log are stock.sh's

# asks CORE COMMAND...: of a dump, with the galloc.ko of the guest.
asks()
{
	/usr/bin/python3 "$top/tools/drgn/galloc.py" -c "$1" -m "$work/galloc.ko" "${@:2}" 2>&1
}

# What galloc.py says of the dump; the guest has asked the kernel that it is of.
dump_results()
{
	local command

	if ! [ -s "$work/vmcore" ]; then
		not_ok "the guest's memory is dumped" "$(tail -n 1 "$work/monitor.said")"
		return
	fi
	sed -n 's/^@@ live //p' "$log" >"$work/asked"
	same "questions of the guest" "$(wc -l <"$work/asked")" 4
	while read -r command; do
		# shellcheck disable=SC2086 # several words
		same "a dump says the same: ${command%% *}" "$(asks "$work/vmcore" $command)" \
			"$(sed "1,/^@@ live $command\$/d; /^@@ done/,\$d" "$log")"
	done <"$work/asked"
	head -c 1000000 "$work/vmcore" >"$work/cut"
	same "a dump that was cut, one line" "$(asks "$work/cut" classes | grep -c '^galloc.py: ')" 1
	same "what is no dump, one line" "$(asks "$work/plan" classes | grep -c '^galloc.py: ')" 1
	same "a dump that is not there" "$(asks "$work/none" classes)" \
		"galloc.py: $work/none: No such file or directory"
}

# The files of export.sh, into the folder shown.
take_files()
{
	local name

	mkdir -p "$work/shown"
	for name in metrics heap.pb.gz snapshot; do
		sed "1,/^@@ file $name\$/d; /^@@ file end/,\$d" "$log" | base64 -d >"$work/shown/$name"
	done
}

# browse ARG...: Chromium on the page, without a profile of its own that stays.
browse()
{
	chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/chromium" \
		--enable-logging=stderr --hide-scrollbars "$@" "file://$work/shown/page.html" 2>"$work/browsed"
}

# picture NAME WIDTH ARG...: of the whole page, kept for people to look at, and how many
# colours it has.
picture()
{
	local out=$top/build/shown/$1.png

	browse --window-size="$2,3000" --screenshot="$out" "${@:3}" >/dev/null
	python3 -c '
import sys, zlib
data, at, pixels = open(sys.argv[1], "rb").read(), 8, b""
while at < len(data):
    size = int.from_bytes(data[at:at + 4], "big")
    if data[at + 4:at + 8] == b"IDAT":
        pixels += data[at + 8:at + 8 + size]
    at += size + 12
print(len(set(zlib.decompress(pixels)[1::16])))' "$out"
}

page_results()
{
	local key numbers

	"$work/observe/galloc-report" --load "$work/shown/snapshot" >"$work/shown/page.html"
	# How wide it is, as the title: that a page can say without a debugger.
	echo '<script>document.title = document.documentElement.scrollWidth + " " + innerWidth;</script>' \
		>>"$work/shown/page.html"
	numbers=$(browse --window-size=740,900 --dump-dom)
	same "the browser has no complaint" "$(grep -c CONSOLE "$work/browsed")" 0
	for key in system in_use meta; do
		same "the page has ${key}_bytes of stats" \
			"$(grep -o "id=\"${key}_bytes\">[0-9]*" <<<"$numbers" | grep -o '[0-9]*$')" \
			"$(awk -v "key=${key}_bytes" '$1 == key { print $2; exit }' "$work/shown/snapshot")"
	done
	same "nothing sticks out at 740 pixels" "$(sed -n 's/.*<title>\([0-9 ]*\).*/\1/p' <<<"$numbers" | head -n 1)" "740 740"
	same "nor on a telephone" "$(browse --window-size=500,900 --dump-dom |
		sed -n 's/.*<title>\([0-9]*\) \([0-9]*\).*/\1 \2/p' | awk 'NR == 1 { print $1 <= $2 }')" 1
	mkdir -p "$top/build/shown"
	at_least "a picture in light colours has so many" "$(picture light 740)" 16
	at_least "in dark ones" "$(picture dark 740 --force-dark-mode --blink-settings=preferredColorScheme=0)" 16
	at_least "of the map" "$("$work/observe/gallocstat" --load "$work/shown/snapshot" --svg \
		>"$work/shown/page.html" && picture map 1200)" 8
}

file_results()
{
	take_files
	check "promtool finds nothing to improve in metrics" \
		bash -c "! promtool check metrics <$work/shown/metrics 2>&1 | grep ."
	same "pprof names the chain that leaks first" \
		"$(go tool pprof -top "$work/shown/heap.pb.gz" 2>/dev/null | grep -o 'chain_[a-e]' | head -n 1)" chain_d
	page_results
}

shown_results()
{
	! grep -q '^drgn' "$work/plan" || dump_results
	! grep -q '^export' "$work/plan" || file_results
}
