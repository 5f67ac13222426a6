// SPDX-License-Identifier: GPL-2.0
/*
 * What scripts/bench measures with: connections by one thread, in a network
 * namespace of its own, over its loopback device. The same code for Waltz and
 * TCP; only the number of the protocol differs.
 *
 *	load PROTOCOL		commands from standard input, an answer in JSON to each
 *	load stall SECONDS	how late a sleep of 1 ms ends, for so long
 *	load spin SECONDS	gaps in a busy loop: what the machine takes away
 *
 * Commands:
 *	set FILE VALUE		/proc/sys/FILE, of this namespace
 *	listen DESTINATIONS	a listener on all addresses; how many are used
 *	reserve COUNT		memory for that many, before memory is measured
 *	churn COUNT SECONDS WHO	connect, a byte each way, close; WHO closes first
 *	fill COUNT TOGETHER	connections over all destinations by turns: all are
 *				opened, by io_uring, then all closed, by close_range(),
 *				which takes the clients first: few system calls. The
 *				last are opened one by one, to time connect(). TOGETHER:
 *				ms from then on when all records are to end at once
 *				(Waltz), or 0
 *	windows LOW HIGH SIZE PERCENT	the same toward one destination, until so
 *				much of the port range is in use; see do_windows()
 *	leave COUNT		connections toward one destination, client first
 *	probe COUNT WHO		time connect() toward one destination; WHO closes
 *				first, or "abort": that leaves no record
 *	ping COUNT		round trips of a byte on a living connection
 *	lookup COUNT WHICH	segments that no one answers, to records of
 *				the last fill ("hit") or to nobody ("miss")
 *	quiet			close the listener
 *
 * Addresses are 10.253.0.0/16, all of it on lo, and not 127.0.0.0/8: there TCP
 * reuses names even when it is not told to (tcp_tw_reuse=2, its default).
 *
 * Times are in ns; a summary has n, mean, p50, p90, p99, p999 and max.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <linux/types.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

#define DEADLINE_MS	15000
#include "../uring.h"

#define PORT		9000
#define CLIENT		0x0afd0001u	/* 10.253.0.1 */
#define SERVER		0x0afd0100u	/* 10.253.1.0 and those behind it */
#define BATCH		32u		/* connections opened in one go, of a ring of 64 */
#define SLICE		(8 * BATCH)	/* connections closed in one go */

enum closer { CLIENT_FIRST, SERVER_FIRST, ABORT };

static int protocol, listener = -1;
static unsigned int destinations = 1;
/* Samples of the last command; ports of the last fill, in order. */
static __u32 *samples, *closes;
static __u16 *ports;
static size_t reserved, filled;
static unsigned int filled_percent;
/* To open many with few system calls, where the kernel lets us. */
static struct uring ring;
static bool has_ring;

static __u64 clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + (__u64)ts.tv_nsec;
}

#ifdef __x86_64__
/* In User-Mode Linux to ask for the time is a system call, which takes longer
 * there than much of what is measured: hence the counter.
 */
static double ns_per_tick;

/* Both at the same time: of several looks, the one that took least. */
static void look(__u64 *ns, __u64 *ticks)
{
	__u64 least = ~0ull;
	int i;

	for (i = 0; i < 50; i++) {
		__u64 before = __rdtsc(), clock = clock_ns(), after = __rdtsc();

		if (after - before >= least)
			continue;
		least = after - before;
		*ns = clock;
		*ticks = before + least / 2;
	}
}

static void clock_init(void)
{
	struct timespec pause = { .tv_nsec = 100000000 };
	__u64 ns0, ticks0, ns1, ticks1;

	look(&ns0, &ticks0);
	nanosleep(&pause, NULL);
	look(&ns1, &ticks1);
	ns_per_tick = (double)(ns1 - ns0) / (double)(ticks1 - ticks0);
}

static __u64 now_ns(void)
{
	return (__u64)((double)__rdtsc() * ns_per_tick);
}
#else
static void clock_init(void)
{
}

static __u64 now_ns(void)
{
	return clock_ns();
}
#endif

