// SPDX-License-Identifier: GPL-2.0
/*
 * What sock_diag sees: a walk over all tables that can be interrupted, a
 * look-up, an end by order, and the news that a socket was destroyed. All that
 * waltz.ko exports is here; waltz_diag.ko makes messages of it.
 */
#include <linux/module.h>
#include <linux/sock_diag.h>

#include "diag.h"
#include "request.h"
#include "timewait.h"
#include "user.h"

/* A connection goes from the second to the third and from there to the fourth,
 * and is in its new place before it leaves the old one: it is seen.
 */
enum { LISTENERS, HALF_OPEN, LIVE, RECORDS, END };

/* Looked at without letting others run. */
#define RUN	64

struct batch {
	const struct net *net;
	struct waltz_diag_pos pos;
	waltz_diag_filter wanted;
	void *arg;
	struct waltz_diag_entry *entries;
	unsigned int n;
	unsigned int max;
};

static u64 sock_cookie(struct sock *sk)
{
	u32 half[2];

	sock_diag_save_cookie(sk, half);
	return (u64)half[1] << 32 | half[0];
}

static void entry_of_sock(struct waltz_diag_entry *e, struct sock *sk)
{
	*e = (struct waltz_diag_entry) {
		.sk = sk,
		.cookie = sock_cookie(sk),
		.state = (u8)READ_ONCE(sk->sk_state),
	};
	waltz_sock_key(&e->key, sk);
}

static void entry_of_request(struct waltz_diag_entry *e,
			     const struct waltz_request *req)
{
	long left = (long)(req->timer.expires - jiffies);

	*e = (struct waltz_diag_entry) {
		.key = {
			.net = sock_net(req->listener),
			.laddr = req->key_laddr,
			.raddr = req->key_raddr,
			.lport = req->key_lport,
			.rport = req->key_rport,
			.hash = req->hash,
			.dif = req->dif,
		},
		.left_ms = jiffies_to_msecs(max(left, 0L)),
		.mark = READ_ONCE(req->listener->sk_mark),
		.seq = req->hs.iss,
		.state = TCP_SYN_RECV,
		.timer = 1,
		.retries = req->retries,
	};
	e->cookie = waltz_record_cookie(&e->key, e->seq);
}

static void entry_of_tw(struct waltz_diag_entry *e, const struct waltz_key *key,
			const struct waltz_tw_info *info)
{
	*e = (struct waltz_diag_entry) {
		.key = *key,
		.left_ms = info->left_ms,
		.seq = info->view.snd_nxt,
		.state = info->view.fin_wait2 ? TCP_FIN_WAIT2 : TCP_TIME_WAIT,
		.timer = 3,
	};
	e->cookie = waltz_record_cookie(&e->key, e->seq);
}

/* Keep the lowest cookies that are above the last. */
static void keep(struct batch *b, const struct waltz_diag_entry *e)
{
	unsigned int i;

	if (e->cookie <= b->pos.after || !b->wanted(e, b->arg))
		return;
	if (b->n < b->max) {
		i = b->n++;
	} else {
		i = b->n - 1;
		if (b->entries[i].cookie < e->cookie)
			return;
		waltz_diag_put(&b->entries[i]);
	}
	for (; i && b->entries[i - 1].cookie > e->cookie; i--)
		b->entries[i] = b->entries[i - 1];
	b->entries[i] = *e;
	b->entries[i].pos = b->pos;
	b->entries[i].pos.after = e->cookie;
	/* In a table there is the reference of its creation, too. */
	if (e->sk)
		sock_hold(e->sk);
}

static int visit_sock(struct sock *sk, void *arg)
{
	struct waltz_diag_entry e;
	struct batch *b = arg;

	if (net_eq(sock_net(sk), b->net)) {
		entry_of_sock(&e, sk);
		keep(b, &e);
	}
	return 0;
}

static int visit_request(const struct waltz_request *req, void *arg)
{
	struct waltz_diag_entry e;
	struct batch *b = arg;

	if (net_eq(sock_net(req->listener), b->net)) {
		entry_of_request(&e, req);
		keep(b, &e);
	}
	return 0;
}

static unsigned int places(u32 table)
{
	switch (table) {
	case LISTENERS:
		return waltz_listen_buckets();
	case HALF_OPEN:
		return waltz_request_buckets();
	default:
		return waltz_buckets() - waltz_listen_buckets();
	}
}

