# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""root/cimv2: the host as Windows describes it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from hvsim.interpreter import Host, Memory, State, program, run
from hvsim.model.clock import moment
from hvsim.model.identifiers import guid
from hvsim.wmi.registry import Values, method, of_host
from hvsim.wmi.schema import CIMV2
from hvsim.wmi.values import Instance

if TYPE_CHECKING:
    from hvsim.model.model import Model

CAPTION = "Microsoft Windows Server 2022 Datacenter"
BUILD = "20348"
PROCESSOR = "Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz"
FAMILY = "Intel64 Family 6 Model 106 Stepping 6"
SERVICES = (
    ("vmms", "Hyper-V Virtual Machine Management", r"C:\Windows\system32\vmms.exe"),
    (
        "vmcompute",
        "Hyper-V Host Compute Service",
        r"C:\Windows\system32\vmcompute.exe",
    ),
    (
        "WinRM",
        "Windows Remote Management (WS-Management)",
        r"C:\Windows\System32\svchost.exe -k NetworkService -p",
    ),
    (
        "Winmgmt",
        "Windows Management Instrumentation",
        r"C:\Windows\system32\svchost.exe -k netsvcs -p",
    ),
)
"""Name, DisplayName, PathName of the services that are told."""
HYPERV_SERVICES = ("vmms", "vmcompute")
SYSTEM_DIRECTORY = r"C:\Windows\System32"
PROCESS_SECONDS = 0.1
PATH_NOT_FOUND = 9
INVALID_PARAMETER = 21
"""ReturnValues of Win32_Process.Create."""


@of_host("Win32_ComputerSystem", CIMV2)
def computer_system(model: Model) -> Iterator[Values]:
    """The computer."""
    yield {
        "AdminPasswordStatus": 3,
        "AutomaticManagedPagefile": True,
        "AutomaticResetBootOption": True,
        "AutomaticResetCapability": True,
        "BootROMSupported": True,
        "BootupState": "Normal boot",
        "Caption": model.hostname,
        "ChassisBootupState": 3,
        "CreationClassName": "Win32_ComputerSystem",
        "CurrentTimeZone": 0,
        "Description": "AT/AT COMPATIBLE",
        "DNSHostName": model.hostname,
        "Domain": model.domain or "WORKGROUP",
        "DomainRole": 3 if model.domain else 2,
        "EnableDaylightSavingsTime": True,
        "FrontPanelResetStatus": 3,
        "HypervisorPresent": model.hyperv,
        "InfraredSupported": False,
        "KeyboardPasswordStatus": 3,
        "Manufacturer": "hvsim",
        "Model": "Simulated Server",
        "Name": model.hostname,
        "NetworkServerModeEnabled": True,
        "NumberOfLogicalProcessors": model.logical_processors,
        "NumberOfProcessors": 2,
        "PartOfDomain": bool(model.domain),
        "PauseAfterReset": -1,
        "PCSystemType": 4,
        "PowerOnPasswordStatus": 3,
        "PowerState": 0,
        "PowerSupplyState": 3,
        "PrimaryOwnerName": "Windows User",
        "ResetCapability": 1,
        "ResetCount": -1,
        "ResetLimit": -1,
        "Roles": ["LM_Workstation", "LM_Server", "NT", "Server_NT"],
        "Status": "OK",
        "SystemType": "x64-based PC",
        "ThermalState": 3,
        "TotalPhysicalMemory": model.memory,
        "WakeUpType": 6,
        "Workgroup": None if model.domain else "WORKGROUP",
    }


