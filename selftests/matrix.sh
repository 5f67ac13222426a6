#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every state by every segment, call and timer: the reply and the next state
# (RFC 9293 3.10, RFC 5961, RFC 7323, RFC 6191, RFC 1337). What is sent, and
# what must come of it, is in matrix/*.cells.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 2
modprobe -q tun 2>/dev/null
new_host M

# Subtests are indented.
every_cell()
{
	in_host M python3 -SEB "$HERE/matrix/run.py" | sed -u 's/^/    /'
	return "${PIPESTATUS[0]}"
}

check "there are TUN devices" [ -c /dev/net/tun ]
check "the matrix" every_cell
