// SPDX-License-Identifier: GPL-2.0
/*
 * net.waltz.*, one set for each namespace. One list gives names, places and
 * limits; Documentation/sysctl.rst explains them.
 */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "memory.h"
#include "waltz.h"

/* SYSCTL(field, lowest, highest) */
#define WALTZ_SYSCTLS(SYSCTL)						       \
	SYSCTL(time_wait_ms, WALTZ_TIME_WAIT_MIN_MS, WALTZ_TIME_WAIT_MAX_MS)   \
	SYSCTL(time_wait_max, 1, 1 << 24)				       \
	SYSCTL(fin_timeout_ms, WALTZ_TIME_WAIT_MIN_MS, WALTZ_TIME_WAIT_MAX_MS) \
	SYSCTL(max_half_open, 1, 1 << 20)				       \
	SYSCTL(max_orphans, 0, 1 << 20)					       \
	SYSCTL(syn_retries, 1, 127)					       \
	SYSCTL(synack_retries, 1, 20)					       \
	SYSCTL(retries, 1, 127)						       \
	SYSCTL(orphan_retries, 1, 127)					       \
	SYSCTL(rto_min_ms, 10, 60000)					       \
	SYSCTL(rto_max_ms, 1000, WALTZ_RTO_MAX_US / USEC_PER_MSEC)	       \
	SYSCTL(delack_ms, 4, 400)					       \
	SYSCTL(challenge_ms, 0, 10000)					       \
	SYSCTL(keepalive_time, 1, 32767)				       \
	SYSCTL(keepalive_intvl, 1, 32767)				       \
	SYSCTL(keepalive_probes, 1, 127)				       \
	SYSCTL(timestamps, 0, 1)					       \
	SYSCTL(window_scaling, 0, 1)					       \
	SYSCTL(sack, 0, 1)						       \
	SYSCTL(ecn, WALTZ_ECN_OFF, WALTZ_ECN_ACCEPT)			       \
	SYSCTL(abort_on_overflow, 0, 1)					       \
	SYSCTL(syncookies, 0, 2)					       \
	SYSCTL(syn_fin, 0, 1)						       \
	SYSCTL(mtu_probing, 0, 2)					       \
	SYSCTL(base_mss, 48, 65495)					       \
	SYSCTL(moderate_rcvbuf, 0, 1)

/* An array of pairs, in the order of the list. */
static int limits[][2] = {
#define LIMITS(field, low, high) { low, high },
	WALTZ_SYSCTLS(LIMITS)
#undef LIMITS
};

enum {
#define INDEX(field, low, high) INDEX_##field,
	WALTZ_SYSCTLS(INDEX)
#undef INDEX
};

static int mem_limits[2] = { 2048, 1 << 30 };

/* Three numbers, all of them or none: proc_dointvec_minmax() alone would take
 * those before the one it refuses.
 */
static int three_numbers(waltz_ctl_table *table, int write, void *buffer,
			 size_t *lenp, loff_t *ppos)
{
	struct ctl_table copy = *table;
	int *value = table->data, new[3];
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(new); i++)
		new[i] = READ_ONCE(value[i]);
	copy.data = new;
	err = proc_dointvec_minmax(&copy, write, buffer, lenp, ppos);
	for (i = 0; write && !err && i < ARRAY_SIZE(new); i++)
		WRITE_ONCE(value[i], new[i]);
	return err;
}

/* Pages of all namespaces: as for TCP, the initial one alone has a say. */
static int mem_pages[2] = { 1, 1 << 30 };

/* Likewise all or none, and none less than the one before it. */
static int three_steps(waltz_ctl_table *table, int write, void *buffer,
		       size_t *lenp, loff_t *ppos)
{
	struct ctl_table copy = *table;
	unsigned int i;
	int new[3], err;

	for (i = 0; i < ARRAY_SIZE(new); i++)
		new[i] = (int)READ_ONCE(waltz_sysctl_mem[i]);
	copy.data = new;
	err = proc_dointvec_minmax(&copy, write, buffer, lenp, ppos);
	if (!write || err)
		return err;
	if (new[0] > new[1] || new[1] > new[2])
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(new); i++)
		WRITE_ONCE(waltz_sysctl_mem[i], new[i]);
	return 0;
}

static struct ctl_table mem_table[] = {
	{
		.procname	= "mem",
		.maxlen		= 3 * sizeof(int),
		.mode		= 0644,
		.proc_handler	= three_steps,
		.extra1		= &mem_pages[0],
		.extra2		= &mem_pages[1],
	},
	WALTZ_SYSCTL_SENTINEL
};

static struct ctl_table_header *mem_header;

static const struct ctl_table template[] = {
#define ENTRY(field, low, high) {					       \
		.procname	= #field,				       \
		.data		= (void *)offsetof(struct waltz_sysctls, field), \
		.maxlen		= sizeof(int),				       \
		.mode		= 0644,					       \
		.proc_handler	= proc_dointvec_minmax,			       \
		.extra1		= &limits[INDEX_##field][0],			       \
		.extra2		= &limits[INDEX_##field][1],			       \
	},
	WALTZ_SYSCTLS(ENTRY)
#undef ENTRY
	{
		.procname	= "rmem",
		.data		= (void *)offsetof(struct waltz_sysctls, rmem),
		.maxlen		= 3 * sizeof(int),
		.mode		= 0644,
		.proc_handler	= three_numbers,
		.extra1		= &mem_limits[0],
		.extra2		= &mem_limits[1],
	},
	{
		.procname	= "wmem",
		.data		= (void *)offsetof(struct waltz_sysctls, wmem),
		.maxlen		= 3 * sizeof(int),
		.mode		= 0644,
		.proc_handler	= three_numbers,
		.extra1		= &mem_limits[0],
		.extra2		= &mem_limits[1],
	},
	WALTZ_SYSCTL_SENTINEL
};

/* Entries that count; older kernels want an empty one after them. */
#ifdef WALTZ_HAVE_SYSCTL_SZ
#define ENTRIES	ARRAY_SIZE(template)
#else
#define ENTRIES	(ARRAY_SIZE(template) - 1)
#endif

/**
 * waltz_sysctl_init() - net.waltz of a new namespace
 * @wn: the namespace
 *
 * Context: process.
 * Return: 0 or -ENOMEM.
 */
int waltz_sysctl_init(struct waltz_net *wn)
{
	struct ctl_table *table;
	unsigned int i;

	table = kmemdup(template, sizeof(template), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < ENTRIES; i++)
		table[i].data = (void *)&wn->sysctls +
				(unsigned long)table[i].data;
	wn->sysctl_header = waltz_register_sysctl(wn->net, "net/waltz", table,
						  ENTRIES);
	if (!wn->sysctl_header)
		goto free_table;
	if (!net_eq(wn->net, &init_net))
		return 0;
	mem_header = waltz_register_sysctl(wn->net, "net/waltz", mem_table, 1);
	if (mem_header)
		return 0;
	unregister_net_sysctl_table(wn->sysctl_header);
free_table:
	kfree(table);
	return -ENOMEM;
}

/**
 * waltz_sysctl_exit() - the namespace goes
 * @wn: the namespace
 */
void waltz_sysctl_exit(struct waltz_net *wn)
{
	const struct ctl_table *table = wn->sysctl_header->ctl_table_arg;

	if (net_eq(wn->net, &init_net))
		unregister_net_sysctl_table(mem_header);
	unregister_net_sysctl_table(wn->sysctl_header);
	kfree(table);
}
