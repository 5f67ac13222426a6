// SPDX-License-Identifier: GPL-2.0
/*
 * Ports that the system chooses, servers that restart, and SO_REUSEPORT
 * groups. Who may have a port that somebody has is in ports.sh.
 */
#include "api.h"

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE	51
#endif

#define PORT		5001
#define CLIENT_PORT	6001
#define LOW		42000
#define HIGH		42031
#define RESERVED	"42000,42005-42007,42031"
#define FREE		27		/* of these 32 */
#define BACKLOG		512
#define GROUP		4
#define CONNECTIONS	400

static bool is_reserved(in_port_t port)
{
	return port == 42000 || (port >= 42005 && port <= 42007) ||
	       port == 42031;
}

static void set_range(struct __test_metadata *_metadata, int low, int high,
		      const char *reserved)
{
	char text[32];

	snprintf(text, sizeof(text), "%d %d", low, high);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range", text));
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_reserved_ports",
				reserved));
}

/* A listener whose port is of no range. */
static int listener_at(struct __test_metadata *_metadata, const char *ip,
		       in_port_t port)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, bind_to(fd, ip, port));
	ASSERT_EQ(0, rc(listen(fd, BACKLOG)));
	return fd;
}

/* A socket connected to 127.0.0.1, or a negated error. */
static int try_connect(struct __test_metadata *_metadata, in_port_t port)
{
	int fd = open_socket(_metadata, 0);
	long err = connect_to(fd, "127.0.0.1", port);

	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- a server that closed first */

static void exchange(struct __test_metadata *_metadata, struct pair *p)
{
	send_sentinel(_metadata, p->client, p->server);
	send_sentinel(_metadata, p->server, p->client);
}

static void connect_from(struct __test_metadata *_metadata, int lfd,
			 in_port_t port, struct pair *p)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", port));
	connect_pair(_metadata, lfd, fd, p);
	exchange(_metadata, p);
}

TEST_F(api, a_restarted_server_gets_the_same_client_from_the_same_port)
{
	int lfd = listener_at(_metadata, "127.0.0.1", PORT);
	struct pair p;
	int fd, i;

	for (i = 0; i < 5; i++) {
		connect_from(_metadata, lfd, CLIENT_PORT, &p);
		close(lfd);
		close(p.server);
		ASSERT_EQ(0, drain_to_eof(p.client, 0));
		close(p.client);
		ASSERT_TRUE(wait_records(PORT, CLIENT_PORT, TCP_TIME_WAIT, 1));
		/* What TIME_WAIT protects until somebody says otherwise. */
		fd = open_socket(_metadata, 0);
		EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", PORT));
		EXPECT_EQ(-EADDRINUSE, bind_to(fd, "0.0.0.0", PORT));
		close(fd);
		lfd = listener_at(_metadata, "127.0.0.1", PORT);
	}
	connect_from(_metadata, lfd, CLIENT_PORT, &p);
	EXPECT_EQ(0, count_records(PORT, CLIENT_PORT, TCP_TIME_WAIT));
}

TEST_F(api, a_bound_client_that_closed_first_comes_again)
{
	int lfd = listener_at(_metadata, "127.0.0.1", PORT);
	struct pair p;
	int i, fd;

	for (i = 0; i < 5; i++) {
		/* Waltz waits until the clock of timestamps has ticked. */
		fd = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, bind_to(fd, "127.0.0.1", CLIENT_PORT));
		ASSERT_TRUE(WAIT_UNTIL(!connect_to(fd, "127.0.0.1", PORT)));
		p.client = fd;
		p.server = accept_one(_metadata, lfd);
		exchange(_metadata, &p);
		close(p.client);
		ASSERT_EQ(0, drain_to_eof(p.server, 0));
		close(p.server);
		ASSERT_TRUE(wait_records(CLIENT_PORT, PORT, TCP_TIME_WAIT, 1));
	}
}

/* ---- SO_REUSEPORT groups */

static void open_group(struct __test_metadata *_metadata, int *group)
{
	int i;

	for (i = 0; i < GROUP; i++) {
		group[i] = open_socket(_metadata, SOCK_NONBLOCK);
		ASSERT_EQ(0, set_int(group[i], SOL_SOCKET, SO_REUSEPORT, 1));
		ASSERT_EQ(0, bind_to(group[i], "127.0.0.1", PORT));
		ASSERT_EQ(0, rc(listen(group[i], BACKLOG)));
	}
}

/* Accepts from whoever has something, and closes it; who it was, or -1. */
static int accept_any(const int *group)
{
	int i, fd;

	for (i = 0; i < GROUP; i++) {
		fd = group[i] < 0 ? -1 : accept(group[i], NULL, NULL);
		if (fd >= 0) {
			abort_socket(fd);
			return i;
		}
	}
	return -1;
}

