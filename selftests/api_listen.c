// SPDX-License-Identifier: GPL-2.0
/* listen() and accept(): the queue, its length, and who gets what. */
#include "api.h"

TEST_F(api, a_listener_says_so)
{
	int fd = open_listener(_metadata, "127.0.0.1", 1);
	struct sockaddr_in sin;

	EXPECT_EQ(1, get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(TCP_LISTEN, state_of(fd));
	EXPECT_EQ(1, count_records(local_port(fd), 0, TCP_LISTEN));
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
	EXPECT_EQ(-EINVAL, bind_to(fd, "127.0.0.1", 0));
}

TEST_F(api, listen_on_an_unbound_socket_binds_it)
{
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin;
	struct pair p;

	ASSERT_EQ(0, rc(listen(fd, 1)));
	sin = local_address(fd);
	EXPECT_NE(0, sin.sin_port);
	EXPECT_EQ(htonl(INADDR_ANY), sin.sin_addr.s_addr);
	connect_pair(_metadata, fd, open_socket(_metadata, 0), &p);
	/* The connection has the address that it was made to. */
	EXPECT_EQ(htonl(INADDR_LOOPBACK),
		  local_address(p.server).sin_addr.s_addr);
	EXPECT_EQ(p.server_port, local_port(p.server));
}

TEST_F(api, listen_on_a_connection_is_refused)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(-EINVAL, rc(listen(p.client, 1)));
	EXPECT_EQ(-EINVAL, rc(listen(p.server, 1)));
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, accept_wants_a_listener)
{
	struct pair p = open_pair(_metadata);
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EINVAL, rc(accept(fd, NULL, NULL)));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 0));
	EXPECT_EQ(-EINVAL, rc(accept(fd, NULL, NULL)));
	EXPECT_EQ(-EINVAL, rc(accept(p.server, NULL, NULL)));
}

TEST_F(api, accept_returns_the_peers_address)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int client = connect_client(_metadata, lfd);
	struct sockaddr_in sin = {}, peer;
	socklen_t len = sizeof(sin);
	int fd;

	fd = accept(lfd, (struct sockaddr *)&sin, &len);
	ASSERT_LE(0, rc(fd));
	EXPECT_EQ(sizeof(sin), len);
	EXPECT_EQ(AF_INET, sin.sin_family);
	EXPECT_EQ(local_port(client), ntohs(sin.sin_port));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), sin.sin_addr.s_addr);
	ASSERT_EQ(0, peer_name(fd, &peer));
	EXPECT_EQ(0, memcmp(&sin, &peer, sizeof(sin)));
	EXPECT_EQ(local_port(lfd), local_port(fd));
}

TEST_F(api, accept_truncates_the_address_to_the_buffer)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int client = connect_client(_metadata, lfd);
	unsigned char buf[16];
	socklen_t len = 4;
	int fd;

	memset(buf, 0xee, sizeof(buf));
	fd = accept(lfd, (struct sockaddr *)buf, &len);
	ASSERT_LE(0, rc(fd));
	EXPECT_EQ(sizeof(struct sockaddr_in), len);
	EXPECT_EQ(local_port(client), buf[2] << 8 | buf[3]);
	EXPECT_EQ(0xee, buf[4]);
}

TEST_F(api, accept4_sets_the_flags_it_is_given)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	int fd;

	connect_client(_metadata, lfd);
	connect_client(_metadata, lfd);
	EXPECT_EQ(-EINVAL, rc(accept4(lfd, NULL, NULL, 1 << 30)));
	fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK);
	ASSERT_LE(0, rc(fd));
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd = accept4(lfd, NULL, NULL, SOCK_CLOEXEC);
	ASSERT_LE(0, rc(fd));
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(api, accept_does_not_wait_on_a_nonblocking_listener)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);

	set_nonblock(lfd, true);
	EXPECT_EQ(-EAGAIN, rc(accept(lfd, NULL, NULL)));
	connect_client(_metadata, lfd);
	accept_one(_metadata, lfd);
	EXPECT_EQ(-EAGAIN, rc(accept(lfd, NULL, NULL)));
}

TEST_F(api, accept_waits_no_longer_than_the_receive_timeout)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	long long start;

	ASSERT_EQ(0, set_timeout(lfd, SO_RCVTIMEO, 100));
	start = now_ms();
	EXPECT_EQ(-EAGAIN, rc(accept(lfd, NULL, NULL)));
	EXPECT_LE(50, now_ms() - start);
}

