/* SPDX-License-Identifier: Apache-2.0 */
/* Built without libpci: identity by sysfs alone, and no names but those of our own table. */
#include "hal/bus/discover.h"
#include "hal/bus/sysfs.h"

#include <stdio.h>

struct road_pci {
	char nothing;
};

struct road_pci *road_pci_open(char why[128])
{
	static struct road_pci none;

	why[0] = 0;
	return &none;
}

void road_pci_close(struct road_pci *pci)
{
	(void)pci;
}

static bool field(const char *folder, const char *name, uint64_t most, uint64_t *out)
{
	return road_sysfs_u64(folder, name, out) && *out <= most;
}

void road_pci_fill(struct road_pci *pci, const char *place, struct road_function *out)
{
	uint64_t vendor, device, class_code, other;
	char folder[64];

	(void)pci;
	*out = (struct road_function){0};
	snprintf(out->place, sizeof(out->place), "%s", place);
	snprintf(folder, sizeof(folder), ROAD_PCI_FOLDER "/%.31s", place);
	if (!field(folder, "vendor", 0xffff, &vendor) ||
	    !field(folder, "device", 0xffff, &device) ||
	    !field(folder, "class", 0xffffff, &class_code)) {
		snprintf(out->why, sizeof(out->why), "cannot read vendor, device or class in %s",
			 folder);
		return;
	}
	out->vendor = (uint16_t)vendor;
	out->device = (uint16_t)device;
	out->class_code = (uint32_t)class_code;
	if (field(folder, "revision", 0xff, &other))
		out->revision = (uint8_t)other;
	if (field(folder, "subsystem_vendor", 0xffff, &other))
		out->subsystem_vendor = (uint16_t)other;
	if (field(folder, "subsystem_device", 0xffff, &other))
		out->subsystem = (uint16_t)other;
}

void road_pci_names(struct road_pci *pci, uint16_t vendor, uint16_t device, char vendor_name[64],
		    char device_name[64])
{
	(void)pci;
	(void)vendor;
	(void)device;
	vendor_name[0] = device_name[0] = 0;
}
