"""Made-up secrets in what common commands print, and in what a person types: none may reach a record, a screen or a model.

The redactor's own kinds and carriers are in `tests/text/test_redact_corpus.py`; here the whole way is walked, up to the
bytes that a real HTTP server of a model receives. Every secret is random and made for one run of a test.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tai.errors import ModelError
from tai.llm.scripted import ScriptedEngine
from tai.llm.vllm import VLLMConfig, VLLMEngine
from tai.model import Attachment
from tai.transport.base import Completed
from tests.hostile import HostileHost, Stage
from tests.llm.server import ANSWER, running
from tests.tiers import first_quick

# `%s` is a secret. What stands around it is as the programs print it.
ARGUMENTS = (
    "mysql -u root -p%s shop", "mysqldump --user=root --password=%s --all-databases", "mysqladmin --password %s status", "curl -s -u admin:%s http://x/",
    "curl -H Authorization: Bearer %s http://x/", "sshpass -p %s ssh x", "redis-cli -h x -a %s ping", "redis-server *:6379 --requirepass %s", "java -Ddb.password=%s -jar x.jar",
    "java -Djavax.net.ssl.keyStorePassword=%s -jar x.jar", "mongodump --uri mongodb://u:%s@h/db", "openssl rsa -in k -passin pass:%s", "ldapsearch -D cn=admin,dc=x -w %s -b dc=x",
    "smbclient //h/s -U bob%%%s", "mount -t cifs //h/s /m -o username=u,password=%s,vers=3", "wget --http-user=u --http-password=%s http://x", "docker login -u u -p %s reg",
    "sqlcmd -S h -U sa -P %s", "ipmitool -I lanplus -H h -U u -P %s power", "snmpwalk -v2c -c %s h", "sh -c PGPASSWORD=%s pg_dump x", "psql postgresql://u:%s@h/db",
    "ansible-playbook -e ansible_password=%s x.yml", "gpg --batch --passphrase %s -d x", "app --secret=%s", "app --password %s --x",
)  # fmt: skip
LOG_LINES = (
    "sudo[1]: bob : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql -p%s", "app[1]: connecting with jdbc:mysql://h/db?user=u&password=%s&x=1",
    'app[1]: {"user":"u","password":"%s","x":1}', "app[1]: CREATE USER x IDENTIFIED BY '%s'", "postgres[1]: STATEMENT: ALTER ROLE bob PASSWORD '%s'", "app[1]: secret_key=%s",
    'nginx: "GET /x?password=%s HTTP/1.1" 200 1', "kernel: Command line: root=/dev/sda1 ks.password=%s quiet",
)  # fmt: skip
SETTINGS = (
    "Environment=A=1 DB_PASSWORD=%s B=2", "ExecStart={ path=/usr/bin/app ; argv[]=/usr/bin/app --password %s ; ignore_errors=no }", 'Environment="DB_PASSWORD=%s"',
    "Environment=REDIS_URL=redis://:%s@h:6379/0", '      "DB_PASSWORD=%s",', "DB_PASSWORD=%s", "export PGPASSWORD='%s'", "admin_password = %s", "requirepass %s", "masterauth %s",
    '  <user username="a" password="%s" roles="x"/>', "  password: '%s'", "        'PASSWORD': '%s',", "$cfg['Servers'][$i]['password'] = '%s';", "env[DB_PASSWORD] = %s",
    "connect = host=h dbname=d user=u password=%s", "        auth_pass %s", "rocommunity %s 10.0.0.0/8", "bindpw %s", "rootpw %s", "DBPassword=%s", "DeviceURI smb://u:%s@h/p",
    "AuthPass=%s", "connection = mysql+pymysql://nova:%s@h/nova", "transport_url = rabbit://openstack:%s@h:5672/", '"Default": "Server=h;Database=d;User Id=u;Password=%s;"',
    "RESTIC_PASSWORD=%s", "baseurl=https://u:%s@h/repo", "deb [arch=amd64] https://u:%s@h/deb stable main", "      <password>%s</password>", "AWS_SECRET_ACCESS_KEY=%s",
    "http_proxy=http://u:%s@proxy:3128", "//h/s /m cifs username=u,password=%s,vers=3.0 0 0", "primary_conninfo = 'host=h user=u password=%s port=5432'",
    "0 1 * * * root mysqldump -u root -p%s db", "    - name: DB_PASSWORD\n      value: %s", "  DB_PASSWORD: %s",
)  # fmt: skip
TICKET = "postgresql.service on db-01 fails since 14:00, /srv is full"
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


class Planting:
    """Fills templates with fresh secrets and remembers each."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.secrets: list[str] = []

    def secret(self) -> str:
        shape = self._random.choice(["letters", "hex", "phrase", "signs"])
        letters = "".join(self._random.choice(LETTERS) for _ in range(16))
        match shape:
            case "hex":
                made = f"{self._random.getrandbits(128):032x}"
            case "phrase":
                made = f"{letters[:5].lower()}-{letters[5:11].lower()}{self._random.randrange(10, 99)}"
            case "signs":
                made = f"{letters[:6]}!{letters[6:11]}9"
            case _:
                made = letters
        self.secrets.append(made)
        return made

    def lines(self, templates: tuple[str, ...], before: str = "") -> bytes:
        return "".join(f"{before}{template % self.secret()}\n" for template in templates).encode()

    def found_in(self, text: str) -> list[str]:
        return [secret for secret in self.secrets if secret in text]


