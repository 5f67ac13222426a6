// SPDX-License-Identifier: GPL-2.0
/*
 * What may be said with a message: flags, vectors with holes in them, many at
 * once, control messages, and how far SO_PEEK_OFF looks ahead.
 */
#include "api.h"

#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>

#ifndef TCP_INQ
#define TCP_INQ		36
#define TCP_CM_INQ	TCP_INQ
#endif

static long send_pattern(int fd, size_t len, int flags)
{
	static char buf[1 << 20];

	fill_pattern(buf, len, 0, 1);
	return rc(send(fd, buf, len, flags));
}

/* ---- zero length, and errors that come before it */

TEST_F(api, sending_nothing_fails_where_sending_fails)
{
	struct pair p = open_pair(_metadata);
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EPIPE, rc(send(fd, "", 0, MSG_NOSIGNAL)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "", 0, MSG_NOSIGNAL)));
	ASSERT_EQ(0, set_linger(p.client, 0));
	close(p.client);
	ASSERT_EQ(POLLERR, wait_events(p.server, 0) & POLLERR);
	/* The peer's FIN came first: a broken pipe. */
	EXPECT_EQ(-EPIPE, rc(send(p.server, "", 0, MSG_NOSIGNAL)));
	EXPECT_EQ(0, so_error(p.server));
}

TEST_F(api, receiving_nothing_of_a_listener_fails)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	char c;

	EXPECT_EQ(-ENOTCONN, rc(recv(lfd, &c, 0, 0)));
	EXPECT_EQ(-ENOTCONN, rc(recv(lfd, &c, 1, MSG_OOB)));
	EXPECT_EQ(-ENOTCONN, rc(recv(lfd, &c, 1, MSG_PEEK)));
	EXPECT_EQ(-EAGAIN, rc(recv(lfd, &c, 1, MSG_ERRQUEUE)));
}

TEST_F(api, the_queue_of_errors_is_empty)
{
	struct pair p = open_pair(_metadata);
	char c;

	EXPECT_EQ(-EAGAIN, rc(recv(p.client, &c, 1, MSG_ERRQUEUE)));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, MSG_ERRQUEUE)));
	EXPECT_EQ(1, rc(recv(p.server, &c, 1, 0)));
}

/* Flags that mean nothing to a stream, or only to what cannot be seen. */
TEST_F(api, flags_without_a_meaning_are_ignored)
{
	static const int flags[] = {
		MSG_EOR, MSG_CONFIRM, MSG_DONTROUTE, MSG_WAITALL, MSG_ZEROCOPY,
		MSG_TRUNC, MSG_CTRUNC, MSG_PEEK, MSG_EOR | MSG_MORE,
	};
	struct pair p = open_pair(_metadata);
	char buf[8];

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(3, rc(send(p.client, "abc", 3, flags[i]))) {
			TH_LOG("flags %#x", flags[i]);
		}
		/* What was sent with MSG_MORE goes with it. */
		EXPECT_EQ(2, rc(send(p.client, "de", 2, 0)));
		EXPECT_EQ(5, rc(recv(p.server, buf, 5, MSG_WAITALL)));
		EXPECT_EQ(0, memcmp(buf, "abcde", 5));
	}
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(1, rc(recv(p.server, buf, 8, MSG_NOSIGNAL | MSG_CMSG_CLOEXEC |
			     MSG_EOR)));
}

TEST_F(api, records_are_written_one_by_one_and_read_as_a_stream)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_CORK, 1));
	for (int i = 0; i < 100; i++) {
		char c = pattern(i, 1);

		ASSERT_EQ(1, rc(send(p.client, &c, 1, MSG_EOR)));
	}
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_CORK, 0));
	EXPECT_EQ(0, drain_pattern(p.server, 0, 100, 1));
}

/* ---- MSG_PEEK, MSG_TRUNC */

TEST_F(api, peeking_waits_as_reading_does)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, 50));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, &c, 1, MSG_PEEK)));
	start_alarms(NULL, 0);
	ASSERT_EQ(0, set_timeout(p.server, SO_RCVTIMEO, 0));
	EXPECT_EQ(-EINTR, rc(recv(p.server, &c, 1, MSG_PEEK)));
	stop_alarms();
	ASSERT_EQ(0, set_linger(p.client, 0));
	close(p.client);
	ASSERT_EQ(POLLERR, wait_events(p.server, 0) & POLLERR);
	/* Peeking takes the error as well. */
	EXPECT_EQ(-ECONNRESET, rc(recv(p.server, &c, 1, MSG_PEEK)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, MSG_PEEK)));
}

