// SPDX-License-Identifier: GPL-2.0
/* poll(), select() and epoll in every phase of a connection's life. */
#include "api.h"

#include <sys/epoll.h>
#include <sys/select.h>

/* What is left when both directions are at their end. */
#define POLL_CLOSED	(POLL_ALL | POLLHUP)

TEST_F(api, poll_of_a_new_socket)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(POLLOUT | POLLHUP, events_of(fd, POLL_ALL));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 0));
	EXPECT_EQ(POLLOUT | POLLHUP, events_of(fd, POLL_ALL));
}

TEST_F(api, poll_of_a_listener)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);

	EXPECT_EQ(0, events_of(lfd, POLL_ALL));
	connect_client(_metadata, lfd);
	EXPECT_EQ(POLLIN, wait_events(lfd, POLL_ALL));
	accept_one(_metadata, lfd);
	EXPECT_EQ(0, events_of(lfd, POLL_ALL));
}

TEST_F(api, poll_of_a_handshake)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", local_port(lfd)));
	EXPECT_EQ(0, events_of(fd, POLL_ALL));
}

TEST_F(api, poll_of_a_connection)
{
	struct pair p = open_pair(_metadata);
	char buf[8];

	EXPECT_EQ(POLLOUT, events_of(p.client, POLL_ALL));
	EXPECT_EQ(POLLOUT, events_of(p.server, POLL_ALL));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(POLLIN, wait_events(p.server, POLLIN));
	EXPECT_EQ(POLLIN | POLLOUT, events_of(p.server, POLL_ALL));
	ASSERT_EQ(1, rc(recv(p.server, buf, sizeof(buf), 0)));
	EXPECT_EQ(POLLOUT, events_of(p.server, POLL_ALL));
}

TEST_F(api, poll_of_either_side_after_a_fin)
{
	struct pair p = open_pair(_metadata);
	char c;

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_TRUE(wait_exact_events(p.server, POLL_ALL));
	/* Writing fails at once, so it would not block. */
	EXPECT_EQ(POLLOUT, events_of(p.client, POLL_ALL));
	/* The end of the stream stays readable. */
	EXPECT_EQ(0, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(POLL_ALL, events_of(p.server, POLL_ALL));

	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	EXPECT_TRUE(wait_exact_events(p.client, POLL_CLOSED));
	EXPECT_TRUE(wait_exact_events(p.server, POLL_CLOSED));
}

TEST_F(api, poll_after_shutdown_of_the_reading_side)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_RD)));
	EXPECT_EQ(POLL_ALL, events_of(p.client, POLL_ALL));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(POLL_CLOSED, events_of(p.client, POLL_ALL));
	EXPECT_TRUE(wait_exact_events(p.server, POLL_ALL));
}

TEST_F(api, poll_of_a_connection_that_was_reset)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(POLLERR | POLLHUP, wait_events(p.client, 0));
	EXPECT_EQ(POLL_CLOSED | POLLERR, events_of(p.client, POLL_ALL));
	EXPECT_EQ(ECONNRESET, so_error(p.client));
	EXPECT_EQ(POLL_CLOSED, events_of(p.client, POLL_ALL));
}

TEST_F(api, poll_out_ends_with_the_room_in_the_send_buffer)
{
	struct pair p = open_small_pair(_metadata, 16384, 8192);
	long sent;

	sent = fill_send_buffer(p.client, 1);
	ASSERT_LT(0, sent);
	EXPECT_EQ(0, events_of(p.client, POLLOUT));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_EQ(POLLOUT, wait_events(p.client, POLLOUT));
}

TEST_F(api, poll_in_waits_for_the_low_water_mark)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 10));
	ASSERT_EQ(5, rc(send(p.client, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 5));
	EXPECT_EQ(0, events_of(p.server, POLLIN));
	ASSERT_EQ(5, rc(send(p.client, "world", 5, 0)));
	EXPECT_EQ(POLLIN, wait_events(p.server, POLLIN));
	EXPECT_EQ(10, get_ioctl(p.server, SIOCINQ));
}

static void *shut_down_thread(void *arg)
{
	int fd = *(int *)arg;

	return (void *)rc(shutdown(fd, SHUT_RDWR));
}

TEST_F(api, poll_is_woken_by_shutdown)
{
	struct pair p = open_pair(_metadata);
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, pthread_create(&thread, NULL, shut_down_thread,
				    &p.client));
	EXPECT_EQ(POLLIN | POLLHUP, wait_events(p.client, POLLIN));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
}

