// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/net/waltz (sockets and records, in the columns of /proc/net/tcp),
 * /proc/net/waltz_stat (counters) and /proc/net/waltz_fsm (transitions).
 */
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>

#include "diag.h"
#include "memory.h"
#include "request.h"
#include "timewait.h"
#include "waltz.h"

/* ---- /proc/net/waltz ---- */

struct line {
	struct seq_file *m;
	struct net *net;
	unsigned int number;
};

static void print_names(struct line *l, __be32 laddr, u16 lport, __be32 raddr,
			u16 rport, unsigned int state)
{
	seq_printf(l->m, "%4u: %08X:%04X %08X:%04X %02X", l->number++,
		   (__force u32)laddr, lport, (__force u32)raddr, rport, state);
}

static unsigned long ms_to_clock_t(u32 ms)
{
	return jiffies_to_clock_t(msecs_to_jiffies(ms));
}

/* A record has no queues, no inode, and nobody refers to it. */
static void print_record(struct line *l, unsigned int timer, u32 left_ms,
			 unsigned int retries, uid_t uid)
{
	seq_printf(l->m, " 00000000:00000000 %02X:%08lX %08X %5u %8d %d %d %pK\n",
		   timer, ms_to_clock_t(left_ms), retries, uid, 0, 0, 0, NULL);
}

static int print_sock(struct sock *sk, void *arg)
{
	const struct waltz_sysctls *s = &waltz_net(sock_net(sk))->sysctls;
	const struct waltz_sock *ws = waltz_sk(sk);
	const struct inet_sock *inet = inet_sk(sk);
	u32 mss = READ_ONCE(ws->mss) ?: WALTZ_MSS_DEFAULT;
	u32 ssthresh = READ_ONCE(ws->rec.cong.ssthresh);
	struct inet_diag_msg n;
	struct line *l = arg;
	int state;

	if (!net_eq(sock_net(sk), l->net))
		return 0;
	state = READ_ONCE(sk->sk_state);
	waltz_diag_numbers(sk, &n);
	print_names(l, inet->inet_rcv_saddr, ntohs(inet->inet_sport),
		    inet->inet_daddr, ntohs(inet->inet_dport), state);
	seq_printf(l->m, " %08X:%08X %02X:%08lX %08X %5u %8d %lu %d %pK %lu %lu %u %u %d\n",
		   state == TCP_LISTEN ? 0 : n.idiag_wqueue, n.idiag_rqueue,
		   n.idiag_timer, ms_to_clock_t(n.idiag_expires), ws->backoff,
		   from_kuid_munged(seq_user_ns(l->m), sock_i_uid(sk)),
		   ws->probes_sent, sock_i_ino(sk),
		   refcount_read(&sk->sk_refcnt), sk,
		   ms_to_clock_t(waltz_rtt_backoff(&ws->rtt, ws->backoff) /
				 USEC_PER_MSEC),
		   ms_to_clock_t(READ_ONCE(s->delack_ms)),
		   ws->quickacks << 1 | ws->delayed_acks,
		   ws->rec.cong.cwnd / mss,
		   ssthresh == WALTZ_SSTHRESH_INIT ? -1 : (int)(ssthresh / mss));
	return seq_has_overflowed(l->m) ? 1 : 0;
}

static int print_request(const struct waltz_request *req, void *arg)
{
	struct line *l = arg;
	long left = (long)(req->timer.expires - jiffies);

	if (!net_eq(sock_net(req->listener), l->net))
		return 0;
	print_names(l, req->key_laddr, ntohs(req->key_lport), req->key_raddr,
		    ntohs(req->key_rport), TCP_SYN_RECV);
	/* Its listener's owner will be its own. */
	print_record(l, 1, jiffies_to_msecs(max(left, 0L)), req->retries,
		     from_kuid_munged(seq_user_ns(l->m),
				      sock_i_uid(req->listener)));
	return seq_has_overflowed(l->m) ? 1 : 0;
}

static void print_tw(struct line *l, const struct waltz_key *key,
		     const struct waltz_tw_info *info)
{
	print_names(l, key->laddr, ntohs(key->lport), key->raddr,
		    ntohs(key->rport), info->view.fin_wait2 ?
		    TCP_FIN_WAIT2 : TCP_TIME_WAIT);
	print_record(l, 3, info->left_ms, 0, 0);
}

/*
 * One step of the file is a bucket of a table, or a run of TIME_WAIT records.
 * A position is the table (2 bits) over the place in it.
 */
#define POS_SHIFT	40
#define POS_SOCKS	1ull
#define POS_REQUESTS	2ull
#define POS_TW		3ull
#define POS_END		4ull
#define POS(table, i)	((loff_t)((table) << POS_SHIFT | (i)))
#define TW_RUN		64

struct walk {
	struct seq_net_private p;
	unsigned int number;
	u32 tw_next;
};

static void *walk_start(struct seq_file *m, loff_t *pos)
{
	struct walk *w = m->private;

	if (!*pos) {
		w->number = 0;
		return SEQ_START_TOKEN;
	}
	if (*pos >= POS(POS_END, 0))
		return NULL;
	w->tw_next = (u32)*pos;
	return pos;
}