@of_host("Win32_OperatingSystem", CIMV2)
def operating_system(model: Model) -> Iterator[Values]:
    """Windows; memory in KiB."""
    total = model.memory // 1024
    used = sum(
        m.configuration.memory.startup for m in model.machines.values() if m.is_on
    )
    yield {
        "BootDevice": r"\Device\HarddiskVolume1",
        "BuildNumber": BUILD,
        "BuildType": "Multiprocessor Free",
        "Caption": CAPTION,
        "CodeSet": "1252",
        "CountryCode": "1",
        "CreationClassName": "Win32_OperatingSystem",
        "CSCreationClassName": "Win32_ComputerSystem",
        "CSName": model.hostname,
        "CurrentTimeZone": 0,
        "DataExecutionPrevention_32BitApplications": True,
        "DataExecutionPrevention_Available": True,
        "DataExecutionPrevention_Drivers": True,
        "DataExecutionPrevention_SupportPolicy": 3,
        "Debug": False,
        "Description": "",
        "Distributed": False,
        "EncryptionLevel": 256,
        "ForegroundApplicationBoost": 2,
        "FreePhysicalMemory": max(total // 16, total - used * 1024 - (2 << 20)),
        "FreeSpaceInPagingFiles": 10_066_329,
        "FreeVirtualMemory": total // 2,
        "InstallDate": moment(model.booted - 86400.0 * 200),
        "LastBootUpTime": moment(model.booted),
        "LocalDateTime": moment(model.now()),
        "Locale": "0409",
        "Manufacturer": "Microsoft Corporation",
        "MaxNumberOfProcesses": 4294967295,
        "MaxProcessMemorySize": 137438953344,
        "MUILanguages": ["en-US"],
        "Name": rf"{CAPTION}|C:\Windows|\Device\Harddisk0\Partition4",
        "NumberOfLicensedUsers": 0,
        "NumberOfProcesses": 120,
        "NumberOfUsers": 1,
        "OperatingSystemSKU": 8,
        "Organization": "",
        "OSArchitecture": "64-bit",
        "OSLanguage": 1033,
        "OSProductSuite": 400,
        "OSType": 18,
        "PortableOperatingSystem": False,
        "Primary": True,
        "ProductType": 3,
        "RegisteredUser": "Windows User",
        "SerialNumber": "00454-40000-00001-AA000",
        "ServicePackMajorVersion": 0,
        "ServicePackMinorVersion": 0,
        "SizeStoredInPagingFiles": 10_066_329,
        "Status": "OK",
        "SuiteMask": 400,
        "SystemDevice": r"\Device\HarddiskVolume4",
        "SystemDirectory": r"C:\Windows\system32",
        "SystemDrive": "C:",
        "TotalVirtualMemorySize": total + 10_066_329,
        "TotalVisibleMemorySize": total,
        "Version": f"10.0.{BUILD}",
        "WindowsDirectory": r"C:\Windows",
    }


@of_host("Win32_Processor", CIMV2)
def processors(model: Model) -> Iterator[Values]:
    """One per socket."""
    for number in range(2):
        yield {
            "AddressWidth": 64,
            "Architecture": 9,
            "AssetTag": "UNKNOWN",
            "Availability": 3,
            "Caption": FAMILY,
            "Characteristics": 252,
            "CpuStatus": 1,
            "CreationClassName": "Win32_Processor",
            "CurrentClockSpeed": 1995,
            "CurrentVoltage": 16,
            "DataWidth": 64,
            "Description": FAMILY,
            "DeviceID": f"CPU{number}",
            "ExtClock": 100,
            "Family": 179,
            "L2CacheSize": 5120,
            "L3CacheSize": 24576,
            "L3CacheSpeed": 0,
            "Level": 6,
            "LoadPercentage": 7,
            "Manufacturer": "GenuineIntel",
            "MaxClockSpeed": 1995,
            "Name": PROCESSOR,
            "NumberOfCores": model.logical_processors // 4,
            "NumberOfEnabledCore": model.logical_processors // 4,
            "NumberOfLogicalProcessors": model.logical_processors // 2,
            "PowerManagementSupported": False,
            "ProcessorId": "BFEBFBFF000606A6",
            "ProcessorType": 3,
            "Revision": 27142,
            "Role": "CPU",
            "SecondLevelAddressTranslationExtensions": False,
            "SocketDesignation": f"CPU {number}",
            "Status": "OK",
            "StatusInfo": 3,
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": model.hostname,
            "ThreadCount": model.logical_processors // 2,
            "UpgradeMethod": 1,
            "Version": "",
            "VirtualizationFirmwareEnabled": False,
            "VMMonitorModeExtensions": False,
        }


@of_host("Win32_ComputerSystemProduct", CIMV2)
def product(model: Model) -> Iterator[Values]:
    """The machine's maker, serial number and UUID."""
    yield {
        "Caption": "Computer System Product",
        "Description": "Computer System Product",
        "IdentifyingNumber": guid("serial", model.hostname)[:8],
        "Name": "Simulated Server",
        "UUID": guid("host", model.hostname),
        "Vendor": "hvsim",
        "Version": "1",
    }


@of_host("Win32_Service", CIMV2)
def services(model: Model) -> Iterator[Values]:
    """A few of the services, Hyper-V's where the host has the role."""
    for number, (name, display_name, path) in enumerate(SERVICES):
        if name in HYPERV_SERVICES and not model.hyperv:
            continue
        yield {
            "AcceptPause": False,
            "AcceptStop": True,
            "Caption": display_name,
            "CheckPoint": 0,
            "CreationClassName": "Win32_Service",
            "DelayedAutoStart": False,
            "Description": display_name,
            "DesktopInteract": False,
            "DisplayName": display_name,
            "ErrorControl": "Normal",
            "ExitCode": 0,
            "Name": name,
            "PathName": path,
            "ProcessId": 1200 + 4 * number,
            "ServiceSpecificExitCode": 0,
            "ServiceType": "Own Process",
            "Started": True,
            "StartMode": "Auto",
            "StartName": "LocalSystem",
            "State": "Running",
            "Status": "OK",
            "SystemCreationClassName": "Win32_ComputerSystem",
            "SystemName": model.hostname,
            "TagId": 0,
            "WaitHint": 0,
        }


@of_host("Win32_Process", CIMV2)
def processes(model: Model) -> Iterator[Values]:
    """The services' processes, one per machine that is on, and those created."""
    listed = [(1200 + 4 * n, s[0], s[2]) for n, s in enumerate(SERVICES)]
    workers = [
        (m.process_id, "vmwp.exe", rf"C:\Windows\System32\vmwp.exe {m.guid}")
        for m in model.machines.values()
        if m.process_id is not None
    ]
    for number, name, command in (*listed, *workers, *model.processes):
        yield {
            "Caption": name,
            "CommandLine": command,
            "CreationClassName": "Win32_Process",
            "CreationDate": moment(model.booted),
            "CSCreationClassName": "Win32_ComputerSystem",
            "CSName": model.hostname,
            "Description": name,
            "Handle": str(number),
            "Name": name,
            "OSCreationClassName": "Win32_OperatingSystem",
            "OSName": CAPTION,
            "ProcessId": number,
        }


@method("Win32_Process", "Create", CIMV2, is_static=True)
def create_process(
    model: Model, instance: Instance | None, parameters: Values
) -> Values:
    """Start a program.

    What hvsim's cmd.exe knows is done after a moment, and its process is gone then:
    `cmd /c mkdir` makes a folder, and nobody learns of its exit code. Any other
    program is listed from then on, and does nothing.
    """
    command = parameters.get("CommandLine")
    if not command:
        return {"ReturnValue": INVALID_PARAMETER}
    directory = parameters.get("CurrentDirectory")
    if directory and not model.files.is_directory(directory):
        return {"ReturnValue": PATH_NOT_FOUND}
    model.processes_made += 1
    number = 20000 + 4 * model.processes_made
    path = command.split('"')[1] if command.startswith('"') else command.split()[0]
    name = path.rpartition("\\")[2]
    process = (number, name, command)
    model.processes.append(process)
    if program(path):
        work = partial(_run, model, process, directory or SYSTEM_DIRECTORY)
        if model.job_seconds > 0:
            model.at(model.now() + min(model.job_seconds, PROCESS_SECONDS), work)
        else:
            work()
    return {"ProcessId": number, "ReturnValue": 0}


def _run(model: Model, process: tuple[int, str, str], directory: str) -> None:
    host = Host(computer=model.hostname, files=model.files)
    run(process[2], State(host, "Administrator", directory), Memory())
    model.processes.remove(process)
