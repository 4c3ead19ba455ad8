# SPDX-License-Identifier: GPL-2.0
# Copyright (C) 2026 The galloc authors
#
# For the Makefile of a module that uses galloc. It sets KDIR unless that is set, and
# GALLOC_MAKE, the arguments for kbuild; its Kbuild has ccflags-y := -I$(GALLOC_INCLUDE).
#
#	include /usr/share/galloc/galloc.mk
#	modules clean:
#		$(MAKE) -C $(KDIR) M=$(CURDIR) $(GALLOC_MAKE) $@

KDIR ?= /lib/modules/$(shell uname -r)/build
galloc_krel := $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' '$(KDIR)/include/generated/utsrelease.h')
galloc_dev := $(firstword $(wildcard \
	/var/lib/dkms/galloc/kernel-$(galloc_krel)-$(shell uname -m)/dev \
	/usr/local/lib/galloc/$(galloc_krel) /usr/lib/galloc/$(galloc_krel)))
ifeq ($(galloc_dev)$(filter clean,$(MAKECMDGOALS)),)
$(error galloc is not built for the kernel '$(galloc_krel)': install galloc-dkms and the headers of that kernel)
endif
GALLOC_MAKE := GALLOC_INCLUDE=$(galloc_dev)/include KBUILD_EXTRA_SYMBOLS=$(galloc_dev)/Module.symvers
