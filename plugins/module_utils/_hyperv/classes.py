# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WMI classes of a Hyper-V host that are read and called, and their numbers.

Source: Microsoft's documentation of the Hyper-V WMI provider (V2) and of the Win32
provider; where another is named, that one.
"""

from __future__ import annotations

from .._hypervisor.values import (
    PAUSED,
    RUNNING,
    SAVED,
    STOPPED,
    STOPPING,
)

V2 = "root/virtualization/v2"
CIMV2 = "root/cimv2"

COMPUTER_SYSTEM = "Msvm_ComputerSystem"
SYSTEM_SETTINGS = "Msvm_VirtualSystemSettingData"
MANAGEMENT_SERVICE = "Msvm_VirtualSystemManagementService"
SHUTDOWN_COMPONENT = "Msvm_ShutdownComponent"
IMAGE_SERVICE = "Msvm_ImageManagementService"
SNAPSHOT_SERVICE = "Msvm_VirtualSystemSnapshotService"
SECURITY_SERVICE = "Msvm_SecurityService"
KEYBOARD = "Msvm_Keyboard"
SWITCH = "Msvm_VirtualEthernetSwitch"

MEMORY = "Msvm_MemorySettingData"
PROCESSOR = "Msvm_ProcessorSettingData"
RESOURCE = "Msvm_ResourceAllocationSettingData"
STORAGE = "Msvm_StorageAllocationSettingData"
SYNTHETIC_PORT = "Msvm_SyntheticEthernetPortSettingData"
EMULATED_PORT = "Msvm_EmulatedEthernetPortSettingData"
CONNECTION = "Msvm_EthernetPortAllocationSettingData"
VLAN = "Msvm_EthernetSwitchPortVlanSettingData"
SERIAL = "Msvm_SerialPortSettingData"
SECURITY = "Msvm_SecuritySettingData"
HARD_DISK = "Msvm_VirtualHardDiskSettingData"

#: ResourceSubType of what can be added, and its ResourceType.
IDE = "Microsoft:Hyper-V:Emulated IDE Controller"
SCSI = "Microsoft:Hyper-V:Synthetic SCSI Controller"
DISK_DRIVE = "Microsoft:Hyper-V:Synthetic Disk Drive"
DVD_DRIVE = "Microsoft:Hyper-V:Synthetic DVD Drive"
FLOPPY_DRIVE = "Microsoft:Hyper-V:Synthetic Diskette Drive"
PASS_THROUGH = "Microsoft:Hyper-V:Physical Disk Drive"
HARD_DISK_MEDIUM = "Microsoft:Hyper-V:Virtual Hard Disk"
DVD_MEDIUM = "Microsoft:Hyper-V:Virtual CD/DVD Disk"
FLOPPY_MEDIUM = "Microsoft:Hyper-V:Virtual Floppy Disk"
SYNTHETIC_ADAPTER = "Microsoft:Hyper-V:Synthetic Ethernet Port"
EMULATED_ADAPTER = "Microsoft:Hyper-V:Emulated Ethernet Port"
ETHERNET_CONNECTION = "Microsoft:Hyper-V:Ethernet Connection"
RESOURCE_TYPES = {
    IDE: 5,
    SCSI: 6,
    DVD_DRIVE: 16,
    DISK_DRIVE: 17,
    HARD_DISK_MEDIUM: 31,
    DVD_MEDIUM: 31,
    FLOPPY_MEDIUM: 31,
    SYNTHETIC_ADAPTER: 10,
    EMULATED_ADAPTER: 10,
    ETHERNET_CONNECTION: 33,
}

#: VirtualSystemType of a machine's settings, and of a checkpoint's.
REALIZED = "Microsoft:Hyper-V:System:Realized"
SNAPSHOT = "Microsoft:Hyper-V:Snapshot:Realized"
#: VirtualSystemSubType by generation.
GENERATIONS = {1: "Microsoft:Hyper-V:SubType:1", 2: "Microsoft:Hyper-V:SubType:2"}
GENERATION_2 = GENERATIONS[2]

#: Msvm_ComputerSystem.EnabledState in our words. 32768 and up are those of the first
#: namespace, which some hosts still report while a change is going on.
STATES = {
    2: RUNNING,
    3: STOPPED,
    4: STOPPING,
    6: SAVED,
    9: PAUSED,
    10: RUNNING,  # starting
    32768: PAUSED,
    32769: SAVED,
    32770: RUNNING,  # starting
    32773: RUNNING,  # saving
    32774: STOPPING,
    32776: RUNNING,  # pausing
    32777: PAUSED,  # resuming
}

#: EnabledState, and OtherEnabledState in lower case, while a machine is on its way from
#: one state to another.
ON_THE_WAY = (4, 10, 32770, 32773, 32774, 32776, 32777)
MOVING = (
    "quiescing",
    "pausing",
    "resuming",
    "saving",
    "fastsaving",
    "starting",
    "stopping",
)

#: RequestedState of Msvm_ComputerSystem.RequestStateChange.
ENABLED, DISABLED, OFFLINE, QUIESCE, RESET = 2, 3, 6, 9, 11

#: AutomaticStartupAction: none, and always. libvirt's driver counts only "always".
START_NOTHING, START_ALWAYS = 2, 4

JOB_STARTED = 4096
#: What the methods of the provider return, besides 0 and 4096 (32768 and up are the
#: provider's own, 1 to 5 those of the CIM classes that it inherits from).
RETURN_VALUES = {
    1: "not supported",
    2: "failed",
    3: "timed out",
    4: "invalid parameter",
    5: "invalid state",
    6: "incompatible parameters",
    32768: "failed",
    32769: "access denied",
    32770: "not supported",
    32771: "status unknown",
    32772: "timed out",
    32773: "invalid parameter",
    32774: "the machine is in use",
    32775: "invalid state for this operation",
    32776: "incorrect data type",
    32777: "the system is not available",
    32778: "out of memory",
    32779: "file not found",
    32780: "the guest is not ready",
    32781: "the guest is locked",
    32782: "a shutdown is in progress",
}
NOT_READY, LOCKED, IN_PROGRESS, INVALID_STATE = 32780, 32781, 32782, 32775

#: JobState of CIM_ConcreteJob.
COMPLETED, COMPLETED_WITH_WARNINGS = 7, 32768
ENDED = (COMPLETED, 8, 9, 10, COMPLETED_WITH_WARNINGS)
