/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/bus/sock_io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(ROAD_WIRE_FDS_MAX * sizeof(int))];
};

/* false: more than fit, or than a message may have. */
static bool take_fds(struct road_wire_reader *reader, struct msghdr *message)
{
	const bool cut = message->msg_flags & MSG_CTRUNC;
	size_t here = 0;
	bool fit = true;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		here += count;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (reader->fd_count < ROAD_WIRE_FDS_MAX) {
				reader->fds[reader->fd_count++] = fd;
			} else {
				close(fd);
				fit = false;
			}
		}
	}
	/* Cut short: there were more than we have room for, or than this process may still have,
	 * which is no fault of the sender's. */
	reader->fds_lost |= cut && here < ROAD_WIRE_FDS_MAX;
	return fit && !(cut && here >= ROAD_WIRE_FDS_MAX);
}

/* Up to `want` bytes in all. */
static enum road_wire_read read_to(int sock, struct road_wire_reader *reader, size_t want)
{
	while (reader->have < want) {
		union control control;
		struct iovec part = {reader->bytes + reader->have, want - reader->have};
		struct msghdr message = {
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		const ssize_t got = recvmsg(sock, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return ROAD_WIRE_MORE;
		if (got < 0)
			return ROAD_WIRE_CLOSED;
		if (!take_fds(reader, &message))
			return ROAD_WIRE_BAD;
		if (!got)
			return ROAD_WIRE_CLOSED;
		reader->have += (size_t)got;
	}
	return ROAD_WIRE_WHOLE;
}

enum road_wire_read road_wire_read(int sock, struct road_wire_reader *reader)
{
	enum road_wire_read result = read_to(sock, reader, sizeof(struct road_wire_header));

	if (result != ROAD_WIRE_WHOLE)
		return result;
	const uint32_t bytes = road_wire_header_of(reader).bytes;

	if (bytes < sizeof(struct road_wire_header) || bytes > ROAD_WIRE_MESSAGE_MAX)
		return ROAD_WIRE_BAD;
	return read_to(sock, reader, bytes);
}

int road_wire_take_fd(struct road_wire_reader *reader, uint32_t index)
{
	int fd = -1;

	if (index < reader->fd_count) {
		fd = reader->fds[index];
		reader->fds[index] = -1;
	}
	return fd;
}

void road_wire_next(struct road_wire_reader *reader)
{
	for (uint32_t i = 0; i < reader->fd_count; i++)
		if (reader->fds[i] >= 0)
			close(reader->fds[i]);
	reader->fd_count = 0;
	reader->fds_lost = false;
	reader->have = 0;
}

long road_wire_send(int sock, const void *bytes, size_t count, const int *fds, uint32_t fd_count)
{
	union control control = {0};
	struct iovec part = {(void *)(uintptr_t)bytes, count};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd_count) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
	}
	for (;;) {
		const ssize_t sent = sendmsg(sock, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent >= 0)
			return sent;
		if (errno == EINTR)
			continue;
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
	}
}
