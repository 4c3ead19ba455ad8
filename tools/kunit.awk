# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# kunit.awk: the results of the KUnit suites, from the console of their guest.
#
#	awk -v splat=REGEX -v verbose=1 -f kunit.awk LOG ...
#
# The suites ran once for each set of parameters, between "galloc-kunit: set
# begin NAME" and "... set end NAME". Prints one line for each case that failed
# or was skipped,
#
#	not ok - SUITE.CASE: REASON
#	skip - SUITE.CASE: REASON
#
# and "N passed, N failed, N skipped". A case counts once: it failed if it failed
# in any set, and was skipped if it ran in none.
#
# A report of the kernel about itself (splat) makes the case fail in which it
# came, whatever KUnit says, unless the test announced it by a text in its first
# line, and then looks itself for those it announced:
#
#	galloc-kunit: expect TEXT
#	galloc-kunit: expect end
#
# What passes then is the stack of a report of galloc, or a warning as a whole;
# a report of another tool in between does not.
#
# Written for mawk: no \b, no intervals, no third argument to match().

# The indentation of KTAP tells the level: 0 a suite, 4 a case, 8 a parameter.
# 6.1 prints no "KTAP version" line for modules, so nothing depends on it.
{
	line = $0
	sub(/^\[ *[0-9]+\.[0-9]+\](\[[^]]*\])? ?/, "", line)
	match(line, /^ */)
	level = RLENGTH
	text = substr(line, level + 1)
}

# Another guest.
text ~ /^Linux version / { end_set(); sets = 0 }

text ~ /^galloc-kunit: set begin / {
	end_set()
	set = text
	sub(/^galloc-kunit: set begin /, "", set)
	next
}
text ~ /^galloc-kunit: set end / { end_set(); next }
text == "galloc-kunit: expect end" { forget(); next }
text ~ /^galloc-kunit: expect / {
	announced[++nr_announced] = substr(text, length("galloc-kunit: expect ") + 1)
	next
}

# The text precedes a warning up to 6.18, and follows its first line from
# 7.0 on: that line waits for it.
is_announced(text) {
	if (warning == "")
		allowed++
	else
		in_warning = 1
	warning = ""
	next
}
text ~ /^WARNING: / && !in_splat && nr_announced {
	unexplained()
	if (allowed)
		in_warning = 1
	else
		warning = text
	allowed = 0
	next
}
text ~ /^Call [Tt]race:/ && (in_warning || allowed) {
	if (!in_warning)
		allowed--
	next
}
text ~ /^galloc-(bed|crimes): (not )?ok - / { bed_result(); next }
text ~ /^galloc-kunit: [0-9]+ operations$/ {
	operations = operations (operations == "" ? "" : ", ") set " " $(NF - 1)
	next
}

# A report goes on to its end mark, or to the next result.
text ~ /---\[ end / {
	unexplained()
	in_warning = in_splat = 0
	next
}
text ~ splat {
	unexplained()
	if (!in_splat)
		add_report(text)
	next
}

set == "" { next }

text ~ /^# Subtest: / && level == 4 {
	end_suite()
	suite = $0
	sub(/.*# Subtest: /, "", suite)
	planned = done = suite_failures = 0
	next
}
text ~ /^1\.\.[0-9]+$/ && level == 4 { planned = substr(text, 4) + 0; next }

# Why a case fails: the first expectation that did not hold, and what it saw.
text ~ /^# .*: (EXPECTATION|ASSERTION) FAILED at / {
	if (reason == "") {
		sub(/.* FAILED at /, "", text)
		reason = text
		more = 4
	} else {
		more = 0
	}
	next
}
text ~ /^# .*: .*(try faulted|test case timed out|test failed: |failed to initialize)/ && reason == "" {
	sub(/^# [^:]*:[# ]*/, "", text)
	reason = text
	next
}

text ~ /^(not )?ok [0-9]+/ {
	unexplained()
	in_splat = in_warning = allowed = more = 0
	result(level)
	next
}

