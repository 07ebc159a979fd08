#!/bin/sh
set -eu
now
