#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# wstat: counters as differences since its last call.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 10
is_waltz || skip_all "TCP has nstat"
WSTAT=${WSS%/*}/wstat
export WSTAT_HISTORY=$RUN/history

# says PATTERN ARGUMENT...: what wstat prints of A.
says()
{
	REPLY=$(in_host A python3 -SEB "$WSTAT" "${@:2}" 2>&1 | tr -s ' \n' ' ;')
	# shellcheck disable=SC2053 # a pattern
	matches "$REPLY" "$1"
}

hosts
pair
connection c s
check "at first, since the beginning" says "active_opens 1;" active_opens
check "then, since that" says "" active_opens
check "-z: also what is 0" says "active_opens 0;" -z active_opens
connection c2 s2
connection c3 s3
check "what came to it" says "active_opens 2;" -s active_opens
check "-s: the call before is the last one still" says "active_opens 2;" active_opens
check "-a: since the beginning" says "active_opens 3;" -a active_opens
check "a pattern" says "sockets_now 3;" 'sock*'
check "-j: JSON" same "$(in_host A python3 -SEB "$WSTAT" -aj active_opens)" \
	'{"waltz": {"active_opens": 3}}'
check "-r: forgets" says "active_opens 3;" -r active_opens
# Another's file in /tmp is none of ours.
ln -s /etc/hostname "$RUN/link"
export WSTAT_HISTORY=$RUN/link
check "a link is not followed" not in_host A python3 -SEB "$WSTAT" -n 2>/dev/null
