#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Wireshark shows Waltz with TCP's analysis, and knows its checksum
# (scripts/wireshark/waltz.lua).

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 15
is_waltz || skip_all "a capture of Waltz is wanted"
for tool in tshark tcpdump ethtool; do
	command -v $tool >/dev/null || skip_all "no $tool"
done
WIRESHARK=$HERE/../scripts/wireshark
hosts
pair
for host in A B; do
	in_host $host ethtool -K wire tx off >/dev/null 2>&1 || bail "no ethtool -K"
done

capturing()
{
	[ -s "$1" ]
}

# capture FILE: at A, from now on.
capture()
{
	start_in A tcpdump -U -i wire -w "$1" ip proto "$WALTZ_PROTO" 2>"$RUN/tcpdump"
	tcpdump=$REPLY
	wait_for capturing "$1" || bail "tcpdump does not start: $(<"$RUN/tcpdump")"
}

# captured FILE FILTER [COUNT]: so many packets that pass it are there; 1.
captured()
{
	local n

	n=$(tcpdump -n -r "$1" "$2" 2>/dev/null | wc -l)
	at_least "$n" "${3:-1}"
}

# fields FILE OPTION...: of each packet, a line.
fields()
{
	local file=$1

	shift
	tshark -n -r "$file" -X "lua_script:$WIRESHARK/waltz.lua" -T fields -E separator=, \
		"$@" 2>"$RUN/tshark"
}

# column FILE NUMBER: sets REPLY to how often each value is in it, "VALUE*COUNT ...".
column()
{
	REPLY=$(cut -d, -f"$2" "$1" | sort | uniq -c | awk '{ print $2 "*" $1 }')
	REPLY=${REPLY//$'\n'/ }
}

# column_is FILE NUMBER VALUES
column_is()
{
	column "$1" "$2"
	matches "$REPLY" "$3"
}

# With no such address, B takes nothing: so A sends its data again, and the capture
# has all of it.
capture "$RUN/one.pcap"
connection c s
must a c send 500
must b s recv 500
ip -n "${NS[B]}" address del $ADDR_B/24 dev wire || bail "cannot remove the address"
mark A
must a c send 1000
wait_for grown A retrans_segs || bail "$WHY"
ip -n "${NS[B]}" -batch - <<-END || bail "cannot bring the address back"
	address add $ADDR_B/24 dev wire
	neigh replace $ADDR_A lladdr $MAC_A dev wire
END
must b s recv 1000
must a c close
must b s eof
must b s close
connection d t
must a d close
must b t eof
must b t close
wait_for state_is B CLOSED || bail "$WHY"
second="src host $ADDR_B and ip[32:4] != 0 and (ip[33] & 1) != 0"
wait_for captured "$RUN/one.pcap" "$second" || bail "no FIN in the capture"
stop_process "$tcpdump"
count=$(tcpdump -r "$RUN/one.pcap" 2>/dev/null | wc -l)

# Offloaded: the checksum that leaves A is the pseudo header's.
in_host A ethtool -K wire tx on >/dev/null 2>&1
capture "$RUN/offloaded.pcap"
connection e u
wait_for captured "$RUN/offloaded.pcap" "ip" 3 || bail "$WHY"
stop_process "$tcpdump"

# One byte of data, changed on the way.
python3 -SEc '
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
at = 24
while True:
    size = struct.unpack_from("<I", data, at + 8)[0]
    if size > 500:
        data[at + 16 + 300] ^= 1
        break
    at += 16 + size
open(sys.argv[2], "wb").write(data)' "$RUN/one.pcap" "$RUN/bad.pcap"

ALL=(-e _ws.col.Protocol -e tcp.stream -e tcp.analysis.retransmission -e waltz.checksum.status
	-e tcp.checksum.status -e tcp.seq -e tcp.len)
fields "$RUN/one.pcap" -o tcp.check_checksum:TRUE "${ALL[@]}" >"$RUN/one" ||
	bail "tshark: $(<"$RUN/tshark")"
check "the protocol's column" column_is "$RUN/one" 1 "WALTZ*$count"
check "two streams" column_is "$RUN/one" 2 "0*[1-9]* 1*[1-9]*"
check "a retransmission is found" column_is "$RUN/one" 3 "*1*[1-9]*"
check "all checksums are good" column_is "$RUN/one" 4 "1*$count"
check "for TCP's dissector as well" column_is "$RUN/one" 5 "1*$count"
check "numbers are relative" grep -q ',501,1000$' "$RUN/one"

fields "$RUN/bad.pcap" -o tcp.check_checksum:TRUE "${ALL[@]}" >"$RUN/bad"
check "one changed byte: one bad checksum" column_is "$RUN/bad" 4 "0*1 1*$((count - 1))"
check "for TCP's dissector as well" column_is "$RUN/bad" 5 "0*1 1*$((count - 1))"

fields "$RUN/offloaded.pcap" "${ALL[@]}" >"$RUN/offloaded"
check "what is left to the hardware is called so" column_is "$RUN/offloaded" 4 "1*1 4*2"
check "TCP's dissector says nothing unless asked" column_is "$RUN/offloaded" 5 "2*3"

fields "$RUN/one.pcap" -o waltz.protocol:254 "${ALL[@]}" >"$RUN/other"
check "another number, by preference" column_is "$RUN/other" 1 "IPv4*$count"

tshark -n -r "$RUN/one.pcap" -X "lua_script:$WIRESHARK/waltz.lua" -q \
	-z follow,tcp,raw,0 >"$RUN/follow" 2>/dev/null
bytes=$(grep -E '^[0-9a-f]+$' "$RUN/follow" | tr -d '\n' | wc -c)
check "a stream can be followed: 1500 bytes" same "$bytes" 3000

"$WIRESHARK/as-tcp" "$RUN/one.pcap" "$RUN/tcp.pcap" || bail "as-tcp failed"
tshark -n -r "$RUN/tcp.pcap" -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -T fields \
	-E separator=, -e _ws.col.Protocol -e tcp.checksum.status -e ip.checksum.status \
	>"$RUN/tcp" 2>/dev/null
check "rewritten it is TCP, with good checksums" same "$(sort -u "$RUN/tcp")" "TCP,1,1"
check "and tcpdump knows it" captured "$RUN/tcp.pcap" "tcp[tcpflags] == tcp-syn"

make -s -C "$HERE/.." install-dissector DESTDIR="$RUN/root" PLUGINS=/plugins &&
	make -s -C "$HERE/.." uninstall-dissector DESTDIR="$RUN/root" PLUGINS=/plugins
check "it can be installed, and removed again" same "$?$(find "$RUN/root" -type f)" 0
