/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of memory: asked of the server, who keeps them (serve_token.c). */
#include <string.h>

#include "hal/bus/sock.h"
#include "hal/core/error.h"

_Static_assert(sizeof(struct road_wire_token) == sizeof(road_token), "a token has 64 bytes");

road_status road_sock_share(struct road_bus *bus, const struct road_bus_offer *offer,
			    road_token *out)
{
	const struct road_wire_share ask = {offer->kind, offer->process, offer->object,
					    offer->bytes};
	road_token token;
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_SHARE,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.fds = &offer->fd,
		.fd_count = 1,
		.answer = &token,
		.answer_room = sizeof(token),
	};
	road_status status = road_sock_call(road_sock_of(bus), &call, "export_token");

	if (!status && call.answer_bytes != sizeof(token))
		status = road_fail_u64(ROAD_IO, "the server's token is none", "export_token",
				       call.answer_bytes, "64 bytes");
	if (!status)
		*out = token;
	return status;
}

road_status road_sock_obtain(struct road_bus *bus, enum road_bus_share kind,
			     const road_token *token, int *fd, uint64_t *bytes)
{
	struct road_wire_obtain ask = {.kind = kind};
	struct road_wire_obtained answer = {0};
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_OBTAIN,
		.ask = &ask,
		.ask_bytes = sizeof(ask),
		.answer = &answer,
		.answer_room = sizeof(answer),
		.answer_fds_wanted = 1,
	};

	memcpy(&ask.token, token, sizeof(ask.token));
	road_status status = road_sock_call(road_sock_of(bus), &call, "import_token");

	if (status)
		return status;
	if (call.answer_fds[0] < 0)
		return road_fail(ROAD_IO, "the server sends no memory", "import_token", "", "");
	*fd = call.answer_fds[0];
	*bytes = answer.bytes;
	return ROAD_OK;
}

void road_sock_revoke(struct road_bus *bus, uint64_t object)
{
	const struct road_wire_revoke ask = {object};
	struct road_sock_call call = {
		.command = ROAD_WIRE_ROAD_REVOKE, .ask = &ask, .ask_bytes = sizeof(ask)};

	/* A server that is gone has forgotten it, too. */
	(void)road_sock_call(road_sock_of(bus), &call, "revoke");
}
