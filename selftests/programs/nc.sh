#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# netcat (OpenBSD's): a file each way, end of file after each, ports that listen and
# ports that do not.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 6 nc.openbsd

amount 10000000 1000000
LARGE=$REPLY
make_file "$RUN/answer" 100000

# served: nc at B has ended, well.
served()
{
	wait "${SERVER[nc]}"
	same "status $?" "status 0"
	set -- $?
	unset "SERVER[nc]"
	return "$1"
}

# listens FROM TO: one connection, in the background.
listens()
{
	start_in B "${WALTZIZE[@]}" nc.openbsd -N -l $ADDR_B $PORT <"$1" >"$2" 2>"$RUN/nc.log"
	SERVER[nc]=$REPLY
	wait_for listening B $PORT || bail "nc does not listen: $(last_words "$RUN/nc.log")"
}

try()
{
	size=$LARGE
	[ -z "$LOSSY" ] || size=2000000
	make_file "$RUN/question" "$size"
	listens "$RUN/answer" "$RUN/got"
	INPUT=$RUN/question check "$IT: $size bytes, an answer" runs A nc.openbsd -N $ADDR_B $PORT
	check "$IT: the server ends" served
	check "$IT: what it got" equal "$RUN/got" "$RUN/question"
	check "$IT: what it said" equal "$RUN/out" "$RUN/answer"
	check "$IT: nobody listens now" not runs A nc.openbsd -z $ADDR_B $PORT
	listens /dev/null /dev/null
	check "$IT: somebody does" runs A nc.openbsd -z $ADDR_B $PORT
	served
}
on_each_network try
