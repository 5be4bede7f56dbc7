# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused before anything is opened, and what the remote side opens."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._uri.parameters import (
    EVERY_TRANSPORT,
    PARAMETERS,
    TRANSPORTS,
    Parameter,
    Transport,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.transport import (
    check_connectable,
    is_on,
    remote_name,
    transport_of,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._uri.uri import (
    ConnectionUri,
    InvalidUri,
)

FACTS = Path(__file__).resolve().parents[5] / ".." / "shared" / "facts"


def refusal(text: str) -> str | None:
    """The sentence that refuses the URI; None if it may be opened."""
    try:
        check_connectable(ConnectionUri.parse(text))
    except InvalidUri as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "text",
    [
        # Every URI of libvirt's pages.
        "test:///default",
        "test:///path/to/host/definitions",
        "xen:///system",
        "xen:///",
        "qemu:///system",
        "qemu:///session",
        "qemu+ssh://root@hail.cloud.example.com/system",
        "qemu+ssh://root@sleet.cloud.example.com/system",
        "xen+ssh://rjones@towada/system",
        "xen://towada/system",
        "xen://towada/system?no_verify=1",
        "xen://oirase/",
        "xen+ssh://oirase/",
        "test+tcp://oirase/default",
        "qemu+unix:///system?socket=/opt/libvirt/run/libvirt/libvirt-sock",
        "test+tcp://localhost:5000/default",
        "qemu+libssh2://user@host/system?known_hosts=/home/user/.ssh/known_hosts",
        "qemu+libssh://user@host/system?known_hosts=/home/user/.ssh/known_hosts",
        "qemu+ssh://h/system?name=qemu:///system",
        "qemu+ssh://h/system?command=/opt/openssh/bin/ssh",
        "qemu+ssh://h/system?no_verify=1&no_tty=1",
        "qemu+libssh://h/system?known_hosts_verify=ignore&sshauth=privkey,agent",
        "qemu+tls://h/system?tls_priority=NORMAL:-VERS-SSL3.0",
        "qemu+tls://h/system?no_verify=1&pkipath=/etc/pki/client",
        "qemu+unix:///system?mode=direct",
        "qemu+ext://h/system?command=/bin/tunnel",
        "qemu+ssh://h/system?proxy=native",
        "qemu+ssh://h/system?netcat=/opt/netcat/bin/nc",
        "qemu+ssh://h/system?keyfile=/root/.ssh/example_key",
        "hyperv://example-hyperv.com",
        "hyperv://example-hyperv.com/?transport=http",
        # And others that libvirt takes.
        "lxc:///",
        "vpx://root@vc/dc1/folder/cluster/host?no_verify=1&auto_answer=0",
        "esx://h/?transport=http&proxy=socks://p:1080",
        "qemu+SSH://%C3%A9ric@[fe80::1%25eth0]:22/system",
        "qemu+ssh://DOMAIN%5Cadmin@h/system",
        "qemu+ssh://h/system?Mode=legacy&proxy=netcat&netcat=nc",
        "qemu+ssh://h/system?mode=direct&socket=/run/s",
        "qemu+ssh://h/system?no_verify=%20-1",
        "qemu+tcp://h/system?auth=sasl.gssapi&authfile=/a",
        "qemu:///system?unknown=passes",
        "qemu:///embed?root=/var/lib/embed",
        "remote+ssh://h/",
        "future+ssh://h/",
        "hyperv://u@h:5985/?transport=http&auth=ntlm&no_verify=1&ca_path=/ca&authfile=/a",
    ],
)
def test_what_libvirt_documents_may_be_opened(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hail", "names no driver"),
        ("xen", "legacy name of Xen.*write xen:///system"),
        ("///var/run/xend/xend-socket", "socket of Xen's xend.*write xen:///system"),
        ("http://oirase:8000/", r"xend.*write xen\+ssh://oirase/system"),
        ("QEMU:///system", "lower case.*write qemu"),
        ("qmeu:///system", 'no driver "qmeu".*write qemu'),
        ("https://h/", "no driver.*write hyperv://HOST/"),
        ("qemu+bogus://h/", 'no transport "bogus".*ssh, libssh, libssh2, tls'),
        ("qemu+://h/", 'no transport ""'),
        ("qemu+unix://h/system", "does not leave this machine"),
        ("qemu+ext://h/system", "needs a command"),
        ("qemu+ssh://-oProxyCommand=x/system", "hostname begins with a -"),
        ("qemu+ssh://-lroot@h/system", "user begins with a -"),
        ("qemu+ssh://u:p@h/system", "carries no password"),
        ("qemu+ssh://@h/system", "user before the @ is empty"),
        ("qemu+ssh://%00@h/system", "user before the @ is empty"),
        ("qemu+ssh://h%20x/system", "hostname holds characters"),
        ("qemu+ssh://h%C3%A9/system", "write its xn-- form"),
        ("qemu+ssh://h:65536/system", "no port 65536"),
        ("hyperv://user@host:99999/", "no port 99999"),
        ("qemu+ssh://h/a%0Ab", "control or invisible"),
        ("qemu+ssh://u%E2%80%AEv@h/", "control or invisible"),
        ("qemu://system/", "write qemu:///system"),
        ("qemu:///embed", "absolute root directory"),
        ("qemu+unix:///embed?root=/x", "takes no transport"),
        ("hyperv+ssh://h/", "client-side driver"),
        ("hyperv+bogus://h/", "client-side driver"),
        ("hyperv://", "needs a hostname"),
        ("esx:///", "needs a hostname"),
        ("esx+ssh://h/", "client-side driver"),
        ("hyperv://h/?transport=ftp", "no value of transport.*http, https"),
        ("hyperv://h/?transport=HTTP", "no value of transport"),
        ("hyperv://h/?auth=digest", "no value of auth.*basic, ntlm"),
        ("hyperv://h/?no_verify=yes", "no value of no_verify"),
        ("hyperv://h/?keyfile=/k", "hyperv driver ignores the parameter keyfile"),
        ("qemu+ssh://h/?known_hosts=/k", "libssh or libssh2, or command="),
        ("qemu+ssh://h/?Known_Hosts=/k", "ssh transport ignores"),
        ("qemu+libssh://h/?no_verify=1", "use the transport ssh or tls"),
        ("qemu+libssh://h/?command=/x", "use the transport ssh or ext"),
        ("qemu+tcp://h/?mode=direct", "tcp transport ignores"),
        ("qemu://h/?sshauth=agent", "tls transport ignores"),
        ("qemu:///system?keyfile=/k", "unix transport ignores"),
        ("qemu+ssh://h/?mode=bogus", "no value of mode.*auto, direct, legacy"),
        ("qemu+ssh://h/?mode=DIRECT", "no value of mode"),
        ("qemu+ssh://h/?proxy=", "no value of proxy"),
        ("qemu+ssh://h/?no_tty=", "no value of no_tty"),
        ("qemu+ssh://h/?no_tty=1x", "no value of no_tty"),
        ("qemu+ssh://h/?no_tty=2147483648", "no value of no_tty"),
        ("qemu+ssh://h/?keyfile=", "keyfile has no value"),
        (
            "qemu+ssh://h/?keyfile=~/.ssh/x",
            '"~/.ssh/x" is no value of keyfile; give an',
        ),
        ("qemu+libssh://h/?keyfile=id_rsa", '"id_rsa" is no value of keyfile'),
        ("qemu+ssh://h/?auth=ntlm", "give sasl"),
        ("qemu+libssh://h/?sshauth=agent,bogus", "no value of sshauth"),
        ("qemu+libssh://h/?known_hosts_verify=no", "no value of known_hosts_verify"),
        ("qemu+libssh://h/?known_hosts=known", "absolute path"),
        ("qemu+ssh://h/?mode=direct", "no mode=direct over ssh"),
        ("qemu+libssh2://h/?proxy=native&netcat=nc", "no meaning with proxy=native"),
        ("qemu+ssh://h/?socket=/a%3Bid", "socket holds a character"),
        ("qemu+ssh://h/?socket=$(id)", "socket holds a character"),
        ("qemu+ssh://h/?netcat=nc'%20x", "netcat holds a character"),
        ("qemu+ssh://h/?netcat=-x", "netcat begins with a -"),
        ("qemu+ssh://h/?name=a%26id", "name holds a character"),
        ("qemu+ssh://h/a'b", "the path holds a character"),
        ("qemu+ssh://h/?a%27b=1", "the name of a parameter holds"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(text: str, reason: str) -> None:
    sentence = refusal(text)
    assert sentence is not None
    assert re.search(reason, sentence)
    assert sentence.isprintable()
    assert sentence.endswith(".")


def test_recorded_command_lines_of_libvirt_agree() -> None:
    path = FACTS / "libvirt_ssh_argv.json"
    if not path.exists():
        pytest.skip("the recorded command lines are not beside this checkout")
    for case in json.loads(path.read_text()):
        text = case["uri"]
        if "ssh_argv" in case and "known_hosts" not in text and "://-" not in text:
            uri = ConnectionUri.parse(text)
            assert refusal(text) is None, text
            helper = f"virt-ssh-helper '{remote_name(uri)}'"
            assert helper in case["ssh_argv"][-1] or "netcat" in text, text
        elif re.match(
            "Operation not supported|invalid argument|internal", case.get("error", "")
        ):
            assert refusal_of_any(text), text


def refusal_of_any(text: str) -> str | None:
    try:
        return refusal(text)
    except InvalidUri as error:
        return str(error)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("qemu+ssh://root@h:22/system?no_tty=1&mode=auto", "qemu:///system"),
        ("qemu+tls://h/system?name=xen:///&name=lxc:///", "lxc:///"),
        ("qemu+ssh://h/system?foo=/&authfile=x#f", "qemu:///system?foo=%2F#f"),
        ("xen://h", "xen://"),
        ("remote+ssh://h/", ""),
        ("QEMU+ssh://h/", "QEMU:///"),
    ],
)
def test_remote_name_is_what_the_remote_side_opens(text: str, name: str) -> None:
    assert remote_name(ConnectionUri.parse(text)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("qemu+SSH://h/", "ssh"),
        ("qemu://h/", "tls"),
        ("qemu:///system", "unix"),
        ("hyperv://h/", None),
    ],
)
def test_transport_of_knows_libvirts_defaults(text: str, name: str | None) -> None:
    transport = transport_of(ConnectionUri.parse(text))
    assert (transport and transport.name) == name


def test_the_table_is_whole() -> None:
    named = {name for transport in TRANSPORTS.values() for name in transport.parameters}
    assert named | set(EVERY_TRANSPORT) == set(PARAMETERS)
    assert [name for name, t in TRANSPORTS.items() if t.is_ssh] == [
        "ssh",
        "libssh",
        "libssh2",
    ]
    assert {t.port for t in TRANSPORTS.values()} == {None, 22, 16509, 16514}
    assert all(isinstance(transport, Transport) for transport in TRANSPORTS.values())
    for parameter in PARAMETERS.values():
        assert isinstance(parameter, Parameter)
        if parameter.values and parameter.default:
            assert set(parameter.default.split(",")) <= set(parameter.values)


def test_a_flag_is_on_for_any_integer_but_zero() -> None:
    assert [is_on(value) for value in ("1", "-1", " +2", "0", "00")] == [
        *(True, True, True, False, False)
    ]