/* The rest of a bucket; behind its last entry comes the next one. */
static void take_bucket(struct batch *b)
{
	switch (b->pos.table) {
	case LISTENERS:
		waltz_walk_bucket(b->pos.place, visit_sock, b);
		break;
	case HALF_OPEN:
		waltz_request_walk(b->pos.place, visit_request, b);
		break;
	case LIVE:
		waltz_walk_bucket(waltz_listen_buckets() + b->pos.place,
				  visit_sock, b);
		break;
	}
	if (b->n)
		return;
	b->pos.after = 0;
	if (++b->pos.place == places(b->pos.table)) {
		b->pos.place = 0;
		b->pos.table++;
	}
}

static void take_records(struct batch *b)
{
	struct waltz_net *wn = waltz_net(b->net);
	struct waltz_diag_entry e;
	struct waltz_tw_info info;
	struct waltz_key key;
	unsigned int i;

	rcu_read_lock();
	for (i = 0; i < RUN && b->n < b->max; i++) {
		if (!waltz_tw_next(wn, &b->pos.place, &key, &info)) {
			b->pos.table = END;
			break;
		}
		entry_of_tw(&e, &key, &info);
		e.pos = b->pos;
		if (b->wanted(&e, b->arg))
			b->entries[b->n++] = e;
	}
	rcu_read_unlock();
}

/**
 * waltz_diag_protocol() - which number the module was loaded with
 */
u8 waltz_diag_protocol(void)
{
	return waltz_protocol;
}
EXPORT_SYMBOL_GPL(waltz_diag_protocol);

/**
 * waltz_diag_next() - a few sockets and records
 * @net: of this namespace
 * @pos: where to go on, an entry's @pos; zeroed: at the beginning. At the end
 *	it is moved there
 * @wanted: which ones
 * @arg: for @wanted
 * @entries: filled in; each is to be waltz_diag_put()
 * @max: how many there is room for, one or more
 *
 * Context: process, no locks; may sleep.
 * Return: how many there are; 0: no more.
 */
unsigned int waltz_diag_next(struct net *net, struct waltz_diag_pos *pos,
			     waltz_diag_filter wanted, void *arg,
			     struct waltz_diag_entry *entries,
			     unsigned int max)
{
	struct batch b = {
		.net = net,
		.pos = *pos,
		.wanted = wanted,
		.arg = arg,
		.entries = entries,
		.max = max,
	};
	unsigned int i;

	for (i = 1; !b.n && b.pos.table < END; i++) {
		if (b.pos.table == RECORDS)
			take_records(&b);
		else
			take_bucket(&b);
		if (i % RUN == 0 || b.pos.table == RECORDS)
			cond_resched();
	}
	if (!b.n)
		*pos = b.pos;
	return b.n;
}
EXPORT_SYMBOL_GPL(waltz_diag_next);

/**
 * waltz_diag_put() - an entry is not needed any more
 * @entry: the entry
 */
void waltz_diag_put(struct waltz_diag_entry *entry)
{
	if (entry->sk)
		sock_put(entry->sk);
}
EXPORT_SYMBOL_GPL(waltz_diag_put);

struct wanted {
	const struct waltz_key *key;
	u64 cookie;
	struct waltz_diag_entry *entry;
};

/* Of several listeners with the same names, as SO_REUSEPORT allows. */
static int visit_listener(struct sock *sk, void *arg)
{
	struct wanted *w = arg;

	if (!net_eq(sock_net(sk), w->key->net) ||
	    inet_sk(sk)->inet_sport != w->key->lport ||
	    sock_cookie(sk) != w->cookie)
		return 0;
	sock_hold(sk);
	entry_of_sock(w->entry, sk);
	return 1;
}

static int visit_one_request(const struct waltz_request *req, void *arg)
{
	entry_of_request(arg, req);
	return 1;
}

static bool find_listener(const struct waltz_key *key, const u64 *cookie,
			  struct waltz_diag_entry *entry)
{
	struct wanted w = { .key = key, .entry = entry };
	unsigned int i;
	struct sock *sk;

	if (cookie) {
		w.cookie = *cookie;
		for (i = 0; i < waltz_listen_buckets(); i++)
			if (waltz_walk_bucket(i, visit_listener, &w))
				return true;
		return false;
	}
	rcu_read_lock();
	sk = waltz_lookup_listener(key);
	if (sk && !refcount_inc_not_zero(&sk->sk_refcnt))
		sk = NULL;
	rcu_read_unlock();
	if (sk)
		entry_of_sock(entry, sk);
	return sk;
}

