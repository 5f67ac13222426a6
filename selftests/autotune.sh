#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Buffers follow the path: what a fast and long one needs they grow to, and no
# further than rmem and wmem allow; what the user has set stays as it is. A path
# that holds little needs little, and so does a sender that sends little.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

RMEM="4096 131072 6291456"
WMEM="4096 16384 4194304"
RTT=60ms
SIZE=6000000

plan 21
hosts
need_netem
pair

# settings NAME=VALUE...: at both hosts, for TCP too.
settings()
{
	local host setting name

	for host in A B; do
		for setting; do
			name=net.waltz.${setting%%=*}
			is_waltz || name=net.ipv4.tcp_${setting%%=*}
			in_host $host sysctl -qw "$name=${setting#*=}" || bail "sysctl: $setting"
		done
	done
}

# size PEER SOCKET SO_RCVBUF|SO_SNDBUF: sets REPLY.
size()
{
	must "$1" "$2" getopt SOL_SOCKET "$3"
}

# between PEER SOCKET OPTION LOWEST HIGHEST
between()
{
	size "$1" "$2" "$3"
	WHY="$3 is $REPLY, wanted $4 to $5"
	[ "$REPLY" -ge "$4" ] && [ "$REPLY" -le "$5" ]
}

# done_with PEER NAME: what it was started for has gone well.
done_with()
{
	until tell "$1" "$2" wait 10; do
		[ "$REPLY" = "still running" ] || return
	done
}

# transfer NUMBER BYTES [PIECE]: from a:cN to b:sN.
transfer()
{
	must a "c$1" start send "$2" ${3:+"$3"}
	must b "s$1" start recv "$2"
	done_with a "c$1" && done_with b "s$1"
}

settings moderate_rcvbuf=1 "rmem=$RMEM" "wmem=$WMEM"
connection c0 s0
check "SO_RCVBUF begins with rmem" between b s0 SO_RCVBUF 131072 131072
check "SO_SNDBUF with the initial window" between a c0 SO_SNDBUF 30000 100000

# ---- a fast and long path

netem A delay $RTT
check "a fast and long path" transfer 0 $SIZE
check "the receive buffer has grown" between b s0 SO_RCVBUF 400000 6291456
long_rcv=$REPLY
check "the send buffer, too" between a c0 SO_SNDBUF 200000 4194304
long_snd=$REPLY
check "the sender's receive buffer has not" between a c0 SO_RCVBUF 131072 131072
check "the receiver knows the round trip" at_least "$(must b s0 info rcv_rtt; echo "$REPLY")" 50000

# ---- limits, and what the user says

settings "rmem=4096 131072 300000" "wmem=4096 16384 150000"
connection c1 s1
check "limits: every byte comes" transfer 1 2000000
check "the receive buffer is at its limit" between b s1 SO_RCVBUF 300000 300000
check "the send buffer is at its limit" between a c1 SO_SNDBUF 150000 150000

settings "rmem=$RMEM" "wmem=$WMEM"
connection c2 s2
must b s2 opt SOL_SOCKET SO_RCVBUF 60000
must a c2 opt SOL_SOCKET SO_SNDBUF 50000
check "what the user has set: every byte comes" transfer 2 2000000
check "SO_RCVBUF stays" between b s2 SO_RCVBUF 120000 120000
check "SO_SNDBUF stays" between a c2 SO_SNDBUF 100000 100000

settings moderate_rcvbuf=0
connection c3 s3
check "moderate_rcvbuf=0: every byte comes" transfer 3 2000000
check "the receive buffer stays" between b s3 SO_RCVBUF 131072 131072
check "the send buffer is not meant" between a c3 SO_SNDBUF 100000 4194304
settings moderate_rcvbuf=1

# ---- a sender that sends little

connection c4 s4
must a c4 opt IPPROTO_TCP TCP_NODELAY 1
check "small segments, many of them" transfer 4 20000 20
check "need no larger buffer" between b s4 SO_RCVBUF 131072 131072

# ---- a path that holds little

netem A delay 10ms rate 4mbit
connection c5 s5
check "a short and slow path" transfer 5 400000
check "needs less than half of that receive buffer" between b s5 SO_RCVBUF 131072 $((long_rcv / 2))
check "and of that send buffer" between a c5 SO_SNDBUF 30000 $((long_snd / 2))