static void die(const char *what)
{
	printf("{\"error\": \"%s: %s\"}\n", what, strerror(errno));
	exit(1);
}

static void *must_alloc(size_t n, size_t size)
{
	void *p = malloc(n * size);

	if (!p)
		die("malloc");
	/* Touched, so that it does not count as memory of the kernel's later. */
	memset(p, 1, n * size);
	return p;
}

static void reserve(size_t n)
{
	int fd;

	if (n <= reserved)
		return;
	free(samples);
	free(closes);
	free(ports);
	samples = must_alloc(n, sizeof(*samples));
	closes = must_alloc(n, sizeof(*closes));
	ports = must_alloc(n, sizeof(*ports));
	reserved = n;
	filled = 0;
	/* The table of descriptors, too, stays as large as it has been. */
	fd = fcntl(0, F_DUPFD, (int)(2 * n));
	if (fd < 0)
		die("descriptors");
	close(fd);
}

static __u32 to_sample(__u64 ns)
{
	return ns > 0xffffffffu ? 0xffffffffu : (__u32)ns;
}

static int compare(const void *a, const void *b)
{
	__u32 x = *(const __u32 *)a, y = *(const __u32 *)b;

	return (x > y) - (x < y);
}

/* Sorts them. */
static void summary(const char *name, __u32 *s, size_t n)
{
	double sum = 0;
	size_t i;

	if (!n) {
		printf("\"%s\": {\"n\": 0}", name);
		return;
	}
	for (i = 0; i < n; i++)
		sum += s[i];
	qsort(s, n, sizeof(*s), compare);
	printf("\"%s\": {\"n\": %zu, \"mean\": %.0f, \"p50\": %u, \"p90\": %u, ",
	       name, n, sum / (double)n, s[n / 2], s[n * 9 / 10]);
	printf("\"p99\": %u, \"p999\": %u, \"max\": %u}",
	       s[n * 99 / 100], s[n * 999 / 1000], s[n - 1]);
}

static void write_sys(const char *file, const char *value)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/%s", file);
	f = fopen(path, "w");
	if (!f || fputs(value, f) < 0 || fclose(f))
		die(path);
}

static void write_sys_number(const char *file, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	write_sys(file, text);
}

static struct sockaddr_in address(__u32 host, __u16 port)
{
	return (struct sockaddr_in) {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(host),
		.sin_port = htons(port),
	};
}

static void set_address(int fd, struct ifreq *ifr, unsigned long what, __u32 host)
{
	struct sockaddr_in sin = address(host, 0);

	memcpy(&ifr->ifr_addr, &sin, sizeof(sin));
	if (ioctl(fd, what, ifr))
		die("address of lo");
}

static void own_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd;

	if (unshare(CLONE_NEWNET))
		die("unshare");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &ifr))
		die("lo up");
	strcpy(ifr.ifr_name, "lo:1");
	set_address(fd, &ifr, SIOCSIFADDR, CLIENT);
	set_address(fd, &ifr, SIOCSIFNETMASK, 0xffff0000u);
	close(fd);
}

static void do_listen(unsigned int count)
{
	struct sockaddr_in sin = address(INADDR_ANY, PORT);
	int one = 1;

	destinations = count;
	if (listener >= 0)
		return;
	listener = socket(AF_INET, SOCK_STREAM, protocol);
	if (listener < 0)
		die("socket");
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&sin, sizeof(sin)) || listen(listener, 64))
		die("listen");
}

/* Connect to a destination; how long connect() took. Return: the socket, or -1
 * if there was no port left.
 */
static int connect_to(unsigned int which, __u32 *took)
{
	struct sockaddr_in to = address(SERVER + which, PORT);
	__u64 start;
	int fd, err;

	fd = socket(AF_INET, SOCK_STREAM, protocol);
	if (fd < 0)
		die("socket");
	start = now_ns();
	err = connect(fd, (struct sockaddr *)&to, sizeof(to));
	*took = to_sample(now_ns() - start);
	if (!err)
		return fd;
	if (errno != EADDRNOTAVAIL)
		die("connect");
	close(fd);
	return -1;
}

