// SPDX-License-Identifier: GPL-2.0
/* bind(): addresses, ports, who may share one, and what TIME_WAIT holds. */
#include "api.h"

#include <linux/capability.h>
#include <sys/syscall.h>

#define PORT	5001

static int bound_socket(struct __test_metadata *_metadata, const char *ip,
			in_port_t port)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, bind_to(fd, ip, port));
	return fd;
}

static int reusable_socket(struct __test_metadata *_metadata, int option)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, option, 1));
	return fd;
}

TEST_F(api, a_bound_socket_has_its_address)
{
	int fd = bound_socket(_metadata, "127.0.0.1", PORT);
	struct sockaddr_in sin = local_address(fd);

	EXPECT_EQ(PORT, ntohs(sin.sin_port));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), sin.sin_addr.s_addr);
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
}

TEST_F(api, port_zero_binds_to_a_free_port)
{
	int a = bound_socket(_metadata, "127.0.0.1", 0);
	int b = bound_socket(_metadata, "127.0.0.1", 0);

	EXPECT_NE(0, local_port(a));
	EXPECT_NE(0, local_port(b));
	EXPECT_NE(local_port(a), local_port(b));
}

TEST_F(api, free_ports_come_from_the_configured_range)
{
	int fds[4];
	int i;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"40000 40003"));
	for (i = 0; i < 4; i++) {
		fds[i] = bound_socket(_metadata, "127.0.0.1", 0);
		EXPECT_LE(40000, local_port(fds[i]));
		EXPECT_GE(40003, local_port(fds[i]));
	}
	i = open_socket(_metadata, 0);
	EXPECT_EQ(-EADDRINUSE, bind_to(i, "127.0.0.1", 0));
	close(fds[2]);
	EXPECT_EQ(0, bind_to(i, "127.0.0.1", 0));
}

TEST_F(api, bind_takes_only_an_address_of_this_host)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EADDRNOTAVAIL, bind_to(fd, "192.0.2.1", PORT));
	EXPECT_EQ(0, local_port(fd));
	EXPECT_EQ(0, bind_to(fd, "127.1.2.3", PORT));
}

TEST_F(api, freebind_takes_any_address)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, IPPROTO_IP, IP_FREEBIND, 1));
	EXPECT_EQ(0, bind_to(fd, "192.0.2.1", PORT));
}

TEST_F(api, bind_refuses_bad_addresses)
{
	struct sockaddr_in sin = address("127.0.0.1", PORT);
	struct sockaddr *sa = (struct sockaddr *)&sin;
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EINVAL, rc(bind(fd, sa, sizeof(sin) - 1)));
	EXPECT_EQ(-EINVAL, rc(bind(fd, sa, -1)));
	EXPECT_EQ(-EFAULT, rc(bind(fd, NO_MEMORY, sizeof(sin))));
	sin.sin_family = AF_INET6;
	EXPECT_EQ(-EAFNOSUPPORT, rc(bind(fd, sa, sizeof(sin))));
	sin.sin_family = AF_UNSPEC;
	EXPECT_EQ(-EAFNOSUPPORT, rc(bind(fd, sa, sizeof(sin))));
	/* Old programs say AF_UNSPEC for the wildcard. */
	sin.sin_addr.s_addr = htonl(INADDR_ANY);
	EXPECT_EQ(0, rc(bind(fd, sa, sizeof(sin))));
	EXPECT_EQ(PORT, local_port(fd));
}

TEST_F(api, a_socket_is_bound_once)
{
	int fd = bound_socket(_metadata, "127.0.0.1", PORT);
	struct pair p;

	EXPECT_EQ(-EINVAL, bind_to(fd, "127.0.0.1", PORT + 1));
	EXPECT_EQ(-EINVAL, bind_to(fd, "127.0.0.1", PORT));
	EXPECT_EQ(PORT, local_port(fd));

	p = open_pair(_metadata);
	EXPECT_EQ(-EINVAL, bind_to(p.client, "127.0.0.1", PORT + 1));
}

TEST_F(api, low_ports_need_a_capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[2];
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", 80));

	ASSERT_EQ(0, rc(syscall(SYS_capget, &header, caps)));
	caps[0].effective &= ~(1U << CAP_NET_BIND_SERVICE);
	ASSERT_EQ(0, rc(syscall(SYS_capset, &header, caps)));
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(-EACCES, bind_to(fd, "127.0.0.1", 1023));
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", 1024));

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_unprivileged_port_start",
				"1000"));
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", 1023));
}

