// SPDX-License-Identifier: GPL-2.0
/* A network namespace comes and goes. */
#include <linux/percpu.h>
#include <net/inet_common.h>
#include <net/net_namespace.h>

#include "portmap.h"
#include "timewait.h"
#include "waltz.h"

unsigned int waltz_net_id __read_mostly;

static void default_sysctls(struct waltz_sysctls *s)
{
	*s = (struct waltz_sysctls) {
		.time_wait_ms		= 60000,
		.time_wait_max		= 1 << 20,
		.fin_timeout_ms		= 60000,
		.max_half_open		= 4096,
		.max_orphans		= 16384,
		/* 1+2+4+...+64 s and then once more: 3 minutes and over. */
		.syn_retries		= 7,
		.synack_retries		= 5,
		.retries		= 15,
		.orphan_retries		= 8,
		.rto_min_ms		= 200,
		.rto_max_ms		= WALTZ_RTO_MAX_US / USEC_PER_MSEC,
		.delack_ms		= 40,
		.challenge_ms		= 500,
		.keepalive_time		= 7200,
		.keepalive_intvl	= 75,
		.keepalive_probes	= 9,
		.timestamps		= 1,
		.window_scaling		= 1,
		.sack			= 1,
		.ecn			= WALTZ_ECN_ACCEPT,
		.syncookies		= WALTZ_COOKIES_PRESSURE,
		.mtu_probing		= WALTZ_MTU_BLACK_HOLES,
		.base_mss		= 1024,
		.moderate_rcvbuf	= 1,
		.rmem			= { 4096, 128 << 10, 6 << 20 },
		.wmem			= { 4096, 16 << 10, 4 << 20 },
	};
}

static int __net_init waltz_net_init(struct net *net)
{
	struct waltz_net *wn = waltz_net(net);
	int err = -ENOMEM;

	wn->net = net;
	default_sysctls(&wn->sysctls);
	waltz_cookies_init(&wn->cookies);
	wn->mib = alloc_percpu(struct waltz_mib);
	wn->transitions = alloc_percpu(struct waltz_transition_counts);
	wn->portmaps = waltz_portmaps_create();
	if (!wn->mib || !wn->transitions || !wn->portmaps)
		goto free_percpu;
	wn->tw = waltz_tw_create(wn);
	if (!wn->tw)
		goto free_percpu;
	err = inet_ctl_sock_create(&wn->ctl_sk, PF_INET, SOCK_RAW,
				   waltz_protocol, net);
	if (err)
		goto free_tw;
	err = waltz_sysctl_init(wn);
	if (err)
		goto free_ctl;
	err = waltz_proc_init(net);
	if (err)
		goto free_sysctl;
	return 0;

free_sysctl:
	waltz_sysctl_exit(wn);
free_ctl:
	inet_ctl_sock_destroy(wn->ctl_sk);
free_tw:
	waltz_tw_destroy(wn->tw);
free_percpu:
	waltz_portmaps_destroy(wn->portmaps);
	free_percpu(wn->transitions);
	free_percpu(wn->mib);
	return err;
}

/* No sockets are left (each holds the namespace), none of its segments is
 * being received (waltz_rcv() has looked at check_net() and a grace period
 * has passed), so no request is left either. Records are, and are purged.
 */
static void __net_exit waltz_net_exit(struct net *net)
{
	struct waltz_net *wn = waltz_net(net);

	waltz_proc_exit(net);
	waltz_sysctl_exit(wn);
	waltz_tw_destroy(wn->tw);
	inet_ctl_sock_destroy(wn->ctl_sk);
	WARN_ON_ONCE(atomic_read(&wn->half_open) || atomic_read(&wn->orphans));
	waltz_portmaps_destroy(wn->portmaps);
	free_percpu(wn->transitions);
	free_percpu(wn->mib);
}

static struct pernet_operations waltz_net_ops = {
	.init	= waltz_net_init,
	.exit	= waltz_net_exit,
	.id	= &waltz_net_id,
	.size	= sizeof(struct waltz_net),
};

/**
 * waltz_net_register() - for all namespaces there are and will be
 *
 * Return: 0 or a negative error.
 */
int waltz_net_register(void)
{
	return register_pernet_subsys(&waltz_net_ops);
}

/**
 * waltz_net_unregister() - the module goes
 */
void waltz_net_unregister(void)
{
	unregister_pernet_subsys(&waltz_net_ops);
}
