/* SPDX-License-Identifier: Apache-2.0 */
/* One connection. A message is acted upon when all of it is there; which descriptors and how many
 * bytes it has to have stands in one table. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/serve.h"
#include "hal/core/error.h"

/* To greet, and to end a message that has begun: its descriptors may be what keeps the connection
 * of a client that is gone. */
#define PATIENCE_NS UINT64_C(10000000000)

/* ---- coming and going ---- */

struct road_client *road_client_new(struct road_server *server, int sock, uint32_t process)
{
	struct road_client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->server = server;
	client->number = server->next_number++;
	client->process = process;
	client->sock = sock;
	client->page_fd = client->alive_fd = -1;
	client->greet_by_ns = road_deadline_after(PATIENCE_NS);
	for (uint32_t i = 0; i < ROAD_WIRE_VECTORS_MAX; i++)
		client->irq_fds[i] = -1;
	road_iova_init(&client->iovas, UINT64_MAX);
	return client;
}

static void close_out_fds(struct road_client *client)
{
	for (uint32_t i = 0; i < client->out_fd_count; i++)
		close(client->out_fds[i]);
	client->out_fd_count = 0;
}

/* The chip first: then nothing looks at the client's memory any more. */
void road_client_free(struct road_client *client)
{
	if (client->bus)
		client->bus->ops->close(client->bus);
	if (client->served)
		client->served->clients--;
	road_serve_revoke_all(client);
	road_serve_unmap_all(client);
	road_serve_unbind_all(client);
	road_iova_free(&client->iovas);
	if (client->peer) {
		road_peer_left(client->peer);
	} else if (client->page) {
		munmap(client->page, sizeof(*client->page));
		close(client->page_fd);
	}
	if (client->alive_fd >= 0)
		close(client->alive_fd);
	close_out_fds(client);
	road_wire_next(&client->in);
	if (client->sock >= 0)
		close(client->sock);
	free(client);
}

int road_client_doom(struct road_client *client, const char *why)
{
	if (!client->doomed) {
		client->doomed = true;
		client->server->state.dropped++;
		road_serve_tell(client, ROAD_MESSAGE_WARNING, "thrown out: %s", why);
	}
	return -1;
}

/* ---- replies ---- */

void road_client_reply(struct road_client *client, const void *payload, size_t bytes)
{
	memcpy(client->out + client->out_bytes, payload, bytes);
	client->out_bytes += bytes;
}

void road_client_reply_fd(struct road_client *client, int fd)
{
	client->out_fds[client->out_fd_count++] = fd;
}

void road_client_flush(struct road_client *client)
{
	if (client->peer && client->out_bytes)
		road_peer_answer(client);
	while (client->out_sent < client->out_bytes && !client->doomed) {
		const long sent = road_wire_send(client->sock, client->out + client->out_sent,
						 client->out_bytes - client->out_sent,
						 client->out_fds, client->out_fd_count);

		if (sent < 0)
			client->doomed = true;
		if (sent <= 0)
			return;
		close_out_fds(client);
		client->out_sent += (size_t)sent;
	}
	client->out_bytes = client->out_sent = 0;
}

static void send_reply(struct road_client *client, struct road_wire_header ask, int error)
{
	struct road_wire_header *head = (struct road_wire_header *)(void *)client->out;

	if (error) {
		close_out_fds(client);
		client->out_bytes = sizeof(*head);
		/* vfio-user knows no words: they answer what is ours alone. */
		if (client->refusal.status && ask.command >= ROAD_WIRE_ROAD_HELLO)
			road_client_reply(client, &client->refusal, sizeof(client->refusal));
	}
	client->refusal.status = 0;
	*head = (struct road_wire_header){
		.id = ask.id,
		.command = ask.command,
		.bytes = (uint32_t)client->out_bytes,
		.flags = ROAD_WIRE_REPLY | (error ? (uint32_t)ROAD_WIRE_ERROR : 0),
		.error = (uint32_t)error,
	};
	if (ask.flags & ROAD_WIRE_NO_REPLY) {
		close_out_fds(client);
		client->out_bytes = 0;
		return;
	}
	road_client_flush(client);
}

/* ---- messages ---- */

/* The client's major has to be ours; the smaller minor counts, and ours is the smallest that has
 * what we need. Its capabilities are only bounds that we do not come near. */
static int greet(struct road_client *client, const void *payload, size_t bytes)
{
	static const char mine[] = "{\"capabilities\":{\"max_msg_fds\":64,\"max_data_xfer_size\":"
				   "4096,\"max_dma_maps\":16384,\"pgsizes\":4096}}";
	struct road_wire_version version;

	memcpy(&version, payload, sizeof(version));
	if (version.major != ROAD_WIRE_MAJOR)
		return road_serve_refusal_as(
			client, EPROTONOSUPPORT,
			road_serve_bad("another major version", version.major, "0"));
	if (bytes > sizeof(version) && ((const char *)payload)[bytes - 1])
		return road_serve_refusal(client, road_serve_bad("a text that does not end", bytes,
								 "0 as the last byte"));
	if (version.minor > ROAD_WIRE_MINOR)
		version.minor = ROAD_WIRE_MINOR;
	road_client_reply(client, &version, sizeof(version));
	road_client_reply(client, mine, sizeof(mine));
	client->greeted = true;
	return 0;
}

