// SPDX-License-Identifier: GPL-2.0
/* Creating sockets, their options, and what accepted ones inherit. */
#include "api.h"

TEST_F(api, a_new_socket_says_what_it_is)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(api_protocol, get_int(fd, SOL_SOCKET, SO_PROTOCOL));
	EXPECT_EQ(SOCK_STREAM, get_int(fd, SOL_SOCKET, SO_TYPE));
	EXPECT_EQ(AF_INET, get_int(fd, SOL_SOCKET, SO_DOMAIN));
	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, so_error(fd));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
}

TEST_F(api, only_stream_sockets_can_be_created)
{
	EXPECT_EQ(-EPROTONOSUPPORT,
		  rc(socket(AF_INET, SOCK_DGRAM, api_protocol)));
	EXPECT_EQ(-ESOCKTNOSUPPORT,
		  rc(socket(AF_INET, SOCK_SEQPACKET, api_protocol)));
}

TEST_F(api, creation_flags_are_applied)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);

	fd = open_socket(_metadata, SOCK_NONBLOCK);
	EXPECT_EQ(O_NONBLOCK, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);

	fd = open_socket(_metadata, SOCK_CLOEXEC);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(api, a_new_socket_has_no_names)
{
	int fd = open_socket(_metadata, 0);
	struct sockaddr_in sin = local_address(fd);

	EXPECT_EQ(AF_INET, sin.sin_family);
	EXPECT_EQ(0, sin.sin_port);
	EXPECT_EQ(htonl(INADDR_ANY), sin.sin_addr.s_addr);
	EXPECT_EQ(-ENOTCONN, peer_name(fd, &sin));
}

TEST_F(api, a_new_socket_is_not_listed)
{
	open_socket(_metadata, 0);
	EXPECT_EQ(0, count_records(0, 0, 0));
}

struct option {
	const char *name;
	int level, option;
	int set;
	/* A negated error if it is to be refused. */
	int expected;
};