TEST_F(api, a_signal_interrupts_accept)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);

	start_alarms(NULL, 0);
	EXPECT_EQ(-EINTR, rc(accept(lfd, NULL, NULL)));
	/* A call with a timeout is never restarted. */
	ASSERT_EQ(0, set_timeout(lfd, SO_RCVTIMEO, DEADLINE_MS));
	start_alarms(NULL, SA_RESTART);
	EXPECT_EQ(-EINTR, rc(accept(lfd, NULL, NULL)));
	stop_alarms();
}

struct connector {
	pthread_t thread;
	in_port_t port;
	int fd;
};

static void *connect_thread(void *arg)
{
	struct connector *c = arg;

	c->fd = socket(AF_INET, SOCK_STREAM, api_protocol);
	return (void *)connect_to(c->fd, "127.0.0.1", c->port);
}

TEST_F(api, a_connection_wakes_a_waiting_accept)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct connector c = { .port = local_port(lfd) };
	void *ret;

	ASSERT_EQ(0, set_timeout(lfd, SO_RCVTIMEO, DEADLINE_MS));
	ASSERT_EQ(0, pthread_create(&c.thread, NULL, connect_thread, &c));
	EXPECT_LE(0, rc(accept(lfd, NULL, NULL)));
	ASSERT_EQ(0, pthread_join(c.thread, &ret));
	EXPECT_EQ(NULL, ret);
}

static int alarmed_listener;

static void shut_listener_down(int sig)
{
	shutdown(alarmed_listener, SHUT_RD);
}

/* The handler runs while accept() waits; the call that starts again fails. */
TEST_F(api, shutdown_ends_a_waiting_accept)
{
	alarmed_listener = open_listener(_metadata, "127.0.0.1", 1);
	start_alarms(shut_listener_down, SA_RESTART);
	EXPECT_EQ(-EINVAL, rc(accept(alarmed_listener, NULL, NULL)));
	stop_alarms();
}

/* It keeps the port if bind() was told which. */
TEST_F(api, a_listener_that_was_shut_down_can_listen_again)
{
	int lfd = open_socket(_metadata, 0);
	int fd = open_socket(_metadata, 0);
	in_port_t port = 5001;
	struct pair p;

	ASSERT_EQ(0, bind_to(lfd, "127.0.0.1", port));
	ASSERT_EQ(0, rc(listen(lfd, 1)));
	/* Of a listener the writing side is nothing to shut. */
	ASSERT_EQ(0, rc(shutdown(lfd, SHUT_WR)));
	EXPECT_EQ(TCP_LISTEN, state_of(lfd));
	ASSERT_EQ(0, rc(shutdown(lfd, SHUT_RD)));
	EXPECT_EQ(TCP_CLOSE, state_of(lfd));
	EXPECT_EQ(-ECONNREFUSED, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(-EINVAL, rc(accept(lfd, NULL, NULL)));

	ASSERT_EQ(0, rc(listen(lfd, 1)));
	EXPECT_EQ(port, local_port(lfd));
	connect_pair(_metadata, lfd, fd, &p);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, connections_are_accepted_in_order)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 4);
	in_port_t ports[4];
	struct sockaddr_in sin;
	int i;

	for (i = 0; i < 4; i++)
		ports[i] = local_port(connect_client(_metadata, lfd));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, peer_name(accept_one(_metadata, lfd), &sin));
		EXPECT_EQ(ports[i], ntohs(sin.sin_port));
	}
}

TEST_F(api, data_may_come_before_accept)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int client = connect_client(_metadata, lfd);
	char buf[16];
	int fd;

	ASSERT_EQ(5, rc(send(client, "early", 5, 0)));
	ASSERT_EQ(0, rc(shutdown(client, SHUT_WR)));
	ASSERT_TRUE(wait_state(client, TCP_FIN_WAIT2));
	fd = accept_one(_metadata, lfd);
	EXPECT_EQ(5, rc(recv(fd, buf, sizeof(buf), 0)));
	EXPECT_EQ(0, memcmp(buf, "early", 5));
	EXPECT_EQ(0, rc(recv(fd, buf, sizeof(buf), 0)));
}

