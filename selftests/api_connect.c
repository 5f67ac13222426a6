// SPDX-License-Identifier: GPL-2.0
/* connect(): waiting and not, refused, unanswered, undone, and to oneself. */
#include "api.h"

/* A port that nobody listens on, and that nobody is given meanwhile. */
static in_port_t closed_port(struct __test_metadata *_metadata)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 0));
	return local_port(fd);
}

TEST_F(api, connect_establishes_both_sides)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct sockaddr_in client, server, sin;
	struct pair p;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	client = local_address(p.client);
	server = local_address(p.server);
	EXPECT_NE(0, client.sin_port);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), client.sin_addr.s_addr);
	ASSERT_EQ(0, peer_name(p.client, &sin));
	EXPECT_EQ(0, memcmp(&server, &sin, sizeof(sin)));
	ASSERT_EQ(0, peer_name(p.server, &sin));
	EXPECT_EQ(0, memcmp(&client, &sin, sizeof(sin)));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(p.client));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(p.server));
	EXPECT_EQ(0, so_error(p.client));
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, p.server, p.client);
}

TEST_F(api, connect_keeps_the_address_that_was_bound)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin;
	struct pair p;

	ASSERT_EQ(0, bind_to(fd, "127.0.0.2", 5001));
	connect_pair(_metadata, lfd, fd, &p);
	ASSERT_EQ(0, peer_name(p.server, &sin));
	EXPECT_EQ(inet_addr("127.0.0.2"), sin.sin_addr.s_addr);
	EXPECT_EQ(5001, ntohs(sin.sin_port));
}

TEST_F(api, connect_to_the_wildcard_means_this_host)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin;

	ASSERT_EQ(0, connect_to(fd, "0.0.0.0", local_port(lfd)));
	ASSERT_EQ(0, peer_name(fd, &sin));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), sin.sin_addr.s_addr);
}

TEST_F(api, a_closed_port_refuses)
{
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin;

	EXPECT_EQ(-ECONNREFUSED, connect_to(fd, "127.0.0.1",
					    closed_port(_metadata)));
	/* The error has been returned once. */
	EXPECT_EQ(0, so_error(fd));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
}

TEST_F(api, a_refused_socket_can_connect_again)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct pair p;

	ASSERT_EQ(-ECONNREFUSED, connect_to(fd, "127.0.0.1",
					    closed_port(_metadata)));
	connect_pair(_metadata, lfd, fd, &p);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, a_connection_cannot_connect)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(-EISCONN, connect_to(p.client, "127.0.0.1", p.server_port));
	EXPECT_EQ(-EISCONN, connect_to(p.server, "127.0.0.1", 5001));
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, a_listener_cannot_connect)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int other = open_listener(_metadata, "127.0.0.1", 1);

	EXPECT_EQ(-EISCONN, connect_to(lfd, "127.0.0.1", local_port(other)));
	EXPECT_EQ(TCP_LISTEN, state_of(lfd));
}

TEST_F(api, connect_refuses_bad_addresses)
{
	struct sockaddr_in sin = address("127.0.0.1", 5001);
	struct sockaddr *sa = (struct sockaddr *)&sin;
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EINVAL, rc(connect(fd, sa, 1)));
	EXPECT_EQ(-EINVAL, rc(connect(fd, sa, sizeof(sin) - 1)));
	EXPECT_EQ(-EFAULT, rc(connect(fd, NO_MEMORY, sizeof(sin))));
	sin.sin_family = AF_INET6;
	EXPECT_EQ(-EAFNOSUPPORT, rc(connect(fd, sa, sizeof(sin))));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
}

TEST_F(api, an_address_without_a_route_is_unreachable)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-ENETUNREACH, connect_to(fd, "192.0.2.1", 5001));
	EXPECT_EQ(-ENETUNREACH, connect_to(fd, "127.255.255.255", 5001));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
	EXPECT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
}

TEST_F(api, nonblocking_connect_completes_later)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port = local_port(lfd);

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(POLLOUT, wait_events(fd, POLL_ALL));
	EXPECT_EQ(0, so_error(fd));
	/* The first call after the handshake is told of it. */
	EXPECT_EQ(0, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(-EISCONN, connect_to(fd, "127.0.0.1", port));
	send_sentinel(_metadata, fd, accept_one(_metadata, lfd));
}

