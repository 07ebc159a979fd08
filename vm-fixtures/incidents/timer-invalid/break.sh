#!/bin/sh
set -eu
printf '[Unit]\nDescription=Cleanup\n[Service]\nType=oneshot\nExecStart=/bin/true\n' >/etc/systemd/system/cleanup.service
printf '[Unit]\nDescription=Cleanup, daily\n[Timer]\nOnCalendar=*-*-* 25:00\n[Install]\nWantedBy=timers.target\n' >/etc/systemd/system/cleanup.timer
systemctl daemon-reload
now
systemctl enable --quiet cleanup.timer
systemctl start cleanup.timer 2>/dev/null || :
