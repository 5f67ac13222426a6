#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The same segments and calls, to a Waltz socket and to a Linux TCP socket in
# the same state: they do the same, but for what matrix/differences lists with
# the RFC's section.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 2
modprobe -q tun 2>/dev/null
new_host M

# Subtests are indented.
both()
{
	in_host M python3 -SEB "$HERE/matrix/run.py" --tcp | sed -u 's/^/    /'
	return "${PIPESTATUS[0]}"
}

check "there are TUN devices" [ -c /dev/net/tun ]
check "Waltz and TCP" both
