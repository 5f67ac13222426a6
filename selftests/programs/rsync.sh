#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# rsync and its daemon: a tree there, its changes, and back.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 7 rsync

amount 20000000 1000000
LARGE=$REPLY
amount 100 30
FILES=$REPLY
mkdir "$RUN/tree" "$RUN/module"
cat >"$RUN/rsyncd.conf" <<END
address = $ADDR_B
port = $PORT
use chroot = no
reverse lookup = no
log file = $RUN/rsyncd.log
[module]
	path = $RUN/module
	read only = no
	munge symlinks = no
	uid = root
	gid = root
END
mkdir -p "$RUN/tree/"{0,1,2,3,4,5,6}/{0,1,2}
for ((i = 1; i <= FILES; i++)); do
	printf '%*d\n' $((i * 50)) $i >"$RUN/tree/$((i % 7))/$((i % 3))/$i"
done
ln -s 1/1 "$RUN/tree/link"

# sync OPTION... FROM TO: sets SENT, bytes.
sync()
{
	runs A rsync --archive --delete --stats "$@" || return
	SENT=$(sed -n 's/^Total bytes sent: //p' "$RUN/out")
	SENT=${SENT//,/}
	empty "$RUN/err"
}

# same_trees TREE TREE
same_trees()
{
	WHY=$(diff -r --no-dereference "$1" "$2" 2>&1 | head -n 3)
	[ -z "$WHY" ]
}

try()
{
	size=$LARGE
	[ -z "$LOSSY" ] || size=2000000
	make_file "$RUN/tree/large" "$size"
	rm -rf "$RUN/back" "${RUN:?}/module/"*
	check "$IT: $FILES files and one of $size bytes" sync "$RUN/tree/" "$URL"
	check "$IT: are at the other host" same_trees "$RUN/tree" "$RUN/module"
	echo change | dd of="$RUN/tree/large" bs=1 seek=$((size / 2)) conv=notrunc status=none
	rm "$RUN/tree/1/1/1" 2>/dev/null
	check "$IT: a change" sync --checksum "$RUN/tree/" "$URL"
	check "$IT: is all that is sent" at_most "$SENT" $((size / 5))
	check "$IT: the trees are equal" same_trees "$RUN/tree" "$RUN/module"
	check "$IT: and back, compressed" sync --compress "$URL" "$RUN/back/"
	check "$IT: nothing is missing" same_trees "$RUN/tree" "$RUN/back"
}
URL=rsync://$ADDR_B:$PORT/module/
serve rsync B $PORT rsync --daemon --no-detach --config "$RUN/rsyncd.conf"
on_each_network try