static int accept_one(__u16 *port)
{
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd = accept(listener, (struct sockaddr *)&from, &len);

	if (fd < 0)
		die("accept");
	*port = ntohs(from.sin_port);
	return fd;
}

static void exchange(int from, int to)
{
	char byte = 'x';

	if (write(from, &byte, 1) != 1 || read(to, &byte, 1) != 1)
		die("exchange");
}

static void close_both(int client, int server, enum closer closer)
{
	struct linger abort = { .l_onoff = 1 };

	if (closer == ABORT)
		setsockopt(client, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
	if (closer == SERVER_FIRST) {
		close(server);
		close(client);
	} else {
		close(client);
		close(server);
	}
}

static enum closer closer_of(const char *who)
{
	return !strcmp(who, "abort") ? ABORT :
	       !strcmp(who, "server") ? SERVER_FIRST : CLIENT_FIRST;
}

static void do_churn(size_t count, double seconds, enum closer closer)
{
	__u64 start = now_ns(), last = start, now, end;
	size_t done = 0, refused = 0;
	__u32 *each = closes;
	__u32 failure, first_failure = 0, worst_failure = 0;
	double failures = 0;

	end = start + (__u64)(seconds * 1e9);
	while (done + refused < count && last < end) {
		__u32 took;
		__u16 port;
		int client = connect_to(0, &took), server;

		if (client < 0) {
			failure = took;
			if (!refused++)
				first_failure = failure;
			if (failure > worst_failure)
				worst_failure = failure;
			failures += failure;
			last = now_ns();
			continue;
		}
		server = accept_one(&port);
		exchange(client, server);
		exchange(server, client);
		close_both(client, server, closer);
		now = now_ns();
		samples[done] = took;
		each[done++] = to_sample(now - last);
		last = now;
	}
	printf("{\"done\": %zu, \"eaddrnotavail\": %zu, \"seconds\": %.3f, ",
	       done, refused, (double)(last - start) / 1e9);
	printf("\"failure_ns\": %.0f, \"failure_first\": %u, \"failure_max\": %u, ",
	       refused ? failures / (double)refused : 0, first_failure, worst_failure);
	summary("connect", samples, done);
	printf(", ");
	summary("each", each, done);
	printf("}\n");
}

/* Close a slice of what open_all() has opened. Return: ns for each pair. */
static __u32 close_slice(int first, size_t pairs)
{
	__u64 start = now_ns();

	if (close_range((unsigned int)first, (unsigned int)(first + 2 * (int)pairs - 1), 0))
		die("close_range");
	return to_sample((now_ns() - start) / pairs);
}

/* All segments sent so far have been received, though that may have been left to
 * ksoftirqd: a datagram queues up behind them. Three times, for the answers.
 */
static void fence(void)
{
	static int fd = -1;
	struct sockaddr_in self = address(CLIENT, PORT);
	char byte = 0;
	int i;

	if (fd < 0) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) ||
		    connect(fd, (struct sockaddr *)&self, sizeof(self)))
			die("datagram socket");
	}
	for (i = 0; i < 3; i++)
		if (send(fd, &byte, 1, 0) != 1 || recv(fd, &byte, 1, 0) != 1)
			die("datagram");
}

/* Leave one record. Return: false when there was no port for it. */
static bool leave_one(void)
{
	__u32 took;
	__u16 port;
	int client = connect_to(0, &took), server;

	if (client < 0)
		return false;
	server = accept_one(&port);
	close(client);
	/* Or both may be first, and leave a record each. */
	fence();
	close(server);
	return true;
}

/* The answers to COUNT requests, whose tags are below 2 * BATCH. None may fail. */
static void answers(unsigned int count, int *results)
{
	struct io_uring_cqe cqe;

	while (count--) {
		int err = uring_wait(&ring, &cqe);

		if (err < 0) {
			errno = -err;
			die("io_uring");
		}
		results[cqe.user_data] = cqe.res;
	}
}

