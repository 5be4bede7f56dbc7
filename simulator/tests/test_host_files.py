# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and folders of the host: CIM_DataFile, Win32_Directory, and who shares them."""

from __future__ import annotations

from typing import Any

import pytest
from wmi_client import CIMV2, Client, client, values

from hvsim import files as tree
from hvsim.faults import Code, Fault
from hvsim.files import Exists, Files, InUse, NotFound
from hvsim.interpreter import Host, Memory, State, run
from hvsim.model import host_files
from hvsim.model.images import Image

FILE, DIRECTORY = "CIM_DataFile", "Win32_Directory"
OLD = r"C:\VMs\vm0002\vm0002.vhdx"
RUNNING = r"C:\VMs\vm0001\vm0001.vhdx"
ISO = r"C:\ISO\debian-12.iso"


@pytest.fixture
def host() -> Client:
    return client(job_seconds=10)


def literal(path: str) -> str:
    return path.replace("\\", "\\\\")


def named(host: Client, path: str, class_name: str = FILE) -> list[dict[str, Any]]:
    text = f"SELECT * FROM {class_name} WHERE Name = '{literal(path)}'"
    return host.query(text, CIMV2)


def call(
    host: Client, path: str, method: str, target: str = "", class_name: str = FILE
) -> int:
    content = f"<p:FileName>{target}</p:FileName>" if target else ""
    output = host.invoke(CIMV2 + class_name, method, content, Name=path)
    return int(values(output)["ReturnValue"])


# Reading


def test_file_is_found_by_its_name_in_any_case(host: Client) -> None:
    (found,) = named(host, OLD.upper())
    assert found["Name"] == OLD
    assert found["FileSize"] == str(host.model.files.size(OLD))
    assert (found["Drive"], found["Path"]) == ("c:", "\\vms\\vm0002\\")
    assert (found["FileName"], found["Extension"]) == ("vm0002", "vhdx")
    assert host.get(CIMV2 + FILE, Name=ISO)["Extension"] == "iso"
    assert not named(host, r"C:\none.vhdx")
    assert not named(host, r"C:\VMs")
    with pytest.raises(Fault) as caught:
        host.get(CIMV2 + FILE, Name=r"C:\none.vhdx")
    assert caught.value.code == Code.RESOURCE_NOT_FOUND