#define OPTION(level, option, set, expected)	\
	{ #option, level, option, set, expected }
#define SOCKET_OPTION(...)	OPTION(SOL_SOCKET, __VA_ARGS__)
#define TCP_OPTION(...)		OPTION(IPPROTO_TCP, __VA_ARGS__)

static const struct option options[] = {
	SOCKET_OPTION(SO_REUSEADDR, 1, 1),
	SOCKET_OPTION(SO_REUSEADDR, 0, 0),
	SOCKET_OPTION(SO_REUSEPORT, 1, 1),
	SOCKET_OPTION(SO_KEEPALIVE, 1, 1),
	SOCKET_OPTION(SO_KEEPALIVE, 0, 0),
	SOCKET_OPTION(SO_OOBINLINE, 1, 1),
	SOCKET_OPTION(SO_PRIORITY, 3, 3),
	SOCKET_OPTION(SO_RCVLOWAT, 100, 100),
	SOCKET_OPTION(SO_RCVLOWAT, 0, 1),
	SOCKET_OPTION(SO_SNDBUF, 20000, 40000),
	SOCKET_OPTION(SO_RCVBUF, 20000, 40000),
	SOCKET_OPTION(SO_TYPE, 1, -ENOPROTOOPT),
	SOCKET_OPTION(SO_PROTOCOL, 1, -ENOPROTOOPT),
	SOCKET_OPTION(SO_ERROR, 1, -ENOPROTOOPT),
	SOCKET_OPTION(SO_ACCEPTCONN, 1, -ENOPROTOOPT),
	OPTION(IPPROTO_IP, IP_TTL, 7, 7),
	OPTION(IPPROTO_IP, IP_TTL, 0, -EINVAL),
	OPTION(IPPROTO_IP, IP_TTL, 256, -EINVAL),
	OPTION(IPPROTO_IP, IP_TOS, 0x10, 0x10),
	TCP_OPTION(TCP_NODELAY, 1, 1),
	TCP_OPTION(TCP_NODELAY, 0, 0),
	TCP_OPTION(TCP_CORK, 1, 1),
	TCP_OPTION(TCP_CORK, 0, 0),
	TCP_OPTION(TCP_MAXSEG, 1000, 1000),
	TCP_OPTION(TCP_MAXSEG, 1, -EINVAL),
	TCP_OPTION(TCP_MAXSEG, 1 << 20, -EINVAL),
	TCP_OPTION(TCP_KEEPIDLE, 30, 30),
	TCP_OPTION(TCP_KEEPIDLE, 0, -EINVAL),
	TCP_OPTION(TCP_KEEPIDLE, 32768, -EINVAL),
	TCP_OPTION(TCP_KEEPINTVL, 5, 5),
	TCP_OPTION(TCP_KEEPINTVL, 0, -EINVAL),
	TCP_OPTION(TCP_KEEPINTVL, 32768, -EINVAL),
	TCP_OPTION(TCP_KEEPCNT, 4, 4),
	TCP_OPTION(TCP_KEEPCNT, 0, -EINVAL),
	TCP_OPTION(TCP_KEEPCNT, 128, -EINVAL),
	TCP_OPTION(TCP_SYNCNT, 2, 2),
	TCP_OPTION(TCP_SYNCNT, 0, -EINVAL),
	TCP_OPTION(TCP_SYNCNT, 128, -EINVAL),
	TCP_OPTION(TCP_LINGER2, 10, 10),
	TCP_OPTION(TCP_LINGER2, -1, -1),
	TCP_OPTION(TCP_USER_TIMEOUT, 5000, 5000),
	TCP_OPTION(TCP_USER_TIMEOUT, 0, 0),
	TCP_OPTION(TCP_USER_TIMEOUT, -1, -EINVAL),
	TCP_OPTION(TCP_INFO, 1, -ENOPROTOOPT),
	{ "option 9999", SOL_SOCKET, 9999, 1, -ENOPROTOOPT },
	{ "option 9999", IPPROTO_TCP, 9999, 1, -ENOPROTOOPT },
	{ "option 1", 9999, 1, 1, -ENOPROTOOPT },
};

TEST_F(api, options_keep_what_they_are_set_to)
{
	int fd = open_socket(_metadata, 0);

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option *o = &options[i];
		long ret = set_int(fd, o->level, o->option, o->set);

		if (!ret)
			ret = get_int(fd, o->level, o->option);
		EXPECT_EQ(o->expected, ret) {
			TH_LOG("%s, set to %d", o->name, o->set);
		}
	}
}

TEST_F(api, keepalive_is_off_and_two_hours_by_default)
{
	int fd = open_socket(_metadata, 0);

	EXPECT_EQ(0, get_int(fd, SOL_SOCKET, SO_KEEPALIVE));
	EXPECT_EQ(7200, get_int(fd, IPPROTO_TCP, TCP_KEEPIDLE));
}

TEST_F(api, buffer_sizes_are_bounded_as_for_tcp)
{
	static const int sizes[] = { 0, 1, 3000, 1 << 30, -1 };
	int tcp = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	int fd = open_socket(_metadata, 0);

	ASSERT_LE(0, tcp);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (int option = SO_SNDBUF; option <= SO_RCVBUF; option++) {
			ASSERT_EQ(0, set_int(tcp, SOL_SOCKET, option, sizes[i]));
			ASSERT_EQ(0, set_int(fd, SOL_SOCKET, option, sizes[i]));
			EXPECT_EQ(get_int(tcp, SOL_SOCKET, option),
				  get_int(fd, SOL_SOCKET, option));
		}
	}
}

TEST_F(api, timeouts_keep_what_they_are_set_to)
{
	struct timeval tv = { .tv_sec = 3, .tv_usec = 500000 };
	socklen_t len = sizeof(tv);
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, rc(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, len)));
	memset(&tv, 0, sizeof(tv));
	ASSERT_EQ(0, rc(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len)));
	EXPECT_EQ(3, tv.tv_sec);
	EXPECT_EQ(500000, tv.tv_usec);
	ASSERT_EQ(0, rc(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len)));
	EXPECT_EQ(0, tv.tv_sec);
	EXPECT_EQ(0, tv.tv_usec);

	tv.tv_usec = 1000000;
	EXPECT_EQ(-EDOM, rc(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, len)));
}

