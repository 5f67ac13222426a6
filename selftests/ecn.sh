#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ECN (RFC 3168), segment by segment: what SYN and SYN-ACK say, and what they say
# when they are sent again; marks are echoed until CWR comes; new data is ECT, and
# nothing else is; an echo is answered once a window.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

ECT0=2 CE=3			# of the IP header
ECN=8 SEEN=16			# of tcpi_options

plan 90
hosts
# Or TCP's are seen before they are cut.
is_waltz || ip -n "${NS[A]}" link set wire gso_max_segs 1
raw_pair

set_ecn()
{
	set_waltz A "ecn=$1"
	is_waltz || in_host A sysctl -qw "net.ipv4.tcp_ecn=$1"
}

# in_use NAME BITS: what TCP_INFO says of ECN.
in_use()
{
	tell a "$1" info options || return
	same $((REPLY & (ECN | SEEN))) "$2"
}

# answered NAME FLAGS ANSWER [KEY=VALUE...]: a SYN with these flags, by ANSWER.
answered()
{
	local name=$1 flags=$2 want=$3

	shift 3
	raw_open "$name"
	must r "$name" send "$flags" "$@"
	tell r "$name" expect "$want" ack=0 tos=0
}

# opened NAME [OPTION...]: ESTABLISHED, with ECN.
opened()
{
	raw_open "$@"
	must r "$1" send SEC
	must r "$1" expect SAE ack=0
	must r "$1" send A
	must a l accept "$1"
}

