# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many machines in one task: the options of each, several at a time, one result each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from time import monotonic
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._core.errors import HypervisorConnectError
from .._hypervisor.description import ABSENT, DISK, image_key
from .._hypervisor.hypervisor import AmbiguousName, Hypervisor, MachineNotFound
from .._hypervisor.values import FULL, SUMMARY, VirtualMachine, canonical_uuid
from .machine import Work, look_at_images, settle, wish_of
from .machine_options import DESCRIPTION, MACHINE
from .runner import failure

Tell = Callable[[str], None]
_SPEC = {**MACHINE, **DESCRIPTION}
#: Seconds between two sentences about how far it is.
_EVERY = 5.0
_MOST_AT_ONCE = 100


def settle_all(
    hypervisor: Hypervisor,
    options: Mapping[str, Any],
    *,
    check_mode: bool,
    tell: Tell,
) -> dict[str, Any]:
    """The work of the module vms.

    Args:
        hypervisor: Where.
        options: Those of the module.
        check_mode: Whether to tell only.
        tell: Gets sentences about how far it is.

    Raises:
        HypervisorConnectError: An option is wrong; nothing was done then.
    """
    if not 1 <= options["throttle"] <= _MOST_AT_ONCE:
        raise HypervisorConnectError(
            f"throttle is {options['throttle']}",
            remedy=f"give a number from 1 to {_MOST_AT_ONCE}",
        )
    each_options = _options_of_each(options)
    works = [Work(wish_of(one), None) for one in each_options]
    _check_once(hypervisor, works)
    _check_images(works)
    _read_first(hypervisor, works)
    _check_same(works)
    look_at_images(hypervisor, [work for work in works if work.error is None])
    settle(
        hypervisor,
        works,
        read=lambda some: _read(hypervisor, some),
        each=_Several(options["throttle"], tell),
        timeout=options["timeout"],
        check_mode=check_mode,
    )
    return _result(works, options["password"])