TEST_F(api, bad_option_buffers_are_refused)
{
	int fd = open_socket(_metadata, 0);
	socklen_t len = sizeof(int);
	int value = 1;

	EXPECT_EQ(-EINVAL, rc(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 &value, 1)));
	EXPECT_EQ(-EINVAL, rc(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE,
					 &value, 1)));
	EXPECT_EQ(-EFAULT, rc(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 NO_MEMORY, len)));
	EXPECT_EQ(-EFAULT, rc(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 NO_MEMORY, &len)));
	EXPECT_EQ(-EFAULT, rc(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 &value, NO_MEMORY)));
	len = -1;
	EXPECT_EQ(-EINVAL, rc(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY,
					 &value, &len)));
	EXPECT_EQ(0, get_int(fd, IPPROTO_TCP, TCP_NODELAY));
}

TEST_F(api, info_fills_no_more_than_the_buffer)
{
	int fd = open_listener(_metadata, "127.0.0.1", 1);
	unsigned char info[8];
	socklen_t len = 2;

	memset(info, 0xee, sizeof(info));
	ASSERT_EQ(0, rc(getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &len)));
	EXPECT_EQ(2, (int)len);
	EXPECT_EQ(TCP_LISTEN, info[0]);
	EXPECT_EQ(0xee, info[2]);
}

TEST_F(api, info_follows_the_state)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_EQ(TCP_LISTEN, state_of(lfd));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(p.client));
	EXPECT_EQ(TCP_ESTABLISHED, state_of(p.server));

	ASSERT_EQ(0, rc(shutdown(p.client, SHUT_WR)));
	EXPECT_TRUE(wait_state(p.client, TCP_FIN_WAIT2));
	EXPECT_TRUE(wait_state(p.server, TCP_CLOSE_WAIT));

	/* The socket of the active side is done when TIME_WAIT takes over. */
	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	EXPECT_TRUE(wait_state(p.server, TCP_CLOSE));
	EXPECT_TRUE(wait_state(p.client, TCP_CLOSE));
}

/* The records in /proc say the same as the sockets. */
TEST_F(api, proc_lists_each_state)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct record r;
	struct pair p;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_EQ(1, count_records(p.server_port, 0, TCP_LISTEN));
	EXPECT_EQ(1, find_records(p.client_port, p.server_port,
				  TCP_ESTABLISHED, &r));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), r.local_addr);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), r.peer_addr);
	EXPECT_TRUE(wait_records(p.server_port, p.client_port,
				 TCP_ESTABLISHED, 1));

	ASSERT_EQ(5, rc(send(p.server, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(p.client, 5));
	EXPECT_EQ(1, find_records(p.client_port, p.server_port,
				  TCP_ESTABLISHED, &r));
	EXPECT_EQ(5, (int)r.rx_queue);

	ASSERT_EQ(0, rc(shutdown(p.server, SHUT_WR)));
	EXPECT_TRUE(wait_records(p.server_port, p.client_port,
				 TCP_FIN_WAIT2, 1));
	EXPECT_TRUE(wait_records(p.client_port, p.server_port,
				 TCP_CLOSE_WAIT, 1));
	close(lfd);
	EXPECT_EQ(0, count_records(0, 0, TCP_LISTEN));
}

TEST_F(api, a_connection_agrees_on_the_smaller_segment_size)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct pair p;
	int fd;

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_LT(1000, get_int(p.client, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_GT(65536, get_int(p.client, IPPROTO_TCP, TCP_MAXSEG));

	fd = open_socket(_metadata, 0);
	ASSERT_EQ(0, set_int(fd, IPPROTO_TCP, TCP_MAXSEG, 1000));
	connect_pair(_metadata, lfd, fd, &p);
	EXPECT_LT(900, get_int(p.client, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_GE(1000, get_int(p.client, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_LT(900, get_int(p.server, IPPROTO_TCP, TCP_MAXSEG));
	EXPECT_GE(1000, get_int(p.server, IPPROTO_TCP, TCP_MAXSEG));
}

TEST_F(api, options_can_be_set_on_a_connection)
{
	struct pair p = open_pair(_metadata);

	EXPECT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NODELAY, 1));
	EXPECT_EQ(1, get_int(p.client, IPPROTO_TCP, TCP_NODELAY));
	/* Both rearm the keepalive timer of a connection. */
	EXPECT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_KEEPIDLE, 100));
	EXPECT_EQ(0, set_int(p.client, SOL_SOCKET, SO_KEEPALIVE, 1));
	EXPECT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_KEEPIDLE, 200));
	EXPECT_EQ(200, get_int(p.client, IPPROTO_TCP, TCP_KEEPIDLE));
	EXPECT_EQ(0, set_int(p.client, SOL_SOCKET, SO_KEEPALIVE, 0));
	EXPECT_EQ(0, set_int(p.client, SOL_SOCKET, SO_RCVBUF, 30000));
	EXPECT_EQ(60000, get_int(p.client, SOL_SOCKET, SO_RCVBUF));
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, p.server, p.client);
}

