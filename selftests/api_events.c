// SPDX-License-Identifier: GPL-2.0
/*
 * poll() and epoll where several wait, where a handshake fails, and bit by bit in
 * all the states of a teardown. What they say in the usual ones: api_poll.c.
 */
#include "api.h"

#include <sys/epoll.h>
#include <sys/select.h>

#define EVERY_BIT	(POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDBAND | \
			 POLLWRNORM | POLLWRBAND | POLLMSG | POLLRDHUP)
#define READABLE	(POLLIN | POLLRDNORM)
#define WRITABLE	(POLLOUT | POLLWRNORM)
#define AT_ITS_END	(READABLE | POLLRDHUP)

static bool wait_bits(int fd, int bits)
{
	return WAIT_UNTIL(events_of(fd, EVERY_BIT) == bits);
}

/* Each state of either side, while two shutdowns and a close pass. */
TEST_F(api, every_bit_in_the_states_of_a_teardown)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p;
	char c;

	EXPECT_EQ(0, events_of(lfd, EVERY_BIT));
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_EQ(WRITABLE, events_of(p.client, EVERY_BIT));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	/* FIN_WAIT2 and CLOSE_WAIT; data before the end. */
	EXPECT_TRUE(wait_bits(p.server, AT_ITS_END | WRITABLE));
	ASSERT_EQ(1, rc(recv(p.server, &c, 1, 0)));
	EXPECT_EQ(AT_ITS_END | WRITABLE, events_of(p.server, EVERY_BIT));
	EXPECT_TRUE(wait_state(p.client, TCP_FIN_WAIT2));
	EXPECT_EQ(WRITABLE, events_of(p.client, EVERY_BIT));
	ASSERT_EQ(1, rc(send(p.server, "y", 1, 0)));
	EXPECT_TRUE(wait_bits(p.client, READABLE | WRITABLE));
	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	EXPECT_TRUE(wait_bits(p.client, AT_ITS_END | WRITABLE | POLLHUP));
	EXPECT_TRUE(wait_bits(p.server, AT_ITS_END | WRITABLE | POLLHUP));
	EXPECT_EQ(1, rc(recv(p.client, &c, 1, 0)));
	EXPECT_EQ(AT_ITS_END | WRITABLE | POLLHUP,
		  events_of(p.client, EVERY_BIT));
	/* A listener that is shut down. */
	ASSERT_EQ(0, rc(shutdown(lfd, SHUT_RDWR)));
	EXPECT_EQ(WRITABLE | POLLHUP, events_of(lfd, EVERY_BIT));
}

TEST_F(api, every_bit_of_a_handshake_that_fails)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port = local_port(lfd);

	close(lfd);
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_TRUE(wait_bits(fd, AT_ITS_END | WRITABLE | POLLHUP | POLLERR));
	EXPECT_EQ(ECONNREFUSED, so_error(fd));
	EXPECT_EQ(AT_ITS_END | WRITABLE | POLLHUP, events_of(fd, EVERY_BIT));
	/* connect() takes note of it, and begins anew. */
	EXPECT_EQ(-ECONNABORTED, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(WRITABLE | POLLHUP, events_of(fd, EVERY_BIT));
	EXPECT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
}

TEST_F(api, every_bit_after_a_disconnect)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(1, rc(send(p.server, "x", 1, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.client, 1));
	ASSERT_EQ(0, disconnect(p.client));
	EXPECT_EQ(WRITABLE | POLLHUP | POLLERR, events_of(p.client, EVERY_BIT));
	EXPECT_EQ(ECONNRESET, so_error(p.client));
	EXPECT_EQ(WRITABLE | POLLHUP, events_of(p.client, EVERY_BIT));
	EXPECT_TRUE(wait_bits(p.server, AT_ITS_END | WRITABLE | POLLHUP |
			      POLLERR));
}

TEST_F(api, a_simultaneous_close_hangs_up_both)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_RDWR)));
	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_RDWR)));
	EXPECT_EQ(AT_ITS_END | WRITABLE | POLLHUP,
		  events_of(p.client, EVERY_BIT));
	EXPECT_EQ(AT_ITS_END | WRITABLE | POLLHUP,
		  events_of(p.server, EVERY_BIT));
	EXPECT_TRUE(wait_state(p.client, TCP_CLOSE));
	EXPECT_TRUE(wait_state(p.server, TCP_CLOSE));
}

