#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What `roadbed conformance --hotplug` runs in the guest: pulls the device out as the kernel would
# when somebody takes the card, or unloads its driver; and plugs it in again.
#
#	hotplug out|in pci:PLACE    the function; it is given to programs again
#	hotplug out|in drm:NODE     the kernel's driver lets go of it
unbound=/tmp/unbound
case $1-$2 in
out-pci:*)
	echo 1 >"/sys/bus/pci/devices/${2#pci:}/remove"
	;;
in-pci:*)
	[ -e "/sys/bus/pci/devices/${2#pci:}" ] || echo 1 >/sys/bus/pci/rescan
	roadbed bind "$2" >/dev/null
	;;
out-drm:*)
	device=$(readlink -f "/sys/class/drm/${2#drm:}/device")
	driver=$(readlink -f "$device/driver")
	echo "${device##*/} $driver" >$unbound
	echo "${device##*/}" >"$driver/unbind"
	;;
in-drm:*)
	[ -e "/sys/class/drm/${2#drm:}" ] && exit
	read -r device driver <$unbound
	# It may have come back by another number, while a program held this one.
	[ ! -e "$driver/$device" ] || echo "$device" >"$driver/unbind"
	echo "$device" >"$driver/bind"
	;;
*)
	echo "hotplug: out or in, and pci:PLACE or drm:NODE, not $*" >&2
	exit 2
	;;
esac
