// SPDX-License-Identifier: GPL-2.0
/* Sockets through io_uring: what is asked for now and answered later. */
#include "api.h"
#include "uring.h"

#ifndef IORING_OP_SEND_ZC
#define IORING_OP_SEND_ZC	47
#endif

static struct uring ring;
static struct io_uring_cqe cqe;

static void open_ring(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, uring_open(&ring));
}

TEST_F(api, a_connection_lives_and_ends_in_a_ring)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1), client, server;
	struct sockaddr_in sin = address("127.0.0.1", local_port(lfd)), peer;
	socklen_t len = sizeof(peer);
	struct io_uring_sqe *sqe;
	char buf[16] = {};

	open_ring(_metadata);
	sqe = uring_next(&ring, IORING_OP_SOCKET, AF_INET, 1);
	sqe->off = SOCK_STREAM;
	sqe->len = api_protocol;
	client = uring_wait(&ring, &cqe);
	ASSERT_LE(0, client);
	EXPECT_EQ(api_protocol, get_int(client, SOL_SOCKET, SO_PROTOCOL));

	/* It waits, and then there is one. */
	sqe = uring_data(&ring, IORING_OP_ACCEPT, lfd, &peer, 0, 2);
	sqe->addr2 = (unsigned long)&len;
	sqe->accept_flags = SOCK_CLOEXEC;
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_FALSE(uring_peek(&ring, &cqe));
	sqe = uring_data(&ring, IORING_OP_CONNECT, client, &sin, 0, 3);
	sqe->off = sizeof(sin);
	server = -1;
	for (int i = 0; i < 2; i++) {
		int res = uring_wait(&ring, &cqe);

		if (cqe.user_data == 2)
			server = res;
		else
			EXPECT_EQ(0, res);
	}
	ASSERT_LE(0, server);
	EXPECT_EQ(local_port(client), ntohs(peer.sin_port));
	EXPECT_EQ(FD_CLOEXEC, fcntl(server, F_GETFD) & FD_CLOEXEC);

	uring_data(&ring, IORING_OP_RECV, server, buf, sizeof(buf), 4);
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_FALSE(uring_peek(&ring, &cqe));
	uring_data(&ring, IORING_OP_SEND, client, "hello", 5, 5);
	for (int i = 0; i < 2; i++)
		EXPECT_EQ(5, uring_wait(&ring, &cqe));
	EXPECT_STREQ("hello", buf);

	sqe = uring_next(&ring, IORING_OP_SHUTDOWN, client, 6);
	sqe->len = SHUT_WR;
	EXPECT_EQ(0, uring_wait(&ring, &cqe));
	uring_data(&ring, IORING_OP_RECV, server, buf, sizeof(buf), 7);
	EXPECT_EQ(0, uring_wait(&ring, &cqe));
	EXPECT_EQ(TCP_CLOSE_WAIT, state_of(server));
	uring_next(&ring, IORING_OP_CLOSE, server, 8);
	EXPECT_EQ(0, uring_wait(&ring, &cqe));
	EXPECT_EQ(-EBADF, state_of(server));
	EXPECT_TRUE(wait_state(client, TCP_CLOSE));
}