/* ---- who is woken */

#define WAITERS	4

struct waiter {
	pthread_t thread;
	int fd;
	int epfd;
	unsigned int events;
	int got;
};

static int woken;

static void *wait_in_poll(void *arg)
{
	struct waiter *w = arg;

	w->got = wait_events(w->fd, w->events);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *wait_in_epoll(void *arg)
{
	struct waiter *w = arg;
	struct epoll_event ev = {};

	if (epoll_wait(w->epfd, &ev, 1, DEADLINE_MS) == 1)
		w->got = ev.events;
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Whether all threads of this process but this one sleep. */
static bool others_sleep(int count)
{
	char path[64], line[256], state;
	int asleep = 0;

	for (int tid = getpid() + 1; tid < getpid() + 200; tid++) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) &&
		    sscanf(line, "%*d (%*[^)]) %c", &state) == 1 &&
		    state == 'S')
			asleep++;
		fclose(file);
	}
	return asleep == count;
}

static void start_waiters(struct __test_metadata *_metadata,
			  struct waiter waiters[WAITERS], int fd,
			  unsigned int events, bool own_epoll,
			  void *(*wait)(void *))
{
	int shared = epoll_create1(0);

	woken = 0;
	for (int i = 0; i < WAITERS; i++) {
		struct epoll_event ev = { .events = events };

		waiters[i] = (struct waiter){ .fd = fd, .events = events };
		waiters[i].epfd = own_epoll ? epoll_create1(0) : shared;
		ASSERT_LE(0, waiters[i].epfd);
		if (!i || own_epoll)
			ASSERT_EQ(0, rc(epoll_ctl(waiters[i].epfd,
						  EPOLL_CTL_ADD, fd, &ev)));
		ASSERT_EQ(0, pthread_create(&waiters[i].thread, NULL, wait,
					    &waiters[i]));
	}
	ASSERT_TRUE(WAIT_UNTIL(others_sleep(WAITERS)));
}

static void join_waiters(struct __test_metadata *_metadata,
			 struct waiter waiters[WAITERS])
{
	for (int i = 0; i < WAITERS; i++)
		ASSERT_EQ(0, pthread_join(waiters[i].thread, NULL));
}

TEST_F(api, data_wakes_all_who_poll)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];

	start_waiters(_metadata, waiters, p.server, POLLIN, true, wait_in_poll);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(POLLIN, waiters[i].got);
}

static void *wait_in_recv(void *arg)
{
	struct waiter *w = arg;
	char c = 0;

	w->got = rc(recv(w->fd, &c, 1, 0)) == 1 ? c : -1;
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Each byte is read once, and one who finds nothing waits on. */
TEST_F(api, readers_share_what_comes)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];
	int i, sum = 0;

	start_waiters(_metadata, waiters, p.server, POLLIN, true, wait_in_recv);
	for (i = 0; i < WAITERS; i++) {
		char c = 1 << i;

		ASSERT_EQ(1, rc(send(p.client, &c, 1, 0)));
		ASSERT_TRUE(WAIT_UNTIL(__atomic_load_n(&woken, __ATOMIC_SEQ_CST)
				       > i));
		EXPECT_EQ(i + 1, woken);
	}
	join_waiters(_metadata, waiters);
	for (i = 0; i < WAITERS; i++)
		sum += waiters[i].got;
	EXPECT_EQ((1 << WAITERS) - 1, sum);
}

TEST_F(api, the_end_wakes_all_readers)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];

	start_waiters(_metadata, waiters, p.server, POLLIN, true, wait_in_recv);
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(-1, waiters[i].got);
}

