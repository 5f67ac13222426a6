// SPDX-License-Identifier: GPL-2.0
/*
 * Every call in every state, beside a TCP socket to which the same has happened:
 * what it returns, and what becomes of the socket.
 */
#include "api.h"

/* Who else has a part: the other end, and a listener to connect to. */
struct scene {
	int fd;
	int peer;
	int lfd;
};

static void reset_by_peer(struct __test_metadata *_metadata, struct scene *s)
{
	ASSERT_EQ(0, set_linger(s->peer, 0));
	close(s->peer);
	s->peer = -1;
	ASSERT_EQ(POLLERR, wait_events(s->fd, 0) & POLLERR);
}

static void become_new(struct __test_metadata *_metadata, struct scene *s)
{
	s->fd = open_socket(_metadata, 0);
}

static void become_bound(struct __test_metadata *_metadata, struct scene *s)
{
	become_new(_metadata, s);
	ASSERT_EQ(0, bind_to(s->fd, "127.0.0.1", 0));
}

static void become_listening(struct __test_metadata *_metadata, struct scene *s)
{
	s->fd = open_listener(_metadata, "127.0.0.1", 1);
}

static void become_awaited(struct __test_metadata *_metadata, struct scene *s)
{
	become_listening(_metadata, s);
	s->peer = connect_client(_metadata, s->fd);
	ASSERT_EQ(POLLIN, wait_events(s->fd, POLLIN));
}

static void become_opening(struct __test_metadata *_metadata, struct scene *s)
{
	int silent = open_silent_listener(_metadata);

	s->fd = open_socket(_metadata, SOCK_NONBLOCK);
	ASSERT_EQ(-EINPROGRESS, connect_to(s->fd, "127.0.0.1",
					   local_port(silent)));
}

static void become_refused(struct __test_metadata *_metadata, struct scene *s)
{
	int lfd = open_listener(_metadata, "127.0.0.1", 1);
	in_port_t port = local_port(lfd);

	close(lfd);
	s->fd = open_socket(_metadata, SOCK_NONBLOCK);
	ASSERT_EQ(-EINPROGRESS, connect_to(s->fd, "127.0.0.1", port));
	ASSERT_EQ(POLLERR, wait_events(s->fd, 0) & POLLERR);
}

static void become_refused_and_told(struct __test_metadata *_metadata,
				    struct scene *s)
{
	become_refused(_metadata, s);
	ASSERT_EQ(ECONNREFUSED, so_error(s->fd));
}

static void become_connected(struct __test_metadata *_metadata, struct scene *s)
{
	struct pair p;

	connect_pair(_metadata, s->lfd, open_socket(_metadata, 0), &p);
	s->fd = p.client;
	s->peer = p.server;
}

static void become_accepted(struct __test_metadata *_metadata, struct scene *s)
{
	struct pair p;

	connect_pair(_metadata, s->lfd, open_socket(_metadata, 0), &p);
	s->fd = p.server;
	s->peer = p.client;
}

static void become_readable(struct __test_metadata *_metadata, struct scene *s)
{
	become_connected(_metadata, s);
	ASSERT_EQ(5, rc(send(s->peer, "hello", 5, 0)));
	ASSERT_TRUE(wait_readable_bytes(s->fd, 5));
}

static void become_shut_for_writing(struct __test_metadata *_metadata,
				    struct scene *s)
{
	become_connected(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_FIN_WAIT2));
}

static void become_shut_for_reading(struct __test_metadata *_metadata,
				    struct scene *s)
{
	become_readable(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_RD)));
}

static void become_shut_for_both(struct __test_metadata *_metadata,
				 struct scene *s)
{
	become_connected(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_RDWR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_FIN_WAIT2));
}

static void become_half_closed(struct __test_metadata *_metadata,
			       struct scene *s)
{
	become_connected(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->peer, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE_WAIT));
}

static void become_half_closed_and_readable(struct __test_metadata *_metadata,
					    struct scene *s)
{
	become_readable(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->peer, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE_WAIT));
}

static void become_orphaned_by_peer(struct __test_metadata *_metadata,
				    struct scene *s)
{
	become_connected(_metadata, s);
	close(s->peer);
	s->peer = -1;
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE_WAIT));
}

