// SPDX-License-Identifier: GPL-2.0
/* The end of a connection: shutdown(), close(), SO_LINGER, reset, TIME_WAIT. */
#include "api.h"

/* Resets the connection from the server's side, and waits for it to be seen. */
static void reset_client(struct __test_metadata *_metadata, struct pair *p)
{
	ASSERT_EQ(0, set_linger(p->server, 0));
	close(p->server);
	ASSERT_EQ(POLLERR, wait_events(p->client, 0) & POLLERR);
}

TEST_F(api, shutdown_wants_a_connection)
{
	struct pair p = open_pair(_metadata);
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-ENOTCONN, rc(shutdown(fd, SHUT_RD)));
	EXPECT_EQ(-ENOTCONN, rc(shutdown(fd, SHUT_WR)));
	EXPECT_EQ(-ENOTCONN, rc(shutdown(fd, SHUT_RDWR)));
	EXPECT_EQ(-EINVAL, rc(shutdown(p.client, 3)));
	EXPECT_EQ(-EINVAL, rc(shutdown(p.client, -1)));
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, shut_wr_ends_the_peers_stream)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	ASSERT_EQ(4, rc(send(p.client, "last", 4, 0)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(4, rc(recv(p.server, buf, 4, MSG_WAITALL)));
	EXPECT_EQ(0, memcmp(buf, "last", 4));
	EXPECT_EQ(0, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, so_error(p.server));
}

TEST_F(api, writing_after_shut_wr_is_a_broken_pipe)
{
	struct pair p = open_pair(_metadata);

	catch_sigpipe();
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, pipe_signals);
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(1, pipe_signals);
	EXPECT_EQ(-EPIPE, rc(write(p.client, "x", 1)));
	EXPECT_EQ(2, pipe_signals);
	EXPECT_EQ(0, so_error(p.client));
}

TEST_F(api, shut_wr_twice_is_no_error)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	ASSERT_TRUE(wait_state(p.client, TCP_FIN_WAIT2));
	EXPECT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(0, rc(shutdown(p.client, SHUT_RD)));
}

/* Half closed, for as long as the other side writes. */
TEST_F(api, the_other_direction_flows_on_after_shut_wr)
{
	struct pair p = open_pair(_metadata);
	char buf[10000];
	long total = 0;

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(0, rc(recv(p.server, buf, 1, 0)));
	for (int i = 0; i < 20; i++) {
		fill_pattern(buf, sizeof(buf), total, 3);
		ASSERT_EQ((long)sizeof(buf), rc(send(p.server, buf,
						     sizeof(buf), 0)));
		ASSERT_EQ(0, drain_pattern(p.client, total, sizeof(buf), 3));
		total += sizeof(buf);
	}
	EXPECT_EQ(TCP_FIN_WAIT2, state_of(p.client));
	EXPECT_EQ(TCP_CLOSE_WAIT, state_of(p.server));
	close(p.server);
	EXPECT_EQ(0, rc(recv(p.client, buf, 1, 0)));
}

TEST_F(api, shut_rd_ends_reading_at_once)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_RD)));
	EXPECT_EQ(0, rc(recv(p.server, buf, sizeof(buf), 0)));
	/* The peer is not told, and what it sends can still be read. */
	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(5, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, rc(recv(p.server, buf, sizeof(buf), 0)));
	send_sentinel(_metadata, p.server, p.client);
}

TEST_F(api, shut_rdwr_ends_both)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_RDWR)));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(TCP_CLOSE_WAIT, state_of(p.server));
}

