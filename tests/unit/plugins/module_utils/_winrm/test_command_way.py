# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WinRM's configuration by ``winrm``: the command lines, and what is read of the output.

The outputs are those of Windows hosts as far as they are public; see
tests/unit/testbed/test_winrm_program.py for their addresses. tests/integration has the
same through a real sshd.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.hypervisor.connect.plugins.module_utils._core.errors import (
    HypervisorConnectError,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._hypervisor.hypervisor import (
    ConnectionLost,
    OperationFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.applying import (
    NotKept,
    apply_service,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.command_output import (
    CommandFailed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.command_way import (
    LONGEST_LINE,
    CommandWay,
    echoed,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.configuration import (
    Listener,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.plan import (
    Put,
    ServicePlan,
)
from ansible_collections.hypervisor.connect.plugins.module_utils._winrm.way import (
    Ran,
    SessionInUse,
)

CFG = "http://schemas.microsoft.com/wbem/wsman/1/config"
CONFIG = f"""\
<cfg:Config xmlns:cfg="{CFG}"><cfg:MaxTimeoutms>60000</cfg:MaxTimeoutms><cfg:Service>\
<cfg:Auth><cfg:Basic Source="GPO">false</cfg:Basic></cfg:Auth><cfg:IPv6Filter/>\
</cfg:Service></cfg:Config>\r
"""
SERVICE = f"""\
<cfg:Service xmlns:cfg="{CFG}/service" xml:lang="de-DE"><cfg:MaxConnections>25\
</cfg:MaxConnections><cfg:Auth><cfg:Basic>false</cfg:Basic></cfg:Auth>\
<cfg:Unknown>1</cfg:Unknown></cfg:Service>\r
"""
LISTENER = f"""\
<wsman:Results xmlns:wsman="http://schemas.dmtf.org/wbem/wsman/1/wsman/results">\r
<cfg:Listener xmlns:cfg="{CFG}/listener" Source="Compatibility"><cfg:Address>*\
</cfg:Address><cfg:Transport>HTTP</cfg:Transport><cfg:Port>80</cfg:Port>\
<cfg:Hostname/><cfg:Enabled>true</cfg:Enabled><cfg:URLPrefix>wsman</cfg:URLPrefix>\
<cfg:CertificateThumbprint/><cfg:ListeningOn>127.0.0.1</cfg:ListeningOn></cfg:Listener>\r
</wsman:Results>\r
"""
GONE = """\
<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" \
Code="2150858752" Machine="localhost"><f:Message><f:ProviderFault \
provider="Config provider" path="%systemroot%\\system32\\WsmSvc.dll"><f:WSManFault \
Code="2150858752" Machine="hv1"><f:Message>Der Dienst findet die Ressource nicht. \
</f:Message></f:WSManFault></f:ProviderFault></f:Message></f:WSManFault>\r
Fehlernummer:  -2144108544 0x80338000\r
Der Dienst findet die Ressource nicht. \r
"""
FILE = r'"%TEMP%\hypervisor-connect-t0k3n.xml"'
GET = "winrm get winrm/config -format:xml 2>&1"
LIST = "winrm enumerate winrm/config/listener -format:xml 2>&1"


class Host:
    """A host that answers command lines, each from a table, and keeps them."""

    def __init__(self, **_options: Any) -> None:
        self.answers: dict[str, Ran | HypervisorConnectError] = {}
        self.lines: list[str] = []
        self.way = CommandWay(self.run, "hv1", new_token=lambda: "t0k3n")

    def run(self, line: str) -> Ran:
        self.lines.append(line)
        answer = self.answers.get(line, Ran(0))
        if isinstance(answer, HypervisorConnectError):
            raise answer
        return answer


@pytest.fixture
def host() -> Host:
    found = Host()
    found.answers = {GET: Ran(0, CONFIG), LIST: Ran(0, LISTENER)}
    return found


def test_configuration_is_read_with_its_sources(host: Host) -> None:
    found = host.way.read()
    assert found.values == {
        "MaxTimeoutms": 60000,
        "Service/Auth/Basic": False,
        "Service/IPv6Filter": "",
    }
    assert found.sources == {"Service/Auth/Basic": "GPO"}
    assert host.lines == [GET]
    assert host.way.method == "command"


def test_listeners_stand_in_results(host: Host) -> None:
    (found,) = host.way.listeners()
    assert found == Listener(
        "*", "HTTP", 80, listening_on=("127.0.0.1",), source="Compatibility"
    )


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\ufeff",
        "Authorized <users> only\r\n",
        "<Configuration>is not it\r\n",
        "\n\n",
    ],
)
@pytest.mark.parametrize("after", ["", "\r\nGood bye\r\n"])
def test_banner_around_the_xml_does_not_matter(
    host: Host, before: str, after: str
) -> None:
    host.answers[GET] = Ran(0, before + CONFIG + after)
    assert host.way.read().values["MaxTimeoutms"] == 60000


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_output_in_utf16_is_read(host: Host, encoding: str) -> None:
    octets = CONFIG.encode(encoding)
    host.answers[GET] = Ran(0, octets.decode("utf-8", "surrogateescape"))
    assert host.way.read().values["MaxTimeoutms"] == 60000


def test_plain_values_go_by_hash_and_the_answer_is_read(host: Host) -> None:
    line = 'winrm set winrm/config/service @{MaxConnections="25"} -format:xml 2>&1'
    host.answers[line] = Ran(0, SERVICE)
    told = host.way.write("Service", {"Service/MaxConnections": 25})
    assert told == {"Service/MaxConnections": 25}
    assert host.lines == [line]


@pytest.mark.parametrize(
    ("group", "values", "arguments"),
    [
        ("", {"MaxTimeoutms": 1, "MaxBatchItems": 2},
         'winrm/config @{MaxTimeoutms="1";MaxBatchItems="2"}'),
        ("Service/Auth", {"Service/Auth/Basic": True},
         'winrm/config/service/auth @{Basic="true"}'),
        ("Service", {"Service/IPv6Filter": ""}, 'winrm/config/service @{IPv6Filter=""}'),
        ("Service", {"Service/IPv4Filter": "10.0.0.1-10.0.0.9,10.1.0.0-10.1.0.1"},
         'winrm/config/service @{IPv4Filter="10.0.0.1-10.0.0.9,10.1.0.0-10.1.0.1"}'),
    ],
)  # fmt: skip
def test_each_group_has_its_resource(
    host: Host, group: str, values: dict[str, Any], arguments: str
) -> None:
    host.way.write(group, values)
    assert host.lines[0] == f"winrm set {arguments} -format:xml 2>&1"


def test_what_a_shell_could_misread_goes_by_a_file_that_is_removed(host: Host) -> None:
    host.way.write("Service", {"Service/RootSDDL": "O:NSG:BAD:P(A;;GA;;;BA)"})
    body = (
        f'^<p:Service xmlns:p=^"{CFG}/service^"^>^<p:RootSDDL^>O:NSG:BAD:P^(A;;GA;;;BA^)'
        "^</p:RootSDDL^>^</p:Service^>"
    )
    assert host.lines[0] == (
        f">{FILE} echo {body}&&winrm set winrm/config/service -file:{FILE} "
        "-format:xml 2>&1"
    )
    assert host.lines[1] == f"del {FILE}"


def test_file_is_removed_where_the_host_refuses(host: Host) -> None:
    host.run = lambda line: host.lines.append(line) or Ran(1, GONE)  # type: ignore[method-assign, func-returns-value]
    way = CommandWay(host.run, "hv1", new_token=lambda: "t0k3n")
    with pytest.raises(OperationFailed, match="Der Dienst findet"):
        way.write("Service", {"Service/RootSDDL": "O:NSG:BAD:P(A;;GA;;;BA)"})
    assert host.lines[-1] == f"del {FILE}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a&b|c<d>e(f)g^h\"i'j", "a^&b^|c^<d^>e^(f^)g^^h^\"i'j"),
        ("%PATH%!x!", "^&#37;PATH^&#37;^&#33;x^&#33;"),
        ("ä\n\t", "^&#228;^&#10;^&#9;"),
    ],
)
def test_echo_gets_each_character_as_text(text: str, line: str) -> None:
    assert echoed(text) == line


def test_setting_that_the_host_does_not_keep_may_be_written_or_not(host: Host) -> None:
    line = 'winrm set winrm/config/service @{MaxConnections="50"} -format:xml 2>&1'
    host.answers[line] = Ran(0, SERVICE)
    plan = ServicePlan((Put("Service", {"Service/MaxConnections": 50}),))
    with pytest.raises(NotKept) as caught:
        apply_service(host.way, plan)
    text = str(caught.value)
    assert "took service.max_connections: '50' and says that it is '25'" in text
    assert "may be written or not: service.max_connections" in text


def test_answer_that_is_no_xml_is_checked_by_reading_again(host: Host) -> None:
    line = 'winrm set winrm/config @{MaxTimeoutms="60000"} -format:xml 2>&1'
    host.answers[line] = Ran(0, "done\r\n")
    assert host.way.write("", {"MaxTimeoutms": 60000})["MaxTimeoutms"] == 60000
    assert host.lines == [line, GET]


def test_listeners_are_made_changed_and_deleted(host: Host) -> None:
    made = Listener(
        "*", "HTTPS", 5987, "hv1.example.com", certificate_thumbprint="A" * 40
    )
    host.way.create_listener(made)
    host.way.change_listener(made, {"port": 5986, "url_prefix": "a/b"})
    host.way.delete_listener("IP:2001:db8::1", "HTTP")
    place = "winrm/config/Listener?Address=*+Transport=HTTPS"
    assert host.lines == [
        f'winrm create {place} @{{Port="5987";Hostname="hv1.example.com";Enabled="true";'
        f'URLPrefix="wsman";CertificateThumbprint="{"A" * 40}"}} -format:xml 2>&1',
        f'winrm set {place} @{{Port="5986";URLPrefix="a/b"}} -format:xml 2>&1',
        "winrm delete winrm/config/Listener?Address=IP:2001:db8::1+Transport=HTTP "
        "-format:xml 2>&1",
    ]


def test_file_for_a_listener_holds_all_of_it(host: Host) -> None:
    host.way.change_listener(Listener("*", "HTTP", 5985), {"hostname": "hv%1"})
    body = host.lines[0].partition("^<")[2].partition("&&")[0]
    assert body == (
        f'p:Listener xmlns:p=^"{CFG}/listener^"^>^<p:Port^>5985^</p:Port^>^<p:Hostname^>'
        "hv^&#37;1^</p:Hostname^>^<p:Enabled^>true^</p:Enabled^>^<p:URLPrefix^>wsman"
        "^</p:URLPrefix^>^</p:Listener^>"
    )


@pytest.mark.parametrize("address", ["* & del x", 'IP:1"', "IP:%PATH%", ""])
def test_address_that_a_shell_could_misread_is_refused(
    host: Host, address: str
) -> None:
    with pytest.raises(HypervisorConnectError, match="can't be told the address"):
        host.way.delete_listener(address, "HTTP")
    assert host.lines == []


ERRORS = {
    "refused": (
        Ran(1, GONE),
        OperationFailed,
        "hv1: can't read winrm/config: Der Dienst findet die Ressource nicht "
        "(ERROR_WSMAN_RESOURCE_NOT_FOUND, 0x80338000); ",
    ),
    "refused, with code 0": (
        Ran(0, GONE),
        OperationFailed,
        "(ERROR_WSMAN_RESOURCE_NOT_FOUND, 0x80338000)",
    ),
    "refused, as text": (
        Ran(
            1,
            "WSManFault\n    Message = nix\n\n오류 번호:  -2144108387 0x8033809D\nnix \n",
        ),
        OperationFailed,
        "hv1: can't read winrm/config: nix (0x8033809d); see the event log",
    ),
    "access denied": (
        Ran(1, "Error number:  -2147024891 0x80070005\r\nZugriff verweigert \r\n"),
        OperationFailed,
        "hv1: the user has no right to read winrm/config; sign in as an administrator",
    ),
    "service down": (
        Ran(1, "错误编号: -2144108526 0x80338012\r\n...\r\n"),
        CommandFailed,
        "WinRM's service does not run on the host; start it: net start WinRM",
    ),
    "no winrm": (
        Ran(1, "", "'winrm' is not recognized as an internal or external command,\r\n"),
        CommandFailed,
        "can't read winrm/config: the host has no program winrm",
    ),
    "no winrm, in German": (
        Ran(9009, 'Der Befehl "winrm" ist entweder falsch geschrieben oder\r\n'),
        CommandFailed,
        "the host has no program winrm",
    ),
    "no Windows": (
        Ran(127, "", "sh: 1: powershell.exe: not found\n"),
        CommandFailed,
        "no PowerShell and no cmd.exe ('sh: 1: powershell.exe: not found'); check that "
        "it is a Windows host, and set ansible_shell_type",
    ),
    "another code": (
        Ran(3, "oops\r\n\r\nagain"),
        CommandFailed,
        "the command ended with code 3: 'oops again'; see what winrm get",
    ),
    "nothing": (
        Ran(0, ""),
        CommandFailed,
        "winrm prints no Config, but nothing at all",
    ),
    "garbage": (Ran(0, "x" * 999), CommandFailed, "no Config, but 'xxx"),
    "cut off": (
        Ran(0, CONFIG[:99]),
        CommandFailed,
        "what winrm prints can't be read: no well-formed XML",
    ),
    "a document type": (
        Ran(0, f"<!DOCTYPE x><x>{CONFIG}</x>".replace("<x>", "<Config>")),
        CommandFailed,
        "can't be read",
    ),
}


@pytest.mark.parametrize("case", ERRORS)
def test_each_failure_is_one_sentence(host: Host, case: str) -> None:
    host.answers[GET], kind, said = ERRORS[case]
    with pytest.raises(kind) as caught:
        host.way.read()
    sentence = str(caught.value)
    assert said in sentence
    assert sentence.startswith("hv1: ")
    assert len(sentence.splitlines()) == 1
    assert host.way.refused is caught.value


def test_failure_after_the_first_answer_is_no_refusal_of_the_way(host: Host) -> None:
    host.way.read()
    host.answers[GET] = Ran(0, "")
    with pytest.raises(CommandFailed):
        host.way.read()
    assert host.way.refused is None


def test_lost_connection_says_during_what(host: Host) -> None:
    line = 'winrm set winrm/config/winrs @{IdleTimeout="60000"} -format:xml 2>&1'
    host.answers[line] = ConnectionLost("ssh does not work")
    host.way.read()
    with pytest.raises(ConnectionLost) as caught:
        host.way.write("Winrs", {"Winrs/IdleTimeout": 60000})
    assert str(caught.value) == (
        "hv1: can't write winrs.idle_timeout_ms to winrm/config/winrs: ssh does not work."
    )


def test_line_that_is_too_long_is_refused_before_it_is_sent(host: Host) -> None:
    entries = "(A;;GA;;;BA)" * (LONGEST_LINE // 10)
    with pytest.raises(OperationFailed, match=r"longer than .* use method=wsman"):
        host.way.write("Service", {"Service/RootSDDL": f"O:NSG:BAD:P{entries}"})


def test_names_come_with_the_dns_suffix(host: Host) -> None:
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\Tcpip\Parameters"
    host.answers["hostname"] = Ran(0, "HV1\r\n")
    assert host.way.names() == ("HV1",)
    host.answers[f"reg query {key} /v Domain"] = Ran(
        0,
        "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\Parameters"
        "\r\n    Domain    REG_SZ    example.com\r\n\r\n",
    )
    assert host.way.names() == ("HV1.example.com", "HV1")


MY = r"SOFTWARE\Microsoft\SystemCertificates\MY"


def test_certificates_are_the_blobs_of_the_registry(host: Host) -> None:
    mark = "ab" * 20
    host.answers[rf"reg query HKLM\{MY}\Certificates /s"] = Ran(
        0,
        f"\r\nHKEY_LOCAL_MACHINE\\{MY}\\Certificates\\{mark}\r\n"
        "    Blob    REG_BINARY    0300FF\r\n    Other name    REG_SZ\r\n\r\n",
    )
    assert host.way.certificates() == {mark.upper(): b"\x03\x00\xff"}


def test_store_without_certificates_is_empty_and_one_that_is_closed_an_error(
    host: Host,
) -> None:
    refused = Ran(1, "", "FEHLER: Zugriff verweigert\r\n")
    host.answers[rf"reg query HKLM\{MY}\Certificates /s"] = refused
    assert host.way.certificates() == {}
    host.answers[rf"reg query HKLM\{MY}"] = refused
    with pytest.raises(CommandFailed, match="Zugriff verweigert"):
        host.way.certificates()


def test_blob_that_is_no_number_is_an_error(host: Host) -> None:
    host.answers[rf"reg query HKLM\{MY}\Certificates /s"] = Ran(
        0,
        f"HKEY_LOCAL_MACHINE\\{MY}\\Certificates\\{'AB' * 20}\r\n    Blob    REG_BINARY    zz\r\n",
    )
    with pytest.raises(HypervisorConnectError, match="cut off the Blob of ABAB"):
        host.way.certificates()


def test_commands_run_as_they_are_and_their_code_is_no_error(host: Host) -> None:
    host.answers["ver"] = Ran(3, "\ufeffa\x00", "b")
    assert host.way.run("ver").rc == 3


def test_session_is_the_one_of_the_connection() -> None:
    session = SessionInUse("ntlm", "http", True, 5985, "hv1", shell=True)
    assert CommandWay(lambda _line: Ran(0), "hv1", session).session is session
    assert CommandWay(lambda _line: Ran(0), "hv1").session is None
