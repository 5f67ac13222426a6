// SPDX-License-Identifier: GPL-2.0
/*
 * Options, beside those of a TCP socket in the same state: what may be set, what
 * is answered, what accept() hands on. Documentation/parity.rst lists where the
 * two differ.
 */
#include "api.h"

#include <linux/filter.h>
#include <linux/net_tstamp.h>

#ifndef TCP_INQ
#define TCP_INQ			36
#endif
#ifndef SO_TXREHASH
#define SO_TXREHASH		74
#endif
#ifndef SO_RCVMARK
#define SO_RCVMARK		75
#endif

/* A socket in each state that options care for. */
enum { NEW, LISTENING, CONNECTED, ACCEPTED, STATES };

static const char * const state_names[] = {
	"new", "listening", "connected", "accepted",
};

static void open_all(struct __test_metadata *_metadata, int protocol,
		     int fds[STATES])
{
	int saved = api_protocol;
	struct pair p;

	api_protocol = protocol;
	fds[NEW] = open_socket(_metadata, 0);
	fds[LISTENING] = open_listener(_metadata, "127.0.0.1", 1);
	connect_pair(_metadata, fds[LISTENING], open_socket(_metadata, 0), &p);
	fds[CONNECTED] = p.client;
	fds[ACCEPTED] = p.server;
	api_protocol = saved;
}

#define VALUES	8

struct option {
	const char *name;
	int level, option;
	int count;
	int values[VALUES];
};

/* With its name as it is written. */
#define OPTION(name, level, option, ...) {				\
	name, level, option,						\
	sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), { __VA_ARGS__ }	\
}

#define SOCKET(option, ...)	OPTION(#option, SOL_SOCKET, option, __VA_ARGS__)
#define IP(option, ...)		OPTION(#option, IPPROTO_IP, option, __VA_ARGS__)
#define TCP(option, ...)	OPTION(#option, IPPROTO_TCP, option, __VA_ARGS__)

static const struct option options[] = {
	SOCKET(SO_DEBUG, 1, 0),
	SOCKET(SO_REUSEADDR, 0, 1, 2, -1),
	SOCKET(SO_REUSEPORT, 0, 1, 2, -1),
	SOCKET(SO_TYPE, 1),
	SOCKET(SO_PROTOCOL, 6),
	SOCKET(SO_DOMAIN, 2),
	SOCKET(SO_ERROR, 0),
	SOCKET(SO_ACCEPTCONN, 1),
	SOCKET(SO_DONTROUTE, 1, 0),
	SOCKET(SO_BROADCAST, 1, 0),
	SOCKET(SO_SNDBUF, 0, 1, 4608, 65536, 1 << 30, -1),
	SOCKET(SO_RCVBUF, 0, 1, 2304, 65536, 1 << 30, -1),
	SOCKET(SO_SNDBUFFORCE, 0, 1 << 20, -1, INT_MAX),
	SOCKET(SO_RCVBUFFORCE, 0, 1 << 20, -1, INT_MAX),
	SOCKET(SO_KEEPALIVE, 1, 0, 2, -1),
	SOCKET(SO_OOBINLINE, 1, 0),
	SOCKET(SO_NO_CHECK, 1, 0),
	SOCKET(SO_PRIORITY, 0, 6, 7, 15, -1),
	SOCKET(SO_BSDCOMPAT, 1),
	SOCKET(SO_PASSCRED, 1, 0),
	SOCKET(SO_PASSSEC, 1, 0),
	SOCKET(SO_PEERSEC, 1),
	SOCKET(SO_TIMESTAMP, 1, 0),
	SOCKET(SO_TIMESTAMPNS, 1, 0),
	SOCKET(SO_TIMESTAMPING, SOF_TIMESTAMPING_RX_SOFTWARE, 0, 1 << 30, -1),
	SOCKET(SO_MARK, 7, 0, -1),
	SOCKET(SO_RCVMARK, 1, 0),
	SOCKET(SO_RXQ_OVFL, 1, 0),
	SOCKET(SO_WIFI_STATUS, 1, 0),
	SOCKET(SO_NOFCS, 1, 0),
	SOCKET(SO_SELECT_ERR_QUEUE, 1, 0),
	SOCKET(SO_BUSY_POLL, 0, 50, -1),
	SOCKET(SO_PREFER_BUSY_POLL, 1, 0),
	SOCKET(SO_BUSY_POLL_BUDGET, 8, 1 << 20),
	SOCKET(SO_MAX_PACING_RATE, 1000000, -1),
	SOCKET(SO_INCOMING_CPU, 0, 1),
	SOCKET(SO_CNX_ADVICE, 1),
	SOCKET(SO_BINDTOIFINDEX, 1, 99, -1, 0),
	SOCKET(SO_BUF_LOCK, 0, 3, 4),
	SOCKET(SO_TXREHASH, 0, 1, 255, 2, -2),
	SOCKET(SO_LOCK_FILTER, 1),
	SOCKET(9999, 1),
	IP(IP_TOS, 0, 0x10, 0xff, 0x100),
	IP(IP_TTL, 1, 255, 0, 256, -1),
	IP(IP_MTU_DISCOVER, 0, 1, 2, 3, 4, 5, 6),
	IP(IP_RECVERR, 1, 0),
	IP(IP_RECVTTL, 1, 0),
	IP(IP_RECVTOS, 1, 0),
	IP(IP_PKTINFO, 1, 0),
	IP(IP_RETOPTS, 1, 0),
	IP(IP_FREEBIND, 1, 0),
	IP(IP_TRANSPARENT, 1, 0),
	IP(IP_MINTTL, 0, 1, 255, 256, -1),
	IP(IP_NODEFRAG, 1),
	IP(IP_BIND_ADDRESS_NO_PORT, 1, 0),
	IP(IP_UNICAST_IF, 0, 1),
	IP(IP_HDRINCL, 1),
	IP(9999, 1),
	TCP(TCP_NODELAY, 1, 0, 2, -1),
	TCP(TCP_CORK, 1, 0, 2, -1),
	TCP(TCP_MAXSEG, 0, 87, 88, 1000, 32767, 32768, -1),
	TCP(TCP_KEEPIDLE, 1, 0, -1, 32767, 32768),
	TCP(TCP_KEEPINTVL, 1, 0, -1, 32767, 32768),
	TCP(TCP_KEEPCNT, 1, 0, -1, 127, 128),
	TCP(TCP_SYNCNT, 1, 0, -1, 127, 128),
	TCP(TCP_LINGER2, 1, 0, -1, -2, 60, 120, 121, INT_MAX),
	TCP(TCP_DEFER_ACCEPT, 0, 1, 2, 3, 8, 200, -1, 40000),
	TCP(TCP_WINDOW_CLAMP, 1, 2000, 100000, 0),
	TCP(TCP_QUICKACK, 1, 0, 3, 2, -1),
	TCP(TCP_USER_TIMEOUT, 0, 1, 600000, INT_MAX, -1),
	TCP(TCP_NOTSENT_LOWAT, 0, 1, 16384, INT_MAX, -1),
	TCP(TCP_INQ, 0, 1, 2, -1),
	TCP(TCP_INFO, 1),
	TCP(TCP_CC_INFO, 1),
	TCP(9999, 1),
};

