#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# OpenSSH: login by key, a command's output and status, files both ways (scp), a
# forwarded port with a server of its own behind it.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

ONCE=1
programs 10 sshd ssh scp ssh-keygen

amount 100000000 1000000
LARGE=$REPLY
FORWARD=$((PORT + 1)) BEHIND=$((PORT + 2))

# sshd wants a user of its own, and a directory below /run, which this machine
# need not have: so it sees a machine where they are.
cp /etc/passwd "$RUN/passwd"
grep -q ^sshd: "$RUN/passwd" || echo sshd:x:65534:65534::/run/sshd:/bin/false >>"$RUN/passwd"
sed -i 's|^root:.*|root:x:0:0::/root:/bin/sh|' "$RUN/passwd"
for key in host_key key; do
	ssh-keygen -q -t ed25519 -N '' -f "$RUN/$key" || bail "ssh-keygen does not work"
done
cp "$RUN/key.pub" "$RUN/authorized"
cat >"$RUN/sshd_config" <<END
ListenAddress $ADDR_B
Port $PORT
HostKey $RUN/host_key
AuthorizedKeysFile $RUN/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
# Of those it has, one that emulated processors can do.
KexAlgorithms curve25519-sha256
END
cat >"$RUN/ssh_config" <<END
Host *
	Port $PORT
	User root
	IdentityFile $RUN/key
	IdentitiesOnly yes
	BatchMode yes
	UserKnownHostsFile $RUN/known
	ExitOnForwardFailure yes
	LogLevel ERROR
END
echo "[$ADDR_B]:$PORT $(<"$RUN/host_key.pub")" >"$RUN/known"

# A session, as root at B.
remote()
{
	runs A ssh -F "$RUN/ssh_config" $ADDR_B "$@"
}

# status_is STATUS COMMAND...
status_is()
{
	local want=$1

	shift
	remote "$@" && return 1
	matches "$WHY" "status $want:*"
}

# A terminal of its own, which ends its lines with CR LF.
logs_in()
{
	remote -tt 'tty; echo ok' && matches "$(tr -d '\r' <"$RUN/out")" '/dev/pts/+([0-9])
ok'
}

copy()
{
	runs A scp -q -F "$RUN/ssh_config" "$@"
}

# Its end of the forwarded port is a socket of A's loopback; the other one of B's.
forward()
{
	serve forward A $FORWARD ssh -N -F "$RUN/ssh_config" -L $FORWARD:$ADDR_B:$BEHIND $ADDR_B
	runs A curl -sSf -o "$RUN/got" http://127.0.0.1:$FORWARD/file
	set -- $?
	end_server forward
	return "$1"
}

try()
{
	size=$LARGE
	[ -z "$LOSSY" ] || size=2000000
	make_file "$RUN/file" "$size"
	check "$IT: a command's output" prints "root in B" \
		A ssh -F "$RUN/ssh_config" $ADDR_B 'echo root in B'
	check "$IT: and status" status_is 7 'exit 7'
	check "$IT: a terminal" logs_in
	rm -f "$RUN/far" "$RUN/near" "$RUN/got"
	check "$IT: scp takes $size bytes there" copy "$RUN/file" "$ADDR_B:$RUN/far"
	check "$IT: the same bytes" equal "$RUN/file" "$RUN/far"
	check "$IT: and back" copy "$ADDR_B:$RUN/far" "$RUN/near"
	check "$IT: the same bytes" equal "$RUN/file" "$RUN/near"
	truncate -s 200000 "$RUN/file"
	INPUT=$RUN/file check "$IT: cat, there and back" remote cat
	check "$IT: the same bytes" equal "$RUN/file" "$RUN/out"
	check "$IT: a forwarded port" forward
}

# In a mount namespace: the machine's own files stay as they are.
# shellcheck disable=SC2016 # for sh
serve sshd B $PORT unshare -m sh -c '
	mount --bind "$1/passwd" /etc/passwd && mount -t tmpfs sshd /run &&
	mkdir -m 755 /run/sshd && exec "$2" -D -e -f "$1/sshd_config"' sh "$RUN" "$(command -v sshd)"
serve behind B $BEHIND python3 -SEm http.server --bind $ADDR_B -d "$RUN" $BEHIND
on_each_network try
# Of each -L the client goes by a signal, which is no error.
check "sshd logged no error" says_no '^(error|fatal):|[Cc]orrupted|[Bb]roken pipe|timed out' \
	"$RUN/sshd.log"
