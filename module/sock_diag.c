// SPDX-License-Identifier: GPL-2.0
/*
 * waltz_diag.ko: Waltz for sock_diag(7), with inet_diag's requests and answers,
 * as tcp_diag is TCP's. Where everything comes from is diag.c.
 */
#include <linux/inet_diag.h>
#include <linux/module.h>
#include <linux/sock_diag.h>
#include <net/inet_timewait_sock.h>

#include "diag.h"

/* At a time, on the stack. */
#define BATCH	8

struct request {
	const struct inet_diag_req_v2 *req;
	const struct inet_diag_dump_data *data;
};

/* inet_diag's filters look at a struct sock. To them a record is one of TCP's
 * TIME_WAIT, which is little more than its names.
 */
static bool filter_passes(const struct request *w,
			  const struct waltz_diag_entry *e)
{
	struct inet_timewait_sock names = {
		.tw_family = AF_INET,
		.tw_state = TCP_TIME_WAIT,
		.tw_mark = e->mark,
		.tw_num = ntohs(e->key.lport),
		.tw_dport = e->key.rport,
		.tw_rcv_saddr = e->key.laddr,
		.tw_daddr = e->key.raddr,
		.tw_bound_dev_if = e->key.dif,
	};

	return waltz_diag_bc_sk(w->data, e->sk ?: (struct sock *)&names);
}

static bool wanted(const struct waltz_diag_entry *e, void *arg)
{
	const struct request *w = arg;
	const struct inet_diag_sockid *id = &w->req->id;

	return (w->req->idiag_states & 1u << e->state) &&
	       (!id->idiag_sport || id->idiag_sport == e->key.lport) &&
	       (!id->idiag_dport || id->idiag_dport == e->key.rport) &&
	       filter_passes(w, e);
}

static int fill_record(const struct waltz_diag_entry *e, struct sk_buff *skb,
		       const struct netlink_callback *cb, u16 flags,
		       bool net_admin)
{
	struct inet_diag_msg *r;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			cb->nlh->nlmsg_type, sizeof(*r), flags);
	if (!nlh)
		return -EMSGSIZE;
	r = nlmsg_data(nlh);
	*r = (struct inet_diag_msg) {
		.idiag_family = AF_INET,
		.idiag_state = e->state,
		.idiag_timer = e->timer,
		.idiag_retrans = e->retries,
		.idiag_expires = e->left_ms,
		.id = {
			.idiag_sport = e->key.lport,
			.idiag_dport = e->key.rport,
			.idiag_src = { e->key.laddr },
			.idiag_dst = { e->key.raddr },
			.idiag_if = e->key.dif,
			.idiag_cookie = { (u32)e->cookie, e->cookie >> 32 },
		},
	};
	if (net_admin && nla_put_u32(skb, INET_DIAG_MARK, e->mark)) {
		nlmsg_cancel(skb, nlh);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, nlh);
	return 0;
}

/* What inet_diag itself can tell only of an inet_connection_sock. */
static int fill_info(struct sock *sk, struct sk_buff *skb, u8 ext)
{
	struct waltz_info own;
	struct tcp_info tcp;
	const char *cong;

	waltz_diag_info(sk, &tcp, &own, &cong);
	if ((ext & 1 << (INET_DIAG_INFO - 1)) &&
	    (nla_put_64bit(skb, INET_DIAG_INFO, sizeof(tcp), &tcp,
			   INET_DIAG_PAD) ||
	     nla_put(skb, WALTZ_DIAG_INFO, sizeof(own), &own)))
		return -EMSGSIZE;
	if ((ext & 1 << (INET_DIAG_CONG - 1)) &&
	    nla_put_string(skb, INET_DIAG_CONG, cong))
		return -EMSGSIZE;
	return 0;
}

#define EXT_INFO	(1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1))

static int fill_sock(struct sock *sk, struct sk_buff *skb,
		     struct netlink_callback *cb,
		     const struct inet_diag_req_v2 *req, u16 flags,
		     bool net_admin)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)skb_tail_pointer(skb);
	int err;

	err = inet_sk_diag_fill(sk, NULL, skb, cb, req, flags, net_admin);
	if (err || !(req->idiag_ext & EXT_INFO))
		return err;
	err = fill_info(sk, skb, req->idiag_ext);
	if (err)
		nlmsg_cancel(skb, nlh);
	else
		nlmsg_end(skb, nlh);
	return err;
}

