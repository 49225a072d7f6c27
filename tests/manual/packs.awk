# SPDX-License-Identifier: BSD-2-Clause
#
# The list of packs in resetguard-packs(7), from what the files say of themselves: the
# first lines of each, up to where its wording is from.

function word_out(word) {
	if (length(line) + length(word) + 1 > 88) {
		print line
		line = ""
	}
	# A line that begins so would be a macro.
	if (line == "" && word ~ /^[.']/)
		word = "\\&" word
	line = line (line == "" ? "" : " ") word
	if (word ~ /[.]$/) {
		print line
		line = ""
	}
}

function finish() {
	if (line != "")
		print line
	line = ""
}

FNR == 1 {
	finish()
	name = FILENAME
	sub(/^.*\//, "", name)
	print ".It Cm " name
	reading = 1
}
!/^# / || /^# Wording: / { reading = 0 }
reading {
	gsub(/\\/, "\\e")
	for (i = 2; i <= NF; i++)
		word_out($i)
}
END { finish() }
