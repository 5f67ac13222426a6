#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/waltzize: what asks for TCP gets Waltz, and nothing else does; what it
# cannot change it says, instead of starting it over TCP.

# shellcheck source=selftests/waltzize/lib.sh
. "$(dirname "$0")/waltzize/lib.sh"

plan 37
new_host A
ip -n "${NS[A]}" link set lo up

# ---- what is changed

check "without it there is TCP" matches "$plain" $'tcp: 6 \ntcp: 6 \ntcp: 6 n\ntcp: 6 c\n*'
check "TCP becomes Waltz, its flags stay, and so does all else" \
	ran 0 "$changed" "" "$WALTZIZE" "$DYNAMIC"
check "without a word" same "$err" ""
check "-v says what became of each socket" \
	ran 0 "$changed" "waltzize: dynamic\[*\]: socket(AF_INET, *) -> protocol 253, fd *" \
	"$WALTZIZE" -v "$DYNAMIC"
check "once for each" matches "${err//[!>]/}" ">>>>"
check "what COMMAND starts is changed too" ran 0 "$changed" "" "$WALTZIZE" sh -c "$DYNAMIC; :"
# What getaddrinfo() says has protocol 6.
check "a script that looks its address up is changed" ran 0 "6 253" "*protocol 253, fd *" \
	"$WALTZIZE" --verbose -- python3 -SEBc \
	'import socket
f, t, p, _, _ = socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)[0]
print(p, socket.socket(f, t, p).getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))'
# shellcheck disable=SC2016 # for sh
check "another library stays before COMMAND" ran 0 "*/waltzize.so:libdl.so.2" "" \
	env LD_PRELOAD=libdl.so.2 "$WALTZIZE" sh -c 'echo $LD_PRELOAD'

# What is closed and opened again is the program's: a socket may be there.
check "-v speaks to standard error as it was" \
	ran 0 "b''" "*protocol 253, fd *" "$WALTZIZE" -v python3 -SEBc \
	'import os, socket
a, b = socket.socketpair()
os.dup2(a.fileno(), 2)
socket.socket(socket.AF_INET)
b.setblocking(False)
try: print(b.recv(100))
except BlockingIOError: print(b"")'
check "and to nothing else, where that is gone" \
	ran 0 "b''" "" "$WALTZIZE" -v python3 -SEBc \
	'import os, socket
a, b = socket.socketpair()
os.dup2(b.fileno(), 1000)
for fd in range(2, 1000): os.dup2(a.fileno(), fd)
b = socket.socket(fileno=1000)
socket.socket(socket.AF_INET)
b.setblocking(False)
try: print(b.recv(100))
except BlockingIOError: print(b"")'

# ---- two programs that know nothing of it

cat >"$RUN/server.py" <<-'END'
	import socket
	s = socket.create_server(("127.0.0.1", 8000))
	c, _ = s.accept()
	c.recv(10000)
	c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
	c.shutdown(socket.SHUT_WR)
	c.recv(1)
END

start_in A "$WALTZIZE" python3 -SEB "$RUN/server.py"
server=$REPLY
check "a server listens on Waltz" wait_for is_listening waltz
check "and not on TCP" not is_listening tcp
check "curl talks to it" ran 0 hello "" \
	run_in_a "$WALTZIZE" curl -sS --max-time 100 http://127.0.0.1:8000/
check "the server ends well" ends $server 0
check "Waltz remembers it" wait_state A TIME_WAIT 8000
whole "/proc/${HOLDER[A]}/net/tcp"
check "TCP has not seen it" not matches "$REPLY" "*:1F40*"

# ---- COMMAND is as if it had been started without

check "the exit status is COMMAND's" ran 7 "" "" "$WALTZIZE" sh -c 'exit 7'
check "it is the same process, and hears signals" is_itself

# ---- what it does not reach

check "a static program is refused" refused 123 "*static*--bpf*" "$WALTZIZE" "$STATIC"
check "a Go program is refused" refused 123 "*Go*--bpf*" "$WALTZIZE" "$GO"
printf '#!%s\n' "$STATIC" >"$RUN/script"
chmod +x "$RUN/script"
check "a script for a static program is refused" \
	refused 123 "*/script: */static *static*" "$WALTZIZE" "$RUN/script"
check "it is found as a shell does" refused 123 "$PROGRAMS/static *" \
	env "PATH=/nowhere:$PROGRAMS:$PATH" "$WALTZIZE" static
cp "$DYNAMIC" "$RUN/suid"
chmod 4755 "$RUN/suid"
check "set-user-ID of who runs it means nothing" ran 0 "$changed" "" "$WALTZIZE" "$RUN/suid"
chown 65534 "$RUN/suid"
chmod 4755 "$RUN/suid"
check "set-user-ID of another is refused" \
	refused 123 "*set-user-ID*--bpf*" "$WALTZIZE" "$RUN/suid"
# As somebody who may not read all.
nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
chmod 711 "$RUN"
cp "$DYNAMIC" "$RUN/secret"
chmod 711 "$RUN/secret"
check "what may be run but not read is refused" \
	refused 123 "*not read*--bpf*" nobody "$WALTZIZE" "$RUN/secret"
chmod 700 "$RUN/secret"
check "what may be neither is not run" refused 126 "*cannot run*" nobody "$WALTZIZE" "$RUN/secret"
# ELFCLASS32; then a processor that is none.
cp "$DYNAMIC" "$RUN/other"
printf '\001' | dd of="$RUN/other" bs=1 seek=4 conv=notrunc status=none
check "a 32-bit program is refused" refused 123 "*another kind*" "$WALTZIZE" "$RUN/other"
cp "$DYNAMIC" "$RUN/other"
printf '\252' | dd of="$RUN/other" bs=1 seek=18 conv=notrunc status=none
check "one for another processor is refused" refused 123 "*another kind*" "$WALTZIZE" "$RUN/other"

# ---- what is wrong

check "without the module COMMAND does not start" absent echo started
check "nor is it looked for in vain" refused 127 "*no command*" "$WALTZIZE" no-such-command
echo >"$RUN/not"
check "what may not be run is not" refused 126 "*cannot run*" "$WALTZIZE" "$RUN/not"
check "an unknown option is said" refused 2 "*-d*--help*" "$WALTZIZE" -d true
check "so is a wrong protocol" refused 2 "WALTZ_PROTOCOL*" \
	env WALTZ_PROTOCOL=TCP "$WALTZIZE" true

# ---- installed

PREFIX=$RUN/usr
install()
{
	WHY=$(make -s -C "$TOP" "$1-waltzize" PREFIX="$PREFIX" 2>&1)
}
check "it can be installed" install install
check "it works from there" ran 0 "$changed" "" "$PREFIX/bin/waltzize" "$DYNAMIC"
check "it can be removed" install uninstall
check "nothing of it stays" same "$(find "$PREFIX" ! -type d)" ""