TEST_F(api, a_port_in_use_is_refused)
{
	int fd = open_socket(_metadata, 0);
	int other = bound_socket(_metadata, "127.0.0.1", PORT);

	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));
	/* The wildcard covers each address, and each address the wildcard. */
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "0.0.0.0", PORT));
	close(other);
	EXPECT_EQ(0, bind_to(fd, "0.0.0.0", PORT));
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));
}

TEST_F(api, a_failed_bind_leaves_the_socket_usable)
{
	int fd = open_socket(_metadata, 0);

	bound_socket(_metadata, "127.0.0.1", PORT);
	ASSERT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));
	EXPECT_EQ(0, local_port(fd));
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", PORT + 1));
	EXPECT_EQ(PORT + 1, local_port(fd));
}

TEST_F(api, different_addresses_share_a_port)
{
	int a = bound_socket(_metadata, "127.0.0.1", PORT);
	int b = bound_socket(_metadata, "127.0.0.2", PORT);

	EXPECT_EQ(0, rc(listen(a, 1)));
	EXPECT_EQ(0, rc(listen(b, 1)));
}

/* A port that TCP uses is free for Waltz; for TCP itself UDP is the other. */
TEST_F(api, protocols_do_not_share_ports)
{
	int fd = bound_socket(_metadata, "127.0.0.1", PORT);
	int udp = socket(AF_INET, SOCK_DGRAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	int expected = api_protocol == IPPROTO_TCP ? -EADDRINUSE : 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, bind_to(udp, "127.0.0.1", PORT));
	EXPECT_EQ(expected, bind_to(tcp, "127.0.0.1", PORT));
}

TEST_F(api, reuseaddr_shares_a_port_that_nobody_listens_on)
{
	int a = reusable_socket(_metadata, SO_REUSEADDR);
	int b = reusable_socket(_metadata, SO_REUSEADDR);

	EXPECT_EQ(0, bind_to(a, "127.0.0.1", PORT));
	EXPECT_EQ(0, bind_to(b, "127.0.0.1", PORT));
	EXPECT_EQ(PORT, local_port(b));
}

TEST_F(api, reuseaddr_wants_the_consent_of_both)
{
	int fd = reusable_socket(_metadata, SO_REUSEADDR);

	bound_socket(_metadata, "127.0.0.1", PORT);
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));

	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", PORT + 1));
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT + 1));
}

