# SPDX-License-Identifier: GPL-2.0
#
# Reads KUnit suites and scripts with tests, and prints a line `ROW FILE.TEST` for each
# row of Documentation/semantics.rst that the comment directly above a test names.  A test
# is a case of a suite, or a function test_NAME.

function note(test,    text) {
	text = said
	while (match(text, /[A-Z][A-Z][A-Z]-[0-9]+/)) {
		named[++n] = substr(text, RSTART, RLENGTH) " " stem "." test
		of[n] = FILENAME " " test
		text = substr(text, RSTART + RLENGTH)
	}
}

FNR == 1 {
	stem = FILENAME
	sub(/.*\//, "", stem)
	sub(/(_kunit)?\.(c|sh)$/, "", stem)
	shell = FILENAME ~ /\.sh$/
	said = ""
	inside = 0
}

!shell && /^\/\*/ { said = ""; inside = 1 }
inside {
	said = said " " $0
	if (/\*\//)
		inside = 0
	next
}
shell && /^#/ { said = said " " $0; next }

# In the list of a suite.
match($0, /KUNIT_CASE[A-Z_]*\([a-z0-9_]+/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/.*\(/, "", name)
	known[FILENAME " " name] = 1
}

!shell && /^static void [a-z0-9_]+\(struct kunit \*test\)$/ {
	name = $3
	sub(/\(.*/, "", name)
	note(name)
}

shell && /^test_[a-z0-9_]+\(\)/ {
	name = $1
	sub(/^test_/, "", name)
	sub(/\(.*/, "", name)
	known[FILENAME " " name] = 1
	note(name)
}

{ said = "" }

END {
	for (i = 1; i <= n; i++)
		if (of[i] in known)
			print named[i]
}
