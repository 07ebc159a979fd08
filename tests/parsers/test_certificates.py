"""Certificates as openssl of Debian 12 shows them, and where configurations name them."""

from __future__ import annotations

import pytest

from tai.parsers import parse

EXPIRED = """\
subject=CN = shop.example.org
issuer=O = Example, CN = Example Root
notBefore=Jun  1 00:00:00 2026 GMT
notAfter=Sep  1 00:00:00 2026 GMT
Certificate will expire
"""
GOOD = """\
subject=CN = shop.example.org
issuer=O = Example, CN = Example Root
notBefore=Nov 25 21:12:14 2026 GMT
notAfter=Feb 22 21:12:14 2027 GMT
Certificate will not expire
"""


def test_expired_certificate_says_so_by_the_hosts_clock() -> None:
    (row,) = parse("certificate", EXPIRED)
    assert (row["expires"], row["subject"], row["self_signed"]) == (True, "CN = shop.example.org", False)
    assert EXPIRED.split("\n")[row["_line"] - 1] == f"notAfter={row['not_after']}"


def test_valid_certificate_does_not() -> None:
    assert parse("certificate", GOOD)[0]["expires"] is False


def test_old_openssl_writes_names_with_slashes() -> None:
    text = "subject= /CN=shop.example.org\nissuer= /O=Example\nnotBefore=Jun  1 00:00:00 2026 GMT\nnotAfter=Sep  1 00:00:00 2026 GMT\nCertificate will expire\n"
    assert parse("certificate", text)[0]["subject"] == "/CN=shop.example.org"


def test_file_that_holds_no_certificate_is_an_error() -> None:
    with pytest.raises(ValueError, match="no dates"):
        parse("certificate", "Could not read certificate from /etc/x.crt\n")


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/etc/nginx/sites-enabled/shop:7:    ssl_certificate /etc/nginx/tls/shop.crt;", "/etc/nginx/tls/shop.crt"),
        ('/etc/apache2/sites-enabled/a.conf:3:SSLCertificateFile "/etc/ssl/certs/a.pem"', "/etc/ssl/certs/a.pem"),
        ("/etc/postfix/main.cf:26:smtpd_tls_cert_file=/etc/ssl/certs/ssl-cert-snakeoil.pem", "/etc/ssl/certs/ssl-cert-snakeoil.pem"),
        ("/etc/postgresql/15/main/postgresql.conf:108:ssl_cert_file = '/etc/ssl/certs/db.pem'", "/etc/ssl/certs/db.pem"),
        ("/etc/dovecot/conf.d/10-ssl.conf:12:ssl_cert = </etc/dovecot/tls/mail.crt", "/etc/dovecot/tls/mail.crt"),
    ],
)  # fmt: skip
def test_each_services_way_to_name_a_certificate_is_read(line: str, path: str) -> None:
    assert [row["path"] for row in parse("certificate-paths", line + "\n")] == [path]


def test_line_that_names_no_path_gives_none() -> None:
    assert parse("certificate-paths", "/etc/nginx/nginx.conf:9:ssl_certificate $tls_name;\n") == []