/* Two that depend on the segment size and on the protocol itself. */
static bool answer_is_its_own(const struct option *o, int state)
{
	return o->option == SO_PROTOCOL ||
	       (o->level == IPPROTO_TCP && o->option == TCP_MAXSEG &&
		(state >= CONNECTED || !o->values[0]));
}

TEST_F(api, options_are_taken_as_tcp_takes_them)
{
	int ours[STATES], tcp[STATES];

	open_all(_metadata, api_protocol, ours);
	open_all(_metadata, IPPROTO_TCP, tcp);
	for (size_t i = 0; i < ARRAY_SIZE(options) * STATES; i++) {
		const struct option *o = &options[i / STATES];
		int state = i % STATES;

		for (int v = 0; v < o->count; v++) {
			long want = set_int(tcp[state], o->level, o->option,
					    o->values[v]);

			EXPECT_EQ(want, set_int(ours[state], o->level,
						o->option, o->values[v])) {
				TH_LOG("set %s of a %s socket to %d", o->name,
				       state_names[state], o->values[v]);
			}
			if (want || answer_is_its_own(o, state))
				continue;
			want = get_int(tcp[state], o->level, o->option);
			EXPECT_EQ(want, get_int(ours[state], o->level,
						o->option)) {
				TH_LOG("get %s of a %s socket, set to %d",
				       o->name, state_names[state],
				       o->values[v]);
			}
		}
	}
}

/* What is answered when nobody has set anything; buffers have sysctls of their
 * own, and so has the number of SYNs.
 */
