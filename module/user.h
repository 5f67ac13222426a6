/* SPDX-License-Identifier: GPL-2.0 */
/* What the system calls enter by: process context. */
#ifndef _WALTZ_USER_H
#define _WALTZ_USER_H

#include <linux/poll.h>
#include "waltz.h"

int waltz_sock_init(void);
void waltz_sock_exit(void);
int waltz_listen(struct socket *sock, int backlog);

/* stream_user.c */
int waltz_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int waltz_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags,
		  int *addr_len);
int waltz_ioctl(struct sock *sk, int cmd, waltz_ioctl_t arg);
__poll_t waltz_poll(struct file *file, struct socket *sock, poll_table *wait);
bool waltz_memory_free(const struct sock *sk, int wake);
void waltz_splice_eof(struct socket *sock);
int waltz_set_rcvlowat(struct sock *sk, int val);

/* options.c */
int waltz_setsockopt(struct sock *sk, int level, int name, sockptr_t val,
		     unsigned int len);
int waltz_getsockopt(struct sock *sk, int level, int name, char __user *val,
		     int __user *len);
void waltz_set_keepalive(struct sock *sk, int on);
struct tcp_info;
void waltz_tcp_info(struct sock *sk, struct tcp_info *info);
void waltz_own_info(const struct sock *sk, struct waltz_info *info);

#endif /* _WALTZ_USER_H */
