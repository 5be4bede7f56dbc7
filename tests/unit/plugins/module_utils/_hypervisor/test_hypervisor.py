# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a plan is carried out, seen on a hypervisor that only writes down its calls."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.changes import (
    Change,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.description import (
    Description,
    DiskWish,
    SnapshotWish,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    Hypervisor,
    ImagesLeft,
    MachineNotFound,
    OperationFailed,
    OperationTimeout,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.plan import (
    Plan,
    Step,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.storage import (
    Storage,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.values import (
    SUMMARY,
    HostInfo,
    Image,
    ImageInfo,
    Screenshot,
    VirtualMachine,
)

WEB1 = VirtualMachine(name="web1", uuid="u-1", state="running")


IMAGE = Image("images", "a", "/images/a")


class Notebook(Hypervisor):
    """Writes down what it is told to do; its guests may be deaf."""

    uri = "notebook:///"

    def __init__(self, *, deaf: bool = False, refuses: str = "") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.deaf = deaf
        self.refuses = refuses

    def _note(self, action: str, vm: VirtualMachine, *values: Any) -> None:
        assert vm is WEB1
        if action == self.refuses:
            raise OperationFailed(f"can't {action}")
        self.calls.append((action, *values))

    def host_info(self) -> HostInfo:
        raise NotImplementedError

    def list_vms(
        self,
        names: Collection[str] | None = None,
        *,
        detail: str = SUMMARY,
        xml: bool = False,
    ) -> tuple[VirtualMachine, ...]:
        return (WEB1,)

    def find_vm(self, name_or_uuid: str, *, detail: str = SUMMARY) -> VirtualMachine:
        return WEB1

    def images(self) -> tuple[Image, ...]:
        return (IMAGE,)

    def start(self, vm: VirtualMachine) -> None:
        self._note("start", vm)

    def start_paused(self, vm: VirtualMachine) -> None:
        self._note("start_paused", vm)

    def resume(self, vm: VirtualMachine) -> None:
        self._note("resume", vm)

    def wake_up(self, vm: VirtualMachine) -> None:
        self._note("wake_up", vm)

    def pause(self, vm: VirtualMachine) -> None:
        self._note("pause", vm)

    def save(self, vm: VirtualMachine) -> None:
        self._note("save", vm)

    def discard_saved_state(self, vm: VirtualMachine) -> None:
        self._note("discard_saved_state", vm)

    def shut_down(self, vm: VirtualMachine, timeout: float) -> None:
        self._note("shut_down", vm, timeout)
        if self.deaf:
            raise OperationTimeout("machine web1 is still on")

    def power_off(self, vm: VirtualMachine) -> None:
        self._note("power_off", vm)

    def reboot(self, vm: VirtualMachine) -> None:
        self._note("reboot", vm)

    def reset(self, vm: VirtualMachine) -> None:
        self._note("reset", vm)

    def set_autostart(self, vm: VirtualMachine, autostart: bool) -> None:
        self._note("set_autostart", vm, autostart)

    def remove(self, vm: VirtualMachine, *, keep_nvram: bool = False) -> None:
        self._note("remove", vm, *["keep_nvram"] * keep_nvram)

    def remove_disk(self, vm: VirtualMachine, source: str) -> None:
        if source in self.refuses:
            raise OperationFailed(
                f"can't delete {source}", remedy=f"remove {source} by hand"
            )
        self._note("remove_disk", vm, source)

    def check_description(self, wanted: Description, vm: VirtualMachine | None) -> None:
        raise NotImplementedError

    def images_named(self, sources: Collection[str]) -> dict[str, ImageInfo]:
        raise NotImplementedError

    def timing(self, vm: VirtualMachine, change: Change) -> str:
        raise NotImplementedError

    def own_changes(
        self, vm: VirtualMachine, wanted: Description
    ) -> tuple[Change, ...]:
        raise NotImplementedError

    def make_image(self, wish: DiskWish) -> None:
        self.calls.append(("make_image", wish.source))

    def grow_image(self, vm: VirtualMachine | None, wish: DiskWish) -> None:
        self.calls.append(("grow_image", wish.source))

    def create(self, wanted: Description) -> str:
        raise NotImplementedError

    def change(
        self, vm: VirtualMachine, changes: Sequence[Change], *, only_kept: bool = False
    ) -> None:
        self._note("change", vm, *[one.part for one in changes], only_kept)

    def create_snapshot(self, vm: VirtualMachine, wish: SnapshotWish) -> None:
        raise NotImplementedError

    def revert_to_snapshot(self, vm: VirtualMachine, name: str) -> None:
        raise NotImplementedError

    def remove_snapshot(
        self, vm: VirtualMachine, name: str, *, children: bool = False
    ) -> None:
        raise NotImplementedError

    def screenshot(self, vm: VirtualMachine) -> Screenshot:
        raise NotImplementedError

    def check_keys(self, keys: Sequence[str]) -> None:
        raise NotImplementedError

    def send_keys(self, vm: VirtualMachine, keys: Sequence[str], hold: int) -> None:
        raise NotImplementedError

    def is_alive(self) -> bool:
        return True

    def close(self) -> None:
        self.calls.append(("close",))


def plan(*actions: str | Step) -> Plan:
    return Plan(tuple(a if isinstance(a, Step) else Step(a) for a in actions))


def test_images_and_changes_are_made_in_their_order() -> None:
    hypervisor = Notebook()
    wish = DiskWish(source="/i/a")
    changes = (Change("vcpus", None, "set", 1, 2),)
    steps = plan(
        Step("make_image", wish),
        Step("grow_image", wish),
        Step("change", changes),
        Step("keep_changes", changes),
    )
    hypervisor.apply(WEB1, steps, timeout=1, force=False)
    assert hypervisor.calls == [
        ("make_image", "/i/a"),
        ("grow_image", "/i/a"),
        ("change", "vcpus", False),
        ("change", "vcpus", True),
    ]


def test_steps_are_done_in_their_order_with_their_values() -> None:
    notebook = Notebook()
    steps = plan(
        Step("set_autostart", True), "resume", "shut_down", Step("remove_disk", "/a")
    )
    taken: list[Step] = []
    notebook.apply(WEB1, steps, timeout=7, force=False, taken=taken)
    assert taken == list(steps.steps)
    assert notebook.calls == [
        ("set_autostart", True),
        ("resume",),
        ("shut_down", 7),
        ("remove_disk", "/a"),
    ]


@pytest.mark.parametrize(
    "action",
    [
        "start", "start_paused", "resume", "wake_up", "pause", "save",
        "discard_saved_state", "power_off", "reboot", "reset", "remove",
    ],
)  # fmt: skip
def test_each_step_is_the_method_of_its_name(action: str) -> None:
    notebook = Notebook()
    notebook.apply(WEB1, plan(action), timeout=1, force=True)
    assert notebook.calls == [(action,)]


def test_removal_keeps_the_variables_where_the_plan_says_so() -> None:
    notebook = Notebook()
    steps = plan(Step("remove", "keep_nvram"))
    notebook.apply(WEB1, steps, timeout=1, force=False)
    assert notebook.calls == [("remove", "keep_nvram")]


def test_deaf_guest_is_switched_off_by_force_and_the_rest_goes_on() -> None:
    notebook = Notebook(deaf=True)
    taken: list[Step] = []
    steps = plan("shut_down", "start")
    notebook.apply(WEB1, steps, timeout=3, force=True, taken=taken)
    assert notebook.calls == [("shut_down", 3), ("power_off",), ("start",)]
    assert taken == [Step("shut_down"), Step("power_off"), Step("start")]


def test_deaf_guest_is_left_on_without_force_and_nothing_follows() -> None:
    notebook = Notebook(deaf=True)
    with pytest.raises(OperationTimeout, match="still on"):
        notebook.apply(WEB1, plan("shut_down", "start"), timeout=3, force=False)
    assert notebook.calls == [("shut_down", 3)]


def test_machine_that_was_resumed_in_vain_is_paused_again() -> None:
    notebook = Notebook(deaf=True)
    with pytest.raises(OperationTimeout) as late:
        notebook.apply(WEB1, plan("resume", "shut_down"), timeout=3, force=False)
    assert notebook.calls == [("resume",), ("shut_down", 3), ("pause",)]
    assert str(late.value) == (
        "machine web1 is still on; it was resumed for that and is paused again."
    )


def test_what_could_not_be_put_back_is_told() -> None:
    notebook = Notebook(deaf=True, refuses="pause")
    with pytest.raises(
        OperationTimeout, match=r"resumed.* is running now .can't pause"
    ):
        notebook.apply(WEB1, plan("resume", "shut_down"), timeout=3, force=False)
    with pytest.raises(OperationTimeout, match="is awake now"):
        notebook.apply(WEB1, plan("wake_up", "shut_down"), timeout=3, force=False)


def test_steps_before_a_failure_were_taken() -> None:
    notebook, taken = Notebook(refuses="start"), [Step("earlier")]
    with pytest.raises(OperationFailed):
        notebook.apply(
            WEB1, plan("power_off", "start"), timeout=3, force=True, taken=taken
        )
    assert taken == [Step("earlier"), Step("power_off")]


def test_force_does_not_hide_another_failure_of_shutting_down() -> None:
    notebook = Notebook(refuses="shut_down")
    with pytest.raises(OperationFailed):
        notebook.apply(WEB1, plan("shut_down", "start"), timeout=3, force=True)
    assert notebook.calls == []


def test_disks_stay_where_the_definition_could_not_be_removed() -> None:
    notebook = Notebook(refuses="remove")
    steps = plan("power_off", "remove", Step("remove_disk", "/a"))
    with pytest.raises(OperationFailed):
        notebook.apply(WEB1, steps, timeout=3, force=True)
    assert notebook.calls == [("power_off",)]


def test_each_image_is_tried_and_those_that_are_left_are_named_once() -> None:
    notebook = Notebook(refuses="/b /c")
    steps = plan("remove", *(Step("remove_disk", f"/{name}") for name in "abcd"))
    with pytest.raises(ImagesLeft) as left:
        notebook.apply(WEB1, steps, timeout=3, force=True)
    assert notebook.calls == [
        ("remove",), ("remove_disk", "/a"), ("remove_disk", "/d"),
    ]  # fmt: skip
    assert str(left.value) == (
        "notebook:///: machine web1 is gone, but not all of its images: can't delete "
        "/b, can't delete /c; remove /b by hand; remove /c by hand."
    )


def test_empty_plan_does_nothing() -> None:
    notebook = Notebook()
    notebook.apply(WEB1, Plan(), timeout=1, force=True)
    assert notebook.calls == []


def test_machine_of_a_uuid_is_no_other_that_is_named_so() -> None:
    notebook = Notebook()
    assert notebook.find_uuid("u-1") is WEB1
    with pytest.raises(MachineNotFound, match="there is no machine with UUID web1"):
        notebook.find_uuid("web1")


def test_storage_of_a_hypervisor_without_more_is_its_list_and_its_images() -> None:
    notebook = Notebook()
    assert notebook.definitions() == (WEB1,)
    assert notebook.true_paths(Storage()) == {}
    assert notebook.storage(images=True) == Storage((WEB1,), (IMAGE,))
    assert notebook.storage(images=False) == Storage((WEB1,))


def test_with_statement_closes_also_after_an_error() -> None:
    notebook = Notebook()
    with notebook as entered:
        assert entered is notebook
        assert notebook.calls == []
    deaf = Notebook(deaf=True)
    with pytest.raises(OperationTimeout), deaf:
        deaf.shut_down(WEB1, 1)
    assert deaf.calls == [("shut_down", 1), ("close",)]
    assert notebook.calls == [("close",)]


def test_hypervisor_can_not_be_made_without_its_methods() -> None:
    assert inspect.isabstract(Hypervisor)
    assert {"list_vms", "find_vm", "shut_down"} <= Hypervisor.__abstractmethods__


def test_all_errors_have_one_root_and_a_refused_user_is_no_connection() -> None:
    for kind in (
        ConnectionFailed,
        ConnectionLost,
        ImagesLeft,
        MachineNotFound,
        OperationFailed,
        OperationTimeout,
    ):
        assert kind.__mro__[1] is HypervisorConnectError
    assert issubclass(AuthenticationFailed, ConnectionFailed)
