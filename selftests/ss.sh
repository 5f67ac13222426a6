#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# ss(8) as it is understands what sock_diag says of Waltz, once it asks for it.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

AS_WALTZ=${AS_WALTZ:-$HERE/../build/selftests/ss/as_waltz.so}

plan 6
command -v ss >/dev/null || skip_all "no ss"
[ -e "$AS_WALTZ" ] || skip_all "$AS_WALTZ is not built"
need_diag
hosts
pair
connection c s
must a c port
client=$REPLY
must a c send 5000
must b s recv 5000

# says PATTERN ARGUMENT...: what ss prints of B, in one line.
says()
{
	REPLY=$(in_host B env LD_PRELOAD="$AS_WALTZ" ss "${@:2}" 2>&1 | tr -s ' \t\n' ' ')
	# shellcheck disable=SC2053 # a pattern
	matches "$REPLY" "$1"
}

check "a listener" says "LISTEN 0 128 $ADDR_B:$PORT 0.0.0.0:\* " -tlnH
check "a connection" says "ESTAB 0 0 $ADDR_B:$PORT $ADDR_A:$client " -tnH
check "its filters" says "" -tnH "dport = :1"
check "-i" says "ESTAB * ts sack cubic wscale:* rto:* rtt:* mss:* cwnd:* snd_wnd:*" -tnioH
check "-m" says "ESTAB * skmem:(r0,rb*" -tnmH
must b s shutdown wr
must a c close
must b s close
check "-o: a record's timer" says "0 0 $ADDR_B:$PORT $ADDR_A:$client timer:(timewait,*sec,0) " \
	-tnoH state time-wait
