# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# documents.sh: what the documents say of galloc's files, parameters and calls. run.sh sources it.
#
# shellcheck disable=SC2154 # top and work are run.sh's

# The files of debugfs, and their modes, by the sources; a heap has only one that the top has, too.
files_of_debugfs()
{
	grep -hoE 'debugfs_create_file\("[a-z]+", 0[0-7]+' "$top"/{observe,debug}/*.c |
		sed -E 's/.*"([a-z]+)", (0[0-7]+)/\1 \2/' | sort -u
}

# Of a table in a page, between two lines: the first two words of each row.
table_of()
{
	awk -v from="$2" '$0 ~ from { on = 1; next } on && /^=/ { if (on++ == 2) exit; next }
		on == 2 && /^[a-z]/ { print $1, $2 }' "$top/Documentation/$1"
}

# The same of the description of the ABI, by its words for modes.
files_of_abi()
{
	awk '
		/^What:/ { n = 0 }
		/galloc\/[a-z]+$/ { sub(/.*galloc\//, ""); file[n++] = $0 }
		/^Description:/ && match($0, /\((RO|WO|RW)/) {
			mode = substr($0, RSTART + 1, 2)
			for (i = 0; i < n; i++)
				print file[i], mode == "RO" ? "0400" : mode == "WO" ? "0200" : "0600"
		}' "$top/Documentation/ABI/testing/debugfs-galloc"
}

# Under lockdown a file that can be written cannot be opened.
files_are_documented()
{
	files_of_debugfs >"$work/files"
	[ "$(wc -l <"$work/files")" -ge 12 ] || { echo "error: only $(wc -l <"$work/files") files are found"; return 1; }
	table_of usage.rst '^file  *mode  *contents' | grep -v '^profile ' | sort | diff "$work/files" - || return 1
	files_of_abi | sort -u | diff "$work/files" - || return 1
	awk '$2 != "0400" { print "``" $1 "``" }' "$work/files" | while read -r name; do
		grep -A 1 'lets nobody open a file that can be written' "$top/Documentation/usage.rst" | grep -qF "$name" ||
			{ echo "error: $name can be written"; return 1; }
	done
}

# NAME MODE of each, but for those that only the suites have.
parameters()
{
	grep -oE '^module_param[a-z_]*\([a-z_]+,.* 0[0-7]+\)' "$top"/*.c "$top"/{observe,debug}/*.c | grep -v '/debug/inject\.c:' |
		sed -E 's/.*\(([a-z_]+),.* (0[0-7]+)\)/\1 \2/' | sort -u
}

parameters_are_documented()
{
	local said

	parameters >"$work/parameters"
	[ "$(wc -l <"$work/parameters")" -ge 10 ] || { echo "error: only $(wc -l <"$work/parameters") are found"; return 1; }
	table_of usage.rst '^name  *unit  *range' | cut -d ' ' -f 1 | sort | diff <(cut -d ' ' -f 1 "$work/parameters") - || return 1
	# shellcheck disable=SC2016 # those of rst
	said=$(grep -B 1 'can be changed there while' "$top/Documentation/usage.rst" | grep -oE '``[a-z_]+``' | tr -d '\`' | sort)
	diff <(sed -n 's/ 0644$//p' "$work/parameters") <(echo "$said")
}

# The functions that clients call, of all that have a comment for kernel-doc, are in the pages,
# and the pages name none that is not there. The calls of galloc-override.h are the kernel's,
# see porting.rst.
calls_are_documented()
{
	python3 - "$top" <<-'END'
		import pathlib, re, sys
		top = pathlib.Path(sys.argv[1])
		comment = r"^/\*\*\n \* (?:(?:struct|DOC:) )?(\w+)"
		symbols = set(re.findall(r"^symbol (\w+)$", (top / "Documentation/abi.list").read_text(), re.M))
		theirs = (top / "include/galloc_override_calls.h").read_text()
		named, wrong, n = {}, [], 0
		for page in sorted(top.glob("Documentation/**/*.rst")):
		    for file, options in re.findall(r"^\.\. kernel-doc:: (\S+)\n((?:   .*\n)*)", page.read_text(), re.M):
		        names = re.search(r":identifiers:([^:]*)", options)
		        lists = named.setdefault(file, [])
		        lists.append(names[1].split() if names else None)
		for file in sorted([*top.glob("*.c"), *top.glob("client/*.c"), *top.glob("include/*.h")]):
		    text, file = file.read_text(), str(file.relative_to(top))
		    there = set(re.findall(comment, text, re.M))
		    calls = {c for c in there if file.endswith(".h") or c in symbols and not re.search(rf"\b{c}\(", theirs)}
		    lists = named.pop(file, [])
		    said = set().union(*(l for l in lists if l is not None)) | (calls if None in lists else set())
		    n += len(calls)
		    wrong += [f"{file}: no page has {c}()" for c in sorted(calls - said)]
		    wrong += [f"{file}: a page names {c}(), which is not there" for c in sorted(said - there)]
		wrong += [f"{file}: a page names it, and it is not there" for file in named]
		if n < 70:
		    wrong.append(f"only {n} calls are found")
		for line in wrong:
		    print("error:", line)
		sys.exit(bool(wrong))
	END
}

# What heaps-and-caches.rst teaches is in samples/, lines between blank ones at a time.
lessons_are_samples()
{
	python3 - "$top" <<-'END'
		import pathlib, re, sys
		top = pathlib.Path(sys.argv[1])
		parts = lambda text: {p.strip("\n") for p in re.split(r"\n\s*\n", text)}
		have = set().union(*(parts(f.read_text()) for f in top.glob("samples/*/*.c")))
		page = (top / "Documentation/heaps-and-caches.rst").read_text()
		blocks = re.findall(r"^\.\. code-block:: c\n\n((?:\t.*\n|\n)+)", page, re.M)
		taught = set().union(*(parts(re.sub(r"^\t", "", b, flags=re.M)) for b in blocks)) - {""}
		wrong = taught - have
		for part in wrong:
		    print("error: no sample has:", part.split("\n")[0].strip())
		if len(taught) < 20:
		    print(f"error: only {len(taught)} parts are found")
		sys.exit(bool(wrong) or len(taught) < 20)
	END
}

# As make docs does, which takes a warning for an error.
pages_build()
{
	"$top/tools/ship/docs.sh" >"$work/out" 2>&1 && return
	echo "error: $(grep -om 1 -E '[^/]*: (WARNING|ERROR).*' "$work/out" || tail -n 1 "$work/out")"
	return 1
}

if command -v sphinx-build >/dev/null; then
	check "documentation: the pages build without a warning" pages_build
else
	skip "documentation: the pages build without a warning" "no Sphinx here"
fi
check "documentation: the files of debugfs, and their modes, are those of the sources" files_are_documented
check "documentation: so are parameters, and which can be changed" parameters_are_documented
check "documentation: each call of a client is in the pages, by the file that it is in" calls_are_documented
check "documentation: heaps-and-caches.rst teaches by what samples/ has" lessons_are_samples
