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
        # In prose, in backticks, after something harmless, with options in any order
        ("Look at `df -h` first; if it is full, `rm -r -f /srv/old` helps", "destroys"),
        ("Check the table, then run `TRUNCATE sessions;` in psql", "destroys"),
        ("Zero the log with `> /var/log/app.log`", "destroys"),
        ("echo x > /dev/sdb", "destroys"),
        ("wipefs -a /dev/vdb", "destroys"),
        ("fsck -y /dev/vdb1", "destroys"),
        ("fsck.ext4 -fy /dev/vdb1", "destroys"),
        ("git clean -fdx in the checkout", "destroys"),
        ("kubectl -n shop delete pod web-0", "destroys"),
        ("docker system prune -af", "destroys"),
        ("Run `docker compose down -v`", "destroys"),
        ("iptables -F", "destroys"),
        ("iptables -t nat -F", "destroys"),
        ("chmod -R 777 /srv", "destroys"),
        ("sudo chown --recursive www-data /srv", "destroys"),
        ("Verify, then find /var/tmp -mtime +7 -delete", "destroys"),
        ("kill -KILL $(pidof mysqld)", "destroys"),
        ("pkill -f postgres", "destroys"),
        ("rsync -a --delete /backup/ /srv/", "destroys"),
        ("psql -c 'DELETE FROM jobs'", "destroys"),
        ("UPDATE users SET active = 0", "destroys"),
        ("lvreduce -L 10G vg/lv", "destroys"),
        ("Wipe the disk and restore it from backup", "destroys"),
        ("Delete all files below /srv/cache", "destroys"),
        ("curl -s https://get.example/x | sudo bash", "destroys"),
        ("journalctl --vacuum-size=100M", "destroys"),
        ("echo b > /proc/sysrq-trigger", "destroys"),
        ("apt-get purge mariadb-server", "destroys"),
        # What only reads stays quiet, also in backticks and pipes
        ("Run `df -h /srv`", "reads"),
        ("df -h", "reads"),
        ("See `journalctl -u nginx.service | grep error | tail -5`", "reads"),
        ("Check `systemctl status nginx.service`", "reads"),
        ("Look at `/srv` and at `mariadb`", "reads"),
        ("Find what fills /var/spool.", "reads"),
        # What nobody knows is no reading
        ("Run `foo --bar /srv`", "changes"),
        ("Check it with `frobnicate --all now`", "changes"),
        ("Check the unit; restart the service", "changes"),
        ("Increase the limit in /etc/security/limits.conf", "changes"),
        ("sysctl -w net.core.somaxconn=4096", "changes"),
        ("Look for the old kernel, then `apt install linux-image-amd64`", "changes"),
    ],
)
def test_each_action_is_labelled_by_its_strongest_effect(text: str, effect: str) -> None:
    assert effect_of(text) == effect