/* The connection is in the queue all the same: its reader learns of the end. */
TEST_F(api, a_connection_that_was_reset_is_still_accepted)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int client = connect_client(_metadata, lfd);
	in_port_t port = local_port(client);
	struct sockaddr_in sin = {};
	socklen_t len = sizeof(sin);
	char c;
	int fd;

	ASSERT_EQ(POLLIN, wait_events(lfd, POLLIN));
	ASSERT_EQ(0, set_linger(client, 0));
	close(client);
	ASSERT_TRUE(wait_records(local_port(lfd), port, 0, 0));

	fd = accept(lfd, (struct sockaddr *)&sin, &len);
	ASSERT_LE(0, rc(fd));
	EXPECT_EQ(port, ntohs(sin.sin_port));
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
	EXPECT_EQ(-ECONNRESET, rc(recv(fd, &c, 1, 0)));
	EXPECT_EQ(0, rc(recv(fd, &c, 1, 0)));
}

/* Connects without waiting; true if the connection was made. */
static bool try_connect(struct __test_metadata *_metadata, int lfd, int *fd)
{
	*fd = open_socket(_metadata, SOCK_NONBLOCK);
	ASSERT_EQ(-EINPROGRESS,
		  connect_to(*fd, "127.0.0.1", local_port(lfd)));
	return events_of(*fd, POLLOUT) == POLLOUT;
}

static unsigned int queue_length(int lfd)
{
	struct record r = {};

	find_records(local_port(lfd), 0, TCP_LISTEN, &r);
	return r.rx_queue;
}

/* A queue takes one more than the backlog, and an accept() makes room. */
TEST_F(api, the_backlog_bounds_the_queue)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	in_port_t port = local_port(lfd);
	int client, fd;

	connect_client(_metadata, lfd);
	connect_client(_metadata, lfd);
	ASSERT_TRUE(WAIT_UNTIL(queue_length(lfd) == 2));

	EXPECT_FALSE(try_connect(_metadata, lfd, &fd));
	EXPECT_EQ(TCP_SYN_SENT, state_of(fd));
	EXPECT_EQ(2, (int)queue_length(lfd));
	/* Two on either side, and none of them is the third. */
	EXPECT_EQ(2, count_records(port, 0, TCP_ESTABLISHED));
	EXPECT_EQ(2, count_records(0, port, TCP_ESTABLISHED));

	accept_one(_metadata, lfd);
	client = connect_client(_metadata, lfd);
	EXPECT_TRUE(WAIT_UNTIL(queue_length(lfd) == 2));
	accept_one(_metadata, lfd);
	send_sentinel(_metadata, client, accept_one(_metadata, lfd));
}

/* Its SYN is sent again a second later, and is answered then. */
TEST_F(api, who_found_the_queue_full_gets_in_later)
{
	int lfd = open_silent_listener(_metadata);
	int fd;

	EXPECT_FALSE(try_connect(_metadata, lfd, &fd));
	accept_one(_metadata, lfd);
	EXPECT_EQ(POLLOUT, wait_events(fd, POLLOUT));
	EXPECT_EQ(0, so_error(fd));
	send_sentinel(_metadata, fd, accept_one(_metadata, lfd));
}

TEST_F(api, listen_again_changes_the_backlog)
{
	int lfd = open_silent_listener(_metadata);
	int fd;

	EXPECT_FALSE(try_connect(_metadata, lfd, &fd));
	close(fd);
	ASSERT_EQ(0, rc(listen(lfd, 2)));
	connect_client(_metadata, lfd);
	connect_client(_metadata, lfd);
	EXPECT_TRUE(WAIT_UNTIL(queue_length(lfd) == 3));
	EXPECT_FALSE(try_connect(_metadata, lfd, &fd));
}

TEST_F(api, the_backlog_is_bounded_by_somaxconn)
{
	int lfd, fd;

	ASSERT_EQ(0, write_file("/proc/sys/net/core/somaxconn", "1"));
	lfd = open_listener(_metadata, "127.0.0.1", 100);
	connect_client(_metadata, lfd);
	connect_client(_metadata, lfd);
	EXPECT_TRUE(WAIT_UNTIL(queue_length(lfd) == 2));
	EXPECT_FALSE(try_connect(_metadata, lfd, &fd));
}

TEST_F(api, a_negative_backlog_is_the_longest)
{
	int lfd = open_listener(_metadata, "127.0.0.1", -1);

	for (int i = 0; i < 20; i++)
		connect_client(_metadata, lfd);
	EXPECT_TRUE(WAIT_UNTIL(queue_length(lfd) == 20));
}

