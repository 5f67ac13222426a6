#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is measured of a round trip, and what is not (RFC 6298 section 3, RFC 7323
# 4.1), and from when on the next time-out counts (RFC 6298 5.3).

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 14

# rtt NAME: SRTT in microseconds, in REPLY.
rtt()
{
	must a "$1" info rtt
}

# rtt_is NAME US
rtt_is()
{
	rtt "$1"
	same "$REPLY" "$2"
}

# An eighth of what was measured, seven of what was before; the clock's ticks allowed.
rtt_near()
{
	rtt "$1"
	WHY="got $REPLY us, wanted $2"
	[ "$REPLY" -ge $(($2 - 2500)) ] && [ "$REPLY" -le $(($2 + 2500)) ]
}

# Each acknowledgement of something new is a measurement.
reach ESTABLISHED m
rtt m
was=$REPLY
for n in 1 2 3; do
	must a m send 10
	must r m expect A len=10
	sleep 0.1
	must r m send A
	was=$(((was * 7 + 100000) / 8))
	check "measurement $n of 100 ms" rtt_near m $was
done

# Karn: of what was sent twice nobody knows which one was acknowledged.
reach ESTABLISHED k
rtt k
was=$REPLY
must a k send 10
must r k expect A len=10
check "not acknowledged: sent again" tell r k expect A seq=-10 len=10 min=190 max=1100
sleep 0.05
must r k send A
check "Karn: not measured" rtt_is k "$was"
must a k info rto
check "but the back-off is over" at_most "$REPLY" 300000
must a k send 10
must r k expect A len=10
sleep 0.1
must r k send A
check "but what follows is" rtt_near k $(((was * 7 + 100000) / 8))

# By the echoed timestamp it can be told.
reach ESTABLISHED t ts=1000
rtt t
was=$REPLY
must a t send 10
must r t expect A len=10
check "again" tell r t expect A seq=-10 len=10 min=190 max=1100
sleep 0.1
must r t send A
check "timestamps: measured from the second time on" rtt_near t $(((was * 7 + 100000) / 8))

# Old echoes, of a segment that acknowledges nothing new.
rtt t
was=$REPLY
sleep 10
must r t send A
check "an ACK of nothing new: not measured" rtt_is t "$was"
must r t send A len=5
must r t expect A
check "nor by text" rtt_is t "$was"

# Two segments are out, and the first one's ACK comes after 150 ms.
reach ESTABLISHED r
must a r opt IPPROTO_TCP TCP_NODELAY 1
must a r send 10
must r r expect A len=10
must a r send 10
must r r expect A len=10
sleep 0.15
must r r send A ack=-10
must a r info rto
rto=$((REPLY / 1000))
late $rto
check "the first is acknowledged: the second's time-out begins anew" \
	tell r r expect A seq=-10 len=10 min=$((140 + rto)) max=$((150 + REPLY))
must r r send A

# RFC 6298 5.2: all is acknowledged.
check "all is acknowledged: nothing more" tell r r silent
must a r send 10
check "until there is something" tell r r expect A len=10
must r r send A
