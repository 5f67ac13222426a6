#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A full accept queue and a full half-open table: what comes then is dropped
# and not refused, so that it is tried again; accept() makes room.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 23
hosts
raw_pair
set_waltz A max_half_open=3 syncookies=0
peer b B
mark A

# As for TCP, listen(N) has room for N+1.
listener a q $ADDR_A 7000 1
for c in c1 c2; do
	must b $c new
	must b $c connect $ADDR_A 7000
done
check "two connections fit into listen(1)" state_is A "ESTABLISHED ESTABLISHED" 7000
must b c3 new
must b c3 start connect $ADDR_A 7000
check_waltz "the SYN of a third one is dropped" wait_for grown A drop_listen_overflow
check "and not refused: it is in SYN_SENT" wait_state B "ESTABLISHED ESTABLISHED SYN_SENT" - 7000
must a q accept s1
check "accept() makes room: the next SYN gets in" tell b c3 wait
must a q accept s2
must a q accept s3
for i in 1 2 3; do
	must b c$i send 1000
	check "connection $i is whole" tell a s$i recv 1000
done

# The queue fills while a handshake is under way.
must r late open 7000
must r late send S
must r late expect SA ack=0
for c in c4 c5; do
	must b $c new
	must b $c connect $ADDR_A 7000
done
mark A
must r late send A
check "the last ACK finds the queue full: dropped" tell r late silent
check_waltz "and counted" counted A drop_listen_overflow 1
must a q accept s4
check "the SYN-ACK is sent again" tell r late expect SA
must r late send A
must a q accept s5
check "and its ACK finds room" tell a q accept s6
must r late send A len=5
check "that connection is whole" answers xxxxx a s6 read 10

set_waltz A abort_on_overflow=1
must r reject open 7000
must r reject send S
must r reject expect SA ack=0
for c in c6 c7; do
	must b $c new
	must b $c connect $ADDR_A 7000
done
must r reject send A
check_waltz "abort_on_overflow: RST instead" tell r reject expect RA
check_waltz "and counted" counted A abort_overflow 1

# The half-open table.
for i in 1 2 3; do
	raw_open h$i
	must r h$i send S
	must r h$i expect SA
done
check_waltz "three half-open records" stat_is A half_open_now 3
raw_open h4
must r h4 send S
check_waltz "a fourth one: the SYN is dropped" tell r h4 silent
check_waltz "and counted" counted A drop_listen_halfopen 1
must r h1 send A
check "one of them completes" tell a l accept h1
must r h4 send S seq=-1
check_waltz "and makes room" tell r h4 expect SA

# Nobody will accept these any more.
must a q close
check "closing the listener resets who waited" errs ECONNRESET b c6 eof
check "all of them" errs ECONNRESET b c7 eof
must a l close
check_waltz "and who was half-open" tell r h2 expect RA
check_waltz "no half-open record is left" wait_for stat_is A half_open_now 0
