# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""winrm/config: what can be read and written, what is refused, and what it does."""

from __future__ import annotations

import http.client
import os
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from hvsim.settings import Settings

CONFIG = "http://schemas.microsoft.com/wbem/wsman/1/config"
FACTS = Path(__file__).parents[3] / "shared" / "facts"
BASIC = {"Service/Auth/Basic": "true", "Service/AllowUnencrypted": "true"}


def element(name: str, inner: str = "", *, uri: str = CONFIG) -> str:
    return f'<c:{name} xmlns:c="{uri}">{inner}</c:{name}>'


def put(client: Any, path: str, **values: str) -> Any:
    name = path.rpartition("/")[2].capitalize() or "Config"
    inner = "".join(f"<c:{key}>{value}</c:{key}>" for key, value in values.items())
    uri = f"{CONFIG}/{path}".rstrip("/")
    return client.ask("x:Put", uri, element(name, inner, uri=uri))


def test_config_is_that_of_a_recorded_windows(client: Any) -> None:
    capture = FACTS / "captures/pypsrp/wsman_update_envelope_size_500_01_response.xml"
    if not capture.exists():
        pytest.skip("the recorded answers lie beside the checkout, and are not there")

    def body(data: bytes) -> str:
        text = re.sub(rb".*<s:Body>|</s:Body>.*", b"", data, flags=re.DOTALL).decode()
        owners = r"(<cfg:(Basic|CredSSP|AllowUnencrypted)>)\w+"
        return re.sub(owners, r"\1...", text.strip())

    recorded = body(capture.read_bytes())
    assert body(client.ask("x:Get", CONFIG).data) == recorded


@pytest.mark.parametrize(
    ("path", "name", "first", "count"),
    [
        ("client", "Client", "NetworkDelayms", 6),
        ("client/auth", "Auth", "Basic", 6),
        ("client/defaultports", "DefaultPorts", "HTTP", 2),
        ("service", "Service", "RootSDDL", 15),
        ("service/auth", "Auth", "Basic", 6),
        ("Service/Auth", "Auth", "Basic", 6),
        ("service/defaultports", "DefaultPorts", "HTTP", 2),
        ("winrs", "Winrs", "AllowRemoteShellAccess", 7),
    ],
)
def test_part_of_config_has_its_own_namespace(
    client: Any, path: str, name: str, first: str, count: int
) -> None:
    found = client.ask("x:Get", f"{CONFIG}/{path}").root[1][0]
    assert found.tag == f"{{{CONFIG}/{path.lower()}}}{name}"
    assert found[0].tag == f"{{{CONFIG}/{path.lower()}}}{first}"
    assert len(found) == count


def test_unknown_part_of_config_is_an_unknown_resource(client: Any) -> None:
    assert client.ask("x:Get", CONFIG + "/soap").code == 2150858811
    assert client.ask("x:Get", CONFIG, selectors={"A": "1"}).code == 2150858843
    assert client.ask("x:Delete", CONFIG).code == 2150858771


def test_partial_put_changes_what_it_names_and_returns_all(client: Any) -> None:
    answer = put(client, "service", MaxConnections="25")
    assert answer.text("{*}MaxConnections") == "25"
    assert answer.text("{*}EnumerationTimeoutms") == "240000"
    assert client.ask("x:Get", CONFIG).text("{*}MaxConnections") == "25"


@pytest.mark.parametrize(
    "uri", [CONFIG, CONFIG + "/service/auth", CONFIG + "/service/auth.xsd"]
)
def test_put_takes_the_namespaces_that_clients_send(client: Any, uri: str) -> None:
    body = element("auth", "<c:credssp>True</c:credssp>", uri=uri)
    answer = client.ask("x:Put", CONFIG + "/Service/Auth", body)
    assert answer.text("{*}CredSSP") == "true"


def test_whole_service_can_be_written_back_as_it_was_read(client: Any) -> None:
    whole = client.ask("x:Get", CONFIG + "/service").data
    body = re.sub(rb".*<s:Body>|</s:Body>.*", b"", whole, flags=re.DOTALL).decode()
    changed = body.replace(">1500<", ">1400<")
    answer = client.ask("x:Put", CONFIG + "/service", changed)
    assert answer.text("{*}MaxConcurrentOperationsPerUser") == "1400"


