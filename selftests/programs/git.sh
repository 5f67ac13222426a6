#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# git daemon: clone, push, fetch.

# shellcheck source=selftests/programs/lib.sh
. "$(dirname "$0")/lib.sh"

programs 7 git

amount 10000000 500000
LARGE=$REPLY
amount 50 10
COMMITS=$REPLY
export GIT_CONFIG_NOSYSTEM=1 HOME=$RUN
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
# It would go on by itself in the background.
git config --global gc.auto 0
git config --global init.defaultBranch main
git config --global safe.directory '*'

# history_of FILE COUNT: so many commits, as git fast-import reads them; the first has
# FILE, each a line more in "log". To make them one by one takes long under emulation.
history_of()
{
	local i text=''

	for ((i = 1; i <= $2; i++)); do
		printf 'commit refs/heads/main\ncommitter a <a@b> %d +0000\ndata 4\nmore\n' $i
		if [ $i = 1 ]; then
			printf 'M 100644 inline file\ndata %d\n' "$(wc -c <"$1")"
			cat "$1"
			echo
		fi
		text+="line $i"$'\n'
		printf 'M 100644 inline log\ndata %d\n%s\n' ${#text} "$text"
	done
}

# head_is REPOSITORY REFERENCE COMMIT
head_is()
{
	same "$(git -C "$1" rev-parse "$2")" "$3"
}

# intact REPOSITORY: all objects are there, and are what their names say.
intact()
{
	WHY=$(git -C "$1" fsck --full --strict 2>&1)
	[ -z "$WHY" ]
}

try()
{
	name=clean
	make_file "$RUN/file" "$LARGE"
	# What cannot be packed, or hardly anything would be sent that can be lost.
	[ -z "$LOSSY" ] || {
		name=lossy
		head -c 2000000 /dev/urandom >"$RUN/file"
	}
	bare=$RUN/srv/$name clone=$RUN/$name
	git init -q --bare "$bare"
	git -C "$bare" config daemon.receivepack true
	history_of "$RUN/file" "$COMMITS" | git -C "$bare" fast-import --quiet || bail "no history"
	check "$IT: a clone of $COMMITS commits" runs A git clone -q "$URL/$name" "$clone"
	check "$IT: is intact" intact "$clone"
	check "$IT: with the file" equal "$clone/file" "$RUN/file"
	git -C "$clone" commit -q --allow-empty -m "from A"
	ours=$(git -C "$clone" rev-parse main)
	check "$IT: a push" runs A git -C "$clone" push -q origin main
	check "$IT: arrives" head_is "$bare" main "$ours"
	theirs=$(git -C "$bare" commit-tree "main^{tree}" -p main -m "from B")
	git -C "$bare" update-ref refs/heads/main "$theirs"
	check "$IT: a fetch" runs A git -C "$clone" fetch -q
	check "$IT: brings what is new" head_is "$clone" origin/main "$theirs"
}
mkdir "$RUN/srv"
URL=git://$ADDR_B:$PORT
serve git B $PORT git daemon --listen=$ADDR_B --port=$PORT --export-all --reuseaddr \
	--base-path="$RUN/srv" --enable=receive-pack "$RUN/srv"
on_each_network try
