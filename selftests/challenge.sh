#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What somebody who guesses can do to a connection (RFC 5961): nothing. A RST
# has to be exact, a SYN is only questioned, and an ACK has to be of what was
# sent. The questions are limited for each connection alone.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 55
hosts
raw_pair

# challenged NAME DROP FLAGS [KEY=VALUE...]: answered with the state of things,
# counted so, and not believed.
challenged()
{
	local name=$1 drop=$2

	shift 2
	mark A
	must r "$name" send "$@"
	tell r "$name" expect A seq=0 ack=0 len=0 || return
	tell r "$name" silent || return
	! is_waltz || { counted A challenge_acks 1 && counted A "drop_$drop" 1; }
}

# dropped NAME DROP FLAGS [KEY=VALUE...]: not answered, counted so.
dropped()
{
	local name=$1 drop=$2

	shift 2
	mark A
	must r "$name" send "$@"
	tell r "$name" silent || return
	! is_waltz || { counted A challenge_acks 0 && counted A "drop_$drop" 1; }
}

# taken NAME FLAGS [KEY=VALUE...]: not answered, and not dropped either.
taken()
{
	local name=$1

	shift
	mark A
	must r "$name" send "$@"
	tell r "$name" silent || return
	! is_waltz || { counted A challenge_acks 0 && counted A drop_ack_range 0; }
}

# lives NAME: text goes through it both ways.
lives()
{
	must r "$1" send AP data=hello
	answers hello a "$1" read 100 && tell r "$1" expect A ack=0 &&
		tell a "$1" send 1 && tell r "$1" expect A len=1 &&
		must r "$1" send A
}

reach ESTABLISHED x
# A bare question, for the window's size.
must r x send S
must r x set snd=-1
must r x expect A
win=${REPLY#*win=} win=${win%% *}

check "RST one above RCV.NXT: challenge" challenged x rst_window R seq=+1
check "RST at the window's last byte: challenge" challenged x rst_window R seq=+$((win - 1))
check "RST at the window's end: dropped" dropped x out_of_window R seq=+"$win"
check "RST one below RCV.NXT: dropped" dropped x out_of_window R seq=-1
check "RST on the other side of the world: dropped" \
	dropped x out_of_window R seq=+2147483647
for seq in +0 +1 +"$win" -1 +2147483647; do
	check "SYN at RCV.NXT$seq: challenge" challenged x syn_challenge S seq="$seq"
done
check "SYN-ACK that acknowledges: challenge" challenged x syn_challenge SA seq=+0
check "ESTABLISHED through all this" raw_state_is x ESTABLISHED
check "and the user sees nothing of it" answers out a x poll 0

# RFC 5961 5.2. The largest window that r offered is 65535.
check "ACK of one byte never sent: challenge" challenged x ack_range A seq=+0 ack=+1
check "its data is not taken" challenged x ack_range AP seq=+0 ack=+1 data=bad
check "ACK of 2 GB never sent: challenge" challenged x ack_range A seq=+0 ack=+2147483647
check "ACK one older than the largest window: challenge" \
	challenged x ack_range A seq=+0 ack=-65536
check "ACK as old as the largest window: taken" taken x A seq=+0 ack=-65535
check "FIN with an ACK of what was never sent: challenge" \
	challenged x ack_range FA seq=+0 ack=+1
check "FIN without ACK: dropped" dropped x no_ack F seq=+0
check "data with no flag at all: dropped" dropped x flags - seq=+0 data=bad
check "ESTABLISHED through all this" raw_state_is x ESTABLISHED
check "nothing was delivered" answers out a x poll 0
check "the connection works" lives x
# Not limited: the peer sends again what it thinks was lost.
again()
{
	tell r x send AP seq=-5 data=hello && tell r x send AP seq=-5 data=hello &&
		tell r x expect A seq=0 ack=0 && tell r x expect A seq=0 ack=0
}
check "data that came before: an ACK at once, each time" again
must r x send A seq=+"$win"
check "an empty segment at the window's end: challenge" tell r x expect A seq=0 ack=0

must r x send R
check "RST at RCV.NXT: ECONNRESET" errs ECONNRESET a x eof
check "and nothing is answered" tell r x silent
check "CLOSED" raw_state_is x CLOSED
must a x close

# In every state in which the peer is known.
for state in FIN_WAIT1 FIN_WAIT2 CLOSING CLOSE_WAIT LAST_ACK; do
	name=s$state
	reach $state $name
	check "$state: RST in the window: challenge" challenged $name rst_window R seq=+1
	check "$state: RST below the window: dropped" dropped $name out_of_window R seq=-1
	check "$state: SYN: challenge" challenged $name syn_challenge S seq=+5
	must r $name send R
	check "$state: RST at RCV.NXT: CLOSED" wait_for raw_state_is $name CLOSED
	must a $name close
done

# The limit. 10 s is longer than what follows takes.
set_waltz A challenge_ms=10000
is_waltz || in_host A sysctl -qw net.ipv4.tcp_invalid_ratelimit=10000
reach ESTABLISHED y
reach ESTABLISHED z
mark A
must r y send S seq=+0
check "the limit: the first SYN is challenged" tell r y expect A seq=0 ack=0
for _ in 1 2 3 4 5 6 7 8 9; do
	must r y send S seq=+0
done
check_waltz "the others are not" tell r y silent
check_waltz "which is counted" counted A challenge_limited 9
check_waltz "the first one was" counted A challenge_acks 1
check_waltz "another connection has a limit of its own" challenged z syn_challenge S seq=+0

# Nobody can tell from it what happens elsewhere: again after that time.
set_waltz A challenge_ms=400
reach ESTABLISHED w
must r w send S seq=+0
must r w expect A seq=0 ack=0
asks_again()
{
	must r w send S seq=+0
	tell r w expect A seq=0 ack=0 ms=50 min=380
}
check_waltz "after challenge_ms it is challenged again" wait_for asks_again
