"""What the redactor promises of any text: same lines, same answer twice, the same in pieces, evidence left whole."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tai.text import Redactor, sanitise
from tests.text.corpus import cases, chars, pem

KEY = b"a key of this test run"
PLACEHOLDER = re.compile(r"<redacted:[a-z0-9-]+:[0-9a-f]{8}>")
_PIECES = [
    *"=:\"' \n\n,;{}@/<>-$\\",
    *(
        "password",
        "token",
        "secret",
        "name: DB_PASSWORD",
        "value: x7Gh29sk",
        "://",
        "api_key",
        "Authorization",
        "Bearer ",
    ),
    *(
        "hunter2",
        "x7Gh29skQ81nd",
        "<redacted:password:0123abcd>",
        "\U000f0001",
        "Environment=",
        "--",
        "Cookie: a=b",
        "\\x00",
    ),
    *(
        "-----BEGIN PRIVATE " + "KEY-----",
        "-----END PRIVATE " + "KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0BAQEF",
        "é",
        "\t",
        "Private-Lines: 2",
    ),
]
SCRAPS = st.lists(st.sampled_from(_PIECES), max_size=24).map("".join)


def masked(text: str, producer: str = "") -> str:
    return Redactor(KEY).redact(text, producer=producer).text


@given(SCRAPS)
def test_no_line_comes_or_goes(text: str) -> None:
    assert masked(text).count("\n") == text.count("\n")


@given(SCRAPS)
@example(
    "=://---------END PRIVATE " + "KEY-----=\n=:AuthorizationAuthorization-----END PRIVATE " + "KEY-----"
)
def test_a_second_pass_changes_nothing(text: str) -> None:
    once = masked(text)
    assert masked(once) == once


@given(SCRAPS, st.lists(st.integers(min_value=0, max_value=300), max_size=5))
def test_text_in_pieces_is_masked_as_the_whole(text: str, cuts: list[int]) -> None:
    stream = Redactor(KEY).stream()
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    got = "".join(stream.feed(text[start:end]) for start, end in pairwise(edges))
    assert got + stream.finish() == masked(text)


def test_the_corpus_in_pieces_is_masked_as_the_whole() -> None:
    text = "\n".join(case.text for case in cases(seed=7, samples=1))
    redactor = Redactor(KEY)
    whole = redactor.redact(text)
    rng = random.Random(7)
    stream = redactor.stream()
    pieces, at = [], 0
    while at < len(text):
        size = rng.randrange(1, 3000)
        pieces.append(stream.feed(text[at : at + size]))
        at += size
    assert "".join(pieces) + stream.finish() == whole.text
    assert stream.counts == whole.counts


def test_equal_secrets_of_one_run_can_be_told_to_be_equal_and_runs_cannot_be_compared() -> None:
    text = "password=Xk29-aa81 then DB_PASSWORD='Xk29-aa81' but token_secret=other-1x"
    one, other = (PLACEHOLDER.findall(Redactor().redact(text).text) for _ in range(2))
    assert one[0] == one[1] != one[2]
    assert one[0] != other[0]


def test_counts_say_how_many_of_which_kind() -> None:
    result = Redactor(KEY).redact("password=Xk29-aa81\nredis://:Qw81nd@cache/0\npassword=Xk29-aa81\n")
    assert result.counts == {"password": 2, "url-password": 1}


ORDINARY = """
Failed password for root from 192.0.2.5 port 4711 ssh2
Setting up passwd (1:4.13+dfsg1-1) ...
MountVolume.SetUp failed for volume "token" : secret "default-token-x7k2p" not found
passwd                                          install
kpasswd         464/tcp
PublicKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=
key: node.kubernetes.io/not-ready
Failed password for invalid user admin from 2001:db8::5 port 22 ssh2
FATAL:  password authentication failed for user "shop"
pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.5  user=root
Accepted publickey for bob from 192.0.2.7 port 50312 ssh2: ED25519 SHA256:qhM8jKkz0Rk5nXyG1oV2fP3wT4uE5rY6tU7iO8pA9sD
passwd:         files systemd
shadow:         files
PasswordAuthentication yes
password    [success=1 default=ignore]      pam_unix.so obscure use_authtok try_first_pass yescrypt
Enter password: incorrect password, try again
systemd[1]: Started session-12.scope - Session 12 of User root.
nginx.service: Main process exited, code=exited, status=1/FAILURE
ssl_certificate_key /etc/nginx/tls/site.key;
password_file=/run/secrets/db max_tokens=4096 token_count: 12 pwdMaxAge: 90 passwd_tries=3
DB_PASSWORD_FILE=/run/secrets/db_password SSH_ASKPASS=/usr/bin/ksshaskpass PWD=/root OLDPWD=/srv/app
KeyringMode=private
Environment=PGPASSFILE=/etc/pgpass LISTEN_FDS=1
_BOOT_ID=4f5b2e1c9a8d4b7ea1c2d3e4f5061728 MACHINE_ID=0123456789abcdef0123456789abcdef
container 3f2a9c1b7d5e3f2a9c1b7d5e3f2a9c1b7d5e3f2a9c1b7d5e3f2a9c1b7d5e3f2a exited with 137
commit 9fceb02d0ae598e95dc970b74767f19372d61af8 merged
volume 6fa459ea-ee8a-3ca4-894e-db77e160355e mounted on /var/lib/kubelet/pods/6fa459ea-ee8a-3ca4-894e-db77e160355e
link/ether 52:54:00:12:34:56 brd ff:ff:ff:ff:ff:ff
BUG: unable to handle page fault for address: ffff8881234567c0
RIP: 0010:ext4_mark_inode_dirty+0x15/0x1f0 [ext4]
libssl3:amd64 3.0.11-1~deb12u2 -> 3.0.13-1~deb12u1
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
B: KEY=402000000 3803078f800d001 feffffdfffefffff fffffffffffffffe
error: invalid token: unexpected end of input at line 3
x509: certificate signed by unknown authority (SHA1 fingerprint AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD)
  serviceAccountToken: {expirationSeconds: 3607, path: token}
      DB_PASSWORD:  <set to the key 'password' in secret 'shop-db'>  Optional: false
