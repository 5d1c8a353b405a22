/* SPDX-License-Identifier: Apache-2.0 */
/* The other process of a case about events that two processes share: this program once more. */
#ifndef TESTS_CONFORMANCE_PEER_H
#define TESTS_CONFORMANCE_PEER_H

/*
 * What it does with the event behind an inherited descriptor ("page:FD", "syncobj:FD"; of the
 * latter by a device that it opens at the address): it waits for 5, signals 7, waits for 9, and,
 * of a page, fails it from 20. The exit code: 0, or which of its steps did not go so.
 */
int peer_run(const char *what, const char *address);

#endif