TEST_F(api, after_both_fins_there_is_no_connection)
{
	struct pair p = open_pair(_metadata);
	struct sockaddr_in sin;
	char c;

	ASSERT_EQ(0, peer_name(p.client, &sin));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	ASSERT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(0, peer_name(p.client, &sin));
	EXPECT_EQ(0, peer_name(p.server, &sin));
	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	ASSERT_TRUE(wait_state(p.client, TCP_CLOSE));
	ASSERT_TRUE(wait_state(p.server, TCP_CLOSE));

	EXPECT_EQ(-ENOTCONN, peer_name(p.client, &sin));
	EXPECT_EQ(-ENOTCONN, peer_name(p.server, &sin));
	EXPECT_EQ(p.client_port, local_port(p.client));
	EXPECT_EQ(p.server_port, local_port(p.server));
	EXPECT_EQ(-ENOTCONN, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(-EPIPE, rc(send(p.server, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, so_error(p.client));
	EXPECT_EQ(0, so_error(p.server));
}

static void *shut_rd_thread(void *arg)
{
	int fd = *(int *)arg;

	return (void *)rc(shutdown(fd, SHUT_RD));
}

TEST_F(api, shut_rd_ends_a_waiting_recv)
{
	struct pair p = open_pair(_metadata);
	pthread_t thread;
	void *ret;
	char c;

	ASSERT_EQ(0, set_timeout(p.client, SO_RCVTIMEO, DEADLINE_MS));
	ASSERT_EQ(0, pthread_create(&thread, NULL, shut_rd_thread, &p.client));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
}

TEST_F(api, close_delivers_all_that_was_sent)
{
	struct pair p = open_pair(_metadata);
	long sent;

	sent = fill_send_buffer(p.client, 5);
	ASSERT_LT(0, sent);
	close(p.client);
	/* There is more on its way than the receiver has room for. */
	EXPECT_EQ(sent, drain_to_eof(p.server, 5));
	EXPECT_EQ(0, so_error(p.server));
}

TEST_F(api, the_side_that_closes_first_waits)
{
	struct pair p = open_pair(_metadata);
	struct record r;
	char c;

	close(p.client);
	ASSERT_TRUE(wait_records(p.client_port, p.server_port,
				 TCP_FIN_WAIT2, 1));
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	close(p.server);
	ASSERT_TRUE(wait_records(p.client_port, p.server_port,
				 TCP_TIME_WAIT, 1));
	EXPECT_EQ(1, find_records(0, 0, 0, &r));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), r.local_addr);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), r.peer_addr);
}

TEST_F(api, the_server_waits_if_it_closes_first)
{
	struct pair p = open_pair(_metadata);
	char c;

	close(p.server);
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	close(p.client);
	EXPECT_TRUE(wait_records(p.server_port, p.client_port,
				 TCP_TIME_WAIT, 1));
	EXPECT_EQ(1, count_records(0, 0, 0));
}

/* The server is in TIME_WAIT: the SYN of the next incarnation reopens. */
TEST_F(api, a_client_may_return_from_the_same_port)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p;
	char c;

	for (int i = 0; i < 3; i++) {
		int fd = open_socket(_metadata, 0);

		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 5001));
		connect_pair(_metadata, lfd, fd, &p);
		send_sentinel(_metadata, p.client, p.server);
		close(p.server);
		EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
		close(p.client);
		ASSERT_TRUE(wait_records(p.server_port, 5001,
					 TCP_TIME_WAIT, 1));
	}
}

/* The client is in TIME_WAIT: it may connect once its clock has moved on. */
TEST_F(api, connect_reuses_a_time_wait_four_tuple)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct pair p;
	char c;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40000"));
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	ASSERT_EQ(40000, p.client_port);
	close(p.client);
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	close(p.server);
	ASSERT_TRUE(wait_records(40000, 0, TCP_TIME_WAIT, 1));

	ASSERT_TRUE(WAIT_UNTIL(connect_to(fd, "127.0.0.1", p.server_port) !=
			       -EADDRNOTAVAIL));
	EXPECT_EQ(40000, local_port(fd));
	EXPECT_EQ(0, count_records(40000, 0, TCP_TIME_WAIT));
	send_sentinel(_metadata, fd, accept_one(_metadata, lfd));
}

TEST_F(api, close_with_unread_data_resets)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	close(p.server);
	EXPECT_EQ(POLLERR | POLLHUP, wait_events(p.client, 0));
	EXPECT_EQ(-ECONNRESET, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(0, count_records(p.server_port, p.client_port, 0));
}

TEST_F(api, linger_zero_resets)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(POLLERR | POLLHUP, wait_events(p.client, 0));
	EXPECT_EQ(-ECONNRESET, rc(recv(p.client, &c, 1, 0)));
	/* No side is left in TIME_WAIT. */
	EXPECT_EQ(0, count_records(0, 0, 0));
}

