#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the scripts say of segments that are sent again, or thrown away: reason,
# peer, port, and how many.

# shellcheck source=selftests/bpftrace/lib.sh
. "$(dirname "$0")/lib.sh"

plan 11
hosts
raw_pair
mark A
trace_with retransmits drops

# window NAME: five segments of 100, none acknowledged.
window()
{
	must a "$1" opt IPPROTO_TCP TCP_NODELAY 1
	for _ in 1 2 3 4 5; do
		must a "$1" send 100
		must r "$1" expect A len=100
	done
}

reach_far s mss=1000 sack
window s
must r s send A ack=-500 sack=-400:+0
must r s expect A len=100
must r s send A
reach ESTABLISHED d mss=1000
window d
for _ in 1 2 3; do
	must r d send A ack=-500
done
must r d expect A len=100
must r d send A

# The SYN three times: two answers more. The RSTs are not at RCV.NXT.
reach SYN_RECV h
for _ in 1 2; do
	must r h send S seq=-1
	must r h expect SA
done
must r h send R		# or its timer counts on
for _ in 1 2 3; do
	must r s send R seq=+7
	must r s expect A
done
end_scripts

check "retransmits: what SACK shows" says retransmits "@reason\[rack\]: 1"
check "what duplicate ACKs show" says retransmits "@reason\[dupack\]: 1"
check "SYN-ACKs" says retransmits "@reason\[syn_ack\]: 2"
check "to whom" says retransmits "@peer\[$ADDR_RAW, rack\]: 1"
check "how much" says retransmits "@bytes\[rack\]: 100"
check "a SYN-ACK has no text" says retransmits "@bytes\[syn_ack\]: 0"
check "so many are counted" counted A retrans_segs 4
check "drops: RSTs" says drops "@drops\[rst_window, $ADDR_RAW, $PORT\]: 3"
check "the SYN again, and the RST that ends it" says drops "@drops\[syn_recv, $ADDR_RAW, $PORT\]: 3"
check "as it is counted" counted A drop_rst_window 3
check "both" counted A drop_syn_recv 3
