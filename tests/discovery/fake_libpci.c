/* SPDX-License-Identifier: Apache-2.0 */
/* Goes before libpci and lets one of its calls fail, as libpci does it: by the handler of errors,
 * which must not return. ROADBED_TEST_LIBPCI_FAILS names the call. */
#include <dlfcn.h>
#include <pci/pci.h>
#include <stdlib.h>
#include <string.h>

#define VISIBLE __attribute__((visibility("default")))

static void fail(struct pci_access *access, const char *call)
{
	const char *fails = getenv("ROADBED_TEST_LIBPCI_FAILS");
	static char format[] = "%s: no\x1b[31m way";

	if (fails && !strcmp(fails, call))
		access->error(format, call);
}

/* The function of this name in libpci itself. */
static void real(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(function, &found, sizeof(found));
}

VISIBLE void pci_init(struct pci_access *access)
{
	void (*call)(struct pci_access *);

	fail(access, "init");
	real("pci_init", &call);
	call(access);
}

VISIBLE void pci_cleanup(struct pci_access *access)
{
	void (*call)(struct pci_access *);

	fail(access, "cleanup");
	real("pci_cleanup", &call);
	call(access);
}

VISIBLE struct pci_dev *pci_get_dev(struct pci_access *access, int domain, int bus, int dev,
				    int func)
{
	struct pci_dev *(*call)(struct pci_access *, int, int, int, int);

	fail(access, "get");
	real("pci_get_dev", &call);
	return call(access, domain, bus, dev, func);
}

VISIBLE int pci_fill_info(struct pci_dev *dev, int flags)
{
	int (*call)(struct pci_dev *, int);

	fail(dev->access, "fill");
	real("pci_fill_info", &call);
	return call(dev, flags);
}