@pytest.mark.parametrize(
    ("path", "name", "value", "code"),
    [
        ("", "MaxEnvelopeSizekb", "31", 2150858817),
        ("", "MaxEnvelopeSizekb", "big", 2150858817),
        ("", "MaxEnvelopeSizekb", "", 2150858817),
        ("", "MaxTimeoutms", "499", 2150858817),
        ("", "MaxProviderRequests", "5", 2150859182),
        ("", "Nothing", "5", 2150858817),
        ("client", "TrustedHosts", "a b", 2150858817),
        ("client", "TrustedHosts", "*a*.b", 2150858817),
        ("client", "TrustedHosts", "a.example, *.b.example,&lt;local&gt;", 0),
        ("client", "URLPrefix", "/wsman/", 2150858817),
        ("service", "AllowUnencrypted", "yes", 2150858817),
        ("service", "MaxConcurrentOperations", "5", 2150859182),
        ("service", "MaxConcurrentOperations", "4294967295", 0),
        ("service", "AllowRemoteAccess", "false", 2150859071),
        ("service", "IPv4Filter", "10.0.0.9-10.0.0.1", 2150858817),
        ("service", "IPv4Filter", "10.0.0.1-10.0.0.9,127.0.0.0-127.9.9.9", 0),
        ("service", "CertificateThumbprint", "12", 2150858817),
        ("service", "RootSDDL", "everybody", 2150858817),
        ("service/auth", "CbtHardeningLevel", "Loose", 2150858817),
        ("winrs", "IdleTimeout", "59999", 2150858817),
        ("winrs", "MaxShellRunTime", "1", 2150859071),
    ],
)
def test_put_checks_every_value(
    client: Any, path: str, name: str, value: str, code: int
) -> None:
    uri = f"{CONFIG}/{path}".rstrip("/")
    before = client.ask("x:Get", uri).text(f"{{*}}{name}")
    answer = put(client, path, **{name: value})
    assert (answer.status, answer.code) == ((500, code) if code else (200, 0))
    if code:
        assert client.ask("x:Get", uri).text(f"{{*}}{name}") == before


def test_put_with_one_wrong_value_changes_nothing(client: Any) -> None:
    assert put(client, "service", MaxConnections="9", IPv4Filter="x").status == 500
    answer = client.ask("x:Get", CONFIG + "/service")
    assert answer.text("{*}MaxConnections") == "300"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", 2150858773),
        (element("Winrs", uri=CONFIG + "/winrs"), 2150858773),
        (element("Service", uri="urn:q"), 2150858840),
        (element("Service", "<c:MaxConnections>1</c:MaxConnections>" * 2), 2150858817),
        (element("Service", "<c:Auth><c:Bearer>1</c:Bearer></c:Auth>"), 2150858817),
    ],
)
def test_put_of_another_form_is_refused(client: Any, body: str, code: int) -> None:
    assert client.ask("x:Put", CONFIG + "/service", body).code == code


def test_default_ports_of_the_service_are_read_only(client: Any) -> None:
    body = element("DefaultPorts", "<c:HTTP>80</c:HTTP>")
    assert client.ask("x:Put", CONFIG + "/service/defaultports", body).status == 500
    body = element("Service", "<c:DefaultPorts><c:HTTP>80</c:HTTP></c:DefaultPorts>")
    assert client.ask("x:Put", CONFIG + "/service", body).code == 2150859071


def test_setting_under_group_policy_is_marked_and_refused(
    start_hvsim: Any, connect: Any
) -> None:
    policies = {"service/auth/credssp": "false", "Client/TrustedHosts": "a.example"}
    client = connect(start_hvsim(settings=BASIC, policies=policies))
    marked = client.ask("x:Get", CONFIG).root.xpath("//*[@Source='GPO']")
    assert {mark.tag.rpartition("}")[2] for mark in marked} == {
        "TrustedHosts",
        "CredSSP",
    }
    answer = put(client, "client", TrustedHosts="*")
    assert answer.code == 2150858890
    assert answer.text("f:ProviderFault//f:Message") == (
        "The config setting TrustedHosts cannot be changed because is controlled by "
        'policies. The policy would need to be set to "Not Configured" in order to '
        "change the config setting. "
    )
    assert put(client, "client", TrustedHosts="a.example").status == 200
    assert put(client, "service/auth", CredSSP="true").code == 2150858890