TEST_F(api, a_reuseport_group_shares_connections)
{
	int group[GROUP], got[GROUP] = {}, clients[CONNECTIONS];
	int i, who;

	open_group(_metadata, group);
	for (i = 0; i < CONNECTIONS; i++) {
		clients[i] = try_connect(_metadata, PORT);
		ASSERT_LE(0, clients[i]);
	}
	for (i = 0; i < CONNECTIONS; i++) {
		ASSERT_TRUE(WAIT_UNTIL((who = accept_any(group)) >= 0));
		got[who]++;
	}
	EXPECT_EQ(-1, accept_any(group));
	/* A quarter each, if chance is fair. */
	for (i = 0; i < GROUP; i++)
		EXPECT_LE(CONNECTIONS / 10, got[i]);
}

TEST_F(api, a_reuseport_group_shrinks_without_loss)
{
	int group[GROUP], got[GROUP] = {};
	int i, gone, who, fd;

	open_group(_metadata, group);
	for (gone = 0; gone < GROUP; gone++) {
		for (i = 0; i < CONNECTIONS / GROUP; i++) {
			fd = try_connect(_metadata, PORT);
			ASSERT_LE(0, fd);
			ASSERT_TRUE(WAIT_UNTIL((who = accept_any(group)) >= 0));
			EXPECT_LE(gone, who);
			got[who]++;
			close(fd);
		}
		close(group[gone]);
		group[gone] = -1;
	}
	EXPECT_LE(CONNECTIONS / GROUP, got[GROUP - 1]);
	EXPECT_EQ(-ECONNREFUSED, try_connect(_metadata, PORT));
}

/* ---- the range, and what is reserved in it */

/* All ports that may be given away, each once. */
static void expect_all(struct __test_metadata *_metadata, const int *fds)
{
	bool seen[HIGH - LOW + 1] = {};
	in_port_t port;
	int i;

	for (i = 0; i < FREE; i++) {
		port = local_port(fds[i]);
		ASSERT_LE(LOW, port);
		ASSERT_GE(HIGH, port);
		EXPECT_FALSE(is_reserved(port));
		EXPECT_FALSE(seen[port - LOW]);
		seen[port - LOW] = true;
	}
}

static void connect_all(struct __test_metadata *_metadata, in_port_t to,
			int *fds)
{
	int i;

	for (i = 0; i < FREE; i++) {
		fds[i] = try_connect(_metadata, to);
		ASSERT_LE(0, fds[i]);
	}
	expect_all(_metadata, fds);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, to));
}

TEST_F(api, connect_uses_the_whole_range_toward_each_destination)
{
	int one[FREE], two[FREE];
	in_port_t port;
	int i;

	listener_at(_metadata, "127.0.0.1", PORT);
	listener_at(_metadata, "127.0.0.1", PORT + 1);
	set_range(_metadata, LOW, HIGH, RESERVED);
	connect_all(_metadata, PORT, one);
	connect_all(_metadata, PORT + 1, two);

	/* What comes back is found, whichever it is. */
	for (i = 0; i < FREE; i++) {
		port = local_port(one[i]);
		abort_socket(one[i]);
		one[i] = try_connect(_metadata, PORT);
		ASSERT_LE(0, one[i]);
		EXPECT_EQ(port, local_port(one[i]));
		EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, PORT));
	}
	EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, PORT + 1));
}

TEST_F(api, bind_uses_the_whole_range)
{
	int fds[FREE], fd = open_socket(_metadata, 0);
	in_port_t port;
	int i;

	set_range(_metadata, LOW, HIGH, RESERVED);
	for (i = 0; i < FREE; i++) {
		fds[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, bind_to(fds[i], "127.0.0.1", 0));
	}
	expect_all(_metadata, fds);
	for (i = 0; i < 10; i++)
		EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", 0));
	for (i = 0; i < FREE; i++) {
		port = local_port(fds[i]);
		close(fds[i]);
		fds[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, bind_to(fds[i], "0.0.0.0", 0));
		EXPECT_EQ(port, local_port(fds[i]));
	}
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", 0));
	/* Reserved is what nobody gets who does not ask for it. */
	EXPECT_EQ(0, bind_to(fd, "127.0.0.1", LOW));
}

