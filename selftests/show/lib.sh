# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the demonstrations share: two Waltz hosts, a network between them that does
# what it is told (network.py), the ladder of what they sent, and text beside it.
# Sourced, never run, in the place of lib.sh:
#
#   . "$(dirname "$0")/show/lib.sh"
#   show COUNT "what is shown" <<-END	(and why it is so)
#   network
#   scene "what happens now"
#   ...
#   draw
#   check "what must hold" COMMAND...
#   without <<-END			(what would have gone wrong)
#
# As a test it prints KTAP, the rest as comments. With WALTZ_SHOW=plain or color
# (scripts/demo) it is for a reader.

SHOW_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib.sh
. "$SHOW_DIR/../lib.sh"

WALTZ_SHOW=${WALTZ_SHOW:-}
LADDER=$HERE/../scripts/ladder
# The client's: the next connection has the same.
CLIENT_PORT=40000

# ---- text

bold='' dim='' normal='' bad=''
if [ "$WALTZ_SHOW" = color ]; then
	bold=$'\e[1m' dim=$'\e[2m' normal=$'\e[0m' bad=$'\e[1;31m'
fi

# say TEXT...: a line for the reader.
say()
{
	[ -n "$WALTZ_SHOW" ] || { echo "#${*:+ $*}" && return; }
	echo "$*"
}

# paragraph: of stdin, with a blank line before it.
paragraph()
{
	local line

	say
	while IFS= read -r line; do
		say "   $dim$line$normal"
	done
}

if [ -n "$WALTZ_SHOW" ]; then
	plan()
	{
		planned=$(($1 + ${#END_CHECKS[@]}))
		need_all
	}
fi

# What was found while a scene is played stands below its ladder.
playing='' found=()
result()
{
	tests=$((tests + 1))
	[ "$1" = ok ] || failures=$((failures + 1))
	found+=("$1 $tests $2")
	[ -n "$playing" ] || print_results
}

print_results()
{
	local line

	[ -n "$WALTZ_SHOW" ] || [ -n "$planned_said" ] || echo "1..$planned"
	planned_said=1
	for line in ${found[@]+"${found[@]}"}; do
		case $WALTZ_SHOW$line in
		plainok* | colorok*) echo "   yes   ${line#ok * }" ;;
		plain* | color*) echo "   ${bad}NO$normal    ${line#not ok * }" ;;
		*) echo "$line" ;;
		esac
	done
	found=()
}
planned_said=''

show_end()
{
	local status=$?

	playing=''
	[ ${#found[@]} = 0 ] || print_results
	# What cleanup asks for.
	(exit $status)
	cleanup
}
trap show_end EXIT

# show COUNT TITLE: the plan, and what is shown; why, from stdin.
show()
{
	plan "$1"
	is_waltz || skip_all "the ladder is drawn from Waltz's tracepoints"
	say
	say "$bold$2$normal"
	paragraph
}

# without: what would have gone wrong without the rule, from stdin.
without()
{
	say
	say "${bold}Without it$normal"
	paragraph
	[ -z "$WALTZ_SHOW" ] || say
}

# ---- hosts

# network: A, the client; B, the server; n, what is between them.
network()
{
	local host peer mac_peer

	new_host A
	new_host B
	new_host N
	ip -batch - <<-END || bail "no veth"
		link add wire address $MAC_A netns ${NS[A]} type veth peer name a netns ${NS[N]}
		link add wire address $MAC_B netns ${NS[B]} type veth peer name b netns ${NS[N]}
	END
	printf 'link set dev %s up\n' a b | ip -n "${NS[N]}" -batch - || bail "no network"
	for host in A B; do
		peer=$ADDR_B mac_peer=$MAC_B
		[ $host = A ] || peer=$ADDR_A mac_peer=$MAC_A
		ip -n "${NS[$host]}" -batch - <<-END || bail "cannot set up host $host"
			link set lo up
			link set wire up
			addr add $([ $host = A ] && echo $ADDR_A || echo $ADDR_B)/24 dev wire
			neigh replace $peer lladdr $mac_peer dev wire
		END
	done
	offload off		# the network between them is one of frames
	start_helper n N "$SHOW_DIR/network.py" "$WALTZ_PROTO"
	must n any count
	pair
	trace_states
	# One clock for all CPUs, for lines of both hosts are compared.
	echo mono >"$trace/trace_clock"
	echo 1 >"$trace/events/waltz/segment_send/enable"
	echo 1 >"$trace/events/waltz/segment_receive/enable"
}

# call CLIENT SERVER: sockets a:CLIENT and b:SERVER, connected, from CLIENT_PORT.
call()
{
	must a "$1" new
	must a "$1" opt SOL_SOCKET SO_REUSEADDR 1
	must a "$1" bind $ADDR_A $CLIENT_PORT
	must a "$1" connect $ADDR_B $PORT
	must b l accept "$2"
}

# client_is STATE, server_is STATE: now.
client_is()
{
	state_is A "$1" "${2:-$CLIENT_PORT}" $PORT
}

server_is()
{
	state_is B "$1" $PORT "${2:-$CLIENT_PORT}"
}

# reached COMMAND...: what has to be so before the next step.
reached()
{
	wait_for "$@" || bail "$WHY"
}

# part NAME SEGMENT: sets REPLY to a number of what "seen" answered.
part()
{
	[[ " $2 " =~ \ $1=([0-9]+)\  ]] || bail "no $1 in '$2'"
	REPLY=${BASH_REMATCH[1]}
}

# ---- the ladder

# scene TITLE: from here on it is drawn.
scene()
{
	say
	say "$bold$1$normal"
	say
	: >"$trace/trace"
	playing=1
}

# remark TEXT: in the middle of the ladder.
remark()
{
	echo "$*" >"$trace/trace_marker"
}

# A client that is not Waltz leaves no trace: CLIENT_TRACED='', and its name.
CLIENT_TRACED=1 CLIENT_NAME=client

# draw: what happened since scene.
draw()
{
	local line left=${INODE[A]} args

	[ -n "$CLIENT_TRACED" ] || left=0
	args=(--every --left "$left" --left-name "$CLIENT_NAME" --right "${INODE[B]}" \
		--right-name server)

	case $WALTZ_SHOW in
	color) args+=(--color) ;;
	'') args+=(--ascii --width 78) ;;
	esac
	# The trace waits for nobody: a copy of it.
	cat "$trace/trace" >"$RUN/trace"
	[ -z "${WALTZ_RESULTS:-}" ] || cat "$RUN/trace" >>"$WALTZ_RESULTS/$SELF.trace"
	python3 -SEB "$LADDER" "${args[@]}" <"$RUN/trace" >"$RUN/ladder" ||
		bail "there is no ladder to draw"
	while IFS= read -r line; do
		say "$line"
	done <"$RUN/ladder"
	say
	# As if it had been drawn for a log.
	[ -z "$WALTZ_SHOW" ] || sed -i -e 's/\x1b\[[0-9;]*m//g' -e 's/─/-/g; s/│/|/g; s/►/>/g' \
		-e 's/◄/</g; s/╳/x/g' "$RUN/ladder"
	playing=''
	print_results
}

# drawn PATTERN: a line of the ladder, blanks squeezed, says that.
drawn()
{
	local line

	WHY="no such line in the ladder: $1"
	while read -ra line; do
		# shellcheck disable=SC2053 # a pattern
		[[ "${line[*]}" != $1 ]] || return 0
	done <"$RUN/ladder"
	return 1
}