def test_policy_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="no setting 'Service/Auth/Bearer'"):
        Settings({"Service/Auth/Bearer": "true"})
    with pytest.raises(ValueError, match="'yes' is no value"):
        Settings({"Service/Auth/Basic": "yes"})


def test_turning_basic_off_closes_basic_and_the_door_behind(client: Any) -> None:
    assert put(client, "service/auth", Basic="false").text("{*}Basic") == "false"
    assert client.ask("x:Get", CONFIG).status == 401


def test_turning_allow_unencrypted_off_closes_plain_http(client: Any) -> None:
    assert put(client, "service", AllowUnencrypted="false").status == 200
    assert client.ask("x:Get", CONFIG).status == 401


def test_smaller_envelope_takes_effect(client: Any) -> None:
    assert put(client, "", MaxEnvelopeSizekb="32").status == 200
    big = f"<!--{'x' * 33000}-->"
    assert client.post(client.message("x:Get", CONFIG, big)).status == 413


def test_max_connections_takes_effect(client: Any, connect: Any) -> None:
    assert put(client, "service", MaxConnections="1").status == 200
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connect(client.simulator).ask("x:Get", CONFIG)


LISTENER = CONFIG + "/listener"
ALL = {"Address": "*", "Transport": "HTTP"}


def listener(**values: str) -> str:
    inner = "".join(f"<c:{name}>{value}</c:{name}>" for name, value in values.items())
    return element("Listener", inner, uri=LISTENER + ".xsd")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def reached(url: str, **more: Any) -> bool:
    try:
        return requests.post(url, timeout=5, **more).status_code == 401
    except OSError:
        return False


def test_listener_get_tells_its_real_port(client: Any) -> None:
    answer = client.ask(
        "x:Get", LISTENER, selectors={"address": "*", "TRANSPORT": "http"}
    )
    row = answer.root[1][0]
    assert [child.tag.rpartition("}")[2] for child in row] == [
        "Address",
        "Transport",
        "Port",
        "Hostname",
        "Enabled",
        "URLPrefix",
        "CertificateThumbprint",
        "ListeningOn",
    ]
    assert answer.text("{*}Port") in client.simulator.http_url
    assert answer.text("{*}ListeningOn") == "127.0.0.1"


@pytest.mark.parametrize(
    ("selectors", "code"),
    [
        ({}, 2150858813),
        ({"Address": "*"}, 2150858813),
        ({**ALL, "Port": "1"}, 2150858813),
        ({"Address": "*", "Transport": "FTP"}, 2150858752),
        ({"Address": "IP:127.0.0.9", "Transport": "HTTP"}, 2150858752),
    ],
)
def test_listener_needs_its_selectors(
    client: Any, selectors: dict[str, str], code: int
) -> None:
    assert client.ask("x:Get", LISTENER, selectors=selectors).code == code


def test_created_listener_listens_and_deleted_one_does_not(client: Any) -> None:
    selectors = {"Address": "IP:127.0.0.1", "Transport": "HTTP"}
    port = free_port()
    body = listener(Port=str(port), URLPrefix="other")
    answer = client.ask("x:Create", LISTENER, body, selectors)
    assert answer.status == 200
    assert answer.texts("x:ResourceCreated//w:Selector") == ["IP:127.0.0.1", "HTTP"]
    assert reached(f"http://127.0.0.1:{port}/other")
    assert not reached(f"http://127.0.0.1:{port}/wsman")
    assert client.ask("x:Create", LISTENER, body, selectors).code == 2150858803
    gone = client.ask("x:Delete", LISTENER, selectors=selectors)
    assert (gone.status, gone.data.endswith(b"<s:Body></s:Body></s:Envelope>")) == (
        200,
        True,
    )
    assert not reached(f"http://127.0.0.1:{port}/other")
    assert client.ask("x:Delete", LISTENER, selectors=selectors).code == 2150858752


