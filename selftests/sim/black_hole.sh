#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A path that drops large segments and says nothing: they become smaller until they
# pass, and as large as they can be later (RFC 4821; RFC 2923 section 2.1).

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

plan 20
need_simulated_time
hosts
pair
need_netem

# passes SIZE: A's cable loses what is longer (and no VLAN tag), for B's end of it
# takes no more, and nobody is told: B's MSS is as before.
passes()
{
	ip -n "${NS[B]}" link set wire mtu "$1" || bail "no MTU"
	ip -n "${NS[B]}" route replace 10.253.0.0/24 dev wire advmss 1460 ||
		bail "no route"
}

# transfer NAME BYTES: by an open connection; all of it arrives.
transfer()
{
	tell a "$1" start send "$2" && tell b "$1" recv "$2" && tell a "$1" wait
}

mark A
mark B
connection c c
check "a path as it should be" transfer c 100000
check "nothing was tried there" counted A mtu_probes 0

passes 1300
start_clock
check "from now on it drops more than 1300 bytes: all arrives" transfer c 3000000
check "in seconds" took 1000 60000
check "a black hole was found" grown A mtu_black_holes
check "larger sizes were tried" grown A mtu_probes
check "some of them pass" grown A mtu_probes_passed
stat A retrans_timeout
before=$REPLY
check "the next ones are fast" transfer c 1000000
stat A retrans_timeout
check "without time-outs" same "$REPLY" "$before"
check "the other way is as it was" counted B mtu_black_holes 0

passes 1500
sleep 700
check "the path is good again: that is found, too" transfer c 3000000
stat A mtu_probes_passed
passed=$REPLY
check "and it is fast" transfer c 1000000
stat A mtu_probes_passed
check "nothing more is tried: the largest passed" same "$REPLY" "$passed"

# It may have been no MTU that nothing got through.
netem A loss 100%
must a c start send 500000
sleep 20
no_netem A
check "a path that was down for a while: all arrives" tell b c recv 500000
must a c wait

# What vanishes need not be larger than base_mss.
connection s s
check "a path as it should be, again" transfer s 10000
passes 700
must a s send 900
check "a small segment that does not pass" tell b s recv 900
# Nor is what goes again as it went at first.
connection j j
must a j opt IPPROTO_TCP TCP_NODELAY 1
netem A loss 100%
for ((i = 0; i < 10; i++)); do
	must a j send 400
done
sleep 1
no_netem A
check "pieces that pass, and go again as one that does not" tell b j recv 4000

set_waltz A mtu_probing=0
passes 1300
connection o o
must a o start send 100000
sleep 60
check "switched off: nothing arrives" answers out b o poll 0
set_waltz A mtu_probing=2 base_mss=500
stat A mtu_black_holes
holes=$REPLY
connection e e
check "from the beginning: all arrives" transfer e 3000000
stat A mtu_black_holes
check "and nothing had to vanish for that" same "$REPLY" "$holes"
