#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/ladder draws what happens: of a command, of whatever comes, and from
# captures the same as from the trace.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 18
is_waltz || skip_all "the ladder is drawn from Waltz's tracepoints"
command -v tcpdump >/dev/null || skip_all "no tcpdump"
hosts
# No segment is sent twice because the machine is slow.
for host in A B; do
	set_waltz $host rto_min_ms=5000 time_wait_ms=1000
done

declare -A TCPDUMP=()
LADDER=(python3 -SEB "$HERE/../scripts/ladder" --ascii --no-color --width 80)
# A client of its own, for a command.
CLIENT='
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)
s.connect((sys.argv[1], int(sys.argv[2])))
s.sendall(b"x" * 1000)
s.close()
sys.exit(7)'

# drawn FILE PATTERN: a line of a ladder, blanks squeezed and time left out.
drawn()
{
	local line

	WHY="no '$2' in: $(<"$1")"
	while read -r line; do
		read -ra line <<<"${line//\*/}"
		[[ ! ${line[0]:-} =~ ^[0-9]+\.[0-9]+$ ]] || line=("${line[@]:1}")
		# shellcheck disable=SC2053 # a pattern
		[[ "${line[*]}" != $2 ]] || return 0
	done <"$1"
	return 1
}

no_instance()
{
	WHY=$(compgen -G "/sys/kernel/tracing/instances/ladder-*")
	[ -z "$WHY" ]
}

an_instance()
{
	WHY="no instance"
	compgen -G "/sys/kernel/tracing/instances/ladder-*" >/dev/null
}

captures()
{
	[ -s "$RUN/A.pcap" ] && [ -s "$RUN/B.pcap" ]
}

# captured COUNT: so many segments, in both captures.
captured()
{
	local host n

	for host in A B; do
		n=$(tcpdump -r "$RUN/$host.pcap" 2>/dev/null | wc -l)
		WHY="$n segments at $host"
		[ "$n" -ge "$1" ] || return 1
	done
}

# arrows FILE: a ladder's, without times, and the states at their ends that they made.
# Sorted: what is under way both ways at once may have been seen in either order.
arrows()
{
	grep -E -e '-->\||\|<--' "$1" | tr -d '*' | cut -c7- | tr -s ' -' |
		sed -E 's/SYN_SENT|FIN_WAIT1|LAST_ACK//g; s/^ //; s/ $//' | sort
}

# same_arrows FILE FILE
same_arrows()
{
	WHY=$(diff <(arrows "$1") <(arrows "$2"))
}

peer b B
listener b l $ADDR_B $PORT

# ---- a command, from its first segment on

for host in A B; do
	start_in $host tcpdump -U -i wire -w "$RUN/$host.pcap" ip proto 253 2>"$RUN/tcpdump.$host"
	TCPDUMP[$host]=$REPLY
done
wait_for captures || bail "tcpdump does not start: $(cat "$RUN"/tcpdump.*)"
for file in tty picture.svg; do
	# The end of one connection is not to be seen with the next one.
	wait_state A CLOSED || bail "$WHY"
	"${LADDER[@]}" --every --netns "${NS[A]}" --port $PORT --linger 20 \
		-o "$RUN/$file" -- nsenter --net="/run/netns/${NS[A]}" \
		python3 -SEc "$CLIENT" $ADDR_B $PORT &
	ladder=$!
	name=${file%.*}
	must b l accept "$name"
	must b "$name" read 1000
	must b "$name" eof
	must b "$name" close
	status=0
	wait $ladder || status=$?
	check "$file: the status is the command's" same $status 7
done
one=$RUN/tty
check "the SYN" drawn "$one" "SYN_SENT |-* SYN seq=* -*>| SYN_RECV"
check "its answer" drawn "$one" "ESTABLISHED |<-* SYN,ACK seq=* ack=* -*|*"
check "the third" drawn "$one" "|-* ACK seq=1 ack=1 -*>| ESTABLISHED"
check "data" drawn "$one" "|-* ACK seq=1 ack=1 len=1000 -*>|"
check "a FIN" drawn "$one" "*|-* FIN,ACK seq=1001 ack=1 -*>| CLOSE_WAIT"
check "the other one" drawn "$one" "TIME_WAIT |<-* FIN,ACK seq=1 ack=1002 -*|*"
check "and its ACK" drawn "$one" "|-* ACK seq=1002 ack=2 -*>| CLOSED"
check "the picture is XML" python3 -SEc \
	'import sys, xml.etree.ElementTree as e; e.parse(sys.argv[1])' "$RUN/picture.svg"
check "no tracing is left behind" no_instance

# ---- captures of the same

wait_for captured 16 || bail "$WHY"
for host in A B; do
	stop_process "${TCPDUMP[$host]}"
done
read_captures()
{
	"${LADDER[@]}" --every --number 1 "$@"
}
read_captures "$RUN/A.pcap" "$RUN/B.pcap" >"$RUN/both"
check "both hosts' captures: the same arrows and states" same_arrows "$RUN/both" "$one"
read_captures "$RUN/A.pcap" >"$RUN/alone"
check "one of them, too" same_arrows "$RUN/alone" "$one"
[ -z "${WALTZ_RESULTS:-}" ] || cp "$RUN"/{?.pcap,tty,both,picture.svg} "$WALTZ_RESULTS/"

# ---- what comes

"${LADDER[@]}" --live --once --port $PORT -o "$RUN/live" &
ladder=$!
wait_for an_instance || bail "$WHY"
# It is there before its events are on.
wait_for grep -qs 1 /sys/kernel/tracing/instances/ladder-$ladder/events/waltz/segment_receive/enable ||
	bail "no events"
peer a A
connection c s
must a c close
must b s eof
must b s close
check "what comes is drawn, to its end" wait "$ladder"
check "with the end of TIME_WAIT" drawn "$RUN/live" "CLOSED | (2MSL over: the record goes) |"
check "no tracing is left behind, either" no_instance

"${LADDER[@]}" --live --port $((PORT + 1)) -o "$RUN/nothing" 2>/dev/null &
ladder=$!
wait_for an_instance || bail "$WHY"
kill -TERM $ladder
status=0
wait $ladder || status=$?
# 130, if it had not got as far as to look.
check "nothing came until it was stopped: it says so" matches $status "@(1|130)"
check "and is gone" no_instance