def test_listener_put_moves_the_port(client: Any) -> None:
    selectors = {"Address": "IP:127.0.0.1", "Transport": "HTTP"}
    first, second = free_port(), free_port()
    client.ask("x:Create", LISTENER, listener(Port=str(first)), selectors)
    answer = client.ask("x:Put", LISTENER, listener(Port=str(second)), selectors)
    assert answer.text("{*}Port") == str(second)
    assert reached(f"http://127.0.0.1:{second}/wsman")
    assert not reached(f"http://127.0.0.1:{first}/wsman")
    off = client.ask("x:Put", LISTENER, listener(Enabled="false"), selectors)
    assert (off.text("{*}Enabled"), off.text("{*}ListeningOn")) == ("false", None)
    assert not reached(f"http://127.0.0.1:{second}/wsman")


def test_put_of_all_that_was_read_may_tell_each_address_again(client: Any) -> None:
    selectors = {"Address": "IP:127.0.0.1", "Transport": "HTTP"}
    whole = listener(Port=str(free_port()))
    client.ask("x:Create", LISTENER, whole, selectors)
    row = "<c:ListeningOn>127.0.0.1</c:ListeningOn>"
    for addresses, code in (
        (row * 2, 0),
        (row + row.replace(".1<", ".9<"), 2150859071),
    ):
        inner = f"<c:Enabled>true</c:Enabled>{addresses}"
        body = element("Listener", inner, uri=LISTENER)
        assert client.ask("x:Put", LISTENER, body, selectors).code == code
    client.ask("x:Delete", LISTENER, selectors=selectors)


def test_port_that_is_taken_is_kept_but_not_listened_on(client: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        selectors = {"Address": "IP:127.0.0.1", "Transport": "HTTP"}
        client.ask("x:Create", LISTENER, listener(Port=port), selectors)
        answer = client.ask("x:Get", LISTENER, selectors=selectors)
        assert (answer.text("{*}Port"), answer.text("{*}ListeningOn")) == (port, None)


@pytest.mark.parametrize(
    ("selectors", "values", "code"),
    [
        ({"Address": "nowhere", "Transport": "HTTP"}, {}, 2150858889),
        ({"Address": "IP:300.1.1.1", "Transport": "HTTP"}, {}, 2150858889),
        ({"Address": "MAC:00-11-22-33-44-55", "Transport": "HTTP"}, {}, 0),
        ({"Address": "IP:127.0.0.2", "Transport": "FTP"}, {}, 2150858813),
        ({"Address": "IP:127.0.0.2", "Transport": "HTTP"}, {"Port": "0"}, 2150858817),
        ({"Address": "IP:127.0.0.2", "Transport": "HTTP"}, {"Colour": "1"}, 2150858817),
        (
            {"Address": "IP:127.0.0.2", "Transport": "HTTP"},
            {"CertificateThumbprint": "A" * 40},
            2150858987,
        ),
        (
            {"Address": "IP:127.0.0.2", "Transport": "HTTP"},
            {"ListeningOn": "127.0.0.2"},
            2150859071,
        ),
        ({"Address": "IP:127.0.0.2", "Transport": "HTTPS"}, {}, 2150858983),
        (
            {"Address": "IP:127.0.0.2", "Transport": "HTTPS"},
            {"CertificateThumbprint": "A" * 40},
            2150858752,
        ),
    ],
)
def test_listener_create_is_checked(
    client: Any, selectors: dict[str, str], values: dict[str, str], code: int
) -> None:
    values = {"Port": str(free_port()), **values}
    assert client.ask("x:Create", LISTENER, listener(**values), selectors).code == code


def test_https_listener_takes_a_certificate_by_thumbprint_or_name(client: Any) -> None:
    host = client.simulator
    mark = host.certificates.issue_server("hv.example", ("127.0.0.1",))
    selectors = {"Address": "IP:127.0.0.1", "Transport": "HTTPS"}
    port = str(free_port())
    wrong = listener(Port=port, Hostname="other", CertificateThumbprint=mark)
    assert client.ask("x:Create", LISTENER, wrong, selectors).code == 2150858985
    right = listener(Port=port, Hostname="HV.example")
    assert client.ask("x:Create", LISTENER, right, selectors).status == 200
    found = client.ask("x:Get", LISTENER, selectors=selectors)
    assert found.text("{*}CertificateThumbprint") == mark
    assert reached(f"https://127.0.0.1:{port}/wsman", verify=str(host.ca_file))


@pytest.mark.parametrize(
    ("mode", "paths"),
    [
        ("", ["{*}Listener/{*}Transport"]),
        ("EnumerateEPR", ["n:Items/a:EndpointReference//w:Selector[2]"]),
        (
            "EnumerateObjectAndEPR",
            [
                "w:Item/{*}Listener/{*}Transport",
                "w:Item/a:EndpointReference//w:Selector[2]",
            ],
        ),
    ],
)
def test_listeners_are_enumerated(client: Any, mode: str, paths: list[str]) -> None:
    chosen = f"<w:EnumerationMode>{mode}</w:EnumerationMode>" if mode else ""
    opened = client.ask("n:Enumerate", LISTENER, f"<n:Enumerate>{chosen}</n:Enumerate>")
    context = opened.text("n:EnumerationContext")
    answer = client.ask(
        "n:Pull",
        LISTENER,
        f"<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>"
        "<n:MaxElements>9</n:MaxElements></n:Pull>",
    )
    for path in paths:
        assert answer.texts(path) == ["HTTP", "HTTPS"]
    assert (
        answer.root.find(".//n:EndOfSequence", {"n": answer.root[1][0].nsmap["n"]})
        is not None
    )


def test_listeners_of_group_policy_stay(start_hvsim: Any, connect: Any) -> None:
    client = connect(start_hvsim(settings=BASIC, policies={"Listener": "1"}))
    answer = client.ask("x:Get", LISTENER, selectors=ALL)
    assert answer.root[1][0].get("Source") == "GPO"
    assert client.ask("x:Delete", LISTENER, selectors=ALL).code == 2150858890
    moved = client.ask("x:Put", LISTENER, listener(Port="5985"), ALL)
    assert moved.code == 2150858890


def test_ipv4_filter_decides_where_is_listened(client: Any) -> None:
    assert put(client, "service", IPv4Filter="10.0.0.1-10.0.0.9").status == 200
    answer = client.ask("x:Get", LISTENER, selectors=ALL)
    assert answer.text("{*}ListeningOn") is None
    assert put(client, "service", IPv4Filter="127.0.0.1-127.0.0.1").status == 200
    answer = client.ask("x:Get", LISTENER, selectors=ALL)
    assert answer.text("{*}ListeningOn") == "127.0.0.1"


def test_compatibility_listener_appears_with_its_source(client: Any) -> None:
    if os.geteuid() == 0:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 443)) == 0:
                pytest.skip("something listens on port 443 here")
    assert put(client, "service", EnableCompatibilityHttpsListener="true").status == 200
    body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements></n:Enumerate>"
    answer = client.ask("n:Enumerate", LISTENER, body)
    sources = [row.get("Source") for row in answer.root.iter("{*}Listener")]
    assert sources == [None, None, "Compatibility"]