/* Options that share a port which was asked for do not share another. */
TEST_F(api, a_port_not_asked_for_is_shared_only_if_autobind_reuse_says_so)
{
	static const int options[] = { SO_REUSEADDR, SO_REUSEPORT };
	int i, a, b;

	set_range(_metadata, LOW + 1, LOW + 1, "\n");
	for (i = 0; i < 2; i++) {
		a = open_socket(_metadata, 0);
		b = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(a, SOL_SOCKET, options[i], 1));
		ASSERT_EQ(0, set_int(b, SOL_SOCKET, options[i], 1));
		ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_autobind_reuse",
					"0"));
		ASSERT_EQ(0, bind_to(a, "127.0.0.1", 0));
		EXPECT_EQ(-EADDRINUSE, bind_to(b, "127.0.0.1", 0));
		EXPECT_EQ(-EADDRINUSE, bind_to(b, "0.0.0.0", 0));
		ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_autobind_reuse",
					"1"));
		EXPECT_EQ(i ? -EADDRINUSE : 0, bind_to(b, "127.0.0.1", 0));
		close(b);
		/* Not with a listener. */
		ASSERT_EQ(0, rc(listen(a, 1)));
		b = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(b, SOL_SOCKET, options[i], 1));
		EXPECT_EQ(-EADDRINUSE, bind_to(b, "127.0.0.1", 0));
		EXPECT_EQ(0, bind_to(b, "127.0.0.2", 0));
		close(a);
		close(b);
	}
}

TEST_F(api, time_wait_of_one_address_does_not_keep_bind_from_another)
{
	int lfd = listener_at(_metadata, "127.0.0.1", PORT);
	int fd = open_socket(_metadata, 0);
	struct pair p;
	int i;

	set_range(_metadata, LOW, HIGH, RESERVED);
	/* Or connect() may reuse those of 127.0.0.0/8, after a second. */
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/tcp_tw_reuse", "0"));
	for (i = 0; i < FREE; i++) {
		connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
		close(p.client);
		ASSERT_EQ(0, drain_to_eof(p.server, 0));
		close(p.server);
		ASSERT_TRUE(wait_records(p.client_port, PORT, TCP_TIME_WAIT, 1));
	}
	ASSERT_EQ(FREE, count_records(0, PORT, TCP_TIME_WAIT));
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "0.0.0.0", 0));
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", 0));
	EXPECT_EQ(0, bind_to(fd, "127.0.0.2", 0));
	EXPECT_FALSE(is_reserved(local_port(fd)));
}

TEST_F(api, no_search_leaves_a_range_that_ends_at_65535)
{
	int fds[15], fd, i;

	listener_at(_metadata, "127.0.0.1", PORT);
	set_range(_metadata, 65520, 65535, "65535");
	for (i = 0; i < 15; i++) {
		fds[i] = try_connect(_metadata, PORT);
		ASSERT_LE(0, fds[i]);
		EXPECT_LE(65520, local_port(fds[i]));
		EXPECT_GE(65534, local_port(fds[i]));
	}
	for (i = 0; i < 20; i++)
		EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, PORT));
	/* The same port is not reserved, but somebody's. */
	set_range(_metadata, 65520, 65535, "\n");
	fd = open_socket(_metadata, 0);
	ASSERT_EQ(0, bind_to(fd, "127.0.0.2", 65535));
	for (i = 0; i < 20; i++)
		EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, PORT));
	close(fd);
	fd = try_connect(_metadata, PORT);
	ASSERT_LE(0, fd);
	EXPECT_EQ(65535, local_port(fd));
}

/* Names of a socket that is bound to a device are free for one that is not. */
TEST_F(api, sockets_of_a_device_leave_ports_to_others)
{
	in_port_t to = local_port(open_silent_listener(_metadata));
	int fd, i, round;

	set_range(_metadata, LOW, HIGH, RESERVED);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < FREE + 10; i++) {
			fd = open_socket(_metadata, SOCK_NONBLOCK);
			if (!round)
				ASSERT_EQ(0, rc(setsockopt(fd, SOL_SOCKET,
							   SO_BINDTODEVICE,
							   "lo", 3)));
			EXPECT_EQ(i < FREE ? -EINPROGRESS : -EADDRNOTAVAIL,
				  connect_to(fd, "127.0.0.1", to));
		}
	}
}

/* So are those of what was left of one. */
TEST_F(api, time_wait_of_a_device_does_not_keep_connect_from_others)
{
	int lfd = listener_at(_metadata, "127.0.0.1", PORT);
	int i, fd[2];
	struct pair p;

	for (i = 0; i < 2; i++) {
		fd[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(fd[i], SOL_SOCKET, SO_REUSEADDR, 1));
		if (!i)
			ASSERT_EQ(0, rc(setsockopt(fd[i], SOL_SOCKET,
						   SO_BINDTODEVICE, "lo", 3)));
		ASSERT_EQ(0, bind_to(fd[i], "127.0.0.1", CLIENT_PORT));
		connect_pair(_metadata, lfd, fd[i], &p);
		exchange(_metadata, &p);
		EXPECT_EQ(i, count_records(CLIENT_PORT, PORT, TCP_TIME_WAIT));
		close(p.client);
		ASSERT_EQ(0, drain_to_eof(p.server, 0));
		close(p.server);
		ASSERT_TRUE(wait_records(CLIENT_PORT, PORT, TCP_TIME_WAIT,
					 i + 1));
	}
}