static int kick(struct road_client *client, const void *payload, size_t bytes)
{
	(void)client; /* what it posted was looked for, before this */
	(void)payload;
	(void)bytes;
	return 0;
}

#define BYTES(type)    sizeof(struct type), sizeof(struct type)
#define AT_LEAST(type) sizeof(struct type), ROAD_WIRE_MESSAGE_MAX

static const struct row {
	enum road_wire_command command;
	const char *name;
	size_t bytes_min, bytes_max; /* of the payload */
	uint32_t fds_min, fds_max;
	bool greeting; /* may come first; all others may not */
	bool chip;     /* is of a chip: the first one is given to who asked for none */
	road_serve_handler handle;
} rows[] = {
	{ROAD_WIRE_VERSION, "VERSION", AT_LEAST(road_wire_version), 0, 0, true, false, greet},
	{ROAD_WIRE_DMA_MAP, "DMA_MAP", BYTES(road_wire_dma_map), 1, 1, false, true,
	 road_serve_dma_map},
	{ROAD_WIRE_DMA_UNMAP, "DMA_UNMAP", BYTES(road_wire_dma_unmap), 0, 0, false, true,
	 road_serve_dma_unmap},
	{ROAD_WIRE_DEVICE_INFO, "DEVICE_GET_INFO", BYTES(road_wire_device_info), 0, 0, false, true,
	 road_serve_device_info},
	{ROAD_WIRE_REGION_INFO, "DEVICE_GET_REGION_INFO", BYTES(road_wire_region_info), 0, 0, false,
	 true, road_serve_region_info},
	{ROAD_WIRE_IRQ_INFO, "DEVICE_GET_IRQ_INFO", BYTES(road_wire_irq_info), 0, 0, false, true,
	 road_serve_irq_info},
	{ROAD_WIRE_SET_IRQS, "DEVICE_SET_IRQS", BYTES(road_wire_irq_set), 0, ROAD_WIRE_FDS_MAX,
	 false, true, road_serve_set_irqs},
	{ROAD_WIRE_REGION_READ, "REGION_READ", BYTES(road_wire_region_rw), 0, 0, false, true,
	 road_serve_region_read},
	{ROAD_WIRE_REGION_WRITE, "REGION_WRITE", AT_LEAST(road_wire_region_rw), 0, 0, false, true,
	 road_serve_region_write},
	{ROAD_WIRE_DEVICE_RESET, "DEVICE_RESET", 0, 0, 0, 0, false, true, road_serve_reset},
	{ROAD_WIRE_ROAD_HELLO, "ROAD_HELLO", BYTES(road_wire_hello_ask), 0, 0, false, false,
	 road_serve_hello},
	{ROAD_WIRE_ROAD_KICK, "ROAD_KICK", 0, 0, 0, 0, false, true, kick},
	{ROAD_WIRE_ROAD_RELAX, "ROAD_RELAX", BYTES(road_wire_relax), 0, 0, false, true,
	 road_serve_relax},
	{ROAD_WIRE_ROAD_DOOR, "ROAD_DOOR", BYTES(road_wire_door), 0, 0, false, true,
	 road_serve_door},
	{ROAD_WIRE_ROAD_FIRMWARE, "ROAD_FIRMWARE", BYTES(road_wire_firmware_ask), 0, 0, false, true,
	 road_serve_firmware},
	{ROAD_WIRE_ROAD_TRACE, "ROAD_TRACE", 0, 0, 0, 0, false, true, road_serve_trace},
	{ROAD_WIRE_ROAD_SHARE, "ROAD_SHARE", BYTES(road_wire_share), 1, 1, false, true,
	 road_serve_share},
	{ROAD_WIRE_ROAD_OBTAIN, "ROAD_OBTAIN", BYTES(road_wire_obtain), 0, 0, false, true,
	 road_serve_obtain},
	{ROAD_WIRE_ROAD_REVOKE, "ROAD_REVOKE", BYTES(road_wire_revoke), 0, 0, false, true,
	 road_serve_revoke},
	{ROAD_WIRE_ROAD_PIECE, "ROAD_PIECE", BYTES(road_wire_piece), 0, 0, false, true,
	 road_serve_piece},
};

static const struct row *row_of(uint16_t command)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].command == command)
			return &rows[i];
	return NULL;
}

static int give(struct road_client *client, const struct row *row)
{
	const uint32_t device = client->peer ? road_peer_device(client->peer) : 0;

	return row->chip && !client->bus ? road_serve_give(client, device) : 0;
}

static int out_of_bounds(struct road_client *client, const char *what, size_t seen, size_t least,
			 size_t most)
{
	char allowed[48];

	snprintf(allowed, sizeof(allowed), "%zu to %zu", least, most);
	return road_serve_refusal(client, road_serve_bad(what, seen, allowed));
}

