# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the selftests share: TAP output, hosts (network namespaces joined by a
# veth pair), helper programs on a leash, and looks at the module's files.
# Sourced, never run.
#
#   . "$(dirname "$0")/lib.sh"
#   plan 3
#   hosts
#   ...
#   check "what must hold" COMMAND...
#
# Environment:
#   WALTZ_PROTO    IP protocol of the sockets: 253 (default), or 6 to try the
#                  logic of a test on TCP; what only Waltz does is skipped then
#   WALTZ_RESULTS  directory for transition counts, in fsm/ (optional)
#
# Under emulation a program takes 30 ms to start, so bash does most of it.

set -u

WALTZ_PROTO=${WALTZ_PROTO:-253}
SELF=$(basename "$0" .sh)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

ADDR_A=10.253.0.1
ADDR_B=10.253.0.2
ADDR_RAW=10.253.0.3
MAC_A=02:00:00:00:00:01
MAC_B=02:00:00:00:00:02
PORT=8000

# How long anything may take that should happen at once, in seconds. Generous:
# the machine may be emulated and busy.
PATIENCE=20

# Read by tests.
# shellcheck disable=SC2034
REPLY=''
WHY=''

# ---- TAP

KSFT_FAIL=1 KSFT_SKIP=4
tests=0 failures=0 planned=0 finished=''