/* BATCH clients, then their servers, from the descriptor FD on. */
static void open_batch(size_t i, int fd)
{
	struct sockaddr_in to[BATCH], from[BATCH];
	socklen_t len[BATCH];
	int results[2 * BATCH];
	unsigned int n;

	for (n = 0; n < BATCH; n++) {
		struct io_uring_sqe *sqe = uring_next(&ring, IORING_OP_SOCKET, AF_INET, n);

		sqe->off = SOCK_STREAM;
		sqe->len = (__u32)protocol;
	}
	answers(BATCH, results);
	for (n = 0; n < BATCH; n++) {
		struct io_uring_sqe *sqe;

		if (results[n] != fd + (int)n)
			die("clients are not in a row");
		to[n] = address(SERVER + (__u32)((i + n) % destinations), PORT);
		sqe = uring_data(&ring, IORING_OP_CONNECT, fd + (int)n, &to[n], 0, n);
		sqe->off = sizeof(to[n]);
		len[n] = sizeof(from[n]);
		sqe = uring_data(&ring, IORING_OP_ACCEPT, listener, &from[n], 0, BATCH + n);
		sqe->addr2 = (unsigned long)&len[n];
	}
	answers(2 * BATCH, results);
	for (n = 0; n < BATCH; n++) {
		int server = results[BATCH + n] - fd;

		if (server < (int)BATCH || server >= 2 * (int)BATCH)
			die("servers are not in a row");
		/* Who is accepted first came first. */
		ports[i + n] = ntohs(from[n].sin_port);
	}
}

/* All, from the descriptor returned on. What is left of COUNT after whole batches, and
 * the last TAIL, one by one: a client and a server by turns.
 */
static int open_all(size_t count, size_t tail)
{
	int first = fcntl(0, F_DUPFD, 3), next = first;
	size_t i = 0;

	if (first < 0 || close(first))
		die("descriptors");
	for (; has_ring && i + BATCH + tail <= count; i += BATCH, next += 2 * BATCH)
		open_batch(i, next);
	for (; i < count; i++, next += 2) {
		int client = connect_to((unsigned int)(i % destinations), &samples[i]);

		if (client < 0)
			die("too few ports");
		if (client != next || accept_one(&ports[i]) != next + 1)
			die("descriptors are not in a row");
	}
	return first;
}

/* "Last": when the table was nearly as full as it gets. */
static void do_fill(size_t count, unsigned long together)
{
	__u64 start = now_ns(), opened, end;
	size_t i, n, slices = 0, tail = count < 10000 ? (count + 1) / 2 : 5000;
	int first;

	fence();
	first = open_all(count, tail);
	opened = now_ns();
	end = opened + together * 1000000;
	for (i = 0; i < count; i += n) {
		n = count - i < SLICE ? count - i : SLICE;
		if (together) {
			long left = ((long)end - (long)now_ns()) / 1000000;

			left = left > 100 ? left : 100;
			write_sys_number("net/waltz/time_wait_ms", (unsigned long)left);
			write_sys_number("net/waltz/fin_timeout_ms", (unsigned long)left);
		}
		closes[slices++] = close_slice(first + 2 * (int)i, n);
		fence();
	}
	filled = count;
	printf("{\"open_s\": %.3f, \"close_s\": %.3f, ", (double)(opened - start) / 1e9,
	       (double)(now_ns() - opened) / 1e9);
	summary("connect_last", samples + count - tail, tail);
	printf(", ");
	n = slices < 20 ? slices : 20;
	summary("close_last", closes + slices - n, n);
	printf("}\n");
}

/* Fill the port range toward one destination. Searches for a port take
 * milliseconds in TCP when the range is half full, so it is shown one
 * window after the other, with a few ports each. It takes a window's ports as
 * it would take the range's: every other one, then the rest in no order.
 */