static const struct option defaults[] = {
	SOCKET(SO_DEBUG, 0), SOCKET(SO_REUSEADDR, 0), SOCKET(SO_REUSEPORT, 0),
	SOCKET(SO_TYPE, 0), SOCKET(SO_DOMAIN, 0), SOCKET(SO_ERROR, 0),
	SOCKET(SO_ACCEPTCONN, 0), SOCKET(SO_DONTROUTE, 0),
	SOCKET(SO_BROADCAST, 0), SOCKET(SO_KEEPALIVE, 0),
	SOCKET(SO_OOBINLINE, 0), SOCKET(SO_NO_CHECK, 0),
	SOCKET(SO_PRIORITY, 0), SOCKET(SO_PASSCRED, 0), SOCKET(SO_PEERCRED, 0),
	SOCKET(SO_PEERSEC, 0), SOCKET(SO_TIMESTAMP, 0),
	SOCKET(SO_TIMESTAMPNS, 0), SOCKET(SO_TIMESTAMPING, 0),
	SOCKET(SO_RCVLOWAT, 0), SOCKET(SO_SNDLOWAT, 0), SOCKET(SO_MARK, 0),
	SOCKET(SO_BUSY_POLL, 0), SOCKET(SO_MAX_PACING_RATE, 0),
	SOCKET(SO_BINDTOIFINDEX, 0), SOCKET(SO_BUF_LOCK, 0),
	SOCKET(SO_ZEROCOPY, 0), SOCKET(SO_TXREHASH, 0), SOCKET(SO_LINGER, 0),
	SOCKET(SO_INCOMING_NAPI_ID, 0), SOCKET(SO_ATTACH_FILTER, 0),
	IP(IP_TOS, 0), IP(IP_TTL, 0), IP(IP_MTU_DISCOVER, 0), IP(IP_MTU, 0),
	IP(IP_RECVERR, 0), IP(IP_FREEBIND, 0), IP(IP_MINTTL, 0),
	TCP(TCP_NODELAY, 0), TCP(TCP_CORK, 0), TCP(TCP_KEEPIDLE, 0),
	TCP(TCP_KEEPINTVL, 0), TCP(TCP_KEEPCNT, 0), TCP(TCP_LINGER2, 0),
	TCP(TCP_DEFER_ACCEPT, 0), TCP(TCP_QUICKACK, 0),
	TCP(TCP_USER_TIMEOUT, 0), TCP(TCP_NOTSENT_LOWAT, 0), TCP(TCP_INQ, 0),
	TCP(TCP_FASTOPEN_CONNECT, 0), TCP(9999, 0),
};

TEST_F(api, options_begin_as_those_of_tcp)
{
	int ours[STATES], tcp[STATES];

	open_all(_metadata, api_protocol, ours);
	open_all(_metadata, IPPROTO_TCP, tcp);
	for (size_t i = 0; i < ARRAY_SIZE(defaults) * STATES; i++) {
		const struct option *o = &defaults[i / STATES];
		int state = i % STATES;
		long want = get_int(tcp[state], o->level, o->option);

		EXPECT_EQ(want, get_int(ours[state], o->level, o->option)) {
			TH_LOG("%s of a %s socket", o->name,
			       state_names[state]);
		}
	}
	for (int state = NEW; state <= LISTENING; state++) {
		EXPECT_EQ(get_int(tcp[state], IPPROTO_TCP, TCP_MAXSEG),
			  get_int(ours[state], IPPROTO_TCP, TCP_MAXSEG));
		EXPECT_EQ(0, get_int(ours[state], IPPROTO_TCP,
				     TCP_WINDOW_CLAMP));
	}
	for (int state = CONNECTED; state <= ACCEPTED; state++)
		EXPECT_LT(1000, get_int(ours[state], IPPROTO_TCP,
					TCP_WINDOW_CLAMP));
}

static const struct option inherited[] = {
	SOCKET(SO_REUSEPORT, 0),
	SOCKET(SO_DONTROUTE, 1),
	SOCKET(SO_PRIORITY, 5),
	SOCKET(SO_MARK, 3),
	SOCKET(SO_TIMESTAMP, 1),
	SOCKET(SO_BUSY_POLL, 20),
	SOCKET(SO_MAX_PACING_RATE, 5000000),
	SOCKET(SO_BINDTOIFINDEX, 1),
	SOCKET(SO_SNDBUF, 50000),
	SOCKET(SO_RCVBUF, 50000),
	SOCKET(SO_RCVLOWAT, 5),
	SOCKET(SO_TXREHASH, 0),
	IP(IP_TOS, 0x10),
	IP(IP_MINTTL, 3),
	IP(IP_MTU_DISCOVER, 0),
	IP(IP_FREEBIND, 1),
	IP(IP_RECVERR, 1),
	TCP(TCP_NODELAY, 1),
	TCP(TCP_CORK, 1),
	TCP(TCP_SYNCNT, 3),
	TCP(TCP_LINGER2, -1),
	TCP(TCP_WINDOW_CLAMP, 10000),
	TCP(TCP_NOTSENT_LOWAT, 12345),
	TCP(TCP_INQ, 1),
	TCP(TCP_KEEPIDLE, 11),
	TCP(TCP_KEEPINTVL, 12),
	TCP(TCP_KEEPCNT, 13),
	TCP(TCP_USER_TIMEOUT, 14000),
	TCP(TCP_DEFER_ACCEPT, 3),
};

