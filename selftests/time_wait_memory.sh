#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Records of sockets that are bound to many devices lie in chunks of their own, of which
# time_wait_max bounds the number, too: the oldest go when their memory is that of nearly
# twice as many.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP's take as much memory wherever they are from"
}

DEVICES=40
CONNECTIONS=600
# Not reached: two times as many connections.
MAX=2000

plan 6
new_host A
for ((i = 0; i < DEVICES; i++)); do
	echo "link add wire$i type veth peer name eriw$i"
	echo "addr add 10.254.$i.1/24 dev wire$i"
	echo "link set wire$i up"
done | ip -n "${NS[A]}" -batch - || bail "no veth"
ip -n "${NS[A]}" link set lo up
# So long that none expires, and that all are of few ticks.
set_waltz A time_wait_max=$MAX time_wait_ms=240000
mark A

# call DEVICES: connections one after the other, closed by the client, whose socket is
# bound to one of so many devices, each time the next.
call()
{
	in_host A python3 -SEB - "$1" $CONNECTIONS <<-'END'
		import socket
		import sys

		devices, connections = map(int, sys.argv[1:])
		listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)
		listener.bind(("0.0.0.0", 0))
		listener.listen()
		port = listener.getsockname()[1]
		for i in range(connections):
		    n = i % devices
		    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 253)
		    client.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"wire%d" % n)
		    client.connect((f"10.254.{n}.1", port))
		    server = listener.accept()[0]
		    client.close()
		    if server.recv(1):
		        sys.exit("data?")
		    server.close()
	END
}

inserted()
{
	wait_for counted A tw_inserted "$1"
}

# MAX / 16 chunks and one for each of the wheel's 384 lists are the most.
check "connections of sockets that are bound to one device" call 1
check "each leaves a record" inserted $CONNECTIONS
check "which have room" counted A tw_evicted 0
check "and of such as are bound to many" call $DEVICES
check "which leave records, too" inserted $((2 * CONNECTIONS))
check "but not all have room, though there are fewer than time_wait_max" grown A tw_evicted
