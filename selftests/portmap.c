// SPDX-License-Identifier: GPL-2.0
/*
 * What only Waltz does when connect() chooses a port: it remembers which ports
 * are taken toward a destination, and must forget each that comes back,
 * whoever brings it and how; and namespaces do not tell each other's ports.
 *
 * SEED (environment): of all random choices; printed.
 */
#include "api.h"

#include <stdatomic.h>
#include <sys/epoll.h>

#define PORT		5001
#define LOW		43000
#define PORTS		64
#define DESTINATIONS	3
#define THREADS		4
#define HELD		60		/* of each: more than there are ports */
#define ENOUGH		400	/* of each outcome, of all threads */

FIXTURE(waltz)
{
	unsigned int seed;
};

FIXTURE_VARIANT(waltz)
{
	bool timestamps, abort, server_first;
};

/* How connections end in most cases: by FIN or RST, and whose is first. */
FIXTURE_VARIANT_ADD(waltz, timestamps)
{
	.timestamps = true,
};

FIXTURE_VARIANT_ADD(waltz, no_timestamps)
{
	.timestamps = false,
};

FIXTURE_VARIANT_ADD(waltz, aborts)
{
	.timestamps = true, .abort = true,
};

FIXTURE_VARIANT_ADD(waltz, no_timestamps_server_first)
{
	.timestamps = false, .server_first = true,
};

FIXTURE_SETUP(waltz)
{
	const char *seed = getenv("SEED");

	enter_namespace(_metadata, IPPROTO_WALTZ, "/proc/net/waltz");
	self->seed = seed ? strtoul(seed, NULL, 0) : (unsigned long)time(NULL);
	TH_LOG("SEED=%u", self->seed);
	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"43000 43063"));
	ASSERT_EQ(0, write_file("/proc/sys/net/waltz/time_wait_ms", "100"));
	ASSERT_EQ(0, write_file("/proc/sys/net/waltz/fin_timeout_ms", "100"));
	ASSERT_EQ(0, write_file("/proc/sys/net/waltz/timestamps",
				variant->timestamps ? "1" : "0"));
}

FIXTURE_TEARDOWN(waltz)
{
}

static int listener(struct __test_metadata *_metadata, in_port_t port, int flags)
{
	int fd = open_socket(_metadata, flags);

	ASSERT_EQ(0, bind_to(fd, "127.0.0.1", port));
	ASSERT_EQ(0, rc(listen(fd, 1024)));
	return fd;
}

/* ---- the server: takes all, closes what the peer has closed, or some first */

static atomic_bool over, server_over;
static atomic_int connected, refused, wrong;
static int listeners[DESTINATIONS];
static bool server_first;

static void *serve(void *arg)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), i, n, fd;
	struct epoll_event events[64], ev = { .events = EPOLLIN };
	unsigned int count = 0;
	char byte;

	for (i = 0; i < DESTINATIONS; i++) {
		ev.data.fd = listeners[i];
		epoll_ctl(ep, EPOLL_CTL_ADD, listeners[i], &ev);
	}
	while (!server_over) {
		n = epoll_wait(ep, events, 64, 20);
		for (i = 0; i < n; i++) {
			fd = events[i].data.fd;
			if (fd == listeners[0] || fd == listeners[1] ||
			    fd == listeners[2]) {
				ev.data.fd = accept4(fd, NULL, NULL,
						     SOCK_NONBLOCK);
				if (ev.data.fd < 0)
					continue;
				if (server_first && count++ % 2)
					shutdown(ev.data.fd, SHUT_WR);
				epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
			} else if (recv(fd, &byte, 1, MSG_DONTWAIT) <= 0) {
				close(fd);
			}
		}
	}
	close(ep);
	return NULL;
}

/* ---- clients */

struct client {
	pthread_t thread;
	unsigned int seed;
	bool abort;
};

static bool enough(void)
{
	return connected >= ENOUGH && refused >= ENOUGH;
}

static void end_one(struct client *c, int fd)
{
	unsigned int r = rand_r(&c->seed) % 8;

	/* In most cases as the variant says, but always some of the other. */
	if (c->abort ? r < 6 : r >= 6)
		set_linger(fd, 0);
	else if (r & 1)
		shutdown(fd, SHUT_WR);
	close(fd);
}

static void *connect_and_close(void *arg)
{
	struct client *c = arg;
	int fds[HELD], held = 0, i, fd;
	long err;

	while (!over) {
		/* Up, and now and then nearly down: maps come and go. */
		unsigned int r = rand_r(&c->seed);

		if (held && (held == HELD || r % 4 == 0)) {
			int n = r % 400 == 0 ? held : 1;

			while (n--) {
				i = rand_r(&c->seed) % held;
				end_one(c, fds[i]);
				fds[i] = fds[--held];
			}
			continue;
		}
		fd = socket(AF_INET, SOCK_STREAM, api_protocol);
		set_timeout(fd, SO_SNDTIMEO, DEADLINE_MS);
		err = connect_to(fd, "127.0.0.1", PORT + r / 8 % DESTINATIONS);
		if (!err)
			fds[held++] = fd;
		else
			close(fd);
		(*(!err ? &connected :
		   err == -EADDRNOTAVAIL ? &refused : &wrong))++;
	}
	while (held)
		end_one(c, fds[--held]);
	return NULL;
}