def test_compatibility_listener_leaves_the_ordinary_one_open(
    hvsim: Any, client: Any
) -> None:
    if os.geteuid() == 0:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 80)) == 0:
                pytest.skip("something listens on port 80 here")
    port = urlsplit(hvsim.http_url).port
    assert put(client, "service", EnableCompatibilityHttpListener="true").status == 200
    for state in ("true", "false"):
        put(client, "service", EnableCompatibilityHttpListener=state)
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


MAPPING = CONFIG + "/service/certmapping"


def test_certificate_mapping_is_made_changed_and_removed(client: Any) -> None:
    selectors = {"Issuer": "5" * 40, "Subject": "*@example.com", "URI": "*"}

    def mapping(inner: str) -> str:
        return element("certmapping", inner, uri=MAPPING + ".xsd")

    assert client.ask("x:Create", MAPPING, mapping(""), selectors).code == 2150858817
    body = mapping("<c:UserName>jo</c:UserName><c:password>secret</c:password>")
    created = client.ask("x:Create", MAPPING, body, selectors)
    assert created.texts("x:ResourceCreated//w:Selector") == list(selectors.values())
    assert client.ask("x:Create", MAPPING, body, selectors).code == 2150858803
    answer = client.ask("x:Get", MAPPING, selectors=selectors)
    assert answer.text("{*}UserName") == "jo"
    assert b"secret" not in answer.data
    off = mapping("<c:Enabled>false</c:Enabled>")
    assert client.ask("x:Put", MAPPING, off, selectors).text("{*}Enabled") == "false"
    assert client.ask("x:Delete", MAPPING, selectors=selectors).status == 200
    assert client.ask("x:Get", MAPPING, selectors=selectors).code == 2150858752
