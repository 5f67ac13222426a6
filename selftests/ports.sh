#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who may have a local port that somebody has: the same cases over TCP and over
# Waltz, in one test machine, give the same answers, but for what
# ports/differences lists with its reason.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 1
new_host A
# Another device, for SO_BINDTODEVICE.
ip link add wire netns "${NS[A]}" type veth peer name eriw netns "${NS[A]}" || bail "no veth"
ip -n "${NS[A]}" link set lo up
ip -n "${NS[A]}" link set wire up

# Subtests are indented.
both()
{
	in_host A python3 -SEB "$HERE/ports/rules.py" "$@" | sed -u 's/^/    /'
	return "${PIPESTATUS[0]}"
}

check "local ports are shared as TCP's are" both "$@"
