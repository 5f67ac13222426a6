#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is acknowledged has arrived, so the next hop is there: while a connection moves,
# nobody has to ask for it (RFC 1122 2.3.2.1, "advice from a higher layer").

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 2
hosts
pair
# B answers no ARP. A is sure of nothing, and asks some seconds after it has sent
# something, unless it has become sure.
in_host B sysctl -qw net.ipv4.conf.all.arp_ignore=8
in_host A sysctl -qw net.ipv4.neigh.wire.delay_first_probe_time=5
in_host A sysctl -qw net.ipv4.neigh.wire.base_reachable_time_ms=600000
ip -n "${NS[A]}" neigh replace $ADDR_B lladdr $MAC_B dev wire nud stale

# A byte and its ACK; then: has A made up its mind?
settled()
{
	must a c send 1
	must b s recv 1
	state=$(ip -n "${NS[A]}" neigh show to $ADDR_B dev wire)
	WHY=$state
	[[ $state == *REACHABLE* || $state == *PROBE* || $state == *FAILED* ]]
}
connection c s
check "the neighbour's state becomes known" wait_for settled
check "by what was acknowledged" matches "$state" "*REACHABLE*"
