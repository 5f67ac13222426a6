#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# connect() that fails after it has found its port (the way depends on the port)
# leaves the TIME_WAIT record of these names as it was.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's record is gone then"
}

CLIENT=30000

plan 7
hosts
pair
in_host A sysctl -qw net.ipv4.ip_local_port_range="$CLIENT $CLIENT"

connection c s
must a c close
must b s eof
must b s close
check "a record is left" wait_state A TIME_WAIT $CLIENT $PORT

# The route is asked for twice: to learn the address, and again with the port.
in_host A ip rule add sport $CLIENT prohibit || bail "no rules by port"
mark A
must a d new
check "there is no way from this port: EACCES" errs EACCES a d connect $ADDR_B $PORT
check "the record is there" state_is A TIME_WAIT $CLIENT $PORT
check "and was not taken over" counted A tw_reused_connect 0
check "once more, the same" errs EACCES a d connect $ADDR_B $PORT

in_host A ip rule del sport $CLIENT prohibit
check "there is a way: the socket connects" tell a d connect $ADDR_B $PORT
check "and takes the names over" counted A tw_reused_connect 1
