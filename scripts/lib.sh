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

# The kernel whose source gives kselftest and checkpatch to all lanes.
# shellcheck disable=SC2034
WALTZ_SOURCE=$WALTZ_CACHE/source-6.1
# shellcheck disable=SC2034
KSFT_DIR=$WALTZ_SOURCE/tools/testing/selftests

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

# series_ok NAME: whether NAME is a series that we know.
series_ok()
{
	local s

	for s in "${WALTZ_SERIES[@]}"; do
		[ "$s" = "$1" ] && return
	done
	return 1
}

# kernel_dir NAME: directory of a cached kernel, by series or by full release.
# Below it: release, vmlinux, root/ (the unpacked packages), headers (a link).
kernel_dir()
{
	local dir=$WALTZ_CACHE/kernels/$1

	[ -f "$dir/release" ] && (cd "$dir" && pwd -P)
}

# need_kernel NAME STATUS: the same, fetching the kernel first if it is missing.
need_kernel()
{
	kernel_dir "$1" && return
	series_ok "$1" ||
		fail "$2" "no kernel '$1': choose one of ${WALTZ_SERIES[*]}"
	"$WALTZ_TOP/scripts/deps" --kernel "$1" >&2 || exit "$2"
	kernel_dir "$1"
}
