# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module does, seen on real modules in processes of their own.

They are started as Ansible starts a module on a host: the parameters come as JSON on
standard input, the result goes as JSON to standard output.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.credentials import (
    Credentials,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._module.runner import (
    SHARED_OPTIONS,
    Task,
    check_options,
    failure,
    is_plain,
    run_module,
)

BUILD = Path(__file__).parents[5] / ".build"
MODULES = "ansible_collections.hypervisor.connect.plugins.modules"


def run(
    module: str,
    options: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    **settings: bool,
) -> tuple[int, dict[str, Any], str]:
    """Run a module; its exit code, its result, and all that it printed."""
    arguments = {**options, **{f"_ansible_{name}": on for name, on in settings.items()}}
    done = subprocess.run(
        [sys.executable, "-m", f"{MODULES}.{module}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(BUILD), **(environ or {})},
    )
    return done.returncode, json.loads(done.stdout), done.stdout + done.stderr


def needs_libvirt() -> None:
    pytest.importorskip("libvirt", reason="libvirt-python is not installed")


# -- pure parts --------------------------------------------------------------------


def test_argument_spec_is_the_shared_options_and_the_module_s_own() -> None:
    task = Task(run=lambda *_: {}, options={"name": {"type": "str"}})
    assert task.argument_spec == {**SHARED_OPTIONS, "name": {"type": "str"}}
    assert "name" not in SHARED_OPTIONS
    assert Task(run=lambda *_: {}).argument_spec == SHARED_OPTIONS


def test_every_credential_is_a_shared_option_with_the_same_default() -> None:
    names = set(SHARED_OPTIONS) - {"uri"}
    assert names == set(vars(Credentials()))
    for name in names:
        default = SHARED_OPTIONS[name].get("default")
        assert default == getattr(Credentials(), name), name
    assert SHARED_OPTIONS["password"]["no_log"]


@pytest.mark.parametrize("timeout", [0, -1, 86401, 99999999999])
def test_timeout_that_is_no_time_of_a_day_is_refused(timeout: int) -> None:
    with pytest.raises(HypervisorConnectError) as refused:
        check_options({"timeout": timeout})
    assert str(refused.value) == (
        f"timeout is {timeout}; give it in seconds, from 1 to 86400 (a day)."
    )
    check_options({"timeout": 1})
    check_options({"timeout": 86400})


@pytest.mark.parametrize(
    "options", [{"name": "web\0"}, {"name": "\udc80"}, {"names": ["a", "web\0"]}]
)
def test_text_that_is_no_c_string_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(
        HypervisorConnectError, match=r"^names? holds a NUL character or"
    ):
        check_options({"timeout": 1, **options})
    check_options({"timeout": 1, "name": "Grün \U0001f600", "names": ["a", 1]})


def test_plain_text_has_no_nul_and_no_half_of_a_pair() -> None:
    assert [is_plain(text) for text in ("", "ü\n", "a\0", "\ud83d", "\U0001f600")] == [
        *(True, True, False, False, True)
    ]


def test_failure_is_the_sentence_and_the_hypervisor_s_own_words() -> None:
    bare = HypervisorConnectError("it failed", where="U")
    assert failure(bare, None) == {"msg": "U: it failed."}
    detailed = HypervisorConnectError("it failed", details={"code": 38, "message": "m"})
    assert failure(detailed, None) == {
        "msg": "it failed.",
        "error": {"code": 38, "message": "m"},
    }


def test_failure_holds_no_password_anywhere() -> None:
    error = HypervisorConnectError(
        "fred:hunter2 was refused",
        where="hunter2",
        details={"message": "no: hunter2", "code": 2, "more": {"text": "hunter2"}},
    )
    result = failure(error, "hunter2")
    assert "hunter2" not in json.dumps(result)
    assert result["msg"] == "***: fred:*** was refused."
    assert result["error"]["code"] == 2
    assert failure(error, "")["msg"] == "hunter2: fred:hunter2 was refused."


def test_password_with_what_does_not_print_is_hidden_as_its_escapes_too() -> None:
    error = HypervisorConnectError("no hun\tter2", details={"message": "hun\tter2"})
    assert failure(error, "hun\tter2") == {
        "msg": "no ***.",
        "error": {"message": "***"},
    }


def test_password_of_few_characters_does_not_mask_half_of_all_words() -> None:
    error = HypervisorConnectError("there is no machine named web1")
    for password in ("e", "web"):
        assert failure(error, password)["msg"] == "there is no machine named web1."


def test_password_that_is_a_number_is_hidden_too() -> None:
    """A host variable may be a number: ansible_password: 12345."""
    error = HypervisorConnectError("12345 was refused")
    assert failure(error, 12345)["msg"] == "*** was refused."


# -- run_module: an ordinary module --------------------------------------------------


def test_module_changes_and_in_check_mode_does_not() -> None:
    needs_libvirt()
    options = {"uri": "test:///default", "name": "test", "state": "stopped"}
    code, done, _printed = run("vm", options)
    assert (code, done["changed"], done["vm"]["state"]) == (0, True, "stopped")
    code, would, _printed = run("vm", options, check_mode=True)
    assert (code, would["changed"], would["vm"]["state"]) == (0, True, "running")
    assert done["actions"] == would["actions"] == ["shut_down"]
    assert done.keys() == would.keys()


def test_diff_is_returned_only_where_it_is_asked_for() -> None:
    needs_libvirt()
    options = {"uri": "test:///default", "name": "test", "state": "paused"}
    assert "diff" not in run("vm", options, check_mode=True)[1]
    assert run("vm", options, check_mode=True, diff=True)[1]["diff"] == {
        "before": {"state": "running"},
        "after": {"state": "paused"},
    }


def test_module_fails_in_one_sentence() -> None:
    needs_libvirt()
    code, result, printed = run("vm", {"uri": "test:///default", "name": "nobody"})
    assert code == 1
    assert result["failed"] is True
    assert result["msg"] == (
        "test:///default: there is no machine named nobody; "
        "list the machines with hypervisor.connect.vm_info."
    )
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"uri": "hyperv://127.0.0.1:1/", "name": "a"}, "hyperv://127.0.0.1:1/: "),
        ({"uri": "a b", "name": "a"}, "a b"),
        ({"uri": "test:///default", "name": "a", "timeout": 0}, "timeout is 0"),
        ({"uri": "test:///default", "name": "a\0"}, "name holds a NUL"),
        ({"uri": "test:///default"}, "one of the following is required: name, uuid"),
        (
            {"uri": "test:///default", "name": "a", "uuid": "b"},
            "uuid is 'b', which is no UUID",
        ),
        ({"uri": "test:///default", "name": "a", "colour": "red"}, "colour"),
        ({"uri": "test:///default", "name": "a", "auth": "magic"}, "must be one of"),
    ],
)
def test_bad_options_are_one_sentence(options: dict[str, Any], words: str) -> None:
    code, result, printed = run("vm", options)
    assert code == 1
    assert words in result["msg"]
    assert "Traceback" not in printed


