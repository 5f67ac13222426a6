#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Segments that no honest peer sends: thrown away without an answer, each
# counted for what is wrong with it and for nothing else, whether a listener or
# a connection is addressed. And both work afterwards.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "counters are looked at"
}

# What the reason is called, what is wrong, and how raw.py says it. Options
# follow as hexadecimal: kinds 2 (MSS), 3 (window scale), 4 (SACK permitted),
# 5 (SACK), 8 (timestamps).
classes=(
	"checksum|wrong checksum|bad"
	"short|one byte|cut=1"
	"short|one byte less than a header|cut=19"
	"data_offset|data offset 0|doff=0"
	"data_offset|data offset 4|doff=4"
	"data_offset|data offset 15 past the end|doff=15"
	"option|option of length 0|opt=02000000"
	"option|option of length 1|opt=02010000"
	"option|unknown option of length 0|opt=fd000000"
	"option|option past the end|opt=01020405"
	"option|option without a length|opt=01010102"
	"option|MSS of 3 bytes|opt=02030500"
	"option|window scale of 4 bytes|opt=03040700"
	"option|SACK permitted of 3 bytes|opt=04030000"
	"option|SACK of 2 bytes|opt=05020000"
	"option|SACK of 9 bytes|opt=050900000000000000000000"
	"option|timestamps of 9 bytes|opt=080900000001000000000000"
	"port_zero|source port 0|sport=0"
	"port_zero|destination port 0|dport=0"
	"address|limited broadcast|dst=255.255.255.255"
	"address|directed broadcast|dst=10.253.0.255"
	"address|multicast|dst=224.0.0.1"
)
flags=(
	"none|-" "PSH|P" "SYN and RST|SR" "SYN, RST and ACK|SRA" "FIN and RST|FR"
	"SYN, FIN and RST|SFR" "all|SAFRPU"
)
# Of these Linux thinks that they cannot come from there at all, and does not
# hand them on; they must not be answered, whoever throws them away (RFC 9293
# MUST-63).
sources=(0.0.0.0 127.0.0.1 224.0.0.1 255.255.255.255 10.253.0.255 "$ADDR_A")

plan $((2 * (${#classes[@]} + ${#flags[@]} + ${#sources[@]}) + 14))
hosts
raw_pair
raw_open new
reach ESTABLISHED x
# A listener of all addresses, for what was sent to many.
listener a all 0.0.0.0 8001

# only_counted NAME=COUNT...: since mark, what is counted by events.
only_counted()
{
	local name value want words=" $* "

	while read -r name value; do
		[[ $name != *_now ]] || continue
		value=$((value - ${MARK[A:$name]}))
		[[ $words == *" $name="* ]] && want=${words#*" $name="} && want=${want%% *} ||
			want=0
		[ "$value" = "$want" ] || {
			WHY="$name: $value, wanted $want"
			return 1
		}
	done <<<"$(<"/proc/${HOLDER[A]}/net/waltz_stat")"
}

# nothing_but DROP RAW NAME FLAGS [KEY=VALUE...]: the segment is dropped for
# that reason. The sentinel, a SYN to a port that is closed, counts too.
nothing_but()
{
	local drop=$1 raw=$2 name=$3

	shift 3
	mark A
	must "$raw" "$name" send "$@"
	tell r "$name" silent || return
	only_counted in_segs=2 "drop_$drop=1" drop_no_socket=1 out_rsts=1 out_segs=1
}

# unheard NAME send ...: no answer but the sentinel's, and no record.
unheard()
{
	mark A
	must r "$@"
	tell r "$1" silent && counted A out_segs 1 && counted A half_open_now 0
}

for class in "${classes[@]}"; do
	IFS='|' read -r drop text how <<<"$class"
	port=$PORT
	[ "$drop" != address ] || port=8001
	check "to a listener: $text" nothing_but "$drop" r new S seq=+0 dport="$port" "$how"
	check "to a connection: $text" nothing_but "$drop" r x A seq=+0 "$how"
done
for class in "${flags[@]}"; do
	IFS='|' read -r text how <<<"$class"
	check "to a listener: flags: $text" nothing_but flags r new "$how" seq=+0
	check "to a connection: flags: $text" nothing_but flags r x "$how" seq=+0 data=bad
done
for source in "${sources[@]}"; do
	check "to a listener: from $source" unheard new send S seq=+0 src="$source"
	check "to a connection: from $source" unheard x send A seq=+0 src="$source"
done

# Sent to all on the cable, though to one address.
start_helper loud B "$HERE/raw.py" wire $ADDR_RAW $ADDR_A ff:ff:ff:ff:ff:ff "$WALTZ_PROTO"
must loud new open $PORT sport="${RAW_PORT[new]}"
must loud x open $PORT sport="${RAW_PORT[x]}"
check "to a listener: Ethernet broadcast" nothing_but address loud new S
check "to a connection: Ethernet broadcast" nothing_but address loud x A
check "to a listener: SYN and FIN" nothing_but flags r new SF seq=+0

# None of it left anything behind.
check "the connection is ESTABLISHED still" raw_state_is x ESTABLISHED
check "nothing was delivered" answers out a x poll 0
must r x send AP data=hello
check "and it works: data is acknowledged" tell r x expect A ack=0
check "and delivered" answers hello a x read 100
must r x send AP data=in-two-parts-of-IP frag
check "in fragments too" answers in-two-parts-of-IP a x read 100

# What is strange, but right.
check "the listener works: SYN with an unknown option" tell r new send S opt=fd04abcd
check "is answered" tell r new expect SA ack=0
must r new send A opt=0101010100000000
check "an ACK with options that mean nothing ends the handshake" tell a l accept new
must r new send AP opt=00ffffff data=hello
check "what follows the end of options is not read" answers hello a new read 100
must r new send AP opt=0204ffff03030e01 data=again
check "a SYN's options elsewhere are not believed" answers again a new read 100
# RFC 6093: new applications should not use it, and there are no old ones.
must r new send APU data=urgent
check "URG: its bytes are bytes of the stream" answers urgent a new read 100