static int fill_entry(const struct waltz_diag_entry *e, struct sk_buff *skb,
		      struct netlink_callback *cb,
		      const struct inet_diag_req_v2 *req, u16 flags)
{
	bool net_admin = netlink_net_capable(cb->skb, CAP_NET_ADMIN);

	return e->sk ? fill_sock(e->sk, skb, cb, req, flags, net_admin) :
		       fill_record(e, skb, cb, flags, net_admin);
}

/* Locks are held to look into the tables, not to write messages. An entry that
 * does not fit any more is the first of the next call.
 */
static void diag_dump(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct inet_diag_req_v2 *req)
{
	struct waltz_diag_pos *pos = (struct waltz_diag_pos *)cb->ctx;
	struct request w = { .req = req, .data = cb->data };
	struct net *net = sock_net(cb->skb->sk);
	struct waltz_diag_entry entries[BATCH];
	unsigned int n, i;
	int err = 0;

	BUILD_BUG_ON(sizeof(*pos) > sizeof(cb->ctx));
	if (req->sdiag_family != AF_INET && req->sdiag_family != AF_UNSPEC)
		return;
	do {
		n = waltz_diag_next(net, pos, wanted, &w, entries, BATCH);
		for (i = 0; i < n; i++) {
			if (!err)
				err = fill_entry(&entries[i], skb, cb, req,
						 NLM_F_MULTI);
			if (!err)
				*pos = entries[i].pos;
			waltz_diag_put(&entries[i]);
		}
	} while (n && !err);
}

static int find(struct net *net, const struct inet_diag_req_v2 *req,
		struct waltz_diag_entry *e)
{
	if (req->sdiag_family != AF_INET)
		return -ENOENT;
	return waltz_diag_find(net, &req->id, e);
}

static int diag_dump_one(struct netlink_callback *cb,
			 const struct inet_diag_req_v2 *req)
{
	struct net *net = sock_net(cb->skb->sk);
	struct waltz_diag_entry e;
	struct sk_buff *skb;
	int err;

	err = find(net, req, &e);
	if (err)
		return err;
	skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb) {
		err = -ENOMEM;
		goto out;
	}
	err = fill_entry(&e, skb, cb, req, 0);
	if (err)
		nlmsg_free(skb);
	else
		err = nlmsg_unicast(net->diag_nlsk, skb,
				    NETLINK_CB(cb->skb).portid);
out:
	waltz_diag_put(&e);
	return err;
}

static int diag_destroy(struct sk_buff *in_skb,
			const struct inet_diag_req_v2 *req)
{
	struct waltz_diag_entry e;
	int err;

	err = find(sock_net(in_skb->sk), req, &e);
	if (err)
		return err;
	err = waltz_diag_kill(&e);
	waltz_diag_put(&e);
	return err;
}

/* For inet_sk_diag_fill(), which asks for no info of what it does not know. */
static void diag_get_info(struct sock *sk, struct inet_diag_msg *r, void *info)
{
	waltz_diag_numbers(sk, r);
}

static struct inet_diag_handler handler = {
	WALTZ_DIAG_OWNER
	.dump			= diag_dump,
	.dump_one		= diag_dump_one,
	.idiag_get_info		= diag_get_info,
	.destroy		= IS_ENABLED(CONFIG_INET_DIAG_DESTROY) ?
				  diag_destroy : NULL,
	/* No idiag_info_size: sock_diag's own multicast group has no place for
	 * us, and all else is ours.
	 */
};

static int __init waltz_diag_init(void)
{
	handler.idiag_type = waltz_diag_protocol();
	return inet_diag_register(&handler);
}

static void __exit waltz_diag_exit(void)
{
	inet_diag_unregister(&handler);
}

module_init(waltz_diag_init);
module_exit(waltz_diag_exit);

MODULE_DESCRIPTION("Waltz sockets for sock_diag");
MODULE_LICENSE("GPL");
/* Who asks sock_diag for the protocol loads it; either number, as waltz.ko:
 * PF_NETLINK, NETLINK_SOCK_DIAG, AF_INET.
 */
MODULE_ALIAS("net-pf-16-proto-4-type-2-253");
MODULE_ALIAS("net-pf-16-proto-4-type-2-254");