# plan COUNT: of the script's own checks; those of the end are added.
plan()
{
	planned=$(($1 + ${#END_CHECKS[@]}))
	echo "TAP version 13"
	need_all
}

diag()
{
	echo "# $*"
}

result()
{
	# Not sooner: until here a script may find that it has to be skipped.
	[ $tests != 0 ] || echo "1..$planned"
	tests=$((tests + 1))
	echo "$1 $tests $2"
	[ "$1" = ok ] || failures=$((failures + 1))
}

# check NAME COMMAND...: one subtest. A COMMAND says in WHY what went wrong.
check()
{
	local name=$1

	shift
	WHY=''
	if "$@"; then
		result ok "$name"
		return 0
	fi
	result "not ok" "$name"
	diag "failed: $*"
	[ -z "$WHY" ] || diag "$WHY"
	return 1
}

# check_waltz NAME COMMAND...: for what TCP does not do, or does not show.
check_waltz()
{
	if is_waltz; then
		check "$@"
	else
		result ok "$1 # SKIP not Waltz"
	fi
}

# Hosts that do not speak WALTZ_PROTO, and what they speak: interop/tc.sh.
declare -A HOST_PROTO=()

# is_waltz [HOST]
is_waltz()
{
	[ "${HOST_PROTO[${1:--}]:-$WALTZ_PROTO}" != 6 ]
}

not()
{
	! "$@"
}

# same GOT WANTED
same()
{
	WHY="got '$1', wanted '$2'"
	[ "$1" = "$2" ]
}

# matches GOT PATTERN
matches()
{
	WHY="got '$1', wanted '$2'"
	# shellcheck disable=SC2053 # a pattern
	[[ $1 == $2 ]]
}

# at_most GOT HIGHEST
at_most()
{
	WHY="got $1, wanted $2 or less"
	[ "$1" -le "$2" ]
}

# at_least GOT LOWEST
at_least()
{
	WHY="got $1, wanted $2 or more"
	[ "$1" -ge "$2" ]
}

skip_all()
{
	echo "1..0 # SKIP $*"
	finished=1
	exit $KSFT_SKIP
}

bail()
{
	echo "Bail out! $*"
	finished=1
	exit $KSFT_FAIL
}

need_all()
{
	local tool

	[ "$(id -u)" = 0 ] || skip_all "must be root"
	for tool in ip tc nsenter python3 sysctl; do
		command -v $tool >/dev/null || skip_all "no $tool"
	done
	! is_waltz || [ -e /proc/net/waltz ] || skip_all "waltz.ko is not loaded"
}

# ---- waiting: never for a time, always for something to become true

exec {TICK}<> <(:)

now_ms()
{
	REPLY=$((${EPOCHREALTIME/./} / 1000))
}

# A pause between two looks, without starting a program.
tick()
{
	read -r -t 0.03 -u "$TICK" || true
}

# wait_for COMMAND...: until it holds.
wait_for()
{
	local end=$((SECONDS + PATIENCE))

	until "$@"; do
		if [ $SECONDS -ge $end ]; then
			WHY="waited $PATIENCE s for: $*${WHY:+ ($WHY)}"
			return 1
		fi
		tick
	done
}

# ---- hosts

RUN=$(mktemp -d)
declare -A NS=() HOLDER=()

in_host()
{
	local host=$1

	shift
	nsenter --net="/run/netns/${NS[$host]}" -- "$@"
}

# start_in HOST COMMAND...: in the background; REPLY is its process.
start_in()
{
	local host=$1

	shift
	# Not through in_host: the process would be a shell. And bash gives
	# /dev/null to what does not say whose input it wants.
	nsenter --net="/run/netns/${NS[$host]}" -- "$@" <&0 &
	REPLY=$!
}

in_its_namespace()
{
	[ "/proc/${HOLDER[$1]}/ns/net" -ef "/run/netns/${NS[$1]}" ]
}

# new_host NAME: a namespace, and a process in it by which its files are read.
new_host()
{
	local host=$1

	NS[$host]=waltz-$$-$host
	ip netns add "${NS[$host]}" || bail "cannot add a network namespace"
	start_in "$host" sleep infinity
	HOLDER[$host]=$REPLY
	wait_for in_its_namespace "$host" || bail "$WHY"
}

# offload on|off: whether segments go between A and B several at a time.
offload()
{
	local host

	for host in A B; do
		in_host $host ethtool -K wire tso "$1" gso "$1" >/dev/null || bail "no ethtool"
	done
}

# hosts: A and B, one cable apart. Nobody is at ADDR_RAW but raw.py on B. Each
# segment is a packet of its own, unless a test wants it otherwise.
hosts()
{
	new_host A
	new_host B
	ip link add wire address $MAC_A netns "${NS[A]}" type veth \
		peer name wire address $MAC_B netns "${NS[B]}" || bail "no veth"
	ip -n "${NS[A]}" -batch - <<-END || bail "cannot set up host A"
		link set lo up
		link set wire up
		addr add $ADDR_A/24 dev wire
		neigh replace $ADDR_B lladdr $MAC_B dev wire
		neigh replace $ADDR_RAW lladdr $MAC_B dev wire
	END
	ip -n "${NS[B]}" -batch - <<-END || bail "cannot set up host B"
		link set lo up
		link set wire up
		addr add $ADDR_B/24 dev wire
		neigh replace $ADDR_A lladdr $MAC_A dev wire
	END
	offload off
	# Or B might try to be of use to ADDR_RAW.
	in_host B sysctl -qw net.ipv4.ip_forward=0
}

# set_waltz HOST NAME=VALUE...: net.waltz.*
set_waltz()
{
	local host=$1

	is_waltz || return 0
	shift
	in_host "$host" sysctl -qw "${@/#/net.waltz.}" || bail "sysctl: $*"
}

# netem HOST PARAMETER...: what happens to segments that HOST sends.
netem()
{
	local host=$1

	shift
	diag "netem at $host: $*"
	in_host "$host" tc qdisc replace dev wire root netem limit 100000 "$@" ||
		bail "netem: the network would be another than was asked for"
}

no_netem()
{
	in_host "$1" tc qdisc del dev wire root
}

need_netem()
{
	modprobe -q sch_netem 2>/dev/null
	in_host A tc qdisc replace dev wire root netem delay 1ms 2>/dev/null ||
		skip_all "this kernel has no netem"
	no_netem A
}

# drop_host HOST: all its processes, its namespace. Counts are kept.
drop_host()
{
	local host=$1 peer

	[ -n "${NS[$host]:-}" ] || return 0
	for peer in "${!PEER_HOST[@]}"; do
		[ "${PEER_HOST[$peer]}" != "$host" ] || kill_peer "$peer"
	done
	if [ -n "${HOLDER[$host]:-}" ]; then
		keep_counts "$host"
		stop_process "${HOLDER[$host]}"
	fi
	ip netns del "${NS[$host]}"
	unset "NS[$host]" "HOLDER[$host]"
}

# end_connections: or what is left behind would keep the namespaces, and the
# module, for as long as it tries to reach a peer that has gone.
end_connections()
{
	local host peer raw=''

	for host in "${!NS[@]}"; do
		[ ! -e /proc/net/waltz ] || set_waltz "$host" max_orphans=0
	done
	for peer in "${!PEER_HOST[@]}"; do
		if [ "$peer" = "${RAW_PEER:-}" ]; then
			raw=$peer
		else
			kill_peer "$peer"
		fi
	done
	[ -z "$raw" ] || tell "$raw" all reset
}

stop_process()
{
	kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

# ---- helper programs

declare -A PEER_PID=() PEER_IN=() PEER_OUT=() PEER_HOST=()

start_helper()
{
	local name=$1 host=$2 to from

	shift 2
	mkfifo "$RUN/$name.in" "$RUN/$name.out"
	exec {to}<>"$RUN/$name.in" {from}<>"$RUN/$name.out"
	start_in "$host" python3 -SEB "$@" <"$RUN/$name.in" >"$RUN/$name.out"
	PEER_PID[$name]=$REPLY
	PEER_IN[$name]=$to PEER_OUT[$name]=$from PEER_HOST[$name]=$host
}

# peer NAME HOST: a program that holds sockets (peer.py).
peer()
{
	start_helper "$1" "$2" "$HERE/peer.py" "${HOST_PROTO[$2]:-$WALTZ_PROTO}"
}

# raw_peer NAME: segments from ADDR_RAW to host A (raw.py).
raw_peer()
{
	RAW_PEER=$1
	start_helper "$1" B "$HERE/raw.py" wire $ADDR_RAW $ADDR_A $MAC_A "$WALTZ_PROTO"
}

# send_command NAME WORD...
send_command()
{
	local name=$1

	shift
	echo "$*" >&"${PEER_IN[$name]}"
}

# get_answer NAME: sets REPLY; true when it is "ok".
get_answer()
{
	local line='' part seconds=0

	# The time may be over in the middle of a line.
	until IFS= read -r -t 1 -u "${PEER_OUT[$1]}" part; do
		line+=$part
		if ! kill -0 "${PEER_PID[$1]}" || [ $((seconds += 1)) = 120 ]; then
			bail "helper $1 does not answer"
		fi
	done
	line+=$part
	REPLY=${line#* }
	[ "${line%% *}" = ok ]
}

# tell NAME WORD...: carry out a command. True when it went well; REPLY is what
# it said.
tell()
{
	send_command "$@"
	get_answer "$1" && return
	WHY="$*: $REPLY"
	return 1
}

# must NAME WORD...: the same, of what is no test but its preparation.
must()
{
	tell "$@" || bail "$WHY"
}

# errs ERRNO NAME WORD...: it fails, and just so.
errs()
{
	local want=$1

	shift
	if tell "$@"; then
		WHY="$*: did not fail"
		return 1
	fi
	WHY="$*: got $REPLY, wanted $want"
	[ "$REPLY" = "$want" ]
}

# answers PATTERN NAME WORD...
answers()
{
	local want=$1

	shift
	tell "$@" || return
	matches "$REPLY" "$want"
}

kill_peer()
{
	local to=${PEER_IN[$1]} from=${PEER_OUT[$1]}

	stop_process "${PEER_PID[$1]}"
	exec {to}>&- {from}>&-
	rm -f "$RUN/$1.in" "$RUN/$1.out"
	unset "PEER_PID[$1]" "PEER_IN[$1]" "PEER_OUT[$1]" "PEER_HOST[$1]"
}

# listener PEER NAME ADDRESS PORT [BACKLOG]
listener()
{
	must "$1" "$2" new
	must "$1" "$2" opt SOL_SOCKET SO_REUSEADDR 1
	must "$1" "$2" bind "$3" "$4"
	must "$1" "$2" listen "${5:-128}"
}

# pair: a client "a" on A, a server "b" on B, and its listener b:l.
pair()
{
	peer a A
	peer b B
	listener b l $ADDR_B $PORT
}

# connection CLIENT SERVER: sockets a:CLIENT and b:SERVER, connected.
connection()
{
	must a "$1" new
	must a "$1" connect $ADDR_B $PORT
	must b l accept "$2"
}

# ---- a connection segment by segment: raw.py on B, a socket on A

# raw_pair: sockets "a" on A with a listener a:l, segments "r". No time-out
# disturbs, and no answer is held back by a limit.
raw_pair()
{
	[ -n "${PEER_PID[a]:-}" ] || peer a A
	raw_peer r
	rto_min 30000
	set_waltz A challenge_ms=0
	is_waltz || in_host A sysctl -qw net.ipv4.tcp_invalid_ratelimit=0
	listener a l $ADDR_A $PORT
}

# rto_min MS: retransmissions of A, from the next socket on; 200 is normal.
rto_min()
{
	set_waltz A "rto_min_ms=$1"
	is_waltz || ip -n "${NS[A]}" route replace 10.253.0.0/24 dev wire rto_min "$1ms"
}

declare -A RAW_PORT=()

# raw_open NAME [OPTION...]: r:NAME, to be opened; see raw.py.
raw_open()
{
	local name=$1

	shift
	must r "$name" open $PORT "$@"
	RAW_PORT[$name]=$REPLY
}

# raw_state_is NAME STATES: of A's end.
raw_state_is()
{
	state_is A "$2" $PORT "${RAW_PORT[$1]}"
}

# records_are NAME...: these, in the order of the alphabet, have TIME_WAIT records, and
# nothing else has that was opened, or that A knows of.
records_are()
{
	local name found='' names

	mapfile -t names < <(printf '%s\n' "${!RAW_PORT[@]}" | sort)
	for name in "${names[@]}"; do
		! raw_state_is "$name" TIME_WAIT || found+=" $name"
	done
	same "${found# }" "$*" && stat_is A tw_now $#
}

# reach STATE NAME [OPTION...]: bring a:NAME there, with segments of r:NAME.
reach()
{
	local state=$1 name=$2

	shift 2
	case $state in
	SYN_RECV)
		raw_open "$name" "$@"
		must r "$name" send S
		must r "$name" expect SA ack=0
		;;
	ESTABLISHED)
		raw_open "$name" "$@"
		must r "$name" handshake
		must a l accept "$name"
		;;
	FIN_WAIT1)
		reach ESTABLISHED "$name" "$@"
		must a "$name" shutdown wr
		must r "$name" expect FA seq=0 ack=0
		;;
	FIN_WAIT2)
		reach FIN_WAIT1 "$name" "$@"
		must r "$name" send A
		;;
	CLOSING)
		reach FIN_WAIT1 "$name" "$@"
		must r "$name" send FA ack=-1
		must r "$name" expect A ack=0
		;;
	TIME_WAIT)
		reach FIN_WAIT2 "$name" "$@"
		must r "$name" send FA
		must r "$name" expect A ack=0
		;;
	CLOSE_WAIT)
		reach ESTABLISHED "$name" "$@"
		must r "$name" send FA
		must r "$name" expect A ack=0
		;;
	LAST_ACK)
		reach CLOSE_WAIT "$name" "$@"
		must a "$name" shutdown wr
		must r "$name" expect FA seq=0 ack=0
		;;
	esac
	wait_for raw_state_is "$name" "$state" || bail "$WHY"
}