static const struct option inherited[] = {
	SOCKET_OPTION(SO_REUSEADDR, 1, 1),
	SOCKET_OPTION(SO_KEEPALIVE, 1, 1),
	SOCKET_OPTION(SO_OOBINLINE, 1, 1),
	SOCKET_OPTION(SO_RCVLOWAT, 2, 2),
	SOCKET_OPTION(SO_SNDBUF, 30000, 60000),
	SOCKET_OPTION(SO_RCVBUF, 30000, 60000),
	OPTION(IPPROTO_IP, IP_TTL, 33, 33),
	TCP_OPTION(TCP_NODELAY, 1, 1),
	TCP_OPTION(TCP_KEEPIDLE, 300, 300),
	TCP_OPTION(TCP_KEEPINTVL, 20, 20),
	TCP_OPTION(TCP_KEEPCNT, 3, 3),
	TCP_OPTION(TCP_USER_TIMEOUT, 60000, 60000),
	TCP_OPTION(TCP_LINGER2, 7, 7),
};

TEST_F(api, accepted_sockets_inherit_the_options_of_the_listener)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct linger linger = {};
	struct timeval tv = {};
	socklen_t len;
	struct pair p;

	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		const struct option *o = &inherited[i];

		ASSERT_EQ(0, set_int(lfd, o->level, o->option, o->set)) {
			TH_LOG("%s", o->name);
		}
	}
	ASSERT_EQ(0, set_linger(lfd, 9));
	ASSERT_EQ(0, set_timeout(lfd, SO_RCVTIMEO, DEADLINE_MS));
	set_nonblock(lfd, true);

	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		const struct option *o = &inherited[i];

		EXPECT_EQ(o->expected, get_int(p.server, o->level, o->option)) {
			TH_LOG("%s", o->name);
		}
	}
	len = sizeof(linger);
	ASSERT_EQ(0, rc(getsockopt(p.server, SOL_SOCKET, SO_LINGER, &linger,
				   &len)));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(9, linger.l_linger);
	len = sizeof(tv);
	ASSERT_EQ(0, rc(getsockopt(p.server, SOL_SOCKET, SO_RCVTIMEO, &tv,
				   &len)));
	EXPECT_EQ(DEADLINE_MS / 1000, tv.tv_sec);

	EXPECT_EQ(api_protocol, get_int(p.server, SOL_SOCKET, SO_PROTOCOL));
	EXPECT_EQ(0, get_int(p.server, SOL_SOCKET, SO_ACCEPTCONN));
	EXPECT_EQ(0, fcntl(p.server, F_GETFL) & O_NONBLOCK);
}

TEST_F(api, so_error_is_cleared_when_read)
{
	struct pair p = open_pair(_metadata);

	ASSERT_EQ(0, set_linger(p.server, 0));
	close(p.server);
	ASSERT_EQ(POLLERR, wait_events(p.client, 0) & POLLERR);
	EXPECT_EQ(ECONNRESET, so_error(p.client));
	EXPECT_EQ(0, so_error(p.client));
	EXPECT_EQ(0, events_of(p.client, 0) & POLLERR);
}

TEST_HARNESS_MAIN