TEST_F(api, reuseaddr_does_not_share_a_listeners_port)
{
	int a = reusable_socket(_metadata, SO_REUSEADDR);
	int b = reusable_socket(_metadata, SO_REUSEADDR);

	ASSERT_EQ(0, bind_to(a, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(listen(a, 1)));
	EXPECT_EQ(-EADDRINUSE, bind_to(b, "127.0.0.1", PORT));
	EXPECT_EQ(-EADDRINUSE, bind_to(b, "0.0.0.0", PORT));
}

TEST_F(api, of_two_that_share_a_port_one_may_listen)
{
	int a = reusable_socket(_metadata, SO_REUSEADDR);
	int b = reusable_socket(_metadata, SO_REUSEADDR);

	ASSERT_EQ(0, bind_to(a, "127.0.0.1", PORT));
	ASSERT_EQ(0, bind_to(b, "127.0.0.1", PORT));
	EXPECT_EQ(0, rc(listen(a, 1)));
	EXPECT_EQ(-EADDRINUSE, rc(listen(b, 1)));
	close(a);
	EXPECT_EQ(0, bind_to(open_socket(_metadata, 0), "127.0.0.2", PORT));
}

TEST_F(api, reuseport_shares_a_listeners_port)
{
	int a = reusable_socket(_metadata, SO_REUSEPORT);
	int b = reusable_socket(_metadata, SO_REUSEPORT);
	int c = open_socket(_metadata, 0);
	int client;

	ASSERT_EQ(0, bind_to(a, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(listen(a, 4)));
	EXPECT_EQ(0, bind_to(b, "127.0.0.1", PORT));
	EXPECT_EQ(0, rc(listen(b, 4)));
	EXPECT_EQ(-EADDRINUSE, bind_to(c, "127.0.0.1", PORT));

	/* Either of the two gets the connection. */
	client = connect_client(_metadata, a);
	EXPECT_TRUE(WAIT_UNTIL(events_of(a, POLLIN) + events_of(b, POLLIN) ==
			       POLLIN));
	close(client);
}

/* A server's port: the connection that came from its listener holds it too. */
TEST_F(api, a_connection_holds_the_port_of_its_listener)
{
	struct pair p = open_pair(_metadata);
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", p.server_port));
	/* This end had not set the option, so it does not consent. */
	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", p.server_port));

	/* A reset leaves nothing behind. */
	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", p.server_port));
}

TEST_F(api, a_server_restarts_beside_its_connections_with_reuseaddr)
{
	int lfd = reusable_socket(_metadata, SO_REUSEADDR);
	int again = reusable_socket(_metadata, SO_REUSEADDR);
	struct pair p, q;

	ASSERT_EQ(0, bind_to(lfd, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(listen(lfd, 1)));
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	close(lfd);
	ASSERT_EQ(0, bind_to(again, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(listen(again, 1)));
	connect_pair(_metadata, again, open_socket(_metadata, 0), &q);
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, q.client, q.server);
}

/* Puts @port into TIME_WAIT on the server's side; the listener is gone. */
static void leave_time_wait(struct __test_metadata *_metadata, in_port_t port)
{
	int lfd = reusable_socket(_metadata, SO_REUSEADDR);
	struct pair p;

	ASSERT_EQ(0, bind_to(lfd, "127.0.0.1", port));
	ASSERT_EQ(0, rc(listen(lfd, 1)));
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	close(lfd);
	close(p.server);
	EXPECT_EQ(0, drain_to_eof(p.client, 0));
	close(p.client);
	ASSERT_TRUE(wait_records(port, p.client_port, TCP_TIME_WAIT, 1));
	ASSERT_EQ(1, count_records(0, 0, 0));
}

TEST_F(api, time_wait_holds_the_port)
{
	int fd = open_socket(_metadata, 0);

	leave_time_wait(_metadata, PORT);
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "0.0.0.0", PORT));
}

TEST_F(api, reuseaddr_shares_a_port_with_time_wait)
{
	int fd = reusable_socket(_metadata, SO_REUSEADDR);
	struct pair p;

	leave_time_wait(_metadata, PORT);
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(listen(fd, 1)));
	EXPECT_EQ(1, count_records(PORT, 0, TCP_TIME_WAIT));
	connect_pair(_metadata, fd, open_socket(_metadata, 0), &p);
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, close_frees_the_port)
{
	int fd = bound_socket(_metadata, "127.0.0.1", PORT);

	close(fd);
	fd = bound_socket(_metadata, "127.0.0.1", PORT);
	ASSERT_EQ(0, rc(listen(fd, 1)));
	close(fd);
	bound_socket(_metadata, "127.0.0.1", PORT);
}

TEST_F(api, no_port_is_taken_before_connect_if_so_asked)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin;

	ASSERT_EQ(0, set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.3", 0));
	EXPECT_EQ(0, local_port(fd));
	ASSERT_EQ(0, connect_to(fd, "127.0.0.1", local_port(lfd)));
	sin = local_address(fd);
	EXPECT_NE(0, sin.sin_port);
	EXPECT_EQ(inet_addr("127.0.0.3"), sin.sin_addr.s_addr);
}

TEST_F(api, one_local_port_may_lead_to_many_peers)
{
	int a = reusable_socket(_metadata, SO_REUSEADDR);
	int b = reusable_socket(_metadata, SO_REUSEADDR);
	int lfd1 = open_listener(_metadata, "127.0.0.1", 1);
	int lfd2 = open_listener(_metadata, "127.0.0.1", 1);

	ASSERT_EQ(0, bind_to(a, "127.0.0.1", PORT));
	ASSERT_EQ(0, bind_to(b, "127.0.0.1", PORT));
	EXPECT_EQ(0, connect_to(a, "127.0.0.1", local_port(lfd1)));
	/* The same four-tuple twice cannot be; another peer can. */
	EXPECT_EQ(-EADDRNOTAVAIL, connect_to(b, "127.0.0.1", local_port(lfd1)));
	EXPECT_EQ(0, connect_to(b, "127.0.0.1", local_port(lfd2)));
	EXPECT_EQ(PORT, local_port(b));
}

TEST_HARNESS_MAIN
