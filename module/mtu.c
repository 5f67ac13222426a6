// SPDX-License-Identifier: GPL-2.0
/*
 * Paths of a small MTU that do not tell: large segments vanish, and no ICMP error
 * comes (RFC 4821, RFC 2923 2.1). What to try is plpmtu.c's to say; send.c sends
 * the probes.
 */
#include <net/ip.h>

#include "waltz.h"

/* Does the path cut what is too large, instead of dropping it? Then nothing can be
 * found out, and nothing need be.
 */
static bool may_be_cut(struct sock *sk)
{
	const struct dst_entry *dst = __sk_dst_get(sk);

	return !dst || !ip_dont_fragment(sk, dst);
}

static u16 base_mss(const struct sock *sk)
{
	return (u16)READ_ONCE(waltz_net(sock_net(sk))->sysctls.base_mss);
}

static int mode(const struct sock *sk)
{
	return READ_ONCE(waltz_net(sock_net(sk))->sysctls.mtu_probing);
}

/**
 * waltz_mtu_begin() - a connection begins
 * @sk: the socket; its route's MTU is known
 *
 * Context: socket lock held, BH off.
 */
void waltz_mtu_begin(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);

	if (mode(sk) != WALTZ_MTU_ALWAYS || may_be_cut(sk))
		return;
	waltz_plpmtu_begin(&ws->plpmtu, base_mss(sk), waltz_most_mss(sk));
	waltz_sync_mss(sk, ws->pmtu);
}

/**
 * waltz_mtu_black_hole() - the first segment timed out again and again
 * @sk: the socket; something is outstanding
 *
 * A size that makes it smaller is tried. It is cut when it is sent again.
 *
 * Context: socket lock held, BH off.
 */
void waltz_mtu_black_hole(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u16 most = waltz_most_mss(sk);
	u32 options = most - waltz_text_of(sk, most);
	u16 size = waltz_plpmtu_lower(&ws->plpmtu, base_mss(sk), most,
				      ws->again_len + options);

	waltz_owned_by_me(sk);
	/* A window that was taken back refuses all sizes. */
	if (!mode(sk) || !size || !ws->snd_wnd || may_be_cut(sk))
		return;
	waltz_plpmtu_lowered(&ws->plpmtu, size, most);
	WALTZ_INC(waltz_net(sock_net(sk)), MTU_BLACK_HOLES);
	waltz_sync_mss(sk, ws->pmtu);
}

/**
 * waltz_mtu_probed() - has a probe passed, or was it lost?
 * @sk: the socket
 *
 * Context: socket lock held, BH off.
 */
void waltz_mtu_probed(struct sock *sk)
{
	struct waltz_sock *ws = waltz_sk(sk);
	u8 what = ws->rec.mtu_probe;

	if (likely(what <= WALTZ_MTU_PROBE_OUT))
		return;
	ws->rec.mtu_probe = WALTZ_MTU_PROBE_NONE;
	if (!ws->plpmtu.probe)
		return;		/* a time-out went down meanwhile */
	if (what == WALTZ_MTU_PROBE_LOST) {
		waltz_plpmtu_lost(&ws->plpmtu, (u32)ktime_get_seconds());
		return;
	}
	WALTZ_INC(waltz_net(sock_net(sk)), MTU_PROBES_PASSED);
	waltz_plpmtu_passed(&ws->plpmtu, (u32)ktime_get_seconds());
	waltz_sync_mss(sk, ws->pmtu);
}