TEST_F(api, a_ring_tells_why_it_failed)
{
	struct pair p = open_pair(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin = address("127.0.0.1", local_port(lfd));
	struct io_uring_sqe *sqe;
	char buf[4];

	close(lfd);
	open_ring(_metadata);
	sqe = uring_data(&ring, IORING_OP_CONNECT, fd, &sin, 0, 1);
	sqe->off = sizeof(sin);
	EXPECT_EQ(-ECONNREFUSED, uring_wait(&ring, &cqe));
	uring_data(&ring, IORING_OP_ACCEPT, fd, NULL, 0, 2);
	EXPECT_EQ(-EINVAL, uring_wait(&ring, &cqe));

	sqe = uring_data(&ring, IORING_OP_RECV, p.client, buf, 4, 3);
	sqe->msg_flags = MSG_DONTWAIT;
	EXPECT_EQ(-EAGAIN, uring_wait(&ring, &cqe));
	uring_data(&ring, IORING_OP_SEND, p.client, NO_MEMORY, 4, 4);
	EXPECT_EQ(-EFAULT, uring_wait(&ring, &cqe));

	uring_data(&ring, IORING_OP_RECV, p.client, buf, 4, 5);
	ASSERT_EQ(1, uring_submit(&ring));
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(-ECONNRESET, uring_wait(&ring, &cqe));
	/* A ring raises no signal. */
	uring_data(&ring, IORING_OP_SEND, p.client, "x", 1, 6);
	EXPECT_EQ(-EPIPE, uring_wait(&ring, &cqe));
}

TEST_F(api, a_ring_polls)
{
	struct pair p = open_pair(_metadata);
	struct io_uring_sqe *sqe;
	char c;

	open_ring(_metadata);
	sqe = uring_next(&ring, IORING_OP_POLL_ADD, p.server, 1);
	sqe->poll32_events = POLLIN;
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_FALSE(uring_peek(&ring, &cqe));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(POLLIN, uring_wait(&ring, &cqe));
	ASSERT_EQ(1, rc(recv(p.server, &c, 1, 0)));

	/* Again and again, until it is taken back. */
	sqe = uring_next(&ring, IORING_OP_POLL_ADD, p.server, 2);
	sqe->poll32_events = POLLIN | POLLRDHUP;
	sqe->len = IORING_POLL_ADD_MULTI;
	ASSERT_EQ(1, uring_submit(&ring));
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
		EXPECT_EQ(POLLIN, uring_wait(&ring, &cqe) & POLLIN);
		EXPECT_TRUE(!!(cqe.flags & IORING_CQE_F_MORE));
	}
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(POLLIN | POLLRDHUP, uring_wait(&ring, &cqe));
}

TEST_F(api, what_waits_in_a_ring_can_be_cancelled)
{
	struct pair p = open_pair(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int results[3] = {};
	char buf[4];

	open_ring(_metadata);
	uring_data(&ring, IORING_OP_RECV, p.server, buf, 4, 1);
	uring_data(&ring, IORING_OP_ACCEPT, lfd, NULL, 0, 2);
	ASSERT_EQ(2, uring_submit(&ring));
	for (unsigned long tag = 1; tag <= 2; tag++) {
		uring_data(&ring, IORING_OP_ASYNC_CANCEL, -1, (void *)tag, 0,
			   0);
		for (int i = 0; i < 2; i++) {
			int res = uring_wait(&ring, &cqe);

			results[cqe.user_data] = res;
		}
		EXPECT_EQ(0, results[0]);
		EXPECT_EQ(-ECANCELED, results[tag]);
	}
	send_sentinel(_metadata, p.client, p.server);
	connect_client(_metadata, lfd);
	accept_one(_metadata, lfd);
}

TEST_F(api, one_accept_in_a_ring_takes_many)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 4);
	struct io_uring_sqe *sqe;

	open_ring(_metadata);
	sqe = uring_next(&ring, IORING_OP_ACCEPT, lfd, 1);
	sqe->ioprio = IORING_ACCEPT_MULTISHOT;
	ASSERT_EQ(1, uring_submit(&ring));
	for (int i = 0; i < 3; i++) {
		int client = connect_client(_metadata, lfd);
		int server = uring_wait(&ring, &cqe);

		ASSERT_LE(0, server);
		EXPECT_TRUE(!!(cqe.flags & IORING_CQE_F_MORE));
		send_sentinel(_metadata, client, server);
	}
}

