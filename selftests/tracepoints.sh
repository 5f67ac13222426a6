#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Tracepoints: each says what happens, when it happens, and how often, with the
# numbers that the wire, the socket and the counters have.

# shellcheck source=selftests/lib.sh
. "$(dirname "$0")/lib.sh"

is_waltz || {
	plan 0
	skip_all "TCP has other tracepoints"
}

plan 55
hosts
raw_pair
start_trace waltz
mark A

# said EVENT PATTERN: so it was.
said()
{
	local line lines

	WHY="no '$2' of $1:"
	# At once, for a file of tracefs cannot be read on where it was left.
	mapfile -t lines <"$trace/trace"
	for line in "${lines[@]}"; do
		[[ $line == *": $1: "* ]] || continue
		# shellcheck disable=SC2053 # a pattern
		[[ ${line#*": $1: "} != $2 ]] || return 0
		WHY+=" '${line#*": $1: "}'"
	done
	return 1
}

# of NAME: sets X, how a line begins that is of r:NAME.
of()
{
	X="netns=${INODE[A]} local=$ADDR_A:$PORT remote=$ADDR_RAW:${RAW_PORT[$1]}"
}

# numbers NAME: sets SND and RCV to what A has as such, while nothing is on its way.
numbers()
{
	must r "$1" get rcv
	SND=$REPLY
	must r "$1" get snd
	RCV=$REPLY
}

# quick NAME [OPTION...]: the same as reach ESTABLISHED, with a shorter RTO.
quick()
{
	rto_min 200
	reach ESTABLISHED "$@"
	rto_min 30000
	of "$1"
}

# ---- format files: whoever reads binary records finds the names there

names_nothing()
{
	WHY=$(grep -l 'WALTZ_[A-Z]' /sys/kernel/tracing/events/waltz/*/format)
	[ -z "$WHY" ]
}
check "the names of numbers are in the format files" names_nothing
names_all()
{
	local name

	while read -r name _; do
		[[ $name == drop_* ]] || continue
		WHY="$name"
		grep -q "\"${name#drop_}\"" /sys/kernel/tracing/events/waltz/drop/format || return
	done <"/proc/${HOLDER[A]}/net/waltz_stat"
}
check "all of them" names_all

# ---- state, segments, accept_queue

raw_open x
of x
must r x handshake
must a l accept x
must a x cookie
cookie=$REPLY
numbers x
check "state: a SYN, a record" said state \
	"$X LISTEN -> SYN_RECV event=SYN seq=1000000 ack=0 flags=0x02 len=0 cookie=0"
check "state: the socket, with its cookie" said state \
	"$X SYN_RECV -> ESTABLISHED event=ACK-of-SYN seq=1000001 ack=$SND flags=0x10 len=0 cookie=$cookie"
check "segment_receive" said segment_receive "$X flags=0x02 seq=1000000 ack=0 wnd=65535 len=0"
check "segment_send, of a record" said segment_send \
	"$X flags=0x12 seq=$((SND - 1)) ack=1000001 wnd=65535 len=0 rtx=0"
check "accept_queue: a connection waits" said accept_queue \
	"$X what=enqueued queued=1 max=128 waited_ms=0 cookie=$cookie"
check "accept_queue: it is accepted" said accept_queue \
	"$X what=accepted queued=0 max=128 waited_ms=* cookie=$cookie"
must a x send 10
must r x expect A len=10
check "segment_send, of a socket" said segment_send \
	"$X flags=0x18 seq=$SND ack=$RCV wnd=* len=10 rtx=0"
must r x send A

listener a q $ADDR_A 7000 0
must r q1 open 7000
now_ms
began=$REPLY
must r q1 handshake
older()
{
	now_ms
	[ $((REPLY - began)) -ge 100 ]
}
wait_for older
must r q2 open 7000
must r q2 send S
check "accept_queue: it is full" said accept_queue \
	"* local=$ADDR_A:7000 * what=overflow queued=1 max=0 waited_ms=0 cookie=0"
must a q accept q1
now_ms
longest=$((REPLY - began + 20))
waited()
{
	said accept_queue "* local=$ADDR_A:7000 * what=accepted *" || return
	REPLY=$(sed -n 's/.*:7000 .*what=accepted .*waited_ms=\([0-9]*\).*/\1/p' "$trace/trace")
	at_least "$REPLY" 80 && at_most "$REPLY" $longest
}
check "accept_queue: how long it waited" waited
must r q3 open 7000
must r q3 handshake
must a q close
check "accept_queue: nobody will accept it" said accept_queue \
	"* local=$ADDR_A:7000 * what=purged queued=0 max=0 waited_ms=*"

# ---- drop

numbers x
must r x send R seq=+7
must r x expect A
check "drop" said drop "netns=${INODE[A]} src=$ADDR_RAW:${RAW_PORT[x]} dst=$ADDR_A:$PORT\
 reason=rst_window flags=0x04 seq=$((RCV + 7)) ack=0 len=0"

# ---- retransmit, cong

reach SYN_RECV h
of h
must r h get irs
isn=$REPLY
must r h send S seq=-1
must r h expect SA
check "retransmit: SYN-ACK" said retransmit \
	"$X why=syn_ack seq=$isn len=0 flags=0x12 state=SYN_RECV backoff=0 cookie=0"
must r h send R

quick o
must a o cookie
cookie=$REPLY
numbers o
must a o send 10
must r o expect A len=10
must r o expect A len=10 seq=-10
check "retransmit: timeout" said retransmit \
	"$X why=rto seq=$SND len=10 flags=0x00 state=ESTABLISHED backoff=0 cookie=$cookie"
check "cong: timeout" said cong \
	"$X open -> loss why=rto algorithm=cubic cwnd=* ssthresh=* in_flight=10 cookie=$cookie"
check "segment_send: it was sent before" said segment_send \
	"$X flags=0x18 seq=$SND ack=$RCV wnd=* len=10 rtx=1"
must r o send A
must r o silent
check "cong: all is well again" said cong "$X loss -> open why=recovered * in_flight=0 cookie=$cookie"
numbers o
must a o shutdown wr
must r o expect FA
must r o expect FA seq=-1
check "retransmit: FIN" said retransmit \
	"$X why=fin seq=$SND len=0 flags=0x01 state=FIN_WAIT1 backoff=0 cookie=$cookie"
must r o send R

quick w win=0
must a w send 10
wait_for said retransmit "$X why=window_probe *"
numbers w
check "retransmit: zero-window probe" said retransmit \
	"$X why=window_probe seq=$((SND - 1)) len=0 flags=0x00 state=ESTABLISHED backoff=0 *"
must r w send R

reach ESTABLISHED k
of k
must a k opt IPPROTO_TCP TCP_KEEPIDLE 1
must a k opt SOL_SOCKET SO_KEEPALIVE 1
numbers k
check "retransmit: keepalive" wait_for said retransmit \
	"$X why=keepalive seq=$((SND - 1)) len=0 flags=0x00 state=ESTABLISHED *"
must r k send R

# window NAME COUNT: so many segments of 100, all at once, none acknowledged.
window()
{
	local i

	numbers "$1"
	must a "$1" send $((100 * $2))
	for ((i = 0; i < $2; i++)); do
		must r "$1" expect A len=100
	done
}

reach_far s mss=100 sack
of s
window s 5
must r s send A ack=-500 sack=-400:-300
must r s expect A len=100 seq=-500
check "cong: something is SACKed" said cong \
	"$X open -> disorder why=ack algorithm=cubic cwnd=1000 ssthresh=2147483647 in_flight=500 *"
check "cong: something is lost" said cong "$X disorder -> recovery why=lost * in_flight=500 *"
check "retransmit: RACK" said retransmit "$X why=rack seq=$SND len=100 flags=0x00 *"
must r s send A
must r s silent
check "cong: repaired" said cong "$X recovery -> open why=recovered * in_flight=0 *"
window s 1
must r s expect A len=100 seq=-100
check "retransmit: loss probe" said retransmit "$X why=loss_probe seq=$SND len=100 flags=0x00 *"
must r s send R

reach ESTABLISHED d mss=100
of d
window d 5
for i in 1 2 3; do
	must r d send A ack=-500
done
must r d expect A len=100 seq=-500
check "retransmit: duplicate ACKs, no SACK" said retransmit "$X why=dupack seq=$SND len=100 *"
must r d send R

# Later than a round trip, so one has to be known.
reach ESTABLISHED v mss=100
of v
window v 1
must r v send A
window v 1
for _ in {1..50}; do
	must r v send A ack=-100 win=0
	must r v send A ack=-100
done
must r v expect A len=100 seq=-100
check "retransmit: there was no room" said retransmit "$X why=refused seq=$SND len=100 *"
must r v send R

rto_min 200
must a c new
must a c start connect $ADDR_RAW 7777
must r c listen 7777
must r c expect S
must r c expect S
check "retransmit: SYN" said retransmit \
	"* remote=$ADDR_RAW:7777 why=syn seq=* len=0 flags=0x02 state=SYN_SENT backoff=0 *"
must r c send RA ack=+0
errs ECONNREFUSED a c wait || bail "$WHY"
rto_min 30000

# ---- TIME_WAIT

set_waltz A time_wait_ms=60000 time_wait_max=1
reach TIME_WAIT t ts=1000
of t
must a t close
numbers t
check "timewait_insert" said timewait_insert \
	"$X state=TIME_WAIT left_ms=60000 snd_nxt=$SND rcv_nxt=$RCV count=1"
must r t send FA seq=-1
must r t expect A ack=0
check "timewait_hit: the FIN again" said timewait_hit \
	"$X state=TIME_WAIT verdict=fin_again flags=0x11 seq=$((RCV - 1)) ack=$SND len=0 left_ms=*"
must r t send R
must r t send A seq=+5 len=3
must r t expect A
check "timewait_hit: a RST" said timewait_hit "$X state=TIME_WAIT verdict=ignore_rst flags=0x04 *"
check "timewait_hit: an old segment" said timewait_hit \
	"$X state=TIME_WAIT verdict=challenge flags=0x10 seq=$((RCV + 5)) ack=$SND len=3 *"
must r t set ts=1000
must r t set snd=1000
must r t send S
must r t expect SA
check "timewait_hit: a newer SYN" said timewait_hit "$X state=TIME_WAIT verdict=reopen flags=0x02 *"
check "timewait_reuse: by it" said timewait_reuse \
	"$X by=syn left_ms=* snd_nxt=$SND rcv_nxt=$RCV count=1"
must r t send R
check "timewait_insert: it was an old duplicate" said timewait_insert \
	"$X state=TIME_WAIT left_ms=5* snd_nxt=$SND rcv_nxt=$RCV count=1"

reach FIN_WAIT2 f ts=1000
of f
must a f close
check "timewait_evict: one is too many" said timewait_evict \
	"* remote=$ADDR_RAW:${RAW_PORT[t]} state=TIME_WAIT left_ms=5* snd_nxt=$SND rcv_nxt=$RCV count=1"
check "timewait_insert: FIN_WAIT2 without an owner" said timewait_insert \
	"$X state=FIN_WAIT2 left_ms=* count=1"
set_waltz A time_wait_ms=500
must r f send FA
must r f expect A
check "timewait_hit: its FIN" said timewait_hit "$X state=TIME_WAIT verdict=fin *"
check "timewait_expire" wait_for said timewait_expire \
	"netns=${INODE[A]} looked=1 gone=1 count=0 duration_ns=[1-9]*"
check "state: of what has expired" said state "$X TIME_WAIT -> CLOSED event=2MSL *"

set_waltz A time_wait_ms=60000 time_wait_max=1000
in_host A sysctl -qw net.ipv4.ip_local_port_range="30000 30000"
peer b B
listener b l $ADDR_B 9000
must a churn new
for _ in 1 2; do
	must b l start serve 1 10 client
	must a churn churn $ADDR_B 9000 1 10 client
	must b l wait
	wait_state A TIME_WAIT 30000 9000 || bail "$WHY"
done
check "timewait_reuse: by connect()" said timewait_reuse \
	"netns=${INODE[A]} local=$ADDR_A:30000 remote=$ADDR_B:9000 by=connect left_ms=* count=1"

# ---- cookie

set_waltz A syncookies=2
raw_open y ts=5000
of y
must r y send S
must r y expect SA
must r y get irs
isn=$REPLY
stat A half_open_now
check "cookie: sent" said cookie "$X what=sent isn=$isn half_open=$REPLY"
must r y send A seq=+0 ack=+1
must r y expect R
check "cookie: forged" said cookie "$X what=refused_seal isn=$((isn + 1)) half_open=*"
must r y set peer_ts=-200000
must r y send A seq=+0
must r y expect R
must r y set peer_ts=200000
check "cookie: too old" said cookie "$X what=refused_echo isn=$isn half_open=*"
must r y send A
check "cookie: accepted" wait_for said cookie "$X what=accepted isn=$isn half_open=*"
check "state: no record" said state "$X LISTEN -> ESTABLISHED event=ACK-of-SYN *"

# ---- as often as it is counted

echo 0 >"$trace/events/waltz/enable"
declare -A TOLD=()
mapfile -t lines <"$trace/trace"
for line in "${lines[@]}"; do
	[[ $line =~ :\ ([a-z_]+):\ netns=${INODE[A]}\  ]] || continue
	TOLD[${BASH_REMATCH[1]}]=$((${TOLD[${BASH_REMATCH[1]}]:-0} + 1))
done

# as_counted EVENT COUNTER...: patterns
as_counted()
{
	local event=$1 sum=0 name value pattern

	shift
	while read -r name value; do
		for pattern; do
			# shellcheck disable=SC2053 # a pattern
			[[ $name != $pattern ]] || sum=$((sum + value - ${MARK[A:$name]}))
		done
	done <"/proc/${HOLDER[A]}/net/waltz_stat"
	same "${TOLD[$event]:-0}" $sum && at_least $sum 1
}

check "drop, as often as it is counted" as_counted drop "drop_*"
check "segment_send" as_counted segment_send out_segs
check "segment_receive" as_counted segment_receive in_segs
check "retransmit" as_counted retransmit retrans_segs probes keepalives
check "timewait_insert" as_counted timewait_insert tw_inserted
check "timewait_evict" as_counted timewait_evict tw_evicted
check "timewait_reuse" as_counted timewait_reuse "tw_reused_*"
check "cookie" as_counted cookie "cookies_*"
