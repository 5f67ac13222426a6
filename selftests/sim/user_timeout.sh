#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TCP_USER_TIMEOUT (RFC 5482) limits by time, and not by count: sooner than R2, or
# later.

# shellcheck source=selftests/sim/lib.sh
. "$(dirname "$0")/lib.sh"

simulated 8

# One that is shorter than R2 would be, one that is longer.
reach ESTABLISHED short
must a short opt IPPROTO_TCP TCP_USER_TIMEOUT 30000
reach ESTABLISHED long
must a long opt IPPROTO_TCP TCP_USER_TIMEOUT 7200000
must a short send 10
must a long send 10
start_clock
# The time-out that finds it over is the next one of the back-off.
until_ms 29900
check "30 s: ESTABLISHED before" raw_state_is short ESTABLISHED
until_ms 60000
check "CLOSED after the time-out that comes next" raw_state_is short CLOSED
check "ETIMEDOUT" answers ETIMEDOUT a short error
until_ms 7199000
check "two hours: ESTABLISHED before" raw_state_is long ESTABLISHED
must r long skip A
until_ms 7340000
check "CLOSED after" raw_state_is long CLOSED
check "ETIMEDOUT" answers ETIMEDOUT a long error

# What is acknowledged in time starts it again.
reach ESTABLISHED again
must a again opt IPPROTO_TCP TCP_USER_TIMEOUT 30000
must a again send 10
must r again expect A len=10
sleep 20
must r again skip A
must r again send A
must a again send 10
start_clock
until_ms 29900
check "an acknowledgement starts it again" raw_state_is again ESTABLISHED
until_ms 60000
check "30 s from then on" raw_state_is again CLOSED