TEST_F(api, peeking_crosses_segments)
{
	struct pair p = open_pair(_metadata);
	static char buf[50000];

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	fill_pattern(buf, sizeof(buf), 0, 1);
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(5000, rc(send(p.client, buf + 5000 * i, 5000, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 50000));
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ(50000, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_TRUE(check_pattern(buf, sizeof(buf), 0, 1));
	EXPECT_EQ(0, drain_pattern(p.server, 0, 16666, 1));
	EXPECT_EQ(33334, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_TRUE(check_pattern(buf, 33334, 16666, 1));
	EXPECT_EQ(33334, rc(recv(p.server, NULL, sizeof(buf),
				 MSG_PEEK | MSG_TRUNC)));
	EXPECT_EQ(0, drain_pattern(p.server, 16666, 33334, 1));
}

TEST_F(api, discarding_crosses_segments_and_stops_at_the_end)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(100000, send_pattern(p.client, 100000, 0));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(60000, rc(recv(p.server, NULL, 60000,
				 MSG_TRUNC | MSG_WAITALL)));
	EXPECT_EQ(0, drain_pattern(p.server, 60000, 100, 1));
	EXPECT_EQ(39900, rc(recv(p.server, NULL, 60000,
				 MSG_TRUNC | MSG_WAITALL)));
	EXPECT_EQ(0, rc(recv(p.server, NULL, 60000, MSG_TRUNC)));
}

/* TCP has it from Linux 6.9 on, Waltz always. */
TEST_F(api, peeking_goes_on_where_it_ended_if_so_asked)
{
	struct pair p = open_pair(_metadata);
	long ret = set_int(p.server, SOL_SOCKET, SO_PEEK_OFF, 0);
	char buf[16] = {};

	if (api_protocol == IPPROTO_TCP && ret == -EOPNOTSUPP)
		return;
	ASSERT_EQ(0, ret);
	ASSERT_EQ(10, rc(send(p.client, "0123456789", 10, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 10));
	EXPECT_EQ(3, rc(recv(p.server, buf, 3, MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "012", 3));
	EXPECT_EQ(3, get_int(p.server, SOL_SOCKET, SO_PEEK_OFF));
	EXPECT_EQ(4, rc(recv(p.server, buf, 4, MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "3456", 4));
	/* Reading draws it back by as much. */
	EXPECT_EQ(5, rc(recv(p.server, buf, 5, 0)));
	EXPECT_EQ(0, memcmp(buf, "01234", 5));
	EXPECT_EQ(2, get_int(p.server, SOL_SOCKET, SO_PEEK_OFF));
	EXPECT_EQ(3, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "789", 3));
	EXPECT_EQ(-EAGAIN, rc(recv(p.server, buf, 1, MSG_PEEK | MSG_DONTWAIT)));
	/* More comes, behind what was seen. */
	ASSERT_EQ(2, rc(send(p.client, "ab", 2, 0)));
	EXPECT_EQ(2, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "ab", 2));
	/* In the middle; and never mind. */
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_PEEK_OFF, 1));
	EXPECT_EQ(2, rc(recv(p.server, buf, 2, MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "67", 2));
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_PEEK_OFF, -1));
	EXPECT_EQ(7, rc(recv(p.server, buf, sizeof(buf), MSG_PEEK)));
	EXPECT_EQ(0, memcmp(buf, "56789ab", 7));
	EXPECT_EQ(7, rc(recv(p.server, buf, sizeof(buf), 0)));
}

/* ---- vectors */

/* A page that is mapped, followed by one that is not. */
static char *edge_of_memory(struct __test_metadata *_metadata)
{
	long page = sysconf(_SC_PAGESIZE);
	char *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, rc(mprotect(map + page, page, PROT_NONE)));
	return map + page;
}

TEST_F(api, sending_up_to_bad_memory_sends_what_it_says)
{
	struct pair p = open_pair(_metadata);
	static char big[300000];
	char *edge = edge_of_memory(_metadata);
	struct iovec iov[] = {
		{ big, sizeof(big) }, { NO_MEMORY, 100 }, { big, 100 },
	};
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	long ret;

	fill_pattern(big, sizeof(big), 0, 1);
	ret = rc(sendmsg(p.client, &msg, 0));
	EXPECT_LT(0, ret);
	EXPECT_GE((long)sizeof(big), ret);
	/* Those bytes arrive, and no others. */
	ASSERT_LT(0, ret);
	EXPECT_EQ(0, drain_pattern(p.server, 0, ret, 1));
	send_sentinel(_metadata, p.client, p.server);

	/* All that fits into a segment is copied at once, or nothing. */
	fill_pattern(edge - 10, 10, 0, 1);
	EXPECT_EQ(-EFAULT, rc(send(p.client, edge - 10, 20, 0)));
	send_sentinel(_metadata, p.client, p.server);
	EXPECT_EQ(0, events_of(p.server, POLLIN));
}

