// SPDX-License-Identifier: GPL-2.0
/*
 * Makes ss(8) ask for Waltz where it would ask for TCP: it cannot be told a
 * protocol's number. LD_PRELOAD=.../as_waltz.so ss -tani
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "waltz.h"

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*next)(int fd, const struct msghdr *msg, int flags) = dlsym(RTLD_NEXT, "sendmsg");
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 req;
	} *first = msg->msg_iov[0].iov_base;

	if (msg->msg_iov[0].iov_len >= sizeof(*first) &&
	    first->header.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
	    first->req.sdiag_protocol == IPPROTO_TCP)
		first->req.sdiag_protocol = IPPROTO_WALTZ;
	return next(fd, msg, flags);
}
