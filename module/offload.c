// SPDX-License-Identifier: GPL-2.0
/*
 * Segmentation offload: a burst of full segments goes through the stack as one
 * packet, and is cut where a device wants to have segments. lo, veth, bridges
 * and tunnels pass it on whole.
 *
 * Its type is SCTP's: every device that leaves the cutting to software takes
 * it, and none does it in hardware, where our header would be mistaken for
 * another's. So it always comes here.
 */
#include <linux/ip.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/protocol.h>

#include "waltz.h"

/* What only the last segment says, and only the first. */
#define OF_THE_LAST	(WALTZ_FIN | WALTZ_PSH)
#define OF_THE_FIRST	WALTZ_CWR

/* A segment's own number, flags and checksum; the rest is a copy. */
static void finish(struct sk_buff *skb, u32 seq, u8 not_its)
{
	const struct iphdr *iph = ip_hdr(skb);
	u8 *hdr = skb_transport_header(skb);
	__sum16 *check = (__sum16 *)(hdr + WALTZ_HDR_CHECKSUM);
	u32 len = skb_tail_pointer(skb) - hdr + skb->data_len;

	waltz_wire_patch(hdr, seq, not_its);
	*check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, len,
				    waltz_protocol, 0);
	/* To the hardware; but a tunnel around it may want the sum so far. */
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		gso_reset_checksum(skb, ~csum_unfold(*check));
	else
		*check = gso_make_checksum(skb, ~csum_unfold(*check));
}

static void finish_all(struct sk_buff *segs, u32 mss)
{
	u32 seq = waltz_wire_seq(skb_transport_header(segs));
	struct sk_buff *skb;

	for (skb = segs; skb; skb = skb->next, seq += mss)
		finish(skb, seq, (skb == segs ? 0 : OF_THE_FIRST) |
				 (skb->next ? OF_THE_LAST : 0));
}

/* net_offload.gso_segment: @skb is at its transport header.
 * Return: the segments, NULL when it may go on as it is, or an error.
 */
static struct sk_buff *segment(struct sk_buff *skb, netdev_features_t features)
{
	u32 mss = skb_shinfo(skb)->gso_size;
	struct sk_buff *segs;
	unsigned int hdrlen;

	if (!(skb_shinfo(skb)->gso_type & SKB_GSO_SCTP) ||
	    skb->ip_summed != CHECKSUM_PARTIAL ||
	    skb_checksum_start(skb) != skb_transport_header(skb) ||
	    !pskb_may_pull(skb, WALTZ_HDR_LEN))
		return ERR_PTR(-EINVAL);
	hdrlen = waltz_wire_hdrlen(skb->data);
	if (hdrlen < WALTZ_HDR_LEN || !pskb_may_pull(skb, hdrlen))
		return ERR_PTR(-EINVAL);
	__skb_pull(skb, hdrlen);
	if (skb->len <= mss)
		return ERR_PTR(-EINVAL);
	if (skb_gso_ok(skb, features | NETIF_F_GSO_ROBUST)) {
		skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(skb->len, mss);
		return NULL;
	}
	/* A device that only knows TCP and UDP would sum the wrong thing, and
	 * one that fills in the rest of a header, too.
	 */
	if (!(features & NETIF_F_HW_CSUM))
		features &= ~NETIF_F_CSUM_MASK;
	features &= ~NETIF_F_GSO_PARTIAL;

	segs = skb_segment(skb, features);
	if (!IS_ERR(segs))
		finish_all(segs, mss);
	return segs;
}

static const struct net_offload waltz_offload = {
	.callbacks = {
		.gso_segment = segment,
	},
};

/**
 * waltz_offload_register() - from here on bursts may be sent
 *
 * Return: 0, or -EBUSY.
 */
int waltz_offload_register(void)
{
	return inet_add_offload(&waltz_offload, waltz_protocol) ? -EBUSY : 0;
}

/**
 * waltz_offload_unregister() - and no more; waits for a grace period
 *
 * One that is still in a queue is dropped there.
 */
void waltz_offload_unregister(void)
{
	inet_del_offload(&waltz_offload, waltz_protocol);
}

/**
 * waltz_burst_max() - how much text may go as one packet
 * @sk: the socket; its segment size is known
 *
 * As much as the device takes, and no more than 1 ms of the path's rate: what
 * goes at once is lost at once.
 *
 * Context: socket lock held.
 * Return: bytes, full segments; one segment where there is no offload.
 */
u32 waltz_burst_max(const struct sock *sk)
{
	const struct waltz_sock *ws = waltz_sk(sk);
	unsigned long ms = READ_ONCE(sk->sk_pacing_rate) >> 10;
	u32 segs;

	/* sk_can_gso() alone does not know that somebody has switched it off. */
	if (!(sk->sk_route_caps & NETIF_F_GSO) || !sk_can_gso(sk))
		return ws->mss;
	segs = min_t(unsigned long, ms, sk->sk_gso_max_size) / ws->mss;
	return clamp_t(u32, segs, 1, sk->sk_gso_max_segs) * ws->mss;
}