static void *wait_in_send(void *arg)
{
	struct waiter *w = arg;
	static const char zeros[40000];

	w->got = rc(send(w->fd, zeros, sizeof(zeros), 0)) == sizeof(zeros);
	__atomic_fetch_add(&woken, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST_F(api, writers_share_the_room_there_is)
{
	struct pair p = open_small_pair(_metadata, 16384, 8192);
	struct waiter waiters[WAITERS];
	long sent = fill_send_buffer(p.client, 1);
	char buf[4096];
	long total = 0;

	ASSERT_LT(0, sent);
	start_waiters(_metadata, waiters, p.client, POLLOUT, true,
		      wait_in_send);
	ASSERT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	while (total < WAITERS * 40000) {
		long ret;

		ASSERT_EQ(POLLIN, wait_events(p.server, POLLIN));
		ret = rc(recv(p.server, buf, sizeof(buf), MSG_DONTWAIT));
		ASSERT_LT(0, ret);
		total += ret;
	}
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(1, waiters[i].got);
	EXPECT_EQ(WAITERS * 40000, total);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, a_reset_wakes_all_who_wait_for_anything)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];

	start_waiters(_metadata, waiters, p.server, 0, true, wait_in_poll);
	ASSERT_EQ(0, set_linger(p.client, 0));
	close(p.client);
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(POLLERR | POLLHUP, waiters[i].got);
}

TEST_F(api, a_fin_wakes_all_who_wait_for_it)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];

	start_waiters(_metadata, waiters, p.server, EPOLLRDHUP, true,
		      wait_in_epoll);
	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(EPOLLRDHUP, waiters[i].got);
}

TEST_F(api, room_wakes_all_who_wait_for_it)
{
	struct pair p = open_small_pair(_metadata, 16384, 8192);
	struct waiter waiters[WAITERS];
	long sent = fill_send_buffer(p.client, 1);

	ASSERT_LT(0, sent);
	start_waiters(_metadata, waiters, p.client, POLLOUT, true,
		      wait_in_poll);
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	join_waiters(_metadata, waiters);
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQ(POLLOUT, waiters[i].got);
}

/* One of those who wait exclusively is told of a connection, not all. */
TEST_F(api, a_connection_wakes_one_who_waits_exclusively)
{
	int lfd = open_listener(_metadata, "127.0.0.1", WAITERS);
	struct waiter waiters[WAITERS];
	int i, got = 0;

	start_waiters(_metadata, waiters, lfd, EPOLLIN | EPOLLEXCLUSIVE, true,
		      wait_in_epoll);
	connect_client(_metadata, lfd);
	ASSERT_TRUE(WAIT_UNTIL(__atomic_load_n(&woken, __ATOMIC_SEQ_CST) > 0));
	/* If others were awake they would not sleep again before their end. */
	ASSERT_TRUE(WAIT_UNTIL(others_sleep(WAITERS - woken)));
	EXPECT_EQ(1, woken);
	for (i = 1; i < WAITERS; i++)
		connect_client(_metadata, lfd);
	join_waiters(_metadata, waiters);
	for (i = 0; i < WAITERS; i++)
		got += waiters[i].got == EPOLLIN;
	EXPECT_EQ(WAITERS, got);
}

/* Of those who share one epoll an edge wakes one. */
TEST_F(api, an_edge_wakes_one_of_those_who_share_an_epoll)
{
	struct pair p = open_pair(_metadata);
	struct waiter waiters[WAITERS];
	int i, got = 0;

	start_waiters(_metadata, waiters, p.server, EPOLLIN | EPOLLET, false,
		      wait_in_epoll);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	ASSERT_TRUE(WAIT_UNTIL(__atomic_load_n(&woken, __ATOMIC_SEQ_CST) > 0));
	ASSERT_TRUE(WAIT_UNTIL(others_sleep(WAITERS - woken)));
	EXPECT_EQ(1, woken);
	for (i = 1; i < WAITERS; i++) {
		ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
		ASSERT_TRUE(WAIT_UNTIL(__atomic_load_n(&woken, __ATOMIC_SEQ_CST)
				       > i));
	}
	join_waiters(_metadata, waiters);
	for (i = 0; i < WAITERS; i++)
		got += waiters[i].got == EPOLLIN;
	EXPECT_EQ(WAITERS, got);
}

/* ---- edges */

static int watch(struct __test_metadata *_metadata, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, rc(epfd));
	ASSERT_EQ(0, rc(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &ev)));
	return epfd;
}

static int next_event(int epfd, int timeout)
{
	struct epoll_event ev = {};
	int ret = epoll_wait(epfd, &ev, 1, timeout);

	return ret < 0 ? -errno : (int)ev.events;
}