TEST_F(api, after_a_reset_reading_fails_once_and_then_ends)
{
	struct pair p = open_pair(_metadata);
	struct sockaddr_in sin;
	char c;

	reset_client(_metadata, &p);
	EXPECT_EQ(-ECONNRESET, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(-ENOTCONN, peer_name(p.client, &sin));
	EXPECT_EQ(-ENOTCONN, rc(shutdown(p.client, SHUT_RDWR)));
}

TEST_F(api, after_a_reset_writing_tells_of_it_before_the_broken_pipe)
{
	struct pair p = open_pair(_metadata);

	catch_sigpipe();
	reset_client(_metadata, &p);
	EXPECT_EQ(-ECONNRESET, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(0, pipe_signals);
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(1, pipe_signals);
}

TEST_F(api, data_before_a_reset_can_still_be_read)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	ASSERT_EQ(5, rc(send(p.server, "hello", 5, 0)));
	ASSERT_TRUE(wait_acked(p.server));
	reset_client(_metadata, &p);
	EXPECT_EQ(5, rc(recv(p.client, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	EXPECT_EQ(-ECONNRESET, rc(recv(p.client, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, rc(recv(p.client, buf, sizeof(buf), 0)));
}

/*
 * The peer has closed, both ways: what is sent to it is answered with a reset,
 * which a side that has had a FIN takes for a broken pipe.
 */
TEST_F(api, writing_to_a_closed_peer_breaks_the_pipe)
{
	struct pair p = open_pair(_metadata);
	char c;

	close(p.server);
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_EQ(POLLERR | POLLHUP, wait_events(p.client, 0));
	EXPECT_EQ(-EPIPE, rc(send(p.client, "x", 1, MSG_NOSIGNAL)));
	EXPECT_EQ(0, so_error(p.client));
	EXPECT_EQ(0, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(0, count_records(0, 0, 0));
}

TEST_F(api, a_reset_ends_a_waiting_recv)
{
	struct pair p = open_pair(_metadata);
	pid_t pid = fork_child();
	char c;

	ASSERT_LE(0, rc(pid));
	if (!pid) {
		close(p.server);
		_exit(recv(p.client, &c, 1, 0) < 0 && errno == ECONNRESET ?
		      0 : 1);
	}
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(0, wait_child(pid));
}

/* Closes one end in a thread, which says when it has done so. */
struct closer {
	pthread_t thread;
	int fd;
	int done;
	long long ms;
};

static void *close_thread(void *arg)
{
	struct closer *c = arg;
	long long start = now_ms();

	close(c->fd);
	c->ms = now_ms() - start;
	__atomic_store_n(&c->done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST_F(api, lingering_close_waits_until_all_is_acknowledged)
{
	struct pair p = open_small_pair(_metadata, 100000, 4096);
	struct closer closer = { .fd = p.client };
	long sent;

	sent = fill_send_buffer(p.client, 6);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, set_linger(p.client, 2 * DEADLINE_MS / 1000));
	ASSERT_EQ(0, pthread_create(&closer.thread, NULL, close_thread,
				    &closer));
	ASSERT_TRUE(wait_records(p.client_port, p.server_port,
				 TCP_FIN_WAIT1, 1));
	/* Half of it leaves far more than there is room for. */
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent / 2, 6));
	EXPECT_EQ(0, __atomic_load_n(&closer.done, __ATOMIC_SEQ_CST));
	EXPECT_EQ(0, drain_pattern(p.server, sent / 2, sent - sent / 2, 6));
	ASSERT_EQ(0, pthread_join(closer.thread, NULL));
	EXPECT_GT(DEADLINE_MS, closer.ms);
	EXPECT_EQ(1, count_records(p.client_port, p.server_port,
				   TCP_FIN_WAIT2));
}

TEST_F(api, lingering_close_waits_no_longer_than_its_time)
{
	struct pair p = open_small_pair(_metadata, 100000, 4096);
	long long start;
	long sent;

	sent = fill_send_buffer(p.client, 6);
	ASSERT_LT(0, sent);
	ASSERT_EQ(0, set_linger(p.client, 1));
	start = now_ms();
	close(p.client);
	EXPECT_LE(500, now_ms() - start);
	/* What was not acknowledged goes on in the background. */
	EXPECT_EQ(sent, drain_to_eof(p.server, 6));
}

TEST_F(api, lingering_close_is_quick_when_all_is_acknowledged)
{
	struct pair p = open_pair(_metadata);
	struct closer closer = { .fd = p.client };
	char c;

	ASSERT_EQ(0, set_linger(p.client, 2 * DEADLINE_MS / 1000));
	send_sentinel(_metadata, p.client, p.server);
	ASSERT_EQ(0, pthread_create(&closer.thread, NULL, close_thread,
				    &closer));
	ASSERT_EQ(0, pthread_join(closer.thread, NULL));
	EXPECT_GT(DEADLINE_MS, closer.ms);
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
}

TEST_F(api, linger_can_be_read_back)
{
	int fd = open_socket(_metadata, 0);
	struct linger linger;
	socklen_t len = sizeof(linger);

	ASSERT_EQ(0, rc(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len)));
	EXPECT_EQ(0, linger.l_onoff);
	ASSERT_EQ(0, set_linger(fd, 5));
	ASSERT_EQ(0, rc(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len)));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(5, linger.l_linger);
}

TEST_HARNESS_MAIN