TEST_F(api, nonblocking_connect_is_refused_later)
{
	int fd = open_socket(_metadata, SOCK_NONBLOCK);

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1",
					   closed_port(_metadata)));
	EXPECT_EQ(POLLERR | POLLHUP, wait_events(fd, 0));
	EXPECT_EQ(POLL_ALL | POLLERR | POLLHUP, events_of(fd, POLL_ALL));
	EXPECT_EQ(ECONNREFUSED, so_error(fd));
	EXPECT_EQ(0, so_error(fd));
}

TEST_F(api, connect_again_tells_why_the_first_one_failed)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port = closed_port(_metadata);

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	ASSERT_EQ(POLLERR | POLLHUP, wait_events(fd, 0));
	EXPECT_EQ(-ECONNREFUSED, connect_to(fd, "127.0.0.1", port));

	/* Unless SO_ERROR has told it before. */
	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	ASSERT_EQ(POLLERR | POLLHUP, wait_events(fd, 0));
	EXPECT_EQ(ECONNREFUSED, so_error(fd));
	EXPECT_EQ(-ECONNABORTED, connect_to(fd, "127.0.0.1", port));

	set_nonblock(fd, false);
	EXPECT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
}

TEST_F(api, recv_tells_why_connect_failed)
{
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	char c;

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1",
					   closed_port(_metadata)));
	ASSERT_EQ(POLLERR | POLLHUP, wait_events(fd, 0));
	EXPECT_EQ(-ECONNREFUSED, rc(recv(fd, &c, 1, 0)));
	EXPECT_EQ(0, so_error(fd));
	EXPECT_EQ(0, rc(recv(fd, &c, 1, 0)));
	EXPECT_EQ(-EPIPE, rc(send(fd, &c, 1, MSG_NOSIGNAL)));
}

TEST_F(api, a_second_connect_meanwhile_is_told_so)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port = local_port(lfd);
	struct sockaddr_in sin;
	char c;

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(-EALREADY, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(TCP_SYN_SENT, state_of(fd));
	EXPECT_EQ(1, count_records(local_port(fd), port, TCP_SYN_SENT));
	/* The socket has a name by now, and no peer yet. */
	EXPECT_NE(0, local_port(fd));
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
	EXPECT_EQ(0, events_of(fd, POLL_ALL));
	EXPECT_EQ(-EAGAIN, rc(recv(fd, &c, 1, 0)));
	EXPECT_EQ(-EAGAIN, rc(send(fd, &c, 1, 0)));
	EXPECT_EQ(-EINVAL, rc(listen(fd, 1)));
	EXPECT_EQ(-EINVAL, bind_to(fd, "127.0.0.1", 0));

	/* Nor does a call that may wait, once its time is up. */
	set_nonblock(fd, false);
	ASSERT_EQ(0, set_timeout(fd, SO_SNDTIMEO, 50));
	EXPECT_EQ(-EALREADY, connect_to(fd, "127.0.0.1", port));
}

TEST_F(api, connect_waits_no_longer_than_the_send_timeout)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, 0);
	long long start = now_ms();

	ASSERT_EQ(0, set_timeout(fd, SO_SNDTIMEO, 100));
	EXPECT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", local_port(lfd)));
	EXPECT_LE(50, now_ms() - start);
	EXPECT_EQ(TCP_SYN_SENT, state_of(fd));
}

TEST_F(api, a_signal_interrupts_connect_and_not_the_handshake)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, 0);
	in_port_t port = local_port(lfd);

	start_alarms(NULL, 0);
	EXPECT_EQ(-EINTR, connect_to(fd, "127.0.0.1", port));
	stop_alarms();
	EXPECT_EQ(TCP_SYN_SENT, state_of(fd));
	set_nonblock(fd, true);
	EXPECT_EQ(-EALREADY, connect_to(fd, "127.0.0.1", port));
}

TEST_F(api, close_abandons_a_handshake)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	in_port_t port;

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", local_port(lfd)));
	port = local_port(fd);
	ASSERT_EQ(1, count_records(port, 0, TCP_SYN_SENT));
	close(fd);
	EXPECT_EQ(0, count_records(port, 0, 0));
}

