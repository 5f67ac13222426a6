# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Scripts of scripts/bpftrace, run beside a test. Sourced in the place of lib.sh:
#
#   . "$(dirname "$0")/lib.sh"
#   plan 3
#   hosts
#   trace_with states drops		(waits until they are attached)
#   ...
#   end_scripts
#   check "what must hold" says drops "@drops*: 1"

# shellcheck source=selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

declare -A SCRIPT=()
# What bpftrace says when it is asked to, which is later than BEGIN.
ATTACHED=__BPFTRACE_NOTIFY_PROBES_ATTACHED

stop_scripts()
{
	local name status=$?

	for name in "${!SCRIPT[@]}"; do
		stop_process "${SCRIPT[$name]}"
	done
	SCRIPT=()
	return $status # which is the script's, for cleanup
}
trap 'stop_scripts; cleanup' EXIT

is_attached()
{
	local said

	said=$(<"$RUN/$1.said")
	WHY=$said
	kill -0 "${SCRIPT[$1]}" 2>/dev/null || bail "$1.bt: $said"
	[[ $said == *$ATTACHED* ]]
}

# trace_with SCRIPT...: at once, for each takes half a minute where all is emulated.
trace_with()
{
	local name PATIENCE=400

	is_waltz || skip_all "the scripts are for Waltz"
	command -v bpftrace >/dev/null || skip_all "no bpftrace"
	for name; do
		: >"$RUN/$name.said"
		env $ATTACHED=1 bpftrace -B line "$HERE/../scripts/bpftrace/$name.bt" >"$RUN/$name.said" 2>&1 &
		SCRIPT[$name]=$!
	done
	for name; do
		wait_for is_attached "$name" || bail "$WHY"
	done
}

is_gone()
{
	[ ! -e "/proc/$1/exe" ]
}

# interrupted PROCESS: a signal that does not find bpftrace asleep is forgotten (0.17),
# so it may take more than one.
interrupted()
{
	local PATIENCE=2

	kill -INT "$1"
	wait_for is_gone "$1"
}

# end_scripts: they print what they have counted.
end_scripts()
{
	local name line

	for name in "${!SCRIPT[@]}"; do
		wait_for interrupted "${SCRIPT[$name]}" || bail "$name.bt: $WHY"
		wait "${SCRIPT[$name]}" || bail "$name.bt ended with status $?"
		unset "SCRIPT[$name]"
		diag "$name.bt:"
		while IFS= read -r line; do
			[ "$line" = $ATTACHED ] || diag "  $line"
		done <"$RUN/$name.said"
	done
}

# says SCRIPT PATTERN: a line of it.
says()
{
	local line

	WHY="$1.bt does not say '$2'"
	while IFS= read -r line; do
		# shellcheck disable=SC2053 # a pattern
		[[ $line != $2 ]] || return 0
	done <"$RUN/$1.said"
	return 1
}

# value SCRIPT MAP: sets REPLY; 0 if it is not there.
value()
{
	local line

	REPLY=0
	while IFS= read -r line; do
		[[ $line != "@$2: "* ]] || REPLY=${line##*: }
	done <"$RUN/$1.said"
}

# histogram SCRIPT MAP: sets REPLY to what it counts, and LOWEST to the first bucket
# that is not empty.
histogram()
{
	local line inside='' bucket='^([[(][^])]*[])]) +([0-9]+) +[|]'

	REPLY=0 LOWEST=''
	while IFS= read -r line; do
		if [[ $line == @* ]]; then
			inside=''
			[ "$line" != "@$2: " ] || inside=1
		elif [[ $inside && $line =~ $bucket ]]; then
			REPLY=$((REPLY + BASH_REMATCH[2]))
			[ "${BASH_REMATCH[2]}" = 0 ] || LOWEST=${LOWEST:-${BASH_REMATCH[1]}}
		fi
	done <"$RUN/$1.said"
}

# counts SCRIPT MAP COUNT: a histogram, of so many.
counts()
{
	histogram "$1" "$2"
	same "$2: $REPLY" "$2: $3"
}
