#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A bottleneck that marks (RFC 3168): the sender slows down, all is there, and
# nothing was lost; without ECN the same bottleneck drops.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=3000000
ECN=8 SEEN=16			# of tcpi_options

is_waltz || {
	plan 0
	skip_all "marks are counted"
}

plan 16
hosts
modprobe -qa sch_tbf sch_fq_codel 2>/dev/null

# 8 Mbit/s, and a queue that shall not be longer than 5 ms for more than 20.
bottleneck()
{
	in_host A tc qdisc replace dev wire root handle 1: tbf rate 8mbit burst 20kb \
		limit 1000000 2>/dev/null &&
		in_host A tc qdisc replace dev wire parent 1: handle 2: fq_codel \
			target 5ms interval 20ms ecn 2>/dev/null
}

# queue WORD: sets REPLY to what the queue counted: dropped, ecn_mark.
queue()
{
	local text

	text=$(in_host A tc -s qdisc show dev wire)
	text=${text#*qdisc fq_codel}
	[[ $text =~ $1\ ([0-9]+) ]] || bail "no $1 of the queue"
	REPLY=${BASH_REMATCH[1]}
}

# transfer NAME: SIZE bytes from A to B.
transfer()
{
	connection "$1" "$1"
	mark A
	mark B
	must a "$1" start send $SIZE
	tell b "$1" recv $SIZE && tell a "$1" wait
}

has_bits()
{
	tell "$1" "$2" info options || return
	same $((REPLY & (ECN | SEEN))) "$3"
}

bottleneck || skip_all "no tbf or fq_codel"
pair
set_waltz A ecn=1

check "every byte arrives" transfer m
queue ecn_mark
diag "$REPLY segments were marked"
check "some were marked" at_least "$REPLY" 1
marked=$REPLY
queue dropped
check "none was dropped" same "$REPLY" 0
check "the receiver has seen each mark" counted B ce_received "$marked"
check "the sender has slowed down" grown A ecn_reductions
tell a m info delivered_ce
check "and says so" at_least "$REPLY" 1
check "nothing was missing" counted B ooo_queued 0
check "no fast retransmit" counted A retrans_fast 0
check "TCP_INFO of the sender: ECN" has_bits a m $ECN
check "of the receiver: and it was seen" has_bits b m $((ECN | SEEN))
check "a connection with ECN was counted, at each end" stat_is A ecn_opens 1
check "at each" stat_is B ecn_opens 1

set_waltz A ecn=0
bottleneck
queue dropped
before=$REPLY
check "without ECN: every byte arrives" transfer n
queue dropped
check "but some were dropped" at_least "$REPLY" $((before + 1))
check "and sent again" grown A retrans_segs
check "and none was marked" counted B ce_received 0
