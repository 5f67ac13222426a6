#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Data that nobody acknowledges: sent again after a time that doubles (RFC 6298
# 5.5) up to 120 s, 15 times, which is past 100 s (RFC 9293 3.8.3, R2); then
# the connection is given up, and the user told.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 21

reach ESTABLISHED x
must r x send A
start_clock
mark A
must a x send 10
check "data" tell r x expect A seq=0 len=10
# The first time-out comes from what was measured: the floor is all there is.
check "again" tell r x expect A seq=-10 len=10 min=190 max=1100
check "time 2" tell r x expect A seq=-10 len=10 min=390 max=2300
goes_on x 15 A seq=-10 len=10
check "R2 is 100 s at least" not took 0 100000
start_clock
check "then the connection is given up, 120 s later" ends_between x ESTABLISHED 119900 135100
check "ETIMEDOUT" answers ETIMEDOUT a x error
check "15 were counted" counted A retrans_timeout 15

# RFC 5682 2.1 (2b): new data would show whether the time-out was needless. While Nagle
# holds it back nothing shows, and the rest need not wait for the next time-out.
reach ESTABLISHED n mss=1000
must r n send A
must a n send 1300
must a n send 200
must r n expect A len=1000
must r n expect A seq=0 len=300
must r n expect A seq=-1300 len=1000
must r n send A ack=-300
check "nothing new may go: the rest goes again at once" \
	tell r n expect A seq=-300 len=300 ms=10000 max=50
must r n send A
