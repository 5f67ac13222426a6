#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Many connections at once on all CPUs (storm.c): orderly ones, of which no
# segment may ever find nothing; then with every kind of rude end, and old and
# forged segments among the good ones, when still no wrong byte may come.
#
# At last somebody kills sockets (wss -K) under their owners' hands.
#
# STORM_SECONDS: of each part (8; 25 where the kernel checks all it does). SEED:
# of all choices; printed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

STORM=${STORM:-$HERE/../build/selftests/stress/storm}
case $(uname -r) in
*-debug-smp) STORM_SECONDS=${STORM_SECONDS:-25} ;;
*) STORM_SECONDS=${STORM_SECONDS:-8} ;;
esac
SEED=${SEED:-$RANDOM}

plan 16
[ -x "$STORM" ] || bail "no $STORM: make -C selftests builds it"
new_host A
ip -n "${NS[A]}" link set lo up

# storm OPTION...: what it says are diagnostics.
storm()
{
	WHY="see above"
	in_host A "$STORM" -p "$WALTZ_PROTO" -t "$STORM_SECONDS" -s "$SEED" "$@"
}

# So few ports that each is used again and again.
in_host A sysctl -qw net.ipv4.ip_local_port_range="20000 20199"
check "more than one CPU" at_least "$(nproc)" 2
mark A
check "orderly connections, names used again at once: no error" storm
# A segment that finds neither socket nor record is answered by RST. One that is
# late may well do so, when both ends are through, and TIME_WAIT ignores the RST;
# but nobody else may get one.
check_waltz "no segment of a living connection found nothing" counted A in_rsts 0
each_was_answered()
{
	local reset nothing

	growth A out_rsts
	reset=$REPLY
	growth A drop_no_socket
	nothing=$REPLY
	growth A drop_listen_ack # nothing but the listener
	nothing=$((nothing + REPLY))
	diag "$nothing segments found nothing"
	same "$nothing found nothing" "$reset found nothing"
}
check_waltz "who found nothing got a RST, and nobody else" each_was_answered
# Loopback loses nothing.
hardly_any_again()
{
	local sent

	growth A out_segs
	sent=$REPLY
	growth A retrans_segs
	diag "$REPLY of $sent segments were sent again"
	at_most "$REPLY" $((sent / 100))
}
check_waltz "hardly any segment was sent again" hardly_any_again
check_waltz "events that the table does not know: none" counted A fsm_illegal 0
check_waltz "names were taken over from TIME_WAIT" grown A tw_reused_connect

set_waltz A time_wait_ms=100 fin_timeout_ms=100
check "records that expire meanwhile: no error" storm
check_waltz "they did expire" grown A tw_expired

set_waltz A syncookies=2 time_wait_max=50 time_wait_ms=60000
check "rude ends, a listener that comes and goes, a full table, cookies: no wrong byte" storm -r
check_waltz "handshakes were completed by cookies" grown A cookies_accepted
check_waltz "records were evicted" grown A tw_evicted

# Segments may make two ends disagree for good. Then each tries until it gives
# up, whoever has closed them; let that be soon.
set_waltz A rto_max_ms=1000 orphan_retries=3
set_waltz A syncookies=1 time_wait_max=100000 time_wait_ms=5000
check "old and forged segments: no wrong byte" storm -i
# As long as the killer runs, so that there is something to be killed: it holds the
# other end of the storm's input.
mkfifo "$RUN/killing"
exec {killing}<>"$RUN/killing"
! is_waltz || {
	need_diag
	start_in A python3 -SEB "$HERE/diag.py" kill "$STORM_SECONDS" "$SEED" </dev/null >"$RUN/kill" 2>&1
	killer=$REPLY
}
exec {until}<"$RUN/killing" {killing}>&-
check "all of it at once, while sockets are killed: no wrong byte" storm -r -i -e <&"$until"

killer_is_content()
{
	local status

	wait "$killer"
	status=$?
	WHY=$(tail -n 1 "$RUN/kill")
	[ $status = 0 ] && diag "${WHY#\# }"
}
check_waltz "each was killed, or had gone by itself" killer_is_content
check_waltz "many were killed" grown A abort_killed
