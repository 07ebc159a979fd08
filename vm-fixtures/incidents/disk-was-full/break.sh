#!/bin/sh
set -eu
program ledger 'Ledger' <<'EOF'
"""Appends a line to its book, and will not go on when it cannot."""
import time
while True:
    with open("/srv/ledger.book", "ab") as book:
        book.write(b"x" * 20000)
    time.sleep(0.2)
EOF
systemctl enable --quiet --now ledger.service
await 10 test -s /srv/ledger.book
now
dd if=/dev/zero of=/srv/dump.sql bs=1M 2>/dev/null || :
await 30 failed ledger.service
rm /srv/dump.sql
