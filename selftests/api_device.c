// SPDX-License-Identifier: GPL-2.0
/*
 * SO_BINDTODEVICE within a host. Packets to an address of our own go by lo, but
 * they belong to the device that has the address.
 */
#include "api.h"

#define ADDR	"10.253.0.1"

static void run(struct __test_metadata *_metadata, const char *command)
{
	ASSERT_EQ(0, system(command)) {
		TH_LOG("%s", command);
	}
}

static void set_up(struct __test_metadata *_metadata)
{
	run(_metadata, "ip link add here type veth peer name there");
	run(_metadata, "ip addr add " ADDR "/24 dev here");
	run(_metadata, "ip link set here up");
	run(_metadata, "ip link set there up");
}

static long bind_device(int fd, const char *name)
{
	return rc(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name,
			     strlen(name)));
}

/* A listener at ADDR, of a device unless it is NULL. */
static int listener_of(struct __test_metadata *_metadata, const char *device)
{
	int fd = open_socket(_metadata, 0);

	ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
	if (device)
		ASSERT_EQ(0, bind_device(fd, device));
	ASSERT_EQ(0, bind_to(fd, ADDR, 0));
	ASSERT_EQ(0, rc(listen(fd, 4)));
	return fd;
}

/* Both ways; then the end at @first closes, the other one after it. */
static void use(struct __test_metadata *_metadata, int first, int last)
{
	send_sentinel(_metadata, first, last);
	send_sentinel(_metadata, last, first);
	close(first);
	ASSERT_EQ(0, drain_to_eof(last, 0));
	close(last);
}

static const char *const devices[] = { NULL, "here" };

TEST_F(api, a_device_has_the_traffic_to_its_address)
{
	set_up(_metadata);
	for (int i = 1; i < 4; i++) {
		const char *ours = devices[i & 1], *theirs = devices[i >> 1];
		int lfd = listener_of(_metadata, theirs);
		int fd = open_socket(_metadata, 0);
		in_port_t port = local_port(lfd), client_port;
		int peer;

		if (ours)
			ASSERT_EQ(0, bind_device(fd, ours));
		ASSERT_EQ(0, set_timeout(fd, SO_SNDTIMEO, DEADLINE_MS));
		ASSERT_EQ(0, connect_to(fd, ADDR, port)) {
			TH_LOG("client of %s, listener of %s", ours ?: "none",
			       theirs ?: "none");
		}
		client_port = local_port(fd);
		peer = accept_one(_metadata, lfd);
		use(_metadata, fd, peer);
		EXPECT_TRUE(wait_records(client_port, port, TCP_TIME_WAIT, 1));
		EXPECT_EQ(0, count_records(port, client_port, 0));
		close(lfd);
	}
}

/* A SYN finds the record of a socket of the device, and takes it over. */
TEST_F(api, a_record_of_a_device_is_found)
{
	int lfd, fd, peer, round;
	in_port_t port, from = 0;

	set_up(_metadata);
	lfd = listener_of(_metadata, "here");
	port = local_port(lfd);
	for (round = 0; round < 2; round++) {
		fd = open_socket(_metadata, 0);
		ASSERT_EQ(0, set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1));
		ASSERT_EQ(0, bind_to(fd, ADDR, from));
		from = local_port(fd);
		ASSERT_EQ(0, connect_to(fd, ADDR, port));
		peer = accept_one(_metadata, lfd);
		if (!round) {
			use(_metadata, peer, fd);
			ASSERT_TRUE(wait_records(port, from, TCP_TIME_WAIT, 1));
			ASSERT_TRUE(wait_records(from, port, 0, 0));
		}
	}
	EXPECT_EQ(0, count_records(port, from, TCP_TIME_WAIT));
	use(_metadata, fd, peer);
}

TEST_F(api, another_device_has_none_of_it)
{
	int other, lo;

	set_up(_metadata);
	other = listener_of(_metadata, "there");
	lo = listener_of(_metadata, "lo");
	EXPECT_EQ(-ECONNREFUSED, connect_to(open_socket(_metadata, 0), ADDR,
					    local_port(other)));
	EXPECT_EQ(-ECONNREFUSED, connect_to(open_socket(_metadata, 0), ADDR,
					    local_port(lo)));
}

TEST_HARNESS_MAIN