static void become_closed_first(struct __test_metadata *_metadata,
				struct scene *s)
{
	become_shut_for_writing(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->peer, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE));
}

static void become_closed_last(struct __test_metadata *_metadata,
			       struct scene *s)
{
	become_half_closed(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE));
}

static void become_closed_and_readable(struct __test_metadata *_metadata,
				       struct scene *s)
{
	become_half_closed_and_readable(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_WR)));
	ASSERT_TRUE(wait_state(s->fd, TCP_CLOSE));
}

static void become_reset(struct __test_metadata *_metadata, struct scene *s)
{
	become_connected(_metadata, s);
	reset_by_peer(_metadata, s);
}

static void become_reset_and_told(struct __test_metadata *_metadata,
				  struct scene *s)
{
	become_reset(_metadata, s);
	ASSERT_EQ(ECONNRESET, so_error(s->fd));
}

static void become_reset_and_readable(struct __test_metadata *_metadata,
				      struct scene *s)
{
	become_readable(_metadata, s);
	reset_by_peer(_metadata, s);
}

static void become_reset_half_closed(struct __test_metadata *_metadata,
				     struct scene *s)
{
	become_half_closed(_metadata, s);
	reset_by_peer(_metadata, s);
}

static void become_disconnected(struct __test_metadata *_metadata,
				struct scene *s)
{
	become_readable(_metadata, s);
	ASSERT_EQ(0, disconnect(s->fd));
}

static void become_disconnected_and_told(struct __test_metadata *_metadata,
					 struct scene *s)
{
	become_disconnected(_metadata, s);
	ASSERT_EQ(ECONNRESET, so_error(s->fd));
}

static void become_deaf(struct __test_metadata *_metadata, struct scene *s)
{
	become_listening(_metadata, s);
	ASSERT_EQ(0, rc(shutdown(s->fd, SHUT_RD)));
}

/* ---- calls; none of them waits */

static char byte[8];

static long do_recv(const struct scene *s)
{
	return rc(recv(s->fd, byte, 3, MSG_DONTWAIT));
}

static long do_recv_nothing(const struct scene *s)
{
	return rc(recv(s->fd, byte, 0, MSG_DONTWAIT));
}

static long do_recv_all(const struct scene *s)
{
	return rc(recv(s->fd, byte, 8, MSG_DONTWAIT | MSG_WAITALL));
}

static long do_peek(const struct scene *s)
{
	return rc(recv(s->fd, byte, 8, MSG_DONTWAIT | MSG_PEEK));
}

static long do_discard(const struct scene *s)
{
	return rc(recv(s->fd, NULL, 8, MSG_DONTWAIT | MSG_TRUNC));
}

static long do_recv_urgent(const struct scene *s)
{
	return rc(recv(s->fd, byte, 1, MSG_DONTWAIT | MSG_OOB));
}

static long do_recv_error(const struct scene *s)
{
	return rc(recv(s->fd, byte, 1, MSG_DONTWAIT | MSG_ERRQUEUE));
}

static long do_recv_badly(const struct scene *s)
{
	return rc(recv(s->fd, NO_MEMORY, 1, MSG_DONTWAIT));
}

static long do_read_nothing(const struct scene *s)
{
	return rc(read(s->fd, byte, 0));
}