TEST_F(api, shutdown_abandons_a_handshake)
{
	int silent = open_silent_listener(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	struct pair p;

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1",
					   local_port(silent)));
	EXPECT_EQ(0, rc(shutdown(fd, SHUT_RDWR)));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
	EXPECT_EQ(ECONNRESET, so_error(fd));
	set_nonblock(fd, false);
	connect_pair(_metadata, lfd, fd, &p);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, disconnect_abandons_a_handshake)
{
	int silent = open_silent_listener(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, SOCK_NONBLOCK);
	struct pair p;

	ASSERT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1",
					   local_port(silent)));
	EXPECT_EQ(0, disconnect(fd));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
	EXPECT_EQ(htonl(INADDR_ANY), local_address(fd).sin_addr.s_addr);
	set_nonblock(fd, false);
	connect_pair(_metadata, lfd, fd, &p);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, disconnect_resets_the_connection)
{
	struct pair p = open_pair(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct sockaddr_in sin;
	struct pair q;
	char c;

	EXPECT_EQ(0, disconnect(p.client));
	EXPECT_EQ(TCP_CLOSE, state_of(p.client));
	EXPECT_EQ(htonl(INADDR_ANY), local_address(p.client).sin_addr.s_addr);
	EXPECT_EQ(-ENOTCONN, peer_name(p.client, &sin));
	EXPECT_EQ(POLLERR, wait_events(p.server, 0) & POLLERR);
	EXPECT_EQ(-ECONNRESET, rc(recv(p.server, &c, 1, 0)));

	connect_pair(_metadata, lfd, p.client, &q);
	EXPECT_EQ(0, so_error(q.client));
	send_sentinel(_metadata, q.client, q.server);
	send_sentinel(_metadata, q.server, q.client);
}

TEST_F(api, disconnect_drops_what_was_not_read)
{
	struct pair p = open_pair(_metadata);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair q;

	ASSERT_EQ(3, rc(send(p.server, "old", 3, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.client, 3));
	ASSERT_EQ(0, disconnect(p.client));
	connect_pair(_metadata, lfd, p.client, &q);
	send_sentinel(_metadata, q.server, q.client);
}

TEST_F(api, disconnect_keeps_a_port_that_was_bound)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 2);
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, disconnect(fd));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 5001));
	ASSERT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(5001, local_port(fd));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), local_address(fd).sin_addr.s_addr);
}

/* Of the options, only these are the connection's. */
TEST_F(api, disconnect_forgets_segment_size_and_window_clamp)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct tcp_info info;
	struct pair p;

	ASSERT_EQ(0, set_int(fd, IPPROTO_TCP, TCP_MAXSEG, 1000));
	ASSERT_EQ(0, set_int(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000));
	ASSERT_EQ(0, set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1));
	ASSERT_EQ(0, set_int(fd, IPPROTO_TCP, TCP_KEEPIDLE, 7));
	connect_pair(_metadata, lfd, fd, &p);
	close(p.server);
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, get_int(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP));
	EXPECT_NE(1000, get_int(fd, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_EQ(1, get_int(fd, IPPROTO_TCP, TCP_NODELAY));
	EXPECT_EQ(7, get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE));
	connect_pair(_metadata, lfd, fd, &p);
	ASSERT_EQ(0, get_info(fd, &info));
	EXPECT_EQ(65495 - 12, (int)info.tcpi_advmss);
	EXPECT_LT(5000, get_int(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP));
}

