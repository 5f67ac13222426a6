#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Three segments open a connection: each side names its first number, and hears it
# confirmed (RFC 9293 3.5).

# shellcheck source=selftests/show/lib.sh
. "$(dirname "$0")/show/lib.sh"

show 14 "Three segments open a connection" <<-END
	Each side counts its bytes from a number that nobody can guess, and the other
	one must know it: SYN says "I count from x", ACK x+1 says "I have heard x".
	Two numbers, each named and each confirmed, would be four segments. The
	server's answer does two of them: three.
END
network

scene "Client calls server"
mark B
call c s
reached server_is ESTABLISHED
must n b seen SA
draw

# row TITLE NAME: what the three say.
row()
{
	local line segment

	printf -v line '   %-22s' "$1"
	for segment in "$syn" "$syn_ack" "$ack"; do
		[[ " $segment " =~ \ $2=([0-9]+)\  ]] && REPLY=${BASH_REMATCH[1]} || REPLY=-
		printf -v line '%s %12s' "$line" "$REPLY"
	done
	say "$line"
}
must n a seen S
syn=$REPLY
must n b seen SA
syn_ack=$REPLY
must n a seen A
ack=$REPLY
printf -v title '   %-22s %12s %12s %12s' '' SYN SYN,ACK ACK
say "$title"
row "my number" seq
row "yours, confirmed" ack
row "window" win
row "its unit, 2^n bytes" wscale
row "largest segment" mss
row "my clock, ms" tsval
row "yours, as I heard it" tsecr
say

check "client: CLOSED, SYN_SENT, ESTABLISHED" went A \
	"CLOSED>SYN_SENT SYN_SENT>ESTABLISHED"
check "server: LISTEN, SYN_RECV, ESTABLISHED" went B \
	"LISTEN>SYN_RECV SYN_RECV>ESTABLISHED"

part seq "$syn"
x=$REPLY
part seq "$syn_ack"
y=$REPLY

# agrees NAME SEGMENT VALUE
agrees()
{
	part "$1" "$2"
	same "$1=$REPLY" "$1=$3"
}

# ts_echoed SEGMENT OF: the timestamp of one comes back in the other.
ts_echoed()
{
	local value

	part tsval "$2"
	value=$REPLY
	agrees tsecr "$1" "$value"
}

# window SEGMENT SCALE: sets REPLY to it in bytes.
window()
{
	part win "$1"
	REPLY=$((REPLY << $2))
}

x1=$(((x + 1) & 0xffffffff)) y1=$(((y + 1) & 0xffffffff))
check "SYN-ACK: ack is x+1 = $x1" agrees ack "$syn_ack" $x1
check "ACK: seq is x+1, the SYN counts as one byte" agrees seq "$ack" $x1
check "ACK: ack is y+1 = $y1" agrees ack "$ack" $y1
check "both name the largest segment they take" matches "$syn/$syn_ack" "*mss=1460*/*mss=1460*"
check "both name the unit of their windows" matches "$syn/$syn_ack" "*wscale=*/*wscale=*"
check "SYN-ACK: echoes the client's timestamp" ts_echoed "$syn_ack" "$syn"
check "ACK: echoes the server's timestamp" ts_echoed "$ack" "$syn_ack"
part wscale "$syn"
window "$ack" "$REPLY"
check "ACK: the client's window, in its unit: $REPLY bytes" at_least "$REPLY" 32768
check "the server's half-open record has become a socket" stat_is B half_open_now 0

must a c send 1000
check "the first byte" tell b s recv 1000
must n a seen AD
check "has the number x+1" agrees seq "$REPLY" $x1
check "nothing was sent twice" stat_is A retrans_segs 0

without <<-END
	Without numbers that are named, nobody can tell a lost byte from one that was
	never sent, nor one connection's bytes from another's. Without the third
	segment the server would not know that its number was heard, nor that there
	is anybody who asked: see why-three.
END