# called NAME PORT [SYN]: a:NAME connects; its SYN has these flags.
called()
{
	must r "$1" listen "$2"
	must a "$1" new
	must a "$1" start connect $ADDR_RAW "$2"
	[ $# = 2 ] || must r "$1" expect "$3"
}

# connects NAME FLAGS: such a SYN-ACK connects.
connects()
{
	must r "$1" send "$2"
	tell a "$1" wait && tell r "$1" expect A seq=0 ack=0
}

# ---- passive open

check "by default ECN is accepted" answered p SEC SAE
must r p send A
must a l accept p
check "and in use" in_use p $ECN
check "a SYN that asks for nothing" answered p0 S SA
check "ECE alone asks for nothing" answered p1 SE SA
check "nor does CWR" answered p2 SC SA
check "a SYN that is ECT has been tampered with" answered p3 SEC SA tos=$ECT0
check "and one that is marked" answered p4 SEC SA tos=$CE
check "what comes after ECN may ask, too (RFC 9768 3.1.1)" answered p5 SEC SAE res=1
set_ecn 0
check "0: not accepted" answered p6 SEC SA
set_ecn 1
check "1: accepted" answered p7 SEC SAE
set_ecn 2
bad_value()
{
	not in_host A sysctl -qw net.waltz.ecn="$1" 2>"$RUN/sysctl"
}
check_waltz "3 is refused" bad_value 3
# Or their SYN-ACKs are sent again, too.
for i in 0 1 2 3 4 5 6 7; do
	must r p$i send R
done

# ---- active open

called c2 7002
check "2: a SYN does not ask" tell r c2 expect S tos=0
check "a SYN-ACK that agrees all the same" connects c2 SAE
check "agrees to nothing" in_use c2 0
set_ecn 0
called c0 7000
check "0: nor does it" tell r c0 expect S
set_ecn 1
called c1 7001
check "1: it asks" tell r c1 expect SEC tos=0
check "SYN-ACK with ECE" connects c1 SAE
check "agreed" in_use c1 $ECN
called c3 7003 SEC
check "SYN-ACK without" connects c3 SA
check "not agreed" in_use c3 0
called c4 7004 SEC
check "SYN-ACK with both, from a host that gives back what it does not know" connects c4 SAEC
check "not agreed either" in_use c4 0
must a c4 send 10
check "so what is sent is not ECT" tell r c4 expect A len=10 tos=0
must r c4 send A

# ---- what a route has to say

set_ecn 0
ip -n "${NS[A]}" route replace 10.253.0.0/24 dev wire features ecn
called r1 7005
check "0, but the route has ECN: it asks" tell r r1 expect SEC
must r r1 send RA
check "and accepts" answered p8 SEC SAE
must r p8 send R
ip -n "${NS[A]}" route replace 10.253.0.0/24 dev wire
rto_min 30000
set_ecn 1

# ---- both at once

called s1 7011 SEC
must r s1 send SEC
check "SYNs cross, both ask: SYN-ACK with ECE" tell r s1 expect SAE ack=0
must r s1 send SAE seq=-1
check "connected" tell a s1 wait
check "with ECN" in_use s1 $ECN
called s2 7012 SEC
must r s2 send S
check "one does not ask: without" tell r s2 expect SA ack=0
must r s2 send A
check "connected" tell a s2 wait
check "without ECN" in_use s2 0
set_ecn 2
called s3 7013 S
must r s3 send SEC
check "ours has not asked: without" tell r s3 expect SA ack=0
must r s3 send A
must a s3 wait

# ---- fallback

mark A
raw_open f1
must r f1 send SEC
must r f1 expect SAE
check_waltz "SYN-ACK again: without" tell r f1 expect SA seq=-1 ack=0
is_waltz || must r f1 expect SAE seq=-1
must r f1 send A
must a l accept f1
# TCP's are.
! is_waltz || must a f1 send 10
check_waltz "nothing is ECT then" tell r f1 expect A len=10 tos=0
must r f1 send A len=10 tos=$CE
check "but the peer may know the first one alone: marks are echoed" tell r f1 expect AE ack=0
raw_open f2
must r f2 send SEC
must r f2 expect SAE
must r f2 send S seq=-1
check_waltz "the peer's SYN again, without: SYN-ACK without" tell r f2 expect SA seq=-1 ack=0
must r f2 send R

rto_min 200
set_ecn 1
called f3 7023 SEC
check "SYN again: without" tell r f3 expect S seq=-1 min=900
check "SYN-ACK with ECE: of the first SYN" connects f3 SAE
! is_waltz || must a f3 send 10
check_waltz "not ECT" tell r f3 expect A len=10 tos=0
must r f3 send A len=10 tos=$CE
check "marks are echoed" tell r f3 expect AE ack=0
called f4 7024 SEC
must r f4 expect S
check "SYN-ACK without" connects f4 SA
must r f4 send A len=10 tos=$CE
check "marks mean nothing" tell r f4 expect A ack=0
check_waltz "four fell back" counted A ecn_fallbacks 4
rto_min 30000
set_ecn 2

# ---- the receiver

opened x
must a x opt IPPROTO_TCP TCP_QUICKACK 0
check "nothing has come yet" in_use x $ECN
mark A
must r x send A len=10 tos=$ECT0
check "ECT: a delayed ACK" tell r x expect A ack=0 tos=0
check_waltz "it was" counted A delayed_acks 1
check "the peer is seen to use ECN" in_use x $((ECN | SEEN))
must r x send A len=10 tos=$CE
check "CE: ECE" tell r x expect AE ack=0 tos=0
check_waltz "at once" counted A delayed_acks 1
check_waltz "and counted" counted A ce_received 1
must r x send A len=10 tos=$ECT0
check "the next one: still" tell r x expect AE ack=0
must a x send 5
check "data: ECE, too" tell r x expect AE len=5 tos=$ECT0
mark A
must r x send AC len=10 tos=$ECT0
check "CWR: no more" tell r x expect A ack=0
check_waltz "at once" counted A delayed_acks 0
must r x send AC len=10 tos=$CE
check "CWR that is marked: anew" tell r x expect AE ack=0
must r x send AC
must r x send A len=10 tos=$ECT0
check "CWR without text does, too" tell r x expect A ack=0
mark A
must r x send A tos=$CE
must r x send A len=10 tos=$ECT0
check "a mark on an ACK" tell r x expect A ack=0
must r x send A seq=-10 len=10 tos=$CE
check "on old data" tell r x expect A ack=0
must r x send A seq=+1000000 len=10 tos=$CE
check "on data behind the window" tell r x expect A ack=0
check_waltz "are not counted" counted A ce_received 0
must r x send A seq=+10 len=10 tos=$CE
check "but out of order" tell r x expect AE ack=0
must r x send AC len=10 tos=$ECT0
check "until CWR" tell r x expect A ack=10
must r x set snd=10
must r x send A len=10 tos=$CE
must r x expect AE
must a x linger on 0
must a x close
check_waltz "a RST says nothing of it" tell r x expect RA tos=0

opened w
must r w send A len=10 tos=$CE
must r w expect AE
must a w shutdown wr
check "a FIN says ECE, and is not ECT" tell r w expect FAE tos=0
must r w send FA
check "its acknowledgement, too" tell r w expect AE ack=0
must r w send FA seq=-1
check "TIME_WAIT knows nothing of it" tell r w expect A ack=0

# ---- the sender

opened s mss=1000
must a s send 10
check "data is ECT" tell r s expect A len=10 tos=$ECT0
must r s send A
must a s send 3000
for i in 1 2 3; do
	must r s expect A len=1000 tos=$ECT0
done
mark A
must r s send AE ack=-2000
must r s send AE ack=-1000
must r s send AE
must r s send AE len=10
check "an ACK is not ECT, and has no CWR" tell r s expect A ack=0 tos=0
check_waltz "an echo: one reduction in the window" counted A ecn_reductions 1
must a s send 10
check "new data: CWR" tell r s expect AC len=10 tos=$ECT0
must r s send A
must a s send 10
check "once" tell r s expect A len=10 tos=$ECT0
must r s send AE
check_waltz "another window, another reduction" wait_for counted A ecn_reductions 2
tell a s info delivered_ce
check "the segments that were marked" same "$REPLY" 4
must a s send 10
check "CWR" tell r s expect AC len=10 tos=$ECT0
must r s send A

opened t mss=1000
must a t send 4000
for i in 1 2 3 4; do
	must r t expect A len=1000
done
mark A
for i in 1 2 3; do
	must r t send A ack=-4000
done
check "what is sent again is not ECT, and has no CWR" tell r t expect A seq=-4000 len=1000 tos=0
must r t send AE ack=-3000
check "nor is the next one" tell r t expect A seq=-3000 len=1000 tos=0
must r t send AE
must r t send AE
must a t send 10
check "a loss: CWR with new data" tell r t expect AC seq=0 len=10 tos=$ECT0
check_waltz "no reduction for its echo" counted A ecn_reductions 0
must r t send A

must a t opt IPPROTO_IP IP_TOS 75
must a t send 10
check "IP_TOS: with data the two bits are ECN's" tell r t expect A len=10 tos=$((72 + ECT0))
must r t send A len=10
check "and with an ACK" tell r t expect A ack=0 tos=72
check_waltz "the user does not see them" answers 72 a t getopt IPPROTO_IP IP_TOS

# 6.1.2: a window of one segment.
rto_min 2000
opened o mss=1000
for i in 1 C; do
	must a o send 1000
	must r o expect "A${i#1}" len=1000
	must r o send AE
done
must a o send 2000
check "marked with a window of two: one" tell r o expect AC len=1000
must r o send AE
check_waltz "marked with a window of one: the next after a time-out" \
	tell r o expect AC len=1000 min=1900
! is_waltz || {
	must r o send A
	must a o send 2000
}
check_waltz "no mark: at once" tell r o expect A len=1000 max=1900
must r o send R
rto_min 30000

# ---- SYN cookies

set_waltz A syncookies=2
is_waltz || in_host A sysctl -qw net.ipv4.tcp_syncookies=2
raw_open k ts=5000
must r k send SEC
check "a cookie agrees" tell r k expect SAE ack=0 ts=yes
must r k send A
must a l accept k
check "and remembers it" in_use k $ECN
must a k send 10
check "data is ECT" tell r k expect A len=10 tos=$ECT0
must r k send A len=10 tos=$CE
check "marks are echoed" tell r k expect AE ack=0
raw_open k1 ts=5000
must r k1 send S
must r k1 expect SA
must r k1 send A
must a l accept k1
check "one that did not agree" in_use k1 0
raw_open k2
must r k2 send SEC
check "without timestamps there is no room for it" tell r k2 expect SA ack=0 ts=no
