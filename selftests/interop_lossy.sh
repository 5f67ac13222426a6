#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Waltz and Linux TCP over a network that delays, loses, swaps, copies and
# corrupts: what arrives is what was sent, byte for byte, both ways at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

SIZE=4000000

plan 16
interop_hosts
# A FIN that comes twice is acknowledged twice; who has gone by then answers with a RST, and
# that would end TCP's TIME_WAIT (RFC 1337).
in_host B sysctl -qw net.ipv4.tcp_rfc1337=1

for client in a b; do
	netem A delay 5ms loss 1% reorder 1% duplicate 1% corrupt 1%
	netem B delay 5ms loss 1% reorder 1% duplicate 1% corrupt 1%
	it="${CALLED[$client]} calls"
	dial $client x
	mark A
	tcp_counter RetransSegs
	sent_again=$REPLY
	tcp_counter InCsumErrors
	bad_sums=$REPLY
	check "$it: $SIZE bytes arrive at both" both_move x $SIZE
	check "$it: Waltz sent some again" grown A retrans_segs
	check "$it: so did TCP" tcp_counter_above RetransSegs "$sent_again"
	check "$it: Waltz threw corrupt ones away" grown A drop_checksum
	check "$it: so did TCP" tcp_counter_above InCsumErrors "$bad_sums"
	check "$it: some came out of order" grown A ooo_queued
	check "$it: some came twice" grown A drop_old_data
	check "$it: it closes" close_in_turn $client x
done