TEST_F(api, receiving_into_bad_memory_keeps_what_it_could_not_store)
{
	struct pair p = open_pair(_metadata);
	char *edge = edge_of_memory(_metadata);
	char buf[200];
	struct iovec iov[] = { { buf, 50 }, { NO_MEMORY, 100 }, { buf, 50 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };

	ASSERT_EQ(200, send_pattern(p.client, 200, 0));
	ASSERT_TRUE(wait_readable_bytes(p.server, 200));
	EXPECT_EQ(-EFAULT, rc(recvmsg(p.server, &msg, 0)));
	EXPECT_EQ(-EFAULT, rc(recv(p.server, edge - 60, 200, 0)));
	EXPECT_EQ(200, get_ioctl(p.server, SIOCINQ));
	EXPECT_EQ(60, rc(recv(p.server, edge - 60, 60, 0)));
	EXPECT_TRUE(check_pattern(edge - 60, 60, 0, 1));
	EXPECT_EQ(0, drain_pattern(p.server, 60, 140, 1));
}

TEST_F(api, vectors_have_their_limits)
{
	struct pair p = open_pair(_metadata);
	static struct iovec iov[1025];
	char c = pattern(0, 1);
	struct msghdr msg = { .msg_iov = iov };

	for (int i = 0; i < 1025; i++)
		iov[i] = (struct iovec){ &c, i % 2 };
	msg.msg_iovlen = 1024;
	EXPECT_EQ(512, rc(sendmsg(p.client, &msg, 0)));
	msg.msg_iovlen = 1025;
	EXPECT_EQ(-EMSGSIZE, rc(sendmsg(p.client, &msg, 0)));
	EXPECT_EQ(-EINVAL, rc(writev(p.client, iov, 1025)));
	msg.msg_iovlen = 0;
	EXPECT_EQ(0, rc(sendmsg(p.client, &msg, 0)));
	msg.msg_iovlen = 1024;
	ASSERT_TRUE(wait_readable_bytes(p.server, 512));
	EXPECT_EQ(512, rc(recvmsg(p.server, &msg, 0)));
	msg.msg_iovlen = 0;
	EXPECT_EQ(-EAGAIN, rc(recvmsg(p.server, &msg, MSG_DONTWAIT)));
	iov[0].iov_len = -1;
	msg.msg_iovlen = 1;
	EXPECT_EQ(-EINVAL, rc(sendmsg(p.client, &msg, 0)));
	EXPECT_EQ(0, events_of(p.server, POLLIN));
}

TEST_F(api, reads_and_writes_have_no_place)
{
	struct pair p = open_pair(_metadata);
	struct iovec iov = { "x", 1 };
	char c;

	EXPECT_EQ(-ESPIPE, rc(pwrite(p.client, "x", 1, 0)));
	EXPECT_EQ(-ESPIPE, rc(pread(p.server, &c, 1, 0)));
	EXPECT_EQ(1, rc(pwritev2(p.client, &iov, 1, -1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	iov.iov_base = &c;
	EXPECT_EQ(1, rc(preadv2(p.server, &iov, 1, -1, 0)));
}

TEST_F(api, many_messages_are_sent_and_received_at_once)
{
	struct pair p = open_pair(_metadata);
	struct timespec patience = { .tv_sec = DEADLINE_MS / 1000 };
	struct mmsghdr out[4] = {}, in[4] = {};
	struct iovec iov[8];
	char buf[4][10];
	int i, n;

	for (i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ "0123456789", 10 };
		out[i].msg_hdr.msg_iov = &iov[i];
		out[i].msg_hdr.msg_iovlen = 1;
		iov[4 + i] = (struct iovec){ buf[i], 10 };
		in[i].msg_hdr.msg_iov = &iov[4 + i];
		in[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(4, rc(sendmmsg(p.client, out, 4, 0)));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(10, (int)out[i].msg_len);
	ASSERT_TRUE(wait_readable_bytes(p.server, 40));
	EXPECT_EQ(4, rc(recvmmsg(p.server, in, 4, 0, &patience)));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(10, (int)in[i].msg_len);
		EXPECT_EQ(0, memcmp(buf[i], "0123456789", 10));
	}
	EXPECT_EQ(-EAGAIN, rc(recvmmsg(p.server, in, 4, MSG_DONTWAIT, NULL)));

	/* After the first it does not wait. */
	ASSERT_EQ(15, rc(send(p.client, "0123456789abcde", 15, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 15));
	EXPECT_EQ(2, rc(recvmmsg(p.server, in, 4, MSG_WAITFORONE, NULL)));
	EXPECT_EQ(5, (int)in[1].msg_len);

	/* An error after the first is kept for the next call. */
	iov[2].iov_base = NO_MEMORY;
	EXPECT_EQ(2, rc(sendmmsg(p.client, out, 4, 0)));
	EXPECT_EQ(-EFAULT, rc(sendmmsg(p.client, out + 2, 2, 0)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(-EPIPE, rc(sendmmsg(p.client, out, 2, MSG_NOSIGNAL)));
	n = rc(recvmmsg(p.server, in, 4, MSG_WAITALL, NULL));
	EXPECT_EQ(4, n);	/* two of ten bytes, two of none */
	EXPECT_EQ(10, (int)in[1].msg_len);
	EXPECT_EQ(0, (int)in[2].msg_len);
	EXPECT_EQ(0, (int)in[3].msg_len);
}

/* ---- control messages */

TEST_F(api, control_messages_must_make_sense)
{
	struct pair p = open_pair(_metadata);
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} u = {};
	struct iovec iov = { "x", 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	char buf[4];

	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = 9999;
	EXPECT_EQ(-EINVAL, rc(sendmsg(p.client, &msg, 0)));
	cmsg->cmsg_len = 1;
	EXPECT_EQ(-EINVAL, rc(sendmsg(p.client, &msg, 0)));
	/* A mark is understood; other levels are not looked at. */
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	cmsg->cmsg_type = SO_MARK;
	EXPECT_EQ(1, rc(sendmsg(p.client, &msg, 0)));
	cmsg->cmsg_level = IPPROTO_IP;
	EXPECT_EQ(1, rc(sendmsg(p.client, &msg, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 2));
	EXPECT_EQ(2, rc(recv(p.server, buf, sizeof(buf), 0)));
}

/* Receives a byte and the one control message that comes with it. */
static long recv_control(int fd, int flags, struct cmsghdr *cmsg, void *data,
			 size_t len)
{
	union {
		char buf[256];
		struct cmsghdr align;
	} u = {};
	char c;
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};
	long ret = rc(recvmsg(fd, &msg, flags));
	struct cmsghdr *first = ret < 0 ? NULL : CMSG_FIRSTHDR(&msg);

	memset(cmsg, 0, sizeof(*cmsg));
	if (!first)
		return ret;
	*cmsg = *first;
	memcpy(data, CMSG_DATA(first), len);
	return CMSG_NXTHDR(&msg, first) ? -E2BIG : ret;
}

TEST_F(api, reading_tells_how_much_is_left_if_so_asked)
{
	struct pair p = open_pair(_metadata);
	struct cmsghdr cmsg;
	int left = -1;

	ASSERT_EQ(0, set_int(p.server, IPPROTO_TCP, TCP_INQ, 1));
	ASSERT_EQ(3, rc(send(p.client, "abc", 3, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 3));
	for (int want = 2; want >= 0; want--) {
		EXPECT_EQ(1, recv_control(p.server, 0, &cmsg, &left, 4));
		EXPECT_EQ(SOL_TCP, cmsg.cmsg_level);
		EXPECT_EQ(TCP_CM_INQ, cmsg.cmsg_type);
		EXPECT_EQ(CMSG_LEN(sizeof(int)), cmsg.cmsg_len);
		EXPECT_EQ(want, left);
	}
	/* The end of the stream counts as one. */
	ASSERT_EQ(1, rc(send(p.client, "d", 1, 0)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	ASSERT_TRUE(wait_state(p.server, TCP_CLOSE_WAIT));
	EXPECT_EQ(1, recv_control(p.server, 0, &cmsg, &left, 4));
	EXPECT_EQ(1, left);
	EXPECT_EQ(0, recv_control(p.server, 0, &cmsg, &left, 4));
	EXPECT_EQ(TCP_CM_INQ, cmsg.cmsg_type);
	EXPECT_EQ(1, left);

	ASSERT_EQ(0, set_int(p.server, IPPROTO_TCP, TCP_INQ, 0));
	EXPECT_EQ(0, recv_control(p.server, 0, &cmsg, &left, 4));
	EXPECT_EQ(0, cmsg.cmsg_type);
}

/* Seconds of the system's clock. */
static long wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec;
}

TEST_F(api, reading_tells_when_it_came_if_so_asked)
{
	struct pair p = open_pair(_metadata);
	long before = wall_clock();
	struct cmsghdr cmsg;
	struct timespec ts[3] = {};
	struct timeval tv = {};

	/* The kernel stamps nothing unless somebody asks, and starts late. */
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMP, 1));
	ASSERT_TRUE(WAIT_UNTIL(send(p.client, "x", 1, 0) == 1 &&
			       recv_control(p.server, 0, &cmsg, &tv,
					    sizeof(tv)) == 1 &&
			       cmsg.cmsg_type == SCM_TIMESTAMP));
	EXPECT_EQ(SOL_SOCKET, cmsg.cmsg_level);
	EXPECT_EQ(CMSG_LEN(sizeof(tv)), cmsg.cmsg_len);
	EXPECT_LE(before, tv.tv_sec);
	EXPECT_GE(wall_clock(), tv.tv_sec);

	/* Peeking tells as well, and nothing came without a byte. */
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMPNS, 1));
	ASSERT_EQ(1, rc(send(p.client, "y", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	for (int flags = MSG_PEEK; flags >= 0; flags -= MSG_PEEK) {
		EXPECT_EQ(1, recv_control(p.server, flags, &cmsg, ts,
					  sizeof(ts[0])));
		EXPECT_EQ(SCM_TIMESTAMPNS, cmsg.cmsg_type);
		EXPECT_LE(before, ts[0].tv_sec);
		EXPECT_GE(wall_clock(), ts[0].tv_sec);
	}
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMPNS, 0));

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMPING,
			     SOF_TIMESTAMPING_RX_SOFTWARE |
			     SOF_TIMESTAMPING_SOFTWARE));
	ASSERT_EQ(1, rc(send(p.client, "z", 1, 0)));
	EXPECT_EQ(1, recv_control(p.server, 0, &cmsg, ts, sizeof(ts)));
	EXPECT_EQ(SCM_TIMESTAMPING, cmsg.cmsg_type);
	EXPECT_EQ(CMSG_LEN(sizeof(ts)), cmsg.cmsg_len);
	EXPECT_LE(before, ts[0].tv_sec);
	EXPECT_EQ(0, ts[2].tv_sec);

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMPING, 0));
	ASSERT_EQ(1, rc(send(p.client, "a", 1, 0)));
	EXPECT_EQ(1, recv_control(p.server, 0, &cmsg, ts, sizeof(ts)));
	EXPECT_EQ(0, cmsg.cmsg_type);
}

/* Of several segments that are read at once the last one counts. */
TEST_F(api, the_newest_segment_says_when_it_came)
{
	struct pair p = open_pair(_metadata);
	struct timespec first = {}, last = {};
	struct cmsghdr cmsg;
	char buf[200];
	union {
		char buf[256];
		struct cmsghdr align;
	} u = {};
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_TIMESTAMPNS, 1));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_TRUE(WAIT_UNTIL(send(p.client, "x", 1, 0) == 1 &&
			       recv_control(p.server, 0, &cmsg, &first,
					    sizeof(first)) == 1 &&
			       cmsg.cmsg_type == SCM_TIMESTAMPNS));
	ASSERT_EQ(1, rc(send(p.client, "a", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	ASSERT_EQ(1, recv_control(p.server, MSG_PEEK, &cmsg, &first,
				  sizeof(first)));
	ASSERT_EQ(1, rc(send(p.client, "b", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 2));
	ASSERT_EQ(2, rc(recvmsg(p.server, &msg, 0)));
	ASSERT_TRUE(!!CMSG_FIRSTHDR(&msg));
	memcpy(&last, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(last));
	EXPECT_LT(first.tv_sec * 1000000000LL + first.tv_nsec,
		  last.tv_sec * 1000000000LL + last.tv_nsec);
}

/* Documentation/parity.rst: TCP tells when something was sent. */
TEST_F(api, nothing_tells_when_it_was_sent)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, set_int(p.client, SOL_SOCKET, SO_TIMESTAMPING,
			     SOF_TIMESTAMPING_TX_SOFTWARE |
			     SOF_TIMESTAMPING_TX_ACK |
			     SOF_TIMESTAMPING_SOFTWARE));
	send_sentinel(_metadata, p.client, p.server);
	ASSERT_TRUE(wait_acked(p.client));
	if (api_protocol != IPPROTO_TCP) {
		EXPECT_EQ(-EAGAIN, rc(recv(p.client, &c, 1, MSG_ERRQUEUE)));
		return;
	}
	EXPECT_TRUE(WAIT_UNTIL(recv(p.client, &c, 1, MSG_ERRQUEUE) >= 0));
}

TEST_F(api, control_messages_without_room_are_cut_off)
{
	struct pair p = open_pair(_metadata);
	char c, control[1];
	struct iovec iov = { &c, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	ASSERT_EQ(0, set_int(p.server, IPPROTO_TCP, TCP_INQ, 1));
	ASSERT_EQ(2, rc(send(p.client, "ab", 2, 0)));
	EXPECT_EQ(1, rc(recvmsg(p.server, &msg, 0)));
	EXPECT_EQ(MSG_CTRUNC, msg.msg_flags);
	/* Without any buffer nothing is said. */
	msg.msg_control = NULL;
	msg.msg_controllen = 0;
	EXPECT_EQ(1, rc(recvmsg(p.server, &msg, 0)));
	EXPECT_EQ('b', c);
}

/* ---- what else a descriptor can do */

TEST_F(api, a_socket_can_be_mapped_only_for_zero_copy)
{
	struct pair p = open_pair(_metadata);
	long page = sysconf(_SC_PAGESIZE);

	EXPECT_EQ(MAP_FAILED, mmap(NULL, page, PROT_READ | PROT_WRITE,
				   MAP_SHARED, p.server, 0));
	EXPECT_EQ(api_protocol == IPPROTO_TCP ? EPERM : ENODEV, errno);
	EXPECT_EQ(api_protocol != IPPROTO_TCP,
		  mmap(NULL, page, PROT_READ, MAP_SHARED, p.server, 0) ==
		  MAP_FAILED);
}

TEST_F(api, a_filter_sees_segments)
{
	struct sock_filter all = { BPF_RET | BPF_K, 0, 0, 0xffffffff };
	struct sock_fprog prog = { .len = 1, .filter = &all };
	struct pair p = open_pair(_metadata);
	struct sock_filter none = { BPF_RET | BPF_K, 0, 0, 0 };

	ASSERT_EQ(0, rc(setsockopt(p.server, SOL_SOCKET, SO_ATTACH_FILTER,
				   &prog, sizeof(prog))));
	send_sentinel(_metadata, p.client, p.server);
	/* What it rejects comes again, and is taken when it has gone. */
	prog.filter = &none;
	ASSERT_EQ(0, rc(setsockopt(p.server, SOL_SOCKET, SO_ATTACH_FILTER,
				   &prog, sizeof(prog))));
	ASSERT_EQ(5, send_pattern(p.client, 5, 0));
	EXPECT_EQ(5, get_ioctl(p.client, SIOCOUTQ));
	EXPECT_EQ(0, events_of(p.server, POLLIN));
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_DETACH_FILTER, 0));
	EXPECT_EQ(-ENOENT, set_int(p.server, SOL_SOCKET, SO_DETACH_FILTER, 0));
	EXPECT_EQ(0, drain_pattern(p.server, 0, 5, 1));
}

/* A file that ends before it was expected to: its last bytes are not kept back
 * for more.
 */
TEST_F(api, the_end_of_a_file_is_sent_at_once)
{
	struct pair p = open_pair(_metadata);
	int file = memfd_create("file", MFD_CLOEXEC);
	char buf[3000];

	ASSERT_LE(0, rc(file));
	fill_pattern(buf, sizeof(buf), 0, 1);
	ASSERT_EQ((long)sizeof(buf), rc(write(file, buf, sizeof(buf))));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	for (int i = 0; i < 5; i++) {
		off_t at = 0;

		ASSERT_EQ((long)sizeof(buf), rc(sendfile(p.client, file, &at,
							 1 << 20)));
		EXPECT_EQ(0, get_ioctl(p.client, SIOCOUTQNSD));
		ASSERT_EQ(0, drain_pattern(p.server, 0, sizeof(buf), 1));
	}
}

TEST_HARNESS_MAIN