/* An accepted socket of @protocol, its listener's option set to what it says. */
static long inherit(struct __test_metadata *_metadata, int protocol,
		    const struct option *o)
{
	int saved = api_protocol;
	struct pair p;
	long ret;
	int lfd;

	api_protocol = protocol;
	lfd = open_listener(_metadata, "127.0.0.1", 1);
	ASSERT_EQ(0, set_int(lfd, o->level, o->option, o->values[0])) {
		TH_LOG("%s", o->name);
	}
	p.client = connect_client(_metadata, lfd);
	ASSERT_EQ(1, rc(send(p.client, "x", 1, 0)));	/* deferred accept */
	p.server = accept_one(_metadata, lfd);
	ret = get_int(p.server, o->level, o->option);
	/* What a refused listener has learned is not the next one's matter. */
	close(p.server);
	close(p.client);
	close(lfd);
	api_protocol = saved;
	return ret;
}

TEST_F(api, accepted_sockets_inherit_what_those_of_tcp_do)
{
	for (size_t i = 0; i < ARRAY_SIZE(inherited); i++) {
		const struct option *o = &inherited[i];
		long want = inherit(_metadata, IPPROTO_TCP, o);

		EXPECT_EQ(want, inherit(_metadata, api_protocol, o)) {
			TH_LOG("%s", o->name);
		}
	}
}

/* Each of these exists for TCP; what stands behind it is not there. */
static const struct option absent[] = {
	TCP(TCP_REPAIR, 1),
	TCP(TCP_REPAIR_QUEUE, 1),
	TCP(TCP_QUEUE_SEQ, 1),
	TCP(TCP_REPAIR_OPTIONS, 1),
	TCP(TCP_REPAIR_WINDOW, 1),
	TCP(TCP_TIMESTAMP, 1),
	TCP(TCP_SAVE_SYN, 1),
	TCP(TCP_SAVED_SYN, 1),
	TCP(TCP_THIN_LINEAR_TIMEOUTS, 1),
	TCP(TCP_THIN_DUPACK, 1),
	TCP(TCP_FASTOPEN, 5),
	TCP(TCP_FASTOPEN_NO_COOKIE, 1),
	TCP(TCP_MD5SIG, 1),
	TCP(37 /* TCP_TX_DELAY */, 1),
	TCP(35 /* TCP_ZEROCOPY_RECEIVE */, 1),
};

TEST_F(api, options_without_machinery_are_refused)
{
	int fds[STATES];

	if (api_protocol == IPPROTO_TCP)
		return;
	open_all(_metadata, api_protocol, fds);
	for (size_t i = 0; i < ARRAY_SIZE(absent) * STATES; i++) {
		const struct option *o = &absent[i / STATES];
		int fd = fds[i % STATES];

		EXPECT_EQ(-ENOPROTOOPT, set_int(fd, o->level, o->option,
						o->values[0])) {
			TH_LOG("set %s", o->name);
		}
		EXPECT_EQ(-ENOPROTOOPT, get_int(fd, o->level, o->option)) {
			TH_LOG("get %s", o->name);
		}
	}
}

/* The host's setting stands for what Waltz never does. */
TEST_F(api, fast_open_is_refused_as_where_it_is_off)
{
	struct sockaddr_in sin;
	int fd, lfd;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/tcp_fastopen", "0"));
	lfd = open_listener(_metadata, "127.0.0.1", 1);
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(-EOPNOTSUPP, set_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT,
				       1));
	EXPECT_EQ(-EINVAL, set_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 2));
	EXPECT_EQ(0, get_int(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT));
	sin = address("127.0.0.1", local_port(lfd));
	EXPECT_EQ(-EOPNOTSUPP, rc(sendto(fd, "x", 1, MSG_FASTOPEN,
					 (struct sockaddr *)&sin,
					 sizeof(sin))));
	EXPECT_EQ(TCP_CLOSE, state_of(fd));
}

TEST_F(api, zero_copy_is_refused)
{
	int fd = open_socket(_metadata, 0);
	bool tcp = api_protocol == IPPROTO_TCP;

	EXPECT_EQ(tcp ? 0 : -EOPNOTSUPP, set_int(fd, SOL_SOCKET, SO_ZEROCOPY,
						 1));
	EXPECT_EQ(tcp, get_int(fd, SOL_SOCKET, SO_ZEROCOPY));
}

/* Of two listeners at one port it says who gets a connection; for Waltz it does
 * nothing.
 */
TEST_F(api, a_program_may_choose_the_listener)
{
	struct sock_filter second = { BPF_RET | BPF_K, 0, 0, 1 };
	struct sock_fprog prog = { .len = 1, .filter = &second };
	int lfds[2], counts[2] = {};
	in_port_t port = 0;

	for (int i = 0; i < 2; i++) {
		lfds[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(lfds[i], SOL_SOCKET, SO_REUSEPORT, 1));
		ASSERT_EQ(0, bind_to(lfds[i], "127.0.0.1", port));
		port = local_port(lfds[i]);
		if (!i)
			ASSERT_EQ(0, rc(setsockopt(lfds[0], SOL_SOCKET,
						   SO_ATTACH_REUSEPORT_CBPF,
						   &prog, sizeof(prog))));
		ASSERT_EQ(0, rc(listen(lfds[i], 16)));
	}
	for (int i = 0; i < 8; i++) {
		int fd, which;

		connect_client(_metadata, lfds[0]);
		ASSERT_TRUE(WAIT_UNTIL((events_of(lfds[0], POLLIN) |
					events_of(lfds[1], POLLIN)) & POLLIN));
		which = !(events_of(lfds[0], POLLIN) & POLLIN);
		fd = accept_one(_metadata, lfds[which]);
		counts[which]++;
		close(fd);
	}
	EXPECT_EQ(8, counts[0] + counts[1]);
	if (api_protocol == IPPROTO_TCP)
		EXPECT_EQ(8, counts[1]);
}