def _options_of_each(options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of each machine: its own, else those of the task."""
    shared = {name: options[name] for name in _SPEC if name in options}
    found = [{**shared, "name": name, "uuid": None} for name in options["names"] or ()]
    for number, given in enumerate(options["machines"] or ()):
        validation = ArgumentSpecValidator(
            _SPEC, required_one_of=[("name", "uuid")]
        ).validate(dict(given))
        if validation.error_messages:
            shown = given.get("name") or given.get("uuid") or number
            raise HypervisorConnectError(
                f"machines: of {shown}, " + "; ".join(validation.error_messages),
                remedy="correct it; nothing was done",
            )
        known = validation.validated_parameters
        own = {_canonical(name) for name in given}
        found.append(
            {
                name: known[name] if name in own else shared.get(name, known[name])
                for name in _SPEC
            }
        )
    return found


def _canonical(name: str) -> str:
    """The name of an option that may be given by an alias."""
    for known, spec in _SPEC.items():
        if name in spec.get("aliases", ()):
            return known
    return name


def _check_once(hypervisor: Hypervisor, works: list[Work]) -> None:
    """Refuse a name that is there twice, as the host compares names."""
    seen: set[str] = set()
    for work in works:
        name = _shown(work)
        key = hypervisor.name_key(name)
        if key in seen:
            raise HypervisorConnectError(
                f"machine {name} is named twice",
                remedy="name it once; nothing was done",
            )
        seen.add(key)


def _check_images(works: list[Work]) -> None:
    """Refuse an image to which two machines would write: it would be lost."""
    owners: dict[str, str] = {}
    for work in works:
        for disk in () if work.is_removal else work.wish.description.disks:
            is_written = disk.device == DISK and disk.state != ABSENT
            if disk.source is None or not is_written or disk.readonly:
                continue
            first = owners.setdefault(image_key(disk.source), _shown(work))
            if first != _shown(work):
                raise HypervisorConnectError(
                    f"image {disk.source} is named for the machines {first} and "
                    f"{_shown(work)}, which would both write to it",
                    remedy="give each its own under machines; nothing was done",
                )


def _check_same(works: list[Work]) -> None:
    """Refuse one machine that is meant twice: by its name, and by its UUID."""
    seen: dict[str, str] = {}
    for work in works:
        if work.current is None:
            continue
        first = seen.setdefault(work.current.uuid, _shown(work))
        if first != _shown(work):
            raise HypervisorConnectError(
                f"{first} and {_shown(work)} are one machine",
                remedy="name it once; nothing was done",
            )


def _shown(work: Work) -> str:
    wanted = work.wish.description
    return str(wanted.name or wanted.uuid)


def _read_first(hypervisor: Hypervisor, works: list[Work]) -> None:
    """Find the machines; those that are neither there nor described fail."""
    keys = [work.wish.description.uuid or _shown(work) for work in works]
    machines = _read_all(hypervisor, keys, works)
    by_uuid = {vm.uuid: vm for vm in machines}
    by_name: dict[str, list[VirtualMachine]] = {}
    for vm in machines:
        by_name.setdefault(hypervisor.name_key(vm.name), []).append(vm)
    for work in works:
        try:
            work.current = _meant(hypervisor, work, by_uuid, by_name)
        except HypervisorConnectError as error:
            work.error = error


def _meant(
    hypervisor: Hypervisor,
    work: Work,
    by_uuid: Mapping[str, VirtualMachine],
    by_name: Mapping[str, list[VirtualMachine]],
) -> VirtualMachine | None:
    wanted = work.wish.description
    if wanted.uuid is not None:
        found = [by_uuid[wanted.uuid]] if wanted.uuid in by_uuid else []
    else:
        found = by_name.get(hypervisor.name_key(str(wanted.name)), [])
        uuid = canonical_uuid(str(wanted.name))
        found = found or [vm for vm in by_uuid.values() if vm.uuid == uuid]
    if len(found) > 1:
        raise AmbiguousName(
            f"{len(found)} machines are named {wanted.name}",
            where=hypervisor.uri,
            remedy="name one by its uuid: " + ", ".join(vm.uuid for vm in found),
        )
    if found or work.is_removal or not (wanted.is_empty or wanted.name is None):
        return found[0] if found else None
    raise MachineNotFound(
        f"there is no machine {_shown(work)}",
        where=hypervisor.uri,
        remedy="describe it, so that it can be made, or correct its name",
    )


def _read(hypervisor: Hypervisor, works: list[Work]) -> None:
    uuids = [work.uuid for work in works if work.uuid is not None]
    found = {vm.uuid: vm for vm in _read_all(hypervisor, uuids, works)}
    for work in works:
        if work.error is None:
            work.current = found.get(str(work.uuid))


def _read_all(
    hypervisor: Hypervisor, keys: list[str], works: list[Work]
) -> tuple[VirtualMachine, ...]:
    if any(work.detail == FULL for work in works):
        return hypervisor.read_vms(keys)
    return hypervisor.list_vms(keys, detail=SUMMARY)


class _Several:
    """Runs a phase for several machines at a time, and says how far it is."""

    def __init__(self, throttle: int, tell: Tell) -> None:
        self._throttle = throttle
        self._tell = tell
        self._told = monotonic()

    def __call__(
        self, works: Iterable[Work], phase: Callable[[Work], None], word: str
    ) -> None:
        todo = [work for work in works if work.error is None]
        if not todo:
            return
        with ThreadPoolExecutor(min(self._throttle, len(todo))) as pool:
            futures = [pool.submit(_guarded, phase, work) for work in todo]
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                self._maybe_tell(f"{done} of {len(todo)} machines {word}", todo)

    def _maybe_tell(self, sentence: str, todo: list[Work]) -> None:
        if monotonic() - self._told >= _EVERY:
            self._told = monotonic()
            failed = sum(work.error is not None for work in todo)
            self._tell(f"{sentence}, {failed} failed")


def _guarded(phase: Callable[[Work], None], work: Work) -> None:
    try:
        phase(work)
    except HypervisorConnectError as error:
        work.error = error


def _result(works: list[Work], password: object) -> dict[str, Any]:
    results = []
    for work in works:
        entry: dict[str, Any] = {"name": _shown(work), "failed": work.error is not None}
        entry.update(work.as_result())
        if work.error is not None:
            # What was taken until then.
            entry["changed"] = bool(work.taken)
            entry["actions"] = [step.words for step in work.taken]
            entry.update(failure(work.error, password))
        results.append(entry)
    diffs = {one["name"]: one.pop("diff") for one in results}
    changed = {name: diff for name, diff in diffs.items() if any(diff.values())}
    result: dict[str, Any] = {
        "changed": any(one["changed"] for one in results),
        "results": results,
        "diff": {
            side: {name: diff[side] for name, diff in changed.items()}
            for side in ("before", "after")
        },
    }
    failed = [one for one in results if one["failed"]]
    if failed:
        result["failed"] = True
        first = failed[0]["msg"]
        result["msg"] = (
            f"{len(failed)} of {len(results)} machines failed; the first, "
            f"{failed[0]['name']}: {first}"
        )
    return result
