#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Selective acknowledgements: what the receiver reports (RFC 2018, RFC 2883), and
# what the sender makes of it (RFC 6675, RFC 8985), when no time-out helps.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 31
hosts
raw_pair
mark A

# ---- who permits it

raw_open s sack
must r s send S
check "a SYN permits it: so does the SYN-ACK" tell r s expect SA sackok=yes
raw_open n
must r n send S
check "a SYN does not: nor does the SYN-ACK" tell r n expect SA sackok=no
must r c listen 7000
must a c new
must a c start connect $ADDR_RAW 7000
check "connect() permits it" tell r c expect S sackok=yes
set_waltz A sack=0
is_waltz || in_host A sysctl -qw net.ipv4.tcp_sack=0
raw_open o sack
must r o send S
check "unless told not to" tell r o expect SA sackok=no
set_waltz A sack=1
is_waltz || in_host A sysctl -qw net.ipv4.tcp_sack=1

# ---- the receiver

# reports SEQ SACK: ten bytes at SEQ, and the blocks that are reported then.
reports()
{
	tell r x send A "seq=$1" len=10 && tell r x expect A len=0 "sack=$2"
}

reach ESTABLISHED x sack
check "a hole: what is behind it" reports +10 10:20
check "another one: the newest is first" reports +30 30:40,10:20
check "what joins both" reports +20 10:40
check "the third" reports +60 60:70,10:40
check "the fourth" reports +80 80:90,60:70,10:40
check "the fifth" reports +100 100:110,80:90,60:70,10:40
check "the sixth: there is room for four" reports +120 120:130,100:110,80:90,60:70
check "a duplicate: first of all, then the block that it is a part of" \
	reports +60 60:70,60:70,120:130,100:110
check "reported once" reports +140 140:150,60:70,120:130,100:110
must r x send A len=10
check "the first hole is filled" tell r x expect A ack=30 sack=130:140,50:60,110:120,90:100
check "a duplicate below the acknowledgement" \
	reports -10 -10:0,130:140,50:60,110:120

reach ESTABLISHED t sack ts=1000
for at in 10 30 50 70; do
	must r t send A seq=+$at len=10
	must r t expect A
done
must r t send A seq=+90 len=10
check "beside timestamps there is room for three" tell r t expect A sack=90:100,70:80,50:60
must r t send A
must a t send 100
check "data that leaves room carries them, too" tell r t expect A len=100 sack=90:100,70:80,50:60

reach ESTABLISHED p
must r p send A seq=+10 len=10
check "a peer without SACK is not told" tell r p expect A ack=0 sack=none

# ---- the sender

# in_flight NAME N: N segments of 1000 bytes are sent and seen; and the last of
# them once more, after two round trips without an answer (RFC 8985 7.2).
in_flight()
{
	local i

	reach ESTABLISHED "$1" sack mss=1000
	must a "$1" send $(($2 * 1000))
	for ((i = 0; i < $2; i++)); do
		must r "$1" expect A len=1000
	done
	must r "$1" expect A seq=-1000 len=1000
}

in_flight f 6
must r f send A ack=-6000 sack=-5000:-4000,-4000:-2000
check "three behind a hole: it is sent again" tell r f expect A seq=-6000 len=1000
must r f send A ack=-2000
must r f send A
must a f send 10
check "and nothing else was" tell r f expect A seq=0 len=10

in_flight g 6
must r g send A ack=-6000 sack=-5000:-4000
check "one behind a hole, and some time later: sent again" \
	tell r g expect A seq=-6000 len=1000 max=15000
must r g send A ack=-4000 sack=-3000:0
check "another hole: only that" tell r g expect A seq=-4000 len=1000
must r g send A
must a g send 10
check "and nothing else was" tell r g expect A seq=0 len=10

reach ESTABLISHED h sack mss=1000
must a h send 4000
for i in 1 2 3 4; do
	must r h expect A len=1000
done
check "the last ones may be lost: the very last is sent again, long before the time-out" \
	tell r h expect A seq=-1000 len=1000 max=15000
check_waltz "a probe was counted" grown A loss_probes
must r h send A ack=-4000 sack=-1000:0
check "its block tells of the others: one for the one that arrived" \
	tell r h expect A seq=-4000 len=1000
must r h send A ack=-3000 sack=-1000:0
check "two for the next one (RFC 6937)" tell r h expect A seq=-3000 len=1000
check "which is all" tell r h expect A seq=-2000 len=1000
must r h send A

in_flight w 3
must r w send A ack=-3000 sack=10:20
must r w send A ack=-3000 sack=-5000:-4000
must r w send A ack=-3000 sack=-3000:-2000
must r w send A ack=-3000 sack=-2000:-3000
must r w send A
must a w send 10
check "blocks of what was never sent, or is acknowledged, or nonsense: nothing is sent again" \
	tell r w expect A seq=0 len=10

check_waltz "segments that are reported twice are counted" stat_is A dsacks 1
check "the connection is ESTABLISHED still" raw_state_is w ESTABLISHED
