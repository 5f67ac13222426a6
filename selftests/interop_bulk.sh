#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# 64 MB from Waltz to Linux TCP and back: window scale, buffers and sequence
# numbers well beyond their first round.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

SIZE=64000000

plan 6
interop_hosts

for sender in a b; do
	it="${CALLED[$sender]} sends"
	dial a x
	now_ms
	start=$REPLY
	must $sender x start send $SIZE
	must "${OTHER[$sender]}" x start recv $SIZE
	check "$it: $SIZE bytes arrive, and none is wrong" done_with "${OTHER[$sender]}" x
	now_ms
	diag "$it: $SIZE bytes in $((REPLY - start)) ms"
	check "$it: and all was sent" done_with $sender x
	check "$it: then it closes" close_in_turn $sender x
done
