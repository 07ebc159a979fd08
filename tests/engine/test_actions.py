"""Recommended actions are labelled by what they would do."""

from __future__ import annotations

import pytest

from tai.engine.actions import effect_of


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("Check the log with journalctl -u nginx", "reads"),
        ("Look at df -h /srv", "reads"),
        ("Compare the file with its package's own", "reads"),
        ("Check that nobody restarted it, then run systemctl restart nginx", "changes"),
        ("Free space on /srv", "changes"),
        ("Restart the service: systemctl restart mariadb", "changes"),
        ("See /etc/fstab; umount /srv", "changes"),
        ("Review it: echo 1 > /proc/sys/vm/drop_caches", "changes"),
        ("Check with df -h 2>/dev/null", "reads"),
        ("rm -rf /var/log/old", "destroys"),
        ("Check the disk, then mkfs.ext4 /dev/vdb1", "destroys"),
        ("dd if=/dev/zero of=/dev/sda", "destroys"),
        ("Run DROP TABLE sessions", "destroys"),
        ("kill -9 1234", "destroys"),
    ],
)
def test_effect(text: str, effect: str) -> None:
    assert effect_of(text) == effect
