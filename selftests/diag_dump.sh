#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Requests to sock_diag: one socket by its exact names, with what TCP_INFO says;
# a dump while connections come and go, which misses none that stays; and what
# an unprivileged user may.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 4
need_diag
hosts
pair

# asks ARGUMENT...: diag.py, on A.
asks()
{
	WHY=$(in_host A python3 -SEB "$HERE/diag.py" "$@" 2>&1)
	local status=$?

	grep '^#' <<<"$WHY"
	return $status
}

check "one, by its names and cookie" asks exact $ADDR_B $PORT
must b l accept s
check "the peer was told" errs ECONNRESET b s recv 1
check "as nobody: the list, but neither marks nor kills" asks user
# Under emulation it takes its time.
keep=2000
[[ $WALTZ_KERNEL != *-debug && -n "${WALTZ_KERNEL:-}" ]] && keep=500
check "a dump while sockets come and go" asks churn 5 $keep