static bool find_live(const struct waltz_key *key,
		      struct waltz_diag_entry *entry)
{
	struct sock *sk;

	rcu_read_lock();
	sk = waltz_lookup_established(key);
	rcu_read_unlock();
	if (sk)
		entry_of_sock(entry, sk);
	return sk;
}

static bool find_tw(const struct waltz_key *key, struct waltz_diag_entry *entry)
{
	struct waltz_tw_info info;

	if (!waltz_tw_get(waltz_net(key->net), key, &info))
		return false;
	entry_of_tw(entry, key, &info);
	return true;
}

/* In the order of look-up, and again if it moved meanwhile (locking.rst). */
static bool find_connection(const struct waltz_key *key,
			    struct waltz_diag_entry *entry)
{
	u32 generation;

	do {
		generation = waltz_generation(key);
		if (find_live(key, entry) ||
		    waltz_request_visit(key, visit_one_request, entry) ||
		    find_tw(key, entry))
			return true;
	} while (generation != waltz_generation(key));
	return false;
}

/**
 * waltz_diag_find() - one socket or record
 * @net: of this namespace
 * @id: its names, and its cookie or INET_DIAG_NOCOOKIE
 * @entry: filled in; to be waltz_diag_put()
 *
 * Context: process.
 * Return: 0 or -ENOENT.
 */
int waltz_diag_find(struct net *net, const struct inet_diag_sockid *id,
		    struct waltz_diag_entry *entry)
{
	u64 want = (u64)id->idiag_cookie[1] << 32 | id->idiag_cookie[0];
	bool any = want == ~0ull;
	struct waltz_key key;

	waltz_key_init(&key, net, id->idiag_src[0], id->idiag_sport,
		       id->idiag_dst[0], id->idiag_dport);
	key.dif = id->idiag_if;
	if (find_connection(&key, entry)) {
		if (any || entry->cookie == want)
			return 0;
		waltz_diag_put(entry);
	}
	return find_listener(&key, any ? NULL : &want, entry) ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(waltz_diag_find);

/**
 * waltz_diag_kill() - SOCK_DESTROY
 * @entry: of what
 *
 * Context: process.
 * Return: 0; -EPERM without CAP_NET_ADMIN; -ENOENT when it has gone.
 */
int waltz_diag_kill(const struct waltz_diag_entry *entry)
{
	struct waltz_net *wn = waltz_net(entry->key.net);
	bool ended;

	if (entry->sk)
		return sock_diag_destroy(entry->sk, ECONNABORTED);
	if (!ns_capable(entry->key.net->user_ns, CAP_NET_ADMIN))
		return -EPERM;
	if (entry->timer == 3) {
		ended = waltz_tw_kill(wn, &entry->key, entry->seq);
	} else {
		ended = waltz_request_abort(&entry->key, entry->seq);
		if (ended) {
			local_bh_disable();
			WALTZ_INC(wn, ABORT_KILLED);
			local_bh_enable();
		}
	}
	return ended ? 0 : -ENOENT;
}
EXPORT_SYMBOL_GPL(waltz_diag_kill);

/**
 * waltz_diag_numbers() - queues and the timer, as /proc shows them, too
 * @sk: the socket
 * @r: its idiag_timer, _retrans, _expires, _rqueue and _wqueue are set
 *
 * Context: any.
 */
void waltz_diag_numbers(struct sock *sk, struct inet_diag_msg *r)
{
	/* TCP's numbers: retransmission, probe, keepalive. The nearest of what
	 * there is to retransmit.
	 */
	static const struct { u8 timer, number; } shown[] = {
		{ WALTZ_TIMER_RETRANSMIT, 1 },
		{ WALTZ_TIMER_REORDER, 1 },
		{ WALTZ_TIMER_LOSS_PROBE, 1 },
		{ WALTZ_TIMER_PROBE, 4 },
		{ WALTZ_TIMER_KEEPALIVE, 2 },
	};
	const struct waltz_sock *ws = waltz_sk(sk);
	unsigned int i;

	r->idiag_timer = 0;
	r->idiag_retrans = 0;
	r->idiag_expires = 0;
	if (READ_ONCE(sk->sk_state) == TCP_LISTEN) {
		r->idiag_rqueue = READ_ONCE(sk->sk_ack_backlog);
		r->idiag_wqueue = READ_ONCE(sk->sk_max_ack_backlog);
		return;
	}
	r->idiag_rqueue = max_t(int, READ_ONCE(ws->rcv_nxt) -
				     READ_ONCE(ws->copied_seq), 0);
	r->idiag_wqueue = max_t(int, READ_ONCE(ws->write_seq) -
				     READ_ONCE(ws->snd_una), 0);
	for (i = 0; i < ARRAY_SIZE(shown); i++) {
		u32 left;

		if (!waltz_timer_armed(ws, shown[i].timer))
			continue;
		left = jiffies_to_msecs(waltz_timer_left(ws, shown[i].timer));
		if (r->idiag_timer && (r->idiag_timer != shown[i].number ||
				       left >= r->idiag_expires))
			continue;
		r->idiag_timer = shown[i].number;
		r->idiag_expires = left;
	}
	if (r->idiag_timer == 1)
		r->idiag_retrans = ws->backoff;
	else if (r->idiag_timer)
		r->idiag_retrans = ws->probes_sent;
}
EXPORT_SYMBOL_GPL(waltz_diag_numbers);

/**
 * waltz_diag_info() - what TCP_INFO, WALTZ_INFO and TCP_CONGESTION say
 * @sk: the socket
 * @tcp: filled in
 * @own: filled in
 * @cong: set to a name that stays
 *
 * Context: process, may sleep.
 */
void waltz_diag_info(struct sock *sk, struct tcp_info *tcp,
		     struct waltz_info *own, const char **cong)
{
	bool slow = lock_sock_fast(sk);

