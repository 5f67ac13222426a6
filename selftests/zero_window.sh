#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Who does not read closes the window. The sender asks from time to time
# whether it is open again (RFC 9293 3.8.6.1), for as long as it is answered.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

SIZE=6000000

is_waltz || {
	plan 0
	skip_all "probes are counted"
}

plan 27
hosts
set_waltz A rto_min_ms=50 time_wait_ms=500
set_waltz B moderate_rcvbuf=0
pair
connection c s

# probes_more COUNT: so many since mark.
probes_more()
{
	growth A probes
	at_least "$REPLY" "$1"
}

# The queues of both sides fill up.
mark A
must a c start send $SIZE
check "nobody reads: the sender asks" wait_for probes_more 2
check "and waits" errs "still running" a c wait 0
check "neither has closed" state_is A ESTABLISHED - $PORT
check "reading opens the window: every byte comes, and none is wrong" tell b s recv $SIZE
check "all was sent" tell a c wait

# Byte by byte: the window opens in steps that are worth it, not with each
# read (silly window syndrome), so few segments are smaller than they need be.
mark A
mark B
must a c start send 2000000
check "again: the sender asks" wait_for probes_more 1
reads_little()
{
	local i

	for i in {1..50}; do
		tell b s recv 100 || return
	done
}
stat B out_segs
before=$REPLY
check "50 small reads" reads_little
stat B out_segs
check "do not draw 50 segments" not at_least $((REPLY - before)) 20
check "the rest is complete" tell b s recv $((2000000 - 5000))
must a c wait

# Both ways at once, nobody reads: no lock-step, no deadlock.
must a c alias cr
must b s alias sr
mark A
mark B
must a c start send $SIZE
must b s start send $SIZE
# asked HOST: by a probe, or by a segment again that was under way when the room for
# it was taken back.
asked()
{
	local probes

	growth "$1" probes
	probes=$REPLY
	growth "$1" retrans_timeout
	at_least $((probes + REPLY)) 1
}
both_asked()
{
	asked A && asked B
}
check "nobody reads on either side: both ask" wait_for both_asked
must a cr start recv $SIZE
must b sr start recv $SIZE
both_done()
{
	tell a cr wait && tell b sr wait && tell a c wait && tell b s wait
}
check "then both do: every byte comes" both_done

# What close() leaves in the queue gets out, window or not.
must a c send 200000
must b s start drain
must a c close
check "close() with the window open: all arrives, and the end" answers 200000 b s wait
must b s close
wait_state A CLOSED - $PORT || bail "$WHY"

set_waltz A time_wait_ms=60000
connection c s
must a c nonblock
fill()
{
	while tell a c send 65536; do
		:
	done
	same "$REPLY" EAGAIN || bail "$WHY"
}
# Our buffer may be full before the peer's is, until what is in it has gone.
shut_window()
{
	fill
	probes_more 1
}
mark A
check "the window is shut" wait_for shut_window
must a c close
check "close() with data queued: FIN_WAIT1" state_is A FIN_WAIT1 - $PORT
check "without an owner" stat_is A orphans_now 1
must b s drain
check "the peer reads all of it, to the end" [ "$REPLY" -gt 65536 ]
must b s close
check "TIME_WAIT" wait_state A TIME_WAIT - $PORT

# Segment by segment: the peer shuts its window, and answers.
raw_pair
set_waltz A rto_min_ms=50 retries=3 orphan_retries=3
# shut NAME: a:NAME has 500 bytes that may not be sent.
shut()
{
	reach ESTABLISHED "$1" win=0
	must a "$1" send 500
}
shut x
check "a shut window: no data but a probe, left of it" tell r x expect A seq=-1 ack=0 len=0
answers_probe()
{
	must r x send A
	tell r x expect A seq=-1 ack=0 len=0
}
# RFC 9293 MUST-37: not given up while it is answered.
six_times()
{
	answers_probe && answers_probe && answers_probe &&
		answers_probe && answers_probe && answers_probe
}
check "as often as it is answered, and more than retries" six_times
check "ESTABLISHED still" raw_state_is x ESTABLISHED
must r x set win=400
must r x send A
# comes BYTES: next; what came before may come again meanwhile, if this machine
# is slow.
comes()
{
	tell r x expect A seq=0 len="$1"
}
check "the window opens a little: as much comes" wait_for comes 400
must r x send A
check "then the rest" wait_for comes 100
must r x send A

# A peer that has gone.
shut y
check "a peer that does not answer any more: ETIMEDOUT" wait_for errs ETIMEDOUT a y eof
check "CLOSED" raw_state_is y CLOSED

# A peer that answers a socket nobody owns: not for ever.
shut z
must a z close
mark A
answers_until_closed()
{
	must r z send A
	raw_state_is z CLOSED
}
check "an orphan before a shut window: given up" wait_for answers_until_closed
check "which is counted" counted A abort_timeout 1
check "no orphan is left" stat_is A orphans_now 0
