#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# SYN_SENT and SYN_RECV of an active open, by all that may arrive (RFC 9293
# 3.10.7.3 and 3.10.7.4).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 30
hosts
raw_pair

# call NAME PORT: a:NAME calls r:NAME, whose SYN has come.
call()
{
	must r "$1" listen "$2"
	must a "$1" new
	must a "$1" start connect $ADDR_RAW "$2"
	must r "$1" expect S
}

# resets NAME PORT FLAGS ACK: a RST for what acknowledges too much.
resets()
{
	tell r "$1" send "$3" ack="$4" && tell r "$1" expect R &&
		state_is A SYN_SENT - "$2"
}

# ignores NAME PORT FLAGS ACK
ignores()
{
	tell r "$1" send "$3" ack="$4" && tell r "$1" silent &&
		state_is A SYN_SENT - "$2"
}

# Each is sent at a sequence number that stays where it is.
call x 7000
check "ACK of more than our SYN: RST, stays" resets x 7000 A +1
check "ACK of less than our SYN: RST, stays" resets x 7000 A -1
check "SYN-ACK of more than our SYN: RST, stays" resets x 7000 SA +1
check "FIN-ACK of more than our SYN: RST, stays" resets x 7000 FA +1
check "RST with a wrong ACK: ignored" ignores x 7000 RA +1
check "RST without ACK: ignored" ignores x 7000 R +0
check "FIN without ACK: ignored" ignores x 7000 F +0
check "FIN that acknowledges our SYN without one: ignored" ignores x 7000 FA +0
check "ACK without SYN: ignored" ignores x 7000 A +0
must r x send RA
check "RST that acknowledges our SYN: ECONNREFUSED" errs ECONNREFUSED a x wait
check "CLOSED" state_is A CLOSED - 7000

call y 7001
must r y send SA
check "SYN-ACK: an ACK" tell r y expect A seq=0 ack=0
check "connect() succeeds" tell a y wait
check "ESTABLISHED" state_is A ESTABLISHED - 7001

call z 7002
must r z send SA data=early
check "SYN-ACK with data: connect() succeeds" tell a z wait
check "the data is there, or comes again" tell r z expect A

must r q listen 7003
must a q new
must a q nonblock
check "connect() in the background" errs EINPROGRESS a q connect $ADDR_RAW 7003
must r q expect S
must a q close
check "close() in SYN_SENT: nothing is sent" tell r q silent
check "and nothing is left" state_is A CLOSED - 7003
must r q send SA
check "a SYN-ACK after that: RST" tell r q expect R seq=0

# SYN_RECV, reached actively: a RST means refused.
# crossed NAME PORT: both have sent a SYN.
crossed()
{
	call "$1" "$2"
	must r "$1" send S
	must r "$1" expect SA
	state_is A SYN_RECV - "$2" || bail "$WHY"
}

crossed e 7004
must r e send R seq=+1
check "RST in the window of SYN_RECV: challenge" tell r e expect A
must r e send R seq=-1
check "RST outside of it: ignored" tell r e silent
check "SYN_RECV still" state_is A SYN_RECV - 7004
must r e send R
check "RST in SYN_RECV: ECONNREFUSED" errs ECONNREFUSED a e wait
check "and CLOSED" state_is A CLOSED - 7004

must r f listen 7005
must a f new
must a f nonblock
errs EINPROGRESS a f connect $ADDR_RAW 7005
must r f expect S
must r f send S
must r f expect SA
must a f close
check "close() in SYN_RECV sends a FIN once it may" state_is A FIN_WAIT1 - 7005
must r f send A ack=+0
must r f skip FA
check_waltz "the handshake ends, the FIN is there" wait_state A "FIN_WAIT1" - 7005

must r g listen 7006
must a g new
must a g nonblock
errs EINPROGRESS a g connect $ADDR_RAW 7006
must r g expect S
must r g send S
must r g expect SA
must a g linger on 0
must a g close
check "abort in SYN_RECV: RST" tell r g expect RA
check "and CLOSED" state_is A CLOSED - 7006

# Nor does a SYN get another address when its own has gone. ip_dynaddr lets TCP do so.
ip -n "${NS[A]}" -batch - <<-END || bail "cannot add a device"
	link add away type dummy
	link set away arp off up
	address add 10.252.0.1/24 dev away
END
in_host A sysctl -qw net.ipv4.ip_dynaddr=1
rto_min 200
must a homeless new
must a homeless start connect 10.252.0.9 7999
wait_for state_is A SYN_SENT - 7999 || bail "$WHY"
mark A
ip -n "${NS[A]}" -batch - <<-END || bail "cannot change the address"
	address del 10.252.0.1/24 dev away
	address add 10.252.0.2/24 dev away
END
tried_again()
{
	grown A retrans_syn && state_is A SYN_SENT - 7999
}
check_waltz "a SYN whose address has gone is tried on" wait_for tried_again
