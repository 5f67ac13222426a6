# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the tests of scripts/waltzize share. Sourced, never run.

# shellcheck disable=SC2034 # variables used by the tests

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "waltzize makes no TCP"
}

TOP=$HERE/..
WALTZIZE=$TOP/scripts/waltzize
PROGRAMS=$TOP/build/selftests/waltzize
DYNAMIC=$PROGRAMS/dynamic STATIC=$PROGRAMS/static GO=$PROGRAMS/go

# whole FILE: sets REPLY, without a process.
whole()
{
	IFS= read -rd '' REPLY <"$1"
	REPLY=${REPLY%$'\n'}
}

# run COMMAND...: sets status, out and err. In no namespace of its own: what opens
# no connection needs none.
run()
{
	status=0
	"$@" >"$RUN/out" 2>"$RUN/err" </dev/null || status=$?
	whole "$RUN/out"
	out=$REPLY
	whole "$RUN/err"
	err=$REPLY
}

run_in_a()
{
	nsenter --net="/run/netns/${NS[A]}" -- "$@"
}

# ran STATUS OUT ERR COMMAND...: just so; OUT and ERR are patterns.
ran()
{
	local want_status=$1 want_out=$2 want_err=$3

	shift 3
	run "$@"
	same "status $status ($err)" "status $want_status ($err)" &&
		matches "$out" "$want_out" && matches "$err" "$want_err"
}

# refused STATUS ERR COMMAND...: one line that says why, and COMMAND did not start.
refused()
{
	local want_status=$1 want_err=$2

	shift 2
	ran "$want_status" "" "waltzize: $want_err" "$@" || return
	WHY="more than a line: $err"
	[[ $err != *$'\n'* ]]
}

# What DYNAMIC and the others print: without waltzize, and what is wanted with it.
run "$DYNAMIC"
plain=$out
changed=${plain//tcp: 6/tcp: 253}

# ---- what COMMANDs do

# is_listening PROTOCOL-FILE
is_listening()
{
	WHY="nobody listens in $1"
	[[ $(<"/proc/${HOLDER[A]}/net/$1") == *":1F40 00000000:0000 0A"* ]]
}

# ends PROCESS STATUS
ends()
{
	local got=0

	wait "$1" || got=$?
	same "status $got" "status $2"
}

has_line()
{
	[ -s "$1" ]
}

# is_itself OPTION...: the process that was started is COMMAND itself.
is_itself()
{
	local pid

	rm -f "$RUN/pid"
	# shellcheck disable=SC2016 # for sh
	start_in A "$WALTZIZE" "$@" sh -c 'echo $$ >"$0"; exec sleep infinity' "$RUN/pid"
	pid=$REPLY
	wait_for has_line "$RUN/pid" && same "$(<"$RUN/pid")" "$pid" || return
	kill -TERM "$pid"
	ends "$pid" 143
}

# Nobody has that one.
absent()
{
	refused 124 "*no stream protocol 254*load the module*" \
		env WALTZ_PROTOCOL=254 "$WALTZIZE" "$@"
}
