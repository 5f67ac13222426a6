#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# PostgreSQL: pgbench, with connections that stay and with one for each transaction,
# and a large value there and back.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

for dir in /usr/lib/postgresql/*/bin; do
	PATH=$PATH:$dir
done
ONCE=1
programs 7 postgres initdb pgbench psql unshare

amount 25 10
TRANSACTIONS=$REPLY
amount 8 4
CLIENTS=$REPLY
amount 4000000 1000000
LARGE=$REPLY

# It refuses to be root: so it is told that it is somebody else.
NOBODY=(unshare --user --map-user=65534 --map-group=65534)
DATA=$RUN/data
mkdir -m 700 "$DATA"
"${NOBODY[@]}" initdb -D "$DATA" -U test -A trust -E UTF8 --no-locale --no-sync \
	--no-instructions --wal-segsize=1 >"$RUN/initdb.log" 2>&1 || bail "initdb: $(last_words "$RUN/initdb.log")"
echo "host all all 10.253.0.0/24 trust" >>"$DATA/pg_hba.conf"
export PGHOST=$ADDR_B PGPORT=$PORT PGUSER=test PGDATABASE=postgres
serve postgres B $PORT "${NOBODY[@]}" postgres -D "$DATA" -k '' -h $ADDR_B -p $PORT \
	-c fsync=off -c jit=off -c autovacuum=off -c shared_buffers=16MB -c max_connections=50

# sql PATTERN COMMAND: its answer
sql()
{
	prints "$1" A psql -X -q -At -v ON_ERROR_STOP=1 -c "$2"
}

# bench OPTION...: all transactions are made, none fails.
bench()
{
	runs A pgbench -n -c "$CLIENTS" "$@" || return
	WHY=$(last_words "$RUN/out" "$RUN/err")
	grep -q "actually processed: $MADE/$MADE\$" "$RUN/out" &&
		grep -q 'failed transactions: 0 ' "$RUN/out"
}

# 100,000 lines are sent to make them: once is enough.
tables()
{
	if [ -z "$LOSSY" ]; then
		runs A pgbench -q -i -s 1
	else
		sql '' 'truncate pgbench_history'
	fi
}

ready_for_sql()
{
	sql 1 'select 1'
}

try()
{
	transactions=$TRANSACTIONS
	[ -z "$LOSSY" ] || transactions=$((TRANSACTIONS / 2))
	MADE=$((CLIENTS * transactions))
	check "$IT: tables are made" tables
	check "$IT: $MADE transactions" bench -t "$transactions"
	check "$IT: all are there" sql $MADE 'select count(*) from pgbench_history'
	check "$IT: the books balance" sql t 'select (select sum(abalance) from
		pgbench_accounts) = (select sum(bbalance) from pgbench_branches)'
	transactions=$((transactions / 5)) MADE=$((CLIENTS * transactions))
	check "$IT: $MADE, a connection each" bench -C -S -t $transactions
	size=$LARGE
	[ -z "$LOSSY" ] || size=1000000
	sed -n "1,$((size / 40))p" "$RUN/lines" >"$RUN/some"
	INPUT=$RUN/some check "$IT: $size bytes are copied in" runs A psql -X -q \
		-c 'drop table if exists l' -c 'create table l (n int, t text)' -c 'copy l from stdin'
	runs A psql -X -q -c 'copy (select * from l order by n) to stdout'
	check "$IT: and out, the same" equal "$RUN/out" "$RUN/some"
}
for ((i = 0; i < LARGE / 40; i++)); do
	printf '%d\t%030d\n' $i $((i * 7919))
done >"$RUN/lines"
wait_for ready_for_sql || bail "$WHY"
on_each_network try

end_server postgres
diag "postgres ended with status $STATUS: $(last_words "$RUN/postgres.log")"
check "PostgreSQL logged no error" says_no '(ERROR|FATAL|PANIC|WARNING):|could not' "$RUN/postgres.log"
