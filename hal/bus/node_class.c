/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Classes of devices that are accelerators: the kernel's own, and those that vendors' kernel
 * drivers make. A class stands here if something public shows its name; nodes for control alone
 * ("hl_controlD0", "cambricon_ctl") have no number behind the start and are no devices.
 */
#include "hal/bus/discover.h"

#include <string.h>

const struct road_node_class road_node_classes[] = {
	{"accel", "accel", NULL, "the kernel's Documentation/accel"},
	{"drm", "renderD", NULL, "the kernel's Documentation/gpu/drm-uapi"},
	{"apex", "apex_", NULL, "the kernel's drivers/staging/gasket (until 5.19): Google Coral"},
	{"bm-sophon", "bm-sophon", NULL, "Sophgo's driver, bm_attr.c: cards"},
	{"bm-tpu", "bm-tpu", NULL, "Sophgo's driver manual: systems on chip"},
	{"cambricon", "cambricon_dev", NULL, "Cambricon's driver, cnhost_dev_sysfs.c"},
	{"devdrv-class", "davinci", NULL, "Apulis' k8s-device-plugin: Huawei Ascend"},
	{"habanalabs", "hl", "pci_addr",
	 "the kernel's Documentation/ABI/testing/sysfs-driver-habanalabs (until 6.8)"},
	{"neuron_device", "neuron", NULL, "optimum-neuron, /sys/class/neuron_device: AWS"},
	{"nnpi", "nnpi", NULL, "Intel's nnpi-card driver, sysfs-driver-intel_nnpi"},
	{"tenstorrent", "tenstorrent/", NULL, "Tenstorrent's tt-kmd, udev-50-tenstorrent.rules"},
};
const unsigned road_node_class_count = sizeof(road_node_classes) / sizeof(road_node_classes[0]);

/* The start, and a number behind it; what sysfs calls '!' is a '/'. */
static bool is_numbered(const char *name, const char *start)
{
	size_t at = 0;

	while (start[at] && (name[at] == start[at] || (start[at] == '/' && name[at] == '!')))
		at++;
	return !start[at] && name[at] && !name[at + strspn(name + at, "0123456789")];
}

const struct road_node_class *road_node_class_of(const char *subsystem, const char *name)
{
	for (unsigned i = 0; i < road_node_class_count; i++)
		if (!strcmp(subsystem, road_node_classes[i].subsystem))
			return is_numbered(name, road_node_classes[i].start) ? &road_node_classes[i]
									     : NULL;
	return NULL;
}

const char *road_node_class_scheme(const struct road_node_class *node_class)
{
	const char *subsystem = node_class->subsystem;

	return !strcmp(subsystem, "accel") || !strcmp(subsystem, "drm") ? subsystem : "node";
}
