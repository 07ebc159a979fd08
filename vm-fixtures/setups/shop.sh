#!/bin/sh
# The healthy host: a small web shop. nginx -> gunicorn (shop.service) -> PostgreSQL, all on this machine; /var is a
# filesystem of its own. Logs go to the journal, but for the application's own, which is a file as its authors like it.
set -eu

# The journal is kept in memory and (on a real host) sent away; so a full /var does not take the evidence with it.
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\n' >/etc/systemd/journald.conf.d/volatile.conf
systemctl restart systemd-journald
rm -rf /var/log/journal

# Small write-ahead log segments, as suits a small disk.
pg_dropcluster --stop 15 main
pg_createcluster --locale C.UTF-8 15 main -- --wal-segsize=1 >/dev/null
cat >/etc/postgresql/15/main/conf.d/shop.conf <<'EOF'
log_destination = 'syslog'
min_wal_size = 2MB
EOF
systemctl daemon-reload
systemctl start postgresql@15-main
runuser -u postgres -- psql --quiet --set ON_ERROR_STOP=1 <<'EOF'
CREATE ROLE shop LOGIN;
CREATE DATABASE shop OWNER shop;
\connect shop
SET ROLE shop;
CREATE TABLE product (id int PRIMARY KEY, name text, description text, price numeric(8,2), views int DEFAULT 0)
    WITH (fillfactor = 50);
INSERT INTO product SELECT n, 'Article ' || n, 'Soft cotton, machine washable, colour no. ' || n, 9.90 + n
    FROM generate_series(1, 300) AS n;
EOF
# The application reaches the database by the socket, as the system account of the same name.
useradd --system --home-dir /opt/shop --shell /usr/sbin/nologin shop
install -d -o shop -g adm -m 750 /var/log/shop
install -d /opt/shop /etc/shop
cat >/opt/shop/shop.py <<'EOF'
"""The shop's front page, as a WSGI application."""
import logging
import os
import sys

import psycopg2

# Everything to the file, what somebody should look at to the journal too.
journal = logging.StreamHandler(sys.stderr)
journal.setLevel(logging.ERROR)
logging.basicConfig(
    handlers=[logging.FileHandler("/var/log/shop/shop.log"), journal],
    level=os.environ.get("LOG_LEVEL", "INFO"),
    format="%(asctime)s %(levelname)s %(message)s",
)
logging.raiseExceptions = False  # the page matters more than its log
log = logging.getLogger("shop")
database = psycopg2.connect(dbname="shop", application_name="shop")
database.autocommit = True


def application(environ, start_response):
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT id, name, description, price FROM product ORDER BY id")
            products = cursor.fetchall()
            log.debug("front page: %d products: %r", len(products), products)
            cursor.execute("UPDATE product SET views = views + 1 WHERE id <= 30")
    except psycopg2.Error as error:
        log.error("cannot show the page: %s", error)
        raise SystemExit(1)  # a worker without its database is of no use: gunicorn starts another
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return ["".join(f"<li>{name} {price}" for _, name, _, price in products).encode()]
EOF
printf 'LOG_LEVEL=INFO\n' >/etc/shop/shop.env
cat >/etc/systemd/system/shop.service <<'EOF'
[Unit]
Description=Web shop application
After=network.target postgresql.service
StartLimitIntervalSec=2min
StartLimitBurst=5

[Service]
User=shop
EnvironmentFile=/etc/shop/shop.env
WorkingDirectory=/opt/shop
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/gunicorn --bind 127.0.0.1:8000 --workers 1 --worker-tmp-dir /dev/shm shop:application
Restart=on-failure
RestartSec=2s

[Install]
WantedBy=multi-user.target
EOF
cat >/etc/nginx/sites-available/shop <<'EOF'
error_log syslog:server=unix:/dev/log,nohostname warn;
# Only what went wrong is worth a line, as on many a busy site.
map $status $worth_a_line {
    ~^[23]  0;
    default 1;
}

server {
    listen 80 default_server;
    server_name shop.example.com;
    access_log /var/log/nginx/shop.access.log combined if=$worth_a_line;
    location / {
        proxy_pass http://127.0.0.1:8000;
    }
}
EOF
ln -sf ../sites-available/shop /etc/nginx/sites-enabled/shop
rm -f /etc/nginx/sites-enabled/default
systemctl daemon-reload
systemctl enable --quiet --now shop.service
systemctl reload nginx.service

for _ in $(seq 50); do
    curl -sf -o /dev/null http://127.0.0.1:8000/ && exit 0
    sleep 0.2
done
echo 'the shop does not answer' >&2
exit 1
