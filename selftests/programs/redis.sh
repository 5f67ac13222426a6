#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Redis: redis-cli with a large value, redis-benchmark with and without pipelining,
# keeping its connections and not, and a second server that copies the first.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

ONCE=2
programs 8 redis-server redis-cli redis-benchmark

amount 500 50
REQUESTS=$REPLY
amount 20 10
CLIENTS=$REPLY
TESTS=set,get,incr,lpush,rpop,sadd,hset,zadd,mset

# redis NAME HOST OPTION...
redis()
{
	local name=$1 host=$2

	shift 2
	mkdir -p "$RUN/$name"
	serve "$name" "$host" $PORT redis-server --port $PORT --dir "$RUN/$name" \
		--save '' --protected-mode no --daemonize no "$@"
}

# cli ARGUMENT...
cli()
{
	runs A redis-cli -h $ADDR_B -p $PORT "$@"
}

# bench OPTION...: all is answered, and nothing but answers is said.
bench()
{
	runs A redis-benchmark -h $ADDR_B -p $PORT -c "$CLIENTS" -q "$@" || return
	WHY=$(last_words "$RUN/err" "$RUN/out")
	grep -q 'requests per second' "$RUN/out" &&
		! grep -qiE 'error|could not|refused|reset' "$RUN/out" "$RUN/err"
}

# info SECTION NAME: sets REPLY.
info()
{
	cli info "$1" || return
	REPLY=$(sed -n "s/^$2:\([^\r]*\).*/\1/p" "$RUN/out")
}

info_is()
{
	info "$1" "$2" && same "$2 $REPLY" "$2 $3"
}

# The copy has what the first one had when we asked.
copied()
{
	prints "$1" B redis-cli -h $ADDR_A -p $PORT debug digest
}

copies()
{
	local digest

	cli debug digest || return
	digest=$(<"$RUN/out")
	wait_for copied "$digest"
}

try()
{
	requests=$REQUESTS
	[ -z "$LOSSY" ] || requests=$((REQUESTS / 5))
	INPUT=$RUN/value check "$IT: a large value" cli -x set value
	check "$IT: is read again" cli --raw get value
	head -c -1 "$RUN/out" >"$RUN/got" # redis-cli ends it with a newline
	check "$IT: and the same" equal "$RUN/got" "$RUN/value"
	check "$IT: $requests of each kind" bench -n "$requests" -d 100 -t $TESTS
	check "$IT: pipelined" bench -n "$((requests * 10))" -d 100 -P 16 -t set,get
	check "$IT: a connection each" bench -n "$((requests / 5))" -k 0 -t ping_mbulk
	check "$IT: Redis refused none" info_is stats rejected_connections 0
	check "$IT: a copy at the other host follows" copies
}

amount 4000000 1000000
make_file "$RUN/value" "$REPLY"
redis first B --bind $ADDR_B --enable-debug-command yes
redis copy A --bind $ADDR_A --enable-debug-command yes --replicaof $ADDR_B $PORT
on_each_network try
# Each of its lines has the level before its text: # is a warning.
for name in first copy; do
	check "Redis ($name) logged no error" says_no \
		'(Error|error|[Ff]ailed|[Ll]ost|timeout|timed out|reset|refused)' "$RUN/$name.log"
done
