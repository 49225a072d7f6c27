# SPDX-License-Identifier: BSD-2-Clause
#
# awk -v directory=D -f mutants.awk FILE.c: every mutant of FILE.c that differs in one
# place, as D/NUMBER.c, and a line for each: NUMBER, its line's number, what the line has
# become (without its indentation), separated by tabs.
#
# Comments, strings, preprocessor lines and what stands outside of functions and tables
# are left alone.

BEGIN {
	# What becomes of what; all at whole tokens.
	pairs = "== !=|!= ==|<= <|>= >|< <=|> >=|&& \\|\\||\\|\\| &&|+ -|- +|& \\||\\| &" \
		"|true false|false true|ACTION_REJECT ACTION_ACCEPT|ACTION_TEMPFAIL ACTION_ACCEPT" \
		"|ACTION_ACCEPT ACTION_REJECT|VERDICT_REJECT VERDICT_ACCEPT" \
		"|VERDICT_TEMPFAIL VERDICT_ACCEPT|VERDICT_ACCEPT VERDICT_REJECT" \
		"|later sooner_known|sooner_known later"
	gsub(/\\\|/, "\001", pairs)
	pair_count = split(pairs, pair, "|")
	for (i = 1; i <= pair_count; i++) {
		gsub(/\001/, "|", pair[i])
		split(pair[i], two, " ")
		from[i] = two[1]
		to[i] = two[2]
	}
}

{ line[NR] = $0 }

END {
	for (n = 1; n <= NR; n++) {
		text = line[n]
		if (in_comment) {
			if (index(text, "*/"))
				in_comment = 0
			continue
		}
		if (text ~ /^\t* ?\/\*/) {
			in_comment = !index(text, "*/")
			continue
		}
		if (text !~ /^\t/ || text ~ /__attribute__/)
			continue
		code = blank(text)
		tokens(n, text, code)
		# A statement left out.
		if (code ~ /^\t+[a-z_>.*-][A-Za-z0-9_>.&*()\[\]-]* *(=|\|=|&=|\+=|\().*;$/ &&
		    code !~ /^\t+(return|if|for|while|switch|enum|struct|const|static|unsigned|int|bool|size_t|int64_t|uint[0-9]+_t)[ (]/)
			emit(n, "\t;")
		# A condition the other way round.
		if (match(code, /^\t+(else )?if \(.*\)$/)) {
			mutant = text
			sub(/if \(/, "if (!(", mutant)
			emit(n, mutant ")")
		}
		if (match(code, /[( ]![a-z]/))
			emit(n, substr(text, 1, RSTART) substr(text, RSTART + 2))
	}
}

# The line with strings and comments of as many blanks.
function blank(text,    out, i, c, quoted) {
	sub(/\/\*.*\*\//, "", text)
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\"")
			quoted = !quoted
		out = out (quoted || c == "\"" ? " " : c)
	}
	return out
}

function tokens(n, text, code,    i, at, rest, before, after, length_of) {
	for (i = 1; i <= pair_count; i++) {
		length_of = length(from[i])
		for (at = 1; at <= length(code) - length_of + 1; at++) {
			if (substr(code, at, length_of) != from[i])
				continue
			before = at == 1 ? " " : substr(code, at - 1, 1)
			after = substr(code, at + length_of, 1)
			if (from[i] ~ /^[A-Za-z]/) {
				if (before ~ /[A-Za-z0-9_.>]/ || after ~ /[A-Za-z0-9_]/)
					continue
			} else if (before != " " || after != " ") {
				if (!(before == " " && after == ""))
					continue
			}
			emit(n, substr(text, 1, at - 1) to[i] substr(text, at + length_of))
		}
	}
}

function emit(n, mutant,    file, i, told) {
	count++
	file = directory "/" count ".c"
	for (i = 1; i <= NR; i++)
		print i == n ? mutant : line[i] >file
	close(file)
	told = mutant
	gsub(/^[\t ]+/, "", told)
	printf "%d\t%d\t%s\n", count, n, told == ";" ? "(without) " substr(line[n], match(line[n], /[^\t]/)) : told
}
