# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts share: where things are, and how they speak. Sourced, never
# run. The sourcing script sets PROG first.

WALTZ_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# Outside the checkout, so that a clean checkout does not download again, and
# several checkouts share one copy of the kernels.
WALTZ_CACHE=${WALTZ_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/waltz}

# The kernels that are built for and booted, each from its own suite.
WALTZ_SERIES=(6.1 6.12)

# Those that we build ourselves, see scripts/kernel: that first whose lanes take longest.
WALTZ_BUILT=(debug sim debug-smp)
# shellcheck disable=SC2034
WALTZ_KERNELS=("${WALTZ_SERIES[@]}" "${WALTZ_BUILT[@]}")

# The kernel whose source gives kselftest and checkpatch to all lanes.
# shellcheck disable=SC2034
WALTZ_SOURCE=$WALTZ_CACHE/source-6.1
# shellcheck disable=SC2034
KSFT_DIR=$WALTZ_SOURCE/tools/testing/selftests
# shellcheck disable=SC2034
WALTZ_TARBALL=$WALTZ_CACHE/linux-source-6.1.tar.xz

# Servers and clients that are tested with, unpacked: usr/, and list.
# shellcheck disable=SC2034
WALTZ_PROGRAMS=$WALTZ_CACHE/programs

# say MESSAGE...: progress, on stderr, so that stdout stays the result's.
say()
{
	[ -n "${WALTZ_QUIET:-}" ] || echo "${PROG:-waltz}: $*" >&2
}

# fail STATUS MESSAGE...: one line, what is wrong and what to do.
fail()
{
	local status=$1

	shift
	echo "${PROG:-waltz}: $*" >&2
	exit "$status"
}

# usage_of FILE: the text between the two "#:" markers of a script is its help.
usage_of()
{
	sed -n 's/^#: \{0,1\}//p' "$1"
}

# is_one_of WORD WORD...: whether the first is among the others.
is_one_of()
{
	local word=$1 other

	shift
	for other; do
		[ "$word" != "$other" ] || return 0
	done
	return 1
}

# series_ok NAME: whether NAME is a distribution's kernel that we know.
series_ok()
{
	is_one_of "$1" "${WALTZ_SERIES[@]}"
}

# built_ok NAME: whether NAME is a kernel that we build.
built_ok()
{
	is_one_of "$1" "${WALTZ_BUILT[@]}"
}

# kernel_arch NAME: what make calls the machine that a built kernel is for.
kernel_arch()
{
	case $1 in
	sim | debug) echo um ;;
	*) echo x86_64 ;;
	esac
}

# fragments_of NAME: files that make up the configuration of a built kernel.
fragments_of()
{
	local f files

	case $1 in
	sim) files=(common uml sim) ;;
	debug) files=(common uml checks debug) ;;
	debug-smp) files=(common checks debug-smp) ;;
	esac
	for f in "${files[@]}"; do
		echo "$WALTZ_TOP/scripts/configs/$f.config"
	done
}

# source_version: of linux-source; fails while it is not there.
source_version()
{
	awk '$2 == "=" && /^(VERSION|PATCHLEVEL|SUBLEVEL) / { v = v s $3; s = "." }
		END { print v; exit v == "" }' "$WALTZ_SOURCE/Makefile" 2>/dev/null
}

# kernel_key NAME: what a built kernel is built from, in 12 letters.
kernel_key()
{
	local version sum

	version=$(source_version) || return
	sum=$({
		echo "$version"
		fragments_of "$1" | xargs grep -h CONFIG_
	} | sha256sum)
	echo "${sum:0:12}"
}

# kernel_dir NAME: directory of a cached kernel, by series, name or full release.
# Below it: release, vmlinux, root/ (the unpacked packages), headers (a link).
kernel_dir()
{
	local dir=$WALTZ_CACHE/kernels/$1

	[ -f "$dir/release" ] || return
	if built_ok "$1"; then
		[ "$(readlink "$dir")" = "$1-$(kernel_key "$1")" ] || return
	fi
	(cd "$dir" && pwd -P)
}

# need_kernel NAME STATUS: the same, fetching the kernel first if it is missing.
# "uml" is the kernel of sim, booted without its simulation.
need_kernel()
{
	[ "$1" != uml ] || set -- sim "$2"
	kernel_dir "$1" && return
	is_one_of "$1" "${WALTZ_KERNELS[@]}" ||
		fail "$2" "no kernel '$1': choose one of ${WALTZ_KERNELS[*]} uml"
	"$WALTZ_TOP/scripts/deps" --kernel "$1" >&2 || exit "$2"
	kernel_dir "$1"
}
