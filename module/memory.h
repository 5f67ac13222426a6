/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of all sockets together, see memory.c. */
#ifndef _WALTZ_MEMORY_H
#define _WALTZ_MEMORY_H

#include <linux/percpu.h>
#include <linux/percpu_counter.h>
#include <net/sock.h>

extern struct percpu_counter waltz_sockets_allocated;
extern atomic_long_t waltz_memory_allocated;
DECLARE_PER_CPU(int, waltz_memory_fw_alloc);
extern unsigned long waltz_memory_pressure;
extern long waltz_sysctl_mem[3];
extern int waltz_no_minimum[1];

int waltz_memory_init(void);
void waltz_memory_exit(void);
void waltz_enter_memory_pressure(struct sock *sk);
void waltz_leave_memory_pressure(struct sock *sk);
long waltz_memory_pages(void);
bool waltz_must_go(struct sock *sk, unsigned int shift);
bool waltz_rmem_schedule(struct sock *sk, struct sk_buff *skb);
int waltz_wmem_schedule(struct sock *sk, int size);
void waltz_charge_accepted(struct sock *child);

#endif /* _WALTZ_MEMORY_H */
