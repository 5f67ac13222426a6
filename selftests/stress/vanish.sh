#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Namespaces that are deleted, and a module that is removed, under a storm.
#
# ROUNDS (8). SEED: of all choices; printed.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/../lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP does not go"
}

STORM=${STORM:-$HERE/../build/selftests/stress/storm}
ROUNDS=${ROUNDS:-8}
SEED=${SEED:-$RANDOM}

plan $((ROUNDS * 3))
[ -x "$STORM" ] || bail "no $STORM: make -C selftests builds it"
[ -e "${WALTZ_KO:-}" ] || bail "WALTZ_KO does not say where waltz.ko is"
diag "SEED=$SEED"
RANDOM=$SEED

gone()
{
	not ip link show "tie-$$" >"$RUN/link" 2>&1
}

unload()
{
	rmmod waltz 2>"$RUN/rmmod" && return
	WHY=$(<"$RUN/rmmod")
	return 1
}

connections()
{
	stat A passive_opens
	at_least "$REPLY" 20
}

for ((round = 1; round <= ROUNDS; round++)); do
	new_host A
	ip -n "${NS[A]}" link set lo up
	# It goes when the namespace does.
	ip link add "tie-$$" netns $$ type veth peer name tie netns "${NS[A]}" || bail "no veth"
	set_waltz A rto_min_ms=50 rto_max_ms=1000 orphan_retries=1
	start_in A "$STORM" -t 600 -s $((SEED + round)) -r -i >"$RUN/storm"
	storm=$REPLY
	check "round $round: a storm" wait_for connections
	# Some time later: no matter when.
	for ((i = RANDOM % 20; i > 0; i--)); do
		tick
	done
	stop_process "$storm"
	drop_host A
	check "round $round: the namespace goes" wait_for gone
	if ((round % 2)); then
		check "round $round: the module stays" [ -e /proc/net/waltz ]
	else
		check "round $round: the module goes" wait_for unload
		insmod "$WALTZ_KO" || bail "cannot load the module again"
	fi
done