static void *walk_next(struct seq_file *m, void *v, loff_t *pos)
{
	u64 table = *pos >> POS_SHIFT, i = *pos & ((1ull << POS_SHIFT) - 1);
	struct walk *w = m->private;

	if (v == SEQ_START_TOKEN)
		*pos = POS(POS_SOCKS, 0);
	else if (table == POS_SOCKS)
		*pos = i + 1 < waltz_buckets() ? POS(POS_SOCKS, i + 1) :
						 POS(POS_REQUESTS, 0);
	else if (table == POS_REQUESTS)
		*pos = i + 1 < waltz_request_buckets() ?
		       POS(POS_REQUESTS, i + 1) : POS(POS_TW, 0);
	else
		*pos = w->tw_next ? POS(POS_TW, w->tw_next) : POS(POS_END, 0);
	w->tw_next = 0;
	if (*pos >= POS(POS_END, 0))
		return NULL;
	return pos;
}

static void walk_stop(struct seq_file *m, void *v)
{
}

static void show_tw_run(struct seq_file *m, struct line *l, u32 from)
{
	struct walk *w = m->private;
	struct waltz_tw_info info;
	struct waltz_key key;
	unsigned int n;

	rcu_read_lock();
	for (n = 0; n < TW_RUN; n++) {
		w->tw_next = from;
		if (seq_has_overflowed(m) ||
		    !waltz_tw_next(waltz_net(l->net), &from, &key, &info))
			break;
		print_tw(l, &key, &info);
	}
	rcu_read_unlock();
	w->tw_next = n == TW_RUN ? from : 0;
}

static int walk_show(struct seq_file *m, void *v)
{
	struct walk *w = m->private;
	struct line l = {
		.m = m,
		.net = seq_file_net(m),
		.number = w->number,
	};
	loff_t pos;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
		return 0;
	}
	pos = *(loff_t *)v;
	switch (pos >> POS_SHIFT) {
	case POS_SOCKS:
		waltz_walk_bucket((u32)pos, print_sock, &l);
		break;
	case POS_REQUESTS:
		waltz_request_walk((u32)pos, print_request, &l);
		break;
	default:
		show_tw_run(m, &l, (u32)pos);
		break;
	}
	/* A step that overflowed the buffer is shown again, from here. */
	if (!seq_has_overflowed(m))
		w->number = l.number;
	return 0;
}

static const struct seq_operations walk_ops = {
	.start	= walk_start,
	.next	= walk_next,
	.stop	= walk_stop,
	.show	= walk_show,
};

/* ---- /proc/net/waltz_stat ---- */

static int stat_show(struct seq_file *m, void *v)
{
	struct net *net = m->private;
	struct waltz_net *wn = waltz_net(net);
	unsigned int i;
	int cpu;

	for (i = 0; i < WALTZ_MIB_MAX; i++) {
		unsigned long sum = 0;

		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(wn->mib, cpu)->count[i]);
		seq_printf(m, "%s %lu\n", waltz_mib_name(i), sum);
	}
	seq_printf(m, "sockets_now %d\n", sock_prot_inuse_get(net, &waltz_prot));
	seq_printf(m, "half_open_now %d\n", atomic_read(&wn->half_open));
	seq_printf(m, "orphans_now %d\n", atomic_read(&wn->orphans));
	seq_printf(m, "tw_now %u\n", waltz_tw_count(wn));
	seq_printf(m, "tw_peak %u\n", waltz_tw_peak(wn));
	/* Of the whole system, as in TCP's line of sockstat. */
	seq_printf(m, "sockets_allocated %lld\n",
		   percpu_counter_sum_positive(&waltz_sockets_allocated));
	seq_printf(m, "memory_pages %ld\n", waltz_memory_pages());
	seq_printf(m, "memory_pressure %d\n", !!READ_ONCE(waltz_memory_pressure));
	return 0;
}

/* ---- /proc/net/waltz_fsm ---- */

static int fsm_show(struct seq_file *m, void *v)
{
	struct waltz_net *wn = waltz_net(m->private);
	unsigned int i;
	int cpu;

	for (i = 0; i < waltz_transitions_count; i++) {
		const struct waltz_transition *t = &waltz_transitions[i];
		unsigned long sum = 0;

		for_each_possible_cpu(cpu)
			sum += READ_ONCE(per_cpu_ptr(wn->transitions,
						     cpu)->count[i]);
		seq_printf(m, "%s %s %s %lu\n", waltz_state_name(t->state),
			   waltz_event_name(t->event),
			   waltz_state_name(t->next), sum);
	}
	return 0;
}

/**
 * waltz_proc_init() - the files of a new namespace
 * @net: the namespace
 *
 * Return: 0 or -ENOMEM.
 */
int waltz_proc_init(struct net *net)
{
	if (!proc_create_net("waltz", 0444, net->proc_net, &walk_ops,
			     sizeof(struct walk)))
		return -ENOMEM;
	if (!proc_create_net_single("waltz_stat", 0444, net->proc_net,
				    stat_show, NULL))
		goto remove_walk;
	if (!proc_create_net_single("waltz_fsm", 0444, net->proc_net,
				    fsm_show, NULL))
		goto remove_stat;
	return 0;

remove_stat:
	remove_proc_entry("waltz_stat", net->proc_net);
remove_walk:
	remove_proc_entry("waltz", net->proc_net);
	return -ENOMEM;
}

/**
 * waltz_proc_exit() - the namespace goes
 * @net: the namespace
 */
void waltz_proc_exit(struct net *net)
{
	remove_proc_entry("waltz_fsm", net->proc_net);
	remove_proc_entry("waltz_stat", net->proc_net);
	remove_proc_entry("waltz", net->proc_net);
}
