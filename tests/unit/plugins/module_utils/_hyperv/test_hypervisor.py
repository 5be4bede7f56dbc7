# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Hyper-V driver against hvsim, over real connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv import queries
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.connection import (
    HypervConnection,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.errors import (
    HypervMissing,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.hypervisor import (
    HypervHypervisor,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.jobs import (
    JobFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.machines import (
    MachineReader,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hyperv.power import (
    PowerSwitch,
    system_keys,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AmbiguousName,
    AuthenticationFailed,
    ConnectionFailed,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
    ShutdownUnavailable,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Desired,
    plan_vm,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    VirtualMachine,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.hyperv import (
    HypervEndpoint,
)
from ansible_collections.hypervisor.connect.tests.unit.plugins.module_utils._hyperv.lab import (
    HeldClock,
    Lab,
    calls,
    lab,
    open_on,
)

TEN = {
    "vm0001": "running",
    "vm0002": "stopped",
    "vm0003": "running",
    "vm0004": "saved",
    "vm0005": "running",
    "vm0006": "paused",
    "vm0007": "running",
    "vm0008": "stopped",
    "vm0009": "running",
    "vm0010": "running",
}
from hvsim.rules import Rule  # noqa: E402  isort: skip

QUESTIONS = {"summary": 5, "full": 20}
"""Queries of list_vms, however many machines there are."""


@pytest.fixture
def ten() -> Iterator[Lab]:
    """A host with ten machines, whose jobs end at once."""
    with lab(vms=10) as opened:
        yield opened


def states(machines: tuple[VirtualMachine, ...]) -> dict[str, str]:
    return {vm.name: vm.state for vm in machines}


# -- reading ---------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["http", "https"])
def test_machines_are_listed_over_either_transport(transport: str) -> None:
    with lab(transport, vms=10) as opened:
        hypervisor = opened.hypervisor
        assert states(hypervisor.list_vms()) == TEN
        assert all(exchange.encrypted for exchange in opened.host.requests)
        assert hypervisor.is_alive()
        assert hypervisor.warnings == ()


def test_summary_is_what_the_host_has(ten: Lab) -> None:
    vm = ten.hypervisor.list_vms(["vm0001"])[0]
    machine = ten.host.model.machine("vm0001")
    assert vm.uuid == machine.guid.lower()
    assert vm.vcpus == machine.configuration.processors
    assert vm.memory == machine.configuration.memory.startup * 1024**2
    assert vm.description == "Notes on vm0001"
    assert vm.uptime is not None
    assert abs(vm.uptime - machine.uptime(ten.host.model.now())) < 5
    assert vm.addresses == ("10.0.0.11", "fe80::215:5dff:fe00:1")
    assert (vm.autostart, vm.has_snapshots, vm.disks) == (False, False, None)


def test_full_adds_devices_and_checkpoints(ten: Lab) -> None:
    vms = {vm.name: vm for vm in ten.hypervisor.list_vms(detail="full")}
    first, old = vms["vm0001"], vms["vm0008"]
    assert first.os is not None
    assert old.os is not None
    assert (first.os.firmware, old.os.firmware) == ("uefi", "bios")
    assert [(d.target, d.source) for d in first.disks or ()] == [
        ("scsi0:0", r"C:\VMs\vm0001\vm0001.vhdx"),
        ("scsi0:1", None),
    ]
    assert [disk.format for disk in old.disks or ()] == ["avhdx", None, "avhdx"]
    assert [(nic.mac, nic.source) for nic in first.nics or ()] == [
        ("00:15:5d:00:00:01", "External")
    ]
    last = vms["vm0010"].snapshots or ()
    assert [(s.name, s.parent, s.current) for s in last] == [
        ("vm0010 - snapshot 1", None, False),
        ("vm0010 - snapshot 2", "vm0010 - snapshot 1", True),
    ]


def test_devices_are_those_of_a_changed_machine(ten: Lab) -> None:
    configuration = ten.host.model.machine("vm0002").configuration
    configuration.nics[0].is_legacy = True
    configuration.nics[0].switch = None
    configuration.drives[1].path = r"C:\ISO\debian-12.iso"
    vm = ten.hypervisor.find_vm("vm0002", detail="full")
    assert [(nic.model, nic.source) for nic in vm.nics or ()] == [("emulated", None)]
    assert [(disk.device, disk.target, disk.source) for disk in vm.disks or ()] == [
        ("disk", "ide0:0", r"C:\VMs\vm0002\vm0002.vhdx"),
        ("cdrom", "ide1:0", r"C:\ISO\debian-12.iso"),
    ]


def test_names_and_uuids_choose_machines(ten: Lab) -> None:
    guid = ten.host.model.machine("vm0002").guid
    wanted = ["vm0001", guid, guid.replace("-", ""), "nobody"]
    assert list(states(ten.hypervisor.list_vms(wanted))) == ["vm0001", "vm0002"]
    assert ten.hypervisor.list_vms([]) == ()


@pytest.mark.parametrize("detail", ["summary", "full"])
def test_found_machine_is_the_listed_one(ten: Lab, detail: str) -> None:
    listed = ten.hypervisor.list_vms(["vm0008"], detail=detail)[0]
    for wanted in ("vm0008", listed.uuid, listed.uuid.upper()):
        found = ten.hypervisor.find_vm(wanted, detail=detail)
        assert (found.name, found.uuid) == (listed.name, listed.uuid)
        assert (found.vcpus, found.memory) == (listed.vcpus, listed.memory)
        assert (found.disks, found.nics) == (listed.disks, listed.nics)
        assert found.snapshots == listed.snapshots


@pytest.mark.parametrize(
    "name",
    [
        "nobody",
        "HVSIM",
        "00000000-0000-4000-8000-000000000000",
        "x' OR 'a' = 'a",
        "vm000%",
        "\\",
    ],
)
def test_machine_that_does_not_exist_is_told(ten: Lab, name: str) -> None:
    with pytest.raises(MachineNotFound) as caught:
        ten.hypervisor.find_vm(name)
    assert caught.value.where == ten.hypervisor.uri
    assert caught.value.remedy


def test_name_used_twice_is_ambiguous_and_its_uuids_are_not() -> None:
    with lab(vms=1, names=["twin", "twin", "O'Neil \\ %"]) as opened:
        hypervisor = opened.hypervisor
        guids = [vm.uuid for vm in hypervisor.list_vms(["twin"])]
        assert len(guids) == 2
        with pytest.raises(AmbiguousName) as caught:
            hypervisor.find_vm("twin")
        assert caught.value.what == (
            f"2 machines are named twin: {', '.join(sorted(guids))}"
        )
        assert caught.value.remedy == "name one by its uuid"
        assert [hypervisor.find_vm(guid).uuid for guid in guids] == guids
        assert hypervisor.find_vm("O'Neil \\ %").name == "O'Neil \\ %"


def test_machine_named_like_a_uuid_is_found_by_name() -> None:
    name = "0123456789abcdef0123456789abcdef"
    with lab(vms=0, names=[name]) as opened:
        assert opened.hypervisor.find_vm(name).name == name


def test_host_without_machines_has_none() -> None:
    with lab(vms=0) as opened:
        assert opened.hypervisor.list_vms(detail="full") == ()


def test_machine_that_goes_between_two_questions_is_not_found(ten: Lab) -> None:
    model = ten.host.model
    vm = ten.hypervisor.find_vm("vm0001")
    ask = ten.hypervisor.list_vms

    def list_vms(*args: Any, **options: Any) -> tuple[VirtualMachine, ...]:
        model.remove_machine(model.machine("vm0001"))
        return ask(*args, **options)

    ten.hypervisor.list_vms = list_vms  # type: ignore[method-assign]
    with pytest.raises(MachineNotFound):
        ten.hypervisor.find_vm("vm0001", detail="full")
    with pytest.raises(MachineNotFound):
        ten.hypervisor.set_autostart(vm, True)


@pytest.mark.parametrize("code", [0x80041017, 0x80041010])
def test_host_that_lacks_what_is_new_is_asked_without_it(ten: Lab, code: int) -> None:
    ten.host.rules.add(Rule("wsman-fault", action="Enumerate", code=code, skip=1))
    machines = ten.hypervisor.list_vms(["vm0001", "vm0002"], detail="full")
    assert [vm.os.secure_boot for vm in machines if vm.os] == [True, None]
    for vm in machines:
        assert vm.os is not None
        assert (vm.os.secure_boot_template, vm.os.tpm, vm.cpu) == (None, None, None)
        assert (vm.checkpoint_type, vm.stop_action) == (None, "save")
    count = len(ten.host.requests)
    assert ten.hypervisor.list_vms(detail="full")
    assert len(ten.host.requests) - count == QUESTIONS["full"] - 1


def test_connection_asks_and_calls_and_knows_no_machine(ten: Lab) -> None:
    wmi = ten.hypervisor
    assert isinstance(wmi, HypervConnection)
    assert isinstance(wmi, MachineReader)
    assert isinstance(wmi, PowerSwitch)
    guid = wmi.find_vm("vm0001").uuid
    keys = {"CreationClassName": "Msvm_ComputerSystem", "Name": guid.upper()}
    assert system_keys(wmi.find_vm("vm0001")) == keys
    assert wmi.patience == 10 * wmi.timeout
    assert wmi.known_rows(queries.switches()) == wmi.rows(queries.switches())
    output = wmi.call_service("test", "ModifySystemSettings", SystemSettings=None)
    assert output["ReturnValue"] == 32773
    with pytest.raises(OperationFailed, match="can't test: invalid parameter"):
        wmi.must("test", 32773)
    wmi.must("test", 0)
    assert list(wmi.rows(queries.pending_jobs())) == []
    assert wmi.name_key("WEB1") == wmi.name_key("web1")


def test_definitions_in_xml_are_not_of_hyperv(ten: Lab) -> None:
    with pytest.raises(OperationFailed, match="no definition in XML"):
        ten.hypervisor.list_vms(xml=True)


def test_host_tells_itself(ten: Lab) -> None:
    info = ten.hypervisor.host_info()
    assert (info.driver, info.hostname) == ("hyperv", "HVSIM")
    assert info.hypervisor_version is not None
    assert info.hypervisor_version["version"] == "10.0.20348"
    assert info.memory == ten.host.model.memory
    cpu = info.cpu
    assert cpu.cpus == cpu.sockets * cpu.cores * cpu.threads == 16
    assert info.encrypted is True
    assert [guest["arch"] for guest in info.capabilities["guests"]] == [
        "x86_64",
        "i686",
    ]
    assert ten.host.requests.counts() == {"Enumerate": 4}


# -- round trips -----------------------------------------------------------------


@pytest.mark.parametrize(("vms", "most"), [(100, 7), (1000, 10)])
def test_listing_takes_few_round_trips(vms: int, most: int) -> None:
    with lab(vms=vms) as opened:
        before = opened.hypervisor.client.round_trips
        machines = opened.hypervisor.list_vms()
        assert len(machines) == vms
        first = machines[0]
        for value in (first.vcpus, first.memory, first.description, first.uptime):
            assert value is not None
        assert first.addresses
        assert opened.hypervisor.client.round_trips - before <= most
        assert len(opened.host.requests) <= most
        assert len({exchange.connection for exchange in opened.host.requests}) == 1


@pytest.mark.parametrize("detail", ["summary", "full"])
@pytest.mark.parametrize("vms", [1, 25])
def test_questions_do_not_depend_on_the_number_of_machines(
    vms: int, detail: str
) -> None:
    with lab(vms=vms) as opened:
        opened.hypervisor.list_vms(detail=detail)
        assert opened.host.requests.counts() == {"Enumerate": QUESTIONS[detail]}


@pytest.mark.parametrize(
    ("by", "detail", "most"), [("name", "summary", 4), ("uuid", "summary", 4)]
)
def test_finding_takes_four_questions(
    ten: Lab, by: str, detail: str, most: int
) -> None:
    if by == "name":
        ten.hypervisor.find_vm("vm0001", detail=detail)
    else:
        guid = ten.host.model.machine("vm0001").guid
        ten.hypervisor.find_uuid(guid.lower(), detail=detail)
    assert ten.host.requests.counts() == {"Enumerate": most}


def test_large_answers_come_in_pages_and_are_whole() -> None:
    with lab(vms=200, settings={"MaxEnvelopeSizekb": "32"}) as opened:
        machines = opened.hypervisor.list_vms()
        assert len(machines) == 200
        assert all(vm.vcpus and vm.memory for vm in machines)
        assert opened.host.requests.counts()["Pull"] > 0
        assert opened.host.pipeline.contexts.count(opened.host.username) == 0


# -- changing --------------------------------------------------------------------

STEPS = [
    ("vm0002", "start", "running"),
    ("vm0004", "start", "running"),
    ("vm0002", "start_paused", "paused"),
    ("vm0006", "resume", "running"),
    ("vm0006", "wake_up", "running"),
    ("vm0001", "pause", "paused"),
    ("vm0001", "save", "saved"),
    ("vm0006", "save", "saved"),
    ("vm0004", "discard_saved_state", "off"),
    ("vm0001", "power_off", "off"),
    ("vm0006", "power_off", "off"),
    ("vm0001", "reset", "running"),
    ("vm0001", "reboot", "running"),
]


@pytest.mark.parametrize(("name", "step", "power"), STEPS)
@pytest.mark.parametrize("seconds", [0, 0.05], ids=["at-once", "by-a-job"])
def test_step_leads_to_its_state(
    name: str, step: str, power: str, seconds: float
) -> None:
    with lab(vms=6, job_seconds=seconds) as opened:
        vm = opened.hypervisor.find_vm(name)
        getattr(opened.hypervisor, step)(vm)
        assert opened.power(name) == power
        assert not opened.host.model.machine(name).is_busy


@pytest.mark.parametrize("step", ["reset", "reboot"])
def test_restarted_machine_counts_its_time_anew(ten: Lab, step: str) -> None:
    vm = ten.hypervisor.find_vm("vm0001")
    assert vm.uptime is not None
    assert vm.uptime > 500
    getattr(ten.hypervisor, step)(vm)
    again = ten.hypervisor.find_vm("vm0001").uptime
    assert again is not None
    assert again < 60


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("vm0001", "start"),
        ("vm0002", "pause"),
        ("vm0002", "save"),
        ("vm0002", "reset"),
        ("vm0004", "pause"),
    ],
)
def test_step_in_a_wrong_state_is_refused(ten: Lab, name: str, step: str) -> None:
    vm = ten.hypervisor.find_vm(name)
    power = ten.power(name)
    with pytest.raises(OperationFailed) as caught:
        getattr(ten.hypervisor, step)(vm)
    assert caught.value.what == (
        f"can't {step} machine {name}: invalid state for this operation"
    )
    assert caught.value.details["code"] == 32775
    assert caught.value.remedy
    assert ten.power(name) == power


def test_machine_that_went_off_meanwhile_is_switched_off(ten: Lab) -> None:
    vm = ten.hypervisor.find_vm("vm0001")
    ten.hypervisor.power_off(vm)
    ten.hypervisor.power_off(vm)
    assert ten.power("vm0001") == "off"


def test_guest_shuts_down(ten: Lab) -> None:
    ten.host.model.guest_seconds = 0.1
    vm = ten.hypervisor.find_vm("vm0001")
    ten.hypervisor.shut_down(vm, 10)
    assert ten.power("vm0001") == "off"
    assert calls(ten.host, "InitiateShutdown") == 1
    ten.hypervisor.shut_down(vm, 10)
    assert calls(ten.host, "InitiateShutdown") == 1


def apply_stopped(opened: Lab, *, force: bool, timeout: float = 0.2) -> None:
    vm = opened.hypervisor.find_vm("vm0001")
    plan = plan_vm(vm, Desired(state="stopped", force=force))
    assert plan.actions == ["shut_down"]
    opened.hypervisor.apply(vm, plan, timeout=timeout, force=force)


def deaf(opened: Lab) -> None:
    opened.host.model.machine("vm0001").guest.is_deaf = True


def locked(opened: Lab) -> None:
    opened.host.model.machine("vm0001").guest.is_locked = True


def bare(opened: Lab) -> None:
    opened.host.model.machine("vm0001").guest.has_services = False


@pytest.mark.parametrize(
    ("guest", "error", "words"),
    [
        (deaf, OperationTimeout, "is still on after 0.2 seconds"),
        (locked, ShutdownUnavailable, "the guest is locked"),
        (bare, ShutdownUnavailable, "the guest is not ready"),
    ],
)
def test_guest_that_does_not_shut_down(
    ten: Lab, guest: Any, error: type[Exception], words: str
) -> None:
    guest(ten)
    with pytest.raises(error, match=words) as caught:
        apply_stopped(ten, force=False)
    assert "force: true" in str(caught.value)
    assert ten.power("vm0001") == "running"
    apply_stopped(ten, force=True)
    assert ten.power("vm0001") == "off"


def test_shutdown_in_progress_is_waited_for(ten: Lab) -> None:
    ten.host.model.guest_seconds = 1.0
    vm = ten.hypervisor.find_vm("vm0001")
    with pytest.raises(OperationTimeout):
        ten.hypervisor.shut_down(vm, 0)
    ten.hypervisor.shut_down(vm, 10)
    assert ten.power("vm0001") == "off"


def test_machine_without_shutdown_component_is_told(ten: Lab) -> None:
    vm = ten.hypervisor.find_vm("vm0004")
    with pytest.raises(ShutdownUnavailable, match="the guest is not ready"):
        ten.hypervisor.reboot(vm)
    assert calls(ten.host, "InitiateReboot") == 0


@pytest.mark.parametrize("seconds", [0, 0.05], ids=["at-once", "by-a-job"])
def test_autostart_is_set_and_nothing_else(seconds: float) -> None:
    with lab(vms=1, job_seconds=seconds) as opened:
        hypervisor = opened.hypervisor
        before = hypervisor.find_vm("vm0001", detail="full")
        hypervisor.set_autostart(before, True)
        after = hypervisor.find_vm("vm0001", detail="full")
        assert after.autostart is True
        assert after.description == before.description
        assert after.disks == before.disks
        hypervisor.set_autostart(after, False)
        assert hypervisor.find_vm("vm0001").autostart is False


def test_machine_is_removed_and_its_files_stay(ten: Lab) -> None:
    vm = ten.hypervisor.find_vm("vm0002")
    ten.hypervisor.remove(vm)
    with pytest.raises(MachineNotFound):
        ten.hypervisor.find_vm("vm0002")
    assert ten.host.model.images.find(r"C:\VMs\vm0002\vm0002.vhdx")


def test_machine_that_runs_is_not_removed(ten: Lab) -> None:
    vm = ten.hypervisor.find_vm("vm0001")
    with pytest.raises(OperationFailed, match="invalid state for this operation"):
        ten.hypervisor.remove(vm)
    assert ten.hypervisor.find_vm("vm0001").uuid == vm.uuid


@pytest.mark.parametrize("step", ["start", "remove"])
def test_step_on_a_machine_that_is_gone_is_our_error(ten: Lab, step: str) -> None:
    vm = ten.hypervisor.find_vm("vm0002")
    ten.host.model.remove_machine(ten.host.model.machine("vm0002"))
    with pytest.raises(OperationFailed, match=f"can't {step} machine vm0002: "):
        getattr(ten.hypervisor, step)(vm)


# -- jobs ------------------------------------------------------------------------


def test_slow_job_is_waited_for_and_started_once() -> None:
    with lab(vms=2, job_seconds=0.5) as opened:
        opened.hypervisor.start(opened.hypervisor.find_vm("vm0002"))
        assert opened.power("vm0002") == "running"
        assert calls(opened.host, "RequestStateChange") == 1
        assert 2 <= calls(opened.host, "Get") <= 10


def test_failed_job_tells_the_hosts_words() -> None:
    with lab(vms=2, job_seconds=0.05) as opened:
        opened.host.model.fail_next_job(32779, "The file C:\\x.vhdx is missing.")
        with pytest.raises(JobFailed) as caught:
            opened.hypervisor.start(opened.hypervisor.find_vm("vm0002"))
        assert caught.value.what == (
            "can't start machine vm0002: The file C:\\x.vhdx is missing"
        )
        assert caught.value.details["code"] == 32779
        assert opened.power("vm0002") == "off"


def test_method_that_fails_at_once_tells_its_value() -> None:
    with lab(vms=2, job_seconds=0) as opened:
        opened.host.model.fail_next_job(32779, "not told")
        with pytest.raises(OperationFailed, match="file not found"):
            opened.hypervisor.start(opened.hypervisor.find_vm("vm0002"))


def test_job_that_never_ends_is_given_up_after_ten_answers_time() -> None:
    with lab(vms=2, job_seconds=3600) as opened:
        clock = HeldClock()
        patient = HypervHypervisor(
            opened.hypervisor.client, "hyperv://hv1/", timeout=5, clock=clock
        )
        with pytest.raises(OperationTimeout, match="still busy after 50 seconds"):
            patient.start(patient.find_vm("vm0002"))
        assert clock.seconds == 50
        assert max(clock.naps) == 1.0


def test_job_that_was_cleared_away_has_ended() -> None:
    with lab(vms=2, job_seconds=0.05) as opened:
        opened.host.model.time_before_removal = 0
        opened.hypervisor.start(opened.hypervisor.find_vm("vm0002"))
        assert opened.power("vm0002") == "running"


def test_call_gives_the_job_where_it_is_not_waited_for() -> None:
    with lab(vms=2, job_seconds=3600) as opened:
        guid = opened.host.model.machine("vm0002").guid
        output = opened.hypervisor.call(
            "root/virtualization/v2",
            "Msvm_ComputerSystem",
            "RequestStateChange",
            selectors={"CreationClassName": "Msvm_ComputerSystem", "Name": guid},
            parameters={"RequestedState": 2},
            wait=False,
        )
        assert output["ReturnValue"] == 4096
        assert output["Job"].class_name == "Msvm_ConcreteJob"
        with opened.hypervisor.doing("read the job"):
            job = opened.hypervisor.client.get(output["Job"])
        assert job["JobState"] == 4


# -- bad hosts and users -----------------------------------------------------------


def test_host_without_hyperv_names_the_role() -> None:
    with lab(vms=2, hyperv=False) as opened:
        for read in (
            opened.hypervisor.list_vms,
            lambda: opened.hypervisor.find_vm("vm0001"),
        ):
            with pytest.raises(HypervMissing) as caught:
                read()
            assert "there is no Hyper-V on this host" in caught.value.what
            assert "enable the Hyper-V role" in str(caught.value.remedy)
        assert opened.hypervisor.host_info().hostname == "HVSIM"


def test_user_without_rights_is_told_which_groups_have_them() -> None:
    from hvsim.authentication import User

    user = User("guest", "a long password", ("AU", "WD"))
    with lab(vms=2, users=[user]) as opened:
        weak = open_on(opened.host, username="guest", password=user.password)
        with weak, pytest.raises(OperationFailed) as caught:
            weak.list_vms()
        assert caught.value.what == "the user has no right to list the machines"
        assert "Hyper-V Administrators" in str(caught.value.remedy)


def test_user_who_may_read_alone_may_not_change() -> None:
    from hvsim.authentication import User

    user = User("reader", "a long password", ("IU", "AU", "WD"))
    with lab(vms=2, users=[user]) as opened:
        weak = open_on(opened.host, username="reader", password=user.password)
        with weak, pytest.raises(OperationFailed) as caught:
            weak.start(weak.find_vm("vm0002"))
        assert caught.value.what == "the user has no right to start machine vm0002"
        assert opened.power("vm0002") == "off"


def test_wrong_password_and_nobody_there_fail_as_the_connection_opens() -> None:
    with lab(vms=0) as opened:
        with pytest.raises(AuthenticationFailed) as refused:
            open_on(opened.host, password="wrong")
        assert "wrong" not in str(refused.value).split()
    endpoint = HypervEndpoint("http", "127.0.0.1", 9)
    credentials = Credentials(username="u", password="p")
    with pytest.raises(ConnectionFailed) as caught:
        HypervHypervisor.open(endpoint, credentials, "hyperv://127.0.0.1:9/")
    assert caught.value.where == "hyperv://127.0.0.1:9/"
    assert caught.value.remedy


def test_basic_over_plain_http_is_warned_of() -> None:
    basic = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}
    with lab(vms=0, settings=basic) as opened:
        plain = open_on(opened.host, auth="basic", message_encryption="never")
        with plain:
            assert len(plain.warnings) == 1
            assert plain.host_info().encrypted is False


def test_closed_connection_is_opened_again_by_the_next_question(ten: Lab) -> None:
    ten.hypervisor.list_vms()
    ten.hypervisor.close()
    ten.hypervisor.close()
    assert ten.hypervisor.is_alive()
    assert len(ten.hypervisor.list_vms()) == 10


def test_machine_on_its_way_is_read_once_it_has_settled() -> None:
    with lab(vms=1, job_seconds=0.5) as opened:
        guid = opened.host.model.machine("vm0001").guid
        opened.hypervisor.call(
            "root/virtualization/v2",
            "Msvm_ComputerSystem",
            "RequestStateChange",
            selectors={"CreationClassName": "Msvm_ComputerSystem", "Name": guid},
            parameters={"RequestedState": 6},
            wait=False,
        )
        assert opened.hypervisor.list_vms()[0].state == "running"
        assert opened.hypervisor.find_vm("vm0001").state == "saved"


def test_names_are_compared_without_case() -> None:
    with lab(vms=2) as opened:
        (found,) = opened.hypervisor.list_vms(["VM0002"])
        assert found == replace(
            opened.hypervisor.find_vm("VM0002"),
            has_snapshots=found.has_snapshots,
            addresses=found.addresses,
        )
