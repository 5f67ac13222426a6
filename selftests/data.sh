#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What is sent is what is received: both ways, in all sizes, also at once.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

# Around the segment size, the window without scaling, and the send buffer.
sizes=(1 2 1447 1448 1449 65535 65536 1000000)

plan $((${#sizes[@]} * 2 + 4))
hosts
pair
connection c s

# moves SIZE FROM-PEER FROM TO-PEER TO
moves()
{
	tell "$2" "$3" start send "$1" &&
		tell "$4" "$5" recv "$1" &&
		tell "$2" "$3" wait
}

for size in "${sizes[@]}"; do
	check "$size bytes from client to server" moves "$size" a c b s
	check "$size bytes from server to client" moves "$size" b s a c
done

# A name of its own for the second thing that each socket does.
must a c alias cr
must b s alias sr
both_ways()
{
	tell a c start send 3000000 && tell b s start send 2000000 &&
		tell a cr start recv 2000000 && tell b sr recv 3000000 &&
		tell a cr wait && tell a c wait && tell b s wait
}
check "both ways at once" both_ways

check "the connection is ESTABLISHED still" state_is A ESTABLISHED - $PORT
must a c shutdown wr
check "then comes the end of file" tell b s eof
must b s close
check "and nothing else" tell a c eof