static int check(struct road_client *client, const struct row *row, struct road_wire_header head)
{
	const size_t bytes = head.bytes - sizeof(head);

	if (!row) {
		road_serve_tell(client, ROAD_MESSAGE_WARNING,
				"there is no such command, seen %u, allowed: those of vfio-user "
				"0.1, and Roadbed's from 20993 on",
				head.command);
		return ENOSYS;
	}
	if ((head.flags & ROAD_WIRE_TYPE_MASK) || (head.flags & ROAD_WIRE_ERROR))
		return road_client_doom(client, "it sent a reply, and was asked nothing");
	if (row->greeting == client->greeted)
		return road_client_doom(client, client->greeted
							? "it sent VERSION twice"
							: "its first message is not VERSION");
	if (bytes < row->bytes_min || bytes > row->bytes_max)
		return out_of_bounds(client, "bytes of payload", bytes, row->bytes_min,
				     row->bytes_max);
	if (client->in.fds_lost)
		return road_serve_refusal_as(client, EMFILE,
					     road_fail(ROAD_NO_SPACE,
						       "the server has no room for descriptors", "",
						       "", "its limit of open files"));
	/* No descriptor comes from a guest, and DMA_MAP alone does without. */
	if (client->peer && row->fds_min)
		return row->command == ROAD_WIRE_DMA_MAP ? give(client, row) : ENOTSUP;
	if (client->in.fd_count < row->fds_min || client->in.fd_count > row->fds_max)
		return out_of_bounds(client, "descriptors", client->in.fd_count, row->fds_min,
				     row->fds_max);
	return give(client, row);
}

static void tell_refused(struct road_client *client, const char *name, int error)
{
	const struct road_wire_refusal *why = &client->refusal;

	if (why->status)
		road_serve_tell(client, ROAD_MESSAGE_WARNING, "%s is refused: %s%s%s%s%s", name,
				why->what, why->seen[0] ? ", seen " : "", why->seen,
				why->allowed[0] ? ", allowed: " : "", why->allowed);
	else
		road_serve_tell(client, ROAD_MESSAGE_WARNING, "%s is refused: %s", name,
				strerror(error));
}

/* Posted writes come before what was sent after them. Once: who goes on posting has to wait. */
static void act(struct road_client *client)
{
	const struct road_wire_header head = road_wire_header_of(&client->in);
	const struct row *row = row_of(head.command);

	client->server->state.messages++;
	client->out_bytes = sizeof(head);
	road_client_posts(client, ROAD_WIRE_POSTS);
	int error = client->doomed ? -1 : check(client, row, head);

	if (!error)
		error = row->handle(client, client->in.bytes + sizeof(head),
				    head.bytes - sizeof(head));
	if (error > 0 && row)
		tell_refused(client, row->name, error);
	if (error >= 0)
		send_reply(client, head, error);
	road_wire_next(&client->in);
}

bool road_client_serve(struct road_client *client, uint32_t budget)
{
	bool any = false;

	road_client_flush(client);
	while (budget-- && !client->doomed && !client->out_bytes) {
		switch (client->peer ? road_peer_read(client)
				     : road_wire_read(client->sock, &client->in)) {
		case ROAD_WIRE_MORE:
			if ((client->in.have || client->in.fd_count) && !client->finish_by_ns)
				client->finish_by_ns = road_deadline_after(PATIENCE_NS);
			return any;
		case ROAD_WIRE_WHOLE:
			client->finish_by_ns = 0;
			act(client);
			any = true;
			break;
		case ROAD_WIRE_CLOSED: client->doomed = true; break;
		default:
			road_client_doom(client,
					 "a message is too long, or has too many descriptors");
		}
	}
	return any;
}

/* ---- posted writes ---- */

/* The places are the client's memory, and may change at any time: each is copied, and the copy
 * used. The counter that only we write is our own. */
bool road_client_posts(struct road_client *client, uint32_t budget)
{
	struct road_wire_page *page = client->page;

	/* A guest's page is there before it has a chip. */
	if (!page || !client->bus || client->doomed)
		return false;
	/* Sequentially consistent: after `asleep` was written it must be looked at, not before. */
	const uint64_t posted = atomic_load(&page->posted);

	if (posted == client->taken)
		return false;
	if (posted - client->taken > ROAD_WIRE_POSTS) {
		road_client_doom(client, "it posted more than there are places");
		return false;
	}
	while (budget-- && client->taken != posted) {
		const struct road_wire_post *at = &page->posts[client->taken % ROAD_WIRE_POSTS];
		const uint64_t offset = __atomic_load_n(&at->offset, __ATOMIC_RELAXED);
		const uint64_t value = __atomic_load_n(&at->value, __ATOMIC_RELAXED);
		const uint32_t region = __atomic_load_n(&at->region, __ATOMIC_RELAXED);
		const uint32_t width = __atomic_load_n(&at->width, __ATOMIC_RELAXED);

		client->bus->ops->write(client->bus, region, offset, width, value);
		client->taken++;
		client->server->state.posts++;
	}
	atomic_store_explicit(&page->taken, client->taken, memory_order_release);
	return true;
}