/* A chain: what comes later is done when the earlier one has been. */
TEST_F(api, a_ring_waits_for_all_and_links)
{
	struct pair p = open_pair(_metadata);
	struct io_uring_sqe *sqe;
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	char a[3], b[5], buf[16] = {};

	open_ring(_metadata);
	sqe = uring_data(&ring, IORING_OP_RECV, p.server, buf, 8, 1);
	sqe->msg_flags = MSG_WAITALL;
	ASSERT_EQ(1, uring_submit(&ring));
	for (int i = 0; i < 2; i++) {
		EXPECT_FALSE(uring_peek(&ring, &cqe));
		ASSERT_EQ(4, rc(send(p.client, "four", 4, 0)));
	}
	EXPECT_EQ(8, uring_wait(&ring, &cqe));
	EXPECT_STREQ("fourfour", buf);

	iov[0] = (struct iovec){ "one", 3 };
	iov[1] = (struct iovec){ "seven", 5 };
	sqe = uring_data(&ring, IORING_OP_SENDMSG, p.client, &msg, 1, 2);
	sqe->flags = IOSQE_IO_LINK;
	sqe = uring_data(&ring, IORING_OP_SEND, p.client, "!", 1, 3);
	EXPECT_EQ(8, uring_wait(&ring, &cqe));
	EXPECT_EQ(1, uring_wait(&ring, &cqe));
	iov[0] = (struct iovec){ a, 3 };
	iov[1] = (struct iovec){ b, 5 };
	ASSERT_TRUE(wait_readable_bytes(p.server, 9));
	uring_data(&ring, IORING_OP_RECVMSG, p.server, &msg, 1, 4);
	EXPECT_EQ(8, uring_wait(&ring, &cqe));
	EXPECT_EQ(0, memcmp(a, "one", 3));
	EXPECT_EQ(0, memcmp(b, "seven", 5));
	/* That there is more is said with what was read. */
	EXPECT_TRUE(!!(cqe.flags & IORING_CQE_F_SOCK_NONEMPTY));
	EXPECT_EQ(1, get_ioctl(p.server, SIOCINQ));
	uring_data(&ring, IORING_OP_READ, p.server, buf, 16, 5)->off = -1;
	EXPECT_EQ(1, uring_wait(&ring, &cqe));
	EXPECT_EQ('!', buf[0]);
	uring_data(&ring, IORING_OP_WRITE, p.server, "back", 4, 6)->off = -1;
	EXPECT_EQ(4, uring_wait(&ring, &cqe));
	EXPECT_EQ(4, rc(recv(p.client, buf, 4, MSG_WAITALL)));
}

TEST_F(api, a_ring_tells_whether_more_can_be_read)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	open_ring(_metadata);
	ASSERT_EQ(8, rc(send(p.client, "12345678", 8, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 8));
	uring_data(&ring, IORING_OP_RECV, p.server, buf, 5, 1);
	EXPECT_EQ(5, uring_wait(&ring, &cqe));
	EXPECT_TRUE(!!(cqe.flags & IORING_CQE_F_SOCK_NONEMPTY));
	uring_data(&ring, IORING_OP_RECV, p.server, buf, 5, 2);
	EXPECT_EQ(3, uring_wait(&ring, &cqe));
	EXPECT_FALSE(!!(cqe.flags & IORING_CQE_F_SOCK_NONEMPTY));
}

TEST_F(api, a_full_ring_waits_for_room)
{
	struct pair p = open_small_pair(_metadata, 32768, 8192);
	struct io_uring_sqe *sqe;
	static char big[500000];

	open_ring(_metadata);
	fill_pattern(big, sizeof(big), 0, 1);
	sqe = uring_data(&ring, IORING_OP_SEND, p.client, big, sizeof(big), 1);
	sqe->msg_flags = MSG_WAITALL;
	ASSERT_EQ(1, uring_submit(&ring));
	EXPECT_FALSE(uring_peek(&ring, &cqe));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sizeof(big), 1));
	EXPECT_EQ((int)sizeof(big), uring_wait(&ring, &cqe));
}

/* Not there for Waltz: Documentation/parity.rst. */
TEST_F(api, a_ring_sends_without_a_copy_where_sockets_can)
{
	struct pair p = open_pair(_metadata);
	int res;

	open_ring(_metadata);
	uring_data(&ring, IORING_OP_SEND_ZC, p.client, "x", 1, 1);
	res = uring_wait(&ring, &cqe);
	EXPECT_EQ(api_protocol == IPPROTO_TCP ? 1 : -EOPNOTSUPP, res);
}

TEST_HARNESS_MAIN
