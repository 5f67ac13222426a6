#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One client, one server, one port, few ports to come from, and TIME_WAIT of its
# full length: connections follow each other without end all the same, whoever
# closes first, because timestamps prove each of them newer than the last of its
# names (RFC 6191). stress/storm.sh does it with old segments thrown in.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP runs out of ports"
}

PORTS=32
EACH=640
SIZE=100

plan 21
hosts
pair
in_host A sysctl -qw net.ipv4.ip_local_port_range="30000 $((30000 + PORTS - 1))"

# round WHO [COUNT]
round()
{
	tell b l start serve "${2:-$EACH}" $SIZE "$1" &&
		tell a c churn $ADDR_B $PORT "${2:-$EACH}" $SIZE "$1" && tell b l wait
}

# records HOST: not more than there are names.
records()
{
	stat "$1" tw_now
	WHY="$REPLY records" && [ "$REPLY" -ge 1 ] && [ "$REPLY" -le $PORTS ]
}

must a c new
for who in client server; do
	mark A
	mark B
	check "$EACH connections over $PORTS ports, the $who closes first: no error" round $who
	check "each is one of its own" counted B passive_opens $EACH
	check "nobody was reset" counted A in_rsts 0
	check "not at the server either" counted B in_rsts 0
	if [ $who = client ]; then
		check "the client's records make way for connect()" \
			counted A tw_reused_connect $((EACH - PORTS))
		check "one for each port is left" records A
		check "and none at the server" stat_is B tw_now 0
	else
		check "the server's records make way for SYNs" \
			counted B tw_reused_syn $((EACH - PORTS))
		check "one for each port is left" records B
		check "and none at the client" stat_is A tw_now 0
	fi
	check "no record had to go" counted A tw_evicted 0
done

check "the client closes first again" round client $PORTS
set_waltz A timestamps=0
must a d new
check "without the clock nothing can be proved: EADDRNOTAVAIL" \
	errs EADDRNOTAVAIL a d connect $ADDR_B $PORT
check "and once more" errs EADDRNOTAVAIL a d connect $ADDR_B $PORT
set_waltz A timestamps=1
check "with it: no error" round client $PORTS

# What has more time left than it would be given now is no younger for that.
set_waltz A time_wait_ms=200000
round client $PORTS || bail "$WHY"
set_waltz A time_wait_ms=1000
check "records of a longer 2MSL make way, too" round client $PORTS
