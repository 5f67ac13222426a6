// SPDX-License-Identifier: GPL-2.0
/* How the kernel's IPv4 finds us: glue only. */
#include <linux/icmp.h>
#include <net/icmp.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/protocol.h>
#include <net/route.h>

#include "request.h"
#include "waltz.h"

static void reduce_mtu(struct sock *sk, u32 mtu)
{
	struct waltz_sock *ws = waltz_sk(sk);

	ws->mtu_info = (u16)min(mtu, 65535u);
	if (sock_owned_by_user(sk))
		ws->mtu_reduced = true;
	else
		waltz_mtu_reduced(sk);
}

/* A router knows a better one. Where the user has the socket, it will say so again. */
static void redirect(struct sock *sk, struct sk_buff *skb)
{
	struct dst_entry *dst;

	if (sock_owned_by_user(sk))
		return;
	dst = __sk_dst_check(sk, 0);
	if (dst)
		dst->ops->redirect(dst, sk, skb);
}

/* RFC 9293 3.9.2.2, RFC 5927: an error counts when it quotes a sequence
 * number in flight, and ends only a connection that is not synchronised yet.
 */
static void icmp_for_sock(struct sock *sk, struct sk_buff *skb, u32 info,
			  u32 seq)
{
	int type = icmp_hdr(skb)->type, code = icmp_hdr(skb)->code;
	struct waltz_sock *ws = waltz_sk(sk);
	bool opening, owned = sock_owned_by_user(sk);
	int err;

	if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN ||
	    !seq_between(seq, ws->snd_una, ws->snd_nxt))
		return;
	opening = (1 << sk->sk_state) & (TCPF_SYN_SENT | TCPF_SYN_RECV);
	switch (type) {
	case ICMP_REDIRECT:
		redirect(sk, skb);
		return;
	case ICMP_PARAMETERPROB:
		err = EPROTO;
		break;
	case ICMP_DEST_UNREACH:
		if (code > NR_ICMP_UNREACH)
			return;
		if (code == ICMP_FRAG_NEEDED) {
			reduce_mtu(sk, info);
			return;
		}
		err = icmp_err_convert[code].errno;
		break;
	case ICMP_TIME_EXCEEDED:
		err = EHOSTUNREACH;
		break;
	default:
		return;
	}
	if (opening && !owned) {
		WRITE_ONCE(sk->sk_err, err);
		waltz_event(sk, WALTZ_EV_UNREACHABLE, NULL);
	} else if (!owned && waltz_recverr(sk)) {
		WRITE_ONCE(sk->sk_err, err);
		sk_error_report(sk);
	} else {
		WRITE_ONCE(sk->sk_err_soft, err);
	}
}

/* net_protocol.err_handler: @skb holds what the error quotes of our segment.
 * Context: softirq, RCU read lock held.
 */
static int waltz_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const u8 *hdr = skb->data + iph->ihl * 4;
	struct net *net = dev_net(skb->dev);
	struct waltz_key key;
	struct sock *sk;

	waltz_key_init(&key, net, iph->saddr, *(const __be16 *)hdr,
		       iph->daddr, *(const __be16 *)(hdr + 2));
	waltz_key_device(&key, skb);
	sk = waltz_lookup_established(&key);
	if (!sk) {
		if (icmp_hdr(skb)->type == ICMP_DEST_UNREACH &&
		    icmp_hdr(skb)->code != ICMP_FRAG_NEEDED)
			waltz_request_unreachable(&key, waltz_wire_seq(hdr));
		return 0;
	}
	bh_lock_sock(sk);
	icmp_for_sock(sk, skb, info, waltz_wire_seq(hdr));
	bh_unlock_sock(sk);
	sock_put(sk);
	return 0;
}

static const struct net_protocol waltz_net_protocol = {
	.handler	= waltz_rcv,
	.err_handler	= waltz_err,
	.no_policy	= 1,
	.icmp_strict_tag_validation = 1,
};

static struct inet_protosw waltz_protosw = {
	.type		= SOCK_STREAM,
	.prot		= &waltz_prot,
	.ops		= &waltz_stream_ops,
	/* INET_PROTOSW_ICSK never: we are no inet_connection_sock. */
};

/**
 * waltz_inet_register() - segments and socket() find us from here on
 *
 * Return: 0 or a negative error.
 */
int waltz_inet_register(void)
{
	int err = waltz_offload_register();

	if (err)
		return err;
	if (inet_add_protocol(&waltz_net_protocol, waltz_protocol)) {
		waltz_offload_unregister();
		return -EBUSY;
	}
	waltz_protosw.protocol = waltz_protocol;
	inet_register_protosw(&waltz_protosw);
	return 0;
}

/**
 * waltz_inet_unregister() - and no more; waits for a grace period
 */
void waltz_inet_unregister(void)
{
	inet_unregister_protosw(&waltz_protosw);
	inet_del_protocol(&waltz_net_protocol, waltz_protocol);
	waltz_offload_unregister();
}
