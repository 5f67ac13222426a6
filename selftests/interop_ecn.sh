#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ECN between Waltz and Linux TCP (RFC 3168): agreed to if both want it, whoever
# calls; what is marked on the way to the one is echoed to the other, who slows
# down, and nothing is lost.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

SIZE=2000000
ECN=8				# of tcpi_options

plan 28
interop_hosts

# wants WALTZ TCP: the settings.
wants()
{
	set_waltz A "ecn=$1"
	in_host B sysctl -qw "net.ipv4.tcp_ecn=$2" || bail "no tcp_ecn"
}

# both_say NAME BITS
both_say()
{
	local peer

	for peer in a b; do
		tell $peer "$1" info options && same $((REPLY & ECN)) "$2" || return
	done
}

# What each says by default when it is called, and when it is told to ask.
for case in "a 1 2 $ECN" "b 2 1 $ECN" "a 1 1 $ECN" "b 1 1 $ECN" "a 2 2 0" "b 2 2 0" "a 1 0 0" \
	"b 0 1 0"; do
	read -r client waltz tcp bits <<<"$case"
	wants "$waltz" "$tcp"
	dial "$client" x
	check "${CALLED[$client]} calls, Waltz $waltz, TCP $tcp: both say the same" both_say x "$bits"
	close_in_turn "$client" x || bail "$WHY"
done

# few COUNTER MARKED: it has grown by less than a tenth of what was marked. Not 0, for two
# CPUs at the cable change the order of some segments, which looks like a loss.
few()
{
	growth A "$1"
	at_most "$REPLY" $(($2 / 10))
}

wants 1 1
for client in a b; do
	for sender in a b; do
		it="${CALLED[$client]} calls, ${CALLED[$sender]} sends"
		dial $client y
		mark A
		netem "${HOST_OF[$sender]}" delay 2ms loss 3% ecn
		check "$it: every byte arrives" moves $sender y $SIZE
		no_netem "${HOST_OF[$sender]}"
		tell $sender y info delivered_ce
		marked=$REPLY
		diag "$it: $marked of what was sent was marked"
		check "$it: and some were marked" at_least "$marked" 10
		if [ $sender = a ]; then
			check "$it: Waltz slowed down" grown A ecn_reductions
			check "$it: and has hardly found anything lost" few retrans_fast "$marked"
		else
			check "$it: Waltz has seen marks" grown A ce_received
			check "$it: and hardly anything was missing" few ooo_queued "$marked"
		fi
		check "$it: then it closes" close_in_turn $client y
	done
done