TEST_F(api, select_agrees_with_poll)
{
	struct pair p = open_pair(_metadata);
	struct timeval tv = {};
	fd_set in, out, except;
	int max;

	max = (p.client > p.server ? p.client : p.server) + 1;
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	FD_ZERO(&in);
	FD_SET(p.client, &in);
	FD_SET(p.server, &in);
	out = in;
	except = in;
	EXPECT_EQ(3, rc(select(max, &in, &out, &except, &tv)));
	EXPECT_FALSE(FD_ISSET(p.client, &in));
	EXPECT_TRUE(FD_ISSET(p.server, &in));
	EXPECT_TRUE(FD_ISSET(p.client, &out));
	EXPECT_TRUE(FD_ISSET(p.server, &out));
	EXPECT_FALSE(FD_ISSET(p.client, &except));

	close(p.server);
	ASSERT_EQ(POLLERR, wait_events(p.client, 0) & POLLERR);
	FD_ZERO(&in);
	FD_SET(p.client, &in);
	EXPECT_EQ(1, rc(select(max, &in, NULL, NULL, &tv)));
}

static int watch(struct __test_metadata *_metadata, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, rc(epfd));
	ASSERT_EQ(0, rc(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev)));
	return epfd;
}

/* The events of the one socket that is watched; 0 if there are none. */
static int next_event(int epfd, int timeout)
{
	struct epoll_event ev = {};
	int ret = epoll_wait(epfd, &ev, 1, timeout);

	return ret < 0 ? -errno : (int)ev.events;
}

TEST_F(api, epoll_reports_a_level_for_as_long_as_it_holds)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN);
	char c;

	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(EPOLLIN, next_event(epfd, 0));
	ASSERT_EQ(1, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(0, next_event(epfd, 0));
}

TEST_F(api, epoll_reports_an_edge_once_for_new_data)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN | EPOLLET);
	char buf[8];

	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(0, next_event(epfd, 0));
	/* Again for more, though nothing has been read. */
	ASSERT_EQ(1, rc(send(p.client, "y", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(0, next_event(epfd, 0));
	/* Reading a part of it is no edge. */
	ASSERT_EQ(1, rc(recv(p.server, buf, 1, 0)));
	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(1, rc(recv(p.server, buf, 1, 0)));
	ASSERT_EQ(1, rc(send(p.client, "z", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(0, next_event(epfd, 0));
}

TEST_F(api, epoll_reports_an_edge_for_the_end_of_the_stream)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN | EPOLLRDHUP | EPOLLET);

	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, next_event(epfd, DEADLINE_MS));
}

TEST_F(api, epoll_reports_an_edge_when_there_is_room_again)
{
	struct pair p = open_small_pair(_metadata, 16384, 8192);
	int epfd = watch(_metadata, p.client, EPOLLOUT | EPOLLET);
	long sent;

	/* A socket that is ready when it is added counts as an edge. */
	EXPECT_EQ(EPOLLOUT, next_event(epfd, 0));
	EXPECT_EQ(0, next_event(epfd, 0));
	sent = fill_send_buffer(p.client, 1);
	ASSERT_LT(0, sent);
	EXPECT_EQ(0, events_of(p.client, POLLOUT));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_EQ(EPOLLOUT, next_event(epfd, DEADLINE_MS));
}

TEST_F(api, epoll_reports_an_edge_for_each_connection_to_a_listener)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 4);
	int epfd = watch(_metadata, lfd, EPOLLIN | EPOLLET);

	for (int i = 0; i < 3; i++) {
		connect_client(_metadata, lfd);
		EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
		EXPECT_EQ(0, next_event(epfd, 0));
	}
}

TEST_F(api, epoll_reports_an_edge_when_the_handshake_is_done)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 4);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	int epfd = watch(_metadata, fd, EPOLLOUT | EPOLLET);

	EXPECT_EQ(EPOLLOUT | EPOLLHUP, next_event(epfd, 0));
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", local_port(lfd)));
	EXPECT_EQ(EPOLLOUT, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(fd));
}

TEST_F(api, epoll_reports_errors_unasked)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.client, EPOLLET);

	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(EPOLLERR | EPOLLHUP, next_event(epfd, DEADLINE_MS));
}

TEST_F(api, epoll_oneshot_reports_once_until_rearmed)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLONESHOT };
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN | EPOLLONESHOT);

	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	ASSERT_EQ(1, rc(send(p.client, "y", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 2));
	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(0, rc(epoll_ctl(epfd, EPOLL_CTL_MOD, p.server, &ev)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, 0));
}

TEST_F(api, epoll_forgets_a_socket_at_its_last_close)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN);
	int fd = dup(p.server);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 1));
	close(p.server);
	EXPECT_EQ(EPOLLIN, next_event(epfd, 0));
	close(fd);
	EXPECT_EQ(0, next_event(epfd, 0));
}

static int readable_signals;

static void count_readable(int sig)
{
	__atomic_fetch_add(&readable_signals, 1, __ATOMIC_SEQ_CST);
}

TEST_F(api, a_signal_tells_the_owner_of_new_data)
{
	struct pair p = open_pair(_metadata);

	signal(SIGIO, count_readable);
	ASSERT_EQ(0, rc(fcntl(p.server, F_SETOWN, getpid())));
	ASSERT_EQ(0, rc(fcntl(p.server, F_SETFL, O_ASYNC)));
	ASSERT_EQ(0, readable_signals);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_TRUE(WAIT_UNTIL(readable_signals > 0));
}

TEST_HARNESS_MAIN