text ~ /^(#|KTAP|galloc)/ { more = 0; next }
more > 0 && text != "" { reason = reason (more == 4 ? ": " : " ") text; more-- }

# Is this the first line of a report that the case announced?
function is_announced(text,	i)
{
	for (i = 1; i <= nr_announced; i++)
		if (index(text, announced[i]))
			return 1
	return 0
}

# No more reports are announced.
function forget()
{
	unexplained()
	nr_announced = allowed = in_warning = 0
}

# A warning without the announced text is an unexpected report.
function unexplained()
{
	if (warning != "")
		add_report(warning)
	warning = ""
}

function add_report(text)
{
	in_splat = 1
	report = report (report == "" ? "" : "; ") "kernel report: " text
	if (suite == "")
		flush_report(outside())
}

# A result line of the KTAP level that its indentation tells.
function result(level,	ok, name, skip)
{
	ok = text !~ /^not /
	name = text
	sub(/^(not )?ok [0-9]+ *(- )?/, "", name)
	skip = ""
	if (match(name, / *# SKIP/)) {
		skip = substr(name, RSTART + RLENGTH)
		sub(/^ */, "", skip)
		if (skip == "")
			skip = "no reason given"
		name = substr(name, 1, RSTART - 1)
	}

	if (level == 0) {
		if (suite == "")
			suite = name
		if (report != "")
			flush_report(suite)
		if (done != planned)
			fail(suite, done " of " planned " cases reported")
		else if (!ok && !suite_failures)
			fail(suite, reason == "" ? "the suite failed, none of its cases did" : reason)
		suite = reason = ""
		planned = done = suite_failures = 0
	} else if (level == 4) {
		done++
		name = suite "." name
		if (nr_announced) {
			report = "it announced the report " announced[1] " and did not end it"
			forget()
		}
		if (!ok || report != "") {
			fail(name, ok ? report : reason (reason != "" && report != "" ? "; " : "") report)
			suite_failures++
		} else if (skip != "") {
			see(name)
			skipped[name] = skip
		} else {
			see(name)
			passed[name] = 1
		}
		reason = report = ""
	} else if (!ok && index(reason, "[") != 1) {
		# A parameter of the case whose own result comes next.
		reason = "[" name "] " reason
	}
}

# A finding of galloc_bed.ko about the guest, or of galloc_crimes.ko: a case of its own.
function bed_result(	ok, name, why, part)
{
	ok = text !~ /^galloc-[a-z]*: not /
	name = part = text
	sub(/: .*/, "", part)
	sub(/^galloc-/, "", part)
	sub(/^galloc-[a-z]*: (not )?ok - /, "", name)
	if (!ok && match(name, /: /)) {
		why = substr(name, RSTART + 2)
		name = substr(name, 1, RSTART - 1)
	}
	name = part ": " name
	if (ok) {
		see(name)
		passed[name] = 1
	} else {
		fail(name, why)
	}
}

# Remember a case, in the order of its first appearance.
function see(name)
{
	if (!(name in seen)) {
		seen[name] = 1
		order[++count] = name
	}
}

# A case, or its substitute, failed in this set; keeps the first reason.
function fail(name, why)
{
	see(name)
	if (name in failed)
		return
	if (why == "")
		why = "no reason given"
	gsub(/[ \t]+/, " ", why)
	sub(/, but$/, "", why)
	failed[name] = substr(why, 1, 300) (set == "" ? "" : " (set " set ")")
}

# Where we are when no suite runs; galloc is not loaded outside of a set.
function outside()
{
	if (set != "")
		return "set " set
	return sets ? "after the last set" : "before galloc is loaded"
}

# A report that came outside of any case.
function flush_report(name)
{
	fail(name, report)
	report = ""
}

# A suite that begins or ends while the last one is still open never ended.
function end_suite()
{
	if (suite != "")
		fail(suite, "it broke off after " done " of " planned " cases" (report == "" ? "" : "; " report))
	forget()
	suite = reason = report = ""
	in_splat = more = 0
}

function end_set()
{
	end_suite()
	if (set != "")
		sets++
	set = ""
}

END {
	end_set()
	for (i = 1; i <= count; i++) {
		name = order[i]
		if (name in failed) {
			printf "not ok - %s: %s\n", name, failed[name]
			nfailed++
		} else if (name in passed) {
			if (verbose)
				printf "ok - %s\n", name
			npassed++
		} else {
			printf "skip - %s: %s\n", name, skipped[name]
			nskipped++
		}
	}
	if (operations != "")
		printf "operations of each set: %s\n", operations
	printf "%d passed, %d failed, %d skipped\n", npassed, nfailed, nskipped
}