static void do_windows(unsigned int low, unsigned int high, unsigned int size,
		       unsigned int percent)
{
	__u64 start = now_ns();
	unsigned int from, to, done = 0, refused = 0, n;
	char range[64];

	for (from = low; from <= high; from += size) {
		to = from + size - 1 < high ? from + size - 1 : high;
		snprintf(range, sizeof(range), "%u %u", from, to);
		write_sys("net/ipv4/ip_local_port_range", range);
		/* What earlier calls have left is counted by "filled_percent". */
		n = (unsigned int)((__u64)(to - from + 1) * (percent - filled_percent) / 100);
		if (percent == 100)
			n = to - from + 1;	/* until there is no more */
		while (n--) {
			if (!leave_one()) {
				refused++;
				break;
			}
			done++;
		}
	}
	filled_percent = percent;
	snprintf(range, sizeof(range), "%u %u", low, high);
	write_sys("net/ipv4/ip_local_port_range", range);
	printf("{\"done\": %u, \"eaddrnotavail\": %u, \"seconds\": %.3f}\n",
	       done, refused, (double)(now_ns() - start) / 1e9);
}

static void do_leave(size_t count)
{
	size_t done = 0;

	while (done < count && leave_one())
		done++;
	printf("{\"done\": %zu}\n", done);
}

static void do_probe(size_t count, enum closer closer)
{
	size_t i, done = 0, refused = 0;

	for (i = 0; i < count; i++) {
		__u32 took;
		__u16 port;
		int client = connect_to(0, &took);

		if (client < 0) {
			closes[refused++] = took;
			continue;
		}
		samples[done++] = took;
		close_both(client, accept_one(&port), closer);
	}
	printf("{\"failure_first\": %u, ", refused ? closes[0] : 0);
	summary("connect", samples, done);
	printf(", ");
	summary("failure", closes, refused);
	printf("}\n");
}

static void do_ping(size_t count)
{
	int one = 1, client, server;
	__u32 took;
	__u16 port;
	size_t i;

	client = connect_to(0, &took);
	if (client < 0)
		die("no port");
	server = accept_one(&port);
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	for (i = 0; i < count; i++) {
		__u64 start = now_ns();

		exchange(client, server);
		exchange(server, client);
		samples[i] = to_sample(now_ns() - start);
	}
	close_both(client, server, ABORT);
	printf("{");
	summary("ping", samples, count);
	printf("}\n");
}

static __u32 add_up(const void *data, size_t len, __u32 sum)
{
	const __u8 *p = data;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (__u32)p[i] << 8 | p[i + 1];
	return sum;
}

/* A RST with a sequence number that cannot be right: TIME_WAIT has to be looked
 * up to know that, and then both protocols say nothing. To a port where there is
 * nobody, they say nothing either.
 */
