# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests in simulated time (scripts/vm -k sim): there nothing takes time but
# waiting for it, and that takes as long as it is told, to the timer's tick. So
# these tests may sleep, and compare times. Sourced, never run.

# shellcheck source=selftests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# Of what is waited for, nothing is late because the machine is busy.
# shellcheck disable=SC2034 # read by wait_for
PATIENCE=60

need_simulated_time()
{
	[[ $(</proc/cmdline) == *time-travel=inf-cpu* ]] || skip_all "time is not simulated"
}

# simulated COUNT: plan, hosts, a raw peer, and every setting as it comes.
simulated()
{
	plan "$1"
	need_simulated_time
	hosts
	raw_pair
	set_waltz A rto_min_ms=200 challenge_ms=500
}

# A helper may be told to wait for days.
get_answer()
{
	local line='' part

	until IFS= read -r -t 600 -u "${PEER_OUT[$1]}" part; do
		line+=$part
		kill -0 "${PEER_PID[$1]}" || bail "helper $1 has died"
	done
	line+=$part
	REPLY=${line#* }
	[ "${line%% *}" = ok ]
}

# start_clock, since: milliseconds since then, in REPLY.
start_clock()
{
	now_ms
	CLOCK=$REPLY
}

since()
{
	now_ms
	REPLY=$((REPLY - CLOCK))
}

# until_ms MS: sleep until so much after start_clock.
until_ms()
{
	local left

	since
	left=$(($1 - REPLY))
	[ $left -le 0 ] || sleep "$((left / 1000)).$(printf %03d $((left % 1000)))"
}

# late MS: the latest that a timer of so long is due. The kernel's timer wheel is
# an eighth coarse, in the worst case; add two ticks.
late()
{
	REPLY=$(($1 + $1 / 8 + 20))
}

# gap MS: for raw.py's expect: so long after the segment before.
gap()
{
	late "$1"
	REPLY="ms=$((REPLY + 1000)) min=$(($1 - 10)) max=$REPLY"
}

# comes_after SECONDS NAME FLAGS [KEY=VALUE...]: the next segment, just then.
comes_after()
{
	local ms=$(($1 * 1000))

	shift
	gap $ms
	# shellcheck disable=SC2086 # words are wanted
	tell r "$@" $REPLY
}

# took LOW-MS HIGH-MS: since start_clock
took()
{
	since
	WHY="took $REPLY ms, wanted $1 to $2"
	[ "$REPLY" -ge "$1" ] && [ "$REPLY" -le "$2" ]
}

# ends_between NAME STATE LOW-MS HIGH-MS: it is in STATE until LOW at least, and
# gone at HIGH, after start_clock.
ends_between()
{
	until_ms "$3"
	raw_state_is "$1" "$2" || return
	until_ms "$4"
	raw_state_is "$1" CLOSED
}

# goes_on NAME TIMES FLAGS [KEY=VALUE...]: the next segments of a back-off, once
# the second one has come, whose "gap=" REPLY says: each after twice the time, 120 s
# at most. WANT is the last one's. That of the second is twice the time-out, from
# its floor of 200 ms on, and late by no more than an eighth.
goes_on()
{
	local name=$1 times=$2 low=400 n

	shift 2
	WANT=${REPLY##*gap=}
	WANT=${WANT%ms}
	for ((n = 3; n <= times; n++)); do
		low=$((low * 2 < 120000 ? low * 2 : 120000))
		WANT=$((WANT * 2 < 120000 ? WANT * 2 : 120000))
		late $WANT
		check "time $n, after $low ms" tell r "$name" expect "$@" ms=$((REPLY + 1000)) \
			min=$((low - 10)) max="$REPLY"
	done
}
