#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Waltz and Linux TCP when one of them does not read: the window shuts, the
# other one asks (RFC 9293 3.8.6.1) and is answered, and nothing is lost. Receive
# buffers that hold a segment or two, in each direction.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

SIZE=3000000
TINY=(1 4096 16384)
TINY_SIZE=60000

plan $((2 * (5 + ${#TINY[@]} * 4) + 5))
interop_hosts
start_helper w B "$HERE/interop/sums.py" wire "$ADDR_A_TCP" "$ADDR_B"

# asked PEER COUNT: PEER has asked so often for the window since count_probes. TCP
# does so by a segment again, if one is out that found no room.
count_probes()
{
	mark A
	tcp_probes
	probes_before=$REPLY
}

tcp_probes()
{
	local probes

	tcp_counter TCPWinProbe
	probes=$REPLY
	tcp_counter RetransSegs
	REPLY=$((REPLY + probes))
}

asked()
{
	if is_waltz "${HOST_OF[$1]}"; then
		growth "${HOST_OF[$1]}" probes
		at_least "$REPLY" "$2"
	else
		tcp_probes
		at_least $((REPLY - probes_before)) "$2"
	fi
}

# goes_on PEER: it is asked, and answers, again and again.
goes_on()
{
	tell w "$1" segments && at_least "$REPLY" 3 &&
		tell w "${OTHER[$1]}" segments && at_least "$REPLY" 3
}

for sender in a b; do
	reader=${OTHER[$sender]}
	it="${CALLED[$sender]} sends, nobody reads"
	n=z$sender
	dial a $n
	count_probes
	must $sender $n start send $SIZE
	check "$it: it asks" wait_for asked $sender 3
	check "$it: and waits" errs "still running" $sender $n wait 0
	check "$it: ESTABLISHED" is $sender $n ESTABLISHED
	check "$it: then reading brings every byte" tell "$reader" $n recv $SIZE
	check "$it: and all was sent" done_with $sender $n
	close_in_turn $sender $n || bail "$WHY"

	for size in "${TINY[@]}"; do
		it="SO_RCVBUF $size at ${CALLED[$reader]}"
		n=t$sender$size
		# Before the handshake, or its window would have been promised.
		dial_from "$reader" "$n" $((last_port += 1))
		must "$reader" "$n" opt SOL_SOCKET SO_RCVBUF "$size"
		must "$reader" "$n" connect "$TARGET" "$PORT"
		must $sender l accept "$n"
		must w a forget
		must $sender "$n" start send $TINY_SIZE
		# Before a shut window the sender asks for ever. If only its
		# segments were not taken, it would give up.
		check "$it, nobody reads: its window is shut" \
			wait_for answers 0 w "$reader" window
		must w a forget
		check "$it, nobody reads: it answers" wait_for goes_on "$reader"
		check "$it: then every byte comes" tell "$reader" "$n" recv $TINY_SIZE
		must $sender "$n" wait
		check "$it: and the end" close_in_turn $sender "$n"
	done
done

# Both at once, no dead-lock.
dial b d
for peer in a b; do
	must $peer d alias in
done
count_probes
must a d start send $SIZE
must b d start send $SIZE
for peer in a b; do
	check "both send, nobody reads: ${CALLED[$peer]} asks" wait_for asked $peer 2
done
must a in start recv $SIZE
must b in start recv $SIZE
both_done()
{
	done_with a in && done_with b in && done_with a d && done_with b d
}
check "then both read: every byte comes" both_done
close_in_turn a d || bail "$WHY"

# stuffed PEER: nothing more goes in, and nothing out. A full buffer alone may be a
# matter of an ACK that is late.
stuffed()
{
	while tell "$1" "q$1" send 65536; do
		:
	done
	asked "$1" 1
}

# What was queued before close() gets out, window or not: to TCP from a socket
# of Waltz that nobody owns, and the other way round.
for sender in a b; do
	reader=${OTHER[$sender]}
	dial a q$sender
	must $sender q$sender nonblock
	count_probes
	wait_for stuffed $sender || bail "$WHY"
	must $sender q$sender close
	must "$reader" q$sender drain
	check "${CALLED[$sender]} closes with its queue full: all of it is read" \
		[ "$REPLY" -gt 65536 ]
	must "$reader" q$sender close
done
