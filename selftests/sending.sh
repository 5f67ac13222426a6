#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What goes into a segment, and when it goes: MSS and path MTU (RFC 9293 3.7.1,
# RFC 1191), Nagle (3.7.4), PSH (3.9.1.2), delayed ACKs (3.8.6.3), and what IP is
# told (3.9.2).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's segments are put together for the device"
}

plan 38
hosts
raw_pair

# expects NAME [KEY=VALUE...]: the next segments of data, one for each len=.
expects()
{
	local name=$1 word

	shift
	for word; do
		tell r "$name" expect A "$word" || return
	done
}

reach ESTABLISHED x mss=1000
must a x send 10
check "data goes at once if nothing is out" tell r x expect A len=10 psh=1 df=1
lacks_mss()
{
	! matches "$REPLY" "* mss=*"
}
check "no MSS but in a SYN" lacks_mss
must a x send 20
must a x send 30
check "Nagle: what is small waits" tell r x silent
must r x send A
check "for the ACK, and goes as one segment" tell r x expect A len=50 psh=1
must a x send 1000
check "Nagle: what is not small does not wait" tell r x expect A len=1000
must r x send A
must a x opt IPPROTO_TCP TCP_NODELAY 1
must a x send 20
must a x send 30
check "TCP_NODELAY: nothing waits" expects x len=20 len=30
must r x send A
must a x send 2500
check "of MSS 1000: as large as may be" tell r x expect A len=1000 psh=0
check "and so the next one" tell r x expect A len=1000 psh=0
check "PSH is on the last one" tell r x expect A len=500 psh=1
must r x send A

# Nagle (RFC 9293 3.7.4): a small segment waits for a small one, not for full ones.
reach ESTABLISHED g mss=1000
must a g send 1500
check "the rest of what is longer than a segment goes with it" expects g len=1000 len=500
must a g send 10
check "what follows waits" tell r g silent
must a g send 20
must r g send A
check "until that is acknowledged, and goes as one" expects g len=30
must r g send A

raw_open d
must r d handshake
check "the SYN-ACK has an MSS" matches "$REPLY" "* mss=1460*"
must a l accept d
must a d opt IPPROTO_TCP TCP_NODELAY 1
must a d send 1000
check "no MSS option: 536" expects d len=536 len=464
must r d send A

reach ESTABLISHED s mss=20
must a s opt IPPROTO_TCP TCP_NODELAY 1
must a s send 100
check "an MSS of 20 counts as 88" expects s len=88 len=12
must r s send A

reach ESTABLISHED t mss=1000 ts=1
must a t opt IPPROTO_TCP TCP_NODELAY 1
must a t send 1000
check "timestamps take 12 bytes of it" expects t len=988 len=12
must r t send A

# IP options, too (RFC 9293 MUST-16): 4 bytes of no operation.
reach ESTABLISHED o mss=1460
must a o options 01010101
must a o opt IPPROTO_TCP TCP_NODELAY 1
must a o send 1460
check "and IP options, of the path's" expects o len=1456 len=4
must r o send A

# What the user wants of IP.
must a x opt SOL_IP IP_TOS 16
must a x opt SOL_IP IP_TTL 33
must a x send 10
check "IP_TOS and IP_TTL" tell r x expect A len=10 tos=16 ttl=33
must r x send A
must a x opt SOL_IP IP_TOS 32
must a x send 10
check "IP_TOS, changed" tell r x expect A len=10 tos=32
must r x send A
must a l opt SOL_IP IP_TOS 48
reach ESTABLISHED q
must a q send 10
check "IP_TOS of a listener: its children" tell r q expect A len=10 tos=48
must r q send A
raw_open u
must r u send S
check "and its SYN-ACKs" tell r u expect SA tos=48
must r u send R
must a l opt SOL_IP IP_TOS 0

# Acknowledgements: after the first 16 there is time, of at most delack_ms.
set_waltz A delack_ms=400
reach ESTABLISHED k mss=1000
must a k opt IPPROTO_TCP TCP_QUICKACK 0
mark A
must r k send A len=10
check "a delayed ACK comes" tell r k expect A ack=0 len=0
check "by its timer" counted A delayed_acks 1
# A slow machine may need so long for two segments that the first one's time is up.
two()
{
	must r k forget
	mark A
	must r k send A len=536
	must r k send A len=536
	tell r k expect A ack=0 len=0 && counted A delayed_acks 0
}
check "every second full segment: at once" wait_for two
must a k send 10
check "data brings the ACK along" tell r k expect A ack=0 len=10
must r k send A
must r k send A seq=+1 len=5
check "out of order: at once" tell r k expect A ack=0 len=0

# What is let go goes as it would without: small, it waits for a small one (Nagle).
reach ESTABLISHED z mss=1000
must a z send 10
must r z expect A len=10
must a z opt IPPROTO_TCP TCP_CORK 1
must a z send 20
must a z opt IPPROTO_TCP TCP_CORK 0
check "TCP_CORK, cleared: Nagle" tell r z silent
must r z send A
check "goes with the ACK" tell r z expect A len=20
must r z send A

# Held back for a retransmission time-out, but not longer.
set_waltz A rto_min_ms=200
reach ESTABLISHED c mss=1000
must a c opt IPPROTO_TCP TCP_CORK 1
must a c send 10
check "TCP_CORK: it goes in the end" tell r c expect A len=10
must r c send A
set_waltz A rto_min_ms=30000

# connect() to what is not one host.
must a n new
for to in 10.253.0.255 255.255.255.255 224.0.0.1; do
	check "connect() to $to: ENETUNREACH" errs ENETUNREACH a n connect $to $PORT
done

# The last one, for the host remembers: "too big" without a size means 552.
reach ESTABLISHED p mss=1460
must a p opt IPPROTO_TCP TCP_NODELAY 1
must a p send 1000
must r p expect A len=1000
must r p unreachable 4 seq=+1001
check "too big, of a number never sent: ignored" tell r p silent
must r p unreachable 4
check "a path of 552: what was too large comes again, and smaller" \
	expects p "seq=-1000 len=512" len=488
must r p send A
must a p send 1024
check "a path of 552: what follows is smaller, too" expects p len=512 len=512
must r p send A

# What was written bit by bit is sent again in segments as large as the path takes (552).
rto_min 200
reach ESTABLISHED bits mss=1000
must a bits opt IPPROTO_TCP TCP_NODELAY 1
for ((i = 0; i < 12; i++)); do
	must a bits send 100
done
check "small segments" expects bits len=100 len=100 len=100 len=100 len=100 len=100 \
	len=100 len=100 len=100 len=100 len=100 len=100
check "lost, as a large one" tell r bits expect A seq=-1200 len=500
must a bits info total_retrans
check "TCP_INFO counts it" at_least "$REPLY" 1
must r bits send A ack=-700
must r bits send A