/* Nothing is left but listeners. */
static bool all_quiet(void)
{
	return count_records(0, 0, 0) == DESTINATIONS;
}

/* Every port of the range leads to each destination, and no other does. */
static void use_all(struct __test_metadata *_metadata)
{
	int fds[DESTINATIONS][PORTS], i, d, fd;
	bool seen[PORTS];

	for (d = 0; d < DESTINATIONS; d++) {
		memset(seen, 0, sizeof(seen));
		for (i = 0; i < PORTS; i++) {
			fds[d][i] = open_socket(_metadata, 0);
			ASSERT_EQ(0, connect_to(fds[d][i], "127.0.0.1", PORT + d)) {
				TH_LOG("destination %d, port %d of %d", d, i, PORTS);
			}
			fd = local_port(fds[d][i]) - LOW;
			ASSERT_TRUE(fd >= 0 && fd < PORTS && !seen[fd]);
			seen[fd] = true;
		}
		for (i = 0; i < 3; i++) {
			fd = open_socket(_metadata, 0);
			EXPECT_EQ(-EADDRNOTAVAIL,
				  connect_to(fd, "127.0.0.1", PORT + d));
			close(fd);
		}
	}
	for (d = 0; d < DESTINATIONS; d++) {
		for (i = 0; i < PORTS; i++)
			abort_socket(fds[d][i]);
	}
}

TEST_F_TIMEOUT(waltz, every_port_that_comes_back_is_found, 120)
{
	struct client clients[THREADS] = {};
	pthread_t server;
	int i, d, round;

	server_first = variant->server_first;
	for (d = 0; d < DESTINATIONS; d++)
		listeners[d] = listener(_metadata, PORT + d, SOCK_NONBLOCK);
	ASSERT_EQ(0, pthread_create(&server, NULL, serve, NULL));
	for (round = 0; round < 2; round++) {
		over = false;
		connected = 0;
		refused = 0;
		for (i = 0; i < THREADS; i++) {
			clients[i].seed = self->seed + i + round * THREADS;
			clients[i].abort = variant->abort;
			ASSERT_EQ(0, pthread_create(&clients[i].thread, NULL,
						    connect_and_close,
						    &clients[i]));
		}
		EXPECT_TRUE(WAIT_UNTIL(enough()));
		over = true;
		for (i = 0; i < THREADS; i++)
			pthread_join(clients[i].thread, NULL);
		TH_LOG("round %d: %d connected, %d refused", round, connected,
		       refused);
		EXPECT_EQ(0, wrong);
		ASSERT_TRUE(WAIT_UNTIL(all_quiet()));
		use_all(_metadata);
		ASSERT_TRUE(WAIT_UNTIL(all_quiet()));
	}
	server_over = true;
	pthread_join(server, NULL);
}

/* ---- RFC 6056 */

FIXTURE(spaces)
{
};

FIXTURE_SETUP(spaces)
{
	enter_namespace(_metadata, IPPROTO_WALTZ, "/proc/net/waltz");
}

FIXTURE_TEARDOWN(spaces)
{
}

#define SPACES	24

/* The port of a first connection, in a namespace of its own. */
static int first_port(struct __test_metadata *_metadata)
{
	int lfd, fd, port;

	enter_namespace(_metadata, IPPROTO_WALTZ, "/proc/net/waltz");
	lfd = listener(_metadata, PORT, 0);
	fd = open_socket(_metadata, 0);
	ASSERT_EQ(0, connect_to(fd, "127.0.0.1", PORT));
	port = local_port(fd);
	abort_socket(fd);
	close(lfd);
	return port;
}

/* The same addresses: without a secret of its own each would go on where the
 * last one stopped.
 */
TEST_F(spaces, a_namespace_does_not_tell_the_ports_of_another)
{
	int i, last = 0, near = 0;

	for (i = 0; i < SPACES; i++) {
		int port = first_port(_metadata);

		near += abs(port - last) < 100;
		last = port;
	}
	EXPECT_GE(SPACES / 4, near);
}

/* Names on a device are others than the same ones on none. */
TEST_F(spaces, a_socket_that_is_bound_to_a_device_frees_its_port)
{
	int fds[16], lfd, fd, i;

	ASSERT_EQ(0, write_file("/proc/sys/net/ipv4/ip_local_port_range",
				"43000 43015"));
	lfd = listener(_metadata, PORT, 0);
	for (i = 0; i < 16; i++) {
		fds[i] = open_socket(_metadata, 0);
		ASSERT_EQ(0, connect_to(fds[i], "127.0.0.1", PORT));
	}
	/* There the server still has them, and does not answer. */
	fd = open_socket(_metadata, SOCK_NONBLOCK);
	EXPECT_EQ(-EADDRNOTAVAIL, connect_to(fd, "127.0.0.1", PORT));
	EXPECT_EQ(-EADDRNOTAVAIL, connect_to(fd, "127.0.0.1", PORT));
	ASSERT_EQ(0, rc(setsockopt(fds[5], SOL_SOCKET, SO_BINDTODEVICE,
				   "lo", 3)));
	EXPECT_EQ(-EINPROGRESS, connect_to(fd, "127.0.0.1", PORT));
	close(fd);
	for (i = 0; i < 16; i++)
		abort_socket(fds[i]);
	close(lfd);
}

TEST_HARNESS_MAIN