TEST_F(api, an_edge_for_a_handshake_that_fails)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port = local_port(lfd);
	int epfd = watch(_metadata, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP |
			 EPOLLET);

	close(lfd);
	EXPECT_EQ(EPOLLOUT | EPOLLHUP, next_event(epfd, 0));
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR,
		  next_event(epfd, DEADLINE_MS));
}

/* Below the mark nothing is said, at the mark once. */
TEST_F(api, an_edge_at_the_low_water_mark)
{
	struct pair p = open_pair(_metadata);
	int epfd = watch(_metadata, p.server, EPOLLIN | EPOLLET);

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 10));
	ASSERT_EQ(9, rc(send(p.client, "123456789", 9, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.server, 9));
	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
	EXPECT_EQ(0, next_event(epfd, 0));
	/* A higher one, and a lower one: that tells at once. */
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 20));
	EXPECT_EQ(0, next_event(epfd, 0));
	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 5));
	EXPECT_EQ(EPOLLIN, next_event(epfd, DEADLINE_MS));
}

/* A short write is an edge to come, although the queue was never full. */
TEST_F(api, an_edge_after_little_was_unsent)
{
	struct pair p = open_small_pair(_metadata, 2000000, 4096);
	static char big[400000];
	int epfd;
	long sent;

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 10000));
	epfd = watch(_metadata, p.client, EPOLLOUT | EPOLLET);
	EXPECT_EQ(EPOLLOUT, next_event(epfd, 0));
	fill_pattern(big, sizeof(big), 0, 1);
	sent = rc(send(p.client, big, sizeof(big), MSG_DONTWAIT));
	ASSERT_LT(0, sent);
	ASSERT_GT((long)sizeof(big), sent);
	EXPECT_EQ(0, next_event(epfd, 0));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_EQ(EPOLLOUT, next_event(epfd, DEADLINE_MS));
}

/* Both ends of all the connections in one epoll, each told of what is its own. */
TEST_F(api, an_epoll_tells_many_sockets_apart)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 64);
	int epfd = epoll_create1(0);
	struct epoll_event ev, evs[64];
	int seen[32] = {}, i, n, total = 0;
	struct pair pairs[32];
	char c;

	for (i = 0; i < 32; i++) {
		connect_pair(_metadata, lfd, open_socket(_metadata, 0),
			     &pairs[i]);
		ev = (struct epoll_event){ EPOLLIN, { .u32 = i } };
		ASSERT_EQ(0, rc(epoll_ctl(epfd, EPOLL_CTL_ADD, pairs[i].server,
					  &ev)));
	}
	for (i = 0; i < 32; i += 2) {
		c = i;
		ASSERT_EQ(1, rc(send(pairs[i].client, &c, 1, 0)));
	}
	while (total < 16) {
		n = epoll_wait(epfd, evs, 64, DEADLINE_MS);
		ASSERT_LT(0, n);
		for (i = 0; i < n; i++) {
			int who = evs[i].data.u32;

			EXPECT_EQ(EPOLLIN, (int)evs[i].events);
			ASSERT_EQ(1, rc(recv(pairs[who].server, &c, 1, 0)));
			EXPECT_EQ(who, c);
			EXPECT_EQ(0, seen[who]++);
			total++;
		}
	}
	EXPECT_EQ(0, epoll_wait(epfd, evs, 64, 0));
}

/* select() and pselect() have sets for three of the bits. */
TEST_F(api, select_tells_reading_from_writing)
{
	struct pair p = open_small_pair(_metadata, 16384, 8192);
	struct timespec ts = {};
	fd_set in, out, except;

	ASSERT_LT(0, fill_send_buffer(p.client, 1));
	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	ASSERT_EQ(POLLIN, wait_events(p.client, POLLIN));
	FD_ZERO(&in);
	FD_SET(p.client, &in);
	out = in;
	except = in;
	EXPECT_EQ(1, rc(pselect(p.client + 1, &in, &out, &except, &ts, NULL)));
	EXPECT_TRUE(FD_ISSET(p.client, &in));
	EXPECT_FALSE(FD_ISSET(p.client, &out));
	EXPECT_FALSE(FD_ISSET(p.client, &except));
}

TEST_HARNESS_MAIN