def test_passwords_are_in_nothing_that_a_module_prints() -> None:
    needs_libvirt()
    secrets = {"username": "fred", "password": "hunter2"}
    for uri in ("test:///default", "test+tcp://fred:hunter3@127.0.0.1:1/default"):
        _code, result, printed = run("host_info", {"uri": uri, **secrets})
        assert "hunter2" not in printed
        assert "hunter3" not in printed
        # ansible-core 2.20 and later return it only where that is asked for.
        if "invocation" in result:
            shown = result["invocation"]["module_args"]["uri"]
            assert shown == uri.replace("hunter3", "***")


def test_password_of_a_uri_is_not_printed_with_bad_options_either() -> None:
    uri = "test+tcp://fred:hunter3@127.0.0.1:1/default"
    code, _result, printed = run("host_info", {"uri": uri, "colour": "red"})
    assert code == 1
    assert "colour" in printed
    assert "hunter3" not in printed


def test_secrets_of_a_uri_are_not_written_to_the_system_s_log(tmp_path: Path) -> None:
    """A journal of our own stands in for the system's."""
    (tmp_path / "systemd").mkdir()
    for name, text in {
        "__init__": "",
        "daemon": "def booted():\n    return True\n",
        "journal": "sendv = None\ndef send(**fields):\n"
        f"    with open({str(tmp_path / 'log')!r}, 'a') as file:\n"
        "        print(fields, file=file)\n",
    }.items():
        (tmp_path / "systemd" / f"{name}.py").write_text(text)
    uri = "test+tcp://fred:hunter3@127.0.0.1:1/default?token=hunter4&name=x"
    code, result, _printed = run(
        "host_info",
        {"uri": uri, "password": "hunter2"},
        {"PYTHONPATH": f"{tmp_path}:{BUILD}"},
    )
    log = (tmp_path / "log").read_text()
    assert code == 1
    assert "a URI carries no password" in result["msg"]
    assert "127.0.0.1:1/default" in log
    assert "hunter" not in log


def test_default_uri_is_taken_from_the_environment() -> None:
    needs_libvirt()
    code, result, _printed = run(
        "vm_info", {}, {"LIBVIRT_DEFAULT_URI": "test:///default"}
    )
    assert code == 0
    assert [vm["name"] for vm in result["vms"]] == ["test"]


def test_main_of_each_module_runs_its_task() -> None:
    assert callable(run_module)
    needs_libvirt()
    for module, key in (("host_info", "host"), ("vm_info", "vms")):
        code, result, _printed = run(
            module, {"uri": "test:///default"}, check_mode=True
        )
        assert code == 0
        assert result["changed"] is False
        assert result[key]