TEST_F(api, disconnect_ends_listening)
{
	int other = open_listener(_metadata, "127.0.0.1", 1);
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	in_port_t port = local_port(lfd);
	int client = connect_client(_metadata, lfd);
	int fd = open_socket(_metadata, 0);
	char c;

	ASSERT_EQ(POLLIN, wait_events(lfd, POLLIN));
	EXPECT_EQ(0, disconnect(lfd));
	EXPECT_EQ(0, get_int(lfd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(POLLERR, wait_events(client, 0) & POLLERR);
	EXPECT_EQ(-ECONNRESET, rc(recv(client, &c, 1, 0)));
	EXPECT_EQ(-EINVAL, rc(accept(lfd, NULL, NULL)));
	EXPECT_EQ(-ECONNREFUSED, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(0, connect_to(lfd, "127.0.0.1", local_port(other)));
}

/* A simultaneous open with oneself. */
TEST_F(api, a_socket_can_connect_to_itself)
{
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin, local;
	char buf[8];

	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 5001));
	ASSERT_EQ(0, connect_to(fd, "127.0.0.1", 5001));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(fd));
	local = local_address(fd);
	ASSERT_EQ(0, peer_name(fd, &sin));
	EXPECT_EQ(0, memcmp(&local, &sin, sizeof(sin)));

	ASSERT_EQ(5, rc(send(fd, "hello", 5, 0)));
	ASSERT_EQ(0, set_timeout(fd, SO_RCVTIMEO, DEADLINE_MS));
	EXPECT_EQ(5, rc(recv(fd, buf, 5, MSG_WAITALL)));
	EXPECT_EQ(0, memcmp(buf, "hello", 5));
	/* Its FIN is its own: a simultaneous close. */
	ASSERT_EQ(0, rc(shutdown(fd, SHUT_WR)));
	EXPECT_EQ(0, rc(recv(fd, buf, 5, 0)));
	EXPECT_TRUE(wait_records(5001, 5001, TCP_TIME_WAIT, 1));
	EXPECT_EQ(1, count_records(0, 0, 0));
}

TEST_F(api, connect_fails_when_no_port_is_left)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 8);
	int fd = open_socket(_metadata, 0);
	int clients[4];

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40003"));
	for (int i = 0; i < 4; i++) {
		clients[i] = connect_client(_metadata, lfd);
		EXPECT_LE(40000, local_port(clients[i]));
		EXPECT_GE(40003, local_port(clients[i]));
	}
	EXPECT_EQ(-EADDRNOTAVAIL,
		  connect_to(fd, "127.0.0.1", local_port(lfd)));
	ASSERT_EQ(0, set_linger(clients[2], 0));
	close(clients[2]);
	EXPECT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
}

/* Ports are scarce towards one peer, not in all. */
TEST_F(api, the_same_port_leads_to_different_peers)
{
	int a = open_listener(_metadata, "127.0.0.1", 1);
	int b = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p, q;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40000"));
	connect_pair(_metadata, a, open_socket(_metadata, 0), &p);
	connect_pair(_metadata, b, open_socket(_metadata, 0), &q);
	EXPECT_EQ(40000, p.client_port);
	EXPECT_EQ(40000, q.client_port);
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, q.client, q.server);
}

TEST_F(api, many_connections_have_many_ports)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 64);
	in_port_t ports[64];
	int i, j;

	for (i = 0; i < 64; i++)
		ports[i] = local_port(connect_client(_metadata, lfd));
	for (i = 0; i < 64; i++)
		for (j = 0; j < i; j++)
			EXPECT_NE(ports[i], ports[j]);
	EXPECT_TRUE(wait_records(local_port(lfd), 0, TCP_ESTABLISHED, 64));
	EXPECT_EQ(64, count_records(0, local_port(lfd), TCP_ESTABLISHED));
}

/* RFC 6056: the port toward one destination says nothing of that toward another. */
TEST_F(api, ports_to_many_destinations_are_far_apart)
{
	int lfd = open_listener(_metadata, "0.0.0.0", 32);
	int i, near = 0, before = 0;

	for (i = 0; i < 32; i++) {
		int fd = open_socket(_metadata, 0), port;
		char to[16];

		snprintf(to, sizeof(to), "127.0.0.%d", i + 1);
		ASSERT_EQ(0, connect_to(fd, to, local_port(lfd)));
		port = ntohs(local_port(fd));
		if (i && abs(port - before) <= 16)
			near++;
		before = port;
	}
	/* One of 850 pairs is, by chance. */
	EXPECT_LE(near, 3);
}

/* Two processes may share a socket that connects: both learn the outcome. */
TEST_F(api, a_waiting_connect_ends_when_the_socket_is_shut_down)
{
	int lfd = open_silent_listener(_metadata);
	int fd = open_socket(_metadata, 0);
	pid_t pid;

	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		long ret = connect_to(fd, "127.0.0.1", local_port(lfd));

		_exit(ret == -ECONNRESET ? 0 : 1);
	}
	ASSERT_TRUE(wait_state(fd, TCP_SYN_SENT));
	EXPECT_EQ(0, rc(shutdown(fd, SHUT_RDWR)));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_HARNESS_MAIN
