#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# wss: ss's filters, columns and options. What it says of a connection is what
# the connection itself says.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

plan 51
need_diag
shopt -s extglob
hosts
pair
declare -a PORTS
for name in 1 2 3; do
	connection c$name s$name
	must a c$name port
	PORTS[name]=$REPLY
done
listener b l2 0.0.0.0 9000

declare -a NAMES COUNTS EXPRESSIONS

# finds NAME COUNT EXPRESSION: of B's connections; all are tried at once, below.
finds()
{
	NAMES+=("$1") COUNTS+=("$2") EXPRESSIONS+=("$3")
}

# ---- filters, in the kernel

finds "sport" 3 "sport = :$PORT"
finds "sport, without a colon" 3 "sport = $PORT"
finds "!=" 0 "sport != :$PORT"
finds "dport" 1 "dport = :${PORTS[1]}"
finds "or" 2 "dport = :${PORTS[1]} or dport = :${PORTS[2]}"
finds "and" 0 "dport = :${PORTS[1]} and dport = :${PORTS[2]}"
finds "and need not be said" 1 "sport = :$PORT dport = :${PORTS[2]}"
finds "not" 2 "not dport = :${PORTS[1]}"
finds "not, of both" 1 "not ( dport = :${PORTS[1]} or dport = :${PORTS[2]} )"
finds "and binds before or" 1 \
	"dport = :${PORTS[1]} or dport = :${PORTS[2]} and sport = :1"
finds "brackets" 0 "( dport = :${PORTS[1]} or dport = :${PORTS[2]} ) and sport = :1"
finds ">=" 3 "sport >= :$PORT"
finds ">" 0 "sport > :$PORT"
finds "<=" 3 "sport <= :$PORT"
finds "<" 0 "sport < :$PORT"
finds "> 65535: none" 0 "dport > :65535"
finds "src" 3 "src $ADDR_B"
finds "src, a network" 3 "src 10.253.0.0/16"
finds "src, another network" 0 "src 10.254.0.0/16"
finds "dst, with a port" 1 "dst $ADDR_A:${PORTS[3]}"
finds "dst !=" 0 "dst != $ADDR_A"
finds "a device: none is bound to it" 0 "dev lo"
finds "no mark" 3 "fwmark = 0"
finds "a mark" 0 "fwmark = 0x1/0xff"
finds "autobound: accepted connections are, as TCP's" 3 "autobound"
finds "eight levels deep" 3 \
	"not ( not ( not ( not ( sport = :$PORT and ( dst $ADDR_A or dst 1.2.3.4 ) ) ) ) )"

mapfile -t found < <(in_host B python3 -SEB "$HERE/diag.py" filters "${EXPRESSIONS[@]}" 2>&1)
for i in "${!NAMES[@]}"; do
	check "${NAMES[i]}" same "${found[i]:-none}" "${COUNTS[i]}"
done

fails()
{
	not wss B "$@"
}
check "what is no filter is refused" fails "sport ~ :1"
check "... and no state" fails state sleeping

# ---- which

check "-l: listeners" listed "LISTEN 0 128 $ADDR_B:$PORT 0.0.0.0:\*" B -lnH "sport = :$PORT"
check "-l: of any address" listed "LISTEN 0 128 0.0.0.0:9000 0.0.0.0:\*" B -lnH "sport = :9000"
check "without: connections" same "$(wss B -nH && grep -c . <<<"$REPLY")" 3
check "-a: both" same "$(wss B -anH && grep -c . <<<"$REPLY")" 5
check "exclude" same "$(wss B -nH state all exclude listening && grep -c . <<<"$REPLY")" 3
check "-N: a namespace" same \
	"$(python3 -SEB "$WSS" -nH -N "${NS[B]}" | grep -c .)" 3
check "the titles" listed "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process*" B -n

# ---- what of a connection

must a c1 send 5000
must a c1 opt SOL_SOCKET SO_KEEPALIVE 1
queued()
{
	listed "ESTAB 5000 0 $ADDR_B:$PORT $ADDR_A:${PORTS[1]}" B -nH "dport = :${PORTS[1]}"
}
check "what can be read" wait_for queued
check "-o: the timer" listed "* timer:(keepalive,11?min,0)" A -noH "sport = :${PORTS[1]}"
check "-p: who has it" listed "* users:((\"python3\",pid=${PEER_PID[b]},fd=*))" \
	B -npH "dport = :${PORTS[1]}"
check "-m: memory" listed "* skmem:(r[1-9]*,rb[1-9]*,t0,tb[1-9]*,f*,w0,o0,bl0,d0)" \
	B -nmH "dport = :${PORTS[1]}"
check "-e: inode and cookie" listed "* ino:+([0-9]) sk:+([0-9a-f])* <->" \
	B -neH "dport = :${PORTS[1]}"
must a c1 shutdown wr
closing()
{
	listed "* --> *" B -neH "dport = :${PORTS[1]}" || listed "* -->" B -neH "dport = :${PORTS[1]}"
}
check "-e: half-closed" wait_for closing

# info FIELD: of c2, as wss says it.
info()
{
	wss A -niH "sport = :${PORTS[2]}" || return
	[[ $REPLY =~ [[:space:]]$1:([^[:space:]]+) ]] || return
	REPLY=${BASH_REMATCH[1]}
}

must a c2 info rto
rto=$REPLY
info rto
check "-i: the RTO is TCP_INFO's" same "$REPLY" "$(python3 -c "print('%g' % ($rto / 1000))")"
must a c2 info rtt
rtt=$REPLY
info rtt
check "-i: the round trip, too" same "${REPLY%/*}" "$(python3 -c "print('%g' % ($rtt / 1000))")"
must a c2 getopt IPPROTO_TCP TCP_MAXSEG
mss=$REPLY
info mss
check "-i: the segment size" same "$REPLY" "$mss"
check "-i: congestion control" listed "* ts sack cubic wscale:*" A -niH "sport = :${PORTS[2]}"
check "-i: what is Waltz's own" listed "* waltz:(cwnd:*,*snd_wnd:*)" A -niH "sport = :${PORTS[2]}"
must a c2 opt IPPROTO_TCP TCP_NODELAY 1
check "... its options" listed "* waltz:(*,nodelay)" A -niH "sport = :${PORTS[2]}"
check "-O: a line" listed "ESTAB*cubic*waltz:*" A -niOH "sport = :${PORTS[2]}"

check "-s: numbers" listed "Total: 5;Waltz: 5 (estab 2, listen 2, half-open 0, orphaned 0, timewait 0, timewait peak 0)" B -s

# ---- sockets that are destroyed

start_in A python3 -SEBu "$WSS" -EnH "dport = :$PORT" >"$RUN/events"
events=$REPLY
joined()
{
	[ -n "$(awk '$2 == 4 && $4 != "00000000"' "/proc/${HOLDER[A]}/net/netlink")" ]
}
wait_for joined || bail "nobody listens to what is destroyed"
must a c3 close
must b s3 close
destroyed()
{
	local line

	line=$(tr -s ' ' <"$RUN/events")
	matches "$line" "UNCONN * * $ADDR_A:${PORTS[3]} $ADDR_B:$PORT"
}
check "-E: one is destroyed" wait_for destroyed
must a c2 close
must b s2 close
lines_are()
{
	same "$(grep -c . <"$2")" "$1"
}
check "-E: and the next" wait_for lines_are 2 "$RUN/events"
stop_process $events
