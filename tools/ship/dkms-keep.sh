#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# dkms-keep.sh DIR: DKMS runs this after it has built galloc.ko, in the directory of the
# build. Keep in DIR, which lives as long as the module, what its clients are built with.

set -e
umask 022
mkdir -p "$1/include"
cp include/*.h "$1/include/"
cp Module.symvers "$1/"
