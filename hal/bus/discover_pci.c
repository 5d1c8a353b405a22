/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identity and names of PCI functions, by libpci. Its error handler must not return, and the one
 * that it brings ends the process: ours leaves the call by longjmp. libpci holds no descriptor
 * where it reports an error of the calls that are made here.
 */
#include "hal/bus/discover.h"
#include "hal/bus/sysfs.h"

#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct road_pci {
	struct pci_access *access;
};

/* Where an error of libpci goes: its handlers get no argument of ours. */
struct guard {
	jmp_buf back;
	char text[128];
};
static _Thread_local struct guard *guard;

static void __attribute__((noreturn, format(printf, 1, 2))) fail(char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(guard->text, sizeof(guard->text), format, arguments);
	va_end(arguments);
	road_text_clean(guard->text);
	longjmp(guard->back, 1);
}

static void __attribute__((format(printf, 1, 2))) say_nothing(char *format, ...)
{
	(void)format;
}

/* Runs step(arg) with errors caught. false: one came; `why`, if there is one, says what. */
static bool guarded(void (*step)(void *arg), void *arg, char *why, size_t bytes)
{
	struct guard own;

	own.text[0] = 0;
	guard = &own;
	if (setjmp(own.back)) {
		guard = NULL;
		if (why)
			snprintf(why, bytes, "%s", own.text[0] ? own.text : "libpci failed");
		return false;
	}
	step(arg);
	guard = NULL;
	return true;
}

/* sysfs and nothing else: the other ways of libpci reach for ports and configuration space. */
static void begin(void *arg)
{
	struct road_pci *pci = arg;

	pci->access->method = PCI_ACCESS_SYS_BUS_PCI;
	pci->access->error = fail;
	pci->access->warning = say_nothing;
	pci->access->debug = say_nothing;
	pci_init(pci->access);
}

/* Begun or not: its lists are empty where it could not begin. */
static void end(void *arg)
{
	struct road_pci *pci = arg;

	pci_cleanup(pci->access);
}

struct road_pci *road_pci_open(char why[128])
{
	struct road_pci *pci = calloc(1, sizeof(*pci));

	why[0] = 0;
	if (!pci)
		return NULL;
	pci->access = pci_alloc();
	if (pci->access && guarded(begin, pci, why, 128))
		return pci;
	if (pci->access)
		(void)guarded(end, pci, NULL, 0);
	free(pci);
	return NULL;
}

void road_pci_close(struct road_pci *pci)
{
	if (!pci)
		return;
	(void)guarded(end, pci, NULL, 0);
	free(pci);
}

struct fill {
	struct pci_dev *dev;
	int fields;
};

static void fill(void *arg)
{
	const struct fill *call = arg;

	pci_fill_info(call->dev, call->fields);
}

struct get {
	struct road_pci *pci;
	const char *place;
	struct pci_dev *dev;
};

static void get(void *arg)
{
	unsigned domain, bus, slot, function;
	struct get *call = arg;

	if (sscanf(call->place, "%x:%x:%x.%u", &domain, &bus, &slot, &function) == 4)
		call->dev = pci_get_dev(call->pci->access, (int)domain, (int)bus, (int)slot,
					(int)function);
}

void road_pci_fill(struct road_pci *pci, const char *place, struct road_function *out)
{
	struct get call = {.pci = pci, .place = place};

	*out = (struct road_function){0};
	snprintf(out->place, sizeof(out->place), "%s", place);
	if (!guarded(get, &call, out->why, sizeof(out->why)) || !call.dev)
		return;
	struct fill fields = {call.dev, PCI_FILL_IDENT | PCI_FILL_CLASS};

	if (guarded(fill, &fields, out->why, sizeof(out->why))) {
		out->vendor = call.dev->vendor_id;
		out->device = call.dev->device_id;
		out->class_code = (uint32_t)call.dev->device_class << 8;
		/* Newer kernels tell these; without them the function is known all the same. */
		fields.fields = PCI_FILL_CLASS_EXT | PCI_FILL_SUBSYS;
		if (guarded(fill, &fields, NULL, 0)) {
			out->class_code |= call.dev->prog_if;
			out->revision = call.dev->rev_id;
			out->subsystem_vendor = call.dev->subsys_vendor_id;
			out->subsystem = call.dev->subsys_id;
		}
	}
	pci_free_dev(call.dev);
}

struct lookup {
	struct road_pci *pci;
	int what, vendor, device;
	char *out;
};

static void look_up(void *arg)
{
	const struct lookup *call = arg;
	const char *name;

	/* pci.ids alone: neither the network, nor a cache of what it said, nor udev's copy. */
	name = pci_lookup_name(call->pci->access, call->out, 64,
			       call->what | PCI_LOOKUP_NO_NUMBERS | PCI_LOOKUP_NO_HWDB,
			       call->vendor, call->device);
	if (!name)
		call->out[0] = 0;
	else if (name != call->out)
		snprintf(call->out, 64, "%s", name);
	road_text_clean(call->out);
}

void road_pci_names(struct road_pci *pci, uint16_t vendor, uint16_t device, char vendor_name[64],
		    char device_name[64])
{
	struct lookup call = {pci, PCI_LOOKUP_VENDOR, vendor, device, vendor_name};

	vendor_name[0] = device_name[0] = 0;
	if (!guarded(look_up, &call, NULL, 0))
		vendor_name[0] = 0;
	call.what = PCI_LOOKUP_DEVICE;
	call.out = device_name;
	if (!guarded(look_up, &call, NULL, 0))
		device_name[0] = 0;
}
