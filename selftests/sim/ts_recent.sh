#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A TS.Recent that is older than 24 days is no measure any more: the clock of the
# peer may have wrapped (RFC 7323 5.5).

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 7

DAY=86400

reach ESTABLISHED x ts=1000000
reach ESTABLISHED y ts=1000000
must r x send A len=3
must r y send A len=3
must r x expect A
must r y expect A
check "data" answers xxx a x read 10

sleep $((23 * DAY))
must r x set ts=-1000
must r x send A len=3
check "after 23 days an older timestamp is refused" tell r x expect A seq=0 len=0
check "and what came with it not delivered" answers out a x poll 0

sleep $((2 * DAY))
must r y set ts=-1000
must r y send A len=5
check "after 25 days it is not" tell r y expect A seq=0 ack=0 len=0
check "its data is delivered" answers xxxxxxxx a y read 10
must r y set ts=-1
must r y send A len=1
check "but it is the new measure: an older one is refused" tell r y expect A seq=0 len=0
check "nothing is delivered" answers out a y poll 0