static void do_lookup(size_t count, bool hit)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	__u64 random = 88172645463325252ull;
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} seg;
	size_t i;

	if (fd < 0)
		die("raw socket");
	if (hit && !filled)
		die("nothing to look up");
	for (i = 0; i < count; i++) {
		struct { __u32 s, d; __u8 z, p; __u16 len; } pseudo;
		struct sockaddr_in to;
		__u64 start;
		__u32 sum, dest;
		size_t n;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		n = filled ? random % filled : 0;
		dest = SERVER + (filled ? (__u32)(n % destinations) : 0);
		to = address(CLIENT, 0);
		memset(&seg, 0, sizeof(seg));
		seg.ip.version = 4;
		seg.ip.ihl = 5;
		seg.ip.ttl = 64;
		seg.ip.protocol = (__u8)protocol;
		seg.ip.saddr = htonl(dest);
		seg.ip.daddr = to.sin_addr.s_addr;
		seg.tcp.source = htons(PORT);
		seg.tcp.dest = htons(hit ? ports[n] : (__u16)(1024 + random % 20000));
		seg.tcp.seq = htonl((__u32)(random >> 32));
		seg.tcp.doff = 5;
		seg.tcp.rst = 1;
		pseudo.s = seg.ip.saddr;
		pseudo.d = seg.ip.daddr;
		pseudo.z = 0;
		pseudo.p = (__u8)protocol;
		pseudo.len = htons(sizeof(seg.tcp));
		sum = add_up(&pseudo, sizeof(pseudo), 0);
		sum = add_up(&seg.tcp, sizeof(seg.tcp), sum);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		seg.tcp.check = htons((__u16)~sum);
		start = now_ns();
		if (sendto(fd, &seg, sizeof(seg), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
			die("sendto");
		samples[i] = to_sample(now_ns() - start);
	}
	close(fd);
	printf("{");
	summary("lookup", samples, count);
	printf("}\n");
}

static void do_stall(double seconds)
{
	__u64 start = now_ns(), end = start + (__u64)(seconds * 1e9), last;
	size_t n = 0, room = (size_t)(seconds * 1000) + 1;
	struct timespec ms = { .tv_nsec = 1000000 };

	samples = must_alloc(room, sizeof(*samples));
	for (last = start; last < end && n < room; n++) {
		__u64 woken;

		nanosleep(&ms, NULL);
		woken = now_ns();
		samples[n] = to_sample(woken - last - 1000000);
		last = woken;
	}
	printf("{");
	summary("late", samples, n);
	printf("}\n");
}

static void do_spin(double seconds)
{
	__u64 start = now_ns(), end = start + (__u64)(seconds * 1e9), last = start, now;
	__u64 above_50 = 0, above_200 = 0, max = 0;

	do {
		__u64 gap;

		now = now_ns();
		gap = now - last;
		above_50 += gap > 50000;
		above_200 += gap > 200000;
		max = gap > max ? gap : max;
		last = now;
	} while (now < end);
	printf("{\"seconds\": %.3f, \"above_50\": %llu, \"above_200\": %llu, \"max_us\": %llu}\n",
	       (double)(now - start) / 1e9, above_50, above_200, max / 1000);
}

static void command(const char *line)
{
	char a[128] = "", b[128] = "";
	unsigned long n = 0, m = 0, size, percent;
	double seconds;

	if (sscanf(line, "set %127s %127[^\n]", a, b) == 2) {
		write_sys(a, b);
		printf("{}\n");
	} else if (sscanf(line, "listen %lu", &n) == 1) {
		do_listen((unsigned int)n);
		printf("{}\n");
	} else if (sscanf(line, "reserve %lu", &n) == 1) {
		reserve(n);
		printf("{}\n");
	} else if (sscanf(line, "churn %lu %lf %127s", &n, &seconds, a) == 3) {
		reserve(n);
		do_churn(n, seconds, closer_of(a));
	} else if (sscanf(line, "fill %lu %lu", &n, &m) == 2) {
		reserve(n);
		do_fill(n, m);
	} else if (sscanf(line, "windows %lu %lu %lu %lu", &n, &m, &size, &percent) == 4) {
		do_windows((unsigned int)n, (unsigned int)m, (unsigned int)size,
			   (unsigned int)percent);
	} else if (sscanf(line, "leave %lu", &n) == 1) {
		do_leave(n);
	} else if (sscanf(line, "probe %lu %127s", &n, a) == 2) {
		reserve(n);
		do_probe(n, closer_of(a));
	} else if (sscanf(line, "ping %lu", &n) == 1) {
		reserve(n);
		do_ping(n);
	} else if (sscanf(line, "lookup %lu %127s", &n, a) == 2) {
		reserve(n);
		do_lookup(n, !strcmp(a, "hit"));
	} else if (!strncmp(line, "quiet", 5)) {
		close(listener);
		listener = -1;
		printf("{}\n");
	} else {
		errno = EINVAL;
		die("command");
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 1 << 22, 1 << 22 };
	char line[512];

	clock_init();
	if (argc == 3 && !strcmp(argv[1], "stall")) {
		do_stall(atof(argv[2]));
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "spin")) {
		do_spin(atof(argv[2]));
		return 0;
	}
	if (argc != 2)
		return 2;
	protocol = atoi(argv[1]);
	write_sys_number("fs/nr_open", 1 << 22);
	write_sys_number("fs/file-max", 1 << 23);
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("setrlimit");
	setvbuf(stdout, NULL, _IOLBF, 0);
	own_namespace();
	has_ring = !uring_open(&ring);
	while (fgets(line, sizeof(line), stdin))
		command(line);
	return 0;
}