usage: backup [--password PASSWORD] [--token TOKEN] HOST
audit: type=1130 audit(1688691768.123:42): pid=1 uid=0 auid=4294967295 ses=4294967295 msg='unit=nginx key="sshd_config"'
kernel: Key type dns_resolver registered
http://registry:4873/@scope/package git@github.com:org/repo.git user@1000.service
-----BEGIN CERTIFICATE-----
"""


@pytest.mark.parametrize("line", ORDINARY.strip().split("\n"))
def test_a_line_without_a_secret_is_left_alone(line: str) -> None:
    assert masked(line) == line


SECRETS = r"""
DB_PASSWORD=@@
export DB_PASSWORD='@@'
db.password = two words @@
Environment=DB_HOST=db1 "DB_PASSWORD=two words @@" LANG=C
{"db": {"password":"@@"}}
{\"db\": {\"password\": \"@@\"}}
{'password': '@@', 'user': 'shop'}
"password" => "@@", "user" => "shop"
{name: DB_PASSWORD, value: @@}
[{"name":"DB_PASSWORD","value":"@@"}]
{user: shop, password: @@}
mysql --user root -p@@ shop
mysqldump -h db1 -uroot -p'@@' shop
worker --db-password @@ --verbose
worker\x00--db-password\x00@@\x00--verbose
java -Djavax.net.ssl.keyStorePassword=@@ -jar app.jar
openssl rsa -passin pass:@@ -in k.pem
net: GET http://bob:p@@/x@db1:80/ failed
the new api key is @@, please rotate it
<add key="x"/><password>@@</password>
    token_key: @@
Authorization: OAuth oauth_version="1.0", oauth_signature="%26@@"
    auth_pass @@
    key "ddns" { algorithm hmac-sha256; secret "@@"; };
    key = @@aa81nd+/aaaaaaaaaaaaaa==
ldap_default_authtok = @@
requirepass @@
masterauth @@
bindpw @@
machine db1 login shop password @@
rocommunity @@ 192.0.2.0/24
com2sec readonly default @@
createUser monitor SHA @@ AES @@
snmpwalk -v2c -c @@ 192.0.2.5 system
    psk="@@"
PresharedKey = @@
rabbitmqctl add_user shop @@
beam.smp -sname rabbit -setcookie @@ -noshell
redirect=https%3A%2F%2Fbob%3A@@%40db1%2F
//registry.example/:_authToken=@@
ALTER ROLE shop PASSWORD '@@';
"""


@pytest.mark.parametrize("line", SECRETS.strip("\n").split("\n"))
def test_a_secret_is_masked_in_the_grammar_it_stands_in(line: str) -> None:
    rng = random.Random(line)
    secret = "q" + chars(rng, "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789", 19)
    assert secret not in masked(line.replace("@@", secret))


@pytest.mark.parametrize(
    ("producer", "line", "shown"),
    [
        ("getent shadow", "bob:ab01FAX.bQRSU:19000:0:99999:7:::", ":19000:0:99999:7:::"),
        ("cat /etc/passwd", "bob:x:1000:1000::/home/bob:/bin/sh", "bob:x:1000:1000::/home/bob:/bin/sh"),
        ("systemctl show shop.service", "Environment=SHOP_DSN=abc81nd", "Environment=SHOP_DSN="),
        ("systemctl show shop.service", "SetCredential=db:abc81nd", "SetCredential=db:"),
        ("cat /root/.pgpass", "*:*:*:bob:abc81nd", "*:*:*:bob:"),
        ("cat /etc/ppp/chap-secrets", "bob * abc81nd *", "bob * "),
        ("docker inspect shop", '      "REDIS_AUTH=abc81nd",', '"REDIS_AUTH='),
    ],
)
def test_a_producer_tells_what_the_line_alone_does_not(producer: str, line: str, shown: str) -> None:
    got = masked(line, producer)
    assert shown in got
    assert (got == line) is (shown == line)


def test_kubernetes_environment_has_its_value_on_the_next_line() -> None:
    text = "env:\n- name: LOG_LEVEL\n  value: debug\n- name: DB_PASSWORD\n  value: debug81nd\n- name: X\n  value: debug\n"
    lines = masked(text).split("\n")
    assert lines[2] == lines[6] == "  value: debug"
    assert PLACEHOLDER.fullmatch(lines[4].removeprefix("  value: "))


JOURNAL = "Jul 07 01:02:48 web7 shop[812]: "


@pytest.mark.parametrize("prefix", ["", "    ", JOURNAL])
@pytest.mark.parametrize("cut", ["whole", "no end", "no beginning"])
def test_a_private_key_is_masked_line_by_line_cut_or_whole(prefix: str, cut: str) -> None:
    key = pem(random.Random(3)).split("\n")
    body = key[1:-1]
    shown = {"whole": key, "no end": key[:-1], "no beginning": key[3:]}[cut]
    before, after = ["listening on 8080", "reading the key"], ["certificate expires in 3 days", "ready"]
    text = "\n".join(prefix + line for line in (*before, *shown, *after))
    lines = masked(text).split("\n")
    assert [line.removeprefix(prefix) for line in (*lines[:2], *lines[-2:])] == [*before, *after]
    assert not [line for line in body if any(line in got for got in lines)]
    for line in lines[2:-2]:
        content = line.removeprefix(prefix)
        assert PLACEHOLDER.fullmatch(content) or content.startswith("-----")


def test_a_private_key_without_markers_is_known_by_its_first_bytes() -> None:
    body = ["MIIEvQIBADANBgkqhkiG9w0BAQEFAASC" + "Ab3/x9Qz" * 4, "Zz8+Kq0P" * 8, "Qw81nd=="]
    assert all(PLACEHOLDER.fullmatch(line) for line in masked("\n".join(body)).split("\n"))


def test_other_units_lines_inside_a_key_stay_and_the_key_goes_on() -> None:
    first, *body, last = pem(random.Random(4)).split("\n")
    other = "Jul 07 01:02:48 web7 nginx[99]: upstream timed out"
    lines = [
        JOURNAL + first,
        JOURNAL + body[0],
        other,
        *(JOURNAL + line for line in body[1:]),
        JOURNAL + last,
        other,
    ]
    got = masked("\n".join(lines)).split("\n")
    assert got[2] == got[-1] == other
    assert not [line for line in body if line in "\n".join(got)]


def test_a_certificate_and_a_public_key_are_evidence() -> None:
    for label in ("CERTIFICATE", "PUBLIC KEY", "DH PARAMETERS"):
        block = pem(random.Random(5), label)
        assert masked(block) == block


def test_a_yaml_block_has_its_value_on_the_next_line() -> None:
    lines = masked("db:\n  password: |-\n    debug81nd x\n  motd: |\n    be nice\n").split("\n")
    assert lines[1] == "  password: |-"
    assert PLACEHOLDER.fullmatch(lines[2].strip())
    assert lines[4] == "    be nice"


def test_a_putty_key_and_an_openpgp_key_are_masked() -> None:
    rng = random.Random(6)
    body = [chars(rng, "ABCDEFabcdef0123456789", 64) for _ in range(3)]
    putty = [
        "PuTTY-User-Key-File-3: ssh-ed25519",
        "Private-Lines: 3",
        *body,
        "Private-MAC: " + "0f" * 32,
        "done",
    ]
    label = "PGP PRIVATE" + " KEY BLOCK"
    pgp = [
        f"-----BEGIN {label}-----",
        "Version: GnuPG v2",
        "",
        *body,
        "=aB3d",
        f"-----END {label}-----",
        "done",
    ]
    for block in (putty, pgp):
        got = masked("\n".join(block)).split("\n")
        assert got[-1] == "done"
        assert not [line for line in body if line in "\n".join(got)]


ADVERSARIAL = [
    *(
        "password=",
        'password="',
        "password='\\",
        "password: ",
        "password = a ",
        "--password ",
        "<password ",
        "<password>a",
    ),
    *(
        "://a:",
        "://",
        "://a:b@",
        "eyJa-",
        "eyJa.",
        "a:",
        "$6$",
        "$2y$a$",
        "Cookie: a=",
        "cookie=",
        "Authorization: ",
        "sk-a-",
    ),
    *(
        "-----BEGIN PRIVATE " + "KEY-----",
        "-----END PRIVATE " + "KEY-----",
        "A",
        "A=",
        "a ",
        " ",
        "\t",
        "\\",
        '\\"',
        "=",
        "-",
        "_",
    ),
    *(
        "mysql ",
        "mysql -",
        "curl -u a",
        "token,value:",
        "key=",
        "api_key=/a",
        "api_key=a.b:",
        "secret $",
        "<redacted:a:",
        "%3A%2F%2F",
    ),
    *(
        "name: password ",
        "MIIEvQIBADANBgkqhkiG9w0BAQEF",
        "Private-Lines: 9",
        "community ",
        "sess",
        "pw",
        ":::",
        "1.2.",
        "a::",
    ),
]


@pytest.mark.slow  # long outputs
@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_a_long_hostile_line_takes_time_in_proportion(piece: str) -> None:
    """A pattern that is quadratic would need minutes for 150 kB here, and the suite's time limit would say so."""
    line = piece * (150_000 // len(piece))
    for text in (line, line + "!", "password " + line, " " * 50_000 + line, line.replace(" ", "\n")):
        assert masked(text).count("\n") == text.count("\n")


def test_a_secret_is_found_through_colour_codes() -> None:
    raw = b"\x1b[32mDB_PASS\x1b[0mWORD=\x1b[1mhunter2x\x1b[0m\n"
    assert "hunter2x" not in masked(sanitise(raw))