TEST_F(api, waltz_is_for_ipv4)
{
	long ret = rc(socket(AF_INET6, SOCK_STREAM, api_protocol));

	EXPECT_EQ(api_protocol == IPPROTO_TCP ? 0 : -EPROTONOSUPPORT,
		  ret < 0 ? ret : 0);
}

/* ---- lengths */

static const int plain[] = {
	TCP_NODELAY, TCP_CORK, TCP_MAXSEG, TCP_KEEPIDLE, TCP_SYNCNT,
	TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_QUICKACK,
	TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT, TCP_INQ, TCP_FASTOPEN_CONNECT,
	9999,
};

struct answer {
	long ret;
	socklen_t len;
	unsigned char buf[512];
};

static struct answer get_raw(int fd, int option, socklen_t len)
{
	struct answer a = { .len = len };

	memset(a.buf, 0xee, sizeof(a.buf));
	a.ret = rc(getsockopt(fd, IPPROTO_TCP, option, a.buf, &a.len));
	return a;
}

/* How much of the buffer was written to. */
static int written(const struct answer *a)
{
	int n = sizeof(a->buf);

	while (n && a->buf[n - 1] == 0xee)
		n--;
	return n;
}

TEST_F(api, option_lengths_are_taken_as_tcp_takes_them)
{
	int tcp = socket(AF_INET, SOCK_STREAM, IPPROTO_TCP);
	int fd = open_socket(_metadata, 0);
	int value[4] = { 200, 0x55555555, 0x55555555, 0x55555555 };

	ASSERT_LE(0, tcp);
	for (size_t i = 0; i < ARRAY_SIZE(plain) * 10; i++) {
		int option = plain[i / 10], len = i % 10;
		struct answer want, got;

		ASSERT_EQ(rc(setsockopt(tcp, IPPROTO_TCP, option, value, len)),
			  rc(setsockopt(fd, IPPROTO_TCP, option, value, len))) {
			TH_LOG("set option %d, %d bytes", option, len);
		}
		/* The same value on both, then: the first bytes of it. */
		if (option == TCP_SYNCNT || option == TCP_MAXSEG) {
			set_int(tcp, IPPROTO_TCP, option, 100);
			set_int(fd, IPPROTO_TCP, option, 100);
		}
		want = get_raw(tcp, option, len);
		got = get_raw(fd, option, len);
		ASSERT_EQ(want.ret, got.ret) {
			TH_LOG("get option %d, %d bytes", option, len);
		}
		EXPECT_EQ(want.len, got.len);
		EXPECT_EQ(0, memcmp(want.buf, got.buf, sizeof(got.buf))) {
			TH_LOG("get option %d, %d bytes", option, len);
		}
	}
	EXPECT_EQ(-EINVAL, get_raw(fd, TCP_NODELAY, -1).ret);
	EXPECT_EQ(-EINVAL, get_raw(fd, TCP_INFO, -1).ret);
}

TEST_F(api, info_is_as_long_as_that_of_tcp)
{
	static const int lengths[] = { 0, 1, 7, 104, 192, 512 };
	int ours[STATES], tcp[STATES];

	open_all(_metadata, api_protocol, ours);
	open_all(_metadata, IPPROTO_TCP, tcp);
	for (size_t i = 0; i < ARRAY_SIZE(lengths) * STATES; i++) {
		int len = lengths[i / STATES], state = i % STATES;
		struct answer want = get_raw(tcp[state], TCP_INFO, len);
		struct answer got = get_raw(ours[state], TCP_INFO, len);

		EXPECT_EQ(0, got.ret);
		EXPECT_EQ(want.len, got.len);
		EXPECT_GE((int)got.len, written(&got));
		/* State, retransmissions, probes, backoff. */
		if (len >= 7)
			EXPECT_EQ(0, memcmp(want.buf, got.buf, 5));
	}
}

