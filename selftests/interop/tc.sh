# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Waltz on host A, Linux TCP on host B, which knows nothing of Waltz: tc at A
# makes IP protocol 253 into 6 on the way out, and 6 into 253 on the way in.
# Sourced, after lib.sh.
#
# The number is part of the pseudo-header, and so of the segment's checksum; it
# is part of the IP header's, too. To calculate them again (act_csum) would hide
# every wrong one. So A's address changes by as much as the number, the other
# way round: 10.253.0.1 and 253 are 10.253.0.248 and 6. Both sums stay as they
# are, and each end checks what the other end has calculated.

# As B knows it.
ADDR_A_TCP=10.253.0.248

# interop_hosts: A and B, peers a and b, listeners a:l and b:l.
interop_hosts()
{
	local host

	is_waltz || skip_all "Waltz and TCP are wanted"
	hosts
	need_netem
	# shellcheck disable=SC2034 # lib.sh reads it
	HOST_PROTO[B]=6
	for host in A B; do
		# Sums that are there, and none taken on trust; segments one by one.
		in_host $host ethtool -K wire tx off rx off tso off gso off gro off \
			>/dev/null || skip_all "no ethtool"
		ip -n "${NS[$host]}" link set wire gso_max_segs 1 || bail "no gso_max_segs"
	done
	ip -n "${NS[B]}" neigh replace "$ADDR_A_TCP" lladdr "$MAC_A" dev wire ||
		bail "cannot set up host B"
	rewrite
	peer a A
	peer b B
	# shellcheck disable=SC2153 # lib.sh's
	listener a l "$ADDR_A" "$PORT"
	listener b l "$ADDR_B" "$PORT"
}

rewrite()
{
	local tc=(in_host A tc filter add dev wire protocol ip)

	in_host A tc qdisc add dev wire clsact || skip_all "no clsact"
	"${tc[@]}" egress u32 match ip protocol 253 0xff \
		action pedit ex munge ip protocol set 6 munge ip src set "$ADDR_A_TCP" ||
		skip_all "no pedit"
	"${tc[@]}" ingress u32 match ip protocol 6 0xff \
		action pedit ex munge ip protocol set 253 munge ip dst set "$ADDR_A" ||
		skip_all "no pedit"
}

# Of the peers a and b.
# shellcheck disable=SC2034
declare -A CALLED=([a]=Waltz [b]=TCP) HOST_OF=([a]=A [b]=B) OTHER=([a]=b [b]=a)

# Local ports, of each end.
declare -A port_of=()
last_port=20000

# dial CLIENT NAME [CLIENT-PORT]: CLIENT (a or b) calls the other's listener, and
# both ends are NAME: a:NAME, b:NAME.
dial()
{
	local client=$1 name=$2 port=${3:-$((last_port += 1))}

	dial_from "$client" "$name" "$port"
	must "$client" "$name" connect "$TARGET" "$PORT"
	must "${OTHER[$client]}" l accept "$name"
}

# dial_from CLIENT NAME CLIENT-PORT: all of that but connect(), whose address is
# TARGET.
dial_from()
{
	local own=$ADDR_A

	[ "$1" = a ] || own=$ADDR_B
	[ "$1" = a ] && TARGET=$ADDR_B || TARGET=$ADDR_A_TCP
	must "$1" "$2" new
	must "$1" "$2" opt SOL_SOCKET SO_REUSEADDR 1
	must "$1" "$2" bind "$own" "$3"
	port_of[$1:$2]=$3 port_of[${OTHER[$1]}:$2]=$PORT
}

# is PEER NAME STATES: of this end.
is()
{
	state_is "${HOST_OF[$1]}" "$3" "${port_of[$1:$2]}" "${port_of[${OTHER[$1]}:$2]}"
}

# moves PEER NAME BYTES: from here to the other end; every byte is compared.
moves()
{
	tell "$1" "$2" start send "$3" && tell "${OTHER[$1]}" "$2" recv "$3" &&
		tell "$1" "$2" wait
}

# both_move NAME BYTES: at the same time.
both_move()
{
	local peer

	for peer in a b; do
		must $peer "$1" alias "$1-in"
	done
	tell a "$1" start send "$2" && tell b "$1" start send "$2" &&
		tell a "$1-in" start recv "$2" && tell b "$1-in" start recv "$2" &&
		done_with a "$1-in" && done_with b "$1-in" &&
		done_with a "$1" && done_with b "$1"
}

# done_with PEER NAME: what it was started for has gone well.
done_with()
{
	until tell "$1" "$2" wait 10; do
		[ "$REPLY" = "still running" ] || return
	done
}

# close_in_turn FIRST NAME: FIRST is the first to close.
close_in_turn()
{
	local first=$1 second=${OTHER[$1]} name=$2

	tell "$first" "$name" shutdown wr && tell "$second" "$name" eof &&
		tell "$second" "$name" close && tell "$first" "$name" eof &&
		tell "$first" "$name" close && wait_for is "$first" "$name" TIME_WAIT &&
		wait_for is "$second" "$name" CLOSED
}

# tcp_counter NAME: sets REPLY to B's counter of /proc/net/netstat or snmp.
tcp_counter()
{
	local file line names='' i
	local -a keys values

	for file in netstat snmp; do
		while read -r line; do
			[[ $line == Tcp* ]] || continue
			if [ -z "$names" ]; then
				names=$line
				continue
			fi
			read -ra keys <<<"$names"
			read -ra values <<<"$line"
			names=''
			for i in "${!keys[@]}"; do
				if [ "${keys[i]}" = "$1" ]; then
					REPLY=${values[i]}
					return
				fi
			done
		done <"/proc/${HOLDER[B]}/net/$file"
	done
	bail "no counter $1"
}

# tcp_counter_above NAME VALUE
tcp_counter_above()
{
	tcp_counter "$1"
	at_least "$REPLY" $(($2 + 1))
}
