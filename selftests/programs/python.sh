#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Python: http.server with urllib, and asyncio at both ends: many connections at
# once, streams both ways, half-closed at the end.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 4 python3

amount 10000000 1000000
LARGE=$REPLY
amount 100 20
CONNECTIONS=$REPLY
ECHO=$((PORT + 1))
make_file "$RUN/file" "$LARGE"
make_file "$RUN/small" 1000000

cat >"$RUN/get.py" <<'END'
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=100) as answer, open(sys.argv[2], "wb") as f:
    assert answer.status == 200
    f.write(answer.read())
END
cat >"$RUN/server.py" <<'END'
import asyncio, sys

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write(b"end")
    writer.close()
    await writer.wait_closed()

async def main():
    server = await asyncio.start_server(echo, sys.argv[1], int(sys.argv[2]), backlog=256)
    await server.serve_forever()

asyncio.run(main())
END
cat >"$RUN/client.py" <<'END'
import asyncio, random, sys

async def one(n, size):
    reader, writer = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    data = random.Random(n).randbytes(size)
    async def send():
        writer.write(data)
        await writer.drain()
        writer.write_eof()
    got, _ = await asyncio.gather(reader.read(), send())
    writer.close()
    await writer.wait_closed()
    assert got == data + b"end", f"connection {n}: {len(got)} bytes"

async def main():
    count, size = int(sys.argv[3]), int(sys.argv[4])
    await asyncio.gather(*(one(n, size) for n in range(count)))
    print(count, "were echoed")

asyncio.run(main())
END

try()
{
	file=file size=20000
	[ -z "$LOSSY" ] || file=small size=10000
	check "$IT: urllib gets a file" runs A python3 -SE "$RUN/get.py" \
		"http://$ADDR_B:$PORT/$file" "$RUN/got"
	check "$IT: as it is" equal "$RUN/got" "$RUN/$file"
	check "$IT: asyncio, $CONNECTIONS connections" \
		prints "$CONNECTIONS were echoed" A python3 -SE "$RUN/client.py" $ADDR_B $ECHO \
		"$CONNECTIONS" $size
	check "$IT: asyncio, one" prints "1 were echoed" A python3 -SE "$RUN/client.py" \
		$ADDR_B $ECHO 1 $((size * 40))
}

serve http B $PORT python3 -SEm http.server --bind $ADDR_B -d "$RUN" $PORT
serve echo B $ECHO python3 -SE "$RUN/server.py" $ADDR_B $ECHO
on_each_network try
