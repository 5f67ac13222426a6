#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A connection between Waltz and Linux TCP: opened by either, closed first by
# either, by both at once, by halves, reset, refused; its names used again.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

plan 100
interop_hosts

for client in a b; do
	who="${CALLED[$client]} calls"
	for first in a b; do
		second=${OTHER[$first]}
		it="$who, ${CALLED[$first]} closes first"
		n=$client$first

		dial $client $n
		check "$it: ESTABLISHED" wait_for is $first $n ESTABLISHED
		check "$it: data to the server" moves $client $n 30000
		check "$it: data to the client" moves "${OTHER[$client]}" $n 30000
		must $first $n close
		check "$it: the end of file" tell "$second" $n eof
		check "$it: FIN_WAIT2" wait_for is $first $n FIN_WAIT2
		check "$it: CLOSE_WAIT" is "$second" $n CLOSE_WAIT
		must "$second" $n close
		check "$it: TIME_WAIT is there" wait_for is $first $n TIME_WAIT
		check "$it: and CLOSED here" wait_for is "$second" $n CLOSED

		it="$who, ${CALLED[$first]} ends its half"
		n=h$n
		dial $client $n
		must $first $n shutdown wr
		check "$it: the other one sees it" tell "$second" $n eof
		check "$it: and sends still" moves "$second" $n 300000
		check "$it: in CLOSE_WAIT" is "$second" $n CLOSE_WAIT
		must "$second" $n close
		check "$it: then the end comes" tell $first $n eof
		check "$it: TIME_WAIT" wait_for is $first $n TIME_WAIT
		must $first $n close

		it="$who, ${CALLED[$first]} resets"
		n=r$n
		dial $client $n
		must $first $n linger on 0
		must $first $n close
		check "$it: ECONNRESET" errs ECONNRESET "$second" $n eof
		check "$it: CLOSED here" is $first $n CLOSED
		check "$it: and there" is "$second" $n CLOSED
	done
done

# RFC 1122 4.2.2.13: what is not read is lost, and the peer hears of it.
for first in a b; do
	second=${OTHER[$first]}
	dial a u$first
	must "$second" u$first send 1000
	unread()
	{
		answers in,out "$first" "u$first" poll 1000
	}
	wait_for unread || bail "$WHY"
	must $first u$first close
	check "${CALLED[$first]} closes with data unread: ECONNRESET" \
		errs ECONNRESET "$second" u$first drain
done

for client in a b; do
	dial_from $client no 30000
	it="${CALLED[$client]} calls a closed port"
	check "$it: ECONNREFUSED" errs ECONNREFUSED $client no connect "$TARGET" 9
	check "$it: CLOSED" state_is "${HOST_OF[$client]}" CLOSED - 9
	must $client no close
done

# The same names again. Who closed first holds TIME_WAIT, and finds that what
# comes is new: by its timestamp, or by its number.
in_host B sysctl -qw net.ipv4.tcp_tw_reuse=1
# TCP waits for a second before it takes over names of its own.
dials()
{
	tell "$1" "$2" connect "$TARGET" $PORT
}
for client in a b; do
	for first in a b; do
		it="${CALLED[$first]} is in TIME_WAIT, ${CALLED[$client]} calls with the same names"
		port=$((last_port += 1))
		dial $client t $port
		must $client t send 1000
		must "${OTHER[$client]}" t recv 1000
		close_in_turn $first t || bail "$WHY"
		mark A
		tcp_counter TWRecycled
		recycled=$REPLY
		dial_from $client t $port
		check "$it: it is answered" wait_for dials $client t
		case $client$first in
		aa) check "$it: and counted" counted A tw_reused_connect 1 ;;
		ba) check "$it: and counted" counted A tw_reused_syn 1 ;;
		bb) check "$it: and counted" tcp_counter_above TWRecycled "$recycled" ;;
		esac
		must "${OTHER[$client]}" l accept t
		check "$it: data both ways" both_move t 20000
		check "$it: and it closes" close_in_turn $first t
	done
done

# Probes of who has nothing to say are answered, more of them than it would
# take to give up.
for peer in a b; do
	dial a k$peer
	must $peer k$peer opt IPPROTO_TCP TCP_KEEPIDLE 1
	must $peer k$peer opt IPPROTO_TCP TCP_KEEPINTVL 1
	must $peer k$peer opt IPPROTO_TCP TCP_KEEPCNT 2
	must $peer k$peer opt SOL_SOCKET SO_KEEPALIVE 1
done
mark A
tcp_counter TCPKeepAlive
before=$REPLY
waltz_asked()
{
	growth A keepalives
	at_least "$REPLY" 4
}
check "Waltz asks whether TCP is there" wait_for waltz_asked
check "TCP asks whether Waltz is there" wait_for tcp_counter_above TCPKeepAlive $((before + 3))
for peer in a b; do
	check "${CALLED[$peer]} asked, and was answered" is $peer k$peer ESTABLISHED
	check "${CALLED[$peer]} asked, and the connection works" both_move k$peer 1000
	close_in_turn $peer k$peer || bail "$WHY"
done

# Longer than two commands take: so the segments are sure to cross.
netem A delay 600ms
netem B delay 600ms
dial a x
must a x close
must b x close
check "both close at once: TIME_WAIT at Waltz" wait_for is a x TIME_WAIT
check "both close at once: TIME_WAIT at TCP" wait_for is b x TIME_WAIT

dial_from b s 7000
dial_from a s 7000
port_of[b:s]=7000
must a s start connect $ADDR_B 7000
must b s start connect $ADDR_A_TCP 7000
check "both call at once: TCP is in SYN_SENT" wait_for is b s SYN_SENT
check "both call at once: Waltz is in SYN_SENT" wait_for is a s SYN_SENT
check "both call at once: Waltz's connect() succeeds" tell a s wait
check "both call at once: TCP's connect() succeeds" tell b s wait
no_netem A
no_netem B
check "both call at once: one connection" is a s ESTABLISHED
check "both call at once: data both ways" both_move s 20000
check "both call at once: and it closes" close_in_turn b s