# reach_far NAME [OPTION...]: ESTABLISHED, and A believes that the round trip takes
# 0.7 s, so that no loss probe comes before our answer.
reach_far()
{
	local name=$1 since

	reach SYN_RECV "$@"
	now_ms
	since=$REPLY
	until now_ms && [ $((REPLY - since)) -ge 700 ]; do
		tick
	done
	must r "$name" send A
	must a l accept "$name"
}

# ---- states

STATES=(0 ESTABLISHED SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 TIME_WAIT CLOSED
	CLOSE_WAIT LAST_ACK LISTEN CLOSING)

# sockets HOST [LOCAL-PORT|- [REMOTE-PORT|-]]: sets REPLY to the states of what
# is there, sockets and records, but no listeners, in the order of STATES: that
# of the file is a hash table's. Nothing is "CLOSED". It sets TIMER_MS too: the
# last one's time left.
sockets()
{
	local host=$1 local_port=${2:--} remote_port=${3:--} file line found='' i
	local -a f count=() lines

	is_waltz "$host" && file=waltz || file=tcp
	# At once: in small pieces it may change meanwhile.
	mapfile -t lines <"/proc/${HOLDER[$host]}/net/$file"
	for line in "${lines[@]}"; do
		read -ra f <<<"$line"
		[[ ${f[3]} != st && ${f[3]} != 0A ]] || continue
		[ "$local_port" = - ] || [ $((16#${f[1]#*:})) = "$local_port" ] || continue
		[ "$remote_port" = - ] || [ $((16#${f[2]#*:})) = "$remote_port" ] || continue
		count[16#${f[3]}]=$((${count[16#${f[3]}]:-0} + 1))
		# In clock ticks of 10 ms.
		# shellcheck disable=SC2034
		TIMER_MS=$((16#${f[5]#*:} * 10))
	done
	for i in "${!count[@]}"; do
		for ((; count[i] > 0; count[i]--)); do
			found+=" ${STATES[i]}"
		done
	done
	REPLY=${found# }
	REPLY=${REPLY:-CLOSED}
}

# state_is HOST STATES [LOCAL-PORT [REMOTE-PORT]]
state_is()
{
	sockets "$1" "${3:--}" "${4:--}"
	same "$REPLY" "$2"
}

# wait_state HOST STATES [LOCAL-PORT [REMOTE-PORT]]
wait_state()
{
	wait_for state_is "$@"
}

# ---- counters

# stat HOST NAME: sets REPLY.
stat()
{
	local name value

	while read -r name value; do
		[ "$name" != "$2" ] || break
	done <"/proc/${HOLDER[$1]}/net/waltz_stat"
	[ "$name" = "$2" ] || bail "no counter $2"
	REPLY=$value
}

declare -A MARK=()

# mark HOST: counters are counted from here.
mark()
{
	local name value

	is_waltz || return 0
	while read -r name value; do
		MARK[$1:$name]=$value
	done <"/proc/${HOLDER[$1]}/net/waltz_stat"
}

# growth HOST NAME: sets REPLY to how much it grew since mark.
growth()
{
	stat "$1" "$2"
	REPLY=$((REPLY - ${MARK[$1:$2]}))
}

# counted HOST NAME COUNT: it grew by just that since mark.
counted()
{
	growth "$1" "$2"
	same "$2 at $1: $REPLY" "$2 at $1: $3"
}

# grown HOST NAME: it grew since mark.
grown()
{
	stat "$1" "$2"
	WHY="$2 at $1 did not grow"
	[ "$REPLY" -gt "${MARK[$1:$2]}" ]
}

# stat_is HOST NAME VALUE
stat_is()
{
	stat "$1" "$2"
	same "$2 $REPLY" "$2 $3"
}

# module_uses: sets REPLY to what holds the module, in all namespaces: two for
# a socket, one for an orphan.
module_uses()
{
	read -r REPLY </sys/module/waltz/refcnt
}

# module_uses_at_most COUNT: sockets go a grace period after their last use.
module_uses_at_most()
{
	module_uses
	at_most "$REPLY" "$1"
}

# ---- sock_diag

WSS=$(cd "$HERE/../scripts" && pwd)/wss
diag_loaded=''

# need_diag: waltz_diag.ko, until the end: it holds waltz.ko.
need_diag()
{
	is_waltz || skip_all "TCP has ss"
	[ ! -d /sys/module/waltz_diag ] || return 0
	if [ -e "${WALTZ_KO:-}" ]; then
		modprobe -q inet_diag
		insmod "${WALTZ_KO%.ko}_diag.ko" || bail "cannot load waltz_diag.ko"
	else
		modprobe waltz_diag || skip_all "no waltz_diag.ko"
	fi
	diag_loaded=1
}

# wss HOST ARGUMENT...: sets REPLY to what it prints; WHY when it fails.
wss()
{
	local host=$1 status

	shift
	REPLY=$(in_host "$host" python3 -SEB "$WSS" "$@" 2>&1)
	status=$?
	[ $status = 0 ] || WHY=$REPLY
	return $status
}

# listed PATTERN HOST ARGUMENT...: what wss prints, lines joined by ";" and
# spaces squeezed.
listed()
{
	local want=$1

	shift
	wss "$@" || return
	REPLY=${REPLY//$'\n'/;}
	while [[ $REPLY == *"  "* ]]; do
		REPLY=${REPLY//  / }
	done
	REPLY=${REPLY// ;/;}
	matches "$REPLY" "$want"
}

# ---- tracepoints

TRACING=/sys/kernel/tracing
trace=''
declare -A INODE=()

# start_trace EVENT: in a buffer of our own, $trace/trace, until the end. Hosts
# go by INODE there.
start_trace()
{
	local host

	[ -d $TRACING/instances ] || mount -t tracefs tracefs $TRACING
	trace=$TRACING/instances/waltz-$$
	mkdir "$trace" || bail "no tracing"
	echo 1 >"$trace/events/$1/enable" || bail "no event $1"
	for host in "${!NS[@]}"; do
		INODE[$host]=$(readlink "/proc/${HOLDER[$host]}/ns/net")
		INODE[$host]=${INODE[$host]//[!0-9]/}
	done
}

# trace_states: follow all transitions from here on.
trace_states()
{
	if [ -n "$trace" ]; then
		: >"$trace/trace"
	else
		start_trace waltz/state
	fi
}

# transitions HOST: sets REPLY to its transitions in order, "OLD>NEW OLD>NEW".
transitions()
{
	local line found=''

	while read -r line; do
		[[ $line == *" netns=${INODE[$1]} "* ]] || continue
		[[ $line =~ ([A-Z_0-9]+)\ -\>\ ([A-Z_0-9]+)\ event ]] || continue
		found+=" ${BASH_REMATCH[1]}>${BASH_REMATCH[2]}"
	done <"$trace/trace"
	REPLY=${found# }
}

# went HOST TRANSITIONS: just these, in this order.
went()
{
	transitions "$1"
	same "$REPLY" "$2"
}

# ---- the end

END_CHECKS=("the state machine saw no illegal event" "the kernel did not complain")
! is_waltz || END_CHECKS+=("the module is held by no more than before")
illegal=0

module_users()
{
	REPLY=0
	[ ! -e /sys/module/waltz/refcnt ] || REPLY=$(</sys/module/waltz/refcnt)
}
module_users
module_users_before=$REPLY

# Others may hold sockets, which is none of our business.
module_let_go()
{
	module_users
	WHY="$REPLY users, $module_users_before before"
	[ "$REPLY" -le "$module_users_before" ]
}

# keep_counts HOST: before its namespace goes, for the coverage report.
keep_counts()
{
	is_waltz && [ -e "/proc/${HOLDER[$1]}/net/waltz_fsm" ] || return 0
	stat "$1" fsm_illegal
	illegal=$((illegal + REPLY))
	[ -n "${WALTZ_RESULTS:-}" ] || return 0
	mkdir -p "$WALTZ_RESULTS/fsm"
	echo "$(<"/proc/${HOLDER[$1]}/net/waltz_fsm")" >>"$WALTZ_RESULTS/fsm/$SELF.$1"
}

# The log is read from our own line on: others may have filled it before.
log_mark="waltz selftest $SELF $$"
[ ! -w /dev/kmsg ] || echo "$log_mark" >/dev/kmsg

log_since_mark()
{
	dmesg | sed -n "/$log_mark/,\$p"
}

no_complaint()
{
	local words='BUG:|WARNING:|Oops|general protection|RCU detected|rcu_sched|'

	words+='refcount_t:|list_(add|del) corruption|unregister_netdevice: waiting|'
	words+='Objects remaining|scheduling while atomic|Call Trace|waltz: leak'
	WHY=$(log_since_mark | grep -E -m5 "$words")
	[ -z "$WHY" ]
}

cleanup()
{
	local host status=$?

	trap - EXIT
	end_connections
	for host in "${!NS[@]}"; do
		drop_host "$host"
	done
	[ -z "$trace" ] || rmdir "$trace"
	[ -z "$diag_loaded" ] || rmmod waltz_diag
	rm -rf "$RUN"
	if [ -z "$finished" ]; then
		[ "$status" = 0 ] || diag "the script ended with status $status"
		check "${END_CHECKS[0]}" same $illegal 0
		check "${END_CHECKS[1]}" no_complaint
		! is_waltz || check "${END_CHECKS[2]}" wait_for module_let_go
		[ $tests = $planned ] || diag "$tests checks were made, $planned planned"
		[ $failures = 0 ] && [ $tests = $planned ] || exit $KSFT_FAIL
		exit 0
	fi
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
