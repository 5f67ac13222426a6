# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests with programs as they are, over Waltz through scripts/waltzize: servers
# on host B, clients on host A, and a count of what was on the wire. Sourced, never
# run.
#
#   . "$(dirname "$0")/lib.sh"
#   try() { check "$IT: it answers" runs A client $ADDR_B; }
#   programs 1 server client
#   serve server B $PORT server --port $PORT
#   on_each_network try
#
# COUNT is the program count.c, built by make -C selftests.
# WALTZ_PROTO=6 runs the same over TCP, without waltzize.

# shellcheck source=selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

WALTZIZE=("$HERE/../scripts/waltzize")
is_waltz || WALTZIZE=(env)

COUNT=${COUNT:-$HERE/../build/selftests/programs/count}

# No client takes longer than this, in seconds. Test machines may be emulated.
LIMIT=150
# shellcheck disable=SC2034 # read by wait_for
PATIENCE=60
IT=''
PATH=$PATH:/usr/sbin:/sbin
unset LANG LC_ALL LANGUAGE # no warnings because of locales that are not there

# full_size: whether programs run at the processor's speed here.
full_size()
{
	! grep -q '^model name.*QEMU' /proc/cpuinfo
}

# amount FULL SMALL: sets REPLY, to SMALL where programs are emulated.
amount()
{
	! full_size || set -- "$1" "$1"
	REPLY=$2
}

declare -A COUNTER=()

# counting HOST: count.c has said that it is ready.
counting()
{
	[ -s "$RUN/count.$1" ]
}

# programs CHECKS PROGRAM...: plan (CHECKS on each network), hosts, and all the
# PROGRAMs are there. ONCE: checks beside those.
programs()
{
	local program count=$1 host

	shift
	plan $((count * 2 + 4 + ${ONCE:-0}))
	for program; do
		command -v "$program" >/dev/null ||
			skip_all "no $program: scripts/vm --programs has it"
	done
	[ -x "$COUNT" ] || bail "no $COUNT: make -C selftests builds it"
	hosts
	for host in A B; do
		start_in $host "$COUNT" "$WALTZ_PROTO" >"$RUN/count.$host"
		COUNTER[$host]=$REPLY
		wait_for counting $host || bail "$WHY"
	done
	mark A
	mark B
}

# ---- servers: of the test, ended by it

declare -A SERVER=()

# listening HOST PORT
listening()
{
	local file lines line port
	local -a f

	is_waltz && file=waltz || file=tcp
	printf -v port %04X "$2"
	# At one go: of a file that is read line by line, lines may go half.
	mapfile -t lines <"/proc/${HOLDER[$1]}/net/$file"
	for line in "${lines[@]}"; do
		read -ra f <<<"$line"
		[[ ${f[1]:-} == *":$port" && ${f[3]:-} == 0A ]] && return
	done
	return 1
}

# ready HOST PORT PROCESS: it listens. Or it has ended, and that will never be.
ready()
{
	! kill -0 "$3" 2>/dev/null || listening "$1" "$2"
}

# serve NAME HOST PORT COMMAND...: in the background, until it listens. What it
# prints is in $RUN/NAME.log.
serve()
{
	local name=$1 host=$2 port=$3

	shift 3
	start_in "$host" "${WALTZIZE[@]}" "$@" </dev/null >"$RUN/$name.log" 2>&1
	SERVER[$name]=$REPLY
	wait_for ready "$host" "$port" "$REPLY"
	listening "$host" "$port" ||
		bail "$name does not listen: $(last_words "$RUN/$name.log")"
}

# end_server NAME [SIGNAL]: as its user would; sets STATUS.
end_server()
{
	kill "-${2:-TERM}" "${SERVER[$1]}" 2>/dev/null
	wait "${SERVER[$1]}" 2>/dev/null
	# shellcheck disable=SC2034 # read by tests
	STATUS=$?
	unset "SERVER[$1]"
}

# What is in our namespaces is ours: children of servers, sessions.
end_all()
{
	local name host pid

	for name in "${!SERVER[@]}"; do
		kill -TERM "${SERVER[$name]}" 2>/dev/null
	done
	PATIENCE=10
	wait_for servers_have_ended
	for host in "${!NS[@]}"; do
		for pid in $(ip netns pids "${NS[$host]}"); do
			[ "$pid" = "${HOLDER[$host]}" ] || kill -KILL "$pid" 2>/dev/null
		done
	done
	for name in "${!SERVER[@]}"; do
		wait "${SERVER[$name]}" 2>/dev/null
	done
}

