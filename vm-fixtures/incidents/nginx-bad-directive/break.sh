#!/bin/sh
# A hurried edit, and the restart that follows it.
set -eu
sed -i 's/proxy_pass /proxy_pas /' /etc/nginx/sites-available/shop
systemctl restart nginx.service 2>/dev/null || :
now