TEST_F(api, closing_a_listener_resets_its_queue)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	in_port_t port = local_port(lfd);
	int clients[2];
	char c;

	for (int i = 0; i < 2; i++)
		clients[i] = connect_client(_metadata, lfd);
	ASSERT_TRUE(WAIT_UNTIL(queue_length(lfd) == 2));
	close(lfd);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(POLLERR, wait_events(clients[i], 0) & POLLERR);
		EXPECT_EQ(-ECONNRESET, rc(recv(clients[i], &c, 1, 0)));
	}
	EXPECT_EQ(-ECONNREFUSED, connect_to(open_socket(_metadata, 0),
					    "127.0.0.1", port));
	EXPECT_EQ(0, count_records(port, 0, 0));
}

TEST_F(api, closing_a_listener_leaves_accepted_connections_alone)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	struct pair p;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	close(lfd);
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, p.server, p.client);
	EXPECT_EQ(p.server_port, local_port(p.server));
}

TEST_F(api, listeners_of_different_addresses_get_their_own)
{
	int a = open_listener(_metadata, "127.0.0.1", 1);
	int b = open_socket(_metadata, 0);
	in_port_t port = local_port(a);
	int client = open_socket(_metadata, 0);

	ASSERT_EQ(0, bind_to(b, "127.0.0.2", port));
	ASSERT_EQ(0, rc(listen(b, 1)));
	ASSERT_EQ(0, connect_to(client, "127.0.0.2", port));
	send_sentinel(_metadata, client, accept_one(_metadata, b));
	EXPECT_EQ(0, events_of(a, POLLIN));
	client = open_socket(_metadata, 0);
	EXPECT_EQ(-ECONNREFUSED, connect_to(client, "127.0.0.3", port));
}

#define ACCEPTORS	4
#define PER_ACCEPTOR	5

struct acceptor {
	pthread_t thread;
	int lfd;
	int accepted;
	int error;
};

/* Each connection sends one byte; an acceptor takes its share of them. */
static void *accept_thread(void *arg)
{
	struct acceptor *a = arg;
	char c;

	while (a->accepted < PER_ACCEPTOR) {
		int fd = accept(a->lfd, NULL, NULL);

		if (fd < 0 || recv(fd, &c, 1, 0) != 1) {
			a->error = errno;
			break;
		}
		a->accepted++;
		close(fd);
	}
	return NULL;
}

TEST_F(api, threads_that_share_a_listener_get_each_connection_once)
{
	int lfd = open_listener(_metadata, "127.0.0.1",
				ACCEPTORS * PER_ACCEPTOR);
	struct acceptor acceptors[ACCEPTORS] = {};
	char c;
	int fd;
	int i;

	for (i = 0; i < ACCEPTORS; i++) {
		acceptors[i].lfd = lfd;
		ASSERT_EQ(0, pthread_create(&acceptors[i].thread, NULL,
					    accept_thread, &acceptors[i]));
	}
	for (i = 0; i < ACCEPTORS * PER_ACCEPTOR; i++) {
		fd = connect_client(_metadata, lfd);
		ASSERT_EQ(1, rc(send(fd, "x", 1, 0)));
		EXPECT_EQ(0, rc(recv(fd, &c, 1, 0)));
		close(fd);
	}
	for (i = 0; i < ACCEPTORS; i++) {
		ASSERT_EQ(0, pthread_join(acceptors[i].thread, NULL));
		EXPECT_EQ(0, acceptors[i].error);
		EXPECT_EQ(PER_ACCEPTOR, acceptors[i].accepted);
	}
	EXPECT_EQ(0, events_of(lfd, POLLIN));
}

TEST_F(api, processes_that_share_a_listener_get_each_connection_once)
{
	int lfd = open_listener(_metadata, "127.0.0.1", ACCEPTORS);
	pid_t children[ACCEPTORS];
	int clients[ACCEPTORS];
	pid_t pid, seen = 0;
	int i;

	for (i = 0; i < ACCEPTORS; i++) {
		children[i] = fork_child();
		ASSERT_LE(0, rc(children[i]));
		if (!children[i]) {
			int fd = accept(lfd, NULL, NULL);

			pid = getpid();
			if (fd < 0 || write(fd, &pid, sizeof(pid)) < 0)
				_exit(1);
			_exit(0);
		}
	}
	for (i = 0; i < ACCEPTORS; i++)
		clients[i] = connect_client(_metadata, lfd);
	for (i = 0; i < ACCEPTORS; i++) {
		ASSERT_EQ((long)sizeof(pid), rc(recv(clients[i], &pid,
						     sizeof(pid),
						     MSG_WAITALL)));
		EXPECT_NE(seen, pid);
		seen = pid;
	}
	for (i = 0; i < ACCEPTORS; i++)
		EXPECT_EQ(0, wait_child(children[i]));
}

TEST_HARNESS_MAIN
