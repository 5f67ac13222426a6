#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TIME_WAIT, the second reason: an old segment of a connection reaches the next one
# of the same names, and not one byte of it is delivered (RFC 9293 3.6, RFC 7323 5,
# RFC 1337).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

show 16 "TIME_WAIT, the second reason: old segments may still be under way" <<-END
	A segment that was delayed is sent again, and the connection ends. The next
	one may have the same addresses and ports. The old segment must not be taken
	for its data. So the names are kept until the network has forgotten (2MSL),
	or until the next connection can prove that it is newer.
END
network
# Or a slow machine would send more than the one segment again.
set_waltz A rto_min_ms=500
set_waltz B rto_min_ms=5000

# with_delay CLIENT SERVER: a connection whose last data comes twice, the first copy
# after its end.
with_delay()
{
	call "$1" "$2"
	must a "$1" send 1000
	must b "$2" recv 1000
	must n a keep AD
	must a "$1" send 500
	must b "$2" recv 500
	must n a met
	old=$REPLY
	must a "$1" close
	must b "$2" eof
	must b "$2" close
	reached client_is TIME_WAIT
	reached server_is CLOSED
}

# ---- newer, and able to prove it

scene "The next connection has timestamps, and may begin at once"
with_delay c s
call c2 s2
must a c2 send 100
must b s2 recv 100
must n a seen S
syn=$REPLY
must n a seen AD
new=$REPLY
remark "the old data comes at last"
mark B
must n a release
reached grown B challenge_acks
remark "thrown away: its timestamp is old"
check "the old segment is thrown away: its timestamp is too old" counted B drop_paws 1
check "nothing for the new connection to read" answers out b s2 poll 0
check "which goes on" server_is ESTABLISHED
must a c2 send 700
check "and gets its own bytes, no others" tell b s2 recv 700
must a c2 close
check "to the last one" answers 0 b s2 drain
must b s2 close
draw

check "it was the old connection's, and came late" drawn "* o-* ACK seq=1001 ack=1 len=500 late *"
part seq "$old"
old_seq=$REPLY
part tsval "$old"
old_ts=$REPLY
part seq "$syn"
new_seq=$(((REPLY + 101) & 0xffffffff))
part tsval "$new"
new_ts=$REPLY
must n b seen SA
part win "$REPLY"
win=$REPLY
distance=$(((new_seq - old_seq) & 0xffffffff)) age=$(((new_ts - old_ts) & 0xffffffff))
say
say "   old segment          number $old_seq, clock $old_ts"
say "   what was awaited     number $new_seq to $win more, clock $new_ts or later"
say
check "its clock is $age ms before the newest one heard" at_most $age 2147483647
check "its number is $distance left of the window, too" at_most $distance 2147483647
check "as every connection begins above the last one" at_least $distance 65535

# ---- no proof: the names are kept

CLIENT_PORT=$((CLIENT_PORT + 1))
set_waltz A timestamps=0
set_waltz B timestamps=0
scene "Without timestamps: the names are kept"
with_delay d t
must a d2 new
must a d2 opt SOL_SOCKET SO_REUSEADDR 1
must a d2 bind $ADDR_A $CLIENT_PORT
check "no next connection while the record is there" errs EADDRNOTAVAIL a d2 connect $ADDR_B $PORT
remark "connect(): EADDRNOTAVAIL"
remark "the old data comes at last"
mark A
must n a release
reached grown A drop_time_wait_rst
check "the old segment meets no connection: RST" counted A drop_time_wait_rst 1
check "which does not end TIME_WAIT (RFC 1337)" client_is TIME_WAIT
remark "the record stays, RST or not"
check "server: no connection" server_is CLOSED
check "nothing for accept() to take" answers "" b l poll 0
draw

# ---- what would have been

CLIENT_PORT=$((CLIENT_PORT + 1))
ip -n "${NS[B]}" neigh replace $ADDR_RAW lladdr $MAC_A dev wire || bail "no neighbour"
in_host A sysctl -qw net.ipv4.ip_forward=0
RAW_PEER=r
start_helper r A "$HERE/raw.py" wire $ADDR_RAW $ADDR_B $MAC_B "$WALTZ_PROTO"

# careless SERVER: a client that keeps no names, has no timestamps, and begins each
# connection with the same number. Its window is so large that an ACK of the old
# connection is not too old for the new one (RFC 5961 5.2).
careless()
{
	must r forgets open $PORT sport=$CLIENT_PORT isn=1000 wscale=14
	must r forgets forget
	must r forgets handshake
	must b l accept "$1"
}

scene "A client without any of it: no TIME_WAIT, always the same first number"
careless u
must n a keep AD
remark "the network keeps the data"
must r forgets send AP data=OLD-BYTES
must n a met
must r forgets send AP data=OLD-BYTES seq=-9
check "the data is sent again, and read" answers OLD-BYTES b u read 100
must r forgets expect A
must r forgets send FA
must b u eof
must b u close
must r forgets expect A
must r forgets expect FA
must r forgets send A
reached server_is CLOSED
careless v
must b v nonblock
remark "the old data comes at last"
must n a release
check "the next connection reads what was never sent in it" \
	wait_for answers OLD-BYTES b v read 100
# shellcheck disable=SC2034 # for draw
CLIENT_TRACED='' CLIENT_NAME="(not Waltz)"
remark "read, as if it were new"
draw

without <<-END
	As just seen: the program reads OLD-BYTES for the second time, in the middle
	of another conversation, and nothing tells it. Between two Waltz hosts three
	things prevent it: the names are kept; timestamps tell old from new; and first
	numbers follow a clock, above those of the connection before.
END
