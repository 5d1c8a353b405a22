/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that clients of a server share: one hands a descriptor over and gets a token, another
 * hands the token over and gets the descriptor. All tokens of a server are of one space, whichever
 * chips their clients have. Who has the token may have the memory: so it is random, and compared in
 * a time that tells nothing of where it differs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/bus/serve.h"
#include "hal/core/error.h"

struct road_grant {
	struct road_grant *next;
	struct road_client *client; /* who shares it */
	struct road_wire_token token;
	struct road_wire_share what;
	int fd;
};

bool road_serve_peer(int sock, uint32_t *process)
{
	struct ucred who = {0};
	socklen_t bytes = sizeof(who);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &who, &bytes) || who.uid != geteuid())
		return false;
	*process = (uint32_t)who.pid;
	return true;
}

/* ---- random numbers ---- */

static int random_bytes(void *out, size_t bytes)
{
	ssize_t got;

	do
		got = getrandom(out, bytes, 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)bytes ? 0 : EIO;
}

static int make_token(struct road_server *server, uint32_t kind, struct road_wire_token *out)
{
	int error = server->identity ? 0 : random_bytes(&server->identity, sizeof(uint64_t));

	*out = (struct road_wire_token){.magic = ROAD_BUS_TOKEN_MAGIC,
					.server = server->identity,
					.number = server->next_grant++,
					.kind = kind};
	return error ? error : random_bytes(out->secret, sizeof(out->secret));
}

/* Looks at all bytes, whatever the first ones are. */
static bool same_token(const struct road_wire_token *one, const struct road_wire_token *two)
{
	const volatile unsigned char *a = (const void *)one, *b = (const void *)two;
	unsigned char differs = 0;

	for (size_t i = 0; i < sizeof(*one); i++)
		differs |= a[i] ^ b[i];
	return !differs;
}

/* ---- giving ---- */

static int check_share(struct road_client *client, const struct road_wire_share *ask)
{
	road_status status = ROAD_OK;

	if (ask->kind >= ROAD_BUS_SHARES)
		status = road_serve_bad("kind of what is shared", ask->kind, "0, 1");
	else if (!ask->bytes || ask->bytes > ROAD_SERVE_MAPPED_MAX)
		status = road_serve_bad("bytes that are shared", ask->bytes, "1 to 2^40");
	else if (client->grants >= ROAD_WIRE_TOKENS_MAX)
		status = road_fail_u64(ROAD_NO_SPACE, "client has as many tokens as it may have",
				       "", client->grants, "64 per client, until one is released");
	else if (ask->bytes > ROAD_SERVE_MAPPED_MAX - client->granted_bytes)
		status = road_fail_u64(ROAD_NO_SPACE, "client shares as many bytes as it may", "",
				       client->granted_bytes + ask->bytes, "2^40 per client");
	return status ? road_serve_refusal(client, status)
		      : road_serve_check_memory(client, client->in.fds[0], ask->bytes);
}

static int add_grant(struct road_client *client, const struct road_wire_share *what,
		     struct road_grant **out)
{
	struct road_server *server = client->server;
	struct road_grant *grant = calloc(1, sizeof(*grant));

	if (!grant)
		return ENOMEM;
	const int error = make_token(server, what->kind, &grant->token);

	if (error) {
		free(grant);
		return error;
	}
	grant->client = client;
	grant->what = *what;
	grant->fd = road_wire_take_fd(&client->in, 0);
	grant->next = server->grants;
	server->grants = grant;
	client->grants++;
	client->granted_bytes += what->bytes;
	server->state.tokens++;
	*out = grant;
	return 0;
}

int road_serve_share(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_grant *grant = client->server->grants;
	struct road_wire_share ask;
	int error = 0;

	memcpy(&ask, payload, bytes);
	while (grant && (grant->client != client || memcmp(&grant->what, &ask, sizeof(ask))))
		grant = grant->next;
	if (!grant)
		error = check_share(client, &ask);
	if (!grant && !error)
		error = add_grant(client, &ask, &grant);
	if (!error)
		road_client_reply(client, &grant->token, sizeof(grant->token));
	return error;
}

/* ---- taking ---- */

static const struct road_grant *find_grant(const struct road_server *server,
					   const struct road_wire_token *token)
{
	const struct road_grant *grant = server->grants;

	while (grant && grant->token.number != token->number)
		grant = grant->next;
	return grant && same_token(&grant->token, token) ? grant : NULL;
}

int road_serve_obtain(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_obtain ask;
	uint32_t process;

	memcpy(&ask, payload, bytes);
	if (ask.kind >= ROAD_BUS_SHARES || ask.reserved)
		return road_serve_refusal(
			client, road_serve_bad("kind of what is asked for", ask.kind, "0, 1"));
	if (!road_serve_peer(client->sock, &process))
		return EPERM;
	const struct road_grant *grant = find_grant(client->server, &ask.token);

	/* That a token is of the other kind is told to nobody who does not have all of it. */
	if (!grant || grant->what.kind != ask.kind)
		return road_serve_refusal(
			client, road_fail(ROAD_NOT_FOUND, "the token is not valid", "", "",
					  "one of this server, of what its exporter still has"));
	if (grant->what.process && grant->what.process != process)
		return road_serve_refusal(
			client, road_fail_u64(ROAD_PERMISSION, "the token is for another process",
					      "", process, "the process that the exporter named"));
	const struct road_wire_obtained answer = {grant->what.bytes};
	const int fd = fcntl(grant->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return EMFILE;
	road_client_reply(client, &answer, sizeof(answer));
	road_client_reply_fd(client, fd);
	return 0;
}

/* ---- taking back ---- */

static void remove_grant(struct road_grant **at)
{
	struct road_grant *grant = *at;

	*at = grant->next;
	grant->client->grants--;
	grant->client->granted_bytes -= grant->what.bytes;
	grant->client->server->state.tokens--;
	close(grant->fd);
	free(grant);
}

/* Of this object; NULL: of all. */
static void remove_grants(struct road_client *client, const uint64_t *object)
{
	for (struct road_grant **at = &client->server->grants; *at;) {
		if ((*at)->client == client && (!object || (*at)->what.object == *object))
			remove_grant(at);
		else
			at = &(*at)->next;
	}
}

int road_serve_revoke(struct road_client *client, const void *payload, size_t bytes)
{
	struct road_wire_revoke ask;

	memcpy(&ask, payload, bytes);
	remove_grants(client, &ask.object);
	return 0;
}

void road_serve_revoke_all(struct road_client *client)
{
	remove_grants(client, NULL);
}
