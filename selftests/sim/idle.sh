#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# After a pause longer than the RTO a connection begins again with the restart window
# of 10 segments, whatever it had before (RFC 5681 4.1). After a shorter one it does not.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 9

# burst SEGMENTS: all that is allowed to go is sent at once; sets BURST to how many
# those were, and acknowledges all.
burst()
{
	local left=$1 n=0

	must a x send $((left * 1000))
	while tell r x expect A len=1000 ms=50; do
		n=$((n + 1))
	done
	BURST=$n left=$((left - n))
	sleep 0.05
	must r x send A
	while [ $left -gt 0 ]; do
		must r x expect A len=1000 ms=1000
		left=$((left - 1))
		must r x send A
	done
}

cwnd()
{
	must a x info cwnd
}

reach SYN_RECV x mss=1000 wscale=7
sleep 0.1
must r x send A
must a l accept x
must a x opt IPPROTO_TCP TCP_NODELAY 1
must a x opt SOL_SOCKET SO_SNDBUF 200000

burst 60
check "in the beginning: 10 segments" same $BURST 10
cwnd
grown=$REPLY
check "the window grows" at_least "$grown" 40
must a x info rto
check "the RTO is less than a second" at_most "$REPLY" 900000

burst 40
check "at once again: all 40" same $BURST 40
sleep 5
burst 40
check "after 5 s: 10 segments" same $BURST 10
cwnd
check "from there it grows again" at_least "$REPLY" 20

# Not idle for so long: the window stays.
burst 40
cwnd
was=$REPLY
sleep 0.1
burst 20
check "after 0.1 s: all 20" same $BURST 20
cwnd
check "the window is as it was" at_least "$REPLY" "$was"
check "nothing was sent twice" stat_is A retrans_segs 0
