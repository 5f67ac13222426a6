#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# nginx (sendfile, keep-alive) with curl, which compares what comes and goes, and wrk,
# which has many connections at once, and a new one for each request.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

ONCE=1
programs 8 nginx curl wrk

amount 20000000 1000000
LARGE=$REPLY
amount 64 16
CONNECTIONS=$REPLY
FILES=20

mkdir -p "$RUN/nginx" "$RUN/www/put" "$RUN/got"
make_file "$RUN/www/small" 1000
for ((i = 1; i <= FILES; i++)); do
	make_file "$RUN/www/file$i" $((i * i * 300))
done
cat >"$RUN/nginx.conf" <<END
daemon off;
user root;
worker_processes 2;
pid $RUN/nginx/pid;
error_log $RUN/nginx/error.log warn;
events { worker_connections 1024; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	client_max_body_size 0;
	client_body_temp_path $RUN/nginx/body;
	proxy_temp_path $RUN/nginx/proxy;
	fastcgi_temp_path $RUN/nginx/fastcgi;
	uwsgi_temp_path $RUN/nginx/uwsgi;
	scgi_temp_path $RUN/nginx/scgi;
	server {
		listen $ADDR_B:$PORT backlog=512;
		root $RUN/www;
		location /put/ { dav_methods PUT; }
	}
}
END
serve nginx B $PORT nginx -e "$RUN/nginx/error.log" -c "$RUN/nginx.conf"
URL=http://$ADDR_B:$PORT

# many_files: sets CONNECTS
many_files()
{
	runs A curl -sSf -w '%{num_connects}\n' -o "$RUN/got/file#1" "$URL/file[1-$FILES]" || return
	CONNECTS=0
	while read -r n; do
		CONNECTS=$((CONNECTS + n))
	done <"$RUN/out"
	for ((i = 1; i <= FILES; i++)); do
		equal "$RUN/got/file$i" "$RUN/www/file$i" || return
	done
}

# hammer OPTION...: requests are answered, and none fails.
hammer()
{
	local words='Socket errors|Non-2xx'

	runs A wrk -t 2 -c "$CONNECTIONS" -d 1 --timeout 60 "$@" "$URL/small" || return
	WHY=$(last_words "$RUN/out")
	! grep -qE "$words" "$RUN/out" || return
	[[ $(<"$RUN/out") =~ ([0-9]+)\ requests\ in ]] && [ "${BASH_REMATCH[1]}" -gt 0 ] || return
	diag "$IT: ${BASH_REMATCH[1]} requests ${*: -1}"
}

try()
{
	size=$LARGE
	[ -z "$LOSSY" ] || size=1000000
	make_file "$RUN/www/large" "$size"
	check "$IT: curl gets $size bytes" runs A curl -sSf -o "$RUN/got/large" "$URL/large"
	check "$IT: they are the file's" equal "$RUN/got/large" "$RUN/www/large"
	check "$IT: curl puts them" runs A curl -sSf -T "$RUN/got/large" "$URL/put/$size"
	check "$IT: they are there" equal "$RUN/www/put/$size" "$RUN/www/large"
	check "$IT: $FILES files" many_files
	check "$IT: over one connection" same "${CONNECTS:-}" 1
	check "$IT: wrk, $CONNECTIONS connections" hammer -H "Connection: keep-alive"
	check "$IT: wrk, a connection each" hammer -H "Connection: close"
}
on_each_network try

end_server nginx QUIT
check "nginx logged no error" says_no '\[(error|crit|alert|emerg)\]' "$RUN/nginx/error.log"
