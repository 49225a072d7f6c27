# SPDX-License-Identifier: BSD-2-Clause
# bash completion for resetguard. The program itself is asked for its commands and their
# options, so nothing here grows old.

_resetguard() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command='' words='' i

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c) ((i++)) ;;
		-*) ;;
		*)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $previous in
	-c | --html | --cursor-file) return ;; # a file
	--state) words='registered grace held redemption pending-delete unregistered unknown' ;;
	--reason)
		words="pinned $("${COMP_WORDS[0]}" config --defaults 2>/dev/null |
			sed -n 's/^on_\([a-z_]*\) = .*/\1/p' | tr _ -)"
		;;
	--since | --until | --at | --valid-since | --note | --by | --message | --jobs | --tld | --class) return ;;
	*)
		if [[ -z $command ]]; then
			words="-c -q -v --help --version $("${COMP_WORDS[0]}" --help 2>/dev/null |
				sed -n 's/^  \([a-z][a-z]*\).*/\1/p')"
		elif [[ $current == -* ]]; then
			words="--help $("${COMP_WORDS[0]}" "$command" --help 2>/dev/null |
				sed -n '/^usage: /p' | grep -oE -e '--[a-z][a-z-]*')"
		elif [[ $command == pin && $previous != accept && $previous != reject ]]; then
			words='accept reject'
		elif [[ $command == setup ]]; then
			words='postfix'
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o default -F _resetguard resetguard
