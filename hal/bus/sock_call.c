/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <roadbed-driver/driver.h>

#include "hal/bus/sock.h"
#include "hal/core/error.h"

#define ANSWER_NS  UINT64_C(60000000000) /* a server that says nothing for so long is gone */
#define LOOK_ON_NS UINT64_C(50000)       /* before it sleeps until the answer comes */

road_status road_sock_gone(const char *where)
{
	return road_fail(ROAD_DEVICE_LOST, "the device is gone", where, "", "");
}

void road_sock_lose(struct road_sock *sock)
{
	if (atomic_exchange(&sock->lost, true))
		return;
	shutdown(sock->sock, SHUT_RDWR);
	road_bus_gone();
}

static road_status status_of(uint32_t error)
{
	switch (error) {
	case ENOMEM: return ROAD_OUT_OF_HOST_MEMORY;
	case ENOSPC:
	case EMFILE: return ROAD_NO_SPACE;
	case EACCES:
	case EPERM: return ROAD_PERMISSION;
	case EBUSY:
	case EEXIST: return ROAD_BUSY;
	case ENODEV:
	case ENOENT: return ROAD_NOT_FOUND;
	case ENOSYS:
	case ENOTSUP:
	case EPROTONOSUPPORT: return ROAD_UNSUPPORTED;
	case EINVAL: return ROAD_INVALID_ARGUMENT;
	default: return ROAD_IO;
	}
}

/* false: the deadline passed, or the socket is broken. */
static bool await(const struct road_sock *sock, short events, uint64_t deadline)
{
	const uint64_t now = road_host_now_ns();
	struct pollfd fd = {sock->sock, events, 0};

	if (now >= deadline || road_sock_is_lost(sock))
		return false;
	return poll(&fd, 1, (int)((deadline - now) / 1000000) + 1) >= 0 || errno == EINTR;
}

/* All of it, in one piece as seen by other threads. */
static bool send_all(struct road_sock *sock, const void *bytes, size_t count, const int *fds,
		     uint32_t fd_count, uint64_t deadline)
{
	const char *at = bytes;
	bool fine = true;

	pthread_mutex_lock(&sock->send_lock);
	while (fine && count) {
		const long sent = road_wire_send(sock->sock, at, count, fds, fd_count);

		if (sent > 0) {
			at += sent;
			count -= (size_t)sent;
			fd_count = 0;
		} else {
			fine = !sent && await(sock, POLLOUT, deadline);
		}
	}
	pthread_mutex_unlock(&sock->send_lock);
	return fine;
}

/* Looks at the socket for a while: waking up costs more than most answers take. */
static bool receive(struct road_sock *sock, uint64_t deadline)
{
	const uint64_t look_until = road_host_now_ns() + LOOK_ON_NS;

	for (;;) {
		switch (road_wire_read(sock->sock, &sock->in)) {
		case ROAD_WIRE_WHOLE: return true;
		case ROAD_WIRE_MORE: break;
		default: return false;
		}
		if (road_host_now_ns() > look_until && !await(sock, POLLIN, deadline))
			return false;
	}
}

static bool fits(const struct road_sock *sock, struct road_wire_header head, uint16_t id,
		 const struct road_sock_call *call)
{
	return head.id == id && head.command == call->command &&
	       (head.flags & ROAD_WIRE_TYPE_MASK) == ROAD_WIRE_REPLY &&
	       sock->in.fd_count <= ROAD_SOCK_ANSWER_FDS;
}

/* The server's own words, where it has some. */
static road_status refused(const struct road_sock *sock, struct road_wire_header head,
			   const char *where)
{
	struct road_wire_refusal why;

	if (head.bytes - sizeof(head) != sizeof(why))
		return road_fail(status_of(head.error), "the server refuses it", where,
				 strerror((int)head.error), "");
	memcpy(&why, sock->in.bytes + sizeof(head), sizeof(why));
	why.what[sizeof(why.what) - 1] = 0;
	why.seen[sizeof(why.seen) - 1] = 0;
	why.allowed[sizeof(why.allowed) - 1] = 0;
	return road_fail(why.status < 0 && why.status >= ROAD_INTERNAL ? (road_status)why.status
								       : status_of(head.error),
			 why.what, where, why.seen, why.allowed);
}

/* Under the lock: the answer, out of the reader. */
static road_status take_answer(struct road_sock *sock, struct road_wire_header head,
			       struct road_sock_call *call, const char *where)
{
	const size_t bytes = head.bytes - sizeof(head);

