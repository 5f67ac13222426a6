#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Waltz and Linux TCP agree on options: an option is used when both SYNs have it
# (RFC 7323 1.3, 2.2; RFC 2018 2). Whatever they agree on, the data is the same,
# and each checksum on the wire is right.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=selftests/interop/tc.sh
. "$HERE/interop/tc.sh"

SIZE=150000

# Timestamps, window scale, SACK; of each, what a and b want.
cases=()
for values in "0 0" "0 1" "1 0" "1 1"; do
	cases+=("ts $values" "ws $values" "sack $values")
done
cases+=("all 0 0" "all 1 1")

plan $((${#cases[@]} * 2 * 5))
interop_hosts
start_helper w B "$HERE/interop/sums.py" wire "$ADDR_A_TCP" $ADDR_B

declare -A on=()
settings()
{
	set_waltz A timestamps="${on[a:ts]}" window_scaling="${on[a:ws]}" sack="${on[a:sack]}"
	in_host B sysctl -qw net.ipv4.tcp_timestamps="${on[b:ts]}" \
		net.ipv4.tcp_window_scaling="${on[b:ws]}" net.ipv4.tcp_sack="${on[b:sack]}" ||
		bail "no settings of TCP"
}

# options_of CLIENT: what the SYN and the SYN-ACK are to have, in OFFER and AGREED.
options_of()
{
	local kind

	OFFER=mss AGREED=mss
	for kind in sack ts ws; do
		[ "${on[$1:$kind]}" = 1 ] || continue
		OFFER+=,$kind
		[ "${on[${OTHER[$1]}:$kind]}" = 0 ] || AGREED+=,$kind
	done
}

no_wrong_sum()
{
	local peer

	for peer in a b; do
		tell w $peer segments && at_least "$REPLY" 5 || return
		answers 0 w $peer wrong || return
	done
}

stamped()
{
	answers "$1" w a stamped && answers "$1" w b stamped
}

for one in "${cases[@]}"; do
	read -r what a b <<<"$one"
	for kind in ts ws sack; do
		on[a:$kind]=1 on[b:$kind]=1
		if [ "$what" = all ] || [ "$what" = $kind ]; then
			on[a:$kind]=$a on[b:$kind]=$b
		fi
	done
	settings
	for client in a b; do
		it="$what $a at Waltz, $b at TCP, ${CALLED[$client]} calls"
		options_of $client
		must w a forget
		dial $client x
		check "$it: SYN with $OFFER" answers $OFFER w $client syn
		check "$it: SYN-ACK with $AGREED" answers $AGREED w "${OTHER[$client]}" syn
		check "$it: every byte comes, both ways" both_move x $SIZE
		close_in_turn $client x || bail "$WHY"
		[[ $AGREED == *ts* ]] && when=all || when=none
		check "$it: timestamps in $when segments" stamped "$when"
		check "$it: every checksum is right" no_wrong_sum
	done
done
