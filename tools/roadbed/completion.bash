# SPDX-License-Identifier: Apache-2.0
# Completion of `roadbed` for bash. Verbs and options are what the command itself says of them, and
# devices what it lists, so that nothing here has to follow it.
_roadbed()
{
	local word=${COMP_WORDS[COMP_CWORD]} usage
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W "$("$1" --verbs | cut -f 1) --help --version" -- "$word"))
		return
	fi
	usage=$("$1" --verbs | grep "^${COMP_WORDS[1]}"$'\t' | cut -f 2)
	case $word in
	-*)
		COMPREPLY=($(compgen -W "--help $(grep -oE -e '--[a-z-]+' <<< "$usage")" -- "$word"))
		return ;;
	esac
	case ${COMP_WORDS[1]} in
	fw)
		if [ "$COMP_CWORD" -eq 2 ]; then
			usage=$("$1" fw --help 2> /dev/null | sed -n 's/^  roadbed fw \([a-z]*\).*/\1/p')
			COMPREPLY=($(compgen -W "$usage" -- "$word"))
			return
		fi ;;
	chip)
		if [ "$COMP_CWORD" -eq 2 ]; then
			COMPREPLY=($(compgen -W "list show check" -- "$word"))
			return
		fi
		if [ "${COMP_WORDS[2]}" = show ]; then
			usage=$("$1" chip list | tail -n +2 | cut -d ' ' -f 1)
			COMPREPLY=($(compgen -W "$usage" -- "$word"))
			return
		fi ;;
	esac
	# A colon ends a word for bash: "sim:a100" comes as "sim", ":", "a100".
	case $usage in
	*DEVICE*)
		usage=$("$1" list --all | tail -n +2 | cut -d ' ' -f 1)
		if [ "$word" = : ] || [ "${COMP_WORDS[COMP_CWORD - 1]}" = : ]; then
			COMPREPLY=($(compgen -W "${usage//sim:/}" -- "${word#:}"))
		else
			COMPREPLY=($(compgen -W "$usage" -- "$word"))
		fi ;;
	esac
	COMPREPLY+=($(compgen -f -- "$word"))
}
complete -F _roadbed roadbed
