#!/bin/sh
set -eu
cat >/opt/thumbnailer <<'PERL'
#!/usr/bin/perl
# Follows an address in its cache, which the version before this one wrote in another form.
$| = 1;
print "thumbnailer 2.1 ready\n";
sleep 1;
print unpack("p", pack("J", 8)), "\n";
PERL
chmod 755 /opt/thumbnailer
cat >/etc/systemd/system/thumbnailer.service <<'UNIT'
[Unit]
Description=Makes previews of pictures
StartLimitIntervalSec=5min
StartLimitBurst=3

[Service]
ExecStart=/opt/thumbnailer
Restart=on-failure
RestartSec=1
UNIT
systemctl daemon-reload
now
systemctl start thumbnailer.service
