// SPDX-License-Identifier: GPL-2.0
/* Load and unload. */
#include <linux/init.h>
#include <linux/module.h>

#include "request.h"
#include "timewait.h"
#include "user.h"
#include "waltz.h"

u8 waltz_protocol __read_mostly = IPPROTO_WALTZ;

static unsigned int protocol = IPPROTO_WALTZ;
module_param(protocol, uint, 0444);
MODULE_PARM_DESC(protocol, "IP protocol number: 253 (default) or 254, RFC 3692");

static int __init waltz_init(void)
{
	int err;

	if (protocol != 253 && protocol != 254) {
		pr_err("waltz: protocol=%u is not 253 or 254, the numbers for experiments\n",
		       protocol);
		return -EINVAL;
	}
	waltz_protocol = (u8)protocol;
	waltz_fsm_init();

	err = waltz_lookup_init();
	if (err)
		return err;
	err = waltz_ports_init();
	if (err)
		goto out_lookup;
	waltz_ephemeral_init();
	err = waltz_request_init();
	if (err)
		goto out_ports;
	err = waltz_tw_init();
	if (err)
		goto out_request;
	err = waltz_sock_init();
	if (err)
		goto out_tw;
	err = waltz_net_register();
	if (err)
		goto out_sock;
	err = waltz_inet_register();
	if (err)
		goto out_net;
	return 0;

out_net:
	waltz_net_unregister();
out_sock:
	waltz_sock_exit();
out_tw:
	waltz_tw_exit();
out_request:
	waltz_request_exit();
out_ports:
	waltz_ports_exit();
out_lookup:
	waltz_lookup_exit();
	return err;
}

/* Every socket holds the module, so there are none; records do not, and are
 * purged with their namespaces' tables.
 */
static void __exit waltz_exit(void)
{
	waltz_inet_unregister();
	waltz_net_unregister();
	/* Frees that wait for a grace period: requests, buckets, sockets. */
	rcu_barrier();
	waltz_sock_exit();
	waltz_tw_exit();
	waltz_request_exit();
	waltz_ports_exit();
	waltz_lookup_exit();
}

module_init(waltz_init);
module_exit(waltz_exit);

MODULE_DESCRIPTION("Waltz: a stream transport with its connection life cycle in the open");
MODULE_LICENSE("GPL");
/* socket(AF_INET, SOCK_STREAM, 253) loads the module. What inet_create() asks for
 * has numbers, and SOCK_STREAM, an enumerator, would stay a word.
 */
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET, 253, 1);