def printed(planting: Planting) -> Mapping[str, bytes]:
    """What a program prints, by its name; others print settings."""
    processes = planting.lines(ARGUMENTS, "root 812 0.0 0.1 1000 1000 ? Ss 10:00 0:00 ")
    return {
        "ps": processes,
        "pgrep": planting.lines(ARGUMENTS, "812 "),
        "journalctl": planting.lines(LOG_LINES, "Nov 21 14:00:00 db-01 "),
        "dmesg": planting.lines(LOG_LINES[-1:], "[    0.000000] "),
        "systemctl": planting.lines(SETTINGS[:4]) + planting.lines(ARGUMENTS, "           └─812 "),
        "": planting.lines(SETTINGS),
    }


def hosts(planting: Planting) -> Iterator[HostileHost]:
    """A host that succeeds with it, and one that fails with it on standard error."""
    texts = printed(planting)
    yield HostileHost(lambda argv: Completed(0, texts.get(argv[0], texts[""])))
    yield HostileHost(lambda argv: Completed(1, b"", texts.get(argv[0], texts[""])))


def everything(stage: Stage) -> str:
    stage.look_at_everything()
    return "\n".join([stage.recorded, stage.ndjson, stage.screen, stage.session.prompt_text])


@pytest.mark.parametrize("seed", first_quick(range(3)))
async def test_nothing_that_a_host_prints_leaves_unmasked(tmp_path: Path, seed: int) -> None:
    planting = Planting(seed)
    for at, host in enumerate(hosts(planting)):
        async with running(lambda exchange: exchange.say(ANSWER.model_dump_json())) as server:
            engine = VLLMEngine(VLLMConfig(url=server.url, model="m"))
            stage = Stage(tmp_path / str(at), host, engine=engine)
            await stage.investigation.diagnose(TICKET)
            await stage.investigation.close()
        sent = "".join(asked.body.decode() for asked in server.asked)
        assert len(planting.secrets) > 100
        assert planting.found_in(everything(stage) + sent) == []
        assert "<redacted:" in stage.recorded


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_that_a_person_pastes_leaves_unmasked(tmp_path: Path, seed: int) -> None:
    planting = Planting(seed)
    ticket = (
        f"{TICKET}\nWe log in with password: {planting.secret()}9Z and\n\n"
        + planting.lines(SETTINGS[:10]).decode()
        + "\n$ mysql -u root -p"
        + planting.secret()
        + "\n"
        + planting.lines(LOG_LINES, "Nov 21 14:00:00 db-01 ").decode()
    )
    planting.secrets[0] += "9Z"  # in prose only what cannot be a word is taken for a password
    attached = [Attachment(label="ps aux", text=planting.lines(ARGUMENTS, "root 1 ").decode())]
    engine = ScriptedEngine([ModelError("x"), ModelError("x")])
    stage = Stage(tmp_path, HostileHost(lambda _: Completed(0, b"nothing\n")), engine=engine)
    await stage.investigation.diagnose(ticket, attached)
    await stage.investigation.follow_up("I tried DB_PASSWORD=" + planting.secret())
    asked = "".join(message.content for question in engine.asked for message in question.messages)
    assert planting.found_in(everything(stage) + asked) == []


@pytest.mark.parametrize("seed", range(3))
async def test_no_error_of_a_model_server_brings_a_secret_back(tmp_path: Path, seed: int) -> None:
    planting = Planting(seed)
    said = planting.lines(SETTINGS[10:]).decode()
    stage = Stage(
        tmp_path,
        HostileHost(lambda _: Completed(0, b"nothing\n")),
        engine=ScriptedEngine([ModelError(said, said=said)]),
    )
    await stage.investigation.diagnose(TICKET)
    kinds = [event for event in stage.events() if event["kind"] in {"engine_failed", "diagnosed"}]
    assert planting.found_in(str(kinds)) == []