servers_have_ended()
{
	local name

	for name in "${!SERVER[@]}"; do
		! kill -0 "${SERVER[$name]}" 2>/dev/null || return 1
	done
}

end_programs()
{
	local status=$?

	end_all
	(exit $status)
	cleanup
}
trap end_programs EXIT

# ---- clients

# last_words FILE...: in one line
last_words()
{
	tail -q -n 4 "$@" 2>/dev/null | tr -s '\n\t' '; ' | tail -c 600
}

# runs HOST COMMAND...: to its end, which is well. It reads $INPUT; what it prints
# is in $RUN/out and $RUN/err.
runs()
{
	local host=$1 status

	shift
	in_host "$host" timeout -k 5 $LIMIT "${WALTZIZE[@]}" "$@" \
		<"${INPUT:-/dev/null}" >"$RUN/out" 2>"$RUN/err" && return
	status=$?
	# shellcheck disable=SC2034 # read by check
	WHY="status $status: $(last_words "$RUN/err" "$RUN/out")"
	return 1
}

# prints PATTERN HOST COMMAND...: runs, and all its output is that.
prints()
{
	local want=$1

	shift
	runs "$@" && matches "$(<"$RUN/out")" "$want"
}

# equal FILE FILE
equal()
{
	WHY=$(cmp "$1" "$2" 2>&1)
}

# empty FILE
empty()
{
	WHY=$(last_words "$1")
	[ ! -s "$1" ]
}

# make_file FILE BYTES: no two parts of it are equal.
make_file()
{
	seq 10000001 99999999 2>/dev/null | head -c "$2" >"$1"
}

# says_no PATTERN FILE: a server has not complained; there is the FILE to say it in.
says_no()
{
	WHY="no $2"
	[ -e "$2" ] || return
	WHY=$(grep -E -m 3 -e "$1" "$2")
	[ -z "$WHY" ]
}

# ---- networks

# on_each_network COMMAND...: once as it is, once with delay and loss, so much sent
# that some of it has to be lost: 1400 segments of data, of which all arrive once in
# a million times. Names of checks begin with $IT.
on_each_network()
{
	modprobe -q sch_netem 2>/dev/null
	for LOSSY in '' 1; do
		IT="without loss"
		if [ -n "$LOSSY" ]; then
			IT="1 % lost"
			netem A delay 5ms loss 1%
			netem B delay 5ms loss 1%
			mark A
			mark B
		fi
		now_ms
		started=$REPLY
		"$@"
		now_ms
		diag "$IT: $((REPLY - started)) ms"
	done
	check "segments were lost" some_lost
	check_waltz "and sent again" some_sent_again
	read_counters
	check "it was protocol $WALTZ_PROTO" segments_seen
	check_waltz "and no TCP, neither over IPv4 nor IPv6" no_tcp_seen
}

some_lost()
{
	local host show lost=0

	for host in A B; do
		show=$(in_host $host tc -s qdisc show dev wire root)
		WHY=$show
		[[ $show =~ \ ([0-9]+)\ pkt\ \(dropped\ ([0-9]+), ]] || return
		diag "host $host: ${BASH_REMATCH[2]} lost, ${BASH_REMATCH[1]} not"
		lost=$((lost + BASH_REMATCH[2]))
	done
	[ $lost -gt 0 ]
}

some_sent_again()
{
	local host again=0

	for host in A B; do
		growth $host retrans_segs
		diag "host $host: $REPLY sent again"
		again=$((again + REPLY))
	done
	at_least $again 1
}

declare -A SEGMENTS=() TCP=()

read_counters()
{
	local host

	for host in A B; do
		kill -TERM "${COUNTER[$host]}"
		wait "${COUNTER[$host]}"
		{
			read -r _ # ready
			read -r "SEGMENTS[$host]" "TCP[$host]"
		} <"$RUN/count.$host"
		diag "host $host got ${SEGMENTS[$host]} segments"
	done
}

segments_seen()
{
	local host

	for host in A B; do
		at_least "${SEGMENTS[$host]}" 10 || return
		! is_waltz || grown $host in_segs || return
	done
}

no_tcp_seen()
{
	same "TCP at A: ${TCP[A]}, at B: ${TCP[B]}" "TCP at A: 0, at B: 0"
}