	if (head.flags & ROAD_WIRE_ERROR)
		return refused(sock, head, where);
	if (sock->in.fds_lost)
		return road_fail(ROAD_NO_SPACE, "no descriptor left for the answer", where,
				 strerror(EMFILE), "");
	call->answer_bytes = bytes < call->answer_room ? bytes : call->answer_room;
	if (call->answer_bytes)
		memcpy(call->answer, sock->in.bytes + sizeof(head), call->answer_bytes);
	for (uint32_t i = 0; i < call->answer_fds_wanted; i++)
		call->answer_fds[i] = road_wire_take_fd(&sock->in, i);
	return ROAD_OK;
}

/* The answer is in the reader; descriptors that a link has no way for are left out. */
static bool exchange(struct road_sock *sock, const void *message, size_t bytes,
		     const struct road_sock_call *call, uint64_t deadline)
{
	if (sock->link)
		return sock->link->exchange(sock, message, bytes, deadline);
	return send_all(sock, message, bytes, call->fds, call->fd_count, deadline) &&
	       receive(sock, deadline);
}

/* Under the lock. */
static road_status ask(struct road_sock *sock, struct road_sock_call *call, const char *where)
{
	_Alignas(8) unsigned char out[ROAD_WIRE_MESSAGE_MAX];
	const uint64_t deadline = road_deadline_after(ANSWER_NS);
	const uint16_t id = sock->next_id++;
	const struct road_wire_header head = {
		.id = id,
		.command = (uint16_t)call->command,
		.bytes = (uint32_t)(sizeof(head) + call->ask_bytes + call->data_bytes),
	};
	road_status status = ROAD_OK;

	memcpy(out, &head, sizeof(head));
	if (call->ask_bytes)
		memcpy(out + sizeof(head), call->ask, call->ask_bytes);
	if (call->data_bytes)
		memcpy(out + sizeof(head) + call->ask_bytes, call->data, call->data_bytes);
	if (road_sock_is_lost(sock) || !exchange(sock, out, head.bytes, call, deadline) ||
	    !fits(sock, road_wire_header_of(&sock->in), id, call)) {
		road_sock_lose(sock);
		status = road_sock_gone(where);
	} else {
		status = take_answer(sock, road_wire_header_of(&sock->in), call, where);
	}
	road_wire_next(&sock->in);
	return status;
}

road_status road_sock_call(struct road_sock *sock, struct road_sock_call *call, const char *where)
{
	for (uint32_t i = 0; i < ROAD_SOCK_ANSWER_FDS; i++)
		call->answer_fds[i] = -1;
	pthread_mutex_lock(&sock->call_lock);
	road_status status = ask(sock, call, where);

	pthread_mutex_unlock(&sock->call_lock);
	return status;
}

/* ---- posted writes ---- */

static void kick(struct road_sock *sock)
{
	const struct road_wire_header head = {
		.command = ROAD_WIRE_ROAD_KICK, .bytes = sizeof(head), .flags = ROAD_WIRE_NO_REPLY};

	if (sock->link
		    ? !sock->link->kick(sock)
		    : !send_all(sock, &head, sizeof(head), NULL, 0, road_deadline_after(ANSWER_NS)))
		road_sock_lose(sock);
}

/* Under the lock: false: the server takes nothing any more. */
static bool await_place(struct road_sock *sock)
{
	const struct road_wire_page *page = sock->page;
	uint64_t deadline = 0;

	while (sock->posted - atomic_load_explicit(&page->taken, memory_order_acquire) >=
	       ROAD_WIRE_POSTS) {
		if (!deadline)
			deadline = road_deadline_after(ANSWER_NS);
		if (road_sock_is_lost(sock) || road_host_now_ns() > deadline ||
		    (sock->link && sock->link->is_gone(sock)))
			return false;
		sched_yield();
	}
	return true;
}

void road_sock_post(struct road_sock *sock, uint32_t region, uint64_t offset, uint32_t width,
		    uint64_t value)
{
	if (road_sock_is_lost(sock))
		return;
	pthread_mutex_lock(&sock->post_lock);
	const bool placed = await_place(sock);

	if (placed) {
		struct road_wire_post *at = &sock->page->posts[sock->posted % ROAD_WIRE_POSTS];

		__atomic_store_n(&at->offset, offset, __ATOMIC_RELAXED);
		__atomic_store_n(&at->value, value, __ATOMIC_RELAXED);
		__atomic_store_n(&at->region, region, __ATOMIC_RELAXED);
		__atomic_store_n(&at->width, width, __ATOMIC_RELAXED);
		/* Before it is looked whether the server sleeps, as the server says that it does
		 * before it looks here. */
		atomic_store(&sock->page->posted, ++sock->posted);
	}
	pthread_mutex_unlock(&sock->post_lock);
	if (!placed)
		road_sock_lose(sock);
	else if (atomic_load(&sock->page->asleep))
		kick(sock);
}
