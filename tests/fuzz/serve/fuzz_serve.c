/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the server of simulated chips that sends anything, and writes anything into the page
 * that both see. Whatever it did, when it is gone nothing of it is left.
 *
 * The bytes are steps: one that says what, then
 *	0  bytes as they are: a count, so many bytes
 *	1  a message with a right header: command (two bytes), a count, so many bytes of payload
 *	2  the same with a descriptor of memory, 3 with an eventfd, 4 with two
 *	5  a word of the page: place (two bytes), value (eight)
 *	6  the answers are read
 *	7  the server takes some turns
 *	8  the memory behind the last token that came is asked for
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sock_io.h"
#include "hal/bus/transport.h"
#include "tests/fuzz/reader.h"

#define STEP_NS UINT64_C(100000)

enum { STEPS = 64, PAYLOAD = 256, TURNS = 3, MEMORY_BYTES = 16384 };

struct stranger {
	int sock;
	struct road_wire_page *page;
	struct road_wire_reader in;
	struct road_wire_obtain obtain; /* with the last token */
};

/* One server for all inputs: what one left would meet the next. */
static struct road_server *server_of(char *path)
{
	static const char *const chips[] = {"sim:edu", "sim:gpu-small?time=functional"};
	static struct road_server *server;
	static char folder[] = "/tmp/roadbed-fuzz-XXXXXX";

	if (!server && !mkdtemp(folder))
		abort();
	snprintf(path, sizeof(((struct sockaddr_un *)0)->sun_path), "%s/sock", folder);
	const struct road_server_wish wish = {
		.addresses = chips, .address_count = 2, .socket_path = path, .clients_max = 4};

	if (!server && road_server_open(&wish, &server))
		abort();
	return server;
}

static void turns(struct road_server *server)
{
	for (int i = 0; i < TURNS; i++)
		(void)road_server_run(server, road_host_now_ns() + STEP_NS);
}

static void send_bytes(struct stranger *s, const void *bytes, size_t count, const int *fds,
		       uint32_t fd_count)
{
	(void)road_wire_send(s->sock, bytes, count, fds, fd_count);
}

static void send_message(struct stranger *s, struct reader *r, uint32_t memories, uint32_t events)
{
	struct {
		struct road_wire_header head;
		char payload[PAYLOAD];
	} out = {.head = {.id = 1}};
	uint32_t count = 0;
	int fds[4] = {-1, -1, -1, -1};

	reader_take(r, &out.head.command, sizeof(out.head.command));
	out.head.bytes = (uint32_t)sizeof(out.head) + reader_u8(r);
	reader_take(r, out.payload, out.head.bytes - sizeof(out.head));
	while (memories--) {
		fds[count] = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (ftruncate(fds[count], MEMORY_BYTES) ||
		    fcntl(fds[count], F_ADD_SEALS, F_SEAL_SHRINK))
			abort();
		count++;
	}
	while (events--)
		fds[count++] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	send_bytes(s, &out, out.head.bytes, fds, count);
	while (count)
		close(fds[--count]);
}

static void keep_token(struct stranger *s)
{
	const struct road_wire_header head = road_wire_header_of(&s->in);

	if (head.command == ROAD_WIRE_ROAD_SHARE &&
	    head.bytes == sizeof(head) + sizeof(s->obtain.token))
		memcpy(&s->obtain.token, s->in.bytes + sizeof(head), sizeof(s->obtain.token));
}

static void send_token(struct stranger *s)
{
	struct {
		struct road_wire_header head;
		struct road_wire_obtain obtain;
	} out = {{.command = ROAD_WIRE_ROAD_OBTAIN}, s->obtain};

	out.head.bytes = (uint32_t)(sizeof(out.head) + sizeof(out.obtain));
	send_bytes(s, &out, out.head.bytes, NULL, 0);
}

/* Takes answers; the first page that comes is kept, and the last token. */
static void receive(struct stranger *s)
{
	while (road_wire_read(s->sock, &s->in) == ROAD_WIRE_WHOLE) {
		const int fd = road_wire_take_fd(&s->in, 0);

		if (fd >= 0 && !s->page &&
		    road_wire_header_of(&s->in).command == ROAD_WIRE_ROAD_HELLO) {
			s->page = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_SHARED,
				       fd, 0);
			if (s->page == MAP_FAILED)
				abort();
		}
		if (fd >= 0)
			close(fd);
		keep_token(s);
		road_wire_next(&s->in);
	}
}

static void write_page(struct stranger *s, struct reader *r)
{
	uint16_t place;
	uint64_t value;

	reader_take(r, &place, sizeof(place));
	value = reader_u64(r);
	if (s->page)
		__atomic_store_n((uint64_t *)(void *)s->page + place % (sizeof(*s->page) / 8),
				 value, __ATOMIC_SEQ_CST);
}

static void step(struct stranger *s, struct road_server *server, struct reader *r)
{
	char bytes[PAYLOAD];
	uint8_t count;

	switch (reader_u8(r) % 9) {
	case 0:
		count = reader_u8(r);
		reader_take(r, bytes, count);
		send_bytes(s, bytes, count, NULL, 0);
		break;
	case 1: send_message(s, r, 0, 0); break;
	case 2: send_message(s, r, 1, 0); break;
	case 3: send_message(s, r, 0, 1); break;
	case 4: send_message(s, r, 1, 1); break;
	case 5: write_page(s, r); break;
	case 6: receive(s); break;
	case 7: turns(server); break;
	default: send_token(s); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	struct road_server *server = server_of(name.sun_path);
	struct reader reader = {data, size};
	static struct stranger stranger;
	struct road_server_state left;

	stranger = (struct stranger){.sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	if (connect(stranger.sock, (const struct sockaddr *)&name, sizeof(name)))
		abort();
	for (int i = 0; i < STEPS && reader.left; i++)
		step(&stranger, server, &reader);
	turns(server);
	receive(&stranger);
	road_wire_next(&stranger.in);
	close(stranger.sock);
	if (stranger.page)
		munmap(stranger.page, sizeof(*stranger.page));
	/* As many turns as it takes, within a minute. */
	const uint64_t deadline = road_host_now_ns() + UINT64_C(60000000000);

	do {
		turns(server);
		road_server_state(server, &left);
	} while (left.clients && road_host_now_ns() < deadline);
	if (left.clients || left.maps || left.mapped_bytes || left.tokens)
		abort();
	return 0;
}