TEST_F(api, info_tells_of_the_connection)
{
	struct tcp_info info;
	int fds[STATES];

	open_all(_metadata, api_protocol, fds);
	ASSERT_EQ(0, set_int(fds[CONNECTED], SOL_SOCKET, SO_MAX_PACING_RATE,
			     1000000));
	send_sentinel(_metadata, fds[CONNECTED], fds[ACCEPTED]);
	ASSERT_TRUE(wait_acked(fds[CONNECTED]));
	ASSERT_EQ(0, get_info(fds[CONNECTED], &info));
	EXPECT_EQ(TCP_ESTABLISHED, info.tcpi_state);
	EXPECT_EQ(0, info.tcpi_ca_state);
	EXPECT_EQ(0, (int)info.tcpi_unacked);
	EXPECT_TRUE(info.tcpi_options & TCPI_OPT_TIMESTAMPS);
	EXPECT_TRUE(info.tcpi_options & TCPI_OPT_WSCALE);
	EXPECT_LT(1000, (int)info.tcpi_snd_mss);
	EXPECT_LT(0, (int)info.tcpi_rcv_mss);
	EXPECT_LT(0, (int)info.tcpi_rto);
	EXPECT_LT(0, (int)info.tcpi_rtt);
	EXPECT_LT(0, (int)info.tcpi_snd_cwnd);
	EXPECT_LT(1000, (int)info.tcpi_pmtu);
	EXPECT_LT(1000, (int)info.tcpi_advmss);
	EXPECT_LT(0, (int)info.tcpi_rcv_space);
	EXPECT_EQ(3, (int)info.tcpi_reordering);
	EXPECT_EQ(get_int(fds[CONNECTED], IPPROTO_TCP, TCP_MAXSEG),
		  (int)info.tcpi_snd_mss);
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;

	get_info(fd, &info);
	return info;
}

/* Each end's is its own, not the other's; timestamps want 12 bytes of it. */
TEST_F(api, info_has_the_segment_size_that_was_advertised)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	struct pair p;

	EXPECT_EQ(0, (int)info_of(fd).tcpi_advmss);
	ASSERT_EQ(0, set_int(lfd, IPPROTO_TCP, TCP_MAXSEG, 1000));
	connect_pair(_metadata, lfd, fd, &p);
	EXPECT_EQ(1000 - 12, (int)info_of(p.server).tcpi_advmss);
	EXPECT_EQ(65495 - 12, (int)info_of(p.client).tcpi_advmss);
}

/* A reply, and the ACK of it: which is not data. */
static bool only_acks_come(const struct pair *p)
{
	char c;

	return send(p->server, "x", 1, MSG_NOSIGNAL) == 1 &&
	       recv(p->client, &c, 1, 0) == 1 && wait_acked(p->server) &&
	       info_of(p->server).tcpi_last_data_recv >= 300;
}

TEST_F(api, info_tells_data_from_acks)
{
	struct pair p = open_pair(_metadata);
	struct tcp_info info;

	send_sentinel(_metadata, p.client, p.server);
	EXPECT_TRUE(WAIT_UNTIL(only_acks_come(&p)));
	info = info_of(p.server);
	EXPECT_LT(info.tcpi_last_ack_recv, info.tcpi_last_data_recv);
	send_sentinel(_metadata, p.client, p.server);
	EXPECT_GT(info.tcpi_last_data_recv,
		  info_of(p.server).tcpi_last_data_recv);
}

TEST_F(api, info_counts_what_was_sent_again)
{
	in_port_t port = local_port(open_silent_listener(_metadata));
	int fd = open_socket(_metadata, SOCK_NONBLOCK);

	EXPECT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", port));
	EXPECT_EQ(0, (int)info_of(fd).tcpi_total_retrans);
	EXPECT_TRUE(WAIT_UNTIL(info_of(fd).tcpi_total_retrans == 1));
	/* Of this connection. */
	ASSERT_EQ(0, disconnect(fd));
	EXPECT_EQ(0, (int)info_of(fd).tcpi_total_retrans);
}

/* Not before anything came. */
TEST_F(api, a_socket_knows_which_processor_serves_it)
{
	int fd = open_socket(_metadata, 0);
	struct pair p;

	EXPECT_EQ(-1, get_int(fd, SOL_SOCKET, SO_INCOMING_CPU));
	p = open_pair(_metadata);
	send_sentinel(_metadata, p.client, p.server);
	send_sentinel(_metadata, p.server, p.client);
	EXPECT_LE(0, get_int(p.client, SOL_SOCKET, SO_INCOMING_CPU));
	EXPECT_LE(0, get_int(p.server, SOL_SOCKET, SO_INCOMING_CPU));
}

/* ---- names */

static long set_name(int fd, int option, const char *name, socklen_t len)
{
	return rc(setsockopt(fd, IPPROTO_TCP, option, name, len));
}

static void expect_congestion(struct __test_metadata *_metadata, int fd,
			      const char *name)
{
	struct answer a = get_raw(fd, TCP_CONGESTION, 100);

	EXPECT_EQ(0, a.ret);
	EXPECT_EQ(16, (int)a.len);
	EXPECT_STREQ(name, (char *)a.buf);
}

