#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A peer that sends text in the dearest way there is, or plays with its window,
# makes us hold no more than the buffer, and send no more than we would
# (module/bounds.h). And what it sends properly in the end is taken.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 22
hosts
raw_pair
BUFFER=131072	# twice of what is asked for
must a l opt SOL_SOCKET SO_RCVBUF $((BUFFER / 2))

# holds NAME: a:NAME has no more in its buffer than that, an eighth, and one
# segment: of SO_MEMINFO, the first number.
holds()
{
	must a "$1" getopt SOL_SOCKET 55
	at_most "$REPLY" $((BUFFER + BUFFER / 8 + 4096))
}

# complete NAME: 8000 bytes in order, whatever was sent before: that is what is read.
complete()
{
	local i

	must r "$1" ignore A
	for i in {1..8}; do
		must r "$1" send A len=1000
	done
	tell r "$1" silent && tell a "$1" read 100000 && same ${#REPLY} 8000
}

# ---- text

# Each costs hundreds of bytes of memory.
is_waltz || skip_all "TCP has bounds of its own"
reach ESTABLISHED o sack
mark A
must r o spray 1500 1 1 1
check "1500 bytes behind a hole, one by one: the buffer is not exceeded" holds o
check "they were copied together" grown A ooo_collapsed
check "none was thrown away" counted A ooo_pruned 0
check "nor dropped" counted A drop_ooo_full 0
must r o forget
must r o send A len=1
check "the hole is filled: all is acknowledged" tell r o expect A ack=1500
must r o send R

reach ESTABLISHED e sack
mark A
must r e spray 1500 1 2 1
check "every second byte: the buffer is not exceeded" holds e
check "what is too much is dropped, and counted" grown A drop_ooo_full
check "all of it, properly: taken" complete e
check "and there is room" holds e
must r e send R

reach ESTABLISHED b sack
mark A
must r b spray 1500 3000 -2 1
check "from behind: the buffer is not exceeded" holds b
check "what is nearer is worth more: others go" grown A ooo_pruned
check "all of it, properly: taken" complete b
must r b send R

reach ESTABLISHED v sack
must r v spray 1500 1 1 3
check "overlapping: the buffer is not exceeded" holds v
must r v spray 1000 1 3 5
check "in another way: neither" holds v
check "all of it, properly: taken" complete v
must r v send R

reach ESTABLISHED i sack
must r i spray 2000 0 1 1
check "in order, one by one: the buffer is not exceeded" holds i
must r i forget
must r i send A seq=+2000 len=1
# A delayed ACK of those may come first.
all_taken()
{
	while tell r i expect A; do
		! matches "$REPLY" "A seq=0 ack=2001 *" || return 0
	done
	return 1
}
check "all of it was taken" all_taken
must a i read 100000
check "and is read" same ${#REPLY} 2001
must r i send R

# ---- windows

reach ESTABLISHED w mss=1000
must a w opt IPPROTO_TCP TCP_NODELAY 1
must a w send 8000
for i in {1..8}; do
	must r w expect A len=1000
done
mark A
for i in {1..200}; do
	must r w send A ack=-8000 win=0
	must r w send A ack=-8000
done
must r w send A ack=-8000 len=1
must r w skip A
growth A retrans_segs
check "a window that opens and shuts: nothing is sent again for that" at_most "$REPLY" 4
must r w send A

# What was SACKed and is not acknowledged is sent again some time (RFC 2018 section
# 8): the peer may have needed the room. (A loss probe comes first.)
rto_min 1000
reach ESTABLISHED y sack mss=1000
must a y send 3000
for i in 1 2 3; do
	must r y expect A len=1000
done
must r y expect A seq=-1000 len=1000
must r y send A ack=-3000 sack=-2000:0
check "SACKed: what is missing is sent again" tell r y expect A seq=-3000 len=1000
must r y send A ack=-2000
check "thrown away by the peer, all the same: sent again" tell r y expect A seq=-2000 len=1000
must r y send A ack=-1000
check "and the next one" tell r y expect A seq=-1000 len=1000
must r y send A
