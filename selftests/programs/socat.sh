#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# socat: a file one way, an echo both ways with a half-close, a process behind each
# connection, and a relay in between. It sets options of its own.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 6 socat

amount 20000000 1000000
LARGE=$REPLY
LISTEN=bind=$ADDR_B,reuseaddr,fork,backlog=64
ECHO=$((PORT + 1)) RELAY=$((PORT + 2))

# From /dev/zero it would be equal whatever was lost.
try()
{
	size=$LARGE
	[ -z "$LOSSY" ] || size=500000
	make_file "$RUN/file" "$size"
	check "$IT: $size bytes from a server" \
		runs A socat -u TCP4:$ADDR_B:$PORT "CREATE:$RUN/got"
	check "$IT: are the file's" equal "$RUN/got" "$RUN/file"
	# -t: how long it waits for the other half.
	INPUT=$RUN/file check "$IT: echoed, with nodelay and keepalive" runs A socat -t 100 - \
		TCP4:$ADDR_B:$ECHO,nodelay,keepalive,keepidle=10,keepintvl=5,keepcnt=3
	check "$IT: the same" equal "$RUN/out" "$RUN/file"
	INPUT=$RUN/file check "$IT: through a relay, with small buffers" runs A socat -t 100 - \
		TCP4:127.0.0.1:$RELAY,sndbuf=20000,rcvbuf=20000
	check "$IT: the same" equal "$RUN/out" "$RUN/file"
}
serve file B $PORT socat -U TCP4-LISTEN:$PORT,$LISTEN "OPEN:$RUN/file,rdonly"
serve echo B $ECHO socat -t 100 TCP4-LISTEN:$ECHO,$LISTEN EXEC:cat
serve relay A $RELAY socat -t 100 TCP4-LISTEN:$RELAY,reuseaddr,fork TCP4:$ADDR_B:$ECHO
on_each_network try
