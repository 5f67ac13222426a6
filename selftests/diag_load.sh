#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# sock_diag loads waltz_diag.ko by itself. It holds waltz.ko, which goes after
# it, and comes again with another protocol number.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 9
is_waltz || skip_all "TCP has ss"
modprobe -n -q waltz_diag 2>/dev/null || skip_all "modprobe does not know waltz_diag"
[ ! -d /sys/module/waltz_diag ] || rmmod waltz_diag || skip_all "waltz_diag is in use"
# What ran before may have left sockets that go only now.
wait_for module_uses_at_most 0 || skip_all "the module is in use"

hosts
loaded()
{
	[ -d /sys/module/waltz_diag ]
}
unload()
{
	rmmod "$1" 2>"$RUN/rmmod" && return
	WHY=$(<"$RUN/rmmod")
	return 1
}

check "it is not there" not loaded
check "who asks sock_diag for 253 loads it" wss A -a
check "it is there" loaded
check "waltz.ko stays while it is there" not unload waltz
check "it goes" wait_for unload waltz_diag
keep_counts A
keep_counts B
check "and waltz.ko after it" wait_for unload waltz
modprobe waltz protocol=254 || bail "cannot load the module again"
check "as 254" env WALTZ_PROTOCOL=254 nsenter --net="/run/netns/${NS[A]}" -- \
	python3 -SB "$WSS" -aH
check "and not as 253" not wss A -a
wait_for unload waltz_diag || bail "$WHY"
wait_for unload waltz || bail "$WHY"
modprobe waltz || bail "cannot load the module again"
check "waltz.ko is there again" [ -e /proc/net/waltz ]