	waltz_tcp_info(sk, tcp);
	waltz_own_info(sk, own);
	*cong = waltz_sk(sk)->rec.cong.ops->name;
	unlock_sock_fast(sk, slow);
}
EXPORT_SYMBOL_GPL(waltz_diag_info);

static int fill_destroyed(struct sk_buff *skb, struct sock *sk)
{
	struct waltz_info own;
	struct tcp_info tcp;
	struct inet_diag_msg *r;
	struct nlmsghdr *nlh;

	nlh = nlmsg_put(skb, 0, 0, SOCK_DIAG_BY_FAMILY, sizeof(*r), 0);
	if (!nlh)
		return -EMSGSIZE;
	r = nlmsg_data(nlh);
	memset(r, 0, sizeof(*r));
	r->idiag_family = AF_INET;
	r->idiag_state = sk->sk_state;
	r->id.idiag_sport = inet_sk(sk)->inet_sport;
	r->id.idiag_dport = inet_sk(sk)->inet_dport;
	r->id.idiag_src[0] = inet_sk(sk)->inet_rcv_saddr;
	r->id.idiag_dst[0] = inet_sk(sk)->inet_daddr;
	r->id.idiag_if = sk->sk_bound_dev_if;
	sock_diag_save_cookie(sk, r->id.idiag_cookie);
	waltz_diag_numbers(sk, r);
	waltz_tcp_info(sk, &tcp);
	waltz_own_info(sk, &own);
	if (nla_put_u8(skb, INET_DIAG_PROTOCOL, waltz_protocol) ||
	    nla_put_64bit(skb, INET_DIAG_INFO, sizeof(tcp), &tcp,
			  INET_DIAG_PAD) ||
	    nla_put(skb, WALTZ_DIAG_INFO, sizeof(own), &own))
		return -EMSGSIZE;
	nlmsg_end(skb, nlh);
	return 0;
}

/**
 * waltz_diag_destroyed() - tell who wants to hear that a socket is destroyed
 * @sk: the socket, which still has its names
 *
 * TCP's multicast group would have it, too, but there nobody expects any
 * other protocol.
 *
 * Context: any; socket lock held, or nobody else can know it.
 */
void waltz_diag_destroyed(struct sock *sk)
{
	struct sock *nlsk = sock_net(sk)->diag_nlsk;
	struct sk_buff *skb;

	if (!nlsk || !netlink_has_listeners(nlsk, WALTZ_DIAG_DESTROYED))
		return;
	skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		return;
	if (fill_destroyed(skb, sk)) {
		nlmsg_free(skb);
		return;
	}
	nlmsg_multicast(nlsk, skb, 0, WALTZ_DIAG_DESTROYED, GFP_ATOMIC);
}
