#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# memcached with a client of a few lines: several connections, thousands of values
# set, got and compared, alone and pipelined, up to its largest.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

ONCE=1
programs 3 memcached socat

amount 1000 100
VALUES=$REPLY
LARGE=1000000

cat >"$RUN/client.py" <<'END'
import random, socket, sys

address, port, count, clients, large = sys.argv[1], *map(int, sys.argv[2:])

class Client:
    def __init__(self):
        self.socket = socket.create_connection((address, port), timeout=100)
        self.file = self.socket.makefile("rb")

    def ask(self, request, *answers):
        self.socket.sendall(request)
        for want in answers:
            got = self.file.read(len(want))
            assert got == want, f"{request[:30]}: {got[:40]}, wanted {want[:40]}"

def set_it(key, value):
    return b"set %s 0 0 %d\r\n%s\r\n" % (key, len(value), value)

def answer(key, value):
    return b"VALUE %s 0 %d\r\n%s\r\n" % (key, len(value), value)

source = random.Random(1)
values = {b"key%d" % n: source.randbytes(source.randrange(2000)) for n in range(count)}
values[b"large"] = source.randbytes(large)
all_of = [Client() for _ in range(clients)]
all_of[0].ask(b"flush_all\r\n", b"OK\r\n")
for n, (key, value) in enumerate(values.items()):
    all_of[n % clients].ask(set_it(key, value), b"STORED\r\n")
for n, (key, value) in enumerate(values.items()):
    all_of[(n + 1) % clients].ask(b"get %s\r\n" % key, answer(key, value), b"END\r\n")
keys = list(values)[:-1]
for n in range(0, len(keys), 50):
    some = keys[n:n + 50]
    who = all_of[n % clients]
    who.ask(b"".join(set_it(k, values[k]) for k in some), *[b"STORED\r\n"] * len(some))
    who.ask(b"get %s\r\n" % b" ".join(some), *(answer(k, values[k]) for k in some), b"END\r\n")
print(len(values), "are right")
END

# counts NAME VALUE
counts()
{
	printf 'stats\r\nquit\r\n' >"$RUN/stats"
	INPUT=$RUN/stats runs A socat -t 100 - TCP4:$ADDR_B:$PORT || return
	same "$(grep "^STAT $1 " "$RUN/out" | tr -d '\r')" "STAT $1 $2"
}

try()
{
	values=$VALUES
	[ -z "$LOSSY" ] || values=$((VALUES / 10))
	check "$IT: $values values" prints "$((values + 1)) are right" \
		A python3 -SE "$RUN/client.py" $ADDR_B $PORT "$values" 10 "$LARGE"
	check "$IT: memcached counts them" counts curr_items $((values + 1))
	check "$IT: no connection was refused" counts listen_disabled_num 0
}
serve memcached B $PORT memcached -u root -l $ADDR_B -p $PORT -U 0 -m 64 -t 2
on_each_network try
check "memcached said nothing" empty "$RUN/memcached.log"