def test_question_by_name_looks_at_no_other_file(
    host: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    original = host_files._file

    def counted(model: Any, path: str) -> Any:
        made.append(path)
        return original(model, path)

    monkeypatch.setattr(host_files, "_file", counted)
    named(host, OLD)
    host.get(CIMV2 + FILE, Name=OLD)
    call(host, OLD, "Delete")
    assert made == [OLD] * 3
    either = f"Name = '{literal(ISO)}' OR Name = '{literal(RUNNING.upper())}'"
    again = f"SELECT Name FROM CIM_DataFile WHERE {either} OR Name = 'C:\\\\none'"
    assert len(host.query(again, CIMV2)) == 2
    assert made[3:] == [ISO, RUNNING]
    host.query(f"SELECT * FROM CIM_DataFile WHERE Drive = 'c:' AND ({either})", CIMV2)
    assert made[3:] == [ISO, RUNNING] * 2
    host.query("SELECT * FROM CIM_DataFile WHERE Extension = 'iso'", CIMV2)
    assert len(made) > 10


def test_folder_lists_its_files_and_folders(host: Client) -> None:
    where = r"WHERE Drive = 'C:' AND Path = '\\VMs\\vm0003\\'"
    found = host.query(f"SELECT Name FROM {FILE} {where}", CIMV2)
    assert [row["Name"] for row in found] == [
        r"C:\VMs\vm0003\vm0003-data.vhdx",
        r"C:\VMs\vm0003\vm0003.vhdx",
    ]
    assert not host.query(f"SELECT * FROM {FILE} {where} AND Drive = 'D:'", CIMV2)
    where = r"WHERE Path = '\\VMs\\'"
    found = host.query(f"SELECT Name FROM {DIRECTORY} {where}", CIMV2)
    assert r"C:\VMs\vm0003" in [row["Name"] for row in found]
    assert not host.query(f"SELECT * FROM {FILE} WHERE Path = '\\\\No\\\\'", CIMV2)


def test_folder_is_found_by_its_name(host: Client) -> None:
    (found,) = named(host, r"c:\vms", DIRECTORY)
    assert (found["Name"], found["Path"], found["FileName"]) == (
        r"C:\VMs",
        "\\",
        "VMs",
    )
    assert found["FileSize"] is None
    (root,) = named(host, "C:\\", DIRECTORY)
    assert root["Name"] == "C:\\"
    assert named(host, r"C:\VMs", "CIM_Directory")
    assert not named(host, OLD, DIRECTORY)
    everything = host.query(f"SELECT Name FROM {DIRECTORY}", CIMV2)
    assert {"Name": r"C:\Users\Public"} in everything


def test_folders_where_the_host_puts_disks_and_machines_are_there(
    host: Client,
) -> None:
    (settings,) = host.query(
        "SELECT * FROM Msvm_VirtualSystemManagementServiceSettingData"
    )
    for name in ("DefaultVirtualHardDiskPath", "DefaultExternalDataRoot"):
        assert named(host, settings[name], DIRECTORY), settings[name]


# Changing


def test_file_is_deleted(host: Client) -> None:
    assert call(host, OLD, "Delete") == 0
    assert not named(host, OLD)
    assert host.model.images.find(OLD) is None


@pytest.mark.parametrize("path", [RUNNING, ISO])
def test_file_that_a_running_machine_holds_is_not_changed(
    host: Client, path: str
) -> None:
    host.model.machine("vm0001").configuration.drives[1].path = ISO
    assert call(host, path, "Delete") == 15
    assert call(host, path, "Rename", r"C:\VMs\other.vhdx") == 15
    copied = call(host, path, "Copy", r"C:\VMs\other.vhdx")
    assert copied == (0 if path == ISO else 15)
    assert named(host, path)


def test_parent_of_a_running_disk_is_held_too(host: Client) -> None:
    machine = host.model.machine("vm0010")
    chain = list(host.model.images.chain(machine.configuration.drives[0].path or ""))
    assert len(chain) == 3
    assert call(host, chain[-1].path, "Delete") == 15
    assert call(host, chain[-1].path, "Copy", r"C:\VMs\copy.vhdx") == 0
    assert call(host, chain[0].path, "Copy", r"C:\VMs\leaf.avhdx") == 15
    host.change("vm0010", 3)
    host.clock.advance(11)
    assert call(host, chain[-1].path, "Delete") == 0


@pytest.mark.parametrize(
    ("method", "target", "code"),
    [
        ("Rename", r"C:\VMs\new name.vhdx", 0),
        ("Rename", RUNNING, 10),
        ("Rename", r"C:\Nowhere\new.vhdx", 9),
        ("Rename", r"D:\new.vhdx", 13),
        ("Rename", "new.vhdx", 21),
        ("Copy", r"C:\VMs\new name.vhdx", 0),
        ("Copy", RUNNING, 10),
        ("Copy", r"C:\Nowhere\new.vhdx", 9),
        ("Copy", "new.vhdx", 21),
    ],
)
def test_file_is_renamed_and_copied(
    host: Client, method: str, target: str, code: int
) -> None:
    image = host.model.images.find(OLD)
    assert image is not None
    assert call(host, OLD, method, target) == code
    stays = method == "Copy" or code != 0
    assert bool(named(host, OLD)) == stays
    if code == 0:
        (found,) = named(host, target)
        assert found["FileSize"] == str(image.size)
        new = host.model.images.find(target)
        assert new is not None
        assert (new.path, new.capacity) == (target, image.capacity)


def test_rename_without_a_name_is_an_invalid_parameter(host: Client) -> None:
    assert call(host, OLD, "Rename") == 21


def test_folder_is_moved_and_deleted_with_all_in_it(host: Client) -> None:
    folder, new = r"C:\VMs\vm0002", r"C:\Store"
    assert call(host, folder, "Rename", new, DIRECTORY) == 0
    assert not named(host, folder, DIRECTORY)
    assert host.model.images.find(r"C:\Store\vm0002.vhdx")
    assert call(host, new, "Copy", r"C:\Store 2", DIRECTORY) == 0
    assert call(host, new, "Delete", "", DIRECTORY) == 0
    assert not named(host, r"C:\Store\vm0002.vhdx")
    assert named(host, r"C:\Store 2\vm0002.vhdx")
    assert call(host, r"C:\VMs\vm0001", "Delete", "", DIRECTORY) == 15
    assert named(host, RUNNING)


def test_what_belongs_to_windows_stays(host: Client) -> None:
    assert call(host, r"C:\Windows\System32\cmd.exe", "Delete") == 2
    assert call(host, r"C:\Windows", "Delete", "", DIRECTORY) == 2
    assert call(host, "C:\\", "Rename", r"C:\x", DIRECTORY) == 2


# Processes and shells


def create_process(host: Client, line: str, directory: str = "") -> int:
    content = f"<p:CommandLine>{line}</p:CommandLine>"
    if directory:
        content += f"<p:CurrentDirectory>{directory}</p:CurrentDirectory>"
    output = host.invoke(CIMV2 + "Win32_Process", "Create", content)
    return int(values(output)["ReturnValue"])


def test_folder_is_made_by_a_process(host: Client) -> None:
    assert create_process(host, 'cmd.exe /c mkdir "C:\\New\\one two"') == 0
    assert not named(host, r"C:\New", DIRECTORY)
    lines = "SELECT CommandLine FROM Win32_Process"
    assert any("mkdir" in row["CommandLine"] for row in host.query(lines, CIMV2))
    host.clock.advance(1)
    assert named(host, r"C:\New\one two", DIRECTORY)
    assert not any("mkdir" in row["CommandLine"] for row in host.query(lines, CIMV2))


def test_process_works_in_its_directory_and_fails_unseen(host: Client) -> None:
    assert create_process(host, "cmd /c mkdir here", r"C:\VMs") == 0
    assert create_process(host, r"cmd /c mkdir Q:\x") == 0
    assert create_process(host, "cmd /c mkdir x", r"C:\Nowhere") == 9
    host.clock.advance(1)
    assert named(host, r"C:\VMs\here", DIRECTORY)
    assert not named(host, r"Q:\x", DIRECTORY)


def test_process_is_done_at_once_where_jobs_are() -> None:
    at_once = client(job_seconds=0)
    assert create_process(at_once, r"cmd /c mkdir C:\New") == 0
    assert named(at_once, r"C:\New", DIRECTORY)


def typed(host: Client, line: str) -> tuple[int, str, str]:
    memory = Memory()
    state = State(Host(files=host.model.files), "Administrator")
    code = run(line, state, memory)
    return code, "".join(memory.out), "".join(memory.err)


def test_shell_sees_the_images_and_can_not_delete_those_in_use(host: Client) -> None:
    code, out, _ = typed(host, r"dir /b C:\VMs\vm0003")
    assert (code, out) == (0, "vm0003-data.vhdx\r\nvm0003.vhdx\r\n")
    assert typed(host, f"del {OLD}") == (0, "", "")
    assert host.model.images.find(OLD) is None
    assert "being used by another process" in typed(host, f"del {RUNNING}")[2]
    assert typed(host, f"echo x > {RUNNING}")[0] == 1
    assert host.model.images.find(RUNNING)
    _, _, err = typed(host, f"powershell Remove-Item {RUNNING}")
    assert "being used by another process" in err
    _, _, err = typed(host, f"powershell Set-Content {RUNNING} x")
    assert "being used by another process" in err


def test_shell_deletes_what_a_machine_held_until_a_moment_ago(host: Client) -> None:
    host.change("vm0001", 3)
    assert "being used by another process" in typed(host, f"del {RUNNING}")[2]
    host.clock.advance(11)
    assert typed(host, f"del {RUNNING}") == (0, "", "")
    assert not host.model.files.is_file(RUNNING)


def test_shell_removes_folders(host: Client) -> None:
    assert typed(host, r"rd C:\VMs\vm0002")[2] == "The directory is not empty.\r\n"
    assert typed(host, r"rmdir /s /q C:\VMs\vm0002") == (0, "", "")
    assert not host.model.files.is_directory(r"C:\VMs\vm0002")
    assert typed(host, r"rd C:\VMs\vm0002")[0] == 2
    assert "being used" in typed(host, r"rd /s C:\VMs\vm0001")[2]
    assert typed(host, r"mkdir Q:\x")[0] == 1


# The tree itself


def test_files_move_with_their_folder_and_keep_what_they_are() -> None:
    files = Files()
    files.make_directory(r"C:\a\b")
    files.write(r"C:\a\b\text", b"x")
    files.place(Image(r"C:\a\disk.vhdx", 4096))
    files.place(Image(r"E:\far\disk.vhdx", 1))
    files.rename(r"c:/A", r"C:\z")
    assert files.read(r"C:\z\b\text") == b"x"
    disk = files.file(r"C:\Z\DISK.VHDX")
    assert isinstance(disk, Image)
    assert disk.path == r"C:\z\disk.vhdx"
    assert files.entries(r"C:\z") == [("b", None), ("disk.vhdx", 4096)]
    assert files.read(r"C:\z\disk.vhdx") == b""
    assert files.is_directory(r"E:\far")
    files.write(r"C:\z\disk.vhdx", b"abc")
    assert files.size(r"C:\z\disk.vhdx") == 3
    assert not files.is_file(r"C:\a\b\text")
    assert set(tree.START) <= set(files.all_directories())
    assert (r"C:\z\b\text", b"x") in files.all_files()


def test_what_the_tree_refuses() -> None:
    files = Files()
    files.make_directory(r"C:\a")
    files.write(r"C:\a\held", b"x")
    files.is_held = lambda path: path.lower().endswith("held")
    with pytest.raises(InUse):
        files.remove(r"C:\a\held")
    with pytest.raises(InUse):
        files.rename(r"C:\a", r"C:\b")
    with pytest.raises(InUse):
        files.remove_directory(r"C:\a")
    with pytest.raises(Exists):
        files.rename(r"C:\a\held", r"C:\a")
    with pytest.raises(NotFound):
        files.copy(r"C:\a\none", r"C:\a\x")
    with pytest.raises(NotFound):
        files.remove_directory(r"C:\none")
    with pytest.raises(NotFound):
        files.size(r"C:\a")
    files.remove(r"C:\a\held", by_holder=True)
    files.remove_directory(r"C:\a")
    assert not files.is_directory(r"C:\a")
