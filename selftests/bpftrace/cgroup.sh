#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Programs of a control group that forbid socket() and connect(): they are asked, as for
# TCP, and what they refuse leaves nothing behind. Here, for it takes a kernel with BPF.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

plan 4
hosts
peer b B
listener b l $ADDR_B $PORT
GROUP=/sys/fs/cgroup/waltz-$$
[ -e "${GROUP%/*}/cgroup.procs" ] || skip_all "no cgroup2 at ${GROUP%/*}"
mkdir "$GROUP" || bail "cannot make a control group"
in_host A python3 -SEB "$HERE/bpftrace/cgroup.py" "$WALTZ_PROTO" $ADDR_B $PORT "$GROUP" \
	>"$RUN/answers" 2>&1 || bail "$(<"$RUN/answers")"
mapfile -t answers <"$RUN/answers"
check "a socket is refused" same "${answers[0]}" "socket EPERM"
check "without the program it is not" same "${answers[1]}" "socket 0"
check "connect() is refused" same "${answers[2]}" "connect EPERM"
check "without the program it is not" same "${answers[3]}" "connect 0"
wait_for rmdir "$GROUP" 2>"$RUN/rmdir" || bail "$(<"$RUN/rmdir")"