TEST_F(api, congestion_control_has_a_name)
{
	int fds[STATES];
	char name[20];
	struct answer a;

	open_all(_metadata, api_protocol, fds);
	for (int state = 0; state < STATES; state++) {
		int fd = fds[state];

		ASSERT_EQ(0, get_raw(fd, TCP_CONGESTION, 16).ret);
		EXPECT_EQ(0, set_name(fd, TCP_CONGESTION, "reno", 4));
		expect_congestion(_metadata, fd, "reno");
		EXPECT_EQ(0, set_name(fd, TCP_CONGESTION, "cubic", 6));
		expect_congestion(_metadata, fd, "cubic");
		/* What follows the zero does not count. */
		EXPECT_EQ(0, set_name(fd, TCP_CONGESTION, "reno\0x", 7));
		expect_congestion(_metadata, fd, "reno");
		EXPECT_EQ(-EINVAL, set_name(fd, TCP_CONGESTION, "reno", 0));
		EXPECT_EQ(-EFAULT, set_name(fd, TCP_CONGESTION, NO_MEMORY, 4));
		expect_congestion(_metadata, fd, "reno");
	}
	/* For each of these TCP looks for a module, which takes a while. */
	EXPECT_EQ(-ENOENT, set_name(fds[NEW], TCP_CONGESTION, "ren", 3));
	EXPECT_EQ(-ENOENT, set_name(fds[CONNECTED], TCP_CONGESTION, "Reno", 4));
	EXPECT_EQ(-ENOENT, set_name(fds[LISTENING], TCP_CONGESTION, "", 1));
	memset(name, 'r', sizeof(name));
	EXPECT_EQ(-ENOENT, set_name(fds[ACCEPTED], TCP_CONGESTION, name, 20));
	for (int state = 0; state < STATES; state++)
		expect_congestion(_metadata, fds[state], "reno");

	a = get_raw(fds[NEW], TCP_CONGESTION, 3);
	EXPECT_EQ(0, a.ret);
	EXPECT_EQ(3, (int)a.len);
	EXPECT_EQ(0, memcmp(a.buf, "ren\xee", 4));
	a = get_raw(fds[NEW], TCP_CONGESTION, 0);
	EXPECT_EQ(0, a.ret);
	EXPECT_EQ(0, (int)a.len);
	EXPECT_EQ(-EINVAL, get_raw(fds[NEW], TCP_CONGESTION, -1).ret);
}

TEST_F(api, congestion_control_is_inherited)
{
	static const char * const names[] = { "reno", "cubic" };
	struct pair p;

	for (int i = 0; i < 2; i++) {
		int lfd = open_listener(_metadata, "127.0.0.1", 1);

		ASSERT_EQ(0, set_name(lfd, TCP_CONGESTION, names[i], 5));
		connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
		expect_congestion(_metadata, p.server, names[i]);
		send_sentinel(_metadata, p.client, p.server);
		send_sentinel(_metadata, p.server, p.client);
	}
}

TEST_F(api, there_is_no_upper_layer_protocol)
{
	int fds[STATES];

	open_all(_metadata, api_protocol, fds);
	for (int state = 0; state < STATES; state++) {
		struct answer a = get_raw(fds[state], TCP_ULP, 16);

		EXPECT_EQ(0, a.ret);
		EXPECT_EQ(0, (int)a.len);
		EXPECT_EQ(0, written(&a));
		EXPECT_EQ(-EINVAL, set_name(fds[state], TCP_ULP, "waltz", 0));
		EXPECT_EQ(-EFAULT, set_name(fds[state], TCP_ULP, NO_MEMORY, 5));
	}
	EXPECT_EQ(-ENOENT, set_name(fds[CONNECTED], TCP_ULP, "waltz", 5));
}

