#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A path that lets through less is remembered for 10 minutes (RFC 1191 6.3), then
# tried again. What was learnt of it is not relied on any more when nothing is
# acknowledged (RFC 9293 3.8.3, R1).

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 10

reach ESTABLISHED p mss=1460
must a p opt IPPROTO_TCP TCP_NODELAY 1
must a p send 1000
check "a large segment" tell r p expect A len=1000
must r p unreachable 4 mtu=640
check "too big for 640: it comes again, and smaller" tell r p expect A seq=-1000 len=600
must r p skip A
must r p send A
start_clock

# Which route to take is asked once, and again when IP has got advice.
start_trace fib/fib_table_lookup
# For what a host sends itself: the segments come "in" by lo, its first device.
asked()
{
	REPLY=$(grep -c " iif 1 .* -> $ADDR_RAW/" "$trace/trace")
}
must a p send 10
must r p expect A len=10
for n in 1 2 3; do
	must r p expect A seq=-10 len=10
	asked
	check "sent again, $n: the same route" same "$REPLY" 0
done
must r p expect A seq=-10 len=10
asked
check "sent again, 4: the route is asked for anew" at_least "$REPLY" 1
must r p send A
check "and the connection goes on" raw_state_is p ESTABLISHED

until_ms 590000
must a p send 1000
check "after 590 s: small still" tell r p expect A len=600
must r p send A
check "and the rest" tell r p expect A len=400
must r p send A
until_ms 610000
must a p send 1000
check "after 610 s: large again" tell r p expect A len=1000
must r p send A