static long do_send(const struct scene *s)
{
	return rc(send(s->fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static long do_send_nothing(const struct scene *s)
{
	return rc(send(s->fd, "x", 0, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static long do_send_more(const struct scene *s)
{
	return rc(send(s->fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE));
}

static long do_send_badly(const struct scene *s)
{
	return rc(send(s->fd, NO_MEMORY, 1, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static long do_shut_rd(const struct scene *s)
{
	return rc(shutdown(s->fd, SHUT_RD));
}

static long do_shut_wr(const struct scene *s)
{
	return rc(shutdown(s->fd, SHUT_WR));
}

static long do_shut_rdwr(const struct scene *s)
{
	return rc(shutdown(s->fd, SHUT_RDWR));
}

static long do_shut_badly(const struct scene *s)
{
	return rc(shutdown(s->fd, 3));
}

static long do_listen(const struct scene *s)
{
	return rc(listen(s->fd, 1));
}

static long do_bind(const struct scene *s)
{
	return rc(bind_to(s->fd, "127.0.0.1", 0) ? -1 : 0);
}

static long do_bind_badly(const struct scene *s)
{
	return rc(bind(s->fd, (struct sockaddr *)byte, 1));
}

static long do_linger_and_listen(const struct scene *s)
{
	return rc(set_linger(s->fd, 0) ? -1 : listen(s->fd, 1));
}

static long do_accept(const struct scene *s)
{
	int fd;

	set_nonblock(s->fd, true);
	fd = accept(s->fd, NULL, NULL);
	return fd < 0 ? -errno : 0;
}

static long do_connect(const struct scene *s)
{
	set_nonblock(s->fd, true);
	return connect_to(s->fd, "127.0.0.1", local_port(s->lfd));
}

static long do_connect_twice(const struct scene *s)
{
	long ret = do_connect(s);

	return ret * 1000 + do_connect(s);
}

static long do_connect_badly(const struct scene *s)
{
	struct sockaddr sa = { .sa_family = AF_INET6 };

	return rc(connect(s->fd, &sa, sizeof(sa)));
}

static long do_disconnect(const struct scene *s)
{
	return disconnect(s->fd);
}

static long do_peer_name(const struct scene *s)
{
	struct sockaddr_in sin = {};
	long ret = peer_name(s->fd, &sin);

	return ret ?: (long)ntohl(sin.sin_addr.s_addr);
}

static long do_own_name(const struct scene *s)
{
	struct sockaddr_in sin = local_address(s->fd);

	return (long)ntohl(sin.sin_addr.s_addr) * 2 + !!sin.sin_port;
}

static long do_error(const struct scene *s)
{
	return so_error(s->fd);
}

static long do_state(const struct scene *s)
{
	return state_of(s->fd);
}

static long do_count_in(const struct scene *s)
{
	return get_ioctl(s->fd, SIOCINQ);
}

static long do_count_out(const struct scene *s)
{
	return get_ioctl(s->fd, SIOCOUTQ);
}

static long do_count_unsent(const struct scene *s)
{
	return get_ioctl(s->fd, SIOCOUTQNSD);
}

static long do_at_mark(const struct scene *s)
{
	return get_ioctl(s->fd, SIOCATMARK);
}

static long do_unknown_ioctl(const struct scene *s)
{
	return get_ioctl(s->fd, 0x5555);
}

static long do_splice(const struct scene *s)
{
	int pipes[2];
	long ret;

	set_nonblock(s->fd, true);
	if (pipe(pipes))
		return -EIO;
	ret = rc(splice(s->fd, NULL, pipes[1], NULL, 8, 0));
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

static long do_nodelay(const struct scene *s)
{
	return set_int(s->fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static long do_uncork(const struct scene *s)
{
	return set_int(s->fd, IPPROTO_TCP, TCP_CORK, 1) ?:
	       set_int(s->fd, IPPROTO_TCP, TCP_CORK, 0);
}

static long do_keepalive(const struct scene *s)
{
	return set_int(s->fd, SOL_SOCKET, SO_KEEPALIVE, 1) ?:
	       set_int(s->fd, IPPROTO_TCP, TCP_KEEPIDLE, 50);
}

static long do_quickack(const struct scene *s)
{
	return set_int(s->fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

static const struct {
	const char *name;
	long (*run)(const struct scene *s);
} calls[] = {
#define NAMED(name)	{ #name, name }
	NAMED(do_recv), NAMED(do_recv_nothing), NAMED(do_recv_all),
	NAMED(do_peek), NAMED(do_discard), NAMED(do_recv_urgent),
	NAMED(do_recv_error), NAMED(do_recv_badly), NAMED(do_read_nothing),
	NAMED(do_send), NAMED(do_send_nothing), NAMED(do_send_more),
	NAMED(do_send_badly), NAMED(do_shut_rd), NAMED(do_shut_wr),
	NAMED(do_shut_rdwr), NAMED(do_shut_badly), NAMED(do_listen),
	NAMED(do_bind), NAMED(do_bind_badly), NAMED(do_linger_and_listen),
	NAMED(do_accept), NAMED(do_connect), NAMED(do_connect_twice),
	NAMED(do_connect_badly), NAMED(do_disconnect), NAMED(do_peer_name),
	NAMED(do_own_name), NAMED(do_error), NAMED(do_state),
	NAMED(do_count_in), NAMED(do_count_out), NAMED(do_count_unsent),
	NAMED(do_at_mark), NAMED(do_unknown_ioctl), NAMED(do_splice),
	NAMED(do_nodelay), NAMED(do_uncork), NAMED(do_keepalive),
	NAMED(do_quickack),
};

static void set_scene(struct __test_metadata *_metadata, int protocol, int lfd,
		      void (*become)(struct __test_metadata *_metadata,
				     struct scene *s),
		      struct scene *s)
{
	int saved = api_protocol;

	*s = (struct scene){ .fd = -1, .peer = -1, .lfd = lfd };
	api_protocol = protocol;
	become(_metadata, s);
	api_protocol = saved;
}

/* Connections to the listener that calls have made. */
static void accept_all(int lfd)
{
	int fd;

	while ((fd = accept(lfd, NULL, NULL)) >= 0)
		close(fd);
}

/* After a disconnect TCP has moved its next sequence number on, and counts that as
 * bytes that are to be sent (Documentation/parity.rst).
 */
static bool tcp_miscounts(long (*run)(const struct scene *s),
			  void (*become)(struct __test_metadata *_metadata,
					 struct scene *s))
{
	return (run == do_count_out || run == do_count_unsent) &&
	       (become == become_disconnected || become == become_deaf ||
		become == become_disconnected_and_told);
}

static void every_call(struct __test_metadata *_metadata,
		       void (*become)(struct __test_metadata *_metadata,
				      struct scene *s))
{
	int mine = api_protocol, lfds[2];

	lfds[0] = open_listener(_metadata, "127.0.0.1", 16);
	api_protocol = IPPROTO_TCP;
	lfds[1] = open_listener(_metadata, "127.0.0.1", 16);
	api_protocol = mine;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		struct scene ours, tcp;
		long want;

		set_scene(_metadata, mine, lfds[0], become, &ours);
		set_scene(_metadata, IPPROTO_TCP, lfds[1], become, &tcp);
		want = calls[i].run(&tcp);
		if (mine != IPPROTO_TCP && tcp_miscounts(calls[i].run, become))
			want = 0;
		EXPECT_EQ(want, calls[i].run(&ours)) {
			TH_LOG("%s", calls[i].name);
		}
		/* What follows may need an answer of the peer. */
		EXPECT_TRUE(WAIT_UNTIL(state_of(tcp.fd) == state_of(ours.fd) &&
				       events_of(tcp.fd, POLL_ALL) ==
				       events_of(ours.fd, POLL_ALL))) {
			TH_LOG("after %s: state %d, TCP %d; events %#x, TCP %#x",
			       calls[i].name, state_of(ours.fd),
			       state_of(tcp.fd), events_of(ours.fd, POLL_ALL),
			       events_of(tcp.fd, POLL_ALL));
		}
		want = so_error(tcp.fd);
		EXPECT_EQ(want, so_error(ours.fd)) {
			TH_LOG("after %s", calls[i].name);
		}
		want = get_ioctl(tcp.fd, SIOCINQ);
		EXPECT_EQ(want, get_ioctl(ours.fd, SIOCINQ)) {
			TH_LOG("after %s", calls[i].name);
		}
		close(ours.fd);
		close(tcp.fd);
		close(ours.peer);
		close(tcp.peer);
		for (int j = 0; j < 2; j++) {
			set_nonblock(lfds[j], true);
			accept_all(lfds[j]);
			set_nonblock(lfds[j], false);
		}
	}
}

#define STATE(name)							\
TEST_F(api, name)							\
{									\
	every_call(_metadata, become_##name);				\
}

STATE(new)
STATE(bound)
STATE(listening)
STATE(awaited)
STATE(opening)
STATE(refused)
STATE(refused_and_told)
STATE(connected)
STATE(accepted)
STATE(readable)
STATE(shut_for_writing)
STATE(shut_for_reading)
STATE(shut_for_both)
STATE(half_closed)
STATE(half_closed_and_readable)
STATE(orphaned_by_peer)
STATE(closed_first)
STATE(closed_last)
STATE(closed_and_readable)
STATE(reset)
STATE(reset_and_told)
STATE(reset_and_readable)
STATE(reset_half_closed)
STATE(disconnected)
STATE(disconnected_and_told)
STATE(deaf)

TEST_HARNESS_MAIN
