# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# shellcheck shell=sh
#
# Process 1 of a test guest, under "#!/bin/busybox sh": says on the console that it is
# up, then powers off when the ACPI power button is pressed, unless the kernel was given
# "testbed.deaf".

/bin/busybox mkdir -p /bin /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in /modules/*.ko; do
    [ -e "$module" ] && insmod "$module"
done

press_means_power_off() {
    for device in /sys/class/input/event*; do
        if [ "$(cat "$device/device/name")" = "Power Button" ]; then
            dd if="/dev/input/${device##*/}" of=/dev/null bs=24 count=1 2>/dev/null &&
                poweroff -f &
        fi
    done
}

grep -q testbed.deaf /proc/cmdline || press_means_power_off
echo "TESTBED-GUEST-UP after $(cut -d' ' -f1 /proc/uptime) s" >/dev/console
while :; do
    sleep 3600
done
