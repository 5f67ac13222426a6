#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# scripts/waltzize --bpf: what LD_PRELOAD does not reach gets Waltz too, and who
# is not meant does not; where the kernel cannot do it, it says so.

# shellcheck source=selftests/waltzize/lib.sh
. "$(dirname "$0")/waltzize/lib.sh"

# The kernels that can do --bpf; of the others it is the error that matters.
IFS=.- read -r major minor _ < <(uname -r)
hook=''
[ $((major * 1000 + minor)) -lt 6006 ] || hook=1

plan $((hook ? 18 : 3))
new_host A
ip -n "${NS[A]}" link set lo up

CGROUP=/sys/fs/cgroup
read -r own <"/proc/$$/cgroup"
CGROUP+=${own#0::}

no_cgroup()
{
	local found

	for found in "$CGROUP"/waltzize-*; do
		WHY="$found is there"
		[ ! -d "$found" ] || return
	done
}

if [ -z "$hook" ]; then
	lacks="this kernel * has no update_socket_protocol*6.6*"
	[ -e /sys/kernel/btf/vmlinux ] || lacks="*DEBUG_INFO_BTF*"
	check "--bpf says what this kernel lacks" \
		refused 125 "--bpf: $lacks" "$WALTZIZE" --bpf "$STATIC"
	check "and first, what the module lacks" absent --bpf "$STATIC"
	check "it leaves nothing behind" no_cgroup
	exit
fi

check "--bpf: a static program's TCP becomes Waltz, and nothing else" \
	ran 0 "$changed" "" "$WALTZIZE" --bpf "$STATIC"
check "as does Go's" ran 0 "$changed" "" "$WALTZIZE" -b "$GO"
cp "$STATIC" "$RUN/suid"
chown 65534 "$RUN/suid"
chmod 4755 "$RUN/suid"
check "as does what is set-user-ID, without root's rights" \
	ran 0 "${changed/raw: 6 /raw: *}" "" "$WALTZIZE" -b "$RUN/suid"
# shellcheck disable=SC2016 # for sh
below='mkdir "$0" && echo $$ >"$0/cgroup.procs" && exec "$1"'
check "as does what goes into a cgroup below" ran 0 "$changed" "" \
	"$WALTZIZE" -b sh -c "d=$CGROUP/waltzize-\$\$/below; exec sh -c '$below' \$d $STATIC"
check "the exit status is COMMAND's" ran 7 "" "" "$WALTZIZE" -b sh -c 'exit 7'
check "it is the same process, and hears signals" is_itself --bpf

# -v: before, and when all is over, by another process.
counted_4()
{
	whole "$RUN/err"
	matches "$REPLY" "*in the cgroup $CGROUP/waltzize-*protocol 253: 4"
}
check "-v says where" ran 0 "$changed" "*in the cgroup $CGROUP/waltzize-*" \
	"$WALTZIZE" -v --bpf "$STATIC"
check "and how many it were" wait_for counted_4

start_in A "$WALTZIZE" --bpf "$STATIC" listen 8000
server=$REPLY
check "two static programs: a server listens on Waltz" wait_for is_listening waltz
check "who is not in the cgroup is left alone" ran 0 "$plain" "" "$STATIC"
check "the client talks to it" ran 0 hello "" run_in_a "$WALTZIZE" --bpf "$STATIC" connect 8000
check "the server ends well" ends $server 0

# What COMMAND leaves running is still in the cgroup.
run run_in_a "$WALTZIZE" --bpf sh -c "$STATIC listen 8000 >/dev/null 2>&1 &"
check "what it leaves running stays with Waltz" wait_for is_listening waltz
check "to its end" ran 0 hello "" run_in_a "$WALTZIZE" --bpf "$STATIC" connect 8000

check "all cgroups go with their last process" wait_for no_cgroup
absent_bpf()
{
	absent --bpf "$STATIC"
}
check "without the module COMMAND does not start" absent_bpf
check "nor without cgroups" refused 125 "--bpf: no cgroup v2 is mounted*" \
	unshare --mount sh -c "umount -l /sys/fs/cgroup && exec $WALTZIZE --bpf $STATIC"
check "nor who is not root" refused 125 "--bpf: *root*" \
	setpriv --bounding-set=-all --inh-caps=-all "$WALTZIZE" --bpf "$STATIC"
