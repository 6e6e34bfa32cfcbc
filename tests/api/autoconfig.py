"""What mail programs ask for to set themselves up: well-formed, and the ports that really listen."""
import json
import plistlib
import xml.etree.ElementTree as ET

from client import Daemon

d = Daemon()
ASKED = ('<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
         "<Request><EMailAddress>{}</EMailAddress></Request></Autodiscover>")
RESPONSE = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"


def start():
    d.start()


def stop():
    d.__exit__()


def ask(method, path, body=None, want=200):
    status, headers, said = d.request(method, path, body)
    assert status == want, (path, status, said[:300])
    assert headers["cache-control"] == "no-store" and "content-security-policy" in headers
    return headers, said


def port(key):
    return str(d.address(key)[1])


def thunderbird():
    for path in ("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=a%40mayfly.localhost", "/mail/config-v1.1.xml"):
        root = ET.fromstring(ask("GET", path)[1])
        provider = root.find("emailProvider")
        assert root.tag == "clientConfig" and provider.findtext("domain") == "mayfly.localhost"
        doors = [(s.get("type"), s.findtext("port"), s.findtext("socketType")) for s in provider.findall("incomingServer")]
        assert ("pop3", port("pop3s.listen"), "SSL") in doors and ("pop3", port("pop3.listen"), "STARTTLS") in doors, doors
        assert {s.findtext("hostname") for s in provider.findall("incomingServer")} == {"mayfly.localhost"}
        told = [[out.get("type"), *(out.findtext(k) for k in ("hostname", "port", "socketType", "authentication", "username"))]
                for out in provider.findall("outgoingServer")]
        assert told == [["smtp", "mayfly.localhost", port("submissions.listen"), "SSL", "password-cleartext", "%EMAILADDRESS%"],
                        ["smtp", "mayfly.localhost", port("submission.listen"), "STARTTLS", "password-cleartext", "%EMAILADDRESS%"]], told


def outlook():
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        root = ET.fromstring(ask("POST", path, ASKED.format("Some+tag@MAYFLY.localhost"))[1])
        found = [(p.findtext(RESPONSE + "Type"), p.findtext(RESPONSE + "Port"), p.findtext(RESPONSE + "LoginName"))
                 for p in root.iter(RESPONSE + "Protocol")]
        assert ("POP3", port("pop3s.listen"), "some@mayfly.localhost") in found, found
    for address in ("a@elsewhere.test", "", "no address", "<script>@mayfly.localhost", "a@mayfly.localhost.evil.test"):
        ask("POST", "/autodiscover/autodiscover.xml", ASKED.format(address), want=404)
    ask("POST", "/autodiscover/autodiscover.xml", "nothing of that kind", want=404)
    ask("POST", "/autodiscover/autodiscover.xml", "x" * 10000, want=413)


def outlook_json():
    for path in ("/autodiscover/autodiscover.json?Email=a%40mayfly.localhost&Protocol=Autodiscoverv1",
                 "/autodiscover/autodiscover.json/v1.0/a%40mayfly.localhost?Protocol=AutodiscoverV1"):
        said = json.loads(ask("GET", path)[1])
        assert said == {"Protocol": "AutodiscoverV1",
                        "Url": f"https://mayfly.localhost:{port('https.listen')}/autodiscover/autodiscover.xml"}, said
    ask("GET", "/autodiscover/autodiscover.json?Protocol=EWS", want=404)


def apple():
    headers, said = ask("GET", "/email.mobileconfig?email=A%40mayfly.localhost")
    assert headers["content-type"] == "application/x-apple-aspen-config" and "attachment" in headers["content-disposition"]
    profile = plistlib.loads(said)
    account = profile["PayloadContent"][0]
    assert account["IncomingMailServerUsername"] == "a@mayfly.localhost" and account["IncomingMailServerUseSSL"] is True
    assert str(account["IncomingMailServerPortNumber"]) == port("imaps.listen")
    assert account["OutgoingMailServerHostName"] == account["IncomingMailServerHostName"]
    assert str(account["OutgoingMailServerPortNumber"]) == port("submissions.listen")
    assert (account["OutgoingMailServerAuthentication"], account["OutgoingMailServerUsername"]) == ("EmailAuthPassword", "a@mayfly.localhost")
    ask("GET", "/email.mobileconfig", want=404)
    ask("GET", "/email.mobileconfig?email=a%40elsewhere.test", want=404)


def the_page_shows_the_same():
    services = json.loads(d.request("GET", "/api/v1/domains")[2])["services"]
    assert str(services["pop3s"]["port"]) == port("pop3s.listen") and services["pop3"]["tls"] == "starttls", services


def only_what_listens():
    with Daemon("pop3.listen=", "pop3s.listen=", "imap.listen=", "imaps.listen=", "submission.listen=", "submissions.listen=") as quiet:
        assert b"incomingServer" not in quiet.request("GET", "/mail/config-v1.1.xml")[2]
        assert json.loads(quiet.request("GET", "/api/v1/domains")[2])["services"] == {}


def what_other_servers_are_told_of_tls():
    assert d.request("GET", "/.well-known/mta-sts.txt")[0] == 404
    with Daemon("smtp.mta_sts=enforce", "server.hostname=mx.box.example", "server.domains=box.example") as strict:
        status, headers, said = strict.request("GET", "/.well-known/mta-sts.txt", headers={"Host": "mta-sts.box.example"})
        assert status == 200 and headers["content-type"].startswith("text/plain"), headers
        assert said == b"version: STSv1\r\nmode: enforce\r\nmx: mx.box.example\r\nmax_age: 604800\r\n", said
        records = strict.ctl("domain", "show", "box.example")[1]
        assert '_mta-sts.box.example. 3600 IN TXT "v=STSv1; id=enforce' in records and "mta-sts.box.example. 3600 IN CNAME mx.box.example." in records, records


CASES = [what_other_servers_are_told_of_tls, thunderbird, outlook, outlook_json, apple, the_page_shows_the_same, only_what_listens]