TEST_F(api, ports_are_not_taken_before_connect_if_so_asked)
{
	int fd, i, to;

	listener_at(_metadata, "127.0.0.1", PORT);
	listener_at(_metadata, "127.0.0.1", PORT + 1);
	set_range(_metadata, LOW, HIGH, RESERVED);
	for (to = PORT; to <= PORT + 1; to++) {
		for (i = 0; i < FREE; i++) {
			fd = open_socket(_metadata, 0);
			ASSERT_EQ(0, set_int(fd, IPPROTO_IP,
					     IP_BIND_ADDRESS_NO_PORT, 1));
			ASSERT_EQ(0, bind_to(fd, "127.0.0.3", 0));
			ASSERT_EQ(0, connect_to(fd, "127.0.0.1", to));
		}
		fd = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1));
		ASSERT_EQ(0, bind_to(fd, "127.0.0.3", 0));
		EXPECT_EQ(-EADDRNOTAVAIL, connect_to(fd, "127.0.0.1", to));
		ASSERT_EQ(0, bind_to(open_socket(_metadata, 0), "127.0.0.3",
				     LOW - 1 - to + PORT));
	}
}

static int narrow_socket(struct __test_metadata *_metadata, in_port_t low,
			 in_port_t high)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE,
			     high << 16 | low));
	return fd;
}

TEST_F(api, a_socket_may_narrow_the_range)
{
	int fd = open_socket(_metadata, 0);
	int i, supported;

	listener_at(_metadata, "127.0.0.1", PORT);
	set_range(_metadata, LOW, HIGH, RESERVED);
	supported = set_int(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, 0);
	if (supported) {
		/* Before Linux 6.3, if nobody has carried it back. */
		EXPECT_EQ(-ENOPROTOOPT, supported);
		return;
	}
	/* Of these six 42005 to 42007 are reserved. An even number: TCP leaves
	 * one of an odd number out.
	 */
	for (i = 0; i < 3; i++) {
		fd = narrow_socket(_metadata, 42004, 42009);
		ASSERT_EQ(0, connect_to(fd, "127.0.0.1", PORT));
		EXPECT_LE(42004, local_port(fd));
		EXPECT_GE(42009, local_port(fd));
		EXPECT_FALSE(is_reserved(local_port(fd)));
	}
	for (i = 0; i < 10; i++) {
		fd = narrow_socket(_metadata, 42004, 42009);
		EXPECT_EQ(-EADDRNOTAVAIL, connect_to(fd, "127.0.0.1", PORT));
	}
	for (i = 0; i < 4; i++) {
		fd = narrow_socket(_metadata, 42010, 42013);
		ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 0));
		EXPECT_LE(42010, local_port(fd));
		EXPECT_GE(42013, local_port(fd));
	}
	fd = narrow_socket(_metadata, 42010, 42013);
	EXPECT_EQ(-EADDRINUSE, bind_to(fd, "127.0.0.1", 0));
	/* Others have the rest, and what is outside does not count. */
	fd = narrow_socket(_metadata, 1024, 42001);
	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", 0));
	EXPECT_EQ(42001, local_port(fd));
	for (i = 0; i < FREE - 3 - 4 - 1; i++)
		ASSERT_LE(0, try_connect(_metadata, PORT));
	EXPECT_EQ(-EADDRNOTAVAIL, try_connect(_metadata, PORT));
}

/*
 * RFC 6056: whoever sees the ports toward one destination cannot tell those
 * toward another. Without an offset of its own each would go on where the last
 * one stopped.
 */
TEST_F(api, a_destination_does_not_tell_the_ports_of_another)
{
	int near = 0, i, fd, port, last = 0;

	listener_at(_metadata, "0.0.0.0", PORT);
	for (i = 0; i < 40; i++) {
		char ip[16];

		snprintf(ip, sizeof(ip), "127.0.0.%d", i + 1);
		fd = open_socket(_metadata, 0);
		ASSERT_EQ(0, connect_to(fd, ip, PORT));
		port = local_port(fd);
		near += abs(port - last) < 100;
		last = port;
	}
	/* By chance one in 140 is. */
	EXPECT_GE(8, near);
}

TEST_HARNESS_MAIN
