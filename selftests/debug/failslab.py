#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Connections whose allocations may fail: what arrives is right, or an errno says
that it does not.

Usage: failslab.py server PROTOCOL ADDRESS PORT
       failslab.py client PROTOCOL ADDRESS PORT SEED

Each waits for a line on stdin, with a number: the client makes so many
connections, and answers "ok COMPLETE FAILED", or "wrong WHAT". The server echoes
until its input ends.
"""

import os
import random
import socket
import sys

# A peer whose socket could not be made says nothing: do not wait for ever.
PATIENCE = 10.0
SIZES = (1, 100, 1460, 20000, 200000)


def echo(sock):
    try:
        sock.settimeout(PATIENCE)
        while data := sock.recv(65536):
            sock.sendall(data)
    except OSError:
        pass
    finally:
        sock.close()


def serve(protocol, address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    listener.settimeout(0.5)
    print("ok", flush=True)
    parent = os.getppid()
    while os.getppid() == parent:
        try:
            echo(listener.accept()[0])
        except OSError:
            continue


def one(protocol, address, port, rand):
    """None when all came back, or the errno's name; wrong data is no errno."""
    size = rand.choice(SIZES)
    data = rand.randbytes(size)
    sock = None
    came = b""
    try:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol)
        sock.settimeout(PATIENCE)
        sock.connect((address, port))
        sent = 0
        # No more on the way than fits the buffers, or both would wait.
        while len(came) < size:
            if sent < size and sent - len(came) < 32768:
                sent += sock.send(data[sent:sent + 16384])
            else:
                part = sock.recv(65536)
                if not part:
                    break
                came += part
                if not data.startswith(came):
                    return "wrong data"
        if rand.random() < 0.5:
            sock.shutdown(socket.SHUT_WR)
            if sock.recv(1):
                return "wrong data after the end"
    except OSError as exc:
        return None if exc.errno or isinstance(exc, TimeoutError) else f"wrong error {exc}"
    finally:
        if sock is not None:
            sock.close()
    return "" if len(came) == size else None


def client(protocol, address, port, rand):
    for line in sys.stdin:
        complete = failed = 0
        wrong = None
        for _ in range(int(line)):
            result = one(protocol, address, port, rand)
            if result == "":
                complete += 1
            elif result is None:
                failed += 1
            else:
                wrong = result
                break
        print(f"wrong {wrong}" if wrong else f"ok {complete} {failed}", flush=True)


if sys.argv[1] == "server":
    serve(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
else:
    client(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), random.Random(int(sys.argv[5])))