TEST_F(api, a_socket_is_bound_to_a_device_by_name)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	int fd = open_socket(_metadata, 0);
	char name[IFNAMSIZ] = {};
	socklen_t len = sizeof(name);
	struct pair p;

	EXPECT_EQ(-ENODEV, rc(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE,
					 "none", 5)));
	EXPECT_EQ(0, rc(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
	EXPECT_EQ(0, rc(setsockopt(lfd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3)));
	connect_pair(_metadata, lfd, fd, &p);
	send_sentinel(_metadata, p.client, p.server);
	ASSERT_EQ(0, rc(getsockopt(p.server, SOL_SOCKET, SO_BINDTODEVICE, name,
				   &len)));
	EXPECT_STREQ("lo", name);
	EXPECT_EQ(3, (int)len);
}

/* ---- effects */

/* Fills until poll() says no, without blocking; what it took. */
static long fill_while_writable(int fd)
{
	char buf[1000];
	long total = 0;

	while (events_of(fd, POLLOUT)) {
		long ret;

		fill_pattern(buf, sizeof(buf), total, 1);
		ret = rc(send(fd, buf, sizeof(buf), MSG_DONTWAIT));
		if (ret < 0)
			return ret;
		total += ret;
	}
	return total;
}

/* The send buffer is large, but little of it may be unsent. */
TEST_F(api, little_may_wait_to_be_sent)
{
	struct pair p = open_small_pair(_metadata, 2000000, 4096);
	long sent, unsent;

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 20000));
	sent = fill_while_writable(p.client);
	ASSERT_LT(0, sent);
	unsent = get_ioctl(p.client, SIOCOUTQNSD);
	/* Half of it free is what a writer waits for. */
	EXPECT_LE(10000, unsent);
	EXPECT_GE(20000, unsent);
	EXPECT_EQ(0, events_of(p.client, POLLOUT));

	/* More of it may, and poll() says so at once. */
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 100000));
	EXPECT_EQ(POLLOUT, events_of(p.client, POLLOUT));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 20000));
	EXPECT_EQ(0, events_of(p.client, POLLOUT));

	/* It leaves as it is read. */
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	EXPECT_EQ(POLLOUT, wait_events(p.client, POLLOUT));
	send_sentinel(_metadata, p.client, p.server);
}

TEST_F(api, send_waits_while_too_much_is_unsent)
{
	struct pair p = open_small_pair(_metadata, 2000000, 4096);
	static char big[400000];
	long sent;

	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 20000));
	fill_pattern(big, sizeof(big), 0, 1);
	sent = rc(send(p.client, big, sizeof(big), MSG_DONTWAIT));
	ASSERT_LT(0, sent);
	/* An open segment is filled: with that it may be above. */
	EXPECT_GT((long)sizeof(big), sent);
	EXPECT_EQ(-EAGAIN, rc(send(p.client, big, sizeof(big), MSG_DONTWAIT)));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent, 1));
	ASSERT_EQ(0, set_int(p.client, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0));
	EXPECT_LT(100000, rc(send(p.client, big, sizeof(big), MSG_DONTWAIT)));
}

TEST_F(api, a_clamped_window_stays_small_and_passes_everything)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	struct answer a;
	unsigned int window;
	struct pair p;
	pid_t pid;

	ASSERT_EQ(0, set_int(lfd, IPPROTO_TCP, TCP_WINDOW_CLAMP, 5000));
	connect_pair(_metadata, lfd, open_socket(_metadata, 0), &p);
	EXPECT_EQ(5000, get_int(p.server, IPPROTO_TCP, TCP_WINDOW_CLAMP));
	EXPECT_EQ(-EINVAL, set_int(p.server, IPPROTO_TCP, TCP_WINDOW_CLAMP, 0));
	send_sentinel(_metadata, p.client, p.server);
	/* tcpi_snd_wnd, which not every header has; rounded up to its scale. */
	a = get_raw(p.client, TCP_INFO, 232);
	memcpy(&window, a.buf + 228, sizeof(window));
	EXPECT_GE(5000 + 128, (int)window);
	EXPECT_LT(0, (int)window);

	pid = fork_child();
	ASSERT_LE(0, rc(pid));
	if (!pid) {
		static char big[300000];

		close(p.server);
		fill_pattern(big, sizeof(big), 0, 1);
		_exit(rc(send(p.client, big, sizeof(big), 0)) != sizeof(big));
	}
	close(p.client);
	EXPECT_EQ(300000, drain_to_eof(p.server, 1));
	EXPECT_EQ(0, wait_child(pid));
}

TEST_F(api, the_low_water_mark_is_bounded_by_the_buffer)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVBUF, 20000));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 1 << 20));
	EXPECT_EQ(20000, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, -1));
	EXPECT_EQ(20000, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(40000, get_int(fd, SOL_SOCKET, SO_RCVBUF));
	/* A buffer that nobody has set grows. */
	fd = open_socket(_metadata, 0);
	EXPECT_EQ(0, set_int(fd, SOL_SOCKET, SO_RCVLOWAT, 600000));
	EXPECT_EQ(600000, get_int(fd, SOL_SOCKET, SO_RCVLOWAT));
	EXPECT_EQ(1200000, get_int(fd, SOL_SOCKET, SO_RCVBUF));
}

/* Otherwise reader and sender would wait for each other. */
TEST_F(api, a_full_buffer_is_readable_below_the_low_water_mark)
{
	struct pair p = open_small_pair(_metadata, 200000, 8192);
	long sent;

	ASSERT_EQ(0, set_int(p.server, SOL_SOCKET, SO_RCVLOWAT, 1 << 20));
	sent = fill_send_buffer(p.client, 1);
	ASSERT_LT(16384, sent);
	EXPECT_EQ(POLLIN, wait_events(p.server, POLLIN));
	EXPECT_EQ(0, drain_pattern(p.server, 0, sent - 5000, 1));
}

TEST_HARNESS_MAIN
